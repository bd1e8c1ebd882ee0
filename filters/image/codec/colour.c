#include "filters/image/codec/colour.h"

#include <lcms2.h>
#include <stdlib.h>

/* What a profile may move sRGB's colours by and still be sRGB: levels. */
#define SRGB_TOLERANCE 2

/* The table made of a CMYK profile has this many points a side, not lcms2's
 * 17: a sixth of the time, which was half of such a picture's, and the scores
 * are the same. */
#define CMYK_GRID 11

static cmsHPROFILE srgb; /* made once: 1 ms, and see pd_colour_init() */

void
pd_colour_init(void)
{
	if (srgb == NULL)
		srgb = cmsCreate_sRGBProfile();
}

void
pd_colour_finish(void)
{
	if (srgb != NULL)
		cmsCloseProfile(srgb);
	srgb = NULL;
}

static cmsHTRANSFORM
transform(const uint8_t *icc, size_t len, cmsUInt32Number from,
    cmsUInt32Number to, cmsUInt32Number flags)
{
	cmsHPROFILE in = cmsOpenProfileFromMem(icc, (cmsUInt32Number)len);
	cmsHTRANSFORM t = NULL;

	pd_colour_init();
	if (in != NULL && srgb != NULL)
		t = cmsCreateTransform(
		    in, from, srgb, to, INTENT_RELATIVE_COLORIMETRIC, flags);
	if (in != NULL)
		cmsCloseProfile(in);
	return t;
}

/* Whether a spread of colours comes through a profile as it went in. */
static bool
is_srgb(const uint8_t *icc, size_t len)
{
	static const uint8_t levels[] = { 0, 20, 64, 128, 200, 255 };
	enum { N = sizeof(levels), COLOURS = N * N * N };
	uint8_t in[COLOURS][3], out[COLOURS][3];
	cmsHTRANSFORM t =
	    transform(icc, len, TYPE_RGB_8, TYPE_RGB_8, cmsFLAGS_NOOPTIMIZE);

	if (t == NULL)
		return false;
	for (unsigned i = 0; i < COLOURS; i++) {
		in[i][0] = levels[i % N];
		in[i][1] = levels[i / N % N];
		in[i][2] = levels[i / N / N];
	}
	cmsDoTransform(t, in, out, COLOURS);
	cmsDeleteTransform(t);
	for (unsigned i = 0; i < COLOURS; i++)
		for (unsigned c = 0; c < 3; c++)
			if (abs(in[i][c] - out[i][c]) > SRGB_TOLERANCE)
				return false;
	return true;
}

enum pd_colour_kind
pd_colour_judge(const uint8_t *icc, size_t len, unsigned channels)
{
	cmsHPROFILE p;
	cmsColorSpaceSignature space;
	bool simple;

	if (len > PD_COLOUR_ICC_MAX)
		return PD_COLOUR_UNUSABLE;
	p = cmsOpenProfileFromMem(icc, (cmsUInt32Number)len);
	if (p == NULL)
		return PD_COLOUR_UNUSABLE;
	space = cmsGetColorSpace(p);
	simple = cmsIsMatrixShaper(p) && !cmsIsTag(p, cmsSigAToB0Tag) &&
		 len <= PD_COLOUR_KEEP_MAX;
	cmsCloseProfile(p);
	if (space == cmsSigCmykData && channels == 4)
		return PD_COLOUR_CONVERT;
	if (space != cmsSigRgbData || channels != 3)
		return PD_COLOUR_UNUSABLE;
	if (is_srgb(icc, len))
		return PD_COLOUR_SRGB;
	return simple ? PD_COLOUR_KEEP : PD_COLOUR_CONVERT;
}

static void
drop_icc(struct pd_pixels *px)
{
	free(px->icc);
	px->icc = NULL;
	px->icc_len = 0;
}

enum pd_job_status
pd_colour_to_srgb(struct pd_pixels *px)
{
	cmsUInt32Number type = px->channels == 4 ? TYPE_RGBA_8 : TYPE_RGB_8;
	cmsHTRANSFORM t =
	    transform(px->icc, px->icc_len, type, type, cmsFLAGS_COPY_ALPHA);

	if (t == NULL)
		return PD_JOB_BAD;
	for (uint32_t y = 0; y < px->height; y++)
		cmsDoTransform(t, px->p + y * px->stride,
		    px->p + y * px->stride, px->width);
	cmsDeleteTransform(t);
	drop_icc(px);
	return PD_JOB_DONE;
}

/* Ink as light that is left: the product, which is what browsers do. */
static void
plain_cmyk(const uint8_t *from, uint8_t *to, uint32_t n, bool inverted)
{
	for (uint32_t x = 0; x < n; x++, from += 4, to += 3) {
		unsigned k = inverted ? from[3] : 255u - from[3];

		for (unsigned c = 0; c < 3; c++) {
			unsigned v = inverted ? from[c] : 255u - from[c];

			to[c] = (uint8_t)((v * k + 127) / 255);
		}
	}
}

enum pd_job_status
pd_colour_cmyk(struct pd_pixels *px, bool inverted)
{
	cmsHTRANSFORM t = NULL;
	uint8_t *row;

	if (px->icc != NULL) {
		t = transform(px->icc, px->icc_len,
		    inverted ? TYPE_CMYK_8_REV : TYPE_CMYK_8, TYPE_RGB_8,
		    cmsFLAGS_GRIDPOINTS(CMYK_GRID));
		if (t == NULL)
			return PD_JOB_BAD;
	}
	row = malloc((size_t)px->width * 3);
	if (row == NULL) {
		if (t != NULL)
			cmsDeleteTransform(t);
		return PD_JOB_MEMORY;
	}
	for (uint32_t y = 0; y < px->height; y++) {
		const uint8_t *from = px->p + y * px->stride;
		uint8_t *to = px->p + (size_t)y * px->width * 3;

		if (t != NULL)
			cmsDoTransform(t, from, row, px->width);
		else
			plain_cmyk(from, row, px->width, inverted);
		for (size_t i = 0; i < (size_t)px->width * 3; i++)
			to[i] = row[i];
	}
	free(row);
	if (t != NULL)
		cmsDeleteTransform(t);
	px->channels = 3;
	px->stride = (size_t)px->width * 3;
	drop_icc(px);
	return PD_JOB_DONE;
}
