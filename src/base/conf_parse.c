/*
 * A configuration's text to struct pd_conf: every statement by itself, so that
 * each mistake is told. Sections are conf_lists.c's.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/conf_load.h"

#define NAME_MAX_SHOWN 64 /* bytes of a wrong name in a report */
#define DEPTH_MAX      4  /* files that include each other */
#define FILES_MAX      32

/* libconfuse's error function is told nothing else; one thread, one load. */
static struct pd_conf_load *current;

static const char *
manual(const struct pd_conf_load *l)
{
	const char *name = l->params->manual;

	return name != NULL ? name : "pared.conf(5)";
}

void
pd_conf_say(struct pd_conf_load *l, struct pd_conf_place at, bool error,
    const char *fmt, ...)
{
	const struct pd_conf_report *report = l->params->report;
	const char *file = at.file != NULL ? at.file : l->params->path;
	char text[2 * PD_CONF_LINE];
	int n = 0;
	va_list ap;

	l->failed = l->failed || error;
	if (report == NULL || report->line == NULL)
		return;
	if (at.override)
		n = snprintf(text, sizeof(text), "command line: ");
	else if (at.line > 0)
		n = snprintf(text, sizeof(text), "%.512s:%u: ", file, at.line);
	else if (file != NULL)
		n = snprintf(text, sizeof(text), "%.512s: ", file);
	va_start(ap, fmt);
	vsnprintf(text + n, sizeof(text) - (size_t)n, fmt, ap);
	va_end(ap);
	report->line(report->arg, error, text);
}

void
pd_conf_say_unknown(struct pd_conf_load *l, struct pd_conf_place at,
    const char *name, const struct pd_conf_section *section)
{
	size_t most = sizeof(section->inner) / sizeof(section->inner[0]);
	struct pd_str_near near = pd_str_near(name);

	for (size_t i = 0; i < section->nrows; i++) {
		if (section->rows[i].text != NULL)
			pd_str_near_try(&near, section->rows[i].name);
	}
	for (size_t i = 0;
	     section == &pd_conf_file && i < pd_conf_nziproxy_rows; i++)
		pd_str_near_try(&near, pd_conf_ziproxy_rows[i].name);
	for (size_t i = 0; i < most && section->inner[i] != NULL; i++) {
		pd_str_near_try(&near, section->inner[i]);
		if (!pd_str_caseeq(pd_str_z(section->inner[i]), pd_str_z(name)))
			continue;
		pd_conf_say(l, at, true,
		    "%s is a section, and has no value; write %s ... { }",
		    section->inner[i], section->inner[i]);
		return;
	}
	if (near.name != NULL)
		pd_conf_say(l, at, true,
		    "unknown name \"%.*s\"; did you mean %s?", NAME_MAX_SHOWN,
		    name, near.name);
	else
		pd_conf_say(l, at, true,
		    "unknown name \"%.*s\"; see %s for those that there are",
		    NAME_MAX_SHOWN, name, manual(l));
}

static void __attribute__((format(printf, 2, 0)))
on_confuse_error(cfg_t *cfg, const char *fmt, va_list ap)
{
	struct pd_conf_place at = current->at;
	char text[PD_CONF_LINE];

	vsnprintf(text, sizeof(text), fmt, ap);
	if (!at.override && cfg != NULL && cfg->line > 0)
		at.line += (uint32_t)cfg->line - 1;
	pd_conf_say(current, at, true, "%s; see %s for how it is written", text,
	    manual(current));
}

/* The rows as libconfuse knows them: every value a list of words, so that it is
 * we who judge types, and tell every mistake. */
void
pd_conf_group_init(
    struct pd_conf_group *g, const struct pd_conf_section *section)
{
	cfg_opt_t end = CFG_END();
	size_t n = 0;

	*g = (struct pd_conf_group){ .section = section };
	g->opts = pd_xalloc((section->nrows + 1) * sizeof(*g->opts));
	for (size_t i = 0; i < section->nrows; i++) {
		const struct pd_conf_row *row = &section->rows[i];
		cfg_opt_t opt =
		    CFG_STR_LIST(row->name, (char *)row->def, CFGF_NONE);

		if (row->type != PD_CONF_HEADING)
			g->opts[n++] = opt;
	}
	g->opts[n] = end;
	g->places = pd_xalloc(section->nrows * sizeof(*g->places));
	g->bad = pd_xalloc(section->nrows * sizeof(*g->bad));
	g->cfg = cfg_init(g->opts, CFGF_NOCASE);
	if (g->cfg == NULL)
		abort();
	cfg_set_error_function(g->cfg, on_confuse_error);
}

