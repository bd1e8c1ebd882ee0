/*
 * A connection is in one of three hands: dialled for a hold, held, or idle in
 * the pool. The hold and the connection are one object: what an idle one needs
 * of it is little, and nothing is allocated when it changes hands.
 */
#include "net/upstream.h"

#include <assert.h>
#include <errno.h>
#include <event2/buffer.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/arena.h"
#include "net/sock.h"
#include "net/upstream_part.h"

/* Bytes of a response that wait unread before anybody set a limit. */
#define INPUT_DEFAULT 16384

static const struct pd_sock_ops held_ops;

/* ---- life of a hold ---------------------------------------------------- */

static void
fail(struct pd_upstream *u, enum pd_upstream_error err, const char *what)
{
	u->close = true;
	pd_timer_clear(&u->timer);
	u->events->failed(u->arg, err, what);
}

static void on_timeout(struct pd_timer *t, void *arg);

/* ConnTimeout holds for waiting as well, as it did in Ziproxy. */
static int64_t
header_timeout(const struct pd_conf *conf)
{
	int64_t ms = conf->response_timeout_ms, idle = conf->conn_timeout_ms;

	return idle > 0 && (ms == 0 || idle < ms) ? idle : ms;
}

static void
set_timer(struct pd_upstream *u, int64_t ms)
{
	if (ms > 0) {
		pd_timer_set(pd_worker_timers(u->pool->worker), &u->timer,
		    (uint32_t)ms, on_timeout, u);
	} else {
		pd_timer_clear(&u->timer);
	}
}

static void
on_timeout(struct pd_timer *t, void *arg)
{
	struct pd_upstream *u = arg;
	uint64_t moved = pd_sock_moved(u->sock);

	(void)t;
	/* While the answer's header is awaited only what we send counts: one
	 * that trickles is late all the same. */
	if (u->state == PD_UPSTREAM_HEADER)
		moved = pd_sock_sent(u->sock);
	if (moved != u->moved || u->unexpecting) {
		u->moved = moved;
		set_timer(u, u->state == PD_UPSTREAM_HEADER
				 ? header_timeout(u->conf)
				 : u->conf->conn_timeout_ms);
		return;
	}
	fail(u, PD_UPSTREAM_TIMEOUT,
	    u->state == PD_UPSTREAM_HEADER
		? "the origin did not answer in time"
		: "the origin stopped in the middle");
}

static void
on_dialled(
    void *arg, enum pd_dial_error err, int fd, const struct pd_addr *peer)
{
	struct pd_upstream *u = arg;

	(void)peer;
	u->dial = NULL;
	u->dial_error = err;
	u->dial_errno = errno;
	if (err != PD_DIAL_OK) {
		fail(u, PD_UPSTREAM_CONNECT, pd_dial_strerror(err));
		return;
	}
	pd_stats_add(pd_upstream_stats(u->pool), PD_STAT_UPSTREAM_TOTAL, 1);
	u->sock = pd_sock_create(u->pool->worker, fd, &held_ops, u);
	u->state = PD_UPSTREAM_READY;
	u->events->connected(u->arg);
}

static struct pd_upstream *
create(struct pd_upstream_pool *p, const struct pd_upstream_params *params)
{
	struct pd_upstream *u = pd_xalloc(sizeof(*u));

	assert(params->where->host.n < sizeof(u->host));
	u->pool = p;
	u->round = p->round;
	u->state = PD_UPSTREAM_DIAL;
	u->port = params->where->port;
	u->host_len = (uint8_t)params->where->host.n;
	memcpy(u->host, params->where->host.p, u->host_len);
	u->hash = pd_upstream_hash(params->where->host, u->port);
	u->trusted = params->trusted;
	if (params->to != NULL)
		u->to = *params->to;
	return u;
}

/* What is dialled: the address, where one was given. */
static struct pd_authority
goal_of(const struct pd_upstream_params *params)
{
	struct pd_authority goal = *params->where;

	if (params->to != NULL) {
		goal.kind =
		    params->to->family == AF_INET ? PD_HOST_IPV4 : PD_HOST_IPV6;
		goal.addr = *params->to;
		goal.port = params->to->port;
	}
	return goal;
}

struct pd_upstream *
pd_upstream_open(
    struct pd_upstream_pool *p, const struct pd_upstream_params *params)
{
	struct pd_upstream *u =
	    params->fresh ? NULL : pd_upstream_pool_find(p, params);
	struct pd_authority goal = goal_of(params);

	if (u != NULL) {
		u->state = PD_UPSTREAM_READY;
		u->kept = true;
		pd_sock_set_owner(u->sock, &held_ops, u);
		pd_stats_add(pd_upstream_stats(p), PD_STAT_UPSTREAM_REUSED, 1);
	} else {
		u = create(p, params);
	}
	u->conf = pd_conf_ref(params->conf);
	u->events = params->events;
	u->arg = params->arg;
	u->arena = params->arena;
	u->scan = (struct pd_h1_scan){ 0 };
	u->received = 0;
	u->limit = INPUT_DEFAULT;
	u->close = u->sent_all = u->unexpecting = u->reset = false;
	if (u->state == PD_UPSTREAM_DIAL) {
		u->dial = pd_dial_start(
		    p->dialer, u->conf, &goal, params->trusted, on_dialled, u);
	}
	return u;
}

