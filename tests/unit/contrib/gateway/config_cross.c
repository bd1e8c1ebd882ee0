#include "config.h"

#include "tests/support/gateway_conf.h"

/* clang-format off */
/* What two tunnels cannot both have. */
static const struct wrong pairs[] = {
	{ GW
	"tunnel wg { type = \"wireguard\" address = {\"10.77.0.1/24\"} }\n"
	"tunnel b { type = \"wireguard\" address = {\"10.78.0.1/24\"} }\n",
	"x.conf:3: tunnel b: listen: UDP port 51820 is tunnel wg's "
	    "already (line 2); write another listen for one of them\n" },
	{ GW
	"tunnel wg { type = \"wireguard\" address = {\"10.77.0.1/24\"} }\n"
	"tunnel b { type = \"wireguard\" address = "
	    "{\"10.77.0.9/30\"} listen = 51821 }\n",
	"x.conf:3: tunnel b: address: 10.77.0.9/30 overlaps with "
	    "10.77.0.1/24, address in line 2; give each a network of "
	    "its own\n" },
	{ GW
	"tunnel abcdefghijklm-one { type = \"wireguard\" address = "
	    "{\"10.77.0.1/24\"} }\n"
	"tunnel abcdefghijklm-two { type = \"wireguard\" address = "
	    "{\"10.78.0.1/24\"} listen = 51821 }\n",
	"x.conf:3: tunnel abcdefghijklm-two: link: wg-abcdefghijkl "
	    "is tunnel abcdefghijklm-one's already (line 2); write "
	    "another name, of at most 15 letters\n" },
	{ "gateway g { uplink = \"wg-wg\" }\n"
	"tunnel wg { type = \"wireguard\" address = {\"10.77.0.1/24\"} }\n",
	"x.conf:2: tunnel wg: link: wg-wg is the uplink; write "
	    "another name\n" },
	{ GW
	"tunnel wg { type = \"wireguard\" address = "
	    "{\"10.77.0.1/24\"} listen = 4500 }\n"
	"tunnel ike { type = \"ikev2\" name = \"v.example\" "
	    "address = {\"10.78.0.1/32\"} pool = {\"10.78.0.0/24\"} }\n",
	"x.conf:3: tunnel ike: UDP port 4500 is tunnel wg's "
	    "already (line 2); write another listen for one of them\n" },
	{ GW
	"tunnel wg { type = \"wireguard\" address = {\"10.78.0.1/24\"} }\n"
	"tunnel ike { type = \"ikev2\" name = \"v.example\" "
	    "address = {\"10.78.0.1/32\"} pool = {\"10.78.0.0/24\"} }\n",
	"x.conf:3: tunnel ike: address: 10.78.0.1/32 overlaps with "
	    "10.78.0.1/24, address in line 2; give each a network of "
	    "its own\n"
	"x.conf:3: tunnel ike: pool: 10.78.0.0/24 overlaps with "
	    "10.78.0.1/24, address in line 2; give each a network of "
	    "its own\n" },
	{ GW
	"tunnel shop {\n"
	" type = \"wireguard\"\n"
	" address = {\"10.99.0.1/24\"}\n"
	" peer = \"mF8d5yNZLzGd+mKXcLyiVSRkP1Hx8O6sQ0eE1xFHJwA=\"\n"
	" allowed = {\"10.99.0.2/32\"}\n"
	"}\n"
	"tunnel shop2 {\n"
	" type = \"wireguard\"\n"
	" address = {\"10.98.0.1/24\"}\n"
	" peer = \"mF8d5yNZLzGd+mKXcLyiVSRkP1Hx8O6sQ0eE1xFHJwA=\"\n"
	" listen = 1\n"
	" allowed = {\"10.99.0.2/32\"}\n"
	"}\n",
	"x.conf:13: tunnel shop2: allowed: 10.99.0.2/32 is behind "
	    "tunnel shop already (line 2); keep one of them\n" },
	{ "gateway g { ipv6 = \"routed\" }\n"
	"tunnel isle {\n"
	" type = \"sit\"\n"
	" local = \"198.51.100.1\"\n"
	" remote = \"198.51.100.2\"\n"
	" default-route = true\n"
	" address = {\"2001:db8:1::2/127\"}\n"
	"}\n"
	"tunnel isle2 {\n"
	" type = \"sit\"\n"
	" local = \"198.51.100.1\"\n"
	" remote = \"198.51.100.3\"\n"
	" default-route = true\n"
	" address = {\"2001:db8:2::2/127\"}\n"
	"}\n",
	"x.conf:13: tunnel isle2: default-route: tunnel isle has "
	    "it already (line 2); what has no nearer way can go one "
	    "way only\n" },
	{ GW
	"tunnel old {\n"
	" type = \"pptp\"\n"
	" i-know-it-is-broken = true\n"
	" address = {\"192.168.77.1/32\"}\n"
	" pool = {\"192.168.77.234-192.168.77.238\"}\n"
	"}\n"
	"tunnel older {\n"
	" type = \"pptp\"\n"
	" i-know-it-is-broken = true\n"
	" address = {\"192.168.78.1/32\"}\n"
	" pool = {\"192.168.78.234-192.168.78.238\"}\n"
	"}\n",
	"x.conf:8: tunnel older: tunnel old is of type pptp "
	    "already (line 2), and there can be only one; add the "
	    "clients there\n" },
};

