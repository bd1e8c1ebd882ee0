/*
 * Updates of lists: what replaces a copy and what does not, what is asked of
 * the origin, what stays when something fails.
 */
#include "update.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/arena.h"
#include "tests/support/origin.h"

#define TEN_RULES                             \
	"||a1^\n||a2^\n||a3^\n||a4^\n||a5^\n" \
	"||a6^\n||a7^\n||a8^\n||a9^\n||b1^\n"

static struct {
	struct pd_conf *conf;
	struct origin *origin;
	char dir[64], url[128];
	struct pd_update_params params;

	/* Of the last run. */
	unsigned outcomes, progress;
	enum pd_update_outcome outcome; /* the last list's */
	char list[64], text[512];
	uint32_t before, now;
	size_t changed;
} t;

static void
on_progress(void *arg, const char *list, size_t done, size_t total)
{
	assert_ptr_equal(arg, &t);
	assert_non_null(list);
	assert_true(total == 0 || done <= total);
	t.progress++;
}

static void
on_outcome(void *arg, const char *list, enum pd_update_outcome outcome,
    const char *text, uint32_t before, uint32_t now)
{
	assert_ptr_equal(arg, &t);
	t.outcomes++;
	t.outcome = outcome;
	snprintf(t.list, sizeof(t.list), "%s", list);
	snprintf(t.text, sizeof(t.text), "%s", text);
	t.before = before;
	t.now = now;
}

static int
run(void)
{
	const struct pd_update_report report = {
		.arg = &t,
		.progress = on_progress,
		.outcome = on_outcome,
	};

	t.outcomes = t.progress = 0;
	t.text[0] = '\0';
	t.before = t.now = 0;
	return pd_update_run(&t.params, &report, &t.changed);
}

/* One list, one run, one outcome. */
static void
run_to(enum pd_update_outcome outcome)
{
	int failed = run();

	assert_int_equal(t.outcomes, 1);
	if (t.outcome != outcome)
		fail_msg("outcome %d: %s", t.outcome, t.text);
	assert_int_equal(failed, outcome >= PD_UPDATE_SHRUNK);
	assert_int_equal(t.changed, outcome == PD_UPDATE_NEW);
}

static void
answer(const char *fields, const char *content)
{
	char *bytes = origin_ok(fields, content);

	origin_answer(t.origin,
	    &(struct origin_answer){ .target = "/list.txt", .bytes = bytes });
	free(bytes);
}

static void
answer_raw(const char *target, const char *bytes)
{
	origin_answer(t.origin,
	    &(struct origin_answer){ .target = target, .bytes = bytes });
}

static const char *
path_of(const char *name)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/%s", t.dir, name);
	return path;
}

/* The file's text, or "" with none. */
static const char *
text_of(const char *name)
{
	static char text[4096];
	FILE *f = fopen(path_of(name), "r");
	size_t n = f != NULL ? fread(text, 1, sizeof(text) - 1, f) : 0;

	text[n] = '\0';
	if (f != NULL)
		fclose(f);
	return text;
}

