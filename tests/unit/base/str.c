#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define NONE ((struct pd_str){ NULL, 0 })

static void
test_compare(void **state)
{
	(void)state;
	assert_true(pd_str_eq(PD_STR("a"), PD_STR("a")));
	assert_false(pd_str_eq(PD_STR("a"), PD_STR("A")));
	assert_false(pd_str_eq(PD_STR("a"), PD_STR("a\0")));
	assert_true(pd_str_eq(NONE, PD_STR("")));
	assert_true(pd_str_caseeq(PD_STR("aZ-9"), PD_STR("Az-9")));
	assert_false(pd_str_caseeq(PD_STR("a"), PD_STR("ab")));
	/* Only letters have a case: '@' and '`', '[' and '{' do not pair. */
	assert_false(pd_str_caseeq(PD_STR("@["), PD_STR("`{")));
	assert_false(pd_str_caseeq(PD_STR("\xc4"), PD_STR("\xe4")));
	assert_true(pd_str_starts(PD_STR("abc"), PD_STR("ab")));
	assert_true(pd_str_starts(PD_STR("abc"), NONE));
	assert_true(pd_str_starts(NONE, NONE));
	assert_false(pd_str_starts(PD_STR("ab"), PD_STR("abc")));
	assert_true(pd_str_casestarts(PD_STR("ABc"), PD_STR("ab")));
	assert_false(pd_str_casestarts(NONE, PD_STR("a")));
	assert_true(pd_str_caseends(PD_STR("x, Chunked"), PD_STR("chunked")));
	assert_false(pd_str_caseends(PD_STR("hunked"), PD_STR("chunked")));
	assert_true(pd_str_caseends(PD_STR("a"), PD_STR("")));
}

static void
test_cut(void **state)
{
	struct pd_str rest = PD_STR("a,,b"), head;

	(void)state;
	assert_true(pd_str_eq(pd_str_trim(PD_STR(" \ta b\t ")), PD_STR("a b")));
	assert_int_equal(pd_str_trim(PD_STR(" \t ")).n, 0);
	assert_true(pd_str_eq(pd_str_trim(PD_STR("\na")), PD_STR("\na")));
	assert_int_equal(pd_str_trim(NONE).n, 0);

	assert_true(pd_str_eq(pd_str_split(&rest, ','), PD_STR("a")));
	head = pd_str_split(&rest, ',');
	assert_true(head.p != NULL && head.n == 0);
	assert_true(pd_str_eq(pd_str_split(&rest, ','), PD_STR("b")));
	assert_null(rest.p);
	assert_int_equal(pd_str_split(&rest, ',').n, 0);

	rest = PD_STR("a,");
	pd_str_split(&rest, ',');
	/* Something that is empty follows; not nothing. */
	assert_true(rest.p != NULL && rest.n == 0);
	pd_str_split(&rest, ',');
	assert_null(rest.p);
}

static void
test_number(void **state)
{
	static const struct {
		const char *text;
		int64_t value; /* -1: refused */
	} rows[] = {
		{ "0", 0 },
		{ "007", 7 },
		{ "9223372036854775807", INT64_MAX },
		{ "9223372036854775808", -1 },
		{ "9223372036854775810", -1 },
		{ "18446744073709551616", -1 },
		{ "99999999999999999999999999", -1 },
		{ "", -1 },
		{ "-1", -1 },
		{ "+1", -1 },
		{ " 1", -1 },
		{ "1 ", -1 },
		{ "0x1", -1 },
		{ "1.0", -1 },
		{ "\xb2", -1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		int64_t v = -7;
		int got = pd_str_u63(pd_str_z(rows[i].text), &v);

		assert_int_equal(got, rows[i].value < 0 ? -1 : 0);
		assert_true(got < 0 ? v == -7 : v == rows[i].value);
	}
	assert_int_equal(pd_str_u63(PD_STR("1\0"), &(int64_t){ 0 }), -1);
}

static void
test_glob(void **state)
{
	static const struct {
		const char *glob, *s;
		bool covers;
	} rows[] = {
		{ "", "", true },
		{ "", "a", false },
		{ "*", "", true },
		{ "***", "abc", true },
		{ "a*c", "abbc", true },
		{ "a*c", "abcd", false },
		{ "*.example.org", "www.EXAMPLE.org", true },
		{ "*.example.org", "example.org", false },
		{ "*ab", "aab", true },
		{ "*aab*", "aaaab", true },
		{ "a*b*c", "a1b2b3c", true },
		{ "a*b*c", "acb", false },
		{ "abc", "ab", false },
		{ "?", "a", false },
	};
	char glob[400], s[4000];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		assert_int_equal(
		    pd_str_glob(pd_str_z(rows[i].glob), pd_str_z(rows[i].s)),
		    rows[i].covers);
	/* Two hundred stars against what they nearly cover: no blow-up. */
	for (size_t i = 0; i < sizeof(glob); i++)
		glob[i] = i % 2 == 0 ? 'a' : '*';
	memset(s, 'a', sizeof(s));
	s[sizeof(s) - 1] = 'b';
	glob[sizeof(glob) - 1] = 'c';
	assert_false(pd_str_glob(
	    pd_str_of(glob, sizeof(glob)), pd_str_of(s, sizeof(s))));
}

static void
test_distance(void **state)
{
	char longer[200];

	(void)state;
	assert_int_equal(pd_str_distance("", ""), 0);
	assert_int_equal(pd_str_distance("Port", "port"), 0);
	assert_int_equal(pd_str_distance("Prot", "Port"), 2);
	assert_int_equal(pd_str_distance("kitten", "sitting"), 3);
	assert_int_equal(pd_str_distance("", "abc"), 3);
	memset(longer, 'a', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	assert_int_equal(pd_str_distance(longer, "a"), 64);
	longer[64] = '\0';
	assert_int_equal(pd_str_distance(longer, longer), 0);
}

static const char *
nearest(const char *word)
{
	static const char *const names[] = { "compile", "stats", "test",
		"update", "verify", "run" };
	struct pd_str_near near = pd_str_near(word);

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		pd_str_near_try(&near, names[i]);
	return near.name;
}

static void
test_near(void **state)
{
	(void)state;
	assert_string_equal(nearest("compil"), "compile");
	assert_string_equal(nearest("status"), "stats");
	assert_string_equal(nearest("updat"), "update");
	assert_string_equal(nearest("rum"), "run");
	/* Too much is wrong: something else was meant. */
	assert_null(nearest("rob it"));
	assert_null(nearest("sob"));
	assert_null(nearest("x"));
	assert_null(nearest(""));
	assert_null(nearest("entirely"));
}

static void
test_hex(void **state)
{
	int n = 0;

	(void)state;
	for (int c = -128; c < 128; c++)
		n += pd_hex_digit((char)c) >= 0;
	assert_int_equal(n, 22);
	assert_int_equal(pd_hex_digit('0'), 0);
	assert_int_equal(pd_hex_digit('9'), 9);
	assert_int_equal(pd_hex_digit('a'), 10);
	assert_int_equal(pd_hex_digit('F'), 15);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_compare),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_number),
		cmocka_unit_test(test_glob),
		cmocka_unit_test(test_distance),
		cmocka_unit_test(test_near),
		cmocka_unit_test(test_hex),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
