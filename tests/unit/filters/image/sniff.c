#include "sniff_help.h"

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
	assert_int_equal(info.frames, 1);
	assert_int_equal(info.frame_pixels, 37 * 23);
	assert_false(info.lossless || info.alpha || info.animated);
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
pictures_of_high_range(void **state)
{
	static const char *const marks[] = {
		"\xff\xe2\0\x20urn:iso:std:iso:ts:21496:-1\0\0\0",
		"\xff\xe1\0\x40http://ns.adobe.com/xap/1.0/\0<hdrgm:Version/>  "
		"   "
		"             ",
		"\xff\xe1\0\x40http://ns.adobe.com/xmp/extension/\0GainMap     "
		"  "
		"             ",
	};
	static const size_t lens[] = { 2 + 0x20, 2 + 0x40, 2 + 0x40 };
	struct image_want w = { .width = 16, .height = 16, .mpf = true };

	(void)state;
	assert_true(sniffed(make_jpeg(&w)).gain_map);
	w.mpf = false;
	assert_false(sniffed(make_jpeg(&w)).gain_map);
	for (size_t i = 0; i < 3; i++) {
		struct image_bytes b = make_jpeg(&w);

		b.p = realloc(b.p, b.n + lens[i]);
		memmove(b.p + 2 + lens[i], b.p + 2, b.n - 2);
		memcpy(b.p + 2, marks[i], lens[i]);
		b.n += lens[i];
		assert_true(sniffed(b).gain_map);
	}
}

static void
profiles_of_jpegs(void **state)
{
	struct image_want w = { .width = 16, .height = 16 };
	struct image_bytes srgb = make_srgb(), p3 = make_display_p3();

	(void)state;
	assert_int_equal(sniffed(make_jpeg(&w)).profile, PD_IMAGE_PROFILE_NONE);
	w.icc = srgb.p;
	w.icc_len = srgb.n;
	assert_int_equal(sniffed(make_jpeg(&w)).profile, PD_IMAGE_PROFILE_SRGB);
	w.icc = p3.p;
	w.icc_len = p3.n;
	assert_int_equal(sniffed(make_jpeg(&w)).profile, PD_IMAGE_PROFILE_P3);
	p3.p[16] = 'C'; /* whatever space it is for */
	assert_int_equal(
	    sniffed(make_jpeg(&w)).profile, PD_IMAGE_PROFILE_EMBEDDED);
	free(srgb.p);
	free(p3.p);
}

/* What makes a JPEG one that no decoder of ours reads, byte by byte. */
static void
rare_jpegs(void **state)
{
	static const struct {
		uint8_t marker, depth;
	} rare[] = { { 0xc3, 8 }, { 0xc9, 8 }, { 0xca, 8 }, { 0xc1, 12 } };
	struct image_want w = { .width = 16, .height = 16 };
	struct pd_image_info info;

	(void)state;
	for (size_t i = 0; i < sizeof(rare) / sizeof(rare[0]); i++) {
		struct image_bytes b = make_jpeg(&w);
		uint8_t *frame = find(&b, "\xff\xc0\0\x11\x08", 5);

		frame[1] = rare[i].marker;
		frame[4] = rare[i].depth;
		assert_true(sniffed(b).unsupported);
	}
	w.grey = true;
	assert_false(sniffed(make_jpeg(&w)).unsupported);
	/* A second frame; a component that is none. */
	for (unsigned i = 0; i < 2; i++) {
		struct image_bytes b = make_jpeg(&w);
		uint8_t *frame = find(&b, "\xff\xc0\0\x0b\x08", 5);

		if (i == 0)
			find(&b, "\xff\xdb", 2)[1] = 0xc0;
		else
			frame[9] = 2;
		assert_int_equal(pd_sniff(b.p, b.n, &info), -1);
		free(b.p);
	}
}

/* Luma's table is the one that its component names; RGB has none. */
static void
quality_by_the_component(void **state)
{
	struct image_want w = { .width = 16, .height = 16, .quality = 50 };
	struct image_bytes b = make_jpeg(&w);
	uint8_t *first = find(&b, "\xff\xdb\0\x43\0", 5), *frame;
	struct pd_image_info info;

	(void)state;
	/* The same tables, the other way round. */
	first[4] = 1;
	find(&b, "\xff\xdb\0\x43\1\x11", 6)[4] = 0;
	frame = find(&b, "\xff\xc0\0\x11", 4);
	frame[12] = 1;
	frame[15] = frame[18] = 0;
	assert_int_equal(pd_sniff(b.p, b.n, &info), 0);
	assert_in_range(info.quality, 49, 51);
	free(b.p);
}

static void
jpegs_cut_short(void **state)
{
	struct image_want w = { .width = 9, .height = 7, .orientation = 6 };
	struct image_bytes b = make_jpeg(&w);
	uint8_t *frame = find(&b, "\xff\xc0", 2);
	size_t known = (size_t)(frame - b.p) + 19;
	struct pd_image_info info;

	(void)state;
	assert_int_equal(pd_sniff(b.p, known, &info), -1);
	assert_int_equal(info.orientation, 6);
	assert_in_range(info.quality, 91, 93);
	assert_int_equal(info.h[0], 2);
	assert_int_equal(info.frame_pixels, 63);
	no_beginning_is_whole(b, known);
	/* What stands behind the end is nobody's business. */
	b = make_jpeg(&w);
	b.p = realloc(b.p, b.n + 4);
	memcpy(b.p + b.n, "\xff\xd8\xff\xe0", 4);
	b.n += 4;
	assert_int_equal(sniffed(b).width, 9);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(formats_by_their_first_bytes),
		cmocka_unit_test(what_a_jpeg_is),
		cmocka_unit_test(quality_is_estimated),
		cmocka_unit_test(quality_by_the_component),
		cmocka_unit_test(turns_are_read),
		cmocka_unit_test(pictures_of_high_range),
		cmocka_unit_test(profiles_of_jpegs),
		cmocka_unit_test(rare_jpegs),
		cmocka_unit_test(jpegs_cut_short),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
