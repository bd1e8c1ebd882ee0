/*
 * One socket: reading under a limit, writing that must wait, ends of each
 * direction, errors, and owners that destroy it inside a callback.
 */
#include "net/sock.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <fcntl.h>
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

#include "base/arena.h"
#include "base/timers.h"
#include "base/worker.h"

static struct pd_worker *worker;
static int left_open = -1; /* by a test, for its teardown */

struct owner {
	struct pd_sock *sock;
	unsigned readable, drained, ended, failed;
	int error;
	bool destroys; /* in the next callback, whichever it is */
	size_t drain;  /* bytes taken off in readable() */
};

static bool
gone(struct owner *o)
{
	if (!o->destroys)
		return false;
	pd_sock_destroy(o->sock);
	o->sock = NULL;
	return true;
}

static void
on_readable(void *arg)
{
	struct owner *o = arg;

	o->readable++;
	if (!gone(o))
		evbuffer_drain(pd_sock_in(o->sock), o->drain);
}

static void
on_drained(void *arg)
{
	struct owner *o = arg;

	o->drained++;
	gone(o);
}

static void
on_ended(void *arg)
{
	struct owner *o = arg;

	o->ended++;
	gone(o);
}

static void
on_failed(void *arg, int error)
{
	struct owner *o = arg;

	o->failed++;
	o->error = error;
	gone(o);
}

static const struct pd_sock_ops ops = {
	.readable = on_readable,
	.drained = on_drained,
	.ended = on_ended,
	.failed = on_failed,
};

static void
run_ms(unsigned ms)
{
	struct timeval tv = { ms / 1000, ms % 1000 * 1000 };

	event_base_loopexit(pd_worker_base(worker), &tv);
	event_base_loop(pd_worker_base(worker), EVLOOP_NO_EXIT_ON_EMPTY);
}

/* A connection over loopback: the peer's end is returned, and blocks. */
static int
connect_pair(struct owner *o)
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
	assert_true(ours >= 0);
	close(fd);
	*o = (struct owner){ .drain = SIZE_MAX };
	o->sock = pd_sock_create(worker, ours, &ops, o);
	return peer;
}

static void
reset(int fd)
{
	struct linger hard = { 1, 0 };

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
	close(fd);
}

/* Reads all that comes until the end; -1 after a reset. */
static ssize_t
swallow(int fd)
{
	static char buf[65536];
	ssize_t n, all = 0;

	for (;;) {
		while ((n = recv(fd, buf, sizeof(buf), MSG_DONTWAIT)) > 0)
			all += n;
		if (n == 0)
			return all;
		if (errno != EAGAIN)
			return -1;
		run_ms(20);
	}
}

static void
put(struct owner *o, size_t n)
{
	char *p = calloc(1, n + 1);

	evbuffer_add(pd_sock_out(o->sock), p, n);
	free(p);
}

static int
setup(void **state)
{
	(void)state;
	worker = pd_worker_create(0);
	return worker == NULL;
}

static int
teardown(void **state)
{
	(void)state;
	pd_timers_expire_all(pd_worker_timers(worker));
	pd_worker_destroy(worker);
	close(left_open);
	left_open = -1;
	return 0;
}

static void
test_want(void **state)
{
	struct owner o;
	int peer = connect_pair(&o);
	char bytes[1000] = { 0 };

	(void)state;
	o.drain = 0;
	assert_int_equal(send(peer, bytes, 1000, 0), 1000);
	run_ms(20);
	assert_int_equal(o.readable, 0); /* nothing is read unasked */
	pd_sock_want(o.sock, 300);
	event_base_loop(pd_worker_base(worker), EVLOOP_ONCE);
	assert_int_equal(o.readable, 1);
	assert_int_equal(evbuffer_get_length(pd_sock_in(o.sock)), 300);
	assert_int_equal(pd_sock_moved(o.sock), 300);
	pd_sock_want(o.sock, 0);
	run_ms(20);
	assert_int_equal(o.readable, 1);
	assert_int_equal(evbuffer_get_length(pd_sock_in(o.sock)), 300);
	pd_sock_want(o.sock, 100000);
	run_ms(20);
	assert_int_equal(evbuffer_get_length(pd_sock_in(o.sock)), 1000);
	assert_false(pd_sock_has_ended(o.sock));
	shutdown(peer, SHUT_WR);
	run_ms(20);
	assert_int_equal(o.ended, 1);
	assert_true(pd_sock_has_ended(o.sock));
	assert_int_equal(evbuffer_get_length(pd_sock_in(o.sock)), 1000);
	pd_sock_want(o.sock, 100000);
	run_ms(20);
	assert_int_equal(o.ended, 1);
	pd_sock_destroy(o.sock);
	close(peer);
}

