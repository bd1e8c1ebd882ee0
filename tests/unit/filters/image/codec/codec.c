#include "filters/image/codec/codec.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "filters/image/codec/colour.h"
#include "filters/image/codec/pixels.h"
#include "filters/image/codec/png.h"
#include "tests/support/images.h"

/* What one job comes to. */
struct outcome {
	enum pd_job_status status;
	struct pd_job_answer answer;
	uint8_t *px; /* RGBA of the result; NULL unless DONE */
	size_t n;
	unsigned width, height;
};

static struct pd_job_ask
ask_for(struct image_bytes in, unsigned outputs)
{
	struct pd_image_info info;

	assert_int_equal(pd_sniff(in.p, in.n, &info), 0);
	return (struct pd_job_ask){
		.magic = PD_JOB_ASK,
		.in_len = (uint32_t)in.n,
		.out_max = (uint32_t)in.n - 1,
		.lossy_max = (uint32_t)in.n - 1,
		.width = info.width,
		.height = info.height,
		.source = (uint8_t)info.format,
		.outputs = (uint8_t)outputs,
		.flags =
		    info.profile == PD_IMAGE_PROFILE_EMBEDDED ? PD_JOB_ICC : 0,
		.orientation = info.orientation,
		.quality_jpeg = 80,
		.quality_webp = 80,
		.until_ms = UINT64_MAX,
	};
}

/* Frees in. */
static struct outcome
run(struct image_bytes in, const struct pd_job_ask *ask)
{
	struct outcome o = { .px = NULL };
	struct pd_codec_out out;

	assert_true(pd_job_ask_ok(ask));
	pd_codec_out_init(&out, ask->out_max);
	o.status = pd_codec_run(ask, in.p, &out, &o.answer);
	assert_int_equal(o.answer.status, o.status);
	assert_true(pd_job_answer_ok(ask, &o.answer));
	if (o.status == PD_JOB_DONE) {
		assert_true(pd_job_result_ok(&o.answer, out.p, out.n));
		o.px = decode_image(out.p, out.n, &o.width, &o.height);
		assert_non_null(o.px);
		o.n = out.n;
	}
	pd_codec_out_finish(&out);
	free(in.p);
	return o;
}

static struct outcome
convert(struct image_bytes in, unsigned outputs)
{
	struct pd_job_ask ask = ask_for(in, outputs);

	return run(in, &ask);
}

/* Within 40 levels: lossy, but no other colour. */
static void
assert_colour(
    const struct outcome *o, unsigned x, unsigned y, int r, int g, int b)
{
	const uint8_t *p = o->px + ((size_t)y * o->width + x) * 4;

	if (abs(p[0] - r) > 40 || abs(p[1] - g) > 40 || abs(p[2] - b) > 40)
		fail_msg("%u,%u is %d %d %d, not %d %d %d", x, y, p[0], p[1],
		    p[2], r, g, b);
}

/* The picture of images.h, upright. */
static void
assert_upright(const struct outcome *o, unsigned width, unsigned height)
{
	assert_int_equal(o->status, PD_JOB_DONE);
	assert_int_equal(o->width, width);
	assert_int_equal(o->height, height);
	assert_colour(o, width / 4, height / 4, 220, 30, 30);
	assert_colour(o, width * 3 / 4, height / 4, 30, 200, 30);
	assert_colour(o, width / 4, height * 3 / 4, 30, 30, 220);
	assert_colour(o, width * 3 / 4, height * 3 / 4, 220, 220, 30);
}

