/*
 * What tests of animations share: canvases written as letters.
 */
#ifndef ANIM_HELP_H
#define ANIM_HELP_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "filters/image/codec/anim.h"

/* Bytes of a file under construction. */
struct file {
	uint8_t p[4096];
	size_t n;
};

static inline void
put(struct file *f, const void *p, size_t n)
{
	assert_true(n <= sizeof(f->p) - f->n);
	if (n > 0)
		memcpy(f->p + f->n, p, n);
	f->n += n;
}

static inline struct pd_job_ask
ask_of(const struct file *f, enum pd_image_format source, uint32_t width,
    uint32_t height, uint32_t frames)
{
	return (struct pd_job_ask){
		.magic = PD_JOB_ASK,
		.in_len = (uint32_t)f->n,
		.width = width,
		.height = height,
		.frames = frames,
		.source = (uint8_t)source,
		.orientation = 1,
		.until_ms = UINT64_MAX,
	};
}

/* '.' is transparent; others are what colour_of() makes of them. */
static inline uint32_t
colour_of(char c)
{
	switch (c) {
	case '.':
		return 0;
	case 'k':
		return 0x000000ff;
	case 'r':
		return 0xff0000ff;
	case 'g':
		return 0x00ff00ff;
	case 'b':
		return 0x0000ffff;
	case 'w':
		return 0xffffffff;
	case 'h': /* half of red */
		return 0xff000080;
	case 'y':
		return 0xc8c800ff;
	default:
		fail_msg("no colour %c", c);
		return 0;
	}
}

static inline char
letter_of(const uint8_t *p)
{
	if (p[3] == 0)
		return '.';
	for (const char *c = "krgbwhy"; *c != '\0'; c++)
		if (pd_pixels_at(p, 4) == colour_of(*c))
			return *c;
	return '?';
}

/* The canvas must be the rows, which are separated by spaces. */
static inline void
assert_canvas(const struct pd_anim *a, const char *rows)
{
	const struct pd_pixels *px = &a->canvas;
	char is[1024], *to = is;

	assert_true((px->width + 1) * px->height < sizeof(is));
	for (uint32_t y = 0; y < px->height; y++) {
		for (uint32_t x = 0; x < px->width; x++)
			*to++ = letter_of(px->p + y * px->stride + x * 4);
		*to++ = y + 1 < px->height ? ' ' : '\0';
	}
	assert_string_equal(is, rows);
}

static inline void
assert_next(struct pd_anim *a, const char *rows)
{
	assert_int_equal(pd_anim_next(a), PD_JOB_DONE);
	assert_canvas(a, rows);
}

/* --- An animation that is only letters ------------------------------------ */

struct letters {
	struct pd_anim anim;
	const char *const *rows; /* one string a frame */
	const uint32_t *ms;
};

static inline enum pd_job_status
letters_next(struct pd_anim *a)
{
	struct letters *l = (struct letters *)a;
	const char *c = l->rows[a->at];

	for (uint32_t y = 0; y < a->canvas.height; y++, c++)
		for (uint32_t x = 0; x < a->canvas.width; x++, c++) {
			uint32_t v = colour_of(*c);
			uint8_t *to =
			    a->canvas.p + y * a->canvas.stride + x * 4;

			for (unsigned i = 0; i < 4; i++)
				to[i] = (uint8_t)(v >> (24 - 8 * i));
		}
	a->ms = l->ms[a->at];
	return PD_JOB_DONE;
}

static inline enum pd_job_status
letters_rewind(struct pd_anim *a)
{
	(void)a;
	return PD_JOB_DONE;
}

static inline void
letters_close(struct pd_anim *a)
{
	pd_pixels_finish(&a->canvas);
	free(a);
}

/* ask, rows and ms are borrowed. */
static inline struct pd_anim *
open_letters(const struct pd_job_ask *ask, const char *const *rows,
    const uint32_t *ms, uint32_t loops)
{
	static const struct pd_anim_type type = { letters_next, letters_rewind,
		letters_close };
	struct letters *l = calloc(1, sizeof(*l));

	assert_non_null(l);
	assert_int_equal(
	    pd_pixels_init(&l->anim.canvas, ask->width, ask->height, 4), 0);
	l->anim.type = &type;
	l->anim.ask = ask;
	l->anim.frames = ask->frames;
	l->anim.loops = loops;
	l->rows = rows;
	l->ms = ms;
	return &l->anim;
}

#endif
