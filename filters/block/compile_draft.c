/*
 * A rule copied, brought into one form, and named so that equal ones are seen.
 */
#include <xxhash.h>

#include "filters/block/compile_parts.h"

bool
pd_draft_is_plain(const struct pd_rule *r)
{
	return r->action == PD_RULE_BLOCK && r->shape == PD_RULE_HOST &&
	       !r->exception && !r->important && r->value.n == 0 &&
	       (r->types == PD_TYPE_DEFAULT || r->types == PD_TYPE_ALL) &&
	       r->party == PD_PARTY_BOTH && !r->strict_first &&
	       !r->strict_third && !r->ordered && r->methods == 0 &&
	       r->from.n == 0 && r->to.n == 0 && r->header.n == 0 &&
	       r->ip_address.n == 0 && r->top.n == 0 &&
	       r->pattern.n < PD_HOST_TEXT;
}

static struct pd_str
copy(struct pd_compiler *c, struct pd_str s)
{
	return s.n > 0 ? pd_arena_str(c->arena, s) : PD_STR("");
}

static struct pd_rule_domains
copy_domains(struct pd_compiler *c, struct pd_rule_domains in)
{
	struct pd_rule_domain *v;

	if (in.n == 0)
		return in;
	v = pd_arena_alloc(c->arena, in.n * sizeof(*v));
	for (size_t i = 0; i < in.n; i++) {
		v[i] = in.v[i];
		v[i].name = copy(c, in.v[i].name);
	}
	return (struct pd_rule_domains){ v, in.n };
}

/* A slice of the copied text when it stands there, as it mostly does. */
static struct pd_str
copy_part(struct pd_compiler *c, const struct pd_rule *from,
    const struct pd_rule *to, struct pd_str s)
{
	size_t at;

	if (s.n == 0)
		return PD_STR("");
	if ((uintptr_t)s.p >= (uintptr_t)from->text.p) {
		at = (size_t)((uintptr_t)s.p - (uintptr_t)from->text.p);
		if (at <= from->text.n && s.n <= from->text.n - at)
			return pd_str_of(to->text.p + at, s.n);
	}
	return copy(c, s);
}

static bool
has_upper(struct pd_str s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] >= 'A' && s.p[i] <= 'Z')
			return true;
	}
	return false;
}

static struct pd_str
lower(struct pd_compiler *c, struct pd_str s)
{
	char *p;

	if (!has_upper(s))
		return s;
	p = pd_arena_alloc(c->arena, s.n);
	for (size_t i = 0; i < s.n; i++)
		p[i] = pd_lower(s.p[i]);
	return pd_str_of(p, s.n);
}

/* Stars at the ends say nothing but that an anchor does not hold. */
static void
trim_stars(struct pd_rule *r)
{
	struct pd_str *p = &r->pattern;

	while (p->n > 0 && p->p[0] == '*') {
		p->p++;
		p->n--;
		r->start_anchor = r->host_anchor = false;
	}
	while (p->n > 0 && p->p[p->n - 1] == '*') {
		p->n--;
		r->end_anchor = false;
	}
	if (p->n == 0)
		r->start_anchor = r->host_anchor = r->end_anchor = false;
}

/* "|ws://" means a WebSocket, whose URL a proxy sees with http or https. */
static void
unwrap_websocket(struct pd_rule *r)
{
	size_t scheme = pd_str_casestarts(r->pattern, PD_STR("ws://"))    ? 2
			: pd_str_casestarts(r->pattern, PD_STR("wss://")) ? 3
									  : 0;

	if (!r->start_anchor || scheme == 0)
		return;
	r->start_anchor = false;
	r->pattern = pd_str_of(r->pattern.p + scheme, r->pattern.n - scheme);
	r->types = PD_TYPE_WEBSOCKET;
}

static enum pd_file_class
class_of(const struct pd_rule *r)
{
	switch (r->action) {
	case PD_RULE_BLOCK:
		if (r->ordered)
			return PD_CLASS_ORDERED;
		if (r->exception)
			return r->value.n > 0 ? PD_CLASS_REDIRECT
					      : PD_CLASS_ALLOW;
		return r->header.n > 0 || r->ip_address.n > 0 ? PD_CLASS_LATER
							      : PD_CLASS_BLOCK;
	case PD_RULE_REDIRECT:
		return PD_CLASS_REDIRECT;
	case PD_RULE_REMOVEPARAM:
		return PD_CLASS_PARAM;
	case PD_RULE_URLSKIP:
	case PD_RULE_URITRANSFORM:
		return PD_CLASS_URL;
	case PD_RULE_CSP:
	case PD_RULE_PERMISSIONS:
	case PD_RULE_REMOVEHEADER:
		return PD_CLASS_ANSWER;
	case PD_RULE_GENERICHIDE:
	case PD_RULE_SPECIFICHIDE:
	case PD_RULE_ELEMHIDE:
		return PD_CLASS_PAGE;
	case PD_RULE_UNTOUCHED:
	case PD_RULE_DENY:
	case PD_RULE_REPLACE:
	case PD_RULE_REPLACE_TYPE:
	case PD_RULE_ACTIONS:
		break;
	}
	return PD_CLASS_ZIPROXY;
}

