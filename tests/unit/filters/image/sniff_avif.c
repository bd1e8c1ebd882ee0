#include "sniff_help.h"

static void
what_an_avif_is(void **state)
{
	struct image_want w = { .width = 37, .height = 23 };
	struct pd_image_info info = sniffed(make_avif(&w));

	(void)state;
	assert_int_equal(info.format, PD_IMAGE_AVIF);
	assert_int_equal(info.width, 37);
	assert_int_equal(info.height, 23);
	assert_int_equal(info.components, 3);
	assert_int_equal(info.depth, 8);
	assert_int_equal(info.orientation, 1);
	assert_int_equal(info.profile, PD_IMAGE_PROFILE_SRGB);
	assert_int_equal(info.frames, 1);
	assert_int_equal(info.frame_pixels, 37 * 23);
	assert_false(info.alpha || info.animated || info.unsupported ||
		     info.gain_map || info.lossless);
	w.alpha = true;
	w.h = 1;
	info = sniffed(make_avif(&w));
	assert_true(info.alpha && !info.unsupported);
	assert_int_equal(info.components, 4);
	w.alpha = false;
	w.grey = true;
	assert_int_equal(sniffed(make_avif(&w)).components, 1);
}

static void
colour_of_avifs(void **state)
{
	struct image_want w = { .width = 16, .height = 16, .p3 = true };
	struct image_bytes srgb = make_srgb(), p3 = make_display_p3(), b;
	uint8_t *nclx;

	(void)state;
	assert_int_equal(sniffed(make_avif(&w)).profile, PD_IMAGE_PROFILE_P3);
	assert_int_equal(
	    sniffed(make_avif_seq(&w, 2)).profile, PD_IMAGE_PROFILE_P3);
	/* A profile goes before code points. */
	w.icc = srgb.p;
	w.icc_len = srgb.n;
	assert_int_equal(sniffed(make_avif(&w)).profile, PD_IMAGE_PROFILE_SRGB);
	w.icc = p3.p;
	w.icc_len = p3.n;
	w.p3 = false;
	assert_int_equal(sniffed(make_avif(&w)).profile, PD_IMAGE_PROFILE_P3);
	w.icc = NULL;
	/* BT.2020, PQ; and then BT.709's own curve. */
	for (unsigned i = 0; i < 2; i++) {
		b = make_avif(&w);
		nclx = find(&b, "nclx", 4);
		nclx[5] = i == 0 ? 9 : 1;
		nclx[7] = i == 0 ? 16 : 1;
		assert_int_equal(sniffed(b).profile, PD_IMAGE_PROFILE_ODD);
	}
	free(srgb.p);
	free(p3.p);
}

static void
turns_of_avifs(void **state)
{
	struct image_want w = { .width = 16, .height = 8 };

	(void)state;
	for (unsigned o = 1; o <= 8; o++) {
		struct pd_image_info info;

		w.orientation = o;
		info = sniffed(make_avif(&w));
		assert_int_equal(info.orientation, o);
		assert_int_equal(info.width, 16);
		assert_false(info.unsupported);
	}
}

static void
sequences(void **state)
{
	struct image_want w = { .width = 64, .height = 48 };
	struct pd_image_info info = sniffed(make_avif_seq(&w, 5));

	(void)state;
	assert_true(info.animated && !info.alpha && !info.unsupported);
	assert_int_equal(info.width, 64);
	assert_int_equal(info.height, 48);
	assert_int_equal(info.frames, 5);
	assert_int_equal(info.frame_pixels, 5 * 64 * 48);
	assert_int_equal(info.profile, PD_IMAGE_PROFILE_SRGB);
	assert_int_equal(info.depth, 8);
	w.alpha = true;
	info = sniffed(make_avif_seq(&w, 2));
	assert_true(info.alpha && info.animated && !info.unsupported);
	assert_int_equal(info.frames, 2);
}

