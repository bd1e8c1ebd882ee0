/*
 * Runs the filters of one response. The content passes stage after stage, each
 * with the buffer it takes its input from:
 *
 *     origin -> [in] decode -> [in] image -> [in] encode -> client
 *
 * A gzip'd bitmap shows it all: decode joins because image wants the content;
 * image is undecided until it has seen the whole, so nobody knows yet what the
 * type will be, and the place of encode stays open. If image makes WebP of it,
 * the place stays empty. If it passes, the bitmap goes by and is coded again.
 */
#include "filters/chain.h"

#include <assert.h>
#include <event2/event.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/conf.h"
#include "base/log.h"
#include "base/stats.h"
#include "filters/join.h"

/* The least that a buffer's high mark may be, bytes. */
#define HIGH_MIN 4096
/* High marks' worth of bytes in and out of filters before others have their
 * turn: about 10 ms at the speed of br. */
#define TURN 4

static void
wake_fired(evutil_socket_t fd, short what, void *arg)
{
	struct pd_chain *c = arg;

	(void)fd;
	(void)what;
	c->params.wake(c->params.arg);
}

struct pd_chain *
pd_chain_create(const struct pd_chain_params *params)
{
	struct pd_message *msg = params->msg;
	const struct pd_conf *conf = msg->conf;
	struct pd_chain *c;

	if (!pd_join_may(msg))
		return NULL;
	c = pd_arena_zalloc(msg->arena, sizeof(*c));
	c->params = *params;
	c->high =
	    conf->buffer_high > HIGH_MIN ? (size_t)conf->buffer_high : HIGH_MIN;
	c->low = conf->buffer_low > 0 && (size_t)conf->buffer_low < c->high
		     ? (size_t)conf->buffer_low
		     : c->high / 2;
	c->wake = event_new(params->base, -1, 0, wake_fired, c);
	if (c->wake == NULL)
		abort();
	pd_join(c);
	if (c->n == 0) {
		pd_chain_destroy(c);
		return NULL;
	}
	return c;
}

static void
log_stage(const struct pd_chain *c, const struct pd_filter *f)
{
	if (f->type == NULL || f->calls == 0)
		return;
	pd_log(PD_LOG_DEBUG, c->params.msg->id,
	    "chain: %s %s: %llu calls, %llu to %llu bytes, %llu us",
	    f->type->name, f->worked ? "worked" : "passed",
	    (unsigned long long)f->calls, (unsigned long long)f->bytes_in,
	    (unsigned long long)f->bytes_out,
	    (unsigned long long)(f->took_ns / 1000));
}

void
pd_chain_destroy(struct pd_chain *c)
{
	if (c == NULL)
		return;
	for (unsigned i = 0; i < c->n; i++)
		log_stage(c, &c->v[i]);
	while (c->n > 0)
		pd_join_drop(c);
	pd_chain_count_held(c);
	event_free(c->wake);
}

/* -- Running -- */

/*
 * Room in a stage's input buffer. Above the high mark there is none until it
 * has come down to the low one, so that filters work in large pieces.
 */
static size_t
stage_room(struct pd_filter *f)
{
	const struct pd_chain *c = f->chain;
	size_t len = evbuffer_get_length(f->in);

	if (len >= c->high) {
		f->choked = true;
		return 0;
	}
	/* What waits for more input would wait for ever. */
	if (f->choked && len > c->low && !f->starved)
		return 0;
	f->choked = false;
	return c->high - len;
}

/* Takes the origin's bytes in: by moving, not by copying. */
static bool
take_in(struct pd_chain *c, struct evbuffer *in)
{
	struct pd_filter *f = &c->v[0];
	size_t len = evbuffer_get_length(in);
	bool took = false;

	if (len > 0 && stage_room(f) > 0) {
		evbuffer_add_buffer(f->in, in);
		took = true;
		len = 0;
	}
	c->whole_in = c->last && len == 0;
	return took;
}

/* The stage has ended, and so nobody needs what stands before it. */
static void
end_stage(struct pd_chain *c, unsigned at)
{
	for (unsigned i = 0; i <= at; i++) {
		pd_join_leave(&c->v[i]);
		c->v[i].stage = PD_STAGE_ENDED;
		c->v[i].decided = true;
	}
}

static bool
drop_input(struct pd_filter *f)
{
	size_t len = evbuffer_get_length(f->in);

	evbuffer_drain(f->in, len);
	return len > 0;
}

static bool
pass_on(struct pd_chain *c, unsigned at, struct evbuffer *out, size_t room,
    bool last)
{
	struct evbuffer *in = c->v[at].in;
	int n = 0;

	if (room > 0)
		n = evbuffer_remove_buffer(in, out, room);
	if (last && evbuffer_get_length(in) == 0) {
		end_stage(c, at);
		return true;
	}
	return n > 0;
}

/* One call of a filter, counted. made: bytes it appended. */
static enum pd_flow
call(struct pd_chain *c, struct pd_filter *f, struct evbuffer *out, size_t room,
    bool last)
{
	size_t in_len = evbuffer_get_length(f->in), left, taken;
	size_t out_len = evbuffer_get_length(out), made;
	uint64_t began = pd_clock_ns(CLOCK_MONOTONIC);
	enum pd_flow flow;

	f->woken = false;
	flow = f->type->run(f, f->in, out, room, last);
	left = evbuffer_get_length(f->in);
	taken = left < in_len ? in_len - left : 0;
	made = evbuffer_get_length(out) - out_len;
	assert(flow != PD_FLOW_MORE || !last || taken > 0 || made > 0);
	f->took_ns += pd_clock_ns(CLOCK_MONOTONIC) - began;
	f->calls++;
	f->bytes_in += taken;
	f->bytes_out += made;
	f->full = made >= room;
	f->starved = taken == 0 && made == 0;
	/* A whole filter that passes made nothing: that is what it held. */
	f->worked |= flow == PD_FLOW_END ||
		     (made > 0 && !(flow == PD_FLOW_PASS && f->type->whole));
	f->decided |= made > 0;
	c->turn += taken + made;
	return flow;
}