/* Sums do not mind the order. */
static uint64_t
hash_domains(uint64_t seed, struct pd_rule_domains d)
{
	uint64_t sum = d.n;

	for (size_t i = 0; i < d.n; i++) {
		uint64_t how = (uint64_t)d.v[i].negated << 1 |
			       (uint64_t)d.v[i].entity << 2 |
			       (uint64_t)d.v[i].regex << 3;

		sum += XXH3_64bits_withSeed(
		    d.v[i].name.p, d.v[i].name.n, seed + how);
	}
	return sum;
}

static void
mix(uint64_t *h, uint64_t word)
{
	*h = pd_host_fold(*h ^ word, UINT64_C(0x9e3779b97f4a7c15));
}

static void
mix_text(uint64_t *h, uint64_t seed, struct pd_str s)
{
	mix(h, s.n > 0 ? XXH3_64bits_withSeed(s.p, s.n, seed) : seed);
}

static uint64_t
name_options(const struct pd_compiler *c, const struct pd_rule *r)
{
	uint64_t seed = c->token_key, h = seed;

	mix(&h,
	    (uint64_t)r->action | (uint64_t)r->shape << 8 |
		(uint64_t)r->types << 16 | (uint64_t)r->party << 32 |
		(uint64_t)r->exception << 40 | (uint64_t)r->important << 41 |
		(uint64_t)r->exact << 42 | (uint64_t)r->host_anchor << 43 |
		(uint64_t)r->start_anchor << 44 |
		(uint64_t)r->end_anchor << 45 | (uint64_t)r->match_case << 46 |
		(uint64_t)r->strict_first << 47 |
		(uint64_t)r->strict_third << 48 | (uint64_t)r->ordered << 49);
	mix(&h, r->methods);
	mix(&h, hash_domains(seed, r->from));
	mix(&h, hash_domains(~seed, r->to));
	mix_text(&h, seed + 1, r->value);
	mix_text(&h, seed + 2, r->header);
	mix_text(&h, seed + 3, r->ip_address);
	mix_text(&h, seed + 4, r->top);
	mix_text(&h, seed + 5, r->path_regex);
	mix_text(&h, seed + 6, r->port);
	return h;
}

bool
pd_draft_make(
    struct pd_compiler *c, const struct pd_rule *r, struct pd_draft *out)
{
	struct pd_rule *to = &out->rule;
	uint64_t h;

	if (r->text.n > PD_SET_TEXT_MAX || r->pattern.n > PD_SET_PATTERN_MAX ||
	    r->value.n > PD_SET_PATTERN_MAX ||
	    r->path_regex.n > PD_SET_PATTERN_MAX)
		return false;
	*out = (struct pd_draft){ .rule = *r, .file = c->file };
	out->list = c->files[c->file].list;
	to->text = copy(c, r->text);
	to->pattern = copy_part(c, r, to, r->pattern);
	to->value = copy_part(c, r, to, r->value);
	to->path_regex = copy_part(c, r, to, r->path_regex);
	to->port = copy(c, r->port);
	to->header = copy(c, r->header);
	to->ip_address = copy(c, r->ip_address);
	to->top = copy(c, r->top);
	to->from = copy_domains(c, r->from);
	to->to = copy_domains(c, r->to);
	if (to->line > PD_SET_LINE_MAX)
		to->line = 0;
	if (to->shape == PD_RULE_PATTERN) {
		trim_stars(to);
		unwrap_websocket(to);
	}
	if (c->options.strict_document && r->shape == PD_RULE_HOST &&
	    r->action == PD_RULE_BLOCK && !r->explicit_types)
		to->types |= PD_TYPE_DOCUMENT;
	out->class_ = (uint8_t)class_of(to);
	h = name_options(c, to);
	out->bad = out->same = h;
	if (to->shape != PD_RULE_REGEX) {
		struct pd_str low = lower(c, to->pattern);

		mix_text(&out->bad, 7, low);
		if (!to->match_case)
			to->pattern = low;
	} else {
		mix_text(&out->bad, 7, to->pattern);
	}
	mix_text(&out->same, 7, to->pattern);
	/* Of those that count in order each says something. */
	if (to->ordered)
		mix(&out->same, c->ndrafts);
	if (c->options.keep_duplicates)
		mix(&out->same, out->list);
	return true;
}

uint64_t
pd_draft_plain_key(const struct pd_compiler *c, uint64_t host_hash,
    uint8_t flags, uint8_t list)
{
	uint64_t how = flags & (PD_PLAIN_SUBDOMAINS | PD_PLAIN_ALL_TYPES);

	if (c->options.keep_duplicates)
		how |= (uint64_t)list << 8;
	return host_hash ^ how * UINT64_C(0x9e3779b97f4a7c15);
}
