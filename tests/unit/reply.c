#include "reply.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/arena_help.h"
#include "tests/unit/reply_help.h"

static const struct pd_conf no_conf;

static struct pd_request
request(const char *url, const char *accept)
{
	struct pd_request req = { .method = PD_METHOD_GET };

	assert_int_equal(
	    pd_url_parse(pd_str_z(url), arena, &req.url), PD_URL_OK);
	if (accept != NULL)
		pd_fields_add_id(
		    &req.fields, arena, PD_FIELD_ACCEPT, pd_str_z(accept));
	return req;
}

/* What holds of every reply. */
static void
check(const struct pd_reply *r, int status)
{
	struct pd_str length = field(r, "Content-Length");
	int64_t n;

	assert_int_equal(r->response.status, status);
	if (status == 204) {
		assert_int_equal(r->response.body, PD_BODY_NONE);
		assert_int_equal(r->content.n, 0);
		assert_null(length.p);
		assert_null(field(r, "Content-Type").p);
	} else {
		assert_int_equal(r->response.body, PD_BODY_LENGTH);
		assert_int_equal(r->response.content_length, r->content.n);
		assert_int_equal(pd_str_u63(length, &n), 0);
		assert_int_equal(n, r->content.n);
		assert_str(field(r, "X-Content-Type-Options"), "nosniff");
	}
	assert_non_null(field(r, "Cache-Control").p);
	PD_FIELDS_EACH (f, &r->response.fields) {
		assert_true(pd_is_token(f->name));
		assert_true(pd_is_field_value(f->value));
	}
}

static const struct pd_reply_why refused = {
	.status = 502,
	.what = "The origin <refused>.",
	.fix = "Try \"later\".",
	.detail = { "http://a.example/?<script>&'", 28 },
};

static void
an_error_is_html_for_browsers(void **state)
{
	struct pd_request req = request(
	    "http://a.example/", "text/html,application/xhtml+xml,*/*;q=0.8");
	struct pd_reply r;

	(void)state;
	pd_reply_error(&no_conf, &req, &refused, arena, &r);
	check(&r, 502);
	assert_str(r.response.reason, "Bad Gateway");
	assert_str(field(&r, "Content-Type"), "text/html; charset=utf-8");
	assert_str(field(&r, "Cache-Control"), "no-store");
	assert_true(says(&r, "<title>502 Bad Gateway</title>"));
	assert_true(says(&r, "The origin &lt;refused&gt;."));
	assert_true(says(&r, "Try &quot;later&quot;."));
	assert_true(says(&r, "?&lt;script&gt;&amp;&#39;"));
	assert_false(says(&r, "<script>"));
	assert_false(says(&r, "src="));
	assert_true(r.content.n < 2500);
}

static void
an_error_is_text_for_others(void **state)
{
	static const char *const accepts[] = { NULL, "*/*", "image/*",
		"text/html;q=0", "application/json" };
	struct pd_reply r;

	(void)state;
	for (size_t i = 0; i < 5; i++) {
		struct pd_request req =
		    request("http://a.example/", accepts[i]);

		pd_reply_error(&no_conf, &req, &refused, arena, &r);
		check(&r, 502);
		assert_str(
		    field(&r, "Content-Type"), "text/plain; charset=utf-8");
		assert_true(says(&r, "502 Bad Gateway\nThe origin <refused>.\n"
				     "Try \"later\".\n"));
	}
	/* Nothing was understood. */
	pd_reply_error(&no_conf, NULL,
	    &(struct pd_reply_why){ .status = 400, .what = "Bad." }, arena, &r);
	check(&r, 400);
	assert_true(says(&r, "400 Bad Request\nBad.\n"));
}

