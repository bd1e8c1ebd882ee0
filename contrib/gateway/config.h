/*
 * The gateway's configuration: one file in libconfuse's syntax, read whole,
 * checked whole, then immutable. What a word of the file may be is decided
 * here once; everybody else is given addresses, numbers and names of a strict
 * grammar, never text that would have to be checked again.
 *
 * Not here: clients (client.h), which live in files of their own.
 * Thread: main.
 */
#ifndef GW_CONFIG_H
#define GW_CONFIG_H

#include <stdio.h>

#include "base/addr.h"
#include "base/conf.h"
#include "gateway.h"

/* An address with the length of its network: 10.77.0.1/24. */
struct gw_net {
	struct pd_addr addr; /* host bits kept */
	unsigned len;        /* bits */
};

struct gw_nets {
	struct gw_net *v;
	size_t n;
};

/* "tcp 80", "udp 5000-5010". */
struct gw_port {
	uint8_t protocol; /* IPPROTO_TCP, IPPROTO_UDP */
	uint16_t lo, hi;  /* both included */
};

struct gw_ports {
	struct gw_port *v;
	size_t n;
};

/* "ip6 udp saddr fd77::/64 sport 53 dport 5000-5010": all of it must hold. */
struct gw_match {
	uint16_t family;  /* AF_INET, AF_INET6; 0: either */
	uint8_t protocol; /* IPPROTO_*; 0: any */
	bool has_source, has_destination;
	struct gw_net source, destination; /* host bits clear */
	uint16_t sport_lo, sport_hi;       /* 0: any */
	uint16_t dport_lo, dport_hi;       /* 0: any */
};

struct gw_matches {
	struct gw_match *v;
	size_t n;
};

enum gw_intercept {
	GW_INTERCEPT_NO,
	GW_INTERCEPT_REDIRECT,
	GW_INTERCEPT_TPROXY,
};

/* How packets of clients leave, by family. */
enum gw_leave {
	GW_LEAVE_NAT,       /* behind the uplink's address */
	GW_LEAVE_ROUTED,    /* as they are: others know the way back */
	GW_LEAVE_NDP_PROXY, /* IPv6: as they are, we answer for them */
	GW_LEAVE_REFUSE,    /* not at all, and told so at once */
};

enum gw_tunnel_type {
	GW_WIREGUARD,
	GW_IKEV2,
	GW_SIT,
	GW_PPTP,
};

enum gw_auth {               /* of IKEv2 clients */
	GW_AUTH_EAP,         /* name and password, EAP-MSCHAPv2 */
	GW_AUTH_CERTIFICATE, /* issued by our authority */
};

struct gw_tunnel {
	char *title; /* "phones" */
	unsigned line;
	int type;   /* enum gw_tunnel_type */
	char *link; /* "wg-phones"; IKEv2: NULL; PPTP: "ppp*" */

	struct pd_strings address_text, dns_text;
	struct gw_nets address; /* ours in the tunnel */
	struct pd_strings dns;  /* told to clients: addresses */
	bool dns_self;          /* our resolver answers there */
	int64_t mtu;            /* bytes; 0: found out */
	int64_t listen;         /* port, UDP; WireGuard */

	/* WireGuard; peer: the one far end that is no client. */
	char *key;       /* file of the private key; NULL: in state-dir */
	char *peer;      /* public key, base64 */
	char *endpoint;  /* "host:port" that we dial */
	char *preshared; /* file */
	struct pd_strings allowed_text;
	struct gw_nets allowed;
	int64_t keepalive; /* seconds; 0: off */

	/* WireGuard to a peer, and SIT: all that has no nearer way goes in. */
	bool default_route;

	/* IKEv2, PPTP. */
	char *name; /* IKEv2: what the server is called, and its certificate */
	struct pd_strings pool_text;
	struct gw_nets pool;         /* IKEv2: clients' addresses */
	struct pd_prefix pool_range; /* PPTP: "10.0.0.10-10.0.0.20", IPv4 */
	int auth;                    /* enum gw_auth */
	char *certificate, *certificate_key; /* files; NULL: we issue one */
	char *pac;   /* URL for profiles; NULL: our proxy's */
	bool broken; /* i-know-it-is-broken */

