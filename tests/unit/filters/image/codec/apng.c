#include <zlib.h>

#include "anim_help.h"

/* --- APNGs by hand ---------------------------------------------------------
 */

static void
put_be32(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 24);
	p[1] = (uint8_t)(v >> 16);
	p[2] = (uint8_t)(v >> 8);
	p[3] = (uint8_t)v;
}

static void
chunk(struct file *f, const char *type, const uint8_t *p, size_t n)
{
	uint8_t word[4];
	uLong crc = crc32(0, (const Bytef *)type, 4);

	put_be32(word, (uint32_t)n);
	put(f, word, 4);
	put(f, type, 4);
	put(f, p, n);
	if (n > 0)
		crc = crc32(crc, p, (uInt)n);
	put_be32(word, (uint32_t)crc);
	put(f, word, 4);
}

struct frame {
	uint32_t x, y, width, height;
	uint8_t dispose, blend;
	uint16_t num, den;
	const char *pixels; /* rows of letters, each after its own space */
};

/* RGBA of 8 bits; frames as acTL is to say. */
static void
begin(struct file *f, uint32_t width, uint32_t height, uint32_t frames,
    uint32_t plays)
{
	uint8_t ihdr[13] = { 0, 0, 0, 0, 0, 0, 0, 0, 8, 6, 0, 0, 0 };
	uint8_t actl[8];

	f->n = 0;
	put(f, "\x89PNG\r\n\x1a\n", 8);
	put_be32(ihdr, width);
	put_be32(ihdr + 4, height);
	chunk(f, "IHDR", ihdr, sizeof(ihdr));
	put_be32(actl, frames);
	put_be32(actl + 4, plays);
	chunk(f, "acTL", actl, sizeof(actl));
}

static void
control(struct file *f, uint32_t sequence, const struct frame *w)
{
	uint8_t c[26];

	put_be32(c, sequence);
	put_be32(c + 4, w->width);
	put_be32(c + 8, w->height);
	put_be32(c + 12, w->x);
	put_be32(c + 16, w->y);
	c[20] = (uint8_t)(w->num >> 8);
	c[21] = (uint8_t)w->num;
	c[22] = (uint8_t)(w->den >> 8);
	c[23] = (uint8_t)w->den;
	c[24] = w->dispose;
	c[25] = w->blend;
	chunk(f, "fcTL", c, sizeof(c));
}

/* In as many chunks as parts; of fdAT, sequence is the first's number. */
static void
data(struct file *f, const char *pixels, bool fdat, uint32_t sequence,
    unsigned parts)
{
	uint8_t raw[512], packed[4 + 600];
	size_t n = 0;
	uLongf len = 600;

	for (const char *c = pixels; *c != '\0'; c++) {
		if (*c == ' ') {
			raw[n++] = 0; /* the row's filter */
			continue;
		}
		put_be32(raw + n, colour_of(*c));
		n += 4;
	}
	assert_int_equal(compress(packed + 4, &len, raw, n), Z_OK);
	for (unsigned i = 0; i < parts; i++) {
		size_t from = len * i / parts, to = len * (i + 1) / parts;
		uint8_t part[604];

		put_be32(part, sequence + i);
		memcpy(part + 4, packed + 4 + from, to - from);
		if (fdat)
			chunk(f, "fdAT", part, to - from + 4);
		else
			chunk(f, "IDAT", part + 4, to - from);
	}
}

static void
end(struct file *f)
{
	chunk(f, "IEND", NULL, 0);
}

/* first: its picture is in IDAT. */
static void
add(struct file *f, uint32_t *sequence, const struct frame *w)
{
	bool first = *sequence == 0;

	control(f, (*sequence)++, w);
	data(f, w->pixels, !first, *sequence, 1);
	*sequence += !first;
}

static enum pd_job_status
try(struct pd_anim **a, const struct file *f, uint32_t width, uint32_t height,
    uint32_t frames)
{
	static struct pd_job_ask ask;

	ask = ask_of(f, PD_IMAGE_PNG, width, height, frames);
	return pd_apng_open(a, &ask, f->p);
}

