#include "tests/support/gateway_conf.h"
#include "tests/support/gateway_rules.h"

static void
test_forward(void **state)
{
	(void)state;
	plan_rules(GW "forward web { port = \"tcp 8080\" to = \"10.0.3.2:80\" "
		      "}\n");
	expect_rule("\t\tmeta nfproto ipv4 fib daddr type local tcp dport 8080 "
		    "dnat ip to 10.0.3.2:80\n");
	expect_rule(
	    "\t\tip daddr != 127.0.0.0/8 fib daddr type local tcp dport "
	    "8080 dnat ip to 10.0.3.2:80\n");
	expect_rule("\t\tct status dnat ip daddr 10.0.3.2 tcp dport 80 ");
	expect_rule("\t\tiifname \"eth0\" ip daddr 10.0.3.2 ct state new ct "
		    "status & dnat == 0 drop\n");
	expect_no_rule("masquerade");
	assert_non_null(find_step("sysctl", "net/ipv4/ip_forward"));
	assert_null(find_step("sysctl", "net/ipv6/conf/all/forwarding"));
}

static void
test_forward_six(void **state)
{
	(void)state;
	plan_rules("gateway g { ipv6 = routed }\n"
		   "forward web { port = \"udp 6000-6010\" to = fd03::2 "
		   "address = 2001:db8::1 hairpin = true }\n");
	expect_rule("\t\tip6 daddr 2001:db8::1 udp dport 6000-6010 dnat ip6 to "
		    "fd03::2\n");
	expect_rule("\t\tct status dnat ip6 saddr fd03::/64 ip6 daddr fd03::2 "
		    "udp dport 6000-6010 masquerade\n");
	/* Others know the way to it, and may use it. */
	expect_no_rule(" drop\n");
	assert_non_null(find_step("sysctl", "net/ipv6/conf/all/forwarding"));
}

static void
test_hairpin_net(void **state)
{
	(void)state;
	plan_rules(GW "forward web { port = \"tcp 22\" to = \"[fd03::2]:2222\" "
		      "hairpin = true hairpin-net = \"fd03::/48\" }\n");
	expect_rule("dnat ip6 to [fd03::2]:2222\n");
	expect_rule("\t\tct status dnat ip6 saddr fd03::/48 ip6 daddr fd03::2 "
		    "tcp dport 2222 masquerade\n");
	expect_rule("\t\tiifname \"eth0\" ip6 daddr fd03::/48 ct state new ");
}

#define SHOP                                                               \
	GW "tunnel shop { type = wireguard address = 10.99.0.1/24 peer = " \
	   "\"mF8d5yNZLzGd+mKXcLyiVSRkP1Hx8O6sQ0eE1xFHJwA=\" "             \
	   "allowed = 10.99.0.2/32 }\n"

/* What is dialled inside the tunnel, or by the machine at its own tunnel
 * address, is not for the visitors' node. */
static void
test_edge(void **state)
{
	(void)state;
	plan_rules(SHOP "edge web { ports = {\"tcp 80\", \"udp 53\", \"tcp "
			"443\"} to = 10.99.0.2 via = shop }\n");
	expect_rule("\t\tiifname \"eth0\" meta nfproto ipv4 fib daddr type "
		    "local tcp dport { 80, 443 } dnat ip to 10.99.0.2\n");
	expect_rule("\t\tiifname \"eth0\" meta nfproto ipv4 fib daddr type "
		    "local udp dport 53 dnat ip to 10.99.0.2\n");
	expect_no_rule("chain output");
	/* The node sees who visits. */
	expect_no_rule("snat ip to");
	expect_no_rule("ct status dnat ip saddr");
}

static void
test_edge_address(void **state)
{
	(void)state;
	plan_rules(SHOP "edge web { ports = {\"tcp 80\"} to = 10.99.0.2 via = "
			"shop address = 203.0.113.1 }\n");
	expect_rule(
	    "\t\tip daddr 203.0.113.1 tcp dport 80 dnat ip to 10.99.0.2\n");
	expect_rule("chain output");
	expect_rule("ip saddr 10.99.0.2 oifname \"eth0\" snat ip to "
		    "203.0.113.1\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_forward, plan_end),
		cmocka_unit_test_teardown(test_forward_six, plan_end),
		cmocka_unit_test_teardown(test_hairpin_net, plan_end),
		cmocka_unit_test_teardown(test_edge, plan_end),
		cmocka_unit_test_teardown(test_edge_address, plan_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
