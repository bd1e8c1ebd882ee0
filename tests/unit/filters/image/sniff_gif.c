#include "sniff_help.h"

static void
what_a_gif_is(void **state)
{
	struct image_want w = { .width = 300, .height = 20, .alpha = true };
	struct pd_image_info info;

	(void)state;
	w.interlaced = true;
	info = sniffed(make_gif(&w, 1));
	assert_int_equal(info.format, PD_IMAGE_GIF);
	assert_int_equal(info.width, 300);
	assert_int_equal(info.height, 20);
	assert_int_equal(info.frames, 1);
	assert_int_equal(info.frame_pixels, 6000);
	assert_true(info.alpha && info.interlaced && !info.unsupported);
	assert_true(info.palette && info.lossless);
	assert_false(info.animated || info.loops);
	w.alpha = w.interlaced = false;
	assert_false(sniffed(make_gif(&w, 1)).alpha);
	info = sniffed(make_gif(&w, 5));
	assert_true(info.animated);
	assert_int_equal(info.frames, 5);
	assert_int_equal(info.frame_pixels, 30000);
}

/* The nth picture's graphic control, and its descriptor. */
static uint8_t *
control(const struct image_bytes *b, unsigned nth)
{
	uint8_t *at = b->p;

	for (unsigned i = 0; i <= nth; i++) {
		at = memmem(
		    at + 1, b->n - (size_t)(at + 1 - b->p), "\x21\xf9\x04", 3);
		assert_non_null(at);
	}
	return at;
}

static uint8_t *
picture(const struct image_bytes *b, unsigned nth)
{
	return control(b, nth) + 8;
}

static void
stills_that_viewers_draw_differently(void **state)
{
	static const struct {
		unsigned byte;
		uint8_t value;
		bool alpha, unsupported;
	} cases[] = {
		{ 1, 5, true, true },   /* left: beyond the screen */
		{ 5, 10, true, false }, /* half as wide */
		{ 5, 21, true, true },  /* wider */
		{ 5, 0, true, true },   /* empty */
		{ 3, 1, true, true },   /* top */
		{ 7, 10, true, false }, /* half as high */
	};
	struct image_want w = { .width = 20, .height = 20 };
	struct pd_image_info info;
	struct image_bytes b;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		b = make_gif(&w, 1);
		picture(&b, 0)[cases[i].byte] = cases[i].value;
		info = sniffed(b);
		assert_int_equal(info.alpha, cases[i].alpha);
		assert_int_equal(info.unsupported, cases[i].unsupported);
		assert_int_equal(info.frame_pixels, 400);
	}
	/* No colours. */
	b = make_gif(&w, 1);
	memmove(b.p + 13, b.p + 13 + 768, b.n - 13 - 768);
	b.n -= 768;
	b.p[10] &= 0x7f;
	assert_true(sniffed(b).unsupported);
}

/* What can be seen through an animation. */
static void
transparency_of_animations(void **state)
{
	static const struct {
		unsigned frame;
		uint8_t flags; /* disposal, and whether a colour is none */
		bool alpha;
	} cases[] = {
		{ 0, 0 << 2, false }, { 0, 1, true }, /* the first has holes */
		{ 1, 1, false }, /* a later one: what was there shows */
		{ 1, 1 << 2, false }, { 1, 2 << 2, true }, /* is taken away */
		{ 2, 2 << 2, true },
		{ 1, 3 << 2, false }, /* goes back to the one before... */
		{ 0, 3 << 2, true },  /* ...which there is none of */
	};
	struct image_want w = { .width = 20, .height = 20 };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct image_bytes b = make_gif(&w, 3);

		control(&b, cases[i].frame)[3] = cases[i].flags;
		if (sniffed(b).alpha != cases[i].alpha)
			fail_msg("case %zu", i);
	}
}

static void
frames_smaller_than_the_screen(void **state)
{
	struct image_want w = { .width = 20, .height = 20 };
	struct image_bytes b = make_gif(&w, 3);
	struct pd_image_info info;

	(void)state;
	picture(&b, 1)[1] = 5;
	picture(&b, 1)[5] = 10;
	info = sniffed(b);
	assert_int_equal(info.frame_pixels, 400 + 200 + 400);
	assert_false(info.alpha || info.unsupported);
	b = make_gif(&w, 3);
	picture(&b, 2)[1] = 5;
	assert_true(sniffed(b).unsupported);
	b = make_gif(&w, 3);
	picture(&b, 0)[5] = 10;
	assert_true(sniffed(b).alpha);
}

static void
the_loop(void **state)
{
	static const char loop[] = "\x21\xff\x0bNETSCAPE2.0\x03\x01\0";
	struct image_want w = { .width = 20, .height = 20 };
	struct image_bytes b = make_gif(&w, 1);
	size_t n = sizeof(loop) + 1, at = 13 + 768;

	(void)state;
	b.p = realloc(b.p, b.n + n);
	memmove(b.p + at + n, b.p + at, b.n - at);
	memcpy(b.p + at, loop, sizeof(loop));
	b.p[at + n - 1] = 0;
	b.n += n;
	assert_true(sniffed(b).loops);
}

/* The trailer alone may be missing. */
static void
gifs_cut_short(void **state)
{
	struct image_want w = { .width = 9, .height = 7 };
	struct image_bytes b = make_gif(&w, 2);
	size_t second = (size_t)(control(&b, 1) - b.p);
	struct pd_image_info info;

	(void)state;
	assert_int_equal(b.p[b.n - 1], 0x3b);
	b.n--;
	for (size_t n = 0; n <= b.n; n++) {
		bool whole = n == second || n == second + 8 || n == b.n;
		uint8_t *exact = malloc(n + 1);

		memcpy(exact + 1, b.p, n);
		assert_int_equal(pd_sniff(exact + 1, n, &info), whole ? 0 : -1);
		assert_int_equal(info.width, n < PD_SNIFF_MIN ? 0 : 9);
		free(exact);
	}
	assert_int_equal(info.frames, 2);
	/* Junk is not a trailer. */
	b.p[b.n++] = 0x77;
	assert_int_equal(pd_sniff(b.p, b.n, &info), -1);
	free(b.p);
}

/* No number of frames takes long. */
static void
frames_without_end(void **state)
{
	static const uint8_t frame[] = "\x2c\0\0\0\0\1\0\1\0\0\2\2\x44\1";
	struct image_want w = { .width = 1, .height = 1 };
	struct image_bytes b = make_gif(&w, 1);
	size_t n = sizeof(frame), at = b.n - 1;

	(void)state;
	b.n = at + 5000 * n;
	b.p = realloc(b.p, b.n);
	for (; at < b.n; at += n)
		memcpy(b.p + at, frame, n);
	assert_int_equal(sniffed(b).frames, PD_SNIFF_FRAMES_MAX);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_gif_is),
		cmocka_unit_test(stills_that_viewers_draw_differently),
		cmocka_unit_test(transparency_of_animations),
		cmocka_unit_test(frames_smaller_than_the_screen),
		cmocka_unit_test(the_loop),
		cmocka_unit_test(gifs_cut_short),
		cmocka_unit_test(frames_without_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
