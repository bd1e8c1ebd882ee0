#include "filters/block/regex_text.h"

#include <stdio.h>

/* Fewer are not worth it, and "a{0,2}" is longer than "a?a?". */
#define RUN_LEAST 3

const char *
pd_regex_forbidden(struct pd_str p)
{
	bool class = false;

	for (size_t i = 0; i < p.n; i++) {
		char next = i + 1 < p.n ? p.p[i + 1] : '\0';

		if (p.p[i] == '\\') {
			if (!class && (next == 'Q' || next == 'C'))
				return "\\Q and \\C are not taken";
			i++;
		} else if (class) {
			class = p.p[i] != ']';
		} else if (p.p[i] == '[') {
			/* "[]" and "[^]" are whole in this dialect. */
			class = true;
		} else if (p.p[i] == '(' && next == '*') {
			return "verbs \"(*...)\" are not taken";
		} else if (p.p[i] == '(' && next == '?' && i + 2 < p.n &&
			   p.p[i + 2] == 'C') {
			return "callouts \"(?C...)\" are not taken";
		}
	}
	return NULL;
}

static bool
is_word_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9');
}

/* The length of the class at s[0] == '['; 0: it has no end. */
static size_t
class_length(struct pd_str s)
{
	for (size_t i = 1; i < s.n; i++) {
		if (s.p[i] == '\\')
			i++;
		else if (s.p[i] == ']')
			return i + 1;
	}
	return 0;
}

/*
 * The length of what a quantifier behind it would be for: a class, a byte, or
 * an escape of two bytes. 0: none of them. *whole: escapes may be longer than
 * they look (\x41, \k<name>), and then nothing here is sure.
 */
static size_t
atom_length(struct pd_str s, bool *whole)
{
	switch (s.p[0]) {
	case '\\':
		if (s.n < 2)
			return 0;
		if (is_word_byte(s.p[1]) &&
		    memchr("dDwWsSbBnrtfv", s.p[1], 13) == NULL) {
			*whole = false;
			return 0;
		}
		return 2;
	case '[':
		return class_length(s);
	case '^':
	case '$':
	case '|':
	case '?':
	case '*':
	case '+':
	case '(':
	case ')':
	case '{':
	case '}':
		return 0;
	default:
		return 1;
	}
}

/* How often "atom?" stands at s, one behind the other, as itself: "a??" and
 * "a?+" are something else. */
static size_t
count_run(struct pd_str s, size_t atom)
{
	size_t n = 0, at = 0;

	while (s.n - at > atom && memcmp(s.p + at, s.p, atom) == 0 &&
	       s.p[at + atom] == '?') {
		char next = s.n - at > atom + 1 ? s.p[at + atom + 1] : '\0';

		if (next == '?' || next == '+')
			break;
		n++;
		at += atom + 1;
	}
	return n;
}

struct pd_str
pd_regex_fold(struct pd_str pattern, char *out)
{
	size_t n = 0, run;
	bool whole = true;

	for (size_t i = 0; i < pattern.n && whole;) {
		struct pd_str rest = pd_str_of(pattern.p + i, pattern.n - i);
		size_t atom = atom_length(rest, &whole);

		if (atom == 0)
			atom = run = 1;
		else
			run = count_run(rest, atom);
		memcpy(out + n, rest.p, atom);
		n += atom;
		i += atom;
		if (run >= RUN_LEAST) {
			n += (size_t)snprintf(
			    out + n, pattern.n - n + 1, "{0,%zu}", run);
			i += (run - 1) * atom + run;
		}
	}
	return whole ? pd_str_of(out, n) : pattern;
}
