#include "filters/image/codec/gif.h"

#include "anim_help.h"

/* --- GIFs by hand ----------------------------------------------------------
 */

static void
begin(struct file *f, uint8_t width, uint8_t height)
{
	/* A global table of black, red, green, blue; background green. */
	const uint8_t head[] = { 'G', 'I', 'F', '8', '9', 'a', width, 0, height,
		0, 0x81, 2, 0, 0, 0, 0, 255, 0, 0, 0, 255, 0, 0, 0, 255 };

	f->n = 0;
	put(f, head, sizeof(head));
}

static void
end(struct file *f)
{
	put(f, ";", 1);
}

static void
repeat(struct file *f, const char *name, unsigned n)
{
	const uint8_t tail[] = { 3, 1, (uint8_t)n, (uint8_t)(n >> 8), 0 };

	put(f, "!\xff\x0b", 3);
	put(f, name, 11);
	put(f, tail, sizeof(tail));
}

struct frame {
	unsigned x, y, width, height;
	unsigned disposal, delay;
	char transparent; /* the letter that is; 0: none */
	bool interlaced;
	bool local;         /* a table of its own: white and yellow */
	bool tiny;          /* and of two colours only */
	const char *pixels; /* a letter each, spaces do not count */
};

static unsigned
index_of(char c, bool local)
{
	const char *all = local ? "wyrg" : "krgb";
	const char *at = strchr(all, c);

	assert_non_null(at);
	return (unsigned)(at - all);
}

/* Codes of three bits; a clear code after every two pixels keeps them so. */
static void
put_codes(struct file *f, const struct frame *w)
{
	uint8_t block[255];
	unsigned bits = 0, n = 0, pixels = 0;

	memset(block, 0, sizeof(block));
#define CODE(v)                                                    \
	do {                                                       \
		for (unsigned b = 0; b < 3; b++, bits++)           \
			block[bits / 8] |=                         \
			    (uint8_t)(((v) >> b & 1) << bits % 8); \
	} while (0)
	for (const char *c = w->pixels; *c != '\0'; c++) {
		if (*c == ' ')
			continue;
		if (pixels++ % 2 == 0)
			CODE(4u);
		CODE(index_of(*c, w->local));
	}
	CODE(5u);
#undef CODE
	n = (bits + 7) / 8;
	assert_true(n < sizeof(block));
	put(f, (const uint8_t[]){ 2, (uint8_t)n }, 2);
	put(f, block, n);
	put(f, "", 1);
}

static void
add(struct file *f, const struct frame *w)
{
	const uint8_t control[] = { '!', 0xf9, 4,
		(uint8_t)(w->disposal << 2 | (w->transparent != 0)),
		(uint8_t)w->delay, (uint8_t)(w->delay >> 8),
		w->transparent != 0
		    ? (uint8_t)index_of(w->transparent, w->local)
		    : 0,
		0 };
	const uint8_t image[] = { ',', (uint8_t)w->x, 0, (uint8_t)w->y, 0,
		(uint8_t)w->width, 0, (uint8_t)w->height, 0,
		(uint8_t)((w->interlaced ? 0x40 : 0) | (w->tiny       ? 0x80
							   : w->local ? 0x81
								      : 0)) };
	static const uint8_t table[] = { 255, 255, 255, 200, 200, 0, 255, 0, 0,
		0, 255, 0 };

	put(f, control, sizeof(control));
	put(f, image, sizeof(image));
	if (w->local || w->tiny)
		put(f, table, w->tiny ? 6 : 12);
	put_codes(f, w);
}

static enum pd_job_status
try(struct pd_anim **a, const struct file *f, uint32_t width, uint32_t height,
    uint32_t frames)
{
	static struct pd_job_ask ask;

	ask = ask_of(f, PD_IMAGE_GIF, width, height, frames);
	return pd_gif_anim_open(a, &ask, f->p);
}

static struct pd_anim *
open_gif(const struct file *f, uint32_t width, uint32_t height, uint32_t frames)
{
	struct pd_anim *a;

	assert_int_equal(try(&a, f, width, height, frames), PD_JOB_DONE);
	assert_int_equal(a->frames, frames);
	return a;
}

/* --- Disposal --------------------------------------------------------------
 */

