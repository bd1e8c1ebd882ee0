/*
 * A JPEG's planes, as they are stored: for WebP and AVIF, and for JPEG again.
 */
#include <stdlib.h>
#include <string.h>

#include "filters/image/codec/jpeg_lib.h"

/* --- Planes kept whole -----------------------------------------------------
 */

/* The most rows of a component that one call fills: 4 blocks of 16, which is
 * what the library may scale a block up to. */
#define EACH_MAX (MAX_SAMP_FACTOR * 2 * DCTSIZE)

/*
 * One plane while it is read and fitted. The library writes straight into it,
 * so there is room for whole MCUs, and for what it becomes when it is fitted.
 */
struct plane {
	uint8_t *p;
	size_t stride, rows;     /* of the room */
	size_t width, height;    /* samples that count */
	size_t each;             /* rows that one call fills */
	unsigned down_x, down_y; /* luma's samples for one, each way: 1, 2, 4 */
};

struct reading {
	struct pd_planes *pl;
	struct plane plane[3];
	unsigned n;          /* planes that are wanted: 1 or 3 */
	unsigned to_x, to_y; /* what chroma's down_x and down_y must become */
};

static size_t
larger(size_t a, size_t b)
{
	return a > b ? a : b;
}

/* How much coarser a part is than the whole; 0 where no plane can hold it. */
static unsigned
coarser(int whole, int part)
{
	if (whole == part || whole == 2 * part || whole == 4 * part)
		return (unsigned)(whole / part);
	return 0;
}

/* A scaled decoding gives each component its own size of block, and so its own
 * place between luma's resolution and half of it. -1 when it fits nowhere. */
static int
measure(struct plane *p, const struct jpeg_decompress_struct *d,
    const jpeg_component_info *c)
{
	p->down_x = coarser(d->max_h_samp_factor * d->min_DCT_scaled_size,
	    c->h_samp_factor * c->DCT_scaled_size);
	p->down_y = coarser(d->max_v_samp_factor * d->min_DCT_scaled_size,
	    c->v_samp_factor * c->DCT_scaled_size);
	if (p->down_x == 0 || p->down_y == 0)
		return -1;
	p->width = (d->output_width + p->down_x - 1) / p->down_x;
	p->height = (d->output_height + p->down_y - 1) / p->down_y;
	p->each = (size_t)c->v_samp_factor * (size_t)c->DCT_scaled_size;
	/* Blocks that pad the last MCU may be written as well. */
	p->stride = ((size_t)c->width_in_blocks + MAX_SAMP_FACTOR) *
		    (size_t)c->DCT_scaled_size;
	p->rows = (p->height + p->each - 1) / p->each * p->each;
	return 0;
}

/*
 * The nearest of 4:4:4, 4:2:2 and 4:2:0 that keeps what there is: colour halved
 * in height alone exists in JPEG only, and a quarter is as good as a half.
 */
static void
choose_sampling(struct reading *r, enum pd_jpeg_planes_want want)
{
	const struct plane *c = &r->plane[1];

	if (want != PD_JPEG_PLANES_OWN || r->n == 1) {
		r->to_x = r->to_y = 2;
		return;
	}
	r->to_x = c->down_x > 1 ? 2 : 1;
	r->to_y = r->to_x == 2 && c->down_y > 1 ? 2 : 1;
}

/* After jpeg_calc_output_dimensions(). -1 when it fits nowhere. */
static int
plan_reading(struct reading *r, const struct jpeg_decompress_struct *d,
    enum pd_jpeg_planes_want want)
{
	for (unsigned i = 0; i < r->n; i++)
		if (measure(&r->plane[i], d, &d->comp_info[i]) != 0)
			return -1;
	if (r->plane[0].down_x != 1 || r->plane[0].down_y != 1)
		return -1;
	if (r->n == 3 && (r->plane[1].down_x != r->plane[2].down_x ||
			     r->plane[1].down_y != r->plane[2].down_y))
		return -1;
	choose_sampling(r, want);
	return 0;
}

