#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char path[64], other[64];

static char *
read_all(const char *name)
{
	static char text[65536];
	int fd = open(name, O_RDONLY);
	ssize_t n;

	assert_true(fd >= 0);
	n = read(fd, text, sizeof(text) - 1);
	assert_true(n >= 0);
	text[n] = '\0';
	close(fd);
	return text;
}

static unsigned
count_lines(const char *text)
{
	unsigned n = 0;

	for (; *text != '\0'; text++)
		n += *text == '\n';
	return n;
}

static int
setup(void **state)
{
	(void)state;
	strcpy(path, "/tmp/pared-log-XXXXXX");
	strcpy(other, "/tmp/pared-log-XXXXXX");
	close(mkstemp(path));
	close(mkstemp(other));
	pd_log_set_level(PD_LOG_INFO);
	return pd_log_open(path);
}

static int
teardown(void **state)
{
	(void)state;
	unlink(path);
	unlink(other);
	return pd_log_open(NULL);
}

static void
test_line(void **state)
{
	const char *text;
	char long_text[4000];

	(void)state;
	setenv("JOURNAL_STREAM", "1:2", 1);
	pd_log(PD_LOG_WARN, 0x4f2, "upstream: %s", "refused");
	unsetenv("JOURNAL_STREAM");
	pd_log(PD_LOG_DEBUG, 0, "not wanted");
	pd_log(PD_LOG_INFO, 0, "a\nb\r\x1b[1m\x7f");
	text = read_all(path);
	/* A file has times in it, whoever started us. */
	assert_non_null(strstr(text, "Z warn [4f2] upstream: refused\n"));
	assert_int_equal(text[4], '-');
	assert_null(strstr(text, "not wanted"));
	assert_non_null(strstr(text, "Z info a?b??[1m?\n"));
	assert_int_equal(count_lines(text), 2);

	memset(long_text, 'x', sizeof(long_text) - 1);
	long_text[sizeof(long_text) - 1] = '\0';
	pd_log(PD_LOG_ERROR, 0, "%s", long_text);
	text = read_all(path);
	assert_int_equal(count_lines(text), 3);
	assert_int_equal(text[strlen(text) - 1], '\n');
	assert_true(strlen(text) < 2048 + 200);
}

static void
test_reopen(void **state)
{
	(void)state;
	pd_log(PD_LOG_INFO, 0, "one");
	assert_int_equal(pd_log_open(other), 0);
	pd_log(PD_LOG_INFO, 0, "two");
	assert_int_equal(pd_log_open("/nonexistent/x"), -1);
	assert_int_equal(errno, ENOENT);
	pd_log(PD_LOG_INFO, 0, "three");
	assert_int_equal(count_lines(read_all(path)), 1);
	assert_int_equal(count_lines(read_all(other)), 2);
	/* Under the name again: what was moved away is left alone. */
	unlink(other);
	assert_int_equal(pd_log_open(other), 0);
	pd_log(PD_LOG_INFO, 0, "four");
	assert_non_null(strstr(read_all(other), "four"));
	assert_int_equal(count_lines(read_all(other)), 1);
	assert_int_equal(pd_log_open(NULL), 0);
	pd_log(PD_LOG_INFO, 0, "on stderr");
	assert_int_equal(count_lines(read_all(other)), 1);
}

static void
test_limit(void **state)
{
	struct pd_log_limit limit = { 0 };
	unsigned passed = 0;

	(void)state;
	for (int i = 0; i < 1000; i++)
		passed += pd_log_limit_pass(&limit, PD_LOG_INFO);
	/* A second may end meanwhile. */
	assert_true(passed >= PD_LOG_BURST && passed <= 2 * PD_LOG_BURST);
	sleep(1);
	usleep(100000);
	assert_true(pd_log_limit_pass(&limit, PD_LOG_INFO));
	assert_non_null(strstr(read_all(path), "more lines like the next"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_line, setup, teardown),
		cmocka_unit_test_setup_teardown(test_reopen, setup, teardown),
		cmocka_unit_test_setup_teardown(test_limit, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
