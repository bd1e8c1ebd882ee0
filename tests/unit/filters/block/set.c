#include "filters/block/set.h"

#include "fixture.h"

static const struct pd_host_key key = { 1, 2 };

static void
add(struct pd_set *s, const char *host, bool subdomains, uint8_t list,
    uint32_t line)
{
	struct pd_set_entry e = {
		.host = pd_str_z(host),
		.subdomains = subdomains,
		.list = list,
		.line = line,
	};

	assert_int_equal(pd_set_add(s, &e), 0);
}

static bool
has(const struct pd_set *s, const char *host)
{
	struct pd_set_hit hit;

	return pd_set_find(s, pd_str_z(host), false, &hit);
}

static void
empty_set_has_nothing(void **state)
{
	struct pd_set *s = pd_set_create(&key);

	(void)state;
	pd_set_freeze(s);
	assert_false(has(s, "example.org"));
	assert_false(has(s, ""));
	assert_int_equal(pd_set_count(s), 0);
	pd_set_destroy(s);
	pd_set_destroy(NULL);
}

static void
exact_is_just_that_host(void **state)
{
	struct pd_set *s = pd_set_create(&key);
	struct pd_set_hit hit;

	(void)state;
	add(s, "ads.example.org", false, 3, 77);
	pd_set_freeze(s);
	assert_true(pd_set_find(s, PD_STR("ads.example.org"), false, &hit));
	assert_int_equal(hit.list, 3);
	assert_int_equal(hit.line, 77);
	assert_string_equal(hit.suffix.p, "ads.example.org");
	assert_false(has(s, "x.ads.example.org"));
	assert_false(has(s, "example.org"));
	assert_false(has(s, "xads.example.org"));
	assert_false(has(s, "ads.example.org.x"));
	pd_set_destroy(s);
}

static void
subdomains_are_whole_labels(void **state)
{
	struct pd_set *s = pd_set_create(&key);
	struct pd_set_hit hit;

	(void)state;
	add(s, "example.org", true, 0, 1);
	pd_set_freeze(s);
	assert_true(has(s, "example.org"));
	assert_true(has(s, "a.b.c.example.org"));
	assert_false(has(s, "notexample.org"));
	assert_false(has(s, "org"));
	assert_true(pd_set_find(s, PD_STR("a.example.org"), false, &hit));
	assert_int_equal(hit.suffix.n, strlen("example.org"));
	pd_set_destroy(s);
}

static void
of_equal_hosts_the_wider_or_first_stays(void **state)
{
	struct pd_set *s = pd_set_create(&key);
	struct pd_set_hit hit;

	(void)state;
	add(s, "one.example", false, 0, 1);
	add(s, "one.example", false, 1, 2);
	add(s, "two.example", false, 0, 3);
	add(s, "two.example", true, 1, 4);
	add(s, "two.example", true, 2, 5);
	pd_set_freeze(s);
	assert_int_equal(pd_set_count(s), 2);
	assert_true(pd_set_find(s, PD_STR("one.example"), false, &hit));
	assert_int_equal(hit.line, 1);
	assert_true(pd_set_find(s, PD_STR("x.two.example"), false, &hit));
	assert_int_equal(hit.line, 4);
	assert_int_equal(hit.list, 1);
	pd_set_destroy(s);
}

static void
an_address_has_no_suffixes(void **state)
{
	struct pd_set *s = pd_set_create(&key);
	struct pd_set_entry e = {
		.host = PD_STR("192.0.2.1"), .address = true, .subdomains = true
	};
	struct pd_set_hit hit;

	(void)state;
	add(s, "2.1", true, 0, 1);
	assert_int_equal(pd_set_add(s, &e), 0);
	pd_set_freeze(s);
	assert_true(pd_set_find(s, PD_STR("192.0.2.1"), true, &hit));
	assert_false(pd_set_find(s, PD_STR("198.51.2.1"), true, &hit));
	assert_false(pd_set_find(s, PD_STR("x.192.0.2.1"), true, &hit));
	pd_set_destroy(s);
}

/* Every one of many is found, none of as many others, with lines. */
static void
many_hosts_in_little_memory(void **state)
{
	enum { N = 100000 };
	struct pd_set *s = pd_set_create(&key);
	struct pd_set_hit hit;
	char name[64];

	(void)state;
	for (unsigned i = 0; i < N; i++) {
		snprintf(name, sizeof(name), "h%u.d%u.example", i, i % 97);
		add(s, name, i % 2, (uint8_t)(i % 127), i + 1);
	}
	pd_set_freeze(s);
	assert_int_equal(pd_set_count(s), N);
	assert_true(pd_set_size(s) < 11 * N);
	for (unsigned i = 0; i < N; i++) {
		snprintf(name, sizeof(name), "h%u.d%u.example", i, i % 97);
		assert_true(pd_set_find(s, pd_str_z(name), false, &hit));
		assert_int_equal(hit.line, i + 1);
		assert_int_equal(hit.list, i % 127);
		snprintf(name, sizeof(name), "h%u.d%u.example", i, i % 97 + 1);
		assert_false(has(s, name));
	}
	pd_set_destroy(s);
}

