/* What becomes of clients' packets: the rules and steps of configurations, and
 * that no word of one becomes part of a rule that it should not be. */
#include "plan_help.h"

#include <sys/socket.h>

#define GATEWAY(more) "gateway home { uplink = \"eth0\" " more " }\n"
#define PHONES                                  \
	"tunnel phones { type = \"wireguard\" " \
	"address = {\"10.77.0.1/24\", \"fd77::1/64\"} }\n"
#define NATIVE                                                         \
	"tunnel native { type = \"ikev2\" name = \"vpn.example.org\" " \
	"pool = {\"10.78.0.0/24\", \"fd78::/64\"} "                    \
	"address = {\"10.78.0.1/32\", \"fd78::1/128\"} }\n"
#define OLD                                                        \
	"tunnel old { type = \"pptp\" i-know-it-is-broken = true " \
	"address = {\"10.79.0.1/32\"} pool = {\"10.79.0.10-10.79.0.20\"} }\n"
#define ISLAND                                                     \
	"tunnel island { type = \"sit\" local = \"198.51.100.1\" " \
	"remote = \"198.51.100.2\" address = {\"2001:db8:1::2/127\"} "
#define KEY "0nM1nVyRzEOL/8iY4tH3oSdOqO8w2Dd6YVwIMHX2Lz4="
#define PEER(more)                                               \
	"tunnel node { type = \"wireguard\" peer = \"" KEY "\" " \
	"listen = 51821 address = {\"10.99.0.1/24\"} " more " }\n"
#define ALLOWED "allowed = {\"10.99.0.2/32\"}"

static struct plan_help h;

static void
make(const char *text)
{
	if (!plan_help_make(&h, text))
		fail_msg("%s in: %s", plan_help_why, text);
}

static int
teardown(void **state)
{
	(void)state;
	plan_help_free(&h);
	return 0;
}

static void
has(const char *rule)
{
	if (!plan_help_has(&h, rule))
		fail_msg("no \"%s\" in:\n%s", rule, h.rules);
}

static void
has_not(const char *rule)
{
	if (plan_help_has(&h, rule))
		fail_msg("\"%s\" in:\n%s", rule, h.rules);
}

static bool
forwards(const char *key)
{
	return plan_help_step(&h, &gw_kind_sysctl, "key", key) != NULL;
}

static void
test_nat(void **state)
{
	(void)state;
	h.facts.ipv6_default = true;
	make(GATEWAY("") PHONES);
	has("meta nfproto ipv4 iifname \"wg-phones\" oifname \"eth0\" "
	    "masquerade\n");
	has("meta nfproto ipv6 iifname \"wg-phones\" oifname \"eth0\" "
	    "masquerade\n");
	has("\t\toifname \"wg-phones\" tcp flags syn / syn,rst tcp option "
	    "maxseg size set rt mtu\n");
	has("fib daddr type unreachable meta l4proto tcp reject with tcp "
	    "reset\n");
	assert_true(forwards("net/ipv4/ip_forward"));
	assert_true(forwards("net/ipv6/conf/all/forwarding"));
	assert_string_equal(h.notes, "");
}

static void
test_routed(void **state)
{
	(void)state;
	make(GATEWAY("ipv4 = \"routed\" ipv6 = \"routed\"") PHONES);
	has_not("masquerade");
	assert_true(forwards("net/ipv4/ip_forward"));
	assert_true(forwards("net/ipv6/conf/all/forwarding"));
}

/* What is refused is refused before anything else, and not forwarded. */
static void
test_refuse(void **state)
{
	(void)state;
	make(GATEWAY("ipv6 = \"refuse\"") PHONES);
	has("hook prerouting priority raw + 10;");
	has("\t\tmeta nfproto ipv6 iifname \"wg-phones\" fib daddr type != { "
	    "local, anycast, multicast } meta l4proto tcp reject with tcp "
	    "reset\n");
	has("reject with icmpv6 type admin-prohibited\n");
	has_not("meta nfproto ipv6 iifname \"wg-phones\" oifname");
	assert_true(forwards("net/ipv4/ip_forward"));
	assert_false(forwards("net/ipv6/conf/all/forwarding"));
	plan_help_free(&h);
	make(GATEWAY("ipv4 = \"refuse\"") PHONES);
	has("reject with icmp type admin-prohibited\n");
	assert_false(forwards("net/ipv4/ip_forward"));
}

