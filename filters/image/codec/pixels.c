#include "filters/image/codec/pixels.h"

#include <stdlib.h>
#include <string.h>

int
pd_pixels_init(
    struct pd_pixels *px, uint32_t width, uint32_t height, unsigned channels)
{
	*px = (struct pd_pixels){
		.width = width,
		.height = height,
		.channels = channels,
		.stride = (size_t)width * channels,
	};
	px->p = malloc(px->stride * height);
	return px->p != NULL ? 0 : -1;
}

void
pd_pixels_finish(struct pd_pixels *px)
{
	free(px->p);
	px->p = NULL;
	pd_pixels_drop_icc(px);
}

void
pd_pixels_drop_icc(struct pd_pixels *px)
{
	free(px->icc);
	px->icc = NULL;
	px->icc_len = 0;
}

int
pd_pixels_turn(struct pd_pixels *px, unsigned orientation)
{
	bool swap = orientation >= 5;
	/* Where the new picture's origin lies in the old one, and which way
	 * its axes run there (EXIF 2.3, 4.6.4). */
	bool right = orientation == 2 || orientation == 3 || orientation == 7 ||
		     orientation == 8;
	bool bottom = orientation == 3 || orientation == 4 ||
		      orientation == 6 || orientation == 7;
	struct pd_pixels to;
	ptrdiff_t step_x, step_y;
	const uint8_t *origin = px->p;

	if (orientation <= 1 || orientation > 8)
		return 0;
	if (pd_pixels_init(&to, swap ? px->height : px->width,
		swap ? px->width : px->height, px->channels) != 0)
		return -1;
	step_x = right ? -(ptrdiff_t)px->channels : (ptrdiff_t)px->channels;
	step_y = bottom ? -(ptrdiff_t)px->stride : (ptrdiff_t)px->stride;
	if (right)
		origin += (size_t)(px->width - 1) * px->channels;
	if (bottom)
		origin += (size_t)(px->height - 1) * px->stride;
	for (uint32_t y = 0; y < to.height; y++) {
		const uint8_t *from =
		    origin + (ptrdiff_t)y * (swap ? step_x : step_y);
		ptrdiff_t step = swap ? step_y : step_x;
		uint8_t *row = to.p + y * to.stride;

		for (uint32_t x = 0; x < to.width; x++, from += step)
			for (unsigned c = 0; c < px->channels; c++)
				*row++ = from[c];
	}
	free(px->p);
	px->p = to.p;
	px->width = to.width;
	px->height = to.height;
	px->stride = to.stride;
	return 0;
}

void
pd_pixels_grey(struct pd_pixels *px)
{
	if (px->channels < 3)
		return;
	for (uint32_t y = 0; y < px->height; y++) {
		uint8_t *p = px->p + y * px->stride;

		for (uint32_t x = 0; x < px->width; x++, p += px->channels) {
			/* ITU-R BT.601's weights, of 65536. */
			unsigned l = (19595u * p[0] + 38470u * p[1] +
					 7471u * p[2] + 32768u) >>
				     16;

			p[0] = p[1] = p[2] = (uint8_t)l;
		}
	}
}

static bool
is_opaque(const struct pd_pixels *px)
{
	for (uint32_t y = 0; y < px->height; y++) {
		const uint8_t *p = px->p + y * px->stride + 3;
		uint8_t all = 255;

		for (uint32_t x = 0; x < px->width; x++)
			all &= p[(size_t)x * 4];
		if (all != 255)
			return false;
	}
	return true;
}

void
pd_pixels_drop_opaque(struct pd_pixels *px)
{
	if (px->channels != 4 || !is_opaque(px))
		return;
	for (uint32_t y = 0; y < px->height; y++) {
		const uint8_t *from = px->p + y * px->stride;
		uint8_t *to = px->p + (size_t)y * px->width * 3;

		for (uint32_t x = 0; x < px->width; x++, from += 4, to += 3) {
			to[0] = from[0];
			to[1] = from[1];
			to[2] = from[2];
		}
	}
	px->channels = 3;
	px->stride = (size_t)px->width * 3;
}

/* --- What kind of picture --------------------------------------------------
 */

#define TABLE_BITS 12
#define TABLE      (1u << TABLE_BITS) /* slots; a quarter is used at most */

struct table {
	uint32_t colour[TABLE];
	uint8_t used[TABLE];
	unsigned n;
};

/* What cannot be seen is 0, whatever lies below. */
static inline uint32_t
seen_at(const uint8_t *p, unsigned channels)
{
	uint32_t c = pd_pixels_at(p, channels);

	return (c & 255) != 0 ? c : 0;
}

static void
add_colour(struct table *t, uint32_t c)
{
	unsigned i = c * 2654435761u >> (32 - TABLE_BITS);

	while (t->used[i]) {
		if (t->colour[i] == c)
			return;
		i = (i + 1) % TABLE;
	}
	t->used[i] = 1;
	t->colour[i] = c;
	t->n++;
}

