#include "cmd/compress.h"

#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* A folder of its own for each test, which is the working one. */
static char top[64];
static struct pd_compress_tree tree;

static int
begin(void **state)
{
	(void)state;
	strcpy(top, "/tmp/pared-tree-XXXXXX");
	return mkdtemp(top) != NULL && chdir(top) == 0 ? 0 : -1;
}

static int
take_away(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	(void)st;
	(void)kind;
	(void)at;
	return remove(path);
}

static int
end(void **state)
{
	(void)state;
	pd_compress_tree_finish(&tree);
	return chdir("/") == 0 ? nftw(top, take_away, 8, FTW_DEPTH | FTW_PHYS)
			       : -1;
}

static void
file(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);

	assert_true(fd >= 0);
	close(fd);
}

static void
folder(const char *path)
{
	assert_int_equal(mkdir(path, 0755), 0);
}

static int
check(const char *out, char *word, bool force)
{
	return pd_compress_check(&tree, out, &word, 1, force);
}

static void
folders_keep_their_names(void **state)
{
	static const struct {
		const char *name;
		enum pd_compress_kind kind;
	} wanted[] = {
		{ "a", PD_COMPRESS_FOLDER },
		{ "a/two words.png", PD_COMPRESS_FILE },
		{ "b.jpg", PD_COMPRESS_FILE },
		{ "empty", PD_COMPRESS_FOLDER },
		{ "line\nbreak", PD_COMPRESS_FILE },
	};

	(void)state;
	folder("in");
	folder("in/a");
	folder("in/empty");
	file("in/a/two words.png");
	file("in/b.jpg");
	file("in/line\nbreak");
	assert_int_equal(pd_compress_add(&tree, "in//"), 0);
	assert_int_equal(tree.n, 5);
	for (size_t i = 0; i < tree.n; i++) {
		assert_string_equal(tree.v[i].name, wanted[i].name);
		assert_int_equal(tree.v[i].kind, wanted[i].kind);
	}
	assert_int_equal(tree.v[1].mode, 0640);
	assert_false(tree.failed);
	assert_int_equal(check("out", "in", false), 0);
}

static void
files_keep_their_last_name(void **state)
{
	(void)state;
	folder("in");
	file("in/b.jpg");
	file("c.jpg");
	assert_int_equal(symlink("in/b.jpg", "d.jpg"), 0);
	assert_int_equal(pd_compress_add(&tree, "in/b.jpg"), 0);
	assert_int_equal(pd_compress_add(&tree, "c.jpg"), 0);
	/* Followed, as it was named. */
	assert_int_equal(pd_compress_add(&tree, "d.jpg"), 0);
	assert_int_equal(tree.n, 3);
	assert_string_equal(tree.v[0].name, "b.jpg");
	assert_string_equal(tree.v[1].name, "c.jpg");
	assert_int_equal(tree.v[2].kind, PD_COMPRESS_FILE);
	assert_int_equal(pd_compress_add(&tree, "none"), -1);
	assert_int_equal(pd_compress_add(&tree, "/dev/null"), -1);
}

static void
links_stay_inside(void **state)
{
	(void)state;
	folder("in");
	folder("in/a");
	file("in/b.jpg");
	file("secret");
	assert_int_equal(symlink("../b.jpg", "in/a/same"), 0);
	assert_int_equal(symlink("../secret", "in/out"), 0);
	assert_int_equal(symlink("/etc/passwd", "in/far"), 0);
	assert_int_equal(symlink("nowhere", "in/lost"), 0);
	assert_int_equal(symlink("..", "in/up"), 0);
	assert_int_equal(pd_compress_add(&tree, "in"), 0);
	assert_int_equal(tree.n, 3);
	assert_string_equal(tree.v[1].name, "a/same");
	assert_int_equal(tree.v[1].kind, PD_COMPRESS_LINK);
	assert_string_equal(tree.v[2].name, "b.jpg");
	assert_false(tree.failed);
}

static void
two_of_one_name(void **state)
{
	(void)state;
	folder("one");
	folder("two");
	folder("one/a");
	folder("two/a");
	file("one/a/x.jpg");
	file("two/a/y.jpg");
	pd_compress_add(&tree, "one");
	pd_compress_add(&tree, "two");
	/* A folder is shared. */
	assert_int_equal(check("out", "one", false), 0);
	pd_compress_add(&tree, "one/a");
	assert_int_equal(check("out", "one", false), 0);
	pd_compress_add(&tree, "one/a/x.jpg");
	assert_int_equal(check("out", "one", false), -1);
}

static void
a_file_where_a_folder_is(void **state)
{
	(void)state;
	folder("one");
	folder("two");
	folder("one/a");
	file("two/a");
	pd_compress_add(&tree, "one");
	pd_compress_add(&tree, "two");
	assert_int_equal(check("out", "one", false), -1);
}

static void
results_stay_outside(void **state)
{
	(void)state;
	folder("in");
	folder("in/a");
	folder("inn");
	file("in/b.jpg");
	assert_int_equal(symlink("in/a", "link"), 0);
	pd_compress_add(&tree, "in");
	assert_int_equal(check("in", "in", true), -1);
	assert_int_equal(check("in/new", "in", true), -1);
	assert_int_equal(check("in/a", "in", true), -1);
	assert_int_equal(check("inn/../in/", "in", true), -1);
	assert_int_equal(check("link", "in", true), -1);
	assert_int_equal(check("no/such", "in", true), -1);
	assert_int_equal(check("in/b.jpg", "in", true), -1);
	assert_int_equal(check("inn", "in", false), 0);
	assert_int_equal(check("./new/", "in", false), 0);
}

static void
what_is_there_stays(void **state)
{
	(void)state;
	folder("in");
	folder("out");
	file("in/b.jpg");
	file("out/b.jpg");
	pd_compress_add(&tree, "in");
	assert_int_equal(check("out", "in", false), -1);
	assert_int_equal(check("out", "in", true), 0);
}

static void
sources_are_never_overwritten(void **state)
{
	(void)state;
	folder("in");
	file("in/b.jpg");
	file("c.jpg");
	pd_compress_add(&tree, "in/b.jpg");
	assert_int_equal(check(".", "in/b.jpg", false), 0);
	assert_int_equal(check("in", "in/b.jpg", true), -1);
	pd_compress_add(&tree, "c.jpg");
	assert_int_equal(check(".", "in/b.jpg", true), -1);
	/* Nor by another name. */
	folder("out");
	assert_int_equal(link("in/b.jpg", "out/c.jpg"), 0);
	assert_int_equal(check("out", "in/b.jpg", true), -1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(folders_keep_their_names),
		TEST(files_keep_their_last_name),
		TEST(links_stay_inside),
		TEST(two_of_one_name),
		TEST(a_file_where_a_folder_is),
		TEST(results_stay_outside),
		TEST(what_is_there_stays),
		TEST(sources_are_never_overwritten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
