/*
 * How much may be lost: by level and kind of source, or as ImageQuality has it.
 */
#include "filters/image/plan_part.h"

#include "base/conf.h"

/*
 * Columns: AVIF's quantizer (0 best, 63), that of its alpha, WebP's quality,
 * JPEG's quality. The quantizers of AVIF and WebP hold the score (SSIMULACRA
 * 2.1) within a standard deviation of 3 whatever the picture, so one number a
 * kind will do. Against what the origin sent, of plain JPEGs: AVIF 14 is 78,
 * 18 is 75, 20 is 73; WebP 60 is 67, 70 is 70, 80 is 76, 90 is 84; 80 is not
 * seen side by side, 70 not noticed without the original.
 *
 * A coarse JPEG has lost the fine detail already: coarser still shows blocks
 * rather than losing texture. A source without loss of its own has nothing that
 * would hide ours.
 */
#define LEVELS (PD_CONF_LEVEL_THIN + 1)

static const struct pd_plan_quality levels[LEVELS][PD_PLAN_LOSSES] = {
	[PD_CONF_LEVEL_INVISIBLE] = {
		[PD_PLAN_LOSS_FRESH] = { 13, 6, 86, 86 },
		[PD_PLAN_LOSS_JPEG] = { 14, 6, 86, 80 },
		[PD_PLAN_LOSS_WORN] = { 14, 6, 86, 72 },
		[PD_PLAN_LOSS_COARSE] = { 16, 6, 86, 62 },
		[PD_PLAN_LOSS_SMALL] = { 13, 6, 86, 84 },
		[PD_PLAN_LOSS_EXACT] = { 18, 8, 85, 85 },
		[PD_PLAN_LOSS_ANIMATION] = { 15, 12, 85, 80 },
	},
	[PD_CONF_LEVEL_FINE] = {
		[PD_PLAN_LOSS_FRESH] = { 19, 12, 76, 72 },
		[PD_PLAN_LOSS_JPEG] = { 20, 12, 75, 69 },
		[PD_PLAN_LOSS_WORN] = { 20, 12, 75, 62 },
		[PD_PLAN_LOSS_COARSE] = { 21, 12, 76, 52 },
		[PD_PLAN_LOSS_SMALL] = { 18, 12, 78, 74 },
		[PD_PLAN_LOSS_EXACT] = { 24, 16, 78, 78 },
		[PD_PLAN_LOSS_ANIMATION] = { 19, 20, 78, 70 },
	},
	[PD_CONF_LEVEL_THIN] = {
		[PD_PLAN_LOSS_FRESH] = { 30, 24, 58, 56 },
		[PD_PLAN_LOSS_JPEG] = { 30, 24, 58, 52 },
		[PD_PLAN_LOSS_WORN] = { 30, 24, 58, 48 },
		[PD_PLAN_LOSS_COARSE] = { 31, 24, 58, 40 },
		[PD_PLAN_LOSS_SMALL] = { 28, 24, 60, 56 },
		[PD_PLAN_LOSS_EXACT] = { 31, 24, 60, 60 },
		[PD_PLAN_LOSS_ANIMATION] = { 31, 28, 60, 50 },
	},
};

/*
 * The quality up to which a JPEG is coarse, and worn. At FINE, AVIF leaves 80 %
 * of those up to 62 for a score of 70; of those above, 46 %. Up to 80, a
 * coarser JPEG takes fewer bytes than AVIF where the score is to be above 72:
 * for 76.6, 61 and 66 %.
 */
#define WORN 80
/* Above, a source shows what is lost of its detail. */
#define FRESH 90

static const uint8_t coarse[LEVELS] = {
	[PD_CONF_LEVEL_INVISIBLE] = 70,
	[PD_CONF_LEVEL_FINE] = 62,
	[PD_CONF_LEVEL_THIN] = 45,
};

/* How far below the quality wanted a JPEG may lie before coding it again gains
 * too little: AVIF and WebP need fewer bytes for the same look. */
#define HEADROOM 8

/* --- One scale in terms of another -----------------------------------------
 */

struct point {
	uint8_t jpeg, other;
};

