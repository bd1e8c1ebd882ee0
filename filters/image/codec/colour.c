#include "filters/image/codec/colour.h"

#include <lcms2.h>
#include <stdlib.h>
#include <string.h>

/* What a profile may move a known one's colours by and still be it: levels. */
#define TOLERANCE 2

/* The table made of a CMYK profile has this many points a side, not lcms2's
 * 17: a sixth of the time, which was half of such a picture's, and the scores
 * are the same. */
#define CMYK_GRID 11

/* Made once: 1 ms, and see pd_colour_init(). */
static cmsHPROFILE srgb, p3;
static uint8_t *p3_bytes;
static cmsUInt32Number p3_len;

/* --- The known profiles ----------------------------------------------------
 */

/* Display P3: DCI-P3's primaries, D65, sRGB's curve (SMPTE EG 432-1, IEC
 * 61966-2-1). */
static cmsHPROFILE
make_p3(void)
{
	static const cmsCIExyY white = { 0.3127, 0.3290, 1 };
	static const cmsCIExyYTRIPLE primaries = { { 0.680, 0.320, 1 },
		{ 0.265, 0.690, 1 }, { 0.150, 0.060, 1 } };
	static const cmsFloat64Number curve[] = { 2.4, 1 / 1.055, 0.055 / 1.055,
		1 / 12.92, 0.04045 };
	cmsToneCurve *c = cmsBuildParametricToneCurve(NULL, 4, curve);
	cmsToneCurve *const curves[] = { c, c, c };
	cmsHPROFILE profile = NULL;

	if (c != NULL)
		profile = cmsCreateRGBProfile(&white, &primaries, curves);
	cmsFreeToneCurve(c);
	return profile;
}

/* The same pictures are to give the same bytes: a date would not (ICC.1, 7.2:
 * bytes 24 to 35). */
static void
save_p3(void)
{
	if (!cmsSaveProfileToMem(p3, NULL, &p3_len))
		return;
	p3_bytes = malloc(p3_len);
	if (p3_bytes != NULL && cmsSaveProfileToMem(p3, p3_bytes, &p3_len))
		memset(p3_bytes + 24, 0, 12);
}

void
pd_colour_init(void)
{
	if (srgb != NULL)
		return;
	srgb = cmsCreate_sRGBProfile();
	p3 = make_p3();
	if (p3 != NULL)
		save_p3();
}

uint8_t *
pd_colour_p3(size_t *len)
{
	pd_colour_init();
	*len = p3_len;
	return p3_bytes;
}

/* --- Profiles that were seen -----------------------------------------------
 */

/*
 * A transform of CMYK or by tables takes 20 ms to make, and the pictures of a
 * page have their profile in common.
 */
#define SEEN     4
#define SEEN_LEN (1u << 20) /* longer ones are not remembered, bytes */

struct seen {
	uint8_t *icc; /* compared in full: a hash could be made to collide */
	size_t len;
	unsigned channels;
	enum pd_colour_kind kind;
	cmsUInt32Number from, to; /* of the transform */
	cmsHTRANSFORM t;          /* to sRGB; NULL: not asked for yet */
	unsigned long used;
};

static struct seen seen[SEEN];
static unsigned long uses;

static void
forget(struct seen *s)
{
	if (s->t != NULL)
		cmsDeleteTransform(s->t);
	free(s->icc);
	*s = (struct seen){ .icc = NULL };
}

void
pd_colour_finish(void)
{
	for (size_t i = 0; i < SEEN; i++)
		forget(&seen[i]);
	if (srgb != NULL)
		cmsCloseProfile(srgb);
	if (p3 != NULL)
		cmsCloseProfile(p3);
	free(p3_bytes);
	srgb = p3 = NULL;
	p3_bytes = NULL;
	p3_len = 0;
}

static struct seen *
find(const uint8_t *icc, size_t len, unsigned channels)
{
	for (size_t i = 0; i < SEEN; i++) {
		struct seen *s = &seen[i];

		if (s->icc != NULL && s->len == len &&
		    s->channels == channels && memcmp(s->icc, icc, len) == 0) {
			s->used = ++uses;
			return s;
		}
	}
	return NULL;
}

