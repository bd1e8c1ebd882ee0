/* 6in4: what each half's plan has, from its configuration. */
#include "plan_help.h"

#define SERVER                                                     \
	"gateway island { uplink = \"eth0\" intercept = \"no\" "   \
	"ipv6 = \"ndp-proxy\" }\n"                                 \
	"tunnel island { type = \"sit\" local = \"198.51.100.1\" " \
	"remote = \"198.51.100.2\" address = {\"2001:db8:1::2/127\"} "
#define CLIENT                                                            \
	"gateway islander { uplink = \"eth0\" intercept = \"no\" }\n"     \
	"tunnel home { type = \"sit\" local = \"198.51.100.2\" remote = " \
	"\"198.51.100.1\" "                                               \
	"address = {\"2001:db8:1::3/127\"} default-route = true }"

static struct plan_help h;

static int
teardown(void **state)
{
	(void)state;
	plan_help_free(&h);
	return 0;
}

static const struct gw_step *
link_step(const char *name)
{
	const struct gw_step *s =
	    plan_help_step(&h, &gw_kind_link, "name", name);

	assert_non_null(s);
	return s;
}

static void
server(void **state)
{
	const struct gw_step *s;

	(void)state;
	assert_true(
	    plan_help_make(&h, SERVER "ndp-proxy = {\"2001:db8:1::3\"} }"));
	assert_non_null(plan_help_step(&h, &gw_kind_module, "name", "sit"));
	s = link_step("six-island");
	assert_string_equal(gw_step_need(s, "kind"), "sit");
	assert_string_equal(gw_step_need(s, "local"), "198.51.100.1");
	assert_string_equal(gw_step_need(s, "remote"), "198.51.100.2");
	assert_string_equal(gw_step_need(s, "mtu"), "1480");
	s = plan_help_step(
	    &h, &gw_kind_address, "address", "2001:db8:1::2/127");
	assert_non_null(s);
	assert_string_equal(gw_step_need(s, "dev"), "six-island");
	assert_non_null(gw_step_get(s, "nodad"));
	s = plan_help_step(&h, &gw_kind_neighbour, "address", "2001:db8:1::3");
	assert_non_null(s);
	assert_string_equal(gw_step_need(s, "dev"), "eth0");
	assert_non_null(plan_help_step(
	    &h, &gw_kind_sysctl, "key", "net/ipv6/conf/eth0/proxy_ndp"));
	assert_non_null(plan_help_step(
	    &h, &gw_kind_sysctl, "key", "net/ipv6/conf/all/forwarding"));
	/* The neighbour is in the tunnel's own network. */
	assert_null(plan_help_step(&h, &gw_kind_route, "dev", "six-island"));
}

/* One that we answer for, and that is not in the tunnel's network, needs a way
 * in. */
static void
server_further(void **state)
{
	const struct gw_step *s;

	(void)state;
	assert_true(
	    plan_help_make(&h, SERVER "ndp-proxy = {\"2001:db8:1::9\"} }"));
	s = plan_help_step(&h, &gw_kind_route, "dst", "2001:db8:1::9/128");
	assert_non_null(s);
	assert_string_equal(gw_step_need(s, "dev"), "six-island");
	assert_string_equal(gw_step_need(s, "table"), "main");
}

static void
client(void **state)
{
	const struct gw_step *s;

	(void)state;
	assert_true(plan_help_make(&h, CLIENT));
	assert_string_equal(
	    gw_step_need(link_step("six-home"), "local"), "198.51.100.2");
	s = plan_help_step(&h, &gw_kind_route, "dst", "default");
	assert_non_null(s);
	assert_string_equal(gw_step_need(s, "family"), "inet6");
	assert_string_equal(gw_step_need(s, "dev"), "six-home");
	assert_string_equal(gw_step_need(s, "table"), "main");
	/* It goes before what routers advertise. */
	assert_string_equal(gw_step_need(s, "metric"), "64");
	/* No rules: outer packets are IPv4 and cannot loop. */
	assert_null(plan_help_step(&h, &gw_kind_rule, "family", "inet6"));
	assert_null(plan_help_step(
	    &h, &gw_kind_sysctl, "key", "net/ipv6/conf/all/forwarding"));
}

