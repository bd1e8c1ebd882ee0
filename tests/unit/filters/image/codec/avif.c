#include "filters/image/codec/avif.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "filters/image/codec/avif_loop.h"
#include "filters/image/codec/colour.h"
#include "tests/support/images.h"

#define ROOM (1u << 20)

static const struct pd_avif_params fine = { .quantizer = 8, .speed = 10 };

static struct pd_job_ask
ask_for(uint32_t width, uint32_t height)
{
	return (struct pd_job_ask){
		.magic = PD_JOB_ASK,
		.width = width,
		.height = height,
		.frames = 1,
		.source = PD_IMAGE_AVIF,
		.orientation = 1,
		.until_ms = UINT64_MAX,
	};
}

/* Slopes of each colour, and of alpha. */
static struct pd_pixels
make_pixels(uint32_t width, uint32_t height, unsigned channels)
{
	struct pd_pixels px;

	assert_int_equal(pd_pixels_init(&px, width, height, channels), 0);
	for (uint32_t y = 0; y < height; y++) {
		for (uint32_t x = 0; x < width; x++) {
			uint8_t *p =
			    px.p + y * px.stride + (size_t)x * channels;
			uint8_t all[4] = { (uint8_t)(40 + 2 * x),
				(uint8_t)(200 - 2 * y), (uint8_t)(60 + x + y),
				(uint8_t)(255 - 3 * x) };

			memcpy(p, all, channels);
		}
	}
	return px;
}

static double
mean_difference(
    const struct pd_pixels *a, const struct pd_pixels *b, unsigned channels)
{
	uint64_t sum = 0;

	assert_int_equal(a->width, b->width);
	assert_int_equal(a->height, b->height);
	for (uint32_t y = 0; y < a->height; y++)
		for (uint32_t x = 0; x < a->width; x++)
			for (unsigned c = 0; c < channels; c++)
				sum += (unsigned)abs(
				    a->p[y * a->stride +
					 (size_t)x * a->channels + c] -
				    b->p[y * b->stride +
					 (size_t)x * b->channels + c]);
	return (double)sum / ((double)channels * a->width * a->height);
}

/* What came out, read back as its own bytes say it is. */
static struct pd_pixels
read_back(const struct pd_codec_out *out, const struct pd_job_ask *asked)
{
	struct pd_job_ask ask = *asked;
	struct pd_image_info info;
	struct pd_pixels px;

	assert_int_equal(pd_sniff(out->p, out->n, &info), 0);
	assert_int_equal(info.format, PD_IMAGE_AVIF);
	assert_int_equal(info.width, ask.width);
	assert_int_equal(info.height, ask.height);
	assert_false(info.animated || info.unsupported);
	ask.in_len = (uint32_t)out->n;
	assert_int_equal(pd_avif_decode(&ask, out->p, &px), PD_JOB_DONE);
	return px;
}

/* --- Stills ----------------------------------------------------------------
 */

static const uint32_t sizes[][2] = { { 1, 1 }, { 1, 9 }, { 2, 1 }, { 15, 33 },
	{ 64, 64 } };
#define SIZES (sizeof(sizes) / sizeof(sizes[0]))

static void
check_pixels(
    const struct pd_pixels *px, bool half, unsigned channels, double limit)
{
	struct pd_job_ask ask = ask_for(px->width, px->height);
	struct pd_avif_params params = fine;
	struct pd_codec_out out;
	struct pd_pixels back;

	params.half = half;
	pd_codec_out_init(&out, ROOM);
	assert_int_equal(pd_avif_pixels(px, &ask, &params, &out), PD_JOB_DONE);
	back = read_back(&out, &ask);
	assert_int_equal(back.channels, channels);
	assert_true(mean_difference(px, &back, 3) < limit);
	for (uint32_t x = 0; channels == 4 && x < px->width; x++)
		assert_int_equal(back.p[x * 4 + 3], px->p[x * 4 + 3]);
	pd_pixels_finish(&back);
	pd_codec_out_finish(&out);
}

