#include "plan_help.h"

/* Each by itself: nothing of it depends on what the client takes. */
#define PASSES(make, set)                                                    \
	do {                                                                 \
		struct pd_image_info info = make;                            \
		struct pd_plan p;                                            \
		info.set;                                                    \
		assert_int_equal(                                            \
		    plan_for(&info, LEN, &clients[PD_PLAN_COLUMN_BOTH], &p), \
		    PD_PLAN_PASS);                                           \
		assert_non_null(p.why);                                      \
		assert_false(p.accept_used);                                 \
		assert_int_equal(p.step, PD_PLAN_ORIGINAL);                  \
	} while (0)

static void
what_is_left_alone(void **state)
{
	(void)state;
	PASSES(jpeg_info(800, 600), gain_map = true);
	PASSES(jpeg_info(800, 600), unsupported = true);
	PASSES(jpeg_info(800, 600), format = PD_IMAGE_NONE);
	PASSES(png_info(800, 600), profile = PD_IMAGE_PROFILE_ODD);
	PASSES(png_info(800, 600), orientation = 6);
	PASSES(gif_info(100, 100, 1001), depth = 8);
	PASSES(gif_info(3000, 1000, 21), depth = 8);
	PASSES(gif_info(300, 100, 10), frame_pixels = 60000001);
}

/* Each switch, and what it leaves on. */
static void
what_is_switched_off(void **state)
{
	struct pd_conf conf = usual_conf();
	const struct {
		bool *on;
		enum sample sample;
	} switches[] = {
		{ &conf.process_jpg, PHOTO },
		{ &conf.process_png, TRUE_COLOUR },
		{ &conf.process_gif, ANIMATED_GIF },
		{ &conf.process_webp, ANIMATED_WEBP },
		{ &conf.process_avif, AVIF_STILL },
	};
	struct pd_plan_wish wish = clients[PD_PLAN_COLUMN_BOTH];

	(void)state;
	wish.level = PD_CONF_LEVEL_THIN;
	for (size_t off = 0; off < COUNT(switches); off++) {
		*switches[off].on = false;
		for (size_t i = 0; i < COUNT(switches); i++) {
			struct pd_image_info info = make(switches[i].sample);
			struct pd_plan p;

			assert_int_equal(
			    pd_plan_image(&info, LEN, &wish, &conf, &p),
			    i == off ? PD_PLAN_PASS : PD_PLAN_TRY);
		}
		*switches[off].on = true;
	}
}

static void
bombs_are_seen_before_decoding(void **state)
{
	struct pd_image_info scans = jpeg_info(2000, 2500);
	struct pd_image_info beside = png_info(800, 600);
	struct pd_image_info frames = gif_info(1000, 500, 9);
	const struct {
		struct pd_image_info info;
		size_t len;
		enum pd_plan_verdict verdict;
	} cases[] = {
		{ png_info(16383, 10), LEN, PD_PLAN_TRY },
		{ png_info(16384, 10), LEN, PD_PLAN_BOMB },
		{ png_info(10, 16384), LEN, PD_PLAN_BOMB },
		{ png_info(4400, 4400), LEN * 2, PD_PLAN_TRY },
		/* Within the limit, but beyond the memory. */
		{ png_info(5000, 5000), LEN * 2, PD_PLAN_PASS },
		{ png_info(5001, 5000), LEN * 2, PD_PLAN_BOMB },
		{ jpeg_info(UINT32_MAX, UINT32_MAX), LEN, PD_PLAN_BOMB },
		/* Pixels a byte: of a JPEG always, of others above 4 M. */
		{ jpeg_info(1000, 999), 999, PD_PLAN_TRY },
		{ jpeg_info(1000, 1001), 1000, PD_PLAN_BOMB },
		{ png_info(2000, 2000), 24000, PD_PLAN_TRY },
		/* Bytes a byte. */
		{ png_info(2000, 2000), 23999, PD_PLAN_BOMB },
		{ png_info(1000, 1000), 1000, PD_PLAN_TRY },
		{ scans, LEN, PD_PLAN_TRY },
		{ beside, LEN, PD_PLAN_TRY },
		{ frames, 4500, PD_PLAN_TRY },
		{ frames, 4499, PD_PLAN_BOMB },
	};
	struct pd_plan p;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		enum pd_plan_verdict verdict = plan_for(&cases[i].info,
		    cases[i].len, &clients[PD_PLAN_COLUMN_BOTH], &p);

		if (verdict != cases[i].verdict)
			fail_msg("case %zu: %d, \"%s\"", i, verdict, p.why);
	}
	scans.scans = 20;
	assert_int_equal(plan_for(&scans, LEN, &clients[0], &p), PD_PLAN_TRY);
	scans.scans = 21;
	assert_int_equal(plan_for(&scans, LEN, &clients[0], &p), PD_PLAN_BOMB);
	scans = jpeg_info(200, 300);
	scans.scans = 30;
	assert_int_equal(plan_for(&scans, LEN, &clients[0], &p), PD_PLAN_TRY);
	scans.scans = 31;
	assert_int_equal(plan_for(&scans, LEN, &clients[0], &p), PD_PLAN_BOMB);
	beside.ancillary = 4 << 20;
	assert_int_equal(plan_for(&beside, LEN, &clients[0], &p), PD_PLAN_TRY);
	beside.ancillary++;
	assert_int_equal(plan_for(&beside, LEN, &clients[0], &p), PD_PLAN_BOMB);
}

