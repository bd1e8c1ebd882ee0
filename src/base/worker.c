#include "base/worker.h"

#include <errno.h>
#include <event2/event.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/stats.h"
#include "base/timers.h"

struct post {
	struct post *next;
	void (*fn)(void *arg);
	void *arg;
};

struct pd_worker {
	unsigned index;
	struct event_base *base;
	struct pd_timers *timers;
	struct pd_stats stats;
	char *scratch;

	pthread_t thread;
	bool started;

	/* Posted work: the only part that other threads touch. */
	pthread_mutex_t lock;
	struct post *posts, **posts_end;
	int wake_fd;
	struct event *wake_ev;
};

/* False when there were none. */
static bool
run_posts(struct pd_worker *w)
{
	struct post *p, *next;
	bool any;

	pthread_mutex_lock(&w->lock);
	p = w->posts;
	any = p != NULL;
	w->posts = NULL;
	w->posts_end = &w->posts;
	pthread_mutex_unlock(&w->lock);
	for (; p != NULL; p = next) {
		next = p->next;
		p->fn(p->arg);
		free(p);
	}
	return any;
}

static void
on_wake(evutil_socket_t fd, short what, void *arg)
{
	struct pd_worker *w = arg;
	uint64_t n;

	(void)what;
	if (read(fd, &n, sizeof(n)) < 0 && errno != EAGAIN && errno != EINTR)
		return;
	run_posts(w);
}

struct pd_worker *
pd_worker_create(unsigned index)
{
	struct pd_worker *w = pd_xalloc(sizeof(*w));
	struct event_config *cfg = event_config_new();

	w->index = index;
	w->posts_end = &w->posts;
	pthread_mutex_init(&w->lock, NULL);
	w->scratch = pd_xalloc(PD_WORKER_SCRATCH);
	w->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (cfg == NULL || w->wake_fd < 0)
		goto fail;
	/* Nobody but this thread touches the base: no locks in it. */
	event_config_set_flag(cfg, EVENT_BASE_FLAG_NOLOCK);
	w->base = event_base_new_with_config(cfg);
	if (w->base == NULL)
		goto fail;
	event_config_free(cfg);
	w->wake_ev =
	    event_new(w->base, w->wake_fd, EV_READ | EV_PERSIST, on_wake, w);
	event_add(w->wake_ev, NULL);
	w->timers = pd_timers_create(w->base);
	return w;
fail:
	if (cfg != NULL)
		event_config_free(cfg);
	pd_worker_destroy(w);
	return NULL;
}

static void *
thread_main(void *arg)
{
	struct pd_worker *w = arg;
	char name[16];

	snprintf(name, sizeof(name), "pared/%u", w->index);
	pthread_setname_np(pthread_self(), name);
	event_base_loop(w->base, EVLOOP_NO_EXIT_ON_EMPTY);
	while (run_posts(w))
		;
	pd_arena_thread_end();
	return NULL;
}

int
pd_worker_start(struct pd_worker *w)
{
	sigset_t all, old;
	int err;

	/* Signals are main's. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	err = pthread_create(&w->thread, NULL, thread_main, w);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (err != 0) {
		errno = err;
		return -1;
	}
	w->started = true;
	return 0;
}

static void
do_stop(void *arg)
{
	struct pd_worker *w = arg;

	event_base_loopbreak(w->base);
}

void
pd_worker_stop(struct pd_worker *w)
{
	pd_worker_post(w, do_stop, w);
}

void
pd_worker_destroy(struct pd_worker *w)
{
	if (w == NULL)
		return;
	if (w->started)
		pthread_join(w->thread, NULL);
	while (run_posts(w)) /* posted after the loop ended */
		;
	pd_timers_destroy(w->timers);
	if (w->wake_ev != NULL)
		event_free(w->wake_ev);
	if (w->base != NULL)
		event_base_free(w->base);
	if (w->wake_fd >= 0)
		close(w->wake_fd);
	pthread_mutex_destroy(&w->lock);
	free(w->scratch);
	free(w);
}

void
pd_worker_post(struct pd_worker *w, void (*fn)(void *arg), void *arg)
{
	struct post *p = pd_xalloc(sizeof(*p));
	uint64_t one = 1;
	bool first;

	p->fn = fn;
	p->arg = arg;
	pthread_mutex_lock(&w->lock);
	first = w->posts == NULL;
	*w->posts_end = p;
	w->posts_end = &p->next;
	pthread_mutex_unlock(&w->lock);
	/* EAGAIN would mean that the counter is full: it wakes anyway. */
	if (first && write(w->wake_fd, &one, sizeof(one)) < 0)
		(void)errno;
}

unsigned
pd_worker_index(const struct pd_worker *w)
{
	return w->index;
}

struct event_base *
pd_worker_base(struct pd_worker *w)
{
	return w->base;
}

struct pd_timers *
pd_worker_timers(struct pd_worker *w)
{
	return w->timers;
}

struct pd_stats *
pd_worker_stats(struct pd_worker *w)
{
	return &w->stats;
}

char *
pd_worker_scratch(struct pd_worker *w)
{
	return w->scratch;
}
