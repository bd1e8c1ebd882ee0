/*
 * One job on its way through codec.c: what the files codec_*.c share.
 *
 *     codec.c           runs it, keeps the best result
 *     codec_jpeg.c      a JPEG: by coefficients, planes or pixels
 *     codec_drawing.c   any other still: decoded, looked at, coded
 *     codec_anim.c      an animation
 *     codec_pixels.c    colour, size and turn; and each encoder of pixels
 */
#ifndef PD_CODEC_PART_H
#define PD_CODEC_PART_H

#include "filters/image/codec/avif.h"
#include "filters/image/codec/codec.h"
#include "filters/image/codec/jpeg.h"
#include "filters/image/codec/pixels.h"

struct pd_codec_job {
	const struct pd_job_ask *ask;
	const uint8_t *in;
	/* The best result so far; output is 0 as long as there is none. */
	struct pd_codec_out *best;
	unsigned output;               /* enum pd_job_output */
	uint32_t frames;               /* in it */
	uint32_t decode_us, encode_us; /* CPU */
	uint64_t lap_ns;               /* when the present stage began */
};

/* Whether one of outputs (enum pd_job_output) may come out. */
static inline bool
pd_codec_may(const struct pd_codec_job *job, unsigned outputs)
{
	return (job->ask->set.outputs & outputs) != 0;
}

static inline bool
pd_codec_flag(const struct pd_codec_job *job, enum pd_job_flag flag)
{
	return (job->ask->set.flags & flag) != 0;
}

/* Whether the result is to be smaller than the source. */
static inline bool
pd_codec_scales(const struct pd_codec_job *job)
{
	return job->ask->set.to_width < job->ask->width ||
	       job->ask->set.to_height < job->ask->height;
}

/* Of the source as it is stored. */
static inline uint64_t
pd_codec_area(const struct pd_codec_job *job)
{
	return (uint64_t)job->ask->width * job->ask->height;
}

/* Adds the CPU since the last call to *stage. */
void pd_codec_lap(struct pd_codec_job *job, uint32_t *stage);

/* --- Candidates ------------------------------------------------------------
 */

/* Codes what, which it knows, into out; stops when out is full. */
typedef enum pd_job_status
pd_codec_encode(struct pd_codec_job *job, void *what, struct pd_codec_out *out);

/*
 * Encodes a candidate of kind output and keeps it in job->best when it is
 * within what the job allows of its kind and has at most `most` bytes; what was
 * there before goes. DONE when it is kept.
 */
enum pd_job_status
pd_codec_try(struct pd_codec_job *job, enum pd_job_output output,
    pd_codec_encode *encode, void *what, size_t most);

/* Whether a status ends the job: the next candidate would end as this one. */
bool pd_codec_over(enum pd_job_status status);

/* --- Pixels ----------------------------------------------------------------
 */

/* Pixels to be coded, and what is known of them. */
struct pd_codec_picture {
	struct pd_pixels px;
	struct pd_pixels_look look;
	/* The same made easier for what codes without loss, with its own look;
	 * without samples: px itself does. */
	struct pd_pixels plain;
	struct pd_pixels_look plain_look;
	bool grey; /* without colour anywhere */
	bool half; /* AVIF, JPEG: colour at half resolution */
};

void pd_codec_picture_finish(struct pd_codec_picture *pic);

/*
 * What a result without metadata must have inside: the colours of sRGB or P3,
 * the size that was asked for, upright.
 */
enum pd_job_status
pd_codec_prepare(struct pd_codec_job *job, struct pd_pixels *px);

/* Makes pic->plain, if the job allows that anything is lost. worst: how wrong a
 * palette may be (palette.h). *few: it has become a drawing of few colours, and
 * a coder without loss is hard to beat. */
enum pd_job_status pd_codec_simplify(struct pd_codec_job *job,
    struct pd_codec_picture *pic, double worst, bool *few);

/* Whether colour is to be coded at half resolution, by the job or by its edges.
 */
bool
pd_codec_halves(const struct pd_codec_job *job, const struct pd_pixels *px);

/* pd_codec_try() of a picture, to any output but REWRITE. */
enum pd_job_status pd_codec_try_pixels(struct pd_codec_job *job,
    enum pd_job_output output, struct pd_codec_picture *pic, size_t most);

struct pd_jpeg_params pd_codec_jpeg_params(const struct pd_codec_job *job);
struct pd_avif_params pd_codec_avif_params(const struct pd_codec_job *job);

/* --- The kinds of source ---------------------------------------------------
 */

/* With DONE the result is in job->best. */
enum pd_job_status pd_codec_jpeg(struct pd_codec_job *job);
enum pd_job_status pd_codec_drawing(struct pd_codec_job *job);
enum pd_job_status pd_codec_anim(struct pd_codec_job *job);

#endif
