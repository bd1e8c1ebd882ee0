/*
 * Puts a content coding on: the last filter of a chain.
 *
 * One of two joins. A body of small known length is collected and coded at
 * once, and goes out as it came where that gains nothing. Anything else
 * streams; what the encoder holds is flushed when the content runs dry.
 * Thread: worker.
 */
#ifndef PD_ENCODE_H
#define PD_ENCODE_H

#include "filters/filter.h"

/* Content up to this is coded whole, bytes. */
#define PD_ENCODE_WHOLE_MAX 16384
/* A flush waits so long for more content, milliseconds... */
#define PD_ENCODE_IDLE_MS 5
/* ...but no content waits longer than this for its flush. */
#define PD_ENCODE_HOLD_MS 50

extern const struct pd_filter_type pd_encode_whole_filter;
extern const struct pd_filter_type pd_encode_filter;

#endif
