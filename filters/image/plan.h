/*
 * What to try with an image: formats and quality, from its header, what the
 * client accepts and the configuration. Pure; nothing is decoded.
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

struct pd_conf;
struct pd_image_info;

/* Bodies below this are not worth a message. */
#define PD_PLAN_LEN_MIN 400

enum pd_plan_verdict {
	PD_PLAN_TRY,
	PD_PLAN_PASS, /* leave it as it is */
	PD_PLAN_BOMB, /* as PASS, because it would expand beyond a limit */
};

struct pd_plan {
	/* The answer hung on Accept, whatever came of it: Vary says so. */
	bool accept_used;
	const char *why; /* PASS and BOMB: for the log */

	/* TRY alone; as in struct pd_job_ask. */
	uint8_t outputs, flags;
	uint8_t quality_jpeg, quality_webp;
	uint32_t out_max, lossy_max;
};

/*
 * info: from pd_sniff() of a whole image of len bytes. webp: Accept names
 * image/webp itself with a weight above 0. Every field of *plan is set.
 */
enum pd_plan_verdict pd_plan_image(const struct pd_image_info *info, size_t len,
    bool webp, const struct pd_conf *conf, struct pd_plan *plan);

/*
 * From what pd_sniff() saw of a beginning: TRY as long as the rest may still
 * make something of it. Saves the wait for a body that will pass in any case.
 */
enum pd_plan_verdict
pd_plan_beginning(const struct pd_image_info *info, const struct pd_conf *conf);

/* The WebP quality that looks like a JPEG of quality 1..100. */
uint8_t pd_plan_webp_quality(uint8_t jpeg);

#endif
