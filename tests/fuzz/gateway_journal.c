/*
 * A journal of whatever bytes: reading ends, and what was taken reads the same
 * once it was written by us.
 */
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "engine.h"
#include "require.h"

void
gw_fault(const char *where)
{
	(void)where;
}

static bool
is_ascii(const char *s)
{
	while (*s != '\0' && (*s & 0x80) == 0)
		s++;
	return *s == '\0';
}

static void
compare(const struct gw_step *a, const struct gw_step *b)
{
	REQUIRE(a->kind == b->kind && a->nkeys == b->nkeys);
	REQUIRE(a->nargs <= GW_ARGS_MAX && a->nkeys <= a->nargs);
	for (size_t i = 0; i < a->nargs; i++) {
		/* A byte that is no UTF-8 comes back as a character, and so
		 * may two names as one. */
		if (!is_ascii(a->args[i].name) || !is_ascii(a->args[i].value))
			return;
		REQUIRE(i < b->nargs);
		REQUIRE(strcmp(a->args[i].name, b->args[i].name) == 0);
		REQUIRE(strcmp(a->args[i].value, b->args[i].value) == 0);
	}
	REQUIRE(a->nargs == b->nargs);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char dir[] = "/dev/shm/pared-fuzz-journal-XXXXXX";
	static bool made;
	struct gw_journal in, out;
	struct gw_step **v;
	unsigned line;
	size_t n;

	if (!made)
		REQUIRE(mkdtemp(dir) != NULL);
	made = true;
	REQUIRE(gw_journal_open(&in, dir, &line) == 0 && in.n == 0);
	if (gw_journal_read(&in, pd_str_of((const char *)data, size), &line) ==
		0 &&
	    in.n > 1) {
		n = in.n;
		v = pd_xalloc(n * sizeof(struct gw_step *));
		for (size_t i = 0; i < n; i++)
			v[i] = in.v[n - 1 - i];
		/* Into the file, in another order. */
		REQUIRE(gw_journal_arrange(&in, v, n) == 0 && in.n == n);
		REQUIRE(gw_journal_open(&out, dir, &line) == 0 || n < in.n);
		for (size_t i = 0; i < n && i < out.n; i++)
			compare(in.v[i], out.v[i]);
		gw_journal_close(&out);
		free(v);
	}
	REQUIRE(gw_journal_remove(&in) == 0);
	gw_journal_close(&in);
	return 0;
}
