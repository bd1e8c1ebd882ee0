#include "chain_help.h"

#include <event2/event.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

/* What a filter may make beyond its room. */
#define ROOM_SLACK 1024
/* Longer than any filter may wait. */
#define WAIT_MS 20000

static char *types[] = { "text/*", "application/javascript",
	"application/*+json", "application/json", "image/svg+xml",
	"image/bmp" };

static void
wake(void *arg)
{
	struct chain_help *h = arg;

	h->woken = true;
	event_base_loopbreak(h->base);
}

static void
give_up(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	event_base_loopbreak(arg);
}

bool
chain_help_wait(struct chain_help *h, unsigned ms)
{
	struct timeval tv = { ms / 1000, (suseconds_t)(ms % 1000) * 1000 };
	struct event *timer = evtimer_new(h->base, give_up, h->base);
	bool woken;

	assert_non_null(timer);
	event_add(timer, &tv);
	if (!h->woken)
		event_base_dispatch(h->base);
	event_free(timer);
	woken = h->woken;
	h->woken = false;
	return woken;
}

void
chain_help_begin(struct chain_help *h, const struct chain_body *body)
{
	struct pd_chain_params params = {
		.msg = &h->msg, .wake = wake, .arg = h
	};

	memset(h, 0, sizeof(*h));
	h->base = event_base_new();
	h->out = evbuffer_new();
	assert_true(h->base != NULL && h->out != NULL);
	h->conf.buffer_high = 65536;
	h->conf.buffer_low = 16384;
	h->conf.decode_incoming = h->conf.encode_text = true;
	h->conf.override_accept_encoding = true;
	h->conf.gunzip_ratio_max = 2000;
	h->conf.gunzip_free = 10000000;
	h->conf.compress_types.v = types;
	h->conf.compress_types.n = sizeof(types) / sizeof(types[0]);
	h->conf.compress_types_xst = true;
	h->request.method = PD_METHOD_GET;
	h->request.minor = 1;
	h->response.status = 200;
	h->response.body = PD_BODY_CHUNKED;
	h->msg.arena = pd_arena_create();
	h->msg.conf = &h->conf;
	h->msg.request = &h->request;
	h->msg.response = &h->response;
	if (body->setup != NULL)
		body->setup(h, body->arg);
	params.base = h->base;
	h->chain = pd_chain_create(&params);
}

void
chain_help_finish(struct chain_help *h)
{
	pd_chain_destroy(h->chain);
	evbuffer_free(h->out);
	event_base_free(h->base);
	pd_arena_destroy(h->msg.arena);
}

static size_t
dice(unsigned *seed, size_t most)
{
	*seed = *seed * 1103515245u + 12345u;
	return (*seed >> 8) % most + 1;
}

/* One run, with what an exchange relies on. Bytes made. */
static size_t
run_once(struct chain_help *h, struct evbuffer *in, size_t room, bool last)
{
	struct evbuffer *out = evbuffer_new();
	size_t made, held;

	h->flow = pd_chain_run(h->chain, in, out, room, last);
	made = evbuffer_get_length(out);
	held = pd_chain_held(h->chain);
	if (held > h->held_most)
		h->held_most = held;
	if (made > 0)
		assert_true(pd_chain_header_ready(h->chain));
	if (h->flow == PD_FLOW_END) {
		assert_true(last && pd_chain_header_ready(h->chain));
		assert_int_equal(held, 0);
		assert_int_equal(evbuffer_get_length(in), 0);
	}
	assert_true(room > SIZE_MAX / 2 || made <= room + ROOM_SLACK);
	evbuffer_add_buffer(h->out, out);
	evbuffer_free(out);
	return made;
}

