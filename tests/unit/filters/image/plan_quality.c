#include "plan_help.h"

static void
a_level_sets_each_encoder(void **state)
{
	static const struct {
		enum sample sample;
		enum pd_conf_level level;
		uint8_t avif, webp, jpeg;
	} cases[] = {
		{ PHOTO, PD_CONF_LEVEL_INVISIBLE, 14, 86, 80 },
		{ PHOTO, PD_CONF_LEVEL_FINE, 20, 75, 69 },
		{ PHOTO, PD_CONF_LEVEL_UNSET, 20, 75, 69 },
		{ PHOTO, PD_CONF_LEVEL_THIN, 30, 58, 52 },
		{ WORN, PD_CONF_LEVEL_FINE, 20, 75, 62 },
		{ COARSE, PD_CONF_LEVEL_FINE, 21, 76, 52 },
		{ THUMBNAIL, PD_CONF_LEVEL_FINE, 18, 78, 74 },
		{ TRUE_COLOUR, PD_CONF_LEVEL_FINE, 24, 78, 78 },
		{ ANIMATED_GIF, PD_CONF_LEVEL_FINE, 19, 78, 70 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct pd_image_info info = make(cases[i].sample);
		struct pd_plan_wish wish = wish_of(1000, 1000, cases[i].level);
		struct pd_plan p;

		plan_for(&info, LEN, &wish, &p);
		assert_int_equal(p.set.quantizer_avif, cases[i].avif);
		assert_int_equal(p.set.quality_webp, cases[i].webp);
		assert_int_equal(p.set.quality_jpeg, cases[i].jpeg);
		assert_int_equal(p.set.speed_avif, 10);
	}
}

static void
the_best_sources_and_wide_colours_are_spared(void **state)
{
	struct pd_image_info info = jpeg_info(800, 600);
	struct pd_conf conf = usual_conf();
	struct pd_plan_quality usual, fresh, wide;

	(void)state;
	usual = pd_plan_quality(
	    &info, PD_PLAN_LOSS_JPEG, PD_CONF_LEVEL_FINE, &conf);
	info.quality = 91;
	fresh = pd_plan_quality(
	    &info, PD_PLAN_LOSS_JPEG, PD_CONF_LEVEL_FINE, &conf);
	assert_true(fresh.avif < usual.avif && fresh.jpeg > usual.jpeg);
	info.profile = PD_IMAGE_PROFILE_P3;
	wide = pd_plan_quality(
	    &info, PD_PLAN_LOSS_JPEG, PD_CONF_LEVEL_FINE, &conf);
	assert_true(wide.avif < fresh.avif && wide.jpeg > fresh.jpeg);
	assert_true(wide.webp > fresh.webp && wide.webp <= 100);
}

static void
levels_fall(void **state)
{
	struct pd_image_info info = jpeg_info(800, 600);
	struct pd_conf conf = usual_conf();

	(void)state;
	for (unsigned loss = 0; loss < PD_PLAN_LOSSES; loss++)
		for (unsigned l = PD_CONF_LEVEL_INVISIBLE;
		     l < PD_CONF_LEVEL_THIN; l++) {
			struct pd_plan_quality a =
			    pd_plan_quality(&info, loss, l, &conf);
			struct pd_plan_quality b =
			    pd_plan_quality(&info, loss, l + 1, &conf);

			assert_true(a.avif < b.avif && a.alpha < b.alpha);
			assert_true(a.webp > b.webp && a.jpeg > b.jpeg);
		}
}

static void
qualities_rise_together(void **state)
{
	(void)state;
	assert_int_equal(pd_plan_webp_quality(0), 1);
	assert_int_equal(pd_plan_webp_quality(100), 100);
	assert_int_equal(pd_plan_webp_quality(255), 100);
	assert_int_equal(pd_plan_avif_quantizer(0), 63);
	assert_int_equal(pd_plan_avif_quantizer(65), 19);
	assert_int_equal(pd_plan_avif_quantizer(100), 0);
	assert_int_equal(pd_plan_avif_quantizer(255), 0);
	for (unsigned q = 1; q < 100; q++) {
		uint8_t here = pd_plan_webp_quality((uint8_t)q);
		uint8_t next = pd_plan_webp_quality((uint8_t)(q + 1));

		assert_true(here >= 1 && here <= next && next <= 100);
		here = pd_plan_avif_quantizer((uint8_t)q);
		next = pd_plan_avif_quantizer((uint8_t)(q + 1));
		assert_true(here <= 63 && here >= next);
	}
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
	struct pd_plan_wish wish = wish_of(0, 0, PD_CONF_LEVEL_THIN);

	(void)state;
	conf.image_quality_set = true;
	conf.image_quality[0] = 30;
	conf.image_quality[1] = 25;
	conf.image_quality[2] = 20;
	conf.image_quality[3] = 10;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct pd_image_info info =
		    jpeg_info(cases[i].width, cases[i].height);
		struct pd_plan p;

		assert_int_equal(
		    pd_plan_image(&info, LEN, &wish, &conf, &p), PD_PLAN_TRY);
		assert_int_equal(p.set.quality_jpeg, cases[i].quality);
		assert_int_equal(
		    p.set.quality_webp, pd_plan_webp_quality(cases[i].quality));
		assert_int_equal(p.set.quantizer_avif,
		    pd_plan_avif_quantizer(cases[i].quality));
	}
	conf.image_quality[2] = 0;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct pd_image_info info =
		    jpeg_info(cases[i].width, cases[i].height);
		struct pd_plan p;

		assert_int_equal(pd_plan_image(&info, LEN, &wish, &conf, &p),
		    cases[i].quality == 20 ? PD_PLAN_PASS : PD_PLAN_TRY);
	}
}

static void
a_fixed_quality_has_its_own_idea_of_spent(void **state)
{
	struct pd_image_info info = jpeg_info(800, 600);
	struct pd_conf conf = usual_conf();
	struct pd_plan_wish both = clients[PD_PLAN_COLUMN_BOTH];
	struct pd_plan_wish neither = clients[PD_PLAN_COLUMN_NEITHER];
	struct pd_plan p;

	(void)state;
	conf.image_quality_set = true;
	conf.image_quality[3] = 65;
	info.quality = 65;
	pd_plan_image(&info, LEN, &neither, &conf, &p);
	assert_int_equal(p.set.outputs, SAME);
	pd_plan_image(&info, LEN, &both, &conf, &p);
	assert_int_equal(p.set.outputs, AVIF);
	info.quality = 57;
	pd_plan_image(&info, LEN, &both, &conf, &p);
	assert_int_equal(p.set.outputs, SAME);
	/* What loses its colour loses something at any quality. */
	conf.convert_to_grayscale = true;
	pd_plan_image(&info, LEN, &both, &conf, &p);
	assert_int_equal(p.set.outputs, AVIF);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_level_sets_each_encoder),
		cmocka_unit_test(the_best_sources_and_wide_colours_are_spared),
		cmocka_unit_test(levels_fall),
		cmocka_unit_test(qualities_rise_together),
		cmocka_unit_test(ziproxys_classes),
		cmocka_unit_test(a_fixed_quality_has_its_own_idea_of_spent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
