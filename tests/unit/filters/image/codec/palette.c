#include "filters/image/codec/palette.h"

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

static uint8_t *
copy_of(const struct pd_pixels *px)
{
	uint8_t *p = malloc(px->stride * px->height);

	assert_non_null(p);
	memcpy(p, px->p, px->stride * px->height);
	return p;
}

static void
copy_back(struct pd_pixels *px, const uint8_t *p)
{
	memcpy(px->p, p, px->stride * px->height);
}

/* A ground, and on it a disc with a soft edge, shaded from side to side: what a
 * logo is. Thousands of colours. */
static struct pd_pixels
logo(unsigned channels)
{
	struct pd_pixels px = blank(160, 120, channels);

	for (int y = 0; y < 120; y++) {
		for (int x = 0; x < 160; x++) {
			uint8_t *p =
			    px.p + y * (int)px.stride + x * (int)channels;
			int d =
			    50 * 50 - (x - 80) * (x - 80) - (y - 60) * (y - 60);
			int in = d < 0 ? 0 : d > 255 ? 255 : d;
			int c[3] = { 40 + x, 200 - y, 90 + x / 4 };

			for (unsigned k = 0; k < 3; k++)
				p[k] = (uint8_t)(channels == 4
						     ? c[k]
						     : (c[k] * in +
							   250 * (255 - in)) /
							   255);
			if (channels == 4)
				p[3] = (uint8_t)in;
		}
	}
	return px;
}

static struct pd_pixels
noise(uint32_t width, uint32_t height, unsigned channels)
{
	struct pd_pixels px = blank(width, height, channels);
	uint32_t seed = 3;

	for (size_t i = 0; i < px.stride * height; i++) {
		seed = seed * 1664525 + 1013904223;
		px.p[i] = (uint8_t)(seed >> 24);
	}
	return px;
}

static unsigned
colours_in(const struct pd_pixels *px)
{
	struct pd_pixels_look look;

	pd_pixels_look(px, &look);
	return look.colours;
}

static bool
reduce(struct pd_pixels *px, unsigned colours, double worst)
{
	bool fits;

	assert_int_equal(
	    pd_palette_reduce(px, colours, worst, &fits), PD_JOB_DONE);
	return fits;
}

/* As many colours as there are: none may move, whatever each is. */
static void
few_colours_are_exact(void **state)
{
	static const unsigned counts[] = { 1, 2, 16, 17, 100, 255 };

	(void)state;
	for (unsigned i = 0; i < 12; i++) {
		unsigned n = counts[i / 2], channels = i % 2 ? 4 : 3;
		struct pd_pixels px = blank(64, 64, channels);
		uint8_t *before;

		for (unsigned at = 0; at < 64 * 64; at++) {
			uint8_t *p = px.p + at * channels;

			p[0] = (uint8_t)(at % n * 151);
			p[1] = (uint8_t)(at % n * 7 / 3);
			p[2] = (uint8_t)(at % n);
			if (channels == 4)
				p[3] = (uint8_t)(255 - at % n / 2);
		}
		before = copy_of(&px);
		assert_true(reduce(&px, 256, 0));
		assert_memory_equal(px.p, before, px.stride * 64);
		free(before);
		pd_pixels_finish(&px);
	}
}

/* The worse it may be, the fewer they are. */
static void
fewer_colours_for_a_larger_error(void **state)
{
	static const double worst[] = { 0.3, 0.8, 2, 6, 20, 60 };

	(void)state;
	for (unsigned channels = 3; channels <= 4; channels++) {
		struct pd_pixels px = logo(channels);
		uint8_t *before = copy_of(&px);
		unsigned last = 257;

		assert_true(colours_in(&px) > PD_PIXELS_COUNTED);
		for (unsigned i = 0; i < sizeof(worst) / sizeof(worst[0]);
		     i++) {
			unsigned n;

			copy_back(&px, before);
			assert_true(reduce(&px, 256, worst[i]));
			n = colours_in(&px);
			print_message("%u at %g\n", n, worst[i]);
			assert_true(n < last);
			last = n;
		}
		assert_true(last <= 16);
		free(before);
		pd_pixels_finish(&px);
	}
}

static double
mean_error(const struct pd_pixels *px, const uint8_t *before)
{
	double sum = 0;

	for (size_t i = 0; i < px->stride * px->height; i++)
		sum += (px->p[i] - before[i]) * (px->p[i] - before[i]);
	return sum / (double)(px->stride * px->height);
}

