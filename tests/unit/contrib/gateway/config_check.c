#include "config.h"

#include "tests/support/gateway_conf.h"

/* clang-format off */
/* The gateway by itself. */
static const struct wrong gateways[] = {
	{ "\n",
	"x.conf: there is no section gateway; begin with gateway home { }\n" },
	{ "# nothing\n",
	"x.conf: there is no section gateway; begin with gateway home { }\n" },
	{ GW
	"gateway h { }\n",
	"x.conf:2: there is a gateway in x.conf:1 already; keep one of "
	    "them\n" },
	{ "gateway { }\n",
	"x.conf:1: a gateway has to have a name; write gateway "
	    "home { ... }\n" },
	{ "gateway \"a b\" { }\n",
	"x.conf:1: gateway \"a b\": that cannot be a name; use at "
	    "most 24 letters, digits, '-', '_' and '.', and begin with "
	    "a letter or digit\n" },
	{ "gateway aaaaaaaaaaaaaaaaaaaaaaaaa { }\n",
	"x.conf:1: gateway \"aaaaaaaaaaaaaaaaaaaaaaaaa\": that "
	    "cannot be a name; use at most 24 letters, digits, '-', "
	    "'_' and '.', and begin with a letter or digit\n" },
	{ "gateway -a { }\n",
	"x.conf:1: gateway \"-a\": that cannot be a name; use at "
	    "most 24 letters, digits, '-', '_' and '.', and begin with "
	    "a letter or digit\n" },
	{ GW
	"tunel wg { }\n",
	"x.conf:2: unknown name \"tunel\"; did you mean tunnel?\n" },
	{ GW
	"unheard { }\n",
	"x.conf:2: unknown name \"unheard\"; see gateway.conf(5) "
	    "for those that there are\n" },
	{ "uplink = \"eth0\"\n"
	"gateway g { }\n",
	"x.conf:1: uplink is a section, and has no value; write "
	    "uplink ... { }\n" },
	{ "gateway g {\n"
	" uplnk = \"eth0\"\n"
	"}\n",
	"x.conf:2: unknown name \"uplnk\"; did you mean uplink?\n" },
	{ "gateway g { uplink = \"eth0; reboot\" }\n",
	"x.conf:1: gateway g: uplink: \"eth0; reboot\" is no "
	    "link's name; use auto, or at most 15 letters, digits, "
	    "'-', '_' and '.'\n" },
	{ "gateway g { uplink = \"a-link-too-long-0\" }\n",
	"x.conf:1: gateway g: uplink: \"a-link-too-long-0\" is no "
	    "link's name; use auto, or at most 15 letters, digits, "
	    "'-', '_' and '.'\n" },
	{ "gateway g { endpoint = \"vpn.example.org:51820\" }\n",
	"x.conf:1: gateway g: endpoint: \"vpn.example.org:51820\" "
	    "is no host name and no address; write one like "
	    "vpn.example.org, without a port\n" },
	{ "gateway g { endpoint = \"10.0.0.256\" }\n",
	"x.conf:1: gateway g: endpoint: \"10.0.0.256\" is no host "
	    "name and no address; write one like vpn.example.org, "
	    "without a port\n" },
	{ "gateway g { intercept = \"yes\" }\n",
	"x.conf:1: gateway g: intercept: \"yes\" cannot be; give "
	    "one of: no redirect tproxy\n" },
	{ "gateway g { intercept = \"redirect\" }\n",
	"x.conf:1: gateway g: intercept: there is no tunnel whose "
	    "clients' connections could be led to pared; write tunnel "
	    "phones { ... }, or intercept = \"no\"\n" },
	{ "gateway g { intercept = \"redirect\" intercept-ports = {} }\n"
	"tunnel wg { type = \"wireguard\" address = {\"10.77.0.1/24\"} }\n",
	"x.conf:1: gateway g: intercept-ports: there are none; "
	    "name some like {80, 443}, or write intercept = \"no\"\n" },
	{ "gateway g { intercept = \"redirect\" intercept-port = 8080 }\n"
	"tunnel wg { type = \"wireguard\" address = {\"10.77.0.1/24\"} }\n",
	"x.conf:1: gateway g: intercept-port: 8080 is proxy's "
	    "port; pared has another for intercepted connections, its "
	    "TransparentPort\n" },
	{ "gateway g { ipv4 = \"ndp-proxy\" }\n",
	"x.conf:1: gateway g: ipv4: IPv4 has no NDP; write nat, "
	    "routed or refuse\n" },
	{ "gateway g { state-dir = \"gateway\" run-dir = \"/run/a b\" }\n",
	"x.conf:1: gateway g: state-dir: \"gateway\" does not "
	    "begin at /; write the whole path\n"
	"x.conf:1: gateway g: run-dir: \"/run/a b\" has blanks or "
	    "signs that other programs' files do not take in a path; "
	    "use letters, digits, '/', '-', '_' and '.'\n" },
	{ "gateway g { wpad = true }\n",
	"x.conf:1: gateway g: wpad: only the section resolver can "
	    "answer, and there is none; write resolver { forward = "
	    "{\"9.9.9.9\"} }\n" },
	{ "gateway g { proxy = 65536 }\n",
	"x.conf:1: gateway g: proxy: \"65536\" cannot be; give a "
	    "number from 0 to 65535\n" },
};

