#include "adblock_help.h"

/* Counts them; each is the host that it should be. */
static int
on_any_rule(void *arg, const struct pd_rule *r)
{
	struct found *f = arg;

	f->nrules++;
	assert_int_equal(r->shape, PD_RULE_HOST);
	assert_true(pd_str_eq(r->pattern, PD_STR("a.example")));
	return 0;
}

static void
assert_nothing(const char *line)
{
	assert_int_equal(parse(line), 0);
	assert_int_equal(found.nrules + found.nskips + found.ncosmetics, 0);
}

static void
assert_cosmetic(const char *line, enum pd_cosmetic_kind kind, bool exception,
    const char *hosts, const char *body)
{
	assert_int_equal(parse(line), 0);
	if (found.ncosmetics != 1 || found.nrules != 0 || found.nskips != 0)
		fail_msg("%s: no cosmetic rule", line);
	assert_int_equal(found.cosmetic.kind, kind);
	assert_int_equal(found.cosmetic.exception, exception);
	assert_true(pd_str_eq(found.cosmetic.hosts, pd_str_z(hosts)));
	assert_true(pd_str_eq(found.cosmetic.body, pd_str_z(body)));
	assert_true(pd_str_eq(found.cosmetic.text, pd_str_z(line)));
	assert_int_equal(found.cosmetic.line, 7);
}

/* Cosmetic filters that are switched off are rules of their own. */
static void
cosmetics_switched_off(void **state)
{
	(void)state;
	assert_action("@@||x^$generichide", PD_RULE_GENERICHIDE, "");
	assert_types("@@||x^$generichide",
	    PD_TYPE_DOCUMENT | PD_TYPE_SUBDOCUMENT, false);
	assert_action("@@||x^$ghide", PD_RULE_GENERICHIDE, "");
	assert_action("@@||x^$shide", PD_RULE_SPECIFICHIDE, "");
	assert_action("@@||x^$ehide", PD_RULE_ELEMHIDE, "");
	assert_action("@@||x^$popup,elemhide", PD_RULE_ELEMHIDE, "");
	assert_int_equal(parse("@@||x^$document,elemhide,ghide"), 0);
	assert_int_equal(found.nrules, 3);
	assert_int_equal(found.rules[0].r.action, PD_RULE_BLOCK);
	assert_int_equal(found.rules[0].r.types, PD_TYPE_DOCUMENT);
	assert_int_equal(found.rules[1].r.action, PD_RULE_GENERICHIDE);
	assert_int_equal(found.rules[2].r.action, PD_RULE_ELEMHIDE);
	assert_action("||x^$inline-script", PD_RULE_CSP,
	    "script-src 'unsafe-eval' * blob: data:");
	assert_action("||x^$inline-font", PD_RULE_CSP, "font-src *");
	assert_int_equal(parse("||x^$inline-script,script"), 0);
	assert_int_equal(found.nrules, 2);
}