static void
feed_all(struct chain_help *h, const struct chain_body *body,
    const struct chain_way *way)
{
	struct evbuffer *in = evbuffer_new();
	unsigned seed = way->seed;
	bool last = false, fed, told = false;
	size_t at = 0, n, room, made;

	for (;;) {
		fed = false;
		if (at < body->n && evbuffer_get_length(in) == 0 &&
		    pd_chain_held(h->chain) < (size_t)h->conf.buffer_high) {
			n = way->piece > 0 ? way->piece : body->n;
			n = seed != 0 ? dice(&seed, body->n) : n;
			n = n < body->n - at ? n : body->n - at;
			evbuffer_add(in, (const char *)body->p + at, n);
			at += n;
			fed = true;
		}
		last = at == body->n && (!way->end_later || !fed);
		room = way->room > 0 ? way->room : SIZE_MAX;
		room = seed != 0 ? dice(&seed, 5000) : room;
		made = run_once(h, in, room, last);
		if (!h->msg.header_sent && pd_chain_header_ready(h->chain)) {
			h->msg.header_sent = true;
			h->header_at = at;
		}
		if (h->flow == PD_FLOW_END || h->flow == PD_FLOW_FAIL)
			break;
		if (h->flow == PD_FLOW_WAIT) {
			h->waits++;
			if (!chain_help_wait(h, WAIT_MS))
				fail_msg("%s: the wake never came", way->name);
		} else if (last && told && made == 0) {
			fail_msg("%s: stands still at the end", way->name);
		}
		told = last;
	}
	evbuffer_free(in);
}

void
chain_help_run(struct chain_help *h, const struct chain_body *body,
    const struct chain_way *way)
{
	chain_help_begin(h, body);
	h->flow = PD_FLOW_END;
	if (h->chain == NULL) {
		evbuffer_add(h->out, body->p, body->n);
		return;
	}
	feed_all(h, body, way);
	h->names = pd_chain_names(h->chain);
}

void
chain_help_ways(const struct chain_body *body,
    void (*check)(struct chain_help *h, void *arg), void *arg)
{
	static const struct chain_way ways[] = {
		{ .name = "whole" },
		{ .name = "whole, end later", .end_later = true },
		{ .name = "byte by byte", .piece = 1 },
		{ .name = "byte by byte, end later",
		    .piece = 1,
		    .end_later = true },
		{ .name = "a byte of room", .room = 1 },
		{ .name = "a byte in, a byte out", .piece = 1, .room = 1 },
		{ .name = "random 1", .seed = 1 },
		{ .name = "random 2", .seed = 2, .end_later = true },
		{ .name = "random 3", .seed = 3 },
	};
	struct chain_help h;

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		chain_help_run(&h, body, &ways[i]);
		check(&h, arg);
		chain_help_finish(&h);
	}
}

void
chain_help_ask(struct chain_help *h, const char *name, const char *value)
{
	pd_fields_add(
	    &h->request.fields, h->msg.arena, pd_str_z(name), pd_str_z(value));
}

void
chain_help_answer(struct chain_help *h, const char *name, const char *value)
{
	pd_fields_add(
	    &h->response.fields, h->msg.arena, pd_str_z(name), pd_str_z(value));
}

void
chain_help_length(struct chain_help *h, size_t n)
{
	h->response.body = PD_BODY_LENGTH;
	h->response.content_length = (int64_t)n;
	pd_fields_set(&h->response.fields, h->msg.arena,
	    PD_FIELD_CONTENT_LENGTH, pd_arena_printf(h->msg.arena, "%zu", n));
}

const char *
chain_help_field(struct chain_help *h, const char *name)
{
	PD_FIELDS_EACH (f, &h->response.fields) {
		if (pd_str_caseeq(f->name, pd_str_z(name)))
			return pd_arena_str(h->msg.arena, f->value).p;
	}
	return NULL;
}

void
chain_help_same(struct chain_help *h, const void *p, size_t n)
{
	assert_int_equal(evbuffer_get_length(h->out), n);
	if (n > 0)
		assert_memory_equal(evbuffer_pullup(h->out, -1), p, n);
}
