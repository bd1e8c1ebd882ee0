/*
 * The list syntaxes but Adblock's: format, hosts, domains, Ziproxy's, actions
 * files, name servers'. The first byte chooses. Every rule is one that the
 * compiler may rely on.
 */
#include <stdlib.h>

#include "filters/block/parse.h"
#include "filters/block/regex.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
ignore(void *arg, bool error, const char *text)
{
	(void)arg;
	(void)error;
	if (strlen(text) > 1023)
		abort();
}

static const struct pd_conf_report report = { ignore, NULL };

static void
expect(bool fine)
{
	if (!fine)
		abort();
}

/* Reads each byte: it must be there. */
static size_t
touch(struct pd_str s)
{
	size_t sum = 0;

	for (size_t i = 0; i < s.n; i++)
		sum += (unsigned char)s.p[i];
	return sum;
}

static void
check_host(struct pd_str host)
{
	char buf[PD_HOST_TEXT];
	struct pd_str normal;

	expect(pd_host_normal(host, buf, &normal) != PD_HOST_FORM_BAD);
	expect(pd_str_eq(host, normal));
}

static int
take_rule(void *arg, const struct pd_rule *r)
{
	char buf[128];

	(void)arg;
	expect(r->types != 0 && r->party != 0 && r->line > 0);
	expect(r->text.n > 0);
	touch(r->text);
	touch(r->pattern);
	touch(r->path_regex);
	touch(r->port);
	for (size_t i = 0; i < r->to.n; i++)
		expect(r->to.v[i].name.n > 0 && touch(r->to.v[i].name) > 0);
	switch (r->shape) {
	case PD_RULE_HOST:
		check_host(r->pattern);
		break;
	case PD_RULE_PATTERN:
		expect(r->pattern.n > 0 && r->start_anchor);
		break;
	case PD_RULE_REGEX:
		/* The parser's own, from any path: it must compile, unless
		 * that is too long. */
		expect(pd_regex_check(r->pattern, 0, buf) == NULL ||
		       r->pattern.n > 1000);
		break;
	case PD_RULE_ACTION_FILE:
		expect(r->ordered && r->pattern.n < PD_HOST_TEXT);
		expect(pd_regex_check(r->path_regex,
			   PD_REGEX_NOCASE | PD_REGEX_ANCHORED, buf) == NULL);
		break;
	}
	return 0;
}

static int
take_cosmetic(void *arg, const struct pd_cosmetic *c)
{
	(void)arg;
	(void)c;
	/* None of these has such rules. */
	abort();
}

static int
take_skip(void *arg, enum pd_rule_skip why, struct pd_str what,
    struct pd_str text, uint32_t line)
{
	(void)arg;
	expect(why < PD_RULE_SKIP_KINDS && line > 0);
	touch(what);
	touch(text);
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static pd_parse_fn *const parsers[] = { pd_parse_hosts,
		pd_parse_domains, pd_parse_ziproxy, pd_parse_privoxy,
		pd_parse_dns };
	static const struct pd_rule_sink sink = { NULL, take_rule,
		take_cosmetic, take_skip };
	struct pd_parse_params params = { .action = PD_RULE_BLOCK };
	struct pd_lines l;
	struct pd_str text;

	if (size == 0)
		return 0;
	text = pd_str_of((const char *)data + 1, size - 1);
	params.subdomains = (data[0] & 0x80) != 0;
	pd_parse_refusal(pd_parse_format(text, (data[0] & 0x40) != 0));
	pd_lines_memory(&l, text, "list", &report);
	expect(parsers[data[0] % 5](&l, &params, &sink) == 0);
	expect(pd_lines_finish(&l) == 0);
	return 0;
}
