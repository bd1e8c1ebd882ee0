/*
 * Our rule in other people's chains that drop: Docker's and ufw's FORWARD with
 * policy drop, firewalld's that ends in a reject. It accepts what our own table
 * marked (gw_rules_open()), stands first, and is known by its comment. Nothing
 * else of theirs is touched.
 *
 * Arguments: hook (key): "input" or "forward"; match (key): what the rule
 * matches, without names of a family; links: of gw_foreign_find(). A chain that
 * comes later, with Docker's start, makes the step MISSING: `run` then puts the
 * rule there.
 */
#include "kind/foreign.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "rules.h"
#include "system.h"

/* Bytes; a rule is 250 of them, and somebody who blocks by address has ten
 * thousand in a table. */
#define ANSWER_MAX ((size_t)64 << 20)

/* What nft answers; the caller frees it. NULL after gw_fail(). */
static char *
ask(struct gw_system *sys, const char *const *argv)
{
	struct gw_run r = { .argv = argv, .most = ANSWER_MAX };

	if (gw_run_or_fail(sys, &r) < 0) {
		free(r.output);
		r.output = NULL;
	}
	free(r.complaints);
	return r.output;
}

static int
find_rules(struct gw_system *sys, const char *links, struct gw_foreign *f)
{
	const char *const argv[] = { "nft", "-j", "-t", "list", "table",
		f->family, f->table, NULL };
	char tag[GW_TAG];
	char *text = ask(sys, argv);
	int rc = -1;

	if (text != NULL &&
	    gw_foreign_rules(text, gw_system_tag(sys, tag), links, f) == 0)
		rc = 0;
	else if (text != NULL)
		gw_fail(sys, "nft: its answer is not understood");
	free(text);
	return rc;
}

static int
find_chains(struct gw_system *sys, const char *hook, struct gw_foreigns *out)
{
	static const char *const argv[] = { "nft", "-j", "-t", "list", "chains",
		NULL };
	char table[sizeof(GW_RULES_TABLE) + GW_NAME_MAX];
	char *text = ask(sys, argv);
	int rc;

	*out = (struct gw_foreigns){ 0 };
	if (text == NULL)
		return -1;
	snprintf(table, sizeof(table), GW_RULES_TABLE "%s", sys->name);
	rc = gw_foreign_chains(text, hook, table, out);
	free(text);
	return rc == 0 ? 0 : gw_fail(sys, "nft: its answer is not understood");
}

int
gw_foreign_find(struct gw_system *sys, const char *hook, const char *links,
    struct gw_foreigns *out)
{
	size_t n = 0;

	if (find_chains(sys, hook, out) < 0)
		return -1;
	for (size_t i = 0; i < out->n; i++) {
		struct gw_foreign *f = &out->v[i];

		if (find_rules(sys, links, f) == 0) {
			out->v[n++] = *f;
			continue;
		}
		/* Gone since it was listed: Docker starts anew. */
		if (strstr(sys->why, strerror(ENOENT)) == NULL) {
			out->n = n;
			gw_foreign_free(out);
			return -1;
		}
	}
	out->n = n;
	return 0;
}

/* Whether our rule has still to be put there. */
static bool
is_closed(const struct gw_foreign *f)
{
	return f->why != NULL && f->nours == 0 && !f->open;
}

static void
describe(const struct gw_step *s, FILE *out)
{
	fprintf(out,
	    "nft insert rule, in others' chains at hook %s that drop: %s "
	    "accept",
	    gw_step_need(s, "hook"), gw_step_need(s, "match"));
}

static enum gw_state
probe(struct gw_system *sys, const struct gw_step *s)
{
	enum gw_state state = GW_AS_PLANNED;
	struct gw_foreigns f;

	if (gw_foreign_find(
		sys, gw_step_need(s, "hook"), gw_step_get(s, "links"), &f) < 0)
		return GW_UNSEEN;
	for (size_t i = 0; i < f.n; i++) {
		if (is_closed(&f.v[i]))
			state = GW_MISSING;
	}
	gw_foreign_free(&f);
	return state;
}

/* Runs what was written, if anything was. Frees text. */
static int
commit(struct gw_system *sys, char *text)
{
	struct gw_run r = { .argv =
				(const char *const[]){ "nft", "-f", "-", NULL },
		.input = text };
	int rc = 0;

	if (text[0] != '\0') {
		rc = gw_run_or_fail(sys, &r);
		free(r.output);
		free(r.complaints);
	}
	free(text);
	return rc;
}

static int
make(struct gw_system *sys, const struct gw_step *s)
{
	struct gw_foreigns f;
	char *text, tag[GW_TAG];
	size_t len;
	FILE *out;

	if (gw_foreign_find(
		sys, gw_step_need(s, "hook"), gw_step_get(s, "links"), &f) < 0)
		return -1;
	out = open_memstream(&text, &len);
	if (out == NULL)
		abort();
	for (size_t i = 0; i < f.n; i++) {
		if (is_closed(&f.v[i]))
			fprintf(out,
			    "insert rule %s %s %s %s accept comment \"%s\"\n",
			    f.v[i].family, f.v[i].table, f.v[i].chain,
			    gw_step_need(s, "match"), gw_system_tag(sys, tag));
	}
	if (fclose(out) != 0)
		abort();
	gw_foreign_free(&f);
	if (commit(sys, text) == 0)
		return 0;
	/* Root may do anything but change a table that has an owner. */
	if (strstr(sys->why, strerror(EPERM)) != NULL)
		gw_fail(sys,
		    "a chain that drops is in a table which only its owner "
		    "may change: firewalld 2.1 or later? let the tunnel's link "
		    "pass there (firewall-cmd --zone=trusted "
		    "--add-interface=LINK) and set foreign-drop = \"report\"");
	return -1;
}

/* Out of every chain, also of one that drops no more. told: a line for each,
 * or NULL. */
static int
take_out(struct gw_system *sys, const char *hook, FILE *told)
{
	struct gw_foreigns f;
	char *text;
	size_t len;
	FILE *out;

	if (gw_foreign_find(sys, hook, NULL, &f) < 0)
		return -1;
	out = open_memstream(&text, &len);
	if (out == NULL)
		abort();
	for (size_t i = 0; i < f.n; i++) {
		const struct gw_foreign *c = &f.v[i];

		for (size_t k = 0; k < c->nours; k++)
			fprintf(out, "delete rule %s %s %s handle %llu\n",
			    c->family, c->table, c->chain,
			    (unsigned long long)c->ours[k]);
		if (c->nours > 0 && told != NULL)
			fprintf(told, "nft rule in %s %s %s\n", c->family,
			    c->table, c->chain);
	}
	if (fclose(out) != 0)
		abort();
	gw_foreign_free(&f);
	return commit(sys, text);
}

static int
undo(struct gw_system *sys, const struct gw_step *s)
{
	return take_out(sys, gw_step_need(s, "hook"), NULL);
}

static int
sweep(struct gw_system *sys, FILE *out)
{
	int rc = take_out(sys, "input", out);

	return take_out(sys, "forward", out) < 0 ? -1 : rc;
}

const struct gw_kind gw_kind_foreign = {
	.name = "foreign",
	.describe = describe,
	.probe = probe,
	.make = make,
	.undo = undo,
	.sweep = sweep,
};
