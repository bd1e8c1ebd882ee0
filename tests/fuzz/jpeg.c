/*
 * JPEG as a source, every way: coarser, grey, rewritten, pixels at any scale
 * and back to JPEG. The first two bytes say which, and the quality.
 */
#include "filters/image/codec/jpeg.h"
#include "require.h"

/* More would be slow, and finds nothing new. */
#define PIXELS_MAX 60000

static void
pixels(struct pd_jpeg *j, const struct pd_job_ask *ask,
    const struct pd_jpeg_params *params, uint32_t width)
{
	struct pd_pixels px;
	struct pd_codec_out out;

	pd_jpeg_scale(j, width);
	if (pd_jpeg_pixels(j, &px) == PD_JOB_DONE) {
		REQUIRE(px.width >= width || px.width == ask->width);
		REQUIRE(px.height > 0 && px.height <= ask->height);
		pd_codec_out_init(&out, 200000);
		if (px.channels != 4)
			REQUIRE(pd_jpeg_encode(&px, ask, params, &out) !=
				PD_JOB_BAD);
		pd_codec_out_finish(&out);
	}
	pd_pixels_finish(&px);
}

/* What came out is a JPEG of the same size. */
static void
check(const struct pd_job_ask *ask, const struct pd_codec_out *out)
{
	struct pd_image_info info;

	REQUIRE(pd_sniff(out->p, out->n, &info) == 0);
	REQUIRE(info.format == PD_IMAGE_JPEG);
	REQUIRE(info.width == ask->width && info.height == ask->height);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct pd_job_ask ask = { .magic = PD_JOB_ASK };
	struct pd_jpeg_params params = { .quality = 50 };
	struct pd_codec_out out;
	struct pd_image_info info;
	struct pd_jpeg *j = NULL;
	enum pd_job_status status;

	if (n < 2 || pd_sniff(p + 2, n - 2, &info) != 0 ||
	    info.format != PD_IMAGE_JPEG ||
	    (uint64_t)info.width * info.height > PIXELS_MAX || info.scans > 30)
		return 0;
	params.quality = p[1] % 100 + 1;
	params.progressive = (p[0] & 4) != 0;
	params.full_chroma = (p[0] & 8) != 0;
	ask.in_len = (uint32_t)n - 2;
	ask.width = info.width;
	ask.height = info.height;
	ask.source = PD_IMAGE_JPEG;
	ask.set.outputs = PD_JOB_JPEG;
	ask.until_ms = pd_job_now_ms() + 2000;
	pd_codec_out_init(&out, n + 4096);
	status = pd_jpeg_open(&j, &ask, p + 2);
	if (status == PD_JOB_DONE) {
		switch (p[0] & 3) {
		case 0:
		case 1:
			status = pd_jpeg_requantise(
			    j, (p[0] & 1) != 0, &params, &out);
			break;
		case 2:
			status = pd_jpeg_rewrite(j, &params, &out);
			break;
		default:
			pixels(j, &ask, &params, p[1]);
			status = PD_JOB_UNSUPPORTED;
			break;
		}
		if (status == PD_JOB_DONE)
			check(&ask, &out);
	}
	pd_jpeg_close(j);
	pd_codec_out_finish(&out);
	return 0;
}
