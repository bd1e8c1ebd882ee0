/*
 * Tunnels between two loopback connections: halves, ends, pressure, time.
 */
#include "tunnel.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/conf.h"
#include "base/stats.h"
#include "base/timers.h"
#include "base/worker.h"
#include "net/sock.h"

static struct pd_worker *worker;
static struct pd_tunnel_list list;
static struct pd_conf conf;

/* A tunnel's ends as the world sees them, and how it ended. */
static struct {
	int client, upstream;
	struct pd_sock *client_sock, *upstream_sock;
	unsigned done;
	enum pd_tunnel_end end;
	uint64_t to_client, to_upstream;
} t;

static void
on_nothing(void *arg)
{
	(void)arg;
}

static void
on_failed(void *arg, int error)
{
	(void)arg;
	(void)error;
}

/* Of whoever had the socket before the tunnel. */
static const struct pd_sock_ops before = { on_nothing, on_nothing, on_nothing,
	on_failed };

static void
on_done(
    void *arg, enum pd_tunnel_end end, uint64_t to_client, uint64_t to_upstream)
{
	assert_ptr_equal(arg, &t);
	t.done++;
	t.end = end;
	t.to_client = to_client;
	t.to_upstream = to_upstream;
}

static void
run_ms(unsigned ms)
{
	struct timeval tv = { ms / 1000, ms % 1000 * 1000 };

	event_base_loopexit(pd_worker_base(worker), &tv);
	event_base_loop(pd_worker_base(worker), EVLOOP_NO_EXIT_ON_EMPTY);
}

static int
connect_pair(struct pd_sock **sock)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	socklen_t len = sizeof(sin);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), peer, ours;

	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(fd, (struct sockaddr *)&sin, len), 0);
	assert_int_equal(listen(fd, 1), 0);
	getsockname(fd, (struct sockaddr *)&sin, &len);
	peer = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(peer, (struct sockaddr *)&sin, len), 0);
	ours = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	close(fd);
	*sock = pd_sock_create(worker, ours, &before, NULL);
	return peer;
}

/* Little memory in the kernel, so that ours is seen. */
static void
narrow(void)
{
	int n = 65536;

	setsockopt(t.upstream, SOL_SOCKET, SO_SNDBUF, &n, sizeof(n));
	setsockopt(
	    pd_sock_fd(t.upstream_sock), SOL_SOCKET, SO_RCVBUF, &n, sizeof(n));
	setsockopt(
	    pd_sock_fd(t.client_sock), SOL_SOCKET, SO_SNDBUF, &n, sizeof(n));
	setsockopt(t.client, SOL_SOCKET, SO_RCVBUF, &n, sizeof(n));
}

static void
start(void)
{
	struct pd_tunnel_params params = {
		.worker = worker,
		.conf = &conf,
		.list = &list,
		.client = t.client_sock,
		.upstream = t.upstream_sock,
		.done = on_done,
		.arg = &t,
	};

	pd_tunnel_start(&params);
}

static int
setup(void **state)
{
	(void)state;
	worker = pd_worker_create(0);
	TAILQ_INIT(&list);
	memset(&t, 0, sizeof(t));
	conf.tunnel_timeout_ms = 60000;
	t.client = connect_pair(&t.client_sock);
	t.upstream = connect_pair(&t.upstream_sock);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	assert_int_equal(t.done, 1);
	assert_true(TAILQ_EMPTY(&list));
	assert_int_equal(
	    pd_stats_get(pd_worker_stats(worker), PD_STAT_TUNNELS), 0);
	close(t.client);
	close(t.upstream);
	pd_worker_destroy(worker);
	return 0;
}

/* What there is to read at fd, as text; "-" after a reset. */
static const char *
got(int fd)
{
	static char buf[1000];
	ssize_t n = recv(fd, buf, sizeof(buf) - 1, MSG_DONTWAIT);

	if (n < 0)
		return errno == EAGAIN ? "" : "-";
	buf[n] = '\0';
	return n == 0 ? "." : buf;
}

static void
put(int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), 0), strlen(text));
}

static void
reset(int fd)
{
	struct linger hard = { 1, 0 };

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
	shutdown(fd, SHUT_RD);
	dup2(socket(AF_INET, SOCK_STREAM, 0), fd);
}

static void
test_both_ways(void **state)
{
	(void)state;
	start();
	put(t.client, "hello");
	put(t.upstream, "welcome");
	run_ms(20);
	assert_string_equal(got(t.upstream), "hello");
	assert_string_equal(got(t.client), "welcome");
	/* The client ends its direction; the other goes on. */
	put(t.client, " last");
	shutdown(t.client, SHUT_WR);
	run_ms(20);
	assert_string_equal(got(t.upstream), " last");
	assert_string_equal(got(t.upstream), ".");
	put(t.upstream, "still here");
	run_ms(20);
	assert_string_equal(got(t.client), "still here");
	assert_int_equal(t.done, 0);
	shutdown(t.upstream, SHUT_WR);
	run_ms(20);
	assert_string_equal(got(t.client), ".");
	assert_int_equal(t.end, PD_TUNNEL_CLOSED);
	assert_int_equal(t.to_client, 17);
	assert_int_equal(t.to_upstream, 10);
}

