/*
 * pared lists stats: which lists and rules are of use, and which rules are not
 * applied and why.
 *
 * The lists are read once more: the rule file does not keep what was folded or
 * left out.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/json.h"
#include "cmd/bar.h"
#include "cmd/lists.h"
#include "cmd/lists_tally.h"
#include "filters/block/build.h"
#include "filters/block/hits.h"

#define NAME_WIDTH 24

static const char usage[] =
    "usage: pared lists stats [-c FILE] [--list FILE]... [--json] [--dead | "
    "--reasons]\n"
    "\n"
    "  pared lists stats            hits of each list, and how many rules had "
    "any\n"
    "  pared lists stats --dead     the rules that never hit: file:line and "
    "text\n"
    "  pared lists stats --reasons  what is applied, what is not, and why\n"
    "\n"
    "  -c FILE      the configuration; else " PD_CMD_CONF "\n"
    "  --list FILE  of this file alone (may be given more than once)\n"
    "  --json       the result as JSON\n"
    "\n"
    "Of each list it tells: rules; how often they decided (hits), how many of\n"
    "them did (used), how often those that stand in no other list did (only\n"
    "here), and what share never did (dead).\n";

enum view { VIEW_LISTS, VIEW_DEAD, VIEW_REASONS };

struct stats {
	const struct pd_build *build;
	struct pd_tally *tally;
	struct pd_hits *hits; /* NULL: nothing was counted yet */
	bool json;
};

static double
percent(uint64_t part, uint64_t whole)
{
	return whole > 0 ? 100.0 * (double)part / (double)whole : 0.0;
}

/* ---- each list --------------------------------------------------------- */

static void
print_list_json(size_t i, struct pd_str name, const struct pd_tally_list *l)
{
	pd_lists_json_name(i, name);
	printf(", \"rules\": %" PRIu64 ", \"different\": %" PRIu64
	       ", \"cosmetics\": %" PRIu64 ", \"hits\": %" PRIu64
	       ", \"hit_rules\": %" PRIu64 ", \"only_hits\": %" PRIu64
	       ", \"dead\": %" PRIu64 "}",
	    l->rules, l->different, l->cosmetics, l->hits, l->hit_rules,
	    l->only_hits, l->different - l->hit_rules);
}

static void
print_since(const struct stats *s)
{
	char text[40];
	time_t since;
	struct tm tm;

	if (s->hits == NULL) {
		puts("No hits were counted yet: a running pared counts them "
		     "in lists.directory.");
		return;
	}
	since = (time_t)pd_hits_since(s->hits);
	localtime_r(&since, &tm);
	strftime(text, sizeof(text), "%Y-%m-%d %H:%M", &tm);
	printf("Counted since %s.", text);
	if (pd_hits_lost(s->hits) > 0)
		printf(" %" PRIu64 " hits of further rules had no room.",
		    pd_hits_lost(s->hits));
	putchar('\n');
}

static void
show_lists(const struct stats *s)
{
	struct pd_tally_list l;

	if (s->json) {
		printf("{\n  \"since\": %" PRId64 ",\n  \"lost\": %" PRIu64
		       ",\n  \"lists\": [",
		    s->hits != NULL ? pd_hits_since(s->hits) : 0,
		    s->hits != NULL ? pd_hits_lost(s->hits) : 0);
		for (size_t i = 0; i < pd_build_lists(s->build); i++) {
			pd_tally_get(s->tally, i, &l);
			print_list_json(
			    i, pd_build_list(s->build, i)->name, &l);
		}
		fputs("\n  ]\n}\n", stdout);
		return;
	}
	printf("%-*s %9s %10s %9s %10s %7s\n", NAME_WIDTH, "list", "rules",
	    "hits", "used", "only here", "dead");
	for (size_t i = 0; i < pd_build_lists(s->build); i++) {
		struct pd_str name = pd_build_list(s->build, i)->name;

		pd_tally_get(s->tally, i, &l);
		pd_lists_print_name(name, NAME_WIDTH);
		printf(" %9" PRIu64 " %10" PRIu64 " %9" PRIu64 " %10" PRIu64
		       " %6.1f%%\n",
		    l.rules, l.hits, l.hit_rules, l.only_hits,
		    percent(l.different - l.hit_rules, l.different));
	}
	print_since(s);
}

/* ---- rules that never hit ---------------------------------------------- */

