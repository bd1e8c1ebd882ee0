/*
 * Which sockets the server listens on: each address of the configuration, one
 * socket a worker.
 * Thread: main.
 */
#ifndef PD_LISTEN_H
#define PD_LISTEN_H

#include "net/listener.h"

#define PD_LISTEN_MAX         32 /* addresses */
#define PD_LISTEN_WORKERS_MAX 64

struct pd_conf;

struct pd_listen {
	struct pd_addr own[PD_LISTEN_MAX];
	enum pd_listener_kind kinds[PD_LISTEN_MAX];
	size_t n;
	/* By worker and address; -1: a worker's, or none. */
	int fds[PD_LISTEN_WORKERS_MAX][PD_LISTEN_MAX];
};

/* No socket yet. */
void pd_listen_init(struct pd_listen *l);
/* Binds all for so many workers. 0, or -1 after an error was logged. */
int pd_listen_open(
    struct pd_listen *l, const struct pd_conf *conf, unsigned nworkers);
/* Closes what no worker took. */
void pd_listen_close(struct pd_listen *l);

#endif
