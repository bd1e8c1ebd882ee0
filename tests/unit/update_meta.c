/*
 * The note beside a list: what is written reads the same, and nothing else is
 * taken for one.
 */
#include "update_meta.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/unit/arena_help.h"

static int
parse(const char *text, struct pd_update_meta *out)
{
	return pd_update_meta_parse(pd_str_z(text), arena, out);
}

static void
test_round_trip(void **state)
{
	const struct pd_update_meta m = {
		.url = PD_STR("https://a.example/list.txt"),
		/* A byte of ISO 8859-1, as an entity-tag may hold. */
		.etag = PD_STR("W/\"a\\b\xe9\t\""),
		.checked = 1795255200,
		.changed = 1,
		.expires = INT64_MAX,
		.rules = 84210,
		.bytes = 1900000,
	};
	struct pd_update_meta got;
	char *text = NULL;
	size_t n = 0;
	FILE *f = open_memstream(&text, &n);

	(void)state;
	pd_update_meta_write(f, &m);
	fclose(f);
	assert_int_equal(
	    pd_update_meta_parse(pd_str_of(text, n), arena, &got), 0);
	assert_true(pd_str_eq(got.url, m.url));
	assert_true(pd_str_eq(got.etag, m.etag));
	assert_int_equal(got.last_modified.n, 0);
	assert_int_equal(got.checked, m.checked);
	assert_int_equal(got.changed, m.changed);
	assert_int_equal(got.expires, m.expires);
	assert_int_equal(got.rules, m.rules);
	assert_int_equal(got.bytes, m.bytes);
	/* Cut anywhere it is none: but for the last line end. */
	for (size_t i = 0; i + 1 < n; i++)
		assert_int_equal(
		    pd_update_meta_parse(pd_str_of(text, i), arena, &got), -1);
	free(text);
}

static void
test_tolerant(void **state)
{
	struct pd_update_meta m;

	(void)state;
	assert_int_equal(parse("{}", &m), 0);
	assert_int_equal(m.checked, 0);
	assert_int_equal(
	    parse(" { \"new\" : \"\\u0041\\/\" ,\n\"checked\":7 } \n", &m), 0);
	assert_int_equal(m.checked, 7);
}

static void
test_refused(void **state)
{
	static const char *const cases[] = {
		"",
		"[]",
		"{",
		"{}x",
		"{\"checked\"}",
		"{\"checked\":}",
		"{\"checked\":-1}",
		"{\"checked\":1.5}",
		"{\"checked\":\"1\"}",
		"{\"checked\":99999999999999999999}",
		"{\"url\":1}",
		"{\"url\":null}",
		"{\"url\":\"a}",
		"{\"url\":\"\\",
		"{\"url\":\"\\x\"}",
		"{\"url\":\"\\u12\"}",
		"{\"url\":\"\\u20ac\"}",
		"{\"url\":{\"a\":1}}",
		"{\"url\":\"a\",}",
		"{\"url\":\"a\" \"etag\":\"b\"}",
	};
	struct pd_update_meta m;
	char *many = malloc(8192);
	size_t n = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		if (parse(cases[i], &m) == 0)
			fail_msg("taken: %s", cases[i]);
	}
	many[n++] = '{';
	for (int i = 0; i < 100; i++)
		n += (size_t)sprintf(
		    many + n, "%s\"k%d\":1", i > 0 ? "," : "", i);
	strcpy(many + n, "}");
	assert_int_equal(parse(many, &m), -1);
	free(many);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin_arena, end_arena)
	const struct CMUnitTest tests[] = {
		TEST(test_round_trip),
		TEST(test_tolerant),
		TEST(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