static void
every_sampling_keeps_its_colours(void **state)
{
	static const struct {
		unsigned h, v, width, height;
		bool progressive;
	} cases[] = {
		{ 2, 2, 320, 200, false },
		{ 2, 2, 321, 203, true },
		{ 2, 1, 321, 201, false },
		{ 1, 2, 321, 201, true },
		{ 1, 1, 321, 201, false },
		{ 4, 1, 322, 201, false },
		{ 1, 1, 101, 99, true },
		{ 2, 2, 17, 31, false },
		{ 2, 1, 33, 16, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct image_want w = { .width = cases[i].width,
			.height = cases[i].height,
			.h = cases[i].h,
			.v = cases[i].v,
			.progressive = cases[i].progressive,
			.noise = 20,
			.quality = 97 };
		struct outcome webp, jpeg, rewritten;

		print_message("%ux%u %ux%u\n", w.h, w.v, w.width, w.height);
		webp = convert(make_jpeg(&w), PD_JOB_WEBP_LOSSY);
		assert_upright(&webp, w.width, w.height);
		assert_int_equal(webp.answer.format, PD_IMAGE_WEBP);
		jpeg = convert(make_jpeg(&w), PD_JOB_JPEG);
		assert_upright(&jpeg, w.width, w.height);
		assert_int_equal(jpeg.answer.format, PD_IMAGE_JPEG);
		rewritten = convert(make_jpeg(&w), PD_JOB_REWRITE);
		if (!w.progressive)
			assert_upright(&rewritten, w.width, w.height);
		free(webp.px);
		free(jpeg.px);
		free(rewritten.px);
	}
}

/* Full range against limited: a shift would show in flat grey. */
static void
the_range_is_right(void **state)
{
	struct image_want w = { .width = 256,
		.height = 200,
		.grey = true,
		.noise = 8,
		.quality = 95 };
	struct outcome o = convert(make_jpeg(&w), PD_JOB_WEBP_LOSSY);
	double sum[4] = { 0 };

	(void)state;
	assert_int_equal(o.status, PD_JOB_DONE);
	for (unsigned y = 0; y < 200; y++)
		for (unsigned x = 0; x < 256; x++)
			sum[(x >= 128) + 2 * (y >= 100)] +=
			    o.px[(y * 256 + x) * 4];
	for (unsigned i = 0; i < 4; i++)
		sum[i] /= 128 * 100;
	/* The red of each quarter is its grey. */
	assert_in_range((int)(sum[0] + 0.5), 217, 223);
	assert_in_range((int)(sum[1] + 0.5), 27, 33);
	assert_in_range((int)(sum[2] + 0.5), 27, 33);
	assert_in_range((int)(sum[3] + 0.5), 217, 223);
	free(o.px);
}

static void
a_rewrite_changes_no_pixel(void **state)
{
	struct image_want w = { .width = 200, .height = 120, .noise = 30 };
	struct image_bytes in = make_jpeg(&w);
	unsigned width, height;
	uint8_t *before = decode_image(in.p, in.n, &width, &height);
	struct outcome o = convert(in, PD_JOB_REWRITE);

	(void)state;
	assert_int_equal(o.status, PD_JOB_DONE);
	assert_memory_equal(before, o.px, (size_t)width * height * 4);
	free(before);
	free(o.px);
}

/* A camera held in any of eight ways sees the same. */
static void
turns_are_baked_in(void **state)
{
	/* Corners of what is stored, by quarter, when shown upright: which
	 * quarter of the stored picture each quarter of the result is. */
	static const unsigned from[9][4] = { { 0 }, { 0, 1, 2, 3 },
		{ 1, 0, 3, 2 }, { 3, 2, 1, 0 }, { 2, 3, 0, 1 }, { 0, 2, 1, 3 },
		{ 2, 0, 3, 1 }, { 3, 1, 2, 0 }, { 1, 3, 0, 2 } };
	static const int colours[4][3] = { { 220, 30, 30 }, { 30, 200, 30 },
		{ 30, 30, 220 }, { 220, 220, 30 } };

	(void)state;
	for (unsigned o = 1; o <= 8; o++) {
		struct image_want w = { .width = 121,
			.height = 83,
			.orientation = o,
			.noise = 25,
			.quality = 97 };

		for (unsigned k = 0; k < 2; k++) {
			struct outcome out = convert(
			    make_jpeg(&w), k ? PD_JOB_JPEG : PD_JOB_WEBP_LOSSY);

			assert_int_equal(out.status, PD_JOB_DONE);
			assert_int_equal(out.width, o >= 5 ? 83 : 121);
			for (unsigned q = 0; q < 4; q++) {
				const int *c = colours[from[o][q]];

				assert_colour(&out,
				    out.width * (1 + 2 * (q % 2)) / 4,
				    out.height * (1 + 2 * (q / 2)) / 4, c[0],
				    c[1], c[2]);
			}
			free(out.px);
		}
	}
}

static void
cmyk_and_grey(void **state)
{
	struct image_want w = {
		.width = 120, .height = 90, .cmyk = true, .noise = 10
	};
	struct outcome o = convert(make_jpeg(&w), PD_JOB_WEBP_LOSSY);

	(void)state;
	assert_upright(&o, 120, 90);
	free(o.px);
	o = convert(make_jpeg(&w), PD_JOB_JPEG);
	assert_upright(&o, 120, 90);
	free(o.px);
	w.cmyk = false;
	w.grey = true;
	for (unsigned turn = 1; turn <= 6; turn += 5) {
		w.orientation = turn;
		o = convert(make_jpeg(&w), PD_JOB_WEBP_LOSSY);
		assert_int_equal(o.status, PD_JOB_DONE);
		free(o.px);
		o = convert(make_jpeg(&w), PD_JOB_JPEG);
		assert_int_equal(o.status, PD_JOB_DONE);
		free(o.px);
	}
}

static void
colour_can_be_taken_out(void **state)
{
	struct image_want w = {
		.width = 320, .height = 200, .noise = 30, .quality = 97
	};
	unsigned outputs[] = { PD_JOB_WEBP_LOSSY, PD_JOB_JPEG };

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		struct image_bytes in = i < 2 ? make_jpeg(&w) : make_png(&w);
		struct pd_job_ask ask = ask_for(in, outputs[i % 2]);
		struct outcome o;

		ask.flags |= PD_JOB_GREY;
		o = run(in, &ask);
		assert_int_equal(o.status, PD_JOB_DONE);
		for (size_t p = 0; p < (size_t)o.width * o.height * 4;
		     p += 97 * 4) {
			assert_true(abs(o.px[p] - o.px[p + 1]) <= 3);
			assert_true(abs(o.px[p] - o.px[p + 2]) <= 3);
		}
		free(o.px);
	}
}

