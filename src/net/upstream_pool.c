/*
 * Idle connections of a worker, by host and port and by age.
 */
#include <stdlib.h>

#include "base/arena.h"
#include "net/sock.h"
#include "net/upstream_part.h"

uint32_t
pd_upstream_hash(struct pd_str host, uint16_t port)
{
	uint32_t h = 2166136261u ^ port;

	for (size_t i = 0; i < host.n; i++)
		h = (h ^ (unsigned char)host.p[i]) * 16777619u;
	return h;
}

static void
pool_remove(struct pd_upstream *u)
{
	struct pd_upstream_pool *p = u->pool;

	TAILQ_REMOVE(
	    &p->buckets[u->hash % PD_UPSTREAM_BUCKETS], u, bucket_link);
	TAILQ_REMOVE(&p->ages, u, age_link);
	p->nidle--;
	pd_stats_add(pd_upstream_stats(p), PD_STAT_UPSTREAM_IDLE, -1);
}

static void
idle_over(void *arg)
{
	struct pd_upstream *u = arg;

	pool_remove(u);
	pd_upstream_close(u);
}

static void
idle_failed(void *arg, int error)
{
	(void)error;
	idle_over(arg);
}

static void
idle_expired(struct pd_timer *t, void *arg)
{
	(void)t;
	idle_over(arg);
}

/* Bytes that nobody asked for end it as well as its end does. */
static const struct pd_sock_ops idle_ops = {
	.readable = idle_over,
	.drained = idle_over,
	.ended = idle_over,
	.failed = idle_failed,
};

void
pd_upstream_pool_add(struct pd_upstream *u)
{
	struct pd_upstream_pool *p = u->pool;

	pd_conf_unref(u->conf);
	u->conf = NULL;
	u->state = PD_UPSTREAM_IDLE;
	pd_sock_set_owner(u->sock, &idle_ops, u);
	pd_sock_want(u->sock, 1);
	TAILQ_INSERT_HEAD(
	    &p->buckets[u->hash % PD_UPSTREAM_BUCKETS], u, bucket_link);
	TAILQ_INSERT_TAIL(&p->ages, u, age_link);
	p->nidle++;
	pd_stats_add(pd_upstream_stats(p), PD_STAT_UPSTREAM_IDLE, 1);
	pd_timer_set(pd_worker_timers(p->worker), &u->timer, p->idle_ms,
	    idle_expired, u);
	while (p->nidle > p->max)
		idle_over(TAILQ_FIRST(&p->ages));
}

static bool
fits(const struct pd_upstream *u, uint32_t hash,
    const struct pd_upstream_params *params)
{
	static const struct pd_addr any;

	return u->hash == hash && u->port == params->where->port &&
	       u->trusted == params->trusted &&
	       pd_addr_equal(&u->to, params->to != NULL ? params->to : &any) &&
	       pd_str_eq(pd_str_of(u->host, u->host_len), params->where->host);
}

struct pd_upstream *
pd_upstream_pool_find(
    struct pd_upstream_pool *p, const struct pd_upstream_params *params)
{
	const struct pd_authority *where = params->where;
	uint32_t hash = pd_upstream_hash(where->host, where->port);
	struct pd_upstream *u, *next;

	for (u = TAILQ_FIRST(&p->buckets[hash % PD_UPSTREAM_BUCKETS]);
	     u != NULL; u = next) {
		next = TAILQ_NEXT(u, bucket_link);
		if (!fits(u, hash, params))
			continue;
		pool_remove(u);
		/* Bytes that have come and were not read yet would be taken
		 * for the answer to what is asked next. */
		if (pd_sock_is_quiet(u->sock)) {
			pd_timer_clear(&u->timer);
			return u;
		}
		pd_upstream_close(u);
	}
	return NULL;
}

struct pd_upstream_pool *
pd_upstream_pool_create(
    struct pd_worker *w, struct pd_dialer *dialer, const struct pd_conf *conf)
{
	struct pd_upstream_pool *p = pd_xalloc(sizeof(*p));

	p->worker = w;
	for (size_t i = 0; i < PD_UPSTREAM_BUCKETS; i++)
		TAILQ_INIT(&p->buckets[i]);
	TAILQ_INIT(&p->ages);
	pd_upstream_pool_renew(p, dialer, conf);
	return p;
}

void
pd_upstream_pool_renew(struct pd_upstream_pool *p, struct pd_dialer *dialer,
    const struct pd_conf *conf)
{
	struct pd_upstream *u;

	p->dialer = dialer;
	p->round++;
	while ((u = TAILQ_FIRST(&p->ages)) != NULL)
		idle_over(u);
	p->max = (size_t)conf->pool_max;
	p->idle_ms = (uint32_t)conf->pool_idle_ms;
}

void
pd_upstream_pool_destroy(struct pd_upstream_pool *p)
{
	struct pd_upstream *u;

	if (p == NULL)
		return;
	while ((u = TAILQ_FIRST(&p->ages)) != NULL)
		idle_over(u);
	free(p);
}
