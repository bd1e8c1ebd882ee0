/*
 * What a parser found, as text: a line for each rule and each line skipped.
 *     3: block host .ads.example          and what is below it
 *     4: allow host ads.example           "@@"
 *     5: deny pattern |http://a.example^  to=a.example
 *     6: skip host: a_b:c
 */
#ifndef PD_TEST_BLOCK_COLLECT_H
#define PD_TEST_BLOCK_COLLECT_H

#include "filters/block/parse.h"
#include "fixture.h"

struct collected {
	char text[32768];
	size_t n;
	unsigned rules, skips;
	uint32_t wrong;
	struct report report;
};

__attribute__((format(printf, 2, 3))) static inline void
collect_say(struct collected *c, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	c->n +=
	    (size_t)vsnprintf(c->text + c->n, sizeof(c->text) - c->n, fmt, ap);
	va_end(ap);
	assert_true(c->n < sizeof(c->text));
}

static inline int
collect_rule(void *arg, const struct pd_rule *r)
{
	static const char *const shapes[] = { "host ", "pattern ", "regex ",
		"actions " };
	struct collected *c = arg;

	c->rules++;
	/* What every rule of these syntaxes says. */
	assert_int_equal(r->types, PD_TYPE_ALL);
	assert_int_equal(r->party, PD_PARTY_BOTH);
	assert_true(r->text.n > 0);
	collect_say(c, "%u: %s%s%s", r->line,
	    r->exception ? "allow " : pd_rule_action_name(r->action),
	    r->exception ? "" : " ", shapes[r->shape]);
	if (r->shape == PD_RULE_HOST && !r->exact)
		collect_say(c, ".");
	collect_say(c, "%s%.*s%s", r->start_anchor ? "|" : "",
	    PD_STR_ARG(r->pattern), r->end_anchor ? "|" : "");
	if (r->port.n > 0)
		collect_say(c, " port=%.*s", PD_STR_ARG(r->port));
	if (r->path_regex.n > 0)
		collect_say(c, " path=%.*s", PD_STR_ARG(r->path_regex));
	for (size_t i = 0; i < r->to.n; i++)
		collect_say(c, " to=%s%.*s", r->to.v[i].negated ? "~" : "",
		    PD_STR_ARG(r->to.v[i].name));
	collect_say(c, "\n");
	return 0;
}

static inline int
collect_cosmetic(void *arg, const struct pd_cosmetic *cosmetic)
{
	struct collected *c = arg;

	collect_say(c, "%u: cosmetic %.*s\n", cosmetic->line,
	    PD_STR_ARG(cosmetic->text));
	return 0;
}

static inline int
collect_skip(void *arg, enum pd_rule_skip why, struct pd_str what,
    struct pd_str text, uint32_t line)
{
	struct collected *c = arg;

	(void)what;
	c->skips++;
	/* Enough of it to tell. */
	collect_say(c, "%u: skip %s: %.*s\n", line, pd_rule_skip_name(why),
	    text.n < 200 ? (int)text.n : 200, text.p);
	return 0;
}

static inline void
collect(struct collected *c, pd_parse_fn *parse,
    const struct pd_parse_params *params, struct pd_str text)
{
	struct pd_rule_sink sink = { .arg = c,
		.rule = collect_rule,
		.cosmetic = collect_cosmetic,
		.skip = collect_skip };
	struct pd_lines l;

	memset(c, 0, sizeof(*c));
	pd_lines_memory(&l, text, "list", report_begin(&c->report));
	assert_int_equal(parse(&l, params, &sink), 0);
	c->wrong = l.wrong;
	assert_int_equal(pd_lines_finish(&l), 0);
}

/* The text of what is in it, with nothing reported. */
static inline void
assert_parsed(pd_parse_fn *parse, const char *list, const char *want)
{
	static struct collected c;
	struct pd_parse_params params = { .action = PD_RULE_BLOCK };

	collect(&c, parse, &params, pd_str_z(list));
	assert_string_equal(c.text, want);
}

#endif
