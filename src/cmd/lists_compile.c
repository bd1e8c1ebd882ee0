/*
 * pared lists compile: the lists to one rule file, and what became of each.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "cmd/bar.h"
#include "cmd/lists.h"
#include "filters/block/build.h"
#include "filters/block/set.h"

/* Rules that are tried at each request: more cost a microsecond or so. */
#define ALWAYS_WARN 64

static const char usage[] =
    "usage: pared lists compile [-c FILE] [--list FILE]... [--out FILE] "
    "[--json]\n"
    "\n"
    "  pared lists compile                  make the rule file anew\n"
    "  pared lists compile --list new.txt   what would become of this list?\n"
    "\n"
    "  -c FILE      the configuration; else " PD_CMD_CONF "\n"
    "  --list FILE  of this file alone (may be given more than once); needs\n"
    "               no configuration, and writes nothing without --out\n"
    "  --out FILE   write the rule file there\n"
    "  --json       the result as JSON\n"
    "\n"
    "The rule file is replaced whole or not at all; the one before stays\n"
    "beside it as FILE.old. A running pared takes the new one when it "
    "reloads.\n"
    "\n"
    "Of each list it tells: rules; cosmetic rules, kept for later; rules that\n"
    "stand in a list before it as well (same), that a wider one covers\n"
    "(covered), that a badfilter takes away (taken); those for popup windows\n"
    "alone; and those that cannot be applied (skipped).\n";

struct result {
	const struct pd_set *set;
	const struct pd_compiled *compiled;
	const char *path; /* NULL: it was written nowhere */
	unsigned ms;
};

static size_t
name_width(const struct pd_set *set)
{
	struct pd_compile_list l;
	size_t width = sizeof("together") - 1;

	for (size_t i = 0; i < pd_set_lists(set); i++) {
		pd_set_list(set, i, &l);
		width = l.name.n > width ? l.name.n : width;
	}
	return width < 40 ? width : 40;
}

static void
add_up(struct pd_compile_list *sum, const struct pd_compile_list *l)
{
	sum->rules += l->rules;
	sum->cosmetics += l->cosmetics;
	sum->folded_same += l->folded_same;
	sum->folded_covered += l->folded_covered;
	sum->badfiltered += l->badfiltered;
	for (int i = 0; i < PD_RULE_SKIP_KINDS; i++)
		sum->skipped[i] += l->skipped[i];
}

static void
print_row(const struct pd_compile_list *l, size_t width)
{
	pd_lists_print_name(l->name, width);
	printf(" %9u %9u %8u %8u %8u %8u %8u\n", l->rules, l->cosmetics,
	    l->folded_same, l->folded_covered, l->badfiltered,
	    l->skipped[PD_SKIP_POPUP], pd_lists_skipped(l));
}

static void
print_table(const struct result *r)
{
	struct pd_compile_list l, sum = { .name = PD_STR("together") };
	size_t width = name_width(r->set);

	pd_lists_print_name(PD_STR("list"), width);
	printf(" %9s %9s %8s %8s %8s %8s %8s\n", "rules", "cosmetic", "same",
	    "covered", "taken", "popup", "skipped");
	for (size_t i = 0; i < pd_set_lists(r->set); i++) {
		pd_set_list(r->set, i, &l);
		add_up(&sum, &l);
		print_row(&l, width);
	}
	if (pd_set_lists(r->set) > 1)
		print_row(&sum, width);
	for (int i = 0; i < PD_RULE_SKIP_KINDS; i++) {
		enum pd_rule_skip why = (enum pd_rule_skip)i;

		if (sum.skipped[i] > 0)
			printf("  %s %u: %s\n",
			    pd_rule_skip_kept(why) ? "no effect" : "skipped",
			    sum.skipped[i], pd_rule_skip_sentence(why));
	}
	if (r->path != NULL)
		printf("%s: ", r->path);
	printf("%zu rules, %zu bytes, made in %u ms\n", pd_set_rules(r->set),
	    r->compiled->n, r->ms);
}

static void
write_list(size_t i, const struct pd_compile_list *l)
{
	bool first = true;

	pd_lists_json_name(i, l->name);
	fputs(", \"url\": ", stdout);
	pd_json_write(stdout, l->url);
	fputs(", \"title\": ", stdout);
	pd_json_write(stdout, l->title);
	printf(", \"rules\": %u, \"cosmetics\": %u, \"same\": %u, "
	       "\"covered\": %u, \"taken\": %u, \"without_effect\": %u, "
	       "\"skipped\": %u, \"reasons\": {",
	    l->rules, l->cosmetics, l->folded_same, l->folded_covered,
	    l->badfiltered, pd_lists_kept(l), pd_lists_skipped(l));
	for (int why = 0; why < PD_RULE_SKIP_KINDS; why++) {
		if (l->skipped[why] == 0)
			continue;
		printf("%s\"%s\": %u", first ? "" : ", ",
		    pd_rule_skip_name((enum pd_rule_skip)why), l->skipped[why]);
		first = false;
	}
	fputs("}}", stdout);
}

