/*
 * Colour profiles that say no more than a name (ICC.1:2010).
 *
 * What lcms2 would find by transforming colours takes it 300 us. This compares
 * the matrix and the curves, and knows sRGB and Display P3 alone: a profile
 * that it takes for one of them must not be seen to differ, one that it fails
 * to know costs only the long way.
 */
#include <math.h>

#include "filters/image/sniff_part.h"

#define HEADER   128
#define TAGS_MAX 100 /* real profiles have 9 to 30 */

/* Levels of 255 that a curve may be off, and what a primary may. */
#define LEVELS    2
#define TOLERANCE 0.003

enum { RED, GREEN, BLUE, COLOURS };

/* What a profile's tags say; a tag that is cut off or broken is empty. */
struct tags {
	struct bytes primary[COLOURS], curve[COLOURS];
	bool more; /* tables or code points that go before the matrix */
};

static int
colour_of(uint8_t letter)
{
	return letter == 'r' ? RED : letter == 'g' ? GREEN : BLUE;
}

static bool
read_tags(struct bytes icc, struct tags *tags)
{
	uint32_t count;

	*tags = (struct tags){ .more = false };
	icc.at = HEADER;
	count = get32(&icc);
	if (icc.bad || count > TAGS_MAX)
		return false;
	for (uint32_t i = 0; i < count; i++) {
		struct bytes sub = icc;
		uint32_t name = get32(&icc), at = get32(&icc);
		uint32_t len = get32(&icc);

		if (icc.bad)
			return false;
		sub.at = at < sub.n ? at : sub.n;
		sub = part(&sub, len);
		switch (name) {
		case FOUR('r', 'X', 'Y', 'Z'):
		case FOUR('g', 'X', 'Y', 'Z'):
		case FOUR('b', 'X', 'Y', 'Z'):
			tags->primary[colour_of((uint8_t)(name >> 24))] = sub;
			break;
		case FOUR('r', 'T', 'R', 'C'):
		case FOUR('g', 'T', 'R', 'C'):
		case FOUR('b', 'T', 'R', 'C'):
			tags->curve[colour_of((uint8_t)(name >> 24))] = sub;
			break;
		case FOUR('A', '2', 'B', '0'):
		case FOUR('A', '2', 'B', '1'):
		case FOUR('D', '2', 'B', '0'):
		case FOUR('D', '2', 'B', '1'):
		case FOUR('c', 'i', 'c', 'p'):
			tags->more = true;
			break;
		}
	}
	return true;
}

/* s15Fixed16Number. */
static double
get_fixed(struct bytes *b)
{
	return (int32_t)get32(b) / 65536.0;
}

static bool
primaries_are(const struct tags *tags, const double want[COLOURS][3])
{
	for (unsigned c = 0; c < COLOURS; c++) {
		struct bytes b = tags->primary[c];

		if (get32(&b) != FOUR('X', 'Y', 'Z', ' '))
			return false;
		get32(&b);
		for (unsigned i = 0; i < 3; i++)
			if (fabs(get_fixed(&b) - want[c][i]) > TOLERANCE)
				return false;
		if (b.bad)
			return false;
	}
	return true;
}

/* --- Curves ----------------------------------------------------------------
 */

/* A curve's formula, in the order of its parameters: what those that a kind
 * lacks are makes it the last kind. */
struct formula {
	double g, a, b, c, d, e, f;
};

/* parametricCurveType, 10.16. */
static bool
read_formula(struct bytes b, struct formula *f)
{
	unsigned kind;

	get32(&b);
	get32(&b);
	kind = get16(&b);
	get16(&b);
	*f = (struct formula){ .g = get_fixed(&b), .a = 1 };
	if (kind >= 1) {
		f->a = get_fixed(&b);
		f->b = get_fixed(&b);
		f->d = f->a != 0 ? -f->b / f->a : 0;
	}
	if (kind == 2)
		f->e = f->f = get_fixed(&b);
	if (kind >= 3) {
		f->c = get_fixed(&b);
		f->d = get_fixed(&b);
	}
	if (kind == 4) {
		f->e = get_fixed(&b);
		f->f = get_fixed(&b);
	}
	return !b.bad && kind <= 4;
}

static double
by_formula(const struct formula *f, double x)
{
	return x >= f->d ? pow(f->a * x + f->b, f->g) + f->e : f->c * x + f->f;
}

