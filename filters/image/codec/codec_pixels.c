/*
 * Pixels between their decoder and their encoder: the same for every source.
 */
#include <stdlib.h>
#include <string.h>

#include "filters/image/codec/codec_part.h"
#include "filters/image/codec/colour.h"
#include "filters/image/codec/near.h"
#include "filters/image/codec/palette.h"
#include "filters/image/codec/planes.h"
#include "filters/image/codec/png.h"
#include "filters/image/codec/scale.h"
#include "filters/image/codec/webp.h"

/* Up to so many colours are a drawing's. */
#define FEW_COLOURS 128

/* Flatness (pixels.h) below this costs an encoder without loss ten times as
 * much. */
#define BUSY_FLAT    40
#define SMALL_PIXELS 100000
#define LARGE_PIXELS 2000000

/* --- What a result must have inside ----------------------------------------
 */

static enum pd_job_status
settle_colour(struct pd_pixels *px)
{
	if (px->icc == NULL)
		return PD_JOB_DONE;
	switch (
	    pd_colour_judge(px->icc, px->icc_len, px->channels == 1 ? 1 : 3)) {
	case PD_COLOUR_SRGB:
		pd_pixels_drop_icc(px);
		return PD_JOB_DONE;
	case PD_COLOUR_P3:
		pd_pixels_drop_icc(px);
		px->p3 = true;
		return PD_JOB_DONE;
	case PD_COLOUR_CONVERT:
		return pd_colour_to_srgb(px);
	case PD_COLOUR_UNUSABLE:
		break;
	}
	return PD_JOB_UNSUPPORTED;
}

enum pd_job_status
pd_codec_prepare(struct pd_codec_job *job, struct pd_pixels *px)
{
	const struct pd_job_ask *ask = job->ask;
	enum pd_job_status status = settle_colour(px);

	if (status != PD_JOB_DONE)
		return status;
	if (px->width < ask->set.to_width || px->height < ask->set.to_height)
		return PD_JOB_UNSUPPORTED;
	if (pd_codec_flag(job, PD_JOB_GREY))
		pd_pixels_grey(px);
	if (px->width > ask->set.to_width || px->height > ask->set.to_height)
		status =
		    pd_scale_down(px, ask->set.to_width, ask->set.to_height);
	if (status != PD_JOB_DONE)
		return status;
	return pd_pixels_turn(px, ask->orientation) == 0 ? PD_JOB_DONE
							 : PD_JOB_MEMORY;
}

/* --- Without what nobody sees ----------------------------------------------
 */

void
pd_codec_picture_finish(struct pd_codec_picture *pic)
{
	pd_pixels_finish(&pic->px);
	pd_pixels_finish(&pic->plain);
}

static enum pd_job_status
copy(const struct pd_pixels *from, struct pd_pixels *to)
{
	if (pd_pixels_init(to, from->width, from->height, from->channels) != 0)
		return PD_JOB_MEMORY;
	to->p3 = from->p3;
	memcpy(to->p, from->p, to->stride * to->height);
	return PD_JOB_DONE;
}

/*
 * "Without loss" is what the format does, not what the eye allows: a drawing
 * takes half as much with the few colours that it can do with, and scores 85
 * and more. What they do not suffice for is evened out by differences that
 * nobody sees, which helps WebP alone.
 */
enum pd_job_status
pd_codec_simplify(struct pd_codec_job *job, struct pd_codec_picture *pic,
    double worst, bool *few)
{
	bool webp = pd_codec_may(job, PD_JOB_WEBP_LOSSLESS);
	bool fits = false;
	enum pd_job_status status;

	*few = pic->look.colours <= FEW_COLOURS;
	if (!pd_codec_may(job, PD_JOB_AVIF | PD_JOB_WEBP_LOSSY) &&
	    !pd_codec_flag(job, PD_JOB_PALETTE))
		return PD_JOB_DONE;
	status = copy(&pic->px, &pic->plain);
	if (status == PD_JOB_DONE)
		status = pd_palette_reduce(
		    &pic->plain, PD_PIXELS_COLOURS, worst, &fits);
	if (status != PD_JOB_DONE)
		return status;
	if (!fits && webp && pd_near_even(&pic->plain) != 0)
		return PD_JOB_MEMORY;
	pd_pixels_look(&pic->plain, &pic->plain_look);
	*few = pic->plain_look.colours <= FEW_COLOURS;
	return PD_JOB_DONE;
}

/* --- The encoders ----------------------------------------------------------
 */

bool
pd_codec_halves(const struct pd_codec_job *job, const struct pd_pixels *px)
{
	if ((uint64_t)px->width * px->height < PD_JOB_SMALL_PIXELS)
		return job->ask->set.chroma == PD_JOB_CHROMA_HALF;
	if (job->ask->set.chroma == PD_JOB_CHROMA_AUTO)
		return pd_pixels_chroma_edges(px) < PD_PLANES_CHROMA_STRONG;
	return job->ask->set.chroma == PD_JOB_CHROMA_HALF;
}

struct pd_jpeg_params
pd_codec_jpeg_params(const struct pd_codec_job *job)
{
	return (struct pd_jpeg_params){
		.quality = job->ask->set.quality_jpeg,
		.progressive = pd_codec_flag(job, PD_JOB_PROGRESSIVE),
		.grey = pd_codec_flag(job, PD_JOB_GREY),
	};
}

