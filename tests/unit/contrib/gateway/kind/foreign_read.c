/* Who drops, by what nft says: Docker's, firewalld's and iptables' ways of
 * saying it. The texts are nft 1.0.6's. */
#include "kind/foreign.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define META                                                      \
	"{\"metainfo\": {\"version\": \"1.0.6\", "                \
	"\"release_name\": \"Lester Gooch #5\", \"json_schema_ve" \
	"rsion\": 1}}"
#define CHAIN(family, table, name, more)                                 \
	", {\"chain\": {\"family\": \"" family "\", \"table\": \"" table \
	"\", \"name\": \"" name "\", \"handle\": 1" more "}}"
#define BASE(type, hook, prio, policy)                                      \
	", \"type\": \"" type "\", \"hook\": \"" hook "\", \"prio\": " prio \
	", \"policy\": \"" policy "\""

static struct gw_foreigns found;

static int
teardown(void **state)
{
	(void)state;
	gw_foreign_free(&found);
	return 0;
}

static void
chains(const char *hook, const char *text)
{
	assert_int_equal(
	    gw_foreign_chains(text, hook, "gateway-home", &found), 0);
}

static void
test_chains(void **state)
{
	(void)state;
	chains("forward",
	    "{\"nftables\": [" META CHAIN("ip", "filter", "FORWARD",
		BASE("filter", "forward", "0", "drop")) CHAIN("inet", "fw",
		"sub", "") CHAIN("inet", "firewalld", "filter_FORWARD",
		BASE("filter", "forward", "10", "accept")) CHAIN("ip", "filter",
		"INPUT", BASE("filter", "input", "0", "drop")) CHAIN("bridge",
		"b", "f", BASE("filter", "forward", "0", "drop"))
		CHAIN("inet", "gateway-home", "forward",
		    BASE("filter", "forward", "0", "accept")) CHAIN("inet", "n",
		    "x", BASE("nat", "forward", "0", "drop")) "]}");
	assert_int_equal(found.n, 2);
	assert_string_equal(found.v[0].family, "ip");
	assert_string_equal(found.v[0].table, "filter");
	assert_string_equal(found.v[0].chain, "FORWARD");
	assert_string_equal(found.v[0].hook, "forward");
	assert_string_equal(found.v[0].why, "policy drop");
	assert_string_equal(found.v[1].table, "firewalld");
	assert_int_equal(found.v[1].priority, 10);
	assert_null(found.v[1].why);
}

/* Names that would be more than a name in nft's language. */
static void
test_hostile_names(void **state)
{
	static const char *const names[] = { "a b", "a;flush ruleset", "", "1a",
		"-a", "a\\\"b", "a}", "a\\n",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		"a"
		"aaaaaaaaaaa" };
	char text[1024];

	(void)state;
	for (size_t i = 0; i < 2 * sizeof(names) / sizeof(names[0]); i++) {
		snprintf(text, sizeof(text),
		    "{\"nftables\": [{\"chain\": {\"family\": \"ip\", "
		    "\"table\": \"%s\", \"name\": \"%s\", \"type\": "
		    "\"filter\", \"hook\": \"input\", \"prio\": 0, "
		    "\"policy\": \"drop\"}}]}",
		    i % 2 == 0 ? names[i / 2] : "t",
		    i % 2 == 1 ? names[i / 2] : "c");
		chains("input", text);
		assert_int_equal(found.n, 0);
	}
}

static void
test_no_json(void **state)
{
	static const char *const texts[] = { "", "{}", "[]",
		"{\"nftables\": {}}", "{\"nftables\": [", "null" };
	struct gw_foreign f = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_int_equal(
		    gw_foreign_chains(texts[i], "input", "t", &found), -1);
		assert_int_equal(gw_foreign_rules(texts[i], "c", &f), -1);
	}
	/* Right outside, nonsense inside: of no interest. */
	chains("input",
	    "{\"nftables\": [1, null, {}, {\"chain\": 7}, {\"chain\": "
	    "{\"hook\": 3}}]}");
	assert_int_equal(found.n, 0);
	assert_int_equal(
	    gw_foreign_rules("{\"nftables\": [1, {\"rule\": {\"expr\": "
			     "[[], 2]}}, {\"rule\": 3}]}",
		"c", &f),
	    0);
	assert_null(f.why);
}

