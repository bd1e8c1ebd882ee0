#include "filters/block/source.h"

#include <sys/stat.h>

#include "filters/block/compile.h"

#include "collect.h"

/* A compiler that only notes what it is given. */
struct pd_compiler {
	struct collected got;
	struct pd_rule_sink sink;
	unsigned lists, files, files_max;
};

int
pd_compiler_begin_list(
    struct pd_compiler *c, struct pd_str name, struct pd_str url)
{
	c->lists++;
	collect_say(
	    &c->got, "list %.*s %.*s\n", PD_STR_ARG(name), PD_STR_ARG(url));
	return 0;
}

int
pd_compiler_begin_file(struct pd_compiler *c, struct pd_str name)
{
	if (c->files++ >= c->files_max)
		return -1;
	collect_say(&c->got, "file %.*s\n", PD_STR_ARG(name));
	return 0;
}

static int
note_rule(void *arg, const struct pd_rule *r)
{
	struct pd_compiler *c = arg;

	collect_say(&c->got, "%u: %.*s\n", r->line, PD_STR_ARG(r->text));
	c->got.rules++;
	return 0;
}

static int
note_skip(void *arg, enum pd_rule_skip why, struct pd_str what,
    struct pd_str text, uint32_t line)
{
	struct pd_compiler *c = arg;

	return collect_skip(&c->got, why, what, text, line);
}

static int
note_cosmetic(void *arg, const struct pd_cosmetic *cosmetic)
{
	struct pd_compiler *c = arg;

	return collect_cosmetic(&c->got, cosmetic);
}

const struct pd_rule_sink *
pd_compiler_sink(struct pd_compiler *c)
{
	c->sink =
	    (struct pd_rule_sink){ c, note_rule, note_cosmetic, note_skip };
	return &c->sink;
}

void
pd_compiler_describe(
    struct pd_compiler *c, struct pd_str title, uint32_t expires_s)
{
	collect_say(
	    &c->got, "title \"%.*s\" %u\n", PD_STR_ARG(title), expires_s);
}

/* A folder with files, and the list that is read from it. */
struct setup {
	char folder[64];
	char path[128];
	struct pd_compiler compiler;
	struct report report;
};

static int
setup(void **state)
{
	struct setup *s = calloc(1, sizeof(*s));

	strcpy(s->folder, "/tmp/pared-test-XXXXXX");
	assert_non_null(mkdtemp(s->folder));
	s->compiler.files_max = 1000;
	*state = s;
	return 0;
}

static int
teardown(void **state)
{
	struct setup *s = *state;
	char command[128];

	snprintf(command, sizeof(command), "rm -rf %s", s->folder);
	assert_int_equal(system(command), 0);
	free(s);
	return 0;
}

static void
put_file(struct setup *s, const char *name, const char *text)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", s->folder, name);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static int
read_with(struct setup *s, const char *text, struct pd_source_params p)
{
	put_file(s, "list.txt", text);
	snprintf(s->path, sizeof(s->path), "%s/list.txt", s->folder);
	p.name = PD_STR("mine");
	p.path = s->path;
	return pd_source_read(&s->compiler, &p, report_begin(&s->report));
}

static int
read_list(struct setup *s, const char *text)
{
	return read_with(
	    s, text, (struct pd_source_params){ .action = PD_RULE_BLOCK });
}

#define assert_got(s, want) assert_string_equal((s)->compiler.got.text, want)

static void
a_list_says_what_it_is(void **state)
{
	struct setup *s = *state;

	assert_int_equal(read_list(s, "# Title: My \x01 hosts\r\n"
				      "# Expires: 12 hours\r\n"
				      "# Title: another\r\n"
				      "0.0.0.0 a.example\r\n"),
	    0);
	assert_got(s, "list mine \n"
		      "title \"My ? hosts\" 43200\n"
		      "file list.txt\n"
		      "4: a.example\n");
	assert_int_equal(s->report.lines, 0);
}

