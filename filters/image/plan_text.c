#include "filters/image/plan_text.h"

#include <inttypes.h>

#include "base/json.h"
#include "filters/image/job.h"
#include "filters/image/plan_part.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

const char *
pd_plan_level_name(enum pd_conf_level level)
{
	static const char *const names[] = {
		[PD_CONF_LEVEL_INVISIBLE] = "invisible",
		[PD_CONF_LEVEL_FINE] = "fine",
		[PD_CONF_LEVEL_THIN] = "thin",
		[PD_CONF_LEVEL_OFF] = "off",
	};

	if (level >= COUNT(names) || names[level] == NULL)
		return "unset";
	return names[level];
}

const char *
pd_plan_format_name(enum pd_image_format format)
{
	static const char *const names[] = {
		[PD_IMAGE_NONE] = "none",
		[PD_IMAGE_JPEG] = "JPEG",
		[PD_IMAGE_PNG] = "PNG",
		[PD_IMAGE_GIF] = "GIF",
		[PD_IMAGE_WEBP] = "WebP",
		[PD_IMAGE_AVIF] = "AVIF",
	};

	return format < COUNT(names) ? names[format] : names[PD_IMAGE_NONE];
}

static const char *
step_name(enum pd_plan_step step)
{
	static const char *const names[] = {
		[PD_PLAN_AVIF] = "avif",
		[PD_PLAN_WEBP] = "webp",
		[PD_PLAN_CHEAP] = "cheap",
		[PD_PLAN_ORIGINAL] = "original",
	};

	return names[step];
}

static const char *
verdict_name(enum pd_plan_verdict verdict)
{
	static const char *const names[] = {
		[PD_PLAN_TRY] = "try",
		[PD_PLAN_PASS] = "pass",
		[PD_PLAN_BOMB] = "bomb",
	};

	return names[verdict];
}

static const char *
profile_name(enum pd_image_profile profile)
{
	static const char *const names[] = {
		[PD_IMAGE_PROFILE_NONE] = "none",
		[PD_IMAGE_PROFILE_SRGB] = "sRGB",
		[PD_IMAGE_PROFILE_P3] = "Display P3",
		[PD_IMAGE_PROFILE_EMBEDDED] = "embedded",
		[PD_IMAGE_PROFILE_ODD] = "odd",
	};

	return profile < COUNT(names) ? names[profile] : "odd";
}

static const char *
chroma_name(uint8_t chroma)
{
	static const char *const names[] = {
		[PD_JOB_CHROMA_AUTO] = "auto",
		[PD_JOB_CHROMA_FULL] = "full",
		[PD_JOB_CHROMA_HALF] = "half",
	};

	return names[chroma];
}

static double
bits(const struct pd_plan_text *t)
{
	uint64_t pixels = pd_plan_pixels(t->info) * t->info->frames;

	return pixels > 0 ? 8.0 * (double)t->len / (double)pixels : 0;
}

/* --- In words --------------------------------------------------------------
 */

static void
name(FILE *f, const char *s)
{
	fprintf(f, "  %-7s ", s);
}

/* "4:2:0" where the factors have such a name. */
static const char *
sampling(const struct pd_image_info *info)
{
	static const struct {
		uint8_t h, v;
		const char *name;
	} names[] = {
		{ 1, 1, "4:4:4" },
		{ 2, 1, "4:2:2" },
		{ 2, 2, "4:2:0" },
		{ 1, 2, "4:4:0" },
		{ 4, 1, "4:1:1" },
	};

	for (size_t i = 0; i < COUNT(names); i++)
		if (info->h[0] == names[i].h && info->v[0] == names[i].v &&
		    info->h[1] == 1 && info->v[1] == 1)
			return names[i].name;
	return "odd sampling";
}

static void
text_jpeg(FILE *f, const struct pd_image_info *info)
{
	if (info->quality > 0)
		fprintf(f, ", quality about %u", info->quality);
	if (info->components == 1)
		fputs(", grey", f);
	else if (info->components == 4)
		fputs(", CMYK", f);
	else
		fprintf(f, ", %s", sampling(info));
	if (info->scans > 1)
		fprintf(f, ", %u scans", info->scans);
}