static void
a_long_detail_is_cut(void **state)
{
	struct pd_request req = request("http://a.example/", "text/html");
	struct pd_reply_why why = refused;
	char *longer = pd_arena_alloc(arena, 60000);
	struct pd_reply r;

	(void)state;
	memset(longer, '<', 60000);
	why.detail = pd_str_of(longer, 60000);
	pd_reply_error(&no_conf, &req, &why, arena, &r);
	check(&r, 502);
	assert_true(r.content.n < 5000);
}

static void
assert_policy_has(struct pd_str policy, struct pd_str content, const char *what)
{
	char path[] = "/tmp/pared-hash-XXXXXX", command[256], hash[64] = "";
	FILE *f = fdopen(mkstemp(path), "w");

	assert_non_null(f);
	assert_int_equal(fwrite(content.p, 1, content.n, f), content.n);
	fclose(f);
	snprintf(command, sizeof(command),
	    "node -p 'require(\"crypto\").createHash(\"sha256\")."
	    "update(require(\"fs\").readFileSync(\"%s\")).digest(\"base64\")'",
	    path);
	f = popen(command, "r");
	assert_non_null(f);
	assert_int_equal(fscanf(f, "%63s", hash), 1);
	assert_int_equal(pclose(f), 0);
	unlink(path);
	if (memmem(policy.p, policy.n, hash, strlen(hash)) == NULL)
		fail_msg("%s needs sha256-%s", what, hash);
}

/* What stands between two tags. */
static struct pd_str
between(const struct pd_reply *r, const char *from, const char *to)
{
	const char *p = memmem(r->content.p, r->content.n, from, strlen(from));
	const char *last;

	assert_non_null(p);
	p += strlen(from);
	last = memmem(
	    p, (size_t)(r->content.p + r->content.n - p), to, strlen(to));
	assert_non_null(last);
	return pd_str_of(p, (size_t)(last - p));
}

/* The policy lets just this style in. */
static void
the_policy_knows_the_style(void **state)
{
	struct pd_request req = request("http://a.example/", "text/html");
	struct pd_str policy;
	struct pd_reply r;

	(void)state;
	pd_reply_error(&no_conf, &req, &refused, arena, &r);
	policy = field(&r, "Content-Security-Policy");
	assert_policy_has(
	    policy, between(&r, "<style>", "</style>"), "PAGE_POLICY");
	assert_non_null(memmem(policy.p, policy.n, "default-src 'none'", 18));
	assert_null(memmem(policy.p, policy.n, "unsafe", 6));
	assert_null(memmem(policy.p, policy.n, "script-src", 10));
	assert_false(says(&r, "<script"));
}

static void
custom_pages_are_served_as_they_are(void **state)
{
	struct pd_request req = request("http://a.example/", "*/*");
	char path[] = "/tmp/pared-custom-XXXXXX";
	struct pd_conf conf = { .custom_error = { NULL, path } };
	struct pd_reply_why why = { .status = 403, .what = "No." };
	const struct pd_verdict deny = { .kind = PD_VERDICT_DENY };
	struct pd_reply r;
	int fd = mkstemp(path);

	(void)state;
	assert_int_equal(write(fd, "<p>$mine %s", 11), 11);
	pd_reply_error(&conf, &req, &why, arena, &r);
	check(&r, 403);
	assert_str(field(&r, "Content-Type"), "text/html");
	assert_str(r.content, "<p>$mine %s");
	pd_reply_blocked(&conf, &req, PD_CONTENT_IMAGE, &deny, arena, &r);
	assert_str(r.content, "<p>$mine %s");
	/* Another status, a file too large, a file that is gone. */
	why.status = 404;
	pd_reply_error(&conf, &req, &why, arena, &r);
	assert_false(says(&r, "$mine"));
	why.status = 403;
	assert_int_equal(ftruncate(fd, 64 * 1024 + 1), 0);
	pd_reply_error(&conf, &req, &why, arena, &r);
	check(&r, 403);
	assert_true(says(&r, "403 Forbidden\nNo.\n"));
	close(fd);
	unlink(path);
	pd_reply_error(&conf, &req, &why, arena, &r);
	check(&r, 403);
	assert_true(says(&r, "403 Forbidden\nNo.\n"));
}

