#include "sniff_help.h"

#define SIGNATURE_LEN 8
#define HEADER_END    (SIGNATURE_LEN + 25)

static void
put32(uint8_t *p, size_t n)
{
	for (unsigned i = 0; i < 4; i++)
		p[i] = (uint8_t)(n >> (24 - 8 * i));
}

/* A chunk put in where it says; its checksum is wrong, which is not looked at.
 */
static struct image_bytes
with_chunk(
    struct image_bytes b, size_t at, const char *type, const void *p, size_t n)
{
	b.p = realloc(b.p, b.n + n + 12);
	memmove(b.p + at + n + 12, b.p + at, b.n - at);
	put32(b.p + at, n);
	memcpy(b.p + at + 4, type, 4);
	memcpy(b.p + at + 8, p, n);
	memset(b.p + at + 8 + n, 0, 4);
	b.n += n + 12;
	return b;
}

static void
what_a_png_is(void **state)
{
	struct image_want w = { .width = 300, .height = 20, .alpha = true };
	struct pd_image_info info = sniffed(make_png(&w));

	(void)state;
	assert_int_equal(info.format, PD_IMAGE_PNG);
	assert_int_equal(info.width, 300);
	assert_int_equal(info.components, 4);
	assert_int_equal(info.frames, 1);
	assert_int_equal(info.frame_pixels, 6000);
	assert_true(info.alpha && !info.palette && !info.interlaced);
	assert_true(info.lossless && !info.animated && !info.unsupported);
	w.palette = w.interlaced = true;
	info = sniffed(make_png(&w));
	assert_true(info.alpha && info.palette && info.interlaced);
	w.alpha = w.palette = w.interlaced = false;
	w.depth16 = true;
	info = sniffed(make_png(&w));
	assert_int_equal(info.depth, 16);
	assert_false(info.alpha);
}

#define WHITE "\0\0\x7a\x26\0\0\x80\x84"
#define SRGB_RGB                                         \
	"\0\0\xfa\0\0\0\x80\xe8\0\0\x75\x30\0\0\xea\x60" \
	"\0\0\x3a\x98\0\0\x17\x70"
#define P3_RGB                                           \
	"\0\1\x09\xa0\0\0\x7d\0\0\0\x67\x84\0\1\x0d\x88" \
	"\0\0\x3a\x98\0\0\x17\x70"
#define GAMMA                             \
	{                                 \
		"gAMA", "\0\0\xb1\x8f", 4 \
	}

static void
colour_of_pngs(void **state)
{
	static const struct {
		struct {
			const char *type, *p;
			size_t n;
		} chunks[3];
		enum pd_image_profile profile;
		bool unsupported;
	} cases[] = {
		{ { { "sRGB", "\0", 1 } }, PD_IMAGE_PROFILE_NONE, false },
		{ { GAMMA }, PD_IMAGE_PROFILE_NONE, false },
		{ { { "gAMA", "\0\1\x86\xa0", 4 } }, PD_IMAGE_PROFILE_ODD,
		    false },
		{ { { "gAMA", "\0\1\x86\xa0", 4 }, { "sRGB", "\0", 1 } },
		    PD_IMAGE_PROFILE_NONE, false },
		{ { GAMMA, { "cHRM", WHITE SRGB_RGB, 32 } },
		    PD_IMAGE_PROFILE_NONE, false },
		{ { GAMMA, { "cHRM", WHITE P3_RGB, 32 } }, PD_IMAGE_PROFILE_ODD,
		    false },
		{ { { "cHRM", WHITE P3_RGB, 32 } }, PD_IMAGE_PROFILE_NONE,
		    false },
		{ { GAMMA, { "cHRM", WHITE P3_RGB, 32 }, { "iCCP", "p", 1 } },
		    PD_IMAGE_PROFILE_EMBEDDED, false },
		{ { { "cICP", "\1\x0d\0\1", 4 } }, PD_IMAGE_PROFILE_NONE,
		    false },
		{ { { "cICP", "\1\x0d\0\1", 4 }, { "iCCP", "p", 1 } },
		    PD_IMAGE_PROFILE_ODD, true },
		{ { { "cICP", "\x0c\x0d\0\1", 4 } }, PD_IMAGE_PROFILE_P3,
		    true },
		{ { { "cICP", "\x09\x10\0\1", 4 } }, PD_IMAGE_PROFILE_ODD,
		    true },
		{ { { "cICP", "\1\x0d\0\0", 4 } }, PD_IMAGE_PROFILE_ODD, true },
		{ { { "cICP", "\1", 1 } }, PD_IMAGE_PROFILE_ODD, true },
	};
	struct image_want w = { .width = 8, .height = 8 };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct image_bytes b = make_png(&w);
		struct pd_image_info info;

		for (unsigned j = 0; j < 3 && cases[i].chunks[j].n > 0; j++)
			b = with_chunk(b, HEADER_END, cases[i].chunks[j].type,
			    cases[i].chunks[j].p, cases[i].chunks[j].n);
		info = sniffed(b);
		if (info.profile != cases[i].profile ||
		    info.unsupported != cases[i].unsupported)
			fail_msg("case %zu: profile %d, unsupported %d", i,
			    (int)info.profile, info.unsupported);
		assert_true(info.ancillary > 0);
	}
}

