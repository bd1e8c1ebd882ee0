/*
 * What a regular expression asks of every text it matches, without matching: a
 * least length, how long the first label of the host is. Most requests fail
 * that, for a few instructions; the expression itself costs hundreds.
 *
 *     ^https?:\/\/[a-z]{8,15}\.com\/[0-9a-f]{32}\.js$
 *
 * Only what stands outside of groups is looked at, and nothing is concluded
 * from what is not understood.
 */
#include "filters/block/compile_parts.h"

#define MANY UINT32_MAX

static size_t
skip_class(struct pd_str p, size_t i)
{
	i++;
	if (i < p.n && p.p[i] == '^')
		i++;
	for (; i < p.n && p.p[i] != ']'; i++) {
		if (p.p[i] == '\\')
			i++;
	}
	return i < p.n ? i + 1 : p.n;
}

static size_t
skip_group(struct pd_str p, size_t i)
{
	size_t depth = 0;

	while (i < p.n) {
		if (p.p[i] == '\\') {
			i += 2;
		} else if (p.p[i] == '[') {
			i = skip_class(p, i);
		} else {
			depth += p.p[i] == '(';
			if (p.p[i++] == ')' && --depth == 0)
				return i;
		}
	}
	return p.n;
}

static uint32_t
read_number(struct pd_str p, size_t *i, bool *any)
{
	uint32_t n = 0;

	*any = false;
	for (; *i < p.n && p.p[*i] >= '0' && p.p[*i] <= '9'; ++*i) {
		if (n < 100000)
			n = n * 10 + (uint32_t)(p.p[*i] - '0');
		*any = true;
	}
	return n;
}

/* "{8}", "{8,}", "{8,15}" at i; else anything is possible. */
static size_t
read_braces(struct pd_str p, size_t i, struct pd_atom *a)
{
	size_t close = i;
	bool any;

	while (close < p.n && p.p[close] != '}')
		close++;
	a->least = 0;
	a->most = MANY;
	if (close == p.n)
		return p.n;
	i++;
	a->least = read_number(p, &i, &any);
	if (i == close && any)
		a->most = a->least;
	if (i < close && p.p[i] == ',') {
		i++;
		a->most = read_number(p, &i, &any);
		if (!any)
			a->most = MANY;
	}
	if (i != close) {
		a->least = 0;
		a->most = MANY;
	}
	return close + 1;
}

static size_t
read_quantifier(struct pd_str p, size_t i, struct pd_atom *a)
{
	a->least = a->most = 1;
	if (i >= p.n)
		return p.n;
	switch (p.p[i]) {
	case '{':
		i = read_braces(p, i, a);
		break;
	case '*':
		a->least = 0;
		a->most = MANY;
		i++;
		break;
	case '+':
		a->most = MANY;
		i++;
		break;
	case '?':
		a->least = 0;
		i++;
		break;
	default:
		return i;
	}
	/* Lazy or possessive: as many all the same. */
	if (i < p.n && (p.p[i] == '?' || p.p[i] == '+'))
		i++;
	return i < p.n ? i : p.n;
}

/* "\." and the like stand for themselves, "\d" for one of a class, "\b" for
 * nothing that has a length. */
static enum pd_atom_kind
escape_kind(char c)
{
	bool letter = (pd_lower(c) >= 'a' && pd_lower(c) <= 'z') ||
		      (c >= '0' && c <= '9');

	if (c > ' ' && c < 0x7f && !letter)
		return PD_ATOM_BYTE;
	if (c != '\0' && strchr("dDwWsSnrtfv", c) != NULL)
		return PD_ATOM_ONE;
	return c == 'b' || c == 'B' ? PD_ATOM_PLACE : PD_ATOM_STRANGE;
}

bool
pd_atom_next(struct pd_str p, size_t *at, struct pd_atom *a)
{
	size_t i = *at;

	if (i >= p.n)
		return false;
	*a = (struct pd_atom){ .kind = PD_ATOM_BYTE, .c = p.p[i], .at = i };
	switch (p.p[i++]) {
	case '^':
	case '$':
		a->kind = PD_ATOM_EDGE;
		break;
	case '|':
		a->kind = PD_ATOM_STRANGE;
		break;
	case '.':
		a->kind = PD_ATOM_ONE;
		break;
	case '\\':
		a->c = i < p.n ? p.p[i++] : '\0';
		a->kind = escape_kind(a->c);
		break;
	case '[':
		i = skip_class(p, i - 1);
		a->kind = PD_ATOM_CLASS;
		break;
	case '(':
		/* "(?i)" and such change what follows. */
		a->kind = i + 1 < p.n && p.p[i] == '?' &&
				  strchr(":=!<", p.p[i + 1]) == NULL
			      ? PD_ATOM_STRANGE
			      : PD_ATOM_GROUP;
		i = skip_group(p, i - 1);
		break;
	default:
		break;
	}
	a->n = i - a->at;
	*at = read_quantifier(p, i, a);
	return true;
}

bool
pd_atoms_plain(struct pd_str p)
{
	struct pd_atom a;
	size_t i = 0;

	while (pd_atom_next(p, &i, &a)) {
		if (a.kind == PD_ATOM_STRANGE)
			return false;
	}
	return true;
}

/* What can stand in a label: no dot, and no sign of a class. */
static bool
is_label_byte(char c)
{
	return c == '-' || c == '_' || (c >= '0' && c <= '9') ||
	       (pd_lower(c) >= 'a' && pd_lower(c) <= 'z');
}

