/*
 * What a list says of itself in its first comments: "! Title:", "! Expires:".
 * Thread: any. For source.c.
 */
#ifndef PD_BLOCK_SOURCE_HEADER_H
#define PD_BLOCK_SOURCE_HEADER_H

#include "base/str.h"

#define PD_SOURCE_TITLE 128 /* with its NUL */

/* The first of each; "" and 0 where it says nothing that can be read. */
void pd_source_header(
    struct pd_str head, char title[PD_SOURCE_TITLE], uint32_t *expires_s);

#endif
