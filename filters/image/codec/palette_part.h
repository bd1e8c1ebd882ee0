/*
 * What the files of the palette share; for them alone.
 *
 *     palette.c        which colours
 *     palette_paint.c  the pixels in them
 */
#ifndef PD_PALETTE_PART_H
#define PD_PALETTE_PART_H

#include "filters/image/codec/palette.h"

#define COLOURS 256

/* Different colours in the histogram; a photograph's lose their low bits until
 * they fit. */
#define TABLE_BITS 15
#define TABLE      (1u << TABLE_BITS)
#define ENTRIES    (TABLE / 2)

/*
 * A colour as a point, such that the distance of two is how different they
 * look: the mean over a black and a white ground of the weighted squares. With
 * premultiplied p and p - a for the two grounds that is a sum of squares in
 * four dimensions: of p - a / 2 for each channel, and of a / 2 once for all.
 */
typedef float point __attribute__((vector_size(16)));
typedef int32_t mask __attribute__((vector_size(16)));

/* Roots of the eye's share of red, green and blue. */
static const float root[3] = { 0.506f, 0.716f, 0.481f };
/* Sets what is opaque apart from what is nearly, so that neither becomes the
 * other. Levels. */
#define OPAQUE_GAP 24.0f

struct entry {
	point x;
	float weight;
	uint32_t n;
	uint32_t colour; /* without its low bits */
	uint8_t index;   /* of the nearest colour */
};

struct box {
	unsigned from, n;   /* entries */
	point mean, spread; /* spread: weighted squares by axis */
};

struct quantiser {
	struct pd_pixels *px;
	bool hidden; /* some pixels cannot be seen */

	struct entry entry[ENTRIES];
	/* While it is counted: how far its pixels are from the first in all,
	 * since a million times the same is too much for a float; then how far
	 * each is from its colour. */
	point off[ENTRIES];
	unsigned nentries;
	uint16_t table[TABLE]; /* of an entry's number + 1, by colour */
	unsigned cut;          /* low bits that colours lost */
	uint16_t *which;       /* of each pixel: entry, or HIDDEN */

	struct box box[COLOURS];
	point colour[COLOURS];
	point lanes[COLOURS / 4][4]; /* the same: four colours by axis */
	uint8_t rgba[COLOURS][4];
	unsigned n;
};

#define HIDDEN UINT16_MAX /* in which: cannot be seen */

static inline float
square(point v)
{
	v *= v;
	return v[0] + v[1] + v[2] + v[3];
}

static inline point
point_at(const uint8_t *p, unsigned channels)
{
	float a = channels == 4 ? p[3] : 255, part = a / 255, half = a / 2;
	point v = { root[0] * ((float)p[0] * part - half),
		root[1] * ((float)p[1] * part - half),
		root[2] * ((float)p[2] * part - half), half };

	if (a > 254)
		v[3] += OPAQUE_GAP;
	return v;
}

/* The nearest colour's index. All are looked at, four at a time: 0.2 us of 256;
 * to know which need not be takes longer. */
static inline unsigned
nearest(const struct quantiser *q, point x)
{
	point least = { 1e30f, 1e30f, 1e30f, 1e30f };
	mask at = { 0 }, best = { 0 };
	unsigned lane = 0;

	for (unsigned i = 0; i < (q->n + 3) / 4; i++, at += 1) {
		const point *l = q->lanes[i];
		point r = l[0] - x[0], g = l[1] - x[1], b = l[2] - x[2];
		point a = l[3] - x[3], d = r * r + g * g + b * b + a * a;
		mask less = d < least;

		least = (point)((less & (mask)d) | (~less & (mask)least));
		best = (less & at) | (~less & best);
	}
	for (unsigned k = 1; k < 4; k++)
		if (least[k] < least[lane])
			lane = k;
	return (unsigned)best[lane] * 4 + lane;
}

/* Every pixel in the colour of its entry. */
void pd_palette_paint(struct quantiser *q);
/* The same, what a pixel is off by passed on to those around it. 0, or -1
 * without memory. */
int pd_palette_dither(struct quantiser *q);

#endif
