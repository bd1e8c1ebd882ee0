/*
 * Fetching: an origin on loopback that answers well, badly, late and not at
 * all, in the clear, by TLS and through a parent.
 */
#include "fetch.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

#include <cmocka.h>

#include "base/worker.h"
#include "http/url.h"
#include "tests/support/origin.h"

static struct {
	struct pd_worker *worker;
	struct pd_conf *conf;
	struct origin *origin;
	struct pd_fetch_params params;
	struct pd_fetch *fetch; /* under way */

	/* What came of the last one. */
	bool done;
	int status;
	char error[PD_FETCH_TEXT + 1], content[65536];
	size_t len;
	char etag[64], modified[64], type[64];
	size_t got, total; /* progress */
} t;

static void
copy(char *to, size_t room, struct pd_str s)
{
	size_t n = s.n < room ? s.n : room - 1;

	if (n > 0)
		memcpy(to, s.p, n);
	to[n] = '\0';
}

static void
on_progress(void *arg, size_t got, size_t total)
{
	assert_ptr_equal(arg, &t);
	assert_true(got >= t.got);
	t.got = got;
	t.total = total;
}

static void
on_done(void *arg, const struct pd_fetch_result *r)
{
	assert_ptr_equal(arg, &t);
	assert_false(t.done);
	t.done = true;
	t.fetch = NULL;
	t.status = r->status;
	snprintf(
	    t.error, sizeof(t.error), "%s", r->error != NULL ? r->error : "");
	t.len = evbuffer_get_length(r->content);
	assert_true(t.len < sizeof(t.content));
	evbuffer_copyout(r->content, t.content, t.len);
	t.content[t.len] = '\0';
	copy(t.etag, sizeof(t.etag), r->etag);
	copy(t.modified, sizeof(t.modified), r->last_modified);
	copy(t.type, sizeof(t.type), r->type);
	event_base_loopbreak(pd_worker_base(t.worker));
}

static void
start(const char *url)
{
	t.done = false;
	t.got = t.total = 0;
	t.error[0] = t.content[0] = t.etag[0] = t.type[0] = '\0';
	t.params.url = pd_str_z(url);
	t.fetch = pd_fetch_start(t.worker, &t.params, on_progress, on_done, &t);
	assert_false(t.done); /* never from inside */
}

static void
run_ms(unsigned ms)
{
	struct timeval tv = { ms / 1000, ms % 1000 * 1000 };

	event_base_loopexit(pd_worker_base(t.worker), &tv);
	event_base_loop(pd_worker_base(t.worker), EVLOOP_NO_EXIT_ON_EMPTY);
}

/* fetch("/path"): from the origin, by http or https. */
static void
fetch_at(const char *scheme, uint16_t port, const char *path)
{
	char url[256];

	snprintf(url, sizeof(url), "%s://127.0.0.1:%u%s", scheme, port, path);
	start(url);
	run_ms(8000);
	assert_true(t.done);
}

static void
fetch_http(const char *path)
{
	fetch_at("http", origin_http(t.origin), path);
}

static void
fetch_https(const char *path)
{
	fetch_at("https", origin_https(t.origin), path);
}

static void
answer(const char *target, const char *bytes, enum origin_end end)
{
	struct origin_answer a = {
		.target = target, .bytes = bytes, .end = end
	};

	origin_answer(t.origin, &a);
}

static void
answer_ok(const char *target, const char *fields, const char *content)
{
	char *bytes = origin_ok(fields, content);

	answer(target, bytes, ORIGIN_END_CLOSE);
	free(bytes);
}

static void
assert_error(const char *part)
{
	if (strstr(t.error, part) == NULL)
		fail_msg("\"%s\" is not in \"%s\"", part, t.error);
}

static void
assert_good(const char *content)
{
	assert_string_equal(t.error, "");
	assert_int_equal(t.status, 200);
	assert_string_equal(t.content, content);
}

static void
report_line(void *arg, bool error, const char *text)
{
	(void)arg;
	if (error)
		fail_msg("%s", text);
}

