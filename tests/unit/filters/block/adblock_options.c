#include "adblock_help.h"
#include "http/http.h"

static void
types(void **state)
{
	static const struct {
		const char *name;
		unsigned types;
	} names[] = {
		{ "document", PD_TYPE_DOCUMENT },
		{ "doc", PD_TYPE_DOCUMENT },
		{ "subdocument", PD_TYPE_SUBDOCUMENT },
		{ "frame", PD_TYPE_SUBDOCUMENT },
		{ "script", PD_TYPE_SCRIPT },
		{ "stylesheet", PD_TYPE_STYLESHEET },
		{ "css", PD_TYPE_STYLESHEET },
		{ "image", PD_TYPE_IMAGE },
		{ "font", PD_TYPE_FONT },
		{ "media", PD_TYPE_MEDIA },
		{ "object", PD_TYPE_OBJECT },
		{ "object-subrequest", PD_TYPE_OBJECT },
		{ "xmlhttprequest", PD_TYPE_XHR },
		{ "xhr", PD_TYPE_XHR },
		{ "websocket", PD_TYPE_WEBSOCKET },
		{ "ping", PD_TYPE_PING },
		{ "beacon", PD_TYPE_PING },
		{ "csp_report", PD_TYPE_CSP_REPORT },
		{ "csp-report", PD_TYPE_CSP_REPORT },
		{ "other", PD_TYPE_OTHER | PD_TYPE_CSP_REPORT },
		{ "SCRIPT", PD_TYPE_SCRIPT },
	};
	char line[64];

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(line, sizeof(line), "/x/y$%s", names[i].name);
		assert_types(line, names[i].types, true);
		snprintf(line, sizeof(line), "/x/y$~%s", names[i].name);
		assert_types(line, PD_TYPE_DEFAULT & ~names[i].types, true);
	}
	assert_types("/x/y", PD_TYPE_DEFAULT, false);
	assert_types("/x/y$third-party", PD_TYPE_DEFAULT, false);
	assert_types("/x/y$all", PD_TYPE_ALL, true);
	assert_types("/x/y$script,image", PD_TYPE_SCRIPT | PD_TYPE_IMAGE, true);
	assert_types("/x/y$~script,~image",
	    PD_TYPE_DEFAULT & ~(PD_TYPE_SCRIPT | PD_TYPE_IMAGE), true);
	assert_types("/x/y$all,~document", PD_TYPE_DEFAULT, true);
	assert_types("@@||x.example^$document", PD_TYPE_DOCUMENT, true);
	assert_skips("/x/y$script,~script", PD_SKIP_OPTION_CLASH, "types");
}

static void
popups_are_not_seen(void **state)
{
	(void)state;
	assert_skips("||x.example^$popup", PD_SKIP_POPUP, "popup");
	assert_skips("||x.example^$popunder,3p", PD_SKIP_POPUP, "popup");
	assert_skips("@@||x.example^$popup", PD_SKIP_POPUP, "popup");
	assert_skips("||x.example^$popup,badfilter", PD_SKIP_POPUP, "popup");
	assert_types("||x.example^$popup,document", PD_TYPE_DOCUMENT, true);
	assert_types("||x.example^$~popup", PD_TYPE_DEFAULT, false);
	assert_skips("||x.example^$webrtc", PD_SKIP_NO_EFFECT, "webrtc");
	assert_types("||x.example^$webrtc,script", PD_TYPE_SCRIPT, true);
}