/* Much more than a block and the scratch memory take, byte for byte. */
static void
test_bulk(void **state)
{
	struct owner o;
	int peer = connect_pair(&o);
	const size_t total = 3 << 20;
	unsigned char *bytes = malloc(total), *got;
	size_t sent = 0;

	(void)state;
	o.drain = 0;
	for (size_t i = 0; i < total; i++)
		bytes[i] = (unsigned char)(i * 2654435761u >> 13);
	pd_sock_want(o.sock, SIZE_MAX);
	while (sent < total) {
		ssize_t n = send(peer, bytes + sent,
		    total - sent > 70001 ? 70001 : total - sent, MSG_DONTWAIT);

		if (n > 0)
			sent += (size_t)n;
		event_base_loop(pd_worker_base(worker), EVLOOP_NONBLOCK);
	}
	run_ms(50);
	assert_int_equal(evbuffer_get_length(pd_sock_in(o.sock)), total);
	got = evbuffer_pullup(pd_sock_in(o.sock), -1);
	assert_memory_equal(got, bytes, total);
	free(bytes);
	pd_sock_destroy(o.sock);
	close(peer);
}

static void
test_drained(void **state)
{
	struct owner o;
	int peer = connect_pair(&o);
	const size_t n = 8 << 20;

	(void)state;
	/* What the kernel takes at once brings no drained(). */
	put(&o, 100);
	pd_sock_flush(o.sock, 0);
	assert_int_equal(pd_sock_unsent(o.sock), 0);
	run_ms(20);
	assert_int_equal(o.drained, 0);
	put(&o, n);
	pd_sock_flush(o.sock, 1000);
	assert_true(pd_sock_unsent(o.sock) > 1000);
	run_ms(50);
	assert_int_equal(o.drained, 0); /* nobody reads */
	pd_sock_shutdown(o.sock);
	assert_int_equal(swallow(peer), n + 100);
	assert_int_equal(o.drained, 1);
	assert_int_equal(o.failed, 0);
	assert_int_equal(pd_sock_sent(o.sock), n + 100);
	/* Half of it is closed; the other goes on. */
	pd_sock_want(o.sock, 10);
	assert_int_equal(send(peer, "x", 1, 0), 1);
	run_ms(20);
	assert_int_equal(o.readable, 1);
	pd_sock_destroy(o.sock);
	close(peer);
}

static void
test_poke(void **state)
{
	struct owner o, next = { .drain = 0 };
	int peer = connect_pair(&o);

	(void)state;
	pd_sock_poke(o.sock);
	assert_int_equal(o.readable, 0); /* from the loop, not from inside */
	pd_sock_poke(o.sock);
	run_ms(10);
	assert_int_equal(o.readable, 1);
	next.sock = o.sock;
	pd_sock_poke(o.sock);
	pd_sock_set_owner(o.sock, &ops, &next);
	run_ms(10);
	assert_int_equal(o.readable, 1);
	assert_int_equal(next.readable, 1);
	pd_sock_poke(next.sock);
	pd_sock_destroy(next.sock);
	run_ms(10);
	close(peer);
}

static void
test_reset(void **state)
{
	struct owner o;
	int peer = connect_pair(&o);

	(void)state;
	pd_sock_want(o.sock, 10);
	reset(peer);
	run_ms(20);
	assert_int_equal(o.failed, 1);
	assert_int_equal(o.error, ECONNRESET);
	pd_sock_destroy(o.sock);

	/* Ours: the peer sees it too. */
	peer = connect_pair(&o);
	put(&o, 10);
	pd_sock_flush(o.sock, 0);
	pd_sock_reset(o.sock);
	assert_int_equal(swallow(peer), -1);
	close(peer);
}

/* The peer answers and goes without reading the rest of what it is sent. */
static void
test_answer_before_reset(void **state)
{
	struct owner o;
	int peer = connect_pair(&o);
	char answer[40000] = { 0 };

	(void)state;
	o.drain = 0;
	pd_sock_want(o.sock, 1000);
	put(&o, 100000);
	pd_sock_flush(o.sock, 0);
	assert_int_equal(send(peer, answer, sizeof(answer), 0), sizeof(answer));
	reset(peer); /* as close() does with unread bytes */
	put(&o, 100000);
	pd_sock_flush(o.sock, 0);
	put(&o, 100000);
	pd_sock_flush(o.sock, 0);
	for (int i = 0; i < 100 && o.failed == 0; i++) {
		event_base_loop(pd_worker_base(worker), EVLOOP_NONBLOCK);
		pd_sock_want(o.sock, 1000);
		put(&o, 1000);
		pd_sock_flush(o.sock, 0); /* a dead end, but no harm */
		assert_int_equal(pd_sock_unsent(o.sock), 0);
	}
	assert_int_equal(o.failed, 1);
	assert_int_equal(
	    evbuffer_get_length(pd_sock_in(o.sock)), sizeof(answer));
	pd_sock_destroy(o.sock);
}