/* Three frames on 4 x 3, overlapping; the second is disposed of. */
static void
check_disposal(unsigned disposal, const char *third)
{
	struct file f;
	struct pd_anim *a;

	begin(&f, 4, 3);
	add(&f, &(struct frame){ 0, 0, 4, 3, .pixels = "rrrr rrrr rrrr" });
	add(&f, &(struct frame){
		    1, 0, 2, 2, .disposal = disposal, .pixels = "gg gg" });
	add(&f, &(struct frame){
		    2, 1, 2, 2, .transparent = 'k', .pixels = "bk kb" });
	end(&f);
	a = open_gif(&f, 4, 3, 3);
	assert_next(a, "rrrr rrrr rrrr");
	assert_next(a, "rggr rggr rrrr");
	assert_next(a, third);
	/* And again from the start. */
	assert_int_equal(pd_anim_rewind(a), PD_JOB_DONE);
	assert_next(a, "rrrr rrrr rrrr");
	assert_next(a, "rggr rggr rrrr");
	assert_next(a, third);
	pd_anim_close(a);
}

static void
disposal_is_as_browsers_do_it(void **state)
{
	(void)state;
	check_disposal(0, "rggr rgbr rrrb");
	check_disposal(1, "rggr rgbr rrrb");
	/* To transparent, whatever the background is said to be. */
	check_disposal(2, "r..r r.br rrrb");
	check_disposal(3, "rrrr rrbr rrrb");
	check_disposal(4, "rrrr rrbr rrrb");
	check_disposal(5, "rggr rgbr rrrb");
}

static void
a_first_frame_taken_back_leaves_nothing(void **state)
{
	struct file f;
	struct pd_anim *a;

	(void)state;
	begin(&f, 3, 2);
	add(&f,
	    &(struct frame){ 0, 0, 3, 2, .disposal = 3, .pixels = "rrr rrr" });
	add(&f, &(struct frame){ 1, 0, 1, 1, .disposal = 3, .pixels = "g" });
	add(&f, &(struct frame){ 0, 1, 1, 1, .pixels = "b" });
	end(&f);
	a = open_gif(&f, 3, 2, 3);
	assert_false(a->opaque);
	assert_next(a, "rrr rrr");
	assert_next(a, ".g. ...");
	assert_next(a, "... b..");
	pd_anim_close(a);
}

/* What is taken back is what was there after the one before was cleared. */
static void
taking_back_follows_clearing(void **state)
{
	struct file f;
	struct pd_anim *a;

	(void)state;
	begin(&f, 3, 1);
	add(&f, &(struct frame){ 0, 0, 3, 1, .pixels = "rrr" });
	add(&f, &(struct frame){ 0, 0, 2, 1, .disposal = 2, .pixels = "gg" });
	add(&f, &(struct frame){ 1, 0, 2, 1, .disposal = 3, .pixels = "bb" });
	add(&f, &(struct frame){ 2, 0, 1, 1, .disposal = 3, .pixels = "k" });
	add(&f, &(struct frame){ 0, 0, 1, 1, .pixels = "g" });
	end(&f);
	a = open_gif(&f, 3, 1, 5);
	assert_next(a, "rrr");
	assert_next(a, "ggr");
	assert_next(a, ".bb");
	assert_next(a, "..k");
	assert_next(a, "g.r");
	pd_anim_close(a);
}

/* --- Pictures --------------------------------------------------------------
 */

static void
interlaced_rows_find_their_places(void **state)
{
	struct file f;
	struct pd_anim *a;

	(void)state;
	begin(&f, 3, 11);
	/* Rows 0 8, 4, 2 6 10, 1 3 5 7 9. */
	add(&f, &(struct frame){ 0, 0, 3, 11, .interlaced = true,
		    .pixels = "rrr ggg bbb kkk rgb bgr kkr krk rkk rrk "
			      "grb" });
	add(&f, &(struct frame){ 1, 3, 2, 5, .interlaced = true,
		    .transparent = 'k', .pixels = "kg gk bb rr kk" });
	end(&f);
	a = open_gif(&f, 3, 11, 2);
	assert_next(a, "rrr kkr kkk krk bbb rkk rgb rrk ggg grb bgr");
	/* Rows 0, 4, 2, 1, 3 from 3 on. */
	assert_next(a, "rrr kkr kkk krg brr rbb rgb rgk ggg grb bgr");
	pd_anim_close(a);
}