void
pd_conf_group_finish(struct pd_conf_group *g)
{
	cfg_free(g->cfg);
	free(g->opts);
	free(g->places);
	free(g->bad);
}

struct pd_conf_place
pd_conf_group_place(const struct pd_conf_group *g, const char *name)
{
	const struct pd_conf_row *row = pd_conf_section_find(g->section, name);

	return g->places[row - g->section->rows];
}

static const struct pd_conf_row *
row_that_was(const struct pd_conf_section *section, const char *name)
{
	for (size_t i = 0; i < section->nrows; i++) {
		const struct pd_conf_row *row = &section->rows[i];

		if (row->was != NULL &&
		    pd_str_caseeq(pd_str_z(row->was), pd_str_z(name)))
			return row;
	}
	return NULL;
}

/* Where an option of this name stands, its old names looked through. */
static const struct pd_conf_row *
row_of(struct pd_conf_load *l, const struct pd_conf_group *g,
    struct pd_conf_place at, const char *name)
{
	const struct pd_conf_ziproxy_row *z = NULL;
	const struct pd_conf_row *row = pd_conf_section_find(g->section, name);

	if (g == &l->file && l->d != NULL)
		z = pd_conf_ziproxy_find(name);
	if (z != NULL && z->fate == PD_CONF_NO_EFFECT) {
		pd_conf_say(l, at, false, "%s is ignored: %s", z->name, z->why);
		return NULL;
	}
	if (z != NULL && z->fate == PD_CONF_RENAMED) {
		pd_conf_say(
		    l, at, false, "%s is an old name; use %s", z->name, z->why);
		return pd_conf_row_find(z->why);
	}
	if (row != NULL)
		return row;
	row = row_that_was(g->section, name);
	if (row != NULL)
		pd_conf_say(
		    l, at, false, "%s is an old name; use %s", name, row->name);
	else
		pd_conf_say_unknown(l, at, name, g->section);
	return row;
}

void
pd_conf_group_take(struct pd_conf_load *l, struct pd_conf_group *g,
    const struct pd_conf_statement *st, struct pd_conf_place at)
{
	const struct pd_conf_row *row = row_of(l, g, at, st->name);
	struct pd_conf_place *seen;
	char *text;

	if (row == NULL)
		return;
	seen = &g->places[row - g->section->rows];
	if (seen->line > 0 && !at.override && !st->append)
		pd_conf_say(l, at, l->ziproxy,
		    "%s%s stands in line %u already; keep one of them", g->what,
		    row->name, seen->line);
	if (asprintf(&text, "%s%s", row->name, st->text + st->tail) < 0)
		abort();
	l->at = at;
	if (cfg_parse_buf(g->cfg, text) == CFG_SUCCESS)
		*seen = at;
	else
		l->failed = true;
	free(text);
}

void
pd_conf_group_set(struct pd_conf_load *l, struct pd_conf_group *g, void *base)
{
	for (size_t i = 0; i < g->section->nrows; i++) {
		const struct pd_conf_row *row = &g->section->rows[i];
		const char *few[16], **values = few;
		char why[PD_CONF_LINE];
		cfg_opt_t *opt;
		unsigned n;

		if (row->type == PD_CONF_HEADING)
			continue;
		pd_conf_clear(base, row);
		opt = cfg_getopt(g->cfg, row->name);
		n = cfg_opt_size(opt);
		if (n == 0 && g->places[i].line == 0)
			continue;
		if (n > sizeof(few) / sizeof(few[0]))
			values = pd_xalloc(n * sizeof(*values));
		for (unsigned j = 0; j < n; j++)
			values[j] = cfg_opt_getnstr(opt, j);
		g->bad[i] = pd_conf_set(base, row, values, n, why) < 0;
		if (g->bad[i])
			pd_conf_say(l, g->places[i], true, "%s%s: %s", g->what,
			    row->name, why);
		if (values != few)
			free(values);
	}
}

static void
on_scan_error(void *arg, unsigned line, const char *what)
{
	struct pd_conf_load *l = arg;
	struct pd_conf_place at = l->at;

	at.line = line;
	pd_conf_say(l, at, true, "%s", what);
}

void
pd_conf_scan_body(struct pd_conf_load *l, const struct pd_conf_statement *st,
    struct pd_conf_scan *out)
{
	const struct pd_conf_scan_params params = { .text = st->body,
		.line = st->body_line,
		.ziproxy = l->ziproxy,
		.error = on_scan_error,
		.arg = l };

	pd_conf_scan_init(out, &params);
}

