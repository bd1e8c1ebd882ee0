#include "forward.h"

#include "http/h1_help.h"

static const struct pd_h1_limits limits = { 8192, 65536, 128 };

struct fixture {
	struct pd_arena *arena;
	struct evbuffer *b;
	struct pd_conf conf;
};

static int
setup(void **state)
{
	static struct fixture fx;

	fx = (struct fixture){ pd_arena_create(), evbuffer_new(), { 0 } };
	*state = &fx;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *fx = *state;

	evbuffer_free(fx->b);
	pd_arena_destroy(fx->arena);
	return 0;
}

static struct pd_request *
parse(struct fixture *fx, const char *bytes)
{
	struct pd_request *req = pd_arena_alloc(fx->arena, sizeof(*req));
	struct pd_h1_scan scan = { 0 };
	struct pd_fault fault;

	evbuffer_drain(fx->b, evbuffer_get_length(fx->b));
	evbuffer_add(fx->b, bytes, strlen(bytes));
	if (pd_h1_read_request(fx->b, &scan, &limits, fx->arena, req, &fault) !=
	    PD_H1_DONE)
		fail_msg("not accepted: %s", bytes);
	evbuffer_drain(fx->b, evbuffer_get_length(fx->b));
	return req;
}

/* What the next hop gets of bytes. */
static void
check(struct fixture *fx, bool to_parent, bool untouched, const char *bytes,
    const char *wanted)
{
	struct pd_request *req = parse(fx, bytes), before = *req;
	struct pd_forward_params params = {
		.conf = &fx->conf,
		.arena = fx->arena,
		.via = PD_STR("1.1 us"),
		.to_parent = to_parent,
		.untouched = untouched,
	};
	struct pd_forward out;
	char *text;

	pd_forward_request(req, &params, &out);
	pd_h1_write_request(fx->b, &out.request, out.target, out.connection);
	text = h1_written(fx->b);
	assert_string_equal(text, wanted);
	free(text);
	/* What came stays as it was, for the log and a second try. */
	assert_int_equal(before.fields.n, req->fields.n);
	assert_int_equal(before.fields.seen, req->fields.seen);
	assert_ptr_equal(before.fields.v, req->fields.v);
}

#define ORIGIN(line, fields) line "\r\nHost: a\r\n" fields "Via: 1.1 us\r\n\r\n"

static void
test_hop(void **state)
{
	struct fixture *fx = *state;

	check(fx, false, false,
	    "GET http://a/b?c HTTP/1.1\r\nHost: other\r\nX-A: 1\r\n"
	    "Connection: x-b, keep-alive, host, via\r\n"
	    "x-B: 2\r\nKeep-Alive: timeout=5\r\nProxy-Connection: close\r\n"
	    "Proxy-Authorization: Basic eA==\r\nTE: trailers\r\n"
	    "Upgrade: h2c\r\nHTTP2-Settings: x\r\nCookie: c\r\n"
	    "accept-language: de\r\n\r\n",
	    ORIGIN("GET /b?c HTTP/1.1", "X-A: 1\r\nCookie: c\r\n"
					"accept-language: de\r\n"));
	/* The framing is the message's own, whatever Connection names. */
	check(fx, false, false,
	    "POST http://a/ HTTP/1.1\r\nHost: a\r\n"
	    "Connection: content-length\r\nContent-Length: 3\r\n"
	    "Expect: 100-continue\r\n\r\nabc",
	    "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"
	    "Via: 1.1 us\r\nContent-Length: 3\r\n\r\n");
	check(fx, false, false,
	    "POST http://a/ HTTP/1.1\r\nHost: a\r\n"
	    "Transfer-Encoding: CHUNKED\r\nTrailer: X\r\n\r\n",
	    "POST / HTTP/1.1\r\nHost: a\r\nTrailer: X\r\nVia: 1.1 us\r\n"
	    "Transfer-Encoding: chunked\r\n\r\n");
	/* An expectation of nothing is not passed on. */
	check(fx, false, false,
	    "GET http://a/ HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n",
	    ORIGIN("GET / HTTP/1.1", ""));
	check(fx, false, false, "GET http://a/ HTTP/1.0\r\n\r\n",
	    "GET / HTTP/1.1\r\nHost: a\r\nVia: 1.0 us\r\n\r\n");
	check(fx, false, false,
	    "GET http://a/ HTTP/1.1\r\nHost: a\r\nVia: 1.0 them (a, b)\r\n\r\n",
	    ORIGIN("GET / HTTP/1.1", "Via: 1.0 them (a, b)\r\n"));
}

