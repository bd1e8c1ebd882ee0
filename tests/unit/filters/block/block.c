#include "filters/block/block.h"

#include "fixture.h"

#include <fcntl.h>
#include <sys/stat.h>

/* A configuration with lists made of text; NULL leaves one out. */
struct lists {
	const char *no_processing, *deny, *replace, *replace_ct;
	const char *sources[3];
};

#define SUFFIXES "/usr/share/publicsuffix/public_suffix_list.dat"

struct setup {
	struct pd_conf conf;
	char suffixes[sizeof(SUFFIXES)];
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
	s->conf.refs = 1; /* it is not of the heap */
	s->conf.suffixes = s->suffixes;
	snprintf(s->suffixes, sizeof(s->suffixes), "%s", SUFFIXES);
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
	s->set = pd_block_load(&s->conf, NULL, report_begin(&s->report));
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

/* A request and everything that is asked with it. */
struct asked {
	struct pd_arena *arena;
	struct pd_scratch *scratch;
	struct pd_request req;
	struct pd_inferred inferred;
	struct pd_block_query q;
};

static void
ask(struct asked *a, const char *url, const char *referer, const char *accept)
{
	struct pd_request *req = &a->req;

	memset(a, 0, sizeof(*a));
	a->arena = pd_arena_create();
	a->scratch = pd_scratch_create();
	if (strstr(url, "://") != NULL) {
		req->method = PD_METHOD_GET;
		req->form = PD_FORM_ABSOLUTE;
		req->target = pd_str_z(url);
		assert_int_equal(
		    pd_url_parse(req->target, a->arena, &req->url), PD_URL_OK);
	} else {
		req->method = PD_METHOD_CONNECT;
		req->form = PD_FORM_AUTHORITY;
		req->target = pd_str_z(url);
		assert_int_equal(pd_authority_parse(pd_str_z(url), 443,
				     a->arena, &req->url.authority),
		    PD_URL_OK);
	}
	if (referer != NULL)
		pd_fields_add(&req->fields, a->arena, PD_STR("Referer"),
		    pd_str_z(referer));
	if (accept != NULL)
		pd_fields_add(
		    &req->fields, a->arena, PD_STR("Accept"), pd_str_z(accept));
	pd_infer(req, &a->inferred);
	a->q = (struct pd_block_query){
		.request = req,
		.inferred = &a->inferred,
		.scratch = a->scratch,
		.arena = a->arena,
		.now_s = 1000000,
	};
}

static void
ask_end(struct asked *a)
{
	pd_scratch_destroy(a->scratch);
	pd_arena_destroy(a->arena);
}

/* Of GET url, or of CONNECT when it has no scheme. What *out holds lives until
 * the next call. */
static enum pd_verdict_kind
judge(const struct setup *s, const char *url, struct pd_verdict *out)
{
	static struct asked a;
	static bool used;
	struct pd_verdict v;

	if (used)
		ask_end(&a);
	used = url != NULL;
	if (url == NULL)
		return PD_VERDICT_PASS;
	ask(&a, url, "http://page.example/", NULL);
	pd_block_judge(s->set, &a.q, out != NULL ? out : &v);
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
	assert_int_equal(v.rule.text.n, 0);
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
	assert_str(v.rule.list, "first");
	assert_str(v.rule.text, "ads.example");
	assert_int_equal(v.rule.line, 2);
	assert_int_equal(
	    judge(&s, "http://x.ads.example/", NULL), PD_VERDICT_PASS);
	assert_int_equal(
	    judge(&s, "a.b.track.example:443", &v), PD_VERDICT_BLOCK);
	assert_str(v.rule.list, "second");
	assert_str(v.rule.text, "track.example");
	assert_int_equal(v.rule.line, 1);
	assert_int_equal(
	    judge(&s, "https://track.example:8443/", NULL), PD_VERDICT_BLOCK);
	assert_int_equal(
	    judge(&s, "http://third.example/", &v), PD_VERDICT_BLOCK);
	assert_str(v.rule.list, "third");
	assert_int_equal(judge(&s, "http://192.0.2.1/", &v), PD_VERDICT_BLOCK);
	assert_str(v.rule.text, "192.0.2.1");
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
	assert_str(v.rule.list, "URLNoProcessing");
	assert_int_equal(
	    judge(&s, "http://deny.example/x", &v), PD_VERDICT_DENY);
	assert_str(v.rule.list, "URLDeny");
	assert_str(v.rule.text, "http://deny.example/*");
	assert_int_equal(v.rule.line, 2);
	assert_int_equal(
	    judge(&s, "http://gif.example/", &v), PD_VERDICT_REPLACE);
	assert_str(v.rule.list, "URLReplaceData");
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
		{ "HTTP://ROOT.example", true },
		{ "http://root.example:80/", true },
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
	assert_int_equal(v.rule.line, 1);
	assert_int_equal(judge(&s, "http://ab.example/y", &v), PD_VERDICT_DENY);
	assert_int_equal(v.rule.line, 2);
	assert_int_equal(judge(&s, "http://ab.example/z", &v), PD_VERDICT_DENY);
	assert_int_equal(v.rule.line, 3);
	teardown(&s);
}

static void
wrong_patterns_are_reported(void **state)
{
	struct setup s;

	(void)state;
	setup(&s,
	    &(struct lists){ .replace = ZIPROXY_WRONG "http://ok.example/\n" });
	assert_non_null(s.set);
	assert_int_equal(s.report.lines, ZIPROXY_NWRONG);
	assert_int_equal(s.report.errors, 0);
	assert_told(&s.report, ":1: \"a.example/*\": does not begin with http");
	assert_int_equal(
	    judge(&s, "http://ok.example/", NULL), PD_VERDICT_REPLACE);
	teardown(&s);
}

static void
what_is_no_list_is_an_error(void **state)
{
	struct setup s;

	(void)state;
	setup(&s, &(struct lists){
		      .sources = { "||a.example^\n", "<html>\n<h1>404</h1>\n",
			  "0.0.0.0 a.example\n" } });
	assert_null(s.set);
	assert_int_equal(s.report.errors, 1);
	assert_told(&s.report, "HTML");
	teardown(&s);

	setup(&s, &(struct lists){ .sources = { "# nothing\n" } });
	assert_non_null(s.set);
	assert_int_equal(s.report.errors, 0);
	assert_told(&s.report, "empty");
	s.sources[0].off = true;
	s.conf.url_deny = strdup("/nonexistent/deny");
	assert_null(pd_block_load(&s.conf, NULL, report_begin(&s.report)));
	assert_told(&s.report, "/nonexistent/deny: No such file");
	teardown(&s);
}

/* ---- the rule file in the directory ------------------------------------ */

static void
directory_begin(struct setup *s)
{
	s->conf.lists_directory = strdup("/tmp/pared-test-XXXXXX");
	assert_non_null(mkdtemp(s->conf.lists_directory));
}

static void
directory_end(struct setup *s)
{
	static const char *const names[] = { "rules.pared", "rules.pared.old",
		"cosmetic.pared", "cosmetic.pared.old", "hits", "allow",
		"allow.lock" };
	char path[128];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", s->conf.lists_directory,
		    names[i]);
		unlink(path);
	}
	assert_int_equal(rmdir(s->conf.lists_directory), 0);
	free(s->conf.lists_directory);
}

