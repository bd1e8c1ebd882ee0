/*
 * What nft says of chains and rules, as JSON. Pure.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/str.h"
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

/* ---- what a chain does to packets of which no more is known ---- */

/*
 * Packets are of kinds: by the link out (ours, in their order, and before them
 * any other) and the protocol. A set of kinds has a bit for each. A rule is for
 * all of a kind, or, as it asks for what else they are, counts for none: then
 * some come past it, whatever it does.
 */
#define TCP       ((uint64_t)1)
#define UDP       ((uint64_t)2)
#define ONE_LINK  ((uint64_t)7) /* TCP, UDP, other */
#define BITS      3             /* of one link */
#define LINKS_MAX 21            /* of more nothing is known */
#define EVERY     (((uint64_t)1 << BITS * LINKS_MAX) - 1)

/* What becomes of whom; who is in neither comes back behind the jump. */
struct fate {
	uint64_t dropped, accepted;
};

struct judge {
	const json_t *list; /* of the table's chains and rules */
	const char *links;
	json_t *judged; /* chain to its fate */
};

/* Whether the right side of a match is the word, or a set that holds it. */
static bool
names(const json_t *right, struct pd_str word)
{
	const json_t *set = json_object_get(right, "set"), *one;
	const char *name = json_string_value(right);
	size_t i;

	if (name != NULL)
		return pd_str_eq(pd_str_z(name), word);
	json_array_foreach(set, i, one)
	{
		if (names(one, word))
			return true;
	}
	return false;
}

static uint64_t
of_protocols(const json_t *right)
{
	uint64_t one = (names(right, PD_STR("tcp")) ? TCP : 0) |
		       (names(right, PD_STR("udp")) ? UDP : 0);
	uint64_t all = 0;

	for (unsigned i = 0; i < LINKS_MAX; i++)
		all |= one << BITS * i;
	return all;
}

static uint64_t
of_links(const struct judge *j, const json_t *right)
{
	struct pd_str rest = pd_str_z(j->links);
	uint64_t all = 0;

	for (unsigned i = 1; rest.n > 0 && i < LINKS_MAX; i++) {
		pd_str_split(&rest, '"');
		if (names(right, pd_str_split(&rest, '"')))
			all |= ONE_LINK << BITS * i;
	}
	return all;
}

/* The kinds that a rule is for by one of its statements. drops: where any link
 * counts, so does one that we cannot name; that by it all may pass says nothing
 * of the next. */
static uint64_t
matches(const struct judge *j, const json_t *statement, bool drops)
{
	const json_t *match = json_object_get(statement, "match");
	const json_t *right = json_object_get(match, "right");
	const char *key = text_of(
	    json_object_get(json_object_get(match, "left"), "meta"), "key");

	if (is_idle(statement))
		return EVERY;
	if (match == NULL || j->links == NULL ||
	    strcmp(text_of(match, "op"), "==") != 0)
		return 0;
	if (strcmp(key, "l4proto") == 0)
		return of_protocols(right);
	if (strcmp(key, "oifname") != 0 && strcmp(key, "oif") != 0)
		return 0;
	if (strcmp(j->links, "*") == 0)
		return drops ? EVERY & ~ONE_LINK : 0;
	return of_links(j, right);
}

static bool
is_drop(const json_t *last)
{
	return json_object_get(last, "drop") != NULL ||
	       json_object_get(last, "reject") != NULL || is_xt(last, "DROP") ||
	       is_xt(last, "REJECT");
}

static struct fate chain_fate(struct judge *j, const char *chain);

/* Of a rule's last statement, without its matches; *leaves: who comes back from
 * it leaves the chain. */
static struct fate
verdict(struct judge *j, const json_t *last, bool *leaves)
{
	const json_t *jump = json_object_get(last, "jump");
	const json_t *go = json_object_get(last, "goto");

	*leaves = go != NULL || json_object_get(last, "return") != NULL;
	if (is_drop(last))
		return (struct fate){ .dropped = EVERY };
	if (json_object_get(last, "accept") != NULL)
		return (struct fate){ .accepted = EVERY };
	if (jump == NULL && go == NULL)
		return (struct fate){ 0 };
	return chain_fate(j, text_of(jump != NULL ? jump : go, "target"));
}

