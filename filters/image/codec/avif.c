/*
 * To AVIF: the last step of a picture or of an animation whose client takes it.
 *
 * What libavif gets are planes (planes.h), never RGB: a JPEG's go in as they
 * were stored.
 */
#include "filters/image/codec/avif.h"

#include <stdio.h>
#include <stdlib.h>

#include <avif/avif.h>

#include "filters/image/codec/avif_loop.h"

static enum pd_job_status
status_of(avifResult result)
{
	switch (result) {
	case AVIF_RESULT_OK:
		return PD_JOB_DONE;
	case AVIF_RESULT_OUT_OF_MEMORY:
	/* aom says no more than that it failed, and with a picture that is
	 * whole only memory can be why. */
	case AVIF_RESULT_ENCODE_COLOR_FAILED:
	case AVIF_RESULT_ENCODE_ALPHA_FAILED:
	case AVIF_RESULT_UNKNOWN_ERROR:
		return PD_JOB_MEMORY;
	default:
		return PD_JOB_BAD;
	}
}

/* --- The picture as libavif wants it ---------------------------------------
 */

static avifPixelFormat
format_of(const struct pd_planes *pl)
{
	if (pl->grey)
		return AVIF_PIXEL_FORMAT_YUV400;
	if (pl->shift_x == 0)
		return AVIF_PIXEL_FORMAT_YUV444;
	return pl->shift_y == 0 ? AVIF_PIXEL_FORMAT_YUV422
				: AVIF_PIXEL_FORMAT_YUV420;
}

/* Only borrows the samples. NULL without memory. */
static avifImage *
wrap(const struct pd_planes *pl, const struct pd_avif_params *params)
{
	avifImage *im =
	    avifImageCreate(pl->width, pl->height, 8, format_of(pl));

	if (im == NULL)
		return NULL;
	im->yuvRange = pl->full_range ? AVIF_RANGE_FULL : AVIF_RANGE_LIMITED;
	im->yuvPlanes[AVIF_CHAN_Y] = pl->y;
	im->yuvRowBytes[AVIF_CHAN_Y] = (uint32_t)pl->y_stride;
	if (!pl->grey) {
		im->yuvPlanes[AVIF_CHAN_U] = pl->u;
		im->yuvPlanes[AVIF_CHAN_V] = pl->v;
		im->yuvRowBytes[AVIF_CHAN_U] = (uint32_t)pl->uv_stride;
		im->yuvRowBytes[AVIF_CHAN_V] = (uint32_t)pl->uv_stride;
	}
	im->colorPrimaries = params->p3 ? AVIF_COLOR_PRIMARIES_SMPTE432
					: AVIF_COLOR_PRIMARIES_BT709;
	im->transferCharacteristics = AVIF_TRANSFER_CHARACTERISTICS_SRGB;
	im->matrixCoefficients = AVIF_MATRIX_COEFFICIENTS_BT601;
	if (params->icc != NULL)
		avifImageSetProfileICC(im, params->icc, params->icc_len);
	return im;
}

/* --- Encoding --------------------------------------------------------------
 */

/* What AOM is told beyond a quantizer. */
struct option {
	const char *key, *value;
};

/*
 * Quantisation matrices, which coarsen what the eye sees least. Bytes at equal
 * SSIMULACRA 2.1 against the same without, 33 plain JPEGs up to 0.65 MP at
 * 4:2:0 and speed 10 (S2 = 70 / 75 / 80, where those take 41, 48 and 57 % of
 * what was served):
 *
 *     level 2    .88 .92 .95        level 8              .93 .94 .95
 *     level 4    .89 .92 .95        levels 8 to 15       .98 .98 .97
 *     level 5    .89 .91 .94        level 4, no qm-psnr  .90 .92 .95
 *     level 6    .91 .93 .95        level 4, tune=psnr   .90 .92 .95
 *
 * at no more time; all 53 plain JPEGs take 41.1 % at S2 = 75, and 44.4 without.
 * The same score wants a finer quantizer: 21 where it was 26. Textures gain
 * nothing (1.06 at worst). Without effect at this speed: aq-mode, deltaq-mode,
 * cdef, restoration, partition, transform, trellis, cq-level of stills;
 * enable-chroma-deltaq and sharpness gain nothing. At level 5 and S2 = 75
 * speed 7 takes 0.86 for 6 times the CPU, 6 0.84 for 10 times.
 */
static const struct option matrices[] = {
	{ "color:enable-qm", "1" },
	{ "color:qm-min", "5" },
	{ "color:qm-max", "5" },
	{ "color:dist-metric", "qm-psnr" },
};

static void
set_options(avifEncoder *e, const struct option *options, size_t n)
{
	for (size_t i = 0; i < n; i++)
		avifEncoderSetCodecSpecificOption(
		    e, options[i].key, options[i].value);
}

#define SET_OPTIONS(e, options) \
	set_options((e), (options), sizeof(options) / sizeof((options)[0]))

