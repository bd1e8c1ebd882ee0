#include "cmd/lists_tally.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "filters/block/hits.h"

static void
give(struct pd_tally *t, size_t list, const char *text)
{
	const struct pd_rule_sink *sink = pd_tally_sink(t, list);
	struct pd_rule r = {
		.shape = PD_RULE_PATTERN,
		.text = pd_str_z(text),
		.pattern = pd_str_z(text),
	};

	assert_int_equal(sink->rule(sink->arg, &r), 0);
}

static void
leave_out(struct pd_tally *t, enum pd_rule_skip why, const char *what)
{
	const struct pd_rule_sink *sink = pd_tally_sink(t, 0);

	assert_int_equal(
	    (sink->skip)(sink->arg, why, pd_str_z(what), PD_STR("text"), 1), 0);
}

static void
hits_go_to_lists(void **state)
{
	struct pd_tally *t = pd_tally_create(3);
	struct pd_hits *hits = pd_hits_open(NULL, &(const char *){ NULL });
	struct pd_tally_list l;

	(void)state;
	give(t, 0, "/ads/");
	give(t, 0, "/ads/"); /* twice in one list: one rule */
	give(t, 0, "/only/");
	give(t, 0, "/dead/");
	give(t, 1, "/ads/");
	give(t, 1, "/dead2/");
	for (int i = 0; i < 5; i++)
		pd_hits_add(hits, pd_rule_id(PD_STR("/ads/")), 1000);
	pd_hits_add(hits, pd_rule_id(PD_STR("/only/")), 1000);
	pd_hits_add(hits, pd_rule_id(PD_STR("/elsewhere/")), 1000);
	pd_tally_count(t, hits);

	pd_tally_get(t, 0, &l);
	assert_int_equal(l.rules, 4);
	assert_int_equal(l.different, 3);
	assert_int_equal(l.hits, 6);
	assert_int_equal(l.hit_rules, 2);
	assert_int_equal(l.only_hits, 1);
	pd_tally_get(t, 1, &l);
	assert_int_equal(l.rules, 2);
	assert_int_equal(l.hits, 5);
	assert_int_equal(l.hit_rules, 1);
	assert_int_equal(l.only_hits, 0);
	pd_tally_get(t, 2, &l);
	assert_int_equal(l.rules, 0);
	assert_int_equal(l.hits, 0);
	assert_int_equal(pd_tally_rules(t), 6);
	pd_hits_unref(hits);
	pd_tally_destroy(t);
}

static void
without_hits_all_are_dead(void **state)
{
	struct pd_tally *t = pd_tally_create(1);
	struct pd_tally_list l;
	char text[32];

	(void)state;
	/* More than the first table holds. */
	for (int i = 0; i < 20000; i++) {
		snprintf(text, sizeof(text), "/ad%d/", i);
		give(t, 0, text);
	}
	pd_tally_count(t, NULL);
	pd_tally_get(t, 0, &l);
	assert_int_equal(l.different, 20000);
	assert_int_equal(l.hit_rules, 0);
	pd_tally_destroy(t);
}

/* The same id as match.h gives: "0.0.0.0 a.example" hits as "a.example". */
static void
lines_of_hosts_count_by_the_host(void **state)
{
	struct pd_rule r = {
		.shape = PD_RULE_HOST,
		.text = PD_STR("0.0.0.0 a.example"),
		.pattern = PD_STR("a.example"),
	};

	(void)state;
	assert_int_equal(pd_tally_id(&r), pd_rule_id(PD_STR("a.example")));
	r.text = PD_STR("||a.example^");
	assert_int_equal(pd_tally_id(&r), pd_rule_id(PD_STR("||a.example^")));
	r.text = PD_STR("@@||a.example^");
	r.exception = true;
	assert_int_equal(pd_tally_id(&r), pd_rule_id(PD_STR("@@||a.example^")));
}

static void
badfilter_decides_nothing(void **state)
{
	struct pd_tally *t = pd_tally_create(1);
	const struct pd_rule_sink *sink = pd_tally_sink(t, 0);
	struct pd_rule r = { .text = PD_STR("x$badfilter"), .badfilter = true };
	struct pd_tally_list l;

	(void)state;
	sink->rule(sink->arg, &r);
	pd_tally_count(t, NULL);
	pd_tally_get(t, 0, &l);
	assert_int_equal(l.rules, 1);
	assert_int_equal(l.different, 0);
	pd_tally_destroy(t);
}

struct whats {
	char text[256];
	size_t n;
	uint64_t sum;
};

static void
on_what(void *arg, enum pd_rule_skip why, struct pd_str what, uint64_t n)
{
	struct whats *w = arg;

	(void)why;
	if (w->n < 200)
		w->n += (size_t)snprintf(w->text + w->n, sizeof(w->text) - w->n,
		    "%.*s %d;", PD_STR_ARG(what), (int)n);
	w->sum += n;
}

static void
reasons_by_option(void **state)
{
	struct pd_tally *t = pd_tally_create(1);
	struct whats w = { .n = 0 };

	(void)state;
	leave_out(t, PD_SKIP_OPTION_UNSUPPORTED, "replace");
	leave_out(t, PD_SKIP_OPTION_UNSUPPORTED, "cookie");
	leave_out(t, PD_SKIP_OPTION_UNSUPPORTED, "cookie");
	leave_out(t, PD_SKIP_OPTION_UNKNOWN, "cookie");
	leave_out(t, PD_SKIP_OPTION_UNSUPPORTED, "\033[31m");
	leave_out(t, PD_SKIP_POPUP, "");
	assert_int_equal(pd_tally_skipped(t, PD_SKIP_OPTION_UNSUPPORTED), 4);
	assert_int_equal(pd_tally_skipped(t, PD_SKIP_POPUP), 1);
	pd_tally_whats(t, PD_SKIP_OPTION_UNSUPPORTED, on_what, &w);
	assert_string_equal(w.text, "cookie 2;?[31m 1;replace 1;");
	w = (struct whats){ .n = 0 };
	pd_tally_whats(t, PD_SKIP_POPUP, on_what, &w);
	assert_string_equal(w.text, "");
	pd_tally_destroy(t);
}

/* A list that names ten thousand options of its own. */
static void
too_many_names_are_one(void **state)
{
	struct pd_tally *t = pd_tally_create(1);
	struct whats w = { .n = 0 };
	char text[32];

	(void)state;
	for (int i = 0; i < 10000; i++) {
		snprintf(text, sizeof(text), "option%d", i);
		leave_out(t, PD_SKIP_OPTION_UNKNOWN, text);
	}
	pd_tally_whats(t, PD_SKIP_OPTION_UNKNOWN, on_what, &w);
	assert_int_equal(w.sum, 10000);
	assert_non_null(strstr(w.text, "... "));
	pd_tally_destroy(t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hits_go_to_lists),
		cmocka_unit_test(without_hits_all_are_dead),
		cmocka_unit_test(lines_of_hosts_count_by_the_host),
		cmocka_unit_test(badfilter_decides_nothing),
		cmocka_unit_test(reasons_by_option),
		cmocka_unit_test(too_many_names_are_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
