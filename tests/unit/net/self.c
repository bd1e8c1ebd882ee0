/*
 * Own addresses, and connections of this process with itself.
 */
#include "net/self.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static struct pd_addr
addr(const char *text)
{
	struct pd_addr a;

	assert_int_equal(pd_addr_parse(pd_str_z(text), &a), 0);
	return a;
}

static void
test_has(void **state)
{
	static const char *const own[] = { "127.0.0.1", "127.1.2.3",
		"0.0.0.0" };
	static const char *const others[] = { "192.0.2.77", "8.8.8.8",
		"2001:db8::77" };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct pd_addr a = addr(own[i]), b = addr(others[i]);

		assert_true(pd_self_has(&a));
		assert_false(pd_self_has(&b));
	}
}

static void
test_source(void **state)
{
	struct pd_addr a = addr("127.0.0.9"), source = pd_self_source(&a);

	(void)state;
	assert_int_equal(source.family, AF_INET);
	assert_int_equal(pd_addr_kind(&source), PD_ADDR_LOOPBACK);
}

/* A connection to a listener of ours, and its far end as the listener has it.
 */
static int
dial(int listening, struct pd_addr *far, int *accepted)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(
	    getsockname(listening, (struct sockaddr *)&ss, &len), 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&ss, len), 0);
	len = sizeof(ss);
	*accepted = accept(listening, (struct sockaddr *)&ss, &len);
	*far = pd_addr_from_sockaddr((struct sockaddr *)&ss);
	return fd;
}

static void
test_dialled(void **state)
{
	struct pd_addr a = addr("127.0.0.1"), far;
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	int listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int accepted, accepted2, fd, status;
	pid_t pid;

	(void)state;
	assert_int_equal(bind(listening, (struct sockaddr *)&ss,
			     pd_addr_to_sockaddr(&a, &ss)),
	    0);
	assert_int_equal(listen(listening, 1), 0);
	assert_int_equal(
	    getsockname(listening, (struct sockaddr *)&ss, &len), 0);
	a = pd_addr_from_sockaddr((struct sockaddr *)&ss);
	fd = dial(listening, &far, &accepted);
	assert_true(pd_self_dialled(&far, &a));
	/* Another process, to which it belongs as little as to anybody. */
	pid = fork();
	if (pid == 0) {
		close(fd);
		_exit(pd_self_dialled(&far, &a) ? 1 : 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	close(fd);
	assert_false(pd_self_dialled(&far, &a));
	fd = dial(listening, &far, &accepted2);
	assert_true(pd_self_dialled(&far, &a));
	a.port++; /* the same port of ours, and another's way */
	assert_false(pd_self_dialled(&far, &a));
	a.port--;
	close(fd);
	close(accepted2);
	far.port++;
	assert_false(pd_self_dialled(&far, &a));
	close(accepted);
	close(listening);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_has),
		cmocka_unit_test(test_source),
		cmocka_unit_test(test_dialled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
