#include "net/listener.h"

#include <errno.h>
#include <event2/event.h>
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
	bool wild; /* bound to every address: each connection has its own */
	struct pd_addr local;
	void (*accepted)(void *arg, int fd, const struct pd_addr *client,
	    const struct pd_addr *local);
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

/* A bound socket, or -1 with errno. */
static int
bind_to(const struct pd_addr *a, bool shared)
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
	if (a->family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&ss, len) == 0)
		return fd;
	saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

int
pd_listener_claim(const struct pd_addr *a)
{
	int fd = bind_to(a, false);

	if (fd < 0)
		return -1;
	close(fd);
	return 0;
}

int
pd_listener_bind(struct pd_addr *a)
{
	int fd = bind_to(a, true), saved;

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

static void
on_accept(evutil_socket_t fd, short what, void *arg)
{
	struct pd_listener *l = arg;

	(void)what;
	for (int i = 0; i < ACCEPT_MAX; i++) {
		struct sockaddr_storage ss;
		socklen_t len = sizeof(ss);
		struct pd_addr client, local = l->local;
		int conn = accept4(fd, (struct sockaddr *)&ss, &len,
		    SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (conn < 0 && (errno == EMFILE || errno == ENFILE ||
				    errno == ENOBUFS || errno == ENOMEM)) {
			pd_log_peer(PD_LOG_ERROR, 0,
			    "listener: %s; raise LimitNOFILE or lower "
			    "MaxActiveUserConnections",
			    strerror(errno));
			event_del(l->ev);
			pd_timer_set(pd_worker_timers(l->worker), &l->rest,
			    REST_MS, end_rest, l);
			return;
		}
		if (conn < 0)
			return;
		client = pd_addr_from_sockaddr((struct sockaddr *)&ss);
		if (l->wild)
			local = local_of(conn);
		l->accepted(l->arg, conn, &client, &local);
	}
}

struct pd_listener *
pd_listener_start(struct pd_worker *w, int fd,
    void (*accepted)(void *arg, int fd, const struct pd_addr *client,
	const struct pd_addr *local),
    void *arg)
{
	struct pd_listener *l = pd_xalloc(sizeof(*l));

	l->worker = w;
	l->fd = fd;
	l->accepted = accepted;
	l->arg = arg;
	l->local = local_of(fd);
	l->wild = pd_addr_kind(&l->local) == PD_ADDR_UNSPECIFIED;
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
