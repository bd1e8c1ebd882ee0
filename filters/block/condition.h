/*
 * The conditions of "!#if": names with "!", "&&", "||" and parentheses.
 * Thread: any.
 */
#ifndef PD_BLOCK_CONDITION_H
#define PD_BLOCK_CONDITION_H

#include "base/str.h"

/* Names, signs and parentheses that may wait in one condition. */
#define PD_CONDITION_DEPTH 32

/* Whether it holds when these symbols are true and all others false.
 * *valid: it could be read; what cannot is false. */
bool pd_condition(
    struct pd_str text, char *const *symbols, size_t nsymbols, bool *valid);

#endif
