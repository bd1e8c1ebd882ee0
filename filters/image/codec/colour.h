/*
 * Colour profiles: which may be dropped, which must stay, and conversion to
 * sRGB by lcms2 for the rest.
 */
#ifndef PD_COLOUR_H
#define PD_COLOUR_H

#include "filters/image/codec/pixels.h"

/* A profile that stays is small and simple; longer ones are converted. */
#define PD_COLOUR_KEEP_MAX 4096
/* No profile longer than this is looked at. */
#define PD_COLOUR_ICC_MAX (4u << 20)

enum pd_colour_kind {
	PD_COLOUR_SRGB,     /* says nothing new: drop it */
	PD_COLOUR_KEEP,     /* RGB by matrix and curves: embed it again */
	PD_COLOUR_CONVERT,  /* must become sRGB */
	PD_COLOUR_UNUSABLE, /* broken, or not for this many channels */
};

/*
 * Once, before the process is confined: lcms2 dates what it makes, and the C
 * library opens a file to learn the time zone, which it then remembers.
 */
void pd_colour_init(void);
/* Frees what init made; tests that look for leaks call it. */
void pd_colour_finish(void);

/* channels: 1 grey, 3 RGB, 4 CMYK. */
enum pd_colour_kind
pd_colour_judge(const uint8_t *icc, size_t len, unsigned channels);

/* RGB or RGBA in place; px->icc is dropped. MEMORY, BAD. */
enum pd_job_status pd_colour_to_srgb(struct pd_pixels *px);

/*
 * A decoded CMYK picture to RGB in px, which is narrowed in place. inverted:
 * 255 is no ink, as Adobe writes it. Without a profile: the plain product.
 */
enum pd_job_status pd_colour_cmyk(struct pd_pixels *px, bool inverted);

#endif
