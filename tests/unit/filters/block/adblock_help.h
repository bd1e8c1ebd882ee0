/* What the tests of Adblock's syntax share: the rules that a line makes. */
#ifndef PD_TEST_ADBLOCK_HELP_H
#define PD_TEST_ADBLOCK_HELP_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "filters/block/parse.h"

#define RULES_MAX 4
#define TEXT_MAX  512

/* A rule with its strings kept, so that it can be looked at afterwards. */
struct kept {
	struct pd_rule r;
	char pattern[TEXT_MAX], value[TEXT_MAX], from[TEXT_MAX], to[TEXT_MAX];
	char header[TEXT_MAX], address[TEXT_MAX];
};

struct found {
	struct kept rules[RULES_MAX];
	size_t nrules, ncosmetics, nskips;
	struct pd_cosmetic cosmetic; /* of the line, which outlives it */
	enum pd_rule_skip why;
	char what[TEXT_MAX];
	uint32_t line;
	int result; /* of every call of the sink */
};

static inline void
keep(char out[TEXT_MAX], struct pd_str s)
{
	assert_true(s.n < TEXT_MAX);
	snprintf(out, TEXT_MAX, "%.*s", PD_STR_ARG(s));
}

static inline void
keep_domains(char out[TEXT_MAX], struct pd_rule_domains d)
{
	size_t n = 0;

	out[0] = '\0';
	for (size_t i = 0; i < d.n; i++)
		n += (size_t)snprintf(out + n, TEXT_MAX - n, "%s%s%s%.*s%s",
		    i > 0 ? "|" : "", d.v[i].negated ? "~" : "",
		    d.v[i].regex ? "re:" : "", PD_STR_ARG(d.v[i].name),
		    d.v[i].entity ? ".*" : "");
	assert_true(n < TEXT_MAX);
}

static inline int
on_rule(void *arg, const struct pd_rule *r)
{
	struct found *f = arg;
	struct kept *k = &f->rules[f->nrules++];

	assert_true(f->nrules <= RULES_MAX);
	k->r = *r;
	keep(k->pattern, r->pattern);
	keep(k->value, r->value);
	keep(k->header, r->header);
	keep(k->address, r->ip_address);
	keep_domains(k->from, r->from);
	keep_domains(k->to, r->to);
	return f->result;
}

static inline int
on_cosmetic(void *arg, const struct pd_cosmetic *c)
{
	struct found *f = arg;

	f->ncosmetics++;
	f->cosmetic = *c;
	return f->result;
}

static inline int
on_skip(void *arg, enum pd_rule_skip why, struct pd_str what,
    struct pd_str text, uint32_t line)
{
	struct found *f = arg;

	assert_true(text.n > 0);
	f->nskips++;
	f->why = why;
	f->line = line;
	keep(f->what, what);
	return f->result;
}

static struct found found;

static inline int
parse(const char *line)
{
	struct pd_rule_sink sink = { &found, on_rule, on_cosmetic, on_skip };
	int result = found.result;

	memset(&found, 0, sizeof(found));
	found.result = result;
	return pd_parse_adblock_line(pd_str_z(line), 7, &sink);
}

/* The one rule that the line makes. */
static inline const struct kept *
rule(const char *line)
{
	assert_int_equal(parse(line), 0);
	if (found.nrules != 1 || found.nskips != 0 || found.ncosmetics != 0)
		fail_msg("%s: %zu rules, %zu cosmetic, %zu skipped (%s %s)",
		    line, found.nrules, found.ncosmetics, found.nskips,
		    found.nskips > 0 ? pd_rule_skip_name(found.why) : "",
		    found.what);
	assert_int_equal(found.rules[0].r.line, 7);
	return &found.rules[0];
}

static inline void
assert_skips(const char *line, enum pd_rule_skip why, const char *what)
{
	assert_int_equal(parse(line), 0);
	if (found.nrules != 0 || found.nskips != 1 || found.why != why)
		fail_msg("%s: %zu rules, skipped: %s", line, found.nrules,
		    found.nskips > 0 ? pd_rule_skip_name(found.why) : "no");
	assert_string_equal(found.what, what);
	assert_int_equal(found.line, 7);
}

static inline void
assert_pattern(const char *line, enum pd_rule_shape shape, const char *pattern,
    const char *anchors)
{
	const struct kept *k = rule(line);
	char have[8];

	assert_int_equal(k->r.shape, shape);
	assert_string_equal(k->pattern, pattern);
	snprintf(have, sizeof(have), "%s%s%s", k->r.host_anchor ? "h" : "",
	    k->r.start_anchor ? "s" : "", k->r.end_anchor ? "e" : "");
	assert_string_equal(have, anchors);
}

static inline void
assert_types(const char *line, unsigned types, bool explicit_types)
{
	const struct kept *k = rule(line);

	if (k->r.types != types)
		fail_msg("%s: types %x, not %x", line, k->r.types, types);
	assert_int_equal(k->r.explicit_types, explicit_types);
}

static inline void
assert_action(const char *line, enum pd_rule_action action, const char *value)
{
	const struct kept *k = rule(line);

	assert_int_equal(k->r.action, action);
	assert_string_equal(k->value, value);
}

#endif
