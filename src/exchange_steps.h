/*
 * An exchange from the inside: shared by the files that hold its steps
 * (exchange.c, exchange_check.c, exchange_led.c, exchange_relay.c) and its ends
 * (exchange_end.c). Nobody else includes it.
 * Thread: worker.
 */
#ifndef PD_EXCHANGE_STEPS_H
#define PD_EXCHANGE_STEPS_H

#include <event2/buffer.h>
#include <time.h>

#include "base/stats.h"
#include "base/worker.h"
#include "exchange.h"
#include "filters/chain.h"
#include "net/resolve.h"
#include "net/upstream.h"
#include "reply.h"

/* What a step returns. */
enum pd_step {
	NEXT, /* the next step */
	WAIT, /* an event calls the same step again */
	STOP, /* the exchange is gone, or another has it now */
};

struct pd_exchange {
	struct pd_message msg; /* what filters see */
	struct pd_exchange_context *ctx;
	struct pd_setup *setup;
	struct pd_arena *arena;
	struct pd_wire *wire; /* NULL once it is dead */
	struct pd_request *req;
	struct pd_response res;
	size_t step;

	struct pd_auth_job *auth;
	struct pd_resolve_job *verifying; /* whether Host leads to wanted */
	struct pd_upstream *up;
	struct pd_chain *chain;
	struct evbuffer *upload; /* request content on its way */
	struct evbuffer *raw;    /* response content before the chain */
	struct evbuffer *ready;  /* and behind it */
	const struct pd_fields *trailers; /* set when raw is the last of it */

	struct pd_inferred *inferred; /* NULL until it was asked for */
	struct pd_verdict verdict;
	const char *verdict_name;
	struct pd_str asked; /* the target as it came, if that was changed */
	struct pd_str user;
	struct timespec start, started; /* wall clock; monotonic */
	struct pd_addr client;
	struct pd_addr wanted; /* with led: where it goes; family 0: nowhere */
	struct pd_authority parent;
	const char *error;
	uint64_t bytes_in, bytes_out;
	unsigned informs;
	bool probe;   /* a connectivity check: untouched */
	bool tunnel;  /* CONNECT: becomes one when connected */
	bool counted; /* Max-Forwards was, though check is run twice */
	bool led;     /* by the packet filter: the client knows of no proxy */
	bool unread;  /* led, and no HTTP: nothing can be answered */
	bool tls;     /* unread, and begins with a ClientHello */
	bool unverified; /* led: the name is not known to lead to wanted */
	bool upload_done;
	bool retried;
};

static inline struct pd_stats *
pd_exchange_stats(const struct pd_exchange *ex)
{
	return pd_worker_stats(ex->ctx->worker);
}

/* A new buffer; aborts when there is no memory. */
struct evbuffer *pd_exchange_buffer(void);

/* Runs steps from the one that the exchange stands at. */
void pd_exchange_run(struct pd_exchange *ex);

/* ---- exchange_check.c: may it, is it ours ---- */

enum pd_step pd_exchange_check(struct pd_exchange *ex);

/* ---- exchange_led.c: clients that know of no proxy ---- */

/* Is it for us, and does Host fit; HTTP becomes absolute-form. */
enum pd_step pd_exchange_check_led(struct pd_exchange *ex);
/* In place of a password. */
enum pd_step pd_exchange_check_device(struct pd_exchange *ex);
/* Asks whether the name leads to where the connection goes, for a parent. */
enum pd_step pd_exchange_verify(struct pd_exchange *ex);
/* The request as a parent proxy may get it. */
const struct pd_request *pd_exchange_parent_request(struct pd_exchange *ex);
/* The address and port by which the client reaches us as a proxy. */
const struct pd_addr *pd_exchange_local(struct pd_exchange *ex);
/* Begins an exchange that is no HTTP; it may be over on return. */
void pd_exchange_led_tunnel(
    struct pd_exchange *ex, const struct pd_hello *hello, const char *fault);
/* Ends one with what stands for an answer of that status. STOP. */
enum pd_step pd_exchange_cut_off(struct pd_exchange *ex, int status);

/* ---- exchange_judge.c: what the lists say; NEXT: it goes on ---- */

/* Before any connection. */
enum pd_step pd_exchange_judge(struct pd_exchange *ex);
/* When the address is known, before anything is sent. */
enum pd_step pd_exchange_judge_address(struct pd_exchange *ex);
/* When the response's header is there; edits its fields. */
enum pd_step pd_exchange_judge_answer(struct pd_exchange *ex);

/* ---- exchange_relay.c: content, both ways ---- */

/* Carries request content on. STOP: the exchange is over. */
enum pd_step pd_exchange_upload(struct pd_exchange *ex);
/* Carries response content from the origin through the chain. */
enum pd_step pd_exchange_relay(struct pd_exchange *ex);

/* ---- exchange_end.c: all the ways to end; each returns STOP ---- */

/* Writes the log line, frees everything. The wire is dead already. */
enum pd_step pd_exchange_finish(struct pd_exchange *ex);
/* Closes the connection to the origin, if there is one. */
void pd_exchange_drop_upstream(struct pd_exchange *ex);
/* Sends an answer made here. */
enum pd_step pd_exchange_reply(struct pd_exchange *ex, struct pd_reply *reply);
/* An error page; fix may be NULL. */
enum pd_step pd_exchange_reply_error(
    struct pd_exchange *ex, int status, const char *what, const char *fix);
/* 403, counted as denied. */
enum pd_step
pd_exchange_deny(struct pd_exchange *ex, const char *what, const char *fix);
/* Before the header has left: an error page; after it: an abort. */
enum pd_step
pd_exchange_fail(struct pd_exchange *ex, int status, const char *what);

#endif
