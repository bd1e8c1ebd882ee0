/*
 * The compositor of animated GIFs. One canvas, and one copy of it while some
 * picture is to be taken back: however long the animation is, it takes no more.
 */
#include <stdlib.h>
#include <string.h>

#include "filters/image/codec/anim.h"
#include "filters/image/codec/gif.h"

enum disposal { CLEAR = 2, TAKE_BACK = 3 };

struct gif_anim {
	struct pd_anim anim; /* first: pd_anim hands it back */
	const uint8_t *in;
	struct pd_gif *gif;
	struct pd_gif_picture last; /* to be disposed of */
	struct pd_pixels saved;     /* the canvas before it, if TAKE_BACK */
};

/* The part of a picture that is on the screen. */
static void
clip(struct pd_gif_picture *pic, const struct pd_pixels *canvas)
{
	if (pic->x > canvas->width)
		pic->x = canvas->width;
	if (pic->y > canvas->height)
		pic->y = canvas->height;
	if (pic->width > canvas->width - pic->x)
		pic->width = canvas->width - pic->x;
	if (pic->height > canvas->height - pic->y)
		pic->height = canvas->height - pic->y;
}

static void
dispose(struct gif_anim *g)
{
	struct pd_pixels *c = &g->anim.canvas;
	const struct pd_gif_picture *last = &g->last;
	size_t at = last->y * c->stride + (size_t)last->x * c->channels;
	size_t n = (size_t)last->width * c->channels;

	for (uint32_t y = 0; y < last->height; y++, at += c->stride) {
		if (last->disposal == CLEAR)
			memset(c->p + at, 0, n);
		else if (last->disposal == TAKE_BACK)
			memcpy(c->p + at, g->saved.p + at, n);
	}
}

/* Before pic is drawn: what will be there again after it. */
static enum pd_job_status
save(struct gif_anim *g, const struct pd_gif_picture *pic)
{
	const struct pd_pixels *c = &g->anim.canvas;
	size_t at = pic->y * c->stride + (size_t)pic->x * c->channels;

	if (g->saved.p == NULL &&
	    pd_pixels_init(&g->saved, c->width, c->height, c->channels) != 0)
		return PD_JOB_MEMORY;
	for (uint32_t y = 0; y < pic->height; y++, at += c->stride)
		memcpy(g->saved.p + at, c->p + at,
		    (size_t)pic->width * c->channels);
	return PD_JOB_DONE;
}

static enum pd_job_status
next(struct pd_anim *a)
{
	struct gif_anim *g = (struct gif_anim *)a;
	struct pd_gif_picture pic;
	enum pd_job_status status = pd_gif_next(g->gif, &pic);

	if (status != PD_JOB_DONE)
		return status;
	if (pic.width == 0)
		return PD_JOB_BAD;
	dispose(g);
	clip(&pic, &a->canvas);
	if (pic.disposal == TAKE_BACK)
		status = save(g, &pic);
	g->last = pic;
	a->ms = pic.delay * 10;
	return status == PD_JOB_DONE ? pd_gif_draw(g->gif, &a->canvas) : status;
}

static enum pd_job_status
rewind_gif(struct pd_anim *a)
{
	struct gif_anim *g = (struct gif_anim *)a;

	pd_gif_close(g->gif);
	g->last = (struct pd_gif_picture){ .width = 0 };
	memset(a->canvas.p, 0, a->canvas.stride * a->canvas.height);
	return pd_gif_open(&g->gif, a->ask, g->in);
}

static void
close_gif(struct pd_anim *a)
{
	struct gif_anim *g = (struct gif_anim *)a;

	pd_gif_close(g->gif);
	pd_pixels_finish(&g->saved);
	pd_pixels_finish(&a->canvas);
	free(g);
}

static const struct pd_anim_type type = { next, rewind_gif, close_gif };

/* Goes through it without decoding: the loop count may stand behind the first
 * picture, and only the last tells that none is transparent. */
static enum pd_job_status
survey(struct pd_anim *a, struct pd_gif *gif)
{
	uint32_t width = a->ask->width, height = a->ask->height, n = 0;
	struct pd_gif_picture pic;
	enum pd_job_status status;

	while ((status = pd_gif_next(gif, &pic)) == PD_JOB_DONE &&
	       pic.width != 0) {
		bool last = n + 1 == a->frames;

		if (n++ == a->frames)
			return PD_JOB_BAD;
		if (n == 1) {
			/* A first picture beyond its screen makes it larger,
			 * or does not: browsers differ. */
			if (pic.width > width || pic.x > width - pic.width ||
			    pic.height > height || pic.y > height - pic.height)
				return PD_JOB_UNSUPPORTED;
			a->opaque = pic.width == width &&
				    pic.height == height && !pic.transparent &&
				    (last || pic.disposal != TAKE_BACK);
		}
		if (pic.disposal == CLEAR && !last)
			a->opaque = false;
		if (pd_codec_late(a->ask))
			return PD_JOB_LATE;
	}
	a->loops = pd_gif_loops(gif);
	return status == PD_JOB_DONE && n != a->frames ? PD_JOB_BAD : status;
}

enum pd_job_status
pd_gif_anim_open(
    struct pd_anim **out, const struct pd_job_ask *ask, const uint8_t *in)
{
	struct gif_anim *g = calloc(1, sizeof(*g));
	struct pd_anim *a;
	enum pd_job_status status;

	*out = NULL;
	if (g == NULL)
		return PD_JOB_MEMORY;
	a = &g->anim;
	pd_anim_init(a, &type, ask);
	g->in = in;
	status = pd_gif_open(&g->gif, ask, in);
	if (status == PD_JOB_DONE)
		status = survey(a, g->gif);
	return pd_anim_ready(out, a, status);
}