static void
set_prefix(struct pd_prefixes *set, const char *text)
{
	struct pd_prefix *v = malloc(sizeof(*v));

	assert_int_equal(pd_prefix_parse(pd_str_z(text), v), 0);
	free(set->v);
	*set = (struct pd_prefixes){ v, 1 };
}

static int
setup(void **state)
{
	struct pd_conf_report report = { report_line, NULL };

	(void)state;
	memset(&t, 0, sizeof(t));
	t.worker = pd_worker_create(0);
	t.conf = pd_conf_load(NULL, NULL, 0, false, &report);
	set_prefix(&t.conf->allow_private, "127.0.0.0/8");
	t.origin = origin_create();
	t.params = (struct pd_fetch_params){
		.conf = t.conf,
		.ca_file = origin_ca(t.origin),
		.content_max = 60000,
		.timeout_ms = 6000,
	};
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	pd_fetch_cancel(t.fetch);
	pd_worker_destroy(t.worker);
	pd_conf_unref(t.conf);
	origin_destroy(t.origin);
	return 0;
}

/* ---- what goes well ---------------------------------------------------- */

static void
test_http(void **state)
{
	(void)state;
	answer_ok("/list",
	    "ETag: \"a1\"\r\n"
	    "Last-Modified: Sat, 21 Nov 2026 10:00:00 GMT\r\n",
	    "||ads.example^\n");
	fetch_http("/list");
	assert_good("||ads.example^\n");
	assert_string_equal(t.etag, "\"a1\"");
	assert_string_equal(t.modified, "Sat, 21 Nov 2026 10:00:00 GMT");
	assert_string_equal(t.type, "text/plain");
	assert_int_equal(t.got, 15);
	assert_int_equal(t.total, 15);
	assert_non_null(
	    strstr(origin_asked(t.origin), "GET /list HTTP/1.1\r\nHost: 127"));
	assert_null(strstr(origin_asked(t.origin), "If-None-Match"));
}

static void
test_https(void **state)
{
	struct origin_answer a = { .target = "/s", .piece = 1 };

	(void)state;
	answer_ok("/list", "", "||ads.example^\n");
	fetch_https("/list");
	assert_good("||ads.example^\n");
	/* A record for each byte. */
	a.bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
		  "3\r\nabc\r\n0\r\n\r\n";
	origin_answer(t.origin, &a);
	fetch_https("/s");
	assert_good("abc");
	assert_int_equal(t.total, 0);
}

/* By name: what the certificate says, and SNI. */
static void
test_https_name(void **state)
{
	char url[64];

	(void)state;
	answer_ok("/list", "", "x");
	snprintf(url, sizeof(url), "https://localhost:%u/list",
	    origin_https(t.origin));
	start(url);
	run_ms(8000);
	assert_good("x");
}

static void
test_large(void **state)
{
	char *big = malloc(50001);

	(void)state;
	memset(big, 'x', 50000);
	big[50000] = '\0';
	answer_ok("/big", "", big);
	fetch_https("/big");
	assert_good(big);
	fetch_http("/big");
	assert_good(big);
	free(big);
}

static void
test_not_modified(void **state)
{
	(void)state;
	answer("/list", "HTTP/1.1 304 Not Modified\r\nETag: \"a1\"\r\n\r\n",
	    ORIGIN_END_CLOSE);
	t.params.etag = PD_STR("\"a1\"");
	t.params.last_modified = PD_STR("Sat, 21 Nov 2026 10:00:00 GMT");
	fetch_http("/list");
	assert_string_equal(t.error, "");
	assert_int_equal(t.status, 304);
	assert_non_null(
	    strstr(origin_asked(t.origin), "\r\nIf-None-Match: \"a1\"\r\n"));
	assert_non_null(strstr(origin_asked(t.origin),
	    "\r\nIf-Modified-Since: Sat, 21 Nov 2026 10:00:00 GMT\r\n"));
	/* Not asked for. */
	t.params.etag = t.params.last_modified = PD_STR("");
	fetch_http("/list");
	assert_error("answered 304");
	/* What was kept is not fit for a field. */
	t.params.etag = PD_STR("a\r\nX-Evil: 1");
	fetch_http("/list");
	assert_null(strstr(origin_asked(t.origin), "X-Evil"));
}