static void
turns_of_pngs(void **state)
{
	uint8_t tiff[] = "MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01"
			 "\0\x06\0\0\0\0\0\0";
	struct image_want w = { .width = 8, .height = 8 };

	(void)state;
	assert_int_equal(sniffed(with_chunk(make_png(&w), HEADER_END, "eXIf",
				     tiff, sizeof(tiff) - 1))
			     .orientation,
	    6);
}

/* --- Animation -------------------------------------------------------------
 */

static struct image_bytes
apng(unsigned frames)
{
	struct image_want w = { .width = 20, .height = 10 };

	return make_apng(&w, frames);
}

/* The content of the nth chunk of a type. */
static uint8_t *
chunk(const struct image_bytes *b, const char *type, unsigned nth)
{
	uint8_t *at = b->p;

	for (unsigned i = 0; i <= nth; i++) {
		at = memmem(at + 1, b->n - (size_t)(at + 1 - b->p), type, 4);
		assert_non_null(at);
	}
	return at + 4;
}

static void
animations(void **state)
{
	struct pd_image_info info = sniffed(apng(3));
	struct image_bytes b;

	(void)state;
	assert_true(info.animated && info.lossless && !info.unsupported);
	assert_int_equal(info.frames, 3);
	assert_int_equal(info.frame_pixels, 600);
	assert_int_equal(info.ancillary, 0);
	/* A region. */
	b = apng(3);
	put32(chunk(&b, "fcTL", 1) + 4, 5);
	put32(chunk(&b, "fcTL", 1) + 12, 15);
	info = sniffed(b);
	assert_true(info.animated && !info.unsupported);
	assert_int_equal(info.frame_pixels, 450);
	/* One picture is a still. */
	info = sniffed(apng(1));
	assert_false(info.animated || info.unsupported);
	assert_int_equal(info.frames, 1);
}

