#include "base/timers.h"

#include <event2/event.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/clock.h"

#define TICK_MS 100

struct pd_timer_list {
	TAILQ_HEAD(, pd_timer) head; /* soonest first: all of one length */
	uint32_t ms;
	struct pd_timer_list *next;
};

struct pd_timers {
	struct event_base *base;
	struct event *tick;
	struct pd_timer_list *lists;
	uint64_t now_ms;
};

static void
on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct pd_timers *ts = arg;
	struct pd_timer *t;

	(void)fd;
	(void)what;
	ts->now_ms = pd_clock_ms(CLOCK_MONOTONIC_COARSE);
	for (struct pd_timer_list *l = ts->lists; l != NULL; l = l->next) {
		while ((t = TAILQ_FIRST(&l->head)) != NULL &&
		       t->due_ms <= ts->now_ms) {
			pd_timer_clear(t);
			t->expired(t, t->arg);
		}
	}
}

struct pd_timers *
pd_timers_create(struct event_base *base)
{
	struct pd_timers *ts = pd_xalloc(sizeof(*ts));
	struct timeval tv = { 0, TICK_MS * 1000 };

	ts->base = base;
	ts->now_ms = pd_clock_ms(CLOCK_MONOTONIC_COARSE);
	ts->tick = event_new(base, -1, EV_PERSIST, on_tick, ts);
	event_add(ts->tick, &tv);
	return ts;
}

void
pd_timers_destroy(struct pd_timers *ts)
{
	struct pd_timer_list *l, *next;

	if (ts == NULL)
		return;
	event_free(ts->tick);
	for (l = ts->lists; l != NULL; l = next) {
		next = l->next;
		free(l);
	}
	free(ts);
}

static struct pd_timer_list *
list_of(struct pd_timers *ts, uint32_t ms)
{
	struct pd_timer_list *l, **at = &ts->lists;

	for (; (l = *at) != NULL; at = &l->next) {
		if (l->ms == ms)
			return l;
	}
	l = pd_xalloc(sizeof(*l));
	TAILQ_INIT(&l->head);
	l->ms = ms;
	/* At the end: on_tick() may be walking the list. */
	*at = l;
	return l;
}

void
pd_timer_set(struct pd_timers *ts, struct pd_timer *t, uint32_t ms,
    void (*expired)(struct pd_timer *t, void *arg), void *arg)
{
	struct pd_timer_list *l = list_of(ts, ms);

	pd_timer_clear(t);
	t->expired = expired;
	t->arg = arg;
	/* The tick's own clock may be old: the loop may have been busy. */
	t->due_ms = pd_clock_ms(CLOCK_MONOTONIC_COARSE) + ms;
	t->list = l;
	TAILQ_INSERT_TAIL(&l->head, t, link);
}

void
pd_timer_clear(struct pd_timer *t)
{
	if (t->list == NULL)
		return;
	TAILQ_REMOVE(&t->list->head, t, link);
	t->list = NULL;
}

void
pd_timers_expire_all(struct pd_timers *ts)
{
	struct pd_timer_list now = { .head = TAILQ_HEAD_INITIALIZER(now.head) };
	struct pd_timer *t;

	/* Apart, because a callback may set its timer anew. */
	for (struct pd_timer_list *l = ts->lists; l != NULL; l = l->next) {
		TAILQ_FOREACH (t, &l->head, link)
			t->list = &now;
		TAILQ_CONCAT(&now.head, &l->head, link);
	}
	while ((t = TAILQ_FIRST(&now.head)) != NULL) {
		pd_timer_clear(t);
		t->expired(t, t->arg);
	}
}

uint64_t
pd_timers_now(const struct pd_timers *ts)
{
	return ts->now_ms;
}
