/*
 * Addresses: what is read as one, what it hides, what kind of place it is.
 */
#include "base/addr.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct pd_addr
addr(const char *text)
{
	struct pd_addr a;

	if (pd_addr_parse(pd_str_z(text), &a) != 0)
		fail_msg("not an address: %s", text);
	return a;
}

static struct pd_prefix
prefix(const char *text)
{
	struct pd_prefix p;

	if (pd_prefix_parse(pd_str_z(text), &p) != 0)
		fail_msg("not a prefix: %s", text);
	return p;
}

static void
strict_literals_round_trip(void **state)
{
	static const char *const good[] = {
		"0.0.0.0",
		"127.0.0.1",
		"255.255.255.255",
		"10.20.30.40",
		"::",
		"::1",
		"2001:db8::1",
		"fe80::1:2:3:4",
		"1:2:3:4:5:6:7:8",
		"::ffff:192.0.2.1",
	};
	char buf[PD_ADDR_TEXT];

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct pd_addr a = addr(good[i]);

		assert_string_equal(pd_addr_text(&a, buf), good[i]);
		assert_int_equal(a.port, 0);
	}
}

static void
strict_refuses_other_spellings(void **state)
{
	static const char *const bad[] = {
		"",
		"1",
		"127.1",
		"127.0.1",
		"127.0.0.1.",
		".127.0.0.1",
		"127.0.0..1",
		"127.0.0.01",
		"0177.0.0.1",
		"00.0.0.0",
		"0x7f.0.0.1",
		"256.0.0.1",
		"1000.0.0.1",
		" 127.0.0.1",
		"127.0.0.1 ",
		"127.0.0.1/8",
		"127.0.0.-1",
		"+1.0.0.1",
		"[::1]",
		"::1%lo",
		"::1%1",
		":::",
		"1::2::3",
		"12345::",
		"1:2:3:4:5:6:7:8:9",
		"1:2:3:4:5:6:7",
		"::ffff:127.1",
		"::ffff:1.2.3.04",
		"g::",
		"0000000000000000000000000000000000000000000000000000001::1",
	};
	struct pd_addr a;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (pd_addr_parse(pd_str_z(bad[i]), &a) == 0)
			fail_msg("taken for an address: \"%s\"", bad[i]);
	}
	assert_int_equal(pd_addr_parse(pd_str_of("127.0.0.1\0", 10), &a), -1);
	assert_int_equal(pd_addr_parse(pd_str_of("::1\0", 4), &a), -1);
	/* A slice ends where it ends. */
	assert_int_equal(pd_addr_parse(pd_str_of("10.0.0.123", 8), &a), 0);
	assert_int_equal(a.ip[3], 1);
}

static void
lax_reads_what_browsers_read(void **state)
{
	static const struct {
		const char *text, *meant; /* NULL: nothing */
	} rows[] = {
		{ "127.0.0.1", "127.0.0.1" },
		{ "127.0.0.1.", "127.0.0.1" },
		{ "127.1", "127.0.0.1" },
		{ "127.0.1", "127.0.0.1" },
		{ "2130706433", "127.0.0.1" },
		{ "0x7f000001", "127.0.0.1" },
		{ "0X7F.1", "127.0.0.1" },
		{ "017700000001", "127.0.0.1" },
		{ "0177.0.0.01", "127.0.0.1" },
		{ "0x7f.0x0.0x0.0x1", "127.0.0.1" },
		{ "00000000000000000177.1", "127.0.0.1" },
		{ "0x00000000000000007f.1", "127.0.0.1" },
		{ "10.65535", "10.0.255.255" },
		{ "10.16777215", "10.255.255.255" },
		{ "1.2.65535", "1.2.255.255" },
		{ "0", "0.0.0.0" },
		{ "0x", "0.0.0.0" },
		{ "4294967295", "255.255.255.255" },
		{ "4294967296", NULL },
		{ "99999999999999999999999999", NULL },
		{ "10.16777216", NULL },
		{ "1.2.65536", NULL },
		{ "1.2.3.256", NULL },
		{ "256.1", NULL },
		{ "1.2.3.4.5", NULL },
		{ "1.2.3.4..", NULL },
		{ "1..2", NULL },
		{ "", NULL },
		{ ".", NULL },
		{ "..", NULL },
		{ "08", NULL },
		{ "0xg", NULL },
		{ "a", NULL },
		{ "ff", NULL },
		{ "-1", NULL },
		{ " 1", NULL },
		{ "1 ", NULL },
		{ "::1", NULL },
		{ "1e3", NULL },
	};
	char buf[PD_ADDR_TEXT];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct pd_addr a;
		int err = pd_addr_parse_lax(pd_str_z(rows[i].text), &a);

		if ((err == 0) != (rows[i].meant != NULL))
			fail_msg("\"%s\" gave %d", rows[i].text, err);
		if (err == 0)
			assert_string_equal(
			    pd_addr_text(&a, buf), rows[i].meant);
	}
}

