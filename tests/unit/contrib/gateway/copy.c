/* Copies of others' files: the n-th certificate of a chain, made anew when the
 * other file changes, gone with their directories. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "system.h"

#define CERT(what) \
	"-----BEGIN CERTIFICATE-----\n" what "\n-----END CERTIFICATE-----\n"

static struct gw_system sys;
static char root[64], run[80], from[96], path[128];

static int
setup(void **state)
{
	(void)state;
	strcpy(root, "/tmp/copy.XXXXXX");
	if (mkdtemp(root) == NULL)
		return -1;
	snprintf(run, sizeof(run), "%s/run", root);
	snprintf(from, sizeof(from), "%s/theirs.pem", root);
	snprintf(path, sizeof(path), "%s/a/b/ours.pem", run);
	gw_system_init(&sys, "home", run, root);
	return mkdir(run, 0700);
}

static int
teardown(void **state)
{
	const char *argv[] = { "rm", "-rf", root, NULL };
	struct gw_run r = { .argv = argv };

	(void)state;
	gw_run(&r);
	free(r.output);
	free(r.complaints);
	gw_system_finish(&sys);
	return 0;
}

/* part NULL: all of the file. */
static struct gw_step
step(struct gw_arg args[4], const char *part)
{
	args[0] = (struct gw_arg){ "path", path };
	args[1] = (struct gw_arg){ "from", from };
	args[2] = (struct gw_arg){ "mode", "0600" };
	args[3] = (struct gw_arg){ "part", part };
	return (struct gw_step){
		.kind = &gw_kind_copy,
		.args = args,
		.nargs = part != NULL ? 4 : 3,
		.nkeys = 1,
	};
}

static void
write_theirs(const char *text)
{
	assert_int_equal(gw_write_file(from, text, 0644), 0);
}

static void
expect_ours(const char *text)
{
	char *there = gw_read_file(path);

	assert_non_null(there);
	assert_string_equal(there, text);
	free(there);
}

static void
follows_the_other(void **state)
{
	struct gw_arg args[4];
	struct gw_step s = step(args, NULL);
	struct stat st;

	(void)state;
	assert_int_equal(gw_kind_copy.probe(&sys, &s), GW_MISSING);
	assert_int_equal(gw_kind_copy.make(&sys, &s), -1);
	assert_non_null(strstr(sys.why, "theirs.pem"));
	write_theirs("one\n");
	assert_int_equal(gw_kind_copy.probe(&sys, &s), GW_MISSING);
	assert_int_equal(gw_kind_copy.make(&sys, &s), 0);
	assert_int_equal(gw_kind_copy.probe(&sys, &s), GW_AS_PLANNED);
	expect_ours("one\n");
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	write_theirs("two\n");
	assert_int_equal(gw_kind_copy.probe(&sys, &s), GW_DRIFTED);
	assert_int_equal(gw_kind_copy.make(&sys, &s), 0);
	expect_ours("two\n");
	assert_int_equal(chmod(path, 0644), 0);
	assert_int_equal(gw_kind_copy.probe(&sys, &s), GW_DRIFTED);
}

static void
parts_of_a_chain(void **state)
{
	static const struct {
		const char *part, *text;
	} cases[] = { { "0", CERT("leaf") }, { "1", CERT("middle") } };
	struct gw_arg args[4];
	struct gw_step s;

	(void)state;
	write_theirs("subject=x\n" CERT("leaf") "between\n" CERT("middle"));
	for (size_t i = 0; i < 2; i++) {
		s = step(args, cases[i].part);
		assert_int_equal(gw_kind_copy.make(&sys, &s), 0);
		expect_ours(cases[i].text);
	}
	/* No third one: nothing there is as planned, and what was there goes.
	 */
	s = step(args, "2");
	assert_int_equal(gw_kind_copy.probe(&sys, &s), GW_DRIFTED);
	assert_int_equal(gw_kind_copy.make(&sys, &s), 0);
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(gw_kind_copy.probe(&sys, &s), GW_AS_PLANNED);
}

static void
no_certificate_at_all(void **state)
{
	static const char *const texts[] = { "", "no such thing\n",
		"-----BEGIN CERTIFICATE-----\ntorn\n",
		"-----END CERTIFICATE-----\n-----BEGIN CERTIFICATE-----\n" };
	struct gw_arg args[4];
	struct gw_step s = step(args, "0");

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		write_theirs(texts[i]);
		assert_int_equal(gw_kind_copy.probe(&sys, &s), GW_MISSING);
		assert_int_equal(gw_kind_copy.make(&sys, &s), -1);
		assert_non_null(strstr(sys.why, "holds no certificate"));
	}
}

static void
undone_with_its_directories(void **state)
{
	struct gw_arg args[4];
	struct gw_step s = step(args, NULL);
	char dir[96];

	(void)state;
	snprintf(dir, sizeof(dir), "%s/a", run);
	write_theirs("one\n");
	assert_int_equal(gw_kind_copy.make(&sys, &s), 0);
	assert_int_equal(unlink(from), 0);
	assert_int_equal(gw_kind_copy.undo(&sys, &s), 0);
	assert_int_equal(access(dir, F_OK), -1);
	assert_int_equal(access(run, F_OK), 0);
	/* Not there: no failure. */
	assert_int_equal(gw_kind_copy.undo(&sys, &s), 0);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(follows_the_other),
		TEST(parts_of_a_chain),
		TEST(no_certificate_at_all),
		TEST(undone_with_its_directories),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
