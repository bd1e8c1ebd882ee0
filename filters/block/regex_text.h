/*
 * What is done to the text of a regular expression before PCRE2 gets it.
 * Thread: any. For regex.c.
 */
#ifndef PD_BLOCK_REGEX_TEXT_H
#define PD_BLOCK_REGEX_TEXT_H

#include "base/str.h"

/*
 * What PCRE2 would take and a list must not say: verbs and other "(*", which
 * can lift the limits, callouts, \C and \Q. NULL: nothing of it.
 */
const char *pd_regex_forbidden(struct pd_str pattern);

/*
 * "[a-z]?[a-z]?[a-z]?" as "[a-z]{0,3}", which is the same and fails in three
 * steps and not in eight: lists in use have such runs of twenty. out has room
 * for pattern.n + 1 bytes, the result is not longer than pattern.
 */
struct pd_str pd_regex_fold(struct pd_str pattern, char *out);

#endif