/* What a box is changed to, and what that makes of the file. */
static void
changed_boxes(void **state)
{
	static const struct {
		const char *box;
		int at; /* from its name */
		const char *to;
		size_t n;
		int rc;
		bool unsupported, gain_map;
	} cases[] = {
		{ "pixi", 0, "clap", 4, 0, true, false },
		{ "pixi", 0, "lsel", 4, 0, true, false },
		{ "pixi", 0, "a1op", 4, 0, true, false },
		{ "pixi", 0, "pasp", 4, 0, false, false },
		{ "pixi", 0, "xxxx", 4, 0, false, false },
		{ "pixi", 9, "\x0a", 1, 0, true, false }, /* depths differ */
		{ "miaf", 0, "tmap", 4, 0, false, true },
		{ "infe", 12, "tmap", 4, 0, true, true },
		{ "infe", 12, "hvc1", 4, 0, true, false },
		{ "infe", 12, "grid", 4, 0, false, false },
		{ "ispe", 8, "\0\0\0\0", 4, -1, false, false },
		{ "ispe", 0, "xspe", 4, -1, false, false },
		{ "pitm", 0, "xitm", 4, -1, false, false },
		{ "iloc", 0, "xloc", 4, -1, false, false },
		{ "iloc", 4, "\3", 1, -1, false, false },
		{ "mdat", 0, "xdat", 4, -1, false, false },
		{ "mdat", -4, "\0\0\0\1", 4, -1, false, false },
		{ "mdat", -4, "\0\0\0\0", 4, 0, false, false },
		{ "mdat", -4, "\0\0\0\5", 4, -1, false, false },
		{ "meta", -4, "\xff\xff\xff\xff", 4, -1, false, false },
	};
	struct image_want w = { .width = 16, .height = 16 };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct image_bytes b = make_avif(&w);
		struct pd_image_info info;
		int rc;

		memcpy(find(&b, cases[i].box, 4) + cases[i].at, cases[i].to,
		    cases[i].n);
		rc = pd_sniff(b.p, b.n, &info);
		free(b.p);
		if (rc != cases[i].rc || info.gain_map != cases[i].gain_map ||
		    (rc == 0 && info.unsupported != cases[i].unsupported))
			fail_msg("case %zu: %d, unsupported %d, gain map %d", i,
			    rc, info.unsupported, info.gain_map);
	}
}

static void
changed_sequences(void **state)
{
	static const struct {
		const char *box;
		int at;
		const char *to;
		size_t n;
		int rc;
		bool unsupported;
	} cases[] = {
		{ "stsz", 12, "\xff\xff\xff\xff", 4, -1, false },
		{ "stsz", 12, "\0\0\0\0", 4, -1, false },
		{ "stsz", 0, "xtsz", 4, -1, false },
		{ "moov", 0, "xoov", 4, -1, false },
		{ "pict", 0, "soun", 4, 0, false }, /* the still's handler */
		{ "stsd", 16, "hvc1", 4, 0, true },
		{ "stsd", 44, "\1", 1, 0, true }, /* its size is another */
	};
	struct image_want w = { .width = 16, .height = 16 };
	struct image_bytes b;
	struct pd_image_info info;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int rc;

		b = make_avif_seq(&w, 3);
		memcpy(find(&b, cases[i].box, 4) + cases[i].at, cases[i].to,
		    cases[i].n);
		rc = pd_sniff(b.p, b.n, &info);
		free(b.p);
		if (rc != cases[i].rc ||
		    (rc == 0 && info.unsupported != cases[i].unsupported))
			fail_msg("case %zu: %d, unsupported %d", i, rc,
			    info.unsupported);
	}
	/* Said to be a still, it is shown as either. */
	b = make_avif_seq(&w, 3);
	b.p[11] = 'f';
	info = sniffed(b);
	assert_true(info.unsupported && !info.animated);
}

/* Boxes without end, and tables that are all of the file: no time is spent. */
static void
boxes_without_end(void **state)
{
	enum { LEN = 4 << 20 };
	uint8_t *p = calloc(1, LEN);
	struct pd_image_info info;
	size_t at = 24;

	(void)state;
	memcpy(p,
	    "\0\0\0\x18"
	    "ftypavif\0\0\0\0avifmif1",
	    24);
	for (; at + 8 <= LEN; at += 8)
		memcpy(p + at,
		    "\0\0\0\x08"
		    "free",
		    8);
	assert_int_equal(pd_sniff(p, LEN, &info), -1);
	free(p);
}

static void
avifs_cut_short(void **state)
{
	struct image_want w = { .width = 9, .height = 7, .alpha = true };
	struct image_bytes b = make_avif(&w);
	uint8_t *data = find(&b, "mdat", 4);

	(void)state;
	no_beginning_is_whole(b, (size_t)(data - b.p));
	b = make_avif_seq(&w, 2);
	data = find(&b, "mdat", 4);
	no_beginning_is_whole(b, (size_t)(data - b.p));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_an_avif_is),
		cmocka_unit_test(colour_of_avifs),
		cmocka_unit_test(turns_of_avifs),
		cmocka_unit_test(sequences),
		cmocka_unit_test(changed_boxes),
		cmocka_unit_test(changed_sequences),
		cmocka_unit_test(boxes_without_end),
		cmocka_unit_test(avifs_cut_short),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
