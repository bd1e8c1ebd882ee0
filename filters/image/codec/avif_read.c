/*
 * From AVIF: stills and sequences, for clients that do not take them, or whose
 * copy is larger than it need be.
 */
#include <stdlib.h>
#include <string.h>

#include <avif/avif.h>

#include "filters/image/codec/avif.h"
#include "filters/image/codec/avif_loop.h"
#include "filters/image/codec/colour.h"

static enum pd_job_status
status_of(avifResult result)
{
	switch (result) {
	case AVIF_RESULT_OK:
		return PD_JOB_DONE;
	case AVIF_RESULT_OUT_OF_MEMORY:
		return PD_JOB_MEMORY;
	case AVIF_RESULT_NOT_IMPLEMENTED:
	case AVIF_RESULT_UNSUPPORTED_DEPTH:
	case AVIF_RESULT_NO_CODEC_AVAILABLE:
	case AVIF_RESULT_REFORMAT_FAILED: /* a matrix of its own */
		return PD_JOB_UNSUPPORTED;
	default:
		return PD_JOB_BAD;
	}
}

/* --- Opening ---------------------------------------------------------------
 */

/*
 * Parses the container. Nothing larger than the sniffing promised is ever
 * allocated: dav1d refuses it as well, whatever a frame says of itself.
 */
static enum pd_job_status
open_file(avifDecoder **out, const struct pd_job_ask *ask, const uint8_t *in,
    avifDecoderSource source)
{
	avifDecoder *d = avifDecoderCreate();
	avifResult result;

	*out = d;
	if (d == NULL)
		return PD_JOB_MEMORY;
	d->codecChoice = AVIF_CODEC_CHOICE_DAV1D;
	d->maxThreads = 1;
	d->requestedSource = source;
	d->ignoreExif = AVIF_TRUE;
	d->ignoreXMP = AVIF_TRUE;
	d->imageSizeLimit = ask->width * ask->height;
	d->imageDimensionLimit =
	    ask->width > ask->height ? ask->width : ask->height;
	d->imageCountLimit = ask->frames;
	/* What libheif before 1.12 and cavif before 1.3 left out, browsers do
	 * without. */
	d->strictFlags = AVIF_STRICT_ENABLED &
			 ~(avifStrictFlags)(AVIF_STRICT_PIXI_REQUIRED |
					    AVIF_STRICT_ALPHA_ISPE_REQUIRED);
	result = avifDecoderSetIOMemory(d, in, ask->in_len);
	if (result == AVIF_RESULT_OK)
		result = avifDecoderParse(d);
	if (result != AVIF_RESULT_OK)
		return status_of(result);
	return d->image->width == ask->width && d->image->height == ask->height
		   ? PD_JOB_DONE
		   : PD_JOB_BAD;
}

/* As EXIF has it: quarters anticlockwise, and then which halves change places:
 * none, top and bottom, left and right. */
static unsigned
orientation_of(const avifImage *im)
{
	static const uint8_t turns[4][3] = { { 1, 4, 2 }, { 8, 5, 7 },
		{ 3, 2, 4 }, { 6, 7, 5 } };
	unsigned angle =
	    im->transformFlags & AVIF_TRANSFORM_IROT ? im->irot.angle & 3 : 0;
	unsigned mirror = im->transformFlags & AVIF_TRANSFORM_IMIR
			      ? 1 + (im->imir.mode & 1)
			      : 0;

	return turns[angle][mirror];
}

/* sRGB's transfer, and those of video, which browsers take for the same. */
static bool
usual_transfer(avifTransferCharacteristics t)
{
	return t == AVIF_TRANSFER_CHARACTERISTICS_SRGB ||
	       t == AVIF_TRANSFER_CHARACTERISTICS_BT709 ||
	       t == AVIF_TRANSFER_CHARACTERISTICS_BT601 ||
	       t == AVIF_TRANSFER_CHARACTERISTICS_UNSPECIFIED;
}

/* What the samples of px will mean. */
static enum pd_job_status
take_colour(const avifImage *im, struct pd_pixels *px)
{
	if (im->icc.size > 0) {
		if (im->icc.size > PD_COLOUR_ICC_MAX)
			return PD_JOB_UNSUPPORTED;
		px->icc = malloc(im->icc.size);
		if (px->icc == NULL)
			return PD_JOB_MEMORY;
		memcpy(px->icc, im->icc.data, im->icc.size);
		px->icc_len = im->icc.size;
		return PD_JOB_DONE;
	}
	if (!usual_transfer(im->transferCharacteristics))
		return PD_JOB_UNSUPPORTED;
	switch (im->colorPrimaries) {
	case AVIF_COLOR_PRIMARIES_BT709:
	case AVIF_COLOR_PRIMARIES_UNSPECIFIED:
		return PD_JOB_DONE;
	case AVIF_COLOR_PRIMARIES_SMPTE432:
		px->p3 = true;
		return PD_JOB_DONE;
	default:
		return PD_JOB_UNSUPPORTED;
	}
}

