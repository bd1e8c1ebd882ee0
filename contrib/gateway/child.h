/*
 * Programs that run as long as the gateway is up: charon, unbound, tayga,
 * wireguard-go.
 *
 * Each has a session of its own, a clean environment, its output in
 * RUN-DIR/NAME.log, and its process in RUN-DIR/NAME.pid together with the time
 * at which that began, so that a stranger who was given the number again is
 * never taken for it. It is known by its environment, too, which its own
 * children inherit: PARED_GATEWAY has the gateway's name, and
 * PARED_GATEWAY_CHILD the child's with what only RUN-DIR/token says. So it is
 * found even when we died between its start and the note of it.
 * Thread: main.
 */
#ifndef GW_CHILD_H
#define GW_CHILD_H

#include "system.h"

struct gw_child {
	const char *name;        /* of its files in RUN-DIR */
	const char *const *argv; /* argv[0]: a name (gw_program()) or a path */
	const char *const *env;  /* "NAME=VALUE", NULL-terminated; NULL: none */
	const char *cwd;         /* NULL: "/" */
	const char *ready;       /* a path that is there once it serves; NULL:
				    it serves when it has not died at once */
};

/*
 * Starts it and waits until it is ready, for ten seconds at most. The first of
 * a run directory ends before that what one that was lost has left running. 0,
 * or -1 after gw_fail() with the last lines that it wrote; it is gone then.
 */
int gw_child_start(struct gw_system *sys, const struct gw_child *c);

/* Its process, 0 when there is none. *mark: of gw_child_mark(), 0: none; NULL:
 * of no interest. */
pid_t gw_child_find(struct gw_system *sys, const char *name, uint64_t *mark);
/* Notes beside its process what it was started with. 0 or -1 after gw_fail().
 */
int gw_child_mark(struct gw_system *sys, const char *name, uint64_t mark);

/*
 * Ends it, and what it started: TERM to all, after five seconds KILL. It is
 * gone when this returns, and so are its files but the log. None there: no
 * failure. 0 or -1 after gw_fail().
 */
int gw_child_stop(struct gw_system *sys, const char *name);
/* Removes the socket or note (struct gw_child, ready) of one that has ended and
 * left it behind; NULL: there is none. */
void gw_child_unready(const struct gw_system *sys, const char *ready);
/* Ends all whose PARED_GATEWAY is this gateway, whatever they are called; out:
 * a line for each. */
int gw_child_stop_all(struct gw_system *sys, FILE *out);

/* Its log beyond 1 MiB is begun anew; the end of what it held stays in
 * RUN-DIR/NAME.old.log, where that of the child before it was. */
void gw_child_trim(struct gw_system *sys, const char *name);

#endif
