/*
 * The frames of an animated WebP, over libwebp.
 */
#include <stdlib.h>
#include <string.h>

#include <webp/demux.h>

#include "filters/image/codec/anim.h"
#include "filters/image/codec/colour.h"

struct webp_anim {
	struct pd_anim anim; /* first: pd_anim hands it back */
	WebPAnimDecoder *dec;
	int shown_ms; /* when the last frame ended */
};

static bool
is_opaque(const struct pd_pixels *px)
{
	uint8_t all = 255;

	for (uint32_t y = 0; y < px->height; y++)
		for (uint32_t x = 0; x < px->width; x++)
			all &= px->p[y * px->stride + (size_t)x * 4 + 3];
	return all == 255;
}

static enum pd_job_status
next(struct pd_anim *a)
{
	struct webp_anim *w = (struct webp_anim *)a;
	size_t row = (size_t)a->canvas.width * 4;
	uint8_t *frame;
	int ms;

	if (!WebPAnimDecoderHasMoreFrames(w->dec) ||
	    !WebPAnimDecoderGetNext(w->dec, &frame, &ms))
		return PD_JOB_BAD;
	for (uint32_t y = 0; y < a->canvas.height; y++)
		memcpy(
		    a->canvas.p + y * a->canvas.stride, frame + y * row, row);
	/* Lossless frames may have alpha and say that they have none: what is
	 * seen then hangs on the viewer. */
	if (a->opaque && !is_opaque(&a->canvas))
		return PD_JOB_UNSUPPORTED;
	/* The library sums up to 1000 frames of 24 bits: may have wrapped. */
	if (ms < w->shown_ms)
		return PD_JOB_UNSUPPORTED;
	a->ms = (uint32_t)(ms - w->shown_ms);
	w->shown_ms = ms;
	return PD_JOB_DONE;
}

static enum pd_job_status
rewind_webp(struct pd_anim *a)
{
	struct webp_anim *w = (struct webp_anim *)a;

	WebPAnimDecoderReset(w->dec);
	w->shown_ms = 0;
	return PD_JOB_DONE;
}

static void
close_webp(struct pd_anim *a)
{
	struct webp_anim *w = (struct webp_anim *)a;

	WebPAnimDecoderDelete(w->dec);
	pd_pixels_finish(&a->canvas);
	free(w);
}

static const struct pd_anim_type type = { next, rewind_webp, close_webp };

/* Whether no frame leaves anything transparent, by what they say. */
static bool
promises_opaque(const WebPDemuxer *d, uint32_t width, uint32_t height)
{
	WebPIterator f = { .frame_num = 0 };
	bool opaque = true;
	int ok = WebPDemuxGetFrame(d, 1, &f);

	if (!ok || (uint32_t)f.width != width || (uint32_t)f.height != height)
		opaque = false;
	for (; ok && opaque; ok = WebPDemuxNextFrame(&f))
		if (f.has_alpha ||
		    f.dispose_method == WEBP_MUX_DISPOSE_BACKGROUND)
			opaque = false;
	WebPDemuxReleaseIterator(&f);
	return opaque;
}

/* Another space than sRGB's would have to be converted frame by frame. */
static bool
is_srgb(const WebPDemuxer *d)
{
	WebPChunkIterator c;
	bool srgb = true;

	if (!WebPDemuxGetChunk(d, "ICCP", 1, &c))
		return true;
	if (c.chunk.size > PD_COLOUR_ICC_MAX ||
	    pd_colour_judge(c.chunk.bytes, c.chunk.size, 3) != PD_COLOUR_SRGB)
		srgb = false;
	WebPDemuxReleaseChunkIterator(&c);
	return srgb;
}

/* Sizes are checked before anything is allocated by them. */
static enum pd_job_status
open_decoder(struct webp_anim *w, const WebPData *data)
{
	struct pd_anim *a = &w->anim;
	WebPDemuxer *d = WebPDemux(data);
	WebPAnimDecoderOptions options;
	enum pd_job_status status = PD_JOB_BAD;

	if (d == NULL)
		return PD_JOB_BAD;
	if (WebPDemuxGetI(d, WEBP_FF_CANVAS_WIDTH) != a->ask->width ||
	    WebPDemuxGetI(d, WEBP_FF_CANVAS_HEIGHT) != a->ask->height ||
	    WebPDemuxGetI(d, WEBP_FF_FRAME_COUNT) != a->frames)
		goto delete_demuxer;
	a->loops = WebPDemuxGetI(d, WEBP_FF_LOOP_COUNT);
	a->opaque = promises_opaque(d, a->ask->width, a->ask->height);
	status = PD_JOB_UNSUPPORTED;
	if (!is_srgb(d))
		goto delete_demuxer;
	status = PD_JOB_MEMORY;
	if (!WebPAnimDecoderOptionsInit(&options))
		goto delete_demuxer;
	options.color_mode = MODE_RGBA;
	options.use_threads = 0;
	w->dec = WebPAnimDecoderNew(data, &options);
	if (w->dec != NULL)
		status = PD_JOB_DONE;
delete_demuxer:
	WebPDemuxDelete(d);
	return status;
}

enum pd_job_status
pd_webp_anim_open(
    struct pd_anim **out, const struct pd_job_ask *ask, const uint8_t *in)
{
	const WebPData data = { .bytes = in, .size = ask->in_len };
	struct webp_anim *w = calloc(1, sizeof(*w));
	struct pd_anim *a;
	enum pd_job_status status;

	*out = NULL;
	if (w == NULL)
		return PD_JOB_MEMORY;
	a = &w->anim;
	pd_anim_init(a, &type, ask);
	status = open_decoder(w, &data);
	return pd_anim_ready(out, a, status);
}
