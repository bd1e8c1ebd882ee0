/* What the files of images.h share. */
#ifndef PD_TEST_IMAGES_PART_H
#define PD_TEST_IMAGES_PART_H

#include "images.h"

/* The length of write_tiff()'s bytes. */
#define TIFF_LEN 26

/* EXIF's directory with an orientation and nothing else. */
void write_tiff(uint8_t to[TIFF_LEN], unsigned orientation);

/* A frame as RGBA, width x height x 4; to be freed. */
uint8_t *image_pixels(const struct image_want *want, unsigned frame);

uint8_t *
decode_webp(const uint8_t *p, size_t n, unsigned *width, unsigned *height);
uint8_t *
decode_avif(const uint8_t *p, size_t n, unsigned *width, unsigned *height);

#endif