static void
pixels_come_back(void **state)
{
	(void)state;
	for (size_t i = 0; i < SIZES; i++) {
		for (unsigned channels = 3; channels <= 4; channels++) {
			struct pd_pixels px =
			    make_pixels(sizes[i][0], sizes[i][1], channels);
			/* One pixel has nothing to be transparent beside. */
			unsigned want = sizes[i][0] == 1 ? 3 : channels;

			check_pixels(&px, false, want, 3);
			check_pixels(&px, true, want, 4);
			pd_pixels_finish(&px);
		}
	}
}

static void
opaque_alpha_is_left_out(void **state)
{
	struct pd_pixels px = make_pixels(32, 32, 4);

	(void)state;
	for (size_t i = 3; i < px.stride * px.height; i += 4)
		px.p[i] = 255;
	check_pixels(&px, false, 3, 3);
	px.p[3] = 254;
	check_pixels(&px, false, 4, 3);
	pd_pixels_finish(&px);
}

static void
grey_comes_back(void **state)
{
	struct pd_pixels grey = make_pixels(31, 7, 1), back, rgb;
	struct pd_job_ask ask = ask_for(31, 7);
	struct pd_codec_out out;
	struct pd_image_info info;

	(void)state;
	pd_codec_out_init(&out, ROOM);
	assert_int_equal(pd_avif_pixels(&grey, &ask, &fine, &out), PD_JOB_DONE);
	assert_int_equal(pd_sniff(out.p, out.n, &info), 0);
	assert_int_equal(info.components, 1);
	back = read_back(&out, &ask);
	assert_int_equal(pd_pixels_init(&rgb, 31, 7, 3), 0);
	for (size_t i = 0; i < (size_t)31 * 7; i++)
		memset(rgb.p + i * 3, grey.p[i], 3);
	assert_true(mean_difference(&rgb, &back, 3) < 2);
	pd_pixels_finish(&rgb);
	pd_pixels_finish(&back);
	pd_pixels_finish(&grey);
	pd_codec_out_finish(&out);
}

/* Planes go in as they are, with the sampling and the strides that they have.
 */
static void
planes_come_back(void **state)
{
	(void)state;
	for (unsigned i = 0; i < SIZES * 3; i++) {
		const uint32_t *size = sizes[i / 3];
		unsigned shift_x = i % 3 > 0, shift_y = i % 3 > 1;
		struct pd_job_ask ask = ask_for(size[0], size[1]);
		struct pd_codec_out out;
		struct pd_pixels back;
		struct pd_planes pl;

		assert_int_equal(
		    pd_planes_init(&pl, size[0], size[1], shift_x, shift_y), 0);
		pl.full_range = true;
		/* A flat orange. */
		memset(pl.y, 160, pl.y_stride * pl.height);
		for (size_t k = 0;
		     k < pl.uv_stride * ((pl.height + shift_y) >> shift_y);
		     k++) {
			pl.u[k] = 70;
			pl.v[k] = 180;
		}
		pd_codec_out_init(&out, ROOM);
		assert_int_equal(
		    pd_avif_planes(&pl, &ask, &fine, &out), PD_JOB_DONE);
		back = read_back(&out, &ask);
		for (size_t k = 0; k < (size_t)size[0] * size[1]; k++) {
			assert_in_range(back.p[k * 3], 229, 237);
			assert_in_range(back.p[k * 3 + 1], 139, 147);
			assert_in_range(back.p[k * 3 + 2], 53, 61);
		}
		pd_pixels_finish(&back);
		pd_codec_out_finish(&out);
		pd_planes_finish(&pl);
	}
}