static void
times(void **state)
{
	static const struct {
		const char *text;
		uint32_t seconds;
	} cases[] = {
		{ "4 days (update frequency)", 345600 },
		{ "1 day", 86400 },
		{ "12 hours", 43200 },
		{ "30 minutes", 1800 },
		{ "2 weeks", 1209600 },
		{ "5d", 432000 },
		{ "7", 604800 },
		{ "7 (days)", 604800 },
		{ "0 days", 0 },
		{ "days", 0 },
		{ "", 0 },
		{ "-1 days", 0 },
		{ "2 months", 60 * 86400 },
		{ "4 years", 0 },
		{ "999999 days", 366 * 86400 },
		{ "99999999999999 days", 0 },
	};
	struct pd_source_summary sum;
	const char *why;
	char text[128];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(text, sizeof(text), "! Expires: %s\n||a.example^\n",
		    cases[i].text);
		assert_int_equal(
		    pd_source_summarise(pd_str_z(text), &sum, &why), 0);
		if (sum.expires_s != cases[i].seconds)
			fail_msg("%s: %u", cases[i].text, sum.expires_s);
	}
}

static void
conditions(void **state)
{
	struct setup *s = *state;
	char *symbols[] = { "adguard" };

	assert_int_equal(read_list(s, "! x\n!#if env_firefox && !adguard\n"
				      "||a.example^\n!#else\n||b.example^\n"
				      "!#endif\n!#if env_mobile\n||c.example^\n"
				      "!#endif\n"),
	    0);
	assert_non_null(strstr(s->compiler.got.text, "3: ||a.example^\n"));
	assert_int_equal(s->compiler.got.rules, 1);
	/* Others that are given take the place of the usual ones. */
	assert_int_equal(
	    read_with(s,
		"!#if env_firefox\n||a.example^\n!#endif\n"
		"!#if adguard\n||b.example^\n!#endif\n",
		(struct pd_source_params){ .symbols = symbols, .nsymbols = 1 }),
	    0);
	assert_non_null(strstr(s->compiler.got.text, "5: ||b.example^\n"));
	assert_int_equal(s->compiler.got.rules, 2);
	assert_int_equal(s->report.lines, 0);
}

static void
includes(void **state)
{
	struct setup *s = *state;
	char path[128];

	snprintf(path, sizeof(path), "%s/sub", s->folder);
	assert_int_equal(mkdir(path, 0700), 0);
	put_file(s, "one.txt", "||one.example^\n!#include sub/two.txt\n");
	/* From the folder of the file that has it. */
	put_file(s, "sub/two.txt", "two\n!#include three.txt\n");
	put_file(s, "sub/three.txt", "! nothing but this\n");
	assert_int_equal(
	    read_list(s, "||a.example^\n!#include one.txt\n||b.example^\n"), 0);
	assert_got(s, "list mine \n"
		      "title \"\" 0\n"
		      "file list.txt\n"
		      "1: ||a.example^\n"
		      "3: ||b.example^\n"
		      "file one.txt\n"
		      "1: ||one.example^\n"
		      "file sub/two.txt\n"
		      "1: two\n"
		      "file sub/three.txt\n");
	assert_int_equal(s->report.lines, 0);
}

/* Of what was fetched nothing is followed, however it is written. */
static void
a_copy_includes_nothing(void **state)
{
	struct setup *s = *state;

	put_file(s, "mine.txt", "||mine.example^\n");
	assert_int_equal(read_with(s,
			     "||a.example^\n!#include mine.txt\n"
			     "!# include mine.txt\n||b.example^\n",
			     (struct pd_source_params){
				 .action = PD_RULE_BLOCK, .remote = true }),
	    0);
	assert_int_equal(s->compiler.got.rules, 2);
	assert_told(&s->report, ":2: \"!#include mine.txt\": not fetched");
	assert_told(&s->report, ":3: \"!#include mine.txt\": not fetched");
	assert_int_equal(s->report.errors, 0);
}

