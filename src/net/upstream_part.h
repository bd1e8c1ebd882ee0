/*
 * A connection and what holds it, as upstream.c (the exchange's hold) and
 * upstream_pool.c (where idle ones wait) share them.
 *
 * Private to these two.
 * Thread: worker.
 */
#ifndef PD_UPSTREAM_PART_H
#define PD_UPSTREAM_PART_H

#include <sys/queue.h>

#include "base/stats.h"
#include "base/timers.h"
#include "base/worker.h"
#include "http/h1.h"
#include "net/upstream.h"

#define PD_UPSTREAM_BUCKETS 256

enum pd_upstream_state {
	PD_UPSTREAM_IDLE, /* in the pool */
	PD_UPSTREAM_DIAL,
	PD_UPSTREAM_READY, /* connected; nothing awaited yet */
	PD_UPSTREAM_HEADER,
	PD_UPSTREAM_CONTENT,
	PD_UPSTREAM_DONE, /* the response is whole */
};

TAILQ_HEAD(pd_upstreams, pd_upstream);

struct pd_upstream {
	struct pd_upstream_pool *pool;
	struct pd_sock *sock; /* NULL while dialled */
	enum pd_upstream_state state;
	struct pd_timer timer;
	uint64_t moved; /* at the timer's last look */

	/* Idle: by host and port, and by age. */
	TAILQ_ENTRY(pd_upstream) bucket_link, age_link;
	uint32_t hash;
	unsigned round;    /* of the pool, when it was dialled */
	struct pd_addr to; /* family 0: where the name led */
	uint16_t port;
	uint8_t host_len;
	bool trusted;
	char host[256];

	/* Of the hold. */
	struct pd_conf *conf;
	const struct pd_upstream_events *events;
	void *arg;
	struct pd_arena *arena;
	struct pd_dial *dial;
	enum pd_dial_error dial_error;
	int dial_errno;
	enum pd_method method;
	enum pd_body sending; /* how the request is framed */
	struct pd_h1_scan scan;
	struct pd_h1_body body;
	size_t limit;
	uint64_t received;
	bool kept;     /* it came from the pool */
	bool close;    /* it must not go back */
	bool sent_all; /* the request is whole */
	bool unexpecting;
	bool reset; /* by the origin; what came before it is in the input */
};

struct pd_upstream_pool {
	struct pd_worker *worker;
	struct pd_dialer *dialer;
	struct pd_upstreams buckets[PD_UPSTREAM_BUCKETS];
	struct pd_upstreams ages; /* oldest first */
	size_t nidle, max;
	unsigned round; /* of configurations: what an older one allowed goes */
	uint32_t idle_ms;
};

uint32_t pd_upstream_hash(struct pd_str host, uint16_t port);

/* To the pool, whose it is then: its end or its time closes it, and so does
 * the pool's limit, at once. */
void pd_upstream_pool_add(struct pd_upstream *u);
/* Out of the pool: the one used last, whose buffers and route are warm; NULL:
 * none that could be used. */
struct pd_upstream *pd_upstream_pool_find(
    struct pd_upstream_pool *p, const struct pd_upstream_params *params);

static inline struct pd_stats *
pd_upstream_stats(struct pd_upstream_pool *p)
{
	return pd_worker_stats(p->worker);
}

#endif
