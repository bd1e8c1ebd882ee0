#include "plan_help.h"

/* --- The table -------------------------------------------------------------
 */

/* 0: it passes. */
static const struct {
	enum sample sample;
	enum pd_conf_level level;
	uint8_t outputs[PD_PLAN_COLUMNS]; /* both, AVIF, WebP, neither */
} table[] = {
	{ PHOTO, 0, { AVIF, AVIF, JPEG, JPEG } },
	{ TURNED, 0, { AVIF, AVIF, LOSSY, JPEG } },
	{ THUMBNAIL, 0, { AVIF, AVIF, JPEG, JPEG } },
	{ THUMBNAIL_420, 0, { AVIF, AVIF, JPEG, JPEG } },
	{ COARSE, 0, { AVIF, AVIF, SAME, SAME } },
	{ COARSE_UNKNOWN, 0, { AVIF, AVIF, SAME, SAME } },
	{ COARSE_TURNED, 0, { AVIF, AVIF, 0, 0 } },
	{ COARSE, PD_CONF_LEVEL_THIN, { AVIF, AVIF, JPEG, JPEG } },
	{ WORN, 0, { JPEG, JPEG, JPEG, JPEG } },
	{ WORN, PD_CONF_LEVEL_THIN, { AVIF, AVIF, JPEG, JPEG } },
	{ WORN, PD_CONF_LEVEL_INVISIBLE, { AVIF, AVIF, SAME, SAME } },
	{ JPEG_ICON, 0, { SAME, SAME, SAME, SAME } },
	{ ICON, 0, { EXACT, PNG, EXACT, PNG } },
	{ TRUE_COLOUR, 0,
	    { AVIF | LOSSY | EXACT, AVIF | PNG, LOSSY | EXACT, JPEG | PNG } },
	{ FEW_COLOURS, 0,
	    { AVIF | LOSSY | EXACT, AVIF | PNG, LOSSY | EXACT, PNG } },
	{ STILL_GIF, 0,
	    { AVIF | LOSSY | EXACT, AVIF | PNG, LOSSY | EXACT, PNG } },
	{ ANIMATED_GIF, 0, { AVIF | LOSSY | EXACT, AVIF, LOSSY | EXACT, 0 } },
	{ APNG, 0, { AVIF | LOSSY | EXACT, AVIF, LOSSY | EXACT, 0 } },
	{ ANIMATED_WEBP, 0, { AVIF, AVIF, 0, 0 } },
	{ ANIMATED_WEBP_EXACT, 0,
	    { AVIF | LOSSY | EXACT, AVIF, LOSSY | EXACT, 0 } },
	{ ANIMATED_AVIF, 0, { 0, 0, 0, 0 } },
	{ ANIMATED_AVIF, PD_CONF_LEVEL_THIN, { 0, 0, 0, 0 } },
	{ WEBP, 0, { 0, 0, 0, 0 } },
	{ WEBP, PD_CONF_LEVEL_THIN, { AVIF, AVIF, LOSSY, 0 } },
	{ WEBP_EXACT, 0, { AVIF, AVIF, LOSSY, 0 } },
	{ WEBP_EXACT, PD_CONF_LEVEL_INVISIBLE, { 0, 0, 0, 0 } },
	{ WEBP_EXACT_FLAT, PD_CONF_LEVEL_THIN, { 0, 0, 0, 0 } },
	{ AVIF_STILL, 0, { 0, 0, 0, 0 } },
	{ AVIF_STILL, PD_CONF_LEVEL_THIN, { AVIF, AVIF, 0, 0 } },
	{ GAIN_MAP, 0, { 0, 0, 0, 0 } },
	{ GAIN_MAP, PD_CONF_LEVEL_THIN, { 0, 0, 0, 0 } },
};

static void
each_kind_for_each_client(void **state)
{
	bool seen[SAMPLES] = { false };

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct pd_image_info info = make(table[i].sample);

		seen[table[i].sample] = true;
		for (unsigned c = 0; c < PD_PLAN_COLUMNS; c++) {
			struct pd_plan_wish wish = clients[c];
			struct pd_plan p;
			enum pd_plan_verdict verdict;

			wish.level = table[i].level;
			verdict = plan_for(&info, LEN, &wish, &p);
			if (p.set.outputs != table[i].outputs[c])
				fail_msg("row %zu, client %u: %#x, \"%s\"", i,
				    c, p.set.outputs, p.why);
			assert_int_equal(verdict,
			    p.set.outputs != 0 ? PD_PLAN_TRY : PD_PLAN_PASS);
			assert_true(strlen(p.why) > 3);
			assert_null(p.stepped);
		}
	}
	for (unsigned i = 0; i < SAMPLES; i++)
		assert_true(seen[i]);
}

