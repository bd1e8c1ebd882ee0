#include "filters/block/source.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/arena.h"
#include "filters/block/compile.h"
#include "filters/block/parse.h"
#include "filters/block/source_header.h"

#define INCLUDES_MAX    100 /* files of one list */
#define INCLUDE_DEPTH   5
#define INCLUDE_LEN_MAX 255

static char *const default_symbols[] = { "ext_ublock", "env_firefox",
	"cap_html_filtering" };

/* A file to be read after the one that names it. */
struct include {
	char *name; /* from the list's folder */
	uint32_t line;
	const char *from;
	unsigned depth;
};

struct source {
	const struct pd_source_params *p;
	const struct pd_conf_report *report;
	struct pd_compiler *compiler;
	const struct pd_rule_sink *inner; /* the compiler's, of this file */
	struct pd_rule_sink sink;
	enum pd_parse_format format;
	char title[PD_SOURCE_TITLE];
	uint32_t expires_s;
	/* Lines that are left out, when the parser does not tell each. */
	uint32_t lines, left[PD_RULE_SKIP_KINDS];
	int folder; /* -1: there is none, nothing is included */
	struct include includes[INCLUDES_MAX];
	size_t nincludes;
	/* The file being read, and how deep it was included. */
	const char *file;
	unsigned depth;
};

/* ---- the sink between parser and compiler ------------------------------ */

static int
pass_rule(void *arg, const struct pd_rule *r)
{
	struct source *s = arg;

	s->lines++;
	if (s->p->tap != NULL && s->p->tap->rule(s->p->tap->arg, r) < 0)
		return -1;
	return s->inner->rule(s->inner->arg, r);
}

static int
pass_cosmetic(void *arg, const struct pd_cosmetic *c)
{
	struct source *s = arg;

	s->lines++;
	if (s->p->tap != NULL && s->p->tap->cosmetic(s->p->tap->arg, c) < 0)
		return -1;
	return s->inner->cosmetic(s->inner->arg, c);
}

static int
pass_skip(void *arg, enum pd_rule_skip why, struct pd_str what,
    struct pd_str text, uint32_t line)
{
	struct source *s = arg;

	s->lines++;
	s->left[why]++;
	if (s->p->tap != NULL &&
	    s->p->tap->skip(s->p->tap->arg, why, what, text, line) < 0)
		return -1;
	return s->inner->skip(s->inner->arg, why, what, text, line);
}

/* Of Adblock's lists, whose parser tells no line by itself: what is usual in
 * them would fill the screen. */
static void
tell_left(const struct source *s, const char *name)
{
	char text[256];
	size_t n = 0;
	uint32_t total = 0;

	for (int i = 0; i < PD_RULE_SKIP_KINDS; i++) {
		int add;

		if (s->left[i] == 0 || pd_rule_skip_kept((enum pd_rule_skip)i))
			continue;
		add = snprintf(text + n, sizeof(text) - n, "%s%u %s",
		    total > 0 ? ", " : "", s->left[i],
		    pd_rule_skip_name((enum pd_rule_skip)i));
		n +=
		    add > 0 && (size_t)add < sizeof(text) - n ? (size_t)add : 0;
		total += s->left[i];
	}
	text[n] = '\0';
	if (total > 0)
		pd_lines_tell(s->report, false,
		    "%s: %u of %u rules cannot be applied and were left out: "
		    "%s",
		    name, total, s->lines, text);
}

/* ---- includes ---------------------------------------------------------- */

/*
 * Why a name is not one below the list's folder; NULL when it is. Each part
 * must be a plain name: nothing climbs, nothing is elsewhere.
 */
static const char *
unfit_name(struct pd_str name)
{
	if (name.n == 0 || name.n > INCLUDE_LEN_MAX)
		return "no file name";
	if (memmem(name.p, name.n, "://", 3) != NULL)
		return "a URL; only files beside the list are included";
	if (name.p[0] == '/')
		return "not below the list's folder";
	for (size_t i = 0; i < name.n; i++) {
		if ((unsigned char)name.p[i] < ' ' || name.p[i] == '\\')
			return "no file name";
	}
	while (name.p != NULL) {
		struct pd_str part = pd_str_split(&name, '/');

		if (pd_str_eq(part, PD_STR("..")))
			return "not below the list's folder";
		if (part.n == 0 || pd_str_eq(part, PD_STR(".")))
			return "no file name";
	}
	return NULL;
}

