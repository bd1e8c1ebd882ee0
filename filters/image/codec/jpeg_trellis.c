#include "filters/image/codec/jpeg_trellis.h"

#include <math.h>
#include <string.h>

/* The largest absolute value that baseline can code; for the constant part it
 * is half of what it can, as differences are coded. */
#define LEVEL_MAX 1023

/* An error's price against the one that makes the ideal step the best: finer
 * steps with more zeroed, or coarser ones with less. Found as in jpeg_steps.c.
 */
static const float price[PD_JPEG_KINDS] = {
	[PD_JPEG_LUMA] = 1.9F,
	[PD_JPEG_CHROMA_HALF] = 2.7F,
	[PD_JPEG_CHROMA_FULL] = 2.7F,
};

/* Progressive scans code the ends of many blocks at once. */
#define END_SHARE 0.5

/* Half of our step, in the source's; the rounding is left to the exact test. */
static JCOEF
least_value(float ratio)
{
	return ratio > 0.5F / INT16_MAX ? (JCOEF)(0.5F / ratio) : INT16_MAX;
}

void
pd_jpeg_trellis_init(struct pd_jpeg_trellis *t, const struct pd_jpeg_steps *s,
    enum pd_jpeg_kind kind)
{
	for (unsigned i = 0; i < DCTSIZE2; i++) {
		float error = s->ours[i] / s->ideal[i];

		t->ratio[i] = s->source[i] / s->ours[i];
		t->worth[i] =
		    error * error * price[kind] * (float)PD_JPEG_ERROR_BITS;
		t->least[pd_jpeg_zigzag[i]] = least_value(t->ratio[i]);
	}
	for (unsigned run = 0; run < PD_JPEG_RUNS; run++)
		for (unsigned size = 0; size < PD_JPEG_SIZES; size++)
			t->rates.symbol[run][size] =
			    2.5F + 0.5F * (float)run + 2 * (float)size;
	t->rates.zeros = 10;
	t->rates.end = 3;
}

void
pd_jpeg_trellis_rates(
    struct pd_jpeg_trellis *t, const struct pd_jpeg_tally *tally)
{
	/* What was not seen is rare, and not impossible. */
	const double unseen = 0.02, longest = 16;
	double total = tally->end + tally->zeros + 2;

	for (unsigned run = 0; run < PD_JPEG_RUNS; run++)
		for (unsigned size = 1; size < PD_JPEG_SIZES; size++)
			total += tally->symbol[run][size] + unseen;
	for (unsigned run = 0; run < PD_JPEG_RUNS; run++) {
		for (unsigned size = 1; size < PD_JPEG_SIZES; size++) {
			double n = tally->symbol[run][size] + unseen;

			t->rates.symbol[run][size] =
			    (float)(size + fmin(log2(total / n), longest));
		}
	}
	t->rates.zeros = (float)log2(total / (tally->zeros + 0.5));
	t->rates.end = (float)(END_SHARE * log2(total / (tally->end + 1)));
}

/* --- One block -------------------------------------------------------------
 */

/* Bits of a value above 0. */
static unsigned
size_of(unsigned v)
{
	return 32 - (unsigned)__builtin_clz(v);
}

/* The coefficients that may stay; node 0 is the block's beginning. */
struct nodes {
	unsigned n;
	uint8_t at[DCTSIZE2]; /* in the zigzag */
	int16_t level[DCTSIZE2];
	uint8_t
	    before[DCTSIZE2]; /* the node before, on the cheapest way here */
	/* Bits of that way, less what its coefficients are worth; and the least
	 * of this node's and all before it. */
	float bits[DCTSIZE2], least[DCTSIZE2];
};

/* A coefficient and what it may become: its nearest level, or the next smaller
 * one where that has a shorter code. */
struct choice {
	unsigned at, level, size;
	float worth, smaller; /* against leaving it out, bits */
	bool may_shrink;
};

/*
 * The cheapest way to a coefficient that stays. Ways are tried from the nearest
 * node back until none farther can be cheaper, which is soon: what lies between
 * would have to go.
 */
static void
add_node(const struct pd_jpeg_rates *rates, const struct choice *c, bool minus,
    struct nodes *to)
{
	float best = HUGE_VALF;
	unsigned level = c->level, before = 0, n = to->n;

	for (unsigned p = n; p-- > 0;) {
		unsigned run = c->at - to->at[p] - 1;
		float bits = to->bits[p], x;

		if (to->least[p] + (float)(c->size - 1) - c->worth >= best)
			break;
		if (run >= PD_JPEG_RUNS) {
			unsigned full = run / PD_JPEG_RUNS;

			bits += rates->zeros * (float)full;
			run %= PD_JPEG_RUNS;
		}
		x = bits + rates->symbol[run][c->size] - c->worth;
		if (x < best) {
			best = x;
			before = p;
			level = c->level;
		}
		if (!c->may_shrink)
			continue;
		x = bits + rates->symbol[run][c->size - 1] - c->smaller;
		if (x < best) {
			best = x;
			before = p;
			level = c->level - 1;
		}
	}
	to->at[n] = (uint8_t)c->at;
	to->level[n] = (int16_t)(minus ? -(int)level : (int)level);
	to->before[n] = (uint8_t)before;
	to->bits[n] = best;
	to->least[n] = best < to->least[n - 1] ? best : to->least[n - 1];
	to->n++;
}

