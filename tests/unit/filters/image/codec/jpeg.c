#include "filters/image/codec/jpeg.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jpeglib.h>

#include "tests/support/images.h"

static struct pd_job_ask
ask_for(struct image_bytes in, unsigned width, unsigned height)
{
	return (struct pd_job_ask){
		.magic = PD_JOB_ASK,
		.in_len = (uint32_t)in.n,
		.width = width,
		.height = height,
		.frames = 1,
		.source = PD_IMAGE_JPEG,
		.orientation = 1,
		.set.outputs = PD_JOB_JPEG,
		.until_ms = UINT64_MAX,
	};
}

enum way { REQUANTISE, GREY, REWRITE };

/* What comes out, of room bytes at most; p is NULL unless it is DONE. */
struct outcome {
	enum pd_job_status status;
	struct image_bytes out;
};

static struct outcome
run(struct image_bytes in, const struct pd_job_ask *ask, enum way way,
    const struct pd_jpeg_params *params, size_t room)
{
	struct outcome o = { .out = { .p = NULL } };
	struct pd_codec_out out;
	struct pd_jpeg *j;

	pd_codec_out_init(&out, room);
	o.status = pd_jpeg_open(&j, ask, in.p);
	if (o.status == PD_JOB_DONE)
		o.status = way == REWRITE ? pd_jpeg_rewrite(j, params, &out)
					  : pd_jpeg_requantise(
						j, way == GREY, params, &out);
	pd_jpeg_close(j);
	if (o.status == PD_JOB_DONE) {
		o.out = (struct image_bytes){ out.p, out.n };
		assert_true(out.n <= room);
	} else {
		pd_codec_out_finish(&out);
	}
	return o;
}

static struct outcome
coarser(struct image_bytes in, unsigned width, unsigned height,
    const struct pd_jpeg_params *params)
{
	struct pd_job_ask ask = ask_for(in, width, height);

	return run(in, &ask, REQUANTISE, params, in.n + 10000);
}

/* The mean difference of two files' samples, levels; both of this size. */
static double
difference(
    struct image_bytes a, struct image_bytes b, unsigned width, unsigned height)
{
	unsigned w, h;
	uint8_t *pa = decode_image(a.p, a.n, &w, &h), *pb;
	uint64_t sum = 0;

	assert_non_null(pa);
	assert_int_equal(w, width);
	assert_int_equal(h, height);
	pb = decode_image(b.p, b.n, &w, &h);
	assert_non_null(pb);
	assert_int_equal(w, width);
	assert_int_equal(h, height);
	for (size_t i = 0; i < (size_t)w * h * 4; i++)
		sum += (unsigned)abs(pa[i] - pb[i]);
	free(pa);
	free(pb);
	return (double)sum / ((double)w * h * 3);
}

/* What a decoder sees in a header. */
struct header {
	int components, h, v, scans;
	bool progressive;
	uint8_t *icc;
	unsigned icc_len;
};

static struct header
read_header(struct image_bytes in)
{
	struct header head = { .components = 0 };
	struct jpeg_decompress_struct d;
	struct jpeg_error_mgr err;

	d.err = jpeg_std_error(&err);
	jpeg_create_decompress(&d);
	jpeg_mem_src(&d, in.p, in.n);
	jpeg_save_markers(&d, JPEG_APP0 + 2, 0xffff);
	jpeg_read_header(&d, TRUE);
	head.components = d.num_components;
	head.h = d.comp_info[0].h_samp_factor;
	head.v = d.comp_info[0].v_samp_factor;
	head.progressive = d.progressive_mode;
	if (!jpeg_read_icc_profile(&d, &head.icc, &head.icc_len))
		head.icc = NULL;
	jpeg_destroy_decompress(&d);
	return head;
}

/* What make_jpeg() does not make of its picture: scans of one component each,
 * restarts, RGB as it is. */