static void
what_is_not_painted_is_transparent(void **state)
{
	struct file f;
	struct pd_anim *a;

	(void)state;
	begin(&f, 3, 2);
	add(&f,
	    &(struct frame){ 1, 0, 2, 1, .transparent = 'r', .pixels = "gr" });
	add(&f, &(struct frame){
		    0, 0, 3, 2, .transparent = 'g', .pixels = "rgg ggb" });
	end(&f);
	a = open_gif(&f, 3, 2, 2);
	assert_false(a->opaque);
	assert_next(a, ".g. ...");
	assert_next(a, "rg. ..b");
	pd_anim_close(a);
}

static void
local_tables_are_used(void **state)
{
	struct file f;
	struct pd_anim *a;

	(void)state;
	begin(&f, 2, 1);
	add(&f, &(struct frame){ 0, 0, 2, 1, .pixels = "rg" });
	add(&f, &(struct frame){ 0, 0, 1, 1, .local = true, .pixels = "y" });
	add(&f, &(struct frame){ 1, 0, 1, 1, .pixels = "b" });
	end(&f);
	a = open_gif(&f, 2, 1, 3);
	assert_true(a->opaque);
	assert_next(a, "rg");
	assert_next(a, "yg");
	assert_next(a, "yb");
	pd_anim_close(a);
}

static void
frames_are_cut_off_at_the_edges(void **state)
{
	struct file f;
	struct pd_anim *a;

	(void)state;
	begin(&f, 3, 2);
	add(&f, &(struct frame){ 0, 0, 3, 2, .pixels = "rrr rrr" });
	add(&f,
	    &(struct frame){ 2, 1, 2, 2, .disposal = 2, .pixels = "gb bb" });
	add(&f, &(struct frame){ 7, 9, 1, 1, .disposal = 3, .pixels = "g" });
	add(&f, &(struct frame){ 1, 0, 3, 1, .disposal = 3, .pixels = "ggg" });
	add(&f, &(struct frame){ 0, 1, 1, 1, .pixels = "b" });
	end(&f);
	a = open_gif(&f, 3, 2, 5);
	assert_next(a, "rrr rrr");
	assert_next(a, "rrr rrg");
	assert_next(a, "rrr rr.");
	assert_next(a, "rgg rr.");
	assert_next(a, "rrr br.");
	pd_anim_close(a);

	/* The first one: Chrome makes the canvas larger, others cut it. */
	begin(&f, 3, 2);
	add(&f, &(struct frame){ 1, 0, 3, 1, .pixels = "rrr" });
	add(&f, &(struct frame){ 0, 0, 1, 1, .pixels = "g" });
	end(&f);
	assert_int_equal(try(&a, &f, 3, 2, 2), PD_JOB_UNSUPPORTED);
	assert_null(a);
}

/* --- Time ------------------------------------------------------------------
 */

static void
delays_are_as_browsers_have_them(void **state)
{
	static const struct {
		unsigned cs;
		uint32_t ms;
	} delays[] = { { 0, 100 }, { 1, 100 }, { 2, 20 }, { 10, 100 },
		{ 65535, 655350 } };
	struct file f;
	struct pd_anim *a;

	(void)state;
	begin(&f, 1, 1);
	for (unsigned i = 0; i < 5; i++)
		add(&f, &(struct frame){
			    0, 0, 1, 1, .delay = delays[i].cs, .pixels = "r" });
	end(&f);
	a = open_gif(&f, 1, 1, 5);
	for (unsigned i = 0; i < 5; i++) {
		assert_int_equal(pd_anim_next(a), PD_JOB_DONE);
		assert_int_equal(a->ms, delays[i].ms);
	}
	assert_int_equal(pd_anim_next(a), PD_JOB_BAD);
	pd_anim_close(a);
}