/* Ziproxy's pages: 404 for unknown hosts, 408 for what took too long, 503 for
 * origins that cannot be reached. */
static void
custom_pages_stand_for_our_statuses(void **state)
{
	static const struct {
		int status, page;
		size_t file;
	} cases[] = {
		{ 502, 0, 5 },
		{ 502, 404, 2 },
		{ 504, 0, 4 },
		{ 408, 0, 4 },
		{ 404, 0, 2 },
	};
	struct pd_request req = request("http://a.example/", "*/*");
	char path[] = "/tmp/pared-custom-XXXXXX";
	int fd = mkstemp(path);

	(void)state;
	assert_int_equal(write(fd, "$mine", 5), 5);
	close(fd);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct pd_conf conf = { .auth_mode = 0 };
		struct pd_reply_why why = { .status = cases[i].status,
			.page = cases[i].page,
			.what = "no such host" };
		struct pd_reply r;

		pd_reply_error(&conf, &req, &why, arena, &r);
		assert_true(says(&r, "No such host.\n"));
		conf.custom_error[cases[i].file] = path;
		pd_reply_error(&conf, &req, &why, arena, &r);
		check(&r, cases[i].status);
		assert_str(r.content, "$mine");
	}
	unlink(path);
}

static void
nothing_has_no_type(void **state)
{
	struct pd_reply r;

	(void)state;
	pd_reply_plain(200, NULL, PD_STR(""), arena, &r);
	assert_null(pd_fields_find(&r.response.fields, PD_FIELD_CONTENT_TYPE));
	assert_str(field(&r, "Content-Length"), "0");
}

static void
auth_names_its_scheme(void **state)
{
	struct pd_request req = request("http://a.example/", NULL);
	struct pd_reply r;

	(void)state;
	pd_reply_auth(&no_conf, &req, arena, &r);
	check(&r, 407);
	assert_str(field(&r, "Proxy-Authenticate"),
	    "Basic realm=\"pared\", charset=\"UTF-8\"");
}

static const struct pd_verdict blocked = {
	.kind = PD_VERDICT_BLOCK,
	.rule = {
		.list = { "ads<b>", 6 },
		.file = { "ads<b>.txt", 10 },
		.text = { "ads.example", 11 },
		.line = 12,
	},
};

static void
stand_ins_fit_the_kind(void **state)
{
	static const struct {
		enum pd_content_kind kind;
		int status;
		const char *type, *content;
	} cases[] = {
		{ PD_CONTENT_OTHER, 204, NULL, NULL },
		{ PD_CONTENT_FRAME, 200, "text/html; charset=utf-8",
		    "<!DOCTYPE html><title></title>" },
		{ PD_CONTENT_IMAGE, 200, "image/gif", NULL },
		{ PD_CONTENT_SCRIPT, 200, "text/javascript", "" },
		{ PD_CONTENT_STYLE, 200, "text/css", "" },
		{ PD_CONTENT_FONT, 204, NULL, NULL },
		{ PD_CONTENT_MEDIA, 204, NULL, NULL },
		{ PD_CONTENT_JSON, 200, "application/json", "{}" },
		{ PD_CONTENT_VAST, 200, "application/xml",
		    "<VAST version=\"3.0\"></VAST>" },
	};
	struct pd_request req = request("http://ads.example/x", "*/*");
	struct pd_reply r;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		pd_reply_blocked(
		    &no_conf, &req, cases[i].kind, &blocked, arena, &r);
		check(&r, cases[i].status);
		if (cases[i].type != NULL)
			assert_str(field(&r, "Content-Type"), cases[i].type);
		if (cases[i].content != NULL)
			assert_str(r.content, cases[i].content);
		assert_str(field(&r, "Access-Control-Allow-Origin"), "*");
		assert_str(field(&r, "X-Pared-Why"), "ads<b>:12: ads.example");
	}
}

