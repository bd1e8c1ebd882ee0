/*
 * One client connection: which wire is spoken on it, its requests one after
 * the other, its timeouts.
 *
 * HTTP/1.1: persistent, pipelined requests answered in order, one exchange at
 * a time. A request goes to the handler that stands in the context; net/ does
 * not know what that does. What the packet filter led here may be no HTTP, and
 * goes to a handler of its own.
 * Thread: worker.
 */
#ifndef PD_CONN_H
#define PD_CONN_H

#include <sys/queue.h>

#include "base/conf.h"
#include "http/wire.h"

struct pd_conn;
struct pd_hello;
struct pd_worker;

TAILQ_HEAD(pd_conn_list, pd_conn);

/* What all connections of one worker share; the worker's. */
struct pd_conn_context {
	struct pd_worker *worker;
	/* Now in force; an exchange keeps the one it began with. */
	struct pd_conf *conf;
	bool draining; /* no request is begun on a connection any more */
	struct pd_conn_list conns;
	size_t nconns;

	/* A whole header section came. The handler takes the arena, in which
	 * the request lives. */
	void (*request)(void *arg, struct pd_wire *wire, struct pd_request *req,
	    struct pd_arena *arena);
	/* A malformed one: answer by wire, then the connection is closed. */
	void (*malformed)(void *arg, struct pd_wire *wire, int status,
	    const char *what, struct pd_arena *arena);
	/*
	 * What is spoken on a connection that was led here is to be tunnelled:
	 * the wire is for taking, and its input holds all that came. hello:
	 * NULL when it is no TLS; borrowed. fault: NULL, or why the hello is
	 * none.
	 */
	void (*tunnel)(void *arg, struct pd_wire *wire,
	    const struct pd_hello *hello, const char *fault,
	    struct pd_arena *arena);
	void *arg;
};

/* Takes fd, an accepted connection. wanted: as struct pd_wire has it. */
void
pd_conn_open(struct pd_conn_context *ctx, int fd, const struct pd_addr *client,
    const struct pd_addr *local, const struct pd_addr *wanted);

/* Closes idle connections; the others after their exchange. Sets draining. */
void pd_conn_drain_all(struct pd_conn_context *ctx);
/* Closes all at once; exchanges under way fail with status 0. */
void pd_conn_close_all(struct pd_conn_context *ctx);

#endif
