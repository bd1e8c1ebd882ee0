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
	uint64_t *ours;  /* handles of our rules in it */
	size_t nours;    /* more than one when somebody copied them */
	bool open;       /* the admin has put one there himself */
};

struct gw_foreigns {
	struct gw_foreign *v;
	size_t n;
};

/*
 * The base chains at hook "input" or "forward", those of iptables-nft among
 * them, our own table left out. 0, or -1 after gw_fail().
 *
 * A chain drops when its policy or a rule drops all packets of some kind whom
 * no rule before it accepted; rules of chains to which all jump count as well.
 * What is dropped by what else it is (an address, a port) is taken for meant;
 * an accept by that counts for nobody: rather a drop too many is told.
 *
 * links: drops by the outgoing link count, too: by one of these, each in its
 * quotes, or, with "*", by any. NULL: by none. So does, with links, the drop of
 * all TCP or UDP.
 */
int gw_foreign_find(struct gw_system *sys, const char *hook, const char *links,
    struct gw_foreigns *out);
void gw_foreign_free(struct gw_foreigns *f);

/*
 * Of `nft -j list chains`: the base chains at the hook that are not in our
 * table. why and ours are not complete without the second: of `nft -j list
 * table`, what the chain's rules are to us; ours have the comment. 0, or -1:
 * not nft's JSON, and nothing was added.
 */
int gw_foreign_chains(const char *text, const char *hook, const char *our_table,
    struct gw_foreigns *out);
int gw_foreign_rules(const char *text, const char *comment, const char *links,
    struct gw_foreign *f);

#endif
