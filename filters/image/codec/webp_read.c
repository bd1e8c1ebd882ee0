#include "filters/image/codec/webp.h"

#include <stdlib.h>
#include <string.h>

#include <webp/decode.h>
#include <webp/demux.h>

/* Bytes between two looks at the clock: 5 ms of a lossy picture. */
#define CLOCK_BYTES (64u << 10)

static enum pd_job_status
status_of(VP8StatusCode code)
{
	return code == VP8_STATUS_OK                    ? PD_JOB_DONE
	       : code == VP8_STATUS_OUT_OF_MEMORY       ? PD_JOB_MEMORY
	       : code == VP8_STATUS_UNSUPPORTED_FEATURE ? PD_JOB_UNSUPPORTED
							: PD_JOB_BAD;
}

/* The demuxer checks the container whole, so that a torn one ends here. */
static enum pd_job_status
read_icc(const struct pd_job_ask *ask, const uint8_t *in, struct pd_pixels *px)
{
	WebPData data = { .bytes = in, .size = ask->in_len };
	WebPDemuxer *d = WebPDemux(&data);
	WebPChunkIterator it;
	enum pd_job_status status = PD_JOB_DONE;

	if (d == NULL)
		return PD_JOB_BAD;
	if (WebPDemuxGetI(d, WEBP_FF_FORMAT_FLAGS) & ICCP_FLAG &&
	    WebPDemuxGetChunk(d, "ICCP", 1, &it)) {
		if (it.chunk.size > 0) {
			px->icc = malloc(it.chunk.size);
			if (px->icc != NULL) {
				memcpy(px->icc, it.chunk.bytes, it.chunk.size);
				px->icc_len = it.chunk.size;
			} else {
				status = PD_JOB_MEMORY;
			}
		}
		WebPDemuxReleaseChunkIterator(&it);
	}
	WebPDemuxDelete(d);
	return status;
}

/* In pieces, because the decoder asks nobody whether it may go on. */
static enum pd_job_status
decode(const struct pd_job_ask *ask, const uint8_t *in, WebPDecoderConfig *c)
{
	WebPIDecoder *d = WebPIDecode(NULL, 0, c);
	VP8StatusCode code = VP8_STATUS_SUSPENDED;
	size_t seen = 0;

	if (d == NULL)
		return PD_JOB_MEMORY;
	while (code == VP8_STATUS_SUSPENDED && seen < ask->in_len) {
		size_t left = ask->in_len - seen;

		if (pd_codec_late(ask)) {
			WebPIDelete(d);
			return PD_JOB_LATE;
		}
		seen += left < CLOCK_BYTES ? left : CLOCK_BYTES;
		code = WebPIUpdate(d, in, seen);
	}
	WebPIDelete(d);
	return status_of(code);
}

enum pd_job_status
pd_webp_decode(
    const struct pd_job_ask *ask, const uint8_t *in, struct pd_pixels *px)
{
	WebPDecoderConfig c;
	VP8StatusCode code;
	enum pd_job_status status;

	*px = (struct pd_pixels){ .p = NULL };
	if (!WebPInitDecoderConfig(&c))
		return PD_JOB_MEMORY;
	code = WebPGetFeatures(in, ask->in_len, &c.input);
	if (code != VP8_STATUS_OK)
		return status_of(code);
	if (c.input.has_animation)
		return PD_JOB_UNSUPPORTED;
	if (c.input.width < 1 || c.input.height < 1 ||
	    (uint32_t)c.input.width != ask->width ||
	    (uint32_t)c.input.height != ask->height)
		return PD_JOB_BAD;
	if (pd_pixels_init(
		px, ask->width, ask->height, c.input.has_alpha ? 4 : 3) != 0)
		return PD_JOB_MEMORY;
	status = read_icc(ask, in, px);
	if (status != PD_JOB_DONE)
		return status;
	c.output.colorspace = px->channels == 4 ? MODE_RGBA : MODE_RGB;
	c.output.is_external_memory = 1;
	c.output.u.RGBA.rgba = px->p;
	c.output.u.RGBA.stride = (int)px->stride;
	c.output.u.RGBA.size = px->stride * px->height;
	status = decode(ask, in, &c);
	WebPFreeDecBuffer(&c.output);
	return status;
}
