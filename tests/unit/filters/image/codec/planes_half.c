#include "filters/image/codec/planes_half.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Against the same mean, taken from a copy. */
static void
each_is_the_mean_of_four(void **state)
{
	static const uint32_t sizes[][2] = { { 8, 6 }, { 7, 6 }, { 8, 5 },
		{ 7, 5 }, { 1, 1 }, { 2, 1 }, { 1, 3 } };

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		uint32_t width = sizes[i][0], height = sizes[i][1];
		uint8_t before[64], luma[64];
		struct pd_planes pl;

		assert_int_equal(pd_planes_init(&pl, width, height, 0, 0), 0);
		for (uint32_t k = 0; k < width * height; k++) {
			pl.y[k] = luma[k] = (uint8_t)(k * 5);
			pl.u[k] = before[k] = (uint8_t)(k * k * 37);
			pl.v[k] = (uint8_t)(255 - before[k]);
		}
		pd_planes_half(&pl);
		assert_int_equal(pl.shift_x, 1);
		assert_int_equal(pl.shift_y, 1);
		assert_int_equal(pl.uv_stride, (width + 1) / 2);
		assert_memory_equal(pl.y, luma, (size_t)width * height);
		for (uint32_t y = 0; y < height; y += 2) {
			for (uint32_t x = 0; x < width; x += 2) {
				uint32_t x2 = x + 1 < width ? x + 1 : x;
				uint32_t y2 = y + 1 < height ? y + 1 : y;
				size_t at = y / 2 * pl.uv_stride + x / 2;
				int sum = before[y * width + x] +
					  before[y * width + x2] +
					  before[y2 * width + x] +
					  before[y2 * width + x2];

				assert_int_equal(pl.u[at], (sum + 2) / 4);
				assert_int_equal(
				    pl.v[at], (4 * 255 - sum + 2) / 4);
			}
		}
		/* A second time there is nothing left to do. */
		memcpy(before, pl.u, pl.uv_stride);
		pd_planes_half(&pl);
		assert_memory_equal(pl.u, before, pl.uv_stride);
		pd_planes_finish(&pl);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_is_the_mean_of_four),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
