#include "base/conf.h"

#include <confuse.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/conf_row.h"
#include "base/conf_scan.h"

#define NAME_MAX_SHOWN 64         /* bytes of a wrong name in a report */
#define LINE_OVERRIDE  UINT32_MAX /* "the command line" */

/* One pd_conf_parse() under way. */
struct load {
	const struct pd_conf_parse_params *params;
	struct pd_conf_draft *d;
	cfg_t *cfg;
	uint32_t *lines;   /* of each row; 0: not in the file */
	bool *bad;         /* of each row: its value was refused */
	uint32_t at;       /* line of the statement being parsed */
	uint32_t lists_at; /* line of lists { }; 0: none */
	bool ziproxy;
	bool failed;
};

/* libconfuse's error function is told nothing else; one thread, one load. */
static struct load *current;

static void __attribute__((format(printf, 4, 5)))
say(struct load *l, uint32_t line, bool error, const char *fmt, ...)
{
	const struct pd_conf_report *report = l->params->report;
	char text[2 * PD_CONF_LINE];
	int n = 0;
	va_list ap;

	l->failed = l->failed || error;
	if (report == NULL || report->line == NULL)
		return;
	if (line == LINE_OVERRIDE)
		n = snprintf(text, sizeof(text), "command line: ");
	else if (line > 0)
		n = snprintf(
		    text, sizeof(text), "%.512s:%u: ", l->params->path, line);
	else if (l->params->path != NULL)
		n = snprintf(text, sizeof(text), "%.512s: ", l->params->path);
	va_start(ap, fmt);
	vsnprintf(text + n, sizeof(text) - (size_t)n, fmt, ap);
	va_end(ap);
	report->line(report->arg, error, text);
}

static void
nearer(
    const char *name, const char *candidate, const char **best, size_t *least)
{
	size_t d = pd_str_distance(name, candidate);

	if (d < *least) {
		*least = d;
		*best = candidate;
	}
}

static void
say_unknown(struct load *l, uint32_t line, const char *name, bool in_lists)
{
	static const char *const of_lists[] = { "source", "url", "enabled" };
	const char *best = NULL;
	size_t least = strlen(name) / 3 + 2;

	for (size_t i = 0; in_lists && i < 3; i++)
		nearer(name, of_lists[i], &best, &least);
	for (size_t i = 0; !in_lists && i < pd_conf_nrows; i++) {
		if (pd_conf_rows[i].text != NULL)
			nearer(name, pd_conf_rows[i].name, &best, &least);
	}
	for (size_t i = 0; !in_lists && i < pd_conf_nziproxy_rows; i++)
		nearer(name, pd_conf_ziproxy_rows[i].name, &best, &least);
	if (!in_lists)
		nearer(name, "lists", &best, &least);
	if (best != NULL)
		say(l, line, true, "unknown name \"%.*s\"; did you mean %s?",
		    NAME_MAX_SHOWN, name, best);
	else
		say(l, line, true,
		    "unknown name \"%.*s\"; see pared.conf(5) for those that "
		    "there are",
		    NAME_MAX_SHOWN, name);
}

static void __attribute__((format(printf, 2, 0)))
on_confuse_error(cfg_t *cfg, const char *fmt, va_list ap)
{
	static const char unknown[] = "no such option '";
	struct load *l = current;
	uint32_t line = l->at;
	char text[PD_CONF_LINE];

	vsnprintf(text, sizeof(text), fmt, ap);
	if (line != LINE_OVERRIDE && cfg != NULL && cfg->line > 0)
		line += (uint32_t)cfg->line - 1;
	if (strncmp(text, unknown, sizeof(unknown) - 1) == 0) {
		char *name = text + sizeof(unknown) - 1;

		name[strcspn(name, "'")] = '\0';
		say_unknown(l, line, name, true);
		return;
	}
	say(l, line, true, "%s; see pared.conf(5) for how it is written", text);
}

/* Hands one statement to libconfuse. */
static int
feed(struct load *l, uint32_t line, const char *text)
{
	l->at = line;
	if (cfg_parse_buf(l->cfg, text) == CFG_SUCCESS)
		return 0;
	l->failed = true;
	return -1;
}

