#include "portal/form.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static void
expect(const char *form, const char *name, const char *want)
{
	struct pd_arena *arena = pd_arena_create();
	struct pd_str value;
	bool found = pd_form_get(pd_str_z(form), pd_str_z(name), arena, &value);

	if (found != (want != NULL))
		fail_msg("%s in %s: found %d", name, form, found);
	if (want == NULL)
		assert_int_equal(value.n, 0);
	else if (!pd_str_eq(value, pd_str_z(want)))
		fail_msg("%s in %s: %.*s", name, form, PD_STR_ARG(value));
	pd_arena_destroy(arena);
}

static void
fields_are_found(void **state)
{
	(void)state;
	expect("a=1&b=2", "a", "1");
	expect("a=1&b=2", "b", "2");
	expect("a=1&b=2", "c", NULL);
	expect("a=1&a=2", "a", "1");
	expect("aa=1&a=2", "a", "2");
	expect("", "a", NULL);
	expect("a", "a", "");
	expect("a=", "a", "");
	expect("&&a=b=c&&", "a", "b=c");
	/* A name is not decoded: ours are plain. */
	expect("%61=1", "a", NULL);
}

static void
values_are_decoded(void **state)
{
	(void)state;
	expect("a=x+y", "a", "x y");
	expect("a=%2B%26%3d", "a", "+&=");
	expect("a=http%3A%2F%2Fh%2F%3Fq%3D1", "a", "http://h/?q=1");
	/* What begins no byte stands for itself. */
	expect("a=%", "a", "%");
	expect("a=%4", "a", "%4");
	expect("a=%zz", "a", "%zz");
	expect("a=%%41", "a", "%A");
	expect("a=100%25", "a", "100%");
}

static void
escaped_and_read_again(void **state)
{
	struct pd_arena *arena = pd_arena_create();
	char all[256], form[1024];
	struct pd_str s, value;

	(void)state;
	for (size_t i = 0; i < sizeof(all); i++)
		all[i] = (char)i;
	s = pd_form_escape(pd_str_of(all, sizeof(all)), arena);
	for (size_t i = 0; i < s.n; i++)
		assert_true(s.p[i] > ' ' && s.p[i] < 0x7f &&
			    strchr("\"'<>&?#=+/", s.p[i]) == NULL);
	snprintf(form, sizeof(form), "a=%.*s&b=2", PD_STR_ARG(s));
	assert_true(pd_form_get(pd_str_z(form), PD_STR("a"), arena, &value));
	assert_int_equal(value.n, sizeof(all));
	assert_memory_equal(value.p, all, sizeof(all));
	pd_arena_destroy(arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields_are_found),
		cmocka_unit_test(values_are_decoded),
		cmocka_unit_test(escaped_and_read_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
