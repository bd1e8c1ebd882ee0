/*
 * How long an image takes, and how long it may.
 *
 * A coder's time goes by pixels and by what is in them, for which the source's
 * bits are a fair measure: AOM takes 22 ms for a megapixel of smooth sky (0.4
 * bits a pixel) and 97 for one of leaves (3.4). So every rate is two: ns a
 * pixel (which is ms/MP), and ns a bit.
 */
#include "filters/image/plan_part.h"

/* ns a pixel, and a bit of the source. */
struct rate {
	uint16_t pixel, bit;
};

static const struct rate decode[] = {
	[PD_IMAGE_JPEG] = { 2, 3 },
	[PD_IMAGE_PNG] = { 12, 2 },
	[PD_IMAGE_GIF] = { 8, 1 },
	[PD_IMAGE_WEBP] = { 12, 4 },
	[PD_IMAGE_AVIF] = { 14, 5 },
};
/* Pixels on the way: colours made of planes, counted, turned, made smaller. */
static const struct rate by_pixels = { 15, 0 };

static const struct rate avif = { 12, 25 };
static const struct rate webp_2 = { 24, 8 };
static const struct rate webp_4 = { 48, 18 };
static const struct rate jpeg = { 7, 8 };
static const struct rate same = { 6, 15 };
static const struct rate exact[] = { { 20, 0 }, { 20, 0 }, { 30, 13 },
	{ 45, 20 } };
static const struct rate png[] = { { 40, 0 }, { 40, 0 }, { 70, 6 },
	{ 140, 12 } };
/* Of every frame, its whole canvas. */
static const struct rate sequence = { 55, 0 };
static const struct rate mixed = { 50, 0 };

/* The lossy coders see a picture that came without loss as one with a fifth of
 * its bits: a photograph of 12 bits a pixel as PNG has about 2.4 as JPEG. */
#define EXACT_BITS 5
/* More than this tells of the container, not of the picture. */
#define BITS_MAX 16
/* So dense, it is a photograph: nothing without loss is tried. */
#define PHOTO_BITS 6

/* What of the source is expected to be saved, percent: means over the pages'
 * pictures that were measured. */
#define SAVES_AVIF      60
#define SAVES_WEBP      58
#define SAVES_CHEAP     35
#define SAVES_ANIMATION 85

/* What waiting a moment is worth at all, and for each kB that need not come by
 * a slow link. */
#define ALLOWED_MS    150
#define ALLOWED_KB_MS 4
/* The codec gives up this share of the deadline before it. */
#define MARGIN 8

struct amount {
	uint64_t pixels, bits;
};

static uint64_t
ns(struct rate rate, struct amount of)
{
	return of.pixels * rate.pixel + of.bits * rate.bit;
}

static bool
is_exact(const struct pd_image_info *info)
{
	return info->lossless || info->format == PD_IMAGE_PNG ||
	       info->format == PD_IMAGE_GIF;
}

static uint64_t
animation_ns(const struct pd_image_info *info, uint8_t outputs)
{
	struct amount shown = { pd_plan_pixels(info) * info->frames, 0 };
	struct amount coded = { info->frame_pixels, 0 };
	uint64_t sum = ns(decode[info->format], coded);

	/* Both are made of small ones alone. */
	if (outputs & PD_JOB_AVIF)
		sum += ns(sequence, shown);
	else
		sum += ns(mixed, shown);
	return sum;
}

static uint64_t
lossy_ns(const struct pd_job_settings *set, struct amount of)
{
	if (set->outputs & PD_JOB_AVIF)
		return ns(avif, of);
	if (set->outputs & PD_JOB_WEBP_LOSSY)
		return ns(set->method_webp > 2 ? webp_4 : webp_2, of);
	if (set->outputs & PD_JOB_REWRITE)
		return ns(same, of);
	return set->outputs & PD_JOB_JPEG ? ns(jpeg, of) : 0;
}

static uint64_t
exact_ns(const struct pd_job_settings *set, struct amount of)
{
	unsigned effort = set->effort < 3 ? set->effort : 3;

	if (set->outputs & PD_JOB_WEBP_LOSSLESS)
		return ns(exact[effort], of);
	return set->outputs & PD_JOB_PNG ? ns(png[effort], of) : 0;
}

static uint64_t
still_ns(const struct pd_image_info *info, size_t len,
    const struct pd_job_settings *set)
{
	struct amount in = { pd_plan_pixels(info), (uint64_t)len * 8 };
	struct amount out = { (uint64_t)set->to_width * set->to_height, 0 };
	bool lossless = is_exact(info);
	uint64_t sum, one, other;

	if (in.bits > in.pixels * BITS_MAX)
		in.bits = in.pixels * BITS_MAX;
	sum = ns(decode[info->format], in);
	if (lossless || out.pixels < in.pixels || info->orientation > 1)
		sum += ns(by_pixels, in);
	if (in.pixels > 0)
		out.bits = in.bits * out.pixels / in.pixels;
	other = exact_ns(set, out);
	if (lossless)
		out.bits /= EXACT_BITS;
	one = lossy_ns(set, out);
	if (one > 0 && in.bits > in.pixels * PHOTO_BITS)
		other = 0;
	return sum + one + other;
}

uint32_t
pd_plan_cost_ms(const struct pd_image_info *info, size_t len,
    const struct pd_job_settings *set)
{
	uint64_t sum = info->animated ? animation_ns(info, set->outputs)
				      : still_ns(info, len, set);

	sum = (sum + 999999) / 1000000;
	return sum < UINT32_MAX ? (uint32_t)sum : UINT32_MAX;
}

static unsigned
saves_percent(const struct pd_image_info *info, uint8_t outputs)
{
	if (info->animated)
		return SAVES_ANIMATION;
	if (outputs & PD_JOB_AVIF)
		return SAVES_AVIF;
	if (outputs & (PD_JOB_WEBP_LOSSY | PD_JOB_WEBP_LOSSLESS))
		return SAVES_WEBP;
	return SAVES_CHEAP;
}

uint32_t
pd_plan_allowed_ms(const struct pd_image_info *info, size_t len,
    uint8_t outputs, uint32_t deadline_ms)
{
	uint64_t kb = (uint64_t)len * saves_percent(info, outputs) / 100000;
	uint64_t ms = ALLOWED_MS + kb * ALLOWED_KB_MS;
	uint32_t last = deadline_ms - deadline_ms / MARGIN;

	if (deadline_ms == 0)
		return 0;
	return ms < last ? (uint32_t)ms : last;
}