struct dead {
	const struct stats *stats;
	struct pd_str list;
	uint64_t n;
};

static int
print_dead(void *arg, const struct pd_rule *r)
{
	struct dead *d = arg;
	struct pd_hits_count c;

	if (r->badfilter ||
	    (d->stats->hits != NULL &&
		pd_hits_get(d->stats->hits, pd_tally_id(r), &c)))
		return 0;
	if (d->stats->json) {
		fputs(d->n > 0 ? ",\n    {\"list\": " : "\n    {\"list\": ",
		    stdout);
		pd_json_write(stdout, d->list);
		printf(", \"line\": %u, \"text\": ", r->line);
		pd_json_write(stdout, r->text);
		putchar('}');
	} else {
		pd_lists_print(d->list);
		printf(":%u: ", r->line);
		pd_lists_print(r->text);
		putchar('\n');
	}
	d->n++;
	return 0;
}

static int
show_dead(const struct stats *s)
{
	struct dead d = { .stats = s };
	const struct pd_rule_sink sink = {
		.arg = &d,
		.rule = print_dead,
		.cosmetic = pd_rule_pass_cosmetic,
		.skip = pd_rule_pass_skip,
	};
	int rc = PD_CMD_OK;

	if (s->json)
		fputs("{\n  \"dead\": [", stdout);
	for (size_t i = 0; i < pd_build_lists(s->build); i++) {
		d.list = pd_build_list(s->build, i)->name;
		if (pd_build_read(s->build, i, &sink, &pd_lists_errors) < 0)
			rc = PD_CMD_FAIL;
	}
	if (s->json)
		fputs("\n  ]\n}\n", stdout);
	return rc;
}

/* ---- what is applied --------------------------------------------------- */

struct reasons {
	const struct stats *stats;
	uint64_t total;
	bool first;
};

static void
print_what(void *arg, enum pd_rule_skip why, struct pd_str what, uint64_t n)
{
	(void)arg;
	(void)why;
	printf("    %9" PRIu64 "            ", n);
	pd_lists_print(what);
	putchar('\n');
}

static void
json_what(void *arg, enum pd_rule_skip why, struct pd_str what, uint64_t n)
{
	bool *first = arg;

	(void)why;
	fputs(*first ? "" : ", ", stdout);
	pd_json_write(stdout, what);
	printf(": %" PRIu64, n);
	*first = false;
}

static void
print_reason(const struct stats *s, enum pd_rule_skip why, uint64_t total)
{
	uint64_t n = pd_tally_skipped(s->tally, why);

	if (n == 0)
		return;
	printf("  %9" PRIu64 "  %6.2f%%  %-10s %s\n", n, percent(n, total),
	    pd_rule_skip_kept(why) ? "no effect:" : "skipped:",
	    pd_rule_skip_sentence(why));
	pd_tally_whats(s->tally, why, print_what, NULL);
}

static void
json_reasons(const struct stats *s, uint64_t applied, uint64_t total)
{
	bool first = true, first_what;

	printf("{\n  \"total\": %" PRIu64 ",\n  \"applied\": %" PRIu64
	       ",\n  \"applied_percent\": %.4f,\n  \"reasons\": [",
	    total, applied, percent(applied, total));
	for (int i = 0; i < PD_RULE_SKIP_KINDS; i++) {
		enum pd_rule_skip why = (enum pd_rule_skip)i;
		uint64_t n = pd_tally_skipped(s->tally, why);

		if (n == 0)
			continue;
		printf("%s\n    {\"reason\": \"%s\", \"accepted\": %s, "
		       "\"rules\": %" PRIu64 ", \"percent\": %.4f, "
		       "\"sentence\": ",
		    first ? "" : ",", pd_rule_skip_name(why),
		    pd_rule_skip_kept(why) ? "true" : "false", n,
		    percent(n, total));
		pd_json_write(stdout, pd_str_z(pd_rule_skip_sentence(why)));
		fputs(", \"what\": {", stdout);
		first_what = true;
		pd_tally_whats(s->tally, why, json_what, &first_what);
		fputs("}}", stdout);
		first = false;
	}
	printf("\n  ],\n  \"cosmetics\": %" PRIu64 "\n}\n",
	    pd_tally_cosmetics(s->tally));
}

