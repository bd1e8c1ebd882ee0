/*
 * The reading side steps through three states - idle, header, exchange -
 * whenever bytes come; the writing side belongs to the exchange under way.
 * After an exchange the next request is looked at from the loop again, so that
 * a row of pipelined requests never nests.
 */
#include "net/conn.h"

#include <stdlib.h>

#include "base/stats.h"
#include "net/conn_part.h"

/* Bytes that wait in memory: content, or later requests. */
#define INPUT_MAX 65536
#define LINGER_MS 2000

static const struct pd_sock_ops sock_ops;

struct pd_h1_limits
pd_conn_limits(const struct pd_conf *conf)
{
	return (struct pd_h1_limits){
		.line_max = (size_t)conf->request_line_max,
		.header_max = (size_t)conf->header_max,
		.fields_max = (uint32_t)conf->fields_max,
	};
}

/* ---- life -------------------------------------------------------------- */

void
pd_conn_forget_exchange(struct pd_conn *c)
{
	pd_conf_unref(c->conf);
	c->arena = NULL;
	c->conf = NULL;
	c->events = NULL;
	c->scan = (struct pd_h1_scan){ 0 };
	c->responded = false;
	c->wire.sent = 0;
}

/* What is left is the wire's counter, and the caller's to free; the socket is
 * the caller's too. */
static struct pd_sock *
detach(struct pd_conn *c)
{
	struct pd_sock *s = c->sock;

	pd_timer_clear(&c->timer);
	TAILQ_REMOVE(&c->ctx->conns, c, link);
	c->ctx->nconns--;
	pd_stats_add(pd_worker_stats(c->ctx->worker), PD_STAT_CLIENTS, -1);
	if (c->state == PD_CONN_HEADER)
		pd_arena_destroy(c->arena);
	pd_conf_unref(c->conf);
	return s;
}

struct pd_sock *
pd_conn_forget(struct pd_conn *c)
{
	struct pd_sock *s = detach(c);

	free(c);
	return s;
}

void
pd_conn_close_gently(struct pd_conn *c)
{
	pd_sock_close_gently(pd_conn_forget(c), LINGER_MS);
}

/* The connection is gone; then the handler is told. */
static void
lose(struct pd_conn *c)
{
	const struct pd_wire_events *events = c->events;
	void *arg = c->arg;

	pd_sock_destroy(detach(c));
	if (events != NULL)
		events->failed(arg, 0, "the client is gone");
	free(c);
}

void
pd_conn_set_reading(struct pd_conn *c)
{
	size_t held = evbuffer_get_length(pd_sock_in(c->sock));
	size_t most = INPUT_MAX;

	/* A header section, or a trailer section, must fit. */
	if (c->state == PD_CONN_HEADER ||
	    (c->state == PD_CONN_EXCHANGE &&
		most < (size_t)c->conf->header_max))
		most = (size_t)c->conf->header_max;
	pd_sock_want(c->sock, held < most ? most - held : 0);
}

static void on_timeout(struct pd_timer *t, void *arg);

void
pd_conn_set_timer(struct pd_conn *c, int64_t ms)
{
	if (ms > 0) {
		pd_timer_set(pd_worker_timers(c->ctx->worker), &c->timer,
		    (uint32_t)ms, on_timeout, c);
	} else {
		pd_timer_clear(&c->timer);
	}
}

