#include "filters/block/build.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/arena.h"

static char dir[] = "/tmp/pared-build-XXXXXX";

static int
begin(void **state)
{
	(void)state;
	return mkdtemp(dir) == NULL;
}

static int
end(void **state)
{
	char *command;

	(void)state;
	if (asprintf(&command, "rm -r %s", dir) < 0 || system(command) != 0)
		return -1;
	free(command);
	return 0;
}

static char *
in_dir(const char *name)
{
	char *path;

	if (asprintf(&path, "%s/%s", dir, name) < 0)
		abort();
	return path;
}

static void
write_file(const char *name, const char *text)
{
	char *path = in_dir(name);
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	free(path);
}

static void
expect_file(const char *name, const char *text)
{
	char *path = in_dir(name), got[64] = "";
	FILE *f = fopen(path, "r");

	if (text == NULL) {
		assert_null(f);
	} else {
		assert_non_null(f);
		assert_int_equal(
		    fread(got, 1, sizeof(got) - 1, f), strlen(text));
		assert_string_equal(got, text);
		fclose(f);
	}
	free(path);
}

static void
a_file_is_replaced_whole(void **state)
{
	char *path = in_dir("rules");

	(void)state;
	assert_int_equal(pd_build_put(path, "one", 3), 0);
	expect_file("rules", "one");
	expect_file("rules.old", NULL);
	assert_int_equal(pd_build_put(path, "second", 6), 0);
	expect_file("rules", "second");
	expect_file("rules.old", "one");
	assert_int_equal(pd_build_put(path, "3", 1), 0);
	expect_file("rules", "3");
	expect_file("rules.old", "second");
	free(path);
}

static void
a_failure_changes_nothing(void **state)
{
	char *path = in_dir("none/rules"), *folder = in_dir("folder");

	(void)state;
	assert_int_equal(pd_build_put(path, "x", 1), -1);
	assert_int_equal(errno, ENOENT);
	/* A folder stands in its place; nothing is left beside it. */
	assert_int_equal(mkdir(folder, 0755), 0);
	assert_int_equal(pd_build_put(folder, "x", 1), -1);
	assert_int_equal(rmdir(folder), 0);
	free(path);
	free(folder);
}

static void
where_a_source_is_read_from(void **state)
{
	static char remote[] = "https://lists.test/a.txt", name[] = "a",
		    file[] = "file:/etc/hosts", slashes[] = "file:///etc/hosts",
		    plain[] = "/etc/hosts", directory[] = "/var/lib/x";
	static const struct {
		char *url;
		const char *path;
	} rows[] = {
		{ remote, "/var/lib/x/a.list" },
		{ file, "/etc/hosts" },
		{ slashes, "/etc/hosts" },
		{ plain, "/etc/hosts" },
	};
	struct pd_conf conf = { .lists_directory = directory };
	struct pd_conf_source source = { .name = name };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *path;

		source.url = rows[i].url;
		path = pd_build_source_path(&conf, &source);
		assert_string_equal(path, rows[i].path);
		free(path);
	}
	conf.lists_directory = NULL;
	source.url = remote;
	assert_null(pd_build_source_path(&conf, &source));
	assert_null(pd_build_path(&conf, "x"));
}

static uint64_t
key_of(const struct pd_conf *conf)
{
	struct pd_build *b = pd_build_create(conf, NULL);
	uint64_t key = pd_build_key(b);

	pd_build_destroy(b);
	return key;
}

static void
the_key_follows_what_goes_in(void **state)
{
	char *one = in_dir("one"), *two = in_dir("two");
	char name_one[] = "one", name_two[] = "two", symbol[] = "x";
	char *symbols[] = { symbol };
	struct pd_conf_source sources[] = {
		{ .name = name_one, .url = one },
		{ .name = name_two, .url = two },
	};
	struct pd_conf conf = { .sources = sources, .nsources = 2 };
	struct pd_conf_source first = sources[0];
	uint64_t key;

	(void)state;
	write_file("one", "||a.test^\n");
	write_file("two", "||b.test^\n");
	key = key_of(&conf);
	assert_int_not_equal(key, 0);
	assert_int_equal(key_of(&conf), key);
	sources[1].off = true;
	assert_int_not_equal(key_of(&conf), key);
	sources[1].off = false;
	sources[1].subdomains = true;
	assert_int_not_equal(key_of(&conf), key);
	sources[1].subdomains = false;
	conf.strict_document = true;
	assert_int_not_equal(key_of(&conf), key);
	conf.strict_document = false;
	conf.lists_define = (struct pd_strings){ symbols, 1 };
	assert_int_not_equal(key_of(&conf), key);
	conf.lists_define.n = 0;
	/* Numbers of lists are their order. */
	sources[0] = sources[1];
	sources[1] = first;
	assert_int_not_equal(key_of(&conf), key);
	sources[1] = sources[0];
	sources[0] = first;
	assert_int_equal(key_of(&conf), key);
	write_file("two", "||other.test^\n");
	assert_int_not_equal(key_of(&conf), key);
	free(one);
	free(two);
}

