#include "filters/block/compile.h"

#include "rules_help.h"

static void
list_of(const struct rules *r, size_t i, struct pd_compile_list *l)
{
	pd_set_list(r->set, i, l);
}

static void
nothing_makes_a_set_that_passes_all(void **state)
{
	struct rules r;

	(void)state;
	rules_of(&r, "! nothing\n");
	assert_int_equal(pd_set_rules(r.set), 0);
	assert_int_equal(pd_set_lists(r.set), 1);
	assert_ask(&r, "image", "https://a.org/", "https://b.org/", "none");
	rules_free(&r);
}

static void
equal_rules_are_folded(void **state)
{
	struct pd_compile_list l;
	struct rules r;

	(void)state;
	rules_begin(&r);
	rules_list(&r, "one",
	    "||ads.example^\n"
	    "||ads.example^\n"
	    "||b.example^$third-party,script\n"
	    "-banner-*\n"
	    "-Banner-\n"
	    "-banner-$match-case\n"
	    "-Banner-$match-case\n");
	rules_list(&r, "two",
	    "||ads.example^\n"
	    "||b.example^$script,3p\n"
	    "||c.example^$domain=b.org|a.org\n"
	    "||c.example^$domain=a.org|b.org\n");
	rules_end(&r);
	list_of(&r, 0, &l);
	assert_int_equal(l.rules, 7);
	assert_int_equal(l.folded_same, 2);
	list_of(&r, 1, &l);
	assert_int_equal(l.rules, 4);
	assert_int_equal(l.folded_same, 3);
	assert_int_equal(pd_set_rules(r.set), 6);
	assert_ask(&r, "image", "https://a.org/", "https://ads.example/",
	    "block ||ads.example^ one:1");
	rules_free(&r);
}

static void
hosts_below_a_wider_rule_are_folded(void **state)
{
	struct pd_compile_list l;
	struct rules r;

	(void)state;
	rules_of(&r, "||x.ads.example^\n"
		     "||ads.example^\n"
		     "||y.ads.example^$script\n"
		     "||z.ads.example^$document\n"
		     "||w.ads.example^$important\n"
		     "||v.ads.example^$redirect=noop.js,script\n"
		     "||notads.example^\n"
		     "@@||u.ads.example^\n");
	list_of(&r, 0, &l);
	assert_int_equal(l.folded_covered, 2);
	assert_ask(&r, "script", "https://a.org/", "https://y.ads.example/a",
	    "block ||ads.example^ list:2");
	assert_ask(&r, "document", "https://z.ads.example/",
	    "https://z.ads.example/a",
	    "block ||z.ads.example^$document list:4");
	assert_ask(&r, "script", "https://a.org/", "https://u.ads.example/a",
	    "allow @@||u.ads.example^ list:8");
	assert_ask(&r, "script", "https://a.org/", "https://v.ads.example/a",
	    "block ||ads.example^ list:2 -> noop.js");
	rules_free(&r);
}

/* A line of a hosts file is for pages as well, so "||host^" does not cover it;
 * and it does not cover what is below. */
static void
hosts_files_cover_what_they_say(void **state)
{
	struct pd_compile_list l;
	struct rules r;

	(void)state;
	rules_begin(&r);
	rules_list(&r, "hosts",
	    "0.0.0.0 ads.example\n"
	    "0.0.0.0 wide.example\n");
	rules_list(&r, "ab",
	    "||ads.example^\n"
	    "||x.wide.example^$third-party\n");
	rules_end(&r);
	list_of(&r, 0, &l);
	assert_int_equal(l.rules, 2);
	assert_int_equal(l.folded_covered, 0);
	list_of(&r, 1, &l);
	assert_int_equal(l.folded_covered, 0);
	assert_ask(&r, "document", "https://ads.example/",
	    "https://ads.example/", "block ads.example hosts:1");
	assert_ask(&r, "image", "https://a.org/", "https://x.ads.example/",
	    "block ||ads.example^ ab:1");
	assert_ask(&r, "document", "https://x.ads.example/",
	    "https://x.ads.example/", "none");
	rules_free(&r);
}

