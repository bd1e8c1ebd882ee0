/* Ways out: uplinks by source address, returns, default routes into tunnels,
 * as the lines that an admin would type. */
#include "plan_help.h"

#define GATEWAY                                                 \
	"gateway multi { uplink = \"eth0\" intercept = \"no\" " \
	"ipv4 = \"routed\" ipv6 = \"routed\" }\n"
#define PEER                                                       \
	"type = \"wireguard\" listen = 51820 "                     \
	"peer = \"0nM1nVyRzEOL/8iY4tH3oSdOqO8w2Dd6YVwIMHX2Lz4=\" " \
	"endpoint = \"203.0.113.1:51820\" "

static struct plan_help h;
static char *lines;

static int
teardown(void **state)
{
	(void)state;
	plan_help_free(&h);
	free(lines);
	lines = NULL;
	return 0;
}

/* Routes and rules alone, a line each. */
static const char *
ways(const char *text)
{
	size_t len;
	FILE *f;

	if (!plan_help_make(&h, text))
		fail_msg("%s", plan_help_why);
	f = open_memstream(&lines, &len);
	assert_non_null(f);
	for (size_t i = 0; i < h.plan->n; i++) {
		const struct gw_step *s = h.plan->v[i];

		if (s->kind != &gw_kind_route && s->kind != &gw_kind_rule)
			continue;
		s->kind->describe(s, f);
		putc('\n', f);
	}
	fclose(f);
	return lines;
}

static void
near_gateway(void **state)
{
	(void)state;
	assert_string_equal(
	    ways(GATEWAY "uplink broker { prefix = \"2001:db8:b::/64\" "
			 "via = \"2001:db8:b::1\" link = \"he6\" }"),
	    "ip -6 route add 2001:db8:b::/64 dev he6 table 11900 proto 119\n"
	    "ip -6 route add default via 2001:db8:b::1 dev he6 table 11900 "
	    "proto 119\n"
	    "ip -6 rule add from 2001:db8:b::/64 lookup main "
	    "suppress_prefixlength 0 priority 5300 proto 119\n"
	    "ip -6 rule add from 2001:db8:b::/64 lookup 11900 priority 5301 "
	    "proto 119\n");
}

/* A gateway outside of the prefix is on the link because we say so. */
static void
far_gateway(void **state)
{
	(void)state;
	assert_string_equal(
	    ways(GATEWAY "uplink two { prefix = \"198.51.100.7/32\" "
			 "via = \"192.0.2.1\" link = \"eth1\" }"),
	    "ip route add default via 192.0.2.1 dev eth1 onlink table 11900 "
	    "proto 119\n"
	    "ip rule add from 198.51.100.7/32 lookup main "
	    "suppress_prefixlength 0 priority 5300 proto 119\n"
	    "ip rule add from 198.51.100.7/32 lookup 11900 priority 5301 proto "
	    "119\n");
}

/* 6in4 policy routing: the link is a tunnel of ours, by its title. */
static void
tunnel_uplink(void **state)
{
	const char *out = ways(GATEWAY
	    "tunnel he { type = \"sit\" local = \"198.51.100.2\" "
	    "remote = \"198.51.100.1\" address = {\"2001:db8:1::3/127\"} }\n"
	    "uplink broker { prefix = \"2001:db8:b::/48\" link = \"he\" }");

	(void)state;
	assert_non_null(strstr(
	    out, "ip -6 route add default dev six-he table 11900 proto 119\n"));
	assert_non_null(strstr(out,
	    "ip -6 rule add from 2001:db8:b::/48 lookup 11900 priority 5301 "
	    "proto 119\n"));
}

static void
return_way(void **state)
{
	(void)state;
	assert_string_equal(
	    ways(GATEWAY "tunnel edge { " PEER "address = {\"10.99.0.2/32\"} "
			 "allowed = {\"0.0.0.0/0\"} }\n"
			 "return web { address = \"10.99.0.2\" via = "
			 "\"edge\" }"),
	    "ip route add default dev wg-edge table 11900 proto 119\n"
	    "ip rule add from 10.99.0.2 lookup 11900 priority 5300 proto "
	    "119\n");
}

