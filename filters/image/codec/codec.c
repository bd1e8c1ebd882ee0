#include "filters/image/codec/codec.h"

#include <stdlib.h>
#include <string.h>

#include "filters/image/codec/colour.h"
#include "filters/image/codec/gif.h"
#include "filters/image/codec/jpeg.h"
#include "filters/image/codec/pixels.h"
#include "filters/image/codec/png.h"
#include "filters/image/codec/webp.h"

/* Flatness (pixels.h) below this, and many colours: a photograph. */
#define PHOTO_FLAT 20
/* Below this it may be either; what loses must then be this much smaller,
 * percent, to be worth it. */
#define MIXED_FLAT 40
#define LOSSY_GAIN 60
/* Effort makes of the quick lossless result no less than half. */
#define QUICK_GAIN (LOSSY_GAIN / 2)

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

bool
pd_codec_late(const struct pd_job_ask *ask)
{
	return pd_job_now_ms() >= ask->until_ms;
}

/* --- What comes out of pixels ----------------------------------------------
 */

struct transcode {
	const struct pd_job_ask *ask;
	const uint8_t *in;
	struct pd_codec_out *out;
	enum pd_image_format format; /* of what is in out */
};

static struct pd_jpeg_params
jpeg_params(const struct transcode *t, const uint8_t *icc, size_t icc_len)
{
	return (struct pd_jpeg_params){
		.quality = t->ask->quality_jpeg,
		.progressive = (t->ask->flags & PD_JOB_PROGRESSIVE) != 0,
		.full_chroma = (uint64_t)t->ask->width * t->ask->height <
			       PD_CODEC_SMALL_PIXELS,
		.icc = icc,
		.icc_len = icc_len,
	};
}

static enum pd_job_status
lossy(struct transcode *t, const struct pd_pixels *px)
{
	struct pd_jpeg_params params = jpeg_params(t, px->icc, px->icc_len);

	if (t->out->max > t->ask->lossy_max)
		pd_codec_out_reset(t->out, t->ask->lossy_max);
	if (t->ask->outputs & PD_JOB_WEBP_LOSSY) {
		t->format = PD_IMAGE_WEBP;
		return pd_webp_lossy(px, t->ask, t->ask->quality_webp, t->out);
	}
	t->format = PD_IMAGE_JPEG;
	return pd_jpeg_encode(px, t->ask, &params, t->out);
}

static enum pd_job_status
lossless(struct transcode *t, const struct pd_pixels *px,
    const struct pd_pixels_look *look)
{
	bool exact = look->colours <= PD_PIXELS_COLOURS ||
		     (t->ask->outputs & PD_JOB_WEBP_LOSSY) == 0;

	pd_codec_out_reset(t->out, t->ask->out_max);
	if (t->ask->outputs & PD_JOB_WEBP_LOSSLESS) {
		t->format = PD_IMAGE_WEBP;
		return pd_webp_lossless(
		    px, t->ask, exact ? PD_WEBP_EXACT : PD_WEBP_NEAR, t->out);
	}
	t->format = PD_IMAGE_PNG;
	return pd_png_encode(px, t->ask, look, t->out);
}

/*
 * Bytes that it takes without loss, about, without the effort: WebP's quickest,
 * or what the origin sent.
 */
static size_t
guess_lossless(struct transcode *t, const struct pd_pixels *px)
{
	struct pd_codec_out quick;
	size_t n = t->ask->in_len;

	if ((t->ask->outputs & PD_JOB_WEBP_LOSSLESS) == 0)
		return n;
	pd_codec_out_init(&quick, t->ask->in_len);
	if (pd_webp_lossless(px, t->ask, PD_WEBP_QUICK, &quick) == PD_JOB_DONE)
		n = quick.n;
	pd_codec_out_finish(&quick);
	return n;
}

/*
 * It may be a drawing or a photograph, or some of each. The lossy result comes
 * first, as it takes less time, and stays if effort cannot catch up with it.
 */
