/*
 * By what each rule is found: the rarest thing that every URL it fits must
 * have. A host is looked up at each request anyway, so it costs nothing until
 * it is met; a token costs a look at the posting each time a URL has it; the
 * host of the page, at each request of that page.
 */
#include <stdlib.h>

#include "filters/block/compile_parts.h"

#define COUNT_BITS 16

/*
 * What a key costs: of 1,000,000 requests, those that look at the rule. A host
 * of a list is met rarely, but rules on one host are looked at together; each
 * page's requests look at all the rules that name it.
 */
#define HOST_COST       150u
#define HOST_RULE_COST  25u
#define LABEL_COST      4000u /* a top-level domain that is none of the usual */
#define SOURCE_COST     1200u
#define SOURCE_ONE_COST 40u
/* Postings that one rule may have by its domain= or to=. */
#define KEYS_MAX 8192u

void
pd_key_counts_init(struct pd_key_counts *k)
{
	k->tokens = pd_xalloc(sizeof(*k->tokens) << COUNT_BITS);
	k->hosts = pd_xalloc(sizeof(*k->hosts) << COUNT_BITS);
	k->of_rule = pd_xalloc(sizeof(*k->of_rule));
	k->buf = pd_xalloc(PD_KEY_BUFFER);
}

void
pd_key_counts_finish(struct pd_key_counts *k)
{
	free(k->tokens);
	free(k->hosts);
	free(k->of_rule);
	free(k->buf);
}

static uint16_t *
token_count(const struct pd_key_counts *k, uint32_t hash)
{
	return &k->tokens[hash >> (32 - COUNT_BITS)];
}

static uint16_t *
host_count(const struct pd_compiler *c, const struct pd_key_counts *k,
    struct pd_str host)
{
	unsigned labels;
	uint64_t hash =
	    pd_host_hash(&c->host_key, host, pd_host_is_address(host), &labels);

	return &k->hosts[hash >> (64 - COUNT_BITS)];
}

static bool
is_host_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' ||
	       c == '-' || c == '_';
}

/*
 * The whole host in "||name/path", "||name^" ...; empty when the pattern does
 * not say where it ends.
 */
static struct pd_str
host_of_pattern(const struct pd_rule *r)
{
	struct pd_str p = r->pattern, none = PD_STR("");
	size_t n = 0;

	if (!r->host_anchor || r->match_case)
		return none;
	while (n < p.n && is_host_byte(p.p[n]))
		n++;
	if (n == 0 || n >= PD_HOST_TEXT || n == p.n ||
	    strchr("/^:?", p.p[n]) == NULL)
		return none;
	if (p.p[0] == '.' || p.p[n - 1] == '.')
		return none;
	return pd_str_of(p.p, n);
}

/* Of Privoxy's host part: ".example.org" and "example.org", no signs. */
static struct pd_str
host_of_glob(const struct pd_rule *r, bool *exact)
{
	struct pd_str p = r->pattern, none = PD_STR("");

	*exact = p.n > 0 && p.p[0] != '.';
	if (!*exact && p.n > 0) {
		p.p++;
		p.n--;
	}
	if (p.n == 0 || p.n >= PD_HOST_TEXT || p.p[0] == '.' ||
	    p.p[p.n - 1] == '.')
		return none;
	for (size_t i = 0; i < p.n; i++) {
		if (!is_host_byte(p.p[i]))
			return none;
	}
	return p;
}

static struct pd_str
host_of(const struct pd_rule *r, bool *exact)
{
	*exact = r->exact;
	if (r->shape == PD_RULE_HOST)
		return r->pattern;
	if (r->shape == PD_RULE_PATTERN)
		return host_of_pattern(r);
	if (r->shape == PD_RULE_ACTION_FILE)
		return host_of_glob(r, exact);
	return PD_STR("");
}

/* Requests of 1,000,000 that have the token. */
static unsigned
token_cost(const struct pd_key_counts *k, const struct pd_token *t)
{
	unsigned usual = pd_token_usual(t->text), cost;
	bool number = true;

	if (usual > 0)
		return usual * 1000;
	for (size_t i = 0; i < t->text.n; i++)
		number &= t->text.p[i] <= '9';
	/* Words that many rules have are what ads are made of. */
	cost = 100 + 60u * *token_count(k, t->hash);
	if (cost > 20000)
		cost = 20000;
	if (t->text.n == 1)
		cost += 60000;
	else if (t->text.n == 2)
		cost += 10000;
	else if (t->text.n == 3)
		cost += number ? 6000 : 1500;
	else if (number)
		cost += 1000;
	return cost;
}

static unsigned
host_cost(const struct pd_compiler *c, const struct pd_key_counts *k,
    struct pd_str host)
{
	unsigned usual;

	if (memchr(host.p, '.', host.n) != NULL)
		return HOST_COST + HOST_RULE_COST * *host_count(c, k, host);
	usual = pd_token_usual(host);
	return usual > 0 ? usual * 1000 : LABEL_COST;
}