static void
load_again(struct setup *s)
{
	pd_block_unref(s->set);
	s->set = pd_block_load(&s->conf, NULL, report_begin(&s->report));
}

static int64_t
built(const struct setup *s)
{
	return pd_set_built(pd_block_compiled(s->set));
}

/* Writes over what a file has. */
static void
write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void
a_rule_file_is_used_while_its_lists_stay(void **state)
{
	struct setup s;
	char path[128], cosmetic[128];
	FILE *f;

	(void)state;
	setup(&s, &(struct lists){ .sources = { "||a.example^\n" } });
	directory_begin(&s);
	load_again(&s);
	assert_int_equal(s.report.lines, 0);
	snprintf(path, sizeof(path), "%s/rules.pared", s.conf.lists_directory);
	assert_int_equal(access(path, R_OK), 0);
	snprintf(cosmetic, sizeof(cosmetic), "%s/cosmetic.pared",
	    s.conf.lists_directory);
	assert_int_equal(access(cosmetic, R_OK), 0);
	/* Damaged: told, made again, and right. */
	f = fopen(path, "r+");
	assert_non_null(f);
	fseek(f, 600, SEEK_SET);
	fputs("!!!!", f);
	fclose(f);
	load_again(&s);
	assert_true(s.report.lines > 0);
	assert_int_equal(s.report.errors, 0);
	assert_int_equal(
	    judge(&s, "http://a.example/", NULL), PD_VERDICT_BLOCK);
	load_again(&s);
	assert_int_equal(s.report.lines, 0);
	/* Another list: another file. */
	write_file(s.sources[0].url, "||b.example^\n||c.example^\n");
	load_again(&s);
	assert_int_equal(s.report.lines, 0);
	assert_int_equal(judge(&s, "http://a.example/", NULL), PD_VERDICT_PASS);
	assert_int_equal(
	    judge(&s, "http://b.example/", NULL), PD_VERDICT_BLOCK);
	directory_end(&s);
	teardown(&s);
}