#define COUNTER "{\"counter\": {\"packets\": 0, \"bytes\": 0}}"
#define XT(type, name) \
	"{\"xt\": {\"type\": \"" type "\", \"name\": \"" name "\"}}"
#define IIF                                                            \
	"{\"match\": {\"op\": \"==\", \"left\": {\"meta\": {\"key\": " \
	"\"iifname\"}}, \"right\": \"docker0\"}}"
#define MARK(n)                                                       \
	"{\"match\": {\"op\": \"==\", \"left\": {\"&\": [{\"meta\": " \
	"{\"key\": \"mark\"}}, " n "]}, \"right\": " n "}}"
#define OPEN "134217728" /* 0x08000000 */

static const struct {
	const char *expr, *comment;
	bool drops, open, ours;
} rules[] = {
	{ "{\"drop\": null}", "", true, false, false },
	{ COUNTER ", {\"drop\": null}", "", true, false, false },
	{ COUNTER ", {\"log\": {\"prefix\": \"x\"}}, {\"reject\": {\"type\": "
		  "\"icmpx\", \"expr\": \"admin-prohibited\"}}",
	    "", true, false, false },
	{ COUNTER ", " XT("target", "REJECT"), "", true, false, false },
	{ XT("match", "comment") ", " COUNTER ", {\"drop\": null}", "", true,
	    false, false },
	{ IIF ", {\"drop\": null}", "", false, false, false },
	{ XT("match", "conntrack") ", " COUNTER ", {\"drop\": null}", "", false,
	    false, false },
	{ "{\"limit\": {\"rate\": 3}}, {\"drop\": null}", "", false, false,
	    false },
	{ COUNTER ", {\"accept\": null}", "", false, false, false },
	{ COUNTER ", {\"jump\": {\"target\": \"sub\"}}", "", false, false,
	    false },
	{ COUNTER, "", false, false, false },
	{ "", "", false, false, false },
	/* What lets our marks pass. */
	{ MARK(OPEN) ", {\"accept\": null}", "gateway:home", false, false,
	    true },
	{ MARK(OPEN) ", {\"accept\": null}", "gateway:other", false, true,
	    false },
	{ MARK(OPEN) ", " COUNTER ", {\"accept\": null}", "", false, true,
	    false },
	{ XT("match", "mark") ", " XT(
	      "match", "comment") ", " COUNTER ", {\"accept\": null}",
	    "", false, true, false },
	{ MARK("1") ", {\"accept\": null}", "", false, false, false },
	{ IIF ", " MARK(OPEN) ", {\"accept\": null}", "", false, false, false },
	{ MARK(OPEN) ", {\"drop\": null}", "", false, false, false },
};

static void
test_rules(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		struct gw_foreign f = { 0 };
		char text[2048];

		snprintf(text, sizeof(text),
		    "{\"nftables\": [" META ", {\"rule\": {\"family\": \"ip\", "
		    "\"handle\": 7, \"comment\": \"%s\", \"expr\": [%s]}}]}",
		    rules[i].comment, rules[i].expr);
		assert_int_equal(gw_foreign_rules(text, "gateway:home", &f), 0);
		if ((f.why != NULL) != rules[i].drops ||
		    f.open != rules[i].open || (f.rule == 7) != rules[i].ours)
			fail_msg("%s: %s, %s, %llu", rules[i].expr,
			    f.why != NULL ? f.why : "-", f.open ? "open" : "-",
			    (unsigned long long)f.rule);
	}
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_teardown(f, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_chains),
		TEST(test_hostile_names),
		TEST(test_no_json),
		TEST(test_rules),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
