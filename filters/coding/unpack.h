/*
 * One content coding taken off, piece by piece: the libraries' decoders behind
 * one face. No limit but the window's; decode.c counts.
 * Thread: worker.
 */
#ifndef PD_UNPACK_H
#define PD_UNPACK_H

#include "filters/coding/coding.h"

struct pd_unpack;

/* The largest window a zstd frame may ask for: 2^23 bytes (RFC 9659). */
#define PD_UNPACK_ZSTD_WINDOW_LOG 23

enum pd_unpack_result {
	PD_UNPACK_MORE, /* needs input, or room */
	PD_UNPACK_END,  /* last was set, and the content is whole */
	PD_UNPACK_BAD,  /* corrupt, or cut short: see pd_unpack_why() */
};

/* Any coding but IDENTITY. NULL when there is no memory. */
struct pd_unpack *pd_unpack_create(enum pd_coding c);
/* NULL is fine. */
void pd_unpack_destroy(struct pd_unpack *u);

/*
 * Drains in and appends to out, room bytes at most. Several gzip members or
 * zstd frames in a row are one content; what else follows the end is dropped,
 * as browsers do. last: nothing follows in.
 */
enum pd_unpack_result pd_unpack_step(struct pd_unpack *u, struct evbuffer *in,
    struct evbuffer *out, size_t room, bool last);

/* Bytes taken and made so far. */
int64_t pd_unpack_taken(const struct pd_unpack *u);
int64_t pd_unpack_made(const struct pd_unpack *u);
/* After BAD: why, for the log. */
const char *pd_unpack_why(const struct pd_unpack *u);

#endif
