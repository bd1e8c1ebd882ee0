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
		.set.out_max = (uint32_t)in.n - 1,
		.set.lossy_max = (uint32_t)in.n - 1,
		.width = info.width,
		.height = info.height,
		.frames = info.frames,
		.set.to_width = info.width,
		.set.to_height = info.height,
		.source = (uint8_t)info.format,
		.set.outputs = (uint8_t)outputs,
		.set.flags =
		    (info.profile != PD_IMAGE_PROFILE_NONE ? PD_JOB_ICC : 0) |
		    (info.animated ? PD_JOB_ANIMATED : 0),
		.orientation = info.orientation,
		.set.quality_jpeg = 80,
		.set.quality_webp = 80,
		.set.method_webp = 2,
		.set.quantizer_avif = 26,
		.set.quantizer_alpha = 10,
		.set.speed_avif = 10,
		.set.effort = 2,
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
	pd_codec_out_init(&out, ask->set.out_max);
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
	/* Odd sides go by pixels, even ones by planes. */
	for (unsigned i = 0; i < 8 * 6; i++) {
		static const unsigned outputs[] = { PD_JOB_AVIF,
			PD_JOB_WEBP_LOSSY, PD_JOB_JPEG };
		unsigned o = 1 + i / 6, odd = i / 3 % 2;
		struct image_want w = { .width = 120 + odd,
			.height = 82 + odd,
			.orientation = o,
			.noise = 25,
			.quality = 97 };
		struct outcome out = convert(make_jpeg(&w), outputs[i % 3]);

		print_message("%u to %u\n", o, outputs[i % 3]);
		assert_int_equal(out.status, PD_JOB_DONE);
		assert_int_equal(out.width, o >= 5 ? w.height : w.width);
		for (unsigned q = 0; q < 4; q++) {
			const int *c = colours[from[o][q]];

			assert_colour(&out, out.width * (1 + 2 * (q % 2)) / 4,
			    out.height * (1 + 2 * (q / 2)) / 4, c[0], c[1],
			    c[2]);
		}
		free(out.px);
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

		ask.set.flags |= PD_JOB_GREY;
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

static bool
same_primaries(const uint8_t *p, size_t n)
{
	struct pd_image_info info;

	assert_int_equal(pd_sniff(p, n, &info), 0);
	return info.profile == PD_IMAGE_PROFILE_P3;
}

/* Display P3 is said, shortly; sRGB goes; the rest becomes sRGB. */
static void
profiles(void **state)
{
	static const struct {
		unsigned output;
		const char *mark; /* of an embedded profile */
	} ways[] = {
		{ PD_JOB_AVIF, "prof" },
		{ PD_JOB_WEBP_LOSSY, "ICCP" },
		{ PD_JOB_JPEG, "ICC_PROFILE" },
		{ PD_JOB_WEBP_LOSSLESS, "ICCP" },
		{ PD_JOB_PNG, "iCCP" },
	};
	struct image_bytes p3 = make_display_p3(), srgb = make_srgb(),
			   other = make_p3();
	const struct image_bytes *icc[] = { &p3, &srgb, &other };

	(void)state;
	for (unsigned i = 0; i < 15; i++) {
		unsigned k = i % 5;
		bool wide = i < 5, photo = k < 3;
		struct image_want w = { .width = 200,
			.height = 160,
			.noise = photo ? 40 : 0,
			.quality = 98,
			.icc = icc[i / 5]->p,
			.icc_len = icc[i / 5]->n };
		struct image_bytes in = photo ? make_jpeg(&w) : make_png(&w);
		struct pd_job_ask ask = ask_for(in, ways[k].output);
		struct pd_codec_out out;
		struct pd_job_answer answer;

		print_message("%u\n", i);
		pd_codec_out_init(&out, ask.set.out_max);
		assert_int_equal(
		    pd_codec_run(&ask, in.p, &out, &answer), PD_JOB_DONE);
		assert_true(pd_job_result_ok(&answer, out.p, out.n));
		assert_int_equal(
		    has_bytes(out.p, out.n, ways[k].mark), wide && k > 0);
		if (ways[k].output != PD_JOB_PNG) /* compressed there */
			assert_int_equal(same_primaries(out.p, out.n), wide);
		pd_codec_out_finish(&out);
		free(in.p);
	}
	free(p3.p);
	free(srgb.p);
	free(other.p);
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

		ask.set.flags = PD_JOB_GREY | (i > 0 ? PD_JOB_PROGRESSIVE : 0);
		pd_codec_out_init(&out, ask.set.out_max);
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
		ask.set.out_max = ask.set.lossy_max = ask.in_len - 1;
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
			ask.set.out_max = ask.set.lossy_max = 100;
		o = run(in, &ask);
		assert_int_equal(o.status, i % 2 ? PD_JOB_LATE : PD_JOB_LARGER);
	}
}

