/*
 * For tests of codings: text, and the libraries' own one-call functions, so
 * that what pared makes is judged by somebody else.
 */
#ifndef PD_CODING_HELP_H
#define PD_CODING_HELP_H

#include <stddef.h>

#include "filters/coding/coding.h"

/* n bytes that compress as text does; the same for the same n. malloc. */
char *coding_help_text(size_t n);
/* *p of *n bytes coded; freed and replaced. raw: deflate without zlib. */
void coding_help_pack(enum pd_coding c, bool raw, char **p, size_t *n);
/* NULL where it is not whole and correct to the last byte. malloc. */
char *coding_help_unpack(
    enum pd_coding c, const void *p, size_t n, size_t most, size_t *len);
/* What can be read of a stream that goes on: bytes into out. */
size_t coding_help_peek(
    enum pd_coding c, const void *p, size_t n, void *out, size_t most);

#endif
