/*
 * Each reader of animations, and the encoder of animated WebP: the first two
 * bytes say which and how, the rest is the file. Reading it twice gives the
 * same, and what comes out is an animation that takes as long.
 */
#include "filters/image/codec/anim.h"
#include "filters/image/codec/avif.h"
#include "filters/image/codec/codec.h"
#include "require.h"

/* More would be slow, and finds nothing new. */
#define PIXELS_MAX 10000
#define FRAMES_MAX 12

typedef enum pd_job_status
opener(struct pd_anim **out, const struct pd_job_ask *ask, const uint8_t *in);

/* FNV-1a of the frames, their times, and how it ended. */
struct play {
	uint64_t hash, ms;
	enum pd_job_status status;
};

static void
mix(struct play *play, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		play->hash = (play->hash ^ p[i]) * 0x100000001b3;
}

static struct play
play_all(struct pd_anim *a)
{
	struct play play = { .hash = 0xcbf29ce484222325 };

	while (play.status == PD_JOB_DONE && a->at < a->frames) {
		play.status = pd_anim_next(a);
		if (play.status != PD_JOB_DONE)
			break;
		REQUIRE(a->ms > 10);
		play.ms += a->ms;
		mix(&play, (const uint8_t *)&a->ms, sizeof(a->ms));
		for (uint32_t y = 0; y < a->canvas.height; y++)
			mix(&play, a->canvas.p + y * a->canvas.stride,
			    (size_t)a->canvas.width * 4);
		for (uint32_t i = 0; a->opaque && i < a->canvas.width; i++)
			REQUIRE(a->canvas.p[(size_t)i * 4 + 3] == 255);
	}
	return play;
}

static void
encode(struct pd_anim *a, const struct pd_job_ask *ask, uint64_t ms)
{
	struct pd_job_ask again = *ask;
	struct pd_image_info info;
	struct pd_codec_out out;
	struct pd_anim *made;
	struct play play;

	pd_codec_out_init(&out, 1 << 20);
	if (pd_anim_rewind(a) == PD_JOB_DONE &&
	    pd_webp_anim_encode(a, ask, ask->set.quality_webp, &out) ==
		PD_JOB_DONE) {
		REQUIRE(pd_sniff(out.p, out.n, &info) == 0);
		REQUIRE(info.animated && info.frames >= 2);
		again.in_len = (uint32_t)out.n;
		again.frames = info.frames;
		again.source = PD_IMAGE_WEBP;
		REQUIRE(pd_webp_anim_open(&made, &again, out.p) == PD_JOB_DONE);
		REQUIRE(made->loops == a->loops || a->loops > 0xffff);
		play = play_all(made);
		REQUIRE(play.status == PD_JOB_DONE && play.ms == ms);
		pd_anim_close(made);
	}
	pd_codec_out_finish(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static opener *const openers[] = { pd_gif_anim_open, pd_apng_open,
		pd_webp_anim_open, pd_avif_anim_open, pd_anim_open };
	struct pd_job_ask ask = { .magic = PD_JOB_ASK, .orientation = 1 };
	struct pd_anim *a;
	struct pd_image_info info;
	struct play first, second;

	if (n < 2 + PD_SNIFF_MIN)
		return 0;
	/* Broken files reach the readers, too: they must not trust this. */
	pd_sniff(p + 2, n - 2, &info);
	if ((uint64_t)info.width * info.height > PIXELS_MAX ||
	    info.width == 0 || info.height == 0)
		return 0;
	ask.in_len = (uint32_t)n - 2;
	ask.width = info.width;
	ask.height = info.height;
	ask.frames = info.frames > 1 ? info.frames : p[1] % FRAMES_MAX + 1;
	if (ask.frames > FRAMES_MAX)
		return 0;
	ask.source = (uint8_t)info.format;
	ask.set.quality_webp = p[1] % 100 + 1;
	ask.set.method_webp = p[1] % 3;
	ask.until_ms = pd_job_now_ms() + 2000;
	if (openers[p[0] % 5](&a, &ask, p + 2) != PD_JOB_DONE) {
		REQUIRE(a == NULL);
		return 0;
	}
	first = play_all(a);
	if (pd_anim_rewind(a) == PD_JOB_DONE) {
		second = play_all(a);
		REQUIRE(first.status == PD_JOB_LATE ||
			second.status == PD_JOB_LATE ||
			(first.status == second.status &&
			    first.hash == second.hash));
	}
	if (first.status == PD_JOB_DONE && ask.frames > 1)
		encode(a, &ask, first.ms);
	pd_anim_close(a);
	return 0;
}