static void
text_source(FILE *f, const struct pd_plan_text *t)
{
	const struct pd_image_info *info = t->info;
	static const char sep[] = ", ";

	name(f, "source");
	fprintf(f, "%s, %u x %u, %zu bytes, %.2f bits a pixel\n",
	    pd_plan_format_name(info->format), info->width, info->height,
	    t->len, bits(t));
	name(f, "");
	fprintf(f, "%u bits a sample", info->depth);
	if (info->format == PD_IMAGE_JPEG)
		text_jpeg(f, info);
	if (info->animated)
		fprintf(f, "%s%u frames", sep, info->frames);
	if (info->palette)
		fprintf(f, "%spalette", sep);
	if (info->alpha)
		fprintf(f, "%salpha", sep);
	if (info->lossless)
		fprintf(f, "%swithout loss", sep);
	if (info->interlaced)
		fprintf(f, "%sinterlaced", sep);
	if (info->orientation > 1)
		fprintf(f, "%sturn %u", sep, info->orientation);
	if (info->profile != PD_IMAGE_PROFILE_NONE)
		fprintf(f, "%s%s profile", sep, profile_name(info->profile));
	if (info->gain_map)
		fprintf(f, "%sgain map", sep);
	putc('\n', f);
}

static void
text_client(FILE *f, const struct pd_plan_text *t)
{
	const struct pd_plan_wish *w = t->wish;

	name(f, "client");
	if (w->avif > 0 && w->webp > 0)
		fprintf(f, "takes AVIF and WebP, %s",
		    w->avif == w->webp  ? "equally"
		    : w->avif > w->webp ? "rather AVIF"
					: "rather WebP");
	else if (w->avif > 0 || w->webp > 0)
		fprintf(f, "takes %s", w->avif > 0 ? "AVIF" : "WebP");
	else
		fputs("takes neither AVIF nor WebP", f);
	if (w->width_max > 0)
		fprintf(f, "; up to %u pixels wide", w->width_max);
	fprintf(f, "; level %s%s\n", pd_plan_level_name(w->level),
	    t->conf->image_quality_set ? ", overruled by ImageQuality" : "");
}

static void
text_chroma(FILE *f, const struct pd_job_settings *set)
{
	static const char *const texts[] = {
		[PD_JOB_CHROMA_AUTO] = "by its edges",
		[PD_JOB_CHROMA_FULL] = "at full resolution: few pixels",
		[PD_JOB_CHROMA_HALF] = "at half resolution, as it came",
	};

	name(f, "colour");
	fprintf(f, "%s%s\n", texts[set->chroma],
	    set->flags & PD_JOB_GREY ? ", then taken out" : "");
}

static void
text_encoders(FILE *f, const struct pd_job_settings *set)
{
	if (set->outputs & PD_JOB_AVIF) {
		name(f, "AVIF");
		fprintf(f, "quantizer %u (alpha %u) of 63, speed %u\n",
		    set->quantizer_avif, set->quantizer_alpha, set->speed_avif);
	}
	if (set->outputs & PD_JOB_WEBP_LOSSY) {
		name(f, "WebP");
		fprintf(f, "quality %u, method %u%s\n", set->quality_webp,
		    set->method_webp,
		    set->method_webp > 2 ? ": nobody waits"
					 : ": quicker, for its size or load");
	}
	if (set->outputs & PD_JOB_WEBP_LOSSLESS) {
		name(f, "WebP");
		fprintf(f, "without loss, effort %u of 3\n", set->effort);
	}
	if (set->outputs & PD_JOB_JPEG) {
		name(f, "JPEG");
		fprintf(f, "quality %u%s\n", set->quality_jpeg,
		    set->flags & PD_JOB_PROGRESSIVE ? ", progressive" : "");
	}
	if (set->outputs & PD_JOB_REWRITE) {
		name(f, "JPEG");
		fputs("the same samples, coded better\n", f);
	}
	if (set->outputs & PD_JOB_PNG) {
		name(f, "PNG");
		fprintf(f, "effort %u of 3%s\n", set->effort,
		    set->flags & PD_JOB_PALETTE
			? ", colours may go to a palette"
			: "");
	}
}

