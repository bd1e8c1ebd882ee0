#include "filters/image/codec/planes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "filters/image/codec/pixels.h"

/* What becomes of a colour, by JFIF's equations. */
static void
yuv_of(const uint8_t *p, double yuv[3])
{
	yuv[0] = 0.299 * p[0] + 0.587 * p[1] + 0.114 * p[2];
	yuv[1] = 128 + (p[2] - yuv[0]) / 1.772;
	yuv[2] = 128 + (p[0] - yuv[0]) / 1.402;
}

static struct pd_pixels
make_pixels(uint32_t width, uint32_t height, unsigned channels)
{
	struct pd_pixels px;
	uint32_t seed = 1;

	assert_int_equal(pd_pixels_init(&px, width, height, channels), 0);
	for (size_t i = 0; i < px.stride * height; i++) {
		seed = seed * 1664525 + 1013904223;
		/* The ends of the range, too. */
		px.p[i] = seed >> 29 == 0   ? 0
			  : seed >> 29 == 1 ? 255
					    : (uint8_t)(seed >> 16);
	}
	return px;
}

/* At an odd edge the last pixel counts twice. */
static void
mean_yuv(const struct pd_pixels *px, uint32_t x, uint32_t y, unsigned shift,
    double yuv[3])
{
	yuv[0] = yuv[1] = yuv[2] = 0;
	for (uint32_t k = 0; k < 4; k++) {
		uint32_t at_x = (x << shift) + (shift ? k & 1 : 0);
		uint32_t at_y = (y << shift) + (shift ? k >> 1 : 0);
		double one[3];

		at_x = at_x < px->width ? at_x : px->width - 1;
		at_y = at_y < px->height ? at_y : px->height - 1;
		yuv_of(px->p + at_y * px->stride + (size_t)at_x * px->channels,
		    one);
		for (size_t c = 0; c < 3; c++)
			yuv[c] += one[c] / 4;
	}
}

static void
assert_near(double want, uint8_t got)
{
	want = want < 0 ? 0 : want > 255 ? 255 : want;
	assert_true(got > want - 0.6 && got < want + 0.6);
}

static void
check(const struct pd_pixels *px, bool half)
{
	struct pd_planes pl;
	double yuv[3];

	assert_int_equal(pd_planes_from_pixels(&pl, px, half), 0);
	assert_true(pl.full_range && !pl.grey);
	assert_int_equal(pl.shift_x, half);
	assert_int_equal(pl.shift_y, half);
	for (uint32_t y = 0; y < px->height; y++) {
		for (uint32_t x = 0; x < px->width; x++) {
			mean_yuv(px, x, y, 0, yuv);
			assert_near(yuv[0], pl.y[y * pl.y_stride + x]);
		}
	}
	for (uint32_t y = 0; y < (px->height + half) >> half; y++) {
		for (uint32_t x = 0; x < (px->width + half) >> half; x++) {
			mean_yuv(px, x, y, half, yuv);
			assert_near(yuv[1], pl.u[y * pl.uv_stride + x]);
			assert_near(yuv[2], pl.v[y * pl.uv_stride + x]);
		}
	}
	pd_planes_finish(&pl);
}

static void
pixels_become_planes(void **state)
{
	static const uint32_t sizes[][2] = { { 1, 1 }, { 2, 1 }, { 1, 2 },
		{ 7, 5 }, { 16, 16 }, { 33, 17 } };

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		for (unsigned channels = 3; channels <= 4; channels++) {
			struct pd_pixels px =
			    make_pixels(sizes[i][0], sizes[i][1], channels);

			check(&px, false);
			check(&px, true);
			pd_pixels_finish(&px);
		}
	}
}

