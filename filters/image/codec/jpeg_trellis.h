/*
 * Which coefficients of a block are worth their bits: the cheapest way through
 * all choices, bits and errors weighed together.
 */
#ifndef PD_JPEG_TRELLIS_H
#define PD_JPEG_TRELLIS_H

#include "filters/image/codec/jpeg_steps.h"

/* Zeros before a coefficient that one symbol holds, and the sizes that
 * baseline's coefficients may have, bits. */
#define PD_JPEG_RUNS  16
#define PD_JPEG_SIZES 11

/* How often each symbol is coded. */
struct pd_jpeg_tally {
	uint32_t symbol[PD_JPEG_RUNS][PD_JPEG_SIZES];
	uint32_t zeros; /* PD_JPEG_RUNS of them */
	uint32_t end;
};

/* What each takes, bits, those of the coefficient itself included. */
struct pd_jpeg_rates {
	float symbol[PD_JPEG_RUNS][PD_JPEG_SIZES];
	float zeros, end;
};

struct pd_jpeg_trellis {
	float ratio[DCTSIZE2]; /* the source's steps in ours; zigzag order */
	float worth[DCTSIZE2]; /* of an error of one of our steps, bits */
	/* The least absolute value that is not nothing to us; rows, as blocks
	 * have it. */
	JCOEF least[DCTSIZE2];
	struct pd_jpeg_rates rates;
};

/* With rates such as most pictures have. */
void pd_jpeg_trellis_init(struct pd_jpeg_trellis *t,
    const struct pd_jpeg_steps *s, enum pd_jpeg_kind kind);
/* Adds what a block would be coded as. */
void pd_jpeg_trellis_tally(const struct pd_jpeg_trellis *t, const JCOEF *block,
    struct pd_jpeg_tally *tally);
void pd_jpeg_trellis_rates(
    struct pd_jpeg_trellis *t, const struct pd_jpeg_tally *tally);
/* from and to may be the same. */
void pd_jpeg_trellis_block(
    const struct pd_jpeg_trellis *t, const JCOEF *from, JCOEF *to);

#endif
