#include "cmd/cmd.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#define WORDS_MAX 12

static bool json;
static const char *path;
static struct pd_cmd_values lists;
static const struct pd_cmd_option options[] = {
	{ "config", 'c', .value = &path },
	{ "json", .flag = &json },
	{ "list", 'l', .values = &lists },
	{ 0 },
};
static struct pd_cmd_line line;
static char words[256];
static char *argv[WORDS_MAX + 1];
/* What was printed. */
static char out[512], err[512];

static int
begin(void **state)
{
	(void)state;
	json = false;
	path = NULL;
	line = (struct pd_cmd_line){
		.name = "try", .usage = "usage: it\n", .options = options
	};
	return 0;
}

static int
end(void **state)
{
	(void)state;
	pd_cmd_values_free(&lists);
	return 0;
}

/* A stream's file for a while; what it was before is returned. */
static int
turn(FILE *f, FILE *to)
{
	int before = dup(fileno(f));

	fflush(f);
	assert_true(dup2(fileno(to), fileno(f)) >= 0);
	return before;
}

static void
turn_back(FILE *f, int before, FILE *from, char text[512])
{
	size_t n;

	fflush(f);
	dup2(before, fileno(f));
	close(before);
	rewind(from);
	n = fread(text, 1, 511, from);
	text[n] = '\0';
	fclose(from);
}

/* The words, split at blanks. */
static int
parse(const char *text)
{
	FILE *out_file = tmpfile(), *err_file = tmpfile();
	int argc = 0, out_fd, err_fd, rc;

	snprintf(words, sizeof(words), "try %s", text);
	for (char *p = strtok(words, " "); p != NULL; p = strtok(NULL, " ")) {
		assert_true(argc < WORDS_MAX);
		argv[argc++] = p;
	}
	argv[argc] = NULL;
	out_fd = turn(stdout, out_file);
	err_fd = turn(stderr, err_file);
	rc = pd_cmd_parse(&line, argc, argv);
	turn_back(stdout, out_fd, out_file, out);
	turn_back(stderr, err_fd, err_file, err);
	return rc;
}

static void
each_goes_to_its_place(void **state)
{
	(void)state;
	line.most = 2;
	assert_int_equal(
	    parse("a --list one -c x --json --list=two b -l three"), PD_CMD_GO);
	assert_string_equal(err, "");
	assert_true(json);
	assert_string_equal(path, "x");
	assert_int_equal(lists.n, 3);
	assert_string_equal(lists.v[0], "one");
	assert_string_equal(lists.v[1], "two");
	assert_string_equal(lists.v[2], "three");
	assert_int_equal(line.nwords, 2);
	assert_string_equal(line.words[0], "a");
	assert_string_equal(line.words[1], "b");
}

static void
the_last_counts(void **state)
{
	(void)state;
	assert_int_equal(parse("-c x --config y --conf z"), PD_CMD_GO);
	assert_string_equal(path, "z");
	assert_false(json);
	assert_int_equal(lists.n, 0);
	assert_int_equal(line.nwords, 0);
}

static void
after_two_dashes_all_are_words(void **state)
{
	(void)state;
	line.most = SIZE_MAX;
	assert_int_equal(parse("-- --json -c"), PD_CMD_GO);
	assert_false(json);
	assert_int_equal(line.nwords, 2);
	assert_string_equal(line.words[0], "--json");
}

static void
help_goes_to_stdout(void **state)
{
	(void)state;
	assert_int_equal(parse("--json -h --wrong"), PD_CMD_OK);
	assert_string_equal(out, "usage: it\n");
	assert_string_equal(err, "");
	assert_int_equal(parse("--help"), PD_CMD_OK);
	assert_string_equal(out, "usage: it\n");
}

static void
what_is_wrong_is_told(void **state)
{
	static const struct {
		const char *words, *told;
	} cases[] = {
		{ "--jsn", "there is no option --jsn; did you mean --json?" },
		{ "--lst=3", "there is no option --lst; did you mean --list?" },
		{ "--entirely", "there is no option --entirely" },
		{ "-q", "there is no option -q" },
		{ "-c", "-c wants a value" },
		{ "--config", "--config wants a value" },
		{ "--list", "--list wants a value" },
		{ "--json=1", "--json takes no value" },
		{ "--json x", "what is \"x\"?" },
	};
	char want[200];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(parse(cases[i].words), PD_CMD_USAGE);
		assert_string_equal(out, "");
		snprintf(want, sizeof(want), "pared try: %s\n\nusage: it\n",
		    cases[i].told);
		assert_string_equal(err, want);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, begin, end)
		T(each_goes_to_its_place),
		T(the_last_counts),
		T(after_two_dashes_all_are_words),
		T(help_goes_to_stdout),
		T(what_is_wrong_is_told),
#undef T
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
