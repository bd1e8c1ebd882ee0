/*
 * One worker and all that lives on its thread: listeners, connections,
 * exchanges, tunnels, the way out, the codecs.
 * Thread: main; what must happen on the worker is posted there.
 */
#ifndef PD_SEAT_H
#define PD_SEAT_H

#include "base/access_log.h"
#include "net/listener.h"
#include "setup.h"

struct pd_seat;
struct pd_stats;

struct pd_seat_params {
	unsigned index;
	struct pd_setup *setup;
	struct pd_access_log *log; /* NULL: off */
	struct pd_str via;         /* "1.1 <pseudonym>"; borrowed for life */
	/* Addresses that are listened on, and a bound socket for each, which
	 * is taken. Borrowed for life: own. */
	const struct pd_addr *own;
	const enum pd_listener_kind *kinds;
	const int *fds;
	size_t nown;
	/* Of every worker, by index; filled as seats are made. Borrowed. */
	const struct pd_stats **stats;
	size_t nstats;
};

/* NULL with errno; the sockets are closed in every case. */
struct pd_seat *pd_seat_create(const struct pd_seat_params *params);
/* Starts the thread. 0 or -1 with errno. */
int pd_seat_start(struct pd_seat *s);
/* Ends everything under way and the thread, and waits for it. */
void pd_seat_destroy(struct pd_seat *s);

/*
 * Puts another setup (NULL: as it is) and access log (NULL: off) in force.
 * What is under way goes on with what it began with.
 */
void pd_seat_change(
    struct pd_seat *s, struct pd_setup *setup, struct pd_access_log *log);

/* Accepts no more; connections close after their exchange. */
void pd_seat_drain(struct pd_seat *s);
/* Whether all is over; asks the worker, so that a later call knows better. */
bool pd_seat_quiet(struct pd_seat *s);

#endif
