#include "filters/block/adblock.h"

#include "base/arena.h"
#include "filters/block/host.h"
#include "filters/block/regex.h"
#include "http/http.h"

#define DOMAINS_FIRST 64

static int
bad_value(struct pd_adblock *a, struct pd_str name)
{
	return pd_adblock_refuse(a, PD_SKIP_OPTION_VALUE, name);
}

static bool
is_flag(char c)
{
	return c >= 'a' && c <= 'z';
}

bool
pd_adblock_value_regex(
    struct pd_str value, struct pd_str *re, struct pd_str *flags)
{
	size_t end = value.n;

	while (end > 0 && is_flag(value.p[end - 1]))
		end--;
	/* "//" has nothing between. */
	if (end < 3 || value.p[0] != '/' || value.p[end - 1] != '/')
		return false;
	*re = pd_str_of(value.p + 1, end - 2);
	*flags = pd_str_of(value.p + end, value.n - end);
	return true;
}

static bool
regex_compiles(struct pd_str re, unsigned flags)
{
	char buf[128];

	return pd_regex_check(re, flags, buf) == NULL;
}

/* A value that may be a regular expression, then one that compiles. */
static int
check_regex(struct pd_adblock *a, struct pd_str name, struct pd_str value)
{
	struct pd_str re, flags;

	if (pd_adblock_value_regex(value, &re, &flags) &&
	    !regex_compiles(re, PD_REGEX_NOCASE))
		return pd_adblock_refuse(a, PD_SKIP_REGEX, name);
	return 0;
}

/* The next of a list; a '|' inside "/re/" does not part it. */
static struct pd_str
next_domain(struct pd_str *rest)
{
	struct pd_str one;
	size_t i = 0;

	if (rest->n > 0 && rest->p[0] == '~')
		i++;
	if (i >= rest->n || rest->p[i] != '/')
		return pd_str_split(rest, '|');
	for (i++; i < rest->n; i++) {
		if (rest->p[i] == '\\')
			i++;
		else if (rest->p[i] == '/' &&
			 (i + 1 == rest->n || rest->p[i + 1] == '|'))
			break;
	}
	if (i >= rest->n)
		return pd_str_split(rest, '|');
	one = pd_str_of(rest->p, i + 1);
	*rest = i + 1 == rest->n ? (struct pd_str){ NULL, 0 }
				 : pd_str_of(rest->p + i + 2, rest->n - i - 2);
	return one;
}

static struct pd_rule_domain *
add_domain(struct pd_adblock_domains *d)
{
	if (d->n == d->size) {
		d->size = d->size > 0 ? 2 * d->size : DOMAINS_FIRST;
		d->v = pd_xrealloc(d->v, d->size * sizeof(*d->v));
	}
	return &d->v[d->n++];
}

/* In the form of requests; borrows what has it already. */
static int
read_name(struct pd_adblock *a, struct pd_str in, struct pd_str *out)
{
	char buf[PD_HOST_TEXT], *copy;

	if (pd_host_normal(in, buf, out) == PD_HOST_FORM_BAD)
		return pd_adblock_refuse(a, PD_SKIP_HOST, in);
	if (pd_str_eq(*out, in)) {
		*out = in;
		return 0;
	}
	copy = pd_adblock_text(a, out->n);
	if (copy == NULL)
		return pd_adblock_refuse(a, PD_SKIP_TOO_LONG, in);
	memcpy(copy, out->p, out->n);
	out->p = copy;
	return 0;
}

static int
read_domain(struct pd_adblock *a, struct pd_str s, struct pd_rule_domain *d)
{
	*d = (struct pd_rule_domain){ .negated = s.n > 0 && s.p[0] == '~' };
	if (d->negated)
		s = pd_str_of(s.p + 1, s.n - 1);
	if (s.n > 0 && s.p[0] == '/') {
		if (s.n < 3 || s.p[s.n - 1] != '/')
			return pd_adblock_refuse(a, PD_SKIP_HOST, s);
		d->regex = true;
		d->name = pd_str_of(s.p + 1, s.n - 2);
		if (!regex_compiles(d->name, PD_REGEX_NOCASE))
			return pd_adblock_refuse(a, PD_SKIP_REGEX, s);
		return 0;
	}
	if (s.n > 2 && s.p[s.n - 2] == '.' && s.p[s.n - 1] == '*') {
		d->entity = true;
		s.n -= 2;
	}
	/* "*.a.org" is what "a.org" says. */
	if (pd_str_starts(s, PD_STR("*.")))
		s = pd_str_of(s.p + 2, s.n - 2);
	return read_name(a, s, &d->name);
}

int
pd_adblock_value_domains(struct pd_adblock *a, struct pd_adblock_domains *d,
    struct pd_str name, struct pd_str value, bool denied)
{
	size_t before = d->n;
	struct pd_str one;