static void
colour_is_said(void **state)
{
	struct pd_pixels px = make_pixels(16, 16, 3), back;
	struct pd_job_ask ask = ask_for(16, 16);
	struct pd_avif_params params = fine;
	struct image_bytes icc = make_p3();
	struct pd_codec_out out;
	struct pd_image_info info;

	(void)state;
	params.p3 = true;
	pd_codec_out_init(&out, ROOM);
	assert_int_equal(pd_avif_pixels(&px, &ask, &params, &out), PD_JOB_DONE);
	assert_int_equal(pd_sniff(out.p, out.n, &info), 0);
	assert_int_equal(info.profile, PD_IMAGE_PROFILE_P3);
	back = read_back(&out, &ask);
	assert_true(back.p3 && back.icc == NULL);
	pd_pixels_finish(&back);

	params = fine;
	params.icc = icc.p;
	params.icc_len = icc.n;
	assert_int_equal(pd_avif_pixels(&px, &ask, &params, &out), PD_JOB_DONE);
	back = read_back(&out, &ask);
	assert_false(back.p3);
	assert_int_equal(back.icc_len, icc.n);
	assert_memory_equal(back.icc, icc.p, icc.n);
	pd_pixels_finish(&back);
	pd_codec_out_finish(&out);
	pd_pixels_finish(&px);
	free(icc.p);
}

static void
too_large_and_too_late(void **state)
{
	struct pd_pixels px = make_pixels(60, 60, 3);
	struct pd_job_ask ask = ask_for(60, 60);
	struct pd_codec_out out;

	(void)state;
	pd_codec_out_init(&out, 100);
	assert_int_equal(pd_avif_pixels(&px, &ask, &fine, &out), PD_JOB_LARGER);
	ask.until_ms = 1;
	assert_int_equal(pd_avif_pixels(&px, &ask, &fine, &out), PD_JOB_LATE);
	pd_codec_out_finish(&out);
	pd_pixels_finish(&px);
}

/* --- Reading ---------------------------------------------------------------
 */

static enum pd_job_status
decode(struct image_bytes in, const struct pd_job_ask *asked)
{
	struct pd_job_ask ask = *asked;
	struct pd_pixels px;
	enum pd_job_status status;

	ask.in_len = (uint32_t)in.n;
	status = pd_avif_decode(&ask, in.p, &px);
	pd_pixels_finish(&px);
	return status;
}

/* The pixels stay as they are stored; who turns them must have been told the
 * same by the sniffing. */
static void
turns_must_agree(void **state)
{
	(void)state;
	for (unsigned turn = 1; turn <= 8; turn++) {
		struct image_want want = {
			.width = 24, .height = 16, .orientation = turn
		};
		struct image_bytes in = make_avif(&want);
		struct pd_job_ask ask = ask_for(24, 16);

		for (unsigned told = 1; told <= 8; told++) {
			ask.orientation = (uint8_t)told;
			assert_int_equal(decode(in, &ask),
			    told == turn ? PD_JOB_DONE : PD_JOB_BAD);
		}
		free(in.p);
	}
}

static void
sizes_must_agree(void **state)
{
	struct image_want want = { .width = 24, .height = 16 };
	struct image_bytes in = make_avif(&want);
	struct pd_job_ask ask = ask_for(24, 17);

	(void)state;
	assert_int_equal(decode(in, &ask), PD_JOB_BAD);
	ask = ask_for(23, 16);
	assert_int_equal(decode(in, &ask), PD_JOB_BAD);
	ask = ask_for(4000, 4000);
	assert_int_equal(decode(in, &ask), PD_JOB_BAD);
	ask = ask_for(24, 16);
	in.n /= 2;
	assert_int_equal(decode(in, &ask), PD_JOB_BAD);
	free(in.p);
}

/* Code points of nclx, as the file says them. */
static enum pd_job_status
decode_as(uint8_t primaries, uint8_t transfer)
{
	struct image_want want = { .width = 24, .height = 16 };
	struct image_bytes in = make_avif(&want);
	struct pd_job_ask ask = ask_for(24, 16);
	enum pd_job_status status;
	uint8_t *p = memmem(in.p, in.n, "nclx", 4);

	assert_non_null(p);
	p[5] = primaries;
	p[7] = transfer;
	status = decode(in, &ask);
	free(in.p);
	return status;
}

