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

/*
 * Whether a is free to listen on; -1 with errno. Asked before the first bind:
 * SO_REUSEPORT would share the address with another process in silence.
 */
int pd_listener_claim(const struct pd_addr *a);
/* A socket that listens on a (port 0: any free one, told in *a). -1 with
 * errno. */
int pd_listener_bind(struct pd_addr *a);

/*
 * Begins to accept on fd, which is taken. accepted is given each connection:
 * non-blocking, TCP_NODELAY; fd is the callback's. When descriptors run out
 * accepting rests for a second.
 */
struct pd_listener *pd_listener_start(struct pd_worker *w, int fd,
    void (*accepted)(void *arg, int fd, const struct pd_addr *client,
	const struct pd_addr *local),
    void *arg);
/* Closes the socket. NULL is fine. */
void pd_listener_stop(struct pd_listener *l);

#endif
