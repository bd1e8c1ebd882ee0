/*
 * One rule held against the request: its pattern, then its conditions, the
 * cheap ones first.
 */
#include "filters/block/match_ask.h"

/*
 * Where the text that follows a '*' may next begin: skips what its first byte
 * is not, which is most.
 */
static inline size_t
next_start(
    const char *url, size_t n, size_t at, struct pd_str pattern, size_t j)
{
	const char *found;

	if (at >= n || j >= pattern.n || pattern.p[j] == '^' ||
	    pattern.p[j] == '*')
		return at;
	found = memchr(url + at, pattern.p[j], n - at);
	return found != NULL ? (size_t)(found - url) : n;
}

bool
pd_ask_glob(
    const char *url, size_t n, size_t at, struct pd_str pattern, unsigned how)
{
	const char *p = pattern.p;
	size_t i = at, j = 0, mark = at;
	size_t star = (how & PD_GLOB_FLOATS) != 0 ? 0 : SIZE_MAX;

	if (star == 0)
		i = mark = next_start(url, n, at, pattern, 0);
	for (;;) {
		if (j == pattern.n) {
			if ((how & PD_GLOB_TO_END) == 0 || i == n)
				return true;
		} else if (p[j] == '*') {
			star = ++j;
			i = mark = next_start(url, n, i, pattern, j);
			continue;
		} else if (i < n) {
			if (p[j] == url[i] ||
			    (p[j] == '^' &&
				!pd_byte_joins[(unsigned char)url[i]])) {
				i++;
				j++;
				continue;
			}
		} else if (p[j] == '^' && j + 1 == pattern.n) {
			/* The end counts as one, as the last sign. */
			return true;
		}
		/* Only the last '*' needs to be tried again: what an earlier
		 * one could take, that one can as well. */
		if (star == SIZE_MAX || mark >= n)
			return false;
		i = mark = next_start(url, n, mark + 1, pattern, star);
		j = star;
	}
}

/* Whether the bytes are those of the pattern, which may be read by words. */
static inline bool
same_bytes(const char *url, const char *pattern, size_t n)
{
	uint64_t a, b;
	size_t i = 0;

	for (; i + 8 <= n; i += 8) {
		memcpy(&a, url + i, 8);
		memcpy(&b, pattern + i, 8);
		if (a != b)
			return false;
	}
	if (i == n)
		return true;
	memcpy(&a, url + i, 8);
	memcpy(&b, pattern + i, 8);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	return (a ^ b) >> (64 - 8 * (n - i)) == 0;
#else
	return (a ^ b) << (64 - 8 * (n - i)) == 0;
#endif
}

static inline bool
is_label_start(const struct pd_ask *a, size_t at)
{
	return at == a->s->host_at || (at > a->s->host_at && at < a->host_end &&
					  a->s->lower[at - 1] == '.');
}

/* The pattern from that byte on. */
static inline bool
pattern_at(const struct pd_ask *a, const struct pd_file_rule *r, size_t at)
{
	const struct pd_scratch *s = a->s;
	const char *url = (r->flags & PD_RF_CASE) != 0 ? s->original : s->lower;
	const char *pattern = a->set->text + r->pattern;
	bool to_end = (r->flags & PD_RF_END) != 0;

	if ((r->flags & (PD_RF_START | PD_RF_HOST)) != 0) {
		if ((r->flags & PD_RF_START) != 0 && at != 0)
			return false;
		if ((r->flags & PD_RF_HOST) != 0 && !is_label_start(a, at))
			return false;
	}
	/* Of a longer URL the end is not known. */
	if (to_end && s->cut)
		return false;
	if ((r->flags & PD_RF_HOW_MASK) == PD_HOW_PLAIN)
		return r->pattern_n <= s->url_n - at &&
		       (!to_end || at + r->pattern_n == s->url_n) &&
		       same_bytes(url + at, pattern, r->pattern_n);
	return pd_ask_glob(url, s->url_n, at, pd_str_of(pattern, r->pattern_n),
	    to_end ? PD_GLOB_TO_END : 0u);
}

/* How rare a byte is in URLs, roughly: letters from the end of the usual
 * order, everything else as common as 'e'. */
static inline unsigned
rareness(char c)
{
	static const uint8_t ranks[26] = { 2, 12, 6, 8, 0, 13, 11, 14, 3, 24,
		20, 9, 7, 5, 4, 10, 25, 5, 1, 2, 13, 18, 17, 22, 19, 23 };

	return c >= 'a' && c <= 'z' ? ranks[c - 'a'] : 0;
}

/* Looks for the rarest of the pattern's first bytes, which is mostly not there;
 * memmem(3) took three times the instructions. */
