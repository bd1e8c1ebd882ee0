#include "filters/block/host.h"

#include "fixture.h"

static const struct pd_host_key key = { 1234567, 89012345 };

static void
suffixes_go_by_label(void **state)
{
	struct pd_host_suffix v[PD_HOST_LABELS_MAX];
	struct pd_str host = PD_STR("www.example.org");
	unsigned labels;

	(void)state;
	assert_int_equal(pd_host_suffixes(&key, host, false, 128, v), 3);
	assert_int_equal(v[0].at, 12);
	assert_int_equal(v[1].at, 4);
	assert_int_equal(v[2].at, 0);
	assert_true(
	    v[0].hash == pd_host_hash(&key, PD_STR("org"), false, &labels));
	assert_int_equal(labels, 1);
	assert_true(v[1].hash ==
		    pd_host_hash(&key, PD_STR("example.org"), false, &labels));
	assert_int_equal(labels, 2);
	assert_true(v[2].hash == pd_host_hash(&key, host, false, &labels));
	assert_int_equal(pd_host_suffixes(&key, host, false, 2, v), 2);
	assert_int_equal(pd_host_suffixes(&key, host, true, 128, v), 1);
	assert_true(v[0].hash == pd_host_hash(&key, host, true, &labels));
	assert_int_equal(labels, 1);
	assert_int_equal(pd_host_suffixes(&key, PD_STR(""), false, 128, v), 0);
	assert_int_equal(
	    pd_host_suffixes(&key, PD_STR("..a."), false, 128, v), 4);
}

/* Every length of label and host, in memory that ends where the host does. */
static void
hashes_do_not_depend_on_what_is_around(void **state)
{
	struct pd_host_suffix v[PD_HOST_LABELS_MAX];

	(void)state;
	for (size_t n = 1; n < PD_HOST_TEXT; n++) {
		char *host = malloc(n), *other = malloc(n + 9);
		size_t a;
		unsigned labels;

		for (size_t i = 0; i < n; i++)
			host[i] = (i * 7 + n) % 11 == 0 ? '.' : 'a' + i % 26;
		memset(other, '.', n + 9);
		memcpy(other + 1, host, n);
		a = pd_host_suffixes(
		    &key, pd_str_of(host, n), false, PD_HOST_LABELS_MAX, v);
		assert_true(a > 0);
		assert_int_equal(v[a - 1].at, 0);
		assert_true(
		    v[a - 1].hash == pd_host_hash(&key, pd_str_of(other + 1, n),
					 false, &labels));
		assert_int_equal(labels, a);
		for (size_t k = v[0].at == n; k < a; k++)
			assert_true(v[k].hash ==
				    pd_host_hash(&key,
					pd_str_of(host + v[k].at, n - v[k].at),
					false, &labels));
		free(host);
		free(other);
	}
}

static void
different_hosts_have_different_hashes(void **state)
{
	static const char *const hosts[] = { "ab.c", "a.bc", "abc", "b.a",
		"a.b", "aaaaaaa.b", "aaaaaaaa.b", "aaaaaaaaa.b", "aaaaaaaaaa.b",
		"xxxxxxxxa.b", "xxxxxxxxxb.b", "aaaaaaaaaaaaaaaa.b",
		"aaaaaaaaaaaaaaaaa.b", "aaaaaaaaaaaaaaaaaaaaaaaa.b" };
	size_t n = sizeof(hosts) / sizeof(hosts[0]);
	struct pd_host_key other = key;
	unsigned labels;

	(void)state;
	other.k1 ^= 4;
	for (size_t i = 0; i < n; i++) {
		uint64_t a =
		    pd_host_hash(&key, pd_str_z(hosts[i]), false, &labels);

		assert_true(a != pd_host_hash(&other, pd_str_z(hosts[i]), false,
				     &labels));
		assert_true(a != pd_host_entity_hash(
				     &key, pd_str_z(hosts[i]), &labels));
		for (size_t k = 0; k < i; k++)
			assert_true(a != pd_host_hash(&key, pd_str_z(hosts[k]),
					     false, &labels));
	}
}

static void
entities_leave_the_public_suffix_out(void **state)
{
	struct pd_host_suffix v[PD_HOST_LABELS_MAX];
	unsigned labels;

	(void)state;
	assert_int_equal(pd_host_entities(&key, PD_STR("www.google.co.uk"), 2,
			     PD_HOST_LABELS_MAX, v),
	    2);
	assert_true(
	    v[0].hash == pd_host_entity_hash(&key, PD_STR("google"), &labels));
	assert_true(v[1].hash ==
		    pd_host_entity_hash(&key, PD_STR("www.google"), &labels));
	assert_int_equal(labels, 2);
	assert_int_equal(pd_host_entities(&key, PD_STR("co.uk"), 2, 128, v), 0);
	assert_int_equal(pd_host_entities(&key, PD_STR("uk"), 5, 128, v), 0);
}

static void
addresses_are_told_from_names(void **state)
{
	static const struct {
		const char *host;
		bool address;
	} cases[] = {
		{ "192.0.2.1", true },
		{ "::1", true },
		{ "fe80::abcd", true },
		{ "2001:db8::a", true },
		{ "example.org", false },
		{ "1.example", false },
		{ "a1", false },
		{ "xn--90a3ac", false },
		{ "", false },
		{ "1", true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (pd_host_is_address(pd_str_z(cases[i].host)) !=
		    cases[i].address)
			fail_msg("%s", cases[i].host);
	}
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
		cmocka_unit_test(suffixes_go_by_label),
		cmocka_unit_test(hashes_do_not_depend_on_what_is_around),
		cmocka_unit_test(different_hosts_have_different_hashes),
		cmocka_unit_test(entities_leave_the_public_suffix_out),
		cmocka_unit_test(addresses_are_told_from_names),
		cmocka_unit_test(hosts_are_brought_to_one_form),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
