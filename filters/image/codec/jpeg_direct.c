/*
 * The ways from JPEG to JPEG that never make pixels of it: what most of the
 * web's pictures take. Decoding and coding again would add rounding, clipping
 * and the errors of resampled colour, and cost as much as the coding.
 */
#include <string.h>

#include "filters/image/codec/jpeg_coarse.h"
#include "filters/image/codec/jpeg_dct.h"

/* Bits for a pixel from which a file has many coefficients. */
#define DENSE_BITS 0.7

static bool
is_dense(const struct pd_jpeg *j)
{
	return 8.0 * j->ask->in_len >
	       DENSE_BITS * j->d.image_width * j->d.image_height;
}

enum pd_job_status
pd_jpeg_rewrite(struct pd_jpeg *j, const struct pd_jpeg_params *params,
    struct pd_codec_out *out)
{
	struct pd_jpeg_writer w;
	jvirt_barray_ptr *coefficients;

	if (!pd_jpeg_is_plain(j))
		return PD_JOB_UNSUPPORTED;
	memset(&w, 0, sizeof(w));
	if (setjmp(j->trap.jump)) {
		pd_jpeg_writer_finish(&w);
		return j->trap.status;
	}
	pd_jpeg_writer_init(&w, &j->trap, j->ask, out);
	coefficients = jpeg_read_coefficients(&j->d);
	pd_jpeg_check_late((j_common_ptr)&j->d, j->ask);
	jpeg_copy_critical_parameters(&j->d, &w.c);
	w.c.optimize_coding = TRUE;
	if (params->progressive)
		pd_jpeg_writer_scans(&w, is_dense(j));
	jpeg_write_coefficients(&w.c, coefficients);
	pd_jpeg_writer_icc(&w, params);
	jpeg_finish_compress(&w.c);
	pd_jpeg_writer_finish(&w);
	jpeg_finish_decompress(&j->d);
	return PD_JOB_DONE;
}

/* --- Coarser ---------------------------------------------------------------
 */

/* The planes as they are in the file; they become coarser where they lie. */
static void
take_planes(struct pd_jpeg *j, struct pd_jpeg_plane *planes)
{
	jvirt_barray_ptr *arrays = jpeg_read_coefficients(&j->d);

	for (int i = 0; i < j->d.num_components; i++) {
		const jpeg_component_info *c = &j->d.comp_info[i];
		struct pd_jpeg_plane *p = &planes[i];

		/* A component without a scan has no table. */
		if (c->quant_table == NULL)
			pd_jpeg_fail((j_common_ptr)&j->d, PD_JOB_BAD);
		p->from = p->to = arrays[i];
		p->across = c->width_in_blocks;
		p->down = c->height_in_blocks;
		for (unsigned k = 0; k < DCTSIZE2; k++)
			p->source[k] =
			    c->quant_table->quantval[pd_jpeg_zigzag[k]];
	}
}

/* Without colour. The first component is luma, at full size. */
static void
drop_colour(struct pd_jpeg *j, struct pd_jpeg_writer *w)
{
	if (j->d.comp_info[0].h_samp_factor < j->d.max_h_samp_factor ||
	    j->d.comp_info[0].v_samp_factor < j->d.max_v_samp_factor)
		pd_jpeg_fail((j_common_ptr)&j->d, PD_JOB_UNSUPPORTED);
	jpeg_set_colorspace(&w->c, JCS_GRAYSCALE);
	w->c.comp_info[0].h_samp_factor = w->c.comp_info[0].v_samp_factor = 1;
}

/* Of 4:4:4 to 4:2:0. Luma will go to another array, as MCUs now take two rows
 * of it. */
static void
halve_colour(struct pd_jpeg_writer *w, struct pd_jpeg_plane *planes)
{
	struct pd_jpeg_dct dct;
	struct pd_jpeg_plane whole[3];

	memcpy(whole, planes, sizeof(whole));
	for (int i = 0; i < 3; i++)
		w->c.comp_info[i].h_samp_factor =
		    w->c.comp_info[i].v_samp_factor = i == 0 ? 2 : 1;
	for (int i = 0; i < 3; i++)
		pd_jpeg_want_array(w, i, &planes[i]);
	pd_jpeg_make_arrays(w);
	pd_jpeg_dct_init(&dct);
	for (int i = 1; i < 3; i++) {
		for (JDIMENSION y = 0; y < planes[i].down; y++) {
			pd_jpeg_check_late((j_common_ptr)&w->c, w->ask);
			pd_jpeg_dct_halve_row(
			    &dct, w, &whole[i], &planes[i], y);
		}
		planes[i].from = planes[i].to;
		for (unsigned k = 0; k < DCTSIZE2; k++)
			planes[i].source[k] = PD_JPEG_DCT_STEP;
	}
}

enum pd_job_status
pd_jpeg_requantise(struct pd_jpeg *j, bool grey,
    const struct pd_jpeg_params *params, struct pd_codec_out *out)
{
	uint64_t pixels = (uint64_t)j->d.image_width * j->d.image_height;
	struct pd_jpeg_plane planes[3];
	struct pd_jpeg_writer w;

	if (!pd_jpeg_is_plain(j))
		return PD_JOB_UNSUPPORTED;
	memset(&w, 0, sizeof(w));
	if (setjmp(j->trap.jump)) {
		pd_jpeg_writer_finish(&w);
		return j->trap.status;
	}
	pd_jpeg_writer_init(&w, &j->trap, j->ask, out);
	take_planes(j, planes);
	pd_jpeg_check_late((j_common_ptr)&j->d, j->ask);
	jpeg_copy_critical_parameters(&j->d, &w.c);
	if (grey && j->d.num_components == 3)
		drop_colour(j, &w);
	else if (pd_jpeg_is_444(j) && pixels >= PD_JOB_SMALL_PIXELS)
		halve_colour(&w, planes);
	pd_jpeg_coarsen(&w, planes, params->quality);
	pd_jpeg_write_planes(&w, planes, params);
	pd_jpeg_writer_finish(&w);
	jpeg_finish_decompress(&j->d);
	return PD_JOB_DONE;
}
