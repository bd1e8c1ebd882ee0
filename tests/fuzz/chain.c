/*
 * A whole response through the chain: header values, then pieces of a body.
 *
 *     flags | field values, one a line | empty line | body
 *
 * The lines are Content-Encoding, Accept-Encoding, Content-Type,
 * Cache-Control, ETag and Vary. Between decode and encode stands a filter that
 * does what the flags say.
 */
#include <event2/buffer.h>
#include <event2/event.h>
#include <stdlib.h>

#include "base/conf.h"
#include "base/log.h"
#include "filters/chain.h"
#include "filters/coding/coding.h"
#include "filters/coding/decode.h"
#include "filters/coding/encode.h"

#define MADE_MAX (512 * 1024)

enum flag {
	FLAG_JOIN = 1 << 0,
	FLAG_WHOLE = 1 << 1,
	FLAG_PASS = 1 << 2,
	FLAG_LENGTH = 1 << 3,
	FLAG_SMALL_ROOM = 1 << 4,
	FLAG_PIECES = 1 << 5,
	FLAG_REFUSE = 1 << 6,
	FLAG_DROP = 1 << 7, /* the chain goes before it has ended */
};

static unsigned flags;

struct fake {
	struct evbuffer *held;
	bool waited;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

static bool
streaming_wants(const struct pd_message *msg)
{
	(void)msg;
	return (flags & (FLAG_JOIN | FLAG_WHOLE)) == FLAG_JOIN;
}

static bool
whole_wants(const struct pd_message *msg)
{
	(void)msg;
	return (flags & (FLAG_JOIN | FLAG_WHOLE)) == (FLAG_JOIN | FLAG_WHOLE);
}

static int
begin(struct pd_filter *f)
{
	struct fake *s = pd_filter_state(f);

	if (flags & FLAG_REFUSE)
		return -1;
	s->held = evbuffer_new();
	return 0;
}

static void
finish(struct pd_filter *f)
{
	struct fake *s = pd_filter_state(f);

	evbuffer_free(s->held);
}

static enum pd_flow
streaming_run(struct pd_filter *f, struct evbuffer *in, struct evbuffer *out,
    size_t room, bool last)
{
	(void)f;
	evbuffer_remove_buffer(in, out, room);
	if (flags & FLAG_PASS)
		return PD_FLOW_PASS;
	return last && evbuffer_get_length(in) == 0 ? PD_FLOW_END
						    : PD_FLOW_MORE;
}

static enum pd_flow
whole_run(struct pd_filter *f, struct evbuffer *in, struct evbuffer *out,
    size_t room, bool last)
{
	struct fake *s = pd_filter_state(f);

	(void)room;
	evbuffer_add_buffer(s->held, in);
	if (!last)
		return PD_FLOW_MORE;
	if (!s->waited) {
		s->waited = true;
		pd_filter_wake_after(f, 0);
		return PD_FLOW_WAIT;
	}
	if (flags & FLAG_PASS) {
		evbuffer_prepend_buffer(in, s->held);
		return PD_FLOW_PASS;
	}
	evbuffer_add_buffer(out, s->held);
	pd_filter_body_changed(pd_filter_message(f), -1);
	return PD_FLOW_END;
}

static const struct pd_filter_type streaming = {
	.name = "streaming",
	.state_size = sizeof(struct fake),
	.wants = streaming_wants,
	.begin = begin,
	.run = streaming_run,
	.finish = finish,
};

static const struct pd_filter_type whole = {
	.name = "whole",
	.state_size = sizeof(struct fake),
	.whole = true,
	.wants = whole_wants,
	.begin = begin,
	.run = whole_run,
	.finish = finish,
};

const struct pd_filter_type *const pd_filter_table[] = {
	&pd_decode_filter,
	&streaming,
	&whole,
	&pd_encode_whole_filter,
	&pd_encode_filter,
	NULL,
};

static struct event_base *base;
static bool woken;

static void
wake(void *arg)
{
	(void)arg;
	woken = true;
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	pd_log_set_level(PD_LOG_ERROR);
	base = event_base_new();
	return 0;
}

static void
run(struct pd_chain *c, struct pd_message *msg, struct pd_str body)
{
	struct evbuffer *in = evbuffer_new(), *out = evbuffer_new();
	size_t piece = flags & FLAG_PIECES ? 13 : body.n;
	size_t room = flags & FLAG_SMALL_ROOM ? 50 : 20000, k, made, total = 0;
	enum pd_flow flow = PD_FLOW_MORE;
	unsigned idle = 0;

	while (idle < 4 && total < MADE_MAX) {
		k = body.n < piece ? body.n : piece;
		if (k > 0 && pd_chain_held(c) < 65536) {
			evbuffer_add(in, body.p, k);
			body = pd_str_of(body.p + k, body.n - k);
		}
		flow = pd_chain_run(c, in, out, room, body.n == 0);
		made = evbuffer_get_length(out);
		evbuffer_drain(out, made);
		total += made;
		if (made > 0 && !pd_chain_header_ready(c))
			abort();
		if (pd_chain_header_ready(c))
			msg->header_sent = true;
		if (flow == PD_FLOW_END || flow == PD_FLOW_FAIL ||
		    ((flags & FLAG_DROP) && total > 100))
			break;
		if (flow == PD_FLOW_WAIT) {
			while (!woken)
				event_base_loop(base, EVLOOP_ONCE);
			woken = false;
		}
		idle = body.n == 0 && made == 0 ? idle + 1 : 0;
	}
	if (idle >= 4)
		abort(); /* stands still */
	if (flow == PD_FLOW_END &&
	    (pd_chain_held(c) > 0 || evbuffer_get_length(in) > 0))
		abort();
	evbuffer_free(in);
	evbuffer_free(out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char *types[] = { "text/*", "application/json" };
	static const enum pd_field_id ids[] = { PD_FIELD_CONTENT_ENCODING,
		PD_FIELD_ACCEPT_ENCODING, PD_FIELD_CONTENT_TYPE,
		PD_FIELD_CACHE_CONTROL, PD_FIELD_ETAG, PD_FIELD_VARY };
	struct pd_conf conf = { .buffer_high = 8192,
		.buffer_low = 2048,
		.decode_incoming = true,
		.encode_text = true,
		.override_accept_encoding = true,
		.gunzip_ratio_max = 2000,
		.gunzip_free = 100000,
		.compress_types = { types, 2 } };
	struct pd_request request = { .method = PD_METHOD_GET };
	struct pd_response response = { .status = 200,
		.body = PD_BODY_CHUNKED };
	struct pd_message msg = {
		.conf = &conf, .request = &request, .response = &response
	};
	struct pd_chain_params params = {
		.msg = &msg, .base = base, .wake = wake
	};
	struct pd_str rest = pd_str_of((const char *)data, size), line;
	struct pd_chain *c;

	if (size == 0)
		return 0;
	flags = data[0];
	rest = pd_str_of(rest.p + 1, rest.n - 1);
	msg.arena = pd_arena_create();
	for (size_t i = 0; i < 6 && rest.n > 0; i++) {
		line = pd_str_trim(pd_str_split(&rest, '\n'));
		if (line.n > 0 && pd_is_field_value(line))
			pd_fields_add_id(ids[i] == PD_FIELD_ACCEPT_ENCODING
					     ? &request.fields
					     : &response.fields,
			    msg.arena, ids[i], line);
	}
	if (flags & FLAG_LENGTH) {
		response.body = PD_BODY_LENGTH;
		response.content_length = (int64_t)rest.n;
	}
	woken = false;
	c = pd_chain_create(&params);
	if (c != NULL)
		run(c, &msg, rest);
	pd_chain_destroy(c);
	pd_arena_destroy(msg.arena);
	return 0;
}