/* Where an option of this name stands, its old names looked through. */
static const struct pd_conf_row *
row_of(struct load *l, uint32_t line, const char *name)
{
	const struct pd_conf_ziproxy_row *z = pd_conf_ziproxy_find(name);

	if (z != NULL && z->fate == PD_CONF_NO_EFFECT) {
		say(l, line, false, "%s is ignored: %s", z->name, z->why);
		return NULL;
	}
	if (z != NULL && z->fate == PD_CONF_RENAMED) {
		say(l, line, false, "%s is an old name; use %s", z->name,
		    z->why);
		return pd_conf_row_find(z->why);
	}
	if (pd_conf_row_find(name) == NULL)
		say_unknown(l, line, name, false);
	return pd_conf_row_find(name);
}

static void
take_option(struct load *l, const struct pd_conf_statement *st, uint32_t line)
{
	const struct pd_conf_row *row = row_of(l, line, st->name);
	uint32_t *seen;
	char *text;

	if (row == NULL)
		return;
	seen = &l->lines[row - pd_conf_rows];
	if (*seen > 0 && line != LINE_OVERRIDE && !st->append)
		say(l, line, l->ziproxy,
		    "%s stands in line %u already; keep one of them", row->name,
		    *seen);
	if (asprintf(&text, "%s%s", row->name, st->text + st->tail) < 0)
		abort();
	if (feed(l, line, text) == 0)
		*seen = line;
	free(text);
}

static void
take_section(struct load *l, const struct pd_conf_statement *st)
{
	if (!pd_str_caseeq(pd_str_z(st->name), PD_STR("lists"))) {
		if (pd_conf_row_find(st->name) != NULL)
			say(l, st->line, true, "= is missing; write %s = VALUE",
			    st->name);
		else
			say_unknown(l, st->line, st->name, false);
		return;
	}
	if (l->lists_at > 0) {
		say(l, st->line, true,
		    "lists stands in line %u already; put all sources into "
		    "one",
		    l->lists_at);
		return;
	}
	l->lists_at = st->line;
	feed(l, st->line, st->text);
}

static void
on_scan_error(void *arg, unsigned line, const char *what)
{
	struct load *l = arg;

	say(l, l->at == LINE_OVERRIDE ? LINE_OVERRIDE : line, true, "%s", what);
}

/* None but Ziproxy's names, at least one, no section. */
static bool
looks_like_ziproxy(const char *text)
{
	struct pd_conf_scan scan;
	bool yes;

	pd_conf_scan_init(&scan, text, false, NULL, NULL);
	yes = scan.n > 0;
	for (size_t i = 0; i < scan.n && yes; i++)
		yes = !scan.v[i].section &&
		      pd_conf_ziproxy_find(scan.v[i].name) != NULL;
	pd_conf_scan_finish(&scan);
	return yes;
}

static void
take_file(struct load *l)
{
	struct pd_conf_scan scan;

	if (l->params->text == NULL)
		return;
	l->ziproxy = l->params->ziproxy || looks_like_ziproxy(l->params->text);
	pd_conf_scan_init(&scan, l->params->text, l->ziproxy, on_scan_error, l);
	for (size_t i = 0; i < scan.n; i++) {
		if (scan.v[i].section)
			take_section(l, &scan.v[i]);
		else
			take_option(l, &scan.v[i], scan.v[i].line);
	}
	pd_conf_scan_finish(&scan);
}

/* "Port=8080", as an argument: quotes are the shell's, so none are needed. */
static void
take_override(struct load *l, const char *override)
{
	const char *value = strchr(override, '=');
	struct pd_conf_scan scan;
	char *text = NULL;
	size_t len;
	bool before;
	FILE *f;

	l->at = LINE_OVERRIDE;
	if (value == NULL || value == override) {
		say(l, LINE_OVERRIDE, true,
		    "\"%.200s\" is no option; write NAME=VALUE", override);
		return;
	}
	value += 1 + strspn(value + 1, " \t");
	if (value[0] != '{' && value[0] != '"') {
		f = open_memstream(&text, &len);
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
	} else {
		text = pd_xstrdup(override);
	}
	before = l->failed;
	pd_conf_scan_init(&scan, text, false, on_scan_error, l);
	if (scan.n == 1 && !scan.v[0].section)
		take_option(l, &scan.v[0], LINE_OVERRIDE);
	else if (l->failed == before)
		say(l, LINE_OVERRIDE, true,
		    "\"%.200s\" is no option; write NAME=VALUE", override);
	pd_conf_scan_finish(&scan);
	free(text);
}

