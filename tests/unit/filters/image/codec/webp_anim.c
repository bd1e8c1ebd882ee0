#include "anim_help.h"
#include "filters/image/codec/codec.h"
#include "filters/image/sniff.h"

#define N(a) ((uint32_t)(sizeof(a) / sizeof((a)[0])))

static struct pd_job_ask
letters_ask(uint32_t width, uint32_t height, uint32_t frames)
{
	struct pd_job_ask ask = { .width = width,
		.height = height,
		.frames = frames,
		.until_ms = UINT64_MAX };

	ask.set.method_webp = 2;
	return ask;
}

/* Takes a; the WebP, to be finished. */
static struct pd_codec_out
encode(struct pd_anim *a, const struct pd_job_ask *ask)
{
	struct pd_codec_out out;

	pd_codec_out_init(&out, 1 << 20);
	assert_int_equal(pd_webp_anim_encode(a, ask, 80, &out), PD_JOB_DONE);
	pd_anim_close(a);
	return out;
}

/* The frames of what was encoded. */
static struct pd_anim *
open_webp(const struct pd_codec_out *out)
{
	static struct pd_job_ask ask;
	struct pd_image_info info;
	struct pd_anim *a;

	assert_int_equal(pd_sniff(out->p, out->n, &info), 0);
	assert_int_equal(info.format, PD_IMAGE_WEBP);
	assert_true(info.animated);
	ask = letters_ask(info.width, info.height, info.frames);
	ask.source = PD_IMAGE_WEBP;
	ask.in_len = (uint32_t)out->n;
	assert_int_equal(pd_webp_anim_open(&a, &ask, out->p), PD_JOB_DONE);
	return a;
}

/* --- Drawings --------------------------------------------------------------
 */

static void
drawings_come_back_as_they_were(void **state)
{
	/* Sprites that come, move, go, become half transparent. */
	static const char *const rows[] = {
		"..... ..r.. .rrr. ..... .....",
		"..... ...r. ..rrr ..... .....",
		"ggggg gggrg ggrrr ggggg ggggg",
		"gg.gg gg.rg ggrhr ggggg ggggh",
		"gg.gg gg.rg gghhr ggggg ggggg",
		"..... ..... ..... ..... .....",
		"..... ..... ..... ..... ....b",
		"hhhhh hhhhh hhhhh hhhhh hhhhh",
		"hhhhh hhhbh hh.hh hhhhh hhhhh",
	};
	static const uint32_t ms[] = { 20, 30, 40, 50, 0, 70, 80, 90,
		PD_ANIM_MS_MAX };
	struct pd_job_ask ask = letters_ask(5, 5, N(rows));
	struct pd_codec_out out = encode(open_letters(&ask, rows, ms, 7), &ask);
	struct pd_anim *a = open_webp(&out);

	(void)state;
	assert_int_equal(a->frames, N(rows));
	assert_int_equal(a->loops, 7);
	assert_false(a->opaque);
	for (unsigned i = 0; i < N(rows); i++) {
		assert_next(a, rows[i]);
		assert_int_equal(a->ms, ms[i] > 0 ? ms[i] : 100);
	}
	assert_int_equal(pd_anim_rewind(a), PD_JOB_DONE);
	assert_next(a, rows[0]);
	assert_int_equal(a->ms, ms[0]);
	pd_anim_close(a);
	pd_codec_out_finish(&out);
}

static void
equal_frames_are_not_stored(void **state)
{
	static const char *const rows[] = { "..", "..", "rg", "rg", "rb",
		"rb" };
	static const uint32_t ms[] = { 20, 30, 40, PD_ANIM_MS_MAX, 60, 70 };
	struct pd_job_ask ask = letters_ask(2, 1, N(rows));
	struct pd_codec_out out = encode(open_letters(&ask, rows, ms, 0), &ask);
	struct pd_anim *a = open_webp(&out);
	static const char *const left[] = { "..", "rg", "rg", "rb" };
	/* The longest cannot be made longer. */
	static const uint32_t left_ms[] = { 50, 40, PD_ANIM_MS_MAX, 130 };

	(void)state;
	assert_int_equal(a->frames, N(left));
	for (unsigned i = 0; i < N(left); i++) {
		assert_next(a, left[i]);
		assert_int_equal(a->ms, left_ms[i]);
	}
	pd_anim_close(a);
	pd_codec_out_finish(&out);
}

static void
it_stays_an_animation(void **state)
{
	static const char *const rows[] = { "r", "r", "r" };
	static const uint32_t ms[] = { 20, 30, 40 };
	struct pd_job_ask ask = letters_ask(1, 1, N(rows));
	struct pd_codec_out out =
	    encode(open_letters(&ask, rows, ms, 100000), &ask);
	struct pd_anim *a = open_webp(&out);

	(void)state;
	assert_int_equal(a->loops, 0xffff); /* the most that can be said */
	assert_int_equal(a->frames, 2);
	assert_next(a, "r");
	assert_int_equal(a->ms, 50);
	assert_next(a, "r");
	assert_int_equal(a->ms, 40);
	pd_anim_close(a);
	pd_codec_out_finish(&out);
}

