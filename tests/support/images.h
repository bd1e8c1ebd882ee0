/*
 * Images made on the spot, for tests: small, of every kind that matters, and
 * with pixels that tell when they are turned or recoloured.
 *
 * The picture: red top left, green top right, blue bottom left, yellow bottom
 * right; with noise it is what a photograph is to an encoder. Each further
 * frame of an animation moves the colours on by a quarter, and stays 100 ms;
 * what is transparent stays where it is.
 */
#ifndef PD_TEST_IMAGES_H
#define PD_TEST_IMAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct image_want {
	unsigned width, height;
	unsigned noise; /* levels, 0..255 */

	/* JPEG. */
	unsigned quality;     /* 0: 92 */
	unsigned orientation; /* EXIF; 0: none is written */
	unsigned h, v;        /* luma's sampling; 0: 2 */
	bool progressive, cmyk, grey;
	bool mpf; /* says that further pictures follow */

	/* PNG: one of these, or else RGB. */
	bool palette, depth16;
	bool animated;   /* says so, and has one picture */
	bool interlaced; /* GIF, too */
	/* All but JPEG. */
	bool alpha; /* the bottom right quarter is transparent */
	bool p3;    /* AVIF: nclx says Display P3 */

	const uint8_t *icc;
	size_t icc_len;
};

struct image_bytes {
	uint8_t *p; /* to be freed */
	size_t n;
};

/* The pixel at x, y as RGBA, of a frame from 0. */
void image_pixel(const struct image_want *want, unsigned frame, unsigned x,
    unsigned y, uint8_t to[4]);

struct image_bytes make_jpeg(const struct image_want *want);
struct image_bytes make_png(const struct image_want *want);
/* The whole picture in every frame. The file has a fcTL for its first picture,
 * which is part of the animation. */
struct image_bytes make_apng(const struct image_want *want, unsigned frames);
/* frames: 1, or more for an animation. */
struct image_bytes make_gif(const struct image_want *want, unsigned frames);
struct image_bytes make_webp(const struct image_want *want, bool lossless);
/* As libwebp's mixed mode has it: each frame in whichever way is smaller, and
 * only what changed. Loops for ever. */
struct image_bytes
make_webp_anim(const struct image_want *want, unsigned frames);
/* 4:2:0, or 4:4:4 with h 1. The orientation becomes irot and imir. */
struct image_bytes make_avif(const struct image_want *want);
struct image_bytes
make_avif_seq(const struct image_want *want, unsigned frames);

/* Display P3's profile, one that is like it but for its curve (gamma 2.2), and
 * sRGB's; to be freed. */
struct image_bytes make_display_p3(void);
struct image_bytes make_p3(void);
struct image_bytes make_srgb(void);

/* RGBA, width x height x 4, of any of the formats, or NULL when it does not
 * decode; to be freed. Of an animation: the first frame. Turns and profiles are
 * not honoured. */
uint8_t *
decode_image(const uint8_t *p, size_t n, unsigned *width, unsigned *height);

#endif
