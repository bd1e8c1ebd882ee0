/*
 * PNG in and out, over libpng.
 */
#ifndef PD_PNG_H
#define PD_PNG_H

#include "filters/image/codec/codec.h"
#include "filters/image/codec/pixels.h"

/*
 * To RGB or RGBA of 8 bits, with the profile if there is one. px needs finish
 * in any case.
 */
enum pd_job_status pd_png_decode(
    const struct pd_job_ask *ask, const uint8_t *in, struct pd_pixels *px);

/*
 * RGB or RGBA, with px->icc embedded: in a palette when the colours fit one
 * (look), grey when they are grey, else as they are.
 */
enum pd_job_status
pd_png_encode(const struct pd_pixels *px, const struct pd_job_ask *ask,
    const struct pd_pixels_look *look, struct pd_codec_out *out);

#endif
