/* Fragments to one text: what stands in it, in which order, and when it counts
 * as another. */
#include "rules.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"

static struct pd_arena *arena;

static int
setup(void **state)
{
	(void)state;
	arena = pd_arena_create();
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	pd_arena_destroy(arena);
	return 0;
}

static void
test_nothing_makes_no_table(void **state)
{
	struct gw_rules *r = gw_rules_create(arena);

	(void)state;
	assert_null(gw_rules_text(r, "gateway-home"));
	assert_false(gw_rules_has_open(r, GW_CHAIN_INPUT));
	assert_false(gw_rules_has_open(r, GW_CHAIN_FORWARD));
}

/* By order, not by coming; and no chain without a rule. */
static void
test_text(void **state)
{
	struct gw_rules *r = gw_rules_create(arena);
	const char *text;

	(void)state;
	gw_rule(r, GW_CHAIN_FORWARD, GW_RULE_LAST, "last");
	gw_rule(r, GW_CHAIN_FORWARD, GW_RULE_RULE, "two %d", 2);
	gw_rule(r, GW_CHAIN_FORWARD, GW_RULE_FIRST, "first");
	gw_rule(r, GW_CHAIN_FORWARD, GW_RULE_RULE, "three");
	gw_rule(r, GW_CHAIN_FORWARD, GW_RULE_REFUSE, "refuse");
	gw_rule(
	    r, GW_CHAIN_SETS, GW_RULE_RULE, "set s {\n\t\ttype ipv4_addr\n\t}");
	text = gw_rules_text(r, "gateway-home");
	assert_non_null(text);
	assert_int_equal(strncmp(text,
			     "table inet gateway-home\n"
			     "delete table inet gateway-home\n"
			     "table inet gateway-home {\n"
			     "\tcomment \"pared-gateway ",
			     101),
	    0);
	assert_string_equal(strchr(strstr(text, "comment"), '\n'),
	    "\n"
	    "\tset s {\n\t\ttype ipv4_addr\n\t}\n"
	    "\tchain forward {\n"
	    "\t\ttype filter hook forward priority filter; policy accept;\n"
	    "\t\tfirst\n\t\trefuse\n\t\ttwo 2\n\t\tthree\n\t\tlast\n"
	    "\t}\n"
	    "}\n");
}

/* A text whose comment is the same is the same text. */
static void
test_hash(void **state)
{
	char hash[3][17];

	(void)state;
	for (int i = 0; i < 3; i++) {
		struct gw_rules *r = gw_rules_create(arena);
		const char *text;

		gw_rule(r, GW_CHAIN_INPUT, GW_RULE_RULE, "tcp dport %d accept",
		    i < 2 ? 22 : 23);
		text = strstr(gw_rules_text(r, "gateway-x"), GW_RULES_COMMENT);
		snprintf(hash[i], sizeof(hash[i]), "%.16s",
		    text + strlen(GW_RULES_COMMENT));
		assert_int_equal(strspn(hash[i], "0123456789abcdef"), 16);
	}
	assert_string_equal(hash[0], hash[1]);
	assert_string_not_equal(hash[0], hash[2]);
}

/* Our own connections are marked, and answers by that alone. */
static void
test_open(void **state)
{
	struct gw_rules *r = gw_rules_create(arena);
	const char *text;

	(void)state;
	gw_rules_open(r, GW_CHAIN_FORWARD, "iifname \"%s\"", "wg-a");
	gw_rules_open(r, GW_CHAIN_FORWARD, "iifname \"wg-a\"");
	gw_rules_open(r, GW_CHAIN_FORWARD, "iifname \"wg-b\"");
	assert_true(gw_rules_has_open(r, GW_CHAIN_FORWARD));
	assert_false(gw_rules_has_open(r, GW_CHAIN_INPUT));
	gw_rules_open(r, GW_CHAIN_INPUT, "udp dport 51820");
	assert_true(gw_rules_has_open(r, GW_CHAIN_INPUT));

	text = strstr(gw_rules_text(r, "gateway-x"), "\tchain");
	assert_string_equal(text,
	    "\tchain open_input {\n"
	    "\t\ttype filter hook input priority mangle + 10; "
	    "policy accept;\n"
	    "\t\tudp dport 51820 meta mark set meta mark | 0x08000000\n"
	    "\t}\n"
	    "\tchain open_forward {\n"
	    "\t\ttype filter hook forward priority mangle + 10; "
	    "policy accept;\n"
	    "\t\tiifname \"wg-a\" ct mark set ct mark | 0x08000000 "
	    "meta mark set meta mark | 0x08000000\n"
	    "\t\tiifname \"wg-b\" ct mark set ct mark | 0x08000000 "
	    "meta mark set meta mark | 0x08000000\n"
	    /* Not those of strangers' connections. */
	    "\t\tct direction reply ct mark & 0x08000000 == 0x08000000 "
	    "meta mark set meta mark | 0x08000000\n"
	    "\t}\n"
	    "}\n");
}

