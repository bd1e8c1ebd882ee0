/*
 * Texts as JSON strings (RFC 8259, 7), whatever bytes they hold.
 * Thread: any.
 */
#ifndef PD_JSON_H
#define PD_JSON_H

#include <stdio.h>

#include "base/str.h"

#define PD_JSON_PIECE 8

/*
 * The character that begins at s.p[*at] (*at below s.n) as it stands inside a
 * JSON string: as it is, or escaped. Controls are always escaped; a byte that
 * is not UTF-8 is written as the character of its number, so that the result
 * is valid and nothing is lost. Moves *at on; returns the bytes put into out.
 */
size_t pd_json_next(struct pd_str s, size_t *at, char out[PD_JSON_PIECE]);

/* The whole text, with its quotes. */
void pd_json_write(FILE *f, struct pd_str s);

#endif
