/* The lines by which kernel objects are shown: an admin could type them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "system.h"

#define ARGS_MAX 10

static const struct {
	const struct gw_kind *kind;
	const char *args[2 * ARGS_MAX]; /* pairs */
	const char *line;
} rows[] = {
	{ &gw_kind_module, { "name", "sit" }, "modprobe sit" },
	{ &gw_kind_link, { "name", "wg-a", "kind", "wireguard", "mtu", "1420" },
	    "ip link add wg-a mtu 1420 type wireguard up" },
	{ &gw_kind_link,
	    { "name", "six-a", "kind", "sit", "local", "198.51.100.1", "remote",
		"198.51.100.2", "ttl", "64" },
	    "ip link add six-a type sit local 198.51.100.1 remote "
	    "198.51.100.2 ttl 64 up" },
	{ &gw_kind_address,
	    { "dev", "wg-a", "address", "fd77::1/64", "nodad", "1" },
	    "ip address add fd77::1/64 dev wg-a nodad" },
	{ &gw_kind_address, { "dev", "wg-a", "address", "10.77.0.1/24" },
	    "ip address add 10.77.0.1/24 dev wg-a" },
	{ &gw_kind_route,
	    { "dst", "0.0.0.0/0", "table", "11900", "dev", "lo", "type",
		"local" },
	    "ip route add local 0.0.0.0/0 dev lo table 11900 proto 119" },
	{ &gw_kind_route,
	    { "dst", "default", "table", "main", "via", "fe80::1", "dev",
		"eth0", "metric", "64" },
	    "ip -6 route add default via fe80::1 dev eth0 metric 64 proto "
	    "119" },
	{ &gw_kind_rule,
	    { "family", "inet6", "priority", "5300", "from", "2001:db8::/64",
		"table", "11900" },
	    "ip -6 rule add from 2001:db8::/64 lookup 11900 priority 5300 "
	    "proto 119" },
	{ &gw_kind_rule,
	    { "family", "inet", "priority", "5301", "fwmark", "0x1/0xf", "not",
		"1", "iif", "eth0", "table", "main", "suppress", "0" },
	    "ip rule add not fwmark 0x1/0xf iif eth0 lookup main "
	    "suppress_prefixlength 0 priority 5301 proto 119" },
	{ &gw_kind_neighbour, { "dev", "eth0", "address", "2001:db8::3" },
	    "ip neighbour add proxy 2001:db8::3 dev eth0 protocol 119" },
	{ &gw_kind_sysctl,
	    { "key", "net/ipv6/conf/eth0.1/accept_ra", "value", "2" },
	    "sysctl net/ipv6/conf/eth0.1/accept_ra=2" },
};

static void
described(void **state)
{
	struct pd_arena *arena = pd_arena_create();

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct gw_arg args[GW_ARGS_MAX];
		struct gw_step s = { .kind = rows[i].kind, .args = args };
		char *line;
		size_t len;
		FILE *out = open_memstream(&line, &len);

		assert_non_null(out);
		for (size_t a = 0; rows[i].args[a] != NULL; a += 2)
			gw_step_set(
			    &s, arena, rows[i].args[a], rows[i].args[a + 1]);
		s.kind->describe(&s, out);
		fclose(out);
		assert_string_equal(line, rows[i].line);
		free(line);
	}
	pd_arena_destroy(arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(described) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
