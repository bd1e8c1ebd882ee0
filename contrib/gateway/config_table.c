/*
 * The tables of the configuration: the parser, its reports and gateway.conf(5)
 * are made from these rows.
 */
#include <stddef.h>

#include "config_draft.h"

#define ROW(name_, type_, struct_, member_, def_, ...)                      \
	{                                                                   \
		.name = (name_), .type = PD_CONF_##type_,                   \
		.offset = offsetof(struct struct_, member_), .def = (def_), \
		__VA_ARGS__                                                 \
	}
#define RANGE(least_, most_, unit_) \
	.least = (least_), .most = (most_), .unit = (unit_)
#define NEEDED     .needed = true
#define EXAMPLE(e) .example = (e)
#define WORDS(w)   .words = (w)
#define TEXT(t)    .text = (t)

/* By enum gw_intercept. */
static const char *const intercepts[] = { "no", "redirect", "tproxy", NULL };
/* By enum gw_leave. */
static const char *const leaves[] = { "nat", "routed", "ndp-proxy", "refuse",
	NULL };
/* By own_filter: 0, 1. */
static const char *const filters[] = { "nft", "own", NULL };
static const char *const drops[] = { "report", "open", NULL };
/* By enum gw_auth. */
static const char *const auths[] = { "eap", "certificate", NULL };
const char *const gw_tunnel_types[] = { "wireguard", "ikev2", "sit", "pptp",
	NULL };

/* clang-format off */
static const struct pd_conf_row gateway_rows[] = {
ROW("uplink", STRING, gw_config, uplink, "auto",
    TEXT("The link to the world; auto: those of the default routes, of IPv4 "
         "and IPv6 each its own, and all of them where there are several.")),
ROW("endpoint", STRING, gw_config, endpoint, NULL, EXAMPLE("vpn.example.org"),
    TEXT("The host name or address that clients dial, without a port. It goes "
         "into what client show prints.")),
ROW("proxy", INT, gw_config, proxy, "8080", RANGE(0, 65535, NULL),
    TEXT("The Port of pared, which clients that know of a proxy are told. 0: "
         "none.")),
ROW("intercept", CHOICE, gw_config, intercept, "no", WORDS(intercepts),
    TEXT("How web connections of clients that know of no proxy come to pared: "
         "no, redirect, or tproxy. It has to be pared's TransparentMode, and "
         "redirect asks for no privilege of pared's.")),
ROW("intercept-port", INT, gw_config, intercept_port, "3129",
    RANGE(1, 65535, NULL),
    TEXT("The TransparentPort of pared.")),
ROW("intercept-ports", PORTS, gw_config, intercept_ports, "{80, 443}",
    TEXT("The TCP ports whose connections are led there.")),
ROW("ipv4", CHOICE, gw_config, ipv4, "nat", WORDS(leaves),
    TEXT("How IPv4 packets of clients leave: nat, behind the uplink's "
         "address; routed, as they are, because others know the way back; "
         "refuse, not at all, and the client is told at once.")),
ROW("ipv6", CHOICE, gw_config, ipv6, "nat", WORDS(leaves),
    TEXT("The same of IPv6, or ndp-proxy: as they are, and the gateway "
         "answers for the clients' addresses on the uplink. Where the uplink "
         "has no IPv6, packets are refused whatever stands here, so that "
         "nothing goes around the tunnel.")),
ROW("block-quic", BOOL, gw_config, block_quic, "true",
    TEXT("Whether HTTP over UDP is refused where web connections are "
         "intercepted; browsers then use TCP at once.")),
ROW("packet-filter", CHOICE, gw_config, own_filter, "nft", WORDS(filters),
    TEXT("Who loads the rules: nft, the gateway, in a table of its own; own, "
         "you, in your own packet filter, from what 'pared-gateway plan "
         "--nft' shows. Without them nothing is translated, intercepted, "
         "refused or held.")),
ROW("foreign-drop", CHOICE, gw_config, foreign_open, "report", WORDS(drops),
    TEXT("What to do about chains of others (Docker, ufw) that drop what the "
         "gateway lets through: report, which check does with the remedy, or "
         "open, which puts accepts of our own in front, and takes them away "
         "when the gateway goes down. Found are chains whose policy drops, and "
         "rules that drop everything, all TCP or UDP, or all that leaves by "
         "a way out (where there is a section forward: by any link), also in "
         "chains to which all packets jump, unless a rule before accepts all "
         "of these. Accepts by other matches (an address, a port) are taken "
         "for none, so that rather too much is found. Not found are drops by "
         "other matches, and those ahead of hooks input and forward.")),
ROW("wpad", BOOL, gw_config, wpad, "false",
    TEXT("Whether the resolver answers for the name wpad, by which some "
         "systems look for a proxy.")),
ROW("state-dir", PATH, gw_config, state_dir, "/var/lib/pared-gateway",
    TEXT("Where keys and clients are kept, in a folder of the gateway's "
         "name.")),
ROW("run-dir", PATH, gw_config, run_dir, "/run/pared-gateway",
    TEXT("Where the journal and generated files are, which have to go when "
         "the kernel's state goes: a tmpfs.")),
};

