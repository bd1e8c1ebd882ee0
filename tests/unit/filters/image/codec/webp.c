#include "filters/image/codec/webp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/images.h"

enum { WIDTH = 203, HEIGHT = 131 };

static struct pd_job_ask
ask_for(size_t n)
{
	return (struct pd_job_ask){
		.magic = PD_JOB_ASK,
		.in_len = (uint32_t)n,
		.width = WIDTH,
		.height = HEIGHT,
		.set.method_webp = 2,
		.set.effort = 2,
		.until_ms = UINT64_MAX,
	};
}

/* Shades, edges and, with alpha, a hole with a soft edge. */
static struct pd_pixels
picture(unsigned channels)
{
	struct pd_pixels px;

	assert_int_equal(pd_pixels_init(&px, WIDTH, HEIGHT, channels), 0);
	for (int y = 0; y < HEIGHT; y++) {
		for (int x = 0; x < WIDTH; x++) {
			uint8_t *p =
			    px.p + y * (int)px.stride + x * (int)channels;
			int d = (x - 100) * (x - 100) + (y - 65) * (y - 65);

			p[0] = (uint8_t)(x + 20);
			p[1] = (uint8_t)(y + 60);
			p[2] = x / 20 % 2 ? 200 : 40;
			if (channels == 4)
				p[3] = (uint8_t)(d < 900    ? 0
						 : d < 2000 ? (d - 900) / 5
							    : 255);
		}
	}
	return px;
}

static struct pd_pixels
decode(struct pd_job_ask *ask, const struct pd_codec_out *out)
{
	struct pd_pixels px;

	ask->in_len = (uint32_t)out->n;
	assert_int_equal(pd_webp_decode(ask, out->p, &px), PD_JOB_DONE);
	assert_int_equal(px.width, WIDTH);
	assert_int_equal(px.height, HEIGHT);
	return px;
}

static void
without_loss_it_is_exact(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		struct pd_pixels px = picture(i % 2 ? 4 : 3), back;
		struct pd_job_ask ask = ask_for(0);
		struct pd_codec_out out;

		pd_codec_out_init(&out, 1 << 20);
		assert_int_equal(
		    pd_webp_lossless(&px, &ask, i, &out), PD_JOB_DONE);
		back = decode(&ask, &out);
		assert_int_equal(back.channels, px.channels);
		for (size_t at = 0; at < px.stride * HEIGHT; at += px.channels)
			if (px.channels == 3 || px.p[at + 3] != 0)
				assert_memory_equal(
				    back.p + at, px.p + at, px.channels);
			else
				assert_int_equal(back.p[at + 3], 0);
		pd_pixels_finish(&back);
		pd_pixels_finish(&px);
		pd_codec_out_finish(&out);
	}
}

static double
mean_error(const struct pd_pixels *a, const struct pd_pixels *b)
{
	double sum = 0, n = 0;

	for (size_t i = 0; i < a->stride * a->height; i += a->channels) {
		if (a->channels == 4 && a->p[i + 3] < 255)
			continue;
		for (unsigned k = 0; k < 3; k++) {
			int d = a->p[i + k] - b->p[i + k];

			sum += d * d;
		}
		n += 3;
	}
	return sum / n;
}

/* Colour loses a little, what is transparent nothing; and less with full
 * chroma where colour has edges. */
static void
with_loss_alpha_stays(void **state)
{
	(void)state;
	for (unsigned channels = 3; channels <= 4; channels++) {
		double error[2];

		for (unsigned i = 0; i < 2; i++) {
			struct pd_pixels px = picture(channels), back;
			struct pd_job_ask ask = ask_for(0);
			struct pd_codec_out out;

			ask.set.chroma =
			    i ? PD_JOB_CHROMA_FULL : PD_JOB_CHROMA_HALF;
			pd_codec_out_init(&out, 1 << 20);
			assert_int_equal(
			    pd_webp_lossy(&px, &ask, 80, &out), PD_JOB_DONE);
			back = decode(&ask, &out);
			assert_int_equal(back.channels, channels);
			error[i] = mean_error(&px, &back);
			print_message("%u: %.2f\n", channels, error[i]);
			for (size_t at = 3;
			     channels == 4 && at < 4 * WIDTH * HEIGHT; at += 4)
				assert_int_equal(back.p[at], px.p[at]);
			pd_pixels_finish(&back);
			pd_pixels_finish(&px);
			pd_codec_out_finish(&out);
		}
		assert_true(error[0] < 200);
		assert_true(error[1] < error[0]);
	}
}