static void
test_informed(void **state)
{
	(void)state;
	answer("/a",
	    "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\n\r\nabc",
	    ORIGIN_END_CLOSE);
	fetch_http("/a");
	assert_good("abc");
	fetch_https("/a");
	assert_good("abc");
}

/* The first n bytes of a gzip stream of plain, as the answer to /gz. */
static void
answer_packed(const unsigned char *plain, size_t len, size_t cut)
{
	unsigned char packed[1024];
	char bytes[2048];
	z_stream z = { .next_in = (unsigned char *)(uintptr_t)plain,
		.avail_in = (unsigned)len,
		.next_out = packed,
		.avail_out = sizeof(packed) };
	struct origin_answer a = { .target = "/gz", .bytes = bytes };
	size_t n, head;

	deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY);
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	n = z.total_out - cut;
	deflateEnd(&z);
	head = (size_t)snprintf(bytes, sizeof(bytes),
	    "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n"
	    "Content-Length: %zu\r\n\r\n",
	    n);
	memcpy(bytes + head, packed, n);
	a.len = head + n;
	origin_answer(t.origin, &a);
}

/* A coding comes off, and what it unpacks to is counted. */
static void
test_coded(void **state)
{
	static unsigned char plain[59000];

	(void)state;
	memset(plain, 'a', sizeof(plain));
	answer_packed(plain, sizeof(plain), 0);
	fetch_http("/gz");
	assert_string_equal(t.error, "");
	assert_int_equal(t.len, sizeof(plain));
	assert_true(t.total < 1024);
	/* Packed it would fit, unpacked it does not. */
	t.params.content_max = sizeof(plain) - 1;
	fetch_http("/gz");
	assert_error("more than is taken");
	t.params.content_max = sizeof(plain);
	fetch_http("/gz");
	assert_string_equal(t.error, "");
	answer_packed(plain, sizeof(plain), 9);
	fetch_http("/gz");
	assert_error("unpacked");
	answer("/odd",
	    "HTTP/1.1 200 OK\r\nContent-Encoding: rot13\r\n"
	    "Content-Length: 1\r\n\r\nx",
	    ORIGIN_END_CLOSE);
	fetch_http("/odd");
	assert_error("content coding");
}

/* ---- who is believed --------------------------------------------------- */

static void
test_certificates(void **state)
{
	(void)state;
	answer_ok("/list", "", "x");
	origin_show(t.origin, ORIGIN_CERT_OTHER_NAME);
	fetch_https("/list");
	assert_error("mismatch");
	origin_show(t.origin, ORIGIN_CERT_EXPIRED);
	fetch_https("/list");
	assert_error("certificate has expired");
	origin_show(t.origin, ORIGIN_CERT_SELF_SIGNED);
	fetch_https("/list");
	assert_error("self-signed");
	assert_int_equal(t.status, 0);
	/* None of them was asked anything. */
	assert_int_equal(origin_requests(t.origin), 0);
	origin_show(t.origin, ORIGIN_CERT_GOOD);
	fetch_https("/list");
	assert_good("x");
	/* The system does not know this authority. */
	t.params.ca_file = NULL;
	fetch_https("/list");
	assert_error("certificate");
	t.params.ca_file = "/nowhere/ca.pem";
	fetch_https("/list");
	assert_error("authorities");
}

static void
test_not_tls(void **state)
{
	(void)state;
	fetch_at("https", origin_http(t.origin), "/list");
	assert_true(t.error[0] != '\0');
	assert_int_equal(t.status, 0);
	fetch_at("http", origin_https(t.origin), "/list");
	assert_true(t.error[0] != '\0');
}

/* ---- redirections ------------------------------------------------------ */

static void
redirect(const char *from, const char *to)
{
	char bytes[256];

	snprintf(bytes, sizeof(bytes),
	    "HTTP/1.1 302 Found\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n",
	    to);
	answer(from, bytes, ORIGIN_END_CLOSE);
}

