/*
 * A client connection: its requests one after the other, what a handler is
 * told, and what a client costs that trickles or goes away.
 */
#include "net/conn.h"

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
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/timers.h"
#include "base/worker.h"
#include "net/hello.h"
#include "net/sock.h"

static struct {
	struct pd_worker *worker;
	struct pd_conn_context ctx;
	int client;

	/* Of the exchange under way, which these tests answer by hand. */
	struct pd_wire *wire;
	struct pd_request *req;
	struct pd_arena *arena;
	size_t used; /* of the arena when the request came */
	unsigned requests, malformed, readable, failed;
	int status; /* of the refusal, or of failed() */
	uint64_t sent;

	/* Of connections that were led here. */
	const struct pd_addr *wanted;
	unsigned tunnels;
	bool tls;
	struct pd_hello hello;
	const char *fault;
} t;

static void
on_readable(void *arg)
{
	(void)arg;
	t.readable++;
}

static void
on_drained(void *arg)
{
	(void)arg;
}

static void
on_failed(void *arg, int status, const char *what)
{
	(void)arg;
	assert_non_null(what);
	t.failed++;
	t.status = status;
	t.sent = t.wire->sent;
	if (status == 0) {
		t.wire = NULL;
		pd_arena_destroy(t.arena);
	}
}

static const struct pd_wire_events events = {
	.readable = on_readable,
	.drained = on_drained,
	.failed = on_failed,
};

static void
on_request(void *arg, struct pd_wire *wire, struct pd_request *req,
    struct pd_arena *arena)
{
	assert_ptr_equal(arg, &t);
	t.requests++;
	t.wire = wire;
	t.req = req;
	t.arena = arena;
	t.used = pd_arena_used(arena);
	pd_wire_set_events(wire, &events, &t);
}

static void
respond(int status, const char *content)
{
	struct pd_response res = {
		.status = status,
		.body = PD_BODY_LENGTH,
		.content_length = (int64_t)strlen(content),
	};
	struct evbuffer *b = evbuffer_new();

	evbuffer_add(b, content, strlen(content));
	pd_wire_respond(t.wire, &res);
	pd_wire_send(t.wire, b);
	evbuffer_free(b);
}

static void
finish(int status, const char *content)
{
	respond(status, content);
	pd_wire_end(t.wire, NULL);
	t.wire = NULL;
	pd_arena_destroy(t.arena);
}

static void
on_malformed(void *arg, struct pd_wire *wire, int status, const char *what,
    struct pd_arena *arena)
{
	(void)arg;
	assert_non_null(what);
	t.malformed++;
	t.status = status;
	t.wire = wire;
	t.arena = arena;
	finish(status, "no");
}

static void
on_tunnel(void *arg, struct pd_wire *wire, const struct pd_hello *hello,
    const char *fault, struct pd_arena *arena)
{
	(void)arg;
	t.tunnels++;
	t.wire = wire;
	t.arena = arena;
	t.tls = hello != NULL;
	if (hello != NULL)
		t.hello = *hello;
	t.fault = fault;
	pd_wire_set_events(wire, &events, &t);
}

static void
run_ms(unsigned ms)
{
	struct timeval tv = { ms / 1000, ms % 1000 * 1000 };
	struct event_base *base = pd_worker_base(t.worker);

	event_base_loopexit(base, &tv);
	event_base_loop(base, EVLOOP_NO_EXIT_ON_EMPTY);
	/* Where others have the processor the time is over before the first
	 * turn: what has come is dealt with all the same. */
	for (unsigned i = 0; i < 10; i++)
		event_base_loop(base, EVLOOP_NONBLOCK);
}

static void
report_line(void *arg, bool error, const char *text)
{
	(void)arg;
	if (error)
		fail_msg("%s", text);
}

/* For what waits for a time to be over; of timers that are set from now on. */
static void
hurry(void)
{
	t.ctx.conf->header_timeout_ms = 100;
	t.ctx.conf->idle_timeout_ms = 100;
	t.ctx.conf->conn_timeout_ms = 100;
}

static void
open_client(void)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	socklen_t len = sizeof(sin);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct pd_addr a;

	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(fd, (struct sockaddr *)&sin, len), 0);
	assert_int_equal(listen(fd, 1), 0);
	getsockname(fd, (struct sockaddr *)&sin, &len);
	a = pd_addr_from_sockaddr((struct sockaddr *)&sin);
	t.client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(t.client, (struct sockaddr *)&sin, len), 0);
	pd_conn_open(&t.ctx,
	    accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC), &a, &a,
	    t.wanted);
	close(fd);
}

