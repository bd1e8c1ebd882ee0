#include "filters/image/job.h"

#include "base/clock.h"

static bool
side_ok(uint32_t n)
{
	return n >= 1 && n <= PD_JOB_SIDE_MAX;
}

bool
pd_job_ask_ok(const struct pd_job_ask *ask)
{
	return ask->magic == PD_JOB_ASK && ask->in_len >= PD_SNIFF_MIN &&
	       ask->in_len <= PD_JOB_BODY_MAX && ask->out_max >= 1 &&
	       ask->out_max < ask->in_len && ask->lossy_max <= ask->out_max &&
	       side_ok(ask->width) && side_ok(ask->height) &&
	       (ask->source == PD_IMAGE_JPEG || ask->source == PD_IMAGE_PNG ||
		   ask->source == PD_IMAGE_GIF) &&
	       ask->outputs != 0 && (ask->outputs & ~PD_JOB_OUTPUTS) == 0 &&
	       (ask->flags & ~PD_JOB_FLAGS) == 0 && ask->orientation >= 1 &&
	       ask->orientation <= 8 && ask->quality_jpeg >= 1 &&
	       ask->quality_jpeg <= 100 && ask->quality_webp >= 1 &&
	       ask->quality_webp <= 100;
}

static bool
may_be(const struct pd_job_ask *ask, uint32_t format)
{
	switch (format) {
	case PD_IMAGE_JPEG:
		return (ask->outputs & (PD_JOB_JPEG | PD_JOB_REWRITE)) != 0;
	case PD_IMAGE_PNG:
		return (ask->outputs & PD_JOB_PNG) != 0;
	case PD_IMAGE_WEBP:
		return (ask->outputs &
			   (PD_JOB_WEBP_LOSSY | PD_JOB_WEBP_LOSSLESS)) != 0;
	default:
		return false;
	}
}

bool
pd_job_answer_ok(
    const struct pd_job_ask *ask, const struct pd_job_answer *answer)
{
	bool turned = ask->orientation >= 5;
	uint32_t width = turned ? ask->height : ask->width;
	uint32_t height = turned ? ask->width : ask->height;

	if (answer->magic != PD_JOB_ANSWER || answer->status >= PD_JOB_STATUSES)
		return false;
	if (answer->status != PD_JOB_DONE)
		return answer->out_len == 0;
	return answer->out_len >= 1 && answer->out_len <= ask->out_max &&
	       answer->width == width && answer->height == height &&
	       may_be(ask, answer->format);
}

bool
pd_job_result_ok(const struct pd_job_answer *answer, const uint8_t *p, size_t n)
{
	struct pd_image_info info;

	return n == answer->out_len && pd_sniff(p, n, &info) == 0 &&
	       info.format == answer->format && info.width == answer->width &&
	       info.height == answer->height && !info.animated &&
	       info.orientation == 1;
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
