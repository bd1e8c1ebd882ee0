#include "config.h"

/* cmocka wants these before its own header. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* None of these is taken, nor is any good word with a sign of another
 * language behind it, or a blank around. */
static const char *const never[] = { "", " ", "\n", "\t", "-", ".", "..", "/",
	";", "}", "\"", "'", "$", "`", "\\", "#", "%s", "\x7f", "\xff", "*" };

#define NNEVER (sizeof(never) / sizeof(never[0]))

static void
test_net(void **state)
{
	static const char *const good[][2] = {
		{ "10.77.0.1/24", "10.77.0.1/24" },
		{ "10.77.0.1", "10.77.0.1/32" },
		{ "0.0.0.0/0", "0.0.0.0/0" },
		{ "fd77::1/64", "fd77::1/64" },
		{ "FD77:0::1", "fd77::1/128" },
		{ "::/0", "::/0" },
	};
	static const char *const bad[] = { "10.77.0.1/33", "10.77.0.1/",
		"10.77.0.1/024", "10.77.0.1/-1", "10.77.0.1/24/24",
		"10.77.0/24", "010.0.0.1/24", "10.77.0.1/24 ", " 10.77.0.1/24",
		"fd77::1/129", "fd77::1%eth0/64", "[fd77::1]/64",
		"::ffff:10.0.0.1/120", "::ffff:10.0.0.1", "10.77.0.1/2\x34\n",
		"10.77.0.1/18446744073709551640" };
	char text[GW_NET_TEXT];
	struct gw_net n;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(gw_net_parse(pd_str_z(good[i][0]), &n), 0);
		assert_string_equal(gw_net_text(&n, text), good[i][1]);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(gw_net_parse(pd_str_z(bad[i]), &n), -1);
	for (size_t i = 0; i < NNEVER; i++)
		assert_int_equal(gw_net_parse(pd_str_z(never[i]), &n), -1);
}

static void
test_base(void **state)
{
	static const char *const nets[][2] = {
		{ "10.77.3.255/22", "10.77.0.0/22" },
		{ "10.77.3.255/32", "10.77.3.255/32" },
		{ "255.255.255.255/1", "128.0.0.0/1" },
		{ "255.255.255.255/0", "0.0.0.0/0" },
		{ "fd77:1:2:3:4:5:6:7/65", "fd77:1:2:3::/65" },
		{ "ffff::ffff/127", "ffff::fffe/127" },
	};
	char text[GW_NET_TEXT];
	struct gw_net n, base;
	struct pd_addr a;

	(void)state;
	for (size_t i = 0; i < sizeof(nets) / sizeof(nets[0]); i++) {
		assert_int_equal(gw_net_parse(pd_str_z(nets[i][0]), &n), 0);
		base = gw_net_base(&n);
		assert_string_equal(gw_net_text(&base, text), nets[i][1]);
		assert_true(gw_net_holds(&base, &n.addr));
		assert_true(gw_net_holds(&n, &base.addr));
	}
	assert_int_equal(gw_net_parse(PD_STR("10.77.0.0/23"), &n), 0);
	assert_int_equal(gw_addr_parse(PD_STR("10.77.1.255"), &a), 0);
	assert_true(gw_net_holds(&n, &a));
	assert_int_equal(gw_addr_parse(PD_STR("10.77.2.0"), &a), 0);
	assert_false(gw_net_holds(&n, &a));
	assert_int_equal(gw_addr_parse(PD_STR("fd77::1"), &a), 0);
	assert_false(gw_net_holds(&n, &a));
}

static void
test_port(void **state)
{
	static const char *const bad[] = { "80", "tcp", "tcp ", "tcp 0",
		"tcp 65536", "tcp 080", "tcp  80", " tcp 80", "tcp 80 ",
		"TCP 80", "sctp 80", "tcp 90-80", "tcp 80-", "tcp -80",
		"tcp 80-90-100", "tcp 80,443", "tcp http", "tcp 80;" };
	struct gw_port p;

	(void)state;
	assert_int_equal(gw_port_parse(PD_STR("tcp 80"), &p), 0);
	assert_int_equal(p.protocol, IPPROTO_TCP);
	assert_int_equal(p.lo, 80);
	assert_int_equal(p.hi, 80);
	assert_int_equal(gw_port_parse(PD_STR("udp 1-65535"), &p), 0);
	assert_int_equal(p.protocol, IPPROTO_UDP);
	assert_int_equal(p.lo, 1);
	assert_int_equal(p.hi, 65535);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(gw_port_parse(pd_str_z(bad[i]), &p), -1);
	for (size_t i = 0; i < NNEVER; i++)
		assert_int_equal(gw_port_parse(pd_str_z(never[i]), &p), -1);
}

