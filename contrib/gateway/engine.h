/*
 * From a plan to the machine and back: converge, undo, probe.
 *
 * A step is written down, made, and only then the next one looked at. What is
 * as planned without having been written down is somebody else's: it is left
 * as it is, and will not be undone. So `down` takes back what was done here,
 * and nothing else.
 *
 * Thread: main.
 */
#ifndef GW_ENGINE_H
#define GW_ENGINE_H

#include <signal.h>

#include "journal.h"
#include "lock.h"
#include "plan.h"
#include "system.h"

struct gw_engine {
	struct gw_system sys;
	struct gw_journal journal;
	struct gw_lock lock;
	sigset_t before;  /* the signals that were blocked at begin */
	sigset_t ends;    /* those at which `up` gives up, and is undone */
	size_t changed;   /* steps that did something since begin */
	size_t unchanged; /* steps that had nothing to do, of the last up */
	size_t lost;      /* of those what bears our mark, not written down */
	bool known;       /* the journal was read, so that none is none */
	bool hidden;      /* the journal may not be read by this user */
	bool failed;      /* an `up`, so that logs are of interest */
	FILE *tell;       /* a line for each step that is done; NULL: none */
	bool go_on;       /* after a step that failed, with those after it */
	/* Of steps that are not as planned (and are FOREIGN or UNSEEN, where
	 * nothing can be done but to say so): which are left alone for now;
	 * NULL: none. */
	bool (*skip)(void *arg, const struct gw_step *s, enum gw_state state);
	void *arg;
};

/*
 * Takes the locks (another run of the program: told, -1) and reads the journal.
 * INT, TERM and HUP are held back until the end, so that no step is cut in two.
 */
int gw_engine_begin(struct gw_engine *e, const struct gw_config *c);

struct gw_begin {
	int wait_ms;  /* for the locks */
	bool salvage; /* of a journal of another version, what can be read */
	bool quiet;   /* failure is not told, but put into why */
	char why[GW_WHY];
	struct gw_holder holder; /* out: who has the lock */
};
/* On -1 there is nothing to end. */
int gw_engine_begin_with(
    struct gw_engine *e, const struct gw_config *c, struct gw_begin *how);
/* Takes no lock and changes nothing: for who looks only. Where the journal is
 * not known, sys.why says why. */
void gw_engine_look(struct gw_engine *e, const struct gw_config *c);
void gw_engine_end(struct gw_engine *e);

/*
 * Brings the machine to the plan: what was done before and is in the plan no
 * more is undone, what is missing or has drifted is made; what is as planned
 * is left alone, so that a second call changes nothing. On failure what this
 * call made anew is undone, and -1 is returned after the reason was told. (What
 * it changed or undid of an earlier plan wants that plan to come back.)
 */
int gw_engine_up(struct gw_engine *e, const struct gw_plan *p);
/* Whether GW_NO_UPLINK stands where the name of the default route's link
 * would, so that it cannot be made. */
bool gw_engine_needs_uplink(const struct gw_step *s);
/* Makes those steps that `which` chooses and leaves all others as they are,
 * planned or not. Goes on after a failure; -1 then, told. */
int gw_engine_up_some(struct gw_engine *e, const struct gw_plan *p,
    bool (*which)(const struct gw_step *s));
/* Undoes all that the journal has, last first. Goes on after a failure; -1
 * then, and what could not be undone stays in the journal. */
int gw_engine_down(struct gw_engine *e);
/* By marks, without the journal; a line on stdout for each object, or one that
 * there was none. p: for what bears no mark, which is named (NULL: there is no
 * plan). */
int gw_engine_sweep(struct gw_engine *e, const struct gw_plan *p);
/* state[i] of p->v[i]. */
void gw_engine_probe(
    struct gw_engine *e, const struct gw_plan *p, enum gw_state *state);

/*
 * Called between what is written down and what is done: "write", "make",
 * "made", "undo", "undone", "forget". Does nothing; the program that tests
 * crashes links another.
 */
void gw_fault(const char *where);

#endif
