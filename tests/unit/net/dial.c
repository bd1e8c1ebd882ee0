/*
 * Connecting: the policy, Happy Eyeballs, failures. Everything stays on
 * loopback: what must hang hangs at a listener whose backlog is full.
 */
#include "net/dial.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <netinet/tcp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/conf.h"
#include "base/timers.h"
#include "net/resolve.h"
#include "tests/support/fakedns.h"

static const struct fakedns_rule rules[] = {
	{ "v4.example", 0, FAKEDNS_A, "127.0.0.1", 0 },
	{ "v6.example", 0, FAKEDNS_AAAA, "::1", 0 },
	{ "both.example", 0, FAKEDNS_A, "127.0.0.1", 0 },
	{ "both.example", 0, FAKEDNS_AAAA, "::1", 0 },
	/* Nobody listens on the IPv6 half, or on the first. */
	{ "half.example", 0, FAKEDNS_A, "127.0.0.1", 0 },
	{ "half.example", 0, FAKEDNS_AAAA, "::1", 0 },
	{ "late6.example", 28, FAKEDNS_DELAY, NULL, 400 },
	{ "late6.example", 0, FAKEDNS_A, "127.0.0.1", 0 },
	{ "late6.example", 0, FAKEDNS_AAAA, "::1", 0 },
	{ "soon6.example", 28, FAKEDNS_DELAY, NULL, 20 },
	{ "soon6.example", 0, FAKEDNS_A, "127.0.0.1", 0 },
	{ "soon6.example", 0, FAKEDNS_AAAA, "::1", 0 },
	/* 127.0.0.2 hangs. */
	{ "slow.example", 0, FAKEDNS_A, "127.0.0.2", 0 },
	{ "fallback.example", 0, FAKEDNS_AAAA, "::ffff:127.0.0.2", 0 },
	{ "fallback.example", 0, FAKEDNS_A, "127.0.0.1", 0 },
	{ "mixed.example", 0, FAKEDNS_A, "10.9.9.9", 0 },
	{ "mixed.example", 0, FAKEDNS_A, "127.0.0.3", 0 },
	{ "mixed.example", 0, FAKEDNS_A, "127.0.0.1", 0 },
	{ "mixed.example", 0, FAKEDNS_A, "169.254.169.254", 0 },
	{ "mixed.example", 0, FAKEDNS_AAAA, "::ffff:127.0.0.3", 0 },
	{ "rebind.example", 0, FAKEDNS_A, "127.0.0.3", 0 },
	{ "rebind.example", 0, FAKEDNS_AAAA, "64:ff9b::7f00:3", 0 },
	{ "zero.example", 0, FAKEDNS_A, "0.0.0.0", 0 },
	{ "alias.example", 0, FAKEDNS_CNAME, "v4.example", 0 },
	{ "servfail.example", 0, FAKEDNS_RCODE, NULL, 2 },
	{ "silent.example", 0, FAKEDNS_SILENT, NULL, 0 },
	{ "empty.example", 0, FAKEDNS_DELAY, NULL, 1 },
	{ 0 },
};

struct outcome {
	unsigned ncalls;
	enum pd_dial_error err;
	int fd, failure;
	struct pd_addr peer;
	struct pd_dialer *destroy; /* inside the callback */
};

static struct {
	struct event_base *base;
	struct fakedns *dns;
	struct pd_conf conf;
	struct pd_resolver *resolver;
	struct pd_timers *timers;
	struct pd_dialer *dialer;
	struct pd_addr own[4];
	struct pd_prefix allowed[8], bound[4];
	char server[32], *servers[1];
	int listener;  /* 127.0.0.1 */
	int listener6; /* ::1, the same port */
	uint16_t port;
} t;

