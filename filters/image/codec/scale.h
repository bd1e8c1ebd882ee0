/*
 * A picture made smaller for a screen.
 */
#ifndef PD_SCALE_H
#define PD_SCALE_H

#include "filters/image/codec/pixels.h"

/*
 * px to width x height, each at least 1 and at most its own: the mean of what
 * each new pixel covers, taken in linear light, with colour weighted by alpha.
 * Its profile stays; its curve must be sRGB's. MEMORY.
 */
enum pd_job_status
pd_scale_down(struct pd_pixels *px, uint32_t width, uint32_t height);

#endif
