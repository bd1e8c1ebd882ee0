/*
 * The next hop: a scripted origin on loopback, one request after the other.
 */
#include "net/upstream.h"

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

#include "base/stats.h"
#include "base/timers.h"
#include "base/worker.h"
#include "net/sock.h"

static struct {
	struct pd_worker *worker;
	struct pd_conf *conf;
	struct pd_dialer *dialer;
	struct pd_upstream_pool *pool;
	struct pd_authority where;
	const struct pd_addr *to;
	struct pd_arena *arena;
	int listener, peer; /* the origin's end; -1: none */

	/* Of the exchange under way. */
	struct pd_upstream *up;
	unsigned connected, readable, drained, failed;
	enum pd_upstream_error error;
	struct evbuffer *content;
	struct pd_response res;
	bool header, whole, bad;
	const struct pd_fields *trailers;
	size_t room; /* content taken a call; 0: none */
} t;

static void
on_connected(void *arg)
{
	assert_ptr_equal(arg, &t);
	t.connected++;
}

static void
read_content(void)
{
	struct pd_fault fault;
	enum pd_read got;
	size_t before;

	do {
		before = evbuffer_get_length(t.content);
		got = pd_upstream_read(
		    t.up, t.content, t.room, &t.trailers, &fault);
	} while (
	    got == PD_READ_MORE && evbuffer_get_length(t.content) > before);
	t.whole = got == PD_READ_WHOLE;
	t.bad = got == PD_READ_BAD;
}

static void
on_readable(void *arg)
{
	struct pd_fault fault;

	(void)arg;
	t.readable++;
	if (!t.header) {
		enum pd_read got =
		    pd_upstream_read_header(t.up, &t.res, &fault);

		t.bad = got == PD_READ_BAD;
		t.header = got == PD_READ_WHOLE && t.res.status >= 200;
	}
	if (t.header && t.room > 0)
		read_content();
}

static void
on_drained(void *arg)
{
	(void)arg;
	t.drained++;
}

static void
on_failed(void *arg, enum pd_upstream_error err, const char *what)
{
	(void)arg;
	assert_non_null(what);
	t.failed++;
	t.error = err;
}

static const struct pd_upstream_events events = {
	.connected = on_connected,
	.readable = on_readable,
	.drained = on_drained,
	.failed = on_failed,
};

static void
run_ms(unsigned ms)
{
	struct timeval tv = { ms / 1000, ms % 1000 * 1000 };
	struct event_base *base = pd_worker_base(t.worker);

	event_base_loopexit(base, &tv);
	event_base_loop(base, EVLOOP_NO_EXIT_ON_EMPTY);
}

static void
report_line(void *arg, bool error, const char *text)
{
	(void)arg;
	if (error)
		fail_msg("%s", text);
}

static int
setup(void **state)
{
	struct pd_conf_report report = { report_line, NULL };
	struct sockaddr_in sin = { .sin_family = AF_INET };
	socklen_t len = sizeof(sin);
	char text[32];
	int n;

	(void)state;
	memset(&t, 0, sizeof(t));
	t.peer = -1;
	t.room = 100;
	t.worker = pd_worker_create(0);
	t.conf = pd_conf_load(NULL, NULL, 0, false, &report);
	t.conf->response_timeout_ms = t.conf->conn_timeout_ms = 300;
	t.conf->pool_max = 2;
	t.conf->pool_idle_ms = 500;
	t.dialer = pd_dialer_create(&(struct pd_dialer_params){
	    .base = pd_worker_base(t.worker),
	    .timers = pd_worker_timers(t.worker),
	});
	t.pool = pd_upstream_pool_create(t.worker, t.dialer, t.conf);
	t.arena = pd_arena_create();
	t.content = evbuffer_new();
	t.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(
	    bind(t.listener, (struct sockaddr *)&sin, sizeof(sin)), 0);
	assert_int_equal(listen(t.listener, 16), 0);
	getsockname(t.listener, (struct sockaddr *)&sin, &len);
	n = snprintf(text, sizeof(text), "127.0.0.1:%u", ntohs(sin.sin_port));
	assert_int_equal(pd_authority_parse(
			     pd_arena_str(t.arena, pd_str_of(text, (size_t)n)),
			     80, t.arena, &t.where),
	    PD_URL_OK);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	pd_upstream_close(t.up);
	pd_upstream_pool_destroy(t.pool);
	pd_dialer_destroy(t.dialer);
	assert_int_equal(
	    pd_stats_get(pd_worker_stats(t.worker), PD_STAT_UPSTREAM_IDLE), 0);
	pd_worker_destroy(t.worker);
	pd_conf_unref(t.conf);
	evbuffer_free(t.content);
	pd_arena_destroy(t.arena);
	close(t.listener);
	if (t.peer >= 0)
		close(t.peer);
	return 0;
}

