#include "filters/image/codec/jpeg_dct.h"

#include <math.h>

/* Lifted by this much at the highest frequency, halved colour comes nearest to
 * the original when a decoder has doubled it again. */
#define HALVE_LIFT 0.13

void
pd_jpeg_dct_init(struct pd_jpeg_dct *t)
{
	for (int i = 0; i < DCTSIZE; i++)
		for (int x = 0; x < DCTSIZE; x++)
			t->forward[i][x] = t->transposed[x][i] =
			    (float)((i == 0 ? sqrt(0.125) : 0.5) *
				    cos((2 * x + 1) * i * M_PI / 16));
	for (int i = 0; i < DCTSIZE; i++) {
		for (int j = 0; j < DCTSIZE; j++) {
			float sum = 0;

			for (int x = 0; x < DCTSIZE / 2; x++)
				sum += t->forward[i][x] *
				       (t->forward[j][2 * x] +
					   t->forward[j][2 * x + 1]);
			t->halve[i][j] =
			    sum / 2 *
			    (float)(1 + HALVE_LIFT * i / (DCTSIZE - 1));
		}
	}
}

/* To whole steps. By comparisons, which become single instructions for several
 * at once; fminf() and lrintf() are calls, as they must care for NaN. */
static void
round_row(const float *v, JCOEF *to)
{
	for (int x = 0; x < DCTSIZE; x++) {
		float level = v[x] * (1 / PD_JPEG_DCT_STEP);

		level = level > 32767 ? 32767 : level;
		level = level < -32767 ? -32767 : level;
		to[x] = (JCOEF)(int)(level + (level < 0 ? -0.5F : 0.5F));
	}
}

void
pd_jpeg_dct_block(
    const struct pd_jpeg_dct *t, const float *samples, size_t stride, JCOEF *to)
{
	for (int i = 0; i < DCTSIZE; i++) {
		float down[DCTSIZE] = { 0 }, both[DCTSIZE] = { 0 };

		for (int y = 0; y < DCTSIZE; y++)
			for (int x = 0; x < DCTSIZE; x++)
				down[x] +=
				    t->forward[i][y] *
				    samples[(size_t)y * stride + (size_t)x];
		for (int x = 0; x < DCTSIZE; x++)
			for (int j = 0; j < DCTSIZE; j++)
				both[j] += down[x] * t->transposed[x][j];
		round_row(both, to + (size_t)i * DCTSIZE);
	}
}

/* --- Halving ---------------------------------------------------------------
 *
 * With four blocks B, halving is H B H^t of each quarter, added up. The second
 * half's H is the first's with every other sign turned, because a cosine is
 * even or odd about the middle: so what the two share is taken once.
 */

/* Two neighbours in a row to half as many columns. */
static void
halve_across(const struct pd_jpeg_dct *t, const float *left, const float *right,
    float *to)
{
	for (int y = 0; y < DCTSIZE; y++) {
		float sum[DCTSIZE], difference[DCTSIZE];

		for (int x = 0; x < DCTSIZE; x++) {
			float l = left[y * DCTSIZE + x];
			float r = right[y * DCTSIZE + x];

			if (x % 2 != 0)
				r = -r;
			sum[x] = l + r;
			difference[x] = l - r;
		}
		for (int i = 0; i < DCTSIZE; i++) {
			const float *of = i % 2 == 0 ? sum : difference;
			float v = 0;

			for (int x = 0; x < DCTSIZE; x++)
				v += t->halve[i][x] * of[x];
			to[y * DCTSIZE + i] = v;
		}
	}
}

static void
halve_down(const struct pd_jpeg_dct *t, const float *upper, const float *lower,
    JCOEF *to)
{
	for (int i = 0; i < DCTSIZE; i++) {
		float sum[DCTSIZE] = { 0 };

		for (int y = 0; y < DCTSIZE; y++) {
			float up = t->halve[i][y];
			float low = (i + y) % 2 != 0 ? -up : up;

			for (int x = 0; x < DCTSIZE; x++)
				sum[x] += up * upper[y * DCTSIZE + x] +
					  low * lower[y * DCTSIZE + x];
		}
		round_row(sum, to + (size_t)i * DCTSIZE);
	}
}

/* Dequantised. mirrored: left and right changed. */
static void
load(const JCOEF *block, const float *steps, bool mirrored, float *to)
{
	for (int i = 0; i < DCTSIZE2; i++) {
		float v = block[i] * steps[i];

		to[i] = mirrored && i % 2 != 0 ? -v : v;
	}
}

/* A pair of neighbours, half of it as often as its mirror where the plane ends:
 * that makes no edge. */
static void
halve_pair(const struct pd_jpeg_dct *t, const struct pd_jpeg_plane *from,
    JBLOCKROW row, JDIMENSION x, const float *steps, float *to)
{
	float left[DCTSIZE2], right[DCTSIZE2];
	bool ends = x + 1 >= from->across;

	load(row[x], steps, false, left);
	load(row[ends ? x : x + 1], steps, ends, right);
	halve_across(t, left, right, to);
}

void
pd_jpeg_dct_halve_row(const struct pd_jpeg_dct *t, struct pd_jpeg_writer *w,
    const struct pd_jpeg_plane *from, const struct pd_jpeg_plane *to,
    JDIMENSION y)
{
	bool ends = 2 * y + 1 >= from->down;
	JBLOCKROW upper = pd_jpeg_blocks(w, from->from, 2 * y, false);
	JBLOCKROW lower =
	    ends ? upper : pd_jpeg_blocks(w, from->from, 2 * y + 1, false);
	JBLOCKROW out = pd_jpeg_blocks(w, to->to, y, true);
	float steps[DCTSIZE2], a[DCTSIZE2], b[DCTSIZE2];

	for (int i = 0; i < DCTSIZE2; i++)
		steps[pd_jpeg_zigzag[i]] = from->source[i];
	for (JDIMENSION x = 0; x < to->across; x++) {
		halve_pair(t, from, upper, 2 * x, steps, a);
		halve_pair(t, from, lower, 2 * x, steps, b);
		/* Below the end, the same upside down. */
		for (int i = 0; ends && i < DCTSIZE2; i++)
			if (i / DCTSIZE % 2 != 0)
				b[i] = -b[i];
		halve_down(t, a, b, out[x]);
	}
}
