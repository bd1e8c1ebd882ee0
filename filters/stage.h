/*
 * One filter's place in a chain, and the chain itself. Private to chain.c,
 * join.c and filter.c.
 * Thread: worker.
 */
#ifndef PD_STAGE_H
#define PD_STAGE_H

#include "filters/chain.h"

struct event;

#define PD_STAGES 3 /* decode, one between, encode */

enum pd_stage {
	PD_STAGE_OPEN, /* nobody was asked yet: see settle() */
	PD_STAGE_RUNNING,
	PD_STAGE_WAITING, /* returned WAIT */
	PD_STAGE_PASSING, /* its input goes by */
	PD_STAGE_ENDED,   /* its input is dropped */
};

struct pd_filter {
	struct pd_chain *chain;
	const struct pd_filter_type *type; /* NULL: nobody stands here */
	void *state;
	struct evbuffer *in;
	struct event *timer; /* of pd_filter_wake_after(), NULL until used */
	enum pd_stage stage;
	bool began;   /* finish() is owed */
	bool decided; /* passed, ended, or made a byte: the header may go */
	bool woken;
	bool full;    /* its last run filled its room: it may hold more */
	bool starved; /* its last run did nothing: it wants more input */
	bool choked;  /* its input went over the high mark */
	bool worked;  /* made something, or ended */
	size_t held;  /* bytes that it says it keeps itself */
	uint64_t calls, bytes_in, bytes_out, took_ns;
};

struct pd_chain {
	struct pd_chain_params params;
	struct event *wake;
	struct pd_filter v[PD_STAGES];
	unsigned n;
	size_t high, low; /* marks of each buffer */
	size_t turn;      /* bytes moved by filters in this run */
	size_t held;      /* as counted in PD_STAT_FILTER_HELD */
	bool last;        /* nothing follows the origin's buffer */
	bool whole_in;    /* nothing follows v[0].in */
	bool failed;
};

/* Runs the chain again from the loop. */
void pd_chain_wake(struct pd_chain *c);
/* Tells the statistics what the chain holds now. */
void pd_chain_count_held(struct pd_chain *c);

#endif
