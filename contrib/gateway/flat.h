/*
 * A configuration as one text, with what include() names in its place: it
 * says the same whatever becomes of the files.
 *
 * Thread: main.
 */
#ifndef GW_FLAT_H
#define GW_FLAT_H

/* The caller frees it. NULL with errno: one of the files cannot be read. */
char *gw_flat_read(const char *path);

#endif
