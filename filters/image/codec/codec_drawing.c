/*
 * A still that is no JPEG: decoded, looked at, and made what its look says.
 *
 * Two candidates at most are coded: one with loss first, which takes less time
 * and may settle it, then one without. Of a drawing that can do with few
 * colours the second comes alone: screenshots take 21 % of their PNG in a
 * palette, at a score of 88, against 46 % at 83 as AVIF.
 */
#include <stdlib.h>

#include "filters/image/codec/codec_part.h"
#include "filters/image/codec/gif.h"
#include "filters/image/codec/png.h"
#include "filters/image/codec/webp.h"

/* Flatness (pixels.h) below this, and many colours: a photograph. */
#define PHOTO_FLAT 20
/* Below this it may be either. */
#define MIXED_FLAT 40

enum kind { ICON, FLAT, MIXED, PHOTO, KINDS };

/*
 * What a candidate with loss has to be, percent: of the source's bytes at most
 * (0: none is made); of the source's, to settle it; of the one without loss, to
 * be kept (0: that one is not made).
 */
struct recipe {
	unsigned most, sure, gain;
};

/* AVIF has colour at full resolution here and scores 80 on screens. */
static const struct recipe by_avif[KINDS] = {
	[ICON] = { 0, 0, 100 },
	[FLAT] = { 100, 10, 80 },
	[MIXED] = { 100, 30, 80 },
	[PHOTO] = { 100, 100, 0 },
};

/* WebP and JPEG smear coloured edges. */
static const struct recipe by_others[KINDS] = {
	[ICON] = { 0, 0, 100 },
	[FLAT] = { 10, 10, 55 },
	[MIXED] = { 100, 30, 55 },
	[PHOTO] = { 100, 100, 0 },
};

static enum pd_job_status
decode(const struct pd_codec_job *job, struct pd_pixels *px)
{
	*px = (struct pd_pixels){ .p = NULL };
	switch (job->ask->source) {
	case PD_IMAGE_PNG:
		return pd_png_decode(job->ask, job->in, px);
	case PD_IMAGE_GIF:
		return pd_gif_decode(job->ask, job->in, px);
	case PD_IMAGE_WEBP:
		return pd_webp_decode(job->ask, job->in, px);
	case PD_IMAGE_AVIF:
		return pd_avif_decode(job->ask, job->in, px);
	default:
		return PD_JOB_UNSUPPORTED;
	}
}

static enum kind
kind_of(const struct pd_codec_picture *pic)
{
	uint64_t pixels = (uint64_t)pic->px.width * pic->px.height;
	bool many = pic->look.colours > PD_PIXELS_COLOURS;

	if (pic->px.width <= PD_JOB_ICON_SIDE &&
	    pic->px.height <= PD_JOB_ICON_SIDE)
		return ICON;
	if (pic->look.colours < PD_PIXELS_COLOURS / 2)
		return FLAT;
	if (pic->look.flat < PHOTO_FLAT)
		return many && pixels >= PD_JOB_SMALL_PIXELS ? PHOTO : MIXED;
	return pic->look.flat < MIXED_FLAT ? MIXED : FLAT;
}

/*
 * Shares of the picture, percent, from which on it is not drawn with soft edges
 * alone: pixels that shine through, and those of them that go over into the
 * next by a few levels, as shadows and glows do, whose steps would be seen.
 */
#define SOFT_PERCENT 5
#define RAMP_PERCENT 2
#define RAMP_LEVELS  8

struct shine {
	bool soft, ramps;
};

static struct shine
shine_of(const struct pd_codec_picture *pic)
{
	const struct pd_pixels *px = &pic->px;
	uint64_t pixels = (uint64_t)px->width * px->height, soft = 0, ramps = 0;

	if (pic->look.alpha != PD_PIXELS_SOFT)
		return (struct shine){ .soft = false };
	for (uint32_t y = 0; y < px->height; y++) {
		const uint8_t *alpha = px->p + y * px->stride + 3;
		int left = *alpha;

		for (uint32_t x = 0; x < px->width; x++, alpha += 4) {
			int here = *alpha, step = abs(here - left);
			bool shines = here != 0 && here != 255;

			soft += shines;
			ramps += shines && step > 0 && step <= RAMP_LEVELS;
			left = here;
		}
	}
	return (struct shine){
		.soft = soft * 100 > pixels * SOFT_PERCENT,
		.ramps = ramps * 100 > pixels * RAMP_PERCENT,
	};
}

