#include "filters/image/codec/anim.h"

#include "anim_help.h"

#define N(a) ((uint32_t)(sizeof(a) / sizeof((a)[0])))

static struct pd_job_ask
letters_ask(uint32_t width, uint32_t height, uint32_t frames)
{
	return (struct pd_job_ask){ .width = width,
		.height = height,
		.frames = frames,
		.until_ms = UINT64_MAX };
}

static void
assert_frame(struct pd_anim *a, const char *rows, uint32_t ms)
{
	assert_true(a->at < a->frames);
	assert_next(a, rows);
	assert_int_equal(a->ms, ms);
}

static void
short_frames_become_long_ones(void **state)
{
	static const char *const rows[] = { "r", "g", "b", "k" };
	static const uint32_t ms[] = { 0, 10, 11, 100 };
	struct pd_job_ask ask = letters_ask(1, 1, 4);
	struct pd_anim *a = open_letters(&ask, rows, ms, 0);

	(void)state;
	assert_frame(a, "r", 100);
	assert_frame(a, "g", 100);
	assert_frame(a, "b", 11);
	assert_frame(a, "k", 100);
	assert_int_equal(pd_anim_next(a), PD_JOB_BAD);
	pd_anim_close(a);
}

static void
equal_frames_become_one(void **state)
{
	static const char *const rows[] = { "rg", "rg", "rb", "rg", "rg",
		"rg" };
	static const uint32_t ms[] = { 20, 30, 40, 50, 0, 70 };
	struct pd_job_ask ask = letters_ask(2, 1, N(rows));
	struct pd_anim *a = open_letters(&ask, rows, ms, 3);

	(void)state;
	assert_int_equal(pd_anim_merge(&a), PD_JOB_DONE);
	assert_int_equal(a->loops, 3);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(a->frames, 6);
		assert_frame(a, "rg", 50);
		assert_frame(a, "rb", 40);
		assert_int_equal(a->frames, 6);
		assert_frame(a, "rg", 220);
		assert_int_equal(a->frames, 3);
		assert_int_equal(pd_anim_rewind(a), PD_JOB_DONE);
	}
	pd_anim_close(a);
}

static void
it_stays_an_animation(void **state)
{
	static const char *const rows[] = { "r", "r", "r", "r" };
	static const uint32_t ms[] = { 20, 30, 40, 50 };
	struct pd_job_ask ask = letters_ask(1, 1, N(rows));
	struct pd_anim *a = open_letters(&ask, rows, ms, 0);

	(void)state;
	assert_int_equal(pd_anim_merge(&a), PD_JOB_DONE);
	assert_frame(a, "r", 90);
	assert_frame(a, "r", 50);
	assert_int_equal(a->frames, 2);
	pd_anim_close(a);
}

static void
different_frames_stay(void **state)
{
	static const char *const rows[] = { "r.", "r.", "rg", "..", "rg" };
	static const uint32_t ms[] = { 20, 30, 40, 50, 60 };
	struct pd_job_ask ask = letters_ask(2, 1, N(rows));
	struct pd_anim *a = open_letters(&ask, rows, ms, 0);

	(void)state;
	assert_int_equal(pd_anim_merge(&a), PD_JOB_DONE);
	assert_frame(a, "r.", 50);
	assert_frame(a, "rg", 40);
	assert_frame(a, "..", 50);
	assert_frame(a, "rg", 60);
	assert_int_equal(a->at, a->frames);
	pd_anim_close(a);
}

/* What no container can say is not added up. */
static void
time_does_not_overflow(void **state)
{
	static const char *const rows[] = { "r", "r", "r", "r", "r", "g" };
	static const uint32_t ms[] = { PD_ANIM_MS_MAX - 50, 50, 20,
		UINT32_MAX - 5, 20, 20 };
	struct pd_job_ask ask = letters_ask(1, 1, N(rows));
	struct pd_anim *a = open_letters(&ask, rows, ms, 0);

	(void)state;
	assert_int_equal(pd_anim_merge(&a), PD_JOB_DONE);
	assert_frame(a, "r", PD_ANIM_MS_MAX);
	assert_frame(a, "r", 20);
	assert_frame(a, "r", UINT32_MAX - 5);
	assert_frame(a, "r", 20);
	assert_frame(a, "g", 20);
	assert_int_equal(a->at, a->frames);
	pd_anim_close(a);
}

static void
the_clock_is_asked(void **state)
{
	static const char *const rows[] = { "r", "g", "b" };
	static const uint32_t ms[] = { 20, 20, 20 };
	struct pd_job_ask ask = letters_ask(1, 1, N(rows));
	struct pd_anim *a = open_letters(&ask, rows, ms, 0);

	(void)state;
	assert_int_equal(pd_anim_merge(&a), PD_JOB_DONE);
	assert_frame(a, "r", 20);
	ask.until_ms = 0;
	assert_int_equal(pd_anim_next(a), PD_JOB_LATE);
	pd_anim_close(a);
}

static void
only_what_moves_is_read(void **state)
{
	static const uint8_t jpeg[32] = { 0xff, 0xd8, 0xff, 0xe0 };
	struct pd_job_ask ask = letters_ask(1, 1, 2);
	struct pd_anim *a = (struct pd_anim *)&ask;

	(void)state;
	ask.in_len = sizeof(jpeg);
	ask.source = PD_IMAGE_JPEG;
	assert_int_equal(pd_anim_open(&a, &ask, jpeg), PD_JOB_UNSUPPORTED);
	assert_null(a);
	ask.source = PD_IMAGE_GIF;
	assert_int_equal(pd_anim_open(&a, &ask, jpeg), PD_JOB_BAD);
	ask.source = PD_IMAGE_PNG;
	assert_int_equal(pd_anim_open(&a, &ask, jpeg), PD_JOB_BAD);
	ask.source = PD_IMAGE_WEBP;
	assert_int_equal(pd_anim_open(&a, &ask, jpeg), PD_JOB_BAD);
	assert_null(a);
	pd_anim_close(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(short_frames_become_long_ones),
		cmocka_unit_test(equal_frames_become_one),
		cmocka_unit_test(it_stays_an_animation),
		cmocka_unit_test(different_frames_stay),
		cmocka_unit_test(time_does_not_overflow),
		cmocka_unit_test(the_clock_is_asked),
		cmocka_unit_test(only_what_moves_is_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
