/*
 * Our table of the packet filter, loaded whole in one transaction: there is no
 * moment without rules, and none with half of them. What the kernel keeps in
 * the table is lost when it changes: who is held by a limit is free until he
 * asks too often again, and counters begin anew. Connections live elsewhere
 * (conntrack) and do not notice.
 *
 * Arguments: table (key): "gateway-NAME". Text: what gw_rules_text() made.
 *
 * The table's comment says that it is ours, and from which text it was made
 * (Linux 5.10). Whether somebody changed a rule inside is seen by what nft
 * lists: a hash of the listing right after loading is kept in RUN-DIR. Elements
 * of named sets and counters are left out, as they change by themselves.
 */
#include "system.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config.h"
#include "rules.h"

enum listed {
	LISTED,
	NO_TABLE,
	NO_RIGHT,  /* to look */
	NOT_OURS,  /* it bears no comment of ours */
	NO_ANSWER, /* nft is not there, or failed: sys->why */
};

static void
describe(const struct gw_step *s, FILE *out)
{
	size_t n = 0;

	/* Rules and definitions are what is indented twice, but for the line
	 * with the hook. */
	for (const char *p = s->text; p != NULL && *p != '\0';
	     p = *p != '\0' ? p + 1 : p) {
		if (p[0] == '\t' && p[1] == '\t' &&
		    strncmp(p + 2, "type ", 5) != 0)
			n++;
		p += strcspn(p, "\n");
	}
	fprintf(out, "nft table inet %s", gw_step_need(s, "table"));
	if (s->text != NULL)
		fprintf(out, ": %zu rules, by one transaction", n);
}

/* nft takes its words as its own language: a journal that was tampered with
 * must not speak it. */
static const char *
table_name(const struct gw_step *s)
{
	const char *table = gw_step_need(s, "table");

	if (strncmp(table, GW_RULES_TABLE, strlen(GW_RULES_TABLE)) != 0 ||
	    !gw_is_name(table + strlen(GW_RULES_TABLE), GW_NAME_MAX))
		return NULL;
	return table;
}

/* The 16 digits of a table's comment, or NULL. */
static const char *
comment_of(const char *text)
{
	const char *at = strstr(text, "\tcomment \"" GW_RULES_COMMENT);

	return at != NULL ? at + strlen("\tcomment \"" GW_RULES_COMMENT) : NULL;
}

/* Of what nft says the first line tells; what follows repeats our rules. */
static int
tell(struct gw_system *sys, const struct gw_run *r)
{
	if (strstr(r->complaints, strerror(EOPNOTSUPP)) != NULL)
		return gw_fail(sys,
		    "nft: the kernel has no tables of family inet "
		    "(NF_TABLES_INET); a distribution's has");
	if (r->complaints[0] == '\0')
		return gw_fail(sys, "nft ended with status %d", r->status);
	return gw_fail(
	    sys, "nft: %.*s", (int)strcspn(r->complaints, "\n"), r->complaints);
}

/* Why nft failed. A kernel that has no tables at all has none of ours. */
static enum listed
judge_failure(struct gw_system *sys, const struct gw_run *r)
{
	static const struct {
		int error;
		enum listed what;
	} known[] = {
		{ ENOENT, NO_TABLE },
		{ EOPNOTSUPP, NO_TABLE },
		{ EPROTONOSUPPORT, NO_TABLE },
		{ EPERM, NO_RIGHT },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
		if (strstr(r->complaints, strerror(known[i].error)) != NULL)
			return known[i].what;
	}
	tell(sys, r);
	return NO_ANSWER;
}

/* *listing is the caller's in every case. */
static enum listed
list(struct gw_system *sys, const char *table, char **listing)
{
	const char *const argv[] = { "nft", "--stateless", "--terse", "list",
		"table", "inet", table, NULL };
	struct gw_run r = { .argv = argv };
	enum listed what = LISTED;

	if (gw_run(&r) < 0)
		what = judge_failure(sys, &r);
	else if (comment_of(r.output) == NULL)
		what = NOT_OURS;
	free(r.complaints);
	*listing = r.output;
	return what;
}

static char *
hash_path(const struct gw_system *sys)
{
	return gw_system_path(sys, "rules.hash");
}

static void
print_hash(char out[20], const char *listing)
{
	snprintf(out, 20, "%016llx\n",
	    (unsigned long long)gw_hash(GW_HASH, listing));
}

/* Whether the table is still as it was right after it was loaded. */
static bool
is_untouched(const struct gw_system *sys, const char *listing)
{
	char *path = hash_path(sys), *kept = gw_read_file(path), hash[20];
	bool same;

	print_hash(hash, listing);
	same = kept != NULL && strcmp(kept, hash) == 0;
	free(kept);
	free(path);
	return same;
}

