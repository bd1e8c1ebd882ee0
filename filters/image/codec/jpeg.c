#include "filters/image/codec/jpeg.h"

#include <stdlib.h>
#include <string.h>

#include "filters/image/codec/jpeg_lib.h"

#include <jerror.h>

/* --- Errors ----------------------------------------------------------------
 */

void
pd_jpeg_fail(j_common_ptr lib, enum pd_job_status status)
{
	struct pd_jpeg_trap *trap = (struct pd_jpeg_trap *)lib->err;

	trap->status = status;
	longjmp(trap->jump, 1);
}

static void
on_error(j_common_ptr lib)
{
	pd_jpeg_fail(lib, lib->err->msg_code == JERR_OUT_OF_MEMORY
			      ? PD_JOB_MEMORY
			      : PD_JOB_BAD);
}

static void
on_message(j_common_ptr lib, int level)
{
	if (level >= 0)
		return;
	switch (lib->err->msg_code) {
	case JWRN_EXTRANEOUS_DATA: /* stray bytes, harmless and common */
	case JWRN_JFIF_MAJOR:
	case JWRN_ADOBE_XFORM:
		return;
	default:
		pd_jpeg_fail(lib, PD_JOB_BAD);
	}
}

static void
no_output(j_common_ptr lib)
{
	(void)lib;
}

void
pd_jpeg_trap_init(struct pd_jpeg_trap *trap)
{
	jpeg_std_error(&trap->mgr);
	trap->mgr.error_exit = on_error;
	trap->mgr.emit_message = on_message;
	trap->mgr.output_message = no_output;
	trap->status = PD_JOB_BAD;
}

void
pd_jpeg_check_late(j_common_ptr lib, const struct pd_job_ask *ask)
{
	if (pd_codec_late(ask))
		pd_jpeg_fail(lib, PD_JOB_LATE);
}

/* --- Reading ---------------------------------------------------------------
 */

/* After each scan of a progressive file and each row of blocks. */
static void
on_progress(j_common_ptr lib)
{
	struct jpeg_progress_mgr *p = lib->progress;

	if ((p->pass_counter & 15) == 0)
		pd_jpeg_check_late(
		    lib, ((struct pd_jpeg *)lib->client_data)->ask);
}

enum pd_job_status
pd_jpeg_open(
    struct pd_jpeg **out, const struct pd_job_ask *ask, const uint8_t *in)
{
	struct pd_jpeg *j =
	    calloc(1, sizeof(*j) + sizeof(struct jpeg_progress_mgr));
	struct jpeg_decompress_struct *d;

	*out = j;
	if (j == NULL)
		return PD_JOB_MEMORY;
	d = &j->d;
	j->ask = ask;
	pd_jpeg_trap_init(&j->trap);
	d->err = &j->trap.mgr;
	if (setjmp(j->trap.jump))
		return j->trap.status;
	jpeg_create_decompress(d);
	d->client_data = j;
	d->progress = (struct jpeg_progress_mgr *)(j + 1);
	d->progress->progress_monitor = on_progress;
	jpeg_mem_src(d, in, ask->in_len);
	if (ask->flags & PD_JOB_ICC)
		jpeg_save_markers(d, JPEG_APP0 + 2, 0xffff);
	jpeg_read_header(d, TRUE);
	if (d->image_width != ask->width || d->image_height != ask->height)
		return PD_JOB_BAD;
	if (d->num_components != 1 && d->num_components != 3 &&
	    d->num_components != 4)
		return PD_JOB_UNSUPPORTED;
	return PD_JOB_DONE;
}

void
pd_jpeg_close(struct pd_jpeg *j)
{
	if (j == NULL)
		return;
	jpeg_destroy_decompress(&j->d);
	free(j->rows);
	free(j);
}

unsigned
pd_jpeg_channels(const struct pd_jpeg *j)
{
	return (unsigned)j->d.num_components;
}