static void
test_target(void **state)
{
	struct fixture *fx = *state;

	/* To an origin. */
	check(fx, false, false, "GET http://A:80 HTTP/1.1\r\nHost: x\r\n\r\n",
	    "GET / HTTP/1.1\r\nHost: A:80\r\nVia: 1.1 us\r\n\r\n");
	check(fx, false, false, "GET http://a?q HTTP/1.1\r\nHost: x\r\n\r\n",
	    ORIGIN("GET /?q HTTP/1.1", ""));
	check(fx, false, false,
	    "GET http://a/%7E/../b//c HTTP/1.1\r\nHost: x\r\n\r\n",
	    ORIGIN("GET /%7E/../b//c HTTP/1.1", ""));
	/* OPTIONS of a server: only without path and query. */
	check(fx, false, false, "OPTIONS http://a HTTP/1.1\r\nHost: x\r\n\r\n",
	    ORIGIN("OPTIONS * HTTP/1.1", ""));
	check(fx, false, false, "OPTIONS http://a/ HTTP/1.1\r\nHost: x\r\n\r\n",
	    ORIGIN("OPTIONS / HTTP/1.1", ""));
	check(fx, false, false,
	    "OPTIONS http://a?q HTTP/1.1\r\nHost: x\r\n\r\n",
	    ORIGIN("OPTIONS /?q HTTP/1.1", ""));
	/* To a parent. */
	check(fx, true, false, "GET http://a/b HTTP/1.1\r\nHost: x\r\n\r\n",
	    ORIGIN("GET http://a/b HTTP/1.1", ""));
	check(fx, true, false, "GET http://a?q HTTP/1.1\r\nHost: x\r\n\r\n",
	    ORIGIN("GET http://a/?q HTTP/1.1", ""));
	check(fx, true, false, "OPTIONS http://a HTTP/1.1\r\nHost: x\r\n\r\n",
	    ORIGIN("OPTIONS http://a HTTP/1.1", ""));
	check(fx, true, false, "OPTIONS http://a/ HTTP/1.1\r\nHost: x\r\n\r\n",
	    ORIGIN("OPTIONS http://a/ HTTP/1.1", ""));
	check(fx, true, false,
	    "CONNECT a:443 HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n",
	    "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\nVia: 1.1 us\r\n\r\n");
}

static void
test_websocket(void **state)
{
	struct fixture *fx = *state;

	check(fx, false, false,
	    "GET http://a/ HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\n"
	    "Upgrade: h2c, WebSocket\r\nSec-WebSocket-Key: k\r\n\r\n",
	    "GET / HTTP/1.1\r\nHost: a\r\nSec-WebSocket-Key: k\r\n"
	    "Upgrade: websocket\r\nVia: 1.1 us\r\nConnection: upgrade\r\n\r\n");
	/* Not asked by Connection; another method; with content. */
	check(fx, false, false,
	    "GET http://a/ HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n",
	    ORIGIN("GET / HTTP/1.1", ""));
	check(fx, false, false,
	    "PUT http://a/ HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\n"
	    "Upgrade: websocket\r\n\r\n",
	    ORIGIN("PUT / HTTP/1.1", ""));
	check(fx, false, false,
	    "GET http://a/ HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\n"
	    "Upgrade: websocket\r\nContent-Length: 5\r\n\r\n",
	    "GET / HTTP/1.1\r\nHost: a\r\nVia: 1.1 us\r\n"
	    "Content-Length: 5\r\n\r\n");
}