static const struct pd_conf_row tunnel_rows[] = {
ROW("type", CHOICE, gw_tunnel, type, NULL, NEEDED, EXAMPLE("wireguard"),
    WORDS(gw_tunnel_types),
    TEXT("What it speaks: wireguard; ikev2, which iOS, macOS, Windows and "
         "Android speak without an app; sit, IPv6 in IPv4 (6in4) without "
         "any encryption; or pptp, which is broken.")),
ROW("link", STRING, gw_tunnel, link, NULL, EXAMPLE("wg-phones"),
    TEXT("Wireguard, sit: the name of its network link, at most 15 letters. "
         "Unset: wg- or six- and the tunnel's name, cut to 15.")),
ROW("address", STRINGS, gw_tunnel, address_text, "{}",
    EXAMPLE("{\"10.77.0.1/24\", \"fd77::1/64\"}"),
    TEXT("The gateway's own addresses in the tunnel, with the length of the "
         "network there; clients of WireGuard get theirs out of these. Every "
         "type needs one, but 6to4, which has 2002:V4ADDR::1 of local's.")),
ROW("dns", STRINGS, gw_tunnel, dns_text, "{}", EXAMPLE("{\"self\"}"),
    TEXT("Wireguard, ikev2, pptp: the resolvers that clients are told: "
         "addresses, or self: the section resolver's, at the tunnel's own "
         "address.")),
ROW("mtu", INT, gw_tunnel, mtu, "0", RANGE(0, 65535, "bytes"),
    TEXT("The largest packet inside; 0: found out from the uplink's. "
         "1280 at least, or 576 where there is no IPv6.")),
ROW("listen", INT, gw_tunnel, listen, "51820", RANGE(1, 65535, NULL),
    TEXT("Wireguard: the UDP port.")),
ROW("key", PATH, gw_tunnel, key, NULL,
    EXAMPLE("/etc/wireguard/phones.key"),
    TEXT("Wireguard: the file of the private key; unset: one is made, and "
         "kept in state-dir.")),
ROW("peer", STRING, gw_tunnel, peer, NULL,
    EXAMPLE("mF8d5yNZLzGd+mKXcLyiVSRkP1Hx8O6sQ0eE1xFHJwA="),
    TEXT("Wireguard: the public key of the one far end that is no client of "
         "ours: another gateway.")),
ROW("endpoint", STRING, gw_tunnel, endpoint, NULL,
    EXAMPLE("203.0.113.1:51820"),
    TEXT("Wireguard: the peer's host and port, which are dialled; unset: it "
         "dials us.")),
ROW("preshared", PATH, gw_tunnel, preshared, NULL,
    EXAMPLE("/etc/wireguard/peer.psk"),
    TEXT("Wireguard: the file of a key that is shared with the peer.")),
ROW("allowed", STRINGS, gw_tunnel, allowed_text, "{}",
    EXAMPLE("{\"10.99.0.2/32\"}"),
    TEXT("Wireguard: the networks behind the peer. Packets to them go in, "
         "packets from elsewhere do not come out. 0.0.0.0/0 and ::/0 make no "
         "route; see default-route and return.")),
ROW("keepalive", INT, gw_tunnel, keepalive, "0", RANGE(0, 65535, "seconds"),
    TEXT("Wireguard: how often to say a word to the peer, so that a NAT on "
         "the way does not forget us; 25 suits most. 0: never.")),
ROW("default-route", BOOL, gw_tunnel, default_route, "false",
    TEXT("Wireguard with a peer, sit: whether all that has no nearer way goes "
         "into the tunnel.")),
ROW("name", STRING, gw_tunnel, name, NULL, EXAMPLE("vpn.example.org"),
    TEXT("Ikev2, which needs it: the name by which clients know the server, "
         "and which its certificate holds.")),
ROW("pool", STRINGS, gw_tunnel, pool_text, "{}",
    EXAMPLE("{\"10.78.0.0/24\", \"fd78::/64\"}"),
    TEXT("Ikev2, pptp, which need it: the addresses that clients get, each "
         "client its own. Ikev2: networks, of each family one; pptp: one "
         "range of IPv4 addresses, 192.168.77.234-192.168.77.238.")),
ROW("auth", CHOICE, gw_tunnel, auth, "eap", WORDS(auths),
    TEXT("Ikev2: how clients prove who they are: eap, by name and password, "
         "or certificate, by one that client add issues.")),
ROW("certificate", PATH, gw_tunnel, certificate, NULL,
    EXAMPLE("/etc/letsencrypt/live/vpn.example.org/fullchain.pem"),
    TEXT("Ikev2: the server's certificate and those that vouch for it; unset: "
         "the gateway's own authority issues one, which clients then have to "
         "be told to trust; what client show prints does that.")),
ROW("certificate-key", PATH, gw_tunnel, certificate_key, NULL,
    EXAMPLE("/etc/letsencrypt/live/vpn.example.org/privkey.pem"),
    TEXT("Ikev2: its private key.")),
ROW("pac", STRING, gw_tunnel, pac, NULL,
    EXAMPLE("http://10.78.0.1:8080/proxy.pac"),
    TEXT("Ikev2: the PAC script that profiles name; unset: pared's own.")),
ROW("i-know-it-is-broken", BOOL, gw_tunnel, broken, "false",
    TEXT("Pptp: has to be true. Its encryption falls to one search of 2^56 "
         "keys (MS-CHAPv2, shown in 2012): who records the traffic reads it. "
         "Use wireguard or ikev2.")),
ROW("local", STRING, gw_tunnel, local_text, NULL, EXAMPLE("198.51.100.1"),
    TEXT("Sit, which needs it: our IPv4 address outside of the tunnel. Pptp: "
         "where to listen; unset: everywhere.")),
ROW("remote", STRING, gw_tunnel, remote_text, NULL, EXAMPLE("198.51.100.2"),
    TEXT("Sit, which needs it: the far end's IPv4 address; or any: 6to4, "
         "where each IPv4 address has the network 2002:V4ADDR::/48, and "
         "packets go straight to the one that stands in their destination.")),
ROW("relay", STRING, gw_tunnel, relay_text, NULL, EXAMPLE("192.0.2.1"),
    TEXT("Sit, of 6to4: the IPv4 address of the router to all other IPv6 "
         "networks, for default-route and for sections uplink. There is no "
         "anycast one any more (RFC 7526).")),
ROW("ndp-proxy", STRINGS, gw_tunnel, ndp_proxy_text, "{}",
    EXAMPLE("{\"2001:db8:1::3\"}"),
    TEXT("Sit: IPv6 addresses behind the tunnel that belong to the uplink's "
         "network, for which the gateway answers there.")),
};

