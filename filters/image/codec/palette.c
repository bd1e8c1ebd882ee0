/*
 * How the colours are chosen: a histogram, cut where it spreads most until
 * there are as many boxes as colours, whose means are then moved by a few
 * rounds of k-means. This is done for a few numbers of colours, until the least
 * that is good enough is found.
 */
#include "filters/image/codec/palette.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "filters/image/codec/palette_part.h"

/* So few are left as they are: a pixel takes half a byte at most already. */
#define FEW 16

/* An error that is none, but for rounding. */
#define EXACT 1e-6

/* Moves of the means. */
#define ROUNDS 3

/* The first number of colours that is tried, and how many are. */
#define FIRST 32
#define TRIES 4
/* The error falls with so many powers of the number of colours (1 to 3 over
 * the corpus); a little more than that says is taken, as another try costs more
 * than a few colours. */
#define SLOPE  1.7
#define MARGIN 1.08

/* What is seen from afar: squares of so many pixels a side, and of large
 * pictures so many pixels in all. */
#define SIDE   8
#define SAMPLE 400000

/*
 * Error diffusion is for what 256 colours do not hold: it takes a twentieth
 * more bytes, and is then worth as much as half of the error.
 */
#define DITHER_GAIN 1.5

/* --- The histogram ---------------------------------------------------------
 */

static inline uint32_t
cut_bits(uint32_t colour, unsigned cut)
{
	uint32_t keep = (0xffu >> cut << cut) * 0x01010101u;

	/* Opaque and nearly are never one. */
	return (colour & 255) == 255 ? (colour & keep) | 255 : colour & keep;
}

/* The entry of a colour, new (at x) or old; ENTRIES: there is no room for it.
 */
static unsigned
entry_of(struct quantiser *q, uint32_t colour, point x)
{
	unsigned slot = colour * 2654435761u >> (32 - TABLE_BITS);

	while (q->table[slot] != 0) {
		unsigned i = q->table[slot] - 1u;

		if (q->entry[i].colour == colour)
			return i;
		slot = (slot + 1) % TABLE;
	}
	if (q->nentries == ENTRIES)
		return ENTRIES;
	q->entry[q->nentries] = (struct entry){ .x = x, .colour = colour };
	q->off[q->nentries] = (point){ 0 };
	q->table[slot] = (uint16_t)++q->nentries;
	return q->nentries - 1;
}

/* Each pixel to its entry. -1: more colours than there is room for. */
static int
count_once(struct quantiser *q)
{
	const struct pd_pixels *px = q->px;
	uint16_t *which = q->which;
	uint32_t last = 0;
	unsigned entry = HIDDEN;
	point x = { 0 };

	memset(q->table, 0, sizeof(q->table));
	q->nentries = 0;
	for (uint32_t y = 0; y < px->height; y++) {
		const uint8_t *p = px->p + y * px->stride;

		for (uint32_t i = 0; i < px->width; i++, p += px->channels) {
			uint32_t c = pd_pixels_at(p, px->channels);

			if ((c & 255) == 0) {
				q->hidden = true;
				*which++ = HIDDEN;
				continue;
			}
			if (entry == HIDDEN || c != last) {
				x = point_at(p, px->channels);
				entry = entry_of(q, cut_bits(c, q->cut), x);
				if (entry == ENTRIES)
					return -1;
				last = c;
			}
			q->entry[entry].n++;
			q->off[entry] += x - q->entry[entry].x;
			*which++ = (uint16_t)entry;
		}
	}
	return 0;
}

static void
count(struct quantiser *q)
{
	for (q->cut = 0; count_once(q) != 0; q->cut++)
		;
	for (unsigned i = 0; i < q->nentries; i++) {
		struct entry *e = &q->entry[i];
		float n = (float)e->n;

		e->x += q->off[i] / n;
		/* To the power of 3/4: a rare colour is seen, too. At the
		 * same score it saves 4 % of a drawing, 14 % of a photograph;
		 * a lower power spoils what there is most of. */
		e->weight = sqrtf(n * sqrtf(n));
	}
}

/* --- Boxes -----------------------------------------------------------------
 */

