#include "filters/block/match.h"
#include "filters/block/source.h"

#include "collect.h"

static void
sections(void **state)
{
	(void)state;
	assert_parsed(pd_parse_privoxy,
	    "# comment\n"
	    "{{settings}}\n"
	    "for-privoxy-version=3.0.11\n"
	    "{{description}}\n"
	    ".described.example\n"
	    "{+block{Ads and {braces}.} -filter{x}}\n"
	    ".a.example\n"
	    "Ad*.B.example # comment\n"
	    "  c.\n"
	    "\n"
	    "{-filter}\n"
	    "d.example\n"
	    "{ -block }\n"
	    "e.example/\n"
	    "{+block}\n"
	    "/(.*/)?ad/\n"
	    "{+block{x} -block{}}\n"
	    "f.example\n",
	    "7: block actions .a.example\n"
	    "8: block actions ad*.b.example\n"
	    "9: block actions c.\n"
	    "12: skip no-effect: d.example\n"
	    "14: allow actions e.example\n"
	    "16: block actions  path=/(.*/)?ad/\n"
	    "18: allow actions f.example\n");
}

static void
aliases(void **state)
{
	(void)state;
	assert_parsed(pd_parse_privoxy,
	    "{{alias}}\n"
	    "+block-as-image = +block{Image.} +handle-as-image\n"
	    " fragile = -block \\\n"
	    "           -filter\n"
	    "myfilters = +filter{a} +filter{b}\n"
	    "shop = FRAGILE myfilters\n"
	    "neither nor\n"
	    "{+block-as-image}\n"
	    "a.example\n"
	    "{ \\\n"
	    "  Shop \\\n"
	    "}\n"
	    "b.example\n"
	    "{myfilters}\n"
	    "c.example\n"
	    "{shop +block-as-image}\n"
	    "d.example\n"
	    "{unknown}\n"
	    "e.example\n",
	    "7: skip syntax: neither nor\n"
	    "9: block actions a.example\n"
	    "13: allow actions b.example\n"
	    "15: skip no-effect: c.example\n"
	    "17: block actions d.example\n"
	    "19: skip no-effect: e.example\n");
}

static void
patterns(void **state)
{
	(void)state;
	assert_parsed(pd_parse_privoxy,
	    "{+block{x}}\n"
	    "/\n"
	    "a.example:8080\n"
	    "a.example:8000-9000,80/x\n"
	    ":443,1-10,5000-,-9\n"
	    "<2001:DB8::1>:80/x\n"
	    "<[2001:db8::1]>\n"
	    "<2001:[0-9a-f]*:1>\n"
	    "www[1-9a-ez].example/(?-i)Case\n"
	    ".?pix.example/a\\#b\n"
	    "192.168.*.\n",
	    "2: block actions \n"
	    "3: block actions a.example port=8080\n"
	    "4: block actions a.example port=8000-9000,80 path=/x\n"
	    "5: block actions  port=443,1-10,5000-65535,0-9\n"
	    "6: block actions 2001:db8::1 port=80 path=/x\n"
	    "7: block actions 2001:db8::1\n"
	    "8: block actions 2001:[0-9a-f]*:1\n"
	    "9: block actions www[1-9a-ez].example path=/(?-i)Case\n"
	    "10: block actions .?pix.example path=/a#b\n"
	    "11: block actions 192.168.*.\n");
}

static void
hosts_as_expressions(void **state)
{
	(void)state;
	assert_parsed(pd_parse_privoxy,
	    "{+block{x}}\n"
	    "PCRE-HOST-PATTERN:^a{3}\\.example\\.org$\n"
	    "PCRE-HOST-PATTERN:ad.\n"
	    "PCRE-HOST-PATTERN:a|b/x(y|z)\n"
	    "PCRE-HOST-PATTERN:^(a|b$)$\n"
	    "PCRE-HOST-PATTERN:^a|b$\n"
	    "PCRE-HOST-PATTERN:^[^a]$\n"
	    "PCRE-HOST-PATTERN:^\\S$\n"
	    "PCRE-HOST-PATTERN:\n"
	    "PCRE-HOST-PATTERN:a)(b\n"
	    "PCRE-HOST-PATTERN:a/(\n",
	    "2: block regex "
	    "^[a-z]+://(?:a{3}\\.example\\.org)(?::\\d+)?/\n"
	    "3: block regex "
	    "^[a-z]+://[^/:]*?(?:ad[^/:])[^/:]*(?::\\d+)?/\n"
	    "4: block regex ^[a-z]+://[^/:]*?(?:a|b)[^/:]*(?::\\d+)?"
	    "(?:/x(y|z))\n"
	    "5: skip option-unsupported: PCRE-HOST-PATTERN:^(a|b$)$\n"
	    "6: skip option-unsupported: PCRE-HOST-PATTERN:^a|b$\n"
	    "7: skip option-unsupported: PCRE-HOST-PATTERN:^[^a]$\n"
	    "8: skip option-unsupported: PCRE-HOST-PATTERN:^\\S$\n"
	    "9: skip option-unsupported: PCRE-HOST-PATTERN:\n"
	    "10: skip option-unsupported: PCRE-HOST-PATTERN:a)(b\n"
	    "11: skip regex: PCRE-HOST-PATTERN:a/(\n");
}

