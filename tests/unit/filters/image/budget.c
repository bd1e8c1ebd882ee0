#include "filters/image/budget.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define MS 1000u

static struct pd_budget b;
static struct pd_budget_item items[8];

static void
begin(unsigned processes)
{
	pd_budget_init(&b, processes);
	assert_int_equal(pd_budget_pace(&b), 100);
	assert_int_equal(pd_budget_wait_ms(&b, 0), 0);
}

static void
what_is_ahead_is_waited_for(void **state)
{
	(void)state;
	begin(1);
	pd_budget_add(&b, &items[0], 60, 1000 * MS);
	assert_int_equal(pd_budget_wait_ms(&b, 1000 * MS), 60);
	/* As time goes by; but never less than nothing. */
	assert_int_equal(pd_budget_wait_ms(&b, 1045 * MS), 15);
	assert_int_equal(pd_budget_wait_ms(&b, 1500 * MS), 0);
	pd_budget_add(&b, &items[1], 40, 1010 * MS);
	pd_budget_add(&b, &items[2], 30, 1010 * MS);
	assert_int_equal(pd_budget_wait_ms(&b, 1020 * MS), 40 + 40 + 30);
	/* The second begins only now, wherever the first was. */
	pd_budget_remove(&b, &items[0], PD_BUDGET_OTHER, 1030 * MS);
	assert_int_equal(pd_budget_wait_ms(&b, 1035 * MS), 35 + 30);
	/* One that waits goes; so does the one under way. */
	pd_budget_remove(&b, &items[2], PD_BUDGET_OTHER, 1035 * MS);
	assert_int_equal(pd_budget_wait_ms(&b, 1035 * MS), 35);
	pd_budget_remove(&b, &items[1], PD_BUDGET_OTHER, 1040 * MS);
	assert_int_equal(pd_budget_wait_ms(&b, 1040 * MS), 0);
	assert_int_equal(pd_budget_pace(&b), 100);
}

static void
several_processes_share_it(void **state)
{
	(void)state;
	begin(2);
	pd_budget_add(&b, &items[0], 60, 0);
	/* The other is free. */
	assert_int_equal(pd_budget_wait_ms(&b, 0), 0);
	pd_budget_add(&b, &items[1], 40, 0);
	pd_budget_add(&b, &items[2], 100, 0);
	assert_int_equal(pd_budget_wait_ms(&b, 10 * MS), (50 + 30 + 100) / 2);
	pd_budget_remove(&b, &items[0], PD_BUDGET_OTHER, 10 * MS);
	assert_int_equal(pd_budget_wait_ms(&b, 20 * MS), (20 + 90) / 2);
}

/* One job, alone: predicted and measured. */
static void
one(uint32_t cost_ms, uint32_t took_ms, enum pd_budget_end end)
{
	pd_budget_add(&b, &items[0], cost_ms, 7 * MS);
	pd_budget_remove(&b, &items[0], end, (7 + took_ms) * MS);
}

static void
the_pace_is_learned(void **state)
{
	uint32_t before;

	(void)state;
	begin(1);
	/* Three times as long: it comes near that, not at once. */
	one(60, 180, PD_BUDGET_DONE);
	before = pd_budget_pace(&b);
	assert_in_range(before, 120, 160);
	for (unsigned i = 0; i < 40; i++)
		one(60 * pd_budget_pace(&b) / 100, 180, PD_BUDGET_DONE);
	assert_in_range(pd_budget_pace(&b), 290, 301);
	/* And back. */
	for (unsigned i = 0; i < 60; i++)
		one(60 * pd_budget_pace(&b) / 100, 60, PD_BUDGET_DONE);
	assert_in_range(pd_budget_pace(&b), 97, 105);
	/* Icons, of which messages take the most, hardly count. */
	for (unsigned i = 0; i < 10; i++)
		one(1, 10, PD_BUDGET_DONE);
	assert_in_range(pd_budget_pace(&b), 97, 140);
}

static void
the_pace_has_bounds(void **state)
{
	(void)state;
	begin(1);
	for (unsigned i = 0; i < 100; i++)
		one(1000, 600000, PD_BUDGET_DONE);
	assert_in_range(pd_budget_pace(&b), 990, PD_BUDGET_PACE_MAX);
	for (unsigned i = 0; i < 200; i++)
		one(1000, 0, PD_BUDGET_DONE);
	assert_in_range(pd_budget_pace(&b), PD_BUDGET_PACE_MIN, 26);
}

static void
what_tells_nothing_teaches_nothing(void **state)
{
	uint32_t pace;

	(void)state;
	begin(1);
	one(60, 600, PD_BUDGET_OTHER);
	assert_int_equal(pd_budget_pace(&b), 100);
	/* Nothing was predicted. */
	one(0, 600, PD_BUDGET_DONE);
	assert_int_equal(pd_budget_pace(&b), 100);
	/* What never began only waited. */
	pd_budget_add(&b, &items[0], 60, 0);
	pd_budget_add(&b, &items[1], 60, 0);
	pd_budget_remove(&b, &items[1], PD_BUDGET_LATE, 600 * MS);
	assert_int_equal(pd_budget_pace(&b), 100);
	pd_budget_remove(&b, &items[0], PD_BUDGET_OTHER, 600 * MS);
	/* Cut off: it would have taken longer, never less. */
	one(600, 500, PD_BUDGET_LATE);
	assert_int_equal(pd_budget_pace(&b), 100);
	one(60, 600, PD_BUDGET_LATE);
	pace = pd_budget_pace(&b);
	assert_true(pace > 200);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_ahead_is_waited_for),
		cmocka_unit_test(several_processes_share_it),
		cmocka_unit_test(the_pace_is_learned),
		cmocka_unit_test(the_pace_has_bounds),
		cmocka_unit_test(what_tells_nothing_teaches_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