static void
write_text(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void
report_line(void *arg, bool error, const char *text)
{
	(void)arg;
	if (error)
		fail_msg("%s", text);
}

static void
set_source(size_t i, const char *name, const char *url)
{
	struct pd_conf_source *s = &t.conf->sources[i];

	free(s->name);
	free(s->url);
	s->name = strdup(name);
	s->url = strdup(url);
}

static int
setup(void **state)
{
	struct pd_conf_report report = { report_line, NULL };
	struct pd_prefix *loopback = malloc(sizeof(*loopback));

	(void)state;
	memset(&t, 0, sizeof(t));
	snprintf(t.dir, sizeof(t.dir), "/tmp/pared-test-update-XXXXXX");
	assert_non_null(mkdtemp(t.dir));
	t.origin = origin_create();
	t.conf = pd_conf_load(NULL, NULL, 0, false, &report);
	assert_int_equal(pd_prefix_parse(PD_STR("127.0.0.0/8"), loopback), 0);
	free(t.conf->allow_private.v);
	t.conf->allow_private = (struct pd_prefixes){ loopback, 1 };
	free(t.conf->lists_directory);
	t.conf->lists_directory = strdup(t.dir);
	t.conf->sources = calloc(2, sizeof(*t.conf->sources));
	t.conf->nsources = 1;
	snprintf(t.url, sizeof(t.url), "http://127.0.0.1:%u/list.txt",
	    origin_http(t.origin));
	set_source(0, "easy", t.url);
	t.params = (struct pd_update_params){ .conf = t.conf,
		.ca_file = origin_ca(t.origin) };
	return 0;
}

static int
teardown(void **state)
{
	char command[128];

	(void)state;
	pd_conf_unref(t.conf);
	origin_destroy(t.origin);
	chmod(t.dir, 0700);
	snprintf(command, sizeof(command), "rm -rf %s", t.dir);
	return system(command); // NOLINT
}

/* ---- what replaces a copy ---------------------------------------------- */

static void
test_first(void **state)
{
	struct pd_arena *arena = pd_arena_create();
	struct pd_update_meta m;
	char *path;

	(void)state;
	assert_null(pd_update_path(t.conf, &t.conf->sources[0]));
	assert_int_equal(
	    pd_update_meta(t.conf, &t.conf->sources[0], arena, &m), -1);
	answer("ETag: \"a\"\r\n", "! Expires: 4 days\n" TEN_RULES);
	run_to(PD_UPDATE_NEW);
	assert_string_equal(t.list, "easy");
	assert_int_equal(t.now, 10);
	assert_int_equal(t.before, 0);
	assert_true(t.progress > 0);
	assert_string_equal(
	    text_of("easy.list"), "! Expires: 4 days\n" TEN_RULES);
	path = pd_update_path(t.conf, &t.conf->sources[0]);
	assert_string_equal(path, path_of("easy.list"));
	free(path);
	assert_int_equal(
	    pd_update_meta(t.conf, &t.conf->sources[0], arena, &m), 0);
	assert_true(pd_str_eq(m.url, pd_str_z(t.url)));
	assert_true(pd_str_eq(m.etag, PD_STR("\"a\"")));
	assert_int_equal(m.rules, 10);
	assert_int_equal(m.bytes, strlen("! Expires: 4 days\n" TEN_RULES));
	assert_in_range(m.checked, time(NULL) - 5, time(NULL));
	assert_int_equal(m.changed, m.checked);
	assert_int_equal(m.expires, m.checked + 4 * 24 * 3600);
	pd_arena_destroy(arena);
}

static void
test_new_and_old(void **state)
{
	(void)state;
	answer("", TEN_RULES);
	run_to(PD_UPDATE_NEW);
	answer("", TEN_RULES "||c1^\n");
	run_to(PD_UPDATE_NEW);
	assert_int_equal(t.before, 10);
	assert_int_equal(t.now, 11);
	assert_string_equal(text_of("easy.list"), TEN_RULES "||c1^\n");
	assert_string_equal(text_of("easy.list.old"), TEN_RULES);
	/* The same bytes again: nothing moves. */
	run_to(PD_UPDATE_SAME);
	assert_string_equal(text_of("easy.list.old"), TEN_RULES);
	assert_int_equal(access(path_of(".easy.list.tmp"), F_OK), -1);
}

static void
test_not_modified(void **state)
{
	(void)state;
	answer("ETag: \"a\"\r\n"
	       "Last-Modified: Sat, 21 Nov 2026 10:00:00 GMT\r\n",
	    TEN_RULES);
	run_to(PD_UPDATE_NEW);
	assert_null(strstr(origin_asked(t.origin), "If-None-Match"));
	answer_raw("/list.txt", "HTTP/1.1 304 Not Modified\r\n\r\n");
	run_to(PD_UPDATE_SAME);
	assert_int_equal(t.now, 10);
	assert_non_null(
	    strstr(origin_asked(t.origin), "If-None-Match: \"a\"\r\n"));
	assert_non_null(strstr(origin_asked(t.origin),
	    "If-Modified-Since: Sat, 21 Nov 2026 10:00:00 GMT\r\n"));
	/* A copy that somebody cut is not what the tag is of. */
	write_text(path_of("easy.list"), "||a1^\n");
	answer("ETag: \"a\"\r\n", TEN_RULES);
	run_to(PD_UPDATE_NEW);
	assert_null(strstr(origin_asked(t.origin), "If-None-Match"));
	/* One that is gone, too. */
	unlink(path_of("easy.list"));
	run_to(PD_UPDATE_NEW);
	assert_null(strstr(origin_asked(t.origin), "If-None-Match"));
}

static void
test_expires(void **state)
{
	unsigned asked;

	(void)state;
	answer("", "! Expires: 12 hours\n" TEN_RULES);
	run_to(PD_UPDATE_NEW);
	asked = origin_requests(t.origin);
	run_to(PD_UPDATE_NOT_DUE);
	assert_int_equal(origin_requests(t.origin), asked);
	assert_int_equal(t.now, 10);
	assert_in_range(atoi(t.text), 12 * 3600 - 10, 12 * 3600);
	t.params.force = true;
	run_to(PD_UPDATE_SAME);
	t.params.force = false;
	/* Another address is another list. */
	strcat(t.url, "?v=2");
	set_source(0, "easy", t.url);
	answer_raw("/list.txt?v=2",
	    "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n||a1^\n");
	run_to(PD_UPDATE_NEW);
}

/* Whatever stands in NAME.meta costs a download, and no more than that. */
static void
test_meta_hostile(void **state)
{
	static const char *const cases[] = {
		"",
		"\xff\xfe",
		"{\"url\":\"",
		"{\"url\":\"http://x/\",\"expires\":9223372036854775807}",
		"{\"expires\":9223372036854775807}",
	};
	char text[512];

	(void)state;
	answer("", TEN_RULES);
	run_to(PD_UPDATE_NEW);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		write_text(path_of("easy.meta"), cases[i]);
		run_to(PD_UPDATE_SAME);
	}
	/* Checked in the future: the clock was wrong, then or now. */
	snprintf(text, sizeof(text),
	    "{\"url\":\"%s\",\"bytes\":60,\"etag\":\"\\\"\\r\\nX: y\","
	    "\"checked\":9223372036854775806,"
	    "\"expires\":9223372036854775807}",
	    t.url);
	write_text(path_of("easy.meta"), text);
	run_to(PD_UPDATE_SAME);
	assert_null(strstr(origin_asked(t.origin), "X: y"));
	/* And it opens no way around what guards the copy. */
	write_text(path_of("easy.meta"), "{\"rules\":1}");
	answer("", "||a1^\n");
	run_to(PD_UPDATE_SHRUNK);
	/* Not even when it is a directory. */
	unlink(path_of("easy.meta"));
	mkdir(path_of("easy.meta"), 0700);
	answer("", TEN_RULES "||c1^\n");
	run_to(PD_UPDATE_NEW);
}

