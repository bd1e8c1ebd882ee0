/*
 * Privoxy's patterns: "host/path", the host by labels with '*', '?' and
 * '[a-z]', a dot in front for what is below, one behind for what is above.
 */
#include "filters/block/match_ask.h"

/* One byte of a class "[...]" at pattern[*at]; leaves *at behind it. */
static bool
class_has(struct pd_str pattern, size_t *at, char c)
{
	size_t i = *at + 1;
	bool has = false;

	for (; i < pattern.n && pattern.p[i] != ']'; i++) {
		if (i + 2 < pattern.n && pattern.p[i + 1] == '-' &&
		    pattern.p[i + 2] != ']') {
			has |= c >= pd_lower(pattern.p[i]) &&
			       c <= pd_lower(pattern.p[i + 2]);
			i += 2;
		} else {
			has |= c == pd_lower(pattern.p[i]);
		}
	}
	*at = i < pattern.n ? i + 1 : pattern.n;
	return has;
}

static bool
label_fits(struct pd_str pattern, struct pd_str label)
{
	size_t i = 0, j = 0, star = SIZE_MAX, mark = 0;

	for (;;) {
		size_t next = j + 1;
		bool same = false;

		if (j < pattern.n && pattern.p[j] == '*') {
			star = ++j;
			mark = i;
			continue;
		}
		if (j == pattern.n && i == label.n)
			return true;
		if (j < pattern.n && i < label.n) {
			next = j;
			if (pattern.p[j] == '[')
				same = class_has(pattern, &next, label.p[i]);
			else
				same = pattern.p[j] == '?' ||
				       pd_lower(pattern.p[j]) == label.p[i];
			if (pattern.p[j] != '[')
				next = j + 1;
		}
		if (same) {
			i++;
			j = next;
			continue;
		}
		if (star == SIZE_MAX || mark >= label.n)
			return false;
		i = ++mark;
		j = star;
	}
}

static size_t
split_labels(struct pd_str s, struct pd_str out[PD_HOST_LABELS_MAX])
{
	size_t n = 0;

	while (s.p != NULL && n < PD_HOST_LABELS_MAX)
		out[n++] = pd_str_split(&s, '.');
	return n;
}

bool
pd_ask_host_glob(struct pd_str pattern, struct pd_str host)
{
	struct pd_str want[PD_HOST_LABELS_MAX], have[PD_HOST_LABELS_MAX];
	bool open_left, open_right;
	size_t nwant, nhave, first, last;

	if (pattern.n == 0)
		return true;
	open_left = pattern.p[0] == '.';
	open_right = pattern.p[pattern.n - 1] == '.';
	if (open_left)
		pattern = pd_str_of(pattern.p + 1, pattern.n - 1);
	if (open_right && pattern.n > 0)
		pattern.n--;
	if (pattern.n == 0)
		return true;
	nwant = split_labels(pattern, want);
	nhave = split_labels(host, have);
	if (nwant > nhave || (!open_left && !open_right && nwant != nhave))
		return false;
	first = open_left ? 0 : nhave - nwant;
	last = nhave - nwant;
	if (!open_left)
		first = last = 0;
	else if (!open_right)
		first = last;
	for (size_t at = first; at <= last; at++) {
		size_t k = 0;

		while (k < nwant && label_fits(want[k], have[at + k]))
			k++;
		if (k == nwant)
			return true;
	}
	return false;
}

/* Digits up to 65535, or -1. */
static long
port_number(struct pd_str s)
{
	int64_t n;

	return pd_str_u63(s, &n) == 0 && n <= 65535 ? (long)n : -1;
}

bool
pd_ask_port(struct pd_str ports, unsigned port)
{
	while (ports.n > 0) {
		struct pd_str to = pd_str_split(&ports, ','), from;
		long low, high;

		from = pd_str_split(&to, '-');
		low = port_number(pd_str_trim(from));
		high = to.p != NULL ? port_number(pd_str_trim(to)) : low;
		if (low >= 0 && (long)port >= low && (long)port <= high)
			return true;
	}
	return false;
}
