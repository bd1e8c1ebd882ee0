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

static char dir[] = "/tmp/pared-block-XXXXXX";
static char path[64];
static struct gw_system sys;
static const struct gw_kind *const kind = &gw_kind_block;

void
gw_fault(const char *where)
{
	(void)where;
}

static struct gw_step *
block(const char *tag, const char *text)
{
	struct gw_step *s = pd_arena_zalloc(sys.arena, sizeof(*s));

	s->kind = kind;
	s->nkeys = 1;
	s->args = pd_arena_zalloc(sys.arena, GW_ARGS_MAX * sizeof(*s->args));
	gw_step_set(s, sys.arena, "path", path);
	if (tag != NULL)
		gw_step_set(s, sys.arena, "tag", tag);
	s->text = text;
	return s;
}

static void
make(struct gw_step *s)
{
	assert_int_equal(kind->remember(&sys, s), 0);
	assert_int_equal(kind->make(&sys, s), 0);
	assert_int_equal(kind->probe(&sys, s), GW_AS_PLANNED);
}

static void
undo(struct gw_step *s)
{
	struct gw_step written = *s;

	written.text = NULL;
	assert_int_equal(kind->undo(&sys, &written), 0);
}

static void
put(const char *text)
{
	assert_int_equal(gw_write_file(path, text, 0640), 0);
}

static void
expect(const char *want)
{
	char *got = gw_read_file(path);

	if (want == NULL) {
		assert_null(got);
		return;
	}
	assert_non_null(got);
	assert_string_equal(got, want);
	free(got);
}

#define BEGIN "# pared-gateway test begin\n"
#define END   "# pared-gateway test end\n"

static void
the_file_is_as_it_was(void **state)
{
	static const char *const before[] = { "", "\n", "one\n", "one",
		"one\n\n", "# pared-gateway test begin", END, "x" BEGIN END,
		BEGIN "no end\n",
		"# pared-gateway testing begin\n"
		"# pared-gateway testing end\n" };

	(void)state;
	for (size_t i = 0; i < sizeof(before) / sizeof(*before); i++) {
		struct gw_step *s = block(NULL, "kim pptpd secret *\n");
		struct stat st;
		char *got;

		put(before[i]);
		assert_int_equal(kind->probe(&sys, s), GW_MISSING);
		make(s);
		got = gw_read_file(path);
		assert_non_null(strstr(got, BEGIN "kim pptpd secret *\n" END));
		free(got);
		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(st.st_mode & 07777, 0640);
		undo(s);
		expect(before[i]);
		undo(s);
		expect(before[i]);
	}
	assert_int_equal(unlink(path), 0);
}

static void
absent_before_absent_after(void **state)
{
	struct gw_step *s = block(NULL, "secret\n");
	struct stat st;

	(void)state;
	make(s);
	expect(BEGIN "secret\n" END);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	undo(s);
	expect(NULL);
	undo(s);
	/* Others wrote into it meanwhile: theirs stays. */
	make(s);
	put(BEGIN "secret\n" END "other\n");
	undo(s);
	expect("other\n");
	assert_int_equal(unlink(path), 0);
}

static void
replaced_whole_and_in_its_place(void **state)
{
	struct gw_step *s = block(NULL, "one\n"), *t = block(NULL, "two");

	(void)state;
	put("before\n");
	make(s);
	put("before\n" BEGIN "one\n" END "after\n");
	assert_int_equal(kind->probe(&sys, t), GW_DRIFTED);
	assert_int_equal(kind->make(&sys, t), 0);
	expect("before\n" BEGIN "two\n" END "after\n");
	undo(t);
	expect("before\nafter\n");
	assert_int_equal(unlink(path), 0);
}

static void
two_blocks_by_tag(void **state)
{
	struct gw_step *a = block("a", "one\n"), *b = block("b", "two\n");

	(void)state;
	put("mine\n");
	make(a);
	make(b);
	undo(a);
	expect("mine\n# pared-gateway test/b begin\ntwo\n"
	       "# pared-gateway test/b end\n");
	undo(b);
	expect("mine\n");
	assert_int_equal(unlink(path), 0);
}

/* What a link leads to may be another's to write. */
static void
links_are_refused(void **state)
{
	struct gw_step *s = block(NULL, "one\n");
	char target[80];

	(void)state;
	snprintf(target, sizeof(target), "%s.target", path);
	assert_int_equal(gw_write_file(target, "his\n", 0600), 0);
	assert_int_equal(symlink(target, path), 0);
	assert_int_equal(kind->probe(&sys, s), GW_FOREIGN);
	assert_int_equal(kind->remember(&sys, s), -1);
	assert_int_equal(kind->make(&sys, s), -1);
	assert_non_null(strstr(sys.why, "not a plain file"));
	undo(s);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(unlink(target), 0);
}

static int
set_up(void **state)
{
	(void)state;
	if (mkdtemp(dir) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/chap-secrets", dir);
	gw_system_init(&sys, "test", dir, dir);
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
		cmocka_unit_test(the_file_is_as_it_was),
		cmocka_unit_test(absent_before_absent_after),
		cmocka_unit_test(replaced_whole_and_in_its_place),
		cmocka_unit_test(two_blocks_by_tag),
		cmocka_unit_test(links_are_refused),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