static void
high_range_is_left_alone(void **state)
{
	(void)state;
	assert_int_equal(decode_as(1, 13), PD_JOB_DONE);
	assert_int_equal(decode_as(1, 1), PD_JOB_DONE);
	assert_int_equal(decode_as(12, 13), PD_JOB_DONE);
	assert_int_equal(decode_as(9, 13), PD_JOB_UNSUPPORTED); /* BT.2020 */
	assert_int_equal(decode_as(1, 16), PD_JOB_UNSUPPORTED); /* PQ */
	assert_int_equal(decode_as(9, 18), PD_JOB_UNSUPPORTED); /* HLG */
	assert_int_equal(decode_as(1, 8), PD_JOB_UNSUPPORTED);  /* linear */
}

/* --- Sequences -------------------------------------------------------------
 */

/* Pictures that move, made on the spot. */
struct film {
	struct pd_anim a;
	bool see_through; /* the last frame alone */
};

static enum pd_job_status
film_next(struct pd_anim *a)
{
	struct film *f = (struct film *)a;

	for (uint32_t y = 0; y < a->canvas.height; y++) {
		uint8_t *p = a->canvas.p + y * a->canvas.stride;

		for (uint32_t x = 0; x < a->canvas.width; x++, p += 4) {
			p[0] = (uint8_t)(3 * x + 20 * a->at);
			p[1] = (uint8_t)(3 * y);
			p[2] = (uint8_t)(x + y);
			p[3] = 255;
		}
	}
	if (f->see_through && a->at + 1 == a->frames)
		a->canvas.p[3] = 0;
	a->ms = 40 + a->at;
	return PD_JOB_DONE;
}

static enum pd_job_status
film_rewind(struct pd_anim *a)
{
	(void)a;
	return PD_JOB_DONE;
}

static const struct pd_anim_type film_type = { film_next, film_rewind, NULL };

static struct film
make_film(const struct pd_job_ask *ask, uint32_t loops, bool see_through)
{
	struct film f = { .a = { .type = &film_type,
			      .ask = ask,
			      .frames = ask->frames,
			      .loops = loops },
		.see_through = see_through };

	assert_int_equal(
	    pd_pixels_init(&f.a.canvas, ask->width, ask->height, 4), 0);
	return f;
}

static void
compare_frames(struct pd_anim *want, struct pd_anim *got)
{
	while (want->at < want->frames) {
		assert_int_equal(pd_anim_next(want), PD_JOB_DONE);
		assert_int_equal(pd_anim_next(got), PD_JOB_DONE);
		assert_int_equal(got->ms, want->ms);
		assert_true(
		    mean_difference(&want->canvas, &got->canvas, 3) < 4);
		/* One pixel, in the last frame alone, must not be missed. */
		assert_in_range(got->canvas.p[3], want->canvas.p[3] & ~7,
		    want->canvas.p[3] | 7);
	}
	assert_int_equal(got->at, got->frames);
	assert_int_equal(pd_anim_rewind(want), PD_JOB_DONE);
	assert_int_equal(pd_anim_rewind(got), PD_JOB_DONE);
}

static void
check_sequence(uint32_t loops, bool see_through)
{
	struct pd_job_ask ask = ask_for(35, 21);
	struct pd_avif_params params = fine;
	struct pd_image_info info;
	struct pd_codec_out out;
	struct pd_anim *back;
	struct film f;

	ask.frames = 5;
	params.quantizer = 0;
	f = make_film(&ask, loops, see_through);
	pd_codec_out_init(&out, ROOM);
	assert_int_equal(
	    pd_avif_sequence(&f.a, &ask, &params, &out), PD_JOB_DONE);
	assert_int_equal(pd_sniff(out.p, out.n, &info), 0);
	assert_true(info.animated && info.frames == 5);
	assert_int_equal(info.alpha, see_through);
	ask.in_len = (uint32_t)out.n;
	assert_int_equal(pd_avif_anim_open(&back, &ask, out.p), PD_JOB_DONE);
	assert_int_equal(back->loops, loops);
	assert_int_equal(back->opaque, !see_through);
	assert_int_equal(pd_anim_rewind(&f.a), PD_JOB_DONE);
	compare_frames(&f.a, back);
	compare_frames(&f.a, back);
	pd_anim_close(back);
	pd_codec_out_finish(&out);
	pd_pixels_finish(&f.a.canvas);
}

