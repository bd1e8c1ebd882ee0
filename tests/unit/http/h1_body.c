/*
 * Content and its framing: chunks, extensions, trailers; what is cut short.
 */
#include "http/h1_help.h"

#define LIMITS                \
	{                     \
		200, 2000, 12 \
	}

static const struct h1_role upload = { .limits = LIMITS };
static const struct h1_role download = { true, PD_METHOD_GET, LIMITS };

#define UP(chunks)                                                           \
	BYTES("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n" \
	      "\r\n" chunks)
#define DOWN(chunks) \
	BYTES("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" chunks)
#define UP_TEXT   "POST / 1 chunked 0|Host=a|Transfer-Encoding=chunked|"
#define DOWN_TEXT "200 OK 1 chunked -1|Transfer-Encoding=chunked|"

static void
test_chunks(void **state)
{
	static const struct h1_row rows[] = {
		{ UP("3\r\nabc\r\n0\r\n\r\n"), 0, UP_TEXT ">abc>" },
		{ UP("1\r\na\r\n002\r\nbc\r\n00\r\n\r\nGET"), 0,
		    UP_TEXT ">abc>" },
		{ UP("A\r\n0123456789\r\n0\r\n\r\n"), 0,
		    UP_TEXT ">0123456789>" },
		{ UP("a\r\n0123456789\r\n0\r\n\r\n"), 0,
		    UP_TEXT ">0123456789>" },
		{ UP("2\r\n\r\n\r\n0\r\n\r\n"), 0, UP_TEXT ">\r\n>" },
		{ UP("0000000000000001\r\na\r\n0\r\n\r\n"), 0, NULL },
		{ UP("00000000000000001\r\na\r\n0\r\n\r\n"), 400, NULL },
		{ UP("7fffffffffffffff\r\na"), -1, NULL },
		{ UP("8000000000000000\r\na"), 400, NULL },
		{ UP("ffffffffffffffff\r\na"), 400, NULL },
		{ UP("10000000000000003\r\nabc\r\n"), 400, NULL },
		{ UP("100000003\r\nabc\r\n0\r\n\r\n"), -1, NULL },
		{ UP("-1\r\n"), 400, NULL },
		{ UP("+1\r\na\r\n"), 400, NULL },
		{ UP("0x1\r\na\r\n"), 400, NULL },
		{ UP(" 1\r\na\r\n"), 400, NULL },
		{ UP("1 \r\na\r\n"), 400, NULL },
		{ UP("1\t\r\na\r\n"), 400, NULL },
		{ UP("1,\r\na\r\n"), 400, NULL },
		{ UP("g\r\n"), 400, NULL },
		{ UP("\r\n"), 400, NULL },
		{ UP(";a\r\n"), 400, NULL },
		{ UP("1\na\n0\n\n"), 400, NULL },
		{ UP("1\r\na\n0\r\n\r\n"), 400, NULL },
		{ UP("1\r\nab\r\n0\r\n\r\n"), 400, NULL },
		{ UP("1\r\na0\r\n\r\n"), 400, NULL },
		{ UP("1\r\na\r0\r\n\r\n"), 400, NULL },
		{ UP("1\r\r\na\r\n"), 400, NULL },
		{ UP("1\ra\r\n"), 400, NULL },
		{ UP("1\0\r\na\r\n"), 400, NULL },
		{ UP("1\r\na\r\n0\r\n"), -1, NULL },
		{ UP("1\r\na\r\n0\r\n\r"), -1, NULL },
		{ UP("1\r\na\r\n"), -1, NULL },
		{ UP("1"), -1, NULL },
		{ UP(""), -1, NULL },
		/* Hopeless before the line ends. */
		{ UP("x"), 400, NULL },
		{ UP("1x"), 400, NULL },
		{ UP("fffffffffffffffff"), 400, NULL },
		{ UP("1;a\x01"), 400, NULL },
	};
	static const struct h1_row tolerated[] = {
		{ DOWN("1\na\n0\n\n"), 0, DOWN_TEXT ">a>" },
		{ DOWN("1  \r\na\r\n0\r\n\r\n"), 0, DOWN_TEXT ">a>" },
		{ DOWN("1\t\r\na\r\n0 \r\n\r\n"), 0, DOWN_TEXT ">a>" },
		{ DOWN("1;=\"\r\na\r\n0\r\n\r\n"), 0, DOWN_TEXT ">a>" },
		{ DOWN("1 x\r\na\r\n"), 502, NULL },
		{ DOWN("1\r\r\na\r\n"), 502, NULL },
		{ DOWN("1\0\r\na\r\n"), 502, NULL },
		{ DOWN("1;\x01\r\na\r\n"), 502, NULL },
		{ DOWN("x\r\n"), 502, NULL },
		{ DOWN("ffffffffffffffff\r\na"), 502, NULL },
		{ DOWN("1\r\nabc"), 502, NULL },
	};

	(void)state;
	CHECK_ALL(&upload, rows);
	for (size_t i = 0; i < sizeof(tolerated) / sizeof(*tolerated); i++) {
		struct h1_row row = tolerated[i];

		/* The reader of content does not know whose it is. */
		row.status = row.status == 502 ? 400 : row.status;
		h1_check(&download, &row);
	}
}