/* Nothing climbs, nothing is followed, nothing goes round. */
static void
includes_that_are_left_out(void **state)
{
	struct setup *s = *state;
	char path[128];

	put_file(s, "loop.txt", "||l.example^\n!#include loop.txt\n");
	put_file(s, "page.txt", "<!DOCTYPE html>\n");
	snprintf(path, sizeof(path), "%s/link.txt", s->folder);
	assert_int_equal(symlink("/etc/passwd", path), 0);
	snprintf(path, sizeof(path), "%s/up", s->folder);
	assert_int_equal(symlink("/etc", path), 0);
	snprintf(path, sizeof(path), "%s/fifo", s->folder);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(read_list(s, "||a.example^\n"
				      "!#include /etc/passwd\n"
				      "!#include ../list.txt\n"
				      "!#include sub/../../x\n"
				      "!#include https://a.example/x\n"
				      "!#include link.txt\n"
				      "!#include up/passwd\n"),
	    0);
	assert_int_equal(s->report.lines, 6);
	assert_told(&s->report, "list.txt:2: \"!#include /etc/passwd\": not "
				"below the list's folder");
	assert_told(&s->report, ":3: \"!#include ../list.txt\": not below");
	assert_told(&s->report, ":4: \"!#include sub/../../x\": not below");
	assert_told(&s->report, ":5: \"!#include https://a.example/x\": a URL");
	assert_told(&s->report, ":6: \"!#include link.txt\": a link");
	assert_told(&s->report, ":7: \"!#include up/passwd\": a link");
	assert_int_equal(s->report.errors, 0);
	assert_int_equal(read_list(s, "||a.example^\n"
				      "!#include none.txt\n"
				      "!#include page.txt\n"
				      "!#include fifo\n"
				      "!#include .\n"
				      "!#include\n"
				      "!#include loop.txt\n"
				      "!#include loop.txt\n"),
	    0);
	assert_told(&s->report, ":2: \"!#include none.txt\": No such file");
	assert_told(&s->report, "page.txt: this is an HTML page");
	assert_told(&s->report, "fifo: not a file");
	assert_told(&s->report, ":5: \"!#include .\": no file name");
	assert_told(&s->report, ":6: \"!#include \": no file name");
	assert_told(&s->report, ":8: \"!#include loop.txt\": included already");
	assert_told(&s->report, "loop.txt:2: \"!#include loop.txt\": included");
	assert_int_equal(s->report.errors, 0);
}

static void
includes_have_an_end(void **state)
{
	struct setup *s = *state;
	char name[32], text[8192];
	size_t n = 0;

	for (int i = 0; i < 8; i++) {
		snprintf(name, sizeof(name), "d%d.txt", i);
		snprintf(text, sizeof(text),
		    "||d%d.example^\n"
		    "!#include d%d.txt\n",
		    i, i + 1);
		put_file(s, name, text);
	}
	assert_int_equal(read_list(s, "||a.example^\n!#include d0.txt\n"), 0);
	assert_non_null(strstr(s->compiler.got.text, "||d4.example^"));
	assert_null(strstr(s->compiler.got.text, "||d5.example^"));
	assert_told(&s->report, "d4.txt:2: \"!#include d5.txt\": included too");
	n = (size_t)sprintf(text, "||a.example^\n");
	for (int i = 0; i < 110; i++)
		n += (size_t)sprintf(text + n, "!#include x%d\n", i);
	assert_int_equal(read_list(s, text), 0);
	assert_told(&s->report, "one file too many");
}

static void
no_more_files(void **state)
{
	struct setup *s = *state;

	s->compiler.files_max = 1;
	put_file(s, "one.txt", "||one.example^\n");
	assert_int_equal(read_list(s, "||a.example^\n!#include one.txt\n"), -1);
	assert_told(&s->report, "one.txt: more than 126 files");
	assert_int_equal(s->report.errors, 1);
}

static void
what_is_no_list(void **state)
{
	struct setup *s = *state;

	assert_int_equal(read_list(s, "<html>\n"), -1);
	assert_told(&s->report, "list.txt: this is an HTML page");
	assert_int_equal(read_list(s, "\x1f\x8b\x08x"), -1);
	assert_told(&s->report, "this file is compressed");
	assert_int_equal(read_list(s, "Many words\nof no list\n"), -1);
	assert_told(&s->report, "this is no list");
	assert_int_equal(s->compiler.lists, 0);
	assert_int_equal(read_list(s, "# nothing\n"), 0);
	assert_told(&s->report, "the list is empty");
	assert_int_equal(s->report.errors, 0);
}

