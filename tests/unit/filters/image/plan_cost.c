#include "plan_help.h"

static void
load_steps_down(void **state)
{
	static const struct {
		enum pd_plan_column client;
		uint32_t wait_ms, pace, deadline_ms;
		enum pd_plan_step step;
		uint8_t outputs;
	} cases[] = {
		/* 1.5 MP, 1.6 bits: turned: AVIF takes about 110 ms. */
		{ 0, 0, 100, 0, PD_PLAN_AVIF, AVIF },
		{ 0, 0, 100, 600, PD_PLAN_AVIF, AVIF },
		{ 0, 400, 100, 600, PD_PLAN_AVIF, AVIF },
		{ 0, 420, 100, 600, PD_PLAN_WEBP, LOSSY },
		{ 0, 450, 100, 600, PD_PLAN_CHEAP, JPEG },
		{ 0, 520, 100, 600, PD_PLAN_ORIGINAL, 0 },
		{ 0, 0, 400, 600, PD_PLAN_AVIF, AVIF },
		{ 0, 0, 510, 600, PD_PLAN_WEBP, LOSSY },
		{ 0, 0, 700, 600, PD_PLAN_CHEAP, JPEG },
		{ 0, 0, 2000, 600, PD_PLAN_ORIGINAL, 0 },
		/* No hurry, no ladder. */
		{ 0, 9000, 2000, 0, PD_PLAN_AVIF, AVIF },
		/* Who does not take WebP is not given one. */
		{ PD_PLAN_COLUMN_AVIF, 440, 100, 600, PD_PLAN_CHEAP, JPEG },
		{ PD_PLAN_COLUMN_WEBP, 420, 100, 600, PD_PLAN_WEBP, LOSSY },
		{ PD_PLAN_COLUMN_NEITHER, 440, 100, 600, PD_PLAN_CHEAP, JPEG },
	};
	struct pd_image_info info = jpeg_info(1500, 1000);

	(void)state;
	/* Has every step; one that lies upright goes from AVIF to JPEG. */
	info.orientation = 6;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct pd_plan_wish wish = clients[cases[i].client];
		struct pd_plan p;

		wish.wait_ms = cases[i].wait_ms;
		wish.pace = cases[i].pace;
		wish.deadline_ms = cases[i].deadline_ms;
		plan_for(&info, 300000, &wish, &p);
		if (p.step != cases[i].step)
			fail_msg("case %zu: step %d, %u ms, \"%s\"", i, p.step,
			    p.cost_ms, p.stepped != NULL ? p.stepped : "");
		assert_int_equal(p.set.outputs, cases[i].outputs);
		if (p.step != PD_PLAN_ORIGINAL && cases[i].deadline_ms > 0)
			assert_true(p.cost_ms + wish.wait_ms <= p.allowed_ms);
	}
}

static void
the_ladder_says_why(void **state)
{
	struct pd_image_info info = jpeg_info(1500, 1000);
	struct pd_plan_wish wish = clients[PD_PLAN_COLUMN_BOTH];
	struct pd_plan p;

	(void)state;
	wish.deadline_ms = 600;
	wish.wait_ms = 440;
	plan_for(&info, 300000, &wish, &p);
	assert_string_equal(p.stepped, "the codecs are behind");
	wish.wait_ms = 0;
	wish.pace = 650;
	plan_for(&info, 300000, &wish, &p);
	assert_string_equal(p.stepped, "it would take too long");
	/* What is small is not worth a wait. */
	wish.pace = 100;
	wish.wait_ms = 190;
	plan_for(&info, 20000, &wish, &p);
	assert_string_equal(p.stepped, "the codecs are behind");
	assert_int_equal(p.allowed_ms, 150 + 4 * 7);
}

static void
effort_is_for_quiet_times(void **state)
{
	struct pd_image_info info = jpeg_info(1500, 1000);
	struct pd_plan_wish wish = clients[PD_PLAN_COLUMN_WEBP];
	struct pd_plan p;

	(void)state;
	plan_for(&info, 300000, &wish, &p);
	assert_int_equal(p.set.method_webp, 4);
	assert_int_equal(p.set.effort, 3);
	wish.wait_ms = 1;
	plan_for(&info, 300000, &wish, &p);
	assert_int_equal(p.set.method_webp, 2);
	assert_int_equal(p.set.effort, 2);
	wish.wait_ms = 0;
	info = jpeg_info(1501, 1000);
	plan_for(&info, 300000, &wish, &p);
	assert_int_equal(p.set.method_webp, 2);
	/* Less effort comes before another format. */
	wish = clients[PD_PLAN_COLUMN_BOTH];
	wish.deadline_ms = 600;
	wish.pace = 800;
	info = png_info(800, 600);
	plan_for(&info, 150000, &wish, &p);
	assert_int_equal(p.step, PD_PLAN_AVIF);
	assert_true(p.set.effort < 3);
}

static void
cost_grows_with_all_it_hangs_on(void **state)
{
	struct pd_image_info info = jpeg_info(2000, 1000);
	struct pd_job_settings set = {
		.outputs = AVIF, .to_width = 2000, .to_height = 1000
	};
	uint32_t whole = pd_plan_cost_ms(&info, 400000, &set);
	struct pd_image_info film = gif_info(400, 300, 100);

	(void)state;
	/* 52 ms/MP at 1.6 bits a pixel, decoding aside. */
	assert_in_range(whole, 100, 140);
	assert_true(pd_plan_cost_ms(&info, 800000, &set) > whole);
	set.to_width = 1000;
	set.to_height = 500;
	assert_in_range(pd_plan_cost_ms(&info, 400000, &set), 30, 100);
	set.outputs = LOSSY;
	assert_true(pd_plan_cost_ms(&info, 400000, &set) < whole);
	/* 12 MP of frames. */
	set.outputs = AVIF;
	assert_in_range(pd_plan_cost_ms(&film, 1000000, &set), 600, 900);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(load_steps_down),
		cmocka_unit_test(the_ladder_says_why),
		cmocka_unit_test(effort_is_for_quiet_times),
		cmocka_unit_test(cost_grows_with_all_it_hangs_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
