/*
 * What the files of the plan share; for them and their tests alone.
 *
 *     plan.c          the order in which all of it is asked
 *     plan_table.c    what becomes of which kind of image, for which client
 *     plan_quality.c  how much may be lost
 *     plan_limit.c    what is not touched at all
 *     plan_cost.c     how long it takes
 *     plan_text.c     all of it for a reader
 */
#ifndef PD_PLAN_PART_H
#define PD_PLAN_PART_H

#include "filters/image/plan.h"
#include "filters/image/sniff.h"

/* As the codec has it. Every lossy result for an icon was larger or worse. */
#define PD_PLAN_ICON_SIDE    PD_JOB_ICON_SIDE
#define PD_PLAN_SMALL_PIXELS PD_JOB_SMALL_PIXELS

/* Each is a pass over all coefficients; encoders make about 10. */
#define PD_PLAN_JPEG_SCANS 30U
/* All pictures of an animation together: 6 s of AOM's time. */
#define PD_PLAN_ANIMATION_PIXELS 60000000

/* Whether colour comes at half of the width and height already. */
bool pd_plan_is_420(const struct pd_image_info *info);

/* --- plan_table.c ----------------------------------------------------------
 */

/* The columns of the table, best first: a client's own is where the ladder
 * begins, those right of it are where it goes down. */
enum pd_plan_column {
	PD_PLAN_COLUMN_BOTH, /* AVIF, and WebP for what AVIF is not good at */
	PD_PLAN_COLUMN_AVIF,
	PD_PLAN_COLUMN_WEBP,
	PD_PLAN_COLUMN_NEITHER,
	PD_PLAN_COLUMNS,
};

/* The rows. */
enum pd_plan_kind {
	PD_PLAN_GAIN_MAP,
	PD_PLAN_ANIMATION,      /* GIF, APNG, WebP without loss */
	PD_PLAN_ANIMATION_WEBP, /* with loss */
	PD_PLAN_ANIMATION_AVIF,
	PD_PLAN_JPEG_ICON,
	PD_PLAN_ICON,
	PD_PLAN_JPEG_SPENT,  /* no better than what we would make of it */
	PD_PLAN_JPEG_COARSE, /* not much better */
	PD_PLAN_JPEG_PIXELS, /* must be turned, scaled or recoloured */
	PD_PLAN_JPEG_SMALL,  /* colour at full resolution, few pixels */
	PD_PLAN_JPEG_WORN,   /* of middling quality */
	PD_PLAN_JPEG,
	PD_PLAN_PALETTE,
	PD_PLAN_PNG,
	PD_PLAN_WEBP_EXACT, /* without loss, and dense */
	PD_PLAN_WEBP_DENSE,
	PD_PLAN_AVIF_DENSE,
	PD_PLAN_MODERN, /* WebP or AVIF as it should be */
	PD_PLAN_KINDS,
};

/* How much may be lost of what: rows of the table of quality. Those of JPEG by
 * the quality that the source has, best first. */
enum pd_plan_loss {
	PD_PLAN_LOSS_FRESH, /* above 90 */
	PD_PLAN_LOSS_JPEG,  /* above 80 */
	PD_PLAN_LOSS_WORN,
	PD_PLAN_LOSS_COARSE,
	PD_PLAN_LOSS_SMALL,
	PD_PLAN_LOSS_EXACT, /* sources without loss of their own */
	PD_PLAN_LOSS_ANIMATION,
	PD_PLAN_LOSSES,
};

/* Outputs of 0: it stays as it is. */
struct pd_plan_cell {
	uint8_t outputs; /* enum pd_job_output */
	const char *why;
};

struct pd_plan_row {
	enum pd_plan_loss loss;
	struct pd_plan_cell cells[PD_PLAN_COLUMNS];
};

const struct pd_plan_row *pd_plan_row(enum pd_plan_kind kind);
/* Whether what becomes of this kind hangs on the client. */
bool pd_plan_row_differs(const struct pd_plan_row *row);

/* --- plan_quality.c --------------------------------------------------------
 */

/* On the libraries' scales. */
struct pd_plan_quality {
	uint8_t avif, alpha, webp, jpeg;
};

/*
 * By ImageQuality if it is set, else by level. A class of size that
 * ImageQuality leaves alone never comes here.
 */
struct pd_plan_quality
pd_plan_quality(const struct pd_image_info *info, enum pd_plan_loss loss,
    enum pd_conf_level level, const struct pd_conf *conf);
/* ImageQuality of an image of this size. */
int64_t
pd_plan_fixed(const struct pd_image_info *info, const struct pd_conf *conf);

/* The JPEG quality up to which a source is spent, coarse or worn (see the
 * kinds); 0: none is. */
struct pd_plan_worn {
	uint8_t spent, coarse, worn;
};
struct pd_plan_worn
pd_plan_worn(const struct pd_image_info *info, enum pd_plan_column column,
    enum pd_conf_level level, const struct pd_conf *conf);

/* --- plan_limit.c ----------------------------------------------------------
 */

/* Why what it is keeps it as it is; NULL when nothing does. */
const char *pd_plan_untouchable(
    const struct pd_image_info *info, const struct pd_conf *conf);
/* Why it would expand beyond a limit; NULL when it does not. */
const char *pd_plan_bomb(
    const struct pd_image_info *info, size_t len, const struct pd_conf *conf);
/* The part of it that a beginning can tell. */
bool
pd_plan_too_large(const struct pd_image_info *info, const struct pd_conf *conf);
/* Why an animation has too much to do; NULL when it does not, or is none. */
const char *pd_plan_too_long(const struct pd_image_info *info);
/* Why these outputs of so many pixels are out of reach; NULL when they are
 * not. */
const char *pd_plan_too_much(const struct pd_image_info *info, size_t len,
    uint8_t outputs, const struct pd_conf *conf);

/* --- plan_cost.c -----------------------------------------------------------
 */

/* Of all decoding and encoding that set asks for, on the machine that the table
 * was measured on. */
uint32_t pd_plan_cost_ms(const struct pd_image_info *info, size_t len,
    const struct pd_job_settings *set);
/* How long it may take, from now, waiting included; 0: as long as it likes. */
uint32_t pd_plan_allowed_ms(const struct pd_image_info *info, size_t len,
    uint8_t outputs, uint32_t deadline_ms);

static inline uint64_t
pd_plan_pixels(const struct pd_image_info *info)
{
	return (uint64_t)info->width * info->height;
}

#endif
