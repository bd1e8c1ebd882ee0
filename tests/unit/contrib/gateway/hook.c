/* pppd's hook: what is not of our pool is somebody else's, no word of the
 * environment is trusted, and a session's note comes and goes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "cmd.h"
#include "tunnel/pptp.h"

static struct gw_config *conf;
static char root[64];
static struct gw_system sys;

static void
on_report(void *arg, bool error, const char *text)
{
	(void)arg;
	if (error)
		fail_msg("%s", text);
}

static int
setup(void **state)
{
	const struct pd_conf_report report = { .line = on_report };
	char text[1024];

	(void)state;
	strcpy(root, "/tmp/hook.XXXXXX");
	if (mkdtemp(root) == NULL)
		return -1;
	snprintf(text, sizeof(text),
	    "gateway old { uplink = \"eth0\" run-dir = \"%s\" }\n"
	    "tunnel ipad { type = \"pptp\" i-know-it-is-broken = true\n"
	    "    address = {\"192.168.77.1/32\"}\n"
	    "    pool = {\"192.168.77.234-192.168.77.238\"} }\n",
	    root);
	conf = gw_config_parse("test.conf", text, &report);
	if (conf == NULL)
		return -1;
	gw_system_of(&sys, conf);
	return 0;
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
	gw_config_free(conf);
	return 0;
}

/* What pppd passes for a session of ours. */
static void
set_env(void)
{
	char pid[16];

	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	setenv("PPP_IFACE", "ppp0", 1);
	setenv("PPP_LOCAL", "192.168.77.1", 1);
	setenv("PPP_REMOTE", "192.168.77.234", 1);
	setenv("PPP_IPPARAM", "198.51.100.2", 1);
	setenv("PEERNAME", "kim", 1);
	setenv("PPPD_PID", pid, 1);
}

static const char *
get_env(const char *name)
{
	return getenv(name);
}

static int
hook(const char *word)
{
	struct gw_plan p = { .conf = conf };
	char *argv[] = { (char *)"hook", (char *)word, NULL };

	return gw_cmd_hook(&p, word != NULL ? 2 : 1, argv);
}

static char *
note(void)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/ppp/ppp0", sys.run_dir);
	return gw_read_file(path);
}

static void
comes_and_goes(void **state)
{
	struct gw_ppp s;
	char *line;

	(void)state;
	set_env();
	assert_int_equal(hook("ppp-up"), GW_OK);
	line = note();
	assert_non_null(line);
	assert_int_equal(gw_ppp_parse(line, &s), 0);
	assert_string_equal(s.link, "ppp0");
	assert_string_equal(s.client, "kim");
	assert_string_equal(s.address, "192.168.77.234");
	assert_string_equal(s.remote, "198.51.100.2");
	assert_int_equal(s.pid, getpid());
	assert_true(time(NULL) - s.since < 10);
	free(line);
	assert_int_equal(hook("ppp-down"), GW_OK);
	assert_null(note());
	/* Of one that was never noted: nothing to do. */
	assert_int_equal(hook("ppp-down"), GW_OK);
}

static void
never_fails_the_session(void **state)
{
	static const struct {
		const char *name, *value;
	} bad[] = {
		{ "PPP_REMOTE", "192.168.77.239" },
		{ "PPP_REMOTE", "10.0.0.1" },
		{ "PPP_REMOTE", "" },
		{ "PPP_REMOTE", "192.168.77.234 x" },
		{ "PPP_REMOTE", NULL },
		{ "PPP_IFACE", "../../etc/x" },
		{ "PPP_IFACE", "" },
		{ "PPP_IFACE", ".." },
		{ "PPP_IFACE", "ppp0\nx" },
		{ "PPP_IFACE", "a-link-of-sixteen" },
		{ "PPP_IFACE", NULL },
		{ "PEERNAME", "kim x" },
		{ "PEERNAME", "DOMAIN\\kim" },
		{ "PEERNAME", "kim\n" },
		{ "PEERNAME", "" },
		{ "PEERNAME", NULL },
		{ "PPPD_PID", "0" },
		{ "PPPD_PID", "1" },
		{ "PPPD_PID", "-1" },
		{ "PPPD_PID", "99999999999" },
		{ "PPPD_PID", NULL },
	};
	struct gw_ppp s;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		set_env();
		if (bad[i].value != NULL)
			setenv(bad[i].name, bad[i].value, 1);
		else
			unsetenv(bad[i].name);
		assert_int_equal(gw_ppp_from_env(conf, get_env, &s), -1);
		assert_int_equal(hook("ppp-up"), GW_OK);
		assert_int_equal(hook("ppp-down"), GW_OK);
	}
	set_env();
	assert_int_equal(gw_ppp_from_env(conf, get_env, &s), 0);
	assert_null(note());
}

/* Where a client dialled from is nothing that a session needs. */
static void
without_origin(void **state)
{
	struct gw_ppp s;

	(void)state;
	set_env();
	unsetenv("PPP_IPPARAM");
	assert_int_equal(gw_ppp_from_env(conf, get_env, &s), 0);
	assert_string_equal(s.remote, "-");
	setenv("PPP_IPPARAM", "$(reboot)", 1);
	assert_int_equal(gw_ppp_from_env(conf, get_env, &s), 0);
	assert_string_equal(s.remote, "-");
}

static void
used_wrongly(void **state)
{
	(void)state;
	assert_int_equal(hook(NULL), GW_USAGE);
	assert_int_equal(hook("ppp-sideways"), GW_USAGE);
	/* Typed, and not called by pppd. */
	unsetenv("PPP_IFACE");
	unsetenv("PPP_LOCAL");
	unsetenv("PPP_REMOTE");
	assert_int_equal(hook("ppp-up"), GW_USAGE);
}

static void
lines(void **state)
{
	static const char *const bad[] = { "", "ppp0\n",
		"ppp0 kim 192.168.77.234 - 1 5\n", "ppp0 kim nowhere - 77 5\n",
		"ppp0 kim 192.168.77.234 - 77 5 more\n",
		"../x kim 192.168.77.234 - 77 5\n",
		"ppp0 k/m 192.168.77.234 - 77 5\n" };
	char line[256];
	struct gw_ppp s;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(gw_ppp_parse(bad[i], &s), -1);
	assert_int_equal(
	    gw_ppp_parse("ppp0 kim 192.168.77.234 - 77 5\n", &s), 0);
	gw_ppp_print(&s, line);
	assert_string_equal(line, "ppp0 kim 192.168.77.234 - 77 5\n");
}

/* What is no pppd (any more) is neither listed nor ended. */
static void
not_a_pppd(void **state)
{
	struct gw_ppp *v;

	(void)state;
	set_env();
	assert_int_equal(hook("ppp-up"), GW_OK);
	assert_int_equal(gw_ppp_sessions(&sys, &v), 0);
	assert_null(v);
	assert_int_equal(gw_pptp_disconnect(&sys, "kim"), 0);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(comes_and_goes),
		TEST(never_fails_the_session),
		TEST(without_origin),
		TEST(used_wrongly),
		TEST(lines),
		TEST(not_a_pppd),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