static struct image_bytes
odd_jpeg(unsigned width, unsigned height, unsigned restart, bool separate,
    J_COLOR_SPACE space, unsigned noise)
{
	static const jpeg_scan_info scans[] = { { 1, { 0 }, 0, 63, 0, 0 },
		{ 1, { 2 }, 0, 63, 0, 0 }, { 1, { 1 }, 0, 63, 0, 0 } };
	struct image_want want = {
		.width = width, .height = height, .noise = noise
	};
	struct image_bytes out = { .p = NULL };
	struct jpeg_compress_struct c;
	struct jpeg_error_mgr err;
	unsigned long n = 0;
	uint8_t *row = malloc((size_t)width * 3);

	c.err = jpeg_std_error(&err);
	jpeg_create_compress(&c);
	jpeg_mem_dest(&c, &out.p, &n);
	c.image_width = width;
	c.image_height = height;
	c.input_components = 3;
	c.in_color_space = JCS_RGB;
	jpeg_set_defaults(&c);
	jpeg_set_colorspace(&c, space);
	jpeg_set_quality(&c, 92, TRUE);
	c.restart_interval = restart;
	if (separate) {
		c.scan_info = scans;
		c.num_scans = 3;
	}
	jpeg_start_compress(&c, TRUE);
	for (unsigned y = 0; y < height; y++) {
		for (unsigned x = 0; x < width; x++) {
			uint8_t px[4];

			image_pixel(&want, 0, x, y, px);
			memcpy(row + (size_t)x * 3, px, 3);
		}
		jpeg_write_scanlines(&c, &row, 1);
	}
	jpeg_finish_compress(&c);
	jpeg_destroy_compress(&c);
	free(row);
	out.n = n;
	return out;
}

/* --- Coarser ---------------------------------------------------------------
 */

static void
every_sampling_becomes_smaller(void **state)
{
	static const struct {
		unsigned h, v, width, height;
		bool progressive;
		int h_out, v_out;
	} cases[] = {
		{ 2, 2, 320, 200, false, 2, 2 },
		{ 2, 2, 321, 203, true, 2, 2 },
		{ 2, 1, 321, 201, false, 2, 1 },
		{ 1, 2, 321, 201, true, 1, 2 },
		{ 4, 1, 322, 201, false, 4, 1 },
		{ 2, 2, 17, 31, false, 2, 2 },
		/* Colour in full: halved, unless it is small. Blocks of luma,
		 * odd and even in number. */
		{ 1, 1, 101, 99, true, 1, 1 },
		{ 1, 1, 321, 201, false, 2, 2 },
		{ 1, 1, 328, 200, true, 2, 2 },
		{ 1, 1, 256, 256, false, 2, 2 },
		{ 1, 1, 3999, 24, false, 2, 2 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct image_want w = { .width = cases[i].width,
			.height = cases[i].height,
			.h = cases[i].h,
			.v = cases[i].v,
			.progressive = cases[i].progressive,
			.noise = 20,
			.quality = 97 };
		const struct pd_jpeg_params params = { .quality = 70,
			.progressive = i % 2 == 0 };
		struct image_bytes in = make_jpeg(&w);
		struct outcome o = coarser(in, w.width, w.height, &params);
		struct header head;

		print_message("%ux%u %ux%u\n", w.h, w.v, w.width, w.height);
		assert_int_equal(o.status, PD_JOB_DONE);
		assert_true(o.out.n < in.n * 7 / 10);
		assert_true(difference(in, o.out, w.width, w.height) < 12);
		head = read_header(o.out);
		assert_int_equal(head.components, 3);
		assert_int_equal(head.progressive, params.progressive);
		assert_int_equal(head.h, cases[i].h_out);
		assert_int_equal(head.v, cases[i].v_out);
		free(in.p);
		free(o.out.p);
	}
}

/* Without noise nothing is lost but at the borders: the four colours are. */
static void
halving_moves_and_shifts_nothing(void **state)
{
	const struct image_want w = {
		.width = 264, .height = 248, .h = 1, .v = 1, .quality = 100
	};
	const struct pd_jpeg_params params = { .quality = 95 };
	struct image_bytes in = make_jpeg(&w);
	struct outcome o = coarser(in, w.width, w.height, &params);
	unsigned width, height;
	uint8_t *a, *b;

	(void)state;
	assert_int_equal(o.status, PD_JOB_DONE);
	a = decode_image(in.p, in.n, &width, &height);
	b = decode_image(o.out.p, o.out.n, &width, &height);
	for (unsigned y = 0; y < height; y++) {
		for (unsigned x = 0; x < width; x++) {
			size_t at = ((size_t)y * width + x) * 4;

			/* The two blocks of colour that a border lies in. */
			if (abs((int)x - 132) < 20 || abs((int)y - 124) < 20)
				continue;
			for (unsigned c = 0; c < 3; c++)
				assert_in_range(
				    abs(a[at + c] - b[at + c]), 0, 4);
		}
	}
	free(a);
	free(b);
	free(in.p);
	free(o.out.p);
}

static void
more_quality_is_more_bytes_and_less_error(void **state)
{
	static const unsigned qualities[] = { 1, 10, 30, 50, 65, 75, 85, 93,
		100 };
	const struct image_want w = {
		.width = 240, .height = 180, .noise = 30, .quality = 95
	};
	struct image_bytes in = make_jpeg(&w);
	double error = 1000;
	size_t n = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(qualities) / sizeof(qualities[0]); i++) {
		struct pd_jpeg_params params = { .quality = qualities[i] };
		struct outcome o = coarser(in, w.width, w.height, &params);
		double e;

		assert_int_equal(o.status, PD_JOB_DONE);
		e = difference(in, o.out, w.width, w.height);
		print_message("%u: %zu %.2f\n", qualities[i], o.out.n, e);
		assert_true(o.out.n > n);
		assert_true(e < error);
		n = o.out.n;
		error = e;
		free(o.out.p);
	}
	/* At its best it is what it was, but for what no eye has seen. */
	assert_true(error < 1);
	free(in.p);
}

