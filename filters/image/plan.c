/*
 * The plan: which row of the table an image is, which column its client, and
 * what every encoder is told.
 *
 * Load moves a client's column to the right, one at a time, until the cost
 * fits: that is the ladder.
 */
#include "filters/image/plan.h"

#include "base/conf.h"
#include "filters/image/job.h"
#include "filters/image/plan_part.h"
#include "filters/image/sniff.h"

/* What must be saved, or the original is the better answer. */
#define SAVING_MIN     64
#define SAVING_PERCENT 5
#define LOSSY_PERCENT  10 /* a JPEG made coarser again pays with its looks */
#define COARSE_PERCENT 12

/* Below, most of an animation is what tells its frames apart. */
#define ANIMATION_LEN_MIN 2000

/* A JPEG of fewer bytes is not smaller in many scans. */
#define PROGRESSIVE_LEN 10000

/* WebP's method 4 takes 2.3 times the time of 2 for 2 to 4 % of the bytes. */
#define WEBP_4_PIXELS 1500000

/* AOM's 10 is on the front of bytes against time everywhere; 9 is the same, 8
 * takes three times as long and is worse. */
#define AVIF_SPEED 10

/* Bits a pixel, in tenths: what a photograph without loss has at the least
 * (screens and drawings have 0.3 to 3), and what WebP and AVIF need not. */
#define PHOTO_TENTHS 40
#define HEAVY_TENTHS 12
/* A JPEG whose tables tell nothing is coarse below. */
#define COARSE_TENTHS 7

/* A picture is made smaller for a screen when it is more than 5/4 as wide. */
#define WIDER(width, screen) ((uint64_t)(width)*4 > (uint64_t)(screen)*5)

struct draft {
	const struct pd_image_info *info;
	size_t len;
	const struct pd_plan_wish *wish;
	const struct pd_conf *conf;
	enum pd_conf_level level;
	bool grey;              /* its colour is taken out */
	uint32_t width, height; /* of the result, before its turn */
};

static enum pd_plan_verdict
pass(struct pd_plan *plan, const char *why)
{
	plan->why = why;
	plan->step = PD_PLAN_ORIGINAL;
	return PD_PLAN_PASS;
}

static bool
is_icon(const struct pd_image_info *info)
{
	return info->width <= PD_PLAN_ICON_SIDE &&
	       info->height <= PD_PLAN_ICON_SIDE;
}

/* Whether it has more than so many tenths of a bit for each pixel. */
static bool
denser(const struct pd_image_info *info, size_t len, unsigned tenths)
{
	return (uint64_t)len * 80 > pd_plan_pixels(info) * tenths;
}

static bool
is_scaled(const struct draft *d)
{
	return d->width != d->info->width || d->height != d->info->height;
}

/* --- Its size --------------------------------------------------------------
 */

/*
 * Photographs alone are made smaller for a screen: what a mean of pixels takes
 * from them is what the screen would. A drawing loses its sharp edges by it and
 * gains colours, so that it may even take more bytes; an animation would have
 * to be made smaller frame by frame, in a time that no deadline has.
 */
static bool
may_scale(const struct pd_image_info *info, size_t len)
{
	if (info->animated || info->gain_map)
		return false;
	if (info->format == PD_IMAGE_JPEG)
		return true;
	return info->format == PD_IMAGE_PNG && !info->palette &&
	       denser(info, len, PHOTO_TENTHS);
}

static void
choose_size(struct draft *d)
{
	bool turned = d->info->orientation >= 5;
	uint32_t width = turned ? d->info->height : d->info->width;
	uint32_t height = turned ? d->info->width : d->info->height;
	uint32_t screen = d->wish->width_max;

	d->width = d->info->width;
	d->height = d->info->height;
	if (screen == 0 && d->level == PD_CONF_LEVEL_THIN)
		screen = PD_PLAN_WIDTH_THIN;
	if (screen == 0 || !may_scale(d->info, d->len))
		return;
	if (screen < PD_PLAN_WIDTH_MIN)
		screen = PD_PLAN_WIDTH_MIN;
	if (!WIDER(width, screen))
		return;
	height = (uint32_t)(((uint64_t)height * screen + width / 2) / width);
	if (height == 0)
		height = 1;
	d->width = turned ? height : screen;
	d->height = turned ? screen : height;
}

/* --- Its row ---------------------------------------------------------------
 */

static enum pd_plan_kind
kind_of_animation(const struct pd_image_info *info)
{
	if (info->format == PD_IMAGE_AVIF)
		return PD_PLAN_ANIMATION_AVIF;
	if (info->format == PD_IMAGE_WEBP && !info->lossless)
		return PD_PLAN_ANIMATION_WEBP;
	return PD_PLAN_ANIMATION;
}