static int64_t
stat(enum pd_stat id)
{
	return pd_stats_get(pd_worker_stats(t.worker), id);
}

/* Opens, sends a request, and has the origin's end at hand. */
static void
ask_with(
    enum pd_method method, const char *name, enum pd_body body, int64_t length)
{
	struct pd_upstream_params params = {
		.conf = t.conf,
		.where = &t.where,
		.to = t.to,
		.trusted = true, /* loopback, whatever the policy is */
		.events = &events,
		.arg = &t,
		.arena = t.arena,
	};
	struct pd_request req = {
		.method = method,
		.method_name = pd_str_z(name),
		.body = body,
		.content_length = length,
		.url = { .authority = t.where },
	};

	t.header = t.whole = t.bad = false;
	t.connected = t.readable = t.drained = t.failed = 0;
	t.trailers = NULL;
	evbuffer_drain(t.content, evbuffer_get_length(t.content));
	t.up = pd_upstream_open(t.pool, &params);
	if (!pd_upstream_ready(t.up)) {
		run_ms(20);
		assert_int_equal(t.connected, 1);
		if (t.peer >= 0)
			close(t.peer);
		t.peer = accept(t.listener, NULL, NULL);
	}
	pd_upstream_request(t.up, &req, PD_STR("/"), NULL);
	if (body == PD_BODY_NONE)
		pd_upstream_end(t.up, NULL);
	else
		pd_upstream_flush(t.up);
}

static void
ask(void)
{
	ask_with(PD_METHOD_GET, "GET", PD_BODY_NONE, 0);
}

static void
put(const char *text)
{
	assert_int_equal(
	    send(t.peer, text, strlen(text), 0), (int)strlen(text));
	run_ms(20);
}

/* What the origin has been sent. */
static const char *
asked(void)
{
	static char buf[4096];
	ssize_t n = recv(t.peer, buf, sizeof(buf) - 1, MSG_DONTWAIT);

	buf[n > 0 ? n : 0] = '\0';
	return buf;
}

static void
end_peer(void)
{
	asked(); /* or it would be a reset */
	close(t.peer);
	t.peer = -1;
	run_ms(20);
}

