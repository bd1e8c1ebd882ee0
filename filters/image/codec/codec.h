/*
 * One job, without the process around it: an image in, a smaller one out.
 *
 * Nothing here opens, waits or logs; main.c puts it behind a socket, tests and
 * fuzzers call it as it is. Every function that can fail tells why as an enum
 * pd_job_status; DONE is success.
 * Thread: any, one job at a time each.
 */
#ifndef PD_CODEC_H
#define PD_CODEC_H

#include "filters/image/job.h"

/* Bytes of a result, grown up to a limit that is never passed. */
struct pd_codec_out {
	uint8_t *p;
	size_t n, cap;
	size_t max;
};

/* max: bytes at most. Owns nothing yet. */
void pd_codec_out_init(struct pd_codec_out *o, size_t max);
void pd_codec_out_finish(struct pd_codec_out *o);
/* LARGER when it would pass max, MEMORY. */
enum pd_job_status
pd_codec_out_add(struct pd_codec_out *o, const void *p, size_t n);
/* Keeps the memory, forgets the bytes; max may change. */
void pd_codec_out_reset(struct pd_codec_out *o, size_t max);

/* Whether the job's time is over. */
bool pd_codec_late(const struct pd_job_ask *ask);

/*
 * Does the job: ask has passed pd_job_ask_ok(), in is its ask->in_len bytes.
 * With DONE the result is in out, and answer has its size and format; else
 * answer's are 0.
 */
enum pd_job_status pd_codec_run(const struct pd_job_ask *ask, const uint8_t *in,
    struct pd_codec_out *out, struct pd_job_answer *answer);

#endif
