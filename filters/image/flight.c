/*
 * One table for the process, under one lock. A job in it, and the list of those
 * who wait for it, may be touched by any worker that holds the lock; the
 * question to the codec is touched by the thread that began it alone.
 *
 *     worker 0: lead ----------- the codec's answer: posts it to all
 *     worker 1:       join ------------------------- done
 *     worker 2:       join - cancel
 *
 * Who waits is in one of two states. Listed: the job knows it, and it may be
 * taken off the list under the lock. Told: its result is set and a call to its
 * worker is on its way, which cannot be called back; whoever is cancelled then
 * leaves its memory to that call. Calls are posted while the lock is held, and
 * a worker ends only after the calls posted to it: so none comes to a worker
 * that is gone.
 */
#include "filters/image/flight.h"

#include <errno.h>
#include <event2/event.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/queue.h>
#include <unistd.h>
#include <xxhash.h>

#include "base/arena.h"
#include "base/ipc.h"
#include "base/worker.h"

/* Workers have some hundred jobs at the most, all together. */
#define ROWS 64

struct job {
	LIST_ENTRY(job) link; /* of its row, while listed */
	TAILQ_HEAD(, pd_flight) waiting;
	struct pd_flight_key key; /* with a reference to the body */
	struct pd_worker *home;   /* that asked; NULL: none is to join */
	bool listed;
	bool abandoned;     /* a call to home will free it */
	struct pd_ask *ask; /* home's thread alone; NULL once answered */
};

