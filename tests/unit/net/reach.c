/*
 * The policy against a second opinion, written down from the registries apart
 * from the code; and what stands beside it.
 */
#include "net/reach.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/conf.h"

static uint32_t
u32_at(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	       (uint32_t)p[2] << 8 | p[3];
}

static bool
oracle4(uint32_t ip)
{
	static const struct {
		uint32_t net, mask;
	} no[] = {
		{ 0x00000000, 0xff000000 },
		{ 0x0a000000, 0xff000000 },
		{ 0x64400000, 0xffc00000 },
		{ 0x7f000000, 0xff000000 },
		{ 0xa9fe0000, 0xffff0000 },
		{ 0xac100000, 0xfff00000 },
		{ 0xc0000000, 0xffffff00 },
		{ 0xc0000200, 0xffffff00 },
		{ 0xc0586300, 0xffffff00 },
		{ 0xc0a80000, 0xffff0000 },
		{ 0xc6120000, 0xfffe0000 },
		{ 0xc6336400, 0xffffff00 },
		{ 0xcb007100, 0xffffff00 },
		{ 0xe0000000, 0xf0000000 },
		{ 0xf0000000, 0xf0000000 },
		{ 0xa83f8110, 0xffffffff },
	};

	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++) {
		if ((ip & no[i].mask) == no[i].net)
			return false;
	}
	return true;
}

static bool
oracle6(const uint8_t *p)
{
	uint32_t w[4] = { u32_at(p), u32_at(p + 4), u32_at(p + 8),
		u32_at(p + 12) };

	if (w[0] == 0 && w[1] == 0 && w[2] == 0xffff)
		return oracle4(w[3]);
	if (w[0] == 0x0064ff9b && w[1] == 0 && w[2] == 0)
		return oracle4(w[3]);
	if (w[0] >> 29 != 1)
		return false;
	if ((w[2] == 0x00005efe || w[2] == 0x02005efe) && !oracle4(w[3]))
		return false;
	if (w[0] >> 16 == 0x2002)
		return oracle4(w[0] << 16 | w[1] >> 16);
	if (w[0] == 0x20010000)
		return oracle4(w[1]) && oracle4(~w[3]);
	if (w[0] >> 9 == 0x20010000 >> 9 || w[0] == 0x20010db8 ||
	    w[0] >> 12 == 0x3fff0)
		return false;
	return true;
}

static uint64_t seed = 88172645463325252u;

static uint32_t
any(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 16);
}

/* An IPv4 address near the edges of the registry's ranges, mostly. */
static uint32_t
some_ipv4(void)
{
	static const uint32_t edges[] = { 0, 0x01000000, 0x0a000000, 0x0b000000,
		0x64400000, 0x64800000, 0x7f000000, 0x80000000, 0xa9fe0000,
		0xa9fea9fe, 0xa9ff0000, 0xac100000, 0xac200000, 0xc0000000,
		0xc0000100, 0xc0000200, 0xc0586300, 0xc0a80000, 0xc0a90000,
		0xc6120000, 0xc6140000, 0xc6336400, 0xcb007100, 0xe0000000,
		0xf0000000, 0xffffffff, 0xa83f8110, 0x08080808 };
	uint32_t ip = edges[any() % (sizeof(edges) / sizeof(edges[0]))];

	switch (any() % 4) {
	case 0:
		return any();
	case 1:
		return ip + any() % 3 - 1;
	case 2:
		return ip | (any() & 0xffff);
	default:
		return ip;
	}
}

static void
put_u32(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 24);
	p[1] = (uint8_t)(v >> 16);
	p[2] = (uint8_t)(v >> 8);
	p[3] = (uint8_t)v;
}

static void
some_ipv6(uint8_t p[16])
{
	static const uint32_t heads[] = { 0x20010db8, 0x3fff0000, 0x3fff1000,
		0x20010000, 0x20010200, 0x200101ff, 0xfc000000, 0xfe800000,
		0xfec00000, 0xff020000, 0x01000000, 0x5f000000, 0x2a001450,
		0x1fffffff, 0x20000000, 0x3fffffff, 0x40000000 };

	for (size_t i = 0; i < 16; i += 4)
		put_u32(p + i, any());
	switch (any() % 9) {
	case 0: /* mapped, compatible */
		memset(p, 0, 12);
		if (any() % 2 == 0)
			p[10] = p[11] = 0xff;
		put_u32(p + 12, some_ipv4());
		break;
	case 1:
		memset(p, 0, 12);
		put_u32(p, 0x0064ff9b);
		p[5] = any() % 4 == 0;
		put_u32(p + 12, some_ipv4());
		break;
	case 2:
		p[0] = 0x20;
		p[1] = 2;
		put_u32(p + 2, some_ipv4());
		break;
	case 3:
		put_u32(p, 0x20010000);
		put_u32(p + 4, some_ipv4());
		put_u32(p + 12, ~some_ipv4());
		break;
	case 4:
		put_u32(p, any() % 2 ? 0x2a001450 : 0xfe800000);
		put_u32(p + 8, any() % 2 ? 0x00005efe : 0x02005efe);
		put_u32(p + 12, some_ipv4());
		break;
	case 5:
		break;
	default:
		put_u32(p, heads[any() % (sizeof(heads) / sizeof(heads[0]))]);
	}
}