/* Every source to every output that it may have. */
static void
sources_and_outputs(void **state)
{
	static const enum pd_job_output outputs[] = { PD_JOB_AVIF,
		PD_JOB_WEBP_LOSSY, PD_JOB_WEBP_LOSSLESS, PD_JOB_JPEG,
		PD_JOB_PNG };
	struct image_want w = {
		.width = 150, .height = 100, .noise = 30, .quality = 98
	};

	(void)state;
	for (unsigned i = 0; i < 6 * 5; i++) {
		unsigned from = i / 5;
		enum pd_job_output output = outputs[i % 5];
		struct image_bytes in = from == 0   ? make_jpeg(&w)
					: from == 1 ? make_png(&w)
					: from == 2 ? make_gif(&w, 1)
					: from == 3 ? make_webp(&w, false)
					: from == 4 ? make_webp(&w, true)
						    : make_avif(&w);
		struct pd_job_ask ask = ask_for(in, output);
		struct outcome o;
		bool pays =
		    output == PD_JOB_AVIF || output == PD_JOB_WEBP_LOSSY;

		/* Some of these are larger; that they come out counts. */
		ask.set.quality_webp = ask.set.quality_jpeg = 60;
		ask.set.quantizer_avif = 40;
		print_message("%u to %u\n", from, output);
		o = run(in, &ask);
		if (from == 0 && !pays && output != PD_JOB_JPEG)
			assert_int_equal(o.status, PD_JOB_UNSUPPORTED);
		else if (pays && from != 2)
			assert_upright(&o, 150, 100);
		else
			assert_true(o.status == PD_JOB_DONE ||
				    o.status == PD_JOB_LARGER);
		if (o.status == PD_JOB_DONE)
			assert_int_equal(o.answer.output, output);
		free(o.px);
	}
}

static void
results_are_scaled(void **state)
{
	static const unsigned outputs[] = { PD_JOB_AVIF, PD_JOB_WEBP_LOSSY,
		PD_JOB_JPEG };

	(void)state;
	for (unsigned i = 0; i < 4 * 3; i++) {
		struct image_want w = { .width = 171,
			.height = 297,
			.noise = 30,
			.orientation = i % 4 == 1 ? 6 : 0,
			.cmyk = i % 4 == 2,
			.quality = 97 };
		struct image_bytes in =
		    i % 4 == 3 ? make_png(&w) : make_jpeg(&w);
		struct pd_job_ask ask = ask_for(in, outputs[i / 4]);
		bool turned = ask.orientation == 6;
		struct outcome o;

		/* Of eighths of the width and of the height, not the same one
		 * suffices. */
		ask.set.to_width = 86;
		ask.set.to_height = 150;
		print_message("%u\n", i);
		o = run(in, &ask);
		assert_int_equal(o.status, PD_JOB_DONE);
		assert_int_equal(o.width, turned ? 150 : 86);
		assert_int_equal(o.height, turned ? 86 : 150);
		if (!turned)
			assert_upright(&o, 86, 150);
		else
			assert_colour(&o, 20, 20, 30, 30, 220);
		free(o.px);
	}
}

static void
animations_stay_animated(void **state)
{
	static const unsigned outputs[] = { PD_JOB_AVIF, PD_JOB_WEBP_LOSSLESS,
		PD_JOB_AVIF | PD_JOB_WEBP_LOSSY | PD_JOB_WEBP_LOSSLESS };

	(void)state;
	for (unsigned i = 0; i < 3 * 4; i++) {
		/* Below and above where both are tried. */
		struct image_want w = { .width = i % 4 < 2 ? 90 : 210,
			.height = 100,
			.noise = 60 };
		struct image_bytes in =
		    i % 2 ? make_apng(&w, 4) : make_gif(&w, 4);
		struct pd_job_ask ask = ask_for(in, outputs[i / 4]);
		struct outcome o;

		print_message("%u\n", i);
		assert_int_equal(ask.frames, 4);
		ask.set.quality_webp = 70;
		ask.set.quantizer_avif = 34;
		o = run(in, &ask);
		assert_int_equal(o.status, PD_JOB_DONE);
		assert_in_range(o.answer.frames, 2, 4);
		assert_int_equal(o.width, w.width);
		free(o.px);
	}
}

/* What saves too little with loss may still be rewritten. */
static void
the_last_resort_is_a_rewrite(void **state)
{
	struct image_want w = {
		.width = 300, .height = 200, .noise = 40, .quality = 40
	};
	struct image_bytes in = make_jpeg(&w);
	struct pd_job_ask ask = ask_for(in, PD_JOB_AVIF | PD_JOB_REWRITE);
	struct outcome o;

	(void)state;
	ask.set.lossy_max = 50;
	ask.set.flags |= PD_JOB_PROGRESSIVE;
	o = run(in, &ask);
	assert_upright(&o, 300, 200);
	assert_int_equal(o.answer.output, PD_JOB_REWRITE);
	free(o.px);
}

/* Who is told what a job took: the stages are within the whole. */
static void
the_answer_tells_the_time(void **state)
{
	struct image_want w = { .width = 500, .height = 400, .noise = 40 };
	struct outcome o = convert(make_png(&w), PD_JOB_WEBP_LOSSY);

	(void)state;
	assert_int_equal(o.status, PD_JOB_DONE);
	assert_in_range(o.answer.decode_us, 1, 10000000);
	assert_in_range(o.answer.encode_us, 1, 10000000);
	assert_int_equal(o.answer.frames, 1);
	free(o.px);
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
		cmocka_unit_test(sources_and_outputs),
		cmocka_unit_test(results_are_scaled),
		cmocka_unit_test(animations_stay_animated),
		cmocka_unit_test(the_last_resort_is_a_rewrite),
		cmocka_unit_test(the_answer_tells_the_time),
	};

	return cmocka_run_group_tests(tests, NULL, tidy);
}
