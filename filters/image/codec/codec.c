#include "filters/image/codec/codec.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "filters/image/codec/codec_part.h"

/* --- The result's bytes ----------------------------------------------------
 */

void
pd_codec_out_init(struct pd_codec_out *o, size_t max)
{
	*o = (struct pd_codec_out){ .max = max };
}

void
pd_codec_out_finish(struct pd_codec_out *o)
{
	free(o->p);
	o->p = NULL;
	o->n = o->cap = 0;
}

void
pd_codec_out_reset(struct pd_codec_out *o, size_t max)
{
	o->n = 0;
	o->max = max;
}

enum pd_job_status
pd_codec_out_add(struct pd_codec_out *o, const void *p, size_t n)
{
	if (o->n > o->max || n > o->max - o->n)
		return PD_JOB_LARGER;
	if (o->n + n > o->cap) {
		size_t cap = o->cap < 4096 ? 4096 : o->cap * 2;
		uint8_t *bigger;

		while (cap < o->n + n)
			cap *= 2;
		if (cap > o->max)
			cap = o->max;
		bigger = realloc(o->p, cap);
		if (bigger == NULL)
			return PD_JOB_MEMORY;
		o->p = bigger;
		o->cap = cap;
	}
	if (n > 0)
		memcpy(o->p + o->n, p, n);
	o->n += n;
	return PD_JOB_DONE;
}

/* --- Time ------------------------------------------------------------------
 */

bool
pd_codec_late(const struct pd_job_ask *ask)
{
	return pd_job_now_ms() >= ask->until_ms;
}

void
pd_codec_lap(struct pd_codec_job *job, uint32_t *stage)
{
	uint64_t at = pd_clock_ns(CLOCK_THREAD_CPUTIME_ID);

	*stage += (uint32_t)((at - job->lap_ns) / 1000);
	job->lap_ns = at;
}

/* --- Candidates ------------------------------------------------------------
 */

bool
pd_codec_over(enum pd_job_status status)
{
	return status == PD_JOB_BAD || status == PD_JOB_LATE ||
	       status == PD_JOB_MEMORY;
}

/* What the job allows a result of this kind to have, bytes. */
static size_t
allowed(const struct pd_codec_job *job, enum pd_job_output output)
{
	bool exact = output == PD_JOB_PNG || output == PD_JOB_WEBP_LOSSLESS ||
		     output == PD_JOB_REWRITE;

	return exact ? job->ask->set.out_max : job->ask->set.lossy_max;
}

enum pd_job_status
pd_codec_try(struct pd_codec_job *job, enum pd_job_output output,
    pd_codec_encode *encode, void *what, size_t most)
{
	struct pd_codec_out out;
	enum pd_job_status status;

	if (most > allowed(job, output))
		most = allowed(job, output);
	pd_codec_out_init(&out, most);
	pd_codec_lap(job, &job->decode_us);
	status = encode(job, what, &out);
	pd_codec_lap(job, &job->encode_us);
	if (status == PD_JOB_DONE && (out.n == 0 || out.n > most))
		status = PD_JOB_LARGER;
	if (status != PD_JOB_DONE) {
		pd_codec_out_finish(&out);
		return status;
	}
	pd_codec_out_finish(job->best);
	*job->best = out;
	job->output = output;
	return PD_JOB_DONE;
}

/* --- The job ---------------------------------------------------------------
 */

static enum pd_image_format
format_of(const struct pd_codec_job *job)
{
	switch (job->output) {
	case PD_JOB_JPEG:
	case PD_JOB_REWRITE:
		return PD_IMAGE_JPEG;
	case PD_JOB_PNG:
		return PD_IMAGE_PNG;
	case PD_JOB_AVIF:
		return PD_IMAGE_AVIF;
	default:
		return PD_IMAGE_WEBP;
	}
}

static void
tell(const struct pd_codec_job *job, struct pd_job_answer *answer)
{
	const struct pd_job_settings *set = &job->ask->set;
	bool turned = job->ask->orientation >= 5;

	answer->out_len = (uint32_t)job->best->n;
	answer->width = turned ? set->to_height : set->to_width;
	answer->height = turned ? set->to_width : set->to_height;
	answer->frames = job->frames;
	answer->format = (uint8_t)format_of(job);
	answer->output = (uint8_t)job->output;
}

enum pd_job_status
pd_codec_run(const struct pd_job_ask *ask, const uint8_t *in,
    struct pd_codec_out *out, struct pd_job_answer *answer)
{
	struct pd_codec_job job = {
		.ask = ask, .in = in, .best = out, .frames = 1
	};
	enum pd_job_status status;

	*answer = (struct pd_job_answer){ .magic = PD_JOB_ANSWER };
	job.lap_ns = pd_clock_ns(CLOCK_THREAD_CPUTIME_ID);
	if (pd_codec_flag(&job, PD_JOB_ANIMATED))
		status = pd_codec_anim(&job);
	else if (ask->source == PD_IMAGE_JPEG)
		status = pd_codec_jpeg(&job);
	else
		status = pd_codec_drawing(&job);
	pd_codec_lap(&job, &job.decode_us);

	answer->status = status;
	answer->decode_us = job.decode_us;
	answer->encode_us = job.encode_us;
	if (status == PD_JOB_DONE)
		tell(&job, answer);
	else
		pd_codec_out_finish(out);
	return status;
}