static avifEncoder *
make_encoder(const struct pd_avif_params *params)
{
	avifEncoder *e = avifEncoderCreate();

	if (e == NULL)
		return NULL;
	e->codecChoice = AVIF_CODEC_CHOICE_AOM;
	e->maxThreads = 1;
	e->speed = (int)params->speed;
	e->minQuantizer = e->maxQuantizer = (int)params->quantizer;
	e->minQuantizerAlpha = e->maxQuantizerAlpha =
	    (int)params->quantizer_alpha;
	return e;
}

static enum pd_job_status
finish(avifEncoder *e, struct pd_codec_out *out)
{
	avifRWData bytes = AVIF_DATA_EMPTY;
	enum pd_job_status status = status_of(avifEncoderFinish(e, &bytes));

	out->n = 0;
	if (status == PD_JOB_DONE)
		status = pd_codec_out_add(out, bytes.data, bytes.size);
	avifRWDataFree(&bytes);
	return status;
}

static enum pd_job_status
encode_still(const avifImage *im, const struct pd_job_ask *ask,
    const struct pd_avif_params *params, struct pd_codec_out *out)
{
	avifEncoder *e;
	enum pd_job_status status;

	if (pd_codec_late(ask))
		return PD_JOB_LATE;
	e = make_encoder(params);
	if (e == NULL)
		return PD_JOB_MEMORY;
	SET_OPTIONS(e, matrices);
	status = status_of(
	    avifEncoderAddImage(e, im, 1, AVIF_ADD_IMAGE_FLAG_SINGLE));
	if (status == PD_JOB_DONE)
		status = finish(e, out);
	avifEncoderDestroy(e);
	return status;
}

enum pd_job_status
pd_avif_planes(const struct pd_planes *pl, const struct pd_job_ask *ask,
    const struct pd_avif_params *params, struct pd_codec_out *out)
{
	avifImage *im = wrap(pl, params);
	enum pd_job_status status;

	if (im == NULL)
		return PD_JOB_MEMORY;
	status = encode_still(im, ask, params, out);
	avifImageDestroy(im);
	return status;
}

static bool
opaque(const struct pd_pixels *px)
{
	for (uint32_t y = 0; y < px->height; y++) {
		const uint8_t *row = px->p + y * px->stride + 3;
		uint8_t all = 255;

		for (uint32_t x = 0; x < px->width; x++)
			all &= row[(size_t)x * 4];
		if (all != 255)
			return false;
	}
	return true;
}

/* The alpha of RGBA as a plane, to be freed. */
static uint8_t *
copy_alpha(const struct pd_pixels *px)
{
	uint8_t *to = malloc((size_t)px->width * px->height), *p = to;

	if (to == NULL)
		return NULL;
	for (uint32_t y = 0; y < px->height; y++) {
		const uint8_t *row = px->p + y * px->stride + 3;

		for (uint32_t x = 0; x < px->width; x++)
			*p++ = row[(size_t)x * 4];
	}
	return to;
}

enum pd_job_status
pd_avif_pixels(const struct pd_pixels *px, const struct pd_job_ask *ask,
    const struct pd_avif_params *params, struct pd_codec_out *out)
{
	struct pd_planes pl;
	avifImage *im;
	uint8_t *alpha = NULL;
	enum pd_job_status status = PD_JOB_MEMORY;

	if (pd_planes_from_pixels(&pl, px, params->half) != 0)
		return PD_JOB_MEMORY;
	im = wrap(&pl, params);
	if (im == NULL)
		goto free_planes;
	if (px->channels == 4 && !opaque(px)) {
		alpha = copy_alpha(px);
		if (alpha == NULL)
			goto free_image;
		im->alphaPlane = alpha;
		im->alphaRowBytes = px->width;
	}
	status = encode_still(im, ask, params, out);
free_image:
	avifImageDestroy(im);
	free(alpha);
free_planes:
	pd_planes_finish(&pl);
	return status;
}

/* --- Sequences -------------------------------------------------------------
 */

/* Ticks a second: durations are in milliseconds. */
#define TIMESCALE 1000

/*
 * Films and drawings want opposite things (bytes at equal S2 against one
 * quantizer for all frames). Constant quality, which spends on what later
 * frames are made of, with matrices: films 0.62 to 0.89, drawings 1.04 to 1.3.
 * The tools for screens: drawings 0.41 to 0.96, films 1.01 to 1.3. Colour at
 * full resolution: drawings 0.84 to 0.96, films 0.93 to 1.1.
 */
static const struct option film[] = {
	{ "color:end-usage", "q" },
};
static const struct option drawing[] = {
	{ "color:tune-content", "screen" },
};

/* What pd_pixels_look() finds in a drawing's first frame. A film that became a
 * GIF has up to 61 % of flat pixels, but wants more colours; one in greys has
 * few, but 22 %. */
#define DRAWING_FLAT    40
#define DRAWING_COLOURS 128

/* What must be added to a still's quantizer for the same score. */
#define FILM_MORE    10
#define DRAWING_MORE 4

