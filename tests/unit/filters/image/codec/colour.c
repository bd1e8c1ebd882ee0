#include "filters/image/codec/colour.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <lcms2.h>

#include "tests/support/images.h"

static struct image_bytes
save(cmsHPROFILE profile)
{
	cmsUInt32Number n = 0;
	struct image_bytes b;

	assert_non_null(profile);
	assert_true(cmsSaveProfileToMem(profile, NULL, &n));
	b = (struct image_bytes){ malloc(n), n };
	assert_true(cmsSaveProfileToMem(profile, b.p, &n));
	cmsCloseProfile(profile);
	return b;
}

/* Adobe RGB (1998)'s primaries and white, with any gamma. */
static struct image_bytes
make_rgb(double gamma)
{
	static const cmsCIExyY white = { 0.3127, 0.3290, 1 };
	static const cmsCIExyYTRIPLE primaries = { { 0.64, 0.33, 1 },
		{ 0.21, 0.71, 1 }, { 0.15, 0.06, 1 } };
	cmsToneCurve *c = cmsBuildGamma(NULL, gamma);
	cmsToneCurve *const curves[] = { c, c, c };
	struct image_bytes b =
	    save(cmsCreateRGBProfile(&white, &primaries, curves));

	cmsFreeToneCurve(c);
	return b;
}

static struct image_bytes
make_grey(double gamma)
{
	cmsToneCurve *c = cmsBuildGamma(NULL, gamma);
	struct image_bytes b = save(cmsCreateGrayProfile(cmsD50_xyY(), c));

	cmsFreeToneCurve(c);
	return b;
}

/* An ink of each kind takes the light of its colour away. */
static cmsInt32Number
mix_inks(const cmsUInt16Number in[], cmsUInt16Number out[], void *arg)
{
	double k = 1 - in[3] / 65535.0, lab_l;
	double grey = k * (1 - (in[0] + in[1] + in[2]) / 3.0 / 65535);

	(void)arg;
	lab_l = grey * 65535;
	out[0] = (cmsUInt16Number)lab_l;
	out[1] = out[2] = 0x8080;
	return 1;
}

static struct image_bytes
make_cmyk(void)
{
	cmsHPROFILE p = cmsCreateProfilePlaceholder(NULL);
	cmsPipeline *pipe = cmsPipelineAlloc(NULL, 4, 3);
	cmsStage *clut = cmsStageAllocCLut16bit(NULL, 5, 4, 3, NULL);
	struct image_bytes b;

	assert_true(cmsStageSampleCLut16bit(clut, mix_inks, NULL, 0));
	cmsPipelineInsertStage(pipe, cmsAT_BEGIN, clut);
	cmsSetProfileVersion(p, 2.4);
	cmsSetDeviceClass(p, cmsSigOutputClass);
	cmsSetColorSpace(p, cmsSigCmykData);
	cmsSetPCS(p, cmsSigLabData);
	assert_true(cmsWriteTag(p, cmsSigAToB0Tag, pipe));
	assert_true(cmsWriteTag(p, cmsSigAToB1Tag, pipe));
	cmsPipelineFree(pipe);
	b = save(p);
	return b;
}

static struct pd_pixels
pixels_of(const uint8_t *p, uint32_t n, unsigned channels,
    const struct image_bytes *icc)
{
	struct pd_pixels px;

	assert_int_equal(pd_pixels_init(&px, n, 1, channels), 0);
	memcpy(px.p, p, (size_t)n * channels);
	if (icc != NULL) {
		px.icc = malloc(icc->n);
		memcpy(px.icc, icc->p, icc->n);
		px.icc_len = icc->n;
	}
	return px;
}