/* Entries are sorted into boxes by number, since `which` holds theirs. */
static void
measure(const struct quantiser *q, const uint16_t *order, struct box *b)
{
	point sum = { 0 }, squares = { 0 };
	float weight = 0;

	for (unsigned i = b->from; i < b->from + b->n; i++) {
		const struct entry *e = &q->entry[order[i]];

		sum += e->x * e->weight;
		weight += e->weight;
	}
	b->mean = sum / weight;
	for (unsigned i = b->from; i < b->from + b->n; i++) {
		const struct entry *e = &q->entry[order[i]];
		point d = e->x - b->mean;

		squares += d * d * e->weight;
	}
	b->spread = squares;
}

static unsigned
widest(const struct box *b)
{
	unsigned axis = 0;

	for (unsigned k = 1; k < 4; k++)
		if (b->spread[k] > b->spread[axis])
			axis = k;
	return axis;
}

/* At its mean, along the axis where it spreads most. The second half. */
static struct box
split(const struct quantiser *q, uint16_t *order, struct box *b)
{
	unsigned axis = widest(b), low = b->from, high = b->from + b->n;
	struct box second;

	while (low < high) {
		uint16_t i = order[low];

		if (q->entry[i].x[axis] < b->mean[axis]) {
			low++;
		} else {
			order[low] = order[--high];
			order[high] = i;
		}
	}
	second = (struct box){ .from = low, .n = b->from + b->n - low };
	b->n = low - b->from;
	measure(q, order, b);
	measure(q, order, &second);
	return second;
}

/* Cuts until there are n boxes, or nothing is left to cut. */
static void
cut_boxes(struct quantiser *q, unsigned n)
{
	uint16_t order[ENTRIES];

	for (unsigned i = 0; i < q->nentries; i++)
		order[i] = (uint16_t)i;
	q->box[0] = (struct box){ .n = q->nentries };
	measure(q, order, &q->box[0]);
	for (q->n = 1; q->n < n; q->n++) {
		unsigned most = 0;
		/* Less is one colour, but for rounding. */
		float spread = 1e-3f;

		for (unsigned i = 0; i < q->n; i++) {
			struct box *b = &q->box[i];
			float s = b->spread[widest(b)];

			if (b->n > 1 && s > spread) {
				spread = s;
				most = i;
			}
		}
		if (spread <= 1e-3f)
			break;
		q->box[q->n] = split(q, order, &q->box[most]);
	}
	for (unsigned i = 0; i < q->n; i++)
		q->colour[i] = q->box[i].mean;
}

/* --- The palette -----------------------------------------------------------
 */

static uint8_t
level(float v)
{
	return v <= 0 ? 0 : v >= 255 ? 255 : (uint8_t)lroundf(v);
}

/* The way back, to whole levels. */
static void
rgba_of(point v, uint8_t to[4])
{
	/* The gap lies beyond. */
	float half = v[3] > 127.25f ? 127.5f : v[3];
	float part = half > 0 ? half / 127.5f : 1;

	for (unsigned c = 0; c < 3; c++)
		to[c] = level((v[c] / root[c] + half) / part);
	to[3] = level(half * 2);
}

static void
fill_lanes(struct quantiser *q)
{
	for (unsigned i = 0; i < (q->n + 3) / 4 * 4; i++)
		for (unsigned k = 0; k < 4; k++)
			/* Beyond the last: far from all. */
			q->lanes[i / 4][k][i % 4] =
			    i < q->n ? q->colour[i][k] : 1e6f;
}

static void
assign(struct quantiser *q)
{
	fill_lanes(q);
	for (unsigned i = 0; i < q->nentries; i++)
		q->entry[i].index = (uint8_t)nearest(q, q->entry[i].x);
}

/* Each colour to the mean of its entries; or, when one of them is more than
 * half of all, to that one: a ground or a letter keeps its colour. */
static void
move_colours(struct quantiser *q)
{
	point sum[COLOURS];
	float weight[COLOURS] = { 0 }, most[COLOURS] = { 0 };
	unsigned main[COLOURS] = { 0 };

	memset(sum, 0, sizeof(sum));
	for (unsigned i = 0; i < q->nentries; i++) {
		const struct entry *e = &q->entry[i];

		sum[e->index] += e->x * e->weight;
		weight[e->index] += e->weight;
		if (e->weight > most[e->index]) {
			most[e->index] = e->weight;
			main[e->index] = i;
		}
	}
	for (unsigned i = 0; i < q->n; i++)
		if (weight[i] > 0)
			q->colour[i] = most[i] * 2 > weight[i]
					   ? q->entry[main[i]].x
					   : sum[i] / weight[i];
}