/* Opens a name of checked parts, following no link. */
static int
open_below(int folder, const char *name)
{
	int at = folder, fd;
	char part[INCLUDE_LEN_MAX + 1];
	const char *slash;

	while ((slash = strchr(name, '/')) != NULL) {
		memcpy(part, name, (size_t)(slash - name));
		part[slash - name] = '\0';
		fd = openat(
		    at, part, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (at != folder)
			close(at);
		if (fd < 0)
			return -1;
		at = fd;
		name = slash + 1;
	}
	fd = openat(at, name,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (at != folder)
		close(at);
	return fd;
}

/* The folder of path; -1 with errno. */
static int
open_folder(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *folder;
	int fd;

	if (slash == NULL)
		return open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	folder = strndup(path, (size_t)(slash - path) + 1);
	if (folder == NULL)
		return -1;
	fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	free(folder);
	return fd;
}

/* Names are from the folder of the file that has them. */
static char *
join_name(const char *from, unsigned depth, struct pd_str name)
{
	const char *slash = depth > 0 ? strrchr(from, '/') : NULL;
	size_t before = slash != NULL ? (size_t)(slash - from) + 1 : 0;
	char *joined = pd_xalloc(before + name.n + 1);

	memcpy(joined, from, before);
	memcpy(joined + before, name.p, name.n);
	return joined;
}

static const char *
unfit_include(const struct source *s, struct pd_str name)
{
	const char *why = unfit_name(name);

	if (why != NULL)
		return why;
	if (s->p->remote)
		return "not fetched with the list";
	if (s->folder < 0)
		return "the list is no file, so there is nothing beside it";
	if (s->depth >= INCLUDE_DEPTH)
		return "included too deep";
	if (s->nincludes >= INCLUDES_MAX)
		return "one file too many";
	return NULL;
}

static void
include(void *arg, struct pd_str name, uint32_t line)
{
	struct source *s = arg;
	char shown[PD_LINES_SHOWN];
	const char *why = unfit_include(s, name);
	char *joined;

	if (why == NULL) {
		joined = join_name(s->file, s->depth, name);
		for (size_t i = 0; i < s->nincludes && why == NULL; i++) {
			if (strcmp(s->includes[i].name, joined) == 0)
				why = "included already";
		}
		if (why == NULL && strlen(joined) > INCLUDE_LEN_MAX)
			why = "no file name";
		if (why == NULL) {
			s->includes[s->nincludes++] =
			    (struct include){ .name = joined,
				    .line = line,
				    .from = s->file,
				    .depth = s->depth + 1 };
			return;
		}
		free(joined);
	}
	pd_lines_tell(s->report, false, "%s:%u: \"!#include %s\": %s; left out",
	    s->file, line, pd_lines_show(name, shown), why);
}

/* ---- one file ---------------------------------------------------------- */

/* Its lines to the compiler; closes them. */
static int
read_lines(struct source *s, struct pd_lines *l, struct pd_str file_name)
{
	struct pd_lines_directives d = {
		.symbols = s->p->symbols,
		.nsymbols = s->p->nsymbols,
		.arg = s,
		.include = include,
	};
	struct pd_parse_params params = {
		.action = s->p->action,
		.subdomains = s->p->subdomains,
	};
	pd_parse_fn *parse = pd_parse_of(s->format);
	int result = 0;

	if (d.nsymbols == 0) {
		d.symbols = default_symbols;
		d.nsymbols =
		    sizeof(default_symbols) / sizeof(default_symbols[0]);
	}
	/* Where '!' is no comment it is no directive either. */
	if (s->format == PD_PARSE_ADBLOCK || s->format == PD_PARSE_DOMAINS ||
	    s->format == PD_PARSE_HOSTS || s->format == PD_PARSE_EMPTY)
		pd_lines_direct(l, &d);
	/* Comments alone, which may be directives. */
	if (parse == NULL)
		parse = pd_parse_domains;
	if (pd_compiler_begin_file(s->compiler, file_name) < 0) {
		pd_lines_tell(s->report, true,
		    "%s: more than %d files of lists", l->name,
		    PD_COMPILE_FILES_MAX);
		result = -1;
	} else {
		s->inner = pd_compiler_sink(s->compiler);
		if (parse(l, &params, &s->sink) < 0) {
			pd_lines_tell(s->report, true,
			    "%s:%u: more rules than all lists may have",
			    l->name, l->line);
			result = -1;
		}
	}
	if (pd_lines_finish(l) < 0)
		result = -1;
	return result;
}

/* What is wrong with an included file is a warning: the list stays useful. */
static int
read_include(struct source *s, const struct include *i)
{
	int fd = open_below(s->folder, i->name);
	enum pd_parse_format format;
	struct pd_lines l;
	struct pd_str head;
	const char *refusal;
	bool whole;

	if (fd < 0) {
		pd_lines_tell(s->report, false,
		    "%s:%u: \"!#include %s\": %s; left out", i->from, i->line,
		    i->name,
		    errno == ELOOP || errno == ENOTDIR
			? "a link, or below a file"
			: strerror(errno));
		return 0;
	}
	if (pd_lines_take(&l, fd, i->name, false, s->report) < 0)
		return 0;
	/* A few lines of Adblock's may look like anything: it is what the list
	 * is, unless that is nothing but includes. */
	head = pd_lines_head(&l, &whole);
	format = pd_parse_format(head, whole);
	refusal = format == PD_PARSE_UNKNOWN ? NULL : pd_parse_refusal(format);
	if (refusal != NULL) {
		pd_lines_tell(
		    s->report, false, "%s: %s; left out", i->name, refusal);
		pd_lines_finish(&l);
		return 0;
	}
	if (s->format == PD_PARSE_EMPTY && refusal == NULL)
		s->format = format;
	s->file = i->name;
	s->depth = i->depth;
	return read_lines(s, &l, pd_str_z(i->name));
}

/* ---- one list ---------------------------------------------------------- */

/* What the list is; -1: it is none, and that was told. */
static int
look(struct source *s, struct pd_lines *l)
{
	bool whole;
	struct pd_str head = pd_lines_head(l, &whole);
	const char *refusal;

	s->format = pd_parse_format(head, whole);
	refusal = pd_parse_refusal(s->format);
	if (s->p->action != PD_RULE_BLOCK) {
		/* Ziproxy's, whatever its lines look like. */
		if (s->format == PD_PARSE_UNKNOWN)
			refusal = NULL;
		if (refusal == NULL && s->format != PD_PARSE_EMPTY)
			s->format = PD_PARSE_ZIPROXY;
	}
	if (refusal != NULL) {
		pd_lines_tell(s->report, true, "%s: %s", l->name, refusal);
		return -1;
	}
	pd_source_header(head, s->title, &s->expires_s);
	return 0;
}

static struct pd_str
file_name_of(const struct pd_source_params *p)
{
	const char *slash;

	if (p->file_name.n > 0 || p->path == NULL)
		return p->file_name.n > 0 ? p->file_name : p->name;
	slash = strrchr(p->path, '/');
	return pd_str_z(slash != NULL ? slash + 1 : p->path);
}

/* All of the list; closes l. */
static int
read_list(struct source *s, struct pd_lines *l)
{
	const char *name = l->name;
	int result;

	if (look(s, l) < 0) {
		pd_lines_finish(l);
		return -1;
	}
	if (pd_compiler_begin_list(s->compiler, s->p->name, s->p->url) < 0) {
		pd_lines_tell(s->report, true, "%s: more than %d lists", name,
		    PD_COMPILE_LISTS_MAX);
		pd_lines_finish(l);
		return -1;
	}
	pd_compiler_describe(s->compiler, pd_str_z(s->title), s->expires_s);
	s->file = name;
	result = read_lines(s, l, file_name_of(s->p));
	/* The array grows while it is walked: includes have includes. */
	for (size_t i = 0; i < s->nincludes && result == 0; i++)
		result = read_include(s, &s->includes[i]);
	if (result == 0 && s->lines == 0)
		pd_lines_tell(s->report, false, "%s: the list is empty", name);
	if (s->format == PD_PARSE_ADBLOCK)
		tell_left(s, name);
	return result;
}

static void
begin(struct source *s, struct pd_compiler *c, const struct pd_source_params *p,
    const struct pd_conf_report *report)
{
	*s = (struct source){
		.p = p,
		.report = report,
		.compiler = c,
		.sink = { .arg = s,
		    .rule = pass_rule,
		    .cosmetic = pass_cosmetic,
		    .skip = pass_skip },
		.folder = -1,
	};
}

static void
finish(struct source *s)
{
	for (size_t i = 0; i < s->nincludes; i++)
		free(s->includes[i].name);
	if (s->folder >= 0)
		close(s->folder);
}

int
pd_source_read(struct pd_compiler *c, const struct pd_source_params *p,
    const struct pd_conf_report *report)
{
	struct source s;
	struct pd_lines l;
	int result;

	assert(p->path != NULL);
	if (pd_lines_open(&l, p->path, report) < 0)
		return -1;
	begin(&s, c, p, report);
	if (!p->remote)
		s.folder = open_folder(p->path);
	result = read_list(&s, &l);
	finish(&s);
	return result;
}

int
pd_source_read_text(struct pd_compiler *c, const struct pd_source_params *p,
    struct pd_str text, const struct pd_conf_report *report)
{
	char name[256];
	struct pd_str file = file_name_of(p);
	struct source s;
	struct pd_lines l;
	int result;

	snprintf(name, sizeof(name), "%.*s", (int)(file.n < 255 ? file.n : 255),
	    file.p);
	pd_lines_memory(&l, text, name, report);
	begin(&s, c, p, report);
	result = read_list(&s, &l);
	finish(&s);
	return result;
}

/* ---- a summary --------------------------------------------------------- */

static int
count_rule(void *arg, const struct pd_rule *r)
{
	struct pd_source_summary *out = arg;

	(void)r;
	out->rules++;
	return 0;
}

static int
count_cosmetic(void *arg, const struct pd_cosmetic *c)
{
	struct pd_source_summary *out = arg;

	(void)c;
	out->cosmetics++;
	return 0;
}

static int
count_skip(void *arg, enum pd_rule_skip why, struct pd_str what,
    struct pd_str text, uint32_t line)
{
	struct pd_source_summary *out = arg;

	(void)why;
	(void)what;
	(void)text;
	(void)line;
	out->skipped++;
	return 0;
}

int
pd_source_summarise(
    struct pd_str text, struct pd_source_summary *out, const char **why)
{
	struct pd_lines_directives d = {
		.symbols = default_symbols,
		.nsymbols =
		    sizeof(default_symbols) / sizeof(default_symbols[0]),
	};
	struct pd_parse_params params = { .action = PD_RULE_BLOCK };
	struct pd_rule_sink sink = { .arg = out,
		.rule = count_rule,
		.cosmetic = count_cosmetic,
		.skip = count_skip };
	enum pd_parse_format format;
	struct pd_lines l;
	struct pd_str head;
	bool whole;

	*out = (struct pd_source_summary){ 0 };
	pd_lines_memory(&l, text, "", NULL);
	head = pd_lines_head(&l, &whole);
	format = pd_parse_format(head, whole);
	out->format = pd_parse_format_name(format);
	*why = pd_parse_refusal(format);
	if (*why != NULL)
		return -1;
	pd_source_header(head, out->title, &out->expires_s);
	if (format == PD_PARSE_ADBLOCK || format == PD_PARSE_DOMAINS ||
	    format == PD_PARSE_HOSTS)
		pd_lines_direct(&l, &d);
	if (pd_parse_of(format) != NULL)
		pd_parse_of(format)(&l, &params, &sink);
	pd_lines_finish(&l);
	return 0;
}