/* What each step below would cost: the plan again, for lesser clients. */
static void
text_ladder(FILE *f, const struct pd_plan_text *t)
{
	const char *before = "";

	name(f, "ladder");
	for (int left = 2; left >= 0; left--) {
		struct pd_plan_wish wish = *t->wish;
		struct pd_plan p;

		wish.deadline_ms = 0;
		if (left < 2)
			wish.avif = 0;
		if (left < 1)
			wish.webp = 0;
		if (left == 2 && wish.avif == 0)
			continue;
		if (left == 1 && (wish.webp == 0 || t->wish->webp == 0))
			continue;
		if (pd_plan_image(t->info, t->len, &wish, t->conf, &p) ==
		    PD_PLAN_TRY) {
			fprintf(f, "%s%s %u ms", before, step_name(p.step),
			    p.cost_ms);
			before = ", then ";
		}
	}
	fprintf(f, "%sthe original\n", before);
}

/* How near it came to what is refused (plan_limit.c). */
static void
text_limits(FILE *f, const struct pd_plan_text *t)
{
	const struct pd_image_info *info = t->info;
	double pixels = (double)pd_plan_pixels(info);

	name(f, "limits");
	fprintf(f, "%.2f of %.0f million pixels, %.1f pixels a byte",
	    pixels / 1e6, (double)t->conf->image_pixels_max / 1e6,
	    t->len > 0 ? pixels / (double)t->len : 0);
	if (info->format == PD_IMAGE_JPEG)
		fprintf(f, ", %u of %u scans", info->scans, PD_PLAN_JPEG_SCANS);
	if (info->animated)
		fprintf(f,
		    ",\n          %u of %u frames, %.1f of %.0f million "
		    "pixels in all",
		    info->frames, PD_JOB_FRAMES_MAX,
		    pixels * info->frames / 1e6,
		    PD_PLAN_ANIMATION_PIXELS / 1e6);
	putc('\n', f);
}

static void
text_settings(FILE *f, const struct pd_plan_text *t)
{
	const struct pd_plan *p = t->plan;
	const struct pd_job_settings *set = &p->set;

	text_encoders(f, set);
	if ((set->outputs & (PD_JOB_AVIF | PD_JOB_JPEG)) != 0 &&
	    t->info->components > 2)
		text_chroma(f, set);
	if (set->to_width != t->info->width ||
	    set->to_height != t->info->height) {
		name(f, "size");
		fprintf(f, "%u x %u, for the screen\n", set->to_width,
		    set->to_height);
	}
	name(f, "kept");
	fprintf(f, "up to %u bytes", set->out_max);
	if (set->lossy_max != set->out_max)
		fprintf(f, ", %u with loss", set->lossy_max);
	fputs("; else the original\n", f);
	name(f, "cost");
	fprintf(f, "about %u ms of CPU", p->cost_ms);
	if (p->allowed_ms > 0)
		fprintf(f, "; %u ms allowed, %u of waiting\n", p->allowed_ms,
		    t->wish->wait_ms);
	else
		fputs("; no hurry\n", f);
	text_ladder(f, t);
}

void
pd_plan_text(FILE *f, const struct pd_plan_text *t)
{
	text_source(f, t);
	text_client(f, t);
	name(f, "plan");
	fprintf(f, "%s%s\n",
	    t->verdict == PD_PLAN_TRY    ? ""
	    : t->verdict == PD_PLAN_BOMB ? "left alone, a bomb: "
					 : "left as it is: ",
	    t->plan->why);
	if (t->plan->stepped != NULL && t->verdict == PD_PLAN_TRY) {
		name(f, "");
		fprintf(f, "a step down: %s\n", t->plan->stepped);
	}
	text_limits(f, t);
	if (t->verdict == PD_PLAN_TRY)
		text_settings(f, t);
}

/* --- As data ---------------------------------------------------------------
 */

static void
json_word(FILE *f, const char *member, const char *word)
{
	fprintf(f, "\"%s\": ", member);
	if (word != NULL)
		pd_json_write(f, pd_str_z(word));
	else
		fputs("null", f);
}

