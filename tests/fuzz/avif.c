/*
 * AVIF as a source: a still or the frames of a sequence, read as the sniffing
 * says it is; and the edit lists, of anything at all.
 */
#include "filters/image/codec/avif.h"
#include "filters/image/codec/avif_loop.h"
#include "require.h"

/* More would be slow, and finds nothing new. */
#define PIXELS_MAX 60000
#define FRAMES_MAX 12

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void
read_still(const struct pd_job_ask *ask, const uint8_t *p)
{
	struct pd_pixels px;

	if (pd_avif_decode(ask, p, &px) == PD_JOB_DONE) {
		REQUIRE(px.width == ask->width && px.height == ask->height);
		REQUIRE(px.channels == 3 || px.channels == 4);
		REQUIRE(!px.p3 || px.icc == NULL);
	}
	pd_pixels_finish(&px);
}

static void
read_frames(const struct pd_job_ask *ask, const uint8_t *p)
{
	struct pd_anim *a;

	if (pd_avif_anim_open(&a, ask, p) != PD_JOB_DONE)
		return;
	for (unsigned pass = 0; pass < 2; pass++) {
		while (a->at < a->frames && pd_anim_next(a) == PD_JOB_DONE)
			REQUIRE(a->ms > 0);
		if (pd_anim_rewind(a) != PD_JOB_DONE)
			break;
	}
	pd_anim_close(a);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct pd_image_info info;
	struct pd_job_ask ask = { .magic = PD_JOB_ASK };

	pd_avif_loops(p, n);
	if (pd_sniff(p, n, &info) != 0 || info.format != PD_IMAGE_AVIF ||
	    (uint64_t)info.width * info.height > PIXELS_MAX ||
	    info.frames > FRAMES_MAX)
		return 0;
	ask.in_len = (uint32_t)n;
	ask.width = info.width;
	ask.height = info.height;
	ask.frames = info.frames;
	ask.source = PD_IMAGE_AVIF;
	ask.orientation = info.orientation;
	ask.until_ms = pd_job_now_ms() + 2000;
	if (info.animated)
		read_frames(&ask, p);
	else
		read_still(&ask, p);
	return 0;
}
