#include "filters/block/parse.h"

#include "collect.h"

static enum pd_parse_format
format_of(const char *text)
{
	return pd_parse_format(pd_str_z(text), true);
}

static void
format_is_told_by_contents(void **state)
{
	(void)state;
	assert_int_equal(format_of(""), PD_PARSE_EMPTY);
	assert_int_equal(format_of("# a\n\n! b\n; c\n"), PD_PARSE_EMPTY);
	assert_int_equal(format_of("# t\n0.0.0.0 a.example\n"), PD_PARSE_HOSTS);
	assert_int_equal(
	    format_of("127.0.0.1\ta.example # x\r\n"), PD_PARSE_HOSTS);
	assert_int_equal(format_of("::1 localhost\nfe80::1%lo0 localhost\n"),
	    PD_PARSE_HOSTS);
	assert_int_equal(format_of("a.example\n*.b.example\n.c.example\n"),
	    PD_PARSE_DOMAINS);
	assert_int_equal(
	    format_of("a.example # why\nb.example"), PD_PARSE_DOMAINS);
	assert_int_equal(format_of("[Adblock Plus 2.0]\na.example\nb.org\n"),
	    PD_PARSE_ADBLOCK);
	assert_int_equal(format_of("! Title\n||a.example^\n@@||b.example^\n"),
	    PD_PARSE_ADBLOCK);
	assert_int_equal(
	    format_of("-banner-$image\n/x$3p\n"), PD_PARSE_ADBLOCK);
	assert_int_equal(
	    format_of("! Title: mine\n-banner-\n/ads/\n"), PD_PARSE_ADBLOCK);
	assert_int_equal(format_of("a.example##.ad\n"), PD_PARSE_ADBLOCK);
	assert_int_equal(format_of("##.ad\n"), PD_PARSE_ADBLOCK);
	assert_int_equal(format_of("## .ad\n"), PD_PARSE_EMPTY);
	assert_int_equal(
	    format_of("\n<!DOCTYPE html>\n<title>404\n"), PD_PARSE_HTML);
	assert_int_equal(format_of("http://a.example/*\n"), PD_PARSE_ZIPROXY);
	assert_int_equal(
	    format_of("address=/a.example/0.0.0.0\n"), PD_PARSE_DNSMASQ);
	assert_int_equal(
	    format_of("server:\n  local-zone: \"a.example.\" static\n"),
	    PD_PARSE_UNBOUND);
	assert_int_equal(
	    format_of("{ +block{ads} }\n.a.example\n{x}\n"), PD_PARSE_PRIVOXY);
	assert_int_equal(
	    format_of("$TTL 60\na.example CNAME .\n"), PD_PARSE_RPZ);
	assert_int_equal(
	    format_of("; zone\n*.a.example 60 IN CNAME .\n"), PD_PARSE_RPZ);
	assert_int_equal(format_of("\x1f\x8b\x08"), PD_PARSE_PACKED);
	assert_int_equal(
	    pd_parse_format(PD_STR("a\0.example"), true), PD_PARSE_BINARY);
	assert_int_equal(
	    format_of("/banner/ad.\n-ads-\n?ad_id=\n"), PD_PARSE_ADBLOCK);
	assert_int_equal(
	    format_of("/banner/ad.\n404 page not found\n"), PD_PARSE_UNKNOWN);
	assert_int_equal(format_of("Not found\n"), PD_PARSE_UNKNOWN);
	assert_int_equal(format_of("Some text\nthat says.\nnothing here\n"),
	    PD_PARSE_UNKNOWN);
}

static void
a_cut_last_line_has_no_vote(void **state)
{
	struct pd_str head = PD_STR("||x.example^\na.exam");

	(void)state;
	assert_int_equal(pd_parse_format(head, false), PD_PARSE_ADBLOCK);
	assert_int_equal(pd_parse_format(head, true), PD_PARSE_DOMAINS);
	/* Unless it is all there is. */
	assert_int_equal(
	    pd_parse_format(PD_STR("a.example"), false), PD_PARSE_DOMAINS);
}

static void
a_format_is_read_or_refused(void **state)
{
	(void)state;
	for (int f = PD_PARSE_EMPTY; f <= PD_PARSE_UNKNOWN; f++) {
		bool read = f >= PD_PARSE_HOSTS && f <= PD_PARSE_RPZ;
		enum pd_parse_format format = (enum pd_parse_format)f;

		assert_true((pd_parse_of(format) != NULL) == read);
		assert_true((pd_parse_refusal(format) == NULL) ==
			    (read || f == PD_PARSE_EMPTY));
		assert_non_null(pd_parse_format_name(format));
	}
	assert_string_equal(pd_parse_format_name(PD_PARSE_RPZ), "rpz");
}