static enum pd_plan_kind
kind_of_jpeg(const struct draft *d, enum pd_plan_column column)
{
	const struct pd_image_info *info = d->info;
	struct pd_plan_worn worn =
	    pd_plan_worn(info, column, d->level, d->conf);
	/* The samples cannot be kept when other ones are wanted. */
	bool same = !d->grey && !is_scaled(d);

	if (same && is_icon(info))
		return PD_PLAN_JPEG_ICON;
	if (same && info->quality != 0 && info->quality <= worn.spent)
		return PD_PLAN_JPEG_SPENT;
	if (same && worn.coarse > 0 &&
	    (info->quality != 0 ? info->quality <= worn.coarse
				: !denser(info, d->len, COARSE_TENTHS)))
		return PD_PLAN_JPEG_COARSE;
	if (is_scaled(d) || info->orientation > 1 || info->components == 4 ||
	    info->profile == PD_IMAGE_PROFILE_EMBEDDED)
		return PD_PLAN_JPEG_PIXELS;
	if (info->quality != 0 && info->quality <= worn.worn)
		return PD_PLAN_JPEG_WORN;
	if (pd_plan_pixels(info) < PD_PLAN_SMALL_PIXELS &&
	    !pd_plan_is_420(info))
		return PD_PLAN_JPEG_SMALL;
	return PD_PLAN_JPEG;
}

static enum pd_plan_kind
kind_of_modern(const struct draft *d)
{
	const struct pd_image_info *info = d->info;

	if (info->format == PD_IMAGE_WEBP && info->lossless)
		return d->level > PD_CONF_LEVEL_INVISIBLE &&
			       denser(info, d->len, PHOTO_TENTHS)
			   ? PD_PLAN_WEBP_EXACT
			   : PD_PLAN_MODERN;
	if (d->level != PD_CONF_LEVEL_THIN ||
	    !denser(info, d->len, HEAVY_TENTHS))
		return PD_PLAN_MODERN;
	return info->format == PD_IMAGE_WEBP ? PD_PLAN_WEBP_DENSE
					     : PD_PLAN_AVIF_DENSE;
}

static enum pd_plan_kind
kind_of(const struct draft *d, enum pd_plan_column column)
{
	const struct pd_image_info *info = d->info;

	if (info->gain_map)
		return PD_PLAN_GAIN_MAP;
	if (info->animated)
		return kind_of_animation(info);
	if (info->format == PD_IMAGE_JPEG)
		return kind_of_jpeg(d, column);
	if (info->format == PD_IMAGE_WEBP || info->format == PD_IMAGE_AVIF)
		return kind_of_modern(d);
	if (is_icon(info))
		return PD_PLAN_ICON;
	return info->format == PD_IMAGE_GIF || info->palette ? PD_PLAN_PALETTE
							     : PD_PLAN_PNG;
}

/* --- What the encoders are told --------------------------------------------
 */

static uint32_t
less(size_t len, unsigned percent)
{
	size_t saving = (len * percent + 99) / 100;

	if (saving < SAVING_MIN)
		saving = SAVING_MIN;
	return (uint32_t)(len - saving);
}

static unsigned
lossy_percent(const struct draft *d, enum pd_plan_kind kind)
{
	if (kind == PD_PLAN_JPEG_COARSE)
		return COARSE_PERCENT;
	return d->info->format == PD_IMAGE_JPEG ? LOSSY_PERCENT
						: SAVING_PERCENT;
}

static uint8_t
chroma(const struct draft *d)
{
	/* Full resolution would be invented. */
	if (pd_plan_is_420(d->info) && !is_scaled(d))
		return PD_JOB_CHROMA_HALF;
	if (!d->info->animated &&
	    (uint64_t)d->width * d->height < PD_PLAN_SMALL_PIXELS)
		return PD_JOB_CHROMA_FULL;
	return PD_JOB_CHROMA_AUTO;
}

static uint8_t
flags(const struct draft *d, enum pd_plan_kind kind, uint8_t outputs)
{
	uint8_t f = 0;

	if (d->grey)
		f |= PD_JOB_GREY;
	if (d->info->profile == PD_IMAGE_PROFILE_EMBEDDED ||
	    d->info->profile == PD_IMAGE_PROFILE_P3)
		f |= PD_JOB_ICC;
	if (d->info->animated)
		f |= PD_JOB_ANIMATED;
	if ((outputs & PD_JOB_PNG) != 0 && kind != PD_PLAN_ICON &&
	    d->level > PD_CONF_LEVEL_INVISIBLE)
		f |= PD_JOB_PALETTE;
	if ((outputs & PD_JOB_REWRITE) != 0 ||
	    ((outputs & PD_JOB_JPEG) != 0 && d->len >= PROGRESSIVE_LEN))
		f |= PD_JOB_PROGRESSIVE;
	return f;
}

