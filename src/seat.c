#include "seat.h"

#include <errno.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "access.h"
#include "base/arena.h"
#include "base/stats.h"
#include "base/timers.h"
#include "base/worker.h"
#include "exchange.h"
#include "filters/image/ask.h"
#include "net/conn.h"
#include "net/dial.h"
#include "net/reach.h"
#include "net/resolve.h"
#include "net/self.h"
#include "net/sock.h"
#include "net/upstream.h"

#define CODEC_QUEUE_MAX 64
/* A line of the access log waits this long in memory. */
#define FLUSH_MS 1000
/* How often the resolver of an earlier configuration, half a megabyte, is
 * looked at: it goes once nobody asks it any more. */
#define RETIRE_MS 1000

/* A resolver and what dials by it; replaced together at a reload. */
struct route {
	struct pd_resolver *resolver;
	struct pd_dialer *dialer;
	struct route *next; /* retired ones */
	struct pd_timer timer;
	struct pd_seat *seat;
};

struct pd_seat {
	struct pd_worker *worker;
	struct pd_conn_context conns;
	struct pd_exchange_context exchanges;
	struct route *route, *retired;
	struct pd_listener **listeners;
	const struct pd_addr *own;
	size_t nown;
	struct pd_timer flush; /* of the access log */
	_Atomic bool quiet;    /* drained: no connection, no tunnel */
};

static void
on_request(void *arg, struct pd_wire *wire, struct pd_request *req,
    struct pd_arena *arena)
{
	struct pd_seat *s = arg;

	pd_exchange_begin(&s->exchanges, wire, req, arena);
}

static void
on_malformed(void *arg, struct pd_wire *wire, int status, const char *what,
    struct pd_arena *arena)
{
	struct pd_seat *s = arg;

	pd_exchange_refuse(&s->exchanges, wire, status, what, arena);
}

static void
on_tunnel(void *arg, struct pd_wire *wire, const struct pd_hello *hello,
    const char *fault, struct pd_arena *arena)
{
	struct pd_seat *s = arg;

	pd_exchange_tunnel(&s->exchanges, wire, hello, fault, arena);
}

static void
refuse(struct pd_seat *s, int fd, const struct pd_addr *client, const char *why)
{
	char text[PD_ADDR_TEXT];

	pd_log_peer(
	    PD_LOG_INFO, 0, "server: %s: %s", pd_addr_text(client, text), why);
	pd_stats_add(pd_worker_stats(s->worker), PD_STAT_CLIENTS_REFUSED, 1);
	close(fd);
}

static const char too_many[] =
    "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 10\r\n"
    "Content-Length: 0\r\nConnection: close\r\n\r\n";

/* The limit is on all workers together, tunnels too; the sum may be a moment
 * old. */
static bool
is_full(const struct pd_seat *s, const struct pd_conf *conf)
{
	int64_t n = 0;

	if (conf->max_clients == 0)
		return false;
	for (size_t i = 0; i < s->exchanges.nstats; i++)
		n += pd_stats_get(s->exchanges.stats[i], PD_STAT_CLIENTS) +
		     pd_stats_get(s->exchanges.stats[i], PD_STAT_TUNNELS);
	return n >= conf->max_clients;
}

/* TOSMarking: towards the client, as Ziproxy did; IPv6 has its own name. */
static void
mark(int fd, const struct pd_conf *conf, const struct pd_addr *client)
{
	int tos = (int)conf->tos;

	if (tos < 0)
		return;
	if (client->family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_TCLASS, &tos, sizeof(tos));
	else
		setsockopt(fd, IPPROTO_IP, IP_TOS, &tos, sizeof(tos));
}

/*
 * Rules for the output of this machine must spare our own connections: each
 * that is led back here would bring another, until the descriptors are gone.
 * (Of HTTP, Via would tell.)
 */
static bool
comes_back(const struct pd_accepted *conn)
{
	if (!pd_self_dialled(&conn->client, &conn->wanted))
		return false;
	pd_log_peer(PD_LOG_ERROR, 0,
	    "server: the packet filter leads pared's own connections to "
	    "TransparentPort; leave them out, by \"meta skuid\" for one");
	return true;
}

static void
on_accepted(void *arg, const struct pd_accepted *conn)
{
	struct pd_seat *s = arg;
	const struct pd_conf *conf = s->exchanges.setup->conf;
	const struct pd_addr *client = &conn->client;
	bool led = conn->wanted.family != 0;
	struct pd_addr wanted = conn->wanted;

	if (!pd_access_client(conf, client)) {
		refuse(s, conn->fd, client, "not in OnlyFrom");
		return;
	}
	if (is_full(s, conf)) {
		/* A client of a socket that is new has room for this much; if
		 * it speaks HTTP. */
		if (!led)
			(void)!write(conn->fd, too_many, sizeof(too_many) - 1);
		refuse(
		    s, conn->fd, client, "MaxActiveUserConnections is reached");
		return;
	}
	if (led && comes_back(conn)) {
		refuse(s, conn->fd, client, "it is our own");
		return;
	}
	/* Who dialled the port itself goes nowhere. */
	if (led && pd_reach_is_own(s->own, s->nown, &wanted))
		wanted.family = 0;
	mark(conn->fd, conf, client);
	pd_conn_open(
	    &s->conns, conn->fd, client, &conn->local, led ? &wanted : NULL);
}

