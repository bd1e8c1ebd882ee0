#include "filters/image/sniff.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/images.h"

static struct pd_image_info
sniffed(struct image_bytes b)
{
	struct pd_image_info info;

	assert_int_equal(pd_sniff(b.p, b.n, &info), 0);
	free(b.p);
	return info;
}

static void
formats_by_their_first_bytes(void **state)
{
	static const struct {
		const char *bytes;
		enum pd_image_format format;
	} cases[] = {
		{ "\xff\xd8\xff\xe0............", PD_IMAGE_JPEG },
		{ "\x89PNG\r\n\x1a\n........", PD_IMAGE_PNG },
		{ "GIF87a..........", PD_IMAGE_GIF },
		{ "GIF89a..........", PD_IMAGE_GIF },
		{ "RIFF....WEBPVP8 ", PD_IMAGE_WEBP },
		{ "RIFF....WEBPVP8X", PD_IMAGE_WEBP },
		{ "....ftypavif....", PD_IMAGE_AVIF },
		{ "....ftypavis....", PD_IMAGE_AVIF },
		{ "RIFF....WAVEfmt ", PD_IMAGE_NONE },
		{ "\r\n\xff\xd8\xff\xe0..........", PD_IMAGE_NONE },
		{ "GIF90a..........", PD_IMAGE_NONE },
		{ "<!DOCTYPE html><", PD_IMAGE_NONE },
		{ "\x1f\x8b\x08.............", PD_IMAGE_NONE },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const uint8_t *p = (const uint8_t *)cases[i].bytes;

		assert_int_equal(pd_sniff_format(p, 16), cases[i].format);
		assert_int_equal(pd_sniff_format(p, 15), PD_IMAGE_NONE);
	}
}

static void
what_a_jpeg_is(void **state)
{
	struct image_want w = { .width = 37, .height = 23 };
	struct pd_image_info info = sniffed(make_jpeg(&w));

	(void)state;
	assert_int_equal(info.format, PD_IMAGE_JPEG);
	assert_int_equal(info.width, 37);
	assert_int_equal(info.height, 23);
	assert_int_equal(info.components, 3);
	assert_int_equal(info.h[0], 2);
	assert_int_equal(info.v[1], 1);
	assert_int_equal(info.orientation, 1);
	assert_int_equal(info.scans, 1);
	assert_false(info.interlaced || info.gain_map || info.unsupported);
	w.progressive = true;
	w.h = w.v = 1;
	info = sniffed(make_jpeg(&w));
	assert_true(info.interlaced);
	assert_true(info.scans > 5 && info.scans < 20);
	assert_int_equal(info.h[0], 1);
	w.cmyk = true;
	assert_int_equal(sniffed(make_jpeg(&w)).components, 4);
	w.cmyk = false;
	w.grey = true;
	assert_int_equal(sniffed(make_jpeg(&w)).components, 1);
}

static void
quality_is_estimated(void **state)
{
	(void)state;
	for (unsigned q = 10; q <= 98; q += 4) {
		struct image_want w = {
			.width = 16, .height = 16, .quality = q
		};
		int got = sniffed(make_jpeg(&w)).quality;

		assert_in_range(got, q - 1, q + 1);
	}
}

static void
turns_are_read(void **state)
{
	(void)state;
	for (unsigned o = 1; o <= 8; o++) {
		struct image_want w = {
			.width = 16, .height = 16, .orientation = o
		};

		assert_int_equal(sniffed(make_jpeg(&w)).orientation, o);
	}
	for (unsigned o = 9; o <= 255; o += 41) {
		struct image_want w = {
			.width = 16, .height = 16, .orientation = o
		};

		assert_int_equal(sniffed(make_jpeg(&w)).orientation, 1);
	}
}

static void
what_must_not_be_touched(void **state)
{
	struct image_want w = { .width = 16, .height = 16, .mpf = true };
	struct image_bytes srgb = make_srgb();

	(void)state;
	assert_true(sniffed(make_jpeg(&w)).gain_map);
	w.animated = true;
	assert_true(sniffed(make_png(&w)).animated);
	w.animated = false;
	assert_false(sniffed(make_png(&w)).animated);
	assert_true(sniffed(make_gif(&w, 2)).animated);
	assert_false(sniffed(make_gif(&w, 1)).animated);
	w.icc = srgb.p;
	w.icc_len = srgb.n;
	assert_int_equal(
	    sniffed(make_jpeg(&w)).profile, PD_IMAGE_PROFILE_EMBEDDED);
	assert_int_equal(
	    sniffed(make_png(&w)).profile, PD_IMAGE_PROFILE_EMBEDDED);
	free(srgb.p);
}

static void
what_a_png_and_a_gif_are(void **state)
{
	struct image_want w = { .width = 300, .height = 20, .alpha = true };
	struct pd_image_info info = sniffed(make_png(&w));

	(void)state;
	assert_int_equal(info.format, PD_IMAGE_PNG);
	assert_int_equal(info.width, 300);
	assert_int_equal(info.components, 4);
	assert_true(info.alpha && !info.palette && !info.interlaced);
	w.palette = w.interlaced = true;
	info = sniffed(make_png(&w));
	assert_true(info.alpha && info.palette && info.interlaced);
	info = sniffed(make_gif(&w, 1));
	assert_int_equal(info.format, PD_IMAGE_GIF);
	assert_int_equal(info.width, 300);
	assert_int_equal(info.height, 20);
	assert_true(info.alpha && info.interlaced && !info.unsupported);
	w.alpha = w.palette = w.interlaced = false;
	w.depth16 = true;
	info = sniffed(make_png(&w));
	assert_int_equal(info.depth, 16);
	assert_false(info.alpha);
	assert_false(sniffed(make_gif(&w, 1)).alpha);
}

/* Every beginning of an image is no image, and reads not one byte too far. */
static void
cut_short_anywhere(void **state)
{
	struct image_want w = { .width = 9, .height = 7, .alpha = true };
	struct image_bytes all[] = { make_jpeg(&w), make_png(&w),
		make_gif(&w, 1) };

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		for (size_t n = 0; n < all[i].n; n++) {
			struct pd_image_info info;
			uint8_t *exact = malloc(n + 1);

			memcpy(exact + 1, all[i].p, n);
			assert_int_equal(pd_sniff(exact + 1, n, &info), -1);
			free(exact);
		}
		free(all[i].p);
	}
}

static void
gifs_that_viewers_draw_differently(void **state)
{
	struct image_want w = { .width = 20, .height = 20 };
	struct image_bytes b = make_gif(&w, 1);
	struct pd_image_info info;
	uint8_t *picture = memchr(b.p + 13 + 768, 0x2c, b.n - 13 - 768);

	(void)state;
	assert_non_null(picture);
	picture[1] = 5; /* left: now it reaches beyond the screen */
	assert_int_equal(pd_sniff(b.p, b.n, &info), 0);
	assert_true(info.unsupported);
	picture[1] = 0;
	picture[5] = 10; /* half as wide: the rest shows through */
	assert_int_equal(pd_sniff(b.p, b.n, &info), 0);
	assert_true(info.alpha && !info.unsupported);
	free(b.p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(formats_by_their_first_bytes),
		cmocka_unit_test(what_a_jpeg_is),
		cmocka_unit_test(quality_is_estimated),
		cmocka_unit_test(turns_are_read),
		cmocka_unit_test(what_must_not_be_touched),
		cmocka_unit_test(what_a_png_and_a_gif_are),
		cmocka_unit_test(cut_short_anywhere),
		cmocka_unit_test(gifs_that_viewers_draw_differently),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