static int
setup(void **state)
{
	struct pd_conf_report report = { report_line, NULL };

	(void)state;
	memset(&t, 0, sizeof(t));
	t.worker = pd_worker_create(0);
	t.ctx = (struct pd_conn_context){
		.worker = t.worker,
		.conf = pd_conf_load(NULL, NULL, 0, false, &report),
		.request = on_request,
		.malformed = on_malformed,
		.tunnel = on_tunnel,
		.arg = &t,
	};
	/* Never over by themselves, however busy the machine is. */
	t.ctx.conf->header_timeout_ms = 60000;
	t.ctx.conf->idle_timeout_ms = 60000;
	t.ctx.conf->conn_timeout_ms = 60000;
	TAILQ_INIT(&t.ctx.conns);
	open_client();
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	pd_conn_close_all(&t.ctx);
	assert_int_equal(t.ctx.nconns, 0);
	pd_timers_expire_all(pd_worker_timers(t.worker));
	pd_worker_destroy(t.worker);
	pd_conf_unref(t.ctx.conf);
	close(t.client);
	return 0;
}

static void
put(const char *text)
{
	assert_int_equal(
	    send(t.client, text, strlen(text), MSG_NOSIGNAL), strlen(text));
	run_ms(20);
}

/* All that has come to the client; "-" after a reset, "." at the end. */
static const char *
got(void)
{
	static char buf[65536];
	ssize_t n = recv(t.client, buf, sizeof(buf) - 1, MSG_DONTWAIT);

	if (n < 0)
		return errno == EAGAIN ? "" : "-";
	buf[n] = '\0';
	return n == 0 ? "." : buf;
}

#define GET "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
#define OK2 "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"

static void
test_in_order(void **state)
{
	(void)state;
	put(GET GET "GET /3 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
		    "surplus");
	for (unsigned i = 1; i <= 3; i++) {
		assert_int_equal(t.requests, i); /* one at a time */
		finish(200, "hi");
		run_ms(20);
	}
	assert_int_equal(t.requests, 3);
	assert_int_equal(t.malformed, 0);
	assert_string_equal(got(),
	    OK2 "hi" OK2 "hi"
		"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n"
		"Connection: close\r\n\r\nhi");
	assert_string_equal(got(), ".");
}

/* A section that comes byte by byte costs no more memory than its bytes. */
static void
test_trickle(void **state)
{
	char *text = calloc(1, 30001);
	size_t n = (size_t)sprintf(text, "GET / HTTP/1.1\r\nHost: a\r\nX: ");

	(void)state;
	memset(text + n, 'x', 30000 - n - 4);
	memcpy(text + 30000 - 4, "\r\n\r\n", 4);
	for (size_t i = 0; i < 30000; i++) {
		assert_int_equal(send(t.client, text + i, 1, 0), 1);
		event_base_loop(pd_worker_base(t.worker), EVLOOP_NONBLOCK);
	}
	run_ms(50);
	assert_int_equal(t.requests, 1);
	assert_true(t.used < 2 * 30000);
	finish(200, "hi");
	free(text);
}

static void
test_malformed(void **state)
{
	(void)state;
	for (int i = 0; i < 5; i++)
		put("\r\n");
	assert_int_equal(t.malformed, 1);
	assert_int_equal(t.status, 400);
	close(t.client);
	run_ms(20);

	open_client();
	put("GET / HTTP/1.1\r\nHos");
	shutdown(t.client, SHUT_WR);
	run_ms(20);
	assert_int_equal(t.malformed, 2);
	close(t.client);

	hurry();
	open_client();
	put("GET / HT");
	run_ms(300);
	assert_int_equal(t.malformed, 3);
	assert_int_equal(t.status, 408);
	close(t.client);

	/* Nothing was asked: nothing is answered. */
	open_client();
	run_ms(300);
	assert_int_equal(t.malformed, 3);
	assert_string_equal(got(), ".");
}

static enum pd_read
read_all(struct evbuffer *out)
{
	const struct pd_fields *trailers;
	struct pd_fault fault;

	return pd_wire_read(t.wire, out, 1000, &trailers, &fault);
}