void
pd_conn_open(struct pd_conn_context *ctx, int fd, const struct pd_addr *client,
    const struct pd_addr *local, const struct pd_addr *wanted)
{
	struct pd_conn *c = pd_xalloc(sizeof(*c));
	struct pd_stats *stats = pd_worker_stats(ctx->worker);

	c->ctx = ctx;
	c->client = *client;
	c->local = *local;
	c->wire = (struct pd_wire){
		.ops = &pd_conn_wire_ops,
		.client = &c->client,
		.local = &c->local,
	};
	c->state = PD_CONN_IDLE;
	if (wanted != NULL) {
		c->state = PD_CONN_FIRST;
		c->wanted = *wanted;
		c->wire.wanted = &c->wanted;
	}
	c->sock = pd_sock_create(ctx->worker, fd, &sock_ops, c);
	TAILQ_INSERT_TAIL(&ctx->conns, c, link);
	ctx->nconns++;
	pd_stats_add(stats, PD_STAT_CLIENTS, 1);
	pd_stats_add(stats, PD_STAT_CLIENTS_TOTAL, 1);
	pd_conn_set_timer(c, wanted != NULL ? pd_conn_first_timeout(c)
					    : ctx->conf->idle_timeout_ms);
	pd_conn_set_reading(c);
}

/* ---- reading ----------------------------------------------------------- */

/* The handler answers; then the connection is closed. */
static void
malformed(struct pd_conn *c, int status, const char *what)
{
	c->state = PD_CONN_EXCHANGE;
	c->close = true;
	c->minor = true;
	pd_h1_body_init(&c->body, PD_BODY_NONE, 0, true);
	pd_conn_set_timer(c, c->conf->conn_timeout_ms);
	c->ctx->malformed(c->ctx->arg, &c->wire, status, what, c->arena);
}

static void
begin_header(struct pd_conn *c)
{
	c->state = PD_CONN_HEADER;
	c->conf = pd_conf_ref(c->ctx->conf);
	c->arena = pd_arena_create();
	pd_conn_set_timer(c, c->conf->header_timeout_ms);
}

static void
begin_exchange(struct pd_conn *c, struct pd_request *req)
{
	c->state = PD_CONN_EXCHANGE;
	c->served = true;
	c->minor = req->minor > 0;
	c->close = req->close;
	pd_h1_body_init(&c->body, req->body, req->content_length, true);
	c->moved = pd_sock_moved(c->sock);
	pd_conn_set_timer(c, c->conf->conn_timeout_ms);
	pd_conn_set_reading(c);
	c->ctx->request(c->ctx->arg, &c->wire, req, c->arena);
}

static void
read_header(struct pd_conn *c)
{
	struct pd_h1_limits limits = pd_conn_limits(c->conf);
	struct pd_request req, *kept;
	struct pd_fault err;

	switch (pd_h1_read_request(
	    pd_sock_in(c->sock), &c->scan, &limits, c->arena, &req, &err)) {
	case PD_H1_DONE:
		kept = pd_arena_alloc(c->arena, sizeof(*kept));
		*kept = req;
		begin_exchange(c, kept);
		break;
	case PD_H1_BAD:
		malformed(c, err.status, err.what);
		break;
	case PD_H1_MORE:
		if (!pd_sock_has_ended(c->sock))
			pd_conn_set_reading(c);
		else
			malformed(c, 400, "the request was cut short");
		break;
	}
}

/*
 * Whether the client leaves so many answers lying that no further request is
 * begun: those made here, which ask for no room, would pile up. drained()
 * follows.
 */
static bool
is_backed_up(struct pd_conn *c)
{
	const struct pd_conf *conf = c->ctx->conf;

	if (pd_sock_unsent(c->sock) < (size_t)conf->buffer_high)
		return false;
	pd_sock_flush(c->sock, (size_t)conf->buffer_low);
	return pd_sock_unsent(c->sock) > (size_t)conf->buffer_low;
}

static void
on_readable(void *arg)
{
	struct pd_conn *c = arg;
	bool empty = evbuffer_get_length(pd_sock_in(c->sock)) == 0;

	if (c->state == PD_CONN_EXCHANGE) {
		pd_conn_set_reading(c);
		if (c->body.state != PD_H1_END && c->events != NULL)
			c->events->readable(c->arg);
	} else if (c->state == PD_CONN_FIRST) {
		pd_conn_first(c);
	} else if (c->state == PD_CONN_IDLE && empty) {
		if (pd_sock_has_ended(c->sock))
			pd_conn_close_gently(c);
	} else if (c->state == PD_CONN_IDLE && c->ctx->draining && c->served) {
		pd_conn_close_gently(c);
	} else if (c->state == PD_CONN_IDLE && is_backed_up(c)) {
		pd_conn_set_reading(c);
	} else {
		if (c->state == PD_CONN_IDLE)
			begin_header(c);
		read_header(c);
	}
}

