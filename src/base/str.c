#include "base/str.h"

bool
pd_str_caseeq(struct pd_str a, struct pd_str b)
{
	return a.n == b.n && pd_str_casestarts(a, b);
}

bool
pd_str_starts(struct pd_str s, struct pd_str prefix)
{
	return s.n >= prefix.n &&
	       (prefix.n == 0 || memcmp(s.p, prefix.p, prefix.n) == 0);
}

bool
pd_str_casestarts(struct pd_str s, struct pd_str prefix)
{
	if (s.n < prefix.n)
		return false;
	for (size_t i = 0; i < prefix.n; i++) {
		if (pd_lower(s.p[i]) != pd_lower(prefix.p[i]))
			return false;
	}
	return true;
}

bool
pd_str_caseends(struct pd_str s, struct pd_str suffix)
{
	return s.n >= suffix.n &&
	       pd_str_casestarts(
		   pd_str_of(s.p + (s.n - suffix.n), suffix.n), suffix);
}

struct pd_str
pd_str_trim(struct pd_str s)
{
	while (s.n > 0 && (s.p[0] == ' ' || s.p[0] == '\t')) {
		s.p++;
		s.n--;
	}
	while (s.n > 0 && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
		s.n--;
	return s;
}

struct pd_str
pd_str_split(struct pd_str *rest, char sep)
{
	struct pd_str head = *rest;
	const char *at = rest->n > 0 ? memchr(rest->p, sep, rest->n) : NULL;

	if (at == NULL) {
		*rest = (struct pd_str){ NULL, 0 };
		return head;
	}
	head.n = (size_t)(at - rest->p);
	rest->p = at + 1;
	rest->n -= head.n + 1;
	return head;
}

int
pd_str_u63(struct pd_str s, int64_t *out)
{
	int64_t v = 0;

	if (s.n == 0)
		return -1;
	for (size_t i = 0; i < s.n; i++) {
		int digit = s.p[i] - '0';

		if (digit < 0 || digit > 9 || v > (INT64_MAX - digit) / 10)
			return -1;
		v = v * 10 + digit;
	}
	*out = v;
	return 0;
}

/*
 * Greedy with one remembered star: after a mismatch only the last star needs
 * to take one byte more, so the work is at most |glob| x |s| and there is no
 * recursion.
 */
bool
pd_str_glob(struct pd_str glob, struct pd_str s)
{
	size_t g = 0, i = 0, star = SIZE_MAX, resume = 0;

	while (i < s.n) {
		if (g < glob.n && glob.p[g] == '*') {
			star = g++;
			resume = i;
		} else if (g < glob.n &&
			   pd_lower(glob.p[g]) == pd_lower(s.p[i])) {
			g++;
			i++;
		} else if (star != SIZE_MAX) {
			g = star + 1;
			i = ++resume;
		} else {
			return false;
		}
	}
	while (g < glob.n && glob.p[g] == '*')
		g++;
	return g == glob.n;
}

#define DISTANCE_MAX 64

size_t
pd_str_distance(const char *a, const char *b)
{
	size_t na = strlen(a), nb = strlen(b), row[DISTANCE_MAX + 1];

	if (na > DISTANCE_MAX || nb > DISTANCE_MAX)
		return DISTANCE_MAX;
	for (size_t j = 0; j <= nb; j++)
		row[j] = j;
	for (size_t i = 1; i <= na; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= nb; j++) {
			size_t best = diagonal + (pd_lower(a[i - 1]) !=
						     pd_lower(b[j - 1]));

			diagonal = row[j];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[nb];
}

struct pd_str_near
pd_str_near(const char *word)
{
	/* A third of its letters may be wrong, and one more. */
	return (
	    struct pd_str_near){ .word = word, .within = strlen(word) / 3 + 2 };
}

void
pd_str_near_try(struct pd_str_near *n, const char *name)
{
	size_t d = pd_str_distance(n->word, name);

	if (d < n->within) {
		n->within = d;
		n->name = name;
	}
}