static void
cosmetic_rules(void **state)
{
	(void)state;
	assert_cosmetic("##.ad", PD_COSMETIC_CSS, false, "", ".ad");
	assert_cosmetic("###ad", PD_COSMETIC_CSS, false, "", "#ad");
	assert_cosmetic("a.org,~b.a.org##.ad:has(> a)", PD_COSMETIC_CSS, false,
	    "a.org,~b.a.org", ".ad:has(> a)");
	assert_cosmetic("a.org#@#.ad", PD_COSMETIC_CSS, true, "a.org", ".ad");
	assert_cosmetic("a.org##p:has-text(x)", PD_COSMETIC_PROCEDURAL, false,
	    "a.org", "p:has-text(x)");
	assert_cosmetic(
	    "a.org#?#p", PD_COSMETIC_PROCEDURAL, false, "a.org", "p");
	assert_cosmetic(
	    "a.org#@?#p", PD_COSMETIC_PROCEDURAL, true, "a.org", "p");
	assert_cosmetic("a.org##p:style(a: b)", PD_COSMETIC_STYLE, false,
	    "a.org", "p:style(a: b)");
	assert_cosmetic("a.org#$#p { a: b }", PD_COSMETIC_STYLE, false, "a.org",
	    "p { a: b }");
	assert_cosmetic("a.org#@$?#p { a: b }", PD_COSMETIC_STYLE, true,
	    "a.org", "p { a: b }");
	assert_cosmetic("a.org#$#abort-on-property-read x", PD_COSMETIC_SCRIPT,
	    false, "a.org", "abort-on-property-read x");
	assert_cosmetic("a.org##+js(x, $a=/b/)", PD_COSMETIC_SCRIPT, false,
	    "a.org", "+js(x, $a=/b/)");
	assert_cosmetic("a.org#%#//scriptlet('x')", PD_COSMETIC_SCRIPT, false,
	    "a.org", "//scriptlet('x')");
	assert_cosmetic(
	    "a.org#@%#x()", PD_COSMETIC_SCRIPT, true, "a.org", "x()");
	assert_cosmetic("a.org##^script:has-text(a)", PD_COSMETIC_HTML, false,
	    "a.org", "^script:has-text(a)");
	assert_cosmetic("a.org##^responseheader(location)",
	    PD_COSMETIC_RESPONSE_HEADER, false, "a.org",
	    "^responseheader(location)");
	assert_cosmetic("a.org$$div[id=\"x\"]", PD_COSMETIC_HTML, false,
	    "a.org", "div[id=\"x\"]");
	assert_cosmetic("a.org$@$div", PD_COSMETIC_HTML, true, "a.org", "div");
	assert_cosmetic("/^a\\.(b|c)$/##.ad", PD_COSMETIC_CSS, false,
	    "/^a\\.(b|c)$/", ".ad");
	assert_cosmetic("[$path=/x]a.org##.ad", PD_COSMETIC_CSS, false,
	    "[$path=/x]a.org", ".ad");
	assert_skips("a.org##", PD_SKIP_SYNTAX, "");
	/* Marks inside the value of an option. */
	assert_action(
	    "||a.org/x$removeparam=/##/", PD_RULE_REMOVEPARAM, "/##/");
	assert_action("||a.org/x$csp=$$", PD_RULE_CSP, "$$");
}

static void
lines_that_are_no_rules(void **state)
{
	(void)state;
	assert_nothing("");
	assert_nothing("  \t ");
	assert_nothing("! a comment ||a.org^");
	assert_nothing("!+ NOT_PLATFORM(windows)");
	assert_nothing("!#if x");
	assert_nothing("[Adblock Plus 2.0]");
	assert_nothing("[adblock]");
	assert_nothing("# a comment");
	assert_nothing("#");
}

static void
lines_of_hosts_files(void **state)
{
	(void)state;
	assert_pattern("0.0.0.0 Ads.example", PD_RULE_HOST, "ads.example", "");
	assert_types("127.0.0.1\tads.example # why", PD_TYPE_DEFAULT, false);
	assert_int_equal(parse(":: a.example b.example #c.example"), 0);
	assert_int_equal(found.nrules, 2);
	assert_string_equal(found.rules[1].pattern, "b.example");
	assert_false(found.rules[1].r.exact);
	assert_int_equal(found.rules[1].r.party, PD_PARTY_BOTH);
	assert_skips("127.0.0.1 localhost", PD_SKIP_NO_EFFECT, "localhost");
	assert_skips("0.0.0.0 0.0.0.0", PD_SKIP_NO_EFFECT, "0.0.0.0");
	assert_skips("192.0.2.1 a.example", PD_SKIP_SYNTAX, "192.0.2.1");
	assert_skips("0.0.0.0 a..b", PD_SKIP_HOST, "a..b");
}