static const struct pd_conf_row edge_rows[] = {
ROW("ports", STRINGS, gw_edge, ports_text, NULL, NEEDED,
    EXAMPLE("{\"tcp 80\", \"tcp 443\"}"),
    TEXT("What is handed on: tcp or udp, and a port or a range of ports.")),
ROW("to", STRING, gw_edge, to_text, NULL, NEEDED, EXAMPLE("10.99.0.2"),
    TEXT("The node's address behind the tunnel. It sees the visitors' own "
         "addresses.")),
ROW("via", STRING, gw_edge, via, NULL, NEEDED, EXAMPLE("shop"),
    TEXT("The tunnel's name.")),
ROW("address", STRING, gw_edge, address_text, NULL, EXAMPLE("203.0.113.1"),
    TEXT("The address that visitors dial; unset: any of ours, on the uplink. "
         "Of the same family as to.")),
};

static const struct pd_conf_row return_rows[] = {
ROW("address", STRING, gw_return, address_text, NULL, NEEDED,
    EXAMPLE("10.99.0.2"),
    TEXT("Our address in the tunnel: what it answers goes back through the "
         "tunnel, whatever the machine's own way out is.")),
ROW("via", STRING, gw_return, via, NULL, NEEDED, EXAMPLE("edge"),
    TEXT("The tunnel's name.")),
};

