#include "cmd/compress.h"

#include <stdio.h>

#include "base/arena.h"
#include "http/http.h"

/* A field holds no line breaks, and is no longer. */
#define TEXT_MAX 4096

/* Short names, as people say them. */
static const char *const names[] = { "avif", "webp", "jpeg", "jpg", "png",
	"gif", "none", "" };

static bool
is_name(struct pd_str s)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (pd_str_caseeq(s, pd_str_z(names[i])))
			return true;
	return false;
}

static uint16_t
weight(const struct pd_fields *fields, struct pd_str type)
{
	bool named = false;
	int w = pd_accept_weight(fields, type, &named);

	return named && w > 0 ? (uint16_t)w : 0;
}

bool
pd_compress_accept(
    const char *text, struct pd_plan_wish *wish, struct pd_str *wrong)
{
	struct pd_arena *arena = pd_arena_create();
	struct pd_str rest = pd_str_z(text);
	struct pd_fields fields = { 0 };
	bool ok = true;

	while (ok && rest.n > 0) {
		struct pd_str item = pd_str_trim(pd_str_split(&rest, ','));
		struct pd_str parameters = item;
		struct pd_str type =
		    pd_str_trim(pd_str_split(&parameters, ';'));
		bool whole = memchr(type.p, '/', type.n) != NULL;
		char *value;

		*wrong = type;
		ok = item.n < TEXT_MAX && (whole || is_name(type));
		if (!ok || type.n == 0)
			continue;
		value = pd_arena_alloc(arena, item.n + sizeof("image/"));
		sprintf(
		    value, "%s%.*s", whole ? "" : "image/", PD_STR_ARG(item));
		pd_fields_add_id(
		    &fields, arena, PD_FIELD_ACCEPT, pd_str_z(value));
	}
	wish->avif = weight(&fields, PD_STR("image/avif"));
	wish->webp = weight(&fields, PD_STR("image/webp"));
	pd_arena_destroy(arena);
	return ok;
}