/* Nothing of a line, nor its memory, stays for the next. */
static void
lines_do_not_mix(void **state)
{
	char list[8192] = "/a$domain=a.org,denyallow=b.org,popup,image,ghide,"
			  "inline-font,csp=x,3p,method=get\n/b\n";
	struct pd_rule_sink sink = { &found, on_rule, on_cosmetic, on_skip };
	struct pd_parse_params params = { PD_RULE_BLOCK, false };
	struct pd_lines l;
	const struct kept *k = &found.rules[3];
	size_t n;

	(void)state;
	memset(&found, 0, sizeof(found));
	pd_lines_memory(&l, pd_str_z(list), "list", NULL);
	assert_int_equal(pd_parse_adblock(&l, &params, &sink), 0);
	pd_lines_finish(&l);
	assert_int_equal(found.nrules, 4);
	assert_string_equal(k->pattern, "/b");
	assert_string_equal(k->from, "");
	assert_string_equal(k->to, "");
	assert_string_equal(k->value, "");
	assert_int_equal(k->r.types, PD_TYPE_DEFAULT);
	assert_int_equal(k->r.party, PD_PARTY_BOTH);
	assert_int_equal(k->r.methods, 0);
	/* Enough such names for the memory of several lines. */
	n = (size_t)snprintf(list, sizeof(list), "%s", "");
	while (n < 4000)
		n += (size_t)snprintf(
		    list + n, sizeof(list) - n, "||A.example^\n");
	pd_lines_memory(&l, pd_str_z(list), "list", NULL);
	memset(&found, 0, sizeof(found));
	sink.rule = on_any_rule;
	assert_int_equal(pd_parse_adblock(&l, &params, &sink), 0);
	pd_lines_finish(&l);
	assert_int_equal(found.nrules, n / strlen("||A.example^\n"));
}

/* Long rules are taken; what would be past all measure is refused. */
static void
limits(void **state)
{
	struct pd_rule_sink sink = { &found, on_rule, on_cosmetic, on_skip };
	size_t n = 100 * 1024;
	char *line = malloc(n + 1), *p = line;

	(void)state;
	memset(line, 'a', n);
	line[n] = '\0';
	memset(&found, 0, sizeof(found));
	pd_parse_adblock_line(pd_str_of(line, 64 * 1024 + 1), 7, &sink);
	assert_int_equal(found.why, PD_SKIP_TOO_LONG);
	assert_string_equal(found.what, "line");
	memset(&found, 0, sizeof(found));
	pd_parse_adblock_line(pd_str_of(line, 5000), 7, &sink);
	assert_int_equal(found.why, PD_SKIP_TOO_LONG);
	assert_string_equal(found.what, "pattern");
	p += sprintf(p, "/x$domain=a.b");
	for (int i = 0; i < 8192; i++)
		p += sprintf(p, "|a.b");
	memset(&found, 0, sizeof(found));
	pd_parse_adblock_line(pd_str_of(line, (size_t)(p - line)), 7, &sink);
	assert_int_equal(found.nrules, 0);
	assert_int_equal(found.why, PD_SKIP_TOO_LONG);
	assert_string_equal(found.what, "domain");
	free(line);
}

static void
lists_keep_their_line_numbers_and_stop(void **state)
{
	static const char list[] = "[Adblock Plus 2.0]\r\n! Title: x\r\n\r\n"
				   "||a.example^\r\nan error\r\n##.ad\r\n";
	struct pd_rule_sink sink = { &found, on_rule, on_cosmetic, on_skip };
	struct pd_parse_params params = { PD_RULE_BLOCK, false };
	struct pd_lines l;

	(void)state;
	memset(&found, 0, sizeof(found));
	pd_lines_memory(&l, PD_STR(list), "list", NULL);
	assert_int_equal(pd_parse_adblock(&l, &params, &sink), 0);
	pd_lines_finish(&l);
	assert_int_equal(found.nrules, 1);
	assert_int_equal(found.rules[0].r.line, 4);
	assert_int_equal(found.line, 5);
	assert_int_equal(found.cosmetic.line, 6);
	/* A sink that has enough. */
	memset(&found, 0, sizeof(found));
	found.result = -1;
	pd_lines_memory(&l, PD_STR(list), "list", NULL);
	assert_int_equal(pd_parse_adblock(&l, &params, &sink), -1);
	pd_lines_finish(&l);
	assert_int_equal(found.nrules, 1);
	assert_int_equal(found.nskips, 0);
	assert_int_equal(parse("an error"), -1);
	assert_int_equal(parse("##.ad"), -1);
	assert_int_equal(parse("0.0.0.0 a.example"), -1);
	assert_int_equal(parse("@@||x^$generichide"), -1);
	found.result = 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cosmetics_switched_off),
		cmocka_unit_test(cosmetic_rules),
		cmocka_unit_test(lines_that_are_no_rules),
		cmocka_unit_test(lines_of_hosts_files),
		cmocka_unit_test(lines_do_not_mix),
		cmocka_unit_test(limits),
		cmocka_unit_test(lists_keep_their_line_numbers_and_stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