/* A tunnel with IPv4 alone may still be sent IPv6. */
static void
test_refuse_what_it_has_not(void **state)
{
	(void)state;
	make(GATEWAY("ipv6 = \"refuse\"") PEER(ALLOWED));
	has("meta nfproto ipv6 iifname \"wg-node\" fib daddr type !=");
}

static void
test_pool_guard(void **state)
{
	(void)state;
	h.facts.kernel_esp = true;
	make(GATEWAY("") NATIVE);
	has("ip saddr 10.78.0.0/24 iifname != \"lo\" meta ipsec missing "
	    "drop\n");
	has("ip6 saddr fd78::/64 ip6 daddr != fd78::/64 oifname \"eth0\" "
	    "masquerade\n");
	has("ip daddr 10.78.0.0/24 tcp flags syn / syn,rst tcp option maxseg "
	    "size set 1360\n");
	has("ip6 saddr fd78::/64 tcp flags syn / syn,rst tcp option maxseg "
	    "size set 1340\n");
	plan_help_free(&h);
	make(GATEWAY("") NATIVE);
	has("ip saddr 10.78.0.0/24 iifname != \"lo\" iifname != \"ipsec*\" "
	    "drop\n");
}

/* A PPPoE uplink is called like a client's link. */
static void
test_pptp(void **state)
{
	(void)state;
	make("gateway home { uplink = \"ppp0\" }\n" OLD);
	has("iifname \"ppp*\" ip saddr 10.79.0.10-10.79.0.20 oifname \"ppp0\" "
	    "masquerade\n");
	assert_false(forwards("net/ipv6/conf/all/forwarding"));
}

/* Of two tunnels' clients none reaches another; what was forwarded to one is
 * reached. */
static void
test_apart(void **state)
{
	(void)state;
	make(GATEWAY("") PHONES OLD PEER(ALLOWED));
	has("\tchain between {\n"
	    "\t\tmeta nfproto ipv4 oifname \"wg-phones\" reject with icmpx "
	    "type admin-prohibited\n"
	    "\t\tmeta nfproto ipv6 oifname \"wg-phones\" reject with icmpx "
	    "type admin-prohibited\n"
	    "\t\toifname \"ppp*\" ip daddr 10.79.0.10-10.79.0.20 reject with "
	    "icmpx type admin-prohibited\n"
	    "\t}\n");
	has("meta nfproto ipv4 iifname \"wg-phones\" ct state new ct status & "
	    "dnat == 0 jump between\n");
	has_not("iifname \"wg-node\" ct state new");
}

/* Clients leave by a tunnel that is a way out as well; it has none itself. */
static void
test_tunnel_as_way_out(void **state)
{
	(void)state;
	make(GATEWAY("") PHONES PEER("endpoint = \"203.0.113.1:51820\" "
				     "allowed = {\"0.0.0.0/0\"} "
				     "default-route = true"));
	has("iifname \"wg-phones\" oifname { \"eth0\", \"wg-node\" } "
	    "masquerade\n");
	has_not("iifname \"wg-node\" oifname");
	has("iifname \"wg-node\" tcp flags syn");
}

/* The node behind an edge forwards nothing. */
static void
test_return(void **state)
{
	(void)state;
	make(GATEWAY("ipv4 = \"routed\"")
		PEER("allowed = {\"0.0.0.0/0\"}") "return web { address = "
						  "\"10.99.0.1\" via = "
						  "\"node\" }\n");
	assert_false(forwards("net/ipv4/ip_forward"));
	has_not("iifname \"wg-node\" oifname");
}