static void
known_ones_are_known(void **state)
{
	struct image_bytes srgb = make_srgb(), other = make_p3();
	size_t len, again;
	uint8_t *p3 = pd_colour_p3(&len), *copy;

	(void)state;
	assert_in_range(len, 300, 700);
	assert_int_equal(pd_colour_judge(srgb.p, srgb.n, 3), PD_COLOUR_SRGB);
	/* The primaries alone do not make it: the curve is another here. */
	assert_int_equal(
	    pd_colour_judge(other.p, other.n, 3), PD_COLOUR_CONVERT);
	assert_int_equal(pd_colour_judge(p3, len, 3), PD_COLOUR_P3);
	/* On a grey picture only the curve counts. */
	assert_int_equal(pd_colour_judge(p3, len, 1), PD_COLOUR_SRGB);

	/* The same bytes in every process, so that they compare. */
	copy = malloc(len);
	memcpy(copy, p3, len);
	pd_colour_finish();
	p3 = pd_colour_p3(&again);
	assert_int_equal(again, len);
	assert_memory_equal(p3, copy, len);
	free(copy);
	free(srgb.p);
	free(other.p);
}

static void
others_are_converted(void **state)
{
	struct image_bytes adobe = make_rgb(2.2), linear = make_rgb(1);
	static const uint8_t in[] = { 128, 128, 128, 7, 200, 100, 100, 255, 0,
		0, 0, 0, 255, 255, 255, 1 };
	struct pd_pixels px = pixels_of(in, 4, 4, &adobe);

	(void)state;
	assert_int_equal(
	    pd_colour_judge(adobe.p, adobe.n, 3), PD_COLOUR_CONVERT);
	assert_int_equal(pd_colour_to_srgb(&px), PD_JOB_DONE);
	assert_null(px.icc);
	for (unsigned c = 0; c < 3; c++) {
		assert_in_range(px.p[c], 126, 130);
		assert_int_equal(px.p[8 + c], 0);
		assert_int_equal(px.p[12 + c], 255);
	}
	/* The same red is a stronger one of sRGB's. */
	assert_in_range(px.p[4], 215, 230);
	assert_in_range(px.p[5], 96, 102);
	/* Alpha is none of its business. */
	assert_int_equal(px.p[3], 7);
	assert_int_equal(px.p[7], 255);
	assert_int_equal(px.p[15], 1);
	pd_pixels_finish(&px);

	px = pixels_of(in, 4, 3, &linear);
	assert_int_equal(pd_colour_to_srgb(&px), PD_JOB_DONE);
	assert_in_range(px.p[0], 187, 189);
	pd_pixels_finish(&px);
	free(adobe.p);
	free(linear.p);
}

static void
grey_has_profiles_too(void **state)
{
	struct image_bytes linear = make_grey(1), adobe = make_rgb(1.8);
	static const uint8_t in[] = { 0, 128, 255 };
	struct pd_pixels px = pixels_of(in, 3, 1, &linear);

	(void)state;
	assert_int_equal(
	    pd_colour_judge(linear.p, linear.n, 1), PD_COLOUR_CONVERT);
	assert_int_equal(pd_colour_to_srgb(&px), PD_JOB_DONE);
	assert_int_equal(px.channels, 1);
	assert_int_equal(px.p[0], 0);
	assert_in_range(px.p[1], 187, 189);
	assert_int_equal(px.p[2], 255);
	pd_pixels_finish(&px);

	px = pixels_of(in, 3, 1, &adobe);
	assert_int_equal(
	    pd_colour_judge(adobe.p, adobe.n, 1), PD_COLOUR_CONVERT);
	assert_int_equal(pd_colour_to_srgb(&px), PD_JOB_DONE);
	assert_in_range(px.p[1], 140, 150);
	pd_pixels_finish(&px);
	free(linear.p);
	free(adobe.p);
}

