#include "filters/block/policy.h"

/* cmocka wants these before its own header. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "base/conf_row.h"
#include "tests/unit/addr_help.h"

/* 2026-11-23, a Monday, at 00:00 UTC. */
#define MONDAY INT64_C(1795392000)
#define HOUR   3600
#define DAY    (24 * HOUR)

static struct pd_conf *
conf_of(const char *text)
{
	const struct pd_conf_parse_params params = { .path = "x.conf",
		.text = text };
	struct pd_conf *c = pd_conf_parse(&params);

	if (c == NULL)
		fail_msg("refused: %s", text);
	return c;
}

static uint64_t
lists_at(const struct pd_policies *p, const char *client, int64_t now_s,
    const char *policy)
{
	struct pd_addr a;
	struct pd_str name;
	uint64_t lists;

	if (client != NULL)
		a = addr_of(client);
	lists = pd_policies_lists(p, client != NULL ? &a : NULL, now_s, &name);
	if (!pd_str_eq(name, pd_str_z(policy)))
		fail_msg("policy %.*s, not %s", PD_STR_ARG(name), policy);
	return lists;
}

static void
test_lists(void **state)
{
	struct pd_conf *c = conf_of(
	    "lists {\n"
	    " source easy { url = /a } source gone { url = /b enabled = no }\n"
	    " source adult { url = /c default = false }\n"
	    " policy kids { clients = {\"10.1.0.0/16\", \"fd00::7\"}\n"
	    "  lists = {\"ADULT\", \"easy\", \"gone\"} }\n"
	    " policy bare { clients = {\"10.2.0.1\", \"10.1.0.0/24\"}\n"
	    "  lists = {} }\n"
	    " policy grown { clients = 10.2.0.0/24 lists = adult }\n"
	    "}");
	/* As a rule file has them: Ziproxy's first, none that is off. */
	const struct pd_str names[] = { PD_STR("URLDeny"), PD_STR("easy"),
		PD_STR("adult") };
	struct pd_policies *p = pd_policies_create(c, names, 3);

	(void)state;
	pd_conf_unref(c);
	assert_int_equal(lists_at(p, NULL, MONDAY, ""), 3);
	assert_int_equal(lists_at(p, "10.3.0.1", MONDAY, ""), 3);
	assert_int_equal(lists_at(p, "10.1.0.1", MONDAY, "kids"), 7);
	assert_int_equal(lists_at(p, "::ffff:10.1.2.3", MONDAY, "kids"), 7);
	assert_int_equal(lists_at(p, "fd00::7", MONDAY, "kids"), 7);
	assert_int_equal(lists_at(p, "fd00::8", MONDAY, ""), 3);
	/* The first that fits. */
	assert_int_equal(lists_at(p, "10.2.0.1", MONDAY, "bare"), 1);
	assert_int_equal(lists_at(p, "10.2.0.2", MONDAY, "grown"), 5);
	pd_policies_destroy(p);
	pd_policies_destroy(NULL);
}

/* All bits are used, and none more. */
static void
test_many_lists(void **state)
{
	struct pd_conf *c = conf_of("Port = 80");
	struct pd_str names[70];
	struct pd_policies *p;

	(void)state;
	for (size_t i = 0; i < 70; i++)
		names[i] = PD_STR("x");
	p = pd_policies_create(c, names, 70);
	assert_true(lists_at(p, NULL, MONDAY, "") == UINT64_MAX);
	pd_policies_destroy(p);
	p = pd_policies_create(c, NULL, 0);
	assert_true(lists_at(p, NULL, MONDAY, "") == 0);
	pd_policies_destroy(p);
	pd_conf_unref(c);
}

static void
test_schedule(void **state)
{
	struct pd_conf *c = conf_of(
	    "lists {\n source a { url = /a }\n"
	    " policy night { clients = 10.0.0.1 lists = {}\n"
	    "  schedule = {\"mon-fri 20:00-07:00\", \"sun 12:00-13:00\"} }\n"
	    " policy day { clients = 10.0.0.1 lists = a }\n}");
	const struct pd_str names[] = { PD_STR("a") };
	struct pd_policies *p;

	(void)state;
	/* Five hours and a half ahead of Greenwich. */
	setenv("TZ", "TST-05:30", 1);
	p = pd_policies_create(c, names, 1);
	pd_conf_unref(c);
	/* 19:59:59 and 20:00 on Monday, there. */
	assert_int_equal(
	    lists_at(p, "10.0.0.1", MONDAY + 14 * HOUR + HOUR / 2 - 1, "day"),
	    1);
	assert_int_equal(
	    lists_at(p, "10.0.0.1", MONDAY + 14 * HOUR + HOUR / 2, "night"), 0);
	/* Tuesday, 06:59:59 and 07:00. */
	assert_int_equal(
	    lists_at(p, "10.0.0.1", MONDAY + 25 * HOUR + HOUR / 2 - 1, "night"),
	    0);
	assert_int_equal(
	    lists_at(p, "10.0.0.1", MONDAY + 25 * HOUR + HOUR / 2, "day"), 1);
	/* Sunday noon, by the second window; nobody else is meant. */
	assert_int_equal(
	    lists_at(p, "10.0.0.1", MONDAY + 6 * DAY + 7 * HOUR, "night"), 0);
	assert_int_equal(
	    lists_at(p, "10.0.0.2", MONDAY + 6 * DAY + 7 * HOUR, ""), 1);
	pd_policies_destroy(p);
	setenv("TZ", "UTC", 1);
	tzset();
}