/* Names of tunnels, and of what there is one of. */
static const struct wrong names[] = {
	{ GW
	"tunnel shop {\n"
	" type = \"wireguard\"\n"
	" address = {\"10.99.0.1/24\"}\n"
	" peer = \"mF8d5yNZLzGd+mKXcLyiVSRkP1Hx8O6sQ0eE1xFHJwA=\"\n"
	" allowed = {\"10.99.0.2/32\"}\n"
	"}\n"
	"edge web { ports = {\"tcp 80\"} to = \"10.99.0.2\" via = \"shpo\" }\n",
	"x.conf:8: edge web: via: there is no tunnel shpo; did you "
	    "mean shop?\n" },
	{ GW
	"edge web { ports = {\"tcp 80\"} to = \"10.99.0.2\" via = \"shop\" }\n",
	"x.conf:2: edge web: via: there is no tunnel shop; write "
	    "tunnel shop { ... }, or the name of one that there is\n" },
	{ GW
	"tunnel shop {\n"
	" type = \"wireguard\"\n"
	" address = {\"10.99.0.1/24\"}\n"
	" peer = \"mF8d5yNZLzGd+mKXcLyiVSRkP1Hx8O6sQ0eE1xFHJwA=\"\n"
	" allowed = {\"10.99.0.2/32\"}\n"
	"}\n"
	"edge web { ports = {\"tcp 80\"} to = \"10.99.0.3\" via = \"shop\" }\n",
	"x.conf:8: edge web: to: 10.99.0.3 is not behind tunnel "
	    "shop; add it to the tunnel's allowed, or write an address "
	    "that is\n" },
	{ GW
	"tunnel shop {\n"
	" type = \"wireguard\"\n"
	" address = {\"10.99.0.1/24\"}\n"
	" peer = \"mF8d5yNZLzGd+mKXcLyiVSRkP1Hx8O6sQ0eE1xFHJwA=\"\n"
	" allowed = {\"10.99.0.2/32\"}\n"
	"}\n"
	"edge web { ports = {\"tcp 80\", \"http\", \"tcp 0\", "
	    "\"tcp 9-8\", \"sctp 1\"} to = \"10.99.0.2\" via = "
	    "\"shop\" }\n",
	"x.conf:8: edge web: ports: \"http\" is no port; write tcp "
	    "or udp and a number or range, like \"tcp 80\" or \"udp "
	    "5000-5010\"\n"
	"x.conf:8: edge web: ports: \"tcp 0\" is no port; write "
	    "tcp or udp and a number or range, like \"tcp 80\" or "
	    "\"udp 5000-5010\"\n"
	"x.conf:8: edge web: ports: \"tcp 9-8\" is no port; write "
	    "tcp or udp and a number or range, like \"tcp 80\" or "
	    "\"udp 5000-5010\"\n"
	"x.conf:8: edge web: ports: \"sctp 1\" is no port; write "
	    "tcp or udp and a number or range, like \"tcp 80\" or "
	    "\"udp 5000-5010\"\n" },
	{ GW
	"tunnel shop {\n"
	" type = \"wireguard\"\n"
	" address = {\"10.99.0.1/24\"}\n"
	" peer = \"mF8d5yNZLzGd+mKXcLyiVSRkP1Hx8O6sQ0eE1xFHJwA=\"\n"
	" allowed = {\"10.99.0.2/32\"}\n"
	"}\n"
	"edge web { ports = {} to = \"10.99.0.2:80\" via = \"shop\" }\n",
	"x.conf:8: edge web: to: \"10.99.0.2:80\" is no address; "
	    "write one like 198.51.100.1 or 2001:db8::1\n"
	"x.conf:8: edge web: ports: there are none; name some like "
	    "{\"tcp 80\"}\n" },
	{ GW
	"tunnel shop {\n"
	" type = \"wireguard\"\n"
	" address = {\"10.99.0.1/24\"}\n"
	" peer = \"mF8d5yNZLzGd+mKXcLyiVSRkP1Hx8O6sQ0eE1xFHJwA=\"\n"
	" allowed = {\"10.99.0.2/32\"}\n"
	"}\n"
	"edge web { ports = {\"tcp 80\"} to = \"10.99.0.2\" via = "
	    "\"shop\" address = \"2001:db8::1\" }\n",
	"x.conf:8: edge web: address: 2001:db8::1 is IPv6, and "
	    "only IPv4 can stand here; write one like 198.51.100.1\n" },
	{ GW
	"tunnel shop {\n"
	" type = \"wireguard\"\n"
	" address = {\"10.99.0.1/24\"}\n"
	" peer = \"mF8d5yNZLzGd+mKXcLyiVSRkP1Hx8O6sQ0eE1xFHJwA=\"\n"
	" allowed = {\"10.99.0.2/32\"}\n"
	"}\n"
	"edge web { ports = {\"tcp 80\", \"tcp 79-81\"} to = "
	    "\"10.99.0.2\" via = \"shop\" }\n",
	"x.conf:8: edge web: ports: TCP port 80 is edge web's "
	    "already (line 8); write another\n" },
	{ GW
	"tunnel shop {\n"
	" type = \"wireguard\"\n"
	" address = {\"10.99.0.1/24\"}\n"
	" peer = \"mF8d5yNZLzGd+mKXcLyiVSRkP1Hx8O6sQ0eE1xFHJwA=\"\n"
	" allowed = {\"10.99.0.2/32\"}\n"
	"}\n"
	"edge web { ports = {\"udp 51820\"} to = \"10.99.0.2\" via "
	    "= \"shop\" }\n",
	"x.conf:8: edge web: ports: UDP port 51820 is tunnel "
	    "shop's already (line 2); write another\n" },
	{ GW
	"tunnel ike { type = \"ikev2\" name = \"v.example\" "
	    "address = {\"10.78.0.1/32\"} pool = {\"10.78.0.0/24\"} }\n"
	"edge web { ports = {\"tcp 80\"} to = \"10.99.0.2\" via = \"ike\" }\n",
	"x.conf:3: edge web: to: 10.99.0.2 is not behind tunnel "
	    "ike; add it to the tunnel's pool, or write an address "
	    "that is\n" },
	{ GW
	"tunnel shop {\n"
	" type = \"wireguard\"\n"
	" address = {\"10.99.0.1/24\"}\n"
	" peer = \"mF8d5yNZLzGd+mKXcLyiVSRkP1Hx8O6sQ0eE1xFHJwA=\"\n"
	" allowed = {\"10.99.0.2/32\"}\n"
	"}\n"
	"return web { address = \"10.99.0.7\" via = \"shop\" }\n",
	"x.conf:8: return web: address: 10.99.0.7 is none of "
	    "tunnel shop's addresses; write the one that is this "
	    "machine's there\n" },
	{ GW
	"tunnel ike { type = \"ikev2\" name = \"v.example\" "
	    "address = {\"10.78.0.1/32\"} pool = {\"10.78.0.0/24\"} }\n"
	"return web { address = \"10.78.0.1\" via = \"ike\" }\n",
	"x.conf:3: return web: via: tunnel ike is of type ikev2, "
	    "which has no link that a route could name; use wireguard "
	    "or sit\n" },
	{ GW
	"uplink a { prefix = \"2001:db8:b::/64\" link = \"he6/x\" }\n",
	"x.conf:2: uplink a: link: \"he6/x\" is no link's name; "
	    "use at most 15 letters, digits, '-', '_' and '.', or a "
	    "tunnel's name\n" },
	{ GW
	"uplink a { prefix = \"2001:db8:b::1/64\" link = \"he6\" }\n",
	"x.conf:2: uplink a: prefix: 2001:db8:b::1/64 has bits "
	    "behind its length; write 2001:db8:b::/64\n" },
	{ GW
	"uplink a { prefix = \"2001:db8:b::\" link = \"he6\" }\n",
	"x.conf:2: uplink a: prefix: 2001:db8:b:: has no length; write "
	    "2001:db8:b::/64 for a network, or 2001:db8:b::/128 for one "
	    "address\n" },
	{ GW
	"uplink a { prefix = \"::/0\" link = \"he6\" }\n",
	"x.conf:2: uplink a: prefix: that is every address; write "
	    "the network that the provider gave you\n" },
	{ GW
	"uplink a { prefix = \"2001:db8:b::/64\" via = "
	    "\"10.0.0.1\" link = \"he6\" }\n",
	"x.conf:2: uplink a: via: 10.0.0.1 is IPv4, and only IPv6 "
	    "can stand here; write one like 2001:db8::1\n" },
	{ GW
	"uplink a { prefix = \"2001:db8:b::/64\" link = \"he6\" }\n"
	"uplink b { prefix = \"2001:db8::/32\" link = \"he7\" }\n",
	"x.conf:3: uplink b: prefix: 2001:db8::/32 overlaps with "
	    "2001:db8:b::/64 of uplink a (line 2); the source address "
	    "has to say which way to go\n" },
	{ GW
	"tunnel ike { type = \"ikev2\" name = \"v.example\" "
	    "address = {\"10.78.0.1/32\"} pool = {\"10.78.0.0/24\"} }\n"
	"uplink a { prefix = \"2001:db8:b::/64\" link = \"ike\" }\n",
	"x.conf:3: uplink a: link: tunnel ike is of type ikev2, "
	    "which has no link of its own; name the uplink, or another "
	    "link\n" },
	{ GW
	"nat64 a { prefix = \"2001:db8:64::/96\" link = \"l\" lan "
	    "= \"2001:db8::1/64\" }\n",
	"x.conf:2: nat64 has no name, there is only one; write "
	    "nat64 { ... }\n" },
	{ GW
	"nat64 { prefix = \"2001:db8:64::/64\" link = \"l\" lan = "
	    "\"2001:db8::1/63\" pool = \"10.0.0.0/30\" }\n",
	"x.conf:2: nat64: prefix: /64; an IPv4 address has to fit "
	    "behind it, so write a /96, like 2001:db8:64::/96\n"
	"x.conf:2: nat64: pool: /30; each IPv6 host takes an "
	    "address of it, so write a /8 to a /29, like "
	    "192.168.255.0/24\n"
	"x.conf:2: nat64: lan: /63; hosts make their own addresses "
	    "in a /64 alone (RFC 4862), so write one like "
	    "2001:db8:77::1/64\n" },
	{ GW
	"nat64 { prefix = \"2001:db8:64::/96\" link = \"l\" lan = "
	    "\"2001:db8:77::/64\" }\n",
	"x.conf:2: nat64: lan: 2001:db8:77::/64 is the network's own "
	    "address; write the one that is ours there\n" },
	{ GW
	"nat64 { prefix = \"192.0.2.0/24\" link = \"l\" lan = "
	    "\"10.0.0.1/24\" pool = \"fd00::/8\" }\n",
	"x.conf:2: nat64: prefix: 192.0.2.0/24 is IPv4, and only "
	    "IPv6 can stand here\n"
	"x.conf:2: nat64: pool: fd00::/8 is IPv6, and only IPv4 "
	    "can stand here\n"
	"x.conf:2: nat64: lan: 10.0.0.1/24 is IPv4, and only IPv6 "
	    "can stand here\n" },
	{ GW
	"tunnel wg { type = \"wireguard\" address = {\"10.77.0.1/24\"} }\n"
	"nat64 { prefix = \"2001:db8:64::/96\" link = \"l\" lan = "
	    "\"2001:db8::1/64\" pool = \"10.0.0.0/8\" }\n",
	"x.conf:3: nat64: pool: 10.0.0.0/8 overlaps with "
	    "10.77.0.1/24, address in line 2; give each a network of "
	    "its own\n" },
	/* Within a range, and at neither end. */
	{ GW
	"tunnel wg { type = \"wireguard\" address = {\"192.168.77.9/30\"} }\n"
	"tunnel old { type = \"pptp\" i-know-it-is-broken = true address = "
	    "{\"192.168.77.1/32\"} pool = {\"192.168.77.5-192.168.77.20\"} }\n",
	"x.conf:3: tunnel old: pool: 192.168.77.5-192.168.77.20 overlaps "
	    "with 192.168.77.9/30, address in line 2; give each a network "
	    "of its own\n" },
	{ GW
	"resolver { }\n"
	"resolver { }\n",
	"x.conf:3: there is a resolver in x.conf:2 already; keep one of "
	    "them\n" },
	/* The world's resolvers alone leave port 53 free. */
	{ GW
	"resolver { }\n"
	"tunnel wg { type = \"wireguard\" address = {\"10.77.0.1/24\"}\n"
	" listen = 53 dns = {\"self\"} }\n",
	"x.conf:4: tunnel wg: listen: UDP port 53 is the resolver's; write "
	    "another listen, or resolvers of others as dns\n" },
	{ GW
	"resolver { forward = {\"9.9.9.9:53\"} blocklist = \"/a\\\"b\" }\n",
	"x.conf:2: resolver: forward: \"9.9.9.9:53\" cannot be; "
	    "give an address, and \"@port\" if it is not 53\n"
	"x.conf:2: resolver: blocklist: \"/a\"b\" has blanks or "
	    "signs that other programs' files do not take in a path; "
	    "use letters, digits, '/', '-', '_' and '.'\n" },
};
/* clang-format on */

#define EXPECT(v) expect_wrong((v), sizeof(v) / sizeof((v)[0]))

static void
test_pairs(void **state)
{
	(void)state;
	EXPECT(pairs);
}

static void
test_names(void **state)
{
	(void)state;
	EXPECT(names);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pairs),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