/* The tunnel's own packets are marked, and keep their way. */
static void
marked(void **state)
{
	const struct gw_step *s;

	(void)state;
	assert_string_equal(
	    ways(GATEWAY "tunnel vpn { " PEER
			 "address = {\"10.99.0.2/24\"} default-route = true "
			 "allowed = {\"0.0.0.0/0\", \"::/0\"} }"),
	    "ip route add default dev wg-vpn table 11900 proto 119\n"
	    "ip rule add lookup main suppress_prefixlength 0 priority 5300 "
	    "proto 119\n"
	    "ip rule add not fwmark 0x00800000/0x00800000 lookup 11900 "
	    "priority 5301 proto 119\n"
	    "ip -6 route add default dev wg-vpn table 11901 proto 119\n"
	    "ip -6 rule add lookup main suppress_prefixlength 0 priority 5302 "
	    "proto 119\n"
	    "ip -6 rule add not fwmark 0x00800000/0x00800000 lookup 11901 "
	    "priority 5303 proto 119\n");
	s = plan_help_step(&h, &gw_kind_peers, "link", "wg-vpn");
	assert_non_null(s);
	assert_string_equal(gw_step_need(s, "fwmark"), "0x00800000");
	assert_non_null(plan_help_step(
	    &h, &gw_kind_sysctl, "key", "net/ipv4/conf/all/src_valid_mark"));
	assert_true(plan_help_has(&h,
	    "meta nfproto ipv4 iifname != \"wg-vpn\" udp dport 51820 meta mark "
	    "set meta mark | 0x00800000"));
}

#define PHONES                                  \
	"tunnel phones { type = \"wireguard\" " \
	"address = {\"10.77.0.1/24\", \"fd77::1/64\"} }\n"

/* Each family leaves by its own default routes, all of them. */
static void
families(void **state)
{
	(void)state;
	h.facts = (struct gw_facts){ .uplink = "eth0",
		.ways4 = { { "eth0", "eth1" }, 2 },
		.ways6 = { { "he6" }, 1 },
		.ipv6_default = true };
	ways("gateway g { intercept = \"no\" ipv6 = \"ndp-proxy\" }\n" PHONES
	     "edge web { ports = {\"tcp 80\"} to = \"10.77.0.9\" via = "
	     "\"phones\" }\n"
	     "tunnel isle { type = \"sit\" local = \"198.51.100.1\" "
	     "remote = \"198.51.100.2\" address = {\"2001:db8:1::2/127\"} "
	     "ndp-proxy = {\"2001:db8:1::3\"} }");
	assert_true(plan_help_has(&h,
	    "meta nfproto ipv4 iifname \"wg-phones\" oifname { \"eth0\", "
	    "\"eth1\" } masquerade\n"));
	assert_true(plan_help_has(&h,
	    "iifname { \"eth0\", \"eth1\" } meta nfproto ipv4 fib daddr type "
	    "local tcp dport 80 dnat ip to 10.77.0.9\n"));
	assert_string_equal(gw_step_need(plan_help_step(&h, &gw_kind_neighbour,
					     "address", "2001:db8:1::3"),
				"dev"),
	    "he6");
	plan_help_free(&h);
	free(lines);
	h.facts = (struct gw_facts){ .uplink = "eth0",
		.ways4 = { { "eth0" }, 1 },
		.ways6 = { { "he6" }, 1 },
		.ipv6_default = true };
	ways("gateway g { intercept = \"no\" }\n" PHONES);
	assert_true(plan_help_has(&h,
	    "meta nfproto ipv6 iifname \"wg-phones\" oifname \"he6\" "
	    "masquerade\n"));
}

