#include "base/arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#ifdef __has_feature
#define PD_HAS_FEATURE(f) __has_feature(f)
#else
#define PD_HAS_FEATURE(f) 0
#endif

/*
 * The first chunk holds the arena itself. 4,000 bytes keep an ordinary
 * exchange (12 to 20 fields each way) in one allocation; idle connections have
 * no arena.
 */
#if defined(__SANITIZE_ADDRESS__) || PD_HAS_FEATURE(address_sanitizer)
/* Every piece is a chunk of its own and none is kept: what is used after its
 * exchange, or beyond its end, is then seen. */
#define CHUNK_LEN sizeof(struct pd_arena)
#define SPARE_MAX 0
#else
#define CHUNK_LEN 4000
#define SPARE_MAX 64
#endif
#define ARENA_ALIGN _Alignof(max_align_t)

struct chunk {
	struct chunk *next;
	size_t len; /* of data */
	_Alignas(max_align_t) char data[];
};

struct pd_arena {
	struct chunk *chunks; /* newest first; the last one holds the arena */
	size_t at;            /* in the newest chunk */
	size_t used;
};

/* First chunks kept for reuse by the thread. */
static _Thread_local struct {
	struct chunk *list;
	unsigned n;
} spare;

static void *
must(void *p)
{
	if (p == NULL) {
		fputs("pared: out of memory\n", stderr);
		abort();
	}
	return p;
}

void *
pd_xalloc(size_t n)
{
	return must(calloc(1, n > 0 ? n : 1));
}

void *
pd_xrealloc(void *p, size_t n)
{
	return must(realloc(p, n > 0 ? n : 1));
}

char *
pd_xstrdup(const char *z)
{
	return must(strdup(z));
}

static struct chunk *
chunk_create(size_t len)
{
	struct chunk *c =
	    len < PTRDIFF_MAX - sizeof(*c) ? malloc(sizeof(*c) + len) : NULL;

	must(c);
	c->len = len;
	return c;
}

struct pd_arena *
pd_arena_create(void)
{
	struct chunk *c = spare.list;
	struct pd_arena *a;

	if (c != NULL) {
		spare.list = c->next;
		spare.n--;
	} else {
		c = chunk_create(CHUNK_LEN);
	}
	c->next = NULL;
	a = (struct pd_arena *)(void *)c->data;
	*a = (struct pd_arena){ .chunks = c, .at = sizeof(*a) };
	return a;
}

void
pd_arena_destroy(struct pd_arena *a)
{
	struct chunk *c, *next;

	if (a == NULL)
		return;
	for (c = a->chunks; c->next != NULL; c = next) {
		next = c->next;
		free(c);
	}
	if (spare.n + 1 <= SPARE_MAX) {
		c->next = spare.list;
		spare.list = c;
		spare.n++;
	} else {
		free(c);
	}
}

void
pd_arena_thread_end(void)
{
	struct chunk *c, *next;

	for (c = spare.list; c != NULL; c = next) {
		next = c->next;
		free(c);
	}
	spare.list = NULL;
	spare.n = 0;
}

void *
pd_arena_alloc(struct pd_arena *a, size_t n)
{
	struct chunk *c = a->chunks;
	size_t at = (a->at + ARENA_ALIGN - 1) & ~(ARENA_ALIGN - 1);

	if (at > c->len || n > c->len - at) {
		c = chunk_create(n > CHUNK_LEN ? n : CHUNK_LEN);
		c->next = a->chunks;
		a->chunks = c;
		at = 0;
	}
	a->at = at + n;
	a->used += n;
	return c->data + at;
}

void *
pd_arena_zalloc(struct pd_arena *a, size_t n)
{
	return memset(pd_arena_alloc(a, n), 0, n);
}

struct pd_str
pd_arena_str(struct pd_arena *a, struct pd_str s)
{
	char *p = pd_arena_alloc(a, s.n + 1);

	if (s.n > 0)
		memcpy(p, s.p, s.n);
	p[s.n] = '\0';
	return pd_str_of(p, s.n);
}

char *
pd_arena_strdup(struct pd_arena *a, const char *z)
{
	size_t n = strlen(z) + 1;

	return memcpy(pd_arena_alloc(a, n), z, n);
}

struct pd_str
pd_arena_printf(struct pd_arena *a, const char *fmt, ...)
{
	va_list ap;
	int n;
	char *p;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		return PD_STR("");
	p = pd_arena_alloc(a, (size_t)n + 1);
	va_start(ap, fmt);
	vsnprintf(p, (size_t)n + 1, fmt, ap);
	va_end(ap);
	return pd_str_of(p, (size_t)n);
}

size_t
pd_arena_used(const struct pd_arena *a)
{
	return a->used;
}
