#include "filters/image/ask.h"

#include <event2/event.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/ipc.h"

#define LEN 4000

static struct event_base *base;
static struct pd_ask_pool *pool;

/* What came of one question. */
struct outcome {
	unsigned told;
	enum pd_ask_end end;
	struct pd_ask_result result;
};

static void
open_pool(const char *mode, unsigned queue_max)
{
	const char *argv[] = { "fake", mode, NULL };

	base = event_base_new();
	pool = pd_ask_pool_create(&(struct pd_ask_pool_params){
	    .base = base,
	    .path = PD_TEST_FAKE_CODEC,
	    .argv = argv,
	    .processes = 1,
	    .queue_max = queue_max,
	});
	assert_ptr_equal(pd_ask_pool_base(pool), base);
	assert_null(pd_ask_pool_worker(pool));
	assert_int_equal(pd_ask_pool_load(pool), 0);
	assert_int_equal(pd_ask_pool_wait_ms(pool), 0);
	assert_int_equal(pd_ask_pool_pace(pool), 100);
}

static void
close_pool(void)
{
	pd_ask_pool_destroy(pool);
	event_base_free(base);
}

static void
on_done(void *arg, enum pd_ask_end end, const struct pd_ask_result *result)
{
	struct outcome *o = arg;

	o->told++;
	o->end = end;
	if (result != NULL)
		o->result = *result;
}

static struct pd_ask *
ask(struct outcome *o, uint32_t cost_ms, uint32_t timeout_ms, uint8_t quality)
{
	struct pd_image_info info = {
		.format = PD_IMAGE_JPEG,
		.width = 40,
		.height = 30,
		.orientation = 6,
		.frames = 1,
	};
	struct pd_plan plan = {
		.cost_ms = cost_ms,
		.set = {
			.outputs = PD_JOB_WEBP_LOSSY,
			.quality_jpeg = 70,
			.quality_webp = quality,
			.to_width = 40,
			.to_height = 30,
			.out_max = LEN / 2,
			.lossy_max = LEN / 2,
		},
	};
	const struct pd_ask_params params = {
		.pool = pool,
		.fd = pd_ipc_memory("test", LEN),
		.len = LEN,
		.info = &info,
		.plan = &plan,
		.timeout_ms = timeout_ms,
	};

	memset(o, 0, sizeof(*o));
	assert_true(params.fd >= 0 && pd_ipc_seal(params.fd) == 0);
	return pd_ask_start(&params, on_done, o);
}

static void
wait_for(struct outcome *o)
{
	while (o->told == 0)
		event_base_loop(base, EVLOOP_ONCE);
	assert_int_equal(o->told, 1);
}

static void
what_is_asked_is_ahead_of_others(void **state)
{
	struct outcome a, b;
	struct pd_ask *first, *second;

	(void)state;
	open_pool("hang", 8);
	first = ask(&a, 60000, 10000, 72);
	assert_non_null(first);
	assert_in_range(pd_ask_pool_wait_ms(pool), 58000, 60000);
	second = ask(&b, 5000, 10000, 72);
	assert_int_equal(pd_ask_pool_load(pool), 2);
	assert_in_range(pd_ask_pool_wait_ms(pool), 63000, 65000);
	pd_ask_cancel(first);
	assert_in_range(pd_ask_pool_wait_ms(pool), 3000, 5000);
	pd_ask_cancel(second);
	assert_int_equal(pd_ask_pool_load(pool), 0);
	assert_int_equal(pd_ask_pool_wait_ms(pool), 0);
	assert_int_equal(a.told + b.told, 0);
	close_pool();
}

static void
an_answer_is_taken(void **state)
{
	struct outcome o;

	(void)state;
	open_pool("good", 8);
	assert_non_null(ask(&o, 1, 10000, 72));
	assert_int_equal(o.told, 0);
	wait_for(&o);
	assert_int_equal(o.end, PD_ASK_SMALLER);
	assert_int_equal(o.result.format, PD_IMAGE_WEBP);
	assert_int_equal(o.result.output, PD_JOB_WEBP_LOSSY);
	/* Turned. */
	assert_int_equal(o.result.width, 30);
	assert_int_equal(o.result.height, 40);
	assert_int_equal(o.result.frames, 1);
	assert_int_equal(
	    pd_sniff_format(o.result.p, o.result.n), PD_IMAGE_WEBP);
	munmap(o.result.p, o.result.n);
	assert_int_equal(pd_ask_pool_wait_ms(pool), 0);
	close_pool();
}

static void
the_machine_shows_its_pace(void **state)
{
	struct outcome o;

	(void)state;
	/* Predicted 100 ms, and it is two hundred and more. */
	open_pool("slow200", 8);
	ask(&o, 100, 10000, 72);
	wait_for(&o);
	assert_true(pd_ask_pool_pace(pool) > 115);
	close_pool();
	/* Killed at 100 ms of 20: all it tells is that it is slow. */
	open_pool("hang", 8);
	ask(&o, 20, 100, 72);
	wait_for(&o);
	assert_int_equal(o.end, PD_ASK_LATE);
	assert_true(pd_ask_pool_pace(pool) > 110);
	close_pool();
	/* What dies tells nothing. */
	open_pool("die", 8);
	ask(&o, 100, 10000, 72);
	wait_for(&o);
	assert_int_equal(o.end, PD_ASK_FAILED);
	assert_int_equal(pd_ask_pool_pace(pool), 100);
	close_pool();
}

static void
a_full_queue_says_so(void **state)
{
	struct outcome o[3];

	(void)state;
	open_pool("hang", 1);
	for (unsigned i = 0; i < 3; i++)
		assert_non_null(ask(&o[i], 10, 10000, 72));
	wait_for(&o[2]);
	assert_int_equal(o[2].end, PD_ASK_BUSY);
	assert_int_equal(o[0].told + o[1].told, 0);
	/* The pool's end is theirs. */
	close_pool();
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(o[i].end, PD_ASK_FAILED);
}

static void
nonsense_is_not_asked(void **state)
{
	struct outcome o;

	(void)state;
	open_pool("good", 1);
	assert_null(ask(&o, 10, 1000, 0));
	assert_int_equal(pd_ask_pool_load(pool), 0);
	assert_int_equal(pd_ask_pool_wait_ms(pool), 0);
	close_pool();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_asked_is_ahead_of_others),
		cmocka_unit_test(an_answer_is_taken),
		cmocka_unit_test(the_machine_shows_its_pace),
		cmocka_unit_test(a_full_queue_says_so),
		cmocka_unit_test(nonsense_is_not_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
