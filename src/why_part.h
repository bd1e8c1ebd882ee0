/*
 * What why.c, which asks, and why_words.c share. Private to these.
 * Thread: any.
 */
#ifndef PD_WHY_PART_H
#define PD_WHY_PART_H

#include "why.h"

/* Fills sentence and sent, from all the rest. */
void pd_why_put_words(const struct pd_why_params *p, struct pd_why *out);

#endif