static bool
work(struct pd_chain *c, unsigned at, struct evbuffer *out, size_t room,
    bool last)
{
	struct pd_filter *f = &c->v[at];

	if (room == 0 ||
	    (evbuffer_get_length(f->in) == 0 && !last && !f->woken && !f->full))
		return false;
	switch (call(c, f, out, room, last)) {
	case PD_FLOW_MORE:
		return !f->starved;
	case PD_FLOW_WAIT:
		f->stage = PD_STAGE_WAITING;
		return !f->starved;
	case PD_FLOW_END:
		end_stage(c, at);
		return true;
	case PD_FLOW_PASS:
		pd_join_leave(f);
		f->stage = PD_STAGE_PASSING;
		f->decided = true;
		return true;
	case PD_FLOW_FAIL:
		break;
	}
	c->failed = true;
	return false;
}

/* Whether stage `at` did anything. */
static bool
step(struct pd_chain *c, unsigned at, struct evbuffer *out, size_t room)
{
	struct pd_filter *f = &c->v[at];
	bool last = at > 0 ? c->v[at - 1].stage == PD_STAGE_ENDED : c->whole_in;

	if (at + 1 < c->n) {
		out = c->v[at + 1].in;
		room = stage_room(&c->v[at + 1]);
	}
	switch (f->stage) {
	case PD_STAGE_OPEN:
		return false;
	case PD_STAGE_WAITING:
		if (!f->woken)
			return false;
		f->stage = PD_STAGE_RUNNING;
		return work(c, at, out, room, last);
	case PD_STAGE_RUNNING:
		return work(c, at, out, room, last);
	case PD_STAGE_PASSING:
		return pass_on(c, at, out, room, last);
	case PD_STAGE_ENDED:
		return drop_input(f);
	}
	return false;
}

static bool
waits(const struct pd_chain *c)
{
	for (unsigned i = 0; i < c->n; i++) {
		if (c->v[i].stage == PD_STAGE_WAITING)
			return true;
	}
	return false;
}

static void
count(const struct pd_chain *c, size_t in, size_t out)
{
	struct pd_stats *stats = c->params.msg->stats;

	if (stats == NULL)
		return;
	pd_stats_add(stats, PD_STAT_BODY_IN, (int64_t)in);
	pd_stats_add(stats, PD_STAT_BODY_OUT, (int64_t)out);
}

enum pd_flow
pd_chain_run(struct pd_chain *c, struct evbuffer *in, struct evbuffer *out,
    size_t room, bool last)
{
	size_t in_len = evbuffer_get_length(in);
	size_t out_len = evbuffer_get_length(out), made;
	bool busy;

	c->last = last;
	c->turn = 0;
	do {
		busy = take_in(c, in);
		/* From the client's end, so that each finds room. */
		for (unsigned i = c->n; i-- > 0 && !c->failed;) {
			made = evbuffer_get_length(out) - out_len;
			busy |= step(c, i, out, made < room ? room - made : 0);
		}
		busy |= !c->failed && pd_join_settle(c);
	} while (busy && !c->failed && c->turn < TURN * c->high);
	count(c, in_len - evbuffer_get_length(in),
	    evbuffer_get_length(out) - out_len);
	pd_chain_count_held(c);
	if (c->failed)
		return PD_FLOW_FAIL;
	if (c->v[c->n - 1].stage == PD_STAGE_ENDED && c->whole_in)
		return PD_FLOW_END;
	if (busy)
		pd_chain_wake(c);
	return busy || waits(c) ? PD_FLOW_WAIT : PD_FLOW_MORE;
}

bool
pd_chain_header_ready(const struct pd_chain *c)
{
	return c->v[c->n - 1].stage != PD_STAGE_OPEN && !pd_join_undecided(c);
}

size_t
pd_chain_held(const struct pd_chain *c)
{
	size_t sum = 0;

	for (unsigned i = 0; i < c->n; i++)
		sum += evbuffer_get_length(c->v[i].in);
	return sum;
}

void
pd_chain_count_held(struct pd_chain *c)
{
	struct pd_stats *stats = c->params.msg->stats;
	size_t held = pd_chain_held(c);

	for (unsigned i = 0; i < c->n; i++)
		held += c->v[i].held;
	if (stats != NULL && held != c->held)
		pd_stats_add(stats, PD_STAT_FILTER_HELD,
		    (int64_t)held - (int64_t)c->held);
	c->held = held;
}

const char *
pd_chain_names(struct pd_chain *c)
{
	struct pd_arena *arena = c->params.msg->arena;
	const char *names = NULL;

	for (unsigned i = 0; i < c->n; i++) {
		const struct pd_filter *f = &c->v[i];

		if (f->type == NULL || !f->worked)
			continue;
		names = names == NULL ? f->type->name
				      : pd_arena_printf(arena, "%s,%s", names,
					    f->type->name)
					    .p;
	}
	return names;
}

/* -- For filter.c -- */

void
pd_chain_wake(struct pd_chain *c)
{
	event_active(c->wake, EV_TIMEOUT, 0);
}