static void
expect_apart(bool want, const char *text)
{
	struct pd_conf *c = conf_of(text);

	if (pd_policies_tell_apart(c) != want)
		fail_msg("%s", text);
	pd_conf_unref(c);
}

static void
test_tell_apart(void **state)
{
	(void)state;
	expect_apart(false, "Port = 80");
	expect_apart(
	    false, "lists { source a { url = /a } source b { url = /b } }");
	/* One that is for nobody might else swallow another's rule. */
	expect_apart(true, "lists { source a { url = /a }\n"
			   "source b { url = /b default = false } }");
	expect_apart(false,
	    "lists { source a { url = /a }\n"
	    "source b { url = /b default = false enabled = false } }");
#define P(lists)                                                \
	"lists { source a { url = /a } source b { url = /b }\n" \
	"source c { url = /c enabled = no }\n"                  \
	"policy p { clients = 10.0.0.1 lists = " lists " } }"
	expect_apart(false, P("{}"));
	expect_apart(true, P("{\"a\"}"));
	expect_apart(false, P("{\"b\", \"a\"}"));
	expect_apart(false, P("{\"c\"}"));
#undef P
}

static void
test_may_allow(void **state)
{
	struct pd_conf *c = conf_of(
	    "lists { source a { url = \"/dev/null\" }\n"
	    "policy kids { clients = {\"10.0.0.7\"} lists = {\"a\"} allow = "
	    "no\n"
	    " schedule = {\"sun 00:00-00:01\"} }\n"
	    "policy all { clients = {\"10.0.0.0/24\"} lists = {\"a\"} }\n}\n");
	struct pd_policies *p = pd_policies_create(c, NULL, 0);
	struct pd_addr kid = addr_of("10.0.0.7"), other = addr_of("10.0.0.8");
	struct pd_addr stranger = addr_of("10.1.0.7");

	(void)state;
	/* Also while its schedule is off: what is let through lasts. */
	assert_false(pd_policies_may_allow(p, &kid));
	assert_true(pd_policies_may_allow(p, &other));
	assert_true(pd_policies_may_allow(p, &stranger));
	pd_policies_destroy(p);
	pd_conf_unref(c);
}

static void
test_sites(void **state)
{
	static const char *const off[] = { "example.org", "www.example.org",
		"a.b.c.example.org", "x.a.on.example.org", "192.0.2.1",
		"2001:db8::1", "nas", "www.aa.example",
		"www.quiet.example.org" };
	static const char *const on[] = { "", "org", "xexample.org",
		"example.org.evil.example", "on.example.org",
		"www.on.example.org", "1.192.0.2.1.example", "192.0.2.10",
		"2001:db8::11", "aa.exampl", "example" };
	struct pd_conf *c = conf_of("site \"*.example.org\" { lists = off }\n"
				    "site on.example.org { lists = on }\n"
				    "site a.on.example.org { lists = off }\n"
				    "site aa.example { lists = off }\n"
				    "site 192.0.2.1 { lists = off }\n"
				    "site \"2001:db8::1\" { lists = off }\n"
				    "site nas { lists = off }\n"
				    "site quiet.example.org { images = off }");
	struct pd_policies *p = pd_policies_create(c, NULL, 0);

	(void)state;
	pd_conf_unref(c);
	for (size_t i = 0; i < sizeof(off) / sizeof(off[0]); i++) {
		if (!pd_policies_site_off(p, pd_str_z(off[i])))
			fail_msg("%s is on", off[i]);
	}
	for (size_t i = 0; i < sizeof(on) / sizeof(on[0]); i++) {
		if (pd_policies_site_off(p, pd_str_z(on[i])))
			fail_msg("%s is off", on[i]);
	}
	pd_policies_destroy(p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_many_lists),
		cmocka_unit_test(test_schedule),
		cmocka_unit_test(test_tell_apart),
		cmocka_unit_test(test_may_allow),
		cmocka_unit_test(test_sites),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