/* --- Films -----------------------------------------------------------------
 */

#define FILM_WIDTH  83
#define FILM_HEIGHT 61

struct film {
	struct pd_anim anim;
	unsigned noise; /* levels, another in each frame */
	unsigned speed; /* pixels a frame at which a ball moves */
};

static void
film_pixel(
    const struct film *f, uint32_t at, uint32_t x, uint32_t y, uint8_t to[4])
{
	int dx = (int)(x - 12 - at * f->speed), dy = (int)y - 30;

	for (unsigned c = 0; c < 3; c++)
		to[c] = (uint8_t)(dx * dx + dy * dy < 100
				      ? 200 - dy * 3
				      : 40 + (int)(x * (c + 1) / 2 +
						   y * (3 - c) / 2));
	to[3] = 255;
}

static enum pd_job_status
film_next(struct pd_anim *a)
{
	struct film *f = (struct film *)a;
	uint32_t dice = a->at;

	for (uint32_t y = 0; y < FILM_HEIGHT; y++)
		for (uint32_t x = 0; x < FILM_WIDTH; x++) {
			uint8_t *p = a->canvas.p + y * a->canvas.stride + x * 4;

			film_pixel(f, a->at, x, y, p);
			for (unsigned c = 0; c < 3; c++) {
				dice = dice * 1664525 + 1013904223;
				p[c] = (uint8_t)(p[c] - f->noise +
						 (dice >> 16) %
						     (2 * f->noise + 1));
			}
		}
	a->ms = 40;
	return PD_JOB_DONE;
}

static struct pd_anim *
open_film(const struct pd_job_ask *ask, unsigned noise, unsigned speed)
{
	static const struct pd_anim_type type = { film_next, letters_rewind,
		letters_close };
	struct film *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	assert_int_equal(
	    pd_pixels_init(&f->anim.canvas, FILM_WIDTH, FILM_HEIGHT, 4), 0);
	f->anim.type = &type;
	f->anim.ask = ask;
	f->anim.frames = ask->frames;
	f->noise = noise;
	f->speed = speed;
	return &f->anim;
}

/* Mean difference, levels, to the film without its noise. */
static double
film_error(const struct pd_anim *a, const struct film *f)
{
	double sum = 0;

	for (uint32_t y = 0; y < FILM_HEIGHT; y++)
		for (uint32_t x = 0; x < FILM_WIDTH; x++) {
			const uint8_t *p =
			    a->canvas.p + y * a->canvas.stride + x * 4;
			uint8_t want[4];

			film_pixel(f, a->at - 1, x, y, want);
			for (unsigned c = 0; c < 3; c++)
				sum += abs(p[c] - want[c]);
			assert_int_equal(p[3], 255);
		}
	return sum / (3 * FILM_WIDTH * FILM_HEIGHT);
}

static void
films_look_the_same(void **state)
{
	struct pd_job_ask ask = letters_ask(FILM_WIDTH, FILM_HEIGHT, 12);
	const struct film f = { .speed = 4 };
	struct pd_codec_out out = encode(open_film(&ask, 0, 4), &ask);
	struct pd_anim *a = open_webp(&out);

	(void)state;
	assert_int_equal(a->frames, 12);
	while (a->at < a->frames) {
		double error;

		assert_int_equal(pd_anim_next(a), PD_JOB_DONE);
		assert_int_equal(a->ms, 40);
		error = film_error(a, &f);
		if (error > 4)
			fail_msg("frame %u is %.1f off", a->at, error);
	}
	pd_anim_close(a);
	pd_codec_out_finish(&out);
}

static void
noise_is_not_sent_again(void **state)
{
	struct pd_job_ask one = letters_ask(FILM_WIDTH, FILM_HEIGHT, 2);
	struct pd_job_ask many = letters_ask(FILM_WIDTH, FILM_HEIGHT, 12);
	struct pd_codec_out two = encode(open_film(&one, 2, 0), &one);
	struct pd_codec_out out = encode(open_film(&many, 2, 0), &many);

	(void)state;
	assert_true(out.n < two.n + two.n / 4);
	pd_codec_out_finish(&out);
	/* But all that moves is. */
	out = encode(open_film(&many, 2, 3), &many);
	assert_true(out.n > two.n + two.n / 2);
	assert_true(out.n < two.n * 10);
	pd_codec_out_finish(&two);
	pd_codec_out_finish(&out);
}

/* A fade by a level a frame must not stand still. */
static enum pd_job_status
fade_next(struct pd_anim *a)
{
	for (uint32_t y = 0; y < a->canvas.height; y++)
		for (uint32_t x = 0; x < a->canvas.width; x++) {
			uint8_t *p = a->canvas.p + y * a->canvas.stride + x * 4;

			memset(p, (int)(60 + a->at + (x + y) / 2), 3);
			p[3] = 255;
		}
	a->ms = 40;
	return PD_JOB_DONE;
}

