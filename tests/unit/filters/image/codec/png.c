#include "filters/image/codec/png.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/images.h"

#define IHDR_DEPTH 24
#define IHDR_TYPE  25

static struct pd_job_ask
ask_for(uint32_t width, uint32_t height, size_t n)
{
	return (struct pd_job_ask){
		.magic = PD_JOB_ASK,
		.in_len = (uint32_t)n,
		.width = width,
		.height = height,
		.set.effort = 2,
		.until_ms = UINT64_MAX,
	};
}

/* n colours at random; grey: levels that are multiples of unit. */
struct want {
	unsigned n;
	bool grey, alpha, flat;
	unsigned unit;
	uint8_t type, depth; /* what it must become */
};

static struct pd_pixels
paint(const struct want *w, uint32_t width, uint32_t height)
{
	struct pd_pixels px;
	uint32_t seed = 7;

	assert_int_equal(
	    pd_pixels_init(&px, width, height, w->alpha ? 4 : 3), 0);
	for (uint32_t i = 0; i < width * height; i++) {
		uint8_t *p = px.p + i * px.channels;
		uint32_t v;

		seed = seed * 1664525 + 1013904223;
		v = i < w->n ? i : (seed >> 8) % w->n;
		if (w->flat)
			v = i / 10 % w->n;
		p[0] = (uint8_t)(w->unit > 0 ? v * w->unit : v * 37);
		p[1] = w->grey ? p[0] : (uint8_t)(v >> 8);
		p[2] = w->grey ? p[0] : (uint8_t)(v * 11);
		if (w->alpha)
			p[3] = (uint8_t)(v % 3 == 0 ? 255 : v);
	}
	return px;
}

static void
assert_same(const struct pd_pixels *is, const struct pd_pixels *was)
{
	assert_int_equal(is->width, was->width);
	assert_int_equal(is->height, was->height);
	for (uint32_t i = 0; i < was->width * was->height; i++) {
		uint32_t a = pd_pixels_at(
		    was->p + (size_t)i * was->channels, was->channels);
		uint32_t b = pd_pixels_at(
		    is->p + (size_t)i * is->channels, is->channels);

		if ((a & 255) == 0)
			a = 0;
		if (a != b)
			fail_msg("pixel %u is %08x, not %08x", i, b, a);
	}
}

/* To PNG and back; frees nothing of px. */
static void
round_trip(const struct pd_pixels *px, unsigned effort, uint8_t head[2])
{
	struct pd_job_ask ask = ask_for(px->width, px->height, 0);
	struct pd_pixels_look look;
	struct pd_codec_out out;
	struct pd_pixels back;

	ask.set.effort = (uint8_t)effort;
	pd_pixels_look(px, &look);
	pd_codec_out_init(&out, 1 << 24);
	assert_int_equal(pd_png_encode(px, &ask, &look, &out), PD_JOB_DONE);
	head[0] = out.p[IHDR_TYPE];
	head[1] = out.p[IHDR_DEPTH];
	ask.in_len = (uint32_t)out.n;
	assert_int_equal(pd_png_decode(&ask, out.p, &back), PD_JOB_DONE);
	assert_same(&back, px);
	pd_pixels_finish(&back);
	pd_codec_out_finish(&out);
}

static void
the_smallest_form_is_exact(void **state)
{
	static const struct want wants[] = {
		{ .n = 2, .type = 3, .depth = 1 },
		{ .n = 3, .type = 3, .depth = 2 },
		{ .n = 5, .type = 3, .depth = 4 },
		{ .n = 17, .type = 3, .depth = 8 },
		{ .n = 256, .type = 3, .depth = 8 },
		{ .n = 200, .alpha = true, .type = 3, .depth = 8 },
		{ .n = 2, .grey = true, .unit = 255, .type = 0, .depth = 1 },
		{ .n = 4, .grey = true, .unit = 85, .type = 0, .depth = 2 },
		{ .n = 16, .grey = true, .unit = 17, .type = 0, .depth = 4 },
		/* Two greys that one bit cannot tell. */
		{ .n = 2, .grey = true, .unit = 85, .type = 3, .depth = 1 },
		{ .n = 256, .grey = true, .unit = 1, .type = 0, .depth = 8 },
		{ .n = 3000, .type = 2, .depth = 8 },
		{ .n = 3000, .alpha = true, .type = 6, .depth = 8 },
		{ .n = 3000,
		    .grey = true,
		    .alpha = true,
		    .unit = 7,
		    .type = 4,
		    .depth = 8 },
		{ .n = 3000, .flat = true, .type = 2, .depth = 8 },
		{ .n = 3000,
		    .flat = true,
		    .alpha = true,
		    .type = 6,
		    .depth = 8 },
	};

	(void)state;
	for (size_t i = 0; i < 2 * sizeof(wants) / sizeof(wants[0]); i++) {
		const struct want *w = &wants[i / 2];
		/* So that rows end inside of a byte, or with one. */
		struct pd_pixels px = paint(w, i % 2 ? 128 : 131, 97);
		uint8_t head[2];

		round_trip(&px, i % 4, head);
		print_message("%zu\n", i / 2);
		assert_int_equal(head[0], w->type);
		assert_int_equal(head[1], w->depth);
		pd_pixels_finish(&px);
	}
}

