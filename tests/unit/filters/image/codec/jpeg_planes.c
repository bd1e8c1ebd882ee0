#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "filters/image/codec/jpeg_lib.h"
#include "tests/support/images.h"

static const unsigned sizes[][2] = { { 1, 1 }, { 2, 3 }, { 17, 9 }, { 40, 40 },
	{ 33, 50 }, { 64, 31 } };
#define SIZES (sizeof(sizes) / sizeof(sizes[0]))

static struct pd_job_ask
ask_for(struct image_bytes in, const struct image_want *want)
{
	return (struct pd_job_ask){
		.magic = PD_JOB_ASK,
		.in_len = (uint32_t)in.n,
		.width = want->width,
		.height = want->height,
		.frames = 1,
		.source = PD_IMAGE_JPEG,
		.orientation = 1,
		.set.outputs = PD_JOB_AVIF,
		.until_ms = UINT64_MAX,
	};
}

static uint8_t
clamp(double v)
{
	return v < 0 ? 0 : v > 255 ? 255 : (uint8_t)(v + 0.5);
}

/* The pixel at x, y, its colour from the nearest sample. */
static void
rgb_at(const struct pd_planes *pl, uint32_t x, uint32_t y, uint8_t rgb[3])
{
	size_t at = (y >> pl->shift_y) * pl->uv_stride + (x >> pl->shift_x);
	double l = pl->y[y * pl->y_stride + x];
	double u = pl->u[at] - 128.0, v = pl->v[at] - 128.0;

	if (!pl->full_range) {
		l = (l - 16) * 255 / 219;
		u = u * 255 / 224;
		v = v * 255 / 224;
	}
	rgb[0] = clamp(l + 1.402 * v);
	rgb[1] = clamp(l - 0.344136 * u - 0.714136 * v);
	rgb[2] = clamp(l + 1.772 * u);
}

/* Of all samples, levels, against the library's own pixels. */
static double
mean_difference(const struct pd_planes *pl, const struct pd_pixels *px)
{
	uint64_t sum = 0;

	assert_int_equal(pl->width, px->width);
	assert_int_equal(pl->height, px->height);
	for (uint32_t y = 0; y < pl->height; y++) {
		for (uint32_t x = 0; x < pl->width; x++) {
			const uint8_t *p =
			    px->p + y * px->stride + (size_t)x * 3;
			uint8_t rgb[3];

			rgb_at(pl, x, y, rgb);
			for (size_t c = 0; c < 3; c++)
				sum += (unsigned)abs(rgb[c] - p[c]);
		}
	}
	return (double)sum / (3.0 * pl->width * pl->height);
}

/* A picture without its quadrants' hard edges, which any resampling shows. */
static struct image_bytes
smooth(unsigned width, unsigned height, int h, int v, bool progressive)
{
	struct jpeg_compress_struct c;
	struct jpeg_error_mgr mgr;
	unsigned char *p = NULL;
	unsigned long n = 0;
	JSAMPROW row = calloc(width, 3);

	assert_non_null(row);
	c.err = jpeg_std_error(&mgr);
	jpeg_create_compress(&c);
	jpeg_mem_dest(&c, &p, &n);
	c.image_width = width;
	c.image_height = height;
	c.input_components = 3;
	c.in_color_space = JCS_RGB;
	jpeg_set_defaults(&c);
	jpeg_set_quality(&c, 97, TRUE);
	c.comp_info[0].h_samp_factor = h;
	c.comp_info[0].v_samp_factor = v;
	if (progressive)
		jpeg_simple_progression(&c);
	jpeg_start_compress(&c, TRUE);
	for (unsigned y = 0; y < height; y++) {
		for (unsigned x = 0; x < width; x++) {
			row[3 * x] = (JSAMPLE)(40 + 2 * x);
			row[3 * x + 1] = (JSAMPLE)(200 - 2 * y);
			row[3 * x + 2] = (JSAMPLE)(60 + x + y);
		}
		jpeg_write_scanlines(&c, &row, 1);
	}
	jpeg_finish_compress(&c);
	jpeg_destroy_compress(&c);
	free(row);
	return (struct image_bytes){ p, n };
}