static struct pd_anim *
open_png(const struct file *f, uint32_t width, uint32_t height, uint32_t frames)
{
	struct pd_anim *a;

	assert_int_equal(try(&a, f, width, height, frames), PD_JOB_DONE);
	return a;
}

static enum pd_job_status
play(const struct file *f, uint32_t width, uint32_t height, uint32_t frames)
{
	struct pd_anim *a;
	enum pd_job_status status = try(&a, f, width, height, frames);

	while (status == PD_JOB_DONE && a->at < a->frames)
		status = pd_anim_next(a);
	pd_anim_close(a);
	return status;
}

/* --- Compositing -----------------------------------------------------------
 */

static void
check_dispose(uint8_t dispose, const char *third)
{
	struct file f;
	struct pd_anim *a;
	uint32_t s = 0;

	begin(&f, 4, 3, 3, 0);
	add(&f, &s,
	    &(struct frame){ 0, 0, 4, 3, 0, 0, 1, 10, " rrrr rrrr rrrr" });
	add(&f, &s, &(struct frame){ 1, 0, 2, 2, dispose, 1, 1, 10, " g. gg" });
	add(&f, &s, &(struct frame){ 2, 1, 2, 2, 0, 1, 1, 10, " b. .b" });
	end(&f);
	a = open_png(&f, 4, 3, 3);
	for (unsigned i = 0; i < 2; i++) {
		assert_next(a, "rrrr rrrr rrrr");
		assert_next(a, "rgrr rggr rrrr");
		assert_next(a, third);
		assert_int_equal(pd_anim_rewind(a), PD_JOB_DONE);
	}
	pd_anim_close(a);
}

static void
disposal_is_as_specified(void **state)
{
	(void)state;
	check_dispose(0, "rgrr rgbr rrrb");
	check_dispose(1, "r..r r.br rrrb");
	check_dispose(2, "rrrr rrbr rrrb");
}

static void
a_first_frame_taken_back_is_cleared(void **state)
{
	struct file f;
	struct pd_anim *a;
	uint32_t s = 0;

	(void)state;
	begin(&f, 2, 1, 2, 1);
	add(&f, &s, &(struct frame){ 0, 0, 2, 1, 2, 0, 1, 10, " rr" });
	add(&f, &s, &(struct frame){ 1, 0, 1, 1, 0, 1, 1, 10, " g" });
	end(&f);
	a = open_png(&f, 2, 1, 2);
	assert_int_equal(a->loops, 1);
	assert_next(a, "rr");
	assert_next(a, ".g");
	pd_anim_close(a);
}

static void
source_replaces_and_over_mixes(void **state)
{
	struct file f;
	struct pd_anim *a;
	uint32_t s = 0;

	(void)state;
	begin(&f, 4, 1, 3, 0);
	add(&f, &s, &(struct frame){ 0, 0, 4, 1, 0, 0, 1, 10, " bb.h" });
	add(&f, &s, &(struct frame){ 0, 0, 1, 1, 0, 0, 1, 10, " h" });
	add(&f, &s, &(struct frame){ 1, 0, 3, 1, 0, 1, 1, 10, " hhh" });
	end(&f);
	a = open_png(&f, 4, 1, 3);
	assert_next(a, "bb.h");
	assert_next(a, "hb.h");
	assert_int_equal(pd_anim_next(a), PD_JOB_DONE);
	/* Half of red over blue, over nothing, over half of red. */
	assert_memory_equal(a->canvas.p + 4, "\x80\x00\x7f\xff", 4);
	assert_memory_equal(a->canvas.p + 8, "\xff\x00\x00\x80", 4);
	assert_memory_equal(a->canvas.p + 12, "\xff\x00\x00\xc0", 4);
	pd_anim_close(a);
}