/* Shapers, classes, limits. */
static const struct wrong rates[] = {
	{ GW
	"shaper down { link = \"eth1\" rate = \"20mbps\" }\n",
	"x.conf:2: shaper down: rate: \"20mbps\" is no rate; write "
	    "a number and bit, kbit, mbit or gbit, like 20mbit, from "
	    "8kbit to 1000gbit\n" },
	{ GW
	"shaper down { link = \"eth1\" rate = \"7999bit\" }\n",
	"x.conf:2: shaper down: rate: \"7999bit\" is no rate; "
	    "write a number and bit, kbit, mbit or gbit, like 20mbit, "
	    "from 8kbit to 1000gbit\n" },
	{ GW
	"shaper down { link = \"eth1\" rate = \"20mbit\" }\n"
	"shaper up { link = \"eth1\" rate = \"20mbit\" }\n",
	"x.conf:3: shaper up: link: eth1 is shaper down's already "
	    "(line 2); make classes of that one\n" },
	{ GW
	"shaper down { link = \"eth1\" rate = \"20mbit\" }\n"
	"class a { shaper = \"dwn\" rate = \"1mbit\" default = true }\n",
	"x.conf:3: class a: shaper: there is no shaper dwn; did "
	    "you mean down?\n" },
	{ GW
	"shaper down { link = \"eth1\" rate = \"20mbit\" }\n"
	"class a { shaper = \"down\" rate = \"1mbit\" }\n",
	"x.conf:3: class a: nothing gets into it; write match = "
	    "{\"udp sport 53\"}, or default = true\n" },
	{ GW
	"shaper down { link = \"eth1\" rate = \"20mbit\" }\n"
	"class a { shaper = \"down\" rate = \"2mbit\" ceil = "
	    "\"1mbit\" default = true }\n",
	"x.conf:3: class a: ceil: 1mbit is less than its rate, "
	    "2mbit; a class may always take its rate, so write a "
	    "larger ceil\n" },
	{ GW
	"shaper down { link = \"eth1\" rate = \"20mbit\" }\n"
	"class a { shaper = \"down\" rate = \"21mbit\" ceil = "
	    "\"1gbit\" default = true }\n",
	"x.conf:3: class a: rate: 21mbit is more than the 20mbit "
	    "of shaper down; write less\n"
	"x.conf:3: class a: ceil: 1gbit is more than the 20mbit of "
	    "shaper down; write less, or leave it out\n" },
	{ GW
	"shaper down { link = \"eth1\" rate = \"20mbit\" }\n"
	"class a { shaper = \"down\" rate = \"15mbit\" default = true }\n"
	"class b { shaper = \"down\" rate = \"6mbit\" match = {\"udp\"} }\n",
	"x.conf:2: shaper down: rate: its classes' rates are 21000 "
	    "kbit together, more than 20mbit; write less for some of "
	    "them, they may still take more by ceil\n" },
	{ GW
	"shaper down { link = \"eth1\" rate = \"20mbit\" }\n"
	"class a { shaper = \"down\" rate = \"1mbit\" default = true }\n"
	"class b { shaper = \"down\" rate = \"1mbit\" default = true }\n",
	"x.conf:4: class b: default: class a is shaper down's "
	    "default already (line 3); keep one of them\n" },
	{ GW
	"shaper down { link = \"eth1\" rate = \"20mbit\" }\n"
	"class a { shaper = \"down\" rate = \"1mbit\" priority = 8 "
	    "match = {\"udp dport\", \"dport 53\", \"ip6 saddr "
	    "10.0.0.1\", \"\"} }\n",
	"x.conf:3: class a: priority: \"8\" cannot be; give a "
	    "number from 0 to 7\n"
	"x.conf:3: class a: match: \"\" cannot be; give a word\n"
	"x.conf:3: class a: match: \"udp dport\" cannot be; write "
	    "it like \"ip6 udp saddr fd77::/64 dport 5000-5010\", "
	    "without what does not matter\n"
	"x.conf:3: class a: match: \"dport 53\" cannot be; write "
	    "it like \"ip6 udp saddr fd77::/64 dport 5000-5010\", "
	    "without what does not matter\n"
	"x.conf:3: class a: match: \"ip6 saddr 10.0.0.1\" cannot "
	    "be; write it like \"ip6 udp saddr fd77::/64 dport "
	    "5000-5010\", without what does not matter\n" },
	{ GW
	"limit a { match = {\"udp dport 123\"} over = \"7/day\" }\n",
	"x.conf:2: limit a: over: \"7/day\" cannot be; write a "
	    "number from 1 to 1000000 and /second, /minute or /hour, "
	    "like 7/minute\n" },
	{ GW
	"limit a { match = {} over = \"0/minute\" }\n",
	"x.conf:2: limit a: match: there is none, so every packet "
	    "would be counted; write one like {\"udp dport 123\"}\n"
	"x.conf:2: limit a: over: \"0/minute\" cannot be; write a "
	    "number from 1 to 1000000 and /second, /minute or /hour, "
	    "like 7/minute\n" },
	{ GW
	"limit a { match = {\"udp dport 123\"} over = \"7/minute\" "
	    "burst = 0 hold = \"0s\" }\n",
	"x.conf:2: limit a: burst: \"0\" cannot be; give a number "
	    "from 1 to 65535 packets\n"
	"x.conf:2: limit a: hold: \"0s\" cannot be; give a number "
	    "from 1 to 604800 seconds\n" },
	{ GW
	"limit a { match = {\"udp dport 123\"} over = \"7/minute\" "
	    "link = \"a b\" }\n",
	"x.conf:2: limit a: link: \"a b\" is no link's name; use "
	    "at most 15 letters, digits, '-', '_' and '.', or a "
	    "tunnel's name\n" },
};

