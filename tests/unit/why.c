#include "why.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/support/rules.h"
#include "tests/unit/arena_help.h"

static const char list[] = "! Title: Test\n"
			   "||ads.test^\n"
			   "||ads.test^$script,third-party\n"
			   "@@||good.ads.test^\n"
			   "/banner/*$image\n"
			   "||shop.test^$removeparam=utm_source\n"
			   "||video.test/ad.js$script,redirect=noopjs\n"
			   "@@||video.test/ad.js$redirect,domain=other.test\n"
			   "||page.test^$document\n"
			   "||page.test^$csp=script-src 'none'\n"
			   "||third.test^$third-party\n"
			   "/only-here/$domain=site.test\n"
			   "||doc.test^$document\n"
			   "@@||doc.test^$document\n";

static struct pd_conf_site site = { .lists_off = true };
static struct pd_conf conf;
static struct pd_block_set *rules;
static struct pd_scratch *scratch;
static const int64_t now = 1795288702;

static int
begin_all(void **state)
{
	static char host[] = "off.test";

	(void)state;
	site.host = host;
	conf = (struct pd_conf){ .sites = &site, .nsites = 1 };
	rules = test_rules(&conf, "test", list);
	scratch = pd_scratch_create();
	return 0;
}

static int
end_all(void **state)
{
	(void)state;
	pd_block_unref(rules);
	pd_scratch_destroy(scratch);
	return 0;
}

static struct pd_why *
ask_all(const char *url, const char *type, const char *from,
    const struct pd_addr *client, const struct pd_probe_set *probes)
{
	struct pd_why *w = pd_arena_zalloc(arena, sizeof(*w));
	const struct pd_why_params p = {
		.conf = &conf,
		.rules = rules,
		.probes = probes,
		.scratch = scratch,
		.arena = arena,
		.client = client,
		.now_s = now,
		.url = pd_str_z(url),
		.type = pd_str_z(type),
		.source = pd_str_z(from),
	};
	const char *wrong = pd_why_ask(&p, w);

	if (wrong != NULL)
		fail_msg("%s: %s", url, wrong);
	return w;
}

static struct pd_why *
ask(const char *url, const char *type, const char *from)
{
	return ask_all(url, type, from, NULL, NULL);
}

static const struct pd_match_found *
find(const struct pd_why *w, const char *text)
{
	for (size_t i = 0; i < w->nrules; i++) {
		if (pd_str_eq(w->rules[i].rule.text, pd_str_z(text)))
			return &w->rules[i];
	}
	fail_msg("%.*s: no %s", PD_STR_ARG(w->url), text);
	return NULL;
}

static bool
says(struct pd_str s, const char *z)
{
	return s.n > 0 && memmem(s.p, s.n, z, strlen(z)) != NULL;
}

static void
every_rule_and_the_winner(void **state)
{
	struct pd_why *w =
	    ask("http://ads.test/x.js", NULL, "http://site.test/");

	(void)state;
	assert_true(pd_why_blocked(w));
	assert_true(w->type_guessed);
	assert_int_equal(w->inferred.types, PD_TYPE_SCRIPT);
	assert_true(says(w->sentence, "Blocked by test"));
	assert_true(says(w->sent, "an empty script"));
	assert_int_equal(w->nrules, 2);
	assert_int_equal(w->rules[0].role, PD_ROLE_WINNER);
	assert_int_equal(w->verdict.rule.line, w->rules[0].rule.line);
	find(w, "||ads.test^");
	find(w, "||ads.test^$script,third-party");
	/* For an image the second does not fit. */
	w = ask("http://ads.test/x.gif", NULL, "http://site.test/");
	assert_int_equal(w->nrules, 1);
	assert_int_equal(w->inferred.types, PD_TYPE_IMAGE);
	assert_true(says(w->sent, "one clear pixel"));
}

static void
an_exception_wins(void **state)
{
	struct pd_why *w = ask("http://good.ads.test/x.gif", NULL, NULL);

	(void)state;
	assert_false(pd_why_blocked(w));
	assert_true(w->verdict.allowed);
	assert_true(says(w->sentence, "the exception test"));
	assert_int_equal(find(w, "@@||good.ads.test^")->role, PD_ROLE_WINNER);
	assert_true(find(w, "@@||good.ads.test^")->exception);
	assert_int_equal(find(w, "||ads.test^")->role, PD_ROLE_LOSES);
	assert_int_equal(w->sent.n, 0);
}

