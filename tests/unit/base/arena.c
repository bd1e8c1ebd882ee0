#include "base/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

/* Pieces of every size: apart, aligned, and kept until the end. */
static void
test_pieces(void **state)
{
	struct pd_arena *a = pd_arena_create();
	unsigned char *piece[500];
	size_t used = 0;

	(void)state;
	for (size_t i = 0; i < 500; i++) {
		size_t n = i * 37 % 9001;

		piece[i] = pd_arena_alloc(a, n);
		assert_int_equal(
		    (uintptr_t)piece[i] % _Alignof(max_align_t), 0);
		memset(piece[i], (int)i & 0xff, n);
		used += n;
	}
	assert_int_equal(pd_arena_used(a), used);
	for (size_t i = 0; i < 500; i++) {
		for (size_t k = 0; k < i * 37 % 9001; k++)
			assert_int_equal(piece[i][k], i & 0xff);
	}
	pd_arena_destroy(a);
	pd_arena_destroy(NULL);
}

static void
test_text(void **state)
{
	struct pd_arena *a = pd_arena_create();
	struct pd_str s = pd_arena_str(a, PD_STR("a\0b"));
	char *zeros = pd_arena_zalloc(a, 300);
	char *copy = pd_arena_strdup(a, "text");

	(void)state;
	assert_true(pd_str_eq(s, PD_STR("a\0b")));
	assert_int_equal(s.p[3], '\0');
	s = pd_arena_str(a, pd_str_of(NULL, 0));
	assert_int_equal(s.n, 0);
	assert_string_equal(s.p, "");
	assert_string_equal(copy, "text");
	for (size_t i = 0; i < 300; i++)
		assert_int_equal(zeros[i], 0);
	s = pd_arena_printf(a, "%d %s", -1, "x");
	assert_true(pd_str_eq(s, PD_STR("-1 x")));
	s = pd_arena_printf(a, "%5000d", 1);
	assert_int_equal(s.n, 5000);
	assert_int_equal(s.p[5000], '\0');
	pd_arena_destroy(a);
}

/* A new arena owns nothing of an old one, also when its chunk is used again. */
static void
test_again(void **state)
{
	struct pd_arena *many[200];

	(void)state;
	for (int round = 0; round < 3; round++) {
		for (size_t i = 0; i < 200; i++) {
			many[i] = pd_arena_create();
			assert_int_equal(pd_arena_used(many[i]), 0);
			memset(pd_arena_alloc(many[i], 3000), (int)i, 3000);
			memset(pd_arena_alloc(many[i], 3000), (int)i, 3000);
		}
		for (size_t i = 0; i < 200; i++)
			pd_arena_destroy(many[i]);
	}
}

static int
end(void **state)
{
	(void)state;
	pd_arena_thread_end();
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_again),
	};

	return cmocka_run_group_tests(tests, NULL, end);
}
