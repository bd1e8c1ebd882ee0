/*
 * An animation: to a sequence of AVIF, an animated WebP, or whichever of both
 * takes less.
 */
#include "filters/image/codec/anim.h"
#include "filters/image/codec/codec_part.h"

/* Canvases, or all frames, below this are tried both ways, pixels: what moves
 * little or is tiny takes less as WebP, whose frames are patches. A film is
 * nine tenths smaller as AVIF, always; where more than this is left of it,
 * percent, it was none (a figure that moves on nothing: 122 and 74 kB). */
#define BOTH_CANVAS 20000
#define BOTH_FRAMES 400000
#define BOTH_LEFT   30

static enum pd_job_status
to_avif(struct pd_codec_job *job, void *what, struct pd_codec_out *out)
{
	struct pd_avif_params params = pd_codec_avif_params(job);

	params.half = job->ask->set.chroma != PD_JOB_CHROMA_FULL;
	return pd_avif_sequence(what, job->ask, &params, out);
}

static enum pd_job_status
to_webp(struct pd_codec_job *job, void *what, struct pd_codec_out *out)
{
	return pd_webp_anim_encode(
	    what, job->ask, job->ask->set.quality_webp, out);
}

/* Equal frames may have become one, but an animation it must stay. */
static enum pd_job_status
count_frames(struct pd_codec_job *job)
{
	struct pd_image_info info;

	if (pd_sniff(job->best->p, job->best->n, &info) != 0 ||
	    info.frames < 2 || info.frames > job->ask->frames)
		return PD_JOB_UNSUPPORTED;
	job->frames = info.frames;
	return PD_JOB_DONE;
}

static enum pd_job_status
choose(struct pd_codec_job *job, struct pd_anim *a)
{
	uint64_t canvas = pd_codec_area(job);
	bool both = canvas < BOTH_CANVAS || canvas * a->frames < BOTH_FRAMES;
	/* Its frames are coded in both ways, whichever was allowed. */
	enum pd_job_output webp = pd_codec_may(job, PD_JOB_WEBP_LOSSY)
				      ? PD_JOB_WEBP_LOSSY
				      : PD_JOB_WEBP_LOSSLESS;
	enum pd_job_status avif = PD_JOB_UNSUPPORTED, status;
	size_t most = SIZE_MAX;

	if (pd_codec_may(job, PD_JOB_AVIF))
		avif = pd_codec_try(job, PD_JOB_AVIF, to_avif, a, most);
	if (avif == PD_JOB_DONE) {
		both |= job->best->n > job->ask->in_len / 100 * BOTH_LEFT;
		most = job->best->n - 1;
	}
	if (pd_codec_over(avif) || !pd_codec_may(job, webp) ||
	    (avif == PD_JOB_DONE && !both))
		return avif;
	status = pd_anim_rewind(a);
	if (status == PD_JOB_DONE)
		status = pd_codec_try(job, webp, to_webp, a, most);
	return avif == PD_JOB_DONE ? avif : status;
}

enum pd_job_status
pd_codec_anim(struct pd_codec_job *job)
{
	struct pd_anim *a;
	enum pd_job_status status = pd_anim_open(&a, job->ask, job->in);

	if (status == PD_JOB_DONE)
		status = choose(job, a);
	if (status == PD_JOB_DONE)
		status = count_frames(job);
	pd_anim_close(a);
	return status;
}