static void
remember(
    const uint8_t *icc, size_t len, unsigned channels, enum pd_colour_kind kind)
{
	struct seen *s = &seen[0];
	uint8_t *copy = len <= SEEN_LEN ? malloc(len) : NULL;

	if (copy == NULL)
		return;
	for (size_t i = 1; i < SEEN; i++)
		if (seen[i].used < s->used)
			s = &seen[i];
	forget(s);
	memcpy(copy, icc, len);
	*s = (struct seen){ .icc = copy,
		.len = len,
		.channels = channels,
		.kind = kind,
		.used = ++uses };
}

/* --- Transforms ------------------------------------------------------------
 */

static cmsHTRANSFORM
make_transform(const uint8_t *icc, size_t len, cmsUInt32Number from,
    cmsHPROFILE known, cmsUInt32Number to, cmsUInt32Number flags)
{
	cmsHPROFILE in = cmsOpenProfileFromMem(icc, (cmsUInt32Number)len);
	cmsHTRANSFORM t = NULL;

	if (in != NULL && known != NULL)
		t = cmsCreateTransform(
		    in, from, known, to, INTENT_RELATIVE_COLORIMETRIC, flags);
	if (in != NULL)
		cmsCloseProfile(in);
	return t;
}

/* One transform to sRGB, borrowed or the caller's. */
struct transform {
	cmsHTRANSFORM t;
	bool borrowed;
};

static struct transform
to_srgb(const struct pd_pixels *px, unsigned channels, cmsUInt32Number from,
    cmsUInt32Number to, cmsUInt32Number flags)
{
	struct seen *s = find(px->icc, px->icc_len, channels);
	struct transform t = { .t = NULL };

	pd_colour_init();
	if (s != NULL && s->t != NULL && s->from == from && s->to == to)
		return (struct transform){ .t = s->t, .borrowed = true };
	t.t = make_transform(px->icc, px->icc_len, from, srgb, to, flags);
	if (t.t != NULL && s != NULL) {
		if (s->t != NULL)
			cmsDeleteTransform(s->t);
		s->t = t.t;
		s->from = from;
		s->to = to;
		t.borrowed = true;
	}
	return t;
}

static void
transform_done(struct transform *t)
{
	if (t->t != NULL && !t->borrowed)
		cmsDeleteTransform(t->t);
	t->t = NULL;
}

/* --- Judging ---------------------------------------------------------------
 */

/*
 * How far a spread of colours moves at most on its way to a known profile:
 * levels, or -1 when there is no way. from: TYPE_GRAY_8 or TYPE_RGB_8; grey:
 * only greys are looked at.
 */
static int
distance(const uint8_t *icc, size_t len, cmsUInt32Number from, bool grey,
    cmsHPROFILE known)
{
	static const uint8_t levels[] = { 0, 20, 64, 128, 200, 255 };
	enum { N = sizeof(levels), COLOURS = N * N * N };
	cmsHTRANSFORM t = make_transform(
	    icc, len, from, known, TYPE_RGB_8, cmsFLAGS_NOOPTIMIZE);
	int most = 0;

	if (t == NULL)
		return -1;
	for (unsigned i = 0; i < COLOURS; i++) {
		uint8_t in[3] = { levels[i % N], levels[i / N % N],
			levels[i / N / N] };
		uint8_t out[3];

		if (grey)
			memset(in, (int)i, sizeof(in));
		cmsDoTransform(t, in, out, 1);
		for (unsigned c = 0; c < 3; c++)
			if (abs(in[c] - out[c]) > most)
				most = abs(in[c] - out[c]);
	}
	cmsDeleteTransform(t);
	return most;
}

/* Of what is not CMYK. */
static enum pd_colour_kind
judge_light(
    const uint8_t *icc, size_t len, cmsUInt32Number from, unsigned channels)
{
	int moved;

	pd_colour_init();
	moved = distance(icc, len, from, channels == 1, srgb);
	if (moved < 0)
		return PD_COLOUR_UNUSABLE;
	if (moved <= TOLERANCE)
		return PD_COLOUR_SRGB;
	if (channels == 1)
		return PD_COLOUR_CONVERT;
	moved = distance(icc, len, from, false, p3);
	return moved >= 0 && moved <= TOLERANCE ? PD_COLOUR_P3
						: PD_COLOUR_CONVERT;
}