static struct pd_pixels
library_pixels(
    struct image_bytes in, const struct pd_job_ask *ask, unsigned eighths)
{
	struct pd_pixels px;
	struct pd_jpeg *j;
	struct jpeg_decompress_struct *d;

	assert_int_equal(pd_jpeg_open(&j, ask, in.p), PD_JOB_DONE);
	d = &j->d;
	d->scale_num = eighths;
	d->scale_denom = 8;
	d->out_color_space = JCS_RGB;
	jpeg_start_decompress(d);
	assert_int_equal(
	    pd_pixels_init(&px, d->output_width, d->output_height, 3), 0);
	while (d->output_scanline < d->output_height) {
		JSAMPROW row = px.p + d->output_scanline * px.stride;

		jpeg_read_scanlines(d, &row, 1);
	}
	jpeg_finish_decompress(d);
	pd_jpeg_close(j);
	return px;
}

static struct pd_planes
planes_of(struct image_bytes in, const struct pd_job_ask *ask,
    enum pd_jpeg_planes_want want, unsigned eighths)
{
	struct pd_planes pl;
	struct pd_jpeg *j;

	assert_int_equal(pd_jpeg_open(&j, ask, in.p), PD_JOB_DONE);
	assert_true(pd_jpeg_planes_fit(j));
	j->d.scale_num = eighths;
	j->d.scale_denom = 8;
	assert_int_equal(pd_jpeg_planes(j, want, false, &pl), PD_JOB_DONE);
	pd_jpeg_close(j);
	return pl;
}

struct sampling {
	int h, v;
	unsigned own_x, own_y; /* shifts that OWN gives it */
};

static const struct sampling samplings[] = {
	{ 1, 1, 0, 0 },
	{ 2, 1, 1, 0 },
	{ 2, 2, 1, 1 },
	{ 1, 2, 0, 0 }, /* halved in height alone is JPEG's own */
	{ 4, 1, 1, 0 },
	{ 4, 2, 1, 1 },
	{ 1, 4, 0, 0 },
	{ 2, 4, 1, 1 },
};

static void
check(const struct sampling *s, const unsigned size[2], unsigned eighths,
    bool progressive)
{
	struct image_want want = { .width = size[0], .height = size[1] };
	struct image_bytes in =
	    smooth(size[0], size[1], s->h, s->v, progressive);
	struct pd_job_ask ask = ask_for(in, &want);
	struct pd_pixels px = library_pixels(in, &ask, eighths);

	for (int w = PD_JPEG_PLANES_WEBP; w <= PD_JPEG_PLANES_OWN; w++) {
		struct pd_planes pl =
		    planes_of(in, &ask, (enum pd_jpeg_planes_want)w, eighths);

		assert_int_equal(pl.full_range, w != PD_JPEG_PLANES_WEBP);
		assert_false(pl.grey);
		if (w != PD_JPEG_PLANES_OWN) {
			assert_int_equal(pl.shift_x, 1);
			assert_int_equal(pl.shift_y, 1);
		} else if (eighths == 8) {
			assert_int_equal(pl.shift_x, s->own_x);
			assert_int_equal(pl.shift_y, s->own_y);
		}
		/* Halved colour is half a step off at each pixel, and the steps
		 * of a scaled picture are larger. */
		assert_true(mean_difference(&pl, &px) < 1 + 6.0 / eighths);
		pd_planes_finish(&pl);
	}
	pd_pixels_finish(&px);
	free(in.p);
}

static void
planes_are_what_the_library_shows(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(samplings) / sizeof(samplings[0]); i++)
		for (size_t k = 0; k < SIZES; k++)
			check(&samplings[i], sizes[k], 8, k % 2 != 0);
}

/* A scaled decoding gives colour a block size of its own. */
static void
scaled_ones_too(void **state)
{
	static const unsigned eighths[] = { 1, 2, 4, 6 };

	(void)state;
	for (size_t i = 0; i < 4; i++)
		for (size_t k = 0; k < 4; k++)
			check(&samplings[k], sizes[4], eighths[i], false);
}

