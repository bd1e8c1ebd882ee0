#include "portal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/portal_help.h"

static void
hosts_of_the_portal(void **state)
{
	static const struct {
		const char *host;
		bool origin, absolute;
	} cases[] = {
		{ "pared.internal", true, true },
		{ "Pared.Internal.:8080", true, true },
		{ "proxy.example.org", true, true },
		{ "localhost:8080", true, false },
		{ "192.0.2.1:8080", true, false },
		{ "203.0.113.7", true, false },
		{ "[fd00::1]:8080", true, false },
		{ "example.org", false, false },
		{ "x.pared.internal", false, false },
		{ "pared.internal.evil.example", false, false },
		{ "wpad", false, false },
	};
	char machine[256], local[300];
	struct pd_authority a;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(
		    pd_authority_parse(pd_str_z(cases[i].host), 80, arena, &a),
		    PD_URL_OK);
		if (pd_portal_is_host(&conf, &a, true) != cases[i].origin ||
		    pd_portal_is_host(&conf, &a, false) != cases[i].absolute)
			fail_msg("%s", cases[i].host);
	}
	assert_int_equal(gethostname(machine, sizeof(machine)), 0);
	machine[strcspn(machine, ".")] = '\0';
	snprintf(local, sizeof(local), "%s.local", machine);
	assert_int_equal(
	    pd_authority_parse(pd_str_z(local), 80, arena, &a), PD_URL_OK);
	assert_true(pd_portal_is_host(&conf, &a, true));
	assert_false(pd_portal_is_host(&conf, &a, false));
}

static void
foreign_hosts_are_misdirected(void **state)
{
	static const char *const hosts[] = { "evil.example", "evil.example:80",
		"wpad.example.org" };
	struct pd_reply r;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		ask(&(struct ask){ .host = hosts[i], .path = "/metrics" }, &r);
		assert_int_equal(r.response.status, 421);
		assert_false(says(&r, "pared_clients"));
	}
	/* Through the proxy an address is an origin, not the portal. */
	ask(&(struct ask){ .host = "192.0.2.1", .path = "/", .through = true },
	    &r);
	assert_int_equal(r.response.status, 421);
}

static void
the_start_page_tells_how_the_visitor_came(void **state)
{
	struct pd_reply r;

	(void)state;
	ask(&(struct ask){ .host = "192.0.2.1:8080", .path = "/" }, &r);
	assert_int_equal(r.response.status, 200);
	assert_true(says(&r, "This page did not come through pared."));
	assert_true(says(&r, "http://192.0.2.1:8080/proxy.pac"));
	assert_false(says(&r, "@"));
	assert_false(says(&r, "<script"));
	assert_false(says(&r, "style="));
	assert_str(field(&r, "X-Frame-Options"), "DENY");
	assert_str(field(&r, "Referrer-Policy"), "same-origin");
	assert_str(field(&r, "X-Content-Type-Options"), "nosniff");
	assert_non_null(field(&r, "Content-Security-Policy").p);
	assert_null(memmem(field(&r, "Content-Security-Policy").p,
	    field(&r, "Content-Security-Policy").n, "unsafe", 6));
	ask(
	    &(struct ask){
		.host = "pared.internal", .path = "/?x", .through = true },
	    &r);
	assert_int_equal(r.response.status, 200);
	assert_true(says(&r, "This device goes through pared."));
	/* Its name is of no use to other devices. */
	assert_true(says(&r, "http://192.0.2.1:8080/proxy.pac"));
	assert_false(says(&r, "http://pared.internal/proxy.pac"));
}