static void
what_passes(void **state)
{
	struct pd_why *w = ask("http://plain.test/", NULL, NULL);

	(void)state;
	assert_false(pd_why_blocked(w));
	assert_int_equal(w->nrules, 0);
	assert_true(says(w->sentence, "no rule matches"));
	assert_int_equal(w->inferred.types, PD_TYPE_DOCUMENT);
}

static void
type_and_page_are_told(void **state)
{
	(void)state;
	assert_true(pd_why_blocked(
	    ask("http://x.test/banner/1", "image", "http://y.test/")));
	assert_false(pd_why_blocked(
	    ask("http://x.test/banner/1", "script", "http://y.test/")));
	assert_true(pd_why_blocked(
	    ask("http://x.test/only-here/", "image", "site.test")));
	assert_true(pd_why_blocked(ask("http://x.test/only-here/", "image",
	    "https://www.site.test/page?x")));
	assert_false(
	    pd_why_blocked(ask("http://x.test/only-here/", "image", "z.test")));
	assert_false(
	    pd_why_blocked(ask("http://x.test/only-here/", "image", NULL)));
	assert_true(pd_why_blocked(
	    ask("http://third.test/a.gif", NULL, "http://z.test/")));
	assert_false(pd_why_blocked(
	    ask("http://third.test/a.gif", NULL, "http://www.third.test/")));
	/* Browsers that tell no page are taken to be on another site. */
	assert_true(pd_why_blocked(ask("http://third.test/a.gif", NULL, "")));
}

static void
every_type_is_one_of_itself(void **state)
{
	(void)state;
	for (unsigned bit = 1; bit & PD_TYPE_ALL; bit <<= 1) {
		const char *name = pd_type_name((uint16_t)bit);
		struct pd_why *w =
		    ask("http://plain.test/x", name, "http://site.test/");

		if (!(w->inferred.types & bit))
			fail_msg("%s became %x", name, w->inferred.types);
		assert_false(w->type_guessed);
		assert_true(
		    pd_str_eq(w->inferred.source, PD_STR("site.test")) ||
		    bit == PD_TYPE_DOCUMENT);
	}
}

static void
resources_and_changes(void **state)
{
	struct pd_why *w =
	    ask("http://video.test/ad.js", NULL, "http://site.test/");

	(void)state;
	assert_true(pd_why_blocked(w));
	assert_non_null(w->verdict.resource);
	assert_true(says(w->sent, "noop.js"));

	w = ask("http://shop.test/?utm_source=x&id=1", NULL, NULL);
	assert_false(pd_why_blocked(w));
	assert_int_equal(w->verdict.kind, PD_VERDICT_REDIRECT);
	assert_true(says(w->sent, "http://shop.test/?id=1"));
	assert_int_equal(w->rules[0].role, PD_ROLE_CHANGES);
	w = ask("http://shop.test/a.png?utm_source=x", NULL, "http://z.test/");
	assert_int_equal(w->verdict.kind, PD_VERDICT_REWRITE);

	/* What is blocked is not changed as well. */
	w = ask("http://page.test/", NULL, NULL);
	assert_true(pd_why_blocked(w));
	assert_int_equal(w->nchanges, 0);
	assert_true(says(w->sent, "a page that says why"));
	w = ask("http://page.test/f", "subdocument", "http://z.test/");
	assert_false(pd_why_blocked(w));
	assert_int_equal(w->nchanges, 1);
	assert_int_equal(w->changes[0].action, PD_RULE_CSP);
	assert_true(says(w->changes[0].value, "script-src 'none'"));
}

/* Who listed a host wonders that its page passes. */
static void
pages_of_listed_hosts_pass(void **state)
{
	struct pd_why *w = ask("http://ads.test/", NULL, NULL);

	(void)state;
	assert_false(pd_why_blocked(w));
	assert_true(says(w->sentence,
	    "||ads.test^ blocks what pages load from it, not the page itself; "
	    "strict-document changes that."));
	assert_int_equal(w->ntunnel_rules, 0);
	assert_false(says(
	    ask("http://good.ads.test/", NULL, NULL)->sentence, "strict-"));
	assert_false(
	    says(ask("http://plain.test/", NULL, NULL)->sentence, "strict-"));
}

