#include "filters/image/plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/conf.h"
#include "filters/image/job.h"
#include "filters/image/sniff.h"

static struct pd_conf
usual_conf(void)
{
	return (struct pd_conf){
		.process_jpg = true,
		.process_png = true,
		.process_gif = true,
		.image_pixels_max = 25000000,
		.image_ratio_max = 500,
	};
}

static struct pd_image_info
jpeg_info(uint32_t width, uint32_t height)
{
	return (struct pd_image_info){
		.format = PD_IMAGE_JPEG,
		.width = width,
		.height = height,
		.components = 3,
		.depth = 8,
		.orientation = 1,
		.quality = 90,
		.scans = 1,
		.h = { 2, 1, 1 },
		.v = { 2, 1, 1 },
	};
}

static struct pd_image_info
png_info(uint32_t width, uint32_t height)
{
	struct pd_image_info info = jpeg_info(width, height);

	info.format = PD_IMAGE_PNG;
	info.quality = 0;
	info.scans = 0;
	return info;
}

#define LEN 100000

static enum pd_plan_verdict
plan(const struct pd_image_info *info, bool webp, struct pd_plan *out)
{
	struct pd_conf conf = usual_conf();

	return pd_plan_image(info, LEN, webp, &conf, out);
}

static void
a_jpeg_by_what_the_client_takes(void **state)
{
	struct pd_image_info info = jpeg_info(800, 600);
	struct pd_plan p;

	(void)state;
	assert_int_equal(plan(&info, true, &p), PD_PLAN_TRY);
	assert_int_equal(p.outputs, PD_JOB_WEBP_LOSSY);
	assert_int_equal(p.quality_webp, 78);
	assert_true(p.accept_used);
	assert_int_equal(p.out_max, LEN - LEN / 20);
	assert_int_equal(p.lossy_max, LEN - LEN / 10);
	assert_int_equal(plan(&info, false, &p), PD_PLAN_TRY);
	assert_int_equal(p.outputs, PD_JOB_JPEG);
	assert_true(p.accept_used);
}

static void
coarse_jpegs_are_not_made_coarser(void **state)
{
	struct pd_image_info info = jpeg_info(800, 600);
	struct pd_plan p;

	(void)state;
	info.quality = 60;
	assert_int_equal(plan(&info, true, &p), PD_PLAN_TRY);
	assert_int_equal(p.outputs, PD_JOB_REWRITE);
	info.quality = 66;
	plan(&info, true, &p);
	assert_int_equal(p.outputs, PD_JOB_WEBP_LOSSY);
	plan(&info, false, &p);
	assert_int_equal(p.outputs, PD_JOB_REWRITE);
	/* A turn cannot be baked in without decoding. */
	info.orientation = 6;
	assert_int_equal(plan(&info, false, &p), PD_PLAN_PASS);
	assert_true(p.accept_used);
}

static void
drawings_and_icons(void **state)
{
	struct pd_image_info info = png_info(800, 600);
	struct pd_plan p;

	(void)state;
	plan(&info, true, &p);
	assert_int_equal(p.outputs, PD_JOB_WEBP_LOSSY | PD_JOB_WEBP_LOSSLESS);
	plan(&info, false, &p);
	assert_int_equal(p.outputs, PD_JOB_PNG | PD_JOB_JPEG);
	info = png_info(64, 64);
	plan(&info, true, &p);
	assert_int_equal(p.outputs, PD_JOB_WEBP_LOSSLESS);
	plan(&info, false, &p);
	assert_int_equal(p.outputs, PD_JOB_PNG);
	info = jpeg_info(64, 64);
	assert_int_equal(plan(&info, true, &p), PD_PLAN_PASS);
}

/* Each by itself: nothing of it depends on what the client takes. */
#define PASSES(make, set)                                              \
	do {                                                           \
		struct pd_image_info info = make;                      \
		struct pd_plan p;                                      \
		info.set;                                              \
		assert_int_equal(plan(&info, true, &p), PD_PLAN_PASS); \
		assert_non_null(p.why);                                \
		assert_false(p.accept_used);                           \
	} while (0)

