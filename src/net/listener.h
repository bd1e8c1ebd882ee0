/*
 * Bound sockets and the accepting of connections.
 *
 * Every worker has a socket of its own for each address (SO_REUSEPORT): the
 * kernel spreads the connections, nobody wakes in vain.
 * Thread: main binds; the worker that a listener was started on accepts.
 */
#ifndef PD_LISTENER_H
#define PD_LISTENER_H

#include "base/addr.h"

struct pd_listener;
struct pd_worker;

/* How connections come to a listener. */
enum pd_listener_kind {
	PD_LISTENER_PROXY,    /* the client dialled it */
	PD_LISTENER_REDIRECT, /* the packet filter rewrote the destination */
	PD_LISTENER_TPROXY,   /* it left the destination and gave us the socket
			       */
};

/*
 * Whether a is free to listen on; -1 with errno. Asked before the first bind:
 * SO_REUSEPORT would share the address with another process in silence. EPERM:
 * TPROXY without CAP_NET_ADMIN.
 */
int pd_listener_claim(const struct pd_addr *a, enum pd_listener_kind kind);
/*
 * A socket that listens on a (port 0: any free one, told in *a). The address
 * need not be there yet: a tunnel's may come later. -1 with errno.
 */
int pd_listener_bind(struct pd_addr *a, enum pd_listener_kind kind);

/* A connection that was accepted: non-blocking, TCP_NODELAY. */
struct pd_accepted {
	int fd;                       /* the callback's */
	struct pd_addr client, local; /* both ends of the socket */
	/* Not PROXY: where the client was going, by what the kernel knows. */
	struct pd_addr wanted;
};

/*
 * Begins to accept on fd, which is taken. When descriptors run out accepting
 * rests for a second.
 */
struct pd_listener *
pd_listener_start(struct pd_worker *w, int fd, enum pd_listener_kind kind,
    void (*accepted)(void *arg, const struct pd_accepted *conn), void *arg);
/* Closes the socket. NULL is fine. */
void pd_listener_stop(struct pd_listener *l);

#endif