static enum pd_colour_kind
judge(const uint8_t *icc, size_t len, unsigned channels)
{
	cmsHPROFILE p = cmsOpenProfileFromMem(icc, (cmsUInt32Number)len);
	cmsColorSpaceSignature space;

	if (p == NULL)
		return PD_COLOUR_UNUSABLE;
	space = cmsGetColorSpace(p);
	cmsCloseProfile(p);
	if (channels == 4)
		return space == cmsSigCmykData ? PD_COLOUR_CONVERT
					       : PD_COLOUR_UNUSABLE;
	/* A grey picture may have a profile of colours, not the other way. */
	if (space == cmsSigRgbData)
		return judge_light(icc, len, TYPE_RGB_8, channels);
	if (space == cmsSigGrayData && channels == 1)
		return judge_light(icc, len, TYPE_GRAY_8, channels);
	return PD_COLOUR_UNUSABLE;
}

enum pd_colour_kind
pd_colour_judge(const uint8_t *icc, size_t len, unsigned channels)
{
	const struct seen *s;
	enum pd_colour_kind kind;

	if (len > PD_COLOUR_ICC_MAX)
		return PD_COLOUR_UNUSABLE;
	s = find(icc, len, channels);
	if (s != NULL)
		return s->kind;
	kind = judge(icc, len, channels);
	remember(icc, len, channels, kind);
	return kind;
}

/* --- Conversion ------------------------------------------------------------
 */

/* Of a grey picture: what each level is in sRGB, where grey stays grey. */
static enum pd_job_status
grey_to_srgb(struct pd_pixels *px)
{
	cmsHPROFILE p =
	    cmsOpenProfileFromMem(px->icc, (cmsUInt32Number)px->icc_len);
	bool grey = p != NULL && cmsGetColorSpace(p) == cmsSigGrayData;
	uint8_t in[256][3], out[256][3];
	cmsHTRANSFORM t;

	if (p != NULL)
		cmsCloseProfile(p);
	pd_colour_init();
	t = make_transform(px->icc, px->icc_len,
	    grey ? TYPE_GRAY_8 : TYPE_RGB_8, srgb, TYPE_RGB_8,
	    cmsFLAGS_NOOPTIMIZE);
	if (t == NULL)
		return PD_JOB_BAD;
	for (unsigned i = 0; i < 256; i++) {
		memset(in[i], (int)i, 3);
		cmsDoTransform(t, in[i], out[i], 1);
	}
	cmsDeleteTransform(t);
	for (uint32_t y = 0; y < px->height; y++) {
		uint8_t *row = px->p + y * px->stride;

		for (uint32_t x = 0; x < px->width; x++)
			row[x] = out[row[x]][1];
	}
	pd_pixels_drop_icc(px);
	return PD_JOB_DONE;
}

enum pd_job_status
pd_colour_to_srgb(struct pd_pixels *px)
{
	cmsUInt32Number type = px->channels == 4 ? TYPE_RGBA_8 : TYPE_RGB_8;
	struct transform t;

	if (px->channels == 1)
		return grey_to_srgb(px);
	t = to_srgb(px, 3, type, type, cmsFLAGS_COPY_ALPHA);
	if (t.t == NULL)
		return PD_JOB_BAD;
	for (uint32_t y = 0; y < px->height; y++)
		cmsDoTransform(t.t, px->p + y * px->stride,
		    px->p + y * px->stride, px->width);
	transform_done(&t);
	pd_pixels_drop_icc(px);
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
	struct transform t = { .t = NULL };
	uint8_t *row = malloc((size_t)px->width * 3);

	if (row == NULL)
		return PD_JOB_MEMORY;
	if (px->icc != NULL) {
		t = to_srgb(px, 4, inverted ? TYPE_CMYK_8_REV : TYPE_CMYK_8,
		    TYPE_RGB_8, cmsFLAGS_GRIDPOINTS(CMYK_GRID));
		if (t.t == NULL) {
			free(row);
			return PD_JOB_BAD;
		}
	}
	for (uint32_t y = 0; y < px->height; y++) {
		const uint8_t *from = px->p + y * px->stride;

		if (t.t != NULL)
			cmsDoTransform(t.t, from, row, px->width);
		else
			plain_cmyk(from, row, px->width, inverted);
		/* Narrower than what is still to be read. */
		memcpy(px->p + (size_t)y * px->width * 3, row,
		    (size_t)px->width * 3);
	}
	free(row);
	transform_done(&t);
	px->channels = 3;
	px->stride = (size_t)px->width * 3;
	pd_pixels_drop_icc(px);
	return PD_JOB_DONE;
}
