/*
 * One request and its response, from the header section to the log line.
 *
 * Read exchange.c first: its table of steps is the way of every request.
 * Thread: worker.
 */
#ifndef PD_EXCHANGE_H
#define PD_EXCHANGE_H

#include "base/access_log.h"
#include "http/wire.h"
#include "setup.h"
#include "tunnel.h"

struct pd_ask_pool;
struct pd_hello;
struct pd_resolver;
struct pd_scratch;
struct pd_upstream_pool;
struct pd_worker;

/* What the exchanges of one worker share; the server's. */
struct pd_exchange_context {
	struct pd_worker *worker;
	struct pd_setup *setup;           /* now in force */
	struct pd_access_log_writer *log; /* NULL: off */
	struct pd_upstream_pool *upstreams;
	struct pd_resolver *resolver; /* now in use */
	struct pd_ask_pool *codecs;
	struct pd_scratch *scratch; /* for judging */
	struct pd_tunnel_list tunnels;
	/* "1.1 <pseudonym>": ours in Via, the same for all workers. */
	struct pd_str via;
	const bool *draining;
	/* Of all workers. */
	const struct pd_stats *const *stats;
	size_t nstats;
	uint64_t next_id;
};

/* Handler of a well-formed request; takes the arena. */
void pd_exchange_begin(struct pd_exchange_context *ctx, struct pd_wire *wire,
    struct pd_request *req, struct pd_arena *arena);
/*
 * Handler of a connection that was led here and is no HTTP: becomes a tunnel to
 * where it was going, or is cut off. hello: NULL when it is no TLS; borrowed.
 * fault: NULL, or why the hello is none. Takes the arena.
 */
void pd_exchange_tunnel(struct pd_exchange_context *ctx, struct pd_wire *wire,
    const struct pd_hello *hello, const char *fault, struct pd_arena *arena);
/* Handler of a malformed one: answers with status and what; takes the arena. */
void pd_exchange_refuse(struct pd_exchange_context *ctx, struct pd_wire *wire,
    int status, const char *what, struct pd_arena *arena);

#endif