/* ---- what does not ------------------------------------------------------ */

static void
test_shrunk(void **state)
{
	(void)state;
	answer("", TEN_RULES);
	run_to(PD_UPDATE_NEW);
	answer("", "||a1^\n||a2^\n||a3^\n||a4^\n");
	run_to(PD_UPDATE_SHRUNK);
	assert_int_equal(t.before, 10);
	assert_int_equal(t.now, 4);
	assert_string_equal(text_of("easy.list"), TEN_RULES);
	/* Half is enough; and the word of whoever runs it. */
	answer("", "||a1^\n||a2^\n||a3^\n||a4^\n||a5^\n");
	run_to(PD_UPDATE_NEW);
	answer("", "||a1^\n");
	run_to(PD_UPDATE_SHRUNK);
	t.params.force = true;
	run_to(PD_UPDATE_NEW);
	assert_string_equal(text_of("easy.list"), "||a1^\n");
	assert_string_equal(
	    text_of("easy.list.old"), "||a1^\n||a2^\n||a3^\n||a4^\n||a5^\n");
}

static void
test_not_list(void **state)
{
	static const char *const cases[] = {
		"<!DOCTYPE html>\n<html><head><title>Sign in</title></head>"
		"<body>Please pay</body></html>\n",
		"",
		"! Title: nothing\n! but comments\n",
		"\x1f\x8b\x08 packed without saying so",
	};

	(void)state;
	answer("", TEN_RULES);
	run_to(PD_UPDATE_NEW);
	/* Not even for who insists. */
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		t.params.force = i % 2 == 0;
		answer("", cases[i]);
		run_to(PD_UPDATE_NOT_LIST);
		assert_true(t.text[0] != '\0');
		assert_string_equal(text_of("easy.list"), TEN_RULES);
	}
}

static void
test_failed(void **state)
{
	(void)state;
	answer("ETag: \"a\"\r\n", TEN_RULES);
	run_to(PD_UPDATE_NEW);
	answer_raw("/list.txt",
	    "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n");
	run_to(PD_UPDATE_FAILED);
	assert_non_null(strstr(t.text, "503"));
	answer_raw("/list.txt",
	    "HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n||c1^\n");
	run_to(PD_UPDATE_FAILED);
	assert_string_equal(text_of("easy.list"), TEN_RULES);
	/* What fails does not keep the others. */
	t.conf->nsources = 2;
	set_source(1, "other", t.url);
	set_source(0, "easy", "http://127.0.0.1:1/list.txt");
	answer("", TEN_RULES);
	assert_int_equal(run(), 1);
	assert_int_equal(t.outcomes, 2);
	assert_int_equal(t.changed, 1);
	assert_string_equal(text_of("other.list"), TEN_RULES);
	assert_string_equal(text_of("easy.list"), TEN_RULES);
}

