/*
 * NAME.meta: what is read is written so that it reads the same again.
 */
#include "update_meta.h"

#include "base/arena.h"
#include "require.h"

static void
check(const struct pd_update_meta *m, struct pd_arena *arena)
{
	struct pd_update_meta again;
	char *text = NULL;
	size_t n = 0;
	FILE *f = open_memstream(&text, &n);

	REQUIRE(f != NULL);
	pd_update_meta_write(f, m);
	fclose(f);
	REQUIRE(m->checked >= 0 && m->expires >= 0 && m->bytes >= 0);
	/* Escapes make it longer. */
	if (n <= PD_UPDATE_META_MAX) {
		REQUIRE(pd_update_meta_parse(
			    pd_str_of(text, n), arena, &again) == 0);
		REQUIRE(again.checked == m->checked &&
			again.changed == m->changed &&
			again.expires == m->expires &&
			again.rules == m->rules && again.bytes == m->bytes);
	}
	free(text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pd_arena *arena = pd_arena_create();
	struct pd_update_meta m;

	if (pd_update_meta_parse(
		pd_str_of((const char *)data, size), arena, &m) == 0)
		check(&m, arena);
	pd_arena_destroy(arena);
	return 0;
}
