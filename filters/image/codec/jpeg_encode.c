/*
 * Pixels to JPEG: to coefficients, finer than any JPEG has them, and then as a
 * JPEG that is made coarser.
 */
#include <string.h>

#include "filters/image/codec/jpeg_coarse.h"
#include "filters/image/codec/jpeg_dct.h"

/* The rows of pixels that one row of MCUs takes at most. */
#define ROWS (2 * DCTSIZE)

/* Their samples, -128..127. Width and height are filled up to whole MCUs by
 * repeating the last. */
struct band {
	size_t width;
	unsigned rows;
	float *y, *u, *v; /* one allocation of libjpeg's, at y */
};

static void
band_init(struct band *b, struct pd_jpeg_writer *w)
{
	size_t mcu = (size_t)w->c.comp_info[0].h_samp_factor * DCTSIZE;

	b->width = (w->c.image_width + mcu - 1) / mcu * mcu;
	b->rows = (unsigned)w->c.comp_info[0].v_samp_factor * DCTSIZE;
	b->y = w->c.mem->alloc_large((j_common_ptr)&w->c, JPOOL_IMAGE,
	    b->width * ROWS * 3 * sizeof(float));
	b->u = b->y + b->width * ROWS;
	b->v = b->u + b->width * ROWS;
}

/* BT.601's, as JFIF has it. */
static void
colour_row(const uint8_t *p, size_t n, float *y, float *u, float *v)
{
	for (size_t x = 0; x < n; x++) {
		float r = p[3 * x], g = p[3 * x + 1], b = p[3 * x + 2];

		y[x] = 0.299F * r + 0.587F * g + 0.114F * b - 128;
		u[x] = -0.168736F * r - 0.331264F * g + 0.5F * b;
		v[x] = 0.5F * r - 0.418688F * g - 0.081312F * b;
	}
}

static void
luma_row(const struct pd_pixels *px, const uint8_t *p, float *y)
{
	for (size_t x = 0; x < px->width; x++)
		y[x] = px->channels == 1
			   ? (float)p[x] - 128
			   : 0.299F * p[3 * x] + 0.587F * p[3 * x + 1] +
				 0.114F * p[3 * x + 2] - 128;
}

static void
repeat_last(float *row, size_t n, size_t width)
{
	for (size_t x = n; x < width; x++)
		row[x] = row[n - 1];
}

static void
band_fill(struct band *b, const struct pd_pixels *px, uint32_t top, bool colour)
{
	for (uint32_t y = 0; y < b->rows; y++) {
		uint32_t from = top + y < px->height ? top + y : px->height - 1;
		const uint8_t *p = px->p + from * px->stride;
		size_t at = y * b->width;

		if (!colour) {
			luma_row(px, p, b->y + at);
		} else {
			colour_row(
			    p, px->width, b->y + at, b->u + at, b->v + at);
			repeat_last(b->u + at, px->width, b->width);
			repeat_last(b->v + at, px->width, b->width);
		}
		repeat_last(b->y + at, px->width, b->width);
	}
}

/* Four samples to one, where they lie: rows are read before they are written.
 */
static void
band_halve(const struct band *b, float *plane)
{
	for (size_t y = 0; y < DCTSIZE; y++) {
		const float *upper = plane + 2 * y * b->width;
		const float *lower = upper + b->width;
		float *to = plane + y * b->width;

		for (size_t x = 0; x < b->width / 2; x++)
			to[x] = (upper[2 * x] + upper[2 * x + 1] +
				    lower[2 * x] + lower[2 * x + 1]) /
				4;
	}
}

/* Of component i, the rows of blocks from row on. */
static void
band_transform(struct pd_jpeg_writer *w, const struct pd_jpeg_dct *dct,
    const struct band *b, const struct pd_jpeg_plane *planes, int i,
    JDIMENSION row)
{
	const struct pd_jpeg_plane *p = &planes[i];
	const float *samples = i == 0 ? b->y : i == 1 ? b->u : b->v;
	JDIMENSION rows = (JDIMENSION)w->c.comp_info[i].v_samp_factor;

	for (JDIMENSION y = 0; y < rows && row + y < p->down; y++) {
		JBLOCKROW to = pd_jpeg_blocks(w, p->from, row + y, true);

		for (JDIMENSION x = 0; x < p->across; x++)
			pd_jpeg_dct_block(dct,
			    samples + y * DCTSIZE * b->width +
				(size_t)x * DCTSIZE,
			    b->width, to[x]);
	}
}

static void
transform(struct pd_jpeg_writer *w, const struct pd_pixels *px,
    struct pd_jpeg_plane *planes)
{
	bool colour = w->c.num_components == 3;
	bool halved = w->c.comp_info[0].h_samp_factor == 2;
	struct pd_jpeg_dct dct;
	struct band b;

	pd_jpeg_dct_init(&dct);
	band_init(&b, w);
	for (uint32_t top = 0; top < px->height; top += b.rows) {
		pd_jpeg_check_late((j_common_ptr)&w->c, w->ask);
		band_fill(&b, px, top, colour);
		band_transform(w, &dct, &b, planes, 0, top / DCTSIZE);
		if (!colour)
			continue;
		if (halved) {
			band_halve(&b, b.u);
			band_halve(&b, b.v);
		}
		band_transform(w, &dct, &b, planes, 1, top / b.rows);
		band_transform(w, &dct, &b, planes, 2, top / b.rows);
	}
}

static void
set_up(struct pd_jpeg_writer *w, const struct pd_pixels *px,
    const struct pd_jpeg_params *params, struct pd_jpeg_plane *planes)
{
	struct jpeg_compress_struct *c = &w->c;
	/* A profile is made for the colours that there are. */
	bool grey = px->channels == 1 || (params->grey && params->icc == NULL);

	c->image_width = px->width;
	c->image_height = px->height;
	c->in_color_space = grey ? JCS_GRAYSCALE : JCS_YCbCr;
	c->input_components = grey ? 1 : 3;
	jpeg_set_defaults(c);
	if (grey || params->full_chroma)
		c->comp_info[0].h_samp_factor = c->comp_info[0].v_samp_factor =
		    1;
	for (int i = 0; i < c->num_components; i++) {
		pd_jpeg_want_array(w, i, &planes[i]);
		planes[i].from = planes[i].to;
		for (unsigned k = 0; k < DCTSIZE2; k++)
			planes[i].source[k] = PD_JPEG_DCT_STEP;
	}
	pd_jpeg_make_arrays(w);
}

enum pd_job_status
pd_jpeg_encode(const struct pd_pixels *px, const struct pd_job_ask *ask,
    const struct pd_jpeg_params *params, struct pd_codec_out *out)
{
	struct pd_jpeg_plane planes[3];
	struct pd_jpeg_trap trap;
	struct pd_jpeg_writer w;

	if (px->channels != 1 && px->channels != 3)
		return PD_JOB_UNSUPPORTED;
	pd_jpeg_trap_init(&trap);
	memset(&w, 0, sizeof(w));
	if (setjmp(trap.jump)) {
		pd_jpeg_writer_finish(&w);
		return trap.status;
	}
	pd_jpeg_writer_init(&w, &trap, ask, out);
	set_up(&w, px, params, planes);
	transform(&w, px, planes);
	pd_jpeg_coarsen(&w, planes, params->quality);
	pd_jpeg_write_planes(&w, planes, params);
	pd_jpeg_writer_finish(&w);
	return PD_JOB_DONE;
}