static void
what_is_left_alone(void **state)
{
	(void)state;
	PASSES(png_info(800, 600), animated = true);
	PASSES(jpeg_info(800, 600), gain_map = true);
	PASSES(jpeg_info(800, 600), unsupported = true);
	PASSES(jpeg_info(800, 600), format = PD_IMAGE_WEBP);
	PASSES(jpeg_info(800, 600), format = PD_IMAGE_AVIF);
	PASSES(png_info(800, 600), profile = PD_IMAGE_PROFILE_ODD);
	PASSES(png_info(800, 600), orientation = 6);
}

static void
what_is_switched_off(void **state)
{
	struct pd_image_info jpeg = jpeg_info(800, 600);
	struct pd_image_info png = png_info(800, 600), gif = png;
	struct pd_conf conf = usual_conf();
	struct pd_plan p;

	(void)state;
	gif.format = PD_IMAGE_GIF;
	conf.process_jpg = false;
	assert_int_equal(
	    pd_plan_image(&jpeg, LEN, true, &conf, &p), PD_PLAN_PASS);
	assert_int_equal(
	    pd_plan_image(&png, LEN, true, &conf, &p), PD_PLAN_TRY);
	conf = usual_conf();
	conf.process_png = false;
	assert_int_equal(
	    pd_plan_image(&png, LEN, true, &conf, &p), PD_PLAN_PASS);
	assert_int_equal(
	    pd_plan_image(&gif, LEN, true, &conf, &p), PD_PLAN_TRY);
	conf.process_gif = false;
	assert_int_equal(
	    pd_plan_image(&gif, LEN, true, &conf, &p), PD_PLAN_PASS);
}

static void
ziproxys_classes(void **state)
{
	static const struct {
		uint32_t width, height;
		uint8_t quality;
	} cases[] = {
		{ 100, 49, 30 },   /* 4,900 pixels */
		{ 100, 50, 25 },   /* 5,000 */
		{ 223, 224, 25 },  /* 49,952 */
		{ 224, 224, 20 },  /* 50,176 */
		{ 2000, 149, 25 }, /* a side below 150 */
		{ 2000, 150, 10 }, /* 300,000 */
		{ 499, 500, 20 },  /* 249,500 */
		{ 500, 500, 10 },  /* 250,000 */
	};
	struct pd_conf conf = usual_conf();

	(void)state;
	conf.image_quality_set = true;
	conf.image_quality[0] = 30;
	conf.image_quality[1] = 25;
	conf.image_quality[2] = 20;
	conf.image_quality[3] = 10;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct pd_image_info info =
		    jpeg_info(cases[i].width, cases[i].height);
		struct pd_plan p;

		assert_int_equal(
		    pd_plan_image(&info, LEN, false, &conf, &p), PD_PLAN_TRY);
		assert_int_equal(p.quality_jpeg, cases[i].quality);
	}
	conf.image_quality[2] = 0;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct pd_image_info info =
		    jpeg_info(cases[i].width, cases[i].height);
		struct pd_plan p;

		assert_int_equal(pd_plan_image(&info, LEN, false, &conf, &p),
		    cases[i].quality == 20 ? PD_PLAN_PASS : PD_PLAN_TRY);
	}
}

#define BOMBS(make, len, set)                                      \
	do {                                                       \
		struct pd_image_info bomb = make;                  \
		struct pd_conf usual = usual_conf();               \
		struct pd_plan out;                                \
		bomb.set;                                          \
		assert_int_equal(                                  \
		    pd_plan_image(&bomb, len, true, &usual, &out), \
		    PD_PLAN_BOMB);                                 \
	} while (0)

