/*
 * How coarse each frequency of a picture may be quantised: by the eye, by the
 * quality that is wanted, and by what the source has already done to it.
 */
#ifndef PD_JPEG_STEPS_H
#define PD_JPEG_STEPS_H

#include <stdbool.h>
#include <stdint.h>

#include "filters/image/codec/jpeg_coarse.h"

enum pd_jpeg_kind {
	PD_JPEG_LUMA,
	PD_JPEG_CHROMA_HALF, /* fewer samples than luma's */
	PD_JPEG_CHROMA_FULL,
	PD_JPEG_KINDS,
};

/* Of one component, in the order of the zigzag. */
struct pd_jpeg_steps {
	float source[DCTSIZE2]; /* what the coefficients come in */
	float ideal[DCTSIZE2];
	uint16_t ours[DCTSIZE2];
};

/* How often each coefficient has each absolute value, in its source's steps.
 * Larger ones count as the last. */
#define PD_JPEG_VALUES 64
struct pd_jpeg_counts {
	uint32_t n[DCTSIZE2][PD_JPEG_VALUES];
	uint32_t blocks;
};

/* What an error costs, bits: this much for the square of an ideal step. It
 * makes the ideal step the best one where rates and errors are those of fine
 * steps: 6 / ln 2, as an error is a twelfth of the step squared on average. */
#define PD_JPEG_ERROR_BITS 8.66

/* quality: libjpeg's, 1..100. */
void pd_jpeg_steps_ideal(
    struct pd_jpeg_steps *s, unsigned quality, enum pd_jpeg_kind kind);

/* Counts a row of blocks. */
void
pd_jpeg_steps_count(struct pd_jpeg_counts *counts, JBLOCKROW row, JDIMENSION n);
/* Whether counting can make a difference. */
bool pd_jpeg_steps_close(const struct pd_jpeg_steps *s);
/*
 * Fills ours, alike for n components that share a table. counts: of each, or
 * NULL when none is close.
 */
void pd_jpeg_steps_choose(struct pd_jpeg_steps *const *s,
    const struct pd_jpeg_counts *const *counts, unsigned n);

#endif
