#include <stdlib.h>

#include "base/addr.h"
#include "base/arena.h"
#include "filters/block/adblock.h"
#include "filters/block/host.h"

/* What uBlock Origin has inline-script and inline-font say. */
#define POLICY_INLINE_SCRIPT "script-src 'unsafe-eval' * blob: data:"
#define POLICY_INLINE_FONT   "font-src *"

/* Bytes of scratch for a line of n: names grow in Punycode, others in percent
 * signs; what would take more than that is refused. */
#define TEXT_SIZE(n) (4 * (n) + 1024)

int
pd_adblock_refuse(
    struct pd_adblock *a, enum pd_rule_skip why, struct pd_str what)
{
	a->why = why;
	a->what = what;
	return -1;
}

char *
pd_adblock_text(struct pd_adblock *a, size_t n)
{
	char *p = a->text + a->text_n;

	if (n > a->text_size - a->text_n)
		return NULL;
	a->text_n += n;
	return p;
}

static void
begin(struct pd_adblock *a, struct pd_str line, uint32_t number)
{
	a->rule = (struct pd_rule){
		.action = PD_RULE_BLOCK,
		.text = line,
		.line = number,
	};
	a->types = a->not_types = a->extra = 0;
	a->acts = a->inline_script = a->inline_font = false;
	a->from.n = a->to.n = 0;
	a->text_n = 0;
	if (a->text_size < TEXT_SIZE(line.n)) {
		a->text_size = TEXT_SIZE(line.n);
		a->text = pd_xrealloc(a->text, a->text_size);
	}
}

static void
finish(struct pd_adblock *a)
{
	free(a->from.v);
	free(a->to.v);
	free(a->text);
}

static int
skip(struct pd_adblock *a)
{
	return a->sink->skip(
	    a->sink->arg, a->why, a->what, a->rule.text, a->rule.line);
}

/* Whether anything but the pattern says what the rule is for. */
static bool
is_limited(const struct pd_rule *r)
{
	return (r->explicit_types && r->types != PD_TYPE_ALL) ||
	       r->party != PD_PARTY_BOTH || r->from.n > 0 || r->to.n > 0 ||
	       r->methods != 0 || r->strict_first || r->strict_third ||
	       r->header.n > 0 || r->ip_address.n > 0;
}

/* Whether the line is a rule, or has nothing but rules beside it: then there is
 * none unless types or an action say so. */
static bool
is_rule(const struct pd_adblock *a)
{
	bool beside = a->extra != 0 || a->inline_script || a->inline_font;

	return a->rule.types != 0 &&
	       (!beside || a->acts || (a->types & PD_TYPE_ALL) != 0);
}

static int
read_rule(struct pd_adblock *a, struct pd_str body)
{
	struct pd_str options, pattern;

	a->rule.exception = pd_str_starts(body, PD_STR("@@"));
	if (a->rule.exception)
		body = pd_str_of(body.p + 2, body.n - 2);
	pattern = pd_adblock_options_split(body, &options);
	if (pd_adblock_options(a, options) < 0 ||
	    pd_adblock_pattern(a, pd_str_trim(pattern)) < 0)
		return -1;
	if (a->rule.action == PD_RULE_URITRANSFORM)
		return pd_adblock_value_transform(a);
	if (a->rule.action == PD_RULE_BLOCK && is_rule(a) &&
	    !is_limited(&a->rule) && pd_adblock_pattern_wide(&a->rule))
		return pd_adblock_refuse(
		    a, PD_SKIP_PATTERN_WIDE, PD_STR("pattern"));
	return 0;
}

/* A rule beside the one that was read, for pages and frames. */
static int
give_extra(
    struct pd_adblock *a, enum pd_rule_action action, struct pd_str value)
{
	struct pd_rule r = a->rule;

	r.action = action;
	r.value = value;
	r.types = PD_TYPE_DOCUMENT | PD_TYPE_SUBDOCUMENT;
	r.explicit_types = false;
	return a->sink->rule(a->sink->arg, &r);
}

/* Most lines are one rule; "$document,elemhide" is two. */
static int
give(struct pd_adblock *a)
{
	if (is_rule(a) && a->sink->rule(a->sink->arg, &a->rule) < 0)
		return -1;
	for (unsigned i = 0; i < PD_RULE_ACTIONS; i++) {
		if ((a->extra & 1u << i) != 0 &&
		    give_extra(a, (enum pd_rule_action)i, PD_STR("")) < 0)
			return -1;
	}
	if (a->inline_script &&
	    give_extra(a, PD_RULE_CSP, PD_STR(POLICY_INLINE_SCRIPT)) < 0)
		return -1;
	if (a->inline_font &&
	    give_extra(a, PD_RULE_CSP, PD_STR(POLICY_INLINE_FONT)) < 0)
		return -1;
	return 0;
}

