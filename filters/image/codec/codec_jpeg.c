/*
 * A JPEG, by the shortest way that its result allows: coefficients, planes or
 * pixels.
 */
#include <stdlib.h>

#include "filters/image/codec/codec_part.h"
#include "filters/image/codec/colour.h"
#include "filters/image/codec/planes_half.h"
#include "filters/image/codec/planes_turn.h"
#include "filters/image/codec/webp.h"

/* What is known before a way is taken. */
struct source {
	enum pd_colour_kind kind;
	uint8_t *icc; /* owned; NULL when it says nothing */
	size_t icc_len;
	bool plain;  /* YCbCr or grey, coded as usual */
	bool full;   /* colour is stored at full resolution */
	bool planes; /* pd_jpeg_planes() can read it */
};

/* --- By pixels -------------------------------------------------------------
 */

/* Whether the edges of the file's colour stay, whatever they are: a thumbnail's
 * show, and take few bytes. */
static bool
is_sharp(const struct pd_codec_job *job, const struct source *s)
{
	return s->full && pd_codec_area(job) < PD_JOB_SMALL_PIXELS;
}

/* The decoder's sizes are eighths, rounded up: the width of the smallest that
 * is not below the result's on either side. */
static uint32_t
decoded_width(const struct pd_job_ask *ask)
{
	uint32_t m = 1;

	while (m < 8 && ((ask->width * m + 7) / 8 < ask->set.to_width ||
			    (ask->height * m + 7) / 8 < ask->set.to_height))
		m++;
	return (ask->width * m + 7) / 8;
}

/* The long way, for what must be turned or recoloured. Takes the profile. */
static enum pd_job_status
by_pixels(struct pd_codec_job *job, struct source *s, struct pd_jpeg *j,
    enum pd_job_output output)
{
	struct pd_codec_picture pic = { .half = false };
	enum pd_job_status status;

	if (pd_codec_scales(job))
		pd_jpeg_scale(j, decoded_width(job->ask));
	status = pd_jpeg_pixels(j, &pic.px);
	pic.px.icc = s->icc;
	pic.px.icc_len = s->icc_len;
	s->icc = NULL;
	if (status == PD_JOB_DONE && pic.px.channels == 4)
		status = pd_colour_cmyk(&pic.px, pd_jpeg_is_adobe(j));
	if (status == PD_JOB_DONE)
		status = pd_codec_prepare(job, &pic.px);
	pic.grey = pic.px.channels == 1 || pd_codec_flag(job, PD_JOB_GREY);
	pic.half = !is_sharp(job, s) && pd_codec_halves(job, &pic.px);
	if (status == PD_JOB_DONE)
		status = pd_codec_try_pixels(job, output, &pic, SIZE_MAX);
	pd_codec_picture_finish(&pic);
	return status;
}

/* --- By planes -------------------------------------------------------------
 */

struct planes {
	struct pd_planes pl;
	const struct source *s;
};

/* What the result must carry so that its samples are seen as they were. */
static const uint8_t *
profile(const struct source *s, size_t *len)
{
	if (s->kind == PD_COLOUR_P3)
		return pd_colour_p3(len);
	*len = s->icc_len;
	return s->icc;
}

static enum pd_job_status
planes_to_avif(struct pd_codec_job *job, void *what, struct pd_codec_out *out)
{
	struct planes *planes = what;
	struct pd_avif_params params = pd_codec_avif_params(job);

	params.p3 = planes->s->kind == PD_COLOUR_P3;
	return pd_avif_planes(&planes->pl, job->ask, &params, out);
}

static enum pd_job_status
planes_to_webp(struct pd_codec_job *job, void *what, struct pd_codec_out *out)
{
	struct planes *planes = what;
	size_t icc_len;
	const uint8_t *icc = profile(planes->s, &icc_len);

	return pd_webp_planes(&planes->pl, job->ask, job->ask->set.quality_webp,
	    icc, icc_len, out);
}

/* Colour of full resolution is looked at before it is halved. */
static enum pd_job_status
decode_planes(struct pd_codec_job *job, struct source *s, struct pd_jpeg *j,
    enum pd_job_output output, struct pd_planes *pl)
{
	unsigned chroma = job->ask->set.chroma;
	bool may_keep =
	    s->full && (is_sharp(job, s) || chroma != PD_JOB_CHROMA_HALF);
	enum pd_jpeg_planes_want want = output != PD_JOB_AVIF
					    ? PD_JPEG_PLANES_WEBP
					: may_keep ? PD_JPEG_PLANES_OWN
						   : PD_JPEG_PLANES_HALF;
	enum pd_job_status status =
	    pd_jpeg_planes(j, want, pd_codec_flag(job, PD_JOB_GREY), pl);

	if (status == PD_JOB_DONE && want == PD_JPEG_PLANES_OWN &&
	    !is_sharp(job, s) && chroma == PD_JOB_CHROMA_AUTO &&
	    pd_planes_chroma_edges(pl) < PD_PLANES_CHROMA_STRONG)
		pd_planes_half(pl);
	return status;
}

static enum pd_job_status
by_planes(struct pd_codec_job *job, struct source *s, struct pd_jpeg *j,
    enum pd_job_output output)
{
	struct planes planes = { .s = s };
	enum pd_job_status status =
	    decode_planes(job, s, j, output, &planes.pl);

