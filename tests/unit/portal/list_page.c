#include "portal/list_page.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/arena.h"

static void
ages(void **state)
{
	static const struct {
		int64_t s;
		const char *text;
	} rows[] = {
		{ 0, "just now" },
		{ 59, "just now" },
		{ -5, "just now" },
		{ 60, "1 minute ago" },
		{ 3599, "59 minutes ago" },
		{ 3600, "1 hour ago" },
		{ 86399, "23 hours ago" },
		{ 86400, "1 day ago" },
		{ 864000, "10 days ago" },
	};
	struct pd_arena *arena = pd_arena_create();

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct pd_str age =
		    pd_list_page_age(1000000 - rows[i].s, 1000000, arena);

		if (!pd_str_eq(age, pd_str_z(rows[i].text)))
			fail_msg("%s: %.*s", rows[i].text, PD_STR_ARG(age));
	}
	pd_arena_destroy(arena);
}

static void
without_lists_there_is_no_section(void **state)
{
	struct pd_arena *arena = pd_arena_create();
	const struct pd_portal_params params = { .now_s = 1000000 };

	(void)state;
	assert_int_equal(pd_list_page_section(&params, arena).n, 0);
	pd_arena_destroy(arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ages),
		cmocka_unit_test(without_lists_there_is_no_section),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