static bool
search_plain(const struct pd_ask *a, const struct pd_file_rule *r)
{
	const struct pd_scratch *s = a->s;
	const char *url = (r->flags & PD_RF_CASE) != 0 ? s->original : s->lower;
	const char *pattern = a->set->text + r->pattern, *at, *end;
	size_t n = r->pattern_n, probe = 0;

	if (n > s->url_n)
		return false;
	if ((r->flags & PD_RF_END) != 0)
		return pattern_at(a, r, s->url_n - n);
	for (size_t i = 1; i < n && i < 16; i++) {
		if (rareness(pattern[i]) > rareness(pattern[probe]))
			probe = i;
	}
	at = url + probe;
	end = url + s->url_n - n + probe + 1;
	while (at < end) {
		at = memchr(at, pattern[probe], (size_t)(end - at));
		if (at == NULL)
			return false;
		if (same_bytes(at - probe, pattern, n))
			return true;
		at++;
	}
	return false;
}

static bool
search_labels(const struct pd_ask *a, const struct pd_file_rule *r)
{
	const char *url = a->s->lower, *dot;
	size_t at = a->s->host_at;

	while (at < a->host_end) {
		if (pd_ask_may_begin(a, r, at) && pattern_at(a, r, at))
			return true;
		dot = memchr(url + at, '.', a->host_end - at);
		if (dot == NULL)
			break;
		at = (size_t)(dot - url) + 1;
	}
	return false;
}

static bool
search_pattern(const struct pd_ask *a, const struct pd_file_rule *r)
{
	const struct pd_scratch *s = a->s;
	const char *url = (r->flags & PD_RF_CASE) != 0 ? s->original : s->lower;

	if ((r->flags & PD_RF_START) != 0)
		return pattern_at(a, r, 0);
	if ((r->flags & PD_RF_HOST) != 0)
		return search_labels(a, r);
	if ((r->flags & PD_RF_HOW_MASK) == PD_HOW_PLAIN)
		return search_plain(a, r);
	if ((r->flags & PD_RF_END) != 0 && s->cut)
		return false;
	return pd_ask_glob(url, s->url_n, 0,
	    pd_set_text(a->set, r->pattern, r->pattern_n),
	    PD_GLOB_FLOATS |
		((r->flags & PD_RF_END) != 0 ? PD_GLOB_TO_END : 0u));
}

bool
pd_ask_regex(struct pd_ask *a, uint32_t number, struct pd_str subject)
{
	const struct pd_set *set = a->set;
	const struct pd_file_regex *re = &set->regex_texts[number];

	return pd_regexes_match(set->regexes, a->s->regexes, number,
	    pd_set_text(set, re->text, re->n), re->flags, subject);
}

static bool
has_number(const uint32_t *v, size_t n, uint32_t number)
{
	size_t low = 0;

	if (n <= 16) {
		for (size_t i = 0; i < n; i++) {
			if (v[i] == number)
				return true;
		}
		return false;
	}
	while (n > low) {
		size_t middle = low + (n - low) / 2;

		if (v[middle] == number)
			return true;
		if (v[middle] < number)
			low = middle + 1;
		else
			n = middle;
	}
	return false;
}

static bool
has_any(const uint32_t *v, size_t n, const uint32_t *ids, size_t nids)
{
	for (size_t i = 0; i < nids; i++) {
		if (has_number(v, n, ids[i]))
			return true;
	}
	return false;
}

static bool
any_regex(struct pd_ask *a, const uint32_t *v, size_t n, struct pd_str host)
{
	for (size_t i = 0; i < n; i++) {
		if (pd_ask_regex(a, v[i], host))
			return true;
	}
	return false;
}

/* Some that is named, if any is, and none that is negated. host empty: not
 * known. */
static bool
set_fits(struct pd_ask *a, uint32_t word, const uint32_t *ids, size_t nids,
    struct pd_str host)
{
	const uint32_t *head = a->set->sets + word,
		       *named = head + PD_DOMSET_HEAD,
		       *negated = named + head[0], *regexes = negated + head[1],
		       *negated_regexes = regexes + head[2];

	if (has_any(negated, head[1], ids, nids) ||
	    (host.n > 0 && any_regex(a, negated_regexes, head[3], host)))
		return false;
	if (head[0] + head[2] == 0)
		return true;
	return has_any(named, head[0], ids, nids) ||
	       (host.n > 0 && any_regex(a, regexes, head[2], host));
}

static bool
source_fits(struct pd_ask *a, uint32_t word)
{
	if (a->source == NULL)
		return set_fits(a, word, NULL, 0, PD_STR(""));
	return set_fits(a, word, a->source->ids, a->source->nids,
	    pd_str_of(a->source->host, a->source->host_n));
}

static bool
to_fits(struct pd_ask *a, uint32_t word)
{
	struct pd_str host = pd_ask_host(a);
	struct pd_scratch *s = a->s;
	uint32_t labels;
	uint64_t site;

	if (!s->to_known) {
		s->to_known = true;
		s->nto = pd_ask_domains(
		    a->set, host, s->address, s->to, &site, &labels);
	}
	return set_fits(a, word, s->to, s->nto, host);
}

/* Whether page and request are the same host; -1: not known. */
static int
same_host(const struct pd_ask *a)
{
	if (a->source == NULL)
		return -1;
	return pd_str_eq(
	    pd_ask_host(a), pd_str_of(a->source->host, a->source->host_n));
}

