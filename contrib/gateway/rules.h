/*
 * The rules of the packet filter: modules hand in fragments, one text comes out
 * that loads a table of our own in one transaction.
 *
 * A fragment is made of what config.h has checked: link names, addresses,
 * numbers. No word of a file stands in it as it came.
 * Thread: main.
 */
#ifndef GW_RULES_H
#define GW_RULES_H

#include "config.h"

struct gw_rules;
struct pd_arena;

enum gw_chain {
	GW_CHAIN_SETS,    /* not a chain: sets, maps, chains of one's own,
			     whole, with a line for each */
	GW_CHAIN_GUARD,   /* filter hook prerouting priority raw + 10: drops
			     and refusals before anything else */
	GW_CHAIN_DIVERT,  /* filter hook prerouting priority mangle: TPROXY */
	GW_CHAIN_DSTNAT,  /* nat hook prerouting priority dstnat */
	GW_CHAIN_OUTPUT,  /* nat hook output priority -100 */
	GW_CHAIN_INPUT,   /* filter hook input priority filter */
	GW_CHAIN_FORWARD, /* filter hook forward priority filter */
	GW_CHAIN_SRCNAT,  /* nat hook postrouting priority srcnat */
	GW_NCHAINS,
};

/* Where in its chain a rule stands; equal ones as they came. */
enum gw_order {
	GW_RULE_FIRST,  /* what must see every packet: MSS, counters */
	GW_RULE_REFUSE, /* drops, rejects */
	GW_RULE_RULE,   /* the ordinary */
	GW_RULE_LAST,   /* what is left: masquerade, accept */
};

/* What our table's name begins with; the gateway's follows. */
#define GW_RULES_TABLE "gateway-"
/* What a table's comment begins with; a hash of 16 digits follows. */
#define GW_RULES_COMMENT "pared-gateway "

struct gw_rules *gw_rules_create(struct pd_arena *arena);
/* One rule (of GW_CHAIN_SETS: a whole definition), without newline at its end.
 */
void gw_rule(struct gw_rules *r, enum gw_chain chain, enum gw_order order,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/*
 * What our rules cannot promise: an accept of ours does not help where
 * another's chain drops. A match of packets that others' chains must let pass,
 * for hook input or forward ("iifname \"wg-a\""); the answers to what is
 * forwarded need not be named: its connections are marked, and strangers' are
 * not.
 *
 * Our table sets GW_OPEN in their marks, ahead of all filters, so that one
 * short rule in the other's chain is enough and stays true whatever changes
 * here. It says nothing that iptables-nft could not read: after a rule with a
 * native "ct state" in its chain FORWARD, `iptables -S` fails ("incompatible,
 * use 'nft' tool", 1.8.9), and with it Docker and ufw.
 * `check` names chains that drop; foreign-drop = open puts the rule there.
 */
void gw_rules_open(struct gw_rules *r, enum gw_chain hook, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* Whether the hook has such matches, and what the rule in others' chains there
 * is to match. */
bool gw_rules_has_open(const struct gw_rules *r, enum gw_chain hook);
#define GW_OPEN_MATCH "meta mark & 0x08000000 == 0x08000000"

/*
 * The whole, for `nft -f -`: makes the table if there is none, deletes it and
 * makes it anew, which the kernel does as one. In the arena; NULL when no rule
 * was given. The table bears a comment "pared-gateway HASH" with a hash of the
 * text, by which a table is known to be this one.
 */
const char *gw_rules_text(struct gw_rules *r, const char *table);

/* Pieces of rules; into the arena. */
/* "ip saddr 10.0.0.0/8 udp dport 53" ; one line for each family needed: a match
 * of either family with a port needs "meta l4proto". */
const char *gw_rules_match(struct pd_arena *arena, const struct gw_match *m);
/* Of packets that come from (or go to) clients of the tunnel: iifname/oifname,
 * or for IKEv2, which has no link, "ip saddr POOL". family: AF_INET, AF_INET6;
 * NULL when the tunnel has no clients of that family. */
const char *
gw_rules_from(struct pd_arena *arena, const struct gw_tunnel *t, int family);
const char *
gw_rules_to(struct pd_arena *arena, const struct gw_tunnel *t, int family);

#endif
