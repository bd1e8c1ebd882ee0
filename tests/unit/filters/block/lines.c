#include "filters/block/lines.h"

#include "filters/block/condition.h"
#include "fixture.h"

/* Lines longer than the limit, than the buffer, and one of just the limit. */
static void
long_lines(void **state)
{
	size_t lens[] = { PD_LINE_LEN_MAX + 1, PD_LINES_BUFFER + 10,
		3 * PD_LINE_LEN_MAX };
	unsigned wrong[] = { 1, 1, 2 };
	char *text = malloc(6 * PD_LINE_LEN_MAX), *path;
	size_t n = 0;
	struct report report;
	struct pd_lines l;
	struct pd_str line;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		memset(text + n, 'a', lens[i]);
		n += lens[i];
		n += (size_t)sprintf(text + n, "\nshort%zu\r\n", i);
	}
	memset(text + n, 'b', PD_LINE_LEN_MAX);
	n += PD_LINE_LEN_MAX;
	path = file_of(pd_str_of(text, n));
	assert_int_equal(pd_lines_open(&l, path, report_begin(&report)), 0);
	for (unsigned i = 0; i < 3; i++) {
		assert_true(pd_lines_next(&l, &line));
		if (i == 1) {
			assert_int_equal(line.n, lens[1]);
			assert_int_equal(l.line, 3);
			assert_true(pd_lines_next(&l, &line));
		}
		assert_int_equal(line.n, 6);
		assert_int_equal(line.p[5], '0' + (int)i);
		assert_int_equal(l.line, 2 * i + 2);
		assert_int_equal(l.wrong, wrong[i]);
	}
	assert_true(pd_lines_next(&l, &line));
	assert_int_equal(line.n, PD_LINE_LEN_MAX);
	assert_int_equal(l.line, 7);
	assert_false(pd_lines_next(&l, &line));
	assert_false(pd_lines_next(&l, &line));
	assert_int_equal(pd_lines_finish(&l), 0);
	file_end(path);
	free(text);
}

/* Each line whole, wherever the buffer's end falls. */
static void
lines_across_buffers(void **state)
{
	enum { N = 20000 };
	char *text = malloc(N * 16), *path, want[16];
	size_t n = 0;
	struct report report;
	struct pd_lines l;
	struct pd_str line;
	bool whole;

	(void)state;
	for (unsigned i = 0; i < N; i++)
		n += (size_t)sprintf(text + n, "%u.x\n", i * 7919);
	path = file_of(pd_str_of(text, n));
	assert_int_equal(pd_lines_open(&l, path, report_begin(&report)), 0);
	/* Asked twice it is the same. */
	assert_int_equal(pd_lines_head(&l, &whole).n, PD_LINES_BUFFER);
	assert_int_equal(pd_lines_head(&l, &whole).n, PD_LINES_BUFFER);
	assert_false(whole);
	for (unsigned i = 0; i < N; i++) {
		assert_true(pd_lines_next(&l, &line));
		snprintf(want, sizeof(want), "%u.x", i * 7919);
		assert_int_equal(line.n, strlen(want));
		assert_memory_equal(line.p, want, line.n);
		assert_int_equal(l.line, i + 1);
	}
	assert_false(pd_lines_next(&l, &line));
	assert_int_equal(pd_lines_finish(&l), 0);
	assert_int_equal(report.lines, 0);
	file_end(path);
	free(text);
}

static void
what_is_no_file_is_an_error(void **state)
{
	struct report report;
	struct pd_lines l;

	(void)state;
	assert_int_equal(
	    pd_lines_open(&l, "/nonexistent/x", report_begin(&report)), -1);
	assert_int_equal(report.errors, 1);
	assert_told(&report, "/nonexistent/x: No such file");
	assert_int_equal(pd_lines_open(&l, "/tmp", report_begin(&report)), -1);
	assert_told(&report, "/tmp: not a file");
	assert_int_equal(pd_lines_open(&l, "/dev/zero", NULL), -1);
}

static void
an_empty_text_has_no_lines(void **state)
{
	struct pd_lines l;
	struct pd_str line;
	bool whole;

	(void)state;
	pd_lines_memory(&l, PD_STR(""), "list", NULL);
	assert_int_equal(pd_lines_head(&l, &whole).n, 0);
	assert_true(whole);
	assert_false(pd_lines_next(&l, &line));
	assert_int_equal(pd_lines_finish(&l), 0);
	pd_lines_memory(&l, PD_STR("\xef\xbb\xbf\r\n"), "list", NULL);
	assert_true(pd_lines_next(&l, &line));
	assert_int_equal(line.n, 0);
	assert_false(pd_lines_next(&l, &line));
	assert_int_equal(pd_lines_finish(&l), 0);
}