static void
accept_counts_where_clients_differ(void **state)
{
	static const struct {
		enum sample sample;
		enum pd_conf_level level;
		bool used;
	} cases[] = {
		{ PHOTO, 0, true },
		{ COARSE, 0, true },
		{ COARSE_TURNED, 0, true },
		{ TURNED, 0, true },
		{ WORN, 0, false },
		{ WORN, PD_CONF_LEVEL_THIN, true },
		{ JPEG_ICON, 0, false },
		{ ANIMATED_GIF, 0, true },
		{ WEBP, 0, false },
		{ WEBP, PD_CONF_LEVEL_THIN, true },
		{ AVIF_STILL, PD_CONF_LEVEL_THIN, true },
		{ ANIMATED_AVIF, 0, false },
		{ GAIN_MAP, 0, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		for (unsigned c = 0; c < PD_PLAN_COLUMNS; c++) {
			struct pd_image_info info = make(cases[i].sample);
			struct pd_plan_wish wish = clients[c];
			struct pd_plan p;

			wish.level = cases[i].level;
			plan_for(&info, LEN, &wish, &p);
			assert_int_equal(p.accept_used, cases[i].used);
		}
}

static void
the_heavier_weight_wins(void **state)
{
	static const struct {
		uint16_t avif, webp;
		uint8_t outputs;
		enum pd_plan_step step;
	} cases[] = {
		{ 1000, 1000, AVIF | LOSSY | EXACT, PD_PLAN_AVIF },
		{ 1000, 1, AVIF | LOSSY | EXACT, PD_PLAN_AVIF },
		{ 500, 501, LOSSY | EXACT, PD_PLAN_WEBP },
		{ 1, 0, AVIF | PNG, PD_PLAN_AVIF },
		{ 0, 1, LOSSY | EXACT, PD_PLAN_WEBP },
		{ 0, 0, JPEG | PNG, PD_PLAN_CHEAP },
	};
	struct pd_image_info info = png_info(800, 600);

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct pd_plan_wish wish =
		    wish_of(cases[i].avif, cases[i].webp, PD_CONF_LEVEL_FINE);
		struct pd_plan p;

		assert_int_equal(plan_for(&info, LEN, &wish, &p), PD_PLAN_TRY);
		assert_int_equal(p.set.outputs, cases[i].outputs);
		assert_int_equal(p.step, cases[i].step);
	}
}

/* --- The rest of the settings ----------------------------------------------
 */

static void
what_must_be_saved(void **state)
{
	static const struct {
		enum sample sample;
		size_t len;
		unsigned all, lossy;
	} cases[] = {
		{ PHOTO, LEN, 5000, 10000 },
		{ COARSE, LEN, 5000, 12000 },
		{ TRUE_COLOUR, LEN, 5000, 5000 },
		{ ANIMATED_GIF, LEN, 5000, 5000 },
		/* 64 bytes are the least that counts. */
		{ ICON, 400, 64, 64 },
		{ PHOTO, 1000, 64, 100 },
	};
	struct pd_plan_wish wish = clients[PD_PLAN_COLUMN_BOTH];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct pd_image_info info = make(cases[i].sample);
		struct pd_plan p;

		assert_int_equal(
		    plan_for(&info, cases[i].len, &wish, &p), PD_PLAN_TRY);
		assert_int_equal(p.set.out_max, cases[i].len - cases[i].all);
		assert_int_equal(
		    p.set.lossy_max, cases[i].len - cases[i].lossy);
	}
}

static void
colour_in_full_or_half(void **state)
{
	struct pd_image_info info = make(PHOTO);
	struct pd_plan_wish wish = clients[PD_PLAN_COLUMN_BOTH];
	struct pd_plan p;

	(void)state;
	plan_for(&info, LEN, &wish, &p);
	assert_int_equal(p.set.chroma, PD_JOB_CHROMA_HALF);
	info.h[0] = 1;
	plan_for(&info, LEN, &wish, &p);
	assert_int_equal(p.set.chroma, PD_JOB_CHROMA_AUTO);
	info = make(THUMBNAIL);
	plan_for(&info, LEN, &wish, &p);
	assert_int_equal(p.set.chroma, PD_JOB_CHROMA_FULL);
	info = make(THUMBNAIL_420);
	plan_for(&info, LEN, &wish, &p);
	assert_int_equal(p.set.chroma, PD_JOB_CHROMA_HALF);
	info = png_info(200, 200);
	plan_for(&info, LEN, &wish, &p);
	assert_int_equal(p.set.chroma, PD_JOB_CHROMA_AUTO);
}

