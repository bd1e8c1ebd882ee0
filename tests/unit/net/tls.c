/*
 * TLS behind a socket: the peer is OpenSSL's server, moved by hand, so that
 * each side can be made to wait for the other at any point.
 */
#include "net/tls.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
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
#include "base/worker.h"
#include "net/sock.h"
#include "tests/support/origin.h"

static struct {
	struct origin *origin;
	struct pd_worker *worker;
	struct pd_tls_context *context;
	struct pd_sock *sock;
	int fd; /* the peer's */
	SSL *ssl;
	bool accepted;

	unsigned readable, drained, ended, failed;
	size_t most; /* bytes that one readable() brought */
	bool destroys;
	bool keeps; /* leaves the input where it is */
	bool stops; /* wants nothing more */
	struct evbuffer *got;
	char error[160];
} t;

static void
gone(void)
{
	if (!t.destroys)
		return;
	pd_sock_destroy(t.sock);
	t.sock = NULL;
}

static void
on_readable(void *arg)
{
	size_t n = evbuffer_get_length(pd_sock_in(t.sock));

	(void)arg;
	t.readable++;
	if (n > t.most)
		t.most = n;
	if (!t.keeps)
		evbuffer_add_buffer(t.got, pd_sock_in(t.sock));
	if (t.stops)
		pd_sock_want(t.sock, 0);
	gone();
}

static void
on_drained(void *arg)
{
	(void)arg;
	t.drained++;
	gone();
}

static void
on_ended(void *arg)
{
	(void)arg;
	t.ended++;
	gone();
}

static void
on_failed(void *arg, int error)
{
	const char *why = pd_sock_tls_error(t.sock);

	(void)arg;
	assert_true(error != 0);
	t.failed++;
	snprintf(t.error, sizeof(t.error), "%s", why != NULL ? why : "");
	gone();
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

	event_base_loopexit(pd_worker_base(t.worker), &tv);
	event_base_loop(pd_worker_base(t.worker), EVLOOP_NO_EXIT_ON_EMPTY);
}

/* Until it is so, or for a second: machines may be busy. */
#define WAIT(cond)                                          \
	do {                                                \
		for (int i_ = 0; i_ < 500 && !(cond); i_++) \
			run_ms(2);                          \
	} while (0)

