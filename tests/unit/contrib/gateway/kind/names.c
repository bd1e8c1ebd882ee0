/* The names out of a list: whatever the file says, unbound hears of names. */
#include "kind/names.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "system.h"

static struct gw_names_left left;

static char *
written(const char *text)
{
	char *out = NULL;
	size_t len;
	FILE *file = open_memstream(&out, &len);

	assert_non_null(file);
	gw_names_write(file, text, &left);
	assert_int_equal(fclose(file), 0);
	return out;
}

#define LABEL "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffff123"

/* What `pared lists export` writes comes through as it is. */
static void
test_taken(void **state)
{
	static const char list[] =
	    "local-zone: \"ads.example.com\" always_null\n"
	    "local-zone: \"good.ads.example.com\" transparent\n"
	    "local-data: \"one.example.com A 0.0.0.0\"\n"
	    "local-data: \"one.example.com AAAA ::\"\n"
	    "local-zone: \"xn--bcher-kva.example\" always_null\n"
	    "local-zone: \"_x._tcp.example\" always_null\n"
	    "local-zone: \"" LABEL ".example\" always_null\n";
	char *out = written(list);

	(void)state;
	assert_string_equal(out, list);
	assert_int_equal(left.n, 0);
	free(out);
	out = written("# a list\n\nlocal-zone: \"a.test\" always_null");
	assert_string_equal(out, "local-zone: \"a.test\" always_null\n");
	assert_int_equal(left.n, 0);
	free(out);
}

static void
test_left_out(void **state)
{
	static const char *const lines[] = {
		"username: \"\"",
		"    module-config: \"python iterator\"",
		"include: \"/etc/shadow\"",
		"local-zone: \"a.test\" always_null username: \"\"",
		"local-zone: \"a.test\" redirect",
		"local-zone: \"a.test\" always_null\r",
		"local-zone: \"a.test\"  always_null",
		" local-zone: \"a.test\" always_null",
		"local-zone: \"a.test\" always_null\rusername: \"\" "
		"always_null",
		"local-zone: \"a\" x \"b\" always_null",
		"local-zone: \"\" always_null",
		"local-zone: \".\" always_null",
		"local-zone: \"a..b\" always_null",
		"local-zone: \".a\" always_null",
		"local-zone: \"" LABEL "4.example\" always_null",
		"local-zone: \"" LABEL "." LABEL "." LABEL "." LABEL
		"\" always_null",
		"local-data: \"bank.test A 192.0.2.1\"",
		"local-data: \"bank.test TXT x A 0.0.0.0\"",
		"local-data: \"a.test AAAA ::1\"",
		"local-data: \" A 0.0.0.0\"",
		"server:",
		"local-zone: \"",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		char text[512], *out;

		snprintf(text, sizeof(text), "#\n%s\n", lines[i]);
		out = written(text);
		assert_string_equal(out, "");
		assert_int_equal(left.n, 1);
		assert_int_equal(left.line, 2);
		free(out);
	}
}

/* The file is ours, made anew when the plan speaks of another list. */
static void
test_step(void **state)
{
	char top[] = "/tmp/pared-names-XXXXXX", path[64], from[64];
	struct gw_arg args[] = { { "path", path }, { "from", from },
		{ "stamp", "3 4.5" } };
	struct gw_step s = {
		.kind = &gw_kind_names, .args = args, .nargs = 3, .nkeys = 1
	};
	struct gw_system sys;
	FILE *file;
	char *text;

	(void)state;
	assert_non_null(mkdtemp(top));
	snprintf(path, sizeof(path), "%s/blocked.conf", top);
	snprintf(from, sizeof(from), "%s/list", top);
	gw_system_init(&sys, "home", top, top);
	assert_int_equal(s.kind->make(&sys, &s), -1);
	file = fopen(from, "w");
	assert_non_null(file);
	fputs("username: \"\"\nlocal-zone: \"a.test\" always_null\n", file);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(s.kind->probe(&sys, &s), GW_MISSING);
	assert_int_equal(s.kind->make(&sys, &s), 0);
	assert_int_equal(s.kind->probe(&sys, &s), GW_AS_PLANNED);
	text = gw_read_file(path);
	assert_string_equal(
	    text, "# 3 4.5\nlocal-zone: \"a.test\" always_null\n");
	free(text);
	args[2].value = "3 4.50";
	assert_int_equal(s.kind->probe(&sys, &s), GW_DRIFTED);
	args[2].value = "3 4.";
	assert_int_equal(s.kind->probe(&sys, &s), GW_DRIFTED);
	assert_int_equal(s.kind->undo(&sys, &s), 0);
	assert_int_equal(access(path, F_OK), -1);
	gw_system_finish(&sys);
	unlink(from);
	assert_int_equal(rmdir(top), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_taken),
		cmocka_unit_test(test_left_out),
		cmocka_unit_test(test_step),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
