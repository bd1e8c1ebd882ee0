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
		.out_max = 900,
		.lossy_max = 800,
		.width = 40,
		.height = 30,
		.source = PD_IMAGE_JPEG,
		.outputs = PD_JOB_WEBP_LOSSY,
		.orientation = 1,
		.quality_jpeg = 70,
		.quality_webp = 72,
	};
}

/* One field wrong at a time. */
#define BAD_ASK(set)                                \
	do {                                        \
		struct pd_job_ask ask = good_ask(); \
		ask.set;                            \
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
	BAD_ASK(out_max = 0);
	BAD_ASK(out_max = 1000);
	BAD_ASK(lossy_max = 901);
	BAD_ASK(width = 0);
	BAD_ASK(height = 0);
	BAD_ASK(width = 16384);
	BAD_ASK(height = UINT32_MAX);
	BAD_ASK(source = PD_IMAGE_NONE);
	BAD_ASK(source = PD_IMAGE_WEBP);
	BAD_ASK(outputs = 0);
	BAD_ASK(outputs = 0x20);
	BAD_ASK(flags = 0x80);
	BAD_ASK(orientation = 0);
	BAD_ASK(orientation = 9);
	BAD_ASK(quality_jpeg = 0);
	BAD_ASK(quality_webp = 101);
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
		.format = PD_IMAGE_WEBP,
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
		cmocka_unit_test(results),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
