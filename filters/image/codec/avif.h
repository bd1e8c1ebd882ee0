/*
 * AVIF in and out, over libavif: AOM encodes, dav1d decodes. One thread.
 */
#ifndef PD_AVIF_H
#define PD_AVIF_H

#include "filters/image/codec/anim.h"
#include "filters/image/codec/codec.h"
#include "filters/image/codec/pixels.h"
#include "filters/image/codec/planes.h"

struct pd_avif_params {
	unsigned quantizer, quantizer_alpha; /* 0..63 */
	unsigned speed;                      /* 0..10 */
	bool half;          /* colour at half resolution; of pixels alone */
	bool p3;            /* the samples are Display P3's: said by nclx */
	const uint8_t *icc; /* to embed; NULL for none */
	size_t icc_len;
};

/* AOM cannot be stopped once it works on a picture; it is asked for nothing
 * when the time is over before. LARGER, MEMORY, LATE, BAD. */
enum pd_job_status
pd_avif_planes(const struct pd_planes *pl, const struct pd_job_ask *ask,
    const struct pd_avif_params *params, struct pd_codec_out *out);
/* Grey, RGB or RGBA. */
enum pd_job_status
pd_avif_pixels(const struct pd_pixels *px, const struct pd_job_ask *ask,
    const struct pd_avif_params *params, struct pd_codec_out *out);
/* A sequence: every frame of a at its time, looping as a does. */
enum pd_job_status
pd_avif_sequence(struct pd_anim *a, const struct pd_job_ask *ask,
    const struct pd_avif_params *params, struct pd_codec_out *out);

/*
 * A still to RGB or RGBA of 8 bits, as it is stored: irot and imir must say
 * what ask->orientation does, else it is BAD. With the profile if there is one;
 * px->p3 when nclx says so, UNSUPPORTED for other colours (BT.2020, PQ, HLG).
 * px needs finish in any case.
 */
enum pd_job_status pd_avif_decode(
    const struct pd_job_ask *ask, const uint8_t *in, struct pd_pixels *px);
/* The frames of a sequence (anim.h). */
enum pd_job_status pd_avif_anim_open(
    struct pd_anim **out, const struct pd_job_ask *ask, const uint8_t *in);

#endif