static void
a_line_too_large_is_unknown(void **state)
{
	struct pd_set *s = pd_set_create(&key);
	struct pd_set_hit hit;

	(void)state;
	add(s, "a.example", true, 126, PD_SET_LINE_MAX + 1);
	add(s, "b.example", true, 126, PD_SET_LINE_MAX);
	pd_set_freeze(s);
	assert_true(pd_set_find(s, PD_STR("a.example"), false, &hit));
	assert_int_equal(hit.line, 0);
	assert_int_equal(hit.list, 126);
	assert_true(pd_set_find(s, PD_STR("b.example"), false, &hit));
	assert_int_equal(hit.line, PD_SET_LINE_MAX);
	pd_set_destroy(s);
}

static void
walk_goes_by_label(void **state)
{
	struct pd_host_walk w;
	unsigned labels;

	(void)state;
	pd_host_walk_start(&w, &key, PD_STR("www.example.org"), false);
	assert_true(pd_host_walk_next(&w));
	assert_string_equal(w.suffix.p, "org");
	assert_false(w.whole);
	assert_true(pd_host_walk_next(&w));
	assert_string_equal(w.suffix.p, "example.org");
	assert_true(w.hash ==
		    pd_host_hash(&key, PD_STR("example.org"), false, &labels));
	assert_int_equal(labels, 2);
	assert_true(pd_host_walk_next(&w));
	assert_true(w.whole);
	assert_false(pd_host_walk_next(&w));
	/* Odd dots are of no harm. */
	pd_host_walk_start(&w, &key, PD_STR("..a."), false);
	while (pd_host_walk_next(&w))
		;
	/* The boundaries of labels count. */
	assert_true(pd_host_hash(&key, PD_STR("ab.c"), false, &labels) !=
		    pd_host_hash(&key, PD_STR("a.bc"), false, &labels));
}

static void
hosts_are_brought_to_one_form(void **state)
{
	static const struct {
		const char *in, *out;
		enum pd_host_form form;
	} cases[] = {
		{ "Ads.Example.ORG.", "ads.example.org", PD_HOST_FORM_NAME },
		{ "a_b.example.org", "a_b.example.org", PD_HOST_FORM_NAME },
		{ "zip", "zip", PD_HOST_FORM_LABEL },
		{ "192.0.2.1", "192.0.2.1", PD_HOST_FORM_ADDRESS },
		{ "[2001:DB8:0::1]", "2001:db8::1", PD_HOST_FORM_ADDRESS },
		{ "b\xc3\xbc"
		  "cher.example",
		    "xn--bcher-kva.example", PD_HOST_FORM_NAME },
		{ "", NULL, PD_HOST_FORM_BAD },
		{ ".", NULL, PD_HOST_FORM_BAD },
		{ "a..b", NULL, PD_HOST_FORM_BAD },
		{ ".a.b", NULL, PD_HOST_FORM_BAD },
		{ "a b", NULL, PD_HOST_FORM_BAD },
		{ "*.a.b", NULL, PD_HOST_FORM_BAD },
		{ "a/b.c", NULL, PD_HOST_FORM_BAD },
		{ "\xff\xfe.example", NULL, PD_HOST_FORM_BAD },
	};
	char buf[PD_HOST_TEXT], longer[300];
	struct pd_str out;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(
		    pd_host_normal(pd_str_z(cases[i].in), buf, &out),
		    cases[i].form);
		if (cases[i].out != NULL) {
			assert_int_equal(out.n, strlen(cases[i].out));
			assert_memory_equal(out.p, cases[i].out, out.n);
		}
	}
	memset(longer, 'a', sizeof(longer));
	assert_int_equal(
	    pd_host_normal(pd_str_of(longer, 64), buf, &out), PD_HOST_FORM_BAD);
	assert_int_equal(pd_host_normal(pd_str_of(longer, 63), buf, &out),
	    PD_HOST_FORM_LABEL);
	for (size_t i = 1; i < sizeof(longer); i += 2)
		longer[i] = '.';
	assert_int_equal(pd_host_normal(pd_str_of(longer, 253), buf, &out),
	    PD_HOST_FORM_NAME);
	assert_int_equal(pd_host_normal(pd_str_of(longer, 255), buf, &out),
	    PD_HOST_FORM_BAD);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(empty_set_has_nothing),
		cmocka_unit_test(exact_is_just_that_host),
		cmocka_unit_test(subdomains_are_whole_labels),
		cmocka_unit_test(of_equal_hosts_the_wider_or_first_stays),
		cmocka_unit_test(an_address_has_no_suffixes),
		cmocka_unit_test(many_hosts_in_little_memory),
		cmocka_unit_test(a_line_too_large_is_unknown),
		cmocka_unit_test(walk_goes_by_label),
		cmocka_unit_test(hosts_are_brought_to_one_form),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