static void
connect_pair(int fds[2])
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	socklen_t len = sizeof(sin);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), small = 8192,
	    one = 1;

	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	assert_int_equal(bind(fd, (struct sockaddr *)&sin, len), 0);
	assert_int_equal(listen(fd, 1), 0);
	getsockname(fd, (struct sockaddr *)&sin, &len);
	fds[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(fds[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
	assert_int_equal(connect(fds[0], (struct sockaddr *)&sin, len), 0);
	fcntl(fds[0], F_SETFL, O_NONBLOCK);
	fds[1] = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	assert_true(fds[1] >= 0);
	close(fd);
	/* As dialling does, and so that the peer waits for no ACK. */
	setsockopt(fds[0], IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	setsockopt(fds[1], IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
}

static void
start(const char *host, enum origin_cert cert)
{
	struct pd_tls *tls;
	int fds[2];

	connect_pair(fds);
	t.fd = fds[1];
	t.ssl = SSL_new(origin_context(t.origin, cert));
	SSL_set_fd(t.ssl, t.fd);
	SSL_set_accept_state(t.ssl);
	SSL_set_mode(t.ssl, SSL_MODE_ENABLE_PARTIAL_WRITE |
				SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	t.sock = pd_sock_create(t.worker, fds[0], &ops, NULL);
	tls = pd_tls_client_create(t.context, pd_str_z(host), fds[0]);
	assert_non_null(tls);
	pd_sock_start_tls(t.sock, tls);
}

/* The handshake, from both ends. */
static void
shake(void)
{
	for (int i = 0; i < 500 && !t.accepted && t.failed == 0; i++) {
		run_ms(2);
		t.accepted = SSL_do_handshake(t.ssl) == 1;
	}
	run_ms(2);
}

static void
open_good(void)
{
	start("localhost", ORIGIN_CERT_GOOD);
	shake();
	assert_true(t.accepted);
	assert_int_equal(t.failed, 0);
}

/* What our socket sends arrives at the peer: n bytes. */
static void
peer_reads(char *p, size_t n)
{
	size_t at = 0;

	for (int i = 0; i < 4000 && at < n; i++) {
		int got = SSL_read(t.ssl, p + at, (int)(n - at));

		if (got > 0)
			at += (size_t)got;
		else
			run_ms(1);
	}
	assert_int_equal(at, n);
}

static void
peer_writes(const char *p, size_t n)
{
	size_t at = 0;

	for (int i = 0; i < 4000 && at < n; i++) {
		int put = SSL_write(t.ssl, p + at, (int)(n - at));

		if (put > 0)
			at += (size_t)put;
		else
			run_ms(1);
	}
	assert_int_equal(at, n);
}

static int
setup(void **state)
{
	const char *why = NULL;

	(void)state;
	memset(&t, 0, sizeof(t));
	t.fd = -1;
	t.origin = origin_create();
	t.worker = pd_worker_create(0);
	t.context = pd_tls_context_create(origin_ca(t.origin), &why);
	assert_non_null(t.context);
	t.got = evbuffer_new();
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	pd_sock_destroy(t.sock);
	SSL_free(t.ssl);
	if (t.fd >= 0)
		close(t.fd);
	pd_tls_context_destroy(t.context);
	evbuffer_free(t.got);
	pd_worker_destroy(t.worker);
	origin_destroy(t.origin);
	return 0;
}

/* ---- who is believed --------------------------------------------------- */

static void
test_handshake(void **state)
{
	const unsigned char *alpn;
	unsigned len;
	char buf[16];

	(void)state;
	start("localhost", ORIGIN_CERT_GOOD);
	/* Written before the handshake, sent after it. */
	evbuffer_add(pd_sock_out(t.sock), "hello", 5);
	pd_sock_flush(t.sock, 100);
	assert_int_equal(pd_sock_unsent(t.sock), 5);
	shake();
	assert_true(t.accepted);
	peer_reads(buf, 5);
	assert_memory_equal(buf, "hello", 5);
	assert_int_equal(pd_sock_sent(t.sock), 5);
	assert_string_equal(
	    SSL_get_servername(t.ssl, TLSEXT_NAMETYPE_host_name), "localhost");
	assert_true(SSL_version(t.ssl) >= TLS1_2_VERSION);
	SSL_get0_alpn_selected(t.ssl, &alpn, &len);
	assert_null(pd_sock_tls_error(t.sock));
}

/* No address stands in SNI (RFC 6066, 3), and it must be in the certificate
 * as one. */
static void
test_address(void **state)
{
	(void)state;
	start("127.0.0.1", ORIGIN_CERT_GOOD);
	shake();
	assert_true(t.accepted);
	assert_null(SSL_get_servername(t.ssl, TLSEXT_NAMETYPE_host_name));
}

static void
refused(const char *host, enum origin_cert cert, const char *why)
{
	char buf[8];

	start(host, cert);
	evbuffer_add(pd_sock_out(t.sock), "secret", 6);
	pd_sock_flush(t.sock, 0);
	shake();
	assert_int_equal(t.failed, 1);
	if (strstr(t.error, why) == NULL)
		fail_msg("\"%s\" is not in \"%s\"", why, t.error);
	assert_int_equal(pd_sock_sent(t.sock), 0);
	assert_true(SSL_read(t.ssl, buf, sizeof(buf)) <= 0);
	/* It may be asked again without harm. */
	evbuffer_add(pd_sock_out(t.sock), "secret", 6);
	pd_sock_flush(t.sock, 0);
	assert_int_equal(pd_sock_unsent(t.sock), 0);
}

static void
test_other_name(void **state)
{
	(void)state;
	refused("localhost", ORIGIN_CERT_OTHER_NAME, "mismatch");
}

/* The common name proves nothing (RFC 9525, 2). */
static void
test_common_name(void **state)
{
	(void)state;
	refused("localhost", ORIGIN_CERT_COMMON_NAME, "mismatch");
}

/* A name in the certificate is no address, and the other way round. */
static void
test_other_address(void **state)
{
	(void)state;
	refused("127.0.0.2", ORIGIN_CERT_GOOD, "mismatch");
}

static void
test_expired(void **state)
{
	(void)state;
	refused("localhost", ORIGIN_CERT_EXPIRED, "expired");
}

static void
test_self_signed(void **state)
{
	(void)state;
	refused("localhost", ORIGIN_CERT_SELF_SIGNED, "self-signed");
}

static void
test_bad_hosts(void **state)
{
	char longest[300];

	(void)state;
	memset(longest, 'a', sizeof(longest));
	assert_null(pd_tls_client_create(t.context, PD_STR(""), 0));
	assert_null(pd_tls_client_create(t.context, PD_STR("a\0b"), 0));
	assert_null(pd_tls_client_create(
	    t.context, pd_str_of(longest, sizeof(longest)), 0));
	pd_tls_destroy(NULL);
	pd_tls_context_destroy(NULL);
}

static void
test_old_version(void **state)
{
	(void)state;
	start("localhost", ORIGIN_CERT_GOOD);
	SSL_set_max_proto_version(t.ssl, TLS1_1_VERSION);
	SSL_set_min_proto_version(t.ssl, TLS1_VERSION);
	SSL_set_security_level(t.ssl, 0);
	SSL_set_cipher_list(t.ssl, "ALL:@SECLEVEL=0");
	shake();
	assert_false(t.accepted);
	assert_int_equal(t.failed, 1);
	assert_true(t.error[0] != '\0');
}

static void
test_not_tls(void **state)
{
	(void)state;
	start("localhost", ORIGIN_CERT_GOOD);
	assert_int_equal(write(t.fd, "HTTP/1.1 400 Bad\r\n\r\n", 20), 20);
	WAIT(t.failed > 0);
	assert_int_equal(t.failed, 1);
	assert_string_equal(t.error, "what came is not TLS");
}

static void
test_peer_leaves(void **state)
{
	(void)state;
	start("localhost", ORIGIN_CERT_GOOD);
	run_ms(5);
	shutdown(t.fd, SHUT_WR);
	WAIT(t.failed > 0);
	assert_int_equal(t.failed, 1);
	assert_string_equal(t.error, "the connection was cut short");
}

/* ---- bytes ------------------------------------------------------------- */

static void
fill(char *p, size_t n, unsigned seed)
{
	for (size_t i = 0; i < n; i++) {
		seed = seed * 1103515245u + 12345u;
		p[i] = (char)(seed >> 16);
	}
}

/* More than the kernel takes: the rest waits, the order holds, and drained()
 * comes once it is down to the mark. */
static void
test_write_much(void **state)
{
	static char sent[1000000], got[1000000];

	(void)state;
	open_good();
	fill(sent, sizeof(sent), 1);
	/* In pieces of all sizes, some of them while others wait. */
	for (size_t at = 0, n = 1; at < sizeof(sent); at += n, n = n * 2 + 1) {
		if (n > sizeof(sent) - at)
			n = sizeof(sent) - at;
		evbuffer_add(pd_sock_out(t.sock), sent + at, n);
		pd_sock_flush(t.sock, 1000);
	}
	assert_true(pd_sock_unsent(t.sock) > 1000);
	assert_int_equal(pd_sock_room(t.sock, 1 << 30), 0);
	assert_int_equal(t.drained, 0);
	peer_reads(got, sizeof(got));
	assert_memory_equal(got, sent, sizeof(sent));
	WAIT(t.drained > 0);
	assert_int_equal(t.drained, 1);
	assert_int_equal(pd_sock_sent(t.sock), sizeof(sent));
}

/* The limit of each read holds, and what lies deciphered is not forgotten:
 * the descriptor says nothing of it. */
static void
test_read_limit(void **state)
{
	static char sent[40000];
	char *got;
	size_t n;

	(void)state;
	open_good();
	fill(sent, sizeof(sent), 2);
	pd_sock_want(t.sock, 100);
	peer_writes(sent, 5000);
	WAIT(evbuffer_get_length(t.got) >= 5000);
	assert_int_equal(evbuffer_get_length(t.got), 5000);
	assert_int_equal(t.most, 100);
	/* Stopped, and gone on with. */
	pd_sock_want(t.sock, 0);
	peer_writes(sent + 5000, 10000);
	run_ms(20);
	assert_int_equal(evbuffer_get_length(t.got), 5000);
	pd_sock_want(t.sock, 3000);
	run_ms(1);
	pd_sock_want(t.sock, 0);
	run_ms(1);
	n = evbuffer_get_length(t.got);
	run_ms(20);
	assert_int_equal(evbuffer_get_length(t.got), n);
	pd_sock_want(t.sock, 100000);
	WAIT(evbuffer_get_length(t.got) >= 15000);
	peer_writes(sent + 15000, 25000);
	WAIT(evbuffer_get_length(t.got) >= 40000);
	assert_int_equal(evbuffer_get_length(t.got), sizeof(sent));
	got = (char *)evbuffer_pullup(t.got, -1);
	assert_memory_equal(got, sent, sizeof(sent));
	assert_int_equal(t.failed, 0);
}

/* A peer that wants new keys in the middle (RFC 8446, 4.6.3). */
static void
test_key_update(void **state)
{
	char buf[8];

	(void)state;
	open_good();
	pd_sock_want(t.sock, 1000);
	assert_int_equal(SSL_key_update(t.ssl, SSL_KEY_UPDATE_REQUESTED), 1);
	peer_writes("abc", 3);
	WAIT(evbuffer_get_length(t.got) >= 3);
	assert_int_equal(evbuffer_get_length(t.got), 3);
	evbuffer_add(pd_sock_out(t.sock), "defg", 4);
	pd_sock_flush(t.sock, 0);
	peer_reads(buf, 4);
	assert_memory_equal(buf, "defg", 4);
}

static void
test_poke(void **state)
{
	(void)state;
	open_good();
	pd_sock_poke(t.sock);
	WAIT(t.readable > 0);
	assert_int_equal(t.readable, 1);
}

/* Session tickets wait to be read after the handshake; once they are, a
 * connection that says nothing is quiet. */
static void
test_quiet(void **state)
{
	(void)state;
	open_good();
	pd_sock_want(t.sock, 1);
	WAIT(pd_sock_is_quiet(t.sock));
	assert_true(pd_sock_is_quiet(t.sock));
	assert_int_equal(t.readable, 0);
	/* One byte is taken, the other lies deciphered. */
	t.keeps = true;
	peer_writes("ab", 2);
	WAIT(t.readable > 0);
	pd_sock_want(t.sock, 0);
	evbuffer_drain(pd_sock_in(t.sock), 1);
	run_ms(2);
	assert_false(pd_sock_is_quiet(t.sock));
}

/* ---- ends -------------------------------------------------------------- */

static void
test_ended(void **state)
{
	(void)state;
	open_good();
	pd_sock_want(t.sock, 1000);
	peer_writes("abc", 3);
	SSL_shutdown(t.ssl);
	/* No FIN: the word of TLS is enough. */
	WAIT(t.ended > 0);
	assert_int_equal(evbuffer_get_length(t.got), 3);
	assert_int_equal(t.ended, 1);
	assert_true(pd_sock_has_ended(t.sock));
	assert_int_equal(t.failed, 0);
}

/* The good bye is kept for who did not want it when it came, though the
 * descriptor will not tell of it again. */
static void
test_ended_later(void **state)
{
	(void)state;
	open_good();
	t.stops = true;
	peer_writes("abc", 3);
	SSL_shutdown(t.ssl);
	run_ms(5);
	pd_sock_want(t.sock, 100);
	WAIT(t.readable > 0);
	run_ms(5);
	assert_int_equal(t.ended, 0);
	pd_sock_want(t.sock, 100);
	WAIT(t.ended > 0);
	assert_int_equal(t.ended, 1);
	assert_int_equal(t.failed, 0);
}

static void
test_cut_short(void **state)
{
	(void)state;
	open_good();
	pd_sock_want(t.sock, 1000);
	peer_writes("abc", 3);
	shutdown(t.fd, SHUT_WR);
	WAIT(t.failed > 0);
	assert_int_equal(evbuffer_get_length(t.got), 3);
	assert_int_equal(t.ended, 0);
	assert_int_equal(t.failed, 1);
	assert_string_equal(t.error, "the connection was cut short");
}

static void
test_corrupt(void **state)
{
	char record[] = "\x17\x03\x03\x00\x20"
			"0123456789abcdef0123456789abcdef";

	(void)state;
	open_good();
	pd_sock_want(t.sock, 1000);
	assert_int_equal(write(t.fd, record, 37), 37);
	WAIT(t.failed > 0);
	assert_int_equal(t.failed, 1);
	assert_true(t.error[0] != '\0');
	assert_int_equal(evbuffer_get_length(t.got), 0);
}

static void
test_reset(void **state)
{
	struct linger hard = { .l_onoff = 1 };

	(void)state;
	open_good();
	pd_sock_want(t.sock, 1000);
	setsockopt(t.fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
	close(t.fd);
	t.fd = -1;
	WAIT(t.failed > 0);
	assert_int_equal(t.failed, 1);
}

/* close_notify goes behind the last byte, then FIN; reading goes on. */
static void
test_shutdown(void **state)
{
	static char big[200000];
	static char got[200000];

	(void)state;
	open_good();
	evbuffer_add(pd_sock_out(t.sock), big, sizeof(big));
	pd_sock_shutdown(t.sock);
	peer_reads(got, sizeof(got));
	run_ms(5);
	assert_true(SSL_read(t.ssl, got, 1) <= 0);
	assert_int_equal(SSL_get_shutdown(t.ssl) & SSL_RECEIVED_SHUTDOWN,
	    SSL_RECEIVED_SHUTDOWN);
	assert_int_equal(read(t.fd, got, 1), 0);
	pd_sock_want(t.sock, 100);
	peer_writes("late", 4);
	WAIT(evbuffer_get_length(t.got) >= 4);
	assert_int_equal(evbuffer_get_length(t.got), 4);
}

static void
test_close_gently(void **state)
{
	static char big[100000];

	(void)state;
	open_good();
	evbuffer_add(pd_sock_out(t.sock), big, sizeof(big));
	pd_sock_close_gently(t.sock, 1000);
	t.sock = NULL;
	assert_int_equal(pd_sock_owing(), 1);
	peer_reads(big, sizeof(big));
	for (int i = 0; i < 100 && pd_sock_owing() > 0; i++)
		run_ms(1);
	assert_int_equal(pd_sock_owing(), 0);
	assert_true(SSL_read(t.ssl, big, 1) <= 0);
	assert_int_equal(SSL_get_error(t.ssl, 0), SSL_ERROR_ZERO_RETURN);
	close(t.fd);
	t.fd = -1;
	run_ms(10);
	assert_int_equal(t.failed + t.ended + t.readable, 0);
}

/* Within the handshake there is nobody to be gentle to. */
static void
test_close_early(void **state)
{
	(void)state;
	start("localhost", ORIGIN_CERT_GOOD);
	evbuffer_add(pd_sock_out(t.sock), "x", 1);
	run_ms(2);
	pd_sock_close_gently(t.sock, 1000);
	t.sock = NULL;
	assert_int_equal(pd_sock_owing(), 0);
	run_ms(2);
	assert_int_equal(t.failed, 0);
}

/* Leaving without a word would look like an attack: a good bye is tried. */
static void
test_destroy(void **state)
{
	char c;

	(void)state;
	open_good();
	pd_sock_destroy(t.sock);
	t.sock = NULL;
	run_ms(2);
	assert_true(SSL_read(t.ssl, &c, 1) <= 0);
	assert_int_equal(SSL_get_shutdown(t.ssl) & SSL_RECEIVED_SHUTDOWN,
	    SSL_RECEIVED_SHUTDOWN);
}

/* Any callback may be the socket's last. */
static void
test_destroyed_inside(void **state)
{
	(void)state;
	t.destroys = true;
	open_good();
	pd_sock_want(t.sock, 2);
	peer_writes("abcdef", 6);
	WAIT(t.readable > 0);
	assert_int_equal(t.readable, 1);
	assert_null(t.sock);
}

static void
test_destroyed_failing(void **state)
{
	(void)state;
	t.destroys = true;
	start("localhost", ORIGIN_CERT_EXPIRED);
	shake();
	assert_int_equal(t.failed, 1);
	assert_null(t.sock);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_handshake),
		TEST(test_address),
		TEST(test_other_name),
		TEST(test_common_name),
		TEST(test_other_address),
		TEST(test_expired),
		TEST(test_self_signed),
		TEST(test_bad_hosts),
		TEST(test_old_version),
		TEST(test_not_tls),
		TEST(test_peer_leaves),
		TEST(test_write_much),
		TEST(test_read_limit),
		TEST(test_key_update),
		TEST(test_poke),
		TEST(test_quiet),
		TEST(test_ended),
		TEST(test_ended_later),
		TEST(test_cut_short),
		TEST(test_corrupt),
		TEST(test_reset),
		TEST(test_shutdown),
		TEST(test_close_gently),
		TEST(test_close_early),
		TEST(test_destroy),
		TEST(test_destroyed_inside),
		TEST(test_destroyed_failing),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