bool
pd_upstream_ready(const struct pd_upstream *u)
{
	return u->state != PD_UPSTREAM_DIAL;
}

bool
pd_upstream_stale(const struct pd_upstream *u)
{
	return u->kept && u->received == 0;
}

enum pd_dial_error
pd_upstream_dial_error(const struct pd_upstream *u)
{
	return u->dial_error;
}

int
pd_upstream_dial_errno(const struct pd_upstream *u)
{
	return u->dial_errno;
}

void
pd_upstream_close(struct pd_upstream *u)
{
	if (u == NULL)
		return;
	pd_timer_clear(&u->timer);
	if (u->dial != NULL)
		pd_dial_cancel(u->dial);
	pd_sock_destroy(u->sock);
	pd_conf_unref(u->conf);
	free(u);
}

void
pd_upstream_release(struct pd_upstream *u)
{
	if (u->close || u->state != PD_UPSTREAM_DONE || !u->sent_all ||
	    u->round != u->pool->round ||
	    evbuffer_get_length(pd_sock_in(u->sock)) > 0 ||
	    pd_sock_unsent(u->sock) > 0 || pd_sock_has_ended(u->sock))
		pd_upstream_close(u);
	else
		pd_upstream_pool_add(u);
}

int
pd_upstream_address(const struct pd_upstream *u, struct pd_addr *out)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);

	if (getpeername(pd_sock_fd(u->sock), (struct sockaddr *)&ss, &len) < 0)
		return -1;
	*out = pd_addr_from_sockaddr((struct sockaddr *)&ss);
	return 0;
}

struct pd_sock *
pd_upstream_take(struct pd_upstream *u)
{
	struct pd_sock *s = u->sock;

	u->sock = NULL;
	pd_upstream_close(u);
	return s;
}

/* ---- the request ------------------------------------------------------- */

void
pd_upstream_request(struct pd_upstream *u, const struct pd_request *req,
    struct pd_str target, const char *connection)
{
	assert(u->state == PD_UPSTREAM_READY);
	u->state = PD_UPSTREAM_HEADER;
	u->method = req->method;
	u->sending = req->body;
	u->moved = pd_sock_sent(u->sock);
	pd_h1_write_request(pd_sock_out(u->sock), req, target, connection);
	pd_upstream_limit(u, u->limit);
	set_timer(u, header_timeout(u->conf));
}

void
pd_upstream_send(struct pd_upstream *u, struct evbuffer *content)
{
	if (u->sending == PD_BODY_CHUNKED)
		pd_h1_write_chunk(pd_sock_out(u->sock), content);
	else
		evbuffer_add_buffer(pd_sock_out(u->sock), content);
}

void
pd_upstream_end(struct pd_upstream *u, const struct pd_fields *trailers)
{
	if (u->sending == PD_BODY_CHUNKED)
		pd_h1_write_last(pd_sock_out(u->sock), trailers);
	u->sent_all = true;
	pd_upstream_flush(u);
	/* The time for the answer counts from here. */
	if (u->state == PD_UPSTREAM_HEADER) {
		u->moved = pd_sock_sent(u->sock);
		set_timer(u, header_timeout(u->conf));
	}
}

void
pd_upstream_flush(struct pd_upstream *u)
{
	pd_sock_flush(u->sock, (size_t)u->conf->buffer_low);
}

size_t
pd_upstream_room(const struct pd_upstream *u)
{
	return pd_sock_room(u->sock, (size_t)u->conf->buffer_high);
}

/* ---- the response ------------------------------------------------------ */

void
pd_upstream_limit(struct pd_upstream *u, size_t n)
{
	size_t held = evbuffer_get_length(pd_sock_in(u->sock));

	u->limit = n;
	/* What is not content is read whole whatever the limit. */
	if (n < (size_t)u->conf->header_max &&
	    (u->state == PD_UPSTREAM_HEADER ||
		(u->state == PD_UPSTREAM_CONTENT &&
		    u->body.state == PD_H1_TRAILER)))
		n = (size_t)u->conf->header_max;
	pd_sock_want(u->sock, held < n ? n - held : 0);
}

void
pd_upstream_expect(struct pd_upstream *u, bool on)
{
	u->unexpecting = !on;
}

uint64_t
pd_upstream_received(const struct pd_upstream *u)
{
	return u->received;
}

static struct pd_h1_limits
limits_of(const struct pd_conf *conf)
{
	return (struct pd_h1_limits){
		.line_max = (size_t)conf->header_max,
		.header_max = (size_t)conf->header_max,
		.fields_max = (uint32_t)conf->fields_max,
	};
}

