/*
 * Regular expressions of lists: compiled at first use, shared, on a short
 * leash.
 *
 * PCRE2 with JIT. A match may take PD_REGEX_MATCH_LIMIT steps from one place in
 * a subject of PD_REGEX_SUBJECT_MAX bytes, and PD_REGEX_STEPS_MAX from all; one
 * that goes over it has cost that much and does not match; after
 * PD_REGEX_STRIKES of that, or of as many that took PD_REGEX_SLOW_US all the
 * same, it is switched off and reported once. All matches of one request share
 * PD_REGEX_BUDGET_US, since many that are just quick enough add up. Verbs
 * "(*...)", \C and callouts are refused. Thread: any; each with its own match
 * data.
 */
#ifndef PD_BLOCK_REGEX_H
#define PD_BLOCK_REGEX_H

#include "base/str.h"

#define PD_REGEX_MATCH_LIMIT 20000
#define PD_REGEX_STEPS_MAX   8000000
#define PD_REGEX_SLOW_US     2000  /* of the thread's CPU */
#define PD_REGEX_BUDGET_US   20000 /* of it, for one question */
#define PD_REGEX_DEPTH_LIMIT 1000
#define PD_REGEX_SUBJECT_MAX 4096
#define PD_REGEX_STRIKES     3
#define PD_REGEX_LEN_MAX     8192

#define PD_REGEX_NOCASE   0x1u
#define PD_REGEX_ANCHORED 0x2u /* at the start only */

/* NULL: fine; else what is wrong, static or in buf. */
const char *
pd_regex_check(struct pd_str pattern, unsigned flags, char buf[128]);

/* What one thread needs to match. */
struct pd_regex_thread;
struct pd_regex_thread *pd_regex_thread_create(void);
void pd_regex_thread_destroy(struct pd_regex_thread *t); /* NULL is fine */

/* A new question: the budget is whole again. When it is spent nothing matches
 * until the next. */
void pd_regex_thread_begin(struct pd_regex_thread *t);

/* The compiled ones of a set, by number; they compile when first asked. */
struct pd_regexes;
struct pd_regexes *pd_regexes_create(size_t n);
void pd_regexes_destroy(struct pd_regexes *r); /* NULL is fine */
/* source: the same each time for the same number. False also when it does not
 * compile, went over its limit, or is off. */
bool pd_regexes_match(struct pd_regexes *r, struct pd_regex_thread *t,
    size_t number, struct pd_str source, unsigned flags, struct pd_str subject);
/* Replaces the first match (all with 'g'): what $1 and $& say. -1: none. */
int pd_regexes_replace(struct pd_regexes *r, struct pd_regex_thread *t,
    size_t number, struct pd_str source, unsigned flags, struct pd_str subject,
    struct pd_str replacement, bool all, char *out, size_t *n);
/* How many were switched off. */
size_t pd_regexes_off(const struct pd_regexes *r);

#endif
