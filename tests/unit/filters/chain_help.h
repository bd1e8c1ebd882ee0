/*
 * For tests of filters: runs a body through a chain as an exchange would, in
 * pieces, with little room, and in every way that must come to the same.
 *
 * The table is the program's own, or one that the test defines itself.
 */
#ifndef PD_CHAIN_HELP_H
#define PD_CHAIN_HELP_H

#include "base/conf.h"
#include "filters/chain.h"

struct event_base;

/* One message and what came of it. setup() fills it in before each run. */
struct chain_help {
	struct pd_conf conf;
	struct pd_request request;   /* GET, and no fields */
	struct pd_response response; /* 200, and its length unknown */
	struct pd_message msg;
	struct event_base *base;
	struct pd_chain *chain; /* NULL: none joined */
	bool woken;

	/* After a run. */
	enum pd_flow flow;    /* END, FAIL; END too when none joined */
	struct evbuffer *out; /* the body that left */
	const char *names;    /* of pd_chain_names() */
	size_t header_at;     /* bytes fed when the header could leave */
	size_t held_most;
	unsigned waits;
};

/* How a body is fed. */
struct chain_way {
	const char *name;
	size_t piece;   /* bytes a time; 0: all at once */
	unsigned seed;  /* not 0: pieces and rooms of random size */
	size_t room;    /* of each run; 0: no limit */
	bool end_later; /* the end is told by itself, after the last piece */
};

struct chain_body {
	void (*setup)(struct chain_help *h, void *arg);
	void *arg;
	const void *p;
	size_t n;
};

/* Fails the test (cmocka) where the chain breaks its contract. */
void chain_help_run(struct chain_help *h, const struct chain_body *body,
    const struct chain_way *way);
/* After each run. */
void chain_help_finish(struct chain_help *h);

/*
 * Runs the body whole, at one byte a call, with one byte of room, and split at
 * random, and calls check after each. Bodies should be of some 10 KB at most.
 */
void chain_help_ways(const struct chain_body *body,
    void (*check)(struct chain_help *h, void *arg), void *arg);

/* For a test that runs the chain itself: _begin, then h->chain, _finish. */
void chain_help_begin(struct chain_help *h, const struct chain_body *body);
/* Turns the loop until wake() came, or ms passed: whether it came. */
bool chain_help_wait(struct chain_help *h, unsigned ms);

/* For setup(). */
void chain_help_ask(struct chain_help *h, const char *name, const char *value);
void
chain_help_answer(struct chain_help *h, const char *name, const char *value);
void chain_help_length(struct chain_help *h, size_t n);

/* For check(). A field's value in the response, or NULL (arena). */
const char *chain_help_field(struct chain_help *h, const char *name);
/* That exactly n bytes at p left. */
void chain_help_same(struct chain_help *h, const void *p, size_t n);

#endif
