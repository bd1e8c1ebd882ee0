/* Files that the configuration names: keys that are none, lists that say more
 * than names. */
#include "check_help.h"

#include <sys/stat.h>
#include <unistd.h>

#define KEY "KEvtxkWhSvzw4mrbzHbNlC1xNHNgXiFNoZUtPYY2bXM=\n"

static char path[32];

static void
put(const char *text, mode_t mode)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(path, mode), 0);
}

static int
setup(void **state)
{
	int fd;

	(void)state;
	strcpy(path, "/tmp/pared-file-XXXXXX");
	fd = mkstemp(path);
	return fd < 0 ? -1 : close(fd);
}

static int
teardown(void **state)
{
	unlink(path);
	return check_help_finish(state);
}

/* Looks at a tunnel with a file as the option. */
static void
look(const char *option)
{
	char text[512];

	check_help_finish(NULL);
	snprintf(text, sizeof(text),
	    "gateway home { uplink = \"lo\" }\n"
	    "tunnel phones { type = \"wireguard\" address = {\"10.77.0.1/24\"} "
	    "%s }\n",
	    option);
	check_help_make(text);
	gw_check_files(&check);
}

static void
test_key(void **state)
{
	const struct gw_finding *f;
	char option[64];

	(void)state;
	snprintf(option, sizeof(option), "key = \"%s\"", path);
	put("", 0600);
	look(option);
	f = check_help_find("it holds no WireGuard key");
	assert_non_null(f);
	assert_int_equal(f->level, GW_ERROR);
	assert_non_null(strstr(f->remedy, "wg genkey > /tmp/pared-file-"));
	put(KEY, 0644);
	look(option);
	f = check_help_find("can be read by others");
	assert_non_null(f);
	assert_int_equal(f->level, GW_WARN);
	put(KEY, 0600);
	look(option);
	assert_int_equal(check.n, 0);
	unlink(path);
	look(option);
	assert_non_null(check_help_find("No such file"));
}

static void
test_list(void **state)
{
	const struct gw_finding *f;
	char option[128];

	(void)state;
	snprintf(option, sizeof(option),
	    "dns = {\"self\"} }\nresolver { blocklist = \"%s\"", path);
	put("local-zone: \"ads.test\" always_null\n", 0644);
	look(option);
	assert_int_equal(check.n, 0);
	put("local-zone: \"ads.test\" always_null\nusername: \"\"\nx\n", 0644);
	look(option);
	f = check_help_find(": 2 lines, the first of them line 2,");
	assert_non_null(f);
	assert_int_equal(f->level, GW_WARN);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_key),
		TEST(test_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