static void
reset_peer(void)
{
	struct linger hard = { 1, 0 };

	setsockopt(t.peer, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
	end_peer();
}

static void
assert_content(const char *text)
{
	assert_int_equal(evbuffer_get_length(t.content), strlen(text));
	if (*text != '\0')
		assert_memory_equal(
		    evbuffer_pullup(t.content, -1), text, strlen(text));
}

static void
release(void)
{
	pd_upstream_release(t.up);
	t.up = NULL;
}

#define OK3 "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc"

static void
test_reuse(void **state)
{
	(void)state;
	ask();
	assert_false(pd_upstream_stale(t.up));
	assert_non_null(strstr(asked(), "GET / HTTP/1.1\r\nHost: 127.0.0.1"));
	put(OK3);
	assert_true(t.whole);
	assert_content("abc");
	assert_int_equal(pd_upstream_received(t.up), strlen(OK3));
	release();
	assert_int_equal(stat(PD_STAT_UPSTREAM_IDLE), 1);
	for (int i = 0; i < 3; i++) {
		ask();
		assert_int_equal(t.connected, 0);
		assert_true(pd_upstream_stale(t.up));
		put(OK3);
		assert_false(pd_upstream_stale(t.up));
		assert_content("abc");
		release();
	}
	assert_int_equal(stat(PD_STAT_UPSTREAM_TOTAL), 1);
	assert_int_equal(stat(PD_STAT_UPSTREAM_REUSED), 3);
	/* It does not wait for ever. */
	run_ms(900);
	assert_int_equal(stat(PD_STAT_UPSTREAM_IDLE), 0);
}

/* Of what must not go back to the pool nothing does. */
static void
test_not_reused(void **state)
{
	static const char *const answers[] = {
		"HTTP/1.1 200 OK\r\nConnection: close\r\n"
		"Content-Length: 3\r\n\r\nabc",
		"HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nabc",
		OK3 "surplus",
		OK3 OK3,
		"HTTP/1.1 204 No\r\nContent-Length: 3\r\n\r\n",
		"HTTP/1.1 304 No\r\n\r\nsurplus",
		"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabc",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
		"Content-Length: 3\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
		"HTTP/1.1 200 OK\r\n\r\nabc",
		"nonsense",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(answers) / sizeof(*answers); i++) {
		ask();
		put(answers[i]);
		release();
		assert_int_equal(stat(PD_STAT_UPSTREAM_IDLE), 0);
	}
	/* A request that is not whole yet. */
	ask_with(PD_METHOD_POST, "POST", PD_BODY_LENGTH, 10);
	put(OK3);
	assert_true(t.whole);
	release();
	assert_int_equal(stat(PD_STAT_UPSTREAM_IDLE), 0);
}

/* Bytes and ends that come to an idle connection: read, or still in the
 * kernel when it is taken. */
static void
test_dead_in_pool(void **state)
{
	(void)state;
	for (int what = 0; what < 4; what++) {
		ask();
		put(OK3);
		release();
		assert_int_equal(stat(PD_STAT_UPSTREAM_IDLE), 1);
		if (what % 2 == 0)
			send(t.peer, OK3, strlen(OK3), 0);
		else
			shutdown(t.peer, SHUT_WR);
		if (what < 2)
			run_ms(20);
		assert_int_equal(stat(PD_STAT_UPSTREAM_IDLE), what < 2 ? 0 : 1);
		ask();
		assert_int_equal(t.connected, 1);
		put("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n"
		    "Connection: close\r\n\r\nme");
		assert_content("me");
		release();
	}
	/* It dies under the request: the exchange may try again. */
	ask();
	put(OK3);
	release();
	ask();
	end_peer();
	assert_int_equal(t.failed, 1);
	assert_int_equal(t.error, PD_UPSTREAM_CLOSED);
	assert_true(pd_upstream_stale(t.up));
}

static void
test_pool_max(void **state)
{
	struct pd_upstream *held[4];
	int peers[4];

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		t.peer = -1;
		ask();
		put(OK3);
		held[i] = t.up;
		peers[i] = t.peer;
	}
	for (size_t i = 0; i < 4; i++)
		pd_upstream_release(held[i]);
	t.up = NULL;
	assert_int_equal(stat(PD_STAT_UPSTREAM_IDLE), 2);
	pd_upstream_pool_renew(t.pool, t.dialer, t.conf);
	assert_int_equal(stat(PD_STAT_UPSTREAM_IDLE), 0);
	for (size_t i = 0; i < 3; i++)
		close(peers[i]);
}