static void
kinds_follow_the_registries(void **state)
{
	/* First, last and the neighbours of each range. */
	static const struct {
		const char *text;
		enum pd_addr_kind kind;
	} rows[] = {
		{ "0.0.0.0", PD_ADDR_UNSPECIFIED },
		{ "0.255.255.255", PD_ADDR_UNSPECIFIED },
		{ "1.0.0.0", PD_ADDR_PUBLIC },
		{ "9.255.255.255", PD_ADDR_PUBLIC },
		{ "10.0.0.0", PD_ADDR_PRIVATE },
		{ "10.255.255.255", PD_ADDR_PRIVATE },
		{ "11.0.0.0", PD_ADDR_PUBLIC },
		{ "100.63.255.255", PD_ADDR_PUBLIC },
		{ "100.64.0.0", PD_ADDR_PRIVATE },
		{ "100.127.255.255", PD_ADDR_PRIVATE },
		{ "100.128.0.0", PD_ADDR_PUBLIC },
		{ "126.255.255.255", PD_ADDR_PUBLIC },
		{ "127.0.0.0", PD_ADDR_LOOPBACK },
		{ "127.255.255.255", PD_ADDR_LOOPBACK },
		{ "128.0.0.0", PD_ADDR_PUBLIC },
		{ "168.63.129.15", PD_ADDR_PUBLIC },
		{ "168.63.129.16", PD_ADDR_LINK_LOCAL },
		{ "169.253.255.255", PD_ADDR_PUBLIC },
		{ "169.254.0.0", PD_ADDR_LINK_LOCAL },
		{ "169.254.169.254", PD_ADDR_LINK_LOCAL },
		{ "169.255.0.0", PD_ADDR_PUBLIC },
		{ "172.15.255.255", PD_ADDR_PUBLIC },
		{ "172.16.0.0", PD_ADDR_PRIVATE },
		{ "172.31.255.255", PD_ADDR_PRIVATE },
		{ "172.32.0.0", PD_ADDR_PUBLIC },
		{ "192.0.0.0", PD_ADDR_RESERVED },
		{ "192.0.0.192", PD_ADDR_RESERVED },
		{ "192.0.1.0", PD_ADDR_PUBLIC },
		{ "192.0.2.255", PD_ADDR_RESERVED },
		{ "192.0.3.0", PD_ADDR_PUBLIC },
		{ "192.88.99.1", PD_ADDR_RESERVED },
		{ "192.167.255.255", PD_ADDR_PUBLIC },
		{ "192.168.0.0", PD_ADDR_PRIVATE },
		{ "192.169.0.0", PD_ADDR_PUBLIC },
		{ "198.17.255.255", PD_ADDR_PUBLIC },
		{ "198.18.0.0", PD_ADDR_RESERVED },
		{ "198.19.255.255", PD_ADDR_RESERVED },
		{ "198.20.0.0", PD_ADDR_PUBLIC },
		{ "198.51.100.7", PD_ADDR_RESERVED },
		{ "203.0.113.7", PD_ADDR_RESERVED },
		{ "223.255.255.255", PD_ADDR_PUBLIC },
		{ "224.0.0.1", PD_ADDR_MULTICAST },
		{ "239.255.255.255", PD_ADDR_MULTICAST },
		{ "240.0.0.0", PD_ADDR_RESERVED },
		{ "255.255.255.255", PD_ADDR_RESERVED },

		{ "::", PD_ADDR_UNSPECIFIED },
		{ "::1", PD_ADDR_LOOPBACK },
		{ "::2", PD_ADDR_UNSPECIFIED }, /* compatible, 0.0.0.2 */
		{ "::127.0.0.1", PD_ADDR_LOOPBACK },
		{ "::8.8.8.8", PD_ADDR_RESERVED },
		{ "::ffff:8.8.8.8", PD_ADDR_PUBLIC },
		{ "::ffff:127.0.0.1", PD_ADDR_LOOPBACK },
		{ "::ffff:169.254.169.254", PD_ADDR_LINK_LOCAL },
		{ "::ffff:0:8.8.8.8", PD_ADDR_RESERVED },
		{ "64:ff9b::8.8.8.8", PD_ADDR_PUBLIC },
		{ "64:ff9b::10.0.0.1", PD_ADDR_PRIVATE },
		{ "64:ff9b::127.0.0.1", PD_ADDR_LOOPBACK },
		{ "64:ff9b:0:1::1", PD_ADDR_RESERVED },
		{ "64:ff9b:1::8.8.8.8", PD_ADDR_PRIVATE },
		{ "64:ff9b:1:ffff::1", PD_ADDR_UNSPECIFIED },
		{ "64:ff9b:2::1", PD_ADDR_RESERVED },
		{ "100::1", PD_ADDR_RESERVED },
		{ "1fff::1", PD_ADDR_RESERVED },
		{ "2002:808:808::1", PD_ADDR_PUBLIC },
		{ "2002:a00:1::1", PD_ADDR_PRIVATE },
		{ "2002:7f00:1::", PD_ADDR_LOOPBACK },
		{ "2003::1", PD_ADDR_PUBLIC },
		/* Teredo: server 8.8.8.8, client 8.8.4.4; then one private. */
		{ "2001:0:808:808:0:1234:f7f7:fbfb", PD_ADDR_PUBLIC },
		{ "2001:0:808:808:0:1234:f5ff:fffe", PD_ADDR_PRIVATE },
		{ "2001:0:a00:1:0:1234:f7f7:fbfb", PD_ADDR_PRIVATE },
		{ "2001:1::1", PD_ADDR_RESERVED },
		{ "2001:2::1", PD_ADDR_RESERVED },
		{ "2001:10::1", PD_ADDR_RESERVED },
		{ "2001:20::1", PD_ADDR_RESERVED },
		{ "2001:1ff:ffff::1", PD_ADDR_RESERVED },
		{ "2001:200::1", PD_ADDR_PUBLIC },
		{ "2001:4860:4860::8888", PD_ADDR_PUBLIC },
		{ "2001:db8::1", PD_ADDR_RESERVED },
		{ "2001:db9::1", PD_ADDR_PUBLIC },
		{ "3ffe:ffff::1", PD_ADDR_PUBLIC },
		{ "3fff::1", PD_ADDR_RESERVED },
		{ "3fff:fff::1", PD_ADDR_RESERVED },
		{ "3fff:1000::1", PD_ADDR_PUBLIC },
		{ "4000::1", PD_ADDR_RESERVED },
		{ "5f00::1", PD_ADDR_RESERVED },
		{ "fbff::1", PD_ADDR_RESERVED },
		{ "fc00::1", PD_ADDR_PRIVATE },
		{ "fd00:ec2::254", PD_ADDR_PRIVATE },
		{ "fe00::1", PD_ADDR_RESERVED },
		{ "fe80::1", PD_ADDR_LINK_LOCAL },
		{ "febf::1", PD_ADDR_LINK_LOCAL },
		{ "fec0::1", PD_ADDR_PRIVATE },
		{ "feff::1", PD_ADDR_PRIVATE },
		{ "ff02::1", PD_ADDR_MULTICAST },
		/* ISATAP below a public prefix, both forms. */
		{ "2a00::5efe:10.0.0.1", PD_ADDR_PRIVATE },
		{ "2a00::200:5efe:127.0.0.1", PD_ADDR_LOOPBACK },
		{ "2a00::5efe:8.8.8.8", PD_ADDR_PUBLIC },
		{ "2a00::100:5efe:10.0.0.1", PD_ADDR_PUBLIC },
		{ "fe80::5efe:8.8.8.8", PD_ADDR_LINK_LOCAL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct pd_addr a = addr(rows[i].text);
		enum pd_addr_kind kind = pd_addr_kind(&a);

		if (kind != rows[i].kind)
			fail_msg("%s is %s, not %s", rows[i].text,
			    pd_addr_kind_name(kind),
			    pd_addr_kind_name(rows[i].kind));
	}
	assert_int_not_equal(
	    pd_addr_kind(&(struct pd_addr){ 0 }), PD_ADDR_PUBLIC);
}

static void
unwrap_finds_the_ipv4(void **state)
{
	static const char *const rows[][2] = {
		{ "::ffff:10.1.2.3", "10.1.2.3" },
		{ "::10.1.2.3", "10.1.2.3" },
		{ "64:ff9b::10.1.2.3", "10.1.2.3" },
		{ "64:ff9b:1::10.1.2.3", "10.1.2.3" },
		{ "2002:a01:203::9", "10.1.2.3" },
		{ "2001::f5fe:fdfc", "10.1.2.3" },
		{ "fe80::5efe:10.1.2.3", "10.1.2.3" },
		{ "fe80::200:5efe:10.1.2.3", "10.1.2.3" },
		{ "::", "::" },
		{ "::1", "::1" },
		{ "2001:db8::10.1.2.3", "2001:db8::a01:203" },
		{ "10.1.2.3", "10.1.2.3" },
	};
	char buf[PD_ADDR_TEXT];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct pd_addr a = addr(rows[i][0]), inner;

		a.port = 81;
		inner = pd_addr_unwrap(&a);
		assert_string_equal(pd_addr_text(&inner, buf), rows[i][1]);
		assert_int_equal(inner.port, 81);
	}
}

