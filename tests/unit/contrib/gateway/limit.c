#include "tests/support/gateway_conf.h"
#include "tests/support/gateway_rules.h"

#define LIMIT(rest) GW "limit ntp { match = {\"udp dport 123\"} " rest " }\n"

/* A bucket is kept for as long as it takes to be full again, or who is dropped
 * for a while would begin with a full one. */
static void
test_refill(void **state)
{
	(void)state;
	plan_rules(LIMIT("over = \"7/hour\""));
	expect_rule("set limit-ntp-counted4 {\n"
		    "\t\ttype ipv4_addr; size 65536; flags dynamic,timeout;\n"
		    "\t\ttimeout 3600s;\n\t}");
	plan_rules(LIMIT("over = \"7/hour\" burst = 14"));
	expect_rule("timeout 7200s;");
	plan_rules(LIMIT("over = \"1000/second\" burst = 1"));
	expect_rule("timeout 1s;");
	plan_rules(LIMIT("over = \"1/hour\" burst = 65535"));
	expect_rule("timeout 604800s;");
}

static void
test_hold(void **state)
{
	(void)state;
	plan_rules(LIMIT("over = \"7/minute\" hold = \"1500ms\""));
	expect_rule("set limit-ntp-held6 {\n"
		    "\t\ttype ipv6_addr; size 65536; flags dynamic,timeout;\n"
		    "\t\ttimeout 2s;\n\t}");
	expect_rule("ip saddr @limit-ntp-held4 update @limit-ntp-held4 "
		    "{ ip saddr } counter drop\n");
	expect_rule("meta nfproto ipv6 update @limit-ntp-counted6 { ip6 saddr "
		    "limit rate over 7/minute burst 7 packets } add "
		    "@limit-ntp-held6 { ip6 saddr } counter drop\n");
}

static void
test_where(void **state)
{
	(void)state;
	plan_rules(LIMIT("over = \"7/minute\""));
	expect_rule("\t\tudp dport 123 jump limit-ntp\n");
	plan_rules(LIMIT("over = \"7/minute\" link = \"eth1\""));
	expect_rule("\t\tiifname \"eth1\" udp dport 123 jump limit-ntp\n");
	/* A tunnel without a link is known by its clients' addresses. */
	plan_rules("tunnel ike { type = ikev2 name = v.example address = "
		   "10.78.0.1/32 pool = 10.78.0.0/24 }\n" LIMIT(
		       "over = \"7/minute\" link = \"ike\""));
	expect_rule("\t\tip saddr 10.78.0.0/24 udp dport 123 jump "
		    "limit-ntp\n");
	expect_no_rule("\t\tudp dport 123");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_refill, plan_end),
		cmocka_unit_test_teardown(test_hold, plan_end),
		cmocka_unit_test_teardown(test_where, plan_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