static struct route *
route_create(struct pd_seat *s, const struct pd_conf *conf)
{
	struct route *r = pd_xalloc(sizeof(*r));
	struct pd_dialer_params params = {
		.base = pd_worker_base(s->worker),
		.timers = pd_worker_timers(s->worker),
		.own = s->own,
		.nown = s->nown,
	};

	r->seat = s;
	r->resolver = pd_resolver_create(params.base, conf);
	if (r->resolver == NULL) {
		free(r);
		return NULL;
	}
	params.resolver = r->resolver;
	r->dialer = pd_dialer_create(&params);
	return r;
}

static void
route_destroy(struct route *r)
{
	if (r == NULL)
		return;
	pd_timer_clear(&r->timer);
	pd_dialer_destroy(r->dialer);
	pd_resolver_destroy(r->resolver);
	free(r);
}

static void on_retired(struct pd_timer *t, void *arg);

/* Destroys a route, now or once the last dial by it is over. */
static void
retire(struct pd_seat *s, struct route *r)
{
	if (pd_dialer_is_idle(r->dialer) && pd_resolver_is_idle(r->resolver)) {
		route_destroy(r);
		return;
	}
	r->next = s->retired;
	s->retired = r;
	pd_timer_set(
	    pd_worker_timers(s->worker), &r->timer, RETIRE_MS, on_retired, r);
}

static void
on_retired(struct pd_timer *t, void *arg)
{
	struct route *r = arg, **at = &r->seat->retired;

	(void)t;
	while (*at != r)
		at = &(*at)->next;
	*at = r->next;
	retire(r->seat, r);
}

/* ---- changes ------------------------------------------------------------ */

struct change {
	struct pd_seat *seat;
	struct pd_setup *setup;    /* NULL: only the log */
	struct pd_access_log *log; /* NULL: off */
};

static void
on_flush(struct pd_timer *t, void *arg)
{
	struct pd_seat *s = arg;

	if (s->exchanges.log != NULL)
		pd_access_log_flush(s->exchanges.log);
	pd_timer_set(pd_worker_timers(s->worker), t, FLUSH_MS, on_flush, s);
}

static void
apply_log(struct pd_seat *s, struct pd_access_log *log)
{
	pd_access_log_writer_destroy(s->exchanges.log);
	s->exchanges.log =
	    log != NULL ? pd_access_log_writer_create(log) : NULL;
}

/* On the worker: what is under way goes on with what it began with. */
static void
apply_change(void *arg)
{
	struct change *ch = arg;
	struct pd_seat *s = ch->seat;

	apply_log(s, ch->log);
	if (ch->setup != NULL) {
		struct route *route = route_create(s, ch->setup->conf);

		if (route != NULL) {
			retire(s, s->route);
			s->route = route;
			s->exchanges.resolver = route->resolver;
		} else {
			pd_log(PD_LOG_ERROR, 0,
			    "server: no new resolver, the old one stays: %s",
			    strerror(errno));
		}
		pd_upstream_pool_renew(
		    s->exchanges.upstreams, s->route->dialer, ch->setup->conf);
		pd_setup_unref(s->exchanges.setup);
		s->exchanges.setup = ch->setup;
		s->conns.conf = ch->setup->conf;
	}
	pd_access_log_unref(ch->log);
	free(ch);
}

void
pd_seat_change(
    struct pd_seat *s, struct pd_setup *setup, struct pd_access_log *log)
{
	struct change *ch = pd_xalloc(sizeof(*ch));

	ch->seat = s;
	if (setup != NULL)
		ch->setup = pd_setup_ref(setup);
	if (log != NULL)
		ch->log = pd_access_log_ref(log);
	pd_worker_post(s->worker, apply_change, ch);
}

/* ---- begin and end ------------------------------------------------------ */

static struct pd_ask_pool *
codecs_create(struct pd_seat *s, const struct pd_conf *conf)
{
	char *path = pd_conf_codec(conf);
	const struct pd_ask_pool_params params = {
		.base = pd_worker_base(s->worker),
		.worker = s->worker,
		.stats = pd_worker_stats(s->worker),
		.path = path,
		.processes = 1,
		.queue_max = CODEC_QUEUE_MAX,
		.memory_max = (size_t)conf->image_memory_max,
	};
	struct pd_ask_pool *pool = NULL;

	if (access(path, X_OK) == 0)
		pool = pd_ask_pool_create(&params);
	else if (pd_worker_index(s->worker) == 0)
		pd_log(PD_LOG_WARN, 0,
		    "server: %s: %s; images pass as they are (CodecPath)", path,
		    strerror(errno));
	free(path);
	return pool;
}

