#include "filters/image/codec/jpeg_steps.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void
higher_quality_takes_finer_steps(void **state)
{
	(void)state;
	for (enum pd_jpeg_kind kind = 0; kind < PD_JPEG_KINDS; kind++) {
		struct pd_jpeg_steps a, b;

		pd_jpeg_steps_ideal(&a, 1, kind);
		for (unsigned quality = 2; quality <= 100; quality++) {
			pd_jpeg_steps_ideal(&b, quality, kind);
			for (unsigned i = 0; i < DCTSIZE2; i++) {
				assert_true(b.ideal[i] <= a.ideal[i]);
				assert_true(b.ideal[i] >= 1);
			}
			a = b;
		}
		assert_true(b.ideal[DCTSIZE2 - 1] == 1);
	}
}

/* From a fine source, or pixels, the ideal is taken, as far as it goes. */
static void
the_ideal_is_rounded(void **state)
{
	struct pd_jpeg_steps s;
	struct pd_jpeg_steps *const all[] = { &s };

	(void)state;
	pd_jpeg_steps_ideal(&s, 30, PD_JPEG_CHROMA_FULL);
	for (unsigned i = 0; i < DCTSIZE2; i++)
		s.source[i] = 0.125F;
	assert_false(pd_jpeg_steps_close(&s));
	pd_jpeg_steps_choose(all, NULL, 1);
	for (unsigned i = 0; i < DCTSIZE2; i++)
		assert_int_equal(s.ours[i],
		    s.ideal[i] > 255 ? 255 : (int)(s.ideal[i] + 0.5F));
}

/* As many blocks of each value from 0 to 8. */
static void
fill(struct pd_jpeg_counts *counts)
{
	memset(counts, 0, sizeof(*counts));
	for (int v = 0; v < 9; v++) {
		JBLOCK blocks[100];

		for (unsigned k = 0; k < 100; k++)
			for (unsigned i = 0; i < DCTSIZE2; i++)
				blocks[k][i] = (JCOEF)(k % 2 ? v : -v);
		pd_jpeg_steps_count(counts, blocks, 100);
	}
}

static void
counts_are_of_absolute_values(void **state)
{
	static struct pd_jpeg_counts counts;
	JBLOCK block;

	(void)state;
	fill(&counts);
	assert_int_equal(counts.blocks, 900);
	for (unsigned v = 0; v < PD_JPEG_VALUES; v++)
		assert_int_equal(counts.n[63][v], v < 9 ? 100 : 0);
	for (unsigned i = 0; i < DCTSIZE2; i++)
		block[i] = i % 2 ? -32768 : 32767;
	pd_jpeg_steps_count(&counts, &block, 1);
	assert_int_equal(counts.n[1][PD_JPEG_VALUES - 1], 1);
}

/* A coarse source: its own steps, of which 11 or 12 would be a poor copy. */
static void
steps_suit_a_coarse_source(void **state)
{
	static struct pd_jpeg_counts counts;
	static const struct pd_jpeg_counts *const all_counts[] = { &counts };
	struct pd_jpeg_steps s;
	struct pd_jpeg_steps *const all[] = { &s };

	(void)state;
	fill(&counts);
	for (unsigned i = 0; i < DCTSIZE2; i++) {
		s.source[i] = 10;
		s.ideal[i] = i < 32 ? 12 : 4;
	}
	assert_true(pd_jpeg_steps_close(&s));
	pd_jpeg_steps_choose(all, all_counts, 1);
	for (unsigned i = 1; i < DCTSIZE2; i++)
		assert_int_equal(s.ours[i], 10);
}

/* Two that share a table, one of them far coarser, and beyond baseline. */
static void
the_finer_of_two_decides(void **state)
{
	static struct pd_jpeg_counts counts;
	static const struct pd_jpeg_counts *const all_counts[] = { &counts,
		&counts };
	struct pd_jpeg_steps s[2];
	struct pd_jpeg_steps *const all[] = { &s[0], &s[1] };

	(void)state;
	fill(&counts);
	for (unsigned i = 0; i < DCTSIZE2; i++) {
		s[0].source[i] = 5;
		s[1].source[i] = 65535;
		s[0].ideal[i] = s[1].ideal[i] = 2;
	}
	pd_jpeg_steps_choose(all, all_counts, 2);
	for (unsigned i = 0; i < DCTSIZE2; i++) {
		assert_int_equal(s[0].ours[i], 5);
		assert_int_equal(s[1].ours[i], 5);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(higher_quality_takes_finer_steps),
		cmocka_unit_test(the_ideal_is_rounded),
		cmocka_unit_test(counts_are_of_absolute_values),
		cmocka_unit_test(steps_suit_a_coarse_source),
		cmocka_unit_test(the_finer_of_two_decides),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
