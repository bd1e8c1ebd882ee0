#include "filters/image/codec/jpeg_trellis.h"

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Every step of ours is this many of the source's. */
static void
set_up(struct pd_jpeg_trellis *t, float times)
{
	struct pd_jpeg_steps s;

	for (unsigned i = 0; i < DCTSIZE2; i++) {
		s.source[i] = 2;
		s.ours[i] = (uint16_t)(2 * times);
		s.ideal[i] = s.ours[i];
	}
	pd_jpeg_trellis_init(t, &s, PD_JPEG_LUMA);
}

static void
noise(JCOEF *block, unsigned seed, int most)
{
	srand(seed);
	for (unsigned i = 0; i < DCTSIZE2; i++)
		block[i] = rand() % 3 == 0
			       ? (JCOEF)(rand() % (2 * most + 1) - most)
			       : 0;
}

static void
nothing_is_lost_where_errors_cost_all(void **state)
{
	struct pd_jpeg_trellis t;

	(void)state;
	set_up(&t, 1);
	for (unsigned i = 0; i < DCTSIZE2; i++)
		t.worth[i] = 1e6F;
	for (unsigned k = 0; k < 100; k++) {
		JBLOCK in, out;

		noise(in, k, 40);
		pd_jpeg_trellis_block(&t, in, out);
		assert_memory_equal(in, out, sizeof(in));
	}
}

static void
all_goes_where_errors_cost_nothing(void **state)
{
	struct pd_jpeg_trellis t;
	JBLOCK block;

	(void)state;
	set_up(&t, 1);
	memset(t.worth, 0, sizeof(t.worth));
	noise(block, 1, 40);
	block[0] = -7;
	pd_jpeg_trellis_block(&t, block, block);
	assert_int_equal(block[0], -7);
	for (unsigned i = 1; i < DCTSIZE2; i++)
		assert_int_equal(block[i], 0);
}

static void
levels_fit_into_baseline(void **state)
{
	struct pd_jpeg_trellis t;
	JBLOCK block;

	(void)state;
	set_up(&t, 1);
	for (unsigned i = 0; i < DCTSIZE2; i++) {
		t.ratio[i] = 65535;
		block[i] = i % 2 ? -32768 : 32767;
	}
	pd_jpeg_trellis_block(&t, block, block);
	for (unsigned i = 0; i < DCTSIZE2; i++)
		assert_int_equal(block[i], i % 2 ? -1023 : 1023);
}

/* Bits of a block as coded, and of what its errors are worth. */
static double
price_of(const struct pd_jpeg_trellis *t, const JCOEF *in, const JCOEF *out)
{
	double bits = 0;
	unsigned run = 0, last = 0;

	for (unsigned i = 1; i < DCTSIZE2; i++) {
		int level = out[pd_jpeg_zigzag[i]];
		double error = in[pd_jpeg_zigzag[i]] * t->ratio[i] - level;
		unsigned size = 0;

		bits += t->worth[i] * error * error;
		if (level == 0) {
			run++;
			continue;
		}
		while (abs(level) >> size)
			size++;
		bits += t->rates.zeros * (run / PD_JPEG_RUNS) +
			t->rates.symbol[run % PD_JPEG_RUNS][size];
		run = 0;
		last = i;
	}
	return last < DCTSIZE2 - 1 ? bits + t->rates.end : bits;
}

/* The least of all blocks that can be made of in by its first n coefficients,
 * each of which may be nearest, next smaller, or nothing. */
static double
least_of_all(const struct pd_jpeg_trellis *t, const JCOEF *in,
    const unsigned *at, unsigned n)
{
	double least = DBL_MAX;
	unsigned ways = 1;

	for (unsigned k = 0; k < n; k++)
		ways *= 3;
	for (unsigned way = 0; way < ways; way++) {
		JBLOCK out = { 0 };
		unsigned rest = way;
		double price;

		for (unsigned k = 0; k < n; k++, rest /= 3) {
			unsigned natural = pd_jpeg_zigzag[at[k]];
			int v = (int)lround(
			    fabs((double)in[natural]) * t->ratio[at[k]]);

			v -= rest % 3 == 1 && v > 0;
			v = rest % 3 == 2 ? 0 : v;
			out[natural] = (JCOEF)(in[natural] < 0 ? -v : v);
		}
		price = price_of(t, in, out);
		if (price < least)
			least = price;
	}
	return least;
}

static void
no_other_choice_is_cheaper(void **state)
{
	struct pd_jpeg_trellis t;

	(void)state;
	set_up(&t, 4);
	for (unsigned k = 0; k < 200; k++) {
		JBLOCK in = { 0 }, out;
		unsigned at[7], i = 0;

		srand(k);
		for (unsigned c = 0; c < 7; c++) {
			i += 1 + (unsigned)rand() % (c % 3 == 2 ? 20 : 4);
			at[c] = i < DCTSIZE2 ? i : DCTSIZE2 - 7 + c;
			in[pd_jpeg_zigzag[at[c]]] = (JCOEF)(rand() % 40 - 20);
		}
		pd_jpeg_trellis_block(&t, in, out);
		assert_true(
		    price_of(&t, in, out) < least_of_all(&t, in, at, 7) + 0.01);
	}
}

static void
symbols_are_counted_and_priced(void **state)
{
	struct pd_jpeg_trellis t;
	struct pd_jpeg_tally tally;
	JBLOCK block = { 0 };

	(void)state;
	set_up(&t, 1);
	for (unsigned i = 0; i < DCTSIZE2; i++)
		t.worth[i] = 1e6F;
	memset(&tally, 0, sizeof(tally));
	block[pd_jpeg_zigzag[1]] = -1;
	block[pd_jpeg_zigzag[4]] = 5;
	block[pd_jpeg_zigzag[40]] = 300;
	for (unsigned k = 0; k < 10; k++)
		pd_jpeg_trellis_tally(&t, block, &tally);
	assert_int_equal(tally.symbol[0][1], 10);
	assert_int_equal(tally.symbol[2][3], 10);
	assert_int_equal(tally.symbol[35 - 2 * PD_JPEG_RUNS][9], 10);
	assert_int_equal(tally.zeros, 20);
	assert_int_equal(tally.end, 10);
	pd_jpeg_trellis_rates(&t, &tally);
	/* One of six symbols, and its own bits; what never came takes more. */
	assert_true(t.rates.symbol[0][1] > 3 && t.rates.symbol[0][1] < 4);
	assert_true(
	    fabsf(t.rates.symbol[2][3] - t.rates.symbol[0][1] - 2) < 0.001F);
	assert_true(t.rates.symbol[1][1] > 8);
	assert_true(t.rates.zeros < t.rates.symbol[0][1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_lost_where_errors_cost_all),
		cmocka_unit_test(all_goes_where_errors_cost_nothing),
		cmocka_unit_test(levels_fit_into_baseline),
		cmocka_unit_test(no_other_choice_is_cheaper),
		cmocka_unit_test(symbols_are_counted_and_priced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
