#include "filters/block/adblock.h"

/*
 * Where the mark is and how long: '#', '@' for an exception, one of "$?", "?",
 * "$", "%" or nothing, '#'.
 */
static bool
find_hash_mark(struct pd_str line, size_t *at, size_t *len)
{
	const char *p = line.p, *end = line.p + line.n, *q;

	while (p < end && (p = memchr(p, '#', (size_t)(end - p))) != NULL) {
		q = p + 1;
		if (q < end && *q == '@')
			q++;
		if (end - q >= 2 && q[0] == '$' && q[1] == '?')
			q += 2;
		else if (q < end && (*q == '$' || *q == '?' || *q == '%'))
			q++;
		if (q < end && *q == '#') {
			*at = (size_t)(p - line.p);
			*len = (size_t)(q + 1 - p);
			return true;
		}
		p++;
	}
	return false;
}

/* AdGuard's for the page's source: "$$", "$@$". */
static bool
find_dollar_mark(struct pd_str line, size_t *at, size_t *len)
{
	const char *p = line.p, *end = line.p + line.n, *q;

	while (p < end && (p = memchr(p, '$', (size_t)(end - p))) != NULL) {
		q = p + 1;
		if (q < end && *q == '@')
			q++;
		if (q < end && *q == '$') {
			*at = (size_t)(p - line.p);
			*len = (size_t)(q + 1 - p);
			return true;
		}
		p++;
	}
	return false;
}

static bool
starts_with_any(struct pd_str s, const struct pd_str *prefixes, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (pd_str_starts(s, prefixes[i]))
			return true;
	}
	return false;
}

/*
 * A '#' may stand in a rule for the network as well, in the value of an option
 * ("||a.example/x$removeparam=/##/"): told by how the line begins and by an
 * option before the mark.
 */
static bool
is_network(struct pd_str line, size_t mark)
{
	static const struct pd_str starts[] = {
		{ "|", 1 },
		{ "@@", 2 },
		{ "http:", 5 },
		{ "https:", 6 },
		{ "/", 1 },
	};
	struct pd_str options;

	return starts_with_any(
		   line, starts, sizeof(starts) / sizeof(starts[0])) &&
	       pd_adblock_options_split(line, &options).n < mark;
}

/* Of uBlock Origin, Adblock Plus and AdGuard; ":has()" is plain CSS by now. */
static const struct pd_str operators[] = {
	{ ":-abp-", 6 },
	{ ":contains(", 10 },
	{ ":has-text(", 10 },
	{ ":if(", 4 },
	{ ":if-not(", 8 },
	{ ":matches-attr(", 14 },
	{ ":matches-css", 12 },
	{ ":matches-media(", 15 },
	{ ":matches-path(", 14 },
	{ ":matches-prop(", 14 },
	{ ":matches-property(", 18 },
	{ ":min-text-length(", 17 },
	{ ":nth-ancestor(", 14 },
	{ ":others(", 8 },
	{ ":remove(", 8 },
	{ ":remove-attr(", 13 },
	{ ":remove-class(", 14 },
	{ ":shadow(", 8 },
	{ ":upward(", 8 },
	{ ":watch-attr", 11 },
	{ ":xpath(", 7 },
};

static enum pd_cosmetic_kind
selector_kind(struct pd_str body)
{
	enum pd_cosmetic_kind kind = PD_COSMETIC_CSS;
	const char *p = body.p, *end = body.p + body.n;
	struct pd_str rest;

	while (p < end && (p = memchr(p, ':', (size_t)(end - p))) != NULL) {
		rest = pd_str_of(p, (size_t)(end - p));
		if (pd_str_starts(rest, PD_STR(":style(")))
			return PD_COSMETIC_STYLE;
		if (starts_with_any(rest, operators,
			sizeof(operators) / sizeof(operators[0])))
			kind = PD_COSMETIC_PROCEDURAL;
		p++;
	}
	return kind;
}

/* mark: without its '#' and '@': "", "?", "$", "$?", "%". */
static enum pd_cosmetic_kind
kind_of(struct pd_str mark, struct pd_str body)
{
	if (pd_str_eq(mark, PD_STR("%")))
		return PD_COSMETIC_SCRIPT;
	if (pd_str_eq(mark, PD_STR("?")))
		return PD_COSMETIC_PROCEDURAL;
	/* Adblock Plus has its snippets behind the mark of AdGuard's styles. */
	if (mark.n > 0)
		return memchr(body.p, '{', body.n) != NULL ? PD_COSMETIC_STYLE
							   : PD_COSMETIC_SCRIPT;
	if (pd_str_starts(body, PD_STR("+js(")) ||
	    pd_str_starts(body, PD_STR("script:inject(")))
		return PD_COSMETIC_SCRIPT;
	if (pd_str_starts(body, PD_STR("^responseheader(")))
		return PD_COSMETIC_RESPONSE_HEADER;
	if (pd_str_starts(body, PD_STR("^")))
		return PD_COSMETIC_HTML;
	return selector_kind(body);
}

bool
pd_adblock_cosmetic(struct pd_str line, struct pd_cosmetic *c)
{
	struct pd_str mark;
	size_t at, len;

	if (find_hash_mark(line, &at, &len) && !is_network(line, at)) {
		mark = pd_str_of(line.p + at + 1, len - 2);
		c->exception = mark.n > 0 && mark.p[0] == '@';
		if (c->exception)
			mark = pd_str_of(mark.p + 1, mark.n - 1);
		c->body = pd_str_of(line.p + at + len, line.n - at - len);
		c->kind = kind_of(mark, c->body);
	} else if (find_dollar_mark(line, &at, &len) &&
		   !pd_str_starts(line, PD_STR("||")) &&
		   !pd_str_starts(line, PD_STR("@@")) &&
		   !pd_str_starts(line, PD_STR("/"))) {
		c->exception = len == 3;
		c->body = pd_str_of(line.p + at + len, line.n - at - len);
		c->kind = PD_COSMETIC_HTML;
	} else {
		return false;
	}
	c->hosts = pd_str_trim(pd_str_of(line.p, at));
	return true;
}
