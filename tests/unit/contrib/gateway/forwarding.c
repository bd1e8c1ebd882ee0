/* Forwarding is never planned without what must stand before it. */
#include "plan_help.h"

#define PHONES                                                 \
	"gateway home { uplink = \"eth0\" intercept = \"no\" " \
	"ipv4 = \"routed\" ipv6 = \"routed\" }\n"              \
	"tunnel phones { type = \"wireguard\" "                \
	"address = {\"10.77.0.1/24\", \"2001:db8:77::1/64\"} }"

static struct plan_help h;

static int
teardown(void **state)
{
	(void)state;
	plan_help_free(&h);
	return 0;
}

/* Its place in the plan; -1: it is not in it. */
static int
place(const char *key, const char *value)
{
	for (size_t i = 0; i < h.plan->n; i++) {
		const struct gw_step *s = h.plan->v[i];

		if (s->kind == &gw_kind_sysctl &&
		    strcmp(gw_step_need(s, "key"), key) == 0) {
			assert_string_equal(gw_step_need(s, "value"), value);
			return (int)i;
		}
	}
	return -1;
}

static void
plain(void **state)
{
	(void)state;
	assert_true(plan_help_make(&h, PHONES));
	assert_int_equal(place("net/ipv6/conf/eth0/accept_ra", "2"), -1);
	/* Last of all, so that the rules stand before a packet passes. */
	assert_true(place("net/ipv4/ip_forward", "1") >= (int)h.plan->n - 2);
	assert_true(
	    place("net/ipv6/conf/all/forwarding", "1") >= (int)h.plan->n - 2);
}

/* all.forwarding = 1 deletes the default routes that routers advertised,
 * unless the link's accept_ra is 2. */
static void
advertised(void **state)
{
	int guard, second;

	(void)state;
	h.facts = (struct gw_facts){ .uplink_ra = true,
		.advertised = { "eth0", "wlan0.5" },
		.nadvertised = 2 };
	assert_true(plan_help_make(&h, PHONES));
	guard = place("net/ipv6/conf/eth0/accept_ra", "2");
	second = place("net/ipv6/conf/wlan0.5/accept_ra", "2");
	assert_true(guard >= 0 && second >= 0);
	assert_true(guard < place("net/ipv6/conf/all/forwarding", "1"));
	assert_true(second < place("net/ipv6/conf/all/forwarding", "1"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(plain, teardown),
		cmocka_unit_test_teardown(advertised, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
