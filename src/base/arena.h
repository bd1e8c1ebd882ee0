/*
 * Memory of one exchange: allocated piece by piece, freed at once.
 *
 * Chunks come from malloc; a thread keeps a small free list of first
 * chunks, so that a request costs no call to malloc. An arena has no limit of
 * its own: sizes that come from the network are checked before they get here.
 * Thread: one owner at a time.
 */
#ifndef PD_ARENA_H
#define PD_ARENA_H

#include "base/str.h"

struct pd_arena;

struct pd_arena *pd_arena_create(void);
/* Frees the arena and all that was taken from it; NULL is fine. */
void pd_arena_destroy(struct pd_arena *a);

/* n bytes, aligned for any type, not cleared. Never NULL: aborts instead. */
void *pd_arena_alloc(struct pd_arena *a, size_t n);
/* The same, cleared. */
void *pd_arena_zalloc(struct pd_arena *a, size_t n);
/* A copy that ends with NUL (not counted in the slice's n). */
struct pd_str pd_arena_str(struct pd_arena *a, struct pd_str s);
char *pd_arena_strdup(struct pd_arena *a, const char *z);
struct pd_str pd_arena_printf(struct pd_arena *a, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Frees what this thread kept for reuse; at a thread's end. */
void pd_arena_thread_end(void);

/* Bytes taken so far. */
size_t pd_arena_used(const struct pd_arena *a);

/* malloc and friends for small fixed sizes: abort when there is no memory. */
void *pd_xalloc(size_t n); /* cleared */
void *pd_xrealloc(void *p, size_t n);
char *pd_xstrdup(const char *z);

#endif
