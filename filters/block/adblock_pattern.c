#include "filters/block/adblock.h"

#include "filters/block/host.h"
#include "filters/block/regex.h"

static bool
is_ascii(struct pd_str s)
{
	for (size_t i = 0; i < s.n; i++) {
		if ((unsigned char)s.p[i] >= 0x80)
			return false;
	}
	return true;
}

/*
 * Regular expressions stand between '/' as in "/ads/": engines agree that a
 * path like that is one, too.
 */
static bool
is_regex(struct pd_str s)
{
	return s.n > 2 && s.p[0] == '/' && s.p[s.n - 1] == '/';
}

static int
read_regex(struct pd_adblock *a, struct pd_str s)
{
	struct pd_rule *r = &a->rule;
	char buf[128];
	const char *wrong;

	r->shape = PD_RULE_REGEX;
	r->pattern = pd_str_of(s.p + 1, s.n - 2);
	wrong = pd_regex_check(
	    r->pattern, r->match_case ? 0 : PD_REGEX_NOCASE, buf);
	if (wrong != NULL)
		return pd_adblock_refuse(a, PD_SKIP_REGEX, PD_STR("pattern"));
	return 0;
}

static struct pd_str
drop_front(struct pd_str s, size_t n)
{
	return pd_str_of(s.p + n, s.n - n);
}

/* Takes anchors off, and stars at the ends with the anchors they undo. */
static struct pd_str
trim_pattern(struct pd_rule *r, struct pd_str s)
{
	if (pd_str_starts(s, PD_STR("||"))) {
		r->host_anchor = true;
		s = drop_front(s, 2);
	} else if (s.n > 0 && s.p[0] == '|') {
		r->start_anchor = true;
		s = drop_front(s, 1);
	}
	if (s.n > 0 && s.p[s.n - 1] == '|') {
		r->end_anchor = true;
		s.n--;
	}
	while (s.n > 0 && s.p[0] == '*') {
		r->host_anchor = r->start_anchor = false;
		s = drop_front(s, 1);
	}
	while (s.n > 0 && s.p[s.n - 1] == '*') {
		r->end_anchor = false;
		s.n--;
	}
	/* Of nothing, no end is left to hold on to. */
	if (s.n == 0)
		r->host_anchor = r->start_anchor = r->end_anchor = false;
	return s;
}

/* Digits only behind the last dot: part of an address, no name. */
static bool
ends_in_number(struct pd_str name)
{
	for (size_t i = name.n; i > 0 && name.p[i - 1] != '.'; i--) {
		if (name.p[i - 1] < '0' || name.p[i - 1] > '9')
			return false;
	}
	return true;
}

/* "||name^" and nothing else: looked up, not compared. */
static bool
read_host(struct pd_adblock *a, struct pd_str s)
{
	struct pd_rule *r = &a->rule;
	char buf[PD_HOST_TEXT], *copy;
	struct pd_str name;
	enum pd_host_form form;

	if (!r->host_anchor || r->end_anchor || s.n < 2 || s.p[s.n - 1] != '^')
		return false;
	s.n--;
	if (s.p[s.n - 1] == '.')
		return false;
	form = pd_host_normal(s, buf, &name);
	if (form == PD_HOST_FORM_BAD ||
	    (form != PD_HOST_FORM_ADDRESS && ends_in_number(name)))
		return false;
	if (!pd_str_eq(name, s)) {
		copy = pd_adblock_text(a, name.n);
		if (copy == NULL)
			return false;
		memcpy(copy, name.p, name.n);
		name.p = copy;
	} else {
		name = s;
	}
	r->shape = PD_RULE_HOST;
	r->pattern = name;
	r->host_anchor = false;
	r->match_case = false; /* names have none */
	return true;
}

/*
 * The part of a pattern that is a name: where it begins and its length. None
 * where a '*' cuts a label.
 */