/* Under a header of its own, or in the one that alpha needs already. */
static void
a_profile_is_carried(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 6; i++) {
		struct pd_pixels px = picture(i % 2 ? 4 : 3), back;
		struct image_bytes p3 = make_p3();
		struct pd_job_ask ask = ask_for(0);
		struct pd_codec_out out;
		size_t n;

		px.icc = p3.p;
		/* Of an odd length, too. */
		px.icc_len = p3.n - (i >= 4);
		pd_codec_out_init(&out, 1 << 20);
		assert_int_equal(i / 2 % 2
				     ? pd_webp_lossless(&px, &ask, 0, &out)
				     : pd_webp_lossy(&px, &ask, 70, &out),
		    PD_JOB_DONE);
		back = decode(&ask, &out);
		assert_int_equal(back.channels, px.channels);
		assert_int_equal(back.icc_len, px.icc_len);
		assert_memory_equal(back.icc, px.icc, px.icc_len);
		pd_pixels_finish(&back);
		/* One byte too few, and too few for the profile alone. */
		n = out.n;
		for (size_t less = 1; less < 30; less += 14) {
			pd_codec_out_reset(&out, n - less);
			assert_int_equal(
			    i / 2 % 2 ? pd_webp_lossless(&px, &ask, 0, &out)
				      : pd_webp_lossy(&px, &ask, 70, &out),
			    PD_JOB_LARGER);
		}
		pd_pixels_finish(&px);
		pd_codec_out_finish(&out);
	}
}

static void
what_is_torn_is_refused(void **state)
{
	struct pd_pixels px = picture(4), back;
	struct pd_job_ask ask = ask_for(0);
	struct pd_codec_out out;

	(void)state;
	pd_codec_out_init(&out, 1 << 20);
	assert_int_equal(pd_webp_lossy(&px, &ask, 80, &out), PD_JOB_DONE);
	for (size_t n = 0; n < out.n; n += n < 40 ? 1 : 397) {
		ask.in_len = (uint32_t)n;
		assert_int_equal(
		    pd_webp_decode(&ask, out.p, &back), PD_JOB_BAD);
		pd_pixels_finish(&back);
	}
	ask.in_len = (uint32_t)out.n;
	ask.width++;
	assert_int_equal(pd_webp_decode(&ask, out.p, &back), PD_JOB_BAD);
	pd_pixels_finish(&back);
	ask.width--;
	ask.until_ms = 1;
	assert_int_equal(pd_webp_decode(&ask, out.p, &back), PD_JOB_LATE);
	pd_pixels_finish(&back);
	assert_int_equal(pd_webp_lossy(&px, &ask, 80, &out), PD_JOB_LATE);
	assert_int_equal(pd_webp_lossless(&px, &ask, 3, &out), PD_JOB_LATE);
	pd_codec_out_finish(&out);
	pd_pixels_finish(&px);
}

static void
what_moves_is_not_a_still(void **state)
{
	/* Its header, and one frame of 1 x 1 that never comes. */
	static const uint8_t in[] = "RIFF\x3c\0\0\0WEBPVP8X\x0a\0\0\0\x02\0\0\0"
				    "\xca\0\0\x82\0\0"
				    "ANIM\x06\0\0\0\0\0\0\0\0\0"
				    "ANMF\x10\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
				    "\0\0";
	struct pd_job_ask ask = ask_for(sizeof(in) - 1);
	struct pd_pixels px;

	(void)state;
	assert_int_equal(pd_webp_decode(&ask, in, &px), PD_JOB_UNSUPPORTED);
	pd_pixels_finish(&px);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_loss_it_is_exact),
		cmocka_unit_test(with_loss_alpha_stays),
		cmocka_unit_test(a_profile_is_carried),
		cmocka_unit_test(what_is_torn_is_refused),
		cmocka_unit_test(what_moves_is_not_a_still),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
