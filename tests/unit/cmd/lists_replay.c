#include "cmd/lists_replay.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/support/rules.h"

static const char list[] = "||ads.test^\n"
			   "/banner/*$image\n"
			   "/only-here/$domain=site.test\n"
			   "/track*$third-party\n";

static struct pd_block_set *rules;

static int
begin(void **state)
{
	static struct pd_conf conf;

	(void)state;
	rules = test_rules(&conf, "test", list);
	return 0;
}

static int
end(void **state)
{
	(void)state;
	pd_block_unref(rules);
	return 0;
}

/* One line, and whether it would be blocked now. */
static bool
blocked(const char *line)
{
	struct pd_replay *r = pd_replay_create(rules, 1795288702);
	bool yes;

	pd_replay_line(r, pd_str_z(line));
	if (pd_replay_sums(r)->requests != 1)
		fail_msg("not judged: %s", line);
	yes = pd_replay_sums(r)->now_blocked == 1;
	pd_replay_destroy(r);
	return yes;
}

static void
lines_are_judged_as_they_were_asked(void **state)
{
	(void)state;
	assert_true(blocked("{\"method\":\"GET\",\"url\":\"http://ads.test/\","
			    "\"for\":\"image\",\"verdict\":\"pass\"}"));
	assert_true(blocked("{\"method\":\"CONNECT\",\"url\":\"ads.test:443\","
			    "\"verdict\":\"pass\"}"));
	assert_false(blocked("{\"method\":\"CONNECT\",\"url\":\"x.test:443\","
			     "\"verdict\":\"pass\"}"));
	/* By the type that was asked for. */
	assert_true(
	    blocked("{\"method\":\"GET\",\"url\":\"http://x.test/banner/"
		    "1\",\"for\":\"image\",\"verdict\":\"pass\"}"));
	assert_false(
	    blocked("{\"method\":\"GET\",\"url\":\"http://x.test/banner"
		    "/1\",\"for\":\"script\",\"verdict\":\"pass\"}"));
	assert_true(
	    blocked("{\"method\":\"GET\",\"url\":\"http://x.test/banner/"
		    "1\",\"for\":\"script|image\","
		    "\"verdict\":\"pass\"}"));
	/* Of old: by what came. */
	assert_true(
	    blocked("{\"method\":\"GET\",\"url\":\"http://x.test/banner/1\","
		    "\"type\":\"image/webp\",\"verdict\":\"pass\"}"));
	assert_false(
	    blocked("{\"method\":\"GET\",\"url\":\"http://x.test/banner/1\","
		    "\"type\":\"text/css\",\"verdict\":\"pass\"}"));
	/* By the page. */
	assert_true(
	    blocked("{\"method\":\"GET\",\"url\":\"http://x.test/only-here/\","
		    "\"for\":\"image\",\"page\":\"www.site.test\","
		    "\"verdict\":\"pass\"}"));
	assert_false(
	    blocked("{\"method\":\"GET\",\"url\":\"http://x.test/only-here/\","
		    "\"for\":\"image\",\"page\":\"z.test\","
		    "\"verdict\":\"pass\"}"));
	assert_true(
	    blocked("{\"method\":\"GET\",\"url\":\"http://x.test/track\""
		    ",\"for\":\"image\",\"page\":\"z.test\","
		    "\"verdict\":\"pass\"}"));
	assert_true(
	    blocked("{\"method\":\"GET\",\"url\":\"http://x.test/track\""
		    ",\"for\":\"image\",\"page\":\"*\","
		    "\"verdict\":\"pass\"}"));
	assert_false(blocked("{\"method\":\"GET\",\"url\":\"http://x.test/"
			     "track\",\"for\":\"image\",\"verdict\":"
			     "\"pass\"}"));
	assert_false(
	    blocked("{\"method\":\"GET\",\"url\":\"http://x.test/track\","
		    "\"for\":\"image\",\"page\":\"www.x.test\","
		    "\"verdict\":\"pass\"}"));
}