/* What the file says, and what the table says else, into the draft. */
static void
set_rows(struct load *l)
{
	for (size_t i = 0; i < pd_conf_nrows; i++) {
		const struct pd_conf_row *row = &pd_conf_rows[i];
		const char *few[16], **values = few;
		char why[PD_CONF_LINE];
		cfg_opt_t *opt;
		unsigned n;

		if (row->type == PD_CONF_HEADING)
			continue;
		pd_conf_clear(l->d, row);
		opt = cfg_getopt(l->cfg, row->name);
		n = cfg_opt_size(opt);
		if (n == 0 && l->lines[i] == 0)
			continue;
		if (n > sizeof(few) / sizeof(few[0]))
			values = pd_xalloc(n * sizeof(*values));
		for (unsigned j = 0; j < n; j++)
			values[j] = cfg_opt_getnstr(opt, j);
		l->bad[i] = pd_conf_set(l->d, row, values, n, why) < 0;
		if (l->bad[i])
			say(l, l->lines[i], true, "%s: %s", row->name, why);
		if (values != few)
			free(values);
	}
}

static void
set_source(struct load *l, cfg_t *sec, struct pd_conf_source *out)
{
	uint32_t line = l->lists_at + (uint32_t)sec->line - 1;
	const struct pd_conf_row flag = { .name = "enabled",
		.type = PD_CONF_BOOL,
		.offset = offsetof(struct pd_conf_draft, tos_marking) };
	struct pd_conf_draft scratch = { .tos_marking = true };
	const char *title = cfg_title(sec), *url, *enabled;
	char why[PD_CONF_LINE];
	bool local;

	out->name = pd_xstrdup(title != NULL ? title : "");
	for (const char *p = out->name; *p != '\0'; p++) {
		if ((unsigned char)*p <= ' ' || *p == 0x7f)
			say(l, line, true,
			    "a source's name has no spaces; write it with - or "
			    "_");
	}
	if (*out->name == '\0')
		say(l, line, true,
		    "the source has no name; write source NAME { ... }");
	if (cfg_size(sec, "url") != 1) {
		say(l, line, true,
		    "source %.64s has %u urls; give one: url = "
		    "\"file:/path\"",
		    out->name, cfg_size(sec, "url"));
		return;
	}
	url = cfg_getstr(sec, "url");
	local = strncmp(url, "file:", 5) == 0 || strchr(url, ':') == NULL;
	if (!local || *url == '\0')
		say(l, line, true,
		    "source %.64s: \"%.200s\" is not a file on this machine; "
		    "fetch the list, and write url = \"file:/path\"",
		    out->name, url);
	out->url = pd_xstrdup(url);
	if (local && l->params->look &&
	    access(url + (strncmp(url, "file:", 5) == 0 ? 5 : 0), R_OK) < 0)
		say(l, line, true,
		    "source %.64s: %.200s cannot be read: %s; make the file, "
		    "or "
		    "set enabled = false",
		    out->name, url, strerror(errno));
	if (cfg_size(sec, "enabled") == 0)
		return;
	enabled = cfg_getstr(sec, "enabled");
	if (cfg_size(sec, "enabled") != 1 ||
	    pd_conf_set(&scratch, &flag, &enabled, 1, why) < 0)
		say(l, line, true, "source %.64s: enabled is true or false",
		    out->name);
	out->off = !scratch.tos_marking;
}

