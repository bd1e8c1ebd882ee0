/*
 * GIF in, over giflib: its pictures one after the other, and the still of a
 * file that has one. How the pictures of an animation cover each other is
 * gif_anim.c's.
 *
 * Where the specification and the browsers differ, the browsers are followed:
 * what nothing was painted on is transparent, whatever the background colour.
 */
#ifndef PD_GIF_H
#define PD_GIF_H

#include "filters/image/codec/codec.h"
#include "filters/image/codec/pixels.h"

struct pd_gif;

/* One picture, before it is drawn. */
struct pd_gif_picture {
	uint32_t x, y, width, height; /* on the screen, or beyond it */
	bool transparent;             /* may leave pixels as they are */
	/* GIF89a, 23: 0 and 1 leave it, 2 clears it, 3 takes it back. */
	unsigned disposal;
	unsigned delay; /* hundredths of a second */
};

/*
 * in: ask->in_len bytes, borrowed until the end. BAD when its screen is not
 * ask->width x ask->height. *out NULL unless DONE.
 */
enum pd_job_status pd_gif_open(
    struct pd_gif **out, const struct pd_job_ask *ask, const uint8_t *in);
void pd_gif_close(struct pd_gif *g); /* NULL is fine */

/* Goes to the next picture, whether the one before was drawn or not. One of
 * width 0 says that there are no more. */
enum pd_job_status pd_gif_next(struct pd_gif *g, struct pd_gif_picture *pic);

/*
 * Draws it onto px (RGB or RGBA, the screen's size), cut off at the edges;
 * transparent pixels stay as they are. Once a picture.
 */
enum pd_job_status pd_gif_draw(struct pd_gif *g, struct pd_pixels *px);

/*
 * How often the animation is shown, 0 for ever, by the extensions met so far:
 * once without any; n repetitions make it n + 1, as Chrome and Firefox count.
 */
uint32_t pd_gif_loops(const struct pd_gif *g);

/*
 * To RGB, or RGBA when something is transparent: the one picture on its
 * screen. UNSUPPORTED for more pictures than one, and where viewers differ. px
 * needs finish in any case.
 */
enum pd_job_status pd_gif_decode(
    const struct pd_job_ask *ask, const uint8_t *in, struct pd_pixels *px);

#endif
