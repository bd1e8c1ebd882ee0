/*
 * Messages written, and read again by the same rules.
 */
#include "http/h1_help.h"

static const struct pd_h1_limits limits = { 8192, 65536, 128 };

struct fixture {
	struct pd_arena *arena;
	struct evbuffer *out;
};

static int
setup(void **state)
{
	static struct fixture fx;

	fx = (struct fixture){ pd_arena_create(), evbuffer_new() };
	*state = &fx;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *fx = *state;

	evbuffer_free(fx->out);
	pd_arena_destroy(fx->arena);
	return 0;
}

static void
add(struct fixture *fx, struct pd_fields *fs, const char *name,
    const char *value)
{
	pd_fields_add(fs, fx->arena, pd_str_z(name), pd_str_z(value));
}

static void
assert_written(struct fixture *fx, const char *wanted)
{
	char *text = h1_written(fx->out);

	assert_string_equal(text, wanted);
	free(text);
}

static struct pd_request
a_request(struct fixture *fx)
{
	struct pd_request req = {
		.method = PD_METHOD_POST,
		.method_name = PD_STR("POST"),
		.body = PD_BODY_NONE,
	};

	req.url.authority.text = PD_STR("Example.org:8080");
	add(fx, &req.fields, "X-One", "1");
	add(fx, &req.fields, "hOst", "evil");
	add(fx, &req.fields, "content-length", "99");
	add(fx, &req.fields, "Transfer-Encoding", "chunked");
	add(fx, &req.fields, "Connection", "x");
	add(fx, &req.fields, "x-two", "");
	return req;
}

static void
test_request(void **state)
{
	struct fixture *fx = *state;
	struct pd_request req = a_request(fx);

	pd_h1_write_request(fx->out, &req, PD_STR("/a?b"), NULL);
	assert_written(fx, "POST /a?b HTTP/1.1\r\nHost: Example.org:8080\r\n"
			   "X-One: 1\r\nx-two: \r\n\r\n");
	req.body = PD_BODY_LENGTH;
	req.content_length = INT64_MAX;
	pd_h1_write_request(fx->out, &req, PD_STR("/"), "upgrade");
	assert_written(fx, "POST / HTTP/1.1\r\nHost: Example.org:8080\r\n"
			   "X-One: 1\r\nx-two: \r\n"
			   "Content-Length: 9223372036854775807\r\n"
			   "Connection: upgrade\r\n\r\n");
	req.body = PD_BODY_CHUNKED;
	pd_h1_write_request(fx->out, &req, PD_STR("/"), NULL);
	assert_written(fx, "POST / HTTP/1.1\r\nHost: Example.org:8080\r\n"
			   "X-One: 1\r\nx-two: \r\n"
			   "Transfer-Encoding: chunked\r\n\r\n");
}

