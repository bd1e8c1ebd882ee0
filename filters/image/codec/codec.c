#include "filters/image/codec/codec.h"

#include <stdlib.h>
#include <string.h>

#include "filters/image/codec/colour.h"
#include "filters/image/codec/gif.h"
#include "filters/image/codec/jpeg.h"
#include "filters/image/codec/near.h"
#include "filters/image/codec/pixels.h"
#include "filters/image/codec/png.h"
#include "filters/image/codec/webp.h"

/* Flatness (pixels.h) below this, and many colours: a photograph. */
#define PHOTO_FLAT 20
/* Below this it may be either; the lossy result must then be this much smaller
 * than the other, percent, to be worth it. */
#define MIXED_FLAT 40
#define LOSSY_GAIN 55

/*
 * A lossy result this small a share, percent, of what the origin sent settles
 * it: no effort without loss comes near. Of a drawing, which loses more, it is
 * less; it is worth a look only with so many bits a pixel, as gradients and
 * shadows take.
 */
#define SURE_MIXED   30
#define SURE_DRAWING 10
#define DENSE_BITS   1.5

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
	bool grey;                   /* the pixels have no colour */
};

static struct pd_jpeg_params
jpeg_params(const struct transcode *t, const uint8_t *icc, size_t icc_len)
{
	return (struct pd_jpeg_params){
		.quality = t->ask->quality_jpeg,
		.progressive = (t->ask->flags & PD_JOB_PROGRESSIVE) != 0,
		.full_chroma = (uint64_t)t->ask->width * t->ask->height <
			       PD_CODEC_SMALL_PIXELS,
		.grey = t->grey,
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

/* Bits of what the origin sent a pixel. */
static double
density(const struct transcode *t)
{
	return 8.0 * t->ask->in_len / t->ask->width / t->ask->height;
}

/*
 * Libwebp's effort for a lossless picture. What a level costs hangs on its
 * content, which shows in density: each is the highest that stays below 250
 * ms/MP, and below 400 for the smallest, whose levels differ least.
 */
static unsigned
lossless_effort(const struct transcode *t, const struct pd_pixels_look *look)
{
	uint64_t pixels = (uint64_t)t->ask->width * t->ask->height;
	double bits = density(t);

	if (pixels > 2000000)
		return bits < DENSE_BITS;
	if (look->colours <= PD_PIXELS_COLOURS)
		return bits >= 5 ? 1 : bits < 3.5 && pixels >= 2000 ? 3 : 2;
	if (pixels <= 4096)
		return pixels < 2000 ? 2 : 3;
	if (bits < DENSE_BITS)
		return 4;
	return pixels <= 100000 || bits < 2 ? 2 : 1;
}

/* May change px. */
static enum pd_job_status
lossless(struct transcode *t, struct pd_pixels *px,
    const struct pd_pixels_look *look)
{
	pd_codec_out_reset(t->out, t->ask->out_max);
	if ((t->ask->outputs & PD_JOB_WEBP_LOSSLESS) == 0) {
		t->format = PD_IMAGE_PNG;
		return pd_png_encode(px, t->ask, look, t->out);
	}
	t->format = PD_IMAGE_WEBP;
	if (look->colours > PD_PIXELS_COLOURS &&
	    (t->ask->outputs & PD_JOB_WEBP_LOSSY) != 0 && pd_near_even(px) != 0)
		return PD_JOB_MEMORY;
	return pd_webp_lossless(px, t->ask, lossless_effort(t, look), t->out);
}

/* Which of the two to make of a picture that came without loss. */
enum choice {
	LOSSY,
	LOSSLESS,
	EITHER,       /* both, unless the lossy one settles it */
	LOSSY_IF_SURE /* or it is thrown away */
};

static enum choice
choose(const struct transcode *t, const struct pd_pixels *px,
    const struct pd_pixels_look *look)
{
	bool may_lose =
	    (t->ask->outputs & PD_JOB_WEBP_LOSSY) != 0 ||
	    ((t->ask->outputs & PD_JOB_JPEG) != 0 && px->channels == 3);
	bool many = look->colours > PD_PIXELS_COLOURS;
	bool small = (uint64_t)px->width * px->height < PD_CODEC_SMALL_PIXELS;

	if (!may_lose || look->colours < PD_PIXELS_COLOURS / 2)
		return LOSSLESS;
	if (look->flat < PHOTO_FLAT)
		return many && !small ? LOSSY : EITHER;
	if (look->flat < MIXED_FLAT && !(small && many))
		return EITHER;
	/* Alpha takes half of the lossy encoder's time; it is not thrown away
	 * for a chance. */
	return many && !small && px->channels == 3 && density(t) >= DENSE_BITS
		   ? LOSSY_IF_SURE
		   : LOSSLESS;
}

/*
 * The lossy result comes first, as it takes less time, and stays if nothing
 * else can catch up with it.
 */
static enum pd_job_status
better(struct transcode *t, struct pd_pixels *px,
    const struct pd_pixels_look *look, enum choice choice)
{
	bool either = choice == EITHER;
	unsigned sure = either ? SURE_MIXED : SURE_DRAWING;
	struct pd_codec_out first, *out = t->out;
	enum pd_image_format format;
	enum pd_job_status one, two;

	pd_codec_out_init(
	    &first, either ? t->ask->lossy_max : t->ask->in_len / 100 * sure);
	t->out = &first;
	one = lossy(t, px);
	t->out = out;
	format = t->format;
	if (one == PD_JOB_DONE && first.n < t->ask->in_len / 100 * sure)
		goto keep_first;
	two = lossless(t, px, look);
	if (one != PD_JOB_DONE || !either ||
	    (two == PD_JOB_DONE && first.n >= out->n / 100 * LOSSY_GAIN)) {
		pd_codec_out_finish(&first);
		return two;
	}

keep_first:
	pd_codec_out_finish(out);
	*out = first;
	t->format = format;
	return PD_JOB_DONE;
}

static enum pd_job_status
from_drawing(struct transcode *t, struct pd_pixels *px)
{
	struct pd_pixels_look look;
	enum choice choice;

	pd_pixels_look(px, &look);
	t->grey = look.grey;
	choice = choose(t, px, &look);
	if (choice == LOSSY)
		return lossy(t, px);
	if (choice == LOSSLESS)
		return lossless(t, px, &look);
	return better(t, px, &look, choice);
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
