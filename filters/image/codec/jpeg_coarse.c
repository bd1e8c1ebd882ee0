#include "filters/image/codec/jpeg_coarse.h"

#include <string.h>

#include "filters/image/codec/jpeg_trellis.h"

/* Blocks of a component that are looked at to learn what its symbols cost, and
 * which steps suit it. All of them would change sizes by 0.01 %. */
#define SAMPLE 4000
/* How often that is learnt: what a block is best coded as hangs on the costs,
 * and the costs on that. Once takes 0.07 % more, a third time changes nothing.
 */
#define ROUNDS 2

/* Rows of blocks between two looks at the clock. */
#define CLOCK_ROWS 8

const uint8_t pd_jpeg_zigzag[DCTSIZE2] = { 0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32,
	25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14,
	21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51,
	58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63 };

/* --- Arrays ----------------------------------------------------------------
 */

JBLOCKROW
pd_jpeg_blocks(
    struct pd_jpeg_writer *w, jvirt_barray_ptr array, JDIMENSION row, bool fill)
{
	/* The reader's arrays, too: libjpeg itself goes this way. */
	return w->c.mem->access_virt_barray(
	    (j_common_ptr)&w->c, array, row, 1, fill)[0];
}

/* The largest sampling, by which all components are counted. */
static void
most_samples(const struct jpeg_compress_struct *c, unsigned *h, unsigned *v)
{
	*h = *v = 1;
	for (int i = 0; i < c->num_components; i++) {
		if ((unsigned)c->comp_info[i].h_samp_factor > *h)
			*h = (unsigned)c->comp_info[i].h_samp_factor;
		if ((unsigned)c->comp_info[i].v_samp_factor > *v)
			*v = (unsigned)c->comp_info[i].v_samp_factor;
	}
}

static JDIMENSION
ceil_div(uint64_t a, uint64_t b)
{
	return (JDIMENSION)((a + b - 1) / b);
}

void
pd_jpeg_want_array(
    struct pd_jpeg_writer *w, int component, struct pd_jpeg_plane *plane)
{
	struct jpeg_compress_struct *c = &w->c;
	unsigned h = (unsigned)c->comp_info[component].h_samp_factor;
	unsigned v = (unsigned)c->comp_info[component].v_samp_factor;
	unsigned h_most, v_most;

	most_samples(c, &h_most, &v_most);
	plane->across =
	    ceil_div((uint64_t)c->image_width * h, h_most * DCTSIZE);
	plane->down = ceil_div((uint64_t)c->image_height * v, v_most * DCTSIZE);
	/* The encoder reads whole MCUs. */
	plane->to = c->mem->request_virt_barray((j_common_ptr)c, JPOOL_IMAGE,
	    TRUE, ceil_div(plane->across, h) * h, ceil_div(plane->down, v) * v,
	    v);
}

void
pd_jpeg_make_arrays(struct pd_jpeg_writer *w)
{
	w->c.mem->realize_virt_arrays((j_common_ptr)&w->c);
}

/* --- Coarser ---------------------------------------------------------------
 */

/* Of colour: two. */
#define SHARE 2

/* The components that share a table. */
struct group {
	struct pd_jpeg_plane *planes;
	unsigned n; /* SHARE at most */
	enum pd_jpeg_kind kind;
	struct pd_jpeg_steps steps[SHARE];
	struct pd_jpeg_trellis trellis[SHARE];
};

/* Rows to go on by when a part of them will do. */
static JDIMENSION
stride(const struct pd_jpeg_plane *p)
{
	uint64_t blocks = (uint64_t)p->across * p->down;

	return blocks > SAMPLE ? ceil_div(blocks, SAMPLE) : 1;
}

static void
choose_steps(struct pd_jpeg_writer *w, struct group *g, unsigned quality)
{
	struct pd_jpeg_steps *const s[SHARE] = { &g->steps[0], &g->steps[1] };
	struct pd_jpeg_counts *counts = NULL;
	bool close = false;

	for (unsigned k = 0; k < g->n; k++) {
		struct pd_jpeg_steps *steps = &g->steps[k];

		memcpy(
		    steps->source, g->planes[k].source, sizeof(steps->source));
		pd_jpeg_steps_ideal(steps, quality, g->kind);
		close |= pd_jpeg_steps_close(steps);
	}
	if (!close) {
		pd_jpeg_steps_choose(s, NULL, g->n);
		return;
	}
	counts = w->c.mem->alloc_large(
	    (j_common_ptr)&w->c, JPOOL_IMAGE, SHARE * sizeof(*counts));
	memset(counts, 0, SHARE * sizeof(*counts));
	for (unsigned k = 0; k < g->n; k++) {
		const struct pd_jpeg_plane *p = &g->planes[k];

		for (JDIMENSION y = 0; y < p->down; y += stride(p))
			pd_jpeg_steps_count(&counts[k],
			    pd_jpeg_blocks(w, p->from, y, false), p->across);
	}
	pd_jpeg_steps_choose(s,
	    (const struct pd_jpeg_counts *const[]){ &counts[0], &counts[1] },
	    g->n);
}

