/* Files that are there after a loss of power, or gone after one. */
#include "system.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

static char dir[] = "/tmp/pared-system-XXXXXX";
static char path[64];
static unsigned files, directories; /* that were synced */

/* In the place of the C library's. */
int
fsync(int fd)
{
	struct stat st;

	assert_int_equal(fstat(fd, &st), 0);
	if (S_ISDIR(st.st_mode))
		directories++;
	else
		files++;
	return (int)syscall(SYS_fsync, fd);
}

static void
expect_synced(unsigned nfiles, unsigned ndirectories)
{
	assert_int_equal(files, nfiles);
	assert_int_equal(directories, ndirectories);
	files = directories = 0;
}

/* A new name, as that of a client's file; and one less, as of a revoked one. */
static void
names_are_synced(void **state)
{
	(void)state;
	assert_int_equal(gw_write_file(path, "one", 0600), 0);
	expect_synced(1, 1);
	assert_int_equal(gw_remove_file(path), 0);
	expect_synced(0, 1);
	assert_int_equal(gw_remove_file(path), 0);
	expect_synced(0, 0);
}

static void
failures_leave_nothing(void **state)
{
	char beside[96];

	(void)state;
	snprintf(beside, sizeof(beside), "%s.pared-new", path);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(gw_write_file(path, "one", 0600), -1);
	assert_int_equal(errno, EISDIR);
	assert_int_equal(access(beside, F_OK), -1);
	assert_int_equal(rmdir(path), 0);
}

static void
read_up_to_a_limit(void **state)
{
	size_t n = 5 << 20;
	char *text = malloc(n + 1), *got;

	(void)state;
	memset(text, 'x', n);
	text[n] = '\0';
	assert_int_equal(gw_write_file(path, text, 0600), 0);
	got = gw_read_file(path);
	assert_non_null(got);
	assert_int_equal(strlen(got), n);
	free(got);
	assert_int_equal(truncate(path, ((off_t)64 << 20) + 1), 0);
	assert_null(gw_read_file(path));
	assert_int_equal(errno, EFBIG);
	assert_int_equal(gw_remove_file(path), 0);
	free(text);
}

static int
set_up(void **state)
{
	(void)state;
	if (mkdtemp(dir) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/a", dir);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	return rmdir(dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_synced),
		cmocka_unit_test(failures_leave_nothing),
		cmocka_unit_test(read_up_to_a_limit),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