static void
test_response(void **state)
{
	struct fixture *fx = *state;
	struct pd_response res = {
		.status = 200,
		.reason = PD_STR("Fine"),
		.body = PD_BODY_LENGTH,
		.content_length = 5,
	};

	add(fx, &res.fields, "Content-Length", "7");
	add(fx, &res.fields, "Connection", "keep-alive");
	add(fx, &res.fields, "Host", "kept");
	pd_h1_write_response(fx->out, &res, "close");
	assert_written(fx, "HTTP/1.1 200 Fine\r\nHost: kept\r\n"
			   "Content-Length: 5\r\nConnection: close\r\n\r\n");
	res.reason = PD_STR("");
	res.body = PD_BODY_CHUNKED;
	pd_h1_write_response(fx->out, &res, NULL);
	assert_written(fx, "HTTP/1.1 200 OK\r\nHost: kept\r\n"
			   "Transfer-Encoding: chunked\r\n\r\n");
	res.body = PD_BODY_CLOSE;
	pd_h1_write_response(fx->out, &res, "close");
	assert_written(
	    fx, "HTTP/1.1 200 OK\r\nHost: kept\r\nConnection: close\r\n\r\n");
	/* To HEAD: what GET would bring. */
	res.body = PD_BODY_NONE;
	pd_h1_write_response(fx->out, &res, NULL);
	assert_written(fx, "HTTP/1.1 200 OK\r\nHost: kept\r\n"
			   "Content-Length: 5\r\n\r\n");
	res.content_length = -1;
	pd_h1_write_response(fx->out, &res, NULL);
	assert_written(fx, "HTTP/1.1 200 OK\r\nHost: kept\r\n\r\n");
	/* RFC 9110, 8.6 */
	for (int status = 100; status <= 204; status += 104) {
		char wanted[64];

		res.status = status;
		res.content_length = 0;
		pd_h1_write_response(fx->out, &res, NULL);
		snprintf(wanted, sizeof(wanted),
		    "HTTP/1.1 %d %s\r\nHost: kept\r\n\r\n", status,
		    pd_status_reason(status));
		assert_written(fx, wanted);
	}
	res.status = 599;
	pd_h1_write_response(fx->out, &res, NULL);
	assert_written(fx, "HTTP/1.1 599 \r\nHost: kept\r\n"
			   "Content-Length: 0\r\n\r\n");
}

static void
test_chunks(void **state)
{
	struct fixture *fx = *state;
	struct evbuffer *content = evbuffer_new();
	struct pd_fields trailers = { 0 };

	pd_h1_write_chunk(fx->out, content);
	assert_int_equal(evbuffer_get_length(fx->out), 0);
	evbuffer_add_printf(content, "hello, hello, hello");
	pd_h1_write_chunk(fx->out, content);
	assert_int_equal(evbuffer_get_length(content), 0);
	pd_h1_write_last(fx->out, NULL);
	assert_written(fx, "13\r\nhello, hello, hello\r\n0\r\n\r\n");
	pd_h1_write_last(fx->out, &trailers);
	assert_written(fx, "0\r\n\r\n");
	add(fx, &trailers, "X", "y");
	add(fx, &trailers, "Content-Length", "3");
	add(fx, &trailers, "Host", "a");
	pd_h1_write_last(fx->out, &trailers);
	assert_written(fx, "0\r\nX: y\r\n\r\n");
	evbuffer_free(content);
}

/* The whole message, with a field of any length up to n, read again. */
static void
check_again(struct fixture *fx, size_t n)
{
	struct pd_request req = a_request(fx), again;
	struct pd_h1_scan scan = { 0 };
	struct pd_fault fault;
	char *value = malloc(n + 1);

	memset(value, 'v', n);
	value[n] = '\0';
	add(fx, &req.fields, "Long", value);
	req.method_name = PD_STR("X-METHOD");
	req.body = PD_BODY_LENGTH;
	req.content_length = (int64_t)n;
	pd_h1_write_request(fx->out, &req, PD_STR("/p"), "close");
	assert_int_equal(pd_h1_read_request(fx->out, &scan, &limits, fx->arena,
			     &again, &fault),
	    PD_H1_DONE);
	assert_int_equal(evbuffer_get_length(fx->out), 0);
	assert_true(pd_str_eq(again.method_name, req.method_name));
	assert_true(pd_str_eq(again.target, PD_STR("/p")));
	assert_int_equal(again.body, req.body);
	assert_int_equal(again.content_length, req.content_length);
	assert_true(again.close);
	assert_int_equal(again.fields.n, 6);
	assert_true(pd_str_eq(again.fields.v[3].value, pd_str_of(value, n)));
	free(value);
}

static void
test_again(void **state)
{
	for (size_t n = 0; n < 6000; n += n < 100 ? 1 : 97)
		check_again(*state, n);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_request, setup, teardown),
		cmocka_unit_test_setup_teardown(test_response, setup, teardown),
		cmocka_unit_test_setup_teardown(test_chunks, setup, teardown),
		cmocka_unit_test_setup_teardown(test_again, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
