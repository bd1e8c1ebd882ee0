/*
 * Lines of an access log: whatever they hold, reading ends, and what was
 * written by us reads as it was.
 */
#include <stdlib.h>

#include "base/arena.h"
#include "base/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int
on_member(
    void *arg, struct pd_str name, enum pd_json_kind kind, struct pd_str value)
{
	size_t *sum = arg;

	/* Each byte is there. */
	for (size_t i = 0; i < name.n; i++)
		*sum += (unsigned char)name.p[i];
	for (size_t i = 0; i < value.n; i++)
		*sum += (unsigned char)value.p[i];
	if (kind == PD_JSON_NUMBER && value.n == 0)
		abort();
	return 0;
}

static int
compare(
    void *arg, struct pd_str name, enum pd_json_kind kind, struct pd_str value)
{
	const struct pd_str *want = arg;

	if (kind != PD_JSON_STRING || name.n != 1 ||
	    (want->p != NULL && !pd_str_eq(*want, value)))
		abort();
	return 0;
}

/* Bytes that are no UTF-8 come back as characters of their number. */
static bool
is_ascii(struct pd_str s)
{
	for (size_t i = 0; i < s.n; i++) {
		if ((unsigned char)s.p[i] >= 0x80)
			return false;
	}
	return true;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pd_arena *arena = pd_arena_create();
	struct pd_str s = pd_str_of((const char *)data, size), want = s;
	char *text = NULL;
	size_t n, sum = 0;
	FILE *f;

	pd_json_read(s, arena, on_member, &sum);
	f = open_memstream(&text, &n);
	if (f == NULL)
		abort();
	fputs("{\"v\":", f);
	pd_json_write(f, s);
	fputs("}", f);
	fclose(f);
	if (!is_ascii(s))
		want.p = NULL;
	if (pd_json_read(pd_str_of(text, n), arena, compare, &want) < 0)
		abort();
	free(text);
	pd_arena_destroy(arena);
	return 0;
}
