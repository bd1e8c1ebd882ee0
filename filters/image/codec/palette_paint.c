/*
 * The last step of a palette: its colours into the pixels.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "filters/image/codec/palette_part.h"

/* Of an error, the share that is passed on; the square below which a pixel is
 * left clean; and the longest that is passed on, lest edges bleed. */
#define DITHER_SHARE 0.8f
#define DITHER_CLEAN 4.0f
#define DITHER_MAX   20.0f

void
pd_palette_paint(struct quantiser *q)
{
	struct pd_pixels *px = q->px;
	const uint16_t *which = q->which;

	for (uint32_t y = 0; y < px->height; y++) {
		uint8_t *p = px->p + y * px->stride;

		for (uint32_t x = 0; x < px->width; x++, p += px->channels) {
			unsigned i = *which++;

			if (i == HIDDEN)
				memset(p, 0, 4);
			else
				memcpy(p, q->rgba[q->entry[i].index],
				    px->channels);
		}
	}
}

/* As Floyd and Steinberg: what a pixel is off by goes to those to come. */
struct errors {
	point *now, *next; /* of a row, and one more at either end */
};

static void
pass_on(struct errors *e, point off, size_t x, int ahead)
{
	point *next = e->next + x;
	float length = square(off);

	if (length > DITHER_MAX * DITHER_MAX)
		off *= DITHER_MAX / sqrtf(length);
	off *= DITHER_SHARE;
	e->now[(ptrdiff_t)x + ahead] += off * (7.0f / 16);
	next[-ahead] += off * (3.0f / 16);
	next[0] += off * (5.0f / 16);
	next[ahead] += off * (1.0f / 16);
}

static void
dither_row(struct quantiser *q, uint32_t y, struct errors *e)
{
	struct pd_pixels *px = q->px;
	unsigned n = px->channels;
	int ahead = y % 2 ? -1 : 1;
	size_t x = y % 2 ? px->width - 1 : 0;

	for (uint32_t k = 0; k < px->width; k++, x += (size_t)ahead) {
		unsigned i = q->which[(size_t)y * px->width + x], index;
		uint8_t *p = px->p + y * px->stride + x * n;
		point v;

		if (i == HIDDEN) {
			memset(p, 0, 4);
			continue;
		}
		v = point_at(p, n);
		index = q->entry[i].index;
		if (square(v - q->colour[index]) > DITHER_CLEAN) {
			v += e->now[x + 1];
			index = nearest(q, v);
			pass_on(e, v - q->colour[index], x + 1, ahead);
		}
		memcpy(p, q->rgba[index], n);
	}
}

int
pd_palette_dither(struct quantiser *q)
{
	size_t row = (size_t)q->px->width + 2;
	point *room = calloc(2 * row, sizeof(*room));
	struct errors e;

	if (room == NULL)
		return -1;
	e = (struct errors){ .now = room, .next = room + row };
	for (uint32_t y = 0; y < q->px->height; y++) {
		point *done = e.now;

		dither_row(q, y, &e);
		memset(done, 0, row * sizeof(*done));
		e.now = e.next;
		e.next = done;
	}
	free(room);
	return 0;
}