static void
redirect_to(
    const char *from, const char *scheme, uint16_t port, const char *path)
{
	char to[128];

	snprintf(to, sizeof(to), "%s://127.0.0.1:%u%s", scheme, port, path);
	redirect(from, to);
}

static void
test_redirect(void **state)
{
	(void)state;
	answer_ok("/list", "", "x");
	redirect("/a/b", "../list#part");
	fetch_http("/a/b");
	assert_good("x");
	/* To where nobody can read or change it: yes; back: no. */
	redirect_to("/up", "https", origin_https(t.origin), "/list");
	fetch_http("/up");
	assert_good("x");
	redirect_to("/down", "http", origin_http(t.origin), "/list");
	fetch_https("/down");
	assert_error("redirects from https");
	redirect_to("/odd", "ftp", 21, "/list");
	fetch_http("/odd");
	assert_error("no address");
	answer("/none", "HTTP/1.1 301 Moved\r\nContent-Length: 0\r\n\r\n",
	    ORIGIN_END_CLOSE);
	fetch_http("/none");
	assert_error("answered 301");
}

static void
test_redirect_loop(void **state)
{
	unsigned before = origin_requests(t.origin);

	(void)state;
	redirect("/loop", "/loop");
	fetch_http("/loop");
	assert_error("too often");
	assert_int_equal(
	    origin_requests(t.origin) - before, PD_FETCH_REDIRECTS_MAX + 1);
}

/* Each hop is judged anew. */
static void
test_redirect_private(void **state)
{
	(void)state;
	redirect("/in", "http://169.254.169.254/latest/meta-data");
	fetch_http("/in");
	assert_error("private");
}

static void
test_resolve(void **state)
{
	/* RFC 3986, 5.4, without what only "file:" and user names need. */
	static const struct {
		const char *ref, *to;
	} cases[] = {
		{ "g", "http://a/b/c/g" },
		{ "./g", "http://a/b/c/g" },
		{ "g/", "http://a/b/c/g/" },
		{ "/g", "http://a/g" },
		{ "//g", "http://g" },
		{ "?y", "http://a/b/c/d;p?y" },
		{ "g?y", "http://a/b/c/g?y" },
		{ "#s", "http://a/b/c/d;p?q" },
		{ "g#s", "http://a/b/c/g" },
		{ "g?y#s", "http://a/b/c/g?y" },
		{ "", "http://a/b/c/d;p?q" },
		{ ".", "http://a/b/c/" },
		{ "./", "http://a/b/c/" },
		{ "..", "http://a/b/" },
		{ "../g", "http://a/b/g" },
		{ "../..", "http://a/" },
		{ "../../g", "http://a/g" },
		{ "../../../../g", "http://a/g" },
		{ "/./g", "http://a/g" },
		{ "/../g", "http://a/g" },
		{ "g..", "http://a/b/c/g.." },
		{ "./g/.", "http://a/b/c/g/" },
		{ "g/./h", "http://a/b/c/g/h" },
		{ "g/../h", "http://a/b/c/h" },
		{ "g?y/../x", "http://a/b/c/g?y/../x" },
		{ "https://b/x", "https://b/x" },
		{ "a:b", "a:b" },
		{ "./a:b", "http://a/b/c/a:b" },
		{ "/a:b", "http://a/a:b" },
		{ "?", "http://a/b/c/d;p?" },
	};
	struct pd_arena *arena = pd_arena_create();
	struct pd_url base;

	(void)state;
	assert_int_equal(
	    pd_url_parse(PD_STR("http://a/b/c/d;p?q"), arena, &base),
	    PD_URL_OK);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct pd_str got =
		    pd_fetch_resolve(&base, pd_str_z(cases[i].ref), arena);

		if (!pd_str_eq(got, pd_str_z(cases[i].to)))
			fail_msg("%s: %.*s", cases[i].ref, PD_STR_ARG(got));
	}
	pd_arena_destroy(arena);
}

/* ---- what goes wrong --------------------------------------------------- */

