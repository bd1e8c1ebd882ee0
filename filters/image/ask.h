/*
 * One image given to a pared-codec, and what came back, checked; and the codecs
 * of one worker, with what is ahead of them.
 *
 * The other side is codec/main.c; the message between them is job.h. What
 * several clients want at once is asked once: flight.h.
 * Thread: worker.
 */
#ifndef PD_ASK_H
#define PD_ASK_H

#include <stddef.h>
#include <stdint.h>

#include "filters/image/plan.h"
#include "filters/image/sniff.h"

struct event_base;
struct pd_ask;
struct pd_ask_pool;
struct pd_stats;
struct pd_worker;

struct pd_ask_pool_params {
	struct event_base *base;
	struct pd_worker *worker; /* whose base it is; NULL: nobody's, and
				     nothing is shared with others */
	struct pd_stats *stats;   /* may be NULL */
	const char *path;         /* the program; copied */
	const char *const *argv;  /* NULL: as pared-codec wants it */
	unsigned processes;       /* at once */
	unsigned queue_max;       /* jobs waiting */
	size_t memory_max;        /* of one process, bytes */
};

/* Aborts when there is no memory; starts no process yet. */
struct pd_ask_pool *pd_ask_pool_create(const struct pd_ask_pool_params *params);
/* What is under way fails before it returns, and must not ask anew. NULL is
 * fine. */
void pd_ask_pool_destroy(struct pd_ask_pool *p);

/* For the wish (plan.h): how long one more would wait, and percent. */
uint32_t pd_ask_pool_wait_ms(const struct pd_ask_pool *p);
uint32_t pd_ask_pool_pace(const struct pd_ask_pool *p);
/* Jobs waiting and running. */
size_t pd_ask_pool_load(const struct pd_ask_pool *p);
struct event_base *pd_ask_pool_base(const struct pd_ask_pool *p);
struct pd_worker *pd_ask_pool_worker(const struct pd_ask_pool *p);

struct pd_ask_params {
	struct pd_ask_pool *pool;
	int fd;     /* the image: a sealed memfd; taken in every case */
	size_t len; /* its bytes */
	const struct pd_image_info *info; /* borrowed for the call, as plan */
	const struct pd_plan *plan;       /* from a verdict of TRY */
	uint32_t timeout_ms;              /* waiting included */
	uint64_t id;                      /* the exchange's, for the log */
};

enum pd_ask_end {
	PD_ASK_SMALLER,
	PD_ASK_NOTHING, /* it would not shrink, or is not for us */
	PD_ASK_BUSY,    /* nothing was tried */
	PD_ASK_LATE,
	PD_ASK_FAILED, /* the codec died or lied */
};

/* p: n bytes of a private mapping, the callback's to munmap(). */
struct pd_ask_result {
	enum pd_image_format format;
	enum pd_job_output output;
	uint32_t width, height, frames;
	uint8_t *p;
	size_t n;
	/* CPU in all, and of that to decode and to encode. */
	uint32_t cpu_us, decode_us, encode_us;
};

/*
 * Later, never from inside this call, done is called once; result is NULL
 * unless SMALLER. NULL with errno when there is no memory or no descriptor, or
 * the codec would not know what to make of it (EINVAL); done is not called
 * then.
 */
struct pd_ask *pd_ask_start(const struct pd_ask_params *params,
    void (*done)(
	void *arg, enum pd_ask_end end, const struct pd_ask_result *result),
    void *arg);
/* done will not be called. A codec that is at it is killed and replaced. */
void pd_ask_cancel(struct pd_ask *a);

#endif
