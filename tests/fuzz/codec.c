/*
 * Each decoder and encoder, as pared-codec runs them: the first two bytes say
 * what is wanted, the rest is the image. What comes out must be an image of the
 * size that was asked for, and an animation where one went in.
 */
#include <stdlib.h>

#include "filters/image/codec/codec.h"

/* More would be slow, and finds nothing new. */
#define PIXELS_MAX       60000
#define FRAME_PIXELS_MAX 200000
#define FRAMES_MAX       20

#define HEAD 2

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static bool
is_small(const struct pd_image_info *info)
{
	return (uint64_t)info->width * info->height <= PIXELS_MAX &&
	       (uint64_t)info->width * info->height * info->frames <=
		   FRAME_PIXELS_MAX &&
	       info->frame_pixels <= FRAME_PIXELS_MAX && info->frames >= 1 &&
	       info->frames <= FRAMES_MAX && info->scans <= 30;
}

static struct pd_job_settings
settings(const uint8_t head[HEAD], const struct pd_image_info *info)
{
	unsigned any = head[1];
	bool half = (head[0] & 0x80) != 0 && !info->animated;
	unsigned flags =
	    (head[0] & 0x40 ? PD_JOB_GREY : 0) |
	    (any & 1 ? PD_JOB_PROGRESSIVE : 0) |
	    (any & 2 ? PD_JOB_PALETTE : 0) |
	    (info->animated ? PD_JOB_ANIMATED : 0) |
	    (info->profile != PD_IMAGE_PROFILE_NONE ? PD_JOB_ICC : 0);

	return (struct pd_job_settings){
		.outputs = head[0] & PD_JOB_OUTPUTS,
		.flags = (uint8_t)flags,
		.chroma = (uint8_t)(any % 3),
		.quality_jpeg = (uint8_t)(any % 100 + 1),
		.quality_webp = (uint8_t)(any % 100 + 1),
		.method_webp = (uint8_t)(any % 5),
		.quantizer_avif = (uint8_t)(any % 64),
		.quantizer_alpha = (uint8_t)(any / 4),
		.speed_avif = 10,
		.effort = (uint8_t)(any / 64),
		.to_width = half ? (info->width + 1) / 2 : info->width,
		.to_height = half ? (info->height + 1) / 2 : info->height,
	};
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct pd_job_ask ask = { .magic = PD_JOB_ASK };
	struct pd_job_answer answer;
	struct pd_codec_out out;
	struct pd_image_info info;

	if (n < HEAD + PD_SNIFF_MIN ||
	    pd_sniff(p + HEAD, n - HEAD, &info) != 0 || !is_small(&info))
		return 0;
	ask.in_len = (uint32_t)n - HEAD;
	ask.width = info.width;
	ask.height = info.height;
	ask.frames = info.frames;
	ask.source = (uint8_t)info.format;
	ask.orientation = info.orientation;
	ask.set = settings(p, &info);
	/* Room, so that the encoders are seen to end. */
	ask.set.out_max = ask.set.lossy_max = ask.in_len - 1;
	ask.until_ms = pd_job_now_ms() + 2000;
	if (!pd_job_ask_ok(&ask))
		return 0;
	pd_codec_out_init(&out, ask.set.out_max);
	if (pd_codec_run(&ask, p + HEAD, &out, &answer) == PD_JOB_DONE &&
	    (!pd_job_answer_ok(&ask, &answer) ||
		!pd_job_result_ok(&answer, out.p, out.n)))
		abort();
	pd_codec_out_finish(&out);
	return 0;
}
