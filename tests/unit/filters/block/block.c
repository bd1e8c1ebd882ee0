#include "filters/block/block.h"

#include "fixture.h"

/* A configuration with lists made of text; NULL leaves one out. */
struct lists {
	const char *no_processing, *deny, *replace, *replace_ct;
	const char *sources[3];
};

struct setup {
	struct pd_conf conf;
	struct pd_conf_source sources[3];
	struct pd_block_set *set;
	struct report report;
};

static char *
file_of_text(const char *text)
{
	return text != NULL ? file_of(pd_str_z(text)) : NULL;
}

static void
setup(struct setup *s, const struct lists *lists)
{
	static char *const names[] = { "first", "second", "third" };

	memset(s, 0, sizeof(*s));
	s->conf.url_no_processing = file_of_text(lists->no_processing);
	s->conf.url_deny = file_of_text(lists->deny);
	s->conf.url_replace_data = file_of_text(lists->replace);
	s->conf.url_replace_data_ct = file_of_text(lists->replace_ct);
	s->conf.sources = s->sources;
	for (size_t i = 0; i < 3 && lists->sources[i] != NULL; i++) {
		char *path = file_of_text(lists->sources[i]);

		s->sources[i].name = names[i];
		s->sources[i].url = malloc(64);
		/* Each way to write it. */
		snprintf(s->sources[i].url, 64, "%s%s",
		    i == 0   ? ""
		    : i == 1 ? "file:"
			     : "file://",
		    path);
		free(path);
		s->conf.nsources = i + 1;
	}
	s->set = pd_block_load(&s->conf, report_begin(&s->report));
}

static void
teardown(struct setup *s)
{
	char *paths[] = { s->conf.url_no_processing, s->conf.url_deny,
		s->conf.url_replace_data, s->conf.url_replace_data_ct };

	pd_block_unref(s->set);
	for (size_t i = 0; i < 4; i++) {
		if (paths[i] != NULL)
			file_end(paths[i]);
	}
	for (size_t i = 0; i < s->conf.nsources; i++) {
		unlink(strchr(s->sources[i].url, '/'));
		free(s->sources[i].url);
	}
}

/* Of GET url, or of CONNECT when it has no scheme. */
static enum pd_verdict_kind
judge(const struct setup *s, const char *url, struct pd_verdict *out)
{
	static struct pd_arena *arena;
	static struct pd_url parsed;
	struct pd_block_query q = { .method = PD_METHOD_GET, .url = &parsed };
	struct pd_verdict v;

	/* The rule of a BLOCK lives in it until the next call. */
	pd_arena_destroy(arena);
	arena = NULL;
	if (url == NULL)
		return PD_VERDICT_PASS;
	arena = pd_arena_create();
	memset(&parsed, 0, sizeof(parsed));
	if (strstr(url, "://") != NULL) {
		assert_int_equal(
		    pd_url_parse(pd_str_z(url), arena, &parsed), PD_URL_OK);
	} else {
		q.method = PD_METHOD_CONNECT;
		assert_int_equal(pd_authority_parse(pd_str_z(url), 443, arena,
				     &parsed.authority),
		    PD_URL_OK);
	}
	pd_block_judge(s->set, &q, out != NULL ? out : &v);
	return out != NULL ? out->kind : v.kind;
}

#define assert_str(s, z)                                \
	do {                                            \
		assert_int_equal((s).n, strlen(z));     \
		assert_memory_equal((s).p, (z), (s).n); \
	} while (0)

static void
no_lists_pass_everything(void **state)
{
	struct setup s, none = { .set = NULL };
	struct pd_verdict v;

	(void)state;
	setup(&s, &(struct lists){ .deny = NULL });
	assert_non_null(s.set);
	assert_int_equal(judge(&s, "http://a.example/", &v), PD_VERDICT_PASS);
	assert_false(v.untouched || v.replace_by_type);
	assert_int_equal(v.list.n, 0);
	assert_int_equal(pd_block_rules(s.set), 0);
	assert_int_equal(
	    judge(&none, "http://a.example/", &v), PD_VERDICT_PASS);
	assert_int_equal(pd_block_rules(NULL), 0);
	pd_block_unref(NULL);
	teardown(&s);
}