static void
bombs_are_seen_before_decoding(void **state)
{
	struct pd_image_info flat = png_info(2000, 2000);
	struct pd_conf conf = usual_conf();
	struct pd_plan p;

	(void)state;
	BOMBS(png_info(16384, 10), LEN, depth = 8);
	BOMBS(png_info(5001, 5000), LEN, depth = 8);
	BOMBS(jpeg_info(UINT32_MAX, UINT32_MAX), LEN, depth = 8);
	BOMBS(jpeg_info(1500, 1000), 1000, depth = 8);
	BOMBS(jpeg_info(800, 600), LEN, scans = 31);
	BOMBS(jpeg_info(4000, 4000), LEN, scans = 20);
	BOMBS(png_info(800, 600), LEN, ancillary = 5 << 20);
	conf.image_ratio_max = 0;
	assert_int_equal(
	    pd_plan_image(&flat, 3000, true, &conf, &p), PD_PLAN_TRY);
}

static void
too_small_to_bother(void **state)
{
	struct pd_image_info info = png_info(20, 20);
	struct pd_conf conf = usual_conf();
	struct pd_plan p;

	(void)state;
	assert_int_equal(
	    pd_plan_image(&info, 399, true, &conf, &p), PD_PLAN_PASS);
	assert_int_equal(
	    pd_plan_image(&info, 400, true, &conf, &p), PD_PLAN_TRY);
	/* 64 bytes are the least that counts. */
	assert_int_equal(p.out_max, 400 - 64);
}

static void
a_beginning_tells_what_is_hopeless(void **state)
{
	struct pd_image_info info = { .format = PD_IMAGE_GIF,
		.orientation = 1 };
	struct pd_conf conf = usual_conf();

	(void)state;
	assert_int_equal(pd_plan_beginning(&info, &conf), PD_PLAN_TRY);
	info.loops = true;
	assert_int_equal(pd_plan_beginning(&info, &conf), PD_PLAN_PASS);
	info.loops = false;
	info.width = 20000;
	assert_int_equal(pd_plan_beginning(&info, &conf), PD_PLAN_BOMB);
	info.width = 0;
	info.format = PD_IMAGE_JPEG;
	assert_int_equal(pd_plan_beginning(&info, &conf), PD_PLAN_TRY);
}

static void
qualities_rise_together(void **state)
{
	(void)state;
	assert_int_equal(pd_plan_webp_quality(0), 1);
	assert_int_equal(pd_plan_webp_quality(100), 100);
	for (unsigned q = 1; q < 100; q++) {
		uint8_t here = pd_plan_webp_quality((uint8_t)q);
		uint8_t next = pd_plan_webp_quality((uint8_t)(q + 1));

		assert_true(here >= 1 && here <= next && next <= 100);
	}
}

static void
grey_is_for_what_has_colour(void **state)
{
	struct pd_image_info info = jpeg_info(800, 600);
	struct pd_conf conf = usual_conf();
	struct pd_plan p;

	(void)state;
	conf.convert_to_grayscale = true;
	info.quality = 30;
	pd_plan_image(&info, LEN, false, &conf, &p);
	assert_true(p.flags & PD_JOB_GREY);
	assert_int_equal(p.outputs, PD_JOB_JPEG);
	info.components = 1;
	pd_plan_image(&info, LEN, false, &conf, &p);
	assert_false(p.flags & PD_JOB_GREY);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_jpeg_by_what_the_client_takes),
		cmocka_unit_test(coarse_jpegs_are_not_made_coarser),
		cmocka_unit_test(drawings_and_icons),
		cmocka_unit_test(what_is_left_alone),
		cmocka_unit_test(what_is_switched_off),
		cmocka_unit_test(ziproxys_classes),
		cmocka_unit_test(bombs_are_seen_before_decoding),
		cmocka_unit_test(too_small_to_bother),
		cmocka_unit_test(a_beginning_tells_what_is_hopeless),
		cmocka_unit_test(qualities_rise_together),
		cmocka_unit_test(grey_is_for_what_has_colour),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