static void
policies_keep_lists_apart(void **state)
{
	struct pd_compile_list l;
	struct rules r;

	(void)state;
	rules_begin(&r);
	r.options.keep_duplicates = true;
	rules_list(&r, "one", "||ads.example^\n-banner-\n||x.b.example^\n");
	rules_list(&r, "two",
	    "||ads.example^\n||ads.example^\n-banner-\n||b.example^\n");
	rules_end(&r);
	list_of(&r, 0, &l);
	assert_int_equal(l.folded_same + l.folded_covered, 0);
	list_of(&r, 1, &l);
	assert_int_equal(l.folded_same, 1);
	r.lists = 1;
	assert_ask(&r, "image", "https://a.org/", "https://ads.example/",
	    "block ||ads.example^ one:1");
	assert_ask(&r, "image", "https://a.org/", "https://a.org/-banner-",
	    "block -banner- one:2");
	assert_ask(&r, "image", "https://a.org/", "https://x.b.example/",
	    "block ||x.b.example^ one:3");
	assert_ask(&r, "image", "https://a.org/", "https://b.example/", "none");
	r.lists = 2;
	assert_ask(&r, "image", "https://a.org/", "https://ads.example/",
	    "block ||ads.example^ two:1");
	assert_ask(&r, "image", "https://a.org/", "https://a.org/-banner-",
	    "block -banner- two:3");
	r.lists = 0;
	assert_ask(
	    &r, "image", "https://a.org/", "https://ads.example/", "none");
	rules_free(&r);
}

static void
badfilter_takes_away_across_lists(void **state)
{
	struct pd_compile_list l;
	struct rules r;

	(void)state;
	rules_begin(&r);
	rules_list(&r, "one",
	    "||ads.example^\n"
	    "||bing.example/reportActivity?\n"
	    "||c.example^$script,domain=a.org|b.org\n"
	    "||d.example^$script\n");
	rules_list(&r, "two",
	    "||ads.example^$badfilter\n"
	    "||bing.example/reportactivity?$badfilter\n"
	    "||c.example^$domain=b.org|a.org,badfilter,script\n"
	    "||d.example^$image,badfilter\n");
	rules_end(&r);
	list_of(&r, 0, &l);
	assert_int_equal(l.badfiltered, 3);
	assert_int_equal(pd_set_rules(r.set), 1);
	assert_ask(
	    &r, "image", "https://a.org/", "https://ads.example/", "none");
	assert_ask(&r, "image", "https://a.org/",
	    "https://bing.example/reportActivity?x", "none");
	assert_ask(
	    &r, "script", "https://a.org/", "https://c.example/", "none");
	assert_ask(&r, "script", "https://a.org/", "https://d.example/",
	    "block ||d.example^$script one:4");
	rules_free(&r);
}

static void
the_same_seed_gives_the_same_bytes(void **state)
{
	const char *text = "||a.example^\n/ad/$domain=b.org\n@@||c.example^\n";
	struct rules a, b, c;

	(void)state;
	rules_of(&a, text);
	rules_of(&b, text);
	rules_begin(&c);
	c.options.seed = 8;
	rules_list(&c, "list", text);
	rules_end(&c);
	assert_int_equal(a.out.n, b.out.n);
	/* But for the time and the checksum. */
	assert_memory_equal(
	    a.out.bytes + 128, b.out.bytes + 128, a.out.n - 128);
	assert_memory_not_equal(
	    a.out.bytes + 128, c.out.bytes + 128, a.out.n - 128);
	rules_free(&a);
	rules_free(&b);
	rules_free(&c);
}

