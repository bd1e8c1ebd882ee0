/*
 * The reading side steps through three states - idle, header, exchange -
 * whenever bytes come; the writing side belongs to the exchange under way.
 * After an exchange the next request is looked at from the loop again, so that
 * a row of pipelined requests never nests.
 */
#include "net/conn.h"

#include <assert.h>
#include <event2/buffer.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/log.h"
#include "base/stats.h"
#include "base/timers.h"
#include "base/worker.h"
#include "http/h1.h"
#include "net/sock.h"

/* Bytes that wait in memory: content, or later requests. */
#define INPUT_MAX 65536
#define LINGER_MS 2000

enum state {
	STATE_IDLE,     /* between requests: nothing of the next has come */
	STATE_HEADER,   /* a header section is coming */
	STATE_EXCHANGE, /* the handler has the wire */
};

struct pd_conn {
	struct pd_wire wire; /* first: with HTTP/1 a connection is a wire */
	TAILQ_ENTRY(pd_conn) link;
	struct pd_conn_context *ctx;
	struct pd_sock *sock;
	struct pd_addr client, local;
	enum state state;
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

static const struct pd_sock_ops sock_ops;
static const struct pd_wire_ops wire_ops;

static struct pd_h1_limits
limits_of(const struct pd_conf *conf)
{
	return (struct pd_h1_limits){
		.line_max = (size_t)conf->request_line_max,
		.header_max = (size_t)conf->header_max,
		.fields_max = (uint32_t)conf->fields_max,
	};
}

/* ---- life -------------------------------------------------------------- */

/* What belongs to one exchange goes; the connection may stay. */
static void
forget_exchange(struct pd_conn *c)
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
	if (c->state == STATE_HEADER)
		pd_arena_destroy(c->arena);
	pd_conf_unref(c->conf);
	return s;
}

static struct pd_sock *
forget(struct pd_conn *c)
{
	struct pd_sock *s = detach(c);

	free(c);
	return s;
}

static void
close_gently(struct pd_conn *c)
{
	pd_sock_close_gently(forget(c), LINGER_MS);
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

/* What is not taken from the input stops the client. */
static void
set_reading(struct pd_conn *c)
{
	size_t held = evbuffer_get_length(pd_sock_in(c->sock));
	size_t most = INPUT_MAX;

	/* A header section, or a trailer section, must fit. */
	if (c->state == STATE_HEADER ||
	    (c->state == STATE_EXCHANGE && most < (size_t)c->conf->header_max))
		most = (size_t)c->conf->header_max;
	pd_sock_want(c->sock, held < most ? most - held : 0);
}

static void on_timeout(struct pd_timer *t, void *arg);

static void
set_timer(struct pd_conn *c, int64_t ms)
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
    const struct pd_addr *local)
{
	struct pd_conn *c = pd_xalloc(sizeof(*c));
	struct pd_stats *stats = pd_worker_stats(ctx->worker);

	c->ctx = ctx;
	c->client = *client;
	c->local = *local;
	c->wire = (struct pd_wire){
		.ops = &wire_ops,
		.client = &c->client,
		.local = &c->local,
	};
	c->sock = pd_sock_create(ctx->worker, fd, &sock_ops, c);
	TAILQ_INSERT_TAIL(&ctx->conns, c, link);
	ctx->nconns++;
	pd_stats_add(stats, PD_STAT_CLIENTS, 1);
	pd_stats_add(stats, PD_STAT_CLIENTS_TOTAL, 1);
	set_timer(c, ctx->conf->idle_timeout_ms);
	set_reading(c);
}

/* ---- reading ----------------------------------------------------------- */

/* The handler answers; then the connection is closed. */
static void
malformed(struct pd_conn *c, int status, const char *what)
{
	c->state = STATE_EXCHANGE;
	c->close = true;
	c->minor = true;
	pd_h1_body_init(&c->body, PD_BODY_NONE, 0, true);
	set_timer(c, c->conf->conn_timeout_ms);
	c->ctx->malformed(c->ctx->arg, &c->wire, status, what, c->arena);
}

static void
begin_header(struct pd_conn *c)
{
	c->state = STATE_HEADER;
	c->conf = pd_conf_ref(c->ctx->conf);
	c->arena = pd_arena_create();
	set_timer(c, c->conf->header_timeout_ms);
}