static void
print_json(const struct result *r)
{
	struct pd_compile_list l;

	fputs("{\n  \"file\": ", stdout);
	if (r->path != NULL)
		pd_json_write(stdout, pd_str_z(r->path));
	else
		fputs("null", stdout);
	printf(",\n  \"rules\": %zu,\n  \"bytes\": %zu,\n  \"always\": %zu,\n"
	       "  \"ms\": %u,\n  \"lists\": [",
	    pd_set_rules(r->set), r->compiled->n, r->compiled->always, r->ms);
	for (size_t i = 0; i < pd_set_lists(r->set); i++) {
		pd_set_list(r->set, i, &l);
		write_list(i, &l);
	}
	fputs("\n  ]\n}\n", stdout);
}

static int
put(const struct pd_lists_compile_params *p, const struct pd_compiled *c,
    const char *path)
{
	int rc = p->out != NULL ? pd_build_put(path, c->bytes, c->n)
				: pd_build_save(p->conf, c);

	if (rc < 0)
		fprintf(stderr, "pared lists: %s cannot be written: %s%s\n",
		    path, strerror(errno),
		    p->out == NULL && errno == ENOENT
			? "; make the directory, or set lists.directory"
			: "");
	return rc;
}

/* What was made is opened as a worker would before it takes the place of what
 * works. */
static int
finish(const struct pd_lists_compile_params *p, const struct pd_compiled *c,
    unsigned ms)
{
	char *own =
	    p->out == NULL ? pd_build_path(p->conf, PD_BUILD_RULES) : NULL;
	const char *why = "", *path = p->out != NULL ? p->out : own;
	struct pd_set *set = pd_set_copy(c->bytes, c->n, &why);
	struct result result = { set, c, path, ms };
	int rc = PD_CMD_FAIL;

	if (set == NULL)
		fprintf(stderr,
		    "pared lists: what was made is no rule file: "
		    "%s\n",
		    why);
	else if (path == NULL || put(p, c, path) == 0)
		rc = PD_CMD_OK;
	if (rc == PD_CMD_OK && c->always > ALWAYS_WARN)
		fprintf(stderr,
		    "note: %zu rules have nothing to be found by and are tried "
		    "at every request\n",
		    c->always);
	if (rc == PD_CMD_OK && p->json)
		print_json(&result);
	else if (rc == PD_CMD_OK && !p->quiet)
		print_table(&result);
	pd_set_unref(set);
	free(own);
	return rc;
}

static bool
has_before(const struct pd_lists_compile_params *p)
{
	char *own =
	    p->out != NULL ? NULL : pd_build_path(p->conf, PD_BUILD_RULES);
	bool has = access(p->out != NULL ? p->out : own, F_OK) == 0;

	free(own);
	return has;
}

int
pd_lists_compile(const struct pd_lists_compile_params *p)
{
	struct pd_build *b = pd_build_create(p->conf, &pd_lists_report);
	struct pd_compiled compiled = { 0 };
	uint64_t began = pd_clock_ms(CLOCK_MONOTONIC);
	int rc = PD_CMD_FAIL;

	if (pd_build_compile(b, &compiled, pd_bar, NULL, &pd_lists_report) == 0)
		rc = finish(p, &compiled,
		    (unsigned)(pd_clock_ms(CLOCK_MONOTONIC) - began));
	if (rc != PD_CMD_OK &&
	    (p->out != NULL || p->conf->lists_directory != NULL))
		fprintf(stderr, "pared lists: no new rule file%s\n",
		    has_before(p) ? "; the one before stays" : "");
	pd_compiled_free(&compiled);
	pd_build_destroy(b);
	return rc;
}

static int
compile_words(const struct pd_lists_words *w, const char *out)
{
	struct pd_conf *conf = pd_lists_conf(w);
	int rc;

	if (conf == NULL)
		return PD_CMD_FAIL;
	rc = pd_lists_compile(&(struct pd_lists_compile_params){
	    .conf = conf, .out = out, .json = w->json });
	pd_conf_unref(conf);
	return pd_cmd_end(rc);
}

int
pd_lists_cmd_compile(int argc, char **argv)
{
	struct pd_lists_words w = { 0 };
	const char *out = NULL;
	const struct pd_cmd_option options[] = {
		{ "config", 'c', .value = &w.conf_path },
		{ "json", .flag = &w.json },
		{ "list", .values = &w.files },
		{ "out", .value = &out },
		{ 0 },
	};
	struct pd_cmd_line line = { "lists compile", usage, options,
		.most = 0 };
	int rc = pd_cmd_parse(&line, argc, argv);

	if (rc == PD_CMD_GO)
		rc = compile_words(&w, out);
	pd_lists_words_finish(&w);
	return rc;
}
