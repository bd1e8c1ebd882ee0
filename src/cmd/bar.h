/*
 * The progress bar of the commands: one line of stderr, and only where that is
 * a terminal.
 * Thread: main.
 */
#ifndef PD_BAR_H
#define PD_BAR_H

#include <stddef.h>

#include "base/str.h"

/* "[####......] 4/10 name" on a terminal's stderr; n of n takes it away. */
void pd_bar(void *arg, size_t i, size_t n, struct pd_str name);
/* "[####......] 0.4 MB name", a few times a second; total 0: not known. */
void pd_bar_bytes(struct pd_str name, size_t done, size_t total);
/* Before anything else is written to the terminal. */
void pd_bar_clear(void);

#endif