static void
flags_go_with_the_outputs(void **state)
{
	struct pd_image_info info = make(PHOTO);
	struct pd_plan_wish wish = clients[PD_PLAN_COLUMN_NEITHER];
	struct pd_plan p;

	(void)state;
	plan_for(&info, 9999, &wish, &p);
	assert_int_equal(p.set.flags, 0);
	plan_for(&info, 10000, &wish, &p);
	assert_int_equal(p.set.flags, PD_JOB_PROGRESSIVE);
	info.profile = PD_IMAGE_PROFILE_SRGB;
	plan_for(&info, 9999, &wish, &p);
	assert_int_equal(p.set.flags, 0);
	info.profile = PD_IMAGE_PROFILE_P3;
	plan_for(&info, 9999, &wish, &p);
	assert_int_equal(p.set.flags, PD_JOB_ICC);
	info = make(FEW_COLOURS);
	plan_for(&info, LEN, &wish, &p);
	assert_int_equal(p.set.flags, PD_JOB_PALETTE);
	wish.level = PD_CONF_LEVEL_INVISIBLE;
	plan_for(&info, LEN, &wish, &p);
	assert_int_equal(p.set.flags, 0);
	info = make(ICON);
	wish.level = PD_CONF_LEVEL_THIN;
	plan_for(&info, LEN, &wish, &p);
	assert_int_equal(p.set.flags, 0);
	info = make(ANIMATED_GIF);
	plan_for(&info, LEN, &clients[PD_PLAN_COLUMN_BOTH], &p);
	assert_int_equal(p.set.flags, PD_JOB_ANIMATED);
}

static void
grey_is_for_what_has_colour(void **state)
{
	struct pd_image_info info = jpeg_info(800, 600);
	struct pd_conf conf = usual_conf();
	struct pd_plan_wish wish = clients[PD_PLAN_COLUMN_NEITHER];
	struct pd_plan p;

	(void)state;
	conf.convert_to_grayscale = true;
	info.quality = 30;
	pd_plan_image(&info, LEN, &wish, &conf, &p);
	assert_true(p.set.flags & PD_JOB_GREY);
	assert_int_equal(p.set.outputs, JPEG);
	info.components = 1;
	pd_plan_image(&info, LEN, &wish, &conf, &p);
	assert_false(p.set.flags & PD_JOB_GREY);
	assert_int_equal(p.set.outputs, SAME);
}

/* --- Size by screen --------------------------------------------------------
 */

