#include "filters/image/codec/near.h"

#include <stdlib.h>
#include <string.h>

/* Low bits that may go, in the first pass; each later one takes one less. */
#define BITS 2

/* Rows as they were before the pass: what is evened out must not count as a
 * neighbour. */
struct window {
	uint8_t *rough; /* of each sample: differs from a neighbour */
	uint8_t *above, *row, *below;
};

static inline uint8_t
differs(uint8_t a, uint8_t b, uint8_t limit)
{
	uint8_t d = a > b ? (uint8_t)(a - b) : (uint8_t)(b - a);

	return d >= limit;
}

/* A plain loop over bytes, which the compiler makes wide ones of. */
static void
mark(const struct window *w, size_t from, size_t to, unsigned channels,
    uint8_t limit)
{
	const uint8_t *row = w->row, *above = w->above, *below = w->below;
	const uint8_t *left = row - channels, *right = row + channels;
	uint8_t *rough = w->rough;

	for (size_t i = from; i < to; i++) {
		uint8_t v = row[i];

		rough[i] = (uint8_t)(differs(v, left[i], limit) |
				     differs(v, right[i], limit) |
				     differs(v, above[i], limit) |
				     differs(v, below[i], limit));
	}
}

/* To a multiple of 1 << bits, halves to the even one; 255 stays. */
static inline uint8_t
rounded(uint8_t v, unsigned bits)
{
	unsigned mask = (1u << bits) - 1;
	unsigned up = v + (mask >> 1) + (v >> bits & 1);

	return up > 255 ? 255 : (uint8_t)(up & ~mask);
}

/* Part of something even, such as the edge of a letter or of a box: moved, it
 * would be one colour more and not one less. */
static bool
has_a_twin(const struct window *w, size_t i, unsigned n)
{
	uint32_t c = pd_pixels_at(w->row + i, n);

	return c == pd_pixels_at(w->row + i - n, n) ||
	       c == pd_pixels_at(w->row + i + n, n) ||
	       c == pd_pixels_at(w->above + i, n) ||
	       c == pd_pixels_at(w->below + i, n);
}

static void
even_row(const struct pd_pixels *px, const struct window *w, uint32_t y,
    unsigned bits)
{
	unsigned n = px->channels;
	uint8_t *to = px->p + y * px->stride;
	size_t end = (size_t)(px->width - 1) * n;

	mark(w, n, end, n, (uint8_t)(1u << bits));
	for (size_t i = n; i < end; i += n) {
		uint8_t any = w->rough[i] | w->rough[i + 1] | w->rough[i + 2];

		if (n == 4)
			any |= w->rough[i + 3];
		if (any == 0 || has_a_twin(w, i, n))
			continue;
		for (size_t k = i; k < i + n; k++)
			to[k] = rounded(w->row[k], bits);
	}
}

static void
even_pass(struct pd_pixels *px, struct window *w, unsigned bits)
{
	size_t bytes = (size_t)px->width * px->channels;

	memcpy(w->row, px->p, bytes);
	memcpy(w->below, px->p + px->stride, bytes);
	for (uint32_t y = 1; y + 1 < px->height; y++) {
		uint8_t *oldest = w->above;

		w->above = w->row;
		w->row = w->below;
		w->below = oldest;
		memcpy(w->below, px->p + (y + 1) * px->stride, bytes);
		even_row(px, w, y, bits);
	}
}

int
pd_near_even(struct pd_pixels *px)
{
	size_t bytes = (size_t)px->width * px->channels;
	struct window w;
	uint8_t *memory;

	if (px->width < 3 || px->height < 3 || px->channels < 3)
		return 0;
	memory = malloc(bytes * 4);
	if (memory == NULL)
		return -1;
	w = (struct window){ .rough = memory,
		.above = memory + bytes,
		.row = memory + bytes * 2,
		.below = memory + bytes * 3 };
	for (unsigned bits = BITS; bits > 0; bits--)
		even_pass(px, &w, bits);
	free(memory);
	return 0;
}