struct pd_avif_params
pd_codec_avif_params(const struct pd_codec_job *job)
{
	return (struct pd_avif_params){
		.quantizer = job->ask->set.quantizer_avif,
		.quantizer_alpha = job->ask->set.quantizer_alpha,
		.speed = job->ask->set.speed_avif,
	};
}

/*
 * Libwebp's effort without loss, by what the job wants. Of what is flat, level
 * 4 takes 60 ms/MP and a fifth less than 2; of what is busy, 2 takes 360 ms/MP
 * already, and each further one doubles that for 3 %.
 */
static unsigned
lossless_effort(const struct pd_codec_job *job, const struct pd_pixels *px,
    const struct pd_pixels_look *look)
{
	static const uint8_t flat[] = { 1, 2, 4, 6 }, busy[] = { 0, 1, 1, 2 },
			     small[] = { 1, 2, 2, 4 };
	unsigned wanted = job->ask->set.effort < 3 ? job->ask->set.effort : 3;
	uint64_t pixels = (uint64_t)px->width * px->height;

	if (look->flat >= BUSY_FLAT && pixels > LARGE_PIXELS)
		return flat[wanted] / 2;
	if (look->flat >= BUSY_FLAT)
		return flat[wanted];
	return pixels < SMALL_PIXELS ? small[wanted] : busy[wanted];
}

/* Grey to RGB, for the encoders that know nothing else. */
static int
widen(struct pd_pixels *px)
{
	struct pd_pixels rgb;

	if (px->channels != 1)
		return 0;
	if (pd_pixels_init(&rgb, px->width, px->height, 3) != 0)
		return -1;
	for (uint32_t y = 0; y < px->height; y++) {
		const uint8_t *from = px->p + y * px->stride;
		uint8_t *to = rgb.p + y * rgb.stride;

		for (uint32_t x = 0; x < px->width; x++, to += 3)
			to[0] = to[1] = to[2] = from[x];
	}
	free(px->p);
	px->p = rgb.p;
	px->channels = rgb.channels;
	px->stride = rgb.stride;
	return 0;
}

/* With the small profile of Display P3, which only AVIF can say without. */
static struct pd_pixels
with_profile(const struct pd_pixels *from)
{
	struct pd_pixels px = *from;

	if (px.p3)
		px.icc = pd_colour_p3(&px.icc_len);
	return px;
}

/* For what codes without loss. */
static struct pd_pixels
plain_of(const struct pd_codec_picture *pic, const struct pd_pixels_look **look)
{
	bool plain = pic->plain.p != NULL;

	*look = plain ? &pic->plain_look : &pic->look;
	return with_profile(plain ? &pic->plain : &pic->px);
}

static enum pd_job_status
to_avif(struct pd_codec_job *job, void *what, struct pd_codec_out *out)
{
	struct pd_codec_picture *pic = what;
	struct pd_avif_params params = pd_codec_avif_params(job);

	params.half = pic->half;
	params.p3 = pic->px.p3;
	return pd_avif_pixels(&pic->px, job->ask, &params, out);
}

static enum pd_job_status
to_webp_lossy(struct pd_codec_job *job, void *what, struct pd_codec_out *out)
{
	struct pd_codec_picture *pic = what;
	struct pd_pixels px = with_profile(&pic->px);

	return pd_webp_lossy(&px, job->ask, job->ask->set.quality_webp, out);
}

static enum pd_job_status
to_webp_lossless(struct pd_codec_job *job, void *what, struct pd_codec_out *out)
{
	struct pd_codec_picture *pic = what;
	const struct pd_pixels_look *look;
	struct pd_pixels px = plain_of(pic, &look);

	return pd_webp_lossless(
	    &px, job->ask, lossless_effort(job, &px, look), out);
}

static enum pd_job_status
to_jpeg(struct pd_codec_job *job, void *what, struct pd_codec_out *out)
{
	struct pd_codec_picture *pic = what;
	struct pd_pixels px = with_profile(&pic->px);
	struct pd_jpeg_params params = pd_codec_jpeg_params(job);

	params.grey = pic->grey;
	params.full_chroma = !pic->half;
	params.icc = px.icc;
	params.icc_len = px.icc_len;
	return pd_jpeg_encode(&px, job->ask, &params, out);
}

static enum pd_job_status
to_png(struct pd_codec_job *job, void *what, struct pd_codec_out *out)
{
	struct pd_codec_picture *pic = what;
	const struct pd_pixels_look *look;
	struct pd_pixels px = plain_of(pic, &look);

	return pd_png_encode(&px, job->ask, look, out);
}

enum pd_job_status
pd_codec_try_pixels(struct pd_codec_job *job, enum pd_job_output output,
    struct pd_codec_picture *pic, size_t most)
{
	static const struct {
		enum pd_job_output output;
		pd_codec_encode *encode;
	} ways[] = {
		{ PD_JOB_AVIF, to_avif },
		{ PD_JOB_WEBP_LOSSY, to_webp_lossy },
		{ PD_JOB_WEBP_LOSSLESS, to_webp_lossless },
		{ PD_JOB_JPEG, to_jpeg },
		{ PD_JOB_PNG, to_png },
	};

	if (output != PD_JOB_AVIF && output != PD_JOB_JPEG &&
	    widen(&pic->px) != 0)
		return PD_JOB_MEMORY;
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		if (ways[i].output == output)
			return pd_codec_try(
			    job, output, ways[i].encode, pic, most);
	return PD_JOB_UNSUPPORTED;
}
