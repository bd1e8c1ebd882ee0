/*
 * Slices of bytes and what is done to them everywhere: comparing, trimming,
 * numbers. A slice borrows; it is not terminated and may hold any byte.
 *
 * Not here: parsing of messages (http/), memory (arena.h).
 * Thread: any.
 */
#ifndef PD_STR_H
#define PD_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct pd_str {
	const char *p;
	size_t n;
};

/* A literal as a slice: PD_STR("gzip"). */
#define PD_STR(lit) ((struct pd_str){ (lit), sizeof(lit) - 1 })
/* For printf: printf("%.*s", PD_STR_ARG(s)). */
#define PD_STR_ARG(s) (int)(s).n, (s).p

static inline struct pd_str
pd_str_of(const char *p, size_t n)
{
	return (struct pd_str){ p, n };
}

/* The slice of a C string; NULL gives the empty slice. */
static inline struct pd_str
pd_str_z(const char *z)
{
	return (struct pd_str){ z, z ? strlen(z) : 0 };
}

static inline bool
pd_str_eq(struct pd_str a, struct pd_str b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

/* ASCII only, by no locale. */
static inline char
pd_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

/* The value of a hexadecimal digit of either case; -1: it is none. */
static inline int
pd_hex_digit(char c)
{
	c = pd_lower(c);
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* "%3F": three bytes at p, and where they end (RFC 3986, 2.1). */
static inline char *
pd_percent(char *p, char c)
{
	static const char digits[] = "0123456789ABCDEF";

	*p++ = '%';
	*p++ = digits[(unsigned char)c >> 4];
	*p++ = digits[(unsigned char)c & 15];
	return p;
}

/* Equal but for the case of ASCII letters. */
bool pd_str_caseeq(struct pd_str a, struct pd_str b);
bool pd_str_starts(struct pd_str s, struct pd_str prefix);
bool pd_str_casestarts(struct pd_str s, struct pd_str prefix);
bool pd_str_caseends(struct pd_str s, struct pd_str suffix);

/* Without SP and HTAB at both ends (RFC 9110, 5.6.3: OWS). */
struct pd_str pd_str_trim(struct pd_str s);

/*
 * Splits at the first sep: the part before it is returned, *rest is what
 * follows. Without a sep everything is returned and *rest becomes empty with
 * p NULL.
 */
struct pd_str pd_str_split(struct pd_str *rest, char sep);

/*
 * Digits only, at least one, no sign or space, at most INT64_MAX.
 * Returns 0, or -1 when it is anything else.
 */
int pd_str_u63(struct pd_str s, int64_t *out);

/* Whether a glob whose only sign is '*' covers all of s; ASCII case folded. */
bool pd_str_glob(struct pd_str glob, struct pd_str s);

/* How far two words are apart (Levenshtein, case folded), for suggestions. */
size_t pd_str_distance(const char *a, const char *b);

/*
 * The nearest of several names to a word that is none of them. Its name stays
 * NULL while none was near enough to have been meant.
 */
struct pd_str_near {
	const char *word, *name;
	size_t within; /* what is nearer takes its place */
};
struct pd_str_near pd_str_near(const char *word);
void pd_str_near_try(struct pd_str_near *n, const char *name);

#endif
