/*
 * Pixels in memory, and what is done to them between decoding and encoding.
 */
#ifndef PD_PIXELS_H
#define PD_PIXELS_H

#include "filters/image/job.h"

/*
 * width x height, rows top-down, stride in bytes, 8 bits a sample: 1 channel
 * grey, 3 RGB, 4 RGBA with straight alpha (or CMYK, from jpeg.c to
 * pd_colour_cmyk()).
 */
struct pd_pixels {
	uint32_t width, height;
	unsigned channels;
	size_t stride;
	uint8_t *p; /* owned */
	/* The profile they are to be seen by, owned; NULL: sRGB, or P3. */
	uint8_t *icc;
	size_t icc_len;
	bool p3; /* Display P3; icc is NULL then */
};

/* The samples are not cleared. 0, or -1 without memory. */
int pd_pixels_init(
    struct pd_pixels *px, uint32_t width, uint32_t height, unsigned channels);
void pd_pixels_finish(struct pd_pixels *px);
/* Forgets the profile; the samples stay as they are. */
void pd_pixels_drop_icc(struct pd_pixels *px);

/* As EXIF's orientation (1..8) says. 0, or -1 without memory. */
int pd_pixels_turn(struct pd_pixels *px, unsigned orientation);
/* RGB or RGBA to the grey of the same lightness, in place. */
void pd_pixels_grey(struct pd_pixels *px);
/* Takes out an alpha channel that is opaque everywhere, in place. */
void pd_pixels_drop_opaque(struct pd_pixels *px);

#define PD_PIXELS_COLOURS 256
/* Colours are counted no further. */
#define PD_PIXELS_COUNTED 1024

enum pd_pixels_alpha {
	PD_PIXELS_OPAQUE,
	PD_PIXELS_BINARY, /* some pixels are there, some not */
	PD_PIXELS_SOFT,   /* some shine through */
};

struct pd_pixels_look {
	/* Distinct colours, alpha included; all that cannot be seen is one.
	 * PD_PIXELS_COUNTED + 1: more. */
	unsigned colours;
	/* The colours, when they are PD_PIXELS_COLOURS or less: 0xRRGGBBAA,
	 * the least opaque first; what cannot be seen is 0. */
	uint32_t palette[PD_PIXELS_COLOURS];
	/* Share, in percent, of the pixels that can be seen which equal both
	 * their left and their upper neighbour: photographs have up to 12,
	 * drawings and screens 30 and more. Of large pictures, as the next
	 * one, from rows all over it. */
	unsigned flat;
	/* Share, in percent, of the stretches of 16 pixels in which at most one
	 * is flat in that sense: the part of the picture that is photograph,
	 * gradient or dither: drawings have up to 8, a screenshot with a
	 * photograph in it 25, photographs 65 and more. */
	unsigned busy;
	enum pd_pixels_alpha alpha;
	bool grey; /* every pixel that can be seen */
};

/* RGB or RGBA only. */
void pd_pixels_look(const struct pd_pixels *px, struct pd_pixels_look *look);
/* look->flat alone. */
unsigned pd_pixels_flat(const struct pd_pixels *px);
/* Where a colour of the palette stands in it; -1 when it does not. What cannot
 * be seen is asked for as 0. */
int pd_pixels_index(const struct pd_pixels_look *look, uint32_t colour);

static inline uint32_t
pd_pixels_at(const uint8_t *p, unsigned channels)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	       (uint32_t)p[2] << 8 | (channels == 4 ? p[3] : 255u);
}

#endif
