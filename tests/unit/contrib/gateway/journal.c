#include "journal.h"

#include <errno.h>
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

static char dir[] = "/tmp/pared-journal-XXXXXX";
static char path[64];

void
gw_fault(const char *where)
{
	(void)where;
}

static struct gw_step *
step(struct pd_arena *arena, const struct gw_kind *kind, size_t nkeys,
    const char *const *pairs)
{
	struct gw_step *s = pd_arena_zalloc(arena, sizeof(*s));

	s->kind = kind;
	s->nkeys = nkeys;
	s->args = pd_arena_zalloc(arena, GW_ARGS_MAX * sizeof(*s->args));
	for (; pairs[0] != NULL; pairs += 2)
		gw_step_set(s, arena, pairs[0], pairs[1]);
	return s;
}

static struct gw_step *
route(struct pd_arena *arena, const char *dst, const char *via)
{
	const char *const pairs[] = { "dst", dst, "via", via, NULL };

	return step(arena, &gw_kind_route, 1, pairs);
}

static void
write_text(const char *text)
{
	assert_int_equal(gw_write_file(path, text, 0600), 0);
}

static void
expect_text(const char *want)
{
	char *got = gw_read_file(path);

	assert_non_null(got);
	assert_string_equal(got, want);
	free(got);
}

static int
open_journal(struct gw_journal *j, unsigned *line)
{
	unsigned ignored;

	return gw_journal_open(j, dir, line != NULL ? line : &ignored);
}

#define ONE "{\"kind\":\"route\",\"#\":\"1\",\"dst\":\"a\",\"via\":\"1\"}\n"
#define TWO "{\"kind\":\"route\",\"#\":\"1\",\"dst\":\"b\",\"via\":\"2\"}\n"

static void
written_and_read(void **state)
{
	const char *const odd[] = { "key", "quote \" slash \\ tab \t", "kind",
		"wireguard", "#", "7", "was.conf", "a=1 b=2", "empty", "",
		NULL };
	struct pd_arena *arena = pd_arena_create();
	struct gw_journal j;
	struct stat st;

	(void)state;
	assert_int_equal(open_journal(&j, NULL), 0);
	assert_int_equal(j.n, 0);
	assert_int_equal(stat(path, &st), -1);
	assert_int_equal(gw_journal_write(&j, route(arena, "a", "1")), 0);
	assert_int_equal(
	    gw_journal_write(&j, step(arena, &gw_kind_link, 2, odd)), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	gw_journal_close(&j);

	assert_int_equal(open_journal(&j, NULL), 0);
	assert_int_equal(j.n, 2);
	assert_ptr_equal(j.v[0]->kind, &gw_kind_route);
	assert_string_equal(gw_step_get(j.v[0], "via"), "1");
	assert_null(j.v[0]->text);
	assert_int_equal(j.v[1]->nkeys, 2);
	assert_int_equal(j.v[1]->nargs, 5);
	for (size_t i = 0; i < 5; i++) {
		assert_string_equal(j.v[1]->args[i].name, odd[2 * i]);
		assert_string_equal(j.v[1]->args[i].value, odd[2 * i + 1]);
	}
	assert_int_equal(gw_journal_remove(&j), 0);
	assert_int_equal(stat(path, &st), -1);
	gw_journal_close(&j);
	pd_arena_destroy(arena);
}

/* What it was cut off at was not begun: it is as if never written. */
static void
torn_line_is_dropped(void **state)
{
	struct pd_arena *arena = pd_arena_create();
	struct gw_journal j;

	(void)state;
	for (size_t n = 0; n < strlen(TWO); n++) {
		char text[256];

		snprintf(text, sizeof(text), "%s%.*s", ONE, (int)n, TWO);
		write_text(text);
		assert_int_equal(open_journal(&j, NULL), 0);
		assert_int_equal(j.n, 1);
		assert_int_equal(
		    gw_journal_write(&j, route(arena, "b", "2")), 0);
		gw_journal_close(&j);
		expect_text(ONE TWO);
	}
	pd_arena_destroy(arena);
	(void)unlink(path);
}

static void
what_is_no_journal_is_refused(void **state)
{
	static const char *const bad[] = {
		"\n",
		"{}\n",
		"[]\n",
		"{\"kind\":\"route\"}\n",
		"{\"#\":\"1\",\"kind\":\"route\"}\n",
		"{\"kind\":\"nonsense\",\"#\":\"0\"}\n",
		"{\"kind\":\"route\",\"#\":\"1\"}\n",
		"{\"kind\":\"route\",\"#\":\"-1\",\"dst\":\"a\"}\n",
		"{\"kind\":\"route\",\"#\":1,\"dst\":\"a\"}\n",
		"{\"kind\":\"route\",\"#\":\"1\",\"dst\":1}\n",
		"{\"kind\":\"route\",\"#\":\"1\",\"dst\":{}}\n",
		"{\"kind\":\"route\",\"#\":\"1\",\"dst\":\"a\\u0000b\"}\n",
		"{\"kind\":\"route\",\"#\":\"99\",\"dst\":\"a\"}\n",
	};
	struct gw_journal j;
	unsigned line;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		char text[256];

		snprintf(text, sizeof(text), "%s%s%s", ONE, bad[i], TWO);
		write_text(text);
		errno = 0;
		assert_int_equal(open_journal(&j, &line), -1);
		assert_int_equal(errno, EILSEQ);
		assert_int_equal(line, 2);
		/* The lines around it are read all the same. */
		assert_int_equal(j.n, 2);
		assert_string_equal(gw_step_get(j.v[1], "via"), "2");
		gw_journal_close(&j);
	}
	(void)unlink(path);
}

