/*
 * What nft says of chains and rules, as JSON. Pure.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "gateway.h"
#include "kind/foreign.h"

/* nft has no means to quote the name of a table: what its grammar would not
 * take for one is nothing that we could speak of. */
static bool
is_identifier(const char *s)
{
	static const char all[] = "abcdefghijklmnopqrstuvwxyz"
				  "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				  "_0123456789.-";
	static const char first[] = "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ_";
	size_t n = strlen(s);

	return n < GW_FOREIGN_NAME && strspn(s, first) > 0 &&
	       strspn(s, all) == n;
}

static const char *
text_of(const json_t *o, const char *name)
{
	const char *text = json_string_value(json_object_get(o, name));

	return text != NULL ? text : "";
}

/* The root; *list is its array "nftables". NULL: not understood. */
static json_t *
parse(const char *text, json_t **list)
{
	json_t *root = json_loads(text, 0, NULL);

	*list = json_object_get(root, "nftables");
	if (json_is_array(*list))
		return root;
	json_decref(root);
	return NULL;
}

/* A match or target of iptables, of which nft knows no more than the name. */
static bool
is_xt(const json_t *statement, const char *name)
{
	const json_t *xt = json_object_get(statement, "xt");

	return strcmp(text_of(xt, "name"), name) == 0;
}

/* What changes nothing about which packets a rule is for. */
static bool
is_idle(const json_t *statement)
{
	return json_object_get(statement, "counter") != NULL ||
	       json_object_get(statement, "log") != NULL ||
	       is_xt(statement, "comment");
}

/* Whether a rule drops every packet that comes to it: "counter drop". */
static bool
drops_all(const json_t *rule)
{
	const json_t *expr = json_object_get(rule, "expr"), *last;
	size_t n = json_array_size(expr);

	for (size_t i = 0; i + 1 < n; i++) {
		if (!is_idle(json_array_get(expr, i)))
			return false;
	}
	last = n > 0 ? json_array_get(expr, n - 1) : NULL;
	return json_object_get(last, "drop") != NULL ||
	       json_object_get(last, "reject") != NULL || is_xt(last, "DROP") ||
	       is_xt(last, "REJECT");
}

/* "meta mark & GW_OPEN == GW_OPEN", or iptables' match, whose number nft does
 * not show. */
static bool
is_mark(const json_t *statement)
{
	const json_t *match = json_object_get(statement, "match");
	const json_t *and =
	    json_object_get(json_object_get(match, "left"), "&");
	const json_t *meta = json_object_get(json_array_get(and, 0), "meta");

	return is_xt(statement, "mark") ||
	       (strcmp(text_of(match, "op"), "==") == 0 &&
		   strcmp(text_of(meta, "key"), "mark") == 0 &&
		   json_integer_value(json_array_get(and, 1)) == GW_OPEN &&
		   json_integer_value(json_object_get(match, "right")) ==
		       GW_OPEN);
}

/* Whether a rule lets pass what we marked: it says that, and nothing else. */
static bool
accepts_marked(const json_t *rule)
{
	const json_t *expr = json_object_get(rule, "expr"), *statement;
	bool marked = false, accepts = false;
	size_t i;

	json_array_foreach(expr, i, statement)
	{
		if (is_mark(statement))
			marked = true;
		else if (json_object_get(statement, "accept") != NULL)
			accepts = true;
		else if (!is_idle(statement))
			return false;
	}
	return marked && accepts;
}

/* False: of no interest. */
static bool
read_chain(const char *hook, const json_t *chain, struct gw_foreign *f)
{
	const char *family = text_of(chain, "family");

	if (strcmp(text_of(chain, "hook"), hook) != 0 ||
	    strcmp(text_of(chain, "type"), "nat") == 0 ||
	    (strcmp(family, "ip") != 0 && strcmp(family, "ip6") != 0 &&
		strcmp(family, "inet") != 0) ||
	    !is_identifier(text_of(chain, "table")) ||
	    !is_identifier(text_of(chain, "name")))
		return false;
	*f = (struct gw_foreign){
		.priority =
		    (int)json_integer_value(json_object_get(chain, "prio")),
	};
	snprintf(f->family, sizeof(f->family), "%s", family);
	snprintf(f->table, sizeof(f->table), "%s", text_of(chain, "table"));
	snprintf(f->chain, sizeof(f->chain), "%s", text_of(chain, "name"));
	snprintf(f->hook, sizeof(f->hook), "%s", hook);
	if (strcmp(text_of(chain, "policy"), "drop") == 0)
		f->why = "policy drop";
	return true;
}

int
gw_foreign_chains(const char *text, const char *hook, const char *our_table,
    struct gw_foreigns *out)
{
	json_t *list, *root = parse(text, &list), *item;
	struct gw_foreign f;
	size_t i;

	*out = (struct gw_foreigns){ 0 };
	if (root == NULL)
		return -1;
	json_array_foreach(list, i, item)
	{
		if (!read_chain(hook, json_object_get(item, "chain"), &f) ||
		    (strcmp(f.family, "inet") == 0 &&
			strcmp(f.table, our_table) == 0))
			continue;
		out->v = pd_xrealloc(out->v, (out->n + 1) * sizeof(f));
		out->v[out->n++] = f;
	}
	json_decref(root);
	return 0;
}

int
gw_foreign_rules(const char *text, const char *comment, struct gw_foreign *f)
{
	json_t *list, *root = parse(text, &list), *item;
	size_t i;

	if (root == NULL)
		return -1;
	json_array_foreach(list, i, item)
	{
		const json_t *rule = json_object_get(item, "rule");

		if (rule == NULL)
			continue;
		if (strcmp(text_of(rule, "comment"), comment) == 0)
			f->rule = (uint64_t)json_integer_value(
			    json_object_get(rule, "handle"));
		else if (accepts_marked(rule))
			f->open = true;
		else if (f->why == NULL && drops_all(rule))
			f->why = "its last rule";
	}
	json_decref(root);
	return 0;
}

void
gw_foreign_free(struct gw_foreigns *f)
{
	free(f->v);
	*f = (struct gw_foreigns){ 0 };
}