static int
listen_on(const char *ip, uint16_t *port, int backlog)
{
	struct pd_addr a;
	struct sockaddr_storage ss;
	socklen_t len;
	int fd, one = 1;

	assert_int_equal(pd_addr_parse(pd_str_z(ip), &a), 0);
	a.port = *port;
	fd = socket(a.family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (a.family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
	len = pd_addr_to_sockaddr(&a, &ss);
	if (bind(fd, (struct sockaddr *)&ss, len) != 0 ||
	    listen(fd, backlog) != 0) {
		close(fd);
		return -1;
	}
	len = sizeof(ss);
	getsockname(fd, (struct sockaddr *)&ss, &len);
	*port = pd_addr_from_sockaddr((struct sockaddr *)&ss).port;
	return fd;
}

/* Whether somebody has connected to a listener; takes and closes it. */
static bool
visited(int listener)
{
	int fd;

	fcntl(listener, F_SETFL, O_NONBLOCK);
	fd = accept(listener, NULL, NULL);
	if (fd < 0)
		return false;
	close(fd);
	return true;
}

static void
allow(const char *prefix)
{
	assert_int_equal(pd_prefix_parse(pd_str_z(prefix),
			     &t.allowed[t.conf.allow_private.n++]),
	    0);
}

static void
start(size_t nown, bool shared_timers)
{
	struct pd_dialer_params params = {
		.base = t.base,
		.resolver = t.resolver,
		.timers = shared_timers ? t.timers : NULL,
		.own = t.own,
		.nown = nown,
	};

	pd_dialer_destroy(t.dialer);
	t.dialer = pd_dialer_create(&params);
}

static int
setup(void **state)
{
	(void)state;
	memset(&t, 0, sizeof(t));
	t.base = event_base_new();
	t.timers = pd_timers_create(t.base);
	t.dns = fakedns_create(t.base, rules);
	snprintf(
	    t.server, sizeof(t.server), "127.0.0.1@%u", fakedns_port(t.dns));
	t.servers[0] = t.server;
	t.conf.nameservers = (struct pd_strings){ t.servers, 1 };
	t.conf.connect_timeout_ms = 4000;
	t.conf.allow_private.v = t.allowed;
	t.conf.bind_outgoing.v = t.bound;
	t.resolver = pd_resolver_create(t.base, &t.conf);
	t.listener = listen_on("127.0.0.1", &t.port, 64);
	t.listener6 = listen_on("::1", &t.port, 64);
	start(0, true);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	pd_dialer_destroy(t.dialer);
	pd_resolver_destroy(t.resolver);
	fakedns_destroy(t.dns);
	pd_timers_destroy(t.timers);
	event_base_free(t.base);
	close(t.listener);
	if (t.listener6 >= 0)
		close(t.listener6);
	return 0;
}

static void
on_done(void *arg, enum pd_dial_error err, int fd, const struct pd_addr *peer)
{
	struct outcome *o = arg;

	o->failure = errno;
	o->ncalls++;
	o->err = err;
	o->fd = fd;
	o->peer = *peer;
	if (o->destroy != NULL) {
		pd_dialer_destroy(o->destroy);
		t.dialer = NULL;
	}
	event_base_loopbreak(t.base);
}

static struct pd_authority
authority(const char *host, uint16_t port)
{
	struct pd_authority where = { .host = pd_str_z(host), .port = port };

	if (pd_addr_parse_lax(where.host, &where.addr) == 0)
		where.kind = PD_HOST_IPV4;
	else if (pd_addr_parse(where.host, &where.addr) == 0)
		where.kind = PD_HOST_IPV6;
	return where;
}

static struct outcome
dial_as(const char *host, uint16_t port, bool trusted)
{
	struct outcome o = { .fd = -2 };
	struct pd_authority where = authority(host, port);

	pd_dial_start(t.dialer, &t.conf, &where, trusted, on_done, &o);
	assert_int_equal(o.ncalls, 0); /* never from inside */
	event_base_dispatch(t.base);
	assert_int_equal(o.ncalls, 1);
	assert_int_equal(o.fd >= 0, o.err == PD_DIAL_OK);
	return o;
}

/* Dials t.port, closes what comes, and compares. */
static void
expect(const char *host, enum pd_dial_error err, const char *peer)
{
	struct outcome o = dial_as(host, t.port, false);
	char buf[PD_ADDR_TEXT];

	if (o.err != err)
		fail_msg("%s: %s, not %s", host, pd_dial_strerror(o.err),
		    pd_dial_strerror(err));
	if (peer != NULL)
		assert_string_equal(pd_addr_text(&o.peer, buf), peer);
	if (o.fd >= 0)
		close(o.fd);
}

static void
linger(unsigned ms)
{
	struct timeval tv = { .tv_sec = ms / 1000,
		.tv_usec = (suseconds_t)(ms % 1000) * 1000 };

	event_base_loopexit(t.base, &tv);
	event_base_dispatch(t.base);
}

static int64_t
now_ms(void)
{
	return (int64_t)pd_clock_ms(CLOCK_MONOTONIC);
}

/* ---- literals ---- */

static void
a_literal_is_connected(void **state)
{
	struct outcome o;
	int value = 0;
	socklen_t len = sizeof(value);

	(void)state;
	allow("127.0.0.1");
	o = dial_as("127.0.0.1", t.port, false);
	assert_int_equal(o.err, PD_DIAL_OK);
	assert_int_equal(o.peer.port, t.port);
	assert_true(fcntl(o.fd, F_GETFL) & O_NONBLOCK);
	assert_true(fcntl(o.fd, F_GETFD) & FD_CLOEXEC);
	getsockopt(o.fd, IPPROTO_TCP, TCP_NODELAY, &value, &len);
	assert_int_not_equal(value, 0);
	assert_int_equal(write(o.fd, "x", 1), 1);
	close(o.fd);
	assert_true(visited(t.listener));
	start(0, false); /* timers of its own */
	expect("127.0.0.1", PD_DIAL_OK, "127.0.0.1");
	assert_int_equal(fakedns_asked(t.dns, NULL, 0), 0);
}

static void
an_ipv6_literal_is_connected(void **state)
{
	(void)state;
	if (t.listener6 < 0)
		skip();
	allow("::1");
	expect("::1", PD_DIAL_OK, "::1");
	assert_true(visited(t.listener6));
}

static void
a_mapped_literal_is_ipv4(void **state)
{
	(void)state;
	expect("::ffff:127.0.0.1", PD_DIAL_FORBIDDEN, NULL);
	allow("127.0.0.1");
	expect("::ffff:127.0.0.1", PD_DIAL_OK, "127.0.0.1");
}

static void
refused_tells_errno(void **state)
{
	struct outcome o;
	uint16_t port = 0;

	(void)state;
	allow("127.0.0.0/8");
	close(listen_on("127.0.0.1", &port, 1));
	o = dial_as("127.0.0.1", port, false);
	assert_int_equal(o.err, PD_DIAL_REFUSED);
	assert_int_equal(o.failure, ECONNREFUSED);
	assert_int_equal(o.peer.port, port);
	o = dial_as("v4.example", port, false);
	assert_int_equal(o.err, PD_DIAL_REFUSED);
	assert_int_equal(o.failure, ECONNREFUSED);
}

/* ---- names ---- */

static void
names_are_connected(void **state)
{
	(void)state;
	allow("127.0.0.1");
	allow("::1");
	expect("v4.example", PD_DIAL_OK, "127.0.0.1");
	expect("alias.example", PD_DIAL_OK, "127.0.0.1");
	expect("localhost", PD_DIAL_OK, NULL);
	if (t.listener6 < 0)
		return;
	expect("v6.example", PD_DIAL_OK, "::1");
	expect("both.example", PD_DIAL_OK, "::1");
	/* IPv6 in time, and too late. */
	expect("soon6.example", PD_DIAL_OK, "::1");
	expect("late6.example", PD_DIAL_OK, "127.0.0.1");
}

static void
the_other_family_is_tried_at_once(void **state)
{
	int64_t began = now_ms();

	(void)state;
	allow("127.0.0.1");
	allow("::1");
	if (t.listener6 >= 0)
		close(t.listener6);
	t.listener6 = -1;
	expect("half.example", PD_DIAL_OK, "127.0.0.1");
	assert_true(now_ms() - began < 200);
}

static void
names_fail_as_they_should(void **state)
{
	(void)state;
	allow("127.0.0.0/8");
	expect("nothing.example", PD_DIAL_NO_NAME, "-");
	expect("empty.example", PD_DIAL_NO_NAME, "-");
	expect("bad..name", PD_DIAL_NO_NAME, "-");
	expect("servfail.example", PD_DIAL_DNS, "-");
	t.conf.connect_timeout_ms = 300;
	expect("silent.example", PD_DIAL_TIMEOUT, "-");
}

/* ---- what hangs ---- */

/* A listener that answers no more: its backlog is full. */
struct jam {
	int listener, clients[4];
	bool refuse; /* see on_relief() */
};

static bool
jam_up(struct jam *j, const char *ip, uint16_t port)
{
	struct pd_addr a;
	struct sockaddr_storage ss;
	socklen_t len;

	j->listener = listen_on(ip, &port, 0);
	if (j->listener < 0)
		return false;
	pd_addr_parse(pd_str_z(ip), &a);
	a.port = port;
	len = pd_addr_to_sockaddr(&a, &ss);
	for (size_t i = 0; i < 4; i++) {
		j->clients[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		(void)!connect(j->clients[i], (struct sockaddr *)&ss, len);
	}
	return true;
}

static void
unjam(struct jam *j)
{
	for (size_t i = 0; i < 4; i++)
		close(j->clients[i]);
	if (j->listener >= 0)
		close(j->listener);
}

static void
what_hangs_times_out(void **state)
{
	struct jam j;
	int64_t began;

	(void)state;
	allow("127.0.0.0/8");
	assert_true(jam_up(&j, "127.0.0.2", t.port));
	t.conf.connect_timeout_ms = 300;
	linger(150); /* the timers' clock is that of their last tick */
	began = now_ms();
	expect("127.0.0.2", PD_DIAL_TIMEOUT, "127.0.0.2");
	assert_true(now_ms() - began >= 300);
	assert_true(now_ms() - began < 900);
	expect("slow.example", PD_DIAL_TIMEOUT, "127.0.0.2");
	unjam(&j);
}

/* What is done to a jam while somebody waits there. */
static void
on_relief(evutil_socket_t fd, short what, void *arg)
{
	struct jam *j = arg;

	(void)fd;
	(void)what;
	if (j->refuse && j->listener >= 0) {
		close(j->listener);
		j->listener = -1;
	}
	while (!j->refuse && visited(j->listener))
		;
}

static void
the_end_of_a_wait_is_noticed(void **state)
{
	struct timeval soon = { .tv_usec = 50000 };

	(void)state;
	allow("127.0.0.0/8");
	/* The kernel sends its SYN again after a second. */
	for (int refuse = 0; refuse < 2; refuse++) {
		struct jam j = { .refuse = refuse };
		struct event *relief;
		struct outcome o;

		assert_true(jam_up(&j, "127.0.0.2", t.port));
		/* Again and again: the jam's own clients push in too. */
		relief = event_new(t.base, -1, EV_PERSIST, on_relief, &j);
		event_add(relief, &soon);
		o = dial_as("127.0.0.2", t.port, false);
		assert_int_equal(o.err, refuse ? PD_DIAL_REFUSED : PD_DIAL_OK);
		if (refuse)
			assert_int_equal(o.failure, ECONNREFUSED);
		else
			assert_int_equal(write(o.fd, "x", 1), 1);
		close(o.fd);
		event_free(relief);
		unjam(&j);
	}
}

static void
the_next_starts_beside_what_hangs(void **state)
{
	struct jam j;
	int64_t began = now_ms();

	(void)state;
	allow("127.0.0.0/8");
	assert_true(jam_up(&j, "127.0.0.2", t.port));
	expect("fallback.example", PD_DIAL_OK, "127.0.0.1");
	assert_true(now_ms() - began >= 240);
	assert_true(now_ms() - began < 900);
	unjam(&j);
}

static void
cancel_at_any_moment(void **state)
{
	struct outcome o = { 0 };
	struct jam j;
	static const char *const hosts[] = { "127.0.0.1", "127.0.0.2",
		"10.0.0.1", "v4.example", "fallback.example", "localhost",
		"silent.example" };

	(void)state;
	allow("127.0.0.0/8");
	assert_true(jam_up(&j, "127.0.0.2", t.port));
	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
		struct pd_authority where = authority(hosts[i], t.port);

		pd_dial_cancel(pd_dial_start(
		    t.dialer, &t.conf, &where, false, on_done, &o));
	}
	for (size_t i = 4; i < 7; i += 2) {
		struct pd_authority where = authority(hosts[i], t.port);
		struct pd_dial *dial = pd_dial_start(
		    t.dialer, &t.conf, &where, false, on_done, &o);

		linger(100);
		pd_dial_cancel(dial);
	}
	pd_dial_cancel(NULL);
	linger(300);
	assert_int_equal(o.ncalls, 0);
	/* The dialer goes with dials under way. */
	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
		struct pd_authority where = authority(hosts[i], t.port);

		pd_dial_start(t.dialer, &t.conf, &where, false, on_done, &o);
	}
	start(0, true);
	linger(100);
	assert_int_equal(o.ncalls, 0);
	unjam(&j);
}

static void
destroy_inside_the_callback(void **state)
{
	static const char *const hosts[] = { "127.0.0.1", "v4.example" };

	(void)state;
	allow("127.0.0.0/8");
	for (size_t i = 0; i < 2; i++) {
		struct outcome o = { .destroy = t.dialer }, other = { 0 };
		struct pd_authority where = authority(hosts[i], t.port),
				    silent =
					authority("silent.example", t.port);

		pd_dial_start(
		    t.dialer, &t.conf, &silent, false, on_done, &other);
		pd_dial_start(t.dialer, &t.conf, &where, false, on_done, &o);
		event_base_dispatch(t.base);
		assert_int_equal(o.err, PD_DIAL_OK);
		close(o.fd);
		linger(20);
		assert_int_equal(other.ncalls, 0);
		start(0, true);
	}
}

/* ---- policy ---- */

static void
private_places_are_forbidden(void **state)
{
	static const char *const hosts[] = { "127.0.0.1", "2130706433",
		"0x7f.1", "0", "0.0.0.0", "::", "::1", "::ffff:127.0.0.1",
		"::127.0.0.1", "64:ff9b::127.0.0.1",
		"2002:7f00:1::", "10.0.0.1", "169.254.169.254", "fd00::1",
		"fe80::1", "255.255.255.255", "224.0.0.1", "v4.example",
		"v6.example", "both.example", "rebind.example", "zero.example",
		"alias.example", "localhost" };

	(void)state;
	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++)
		expect(hosts[i], PD_DIAL_FORBIDDEN, NULL);
	expect("10.0.0.1", PD_DIAL_FORBIDDEN, "10.0.0.1");
	assert_false(visited(t.listener));
	if (t.listener6 >= 0)
		assert_false(visited(t.listener6));
}