/* Content that is cut short anywhere is bad at once, and never whole. */
static void
test_cut_short(void **state)
{
	static const char *const content[] = { "", "3", "3\r\nab", "3\r\nabc\r",
		"3\r\nabc\r\n0\r\n", "3\r\nabc\r\n0\r\nX: y" };
	struct evbuffer *out = evbuffer_new();

	(void)state;
	for (size_t i = 0; i < sizeof(content) / sizeof(*content); i++) {
		if (i > 0)
			open_client();
		put("POST / HTTP/1.1\r\nHost: a\r\n"
		    "Transfer-Encoding: chunked\r\n\r\n");
		put(content[i]);
		assert_int_equal(read_all(out), PD_READ_MORE);
		shutdown(t.client, SHUT_WR);
		t.readable = 0;
		run_ms(20);
		assert_int_equal(t.readable, 1);
		assert_int_equal(read_all(out), PD_READ_BAD);
		finish(400, "no");
		assert_non_null(strstr(got(), "Connection: close"));
		if (i + 1 < sizeof(content) / sizeof(*content))
			close(t.client);
		evbuffer_drain(out, 1000);
	}
	evbuffer_free(out);
}

static void
test_stalled(void **state)
{
	(void)state;
	hurry();
	put("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n");
	run_ms(300);
	/* Again and again, until it is answered. */
	assert_true(t.failed > 0);
	assert_int_equal(t.status, 408);
	finish(408, "no");
}

/* The client goes while it is answered: told, with what it was sent. */
static void
test_lost(void **state)
{
	struct linger hard = { 1, 0 };

	(void)state;
	put(GET);
	respond(200, "hello");
	pd_wire_flush(t.wire);
	setsockopt(t.client, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
	close(t.client);
	run_ms(20);
	assert_int_equal(t.failed, 1);
	assert_int_equal(t.status, 0);
	assert_int_equal(t.sent, 5);
	assert_int_equal(t.ctx.nconns, 0);

	/* And when all are closed. */
	open_client();
	put(GET);
	pd_conn_close_all(&t.ctx);
	assert_int_equal(t.failed, 2);
	assert_string_equal(got(), ".");
}

static void
test_draining(void **state)
{
	int idle = t.client;

	(void)state;
	open_client();
	put(GET);
	pd_conn_drain_all(&t.ctx);
	run_ms(20);
	assert_string_equal(got(), "");
	finish(200, "hi");
	assert_non_null(strstr(got(), "Connection: close"));
	close(t.client);
	t.client = idle;
	assert_string_equal(got(), ".");
}

/* ---- led here ------------------------------------------------------------ */

static struct pd_addr wanted;

/* A client that was going to this port. */
static void
open_led(uint16_t port)
{
	close(t.client);
	assert_int_equal(pd_addr_parse(PD_STR("192.0.2.1"), &wanted), 0);
	wanted.port = port;
	t.wanted = &wanted;
	t.tunnels = t.requests = t.malformed = 0;
	open_client();
}

/* The tunnel's side takes over: what was sent is all there. */
static void
expect_tunnel(const char *bytes, size_t n)
{
	struct pd_sock *s;

	assert_int_equal(t.tunnels, 1);
	assert_int_equal(t.requests + t.malformed, 0);
	s = pd_wire_take(t.wire, NULL);
	assert_int_equal(evbuffer_get_length(pd_sock_in(s)), n);
	assert_memory_equal(evbuffer_pullup(pd_sock_in(s), -1), bytes, n);
	pd_sock_destroy(s);
	pd_arena_destroy(t.arena);
	/* Nobody was told anything. */
	assert_string_equal(got(), ".");
}

static const char tls_hello[] = "\x16\3\1\0\x3d"
				"\1\0\0\x39\3\3"
				"0123456789abcdef0123456789abcdef"
				"\0\0\2\x13\1\1\0"
				"\0\x0e\0\0\0\x0a\0\x08\0\0\5a.bcd";
#define TLS_HELLO_LEN (sizeof(tls_hello) - 1)

static void
test_led_http(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		open_led(i == 0 ? 80 : 8080);
		for (size_t k = 0; k < sizeof(GET) - 1; k++) {
			assert_int_equal(send(t.client, &GET[k], 1, 0), 1);
			run_ms(1);
		}
		run_ms(10);
		assert_int_equal(t.requests, 1);
		assert_int_equal(t.wire->wanted->port, wanted.port);
		finish(200, "hi");
		/* What follows is not looked at again. */
		put(tls_hello);
		assert_int_equal(t.tunnels, 0);
		assert_int_equal(t.malformed, 1);
	}
}