static void
the_pixel_is_a_gif(void **state)
{
	const struct pd_verdict replace = { .kind = PD_VERDICT_REPLACE,
		.rule = { .list = PD_STR("URLReplaceData"),
		    .text = PD_STR("http://a/*") } };
	struct pd_request req = request("http://ads.example/x.js", "*/*");
	struct pd_reply r;

	(void)state;
	/* Ziproxy's replacement is a picture, whatever was asked for. */
	pd_reply_blocked(
	    &no_conf, &req, PD_CONTENT_SCRIPT, &replace, arena, &r);
	check(&r, 200);
	assert_str(field(&r, "Content-Type"), "image/gif");
	assert_int_equal(r.content.n, 43);
	assert_memory_equal(r.content.p, "GIF89a\1\0\1\0", 10);
	assert_int_equal(r.content.p[42], ';');
	/* Transparent: a graphic control extension with its flag set. */
	assert_memory_equal(r.content.p + 19, "!\xf9\4\1", 4);
}

static void
a_blocked_page_says_why(void **state)
{
	struct pd_request req =
	    request("http://ads.example:8080/x?a=\"&b%", "text/html,*/*");
	struct pd_reply r;

	(void)state;
	pd_reply_blocked(
	    &no_conf, &req, PD_CONTENT_DOCUMENT, &blocked, arena, &r);
	check(&r, 403);
	assert_str(field(&r, "Cache-Control"), "no-store");
	assert_null(field(&r, "Access-Control-Allow-Origin").p);
	assert_true(says(&r, "<b>ads.example</b> is blocked"));
	assert_true(says(&r, "ads&lt;b&gt;:12: ads.example"));
	assert_true(says(&r,
	    "<a href=\"http://pared.internal/why?url="
	    "http%3A%2F%2Fads.example%3A8080%2Fx%3Fa%3D%22%26b%25\">"));
	assert_true(says(&r, "hidden=true</script>"));
	assert_policy_has(field(&r, "Content-Security-Policy"),
	    between(&r, "<script>", "</script>"), "FRAME_POLICY");
	assert_policy_has(field(&r, "Content-Security-Policy"),
	    between(&r, "<style>", "</style>"), "FRAME_POLICY");
	assert_false(says(&r, "ads<b>"));
	/* A program that asks for a page gets text. */
	req = request("http://ads.example/x", NULL);
	pd_reply_blocked(
	    &no_conf, &req, PD_CONTENT_DOCUMENT, &blocked, arena, &r);
	check(&r, 403);
	assert_true(says(&r, "Blocked by pared\nads<b>:12: ads.example\n"));
	assert_true(says(&r, "\nhttp://pared.internal/why?url=http%3A%2F%2Fads."
			     "example%2Fx\n"));
}

/* It hides in a frame; which of the two it is nobody said. */
static void
a_page_or_a_frame_gets_the_page(void **state)
{
	const struct pd_resource script = { "a.js", "text/javascript",
		{ "1", 1 } };
	const struct pd_resource html = { "a.html", "text/html", { "2", 1 } };
	struct pd_request req = request("http://ads.example/", "text/html");
	struct pd_verdict v = blocked;
	struct pd_reply r;

	(void)state;
	pd_reply_blocked(&no_conf, &req, PD_CONTENT_PAGE, &v, arena, &r);
	check(&r, 403);
	assert_true(says(&r, "is blocked"));
	v.resource = &script;
	pd_reply_blocked(&no_conf, &req, PD_CONTENT_PAGE, &v, arena, &r);
	check(&r, 403);
	v.resource = &html;
	pd_reply_blocked(&no_conf, &req, PD_CONTENT_PAGE, &v, arena, &r);
	check(&r, 200);
	assert_str(r.content, "2");
	pd_reply_blocked(&no_conf, &req, PD_CONTENT_DOCUMENT, &v, arena, &r);
	check(&r, 403);
}