struct pd_flight {
	TAILQ_ENTRY(pd_flight) link;
	struct job *job; /* NULL: told */
	struct pd_worker *worker;
	struct event *late; /* of those who joined */
	bool leads;
	struct pd_flight_end end;
	bool cancelled; /* told, but nobody wants to know */
	void (*done)(void *arg, const struct pd_flight_end *end);
	void *arg;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static LIST_HEAD(, job) table[ROWS];

/* --- Bytes -----------------------------------------------------------------
 */

/* Takes the mapping. */
static struct pd_flight_bytes *
wrap(uint8_t *p, size_t n)
{
	struct pd_flight_bytes *b = pd_xalloc(sizeof(*b));

	b->refs = 1;
	b->p = p;
	b->n = n;
	return b;
}

struct pd_flight_bytes *
pd_flight_bytes_map(int fd, size_t n)
{
	uint8_t *p = pd_ipc_map(fd, n);

	return p != NULL ? wrap(p, n) : NULL;
}

struct pd_flight_bytes *
pd_flight_bytes_ref(struct pd_flight_bytes *b)
{
	if (b != NULL)
		b->refs++;
	return b;
}

void
pd_flight_bytes_unref(struct pd_flight_bytes *b)
{
	if (b == NULL || --b->refs > 0)
		return;
	munmap(b->p, b->n);
	free(b);
}

struct pd_flight_key
pd_flight_key(struct pd_flight_bytes *body, const struct pd_image_info *info,
    const struct pd_job_settings *set)
{
	/* No padding anywhere in what is hashed. */
	struct {
		XXH128_hash_t body;
		uint64_t len;
		uint32_t format, orientation, zero;
		struct pd_job_settings set;
	} all;
	XXH128_hash_t hash;

	_Static_assert(sizeof(all) == sizeof(all.body) + sizeof(all.len) +
					  3 * sizeof(uint32_t) +
					  sizeof(all.set),
	    "padding would be part of the hash");
	all.body = XXH3_128bits(body->p, body->n);
	all.len = body->n;
	all.format = info->format;
	all.orientation = info->orientation;
	all.zero = 0;
	all.set = *set;
	hash = XXH3_128bits(&all, sizeof(all));
	return (struct pd_flight_key){
		.hash = { hash.low64, hash.high64 },
		.body = body,
	};
}

/* --- The table; all of it under the lock -----------------------------------
 */

static struct job *
find(const struct pd_flight_key *key)
{
	struct job *j;

	LIST_FOREACH(j, &table[key->hash[0] % ROWS], link)
	if (j->key.hash[0] == key->hash[0] && j->key.hash[1] == key->hash[1])
		return j;
	return NULL;
}

static void
list(struct job *j)
{
	LIST_INSERT_HEAD(&table[j->key.hash[0] % ROWS], j, link);
	j->listed = true;
}

static void
unlist(struct job *j)
{
	if (j->listed)
		LIST_REMOVE(j, link);
	j->listed = false;
}

static struct pd_flight *
wait_for(struct job *j, struct pd_worker *worker,
    void (*done)(void *arg, const struct pd_flight_end *end), void *arg)
{
	struct pd_flight *w = pd_xalloc(sizeof(*w));

	w->job = j;
	w->worker = worker;
	w->done = done;
	w->arg = arg;
	TAILQ_INSERT_TAIL(&j->waiting, w, link);
	return w;
}

static void
free_job(struct job *j)
{
	pd_flight_bytes_unref(j->key.body);
	free(j);
}

/* --- Its end ---------------------------------------------------------------
 */

static void
free_waiter(struct pd_flight *w)
{
	if (w->late != NULL)
		event_free(w->late);
	free(w);
}

/* On the worker of who waits. */
static void
deliver(void *arg)
{
	struct pd_flight *w = arg;
	struct pd_flight_end end = w->end;
	void (*done)(void *, const struct pd_flight_end *) = w->done;
	void *done_arg = w->arg;
	bool cancelled = w->cancelled;

	free_waiter(w);
	if (cancelled)
		pd_flight_bytes_unref(end.bytes);
	else
		done(done_arg, &end);
}

/* Posts how it ended to all who wait; the one that has no worker, or NULL.
 * Under the lock. */
static struct pd_flight *
tell_all(struct job *j, const struct pd_flight_end *end)
{
	struct pd_flight *w, *alone = NULL;

	unlist(j);
	while ((w = TAILQ_FIRST(&j->waiting)) != NULL) {
		TAILQ_REMOVE(&j->waiting, w, link);
		w->job = NULL;
		w->end = *end;
		pd_flight_bytes_ref(end->bytes);
		if (w->worker != NULL)
			pd_worker_post(w->worker, deliver, w);
		else
			alone = w;
	}
	return alone;
}

/* The codec's answer, on the thread that asked. */
static void
on_answer(void *arg, enum pd_ask_end how, const struct pd_ask_result *result)
{
	struct job *j = arg;
	struct pd_flight_end end = { .end = how };
	struct pd_flight *alone;
	bool abandoned;

	j->ask = NULL;
	if (result != NULL) {
		end.format = result->format;
		end.width = result->width;
		end.height = result->height;
		end.cpu_us = result->cpu_us;
		end.bytes = wrap(result->p, result->n);
	}
	pthread_mutex_lock(&lock);
	abandoned = j->abandoned;
	alone = tell_all(j, &end);
	pthread_mutex_unlock(&lock);
	pd_flight_bytes_unref(end.bytes);
	if (!abandoned)
		free_job(j);
	if (alone != NULL)
		deliver(alone);
}

/* Nobody waits any more, which another worker found; on the job's own. */
static void
on_abandoned(void *arg)
{
	struct job *j = arg;

	if (j->ask != NULL)
		pd_ask_cancel(j->ask);
	free_job(j);
}

void
pd_flight_cancel(struct pd_flight *w)
{
	struct job *j, *last = NULL;

	pthread_mutex_lock(&lock);
	j = w->job;
	if (j == NULL) {
		/* deliver() is on its way to this thread. */
		w->cancelled = true;
		pthread_mutex_unlock(&lock);
		return;
	}
	TAILQ_REMOVE(&j->waiting, w, link);
	if (TAILQ_EMPTY(&j->waiting)) {
		unlist(j);
		if (j->home == w->worker) {
			last = j;
		} else {
			j->abandoned = true;
			pd_worker_post(j->home, on_abandoned, j);
		}
	}
	pthread_mutex_unlock(&lock);
	if (last != NULL)
		on_abandoned(last);
	free_waiter(w);
}

/* --- Its beginning ---------------------------------------------------------
 */

static void
on_late(evutil_socket_t fd, short what, void *arg)
{
	struct pd_flight *w = arg;
	void (*done)(void *, const struct pd_flight_end *) = w->done;
	void *done_arg = w->arg;
	bool told;

	(void)fd;
	(void)what;
	pthread_mutex_lock(&lock);
	told = w->job == NULL;
	pthread_mutex_unlock(&lock);
	/* The answer comes in this very turn of the loop. */
	if (told)
		return;
	pd_flight_cancel(w);
	done(done_arg, &(struct pd_flight_end){ .end = PD_ASK_LATE });
}

static void
set_late(struct pd_flight *w, struct event_base *base, uint32_t ms)
{
	struct timeval tv = { .tv_sec = (time_t)(ms / 1000),
		.tv_usec = (suseconds_t)(ms % 1000) * 1000 };

	w->late = evtimer_new(base, on_late, w);
	if (w->late == NULL || evtimer_add(w->late, &tv) != 0)
		abort();
}

/*
 * The body of a job that seems to be the same; NULL when there is none. That
 * the hash is the same is no proof: XXH3 does not withstand somebody who makes
 * bytes to meet others', and a page could have its picture shown in another's
 * place. So they are compared, not under the lock as it may be 64 MB of them.
 */
static struct pd_flight_bytes *
find_body(const struct pd_flight_key *key)
{
	struct pd_flight_bytes *body = NULL;
	struct job *j;

	pthread_mutex_lock(&lock);
	j = find(key);
	if (j != NULL)
		body = pd_flight_bytes_ref(j->key.body);
	pthread_mutex_unlock(&lock);
	return body;
}

static bool
same(const struct pd_flight_bytes *a, const struct pd_flight_bytes *b)
{
	return a->n == b->n && memcmp(a->p, b->p, a->n) == 0;
}

struct pd_flight *
pd_flight_join(struct pd_ask_pool *pool, const struct pd_flight_key *key,
    uint32_t timeout_ms,
    void (*done)(void *arg, const struct pd_flight_end *end), void *arg)
{
	struct pd_worker *worker = pd_ask_pool_worker(pool);
	struct pd_flight_bytes *body;
	struct pd_flight *w = NULL;
	struct job *j;

	if (worker == NULL)
		return NULL;
	body = find_body(key);
	if (body == NULL)
		return NULL;
	if (same(body, key->body)) {
		pthread_mutex_lock(&lock);
		/* It may have ended meanwhile. */
		j = find(key);
		if (j != NULL && j->key.body == body)
			w = wait_for(j, worker, done, arg);
		pthread_mutex_unlock(&lock);
		/* If it is told by now, then by a later call to this thread. */
		if (w != NULL)
			set_late(w, pd_ask_pool_base(pool), timeout_ms);
	}
	pd_flight_bytes_unref(body);
	return w;
}

/* Puts j, and who leads it, where others find them; NULL when others have the
 * same and `first` is set. */
static struct pd_flight *
open_job(struct job *j, bool first,
    void (*done)(void *arg, const struct pd_flight_end *end), void *arg)
{
	struct pd_flight *w = NULL;

	pthread_mutex_lock(&lock);
	if (!first || j->home == NULL || find(&j->key) == NULL) {
		w = wait_for(j, j->home, done, arg);
		w->leads = true;
		if (j->home != NULL)
			list(j);
	}
	pthread_mutex_unlock(&lock);
	return w;
}

/* It could not be asked. */
static void
close_job(struct job *j, struct pd_flight *leader)
{
	pthread_mutex_lock(&lock);
	TAILQ_REMOVE(&j->waiting, leader, link);
	tell_all(j, &(struct pd_flight_end){ .end = PD_ASK_FAILED });
	pthread_mutex_unlock(&lock);
	free_waiter(leader);
	free_job(j);
}

struct pd_flight *
pd_flight_lead(const struct pd_ask_params *params,
    const struct pd_flight_key *key,
    void (*done)(void *arg, const struct pd_flight_end *end), void *arg)
{
	struct job *j = pd_xalloc(sizeof(*j));
	struct pd_flight *w;

	TAILQ_INIT(&j->waiting);
	j->home = pd_ask_pool_worker(params->pool);
	j->key = *key;
	pd_flight_bytes_ref(j->key.body);
	w = open_job(j, true, done, arg);
	if (w == NULL) {
		w = pd_flight_join(
		    params->pool, key, params->timeout_ms, done, arg);
		if (w != NULL) {
			close(params->fd);
			free_job(j);
			return w;
		}
		/* Other bytes, or over since. */
		w = open_job(j, false, done, arg);
	}
	/* Others may wait for it from here on; the answer comes later, and to
	 * this thread. */
	j->ask = pd_ask_start(params, on_answer, j);
	if (j->ask == NULL) {
		int saved = errno;

		close_job(j, w);
		errno = saved;
		return NULL;
	}
	return w;
}

bool
pd_flight_leads(const struct pd_flight *w)
{
	return w->leads;
}