static uint32_t
loops_of(const char *name, unsigned n, bool late)
{
	struct file f;
	struct pd_anim *a;
	uint32_t loops;

	begin(&f, 1, 1);
	if (name != NULL && !late)
		repeat(&f, name, n);
	add(&f, &(struct frame){ 0, 0, 1, 1, .pixels = "r" });
	if (name != NULL && late)
		repeat(&f, name, n);
	add(&f, &(struct frame){ 0, 0, 1, 1, .pixels = "g" });
	end(&f);
	a = open_gif(&f, 1, 1, 2);
	loops = a->loops;
	pd_anim_close(a);
	return loops;
}

static void
repetitions_are_counted_as_chrome_does(void **state)
{
	(void)state;
	assert_int_equal(loops_of(NULL, 0, false), 1);
	assert_int_equal(loops_of("NETSCAPE2.0", 0, false), 0);
	assert_int_equal(loops_of("NETSCAPE2.0", 1, false), 2);
	assert_int_equal(loops_of("ANIMEXTS1.0", 10, false), 11);
	assert_int_equal(loops_of("ANIMEXTS1.0", 10, true), 11);
	assert_int_equal(loops_of("NETSCAPE2.0", 65535, false), 65536);
	assert_int_equal(loops_of("SOMETHINGEL", 7, false), 1);
}

