#include "filters/coding/encode.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/conf.h"
#include "base/log.h"
#include "filters/coding/pack.h"

/*
 * What the fields of a coding cost in an HTTP/1.1 header, about:
 * "Content-Encoding: gzip" and "Vary: Accept-Encoding" with their line ends.
 */
#define FIELDS_COST 48

static bool
is_small(const struct pd_response *res)
{
	return res->body == PD_BODY_LENGTH &&
	       res->content_length <= PD_ENCODE_WHOLE_MAX;
}

static bool
is_tiny(const struct pd_response *res)
{
	return res->body == PD_BODY_LENGTH &&
	       res->content_length < PD_CODING_LENGTH_MIN;
}

static bool
worth_coding(const struct pd_message *msg, bool big)
{
	return !is_tiny(msg->response) &&
	       !pd_coding_is_coded(&msg->response->fields) &&
	       pd_coding_choose(msg, big) != PD_CODING_IDENTITY;
}

static void
set_coding(struct pd_message *msg, enum pd_coding c, int64_t length)
{
	pd_fields_set(&msg->response->fields, msg->arena,
	    PD_FIELD_CONTENT_ENCODING, pd_str_z(pd_coding_name(c)));
	pd_filter_body_changed(msg, length);
	pd_filter_vary(msg, PD_STR("Accept-Encoding"));
}

/* -- Whole bodies -- */

struct whole {
	struct evbuffer *held;
	struct evbuffer *coded; /* what is left to send of it; NULL before */
};

static bool
whole_wants(const struct pd_message *msg)
{
	/* Its encoder lives for one call: memory is of no matter. */
	return is_small(msg->response) && worth_coding(msg, true);
}

static int
whole_begin(struct pd_filter *f)
{
	struct whole *s = pd_filter_state(f);

	s->held = evbuffer_new();
	return s->held != NULL ? 0 : -1;
}

static void
whole_finish(struct pd_filter *f)
{
	struct whole *s = pd_filter_state(f);

	evbuffer_free(s->held);
	if (s->coded != NULL)
		evbuffer_free(s->coded);
}

/* The coded body, or NULL where it gains nothing. Leaves held as it is. */
static struct evbuffer *
encode_held(struct evbuffer *held, enum pd_coding coding)
{
	size_t len = evbuffer_get_length(held);
	struct evbuffer *out = evbuffer_new(), *in = evbuffer_new();
	struct pd_pack *pack = pd_pack_create(coding, (int64_t)len);
	bool won = false;

	if (len > FIELDS_COST && out != NULL && in != NULL && pack != NULL &&
	    evbuffer_add_reference(
		in, evbuffer_pullup(held, -1), len, NULL, NULL) == 0)
		won = pd_pack_step(pack, in, out, len - FIELDS_COST,
			  PD_PACK_FINISH) == 1 &&
		      evbuffer_get_length(out) + FIELDS_COST < len;
	pd_pack_destroy(pack);
	if (in != NULL)
		evbuffer_free(in);
	if (!won && out != NULL) {
		evbuffer_free(out);
		out = NULL;
	}
	return out;
}

static enum pd_flow
whole_run(struct pd_filter *f, struct evbuffer *in, struct evbuffer *out,
    size_t room, bool last)
{
	struct whole *s = pd_filter_state(f);
	struct pd_message *msg = pd_filter_message(f);
	enum pd_coding coding;

	if (s->coded == NULL) {
		evbuffer_add_buffer(s->held, in);
		if (!last &&
		    evbuffer_get_length(s->held) <= PD_ENCODE_WHOLE_MAX)
			return PD_FLOW_MORE;
		coding = pd_coding_choose(msg, true);
		s->coded = last ? encode_held(s->held, coding) : NULL;
		if (s->coded == NULL) {
			evbuffer_prepend_buffer(in, s->held);
			return PD_FLOW_PASS;
		}
		set_coding(msg, coding, (int64_t)evbuffer_get_length(s->coded));
	}
	evbuffer_remove_buffer(s->coded, out, room);
	return evbuffer_get_length(s->coded) > 0 ? PD_FLOW_MORE : PD_FLOW_END;
}