static void
the_start_page_counts(void **state)
{
	struct pd_reply r;

	(void)state;
	pd_stats_add(&stats[0], PD_STAT_EXCHANGES_TOTAL, 1200000);
	pd_stats_add(&stats[1], PD_STAT_EXCHANGES_TOTAL, 34567);
	pd_stats_add(&stats[1], PD_STAT_BODY_IN, 5000000);
	pd_stats_add(&stats[0], PD_STAT_BODY_OUT, 3500000);
	ask(&(struct ask){ .host = "192.0.2.1", .path = "/" }, &r);
	assert_true(says(&r, "<dd>1,234,567</dd>"));
	assert_true(says(&r, "<dd>1.5 MB</dd>"));
	assert_true(says(&r, "<dd>3</dd>"));
	/* Content that grew is no saving. */
	pd_stats_add(&stats[0], PD_STAT_BODY_OUT, 3500000);
	ask(&(struct ask){ .host = "192.0.2.1", .path = "/" }, &r);
	assert_true(says(&r, "<dd>0 kB</dd>"));
}

static void
style_is_served(void **state)
{
	struct pd_reply r;

	(void)state;
	ask(&(struct ask){ .host = "192.0.2.1", .path = "/style.css" }, &r);
	assert_int_equal(r.response.status, 200);
	assert_str(field(&r, "Content-Type"), "text/css; charset=utf-8");
	assert_true(says(&r, "prefers-color-scheme:dark"));
	assert_true(says(&r, ".state"));
}

/* The proxy that the script names is the one that the client reached. */
static void
the_pac_names_the_way_the_client_came(void **state)
{
	static const struct {
		const char *host, *proxy;
		bool through;
	} cases[] = {
		{ "192.0.2.77:3128", "\"PROXY 192.0.2.77:3128; DIRECT\"",
		    false },
		{ "192.0.2.77", "\"PROXY 192.0.2.77:80; DIRECT\"", false },
		{ "[FD00::7]:8080", "\"PROXY [fd00::7]:8080; DIRECT\"", false },
		{ "proxy.example.org:8080",
		    "\"PROXY proxy.example.org:8080; DIRECT\"", false },
		{ "localhost:8080", "\"PROXY localhost:8080; DIRECT\"", false },
		{ "pared.internal", "\"PROXY 192.0.2.1:8080; DIRECT\"", false },
		{ "pared.internal", "\"PROXY 192.0.2.1:8080; DIRECT\"", true },
		{ "0.0.0.0:8080", "\"PROXY 192.0.2.1:8080; DIRECT\"", false },
		{ "wpad.example.org", "\"PROXY 192.0.2.1:8080; DIRECT\"",
		    false },
		{ NULL, "\"PROXY 192.0.2.1:8080; DIRECT\"", false },
	};
	struct pd_reply r;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ask(&(struct ask){ .host = cases[i].host,
			.path = "/wpad.dat",
			.through = cases[i].through },
		    &r);
		if (r.response.status != 200 || !says(&r, cases[i].proxy))
			fail_msg(
			    "%s: %.*s", cases[i].host, PD_STR_ARG(r.content));
		assert_str(field(&r, "Content-Type"),
		    "application/x-ns-proxy-autoconfig");
		assert_str(field(&r, "Cache-Control"), "max-age=300");
		assert_true(says(&r, ",captive.apple.com,"));
		assert_false(says(&r, "www.google.com"));
		assert_true(r.content.n < 4096);
	}
}

static void
the_pac_is_always_200(void **state)
{
	struct pd_reply r;

	(void)state;
	ask(&(struct ask){ .host = "192.0.2.1:8080",
		.path = "/proxy.pac",
		.field = "If-Modified-Since",
		.value = "Sat, 21 Nov 2026 10:00:00 GMT" },
	    &r);
	assert_int_equal(r.response.status, 200);
	ask(&(struct ask){ .host = "192.0.2.1:8080",
		.path = "/proxy.pac",
		.draining = true,
		.field = "If-None-Match",
		.value = "*" },
	    &r);
	assert_int_equal(r.response.status, 200);
	assert_true(r.content.n > 500);
}

static void
health_follows_draining(void **state)
{
	struct pd_reply r;

	(void)state;
	ask(&(struct ask){ .host = "127.0.0.1:8080", .path = "/healthz" }, &r);
	assert_int_equal(r.response.status, 200);
	assert_str(r.content, "ok\n");
	assert_str(field(&r, "Cache-Control"), "no-store");
	ask(&(struct ask){ .path = "/healthz", .draining = true }, &r);
	assert_int_equal(r.response.status, 503);
	assert_str(r.content, "draining\n");
}