static void
test_ndp_proxy(void **state)
{
	char name[] = "phone", tunnel[] = "phones";
	struct pd_prefix addresses[2];
	struct gw_client client = {
		.name = name, .tunnel = tunnel, .address = { addresses, 2 }
	};

	(void)state;
	assert_int_equal(pd_prefix_parse(PD_STR("10.77.0.2"), addresses), 0);
	assert_int_equal(
	    pd_prefix_parse(PD_STR("2001:db8:7::2"), addresses + 1), 0);
	h.clients = (struct gw_clients){ .v = &client, .n = 1 };
	make(GATEWAY("ipv6 = \"ndp-proxy\"") PHONES);
	has_not("ipv6 iifname \"wg-phones\" oifname \"eth0\" masquerade");
	assert_non_null(
	    plan_help_step(&h, &gw_kind_neighbour, "address", "2001:db8:7::2"));
	assert_null(
	    plan_help_step(&h, &gw_kind_neighbour, "address", "10.77.0.2"));
	assert_non_null(plan_help_step(
	    &h, &gw_kind_sysctl, "key", "net/ipv6/conf/eth0/proxy_ndp"));
}

/* An island has addresses of its own, and is there to be reached. */
static void
test_sit(void **state)
{
	(void)state;
	make(GATEWAY("ipv6 = \"ndp-proxy\"") ISLAND "}\n");
	has("meta nfproto ipv6 oifname \"six-island\" ct mark set ct mark | "
	    "0x08000000 meta mark set");
	has("ip saddr 198.51.100.2 meta l4proto 41 meta mark set");
	has_not("masquerade");
	has_not("between");
}

static void
test_open(void **state)
{
	(void)state;
	make(GATEWAY("proxy = 8080") PHONES);
	has("\t\tudp dport 51820 meta mark set meta mark | 0x08000000\n");
	has("iifname \"wg-phones\" tcp dport 8080 meta mark set");
	assert_null(plan_help_step(&h, &gw_kind_foreign, "hook", "input"));
	plan_help_free(&h);
	make(GATEWAY("foreign-drop = \"open\"") PHONES NATIVE OLD);
	has("udp dport { 500, 4500 } meta mark set");
	has("meta l4proto 50 meta mark set");
	has("tcp dport 1723 meta mark set");
	assert_non_null(plan_help_step(&h, &gw_kind_foreign, "hook", "input"));
	assert_non_null(
	    plan_help_step(&h, &gw_kind_foreign, "hook", "forward"));
}

static void
test_notes(void **state)
{
	(void)state;
	make(GATEWAY("") PHONES);
	assert_non_null(strstr(h.notes, "there is no IPv6 default route: "
					"clients of tunnel phones are told"));
	plan_help_free(&h);
	make(GATEWAY("ipv6 = \"refuse\"") "tunnel a { type = \"wireguard\" "
					  "address = {\"10.0.0.1/24\"} }\n");
	assert_non_null(strstr(h.notes, "tunnel a has no IPv6 address"));
	plan_help_free(&h);
	make(GATEWAY("ipv6 = \"refuse\"") OLD);
	assert_non_null(strstr(h.notes, "tunnel old carries no IPv6"));
}

/* Words that would end a rule, a line, a string or a comment. */
static const char *const hostile[] = {
	"x; flush ruleset",
	"x\\\" ; flush ruleset; \\\"",
	"x\\nflush ruleset\\n",
	"x\\tflush",
	"x } flush ruleset",
	"x flush",
	"x{flush}",
	"x#flush",
	"x$(flush)",
	"x\\\\",
	"x\\\"flush",
	"x/../flush",
	"*",
	"x,flush",
	"-x",
	"10.0.0.1/24 flush",
	"10.0.0.1/24;flush",
	"::1/64 flush",
	"tcp 80; flush",
	"tcp 80 flush",
	"udp dport 80 flush",
	"\\xc3\\xa9",
	"\\x1b[2J",
};