static void
few_and_many_bytes(void **state)
{
	struct pd_image_info info = png_info(20, 20);
	struct pd_plan p;

	(void)state;
	assert_int_equal(plan_for(&info, 399, &clients[0], &p), PD_PLAN_PASS);
	assert_int_equal(plan_for(&info, 400, &clients[0], &p), PD_PLAN_TRY);
	assert_int_equal(
	    plan_for(&info, PD_JOB_BODY_MAX, &clients[0], &p), PD_PLAN_TRY);
	assert_int_equal(
	    plan_for(&info, (size_t)PD_JOB_BODY_MAX + 1, &clients[0], &p),
	    PD_PLAN_PASS);
}

static void
pixels_and_memory_decide_the_step(void **state)
{
	static const struct {
		uint32_t width, height;
		int64_t memory; /* MB */
		enum pd_plan_step step;
		bool full; /* colour is not halved */
	} cases[] = {
		{ 4000, 2000, 512, PD_PLAN_AVIF, false },
		{ 4000, 2001, 512, PD_PLAN_WEBP, false },
		{ 5000, 5000, 512, PD_PLAN_CHEAP, false },
		{ 4000, 2000, 200, PD_PLAN_AVIF, false },
		{ 4000, 2000, 180, PD_PLAN_WEBP, false },
		{ 4000, 2000, 90, PD_PLAN_CHEAP, false },
		{ 4000, 2000, 70, PD_PLAN_ORIGINAL, false },
		{ 2500, 2000, 512, PD_PLAN_AVIF, true },
		{ 2501, 2000, 512, PD_PLAN_WEBP, true },
	};
	struct pd_conf conf = usual_conf();

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct pd_image_info info =
		    jpeg_info(cases[i].width, cases[i].height);
		struct pd_plan p;

		info.orientation = 6;
		if (cases[i].full)
			info.h[0] = info.v[0] = 1;
		conf.image_memory_max = cases[i].memory << 20;
		assert_int_equal(
		    pd_plan_image(&info, LEN * 10, &clients[0], &conf, &p),
		    cases[i].step == PD_PLAN_ORIGINAL ? PD_PLAN_PASS
						      : PD_PLAN_TRY);
		assert_int_equal(p.step, cases[i].step);
		assert_int_equal(
		    p.stepped != NULL, cases[i].step != PD_PLAN_AVIF);
		assert_true(p.accept_used);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_left_alone),
		cmocka_unit_test(what_is_switched_off),
		cmocka_unit_test(bombs_are_seen_before_decoding),
		cmocka_unit_test(few_and_many_bytes),
		cmocka_unit_test(pixels_and_memory_decide_the_step),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