/* Smooth in each of the ways that a filter is for. */
static void
every_filter_is_undone(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 10; i++) {
		struct pd_pixels px;
		uint8_t head[2];
		uint32_t seed = 1;

		assert_int_equal(
		    pd_pixels_init(&px, 300, 90, i % 2 ? 4 : 3), 0);
		for (int y = 0; y < 90; y++) {
			for (int x = 0; x < 300; x++) {
				uint8_t *p = px.p + y * (int)px.stride +
					     x * (int)px.channels;
				int v;

				seed = seed * 1664525 + 1013904223;
				v = i < 2   ? x * 3
				    : i < 4 ? y * 5
				    : i < 6 ? (x + y) * 2
				    : i < 8 ? x * y / 16
					    : (int)(seed >> 28) + x / 2 + y;
				p[0] = (uint8_t)v;
				p[1] = (uint8_t)(v * 2 + (int)(seed >> 30));
				p[2] = (uint8_t)(255 - v);
				if (i % 2)
					p[3] = (uint8_t)(v / 2);
			}
		}
		round_trip(&px, 2, head);
		pd_pixels_finish(&px);
	}
}

/* Sixteen bits, palettes, passes: all are read as the same picture. */
static void
every_kind_is_read(void **state)
{
	struct image_want kinds[] = { { .noise = 0 }, { .palette = true },
		{ .alpha = true }, { .palette = true, .alpha = true },
		{ .depth16 = true }, { .depth16 = true, .alpha = true } };

	(void)state;
	for (size_t i = 0; i < 2 * sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct image_want w = kinds[i / 2];
		struct image_bytes in;
		struct pd_job_ask ask;
		struct pd_pixels px;

		w.width = 61;
		w.height = 47;
		w.interlaced = i % 2;
		in = make_png(&w);
		ask = ask_for(61, 47, in.n);
		assert_int_equal(pd_png_decode(&ask, in.p, &px), PD_JOB_DONE);
		assert_int_equal(px.p[0], 220);
		assert_int_equal(px.p[60 * px.channels + 1], 200);
		assert_int_equal(px.p[46 * px.stride + 2], 220);
		if (w.alpha)
			assert_int_equal(px.p[46 * px.stride + 60 * 4 + 3], 0);
		else
			assert_int_equal(px.channels, 3);
		pd_pixels_finish(&px);
		/* Cut short, changed, or of another size. */
		ask.in_len = (uint32_t)in.n / 2;
		assert_int_equal(pd_png_decode(&ask, in.p, &px), PD_JOB_BAD);
		pd_pixels_finish(&px);
		ask.in_len = (uint32_t)in.n;
		in.p[in.n / 2] ^= 0x40;
		assert_int_equal(pd_png_decode(&ask, in.p, &px), PD_JOB_BAD);
		pd_pixels_finish(&px);
		in.p[in.n / 2] ^= 0x40;
		ask.height++;
		assert_int_equal(pd_png_decode(&ask, in.p, &px), PD_JOB_BAD);
		pd_pixels_finish(&px);
		free(in.p);
	}
}

static void
a_profile_is_carried(void **state)
{
	struct want w = { .n = 40 };
	struct pd_pixels px = paint(&w, 40, 40), back;
	struct image_bytes p3 = make_p3();
	struct pd_job_ask ask = ask_for(40, 40, 0);
	struct pd_pixels_look look;
	struct pd_codec_out out;

	(void)state;
	px.icc = p3.p;
	px.icc_len = p3.n;
	pd_pixels_look(&px, &look);
	pd_codec_out_init(&out, 1 << 20);
	assert_int_equal(pd_png_encode(&px, &ask, &look, &out), PD_JOB_DONE);
	ask.in_len = (uint32_t)out.n;
	assert_int_equal(pd_png_decode(&ask, out.p, &back), PD_JOB_DONE);
	assert_same(&back, &px);
	assert_int_equal(back.icc_len, p3.n);
	assert_memory_equal(back.icc, p3.p, p3.n);
	pd_pixels_finish(&back);
	pd_codec_out_finish(&out);
	pd_pixels_finish(&px);
}

static void
limits_end_it(void **state)
{
	struct want w = { .n = 3000 };
	struct pd_pixels px = paint(&w, 120, 120), back;
	struct pd_job_ask ask = ask_for(120, 120, 0);
	struct pd_pixels_look look;
	struct pd_codec_out out;
	size_t n;

	(void)state;
	pd_pixels_look(&px, &look);
	pd_codec_out_init(&out, 1 << 20);
	assert_int_equal(pd_png_encode(&px, &ask, &look, &out), PD_JOB_DONE);
	n = out.n;
	/* From a byte too few down to none. */
	for (size_t max = n - 1;; max = max / 2) {
		pd_codec_out_reset(&out, max);
		assert_int_equal(
		    pd_png_encode(&px, &ask, &look, &out), PD_JOB_LARGER);
		if (max == 0)
			break;
	}
	pd_codec_out_reset(&out, n);
	assert_int_equal(pd_png_encode(&px, &ask, &look, &out), PD_JOB_DONE);
	assert_int_equal(out.n, n);
	ask.in_len = (uint32_t)n;
	ask.until_ms = 1;
	assert_int_equal(pd_png_decode(&ask, out.p, &back), PD_JOB_LATE);
	pd_pixels_finish(&back);
	assert_int_equal(pd_png_encode(&px, &ask, &look, &out), PD_JOB_LATE);
	pd_codec_out_finish(&out);
	pd_pixels_finish(&px);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_smallest_form_is_exact),
		cmocka_unit_test(every_filter_is_undone),
		cmocka_unit_test(every_kind_is_read),
		cmocka_unit_test(a_profile_is_carried),
		cmocka_unit_test(limits_end_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