static void
test_match(void **state)
{
	static const struct {
		const char *word, *rule;
	} cases[] = {
		{ "udp dport 123", "udp dport 123" },
		{ "tcp", "meta l4proto 6" },
		{ "ip udp sport 53", "meta nfproto ipv4 udp sport 53" },
		{ "ip6 udp saddr fd77::/64 sport 53 dport 5000-5010",
		    "ip6 saddr fd77::/64 udp sport 53 udp dport 5000-5010" },
		{ "ip saddr 10.0.0.1/32 daddr 10.1.0.0/16",
		    "ip saddr 10.0.0.1/32 ip daddr 10.1.0.0/16" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct gw_match m;

		if (gw_match_parse(pd_str_z(cases[i].word), &m) < 0)
			fail_msg("%s: no match", cases[i].word);
		assert_string_equal(gw_rules_match(arena, &m), cases[i].rule);
	}
}

/* Ports without a protocol are of either. */
static void
test_match_ports_of_both(void **state)
{
	struct gw_match m = { .dport_lo = 53, .dport_hi = 53 };

	(void)state;
	assert_string_equal(
	    gw_rules_match(arena, &m), "meta l4proto { tcp, udp } th dport 53");
}

static struct gw_net
net(const char *text)
{
	struct gw_net n;

	assert_int_equal(gw_net_parse(pd_str_z(text), &n), 0);
	return n;
}

static void
test_sides(void **state)
{
	char wg[] = "wg-a", six[] = "six-a", ppp[] = "ppp*";
	struct gw_net both[] = { net("10.77.0.1/24"), net("fd77::1/64"),
		net("10.78.0.0/24") };
	struct gw_tunnel t = {
		.type = GW_WIREGUARD, .link = wg, .address = { both, 1 }
	};

	(void)state;
	assert_string_equal(gw_rules_from(arena, &t, AF_INET),
	    "meta nfproto ipv4 iifname \"wg-a\"");
	assert_string_equal(gw_rules_to(arena, &t, AF_INET),
	    "meta nfproto ipv4 oifname \"wg-a\"");
	assert_null(gw_rules_from(arena, &t, AF_INET6));
	t.address.n = 2;
	assert_string_equal(gw_rules_to(arena, &t, AF_INET6),
	    "meta nfproto ipv6 oifname \"wg-a\"");

	t = (struct gw_tunnel){ .type = GW_IKEV2, .pool = { both, 2 } };
	assert_string_equal(
	    gw_rules_from(arena, &t, AF_INET), "ip saddr 10.77.0.0/24");
	assert_string_equal(
	    gw_rules_to(arena, &t, AF_INET6), "ip6 daddr fd77::/64");
	t.pool.n = 3;
	assert_string_equal(gw_rules_from(arena, &t, AF_INET),
	    "ip saddr { 10.77.0.0/24, 10.78.0.0/24 }");

	t = (struct gw_tunnel){ .type = GW_SIT, .link = six };
	assert_null(gw_rules_from(arena, &t, AF_INET));
	assert_string_equal(gw_rules_from(arena, &t, AF_INET6),
	    "meta nfproto ipv6 iifname \"six-a\"");

	t = (struct gw_tunnel){ .type = GW_PPTP, .link = ppp };
	assert_int_equal(
	    pd_prefix_parse(PD_STR("10.0.0.1-10.0.0.9"), &t.pool_range), 0);
	assert_null(gw_rules_from(arena, &t, AF_INET6));
	assert_string_equal(gw_rules_from(arena, &t, AF_INET),
	    "iifname \"ppp*\" ip saddr 10.0.0.1-10.0.0.9");
	assert_int_equal(pd_prefix_parse(PD_STR("10.0.0.1"), &t.pool_range), 0);
	assert_string_equal(gw_rules_to(arena, &t, AF_INET),
	    "oifname \"ppp*\" ip daddr 10.0.0.1");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_makes_no_table),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_hash),
		cmocka_unit_test(test_open),
		cmocka_unit_test(test_match),
		cmocka_unit_test(test_match_ports_of_both),
		cmocka_unit_test(test_sides),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
