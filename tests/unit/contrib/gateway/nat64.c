/* NAT64: the files for tayga and radvd, routes, rules. */
#include "plan_help.h"

#define HEAD(ipv6)                                                 \
	"gateway six { uplink = \"eth0\" intercept = \"no\" ipv6 " \
	"= \"" ipv6 "\" }\n"
#define NAT64(prefix, more)                                            \
	"nat64 { prefix = \"" prefix "\" pool = \"192.168.255.0/24\" " \
	"link = \"lan6\" lan = \"2001:db8:77::1/64\" " more " }\n"
#define OWN "2001:db8:64::/96"

#define RUN "/run/pared-gateway/gateway-six/"

static const char *
file(const struct plan_help *h, const char *path)
{
	const struct gw_step *s =
	    plan_help_step(h, &gw_kind_file, "path", path);

	return s != NULL ? s->text : "";
}

static bool
has_daemon(const struct plan_help *h, const char *name)
{
	return plan_help_step(h, &gw_kind_daemon, "name", name) != NULL;
}

static void
test_whole(void **state)
{
	struct plan_help h = { .facts = { .ipv6_default = true } };
	const struct gw_step *s;

	(void)state;
	assert_true(plan_help_make(&h, HEAD("routed") NAT64(OWN, "")));
	assert_string_equal(file(&h, RUN "tayga.conf"),
	    "tun-device nat64\n"
	    "ipv4-addr 192.168.255.1\n"
	    "prefix 2001:db8:64::/96\n"
	    "dynamic-pool 192.168.255.0/24\n");
	assert_string_equal(file(&h, RUN "radvd/radvd.conf"),
	    "interface lan6 {\n"
	    "\tAdvSendAdvert on;\n"
	    "\tMinRtrAdvInterval 30;\n"
	    "\tMaxRtrAdvInterval 100;\n"
	    "\tprefix 2001:db8:77::/64 { };\n"
	    "\tRDNSS 2001:db8:77::1 { };\n"
	    "};\n");
	assert_non_null(
	    plan_help_step(&h, &gw_kind_route, "dst", "192.168.255.0/24"));
	assert_non_null(plan_help_step(&h, &gw_kind_route, "dst", OWN));
	assert_non_null(plan_help_step(
	    &h, &gw_kind_address, "address", "2001:db8:77::1/64"));
	s = plan_help_step(
	    &h, &gw_kind_sysctl, "key", "net/ipv6/conf/lan6/accept_ra");
	assert_non_null(s);
	assert_string_equal(gw_step_need(s, "value"), "0");
	assert_true(plan_help_has(
	    &h, "ip saddr 192.168.255.0/24 oifname \"eth0\" masquerade"));
	assert_true(plan_help_has(&h, "maxseg size set rt mtu"));
	assert_false(plan_help_has(&h, "ip6 saddr"));
	assert_string_equal(h.notes, "");
	plan_help_free(&h);
}

/* A private address of tayga's must not stand in the well-known prefix. */
static void
test_well_known(void **state)
{
	struct plan_help h = { .facts = { .ipv6_default = true } };

	(void)state;
	assert_true(
	    plan_help_make(&h, HEAD("routed") NAT64("64:ff9b::/96", "")));
	assert_non_null(strstr(file(&h, RUN "tayga.conf"),
	    "ipv6-addr 2001:db8:77:0:64:ff9b:0:1\n"));
	assert_non_null(plan_help_step(
	    &h, &gw_kind_route, "dst", "2001:db8:77:0:64:ff9b:0:1/128"));
	assert_non_null(strstr(h.notes, "public addresses alone"));
	plan_help_free(&h);
}

static void
test_leave(void **state)
{
	struct plan_help h = { 0 };

	(void)state;
	assert_true(plan_help_make(&h, HEAD("nat") NAT64(OWN, "")));
	assert_true(plan_help_has(
	    &h, "ip6 saddr 2001:db8:77::/64 oifname \"eth0\" masquerade"));
	assert_non_null(strstr(h.notes, "no way out by IPv6"));
	plan_help_free(&h);
	assert_true(plan_help_make(&h, HEAD("refuse") NAT64(OWN, "")));
	assert_true(plan_help_has(&h,
	    "iifname \"lan6\" meta nfproto ipv6 oifname != \"nat64\" reject "
	    "with icmpv6 admin-prohibited"));
	plan_help_free(&h);
}

static void
test_parts(void **state)
{
	struct plan_help h = { 0 };

	(void)state;
	assert_true(plan_help_make(&h,
	    HEAD("routed") NAT64(OWN, "advertise = false resolve = false")));
	assert_false(has_daemon(&h, "radvd"));
	assert_false(has_daemon(&h, "unbound64"));
	assert_true(has_daemon(&h, "tayga"));
	plan_help_free(&h);
	assert_true(
	    plan_help_make(&h, HEAD("routed") NAT64(OWN, "resolve = false")));
	assert_null(strstr(file(&h, RUN "radvd/radvd.conf"), "RDNSS"));
	plan_help_free(&h);
}

/* A narrow uplink's MTU, but never less than IPv6 needs. */
static void
test_mtu(void **state)
{
	static const struct {
		unsigned uplink;
		const char *tun;
	} v[] = { { 0, "1500" }, { 9000, "1500" }, { 1420, "1420" },
		{ 1000, "1280" } };

	(void)state;
	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		struct plan_help h = { .facts = { .uplink_mtu = v[i].uplink } };
		const struct gw_step *s;

		assert_true(plan_help_make(&h, HEAD("routed") NAT64(OWN, "")));
		s = plan_help_step(&h, &gw_kind_link, "name", "nat64");
		assert_non_null(s);
		assert_string_equal(gw_step_need(s, "mtu"), v[i].tun);
		plan_help_free(&h);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole),
		cmocka_unit_test(test_well_known),
		cmocka_unit_test(test_leave),
		cmocka_unit_test(test_parts),
		cmocka_unit_test(test_mtu),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