/* Where in the zigzag each of a block stands. */
static const uint8_t order[DCTSIZE2] = { 0, 1, 5, 6, 14, 15, 27, 28, 2, 4, 7,
	13, 16, 26, 29, 42, 3, 8, 12, 17, 25, 30, 41, 43, 9, 11, 18, 24, 31, 40,
	44, 53, 10, 19, 23, 32, 39, 45, 52, 54, 20, 22, 33, 38, 46, 51, 55, 60,
	21, 34, 37, 47, 50, 56, 59, 61, 35, 36, 48, 49, 57, 58, 62, 63 };

/*
 * A bit for each coefficient that may stay, in the zigzag's order. Most blocks
 * have few, and eight are looked at at once: with a plain walk along the zigzag
 * JPEG to JPEG takes a third longer in all, and pixels to JPEG up to 1.9 times
 * as long, as hardly any of theirs are zero.
 */
static uint64_t
candidates(const struct pd_jpeg_trellis *t, const JCOEF *block)
{
	uint8_t large[DCTSIZE2];
	uint64_t found = 0;

	for (unsigned i = 0; i < DCTSIZE2; i++)
		large[i] = (block[i] != 0) & ((block[i] >= t->least[i]) |
						 (block[i] <= -t->least[i]));
	for (unsigned row = 0; row < DCTSIZE; row++) {
		uint64_t any;

		memcpy(&any, large + (size_t)row * DCTSIZE, sizeof(any));
		if (any == 0)
			continue;
		for (unsigned x = 0; x < DCTSIZE; x++) {
			unsigned i = row * DCTSIZE + x;

			found |= (uint64_t)large[i] << order[i];
		}
	}
	return found & ~UINT64_C(1);
}

static void
fill_nodes(
    const struct pd_jpeg_trellis *t, const JCOEF *block, struct nodes *to)
{
	to->n = 1;
	to->at[0] = 0;
	to->bits[0] = to->least[0] = 0;
	for (uint64_t left = candidates(t, block); left != 0;
	     left &= left - 1) {
		unsigned i = (unsigned)__builtin_ctzll(left);
		int value = block[pd_jpeg_zigzag[i]];
		struct choice c = { .at = i };
		float exact = (float)(value < 0 ? -value : value) * t->ratio[i];

		if (exact < 0.5F)
			continue;
		if (exact > LEVEL_MAX)
			exact = LEVEL_MAX;
		c.level = (unsigned)(exact + 0.5F);
		c.size = size_of(c.level);
		c.may_shrink = c.level > 1 && (c.level & (c.level - 1)) == 0;
		/* Squares' difference: exact^2 - (exact - level)^2. */
		c.worth =
		    t->worth[i] * (float)c.level * (2 * exact - (float)c.level);
		c.smaller = t->worth[i] * (float)(c.level - 1) *
			    (2 * exact - (float)(c.level - 1));
		add_node(&t->rates, &c, value < 0, to);
	}
}

/* The last node of the cheapest way. */
static unsigned
last_node(const struct pd_jpeg_trellis *t, const struct nodes *nodes)
{
	float best = t->rates.end;
	unsigned last = 0;

	for (unsigned p = 1; p < nodes->n; p++) {
		float bits = nodes->bits[p];

		if (nodes->at[p] < DCTSIZE2 - 1)
			bits += t->rates.end;
		if (bits < best) {
			best = bits;
			last = p;
		}
	}
	return last;
}

void
pd_jpeg_trellis_tally(const struct pd_jpeg_trellis *t, const JCOEF *block,
    struct pd_jpeg_tally *tally)
{
	struct nodes nodes;
	unsigned p, last;

	fill_nodes(t, block, &nodes);
	last = last_node(t, &nodes);
	for (p = last; p > 0; p = nodes.before[p]) {
		unsigned run = nodes.at[p] - nodes.at[nodes.before[p]] - 1u;
		int level = nodes.level[p];

		tally->zeros += run / PD_JPEG_RUNS;
		tally->symbol[run % PD_JPEG_RUNS][size_of(
		    (unsigned)(level < 0 ? -level : level))]++;
	}
	if (nodes.at[last] < DCTSIZE2 - 1)
		tally->end++;
}

void
pd_jpeg_trellis_block(
    const struct pd_jpeg_trellis *t, const JCOEF *from, JCOEF *to)
{
	float dc = from[0] * t->ratio[0];
	struct nodes nodes;

	fill_nodes(t, from, &nodes);
	memset(to, 0, sizeof(JBLOCK));
	dc = dc > LEVEL_MAX ? LEVEL_MAX : dc < -LEVEL_MAX ? -LEVEL_MAX : dc;
	to[0] = (JCOEF)(int)(dc + (dc < 0 ? -0.5F : 0.5F));
	for (unsigned p = last_node(t, &nodes); p > 0; p = nodes.before[p])
		to[pd_jpeg_zigzag[nodes.at[p]]] = nodes.level[p];
}