/* One allocation for all, and pl's view of what they will be. */
static int
allocate(struct reading *r, const struct jpeg_decompress_struct *d)
{
	struct pd_planes *pl = r->pl;
	size_t half_width = (d->output_width + r->to_x - 1) / r->to_x;
	size_t half_height = (d->output_height + r->to_y - 1) / r->to_y;
	size_t total = r->plane[0].stride * r->plane[0].rows;

	for (unsigned i = 1; i < 3; i++) {
		struct plane *c = &r->plane[i];

		c->stride = larger(r->plane[1].stride, c->stride);
		c->stride = larger(c->stride, half_width);
		c->rows = larger(c->rows, half_height);
		total += c->stride * c->rows;
	}
	pl->y = malloc(total);
	if (pl->y == NULL)
		return -1;
	r->plane[0].p = pl->y;
	r->plane[1].p = pl->y + r->plane[0].stride * r->plane[0].rows;
	r->plane[2].p = r->plane[1].p + r->plane[1].stride * r->plane[1].rows;
	pl->width = d->output_width;
	pl->height = d->output_height;
	pl->u = r->plane[1].p;
	pl->v = r->plane[2].p;
	pl->y_stride = r->plane[0].stride;
	pl->uv_stride = r->plane[1].stride;
	pl->shift_x = (uint8_t)(r->to_x - 1);
	pl->shift_y = (uint8_t)(r->to_y - 1);
	pl->full_range = true;
	pl->grey = r->n == 1;
	return 0;
}

static void
read_planes(struct pd_jpeg *j, struct reading *r)
{
	struct jpeg_decompress_struct *d = &j->d;
	JSAMPROW row[3][EACH_MAX];
	JSAMPARRAY planes[3] = { row[0], row[1], row[2] };
	JDIMENSION lines =
	    (JDIMENSION)(d->max_v_samp_factor * d->min_DCT_scaled_size);

	while (d->output_scanline < d->output_height) {
		size_t call = d->output_scanline / lines;

		pd_jpeg_check_late((j_common_ptr)d, j->ask);
		for (unsigned i = 0; i < r->n; i++) {
			struct plane *p = &r->plane[i];

			for (size_t y = 0; y < p->each; y++)
				row[i][y] =
				    p->p + (call * p->each + y) * p->stride;
		}
		jpeg_read_raw_data(d, planes, lines);
	}
}

/* --- Colour's resolution ---------------------------------------------------
 * In place: what is written never passes what is yet to be read.
 */

static void
halve_width(struct plane *p)
{
	size_t width = (p->width + 1) / 2;

	for (size_t y = 0; y < p->height; y++) {
		uint8_t *row = p->p + y * p->stride;

		for (size_t x = 0; x < p->width / 2; x++)
			row[x] =
			    (uint8_t)((row[2 * x] + row[2 * x + 1] + 1) / 2);
		if (p->width % 2 != 0)
			row[width - 1] = row[p->width - 1];
	}
	p->width = width;
	p->down_x *= 2;
}

static void
halve_height(struct plane *p)
{
	size_t height = (p->height + 1) / 2;

	for (size_t y = 0; y < height; y++) {
		const uint8_t *a = p->p + 2 * y * p->stride;
		const uint8_t *b = 2 * y + 1 < p->height ? a + p->stride : a;
		uint8_t *to = p->p + y * p->stride;

		for (size_t x = 0; x < p->width; x++)
			to[x] = (uint8_t)((a[x] + b[x] + 1) / 2);
	}
	p->height = height;
	p->down_y *= 2;
}

/* Between two samples, a quarter of the way from the nearer one: where the
 * finer grid's samples lie, as JFIF centres them. */
static inline uint8_t
quarter(unsigned near, unsigned far)
{
	return (uint8_t)((3 * near + far + 2) / 4);
}

static void
double_width(struct plane *p, size_t to)
{
	for (size_t y = 0; y < p->height; y++) {
		uint8_t *row = p->p + y * p->stride;
		uint8_t after = row[p->width - 1];

		for (size_t x = p->width; x-- > 0;) {
			uint8_t here = row[x],
				before = x > 0 ? row[x - 1] : here;

			if (2 * x + 1 < to)
				row[2 * x + 1] = quarter(here, after);
			row[2 * x] = quarter(here, before);
			after = here;
		}
	}
	p->width = to;
	p->down_x /= 2;
}

