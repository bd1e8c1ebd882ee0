#include <lcms2.h>

#include "filters/image/sniff_part.h"
#include "sniff_help.h"

enum space { SRGB, P3, ADOBE };

static const cmsCIExyYTRIPLE primaries[] = {
	[SRGB] = { { 0.640, 0.330, 1 }, { 0.300, 0.600, 1 },
	    { 0.150, 0.060, 1 } },
	[P3] = { { 0.680, 0.320, 1 }, { 0.265, 0.690, 1 },
	    { 0.150, 0.060, 1 } },
	[ADOBE] = { { 0.640, 0.330, 1 }, { 0.210, 0.710, 1 },
	    { 0.150, 0.060, 1 } },
};

/* Frees the curve. */
static struct image_bytes
profile_of(enum space space, cmsToneCurve *curve, cmsToneCurve *blue)
{
	cmsCIExyY white = { 0.3127, 0.3290, 1 };
	cmsToneCurve *curves[3] = { curve, curve, blue != NULL ? blue : curve };
	cmsHPROFILE p = cmsCreateRGBProfile(&white, &primaries[space], curves);
	cmsUInt32Number n = 0;
	struct image_bytes out;

	cmsSaveProfileToMem(p, NULL, &n);
	out.p = malloc(n);
	cmsSaveProfileToMem(p, out.p, &n);
	out.n = n;
	cmsCloseProfile(p);
	cmsFreeToneCurve(curve);
	if (blue != NULL)
		cmsFreeToneCurve(blue);
	return out;
}

static const cmsFloat64Number srgb_curve[] = { 2.4, 1 / 1.055, 0.055 / 1.055,
	1 / 12.92, 0.04045 };

static cmsToneCurve *
formula(void)
{
	return cmsBuildParametricToneCurve(NULL, 4, srgb_curve);
}

static cmsToneCurve *
table(unsigned n)
{
	cmsToneCurve *f = formula(), *t;
	uint16_t v[4096];

	for (unsigned i = 0; i < n; i++)
		v[i] = cmsEvalToneCurve16(f, (uint16_t)(i * 65535u / (n - 1)));
	t = cmsBuildTabulatedToneCurve16(NULL, n, v);
	cmsFreeToneCurve(f);
	return t;
}

static enum pd_image_profile
kind_of(struct image_bytes b)
{
	enum pd_image_profile kind =
	    pd_sniff_icc((struct bytes){ .p = b.p, .n = b.n });

	free(b.p);
	return kind;
}

static void
names_of_profiles(void **state)
{
	const struct {
		struct image_bytes b;
		enum pd_image_profile kind;
	} cases[] = {
		{ make_srgb(), PD_IMAGE_PROFILE_SRGB },
		{ make_display_p3(), PD_IMAGE_PROFILE_P3 },
		{ make_p3(), PD_IMAGE_PROFILE_EMBEDDED }, /* gamma 2.2 */
		{ profile_of(SRGB, table(1024), NULL), PD_IMAGE_PROFILE_SRGB },
		{ profile_of(SRGB, table(4096), NULL), PD_IMAGE_PROFILE_SRGB },
		{ profile_of(P3, table(256), NULL), PD_IMAGE_PROFILE_P3 },
		{ profile_of(ADOBE, formula(), NULL),
		    PD_IMAGE_PROFILE_EMBEDDED },
		/* Eight levels off in the shadows. */
		{ profile_of(SRGB, cmsBuildGamma(NULL, 2.2), NULL),
		    PD_IMAGE_PROFILE_EMBEDDED },
		{ profile_of(SRGB, cmsBuildGamma(NULL, 1.0), NULL),
		    PD_IMAGE_PROFILE_EMBEDDED },
		{ profile_of(SRGB, formula(), cmsBuildGamma(NULL, 1.8)),
		    PD_IMAGE_PROFILE_EMBEDDED },
		/* So few points that straight lines show. */
		{ profile_of(SRGB, table(5), NULL), PD_IMAGE_PROFILE_EMBEDDED },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		enum pd_image_profile kind = kind_of(cases[i].b);

		if (kind != cases[i].kind)
			fail_msg("case %zu: %d", i, (int)kind);
	}
}

/* Gamma in a "curv" of one entry, as Adobe writes it. */
static void
a_single_number(void **state)
{
	struct image_bytes b = make_srgb();
	uint8_t *curve = memmem(b.p, b.n, "para", 4);

	(void)state;
	assert_non_null(curve);
	memcpy(curve, "curv\0\0\0\0\0\0\0\1\2\x33", 14);
	assert_int_equal(kind_of(b), PD_IMAGE_PROFILE_EMBEDDED);
}

static void
what_is_no_matrix(void **state)
{
	static const struct {
		const char *from, *to;
	} cases[] = {
		{ "RGB XYZ ", "CMYKXYZ " }, /* of ink */
		{ "RGB XYZ ", "RGB Lab " },
		{ "acsp", "acsq" },
		{ "wtpt", "A2B0" }, /* a table goes before the matrix */
		{ "wtpt", "cicp" },
		{ "rXYZ", "xXYZ" },
		{ "bTRC", "xTRC" },
		{ "para", "parx" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct image_bytes b = make_srgb();
		size_t n = strlen(cases[i].from);

		memcpy(find(&b, cases[i].from, n), cases[i].to, n);
		if (kind_of(b) != PD_IMAGE_PROFILE_EMBEDDED)
			fail_msg("case %zu", i);
	}
}

/* As in the first 4096 bytes of a file: what is not seen is not believed. */
static void
profiles_cut_short(void **state)
{
	struct image_bytes b = profile_of(SRGB, table(1024), NULL);
	size_t known = b.n;

	(void)state;
	for (size_t n = 0; n <= b.n; n++) {
		uint8_t *exact = malloc(n + 1);
		enum pd_image_profile kind;

		memcpy(exact + 1, b.p, n);
		kind = pd_sniff_icc((struct bytes){ .p = exact + 1, .n = n });
		free(exact);
		if (kind == PD_IMAGE_PROFILE_SRGB && n < known)
			known = n;
		assert_int_equal(kind, n < known ? PD_IMAGE_PROFILE_EMBEDDED
						 : PD_IMAGE_PROFILE_SRGB);
	}
	assert_true(known > 2048);
	free(b.p);
}

static void
code_points(void **state)
{
	(void)state;
	assert_int_equal(pd_sniff_cicp(1, 13), PD_IMAGE_PROFILE_SRGB);
	assert_int_equal(pd_sniff_cicp(2, 2), PD_IMAGE_PROFILE_SRGB);
	assert_int_equal(pd_sniff_cicp(12, 13), PD_IMAGE_PROFILE_P3);
	assert_int_equal(pd_sniff_cicp(12, 2), PD_IMAGE_PROFILE_ODD);
	assert_int_equal(pd_sniff_cicp(9, 16), PD_IMAGE_PROFILE_ODD);
	assert_int_equal(pd_sniff_cicp(1, 1), PD_IMAGE_PROFILE_ODD);
	assert_int_equal(pd_sniff_cicp(1, 18), PD_IMAGE_PROFILE_ODD);
	assert_int_equal(pd_sniff_cicp(9, 13), PD_IMAGE_PROFILE_ODD);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_of_profiles),
		cmocka_unit_test(a_single_number),
		cmocka_unit_test(what_is_no_matrix),
		cmocka_unit_test(profiles_cut_short),
		cmocka_unit_test(code_points),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
