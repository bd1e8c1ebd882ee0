#include "filters/image/codec/scale.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct pd_pixels
blank(uint32_t width, uint32_t height, unsigned channels)
{
	struct pd_pixels px;

	assert_int_equal(pd_pixels_init(&px, width, height, channels), 0);
	memset(px.p, 0, px.stride * height);
	return px;
}

static void
shrink(struct pd_pixels *px, uint32_t width, uint32_t height)
{
	assert_int_equal(pd_scale_down(px, width, height), PD_JOB_DONE);
	assert_int_equal(px->width, width);
	assert_int_equal(px->height, height);
	assert_int_equal(px->stride, (size_t)width * px->channels);
}

/* Every level, at ratios that do not divide. */
static void
flat_stays_flat(void **state)
{
	static const unsigned to[][2] = { { 1, 1 }, { 31, 17 }, { 30, 16 },
		{ 16, 9 }, { 7, 11 }, { 31, 1 } };

	(void)state;
	for (unsigned level = 0; level < 256; level++) {
		for (unsigned i = 0; i < sizeof(to) / sizeof(to[0]); i++) {
			unsigned channels = i % 3 == 0 ? 1 : i % 3 == 1 ? 3 : 4;
			struct pd_pixels px = blank(31, 17, channels);

			memset(px.p, (int)level, px.stride * 17);
			for (size_t k = 3; channels == 4 && k < px.stride * 17;
			     k += 4)
				px.p[k] = 255;
			shrink(&px, to[i][0], to[i][1]);
			for (size_t k = 0; k < px.stride * px.height; k++)
				if (channels != 4 || k % 4 != 3)
					assert_int_equal(px.p[k], level);
				else
					assert_int_equal(px.p[k], 255);
			pd_pixels_finish(&px);
		}
	}
}

/* Half of the light is level 188, not 128. */
static void
light_is_what_is_averaged(void **state)
{
	struct pd_pixels px = blank(64, 64, 3);

	(void)state;
	for (unsigned y = 0; y < 64; y++)
		for (unsigned x = 0; x < 64; x++)
			memset(px.p + y * px.stride + x * 3,
			    (x + y) % 2 ? 255 : 0, 3);
	shrink(&px, 32, 32);
	for (size_t i = 0; i < 32 * 32 * 3; i++)
		assert_int_equal(px.p[i], 188);
	pd_pixels_finish(&px);
}

/* An edge stays where it is, one pixel wide at most. */
static void
edges_stay_sharp(void **state)
{
	struct pd_pixels px = blank(90, 60, 3);

	(void)state;
	for (unsigned y = 0; y < 60; y++)
		for (unsigned x = 45; x < 90; x++)
			px.p[y * px.stride + x * 3 + (y < 30 ? 0 : 1)] = 255;
	shrink(&px, 26, 17);
	for (unsigned y = 0; y < 17; y++) {
		const uint8_t *row = px.p + y * px.stride;

		for (unsigned x = 0; x < 26; x++) {
			if (x == 12 || x == 13 || y == 8)
				continue;
			assert_int_equal(row[x * 3], x > 13 && y < 8 ? 255 : 0);
			assert_int_equal(
			    row[x * 3 + 1], x > 13 && y > 8 ? 255 : 0);
		}
		assert_int_equal(row[2], 0);
	}
	pd_pixels_finish(&px);
}

/* What cannot be seen lends no colour to what can. */
static void
colour_counts_by_alpha(void **state)
{
	struct pd_pixels px = blank(40, 40, 4);

	(void)state;
	for (unsigned i = 0; i < 40 * 40; i++) {
		uint8_t *p = px.p + (size_t)i * 4;

		p[i % 2] = 255; /* red that shows, green that does not */
		p[3] = i % 2 ? 0 : 255;
	}
	shrink(&px, 20, 20);
	for (unsigned i = 0; i < 20 * 20; i++) {
		const uint8_t *p = px.p + (size_t)i * 4;

		assert_int_equal(p[0], 255);
		assert_int_equal(p[1], 0);
		assert_in_range(p[3], 127, 128);
	}
	pd_pixels_finish(&px);

	px = blank(30, 30, 4);
	shrink(&px, 7, 7);
	for (unsigned i = 0; i < 7 * 7 * 4; i++)
		assert_int_equal(px.p[i], 0);
	pd_pixels_finish(&px);
}

static double
light(const struct pd_pixels *px)
{
	double sum = 0;

	for (size_t i = 0; i < px->stride * px->height; i++) {
		double v = px->p[i] / 255.0;

		sum += v <= 0.04045 ? v / 12.92 : pow((v + 0.055) / 1.055, 2.4);
	}
	return sum / (double)(px->stride * px->height);
}

/* Neither made nor lost, whatever the ratio. */
static void
light_is_kept(void **state)
{
	static const unsigned to[][2] = { { 1, 1 }, { 200, 150 }, { 199, 149 },
		{ 101, 149 }, { 67, 50 }, { 3, 150 }, { 200, 7 } };

	(void)state;
	for (unsigned i = 0; i < sizeof(to) / sizeof(to[0]); i++) {
		struct pd_pixels px = blank(200, 150, 3);
		uint32_t any = 1;
		double before, after;

		for (size_t k = 0; k < px.stride * 150; k++) {
			any = any * 1664525 + 1013904223;
			px.p[k] = (uint8_t)(any >> 24);
		}
		before = light(&px);
		shrink(&px, to[i][0], to[i][1]);
		after = light(&px);
		if (fabs(after - before) > 0.004)
			fail_msg("%u: %f, not %f", i, after, before);
		pd_pixels_finish(&px);
	}
}

static void
the_same_size_changes_nothing(void **state)
{
	struct pd_pixels px = blank(123, 45, 4);
	uint8_t *before = malloc(px.stride * 45);

	(void)state;
	for (size_t i = 0; i < px.stride * 45; i++)
		px.p[i] = i % 4 == 3 ? 255 : (uint8_t)(i * 7);
	memcpy(before, px.p, px.stride * 45);
	shrink(&px, 123, 45);
	assert_memory_equal(px.p, before, px.stride * 45);
	free(before);
	pd_pixels_finish(&px);
}

static void
slivers(void **state)
{
	static const unsigned from[][2] = { { 1, 1 }, { 1, 9000 }, { 9000, 1 },
		{ 2, 3 } };

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		struct pd_pixels px = blank(from[i][0], from[i][1], 3);

		memset(px.p, 77, px.stride * px.height);
		shrink(&px, 1, 1);
		assert_int_equal(px.p[0], 77);
		pd_pixels_finish(&px);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(flat_stays_flat),
		cmocka_unit_test(light_is_what_is_averaged),
		cmocka_unit_test(edges_stay_sharp),
		cmocka_unit_test(colour_counts_by_alpha),
		cmocka_unit_test(light_is_kept),
		cmocka_unit_test(the_same_size_changes_nothing),
		cmocka_unit_test(slivers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
