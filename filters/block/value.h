/*
 * What options of a rule say, taken apart: at compile time to find regular
 * expressions in them, at match time to act. Parsers have checked them.
 *
 * Private to compile*.c and match*.c.
 */
#ifndef PD_BLOCK_VALUE_H
#define PD_BLOCK_VALUE_H

#include "base/str.h"

/* "/re/" or "/re/flags". False: it is something else. */
bool
pd_value_regex(struct pd_str value, struct pd_str *re, struct pd_str *flags);
/* The next of urlskip's steps, between blanks; a regular expression is one
 * step, blanks in it and all. */
bool pd_value_step(struct pd_str *rest, struct pd_str *step);
/* "/re/replacement/flags"; "\/" is no end. */
bool pd_value_transform(struct pd_str value, struct pd_str *re,
    struct pd_str *replacement, struct pd_str *flags);
/* "noop.js:100": the name, and 100; 0 without. */
struct pd_str pd_value_redirect(struct pd_str value, long *priority);

#endif