static void
test_addr_port(void **state)
{
	static const char *const good[][2] = {
		{ "10.0.3.2:80", "10.0.3.2:80" },
		{ "10.0.3.2", "10.0.3.2:0" },
		{ "[fd00::2]:80", "[fd00::2]:80" },
		{ "fd00::2", "[fd00::2]:0" },
		{ "64:ff9b::192.0.2.1", "[64:ff9b::c000:201]:0" },
	};
	static const char *const bad[] = { "10.0.3.2:", "10.0.3.2:0",
		"10.0.3.2:65536", "10.0.3.2:080", "[10.0.3.2]:80", "[fd00::2]",
		"[fd00::2]80", "[fd00::2]:", "fd00::2:99999", "[fd00::2", ":80",
		"[]:80", "a.example:80", "10.0.3.2:80:90",
		"[::ffff:1.2.3.4]:1" };
	char text[PD_ADDR_TEXT];
	struct pd_addr a;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(
		    gw_addr_port_parse(pd_str_z(good[i][0]), &a), 0);
		assert_string_equal(pd_addr_text_port(&a, text), good[i][1]);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(gw_addr_port_parse(pd_str_z(bad[i]), &a), -1);
	for (size_t i = 0; i < NNEVER; i++)
		assert_int_equal(
		    gw_addr_port_parse(pd_str_z(never[i]), &a), -1);
}

static void
test_match(void **state)
{
	static const char *const good[] = { "ip", "ip6", "udp", "ip tcp",
		"icmp", "icmpv6", "ip6 icmpv6", "saddr 10.0.0.1",
		"ip daddr 10.0.0.0/8", "daddr fd77::/64 saddr fd78::1",
		"udp sport 53", "tcp dport 80-90 sport 1024-65535",
		"ip6 udp saddr fd77::/64 daddr fd78::1 sport 1 dport 2" };
	static const char *const bad[] = { "ip ip6", "udp tcp", "udp ip",
		"ip6 icmp", "ip icmpv6", "sport 53", "icmp dport 80", "saddr",
		"saddr 10.0.0.1/33", "ip6 saddr 10.0.0.1", "ip saddr fd77::1",
		"saddr 10.0.0.1 daddr fd77::1", "saddr 1.2.3.4 saddr 1.2.3.4",
		"udp dport 53 dport 54", "udp dport 0", "udp dport 2-1",
		"udp  dport 53", " udp", "udp ", "udp dport 53 ", "UDP",
		"udp dport 53 saddr", "udp dport domain", "esp", "saddr any",
		"udp dport 53 accept", "udp dport { 53 }", "udp; drop",
		"saddr 10.0.0.1;", "icmp saddr fd77::1" };
	struct gw_match m;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		if (gw_match_parse(pd_str_z(good[i]), &m) != 0)
			fail_msg("refused: %s", good[i]);
	}
	/* The last of them. */
	assert_int_equal(m.family, AF_INET6);
	assert_int_equal(m.protocol, IPPROTO_UDP);
	assert_true(m.has_source && m.has_destination);
	assert_int_equal(m.source.len, 64);
	assert_int_equal(m.destination.len, 128);
	assert_int_equal(m.sport_lo, 1);
	assert_int_equal(m.dport_hi, 2);
	assert_int_equal(gw_match_parse(PD_STR("saddr 10.0.0.1/8"), &m), 0);
	assert_int_equal(m.family, AF_INET);
	assert_int_equal(m.source.addr.ip[3], 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (gw_match_parse(pd_str_z(bad[i]), &m) != -1)
			fail_msg("taken: %s", bad[i]);
	}
	for (size_t i = 0; i < NNEVER; i++)
		assert_int_equal(gw_match_parse(pd_str_z(never[i]), &m), -1);
}

static void
test_rate(void **state)
{
	static const struct {
		const char *text;
		uint64_t rate;
	} good[] = {
		{ "20mbit", 20000000 },
		{ "512kbit", 512000 },
		{ "8000bit", 8000 },
		{ "1gbit", 1000000000 },
		{ "1000gbit", UINT64_C(1000000000000) },
	};
	static const char *const bad[] = { "20", "20m", "20Mbit", "20 mbit",
		"20mbps", "0mbit", "020mbit", "7999bit", "1001gbit", "mbit",
		"1.5mbit", "-1mbit", "20mbit ", "18446744073709551616bit",
		"9223372036854775807gbit", "20mbit;" };
	uint64_t rate;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(
		    gw_rate_parse(pd_str_z(good[i].text), &rate), 0);
		assert_true(rate == good[i].rate);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(gw_rate_parse(pd_str_z(bad[i]), &rate), -1);
	for (size_t i = 0; i < NNEVER; i++)
		assert_int_equal(gw_rate_parse(pd_str_z(never[i]), &rate), -1);
}

