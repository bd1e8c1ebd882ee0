/* The uplink and what fits through it; addresses that lead nowhere. */
#include "check_help.h"

#define PHONES(more)                            \
	"tunnel phones { type = \"wireguard\" " \
	"address = {\"10.77.0.1/24\", \"fd77::1/64\"} " more " }\n"

static void
test_no_uplink(void **state)
{
	const struct gw_finding *f;

	(void)state;
	check_help_make("gateway home { }\n" PHONES(""));
	gw_check_net(&check);
	f = check_help_find("there is no default route");
	assert_non_null(f);
	assert_int_equal(f->level, GW_ERROR);
	assert_string_equal(f->remedy, "uplink = \"LINK\" in section gateway");
}

static void
test_no_such_link(void **state)
{
	const struct gw_finding *f;

	(void)state;
	check_help_make("gateway home { uplink = \"nosuch9\" }\n" PHONES(""));
	gw_check_net(&check);
	f = check_help_find("there is no link nosuch9");
	assert_non_null(f);
	assert_int_equal(f->level, GW_ERROR);
}

static void
test_mtu(void **state)
{
	const struct gw_finding *f;

	(void)state;
	h.facts.uplink_mtu = 1400;
	check_help_make("gateway home { uplink = \"lo\" }\n" PHONES("mtu = "
								    "1400"));
	gw_check_net(&check);
	f = check_help_find("packets of 1400 bytes do not fit through lo");
	assert_non_null(f);
	assert_int_equal(f->level, GW_WARN);
	assert_string_equal(f->remedy, "mtu = 1320, or leave it out");
	check_help_finish(NULL);

	h.facts.uplink_mtu = 1300;
	check_help_make("gateway home { uplink = \"lo\" }\n" PHONES(""));
	gw_check_net(&check);
	assert_non_null(check_help_find("no tunnel is wide enough for IPv6"));
	check_help_finish(NULL);

	h.facts.uplink_mtu = 1500;
	check_help_make("gateway home { uplink = \"lo\" }\n" PHONES("mtu = "
								    "1420"));
	gw_check_net(&check);
	assert_null(check_help_find("fit"));
	assert_null(check_help_find("wide"));
}

static void
test_advertised(void **state)
{
	const struct gw_finding *f;

	(void)state;
	h.facts.uplink_ra = true;
	check_help_make("gateway home { uplink = \"lo\" }\n" PHONES(""));
	gw_check_net(&check);
	f = check_help_find("accept_ra of lo");
	assert_non_null(f);
	assert_int_equal(f->level, GW_NOTE);
}

static void
test_private_and_routed(void **state)
{
	(void)state;
	check_help_make(
	    "gateway home { uplink = \"lo\" ipv6 = \"routed\" }\n" PHONES(""));
	gw_check_net(&check);
	assert_non_null(check_help_find("answers to fd77::/64"));
	check_help_finish(NULL);
	check_help_make("gateway home { uplink = \"lo\" }\n" PHONES(""));
	gw_check_net(&check);
	assert_null(check_help_find("answers to"));
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_teardown(f, check_help_finish)
	const struct CMUnitTest tests[] = {
		TEST(test_no_uplink),
		TEST(test_no_such_link),
		TEST(test_mtu),
		TEST(test_advertised),
		TEST(test_private_and_routed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