struct told {
	unsigned notes, errors;
	char last[300];
};

static void
on_line(void *arg, bool error, const char *text)
{
	struct told *t = arg;

	error ? t->errors++ : t->notes++;
	snprintf(t->last, sizeof(t->last), "%s", text);
}

static void
lists_in_order(void **state)
{
	static char remote[] = "https://lists.test/a.txt",
		    fetched[] = "fetched", missing[] = "missing",
		    deny[] = "/etc/deny";
	struct pd_conf_source sources[] = {
		{ .name = missing, .url = remote },
		{ .name = fetched, .url = remote },
	};
	struct pd_conf conf = {
		.sources = sources,
		.nsources = 2,
		.lists_directory = dir,
		.url_deny = deny,
	};
	struct told told = { 0 };
	const struct pd_conf_report report = { on_line, &told };
	struct pd_build *b;

	(void)state;
	write_file("fetched.list", "||a.test^\n");
	b = pd_build_create(&conf, &report);
	assert_int_equal(pd_build_lists(b), 2);
	assert_int_equal(pd_build_list(b, 0)->action, PD_RULE_DENY);
	assert_true(pd_str_eq(pd_build_list(b, 1)->name, PD_STR("fetched")));
	assert_int_equal(told.errors, 0);
	assert_true(told.notes > 0);
	pd_build_destroy(b);
}

struct progress {
	unsigned calls;
	size_t last;
};

static void
on_progress(void *arg, size_t i, size_t n, struct pd_str name)
{
	struct progress *p = arg;

	(void)name;
	assert_true(i <= n);
	p->calls++;
	p->last = i;
}

static int
count_rule(void *arg, const struct pd_rule *r)
{
	(void)r;
	++*(unsigned *)arg;
	return 0;
}

static void
compiled_and_read_again(void **state)
{
	char *one = in_dir("good"), *gone = in_dir("gone");
	char name_one[] = "good", name_gone[] = "gone";
	struct pd_conf_source sources[] = {
		{ .name = name_one, .url = one },
		{ .name = name_gone, .url = gone },
	};
	struct pd_conf conf = { .sources = sources, .nsources = 1 };
	struct told told = { 0 };
	const struct pd_conf_report report = { on_line, &told };
	struct progress progress = { 0 };
	struct pd_compiled compiled = { 0 };
	unsigned rules = 0;
	const struct pd_rule_sink sink = { &rules, count_rule,
		pd_rule_pass_cosmetic, pd_rule_pass_skip };
	struct pd_build *b;

	(void)state;
	write_file("good", "||a.test^\n||b.test^$script\n/x/$popup\n");
	b = pd_build_create(&conf, &report);
	assert_int_equal(
	    pd_build_compile(b, &compiled, on_progress, &progress, &report), 0);
	assert_true(compiled.n > 0);
	assert_int_equal(progress.calls, 2);
	assert_int_equal(progress.last, 1);
	pd_compiled_free(&compiled);
	assert_null(compiled.bytes);
	assert_int_equal(pd_build_read(b, 0, &sink, &report), 0);
	assert_int_equal(rules, 2);
	pd_build_destroy(b);

	/* One that is gone is told by its name. */
	conf.nsources = 2;
	b = pd_build_create(&conf, &report);
	assert_int_equal(
	    pd_build_compile(b, &compiled, NULL, NULL, &report), -1);
	assert_int_equal(told.errors, 1);
	assert_non_null(strstr(told.last, gone));
	pd_build_destroy(b);
	free(one);
	free(gone);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_is_replaced_whole),
		cmocka_unit_test(a_failure_changes_nothing),
		cmocka_unit_test(where_a_source_is_read_from),
		cmocka_unit_test(the_key_follows_what_goes_in),
		cmocka_unit_test(lists_in_order),
		cmocka_unit_test(compiled_and_read_again),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
