#include "filters/image/codec/planes.h"

#include <stdlib.h>
#include <string.h>

#include "filters/image/codec/pixels.h"

int
pd_planes_init(struct pd_planes *pl, uint32_t width, uint32_t height,
    unsigned shift_x, unsigned shift_y)
{
	size_t half = ((size_t)height + shift_y) >> shift_y;

	*pl = (struct pd_planes){ .shift_x = (uint8_t)shift_x,
		.shift_y = (uint8_t)shift_y };
	pl->width = width;
	pl->height = height;
	pl->y_stride = width;
	pl->uv_stride = ((size_t)width + shift_x) >> shift_x;
	pl->y = malloc(pl->y_stride * height + 2 * pl->uv_stride * half);
	if (pl->y == NULL)
		return -1;
	pl->u = pl->y + pl->y_stride * height;
	pl->v = pl->u + pl->uv_stride * half;
	return 0;
}

void
pd_planes_finish(struct pd_planes *pl)
{
	free(pl->y);
	pl->y = NULL;
}

/* --- From RGB --------------------------------------------------------------
 */

/* JFIF's equations (BT.601, full range) with 16 bits behind the point. */
#define ONE   65536
#define HALF  (ONE / 2)
#define Y_R   19595
#define Y_G   38470
#define Y_B   7471
#define CB_R  (-11059)
#define CB_G  (-21709)
#define CR_G  (-27439)
#define CR_B  (-5329)
#define C_OWN 32768 /* blue in Cb, red in Cr */
#define BIAS  (128 * ONE + HALF - 1)

static void
luma_row(const uint8_t *from, unsigned channels, uint8_t *to, size_t width)
{
	for (size_t x = 0; x < width; x++, from += channels)
		to[x] = (uint8_t)((Y_R * from[0] + Y_G * from[1] +
				      Y_B * from[2] + HALF) /
				  ONE);
}

/* The sums of 1 << shift pixels' red, green and blue to one sample of each. */
static inline void
put_chroma(const int sum[3], int shift, uint8_t *u, uint8_t *v)
{
	int bias = BIAS << shift;

	*u =
	    (uint8_t)((CB_R * sum[0] + CB_G * sum[1] + C_OWN * sum[2] + bias) >>
		      (16 + shift));
	*v =
	    (uint8_t)((C_OWN * sum[0] + CR_G * sum[1] + CR_B * sum[2] + bias) >>
		      (16 + shift));
}

static void
full_row(const uint8_t *from, unsigned channels, uint8_t *u, uint8_t *v,
    size_t width)
{
	for (size_t x = 0; x < width; x++, from += channels) {
		int sum[3] = { from[0], from[1], from[2] };

		put_chroma(sum, 0, u + x, v + x);
	}
}

/* Two rows to one of half the width; at an odd edge the last pixel counts
 * twice. */
static void
half_row(const uint8_t *a, const uint8_t *b, unsigned channels, uint8_t *u,
    uint8_t *v, size_t width)
{
	for (size_t x = 0; x < width; x += 2) {
		size_t at = x * channels;
		size_t next = x + 1 < width ? at + channels : at;
		int sum[3];

		for (size_t c = 0; c < 3; c++)
			sum[c] =
			    a[at + c] + a[next + c] + b[at + c] + b[next + c];
		put_chroma(sum, 2, u + x / 2, v + x / 2);
	}
}

static void
grey_rows(const struct pd_pixels *px, struct pd_planes *pl)
{
	for (uint32_t y = 0; y < px->height; y++)
		memcpy(pl->y + y * pl->y_stride, px->p + y * px->stride,
		    px->width);
	memset(pl->u, 128,
	    2 * pl->uv_stride *
		(((size_t)pl->height + pl->shift_y) >> pl->shift_y));
}

static void
colour_rows(const struct pd_pixels *px, struct pd_planes *pl)
{
	for (uint32_t y = 0; y < px->height; y++) {
		const uint8_t *row = px->p + y * px->stride;
		size_t at = (y >> pl->shift_y) * pl->uv_stride;

		luma_row(
		    row, px->channels, pl->y + y * pl->y_stride, px->width);
		if (pl->shift_y == 0)
			full_row(row, px->channels, pl->u + at, pl->v + at,
			    px->width);
		else if (y % 2 == 0)
			half_row(row,
			    y + 1 < px->height ? row + px->stride : row,
			    px->channels, pl->u + at, pl->v + at, px->width);
	}
}

int
pd_planes_from_pixels(
    struct pd_planes *pl, const struct pd_pixels *px, bool half)
{
	unsigned shift = half || px->channels == 1;

	if (pd_planes_init(pl, px->width, px->height, shift, shift) != 0)
		return -1;
	pl->full_range = true;
	pl->grey = px->channels == 1;
	if (pl->grey)
		grey_rows(px, pl);
	else
		colour_rows(px, pl);
	return 0;
}

