/*
 * urlskip=: from a link that only counts and passes on to where it leads, as
 * uBlock Origin's steps say. Each step makes a text of the one before; the last
 * has to be a URL of http or https.
 */
#include "filters/block/match_skip.h"

#include "filters/block/value.h"

struct text {
	char *p;
	size_t n;
};

/* In place: it never grows. */
static void
decode_percent(struct text *t)
{
	size_t out = 0;

	for (size_t i = 0; i < t->n; i++) {
		int high, low;

		if (t->p[i] == '%' && t->n - i > 2 &&
		    (high = pd_hex_digit(t->p[i + 1])) >= 0 &&
		    (low = pd_hex_digit(t->p[i + 2])) >= 0) {
			t->p[out++] = (char)(high << 4 | low);
			i += 2;
		} else {
			t->p[out++] = t->p[i];
		}
	}
	t->n = out;
}

static int
base64_digit(char c, bool safe)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+' || (safe && c == '-'))
		return 62;
	return c == '/' || (safe && c == '_') ? 63 : -1;
}

/* In place; padding may be missing. */
static bool
decode_base64(struct text *t, bool safe)
{
	uint32_t bits = 0;
	unsigned have = 0;
	size_t out = 0, n = t->n;

	while (n > 0 && t->p[n - 1] == '=')
		n--;
	for (size_t i = 0; i < n; i++) {
		int digit = base64_digit(t->p[i], safe);

		if (digit < 0)
			return false;
		bits = bits << 6 | (uint32_t)digit;
		have += 6;
		if (have >= 8) {
			have -= 8;
			t->p[out++] = (char)(bits >> have & 0xff);
		}
	}
	t->n = out;
	return have < 6;
}

static void
keep(struct text *t, struct pd_str part)
{
	if (part.n > 0)
		memmove(t->p, part.p, part.n);
	t->n = part.n;
}

/* What stands behind the first '?', up to a '#'. */
static struct pd_str
query_of(const struct text *t)
{
	struct pd_str rest = pd_str_of(t->p, t->n), url;

	url = pd_str_split(&rest, '#');
	pd_str_split(&url, '?');
	return url;
}

/* A parameter's value, decoded; a blank would end the URL. */
static bool
take_parameter(struct text *t, struct pd_str name, size_t room)
{
	struct pd_str query = query_of(t);
	size_t out = 0;

	while (query.p != NULL) {
		struct pd_str value = pd_str_split(&query, '&'), key;

		key = pd_str_split(&value, '=');
		if (!pd_str_eq(key, name))
			continue;
		keep(t, value.p != NULL ? value : PD_STR(""));
		for (size_t i = 0; i < t->n; i++) {
			if (t->p[i] == '+')
				t->p[i] = ' ';
		}
		decode_percent(t);
		for (size_t i = 0; i < t->n; i++)
			out += t->p[i] == ' ' ? 3 : 1;
		if (out > room)
			return false;
		for (size_t i = t->n, at = out; i-- > 0;) {
			if (t->p[i] != ' ') {
				t->p[--at] = t->p[i];
			} else {
				at -= 3;
				memcpy(t->p + at, "%20", 3);
			}
		}
		t->n = out;
		return true;
	}
	return false;
}

/* The name of the parameter at a place, from 1. */
static bool
take_nth(struct text *t, struct pd_str number)
{
	struct pd_str query = query_of(t);
	int64_t n;

	if (pd_str_u63(number, &n) < 0 || n < 1)
		return false;
	while (query.p != NULL) {
		struct pd_str part = pd_str_split(&query, '&');

		if (part.n == 0 || --n > 0)
			continue;
		part = pd_str_split(&part, '=');
		keep(t, part);
		decode_percent(t);
		return true;
	}
	return false;
}

static bool
take_group(
    struct pd_ask *a, struct text *t, uint32_t number, char *other, size_t room)
{
	const struct pd_file_regex *re;
	size_t n = room;

	if (number >= a->set->nregexes)
		return false;
	re = &a->set->regex_texts[number];
	if (pd_regexes_replace(a->set->regexes, a->s->regexes, number,
		pd_set_text(a->set, re->text, re->n), re->flags,
		pd_str_of(t->p, t->n), PD_STR("$1"), false, other, &n) < 0 ||
	    n == 0)
		return false;
	keep(t, pd_str_of(other, n));
	return true;
}

static bool
force_https(struct text *t, size_t room)
{
	struct pd_str s = pd_str_of(t->p, t->n), https = PD_STR("https://");

	if (pd_str_casestarts(s, PD_STR("https://")))
		return true;
	if (pd_str_casestarts(s, PD_STR("http://")))
		s = pd_str_of(s.p + 7, s.n - 7);
	if (s.n + https.n > room)
		return false;
	memmove(t->p + https.n, s.p, s.n);
	memcpy(t->p, https.p, https.n);
	t->n = s.n + https.n;
	return true;
}

static bool
run_step(struct pd_ask *a, struct text *t, struct pd_str step, uint32_t *regex,
    char *other, size_t room)
{
	struct pd_str rest = pd_str_of(step.p + 1, step.n - 1), url;

	switch (step.p[0]) {
	case '?':
		return take_parameter(t, rest, room);
	case '&':
		return take_nth(t, rest);
	case '/':
		return *regex > 0 &&
		       take_group(a, t, (*regex)++ - 1, other, room);
	case '#':
		url = pd_str_of(t->p, t->n);
		pd_str_split(&url, '#');
		keep(t, url.p != NULL ? url : PD_STR(""));
		return t->n > 0;
	case '+':
		return pd_str_eq(rest, PD_STR("https")) && force_https(t, room);
	case '-':
		if (pd_str_eq(rest, PD_STR("base64")))
			return decode_base64(t, false);
		if (pd_str_eq(rest, PD_STR("safebase64")))
			return decode_base64(t, true);
		if (pd_str_eq(rest, PD_STR("uricomponent"))) {
			decode_percent(t);
			return true;
		}
		/* For requests that are blocked, too: not asked here. */
		return pd_str_eq(rest, PD_STR("blocked"));
	default:
		return false;
	}
}

/* What may stand in a Location field. */
static bool
is_url(struct pd_str s)
{
	if (!pd_str_casestarts(s, PD_STR("https://")) &&
	    !pd_str_casestarts(s, PD_STR("http://")))
		return false;
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] <= 0x20 || s.p[i] > 0x7e)
			return false;
	}
	return pd_match_host(s).n > 0;
}

bool
pd_ask_skip(struct pd_ask *a, const struct pd_file_rule *r, char *buf,
    char *other, size_t room, struct pd_str *url)
{
	struct pd_str steps = pd_ask_value(a->set, r), step;
	struct text t = { buf, a->s->url_n };
	uint32_t regex;

	if (r->extra == 0 || t.n > room || a->s->cut)
		return false;
	regex = a->set->extras[r->extra - 1].value_regex;
	memcpy(buf, a->s->original, t.n);
	while (pd_value_step(&steps, &step)) {
		if (!run_step(a, &t, step, &regex, other, room))
			return false;
	}
	*url = pd_str_of(t.p, t.n);
	return is_url(*url) &&
	       !pd_str_eq(*url, pd_str_of(a->s->original, a->s->url_n));
}