static void
more_colours_are_nearer(void **state)
{
	static const unsigned counts[] = { 2, 4, 8, 16, 32, 64, 128, 256 };
	struct pd_pixels px = logo(3);
	uint8_t *before = copy_of(&px);
	double last = 1e9;

	(void)state;
	for (unsigned i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		double error;

		copy_back(&px, before);
		/* Just above what fits: so all of them are used. */
		for (double worst = 0.001; !reduce(&px, counts[i], worst);
		     worst *= 1.5)
			;
		assert_true(colours_in(&px) <= counts[i]);
		error = mean_error(&px, before);
		print_message("%u: %g\n", counts[i], error);
		assert_true(error < last);
		last = error;
	}
	assert_true(last < 5);
	free(before);
	pd_pixels_finish(&px);
}

static void
what_does_not_fit_is_left(void **state)
{
	(void)state;
	for (unsigned channels = 3; channels <= 4; channels++) {
		struct pd_pixels px = noise(200, 150, channels);
		uint8_t *before = copy_of(&px);

		assert_false(reduce(&px, 256, 0));
		assert_memory_equal(px.p, before, px.stride * 150);
		assert_false(reduce(&px, 2, 0.3));
		assert_memory_equal(px.p, before, px.stride * 150);
		free(before);
		pd_pixels_finish(&px);
	}
}

/* What is opaque stays, what is not there stays away, and what is between is
 * hardly moved. */
static void
transparency_is_kept(void **state)
{
	struct pd_pixels px = logo(4);
	uint8_t *before = copy_of(&px);

	(void)state;
	assert_true(reduce(&px, 200, 2));
	for (size_t i = 0; i < px.stride * px.height; i += 4) {
		const uint8_t *was = before + i, *is = px.p + i;

		if (was[3] == 0) {
			assert_int_equal(pd_pixels_at(is, 4), 0);
		} else if (was[3] == 255) {
			assert_int_equal(is[3], 255);
		} else {
			assert_true(is[3] < 255);
			assert_in_range(is[3] + 40, was[3], was[3] + 80);
		}
	}
	free(before);
	pd_pixels_finish(&px);
}

/* However many other colours there are, what there is most of keeps its. */
static void
the_ground_keeps_its_colour(void **state)
{
	struct pd_pixels px = noise(256, 256, 3);

	(void)state;
	for (uint32_t y = 0; y < 256; y++)
		for (uint32_t x = 0; x < 256; x++)
			if (y >= 40 || x >= 40)
				memcpy(px.p + y * px.stride + x * 3,
				    x < 128 ? "\x21\x43\x65" : "\xfe\xfd\xfc",
				    3);
	assert_true(reduce(&px, 32, 30));
	for (uint32_t y = 40; y < 256; y++) {
		assert_memory_equal(
		    px.p + y * px.stride + 9, "\x21\x43\x65", 3);
		assert_memory_equal(
		    px.p + y * px.stride + 600, "\xfe\xfd\xfc", 3);
	}
	pd_pixels_finish(&px);
}

/* At the limit, error is passed on: from afar a shade that no colour has is
 * there. */
static void
diffusion_keeps_the_mean(void **state)
{
	struct pd_pixels px = noise(128, 128, 3);
	uint8_t *before = copy_of(&px);
	double was = 0, is = 0;
	double worst = 1;

	(void)state;
	while (!reduce(&px, 4, worst))
		worst *= 1.05;
	assert_true(colours_in(&px) <= 4);
	for (size_t i = 0; i < px.stride * 128; i++) {
		was += before[i];
		is += px.p[i];
	}
	was /= (double)(px.stride * 128);
	is /= (double)(px.stride * 128);
	assert_in_range((int)(is - was + 10.5), 7, 13);
	free(before);
	pd_pixels_finish(&px);
}

static void
the_smallest(void **state)
{
	(void)state;
	for (uint32_t width = 1; width <= 9; width++) {
		for (uint32_t height = 1; height <= 9; height += 4) {
			struct pd_pixels px = noise(width, height, 4);

			px.p[3] = 0;
			reduce(&px, 2, 0.1);
			reduce(&px, 3, 1e9);
			assert_true(colours_in(&px) <= 3);
			pd_pixels_finish(&px);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(few_colours_are_exact),
		cmocka_unit_test(fewer_colours_for_a_larger_error),
		cmocka_unit_test(more_colours_are_nearer),
		cmocka_unit_test(what_does_not_fit_is_left),
		cmocka_unit_test(transparency_is_kept),
		cmocka_unit_test(the_ground_keeps_its_colour),
		cmocka_unit_test(diffusion_keeps_the_mean),
		cmocka_unit_test(the_smallest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
