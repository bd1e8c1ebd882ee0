#include "tunnel.h"

#include <event2/buffer.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/conf.h"
#include "base/stats.h"
#include "base/timers.h"
#include "base/worker.h"
#include "net/sock.h"

/*
 * What waits in memory for a side that does not take it. Larger pieces cost
 * fewer system calls (tests/bench/RESULTS.md), but a stalled reader must stay
 * under 100 KiB.
 */
#define HELD_MAX (96 * 1024)

/* One direction: from a socket to the other. */
struct half {
	struct pd_tunnel *tunnel;
	struct pd_sock *from;
	struct half *back; /* the other direction */
	uint64_t moved;
	bool ended; /* FIN was passed on */
};

struct pd_tunnel {
	TAILQ_ENTRY(pd_tunnel) link;
	struct pd_tunnel_list *list;
	struct half up, down; /* client to upstream; upstream to client */
	struct pd_timer timer;
	uint64_t seen; /* bytes moved at the timer's last look */
	struct pd_worker *worker;
	uint32_t timeout_ms;
	void (*done)(void *arg, enum pd_tunnel_end end, uint64_t to_client,
	    uint64_t to_upstream);
	void *arg;
};

static void
finish(struct pd_tunnel *t, enum pd_tunnel_end end)
{
	uint64_t down = t->down.moved, up = t->up.moved;
	void (*done)(void *, enum pd_tunnel_end, uint64_t, uint64_t) = t->done;
	void *arg = t->arg;

	pd_timer_clear(&t->timer);
	TAILQ_REMOVE(t->list, t, link);
	pd_stats_add(pd_worker_stats(t->worker), PD_STAT_TUNNELS, -1);
	if (end == PD_TUNNEL_CLOSED) {
		pd_sock_destroy(t->up.from);
		pd_sock_destroy(t->down.from);
	} else {
		/* The other side must not take it for an orderly end. */
		pd_sock_reset(t->up.from);
		pd_sock_reset(t->down.from);
	}
	free(t);
	done(arg, end, down, up);
}

/* Moves what has come, reads on while there is room. May finish the tunnel. */
static void
pump(struct half *h)
{
	struct pd_sock *to = h->back->from;
	struct evbuffer *in = pd_sock_in(h->from);
	size_t n = evbuffer_get_length(in);

	if (n > 0) {
		h->moved += n;
		pd_buf_move(in, pd_sock_out(to), n);
		pd_sock_flush(to, HELD_MAX / 4);
	}
	pd_sock_want(h->from, pd_sock_room(to, HELD_MAX));
	if (pd_sock_has_ended(h->from) && !h->ended) {
		h->ended = true;
		pd_sock_shutdown(to);
	}
	if (h->ended && h->back->ended && pd_sock_unsent(h->from) == 0 &&
	    pd_sock_unsent(to) == 0)
		finish(h->tunnel, PD_TUNNEL_CLOSED);
}

static void
on_readable(void *arg)
{
	pump(arg);
}

/* The socket that a direction reads from has room for what comes back. */
static void
on_drained(void *arg)
{
	struct half *h = arg;

	pump(h->back);
}

static void
on_failed(void *arg, int error)
{
	struct half *h = arg;

	(void)error;
	finish(h->tunnel, PD_TUNNEL_BROKEN);
}

static const struct pd_sock_ops ops = {
	.readable = on_readable,
	.drained = on_drained,
	.ended = on_readable,
	.failed = on_failed,
};

static void
on_timeout(struct pd_timer *timer, void *arg)
{
	struct pd_tunnel *t = arg;
	uint64_t moved =
	    pd_sock_moved(t->up.from) + pd_sock_moved(t->down.from);

	(void)timer;
	if (moved == t->seen) {
		finish(t, PD_TUNNEL_TIMEOUT);
		return;
	}
	t->seen = moved;
	pd_timer_set(pd_worker_timers(t->worker), &t->timer, t->timeout_ms,
	    on_timeout, t);
}

void
pd_tunnel_start(const struct pd_tunnel_params *p)
{
	struct pd_tunnel *t = pd_xalloc(sizeof(*t));
	struct pd_stats *stats = pd_worker_stats(p->worker);

	t->worker = p->worker;
	t->list = p->list;
	t->done = p->done;
	t->arg = p->arg;
	t->timeout_ms = (uint32_t)p->conf->tunnel_timeout_ms;
	t->up = (struct half){ t, p->client, &t->down, 0, false };
	t->down = (struct half){ t, p->upstream, &t->up, 0, false };
	pd_sock_set_owner(p->client, &ops, &t->up);
	pd_sock_set_owner(p->upstream, &ops, &t->down);
	TAILQ_INSERT_TAIL(t->list, t, link);
	pd_stats_add(stats, PD_STAT_TUNNELS, 1);
	pd_stats_add(stats, PD_STAT_TUNNELS_TOTAL, 1);
	if (t->timeout_ms > 0) {
		pd_timer_set(pd_worker_timers(t->worker), &t->timer,
		    t->timeout_ms, on_timeout, t);
	}
	/* What the client sent early, and the answer that opens the tunnel. */
	pd_sock_flush(p->client, HELD_MAX / 4);
	pd_sock_want(t->down.from, HELD_MAX);
	if (evbuffer_get_length(pd_sock_in(p->upstream)) > 0 ||
	    pd_sock_has_ended(p->upstream))
		pd_sock_poke(p->upstream);
	pump(&t->up);
}

void
pd_tunnel_close_all(struct pd_tunnel_list *list)
{
	struct pd_tunnel *t;

	while ((t = TAILQ_FIRST(list)) != NULL)
		finish(t, PD_TUNNEL_BROKEN);
}
