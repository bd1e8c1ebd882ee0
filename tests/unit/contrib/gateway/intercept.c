/* Which web connections are led into pared, and by what. */
#include "plan_help.h"

#define GATEWAY(more) "gateway home { uplink = \"eth0\" " more " }\n"
#define PHONES                                  \
	"tunnel phones { type = \"wireguard\" " \
	"address = {\"10.77.0.1/24\", \"fd77::1/64\"} }\n"

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
test_off(void **state)
{
	(void)state;
	make(GATEWAY("") PHONES);
	assert_false(plan_help_has(&h, "dstnat"));
	assert_false(plan_help_has(&h, "3129"));
	assert_false(plan_help_has(&h, "dport 443"));
}

static void
test_redirect(void **state)
{
	(void)state;
	make(GATEWAY("intercept = \"redirect\" intercept-port = 3130 "
		     "foreign-drop = \"open\"") PHONES);
	has("meta nfproto ipv4 iifname \"wg-phones\" fib daddr type != local "
	    "tcp dport { 80, 443 } redirect to :3130\n");
	has("meta nfproto ipv6 iifname \"wg-phones\" fib daddr type != local "
	    "tcp dport { 80, 443 } redirect to :3130\n");
	has("meta nfproto ipv6 iifname \"wg-phones\" udp dport 443 reject\n");
	has("iifname != \"lo\" fib daddr type local tcp dport 3130 reject "
	    "with tcp reset\n");
	has("iifname \"wg-phones\" tcp dport 3130 meta mark set");
	assert_null(plan_help_step(&h, &gw_kind_route, "type", "local"));
}

/* charon's link has no address that "redirect" could take. */
static void
test_redirect_ikev2(void **state)
{
	(void)state;
	make(GATEWAY("intercept = \"redirect\"") "tunnel native { type = "
						 "\"ikev2\" name = "
						 "\"vpn.example.org\" "
						 "address = {\"10.78.0.1/32\", "
						 "\"fd78::1/128\"} pool = "
						 "{\"10.78.1.0/24\", "
						 "\"fd78:0:0:1::/112\"} }\n");
	has("ip saddr 10.78.1.0/24 fib daddr type != local tcp dport { 80, 443 "
	    "} dnat ip to 10.78.0.1:3129\n");
	has("ip6 saddr fd78:0:0:1::/112 fib daddr type != local tcp dport { "
	    "80, 443 } dnat ip6 to [fd78::1]:3129\n");
	assert_false(plan_help_has(&h, "redirect"));
}

static void
test_tproxy(void **state)
{
	const struct gw_step *route, *rule;

	(void)state;
	make(GATEWAY("intercept = \"tproxy\"") PHONES);
	has("meta nfproto ipv6 iifname \"wg-phones\" fib daddr type != local "
	    "tcp dport { 80, 443 } tproxy ip6 to :3129 meta mark set meta "
	    "mark & 0xf80fffff | 0x07700000 accept\n");
	assert_false(plan_help_has(&h, "redirect"));
	/* What no socket took. */
	has("accept\n"
	    "\t\tmeta nfproto ipv4 iifname \"wg-phones\" fib daddr type != "
	    "local tcp dport { 80, 443 } reject with tcp reset\n"
	    "\t\tmeta nfproto ipv6 iifname \"wg-phones\" fib daddr type != "
	    "local tcp dport { 80, 443 } reject with tcp reset\n");
	for (int v6 = 0; v6 < 2; v6++) {
		route = plan_help_step(
		    &h, &gw_kind_route, "dst", v6 ? "::/0" : "0.0.0.0/0");
		assert_non_null(route);
		assert_string_equal(gw_step_need(route, "type"), "local");
		assert_string_equal(gw_step_need(route, "dev"), "lo");
		rule = plan_help_step(
		    &h, &gw_kind_rule, "family", v6 ? "inet6" : "inet");
		assert_non_null(rule);
		assert_string_equal(
		    gw_step_need(rule, "fwmark"), "0x07700000/0x07f00000");
		assert_string_equal(
		    gw_step_need(rule, "table"), gw_step_need(route, "table"));
	}
}

/* Where IPv6 is off, lo takes no route of it. */
static void
test_tproxy_one_family(void **state)
{
	(void)state;
	make(GATEWAY(
	    "intercept = \"tproxy\"") "tunnel phones { type = \"wireguard\" "
				      "address = {\"10.77.0.1/24\"} }\n");
	assert_non_null(plan_help_step(&h, &gw_kind_route, "dst", "0.0.0.0/0"));
	assert_null(plan_help_step(&h, &gw_kind_route, "dst", "::/0"));
	assert_null(plan_help_step(&h, &gw_kind_rule, "family", "inet6"));
}

static void
test_ports(void **state)
{
	(void)state;
	make(GATEWAY("intercept = \"redirect\" "
		     "intercept-ports = {\"80\", \"8000-8010\"}") PHONES);
	has("tcp dport { 80, 8000-8010 } redirect");
	/* Nothing that QUIC could get around. */
	assert_false(plan_help_has(&h, "udp dport 443"));
}

static void
test_quic_may_pass(void **state)
{
	(void)state;
	make(GATEWAY("intercept = \"redirect\" block-quic = false") PHONES);
	assert_false(plan_help_has(&h, "udp dport 443"));
}

/* Our own way out has no clients. */
static void
test_way_out(void **state)
{
	(void)state;
	make(GATEWAY("intercept = \"redirect\"") "tunnel up { type = \"sit\" "
						 "local = \"198.51.100.2\" "
						 "remote = \"198.51.100.1\" "
						 "address = "
						 "{\"2001:db8::3/127\"} "
						 "default-route = true }\n");
	assert_false(plan_help_has(&h, "redirect"));
}

static void
test_notes(void **state)
{
	(void)state;
	make(GATEWAY("intercept = \"redirect\"") PHONES);
	assert_null(strstr(h.notes, "OnlyFrom"));
	plan_help_free(&h);
	make(GATEWAY("intercept = \"redirect\"") "tunnel a { type = "
						 "\"wireguard\" address = "
						 "{\"10.0.0.1/24\", "
						 "\"2001:db8:7::1/64\"} }\n");
	assert_non_null(strstr(h.notes, "add 2001:db8:7::/64 to its OnlyFrom"));
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_teardown(f, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_off),
		TEST(test_redirect),
		TEST(test_redirect_ikev2),
		TEST(test_tproxy),
		TEST(test_tproxy_one_family),
		TEST(test_ports),
		TEST(test_quic_may_pass),
		TEST(test_way_out),
		TEST(test_notes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