static enum pd_job_status
better(struct transcode *t, const struct pd_pixels *px,
    const struct pd_pixels_look *look)
{
	struct pd_codec_out first, *out = t->out;
	enum pd_image_format format;
	enum pd_job_status one, two;

	pd_codec_out_init(&first, t->ask->lossy_max);
	t->out = &first;
	one = lossy(t, px);
	t->out = out;
	format = t->format;
	if (one == PD_JOB_DONE &&
	    first.n < guess_lossless(t, px) / 100 * QUICK_GAIN)
		goto keep_first;
	two = lossless(t, px, look);
	if (two == PD_JOB_DONE &&
	    (one != PD_JOB_DONE || first.n >= out->n / 100 * LOSSY_GAIN)) {
		pd_codec_out_finish(&first);
		return PD_JOB_DONE;
	}
	if (one == PD_JOB_DONE)
		goto keep_first;
	pd_codec_out_finish(&first);
	return two;

keep_first:
	pd_codec_out_finish(out);
	*out = first;
	t->format = format;
	return PD_JOB_DONE;
}

static enum pd_job_status
from_drawing(struct transcode *t, const struct pd_pixels *px)
{
	struct pd_pixels_look look;
	bool may_lose =
	    (t->ask->outputs & PD_JOB_WEBP_LOSSY) != 0 ||
	    ((t->ask->outputs & PD_JOB_JPEG) != 0 && px->channels == 3);
	uint64_t pixels = (uint64_t)px->width * px->height;

	pd_pixels_look(px, &look);
	if (!may_lose)
		return lossless(t, px, &look);
	if (look.flat < PHOTO_FLAT && pixels >= PD_CODEC_SMALL_PIXELS &&
	    look.colours > PD_PIXELS_COLOURS)
		return lossy(t, px);
	if (look.flat < MIXED_FLAT && look.colours >= PD_PIXELS_COLOURS / 2)
		return better(t, px, &look);
	return lossless(t, px, &look);
}

/* Colour, then turn: what a result without metadata must have inside. */
static enum pd_job_status
prepare(struct transcode *t, struct pd_pixels *px)
{
	enum pd_job_status status;

	if (px->icc != NULL && px->channels != 1) {
		switch (pd_colour_judge(px->icc, px->icc_len, 3)) {
		case PD_COLOUR_SRGB:
			free(px->icc);
			px->icc = NULL;
			break;
		case PD_COLOUR_KEEP:
			break;
		case PD_COLOUR_CONVERT:
			status = pd_colour_to_srgb(px);
			if (status != PD_JOB_DONE)
				return status;
			break;
		case PD_COLOUR_UNUSABLE:
			return PD_JOB_UNSUPPORTED;
		}
	}
	if (t->ask->flags & PD_JOB_GREY)
		pd_pixels_grey(px);
	if (pd_pixels_turn(px, t->ask->orientation) != 0)
		return PD_JOB_MEMORY;
	return PD_JOB_DONE;
}

static enum pd_job_status
from_png_or_gif(struct transcode *t)
{
	struct pd_pixels px;
	enum pd_job_status status;

	if (t->ask->source == PD_IMAGE_PNG)
		status = pd_png_decode(t->ask, t->in, &px);
	else
		status = pd_gif_decode(t->ask, t->in, &px);
	if (status == PD_JOB_DONE)
		status = prepare(t, &px);
	if (status == PD_JOB_DONE) {
		pd_pixels_drop_opaque(&px);
		status = from_drawing(t, &px);
	}
	pd_pixels_finish(&px);
	return status;
}

/* --- What comes out of a JPEG ----------------------------------------------
 */

/* The long way, for what must be turned or recoloured. Takes icc. */
static enum pd_job_status
jpeg_by_pixels(
    struct transcode *t, struct pd_jpeg *j, uint8_t *icc, size_t icc_len)
{
	struct pd_pixels px;
	enum pd_job_status status = pd_jpeg_pixels(j, &px);

	px.icc = icc;
	px.icc_len = icc_len;
	if (status == PD_JOB_DONE && px.channels == 4)
		status = pd_colour_cmyk(&px, pd_jpeg_is_adobe(j));
	if (status == PD_JOB_DONE)
		status = prepare(t, &px);
	if (status == PD_JOB_DONE)
		status = lossy(t, &px);
	pd_pixels_finish(&px);
	return status;
}

static enum pd_job_status
jpeg_by_planes(
    struct transcode *t, struct pd_jpeg *j, const uint8_t *icc, size_t icc_len)
{
	struct pd_planes pl;
	enum pd_job_status status =
	    pd_jpeg_planes(j, (t->ask->flags & PD_JOB_GREY) != 0, &pl);