static void
count(uint16_t *n)
{
	*n += *n < UINT16_MAX;
}

void
pd_key_count(const struct pd_compiler *c, struct pd_key_counts *k,
    const struct pd_draft *d)
{
	struct pd_tokens *tokens = k->of_rule;
	bool exact;
	struct pd_str host = host_of(&d->rule, &exact);

	if (host.n > 0)
		count(host_count(c, k, host));
	pd_tokens_of_rule(c, &d->rule, k->buf, tokens);
	for (size_t i = 0; i < tokens->n; i++)
		count(token_count(k, tokens->v[i].hash));
}

static const struct pd_token *
best_token(const struct pd_key_counts *k, struct pd_tokens *tokens,
    bool parameter, unsigned *cost)
{
	const struct pd_token *best = NULL;

	*cost = UINT32_MAX;
	for (size_t i = 0; i < tokens->n; i++) {
		struct pd_token *t = &tokens->v[i];
		unsigned this = token_cost(k, t);

		/* A place in the parameter's name is none in the pattern. */
		if (i >= tokens->n - tokens->nparameter && !parameter)
			t->place = PD_POST_FLOATS;
		/* At a fixed place it is one comparison, not a search. */
		if (t->place == PD_POST_FLOATS)
			this += this / 2 + 100;
		if (this < *cost) {
			*cost = this;
			best = t;
		}
	}
	return best;
}

/* Whether each request that fits must have one of these domains. */
static bool
can_index(struct pd_rule_domains d, bool entities)
{
	size_t n = 0;

	for (size_t i = 0; i < d.n; i++) {
		if (d.v[i].negated)
			continue;
		if (d.v[i].regex || (d.v[i].entity && !entities))
			return false;
		n++;
	}
	return n > 0 && n <= KEYS_MAX;
}

static unsigned
sources_cost(struct pd_rule_domains d)
{
	return can_index(d, true)
		   ? SOURCE_COST + SOURCE_ONE_COST * (unsigned)d.n
		   : UINT32_MAX;
}

static unsigned
to_cost(const struct pd_compiler *c, const struct pd_key_counts *k,
    struct pd_rule_domains d)
{
	unsigned cost = 0;

	if (!can_index(d, false))
		return UINT32_MAX;
	for (size_t i = 0; i < d.n; i++) {
		if (!d.v[i].negated)
			cost += host_cost(c, k, d.v[i].name);
	}
	return cost;
}

/* "||host" and what follows it. */
static void
choose_host(const struct pd_rule *r, struct pd_str host, struct pd_key *out)
{
	out->kind = PD_KEY_HOST;
	out->host = host;
	out->pattern = PD_STR("");
	if (r->shape != PD_RULE_PATTERN)
		return;
	out->pattern = pd_str_of(r->pattern.p + host.n, r->pattern.n - host.n);
	/* What follows a host is no letter, or it is the end. */
	if (pd_str_eq(out->pattern, PD_STR("^")) && !r->end_anchor)
		out->pattern = PD_STR("");
}

void
pd_key_choose(const struct pd_compiler *c, struct pd_key_counts *k,
    const struct pd_draft *d, struct pd_key *out)
{
	const struct pd_rule *r = &d->rule;
	const struct pd_token *token;
	struct pd_str host;
	unsigned cost, least = UINT32_MAX;
	bool parameter = r->shape == PD_RULE_PATTERN && r->pattern.n == 0;

	*out = (struct pd_key){ .kind = PD_KEY_ALWAYS, .pattern = r->pattern };
	host = host_of(r, &out->exact);
	pd_tokens_of_rule(c, r, k->buf, k->of_rule);
	token = best_token(k, k->of_rule, parameter, &least);
	if (token != NULL)
		out->kind = PD_KEY_TOKEN;
	if (host.n > 0 && (cost = host_cost(c, k, host)) < least) {
		least = cost;
		choose_host(r, host, out);
	}
	if ((cost = to_cost(c, k, r->to)) < least && !out->exact) {
		least = cost;
		out->kind = PD_KEY_TO;
	}
	if ((cost = sources_cost(r->from)) < least && !out->exact)
		out->kind = PD_KEY_SOURCES;
	if (out->kind == PD_KEY_HOST)
		return;
	out->pattern = r->pattern;
	/* As a pattern, since no host leads to it. */
	if (r->shape == PD_RULE_HOST)
		out->pattern =
		    pd_arena_printf(c->arena, "%.*s^", PD_STR_ARG(r->pattern));
	if (out->kind != PD_KEY_TOKEN)
		return;
	if (parameter) {
		out->parameter = true;
		out->pattern = r->value;
	}
	out->token = token->hash;
	out->place = token->place;
	out->before = token->before;
	out->behind = token->behind;
}
