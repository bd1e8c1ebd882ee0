/*
 * How often a sequence is shown: the edit list of its tracks, which libavif
 * neither writes nor reads before 1.0 (AV1 Image File Format 1.1, 5; ISO/IEC
 * 14496-12, 8.6.6).
 */
#ifndef PD_AVIF_LOOP_H
#define PD_AVIF_LOOP_H

#include "filters/image/codec/codec.h"

/* Times that the sequence in p is shown; 0: for ever, which is also what
 * viewers make of one that does not say. */
uint32_t pd_avif_loops(const uint8_t *p, size_t n);

/*
 * Has every track of out, which must be libavif's work, shown loops times, 0
 * for ever; ms: how long once takes, at a timescale of 1000. One that says so
 * already stays as it is. LARGER, MEMORY; BAD when out is none of libavif's.
 */
enum pd_job_status
pd_avif_set_loops(struct pd_codec_out *out, uint32_t loops, uint64_t ms);

#endif
