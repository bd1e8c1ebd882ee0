/* Shapers and classes to queues, classes and filters. */
#include "plan_help.h"

#define HEAD                                                           \
	"gateway shape { uplink = \"eth0\" intercept = \"no\" ipv4 = " \
	"\"routed\" ipv6 = \"routed\" }\n"                             \
	"shaper down { link = \"eth1\" rate = \"20mbit\" }\n"

static size_t
count(const struct plan_help *h, const struct gw_kind *kind)
{
	size_t n = 0;

	for (size_t i = 0; i < h->plan->n; i++)
		n += h->plan->v[i]->kind == kind;
	return n;
}

static void
expect(const struct plan_help *h, const struct gw_kind *kind, const char *name,
    const char *value, const char *line)
{
	const struct gw_step *s = plan_help_step(h, kind, name, value);
	char buf[512] = "";
	FILE *f = fmemopen(buf, sizeof(buf), "w");

	assert_non_null(s);
	kind->describe(s, f);
	fclose(f);
	assert_string_equal(buf, line);
}

static void
test_classes(void **state)
{
	struct plan_help h = { 0 };

	(void)state;
	assert_true(plan_help_make(&h,
	    HEAD "class voice { shaper = \"down\" rate = \"8mbit\" ceil = "
		 "\"20mbit\" priority = 0 match = {\"ip6 daddr "
		 "fd00:77::3/128\"} }\n"
		 "class bulk { shaper = \"down\" rate = \"1500kbit\" ceil = "
		 "\"2mbit\" priority = 1 default = true }\n"));
	expect(&h, &gw_kind_qdisc, "parent", "root",
	    "tc qdisc add dev eth1 root handle 7077: htb default 20");
	expect(&h, &gw_kind_class, "classid", "7077:1",
	    "tc class add dev eth1 parent 7077: classid 7077:1 htb rate 20mbit "
	    "ceil 20mbit prio 0");
	expect(&h, &gw_kind_class, "classid", "7077:20",
	    "tc class add dev eth1 parent 7077:1 classid 7077:20 htb rate "
	    "1500kbit ceil 2mbit prio 1");
	expect(&h, &gw_kind_qdisc, "parent", "7077:20",
	    "tc qdisc add dev eth1 parent 7077:20 handle 7097: fq_codel (or "
	    "pfifo)");
	expect(&h, &gw_kind_filter, "flowid", "7077:10",
	    "tc filter add dev eth1 parent 7077: protocol ipv6 prio 11 handle "
	    "::1 u32 match ip6 dst fd00:77::3/128 flowid 7077:10");
	assert_int_equal(count(&h, &gw_kind_class), 3);
	assert_int_equal(count(&h, &gw_kind_filter), 1);
	plan_help_free(&h);
}

/* What no class matches is shaped as well. */
static void
test_rest(void **state)
{
	struct plan_help h = { 0 };

	(void)state;
	assert_true(plan_help_make(&h,
	    HEAD "class voice { shaper = \"down\" rate = \"15mbit\" match = "
		 "{\"udp sport 53\"} }\n"));
	expect(&h, &gw_kind_qdisc, "parent", "root",
	    "tc qdisc add dev eth1 root handle 7077: htb default 20");
	expect(&h, &gw_kind_class, "classid", "7077:20",
	    "tc class add dev eth1 parent 7077:1 classid 7077:20 htb rate "
	    "5mbit ceil 20mbit prio 7");
	plan_help_free(&h);
}

/* A match of either family is a filter of each, and a range is several. */
static void
test_expansion(void **state)
{
	struct plan_help h = { 0 };

	(void)state;
	assert_true(plan_help_make(&h,
	    HEAD "class a { shaper = \"down\" rate = \"1mbit\" match = {\"udp "
		 "dport 5000-5010\"} }\n"
		 "class b { shaper = \"down\" rate = \"1mbit\" match = {\"tcp "
		 "dport 80\", \"ip saddr 10.0.0.0/8\"} }\n"));
	assert_int_equal(count(&h, &gw_kind_filter), 2 * 3 + 2 + 1);
	expect(&h, &gw_kind_filter, "dport", "5008/fffe",
	    "tc filter add dev eth1 parent 7077: protocol ip prio 10 handle "
	    "::2 u32 match ip ihl 5 0xf match u16 0 0x1fff at 6 match ip "
	    "protocol 17 0xff match ip dport 5008 0xfffe flowid 7077:10");
	expect(&h, &gw_kind_filter, "src", "10.0.0.0/8",
	    "tc filter add dev eth1 parent 7077: protocol ip prio 12 handle "
	    "::2 u32 match ip src 10.0.0.0/8 flowid 7077:20");
	assert_string_equal(h.notes, "");
	plan_help_free(&h);
}

static void
test_many(void **state)
{
	struct plan_help h = { 0 };

	(void)state;
	assert_true(plan_help_make(&h,
	    HEAD "class a { shaper = \"down\" rate = \"1mbit\" match = {\"ip "
		 "udp sport 1-65534 dport 1-65534\"} }\n"));
	assert_int_equal(count(&h, &gw_kind_filter), 900);
	assert_non_null(strstr(h.notes, "take 900 filters"));
	plan_help_free(&h);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_classes),
		cmocka_unit_test(test_rest),
		cmocka_unit_test(test_expansion),
		cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
