#include "base/timers.h"

#include <event2/event.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/clock.h"

static struct event_base *base;
static struct pd_timers *timers;

struct alarm {
	struct pd_timer timer;
	unsigned calls;
	uint64_t at;
	struct alarm *other; /* cleared and freed by the callback */
	uint32_t again;      /* milliseconds; 0: not */
};

static uint64_t
clock_ms(void)
{
	return pd_clock_ms(CLOCK_MONOTONIC);
}

static void
on_alarm(struct pd_timer *t, void *arg)
{
	struct alarm *a = arg;

	assert_ptr_equal(t, &a->timer);
	a->calls++;
	a->at = clock_ms();
	if (a->other != NULL) {
		pd_timer_clear(&a->other->timer);
		free(a->other);
		a->other = NULL;
	}
	if (a->again > 0)
		pd_timer_set(timers, t, a->again, on_alarm, a);
}

static void
set(struct alarm *a, uint32_t ms)
{
	pd_timer_set(timers, &a->timer, ms, on_alarm, a);
}

static void
run_ms(uint32_t ms)
{
	struct timeval tv = { ms / 1000, ms % 1000 * 1000 };

	event_base_loopexit(base, &tv);
	event_base_loop(base, EVLOOP_NO_EXIT_ON_EMPTY);
}

static int
setup(void **state)
{
	(void)state;
	base = event_base_new();
	timers = pd_timers_create(base);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	pd_timers_destroy(timers);
	pd_timers_destroy(NULL);
	event_base_free(base);
	return 0;
}

static void
test_due(void **state)
{
	struct alarm soon = { 0 }, late = { 0 }, cleared = { 0 }, moved = { 0 };
	uint64_t start = clock_ms();

	(void)state;
	set(&soon, 50);
	set(&late, 10000);
	set(&cleared, 50);
	set(&moved, 50);
	set(&moved, 10000);
	pd_timer_clear(&cleared.timer);
	pd_timer_clear(&cleared.timer);
	run_ms(400);
	assert_int_equal(soon.calls, 1);
	/* The clock is a tick of the kernel coarse. */
	assert_true(soon.at - start + 5 >= 50);
	assert_int_equal(late.calls + cleared.calls + moved.calls, 0);
	assert_null(soon.timer.list);
	assert_non_null(late.timer.list);
	pd_timer_clear(&late.timer);
	pd_timer_clear(&moved.timer);
}

/* A loop that was busy must not make what is set then expire at once. */
static void
test_not_early(void **state)
{
	struct alarm a = { 0 };
	uint64_t start;

	(void)state;
	run_ms(120);
	nanosleep(&(struct timespec){ 0, 400 * 1000000 }, NULL);
	start = clock_ms();
	set(&a, 300);
	run_ms(700);
	assert_int_equal(a.calls, 1);
	assert_true(a.at - start + 5 >= 300);
}

static void
test_destroys_another(void **state)
{
	struct alarm a = { .other = calloc(1, sizeof(struct alarm)) };

	(void)state;
	set(&a, 10);
	set(a.other, 10);
	run_ms(300);
	assert_int_equal(a.calls, 1);
	assert_null(a.other);
}

/* Those set now, each once, also when one sets itself again. */
static void
test_expire_all(void **state)
{
	struct alarm a = { .again = 10000 }, b = { .again = 20000 }, c = { 0 };

	(void)state;
	b.other = calloc(1, sizeof(struct alarm));
	set(&a, 10000);
	set(&b, 10000);
	set(b.other, 20000);
	set(&c, 30000);
	pd_timers_expire_all(timers);
	assert_int_equal(a.calls, 1);
	assert_int_equal(b.calls, 1);
	assert_int_equal(c.calls, 1);
	assert_non_null(a.timer.list);
	/* The lists are sound afterwards. */
	a.again = b.again = 0;
	for (unsigned round = 2; round < 5; round++) {
		set(&c, 30000);
		pd_timers_expire_all(timers);
		assert_int_equal(a.calls, 2);
		assert_int_equal(b.calls, 2);
		assert_int_equal(c.calls, round);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_due, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    test_not_early, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    test_destroys_another, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    test_expire_all, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
