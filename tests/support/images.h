/*
 * Images made on the spot, for tests: small, of every kind that matters, and
 * with pixels that tell when they are turned or recoloured.
 *
 * The picture: red top left, green top right, blue bottom left, yellow bottom
 * right; with noise it is what a photograph is to an encoder.
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
	bool palette, depth16, animated;
	/* PNG and GIF. */
	bool alpha; /* the bottom right quarter is transparent */
	bool interlaced;

	const uint8_t *icc;
	size_t icc_len;
};

struct image_bytes {
	uint8_t *p; /* to be freed */
	size_t n;
};

struct image_bytes make_jpeg(const struct image_want *want);
struct image_bytes make_png(const struct image_want *want);
/* frames: 1, or more for an animation. */
struct image_bytes make_gif(const struct image_want *want, unsigned frames);

/* A profile like Display P3's, and sRGB's; to be freed. */
struct image_bytes make_p3(void);
struct image_bytes make_srgb(void);

/* RGBA, width x height x 4, of any of the formats, or NULL when it does not
 * decode; to be freed. EXIF and profiles are not honoured. */
uint8_t *
decode_image(const uint8_t *p, size_t n, unsigned *width, unsigned *height);

#endif
