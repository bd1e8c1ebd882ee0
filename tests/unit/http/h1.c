#include "http/h1.h"

#include "http/h1_help.h"

/* Of lines, of a section, of its fields. */
#define LIMITS                \
	{                     \
		200, 2000, 12 \
	}

static const struct h1_role request = { .limits = LIMITS };

/* A GET with one field of its own. */
#define GET(field) \
	BYTES("GET http://a/ HTTP/1.1\r\nHost: a\r\n" field "\r\n\r\n")
/* A POST with the fields that frame it, then content. */
#define POST(fields, content) \
	BYTES("POST http://a/ HTTP/1.1\r\nHost: a\r\n" fields "\r\n" content)

static void
test_request_line(void **state)
{
	static const struct h1_row rows[] = {
		{ BYTES("GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n"), 0,
		    "GET http://a/ 1 none 0|Host=a|>>" },
		{ BYTES("GET http://a/ HTTP/1.0\r\n\r\n"), 0,
		    "GET http://a/ 0 none 0 close|>>" },
		{ BYTES("GET http://a/ HTTP/1.9\r\nHost: a\r\n\r\n"), 0,
		    "GET http://a/ 1 none 0|Host=a|>>" },
		{ BYTES("get http://a/ HTTP/1.1\r\nHost: a\r\n\r\n"), 0,
		    "get http://a/ 1 none 0|Host=a|>>" },
		{ BYTES("M-SEARCH * HTTP/1.1\r\nHost: a\r\n\r\n"), 400, NULL },
		{ BYTES("\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"), 0,
		    "GET / 1 none 0|Host=a|>>" },
		{ BYTES("\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"), 0, NULL },
		{ BYTES("\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"), 400,
		    NULL },
		{ BYTES("\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"), 400, NULL },
		{ BYTES(" GET / HTTP/1.1\r\nHost: a\r\n\r\n"), 400, NULL },
		{ BYTES("GET  / HTTP/1.1\r\nHost: a\r\n\r\n"), 400, NULL },
		{ BYTES("GET /  HTTP/1.1\r\nHost: a\r\n\r\n"), 400, NULL },
		{ BYTES("GET / HTTP/1.1 \r\nHost: a\r\n\r\n"), 400, NULL },
		{ BYTES("GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n"), 400, NULL },
		{ BYTES("GET / a HTTP/1.1\r\nHost: a\r\n\r\n"), 400, NULL },
		{ BYTES("GET /\r\n\r\n"), 400, NULL }, /* HTTP/0.9 */
		{ BYTES("GET /\r\n"), 400, NULL },
		{ BYTES("GET / HTTP/1.1\nHost: a\n\n"), 400, NULL },
		{ BYTES("GET / HTTP/1.1\r\r\nHost: a\r\n\r\n"), 400, NULL },
		{ BYTES("GET / HTTP/1.1\rHost: a\r\n\r\n"), 400, NULL },
		{ BYTES("GET / HTTP/2.0\r\nHost: a\r\n\r\n"), 505, NULL },
		{ BYTES("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), 505, NULL },
		{ BYTES("GET / HTTP/0.9\r\nHost: a\r\n\r\n"), 505, NULL },
		{ BYTES("GET / http/1.1\r\nHost: a\r\n\r\n"), 400, NULL },
		{ BYTES("GET / HTTP/1.10\r\nHost: a\r\n\r\n"), 400, NULL },
		{ BYTES("GET / HTTP/11\r\nHost: a\r\n\r\n"), 400, NULL },
		{ BYTES("GET / HTTP/1,1\r\nHost: a\r\n\r\n"), 400, NULL },
		{ BYTES("GET / HTTP/+1.1\r\nHost: a\r\n\r\n"), 400, NULL },
		{ BYTES("GET / HTTP/1.\r\nHost: a\r\n\r\n"), 400, NULL },
		{ BYTES("GET / XTTP/1.1\r\nHost: a\r\n\r\n"), 400, NULL },
		{ BYTES("G(T / HTTP/1.1\r\nHost: a\r\n\r\n"), 400, NULL },
		{ BYTES("G\0T / HTTP/1.1\r\nHost: a\r\n\r\n"), 400, NULL },
		{ BYTES("GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n"), 400, NULL },
		{ BYTES("GET /\x80 HTTP/1.1\r\nHost: a\r\n\r\n"), 400, NULL },
		{ BYTES("GET /\x7f HTTP/1.1\r\nHost: a\r\n\r\n"), 400, NULL },
		{ BYTES("GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n"), 400, NULL },
		{ BYTES("GET a HTTP/1.1\r\nHost: a\r\n\r\n"), 400, NULL },
		{ BYTES("GET * HTTP/1.1\r\nHost: a\r\n\r\n"), 400, NULL },
		{ BYTES("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"), 0, NULL },
		{ BYTES("GET http://u@a/ HTTP/1.1\r\nHost: a\r\n\r\n"), 400,
		    NULL },
		{ BYTES("CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n"), 0,
		    "CONNECT a:443 1 none 0|Host=a:443|>>" },
		{ BYTES("CONNECT a HTTP/1.1\r\nHost: a\r\n\r\n"), 400, NULL },
		{ BYTES("CONNECT http://a:443/ HTTP/1.1\r\nHost: a\r\n\r\n"),
		    400, NULL },
		{ BYTES("CONNECT a:443/ HTTP/1.1\r\nHost: a\r\n\r\n"), 400,
		    NULL },
		{ BYTES("MMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMM / HTTP/1.1\r\n"
			"Host: a\r\n\r\n"),
		    501, NULL },
		/* Other protocols: told at once, not at a timeout. */
		{ BYTES("\x16\x03\x01\x02\0\x01"), 400, NULL },
		{ BYTES("SSH-2.0-OpenSSH_9.2\r\n"), 400, NULL },
		{ BYTES("EHLO a\r\n"), 400, NULL },
		{ BYTES("\x05\x01\0"), 400, NULL },
		/* Unfinished. */
		{ BYTES("\r"), -1, NULL },
		{ BYTES("GET"), -1, NULL },
		{ BYTES("GET / HTTP/1.1\r\nHost: a\r\n"), -1, NULL },
		{ BYTES("GET / HTTP/1.1\r\nHost: a\r\n\r"), -1, NULL },
	};

	(void)state;
	CHECK_ALL(&request, rows);
}

static void
test_request_fields(void **state)
{
	static const struct h1_row rows[] = {
		{ GET("X: y"), 0, "GET http://a/ 1 none 0|Host=a|X=y|>>" },
		{ GET("X:y"), 0, "GET http://a/ 1 none 0|Host=a|X=y|>>" },
		{ GET("X: \t y\t "), 0,
		    "GET http://a/ 1 none 0|Host=a|X=y|>>" },
		{ GET("X:"), 0, "GET http://a/ 1 none 0|Host=a|X=|>>" },
		{ GET("X: a\tb"), 0,
		    "GET http://a/ 1 none 0|Host=a|X=a\tb|>>" },
		{ GET("X: \xc3\xa9"), 0,
		    "GET http://a/ 1 none 0|Host=a|X=\xc3\xa9|>>" },
		{ GET("X: y\r\nx: z"), 0,
		    "GET http://a/ 1 none 0|Host=a|X=y|x=z|>>" },
		{ GET("X : y"), 400, NULL },
		{ GET("X\t: y"), 400, NULL },
		{ GET(" X: y"), 400, NULL },
		{ GET("X y"), 400, NULL },
		{ GET(": y"), 400, NULL },
		{ GET("X Y: z"), 400, NULL },
		{ GET("X(: z"), 400, NULL },
		{ GET("X\xe9: z"), 400, NULL },
		{ GET("X: a\r\n b"), 400, NULL }, /* folded */
		{ GET("X: a\r\n\tb"), 400, NULL },
		{ GET("X: a\r\n "), 400, NULL },
		{ GET("X: a\nY: b"), 400, NULL },
		{ GET("X: a\rY: b"), 400, NULL },
		{ GET("X: a\r\r\nY: b"), 400, NULL },
		{ GET("X: a\0b"), 400, NULL },
		{ GET("X: a\x01"
		      "b"),
		    400, NULL },
		{ GET("X: a\x0b"
		      "b"),
		    400, NULL },
		{ GET("X: a\x7f"
		      "b"),
		    400, NULL },
		/* CVE-2023-30589, CVE-2025-23167: a CR ends nothing. */
		{ GET("X:\rTransfer-Encoding: chunked"), 400, NULL },
		{ BYTES("GET / HTTP/1.1\r\nHost: a\r\n\rX"), 400, NULL },
		{ BYTES("GET / HTTP/1.1\r\nHost: a\n\r\n"), 400, NULL },
		{ BYTES("GET / HTTP/1.1\r\nHost: a\r\n\n"), 400, NULL },
	};

	(void)state;
	CHECK_ALL(&request, rows);
}

static void
test_host(void **state)
{
	static const struct h1_row rows[] = {
		{ BYTES("GET / HTTP/1.1\r\n\r\n"), 400, NULL },
		{ BYTES("GET http://a/ HTTP/1.1\r\n\r\n"), 400, NULL },
		{ BYTES("GET http://a/ HTTP/1.1\r\nHost:\r\n\r\n"), 0, NULL },
		{ GET("Host: a"), 400, NULL }, /* twice, though the same */
		{ BYTES("GET / HTTP/1.1\r\nHost: a b\r\n\r\n"), 400, NULL },
		{ BYTES("GET / HTTP/1.1\r\nHost: a,b\r\n\r\n"), 400, NULL },
		{ BYTES("GET / HTTP/1.1\r\nHost: u@a\r\n\r\n"), 400, NULL },
		{ BYTES("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"), 400, NULL },
		{ BYTES("GET / HTTP/1.1\r\nHost: a:99999\r\n\r\n"), 400, NULL },
		{ BYTES("GET / HTTP/1.1\r\nHost: http://a\r\n\r\n"), 400,
		    NULL },
		{ BYTES("GET / HTTP/1.1\r\nHost: [::1\r\n\r\n"), 400, NULL },
		{ BYTES("GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n"), 0, NULL },
		{ BYTES("GET / HTTP/1.1\r\nHost\r\n\r\n"), 400, NULL },
	};

	(void)state;
	CHECK_ALL(&request, rows);
}

#define CL(v) "Content-Length: " v "\r\n"
#define TE(v) "Transfer-Encoding: " v "\r\n"

static void
test_request_framing(void **state)
{
	static const struct h1_row rows[] = {
		{ POST(CL("3"), "abc"), 0,
		    "POST http://a/ 1 length 3|Host=a|Content-Length=3|>abc>" },
		{ POST(CL("3"), "abcGET"), 0,
		    "POST http://a/ 1 length 3|Host=a|Content-Length=3|>abc>" },
		{ POST(CL("0"), ""), 0, NULL },
		{ POST(CL("003"), "abc"), 0, NULL },
		{ POST(CL("3"), "ab"), -1, NULL },
		{ POST(CL("9223372036854775807"), "ab"), -1, NULL },
		{ POST(CL("9223372036854775808"), "ab"), 400, NULL },
		{ POST(CL("18446744073709551616"), ""), 400, NULL },
		{ POST(CL("4294967296"), ""), -1, NULL },
		{ POST(CL("-1"), ""), 400, NULL },
		{ POST(CL("+3"), "abc"), 400, NULL },
		{ POST(CL("3 "), "abc"), 0, NULL },
		{ POST(CL("3,"), "abc"), 400, NULL },
		{ POST(CL("3, 3"), "abc"), 400, NULL },
		{ POST(CL("3,4"), "abc"), 400, NULL },
		{ POST(CL("0x3"), "abc"), 400, NULL },
		{ POST(CL("3.0"), "abc"), 400, NULL },
		{ POST(CL("1 1"), "abc"), 400, NULL },
		{ POST(CL("\"3\""), "abc"), 400, NULL },
		{ POST(CL(""), "abc"), 400, NULL },
		{ POST(CL("abc"), "abc"), 400, NULL },
		{ POST(CL("\xb2"), "abc"), 400, NULL },
		{ POST(CL("3") CL("3"), "abc"), 400, NULL },
		{ POST(CL("3") CL("4"), "abc"), 400, NULL },
		{ POST(CL("3") "content-length: 4\r\n", "abc"), 400, NULL },
		/* Together: refused, in any disguise. */
		{ POST(CL("3") TE("chunked"), "0\r\n\r\n"), 400, NULL },
		{ POST(TE("chunked") CL("3"), "0\r\n\r\n"), 400, NULL },
		{ POST(TE("chunked") CL("0"), "0\r\n\r\n"), 400, NULL },
		{ POST(TE("chunked"), "0\r\n\r\n"), 0,
		    "POST http://a/ 1 chunked 0|Host=a|Transfer-Encoding="
		    "chunked|>>" },
		{ POST(TE("Chunked"), "0\r\n\r\n"), 0, NULL },
		{ POST(TE(" chunked\t"), "0\r\n\r\n"), 0, NULL },
		{ POST(TE("chunked, chunked"), "0\r\n\r\n"), 400, NULL },
		{ POST(TE("chunked") TE("chunked"), ""), 400, NULL },
		{ POST(TE("identity"), ""), 400, NULL },
		{ POST(TE("chunked, identity"), ""), 400, NULL },
		{ POST(TE("gzip, chunked"), ""), 501, NULL },
		{ POST(TE("gzip") TE("chunked"), ""), 400, NULL },
		{ POST(TE("xchunked"), ""), 400, NULL },
		{ POST(TE("chunkedx"), ""), 400, NULL },
		{ POST(TE("chunked;a=b"), ""), 400, NULL },
		{ POST(TE("\"chunked\""), ""), 400, NULL },
		{ POST(TE("chunked,"), ""), 400, NULL },
		{ POST(TE(",chunked"), ""), 400, NULL },
		{ POST(TE("chu\0nked"), ""), 400, NULL },
		{ POST(TE("\x0b"
			  "chunked"),
		      ""),
		    400, NULL },
		{ POST(TE("chunked\x0c"), ""), 400, NULL },
		{ POST(TE(""), ""), 400, NULL },
		{ POST("Transfer-Encoding : chunked\r\n", ""), 400, NULL },
		{ POST("Transfer-Encoding\r\n : chunked\r\n", ""), 400, NULL },
		{ POST("Transfer-Encoding:\r\n chunked\r\n", ""), 400, NULL },
		{ POST("Transfer_Encoding: chunked\r\n", ""), 0,
		    "POST http://a/ 1 none 0|Host=a|Transfer_Encoding=chunked|"
		    ">>" },
		{ POST("X: y\nTransfer-Encoding: chunked\r\n", ""), 400, NULL },
		{ BYTES(
		      "POST http://a/ HTTP/1.0\r\n" TE("chunked") "\r\n"
								  "0\r\n\r\n"),
		    400, NULL },
		{ BYTES("POST http://a/ HTTP/1.0\r\n" CL("1") "\r\nx"), 0,
		    "POST http://a/ 0 length 1 close|Content-Length=1|>x>" },
		/* Content where none may be. */
		{ BYTES(
		      "CONNECT a:443 HTTP/1.1\r\nHost: a\r\n" CL("1") "\r\nx"),
		    400, NULL },
		{ BYTES("CONNECT a:443 HTTP/1.1\r\nHost: a\r\n" TE(
		      "chunked") "\r\n"),
		    400, NULL },
		{ BYTES("CONNECT a:443 HTTP/1.1\r\nHost: a\r\n" CL(
		      "0") "\r\nearly"),
		    0, NULL },
		{ BYTES("TRACE / HTTP/1.1\r\nHost: a\r\n" CL("1") "\r\nx"), 400,
		    NULL },
		{ BYTES("GET / HTTP/1.1\r\nHost: a\r\n" CL("1") "\r\nx"), 0,
		    NULL },
	};

	(void)state;
	CHECK_ALL(&request, rows);
}

static void
test_request_connection(void **state)
{
	static const struct h1_row rows[] = {
		{ GET("Connection: close"), 0,
		    "GET http://a/ 1 none 0 close|Host=a|Connection=close|>>" },
		{ GET("Connection: a, Close"), 0,
		    "GET http://a/ 1 none 0 close|Host=a|Connection=a, Close|"
		    ">>" },
		{ GET("Connection: closed"), 0,
		    "GET http://a/ 1 none 0|Host=a|Connection=closed|>>" },
		{ GET("Connection: x\r\nConnection: close"), 0,
		    "GET http://a/ 1 none 0 close|Host=a|Connection=x|"
		    "Connection=close|>>" },
		{ GET("Connection: Upgrade\r\nUpgrade: websocket"), 0,
		    "GET http://a/ 1 none 0 upgrade|Host=a|Connection=Upgrade|"
		    "Upgrade=websocket|>>" },
		{ GET("Upgrade: websocket"), 0,
		    "GET http://a/ 1 none 0|Host=a|Upgrade=websocket|>>" },
		{ GET("Expect: 100-continue"), 0,
		    "GET http://a/ 1 none 0|Host=a|Expect=100-continue|>>" },
		{ GET("Expect: 200-ok"), 417, NULL },
		{ POST(CL("1") "Expect: 100-Continue\r\n", "x"), 0,
		    "POST http://a/ 1 length 1 expect|Host=a|Content-Length=1|"
		    "Expect=100-Continue|>x>" },
		{ BYTES("POST http://a/ HTTP/1.0\r\n" CL(
		      "1") "Expect: 100-continue\r\n\r\nx"),
		    0,
		    "POST http://a/ 0 length 1 close|Content-Length=1|"
		    "Expect=100-continue|>x>" },
	};

	(void)state;
	CHECK_ALL(&request, rows);
}

/* A request line with a path of n bytes, then nothing or a field. */
static char *
long_line(size_t n, const char *rest)
{
	char *p = malloc(n + strlen(rest) + 64), *at = p;

	at += sprintf(at, "GET /");
	memset(at, 'x', n);
	at += n;
	strcpy(at, rest);
	return p;
}

static void
check_long(size_t n, const char *rest, int status)
{
	char *p = long_line(n, rest);

	h1_check(&request, &(struct h1_row){ p, strlen(p), status, NULL });
	free(p);
}

static void
test_limits(void **state)
{
	static const char rest[] = " HTTP/1.1\r\nHost: a\r\n\r\n";
	char many[2048], *at;

	(void)state;
	/* 200 bytes of line: "GET /" and " HTTP/1.1" are fourteen. */
	check_long(186, rest, 0);
	check_long(187, rest, 414);
	check_long(5000, rest, 414);
	check_long(300, "", 414); /* its end never comes */
	check_long(100, " HTTP/1.1\r\nHost: a\r\nX: ", -1);

	/* The section: just within, just above, and without an end. */
	for (size_t n = 1940; n < 2100; n++) {
		char *p = malloc(n + 128);
		size_t len = (size_t)sprintf(
		    p, "GET http://a/ HTTP/1.1\r\nHost: a\r\nX: ");

		memset(p + len, 'x', n - len);
		memcpy(p + n, "\r\n\r\n", 5);
		h1_check(&request, &(struct h1_row){ p, n + 4,
				       n + 4 <= 2000 ? 0 : 431, NULL });
		h1_check(&request,
		    &(struct h1_row){ p, n, n < 2000 ? -1 : 431, NULL });
		free(p);
	}

	for (int fields = 10; fields < 14; fields++) {
		at = many + sprintf(many, "GET / HTTP/1.1\r\nHost: a\r\n");
		for (int i = 1; i < fields; i++)
			at += sprintf(at, "X: y\r\n");
		at += sprintf(at, "\r\n");
		h1_check(&request, &(struct h1_row){ many, (size_t)(at - many),
				       fields <= 12 ? 0 : 431, NULL });
	}
}

/* Requests in a row: each leaves the next as it came. */
static void
test_pipelined(void **state)
{
	static const char bytes[] = "POST / HTTP/1.1\r\nHost: a\r\n" CL(
	    "5") "\r\nhello"
		 "\r\nPOST /2 HTTP/1.1\r\nHost: a\r\n" TE(
		     "chunked") "\r\n"
				"3\r\nabc\r\n0\r\nT: u\r\n\r\n"
				"GET /3 HTTP/1.1\r\nHost: a\r\n\r\n"
				"\x01";
	struct evbuffer *in = evbuffer_new(), *out = evbuffer_new();
	struct pd_h1_limits limits = LIMITS;
	struct pd_arena *arena = pd_arena_create();
	struct pd_h1_scan scan = { 0 };
	struct pd_fault fault;
	struct pd_request req;
	struct pd_h1_body body;
	static const char *const targets[] = { "/", "/2", "/3" };
	static const size_t lengths[] = { 5, 3, 0 };

	(void)state;
	evbuffer_add(in, bytes, sizeof(bytes) - 1);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(
		    pd_h1_read_request(in, &scan, &limits, arena, &req, &fault),
		    PD_H1_DONE);
		assert_true(pd_str_eq(req.target, pd_str_z(targets[i])));
		pd_h1_body_init(&body, req.body, req.content_length, true);
		assert_int_equal(pd_h1_body_read(&body, in, out, 100, &limits,
				     arena, &fault),
		    PD_H1_DONE);
		assert_int_equal(evbuffer_get_length(out), lengths[i]);
		evbuffer_drain(out, 100);
	}
	assert_int_equal(evbuffer_get_length(in), 1);
	assert_int_equal(
	    pd_h1_read_request(in, &scan, &limits, arena, &req, &fault),
	    PD_H1_BAD);
	evbuffer_free(in);
	evbuffer_free(out);
	pd_arena_destroy(arena);
}

/* ---- responses --------------------------------------------------------- */

static const struct h1_role response = { true, PD_METHOD_GET, LIMITS };
static const struct h1_role to_head = { true, PD_METHOD_HEAD, LIMITS };
static const struct h1_role to_connect = { true, PD_METHOD_CONNECT, LIMITS };

/* A response whose content ends with the connection. */
#define OK(fields) BYTES("HTTP/1.1 200 OK\r\n" fields "\r\n")

static void
test_status_line(void **state)
{
	static const struct h1_row rows[] = {
		{ OK(""), 0, "200 OK 1 close -1 close|>>" },
		{ BYTES("HTTP/1.0 404 Not Found\r\n\r\n"), 0,
		    "404 Not Found 0 close -1 close|>>" },
		{ BYTES("HTTP/1.1 200\r\n\r\n"), 0,
		    "200  1 close -1 close|>>" },
		{ BYTES("HTTP/1.1 200 \r\n\r\n"), 0,
		    "200  1 close -1 close|>>" },
		{ BYTES("HTTP/1.1 200 a\x01"
			"b\r\n\r\n"),
		    0, "200  1 close -1 close|>>" },
		{ BYTES("ICY 200 OK\r\n\r\n"), 0,
		    "200 OK 0 close -1 close|>>" },
		{ BYTES("HTTP/1.1 200 OK\n\n"), 0,
		    "200 OK 1 close -1 close|>>" },
		{ BYTES("HTTP/1.1 200 OK\n\r\n"), 0,
		    "200 OK 1 close -1 close|>>" },
		{ BYTES("HTTP/1.1  200 OK\r\n\r\n"), 502, NULL },
		{ BYTES("HTTP/1.1 20 OK\r\n\r\n"), 502, NULL },
		{ BYTES("HTTP/1.1 2000 OK\r\n\r\n"), 502, NULL },
		{ BYTES("HTTP/1.1 099 OK\r\n\r\n"), 502, NULL },
		{ BYTES("HTTP/1.1 600 OK\r\n\r\n"), 502, NULL },
		{ BYTES("HTTP/1.1 +20 OK\r\n\r\n"), 502, NULL },
		{ BYTES("HTTP/1.1 2x0 OK\r\n\r\n"), 502, NULL },
		{ BYTES("HTTP/1.1\r\n\r\n"), 502, NULL },
		{ BYTES("HTTP/2 200 OK\r\n\r\n"), 502, NULL },
		{ BYTES("HTTP/2.0 200 OK\r\n\r\n"), 502, NULL },
		{ BYTES("http/1.1 200 OK\r\n\r\n"), 502, NULL },
		{ BYTES("\r\nHTTP/1.1 200 OK\r\n\r\n"), 502, NULL },
		{ BYTES("HTTP/1.1 200 OK\r\r\n\r\n"), 502, NULL },
		{ BYTES("HTTP/1.1 200 O\0K\r\n\r\n"), 502, NULL },
		{ BYTES("HTTP/1.1 200 OK\r\n X: y\r\n\r\n"), 502, NULL },
		{ BYTES("<html>"), 502, NULL },
		{ BYTES("H"), -1, NULL },
		{ BYTES("HTTP/1.1 200 OK\r\nX: y\r\n"), -1, NULL },
	};

	(void)state;
	CHECK_ALL(&response, rows);
}

/* What is doubtful but harmless is mended, or left out. */
static void
test_response_fields(void **state)
{
	static const struct h1_row rows[] = {
		{ OK("X: y\nZ:  a \r\n"), 0,
		    "200 OK 1 close -1 close|X=y|Z=a|>>" },
		{ OK("X : y\r\n"), 0, "200 OK 1 close -1 close|X=y|>>" },
		{ OK("X: a\r\n b\r\n\tc \r\nY: d\r\n"), 0,
		    "200 OK 1 close -1 close|X=a   b  \tc|Y=d|>>" },
		{ OK("X:\r\n a\r\n"), 0, "200 OK 1 close -1 close|X=a|>>" },
		{ OK("X: a\r\n \r\nY: b\r\n"), 0,
		    "200 OK 1 close -1 close|X=a|Y=b|>>" },
		{ OK("X: a\n b\n"), 0, "200 OK 1 close -1 close|X=a  b|>>" },
		/* A line that is left out takes its folds along. */
		{ OK("X: a\r\nnonsense\r\n b: c\r\nY: d\r\n"), 0,
		    "200 OK 1 close -1 close|X=a|Y=d|>>" },
		{ OK("X: a\r\nno token: x\r\n evil\r\n"), 0,
		    "200 OK 1 close -1 close|X=a|>>" },
		{ OK("Content-Length\r\n : 3\r\n"), 0,
		    "200 OK 1 close -1 close|>>" },
		{ OK(": y\r\n"), 0, "200 OK 1 close -1 close|>>" },
		{ OK("X: a\x01"
		     "b\r\n"),
		    502, NULL },
		{ OK("X: a\r\n b\x01"
		     "c\r\n"),
		    502, NULL },
		{ OK("X: a\r\n b\rc\r\n"), 502, NULL },
		{ OK("X: a\r\n b\0c\r\n"), 502, NULL },
		{ OK("X: a\rY: b\r\n"), 502, NULL },
		{ OK("X: a\0\r\n"), 502, NULL },
		{ OK("A:\r\nB:\r\nC:\r\nD:\r\nE:\r\nF:\r\nG:\r\nH:\r\nI:\r\n"
		     "J:\r\nK:\r\nL:\r\nM:\r\n"),
		    502, NULL },
	};

	(void)state;
	CHECK_ALL(&response, rows);
}

static void
test_response_framing(void **state)
{
	static const struct h1_row rows[] = {
		{ OK(CL("3") "\r\nabc"), 0, NULL },
		{ OK(CL("3, 3")), -1, NULL },
		{ OK(CL("3") CL("3")), -1, NULL },
		{ OK(CL("3\r\n ")), -1, NULL },
		{ OK(CL("3") CL("4")), 502, NULL },
		{ OK(CL("3, 4")), 502, NULL },
		{ OK(CL("3,")), 502, NULL },
		{ OK(CL("")), 502, NULL },
		{ OK(CL("-3")), 502, NULL },
		{ OK(CL("1\r\n 0")), 502, NULL },
		{ OK(CL("9223372036854775808")), 502, NULL },
		{ OK(TE("gzip, chunked")), 502, NULL },
		{ OK(TE("identity")), 502, NULL },
		{ OK(TE("chunked, identity")), 502, NULL },
		{ OK(TE("chunked") TE("chunked")), 502, NULL },
		/* With a length: the chunks, then never again. */
		{ BYTES("HTTP/1.1 200 OK\r\n" TE("chunked")
			  CL("3") "\r\n1\r\na\r\n0\r\n\r\n"),
		    0,
		    "200 OK 1 chunked -1 close|Transfer-Encoding=chunked|"
		    "Content-Length=3|>a>" },
		{ BYTES("HTTP/1.0 200 OK\r\n" TE("chunked") "\r\n0\r\n\r\n"), 0,
		    "200 OK 0 chunked -1 close|Transfer-Encoding=chunked|>>" },
		{ BYTES("HTTP/1.1 200 OK\r\n" CL("3") "\r\nabcd"), 0,
		    "200 OK 1 length 3|Content-Length=3|>abc>" },
		{ BYTES("HTTP/1.1 200 OK\r\n" CL(
		      "3") "Connection: close\r\n\r\nabc"),
		    0,
		    "200 OK 1 length 3 close|Content-Length=3|"
		    "Connection=close|>abc>" },
		{ BYTES("HTTP/1.0 200 OK\r\n" CL("3") "\r\nabc"), 0,
		    "200 OK 0 length 3 close|Content-Length=3|>abc>" },
		{ BYTES("HTTP/1.0 200 OK\r\n" CL(
		      "0") "Connection: Keep-Alive\r\n\r\n"),
		    0,
		    "200 OK 0 length 0|Content-Length=0|"
		    "Connection=Keep-Alive|>>" },
		{ BYTES("HTTP/1.1 200 OK\r\n\r\nabc"), 0,
		    "200 OK 1 close -1 close|>abc>" },
		/* Without content, whatever is said. */
		{ BYTES("HTTP/1.1 204 No\r\n" CL("0") "\r\nabc"), 0,
		    "204 No 1 none -1|Content-Length=0|>>" },
		{ BYTES("HTTP/1.1 204 No\r\n" CL("3") "\r\nabc"), 0,
		    "204 No 1 none -1 close|Content-Length=3|>>" },
		{ BYTES("HTTP/1.1 204 No\r\n" TE("chunked") "\r\nabc"), 0,
		    "204 No 1 none -1 close|Transfer-Encoding=chunked|>>" },
		{ BYTES("HTTP/1.1 304 No\r\n" CL("3") "\r\nabc"), 0,
		    "304 No 1 none 3|Content-Length=3|>>" },
		{ BYTES("HTTP/1.1 100 Go\r\n" CL("3") "\r\nHTTP"), 0,
		    "100 Go 1 none -1|Content-Length=3|>>" },
		{ BYTES("HTTP/1.1 101 Up\r\n\r\nabc"), 0,
		    "101 Up 1 none -1|>>" },
	};
	static const struct h1_row head[] = {
		{ BYTES("HTTP/1.1 200 OK\r\n" CL("3") "\r\nHTTP"), 0,
		    "200 OK 1 none 3|Content-Length=3|>>" },
		{ BYTES("HTTP/1.1 200 OK\r\n" TE("chunked") "\r\nHTTP"), 0,
		    "200 OK 1 none -1|Transfer-Encoding=chunked|>>" },
		{ BYTES("HTTP/1.1 200 OK\r\n\r\n"), 0, "200 OK 1 none -1|>>" },
	};
	static const struct h1_row connect[] = {
		{ BYTES("HTTP/1.1 200 OK\r\n" CL("3") "\r\nabc"), 0,
		    "200 OK 1 none -1|Content-Length=3|>>" },
		{ BYTES("HTTP/1.1 407 No\r\n" CL("3") "\r\nabc"), 0,
		    "407 No 1 length 3|Content-Length=3|>abc>" },
	};

	(void)state;
	CHECK_ALL(&response, rows);
	CHECK_ALL(&to_head, head);
	CHECK_ALL(&to_connect, connect);
}

/* A section that never ends, and folds without end in one that does. */
static void
test_response_limits(void **state)
{
	size_t n = 0, cap = 1 << 20;
	char *p = malloc(cap);
	struct h1_role wide = response;
	struct h1_outcome out;

	(void)state;
	n = (size_t)sprintf(p, "HTTP/1.1 200 OK\r\nX: a");
	while (n < cap - 8) {
		memcpy(p + n, "\n a", 3);
		n += 3;
	}
	memcpy(p + n, "\n\n", 2);
	out = h1_feed(&response, p, 3000, 3000, 0, 100);
	assert_int_equal(out.result, PD_H1_BAD);
	assert_int_equal(out.fault.status, 502);
	free(out.text);

	/* 350,000 folds are joined in place: no copy for each. */
	wide.limits.header_max = cap;
	out = h1_feed(&wide, p, n + 2, n + 2, 0, 100);
	assert_int_equal(out.result, PD_H1_DONE);
	assert_int_equal(strlen(out.text), n + 9); /* names differ */
	free(out.text);
	free(p);
}

/* What one section costs in memory: its copy, its array of fields, no more. */
static void
test_memory(void **state)
{
	struct evbuffer *in = evbuffer_new();
	struct pd_arena *arena = pd_arena_create();
	struct pd_h1_limits limits = { 200, 65536, 100 };
	struct pd_h1_scan scan = { 0 };
	struct pd_fault fault;
	struct pd_response res;

	(void)state;
	evbuffer_add_printf(in, "HTTP/1.1 200 OK\r\nX: a");
	while (evbuffer_get_length(in) < 60000)
		evbuffer_add(in, "\r\n a", 4);
	evbuffer_add(in, "\r\n\r\n", 4);
	assert_int_equal(pd_h1_read_response(in, &scan, &limits, PD_METHOD_GET,
			     arena, &res, &fault),
	    PD_H1_DONE);
	assert_true(pd_arena_used(arena) < 70000);
	evbuffer_free(in);
	pd_arena_destroy(arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_request_line),
		cmocka_unit_test(test_request_fields),
		cmocka_unit_test(test_host),
		cmocka_unit_test(test_request_framing),
		cmocka_unit_test(test_request_connection),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_pipelined),
		cmocka_unit_test(test_status_line),
		cmocka_unit_test(test_response_fields),
		cmocka_unit_test(test_response_framing),
		cmocka_unit_test(test_response_limits),
		cmocka_unit_test(test_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
