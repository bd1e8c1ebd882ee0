#include "access.h"

/* cmocka wants these before its own header. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void
test_client(void **state)
{
	struct pd_conf *c = pd_conf_load(NULL, NULL, 0, false, NULL);
	static const struct {
		const char *ip;
		bool ok;
	} cases[] = {
		{ "127.0.0.1", true },
		{ "10.255.0.1", true },
		{ "100.64.0.1", true },
		{ "fd00::1", true },
		{ "::ffff:10.0.0.1", true },
		{ "203.0.113.1", false },
		{ "::ffff:203.0.113.1", false },
		{ "2001:db8::1", false },
	};
	struct pd_addr a;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(pd_addr_parse(pd_str_z(cases[i].ip), &a), 0);
		if (pd_access_client(c, &a) != cases[i].ok)
			fail_msg("%s", cases[i].ip);
	}
	pd_conf_unref(c);
}

static void
test_port(void **state)
{
	static const char *const every[] = { "RestrictOutPortHTTP={}",
		"RestrictOutPortCONNECT={443}" };
	struct pd_conf *c = pd_conf_load(NULL, NULL, 0, false, NULL);

	(void)state;
	assert_true(pd_access_port(c, false, 80));
	assert_true(pd_access_port(c, false, 65535));
	assert_false(pd_access_port(c, false, 25));
	assert_false(pd_access_port(c, false, 1023));
	assert_true(pd_access_port(c, true, 443));
	assert_true(pd_access_port(c, true, 5228));
	assert_false(pd_access_port(c, true, 22));
	assert_false(pd_access_port(c, true, 0));
	pd_conf_unref(c);
	c = pd_conf_load(NULL, every, 2, false, NULL);
	assert_non_null(c);
	assert_true(pd_access_port(c, false, 25));
	assert_false(pd_access_port(c, false, 0));
	assert_false(pd_access_port(c, true, 80));
	pd_conf_unref(c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_client),
		cmocka_unit_test(test_port),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