static void
test_ends(void **state)
{
	static const struct {
		const char *answer;
		bool header, whole, bad;
		int failed; /* the error and one; 0: none */
	} rows[] = {
		{ "", false, false, false, PD_UPSTREAM_CLOSED + 1 },
		{ "HTTP/1.1 200 O", false, false, false,
		    PD_UPSTREAM_MALFORMED + 1 },
		{ "HTTP/1.1 200 OK\r\n\r\nabc", true, true, false, 0 },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabc", true,
		    false, true, 0 },
#define CHUNKED "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
		{ CHUNKED, true, false, true, 0 },
		{ CHUNKED "3\r\nab", true, false, true, 0 },
		{ CHUNKED "3", true, false, true, 0 },
		{ CHUNKED "3\r\nabc\r", true, false, true, 0 },
		{ CHUNKED "3\r\nabc\r\n", true, false, true, 0 },
		{ CHUNKED "3\r\nabc\r\n0\r\n", true, false, true, 0 },
		{ CHUNKED "3\r\nabc\r\n0\r\nX: y", true, false, true, 0 },
		{ CHUNKED "3\r\nabc\r\n0\r\nX: y\r\n\r\n", true, true, false,
		    0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		for (int reset = 0; reset < 2; reset++) {
			bool by_close = rows[i].answer[0] != '\0' &&
					rows[i].whole && i == 2;

			ask();
			put(rows[i].answer);
			if (reset)
				reset_peer();
			else
				end_peer();
			/* Told at once, not when a time has passed. */
			assert_int_equal(t.header, rows[i].header);
			if (by_close && reset) {
				assert_false(t.whole);
				assert_int_equal(t.failed, 1);
			} else if (i == 1 && reset) {
				assert_int_equal(t.failed, 1);
			} else {
				assert_int_equal(t.whole, rows[i].whole);
				assert_int_equal(t.bad, rows[i].bad);
				assert_int_equal(t.failed, rows[i].failed != 0);
				if (t.failed)
					assert_int_equal(
					    t.error, rows[i].failed - 1);
			}
			release();
			assert_int_equal(stat(PD_STAT_UPSTREAM_IDLE), 0);
		}
	}
}

/* What had come before a reset is read although the client was slow. */
static void
test_reset_behind(void **state)
{
	(void)state;
	t.room = 0;
	ask();
	put(OK3);
	assert_true(t.header);
	reset_peer();
	assert_int_equal(t.failed, 0);
	t.room = 100;
	read_content();
	assert_true(t.whole);
	assert_content("abc");
	release();
	assert_int_equal(stat(PD_STAT_UPSTREAM_IDLE), 0);
}

/* The origin refuses an upload and closes: its answer arrives, not an error. */
static void
test_early_answer(void **state)
{
	struct evbuffer *b = evbuffer_new();
	char block[16384] = { 0 };
	static const char answer[] = "HTTP/1.1 413 Too Large\r\n"
				     "Connection: close\r\n\r\nno";

	(void)state;
	ask_with(PD_METHOD_POST, "POST", PD_BODY_CHUNKED, -1);
	evbuffer_add(b, block, sizeof(block));
	pd_upstream_send(t.up, b);
	pd_upstream_flush(t.up);
	send(t.peer, answer, sizeof(answer) - 1, 0);
	close(t.peer); /* with bytes unread: a reset */
	t.peer = -1;
	for (int i = 0; i < 20; i++) {
		evbuffer_add(b, block, sizeof(block));
		pd_upstream_send(t.up, b);
		pd_upstream_flush(t.up);
	}
	run_ms(50);
	assert_true(t.header);
	assert_int_equal(t.res.status, 413);
	evbuffer_free(b);
}

static void
test_timeouts(void **state)
{
	(void)state;
	ask();
	run_ms(700);
	assert_int_equal(t.failed, 1);
	assert_int_equal(t.error, PD_UPSTREAM_TIMEOUT);
	release();
	ask();
	put("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc");
	assert_true(t.header);
	run_ms(1000);
	assert_int_equal(t.failed, 1);
	assert_int_equal(t.error, PD_UPSTREAM_TIMEOUT);
	release();
	/* Not while it is us who do not read. */
	ask();
	put("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc");
	pd_upstream_expect(t.up, false);
	run_ms(1000);
	assert_int_equal(t.failed, 0);
}

static void
test_interim(void **state)
{
	(void)state;
	ask();
	put("HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n");
	assert_int_equal(t.res.status, 103);
	assert_false(t.header);
	put(OK3);
	assert_int_equal(t.res.status, 200);
	assert_true(t.whole);
	release();
	assert_int_equal(stat(PD_STAT_UPSTREAM_IDLE), 1);
}