static bool
has_bytes(const uint8_t *p, size_t n, const char *what)
{
	return memmem(p, n, what, strlen(what)) != NULL;
}

/* The wide profile stays with its picture; sRGB's own goes. */
static void
profiles(void **state)
{
	struct image_bytes p3 = make_p3(), srgb = make_srgb();
	static const unsigned outputs[] = { PD_JOB_WEBP_LOSSY, PD_JOB_JPEG,
		PD_JOB_WEBP_LOSSLESS, PD_JOB_PNG };

	(void)state;
	for (unsigned i = 0; i < 8; i++) {
		bool wide = i < 4;
		struct image_want w = { .width = 200,
			.height = 160,
			.noise = i % 4 < 2 ? 40 : 0,
			.quality = 98,
			.icc = wide ? p3.p : srgb.p,
			.icc_len = wide ? p3.n : srgb.n };
		struct image_bytes in =
		    i % 4 < 2 ? make_jpeg(&w) : make_png(&w);
		struct pd_job_ask ask = ask_for(in, outputs[i % 4]);
		struct pd_codec_out out;
		struct pd_job_answer answer;
		const char *mark = i % 4 == 1   ? "ICC_PROFILE"
				   : i % 4 == 3 ? "iCCP"
						: "ICCP";

		assert_int_equal(ask.flags, PD_JOB_ICC);
		pd_codec_out_init(&out, ask.out_max);
		assert_int_equal(
		    pd_codec_run(&ask, in.p, &out, &answer), PD_JOB_DONE);
		assert_true(pd_job_result_ok(&answer, out.p, out.n));
		assert_int_equal(has_bytes(out.p, out.n, mark), wide);
		if (i % 4 == 0 && wide) {
			unsigned width, height;
			uint8_t *px =
			    decode_image(out.p, out.n, &width, &height);

			assert_non_null(px);
			free(px);
		}
		pd_codec_out_finish(&out);
		free(in.p);
	}
	free(p3.p);
	free(srgb.p);
}

static void
drawings_stay_exact(void **state)
{
	struct image_want kinds[] = { { .palette = true },
		{ .palette = true, .interlaced = true }, { .alpha = true },
		{ .alpha = true, .interlaced = true },
		{ .alpha = true, .palette = true }, { .depth16 = true },
		{ .depth16 = true, .alpha = true } };

	(void)state;
	for (size_t i = 0; i < 2 * sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct image_want w = kinds[i / 2];
		struct outcome o;
		unsigned q;

		w.width = 261;
		w.height = 129;
		o = convert(make_png(&w),
		    i % 2 ? PD_JOB_PNG | PD_JOB_JPEG
			  : PD_JOB_WEBP_LOSSLESS | PD_JOB_WEBP_LOSSY);
		assert_int_equal(o.status, PD_JOB_DONE);
		assert_int_equal(
		    o.answer.format, i % 2 ? PD_IMAGE_PNG : PD_IMAGE_WEBP);
		for (q = 0; q < 3; q++)
			assert_int_equal(
			    o.px[((q / 2 * 128) * 261 + q % 2 * 260) * 4 + 3],
			    255);
		assert_int_equal(o.px[0], 220);
		assert_int_equal(o.px[260 * 4 + 1], 200);
		assert_int_equal(o.px[(128 * 261) * 4 + 2], 220);
		assert_int_equal(
		    o.px[(128 * 261 + 260) * 4 + 3], w.alpha ? 0 : 255);
		free(o.px);
	}
}