/* curveType, 10.6, of n > 1 entries that begin at b. */
static double
by_table(struct bytes b, uint32_t n, double x)
{
	double at = x * (n - 1);
	uint32_t i = (uint32_t)at;
	double low, high;

	if (i > n - 2)
		i = n - 2;
	b.at += (size_t)i * 2;
	low = get16(&b);
	high = get16(&b);
	return (low + (high - low) * (at - i)) / 65535;
}

/* The light of sRGB's levels, LEVELS below and above. */
static const struct {
	double level, least, most;
} points[] = {
	{ 12, 0.00304, 0.00439 },
	{ 20, 0.00605, 0.00802 },
	{ 40, 0.01938, 0.02315 },
	{ 64, 0.04817, 0.05448 },
	{ 96, 0.11193, 0.12214 },
	{ 128, 0.20864, 0.22323 },
	{ 160, 0.34191, 0.36131 },
	{ 200, 0.56471, 0.59062 },
	{ 230, 0.77582, 0.80695 },
};

static bool
curve_is_srgb(struct bytes b)
{
	struct formula f = { .g = 1 };
	bool table = false;
	uint32_t n = 0;

	if (STARTS(&b, "para")) {
		if (!read_formula(b, &f))
			return false;
	} else if (STARTS(&b, "curv")) {
		b.at = 8;
		n = get32(&b);
		if (b.bad || n > left(&b) / 2)
			return false;
		table = n > 1;
		if (n == 1)
			f = (struct formula){ .g = get16(&b) / 256.0, .a = 1 };
	} else {
		return false;
	}
	for (size_t i = 0; i < sizeof(points) / sizeof(points[0]); i++) {
		double x = points[i].level / 255;
		double y = table ? by_table(b, n, x) : by_formula(&f, x);

		/* This way round for what is no number. */
		if (!(y >= points[i].least && y <= points[i].most))
			return false;
	}
	return true;
}

enum pd_image_profile
pd_sniff_icc(struct bytes icc)
{
	/* As a profile has them: adapted to D50. */
	static const double srgb[COLOURS][3] = {
		[RED] = { 0.43607, 0.22249, 0.01392 },
		[GREEN] = { 0.38515, 0.71687, 0.09708 },
		[BLUE] = { 0.14307, 0.06061, 0.71410 },
	};
	static const double p3[COLOURS][3] = {
		[RED] = { 0.51512, 0.24120, -0.00105 },
		[GREEN] = { 0.29198, 0.69225, 0.04189 },
		[BLUE] = { 0.15710, 0.06657, 0.78407 },
	};
	struct tags tags;
	enum pd_image_profile kind;

	if (icc.n < HEADER || memcmp(icc.p + 16, "RGB XYZ ", 8) != 0 ||
	    memcmp(icc.p + 36, "acsp", 4) != 0 || !read_tags(icc, &tags) ||
	    tags.more)
		return PD_IMAGE_PROFILE_EMBEDDED;
	if (primaries_are(&tags, srgb))
		kind = PD_IMAGE_PROFILE_SRGB;
	else if (primaries_are(&tags, p3))
		kind = PD_IMAGE_PROFILE_P3;
	else
		return PD_IMAGE_PROFILE_EMBEDDED;
	for (unsigned c = 0; c < COLOURS; c++) {
		/* All three are mostly one. */
		if (c > 0 && tags.curve[c].p == tags.curve[c - 1].p &&
		    tags.curve[c].n == tags.curve[c - 1].n)
			continue;
		if (!curve_is_srgb(tags.curve[c]))
			return PD_IMAGE_PROFILE_EMBEDDED;
	}
	return kind;
}

enum pd_image_profile
pd_sniff_cicp(unsigned primaries, unsigned transfer)
{
	enum { BT709 = 1, UNSPECIFIED = 2, P3 = 12, SRGB = 13 };

	/* BT.709's own curve is drawn as its own by some viewers, and as
	 * sRGB's by others. */
	if (transfer != SRGB && transfer != UNSPECIFIED)
		return PD_IMAGE_PROFILE_ODD;
	if (primaries == BT709 || primaries == UNSPECIFIED)
		return PD_IMAGE_PROFILE_SRGB;
	return primaries == P3 && transfer == SRGB ? PD_IMAGE_PROFILE_P3
						   : PD_IMAGE_PROFILE_ODD;
}