static void
it_is_never_finer_than_its_source(void **state)
{
	const struct image_want w = {
		.width = 240, .height = 180, .noise = 30, .quality = 40
	};
	const struct pd_jpeg_params params = { .quality = 98,
		.progressive = true };
	struct image_bytes in = make_jpeg(&w);
	struct outcome o = coarser(in, w.width, w.height, &params);

	(void)state;
	assert_int_equal(o.status, PD_JOB_DONE);
	assert_true(o.out.n < in.n);
	assert_true(difference(in, o.out, w.width, w.height) < 1);
	free(in.p);
	free(o.out.p);
}

static void
grey_has_one_component(void **state)
{
	struct image_want w = { .width = 240, .height = 180, .noise = 20 };
	const struct pd_jpeg_params params = { .quality = 80,
		.progressive = true };

	(void)state;
	for (unsigned full = 0; full < 2; full++) {
		struct image_bytes in;
		struct pd_job_ask ask;
		struct outcome o;
		unsigned width, height;
		uint8_t *px;

		w.h = w.v = full ? 1 : 2;
		in = make_jpeg(&w);
		ask = ask_for(in, w.width, w.height);
		o = run(in, &ask, GREY, &params, in.n);
		assert_int_equal(o.status, PD_JOB_DONE);
		assert_int_equal(read_header(o.out).components, 1);
		px = decode_image(o.out.p, o.out.n, &width, &height);
		/* Luma of red and of green. */
		assert_in_range(px[(45 * 240 + 60) * 4], 87 - 25, 87 + 25);
		assert_in_range(px[(45 * 240 + 180) * 4], 130 - 25, 130 + 25);
		free(px);
		free(o.out.p);
		free(in.p);
	}
	/* And of a grey one. */
	w.grey = true;
	{
		struct image_bytes in = make_jpeg(&w);
		struct outcome o = coarser(in, w.width, w.height, &params);

		assert_int_equal(o.status, PD_JOB_DONE);
		assert_int_equal(read_header(o.out).components, 1);
		assert_true(difference(in, o.out, w.width, w.height) < 8);
		free(in.p);
		free(o.out.p);
	}
}