static void
the_forbidden_half_of_a_name_is_never_dialled(void **state)
{
	uint16_t port = t.port;
	int trap = listen_on("127.0.0.3", &port, 8);

	(void)state;
	assert_true(trap >= 0);
	allow("127.0.0.1");
	for (int i = 0; i < 8; i++)
		expect("mixed.example", PD_DIAL_OK, "127.0.0.1");
	/* Also when the allowed one fails, and time goes by. */
	close(t.listener);
	expect("mixed.example", PD_DIAL_REFUSED, "127.0.0.1");
	linger(300);
	assert_false(visited(trap));
	close(trap);
	t.listener = dup(0);
}

static void
the_parent_may_be_anywhere(void **state)
{
	struct outcome o = dial_as("127.0.0.1", t.port, true);

	(void)state;
	assert_int_equal(o.err, PD_DIAL_OK);
	close(o.fd);
	o = dial_as("v4.example", t.port, true);
	assert_int_equal(o.err, PD_DIAL_OK);
	close(o.fd);
}

static void
own_listeners_are_never_dialled(void **state)
{
	static const char *const hosts[] = { "127.0.0.1", "0.0.0.0",
		"::", "::ffff:127.0.0.1", "v4.example" };
	struct outcome o;
	uint16_t other = 0;
	int fd = listen_on("127.0.0.1", &other, 8);

	(void)state;
	allow("0.0.0.0/0");
	allow("::/0");
	pd_addr_parse(PD_STR("127.0.0.1"), &t.own[0]);
	t.own[0].port = t.port;
	start(1, true);
	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++)
		expect(hosts[i], PD_DIAL_FORBIDDEN, NULL);
	o = dial_as("127.0.0.1", t.port, true);
	assert_int_equal(o.err, PD_DIAL_FORBIDDEN);
	/* Another port, and another address with that port, are others'. */
	o = dial_as("127.0.0.1", other, false);
	assert_int_equal(o.err, PD_DIAL_OK);
	close(o.fd);
	expect("127.0.0.2", PD_DIAL_REFUSED, "127.0.0.2");

	/* A wildcard is every address of this machine. */
	for (size_t i = 0; i < 2; i++) {
		pd_addr_parse(pd_str_z(i == 0 ? "0.0.0.0" : "::"), &t.own[0]);
		t.own[0].port = t.port;
		start(1, true);
		for (size_t k = 0; k < sizeof(hosts) / sizeof(hosts[0]); k++)
			expect(hosts[k], PD_DIAL_FORBIDDEN, NULL);
		expect("127.0.0.2", PD_DIAL_FORBIDDEN, NULL);
		expect("::1", PD_DIAL_FORBIDDEN, NULL);
		o = dial_as("127.0.0.1", other, false);
		assert_int_equal(o.err, PD_DIAL_OK);
		close(o.fd);
	}
	close(fd);
}

