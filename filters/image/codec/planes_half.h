/*
 * Colour of full resolution to half.
 */
#ifndef PD_PLANES_HALF_H
#define PD_PLANES_HALF_H

#include "filters/image/codec/planes.h"

/* Each 2 x 2 samples of chroma to their mean, in place; nothing happens to what
 * is halved already. */
void pd_planes_half(struct pd_planes *pl);

#endif