static void
conditions(void **state)
{
	static char *symbols[] = { "a", "b", "ext_ublock" };
	static const struct {
		const char *text;
		bool holds, valid;
	} cases[] = {
		{ "a", true, true },
		{ "ab", false, true },
		{ "ext_ublock", true, true },
		{ "!a", false, true },
		{ "!!a", true, true },
		{ "! x", true, true },
		{ "a && x", false, true },
		{ "a&&b", true, true },
		{ "x || a", true, true },
		/* "&&" binds more than "||", and '!' most. */
		{ "a || x && x", true, true },
		{ "x && x || a", true, true },
		{ "(a || x) && x", false, true },
		{ "!x && a", true, true },
		{ "!(x && a)", true, true },
		{ "!(x || a) || !x", true, true },
		{ "((a))", true, true },
		{ "true", true, true },
		{ "false", false, true },
		{ "", false, false },
		{ "a b", false, false },
		{ "a &&", false, false },
		{ "&& a", false, false },
		{ "a & b", false, false },
		{ "(a", false, false },
		{ "a)", false, false },
		{ "()", false, false },
		{ "a !b", false, false },
		{ "a ==", false, false },
		{ "((((((((((((((((((((((((((((((((((((((a", false, false },
	};
	bool valid;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bool holds =
		    pd_condition(pd_str_z(cases[i].text), symbols, 3, &valid);

		if (holds != cases[i].holds || valid != cases[i].valid)
			fail_msg("%s", cases[i].text);
	}
}

static char included[256];

static void
note_include(void *arg, struct pd_str name, uint32_t line)
{
	size_t at = strlen(included);

	(void)arg;
	snprintf(included + at, sizeof(included) - at, "%u:%.*s;", line,
	    PD_STR_ARG(name));
}

/* The lines that are on, joined by blanks. */
static void
read_directed(struct report *report, const char *text, char out[256])
{
	static char *symbols[] = { "yes" };
	struct pd_lines_directives d = {
		.symbols = symbols, .nsymbols = 1, .include = note_include
	};
	struct pd_lines l;
	struct pd_str line;

	out[0] = included[0] = '\0';
	pd_lines_memory(&l, pd_str_z(text), "list", report_begin(report));
	pd_lines_direct(&l, &d);
	while (pd_lines_next(&l, &line)) {
		strncat(out, line.p, line.n);
		strcat(out, " ");
	}
	assert_int_equal(pd_lines_finish(&l), 0);
}

static void
directives(void **state)
{
	struct report report;
	char out[256];

	(void)state;
	read_directed(&report,
	    "1\n!#if yes\n2\n!#if no\n3\n!#else\n4\n!#endif\n5\n!#else\n6\n"
	    "!#if yes\n7\n!#else\n8\n!#endif\n!#include no.txt\n!#endif\n"
	    "!#if !no\n9\n!#include  yes.txt \n!#endif\n!#if(yes)\n10\n"
	    "!#endif\n!#safari_cb_affinity(all)\n11\n! #if no\n12\n",
	    out);
	assert_string_equal(out, "1 2 4 5 9 10 11 ! #if no 12 ");
	assert_string_equal(included, "21:yes.txt;");
	assert_int_equal(report.lines, 0);
}

static bool
includes(const char *line, const char *want)
{
	struct pd_str name = PD_STR("");

	return pd_lines_include(pd_str_z(line), &name) &&
	       pd_str_eq(name, pd_str_z(want));
}

static void
what_includes(void **state)
{
	(void)state;
	assert_true(includes("!#include a.txt", "a.txt"));
	assert_true(includes("!# include a.txt", "a.txt"));
	assert_true(includes("!#\t include\ta b ", "a b"));
	assert_true(includes("!#include", ""));
	assert_false(includes("!#includes a", "a"));
	assert_false(includes("! #include a", "a"));
	assert_false(includes(" !#include a", "a"));
	assert_false(includes("!#", ""));
	assert_false(includes("", ""));
}

static void
directives_that_do_not_fit(void **state)
{
	struct report report;
	char out[256];

	(void)state;
	read_directed(&report,
	    "!#endif\n!#else\n1\n!#if &&\n2\n!#else\n3\n!#else\n4\n!#endif\n"
	    "5\n!#if yes\n6\n",
	    out);
	assert_string_equal(out, "1 3 4 5 6 ");
	assert_told(&report, "list:1: \"!#endif\" without");
	assert_told(&report, "list:2: \"!#else\" without");
	assert_told(&report, "list:4: \"!#if &&\" cannot be read");
	assert_told(&report, "list:8: \"!#else\" without");
	assert_told(&report, "the file ends inside \"!#if\"");
	assert_int_equal(report.lines, 5);
	assert_int_equal(report.errors, 0);
}

/* Past the limit all is off, and the ends are still counted. */
static void
conditions_in_one_another(void **state)
{
	static char text[4096];
	struct report report;
	char out[256];
	size_t n = 0;

	(void)state;
	for (int i = 0; i < PD_LINES_IF_MAX + 3; i++)
		n += (size_t)sprintf(text + n, "!#if yes\n");
	n += (size_t)sprintf(text + n, "deep\n");
	for (int i = 0; i < 3; i++)
		n += (size_t)sprintf(text + n, "!#else\n!#endif\n");
	n += (size_t)sprintf(text + n, "most\n");
	for (int i = 0; i < PD_LINES_IF_MAX; i++)
		n += (size_t)sprintf(text + n, "!#endif\n");
	sprintf(text + n, "out\n");
	read_directed(&report, text, out);
	assert_string_equal(out, "most out ");
	assert_int_equal(report.lines, 1);
	assert_told(&report, "more than 32");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(long_lines),
		cmocka_unit_test(lines_across_buffers),
		cmocka_unit_test(what_is_no_file_is_an_error),
		cmocka_unit_test(an_empty_text_has_no_lines),
		cmocka_unit_test(conditions),
		cmocka_unit_test(directives),
		cmocka_unit_test(directives_that_do_not_fit),
		cmocka_unit_test(what_includes),
		cmocka_unit_test(conditions_in_one_another),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