bool
pd_jpeg_is_plain(const struct pd_jpeg *j)
{
	return j->d.jpeg_color_space == JCS_YCbCr ||
	       j->d.jpeg_color_space == JCS_GRAYSCALE;
}

/* Luma's samples for one of chroma, each way, with chroma's both alike. */
static bool
sampled(const struct pd_jpeg *j, int h, int v)
{
	const jpeg_component_info *c = j->d.comp_info;

	return j->d.num_components == 3 &&
	       c[0].h_samp_factor == h * c[1].h_samp_factor &&
	       c[0].v_samp_factor == v * c[1].v_samp_factor &&
	       c[1].h_samp_factor == c[2].h_samp_factor &&
	       c[1].v_samp_factor == c[2].v_samp_factor;
}

bool
pd_jpeg_is_444(const struct pd_jpeg *j)
{
	return sampled(j, 1, 1);
}

bool
pd_jpeg_has_planes(const struct pd_jpeg *j)
{
	const jpeg_component_info *c = j->d.comp_info;

	if (j->d.jpeg_color_space == JCS_GRAYSCALE)
		return true;
	return j->d.jpeg_color_space == JCS_YCbCr && c[1].h_samp_factor == 1 &&
	       c[1].v_samp_factor == 1 &&
	       (sampled(j, 1, 1) || sampled(j, 2, 1) || sampled(j, 1, 2) ||
		   sampled(j, 2, 2));
}

bool
pd_jpeg_is_adobe(const struct pd_jpeg *j)
{
	return j->d.saw_Adobe_marker;
}

enum pd_job_status
pd_jpeg_icc(struct pd_jpeg *j, uint8_t **icc, size_t *len)
{
	JOCTET *p = NULL;
	unsigned int n = 0;

	*icc = NULL;
	*len = 0;
	if ((j->ask->flags & PD_JOB_ICC) == 0)
		return PD_JOB_DONE;
	if (setjmp(j->trap.jump))
		return j->trap.status;
	/* Its parts may be numbered wrongly, and then it counts as none. What
	 * the viewer makes of that is unknown. */
	if (!jpeg_read_icc_profile(&j->d, &p, &n) || n == 0) {
		free(p);
		return PD_JOB_BAD;
	}
	*icc = p;
	*len = n;
	return PD_JOB_DONE;
}

static J_COLOR_SPACE
pixel_space(const struct pd_jpeg *j)
{
	switch (j->d.num_components) {
	case 1:
		/* WebP knows no grey. */
		return j->ask->outputs & PD_JOB_JPEG ? JCS_GRAYSCALE : JCS_RGB;
	case 3:
		return JCS_RGB;
	default:
		return JCS_CMYK;
	}
}

static unsigned
channels_of(J_COLOR_SPACE space)
{
	return space == JCS_GRAYSCALE ? 1 : space == JCS_RGB ? 3 : 4;
}

enum pd_job_status
pd_jpeg_pixels(struct pd_jpeg *j, struct pd_pixels *px)
{
	struct jpeg_decompress_struct *d = &j->d;
	d->out_color_space = pixel_space(j);
	if (pd_pixels_init(px, d->image_width, d->image_height,
		channels_of(d->out_color_space)) != 0)
		return PD_JOB_MEMORY;
	if (setjmp(j->trap.jump))
		return j->trap.status;
	jpeg_start_decompress(d);
	while (d->output_scanline < d->output_height) {
		JSAMPROW row = px->p + d->output_scanline * px->stride;

		if (d->output_scanline % PD_JPEG_CLOCK_ROWS == 0)
			pd_jpeg_check_late((j_common_ptr)d, j->ask);
		jpeg_read_scanlines(d, &row, 1);
	}
	jpeg_finish_decompress(d);
	return PD_JOB_DONE;
}

/* --- Writing ---------------------------------------------------------------
 */

static void
dest_init(j_compress_ptr c)
{
	struct pd_jpeg_writer *w = c->client_data;

	w->dest.next_output_byte = w->out->p;
	w->dest.free_in_buffer = w->out->cap;
}