/* A limit stops the origin; trailers of any size come through it. */
static void
test_limit(void **state)
{
	char block[65536];
	size_t before;
	char *text = malloc(40000);

	(void)state;
	memset(block, 'x', sizeof(block));
	t.room = 0;
	ask();
	put("HTTP/1.1 200 OK\r\nContent-Length: 65536\r\n\r\n");
	pd_upstream_limit(t.up, 1000);
	send(t.peer, block, sizeof(block), 0);
	run_ms(50);
	before = t.readable;
	run_ms(50);
	assert_int_equal(t.readable, before);
	t.room = 1 << 20;
	read_content();
	assert_true(evbuffer_get_length(t.content) <= 1000);
	pd_upstream_limit(t.up, SIZE_MAX);
	run_ms(50);
	assert_true(t.whole);
	assert_int_equal(evbuffer_get_length(t.content), 65536);
	release();

	ask();
	put(CHUNKED "3\r\nabc\r\n0\r\nX: ");
	pd_upstream_limit(t.up, 100);
	memset(text, 'y', 30000);
	strcpy(text + 30000, "\r\n\r\n");
	for (int i = 0; i < 3; i++) {
		t.room = 100;
		send(t.peer, text + i * 10000, i < 2 ? 10000 : 10004, 0);
		run_ms(20);
		if (!t.whole)
			pd_upstream_limit(t.up, 100);
	}
	run_ms(50);
	assert_true(t.whole);
	assert_int_equal(t.trailers->n, 1);
	release();
	free(text);
}

/* With an address the name is only a name; and a connection that was kept for
 * one is not found without it, or with another. */
static void
test_to_an_address(void **state)
{
	struct pd_addr to = t.where.addr, other = to;
	struct pd_authority literal = t.where;
	int64_t reused;

	(void)state;
	assert_int_equal(
	    pd_authority_parse(PD_STR("name.test:80"), 0, t.arena, &t.where),
	    PD_URL_OK);
	other.ip[3]++;
	t.to = &to;
	ask();
	put("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
	release();
	reused = stat(PD_STAT_UPSTREAM_REUSED);
	assert_int_equal(stat(PD_STAT_UPSTREAM_IDLE), 1);

	t.to = &other;
	t.up = pd_upstream_open(t.pool, &(struct pd_upstream_params){
					    .conf = t.conf,
					    .where = &t.where,
					    .to = &other,
					    .trusted = true,
					    .events = &events,
					    .arg = &t,
					    .arena = t.arena,
					});
	assert_false(pd_upstream_ready(t.up));
	pd_upstream_close(t.up);
	/* By the address's own name: another thing, too. */
	t.to = NULL;
	t.where = literal;
	ask();
	put("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
	release();
	assert_int_equal(stat(PD_STAT_UPSTREAM_REUSED), reused);
}

static void
test_refused(void **state)
{
	(void)state;
	close(t.listener);
	t.listener = -1;
	t.up = pd_upstream_open(t.pool, &(struct pd_upstream_params){
					    .conf = t.conf,
					    .where = &t.where,
					    .trusted = true,
					    .events = &events,
					    .arg = &t,
					    .arena = t.arena,
					});
	assert_false(pd_upstream_ready(t.up));
	assert_int_equal(t.failed, 0);
	run_ms(50);
	assert_int_equal(t.failed, 1);
	assert_int_equal(t.error, PD_UPSTREAM_CONNECT);
	assert_int_equal(pd_upstream_dial_error(t.up), PD_DIAL_REFUSED);
	assert_int_equal(pd_upstream_dial_errno(t.up), ECONNREFUSED);
	pd_upstream_close(t.up);
	/* And closed while it is dialled. */
	t.up = pd_upstream_open(t.pool, &(struct pd_upstream_params){
					    .conf = t.conf,
					    .where = &t.where,
					    .trusted = true,
					    .events = &events,
					    .arg = &t,
					    .arena = t.arena,
					});
	pd_upstream_close(t.up);
	t.up = NULL;
	run_ms(50);
	assert_int_equal(t.failed, 1);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_reuse),
		TEST(test_not_reused),
		TEST(test_dead_in_pool),
		TEST(test_pool_max),
		TEST(test_ends),
		TEST(test_reset_behind),
		TEST(test_early_answer),
		TEST(test_timeouts),
		TEST(test_interim),
		TEST(test_limit),
		TEST(test_to_an_address),
		TEST(test_refused),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