static void
photographs_in_png_become_photographs(void **state)
{
	struct image_want w = { .width = 300, .height = 200, .noise = 40 };
	struct outcome o;

	(void)state;
	o = convert(make_png(&w), PD_JOB_WEBP_LOSSLESS | PD_JOB_WEBP_LOSSY);
	assert_upright(&o, 300, 200);
	assert_true(o.n < 60000);
	free(o.px);
	o = convert(make_png(&w), PD_JOB_PNG | PD_JOB_JPEG);
	assert_upright(&o, 300, 200);
	assert_int_equal(o.answer.format, PD_IMAGE_JPEG);
	free(o.px);
	/* JPEG has no place for what is transparent. */
	w.alpha = true;
	o = convert(make_png(&w), PD_JOB_PNG | PD_JOB_JPEG);
	assert_int_equal(o.answer.format, PD_IMAGE_PNG);
	assert_int_equal(o.px[(150 * 300 + 250) * 4 + 3], 0);
	free(o.px);
	o = convert(make_png(&w), PD_JOB_WEBP_LOSSLESS | PD_JOB_WEBP_LOSSY);
	assert_int_equal(o.px[(150 * 300 + 250) * 4 + 3], 0);
	assert_int_equal(o.px[(50 * 300 + 50) * 4 + 3], 255);
	free(o.px);
}

/* A colour of its own for each tile; smooth: each hardly differs from the ones
 * beside it. As PNG without filters, so that smooth ones are large. */
static struct image_bytes
make_tiles(unsigned side, unsigned tile, bool smooth)
{
	struct pd_job_ask ask = { .until_ms = UINT64_MAX };
	struct pd_pixels_look look = { .colours = PD_PIXELS_COLOURS + 1,
		.flat = 100 };
	struct pd_codec_out out;
	struct pd_pixels px;

	assert_int_equal(pd_pixels_init(&px, side, side, 3), 0);
	for (unsigned y = 0; y < side; y++) {
		for (unsigned x = 0; x < side; x++) {
			uint8_t *p = px.p + (size_t)y * px.stride + x * 3;
			unsigned tx = x / tile, ty = y / tile;
			unsigned any = (tx * 7919 + ty * 104729) * 2654435761u;

			p[0] = (uint8_t)(smooth ? tx * 255 * tile / side
						: any >> 24);
			p[1] = (uint8_t)(smooth ? ty * 255 * tile / side
						: any >> 16);
			p[2] = (uint8_t)(smooth ? (tx + ty) : any >> 8);
		}
	}
	pd_codec_out_init(&out, (size_t)side * side * 4);
	assert_int_equal(pd_png_encode(&px, &ask, &look, &out), PD_JOB_DONE);
	pd_pixels_finish(&px);
	return (struct image_bytes){ .p = out.p, .n = out.n };
}

/* What is flat but dense is a gradient, and small with loss; what is flat and
 * sparse has edges, which are kept but for what nobody sees. */
static void
gradients_may_lose_and_edges_not(void **state)
{
	struct image_bytes in = make_tiles(600, 3, true);
	size_t n = in.n;
	unsigned width, height;
	uint8_t *before;
	struct outcome o;

	(void)state;
	assert_true(n * 8 > 600 * 600 * 3 / 2);
	o = convert(in, PD_JOB_WEBP_LOSSLESS | PD_JOB_WEBP_LOSSY);
	assert_int_equal(o.status, PD_JOB_DONE);
	assert_true(o.n < n / 10);
	free(o.px);

	in = make_tiles(600, 20, false);
	before = decode_image(in.p, in.n, &width, &height);
	o = convert(in, PD_JOB_WEBP_LOSSLESS | PD_JOB_WEBP_LOSSY);
	assert_int_equal(o.status, PD_JOB_DONE);
	for (size_t i = 0; i < 600 * 600 * 4; i++)
		assert_true(abs(o.px[i] - before[i]) <= 2);
	free(o.px);
	free(before);

	/* PNG has no such place: to the bit. */
	in = make_tiles(600, 20, false);
	before = decode_image(in.p, in.n, &width, &height);
	o = convert(in, PD_JOB_PNG | PD_JOB_JPEG);
	if (o.status == PD_JOB_DONE)
		assert_memory_equal(o.px, before, 600 * 600 * 4);
	free(o.px);
	free(before);
}

