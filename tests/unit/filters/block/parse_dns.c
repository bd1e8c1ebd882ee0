#include "collect.h"

static void
dnsmasq(void **state)
{
	(void)state;
	assert_parsed(pd_parse_dns,
	    "# comment\n"
	    "address=/a.example/0.0.0.0\n"
	    "address=/b.example/c.example/::\n"
	    "address=/d.example/#\n"
	    "address=/e.example/\n"
	    "address=/f.example/192.0.2.1\n"
	    "server=/g.example/\n"
	    "server=/h.example/192.0.2.53\n"
	    "server=/ok.a.example/#\n"
	    "local=/*.i.example/ # why\n"
	    "local=/zip/\n",
	    "2: block host .a.example\n"
	    "3: block host .b.example\n"
	    "3: block host .c.example\n"
	    "4: block host .d.example\n"
	    "5: block host .e.example\n"
	    "6: skip no-effect: address=/f.example/192.0.2.1\n"
	    "7: block host .g.example\n"
	    "8: skip no-effect: server=/h.example/192.0.2.53\n"
	    "9: allow host .ok.a.example\n"
	    "10: block host .i.example\n"
	    "11: block host .zip\n");
}

static void
dnsmasq_with_wrong_lines(void **state)
{
	(void)state;
	assert_parsed(pd_parse_dns,
	    "address=/a.example\n"
	    "address=//0.0.0.0\n"
	    "address=/#/0.0.0.0\n"
	    "address=/a.example/a b/0.0.0.0\n"
	    "bind-interfaces\n",
	    "1: skip syntax: address=/a.example\n"
	    "2: skip host: address=//0.0.0.0\n"
	    "3: skip host: address=/#/0.0.0.0\n"
	    "4: block host .a.example\n"
	    "4: skip host: address=/a.example/a b/0.0.0.0\n"
	    "5: skip syntax: bind-interfaces\n");
}

static void
unbound(void **state)
{
	(void)state;
	assert_parsed(pd_parse_dns,
	    "server:\n"
	    "  local-zone: \"A.example.\" always_nxdomain\n"
	    "  local-zone: 'b.example' refuse # why\n"
	    "  local-zone: c.example. always_null\n"
	    "  local-zone: \"d.example\" transparent\n"
	    "  local-zone: \"e.example\" nodefault\n"
	    "  local-zone: \"f.example\"\n"
	    "  local-data: \"g.example A 0.0.0.0\"\n"
	    "  local-data: \"h.example. 60 IN AAAA ::\"\n"
	    "  local-data: \"i.example A 192.0.2.1\"\n"
	    "  do-ip6: yes\n",
	    "2: block host .a.example\n"
	    "3: block host .b.example\n"
	    "4: block host .c.example\n"
	    "5: allow host .d.example\n"
	    "6: skip no-effect: local-zone: \"e.example\" nodefault\n"
	    "7: skip syntax: local-zone: \"f.example\"\n"
	    "8: block host g.example\n"
	    "9: block host h.example\n"
	    "10: skip no-effect: local-data: \"i.example A 192.0.2.1\"\n"
	    "11: skip no-effect: do-ip6: yes\n");
}

/* Whether a redirected zone is blocked is known by where it leads. */
static void
unbound_redirects(void **state)
{
	(void)state;
	assert_parsed(pd_parse_dns,
	    "local-zone: \"a.example\" redirect\n"
	    "local-data: \"a.example A 0.0.0.0\"\n"
	    "local-data: \"a.example AAAA ::\"\n"
	    "local-zone: \"safe.example\" redirect\n"
	    "local-data: \"safe.example CNAME forcesafe.example\"\n"
	    "local-zone: \"b.example\" redirect\n"
	    "local-data: \"other.example A 127.0.0.1\"\n"
	    "local-zone: \"c.example\" redirect\n"
	    "local-zone: \"d.example\" redirect\n",
	    "1: block host .a.example\n"
	    "5: skip no-effect: local-data: \"safe.example CNAME "
	    "forcesafe.example\"\n"
	    "6: block host .b.example\n"
	    "7: block host other.example\n"
	    "8: block host .c.example\n"
	    "9: block host .d.example\n");
}

static void
policy_zone(void **state)
{
	(void)state;
	assert_parsed(pd_parse_dns,
	    "$TTL 60\n"
	    "$ORIGIN rpz.local.\n"
	    "@ IN SOA localhost. root.localhost. (\n"
	    "  1 ; serial\n"
	    "  3600 600 86400 60 )\n"
	    "  IN NS localhost.\n"
	    "a.example CNAME .\n"
	    "*.a.example CNAME .\n"
	    "b.example 60 IN CNAME *.\n"
	    "c.example.rpz.local. CNAME .\n"
	    "d.example. IN CNAME rpz-drop.\n"
	    "ok.a.example CNAME rpz-passthru.\n"
	    "e.example CNAME walled.example.\n"
	    "f.example A 0.0.0.0\n"
	    "g.example A 192.0.2.1\n"
	    "32.1.2.0.192.rpz-ip CNAME .\n"
	    "h.example MX 10 mail.\n",
	    "7: block host a.example\n"
	    "8: block host .a.example\n"
	    "9: block host b.example\n"
	    "10: block host c.example\n"
	    "11: block host d.example\n"
	    "12: allow host ok.a.example\n"
	    "13: skip no-effect: e.example CNAME walled.example.\n"
	    "14: block host f.example\n"
	    "15: skip no-effect: g.example A 192.0.2.1\n"
	    "16: skip no-effect: 32.1.2.0.192.rpz-ip CNAME .\n"
	    "17: skip syntax: h.example MX 10 mail.\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dnsmasq),
		cmocka_unit_test(dnsmasq_with_wrong_lines),
		cmocka_unit_test(unbound),
		cmocka_unit_test(unbound_redirects),
		cmocka_unit_test(policy_zone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
