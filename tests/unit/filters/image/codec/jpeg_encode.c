#include "filters/image/codec/jpeg.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jpeglib.h>

#include "tests/support/images.h"

/* p is NULL unless it is DONE. */
struct outcome {
	enum pd_job_status status;
	struct image_bytes out;
};

/* What a decoder sees in a header. */
struct shape {
	int components, h;
};

static struct shape
shape_of(struct image_bytes in)
{
	struct jpeg_decompress_struct d;
	struct jpeg_error_mgr err;
	struct shape shape;

	d.err = jpeg_std_error(&err);
	jpeg_create_decompress(&d);
	jpeg_mem_src(&d, in.p, in.n);
	jpeg_read_header(&d, TRUE);
	shape.components = d.num_components;
	shape.h = d.comp_info[0].h_samp_factor;
	jpeg_destroy_decompress(&d);
	return shape;
}

static struct pd_pixels
make_pixels(unsigned width, unsigned height, unsigned channels, unsigned noise)
{
	const struct image_want want = { .width = width,
		.height = height,
		.noise = noise,
		.grey = channels == 1 };
	struct pd_pixels px;

	assert_int_equal(pd_pixels_init(&px, width, height, channels), 0);
	for (unsigned y = 0; y < height; y++) {
		for (unsigned x = 0; x < width; x++) {
			uint8_t c[4];

			image_pixel(&want, 0, x, y, c);
			memcpy(px.p + y * px.stride + (size_t)x * channels, c,
			    channels);
		}
	}
	return px;
}

static struct outcome
encode(const struct pd_pixels *px, const struct pd_jpeg_params *params,
    uint64_t until_ms, size_t room)
{
	const struct pd_job_ask ask = { .until_ms = until_ms };
	struct outcome o = { .out = { .p = NULL } };
	struct pd_codec_out out;

	pd_codec_out_init(&out, room);
	o.status = pd_jpeg_encode(px, &ask, params, &out);
	if (o.status == PD_JOB_DONE)
		o.out = (struct image_bytes){ out.p, out.n };
	else
		pd_codec_out_finish(&out);
	return o;
}

static double
error_of(const struct pd_pixels *px, struct image_bytes jpeg)
{
	unsigned width, height;
	uint8_t *got = decode_image(jpeg.p, jpeg.n, &width, &height);
	uint64_t sum = 0;

	assert_non_null(got);
	assert_int_equal(width, px->width);
	assert_int_equal(height, px->height);
	for (unsigned y = 0; y < height; y++)
		for (unsigned x = 0; x < width; x++)
			for (unsigned c = 0; c < 3; c++)
				sum += (unsigned)abs(
				    got[((size_t)y * width + x) * 4 + c] -
				    px->p[y * px->stride +
					  (size_t)x * px->channels +
					  (px->channels == 1 ? 0 : c)]);
	free(got);
	return (double)sum / width / height / 3;
}

static void
pixels_of_any_size_are_coded(void **state)
{
	static const unsigned sides[][2] = { { 1, 1 }, { 8, 8 }, { 16, 16 },
		{ 17, 15 }, { 9, 33 }, { 250, 131 }, { 1, 300 } };

	(void)state;
	for (size_t i = 0; i < sizeof(sides) / sizeof(sides[0]); i++) {
		for (unsigned kind = 0; kind < 3; kind++) {
			struct pd_pixels px = make_pixels(
			    sides[i][0], sides[i][1], kind == 2 ? 1 : 3, 0);
			const struct pd_jpeg_params params = { .quality = 92,
				.progressive = i % 2 == 0,
				.full_chroma = kind == 1 };
			struct outcome o =
			    encode(&px, &params, UINT64_MAX, 100000);
			struct shape shape;

			assert_int_equal(o.status, PD_JOB_DONE);
			shape = shape_of(o.out);
			assert_int_equal(shape.components, kind == 2 ? 1 : 3);
			assert_int_equal(shape.h, kind == 0 ? 2 : 1);
			/* Half as much colour shows at the borders. */
			if (kind != 0 || sides[i][0] >= 250)
				assert_true(error_of(&px, o.out) < 9);
			free(o.out.p);
			pd_pixels_finish(&px);
		}
	}
}

static void
pixels_keep_to_quality_time_and_room(void **state)
{
	struct pd_pixels px = make_pixels(200, 150, 3, 40);
	double error = 1000;
	size_t n = 0;

	(void)state;
	for (unsigned quality = 10; quality <= 100; quality += 15) {
		struct pd_jpeg_params params = { .quality = quality,
			.full_chroma = true };
		struct outcome o = encode(&px, &params, UINT64_MAX, 1000000);
		double e;

		assert_int_equal(o.status, PD_JOB_DONE);
		e = error_of(&px, o.out);
		assert_true(o.out.n > n && e < error);
		n = o.out.n;
		error = e;
		free(o.out.p);
		assert_int_equal(encode(&px, &params, UINT64_MAX, n - 1).status,
		    PD_JOB_LARGER);
		assert_int_equal(
		    encode(&px, &params, 0, 1000000).status, PD_JOB_LATE);
	}
	assert_true(error < 1.5);
	{
		struct pd_jpeg_params params = { .quality = 80, .grey = true };
		struct outcome o = encode(&px, &params, UINT64_MAX, 1000000);

		assert_int_equal(shape_of(o.out).components, 1);
		free(o.out.p);
	}
	px.channels = 4;
	assert_int_equal(encode(&px, &(struct pd_jpeg_params){ .quality = 80 },
			     UINT64_MAX, 1000)
			     .status,
	    PD_JOB_UNSUPPORTED);
	pd_pixels_finish(&px);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pixels_of_any_size_are_coded),
		cmocka_unit_test(pixels_keep_to_quality_time_and_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
