#include "sniff_help.h"

static void
what_a_webp_is(void **state)
{
	struct image_want w = { .width = 37, .height = 23 };
	struct pd_image_info info = sniffed(make_webp(&w, false));

	(void)state;
	assert_int_equal(info.format, PD_IMAGE_WEBP);
	assert_int_equal(info.width, 37);
	assert_int_equal(info.height, 23);
	assert_int_equal(info.components, 3);
	assert_int_equal(info.depth, 8);
	assert_int_equal(info.frames, 1);
	assert_int_equal(info.frame_pixels, 37 * 23);
	assert_int_equal(info.profile, PD_IMAGE_PROFILE_NONE);
	assert_false(
	    info.alpha || info.lossless || info.animated || info.unsupported);
	info = sniffed(make_webp(&w, true));
	assert_int_equal(info.width, 37);
	assert_int_equal(info.height, 23);
	assert_true(info.lossless && !info.alpha);
	w.alpha = true;
	info = sniffed(make_webp(&w, false));
	assert_true(info.alpha && !info.lossless);
	assert_int_equal(info.components, 4);
	info = sniffed(make_webp(&w, true));
	assert_true(info.alpha && info.lossless);
}

static void
what_stands_around_it(void **state)
{
	struct image_want w = { .width = 37, .height = 23 };
	struct image_bytes srgb = make_srgb(), p3 = make_display_p3(), b;
	struct pd_image_info info;

	(void)state;
	w.icc = srgb.p;
	w.icc_len = srgb.n;
	info = sniffed(make_webp(&w, true));
	assert_int_equal(info.profile, PD_IMAGE_PROFILE_SRGB);
	assert_true(info.lossless);
	w.icc = p3.p;
	w.icc_len = p3.n;
	info = sniffed(make_webp_anim(&w, 2));
	assert_int_equal(info.profile, PD_IMAGE_PROFILE_P3);
	assert_true(info.animated && !info.unsupported);
	/* Without its flag a profile is ignored. */
	b = make_webp(&w, false);
	b.p[20] &= (uint8_t)~0x20;
	assert_int_equal(sniffed(b).profile, PD_IMAGE_PROFILE_NONE);
	w.icc = NULL;
	for (unsigned o = 1; o <= 8; o++) {
		w.orientation = o;
		info = sniffed(make_webp(&w, false));
		assert_int_equal(info.orientation, 1);
		assert_int_equal(info.unsupported, o != 1);
	}
	free(srgb.p);
	free(p3.p);
}

static uint8_t *
frame(const struct image_bytes *b, unsigned nth)
{
	uint8_t *at = b->p;

	for (unsigned i = 0; i <= nth; i++) {
		at = memmem(at + 1, b->n - (size_t)(at + 1 - b->p), "ANMF", 4);
		assert_non_null(at);
	}
	return at + 8;
}

static void
animations(void **state)
{
	struct image_want w = { .width = 40, .height = 30, .noise = 90 };
	struct pd_image_info info = sniffed(make_webp_anim(&w, 4));
	struct image_bytes b;

	(void)state;
	assert_true(info.animated && !info.alpha && !info.unsupported);
	assert_int_equal(info.frames, 4);
	assert_int_equal(info.frame_pixels, 4 * 1200);
	assert_int_equal(info.width, 40);
	/* What is taken away leaves holes. */
	b = make_webp_anim(&w, 3);
	frame(&b, 1)[15] |= 1;
	assert_true(sniffed(b).alpha);
	/* A frame outside of the screen, and one that is not as it says. */
	for (unsigned i = 0; i < 4; i++) {
		static const unsigned bytes[] = { 0, 3, 6, 9 };

		b = make_webp_anim(&w, 3);
		frame(&b, 2)[bytes[i]]++;
		assert_int_equal(pd_sniff(b.p, b.n, &info), -1);
		frame(&b, 2)[bytes[i]] -= 2;
		assert_int_equal(pd_sniff(b.p, b.n, &info), -1);
		free(b.p);
	}
}

/* Flat colour compresses best without loss, in mixed mode, too. */
static void
lossless_animations(void **state)
{
	struct image_want w = { .width = 40, .height = 30, .alpha = true };
	struct image_bytes b = make_webp_anim(&w, 2);

	(void)state;
	assert_null(memmem(b.p, b.n, "VP8 ", 4));
	assert_true(sniffed(b).lossless);
	w.noise = 90;
	b = make_webp_anim(&w, 2);
	assert_non_null(memmem(b.p, b.n, "VP8 ", 4));
	assert_false(sniffed(b).lossless);
}

static void
broken_webps(void **state)
{
	static const struct {
		bool lossless, wrapped;
		unsigned byte;
		uint8_t bits;
	} breaks[] = {
		{ false, false, 20, 0x01 }, /* no key frame */
		{ false, false, 20, 0x10 }, /* not shown */
		{ false, false, 24, 0xff }, /* no start code */
		{ false, false, 26, 0xff }, /* cut off by RIFF's length */
		{ true, false, 20, 0xff },  /* no signature */
		{ true, false, 24, 0x20 },  /* of a later version */
		{ false, true, 24, 0x01 },  /* the canvas is larger */
		{ false, true, 20, 0x02 },  /* it is no animation */
	};
	struct image_bytes srgb = make_srgb();

	(void)state;
	for (size_t i = 0; i < sizeof(breaks) / sizeof(breaks[0]); i++) {
		struct image_want w = { .width = 0xff, .height = 1 };
		struct pd_image_info info;
		struct image_bytes b;

		if (breaks[i].wrapped) {
			w.icc = srgb.p;
			w.icc_len = srgb.n;
		}
		b = make_webp(&w, breaks[i].lossless);
		b.p[breaks[i].byte] ^= breaks[i].bits;
		if (pd_sniff(b.p, b.n, &info) != -1)
			fail_msg("break %zu", i);
		free(b.p);
	}
	free(srgb.p);
}

static void
webps_cut_short(void **state)
{
	struct image_want w = { .width = 9, .height = 7 };

	(void)state;
	no_beginning_is_whole(make_webp(&w, false), 30);
	no_beginning_is_whole(make_webp(&w, true), 25);
	no_beginning_is_whole(make_webp_anim(&w, 3), 30);
	w.alpha = true;
	no_beginning_is_whole(make_webp(&w, false), 30);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_webp_is),
		cmocka_unit_test(what_stands_around_it),
		cmocka_unit_test(animations),
		cmocka_unit_test(lossless_animations),
		cmocka_unit_test(broken_webps),
		cmocka_unit_test(webps_cut_short),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