static void
prefixes_are_read_and_hold(void **state)
{
	static const struct {
		const char *prefix, *a;
		bool held;
	} rows[] = {
		{ "127.0.0.1", "127.0.0.1", true },
		{ "127.0.0.1", "127.0.0.2", false },
		{ "127.0.0.1", "::ffff:127.0.0.1", true },
		{ "10.9.9.9/8", "10.0.0.0", true },
		{ "10.9.9.9/8", "10.255.255.255", true },
		{ "10.9.9.9/8", "11.0.0.0", false },
		{ "10.0.0.0/31", "10.0.0.1", true },
		{ "10.0.0.0/31", "10.0.0.2", false },
		{ "0.0.0.0/0", "255.255.255.255", true },
		{ "0.0.0.0/0", "::1", false },
		{ "10.0.0.1-10.0.0.9", "10.0.0.1", true },
		{ "10.0.0.1-10.0.0.9", "10.0.0.9", true },
		{ "10.0.0.1-10.0.0.9", "10.0.0.10", false },
		{ "10.0.0.1-10.0.0.9", "10.0.0.0", false },
		{ "10.0.0.255-10.0.1.0", "10.0.0.255", true },
		{ "10.0.0.1 - 10.0.0.9", "10.0.0.5", true },
		{ "::1/128", "::1", true },
		{ "::1/128", "::", false },
		{ "fd00::/7", "fdff::1", true },
		{ "fd00::/7", "fe00::1", false },
		{ "::/0", "2001:db8::1", true },
		{ "::/0", "10.0.0.1", false },
		{ "::ffff:10.0.0.0/104", "10.7.7.7", true },
		{ "::ffff:10.0.0.0/104", "::ffff:10.7.7.7", true },
		{ "::ffff:10.0.0.0/104", "11.0.0.0", false },
		/* What anybody can give himself must not pass for a client. */
		{ "10.0.0.0/8", "2a00::5efe:10.0.0.1", false },
		{ "10.0.0.0/8", "2002:a00:1::1", false },
		{ "10.0.0.0/8", "64:ff9b::10.0.0.1", false },
	};
	static const char *const bad[] = {
		"",
		"/8",
		"10.0.0.0/",
		"10.0.0.0/33",
		"10.0.0.0/-1",
		"10.0.0.0/ 8",
		"10.0.0.0/8/8",
		"10.0.0.0/0008",
		"10.0.0.0/255.0.0.0",
		"::/129",
		"10/8",
		"10.0.0.9-10.0.0.1",
		"10.0.0.1-",
		"-10.0.0.1",
		"10.0.0.1-10.0.0.2-10.0.0.3",
		"10.0.0.1-::1",
		"10.0.0.1-9",
		"localhost",
	};
	struct pd_prefix p;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct pd_addr a = addr(rows[i].a);

		p = prefix(rows[i].prefix);
		if (pd_prefixes_hold(&(struct pd_prefixes){ &p, 1 }, &a) !=
		    rows[i].held)
			fail_msg("%s in %s", rows[i].a, rows[i].prefix);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (pd_prefix_parse(pd_str_z(bad[i]), &p) == 0)
			fail_msg("taken for a prefix: \"%s\"", bad[i]);
	}
}

