#include "filters/image/plan.h"

#include "base/conf.h"
#include "filters/image/job.h"
#include "filters/image/sniff.h"

/*
 * Without ImageQuality: measured on photographs, the score (SSIMULACRA 2.1)
 * against what the origin sent is 75 on average at these, which is not noticed
 * without the original beside it. A lossless source has no loss of its own
 * that would hide ours: WebP scores the same with it, JPEG needs more.
 */
#define JPEG_DEFAULT  70
#define JPEG_LOSSLESS 76
#define WEBP_DEFAULT  78

/* A picture this small is an icon: its edges do not survive 4:2:0. */
#define ICON_SIDE 64

/* A decoder's work is bounded by what a byte of input can ask of it. */
#define PIXELS_PER_BYTE  1000
#define FLAT_PIXELS      4000000 /* PNG and GIF of flat art compress beyond */
#define JPEG_SCANS       30
#define JPEG_SCAN_PIXELS 100000000
#define PNG_ANCILLARY    (4u << 20)

/* What must be saved, or the original is the better answer. */
#define SAVING_MIN     64
#define SAVING_PERCENT 5
#define LOSSY_PERCENT  10 /* a JPEG made coarser again pays with its looks */

/* Up to here a progressive JPEG is made: it is 3 % smaller, for 8 ms/MP. */
#define PROGRESSIVE_PIXELS 300000
#define PROGRESSIVE_LEN    10000

/* How far below our quality a JPEG source may lie before coding it again
 * gains too little: WebP needs fewer bytes for the same look. */
#define WEBP_HEADROOM 8

uint8_t
pd_plan_webp_quality(uint8_t jpeg)
{
	static const struct {
		uint8_t jpeg, webp;
	} points[] = { { 1, 1 }, { 20, 9 }, { 30, 24 }, { 40, 39 }, { 50, 52 },
		{ 60, 64 }, { 70, 77 }, { 80, 84 }, { 90, 94 }, { 100, 100 } };
	size_t i = 1;

	while (jpeg > points[i].jpeg && points[i].jpeg < 100)
		i++;
	if (jpeg >= 100)
		return 100;
	if (jpeg < 1)
		return 1;
	return (uint8_t)(points[i - 1].webp +
			 (jpeg - points[i - 1].jpeg) *
			     (points[i].webp - points[i - 1].webp) /
			     (points[i].jpeg - points[i - 1].jpeg));
}

/* Ziproxy's classes of size, which ImageQuality counts. */
static unsigned
size_class(const struct pd_image_info *info)
{
	uint64_t pixels = (uint64_t)info->width * info->height;

	if (pixels < 5000)
		return 0;
	if (pixels < 50000 || info->width < 150 || info->height < 150)
		return 1;
	return pixels < 250000 ? 2 : 3;
}

static enum pd_plan_verdict
pass(struct pd_plan *plan, const char *why)
{
	plan->why = why;
	return PD_PLAN_PASS;
}

static bool
too_large(const struct pd_image_info *info, const struct pd_conf *conf)
{
	uint64_t pixels = (uint64_t)info->width * info->height;

	return info->width > PD_JOB_SIDE_MAX ||
	       info->height > PD_JOB_SIDE_MAX ||
	       (conf->image_pixels_max > 0 &&
		   pixels > (uint64_t)conf->image_pixels_max);
}

static const char *
bomb(const struct pd_image_info *info, size_t len, const struct pd_conf *conf)
{
	uint64_t pixels = (uint64_t)info->width * info->height;
	uint64_t raw = pixels * info->components;

	if (too_large(info, conf))
		return "too many pixels";
	if (pixels / PIXELS_PER_BYTE > len &&
	    (info->format == PD_IMAGE_JPEG || pixels > FLAT_PIXELS))
		return "too many pixels a byte";
	if (conf->image_ratio_max > 0 && pixels > FLAT_PIXELS / 4 &&
	    raw / (uint64_t)conf->image_ratio_max > len)
		return "expands too much";
	if (info->format == PD_IMAGE_JPEG &&
	    (info->scans > JPEG_SCANS ||
		info->scans * pixels > JPEG_SCAN_PIXELS))
		return "too many scans";
	if (info->ancillary > PNG_ANCILLARY)
		return "too much beside the picture";
	return NULL;
}

/* Why what it is keeps it as it is; NULL when nothing does. */
static const char *
untouchable(const struct pd_image_info *info, const struct pd_conf *conf)
{
	switch (info->format) {
	case PD_IMAGE_JPEG:
		if (!conf->process_jpg)
			return "switched off";
		break;
	case PD_IMAGE_PNG:
		if (!conf->process_png)
			return "switched off";
		break;
	case PD_IMAGE_GIF:
		if (!conf->process_gif)
			return "switched off";
		break;
	default:
		return "a format that is left alone";
	}
	if (info->animated)
		return "animated";
	if (info->gain_map)
		return "more than one picture";
	if (info->unsupported)
		return "a rare kind";
	if (info->profile == PD_IMAGE_PROFILE_ODD)
		return "a gamma of its own";
	if (info->format != PD_IMAGE_JPEG && info->orientation != 1)
		return "a turn that not all viewers make";
	if (info->format == PD_IMAGE_JPEG && info->width > 0 &&
	    info->width <= ICON_SIDE && info->height <= ICON_SIDE)
		return "an icon";
	return NULL;
}

