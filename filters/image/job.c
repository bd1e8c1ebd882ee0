#include "filters/image/job.h"

#include "base/clock.h"

static bool
side_ok(uint32_t n)
{
	return n >= 1 && n <= PD_JOB_SIDE_MAX;
}

static bool
quality_ok(uint8_t quality)
{
	return quality >= 1 && quality <= 100;
}

/* The pads are part of what makes two questions the same (flight.h). */
static bool
settings_ok(const struct pd_job_settings *set)
{
	return set->outputs != 0 && (set->outputs & ~PD_JOB_OUTPUTS) == 0 &&
	       (set->flags & ~PD_JOB_FLAGS) == 0 &&
	       set->chroma <= PD_JOB_CHROMA_HALF &&
	       quality_ok(set->quality_jpeg) && quality_ok(set->quality_webp) &&
	       set->method_webp <= 6 && set->quantizer_avif <= 63 &&
	       set->quantizer_alpha <= 63 && set->speed_avif <= 10 &&
	       set->effort <= 3 && set->pad[0] == 0 && set->pad[1] == 0 &&
	       set->out_max >= 1 && set->lossy_max <= set->out_max;
}

static bool
source_ok(uint8_t source)
{
	return source == PD_IMAGE_JPEG || source == PD_IMAGE_PNG ||
	       source == PD_IMAGE_GIF || source == PD_IMAGE_WEBP ||
	       source == PD_IMAGE_AVIF;
}

/* An animation is neither scaled nor turned, and has frames. */
static bool
frames_ok(const struct pd_job_ask *ask)
{
	const struct pd_job_settings *set = &ask->set;

	if ((set->flags & PD_JOB_ANIMATED) == 0)
		return ask->frames == 1;
	return ask->frames >= 2 && ask->frames <= PD_JOB_FRAMES_MAX &&
	       ask->orientation == 1 && set->to_width == ask->width &&
	       set->to_height == ask->height;
}

bool
pd_job_ask_ok(const struct pd_job_ask *ask)
{
	const struct pd_job_settings *set = &ask->set;

	return ask->magic == PD_JOB_ASK && ask->in_len >= PD_SNIFF_MIN &&
	       ask->in_len <= PD_JOB_BODY_MAX && settings_ok(set) &&
	       set->out_max < ask->in_len && side_ok(ask->width) &&
	       side_ok(ask->height) && set->to_width >= 1 &&
	       set->to_height >= 1 && set->to_width <= ask->width &&
	       set->to_height <= ask->height && source_ok(ask->source) &&
	       ask->orientation >= 1 && ask->orientation <= 8 &&
	       ask->pad[0] == 0 && ask->pad[1] == 0 && frames_ok(ask);
}

/* The format that an output is; NONE for what is no single output. */
static enum pd_image_format
format_of(uint8_t output)
{
	switch (output) {
	case PD_JOB_JPEG:
	case PD_JOB_REWRITE:
		return PD_IMAGE_JPEG;
	case PD_JOB_PNG:
		return PD_IMAGE_PNG;
	case PD_JOB_WEBP_LOSSY:
	case PD_JOB_WEBP_LOSSLESS:
		return PD_IMAGE_WEBP;
	case PD_JOB_AVIF:
		return PD_IMAGE_AVIF;
	default:
		return PD_IMAGE_NONE;
	}
}

/* Frames that are alike may have become one, but never all of them. */
static bool
count_ok(const struct pd_job_ask *ask, uint32_t frames)
{
	return ask->frames == 1 ? frames == 1
				: frames >= 2 && frames <= ask->frames;
}

bool
pd_job_answer_ok(
    const struct pd_job_ask *ask, const struct pd_job_answer *answer)
{
	const struct pd_job_settings *set = &ask->set;
	bool turned = ask->orientation >= 5;
	uint32_t width = turned ? set->to_height : set->to_width;
	uint32_t height = turned ? set->to_width : set->to_height;

	if (answer->magic != PD_JOB_ANSWER || answer->status >= PD_JOB_STATUSES)
		return false;
	if (answer->status != PD_JOB_DONE)
		return answer->out_len == 0;
	return answer->out_len >= 1 && answer->out_len <= set->out_max &&
	       answer->width == width && answer->height == height &&
	       (answer->output & set->outputs) != 0 &&
	       answer->format != PD_IMAGE_NONE &&
	       answer->format == format_of(answer->output) &&
	       count_ok(ask, answer->frames);
}

bool
pd_job_result_ok(const struct pd_job_answer *answer, const uint8_t *p, size_t n)
{
	struct pd_image_info info;

	return n == answer->out_len && pd_sniff(p, n, &info) == 0 &&
	       info.format == answer->format && info.width == answer->width &&
	       info.height == answer->height && info.frames == answer->frames &&
	       info.animated == (answer->frames > 1) && info.orientation == 1;
}

const char *
pd_job_status_name(uint32_t status)
{
	static const char *const names[PD_JOB_STATUSES] = {
		[PD_JOB_DONE] = "done",
		[PD_JOB_LARGER] = "larger",
		[PD_JOB_BAD] = "bad",
		[PD_JOB_UNSUPPORTED] = "unsupported",
		[PD_JOB_LATE] = "late",
		[PD_JOB_MEMORY] = "memory",
	};

	return status < PD_JOB_STATUSES ? names[status] : "unknown";
}

uint64_t
pd_job_now_ms(void)
{
	return pd_clock_ms(CLOCK_MONOTONIC);
}
