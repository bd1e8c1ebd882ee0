/*
 * The wire of HTTP/1: the handler of an exchange reads content and writes its
 * answer through it.
 */
#include <assert.h>

#include "base/log.h"
#include "net/conn_part.h"

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
	struct pd_h1_limits limits = pd_conn_limits(c->conf);
	enum pd_h1_result result =
	    pd_h1_body_read(&c->body, in, out, room, &limits, c->arena, fault);

	pd_conn_set_reading(c);
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
		pd_sock_destroy(pd_conn_forget(c));
		return;
	}
	if (c->sending == PD_BODY_CHUNKED)
		pd_h1_write_last(pd_sock_out(c->sock), trailers);
	if (c->close || c->body.state != PD_H1_END ||
	    (c->ctx->draining &&
		evbuffer_get_length(pd_sock_in(c->sock)) == 0)) {
		pd_conn_close_gently(c);
		return;
	}
	pd_sock_flush(c->sock, (size_t)c->conf->buffer_low);
	pd_conn_forget_exchange(c);
	pd_conn_idle(c);
}

static void
wire_abort(struct pd_wire *w)
{
	struct pd_conn *c = conn_of(w);
	/* A reset is the one sign that a client of HTTP/1.0 would see. */
	bool reset = c->sending == PD_BODY_CLOSE && c->responded;
	struct pd_sock *s = pd_conn_forget(c);

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

	if (res != NULL)
		pd_h1_write_response(pd_sock_out(c->sock), res,
		    res->status == 101 ? "upgrade" : NULL);
	return pd_conn_forget(c);
}

const struct pd_wire_ops pd_conn_wire_ops = {
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
