/*
 * One thread with an event loop, to which other threads may post work.
 *
 * Everything that a worker opens stays with it for life and is not locked.
 * Thread: each function says which.
 */
#ifndef PD_WORKER_H
#define PD_WORKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct event_base;
struct pd_timers;
struct pd_stats;

struct pd_worker;

/* Bytes of pd_worker_scratch(). */
#define PD_WORKER_SCRATCH (128 * 1024)

/* index: from 0, names the thread "pared/0". NULL with errno. Thread: main. */
struct pd_worker *pd_worker_create(unsigned index);
/* Starts the thread; work posted before runs first. 0 or -1. Thread: main. */
int pd_worker_start(struct pd_worker *w);
/* Ends the loop after the work posted so far. Thread: any. */
void pd_worker_stop(struct pd_worker *w);
/* Waits for the thread's end and frees; stop it first. Thread: main. */
void pd_worker_destroy(struct pd_worker *w);

/* Runs fn(arg) on the worker's thread, in order. Thread: any. */
void pd_worker_post(struct pd_worker *w, void (*fn)(void *arg), void *arg);

/* Thread: worker, all below. */
unsigned pd_worker_index(const struct pd_worker *w);
struct event_base *pd_worker_base(struct pd_worker *w);
struct pd_timers *pd_worker_timers(struct pd_worker *w);
struct pd_stats *pd_worker_stats(struct pd_worker *w);
/* Bytes to read into and hand on within one callback, never across two. */
char *pd_worker_scratch(struct pd_worker *w);

#endif
