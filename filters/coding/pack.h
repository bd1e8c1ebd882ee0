/*
 * One content coding put on, piece by piece: the libraries' encoders behind
 * one face.
 * Thread: worker.
 */
#ifndef PD_PACK_H
#define PD_PACK_H

#include "filters/coding/coding.h"

struct pd_pack;

/*
 * br and zstd hold 2 MB each while a body streams, gzip 0.3 MB. Beyond so many
 * at a time a worker makes gzip.
 */
#define PD_PACK_BIG_MAX 8

enum pd_pack_op {
	PD_PACK_RUN,    /* takes all of in, makes what it likes */
	PD_PACK_FLUSH,  /* the client can read all that was taken */
	PD_PACK_FINISH, /* and that was all */
};

/* Whether this worker may open one more of br or zstd. */
bool pd_pack_big_ok(void);

/*
 * GZIP, BR or ZSTD. length: of the content, if known, so that no more memory
 * is taken than it needs; -1 if not. NULL when there is no memory.
 */
struct pd_pack *pd_pack_create(enum pd_coding c, int64_t length);
/* NULL is fine. */
void pd_pack_destroy(struct pd_pack *p);

/*
 * Drains in and appends to out, room bytes and a little at most. 1: the
 * operation is complete. 0: needs more room; the same or a later operation
 * goes on. -1: no memory. After FINISH is complete nothing may follow.
 */
int pd_pack_step(struct pd_pack *p, struct evbuffer *in, struct evbuffer *out,
    size_t room, enum pd_pack_op op);

#endif