static void
hosts_and_domains_block_with_their_line(void **state)
{
	struct setup s;
	struct pd_verdict v;

	(void)state;
	setup(&s,
	    &(struct lists){ .sources = { "# h\n0.0.0.0 ads.example\n",
				 "track.example\n192.0.2.1\n2001:db8::0:1\n",
				 "0.0.0.0 third.example\n" } });
	assert_int_equal(s.report.lines, 0);
	assert_int_equal(pd_block_rules(s.set), 5);
	assert_int_equal(
	    judge(&s, "http://ADS.example./x?y", &v), PD_VERDICT_BLOCK);
	assert_str(v.list, "first");
	assert_str(v.rule, "ads.example");
	assert_int_equal(v.line, 2);
	assert_int_equal(
	    judge(&s, "http://x.ads.example/", NULL), PD_VERDICT_PASS);
	assert_int_equal(
	    judge(&s, "a.b.track.example:443", &v), PD_VERDICT_BLOCK);
	assert_str(v.list, "second");
	assert_str(v.rule, "track.example");
	assert_int_equal(v.line, 1);
	assert_int_equal(
	    judge(&s, "https://track.example:8443/", NULL), PD_VERDICT_BLOCK);
	assert_int_equal(
	    judge(&s, "http://third.example/", &v), PD_VERDICT_BLOCK);
	assert_str(v.list, "third");
	assert_int_equal(judge(&s, "http://192.0.2.1/", &v), PD_VERDICT_BLOCK);
	assert_str(v.rule, "192.0.2.1");
	assert_int_equal(
	    judge(&s, "http://[2001:db8::1]/", NULL), PD_VERDICT_BLOCK);
	assert_int_equal(
	    judge(&s, "http://192.0.2.10/", NULL), PD_VERDICT_PASS);
	teardown(&s);
}

static void
ziproxy_order(void **state)
{
	struct setup s;
	struct pd_verdict v;

	(void)state;
	setup(
	    &s, &(struct lists){ .no_processing = "http://both.example/*\n",
		    .deny = "http://both.example/*\nhttp://deny.example/*\n",
		    .replace = "http://deny.example/*\nhttp://gif.example/*\n",
		    .replace_ct = "http://gif.example/*\nhttp://ct.example/*\n"
				  "http://hosts.example/*\n",
		    .sources = { "0.0.0.0 both.example\n0.0.0.0 gif.example\n"
				 "0.0.0.0 hosts.example\n" } });
	assert_int_equal(s.report.lines, 0);
	assert_int_equal(
	    judge(&s, "http://both.example/x", &v), PD_VERDICT_PASS);
	assert_true(v.untouched);
	assert_str(v.list, "URLNoProcessing");
	assert_int_equal(
	    judge(&s, "http://deny.example/x", &v), PD_VERDICT_DENY);
	assert_str(v.list, "URLDeny");
	assert_str(v.rule, "http://deny.example/*");
	assert_int_equal(v.line, 2);
	assert_int_equal(
	    judge(&s, "http://gif.example/", &v), PD_VERDICT_REPLACE);
	assert_str(v.list, "URLReplaceData");
	assert_int_equal(judge(&s, "http://ct.example/", &v), PD_VERDICT_PASS);
	assert_true(v.replace_by_type);
	assert_false(v.untouched);
	assert_int_equal(
	    judge(&s, "http://hosts.example/", NULL), PD_VERDICT_BLOCK);
	teardown(&s);
}

static void
ziproxy_patterns(void **state)
{
	static const struct {
		const char *url;
		bool denied;
	} cases[] = {
		/* No path is "/" only. */
		{ "http://root.example/", true },
		{ "http://root.example/a", false },
		{ "http://root.example/?q", false },
		{ "http://www.root.example/", false },
		{ "http://one.example/ads/a.gif", true },
		{ "http://one.example/ads/a.gif?x", false },
		{ "http://one.example/ads/", false },
		{ "http://site.example/", true },
		{ "http://site.example/any?q=1", true },
		{ "http://site.example:8080/any", true },
		{ "https://site.example/any", false },
		/* The star of a host stays in the host. */
		{ "http://a.below.example/", true },
		{ "http://a.b.below.example/", true },
		{ "http://below.example/", false },
		{ "http://other.example/.below.example/", false },
		{ "http://ad7.glob.example/x.js", true },
		{ "http://ad.glob.example/x.css", false },
		{ "http://bad.glob.example/x.js", false },
		{ "http://port.example:81/x", true },
		{ "http://port.example/x", false },
		{ "http://192.0.2.7/", true },
		{ "http://x.192.0.2.7.example/", false },
		{ "https://tls.example/", true },
		{ "https://tls.example/x", true },
		{ "http://tls.example/", false },
		{ "https://part.example/ads/1", true },
		{ "https://part.example/", false },
		/* CONNECT knows the host alone. */
		{ "tls.example:443", true },
		{ "tlsroot.example:443", true },
		{ "a.tlsbelow.example:443", true },
		{ "part.example:443", false },
		{ "site.example:443", false },
	};
	struct setup s;

	(void)state;
	setup(&s, &(struct lists){ .deny = "# comment\n"
					   "http://root.example\n"
					   "http://one.example/ads/*.gif\r\n"
					   "  http://Site.example/*  \n"
					   "http://*.below.example/*\n"
					   "http://ad*.glob.example/*.js\n"
					   "http://port.example:81/*\n"
					   "http://192.0.2.7/*\n"
					   "https://tls.example/*\n"
					   "https://tlsroot.example\n"
					   "https://*.tlsbelow.example/\n"
					   "HTTPS://part.example/ads/*\n" });
	assert_int_equal(s.report.lines, 0);
	assert_int_equal(pd_block_rules(s.set), 11);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bool denied = judge(&s, cases[i].url, NULL) == PD_VERDICT_DENY;

		if (denied != cases[i].denied)
			fail_msg("%s", cases[i].url);
	}
	teardown(&s);
}