static void
stop_listening(struct pd_seat *s)
{
	for (size_t i = 0; i < s->nown; i++) {
		pd_listener_stop(s->listeners[i]);
		s->listeners[i] = NULL;
	}
}

/* The last thing on a worker's thread. */
static void
finish(void *arg)
{
	struct pd_seat *s = arg;

	stop_listening(s);
	pd_timer_clear(&s->flush);
	pd_conn_close_all(&s->conns);
	pd_tunnel_close_all(&s->exchanges.tunnels);
	/* Connections that linger on their own. */
	pd_timers_expire_all(pd_worker_timers(s->worker));
	pd_ask_pool_destroy(s->exchanges.codecs);
	pd_scratch_destroy(s->exchanges.scratch);
	pd_upstream_pool_destroy(s->exchanges.upstreams);
	while (s->retired != NULL) {
		struct route *next = s->retired->next;

		route_destroy(s->retired);
		s->retired = next;
	}
	route_destroy(s->route);
	pd_access_log_writer_destroy(s->exchanges.log);
	pd_setup_unref(s->exchanges.setup);
	pd_worker_stop(s->worker);
}

static void
init_contexts(struct pd_seat *s, const struct pd_seat_params *p)
{
	struct pd_conf *conf = p->setup->conf;

	s->conns = (struct pd_conn_context){
		.worker = s->worker,
		.conf = conf,
		.request = on_request,
		.malformed = on_malformed,
		.tunnel = on_tunnel,
		.arg = s,
	};
	TAILQ_INIT(&s->conns.conns);
	s->exchanges = (struct pd_exchange_context){
		.worker = s->worker,
		.setup = pd_setup_ref(p->setup),
		.upstreams =
		    pd_upstream_pool_create(s->worker, s->route->dialer, conf),
		.resolver = s->route->resolver,
		.codecs = codecs_create(s, conf),
		.scratch = pd_scratch_create(),
		.via = p->via,
		.draining = &s->conns.draining,
		.stats = (const struct pd_stats *const *)p->stats,
		.nstats = p->nstats,
		.next_id = p->index,
	};
	TAILQ_INIT(&s->exchanges.tunnels);
	apply_log(s, p->log);
	pd_timer_set(
	    pd_worker_timers(s->worker), &s->flush, FLUSH_MS, on_flush, s);
}

struct pd_seat *
pd_seat_create(const struct pd_seat_params *p)
{
	struct pd_seat *s = pd_xalloc(sizeof(*s));

	s->own = p->own;
	s->nown = p->nown;
	s->listeners = pd_xalloc(p->nown * sizeof(*s->listeners));
	s->worker = pd_worker_create(p->index);
	if (s->worker == NULL)
		goto fail;
	p->stats[p->index] = pd_worker_stats(s->worker);
	s->route = route_create(s, p->setup->conf);
	if (s->route == NULL)
		goto fail;
	init_contexts(s, p);
	for (size_t i = 0; i < p->nown; i++)
		s->listeners[i] = pd_listener_start(
		    s->worker, p->fds[i], p->kinds[i], on_accepted, s);
	return s;
fail:
	for (size_t i = 0; i < p->nown; i++)
		close(p->fds[i]);
	pd_worker_destroy(s->worker);
	free(s->listeners);
	free(s);
	return NULL;
}

int
pd_seat_start(struct pd_seat *s)
{
	return pd_worker_start(s->worker);
}

void
pd_seat_destroy(struct pd_seat *s)
{
	if (s == NULL)
		return;
	pd_worker_post(s->worker, finish, s);
	pd_worker_destroy(s->worker);
	free(s->listeners);
	free(s);
}

/* ---- draining ----------------------------------------------------------- */

static void
begin_drain(void *arg)
{
	struct pd_seat *s = arg;

	stop_listening(s);
	pd_conn_drain_all(&s->conns);
}

void
pd_seat_drain(struct pd_seat *s)
{
	pd_worker_post(s->worker, begin_drain, s);
}

static void
check_quiet(void *arg)
{
	struct pd_seat *s = arg;

	s->quiet = s->conns.nconns == 0 && pd_sock_owing() == 0 &&
		   TAILQ_EMPTY(&s->exchanges.tunnels);
}

bool
pd_seat_quiet(struct pd_seat *s)
{
	bool quiet = s->quiet;

	pd_worker_post(s->worker, check_quiet, s);
	return quiet;
}