static void
opacity_is_known_from_the_start(void **state)
{
	static const struct {
		struct frame first, second;
		bool opaque;
	} cases[] = {
		{ { 0, 0, 2, 1, .pixels = "rr" },
		    { 0, 0, 1, 1, .disposal = 2, .pixels = "g" }, true },
		{ { 0, 0, 2, 1, .disposal = 2, .pixels = "rr" },
		    { 0, 0, 1, 1, .pixels = "g" }, false },
		{ { 0, 0, 2, 1, .disposal = 3, .pixels = "rr" },
		    { 0, 0, 1, 1, .pixels = "g" }, false },
		{ { 0, 0, 1, 1, .pixels = "r" }, { 0, 0, 2, 1, .pixels = "gg" },
		    false },
		{ { 0, 0, 2, 1, .transparent = 'k', .pixels = "rr" },
		    { 0, 0, 2, 1, .pixels = "gg" }, false },
		{ { 0, 0, 2, 1, .pixels = "rr" },
		    { 0, 0, 2, 1, .transparent = 'k', .pixels = "gk" }, true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct file f;
		struct pd_anim *a;

		begin(&f, 2, 1);
		add(&f, &cases[i].first);
		add(&f, &cases[i].second);
		end(&f);
		a = open_gif(&f, 2, 1, 2);
		if (a->opaque != cases[i].opaque)
			fail_msg("case %zu", i);
		pd_anim_close(a);
	}
}

/* --- Broken files ----------------------------------------------------------
 */

static void
two_frames(struct file *f)
{
	begin(f, 4, 3);
	add(f, &(struct frame){ 0, 0, 4, 3, .pixels = "rrrr gggg bbbb" });
	add(f, &(struct frame){ 1, 1, 2, 2, .pixels = "rg br" });
}

static void
a_missing_trailer_is_no_harm(void **state)
{
	struct file f;
	struct pd_anim *a;

	(void)state;
	two_frames(&f);
	a = open_gif(&f, 4, 3, 2);
	assert_next(a, "rrrr gggg bbbb");
	assert_next(a, "rrrr grgg bbrb");
	pd_anim_close(a);
}

static void
other_than_sniffed_is_bad(void **state)
{
	struct file f;
	struct pd_anim *a;

	(void)state;
	two_frames(&f);
	end(&f);
	assert_int_equal(try(&a, &f, 4, 3, 1), PD_JOB_BAD);
	assert_int_equal(try(&a, &f, 4, 3, 3), PD_JOB_BAD);
	assert_int_equal(try(&a, &f, 4, 2, 2), PD_JOB_BAD);
	assert_int_equal(try(&a, &f, 3, 3, 2), PD_JOB_BAD);
	assert_null(a);
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

static void
cut_short_anywhere_is_bad(void **state)
{
	struct file f;

	(void)state;
	two_frames(&f);
	assert_int_equal(play(&f, 4, 3, 2), PD_JOB_DONE);
	while (f.n-- > 0)
		assert_int_equal(play(&f, 4, 3, 2), PD_JOB_BAD);
}

static void
colours_that_do_not_exist_are_bad(void **state)
{
	struct file f;

	(void)state;
	begin(&f, 2, 1);
	add(&f, &(struct frame){ 0, 0, 2, 1, .pixels = "rg" });
	add(&f, &(struct frame){ 0, 0, 2, 1, .tiny = true, .pixels = "rg" });
	end(&f);
	assert_int_equal(play(&f, 2, 1, 2), PD_JOB_BAD);
	/* No table at all. */
	begin(&f, 2, 1);
	f.p[10] = 0;
	f.n = 13;
	add(&f, &(struct frame){ 0, 0, 2, 1, .pixels = "rg" });
	add(&f, &(struct frame){ 0, 0, 2, 1, .pixels = "rg" });
	end(&f);
	assert_int_equal(play(&f, 2, 1, 2), PD_JOB_UNSUPPORTED);
}

static void
time_is_kept(void **state)
{
	struct file f;
	struct pd_job_ask ask;
	struct pd_anim *a;

	(void)state;
	two_frames(&f);
	ask = ask_of(&f, PD_IMAGE_GIF, 4, 3, 2);
	assert_int_equal(pd_gif_anim_open(&a, &ask, f.p), PD_JOB_DONE);
	assert_int_equal(pd_anim_next(a), PD_JOB_DONE);
	ask.until_ms = 0;
	assert_int_equal(pd_anim_next(a), PD_JOB_LATE);
	pd_anim_close(a);
}

/* --- Stills ----------------------------------------------------------------
 */

static void
stills_take_the_same_way(void **state)
{
	struct file f;
	struct pd_job_ask ask;
	struct pd_pixels px;

	(void)state;
	begin(&f, 3, 2);
	add(&f, &(struct frame){
		    0, 0, 3, 2, .interlaced = true, .pixels = "rrr gbg" });
	end(&f);
	ask = ask_of(&f, PD_IMAGE_GIF, 3, 2, 1);
	assert_int_equal(pd_gif_decode(&ask, f.p, &px), PD_JOB_DONE);
	assert_int_equal(px.channels, 3);
	assert_memory_equal(px.p, "\xff\0\0\xff\0\0\xff\0\0", 9);
	assert_memory_equal(px.p + px.stride, "\0\xff\0\0\0\xff\0\xff\0", 9);
	pd_pixels_finish(&px);

	begin(&f, 3, 1);
	add(&f,
	    &(struct frame){ 1, 0, 2, 1, .transparent = 'k', .pixels = "bk" });
	end(&f);
	ask = ask_of(&f, PD_IMAGE_GIF, 3, 1, 1);
	assert_int_equal(pd_gif_decode(&ask, f.p, &px), PD_JOB_DONE);
	assert_int_equal(px.channels, 4);
	assert_memory_equal(px.p, "\0\0\0\0\0\0\xff\xff\0\0\0\0", 12);
	pd_pixels_finish(&px);

	two_frames(&f);
	ask = ask_of(&f, PD_IMAGE_GIF, 4, 3, 1);
	assert_int_equal(pd_gif_decode(&ask, f.p, &px), PD_JOB_UNSUPPORTED);
	pd_pixels_finish(&px);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(disposal_is_as_browsers_do_it),
		cmocka_unit_test(a_first_frame_taken_back_leaves_nothing),
		cmocka_unit_test(taking_back_follows_clearing),
		cmocka_unit_test(interlaced_rows_find_their_places),
		cmocka_unit_test(what_is_not_painted_is_transparent),
		cmocka_unit_test(local_tables_are_used),
		cmocka_unit_test(frames_are_cut_off_at_the_edges),
		cmocka_unit_test(delays_are_as_browsers_have_them),
		cmocka_unit_test(repetitions_are_counted_as_chrome_does),
		cmocka_unit_test(opacity_is_known_from_the_start),
		cmocka_unit_test(a_missing_trailer_is_no_harm),
		cmocka_unit_test(other_than_sniffed_is_bad),
		cmocka_unit_test(cut_short_anywhere_is_bad),
		cmocka_unit_test(colours_that_do_not_exist_are_bad),
		cmocka_unit_test(time_is_kept),
		cmocka_unit_test(stills_take_the_same_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
