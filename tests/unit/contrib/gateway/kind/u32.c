/* Words of u32 for a filter's arguments, compared with packets built here. */
#include "kind/u32.h"

/* cmocka wants these before its own header. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"

static struct gw_step *
step(struct pd_arena *arena, const char *protocol)
{
	struct gw_step *s = pd_arena_zalloc(arena, sizeof(*s));

	s->kind = &gw_kind_filter;
	s->args = pd_arena_zalloc(arena, GW_ARGS_MAX * sizeof(*s->args));
	gw_step_set(s, arena, "protocol", protocol);
	return s;
}

/* As the kernel does it: all words must fit. */
static bool
fits(const struct gw_u32 *u, const uint8_t *packet)
{
	for (unsigned i = 0; i < u->n; i++) {
		uint32_t word;

		memcpy(&word, packet + u->keys[i].off, sizeof(word));
		if ((word ^ u->keys[i].val) & u->keys[i].mask)
			return false;
	}
	return true;
}

static size_t
count_values(uint16_t lo, uint16_t hi)
{
	struct gw_u32_port v[GW_U32_PORTS];
	size_t n = gw_u32_range(lo, hi, v);

	assert_true(n >= 1 && n <= GW_U32_PORTS);
	for (unsigned port = 0; port <= 0xffff; port++) {
		size_t hits = 0;

		for (size_t i = 0; i < n; i++) {
			assert_int_equal(v[i].value & ~v[i].mask, 0);
			hits += (port & v[i].mask) == v[i].value;
		}
		/* Each once: no value is there for nothing. */
		assert_int_equal(hits, port >= lo && port <= hi);
	}
	return n;
}

static void
test_ranges(void **state)
{
	(void)state;
	assert_int_equal(count_values(53, 53), 1);
	assert_int_equal(count_values(5000, 5010), 3);
	assert_int_equal(count_values(0, 0xffff), 1);
	assert_int_equal(count_values(1, 0xffff), 16);
	assert_int_equal(count_values(1, 0xfffe), 30);
	assert_int_equal(count_values(0xffff, 0xffff), 1);
	srand(7077);
	for (int i = 0; i < 60; i++) {
		uint16_t a = (uint16_t)rand(), b = (uint16_t)rand();

		count_values(a < b ? a : b, a < b ? b : a);
	}
}

/* UDP, 192.0.2.1 port 53 to 198.51.100.7 port 5000. */
static const uint8_t ipv4[64] = { 0x45, 0, 0, 60, 0, 1, 0x40, 0, 64, 17, 0, 0,
	192, 0, 2, 1, 198, 51, 100, 7, 0, 53, 0x13, 0x88 };

static void
test_ipv4(void **state)
{
	struct pd_arena *arena = pd_arena_create();
	struct gw_step *s = step(arena, "ip");
	uint8_t packet[64];
	struct gw_u32 u;

	(void)state;
	gw_step_set(s, arena, "l4", "17");
	gw_step_set(s, arena, "src", "192.0.2.0/25");
	gw_step_set(s, arena, "dst", "198.51.100.7/32");
	gw_step_set(s, arena, "sport", "53/ffff");
	gw_step_set(s, arena, "dport", "5000/fff8");
	assert_int_equal(gw_u32_of_step(s, &u), 0);
	/* Both ports are one word. */
	assert_int_equal(u.n, 6);
	assert_true(fits(&u, ipv4));

	static const struct {
		size_t at;
		uint8_t value;
	} others[] = {
		{ 0, 0x46 },  /* options: the ports are elsewhere */
		{ 7, 1 },     /* a later fragment has none */
		{ 9, 6 },     /* TCP */
		{ 15, 129 },  /* another network */
		{ 19, 8 },    /* another machine */
		{ 21, 54 },   /* another port */
		{ 23, 0x90 }, /* 5008 */
	};
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		memcpy(packet, ipv4, sizeof(packet));
		packet[others[i].at] = others[i].value;
		assert_false(fits(&u, packet));
	}
	/* A first fragment has its ports. */
	memcpy(packet, ipv4, sizeof(packet));
	packet[6] = 0x20;
	packet[23] = 0x8f;
	assert_true(fits(&u, packet));
	pd_arena_destroy(arena);
}

static void
test_ipv6(void **state)
{
	struct pd_arena *arena = pd_arena_create();
	struct gw_step *s = step(arena, "ipv6");
	uint8_t packet[64] = { 0x60, 0, 0, 0, 0, 24, 17, 64 };
	struct gw_u32 u;

	(void)state;
	packet[8] = 0xfd;
	packet[9] = 0x77;
	packet[24] = 0xfd;
	packet[25] = 0x78;
	packet[39] = 3;
	packet[41] = 53;
	gw_step_set(s, arena, "l4", "17");
	gw_step_set(s, arena, "src", "fd77::/63");
	gw_step_set(s, arena, "dst", "fd78::3/128");
	gw_step_set(s, arena, "sport", "53/ffff");
	assert_int_equal(gw_u32_of_step(s, &u), 0);
	assert_int_equal(u.n, 8);
	assert_true(fits(&u, packet));
	packet[15] = 1; /* the last bit of 64 */
	assert_true(fits(&u, packet));
	packet[15] = 2;
	assert_false(fits(&u, packet));
	packet[15] = 0;
	packet[6] = 44; /* a fragment: the port is not where it is looked for */
	assert_false(fits(&u, packet));
	pd_arena_destroy(arena);
}

static void
test_any(void **state)
{
	struct pd_arena *arena = pd_arena_create();
	struct gw_u32 u, other;

	(void)state;
	assert_int_equal(gw_u32_of_step(step(arena, "ip"), &u), 0);
	assert_int_equal(u.n, 1);
	assert_true(fits(&u, ipv4));
	other = u;
	assert_true(gw_u32_equal(&u, &other));
	other.keys[0].mask = 1;
	assert_false(gw_u32_equal(&u, &other));
	other.n = 0;
	assert_false(gw_u32_equal(&u, &other));
	pd_arena_destroy(arena);
}

/* A journal is outside text. */
static void
test_wrong(void **state)
{
	static const char *const wrong[][2] = {
		{ "sport", "53" },
		{ "sport", "65536/ffff" },
		{ "dport", "53/10000" },
		{ "dport", "53/fffg" },
		{ "l4", "256" },
		{ "l4", "udp" },
		{ "src", "fd77::/64" },
		{ "dst", "10.0.0.0/33" },
		{ "dst", "x" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct pd_arena *arena = pd_arena_create();
		struct gw_step *s = step(arena, "ip");
		struct gw_u32 u;

		gw_step_set(s, arena, wrong[i][0], wrong[i][1]);
		assert_int_equal(gw_u32_of_step(s, &u), -1);
		pd_arena_destroy(arena);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ranges),
		cmocka_unit_test(test_ipv4),
		cmocka_unit_test(test_ipv6),
		cmocka_unit_test(test_any),
		cmocka_unit_test(test_wrong),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
