#include "base/notify.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

static int manager; /* systemd's end */

/* name: of a file, or "@..." for an abstract one. */
static void
listen_as(const char *name)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	size_t n = strlen(name);

	memcpy(sa.sun_path, name, n);
	if (name[0] == '@')
		sa.sun_path[0] = '\0';
	manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	assert_int_equal(
	    bind(manager, (struct sockaddr *)&sa,
		(socklen_t)(offsetof(struct sockaddr_un, sun_path) + n)),
	    0);
	assert_int_equal(setenv("NOTIFY_SOCKET", name, 1), 0);
}

static void
expect(const char *want)
{
	char buf[128];
	ssize_t n = read(manager, buf, sizeof(buf) - 1);

	assert_true(n >= 0);
	buf[n] = '\0';
	assert_int_equal(strncmp(buf, want, strlen(want)), 0);
}

static void
tell(const char *name)
{
	listen_as(name);
	pd_notify("READY=1");
	expect("READY=1");
	pd_notify_reloading();
	expect("RELOADING=1\nMONOTONIC_USEC=");
	close(manager);
}

static void
told_by_either_name(void **state)
{
	char name[64];

	(void)state;
	snprintf(name, sizeof(name), "@pared-notify-%d", (int)getpid());
	tell(name);
	snprintf(name, sizeof(name), "/tmp/pared-notify-%d", (int)getpid());
	tell(name);
	assert_int_equal(unlink(name), 0);
	/* Nobody is there, or nobody asked. */
	pd_notify("READY=1");
	assert_int_equal(unsetenv("NOTIFY_SOCKET"), 0);
	pd_notify("READY=1");
}

static void
the_watchdog_that_is_ours(void **state)
{
	char pid[16];

	(void)state;
	assert_int_equal(pd_notify_watchdog_ms(), 0);
	assert_int_equal(setenv("WATCHDOG_USEC", "30000000", 1), 0);
	assert_int_equal(pd_notify_watchdog_ms(), 15000);
	assert_int_equal(setenv("WATCHDOG_PID", "1", 1), 0);
	assert_int_equal(pd_notify_watchdog_ms(), 0);
	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	assert_int_equal(setenv("WATCHDOG_PID", pid, 1), 0);
	assert_int_equal(pd_notify_watchdog_ms(), 15000);
	assert_int_equal(setenv("WATCHDOG_USEC", "soon", 1), 0);
	assert_int_equal(pd_notify_watchdog_ms(), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(told_by_either_name),
		cmocka_unit_test(the_watchdog_that_is_ours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