/* By alpha, so that a PNG's list of alphas ends early; then by colour, which
 * is the order pd_pixels_index() searches in. */
static int
by_alpha(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	x = x << 24 | x >> 8;
	y = y << 24 | y >> 8;
	return x < y ? -1 : x > y;
}

/* Ends at the first colour too many. */
static void
count_row(const struct pd_pixels *px, uint32_t y, struct table *t)
{
	const uint8_t *p = px->p + y * px->stride;
	uint32_t last = ~seen_at(p, px->channels);

	for (uint32_t x = 0; x < px->width; x++, p += px->channels) {
		uint32_t c = seen_at(p, px->channels);

		if (c == last)
			continue;
		last = c;
		add_colour(t, c);
		if (t->n > PD_PIXELS_COUNTED)
			return;
	}
}

static void
count_colours(const struct pd_pixels *px, struct pd_pixels_look *look)
{
	struct table t;
	unsigned n = 0;

	memset(t.used, 0, sizeof(t.used));
	t.n = 0;
	for (uint32_t y = 0; y < px->height && t.n <= PD_PIXELS_COUNTED; y++)
		count_row(px, y, &t);
	look->colours = t.n;
	if (t.n > PD_PIXELS_COLOURS)
		return;
	for (unsigned i = 0; i < TABLE; i++)
		if (t.used[i])
			look->palette[n++] = t.colour[i];
	qsort(look->palette, n, sizeof(look->palette[0]), by_alpha);
}

static bool
is_grey(const struct pd_pixels *px)
{
	for (uint32_t y = 0; y < px->height; y++) {
		const uint8_t *p = px->p + y * px->stride;
		unsigned colour = 0;

		for (uint32_t x = 0; x < px->width; x++, p += px->channels)
			if (px->channels == 3 || p[3] != 0)
				colour |= (p[0] ^ p[1]) | (p[1] ^ p[2]);
		if (colour != 0)
			return false;
	}
	return true;
}

static enum pd_pixels_alpha
alpha_kind(const struct pd_pixels *px)
{
	uint8_t all = 255;

	if (px->channels != 4)
		return PD_PIXELS_OPAQUE;
	for (uint32_t y = 0; y < px->height; y++) {
		const uint8_t *p = px->p + y * px->stride + 3;
		uint8_t soft = 0;

		for (uint32_t x = 0; x < px->width; x++) {
			uint8_t a = p[(size_t)x * 4];

			all &= a;
			soft |= (uint8_t)(a + 1) > 1;
		}
		if (soft)
			return PD_PIXELS_SOFT;
	}
	return all == 255 ? PD_PIXELS_OPAQUE : PD_PIXELS_BINARY;
}

/* What texture is judged by: pixels, about. */
#define SAMPLE  50000
#define STRETCH 16

struct texture {
	uint64_t seen, same;
	uint64_t stretches, busy;
};

/* A row that has one above it. */
static void
feel_row(const struct pd_pixels *px, uint32_t y, struct texture *t)
{
	unsigned n = px->channels, seen = 0, same = 0;
	const uint8_t *p = px->p + y * px->stride;
	const uint8_t *up = p - px->stride + n;
	uint32_t left = seen_at(p, n);

	p += n;
	for (uint32_t x = 1; x < px->width; x++, p += n, up += n) {
		uint32_t c = seen_at(p, n);

		seen += c != 0;
		same += c != 0 && c == left && c == seen_at(up, n);
		left = c;
		if (x % STRETCH != 0 && x + 1 < px->width)
			continue;
		t->seen += seen;
		t->same += same;
		if (seen >= STRETCH / 2) {
			t->stretches++;
			t->busy += same <= 1;
		}
		seen = same = 0;
	}
}

static struct texture
feel(const struct pd_pixels *px)
{
	uint64_t pixels = (uint64_t)px->width * px->height;
	uint32_t step = 1 + (uint32_t)(pixels / SAMPLE);
	struct texture t = { .seen = 0 };

	for (uint32_t y = 1; y < px->height; y += step)
		feel_row(px, y, &t);
	return t;
}

static unsigned
flatness(const struct texture *t)
{
	return t->seen > 0 ? (unsigned)(t->same * 100 / t->seen) : 100;
}

unsigned
pd_pixels_flat(const struct pd_pixels *px)
{
	struct texture t = feel(px);

	return flatness(&t);
}

void
pd_pixels_look(const struct pd_pixels *px, struct pd_pixels_look *look)
{
	struct texture t = feel(px);

	count_colours(px, look);
	look->grey = is_grey(px);
	look->alpha = alpha_kind(px);
	look->flat = flatness(&t);
	look->busy =
	    t.stretches > 0 ? (unsigned)(t.busy * 100 / t.stretches) : 0;
}

int
pd_pixels_index(const struct pd_pixels_look *look, uint32_t colour)
{
	const uint32_t *found = bsearch(&colour, look->palette, look->colours,
	    sizeof(look->palette[0]), by_alpha);

	return found != NULL ? (int)(found - look->palette) : -1;
}