/* As in uBlock Origin; in Adblock Plus it would free what the page loads. */
static void
an_exception_of_a_document_is_of_it_alone(void **state)
{
	(void)state;
	assert_true(ask("http://doc.test/", NULL, NULL)->verdict.allowed);
	assert_true(pd_why_blocked(
	    ask("http://ads.test/x.js", NULL, "http://doc.test/")));
}

/* https is seen as a tunnel: rules on more than the host do not count. */
static void
tunnels_are_judged_by_the_host(void **state)
{
	struct pd_why *w = ask("https://ads.test/x.js", NULL, NULL);

	(void)state;
	assert_true(w->https);
	assert_int_equal(w->tunnel.kind, PD_VERDICT_BLOCK);
	assert_true(
	    says(w->sentence, "The tunnel to ads.test is refused by test"));
	assert_true(says(w->sentence, " ||ads.test^."));
	assert_true(says(w->sent, "403"));
	/* It is in the list already, as the winner. */
	assert_int_equal(w->ntunnel_rules, 0);
	/* A page that would pass is refused all the same. */
	w = ask("https://ads.test/", NULL, NULL);
	assert_int_equal(w->verdict.kind, PD_VERDICT_PASS);
	assert_true(pd_why_blocked(w));
	assert_true(says(w->sentence, "The tunnel to ads.test is refused"));
	assert_int_equal(w->ntunnel_rules, 1);
	assert_int_equal(w->tunnel_rules[0].role, PD_ROLE_WINNER);
	assert_true(
	    pd_str_eq(w->tunnel_rules[0].rule.text, PD_STR("||ads.test^")));
	w = ask("https://x.test/banner/1.gif", NULL, "http://z.test/");
	assert_true(pd_why_blocked(w));
	assert_int_equal(w->tunnel.kind, PD_VERDICT_PASS);
	assert_false(ask("http://ads.test/", "image", NULL)->https);
}

static void
what_stands_above_the_lists(void **state)
{
	struct pd_addr ann, ben;
	struct pd_probe_set *probes = pd_probe_load(&conf, NULL);
	struct pd_why *w;

	(void)state;
	assert_int_equal(pd_addr_parse(PD_STR("192.0.2.1"), &ann), 0);
	assert_int_equal(pd_addr_parse(PD_STR("192.0.2.2"), &ben), 0);
	w = ask("http://ads.test/x.gif", NULL, "http://www.off.test/");
	assert_false(pd_why_blocked(w));
	assert_true(w->site_off);
	assert_true(says(w->sentence, "off for this site"));
	find(w, "||ads.test^");

	assert_int_equal(pd_allow_set(pd_block_allow(rules), &ann,
			     PD_STR("ads.test"), 10, now),
	    0);
	w = ask_all("http://ads.test/x.gif", NULL, NULL, &ann, NULL);
	assert_false(pd_why_blocked(w));
	assert_int_equal(w->until_s, now + 600);
	assert_true(says(w->sentence, "a person let it through"));
	assert_true(pd_why_blocked(
	    ask_all("http://ads.test/x.gif", NULL, NULL, &ben, NULL)));
	assert_int_equal(pd_allow_set(pd_block_allow(rules), &ann,
			     PD_STR("ads.test"), 0, now),
	    0);
	assert_true(pd_why_blocked(
	    ask_all("http://ads.test/x.gif", NULL, NULL, &ann, NULL)));

	w = ask_all("http://captive.apple.com/hotspot-detect.html", NULL, NULL,
	    NULL, probes);
	assert_true(w->probe);
	assert_true(says(w->sentence, "connectivity check"));
	pd_probe_destroy(probes);
}