static void
test_extensions(void **state)
{
	static const struct h1_row rows[] = {
		{ UP("1;a\r\nx\r\n0;b\r\n\r\n"), 0, UP_TEXT ">x>" },
		{ UP("1;a=b\r\nx\r\n0\r\n\r\n"), 0, UP_TEXT ">x>" },
		{ UP("1 ; a = b ;c\r\nx\r\n0\r\n\r\n"), 0, UP_TEXT ">x>" },
		{ UP("1;a=\"b;\\\"c\"\r\nx\r\n0\r\n\r\n"), 0, UP_TEXT ">x>" },
		{ UP("1;a=\"\";b\r\nx\r\n0\r\n\r\n"), 0, UP_TEXT ">x>" },
		{ UP("1;\r\nx\r\n"), 400, NULL },
		{ UP("1;a;\r\nx\r\n"), 400, NULL },
		{ UP("1;a=\r\nx\r\n"), 400, NULL },
		{ UP("1;=b\r\nx\r\n"), 400, NULL },
		{ UP("1;a=b c\r\nx\r\n"), 400, NULL },
		{ UP("1;a \r\nx\r\n"), 400, NULL },
		{ UP("1;a=\"b\r\nx\r\n"), 400, NULL },
		{ UP("1;a=\"b\\\"\r\nx\r\n"), 400, NULL },
		{ UP("1;a=\"b\\\r\nx\r\n"), 400, NULL },
		{ UP("1;a=\"\r\n\"\r\nx\r\n"), 400, NULL },
		{ UP("1;a=\"b\"c\r\nx\r\n"), 400, NULL },
		{ UP("1;a\rb\r\nx\r\n"), 400, NULL },
		{ UP("1;a\nb\r\nx\r\n"), 400, NULL },
		{ UP("1;a\0\r\nx\r\n"), 400, NULL },
	};
	char *p = malloc(65536);
	size_t n, head;

	(void)state;
	CHECK_ALL(&upload, rows);

	/* One that does not end, and many small ones. */
	head = (size_t)sprintf(p, "POST / HTTP/1.1\r\nHost: a\r\n"
				  "Transfer-Encoding: chunked\r\n\r\n1;");
	memset(p + head, 'a', 4000);
	h1_check(&upload, &(struct h1_row){ p, head + 900, -1, NULL });
	h1_check(&upload, &(struct h1_row){ p, head + 4000, 400, NULL });
	n = head - 2;
	for (int i = 0; i < 30; i++) {
		memcpy(p + n, "1;", 2);
		memset(p + n + 2, 'a', 800);
		memcpy(p + n + 802, "\r\nx\r\n", 5);
		n += 807;
	}
	h1_check(&upload, &(struct h1_row){ p, n, 400, NULL });
	free(p);
}

