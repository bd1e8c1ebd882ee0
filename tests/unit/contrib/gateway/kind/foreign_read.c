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
		assert_int_equal(gw_foreign_rules(texts[i], "c", NULL, &f), -1);
	}
	/* Right outside, nonsense inside: of no interest. */
	chains("input",
	    "{\"nftables\": [1, null, {}, {\"chain\": 7}, {\"chain\": "
	    "{\"hook\": 3}}]}");
	assert_int_equal(found.n, 0);
	assert_int_equal(
	    gw_foreign_rules("{\"nftables\": [1, {\"rule\": {\"expr\": "
			     "[[], 2]}}, {\"rule\": 3}]}",
		"c", NULL, &f),
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
		assert_int_equal(
		    gw_foreign_rules(text, "gateway:home", NULL, &f), 0);
		if ((f.why != NULL) != rules[i].drops ||
		    f.open != rules[i].open || (f.nours == 1) != rules[i].ours)
			fail_msg("%s: %s, %s, %zu", rules[i].expr,
			    f.why != NULL ? f.why : "-", f.open ? "open" : "-",
			    f.nours);
		if (f.nours == 1)
			assert_int_equal(f.ours[0], 7);
		free(f.ours);
	}
}

#define RULE(chain, expr)                                      \
	", {\"rule\": {\"family\": \"ip\", \"table\": \"t\", " \
	"\"chain\": \"" chain "\", \"handle\": 7, \"expr\": [" expr "]}}"
#define JUMP(to) "{\"jump\": {\"target\": \"" to "\"}}"
#define DROP     "{\"drop\": null}"
#define META_IS(key, right)                                            \
	"{\"match\": {\"op\": \"==\", \"left\": {\"meta\": {\"key\": " \
	"\"" key "\"}}, \"right\": " right "}}, "
#define SOURCE                                                       \
	"{\"match\": {\"op\": \"==\", \"left\": {\"payload\": "      \
	"{\"protocol\": \"ip\", \"field\": \"saddr\"}}, \"right\": " \
	"\"192.0.2.1\"}}, "

#define ACCEPT "{\"accept\": null}"
#define ETH0   "\"eth0\", \"eth0\""
#define BOTH   "\"eth0\", { \"eth1\", \"he6\" }"

/* Chains to which a base chain leads. links: NULL, and what drops then. */
static const struct {
	const char *rules, *links;
	bool drops;
} tables[] = {
	{ RULE("base", JUMP("x")) RULE("x", DROP), NULL, true },
	{ RULE("base", COUNTER ", " JUMP("x")) RULE("x", JUMP("y"))
		RULE("y", DROP),
	    NULL, true },
	{ RULE("base", "{\"goto\": {\"target\": \"x\"}}") RULE("x", DROP), NULL,
	    true },
	{ RULE("base", JUMP("x")) RULE("y", DROP), NULL, false },
	/* fail2ban's. */
	{ RULE("base", META_IS("l4proto", "\"tcp\"")
			   XT("match", "multiport") ", " JUMP("f"))
		RULE("f", SOURCE DROP) RULE("f", "{\"return\": null}"),
	    "*", false },
	{ RULE("base", JUMP("f")) RULE("f", SOURCE DROP), "*", false },
	{ RULE("base", JUMP("x")) RULE("x", "{\"return\": null}")
		RULE("x", DROP),
	    NULL, false },
	{ RULE("base", "{\"accept\": null}") RULE("base", DROP), NULL, false },
	/* libvirt's. */
	{ RULE("base", COUNTER ", " JUMP("g"))
		RULE("g", META_IS("oif", "\"virbr0\"") COUNTER ", " DROP),
	    "*", true },
	{ RULE("base", JUMP("g")) RULE("g", META_IS("oif", "\"virbr0\"") DROP),
	    ETH0, false },
	{ RULE("base", JUMP("g")) RULE("g", META_IS("oif", "\"virbr0\"") DROP),
	    NULL, false },
	{ RULE("base", META_IS("oifname", "\"eth0\"") DROP), ETH0, true },
	{ RULE(
	      "base", META_IS("oifname", "{\"set\": [\"lo\", \"eth0\"]}") DROP),
	    ETH0, true },
	{ RULE("base", META_IS("oifname", "\"eth0\"") SOURCE DROP), ETH0,
	    false },
	{ RULE("base", META_IS("iifname", "\"eth0\"") DROP), "*", false },
	{ RULE("base", META_IS("l4proto", "\"tcp\"") DROP), ETH0, true },
	{ RULE("base", META_IS("l4proto", "\"tcp\"") DROP), NULL, false },
	{ RULE("base", META_IS("l4proto", "\"gre\"") DROP), ETH0, false },
	{ RULE("base", META_IS("oifname", "\"eth1\"") DROP), BOTH, true },
	{ RULE("base", META_IS("oifname", "\"he6\"") DROP), BOTH, true },
	{ RULE("base", META_IS("oifname", "\"eth\"") DROP), BOTH, false },
	/* Whom a rule before it accepted, it does not drop. */
	{ RULE("base", JUMP("x")) RULE("x", ACCEPT) RULE("base", DROP), NULL,
	    false },
	{ RULE("base", JUMP("x")) RULE("x", SOURCE ACCEPT) RULE("base", DROP),
	    NULL, true },
	{ RULE("base", JUMP("x")) RULE("x", "{\"return\": null}")
		RULE("x", ACCEPT) RULE("base", DROP),
	    NULL, true },
	{ RULE("base", JUMP("x")) RULE("x", "{\"goto\": {\"target\": \"y\"}}")
		RULE("x", ACCEPT) RULE("y", COUNTER) RULE("base", DROP),
	    NULL, true },
	{ RULE("base",
	      META_IS("l4proto", "{\"set\": [\"tcp\", \"udp\"]}") ACCEPT)
		RULE("base", META_IS("l4proto", "\"tcp\"") DROP),
	    ETH0, false },
	{ RULE("base", META_IS("l4proto", "\"udp\"") ACCEPT)
		RULE("base", META_IS("l4proto", "\"tcp\"") DROP),
	    ETH0, true },
	{ RULE("base", META_IS("l4proto", "\"tcp\"") SOURCE ACCEPT)
		RULE("base", META_IS("l4proto", "\"tcp\"") DROP),
	    ETH0, true },
	{ RULE("base", META_IS("oifname", "\"eth0\"") ACCEPT)
		RULE("base", META_IS("oifname", "\"eth0\"") DROP),
	    BOTH, false },
	{ RULE("base", META_IS("oifname", "\"eth0\"") ACCEPT)
		RULE("base", DROP),
	    BOTH, true },
	{ RULE("base", META_IS("oifname", "\"br0\"") ACCEPT)
		RULE("base", META_IS("oifname", "\"virbr0\"") DROP),
	    "*", true },
	/* No end of jumps, which the kernel would not take. */
	{ RULE("base", JUMP("a")) RULE("a", JUMP("b")) RULE("b", JUMP("a")),
	    "*", false },
};