/* None but Ziproxy's names, at least one, no section. */
static bool
looks_like_ziproxy(const char *text)
{
	const struct pd_conf_scan_params params = { .text = text };
	struct pd_conf_scan scan;
	bool yes;

	pd_conf_scan_init(&scan, &params);
	yes = scan.n > 0;
	for (size_t i = 0; i < scan.n && yes; i++)
		yes = scan.v[i].kind == PD_CONF_OPTION &&
		      pd_conf_ziproxy_find(scan.v[i].name) != NULL;
	pd_conf_scan_finish(&scan);
	return yes;
}

static void
take_text(struct pd_conf_load *l, const char *file, const char *text);

/* Beside the file that names it, unless it says where. */
static char *
beside(const char *file, const char *name)
{
	const char *slash = file != NULL ? strrchr(file, '/') : NULL;
	int dir = slash != NULL && name[0] != '/' ? (int)(slash - file) + 1 : 0;
	char *path;

	if (asprintf(&path, "%.*s%s", dir, dir > 0 ? file : "", name) < 0)
		abort();
	return path;
}

static void
take_include(struct pd_conf_load *l, const struct pd_conf_statement *st,
    struct pd_conf_place at)
{
	char *path, *text;
	size_t len;

	if (!l->params->look)
		return;
	if (l->depth == DEPTH_MAX || l->names.n == FILES_MAX) {
		pd_conf_say(l, at, true,
		    "too many files include each other; put all into one");
		return;
	}
	path = beside(at.file, st->title);
	pd_strings_add(&l->names, path);
	text = pd_conf_read(path, &len);
	if (text == NULL) {
		pd_conf_say(l, at, true,
		    "%.512s cannot be read: %s; make the file, or remove the "
		    "include",
		    path, errno == EILSEQ ? "it is not text" : strerror(errno));
		return;
	}
	take_text(l, path, text);
	free(text);
}

static void
take_text(struct pd_conf_load *l, const char *file, const char *text)
{
	const struct pd_conf_scan_params params = { .text = text,
		.ziproxy = l->ziproxy,
		.error = on_scan_error,
		.arg = l };
	struct pd_conf_scan scan;

	l->depth++;
	l->at = (struct pd_conf_place){ .file = file };
	pd_conf_scan_init(&scan, &params);
	for (size_t i = 0; i < scan.n; i++) {
		const struct pd_conf_statement *st = &scan.v[i];
		struct pd_conf_place at = { .file = file, .line = st->line };

		l->at = at;
		if (st->kind == PD_CONF_INCLUDE)
			take_include(l, st, at);
		else if (st->kind == PD_CONF_SECTION)
			l->take(l, st, at);
		else
			pd_conf_group_take(l, &l->file, st, at);
	}
	pd_conf_scan_finish(&scan);
	l->depth--;
}

/* An override without quotes, which the shell took: as a string. */
static char *
quoted(const char *override, const char *value)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	if (f == NULL)
		abort();
	fwrite(override, 1, (size_t)(value - override), f);
	putc('"', f);
	for (; *value != '\0'; value++) {
		if (*value == '"' || *value == '\\')
			putc('\\', f);
		putc(*value, f);
	}
	putc('"', f);
	fclose(f);
	return text;
}

/* "Port=8080", as an argument: quotes are the shell's, so none are needed. */
static void
take_override(struct pd_conf_load *l, const char *override)
{
	const struct pd_conf_place at = { .line = 1, .override = true };
	const char *value = strchr(override, '=');
	struct pd_conf_scan_params params = { .error = on_scan_error,
		.arg = l };
	struct pd_conf_scan scan;
	char *text;
	bool before;

	l->at = at;
	if (value == NULL || value == override) {
		pd_conf_say(l, at, true,
		    "\"%.200s\" is no option; write NAME=VALUE", override);
		return;
	}
	value += 1 + strspn(value + 1, " \t");
	text = value[0] == '{' || value[0] == '"' ? pd_xstrdup(override)
						  : quoted(override, value);
	before = l->failed;
	params.text = text;
	pd_conf_scan_init(&scan, &params);
	if (scan.n == 1 && scan.v[0].kind == PD_CONF_OPTION)
		pd_conf_group_take(l, &l->file, &scan.v[0], at);
	else if (l->failed == before)
		pd_conf_say(l, at, true,
		    "\"%.200s\" is no option; write NAME=VALUE", override);
	pd_conf_scan_finish(&scan);
	free(text);
}