static void
test_upgraded(void **state)
{
	struct fixture *fx = *state;
	struct pd_request *ask = parse(fx,
	    "GET http://a/ HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\n"
	    "Upgrade: websocket\r\n\r\n");
	struct pd_request *plain =
	    parse(fx, "GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n");
	struct pd_response res = { .status = 101, .minor = 1 };
	char *text;

	assert_false(pd_forward_upgraded(ask, &res));
	pd_fields_add(&res.fields, fx->arena, PD_STR("upgrade"), PD_STR("h2c"));
	assert_false(pd_forward_upgraded(ask, &res));
	pd_fields_add(
	    &res.fields, fx->arena, PD_STR("Connection"), PD_STR("upgrade"));
	pd_fields_set(
	    &res.fields, fx->arena, PD_FIELD_UPGRADE, PD_STR("WebSocket"));
	assert_true(pd_forward_upgraded(ask, &res));
	assert_false(pd_forward_upgraded(plain, &res));
	res.content_length = -1;
	pd_forward_response(&res, fx->arena, PD_STR("1.1 us"), true);
	pd_h1_write_response(fx->b, &res, "upgrade");
	text = h1_written(fx->b);
	assert_string_equal(text,
	    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
	    "Via: 1.1 us\r\nConnection: upgrade\r\n\r\n");
	free(text);
}

static void
test_response(void **state)
{
	struct fixture *fx = *state;
	struct pd_response res = {
		.status = 200,
		.minor = 1,
		.close = true,
	};
	struct pd_fields *fs = &res.fields;

	pd_fields_add(fs, fx->arena, PD_STR("Connection"), PD_STR("x-a"));
	pd_fields_add(fs, fx->arena, PD_STR("X-A"), PD_STR("1"));
	pd_fields_add(fs, fx->arena, PD_STR("X-B"), PD_STR("2"));
	pd_fields_add(fs, fx->arena, PD_STR("Upgrade"), PD_STR("h2"));
	pd_fields_add(
	    fs, fx->arena, PD_STR("Proxy-Authenticate"), PD_STR("Basic"));
	pd_forward_response(&res, fx->arena, PD_STR("1.1 us"), false);
	assert_false(res.close);
	assert_int_equal(fs->n, 3);
	assert_true(pd_str_eq(fs->v[0].name, PD_STR("X-B")));
	assert_true(
	    pd_str_eq(pd_fields_value(fs, PD_FIELD_VIA), PD_STR("1.1 us")));
	assert_int_equal(pd_fields_value(fs, PD_FIELD_DATE).n, 29);
	/* There already, or informational: no Date of ours. The version in Via
	 * is the one that the message came with. */
	res.minor = 0;
	pd_forward_response(&res, fx->arena, PD_STR("1.1 us"), false);
	assert_int_equal(fs->n, 4);
	assert_true(pd_str_eq(fs->v[3].value, PD_STR("1.0 us")));
	res = (struct pd_response){ .status = 103 };
	pd_forward_response(&res, fx->arena, PD_STR("1.1 us"), false);
	assert_int_equal(fs->n, 1);
}

/* What resumes by date or by a weak tag may have what a filter made. */
static void
test_resume(void **state)
{
	struct fixture *fx = *state;
	static const struct {
		const char *field;
		bool kept;
	} cases[] = {
		{ "If-Range: \"v1\"\r\n", true },
		{ "If-Range: W/\"v1\"\r\n", false },
		{ "If-Range: Mon, 01 Jan 2024 00:00:00 GMT\r\n", false },
		{ "If-Range: Mon, 01 Jan 2024 00:00:00 GMT\r\n"
		  "Sec-Fetch-Dest: video\r\n",
		    true },
		{ "", true },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct pd_forward_params params = {
			.conf = &fx->conf,
			.arena = fx->arena,
			.via = PD_STR("1.1 us"),
		};
		struct pd_forward out;
		char bytes[256];

		snprintf(bytes, sizeof(bytes),
		    "GET http://a.test/ HTTP/1.1\r\nHost: a.test\r\n"
		    "Range: bytes=5-\r\n%s\r\n",
		    cases[i].field);
		pd_forward_request(parse(fx, bytes), &params, &out);
		assert_int_equal(
		    pd_fields_find(&out.request.fields, PD_FIELD_RANGE) != NULL,
		    cases[i].kept);
		assert_int_equal(pd_fields_find(&out.request.fields,
				     PD_FIELD_IF_RANGE) != NULL,
		    cases[i].kept && cases[i].field[0] != '\0');
	}
}