static void
set_sources(struct load *l)
{
	struct pd_conf *c = &l->d->conf;
	cfg_t *lists =
	    cfg_size(l->cfg, "lists") > 0 ? cfg_getsec(l->cfg, "lists") : NULL;
	unsigned n = lists != NULL ? cfg_size(lists, "source") : 0;

	if (n == 0)
		return;
	c->sources = pd_xalloc(n * sizeof(*c->sources));
	for (unsigned i = 0; i < n; i++)
		set_source(l, cfg_getnsec(lists, "source", i),
		    &c->sources[c->nsources++]);
}

static uint32_t
line_of(struct load *l, const char *name)
{
	return l->lines[pd_conf_row_find(name) - pd_conf_rows];
}

/* What follows from several options together. */
static void
settle(struct load *l)
{
	struct pd_conf *c = &l->d->conf;

	c->only_from_set = line_of(l, "OnlyFrom") > 0;
	c->ziproxy = l->ziproxy;
	if (c->access_log_format == PD_LOG_FORMAT_AUTO)
		c->access_log_format =
		    l->ziproxy ? PD_LOG_FORMAT_ZIPROXY : PD_LOG_FORMAT_JSON;
	if (!l->d->tos_marking)
		c->tos = -1;
	if (c->max_size == 0)
		c->max_size = pd_conf_row_find("MaxSize")->most;
	if (line_of(l, "Compressible") > 0) {
		const struct pd_strings *old = &l->d->compressible;

		say(l, line_of(l, "Compressible"),
		    line_of(l, "LosslessCompressCT") > 0,
		    "Compressible is an old name; use LosslessCompressCT "
		    "alone");
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
	/* A pared.conf of few options looks like Ziproxy's; who wrote that
	 * expects nothing of it. */
	if (l->ziproxy && line_of(l, "Address") == 0 &&
	    (l->params->ziproxy ||
		strcasestr(l->params->path, "ziproxy") != NULL))
		say(l, 0, false,
		    "Address is not set: Ziproxy would listen on every "
		    "address, pared listens on this machine's own alone");
}

static void
on_check(void *arg, const char *name, bool error, const char *text)
{
	struct load *l = arg;

	if (!l->bad[pd_conf_row_find(name) - pd_conf_rows])
		say(l, line_of(l, name), error, "%s", text);
}

/* The table as libconfuse knows it: every value a list of words, so that it is
 * we who judge types, and tell every mistake. */
static cfg_opt_t *
make_options(cfg_opt_t *lists)
{
	cfg_opt_t *opts = pd_xalloc((pd_conf_nrows + 2) * sizeof(*opts));
	cfg_opt_t section = CFG_SEC("lists", lists, CFGF_NONE);
	cfg_opt_t end = CFG_END();
	size_t n = 0;

	for (size_t i = 0; i < pd_conf_nrows; i++) {
		const struct pd_conf_row *row = &pd_conf_rows[i];
		cfg_opt_t opt =
		    CFG_STR_LIST(row->name, (char *)row->def, CFGF_NONE);

		if (row->type != PD_CONF_HEADING)
			opts[n++] = opt;
	}
	opts[n++] = section;
	opts[n] = end;
	return opts;
}

struct pd_conf *
pd_conf_parse(const struct pd_conf_parse_params *params)
{
	cfg_opt_t source[] = { CFG_STR_LIST("url", NULL, CFGF_NONE),
		CFG_STR_LIST("enabled", NULL, CFGF_NONE), CFG_END() };
	cfg_opt_t lists[] = { CFG_SEC("source", source,
				  CFGF_MULTI | CFGF_TITLE |
				      CFGF_NO_TITLE_DUPES),
		CFG_END() };
	cfg_opt_t *opts = make_options(lists);
	struct load l = { .params = params };
	struct pd_conf_check check = {
		.look = params->look, .say = on_check, .arg = &l
	};

	current = &l;
	l.d = pd_xalloc(sizeof(*l.d));
	atomic_init(&l.d->conf.refs, 1);
	l.lines = pd_xalloc(pd_conf_nrows * sizeof(*l.lines));
	l.bad = pd_xalloc(pd_conf_nrows * sizeof(*l.bad));
	l.cfg = cfg_init(opts, CFGF_NOCASE);
	if (l.cfg == NULL)
		abort();
	cfg_set_error_function(l.cfg, on_confuse_error);
	take_file(&l);
	for (size_t i = 0; i < params->noverrides; i++)
		take_override(&l, params->overrides[i]);
	set_rows(&l);
	set_sources(&l);
	settle(&l);
	check.conf = &l.d->conf;
	pd_conf_check_whole(&check);
	if (params->text != NULL)
		l.d->conf.path = pd_xstrdup(params->path);
	pd_strings_free(&l.d->compressible);
	cfg_free(l.cfg);
	free(opts);
	free(l.lines);
	free(l.bad);
	current = NULL;
	if (l.failed) {
		pd_conf_unref(&l.d->conf);
		return NULL;
	}
	return &l.d->conf;
}

char *
pd_conf_read(const char *path, size_t *len)
{
	FILE *f = fopen(path, "re");
	char *text;
	int err = 0;

	if (f == NULL)
		return NULL;
	text = pd_xalloc(PD_CONF_FILE_MAX + 1);
	*len = fread(text, 1, PD_CONF_FILE_MAX + 1, f);
	if (ferror(f))
		err = errno;
	else if (*len > PD_CONF_FILE_MAX)
		err = EFBIG;
	else if (memchr(text, '\0', *len) != NULL)
		err = EILSEQ;
	fclose(f);
	if (err != 0) {
		free(text);
		errno = err;
		return NULL;
	}
	text[*len] = '\0';
	return pd_xrealloc(text, *len + 1);
}

struct pd_conf *
pd_conf_load(const char *path, const char *const *overrides, size_t noverrides,
    bool ziproxy, const struct pd_conf_report *report)
{
	struct pd_conf_parse_params params = {
		.path = path,
		.overrides = overrides,
		.noverrides = noverrides,
		.ziproxy = ziproxy,
		.look = true,
		.report = report,
	};
	char *text = NULL, line[PD_CONF_LINE];
	struct pd_conf *c;
	size_t len;

	if (path != NULL) {
		text = pd_conf_read(path, &len);
		if (text == NULL) {
			snprintf(line, sizeof(line),
			    "%.512s: cannot be read: %s; name another file",
			    path,
			    errno == EILSEQ ? "it is not text"
					    : strerror(errno));
			if (report != NULL && report->line != NULL)
				report->line(report->arg, true, line);
			return NULL;
		}
	}
	params.text = text;
	c = pd_conf_parse(&params);
	free(text);
	return c;
}

struct pd_conf *
pd_conf_ref(struct pd_conf *c)
{
	atomic_fetch_add_explicit(&c->refs, 1, memory_order_relaxed);
	return c;
}

void
pd_conf_unref(struct pd_conf *c)
{
	struct pd_conf_draft *d = (struct pd_conf_draft *)c;

	if (c == NULL ||
	    atomic_fetch_sub_explicit(&c->refs, 1, memory_order_acq_rel) != 1)
		return;
	for (size_t i = 0; i < pd_conf_nrows; i++) {
		if (pd_conf_rows[i].type != PD_CONF_HEADING)
			pd_conf_clear(d, &pd_conf_rows[i]);
	}
	for (size_t i = 0; i < c->nsources; i++) {
		free(c->sources[i].name);
		free(c->sources[i].url);
	}
	free(c->sources);
	free(c->path);
	free(d);
}

size_t
pd_conf_frozen_diff(const struct pd_conf *old, const struct pd_conf *new_,
    const struct pd_conf_report *report)
{
	size_t n = 0;

	for (size_t i = 0; i < pd_conf_nrows; i++) {
		const struct pd_conf_row *row = &pd_conf_rows[i];
		char *was, *is, line[2 * PD_CONF_LINE];

		if (!row->frozen)
			continue;
		was = pd_conf_text(old, row);
		is = pd_conf_text(new_, row);
		if (strcmp(was, is) != 0) {
			n++;
			snprintf(line, sizeof(line),
			    "%.512s: %s is now %.400s; it stays %.400s until a "
			    "restart",
			    new_->path != NULL ? new_->path : "defaults",
			    row->name, is, was);
			if (report != NULL && report->line != NULL)
				report->line(report->arg, false, line);
		}
		free(was);
		free(is);
	}
	return n;
}
