/* Requests and what is read out of them; words of steps. */
#include "netlink.h"

#include <linux/rtnetlink.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

static struct gw_system sys;

static int
setup(void **state)
{
	(void)state;
	gw_system_init(&sys, "home", "/nowhere", "/nowhere");
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	gw_system_finish(&sys);
	return 0;
}

static struct gw_step *
step(const char *name, const char *value)
{
	struct gw_step *s = pd_arena_zalloc(sys.arena, sizeof(*s));

	s->kind = &gw_kind_route;
	s->args = pd_arena_zalloc(sys.arena, GW_ARGS_MAX * sizeof(*s->args));
	if (value != NULL)
		gw_step_set(s, sys.arena, name, value);
	return s;
}

static void
request(void **state)
{
	struct rtmsg head = { .rtm_family = AF_INET6, .rtm_dst_len = 64 };
	struct nl_msg *m = gw_nl_request(
	    RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, &head, sizeof(head));
	struct nlattr *tb[RTA_MAX + 1];
	struct pd_addr a, back;

	(void)state;
	assert_int_equal(pd_addr_parse(PD_STR("2001:db8::1"), &a), 0);
	gw_nl_put_addr(m, RTA_DST, &a);
	nla_put_u32(m, RTA_TABLE, 11900);
	assert_int_equal(nlmsg_hdr(m)->nlmsg_flags,
	    NLM_F_REQUEST | NLM_F_CREATE | NLM_F_EXCL);
	assert_memory_equal(nlmsg_data(nlmsg_hdr(m)), &head, sizeof(head));
	gw_nl_attrs(nlmsg_hdr(m), sizeof(head), tb, RTA_MAX);
	back = gw_nl_addr(tb[RTA_DST], AF_INET6);
	assert_true(pd_addr_equal(&a, &back));
	assert_int_equal(gw_nl_u32(tb[RTA_TABLE]), 11900);
	assert_null(tb[RTA_OIF]);
	nlmsg_free(m);
}

/* What the kernel leaves out, or sends shorter than expected, reads as none. */
static void
absent(void **state)
{
	struct rtmsg head = { 0 };
	struct nl_msg *m = gw_nl_request(RTM_NEWROUTE, 0, &head, sizeof(head));
	struct nlattr *tb[RTA_MAX + 1];

	(void)state;
	gw_nl_attrs(nlmsg_hdr(m), sizeof(head), tb, RTA_MAX);
	assert_null(tb[RTA_DST]);
	assert_int_equal(gw_nl_u32(NULL), 0);
	assert_int_equal(gw_nl_u8(NULL), 0);
	assert_int_equal(gw_nl_addr(NULL, AF_INET).family, 0);
	nla_put_u8(m, RTA_TABLE, 7);
	nla_put_u32(m, RTA_DST, 7);
	gw_nl_attrs(nlmsg_hdr(m), sizeof(head), tb, RTA_MAX);
	assert_int_equal(gw_nl_u32(tb[RTA_TABLE]), 0);
	assert_int_equal(gw_nl_addr(tb[RTA_DST], AF_INET6).family, 0);
	assert_int_equal(gw_nl_addr(tb[RTA_DST], AF_INET).family, AF_INET);
	nlmsg_free(m);
}

static void
tables(void **state)
{
	static const struct {
		const char *word;
		uint32_t table;
	} rows[] = {
		{ NULL, RT_TABLE_MAIN },
		{ "main", RT_TABLE_MAIN },
		{ "local", RT_TABLE_LOCAL },
		{ "default", RT_TABLE_DEFAULT },
		{ "11900", 11900 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(
		    gw_step_table(step("table", rows[i].word)), rows[i].table);
}

static void
families(void **state)
{
	(void)state;
	assert_int_equal(
	    gw_step_family(step("dst", "2001:db8::/32"), "dst"), AF_INET6);
	assert_int_equal(
	    gw_step_family(step("dst", "10.0.0.0/8"), "dst"), AF_INET);
	assert_int_equal(gw_step_family(step("x", NULL), "dst"), AF_INET);
	assert_int_equal(
	    gw_step_family(step("family", "inet6"), "dst"), AF_INET6);
	assert_int_equal(
	    gw_step_family(step("family", "inet"), "dst"), AF_INET);
}

static void
numbers(void **state)
{
	(void)state;
	assert_int_equal(gw_step_number(step("mtu", "1420"), "mtu", 1), 1420);
	assert_int_equal(gw_step_number(step("mtu", "0x10"), "mtu", 1), 16);
	assert_int_equal(gw_step_number(step("mtu", NULL), "mtu", 1), 1);
}

static void
nets(void **state)
{
	struct gw_net n;

	(void)state;
	assert_int_equal(
	    gw_step_net(&sys, step("to", "10.1.2.3/8"), "to", &n), 0);
	assert_int_equal(n.len, 8);
	assert_int_equal(gw_step_net(&sys, step("to", "fd77::1"), "to", &n), 0);
	assert_int_equal(n.len, 128);
	assert_int_equal(
	    gw_step_net(&sys, step("to", "everywhere"), "to", &n), -1);
	assert_string_equal(sys.why, "route to: 'everywhere' is no address");
	assert_int_equal(gw_step_net(&sys, step("to", NULL), "to", &n), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(request),
		cmocka_unit_test(absent),
		cmocka_unit_test(tables),
		cmocka_unit_test(families),
		cmocka_unit_test(numbers),
		cmocka_unit_test(nets),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