static void
test_led_tls(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		size_t cut = i == 0 ? TLS_HELLO_LEN : i == 1 ? 1 : 30;

		open_led(i == 0 ? 80 : 443);
		send(t.client, tls_hello, cut, 0);
		run_ms(10);
		send(t.client, tls_hello + cut, TLS_HELLO_LEN - cut, 0);
		run_ms(10);
		assert_true(t.tls);
		assert_null(t.fault);
		assert_int_equal(t.hello.name_len, 5);
		assert_memory_equal(t.hello.name, "a.bcd", 5);
		expect_tunnel(tls_hello, TLS_HELLO_LEN);
	}
}

static void
test_led_bad_tls(void **state)
{
	(void)state;
	open_led(443);
	send(t.client, "\x16\3\1\0\1\2", 6, 0);
	run_ms(10);
	assert_non_null(t.fault);
	expect_tunnel("\x16\3\1\0\1\2", 6);

	/* Half of one is not sent on, however long it takes. */
	hurry();
	open_led(443);
	send(t.client, tls_hello, 20, 0);
	run_ms(300);
	assert_int_equal(t.tunnels, 0);
	assert_string_equal(got(), ".");
	open_led(443);
	send(t.client, tls_hello, 20, 0);
	shutdown(t.client, SHUT_WR);
	run_ms(20);
	assert_int_equal(t.tunnels, 0);
	assert_string_equal(got(), ".");
}

static void
test_led_other(void **state)
{
	(void)state;
	open_led(443);
	put("EHLO me");
	assert_false(t.tls);
	expect_tunnel("EHLO me", 7);

	/* What might become HTTP is waited for, for a while. */
	open_led(5222);
	put("ABC");
	assert_int_equal(t.tunnels, 0);
	hurry();
	open_led(5222);
	put("ABC");
	run_ms(300);
	expect_tunnel("ABC", 3);

	/* Nothing is opened for silence where the client speaks first, nor for
	 * half a request, whose rest would go past the lists. */
	open_led(443);
	run_ms(300);
	assert_int_equal(t.tunnels, 0);
	assert_string_equal(got(), ".");
	open_led(443);
	put("GE");
	run_ms(300);
	assert_int_equal(t.tunnels, 0);
	assert_string_equal(got(), ".");

	/* On its own port it is HTTP, and so it is if the port was dialled. */
	open_led(80);
	put("EHLO me\r\n\r\n");
	assert_int_equal(t.malformed, 1);
	assert_int_equal(t.tunnels, 0);
	open_led(80);
	wanted.family = 0;
	close(t.client);
	open_client();
	put("ABC\r\n\r\n");
	assert_int_equal(t.malformed, 1);
	assert_int_equal(t.tunnels, 0);
}

static void
test_led_lost(void **state)
{
	(void)state;
	/* In every state: led here, read, with the handler. */
	open_led(443);
	open_led(443);
	send(t.client, tls_hello, 20, 0);
	run_ms(10);
	open_led(443);
	send(t.client, tls_hello, TLS_HELLO_LEN, 0);
	run_ms(10);
	assert_int_equal(t.tunnels, 1);
	t.failed = 0;
	setsockopt(t.client, SOL_SOCKET, SO_LINGER,
	    &(struct linger){ .l_onoff = 1 }, sizeof(struct linger));
	close(t.client);
	run_ms(20);
	assert_int_equal(t.failed, 1);
	assert_int_equal(t.status, 0);
	assert_int_equal(t.ctx.nconns, 0);
	open_led(443);
	pd_conn_drain_all(&t.ctx);
	run_ms(20);
	assert_string_equal(got(), ".");
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_in_order),
		TEST(test_trickle),
		TEST(test_malformed),
		TEST(test_cut_short),
		TEST(test_stalled),
		TEST(test_lost),
		TEST(test_draining),
		TEST(test_led_http),
		TEST(test_led_tls),
		TEST(test_led_bad_tls),
		TEST(test_led_other),
		TEST(test_led_lost),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
