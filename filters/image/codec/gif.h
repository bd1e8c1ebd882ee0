/*
 * Still GIFs in, over giflib.
 */
#ifndef PD_GIF_H
#define PD_GIF_H

#include "filters/image/codec/codec.h"
#include "filters/image/codec/pixels.h"

/*
 * To RGB, or RGBA when something is transparent: the one picture on its
 * screen. UNSUPPORTED for more pictures than one, and where viewers differ. px
 * needs finish in any case.
 */
enum pd_job_status pd_gif_decode(
    const struct pd_job_ask *ask, const uint8_t *in, struct pd_pixels *px);

#endif
