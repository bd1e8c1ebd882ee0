/* The structure of images, and what is planned for whatever it seems to be. */
#include <stdlib.h>

#include "base/conf.h"
#include "filters/image/job.h"
#include "filters/image/plan.h"
#include "filters/image/sniff.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const struct pd_conf conf = {
		.process_jpg = true,
		.process_png = true,
		.process_gif = true,
		.image_pixels_max = 25000000,
		.image_ratio_max = 500,
	};
	struct pd_image_info info;
	struct pd_plan plan;
	int rc = pd_sniff(p, n, &info);

	if (info.orientation < 1 || info.orientation > 8)
		abort();
	pd_plan_beginning(&info, &conf);
	if (rc != 0)
		return 0;
	for (unsigned webp = 0; webp < 2; webp++) {
		if (pd_plan_image(&info, n, webp != 0, &conf, &plan) !=
		    PD_PLAN_TRY)
			continue;
		/* What is planned is a question that the codec takes. */
		const struct pd_job_ask ask = {
			.magic = PD_JOB_ASK,
			.in_len = (uint32_t)n,
			.out_max = plan.out_max,
			.lossy_max = plan.lossy_max,
			.width = info.width,
			.height = info.height,
			.source = (uint8_t)info.format,
			.outputs = plan.outputs,
			.flags = plan.flags,
			.orientation = info.orientation,
			.quality_jpeg = plan.quality_jpeg,
			.quality_webp = plan.quality_webp,
		};
		if (!pd_job_ask_ok(&ask))
			abort();
	}
	return 0;
}