/* --- Range -----------------------------------------------------------------
 */

static void
map(uint8_t *p, size_t stride, uint32_t width, uint32_t height,
    const uint8_t to[256])
{
	for (uint32_t y = 0; y < height; y++, p += stride)
		for (uint32_t x = 0; x < width; x++)
			p[x] = to[p[x]];
}

void
pd_planes_limit(struct pd_planes *pl)
{
	uint32_t width = (pl->width + pl->shift_x) >> pl->shift_x;
	uint32_t height = (pl->height + pl->shift_y) >> pl->shift_y;
	uint8_t luma[256], chroma[256];

	for (int i = 0; i < 256; i++) {
		int c = (i - 128) * 224;

		luma[i] = (uint8_t)(16 + (i * 219 + 127) / 255);
		chroma[i] = (uint8_t)(128 + (c + (c < 0 ? -127 : 127)) / 255);
	}
	map(pl->y, pl->y_stride, pl->width, pl->height, luma);
	if (!pl->grey) {
		map(pl->u, pl->uv_stride, width, height, chroma);
		map(pl->v, pl->uv_stride, width, height, chroma);
	}
	pl->full_range = false;
}

/* --- Edges of colour -------------------------------------------------------
 */

/* Distances from the mean, summed over a block's eight samples of chroma, that
 * count as an edge. */
#define EDGE 16

/* Of large pictures every second, third ... pair of rows says enough. */
#define EDGE_PIXELS 300000

/* Sum of the distances of four samples from their mean. */
static inline int
spread(int a, int b, int c, int d)
{
	int mean = (a + b + c + d + 2) / 4;

	return abs(a - mean) + abs(b - mean) + abs(c - mean) + abs(d - mean);
}

static unsigned
planes_row(const struct pd_planes *pl, uint32_t y)
{
	const uint8_t *u = pl->u + y * pl->uv_stride;
	const uint8_t *v = pl->v + y * pl->uv_stride;
	const uint8_t *u2 = u + pl->uv_stride, *v2 = v + pl->uv_stride;
	unsigned edges = 0;

	for (size_t x = 0; x + 1 < pl->width; x += 2)
		edges += spread(u[x], u[x + 1], u2[x], u2[x + 1]) +
			     spread(v[x], v[x + 1], v2[x], v2[x + 1]) >
			 EDGE;
	return edges;
}

static inline void
chroma_of(const uint8_t *p, uint8_t *u, uint8_t *v)
{
	int sum[3] = { p[0], p[1], p[2] };

	put_chroma(sum, 0, u, v);
}

static unsigned
pixels_row(const struct pd_pixels *px, uint32_t y)
{
	const uint8_t *row = px->p + y * px->stride;
	size_t n = px->channels;
	unsigned edges = 0;

	for (size_t x = 0; x + 1 < px->width; x += 2) {
		const uint8_t *p = row + x * n, *q = p + px->stride;
		uint8_t u[4], v[4];

		chroma_of(p, &u[0], &v[0]);
		chroma_of(p + n, &u[1], &v[1]);
		chroma_of(q, &u[2], &v[2]);
		chroma_of(q + n, &u[3], &v[3]);
		edges += spread(u[0], u[1], u[2], u[3]) +
			     spread(v[0], v[1], v[2], v[3]) >
			 EDGE;
	}
	return edges;
}

/* Rows from one pair that is looked at to the next. */
static uint32_t
edge_step(uint32_t width, uint32_t height)
{
	uint64_t all = (uint64_t)width * height;

	return 2 * (1 + (uint32_t)(all / EDGE_PIXELS));
}

static unsigned
per_mille(uint64_t edges, uint64_t rows, uint32_t width)
{
	uint64_t blocks = rows * (width / 2);

	return blocks == 0 ? 0 : (unsigned)(edges * 1000 / blocks);
}

unsigned
pd_planes_chroma_edges(const struct pd_planes *pl)
{
	uint32_t step = edge_step(pl->width, pl->height);
	uint64_t edges = 0, rows = 0;

	if (pl->grey || pl->shift_x != 0 || pl->shift_y != 0)
		return 0;
	for (uint32_t y = 0; y + 1 < pl->height; y += step, rows++)
		edges += planes_row(pl, y);
	return per_mille(edges, rows, pl->width);
}

unsigned
pd_pixels_chroma_edges(const struct pd_pixels *px)
{
	uint32_t step = edge_step(px->width, px->height);
	uint64_t edges = 0, rows = 0;

	if (px->channels < 3)
		return 0;
	for (uint32_t y = 0; y + 1 < px->height; y += step, rows++)
		edges += pixels_row(px, y);
	return per_mille(edges, rows, px->width);
}
