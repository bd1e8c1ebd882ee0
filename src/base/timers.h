/*
 * Deadlines of very many connections, of which there are only a few lengths.
 *
 * One list per length, oldest first: setting and clearing a deadline is a few
 * pointer moves, and the tick looks only at the heads. Deadlines are met up to
 * one tick late, never early.
 * Thread: worker.
 */
#ifndef PD_TIMERS_H
#define PD_TIMERS_H

#include <stdint.h>
#include <sys/queue.h>

struct event_base;
struct pd_timers;

/* Embedded in what has a deadline; zeroed memory is a timer that is not set. */
struct pd_timer {
	TAILQ_ENTRY(pd_timer) link;
	struct pd_timer_list *list; /* NULL when not set */
	uint64_t due_ms;
	void (*expired)(struct pd_timer *t, void *arg);
	void *arg;
};

/* Aborts when there is no memory. */
struct pd_timers *pd_timers_create(struct event_base *base);
void pd_timers_destroy(struct pd_timers *ts);

/*
 * Sets t to expire in ms milliseconds, or moves it. The callback may destroy
 * what holds t.
 */
void pd_timer_set(struct pd_timers *ts, struct pd_timer *t, uint32_t ms,
    void (*expired)(struct pd_timer *t, void *arg), void *arg);
void pd_timer_clear(struct pd_timer *t);

/* Expires every timer that is set now: the loop is about to end. */
void pd_timers_expire_all(struct pd_timers *ts);

/* CLOCK_MONOTONIC of the running tick or callback, milliseconds; coarse. */
uint64_t pd_timers_now(const struct pd_timers *ts);

#endif
