/*
 * Adblock's syntax: what a rule says must keep what rule.h promises, whatever
 * the list was, and the text of a rule alone must make the same rules.
 */
#include <stdlib.h>

#include "filters/block/host.h"
#include "filters/block/parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seen {
	struct pd_str text; /* of the list */
	size_t rules;
	uint64_t sum;
};

static void
require(bool holds)
{
	if (!holds)
		abort();
}

/* Reads every byte, so that a slice that leads astray is seen. */
static void
touch(struct seen *s, struct pd_str slice)
{
	for (size_t i = 0; i < slice.n; i++)
		s->sum = s->sum * 31 + (unsigned char)slice.p[i];
}

static bool
within(struct pd_str part, struct pd_str whole)
{
	return part.p >= whole.p && part.p + part.n <= whole.p + whole.n;
}

static void
touch_domains(struct seen *s, struct pd_rule_domains d)
{
	for (size_t i = 0; i < d.n; i++) {
		touch(s, d.v[i].name);
		require(d.v[i].name.n > 0);
		require(!(d.v[i].entity && d.v[i].regex));
	}
}

static void
check_host(const struct pd_rule *r)
{
	char buf[PD_HOST_TEXT];
	struct pd_str host;

	require(pd_host_normal(r->pattern, buf, &host) != PD_HOST_FORM_BAD);
	require(pd_str_eq(host, r->pattern));
	require(!r->host_anchor && !r->start_anchor && !r->end_anchor);
}

static void
check_pattern(const struct pd_rule *r)
{
	for (size_t i = 0; i < r->pattern.n; i++) {
		unsigned char c = (unsigned char)r->pattern.p[i];

		require(c > ' ' && c < 0x7f);
	}
	require(!(r->host_anchor && r->start_anchor));
	require(r->pattern.n > 0 ||
		!(r->host_anchor || r->start_anchor || r->end_anchor));
}

static int
on_rule(void *arg, const struct pd_rule *r)
{
	struct seen *s = arg;

	s->rules++;
	require(within(r->text, s->text) && r->text.n > 0 && r->line > 0);
	require(r->types != 0 && (r->types & ~PD_TYPE_ALL) == 0);
	require(r->party != 0 && (r->party & ~PD_PARTY_BOTH) == 0);
	require(r->action < PD_RULE_ACTIONS);
	if (r->shape == PD_RULE_HOST)
		check_host(r);
	else if (r->shape == PD_RULE_PATTERN)
		check_pattern(r);
	else
		require(r->shape == PD_RULE_REGEX && r->pattern.n > 0);
	touch(s, r->pattern);
	touch(s, r->value);
	touch(s, r->header);
	touch(s, r->ip_address);
	touch_domains(s, r->from);
	touch_domains(s, r->to);
	if (r->action == PD_RULE_CSP || r->action == PD_RULE_PERMISSIONS)
		require(r->value.n == 0 ||
			(memchr(r->value.p, '\r', r->value.n) == NULL &&
			    memchr(r->value.p, '\0', r->value.n) == NULL));
	return 0;
}

static int
on_cosmetic(void *arg, const struct pd_cosmetic *c)
{
	struct seen *s = arg;

	require(within(c->text, s->text) && c->body.n > 0);
	require(within(c->body, c->text) && within(c->hosts, c->text));
	require(c->kind < PD_COSMETIC_KINDS);
	return 0;
}

static int
on_skip(void *arg, enum pd_rule_skip why, struct pd_str what,
    struct pd_str text, uint32_t line)
{
	struct seen *s = arg;

	require(why < PD_RULE_SKIP_KINDS && line > 0);
	require(within(text, s->text));
	touch(s, what);
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct seen whole = { .text = { (const char *)data, size } };
	struct seen single = whole;
	struct pd_rule_sink sink = { &whole, on_rule, on_cosmetic, on_skip };
	struct pd_rule_sink again = { &single, on_rule, on_cosmetic, on_skip };
	struct pd_parse_params params = { PD_RULE_BLOCK, false };
	struct pd_lines l;
	struct pd_str line;

	pd_lines_memory(&l, whole.text, "list", NULL);
	require(pd_parse_adblock(&l, &params, &sink) == 0);
	pd_lines_finish(&l);
	pd_lines_memory(&l, whole.text, "list", NULL);
	while (pd_lines_next(&l, &line))
		require(pd_parse_adblock_line(line, l.line, &again) == 0);
	pd_lines_finish(&l);
	require(whole.rules == single.rules && whole.sum == single.sum);
	return 0;
}