static void
ziproxy_options(void **state)
{
	struct setup *s = *state;
	struct pd_source_params p = { .action = PD_RULE_DENY };

	/* Not Adblock's, whatever it looks like. */
	assert_int_equal(
	    read_with(s, "||a.example^\nhttp://a.example/*\n", p), 0);
	assert_got(s, "list mine \n"
		      "title \"\" 0\n"
		      "file list.txt\n"
		      "1: skip syntax: ||a.example^\n"
		      "2: http://a.example/*\n");
	assert_told(&s->report, "list.txt:1: \"||a.example^\": does not");
	assert_int_equal(read_with(s, "some words\n", p), 0);
	assert_int_equal(read_with(s, "<html>\n", p), -1);
	assert_int_equal(read_with(s, "# none\n", p), 0);
	assert_told(&s->report, "the list is empty");
}

static void
text_in_memory(void **state)
{
	struct setup *s = *state;
	struct pd_source_params p = { .name = PD_STR("mem"),
		.file_name = PD_STR("mem.txt"),
		.url = PD_STR("https://l.example/") };

	assert_int_equal(
	    pd_source_read_text(&s->compiler, &p,
		PD_STR("! Title: T\n||a.example^\n!#include x.txt\n"),
		report_begin(&s->report)),
	    0);
	assert_got(s, "list mem https://l.example/\n"
		      "title \"T\" 0\n"
		      "file mem.txt\n"
		      "2: ||a.example^\n");
	assert_told(&s->report, "mem.txt:3: \"!#include x.txt\": the list is "
				"no file");
}

static void
rules_that_cannot_be_applied(void **state)
{
	struct setup *s = *state;

	assert_int_equal(read_list(s, "||a.example^\n"
				      "||b.example^$nonsense\n"
				      "||c.example^$popup\n"
				      "/(/\n"
				      "/[/$script\n"),
	    0);
	assert_told(&s->report, "3 of 5 rules cannot be applied and were left "
				"out: 1 option-unknown, 2 regex");
	assert_int_equal(s->report.lines, 1);
}

static void
a_summary(void **state)
{
	struct pd_source_summary sum;
	const char *why;

	(void)state;
	assert_int_equal(
	    pd_source_summarise(
		PD_STR("[Adblock Plus 2.0]\n! Title: T\n! Expires: 2 days\n"
		       "||a.example^\n||b.example^$nonsense\n##.ad\n"),
		&sum, &why),
	    0);
	assert_string_equal(sum.format, "adblock");
	assert_string_equal(sum.title, "T");
	assert_int_equal(sum.rules, 1);
	assert_int_equal(sum.cosmetics, 1);
	assert_int_equal(sum.skipped, 1);
	assert_int_equal(sum.expires_s, 172800);
	assert_int_equal(pd_source_summarise(PD_STR("# no\n"), &sum, &why), 0);
	assert_string_equal(sum.format, "empty");
	assert_int_equal(sum.rules, 0);
	assert_int_equal(
	    pd_source_summarise(PD_STR("<html>\n404\n"), &sum, &why), -1);
	assert_non_null(strstr(why, "HTML"));
}

/* A title is cut between characters. */
static void
long_titles(void **state)
{
	struct pd_source_summary sum;
	const char *why;
	char text[512] = "! Title: x";

	(void)state;
	for (int i = 0; i < 100; i++)
		strcat(text, "\xc3\xa9");
	strcat(text, "\n||a.example^\n");
	assert_int_equal(pd_source_summarise(pd_str_z(text), &sum, &why), 0);
	assert_int_equal(strlen(sum.title), 127);
	assert_int_equal((unsigned char)sum.title[126], 0xa9);
}

#define test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		test(a_list_says_what_it_is),
		cmocka_unit_test(times),
		test(conditions),
		test(includes),
		test(a_copy_includes_nothing),
		test(includes_that_are_left_out),
		test(includes_have_an_end),
		test(no_more_files),
		test(what_is_no_list),
		test(ziproxy_options),
		test(text_in_memory),
		test(rules_that_cannot_be_applied),
		cmocka_unit_test(a_summary),
		cmocka_unit_test(long_titles),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