static enum gw_state
judge(const struct gw_system *sys, const struct gw_step *s, const char *listing)
{
	const char *is = comment_of(listing);
	const char *shall = s->text != NULL ? comment_of(s->text) : NULL;

	if (shall != NULL && strncmp(is, shall, 16) != 0)
		return GW_DRIFTED;
	return is_untouched(sys, listing) ? GW_AS_PLANNED : GW_DRIFTED;
}

static enum gw_state
probe(struct gw_system *sys, const struct gw_step *s)
{
	const char *table = table_name(s);
	enum gw_state state = GW_MISSING;
	char *listing;

	if (table == NULL)
		return GW_MISSING;
	switch (list(sys, table, &listing)) {
	case LISTED:
		state = judge(sys, s, listing);
		break;
	case NO_RIGHT:
		state = GW_UNSEEN;
		break;
	case NOT_OURS:
		state = GW_FOREIGN;
		break;
	case NO_TABLE:
	case NO_ANSWER: /* make() will hear the reason */
		break;
	}
	free(listing);
	return state;
}

/* Dying before the hash is written is harmless: the table counts as drifted,
 * and is loaded again. */
static int
keep_hash(struct gw_system *sys, const char *table)
{
	char *path = hash_path(sys), *listing, hash[20];
	enum listed what = list(sys, table, &listing);
	int rc = what == NO_ANSWER ? -1 : 0;

	if (what == NO_TABLE)
		rc = gw_fail(sys,
		    "nft: table inet %s was deleted by somebody right after "
		    "it was loaded",
		    table);
	else if (rc == 0 && what != LISTED)
		rc = gw_fail(sys,
		    "nft: table inet %s cannot be seen, though it was loaded: "
		    "a kernel before 5.10?",
		    table);
	if (rc == 0) {
		print_hash(hash, listing);
		if (gw_write_file(path, hash, 0600) < 0)
			rc = gw_fail(sys, "%s: %s", path, strerror(errno));
	}
	free(listing);
	free(path);
	return rc;
}

/* What could be neither loaded nor removed is not begun. */
static int
remember(struct gw_system *sys, struct gw_step *s)
{
	char *program = gw_program("nft");

	(void)s;
	if (program == NULL)
		return gw_fail(sys, "nft is not installed");
	free(program);
	return 0;
}

static int
make(struct gw_system *sys, const struct gw_step *s)
{
	struct gw_run r = { .argv =
				(const char *const[]){ "nft", "-f", "-", NULL },
		.input = s->text };
	const char *table = table_name(s);
	int rc;

	if (table == NULL || s->text == NULL)
		return gw_fail(sys, "nft: no table to load");
	rc = gw_run(&r) == 0 ? 0 : tell(sys, &r);
	free(r.output);
	free(r.complaints);
	return rc == 0 ? keep_hash(sys, table) : rc;
}

static int
undo(struct gw_system *sys, const struct gw_step *s)
{
	const char *table = table_name(s);
	const char *const argv[] = { "nft", "delete", "table", "inet", table,
		NULL };
	struct gw_run r = { .argv = argv };
	char *listing, *path;
	enum listed what;
	int rc = 0;

	if (table == NULL)
		return 0;
	what = list(sys, table, &listing);
	free(listing);
	if (what == NO_ANSWER)
		return -1;
	if (what == NO_RIGHT)
		return gw_fail(sys, "nft: table inet %s: not permitted", table);
	if (what == LISTED) {
		rc = gw_run_or_fail(sys, &r);
		free(r.output);
		free(r.complaints);
	}
	if (rc == 0) {
		path = hash_path(sys);
		(void)unlink(path);
		free(path);
	}
	return rc;
}

static int
sweep(struct gw_system *sys, FILE *out)
{
	char table[sizeof(GW_RULES_TABLE) + GW_NAME_MAX], *listing;
	struct gw_arg arg = { .name = "table", .value = table };
	struct gw_step s = {
		.kind = &gw_kind_nft, .args = &arg, .nargs = 1, .nkeys = 1
	};
	enum listed what;

	snprintf(table, sizeof(table), GW_RULES_TABLE "%s", sys->name);
	what = list(sys, table, &listing);
	free(listing);
	if (what != LISTED)
		return what == NO_ANSWER ? -1 : 0;
	if (undo(sys, &s) < 0)
		return -1;
	fprintf(out, "nft table inet %s\n", table);
	return 0;
}

const struct gw_kind gw_kind_nft = {
	.name = "nft",
	.describe = describe,
	.probe = probe,
	.remember = remember,
	.make = make,
	.undo = undo,
	.sweep = sweep,
};
