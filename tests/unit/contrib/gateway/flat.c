#include "flat.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "config.h"
#include "engine.h"
#include "system.h"

static char dir[] = "/tmp/pared-flat-XXXXXX";

void
gw_fault(const char *where)
{
	(void)where;
}

static const char *
path_of(const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static void
put(const char *name, const char *text)
{
	assert_int_equal(gw_write_file(path_of(name), text, 0600), 0);
}

/* In the order in which they stand, whatever file they are of. */
static void
includes_are_in_their_places(void **state)
{
	char *text;

	(void)state;
	put("main.conf", "# comment\ngateway g { ipv6 = \"refuse\" # why\n}\n"
			 "include(\"one.conf\") limit 'b\"\\\\' { over = "
			 "\"7/minute\" }\n");
	put("one.conf", "limit a { match = {\"udp dport 123\"} }\n"
			"include('two.conf')\n");
	put("two.conf", "resolver {}\n");
	text = gw_flat_read(path_of("main.conf"));
	assert_string_equal(text,
	    "gateway \"g\" { ipv6 = \"refuse\" # why\n}\n"
	    "limit \"a\" { match = {\"udp dport 123\"} }\n"
	    "resolver {}\n"
	    "limit \"b\\\"\\\\\" { over = \"7/minute\" }\n");
	free(text);
}

/* What went into the configuration comes out of its copy. */
static void
says_the_same(void **state)
{
	struct gw_config *c;
	char *text;

	(void)state;
	put("main.conf", "gateway g { uplink = \"eth0\" }\n"
			 "include(\"one.conf\")\n");
	put("one.conf", "tunnel t { type = \"wireguard\" address = "
			"{\"10.0.0.1/24\"} }\n");
	text = gw_flat_read(path_of("main.conf"));
	put("one.conf", "");
	c = gw_config_parse("copy", text, NULL);
	assert_non_null(c);
	assert_string_equal(c->name, "g");
	assert_string_equal(c->uplink, "eth0");
	assert_int_equal(c->ntunnels, 1);
	assert_string_equal(c->tunnels[0].title, "t");
	gw_config_free(c);
	free(text);
}

static void
what_cannot_be_read_is_an_error(void **state)
{
	(void)state;
	put("main.conf", "include(\"main.conf\")\n");
	assert_null(gw_flat_read(path_of("main.conf")));
	assert_int_equal(errno, ELOOP);
	put("main.conf", "gateway g {}\ninclude(\"none.conf\")\n");
	assert_null(gw_flat_read(path_of("main.conf")));
	assert_int_equal(errno, ENOENT);
}

static int
set_up(void **state)
{
	(void)state;
	return mkdtemp(dir) != NULL ? 0 : -1;
}

static int
tear_down(void **state)
{
	(void)state;
	(void)unlink(path_of("main.conf"));
	(void)unlink(path_of("one.conf"));
	(void)unlink(path_of("two.conf"));
	return rmdir(dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(includes_are_in_their_places),
		cmocka_unit_test(says_the_same),
		cmocka_unit_test(what_cannot_be_read_is_an_error),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
