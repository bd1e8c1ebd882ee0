/*
 * gateway.conf(5): three gateways whole, then every option from the tables,
 * then what people used to build by hand, by the names under which they look
 * for it.
 */
#include "config_draft.h"

static const char head[] =
    ".\\\" Made from the option tables by pared-gateway check --manual; do "
    "not edit.\n"
    ".Dd November 22, 2026\n"
    ".Dt GATEWAY.CONF 5\n"
    ".Os\n"
    ".Sh NAME\n"
    ".Nm gateway.conf\n"
    ".Nd configuration of tunnels, NAT and routes around pared\n"
    ".Sh DESCRIPTION\n"
    "Three gateways, whole.\n"
    "Phones and laptops by WireGuard.\n"
    "All that they do goes through this machine, and web pages through\n"
    ".Xr pared 1 ,\n"
    "whether or not a device knows of a proxy:\n";

static const char phones[] =
    "gateway home {\n"
    "    endpoint = \"vpn.example.org\"\n"
    "    intercept = \"redirect\"\n"
    "}\n"
    "tunnel phones {\n"
    "    type = \"wireguard\"\n"
    "    address = {\"10.77.0.1/24\", \"fd77::1/64\"}\n"
    "    dns = {\"self\"}\n"
    "}\n"
    "resolver {\n"
    "    forward = {\"9.9.9.9\", \"2620:fe::fe\"}\n"
    "}\n";

static const char phones_after[] =
    ".Pp\n"
    "After\n"
    ".Ql pared-gateway up ,\n"
    ".Ql pared-gateway client add kim\n"
    "shows a QR code for Kim's telephone.\n"
    "In\n"
    ".Xr pared.conf 5 ,\n"
    "TransparentPort has to be 3129; for devices that are told of the proxy,\n"
    "Address has to hold 10.77.0.1 and fd77::1.\n"
    ".Pp\n"
    "Devices that shall need no app, by IKEv2; the profile brings the proxy's\n"
    "PAC script along:\n";

static const char native[] =
    "gateway native {\n"
    "    endpoint = \"vpn.example.org\"\n"
    "    intercept = \"redirect\"\n"
    "}\n"
    "tunnel native {\n"
    "    type = \"ikev2\"\n"
    "    name = \"vpn.example.org\"\n"
    "    address = {\"10.78.0.1/32\", \"fd78::1/128\"}\n"
    "    pool = {\"10.78.0.0/24\", \"fd78::/64\"}\n"
    "    dns = {\"self\"}\n"
    "}\n"
    "resolver {\n"
    "    forward = {\"9.9.9.9\"}\n"
    "}\n";

static const char native_after[] =
    ".Pp\n"
    "A container's web server, for the world, for this machine and for the\n"
    "container's neighbours:\n";

static const char boxes[] = "gateway boxes {\n"
			    "    ipv6 = \"routed\"\n"
			    "}\n"
			    "forward web {\n"
			    "    port = \"tcp 8080\"\n"
			    "    to = \"10.0.3.2:80\"\n"
			    "    hairpin = true\n"
			    "}\n";

static const char language[] =
    ".Ss How it is written\n"
    "The file is written like\n"
    ".Xr pared.conf 5 :\n"
    "sections, and in them options,\n"
    ".Ql name = value .\n"
    "No option stands outside of a section, and sections may stand in any\n"
    "order.\n"
    "The case of names is of no matter.\n"
    ".Ql include(\\(dqfile\\(dq)\n"
    "stands for all that is in another file.\n"
    "Comments begin with # or // and end with the line, or stand between\n"
    "/* and */.\n"
    ".Pp\n"
    "Strings stand in quotes.\n"
    "A list is\n"
    ".Ql {\\(dqa\\(dq, \\(dqb\\(dq} ;\n"
    "one value alone may stand without braces, and += in place of = adds to\n"
    "the default.\n"
    "Times are in seconds and may end in ms, s, m or h.\n"
    "Yes is true, yes, on, t, y or 1; no is false, no, off, f, n or 0.\n"
    ".Pp\n"
    "Names of sections are letters, digits,\n"
    ".Ql - ,\n"
    ".Ql _\n"
    "and\n"
    ".Ql \\&. ,\n"
    "at most 32, 24 of the gateway's, and begin with a letter or digit.\n"
    "Networks are written with their length,\n"
    ".Ql 10.77.0.0/24 .\n"
    ".Pp\n"
    "Whatever is wrong is reported with its line and how to mend it, and\n"
    "nothing of the file is used.\n"
    ".Sh SECTIONS\n";