	t->format = PD_IMAGE_WEBP;
	pd_codec_out_reset(t->out, t->ask->lossy_max);
	if (status == PD_JOB_DONE)
		status = pd_webp_planes(
		    &pl, t->ask, t->ask->quality_webp, icc, icc_len, t->out);
	pd_planes_finish(&pl);
	return status;
}

/* icc: NULL, or one that is to be embedded. */
static enum pd_job_status
jpeg_directly(
    struct transcode *t, struct pd_jpeg *j, const uint8_t *icc, size_t icc_len)
{
	struct pd_jpeg_params params = jpeg_params(t, icc, icc_len);

	t->format = PD_IMAGE_JPEG;
	if (t->ask->outputs & PD_JOB_REWRITE)
		return pd_jpeg_rewrite(j, &params, t->out);
	pd_codec_out_reset(t->out, t->ask->lossy_max);
	return pd_jpeg_requantise(
	    j, (t->ask->flags & PD_JOB_GREY) != 0, &params, t->out);
}

/* Whether a 4:4:4 thumbnail should keep its edges: see pd_webp_lossy(). */
static bool
small_and_sharp(const struct transcode *t, const struct pd_jpeg *j)
{
	return pd_jpeg_is_444(j) &&
	       (uint64_t)t->ask->width * t->ask->height < PD_CODEC_SMALL_PIXELS;
}

/* Takes icc. */
static enum pd_job_status
choose_jpeg_way(
    struct transcode *t, struct pd_jpeg *j, uint8_t *icc, size_t icc_len)
{
	enum pd_colour_kind kind = PD_COLOUR_SRGB;
	enum pd_job_status status;

	if (icc != NULL)
		kind = pd_colour_judge(icc, icc_len, pd_jpeg_channels(j));
	if (kind == PD_COLOUR_SRGB) {
		free(icc);
		icc = NULL;
		icc_len = 0;
	}
	/* A rewrite keeps the samples and so whatever they mean. */
	if (kind == PD_COLOUR_UNUSABLE ||
	    ((t->ask->outputs & PD_JOB_REWRITE) != 0 && !pd_jpeg_is_plain(j))) {
		free(icc);
		return PD_JOB_UNSUPPORTED;
	}
	if (pd_jpeg_is_plain(j) && t->ask->orientation == 1 &&
	    (kind != PD_COLOUR_CONVERT ||
		(t->ask->outputs & PD_JOB_REWRITE) != 0)) {
		if (t->ask->outputs & (PD_JOB_JPEG | PD_JOB_REWRITE))
			status = jpeg_directly(t, j, icc, icc_len);
		else if (pd_jpeg_has_planes(j) && !small_and_sharp(t, j))
			status = jpeg_by_planes(t, j, icc, icc_len);
		else
			return jpeg_by_pixels(t, j, icc, icc_len);
		free(icc);
		return status;
	}
	return jpeg_by_pixels(t, j, icc, icc_len);
}

static enum pd_job_status
from_jpeg(struct transcode *t)
{
	struct pd_jpeg *j;
	uint8_t *icc = NULL;
	size_t icc_len = 0;
	enum pd_job_status status = pd_jpeg_open(&j, t->ask, t->in);

	if (status == PD_JOB_DONE)
		status = pd_jpeg_icc(j, &icc, &icc_len);
	if (status == PD_JOB_DONE)
		status = choose_jpeg_way(t, j, icc, icc_len);
	pd_jpeg_close(j);
	return status;
}

enum pd_job_status
pd_codec_run(const struct pd_job_ask *ask, const uint8_t *in,
    struct pd_codec_out *out, struct pd_job_answer *answer)
{
	struct transcode t = { .ask = ask, .in = in, .out = out };
	bool turned = ask->orientation >= 5;
	enum pd_job_status status;

	*answer = (struct pd_job_answer){ .magic = PD_JOB_ANSWER };
	status =
	    ask->source == PD_IMAGE_JPEG ? from_jpeg(&t) : from_png_or_gif(&t);
	if (status == PD_JOB_DONE && (out->n == 0 || out->n > ask->out_max))
		status = PD_JOB_LARGER;
	answer->status = status;
	if (status == PD_JOB_DONE) {
		answer->out_len = (uint32_t)out->n;
		answer->format = t.format;
		answer->width = turned ? ask->height : ask->width;
		answer->height = turned ? ask->width : ask->height;
	}
	return status;
}
