/* Other programs: what they get, what they give, and that none is waited for
 * for ever. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "system.h"

static struct gw_run r;

static int
run(const char *const *argv)
{
	r.argv = argv;
	return gw_run(&r);
}

#define RUN(...) run((const char *const[]){ __VA_ARGS__, NULL })

static int
teardown(void **state)
{
	(void)state;
	free(r.output);
	free(r.complaints);
	r = (struct gw_run){ 0 };
	return 0;
}

static void
test_output_and_status(void **state)
{
	(void)state;
	assert_int_equal(RUN("sh", "-c", "echo out; echo no >&2; exit 3"), -1);
	assert_int_equal(r.status, 3);
	assert_string_equal(r.output, "out\n");
	assert_string_equal(r.complaints, "no\n");
}

/* 300 KB: more than a pipe holds. */
static void
test_input(void **state)
{
	size_t n = 300000;
	char *text = malloc(n + 1);

	(void)state;
	memset(text, 'x', n);
	text[n] = '\0';
	r.input = text;
	assert_int_equal(RUN("cat"), 0);
	assert_string_equal(r.output, text);
	free(text);
}

/* A program that does not read what it is given ends no one else. */
static void
test_input_unread(void **state)
{
	(void)state;
	r.input = "words";
	assert_int_equal(RUN("true"), 0);
	assert_string_equal(r.output, "");
}

static void
test_no_input_is_empty(void **state)
{
	(void)state;
	assert_int_equal(RUN("cat"), 0);
	assert_string_equal(r.output, "");
}

static void
test_environment(void **state)
{
	(void)state;
	setenv("LD_LIBRARY_PATH", "/evil", 1);
	r.env = (const char *const[]){ "A=1 2", NULL };
	assert_int_equal(RUN("env"), 0);
	unsetenv("LD_LIBRARY_PATH");
	assert_string_equal(r.output,
	    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:"
	    "/bin\nLC_ALL=C\nA=1 2\n");
}

/* 0, 1, 2, and the one that ls opens. */
static void
test_descriptors(void **state)
{
	int fd = dup(0);

	(void)state;
	assert_int_equal(RUN("ls", "/proc/self/fd"), 0);
	assert_string_equal(r.output, "0\n1\n2\n3\n");
	close(fd);
}

static void
test_not_there(void **state)
{
	(void)state;
	assert_int_equal(RUN("no-such-program"), -1);
	assert_int_equal(r.status, 127);
	assert_string_equal(r.output, "");
	assert_string_equal(r.complaints, "it is not installed");
	assert_null(gw_program("no-such-program"));
}

/* A name is never taken from where we stand. */
static void
test_path(void **state)
{
	char *path = gw_program("sh");

	(void)state;
	assert_non_null(path);
	assert_int_equal(path[0], '/');
	free(path);
	assert_null(gw_program("."));
}

static void
test_deadline(void **state)
{
	uint64_t at = pd_clock_ms(CLOCK_MONOTONIC);

	(void)state;
	r.timeout_ms = 100;
	/* Its child is killed with it. */
	assert_int_equal(RUN("sh", "-c", "echo begun; sleep 9; true"), -1);
	assert_in_range(pd_clock_ms(CLOCK_MONOTONIC) - at, 90, 5000);
	assert_int_equal(r.status, 128 + 9);
	assert_string_equal(r.output, "begun\n");
	assert_string_equal(r.complaints, "it did not end in time");
}

/* A daemon that it leaves behind has our pipe, and is not waited for. */
static void
test_left_behind(void **state)
{
	uint64_t at = pd_clock_ms(CLOCK_MONOTONIC);

	(void)state;
	assert_int_equal(RUN("sh", "-c", "sleep 3 & echo gone"), 0);
	assert_in_range(pd_clock_ms(CLOCK_MONOTONIC) - at, 0, 2500);
	assert_string_equal(r.output, "gone\n");
}

static void
test_too_much(void **state)
{
	(void)state;
	assert_int_equal(RUN("yes"), -1);
	assert_int_equal(strlen(r.output), 1 << 20);
	assert_string_equal(r.complaints, "it wrote too much");
}

static void
test_too_many_complaints(void **state)
{
	(void)state;
	assert_int_equal(
	    RUN("sh", "-c", "head -c 100000 /dev/zero | tr '\\0' x >&2"), 0);
	assert_int_equal(strlen(r.complaints), 4096);
}

static void
test_signal(void **state)
{
	(void)state;
	assert_int_equal(RUN("sh", "-c", "kill -TERM $$"), -1);
	assert_int_equal(r.status, 128 + 15);
}

static void
test_why(void **state)
{
	struct gw_system sys = { 0 };

	(void)state;
	r.argv = (const char *const[]){ "sh", "-c",
		"printf 'Error:\\n\\t  bad\\n\\n' >&2; false", NULL };
	assert_int_equal(gw_run_or_fail(&sys, &r), -1);
	assert_string_equal(sys.why, "sh: Error: bad");
	free(r.output);
	free(r.complaints);
	r.argv = (const char *const[]){ "false", NULL };
	assert_int_equal(gw_run_or_fail(&sys, &r), -1);
	assert_string_equal(sys.why, "false ended with status 1");
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_teardown(f, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_output_and_status),
		TEST(test_input),
		TEST(test_input_unread),
		TEST(test_no_input_is_empty),
		TEST(test_environment),
		TEST(test_descriptors),
		TEST(test_not_there),
		TEST(test_path),
		TEST(test_deadline),
		TEST(test_left_behind),
		TEST(test_too_much),
		TEST(test_too_many_complaints),
		TEST(test_signal),
		TEST(test_why),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
