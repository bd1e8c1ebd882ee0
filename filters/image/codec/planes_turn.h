/*
 * Planes turned upright.
 */
#ifndef PD_PLANES_TURN_H
#define PD_PLANES_TURN_H

#include "filters/image/codec/planes.h"

/* As EXIF's orientation (1..8) says. Halved colour of an odd side that is
 * mirrored ends up half a sample off. 0, or -1 without memory. */
int pd_planes_turn(struct pd_planes *pl, unsigned orientation);

#endif
