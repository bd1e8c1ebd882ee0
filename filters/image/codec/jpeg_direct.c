/*
 * The ways through a JPEG that never make RGB of it: what most of the web's
 * pictures take. Colour conversion and resampling there and back would cost as
 * much as the coding, and lose a little each time.
 */
#include <stdlib.h>
#include <string.h>

#include "filters/image/codec/jpeg_lib.h"

/* --- Rows of planes --------------------------------------------------------
 */

/*
 * Room for one row of MCUs of each component, as jpeg_read_raw_data() fills
 * it. Fails into the trap.
 */
struct strip {
	JSAMPROW row[3][4 * DCTSIZE];
	JSAMPARRAY plane[3];
	size_t stride[3];
	int rows; /* of the picture, for one call */
};

static void
make_strip(struct pd_jpeg *j, struct strip *s)
{
	struct jpeg_decompress_struct *d = &j->d;
	size_t total = 0;
	uint8_t *p;

	s->rows = d->max_v_samp_factor * DCTSIZE;
	for (int i = 0; i < d->num_components; i++) {
		/* Blocks that pad the last MCU are written as well. */
		s->stride[i] = ((size_t)d->comp_info[i].width_in_blocks +
				   MAX_SAMP_FACTOR) *
			       DCTSIZE;
		total += s->stride[i] * d->comp_info[i].v_samp_factor * DCTSIZE;
	}
	j->rows = calloc(1, total);
	if (j->rows == NULL)
		pd_jpeg_fail((j_common_ptr)d, PD_JOB_MEMORY);
	p = j->rows;
	for (int i = 0; i < d->num_components; i++) {
		s->plane[i] = s->row[i];
		for (int y = 0; y < d->comp_info[i].v_samp_factor * DCTSIZE;
		     y++, p += s->stride[i])
			s->row[i][y] = p;
	}
}

/* --- To WebP's planes ------------------------------------------------------
 */

/* JPEG's full range to the 16..235 and 16..240 that WebP decoders expect. */
struct range {
	uint8_t luma[256], chroma[256];
};

static void
make_range(struct range *r)
{
	for (int i = 0; i < 256; i++) {
		r->luma[i] = (uint8_t)(16 + (i * 219 + 127) / 255);
		r->chroma[i] =
		    (uint8_t)(128 +
			      ((i - 128) * 224 + (i < 128 ? -127 : 127)) / 255);
	}
}

static int
make_planes(struct pd_planes *pl, uint32_t width, uint32_t height)
{
	size_t half = ((size_t)height + 1) / 2;

	pl->width = width;
	pl->height = height;
	pl->y_stride = width;
	pl->uv_stride = ((size_t)width + 1) / 2;
	pl->y = malloc(pl->y_stride * height + 2 * pl->uv_stride * half);
	if (pl->y == NULL)
		return -1;
	pl->u = pl->y + pl->y_stride * height;
	pl->v = pl->u + pl->uv_stride * half;
	return 0;
}

void
pd_planes_finish(struct pd_planes *pl)
{
	free(pl->y);
	pl->y = NULL;
}

/*
 * One row of 4:2:0 chroma from the strip's row (and the one below it): h and v
 * are how many samples become one. n: samples stored in a strip's row; beyond
 * them the last is repeated, as the decoder's own padding may be anything.
 */
static void
chroma_row(const struct range *r, const uint8_t *a, const uint8_t *b,
    unsigned h, uint8_t *to, size_t width, size_t n)
{
	for (size_t x = 0; x < width; x++) {
		size_t at = x * h, next = at + h - 1;

		if (next >= n)
			next = n - 1;
		to[x] = r->chroma[(a[at] + a[next] + b[at] + b[next] + 2) / 4];
	}
}

/* Where the strips go. */
struct filling {
	struct pd_planes *pl;
	struct range range;
	unsigned h, v; /* samples of the file's chroma that become one */
	size_t chroma_width, chroma_height; /* in the file */
};

