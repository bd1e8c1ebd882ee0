/*
 * The steps of urlskip=. Private to match_rewrite.c.
 */
#ifndef PD_MATCH_SKIP_H
#define PD_MATCH_SKIP_H

#include "filters/block/match_ask.h"

/* Where the request leads by the rule's steps: *url is in buf. Both buffers
 * have room bytes. False: nowhere, or nowhere else. */
bool pd_ask_skip(struct pd_ask *a, const struct pd_file_rule *r, char *buf,
    char *other, size_t room, struct pd_str *url);

#endif