static void
what_people_paste(void **state)
{
	static const struct {
		const char *pasted, *url;
	} rows[] = {
		{ "ads.test", "http://ads.test" },
		{ "  ads.test/a b  ", "http://ads.test/a%20b" },
		{ "http://ads.test/#fragment", "http://ads.test/" },
		{ "ads.test:8080/x?y=http://z/",
		    "http://ads.test:8080/x?y=http://z/" },
		{ "HTTPS://ads.test/", "HTTPS://ads.test/" },
		{ "wss://ads.test/s", "https://ads.test/s" },
		{ "ws://ads.test/s", "http://ads.test/s" },
		{ "http://b\xc3\xbc"
		  "cher.test/\xc3\xbc",
		    "http://xn--bcher-kva.test/%C3%BC" },
		{ "http://[2001:db8::1]/x", "http://[2001:db8::1]/x" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct pd_why *w = ask(rows[i].pasted, NULL, NULL);

		if (!pd_str_eq(w->url, pd_str_z(rows[i].url)))
			fail_msg("%s became %.*s", rows[i].pasted,
			    PD_STR_ARG(w->url));
	}
	assert_int_equal(ask("wss://ads.test/", NULL, NULL)->inferred.types,
	    PD_TYPE_WEBSOCKET);
}

static void
what_is_not_understood(void **state)
{
	static const char *const bad[] = { "", "   ", "ftp://ads.test/",
		"http://", "http:///x", "http://a b/", "http://user@ads.test/",
		"http://ads.test:99999/", "mailto:x@y", "\n" };
	struct pd_why_params p = {
		.conf = &conf,
		.rules = rules,
		.scratch = scratch,
		.arena = arena,
		.now_s = now,
	};
	char *longest = pd_arena_alloc(arena, PD_WHY_URL_MAX + 1);
	struct pd_why w;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		p.url = pd_str_z(bad[i]);
		if (pd_why_ask(&p, &w) == NULL)
			fail_msg("\"%s\" was understood as %.*s", bad[i],
			    PD_STR_ARG(w.url));
	}
	memset(longest, 'a', PD_WHY_URL_MAX + 1);
	p.url = pd_str_of(longest, PD_WHY_URL_MAX + 1);
	assert_non_null(pd_why_ask(&p, &w));
	p.url = PD_STR("http://ads.test/");
	p.type = PD_STR("picture");
	assert_non_null(pd_why_ask(&p, &w));
	p.type = PD_STR("");
	p.source = PD_STR("a b");
	assert_non_null(pd_why_ask(&p, &w));
	p.source = PD_STR("http://ads.test:x/");
	assert_non_null(pd_why_ask(&p, &w));
	/* Without lists all passes. */
	p.source = PD_STR("www.site.test");
	p.rules = NULL;
	assert_null(pd_why_ask(&p, &w));
	assert_false(pd_why_blocked(&w));
}

static void
as_json(void **state)
{
	struct pd_why *w =
	    ask("http://ads.test/x.js?\"<", NULL, "http://site.test/");
	char *text;
	size_t n;
	FILE *f = open_memstream(&text, &n);

	(void)state;
	pd_why_write_json(f, w, arena);
	fclose(f);
	assert_non_null(strstr(text, "\"blocked\": true"));
	assert_non_null(strstr(text, "\"verdict\": \"block\""));
	assert_non_null(strstr(text, "\"type\": \"script\""));
	assert_non_null(strstr(text, "\"source\": \"site.test\""));
	assert_non_null(strstr(text, "\"text\": \"||ads.test^\""));
	assert_non_null(strstr(text, "x.js?%22%3C") != NULL
			    ? text
			    : strstr(text, "x.js?\\\"<"));
	free(text);
}

static void
types_as_words(void **state)
{
	(void)state;
	assert_true(
	    pd_str_eq(pd_why_types(PD_TYPE_IMAGE, arena), PD_STR("image")));
	assert_true(
	    pd_str_eq(pd_why_types(PD_TYPE_SCRIPT | PD_TYPE_OTHER, arena),
		PD_STR("script|other")));
	assert_true(pd_str_eq(pd_why_types(PD_TYPE_ALL, arena), PD_STR("any")));
	/* The most that is written out. */
	assert_true(
	    says(pd_why_types(PD_TYPE_DEFAULT, arena), "csp_report|other"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, begin_arena, end_arena)
		T(every_rule_and_the_winner),
		T(an_exception_wins),
		T(what_passes),
		T(type_and_page_are_told),
		T(every_type_is_one_of_itself),
		T(resources_and_changes),
		T(pages_of_listed_hosts_pass),
		T(an_exception_of_a_document_is_of_it_alone),
		T(tunnels_are_judged_by_the_host),
		T(what_stands_above_the_lists),
		T(what_people_paste),
		T(what_is_not_understood),
		T(as_json),
		T(types_as_words),
#undef T
	};

	return cmocka_run_group_tests(tests, begin_all, end_all);
}
