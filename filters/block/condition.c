#include "filters/block/condition.h"

/*
 * Two stacks, of signs that wait for their right side and of values; '!' binds
 * most, then '&', then '|'. No recursion: lists come from strangers.
 */
struct machine {
	char signs[PD_CONDITION_DEPTH];
	bool values[PD_CONDITION_DEPTH];
	unsigned nsigns, nvalues;
};

static bool
is_name_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
}

static int
strength(char sign)
{
	return sign == '!' ? 3 : sign == '&' ? 2 : sign == '|' ? 1 : 0;
}

static bool
push_sign(struct machine *m, char sign)
{
	if (m->nsigns == PD_CONDITION_DEPTH)
		return false;
	m->signs[m->nsigns++] = sign;
	return true;
}

static bool
push_value(struct machine *m, bool value)
{
	if (m->nvalues == PD_CONDITION_DEPTH)
		return false;
	m->values[m->nvalues++] = value;
	return true;
}

/* Works off the signs on top that bind at least as strongly. */
static bool
reduce(struct machine *m, int least)
{
	while (m->nsigns > 0 && strength(m->signs[m->nsigns - 1]) >= least) {
		char sign = m->signs[--m->nsigns];
		bool right;

		if (m->nvalues < (sign == '!' ? 1 : 2))
			return false;
		right = m->values[m->nvalues - 1];
		if (sign == '!') {
			m->values[m->nvalues - 1] = !right;
			continue;
		}
		m->nvalues--;
		if (sign == '&')
			m->values[m->nvalues - 1] &= right;
		else
			m->values[m->nvalues - 1] |= right;
	}
	return true;
}

static bool
close_group(struct machine *m)
{
	if (!reduce(m, 1) || m->nsigns == 0)
		return false;
	return m->signs[--m->nsigns] == '(';
}

static bool
is_symbol(struct pd_str name, char *const *symbols, size_t nsymbols)
{
	if (pd_str_eq(name, PD_STR("true")))
		return true;
	for (size_t i = 0; i < nsymbols; i++) {
		if (pd_str_eq(name, pd_str_z(symbols[i])))
			return true;
	}
	return false;
}

/* The next word: its first byte is what it is, 'a' for a name. */
static char
next_word(struct pd_str *rest, struct pd_str *word)
{
	size_t n = 1;

	*rest = pd_str_trim(*rest);
	if (rest->n == 0)
		return '\0';
	if (is_name_byte(rest->p[0])) {
		while (n < rest->n && is_name_byte(rest->p[n]))
			n++;
	} else if (rest->p[0] == '&' || rest->p[0] == '|') {
		if (rest->n < 2 || rest->p[1] != rest->p[0])
			return '?';
		n = 2;
	}
	*word = pd_str_of(rest->p, n);
	*rest = pd_str_of(rest->p + n, rest->n - n);
	return is_name_byte(word->p[0]) ? 'a' : word->p[0];
}

/* *operand: a value is due next, and no sign between two. */
static bool
take(struct machine *m, char kind, bool value, bool *operand)
{
	switch (kind) {
	case 'a':
	case ')':
		if (*operand != (kind == 'a'))
			return false;
		*operand = false;
		return kind == 'a' ? push_value(m, value) : close_group(m);
	case '!':
	case '(':
		return *operand && push_sign(m, kind);
	case '&':
	case '|':
		if (*operand || !reduce(m, strength(kind)))
			return false;
		*operand = true;
		return push_sign(m, kind);
	default:
		return false;
	}
}

bool
pd_condition(
    struct pd_str text, char *const *symbols, size_t nsymbols, bool *valid)
{
	struct machine m = { .nsigns = 0 };
	struct pd_str word = { NULL, 0 };
	bool operand = true;
	char kind;

	*valid = false;
	while ((kind = next_word(&text, &word)) != '\0') {
		bool value = kind == 'a' && is_symbol(word, symbols, nsymbols);

		if (!take(&m, kind, value, &operand))
			return false;
	}
	if (operand || !reduce(&m, 1) || m.nsigns > 0 || m.nvalues != 1)
		return false;
	*valid = true;
	return m.values[0];
}
