#include "filters/image/codec/pixels.h"

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
	memset(px.p, 0xff, px.stride * height);
	return px;
}

/* n colours, the last one in the last pixel alone. */
static void
colours_are_counted_to_the_last(void **state)
{
	static const unsigned counts[] = { 2, 255, 256, 257, 300, 1024, 1025,
		1200 };

	(void)state;
	for (size_t i = 0; i < 2 * sizeof(counts) / sizeof(counts[0]); i++) {
		unsigned n = counts[i / 2], channels = i % 2 ? 4 : 3;
		struct pd_pixels px = blank(200, 9, channels);
		struct pd_pixels_look look;

		for (unsigned c = 0; c < n; c++) {
			unsigned at = c + 1 < n ? c : 1799;

			/* Alike in the low bits that a bad hash would take. */
			px.p[at * channels] = (uint8_t)c;
			px.p[at * channels + 1] = (uint8_t)(c / 256 * 32);
			px.p[at * channels + 2] = 9;
			if (channels == 4)
				px.p[at * 4 + 3] = (uint8_t)(255 - c % 3);
		}
		for (unsigned at = n - 1; at < 1799; at++)
			memcpy(px.p + at * channels, px.p, channels);
		pd_pixels_look(&px, &look);
		assert_int_equal(look.colours, n <= 1024 ? n : 1025);
		assert_false(look.grey);
		for (unsigned at = 0; n <= 256 && at < 1800; at++) {
			uint32_t c =
			    pd_pixels_at(px.p + at * channels, channels);
			int index = pd_pixels_index(&look, c);

			assert_in_range(index, 0, n - 1);
			assert_int_equal(look.palette[index], c);
		}
		if (n <= 256) {
			assert_int_equal(
			    pd_pixels_index(&look, 0x12345678), -1);
			for (unsigned k = 1; k < n; k++)
				assert_true((look.palette[k - 1] & 255) <=
					    (look.palette[k] & 255));
		}
		pd_pixels_finish(&px);
	}
}

static void
grey_is_every_pixel_that_is_seen(void **state)
{
	struct pd_pixels px = blank(300, 200, 4);
	struct pd_pixels_look look;
	uint8_t *last = px.p + px.stride * 200 - 4;

	(void)state;
	for (size_t i = 0; i < 300 * 200; i++)
		memset(px.p + i * 4, (int)(i % 256), 3);
	pd_pixels_look(&px, &look);
	assert_true(look.grey);
	assert_int_equal(look.colours, 256);
	last[3] = 254;
	pd_pixels_look(&px, &look);
	assert_true(look.grey);
	assert_int_equal(look.colours, 257);
	last[1] ^= 1;
	pd_pixels_look(&px, &look);
	assert_false(look.grey);
	last[3] = 0;
	pd_pixels_look(&px, &look);
	assert_true(look.grey);
	pd_pixels_finish(&px);
}

static void
alpha_is_none_or_hard_or_soft(void **state)
{
	struct pd_pixels px = blank(37, 11, 4), rgb = blank(37, 11, 3);
	struct pd_pixels_look look;

	(void)state;
	pd_pixels_look(&rgb, &look);
	assert_int_equal(look.alpha, PD_PIXELS_OPAQUE);
	pd_pixels_look(&px, &look);
	assert_int_equal(look.alpha, PD_PIXELS_OPAQUE);
	px.p[3] = 0;
	pd_pixels_look(&px, &look);
	assert_int_equal(look.alpha, PD_PIXELS_BINARY);
	for (unsigned a = 1; a < 255; a++) {
		px.p[px.stride * 11 - 1] = (uint8_t)a;
		pd_pixels_look(&px, &look);
		assert_int_equal(look.alpha, PD_PIXELS_SOFT);
	}
	px.p[3] = 255;
	pd_pixels_look(&px, &look);
	assert_int_equal(look.alpha, PD_PIXELS_SOFT);
	pd_pixels_finish(&px);
	pd_pixels_finish(&rgb);
}

/* What cannot be seen is one colour, whatever its samples. */
static void
what_is_hidden_is_one_colour(void **state)
{
	struct pd_pixels px = blank(64, 64, 4);
	struct pd_pixels_look look;

	(void)state;
	for (size_t i = 0; i < 64 * 64; i++) {
		px.p[i * 4] = (uint8_t)i;
		px.p[i * 4 + 1] = (uint8_t)(i >> 8);
		px.p[i * 4 + 3] = i < 10 ? 255 : 0;
	}
	pd_pixels_look(&px, &look);
	assert_int_equal(look.colours, 11);
	assert_int_equal(look.palette[0], 0);
	assert_int_equal(pd_pixels_index(&look, 0), 0);
	pd_pixels_finish(&px);
}