/* At full resolution nothing is left to rounding. */
static void
own_444_is_exact(void **state)
{
	struct image_want want = { .width = 37, .height = 23 };
	struct image_bytes in = smooth(37, 23, 1, 1, false);
	struct pd_job_ask ask = ask_for(in, &want);
	struct pd_pixels px = library_pixels(in, &ask, 8);
	struct pd_planes pl = planes_of(in, &ask, PD_JPEG_PLANES_OWN, 8);

	(void)state;
	assert_true(mean_difference(&pl, &px) < 0.01);
	pd_planes_finish(&pl);
	pd_pixels_finish(&px);
	free(in.p);
}

/* The ends of JPEG's range are those of WebP's. */
static void
webp_has_its_range(void **state)
{
	struct image_want want = { .width = 64, .height = 64, .h = 1 };
	struct image_bytes in = make_jpeg(&want);
	struct pd_job_ask ask = ask_for(in, &want);
	struct pd_planes full = planes_of(in, &ask, PD_JPEG_PLANES_HALF, 8);
	struct pd_planes webp = planes_of(in, &ask, PD_JPEG_PLANES_WEBP, 8);

	(void)state;
	for (size_t y = 0; y < 64; y++) {
		for (size_t x = 0; x < 64; x++) {
			double l = full.y[y * full.y_stride + x];
			size_t at = y / 2 * full.uv_stride + x / 2;
			double u = full.u[at] - 128.0;

			assert_int_equal(webp.y[y * webp.y_stride + x],
			    (int)(16 + l * 219 / 255 + 0.5));
			assert_int_equal(
			    webp.u[at], (int)(128 + u * 224 / 255 + 0.5));
		}
	}
	pd_planes_finish(&full);
	pd_planes_finish(&webp);
	free(in.p);
}

static void
check_grey(const struct image_want *want, int first, int last)
{
	struct image_bytes in = make_jpeg(want);
	struct pd_job_ask ask = ask_for(in, want);
	struct pd_planes pl;
	struct pd_jpeg *j;

	assert_int_equal(pd_jpeg_open(&j, &ask, in.p), PD_JOB_DONE);
	assert_int_equal(
	    pd_jpeg_planes(j, PD_JPEG_PLANES_OWN, true, &pl), PD_JOB_DONE);
	pd_jpeg_close(j);
	assert_true(pl.grey);
	assert_true(abs(pl.y[0] - first) <= 3);
	assert_true(
	    abs(pl.y[(want->height - 1) * pl.y_stride + want->width - 1] -
		last) <= 3);
	for (size_t i = 0; i < (want->width + 1) / 2; i++) {
		assert_int_equal(pl.u[i], 128);
		assert_int_equal(pl.v[i], 128);
	}
	pd_planes_finish(&pl);
	free(in.p);
}

static void
grey_has_luma_alone(void **state)
{
	struct image_want want = { .width = 50, .height = 41, .h = 2, .v = 2 };

	(void)state;
	/* Red and yellow without their colour. */
	check_grey(&want, 87, 198);
	want.progressive = true;
	check_grey(&want, 87, 198);
	want.grey = true;
	check_grey(&want, 220, 220);
}

static void
torn_files_leave_nothing_behind(void **state)
{
	struct image_want want = { .width = 200, .height = 200, .noise = 90 };
	struct image_bytes in = make_jpeg(&want);
	struct pd_job_ask ask = ask_for(in, &want);

	(void)state;
	for (int k = 1; k < 4; k++) {
		struct pd_planes pl;
		struct pd_jpeg *j;

		ask.in_len = (uint32_t)(in.n * (unsigned)k / 4);
		assert_int_equal(pd_jpeg_open(&j, &ask, in.p), PD_JOB_DONE);
		assert_int_equal(
		    pd_jpeg_planes(j, PD_JPEG_PLANES_OWN, false, &pl),
		    PD_JOB_BAD);
		pd_planes_finish(&pl);
		pd_jpeg_close(j);
	}
	free(in.p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(planes_are_what_the_library_shows),
		cmocka_unit_test(scaled_ones_too),
		cmocka_unit_test(own_444_is_exact),
		cmocka_unit_test(webp_has_its_range),
		cmocka_unit_test(grey_has_luma_alone),
		cmocka_unit_test(torn_files_leave_nothing_behind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