/* Compressible, of old: subtypes of "application". */
static void
settle_compressible(struct pd_conf_load *l, struct pd_conf *c)
{
	struct pd_conf_place at = pd_conf_group_place(&l->file, "Compressible");
	const struct pd_strings *old = &l->d->compressible;

	if (at.line == 0)
		return;
	pd_conf_say(l, at,
	    pd_conf_group_place(&l->file, "LosslessCompressCT").line > 0,
	    "Compressible is an old name; use LosslessCompressCT alone");
	pd_strings_free(&c->compress_types);
	pd_strings_add(&c->compress_types, pd_xstrdup("text/*"));
	pd_strings_add(
	    &c->compress_types, pd_xstrdup("application/javascript"));
	for (size_t i = 0; i < old->n; i++) {
		char *type;

		if (asprintf(&type, "application/%s", old->v[i]) < 0)
			abort();
		pd_strings_add(&c->compress_types, type);
	}
	c->compress_types_xst = true;
}

/* What follows from several options together. */
static void
settle(struct pd_conf_load *l)
{
	const struct pd_conf_place file = { .line = 0 };
	struct pd_conf *c = &l->d->conf;

	c->only_from_set = pd_conf_group_place(&l->file, "OnlyFrom").line > 0;
	c->ziproxy = l->ziproxy;
	if (c->access_log_format == PD_LOG_FORMAT_AUTO)
		c->access_log_format =
		    l->ziproxy ? PD_LOG_FORMAT_ZIPROXY : PD_LOG_FORMAT_JSON;
	if (!l->d->tos_marking)
		c->tos = -1;
	if (c->max_size == 0)
		c->max_size = pd_conf_row_find("MaxSize")->most;
	settle_compressible(l, c);
	/* A pared.conf of few options looks like Ziproxy's; who wrote that
	 * expects nothing of it. */
	if (l->ziproxy && pd_conf_group_place(&l->file, "Address").line == 0 &&
	    (l->params->ziproxy ||
		strcasestr(l->params->path, "ziproxy") != NULL))
		pd_conf_say(l, file, false,
		    "Address is not set: Ziproxy would listen on every "
		    "address, pared listens on this machine's own alone");
}

static void
on_check(void *arg, const char *name, bool error, const char *text)
{
	struct pd_conf_load *l = arg;

	if (!l->file.bad[pd_conf_row_find(name) - pd_conf_rows])
		pd_conf_say(
		    l, pd_conf_group_place(&l->file, name), error, "%s", text);
}

int
pd_conf_load_file(struct pd_conf_load *l, const struct pd_conf_section *root,
    void (*settle_)(struct pd_conf_load *l))
{
	current = l;
	pd_conf_group_init(&l->file, root);
	take_text(l, l->params->path, l->params->text);
	settle_(l);
	pd_conf_group_finish(&l->file);
	pd_strings_free(&l->names);
	current = NULL;
	return l->failed ? -1 : 0;
}

struct pd_conf *
pd_conf_parse(const struct pd_conf_parse_params *params)
{
	struct pd_conf_load l = { .params = params,
		.take = pd_conf_take_section };
	struct pd_conf_check check = {
		.look = params->look, .say = on_check, .arg = &l
	};

	current = &l;
	l.d = pd_xalloc(sizeof(*l.d));
	atomic_init(&l.d->conf.refs, 1);
	pd_conf_group_init(&l.file, &pd_conf_file);
	pd_conf_group_init(&l.lists, &pd_conf_lists);
	l.ziproxy = params->ziproxy;
	if (params->text != NULL) {
		l.ziproxy = l.ziproxy || looks_like_ziproxy(params->text);
		take_text(&l, params->path, params->text);
	}
	for (size_t i = 0; i < params->noverrides; i++)
		take_override(&l, params->overrides[i]);
	pd_conf_group_set(&l, &l.file, l.d);
	pd_conf_group_set(&l, &l.lists, l.d);
	settle(&l);
	check.conf = &l.d->conf;
	pd_conf_check_whole(&check);
	pd_conf_settle_lists(&l);
	pd_conf_settle_sites(&l.d->conf);
	if (params->text != NULL)
		l.d->conf.path = pd_xstrdup(params->path);
	pd_strings_free(&l.d->compressible);
	pd_conf_group_finish(&l.file);
	pd_conf_group_finish(&l.lists);
	free(l.sources.v);
	free(l.policies.v);
	free(l.policy_lists);
	free(l.sites.v);
	free(l.devices.v);
	pd_strings_free(&l.names);
	current = NULL;
	if (l.failed) {
		pd_conf_unref(&l.d->conf);
		return NULL;
	}
	return &l.d->conf;
}