static void
a_resource_stands_in(void **state)
{
	const struct pd_resource *noop = pd_resource_find(PD_STR("noopjs"));
	struct pd_request req = request("http://ads.example/x.gif", "*/*");
	struct pd_verdict v = blocked;
	struct pd_reply r;

	(void)state;
	v.resource = noop;
	pd_fields_add(&req.fields, arena, PD_STR("Origin"),
	    PD_STR("http://page.example"));
	pd_reply_blocked(&no_conf, &req, PD_CONTENT_IMAGE, &v, arena, &r);
	check(&r, 200);
	assert_str(field(&r, "Content-Type"), "text/javascript; charset=utf-8");
	assert_true(pd_str_eq(r.content, noop->content));
	assert_true(r.content.n > 0);
	assert_str(field(&r, "Access-Control-Allow-Origin"), "*");
	assert_null(field(&r, "Access-Control-Allow-Credentials").p);
	assert_str(field(&r, "X-Pared-Why"), "ads<b>:12: ads.example");
	/* Nothing, and yet something. */
	v.resource = pd_resource_find(PD_STR("empty"));
	pd_reply_blocked(&no_conf, &req, PD_CONTENT_IMAGE, &v, arena, &r);
	check(&r, 200);
	assert_int_equal(r.content.n, 0);
	/* A tunnel has no place for it, and a preflight no use. */
	v.resource = noop;
	req.method = PD_METHOD_OPTIONS;
	pd_reply_blocked(&no_conf, &req, PD_CONTENT_OTHER, &v, arena, &r);
	check(&r, 204);
	req.method = PD_METHOD_CONNECT;
	pd_reply_blocked(&no_conf, &req, PD_CONTENT_OTHER, &v, arena, &r);
	check(&r, 403);
}

static void
players_may_ask_for_parts(void **state)
{
	static const struct {
		const char *range, *part; /* part NULL: whole */
		size_t n;
	} cases[] = {
		{ "bytes=0-1", "bytes 0-1/8", 2 },
		{ "bytes=0-", "bytes 0-7/8", 8 },
		{ "Bytes=7-900", "bytes 7-7/8", 1 },
		{ "bytes=8-", NULL, 8 },
		{ "bytes=3-2", NULL, 8 },
		{ "bytes=-2", NULL, 8 },
		{ "bytes=0-1,3-4", NULL, 8 },
		{ "bytes=0", NULL, 8 },
		{ "bytes=", NULL, 8 },
		{ "bytes=99999999999999999999-", NULL, 8 },
		{ "lines=0-1", NULL, 8 },
	};
	const struct pd_resource film = { "a.mp4", "video/mp4",
		{ "01234567", 8 } };
	struct pd_verdict v = blocked;

	(void)state;
	v.resource = &film;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct pd_request req = request("http://ads.example/x", NULL);
		struct pd_reply r;

		pd_fields_add_id(&req.fields, arena, PD_FIELD_RANGE,
		    pd_str_z(cases[i].range));
		pd_reply_blocked(
		    &no_conf, &req, PD_CONTENT_MEDIA, &v, arena, &r);
		check(&r, cases[i].part != NULL ? 206 : 200);
		assert_int_equal(r.content.n, cases[i].n);
		assert_str(field(&r, "Accept-Ranges"), "bytes");
		if (cases[i].part != NULL) {
			assert_str(field(&r, "Content-Range"), cases[i].part);
			assert_int_equal(r.content.p[0], cases[i].part[6]);
		} else {
			assert_null(field(&r, "Content-Range").p);
		}
	}
}

