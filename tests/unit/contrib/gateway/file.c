#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/arena.h"
#include "engine.h"
#include "system.h"

static char dir[] = "/tmp/pared-file-XXXXXX";
static char run_dir[64];
static struct gw_system sys;
static const struct gw_kind *const kind = &gw_kind_file;

void
gw_fault(const char *where)
{
	(void)where;
}

/* As it is planned, then as it is written down. */
static struct gw_step *
file(const char *name, const char *mode, const char *text)
{
	struct gw_step *s = pd_arena_zalloc(sys.arena, sizeof(*s));

	s->kind = kind;
	s->nkeys = 1;
	s->args = pd_arena_zalloc(sys.arena, GW_ARGS_MAX * sizeof(*s->args));
	gw_step_set(s, sys.arena, "path",
	    pd_arena_printf(sys.arena, "%s/%s", dir, name).p);
	gw_step_set(s, sys.arena, "mode", mode);
	s->text = text;
	return s;
}

static const char *
path(const struct gw_step *s)
{
	return gw_step_need(s, "path");
}

static enum gw_state
probe(const struct gw_step *s)
{
	return kind->probe(&sys, s);
}

static void
make(struct gw_step *s)
{
	assert_int_equal(kind->remember(&sys, s), 0);
	assert_int_equal(kind->make(&sys, s), 0);
}

static void
undo(struct gw_step *s)
{
	s->text = NULL;
	assert_int_equal(kind->undo(&sys, s), 0);
}

static bool
is_there(const char *name)
{
	char full[128];
	struct stat st;

	snprintf(full, sizeof(full), "%s/%s", dir, name);
	return lstat(full, &st) == 0;
}

static void
made_and_undone(void **state)
{
	struct gw_step *s = file("run/a", "0640", "one\ntwo\n");
	struct stat st;

	(void)state;
	assert_int_equal(probe(s), GW_MISSING);
	make(s);
	assert_int_equal(probe(s), GW_AS_PLANNED);
	assert_int_equal(stat(path(s), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	undo(s);
	assert_false(is_there("run/a"));
	undo(s);
}

#define MARK "#!/bin/sh\n# pared-gateway test\n"

static void
another_byte_or_mode_is_drift(void **state)
{
	struct gw_step *s = file("a", "0600", MARK "one");

	(void)state;
	make(s);
	assert_int_equal(chmod(path(s), 0644), 0);
	assert_int_equal(probe(s), GW_DRIFTED);
	make(s);
	assert_int_equal(probe(s), GW_AS_PLANNED);
	assert_int_equal(gw_write_file(path(s), MARK "onf", 0600), 0);
	assert_int_equal(probe(s), GW_DRIFTED);
	assert_int_equal(gw_write_file(path(s), MARK "one ", 0600), 0);
	assert_int_equal(probe(s), GW_DRIFTED);
	make(s);
	undo(s);
}

/* Somebody wrote another one there: his. */
static void
what_others_wrote_stays(void **state)
{
	struct gw_step *s = file("a", "0600", "one");

	(void)state;
	make(s);
	assert_int_equal(gw_write_file(path(s), "his", 0600), 0);
	undo(s);
	assert_true(is_there("a"));
	assert_int_equal(unlink(path(s)), 0);
}

/* In our own directory everything is ours. */
static void
ours_goes_whatever_is_in_it(void **state)
{
	struct gw_step *s = file("run/x.conf", "0600", "one");

	(void)state;
	make(s);
	assert_int_equal(gw_write_file(path(s), "another", 0600), 0);
	undo(s);
	assert_false(is_there("run"));
}

/* His hook, which happens to have our name; or another gateway's. */
static void
without_our_mark_it_is_foreign(void **state)
{
	static const char *const his[] = { "", "#!/bin/sh\n# his own\n",
		"# pared-gateway testing\n", "\n# pared-gateway test2\n" };
	struct gw_step *s = file("a", "0600", MARK "one");

	(void)state;
	for (size_t i = 0; i < sizeof(his) / sizeof(his[0]); i++) {
		assert_int_equal(gw_write_file(path(s), his[i], 0600), 0);
		assert_int_equal(probe(s), GW_FOREIGN);
	}
	assert_int_equal(unlink(path(s)), 0);
	/* In our own directory it is drift. */
	s = file("run/a", "0600", "one");
	make(s);
	assert_int_equal(gw_write_file(path(s), "his", 0600), 0);
	assert_int_equal(probe(s), GW_DRIFTED);
	undo(s);
}

/* As the secrets of 2000 clients. */
static void
a_long_one_is_as_planned(void **state)
{
	size_t n = 3 << 20;
	char *text = malloc(n + 1);
	struct gw_step *s;

	(void)state;
	memset(text, 'x', n);
	text[n] = '\0';
	s = file("run/a", "0600", text);
	make(s);
	assert_int_equal(probe(s), GW_AS_PLANNED);
	undo(s);
	free(text);
}

static void
links_and_directories_are_foreign(void **state)
{
	struct gw_step *s = file("a", "0600", "one");

	(void)state;
	assert_int_equal(symlink("/etc/passwd", path(s)), 0);
	assert_int_equal(probe(s), GW_FOREIGN);
	assert_int_equal(unlink(path(s)), 0);
	assert_int_equal(mkdir(path(s), 0700), 0);
	assert_int_equal(probe(s), GW_FOREIGN);
	assert_int_equal(rmdir(path(s)), 0);
}

static void
directories_go_while_empty(void **state)
{
	struct gw_step *s = file("d/e/f/a", "0600", "one");
	struct gw_step *other = file("d/e/b", "0600", "two");
	struct stat st;

	(void)state;
	make(s);
	assert_string_equal(gw_step_get(s, "was.dirs"), "3");
	assert_int_equal(stat(dir, &st), 0);
	make(other);
	assert_string_equal(gw_step_get(other, "was.dirs"), "0");
	undo(s);
	assert_false(is_there("d/e/f"));
	assert_true(is_there("d/e/b"));
	undo(other);
	assert_true(is_there("d/e"));
	/* What was left for others goes with a second undo, after a crash. */
	undo(s);
	assert_true(is_there("d/e"));
	assert_int_equal(rmdir(gw_step_need(file("d/e", "", ""), "path")), 0);
	assert_int_equal(rmdir(gw_step_need(file("d", "", ""), "path")), 0);
}

/* Killed between the two names of it: nothing of it stays. */
static void
remains_of_a_crash_go(void **state)
{
	struct gw_step *s = file("a", "0600", "one");
	struct gw_step *half = file("a.pared-new", "0600", "o");

	(void)state;
	assert_int_equal(kind->remember(&sys, s), 0);
	assert_int_equal(gw_write_file(path(half), "o", 0600), 0);
	undo(s);
	assert_false(is_there("a.pared-new"));
}

static int
set_up(void **state)
{
	(void)state;
	if (mkdtemp(dir) == NULL)
		return -1;
	snprintf(run_dir, sizeof(run_dir), "%s/run", dir);
	gw_system_init(&sys, "test", run_dir, "/nonexistent/state");
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	gw_system_finish(&sys);
	return rmdir(dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(made_and_undone),
		cmocka_unit_test(another_byte_or_mode_is_drift),
		cmocka_unit_test(what_others_wrote_stays),
		cmocka_unit_test(ours_goes_whatever_is_in_it),
		cmocka_unit_test(without_our_mark_it_is_foreign),
		cmocka_unit_test(a_long_one_is_as_planned),
		cmocka_unit_test(links_and_directories_are_foreign),
		cmocka_unit_test(directories_go_while_empty),
		cmocka_unit_test(remains_of_a_crash_go),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