/* Each metric: HELP, TYPE, one sample; by the text format 0.0.4. */
static void
metrics_are_well_formed(void **state)
{
	struct pd_reply r;
	struct pd_str rest, line;
	unsigned samples = 0;

	(void)state;
	pd_stats_add(&stats[0], PD_STAT_BLOCKED, 3);
	pd_stats_add(&stats[1], PD_STAT_BLOCKED, 4);
	ask(&(struct ask){ .host = "127.0.0.1", .path = "/metrics" }, &r);
	assert_int_equal(r.response.status, 200);
	assert_true(says(&r, "\npared_requests_blocked_total 7\n"));
	assert_true(says(&r, "\npared_block_rules 3\n"));
	assert_true(says(&r, "# TYPE pared_requests_blocked_total counter\n"));
	assert_true(says(&r, "# TYPE pared_clients gauge\n"));
	assert_int_equal(r.content.p[r.content.n - 1], '\n');
	rest = pd_str_of(r.content.p, r.content.n - 1);
	while (rest.p != NULL) {
		line = pd_str_split(&rest, '\n');
		assert_true(pd_str_starts(line, PD_STR("# HELP pared_")));
		line = pd_str_split(&rest, '\n');
		assert_true(pd_str_starts(line, PD_STR("# TYPE pared_")));
		line = pd_str_split(&rest, '\n');
		assert_true(pd_str_starts(line, PD_STR("pared_")));
		samples++;
	}
	assert_int_equal(samples, PD_STAT_COUNT + 2);
}

static void
head_is_as_get(void **state)
{
	struct pd_reply get, head;

	(void)state;
	ask(&(struct ask){ .host = "192.0.2.1", .path = "/proxy.pac" }, &get);
	ask(
	    &(struct ask){
		.method = "HEAD", .host = "192.0.2.1", .path = "/proxy.pac" },
	    &head);
	assert_int_equal(head.response.status, 200);
	assert_int_equal(
	    head.response.content_length, get.response.content_length);
}

static void
what_is_not_there(void **state)
{
	struct pd_reply r;

	(void)state;
	ask(&(struct ask){ .host = "192.0.2.1", .path = "/nope<b>" }, &r);
	assert_int_equal(r.response.status, 404);
	ask(&(struct ask){ .host = "192.0.2.1", .path = "//" }, &r);
	assert_int_equal(r.response.status, 404);
	ask(&(struct ask){ .method = "POST", .host = "192.0.2.1", .path = "/" },
	    &r);
	assert_int_equal(r.response.status, 405);
	assert_str(field(&r, "Allow"), "GET, HEAD");
	ask(
	    &(struct ask){
		.method = "POST", .host = "192.0.2.1", .path = "/nope" },
	    &r);
	assert_int_equal(r.response.status, 404);
}

static void
the_start_page_lists_lists(void **state)
{
	struct pd_reply r;

	(void)state;
	ask(&(struct ask){ .host = "192.0.2.1", .path = "/" }, &r);
	assert_true(says(&r, "<th>te&lt;st</th><td>3</td><td>A &amp; B</td>"));
	assert_true(says(&r, "Compiled "));
	assert_true(says(&r, "href=\"/why\""));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, begin, end)
		T(hosts_of_the_portal),
		T(foreign_hosts_are_misdirected),
		T(the_start_page_tells_how_the_visitor_came),
		T(the_start_page_counts),
		T(style_is_served),
		T(the_pac_names_the_way_the_client_came),
		T(the_pac_is_always_200),
		T(health_follows_draining),
		T(metrics_are_well_formed),
		T(head_is_as_get),
		T(what_is_not_there),
		T(the_start_page_lists_lists),
#undef T
	};

	return cmocka_run_group_tests(tests, begin_portal, end_portal);
}