static void
begin_exchange(struct pd_conn *c, struct pd_request *req)
{
	c->state = STATE_EXCHANGE;
	c->served = true;
	c->minor = req->minor > 0;
	c->close = req->close;
	pd_h1_body_init(&c->body, req->body, req->content_length, true);
	c->moved = pd_sock_moved(c->sock);
	set_timer(c, c->conf->conn_timeout_ms);
	set_reading(c);
	c->ctx->request(c->ctx->arg, &c->wire, req, c->arena);
}

static void
read_header(struct pd_conn *c)
{
	struct pd_h1_limits limits = limits_of(c->conf);
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
			set_reading(c);
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

	if (c->state == STATE_EXCHANGE) {
		set_reading(c);
		if (c->body.state != PD_H1_END && c->events != NULL)
			c->events->readable(c->arg);
	} else if (c->state == STATE_IDLE && empty) {
		if (pd_sock_has_ended(c->sock))
			close_gently(c);
	} else if (c->state == STATE_IDLE && c->ctx->draining && c->served) {
		close_gently(c);
	} else if (c->state == STATE_IDLE && is_backed_up(c)) {
		set_reading(c);
	} else {
		if (c->state == STATE_IDLE)
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
	else if (c->state == STATE_IDLE)
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

/* ---- timeouts ---------------------------------------------------------- */

/* Between requests: a client that still takes the last answers is waited for.
 */
static void
idled(struct pd_conn *c)
{
	uint64_t moved = pd_sock_moved(c->sock);

	if (pd_sock_unsent(c->sock) == 0 || moved == c->moved) {
		close_gently(c);
		return;
	}
	c->moved = moved;
	set_timer(c, c->ctx->conf->idle_timeout_ms);
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
	set_timer(c, c->conf->conn_timeout_ms);
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
	case STATE_IDLE:
		idled(c);
		break;
	case STATE_HEADER:
		malformed(c, 408, "the header section took too long");
		break;
	case STATE_EXCHANGE:
		stalled(c);
		break;
	}
}

/* ---- the wire ---------------------------------------------------------- */

static struct pd_conn *
conn_of(struct pd_wire *w)
{
	return (struct pd_conn *)(void *)w;
}

static void
wire_set_events(
    struct pd_wire *w, const struct pd_wire_events *events, void *arg)
{
	struct pd_conn *c = conn_of(w);

	c->events = events;
	c->arg = arg;
}

static enum pd_read
wire_read(struct pd_wire *w, struct evbuffer *out, size_t room,
    const struct pd_fields **trailers, struct pd_fault *fault)
{
	struct pd_conn *c = conn_of(w);
	struct evbuffer *in = pd_sock_in(c->sock);
	struct pd_h1_limits limits = limits_of(c->conf);
	enum pd_h1_result result =
	    pd_h1_body_read(&c->body, in, out, room, &limits, c->arena, fault);

	set_reading(c);
	if (result == PD_H1_DONE) {
		*trailers = &c->body.trailers;
		return PD_READ_WHOLE;
	}
	/* At the end, only data that there was no room for may still follow. */
	if (result == PD_H1_MORE && pd_sock_has_ended(c->sock) &&
	    (evbuffer_get_length(in) == 0 || c->body.state != PD_H1_DATA)) {
		/* Nothing of it may look whole to the origin. */
		*fault = (struct pd_fault){ 400,
			"a request whose content was cut short" };
		result = PD_H1_BAD;
	}
	if (result != PD_H1_BAD)
		return PD_READ_MORE;
	c->close = true;
	return PD_READ_BAD;
}

static void
wire_inform(struct pd_wire *w, const struct pd_response *res)
{
	struct pd_conn *c = conn_of(w);

	if (!c->minor || c->responded)
		return;
	pd_h1_write_response(pd_sock_out(c->sock), res, NULL);
	pd_sock_flush(c->sock, (size_t)c->conf->buffer_low);
}

static void
wire_respond(struct pd_wire *w, const struct pd_response *res)
{
	struct pd_conn *c = conn_of(w);
	struct pd_response mine = *res;

	assert(!c->responded);
	c->responded = true;
	/* An end of the message that only the connection's end can tell. */
	if (mine.body == PD_BODY_CLOSE || mine.body == PD_BODY_CHUNKED)
		mine.body = c->minor ? PD_BODY_CHUNKED : PD_BODY_CLOSE;
	/* Content that is still to come would be taken for a request. */
	c->close |= res->close || c->body.state != PD_H1_END ||
		    c->ctx->draining ||
		    (pd_sock_has_ended(c->sock) &&
			evbuffer_get_length(pd_sock_in(c->sock)) == 0);
	c->sending = mine.body;
	c->promised = (uint64_t)mine.content_length;
	pd_h1_write_response(
	    pd_sock_out(c->sock), &mine, c->close ? "close" : NULL);
}

static void
wire_send(struct pd_wire *w, struct evbuffer *content)
{
	struct pd_conn *c = conn_of(w);
	size_t n = evbuffer_get_length(content);

	assert(c->responded && (n == 0 || c->sending != PD_BODY_NONE));
	w->sent += n;
	if (c->sending == PD_BODY_CHUNKED)
		pd_h1_write_chunk(pd_sock_out(c->sock), content);
	else
		evbuffer_add_buffer(pd_sock_out(c->sock), content);
}

static void
wire_flush(struct pd_wire *w)
{
	struct pd_conn *c = conn_of(w);

	pd_sock_flush(c->sock, (size_t)c->conf->buffer_low);
}

static void
wire_end(struct pd_wire *w, const struct pd_fields *trailers)
{
	struct pd_conn *c = conn_of(w);

	assert(c->responded);
	/* A filter that broke its promise must not shift what comes next. */
	if (c->sending == PD_BODY_LENGTH && w->sent != c->promised) {
		pd_log(PD_LOG_ERROR, 0, "conn: %llu bytes of %llu were sent",
		    (unsigned long long)w->sent,
		    (unsigned long long)c->promised);
		pd_sock_destroy(forget(c));
		return;
	}
	if (c->sending == PD_BODY_CHUNKED)
		pd_h1_write_last(pd_sock_out(c->sock), trailers);
	if (c->close || c->body.state != PD_H1_END ||
	    (c->ctx->draining &&
		evbuffer_get_length(pd_sock_in(c->sock)) == 0)) {
		close_gently(c);
		return;
	}
	pd_sock_flush(c->sock, (size_t)c->conf->buffer_low);
	forget_exchange(c);
	c->state = STATE_IDLE;
	set_timer(c, c->ctx->conf->idle_timeout_ms);
	set_reading(c);
	if (evbuffer_get_length(pd_sock_in(c->sock)) > 0 ||
	    pd_sock_has_ended(c->sock))
		pd_sock_poke(c->sock);
}

static void
wire_abort(struct pd_wire *w)
{
	struct pd_conn *c = conn_of(w);
	/* A reset is the one sign that a client of HTTP/1.0 would see. */
	bool reset = c->sending == PD_BODY_CLOSE && c->responded;
	struct pd_sock *s = forget(c);

	if (reset)
		pd_sock_reset(s);
	else
		pd_sock_destroy(s);
}

static size_t
wire_room(const struct pd_wire *w)
{
	const struct pd_conn *c = (const struct pd_conn *)(const void *)w;

	return pd_sock_room(c->sock, (size_t)c->conf->buffer_high);
}

static struct pd_sock *
wire_take(struct pd_wire *w, const struct pd_response *res)
{
	struct pd_conn *c = conn_of(w);

	pd_h1_write_response(
	    pd_sock_out(c->sock), res, res->status == 101 ? "upgrade" : NULL);
	return forget(c);
}

static const struct pd_wire_ops wire_ops = {
	.set_events = wire_set_events,
	.read = wire_read,
	.inform = wire_inform,
	.respond = wire_respond,
	.send = wire_send,
	.flush = wire_flush,
	.end = wire_end,
	.abort = wire_abort,
	.room = wire_room,
	.take = wire_take,
};

/* ---- all of them ------------------------------------------------------- */

void
pd_conn_drain_all(struct pd_conn_context *ctx)
{
	struct pd_conn *c, *next;

	ctx->draining = true;
	for (c = TAILQ_FIRST(&ctx->conns); c != NULL; c = next) {
		next = TAILQ_NEXT(c, link);
		if (c->state == STATE_IDLE &&
		    evbuffer_get_length(pd_sock_in(c->sock)) == 0)
			close_gently(c);
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