static void
test_https(void **state)
{
	snprintf(t.url, sizeof(t.url), "https://127.0.0.1:%u/list.txt",
	    origin_https(t.origin));
	set_source(0, "easy", t.url);
	(void)state;
	answer("", TEN_RULES);
	origin_show(t.origin, ORIGIN_CERT_OTHER_NAME);
	run_to(PD_UPDATE_FAILED);
	assert_non_null(strstr(t.text, "mismatch"));
	origin_show(t.origin, ORIGIN_CERT_GOOD);
	run_to(PD_UPDATE_NEW);
	assert_string_equal(text_of("easy.list"), TEN_RULES);
}

static void
test_private(void **state)
{
	(void)state;
	answer("", TEN_RULES);
	t.conf->allow_private.n = 0;
	run_to(PD_UPDATE_FAILED);
	assert_non_null(strstr(t.text, "AllowPrivate"));
	assert_int_equal(origin_requests(t.origin), 0);
}

/* ---- parts of a list --------------------------------------------------- */

static void
test_include(void **state)
{
	(void)state;
	answer("ETag: \"a\"\r\n", "||a1^\n!#include sub/part.txt\r\n||a2^\n"
				  "!#include ../up.txt\n!# include\t/x.txt");
	answer_raw("/sub/part.txt",
	    "HTTP/1.1 200 OK\r\nContent-Length: 31\r\n\r\n"
	    "||p1^\n!# include more.txt\n||p2^");
	answer_raw(
	    "/more.txt", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n||m1^");
	run_to(PD_UPDATE_NEW);
	assert_string_equal(text_of("easy.list"),
	    "||a1^\n! included: sub/part.txt\n||p1^\n"
	    "! included: more.txt\n||m1^\n||p2^\n||a2^\n"
	    "!#include ../up.txt\n!# include\t/x.txt");
	assert_int_equal(t.now, 5);
	/* A part may be another though the first is the same: it is asked for
	 * without condition. */
	assert_non_null(strstr(text_of("easy.meta"), "\"etag\": \"\""));
	answer_raw(
	    "/more.txt", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n||m2^");
	run_to(PD_UPDATE_NEW);
	assert_non_null(strstr(text_of("easy.list"), "||m2^"));
	/* With a part missing it is not the list. */
	answer_raw(
	    "/more.txt", "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
	run_to(PD_UPDATE_FAILED);
	assert_non_null(strstr(t.text, "more.txt"));
	assert_non_null(strstr(text_of("easy.list"), "||m2^"));
}

/* A list that includes itself ends by the number of its parts. */
static void
test_include_loop(void **state)
{
	(void)state;
	answer("", "||a1^\n!#include list.txt\n");
	run_to(PD_UPDATE_FAILED);
	assert_non_null(strstr(t.text, "64"));
}

/* ---- lists of this machine --------------------------------------------- */

static void
test_local(void **state)
{
	char url[512];
	struct timespec times[2] = { { 1000, 0 }, { 1000, 0 } };
	char *path;

	(void)state;
	snprintf(url, sizeof(url), "file:%s", path_of("mine.txt"));
	set_source(0, "mine", url);
	run_to(PD_UPDATE_FAILED);
	assert_non_null(strstr(t.text, "No such file"));
	write_text(path_of("mine.txt"), "ads.example\n");
	run_to(PD_UPDATE_NEW);
	assert_int_equal(t.now, 1);
	run_to(PD_UPDATE_SAME);
	utimensat(AT_FDCWD, path_of("mine.txt"), times, 0);
	run_to(PD_UPDATE_NEW);
	/* Fewer rules are whoever writes it, not a download gone wrong. */
	write_text(path_of("mine.txt"), "<html><body>no</body></html>\n");
	run_to(PD_UPDATE_NOT_LIST);
	/* It is used where it is. */
	assert_int_equal(access(path_of("mine.list"), F_OK), -1);
	path = pd_update_path(t.conf, &t.conf->sources[0]);
	assert_string_equal(path, path_of("mine.txt"));
	free(path);
}

/* ---- which lists -------------------------------------------------------- */

static void
test_only(void **state)
{
	char other[] = "other";
	char *const only[] = { other };

	(void)state;
	answer("", TEN_RULES);
	t.conf->nsources = 2;
	set_source(1, "other", t.url);
	t.conf->sources[1].off = true;
	run_to(PD_UPDATE_NEW);
	assert_string_equal(t.list, "easy");
	t.params.only = only;
	t.params.nonly = 1;
	run_to(PD_UPDATE_NEW);
	assert_string_equal(t.list, "other");
}

static void
test_names(void **state)
{
	static const char *const bad[] = { "", ".", "..", ".hidden", "a/b",
		"../a", "a b", "a\nb", "a\x7f" };
	char longest[102];

	(void)state;
	answer("", TEN_RULES);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		assert_false(pd_update_name_ok(bad[i]));
		set_source(0, bad[i], t.url);
		run_to(PD_UPDATE_FAILED);
		assert_null(pd_update_path(t.conf, &t.conf->sources[0]));
	}
	assert_int_equal(origin_requests(t.origin), 0);
	memset(longest, 'a', 101);
	longest[101] = '\0';
	assert_false(pd_update_name_ok(longest));
	longest[100] = '\0';
	assert_true(pd_update_name_ok(longest));
	assert_true(pd_update_name_ok("easylist-2_de.v1"));
}

/* ---- the folder -------------------------------------------------------- */

static void
test_directory(void **state)
{
	(void)state;
	answer("", TEN_RULES);
	/* Made when its parent is there. */
	rmdir(t.dir);
	run_to(PD_UPDATE_NEW);
	free(t.conf->lists_directory);
	t.conf->lists_directory = strdup("/proc/none/lists");
	assert_int_equal(run(), -1);
	assert_string_equal(t.list, "");
	assert_int_equal(t.outcome, PD_UPDATE_FAILED);
	assert_int_equal(t.changed, 0);
	free(t.conf->lists_directory);
	t.conf->lists_directory = NULL;
	run_to(PD_UPDATE_FAILED);
	assert_non_null(strstr(t.text, "lists.directory"));
}

static void
test_locked(void **state)
{
	int dir = open(t.dir, O_RDONLY | O_DIRECTORY);

	(void)state;
	answer("", TEN_RULES);
	assert_int_equal(flock(dir, LOCK_EX), 0);
	assert_int_equal(run(), -1);
	assert_non_null(strstr(t.text, "another update"));
	assert_int_equal(origin_requests(t.origin), 0);
	close(dir);
	run_to(PD_UPDATE_NEW);
}

/* No room: what a limit on files' sizes says as a full disk would. */
static void
test_full(void **state)
{
	struct rlimit before, small = { .rlim_cur = 100 };

	(void)state;
	answer("", TEN_RULES);
	run_to(PD_UPDATE_NEW);
	getrlimit(RLIMIT_FSIZE, &before);
	small.rlim_max = before.rlim_max;
	signal(SIGXFSZ, SIG_IGN);
	answer("", TEN_RULES TEN_RULES TEN_RULES);
	setrlimit(RLIMIT_FSIZE, &small);
	run_to(PD_UPDATE_FAILED);
	setrlimit(RLIMIT_FSIZE, &before);
	assert_non_null(strstr(t.text, "too large"));
	assert_string_equal(text_of("easy.list"), TEN_RULES);
	assert_int_equal(access(path_of(".easy.list.tmp"), F_OK), -1);
	assert_int_equal(access(path_of("easy.list.old"), F_OK), -1);
	run_to(PD_UPDATE_NEW);
}

/* What a run that was killed left behind is in nobody's way. */
static void
test_left_over(void **state)
{
	(void)state;
	answer("", TEN_RULES);
	assert_int_equal(symlink("/etc/passwd", path_of(".easy.list.tmp")), 0);
	run_to(PD_UPDATE_NEW);
	assert_string_equal(text_of("easy.list"), TEN_RULES);
	/* The copy's name led elsewhere: it is replaced, not followed. */
	unlink(path_of("easy.list"));
	write_text(path_of("victim"), "||x^\n");
	assert_int_equal(symlink("victim", path_of("easy.list")), 0);
	run_to(PD_UPDATE_NEW);
	assert_string_equal(text_of("victim"), "||x^\n");
	assert_string_equal(text_of("easy.list"), TEN_RULES);
	/* A FIFO there would hold the run for ever. */
	unlink(path_of("easy.list"));
	assert_int_equal(mkfifo(path_of("easy.list"), 0600), 0);
	run_to(PD_UPDATE_FAILED);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_first),
		TEST(test_new_and_old),
		TEST(test_not_modified),
		TEST(test_expires),
		TEST(test_meta_hostile),
		TEST(test_shrunk),
		TEST(test_not_list),
		TEST(test_failed),
		TEST(test_https),
		TEST(test_private),
		TEST(test_include),
		TEST(test_include_loop),
		TEST(test_local),
		TEST(test_only),
		TEST(test_names),
		TEST(test_directory),
		TEST(test_locked),
		TEST(test_full),
		TEST(test_left_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