struct recipe {
	const char *title;
	const char *before, *example, *after; /* mdoc, plain, mdoc */
};

static const struct recipe recipes[] = {
	{ "What used to be rules",
	    "With ipv4 and ipv6 = nat, clients of tunnels are masqueraded "
	    "(hide NAT),\n"
	    "IPv6 like IPv4.\n"
	    "The segments of their TCP are clamped to what the tunnel carries "
	    "(TCPMSS).\n"
	    "intercept is what REDIRECT or TPROXY was, the latter with its "
	    "mark, rule\n"
	    "and table; with either, QUIC is refused.\n"
	    "Forwarding is turned on last and off first; an uplink that lives "
	    "by router\n"
	    "advertisements keeps its default route (accept_ra = 2), and every "
	    "setting\n"
	    "that the kernel changes along with these gets its old value "
	    "back.\n",
	    NULL, "" },
	{ "Slim edge",
	    "A small machine with a public address hands its web ports to a "
	    "bigger\n"
	    "one without, which sees the visitors' own addresses.\n"
	    "Here:\n",
	    "gateway edge { ipv6 = \"refuse\" }\n"
	    "tunnel shop {\n"
	    "    type = \"wireguard\"\n"
	    "    address = {\"10.99.0.1/24\"}\n"
	    "    peer = \"mF8d5yNZLzGd+mKXcLyiVSRkP1Hx8O6sQ0eE1xFHJwA=\"\n"
	    "    allowed = {\"10.99.0.2/32\"}\n"
	    "}\n"
	    "edge web {\n"
	    "    ports = {\"tcp 80\", \"tcp 443\"}\n"
	    "    to = \"10.99.0.2\"\n"
	    "    via = \"shop\"\n"
	    "}\n",
	    "On the bigger one, whose own way out stays what it is:\n" },
	{ NULL, "",
	    "gateway node { ipv4 = \"routed\" ipv6 = \"refuse\" }\n"
	    "tunnel edge {\n"
	    "    type = \"wireguard\"\n"
	    "    address = {\"10.99.0.2/32\"}\n"
	    "    peer = \"0nM1nVyRzEOL/8iY4tH3oSdOqO8w2Dd6YVwIMHX2Lz4=\"\n"
	    "    endpoint = \"203.0.113.1:51820\"\n"
	    "    allowed = {\"0.0.0.0/0\"}\n"
	    "    keepalive = 25\n"
	    "}\n"
	    "return web {\n"
	    "    address = \"10.99.0.2\"\n"
	    "    via = \"edge\"\n"
	    "}\n",
	    "Each side's\n"
	    ".Ic peer\n"
	    "is the other's public key, which its first\n"
	    ".Ql pared-gateway up\n"
	    "writes to\n"
	    ".Pa /var/lib/pared-gateway/edge/shop.key.pub\n"
	    "and\n"
	    ".Pa /var/lib/pared-gateway/node/edge.key.pub :\n"
	    "begin with the keys that stand here, put the right ones in, and "
	    "type\n"
	    ".Ql pared-gateway up\n"
	    "again.\n"
	    "Without\n"
	    ".Ic return\n"
	    "the answers leave by the node's own default route, and no "
	    "visitor\n"
	    "takes them.\n" },
	{ "6in4 tunnel server of one's own",
	    "A machine with IPv4 alone gets an IPv6 address out of this "
	    "machine's\n"
	    "on-link network, as from a tunnel broker; the neighbours on the "
	    "uplink\n"
	    "are answered for it (NDP proxy).\n",
	    "gateway island { ipv6 = \"ndp-proxy\" }\n"
	    "tunnel island {\n"
	    "    type = \"sit\"\n"
	    "    local = \"198.51.100.1\"\n"
	    "    remote = \"198.51.100.2\"\n"
	    "    address = {\"2001:db8:1::2/127\"}\n"
	    "    ndp-proxy = {\"2001:db8:1::3\"}\n"
	    "}\n",
	    "The other end has the same section with local and remote "
	    "exchanged,\n"
	    "address 2001:db8:1::3/127 and default-route = true.\n"
	    "Nothing in it is encrypted.\n" },
	{ "Several IPv6 uplinks",
	    "Each provider drops what has the other's address, so the source\n"
	    "address has to choose the way.\n"
	    "One section for each way that is not the default route's:\n",
	    "gateway multi { ipv4 = \"routed\" ipv6 = \"routed\" }\n"
	    "uplink broker {\n"
	    "    prefix = \"2001:db8:b::/64\"\n"
	    "    via = \"2001:db8:b::1\"\n"
	    "    link = \"he6\"\n"
	    "}\n",
	    "Where the link is a tunnel of 6in4 or 6to4, this is policy "
	    "routing into\n"
	    "it; link may then name a section of type sit, and via is left "
	    "out.\n"
	    "What a forward or an edge hands on is answered by the way that "
	    "it\n"
	    "came by.\n" },
	{ "6to4",
	    "Each public IPv4 address has an IPv6 network, "
	    "2002:V4ADDR::/48,\n"
	    "and all who have one reach each other without a broker.\n"
	    "To everybody else the way leads by a relay, which has to be "
	    "known;\n"
	    "here only what bears an address of that network takes it:\n",
	    "gateway six { ipv6 = \"routed\" }\n"
	    "tunnel world {\n"
	    "    type = \"sit\"\n"
	    "    remote = \"any\"\n"
	    "    local = \"198.51.100.1\"\n"
	    "    relay = \"192.0.2.1\"\n"
	    "}\n"
	    "uplink world {\n"
	    "    prefix = \"2002:c633:6401::/48\"\n"
	    "    link = \"world\"\n"
	    "}\n",
	    "The gateway itself has 2002:c633:6401::1; a tunnel to phones may "
	    "have\n"
	    "2002:c633:6401:1::1/64.\n"
	    "Use a broker where there is one: paths by relays of others are "
	    "often\n"
	    "broken, and nothing is encrypted.\n" },
	{ "Container ports",
	    "See the third example.\n"
	    ".Ic hairpin\n"
	    "matches addresses and not links, because where br_netfilter is "
	    "in\n"
	    "use bridged packets have lost the link they came by.\n"
	    "For a container to reach itself by the machine's address, its "
	    "port of\n"
	    "the bridge has to be in hairpin mode\n"
	    ".Ql ( bridge link set dev PORT hairpin on ) .\n"
	    "With ipv4 or ipv6 = nat, what is on the uplink's side cannot dial "
	    "the\n"
	    "container's own address.\n",
	    NULL, "" },
	{ "Limits on abusers",
	    "What\n"
	    ".Ql iptables -m recent --update\n"
	    "was used for: who asks more than seven times a minute is dropped, "
	    "and\n"
	    "stays dropped until it has been silent for a minute.\n",
	    "gateway g { }\n"
	    "limit ntp {\n"
	    "    link = \"eth0\"\n"
	    "    match = {\"udp dport 123\"}\n"
	    "    over = \"7/minute\"\n"
	    "    hold = \"60s\"\n"
	    "}\n",
	    "Of each family 65536 addresses are counted at once, and as many "
	    "held;\n"
	    "those beyond pass uncounted.\n"
	    "Changing the configuration forgets who is held.\n" },
	{ "PPTP server (poptop)",
	    "For a device that speaks nothing else.\n"
	    "Its encryption has been broken since 2012: who records the "
	    "traffic\n"
	    "reads it.\n",
	    "gateway old { intercept = \"redirect\" ipv6 = \"refuse\" }\n"
	    "tunnel ipad {\n"
	    "    type = \"pptp\"\n"
	    "    i-know-it-is-broken = true\n"
	    "    address = {\"192.168.77.1/32\"}\n"
	    "    pool = {\"192.168.77.234-192.168.77.238\"}\n"
	    "    dns = {\"9.9.9.9\"}\n"
	    "}\n",
	    "" },
	{ "A network with IPv6 alone (NAT64, DNS64)",
	    "Names with IPv4 alone get an address in the prefix, and packets "
	    "to it\n"
	    "leave by IPv4.\n",
	    "gateway six { ipv6 = \"routed\" }\n"
	    "nat64 {\n"
	    "    prefix = \"2001:db8:64::/96\"\n"
	    "    link = \"lan6\"\n"
	    "    lan = \"2001:db8:77::1/64\"\n"
	    "}\n"
	    "resolver {\n"
	    "    forward = {\"9.9.9.9\"}\n"
	    "}\n",
	    "" },
	{ "Talking before loading",
	    "A shaper is a little slower than the line, so that the queue is "
	    "here,\n"
	    "where it can be put in order: classes of HTB, to which filters "
	    "(u32, for\n"
	    "IPv4 and IPv6 alike) lead.\n",
	    "gateway shape { ipv4 = \"routed\" ipv6 = \"routed\" }\n"
	    "shaper down { link = \"eth1\" rate = \"20mbit\" }\n"
	    "class voice {\n"
	    "    shaper = \"down\"\n"
	    "    rate = \"8mbit\"\n"
	    "    priority = 0\n"
	    "    match = {\"ip6 daddr fd00:77::3/128\", \"udp sport 53\"}\n"
	    "}\n"
	    "class bulk {\n"
	    "    shaper = \"down\"\n"
	    "    rate = \"2mbit\"\n"
	    "    ceil = \"2mbit\"\n"
	    "    default = true\n"
	    "}\n",
	    "" },
};