const struct pd_filter_type pd_encode_whole_filter = {
	.name = "encode",
	.state_size = sizeof(struct whole),
	.whole = true,
	.wants = whole_wants,
	.begin = whole_begin,
	.run = whole_run,
	.finish = whole_finish,
};

/* -- Streams -- */

struct stream {
	struct pd_pack *pack;
	int64_t held_since_ms; /* content waits for its flush; 0: none does */
	bool eager;            /* each piece is flushed at once */
	bool flushing;
	bool full; /* left off because the room was full */
};

static int64_t
now_ms(void)
{
	return (int64_t)pd_clock_ms(CLOCK_MONOTONIC);
}

static bool
stream_wants(const struct pd_message *msg)
{
	return !is_small(msg->response) && worth_coding(msg, pd_pack_big_ok());
}

static int
stream_begin(struct pd_filter *f)
{
	struct stream *s = pd_filter_state(f);
	struct pd_message *msg = pd_filter_message(f);
	const struct pd_response *res = msg->response;
	enum pd_coding coding = pd_coding_choose(msg, pd_pack_big_ok());

	s->pack = pd_pack_create(
	    coding, res->body == PD_BODY_LENGTH ? res->content_length : -1);
	if (s->pack == NULL)
		return -1;
	s->eager = pd_str_eq(pd_coding_type(msg), PD_STR("text/event-stream"));
	set_coding(msg, coding, -1);
	return 0;
}

static void
stream_finish(struct pd_filter *f)
{
	struct stream *s = pd_filter_state(f);

	pd_pack_destroy(s->pack);
}

/*
 * The content has run dry, and the encoder may hold some of it. A flush costs
 * bytes, so more content gets a moment to come; but what a server sends bit by
 * bit must arrive bit by bit. Whether the flush is due.
 */
static bool
flush_is_due(struct pd_filter *f, bool woken)
{
	struct stream *s = pd_filter_state(f);
	int64_t held, wait = PD_ENCODE_IDLE_MS;

	if (s->held_since_ms == 0)
		return false;
	if (s->eager || woken)
		return true;
	held = now_ms() - s->held_since_ms;
	if (held >= PD_ENCODE_HOLD_MS)
		return true;
	if (wait > PD_ENCODE_HOLD_MS - held)
		wait = PD_ENCODE_HOLD_MS - held;
	pd_filter_wake_after(f, (unsigned)wait);
	return false;
}

static enum pd_flow
stream_run(struct pd_filter *f, struct evbuffer *in, struct evbuffer *out,
    size_t room, bool last)
{
	struct stream *s = pd_filter_state(f);
	size_t until = evbuffer_get_length(out) + room, len;
	/* Called without content it is the flush's wake, unless there is room
	 * again for the rest of what was begun. */
	bool woken = evbuffer_get_length(in) == 0 && !s->full;
	enum pd_pack_op op;
	int rc;

	for (;;) {
		len = evbuffer_get_length(out);
		s->full = len >= until;
		if (s->full)
			return PD_FLOW_MORE;
		if (evbuffer_get_length(in) > 0 && s->held_since_ms == 0)
			s->held_since_ms = now_ms();
		op = last          ? PD_PACK_FINISH
		     : s->flushing ? PD_PACK_FLUSH
				   : PD_PACK_RUN;
		rc = pd_pack_step(s->pack, in, out, until - len, op);
		if (rc < 0)
			return PD_FLOW_FAIL;
		if (rc == 0)
			continue;
		if (op == PD_PACK_FINISH)
			return PD_FLOW_END;
		if (s->flushing)
			s->held_since_ms = 0;
		s->flushing = !s->flushing && flush_is_due(f, woken);
		if (!s->flushing)
			return PD_FLOW_MORE;
	}
}

const struct pd_filter_type pd_encode_filter = {
	.name = "encode",
	.state_size = sizeof(struct stream),
	.wants = stream_wants,
	.begin = stream_begin,
	.run = stream_run,
	.finish = stream_finish,
};