/* Nothing is wanted: the error waits, the owner is not left without a word. */
static void
test_broken_unwanted(void **state)
{
	struct owner o;
	int peer = connect_pair(&o);
	const size_t n = 8 << 20;

	(void)state;
	assert_int_equal(send(peer, "answer", 6, 0), 6);
	put(&o, n);
	pd_sock_flush(o.sock, 1000);
	assert_true(pd_sock_unsent(o.sock) > 1000);
	reset(peer);
	run_ms(50);
	assert_int_equal(o.failed, 0);
	assert_int_equal(o.drained, 1);
	assert_int_equal(pd_sock_unsent(o.sock), 0);
	pd_sock_want(o.sock, 100);
	run_ms(20);
	assert_int_equal(o.readable, 1);
	assert_int_equal(o.failed, 1);
	pd_sock_destroy(o.sock);

	/* And with nothing left to read it is told at once. */
	peer = connect_pair(&o);
	put(&o, n);
	pd_sock_flush(o.sock, 1000);
	reset(peer);
	run_ms(50);
	assert_int_equal(o.failed, 1);
	pd_sock_destroy(o.sock);
}

/* In each of its callbacks the socket may be destroyed. */
static void
test_destroyed_inside(void **state)
{
	struct owner o;
	int peer;

	(void)state;
	for (int what = 0; what < 6; what++) {
		peer = connect_pair(&o);
		o.destroys = true;
		pd_sock_want(o.sock, what == 5 ? 0 : 100);
		if (what == 0) {
			send(peer, "x", 1, 0);
		} else if (what == 1) {
			shutdown(peer, SHUT_WR);
		} else if (what == 3) {
			pd_sock_poke(o.sock);
		} else {
			put(&o, 8 << 20);
			pd_sock_flush(o.sock, 0);
		}
		if (what == 2) { /* drained() */
			pd_sock_want(o.sock, 0);
			while (o.sock != NULL) {
				char buf[65536];

				recv(peer, buf, sizeof(buf), MSG_DONTWAIT);
				event_base_loop(
				    pd_worker_base(worker), EVLOOP_NONBLOCK);
			}
		} else if (what >= 4) { /* failed(), while writing */
			reset(peer);
		}
		run_ms(30);
		assert_null(o.sock);
		assert_int_equal(
		    o.readable + o.drained + o.ended + o.failed, 1);
		if (what < 4)
			close(peer);
	}
	pd_sock_destroy(NULL);
}

static void
test_quiet(void **state)
{
	struct owner o;
	int peer = connect_pair(&o);

	(void)state;
	o.drain = 0;
	assert_true(pd_sock_is_quiet(o.sock));
	send(peer, "x", 1, 0);
	assert_false(pd_sock_is_quiet(o.sock)); /* not read yet */
	pd_sock_want(o.sock, 10);
	run_ms(10);
	assert_false(pd_sock_is_quiet(o.sock)); /* read, not taken */
	evbuffer_drain(pd_sock_in(o.sock), 1);
	assert_true(pd_sock_is_quiet(o.sock));
	close(peer);
	assert_false(pd_sock_is_quiet(o.sock));
	run_ms(10);
	assert_false(pd_sock_is_quiet(o.sock));
	pd_sock_destroy(o.sock);
}

static void
test_close_gently(void **state)
{
	struct owner o;
	int peer = connect_pair(&o), fd;
	const size_t n = 8 << 20;
	char byte;

	(void)state;
	/* The peer still sends: it gets everything, and no reset. */
	pd_sock_want(o.sock, 10);
	send(peer, "unread", 6, 0);
	put(&o, n);
	pd_sock_close_gently(o.sock, 300);
	send(peer, "more", 4, 0);
	run_ms(20);
	assert_int_equal(o.readable + o.drained + o.ended + o.failed, 0);
	/* A slow peer is waited for while it takes something at all. */
	for (int i = 0; i < 12; i++) {
		char buf[4096];

		run_ms(100);
		assert_true(recv(peer, buf, sizeof(buf), 0) > 0);
	}
	assert_true(swallow(peer) > (ssize_t)n / 2);
	close(peer);
	run_ms(50);

	/* A peer that does nothing is given up after the time. */
	peer = connect_pair(&o);
	fd = pd_sock_fd(o.sock);
	pd_sock_close_gently(o.sock, 200);
	assert_int_equal(recv(peer, &byte, 1, 0), 0);
	run_ms(50);
	assert_true(fcntl(fd, F_GETFD) >= 0);
	run_ms(500);
	assert_true(fcntl(fd, F_GETFD) < 0);
	close(peer);

	/* Both have ended: at once. */
	peer = connect_pair(&o);
	fd = pd_sock_fd(o.sock);
	pd_sock_want(o.sock, 10);
	shutdown(peer, SHUT_WR);
	run_ms(20);
	pd_sock_close_gently(o.sock, 10000);
	assert_true(fcntl(fd, F_GETFD) < 0);
	close(peer);

	/* The loop ends while a peer takes nothing: teardown finds no leak. */
	peer = connect_pair(&o);
	put(&o, n);
	pd_sock_close_gently(o.sock, 10000);
	left_open = peer;
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_want),
		TEST(test_bulk),
		TEST(test_drained),
		TEST(test_poke),
		TEST(test_reset),
		TEST(test_answer_before_reset),
		TEST(test_broken_unwanted),
		TEST(test_destroyed_inside),
		TEST(test_quiet),
		TEST(test_close_gently),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
