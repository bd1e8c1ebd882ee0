/*
 * What is not touched at all: what cannot be changed without harm, and what
 * would cost more than any picture is worth. All of it shows in the header.
 */
#include "filters/image/plan_part.h"

#include "base/conf.h"

/* A decoder's work is bounded by what a byte of input can ask of it. */
#define PIXELS_PER_BYTE  1000
#define FLAT_PIXELS      4000000 /* flat art compresses beyond */
#define JPEG_SCAN_PIXELS 100000000
#define ANCILLARY        (4u << 20)

/* AOM cannot be stopped, so what it is given is limited: 0.9 s when there is
 * much detail. */
#define AVIF_PIXELS 8000000
/* With colour at full resolution AOM takes 28 bytes a pixel, else 18. */
#define AVIF_FULL_PIXELS 5000000

/* Of memory that is really used, whatever ImageMemoryMax (which counts address
 * space) allows: a server of 512 MB has one such process a core. */
#define RESIDENT_MAX (200u << 20)

/* What the code itself takes of a codec's memory. */
#define MEMORY_BASE (48 << 20)

/* A reason that holds for a format, or NULL. */
static const char *
switched_off(const struct pd_image_info *info, const struct pd_conf *conf)
{
	bool on = true;

	switch (info->format) {
	case PD_IMAGE_JPEG:
		on = conf->process_jpg;
		break;
	case PD_IMAGE_PNG:
		on = conf->process_png;
		break;
	case PD_IMAGE_GIF:
		on = conf->process_gif;
		break;
	case PD_IMAGE_WEBP:
		on = conf->process_webp;
		break;
	case PD_IMAGE_AVIF:
		on = conf->process_avif;
		break;
	default:
		return "no format that is changed";
	}
	return on ? NULL : "switched off";
}

const char *
pd_plan_untouchable(
    const struct pd_image_info *info, const struct pd_conf *conf)
{
	const char *why = switched_off(info, conf);

	if (why != NULL)
		return why;
	if (info->unsupported)
		return "a rare kind";
	if (info->profile == PD_IMAGE_PROFILE_ODD)
		return "a gamma of its own";
	if (info->format != PD_IMAGE_JPEG && info->orientation > 1)
		return "a turn that not all viewers make";
	return NULL;
}

bool
pd_plan_too_large(const struct pd_image_info *info, const struct pd_conf *conf)
{
	return info->width > PD_JOB_SIDE_MAX ||
	       info->height > PD_JOB_SIDE_MAX ||
	       (conf->image_pixels_max > 0 &&
		   pd_plan_pixels(info) > (uint64_t)conf->image_pixels_max);
}

const char *
pd_plan_bomb(
    const struct pd_image_info *info, size_t len, const struct pd_conf *conf)
{
	uint64_t pixels = pd_plan_pixels(info);
	uint64_t raw = pixels * info->components;
	uint64_t coded =
	    info->frame_pixels > pixels ? info->frame_pixels : pixels;

	if (pd_plan_too_large(info, conf))
		return "too many pixels";
	if (coded / PIXELS_PER_BYTE > len &&
	    (info->format == PD_IMAGE_JPEG || coded > FLAT_PIXELS))
		return "too many pixels a byte";
	if (conf->image_ratio_max > 0 && pixels > FLAT_PIXELS / 4 &&
	    raw / (uint64_t)conf->image_ratio_max > len)
		return "expands too much";
	if (info->format == PD_IMAGE_JPEG &&
	    (info->scans > PD_PLAN_JPEG_SCANS ||
		info->scans * pixels > JPEG_SCAN_PIXELS))
		return "too many scans";
	if (info->ancillary > ANCILLARY)
		return "too much beside the picture";
	return NULL;
}

const char *
pd_plan_too_long(const struct pd_image_info *info)
{
	if (!info->animated)
		return NULL;
	if (info->frames > PD_JOB_FRAMES_MAX)
		return "too many frames";
	if (info->frames * pd_plan_pixels(info) > PD_PLAN_ANIMATION_PIXELS ||
	    info->frame_pixels > PD_PLAN_ANIMATION_PIXELS)
		return "too many pixels in all frames";
	return NULL;
}

bool
pd_plan_is_420(const struct pd_image_info *info)
{
	return info->format == PD_IMAGE_JPEG && info->components == 3 &&
	       info->h[0] == 2 && info->v[0] == 2 && info->h[1] == 1 &&
	       info->v[1] == 1 && info->h[2] == 1 && info->v[2] == 1;
}

/*
 * Bytes a pixel beyond the input, measured at 6, 8 and 25 MP, with what was
 * decoded: AVIF of halved colour 18, else 28; WebP 8, of pixels 16; a JPEG's
 * coefficients 4 and 7; a PNG its own samples.
 */
static unsigned
bytes_per_pixel(const struct pd_image_info *info, uint8_t outputs)
{
	bool half = pd_plan_is_420(info);

	if (outputs & PD_JOB_AVIF)
		return half ? 18 : 28;
	if (outputs & (PD_JOB_WEBP_LOSSY | PD_JOB_WEBP_LOSSLESS))
		return half ? 8 : 16;
	return half ? 4 : 7;
}

const char *
pd_plan_too_much(const struct pd_image_info *info, size_t len, uint8_t outputs,
    const struct pd_conf *conf)
{
	uint64_t pixels = pd_plan_pixels(info);
	uint64_t bytes =
	    pixels * bytes_per_pixel(info, outputs) + len + MEMORY_BASE;

	if ((outputs & PD_JOB_AVIF) != 0 &&
	    pixels > (pd_plan_is_420(info) ? AVIF_PIXELS : AVIF_FULL_PIXELS))
		return "too many pixels for AVIF";
	if (bytes > RESIDENT_MAX ||
	    (conf->image_memory_max > 0 &&
		bytes > (uint64_t)conf->image_memory_max))
		return "too little memory for it";
	return NULL;
}