	/* SIT; local as well: where PPTP listens. */
	char *local_text, *remote_text, *relay_text;
	struct pd_addr local, remote; /* family 0: unset */
	bool six_to_four;             /* remote = any; remote is unset then */
	struct pd_addr relay;         /* of 6to4, IPv4; family 0: none */
	struct pd_strings ndp_proxy_text;
	struct pd_prefixes ndp_proxy; /* single addresses */
};

/* What arrives at the edge goes to a node behind a tunnel. */
struct gw_edge {
	char *title;
	unsigned line;
	char *address_text, *to_text, *via;
	struct pd_addr address; /* that visitors dial; family 0: any of ours */
	struct pd_addr to;
	const struct gw_tunnel *tunnel; /* via */
	struct pd_strings ports_text;
	struct gw_ports ports;
};

/* The node's half: answers of an address go back through the tunnel. */
struct gw_return {
	char *title;
	unsigned line;
	char *address_text, *via;
	struct pd_addr address;
	const struct gw_tunnel *tunnel;
};

/* One of several ways out, chosen by the source address. */
struct gw_uplink {
	char *title;
	unsigned line;
	char *prefix_text, *gateway_text, *link;
	struct gw_net prefix;   /* host bits clear */
	struct pd_addr gateway; /* family 0: the link needs none */
};

/* NAT64 and DNS64 for a link with IPv6 alone. */
struct gw_nat64 {
	bool present;
	unsigned line;
	char *prefix_text, *pool_text, *link, *lan_text;
	struct gw_net prefix; /* /96 */
	struct gw_net pool;   /* IPv4 */
	struct gw_net lan;    /* our address on the link; len 64 */
	bool advertise;       /* radvd: prefix and resolver */
	bool resolve;         /* unbound: DNS64 */
};

/* Names for clients. */
struct gw_resolver {
	bool present;
	unsigned line;
	struct pd_strings forward; /* addresses, "@port"; empty: it asks the
				      world itself */
	char *blocklist;           /* file of local-zone lines; NULL: none */
	bool private_names;        /* "test", "internal" and such may be
				      forwarded and unsigned */
};

/* A link's rate, shared by classes (HTB). */
struct gw_shaper {
	char *title;
	unsigned line;
	char *link; /* a tunnel's title, or a link */
	char *rate_text;
	uint64_t rate; /* bit/s */
};

struct gw_class {
	char *title;
	unsigned line;
	char *shaper_text, *rate_text, *ceil_text;
	const struct gw_shaper *shaper;
	uint64_t rate, ceil; /* bit/s */
	int64_t priority;    /* 0 first, to 7 */
	bool fallback;       /* default = true: what no class matches */
	struct pd_strings match_text;
	struct gw_matches match;
};

/* Who asks too often is dropped until it stops. */
struct gw_limit {
	char *title;
	unsigned line;
	char *link; /* a tunnel's title, a link, or NULL: any */
	struct pd_strings match_text;
	struct gw_matches match;
	char *over_text;
	uint32_t over;        /* packets ... */
	const char *over_per; /* "second", "minute", "hour" */
	int64_t burst;        /* packets */
	int64_t hold_ms;
};

/* A port handed to a container or a machine behind us. */
struct gw_forward {
	char *title;
	unsigned line;
	char *port_text, *to_text, *address_text;
	struct gw_port port;
	struct pd_addr to;      /* with its port */
	struct pd_addr address; /* that is dialled; family 0: any of ours */
	bool hairpin;           /* neighbours of the container, too */
	char *hairpin_net_text;
	struct gw_net hairpin_net; /* their network; len 0: of /24 or /64 */
};

struct gw_config {
	char *path; /* of the file */
	char *name; /* the gateway's title */
	unsigned line;