static void
test_status(void **state)
{
	(void)state;
	answer("/500",
	    "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 1\r\n\r\nx",
	    ORIGIN_END_CLOSE);
	fetch_http("/500");
	assert_error("answered 500 Internal Server Error");
	assert_int_equal(t.status, 500);
	fetch_http("/nowhere");
	assert_error("answered 404");
	answer("/206",
	    "HTTP/1.1 206 Partial Content\r\nContent-Length: 1\r\n\r\nx",
	    ORIGIN_END_CLOSE);
	fetch_http("/206");
	assert_error("answered 206");
}

static void
test_cut_short(void **state)
{
	static const char less[] =
	    "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc";
	static const char chunks[] =
	    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n";
	static const char until_close[] = "HTTP/1.1 200 OK\r\n\r\nabc";

	(void)state;
	for (enum origin_end end = ORIGIN_END_CLOSE; end <= ORIGIN_END_RESET;
	     end++) {
		answer("/less", less, end);
		answer("/chunks", chunks, end);
		answer("/header", "HTTP/1.1 200 OK\r\nETa", end);
		answer("/nothing", "", end);
		fetch_http("/less");
		assert_true(t.error[0] != '\0');
		fetch_https("/less");
		assert_true(t.error[0] != '\0');
		fetch_http("/chunks");
		assert_true(t.error[0] != '\0');
		fetch_https("/chunks");
		assert_true(t.error[0] != '\0');
		fetch_https("/header");
		assert_true(t.error[0] != '\0');
		fetch_http("/nothing");
		assert_true(t.error[0] != '\0');
		fetch_https("/nothing");
		assert_true(t.error[0] != '\0');
	}
	/* What ends with the connection: whole if its end is certain. */
	answer("/close", until_close, ORIGIN_END_CLOSE);
	fetch_http("/close");
	assert_good("abc");
	fetch_https("/close");
	assert_good("abc");
	answer("/close", until_close, ORIGIN_END_NO_NOTIFY);
	fetch_http("/close");
	assert_good("abc");
	fetch_https("/close");
	assert_error("cut short");
	answer("/close", until_close, ORIGIN_END_RESET);
	fetch_http("/close");
	assert_true(t.error[0] != '\0');
	/* And what says its length is whole without a good bye. */
	answer_ok("/list", "", "abc");
	answer("/whole", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc",
	    ORIGIN_END_NO_NOTIFY);
	fetch_https("/whole");
	assert_good("abc");
}

static void
test_garbage(void **state)
{
	(void)state;
	answer("/garbage", "\x16\x03\x01 not http\r\n\r\n", ORIGIN_END_CLOSE);
	fetch_http("/garbage");
	assert_error("status line");
	fetch_https("/garbage");
	assert_error("status line");
	answer("/chunks",
	    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
	    ORIGIN_END_HANG);
	fetch_http("/chunks");
	assert_true(t.error[0] != '\0');
	answer("/two",
	    "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n"
	    "\r\nab",
	    ORIGIN_END_CLOSE);
	fetch_http("/two");
	assert_error("Content-Length");
}

static void
test_too_much(void **state)
{
	char *big = malloc(60002);

	(void)state;
	memset(big, 'x', 60001);
	big[60001] = '\0';
	answer_ok("/said", "", big);
	fetch_http("/said");
	assert_error("more than is taken");
	memcpy(big, "HTTP/1.1 200 OK\r\n\r\n", 19);
	answer("/unsaid", big, ORIGIN_END_CLOSE);
	t.params.content_max = 59000;
	fetch_http("/unsaid");
	assert_error("more than is taken");
	fetch_https("/unsaid");
	assert_error("more than is taken");
	free(big);
}

static void
test_late(void **state)
{
	(void)state;
	answer("/hang", "HTTP/1.1 200 OK\r\n", ORIGIN_END_HANG);
	t.params.timeout_ms = 300;
	fetch_http("/hang");
	assert_error("time");
	fetch_https("/hang");
	assert_error("time");
	/* Nothing came for a while, though there would be time. */
	t.params.timeout_ms = 60000;
	t.conf->conn_timeout_ms = 300;
	fetch_http("/hang");
	assert_error("in time");
	answer("/stop", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc",
	    ORIGIN_END_HANG);
	fetch_https("/stop");
	assert_error("in the middle");
}