/* Each is shown as its still by some viewer. */
static void
broken_animations(void **state)
{
	static const struct {
		const char *type;
		unsigned nth, byte;
		uint8_t value;
	} breaks[] = {
		{ "acTL", 0, 3, 4 }, /* more frames than there are */
		{ "acTL", 0, 3, 2 }, /* fewer */
		{ "acTL", 0, 3, 0 }, /* none */
		{ "fcTL", 0, 3, 1 }, /* the sequence */
		{ "fcTL", 2, 3, 9 },
		{ "fdAT", 0, 3, 9 },
		{ "fcTL", 0, 7, 5 },  /* the still, not all of it */
		{ "fcTL", 1, 7, 21 }, /* too wide */
		{ "fcTL", 1, 7, 0 },
		{ "fcTL", 1, 15, 1 }, /* outside */
		{ "fcTL", 1, 16, 0x80 },
		{ "fcTL", 1, 24, 3 }, /* a disposal that is none */
		{ "fcTL", 1, 25, 2 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(breaks) / sizeof(breaks[0]); i++) {
		struct image_bytes b = apng(3);
		struct pd_image_info info;

		chunk(&b, breaks[i].type, breaks[i].nth)[breaks[i].byte] =
		    breaks[i].value;
		info = sniffed(b);
		if (!info.unsupported || info.animated || info.frames != 1 ||
		    info.frame_pixels != 200)
			fail_msg("break %zu", i);
	}
}

static void
chunks_out_of_place(void **state)
{
	struct image_want w = { .width = 20, .height = 10, .animated = true };
	const uint8_t control[8] = { [3] = 1 };
	struct pd_image_info info = sniffed(make_png(&w));
	struct image_bytes b;

	(void)state;
	/* It says two, and has none. */
	assert_true(info.unsupported && !info.animated);
	w.animated = false;
	b = make_png(&w);
	/* Behind the data. */
	info = sniffed(with_chunk(b, b.n - 12, "acTL", control, 8));
	assert_true(info.unsupported && !info.animated);
	/* Twice. */
	b = apng(2);
	info = sniffed(with_chunk(b, HEADER_END, "acTL", control, 8));
	assert_true(info.unsupported);
	/* A frame without the promise, or without data. */
	b = apng(2);
	memcpy(chunk(&b, "acTL", 0) - 4, "acXX", 4);
	assert_true(sniffed(b).unsupported);
	b = apng(2);
	memcpy(chunk(&b, "fdAT", 0) - 4, "fdXX", 4);
	assert_true(sniffed(b).unsupported);
}

/* A still that is no frame, and frames after it; acTL before or after it. */
static struct image_bytes
with_hidden_still(unsigned frames, bool late)
{
	struct image_want w = { .width = 20, .height = 10 };
	uint8_t control[26] = { [7] = 20, [11] = 10 };
	uint8_t number[8] = { 0 };
	struct image_bytes b = make_png(&w);

	put32(number, frames);
	b = with_chunk(
	    b, late ? b.n - 12 : HEADER_END, "acTL", number, sizeof(number));
	for (unsigned f = 0; f < frames; f++) {
		put32(control, 2 * f);
		put32(number, 2 * f + 1);
		b = with_chunk(b, b.n - 12, "fcTL", control, sizeof(control));
		b = with_chunk(b, b.n - 12, "fdAT", number, sizeof(number));
	}
	return b;
}

static void
hidden_stills(void **state)
{
	struct pd_image_info info = sniffed(with_hidden_still(2, false));

	(void)state;
	assert_true(info.animated && !info.unsupported);
	assert_int_equal(info.frames, 2);
	info = sniffed(with_hidden_still(2, true));
	assert_true(!info.animated && info.unsupported);
	/* One frame is shown, and it is not what a decoder of stills reads. */
	info = sniffed(with_hidden_still(1, false));
	assert_true(!info.animated && info.unsupported);
}

static void
pngs_cut_short(void **state)
{
	struct image_want w = { .width = 9, .height = 7, .alpha = true };
	struct image_bytes b = apng(4);
	size_t half = (size_t)(chunk(&b, "fcTL", 2) - b.p) + 30;
	struct pd_image_info info;

	(void)state;
	no_beginning_is_whole(make_png(&w), HEADER_END);
	assert_int_equal(pd_sniff(b.p, half, &info), -1);
	assert_true(info.animated && !info.unsupported);
	assert_int_equal(info.frames, 3);
	no_beginning_is_whole(b, HEADER_END);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_png_is),
		cmocka_unit_test(colour_of_pngs),
		cmocka_unit_test(turns_of_pngs),
		cmocka_unit_test(animations),
		cmocka_unit_test(broken_animations),
		cmocka_unit_test(chunks_out_of_place),
		cmocka_unit_test(hidden_stills),
		cmocka_unit_test(pngs_cut_short),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