static void
what_changes_is_gathered(void **state)
{
	struct pd_replay *r = pd_replay_create(rules, 1795288702);
	const struct pd_replay_sums *sums = pd_replay_sums(r);
	const struct pd_replay_group *g;
	struct pd_str name;
	size_t n;

	(void)state;
	for (int i = 0; i < 3; i++)
		pd_replay_line(r, PD_STR("{\"method\":\"GET\",\"url\":"
					 "\"http://ads.test/new\","
					 "\"verdict\":\"pass\"}"));
	pd_replay_line(r, PD_STR("{\"method\":\"GET\",\"url\":\"http://x.test/"
				 "banner/1\",\"for\":\"image\","
				 "\"verdict\":\"pass\"}"));
	pd_replay_line(
	    r, PD_STR("{\"method\":\"GET\",\"url\":\"http://ads.test/"
		      "\",\"verdict\":\"block\",\"list\":\"old\","
		      "\"rule\":\"||ads.test^\"}"));
	pd_replay_line(r, PD_STR("{\"method\":\"GET\",\"url\":\"http://gone.tes"
				 "t/\",\"verdict\":\"block\",\"list\":\"old\","
				 "\"rule\":\"||gone.test^\"}"));
	pd_replay_line(r, PD_STR("{\"method\":\"GET\",\"url\":\"http://fine.tes"
				 "t/\",\"verdict\":\"pass\"}"));
	assert_int_equal(sums->requests, 7);
	assert_int_equal(sums->was_blocked, 2);
	assert_int_equal(sums->now_blocked, 5);
	assert_int_equal(sums->changed[PD_REPLAY_BLOCKED], 4);
	assert_int_equal(sums->changed[PD_REPLAY_PASSED], 1);
	g = pd_replay_groups(r, PD_REPLAY_BLOCKED, &n);
	assert_int_equal(n, 2);
	assert_int_equal(g[0].n, 3);
	assert_true(pd_str_eq(g[0].url, PD_STR("http://ads.test/new")));
	assert_non_null(memmem(g[0].rule.p, g[0].rule.n, "||ads.test^", 11));
	g = pd_replay_groups(r, PD_REPLAY_PASSED, &n);
	assert_int_equal(n, 1);
	assert_true(pd_str_eq(g[0].rule, PD_STR("old  ||gone.test^")));
	assert_int_equal(pd_replay_lists(r), 1);
	assert_int_equal(pd_replay_list(r, 0, &name), 5);
	assert_true(pd_str_eq(name, PD_STR("test")));
	/* Sorting changes nothing for what follows. */
	pd_replay_line(r, PD_STR("{\"method\":\"GET\",\"url\":\"http://x.test/"
				 "banner/1\",\"for\":\"image\","
				 "\"verdict\":\"pass\"}"));
	g = pd_replay_groups(r, PD_REPLAY_BLOCKED, &n);
	assert_int_equal(n, 2);
	assert_int_equal(g[1].n, 2);
	pd_replay_destroy(r);
}

static void
what_is_not_judged(void **state)
{
	static const char *const other[] = {
		"{\"method\":\"GET\",\"url\":\"/why\",\"verdict\":\"portal\"}",
		"{\"method\":\"GET\",\"url\":\"http://a.test/\","
		"\"verdict\":\"probe\"}",
		"{\"method\":\"GET\",\"url\":\"http://a.test/\","
		"\"verdict\":\"auth\"}",
		"{\"method\":\"GET\",\"url\":\"http://a.test/\"}",
		"{\"method\":\"GET\",\"url\":\"nonsense\","
		"\"verdict\":\"pass\"}",
		"{\"method\":\"CONNECT\",\"url\":\":443\","
		"\"verdict\":\"pass\"}",
	};
	static const char *const malformed[] = { "nonsense", "{", "{\"a\":1}",
		"{\"url\":\"http://a.test/\",\"verdict\":\"pass\"",
		"{\"url\":[],\"verdict\":\"pass\"}" };
	struct pd_replay *r = pd_replay_create(rules, 1795288702);
	const struct pd_replay_sums *sums = pd_replay_sums(r);

	(void)state;
	for (size_t i = 0; i < sizeof(other) / sizeof(other[0]); i++)
		pd_replay_line(r, pd_str_z(other[i]));
	assert_int_equal(sums->other, sizeof(other) / sizeof(other[0]));
	for (size_t i = 0; i < sizeof(malformed) / sizeof(malformed[0]); i++)
		pd_replay_line(r, pd_str_z(malformed[i]));
	assert_int_equal(
	    sums->malformed, sizeof(malformed) / sizeof(malformed[0]));
	pd_replay_line(r, PD_STR(""));
	pd_replay_line(r, PD_STR("  "));
	assert_int_equal(sums->requests, 0);
	pd_replay_destroy(r);
}

/* A log of another machine may name any number of rules. */
static void
too_many_rules_are_one_group(void **state)
{
	struct pd_replay *r = pd_replay_create(rules, 1795288702);
	const struct pd_replay_group *g;
	char line[200];
	uint64_t sum = 0;
	size_t n;

	(void)state;
	for (int i = 0; i < 3 * PD_REPLAY_GROUPS; i++) {
		snprintf(line, sizeof(line),
		    "{\"method\":\"GET\",\"url\":\"http://a.test/\","
		    "\"verdict\":\"block\",\"list\":\"old\",\"rule\":\"r%d\"}",
		    i);
		pd_replay_line(r, pd_str_z(line));
	}
	g = pd_replay_groups(r, PD_REPLAY_PASSED, &n);
	assert_int_equal(n, PD_REPLAY_GROUPS);
	assert_true(pd_str_eq(g[0].rule, PD_STR("...")));
	for (size_t i = 0; i < n; i++)
		sum += g[i].n;
	assert_int_equal(sum, 3 * PD_REPLAY_GROUPS);
	pd_replay_destroy(r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_are_judged_as_they_were_asked),
		cmocka_unit_test(what_changes_is_gathered),
		cmocka_unit_test(what_is_not_judged),
		cmocka_unit_test(too_many_rules_are_one_group),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