static void
fill(const struct draft *d, enum pd_plan_kind kind, uint8_t outputs,
    struct pd_job_settings *set)
{
	const struct pd_plan_row *row = pd_plan_row(kind);
	struct pd_plan_quality quality =
	    pd_plan_quality(d->info, row->loss, d->level, d->conf);

	*set = (struct pd_job_settings){
		.outputs = outputs,
		.flags = flags(d, kind, outputs),
		.chroma = chroma(d),
		.quality_jpeg = quality.jpeg,
		.quality_webp = quality.webp,
		.quantizer_avif = quality.avif,
		.quantizer_alpha = quality.alpha,
		.speed_avif = AVIF_SPEED,
		.to_width = d->width,
		.to_height = d->height,
		.out_max = less(d->len, SAVING_PERCENT),
		.lossy_max = less(d->len, lossy_percent(d, kind)),
	};
}

/* --- The ladder ------------------------------------------------------------
 */

static enum pd_plan_column
column_of(const struct pd_plan_wish *wish)
{
	if (wish->avif == 0 && wish->webp == 0)
		return PD_PLAN_COLUMN_NEITHER;
	if (wish->avif < wish->webp)
		return PD_PLAN_COLUMN_WEBP;
	return wish->webp == 0 ? PD_PLAN_COLUMN_AVIF : PD_PLAN_COLUMN_BOTH;
}

/* PD_PLAN_COLUMNS: the original. */
static enum pd_plan_column
below(enum pd_plan_column column)
{
	static const enum pd_plan_column next[PD_PLAN_COLUMNS] = {
		[PD_PLAN_COLUMN_BOTH] = PD_PLAN_COLUMN_WEBP,
		[PD_PLAN_COLUMN_AVIF] = PD_PLAN_COLUMN_NEITHER,
		[PD_PLAN_COLUMN_WEBP] = PD_PLAN_COLUMN_NEITHER,
		[PD_PLAN_COLUMN_NEITHER] = PD_PLAN_COLUMNS,
	};

	return next[column];
}

static enum pd_plan_step
step_of(enum pd_plan_column column, uint8_t outputs)
{
	static const enum pd_plan_step steps[PD_PLAN_COLUMNS] = {
		[PD_PLAN_COLUMN_BOTH] = PD_PLAN_AVIF,
		[PD_PLAN_COLUMN_AVIF] = PD_PLAN_AVIF,
		[PD_PLAN_COLUMN_WEBP] = PD_PLAN_WEBP,
		[PD_PLAN_COLUMN_NEITHER] = PD_PLAN_CHEAP,
	};

	/* A coarser JPEG is as cheap for one client as for another. */
	if (outputs != 0 && (outputs & ~(PD_JOB_JPEG | PD_JOB_REWRITE)) == 0)
		return PD_PLAN_CHEAP;
	return steps[column];
}

/* How hard an encoder tries, within one step. */
static const struct effort {
	uint8_t method_webp, exact;
} efforts[] = {
	{ 4, 3 }, /* nobody waits */
	{ 2, 2 },
	{ 2, 0 },
};

#define NEFFORTS (sizeof(efforts) / sizeof(efforts[0]))

static size_t
first_effort(const struct draft *d, enum pd_plan_column column)
{
	if (column == column_of(d->wish))
		return d->wish->wait_ms > 0;
	return column == PD_PLAN_COLUMN_NEITHER ? NEFFORTS - 1 : 1;
}

static uint32_t
paced(const struct draft *d, const struct pd_job_settings *set)
{
	uint64_t ms = pd_plan_cost_ms(d->info, d->len, set);
	uint32_t pace = d->wish->pace > 0 ? d->wish->pace : 100;

	ms = (ms * pace + 99) / 100;
	return ms < UINT32_MAX ? (uint32_t)ms : UINT32_MAX;
}

/* Sets effort, cost and what is allowed; why even the least takes too long, or
 * NULL. */
static const char *
fit_effort(
    const struct draft *d, enum pd_plan_column column, struct pd_plan *plan)
{
	struct pd_job_settings *set = &plan->set;
	uint64_t wait = d->wish->wait_ms;
	bool large = (uint64_t)set->to_width * set->to_height > WEBP_4_PIXELS;

	plan->allowed_ms = pd_plan_allowed_ms(
	    d->info, d->len, set->outputs, d->wish->deadline_ms);
	for (size_t i = first_effort(d, column); i < NEFFORTS; i++) {
		set->method_webp = efforts[large ? 1 : i].method_webp;
		set->effort = efforts[i].exact;
		plan->cost_ms = paced(d, set);
		if (plan->allowed_ms == 0 ||
		    plan->cost_ms + wait <= plan->allowed_ms)
			return NULL;
	}
	return plan->cost_ms <= plan->allowed_ms ? "the codecs are behind"
						 : "it would take too long";
}