static void
hosts_file(void **state)
{
	(void)state;
	assert_parsed(pd_parse_hosts,
	    "\xef\xbb\xbf# title\r\n"
	    "127.0.0.1 localhost localhost.localdomain\r\n"
	    "fe80::1%lo0 localhost\r\n"
	    "255.255.255.255 broadcasthost\r\n"
	    "0.0.0.0 Ads.Example.org tracker.example\r\n"
	    "\t127.0.0.1\t \tb.example# comment\r\n"
	    ":: c.example.\r\n"
	    "0 d.example\r\n"
	    "! other comment\r\n"
	    "0.0.0.0 10.1.2.3",
	    "2: skip no-effect: localhost\n"
	    "2: skip no-effect: localhost.localdomain\n"
	    "3: skip no-effect: localhost\n"
	    "4: skip no-effect: broadcasthost\n"
	    "5: block host ads.example.org\n"
	    "5: block host tracker.example\n"
	    "6: block host b.example\n"
	    "7: block host c.example\n"
	    "8: block host d.example\n"
	    "10: block host 10.1.2.3\n");
}

static void
hosts_file_with_wrong_lines(void **state)
{
	struct collected c;
	struct pd_parse_params params = { .action = PD_RULE_BLOCK };

	(void)state;
	collect(&c, pd_parse_hosts, &params,
	    PD_STR("0.0.0.0\n"
		   "a.example\n"
		   "0.0.0.0 -/-.example good.example\n"
		   "192.168.1.7 nas.example\n"
		   "0.0.0.0 last.example\n"));
	assert_int_equal(c.wrong, 4);
	assert_int_equal(c.report.errors, 0);
	assert_told(&c.report, "list:1: \"0.0.0.0\": an address and no name");
	assert_told(&c.report, "list:2: \"a.example\": no address");
	assert_told(&c.report, "list:3: \"-/-.example\": no host name");
	assert_told(&c.report, "list:4: \"nas.example\": is given a real");
	assert_string_equal(c.text, "1: skip syntax: 0.0.0.0\n"
				    "2: skip syntax: a.example\n"
				    "3: skip host: -/-.example\n"
				    "3: block host good.example\n"
				    "4: skip no-effect: nas.example\n"
				    "5: block host last.example\n");
}

static void
hosts_file_with_what_is_below(void **state)
{
	struct collected c;
	struct pd_parse_params params = { .action = PD_RULE_BLOCK,
		.subdomains = true };

	(void)state;
	collect(&c, pd_parse_hosts, &params,
	    PD_STR("0.0.0.0 a.example zip\n0.0.0.0 192.0.2.1\n"));
	assert_string_equal(c.text, "1: block host .a.example\n"
				    "1: block host zip\n"
				    "2: block host 192.0.2.1\n");
}

static void
domain_list(void **state)
{
	struct collected c;
	struct pd_parse_params params = { .action = PD_RULE_BLOCK };

	(void)state;
	collect(&c, pd_parse_domains, &params,
	    PD_STR("# title\n"
		   "! title\n"
		   "Ads.example\n"
		   "*.b.example # comment\n"
		   ".c.example\n"
		   "*.zip\n"
		   "com\n"
		   "a b\n"
		   "d*.example\n"
		   "192.0.2.9\n"
		   "https://e.example/\n"
		   "\xd0\xbf\xd1\x80.example\n"));
	assert_int_equal(c.wrong, 4);
	assert_told(&c.report, "list:7: \"com\": a single label");
	assert_told(&c.report, "list:8: \"a b\": more than one word");
	assert_string_equal(c.text, "3: block host .ads.example\n"
				    "4: block host .b.example\n"
				    "5: block host .c.example\n"
				    "6: block host .zip\n"
				    "7: skip host: com\n"
				    "8: skip host: a b\n"
				    "9: skip host: d*.example\n"
				    "10: block host 192.0.2.9\n"
				    "11: skip host: https://e.example/\n"
				    "12: block host .xn--o1ac.example\n");
}

static void
ten_wrong_lines_are_told_then_counted(void **state)
{
	struct collected c;
	struct pd_parse_params params = { .action = PD_RULE_BLOCK };

	(void)state;
	collect(&c, pd_parse_domains, &params,
	    PD_STR("?\n?\n?\n?\n?\n?\n?\n?\n?\n?\n?\n?\n?\nok.example\n"));
	assert_int_equal(c.wrong, 13);
	assert_int_equal(c.skips, 13);
	assert_int_equal(c.report.lines, 11);
	assert_told(&c.report, "list:10:");
	assert_null(strstr(c.report.text, "list:11:"));
	assert_told(&c.report, "list: 3 more lines are wrong");
	assert_int_equal(c.rules, 1);
}