/* Ports. */
static const struct wrong forwards[] = {
	{ GW
	"forward a { port = \"80\" to = \"10.0.3.2:80\" }\n",
	"x.conf:2: forward a: port: \"80\" is no port; write tcp "
	    "or udp and a number or range, like \"tcp 8080\" or \"udp "
	    "5000-5010\"\n" },
	{ GW
	"forward a { port = \"tcp 80\" to = \"10.0.3.2:0\" }\n",
	"x.conf:2: forward a: to: \"10.0.3.2:0\" is no address "
	    "with a port; write one like 10.0.3.2:80 or [fd00::2]:80\n" },
	{ GW
	"forward a { port = \"tcp 80\" to = \"127.0.0.1:80\" }\n",
	"x.conf:2: forward a: to: 127.0.0.1:80 is a loopback "
	    "address, which no machine behind us has; write one like "
	    "10.0.3.2:80\n" },
	{ GW
	"forward a { port = \"tcp 80-90\" to = \"10.0.3.2:80\" }\n",
	"x.conf:2: forward a: to: a range of ports keeps its "
	    "numbers; write the address alone\n" },
	{ GW
	"forward a { port = \"tcp 80\" to = \"10.0.3.2:80\" "
	    "address = \"fd00::1\" }\n",
	"x.conf:2: forward a: address: fd00::1 is IPv6, and only "
	    "IPv4 can stand here; write one like 198.51.100.1\n" },
	{ GW
	"forward a { port = \"tcp 80\" to = \"10.0.3.2:80\" "
	    "hairpin-net = \"10.0.4.0/24\" }\n",
	"x.conf:2: forward a: hairpin-net: it is for hairpin "
	    "alone; write hairpin = true, or remove it\n"
	"x.conf:2: forward a: hairpin-net: 10.0.4.0/24 does not "
	    "hold to, 10.0.3.2:80; write the container's own network\n" },
	{ GW
	"forward a { port = \"tcp 80\" to = \"10.0.3.2:80\" "
	    "hairpin = true hairpin-net = \"0.0.0.0/0\" }\n",
	"x.conf:2: forward a: hairpin-net: that is every address; "
	    "write the container's own network\n" },
	{ GW
	"forward a { port = \"tcp 80\" to = \"10.0.3.2\" }\n"
	"forward b { port = \"tcp 1-100\" to = \"10.0.3.3\" "
	    "address = \"10.0.0.1\" }\n",
	"x.conf:3: forward b: port: TCP port 80 is forward a's "
	    "already (line 2); write another\n" },
};
/* clang-format on */

#define EXPECT(v) expect_wrong((v), sizeof(v) / sizeof((v)[0]))

static void
test_gateways(void **state)
{
	(void)state;
	EXPECT(gateways);
}

static void
test_rates(void **state)
{
	(void)state;
	EXPECT(rates);
}

static void
test_forwards(void **state)
{
	(void)state;
	EXPECT(forwards);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_gateways),
		cmocka_unit_test(test_rates),
		cmocka_unit_test(test_forwards),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