static void
fades_go_on(void **state)
{
	static const struct pd_anim_type type = { fade_next, letters_rewind,
		letters_close };
	struct pd_job_ask ask = letters_ask(64, 64, 60);
	struct pd_anim *a = calloc(1, sizeof(*a));
	struct pd_codec_out out;

	(void)state;
	assert_non_null(a);
	a->type = &type;
	a->ask = &ask;
	a->frames = ask.frames;
	assert_int_equal(pd_pixels_init(&a->canvas, 64, 64, 4), 0);
	out = encode(a, &ask);
	a = open_webp(&out);
	/* In steps of three levels at most. */
	assert_true(a->frames >= 20);
	while (a->at < a->frames)
		assert_int_equal(pd_anim_next(a), PD_JOB_DONE);
	for (unsigned x = 0; x < 64; x += 9) {
		int want = (int)(60 + 59 + (x + 20) / 2);
		int is = a->canvas.p[20 * a->canvas.stride + x * 4];

		assert_true(abs(is - want) <= 5);
	}
	pd_anim_close(a);
	pd_codec_out_finish(&out);
}

/* --- Limits ----------------------------------------------------------------
 */

static enum pd_job_status
film_within(struct pd_job_ask *ask, size_t max)
{
	struct pd_anim *a = open_film(ask, 3, 4);
	struct pd_codec_out out;
	enum pd_job_status status;

	pd_codec_out_init(&out, max);
	status = pd_webp_anim_encode(a, ask, 80, &out);
	assert_true(out.n <= max);
	/* It stops as soon as it knows. */
	if (max < 2000)
		assert_true(a->at < a->frames);
	pd_anim_close(a);
	pd_codec_out_finish(&out);
	return status;
}

static void
no_more_bytes_than_allowed(void **state)
{
	struct pd_job_ask ask = letters_ask(FILM_WIDTH, FILM_HEIGHT, 12);
	struct pd_codec_out out = encode(open_film(&ask, 3, 4), &ask);
	size_t n = out.n;

	(void)state;
	pd_codec_out_finish(&out);
	assert_int_equal(film_within(&ask, n), PD_JOB_DONE);
	assert_int_equal(film_within(&ask, n - 1), PD_JOB_LARGER);
	assert_int_equal(film_within(&ask, 1000), PD_JOB_LARGER);
	assert_int_equal(film_within(&ask, 50), PD_JOB_LARGER);
	assert_int_equal(film_within(&ask, 20), PD_JOB_LARGER);
	ask.until_ms = 0;
	assert_int_equal(film_within(&ask, n), PD_JOB_LATE);
}

static void
frames_that_stay_too_long_are_refused(void **state)
{
	static const char *const rows[] = { "r", "g" };
	static const uint32_t ms[] = { 20, PD_ANIM_MS_MAX + 1 };
	struct pd_job_ask ask = letters_ask(1, 1, N(rows));
	struct pd_anim *a = open_letters(&ask, rows, ms, 0);
	struct pd_codec_out out;

	(void)state;
	pd_codec_out_init(&out, 1000);
	assert_int_equal(
	    pd_webp_anim_encode(a, &ask, 80, &out), PD_JOB_UNSUPPORTED);
	pd_codec_out_finish(&out);
	pd_anim_close(a);
}

static void
other_than_sniffed_is_bad(void **state)
{
	static const char *const rows[] = { "rg bk", "gr kb", "bb gg" };
	static const uint32_t ms[] = { 20, 30, 40 };
	struct pd_job_ask ask = letters_ask(2, 2, N(rows));
	struct pd_codec_out out = encode(open_letters(&ask, rows, ms, 0), &ask);
	struct pd_anim *a;

	(void)state;
	ask.in_len = (uint32_t)out.n;
	ask.frames = 2;
	assert_int_equal(pd_webp_anim_open(&a, &ask, out.p), PD_JOB_BAD);
	assert_null(a);
	ask.frames = 3;
	ask.width = 3;
	assert_int_equal(pd_webp_anim_open(&a, &ask, out.p), PD_JOB_BAD);
	ask.width = 2;
	/* The last byte fills up a chunk: nothing is lost with it. */
	ask.in_len--;
	while (ask.in_len-- > 0)
		if (pd_webp_anim_open(&a, &ask, out.p) != PD_JOB_BAD)
			fail_msg("%u of %zu bytes", ask.in_len, out.n);
	pd_codec_out_finish(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(drawings_come_back_as_they_were),
		cmocka_unit_test(equal_frames_are_not_stored),
		cmocka_unit_test(it_stays_an_animation),
		cmocka_unit_test(films_look_the_same),
		cmocka_unit_test(noise_is_not_sent_again),
		cmocka_unit_test(fades_go_on),
		cmocka_unit_test(no_more_bytes_than_allowed),
		cmocka_unit_test(frames_that_stay_too_long_are_refused),
		cmocka_unit_test(other_than_sniffed_is_bad),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