/* Some machines have no other address than loopback ones. */
static void
a_wildcard_listener_is_known_by_every_address(void **state)
{
	struct ifaddrs *all, *ifa;
	unsigned nseen = 0;

	(void)state;
	allow("0.0.0.0/0");
	pd_addr_parse(PD_STR("::"), &t.own[0]);
	t.own[0].port = t.port;
	start(1, true);
	assert_int_equal(getifaddrs(&all), 0);
	for (ifa = all; ifa != NULL; ifa = ifa->ifa_next) {
		struct pd_addr a;
		char host[PD_ADDR_TEXT];

		if (ifa->ifa_addr == NULL ||
		    ifa->ifa_addr->sa_family != AF_INET)
			continue;
		a = pd_addr_from_sockaddr(ifa->ifa_addr);
		if (pd_addr_kind(&a) == PD_ADDR_LOOPBACK)
			continue;
		nseen++;
		expect(pd_addr_text(&a, host), PD_DIAL_FORBIDDEN, host);
	}
	freeifaddrs(all);
	if (nseen == 0)
		skip();
}

static void
outgoing_addresses_take_turns(void **state)
{
	static const char *const turns[] = { "127.0.0.5", "127.0.0.6" };

	(void)state;
	allow("127.0.0.0/8");
	allow("::1");
	pd_prefix_parse(PD_STR("127.0.0.5"), &t.bound[0]);
	pd_prefix_parse(PD_STR("fd00::1"), &t.bound[1]);
	pd_prefix_parse(PD_STR("127.0.0.6"), &t.bound[2]);
	t.conf.bind_outgoing.n = 3;
	for (int i = 0; i < 4; i++) {
		struct outcome o = dial_as("127.0.0.1", t.port, false);
		struct sockaddr_storage ss;
		socklen_t len = sizeof(ss);
		struct pd_addr a;
		char buf[PD_ADDR_TEXT];

		assert_int_equal(o.err, PD_DIAL_OK);
		getsockname(o.fd, (struct sockaddr *)&ss, &len);
		a = pd_addr_from_sockaddr((struct sockaddr *)&ss);
		assert_string_equal(pd_addr_text(&a, buf), turns[i % 2]);
		close(o.fd);
	}
	/* An address that this machine has not got. */
	expect("::1", PD_DIAL_REFUSED, "::1");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_literal_is_connected),
		TEST(an_ipv6_literal_is_connected),
		TEST(a_mapped_literal_is_ipv4),
		TEST(refused_tells_errno),
		TEST(names_are_connected),
		TEST(the_other_family_is_tried_at_once),
		TEST(names_fail_as_they_should),
		TEST(what_hangs_times_out),
		TEST(the_end_of_a_wait_is_noticed),
		TEST(the_next_starts_beside_what_hangs),
		TEST(cancel_at_any_moment),
		TEST(destroy_inside_the_callback),
		TEST(private_places_are_forbidden),
		TEST(the_forbidden_half_of_a_name_is_never_dialled),
		TEST(the_parent_may_be_anywhere),
		TEST(own_listeners_are_never_dialled),
		TEST(a_wildcard_listener_is_known_by_every_address),
		TEST(outgoing_addresses_take_turns),
	};

	pd_log_set_level(PD_LOG_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
