#include "filters/block/value.h"

/* Where the next '/' stands that no backslash precedes, or s.n. */
static size_t
next_slash(struct pd_str s, size_t from)
{
	for (size_t i = from; i < s.n; i++) {
		if (s.p[i] == '/')
			return i;
		if (s.p[i] == '\\')
			i++;
	}
	return s.n;
}

bool
pd_value_regex(struct pd_str value, struct pd_str *re, struct pd_str *flags)
{
	size_t end = value.n;

	if (value.n < 3 || value.p[0] != '/')
		return false;
	/* Behind the last '/' only flags: the expression may hold others. */
	while (end > 1 && value.p[end - 1] >= 'a' && value.p[end - 1] <= 'z')
		end--;
	if (end < 3 || value.p[end - 1] != '/')
		return false;
	*re = pd_str_of(value.p + 1, end - 2);
	*flags = pd_str_of(value.p + end, value.n - end);
	return true;
}

bool
pd_value_step(struct pd_str *rest, struct pd_str *step)
{
	struct pd_str s = *rest;
	size_t n = 0;

	while (s.n > 0 && s.p[0] == ' ')
		s = pd_str_of(s.p + 1, s.n - 1);
	if (s.n == 0)
		return false;
	if (s.p[0] == '/') {
		n = next_slash(s, 1);
		n += n < s.n;
	}
	while (n < s.n && s.p[n] != ' ')
		n++;
	*step = pd_str_of(s.p, n);
	*rest = pd_str_of(s.p + n, s.n - n);
	return true;
}

bool
pd_value_transform(struct pd_str value, struct pd_str *re,
    struct pd_str *replacement, struct pd_str *flags)
{
	size_t a, b;

	if (value.n < 3 || value.p[0] != '/')
		return false;
	a = next_slash(value, 1);
	if (a >= value.n)
		return false;
	b = next_slash(value, a + 1);
	if (b >= value.n)
		return false;
	*re = pd_str_of(value.p + 1, a - 1);
	*replacement = pd_str_of(value.p + a + 1, b - a - 1);
	*flags = pd_str_of(value.p + b + 1, value.n - b - 1);
	return true;
}

struct pd_str
pd_value_redirect(struct pd_str value, long *priority)
{
	size_t colon = value.n;
	bool negative = false;
	long n = 0;

	*priority = 0;
	while (colon > 0 && value.p[colon - 1] != ':')
		colon--;
	if (colon == 0 || colon == value.n)
		return value;
	for (size_t i = colon; i < value.n; i++) {
		if (i == colon && value.p[i] == '-' && value.n > colon + 1) {
			negative = true;
			continue;
		}
		if (value.p[i] < '0' || value.p[i] > '9' || n > 100000000)
			return value;
		n = n * 10 + (value.p[i] - '0');
	}
	*priority = negative ? -n : n;
	return pd_str_of(value.p, colon - 1);
}
