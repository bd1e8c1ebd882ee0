#include "filters/image/codec/planes_turn.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "filters/image/codec/pixels.h"

/* A plane as pixels of one channel, whose turn is tested elsewhere. */
static struct pd_pixels
pixels_of(const uint8_t *p, size_t stride, size_t width, size_t height)
{
	struct pd_pixels px;

	assert_int_equal(
	    pd_pixels_init(&px, (uint32_t)width, (uint32_t)height, 1), 0);
	for (size_t y = 0; y < height; y++)
		memcpy(px.p + y * px.stride, p + y * stride, width);
	return px;
}

struct three {
	struct pd_pixels px[3];
};

static struct three
split(const struct pd_planes *pl)
{
	size_t width = ((size_t)pl->width + pl->shift_x) >> pl->shift_x;
	size_t height = ((size_t)pl->height + pl->shift_y) >> pl->shift_y;

	return (struct three){ {
	    pixels_of(pl->y, pl->y_stride, pl->width, pl->height),
	    pixels_of(pl->u, pl->uv_stride, width, height),
	    pixels_of(pl->v, pl->uv_stride, width, height),
	} };
}

static void
planes_turn_as_pixels_do(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 9 * 4; i++) {
		unsigned turn = i / 4, shift_x = i & 1, shift_y = i >> 1 & 1;
		struct pd_planes pl;
		struct three before, after;

		assert_int_equal(
		    pd_planes_init(&pl, 23, 14, shift_x, shift_y), 0);
		for (size_t k = 0; k < pl.y_stride * 14; k++)
			pl.y[k] = (uint8_t)(k * 7);
		for (size_t k = 0; k < pl.uv_stride * (14 >> shift_y); k++) {
			pl.u[k] = (uint8_t)(k * 3);
			pl.v[k] = (uint8_t)(255 - k * 5);
		}
		pl.full_range = i % 2;
		pl.grey = i % 3 == 0;
		before = split(&pl);
		assert_int_equal(pd_planes_turn(&pl, turn), 0);
		assert_int_equal(pl.full_range, i % 2);
		assert_int_equal(pl.grey, i % 3 == 0);
		assert_int_equal(pl.width, turn >= 5 ? 14 : 23);
		after = split(&pl);
		for (unsigned k = 0; k < 3; k++) {
			struct pd_pixels *a = &before.px[k], *b = &after.px[k];

			assert_int_equal(pd_pixels_turn(a, turn), 0);
			assert_int_equal(a->width, b->width);
			assert_int_equal(a->height, b->height);
			assert_memory_equal(a->p, b->p, a->stride * a->height);
			pd_pixels_finish(a);
			pd_pixels_finish(b);
		}
		pd_planes_finish(&pl);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(planes_turn_as_pixels_do),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