static void
suffixes_make_sites(void **state)
{
	char *path = suffix_file();
	struct rules r;

	(void)state;
	rules_begin(&r);
	r.options.suffixes = path;
	rules_list(&r, "list", "/ad/*$third-party\n/own/*$~third-party\n");
	rules_end(&r);
#define THIRD(from, to) \
	assert_ask(     \
	    &r, "image", from, to "ad/", "block /ad/*$third-party list:1")
#define FIRST(from, to) \
	assert_ask(     \
	    &r, "image", from, to "own/", "block /own/*$~third-party list:2")
	FIRST("https://a.b.co.uk/", "https://c.b.co.uk/");
	THIRD("https://a.co.uk/", "https://b.co.uk/");
	THIRD("https://a.github.io/", "https://b.github.io/");
	FIRST("https://x.a.github.io/", "https://a.github.io/");
	/* "*.ck", but "!www.ck". */
	THIRD("https://a.b.ck/", "https://c.b.ck/");
	FIRST("https://x.a.b.ck/", "https://y.a.b.ck/");
	FIRST("https://www.ck/", "https://a.www.ck/");
	THIRD("https://a.kobe.jp/", "https://b.kobe.jp/");
	FIRST("https://a.city.kobe.jp/", "https://b.city.kobe.jp/");
	/* A suffix below a name that is none. */
	THIRD("https://amazonaws.com/", "https://a.s3.amazonaws.com/");
	THIRD("https://a.s3.amazonaws.com/", "https://amazonaws.com/");
	FIRST("https://a.amazonaws.com/", "https://amazonaws.com/");
	/* Not in the list: the last label is the suffix. */
	FIRST("https://a.b.zz/", "https://b.zz/");
	THIRD("https://a.zz/", "https://b.zz/");
	/* Suffixes, labels and addresses are sites of their own. */
	THIRD("https://co.uk/", "https://a.co.uk/");
	FIRST("https://co.uk/", "https://co.uk/");
	FIRST("http://localhost/", "http://localhost/");
	THIRD("http://192.0.2.1/", "http://193.0.2.1/");
	FIRST("http://192.0.2.1/", "http://192.0.2.1/");
	FIRST("http://[::1]/", "http://[::1]:80/");
	rules_free(&r);
	file_end(path);
}

static void
suffixes_that_cannot_be_read_are_an_error(void **state)
{
	struct pd_compile_options o = { .suffixes = "/nonexistent" };
	struct pd_compiler *c = pd_compiler_create(&o);
	struct pd_compiled out;
	const char *why = NULL;

	(void)state;
	assert_int_equal(pd_compiler_finish(c, &out, &why), -1);
	assert_non_null(why);
	assert_null(out.bytes);
	pd_compiler_destroy(c);
	pd_compiler_destroy(NULL);
}

static void
strict_document_blocks_pages(void **state)
{
	struct rules r;

	(void)state;
	rules_begin(&r);
	r.options.strict_document = true;
	rules_list(&r, "list",
	    "||ads.example^\n"
	    "||b.example^$third-party\n"
	    "||c.example^$script\n");
	rules_end(&r);
	assert_ask(&r, "document", "https://ads.example/",
	    "https://ads.example/", "block ||ads.example^ list:1");
	assert_ask(&r, "document", "https://a.example/", "https://b.example/",
	    "block ||b.example^$third-party list:2");
	assert_ask(
	    &r, "document", "https://a.org/", "https://c.example/", "none");
	rules_free(&r);
}

static int
add(struct pd_compiler *c, const char *host, uint32_t line)
{
	const struct pd_rule_sink *sink = pd_compiler_sink(c);
	struct pd_rule r = {
		.shape = PD_RULE_HOST,
		.text = pd_str_z(host),
		.pattern = pd_str_z(host),
		.types = PD_TYPE_ALL,
		.party = PD_PARTY_BOTH,
		.line = line,
	};

	return sink->rule(sink->arg, &r);
}

static void
lists_and_files_are_limited_and_named(void **state)
{
	struct pd_compile_options o = { .seed = 1 };
	struct pd_compiler *c = pd_compiler_create(&o);
	struct rules r = { .lists = PD_MATCH_LISTS_ALL,
		.method = PD_METHOD_GET };
	struct pd_compile_list l;
	char name[32];

	(void)state;
	assert_int_equal(pd_compiler_begin_file(c, PD_STR("early")), -1);
	for (int i = 0; i < PD_COMPILE_LISTS_MAX; i++)
		assert_int_equal(
		    pd_compiler_begin_list(c, PD_STR("l"), PD_STR("u")), 0);
	assert_int_equal(
	    pd_compiler_begin_list(c, PD_STR("l"), PD_STR("u")), -1);
	for (int i = 0; i < PD_COMPILE_FILES_MAX; i++) {
		snprintf(name, sizeof(name), "file%d", i);
		assert_int_equal(pd_compiler_begin_file(c, pd_str_z(name)), 0);
		snprintf(name, sizeof(name), "h%d.example", i);
		assert_int_equal(add(c, name, 7), 0);
	}
	assert_int_equal(pd_compiler_begin_file(c, PD_STR("more")), -1);
	/* Back to one that is there. */
	assert_int_equal(pd_compiler_begin_file(c, PD_STR("file3")), 0);
	assert_int_equal(add(c, "again.example", 1u << 24), 0);
	pd_compiler_describe(c, PD_STR("A title"), 3600);
	r.compiler = c;
	rules_end(&r);
	assert_ask(&r, "image", "https://a.org/", "https://h125.example/",
	    "block h125.example file125:7");
	/* A line that has too high a number is not known. */
	assert_ask(&r, "image", "https://a.org/", "https://again.example/",
	    "block again.example file3:0");
	list_of(&r, PD_COMPILE_LISTS_MAX - 1, &l);
	assert_int_equal(l.expires_s, 3600);
	assert_true(pd_str_eq(l.title, PD_STR("A title")));
	assert_true(pd_str_eq(l.name, PD_STR("l")));
	assert_true(pd_str_eq(l.url, PD_STR("u")));
	list_of(&r, 1000, &l);
	assert_int_equal(l.name.n, 0);
	rules_free(&r);
}

