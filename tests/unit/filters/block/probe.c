#include "fixture.h"

static bool
match(const struct pd_probe_set *s, const char *host, const char *path)
{
	return pd_probe_match(s, pd_str_z(host), pd_str_z(path));
}

static void
built_in_list(void **state)
{
	struct pd_conf conf = { .probes = NULL };
	struct report report;
	struct pd_probe_set *s = pd_probe_load(&conf, report_begin(&report));

	(void)state;
	assert_non_null(s);
	assert_int_equal(report.lines, 0);
	assert_true(match(s, "connectivitycheck.gstatic.com", "/generate_204"));
	assert_true(match(s, "captive.apple.com", "/hotspot-detect.html"));
	assert_true(match(s, "www.msftconnecttest.com", "/connecttest.txt"));
	assert_true(match(s, "detectportal.firefox.com", "/success.txt?ipv4"));
	assert_true(match(s, "nmcheck.gnome.org", "/check_network_status.txt"));
	assert_true(match(s, "www.google.com", "/gen_204"));
	/* On any host of the list. */
	assert_true(match(s, "detectportal.firefox.com", "/generate_204"));
	/* What Google's pages report is no probe. */
	assert_false(match(s, "www.google.com", "/gen_204?atyp=i"));
	assert_false(match(s, "www.google.com", "/"));
	assert_false(match(s, "google.com", "/generate_204"));
	assert_false(match(s, "x.captive.apple.com", "/"));
	assert_false(match(s, "www.apple.com", "/"));
	assert_false(match(s, "", ""));
	pd_probe_destroy(s);
	pd_probe_destroy(NULL);
}

struct seen {
	char text[4096];
	unsigned n;
};

static void
see(void *arg, struct pd_str host)
{
	struct seen *seen = arg;
	size_t at = strlen(seen->text);

	snprintf(seen->text + at, sizeof(seen->text) - at, " %.*s ",
	    PD_STR_ARG(host));
	seen->n++;
}

static void
hosts_for_the_pac(void **state)
{
	struct pd_conf conf = { .probes = NULL };
	struct seen seen = { .n = 0 };
	struct pd_probe_set *s = pd_probe_load(&conf, NULL);

	(void)state;
	pd_probe_hosts(s, see, &seen);
	assert_true(seen.n > 20);
	assert_non_null(strstr(seen.text, " captive.apple.com "));
	/* Once, although it has two lines. */
	assert_null(strstr(strstr(seen.text, " www.msftconnecttest.com ") + 1,
	    " www.msftconnecttest.com "));
	/* These serve more than probes. */
	assert_null(strstr(seen.text, "www.google.com"));
	assert_null(strstr(seen.text, "www.apple.com"));
	pd_probe_destroy(s);
}

static void
a_list_of_ones_own(void **state)
{
	char *path = file_of(PD_STR("# mine\r\n"
				    "Check.Example.org/a/b # why\r\n"
				    "http://other.example/*.txt shared\n"
				    "third.example\n"
				    "/nohost\n"
				    "x.example/a wrong\n"
				    "x.example/a?q\n"));
	struct pd_conf conf = { .probes = path };
	struct report report;
	struct seen seen = { .n = 0 };
	struct pd_probe_set *s = pd_probe_load(&conf, report_begin(&report));

	(void)state;
	assert_non_null(s);
	assert_int_equal(report.lines, 3);
	assert_int_equal(report.errors, 0);
	assert_told(&report, ":5: ");
	assert_told(&report, ":6: ");
	assert_told(&report, ":7: ");
	assert_true(match(s, "check.example.org", "/a/b"));
	assert_false(match(s, "check.example.org", "/a/bc"));
	assert_true(match(s, "other.example", "/x.txt"));
	assert_true(match(s, "third.example", "/"));
	assert_false(match(s, "captive.apple.com", "/hotspot-detect.html"));
	pd_probe_hosts(s, see, &seen);
	assert_int_equal(seen.n, 2);
	pd_probe_destroy(s);
	file_end(path);
}

static void
a_list_that_is_missing(void **state)
{
	struct pd_conf conf = { .probes = "/nonexistent/probes" };
	struct report report;

	(void)state;
	assert_null(pd_probe_load(&conf, report_begin(&report)));
	assert_int_equal(report.errors, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(built_in_list),
		cmocka_unit_test(hosts_for_the_pac),
		cmocka_unit_test(a_list_of_ones_own),
		cmocka_unit_test(a_list_that_is_missing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
