/*
 * Each decoder and encoder, as pared-codec runs them: the first two bytes say
 * what is wanted, the rest is the image. What comes out must be an image of the
 * size that was asked for.
 */
#include <stdlib.h>

#include "filters/image/codec/codec.h"

/* More would be slow, and finds nothing new. */
#define PIXELS_MAX 100000

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct pd_job_ask ask = { .magic = PD_JOB_ASK };
	struct pd_job_answer answer;
	struct pd_codec_out out;
	struct pd_image_info info;

	if (n < 2 + PD_SNIFF_MIN || pd_sniff(p + 2, n - 2, &info) != 0 ||
	    (uint64_t)info.width * info.height > PIXELS_MAX || info.scans > 30)
		return 0;
	ask.in_len = (uint32_t)n - 2;
	/* Room, so that the encoders are seen to end. */
	ask.out_max = ask.lossy_max = ask.in_len - 1;
	ask.width = info.width;
	ask.height = info.height;
	ask.source = (uint8_t)info.format;
	ask.outputs = p[0] & PD_JOB_OUTPUTS;
	ask.orientation = info.orientation;
	ask.flags = (p[0] >> 5) & PD_JOB_FLAGS;
	ask.quality_jpeg = ask.quality_webp = p[1] % 100 + 1;
	ask.until_ms = pd_job_now_ms() + 2000;
	if (!pd_job_ask_ok(&ask) ||
	    (info.format == PD_IMAGE_JPEG) !=
		((ask.outputs & (PD_JOB_PNG | PD_JOB_WEBP_LOSSLESS)) == 0))
		return 0;
	pd_codec_out_init(&out, ask.out_max);
	if (pd_codec_run(&ask, p + 2, &out, &answer) == PD_JOB_DONE &&
	    (!pd_job_answer_ok(&ask, &answer) ||
		!pd_job_result_ok(&answer, out.p, out.n)))
		abort();
	pd_codec_out_finish(&out);
	return 0;
}
