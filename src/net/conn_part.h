/*
 * A client connection from the inside, as conn.c (its life, requests and
 * times), conn_first.c (what is spoken on one that the packet filter led here)
 * and conn_wire.c (what the handler of an exchange does with it) share it.
 *
 * Private to these.
 * Thread: worker.
 */
#ifndef PD_CONN_PART_H
#define PD_CONN_PART_H

#include <event2/buffer.h>

#include "base/arena.h"
#include "base/timers.h"
#include "base/worker.h"
#include "http/h1.h"
#include "net/conn.h"
#include "net/sock.h"

enum pd_conn_state {
	PD_CONN_FIRST,    /* led here: what is spoken is not known yet */
	PD_CONN_IDLE,     /* between requests: nothing of the next has come */
	PD_CONN_HEADER,   /* a header section is coming */
	PD_CONN_EXCHANGE, /* the handler has the wire */
};

struct pd_conn {
	struct pd_wire wire; /* first: with HTTP/1 a connection is a wire */
	TAILQ_ENTRY(pd_conn) link;
	struct pd_conn_context *ctx;
	struct pd_sock *sock;
	struct pd_addr client, local, wanted;
	enum pd_conn_state state;
	struct pd_timer timer; /* of the state; of a side that stalls */

	/* Of the request that is read or answered. */
	struct pd_conf *conf;
	struct pd_arena *arena; /* ours until the handler takes it, then lent */
	const struct pd_wire_events *events;
	void *arg;
	struct pd_h1_scan scan;
	struct pd_h1_body body;
	uint64_t moved;       /* at the last look of the timer */
	enum pd_body sending; /* how the response is framed */
	uint64_t promised;    /* bytes, with PD_BODY_LENGTH */
	bool minor;           /* the request's HTTP/1.minor */
	bool close;           /* after this exchange */
	bool responded;
	bool served; /* at least one request came before */
};

extern const struct pd_wire_ops pd_conn_wire_ops;

/* ---- conn.c ---- */

struct pd_h1_limits pd_conn_limits(const struct pd_conf *conf);
/* What belongs to one exchange goes; the connection may stay. */
void pd_conn_forget_exchange(struct pd_conn *c);
/* The connection goes, its socket stays and is the caller's. */
struct pd_sock *pd_conn_forget(struct pd_conn *c);
/* The connection goes; its socket as pd_sock_close_gently() says. */
void pd_conn_close_gently(struct pd_conn *c);
/* What is not taken from the input stops the client. */
void pd_conn_set_reading(struct pd_conn *c);
/* Calls on_timeout() of the state; 0: never. */
void pd_conn_set_timer(struct pd_conn *c, int64_t ms);
/* The next request may come, or has. */
void pd_conn_idle(struct pd_conn *c);

/* ---- conn_first.c ---- */

/* Bytes came, or the end. */
void pd_conn_first(struct pd_conn *c);
/* Nothing did that would tell. */
void pd_conn_first_late(struct pd_conn *c);
/* How long the first byte is waited for. */
int64_t pd_conn_first_timeout(const struct pd_conn *c);

#endif