static bool
action_file_fits(struct pd_ask *a, const struct pd_file_rule *r,
    const struct pd_file_extra *e)
{
	const struct pd_set *set = a->set;
	struct pd_str url = pd_str_of(a->s->original, a->s->url_n), rest, port;
	unsigned number = pd_str_casestarts(url, PD_STR("https:")) ? 443 : 80;
	size_t path = a->host_end;

	if (!pd_ask_host_glob(
		pd_set_text(set, r->pattern, r->pattern_n), pd_ask_host(a)))
		return false;
	while (path < url.n && memchr("/?#", url.p[path], 3) == NULL)
		path++;
	rest = pd_str_of(url.p + a->host_end, path - a->host_end);
	/* Behind an address's bracket, if there is one. */
	pd_str_split(&rest, ':');
	port = rest;
	if (port.n > 0) {
		number = 0;
		for (size_t i = 0; i < port.n && number < 65536; i++) {
			if (port.p[i] < '0' || port.p[i] > '9')
				return false;
			number = number * 10 + (unsigned)(port.p[i] - '0');
		}
	}
	if (e == NULL)
		return true;
	if (e->detail_n > 0 &&
	    !pd_ask_port(pd_set_text(set, e->detail, e->detail_n), number))
		return false;
	return e->regex == 0 || pd_ask_regex(a, e->regex - 1,
				    pd_str_of(url.p + path, url.n - path));
}

/* By what it asks of every URL: much cheaper than to match. */
static bool
regex_may_fit(const struct pd_ask *a, uint32_t number)
{
	const struct pd_file_regex *re = &a->set->regex_texts[number];
	const struct pd_scratch *s = a->s;

	if (s->url_n < re->least || s->longest < re->run)
		return false;
	if (s->label_n == PD_ASK_NO_LABEL)
		return true;
	return s->label_n >= re->label_least &&
	       (s->label_n <= re->label_most || re->label_most == UINT8_MAX) &&
	       s->nlabels >= re->labels_least &&
	       (s->nlabels <= re->labels_most || re->labels_most == UINT8_MAX);
}

static bool
regex_fits(struct pd_ask *a, uint32_t number)
{
	struct pd_scratch *s = a->s;
	uint32_t *known = &s->regex_known[number % PD_ASK_REGEXES];

	if (!regex_may_fit(a, number))
		return false;
	if (*known >> 1 != number + 1)
		*known =
		    (number + 1) << 1 |
		    pd_ask_regex(a, number, pd_str_of(s->original, s->url_n));
	return (*known & 1) != 0;
}

static bool
pattern_fits(struct pd_ask *a, const struct pd_file_rule *r, uint32_t at)
{
	const struct pd_file_extra *e =
	    r->extra > 0 ? &a->set->extras[r->extra - 1] : NULL;

	switch ((enum pd_file_match)(r->flags & PD_RF_HOW_MASK)) {
	case PD_HOW_ANY:
		return true;
	case PD_HOW_PLAIN:
	case PD_HOW_GLOB:
		if (at == PD_ASK_SEARCH)
			return search_pattern(a, r);
		return pattern_at(a, r, at);
	case PD_HOW_REGEX:
		return regex_fits(a, e->regex - 1);
	case PD_HOW_ACTION_FILE:
		return action_file_fits(a, r, e);
	}
	return false;
}

static bool
options_fit(struct pd_ask *a, const struct pd_file_rule *r)
{
	const struct pd_file_extra *e =
	    r->extra > 0 ? &a->set->extras[r->extra - 1] : NULL;

	if ((r->flags & PD_RF_SLOW) != 0) {
		if ((r->flags & PD_RF_NEVER) != 0 ||
		    ((r->flags & PD_RF_STRICT_FIRST) != 0 &&
			same_host(a) != 1) ||
		    ((r->flags & PD_RF_STRICT_THIRD) != 0 && same_host(a) != 0))
			return false;
	}
	if (r->domains != 0 && !source_fits(a, r->domains))
		return false;
	if (e == NULL)
		return true;
	if (e->methods != 0 && (e->methods >> a->q->method & 1) == 0)
		return false;
	if (e->to != 0 && !to_fits(a, e->to))
		return false;
	return (r->flags & PD_RF_LATER) == 0 || pd_ask_later(a, e);
}

static bool
list_fits(const struct pd_ask *a, const struct pd_file_rule *r)
{
	uint32_t list = a->set->files[r->pos >> PD_POS_FILE_SHIFT].list;

	return (a->q->lists >> list & 1) != 0;
}

bool
pd_ask_fits(struct pd_ask *a, const struct pd_file_rule *r, uint32_t at)
{
	if (a->only_hosts && (r->flags & PD_RF_HOST_ONLY) == 0)
		return false;
	if (at == PD_ASK_SEARCH) {
		if (a->left == 0) {
			a->s->overflows++;
			return false;
		}
		a->left--;
	}
	if (!pattern_fits(a, r, at))
		return false;
	if (((r->flags & PD_RF_SLOW) | r->domains | r->extra) != 0 &&
	    !options_fit(a, r))
		return false;
	return a->all_lists || list_fits(a, r);
}