static void
test_trailers(void **state)
{
	static const struct h1_row rows[] = {
		{ UP("0\r\nA: b\r\nC: d\r\n\r\nGET"), 0, UP_TEXT ">>A=b|C=d|" },
		/* What frames, routes or names the content comes too late. */
		{ UP("0\r\nContent-Length: 5\r\nTransfer-Encoding: x\r\n"
		     "Host: b\r\nX: y\r\nCookie: c\r\nTrailer: x\r\n"
		     "Connection: close\r\n\r\n"),
		    0, UP_TEXT ">>X=y|" },
		{ UP("0\r\n A: b\r\n\r\n"), 400, NULL },
		{ UP("0\r\nA: b\r\n c\r\n\r\n"), 400, NULL },
		{ UP("0\r\nA : b\r\n\r\n"), 400, NULL },
		{ UP("0\r\nA\r\n\r\n"), 400, NULL },
		{ UP("0\r\nA: b\n\r\n"), 400, NULL },
		{ UP("0\r\n\n"), 400, NULL },
		{ UP("0\r\n\rX"), 400, NULL },
		{ UP("0\r\nA: \x01\r\n\r\n"), 400, NULL },
		{ UP("0\r\nA: b"), -1, NULL },
		{ UP("0\r\nA: b\r\n"), -1, NULL },
		{ UP("0\r\nA:\r\nA:\r\nA:\r\nA:\r\nA:\r\nA:\r\nA:\r\nA:\r\n"
		     "A:\r\nA:\r\nA:\r\nA:\r\nA:\r\n\r\n"),
		    431, NULL },
		/* A request in it is a malformed trailer. */
		{ UP("0\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"), 400, NULL },
	};
	static const struct h1_row down[] = {
		{ DOWN("0\r\nA: b\r\n c\r\n\r\n"), 0, DOWN_TEXT ">>A=b   c|" },
		{ DOWN("0\nA: b\n\n"), 0, DOWN_TEXT ">>A=b|" },
		{ DOWN("0\r\nSet-Cookie: b\r\nLocation: /\r\n\r\n"), 0,
		    DOWN_TEXT ">>" },
	};
	char *p = malloc(8192);
	size_t n;

	(void)state;
	CHECK_ALL(&upload, rows);
	CHECK_ALL(&download, down);
	n = (size_t)sprintf(p, "POST / HTTP/1.1\r\nHost: a\r\n"
			       "Transfer-Encoding: chunked\r\n\r\n0\r\nA: ");
	memset(p + n, 'a', 3000);
	h1_check(&upload, &(struct h1_row){ p, n + 3000, 431, NULL });
	free(p);
}

static void
test_whole_at_eof(void **state)
{
	static const struct {
		enum pd_body kind;
		int64_t length;
		const char *in;
		bool whole;
	} rows[] = {
		{ PD_BODY_NONE, -1, "", true },
		{ PD_BODY_LENGTH, 0, "", true },
		{ PD_BODY_LENGTH, 3, "abc", true },
		{ PD_BODY_LENGTH, 3, "ab", false },
		{ PD_BODY_CHUNKED, -1, "", false },
		{ PD_BODY_CHUNKED, -1, "1\r\na\r\n", false },
		{ PD_BODY_CHUNKED, -1, "1\r\na\r\n0\r\n", false },
		{ PD_BODY_CHUNKED, -1, "1\r\na\r\n0\r\n\r\n", true },
		{ PD_BODY_CLOSE, -1, "", true },
		{ PD_BODY_CLOSE, -1, "abc", true },
	};
	struct evbuffer *in = evbuffer_new(), *out = evbuffer_new();
	struct pd_arena *arena = pd_arena_create();
	struct pd_h1_limits limits = LIMITS;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct pd_h1_body b;
		struct pd_fault fault;

		pd_h1_body_init(&b, rows[i].kind, rows[i].length, false);
		evbuffer_add(in, rows[i].in, strlen(rows[i].in));
		assert_int_not_equal(
		    pd_h1_body_read(&b, in, out, 100, &limits, arena, &fault),
		    PD_H1_BAD);
		assert_int_equal(pd_h1_body_whole_at_eof(&b), rows[i].whole);
		evbuffer_drain(in, 100);
	}
	evbuffer_free(in);
	evbuffer_free(out);
	pd_arena_destroy(arena);
}

/* What is read byte by byte is not held in a block a byte. */
static void
test_memory(void **state)
{
	struct evbuffer *in = evbuffer_new(), *out = evbuffer_new();
	struct pd_arena *arena = pd_arena_create();
	struct pd_h1_limits limits = LIMITS;
	struct pd_h1_body b;
	struct pd_fault fault;
	struct evbuffer_iovec room;

	(void)state;
	pd_h1_body_init(&b, PD_BODY_CLOSE, -1, false);
	for (int i = 0; i < 10000; i++) {
		evbuffer_reserve_space(in, 4032, &room, 1);
		*(char *)room.iov_base = 'x';
		room.iov_len = 1;
		evbuffer_commit_space(in, &room, 1);
		pd_h1_body_read(&b, in, out, 65536, &limits, arena, &fault);
	}
	assert_int_equal(evbuffer_get_length(out), 10000);
	assert_true(evbuffer_peek(out, -1, NULL, NULL, 0) < 20);
	evbuffer_free(in);
	evbuffer_free(out);
	pd_arena_destroy(arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_chunks),
		cmocka_unit_test(test_extensions),
		cmocka_unit_test(test_trailers),
		cmocka_unit_test(test_whole_at_eof),
		cmocka_unit_test(test_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
