/*
 * The filter that makes images smaller: the whole body, and the smaller of two
 * goes out.
 */
#ifndef PD_IMAGE_H
#define PD_IMAGE_H

#include "filters/filter.h"

extern const struct pd_filter_type pd_image_filter;

#endif