static void
ziproxy_list(void **state)
{
	struct collected c;
	struct pd_parse_params params = { .action = PD_RULE_DENY };

	(void)state;
	collect(&c, pd_parse_ziproxy, &params,
	    PD_STR("# comment\n"
		   "http://Root.example\n"
		   "http://one.example/Ads/*.gif\r\n"
		   "  http://Site.example/*  \n"
		   "http://*.below.example/*\n"
		   "http://*.below.example/x\n"
		   "http://ad*.glob.example/*.js\n"
		   "http://port.example:81/*\n"
		   "http://own.example:80/x**\n"
		   "https://own.example:443/x\n"
		   "http://any.example:*/*\n"
		   "http://[2001:DB8:0::1]/*\n"
		   "HTTPS://tls.example/*\n"
		   "http://hat.example/a^b\n"));
	assert_int_equal(c.report.lines, 0);
	assert_string_equal(c.text,
	    "2: deny pattern |http://root.example/|\n"
	    "2: deny regex ^http://root\\.example:\\d+/$\n"
	    "3: deny pattern |http://one.example/Ads/*.gif|\n"
	    "3: deny regex ^http://one\\.example:\\d+/Ads/.*\\.gif$\n"
	    "4: deny pattern |http://site.example^\n"
	    "5: deny pattern |http://*.below.example^ to=below.example\n"
	    "6: deny pattern |http://*.below.example/x| to=below.example\n"
	    "6: deny regex ^http://[^/:]*\\.below\\.example:\\d+/x$\n"
	    "7: deny regex ^http://ad[^/:]*\\.glob\\.example(?::\\d+)?/"
	    ".*\\.js$\n"
	    "8: deny pattern |http://port.example:81/\n"
	    "9: deny pattern |http://own.example/x\n"
	    "10: deny pattern |https://own.example/x|\n"
	    "11: deny pattern |http://any.example^\n"
	    "12: deny pattern |http://[2001:db8::1]^\n"
	    "13: deny pattern |https://tls.example^\n"
	    "14: deny regex ^http://hat\\.example(?::\\d+)?/a\\^b$\n");
}

static void
ziproxy_list_with_wrong_lines(void **state)
{
	struct collected c;
	struct pd_parse_params params = { .action = PD_RULE_REPLACE };

	(void)state;
	collect(&c, pd_parse_ziproxy, &params,
	    PD_STR(ZIPROXY_WRONG "http://ok.example/*\n"));
	assert_int_equal(c.report.lines, ZIPROXY_NWRONG);
	assert_int_equal(c.report.errors, 0);
	assert_int_equal(c.skips, 10);
	assert_told(&c.report, ":1: \"a.example/*\": does not begin with http");
	assert_non_null(
	    strstr(c.text, "11: replace pattern |http://ok.example^\n"));
}

/* A path with nothing but stars and signs is no trap. */
static void
ziproxy_paths(void **state)
{
	(void)state;
	assert_parsed(pd_parse_ziproxy,
	    "http://a.example/***\n"
	    "http://a.example:8/***x***\n"
	    "https://*.*/*\n"
	    "http://**.a.example:80/\n"
	    "http://a.example/?x=[1]\n",
	    "1: block pattern |http://a.example^\n"
	    "2: block pattern |http://a.example:8/***x\n"
	    "3: block regex ^https://[^/:]*\\.[^/:]*(?::\\d+)?/.*$\n"
	    "4: block regex ^http://[^/:]*\\.a\\.example/$\n"
	    "5: block pattern |http://a.example/?x=[1]|\n"
	    "5: block regex ^http://a\\.example:\\d+/\\?x=\\[1\\]$\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(format_is_told_by_contents),
		cmocka_unit_test(a_cut_last_line_has_no_vote),
		cmocka_unit_test(a_format_is_read_or_refused),
		cmocka_unit_test(hosts_file),
		cmocka_unit_test(hosts_file_with_wrong_lines),
		cmocka_unit_test(hosts_file_with_what_is_below),
		cmocka_unit_test(domain_list),
		cmocka_unit_test(ten_wrong_lines_are_told_then_counted),
		cmocka_unit_test(ziproxy_list),
		cmocka_unit_test(ziproxy_list_with_wrong_lines),
		cmocka_unit_test(ziproxy_paths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
