/*
 * Pixels in memory, and what is done to them between decoding and encoding.
 */
#ifndef PD_PIXELS_H
#define PD_PIXELS_H

#include "filters/image/job.h"

/*
 * width x height, rows top-down, stride in bytes, 8 bits a sample: 1 channel
 * grey, 3 RGB, 4 RGBA with straight alpha (or CMYK, inside jpeg.c alone).
 */
struct pd_pixels {
	uint32_t width, height;
	unsigned channels;
	size_t stride;
	uint8_t *p; /* owned */
	/* The profile they are to be seen by, owned; NULL: sRGB. */
	uint8_t *icc;
	size_t icc_len;
};

/* The samples are not cleared. 0, or -1 without memory. */
int pd_pixels_init(
    struct pd_pixels *px, uint32_t width, uint32_t height, unsigned channels);
void pd_pixels_finish(struct pd_pixels *px);

/* As EXIF's orientation (1..8) says. 0, or -1 without memory. */
int pd_pixels_turn(struct pd_pixels *px, unsigned orientation);
/* RGB or RGBA to the grey of the same lightness, in place. */
void pd_pixels_grey(struct pd_pixels *px);
/* Takes out an alpha channel that is opaque everywhere, in place. */
void pd_pixels_drop_opaque(struct pd_pixels *px);

#define PD_PIXELS_COLOURS 256

struct pd_pixels_look {
	/* Distinct colours, alpha included; PD_PIXELS_COLOURS + 1: more. */
	unsigned colours;
	/* The colours, when they are not more: 0xRRGGBBAA, the least opaque
	 * first. */
	uint32_t palette[PD_PIXELS_COLOURS];
	/* Share, in percent, of the pixels that can be seen which equal both
	 * their left and their upper neighbour: photographs have up to 12,
	 * drawings and screens 30 and more. Of large pictures, from rows all
	 * over it. */
	unsigned flat;
	bool grey; /* every pixel, and opaque */
};

/* RGB or RGBA only. */
void pd_pixels_look(const struct pd_pixels *px, struct pd_pixels_look *look);
/* Where a colour of the palette stands in it; -1 when it does not. */
int pd_pixels_index(const struct pd_pixels_look *look, uint32_t colour);

static inline uint32_t
pd_pixels_at(const uint8_t *p, unsigned channels)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	       (uint32_t)p[2] << 8 | (channels == 4 ? p[3] : 255u);
}

#endif