static void
test_upstream_ends_first(void **state)
{
	(void)state;
	start();
	shutdown(t.upstream, SHUT_WR);
	run_ms(20);
	assert_string_equal(got(t.client), ".");
	put(t.client, "late");
	run_ms(20);
	assert_string_equal(got(t.upstream), "late");
	shutdown(t.client, SHUT_WR);
	run_ms(20);
	assert_string_equal(got(t.upstream), ".");
	assert_int_equal(t.end, PD_TUNNEL_CLOSED);
}

/* Bytes that came before it, on both sides, and the answer that opens it. */
static void
test_early(void **state)
{
	(void)state;
	pd_sock_want(t.client_sock, 100);
	pd_sock_want(t.upstream_sock, 100);
	put(t.client, "early");
	put(t.upstream, "frame");
	run_ms(20);
	evbuffer_add(pd_sock_out(t.client_sock), "HTTP ", 5);
	start();
	run_ms(20);
	assert_string_equal(got(t.upstream), "early");
	assert_string_equal(got(t.client), "HTTP frame");
	pd_tunnel_close_all(&list);
	assert_int_equal(t.end, PD_TUNNEL_BROKEN);
	assert_string_equal(got(t.client), "-");
}

/* A side that had ended before: nobody tells it a second time. */
static void
test_ended_before(void **state)
{
	(void)state;
	pd_sock_want(t.upstream_sock, 100);
	shutdown(t.upstream, SHUT_WR);
	run_ms(20);
	start();
	run_ms(20);
	assert_string_equal(got(t.client), ".");
	shutdown(t.client, SHUT_WR);
	run_ms(20);
	assert_int_equal(t.end, PD_TUNNEL_CLOSED);
}

static void
test_reset(void **state)
{
	(void)state;
	start();
	put(t.client, "x");
	run_ms(20);
	reset(t.upstream);
	run_ms(20);
	assert_int_equal(t.end, PD_TUNNEL_BROKEN);
	/* Not an orderly end, which would make what came look whole. */
	assert_string_equal(got(t.client), "-");
}

/* A reader that stops holds back the sender; nothing is lost meanwhile. */
static void
test_pressure(void **state)
{
	static char buf[65536];
	size_t sent = 0, read = 0, quiet = 0;

	(void)state;
	narrow();
	start();
	for (size_t i = 0; i < sizeof(buf); i++)
		buf[i] = (char)(i % 251);
	while (quiet < 20) {
		ssize_t n = send(t.upstream, buf, 251, MSG_DONTWAIT);

		if (n > 0)
			sent += (size_t)n;
		quiet = n > 0 ? 0 : quiet + 1;
		event_base_loop(pd_worker_base(worker), EVLOOP_NONBLOCK);
		if (quiet > 0)
			run_ms(5);
	}
	/* Ours, which is at most 64 KiB, and four of the kernel's. */
	assert_true(sent > 65536 && sent < 10 * 131072);
	shutdown(t.upstream, SHUT_WR);
	shutdown(t.client, SHUT_WR);
	while (read < sent) {
		ssize_t n = recv(t.client, buf, 5000, MSG_DONTWAIT);

		for (ssize_t i = 0; i < n; i++)
			assert_int_equal(
			    (unsigned char)buf[i], (read + (size_t)i) % 251);
		if (n > 0)
			read += (size_t)n;
		else
			run_ms(5);
	}
	run_ms(20);
	assert_string_equal(got(t.client), ".");
	assert_int_equal(t.end, PD_TUNNEL_CLOSED);
	assert_int_equal(t.to_client, sent);
}

static void
test_idle(void **state)
{
	(void)state;
	conf.tunnel_timeout_ms = 300;
	start();
	/* Any byte keeps it. */
	for (int i = 0; i < 6; i++) {
		put(i % 2 == 0 ? t.client : t.upstream, "x");
		run_ms(150);
		assert_int_equal(t.done, 0);
	}
	run_ms(1000);
	assert_int_equal(t.end, PD_TUNNEL_TIMEOUT);
}

/* Both sides have ended and one is slow to take the rest: that is no idling. */
static void
test_slow_end(void **state)
{
	static char buf[1 << 20];
	size_t all = 0, n = 0;
	ssize_t some;

	(void)state;
	conf.tunnel_timeout_ms = 500;
	narrow();
	start();
	while (n < sizeof(buf)) {
		some = send(t.upstream, buf, sizeof(buf) - n, MSG_DONTWAIT);
		if (some < 0)
			break;
		n += (size_t)some;
		run_ms(1);
	}
	shutdown(t.upstream, SHUT_WR);
	shutdown(t.client, SHUT_WR);
	for (int i = 0; i < 10; i++) {
		some = recv(t.client, buf, 30000, MSG_DONTWAIT);
		assert_true(some > 0);
		all += (size_t)some;
		run_ms(100);
	}
	while ((some = recv(t.client, buf, sizeof(buf), MSG_DONTWAIT)) != 0) {
		assert_true(some > 0 || errno == EAGAIN);
		if (some > 0)
			all += (size_t)some;
		else
			run_ms(1);
	}
	assert_int_equal(all, n);
	run_ms(50);
	assert_int_equal(t.end, PD_TUNNEL_CLOSED);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_both_ways),
		TEST(test_upstream_ends_first),
		TEST(test_early),
		TEST(test_ended_before),
		TEST(test_reset),
		TEST(test_pressure),
		TEST(test_idle),
		TEST(test_slow_end),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