static void
test_jumps(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		struct gw_foreign f = { .chain = "base" };
		char text[4096];

		snprintf(text, sizeof(text), "{\"nftables\": [" META "%s]}",
		    tables[i].rules);
		assert_int_equal(
		    gw_foreign_rules(text, "gateway:home", tables[i].links, &f),
		    0);
		if ((f.why != NULL) != tables[i].drops)
			fail_msg("%s, links %s: %s", tables[i].rules,
			    tables[i].links != NULL ? tables[i].links : "-",
			    f.why != NULL ? f.why : "-");
	}
}

/* Of a policy, and NULL for what it comes to. */
static void
test_policy(void **state)
{
	static const struct {
		const char *rules, *links, *why;
	} cases[] = {
		{ "", ETH0, "policy drop" },
		{ RULE("base", SOURCE ACCEPT), ETH0, "policy drop" },
		{ RULE("base", META_IS("oifname", "\"eth0\"") ACCEPT), ETH0,
		    "policy drop" },
		{ RULE("base", ACCEPT), ETH0, NULL },
		{ RULE("base", JUMP("x")) RULE("x", SOURCE DROP)
			RULE("x", ACCEPT),
		    ETH0, NULL },
		{ RULE("base", JUMP("x")) RULE("x", "{\"return\": null}"), ETH0,
		    "policy drop" },
		{ RULE("base", META_IS("oifname", "\"eth0\"") DROP)
			RULE("base", ACCEPT),
		    ETH0, "by link or protocol" },
		{ RULE("base", META_IS("oifname", "\"br0\"") DROP), "*",
		    "policy drop" },
		{ RULE("base", META_IS("oifname", "\"br0\"") DROP)
			RULE("base", ACCEPT),
		    "*", "by link or protocol" },
		{ RULE("base", DROP), "*", "its last rule" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct gw_foreign f = { .chain = "base", .why = "policy drop" };
		char text[4096];

		snprintf(text, sizeof(text), "{\"nftables\": [" META "%s]}",
		    cases[i].rules);
		assert_int_equal(
		    gw_foreign_rules(text, "gateway:home", cases[i].links, &f),
		    0);
		if (cases[i].why == NULL)
			assert_null(f.why);
		else
			assert_string_equal(f.why, cases[i].why);
	}
}

/* `nft list table > f; nft -f f` doubles them. */
static void
test_ours_twice(void **state)
{
	struct gw_foreign f = { .chain = "c" };

	(void)state;
	assert_int_equal(
	    gw_foreign_rules("{\"nftables\": ["
			     "{\"rule\": {\"chain\": \"c\", \"handle\": 7, "
			     "\"comment\": \"gateway:home\"}}, "
			     "{\"rule\": {\"chain\": \"d\", \"handle\": 8, "
			     "\"comment\": \"gateway:home\"}}, "
			     "{\"rule\": {\"chain\": \"c\", \"handle\": 9, "
			     "\"comment\": \"gateway:home\"}}]}",
		"gateway:home", NULL, &f),
	    0);
	assert_int_equal(f.nours, 2);
	assert_int_equal(f.ours[0], 7);
	assert_int_equal(f.ours[1], 9);
	free(f.ours);
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
		TEST(test_jumps),
		TEST(test_policy),
		TEST(test_ours_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
