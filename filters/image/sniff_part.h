/*
 * What the readers of sniff.c's formats share: a cursor over bytes that cannot
 * leave them, and each format's reader.
 */
#ifndef PD_SNIFF_PART_H
#define PD_SNIFF_PART_H

#include <string.h>

#include "filters/image/sniff.h"

/* Reads beyond the end set bad and give zero. */
struct bytes {
	const uint8_t *p;
	size_t n, at;
	bool bad;
};

static inline uint8_t
get8(struct bytes *b)
{
	if (b->at >= b->n) {
		b->bad = true;
		return 0;
	}
	return b->p[b->at++];
}

static inline uint16_t
get16(struct bytes *b)
{
	uint16_t hi = get8(b);

	return (uint16_t)(hi << 8 | get8(b));
}

static inline uint32_t
get32(struct bytes *b)
{
	uint32_t hi = get16(b);

	return hi << 16 | get16(b);
}

static inline uint64_t
get64(struct bytes *b)
{
	uint64_t hi = get32(b);

	return hi << 32 | get32(b);
}

static inline uint16_t
get16le(struct bytes *b)
{
	uint16_t lo = get8(b);

	return (uint16_t)(lo | get8(b) << 8);
}

static inline uint32_t
get24le(struct bytes *b)
{
	uint32_t lo = get16le(b);

	return lo | (uint32_t)get8(b) << 16;
}

static inline uint32_t
get32le(struct bytes *b)
{
	uint32_t lo = get16le(b);

	return lo | (uint32_t)get16le(b) << 16;
}

static inline size_t
left(const struct bytes *b)
{
	return b->n - b->at;
}

/*
 * The next len bytes as a cursor of their own; this one goes past them. When
 * they are fewer, both are as far as they go, and this one is bad.
 */
static inline struct bytes
part(struct bytes *b, uint64_t len)
{
	struct bytes s = { .p = b->p + b->at };

	if (len > left(b)) {
		b->bad = true;
		len = left(b);
	}
	s.n = (size_t)len;
	b->at += s.n;
	return s;
}

/* The rest as a cursor that stands at its beginning. */
static inline struct bytes
rest(struct bytes b)
{
	return part(&b, left(&b));
}

static inline bool
starts(const struct bytes *b, const char *magic, size_t len)
{
	return left(b) >= len && memcmp(b->p + b->at, magic, len) == 0;
}

/* Goes past what it starts with, or stays. */
static inline bool
skip(struct bytes *b, const char *magic, size_t len)
{
	bool found = starts(b, magic, len);

	b->at += found ? len : 0;
	return found;
}

/* With a literal, whose NUL at the end does not count. */
#define STARTS(b, lit) starts((b), (lit), sizeof(lit) - 1)
#define SKIP(b, lit)   skip((b), (lit), sizeof(lit) - 1)

/* Four letters as the number that get32() gives for them. */
#define FOUR(a, b, c, d)                                                  \
	((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 | \
	    (uint32_t)(d))

/*
 * Each as pd_sniff(): b is the whole file, *info has its format and an
 * orientation of 1. Frames and frame_pixels are left at 0 unless animated.
 */
int pd_sniff_jpeg(struct bytes b, struct pd_image_info *info);
int pd_sniff_png(struct bytes b, struct pd_image_info *info);
int pd_sniff_gif(struct bytes b, struct pd_image_info *info);
int pd_sniff_webp(struct bytes b, struct pd_image_info *info);
int pd_sniff_avif(struct bytes b, struct pd_image_info *info);

/* The orientation in EXIF's TIFF structure, cut short or not; 1 when it has
 * none. */
uint8_t pd_sniff_exif(struct bytes tiff);

/*
 * SRGB or P3 when the profile shows pixels as these do, else EMBEDDED: also
 * when it is cut short before that is seen. It may be a CMYK or grey one.
 */
enum pd_image_profile pd_sniff_icc(struct bytes icc);

/* H.273's code points of colour: SRGB, P3, or ODD for any other. */
enum pd_image_profile pd_sniff_cicp(unsigned primaries, unsigned transfer);

#endif
