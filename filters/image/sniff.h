/*
 * What an image is, told from its bytes: format, size, and what decides
 * whether it may be changed. Nothing is decoded.
 *
 * The content type plays no part here: bytes do not lie about themselves.
 * Thread: any.
 */
#ifndef PD_SNIFF_H
#define PD_SNIFF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum pd_image_format {
	PD_IMAGE_NONE, /* no image that we know */
	PD_IMAGE_JPEG,
	PD_IMAGE_PNG,
	PD_IMAGE_GIF,
	PD_IMAGE_WEBP,
	PD_IMAGE_AVIF,
};

/* Bytes that pd_sniff_format() needs to know a format for certain. */
#define PD_SNIFF_MIN 16

/* No more pictures are counted: the rest of such a file is not looked at. */
#define PD_SNIFF_FRAMES_MAX 2000

/* Which colour profile comes with it. */
enum pd_image_profile {
	PD_IMAGE_PROFILE_NONE,
	PD_IMAGE_PROFILE_SRGB, /* an ICC profile whose primaries are sRGB's */
	PD_IMAGE_PROFILE_P3,   /* Display P3's; AVIF: or nclx that says so */
	PD_IMAGE_PROFILE_EMBEDDED, /* any other, or one that is compressed */
	PD_IMAGE_PROFILE_ODD,      /* gAMA, cICP or nclx that is neither */
};

struct pd_image_info {
	enum pd_image_format format;
	uint32_t width, height; /* as stored, before any turn */
	uint8_t components;     /* 1 grey, 2 grey and alpha, 3, 4 */
	uint8_t depth;          /* bits a sample */
	uint8_t orientation;    /* EXIF, 1..8; 1: upright or not told */
	enum pd_image_profile profile;
	bool alpha;    /* some pixel may be transparent */
	bool animated; /* more than one picture, shown one after the other */
	bool loops;    /* GIF: asks to be repeated, so is hardly still */
	bool gain_map; /* further pictures for displays of high range */
	bool lossless; /* PNG, GIF, VP8L: nothing was lost before us */
	bool palette;
	bool interlaced;  /* PNG, GIF; progressive JPEG */
	bool unsupported; /* legal, but no decoder of ours reads it */

	/* Pictures shown; 1 for a still. Of a beginning: those seen so far. */
	uint32_t frames;
	/* The sum of all pictures' own pixels, as the file codes them: what a
	 * decoder has to do. Width x height for a still. */
	uint64_t frame_pixels;

	/* JPEG alone. */
	uint8_t h[4], v[4]; /* sampling factors of the components */
	uint8_t quality;    /* 1..100 estimated from the tables; 0 unknown */
	uint32_t scans;

	/* PNG alone: bytes of chunks that are not the picture. */
	uint32_t ancillary;
};

/* From the first n bytes; NONE also when n is too small to tell. */
enum pd_image_format pd_sniff_format(const uint8_t *p, size_t n);

/*
 * Reads the structure of a whole image: 0, or -1 when it is none of ours or is
 * cut short or broken already on this level (*info then holds what was seen).
 * What stands behind an image's own end is ignored.
 */
int pd_sniff(const uint8_t *p, size_t n, struct pd_image_info *info);

/* "image/png" and so on; NULL for NONE. */
const char *pd_image_type(enum pd_image_format format);

#endif