static void
photographs_are_fitted_to_the_screen(void **state)
{
	static const struct {
		uint32_t width, height, orientation, screen;
		uint32_t to_width, to_height;
	} cases[] = {
		{ 2000, 1000, 1, 0, 2000, 1000 },
		{ 2000, 1000, 1, 1000, 1000, 500 },
		/* Up to 5/4 it stays. */
		{ 1250, 1000, 1, 1000, 1250, 1000 },
		{ 1251, 1000, 1, 1000, 1000, 799 },
		/* As it is seen: 1000 wide, then 2000. */
		{ 2000, 1000, 6, 900, 2000, 1000 },
		{ 1000, 2000, 6, 1000, 500, 1000 },
		{ 1000, 2000, 3, 1000, 1000, 2000 },
		/* Never below 640. */
		{ 2000, 1000, 1, 320, 640, 320 },
		{ 801, 400, 1, 1, 640, 320 },
		{ 800, 400, 1, 1, 800, 400 },
		/* Nor to nothing. */
		{ 16383, 3, 1, 640, 640, 1 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct pd_image_info info =
		    jpeg_info(cases[i].width, cases[i].height);
		struct pd_plan_wish wish = clients[PD_PLAN_COLUMN_BOTH];
		struct pd_plan p;

		info.orientation = (uint8_t)cases[i].orientation;
		wish.width_max = cases[i].screen;
		assert_int_equal(plan_for(&info, LEN, &wish, &p), PD_PLAN_TRY);
		assert_int_equal(p.set.to_width, cases[i].to_width);
		assert_int_equal(p.set.to_height, cases[i].to_height);
	}
}

static void
drawings_are_not(void **state)
{
	struct pd_image_info info = png_info(2000, 1000);
	struct pd_plan_wish wish = clients[PD_PLAN_COLUMN_BOTH];
	struct pd_plan p;

	(void)state;
	wish.width_max = 1000;
	plan_for(&info, 1000000, &wish, &p); /* 4 bits a pixel */
	assert_int_equal(p.set.to_width, 2000);
	plan_for(&info, 1000001, &wish, &p);
	assert_int_equal(p.set.to_width, 1000);
	info.palette = true;
	plan_for(&info, 1000001, &wish, &p);
	assert_int_equal(p.set.to_width, 2000);
	info = gif_info(2000, 1000, 3);
	plan_for(&info, 1000001, &wish, &p);
	assert_int_equal(p.set.to_width, 2000);
}

static void
smaller_pictures_are_worth_it_though_coarse(void **state)
{
	struct pd_image_info info = jpeg_info(2000, 1000);
	struct pd_plan_wish wish = clients[PD_PLAN_COLUMN_WEBP];
	struct pd_plan p;

	(void)state;
	info.quality = 50;
	plan_for(&info, LEN, &wish, &p);
	assert_int_equal(p.set.outputs, SAME);
	wish.width_max = 1000;
	plan_for(&info, LEN, &wish, &p);
	assert_int_equal(p.set.outputs, LOSSY);
	assert_int_equal(p.set.chroma, PD_JOB_CHROMA_AUTO);
}

/* --- A beginning -----------------------------------------------------------
 */

static void
a_beginning_tells_what_is_hopeless(void **state)
{
	const struct {
		struct pd_image_info info;
		enum pd_plan_column client;
		enum pd_conf_level level;
		enum pd_plan_verdict verdict;
	} cases[] = {
		{ { .format = PD_IMAGE_JPEG }, 3, 0, PD_PLAN_TRY },
		{ { .format = PD_IMAGE_JPEG, .gain_map = true }, 0, 0,
		    PD_PLAN_PASS },
		{ { .format = PD_IMAGE_JPEG, .unsupported = true }, 0, 0,
		    PD_PLAN_PASS },
		{ { .format = PD_IMAGE_JPEG, .width = 20000 }, 0, 0,
		    PD_PLAN_BOMB },
		{ { .format = PD_IMAGE_GIF }, 3, 0, PD_PLAN_TRY },
		{ { .format = PD_IMAGE_GIF, .loops = true }, 3, 0,
		    PD_PLAN_PASS },
		{ { .format = PD_IMAGE_GIF, .loops = true }, 2, 0,
		    PD_PLAN_TRY },
		{ { .format = PD_IMAGE_PNG, .animated = true }, 3, 0,
		    PD_PLAN_PASS },
		{ { .format = PD_IMAGE_PNG, .animated = true }, 1, 0,
		    PD_PLAN_TRY },
		{ { .format = PD_IMAGE_AVIF, .animated = true }, 0, 0,
		    PD_PLAN_PASS },
		{ { .format = PD_IMAGE_WEBP, .animated = true }, 0, 0,
		    PD_PLAN_TRY },
		{ { .format = PD_IMAGE_WEBP }, 0, 0, PD_PLAN_PASS },
		{ { .format = PD_IMAGE_WEBP }, 0, PD_CONF_LEVEL_THIN,
		    PD_PLAN_TRY },
		{ { .format = PD_IMAGE_WEBP }, 3, PD_CONF_LEVEL_THIN,
		    PD_PLAN_PASS },
		{ { .format = PD_IMAGE_WEBP, .lossless = true }, 0, 0,
		    PD_PLAN_TRY },
		{ { .format = PD_IMAGE_AVIF }, 0, 0, PD_PLAN_PASS },
		{ { .format = PD_IMAGE_AVIF }, 0, PD_CONF_LEVEL_THIN,
		    PD_PLAN_TRY },
	};
	struct pd_conf conf = usual_conf();

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct pd_plan_wish wish = clients[cases[i].client];

		wish.level = cases[i].level;
		if (pd_plan_beginning(&cases[i].info, &wish, &conf) !=
		    cases[i].verdict)
			fail_msg("case %zu", i);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_kind_for_each_client),
		cmocka_unit_test(accept_counts_where_clients_differ),
		cmocka_unit_test(the_heavier_weight_wins),
		cmocka_unit_test(what_must_be_saved),
		cmocka_unit_test(colour_in_full_or_half),
		cmocka_unit_test(flags_go_with_the_outputs),
		cmocka_unit_test(grey_is_for_what_has_colour),
		cmocka_unit_test(photographs_are_fitted_to_the_screen),
		cmocka_unit_test(drawings_are_not),
		cmocka_unit_test(smaller_pictures_are_worth_it_though_coarse),
		cmocka_unit_test(a_beginning_tells_what_is_hopeless),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
