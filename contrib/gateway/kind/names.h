/*
 * Names that no client shall reach, out of a file that `pared lists export`
 * wrote. It belongs to the user as whom the proxy runs, and unbound reads what
 * it is told as root: a file of whatever content yields names, and no word of
 * unbound's language beside those here.
 *
 * Thread: main.
 */
#ifndef GW_NAMES_H
#define GW_NAMES_H

#include <stdio.h>

/* What was no line of that kind and is left out. */
struct gw_names_left {
	size_t n;
	size_t line; /* the first, from 1 */
};

/*
 * Writes to out the lines that unbound may read: those that block a name and
 * all below it, or the name alone, or let one below a blocked one pass. Empty
 * lines and comments are none.
 */
void gw_names_write(FILE *out, const char *text, struct gw_names_left *left);

#endif