/* Writes ip in one of the ways that some parser takes for IPv4. */
static void
spell(uint32_t ip, char out[80])
{
	unsigned nparts = any() % 4 + 1;
	size_t n = 0;

	for (unsigned i = 0; i < nparts; i++) {
		uint32_t v = i + 1 == nparts
				 ? (i == 0 ? ip : ip & (UINT32_MAX >> (8 * i)))
				 : ip >> (24 - 8 * i) & 0xff;
		char part[24];

		switch (any() % 4) {
		case 0:
			snprintf(part, sizeof(part), "0x%x", v);
			break;
		case 1:
			snprintf(part, sizeof(part), "0%o", v);
			break;
		case 2:
			snprintf(part, sizeof(part), "0X000%X", v);
			break;
		default:
			snprintf(part, sizeof(part), "%u", v);
		}
		n += (size_t)snprintf(
		    out + n, 80 - n, "%s%s", i > 0 ? "." : "", part);
	}
}

static void
every_spelling_is_judged_alike(void **state)
{
	struct pd_conf conf = { 0 };
	unsigned nallowed = 0;

	(void)state;
	for (int i = 0; i < 10000; i++) {
		uint32_t ip = some_ipv4();
		struct pd_addr a;
		char text[80];

		spell(ip, text);
		if (pd_addr_parse_lax(pd_str_z(text), &a) != 0)
			fail_msg("not read: %s", text);
		if (u32_at(a.ip) != ip)
			fail_msg("%s is not %08x", text, ip);
		if (pd_reach_allowed(&conf, &a) != oracle4(ip))
			fail_msg("%s (%08x)", text, ip);
		nallowed += oracle4(ip);
	}
	assert_in_range(nallowed, 1000, 9000);
}

static void
every_ipv6_address_is_judged_alike(void **state)
{
	struct pd_conf conf = { 0 };
	unsigned nallowed = 0;

	(void)state;
	for (int i = 0; i < 10000; i++) {
		struct pd_addr a = { .family = AF_INET6 }, again;
		char text[PD_ADDR_TEXT];

		some_ipv6(a.ip);
		pd_addr_text(&a, text);
		assert_int_equal(pd_addr_parse(pd_str_z(text), &again), 0);
		assert_true(pd_addr_equal(&a, &again));
		if (pd_reach_allowed(&conf, &a) != oracle6(a.ip))
			fail_msg("%s", text);
		nallowed += oracle6(a.ip);
	}
	assert_in_range(nallowed, 1000, 9000);
}

static void
allow_private_names_exactly(void **state)
{
	static const struct {
		const char *addr;
		bool allowed;
	} rows[] = {
		{ "10.0.0.1", true },
		{ "::ffff:10.0.0.1", true },
		{ "64:ff9b::10.0.0.1", true },
		{ "2002:a00:1::1", true },
		{ "10.0.0.2", false },
		{ "127.0.0.1", false },
		{ "fd77::1", true },
		{ "fd78::1", false },
		{ "8.8.8.8", true },
	};

	struct pd_prefix allowed[2];
	const struct pd_conf conf = { .allow_private = { allowed, 2 } };

	(void)state;
	pd_prefix_parse(PD_STR("10.0.0.1"), &allowed[0]);
	pd_prefix_parse(PD_STR("fd77::/64"), &allowed[1]);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct pd_addr a;

		pd_addr_parse(pd_str_z(rows[i].addr), &a);
		if (pd_reach_allowed(&conf, &a) != rows[i].allowed)
			fail_msg("%s", rows[i].addr);
	}
}

/* A parent looks names up: only this machine's own name is known without. */
static void
a_parent_is_asked_for_names(void **state)
{
	static const struct {
		const char *where;
		bool allowed;
	} rows[] = {
		{ "example.org", true },
		{ "localhost.example.org", true },
		{ "notlocalhost", true },
		{ "localhost", false },
		{ "LOCALHOST.", false },
		{ "a.LocalHost:81", false },
		{ "127.0.0.1", false },
		{ "0x7f.1", false },
		{ "[::ffff:10.0.0.1]", false },
		{ "8.8.8.8", true },
	};
	struct pd_arena *arena = pd_arena_create();
	struct pd_conf conf = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct pd_authority a;

		assert_int_equal(
		    pd_authority_parse(pd_str_z(rows[i].where), 80, arena, &a),
		    PD_URL_OK);
		if (pd_reach_by_parent(&conf, &a) != rows[i].allowed)
			fail_msg("%s", rows[i].where);
	}
	pd_arena_destroy(arena);
}

static struct pd_addr
addr(const char *text, uint16_t port)
{
	struct pd_addr a;

	assert_int_equal(pd_addr_parse(pd_str_z(text), &a), 0);
	a.port = port;
	return a;
}

static void
own_listeners_are_known(void **state)
{
	const struct pd_addr own[] = { addr("192.0.2.1", 80),
		addr("0.0.0.0", 81) };
	static const struct {
		const char *text;
		uint16_t port;
		bool own;
	} rows[] = {
		{ "192.0.2.1", 80, true },
		{ "192.0.2.1", 82, false },
		{ "8.8.8.8", 80, false },
		{ "127.0.0.1", 80, false },
		{ "0.0.0.0", 80, true }, /* reaches this machine on Linux */
		{ "127.9.9.9", 81, true },
		{ "::1", 81, true },
		{ "8.8.8.8", 81, false },
		{ "127.0.0.1", 82, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct pd_addr a = addr(rows[i].text, rows[i].port);

		if (pd_reach_is_own(own, 2, &a) != rows[i].own)
			fail_msg("%s %u", rows[i].text, rows[i].port);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_spelling_is_judged_alike),
		cmocka_unit_test(every_ipv6_address_is_judged_alike),
		cmocka_unit_test(allow_private_names_exactly),
		cmocka_unit_test(a_parent_is_asked_for_names),
		cmocka_unit_test(own_listeners_are_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
