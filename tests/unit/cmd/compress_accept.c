#include "cmd/compress.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void
what_a_client_takes(void **state)
{
	static const struct {
		const char *text;
		uint16_t avif, webp;
	} cases[] = {
		{ "avif,webp", 1000, 1000 },
		{ "avif", 1000, 0 },
		{ " WebP ", 0, 1000 },
		{ "jpeg,png,gif", 0, 0 },
		{ "none", 0, 0 },
		{ "", 0, 0 },
		{ ",,", 0, 0 },
		{ "image/avif,image/webp", 1000, 1000 },
		{ "avif;q=0.5, webp;q=0.8", 500, 800 },
		{ "avif;q=0,webp", 0, 1000 },
		/* As browsers send it. */
		{ "text/html,application/xhtml+xml,image/avif,image/webp,*/"
		  "*;q=0.8",
		    1000, 1000 },
		/* "Anything" promises neither. */
		{ "image/*,*/*;q=0.8", 0, 0 },
		{ "image/webp,image/*", 0, 1000 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct pd_plan_wish wish = { .avif = 1, .webp = 1 };
		struct pd_str wrong;

		assert_true(pd_compress_accept(cases[i].text, &wish, &wrong));
		assert_int_equal(wish.avif, cases[i].avif);
		assert_int_equal(wish.webp, cases[i].webp);
	}
}

static void
what_is_no_type(void **state)
{
	struct pd_plan_wish wish;
	struct pd_str wrong;

	(void)state;
	assert_false(pd_compress_accept("webp, avfi;q=1", &wish, &wrong));
	assert_true(pd_str_eq(wrong, PD_STR("avfi")));
	assert_false(pd_compress_accept("webp avif", &wish, &wrong));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_client_takes),
		cmocka_unit_test(what_is_no_type),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