static const struct pd_conf_row uplink_rows[] = {
ROW("prefix", STRING, gw_uplink, prefix_text, NULL, NEEDED,
    EXAMPLE("2001:db8:b::/64"),
    TEXT("The network whose addresses leave by this way.")),
ROW("via", STRING, gw_uplink, gateway_text, NULL, EXAMPLE("2001:db8:b::1"),
    TEXT("The provider's router; unset where the link needs none, as a "
         "tunnel.")),
ROW("link", STRING, gw_uplink, link, NULL, NEEDED, EXAMPLE("he6"),
    TEXT("The link that leads there: its name, or a tunnel's.")),
};

static const struct pd_conf_row nat64_rows[] = {
ROW("prefix", STRING, gw_nat64, prefix_text, NULL, NEEDED,
    EXAMPLE("2001:db8:64::/96"),
    TEXT("The IPv6 network that stands for all of IPv4: a /96 of one's own. "
         "The well-known 64:ff9b::/96 cannot lead to private IPv4 addresses "
         "(RFC 6052, 3.1).")),
ROW("pool", STRING, gw_nat64, pool_text, "192.168.255.0/24",
    TEXT("IPv4 addresses for the IPv6 hosts, which nothing else uses; they "
         "leave behind the uplink's address.")),
ROW("link", STRING, gw_nat64, link, NULL, NEEDED, EXAMPLE("lan6"),
    TEXT("The link of the network that has IPv6 alone.")),
ROW("lan", STRING, gw_nat64, lan_text, NULL, NEEDED,
    EXAMPLE("2001:db8:77::1/64"),
    TEXT("Our address there, and the length of the network, 64.")),
ROW("advertise", BOOL, gw_nat64, advertise, "true",
    TEXT("Whether to advertise the network and the resolver there "
         "(radvd).")),
ROW("resolve", BOOL, gw_nat64, resolve, "true",
    TEXT("Whether our resolver gives names with IPv4 alone an address in the "
         "prefix (DNS64, by unbound).")),
};