static void
the_profile_is_embedded(void **state)
{
	const struct image_want w = { .width = 120, .height = 80, .noise = 20 };
	struct image_bytes in = make_jpeg(&w), p3 = make_p3();
	const struct pd_jpeg_params params = {
		.quality = 60, .progressive = true, .icc = p3.p, .icc_len = p3.n
	};
	struct pd_job_ask ask = ask_for(in, w.width, w.height);

	(void)state;
	for (enum way way = REQUANTISE; way <= REWRITE; way += 2) {
		struct outcome o = run(in, &ask, way, &params, in.n + p3.n);
		struct header head;

		assert_int_equal(o.status, PD_JOB_DONE);
		head = read_header(o.out);
		assert_int_equal(head.icc_len, p3.n);
		assert_memory_equal(head.icc, p3.p, p3.n);
		free(head.icc);
		free(o.out.p);
	}
	free(in.p);
	free(p3.p);
}

static void
restarts_and_separate_scans_are_read(void **state)
{
	const struct pd_jpeg_params params = { .quality = 60,
		.progressive = true };

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		struct image_bytes in =
		    odd_jpeg(203, 111, i < 2 ? 3 : 0, i > 0, JCS_YCbCr, 20);
		struct outcome o = coarser(in, 203, 111, &params);
		struct pd_job_ask ask = ask_for(in, 203, 111);

		assert_int_equal(o.status, PD_JOB_DONE);
		assert_true(difference(in, o.out, 203, 111) < 12);
		free(o.out.p);
		o = run(in, &ask, REWRITE, &params, in.n);
		assert_int_equal(o.status, PD_JOB_DONE);
		assert_true(difference(in, o.out, 203, 111) == 0);
		free(o.out.p);
		free(in.p);
	}
}

static void
other_colours_are_refused(void **state)
{
	const struct image_want w = {
		.width = 120, .height = 80, .cmyk = true
	};
	const struct pd_jpeg_params params = { .quality = 60 };
	struct image_bytes in[2] = { make_jpeg(&w),
		odd_jpeg(120, 80, 0, false, JCS_RGB, 20) };

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct pd_job_ask ask = ask_for(in[i], 120, 80);

		for (enum way way = REQUANTISE; way <= REWRITE; way++)
			assert_int_equal(
			    run(in[i], &ask, way, &params, in[i].n).status,
			    PD_JOB_UNSUPPORTED);
		free(in[i].p);
	}
}

static void
time_and_room_are_kept_to(void **state)
{
	const struct image_want w = {
		.width = 300, .height = 200, .h = 1, .v = 1, .noise = 20
	};
	const struct pd_jpeg_params params = { .quality = 80,
		.progressive = true };
	struct image_bytes in = make_jpeg(&w);
	struct pd_job_ask ask = ask_for(in, w.width, w.height);
	struct outcome o = run(in, &ask, REQUANTISE, &params, in.n);
	size_t n = o.out.n;

	(void)state;
	assert_int_equal(o.status, PD_JOB_DONE);
	free(o.out.p);
	for (size_t room = 1; room < n; room += 1 + n / 20)
		assert_int_equal(
		    run(in, &ask, REQUANTISE, &params, room).status,
		    PD_JOB_LARGER);
	assert_int_equal(
	    run(in, &ask, REQUANTISE, &params, n - 1).status, PD_JOB_LARGER);
	ask.until_ms = 0;
	for (enum way way = REQUANTISE; way <= REWRITE; way++)
		assert_int_equal(
		    run(in, &ask, way, &params, in.n).status, PD_JOB_LATE);
	free(in.p);
}

/* --- Pixels ----------------------------------------------------------------
 */

static void
a_scale_is_the_least_that_is_wide_enough(void **state)
{
	static const struct {
		unsigned ask, width, height;
	} cases[] = { { 1, 41, 26 }, { 41, 41, 26 }, { 42, 81, 51 },
		{ 161, 161, 101 }, { 200, 201, 126 }, { 300, 321, 201 },
		{ 321, 321, 201 }, { 5000, 321, 201 } };
	const struct image_want w = {
		.width = 321, .height = 201, .quality = 95
	};
	struct image_bytes in = make_jpeg(&w);
	struct pd_job_ask ask = ask_for(in, w.width, w.height);

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct pd_pixels px = { .p = NULL };
		struct pd_jpeg *j;
		const uint8_t *green;

		assert_int_equal(pd_jpeg_open(&j, &ask, in.p), PD_JOB_DONE);
		assert_true(pd_jpeg_has_planes(j));
		pd_jpeg_scale(j, cases[i].ask);
		assert_int_equal(pd_jpeg_has_planes(j), cases[i].width == 321);
		assert_int_equal(pd_jpeg_pixels(j, &px), PD_JOB_DONE);
		assert_int_equal(px.width, cases[i].width);
		assert_int_equal(px.height, cases[i].height);
		green = px.p + px.height / 4 * px.stride + px.width * 3 / 4 * 3;
		assert_in_range(green[0], 20, 40);
		assert_in_range(green[1], 190, 210);
		assert_in_range(green[2], 20, 40);
		pd_pixels_finish(&px);
		pd_jpeg_close(j);
	}
	free(in.p);
}