static void
a_default_image_is_not_shown(void **state)
{
	struct file f;
	struct pd_anim *a;

	(void)state;
	begin(&f, 2, 2, 2, 5);
	data(&f, " kk kk", false, 0, 3);
	control(&f, 0, &(struct frame){ 1, 1, 1, 1, 0, 0, 1, 10, NULL });
	data(&f, " g", true, 1, 2);
	control(&f, 3, &(struct frame){ 0, 0, 2, 1, 0, 0, 1, 10, NULL });
	chunk(&f, "tEXt", (const uint8_t *)"a\0b", 3);
	data(&f, " br", true, 4, 3);
	end(&f);
	a = open_png(&f, 2, 2, 2);
	assert_int_equal(a->loops, 5);
	assert_next(a, ".. .g");
	assert_next(a, "br .g");
	pd_anim_close(a);
}

static void
a_palette_is_every_frame_s(void **state)
{
	static const uint8_t ihdr[13] = { 0, 0, 0, 2, 0, 0, 0, 1, 8, 3, 0, 0,
		0 };
	static const uint8_t actl[8] = { 0, 0, 0, 2, 0, 0, 0, 0 };
	static const uint8_t plte[6] = { 255, 0, 0, 0, 255, 0 };
	static const uint8_t trns[1] = { 0 };
	struct file f = { .n = 0 };
	uint8_t packed[104] = { 0 };
	uLongf n = 100;
	struct pd_anim *a;

	(void)state;
	put(&f, "\x89PNG\r\n\x1a\n", 8);
	chunk(&f, "IHDR", ihdr, sizeof(ihdr));
	chunk(&f, "acTL", actl, sizeof(actl));
	chunk(&f, "PLTE", plte, sizeof(plte));
	chunk(&f, "tRNS", trns, sizeof(trns));
	control(&f, 0, &(struct frame){ 0, 0, 2, 1, 1, 0, 1, 10, NULL });
	compress(packed, &n, (const Bytef *)"\0\0\1", 3);
	chunk(&f, "IDAT", packed, n);
	control(&f, 1, &(struct frame){ 0, 0, 1, 1, 0, 1, 1, 10, NULL });
	n = 100;
	compress(packed + 4, &n, (const Bytef *)"\0\1", 2);
	put_be32(packed, 2);
	chunk(&f, "fdAT", packed, n + 4);
	end(&f);
	a = open_png(&f, 2, 1, 2);
	assert_next(a, ".g");
	assert_next(a, "g.");
	pd_anim_close(a);
}

static void
delays_are_fractions(void **state)
{
	static const struct {
		uint16_t num, den;
		uint32_t ms;
	} delays[] = { { 1, 10, 100 }, { 7, 0, 70 }, { 0, 0, 100 },
		{ 1, 100, 100 }, { 3, 1000, 100 }, { 2, 1, 2000 },
		{ 65535, 1, 65535000 }, { 1, 60, 16 } };
	struct file f;
	struct pd_anim *a;
	uint32_t s = 0;

	(void)state;
	begin(&f, 1, 1, 8, 0);
	for (unsigned i = 0; i < 8; i++)
		add(&f, &s,
		    &(struct frame){
			0, 0, 1, 1, 0, 0, delays[i].num, delays[i].den, " r" });
	end(&f);
	a = open_png(&f, 1, 1, 8);
	for (unsigned i = 0; i < 8; i++) {
		assert_next(a, "r");
		assert_int_equal(a->ms, delays[i].ms);
	}
	pd_anim_close(a);
}

/* --- Broken files ----------------------------------------------------------
 */

static void
two_frames(struct file *f, uint32_t frames, const struct frame *second,
    uint32_t sequence)
{
	begin(f, 4, 3, frames, 0);
	control(f, 0, &(struct frame){ 0, 0, 4, 3, 0, 0, 1, 10, NULL });
	data(f, " rrrr rrrr rrrr", false, 0, 2);
	control(f, sequence, second);
	data(f, second->pixels, true, sequence + 1, 2);
	end(f);
}