/* One step: NULL when it can be taken, else why not. */
static const char *
try_step(
    const struct draft *d, enum pd_plan_column column, struct pd_plan *plan)
{
	enum pd_plan_kind kind = kind_of(d, column);
	const struct pd_plan_cell *cell = &pd_plan_row(kind)->cells[column];
	const char *why;

	plan->why = cell->why;
	plan->step = step_of(column, cell->outputs);
	if (cell->outputs == 0)
		return cell->why;
	if ((cell->outputs & PD_JOB_REWRITE) != 0 && d->info->orientation > 1)
		return "a turn needs other samples, which it is not worth";
	fill(d, kind, cell->outputs, &plan->set);
	why = pd_plan_too_much(d->info, d->len, cell->outputs, d->conf);
	return why != NULL ? why : fit_effort(d, column, plan);
}

static enum pd_plan_verdict
descend(const struct draft *d, struct pd_plan *plan)
{
	enum pd_plan_column column = column_of(d->wish);
	const char *first = NULL;

	for (; column < PD_PLAN_COLUMNS; column = below(column)) {
		const char *why = try_step(d, column, plan);

		if (why == NULL) {
			plan->stepped = first;
			return PD_PLAN_TRY;
		}
		/* The table itself, or the row, says that it passes. */
		if (first == NULL && plan->set.outputs == 0)
			return pass(plan, why);
		if (first == NULL)
			first = why;
	}
	plan->set = (struct pd_job_settings){ 0 };
	plan->cost_ms = 0;
	plan->stepped = first;
	return pass(plan, first);
}

/* --- What is asked ---------------------------------------------------------
 */

static struct draft
draft(const struct pd_image_info *info, size_t len,
    const struct pd_plan_wish *wish, const struct pd_conf *conf)
{
	struct draft d = {
		.info = info,
		.len = len,
		.wish = wish,
		.conf = conf,
		.level = wish->level,
		.grey = conf->convert_to_grayscale && info->components > 2,
	};

	if (d.level < PD_CONF_LEVEL_INVISIBLE || d.level > PD_CONF_LEVEL_THIN)
		d.level = PD_CONF_LEVEL_FINE;
	choose_size(&d);
	return d;
}

enum pd_plan_verdict
pd_plan_beginning(const struct pd_image_info *info,
    const struct pd_plan_wish *wish, const struct pd_conf *conf)
{
	bool neither = column_of(wish) == PD_PLAN_COLUMN_NEITHER;

	if (pd_plan_too_large(info, conf))
		return PD_PLAN_BOMB;
	if (pd_plan_untouchable(info, conf) != NULL || info->gain_map)
		return PD_PLAN_PASS;
	if (info->format == PD_IMAGE_GIF)
		return neither && (info->animated || info->loops) ? PD_PLAN_PASS
								  : PD_PLAN_TRY;
	if (info->animated)
		return neither || info->format == PD_IMAGE_AVIF ? PD_PLAN_PASS
								: PD_PLAN_TRY;
	/* Most of these pass in the end: they must not wait for it. That one is
	 * dense shows at its end alone. */
	if (info->format == PD_IMAGE_WEBP || info->format == PD_IMAGE_AVIF)
		return neither || (wish->level != PD_CONF_LEVEL_THIN &&
				      !info->lossless)
			   ? PD_PLAN_PASS
			   : PD_PLAN_TRY;
	return PD_PLAN_TRY;
}

enum pd_plan_verdict
pd_plan_image(const struct pd_image_info *info, size_t len,
    const struct pd_plan_wish *wish, const struct pd_conf *conf,
    struct pd_plan *plan)
{
	struct draft d = draft(info, len, wish, conf);
	const char *why;

	*plan = (struct pd_plan){ .why = "", .step = PD_PLAN_ORIGINAL };
	why = pd_plan_untouchable(info, conf);
	if (why != NULL)
		return pass(plan, why);
	if (len < (info->animated ? ANIMATION_LEN_MIN : PD_PLAN_LEN_MIN))
		return pass(plan, "too few bytes");
	if (len > PD_JOB_BODY_MAX)
		return pass(plan, "too many bytes");
	if (conf->image_quality_set && pd_plan_fixed(info, conf) <= 0)
		return pass(plan, "switched off for its size");
	why = pd_plan_bomb(info, len, conf);
	if (why != NULL) {
		plan->why = why;
		return PD_PLAN_BOMB;
	}
	why = pd_plan_too_long(info);
	if (why != NULL)
		return pass(plan, why);
	/* That the row itself may differ by client is part of it. */
	plan->accept_used =
	    pd_plan_row_differs(
		pd_plan_row(kind_of(&d, PD_PLAN_COLUMN_BOTH))) ||
	    pd_plan_row_differs(
		pd_plan_row(kind_of(&d, PD_PLAN_COLUMN_NEITHER)));
	return descend(&d, plan);
}