/* 0 when there is none for this client. Chromium draws the alpha of an AVIF
 * still wrong between its ends, by 9 levels on average: edges bear it. */
static unsigned
lossy_output(const struct pd_codec_job *job, const struct pd_codec_picture *pic,
    bool soft)
{
	if (pd_codec_may(job, PD_JOB_AVIF) &&
	    !(soft && pd_codec_may(job, PD_JOB_WEBP_LOSSY)))
		return PD_JOB_AVIF;
	if (pd_codec_may(job, PD_JOB_WEBP_LOSSY))
		return PD_JOB_WEBP_LOSSY;
	/* JPEG has no place for what is transparent. */
	if (pd_codec_may(job, PD_JOB_JPEG) && pic->px.channels == 3)
		return PD_JOB_JPEG;
	return 0;
}

static unsigned
lossless_output(const struct pd_codec_job *job)
{
	if (pd_codec_may(job, PD_JOB_WEBP_LOSSLESS))
		return PD_JOB_WEBP_LOSSLESS;
	return pd_codec_may(job, PD_JOB_PNG) ? PD_JOB_PNG : 0;
}

/* How wrong a palette may be (palette.h): the step between the levels, of which
 * only WebP's quality tells here. What must not be a photograph's last resort
 * scores 88 or so, what has to be one 80. */
static double
palette_worst(const struct pd_codec_job *job, bool last_resort)
{
	unsigned q = job->ask->set.quality_webp;
	double worst = q >= 80 ? 0.05 : q >= 65 ? 0.15 : 0.4;

	return last_resort ? 5 * worst : worst;
}

static enum pd_job_status
choose(struct pd_codec_job *job, struct pd_codec_picture *pic)
{
	struct shine shine = shine_of(pic);
	unsigned lossy = lossy_output(job, pic, shine.soft);
	unsigned lossless = lossless_output(job);
	enum kind kind = kind_of(pic);
	const struct recipe *r =
	    (lossy == PD_JOB_AVIF ? by_avif : by_others) + kind;
	size_t percent = job->ask->in_len / 100, most = SIZE_MAX;
	enum pd_job_status one = PD_JOB_UNSUPPORTED, two = PD_JOB_DONE;
	bool few = false;

	if (lossless != 0 && !shine.ramps && (lossy == 0 || r->gain > 0))
		two = pd_codec_simplify(
		    job, pic, palette_worst(job, kind == PHOTO), &few);
	if (two != PD_JOB_DONE)
		return two;
	pic->half = kind == PHOTO && pd_codec_halves(job, &pic->px);
	if (lossy != 0 && r->most > 0 && !few)
		one = pd_codec_try_pixels(job, lossy, pic, r->most * percent);
	if (pd_codec_over(one) || lossless == 0)
		return one;
	if (one == PD_JOB_DONE) {
		if (r->gain == 0 || job->best->n <= r->sure * percent)
			return one;
		most = job->best->n * 100 / r->gain;
	}
	two = pd_codec_try_pixels(job, lossless, pic, most);
	/* Few colours, but dithered. */
	if (two == PD_JOB_LARGER && few && lossy != 0 && r->most > 0)
		two = pd_codec_try_pixels(job, lossy, pic, r->most * percent);
	return one == PD_JOB_DONE ? one : two;
}

enum pd_job_status
pd_codec_drawing(struct pd_codec_job *job)
{
	struct pd_codec_picture pic = { .half = false };
	enum pd_job_status status = decode(job, &pic.px);

	if (status == PD_JOB_DONE)
		status = pd_codec_prepare(job, &pic.px);
	if (status == PD_JOB_DONE) {
		pd_pixels_drop_opaque(&pic.px);
		pd_pixels_look(&pic.px, &pic.look);
		pic.grey = pic.look.grey;
		status = choose(job, &pic);
	}
	pd_codec_picture_finish(&pic);
	return status;
}