/* Where a word may stand that comes near a rule; %s is its place. */
static const char *const places[] = {
	"gateway home { uplink = \"%s\" }\n" PHONES,
	"gateway \"%s\" { uplink = \"eth0\" }\n" PHONES,
	GATEWAY("") "tunnel \"%s\" { type = \"wireguard\" address = "
		    "{\"10.0.0.1/24\"} }\n",
	GATEWAY("") "tunnel a { type = \"wireguard\" link = \"%s\" address = "
		    "{\"10.0.0.1/24\"} }\n",
	GATEWAY("") "tunnel a { type = \"wireguard\" address = {\"%s\"} }\n",
	GATEWAY("") "tunnel a { type = \"wireguard\" address = "
		    "{\"10.0.0.1/24\"} allowed = {\"%s\"} peer = \"" KEY
		    "\" }\n",
	GATEWAY("") "tunnel a { type = \"ikev2\" name = \"a.b\" address = "
		    "{\"10.2.0.1/32\"} pool = {\"%s\"} }\n",
	GATEWAY("") "tunnel a { type = \"pptp\" i-know-it-is-broken = true "
		    "address = {\"10.79.0.1/32\"} pool = {\"%s\"} }\n",
	GATEWAY("") "tunnel a { type = \"sit\" local = \"198.51.100.1\" "
		    "remote = \"%s\" address = {\"2001:db8::1/64\"} }\n",
	GATEWAY("") PHONES "limit a { link = \"%s\" match = {\"udp dport "
			   "123\"} over = \"7/minute\" }\n",
	GATEWAY("") PHONES "limit a { link = \"eth0\" match = {\"%s\"} over = "
			   "\"7/minute\" }\n",
	GATEWAY("") PHONES "limit a { link = \"eth0\" match = {\"udp dport "
			   "123\"} over = \"%s\" }\n",
	GATEWAY("") PHONES "limit \"%s\" { link = \"eth0\" match = {\"udp "
			   "dport 123\"} over = \"7/minute\" }\n",
	GATEWAY("") "forward a { port = \"%s\" to = \"10.0.3.2:80\" }\n",
	GATEWAY("") "forward a { port = \"tcp 8080\" to = \"%s\" }\n",
	GATEWAY("")
	    PEER(ALLOWED) "edge a { ports = {\"%s\"} to = \"10.99.0.2\" "
			  "via = \"node\" }\n",
	GATEWAY("")
	    PEER(ALLOWED) "edge a { ports = {\"tcp 80\"} to = \"%s\" via = "
			  "\"node\" }\n",
};

#define NHOSTILE (sizeof(hostile) / sizeof(hostile[0]))
#define NPLACES  (sizeof(places) / sizeof(places[0]))

/* With a good word each place is right, or the test below would show nothing.
 */
static void
test_places(void **state)
{
	static const char *const good[NPLACES] = { "eth0", "home", "a", "wg9",
		"10.0.0.1/24", "10.1.0.0/16", "10.2.0.0/24",
		"10.79.0.2-10.79.0.9", "198.51.100.2", "eth0", "udp dport 53",
		"9/minute", "a", "tcp 80", "10.0.3.2:80", "tcp 443",
		"10.99.0.2" };
	char text[1024];

	(void)state;
	for (size_t i = 0; i < NPLACES; i++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		snprintf(text, sizeof(text), places[i], good[i]);
#pragma GCC diagnostic pop
		make(text);
		assert_true(plan_help_has(&h, "chain"));
		plan_help_free(&h);
	}
}

static void
test_hostile_words(void **state)
{
	char text[1024];

	(void)state;
	for (size_t i = 0; i < NPLACES * NHOSTILE; i++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		snprintf(text, sizeof(text), places[i / NHOSTILE],
		    hostile[i % NHOSTILE]);
#pragma GCC diagnostic pop
		if (plan_help_make(&h, text))
			fail_msg("taken: %s", text);
		plan_help_free(&h);
	}
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_teardown(f, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_nat),
		TEST(test_routed),
		TEST(test_refuse),
		TEST(test_refuse_what_it_has_not),
		TEST(test_pool_guard),
		TEST(test_pptp),
		TEST(test_apart),
		TEST(test_tunnel_as_way_out),
		TEST(test_return),
		TEST(test_ndp_proxy),
		TEST(test_sit),
		TEST(test_open),
		TEST(test_notes),
		TEST(test_places),
		TEST(test_hostile_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