static void
frames_that_cannot_be_are_bad(void **state)
{
	static const struct frame bad[] = {
		{ 3, 0, 2, 1, 0, 0, 1, 10, " gg" },
		{ 0, 3, 2, 1, 0, 0, 1, 10, " gg" },
		{ UINT32_MAX, 0, 2, 1, 0, 0, 1, 10, " gg" },
		{ 0, 0, 5, 1, 0, 0, 1, 10, " ggggg" },
		{ 0, 0, 0, 1, 0, 0, 1, 10, " " },
		{ 0, 0, 2, 1, 3, 0, 1, 10, " gg" },
		{ 0, 0, 2, 1, 0, 2, 1, 10, " gg" },
		{ 0, 0, 2, 2, 0, 0, 1, 10, " gg" },
	};
	const struct frame good = { 0, 0, 2, 1, 0, 0, 1, 10, " gg" };
	struct file f;

	(void)state;
	two_frames(&f, 2, &good, 1);
	assert_int_equal(play(&f, 4, 3, 2), PD_JOB_DONE);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		two_frames(&f, 2, &bad[i], 1);
		if (play(&f, 4, 3, 2) != PD_JOB_BAD)
			fail_msg("case %zu", i);
	}
	two_frames(&f, 2, &good, 2);
	assert_int_equal(play(&f, 4, 3, 2), PD_JOB_BAD);
	two_frames(&f, 3, &good, 1);
	assert_int_equal(play(&f, 4, 3, 2), PD_JOB_BAD);
	assert_int_equal(play(&f, 4, 3, 3), PD_JOB_BAD);
	two_frames(&f, 2, &good, 1);
	assert_int_equal(play(&f, 4, 4, 2), PD_JOB_BAD);
}

static void
every_flipped_bit_is_noticed(void **state)
{
	const struct frame second = { 0, 0, 2, 1, 0, 0, 1, 10, " gg" };
	struct file f;

	(void)state;
	two_frames(&f, 2, &second, 1);
	/* IEND may be anything. */
	for (size_t i = 0; i < f.n - 12; i++) {
		f.p[i] ^= 4;
		if (play(&f, 4, 3, 2) == PD_JOB_DONE)
			fail_msg("byte %zu of %zu", i, f.n);
		f.p[i] ^= 4;
	}
	f.n -= 12;
	while (f.n-- > 0)
		assert_int_equal(play(&f, 4, 3, 2), PD_JOB_BAD);
}

static void
the_picture_in_idat_is_whole_and_first(void **state)
{
	struct file f;

	(void)state;
	begin(&f, 2, 1, 2, 0);
	control(&f, 0, &(struct frame){ 0, 0, 1, 1, 0, 0, 1, 10, NULL });
	data(&f, " r", false, 0, 1);
	control(&f, 1, &(struct frame){ 0, 0, 1, 1, 0, 0, 1, 10, NULL });
	data(&f, " r", true, 2, 1);
	end(&f);
	assert_int_equal(play(&f, 2, 1, 2), PD_JOB_BAD);
	begin(&f, 2, 1, 2, 0);
	control(&f, 0, &(struct frame){ 0, 0, 2, 1, 0, 0, 1, 10, NULL });
	data(&f, " rr", false, 0, 1);
	control(&f, 1, &(struct frame){ 0, 0, 2, 1, 0, 0, 1, 10, NULL });
	data(&f, " rr", false, 0, 1);
	end(&f);
	assert_int_equal(play(&f, 2, 1, 2), PD_JOB_BAD);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(disposal_is_as_specified),
		cmocka_unit_test(a_first_frame_taken_back_is_cleared),
		cmocka_unit_test(source_replaces_and_over_mixes),
		cmocka_unit_test(a_default_image_is_not_shown),
		cmocka_unit_test(a_palette_is_every_frame_s),
		cmocka_unit_test(delays_are_fractions),
		cmocka_unit_test(frames_that_cannot_be_are_bad),
		cmocka_unit_test(every_flipped_bit_is_noticed),
		cmocka_unit_test(the_picture_in_idat_is_whole_and_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