static void
why_names_the_file_of_an_include(void **state)
{
	static const struct {
		const char *list, *file, *why;
		uint32_t line;
	} cases[] = {
		{ "easylist", "easylist.txt", "easylist:7: ||a^", 7 },
		{ "easylist", "", "easylist:7: ||a^", 7 },
		{ "easylist", "easylist", "easylist: ||a^", 0 },
		{ "easylist", "easylist_2.txt",
		    "easylist (easylist_2.txt:7): ||a^", 7 },
		{ "ubo", "badware.txt", "ubo (badware.txt:7): ||a^", 7 },
		{ "", "", ":7: ||a^", 7 },
	};
	struct pd_request req = request("http://ads.example/x", "*/*");
	struct pd_verdict v = blocked;
	struct pd_reply r;

	(void)state;
	v.rule.text = PD_STR("||a^");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		v.rule.list = pd_str_z(cases[i].list);
		v.rule.file = pd_str_z(cases[i].file);
		v.rule.line = cases[i].line;
		pd_reply_blocked(
		    &no_conf, &req, PD_CONTENT_SCRIPT, &v, arena, &r);
		assert_str(field(&r, "X-Pared-Why"), cases[i].why);
	}
}

/* However long the URL, the link is not. */
static void
a_long_link_is_cut(void **state)
{
	char *url = pd_arena_alloc(arena, 9000);
	struct pd_request req;
	struct pd_reply r;

	(void)state;
	memset(url, '/', 8999);
	memcpy(url, "http://ads.example/", 19);
	url[8999] = '\0';
	req = request(url, "text/html");
	pd_reply_blocked(
	    &no_conf, &req, PD_CONTENT_DOCUMENT, &blocked, arena, &r);
	check(&r, 403);
	assert_true(r.content.n < 8000);
}

static void
deny_and_connect_are_403(void **state)
{
	const struct pd_verdict deny = { .kind = PD_VERDICT_DENY,
		.rule = { .list = PD_STR("URLDeny"),
		    .text = PD_STR("http://a\r\nX: y\xc3\xa4") } };
	struct pd_request req = request("http://ads.example/x.gif", "image/*");
	struct pd_reply r;

	(void)state;
	pd_reply_blocked(&no_conf, &req, PD_CONTENT_IMAGE, &deny, arena, &r);
	check(&r, 403);
	assert_str(field(&r, "X-Pared-Why"), "URLDeny: http://a??X: y??");
	req.method = PD_METHOD_CONNECT;
	pd_reply_blocked(&no_conf, &req, PD_CONTENT_OTHER, &blocked, arena, &r);
	check(&r, 403);
	assert_str(field(&r, "X-Pared-Why"), "ads<b>:12: ads.example");
}

static void
a_preflight_is_let_through(void **state)
{
	struct pd_request req = request("http://ads.example/x", NULL);
	struct pd_reply r;

	(void)state;
	req.method = PD_METHOD_OPTIONS;
	pd_reply_blocked(&no_conf, &req, PD_CONTENT_OTHER, &blocked, arena, &r);
	check(&r, 204);
	assert_str(field(&r, "Access-Control-Allow-Methods"), "*");
	assert_str(field(&r, "Access-Control-Allow-Headers"), "*");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, begin_arena, end_arena)
		T(an_error_is_html_for_browsers),
		T(an_error_is_text_for_others),
		T(a_long_detail_is_cut),
		T(the_policy_knows_the_style),
		T(custom_pages_are_served_as_they_are),
		T(custom_pages_stand_for_our_statuses),
		T(nothing_has_no_type),
		T(auth_names_its_scheme),
		T(stand_ins_fit_the_kind),
		T(the_pixel_is_a_gif),
		T(a_blocked_page_says_why),
		T(a_page_or_a_frame_gets_the_page),
		T(a_resource_stands_in),
		T(players_may_ask_for_parts),
		T(why_names_the_file_of_an_include),
		T(a_long_link_is_cut),
		T(deny_and_connect_are_403),
		T(a_preflight_is_let_through),
#undef T
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
