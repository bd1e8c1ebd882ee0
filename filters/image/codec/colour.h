/*
 * Colour profiles: which may be dropped, and conversion to sRGB by lcms2 for
 * those that may not. Display P3 alone is kept, as phones show it.
 */
#ifndef PD_COLOUR_H
#define PD_COLOUR_H

#include "filters/image/codec/pixels.h"

/* No profile longer than this is looked at. */
#define PD_COLOUR_ICC_MAX (4u << 20)

enum pd_colour_kind {
	PD_COLOUR_SRGB,     /* says nothing new: drop it */
	PD_COLOUR_P3,       /* Display P3: say so, shortly */
	PD_COLOUR_CONVERT,  /* must become sRGB */
	PD_COLOUR_UNUSABLE, /* broken, or not for this many channels */
};

/*
 * Once, before the process is confined: lcms2 dates what it makes, and the C
 * library opens a file to learn the time zone, which it then remembers.
 */
void pd_colour_init(void);
/* Frees what init made and what is remembered of profiles. */
void pd_colour_finish(void);

/* channels: 1 grey, 3 RGB, 4 with alpha or CMYK, whichever the profile is for.
 */
enum pd_colour_kind
pd_colour_judge(const uint8_t *icc, size_t len, unsigned channels);

/* Grey, RGB or RGBA in place; px->icc is dropped. MEMORY, BAD. */
enum pd_job_status pd_colour_to_srgb(struct pd_pixels *px);

/*
 * A decoded CMYK picture to RGB in px, which is narrowed in place. inverted:
 * 255 is no ink, as Adobe writes it. Without a profile: the plain product.
 */
enum pd_job_status pd_colour_cmyk(struct pd_pixels *px, bool inverted);

/* A profile of Display P3, to be embedded: 0.5 kB, always the same bytes, not
 * the caller's. */
uint8_t *pd_colour_p3(size_t *len);

#endif