static void
wrong_lines(void **state)
{
	struct collected c;
	struct pd_parse_params params = { .action = PD_RULE_BLOCK };

	(void)state;
	collect(&c, pd_parse_privoxy, &params,
	    PD_STR("early.example\n"
		   "{+block{x}}\n"
		   "a b.example\n"
		   "www[1-9.example\n"
		   "www[].example\n"
		   "a.example:\n"
		   "a.example:9000-80\n"
		   "a.example:70000\n"
		   "a.example/(\n"
		   "a.example/(*ANY)x\n"
		   "TAG:^x\n"
		   "CLIENT-TAG:^x$\n"
		   "NO-REQUEST-TAG:x\n"
		   "{+block\n"
		   "below.example\n"));
	assert_string_equal(c.text, "1: skip syntax: early.example\n"
				    "3: skip pattern: a b.example\n"
				    "4: skip pattern: www[1-9.example\n"
				    "5: skip pattern: www[].example\n"
				    "6: skip pattern: a.example:\n"
				    "7: skip pattern: a.example:9000-80\n"
				    "8: skip pattern: a.example:70000\n"
				    "9: skip regex: a.example/(\n"
				    "10: skip regex: a.example/(*ANY)x\n"
				    "11: skip option-unsupported: TAG:^x\n"
				    "12: skip option-unsupported: "
				    "CLIENT-TAG:^x$\n"
				    "13: skip option-unsupported: "
				    "NO-REQUEST-TAG:x\n"
				    "14: skip syntax: {+block\n"
				    "15: skip no-effect: below.example\n");
}

