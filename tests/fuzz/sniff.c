/* The structure of images, and what is planned for whatever it seems to be. */
#include <assert.h>

#include "base/conf.h"
#include "filters/image/job.h"
#include "filters/image/plan.h"
#include "filters/image/sniff.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void
check(const struct pd_image_info *info)
{
	assert(info->orientation >= 1 && info->orientation <= 8);
	assert(info->quality <= 100 && info->components <= 4);
	assert(info->animated || info->frames == 1);
	assert(info->animated ||
	       info->frame_pixels == (uint64_t)info->width * info->height);
}

/* Every wish that the plan tells apart, by number. */
static struct pd_plan_wish
wish_of(unsigned i)
{
	return (struct pd_plan_wish){
		.avif = i & 1 ? 1000 : 0,
		.webp = i & 2 ? 1000 : 0,
		.level = i & 4 ? PD_CONF_LEVEL_THIN : PD_CONF_LEVEL_FINE,
		.width_max = i & 8 ? 1080 : 0,
		.pace = 100,
		.deadline_ms = 600,
	};
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const struct pd_conf conf = {
		.process_jpg = true,
		.process_png = true,
		.process_gif = true,
		.process_webp = true,
		.process_avif = true,
		.image_level = PD_CONF_LEVEL_FINE,
		.image_pixels_max = 25000000,
		.image_ratio_max = 500,
	};
	struct pd_image_info info;
	struct pd_plan plan;
	int rc;

	/* A beginning, as a filter sees it first. */
	assert(pd_sniff(p, n / 2, &info) <= 0);
	check(&info);
	rc = pd_sniff(p, n, &info);
	check(&info);
	for (unsigned i = 0; i < 16; i++) {
		const struct pd_plan_wish wish = wish_of(i);

		pd_plan_beginning(&info, &wish, &conf);
		if (rc != 0 ||
		    pd_plan_image(&info, n, &wish, &conf, &plan) != PD_PLAN_TRY)
			continue;
		assert(info.width > 0 && info.height > 0);
		/* What is planned is a question that the codec takes. */
		const struct pd_job_ask ask = {
			.magic = PD_JOB_ASK,
			.in_len = (uint32_t)n,
			.width = info.width,
			.height = info.height,
			.frames = info.frames,
			.source = (uint8_t)info.format,
			.orientation = info.orientation,
			.set = plan.set,
		};
		assert(pd_job_ask_ok(&ask));
	}
	return 0;
}