static enum pd_job_status
to_pixels(const avifImage *im, struct pd_pixels *px)
{
	avifRGBImage rgb;

	if (im->width != px->width || im->height != px->height)
		return PD_JOB_BAD;
	avifRGBImageSetDefaults(&rgb, im);
	rgb.depth = 8;
	rgb.format =
	    px->channels == 4 ? AVIF_RGB_FORMAT_RGBA : AVIF_RGB_FORMAT_RGB;
	rgb.pixels = px->p;
	rgb.rowBytes = (uint32_t)px->stride;
	return status_of(avifImageYUVToRGB(im, &rgb));
}

/* --- Stills ----------------------------------------------------------------
 */

static enum pd_job_status
decode(avifDecoder *d, const struct pd_job_ask *ask, struct pd_pixels *px)
{
	enum pd_job_status status;

	if (orientation_of(d->image) != ask->orientation)
		return PD_JOB_BAD;
	if (d->image->transformFlags & AVIF_TRANSFORM_CLAP)
		return PD_JOB_UNSUPPORTED;
	if (pd_codec_late(ask))
		return PD_JOB_LATE;
	status = status_of(avifDecoderNextImage(d));
	if (status != PD_JOB_DONE)
		return status;
	if (pd_pixels_init(px, ask->width, ask->height,
		d->image->alphaPlane != NULL ? 4 : 3) != 0)
		return PD_JOB_MEMORY;
	status = take_colour(d->image, px);
	if (status == PD_JOB_DONE)
		status = to_pixels(d->image, px);
	return status;
}

enum pd_job_status
pd_avif_decode(
    const struct pd_job_ask *ask, const uint8_t *in, struct pd_pixels *px)
{
	avifDecoder *d;
	enum pd_job_status status;

	*px = (struct pd_pixels){ .p = NULL };
	status = open_file(&d, ask, in, AVIF_DECODER_SOURCE_PRIMARY_ITEM);
	if (status == PD_JOB_DONE)
		status = decode(d, ask, px);
	if (d != NULL)
		avifDecoderDestroy(d);
	return status;
}

/* --- Sequences -------------------------------------------------------------
 */

struct reader {
	struct pd_anim a; /* first: what the caller has */
	avifDecoder *d;
};

static enum pd_job_status
next(struct pd_anim *a)
{
	struct reader *r = (struct reader *)a;
	enum pd_job_status status = status_of(avifDecoderNextImage(r->d));
	double ms;

	if (status != PD_JOB_DONE)
		return status;
	ms = r->d->imageTiming.duration * 1000 + 0.5;
	if (!(ms < UINT32_MAX))
		return PD_JOB_UNSUPPORTED;
	a->ms = (uint32_t)ms;
	return to_pixels(r->d->image, &a->canvas);
}

static enum pd_job_status
again(struct pd_anim *a)
{
	return status_of(avifDecoderReset(((struct reader *)a)->d));
}

static void
close_reader(struct pd_anim *a)
{
	struct reader *r = (struct reader *)a;

	if (r->d != NULL)
		avifDecoderDestroy(r->d);
	pd_pixels_finish(&a->canvas);
	free(r);
}

static enum pd_job_status
open_sequence(struct reader *r, const struct pd_job_ask *ask, const uint8_t *in)
{
	enum pd_job_status status =
	    open_file(&r->d, ask, in, AVIF_DECODER_SOURCE_TRACKS);

	if (status != PD_JOB_DONE)
		return status;
	if (r->d->imageCount < 0 || (uint32_t)r->d->imageCount != ask->frames)
		return PD_JOB_BAD;
	if (orientation_of(r->d->image) != 1 ||
	    (r->d->image->transformFlags & AVIF_TRANSFORM_CLAP) != 0)
		return PD_JOB_UNSUPPORTED;
	if (pd_pixels_init(&r->a.canvas, ask->width, ask->height, 4) != 0)
		return PD_JOB_MEMORY;
	return take_colour(r->d->image, &r->a.canvas);
}

/* Frames are compared and coded as sRGB. */
static enum pd_job_status
only_srgb(struct pd_pixels *px)
{
	if (px->p3 || (px->icc != NULL && pd_colour_judge(px->icc, px->icc_len,
					      3) != PD_COLOUR_SRGB))
		return PD_JOB_UNSUPPORTED;
	pd_pixels_drop_icc(px);
	return PD_JOB_DONE;
}

enum pd_job_status
pd_avif_anim_open(
    struct pd_anim **out, const struct pd_job_ask *ask, const uint8_t *in)
{
	static const struct pd_anim_type type = { next, again, close_reader };
	struct reader *r = calloc(1, sizeof(*r));
	enum pd_job_status status;

	*out = NULL;
	if (r == NULL)
		return PD_JOB_MEMORY;
	pd_anim_init(&r->a, &type, ask);
	status = open_sequence(r, ask, in);
	if (status == PD_JOB_DONE)
		status = only_srgb(&r->a.canvas);
	if (status != PD_JOB_DONE) {
		close_reader(&r->a);
		return status;
	}
	r->a.loops = pd_avif_loops(in, ask->in_len);
	r->a.opaque = !r->d->alphaPresent;
	*out = &r->a;
	return PD_JOB_DONE;
}