/* n colours at most, of levels that a file can hold. */
static void
make_palette(struct quantiser *q, unsigned n)
{
	cut_boxes(q, n);
	for (unsigned k = 0; k < ROUNDS; k++) {
		assign(q);
		move_colours(q);
	}
	for (unsigned i = 0; i < q->n; i++) {
		rgba_of(q->colour[i], q->rgba[i]);
		q->colour[i] = point_at(q->rgba[i], 4);
	}
	assign(q);
}

/* --- How good it is --------------------------------------------------------
 */

/* What is left of the error in one square, from afar. */
static double
square_error(const struct quantiser *q, uint32_t x, uint32_t y)
{
	uint32_t right = x + SIDE, bottom = y + SIDE, pixels;
	point sum = { 0 };

	if (right > q->px->width)
		right = q->px->width;
	if (bottom > q->px->height)
		bottom = q->px->height;
	pixels = (right - x) * (bottom - y);
	for (; y < bottom; y++) {
		const uint16_t *which = q->which + (size_t)y * q->px->width;

		for (uint32_t i = x; i < right; i++)
			if (which[i] != HIDDEN)
				sum += q->off[which[i]];
	}
	return (double)square(sum) / pixels / pixels;
}

static double
error_of(struct quantiser *q)
{
	const struct pd_pixels *px = q->px;
	uint32_t rows = (px->height + SIDE - 1) / SIDE;
	uint32_t step =
	    1 + (uint32_t)((uint64_t)px->width * px->height / SAMPLE);
	double error = 0;
	uint64_t n = 0;

	for (unsigned i = 0; i < q->nentries; i++)
		q->off[i] = q->entry[i].x - q->colour[q->entry[i].index];
	for (uint32_t row = rows > step ? step / 2 : 0; row < rows; row += step)
		for (uint32_t x = 0; x < px->width; x += SIDE, n++)
			error += square_error(q, x, row * SIDE);
	return error / (double)n;
}

/* The fewest colours whose error is at most worst, about, or else all of them:
 * its error. */
static double
search(struct quantiser *q, unsigned colours, double worst)
{
	/* So many are too few; so many are enough, or all that there may be. */
	unsigned low = 1, high = colours, n = FIRST, made = 0;
	double error = 0;

	for (unsigned k = 0; k < TRIES && n < high; k++) {
		double next;

		make_palette(q, n);
		made = n;
		error = error_of(q);
		if (error <= worst)
			high = n;
		else
			low = n;
		if (high - low <= 1 + high / 8)
			break;
		next = n * pow(error / worst, 1 / SLOPE) * MARGIN;
		/* A line through one point is not to be believed for long: to a
		 * quarter at most, and once both ends are known, between them.
		 */
		if (next < n / 4.0)
			next = n / 4.0;
		if (high < colours && (k >= 2 || next >= high))
			next = sqrt((double)low * high);
		n = next >= high  ? high
		    : next <= low ? low + 1
				  : (unsigned)next;
	}
	if (made != high) {
		make_palette(q, high);
		error = error_of(q);
	}
	return error;
}

enum pd_job_status
pd_palette_reduce(
    struct pd_pixels *px, unsigned colours, double worst, bool *fits)
{
	struct quantiser *q = calloc(1, sizeof(*q));
	enum pd_job_status status = PD_JOB_MEMORY;
	double error;

	*fits = false;
	if (q == NULL)
		return PD_JOB_MEMORY;
	q->px = px;
	q->which = malloc((size_t)px->width * px->height * sizeof(*q->which));
	if (q->which == NULL)
		goto free_quantiser;
	count(q);
	status = PD_JOB_DONE;
	*fits = true;
	colours -= q->hidden;
	if (worst < EXACT)
		worst = EXACT;
	if (q->nentries == 0 || (q->nentries <= FEW && q->nentries <= colours))
		goto free_quantiser;
	error = search(q, colours, worst);
	if (error <= worst)
		pd_palette_paint(q);
	else if (error > worst * DITHER_GAIN)
		*fits = false;
	else if (pd_palette_dither(q) != 0)
		status = PD_JOB_MEMORY;
free_quantiser:
	free(q->which);
	free(q);
	return status;
}