/* One name of a line as in hosts files; what is below it is meant, too. */
static int
give_host(struct pd_adblock *a, struct pd_str word)
{
	char buf[PD_HOST_TEXT];
	struct pd_rule *r = &a->rule;

	switch (pd_host_normal(word, buf, &r->pattern)) {
	case PD_HOST_FORM_BAD:
		a->why = PD_SKIP_HOST;
		a->what = word;
		return skip(a);
	case PD_HOST_FORM_NAME:
		if (!pd_str_caseends(r->pattern, PD_STR(".localdomain")))
			return a->sink->rule(a->sink->arg, r);
		/* Fall through. */
	case PD_HOST_FORM_LABEL:
	case PD_HOST_FORM_ADDRESS:
		/* "localhost", "0.0.0.0": the machine's own names. */
		a->why = PD_SKIP_NO_EFFECT;
		a->what = word;
		return skip(a);
	}
	return -1;
}

/* "0.0.0.0 ads.example.org # why", which uBlock Origin takes as well. */
static bool
is_hosts_line(struct pd_str line)
{
	struct pd_addr addr;
	struct pd_str word;

	if (memchr("0123456789:", line.p[0], 11) == NULL)
		return false;
	word = pd_lines_word(&line);
	return pd_str_trim(line).n > 0 && pd_addr_parse(word, &addr) == 0;
}

static int
read_hosts_line(struct pd_adblock *a)
{
	struct pd_str rest = a->rule.text, word = pd_lines_word(&rest);
	struct pd_addr addr;
	enum pd_addr_kind kind;

	pd_addr_parse(word, &addr);
	kind = pd_addr_kind(&addr);
	if (kind != PD_ADDR_UNSPECIFIED && kind != PD_ADDR_LOOPBACK &&
	    !pd_str_eq(word, PD_STR("255.255.255.255"))) {
		a->why = PD_SKIP_SYNTAX;
		a->what = word;
		return skip(a);
	}
	a->rule.shape = PD_RULE_HOST;
	a->rule.party = PD_PARTY_BOTH;
	a->rule.types = PD_TYPE_DEFAULT;
	while ((word = pd_lines_word(&rest)).n > 0 && word.p[0] != '#') {
		if (give_host(a, word) < 0)
			return -1;
	}
	return 0;
}

static bool
is_comment(struct pd_str line)
{
	return line.p[0] == '!' ||
	       pd_str_casestarts(line, PD_STR("[Adblock")) ||
	       pd_str_casestarts(line, PD_STR("[uBlock")) ||
	       pd_str_casestarts(line, PD_STR("[AdGuard"));
}

static int
give_cosmetic(struct pd_adblock *a, struct pd_cosmetic *c)
{
	c->text = a->rule.text;
	c->line = a->rule.line;
	if (c->body.n > 0)
		return a->sink->cosmetic(a->sink->arg, c);
	a->why = PD_SKIP_SYNTAX;
	a->what = PD_STR("");
	return skip(a);
}

static int
read_line(struct pd_adblock *a, struct pd_str line, uint32_t number)
{
	struct pd_cosmetic c;

	line = pd_str_trim(line);
	if (line.n == 0 || is_comment(line))
		return 0;
	if (line.n > PD_ADBLOCK_LINE_MAX)
		return a->sink->skip(a->sink->arg, PD_SKIP_TOO_LONG,
		    PD_STR("line"), pd_str_of(line.p, PD_ADBLOCK_LINE_MAX),
		    number);
	begin(a, line, number);
	if (pd_adblock_cosmetic(line, &c))
		return give_cosmetic(a, &c);
	/* What has no mark of a cosmetic rule. */
	if (line.p[0] == '#')
		return 0;
	if (is_hosts_line(line))
		return read_hosts_line(a);
	return read_rule(a, line) < 0 ? skip(a) : give(a);
}

int
pd_parse_adblock(struct pd_lines *l, const struct pd_parse_params *p,
    const struct pd_rule_sink *sink)
{
	struct pd_adblock a = { .sink = sink };
	struct pd_str line;
	int result = 0;

	(void)p;
	while (result == 0 && pd_lines_next(l, &line))
		result = read_line(&a, line, l->line);
	finish(&a);
	return result;
}

int
pd_parse_adblock_line(
    struct pd_str line, uint32_t number, const struct pd_rule_sink *sink)
{
	struct pd_adblock a = { .sink = sink };
	int result = read_line(&a, line, number);

	finish(&a);
	return result;
}