/* A photograph that takes a quarter of a screen. */
static void
busy_is_the_share_of_photograph(void **state)
{
	struct pd_pixels px = blank(640, 480, 3);
	struct pd_pixels_look look;
	uint32_t seed = 5;

	(void)state;
	pd_pixels_look(&px, &look);
	assert_int_equal(look.busy, 0);
	for (uint32_t y = 0; y < 240; y++)
		for (uint32_t i = 0; i < 320 * 3; i++) {
			seed = seed * 1664525 + 1013904223;
			px.p[y * px.stride + i] = (uint8_t)(seed >> 24);
		}
	pd_pixels_look(&px, &look);
	assert_in_range(look.busy, 23, 27);
	assert_in_range(look.flat, 73, 77);
	assert_int_equal(pd_pixels_flat(&px), look.flat);
	pd_pixels_finish(&px);
}

/* Tiles of n x n pixels: (n - 1)^2 of n^2 equal both neighbours; the same share
 * whether all rows are looked at or some. */
static void
flatness_of_small_and_large(void **state)
{
	static const uint32_t sides[] = { 60, 223, 224, 600, 1200 };

	(void)state;
	for (size_t i = 0; i < sizeof(sides) / sizeof(sides[0]); i++) {
		struct pd_pixels px = blank(sides[i], sides[i], 3);
		struct pd_pixels_look look;
		uint32_t seed = 5;

		for (uint32_t y = 0; y < px.height; y++)
			for (uint32_t x = 0; x < px.width; x++)
				memset(px.p + y * px.stride + x * 3,
				    (int)((x / 3 * 37 + y / 3 * 101) % 251), 3);
		pd_pixels_look(&px, &look);
		assert_in_range(look.flat, 39, 49);
		for (size_t k = 0; k < px.stride * px.height; k++) {
			seed = seed * 1664525 + 1013904223;
			px.p[k] = (uint8_t)(seed >> 24);
		}
		pd_pixels_look(&px, &look);
		assert_int_equal(look.flat, 0);
		memset(px.p, 3, px.stride * px.height);
		pd_pixels_look(&px, &look);
		assert_int_equal(look.flat, 100);
		pd_pixels_finish(&px);
	}
}

static void
what_cannot_be_seen_is_not_flat(void **state)
{
	struct pd_pixels px = blank(64, 64, 4);
	struct pd_pixels_look look;
	uint32_t seed = 5;

	(void)state;
	memset(px.p, 0, px.stride * 64);
	pd_pixels_look(&px, &look);
	assert_int_equal(look.flat, 100);
	for (size_t i = 0; i < 64 * 20; i++) {
		seed = seed * 1664525 + 1013904223;
		px.p[i * 4] = (uint8_t)(seed >> 24);
		px.p[i * 4 + 3] = 255;
	}
	pd_pixels_look(&px, &look);
	assert_in_range(look.flat, 0, 2);
	pd_pixels_finish(&px);
}

static void
alpha_goes_only_when_all_is_opaque(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct pd_pixels px = blank(33, 7, 4);

		for (unsigned at = 0; at < 33 * 7; at++) {
			px.p[at * 4] = (uint8_t)at;
			px.p[at * 4 + 1] = (uint8_t)(at * 3);
			px.p[at * 4 + 2] = 7;
		}
		if (i == 1)
			px.p[33 * 7 * 4 - 1] = 254;
		pd_pixels_drop_opaque(&px);
		assert_int_equal(px.channels, i == 1 ? 4 : 3);
		assert_int_equal(px.stride, 33 * px.channels);
		for (unsigned at = 0; at < 33 * 7; at++) {
			assert_int_equal(px.p[at * px.channels], (uint8_t)at);
			assert_int_equal(
			    px.p[at * px.channels + 1], (uint8_t)(at * 3));
		}
		pd_pixels_finish(&px);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(colours_are_counted_to_the_last),
		cmocka_unit_test(grey_is_every_pixel_that_is_seen),
		cmocka_unit_test(alpha_is_none_or_hard_or_soft),
		cmocka_unit_test(what_is_hidden_is_one_colour),
		cmocka_unit_test(busy_is_the_share_of_photograph),
		cmocka_unit_test(flatness_of_small_and_large),
		cmocka_unit_test(what_cannot_be_seen_is_not_flat),
		cmocka_unit_test(alpha_goes_only_when_all_is_opaque),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
