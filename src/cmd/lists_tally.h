/*
 * Counts over the rules of lists: how many, what became of them, how often they
 * hit, and which hit nowhere but in one list.
 * Thread: any, one at a time.
 */
#ifndef PD_LISTS_TALLY_H
#define PD_LISTS_TALLY_H

#include "filters/block/rule.h"

struct pd_hits;
struct pd_tally;

/* nlists: at most 64. */
struct pd_tally *pd_tally_create(size_t nlists);
void pd_tally_destroy(struct pd_tally *t); /* NULL is fine */

/* Where a list's rules go; valid until the next call. */
const struct pd_rule_sink *pd_tally_sink(struct pd_tally *t, size_t list);

/* After all are read: hits to lists. hits may be NULL. */
void pd_tally_count(struct pd_tally *t, const struct pd_hits *hits);

struct pd_tally_list {
	uint64_t rules, cosmetics;
	uint64_t different; /* rules, each text once */
	uint64_t hits, hit_rules;
	uint64_t only_hits; /* of rules that stand in no other list */
};
void
pd_tally_get(const struct pd_tally *t, size_t list, struct pd_tally_list *out);

/* Of all lists together. */
uint64_t pd_tally_rules(const struct pd_tally *t);
uint64_t pd_tally_cosmetics(const struct pd_tally *t);
uint64_t pd_tally_skipped(const struct pd_tally *t, enum pd_rule_skip why);
/* What was named as wrong, by number; at most PD_TALLY_WHATS are told apart,
 * the rest is one "...". Not those without a name. */
#define PD_TALLY_WHATS 512
void pd_tally_whats(struct pd_tally *t, enum pd_rule_skip why,
    void (*each)(
	void *arg, enum pd_rule_skip why, struct pd_str what, uint64_t n),
    void *arg);

/* What a rule's hits are counted by (pd_rule_id()). */
uint64_t pd_tally_id(const struct pd_rule *r);

#endif
