#include "filters/image/codec/anim.h"

#include <stdlib.h>
#include <string.h>

#include "filters/image/codec/avif.h"
#include "filters/image/codec/codec.h"

/*
 * Frames of 10 ms and less are shown for 100 by Chrome, Firefox and Safari,
 * whatever the format: so did the first to show them, and so they are made.
 */
#define MS_IGNORED 10
#define MS_INSTEAD 100

enum pd_job_status
pd_anim_next(struct pd_anim *a)
{
	enum pd_job_status status;

	if (a->at >= a->frames)
		return PD_JOB_BAD;
	if (pd_codec_late(a->ask))
		return PD_JOB_LATE;
	status = a->type->next(a);
	if (status != PD_JOB_DONE)
		return status;
	a->at++;
	if (a->ms <= MS_IGNORED)
		a->ms = MS_INSTEAD;
	return PD_JOB_DONE;
}

enum pd_job_status
pd_anim_rewind(struct pd_anim *a)
{
	a->at = 0;
	return a->type->rewind(a);
}

void
pd_anim_close(struct pd_anim *a)
{
	if (a != NULL)
		a->type->close(a);
}

void
pd_anim_init(struct pd_anim *a, const struct pd_anim_type *type,
    const struct pd_job_ask *ask)
{
	a->type = type;
	a->ask = ask;
	a->frames = ask->frames;
}

enum pd_job_status
pd_anim_ready(
    struct pd_anim **out, struct pd_anim *a, enum pd_job_status status)
{
	if (status == PD_JOB_DONE &&
	    pd_pixels_init(&a->canvas, a->ask->width, a->ask->height, 4) != 0)
		status = PD_JOB_MEMORY;
	if (status == PD_JOB_DONE)
		status = pd_anim_rewind(a);
	if (status == PD_JOB_DONE)
		*out = a;
	else
		pd_anim_close(a);
	return status;
}

/* --- Equal frames ----------------------------------------------------------
 */

struct merge {
	struct pd_anim anim; /* first: pd_anim hands it back */
	struct pd_anim *from;
	bool ahead; /* from's canvas has not been shown */
};

static void
show(struct merge *m)
{
	const struct pd_pixels *from = &m->from->canvas;
	struct pd_pixels *to = &m->anim.canvas;

	for (uint32_t y = 0; y < to->height; y++)
		memcpy(to->p + y * to->stride, from->p + y * from->stride,
		    (size_t)to->width * 4);
}

static bool
is_shown(const struct merge *m)
{
	const struct pd_pixels *a = &m->from->canvas, *b = &m->anim.canvas;
	size_t row = (size_t)a->width * 4;

	for (uint32_t y = 0; y < a->height; y++)
		if (memcmp(a->p + y * a->stride, b->p + y * b->stride, row) !=
		    0)
			return false;
	return true;
}

/* Which frame is the last is known only once those after it have been seen. */
static enum pd_job_status
next_merged(struct pd_anim *a)
{
	struct merge *m = (struct merge *)a;
	struct pd_anim *from = m->from;
	enum pd_job_status status = PD_JOB_DONE;

	if (!m->ahead)
		status = pd_anim_next(from);
	if (status != PD_JOB_DONE)
		return status;
	show(m);
	a->ms = from->ms;
	m->ahead = false;
	/* One frame would be no animation: the last then stays by itself. */
	while (from->at + (a->at == 0) < from->frames) {
		status = pd_anim_next(from);
		if (status != PD_JOB_DONE)
			return status;
		m->ahead = !is_shown(m) || from->ms > PD_ANIM_MS_MAX ||
			   a->ms > PD_ANIM_MS_MAX - from->ms;
		if (m->ahead)
			return PD_JOB_DONE;
		a->ms += from->ms;
	}
	if (from->at == from->frames)
		a->frames = a->at + 1;
	return PD_JOB_DONE;
}

static enum pd_job_status
rewind_merged(struct pd_anim *a)
{
	struct merge *m = (struct merge *)a;

	m->ahead = false;
	a->frames = m->from->frames;
	return pd_anim_rewind(m->from);
}

static void
close_merged(struct pd_anim *a)
{
	struct merge *m = (struct merge *)a;

	pd_anim_close(m->from);
	pd_pixels_finish(&a->canvas);
	free(m);
}

static const struct pd_anim_type merged = { next_merged, rewind_merged,
	close_merged };

enum pd_job_status
pd_anim_merge(struct pd_anim **a)
{
	struct merge *m = calloc(1, sizeof(*m));

	if (m == NULL)
		return PD_JOB_MEMORY;
	m->anim = **a;
	m->anim.type = &merged;
	if (pd_pixels_init(&m->anim.canvas, (*a)->canvas.width,
		(*a)->canvas.height, 4) != 0) {
		free(m);
		return PD_JOB_MEMORY;
	}
	m->anim.canvas.p3 = (*a)->canvas.p3;
	m->from = *a;
	*a = &m->anim;
	return PD_JOB_DONE;
}

/* --- Sources ---------------------------------------------------------------
 */

static enum pd_job_status
open_source(
    struct pd_anim **out, const struct pd_job_ask *ask, const uint8_t *in)
{
	*out = NULL;
	switch (ask->source) {
	case PD_IMAGE_GIF:
		return pd_gif_anim_open(out, ask, in);
	case PD_IMAGE_PNG:
		return pd_apng_open(out, ask, in);
	case PD_IMAGE_WEBP:
		return pd_webp_anim_open(out, ask, in);
	case PD_IMAGE_AVIF:
		return pd_avif_anim_open(out, ask, in);
	default:
		return PD_JOB_UNSUPPORTED;
	}
}

enum pd_job_status
pd_anim_open(
    struct pd_anim **out, const struct pd_job_ask *ask, const uint8_t *in)
{
	enum pd_job_status status = open_source(out, ask, in);

	if (status == PD_JOB_DONE)
		status = pd_anim_merge(out);
	if (status != PD_JOB_DONE) {
		pd_anim_close(*out);
		*out = NULL;
	}
	return status;
}