/* Between the points, which rise in jpeg from 1 to 100, straight lines. */
static uint8_t
translate(const struct point *p, int jpeg)
{
	size_t i = 1;

	if (jpeg < 1)
		jpeg = 1;
	if (jpeg > 100)
		jpeg = 100;
	while (jpeg > p[i].jpeg)
		i++;
	return (uint8_t)(p[i - 1].other + (jpeg - p[i - 1].jpeg) *
					      (p[i].other - p[i - 1].other) /
					      (p[i].jpeg - p[i - 1].jpeg));
}

uint8_t
pd_plan_webp_quality(uint8_t jpeg)
{
	static const struct point points[] = { { 1, 1 }, { 20, 9 }, { 30, 24 },
		{ 40, 39 }, { 50, 52 }, { 60, 64 }, { 70, 77 }, { 80, 84 },
		{ 90, 94 }, { 100, 100 } };

	return translate(points, jpeg);
}

uint8_t
pd_plan_avif_quantizer(uint8_t jpeg)
{
	/* Measured where both score from 71 to 81 (JPEG 60 to 75); beyond, the
	 * slopes go on. */
	static const struct point points[] = { { 1, 63 }, { 10, 53 },
		{ 20, 44 }, { 30, 39 }, { 40, 34 }, { 50, 28 }, { 60, 22 },
		{ 65, 19 }, { 75, 11 }, { 85, 5 }, { 95, 2 }, { 100, 0 } };

	return translate(points, jpeg);
}

/* --- ImageQuality ----------------------------------------------------------
 */

/* Ziproxy's classes of size, which ImageQuality counts. */
static unsigned
size_class(const struct pd_image_info *info)
{
	uint64_t pixels = pd_plan_pixels(info);

	if (pixels < 5000)
		return 0;
	if (pixels < 50000 || info->width < 150 || info->height < 150)
		return 1;
	return pixels < 250000 ? 2 : 3;
}

int64_t
pd_plan_fixed(const struct pd_image_info *info, const struct pd_conf *conf)
{
	return conf->image_quality[size_class(info)];
}

static struct pd_plan_quality
fixed(int64_t jpeg)
{
	uint8_t q = jpeg < 1 ? 1 : jpeg > 100 ? 100 : (uint8_t)jpeg;
	uint8_t avif = pd_plan_avif_quantizer(q);

	return (struct pd_plan_quality){
		.avif = avif,
		.alpha = avif / 2,
		.webp = pd_plan_webp_quality(q),
		.jpeg = q,
	};
}

/* --- What the plan asks ----------------------------------------------------
 */

/*
 * Saturated colours of a wide gamut are what halved and quantised chroma harms
 * first: the one of the corpus scored 58 where others had 74.
 */
static void
spare_wide_colours(struct pd_plan_quality *q)
{
	q->avif = q->avif > 6 ? q->avif - 6 : 0;
	q->webp = q->webp < 92 ? q->webp + 8 : 100;
	q->jpeg = q->jpeg < 92 ? q->jpeg + 8 : 100;
}

struct pd_plan_quality
pd_plan_quality(const struct pd_image_info *info, enum pd_plan_loss loss,
    enum pd_conf_level level, const struct pd_conf *conf)
{
	struct pd_plan_quality q;

	if (conf->image_quality_set)
		return fixed(pd_plan_fixed(info, conf));
	if (loss == PD_PLAN_LOSS_JPEG && info->quality > FRESH)
		loss = PD_PLAN_LOSS_FRESH;
	q = levels[level][loss];
	if (info->profile == PD_IMAGE_PROFILE_P3)
		spare_wide_colours(&q);
	return q;
}

struct pd_plan_worn
pd_plan_worn(const struct pd_image_info *info, enum pd_plan_column column,
    enum pd_conf_level level, const struct pd_conf *conf)
{
	int64_t ours;

	if (!conf->image_quality_set)
		return (struct pd_plan_worn){
			.coarse = coarse[level],
			.worn = level < PD_CONF_LEVEL_THIN ? WORN : 0,
		};
	ours = pd_plan_fixed(info, conf);
	if (column != PD_PLAN_COLUMN_NEITHER)
		ours -= ours > HEADROOM ? HEADROOM : ours;
	return (struct pd_plan_worn){ .spent = (uint8_t)ours };
}