static const char tail[] = ".Sh FILES\n"
			   ".Bl -tag -width Ds\n"
			   ".It Pa /etc/pared/gateway.conf\n"
			   "The file that is read when no other is named.\n"
			   ".It Pa /var/lib/pared-gateway/NAME\n"
			   "Keys and clients of the gateway NAME.\n"
			   ".It Pa /run/pared-gateway\n"
			   "The journal, by which\n"
			   ".Ql pared-gateway down\n"
			   "takes everything back, and generated files.\n"
			   ".El\n"
			   ".Sh SEE ALSO\n"
			   ".Xr pared 1 ,\n"
			   ".Xr pared.conf 5 ,\n"
			   ".Xr pared-gateway 8\n";

/* As it would stand in a file. */
static void
write_example(FILE *out, const char *text)
{
	fputs(".Bd -literal -offset indent\n", out);
	for (; *text != '\0'; text++) {
		if (*text == '"')
			fputs("\\(dq", out);
		else
			putc(*text, out);
	}
	fputs(".Ed\n", out);
}

void
gw_config_manual(FILE *out)
{
	fputs(head, out);
	write_example(out, phones);
	fputs(phones_after, out);
	write_example(out, native);
	fputs(native_after, out);
	write_example(out, boxes);
	fputs(language, out);
	for (int s = 0; s < GW_NSECTIONS; s++)
		pd_conf_write_manual_section(out, &gw_sections[s]);
	fputs(".Sh RECIPES\n", out);
	for (size_t i = 0; i < sizeof(recipes) / sizeof(recipes[0]); i++) {
		const struct recipe *r = &recipes[i];

		if (r->title != NULL)
			fprintf(out, ".Ss %s\n", r->title);
		fputs(r->before, out);
		if (r->example != NULL)
			write_example(out, r->example);
		if (r->after[0] != '\0')
			fprintf(out, ".Pp\n%s", r->after);
	}
	fputs(tail, out);
}
