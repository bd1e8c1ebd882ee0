/*
 * The frames of an animation, whatever file they come from: each whole, as it
 * is to be seen, so that an encoder need not know of disposal and blending.
 *
 *     gif_anim.c, apng.c, webp_anim_read.c, avif_read.c -> pd_anim ->
 *     avif.c (sequence), webp_anim.c
 */
#ifndef PD_ANIM_H
#define PD_ANIM_H

#include "filters/image/codec/pixels.h"

struct pd_anim;
struct pd_codec_out;

/* Each format's reader; a struct pd_anim is the first member of its state. */
struct pd_anim_type {
	/* Draws the next frame into a->canvas and sets a->ms. DONE, or why
	 * not; never called beyond a->frames. */
	enum pd_job_status (*next)(struct pd_anim *a);
	/* Before the first frame again. */
	enum pd_job_status (*rewind)(struct pd_anim *a);
	void (*close)(struct pd_anim *a);
};

/* The longest that a frame may stay, where frames are added up: WebP's field
 * has 24 bits. */
#define PD_ANIM_MS_MAX 0xffffff

struct pd_anim {
	const struct pd_anim_type *type;
	const struct pd_job_ask *ask;
	/* A reader: as asked for, and it must find so many. What
	 * pd_anim_open() gives: that many at most; known with the last one. */
	uint32_t frames;
	uint32_t loops; /* times that it is shown; 0: for ever */
	uint32_t at;    /* frames drawn so far */
	/* Frames in the file that an encoder last made of it: at least 2, and
	 * fewer where some differed by nothing that shows. */
	uint32_t made;
	struct pd_pixels canvas; /* RGBA, sRGB; holds the frame drawn last */
	/* How long that frame stays; 10 and less have become 100, as browsers
	 * have it. */
	uint32_t ms;
	/* No frame is transparent anywhere: sure of it from the start, by the
	 * header. */
	bool opaque;
};

/* DONE with the next frame in a->canvas; checks the clock. Once at == frames
 * it must not be called. */
enum pd_job_status pd_anim_next(struct pd_anim *a);
enum pd_job_status pd_anim_rewind(struct pd_anim *a);
void pd_anim_close(struct pd_anim *a); /* NULL is fine */

/*
 * The reader of ask->source, with pd_anim_merge() done. UNSUPPORTED when there
 * is none, or when the frames are in another colour space than sRGB. *out NULL
 * unless DONE.
 */
enum pd_job_status pd_anim_open(
    struct pd_anim **out, const struct pd_job_ask *ask, const uint8_t *in);

/*
 * Makes one frame of those that follow each other and are equal, with their
 * time; never one of all. A file that pauses by repeating a frame gives AVIF a
 * fifth less to store. *a is taken, and replaced, with DONE alone. MEMORY.
 */
enum pd_job_status pd_anim_merge(struct pd_anim **a);

/* For the readers: the part of a new one that is the same for all. */
void pd_anim_init(struct pd_anim *a, const struct pd_anim_type *type,
    const struct pd_job_ask *ask);
/* The end of opening one, after what came before went as status says: its
 * canvas is made and it is rewound; then *out is a, or a is closed. */
enum pd_job_status pd_anim_ready(
    struct pd_anim **out, struct pd_anim *a, enum pd_job_status status);

/* The readers: as pd_anim_open(). */
enum pd_job_status pd_gif_anim_open(
    struct pd_anim **out, const struct pd_job_ask *ask, const uint8_t *in);
enum pd_job_status pd_apng_open(
    struct pd_anim **out, const struct pd_job_ask *ask, const uint8_t *in);
enum pd_job_status pd_webp_anim_open(
    struct pd_anim **out, const struct pd_job_ask *ask, const uint8_t *in);

/*
 * To an animated WebP, each frame with or without loss, whichever takes less;
 * quality (1..100) and ask->set.method_webp are the lossy ones'. It has at
 * least two frames, and as few as differ by more than noise. LARGER as soon as
 * out is full; UNSUPPORTED for a frame that stays longer than PD_ANIM_MS_MAX.
 */
enum pd_job_status pd_webp_anim_encode(struct pd_anim *a,
    const struct pd_job_ask *ask, unsigned quality, struct pd_codec_out *out);

#endif