/* Adds what a rule does to those who have come as far as to it; returns who
 * goes on. */
static uint64_t
apply_rule(struct judge *j, const json_t *rule, uint64_t here, struct fate *f)
{
	const json_t *expr = json_object_get(rule, "expr");
	uint64_t most = here, all = here; /* to drop, to let pass */
	size_t n = json_array_size(expr);
	struct fate one;
	bool leaves;

	for (size_t i = 0; i + 1 < n; i++) {
		most &= matches(j, json_array_get(expr, i), true);
		all &= matches(j, json_array_get(expr, i), false);
	}
	if (n == 0 || most == 0)
		return here;
	one = verdict(j, json_array_get(expr, n - 1), &leaves);
	one.dropped &= most;
	one.accepted &= all;
	f->dropped |= one.dropped;
	f->accepted |= one.accepted;
	return here & ~(one.dropped | one.accepted | (leaves ? all : 0));
}

static struct fate
chain_fate(struct judge *j, const char *chain)
{
	const json_t *known = json_object_get(j->judged, chain), *item;
	struct fate f = { 0 };
	uint64_t here = EVERY;
	size_t i;

	if (known != NULL) {
		f.dropped =
		    (uint64_t)json_integer_value(json_array_get(known, 0));
		f.accepted =
		    (uint64_t)json_integer_value(json_array_get(known, 1));
		return f;
	}
	/* Whatever leads back here goes round no more. */
	json_object_set_new(j->judged, chain, json_array());
	json_array_foreach(j->list, i, item)
	{
		const json_t *rule = json_object_get(item, "rule");

		if (rule != NULL && here != 0 &&
		    strcmp(text_of(rule, "chain"), chain) == 0)
			here = apply_rule(j, rule, here, &f);
	}
	json_object_set_new(j->judged, chain,
	    json_pack("[I, I]", (json_int_t)f.dropped, (json_int_t)f.accepted));
	return f;
}

/* Why a base chain drops, whose policy f->why is; NULL: it does not. */
static const char *
reason(struct judge *j, const struct gw_foreign *f)
{
	struct fate fate = chain_fate(j, f->chain);

	if (fate.dropped == EVERY)
		return "its last rule";
	if (f->why != NULL && (fate.dropped | fate.accepted) != EVERY)
		return f->why;
	return fate.dropped != 0 ? "by link or protocol" : NULL;
}

/* ---- what lets our packets pass ---- */

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

static void
add_ours(struct gw_foreign *f, const json_t *rule)
{
	f->ours = pd_xrealloc(f->ours, (f->nours + 1) * sizeof(*f->ours));
	f->ours[f->nours++] =
	    (uint64_t)json_integer_value(json_object_get(rule, "handle"));
}

int
gw_foreign_rules(const char *text, const char *comment, const char *links,
    struct gw_foreign *f)
{
	json_t *list, *root = parse(text, &list), *item;
	struct judge j = { .links = links };
	size_t i;

	if (root == NULL)
		return -1;
	json_array_foreach(list, i, item)
	{
		const json_t *rule = json_object_get(item, "rule");

		if (rule == NULL ||
		    strcmp(text_of(rule, "chain"), f->chain) != 0)
			continue;
		if (strcmp(text_of(rule, "comment"), comment) == 0)
			add_ours(f, rule);
		else if (accepts_marked(rule))
			f->open = true;
	}
	j.list = list;
	j.judged = json_object();
	f->why = reason(&j, f);
	json_decref(j.judged);
	json_decref(root);
	return 0;
}

void
gw_foreign_free(struct gw_foreigns *f)
{
	for (size_t i = 0; i < f->n; i++)
		free(f->v[i].ours);
	free(f->v);
	*f = (struct gw_foreigns){ 0 };
}