static void
mtu(void **state)
{
	static const struct {
		unsigned uplink;
		const char *mtu;
	} rows[] = {
		{ 0, "1480" },
		{ 1500, "1480" },
		{ 9000, "1480" },
		{ 1492, "1472" },
		{ 1300, "1280" },
		{ 576, "1280" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		h = (struct plan_help){ .facts = {
					    .uplink_mtu = rows[i].uplink } };
		assert_true(plan_help_make(&h, CLIENT));
		assert_string_equal(
		    gw_step_need(link_step("six-home"), "mtu"), rows[i].mtu);
		plan_help_free(&h);
	}
}

/* What is said counts. */
static void
mtu_said(void **state)
{
	(void)state;
	assert_true(plan_help_make(&h, SERVER "mtu = 1400 }"));
	assert_string_equal(
	    gw_step_need(link_step("six-island"), "mtu"), "1400");
}

#define WORLD                                                     \
	"gateway six { uplink = \"eth0\" intercept = \"no\" }\n"  \
	"tunnel world { type = \"sit\" remote = \"any\" local = " \
	"\"198.51.100.1\" "
#define PHONES                                  \
	"tunnel phones { type = \"wireguard\" " \
	"address = {\"10.77.0.1/24\", \"2002:c633:6401:1::1/64\"} }\n"

static void
six_to_four(void **state)
{
	const struct gw_step *s;

	(void)state;
	assert_true(plan_help_make(&h, WORLD "}\n" PHONES));
	assert_null(gw_step_get(link_step("six-world"), "remote"));
	s = plan_help_step(
	    &h, &gw_kind_address, "address", "2002:c633:6401::1/128");
	assert_non_null(s);
	assert_string_equal(gw_step_need(s, "dev"), "six-world");
	s = plan_help_step(&h, &gw_kind_route, "dst", "2002::/16");
	assert_non_null(s);
	assert_string_equal(gw_step_need(s, "dev"), "six-world");
	s = plan_help_step(&h, &gw_kind_route, "dst", "2002:c633:6401::/48");
	assert_non_null(s);
	assert_string_equal(gw_step_need(s, "type"), "unreachable");
	assert_null(plan_help_step(&h, &gw_kind_route, "dst", "default"));
	/* A way out: clients may take it, and nobody comes in by it who would
	 * be sent on to elsewhere. */
	assert_true(plan_help_has(&h,
	    "meta nfproto ipv6 iifname \"wg-phones\" oifname { \"eth0\", "
	    "\"six-world\" } masquerade\n"));
	assert_true(plan_help_has(&h,
	    "meta nfproto ipv4 iifname \"wg-phones\" oifname \"eth0\" "
	    "masquerade\n"));
	assert_false(plan_help_has(&h, "iifname \"six-world\" oifname"));
	assert_true(plan_help_has(&h,
	    "iifname \"six-world\" ip6 daddr != 2002:c633:6401::/48 drop\n"));
	assert_true(plan_help_has(
	    &h, "iifname \"six-world\" ip6 saddr != 2002::/16 drop\n"));
	assert_true(plan_help_has(
	    &h, "ip daddr 198.51.100.1 meta l4proto 41 meta mark set"));
}

static void
relay(void **state)
{
	const struct gw_step *s;

	(void)state;
	assert_true(plan_help_make(
	    &h, WORLD "relay = \"192.0.2.1\" default-route = true }\n"));
	s = plan_help_step(&h, &gw_kind_route, "dst", "default");
	assert_non_null(s);
	assert_string_equal(gw_step_need(s, "via"), "::192.0.2.1");
	assert_string_equal(gw_step_need(s, "dev"), "six-world");
	/* Through it answers of the whole world come. */
	assert_false(plan_help_has(&h, "saddr != 2002::/16"));
	assert_string_equal(h.notes, "");
}

/* Only what bears an address of its network goes by the relay. */
static void
relay_by_source(void **state)
{
	const struct gw_step *s;

	(void)state;
	assert_true(plan_help_make(&h,
	    WORLD "relay = \"192.0.2.1\" }\n"
		  "uplink old { prefix = \"2002:c633:6401::/48\" "
		  "link = \"world\" }"));
	s = plan_help_step(&h, &gw_kind_route, "dst", "default");
	assert_non_null(s);
	assert_string_equal(gw_step_need(s, "via"), "::192.0.2.1");
	assert_string_equal(gw_step_need(s, "table"), "11900");
}

/* What does not work is told. */
static void
six_to_four_notes(void **state)
{
	(void)state;
	assert_true(plan_help_make(&h,
	    "gateway six { uplink = \"eth0\" intercept = \"no\" }\n"
	    "tunnel world { type = \"sit\" remote = \"any\" "
	    "local = \"10.0.0.1\" relay = \"192.88.99.1\" }"));
	assert_non_null(strstr(h.notes, "10.0.0.1 is a private address"));
	assert_non_null(strstr(h.notes, "RFC 7526"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(server, teardown),
		cmocka_unit_test_teardown(server_further, teardown),
		cmocka_unit_test_teardown(client, teardown),
		cmocka_unit_test_teardown(mtu, teardown),
		cmocka_unit_test_teardown(mtu_said, teardown),
		cmocka_unit_test_teardown(six_to_four, teardown),
		cmocka_unit_test_teardown(relay, teardown),
		cmocka_unit_test_teardown(relay_by_source, teardown),
		cmocka_unit_test_teardown(six_to_four_notes, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
