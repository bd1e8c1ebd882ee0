/*
 * Listeners: addresses that are taken and that are not there, and what an
 * accepted connection is told to have wanted.
 */
#include "net/listener.h"

#include <errno.h>
#include <event2/event.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/timers.h"
#include "base/worker.h"

static struct pd_addr
addr(const char *text)
{
	struct pd_addr a;

	assert_int_equal(pd_addr_parse(pd_str_z(text), &a), 0);
	return a;
}

static void
test_absent(void **state)
{
	struct pd_addr gone = addr("192.0.2.77");
	int fd;

	(void)state;
	assert_int_equal(pd_listener_claim(&gone, PD_LISTENER_PROXY), 0);
	fd = pd_listener_bind(&gone, PD_LISTENER_PROXY);
	assert_true(fd >= 0);
	assert_int_not_equal(gone.port, 0);
	close(fd);
}

static void
test_claim(void **state)
{
	struct pd_addr a = addr("127.0.0.1");
	int fd = pd_listener_bind(&a, PD_LISTENER_PROXY), second;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(pd_listener_claim(&a, PD_LISTENER_PROXY), -1);
	assert_int_equal(errno, EADDRINUSE);
	/* A second worker's. */
	second = pd_listener_bind(&a, PD_LISTENER_PROXY);
	assert_true(second >= 0);
	close(second);
	close(fd);
}

static struct pd_accepted last;
static unsigned naccepted;

static void
on_accepted(void *arg, const struct pd_accepted *conn)
{
	(void)arg;
	last = *conn;
	naccepted++;
	close(conn->fd);
}

/* One connection to a listener of this kind. */
static struct pd_addr
accept_one(struct pd_worker *w, const char *to, enum pd_listener_kind kind)
{
	struct pd_addr a = addr("0.0.0.0"), target = addr(to);
	int listening = pd_listener_bind(&a, kind), fd;
	struct sockaddr_storage ss;
	struct pd_listener *l;

	assert_true(listening >= 0);
	l = pd_listener_start(w, listening, kind, on_accepted, NULL);
	target.port = a.port;
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&ss,
			     pd_addr_to_sockaddr(&target, &ss)),
	    0);
	naccepted = 0;
	while (naccepted == 0)
		event_base_loop(pd_worker_base(w), EVLOOP_ONCE);
	close(fd);
	pd_listener_stop(l);
	assert_true(pd_addr_equal(&last.local, &target));
	return target;
}

/* Nothing was rewritten on the way, so it went to where it arrived. */
static void
test_wanted(void **state)
{
	struct pd_worker *w = pd_worker_create(0);
	struct pd_addr target;

	(void)state;
	assert_non_null(w);
	accept_one(w, "127.0.0.5", PD_LISTENER_PROXY);
	assert_int_equal(last.wanted.family, 0);
	target = accept_one(w, "127.0.0.5", PD_LISTENER_REDIRECT);
	assert_true(pd_addr_equal(&last.wanted, &target));
	pd_worker_destroy(w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_absent),
		cmocka_unit_test(test_claim),
		cmocka_unit_test(test_wanted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
