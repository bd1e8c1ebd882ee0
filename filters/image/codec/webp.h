/*
 * Still WebP in and out, over libwebp.
 */
#ifndef PD_WEBP_H
#define PD_WEBP_H

#include "filters/image/codec/codec.h"
#include "filters/image/codec/pixels.h"
#include "filters/image/codec/planes.h"

/* icc may be NULL: sRGB. quality: 1..100, libwebp's scale. */
enum pd_job_status pd_webp_planes(const struct pd_planes *pl,
    const struct pd_job_ask *ask, unsigned quality, const uint8_t *icc,
    size_t icc_len, struct pd_codec_out *out);

/* RGB or RGBA, with px->icc embedded; alpha is kept without loss. */
enum pd_job_status pd_webp_lossy(const struct pd_pixels *px,
    const struct pd_job_ask *ask, unsigned quality, struct pd_codec_out *out);

/* To RGB or RGBA, with the profile if there is one. px needs finish in any
 * case. */
enum pd_job_status pd_webp_decode(
    const struct pd_job_ask *ask, const uint8_t *in, struct pd_pixels *px);

/* Without loss, px->icc embedded. effort: 0..9, libwebp's levels. */
enum pd_job_status pd_webp_lossless(const struct pd_pixels *px,
    const struct pd_job_ask *ask, unsigned effort, struct pd_codec_out *out);

#endif
