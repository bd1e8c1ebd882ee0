#include "adblock_help.h"

static void
hosts_are_told_from_patterns(void **state)
{
	(void)state;
	assert_pattern("||ads.example^", PD_RULE_HOST, "ads.example", "");
	assert_pattern("  ||Ads.Example^  ", PD_RULE_HOST, "ads.example", "");
	assert_pattern(
	    "||ads.example^$script", PD_RULE_HOST, "ads.example", "");
	assert_pattern("||ads.example^*", PD_RULE_HOST, "ads.example", "");
	assert_pattern("@@||a_b.example^", PD_RULE_HOST, "a_b.example", "");
	assert_pattern("||zip^", PD_RULE_HOST, "zip", "");
	assert_pattern("||192.0.2.7^", PD_RULE_HOST, "192.0.2.7", "");
	assert_pattern("||[2001:DB8::1]^", PD_RULE_HOST, "2001:db8::1", "");
	assert_pattern("||b\xc3\xbc"
		       "cher.example^",
	    PD_RULE_HOST, "xn--bcher-kva.example", "");
	/* Not on the host alone. */
	assert_pattern("||ads.example", PD_RULE_PATTERN, "ads.example", "h");
	assert_pattern(
	    "||ads.example^|", PD_RULE_PATTERN, "ads.example^", "he");
	assert_pattern("||ads.example/", PD_RULE_PATTERN, "ads.example/", "h");
	assert_pattern(
	    "||ads.example.^", PD_RULE_PATTERN, "ads.example.^", "h");
	assert_pattern("||ads.*^", PD_RULE_PATTERN, "ads.*^", "h");
	assert_pattern("||192.0.2^", PD_RULE_PATTERN, "192.0.2^", "h");
	assert_pattern("|ads.example^", PD_RULE_PATTERN, "ads.example^", "s");
	assert_pattern("ads.example^", PD_RULE_PATTERN, "ads.example^", "");
	assert_pattern("ads.example", PD_RULE_PATTERN, "ads.example", "");
}

static void
anchors_and_stars_at_the_ends(void **state)
{
	(void)state;
	assert_pattern("/banner.", PD_RULE_PATTERN, "/banner.", "");
	assert_pattern("*/banner/*", PD_RULE_PATTERN, "/banner/", "");
	assert_pattern(
	    "|http://a.example|", PD_RULE_PATTERN, "http://a.example", "se");
	assert_pattern("|*a.js*|", PD_RULE_PATTERN, "a.js", "");
	assert_pattern("||*.a.example^", PD_RULE_PATTERN, ".a.example^", "");
	assert_pattern("a|b", PD_RULE_PATTERN, "a|b", "");
	assert_pattern("/Ad*Frame?X=", PD_RULE_PATTERN, "/Ad*Frame?X=", "");
}

static void
what_a_url_has_not_is_put_as_it_has_it(void **state)
{
	(void)state;
	assert_pattern("||b\xc3\xbc"
		       "cher.example/\xc3\xa4",
	    PD_RULE_PATTERN, "xn--bcher-kva.example/%C3%A4", "h");
	assert_pattern("://b\xc3\xbc"
		       "cher.example:80/",
	    PD_RULE_PATTERN, "://xn--bcher-kva.example:80/", "");
	assert_pattern("300\xc3\x97"
		       "250",
	    PD_RULE_PATTERN, "300%C3%97250", "");
	assert_pattern("||b\xc3\xbc"
		       "cher.*^",
	    PD_RULE_PATTERN, "xn--bcher-kva.*^", "h");
	/* No whole name. */
	assert_pattern(
	    "||\xc3\xbc*.example/", PD_RULE_PATTERN, "%C3%BC*.example/", "h");
	/* Bytes that are no text. */
	assert_pattern("/a\xff/b", PD_RULE_PATTERN, "/a%FF/b", "");
}

static void
regular_expressions(void **state)
{
	(void)state;
	assert_pattern("/ads/", PD_RULE_REGEX, "ads", "");
	assert_pattern("/^https?:\\/\\/[a-z]{3,4}\\.example\\//$script",
	    PD_RULE_REGEX, "^https?:\\/\\/[a-z]{3,4}\\.example\\/", "");
	assert_pattern("@@/a$|b/", PD_RULE_REGEX, "a$|b", "");
	assert_pattern("/a/b", PD_RULE_PATTERN, "/a/b", "");
	assert_pattern("//$image", PD_RULE_PATTERN, "//", "");
	assert_skips("/a(b/", PD_SKIP_REGEX, "pattern");
	assert_skips("/a(b/$image", PD_SKIP_REGEX, "pattern");
	assert_true(rule("/Ad/$match-case")->r.match_case);
}

static void
wide_patterns_want_an_option(void **state)
{
	static const char *const wide[] = { "*", "**", "|", "||", "||^", "^",
		"@@*", "*$all", "http", "|https://", "://", "//", "*$important",
		"@@*$ghide,all", NULL };
	static const char *const fine[] = { "*$image", "$domain=a.org",
		"||^$third-party", "*$removeparam=x", "*$1p", "|http://$xhr",
		"*$to=a.org", "*$method=post", "*$csp=x", "*$ipaddress=lan",
		"*$header=x", "httpx", "|//", "@@*$ghide", NULL };

	(void)state;
	for (size_t i = 0; wide[i] != NULL; i++)
		assert_skips(wide[i], PD_SKIP_PATTERN_WIDE, "pattern");
	for (size_t i = 0; fine[i] != NULL; i++)
		rule(fine[i]);
	assert_pattern("$domain=a.org", PD_RULE_PATTERN, "", "");
}

static void
patterns_that_are_none(void **state)
{
	(void)state;
	assert_skips("an ad$script", PD_SKIP_PATTERN, "blank");
	assert_skips("some words", PD_SKIP_PATTERN, "blank");
	/* Fragments are not sent. */
	assert_skips("*.png#$image", PD_SKIP_NO_EFFECT, "fragment");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hosts_are_told_from_patterns),
		cmocka_unit_test(anchors_and_stars_at_the_ends),
		cmocka_unit_test(what_a_url_has_not_is_put_as_it_has_it),
		cmocka_unit_test(regular_expressions),
		cmocka_unit_test(wide_patterns_want_an_option),
		cmocka_unit_test(patterns_that_are_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
