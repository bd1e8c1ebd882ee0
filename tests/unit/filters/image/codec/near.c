#include "filters/image/codec/near.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Noise left, one colour right. */
static struct pd_pixels
half_noise(uint32_t width, uint32_t height, unsigned channels)
{
	struct pd_pixels px;
	uint32_t seed = 1;

	assert_int_equal(pd_pixels_init(&px, width, height, channels), 0);
	for (uint32_t y = 0; y < height; y++)
		for (size_t i = 0; i < px.stride; i++) {
			bool noise = i / channels < width / 2;

			seed = seed * 1664525 + 1013904223;
			px.p[y * px.stride + i] =
			    noise ? (uint8_t)(seed >> 24) : 77;
		}
	return px;
}

static uint8_t *
copy_of(const struct pd_pixels *px)
{
	uint8_t *p = malloc(px->stride * px->height);

	assert_non_null(p);
	memcpy(p, px->p, px->stride * px->height);
	return p;
}

static void
moves_little_and_only_where_it_is_rough(void **state)
{
	(void)state;
	for (unsigned channels = 3; channels <= 4; channels++) {
		struct pd_pixels px = half_noise(64, 40, channels);
		uint8_t *before = copy_of(&px);
		unsigned moved = 0, multiples = 0;

		assert_int_equal(pd_near_even(&px), 0);
		for (uint32_t y = 0; y < 40; y++) {
			for (size_t i = 0; i < px.stride; i++) {
				uint8_t was = before[y * px.stride + i];
				uint8_t is = px.p[y * px.stride + i];
				size_t x = i / channels;

				assert_true(abs(was - is) <= 2);
				if (was == 0 || was == 255)
					assert_int_equal(is, was);
				if (y == 0 || y == 39 || x == 0 || x > 32)
					assert_int_equal(is, was);
				else if (x < 31)
					multiples += is % 4 == 0 || is == 255;
				moved += is != was;
			}
		}
		/* Nearly all of the noise, and it did move. */
		assert_true(multiples > 38u * 30 * channels * 95 / 100);
		assert_true(moved > 38u * 30 * channels / 2);
		free(before);
		pd_pixels_finish(&px);
	}
}

/* What has no inside has nothing to even out. */
static void
the_smallest_stay(void **state)
{
	(void)state;
	for (uint32_t width = 1; width <= 4; width++) {
		for (uint32_t height = 1; height <= 4; height++) {
			struct pd_pixels px = half_noise(width, height, 3);
			uint8_t *before = copy_of(&px);

			assert_int_equal(pd_near_even(&px), 0);
			if (width < 3 || height < 3)
				assert_memory_equal(
				    px.p, before, px.stride * height);
			free(before);
			pd_pixels_finish(&px);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(moves_little_and_only_where_it_is_rough),
		cmocka_unit_test(the_smallest_stay),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
