/*
 * Host names that lists block whole: for everyone, whatever is asked for. What
 * a name server can be told, that is, and nothing finer.
 *
 * Rules are given in any order, of all lists; each() tells the names that are
 * left once exceptions and what wider names cover are taken off.
 * Thread: any, one at a time.
 */
#ifndef PD_LISTS_NAMES_H
#define PD_LISTS_NAMES_H

#include "filters/block/rule.h"

/* Why a rule blocks no name here. */
#define PD_NAMES_LEFTS(L)                                                \
	L(PART, "rules for parts of hosts, or for names to be searched") \
	L(CONDITION,                                                     \
	    "rules with options: for some pages or kinds of requests")   \
	L(EXCEPTION, "exceptions of these two kinds")                    \
	L(CHANGE, "rules that change what passes")                       \
	L(ADDRESS, "rules for addresses")

enum pd_names_left {
#define L(name, sentence) PD_NAMES_LEFT_##name,
	PD_NAMES_LEFTS(L)
#undef L
	    PD_NAMES_LEFT_KINDS,
};
const char *pd_names_left_sentence(enum pd_names_left why);

enum pd_name_is {
	PD_NAME_BELOW,   /* blocked with all that is below it */
	PD_NAME_ALONE,   /* blocked without what is below it */
	PD_NAME_COVERED, /* listed, and below one of BELOW */
	PD_NAME_PASSES,  /* below one of BELOW, and passes with all below it */
};

struct pd_names;

struct pd_names *pd_names_create(void);
void pd_names_destroy(struct pd_names *n); /* NULL is fine */

/* Where rules go. */
const struct pd_rule_sink *pd_names_sink(struct pd_names *n);
/* A name that passes whatever the lists say, with all below it. */
void pd_names_let_pass(struct pd_names *n, struct pd_str host);

/* By name from its last label on; each name once, or PASSES and then ALONE
 * where it is both. name: NUL-terminated. */
void pd_names_each(struct pd_names *n,
    void (*each)(void *arg, const char *name, enum pd_name_is is), void *arg);

uint64_t pd_names_left(const struct pd_names *n, enum pd_names_left why);

#endif