	while (value.p != NULL) {
		one = pd_str_trim(next_domain(&value));
		if (one.n == 0)
			continue;
		if (d->n == PD_ADBLOCK_DOMAINS_MAX)
			return pd_adblock_refuse(a, PD_SKIP_TOO_LONG, name);
		if (read_domain(a, one, add_domain(d)) < 0)
			return -1;
		if (denied && d->v[d->n - 1].negated)
			return bad_value(a, name);
		if (denied)
			d->v[d->n - 1].negated = true;
	}
	/* A list of nobody would be for all. */
	return d->n > before ? 0 : bad_value(a, name);
}

int
pd_adblock_value_methods(
    struct pd_adblock *a, struct pd_str name, struct pd_str value)
{
	uint32_t these = 0, not_these = 0;
	char upper[16];
	struct pd_str word;
	enum pd_method m;

	while (value.p != NULL) {
		bool negated;

		word = pd_str_trim(pd_str_split(&value, '|'));
		negated = word.n > 0 && word.p[0] == '~';
		if (negated)
			word = pd_str_of(word.p + 1, word.n - 1);
		if (word.n == 0 || word.n > sizeof(upper))
			return bad_value(a, name);
		for (size_t i = 0; i < word.n; i++)
			upper[i] = (char)(pd_lower(word.p[i]) & ~0x20);
		m = pd_method_of(pd_str_of(upper, word.n));
		if (m == PD_METHOD_OTHER)
			return bad_value(a, name);
		if (negated)
			not_these |= 1u << m;
		else
			these |= 1u << m;
	}
	if (these == 0)
		these = (1u << (PD_METHOD_PATCH + 1)) - 1;
	a->rule.methods = these & ~not_these;
	return a->rule.methods != 0 ? 0 : bad_value(a, name);
}

static bool
is_token(struct pd_str s)
{
	static const char others[] = "!#$%&'*+-.^_`|~";

	for (size_t i = 0; i < s.n; i++) {
		char c = pd_lower(s.p[i]);

		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
			(c != '\0' && strchr(others, c) != NULL)))
			return false;
	}
	return s.n > 0;
}

/* Report directives would have a list learn who visits what. */
static bool
reports(struct pd_str policy)
{
	while (policy.p != NULL) {
		struct pd_str one = pd_str_split(&policy, ';');

		while (one.p != NULL) {
			struct pd_str part =
			    pd_str_trim(pd_str_split(&one, ','));

			if (pd_str_casestarts(part, PD_STR("report-")))
				return true;
		}
	}
	return false;
}

/*
 * Fields that guard a page, frame its message, or say who asks: no list may
 * take them away. AdGuard forbids all but the last; but without its cookies or
 * its credentials a person is logged out, or a session goes on that was to end.
 */
static bool
must_stay(struct pd_str field)
{
	static const char *const names[] = { "allow", "authorization",
		"clear-site-data", "connection", "content-encoding",
		"content-length", "content-range", "content-type", "cookie",
		"date", "expect-ct", "feature-policy", "host", "keep-alive",
		"origin", "origin-agent-cluster", "origin-isolation", "p3p",
		"permissions-policy", "public-key-pins", "referrer-policy",
		"strict-transport-security", "te", "timing-allow-origin",
		"trailer", "transfer-encoding", "upgrade", "vary", "via",
		"www-authenticate" };
	static const char *const families[] = { "access-control-",
		"content-security-policy", "cross-origin-", "authentication-",
		"proxy-", "sec-", "set-cookie", "x-content-type-options",
		"x-download-options", "x-frame-options", "x-permitted-",
		"x-xss-protection" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (pd_str_caseeq(field, pd_str_z(names[i])))
			return true;
	}
	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
		if (pd_str_casestarts(field, pd_str_z(families[i])))
			return true;
	}
	return false;
}

static int
check_removed_field(struct pd_adblock *a, struct pd_str name, struct pd_str v)
{
	if (pd_str_casestarts(v, PD_STR("request:")))
		v = pd_str_of(v.p + 8, v.n - 8);
	return is_token(v) && !must_stay(v) ? 0 : bad_value(a, name);
}

/* "/re/replacement/flags": where the parts are. */
static bool
split_transform(struct pd_str v, struct pd_str *re, struct pd_str *rest)
{
	size_t end = 1;

	if (v.n < 2 || v.p[0] != '/')
		return false;
	while (end < v.n && v.p[end] != '/')
		end += v.p[end] == '\\' ? 2 : 1;
	if (end >= v.n)
		return false;
	*re = pd_str_of(v.p + 1, end - 1);
	*rest = pd_str_of(v.p + end, v.n - end);
	/* There must be a third '/': behind the replacement. */
	for (size_t i = 1; i < rest->n; i++) {
		if (rest->p[i] == '\\')
			i++;
		else if (rest->p[i] == '/')
			return true;
	}
	return false;
}