	char *uplink;           /* a link; NULL: "auto", the default route's */
	int64_t proxy;          /* pared's port, told to clients; 0: none */
	int intercept;          /* enum gw_intercept */
	int64_t intercept_port; /* pared's TransparentPort */
	struct pd_port_ranges intercept_ports; /* 80, 443 */
	int ipv4, ipv6;                        /* enum gw_leave */
	bool block_quic;
	int own_filter;   /* 1: packet-filter = own: rules are the admin's */
	int foreign_open; /* 1: foreign-drop = open */
	bool wpad;        /* our resolver answers wpad.DOMAIN */
	char *endpoint;   /* host that clients dial */
	char *state_dir;  /* kept: keys, clients; /var/lib/pared-gateway */
	char *run_dir;    /* goes with the kernel's state; /run/pared-gateway */

	struct gw_tunnel *tunnels;
	size_t ntunnels;
	struct gw_edge *edges;
	size_t nedges;
	struct gw_return *returns;
	size_t nreturns;
	struct gw_uplink *uplinks;
	size_t nuplinks;
	struct gw_shaper *shapers;
	size_t nshapers;
	struct gw_class *classes;
	size_t nclasses;
	struct gw_limit *limits;
	size_t nlimits;
	struct gw_forward *forwards;
	size_t nforwards;
	struct gw_nat64 nat64;
	struct gw_resolver resolver;
};

/*
 * Reads path. Every mistake is reported with file, line and remedy. NULL when
 * there was one.
 */
struct gw_config *
gw_config_load(const char *path, const struct pd_conf_report *report);
/* The same of text, without the files that it includes; path is the name in
 * reports. */
struct gw_config *gw_config_parse(
    const char *path, const char *text, const struct pd_conf_report *report);
void gw_config_free(struct gw_config *c);

/* 2002:V4ADDR::/48, the network of an IPv4 address (RFC 3056, 2). */
struct gw_net gw_net_6to4(const struct pd_addr *v4);

/* NULL when there is none of that title. */
const struct gw_tunnel *
gw_config_tunnel(const struct gw_config *c, const char *title);
/* A shaper's, limit's or uplink's link: a tunnel's title, or a link itself. */
const char *gw_config_link(const struct gw_config *c, const char *word);
const char *gw_tunnel_type_name(int type);

/* Words of the file; 0, or -1. Blanks around are not taken. */
/* IPv4 or IPv6; none that is both ("::ffff:192.0.2.1"). */
int gw_addr_parse(struct pd_str s, struct pd_addr *out);
/* "10.0.3.2:80", "[2001:db8::1]:80", or an address alone: port 0. */
int gw_addr_port_parse(struct pd_str s, struct pd_addr *out);
/* An address alone is the whole of its length. */
int gw_net_parse(struct pd_str s, struct gw_net *out);
int gw_port_parse(struct pd_str s, struct gw_port *out);
int gw_match_parse(struct pd_str s, struct gw_match *out);
/* "20mbit", "512kbit", "1gbit": bit/s. */
int gw_rate_parse(struct pd_str s, uint64_t *out);
/* A name of sections, clients, gateways: letters, digits, '-', '_', '.', the
 * first no sign; at most max bytes. */
bool gw_is_name(const char *s, size_t max);
/* A link's name, by the same letters and the kernel's length. */
bool gw_is_link(const char *s);
bool gw_is_host(const char *s); /* DNS name (letters, digits, '-') or address */
/* "vpn.example.org:51820", "203.0.113.1:51820", "[2001:db8::1]:51820" */
bool gw_is_endpoint(const char *s);
/* 44 letters of base64 that are 32 bytes. */
bool gw_is_key(const char *s);

#define GW_NET_TEXT (PD_ADDR_TEXT + 4)
const char *gw_net_text(const struct gw_net *n, char buf[GW_NET_TEXT]);
/* The network's own address: host bits clear. */
struct gw_net gw_net_base(const struct gw_net *n);
bool gw_net_holds(const struct gw_net *n, const struct pd_addr *a);
/* Whether one of them does. */
bool gw_nets_hold(const struct gw_nets *nets, const struct pd_addr *a);

/* The manual page gateway.conf(5), from the tables. */
void gw_config_manual(FILE *out);

#endif
