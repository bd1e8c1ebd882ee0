/* What is known of the machine, and that what is not seen is not taken for what
 * is not there. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/resource.h>

#include <cmocka.h>

#include "plan.h"

/* No descriptor is left for a socket. */
static void
no_more_descriptors(struct rlimit *before)
{
	struct rlimit none;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, before), 0);
	none = *before;
	none.rlim_cur = 0;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
}

static void
unseen_is_not_none(void **state)
{
	struct gw_facts f = { .uplink = "eth7", .ipv6_default = true }, read;
	const struct gw_facts before = f;
	struct rlimit limit;
	int rc, followed, why;

	(void)state;
	no_more_descriptors(&limit);
	followed = gw_facts_follow(&f, NULL);
	rc = gw_facts_read(&read, NULL);
	why = errno;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	assert_int_equal(followed, -1);
	assert_true(gw_facts_equal(&f, &before));
	assert_int_equal(rc, -1);
	assert_int_not_equal(why, 0);
}

/* What asks files and the user database is not asked again. */
static void
the_machine_stays_what_it_is(void **state)
{
	struct gw_facts f, was;

	(void)state;
	assert_int_equal(gw_facts_read(&f, "lo"), 0);
	assert_string_equal(f.uplink, "lo");
	f.kernel_esp = !f.kernel_esp;
	f.unbound_user = !f.unbound_user;
	was = f;
	f.uplink_mtu = 1;
	assert_int_equal(gw_facts_follow(&f, "lo"), 0);
	assert_true(gw_facts_equal(&f, &was));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unseen_is_not_none),
		cmocka_unit_test(the_machine_stays_what_it_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
