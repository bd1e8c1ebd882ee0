/*
 * Field sections and their values: lines "name: value" as the input, every
 * reader over all of them.
 */
#include "http/http.h"

#include "require.h"

/* Each is held against each: few, so that many inputs are tried. */
#define FIELDS_MAX 24

static bool
inside(struct pd_str part, struct pd_str whole)
{
	return part.p >= whole.p && part.p + part.n <= whole.p + whole.n;
}

static void
check_values(const struct pd_fields *fs, struct pd_arena *arena)
{
	PD_FIELDS_EACH (f, fs) {
		struct pd_str rest = f->value, item, type;
		bool named;
		int w;

		while (pd_list_next(&rest, &item)) {
			REQUIRE(item.n > 0 && inside(item, f->value));
			REQUIRE(item.p[0] != ' ' && item.p[0] != '\t');
		}
		type = pd_media_type(f->value, arena);
		for (size_t i = 0; i < type.n; i++)
			REQUIRE(type.p[i] == pd_lower(type.p[i]));
		REQUIRE(type.n == 0 || pd_is_field_value(type));
		w = pd_accept_weight(fs, f->value, &named);
		REQUIRE(w >= 0 && w <= 1000);
		w = pd_list_weight(fs, f->id, f->value);
		REQUIRE(w >= -1 && w <= 1000);
		pd_fields_have_token(fs, f->id, f->name);
		pd_cache_control_has(fs, f->name);
		pd_is_token(f->name);
		pd_method_of(f->name);
	}
}

/* Field by field: seen and the ids agree with the names. */
static void
check_section(const struct pd_fields *fs)
{
	uint32_t known = 0;

	for (int i = 1; i < PD_FIELD_COUNT; i++) {
		enum pd_field_id id = (enum pd_field_id)i;
		const struct pd_field *f = pd_fields_find(fs, id);

		REQUIRE(f == NULL ||
			pd_str_caseeq(f->name, pd_str_z(pd_field_name(id))));
		PD_FIELDS_EACH (g, fs) {
			bool same =
			    pd_str_caseeq(g->name, pd_str_z(pd_field_name(id)));

			REQUIRE(same == (g->id == id));
			REQUIRE(!same || f != NULL);
			known += same;
		}
	}
	REQUIRE(known <= fs->n);
}

static void
check_strip(struct pd_fields *fs, struct pd_arena *arena)
{
	uint32_t n = fs->n;

	pd_fields_strip_hop(fs, arena);
	REQUIRE(fs->n <= n);
	REQUIRE(pd_fields_find(fs, PD_FIELD_CONNECTION) == NULL);
	REQUIRE(pd_fields_find(fs, PD_FIELD_TRANSFER_ENCODING) == NULL);
	check_section(fs);
	n = fs->n;
	pd_fields_strip_hop(fs, arena);
	REQUIRE(fs->n == n);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pd_str rest = pd_str_of((const char *)data, size), line, name;
	struct pd_arena *arena = pd_arena_create();
	struct pd_fields fs = { 0 };

	while (rest.n > 0 && fs.n < FIELDS_MAX) {
		line = pd_str_split(&rest, '\n');
		name = pd_str_split(&line, ':');
		pd_fields_add(&fs, arena, name, pd_str_trim(line));
	}
	check_section(&fs);
	check_values(&fs, arena);
	check_strip(&fs, arena);
	if (fs.n > 0) {
		name = fs.v[0].name;
		pd_fields_remove_name(&fs, name);
		PD_FIELDS_EACH (f, &fs)
			REQUIRE(!pd_str_caseeq(f->name, name));
	}
	pd_fields_set(&fs, arena, PD_FIELD_ETAG, PD_STR("x"));
	REQUIRE(pd_str_eq(pd_fields_value(&fs, PD_FIELD_ETAG), PD_STR("x")));
	pd_arena_destroy(arena);
	return 0;
}