/* An uplink that is named is the one, and sections uplink add to it. */
static void
named(void **state)
{
	(void)state;
	h.facts = (struct gw_facts){ .uplink = "eth0",
		.ways4 = { { "eth0", "eth1" }, 2 },
		.ways6 = { { "he6" }, 1 } };
	ways("gateway g { uplink = \"eth0\" intercept = \"no\" }\n" PHONES
	     "uplink b { prefix = \"2001:db8:b::/64\" link = \"he7\" }");
	assert_true(plan_help_has(&h,
	    "meta nfproto ipv4 iifname \"wg-phones\" oifname \"eth0\" "
	    "masquerade\n"));
	assert_true(plan_help_has(&h,
	    "meta nfproto ipv6 iifname \"wg-phones\" oifname { \"eth0\", "
	    "\"he7\" } masquerade\n"));
}

/* A tunnel that a section uplink names is a way out, not in: what comes by it
 * comes from the world. */
static void
uplink_is_no_way_in(void **state)
{
	(void)state;
	ways("gateway g { uplink = \"eth0\" intercept = \"redirect\" }\n" PHONES
	     "tunnel he { type = \"sit\" local = \"198.51.100.2\" "
	     "remote = \"198.51.100.1\" address = {\"2001:db8:1::3/127\"} }\n"
	     "uplink b { prefix = \"2001:db8:b::/64\" link = \"he\" }");
	assert_true(plan_help_has(&h, "iifname \"wg-phones\" fib daddr type != "
				      "local tcp dport { 80, 443 } redirect"));
	assert_false(plan_help_has(&h, "iifname \"six-he\" fib daddr"));
	assert_false(plan_help_has(&h, "iifname \"six-he\" tcp dport 8080"));
}

/* An inner machine's answers have no uplink's address: the link that the
 * question came by leads them back. Both families of a link have one mark. */
static void
answers(void **state)
{
	const char *out = ways(GATEWAY
	    "uplink a { prefix = \"203.0.113.0/24\" via = \"203.0.113.1\" "
	    "link = \"u2\" }\n"
	    "uplink b { prefix = \"2001:db8:b::/64\" link = \"u2\" }\n"
	    "forward web { port = \"tcp 80\" to = \"10.0.3.2\" }");

	(void)state;
	assert_non_null(strstr(out,
	    "ip rule add fwmark 0x01000000/0x07000000 lookup main "
	    "suppress_prefixlength 0 priority 5302 proto 119\n"
	    "ip rule add fwmark 0x01000000/0x07000000 lookup 11900 priority "
	    "5303 proto 119\n"));
	assert_non_null(strstr(out,
	    "ip -6 rule add fwmark 0x01000000/0x07000000 lookup 11901 "
	    "priority 5307 proto 119\n"));
	assert_true(plan_help_has(&h,
	    "meta nfproto ipv4 iifname \"u2\" ct state new ct mark set ct mark "
	    "& 0xf8ffffff | 0x01000000\n"));
	assert_true(plan_help_has(&h,
	    "meta nfproto ipv6 ct direction reply ct status dnat ct mark & "
	    "0x07000000 == 0x01000000 meta mark set meta mark & 0xf8ffffff | "
	    "0x01000000\n"));
	assert_non_null(plan_help_step(
	    &h, &gw_kind_sysctl, "key", "net/ipv4/conf/all/src_valid_mark"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(near_gateway, teardown),
		cmocka_unit_test_teardown(far_gateway, teardown),
		cmocka_unit_test_teardown(tunnel_uplink, teardown),
		cmocka_unit_test_teardown(return_way, teardown),
		cmocka_unit_test_teardown(marked, teardown),
		cmocka_unit_test_teardown(answers, teardown),
		cmocka_unit_test_teardown(families, teardown),
		cmocka_unit_test_teardown(named, teardown),
		cmocka_unit_test_teardown(uplink_is_no_way_in, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