	if (status == PD_JOB_DONE &&
	    pd_planes_turn(&planes.pl, job->ask->orientation) != 0)
		status = PD_JOB_MEMORY;
	if (status == PD_JOB_DONE)
		status = pd_codec_try(job, output,
		    output == PD_JOB_AVIF ? planes_to_avif : planes_to_webp,
		    &planes, SIZE_MAX);
	pd_planes_finish(&planes.pl);
	return status;
}

/* --- By coefficients -------------------------------------------------------
 */

struct coefficients {
	struct pd_jpeg *j;
	struct pd_jpeg_params params;
};

static enum pd_job_status
requantise(struct pd_codec_job *job, void *what, struct pd_codec_out *out)
{
	struct coefficients *c = what;

	return pd_jpeg_requantise(
	    c->j, pd_codec_flag(job, PD_JOB_GREY), &c->params, out);
}

static enum pd_job_status
rewrite(struct pd_codec_job *job, void *what, struct pd_codec_out *out)
{
	struct coefficients *c = what;

	(void)job;
	return pd_jpeg_rewrite(c->j, &c->params, out);
}

static enum pd_job_status
by_coefficients(struct pd_codec_job *job, struct source *s, struct pd_jpeg *j,
    enum pd_job_output output)
{
	struct coefficients c = { .j = j, .params = pd_codec_jpeg_params(job) };

	c.params.icc = profile(s, &c.params.icc_len);
	return pd_codec_try(job, output,
	    output == PD_JOB_REWRITE ? rewrite : requantise, &c, SIZE_MAX);
}

/* --- The choice ------------------------------------------------------------
 */

/* Halved colour of an odd side does not lie on the same pixels any more when
 * it is mirrored. */
static bool
turns_by_planes(const struct pd_job_ask *ask)
{
	return ask->orientation == 1 || (ask->width | ask->height) % 2 == 0;
}

typedef enum pd_job_status way(struct pd_codec_job *job, struct source *s,
    struct pd_jpeg *j, enum pd_job_output output);

/* NULL when there is none. */
static way *
way_to(enum pd_job_output output, const struct pd_codec_job *job,
    const struct source *s)
{
	bool same = !pd_codec_scales(job) && s->kind != PD_COLOUR_CONVERT;

	switch (output) {
	case PD_JOB_REWRITE:
		/* Keeps the samples, and so whatever they mean. */
		return s->plain && job->ask->orientation == 1 &&
			       !pd_codec_scales(job)
			   ? by_coefficients
			   : NULL;
	case PD_JOB_JPEG:
		return same && s->plain && job->ask->orientation == 1
			   ? by_coefficients
			   : by_pixels;
	case PD_JOB_WEBP_LOSSY:
		return same && s->planes && !is_sharp(job, s) &&
			       turns_by_planes(job->ask)
			   ? by_planes
			   : by_pixels;
	case PD_JOB_AVIF:
		return same && s->planes && turns_by_planes(job->ask)
			   ? by_planes
			   : by_pixels;
	default:
		return NULL;
	}
}

/* Looks into the file's header. *s needs finish in any case. */
static enum pd_job_status
look(struct pd_jpeg *j, struct source *s)
{
	enum pd_job_status status = pd_jpeg_icc(j, &s->icc, &s->icc_len);

	if (status != PD_JOB_DONE)
		return status;
	if (s->icc != NULL)
		s->kind =
		    pd_colour_judge(s->icc, s->icc_len, pd_jpeg_channels(j));
	if (s->kind == PD_COLOUR_UNUSABLE)
		return PD_JOB_UNSUPPORTED;
	if (s->kind == PD_COLOUR_SRGB) {
		free(s->icc);
		s->icc = NULL;
		s->icc_len = 0;
	}
	s->plain = pd_jpeg_is_plain(j);
	s->planes = s->plain && pd_jpeg_has_planes(j);
	/* Ink has no colour at half resolution. */
	s->full = pd_jpeg_is_444(j) || !s->plain;
	return PD_JOB_DONE;
}

static enum pd_job_status
to(enum pd_job_output output, struct pd_codec_job *job)
{
	struct source s = { .kind = PD_COLOUR_SRGB };
	struct pd_jpeg *j;
	enum pd_job_status status = pd_jpeg_open(&j, job->ask, job->in);
	way *go;

	if (status == PD_JOB_DONE)
		status = look(j, &s);
	if (status == PD_JOB_DONE) {
		go = way_to(output, job, &s);
		status =
		    go != NULL ? go(job, &s, j, output) : PD_JOB_UNSUPPORTED;
	}
	free(s.icc);
	pd_jpeg_close(j);
	return status;
}

enum pd_job_status
pd_codec_jpeg(struct pd_codec_job *job)
{
	/* The best that the client takes; should that save too little, what
	 * loses nothing may still save something. */
	static const enum pd_job_output order[] = { PD_JOB_AVIF,
		PD_JOB_WEBP_LOSSY, PD_JOB_JPEG, PD_JOB_REWRITE };
	enum pd_job_status status = PD_JOB_UNSUPPORTED;

	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		if (!pd_codec_may(job, order[i]) ||
		    (status == PD_JOB_LARGER && order[i] != PD_JOB_REWRITE))
			continue;
		status = to(order[i], job);
		if (status == PD_JOB_DONE || pd_codec_over(status))
			break;
	}
	return status;
}