static void
sets_hold_what_any_row_holds(void **state)
{
	struct pd_prefix v[] = { prefix("10.0.0.0/8"), prefix("fd00::/8"),
		prefix("192.0.2.1") };
	struct pd_prefixes set = { v, 3 }, empty = { NULL, 0 };
	struct pd_addr a = addr("192.0.2.1"), b = addr("fd77::1"),
		       c = addr("192.0.2.2"), none = { 0 };

	(void)state;
	assert_true(pd_prefixes_hold(&set, &a));
	assert_true(pd_prefixes_hold(&set, &b));
	assert_false(pd_prefixes_hold(&set, &c));
	assert_false(pd_prefixes_hold(&set, &none));
	assert_false(pd_prefixes_hold(&empty, &a));
}

static void
socket_addresses_round_trip(void **state)
{
	struct sockaddr_storage ss;
	struct pd_addr a = addr("192.0.2.1"), b = addr("fe80::1"), c;
	char buf[PD_ADDR_TEXT];

	(void)state;
	a.port = 80;
	assert_int_equal(
	    pd_addr_to_sockaddr(&a, &ss), sizeof(struct sockaddr_in));
	c = pd_addr_from_sockaddr((struct sockaddr *)&ss);
	assert_true(pd_addr_equal(&a, &c));
	assert_string_equal(pd_addr_text_port(&c, buf), "192.0.2.1:80");

	b.port = 65535;
	b.scope = 3;
	assert_int_equal(
	    pd_addr_to_sockaddr(&b, &ss), sizeof(struct sockaddr_in6));
	c = pd_addr_from_sockaddr((struct sockaddr *)&ss);
	assert_true(pd_addr_equal(&b, &c));
	assert_string_equal(pd_addr_text_port(&c, buf), "[fe80::1]:65535");
	c.scope = 4;
	assert_false(pd_addr_equal(&b, &c));

	b = addr("::ffff:192.0.2.1");
	b.port = 80;
	assert_false(pd_addr_equal(&a, &b));
	pd_addr_to_sockaddr(&b, &ss);
	c = pd_addr_from_sockaddr((struct sockaddr *)&ss);
	assert_true(pd_addr_equal(&a, &c));

	memset(&ss, 0, sizeof(ss));
	ss.ss_family = AF_UNIX;
	c = pd_addr_from_sockaddr((struct sockaddr *)&ss);
	assert_int_equal(c.family, 0);
	assert_int_equal(pd_addr_to_sockaddr(&c, &ss), 0);
	assert_string_equal(pd_addr_text_port(&c, buf), "-");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(strict_literals_round_trip),
		cmocka_unit_test(strict_refuses_other_spellings),
		cmocka_unit_test(lax_reads_what_browsers_read),
		cmocka_unit_test(kinds_follow_the_registries),
		cmocka_unit_test(unwrap_finds_the_ipv4),
		cmocka_unit_test(prefixes_are_read_and_hold),
		cmocka_unit_test(sets_hold_what_any_row_holds),
		cmocka_unit_test(socket_addresses_round_trip),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
