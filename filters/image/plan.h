/*
 * What to try with an image: formats, quality, effort and size, from its
 * header, what the client accepts and asks for, the configuration and the load
 * of the codecs. Pure; nothing is decoded.
 *
 * Which of the formats allowed it becomes is settled in pared-codec, where the
 * pixels are seen (a PNG may hold a photograph or flat art).
 * Thread: any.
 */
#ifndef PD_PLAN_H
#define PD_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/conf.h"
#include "filters/image/job.h"

struct pd_image_info;

/* Bodies below this are not worth a message. */
#define PD_PLAN_LEN_MIN 400
/* No picture is made narrower than this for a screen, pixels. */
#define PD_PLAN_WIDTH_MIN 640
/* The screen that THIN is for when none is known: a phone held upright. */
#define PD_PLAN_WIDTH_THIN 1440

/* What is wanted of an image besides what it is. */
struct pd_plan_wish {
	/* The weights (0..1000) of image/avif and image/webp in Accept, 0 when
	 * it does not name them: "image/" + "*" promises neither. */
	uint16_t avif, webp;
	/* By rule: site before device before ImageLevel; Save-Data makes it
	 * THIN at least. OFF never comes here. */
	enum pd_conf_level level;
	/* The widest picture that is of use, device pixels; 0: not known. No
	 * picture is made narrower than PD_PLAN_WIDTH_MIN for it. */
	uint32_t width_max;
	/* The codecs' load: what is ahead of it, and how long this machine
	 * takes, percent of plan_cost.c's table. 0 and 100: idle and usual. */
	uint32_t wait_ms, pace;
	/* From the last byte of the body; 0: no hurry. */
	uint32_t deadline_ms;
};

enum pd_plan_verdict {
	PD_PLAN_TRY,
	PD_PLAN_PASS, /* leave it as it is */
	PD_PLAN_BOMB, /* as PASS, because it would expand beyond a limit */
};

/* The ladder: how far load made it step down. */
enum pd_plan_step {
	PD_PLAN_AVIF,
	PD_PLAN_WEBP,
	PD_PLAN_CHEAP, /* JPEG requantised, PNG and GIF with little effort */
	PD_PLAN_ORIGINAL,
};

struct pd_plan {
	/* The answer hung on Accept, whatever came of it: Vary says so. */
	bool accept_used;
	/* Why it passes, or which row of the table it is: for the log and
	 * `pared compress --explain`. Never NULL. */
	const char *why;
	/* Why it is less than the best step; NULL: it is not. */
	const char *stepped;
	enum pd_plan_step step;
	uint32_t cost_ms; /* predicted, of one CPU, pace included */
	/* From now to its end, waiting included, at the most; 0: no limit. */
	uint32_t allowed_ms;

	struct pd_job_settings set; /* TRY alone */
};

/*
 * info: from pd_sniff() of a whole image of len bytes. Every field of *plan is
 * set.
 */
enum pd_plan_verdict pd_plan_image(const struct pd_image_info *info, size_t len,
    const struct pd_plan_wish *wish, const struct pd_conf *conf,
    struct pd_plan *plan);

/*
 * From what pd_sniff() saw of a beginning: TRY as long as the rest may still
 * make something of it. Saves the wait for a body that will pass in any case.
 */
enum pd_plan_verdict pd_plan_beginning(const struct pd_image_info *info,
    const struct pd_plan_wish *wish, const struct pd_conf *conf);

/* The WebP quality, and AVIF quantizer, that look like a JPEG of quality
 * 1..100. */
uint8_t pd_plan_webp_quality(uint8_t jpeg);
uint8_t pd_plan_avif_quantizer(uint8_t jpeg);

#endif