static const struct pd_conf_row resolver_rows[] = {
ROW("forward", SERVERS, gw_resolver, forward, "{}",
    EXAMPLE("{\"9.9.9.9\", \"2620:fe::fe\"}"),
    TEXT("The resolvers that are asked, with @port if it is not 53; empty: "
         "the world itself, from the root down.")),
ROW("blocklist", PATH, gw_resolver, blocklist, NULL,
    EXAMPLE("/var/lib/pared/lists/unbound.conf"),
    TEXT("A file that pared lists export made (format unbound): names that "
         "are answered with 0.0.0.0 and ::. Names alone are taken from it; "
         "other lines are left out, and check tells.")),
ROW("private-names", BOOL, gw_resolver, private_names, "false",
    TEXT("Whether names such as test and internal are forwarded, and need no "
         "signature.")),
};

static const struct pd_conf_row shaper_rows[] = {
ROW("link", STRING, gw_shaper, link, NULL, NEEDED, EXAMPLE("eth1"),
    TEXT("The link whose outgoing packets are shaped: its name, or a "
         "tunnel's.")),
ROW("rate", STRING, gw_shaper, rate_text, NULL, NEEDED, EXAMPLE("20mbit"),
    TEXT("What all of them may take together: a number and bit, kbit, mbit or "
         "gbit (1000 each) a second. A bit less than what the line carries, "
         "so that the queue is here.")),
};

static const struct pd_conf_row class_rows[] = {
ROW("shaper", STRING, gw_class, shaper_text, NULL, NEEDED, EXAMPLE("down"),
    TEXT("The shaper whose rate it has a part of.")),
ROW("rate", STRING, gw_class, rate_text, NULL, NEEDED, EXAMPLE("8mbit"),
    TEXT("What it gets whenever it asks.")),
ROW("ceil", STRING, gw_class, ceil_text, NULL, EXAMPLE("20mbit"),
    TEXT("What it may take when others leave something; unset: the "
         "shaper's rate.")),
ROW("priority", INT, gw_class, priority, "3", RANGE(0, 7, NULL),
    TEXT("Who is first asked to take what is left: 0 before 7.")),
ROW("default", BOOL, gw_class, fallback, "false",
    TEXT("Whether it gets what no class matches; at most one class of a "
         "shaper's.")),
ROW("match", STRINGS, gw_class, match_text, "{}",
    EXAMPLE("{\"ip6 daddr fd00:77::3/128\", \"udp sport 53\"}"),
    TEXT("Whose packets they are; one of the matches suffices.")),
};

static const struct pd_conf_row limit_rows[] = {
ROW("match", STRINGS, gw_limit, match_text, NULL, NEEDED,
    EXAMPLE("{\"udp dport 123\"}"),
    TEXT("What is counted, by the address that it comes from; one of the "
         "matches suffices.")),
ROW("over", STRING, gw_limit, over_text, NULL, NEEDED, EXAMPLE("7/minute"),
    TEXT("How many packets are too many: a number, and /second, /minute or "
         "/hour.")),
ROW("burst", INT, gw_limit, burst, NULL, RANGE(1, 65535, "packets"),
    EXAMPLE("7"),
    TEXT("How many may come at once before that; unset: the number of "
         "over.")),
ROW("hold", TIME, gw_limit, hold_ms, "60s",
    RANGE(1000, INT64_C(7) * 24 * 3600 * 1000, "seconds"),
    TEXT("For how long what matches is dropped, counted from its last packet: "
         "who goes on asking stays out.")),
ROW("link", STRING, gw_limit, link, NULL, EXAMPLE("eth1"),
    TEXT("Only what comes in by this link: its name, or a tunnel's; unset: by "
         "any.")),
};

