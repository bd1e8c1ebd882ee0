/*
 * Images and clients for the tests of the plan.
 */
#ifndef PD_TEST_PLAN_HELP_H
#define PD_TEST_PLAN_HELP_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/conf.h"
#include "filters/image/job.h"
#include "filters/image/plan.h"
#include "filters/image/plan_part.h"
#include "filters/image/sniff.h"

#define LEN 100000

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

#define AVIF  PD_JOB_AVIF
#define LOSSY PD_JOB_WEBP_LOSSY
#define EXACT PD_JOB_WEBP_LOSSLESS
#define JPEG  PD_JOB_JPEG
#define PNG   PD_JOB_PNG
#define SAME  PD_JOB_REWRITE

static inline struct pd_conf
usual_conf(void)
{
	return (struct pd_conf){
		.process_jpg = true,
		.process_png = true,
		.process_gif = true,
		.process_webp = true,
		.process_avif = true,
		.image_pixels_max = 25000000,
		.image_ratio_max = 500,
		.image_memory_max = 512 << 20,
	};
}

static inline struct pd_plan_wish
wish_of(uint16_t avif, uint16_t webp, enum pd_conf_level level)
{
	return (struct pd_plan_wish){
		.avif = avif, .webp = webp, .level = level, .pace = 100
	};
}

static inline struct pd_image_info
jpeg_info(uint32_t width, uint32_t height)
{
	return (struct pd_image_info){
		.format = PD_IMAGE_JPEG,
		.width = width,
		.height = height,
		.components = 3,
		.depth = 8,
		.orientation = 1,
		.quality = 90,
		.scans = 1,
		.h = { 2, 1, 1 },
		.v = { 2, 1, 1 },
		.frames = 1,
		.frame_pixels = (uint64_t)width * height,
	};
}

static inline struct pd_image_info
png_info(uint32_t width, uint32_t height)
{
	struct pd_image_info info = jpeg_info(width, height);

	info.format = PD_IMAGE_PNG;
	info.quality = 0;
	info.scans = 0;
	info.lossless = true;
	memset(info.h, 0, sizeof(info.h));
	memset(info.v, 0, sizeof(info.v));
	return info;
}

static inline struct pd_image_info
gif_info(uint32_t width, uint32_t height, uint32_t frames)
{
	struct pd_image_info info = png_info(width, height);

	info.format = PD_IMAGE_GIF;
	info.palette = true;
	info.frames = frames;
	info.animated = frames > 1;
	info.frame_pixels = (uint64_t)width * height * frames;
	return info;
}

static inline enum pd_plan_verdict
plan_for(const struct pd_image_info *info, size_t len,
    const struct pd_plan_wish *wish, struct pd_plan *out)
{
	struct pd_conf conf = usual_conf();

	return pd_plan_image(info, len, wish, &conf, out);
}

static const struct pd_plan_wish clients[PD_PLAN_COLUMNS] = {
	[PD_PLAN_COLUMN_BOTH] = { .avif = 1000, .webp = 1000, .pace = 100 },
	[PD_PLAN_COLUMN_AVIF] = { .avif = 1000, .pace = 100 },
	[PD_PLAN_COLUMN_WEBP] = { .webp = 1000, .pace = 100 },
	[PD_PLAN_COLUMN_NEITHER] = { .pace = 100 },
};

/* One of each kind, at 100,000 bytes if nothing else is said. */
enum sample {
	PHOTO,
	THUMBNAIL, /* 4:4:4 */
	THUMBNAIL_420,
	COARSE,
	COARSE_UNKNOWN,
	COARSE_TURNED,
	WORN,
	TURNED,
	JPEG_ICON,
	ICON,
	TRUE_COLOUR,
	FEW_COLOURS,
	STILL_GIF,
	ANIMATED_GIF,
	APNG,
	ANIMATED_WEBP,
	ANIMATED_WEBP_EXACT,
	ANIMATED_AVIF,
	WEBP,
	WEBP_EXACT,
	WEBP_EXACT_FLAT,
	AVIF_STILL,
	GAIN_MAP,
	SAMPLES,
};

static inline struct pd_image_info
make(enum sample sample)
{
	struct pd_image_info i = jpeg_info(800, 600);

	switch (sample) {
	case THUMBNAIL:
		i = jpeg_info(199, 200);
		i.h[0] = i.v[0] = 1;
		break;
	case THUMBNAIL_420:
		i = jpeg_info(199, 200);
		break;
	case COARSE:
		i.quality = 62;
		break;
	case COARSE_UNKNOWN:
		i = jpeg_info(1100, 1100);
		i.quality = 0;
		break;
	case COARSE_TURNED:
		i.quality = 62;
		i.orientation = 6;
		break;
	case WORN:
		i.quality = 70;
		break;
	case TURNED:
		i.orientation = 6;
		break;
	case JPEG_ICON:
		i = jpeg_info(64, 64);
		break;
	case ICON:
		return png_info(64, 64);
	case TRUE_COLOUR:
		return png_info(800, 600);
	case FEW_COLOURS:
		i = png_info(800, 600);
		i.palette = true;
		break;
	case STILL_GIF:
		return gif_info(800, 600, 1);
	case ANIMATED_GIF:
		return gif_info(200, 100, 10);
	case APNG:
		i = gif_info(200, 100, 10);
		i.format = PD_IMAGE_PNG;
		break;
	case ANIMATED_WEBP:
	case ANIMATED_WEBP_EXACT:
		i = gif_info(200, 100, 10);
		i.format = PD_IMAGE_WEBP;
		i.lossless = sample == ANIMATED_WEBP_EXACT;
		break;
	case ANIMATED_AVIF:
		i = gif_info(200, 100, 10);
		i.format = PD_IMAGE_AVIF;
		break;
	case WEBP:
	case WEBP_EXACT:
	case WEBP_EXACT_FLAT:
		i = png_info(400, sample == WEBP_EXACT_FLAT ? 501 : 499);
		i.format = PD_IMAGE_WEBP;
		i.lossless = sample != WEBP;
		break;
	case AVIF_STILL:
		i = png_info(400, 499);
		i.format = PD_IMAGE_AVIF;
		i.lossless = false;
		break;
	case GAIN_MAP:
		i.gain_map = true;
		break;
	default:
		break;
	}
	return i;
}

#endif