static void
put_luma(const struct filling *f, const struct strip *s, uint32_t top)
{
	const struct pd_planes *pl = f->pl;

	for (uint32_t y = 0; y < (uint32_t)s->rows && top + y < pl->height;
	     y++) {
		const uint8_t *from = s->row[0][y];
		uint8_t *to = pl->y + (top + y) * pl->y_stride;

		for (uint32_t x = 0; x < pl->width; x++)
			to[x] = f->range.luma[from[x]];
	}
}

static void
put_chroma(const struct filling *f, const struct strip *s, uint32_t top)
{
	const struct pd_planes *pl = f->pl;
	size_t half = ((size_t)pl->height + 1) / 2, at = top / 2;
	/* The file's row at which the strip begins. */
	size_t first = f->v == 2 ? top : top / 2;

	for (size_t y = 0; y < (size_t)s->rows / 2 && at + y < half; y++) {
		size_t a = y * f->v, b = a + f->v - 1;

		if (first + b >= f->chroma_height)
			b = a;
		chroma_row(&f->range, s->row[1][a], s->row[1][b], f->h,
		    pl->u + (at + y) * pl->uv_stride, pl->uv_stride,
		    f->chroma_width);
		chroma_row(&f->range, s->row[2][a], s->row[2][b], f->h,
		    pl->v + (at + y) * pl->uv_stride, pl->uv_stride,
		    f->chroma_width);
	}
}

/* A call reads 8 rows where luma is not doubled, which is 4 of chroma. */
static void
read_planes(struct pd_jpeg *j, struct strip *s, struct filling *f, bool colour)
{
	struct jpeg_decompress_struct *d = &j->d;

	while (d->output_scanline < d->output_height) {
		uint32_t top = d->output_scanline;

		pd_jpeg_check_late((j_common_ptr)d, j->ask);
		jpeg_read_raw_data(d, s->plane, (JDIMENSION)s->rows);
		put_luma(f, s, top);
		if (colour)
			put_chroma(f, s, top);
	}
}

enum pd_job_status
pd_jpeg_planes(struct pd_jpeg *j, bool grey, struct pd_planes *pl)
{
	struct jpeg_decompress_struct *d = &j->d;
	struct filling f = { .pl = pl };
	struct strip s;
	bool colour = !grey && d->num_components == 3;

	*pl = (struct pd_planes){ .y = NULL };
	if (make_planes(pl, d->image_width, d->image_height) != 0)
		return PD_JOB_MEMORY;
	make_range(&f.range);
	if (setjmp(j->trap.jump))
		return j->trap.status;
	d->raw_data_out = TRUE;
	d->out_color_space = d->jpeg_color_space;
	jpeg_start_decompress(d);
	make_strip(j, &s);
	if (colour) {
		f.h = d->max_h_samp_factor == 2 ? 1 : 2;
		f.v = d->max_v_samp_factor == 2 ? 1 : 2;
		f.chroma_width = d->comp_info[1].downsampled_width;
		f.chroma_height = d->comp_info[1].downsampled_height;
	} else {
		memset(pl->u, 128,
		    2 * pl->uv_stride * (((size_t)pl->height + 1) / 2));
	}
	read_planes(j, &s, &f, colour);
	jpeg_finish_decompress(d);
	return PD_JOB_DONE;
}

/* --- JPEG to JPEG ----------------------------------------------------------
 */

enum pd_job_status
pd_jpeg_rewrite(struct pd_jpeg *j, const struct pd_jpeg_params *params,
    struct pd_codec_out *out)
{
	struct pd_jpeg_writer w;
	jvirt_barray_ptr *coefficients;