enum pd_plan_verdict
pd_plan_beginning(const struct pd_image_info *info, const struct pd_conf *conf)
{
	if (too_large(info, conf))
		return PD_PLAN_BOMB;
	return untouchable(info, conf) != NULL || info->loops ? PD_PLAN_PASS
							      : PD_PLAN_TRY;
}

static void
plan_jpeg(const struct pd_image_info *info, size_t len, bool webp,
    struct pd_plan *plan)
{
	bool upright = info->orientation == 1;
	uint8_t least = plan->quality_jpeg;

	if (webp && least > WEBP_HEADROOM)
		least -= WEBP_HEADROOM;
	if (info->quality != 0 && info->quality <= least &&
	    (plan->flags & PD_JOB_GREY) == 0) {
		/* As coarse as ours would be: all that can go is waste. A turn
		 * needs pixels, and is worth no more loss. */
		plan->outputs = upright ? PD_JOB_REWRITE : 0;
	} else if (webp) {
		plan->outputs = PD_JOB_WEBP_LOSSY;
	} else {
		plan->outputs = PD_JOB_JPEG;
	}
	if (plan->outputs == PD_JOB_REWRITE ||
	    ((uint64_t)info->width * info->height <= PROGRESSIVE_PIXELS &&
		len >= PROGRESSIVE_LEN))
		plan->flags |= PD_JOB_PROGRESSIVE;
}

static void
plan_other(const struct pd_image_info *info, bool webp, struct pd_plan *plan)
{
	bool icon = info->width <= ICON_SIDE && info->height <= ICON_SIDE;

	if (webp) {
		plan->outputs = PD_JOB_WEBP_LOSSLESS;
		if (!icon)
			plan->outputs |= PD_JOB_WEBP_LOSSY;
	} else {
		plan->outputs = PD_JOB_PNG;
		if (!icon)
			plan->outputs |= PD_JOB_JPEG;
		if ((uint64_t)info->width * info->height <= PROGRESSIVE_PIXELS)
			plan->flags |= PD_JOB_PROGRESSIVE;
	}
}

static uint32_t
less(size_t len, unsigned percent)
{
	size_t saving = (len * percent + 99) / 100;

	if (saving < SAVING_MIN)
		saving = SAVING_MIN;
	return (uint32_t)(len - saving);
}

static void
set_quality(const struct pd_image_info *info, const struct pd_conf *conf,
    struct pd_plan *plan)
{
	if (conf->image_quality_set) {
		int64_t q = conf->image_quality[size_class(info)];

		plan->quality_jpeg = q < 1 ? 1 : q > 100 ? 100 : (uint8_t)q;
		plan->quality_webp = pd_plan_webp_quality(plan->quality_jpeg);
		return;
	}
	plan->quality_jpeg =
	    info->format == PD_IMAGE_JPEG ? JPEG_DEFAULT : JPEG_LOSSLESS;
	plan->quality_webp = WEBP_DEFAULT;
}

enum pd_plan_verdict
pd_plan_image(const struct pd_image_info *info, size_t len, bool webp,
    const struct pd_conf *conf, struct pd_plan *plan)
{
	const char *why;

	*plan = (struct pd_plan){ .quality_jpeg = 0 };
	why = untouchable(info, conf);
	if (why != NULL)
		return pass(plan, why);
	if (len < PD_PLAN_LEN_MIN)
		return pass(plan, "too few bytes");
	if (len > PD_JOB_BODY_MAX)
		return pass(plan, "too many bytes");
	if (conf->image_quality_set &&
	    conf->image_quality[size_class(info)] <= 0)
		return pass(plan, "switched off for its size");
	why = bomb(info, len, conf);
	if (why != NULL) {
		plan->why = why;
		return PD_PLAN_BOMB;
	}

	plan->accept_used = true;
	if (conf->convert_to_grayscale && info->components > 2)
		plan->flags |= PD_JOB_GREY;
	if (info->profile == PD_IMAGE_PROFILE_EMBEDDED)
		plan->flags |= PD_JOB_ICC;
	set_quality(info, conf, plan);
	plan->out_max = less(len, SAVING_PERCENT);
	plan->lossy_max = less(len,
	    info->format == PD_IMAGE_JPEG ? LOSSY_PERCENT : SAVING_PERCENT);
	if (info->format == PD_IMAGE_JPEG)
		plan_jpeg(info, len, webp, plan);
	else
		plan_other(info, webp, plan);
	if (plan->outputs == 0)
		return pass(plan, "as coarse as it may be");
	return PD_PLAN_TRY;
}