/* Lines that go on to the end of the file, and past a limit. */
static void
endless_lines(void **state)
{
	static char text[2 * 1024 * 1024];
	struct collected c;
	struct pd_parse_params params = { .action = PD_RULE_BLOCK };
	size_t n = 0;

	(void)state;
	assert_parsed(pd_parse_privoxy, "{+block{x}}\na.example\\", /* end */
	    "2: block actions a.example\n");
	n += (size_t)sprintf(text, "{+block{x}}\n");
	while (n < sizeof(text) - 128)
		n += (size_t)sprintf(text + n,
		    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\\\n");
	n += (size_t)sprintf(text + n, "\nlast.example\n");
	collect(&c, pd_parse_privoxy, &params, pd_str_of(text, n));
	assert_int_equal(c.skips, 2);
	assert_told(&c.report, "host too long");
	assert_int_equal(c.rules, 1);
	assert_non_null(strstr(c.text, "block actions last.example\n"));
}

/*
 * An actions file with its tests in it, written as Privoxy's own are: each
 * "# Blocked URL = x" is blocked by all of the file, each "# URL = x" passes.
 */
static const char actions_file[] =
    "{{alias}}\n"
    "+block-as-image = +block{Image.} +handle-as-image\n"
    "fragile = -block -filter\n"
    "{+block{Host matches.}}\n"
    "# Blocked URL = http://ad.example/\n"
    "# Blocked URL = http://adserver7.example.org/x\n"
    "# URL = http://bad.example/\n"
    "ad*.\n"
    "# Blocked URL = http://tracker.example/\n"
    "# Blocked URL = https://a.tracker.example:8443/x\n"
    "# URL = http://mytracker.example/\n"
    ".tracker.example\n"
    "# Blocked URL = http://a.middle.b.example/\n"
    "# URL = http://a.middles.example/\n"
    ".middle.\n"
    "# Blocked URL = http://www1.class.example/\n"
    "# Blocked URL = http://wwwc.class.example/\n"
    "# URL = http://www4.class.example/\n"
    "# URL = http://www11.class.example/\n"
    "www[1-3a-e].class.example\n"
    "# Blocked URL = http://xpix.example/\n"
    "# Blocked URL = http://a.b.xpix.example/\n"
    "# URL = http://xxpix.example/\n"
    ".?pix.example\n"
    "# Blocked URL = http://port.example:8080/\n"
    "# URL = http://port.example/\n"
    "port.example:8000-9000\n"
    "# Blocked URL = http://own.example/\n"
    "# Blocked URL = http://own.example:80/\n"
    "# URL = https://own.example/\n"
    "own.example:80\n"
    "# Blocked URL = http://[2001:db8::1]/\n"
    "# URL = http://[2001:db8::2]/\n"
    "<2001:db8::1>\n"
    "# Blocked URL = http://aaa.expression.example/\n"
    "# URL = http://aaaa.expression.example/\n"
    "PCRE-HOST-PATTERN:^a{3}\\.expression\\.example$\n"
    "{+block-as-image}\n"
    "# Blocked URL = http://any.example/x/banners/1.gif\n"
    "# Blocked URL = http://any.example/BANNERS/\n"
    "# URL = http://any.example/xbanners/1.gif\n"
    "/(.*/)?banners/\n"
    "# Blocked URL = http://case.example/Case\n"
    "# URL = http://case.example/case\n"
    "case.example/(?-i)Case\n"
    "# Blocked URL = http://any.example/a?popup=1\n"
    "/a\\?pop|/never\n"
    "# URL = http://any.example/x/never\n"
    "{fragile}\n"
    "# URL = http://ad.allowed.example/banners/\n"
    ".allowed.example/\n"
    "# URL = http://ads.later.example/\n"
    ".later.example\n"
    "{+block{After all.}}\n"
    "# Blocked URL = http://ads.later.example/after\n"
    ".later.example/after\n"
    "{-filter}\n"
    "# Blocked URL = http://ads.other.example/\n"
    "other.example\n";

static void
check_url(const struct pd_set *set, struct pd_scratch *scratch,
    struct pd_str url, bool blocked)
{
	struct pd_match_query q = {
		.types = PD_TYPE_DOCUMENT,
		.party = PD_SOURCE_UNKNOWN,
		.method = PD_METHOD_GET,
		.lists = PD_MATCH_LISTS_ALL,
	};
	struct pd_match match;
	char text[128];
	const char *port;

	/* As queries are: without the scheme's own port. */
	snprintf(text, sizeof(text), "%.*s", PD_STR_ARG(url));
	port = strstr(text, ":80/");
	if (port != NULL)
		memmove(text + (port - text), port + 3, strlen(port + 3) + 1);
	assert_int_equal(pd_match_split(&q, pd_str_z(text)), 0);
	pd_match_request(set, scratch, &q, &match);
	if ((match.kind == PD_MATCH_BLOCK) != blocked)
		fail_msg("%s: kind %d by %.*s", text, match.kind,
		    PD_STR_ARG(match.rule.text));
}

static void
the_tests_of_an_actions_file(void **state)
{
	struct pd_compile_options options = { .seed = 7 };
	struct pd_compiler *compiler = pd_compiler_create(&options);
	struct pd_scratch *scratch = pd_scratch_create();
	struct pd_source_params params = { .name = PD_STR("actions"),
		.file_name = PD_STR("test.action") };
	struct pd_compiled compiled;
	struct report report;
	struct pd_str text = pd_str_z(actions_file);
	struct pd_set *set;
	const char *why;
	unsigned urls = 0;

	(void)state;
	assert_int_equal(
	    pd_source_read_text(compiler, &params, text, report_begin(&report)),
	    0);
	assert_int_equal(report.lines, 0);
	assert_int_equal(pd_compiler_finish(compiler, &compiled, &why), 0);
	set = pd_set_copy(compiled.bytes, compiled.n, &why);
	assert_non_null(set);
	while (text.p != NULL) {
		struct pd_str url = pd_str_split(&text, '\n');
		struct pd_str key = pd_str_split(&url, '=');
		bool blocked = pd_str_eq(key, PD_STR("# Blocked URL "));

		if (!blocked && !pd_str_eq(key, PD_STR("# URL ")))
			continue;
		check_url(set, scratch, pd_str_trim(url), blocked);
		urls++;
	}
	assert_int_equal(urls, 35);
	pd_set_unref(set);
	free(compiled.bytes);
	free(compiled.cosmetic);
	pd_scratch_destroy(scratch);
	pd_compiler_destroy(compiler);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sections),
		cmocka_unit_test(aliases),
		cmocka_unit_test(patterns),
		cmocka_unit_test(hosts_as_expressions),
		cmocka_unit_test(wrong_lines),
		cmocka_unit_test(endless_lines),
		cmocka_unit_test(the_tests_of_an_actions_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
