#include "config.h"

#include "tests/support/gateway_conf.h"

/* clang-format off */
/* A tunnel by itself. */
static const struct wrong tunnels[] = {
	{ GW
	"tunnel { }\n",
	"x.conf:2: a tunnel has to have a name; write tunnel "
	    "phones { ... }\n" },
	{ GW
	"tunnel wg { }\n",
	"x.conf:2: tunnel wg: type is missing; write type = \"wireguard\"\n" },
	{ GW
	"tunnel wg { type = \"openvpn\" address = {\"10.0.0.1/24\"} }\n",
	"x.conf:2: tunnel wg: type: \"openvpn\" cannot be; give "
	    "one of: wireguard ikev2 sit pptp\n" },
	{ GW
	"tunnel wg { type = \"wireguard\" address = {\"10.77.0.1/24\"} }\n"
	"tunnel wg { type = \"wireguard\" address = {\"10.77.0.1/24\"} }\n",
	"x.conf:3: tunnel wg stands in x.conf:2 already; keep one of them\n" },
	{ GW
	"tunnel wg { type = \"wireguard\" }\n",
	"x.conf:2: tunnel wg: address is missing; write address = "
	    "{\"10.77.0.1/24\", \"fd77::1/64\"}\n" },
	{ GW
	"tunnel wg { type = \"wireguard\" address = {} }\n",
	"x.conf:2: tunnel wg: address: there is none; write "
	    "{\"10.77.0.1/24\", \"fd77::1/64\"}\n" },
	{ GW
	"tunnel wg { type = \"wireguard\" address = {\"10.77.0.1\"} }\n",
	"x.conf:2: tunnel wg: address: 10.77.0.1 has no length of "
	    "its network; write 10.77.0.1/24\n" },
	{ GW
	"tunnel wg { type = \"wireguard\" address = {\"10.77.0.1/33\"} }\n",
	"x.conf:2: tunnel wg: address: \"10.77.0.1/33\" is no "
	    "address with the length of its network; write one like "
	    "10.77.0.1/24 or fd77::1/64\n" },
	{ GW
	"tunnel wg { type = \"wireguard\" address = {\"10.77.0.0/24\"} }\n",
	"x.conf:2: tunnel wg: address: 10.77.0.0/24 is the "
	    "network's own address, or for all in it; write the one "
	    "that is ours there\n" },
	{ GW
	"tunnel wg { type = \"wireguard\" address = {\"fd77::/64\"} }\n",
	"x.conf:2: tunnel wg: address: fd77::/64 is the network's "
	    "own address, or for all in it; write the one that is ours "
	    "there\n" },
	{ GW
	"tunnel wg { type = \"wireguard\" address = {\"10.77.0.255/24\"} }\n",
	"x.conf:2: tunnel wg: address: 10.77.0.255/24 is the "
	    "network's own address, or for all in it; write the one "
	    "that is ours there\n" },
	{ GW
	"tunnel wg { type = \"wireguard\" address = {\"10.77.0.1/32\"} }\n",
	"x.conf:2: tunnel wg: address: 10.77.0.1/32 has no room "
	    "for clients beside us; write a /30 or larger\n" },
	{ GW
	"tunnel wg { type = \"wireguard\" address = {\"127.0.0.1/8\"} }\n",
	"x.conf:2: tunnel wg: address: 127.0.0.1/8 is a loopback "
	    "address, which no tunnel can have\n" },
	{ GW
	"tunnel wg { type = \"wireguard\" address = "
	    "{\"::ffff:10.0.0.1/120\"} }\n",
	"x.conf:2: tunnel wg: address: \"::ffff:10.0.0.1/120\" is "
	    "no address with the length of its network; write one like "
	    "10.77.0.1/24 or fd77::1/64\n" },
	{ GW
	"tunnel wg { type = \"wireguard\" address = "
	    "{\"10.77.0.1/24\"} link = \"wg/0\" }\n",
	"x.conf:2: tunnel wg: link: \"wg/0\" is no link's name; "
	    "use at most 15 letters, digits, '-', '_' and '.'\n" },
	{ GW
	"tunnel wg { type = \"wireguard\" address = "
	    "{\"10.77.0.1/24\"} dns = {\"self\"} }\n",
	"x.conf:2: tunnel wg: dns: self is the section resolver's, "
	    "and there is none; write resolver { forward = "
	    "{\"9.9.9.9\"} }, or a resolver's address here\n" },
	{ GW
	"tunnel wg { type = \"wireguard\" address = "
	    "{\"10.77.0.1/24\"} dns = {\"dns.example\"} }\n",
	"x.conf:2: tunnel wg: dns: \"dns.example\" is neither an address "
	    "nor self; write self for the resolver here, or one like "
	    "198.51.100.1 or 2001:db8::1\n" },
	{ GW
	"tunnel wg { type = \"wireguard\" address = {\"10.1.0.1/0\"} }\n",
	"x.conf:2: tunnel wg: address: 10.1.0.1/0: no network is that "
	    "large; write a /24 or smaller\n" },
	{ GW
	"tunnel wg { type = \"wireguard\" address = {\"fe80::1/64\"} }\n",
	"x.conf:2: tunnel wg: address: fe80::1/64 is a link-local address, "
	    "which no tunnel can have\n" },
	{ GW
	"tunnel wg { type = \"wireguard\" address = {\"10.77.0.1/24\"} dns = "
	    "{\"Self\"} }\n",
	"x.conf:2: tunnel wg: dns: \"Self\" is neither an address nor self; "
	    "write self for the resolver here, or one like 198.51.100.1 or "
	    "2001:db8::1\n" },
	{ GW
	"tunnel wg { type = \"wireguard\" address = "
	    "{\"10.77.0.1/24\", \"fd77::1/64\"} mtu = 1200 }\n",
	"x.conf:2: tunnel wg: mtu: 1200 is too small; IPv6 asks "
	    "for 1280 at least, and 0 means that it is found out\n" },
	{ GW
	"tunnel wg { type = \"wireguard\" address = "
	    "{\"10.77.0.1/24\"} mtu = 500 }\n",
	"x.conf:2: tunnel wg: mtu: 500 is too small; IPv4 asks for "
	    "576 at least, and 0 means that it is found out\n" },
	{ GW
	"tunnel wg {\n"
	" type = \"wireguard\"\n"
	" address = {\"10.77.0.1/24\"}\n"
	" remote = \"198.51.100.2\"\n"
	" pool = {\"10.0.0.0/24\"}\n"
	"}\n",
	"x.conf:6: tunnel wg: pool: a tunnel of type wireguard has "
	    "none; it belongs to ikev2, pptp, so remove it, or change "
	    "type\n"
	"x.conf:5: tunnel wg: remote: a tunnel of type wireguard "
	    "has none; it belongs to sit, so remove it, or change "
	    "type\n" },
	{ GW
	"tunnel wg {\n"
	" type = \"wireguard\"\n"
	" address = {\"10.77.0.1/24\"}\n"
	" endpoint = \"a.example:1\"\n"
	" keepalive = 25\n"
	"}\n",
	"x.conf:5: tunnel wg: endpoint: there is no peer that it "
	    "is for; write peer = \"KEY\", or remove it\n"
	"x.conf:6: tunnel wg: keepalive: there is no peer that it "
	    "is for; write peer = \"KEY\", or remove it\n" },
	{ GW
	"tunnel shop {\n"
	" type = \"wireguard\"\n"
	" address = {\"10.99.0.1/24\"}\n"
	" peer = \"password\"\n"
	" allowed = {\"10.99.0.2/32\"}\n"
	"}\n",
	"x.conf:5: tunnel shop: peer: \"password\" is no key; "
	    "write the 44 letters that wg pubkey prints\n" },
	{ GW
	"tunnel shop {\n"
	" type = \"wireguard\"\n"
	" address = {\"10.99.0.1/24\"}\n"
	" peer = \"mF8d5yNZLzGd+mKXcLyiVSRkP1Hx8O6sQ0eE1xFHJwB=\"\n"
	" allowed = {\"10.99.0.2/32\"}\n"
	"}\n",
	"x.conf:5: tunnel shop: peer: "
	    "\"mF8d5yNZLzGd+mKXcLyiVSRkP1Hx8O6sQ0eE1xFHJwB=\" is no "
	    "key; write the 44 letters that wg pubkey prints\n" },
	{ GW
	"tunnel shop {\n"
	" type = \"wireguard\"\n"
	" address = {\"10.99.0.1/24\"}\n"
	" peer = \"mF8d5yNZLzGd+mKXcLyiVSRkP1Hx8O6sQ0eE1xFHJwA=\"\n"
	"}\n",
	"x.conf:2: tunnel shop: allowed is missing; write what the "
	    "peer may send from, allowed = {\"10.99.0.2/32\"}, or "
	    "{\"0.0.0.0/0\", \"::/0\"} for all\n" },
	{ GW
	"tunnel shop {\n"
	" type = \"wireguard\"\n"
	" address = {\"10.99.0.1/24\"}\n"
	" peer = \"mF8d5yNZLzGd+mKXcLyiVSRkP1Hx8O6sQ0eE1xFHJwA=\"\n"
	" allowed = {\"10.99.0.2/24\"}\n"
	"}\n",
	"x.conf:6: tunnel shop: allowed: 10.99.0.2/24 has bits "
	    "behind its length; write 10.99.0.0/24\n" },
	{ GW
	"tunnel shop {\n"
	" type = \"wireguard\"\n"
	" address = {\"10.99.0.1/24\"}\n"
	" peer = \"mF8d5yNZLzGd+mKXcLyiVSRkP1Hx8O6sQ0eE1xFHJwA=\"\n"
	" endpoint = \"203.0.113.1\"\n"
	" allowed = {\"10.99.0.2/32\"}\n"
	"}\n",
	"x.conf:6: tunnel shop: endpoint: \"203.0.113.1\" is no "
	    "host with a port; write one like 203.0.113.1:51820, "
	    "[2001:db8::1]:51820 or vpn.example.org:51820\n" },
	{ GW
	"tunnel shop {\n"
	" type = \"wireguard\"\n"
	" address = {\"10.99.0.1/24\"}\n"
	" peer = \"mF8d5yNZLzGd+mKXcLyiVSRkP1Hx8O6sQ0eE1xFHJwA=\"\n"
	" default-route = true\n"
	" allowed = {\"10.99.0.2/32\"}\n"
	"}\n",
	"x.conf:6: tunnel shop: default-route: the peer may not "
	    "have all that has no nearer way; write allowed = "
	    "{\"0.0.0.0/0\", \"::/0\"}\n" },
	{ GW
	"tunnel shop {\n"
	" type = \"wireguard\"\n"
	" address = {\"10.99.0.1/24\"}\n"
	" peer = \"mF8d5yNZLzGd+mKXcLyiVSRkP1Hx8O6sQ0eE1xFHJwA=\"\n"
	" key = \"wg.key\"\n"
	" allowed = {\"10.99.0.2/32\"}\n"
	"}\n",
	"x.conf:6: tunnel shop: key: \"wg.key\" does not begin at "
	    "/; write the whole path\n" },
	{ GW
	"tunnel ike { type = \"ikev2\" }\n",
	"x.conf:2: tunnel ike: address is missing; write address = "
	    "{\"10.78.0.1/32\", \"fd78::1/128\"}\n"
	"x.conf:2: tunnel ike: name is missing; write name = "
	    "\"vpn.example.org\"\n"
	"x.conf:2: tunnel ike: pool is missing; write pool = "
	    "{\"10.78.0.0/24\", \"fd78::/64\"}\n" },
	{ GW
	"tunnel ike { type = \"ikev2\" name = \"v_example\" "
	    "address = {\"10.78.0.1/32\"} pool = {\"10.78.0.0/24\"} }\n",
	"x.conf:2: tunnel ike: name: \"v_example\" is no host name "
	    "and no address; write what clients dial, like "
	    "vpn.example.org\n" },
	{ GW
	"tunnel ike { type = \"ikev2\" name = \"v.example\" "
	    "address = {\"10.78.0.1/32\"} pool = {\"10.78.0.0/31\"} }\n",
	"x.conf:2: tunnel ike: pool: 10.78.0.0/31 has room for 2 "
	    "addresses, and 4 are the least; write a /30 or larger\n" },
	{ GW
	"tunnel ike { type = \"ikev2\" name = \"v.example\" "
	    "address = {\"10.78.0.1/32\"} pool = {\"10.78.0.0/24\", "
	    "\"10.79.0.0/24\"} }\n",
	"x.conf:2: tunnel ike: pool: 10.79.0.0/24 is the second of "
	    "its family; write one large enough\n" },
	{ GW
	"tunnel ike { type = \"ikev2\" name = \"v.example\" "
	    "address = {\"10.78.0.1/32\"} pool = {\"10.78.0.5/24\"} }\n",
	"x.conf:2: tunnel ike: pool: 10.78.0.5/24 has bits behind "
	    "its length; write 10.78.0.0/24\n" },
	{ GW
	"tunnel ike { type = \"ikev2\" certificate = "
	    "\"/etc/a.crt\" name = \"v.example\" address = "
	    "{\"10.78.0.1/32\"} pool = {\"10.78.0.0/24\"} }\n",
	"x.conf:2: tunnel ike: certificate: certificate-key goes "
	    "with it; write both, or none\n" },
	{ GW
	"tunnel ike { type = \"ikev2\" pac = \"http://a/<b>\" name "
	    "= \"v.example\" address = {\"10.78.0.1/32\"} pool = "
	    "{\"10.78.0.0/24\"} }\n",
	"x.conf:2: tunnel ike: pac: \"http://a/<b>\" is no URL "
	    "that every profile takes; write one like "
	    "http://10.78.0.1:8080/proxy.pac\n" },
	{ GW
	"tunnel isle { type = \"sit\" }\n",
	"x.conf:2: tunnel isle: address is missing; write address "
	    "= {\"2001:db8:1::2/127\"}\n"
	"x.conf:2: tunnel isle: local is missing; write local = "
	    "\"198.51.100.1\"\n"
	"x.conf:2: tunnel isle: remote is missing; write remote = "
	    "\"198.51.100.2\"\n" },
	{ GW
	"tunnel isle {\n"
	" type = \"sit\"\n"
	" local = \"198.51.100.1\"\n"
	" remote = \"2001:db8::2\"\n"
	" address = {\"2001:db8:1::2/127\"}\n"
	"}\n",
	"x.conf:5: tunnel isle: remote: 2001:db8::2 is IPv6, and "
	    "only IPv4 can stand here; write one like 198.51.100.1\n" },
	{ GW
	"tunnel isle {\n"
	" type = \"sit\"\n"
	" local = \"198.51.100.1\"\n"
	" remote = \"198.51.100.1\"\n"
	" address = {\"2001:db8:1::2/127\"}\n"
	"}\n",
	"x.conf:5: tunnel isle: remote: 198.51.100.1 is local, "
	    "too; write the far end's address\n" },
	{ "gateway g { ipv6 = \"routed\" }\n"
	"tunnel isle {\n"
	" type = \"sit\"\n"
	" local = \"198.51.100.1\"\n"
	" remote = \"198.51.100.2\"\n"
	" address = {\"2001:db8:1::2/127\"}\n"
	"}\n"
	"tunnel isle2 {\n"
	" type = \"sit\"\n"
	" local = \"198.51.100.1\"\n"
	" remote = \"198.51.100.2\"\n"
	" address = {\"2001:db8:2::2/127\"}\n"
	"}\n",
	"x.conf:11: tunnel isle2: remote: tunnel isle has the same "
	    "local and remote (line 2); keep one of them\n" },
	{ GW
	"tunnel isle {\n"
	" type = \"sit\"\n"
	" local = \"198.51.100.1\"\n"
	" remote = \"198.51.100.2\"\n"
	" address = {\"10.0.0.1/24\"}\n"
	"}\n",
	"x.conf:6: tunnel isle: address: 10.0.0.1/24 is IPv4, and "
	    "only IPv6 can stand here\n" },
	{ GW
	"tunnel isle {\n"
	" type = \"sit\"\n"
	" local = \"198.51.100.1\"\n"
	" remote = \"198.51.100.2\"\n"
	" ndp-proxy = {\"2001:db8:1::3\"}\n"
	" address = {\"2001:db8:1::2/127\"}\n"
	"}\n",
	"x.conf:6: tunnel isle: ndp-proxy: the gateway does not "
	    "let these addresses out; write ipv6 = \"ndp-proxy\" "
	    "there\n" },
	{ GW
	"tunnel world {\n"
	" type = \"sit\"\n"
	" remote = \"any\"\n"
	" local = \"198.51.100.1\"\n"
	" default-route = true\n"
	" address = {\"2002:c633:6401::1/48\", \"2002:c633:6402::1/64\"}\n"
	"}\n",
	"x.conf:6: tunnel world: default-route: 6to4 by itself leads to "
	    "2002::/16 alone; write relay = \"192.0.2.1\", the router to all "
	    "else, or remove it\n"
	"x.conf:7: tunnel world: address: 2002:c633:6401::1/48 is not of "
	    "local's network, 2002:c633:6401::/48, or its length is below 64; "
	    "leave it out for the first one there\n"
	"x.conf:7: tunnel world: address: 2002:c633:6402::1/64 is not of "
	    "local's network, 2002:c633:6401::/48, or its length is below 64; "
	    "leave it out for the first one there\n" },
	{ GW
	"tunnel isle {\n"
	" type = \"sit\"\n"
	" local = \"198.51.100.1\"\n"
	" remote = \"198.51.100.2\"\n"
	" relay = \"192.0.2.1\"\n"
	" address = {\"2001:db8:1::2/127\"}\n"
	"}\n",
	"x.conf:6: tunnel isle: relay: a tunnel to one far end has none; "
	    "write remote = \"any\" for 6to4, or remove it\n" },
	{ GW
	"tunnel old {\n"
	" type = \"pptp\"\n"
	" address = {\"192.168.77.1/32\"}\n"
	" pool = {\"192.168.77.234-192.168.77.238\"}\n"
	"}\n",
	"x.conf:2: tunnel old: PPTP's encryption has been broken "
	    "since 2012: who records the traffic reads it; use type = "
	    "\"wireguard\" or \"ikev2\", or write i-know-it-is-broken "
	    "= true\n" },
	{ GW
	"tunnel old {\n"
	" type = \"pptp\"\n"
	" i-know-it-is-broken = true\n"
	" address = {\"192.168.77.1/32\"}\n"
	" pool = {\"192.168.77.0/24\"}\n"
	"}\n",
	"x.conf:6: tunnel old: pool: \"192.168.77.0/24\": pptp "
	    "takes one range of IPv4 addresses; write it like "
	    "{\"192.168.77.234-192.168.77.238\"}\n" },
	{ GW
	"tunnel old {\n"
	" type = \"pptp\"\n"
	" i-know-it-is-broken = true\n"
	" address = {\"192.168.77.1/32\"}\n"
	" pool = {\"192.168.77.234-192.168.78.2\"}\n"
	"}\n",
	"x.conf:6: tunnel old: pool: 192.168.77.234-192.168.78.2: "
	    "only the last of the four numbers may differ; write a "
	    "range within one /24\n" },
	{ GW
	"tunnel old {\n"
	" type = \"pptp\"\n"
	" i-know-it-is-broken = true\n"
	" address = {\"192.168.77.1/32\"}\n"
	" pool = {\"192.168.77.1-192.168.77.238\"}\n"
	"}\n",
	"x.conf:6: tunnel old: pool: 192.168.77.1-192.168.77.238 "
	    "holds address, which is ours; write a range without it\n" },
	{ GW
	"tunnel old {\n"
	" type = \"pptp\"\n"
	" i-know-it-is-broken = true\n"
	" address = {\"fd77::1/128\"}\n"
	" pool = {\"192.168.77.234-192.168.77.238\"}\n"
	"}\n",
	"x.conf:5: tunnel old: address: fd77::1/128 is IPv6, and "
	    "only IPv4 can stand here\n" },
};
/* clang-format on */

#define EXPECT(v) expect_wrong((v), sizeof(v) / sizeof((v)[0]))

static void
test_tunnels(void **state)
{
	(void)state;
	EXPECT(tunnels);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tunnels),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
