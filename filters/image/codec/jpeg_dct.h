/*
 * The transform behind JPEG, where libjpeg's own cannot be reached: from
 * samples, and from one size of picture to another without samples.
 */
#ifndef PD_JPEG_DCT_H
#define PD_JPEG_DCT_H

#include "filters/image/codec/jpeg_coarse.h"

/* What one stands for in the coefficients that are made here. */
#define PD_JPEG_DCT_STEP 0.125F

struct pd_jpeg_dct {
	float forward[DCTSIZE][DCTSIZE]; /* [frequency][sample] */
	float transposed[DCTSIZE][DCTSIZE];
	/* [frequency of the half][frequency of the whole's first half] */
	float halve[DCTSIZE][DCTSIZE];
};

void pd_jpeg_dct_init(struct pd_jpeg_dct *t);

/* Of samples, -128..127, stride of them from row to row. */
void pd_jpeg_dct_block(const struct pd_jpeg_dct *t, const float *samples,
    size_t stride, JCOEF *to);

/*
 * A plane of half the size each way: from's is read, to's is filled. It is as
 * if each four samples had become one, without clipping or rounding. Rows y of
 * to alone.
 */
void pd_jpeg_dct_halve_row(const struct pd_jpeg_dct *t,
    struct pd_jpeg_writer *w, const struct pd_jpeg_plane *from,
    const struct pd_jpeg_plane *to, JDIMENSION y);

#endif