/* Each quarter of the picture in its middle; of four channels, the inks' lack
 * as Adobe has it. Frees in. */
static void
assert_quarters(struct image_bytes in, unsigned width, unsigned height,
    unsigned channels, bool adobe)
{
	static const int colours[4][3] = { { 220, 30, 30 }, { 30, 200, 30 },
		{ 30, 30, 220 }, { 220, 220, 30 } };
	struct pd_job_ask ask = ask_for(in, width, height);
	struct pd_pixels px = { .p = NULL };
	struct pd_jpeg *j;

	assert_int_equal(pd_jpeg_open(&j, &ask, in.p), PD_JOB_DONE);
	assert_int_equal(pd_jpeg_channels(j), channels);
	assert_int_equal(pd_jpeg_is_adobe(j), adobe);
	assert_int_equal(pd_jpeg_pixels(j, &px), PD_JOB_DONE);
	assert_int_equal(px.channels, channels);
	for (unsigned q = 0; q < 4; q++) {
		unsigned x = width * (1 + 2 * (q % 2)) / 4;
		unsigned y = height * (1 + 2 * (q / 2)) / 4;
		const uint8_t *p = px.p + y * px.stride + (size_t)x * channels;

		for (unsigned c = 0; c < 3 && channels > 1; c++)
			assert_in_range(abs(p[c] - colours[q][c]), 0, 12);
		if (channels == 1)
			assert_in_range(abs(p[0] - colours[q][0]), 0, 12);
		if (channels == 4)
			assert_in_range(p[3], 250, 255);
	}
	pd_pixels_finish(&px);
	pd_jpeg_close(j);
	free(in.p);
}

static void
every_kind_of_colour_is_read(void **state)
{
	static const unsigned sampling[][2] = { { 1, 1 }, { 2, 1 }, { 1, 2 },
		{ 2, 2 }, { 4, 1 }, { 4, 2 } };
	struct image_want w = { .width = 163, .height = 101, .quality = 95 };

	(void)state;
	for (size_t i = 0; i < sizeof(sampling) / sizeof(sampling[0]); i++) {
		w.h = sampling[i][0];
		w.v = sampling[i][1];
		w.progressive = i % 2 == 0;
		assert_quarters(make_jpeg(&w), 163, 101, 3, false);
	}
	w.cmyk = true;
	assert_quarters(make_jpeg(&w), 163, 101, 4, true);
	w.cmyk = false;
	w.grey = true;
	assert_quarters(make_jpeg(&w), 163, 101, 1, false);
	/* Adobe's marker says that it is RGB. */
	assert_quarters(
	    odd_jpeg(163, 101, 0, false, JCS_RGB, 0), 163, 101, 3, true);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_sampling_becomes_smaller),
		cmocka_unit_test(halving_moves_and_shifts_nothing),
		cmocka_unit_test(more_quality_is_more_bytes_and_less_error),
		cmocka_unit_test(it_is_never_finer_than_its_source),
		cmocka_unit_test(grey_has_one_component),
		cmocka_unit_test(the_profile_is_embedded),
		cmocka_unit_test(restarts_and_separate_scans_are_read),
		cmocka_unit_test(other_colours_are_refused),
		cmocka_unit_test(time_and_room_are_kept_to),
		cmocka_unit_test(a_scale_is_the_least_that_is_wide_enough),
		cmocka_unit_test(every_kind_of_colour_is_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