static void
what_is_skipped_is_counted(void **state)
{
	struct pd_compile_list l;
	struct rules r;

	(void)state;
	rules_of(&r, "||ads.example^$popup\n"
		     "||b.example^$nonsense\n"
		     "example.org##.ad\n"
		     "example.org##.ad\n"
		     "||c.example^\n");
	list_of(&r, 0, &l);
	assert_int_equal(l.rules, 1);
	assert_int_equal(l.cosmetics, 2);
	assert_int_equal(l.skipped[PD_SKIP_POPUP], 1);
	assert_int_equal(l.skipped[PD_SKIP_OPTION_UNKNOWN], 1);
	rules_free(&r);
}

/* Ten bytes each, as a million of them have to fit in 16 MB. */
static void
many_hosts_take_little(void **state)
{
	struct pd_compile_options o = { .seed = 1 };
	struct pd_compiler *c = pd_compiler_create(&o);
	struct rules r = { .lists = PD_MATCH_LISTS_ALL,
		.method = PD_METHOD_GET };
	char name[64], url[96];

	(void)state;
	pd_compiler_begin_list(c, PD_STR("many"), PD_STR(""));
	pd_compiler_begin_file(c, PD_STR("many"));
	for (uint32_t i = 0; i < 100000; i++) {
		snprintf(name, sizeof(name), "t%x.ads%u.example",
		    i * 2654435761u, i % 977);
		assert_int_equal(add(c, name, i + 1), 0);
	}
	r.compiler = c;
	rules_end(&r);
	assert_int_equal(pd_set_rules(r.set), 100000);
	assert_true(pd_set_bytes(r.set) < 1100000);
	for (uint32_t i = 0; i < 100000; i += 997) {
		char want[128];

		snprintf(name, sizeof(name), "t%x.ads%u.example",
		    i * 2654435761u, i % 977);
		snprintf(url, sizeof(url), "http://www.%s/", name);
		snprintf(want, sizeof(want), "block %s many:%u", name, i + 1);
		assert_ask(&r, "image", "https://a.org/", url, want);
		snprintf(url, sizeof(url), "http://www.x%s/", name);
		assert_ask(&r, "image", "https://a.org/", url, "none");
	}
	rules_free(&r);
}

static void
rules_that_nothing_points_to_are_counted(void **state)
{
	struct rules r;

	(void)state;
	rules_of(&r, "$ping,third-party\n"
		     "abc\n"
		     "/abc/*\n"
		     "||*.bad*\n"
		     "-abc-$domain=a.org\n"
		     "*$script,domain=a.org\n"
		     "*$script,to=b.example\n"
		     "*$script,domain=~a.org\n");
	/* The first, "abc", the fourth and the last. */
	assert_int_equal(r.out.always, 4);
	rules_free(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_makes_a_set_that_passes_all),
		cmocka_unit_test(equal_rules_are_folded),
		cmocka_unit_test(hosts_below_a_wider_rule_are_folded),
		cmocka_unit_test(hosts_files_cover_what_they_say),
		cmocka_unit_test(policies_keep_lists_apart),
		cmocka_unit_test(badfilter_takes_away_across_lists),
		cmocka_unit_test(the_same_seed_gives_the_same_bytes),
		cmocka_unit_test(suffixes_make_sites),
		cmocka_unit_test(suffixes_that_cannot_be_read_are_an_error),
		cmocka_unit_test(strict_document_blocks_pages),
		cmocka_unit_test(lists_and_files_are_limited_and_named),
		cmocka_unit_test(what_is_skipped_is_counted),
		cmocka_unit_test(many_hosts_take_little),
		cmocka_unit_test(rules_that_nothing_points_to_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
