#include "filters/block/regex_text.h"

#include "fixture.h"

static void
runs_are_folded(void **state)
{
	static const char *const cases[][2] = {
		{ "[a-z]?[a-z]?[a-z]?", "[a-z]{0,3}" },
		{ "x[a-z][a-z]?[a-z]?[a-z]?[a-z]?y", "x[a-z][a-z]{0,4}y" },
		{ "a?a?a?", "a{0,3}" },
		{ "\\d?\\d?\\d?\\w", "\\d{0,3}\\w" },
		{ "\\/?\\/?\\/?", "\\/{0,3}" },
		{ ".?.?.?.?.?.?.?.?.?.?", ".{0,10}" },
		{ "[\\]]?[\\]]?[\\]]?", "[\\]]{0,3}" },
		{ "(a?a?a?|b?b?b?)", "(a{0,3}|b{0,3})" },
		{ "a?a?a?b?b?b?", "a{0,3}b{0,3}" },
		/* Too few, not the same, or of another kind. */
		{ "a?a?", "a?a?" },
		{ "a?b?a?", "a?b?a?" },
		{ "[a-z]?[a-y]?[a-z]?", "[a-z]?[a-y]?[a-z]?" },
		{ "a??a??a??", "a??a??a??" },
		{ "a?+a?+a?+", "a?+a?+a?+" },
		{ "a?a?a??", "a?a?a??" },
		{ "a?a?a?a??", "a{0,3}a??" },
		{ "(?:a)?(?:a)?(?:a)?", "(?:a)?(?:a)?(?:a)?" },
		{ "a*a*a*", "a*a*a*" },
		{ "[a?a?a?]", "[a?a?a?]" },
		/* The last digit of an escape is no atom. */
		{ "\\x41?1?1?1?", "\\x41?1?1?1?" },
		{ "\\u0041?1?1?1?", "\\u0041?1?1?1?" },
		{ "\\k<n>?>?>?>?", "\\k<n>?>?>?>?" },
		{ "", "" },
		{ "[", "[" },
		{ "\\", "\\" },
		{ "a?a?a", "a?a?a" },
		{ "???", "???" },
	};
	char out[128];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct pd_str got = pd_regex_fold(pd_str_z(cases[i][0]), out);

		if (!pd_str_eq(got, pd_str_z(cases[i][1])))
			fail_msg("%s: %.*s", cases[i][0], PD_STR_ARG(got));
	}
}

static void
what_is_forbidden(void **state)
{
	(void)state;
	assert_non_null(pd_regex_forbidden(PD_STR("(*UTF)a")));
	assert_non_null(pd_regex_forbidden(PD_STR("a(?C)")));
	assert_non_null(pd_regex_forbidden(PD_STR("a\\C")));
	assert_null(pd_regex_forbidden(PD_STR("[(*]\\(*(?:C)\\\\")));
	assert_null(pd_regex_forbidden(PD_STR("[\\](*](?")));
	assert_null(pd_regex_forbidden(PD_STR("(")));
	assert_null(pd_regex_forbidden(PD_STR("")));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(runs_are_folded),
		cmocka_unit_test(what_is_forbidden),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