	memset(&w, 0, sizeof(w));
	if (setjmp(j->trap.jump)) {
		pd_jpeg_writer_finish(&w);
		return j->trap.status;
	}
	pd_jpeg_writer_init(&w, &j->trap, out);
	coefficients = jpeg_read_coefficients(&j->d);
	pd_jpeg_check_late((j_common_ptr)&j->d, j->ask);
	jpeg_copy_critical_parameters(&j->d, &w.c);
	w.c.optimize_coding = TRUE;
	if (params->progressive)
		jpeg_simple_progression(&w.c);
	jpeg_write_coefficients(&w.c, coefficients);
	pd_jpeg_writer_icc(&w, params);
	jpeg_finish_compress(&w.c);
	pd_jpeg_writer_finish(&w);
	jpeg_finish_decompress(&j->d);
	return PD_JOB_DONE;
}

/* Planes as they are. */
static void
copy_planes(struct pd_jpeg *j, struct pd_jpeg_writer *w,
    const struct pd_jpeg_params *params)
{
	struct jpeg_decompress_struct *d = &j->d;
	struct strip s;

	d->raw_data_out = TRUE;
	d->out_color_space = d->jpeg_color_space;
	jpeg_start_decompress(d);
	make_strip(j, &s);
	pd_jpeg_writer_set(
	    w, d->image_width, d->image_height, d->jpeg_color_space, params);
	for (int i = 0; i < d->num_components; i++) {
		w->c.comp_info[i].h_samp_factor = d->comp_info[i].h_samp_factor;
		w->c.comp_info[i].v_samp_factor = d->comp_info[i].v_samp_factor;
	}
	w->c.raw_data_in = TRUE;
	jpeg_start_compress(&w->c, TRUE);
	pd_jpeg_writer_icc(w, params);
	while (d->output_scanline < d->output_height) {
		pd_jpeg_check_late((j_common_ptr)d, j->ask);
		jpeg_read_raw_data(d, s.plane, (JDIMENSION)s.rows);
		jpeg_write_raw_data(&w->c, s.plane, (JDIMENSION)s.rows);
	}
}

/* Rows of samples, resampled where the two sides differ. */
static void
copy_rows(struct pd_jpeg *j, struct pd_jpeg_writer *w, J_COLOR_SPACE space,
    const struct pd_jpeg_params *params)
{
	struct jpeg_decompress_struct *d = &j->d;
	JSAMPROW row;

	d->out_color_space = space;
	jpeg_start_decompress(d);
	j->rows =
	    malloc((size_t)d->output_width * (unsigned)d->output_components);
	if (j->rows == NULL)
		pd_jpeg_fail((j_common_ptr)d, PD_JOB_MEMORY);
	row = j->rows;
	pd_jpeg_writer_set(w, d->image_width, d->image_height, space, params);
	jpeg_start_compress(&w->c, TRUE);
	pd_jpeg_writer_icc(w, params);
	while (d->output_scanline < d->output_height) {
		if (d->output_scanline % PD_JPEG_CLOCK_ROWS == 0)
			pd_jpeg_check_late((j_common_ptr)d, j->ask);
		jpeg_read_scanlines(d, &row, 1);
		jpeg_write_scanlines(&w->c, &row, 1);
	}
}

enum pd_job_status
pd_jpeg_requantise(struct pd_jpeg *j, bool grey,
    const struct pd_jpeg_params *params, struct pd_codec_out *out)
{
	uint64_t pixels = (uint64_t)j->d.image_width * j->d.image_height;
	bool halve = pd_jpeg_is_444(j) && pixels >= PD_CODEC_SMALL_PIXELS;
	struct pd_jpeg_writer w;

	memset(&w, 0, sizeof(w));
	if (setjmp(j->trap.jump)) {
		pd_jpeg_writer_finish(&w);
		return j->trap.status;
	}
	pd_jpeg_writer_init(&w, &j->trap, out);
	if (grey)
		copy_rows(j, &w, JCS_GRAYSCALE, params);
	else if (halve)
		copy_rows(j, &w, JCS_YCbCr, params);
	else
		copy_planes(j, &w, params);
	jpeg_finish_compress(&w.c);
	pd_jpeg_writer_finish(&w);
	jpeg_finish_decompress(&j->d);
	return PD_JOB_DONE;
}
