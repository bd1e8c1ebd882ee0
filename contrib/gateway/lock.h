/*
 * One run of the program at a time, and one gateway in a network namespace.
 *
 * Two locks: a file for the gateway's own journal, and an abstract socket,
 * which the kernel keeps a namespace of names for in every network namespace,
 * for the namespace. Both go with the process, however it ends. That another
 * gateway is up, with no process to hold anything, is netns.h's to see.
 * Thread: main.
 */
#ifndef GW_LOCK_H
#define GW_LOCK_H

#include "system.h"

struct gw_lock {
	int file, space; /* descriptors; -1: not held */
};

struct gw_holder {
	pid_t pid;   /* 0: not known */
	bool serves; /* gw_lock_serve() */
};

/*
 * Takes both, and makes the run directory (0700). Where somebody has one of
 * them, this waits for wait_ms, and for half a second at least. 0, or -1 after
 * gw_fail(); *holder says who has the first.
 */
int gw_lock_take(struct gw_lock *l, struct gw_system *sys, int wait_ms,
    struct gw_holder *holder);
/* Notes that the holder is a `run`, which may be told to read its file again.
 */
void gw_lock_serve(struct gw_lock *l);
void gw_lock_drop(struct gw_lock *l);

#endif
