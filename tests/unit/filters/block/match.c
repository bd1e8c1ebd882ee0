#include "filters/block/match.h"

#include "rules_help.h"

static void
anchors_and_signs(void **state)
{
	static const struct {
		const char *rule, *url;
		bool fits;
	} cases[] = {
		{ "||ads.example^", "https://ads.example/", true },
		{ "||ads.example^", "https://ADS.Example/x", true },
		{ "||ads.example^", "https://x.ads.example:8080/", true },
		{ "||ads.example^", "https://xads.example/", false },
		{ "||ads.example^", "https://ads.example.org/", false },
		{ "||ads.example^", "https://a.org/?https://ads.example/",
		    false },
		{ "||ads.example/x", "https://ads.example/xy", true },
		{ "||ads.example/x", "https://ads.example:81/xy", false },
		{ "||ads.example:81^", "https://ads.example:81/xy", true },
		{ "||ads.exam", "https://x.ads.example/", true },
		{ "||ds.example", "https://ads.example/", false },
		{ "||example.org^*/ad.", "https://a.example.org/x/ad.gif",
		    true },
		{ "||example.org^*/ad.", "https://a.example.com/x/ad.gif",
		    false },
		{ "||ads*.example^", "https://ads12.example/", true },
		/* The right anchor is the end of the URL. */
		{ "||ads.example^|", "https://ads.example/", true },
		{ "||ads.example^|", "https://ads.example/x", false },
		{ "||ads.example|", "https://ads.example/", false },
		{ "|https://a.example/", "https://a.example/x", true },
		{ "|https://a.example/", "https://b.org/?https://a.example/",
		    false },
		{ "|http://x", "http://x.org/", true },
		{ "|http://x", "https://x.org/", false },
		{ "ad.gif|", "https://x.org/ad.gif", true },
		{ "ad.gif|", "https://x.org/ad.gif?", false },
		{ "ad.gif|", "https://x.org/ad.gif/ad.gif", true },
		{ "ad^", "https://x.org/ad", true },
		{ "ad^", "https://x.org/ad?b", true },
		{ "ad^", "https://x.org/ads", false },
		{ "ad^", "https://x.org/ad.gif", false },
		{ "ad^", "https://x.org/ad-x", false },
		{ "ad^", "https://x.org/ad%20", false },
		{ "ad^^", "https://x.org/ad/", true },
		{ "ad^b", "https://x.org/ad", false },
		{ "^ad^", "https://x.org/ad", true },
		{ "/a*b*c-", "https://x.org/a1b2c-", true },
		{ "/a*b*c-", "https://x.org/a1c2b-", false },
		{ "-a*-b*-c|", "https://x.org/-a-b-c-b-c", true },
		{ "-a*-b*-c|", "https://x.org/-a-b-c-b", false },
		{ "*-pixel-*", "https://x.org/a-pixel-b", true },
		{ "*%2Fpixel.gif%3F*", "https://x.org/?u=%2fpixel.gif%3fa",
		    true },
		/* A bare host is a substring. */
		{ "ads.example", "https://x.org/?ads.example", true },
		{ "?ad=", "https://x.org/a?AD=1", true },
		{ "?ad=$match-case", "https://x.org/a?AD=1", false },
		{ "?AD=$match-case", "https://x.org/a?AD=1", true },
		{ "/Ad-Banner*X$match-case", "https://x.org/Ad-BannerX", true },
		{ "/Ad-Banner*X$match-case", "https://x.org/Ad-Bannerx",
		    false },
		{ "/^https?:\\/\\/[a-z]{4}\\.org\\//", "https://abcd.org/",
		    true },
		{ "/^https?:\\/\\/[a-z]{4}\\.org\\//", "https://abcde.org/",
		    false },
		{ "/^https?:\\/\\/[a-z]{4}\\.org\\//", "https://x.abcd.org/",
		    false },
		{ "/^https?:\\/\\/[a-z]{4}\\.org\\//", "https://u@abcd.org/",
		    false },
		{ "/\\/ad[0-9]{3}\\.js$/", "https://x.org/AD123.js", true },
		{ "/\\/ad[0-9]{3}\\.js$/$match-case", "https://x.org/AD123.js",
		    false },
		{ "/\\/[0-9a-f]{32}\\.js/",
		    "https://x.org/0123456789abcdef0123456789abcdef.js", true },
		{ "/\\/[0-9a-f]{32}\\.js/",
		    "https://x.org/0123456789abcdef-123456789abcdef.js",
		    false },
		{ "/(?:www\\.)?tracker\\./", "https://www.tracker.org/", true },
		{ "/\\.(?:www\\.)?tracker\\./", "https://x.tracker.org/",
		    true },
		{ "/tra(?:ck)?er/", "https://x.org/traer", true },
		{ "/colou?r-ad/", "https://x.org/color-ad", true },
		{ "/a{2}ds-x/", "https://x.org/aads-x", true },
		{ "/one|two/", "https://x.org/two", true },
		{ "||192.0.2.1^", "http://192.0.2.1/", true },
		{ "||192.0.2.1^", "http://192.0.2.10/", false },
		{ "||[::1]^", "http://[::1]:8080/", true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rules r;
		const char *got;
		char text[256];

		snprintf(text, sizeof(text), "[Adblock]\n%s\n", cases[i].rule);
		rules_of(&r, text);
		got = ask(&r, "image", "https://page.example/", cases[i].url);
		if (cases[i].fits != (strncmp(got, "block", 5) == 0))
			fail_msg(
			    "%s on %s: %s", cases[i].rule, cases[i].url, got);
		rules_free(&r);
	}
}

static void
types_and_pages(void **state)
{
	struct rules r;

	(void)state;
	rules_of(&r, "||ads.example^\n"
		     "||b.example^$document\n"
		     "||c.example^$all\n"
		     "/adserver.$~stylesheet,~xmlhttprequest\n"
		     "-120x600-\n"
		     "||d.example^$script,image\n"
		     "|ws://$domain=w.example\n");
	assert_ask(&r, "document", "https://ads.example/",
	    "https://ads.example/", "none");
	assert_ask(&r, "subdocument", "https://a.org/", "https://ads.example/",
	    "block ||ads.example^ list:1");
	assert_ask(&r, "document", "https://b.example/", "https://b.example/",
	    "block ||b.example^$document list:2");
	assert_ask(&r, "image", "https://a.org/", "https://b.example/", "none");
	assert_ask(&r, "document", "https://c.example/", "https://c.example/",
	    "block ||c.example^$all list:3");
	assert_ask(&r, "document", "https://a.org/",
	    "https://a.org/adserver.html", "none");
	assert_ask(&r, "stylesheet", "https://a.org/",
	    "https://a.org/adserver.css", "none");
	assert_ask(&r, "image", "https://a.org/", "https://a.org/adserver.gif",
	    "block /adserver.$~stylesheet,~xmlhttprequest list:4");
	assert_ask(&r, "document", "https://a.org/", "https://a.org/-120x600-",
	    "none");
	/* When unsure, any common bit. */
	assert_ask(&r, "xmlhttprequest|script", "https://a.org/",
	    "https://d.example/", "block ||d.example^$script,image list:6");
	assert_ask(&r, "xmlhttprequest", "https://a.org/", "https://d.example/",
	    "none");
	assert_ask(&r, "websocket", "https://w.example/", "https://x.org/",
	    "block |ws://$domain=w.example list:7");
	assert_ask(&r, "image", "https://w.example/", "https://x.org/", "none");
	rules_free(&r);
}

static void
parties_and_pages_that_are_not_known(void **state)
{
	struct rules r;

	(void)state;
	rules_of(&r, "-third-$third-party\n"
		     "-first-$~third-party\n"
		     "-from-$domain=a.org\n"
		     "-not-$domain=~a.org\n"
		     "-strict1-$strict1p\n"
		     "-strict3-$strict3p\n");
#define ON(from, path) ask(&r, "image", from, "https://x.b.org/" path)
	assert_string_equal(ON("https://a.org/", "-third-"),
	    "block -third-$third-party list:1");
	assert_string_equal(ON("https://b.org/", "-third-"), "none");
	assert_string_equal(
	    ON("third", "-third-"), "block -third-$third-party list:1");
	assert_string_equal(ON("unknown", "-third-"), "none");
	assert_string_equal(ON("https://b.org/", "-first-"),
	    "block -first-$~third-party list:2");
	assert_string_equal(ON("third", "-first-"), "none");
	assert_string_equal(ON("unknown", "-first-"), "none");
	assert_string_equal(ON("https://www.a.org/", "-from-"),
	    "block -from-$domain=a.org list:3");
	assert_string_equal(ON("third", "-from-"), "none");
	assert_string_equal(ON("unknown", "-from-"), "none");
	assert_string_equal(ON("https://a.org/", "-not-"), "none");
	assert_string_equal(
	    ON("unknown", "-not-"), "block -not-$domain=~a.org list:4");
	assert_string_equal(
	    ON("third", "-not-"), "block -not-$domain=~a.org list:4");
	assert_string_equal(ON("https://b.org/", "-strict1-"), "none");
	assert_string_equal(ON("https://x.b.org/", "-strict1-"),
	    "block -strict1-$strict1p list:5");
	assert_string_equal(ON("https://b.org/", "-strict3-"),
	    "block -strict3-$strict3p list:6");
	assert_string_equal(ON("https://x.b.org/", "-strict3-"), "none");
	rules_free(&r);
}

static void
domains_entities_and_expressions(void **state)
{
	char *path = suffix_file();
	struct rules r;

	(void)state;
	rules_begin(&r);
	r.options.suffixes = path;
	rules_list(&r, "list",
	    "-one-$domain=a.org|~b.a.org\n"
	    "-two-$domain=shop.*\n"
	    "-three-$domain=/^ad[0-9]+\\./|c.org\n"
	    "-four-$domain=~shop.*\n"
	    "$script,domain=tokenless.org\n"
	    "-five-$to=x.net|~y.x.net\n"
	    "*$image,3p,denyallow=good.net,domain=deny.org\n"
	    "$stylesheet,to=only.net\n");
	rules_end(&r);
#define IS(path, from) \
	strncmp(ask(&r, "image", from, "https://x.net/" path), "block", 5) == 0
	assert_true(IS("-one-", "https://a.org/"));
	assert_true(IS("-one-", "https://c.a.org/"));
	assert_false(IS("-one-", "https://b.a.org/"));
	assert_false(IS("-one-", "https://x.b.a.org/"));
	assert_false(IS("-one-", "https://xa.org/"));
	assert_true(IS("-two-", "https://shop.co.uk/"));
	assert_true(IS("-two-", "https://www.shop.com/"));
	assert_true(IS("-two-", "https://shop.github.io/"));
	assert_false(IS("-two-", "https://shop.x.com/"));
	assert_false(IS("-two-", "https://myshop.com/"));
	assert_false(IS("-two-", "https://shop/"));
	assert_true(IS("-three-", "https://ad12.org/"));
	assert_true(IS("-three-", "https://c.org/"));
	assert_false(IS("-three-", "https://ad.org/"));
	assert_false(IS("-four-", "https://shop.com/"));
	assert_true(IS("-four-", "https://a.org/"));
	assert_true(IS("-five-", "https://a.org/"));
	assert_string_equal(
	    ask(&r, "image", "https://a.org/", "https://z.x.net/-five-"),
	    "block -five-$to=x.net|~y.x.net list:6");
	assert_ask(
	    &r, "image", "https://a.org/", "https://y.x.net/-five-", "none");
	assert_ask(
	    &r, "image", "https://a.org/", "https://b.net/-five-", "none");
	assert_ask(&r, "script", "https://x.tokenless.org/", "https://b.net/",
	    "block $script,domain=tokenless.org list:5");
	assert_ask(
	    &r, "script", "https://tokenless.net/", "https://b.net/", "none");
	assert_ask(&r, "image", "https://deny.org/", "https://bad.net/",
	    "block *$image,3p,denyallow=good.net,domain=deny.org list:7");
	assert_ask(
	    &r, "image", "https://deny.org/", "https://x.good.net/", "none");
	assert_ask(&r, "stylesheet", "https://a.org/", "https://a.only.net/",
	    "block $stylesheet,to=only.net list:8");
	rules_free(&r);
	file_end(path);
}

static void
exceptions_and_important(void **state)
{
	struct rules r;

	(void)state;
	rules_of(&r, "||ads.example^\n"
		     "@@||ads.example/good^\n"
		     "@@||ads.example^$domain=friend.org\n"
		     "-bad-$important\n"
		     "@@-bad-\n"
		     "@@-worst-$important\n"
		     "-worst-\n"
		     "@@||ads.example^$generichide\n"
		     "@@||lonely.example^\n");
	assert_ask(&r, "image", "https://a.org/", "https://ads.example/good/x",
	    "allow @@||ads.example/good^ list:2");
	assert_ask(&r, "image", "https://a.org/", "https://ads.example/goodx",
	    "block ||ads.example^ list:1");
	assert_ask(&r, "image", "https://friend.org/", "https://ads.example/",
	    "allow @@||ads.example^$domain=friend.org list:3");
	assert_ask(&r, "image", "https://a.org/", "https://x.org/-bad-",
	    "block -bad-$important list:4");
	/* The exception would win over the host, not over what is important. */
	assert_ask(&r, "image", "https://a.org/",
	    "https://ads.example/good/-bad-", "block -bad-$important list:4");
	assert_ask(&r, "image", "https://a.org/", "https://x.org/-worst-",
	    "allow @@-worst-$important list:6");
	/* An exception without anything to except. */
	assert_ask(
	    &r, "image", "https://a.org/", "https://lonely.example/", "none");
	rules_free(&r);
}

static void
methods(void **state)
{
	struct rules r;

	(void)state;
	rules_of(&r, "-post-$method=post|put\n-notget-$method=~get\n");
	assert_ask(
	    &r, "image", "https://a.org/", "https://x.org/-post-", "none");
	r.method = PD_METHOD_PUT;
	assert_ask(&r, "image", "https://a.org/", "https://x.org/-post-",
	    "block -post-$method=post|put list:1");
	assert_ask(&r, "image", "https://a.org/", "https://x.org/-notget-",
	    "block -notget-$method=~get list:2");
	r.method = PD_METHOD_GET;
	assert_ask(
	    &r, "image", "https://a.org/", "https://x.org/-notget-", "none");
	rules_free(&r);
}

static void
hosts_alone_for_connect(void **state)
{
	struct rules r;

	(void)state;
	rules_begin(&r);
	rules_list(&r, "ab",
	    "||ads.example^\n"
	    "||third.example^$third-party\n"
	    "||script.example^$script\n"
	    "||path.example/x\n"
	    "||all.example^$all\n"
	    "://sub.\n"
	    "@@||good.ads.example^\n"
	    "@@||bad.ads.example^$script\n"
	    "@@||worse.ads.example/x\n");
	rules_list(&r, "hosts", "0.0.0.0 exact.example\n");
	rules_list_of(&r, "zip", "https://deny.example/*\n", PD_RULE_DENY);
	rules_end(&r);
	r.host_only = true;
#define CONNECT(host) ask(&r, "document", "unknown", "https://" host "/")
	assert_string_equal(
	    CONNECT("x.ads.example"), "block ||ads.example^ ab:1");
	assert_string_equal(CONNECT("third.example"), "none");
	assert_string_equal(CONNECT("script.example"), "none");
	assert_string_equal(CONNECT("path.example"), "none");
	assert_string_equal(CONNECT("sub.example"), "none");
	assert_string_equal(
	    CONNECT("all.example"), "block ||all.example^$all ab:5");
	assert_string_equal(
	    CONNECT("good.ads.example"), "allow @@||good.ads.example^ ab:7");
	assert_string_equal(
	    CONNECT("bad.ads.example"), "block ||ads.example^ ab:1");
	assert_string_equal(
	    CONNECT("worse.ads.example"), "block ||ads.example^ ab:1");
	assert_string_equal(
	    CONNECT("exact.example"), "block exact.example hosts:1");
	assert_string_equal(CONNECT("x.exact.example"), "none");
	assert_string_equal(
	    CONNECT("deny.example"), "deny https://deny.example/* zip:1");
	rules_free(&r);
}

static void
redirects(void **state)
{
	struct rules r;

	(void)state;
	rules_of(&r, "||a.example/ad.js$script,redirect=noop.js\n"
		     "||b.example^\n"
		     "||b.example/lib.js$script,redirect-rule=lib.js:10\n"
		     "*$script,redirect-rule=noop.js:5\n"
		     "||c.example/x.js$script,redirect-rule=c.js\n"
		     "||d.example^$script,redirect=d.js:100\n"
		     "@@||d.example/free^$script,redirect=d.js\n"
		     "@@||e.example^$redirect-rule\n"
		     "||e.example^$script\n"
		     "||f.example^\n"
		     "||f.example^$script,redirect-rule=none:9\n"
		     "||g.example^$script,redirect=g.js:6,important\n"
		     "@@||g.example^$redirect-rule\n");
#define SCRIPT(url) ask(&r, "script", "https://a.org/", "https://" url)
	assert_string_equal(SCRIPT("a.example/ad.js"),
	    "block ||a.example/ad.js$script,redirect=noop.js list:1 -> "
	    "noop.js");
	assert_string_equal(
	    SCRIPT("b.example/lib.js"), "block ||b.example^ list:2 -> lib.js");
	assert_string_equal(
	    SCRIPT("b.example/x.js"), "block ||b.example^ list:2 -> noop.js");
	/* Nothing blocks: a redirect-rule alone does not. */
	assert_string_equal(SCRIPT("c.example/x.js"), "none");
	assert_string_equal(SCRIPT("d.example/x.js"),
	    "block ||d.example^$script,redirect=d.js:100 list:6 -> d.js");
	/* Without its own, the next one. */
	assert_string_equal(SCRIPT("d.example/free/x.js"),
	    "block ||d.example^$script,redirect=d.js:100 list:6 -> noop.js");
	assert_string_equal(
	    SCRIPT("e.example/x.js"), "block ||e.example^$script list:9");
	assert_string_equal(
	    SCRIPT("f.example/x.js"), "block ||f.example^ list:10");
	assert_string_equal(SCRIPT("g.example/x.js"),
	    "block ||g.example^$script,redirect=g.js:6,important list:12 -> "
	    "g.js");
	assert_ask(&r, "image", "https://a.org/", "https://b.example/lib.js",
	    "block ||b.example^ list:2");
	rules_free(&r);
}

static void
parameters_are_removed(void **state)
{
	struct rules r;

	(void)state;
	rules_of(&r, "$removeparam=utm_source\n"
		     "$removeparam=/^fb_/\n"
		     "||a.example^$removeparam\n"
		     "||b.example^$removeparam=~keep\n"
		     "||c.example^$removeparam=x,script\n"
		     "@@||d.example^$removeparam\n"
		     "@@||e.example^$removeparam=utm_source\n"
		     "||block.example^\n");
#define CLEAN(url, want) \
	assert_rewrite(&r, "document", "https://a.org/", "https://" url, want)
	CLEAN("x.org/?utm_source=1&b=2", "https://x.org/?b=2");
	CLEAN("x.org/?b=2&utm_source=1", "https://x.org/?b=2");
	CLEAN("x.org/?utm_source", "https://x.org/");
	CLEAN("x.org/?utm_source=1", "https://x.org/");
	CLEAN("x.org/p?a&utm_source=1&&c#utm_source=2",
	    "https://x.org/p?a&&c#utm_source=2");
	CLEAN("x.org/?fb_a=1&b=2&fb_c=utm_source", "https://x.org/?b=2");
	/* Names are compared whole and as they are. */
	CLEAN("x.org/?UTM_SOURCE=1", "");
	CLEAN("x.org/?my_utm_source=1&utm_source2=3&x=utm_source", "");
	CLEAN("x.org/utm_source=1", "");
	CLEAN("a.example/p?q=1&r=2", "https://a.example/p");
	CLEAN("b.example/?a=1&keep=2&c=3", "https://b.example/?keep=2");
	CLEAN("c.example/?x=1", "");
	assert_rewrite(&r, "script", "https://a.org/",
	    "https://c.example/?x=1&y=2", "https://c.example/?y=2");
	CLEAN("d.example/?utm_source=1&fb_x=2", "");
	CLEAN("e.example/?utm_source=1&fb_x=2",
	    "https://e.example/?utm_source=1");
	rules_free(&r);
}

static void
links_are_skipped(void **state)
{
	struct rules r;

	(void)state;
	rules_of(&r,
	    "||a.example/out?$doc,urlskip=?url\n"
	    "||b.example^$doc,urlskip=?u -base64\n"
	    "||c.example^$doc,urlskip=/\\/r\\/([^?]+)/ -safebase64 +https\n"
	    "||d.example^$doc,urlskip=&2\n"
	    "||e.example^$doc,urlskip=/(https?%3A.+)$/ -uricomponent\n"
	    "||f.example^$doc,urlskip=?a ?b\n"
	    "@@||a.example/out?stay$doc,urlskip=?url\n");
#define SKIP(url, want) \
	assert_rewrite(&r, "document", "https://a.org/", "https://" url, want)
	SKIP("a.example/out?x=1&url=https%3A%2F%2Fgoal.example%2Fp%20q",
	    "https://goal.example/p%20q");
	SKIP("a.example/out?url=/relative", "");
	SKIP("a.example/out?url=javascript:alert(1)", "");
	SKIP("a.example/out?url=https%3A%2F%2F", "");
	SKIP("a.example/out?url=https%3A%2F%2Fg.example%0d%0aX", "");
	SKIP("a.example/out?stay&url=https%3A%2F%2Fgoal.example", "");
	SKIP("b.example/?u=aHR0cHM6Ly9nb2FsLmV4YW1wbGUv",
	    "https://goal.example/");
	SKIP("b.example/?u=%25", "");
	SKIP("c.example/r/Z29hbC5leGFtcGxlL34", "https://goal.example/~");
	SKIP("d.example/?a=1&https%3A%2F%2Fgoal.example%2F",
	    "https://goal.example/");
	SKIP("d.example/?a=1", "");
	SKIP("e.example/x/http%3A%2F%2Fgoal.example", "http://goal.example");
	SKIP("f.example/?a=https%3A%2F%2Fx.example%2F%3Fb%3Dhttps%253A%252F"
	     "%252Fy.example",
	    "https://y.example");
	assert_rewrite(&r, "image", "https://a.org/",
	    "https://a.example/out?url=https%3A%2F%2Fgoal.example", "");
	rules_free(&r);
}

static void
paths_are_transformed(void **state)
{
	struct rules r;

	(void)state;
	rules_of(&r, "||a.example^$uritransform=/\\/ads\\///\n"
		     "||b.example^$uritransform=/\\/(\\w+)-(\\w+)/\\/$2-$1/\n"
		     "||c.example^$uritransform=/x/y/g\n"
		     "||d.example^$uritransform=/^.*$/http:evil/\n"
		     "$removeparam=gone\n");
	assert_rewrite(&r, "image", "https://p.org/",
	    "https://b.example:81/one-two?x", "https://b.example:81/two-one?x");
	assert_rewrite(&r, "image", "https://p.org/", "https://c.example/axx",
	    "https://c.example/ayy");
	assert_rewrite(&r, "image", "https://p.org/",
	    "https://c.example/ax?gone=1", "https://c.example/ay");
	/* What is no path is no rewrite. */
	assert_rewrite(
	    &r, "image", "https://p.org/", "https://d.example/abc", "");
	assert_rewrite(
	    &r, "image", "https://p.org/", "https://a.example/ads/x", "");
	rules_free(&r);
}

struct answers {
	char text[1024];
};

static bool
take_answer(void *arg, enum pd_rule_action action, struct pd_str value,
    const struct pd_match_rule *rule)
{
	struct answers *a = arg;
	size_t n = strlen(a->text);

	assert_true(rule->text.n > 0);
	snprintf(a->text + n, sizeof(a->text) - n, "%s=%.*s;",
	    pd_rule_action_name(action), PD_STR_ARG(value));
	return true;
}

static const char *
answers(struct rules *r, struct answers *a, const char *type, const char *url)
{
	struct pd_match_query q;

	a->text[0] = '\0';
	rules_query(r, &q, type, "https://a.org/", url);
	pd_match_answer(r->set, r->scratch, &q, take_answer, a);
	return a->text;
}

static void
answers_get_policies(void **state)
{
	struct answers a;
	struct rules r;

	(void)state;
	rules_of(&r, "||a.example^$csp=script-src 'none'\n"
		     "||a.example/x$csp=script-src 'none'\n"
		     "||a.example^$csp=worker-src 'none'\n"
		     "||a.example^$permissions=camera=()\n"
		     "@@||a.example/free$csp=script-src 'none'\n"
		     "@@||a.example/all$csp\n");
	assert_true(pd_match_has_answer(r.set, PD_TYPE_ALL));
	assert_string_equal(answers(&r, &a, "document", "https://a.example/x"),
	    "csp=script-src 'none';csp=worker-src 'none';"
	    "permissions=camera=();");
	assert_string_equal(
	    answers(&r, &a, "document", "https://a.example/free"),
	    "csp=worker-src 'none';permissions=camera=();");
	assert_string_equal(
	    answers(&r, &a, "document", "https://a.example/all"),
	    "permissions=camera=();");
	assert_string_equal(
	    answers(&r, &a, "image", "https://a.example/x"), "");
	rules_free(&r);
	rules_of(&r, "||a.example^\n");
	assert_false(pd_match_has_answer(r.set, PD_TYPE_ALL));
	rules_free(&r);
}

static const char *
later(struct rules *r, const char *name, const char *value, const char *ip)
{
	struct pd_field field = { pd_str_z(name), pd_str_z(value),
		PD_FIELD_OTHER };
	struct pd_fields fields = { .v = &field, .n = 1, .cap = 1 };
	struct pd_addr addr = { 0 };
	struct pd_match_later l = {
		.fields = name != NULL ? &fields : NULL,
		.address = ip != NULL ? &addr : NULL,
	};
	struct pd_match_query q;
	struct pd_match m;

	if (ip != NULL)
		assert_int_equal(pd_addr_parse(pd_str_z(ip), &addr), 0);
	rules_query(r, &q, "script", "https://a.org/", "https://x.org/-cond-");
	pd_match_later(r->set, r->scratch, &q, &l, &m);
	return rules_show(r, &m);
}

static void
conditions_are_judged_later(void **state)
{
	struct rules r;

	(void)state;
	rules_of(&r, "-cond-$header=x-ads\n"
		     "-cond-$header=via:1.1 ads\n"
		     "-cond-$header=server:/^bad/i\n"
		     "-cond-$ipaddress=192.0.2.1\n"
		     "-cond-$ipaddress=10.*\n"
		     "-cond-$ipaddress=/^203\\.0\\.113\\./\n"
		     "@@-cond-$ipaddress=10.9.9.9\n"
		     "||plain.example^\n");
	assert_true(pd_match_has_later(r.set, PD_TYPE_ALL, true, false));
	assert_true(pd_match_has_later(r.set, PD_TYPE_ALL, false, true));
	assert_false(pd_match_has_later(r.set, PD_TYPE_ALL, false, false));
	assert_ask(
	    &r, "script", "https://a.org/", "https://x.org/-cond-", "none");
	assert_string_equal(
	    later(&r, "X-Ads", "1", NULL), "block -cond-$header=x-ads list:1");
	assert_string_equal(later(&r, "Via", "1.1 ads", NULL),
	    "block -cond-$header=via:1.1 ads list:2");
	assert_string_equal(later(&r, "Via", "1.1 adsx", NULL), "none");
	assert_string_equal(later(&r, "Server", "BAD one", NULL),
	    "block -cond-$header=server:/^bad/i list:3");
	assert_string_equal(later(&r, "Server", "good", NULL), "none");
	assert_string_equal(later(&r, NULL, NULL, "192.0.2.1"),
	    "block -cond-$ipaddress=192.0.2.1 list:4");
	assert_string_equal(later(&r, NULL, NULL, "192.0.2.10"), "none");
	assert_string_equal(later(&r, NULL, NULL, "10.1.2.3"),
	    "block -cond-$ipaddress=10.* list:5");
	assert_string_equal(later(&r, NULL, NULL, "10.9.9.9"),
	    "allow @@-cond-$ipaddress=10.9.9.9 list:7");
	assert_string_equal(later(&r, NULL, NULL, "203.0.113.7"),
	    "block -cond-$ipaddress=/^203\\.0\\.113\\./ list:6");
	rules_free(&r);
	rules_of(&r, "||plain.example^\n");
	assert_false(pd_match_has_later(r.set, PD_TYPE_ALL, true, true));
	assert_string_equal(later(&r, "X-Ads", "1", "10.1.2.3"), "none");
	rules_free(&r);
}

static void
ziproxy_lists_have_their_order(void **state)
{
	struct rules r;

	(void)state;
	rules_begin(&r);
	rules_list_of(
	    &r, "noproc", "http://a.example/free*\n", PD_RULE_UNTOUCHED);
	rules_list_of(&r, "deny", "http://a.example/*\n", PD_RULE_DENY);
	rules_list_of(
	    &r, "replace", "http://*.example/*.gif\n", PD_RULE_REPLACE);
	rules_list_of(&r, "type", "http://*.*/*\n", PD_RULE_REPLACE_TYPE);
	rules_list(&r, "ab", "||b.example^\n@@||b.example/x^\n||c.net^\n");
	rules_end(&r);
#define ZIP(url) ask(&r, "image", "https://p.org/", "http://" url)
	assert_string_equal(ZIP("a.example/free/ad.gif"),
	    "none untouched http://a.example/free* noproc:1");
	assert_string_equal(
	    ZIP("a.example/ad.gif"), "deny http://a.example/* deny:1");
	assert_string_equal(ZIP("b.example/ad.gif"),
	    "replace http://*.example/*.gif replace:1");
	assert_string_equal(ZIP("b.example/ad.png"), "block ||b.example^ ab:1");
	assert_string_equal(
	    ZIP("b.example/x/ad.png"), "allow @@||b.example/x^ ab:2 by-type");
	assert_string_equal(ZIP("d.net/ad.png"), "none by-type");
	rules_free(&r);
}

static void
the_last_ordered_rule_counts(void **state)
{
	struct rules r;

	(void)state;
	rules_begin(&r);
	rules_list(&r, "user.action",
	    "{+block{ads}}\n"
	    ".ads.net\n"
	    "ad*.\n"
	    ".example.org/.*banner\n"
	    "port.net:8080\n"
	    "{-block}\n"
	    "good.ads.net\n"
	    "adobe.\n"
	    "{+block{again}}\n"
	    "good.ads.net/bad\n");
	rules_list(&r, "ab", "||strong.ads.net^$important\n||adobe.com^\n");
	rules_end(&r);
#define ACTION(url) ask(&r, "image", "https://p.org/", "http://" url)
	assert_string_equal(
	    ACTION("x.ads.net/"), "block .ads.net user.action:2");
	assert_string_equal(ACTION("ads.net/"), "block ad*. user.action:3");
	assert_string_equal(ACTION("adserv.org/"), "block ad*. user.action:3");
	/* An allowing one alone decides nothing. */
	assert_string_equal(ACTION("good.ads.net/"), "none");
	assert_string_equal(ACTION("good.ads.net/bad"),
	    "block good.ads.net/bad user.action:10");
	assert_string_equal(ACTION("adobe.com/"), "allow adobe. user.action:8");
	assert_string_equal(ACTION("www.example.org/x/Banner.gif"),
	    "block .example.org/.*banner user.action:4");
	assert_string_equal(ACTION("www.example.org/x/b.gif"), "none");
	assert_string_equal(
	    ACTION("port.net:8080/"), "block port.net:8080 user.action:5");
	assert_string_equal(ACTION("port.net/"), "none");
	assert_string_equal(ACTION("strong.ads.net/"),
	    "block ||strong.ads.net^$important ab:1");
	rules_free(&r);
}

struct explained {
	char text[4096];
};

static void
take_found(void *arg, const struct pd_match_found *f)
{
	struct explained *e = arg;
	size_t n = strlen(e->text);

	snprintf(e->text + n, sizeof(e->text) - n, "%s %.*s %.*s:%u\n",
	    pd_match_role_name(f->role), PD_STR_ARG(f->rule.text),
	    PD_STR_ARG(f->rule.file), f->rule.line);
}

#define assert_found(e, what)                                      \
	do {                                                       \
		if (strstr((e)->text, what "\n") == NULL)          \
			fail_msg("no %s in\n%s", what, (e)->text); \
	} while (0)

static void
all_rules_are_explained(void **state)
{
	struct explained e = { .text = "" };
	struct pd_match_query q;
	struct rules r;

	(void)state;
	rules_begin(&r);
	rules_list(&r, "one",
	    "||ads.example^\n"
	    "||x.ads.example^\n"
	    "/Banner-$script\n"
	    "@@||ads.example^$domain=friend.org\n"
	    "||ads.example/banner$script,redirect-rule=noop.js\n"
	    "||x.ads.example^$script,third-party\n"
	    "$removeparam=utm\n");
	rules_list(&r, "two",
	    "||ads.example^\n"
	    "/banner-$script\n"
	    "-off-\n"
	    "||other.example^\n");
	rules_end(&r);
	r.lists = 1;
	rules_query(&r, &q, "script", "https://a.org/",
	    "https://x.ads.example/banner-off-?utm=1");
	pd_match_explain(r.set, r.scratch, &q, take_found, &e);
	assert_found(&e, "winner ||ads.example^ one:1");
	assert_found(&e, "folded ||x.ads.example^ one:2");
	assert_found(&e, "loses /Banner-$script one:3");
	assert_found(&e,
	    "changes ||ads.example/banner$script,redirect-rule=noop.js one:5");
	assert_found(&e, "folded ||x.ads.example^$script,third-party one:6");
	assert_found(&e, "off ||ads.example^ two:1");
	assert_found(&e, "off /banner-$script two:2");
	assert_found(&e, "off -off- two:3");
	assert_null(strstr(e.text, "friend"));
	assert_null(strstr(e.text, "other"));
	r.lists = PD_MATCH_LISTS_ALL;
	e.text[0] = '\0';
	rules_query(&r, &q, "script", "https://friend.org/",
	    "https://ads.example/?utm=1");
	pd_match_explain(r.set, r.scratch, &q, take_found, &e);
	assert_found(&e, "winner @@||ads.example^$domain=friend.org one:4");
	assert_found(&e, "loses ||ads.example^ one:1");
	assert_found(&e, "changes $removeparam=utm one:7");
	rules_free(&r);
}

static void
urls_are_split(void **state)
{
	static const struct {
		const char *url, *host;
	} cases[] = {
		{ "https://example.org/x", "example.org" },
		{ "https://example.org", "example.org" },
		{ "http://u:p@example.org:80/@x", "example.org" },
		{ "http://a@b@example.org./x", "example.org" },
		{ "http://[2001:db8::1]:80/", "2001:db8::1" },
		{ "http://example.org?q@x", "example.org" },
		{ "http://example.org#x", "example.org" },
		{ "http://example.org\\x", "example.org" },
		{ "wss://a-very-long-name-of-a-host.example.org:443/",
		    "a-very-long-name-of-a-host.example.org" },
		{ "http://a-very-long-name-of-a-host.example.org@b.org/",
		    "b.org" },
		{ "example.org/x", "" },
		{ "data:text/plain,x", "" },
		{ "https:/x", "" },
		{ "https://", "" },
		{ "https:///x", "" },
		{ "http://[::1", "" },
		{ "http://:80/", "" },
		{ "", "" },
		{ "://x", "" },
		{ "https?://example.org/", "" },
		{ "a/b://example.org/", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct pd_str host = pd_match_host(pd_str_z(cases[i].url));
		struct pd_match_query q;

		if (!pd_str_eq(host, pd_str_z(cases[i].host)))
			fail_msg("%s: %.*s", cases[i].url, PD_STR_ARG(host));
		assert_int_equal(pd_match_split(&q, pd_str_z(cases[i].url)),
		    host.n > 0 ? 0 : -1);
	}
}

/* Longer than what is looked at; thousands of tokens of a crowded bucket do not
 * hide the rule that fits. */
static void
long_urls_are_cut_and_hide_nothing(void **state)
{
	size_t n = 3 * PD_MATCH_URL_MAX;
	char *url = malloc(n + 1);
	struct rules r;

	(void)state;
	rules_begin(&r);
	for (int i = 0; i < 40; i++) {
		char rule[64];

		snprintf(rule, sizeof(rule), "/aa/*x%dy\n-end-|\n", i);
		rules_list(&r, "list", rule);
	}
	rules_list(&r, "host", "||host.example^\n");
	rules_end(&r);
	memcpy(url, "https://x.host.example", 22);
	for (size_t i = 22; i < n; i++)
		url[i] = "/aa"[(i - 22) % 3];
	memcpy(url + n - 5, "-end-", 5);
	url[n] = '\0';
	assert_ask(
	    &r, "image", "https://a.org/", url, "block ||host.example^ host:1");
	memcpy(url + 8, "x.most.example", 14);
	assert_ask(&r, "image", "https://a.org/", url, "none");
	memcpy(url + PD_MATCH_URL_MAX - 4, "x39y", 4);
	assert_ask(
	    &r, "image", "https://a.org/", url, "block /aa/*x39y list:1");
	url[PD_MATCH_URL_MAX - 1] = 'z';
	/* Just the most, and one less: nothing behind it is read. */
	for (size_t k = PD_MATCH_URL_MAX + 1; k >= PD_MATCH_URL_MAX - 65; k--) {
		char *tight = malloc(k);
		struct pd_match_query q;
		struct pd_match m;

		memcpy(tight, url, k);
		rules_query(&r, &q, "image", "https://a.org/", "https://x/");
		assert_int_equal(pd_match_split(&q, pd_str_of(tight, k)), 0);
		pd_match_request(r.set, r.scratch, &q, &m);
		assert_int_equal(m.kind, PD_MATCH_NONE);
		free(tight);
	}
	free(url);
	rules_free(&r);
}

/* One scratch, two sets: what was kept of the one is not taken for the other.
 */
static void
a_scratch_serves_many_sets(void **state)
{
	struct rules a, b;
	struct pd_scratch *own;

	(void)state;
	rules_of(&a, "||ads.example^$domain=a.org\n");
	rules_of(&b, "-x-$domain=b.org\n||ads.example^$domain=b.org\n");
	own = b.scratch;
	b.scratch = a.scratch;
	for (int i = 0; i < 3; i++) {
		assert_ask(&a, "image", "https://a.org/",
		    "https://ads.example/",
		    "block ||ads.example^$domain=a.org list:1");
		assert_ask(&b, "image", "https://a.org/",
		    "https://ads.example/", "none");
		assert_ask(&b, "image", "https://b.org/",
		    "https://ads.example/",
		    "block ||ads.example^$domain=b.org list:2");
		assert_ask(&a, "image", "https://b.org/",
		    "https://ads.example/", "none");
	}
	b.scratch = own;
	rules_free(&a);
	rules_free(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(anchors_and_signs),
		cmocka_unit_test(types_and_pages),
		cmocka_unit_test(parties_and_pages_that_are_not_known),
		cmocka_unit_test(domains_entities_and_expressions),
		cmocka_unit_test(exceptions_and_important),
		cmocka_unit_test(methods),
		cmocka_unit_test(hosts_alone_for_connect),
		cmocka_unit_test(redirects),
		cmocka_unit_test(parameters_are_removed),
		cmocka_unit_test(links_are_skipped),
		cmocka_unit_test(paths_are_transformed),
		cmocka_unit_test(answers_get_policies),
		cmocka_unit_test(conditions_are_judged_later),
		cmocka_unit_test(ziproxy_lists_have_their_order),
		cmocka_unit_test(the_last_ordered_rule_counts),
		cmocka_unit_test(all_rules_are_explained),
		cmocka_unit_test(urls_are_split),
		cmocka_unit_test(long_urls_are_cut_and_hide_nothing),
		cmocka_unit_test(a_scratch_serves_many_sets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