enum pd_read
pd_upstream_read_header(
    struct pd_upstream *u, struct pd_response *res, struct pd_fault *fault)
{
	struct pd_h1_limits limits = limits_of(u->conf);
	struct evbuffer *in = pd_sock_in(u->sock);
	size_t before = evbuffer_get_length(in);

	switch (pd_h1_read_response(
	    in, &u->scan, &limits, u->method, u->arena, res, fault)) {
	case PD_H1_BAD:
		u->close = true;
		return PD_READ_BAD;
	case PD_H1_MORE:
		pd_upstream_limit(u, u->limit);
		return PD_READ_MORE;
	case PD_H1_DONE:
		break;
	}
	u->received += before - evbuffer_get_length(in);
	if (res->status >= 200 || res->status == 101) {
		u->close |= res->close;
		pd_h1_body_init(
		    &u->body, res->body, res->content_length, false);
		u->state = u->body.state == PD_H1_END ? PD_UPSTREAM_DONE
						      : PD_UPSTREAM_CONTENT;
		set_timer(u, u->conf->conn_timeout_ms);
	}
	return PD_READ_WHOLE;
}

enum pd_read
pd_upstream_read(struct pd_upstream *u, struct evbuffer *out, size_t room,
    const struct pd_fields **trailers, struct pd_fault *fault)
{
	struct pd_h1_limits limits = limits_of(u->conf);
	struct evbuffer *in = pd_sock_in(u->sock);
	size_t before = evbuffer_get_length(in);
	enum pd_h1_result result =
	    pd_h1_body_read(&u->body, in, out, room, &limits, u->arena, fault);

	u->received += before - evbuffer_get_length(in);
	/* At the end, only data that there was no room for may still follow. */
	if (result == PD_H1_MORE && (u->reset || pd_sock_has_ended(u->sock)) &&
	    (evbuffer_get_length(in) == 0 || u->body.state != PD_H1_DATA)) {
		if (pd_h1_body_whole_at_eof(&u->body)) {
			result = PD_H1_DONE;
		} else {
			*fault = (struct pd_fault){ 502,
				"the origin cut its answer short" };
			result = PD_H1_BAD;
		}
	}
	switch (result) {
	case PD_H1_DONE:
		u->state = PD_UPSTREAM_DONE;
		pd_timer_clear(&u->timer);
		*trailers = &u->body.trailers;
		return PD_READ_WHOLE;
	case PD_H1_BAD:
		u->close = true;
		fault->status = 502;
		return PD_READ_BAD;
	case PD_H1_MORE:
		break;
	}
	return PD_READ_MORE;
}

/* ---- events ------------------------------------------------------------ */

static void
on_readable(void *arg)
{
	struct pd_upstream *u = arg;

	switch (u->state) {
	case PD_UPSTREAM_HEADER:
	case PD_UPSTREAM_CONTENT:
		/* Less, by what has come; whoever takes some says more. */
		pd_upstream_limit(u, u->limit);
		u->events->readable(u->arg);
		break;
	default:
		/* Nobody asked for this: the exchange may still be writing to
		 * its client, but the connection is not used again. */
		u->close = true;
		pd_sock_want(u->sock, 0);
		break;
	}
}

static void
on_ended(void *arg)
{
	struct pd_upstream *u = arg;

	u->close = true;
	if (u->state == PD_UPSTREAM_HEADER &&
	    evbuffer_get_length(pd_sock_in(u->sock)) == 0)
		fail(u, PD_UPSTREAM_CLOSED,
		    "the origin closed the connection without an answer");
	else if (u->state == PD_UPSTREAM_HEADER)
		fail(u, PD_UPSTREAM_MALFORMED,
		    "the origin closed the connection within its header "
		    "section");
	else if (u->state == PD_UPSTREAM_CONTENT)
		u->events->readable(u->arg);
}

static void
on_drained(void *arg)
{
	struct pd_upstream *u = arg;

	u->events->drained(u->arg);
}

static void
on_failed(void *arg, int error)
{
	struct pd_upstream *u = arg;

	(void)error;
	u->close = true;
	if (u->state == PD_UPSTREAM_HEADER || u->state == PD_UPSTREAM_READY)
		fail(u, PD_UPSTREAM_CLOSED, "the origin reset the connection");
	else if (u->state == PD_UPSTREAM_CONTENT &&
		 u->body.kind == PD_BODY_CLOSE)
		fail(u, PD_UPSTREAM_CLOSED,
		    "the origin reset the connection within its answer");
	else if (u->state == PD_UPSTREAM_CONTENT) {
		/* The rest may be here: reading finds out. */
		u->reset = true;
		u->events->readable(u->arg);
	}
}

static const struct pd_sock_ops held_ops = {
	.readable = on_readable,
	.drained = on_drained,
	.ended = on_ended,
	.failed = on_failed,
};