static void
on_drained(void *arg)
{
	struct pd_conn *c = arg;

	if (c->events != NULL)
		c->events->drained(c->arg);
	else if (c->state == PD_CONN_IDLE)
		on_readable(c);
}

static void
on_failed(void *arg, int error)
{
	(void)error;
	lose(arg);
}

static const struct pd_sock_ops sock_ops = {
	.readable = on_readable,
	.drained = on_drained,
	.ended = on_readable, /* a half-closed client is still answered */
	.failed = on_failed,
};

void
pd_conn_idle(struct pd_conn *c)
{
	c->state = PD_CONN_IDLE;
	pd_conn_set_timer(c, c->ctx->conf->idle_timeout_ms);
	pd_conn_set_reading(c);
	if (evbuffer_get_length(pd_sock_in(c->sock)) > 0 ||
	    pd_sock_has_ended(c->sock))
		pd_sock_poke(c->sock);
}

/* ---- timeouts ---------------------------------------------------------- */

/* Between requests: a client that still takes the last answers is waited for.
 */
static void
idled(struct pd_conn *c)
{
	uint64_t moved = pd_sock_moved(c->sock);

	if (pd_sock_unsent(c->sock) == 0 || moved == c->moved) {
		pd_conn_close_gently(c);
		return;
	}
	c->moved = moved;
	pd_conn_set_timer(c, c->ctx->conf->idle_timeout_ms);
}

/*
 * An exchange is under way: a client that should send content, or take some,
 * and has done neither for a whole period, is given up.
 */
static void
stalled(struct pd_conn *c)
{
	uint64_t moved = pd_sock_moved(c->sock);
	bool owes = c->body.state != PD_H1_END &&
		    evbuffer_get_length(pd_sock_in(c->sock)) == 0;

	if (moved == c->moved && pd_sock_unsent(c->sock) > 0) {
		lose(c);
		return;
	}
	pd_conn_set_timer(c, c->conf->conn_timeout_ms);
	if (moved == c->moved && owes && c->events != NULL) {
		c->close = true;
		c->events->failed(c->arg, 408, "the request's content stalled");
		return;
	}
	c->moved = moved;
}

static void
on_timeout(struct pd_timer *t, void *arg)
{
	struct pd_conn *c = arg;

	(void)t;
	switch (c->state) {
	case PD_CONN_FIRST:
		pd_conn_first_late(c);
		break;
	case PD_CONN_IDLE:
		idled(c);
		break;
	case PD_CONN_HEADER:
		malformed(c, 408, "the header section took too long");
		break;
	case PD_CONN_EXCHANGE:
		stalled(c);
		break;
	}
}

/* ---- all of them ------------------------------------------------------- */

void
pd_conn_drain_all(struct pd_conn_context *ctx)
{
	struct pd_conn *c, *next;

	ctx->draining = true;
	for (c = TAILQ_FIRST(&ctx->conns); c != NULL; c = next) {
		next = TAILQ_NEXT(c, link);
		if ((c->state == PD_CONN_IDLE || c->state == PD_CONN_FIRST) &&
		    evbuffer_get_length(pd_sock_in(c->sock)) == 0)
			pd_conn_close_gently(c);
	}
}

void
pd_conn_close_all(struct pd_conn_context *ctx)
{
	struct pd_conn *c;

	ctx->draining = true;
	while ((c = TAILQ_FIRST(&ctx->conns)) != NULL)
		lose(c);
}