static bool
in_label(struct pd_str p, const struct pd_atom *a)
{
	if (a->kind == PD_ATOM_BYTE)
		return is_label_byte(a->c);
	if (a->kind != PD_ATOM_CLASS || a->n < 3)
		return false;
	for (size_t i = a->at + 1; i + 1 < a->at + a->n; i++) {
		/* "+-9" would be a range with a dot in it; letters, digits and
		 * a '-' among them are not, but for "--9" and the like. */
		if (!is_label_byte(p.p[i]) ||
		    (p.p[i] == '-' && i > a->at + 1 && p.p[i - 1] == '-'))
			return false;
	}
	return true;
}

/* Letters and digits only, as tokens are made of. */
static bool
is_letters(struct pd_str p, const struct pd_atom *a)
{
	if (!in_label(p, a) || a->c == '-' || a->c == '_')
		return false;
	/* A '-' between two is a range, at the ends it is itself. */
	for (size_t i = a->at + 1;
	     a->kind == PD_ATOM_CLASS && i + 1 < a->at + a->n; i++) {
		if (p.p[i] == '_' ||
		    (p.p[i] == '-' &&
			(i == a->at + 1 || i + 2 == a->at + a->n)))
			return false;
	}
	return true;
}

/* Behind "https://" as an expression begins; 0: it does not. */
static size_t
behind_scheme(struct pd_str p)
{
	static const char *const starts[] = { "^https?:\\/\\/", "^https:\\/\\/",
		"^https?://", "^https://" };

	for (size_t i = 0; i < sizeof(starts) / sizeof(*starts); i++) {
		if (pd_str_starts(p, pd_str_z(starts[i])))
			return strlen(starts[i]);
	}
	return 0;
}

static bool
is_dot(const struct pd_atom *a)
{
	return a->kind == PD_ATOM_BYTE && a->c == '.' && a->least == 1 &&
	       a->most == 1;
}

static uint8_t
limited(uint64_t n)
{
	return n < UINT8_MAX ? (uint8_t)n : UINT8_MAX;
}

static void
bound_first_label(struct pd_str p, size_t at, struct pd_regex_bounds *out)
{
	uint64_t least = 0, most = 0;
	struct pd_atom a;

	while (pd_atom_next(p, &at, &a)) {
		if (is_dot(&a)) {
			out->label_least = limited(least);
			out->label_most = limited(most);
			return;
		}
		if (!in_label(p, &a))
			return;
		least += a.least;
		most += a.most;
	}
}

/* Dots that a group in the host may stand for at most; UINT32_MAX: any number,
 * or something that no host has. */
static uint32_t
dots_of_group(struct pd_str p, const struct pd_atom *group)
{
	uint32_t dots = 0;

	for (size_t i = group->at; i < group->at + group->n; i++) {
		if (p.p[i] == '\\') {
			if (++i == group->at + group->n || p.p[i] != '.')
				return MANY;
			dots++;
		} else if (p.p[i] == '.' || p.p[i] == '=' || p.p[i] == '!' ||
			   p.p[i] == '<' || p.p[i] == '/' ||
			   (p.p[i] == '[' && p.p[i + 1] == '^')) {
			return MANY;
		} else if ((p.p[i] == '*' || p.p[i] == '+' || p.p[i] == '{') &&
			   i > group->at && p.p[i - 1] == ')') {
			return MANY;
		}
	}
	if (dots > 0 && group->most > UINT8_MAX)
		return MANY;
	return dots * group->most;
}

/* How many labels the host has, when the expression goes through all of it. */
static void
bound_labels(struct pd_str p, size_t at, struct pd_regex_bounds *out)
{
	uint64_t least = 1, most = 1;
	struct pd_atom a;
	uint32_t dots;

	while (pd_atom_next(p, &at, &a)) {
		if (a.kind == PD_ATOM_BYTE && a.c == '/' && a.least == 1) {
			out->labels_least = limited(least);
			out->labels_most = limited(most);
			return;
		}
		if (is_dot(&a)) {
			least++;
			most++;
		} else if (a.kind == PD_ATOM_GROUP) {
			dots = dots_of_group(p, &a);
			if (dots == MANY)
				return;
			most += dots;
		} else if (!in_label(p, &a)) {
			return;
		}
	}
}

void
pd_regex_bounds(struct pd_str p, struct pd_regex_bounds *out)
{
	uint32_t least = 0, run = 0;
	struct pd_atom a;
	size_t at = 0;

	*out = (struct pd_regex_bounds){
		.label_most = UINT8_MAX,
		.labels_most = UINT8_MAX,
	};
	if (!pd_atoms_plain(p))
		return;
	while (pd_atom_next(p, &at, &a)) {
		if (a.kind == PD_ATOM_BYTE || a.kind == PD_ATOM_ONE ||
		    a.kind == PD_ATOM_CLASS)
			least += a.least < UINT16_MAX ? a.least : UINT16_MAX;
		if (least > UINT16_MAX)
			least = UINT16_MAX;
		/* One that may be there or not may also be another. */
		run = is_letters(p, &a) ? run + a.least : 0;
		if (run > UINT16_MAX)
			run = UINT16_MAX;
		if (run > out->run)
			out->run = (uint16_t)run;
		if (a.most != a.least)
			run = 0;
	}
	out->least = (uint16_t)least;
	at = behind_scheme(p);
	if (at == 0)
		return;
	bound_first_label(p, at, out);
	bound_labels(p, at, out);
}