static size_t
host_part(const struct pd_rule *r, struct pd_str s, size_t *at)
{
	const char *scheme = memmem(s.p, s.n, "://", 3);
	size_t n = 0;
	bool cut;

	if (r->host_anchor)
		*at = 0;
	else if (scheme != NULL)
		*at = (size_t)(scheme + 3 - s.p);
	else
		return 0;
	while (*at + n < s.n && memchr("/^*?:|", s.p[*at + n], 6) == NULL)
		n++;
	cut = *at + n < s.n && s.p[*at + n] == '*';
	if (n > 0 && s.p[*at + n - 1] == '.')
		return n - 1;
	return cut ? 0 : n;
}

/*
 * A URL on the wire is ASCII: names in Punycode, the rest in UTF-8 with
 * percent signs (URL Standard).
 */
static int
to_ascii(struct pd_adblock *a, struct pd_str *s)
{
	char buf[PD_HOST_TEXT], *out, *start;
	struct pd_str name = { NULL, 0 };
	size_t at = 0, n = host_part(&a->rule, *s, &at);

	if (n > 0 && pd_host_normal(pd_str_of(s->p + at, n), buf, &name) ==
			 PD_HOST_FORM_BAD)
		n = 0;
	start = out = pd_adblock_text(a, 3 * s->n + PD_HOST_TEXT);
	if (out == NULL)
		return pd_adblock_refuse(
		    a, PD_SKIP_TOO_LONG, PD_STR("pattern"));
	for (size_t i = 0; i < s->n; i++) {
		unsigned char c = (unsigned char)s->p[i];

		if (n > 0 && i == at) {
			memcpy(out, name.p, name.n);
			out += name.n;
			i += n - 1;
		} else if (c >= 0x80) {
			out = pd_percent(out, (char)c);
		} else {
			*out++ = (char)c;
		}
	}
	*s = pd_str_of(start, (size_t)(out - start));
	return 0;
}

/* A blank or a control cannot stand in a URL. */
static int
check_bytes(struct pd_adblock *a, struct pd_str s)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c <= ' ' || c == 0x7f)
			return pd_adblock_refuse(
			    a, PD_SKIP_PATTERN, PD_STR("blank"));
		/* Fragments stay in the browser. */
		if (c == '#')
			return pd_adblock_refuse(
			    a, PD_SKIP_NO_EFFECT, PD_STR("fragment"));
	}
	return 0;
}

int
pd_adblock_pattern(struct pd_adblock *a, struct pd_str pattern)
{
	struct pd_rule *r = &a->rule;
	struct pd_str s;

	if (is_regex(pattern))
		return read_regex(a, pattern);
	if (check_bytes(a, pattern) < 0)
		return -1;
	r->shape = PD_RULE_PATTERN;
	s = trim_pattern(r, pattern);
	if (read_host(a, s))
		return 0;
	if (!is_ascii(s) && to_ascii(a, &s) < 0)
		return -1;
	if (s.n > PD_ADBLOCK_PATTERN_MAX)
		return pd_adblock_refuse(
		    a, PD_SKIP_TOO_LONG, PD_STR("pattern"));
	r->pattern = s;
	return 0;
}

bool
pd_adblock_pattern_wide(const struct pd_rule *r)
{
	struct pd_str s = r->pattern;
	size_t signs = 0;

	if (r->shape != PD_RULE_PATTERN || r->end_anchor)
		return false;
	while (signs < s.n && (s.p[signs] == '*' || s.p[signs] == '^'))
		signs++;
	if (signs == s.n)
		return true;
	/* "http", "://", "|https:" ... are in every URL. */
	return !r->host_anchor &&
	       (pd_str_starts(PD_STR("https://"), s) ||
		   pd_str_starts(PD_STR("http://"), s) ||
		   (!r->start_anchor &&
		       (memmem("https://", 8, s.p, s.n) != NULL ||
			   memmem("http://", 7, s.p, s.n) != NULL)));
}