static void
the_first_of_several_rules_is_named(void **state)
{
	struct setup s;
	struct pd_verdict v;

	(void)state;
	setup(&s, &(struct lists){ .deny = "http://a*.example/x*\n"
					   "http://*.example/y*\n"
					   "http://ab.example/*\n"
					   "http://ab.example/*\n" });
	assert_int_equal(judge(&s, "http://ab.example/x", &v), PD_VERDICT_DENY);
	assert_int_equal(v.line, 1);
	assert_int_equal(judge(&s, "http://ab.example/y", &v), PD_VERDICT_DENY);
	assert_int_equal(v.line, 2);
	assert_int_equal(judge(&s, "http://ab.example/z", &v), PD_VERDICT_DENY);
	assert_int_equal(v.line, 3);
	teardown(&s);
}

static void
wrong_patterns_are_reported(void **state)
{
	struct setup s;

	(void)state;
	setup(&s, &(struct lists){ .replace = "a.example/*\n"
					      "ftp://a.example/\n"
					      "http:///x\n"
					      "http://a.example:x/\n"
					      "http://a.example:99999/\n"
					      "http://u@a.example/\n"
					      "http://a.example/#x\n"
					      "http://a.example/ b\n"
					      "http://a?b/c\n"
					      "http://*.exa mple/\n"
					      "http://ok.example/\n" });
	assert_non_null(s.set);
	assert_int_equal(s.report.lines, 10);
	assert_int_equal(s.report.errors, 0);
	assert_told(&s.report, ":1: \"a.example/*\": does not begin with http");
	assert_int_equal(
	    judge(&s, "http://ok.example/", NULL), PD_VERDICT_REPLACE);
	assert_int_equal(pd_block_rules(s.set), 1);
	teardown(&s);
}

static void
what_is_no_list_is_an_error(void **state)
{
	struct setup s;

	(void)state;
	setup(&s,
	    &(struct lists){ .sources = { "[Adblock Plus 2.0]\n||a.example^\n",
				 "<html>\n<h1>404</h1>\n", "a.example\n" } });
	assert_null(s.set);
	assert_int_equal(s.report.errors, 2);
	assert_told(&s.report, "this is an Adblock list");
	assert_told(&s.report, "this is an HTML page");
	teardown(&s);

	setup(&s, &(struct lists){ .sources = { "# nothing\n" } });
	assert_non_null(s.set);
	assert_int_equal(s.report.errors, 0);
	assert_told(&s.report, "the list is empty");
	s.sources[0].off = true;
	s.conf.url_deny = strdup("/nonexistent/deny");
	assert_null(pd_block_load(&s.conf, report_begin(&s.report)));
	assert_int_equal(s.report.lines, 1);
	assert_told(&s.report, "/nonexistent/deny: No such file");
	teardown(&s);
}

static void
a_set_is_counted(void **state)
{
	struct setup s;

	(void)state;
	setup(&s, &(struct lists){ .sources = { "a.example\n" } });
	assert_ptr_equal(pd_block_ref(s.set), s.set);
	pd_block_unref(s.set);
	assert_int_equal(
	    judge(&s, "http://a.example/", NULL), PD_VERDICT_BLOCK);
	teardown(&s);
}

static void
types_to_replace(void **state)
{
	char *types[] = { "image/gif", "application/x-shockwave-flash",
		"video/*" };
	struct pd_conf conf = { .replace_ct_types = { types, 3 } };

	(void)state;
	assert_true(pd_block_replace_type(&conf, PD_STR("image/gif")));
	assert_true(pd_block_replace_type(&conf, PD_STR("video/mp4")));
	assert_true(pd_block_replace_type(
	    &conf, PD_STR("application/x-shockwave-flash")));
	assert_false(pd_block_replace_type(&conf, PD_STR("image/png")));
	assert_false(pd_block_replace_type(&conf, PD_STR("image/x-gif")));
	assert_false(pd_block_replace_type(&conf, PD_STR("")));
	conf.replace_ct_types_xst = true;
	assert_true(pd_block_replace_type(&conf, PD_STR("image/x-gif")));
	assert_false(pd_block_replace_type(&conf, PD_STR("image/x-png")));
	assert_false(pd_block_replace_type(&conf, PD_STR("x-gif")));
}

static int
free_last_url(void **state)
{
	(void)state;
	judge(NULL, NULL, NULL);
	pd_arena_thread_end();
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_lists_pass_everything),
		cmocka_unit_test(hosts_and_domains_block_with_their_line),
		cmocka_unit_test(ziproxy_order),
		cmocka_unit_test(ziproxy_patterns),
		cmocka_unit_test(the_first_of_several_rules_is_named),
		cmocka_unit_test(wrong_patterns_are_reported),
		cmocka_unit_test(what_is_no_list_is_an_error),
		cmocka_unit_test(a_set_is_counted),
		cmocka_unit_test(types_to_replace),
	};

	return cmocka_run_group_tests(tests, NULL, free_last_url);
}