static void
too_many_arguments(void **state)
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);
	struct gw_journal j;

	(void)state;
	fputs("{\"kind\":\"route\",\"#\":\"0\"", f);
	for (int i = 0; i <= GW_ARGS_MAX; i++)
		fprintf(f, ",\"a%d\":\"\"", i);
	fputs("}\n", f);
	fclose(f);
	write_text(text);
	assert_int_equal(open_journal(&j, NULL), -1);
	gw_journal_close(&j);
	free(text);
	(void)unlink(path);
}

static void
the_last_of_an_object_is_found(void **state)
{
	struct pd_arena *arena = pd_arena_create();
	struct gw_journal j;

	(void)state;
	assert_int_equal(open_journal(&j, NULL), 0);
	assert_int_equal(gw_journal_write(&j, route(arena, "a", "1")), 0);
	assert_int_equal(gw_journal_write(&j, route(arena, "b", "2")), 0);
	assert_int_equal(gw_journal_write(&j, route(arena, "a", "3")), 0);
	assert_string_equal(
	    gw_step_get(gw_journal_find(&j, route(arena, "a", "x")), "via"),
	    "3");
	assert_null(gw_journal_find(&j, route(arena, "c", "1")));
	assert_int_equal(gw_journal_remove(&j), 0);
	gw_journal_close(&j);
	pd_arena_destroy(arena);
}

static void
kept_and_arranged(void **state)
{
	struct pd_arena *arena = pd_arena_create();
	const bool keep[] = { true, false, true }, none[] = { false, false };
	struct gw_step *turned[2];
	struct gw_journal j;

	(void)state;
	assert_int_equal(open_journal(&j, NULL), 0);
	assert_int_equal(gw_journal_write(&j, route(arena, "a", "1")), 0);
	assert_int_equal(gw_journal_write(&j, route(arena, "x", "9")), 0);
	assert_int_equal(gw_journal_write(&j, route(arena, "b", "2")), 0);
	assert_int_equal(gw_journal_keep(&j, keep), 0);
	expect_text(ONE TWO);
	turned[0] = j.v[1];
	turned[1] = j.v[0];
	assert_int_equal(gw_journal_arrange(&j, turned, 2), 0);
	expect_text(TWO ONE);
	/* Appending goes on in the new file. */
	assert_int_equal(gw_journal_write(&j, route(arena, "a", "1")), 0);
	expect_text(TWO ONE ONE);
	turned[0] = j.v[0];
	turned[1] = j.v[1];
	assert_int_equal(gw_journal_arrange(&j, turned, 2), 0);
	assert_int_equal(gw_journal_keep(&j, none), 0);
	assert_int_equal(access(path, F_OK), -1);
	gw_journal_close(&j);
	pd_arena_destroy(arena);
}

/* A link whose MTU goes up and down for months. */
static void
memory_does_not_grow(void **state)
{
	struct pd_arena *arena = pd_arena_create();
	struct gw_journal j;
	struct gw_step *last;
	size_t bytes = 0;

	(void)state;
	assert_int_equal(open_journal(&j, NULL), 0);
	for (unsigned i = 0; i < 200; i++) {
		assert_int_equal(
		    gw_journal_write(&j, route(arena, "a", i % 2 ? "1" : "2")),
		    0);
		last = j.v[j.n - 1];
		assert_int_equal(gw_journal_arrange(&j, &last, 1), 0);
		if (i == 2)
			bytes = pd_arena_used(j.arena);
	}
	assert_int_equal(pd_arena_used(j.arena), bytes);
	expect_text(ONE);
	assert_int_equal(gw_journal_remove(&j), 0);
	gw_journal_close(&j);
	pd_arena_destroy(arena);
}

/* The journal says what is to be undone: none at all must not be taken for
 * nothing to undo. */
static void
unreadable_is_an_error(void **state)
{
	struct gw_journal j;

	(void)state;
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(open_journal(&j, NULL), -1);
	gw_journal_close(&j);
	assert_int_equal(rmdir(path), 0);
}

/* Filters, of a class that matches by ranges of ports. */
static void
a_long_one_is_read(void **state)
{
	struct gw_journal j;
	unsigned line;
	char *text = NULL;
	size_t len = 0, n = 40000;
	FILE *f = open_memstream(&text, &len);

	(void)state;
	for (size_t i = 0; i < n; i++)
		fputs(ONE, f);
	fclose(f);
	assert_in_range(len, 1 << 20, 8 << 20);
	write_text(text);
	free(text);
	assert_int_equal(open_journal(&j, &line), 0);
	assert_int_equal(j.n, n);
	assert_int_equal(gw_journal_remove(&j), 0);
	gw_journal_close(&j);
}

static int
set_up(void **state)
{
	(void)state;
	if (mkdtemp(dir) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/journal", dir);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	return rmdir(dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(written_and_read),
		cmocka_unit_test(torn_line_is_dropped),
		cmocka_unit_test(what_is_no_journal_is_refused),
		cmocka_unit_test(too_many_arguments),
		cmocka_unit_test(the_last_of_an_object_is_found),
		cmocka_unit_test(kept_and_arranged),
		cmocka_unit_test(memory_does_not_grow),
		cmocka_unit_test(unreadable_is_an_error),
		cmocka_unit_test(a_long_one_is_read),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