static void
grey_has_no_colour(void **state)
{
	struct pd_pixels px = make_pixels(9, 5, 1);
	struct pd_planes pl;

	(void)state;
	assert_int_equal(pd_planes_from_pixels(&pl, &px, false), 0);
	assert_true(pl.grey && pl.full_range);
	for (uint32_t y = 0; y < 5; y++)
		assert_memory_equal(
		    pl.y + y * pl.y_stride, px.p + y * px.stride, 9);
	for (size_t i = 0; i < 2 * 5 * 3; i++)
		assert_int_equal(pl.u[i], 128);
	pd_planes_finish(&pl);
	pd_pixels_finish(&px);
}

/* Columns of red and blue, each so many pixels wide, or of two greys. */
static struct pd_pixels
stripes(uint32_t wide, bool grey)
{
	struct pd_pixels px;

	assert_int_equal(pd_pixels_init(&px, 64, 64, 3), 0);
	for (size_t i = 0; i < (size_t)64 * 64; i++) {
		bool odd = (i % 64 / wide) % 2 != 0;
		uint8_t *p = px.p + i / 64 * px.stride + i % 64 * 3;

		p[0] = odd ? 255 : 0;
		p[1] = grey ? p[0] : 0;
		p[2] = grey ? p[0] : (uint8_t)(255 - p[0]);
	}
	return px;
}

static void
check_edges(uint32_t wide, bool grey, unsigned want)
{
	struct pd_pixels px = stripes(wide, grey);
	struct pd_planes pl;

	assert_int_equal(pd_pixels_chroma_edges(&px), want);
	assert_int_equal(pd_planes_from_pixels(&pl, &px, false), 0);
	assert_int_equal(pd_planes_chroma_edges(&pl), want);
	pd_planes_finish(&pl);
	/* Nothing is left to be seen at half resolution. */
	assert_int_equal(pd_planes_from_pixels(&pl, &px, true), 0);
	assert_int_equal(pd_planes_chroma_edges(&pl), 0);
	pd_planes_finish(&pl);
	pd_pixels_finish(&px);
}

static void
edges_of_colour_are_counted(void **state)
{
	(void)state;
	check_edges(1, false, 1000); /* in every block */
	check_edges(2, false, 0);    /* between blocks: halving keeps it */
	check_edges(3, false, 343);  /* every third of 32 columns: 11 */
	check_edges(1, true, 0);     /* luma's alone */
}

static void
tiny_pictures_have_no_edges(void **state)
{
	(void)state;
	for (uint32_t i = 1; i < 4; i++) {
		struct pd_pixels px = make_pixels(1, i, 3);

		assert_int_equal(pd_pixels_chroma_edges(&px), 0);
		pd_pixels_finish(&px);
	}
}

static void
full_range_becomes_limited(void **state)
{
	struct pd_planes pl;

	(void)state;
	assert_int_equal(pd_planes_init(&pl, 3, 3, 1, 1), 0);
	pl.full_range = true;
	for (unsigned y = 0; y < 3; y++)
		memcpy(pl.y + y * pl.y_stride, "\x00\x80\xff", 3);
	for (unsigned y = 0; y < 2; y++) {
		memcpy(pl.u + y * pl.uv_stride, "\x00\xff", 2);
		memcpy(pl.v + y * pl.uv_stride, "\x80\x81", 2);
	}
	pd_planes_limit(&pl);
	assert_false(pl.full_range);
	for (unsigned y = 0; y < 3; y++)
		assert_memory_equal(pl.y + y * pl.y_stride, "\x10\x7e\xeb", 3);
	for (unsigned y = 0; y < 2; y++) {
		assert_memory_equal(pl.u + y * pl.uv_stride, "\x10\xf0", 2);
		assert_memory_equal(pl.v + y * pl.uv_stride, "\x80\x81", 2);
	}
	pd_planes_finish(&pl);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(full_range_becomes_limited),
		cmocka_unit_test(pixels_become_planes),
		cmocka_unit_test(grey_has_no_colour),
		cmocka_unit_test(edges_of_colour_are_counted),
		cmocka_unit_test(tiny_pictures_have_no_edges),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
