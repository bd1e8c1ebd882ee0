/*
 * Base chains of other people that drop: an accept in our table does not help
 * where another chain of the same hook drops.
 *
 * Thread: main.
 */
#ifndef GW_FOREIGN_H
#define GW_FOREIGN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct gw_system;

#define GW_FOREIGN_NAME 64

struct gw_foreign {
	char family[8]; /* "ip", "ip6", "inet" */
	char table[GW_FOREIGN_NAME], chain[GW_FOREIGN_NAME];
	char hook[16];
	int priority;
	const char *why; /* "policy drop"; NULL: it does not drop */
	uint64_t rule;   /* handle of our rule in it; 0: there is none */
	bool open;       /* the admin has put one there himself */
};

struct gw_foreigns {
	struct gw_foreign *v;
	size_t n;
};

/*
 * The base chains at hook "input" or "forward", those of iptables-nft among
 * them, our own table left out. all: also those that do not drop. 0, or -1
 * after gw_fail().
 */
int gw_foreign_find(
    struct gw_system *sys, const char *hook, bool all, struct gw_foreigns *out);
void gw_foreign_free(struct gw_foreigns *f);

/*
 * Of `nft -j list chains`: the base chains at the hook that are not in our
 * table. why and rule are not complete without the second: of `nft -j list
 * chain`, what the chain's rules are to us; ours has the comment. 0, or -1: not
 * nft's JSON, and out is empty.
 */
int gw_foreign_chains(const char *text, const char *hook, const char *our_table,
    struct gw_foreigns *out);
int
gw_foreign_rules(const char *text, const char *comment, struct gw_foreign *f);

#endif
