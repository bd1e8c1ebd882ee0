/*
 * The chain of one response: which filters join, and the bytes through them.
 *
 * A line: decode, at most one of the content filters, encode; the outer two
 * join only where one between them, or the client's coding, needs it.
 * Thread: worker.
 */
#ifndef PD_CHAIN_H
#define PD_CHAIN_H

#include "filters/filter.h"

struct pd_chain;

struct pd_chain_params {
	struct pd_message *msg; /* outlives the chain */
	struct event_base *base;
	/* Run the chain again: a filter that waited can go on, holds what is
	 * due, or others had their turn. At any time, whatever the last run
	 * returned, but never from inside pd_chain_run(). May destroy it. */
	void (*wake)(void *arg);
	void *arg;
};

/*
 * Asks the rows of the table whether they want the message. NULL when none
 * joins: the body goes by untouched. So do messages without content, parts
 * (206, Content-Range) and what is marked no-transform, unasked. Aborts when
 * out of memory.
 */
struct pd_chain *pd_chain_create(const struct pd_chain_params *params);
/* Finishes each filter; NULL is fine. */
void pd_chain_destroy(struct pd_chain *c);

/*
 * Moves bytes from in through the filters to out, about room at most. last:
 * nothing follows in. END: everything is in out; only after last. MORE: wants
 * input or room. WAIT: wake() follows. FAIL: the response must be aborted
 * (or, while its header has not left, replaced by an error).
 */
enum pd_flow pd_chain_run(struct pd_chain *c, struct evbuffer *in,
    struct evbuffer *out, size_t room, bool last);

/* Whether the response header may leave: no filter is undecided. */
bool pd_chain_header_ready(const struct pd_chain *c);

/* Bytes held inside, which count as pressure. */
size_t pd_chain_held(const struct pd_chain *c);

/* "decode,image,encode" of those that worked on it (arena), NULL for none. */
const char *pd_chain_names(struct pd_chain *c);

/* table.c: NULL-terminated, in the order in which they may stand. */
extern const struct pd_filter_type *const pd_filter_table[];

#endif
