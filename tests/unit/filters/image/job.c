#include "filters/image/job.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/support/images.h"

static struct pd_job_ask
good_ask(void)
{
	return (struct pd_job_ask){
		.magic = PD_JOB_ASK,
		.in_len = 1000,
		.frames = 1,
		.set.out_max = 900,
		.set.lossy_max = 800,
		.width = 40,
		.height = 30,
		.source = PD_IMAGE_JPEG,
		.set.outputs = PD_JOB_WEBP_LOSSY,
		.orientation = 1,
		.set.quality_jpeg = 70,
		.set.quality_webp = 72,
		.set.to_width = 40,
		.set.to_height = 30,
	};
}

/* What is in the way of an animation's question, and its answer. */
static struct pd_job_ask
good_animation(void)
{
	struct pd_job_ask ask = good_ask();

	ask.source = PD_IMAGE_GIF;
	ask.frames = 12;
	ask.set.flags = PD_JOB_ANIMATED;
	ask.set.outputs = PD_JOB_AVIF | PD_JOB_WEBP_LOSSY;
	return ask;
}

/* One field wrong at a time. */
#define BAD_ASK(set_)                               \
	do {                                        \
		struct pd_job_ask ask = good_ask(); \
		ask.set_;                           \
		assert_false(pd_job_ask_ok(&ask));  \
	} while (0)

static void
questions(void **state)
{
	struct pd_job_ask good = good_ask();

	(void)state;
	assert_true(pd_job_ask_ok(&good));
	BAD_ASK(magic++);
	BAD_ASK(in_len = 0);
	BAD_ASK(in_len = PD_JOB_BODY_MAX + 1);
	BAD_ASK(set.out_max = 0);
	BAD_ASK(set.out_max = 1000);
	BAD_ASK(set.lossy_max = 901);
	BAD_ASK(width = 0);
	BAD_ASK(height = 0);
	BAD_ASK(width = 16384);
	BAD_ASK(height = UINT32_MAX);
	BAD_ASK(source = PD_IMAGE_NONE);
	BAD_ASK(source = 99);
	BAD_ASK(frames = 0);
	BAD_ASK(frames = 2);
	BAD_ASK(pad[1] = 1);
	BAD_ASK(set.outputs = 0);
	BAD_ASK(set.outputs = 0x40);
	BAD_ASK(set.flags = 0x80);
	BAD_ASK(orientation = 0);
	BAD_ASK(orientation = 9);
	BAD_ASK(set.quality_jpeg = 0);
	BAD_ASK(set.quality_webp = 101);
	BAD_ASK(set.chroma = PD_JOB_CHROMA_HALF + 1);
	BAD_ASK(set.method_webp = 7);
	BAD_ASK(set.quantizer_avif = 64);
	BAD_ASK(set.quantizer_alpha = 64);
	BAD_ASK(set.speed_avif = 11);
	BAD_ASK(set.effort = 4);
	BAD_ASK(set.pad[0] = 1);
	BAD_ASK(set.to_width = 0);
	BAD_ASK(set.to_width = 41);
	BAD_ASK(set.to_height = 31);
}

static struct pd_job_answer
good_answer(void)
{
	return (struct pd_job_answer){
		.magic = PD_JOB_ANSWER,
		.status = PD_JOB_DONE,
		.out_len = 500,
		.width = 40,
		.height = 30,
		.frames = 1,
		.format = PD_IMAGE_WEBP,
		.output = PD_JOB_WEBP_LOSSY,
	};
}

#define BAD_ANSWER(set)                                     \
	do {                                                \
		struct pd_job_answer bad = good_answer();   \
		bad.set;                                    \
		assert_false(pd_job_answer_ok(&ask, &bad)); \
	} while (0)

static void
answers(void **state)
{
	struct pd_job_ask ask = good_ask();
	struct pd_job_answer answer = good_answer();

	(void)state;
	assert_true(pd_job_answer_ok(&ask, &answer));
	BAD_ANSWER(magic = PD_JOB_ASK);
	BAD_ANSWER(status = PD_JOB_STATUSES);
	BAD_ANSWER(status = PD_JOB_LARGER); /* yet it has bytes */
	BAD_ANSWER(out_len = 0);
	BAD_ANSWER(out_len = 901);
	BAD_ANSWER(width = 30);
	BAD_ANSWER(height = 31);
	BAD_ANSWER(format = PD_IMAGE_JPEG);
	BAD_ANSWER(format = PD_IMAGE_PNG);
	BAD_ANSWER(format = PD_IMAGE_GIF);
	BAD_ANSWER(format = 99);
	BAD_ANSWER(output = PD_JOB_WEBP_LOSSLESS); /* not asked for */
	BAD_ANSWER(output = 0);
	BAD_ANSWER(frames = 0);
	BAD_ANSWER(frames = 2);
	ask.orientation = 6;
	assert_false(pd_job_answer_ok(&ask, &answer));
	answer.width = 30;
	answer.height = 40;
	assert_true(pd_job_answer_ok(&ask, &answer));
	answer = (struct pd_job_answer){ .magic = PD_JOB_ANSWER,
		.status = PD_JOB_BAD };
	assert_true(pd_job_answer_ok(&ask, &answer));
}

static void
animations(void **state)
{
	struct pd_job_ask ask = good_animation();
	struct pd_job_answer answer = good_answer();

	(void)state;
	assert_true(pd_job_ask_ok(&ask));
	ask.frames = 1;
	assert_false(pd_job_ask_ok(&ask));
	ask.frames = PD_JOB_FRAMES_MAX + 1;
	assert_false(pd_job_ask_ok(&ask));
	ask = good_animation();
	ask.orientation = 2;
	assert_false(pd_job_ask_ok(&ask));
	ask = good_animation();
	ask.set.to_width--;
	assert_false(pd_job_ask_ok(&ask));
	/* Frames that are alike may become one; a still is no animation. */
	ask = good_animation();
	answer.frames = 1;
	assert_false(pd_job_answer_ok(&ask, &answer));
	answer.frames = 2;
	assert_true(pd_job_answer_ok(&ask, &answer));
	answer.frames = 13;
	assert_false(pd_job_answer_ok(&ask, &answer));
}

static void
results(void **state)
{
	struct image_want w = { .width = 40, .height = 30 };
	struct image_bytes b = make_jpeg(&w);
	struct pd_job_answer answer = good_answer();

	(void)state;
	answer.out_len = (uint32_t)b.n;
	answer.format = PD_IMAGE_JPEG;
	assert_true(pd_job_result_ok(&answer, b.p, b.n));
	assert_false(pd_job_result_ok(&answer, b.p, b.n - 1));
	answer.format = PD_IMAGE_PNG;
	assert_false(pd_job_result_ok(&answer, b.p, b.n));
	answer.format = PD_IMAGE_JPEG;
	answer.width = 41;
	assert_false(pd_job_result_ok(&answer, b.p, b.n));
	free(b.p);
	/* A turn that was to be baked in and was not. */
	answer.width = 40;
	w.orientation = 3;
	b = make_jpeg(&w);
	answer.out_len = (uint32_t)b.n;
	assert_false(pd_job_result_ok(&answer, b.p, b.n));
	free(b.p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(questions),
		cmocka_unit_test(answers),
		cmocka_unit_test(animations),
		cmocka_unit_test(results),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