static void
sequences_come_back(void **state)
{
	(void)state;
	check_sequence(0, false);
	check_sequence(1, false);
	check_sequence(7, false);
	check_sequence(0, true);
	check_sequence(1, true);
	check_sequence(65535, true);
}

static void
sequences_end_early(void **state)
{
	struct pd_job_ask ask = ask_for(35, 21);
	struct pd_codec_out out;
	struct film f;

	(void)state;
	ask.frames = 3;
	f = make_film(&ask, 0, false);
	pd_codec_out_init(&out, 300);
	assert_int_equal(
	    pd_avif_sequence(&f.a, &ask, &fine, &out), PD_JOB_LARGER);
	assert_int_equal(pd_anim_rewind(&f.a), PD_JOB_DONE);
	ask.until_ms = 1;
	assert_int_equal(
	    pd_avif_sequence(&f.a, &ask, &fine, &out), PD_JOB_LATE);
	pd_codec_out_finish(&out);
	pd_pixels_finish(&f.a.canvas);
}

static void
frames_must_agree(void **state)
{
	struct image_want want = { .width = 24, .height = 16 };
	struct image_bytes in = make_avif_seq(&want, 4);
	struct pd_job_ask ask = ask_for(24, 16);
	struct pd_anim *a;

	(void)state;
	ask.in_len = (uint32_t)in.n;
	for (uint32_t frames = 2; frames < 7; frames++) {
		ask.frames = frames;
		assert_int_equal(pd_avif_anim_open(&a, &ask, in.p),
		    frames == 4 ? PD_JOB_DONE : PD_JOB_BAD);
		assert_true((a != NULL) == (frames == 4));
		pd_anim_close(a);
	}
	free(in.p);
}

/* Every byte of an edit list, and every cut, may be anything. */
static void
loops_of_nonsense_are_endless(void **state)
{
	struct pd_job_ask ask = ask_for(16, 16);
	struct pd_codec_out out;
	struct film f;

	(void)state;
	ask.frames = 2;
	f = make_film(&ask, 3, false);
	pd_codec_out_init(&out, ROOM);
	assert_int_equal(
	    pd_avif_sequence(&f.a, &ask, &fine, &out), PD_JOB_DONE);
	assert_int_equal(pd_avif_loops(out.p, out.n), 3);
	for (size_t n = 0; n < out.n; n++) {
		uint8_t *cut = malloc(n + 1);
		uint32_t loops;

		assert_non_null(cut);
		memcpy(cut, out.p, n);
		cut = realloc(cut, n > 0 ? n : 1);
		loops = pd_avif_loops(cut, n);
		assert_true(loops == 0 || loops == 3);
		free(cut);
	}
	assert_int_equal(pd_avif_loops(NULL, 0), 0);
	pd_codec_out_finish(&out);
	pd_pixels_finish(&f.a.canvas);
}

static int
setup(void **state)
{
	(void)state;
	pd_colour_init();
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	pd_colour_finish();
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pixels_come_back),
		cmocka_unit_test(opaque_alpha_is_left_out),
		cmocka_unit_test(grey_comes_back),
		cmocka_unit_test(planes_come_back),
		cmocka_unit_test(colour_is_said),
		cmocka_unit_test(too_large_and_too_late),
		cmocka_unit_test(turns_must_agree),
		cmocka_unit_test(sizes_must_agree),
		cmocka_unit_test(high_range_is_left_alone),
		cmocka_unit_test(sequences_come_back),
		cmocka_unit_test(sequences_end_early),
		cmocka_unit_test(frames_must_agree),
		cmocka_unit_test(loops_of_nonsense_are_endless),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