/* A good word with a sign behind it is none, for whatever it was good. */
static void
expect_no_tail(bool (*is)(const char *s), const char *good)
{
	char word[80];

	assert_true(is(good));
	for (size_t i = 0; i < NNEVER; i++) {
		assert_false(is(never[i]));
		/* Ends that names may have. */
		if (never[i][0] == '\0' || strspn(never[i], "-.") > 0)
			continue;
		snprintf(word, sizeof(word), "%s%s", good, never[i]);
		assert_false(is(word));
		snprintf(word, sizeof(word), "%s%s", never[i], good);
		assert_false(is(word));
	}
}

static void
test_names(void **state)
{
	(void)state;
	assert_true(gw_is_name("a-B_9.x", 7));
	assert_true(gw_is_name("9", 1));
	assert_false(gw_is_name("ab", 1));
	assert_false(gw_is_name("", 5));
	assert_false(gw_is_name("-a", 5));
	assert_false(gw_is_name(".a", 5));
	assert_false(gw_is_name("_a", 5));
	assert_false(gw_is_name("a/b", 5));
	assert_false(gw_is_name("\xc3\xa4", 5));
	expect_no_tail(gw_is_link, "eth0.100");
	assert_true(gw_is_link("a23456789012345"));
	assert_false(gw_is_link("a234567890123456"));
	assert_false(gw_is_link("all"));
	assert_false(gw_is_link("default"));
	assert_false(gw_is_link("ppp*"));
	assert_false(gw_is_link("eth0@if3"));
}

static void
test_hosts(void **state)
{
	char label[] =
	    "a23456789012345678901234567890123456789012345678901234567890123x";

	(void)state;
	expect_no_tail(gw_is_host, "vpn.example.org");
	assert_true(gw_is_host("localhost"));
	assert_true(gw_is_host("192.0.2.1"));
	assert_true(gw_is_host("2001:db8::1"));
	assert_true(gw_is_host("xn--bcher-kva.example"));
	assert_true(gw_is_host("3com.example"));
	assert_false(gw_is_host("192.0.2.256"));
	assert_false(gw_is_host("192.0.2"));
	assert_false(gw_is_host("a..b"));
	assert_false(gw_is_host("a."));
	assert_false(gw_is_host("-a.example"));
	assert_false(gw_is_host("a-.example"));
	assert_false(gw_is_host("a_b.example"));
	assert_false(gw_is_host("[2001:db8::1]"));
	assert_false(gw_is_host("a.example:80"));
	assert_false(gw_is_host("::ffff:192.0.2.1"));
	assert_false(gw_is_host(label));
	label[63] = '\0';
	assert_true(gw_is_host(label));

	expect_no_tail(gw_is_endpoint, "vpn.example.org:51820");
	assert_true(gw_is_endpoint("203.0.113.1:1"));
	assert_true(gw_is_endpoint("[2001:db8::1]:65535"));
	assert_false(gw_is_endpoint("vpn.example.org"));
	assert_false(gw_is_endpoint("vpn.example.org:"));
	assert_false(gw_is_endpoint("vpn.example.org:0"));
	assert_false(gw_is_endpoint("vpn.example.org:65536"));
	assert_false(gw_is_endpoint("2001:db8::1:51820"));
	assert_false(gw_is_endpoint("203.0.113.1"));
	assert_false(gw_is_endpoint("a b:80"));
	assert_false(gw_is_endpoint(":80"));
}

static void
test_keys(void **state)
{
	(void)state;
	expect_no_tail(
	    gw_is_key, "mF8d5yNZLzGd+mKXcLyiVSRkP1Hx8O6sQ0eE1xFHJwA=");
	/* Bits that no byte has. */
	assert_false(gw_is_key("mF8d5yNZLzGd+mKXcLyiVSRkP1Hx8O6sQ0eE1xFHJwB="));
	assert_false(gw_is_key("mF8d5yNZLzGd+mKXcLyiVSRkP1Hx8O6sQ0eE1xFHJw=="));
	assert_false(gw_is_key("mF8d5yNZLzGd-mKXcLyiVSRkP1Hx8O6sQ0eE1xFHJwA="));
	assert_false(gw_is_key("mF8d5yNZLzGd+mKXcLyiVSRkP1Hx8O6sQ0eE1xFHJwAA"));
	assert_false(gw_is_key("mF8d5yNZLzGd+mKXcLyiVSRkP1Hx8O6sQ0eE1xFHJwA"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_net),
		cmocka_unit_test(test_base),
		cmocka_unit_test(test_port),
		cmocka_unit_test(test_addr_port),
		cmocka_unit_test(test_match),
		cmocka_unit_test(test_rate),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_hosts),
		cmocka_unit_test(test_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