static const struct pd_conf_row forward_rows[] = {
ROW("port", STRING, gw_forward, port_text, NULL, NEEDED, EXAMPLE("tcp 8080"),
    TEXT("What is dialled: tcp or udp, and a port or a range of ports.")),
ROW("to", STRING, gw_forward, to_text, NULL, NEEDED, EXAMPLE("10.0.3.2:80"),
    TEXT("Where it goes: address:port, or [address]:port of IPv6. Without a "
         "port it stays the one that was dialled, as a range of them has "
         "to.")),
ROW("address", STRING, gw_forward, address_text, NULL,
    EXAMPLE("198.51.100.1"),
    TEXT("The address that is dialled; unset: any of ours. Of the same family "
         "as to.")),
ROW("hairpin", BOOL, gw_forward, hairpin, "false",
    TEXT("Whether neighbours of the container, and itself, may dial the "
         "machine's address as well; the container then sees them come from "
         "the machine.")),
ROW("hairpin-net", STRING, gw_forward, hairpin_net_text, NULL,
    EXAMPLE("10.0.3.0/24"),
    TEXT("The neighbours' network; unset: the /24 of to, or the /64.")),
};
/* clang-format on */

#define ROWS(rows_) .rows = (rows_), .nrows = sizeof(rows_) / sizeof((rows_)[0])

const struct pd_conf_section gw_section_root = {
	.name = "",
	.inner = { "gateway", "tunnel", "edge", "return", "uplink", "nat64",
	    "resolver", "shaper", "class", "limit", "forward", "include" },
};

const struct pd_conf_section gw_sections[GW_NSECTIONS] = {
	[GW_SECTION_GATEWAY] = {
	    .name = "gateway",
	    .example = "home",
	    ROWS(gateway_rows),
	    .text = "The gateway itself; every file has one, and there is one "
		    "at a time in a network namespace. Its name is in the "
		    "marks by which what it makes is known again, and keys "
		    "and clients are kept by it: with another name it begins "
		    "without them.",
	},
	[GW_SECTION_TUNNEL] = {
	    .name = "tunnel",
	    .example = "phones",
	    ROWS(tunnel_rows),
	    .text = "A tunnel: to many clients, which client add makes, or to "
		    "one peer. Options that belong to some types begin with "
		    "their names.",
	},
	[GW_SECTION_EDGE] = {
	    .name = "edge",
	    .example = "web",
	    ROWS(edge_rows),
	    .text = "Ports of this machine that are handed to another one "
		    "behind a tunnel, which has the section return.",
	},
	[GW_SECTION_RETURN] = {
	    .name = "return",
	    .example = "web",
	    ROWS(return_rows),
	    .text = "The node's half of an edge.",
	},
	[GW_SECTION_UPLINK] = {
	    .name = "uplink",
	    .example = "broker",
	    ROWS(uplink_rows),
	    .text = "One of several ways out, taken by what has an address of "
		    "its network: providers drop what has another's.",
	},
	[GW_SECTION_NAT64] = {
	    .name = "nat64",
	    ROWS(nat64_rows),
	    .text = "For a network with IPv6 alone: the way to IPv4 (by "
		    "tayga).",
	},
	[GW_SECTION_RESOLVER] = {
	    .name = "resolver",
	    ROWS(resolver_rows),
	    .text = "Names for clients, by unbound, at the gateway's own "
		    "addresses in tunnels whose dns is self.",
	},
	[GW_SECTION_SHAPER] = {
	    .name = "shaper",
	    .example = "down",
	    ROWS(shaper_rows),
	    .text = "A link's rate, which classes share (HTB).",
	},
	[GW_SECTION_CLASS] = {
	    .name = "class",
	    .example = "voice",
	    ROWS(class_rows),
	    .text = "A part of a shaper's rate. A match is made of the words, "
		    "in this order: ip or ip6; tcp, udp, icmp or icmpv6; then "
		    "saddr and daddr with an address or network, sport and "
		    "dport with a port or a range. All of it must hold.",
	},
	[GW_SECTION_LIMIT] = {
	    .name = "limit",
	    .example = "ntp",
	    ROWS(limit_rows),
	    .text = "Who asks too often is dropped until it stops. Matches "
		    "are written as in class.",
	},
	[GW_SECTION_FORWARD] = {
	    .name = "forward",
	    .example = "web",
	    ROWS(forward_rows),
	    .text = "A port of this machine that is handed to a container or "
		    "a machine behind it.",
	},
};