/* Every line that is a rule of the network stands in one row. */
static void
show_reasons(const struct stats *s)
{
	uint64_t applied = pd_tally_rules(s->tally), kept = 0, total = applied;

	for (int i = 0; i < PD_RULE_SKIP_KINDS; i++) {
		enum pd_rule_skip why = (enum pd_rule_skip)i;

		total += pd_tally_skipped(s->tally, why);
		if (pd_rule_skip_kept(why))
			kept += pd_tally_skipped(s->tally, why);
	}
	if (s->json) {
		json_reasons(s, applied, total);
		return;
	}
	printf("  %9" PRIu64 "  %6.2f%%  applied\n", applied,
	    percent(applied, total));
	for (int pass = 0; pass < 2; pass++) {
		for (int i = 0; i < PD_RULE_SKIP_KINDS; i++) {
			enum pd_rule_skip why = (enum pd_rule_skip)i;

			if (pd_rule_skip_kept(why) == (pass == 0))
				print_reason(s, why, total);
		}
	}
	printf("  %9" PRIu64 "  %6.2f%%  together; %" PRIu64
	       " accepted without effect, %" PRIu64 " cosmetic rules apart\n",
	    total, percent(total, total), kept, pd_tally_cosmetics(s->tally));
}

/* ---- the command ------------------------------------------------------- */

static int
read_all(struct stats *s)
{
	size_t n = pd_build_lists(s->build);
	int rc = PD_CMD_OK;

	for (size_t i = 0; i < n; i++) {
		struct pd_str name = pd_build_list(s->build, i)->name;

		pd_bar(NULL, i, n, name);
		if (pd_build_read(s->build, i, pd_tally_sink(s->tally, i),
			&pd_lists_errors) < 0)
			rc = PD_CMD_FAIL;
	}
	pd_bar(NULL, n, n, PD_STR(""));
	return rc;
}

static int
stats_of(const struct pd_conf *conf, enum view view, bool json)
{
	char *path = pd_build_path(conf, PD_BUILD_HITS);
	struct pd_build *build = pd_build_create(conf, &pd_lists_report);
	const char *why;
	struct stats s = {
		.build = build,
		.tally = pd_tally_create(pd_build_lists(build)),
		.hits = path != NULL ? pd_hits_open_read(path, &why) : NULL,
		.json = json,
	};
	int rc = PD_CMD_OK;

	if (pd_build_lists(build) > PD_COMPILE_LISTS_MAX) {
		fprintf(stderr, "pared lists stats: more than %d lists\n",
		    PD_COMPILE_LISTS_MAX);
		rc = PD_CMD_FAIL;
	} else if (view == VIEW_DEAD) {
		rc = show_dead(&s);
	} else {
		rc = read_all(&s);
		pd_tally_count(s.tally, s.hits);
		if (view == VIEW_LISTS)
			show_lists(&s);
		else
			show_reasons(&s);
	}
	pd_tally_destroy(s.tally);
	pd_hits_unref(s.hits);
	pd_build_destroy(build);
	free(path);
	return rc;
}

static int
stats_words(const struct pd_lists_words *w, enum view view)
{
	struct pd_conf *conf = pd_lists_conf(w);
	int rc;

	if (conf == NULL)
		return PD_CMD_FAIL;
	rc = stats_of(conf, view, w->json);
	pd_conf_unref(conf);
	return pd_cmd_end(rc);
}

int
pd_lists_cmd_stats(int argc, char **argv)
{
	struct pd_lists_words w = { 0 };
	bool dead = false, reasons = false;
	const struct pd_cmd_option options[] = {
		{ "config", 'c', .value = &w.conf_path },
		{ "dead", .flag = &dead },
		{ "json", .flag = &w.json },
		{ "list", .values = &w.files },
		{ "reasons", .flag = &reasons },
		{ 0 },
	};
	struct pd_cmd_line line = { "lists stats", usage, options, .most = 0 };
	int rc = pd_cmd_parse(&line, argc, argv);

	if (rc == PD_CMD_GO && dead && reasons)
		rc = pd_cmd_wrong(
		    &line, "--dead and --reasons do not go together");
	if (rc == PD_CMD_GO)
		rc = stats_words(&w, dead      ? VIEW_DEAD
				     : reasons ? VIEW_REASONS
					       : VIEW_LISTS);
	pd_lists_words_finish(&w);
	return rc;
}
