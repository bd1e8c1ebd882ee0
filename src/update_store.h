/*
 * The folder that lists are kept in: one update at a time, and each file whole
 * or not there.
 * Thread: any.
 */
#ifndef PD_UPDATE_STORE_H
#define PD_UPDATE_STORE_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/str.h"

struct evbuffer;

/* Opens the folder, makes it when its parent is there, and locks it until it is
 * closed. -1 with errno; EWOULDBLOCK: another update holds it. */
int pd_update_store_open(const char *path);

/* The whole of a regular file of at most `most` bytes, added to out. -1 with
 * errno: EFBIG, EINVAL for what is no regular file. */
int pd_update_store_read(
    int dir, const char *name, size_t most, struct evbuffer *out);

/*
 * Puts text in the place of name: written to another name, synced, renamed,
 * the folder synced. keep: what was there stays as name.old. -1 with errno, and
 * nothing has changed.
 */
int
pd_update_store_write(int dir, const char *name, struct pd_str text, bool keep);

#endif