static int
check_transform(struct pd_adblock *a, struct pd_str name, struct pd_str v)
{
	struct pd_str re, rest;

	if (!split_transform(v, &re, &rest))
		return bad_value(a, name);
	if (re.n > 0 && re.p[0] == '#')
		return pd_adblock_refuse(
		    a, PD_SKIP_NO_EFFECT, PD_STR("fragment"));
	if (re.n > 0 && !regex_compiles(re, 0))
		return pd_adblock_refuse(a, PD_SKIP_REGEX, name);
	return 0;
}

int
pd_adblock_value_transform(struct pd_adblock *a)
{
	struct pd_rule *r = &a->rule;
	struct pd_str re, rest;
	char *text;

	if (r->exception || !split_transform(r->value, &re, &rest) || re.n > 0)
		return 0;
	if (r->shape != PD_RULE_REGEX)
		return bad_value(a, PD_STR("uritransform"));
	text = pd_adblock_text(a, 1 + r->pattern.n + rest.n);
	if (text == NULL)
		return pd_adblock_refuse(
		    a, PD_SKIP_TOO_LONG, PD_STR("uritransform"));
	text[0] = '/';
	memcpy(text + 1, r->pattern.p, r->pattern.n);
	memcpy(text + 1 + r->pattern.n, rest.p, rest.n);
	r->value = pd_str_of(text, 1 + r->pattern.n + rest.n);
	return 0;
}

static int
check_param(struct pd_adblock *a, struct pd_str name, struct pd_str v)
{
	if (v.n > 0 && v.p[0] == '~')
		v = pd_str_of(v.p + 1, v.n - 1);
	return check_regex(a, name, v);
}

/* Each step is one sign and what it is about. */
static int
check_steps(struct pd_adblock *a, struct pd_str name, struct pd_str v)
{
	struct pd_str step;
	size_t n = 0;

	while ((step = pd_lines_word(&v)).n > 0) {
		if (memchr("?&/+-#", step.p[0], 6) == NULL || step.n < 2)
			return bad_value(a, name);
		if (check_regex(a, name, step) < 0)
			return -1;
		n++;
	}
	return n > 0 ? 0 : bad_value(a, name);
}

/* "\," stands for a comma, which else would end the value. */
static int
unescape(struct pd_adblock *a, struct pd_str name, struct pd_str *v)
{
	char *out;
	size_t n = 0;

	if (v->n < 2 || memmem(v->p, v->n, "\\,", 2) == NULL)
		return 0;
	out = pd_adblock_text(a, v->n);
	if (out == NULL)
		return pd_adblock_refuse(a, PD_SKIP_TOO_LONG, name);
	for (size_t i = 0; i < v->n; i++) {
		if (v->p[i] == '\\' && i + 1 < v->n && v->p[i + 1] == ',')
			i++;
		out[n++] = v->p[i];
	}
	*v = pd_str_of(out, n);
	return 0;
}

int
pd_adblock_value_action(
    struct pd_adblock *a, struct pd_str name, struct pd_str value)
{
	struct pd_rule *r = &a->rule;

	if (unescape(a, name, &value) < 0)
		return -1;
	r->value = value;
	/* An exception without a value is one from all such rules. */
	if (value.n == 0)
		return r->exception || r->action == PD_RULE_REMOVEPARAM
			   ? 0
			   : bad_value(a, name);
	switch (r->action) {
	case PD_RULE_CSP:
		return reports(value) ? bad_value(a, name) : 0;
	case PD_RULE_REMOVEPARAM:
		return check_param(a, name, value);
	case PD_RULE_REMOVEHEADER:
		return check_removed_field(a, name, value);
	case PD_RULE_URITRANSFORM:
		return check_transform(a, name, value);
	case PD_RULE_URLSKIP:
		return check_steps(a, name, value);
	default:
		return 0;
	}
}

int
pd_adblock_value_header(
    struct pd_adblock *a, struct pd_str name, struct pd_str value)
{
	struct pd_str rest, field;

	if (unescape(a, name, &value) < 0)
		return -1;
	rest = value;
	field = pd_str_split(&rest, ':');
	if (!is_token(field))
		return bad_value(a, name);
	a->rule.header = value;
	return check_regex(a, name, rest);
}

/* An address, one with '*', "/re/" or a word. */
int
pd_adblock_value_address(
    struct pd_adblock *a, struct pd_str name, struct pd_str value)
{
	struct pd_str re, flags;

	if (unescape(a, name, &value) < 0)
		return -1;
	a->rule.ip_address = value;
	if (pd_adblock_value_regex(value, &re, &flags))
		return check_regex(a, name, value);
	for (size_t i = 0; i < value.n; i++) {
		if (memchr("0123456789abcdefABCDEF.:*", value.p[i], 25) == NULL)
			return pd_str_eq(value, PD_STR("lan")) ||
				       pd_str_eq(value, PD_STR("loopback"))
				   ? 0
				   : bad_value(a, name);
	}
	return value.n > 0 ? 0 : bad_value(a, name);
}
