#include "watch.h"

#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/rtnetlink.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/arena.h"

/* Bytes: a table of rules that is replaced comes as thousands of messages at
 * once. What does not fit is lost, and that is news enough. */
#define ROOM (1024 * 1024)

struct gw_watch {
	struct nl_sock *route, *filter; /* filter: NULL where there is none */
};

static struct nl_sock *
join(int protocol, const int *groups, const char **why)
{
	struct nl_sock *sock = nl_socket_alloc();
	int rc = sock != NULL ? nl_connect(sock, protocol) : -NLE_NOMEM;

	for (; rc == 0 && *groups != 0; groups++)
		rc = nl_socket_add_memberships(sock, *groups, 0);
	if (rc == 0)
		rc = nl_socket_set_nonblocking(sock);
	if (rc < 0) {
		*why = nl_geterror(rc);
		nl_socket_free(sock);
		return NULL;
	}
	(void)nl_socket_set_buffer_size(sock, ROOM, 0);
	return sock;
}

struct gw_watch *
gw_watch_open(const char **why)
{
	/* Not RTNLGRP_NEIGH: neighbours come and go all the time, and of
	 * proxied ones, which would be ours, it has no word (Linux 6.18). */
	static const int route[] = { RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR,
		RTNLGRP_IPV6_IFADDR, RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE,
		RTNLGRP_IPV4_RULE, RTNLGRP_IPV6_RULE, RTNLGRP_IPV4_NETCONF,
		RTNLGRP_IPV6_NETCONF, RTNLGRP_TC, 0 };
	static const int filter[] = { NFNLGRP_NFTABLES, 0 };
	struct gw_watch *w = pd_xalloc(sizeof(*w));
	const char *no_filter;

	w->route = join(NETLINK_ROUTE, route, why);
	if (w->route == NULL) {
		gw_watch_close(w);
		return NULL;
	}
	w->filter = join(NETLINK_NETFILTER, filter, &no_filter);
	return w;
}

void
gw_watch_close(struct gw_watch *w)
{
	if (w == NULL)
		return;
	nl_socket_free(w->route);
	nl_socket_free(w->filter);
	free(w);
}

void
gw_watch_fds(const struct gw_watch *w, struct pollfd *fds)
{
	fds[0] = (struct pollfd){ .fd = nl_socket_get_fd(w->route),
		.events = POLLIN };
	fds[1] = (struct pollfd){
		.fd = w->filter != NULL ? nl_socket_get_fd(w->filter) : -1,
		.events = POLLIN
	};
}

static bool
drain(struct nl_sock *sock)
{
	char buf[8192];
	bool any = false;
	ssize_t n;

	if (sock == NULL)
		return false;
	/* ENOBUFS: more came than there was room for. */
	while ((n = recv(nl_socket_get_fd(sock), buf, sizeof(buf),
		    MSG_DONTWAIT)) > 0 ||
	       (n < 0 && (errno == ENOBUFS || errno == EINTR)))
		any = true;
	return any;
}

bool
gw_watch_read(struct gw_watch *w)
{
	bool route = drain(w->route), filter = drain(w->filter);

	return route || filter;
}