static void
test_unreachable(void **state)
{
	uint16_t port = origin_http(t.origin);

	(void)state;
	origin_destroy(t.origin);
	t.origin = NULL;
	fetch_at("http", port, "/");
	assert_error("refused");
	start("http://[not an address/");
	run_ms(2000);
	assert_error("no address");
	t.origin = origin_create();
}

static void
test_private(void **state)
{
	(void)state;
	answer_ok("/list", "", "x");
	set_prefix(&t.conf->allow_private, "10.0.0.0/8");
	fetch_http("/list");
	assert_error("AllowPrivate");
	assert_int_equal(origin_requests(t.origin), 0);
}

static void
test_cancel(void **state)
{
	(void)state;
	answer("/hang", "HTTP/1.1 200 OK\r\n", ORIGIN_END_HANG);
	for (unsigned ms = 0; ms < 30; ms += 3) {
		char url[64];

		snprintf(url, sizeof(url), "https://127.0.0.1:%u/hang",
		    origin_https(t.origin));
		start(url);
		run_ms(ms);
		pd_fetch_cancel(t.fetch);
		t.fetch = NULL;
		run_ms(1);
		assert_false(t.done);
	}
	pd_fetch_cancel(NULL);
}

/* ---- through a parent -------------------------------------------------- */

static void
test_parent(void **state)
{
	char target[128];

	(void)state;
	t.conf->next_proxy = strdup("127.0.0.1");
	t.conf->next_port = origin_http(t.origin);
	/* An address that only the parent can reach; absolute-form. */
	answer_ok("http://192.0.2.1:81/list", "", "by the parent");
	set_prefix(&t.conf->allow_private, "192.0.2.0/24");
	start("http://192.0.2.1:81/list");
	run_ms(8000);
	assert_good("by the parent");
	assert_non_null(
	    strstr(origin_asked(t.origin), "\r\nHost: 192.0.2.1:81\r\n"));
	/* And a tunnel. */
	set_prefix(&t.conf->allow_private, "127.0.0.0/8");
	answer_ok("/list", "", "in the tunnel");
	fetch_at("https", 443, "/list");
	assert_good("in the tunnel");
	assert_non_null(strstr(origin_asked(t.origin), "GET /list "));
	snprintf(target, sizeof(target), "127.0.0.1:444");
	answer(target, "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n",
	    ORIGIN_END_CLOSE);
	fetch_at("https", 444, "/list");
	assert_error("refused the tunnel: 403");
	assert_int_equal(t.status, 0);
	answer("127.0.0.1:445", "HTTP/1.1 200 OK\r\n\r\nbytes too early",
	    ORIGIN_END_CLOSE);
	fetch_at("https", 445, "/list");
	assert_error("out of place");
	/* The certificate is the origin's to show, parent or not. */
	origin_show(t.origin, ORIGIN_CERT_EXPIRED);
	fetch_at("https", 443, "/list");
	assert_error("expired");
	/* What is this machine is not asked of others. */
	set_prefix(&t.conf->allow_private, "10.0.0.0/8");
	start("https://localhost/list");
	run_ms(2000);
	assert_error("private");
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_http),
		TEST(test_https),
		TEST(test_https_name),
		TEST(test_large),
		TEST(test_not_modified),
		TEST(test_informed),
		TEST(test_coded),
		TEST(test_certificates),
		TEST(test_not_tls),
		TEST(test_redirect),
		TEST(test_redirect_loop),
		TEST(test_redirect_private),
		TEST(test_resolve),
		TEST(test_status),
		TEST(test_cut_short),
		TEST(test_garbage),
		TEST(test_too_much),
		TEST(test_late),
		TEST(test_unreachable),
		TEST(test_private),
		TEST(test_cancel),
		TEST(test_parent),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
