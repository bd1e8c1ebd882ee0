#include "net/listener.h"

#include <errno.h>
#include <event2/event.h>
#include <linux/netfilter_ipv4.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/log.h"
#include "base/timers.h"
#include "base/worker.h"

#define BACKLOG 4096
/* Connections taken in one turn, so that those open are not starved. */
#define ACCEPT_MAX 32
#define REST_MS    1000

struct pd_listener {
	struct pd_worker *worker;
	int fd;
	struct event *ev;
	struct pd_timer rest;
	enum pd_listener_kind kind;
	bool same; /* every connection has the listener's own address */
	struct pd_addr local;
	void (*accepted)(void *arg, const struct pd_accepted *conn);
	void *arg;
};

static struct pd_addr
local_of(int fd)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);

	if (getsockname(fd, (struct sockaddr *)&ss, &len) < 0)
		return (struct pd_addr){ 0 };
	return pd_addr_from_sockaddr((struct sockaddr *)&ss);
}

/* Options of the network layer, by family. 0, or -1 with errno. */
static int
set_address_options(int fd, uint16_t family, enum pd_listener_kind kind)
{
	bool six = family == AF_INET6;
	int level = six ? IPPROTO_IPV6 : IPPROTO_IP, on = 1;

	if (six)
		setsockopt(fd, level, IPV6_V6ONLY, &on, sizeof(on));
	setsockopt(
	    fd, level, six ? IPV6_FREEBIND : IP_FREEBIND, &on, sizeof(on));
	if (kind != PD_LISTENER_TPROXY)
		return 0;
	return setsockopt(fd, level, six ? IPV6_TRANSPARENT : IP_TRANSPARENT,
	    &on, sizeof(on));
}

/* A bound socket, or -1 with errno. */
static int
bind_to(const struct pd_addr *a, enum pd_listener_kind kind, bool shared)
{
	struct sockaddr_storage ss;
	socklen_t len = pd_addr_to_sockaddr(a, &ss);
	int on = 1, saved;
	int fd =
	    socket(a->family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (shared)
		setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
	/* Inherited by what is accepted. */
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (set_address_options(fd, a->family, kind) == 0 &&
	    bind(fd, (struct sockaddr *)&ss, len) == 0)
		return fd;
	saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

int
pd_listener_claim(const struct pd_addr *a, enum pd_listener_kind kind)
{
	int fd = bind_to(a, kind, false);

	if (fd < 0)
		return -1;
	close(fd);
	return 0;
}

int
pd_listener_bind(struct pd_addr *a, enum pd_listener_kind kind)
{
	int fd = bind_to(a, kind, true), saved;

	if (fd < 0)
		return -1;
	if (listen(fd, BACKLOG) < 0) {
		saved = errno;
		close(fd);
		errno = saved;
		return -1;
	}
	*a = local_of(fd);
	return fd;
}

static void
end_rest(struct pd_timer *t, void *arg)
{
	struct pd_listener *l = arg;

	(void)t;
	event_add(l->ev, NULL);
}

/*
 * Where the client was going. REDIRECT: connection tracking remembers; if it
 * knows nothing the destination was not rewritten, and then, as with TPROXY, it
 * is the socket's own address.
 */
static struct pd_addr
wanted_of(int fd, enum pd_listener_kind kind, const struct pd_addr *local)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	bool six = local->family == AF_INET6;

	/* For IPv6 it is IP6T_SO_ORIGINAL_DST, and the same number. */
	if (kind == PD_LISTENER_REDIRECT &&
	    getsockopt(fd, six ? IPPROTO_IPV6 : IPPROTO_IP, SO_ORIGINAL_DST,
		&ss, &len) == 0)
		return pd_addr_from_sockaddr((struct sockaddr *)&ss);
	return *local;
}

/* Nothing to accept with: sleeps until something was closed. */
static void
rest(struct pd_listener *l)
{
	pd_log_peer(PD_LOG_ERROR, 0,
	    "listener: %s; raise LimitNOFILE or lower MaxActiveUserConnections",
	    strerror(errno));
	event_del(l->ev);
	pd_timer_set(
	    pd_worker_timers(l->worker), &l->rest, REST_MS, end_rest, l);
}

static void
on_accept(evutil_socket_t fd, short what, void *arg)
{
	struct pd_listener *l = arg;

	(void)what;
	for (int i = 0; i < ACCEPT_MAX; i++) {
		struct sockaddr_storage ss;
		socklen_t len = sizeof(ss);
		struct pd_accepted conn = { .local = l->local };

		conn.fd = accept4(fd, (struct sockaddr *)&ss, &len,
		    SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (conn.fd < 0 && (errno == EMFILE || errno == ENFILE ||
				       errno == ENOBUFS || errno == ENOMEM))
			rest(l);
		if (conn.fd < 0)
			return;
		conn.client = pd_addr_from_sockaddr((struct sockaddr *)&ss);
		if (!l->same)
			conn.local = local_of(conn.fd);
		if (l->kind != PD_LISTENER_PROXY)
			conn.wanted = wanted_of(conn.fd, l->kind, &conn.local);
		l->accepted(l->arg, &conn);
	}
}

struct pd_listener *
pd_listener_start(struct pd_worker *w, int fd, enum pd_listener_kind kind,
    void (*accepted)(void *arg, const struct pd_accepted *conn), void *arg)
{
	struct pd_listener *l = pd_xalloc(sizeof(*l));

	l->worker = w;
	l->fd = fd;
	l->kind = kind;
	l->accepted = accepted;
	l->arg = arg;
	l->local = local_of(fd);
	l->same = kind == PD_LISTENER_PROXY &&
		  pd_addr_kind(&l->local) != PD_ADDR_UNSPECIFIED;
	l->ev = event_new(
	    pd_worker_base(w), fd, EV_READ | EV_PERSIST, on_accept, l);
	event_add(l->ev, NULL);
	return l;
}

void
pd_listener_stop(struct pd_listener *l)
{
	if (l == NULL)
		return;
	pd_timer_clear(&l->rest);
	event_free(l->ev);
	close(l->fd);
	free(l);
}
