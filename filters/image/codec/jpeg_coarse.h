/*
 * From DCT coefficients to a JPEG of fewer bits: which steps to quantise by,
 * and which coefficients are worth coding. Where they come from, a JPEG or
 * pixels, is all the same here. Used inside jpeg*.c alone.
 *
 * Everything is weighed in bits. A coefficient's ideal step (jpeg_steps.h) sets
 * the exchange rate between its error and them.
 */
#ifndef PD_JPEG_COARSE_H
#define PD_JPEG_COARSE_H

#include "filters/image/codec/jpeg_lib.h"

/* One component on its way. */
struct pd_jpeg_plane {
	/* Whoever owns them, the compressor can reach them; may be the same. */
	jvirt_barray_ptr from, to;
	JDIMENSION across, down; /* blocks, without padding */
	float source[DCTSIZE2];  /* what one in from stands for; zigzag order */
};

/* The order in which a scan codes a block: where each stands in it. */
extern const uint8_t pd_jpeg_zigzag[DCTSIZE2];

/* Blocks, to read or to fill a row of. */
JBLOCKROW pd_jpeg_blocks(struct pd_jpeg_writer *w, jvirt_barray_ptr array,
    JDIMENSION row, bool fill);
/* An array of zeros for a component of the compressor, whose sampling is set;
 * across and down are set. Call pd_jpeg_make_arrays() after the last one. */
void pd_jpeg_want_array(
    struct pd_jpeg_writer *w, int component, struct pd_jpeg_plane *plane);
void pd_jpeg_make_arrays(struct pd_jpeg_writer *w);

/*
 * Fills every plane's to, and the compressor's tables; its components and their
 * sampling are set. Fails into the writer's trap.
 */
void pd_jpeg_coarsen(
    struct pd_jpeg_writer *w, struct pd_jpeg_plane *planes, unsigned quality);

/* The planes' to as a file, its tables and scans the best of theirs. */
void pd_jpeg_write_planes(struct pd_jpeg_writer *w,
    const struct pd_jpeg_plane *planes, const struct pd_jpeg_params *params);

#endif
