/*
 * Takes content codings off, so that the filters behind see the content, or
 * because the client does not accept them, or takes a better one.
 *
 * Streams: holds what the decoders hold. Content that grows beyond
 * MaxUncompressedGzipRatio or the limit on decoded content fails.
 * Thread: worker.
 */
#ifndef PD_DECODE_H
#define PD_DECODE_H

#include "filters/filter.h"

/*
 * The chain also begins it where it wants nothing itself but a filter behind
 * needs the content: begin() is -1 where there is no coding to take off, or
 * one that we do not know.
 */
extern const struct pd_filter_type pd_decode_filter;

#endif
