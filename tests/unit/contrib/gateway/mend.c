#include "mend.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void
the_first_at_once_then_later(void **state)
{
	struct gw_mends m = { 0 };
	int64_t now = 1000000;

	(void)state;
	assert_false(gw_mends_hold(&m, 7, now));
	assert_int_equal(gw_mends_next(&m, now), -1);
	assert_false(gw_mends_note(&m, 7, now));
	assert_true(gw_mends_hold(&m, 7, now + GW_MEND_FIRST - 1));
	assert_false(gw_mends_hold(&m, 7, now + GW_MEND_FIRST));
	/* Another object is another matter. */
	assert_false(gw_mends_hold(&m, 8, now));
	assert_int_equal(gw_mends_next(&m, now), now + GW_MEND_FIRST);
	assert_int_equal(gw_mends_next(&m, now + GW_MEND_FIRST), -1);
	gw_mends_finish(&m);
}

/* When each of the repairs happens, of something that is removed at once. */
static void
a_fight_doubles_and_is_told_once(void **state)
{
	static const int64_t after[] = { 0, 500, 1500, 3500, 7500, 15500, 31500,
		63500, 123500, 183500, 243500 };
	struct gw_mends m = { 0 };
	unsigned told = 0;
	size_t n = 0;

	(void)state;
	for (int64_t t = 0; n < sizeof(after) / sizeof(*after); t += 500) {
		if (gw_mends_hold(&m, 7, 1000 + t))
			continue;
		assert_int_equal(t, after[n++]);
		if (gw_mends_note(&m, 7, 1000 + t)) {
			assert_int_equal(n, GW_MEND_FIGHT);
			told++;
		}
	}
	assert_int_equal(told, 1);
	gw_mends_finish(&m);
}

static void
quiet_makes_good(void **state)
{
	struct gw_mends m = { 0 };
	int64_t now = 1000;

	(void)state;
	for (int i = 0; i < 4; i++) {
		assert_false(gw_mends_note(&m, 7, now));
		now += 5000;
	}
	now += 2 * GW_MEND_SPAN;
	assert_false(gw_mends_note(&m, 7, now));
	assert_false(gw_mends_hold(&m, 7, now + GW_MEND_FIRST));
	gw_mends_finish(&m);
}

/* Once in a while is no fight, however often in the end. */
static void
seldom_is_no_fight(void **state)
{
	struct gw_mends m = { 0 };

	(void)state;
	for (int64_t i = 0; i < 50; i++)
		assert_false(gw_mends_note(&m, 7, i * GW_MEND_SPAN / 2));
	gw_mends_finish(&m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_at_once_then_later),
		cmocka_unit_test(a_fight_doubles_and_is_told_once),
		cmocka_unit_test(quiet_makes_good),
		cmocka_unit_test(seldom_is_no_fight),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
