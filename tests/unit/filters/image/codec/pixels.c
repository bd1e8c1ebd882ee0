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
	static const unsigned counts[] = { 2, 255, 256, 257, 300 };

	(void)state;
	for (size_t i = 0; i < 2 * sizeof(counts) / sizeof(counts[0]); i++) {
		unsigned n = counts[i / 2], channels = i % 2 ? 4 : 3;
		struct pd_pixels px = blank(100, 9, channels);
		struct pd_pixels_look look;

		for (unsigned c = 0; c < n; c++) {
			unsigned at = c + 1 < n ? c : 899;

			/* Alike in the low bits that a bad hash would take. */
			px.p[at * channels] = (uint8_t)c;
			px.p[at * channels + 1] = (uint8_t)(c / 256 * 64);
			px.p[at * channels + 2] = 9;
			if (channels == 4)
				px.p[at * 4 + 3] = (uint8_t)(255 - c % 3);
		}
		for (unsigned at = n - 1; at < 899; at++)
			memcpy(px.p + at * channels, px.p, channels);
		pd_pixels_look(&px, &look);
		assert_int_equal(look.colours, n <= 256 ? n : 257);
		assert_false(look.grey);
		for (unsigned at = 0; n <= 256 && at < 900; at++) {
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
grey_is_every_pixel_and_opaque(void **state)
{
	struct pd_pixels px = blank(300, 200, 4);
	struct pd_pixels_look look;

	(void)state;
	for (size_t i = 0; i < 300 * 200; i++)
		memset(px.p + i * 4, (int)(i % 256), 3);
	pd_pixels_look(&px, &look);
	assert_true(look.grey);
	assert_int_equal(look.colours, 256);
	px.p[px.stride * 200 - 1] = 254;
	pd_pixels_look(&px, &look);
	assert_false(look.grey);
	px.p[px.stride * 200 - 1] = 255;
	px.p[px.stride * 200 - 2] ^= 1;
	pd_pixels_look(&px, &look);
	assert_false(look.grey);
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
		cmocka_unit_test(grey_is_every_pixel_and_opaque),
		cmocka_unit_test(flatness_of_small_and_large),
		cmocka_unit_test(what_cannot_be_seen_is_not_flat),
		cmocka_unit_test(alpha_goes_only_when_all_is_opaque),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
