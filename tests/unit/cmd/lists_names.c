/* Names that lists block whole: exceptions, what covers what, badfilter. */
#include "cmd/lists_names.h"

/* cmocka wants these before its own header. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "filters/block/parse.h"

static void
write_name(void *arg, const char *name, enum pd_name_is is)
{
	static const char signs[] = {
		[PD_NAME_BELOW] = '*',
		[PD_NAME_ALONE] = '=',
		[PD_NAME_COVERED] = '.',
		[PD_NAME_PASSES] = '+',
	};

	fprintf(arg, "%c%s ", signs[is], name);
}

/* A line without sign is of Adblock's syntax, "=name" of a hosts file. */
static void
give(struct pd_names *n, const char *line)
{
	struct pd_parse_host h = { .text = pd_str_z(line),
		.host = pd_str_z(line + 1),
		.form = PD_HOST_FORM_NAME };

	if (line[0] == '=')
		pd_parse_put_host(pd_names_sink(n), &h);
	else
		pd_parse_adblock_line(pd_str_z(line), 1, pd_names_sink(n));
}

static void
expect(const char *const *lines, const char *expected)
{
	struct pd_names *n = pd_names_create();
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	while (*lines != NULL)
		give(n, *lines++);
	pd_names_each(n, write_name, out);
	fclose(out);
	assert_string_equal(text, expected);
	free(text);
	pd_names_destroy(n);
}

#define EXPECT(expected, ...) \
	expect((const char *const[]){ __VA_ARGS__, NULL }, expected)

static void
test_order(void **state)
{
	(void)state;
	EXPECT("*b.a *z.a *a.b ", "||a.b^", "||z.a^", "||b.a^");
	/* '-' is less than '.', and no label ends with it. */
	EXPECT("*a.org .x.a.org *a-b.org ", "||a-b.org^", "||x.a.org^",
	    "||a.org^");
	EXPECT("*a.org ", "||a.org^", "||a.org^", "=a.org");
	EXPECT("*org .a.org .b.a.org ", "||b.a.org^", "||org^", "=a.org");
}

static void
test_alone(void **state)
{
	(void)state;
	EXPECT("=a.org =b.a.org ", "=b.a.org", "=a.org");
	EXPECT("=a.org *b.a.org .c.b.a.org ", "=a.org", "||b.a.org^",
	    "=c.b.a.org");
}

static void
test_exceptions(void **state)
{
	(void)state;
	EXPECT("", "||a.org^", "@@||a.org^");
	EXPECT("", "||b.a.org^", "=c.a.org", "@@||a.org^");
	EXPECT("*a.org +b.a.org ", "||a.org^", "@@||b.a.org^", "||c.b.a.org^");
	EXPECT("*a.org +b.a.org *c.b.a.org ", "||a.org^", "@@||b.a.org^",
	    "||c.b.a.org^$important");
	EXPECT("*a.org ", "||a.org^$important", "@@||a.org^");
	EXPECT("", "||a.org^$important", "@@||a.org^$important");
	/* Of a part of the requests: no matter for a name server. */
	EXPECT("*a.org ", "||a.org^", "@@||a.org^$script");
	EXPECT("*a.org ", "||a.org^", "@@||a.org/x");
}

static void
test_badfilter(void **state)
{
	(void)state;
	EXPECT("", "||a.org^", "||a.org^$badfilter");
	EXPECT("=a.org ", "||a.org^", "=a.org", "||a.org^$badfilter");
	EXPECT("*a.org ", "||a.org^", "@@||a.org^", "@@||a.org^$badfilter");
}

static void
test_let_pass(void **state)
{
	struct pd_names *n = pd_names_create();
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	(void)state;
	give(n, "||probe.org^$important");
	give(n, "||org.example^");
	pd_names_let_pass(n, PD_STR("probe.org"));
	pd_names_let_pass(n, PD_STR("check.org.example"));
	pd_names_each(n, write_name, out);
	fclose(out);
	assert_string_equal(text, "*org.example +check.org.example ");
	free(text);
	pd_names_destroy(n);
}

static void
test_left(void **state)
{
	static const char *const lines[] = { "||a.org/x", "/re/", "ads",
		"||a.org^$third-party", "||a.org^$script",
		"||a.org^$domain=b.org", "||a.org^$redirect=noopjs",
		"@@||a.org^$image", "||a.org^$removeparam=x", "||192.0.2.1^",
		"||a.org^$all" };
	struct pd_names *n = pd_names_create();

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		give(n, lines[i]);
	assert_int_equal(pd_names_left(n, PD_NAMES_LEFT_PART), 3);
	assert_int_equal(pd_names_left(n, PD_NAMES_LEFT_CONDITION), 4);
	assert_int_equal(pd_names_left(n, PD_NAMES_LEFT_EXCEPTION), 1);
	assert_int_equal(pd_names_left(n, PD_NAMES_LEFT_CHANGE), 1);
	assert_int_equal(pd_names_left(n, PD_NAMES_LEFT_ADDRESS), 1);
	pd_names_destroy(n);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_alone),
		cmocka_unit_test(test_exceptions),
		cmocka_unit_test(test_badfilter),
		cmocka_unit_test(test_let_pass),
		cmocka_unit_test(test_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