/* Rows as a whole, so that the loop goes wide: the lower of a pair first, as
 * the upper may lie where the row below it was read from. */
static void
double_height(struct plane *p, size_t to)
{
	for (size_t y = p->height; y-- > 0;) {
		const uint8_t *here = p->p + y * p->stride;
		const uint8_t *after =
		    y + 1 < p->height ? here + p->stride : here;
		const uint8_t *before = y > 0 ? here - p->stride : here;
		uint8_t *upper = p->p + 2 * y * p->stride;

		for (size_t x = 0; 2 * y + 1 < to && x < p->width; x++)
			upper[p->stride + x] = quarter(here[x], after[x]);
		for (size_t x = 0; x < p->width; x++)
			upper[x] = quarter(here[x], before[x]);
	}
	p->height = to;
	p->down_y /= 2;
}

static void
fit(struct plane *p, const struct reading *r)
{
	while (p->down_x < r->to_x)
		halve_width(p);
	while (p->down_y < r->to_y)
		halve_height(p);
	while (p->down_x > r->to_x) {
		unsigned down = p->down_x / 2;

		double_width(p, (r->plane[0].width + down - 1) / down);
	}
	while (p->down_y > r->to_y) {
		unsigned down = p->down_y / 2;

		double_height(p, (r->plane[0].height + down - 1) / down);
	}
}

/* --- WebP's range ----------------------------------------------------------
 */

/* JPEG's 0..255 to the 16..235 and 16..240 that decoders of WebP expect. v /
 * 255 without a division, exact below 65535, so that the loop goes wide. */
static void
narrow(struct plane *p, unsigned span, unsigned offset)
{
	for (size_t y = 0; y < p->height; y++) {
		uint8_t *row = p->p + y * p->stride;

		for (size_t x = 0; x < p->width; x++) {
			uint16_t v = (uint16_t)(row[x] * span + offset);

			row[x] = (uint8_t)(16 + ((v + 1 + (v >> 8)) >> 8));
		}
	}
}

static void
narrow_all(struct reading *r)
{
	/* Rounded; 128 stays 128: (128 - 16) * 255 - 128 * 224 is -112. */
	narrow(&r->plane[0], 219, 127);
	for (unsigned i = 1; i < r->n; i++)
		narrow(&r->plane[i], 224, 127 - 112);
	r->pl->full_range = false;
}

/* --- All of it -------------------------------------------------------------
 */

static void
begin(struct pd_jpeg *j, unsigned wanted)
{
	struct jpeg_decompress_struct *d = &j->d;

	d->raw_data_out = TRUE;
	d->out_color_space = d->jpeg_color_space;
	/* The library computes none of their samples then. */
	for (int i = (int)wanted; i < d->num_components; i++)
		d->comp_info[i].component_needed = FALSE;
	jpeg_start_decompress(d);
}

bool
pd_jpeg_planes_fit(const struct pd_jpeg *j)
{
	struct reading r = { .n = j->d.num_components == 3 ? 3 : 1 };

	return plan_reading(&r, &j->d, PD_JPEG_PLANES_OWN) == 0;
}

enum pd_job_status
pd_jpeg_planes(struct pd_jpeg *j, enum pd_jpeg_planes_want want, bool grey,
    struct pd_planes *pl)
{
	struct jpeg_decompress_struct *d = &j->d;
	struct reading r = { .pl = pl,
		.n = grey || d->num_components != 3 ? 1 : 3 };

	*pl = (struct pd_planes){ .y = NULL };
	if (setjmp(j->trap.jump))
		return j->trap.status;
	jpeg_calc_output_dimensions(d);
	if (plan_reading(&r, d, want) != 0)
		return PD_JOB_UNSUPPORTED;
	if (allocate(&r, d) != 0)
		return PD_JOB_MEMORY;
	begin(j, r.n);
	read_planes(j, &r);
	jpeg_finish_decompress(d);
	if (r.n == 1)
		memset(pl->u, 128, 2 * pl->uv_stride * r.plane[1].rows);
	else
		for (unsigned i = 1; i < 3; i++)
			fit(&r.plane[i], &r);
	if (want == PD_JPEG_PLANES_WEBP)
		narrow_all(&r);
	return PD_JOB_DONE;
}