/* Without colour a JPEG is one plane, progressive or not. */
static void
grey_photographs_become_grey_jpegs(void **state)
{
	struct image_want w = { .width = 300, .height = 200, .noise = 40 };

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct image_bytes in = make_png(&w);
		struct pd_job_ask ask = ask_for(in, PD_JOB_JPEG);
		struct pd_codec_out out;
		struct pd_job_answer answer;
		struct pd_image_info info;

		ask.flags = PD_JOB_GREY | (i > 0 ? PD_JOB_PROGRESSIVE : 0);
		pd_codec_out_init(&out, ask.out_max);
		assert_int_equal(
		    pd_codec_run(&ask, in.p, &out, &answer), PD_JOB_DONE);
		assert_true(pd_job_result_ok(&answer, out.p, out.n));
		assert_int_equal(pd_sniff(out.p, out.n, &info), 0);
		assert_int_equal(info.components, 1);
		assert_int_equal(info.interlaced, i > 0);
		pd_codec_out_finish(&out);
		free(in.p);
	}
}

static void
gifs_keep_their_rows(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 8; i++) {
		struct image_want w = { .width = 150,
			.height = 111,
			.interlaced = i & 1,
			.alpha = i & 2,
			.noise = 1 };
		struct outcome o = convert(
		    make_gif(&w, 1), i & 4 ? PD_JOB_PNG : PD_JOB_WEBP_LOSSLESS);
		struct image_want plain = w;
		struct outcome same;

		assert_int_equal(o.status, PD_JOB_DONE);
		assert_colour(&o, 10, 10, 220, 30, 30);
		assert_colour(&o, 10, 100, 30, 30, 220);
		assert_int_equal(
		    o.px[(100 * 150 + 140) * 4 + 3], w.alpha ? 0 : 255);
		/* The same rows, however they were sent. */
		plain.interlaced = false;
		same = convert(make_gif(&plain, 1),
		    i & 4 ? PD_JOB_PNG : PD_JOB_WEBP_LOSSLESS);
		assert_memory_equal(o.px, same.px, 150 * 111 * 4);
		free(o.px);
		free(same.px);
	}
}

static void
broken_images_stay_as_they_are(void **state)
{
	struct image_want w = { .width = 200, .height = 150, .noise = 30 };

	(void)state;
	for (unsigned i = 0; i < 6; i++) {
		struct image_bytes in = i % 3 == 0   ? make_jpeg(&w)
					: i % 3 == 1 ? make_png(&w)
						     : make_gif(&w, 1);
		struct pd_job_ask ask = ask_for(
		    in, i % 3 == 0 ? PD_JOB_WEBP_LOSSY : PD_JOB_WEBP_LOSSLESS);
		struct outcome o;

		if (i < 3)
			ask.in_len = (uint32_t)in.n / 2; /* cut short */
		else
			ask.width++; /* not what was sniffed */
		ask.out_max = ask.lossy_max = ask.in_len - 1;
		o = run(in, &ask);
		assert_int_equal(o.status, PD_JOB_BAD);
	}
}

static void
limits_end_a_job(void **state)
{
	struct image_want w = { .width = 400, .height = 300, .noise = 60 };
	static const unsigned outputs[] = { PD_JOB_WEBP_LOSSY, PD_JOB_JPEG,
		PD_JOB_REWRITE, PD_JOB_WEBP_LOSSLESS, PD_JOB_PNG };

	(void)state;
	for (unsigned i = 0; i < 10; i++) {
		unsigned what = outputs[i / 2];
		struct image_bytes in =
		    what == PD_JOB_WEBP_LOSSLESS || what == PD_JOB_PNG
			? make_png(&w)
			: make_jpeg(&w);
		struct pd_job_ask ask = ask_for(in, what);
		struct outcome o;

		if (i % 2)
			ask.until_ms = 1;
		else
			ask.out_max = ask.lossy_max = 100;
		o = run(in, &ask);
		assert_int_equal(o.status, i % 2 ? PD_JOB_LATE : PD_JOB_LARGER);
	}
}

static int
tidy(void **state)
{
	(void)state;
	pd_colour_finish();
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_sampling_keeps_its_colours),
		cmocka_unit_test(the_range_is_right),
		cmocka_unit_test(a_rewrite_changes_no_pixel),
		cmocka_unit_test(turns_are_baked_in),
		cmocka_unit_test(cmyk_and_grey),
		cmocka_unit_test(colour_can_be_taken_out),
		cmocka_unit_test(profiles),
		cmocka_unit_test(drawings_stay_exact),
		cmocka_unit_test(photographs_in_png_become_photographs),
		cmocka_unit_test(gradients_may_lose_and_edges_not),
		cmocka_unit_test(grey_photographs_become_grey_jpegs),
		cmocka_unit_test(gifs_keep_their_rows),
		cmocka_unit_test(broken_images_stay_as_they_are),
		cmocka_unit_test(limits_end_a_job),
	};

	return cmocka_run_group_tests(tests, NULL, tidy);
}