static void
test_drop_void(void **state)
{
	struct fixture *fx = *state;
	struct pd_response res = { .status = 200 };
	struct pd_fields *fs = &res.fields;
	static const char *const names[] = { "public-key-pins",
		"Public-Key-Pins-Report-Only", "Expect-CT" };

	pd_fields_add(fs, fx->arena, PD_STR("X-A"), PD_STR("1"));
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		pd_fields_add(
		    fs, fx->arena, pd_str_z(names[i]), PD_STR("anything"));
	pd_fields_add(
	    fs, fx->arena, PD_STR("Strict-Transport-Security"), PD_STR("2"));
	pd_forward_drop_void(fs);
	assert_int_equal(fs->n, 2);
	assert_true(pd_str_eq(fs->v[0].name, PD_STR("X-A")));
	assert_true(
	    pd_str_eq(fs->v[1].name, PD_STR("Strict-Transport-Security")));
}

static bool
loops(struct fixture *fx, const char *via)
{
	struct pd_fields fs = { 0 };

	pd_fields_add(&fs, fx->arena, PD_STR("Via"), PD_STR("1.1 first"));
	pd_fields_add(&fs, fx->arena, PD_STR("via"), pd_str_z(via));
	return pd_forward_loops(&fs, PD_STR("1.1 pared-1a"));
}

static void
test_loops(void **state)
{
	struct fixture *fx = *state;
	struct pd_fields none = { 0 };

	assert_false(pd_forward_loops(&none, PD_STR("1.1 pared-1a")));
	assert_true(loops(fx, "1.1 pared-1a"));
	assert_true(loops(fx, "HTTP/1.0 pared-1a (comment)"));
	assert_true(loops(fx, "1.0 a, 2 pared-1a"));
	assert_true(loops(fx, "1.0 a,1.1  pared-1a ,1.1 b"));
	assert_false(loops(fx, "1.1 pared-1ab"));
	assert_false(loops(fx, "1.1 pared-1"));
	assert_false(loops(fx, "pared-1a"));
	assert_false(loops(fx, "1.1 a (pared-1a)"));
	assert_false(loops(fx, ""));
}

static void
test_count_down(void **state)
{
	static const struct {
		const char *value;
		bool goes_on;
		const char *left;
	} rows[] = {
		{ "0", false, "0" },
		{ "1", true, "0" },
		{ "10", true, "9" },
		{ "9223372036854775807", true, "9223372036854775806" },
		{ "99999999999999999999", true, "99999999999999999999" },
		{ "-1", true, "-1" },
		{ "", true, "" },
	};
	struct fixture *fx = *state;
	struct pd_fields fs = { 0 };

	assert_true(pd_forward_count_down(&fs, fx->arena));
	assert_int_equal(fs.n, 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		pd_fields_set(&fs, fx->arena, PD_FIELD_MAX_FORWARDS,
		    pd_str_z(rows[i].value));
		assert_int_equal(
		    pd_forward_count_down(&fs, fx->arena), rows[i].goes_on);
		assert_true(
		    pd_str_eq(pd_fields_value(&fs, PD_FIELD_MAX_FORWARDS),
			pd_str_z(rows[i].left)));
	}
}

static void
test_user_agent(void **state)
{
	static char ours[] = "ours";
	static const char bytes[] =
	    "GET http://a/ HTTP/1.1\r\nHost: a\r\nUser-Agent: x\r\n\r\n";
	struct fixture *fx = *state;

	fx->conf.user_agent = ours;
	check(fx, false, false, bytes,
	    "GET / HTTP/1.1\r\nHost: a\r\nVia: 1.1 us\r\n"
	    "User-Agent: ours\r\n\r\n");
	check(fx, false, true, bytes,
	    ORIGIN("GET / HTTP/1.1", "User-Agent: x\r\n"));
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_hop),
		TEST(test_target),
		TEST(test_websocket),
		TEST(test_upgraded),
		TEST(test_response),
		TEST(test_resume),
		TEST(test_drop_void),
		TEST(test_loops),
		TEST(test_count_down),
		TEST(test_user_agent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