static boolean
dest_full(j_compress_ptr c)
{
	pd_jpeg_fail((j_common_ptr)c, PD_JOB_LARGER);
}

static void
dest_term(j_compress_ptr c)
{
	struct pd_jpeg_writer *w = c->client_data;

	w->out->n = w->out->cap - w->dest.free_in_buffer;
}

void
pd_jpeg_writer_init(struct pd_jpeg_writer *w, struct pd_jpeg_trap *trap,
    struct pd_codec_out *out)
{
	memset(w, 0, sizeof(*w));
	w->out = out;
	w->c.err = &trap->mgr;
	jpeg_create_compress(&w->c);
	w->c.client_data = w;
	w->dest.init_destination = dest_init;
	w->dest.empty_output_buffer = dest_full;
	w->dest.term_destination = dest_term;
	w->c.dest = &w->dest;
	/* The whole room at once: what is not written is never touched. */
	if (out->cap != out->max || out->p == NULL) {
		free(out->p);
		out->p = malloc(out->max);
		out->cap = out->p != NULL ? out->max : 0;
	}
	out->n = 0;
	if (out->p == NULL)
		pd_jpeg_fail((j_common_ptr)&w->c, PD_JOB_MEMORY);
}

void
pd_jpeg_writer_set(struct pd_jpeg_writer *w, uint32_t width, uint32_t height,
    J_COLOR_SPACE space, const struct pd_jpeg_params *params)
{
	struct jpeg_compress_struct *c = &w->c;

	c->image_width = width;
	c->image_height = height;
	c->input_components = space == JCS_GRAYSCALE ? 1 : 3;
	c->in_color_space = space;
	jpeg_set_defaults(c);
	/* A profile is made for the colours that there are. */
	if (params->grey && params->icc == NULL)
		jpeg_set_colorspace(c, JCS_GRAYSCALE);
	jpeg_set_quality(c, (int)params->quality, TRUE);
	c->optimize_coding = TRUE;
	if (params->progressive)
		jpeg_simple_progression(c);
}

void
pd_jpeg_writer_icc(
    struct pd_jpeg_writer *w, const struct pd_jpeg_params *params)
{
	if (params->icc != NULL)
		jpeg_write_icc_profile(
		    &w->c, params->icc, (unsigned)params->icc_len);
}

void
pd_jpeg_writer_finish(struct pd_jpeg_writer *w)
{
	jpeg_destroy_compress(&w->c);
}

enum pd_job_status
pd_jpeg_encode(const struct pd_pixels *px, const struct pd_job_ask *ask,
    const struct pd_jpeg_params *params, struct pd_codec_out *out)
{
	struct pd_jpeg_trap trap;
	struct pd_jpeg_writer w;
	J_COLOR_SPACE space = px->channels == 1 ? JCS_GRAYSCALE : JCS_RGB;

	if (px->channels > 3)
		return PD_JOB_UNSUPPORTED;
	pd_jpeg_trap_init(&trap);
	memset(&w, 0, sizeof(w));
	if (setjmp(trap.jump)) {
		pd_jpeg_writer_finish(&w);
		return trap.status;
	}
	pd_jpeg_writer_init(&w, &trap, out);
	pd_jpeg_writer_set(&w, px->width, px->height, space, params);
	if (params->full_chroma && space == JCS_RGB)
		w.c.comp_info[0].h_samp_factor =
		    w.c.comp_info[0].v_samp_factor = 1;
	jpeg_start_compress(&w.c, TRUE);
	pd_jpeg_writer_icc(&w, params);
	while (w.c.next_scanline < w.c.image_height) {
		JSAMPROW row = px->p + w.c.next_scanline * px->stride;

		if (w.c.next_scanline % PD_JPEG_CLOCK_ROWS == 0)
			pd_jpeg_check_late((j_common_ptr)&w.c, ask);
		jpeg_write_scanlines(&w.c, &row, 1);
	}
	jpeg_finish_compress(&w.c);
	pd_jpeg_writer_finish(&w);
	return PD_JOB_DONE;
}
