/*
 * A worker's pool of helper programs: start, one job at a time each, deadline,
 * restart.
 *
 * A helper is a child with one socket as descriptor 3. It is started when the
 * first job comes, killed when a job overruns its deadline or is cancelled
 * while it runs, and replaced; after repeated quick deaths the pool waits
 * before it starts another (back-off from 100 ms to 10 s), and jobs fail at
 * once meanwhile.
 * Thread: worker.
 */
#ifndef PD_HELPER_H
#define PD_HELPER_H

#include <stddef.h>
#include <stdint.h>

struct event_base;
struct pd_stats;
struct pd_helper_pool;
struct pd_helper_job;

/* Bytes of a message, at most. */
#define PD_HELPER_MESSAGE_MAX 4096

enum pd_helper_result {
	PD_HELPER_DONE,
	PD_HELPER_BUSY,   /* queue full or backing off; nothing was tried */
	PD_HELPER_LATE,   /* the deadline passed */
	PD_HELPER_BROKEN, /* it died, or broke the protocol */
};

struct pd_helper_params {
	struct event_base *base;
	struct pd_stats *stats;  /* may be NULL */
	const char *path;        /* the program; copied */
	const char *const *argv; /* NULL-terminated; copied */
	unsigned processes;
	unsigned queue_max;         /* jobs waiting */
	size_t ask_len, answer_len; /* bytes of the two messages */
};

/* Aborts when there is no memory; starts nothing yet. */
struct pd_helper_pool *
pd_helper_pool_create(const struct pd_helper_params *params);
/* Jobs under way fail as BROKEN before it returns, and must not submit others;
 * kills and reaps. NULL is fine. */
void pd_helper_pool_destroy(struct pd_helper_pool *p);

/*
 * Queues a job: ask (ask_len bytes, copied) and up to two descriptors, which
 * are taken and closed in every case. deadline_ms counts from now, waiting
 * included. Later, never from inside this call, done is called once; answer is
 * NULL unless DONE, and the descriptors of the answer (-1: none) are the
 * callback's. Aborts when there is no memory.
 */
struct pd_helper_job *pd_helper_submit(struct pd_helper_pool *p,
    const void *ask, const int *fds, size_t nfds, uint32_t deadline_ms,
    void (*done)(void *arg, enum pd_helper_result result, const void *answer,
	const int *fds),
    void *arg);
/* done will not be called. A helper that is at it is killed and replaced. */
void pd_helper_cancel(struct pd_helper_job *job);

/* Jobs waiting and running. */
size_t pd_helper_pool_load(const struct pd_helper_pool *p);

#endif
