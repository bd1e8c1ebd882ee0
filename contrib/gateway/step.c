#include "step.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

const struct gw_kind *const gw_kinds[] = {
	&gw_kind_nft,
	&gw_kind_foreign,
	&gw_kind_daemon,
	&gw_kind_load,
	&gw_kind_ipsec,
	&gw_kind_copy,
	&gw_kind_names,
	&gw_kind_filter,
	&gw_kind_class,
	&gw_kind_qdisc,
	&gw_kind_rule,
	&gw_kind_route,
	&gw_kind_neighbour,
	&gw_kind_peers,
	&gw_kind_address,
	&gw_kind_link,
	&gw_kind_block,
	&gw_kind_file,
	&gw_kind_sysctl,
	&gw_kind_key,
	&gw_kind_authority,
	&gw_kind_module,
};
const size_t gw_nkinds = sizeof(gw_kinds) / sizeof(gw_kinds[0]);

const struct gw_kind *
gw_kind_find(const char *name)
{
	for (size_t i = 0; i < gw_nkinds; i++) {
		if (strcmp(gw_kinds[i]->name, name) == 0)
			return gw_kinds[i];
	}
	return NULL;
}

const char *
gw_state_name(enum gw_state state)
{
	static const char *const names[] = {
		[GW_AS_PLANNED] = "as planned",
		[GW_MISSING] = "missing",
		[GW_DRIFTED] = "drifted",
		[GW_FOREIGN] = "foreign",
		[GW_UNSEEN] = "unseen",
	};

	return names[state];
}

char *
gw_step_text(const struct gw_step *s)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	if (out == NULL)
		abort();
	s->kind->describe(s, out);
	if (fclose(out) != 0)
		abort();
	return text;
}

const char *
gw_step_get(const struct gw_step *s, const char *name)
{
	for (size_t i = 0; i < s->nargs; i++) {
		if (strcmp(s->args[i].name, name) == 0)
			return s->args[i].value;
	}
	return NULL;
}

const char *
gw_step_need(const struct gw_step *s, const char *name)
{
	const char *value = gw_step_get(s, name);

	return value != NULL ? value : "";
}

uint32_t
gw_step_number(const struct gw_step *s, const char *name, uint32_t fallback)
{
	const char *word = gw_step_get(s, name);

	return word != NULL ? (uint32_t)strtoul(word, NULL, 0) : fallback;
}

void
gw_step_set(struct gw_step *s, struct pd_arena *arena, const char *name,
    const char *value)
{
	struct gw_arg *a = NULL;

	for (size_t i = 0; i < s->nargs && a == NULL; i++) {
		if (strcmp(s->args[i].name, name) == 0)
			a = &s->args[i];
	}
	if (a == NULL) {
		assert(s->nargs < GW_ARGS_MAX);
		a = &s->args[s->nargs++];
		a->name = pd_arena_strdup(arena, name);
	}
	a->value = pd_arena_strdup(arena, value);
}

bool
gw_step_is_marked(const struct gw_step *s)
{
	/* Where no chain drops, no rule in it is as planned; and on a link of
	 * somebody else's the address may be his. */
	return s->kind->sweep != NULL && s->kind != &gw_kind_foreign &&
	       s->kind != &gw_kind_address;
}

bool
gw_step_same(const struct gw_step *a, const struct gw_step *b)
{
	if (a->kind != b->kind || a->nkeys != b->nkeys || a->nargs < a->nkeys ||
	    b->nargs < b->nkeys)
		return false;
	for (size_t i = 0; i < a->nkeys; i++) {
		if (strcmp(a->args[i].value, b->args[i].value) != 0)
			return false;
	}
	return true;
}