static void
inks_become_light(void **state)
{
	/* None, all of black, all of cyan. */
	static const uint8_t in[] = { 0, 0, 0, 0, 0, 0, 0, 255, 255, 0, 0, 0 };
	struct image_bytes icc = make_cmyk();

	(void)state;
	assert_int_equal(pd_colour_judge(icc.p, icc.n, 4), PD_COLOUR_CONVERT);
	for (unsigned i = 0; i < 4; i++) {
		bool inverted = i & 1, profile = i & 2;
		uint8_t way[sizeof(in)];
		struct pd_pixels px;

		for (size_t k = 0; k < sizeof(in); k++)
			way[k] = inverted ? 255 - in[k] : in[k];
		px = pixels_of(way, 3, 4, profile ? &icc : NULL);
		assert_int_equal(pd_colour_cmyk(&px, inverted), PD_JOB_DONE);
		assert_int_equal(px.channels, 3);
		assert_int_equal(px.stride, 9);
		for (unsigned c = 0; c < 3; c++) {
			assert_in_range(px.p[c], 254, 255);
			assert_in_range(px.p[3 + c], 0, 3);
		}
		if (profile) {
			assert_in_range(px.p[6], 150, 170);
		} else {
			assert_int_equal(px.p[6], 0);
			assert_int_equal(px.p[7], 255);
		}
		pd_pixels_finish(&px);
	}
	free(icc.p);
}

static void
the_rest_is_unusable(void **state)
{
	struct image_bytes cmyk = make_cmyk(), grey = make_grey(2.2),
			   rgb = make_rgb(2.2);
	static const uint8_t junk[200] = { 0, 0, 0, 200 };

	(void)state;
	assert_int_equal(pd_colour_judge(junk, 0, 3), PD_COLOUR_UNUSABLE);
	assert_int_equal(
	    pd_colour_judge(junk, sizeof(junk), 3), PD_COLOUR_UNUSABLE);
	assert_int_equal(
	    pd_colour_judge(rgb.p, rgb.n - 100, 3), PD_COLOUR_UNUSABLE);
	assert_int_equal(pd_colour_judge(rgb.p, PD_COLOUR_ICC_MAX + 1, 3),
	    PD_COLOUR_UNUSABLE);
	assert_int_equal(
	    pd_colour_judge(cmyk.p, cmyk.n, 3), PD_COLOUR_UNUSABLE);
	assert_int_equal(
	    pd_colour_judge(grey.p, grey.n, 3), PD_COLOUR_UNUSABLE);
	assert_int_equal(pd_colour_judge(rgb.p, rgb.n, 4), PD_COLOUR_UNUSABLE);
	free(cmyk.p);
	free(grey.p);
	free(rgb.p);
}

/* More profiles than are remembered, again and again. */
static void
memory_does_not_confuse(void **state)
{
	static const double gammas[] = { 1, 1.4, 1.8, 2.2, 2.6, 3 };
	static const uint8_t in[] = { 100, 100, 100 };
	enum { N = sizeof(gammas) / sizeof(gammas[0]) };
	struct image_bytes icc[N];
	uint8_t first[N];

	(void)state;
	for (unsigned i = 0; i < N; i++)
		icc[i] = make_rgb(gammas[i]);
	for (unsigned i = 0; i < 4 * N; i++) {
		unsigned k = i < N ? i : i * 5 % N;
		unsigned channels = i % 2 ? 3 : 4;
		uint8_t rgba[4] = { in[0], in[1], in[2], 255 };
		struct pd_pixels px = pixels_of(rgba, 1, channels, &icc[k]);

		assert_int_equal(
		    pd_colour_judge(icc[k].p, icc[k].n, 3), PD_COLOUR_CONVERT);
		assert_int_equal(pd_colour_to_srgb(&px), PD_JOB_DONE);
		if (i < N)
			first[k] = px.p[0];
		assert_in_range(px.p[0], first[k] - 1, first[k] + 1);
		pd_pixels_finish(&px);
	}
	for (unsigned i = 1; i < N; i++)
		assert_true(first[i] < first[i - 1]);
	for (unsigned i = 0; i < N; i++)
		free(icc[i].p);
}

static int
tidy(void **state)
{
	(void)state;
	pd_colour_finish();
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_ones_are_known),
		cmocka_unit_test(others_are_converted),
		cmocka_unit_test(grey_has_profiles_too),
		cmocka_unit_test(inks_become_light),
		cmocka_unit_test(the_rest_is_unusable),
		cmocka_unit_test(memory_does_not_confuse),
	};

	return cmocka_run_group_tests(tests, NULL, tidy);
}
