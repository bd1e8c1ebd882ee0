/*
 * One image given to a pared-codec, and what came back, checked.
 *
 * The other side is codec/main.c; the message between them is job.h.
 * Thread: worker.
 */
#ifndef PD_ASK_H
#define PD_ASK_H

#include <stddef.h>
#include <stdint.h>

#include "filters/image/plan.h"
#include "filters/image/sniff.h"

struct pd_ask;
struct pd_helper_pool;

struct pd_ask_params {
	struct pd_helper_pool *pool; /* made with pd_ask_pool_create() */
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
	PD_ASK_FAILED,  /* late, died or lied */
};

/* p: n bytes of a private mapping, the callback's to munmap(). */
struct pd_ask_result {
	enum pd_image_format format;
	uint32_t width, height;
	uint8_t *p;
	size_t n;
	uint32_t cpu_us;
};

/*
 * Later, never from inside this call, done is called once; result is NULL
 * unless SMALLER. NULL with errno when there is no memory or no descriptor;
 * done is not called then.
 */
struct pd_ask *pd_ask_start(const struct pd_ask_params *params,
    void (*done)(
	void *arg, enum pd_ask_end end, const struct pd_ask_result *result),
    void *arg);
/* done will not be called. */
void pd_ask_cancel(struct pd_ask *a);

struct event_base;
struct pd_stats;

/*
 * The pool of codecs that one worker has. path: the program; processes at
 * once; queue_max jobs waiting; memory_max of one process, bytes. stats may be
 * NULL. Aborts when there is no memory.
 */
struct pd_helper_pool *pd_ask_pool_create(struct event_base *base,
    struct pd_stats *stats, const char *path, unsigned processes,
    unsigned queue_max, size_t memory_max);

#endif