static void
parties(void **state)
{
	static const struct {
		const char *line;
		unsigned party;
	} cases[] = {
		{ "/x/y", PD_PARTY_BOTH },
		{ "/x/y$third-party", PD_PARTY_THIRD },
		{ "/x/y$3p", PD_PARTY_THIRD },
		{ "/x/y$~first-party", PD_PARTY_THIRD },
		{ "/x/y$~third-party", PD_PARTY_FIRST },
		{ "/x/y$1p", PD_PARTY_FIRST },
		{ "/x/y$first-party", PD_PARTY_FIRST },
		{ "/x/y$1p,3p", PD_PARTY_BOTH },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(rule(cases[i].line)->r.party, cases[i].party);
	assert_true(rule("/x/y$strict1p")->r.strict_first);
	assert_true(rule("/x/y$strict3p")->r.strict_third);
	assert_false(rule("/x/y$strict3p")->r.strict_first);
	assert_skips("/x/y$~strict1p", PD_SKIP_OPTION_VALUE, "strict1p");
}

static void
domains(void **state)
{
	const struct kept *k;

	(void)state;
	k = rule("/x/y$domain=a.org|~b.A.org|google.*|[::1]");
	assert_string_equal(k->from, "a.org|~b.a.org|google.*|::1");
	assert_string_equal(k->to, "");
	k = rule("/x/y$from=b\xc3\xbc"
		 "cher.example|onion|*.a.org");
	assert_string_equal(k->from, "xn--bcher-kva.example|onion|a.org");
	k = rule("/x/y$domain=/^a|b\\.(?:c|d)$/|~/e/|f.org,image");
	assert_string_equal(k->from, "re:^a|b\\.(?:c|d)$|~re:e|f.org");
	assert_int_equal(k->r.types, PD_TYPE_IMAGE);
	k = rule("*$script,to=a.org|~b.org,denyallow=c.org|d.org,from=e.org");
	assert_string_equal(k->to, "a.org|~b.org|~c.org|~d.org");
	assert_string_equal(k->from, "e.org");

	assert_skips("/x/y$domain", PD_SKIP_OPTION_VALUE, "domain");
	assert_skips("/x/y$domain=", PD_SKIP_OPTION_VALUE, "domain");
	assert_skips("/x/y$domain=|", PD_SKIP_OPTION_VALUE, "domain");
	assert_skips("/x/y$domain=a..b", PD_SKIP_HOST, "a..b");
	assert_skips("/x/y$domain=a.org|b c", PD_SKIP_HOST, "b c");
	assert_skips("/x/y$domain=/a(/", PD_SKIP_REGEX, "/a(/");
	assert_skips("/x/y$~domain=a.org", PD_SKIP_OPTION_VALUE, "domain");
	assert_skips(
	    "/x/y$denyallow=~a.org", PD_SKIP_OPTION_VALUE, "denyallow");
	assert_skips(
	    "/x/y$domain=a.org,from=b.org", PD_SKIP_OPTION_CLASH, "from");
}

static void
conditions(void **state)
{
	(void)state;
	assert_int_equal(rule("/x/y$method=get|Post")->r.methods,
	    1u << PD_METHOD_GET | 1u << PD_METHOD_POST);
	assert_int_equal(rule("/x/y$method=~get")->r.methods &
			     (1u << PD_METHOD_GET | 1u << PD_METHOD_POST),
	    1u << PD_METHOD_POST);
	assert_int_equal(
	    rule("/x/y$method=get|~post")->r.methods, 1u << PD_METHOD_GET);
	assert_skips("/x/y$method=fetch", PD_SKIP_OPTION_VALUE, "method");
	assert_skips("/x/y$method=get|~get", PD_SKIP_OPTION_VALUE, "method");

	assert_string_equal(rule("/x/y$header=via:/, 1\\.1 google$/")->header,
	    "via:/, 1\\.1 google$/");
	assert_string_equal(rule("/x/y$header=x-amz")->header, "x-amz");
	assert_string_equal(
	    rule("/x/y$header=a:b\\,script")->header, "a:b,script");
	assert_skips("/x/y$header=a b:c", PD_SKIP_OPTION_VALUE, "header");
	assert_skips("/x/y$header=a:/(/", PD_SKIP_REGEX, "header");

	assert_string_equal(rule("/x/y$ipaddress=10.*")->address, "10.*");
	assert_string_equal(rule("/x/y$ipaddress=lan")->address, "lan");
	assert_string_equal(
	    rule("/x/y$ipaddress=/^10\\./")->address, "/^10\\./");
	assert_skips("/x/y$ipaddress=here", PD_SKIP_OPTION_VALUE, "ipaddress");
}

static void
actions_and_their_values(void **state)
{
	(void)state;
	assert_action(
	    "/x$redirect=noopjs:100,script", PD_RULE_BLOCK, "noopjs:100");
	assert_action("/x$redirect-rule=1x1.gif", PD_RULE_REDIRECT, "1x1.gif");
	assert_action("/x$rewrite=abp-resource:blank-js", PD_RULE_BLOCK,
	    "abp-resource:blank-js");
	assert_action("@@/x$redirect-rule", PD_RULE_REDIRECT, "");
	/* What is excepted is the redirect, not the block. */
	assert_action("@@/x$redirect=noopjs", PD_RULE_REDIRECT, "noopjs");
	assert_action("/x$empty", PD_RULE_BLOCK, "empty");
	assert_action("/x$mp4", PD_RULE_BLOCK, "noopmp4-1s");
	assert_types("/x$mp4", PD_TYPE_MEDIA, true);
	assert_action("/x$removeparam", PD_RULE_REMOVEPARAM, "");
	assert_action("/x$queryprune=utm", PD_RULE_REMOVEPARAM, "utm");
	assert_action(
	    "$removeparam=/^a{6\\,}/i,1p", PD_RULE_REMOVEPARAM, "/^a{6,}/i");
	assert_types("$removeparam=x", PD_TYPE_ALL, false);
	assert_types("$removeparam=x,xhr", PD_TYPE_XHR, true);
	assert_action("||x^$csp=script-src 'self', img-src *,3p", PD_RULE_CSP,
	    "script-src 'self', img-src *");
	assert_types(
	    "||x^$csp=y", PD_TYPE_DOCUMENT | PD_TYPE_SUBDOCUMENT, false);
	assert_types("||x^$csp=y,frame", PD_TYPE_SUBDOCUMENT, true);
	assert_action("@@||x^$csp", PD_RULE_CSP, "");
	assert_action("*$permissions=browsing-topics=(),from=~a.b",
	    PD_RULE_PERMISSIONS, "browsing-topics=()");
	assert_action(
	    "||x^$removeheader=location", PD_RULE_REMOVEHEADER, "location");
	assert_action("||x^$removeheader=request:referer", PD_RULE_REMOVEHEADER,
	    "request:referer");
	assert_action("||x^$doc,urlskip=?url -base64 +https", PD_RULE_URLSKIP,
	    "?url -base64 +https");
	assert_action("||x^$urlskip=/([^/]+$)/ -base64", PD_RULE_URLSKIP,
	    "/([^/]+$)/ -base64");
	assert_action("||x^$uritransform=/\\/ref=[^\\/?#]+//,to=a.*",
	    PD_RULE_URITRANSFORM, "/\\/ref=[^\\/?#]+//");
	/* Its expression is the pattern's when it has none. */
	assert_action("/(.*)\\/et(.*)/$xhr,uritransform=//$1\\/m$2/,from=a.b",
	    PD_RULE_URITRANSFORM, "/(.*)\\/et(.*)/$1\\/m$2/");
	assert_string_equal(found.rules[0].pattern, "(.*)\\/et(.*)");
}

static void
values_that_are_wrong(void **state)
{
	static const struct {
		const char *line, *what;
	} cases[] = {
		{ "/x$redirect", "redirect" },
		{ "/x$redirect-rule=", "redirect-rule" },
		{ "/x$csp", "csp" },
		{ "/x$csp=img-src *; report-uri https://spy.example", "csp" },
		{ "/x$csp=a\rSet-Cookie: b", "csp" },
		{ "/x$permissions", "permissions" },
		{ "/x$urlskip=url", "urlskip" },
		{ "/x$uritransform=/a/b", "uritransform" },
		{ "/x$uritransform=//b/", "uritransform" },
		{ "/x$removeheader=Content-Security-Policy", "removeheader" },
		{ "/x$removeheader=transfer-encoding", "removeheader" },
		{ "/x$removeheader=Set-Cookie", "removeheader" },
		{ "/x$removeheader=request:cookie", "removeheader" },
		{ "/x$removeheader=proxy-authenticate", "removeheader" },
		{ "/x$removeheader=Authorization", "removeheader" },
		{ "/x$removeheader=request:sec-fetch-dest", "removeheader" },
		{ "/x$removeheader=a b", "removeheader" },
		{ "/x$script=1", "script" },
		{ "/x$~important", "important" },
		{ "/x$~all", "all" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_skips(
		    cases[i].line, PD_SKIP_OPTION_VALUE, cases[i].what);
	assert_skips("/x$removeparam=/(/", PD_SKIP_REGEX, "removeparam");
	assert_skips("/x$uritransform=/(/b/", PD_SKIP_REGEX, "uritransform");
	assert_skips("/x$uritransform=/#a/b/", PD_SKIP_NO_EFFECT, "fragment");
	assert_skips("/x$csp=a,redirect=b", PD_SKIP_OPTION_CLASH, "redirect");
}

static void
flags(void **state)
{
	const struct kept *k =
	    rule("@@||a.example^$important,badfilter,_,__,reason=\"a, b\"");

	(void)state;
	assert_true(k->r.exception && k->r.important && k->r.badfilter);
	assert_false(k->r.exact);
	k = rule("||a.example^");
	assert_false(k->r.exception || k->r.important || k->r.badfilter);
	k = rule("/Ad$match-case");
	assert_true(k->r.match_case);
	assert_string_equal(k->pattern, "/Ad");
	/* Nothing of a rule stays for the next. */
	assert_false(rule("/x/y")->r.match_case);
}

static void
what_cannot_be_said_is_left_out(void **state)
{
	static const struct {
		const char *line;
		enum pd_rule_skip why;
		const char *what;
	} cases[] = {
		{ "||x^$replace=/a$/b,c/,script", PD_SKIP_OPTION_UNSUPPORTED,
		    "replace" },
		{ "@@||x^$replace", PD_SKIP_NO_EFFECT, "replace" },
		{ "||x^$cookie=a", PD_SKIP_OPTION_UNSUPPORTED, "cookie" },
		{ "||x^$jsonprune=a", PD_SKIP_OPTION_UNSUPPORTED, "jsonprune" },
		{ "||x^$xmlprune=a", PD_SKIP_OPTION_UNSUPPORTED, "xmlprune" },
		{ "||x^$hls=a", PD_SKIP_OPTION_UNSUPPORTED, "hls" },
		{ "||x^$app=com.a", PD_SKIP_OPTION_UNSUPPORTED, "app" },
		{ "@@||x^$app=com.a", PD_SKIP_OPTION_UNSUPPORTED, "app" },
		{ "||x^$network", PD_SKIP_OPTION_UNSUPPORTED, "network" },
		{ "||x^$top=a.org", PD_SKIP_OPTION_UNSUPPORTED, "top" },
		{ "@@||x^$urlblock", PD_SKIP_OPTION_UNSUPPORTED, "urlblock" },
		{ "@@||x^$ghide,genericblock", PD_SKIP_OPTION_UNSUPPORTED,
		    "genericblock" },
		{ "||x^$requestheader=a:b", PD_SKIP_OPTION_UNSUPPORTED,
		    "requestheader" },
		{ "@@||x^$cname", PD_SKIP_NO_EFFECT, "cname" },
		{ "||x^$cname", PD_SKIP_OPTION_UNSUPPORTED, "cname" },
		{ "@@||x^$stealth=3p-auth", PD_SKIP_NO_EFFECT, "stealth" },
		{ "@@||x^$jsinject", PD_SKIP_BROWSER, "jsinject" },
		{ "@@||x^$content", PD_SKIP_BROWSER, "content" },
		{ "@@||x^$extension", PD_SKIP_BROWSER, "extension" },
		{ "||x^$frobnicate", PD_SKIP_OPTION_UNKNOWN, "frobnicate" },
		{ "||x^$script,frob=1,image", PD_SKIP_OPTION_UNKNOWN, "frob" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_skips(cases[i].line, cases[i].why, cases[i].what);
}

static void
where_options_begin(void **state)
{
	(void)state;
	assert_pattern("/a$b/c", PD_RULE_PATTERN, "/a$b/c", "");
	assert_pattern("/a$", PD_RULE_PATTERN, "/a$", "");
	assert_pattern("/a$b$script", PD_RULE_PATTERN, "/a$b", "");
	assert_pattern("/a\\$script", PD_RULE_PATTERN, "/a\\$script", "");
	assert_pattern("/a\\$script$image", PD_RULE_PATTERN, "/a\\$script", "");
	assert_action("/a$removeparam=/x$/", PD_RULE_REMOVEPARAM, "/x$/");
	assert_pattern("/^a$/$removeparam=/x$/", PD_RULE_REGEX, "^a$", "");
	assert_action("/a$removeparam=b,script", PD_RULE_REMOVEPARAM, "b");
	assert_action(
	    "/a$removeparam=b\\,script", PD_RULE_REMOVEPARAM, "b,script");
	assert_action("/a$removeparam=b,C D", PD_RULE_REMOVEPARAM, "b,C D");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(types),
		cmocka_unit_test(popups_are_not_seen),
		cmocka_unit_test(parties),
		cmocka_unit_test(domains),
		cmocka_unit_test(conditions),
		cmocka_unit_test(actions_and_their_values),
		cmocka_unit_test(values_that_are_wrong),
		cmocka_unit_test(flags),
		cmocka_unit_test(what_cannot_be_said_is_left_out),
		cmocka_unit_test(where_options_begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