static void
what_was_made_last_stands_in_for_a_broken_list(void **state)
{
	struct setup s;
	int64_t before;

	(void)state;
	setup(&s, &(struct lists){ .sources = { "||a.example^\n" } });
	directory_begin(&s);
	load_again(&s);
	before = built(&s);
	write_file(s.sources[0].url, "<!DOCTYPE html>\n<html>\n");
	load_again(&s);
	assert_non_null(s.set);
	assert_true(s.report.errors > 0);
	assert_told(&s.report, "stay in force");
	assert_int_equal(built(&s), before);
	assert_int_equal(
	    judge(&s, "http://a.example/", NULL), PD_VERDICT_BLOCK);
	directory_end(&s);
	teardown(&s);
}

static void
set_time(const char *path, time_t at_s)
{
	const struct timespec times[2] = { { at_s, 0 }, { at_s, 0 } };

	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static void
an_included_file_that_changed_is_read_again(void **state)
{
	char list[256], path[128], other[160];
	struct setup s;

	(void)state;
	setup(&s, &(struct lists){ .sources = { "||a.example^\n" } });
	directory_begin(&s);
	snprintf(path, sizeof(path), "%s", s.sources[0].url);
	snprintf(other, sizeof(other), "%s.inc", path);
	snprintf(list, sizeof(list), "||a.example^\n!#include %s\n",
	    strrchr(other, '/') + 1);
	write_file(path, list);
	write_file(other, "||b.example^\n");
	set_time(other, 1000000);
	load_again(&s);
	assert_int_equal(
	    judge(&s, "http://b.example/", NULL), PD_VERDICT_BLOCK);
	/* As old as it was: nothing is read. */
	write_file(other, "||c.example^\n");
	set_time(other, 1000001);
	load_again(&s);
	assert_int_equal(
	    judge(&s, "http://b.example/", NULL), PD_VERDICT_BLOCK);
	set_time(other, built(&s) + 1);
	load_again(&s);
	assert_int_equal(judge(&s, "http://b.example/", NULL), PD_VERDICT_PASS);
	assert_int_equal(
	    judge(&s, "http://c.example/", NULL), PD_VERDICT_BLOCK);
	/* Gone: told once. */
	assert_int_equal(unlink(other), 0);
	load_again(&s);
	assert_told(&s.report, "left out");
	assert_int_equal(judge(&s, "http://c.example/", NULL), PD_VERDICT_PASS);
	load_again(&s);
	assert_int_equal(s.report.lines, 0);
	directory_end(&s);
	teardown(&s);
}

/* As a reload finds it, and as a start does. */
static void
what_was_made_last_stands_in_for_a_list_that_is_gone(void **state)
{
	struct setup s;
	char path[128];

	(void)state;
	setup(&s, &(struct lists){ .sources = { "||a.example^\n" } });
	directory_begin(&s);
	load_again(&s);
	snprintf(path, sizeof(path), "%s", s.sources[0].url);
	assert_int_equal(unlink(path), 0);
	load_again(&s);
	assert_non_null(s.set);
	assert_true(s.report.errors > 0);
	assert_told(&s.report, "first: ");
	assert_told(&s.report, path);
	assert_told(&s.report, "enabled = false");
	assert_told(&s.report, "stay in force");
	assert_int_equal(
	    judge(&s, "http://a.example/", NULL), PD_VERDICT_BLOCK);
	/* No file of before: nothing to stand in. */
	snprintf(path, sizeof(path), "%s/rules.pared", s.conf.lists_directory);
	assert_int_equal(unlink(path), 0);
	load_again(&s);
	assert_null(s.set);
	assert_told(&s.report, "first: ");
	directory_end(&s);
	teardown(&s);
}

/* Whoever cuts or writes over the file, the set in force is what it was. */
static void
a_set_in_force_is_out_of_reach(void **state)
{
	struct setup s;
	char path[128];
	FILE *f;

	(void)state;
	setup(&s, &(struct lists){ .sources = { "||a.example^\n" } });
	directory_begin(&s);
	load_again(&s);
	load_again(&s);
	snprintf(path, sizeof(path), "%s/rules.pared", s.conf.lists_directory);
	f = fopen(path, "r+");
	assert_non_null(f);
	for (int i = 0; i < 20000; i++)
		putc(0xff, f);
	fclose(f);
	assert_int_equal(
	    judge(&s, "http://a.example/", NULL), PD_VERDICT_BLOCK);
	assert_int_equal(truncate(path, 0), 0);
	assert_int_equal(
	    judge(&s, "http://a.example/", NULL), PD_VERDICT_BLOCK);
	assert_int_equal(judge(&s, "http://b.example/", NULL), PD_VERDICT_PASS);
	directory_end(&s);
	teardown(&s);
}

static void
add_up(void *arg, uint64_t id, const struct pd_hits_count *c)
{
	(void)id;
	*(uint32_t *)arg += c->count;
}

static uint32_t
hits_of(const struct pd_block_set *set)
{
	uint32_t n = 0;

	pd_hits_each(pd_block_hits(set), add_up, &n);
	return n;
}

/* Although exchanges go on with the set before. */
static void
a_reload_goes_on_counting(void **state)
{
	struct pd_block_set *old;
	struct setup s;

	(void)state;
	setup(&s, &(struct lists){ .sources = { "||a.example^\n" } });
	directory_begin(&s);
	load_again(&s);
	judge(&s, "http://a.example/", NULL);
	old = s.set;
	s.set = pd_block_load(&s.conf, old, report_begin(&s.report));
	assert_int_equal(hits_of(s.set), 1);
	judge(&s, "http://a.example/", NULL);
	assert_int_equal(hits_of(old), 2);
	pd_block_unref(old);
	assert_int_equal(hits_of(s.set), 2);
	/* The last to go saves. */
	load_again(&s);
	assert_int_equal(hits_of(s.set), 2);
	/* Another directory has other counts. */
	old = s.set;
	directory_end(&s);
	directory_begin(&s);
	s.set = pd_block_load(&s.conf, old, report_begin(&s.report));
	assert_int_equal(hits_of(s.set), 0);
	pd_block_unref(old);
	directory_end(&s);
	teardown(&s);
}

/* ---- what a verdict comes to ------------------------------------------- */

static enum pd_verdict_kind
judge_as(const struct setup *s, struct asked *a, const char *url,
    const char *referer, const char *accept, struct pd_verdict *v)
{
	ask(a, url, referer, accept);
	pd_block_judge(s->set, &a->q, v);
	return v->kind;
}

#define PAGE "text/html,*/*;q=0.8"

/* A page that is sent somewhere must not be sent back, nor on at once. */
static void
rewriting_comes_to_rest(void **state)
{
	struct setup s;
	struct pd_verdict v;
	struct asked a;

	(void)state;
	setup(
	    &s, &(struct lists){
		    .sources = { "||loop.example^$uritransform=/a/b/\n"
				 "||loop.example^$uritransform=/b/a/\n"
				 "||grow.example^$uritransform=/^\\/x/\\/xx/\n"
				 "/one/$uritransform=/one/two/\n"
				 "/two/$uritransform=/two/three/\n"
				 "||skip.example^$urlskip=?u\n" } });
	for (size_t i = 0; i < 3; i++) {
		static const char *const urls[] = { "http://loop.example/a",
			"http://loop.example/ab", "http://grow.example/x" };

		assert_int_equal(
		    judge_as(&s, &a, urls[i], NULL, PAGE, &v), PD_VERDICT_PASS);
		assert_int_equal(v.location.n, 0);
		ask_end(&a);
	}
	assert_int_equal(
	    judge_as(&s, &a, "http://c.example/one/", NULL, PAGE, &v),
	    PD_VERDICT_REDIRECT);
	assert_str(v.location, "http://c.example/three/");
	ask_end(&a);
	/* Of another origin it is asked anew. */
	assert_int_equal(
	    judge_as(&s, &a,
		"http://skip.example/?u=http%3A%2F%2Fc.example%2Fone%2F", NULL,
		PAGE, &v),
	    PD_VERDICT_REDIRECT);
	assert_str(v.location, "http://c.example/one/");
	ask_end(&a);
	teardown(&s);
}

static void
parameters_go(void **state)
{
	struct setup s;
	struct pd_verdict v;
	struct asked a;

	(void)state;
	setup(&s, &(struct lists){
		      .sources = { "||a.example^$removeparam=utm\n"
				   "||b.example^$removeparam=utm\n"
				   "@@||b.example/keep$removeparam\n" } });
	assert_int_equal(
	    judge_as(&s, &a, "http://a.example/p?utm=1&x=2", NULL, PAGE, &v),
	    PD_VERDICT_REDIRECT);
	assert_str(v.location, "http://a.example/p?x=2");
	ask_end(&a);
	assert_int_equal(judge_as(&s, &a, "http://A.example/p.js?utm=1",
			     "http://p.example/", "*/*", &v),
	    PD_VERDICT_REWRITE);
	assert_str(v.location, "http://a.example/p.js");
	ask_end(&a);
	/* What sends content is left alone. */
	ask(&a, "http://a.example/p?utm=1", NULL, PAGE);
	a.req.method = PD_METHOD_POST;
	pd_block_judge(s.set, &a.q, &v);
	assert_int_equal(v.kind, PD_VERDICT_PASS);
	ask_end(&a);
	assert_int_equal(
	    judge_as(&s, &a, "http://b.example/keep?utm=1", NULL, PAGE, &v),
	    PD_VERDICT_PASS);
	ask_end(&a);
	teardown(&s);
}

/* Rules behind a '*' are looked for in the whole URL, which costs: a URL that
 * has their word again and again must not use up what is spent on it. */
static void
a_repeated_word_hides_no_rule(void **state)
{
	struct setup s;
	char *list = malloc(200000), *url = malloc(16000);
	size_t n = (size_t)sprintf(list, "[Adblock Plus 2.0]\n"), u;

	(void)state;
	for (int i = 0; i < 600; i++)
		n += (size_t)sprintf(list + n, "/visits/*zz%d~\n", i);
	sprintf(list + n, "/last/ad.js\n/visits/*zz^\n");
	setup(&s, &(struct lists){ .sources = { list } });
	assert_non_null(s.set);
	u = (size_t)sprintf(url, "http://a.example");
	while (u < 8000)
		u += (size_t)sprintf(url + u, "/visits/~~z");
	assert_int_equal(judge(&s, url, NULL), PD_VERDICT_PASS);
	sprintf(url + u, "/last/ad.js");
	assert_int_equal(judge(&s, url, NULL), PD_VERDICT_BLOCK);
	sprintf(url + u, "/zz/");
	assert_int_equal(judge(&s, url, NULL), PD_VERDICT_BLOCK);
	teardown(&s);
	free(list);
	free(url);
}

/* Its rules say ws://, the request for it http://. */
static void
a_websocket_is_one(void **state)
{
	struct setup s;
	struct pd_verdict v;
	struct asked a;

	(void)state;
	setup(&s, &(struct lists){ .sources = { "|ws://a.example^\n" } });
	ask(&a, "http://a.example/socket", "http://p.example/", "*/*");
	pd_block_judge(s.set, &a.q, &v);
	assert_int_equal(v.kind, PD_VERDICT_PASS);
	pd_fields_add(
	    &a.req.fields, a.arena, PD_STR("Upgrade"), PD_STR("websocket"));
	pd_infer(&a.req, &a.inferred);
	assert_int_equal(a.inferred.types, PD_TYPE_WEBSOCKET);
	pd_block_judge(s.set, &a.q, &v);
	assert_int_equal(v.kind, PD_VERDICT_BLOCK);
	ask_end(&a);
	teardown(&s);
}

static void
a_redirect_brings_its_resource(void **state)
{
	struct setup s;
	struct pd_verdict v;
	struct asked a;

	(void)state;
	setup(&s, &(struct lists){
		      .sources = { "||a.example^$redirect=noopjs\n"
				   "||b.example^$redirect=no-such-thing\n" } });
	assert_int_equal(judge_as(&s, &a, "http://a.example/x.js",
			     "http://p.example/", "*/*", &v),
	    PD_VERDICT_BLOCK);
	assert_non_null(v.resource);
	assert_string_equal(v.resource->name, "noop.js");
	ask_end(&a);
	assert_int_equal(judge_as(&s, &a, "http://b.example/x.js",
			     "http://p.example/", "*/*", &v),
	    PD_VERDICT_BLOCK);
	assert_null(v.resource);
	ask_end(&a);
	teardown(&s);
}

static void
a_person_lets_it_through(void **state)
{
	struct setup s;
	struct pd_verdict v;
	struct asked a;
	struct pd_addr me, other;

	(void)state;
	setup(&s, &(struct lists){ .sources = { "||a.example^\n" },
		      .deny = "http://d.example/*\n" });
	assert_int_equal(pd_addr_parse(PD_STR("10.8.0.7"), &me), 0);
	assert_int_equal(pd_addr_parse(PD_STR("10.8.0.8"), &other), 0);
	assert_int_equal(pd_allow_set(pd_block_allow(s.set), &me,
			     PD_STR("a.example"), 10, 1000000),
	    0);
	assert_int_equal(pd_allow_set(pd_block_allow(s.set), &me,
			     PD_STR("d.example"), 10, 1000000),
	    0);
	ask(&a, "http://sub.a.example/x.js", NULL, "*/*");
	a.q.client = &me;
	pd_block_judge(s.set, &a.q, &v);
	assert_int_equal(v.kind, PD_VERDICT_PASS);
	assert_true(v.allowed);
	a.q.client = &other;
	pd_block_judge(s.set, &a.q, &v);
	assert_int_equal(v.kind, PD_VERDICT_BLOCK);
	a.q.client = &me;
	a.q.now_s += 601;
	pd_block_judge(s.set, &a.q, &v);
	assert_int_equal(v.kind, PD_VERDICT_BLOCK);
	ask_end(&a);
	/* URLDeny is the admin's word. */
	ask(&a, "http://d.example/", NULL, "*/*");
	a.q.client = &me;
	pd_block_judge(s.set, &a.q, &v);
	assert_int_equal(v.kind, PD_VERDICT_DENY);
	ask_end(&a);
	teardown(&s);
}

static void
answers_are_edited(void **state)
{
	struct setup s;
	struct pd_verdict v;
	struct pd_fields fields = { 0 };
	struct asked a;

	(void)state;
	setup(&s, &(struct lists){
		      .sources = { "||a.example^$csp=script-src 'none'\n"
				   "||a.example^$permissions=camera=()|usb=()\n"
				   "||a.example^$removeheader=refresh\n"
				   "||b.example^$header=x-ad:yes\n"
				   "||c.example^$ipaddress=192.0.2.1\n" } });
	ask(&a, "http://a.example/", NULL, PAGE);
	pd_fields_add(&fields, a.arena, PD_STR("Refresh"), PD_STR("5"));
	pd_block_answer(s.set, &a.q, &fields, &v);
	assert_int_equal(v.kind, PD_VERDICT_PASS);
	assert_int_equal(fields.n, 2);
	assert_str(fields.v[0].value, "script-src 'none'");
	assert_str(fields.v[1].value, "camera=(), usb=()");
	ask_end(&a);

	ask(&a, "http://b.example/x.js", "http://p.example/", "*/*");
	fields = (struct pd_fields){ 0 };
	pd_block_judge(s.set, &a.q, &v);
	assert_int_equal(v.kind, PD_VERDICT_PASS);
	pd_block_answer(s.set, &a.q, &fields, &v);
	assert_int_equal(v.kind, PD_VERDICT_PASS);
	pd_fields_add(&fields, a.arena, PD_STR("X-Ad"), PD_STR("yes"));
	pd_block_answer(s.set, &a.q, &fields, &v);
	assert_int_equal(v.kind, PD_VERDICT_BLOCK);
	ask_end(&a);

	assert_true(pd_block_asks_address(s.set));
	ask(&a, "http://c.example/x.js", "http://p.example/", "*/*");
	a.q.address = &(struct pd_addr){ 0 };
	pd_block_connected(s.set, &a.q, &v);
	assert_int_equal(v.kind, PD_VERDICT_PASS);
	{
		struct pd_addr there;

		assert_int_equal(pd_addr_parse(PD_STR("192.0.2.1"), &there), 0);
		a.q.address = &there;
		pd_block_connected(s.set, &a.q, &v);
		assert_int_equal(v.kind, PD_VERDICT_BLOCK);
		assert_str(v.rule.list, "first");
	}
	ask_end(&a);
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
		cmocka_unit_test(a_rule_file_is_used_while_its_lists_stay),
		cmocka_unit_test(
		    what_was_made_last_stands_in_for_a_broken_list),
		cmocka_unit_test(an_included_file_that_changed_is_read_again),
		cmocka_unit_test(
		    what_was_made_last_stands_in_for_a_list_that_is_gone),
		cmocka_unit_test(a_set_in_force_is_out_of_reach),
		cmocka_unit_test(a_reload_goes_on_counting),
		cmocka_unit_test(parameters_go),
		cmocka_unit_test(a_repeated_word_hides_no_rule),
		cmocka_unit_test(a_websocket_is_one),
		cmocka_unit_test(a_redirect_brings_its_resource),
		cmocka_unit_test(rewriting_comes_to_rest),
		cmocka_unit_test(a_person_lets_it_through),
		cmocka_unit_test(answers_are_edited),
		cmocka_unit_test(a_set_is_counted),
		cmocka_unit_test(types_to_replace),
	};

	return cmocka_run_group_tests(tests, NULL, free_last_url);
}