static void
set_table(struct pd_jpeg_writer *w, int number, const struct group *g)
{
	struct jpeg_compress_struct *c = &w->c;
	JQUANT_TBL **table = &c->quant_tbl_ptrs[number];

	if (*table == NULL)
		*table = jpeg_alloc_quant_table((j_common_ptr)c);
	for (unsigned i = 0; i < DCTSIZE2; i++)
		(*table)->quantval[pd_jpeg_zigzag[i]] = g->steps[0].ours[i];
	(*table)->sent_table = FALSE;
}

static void
learn(struct pd_jpeg_writer *w, struct group *g)
{
	for (unsigned k = 0; k < g->n; k++)
		pd_jpeg_trellis_init(&g->trellis[k], &g->steps[k], g->kind);
	for (unsigned round = 0; round < ROUNDS; round++) {
		struct pd_jpeg_tally tally;

		memset(&tally, 0, sizeof(tally));
		for (unsigned k = 0; k < g->n; k++) {
			const struct pd_jpeg_plane *p = &g->planes[k];

			for (JDIMENSION y = 0; y < p->down; y += stride(p)) {
				JBLOCKROW row =
				    pd_jpeg_blocks(w, p->from, y, false);

				for (JDIMENSION x = 0; x < p->across; x++)
					pd_jpeg_trellis_tally(
					    &g->trellis[k], row[x], &tally);
			}
		}
		for (unsigned k = 0; k < g->n; k++)
			pd_jpeg_trellis_rates(&g->trellis[k], &tally);
	}
}

static void
quantise(struct pd_jpeg_writer *w, const struct pd_jpeg_plane *p,
    const struct pd_jpeg_trellis *t)
{
	for (JDIMENSION y = 0; y < p->down; y++) {
		JBLOCKROW from =
		    pd_jpeg_blocks(w, p->from, y, p->from == p->to);
		JBLOCKROW to =
		    p->from == p->to ? from : pd_jpeg_blocks(w, p->to, y, true);

		if (y % CLOCK_ROWS == 0)
			pd_jpeg_check_late((j_common_ptr)&w->c, w->ask);
		for (JDIMENSION x = 0; x < p->across; x++)
			pd_jpeg_trellis_block(t, from[x], to[x]);
	}
}

static enum pd_jpeg_kind
chroma_kind(const struct jpeg_compress_struct *c)
{
	const jpeg_component_info *luma = &c->comp_info[0], *u = luma + 1;

	return u->h_samp_factor * u->v_samp_factor <
		       luma->h_samp_factor * luma->v_samp_factor
		   ? PD_JPEG_CHROMA_HALF
		   : PD_JPEG_CHROMA_FULL;
}

void
pd_jpeg_coarsen(
    struct pd_jpeg_writer *w, struct pd_jpeg_plane *planes, unsigned quality)
{
	struct jpeg_compress_struct *c = &w->c;
	int ngroups = c->num_components == 1 ? 1 : 2;

	for (int i = 0; i < ngroups; i++) {
		struct group g = { .planes = planes + i,
			.n = i == 0 ? 1 : SHARE,
			.kind = i == 0 ? PD_JPEG_LUMA : chroma_kind(c) };

		choose_steps(w, &g, quality);
		set_table(w, i, &g);
		learn(w, &g);
		for (unsigned k = 0; k < g.n; k++) {
			c->comp_info[(unsigned)i + k].quant_tbl_no = i;
			quantise(w, &g.planes[k], &g.trellis[k]);
		}
	}
}

/* --- Out -------------------------------------------------------------------
 */

void
pd_jpeg_write_planes(struct pd_jpeg_writer *w,
    const struct pd_jpeg_plane *planes, const struct pd_jpeg_params *params)
{
	jvirt_barray_ptr arrays[3] = { NULL };

	for (int i = 0; i < w->c.num_components; i++)
		arrays[i] = planes[i].to;
	w->c.optimize_coding = TRUE;
	if (params->progressive)
		pd_jpeg_writer_scans(w, false);
	jpeg_write_coefficients(&w->c, arrays);
	pd_jpeg_writer_icc(w, params);
	jpeg_finish_compress(&w->c);
}