/* Without loss, AOM 3.6 at these speeds overlooks what changes between frames
 * in 4x4 pixels and less. */
#define ALPHA_FINEST 1

struct sequence {
	struct pd_anim *a;
	const struct pd_avif_params *params;
	avifEncoder *e;
	bool alpha, drawn;
	uint64_t ms; /* of all frames so far */
};

/* Planes of what is to be seen, given to the encoder. */
static enum pd_job_status
add_planes(struct sequence *s, const struct pd_planes *pl)
{
	avifImage *im = wrap(pl, s->params);
	enum pd_job_status status = PD_JOB_DONE;
	uint8_t *alpha = NULL;

	if (im == NULL)
		return PD_JOB_MEMORY;
	if (s->alpha) {
		alpha = copy_alpha(&s->a->canvas);
		im->alphaPlane = alpha;
		im->alphaRowBytes = pl->width;
		if (alpha == NULL)
			status = PD_JOB_MEMORY;
	}
	if (status == PD_JOB_DONE)
		status = status_of(avifEncoderAddImage(
		    s->e, im, s->a->ms, AVIF_ADD_IMAGE_FLAG_NONE));
	avifImageDestroy(im);
	free(alpha);
	return status;
}

static enum pd_job_status
add_frames(struct sequence *s)
{
	struct pd_anim *a = s->a;
	enum pd_job_status status = PD_JOB_DONE;

	while (status == PD_JOB_DONE && a->at < a->frames) {
		struct pd_planes pl;

		status = pd_anim_next(a);
		if (status != PD_JOB_DONE)
			break;
		if (pd_planes_from_pixels(
			&pl, &a->canvas, s->params->half && !s->drawn) != 0)
			return PD_JOB_MEMORY;
		/* Chromium shows a sequence of full range as if it were not,
		 * 1.16 times too contrasty; stills it shows right. */
		pd_planes_limit(&pl);
		status = add_planes(s, &pl);
		s->ms += a->ms;
		pd_planes_finish(&pl);
	}
	return status;
}

/* Whether any frame is transparent anywhere, and whether the first is drawn;
 * from the first frame again. */
static enum pd_job_status
look_ahead(struct sequence *s)
{
	struct pd_anim *a = s->a;
	struct pd_pixels_look look;
	enum pd_job_status status = pd_anim_next(a);

	if (status != PD_JOB_DONE)
		return status;
	pd_pixels_look(&a->canvas, &look);
	s->drawn = look.flat >= DRAWING_FLAT && look.colours <= DRAWING_COLOURS;
	s->alpha = !a->opaque && !opaque(&a->canvas);
	while (!a->opaque && !s->alpha && a->at < a->frames) {
		status = pd_anim_next(a);
		if (status != PD_JOB_DONE)
			return status;
		s->alpha = !opaque(&a->canvas);
	}
	return pd_anim_rewind(a);
}

static enum pd_job_status
start_sequence(struct sequence *s)
{
	unsigned q =
	    s->params->quantizer + (s->drawn ? DRAWING_MORE : FILM_MORE);
	char level[16];

	s->e = make_encoder(s->params);
	if (s->e == NULL)
		return PD_JOB_MEMORY;
	s->e->timescale = TIMESCALE;
	if (s->params->quantizer_alpha == AVIF_QUANTIZER_LOSSLESS)
		s->e->minQuantizerAlpha = s->e->maxQuantizerAlpha =
		    ALPHA_FINEST;
	if (q > AVIF_QUANTIZER_WORST_QUALITY)
		q = AVIF_QUANTIZER_WORST_QUALITY;
	if (s->drawn) {
		s->e->minQuantizer = s->e->maxQuantizer = (int)q;
		SET_OPTIONS(s->e, drawing);
		return PD_JOB_DONE;
	}
	s->e->minQuantizer = AVIF_QUANTIZER_BEST_QUALITY;
	s->e->maxQuantizer = AVIF_QUANTIZER_WORST_QUALITY;
	snprintf(level, sizeof(level), "%u", q);
	avifEncoderSetCodecSpecificOption(s->e, "color:cq-level", level);
	SET_OPTIONS(s->e, film);
	SET_OPTIONS(s->e, matrices);
	return PD_JOB_DONE;
}

enum pd_job_status
pd_avif_sequence(struct pd_anim *a, const struct pd_job_ask *ask,
    const struct pd_avif_params *params, struct pd_codec_out *out)
{
	struct sequence s = { .a = a, .params = params };
	enum pd_job_status status = look_ahead(&s);

	if (status == PD_JOB_DONE)
		status = start_sequence(&s);
	if (status == PD_JOB_DONE)
		status = add_frames(&s);
	if (status == PD_JOB_DONE && pd_codec_late(ask))
		status = PD_JOB_LATE;
	if (status == PD_JOB_DONE)
		status = finish(s.e, out);
	if (status == PD_JOB_DONE)
		status = pd_avif_set_loops(out, a->loops, s.ms);
	if (s.e != NULL)
		avifEncoderDestroy(s.e);
	return status;
}
