/*
 * Identical images that are asked about at one time, by all workers of the
 * process: the codec gets one of them, and all get its answer.
 *
 * The first to come leads: the job is done by its worker's codecs. Others with
 * the same bytes and the same wish join it. A job belongs to all who wait for
 * it: whoever leaves, the first one too, leaves the others to go on; with the
 * last one it is cancelled.
 * Thread: worker.
 */
#ifndef PD_FLIGHT_H
#define PD_FLIGHT_H

#include "filters/image/ask.h"

struct pd_flight; /* one who waits */

/* Bytes that threads share, of a private mapping. */
struct pd_flight_bytes {
	_Atomic unsigned refs;
	uint8_t *p;
	size_t n;
};

/* Maps n bytes of a sealed memfd; one reference. NULL with errno. */
struct pd_flight_bytes *pd_flight_bytes_map(int fd, size_t n);
/* Thread: any. */
struct pd_flight_bytes *pd_flight_bytes_ref(struct pd_flight_bytes *b);
void pd_flight_bytes_unref(struct pd_flight_bytes *b); /* NULL is fine */

/* What makes two the same. */
struct pd_flight_key {
	uint64_t hash[2];
	struct pd_flight_bytes *body; /* borrowed */
};

/*
 * set: what the plan wishes for on an idle machine, so that who comes while the
 * first one is at the codec, and would be told to step down for its load, still
 * finds it. A hash over it all: 0.1 ms for each MB.
 */
struct pd_flight_key pd_flight_key(struct pd_flight_bytes *body,
    const struct pd_image_info *info, const struct pd_job_settings *set);

/* How it ended; bytes is NULL unless SMALLER, and the callback's to unref. */
struct pd_flight_end {
	enum pd_ask_end end;
	enum pd_image_format format;
	uint32_t width, height, cpu_us;
	struct pd_flight_bytes *bytes;
};

/*
 * Waits for a job that is under way, timeout_ms at the most, whatever time the
 * job itself has. Later, never from inside this call, done is called once. NULL
 * when there is no such job.
 */
struct pd_flight *pd_flight_join(struct pd_ask_pool *pool,
    const struct pd_flight_key *key, uint32_t timeout_ms,
    void (*done)(void *arg, const struct pd_flight_end *end), void *arg);
/*
 * Begins a job, which others with the same key may join; or joins one that
 * another worker began at this very moment. NULL with errno; done is not called
 * then.
 */
struct pd_flight *pd_flight_lead(const struct pd_ask_params *params,
    const struct pd_flight_key *key,
    void (*done)(void *arg, const struct pd_flight_end *end), void *arg);
/* Whether it began the job. */
bool pd_flight_leads(const struct pd_flight *w);
/* done will not be called. */
void pd_flight_cancel(struct pd_flight *w);

#endif