static void
json_source(FILE *f, const struct pd_plan_text *t)
{
	const struct pd_image_info *i = t->info;
	const struct {
		const char *name;
		bool value;
	} flags[] = {
		{ "alpha", i->alpha },
		{ "animated", i->animated },
		{ "gain_map", i->gain_map },
		{ "lossless", i->lossless },
		{ "palette", i->palette },
		{ "interlaced", i->interlaced },
		{ "unsupported", i->unsupported },
	};

	fputs("\"source\": {", f);
	json_word(f, "format", pd_plan_format_name(i->format));
	fprintf(f,
	    ", \"bytes\": %zu, \"width\": %u, \"height\": %u, "
	    "\"components\": %u, \"depth\": %u, \"orientation\": %u, ",
	    t->len, i->width, i->height, i->components, i->depth,
	    i->orientation);
	json_word(f, "profile", profile_name(i->profile));
	fprintf(f,
	    ", \"frames\": %u, \"frame_pixels\": %" PRIu64
	    ", \"quality\": %u, \"scans\": %u, \"bits_per_pixel\": %.3f",
	    i->frames, i->frame_pixels, i->quality, i->scans, bits(t));
	for (size_t k = 0; k < COUNT(flags); k++)
		fprintf(f, ", \"%s\": %s", flags[k].name,
		    flags[k].value ? "true" : "false");
	putc('}', f);
}

static void
json_outputs(FILE *f, uint8_t outputs)
{
	static const struct {
		enum pd_job_output output;
		const char *name;
	} names[] = {
		{ PD_JOB_AVIF, "avif" },
		{ PD_JOB_WEBP_LOSSY, "webp" },
		{ PD_JOB_WEBP_LOSSLESS, "webp-lossless" },
		{ PD_JOB_JPEG, "jpeg" },
		{ PD_JOB_REWRITE, "jpeg-lossless" },
		{ PD_JOB_PNG, "png" },
	};
	const char *before = "";

	fputs("\"outputs\": [", f);
	for (size_t i = 0; i < COUNT(names); i++)
		if (outputs & names[i].output) {
			fprintf(f, "%s\"%s\"", before, names[i].name);
			before = ", ";
		}
	putc(']', f);
}

static void
json_settings(FILE *f, const struct pd_job_settings *set)
{
	fputs(", \"settings\": {", f);
	json_outputs(f, set->outputs);
	fprintf(f,
	    ", \"avif_quantizer\": %u, \"avif_alpha\": %u, "
	    "\"avif_speed\": %u, \"webp_quality\": %u, \"webp_method\": %u, "
	    "\"jpeg_quality\": %u, \"effort\": %u, ",
	    set->quantizer_avif, set->quantizer_alpha, set->speed_avif,
	    set->quality_webp, set->method_webp, set->quality_jpeg,
	    set->effort);
	json_word(f, "chroma", chroma_name(set->chroma));
	fprintf(f,
	    ", \"grey\": %s, \"progressive\": %s, \"quantise\": %s, "
	    "\"width\": %u, \"height\": %u, \"bytes_max\": %u, "
	    "\"lossy_bytes_max\": %u}",
	    set->flags & PD_JOB_GREY ? "true" : "false",
	    set->flags & PD_JOB_PROGRESSIVE ? "true" : "false",
	    set->flags & PD_JOB_PALETTE ? "true" : "false", set->to_width,
	    set->to_height, set->out_max, set->lossy_max);
}

void
pd_plan_json(FILE *f, const struct pd_plan_text *t)
{
	const struct pd_plan *p = t->plan;

	json_source(f, t);
	fprintf(f,
	    ", \"client\": {\"avif\": %.3f, \"webp\": %.3f, "
	    "\"width_max\": %u, ",
	    t->wish->avif / 1000.0, t->wish->webp / 1000.0, t->wish->width_max);
	json_word(f, "level", pd_plan_level_name(t->wish->level));
	fputs("}, \"plan\": {", f);
	json_word(f, "verdict", verdict_name(t->verdict));
	fputs(", ", f);
	json_word(f, "why", p->why);
	fputs(", ", f);
	json_word(f, "step", step_name(p->step));
	fputs(", ", f);
	json_word(f, "stepped", p->stepped);
	fprintf(f, ", \"accept_used\": %s, \"cost_ms\": %u, \"allowed_ms\": %u",
	    p->accept_used ? "true" : "false", p->cost_ms, p->allowed_ms);
	if (t->verdict == PD_PLAN_TRY)
		json_settings(f, &p->set);
	putc('}', f);
}
