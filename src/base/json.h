/*
 * Texts as JSON strings (RFC 8259, 7), whatever bytes they hold.
 * Thread: any.
 */
#ifndef PD_JSON_H
#define PD_JSON_H

#include <stdio.h>

#include "base/str.h"

struct pd_arena;

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

enum pd_json_kind {
	PD_JSON_STRING, /* escapes taken off */
	PD_JSON_NUMBER, /* as it stands */
	PD_JSON_WORD,   /* true, false, null */
};

/*
 * One flat object, such as a line of the access log: calls member for each,
 * in order, values in the text or the arena, until it returns other than 0.
 * -1: member did, or it is no JSON object, or a value is an object or an array,
 * or something follows it but blanks.
 */
int pd_json_read(struct pd_str text, struct pd_arena *arena,
    int (*member)(void *arg, struct pd_str name, enum pd_json_kind kind,
	struct pd_str value),
    void *arg);

#endif
