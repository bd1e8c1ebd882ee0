/*
 * NAT64: a network with IPv6 alone reaches the IPv4 world. Its machines look a
 * name up with our resolver, which makes an address out of the prefix and the
 * IPv4 address where a name has no other (DNS64, plumbing/resolver.c); packets
 * to the prefix go into the link nat64, where tayga (RFC 7915) turns them into
 * IPv4 packets from the pool, one address for each machine; and these leave
 * masqueraded. radvd tells the network its prefix, its router and its resolver.
 *
 * The link has no address of its own: tayga hands any address of the pool out,
 * and one that were the machine's would swallow the answers of the client that
 * got it.
 *
 * An IPv6 header is 20 bytes longer than an IPv4 one. TCP is told the smaller
 * size of either side when it connects (MSS); everything else learns by
 * tayga's "packet too big".
 */
#include "plan.h"

#include <string.h>

#define TUN     "nat64"
#define MTU     1500u
#define MTU_MIN 1280u /* of IPv6 */
/* tayga and radvd need no privilege once their sockets are open. */
#define USER "nobody"

/* The well-known prefix stands for public addresses alone (RFC 6052, 3.1). */
static bool
is_well_known(const struct gw_net *prefix)
{
	static const uint8_t well_known[12] = { 0x00, 0x64, 0xff, 0x9b };

	return memcmp(prefix->addr.ip, well_known, sizeof(well_known)) == 0;
}

/* The pool's first address after the network's own is tayga's. */
static const char *
tayga_ipv4(struct gw_plan *p)
{
	struct pd_addr a = p->conf->nat64.pool.addr;

	a.ip[3] = (uint8_t)(a.ip[3] | 1);
	return gw_plan_addr(p, &a);
}

/*
 * tayga's own IPv6 address, from which it reports errors: by itself it takes
 * its IPv4 address inside the prefix, but a private one must not stand in the
 * well-known prefix. Then one of the network's that no machine gives itself by
 * chance: identifiers with the bytes ff:fe in their middle are made of hardware
 * addresses, others at random.
 */
static const char *
tayga_ipv6(struct gw_plan *p)
{
	static const uint8_t identifier[8] = { 0, 0x64, 0xff, 0x9b, 0, 0, 0,
		1 };
	struct pd_addr a = p->conf->nat64.lan.addr;

	if (!is_well_known(&p->conf->nat64.prefix))
		return NULL;
	memcpy(a.ip + 8, identifier, sizeof(identifier));
	return gw_plan_addr(p, &a);
}

/*
 * No data-dir: it would have to be writable for the user. The pool's addresses
 * are assigned anew when tayga starts again.
 */
static void
add_tayga(struct gw_plan *p)
{
	const struct gw_nat64 *n = &p->conf->nat64;
	const char *path = gw_plan_run(p, "tayga.conf");
	const char *ipv6 = tayga_ipv6(p);
	const char *argv[] = { "tayga", "--nodetach", "--user", USER,
		"--config", path, NULL };
	const char *text = gw_plan_text(p,
	    "tun-device " TUN "\n"
	    "ipv4-addr %s\n"
	    "%s%s%s"
	    "prefix %s\n"
	    "dynamic-pool %s\n",
	    tayga_ipv4(p), ipv6 != NULL ? "ipv6-addr " : "",
	    ipv6 != NULL ? ipv6 : "", ipv6 != NULL ? "\n" : "",
	    gw_plan_net(p, &n->prefix), gw_plan_net(p, &n->pool));

	struct gw_step *s;

	gw_plan_file(p, path, 0644, text);
	s = gw_plan_daemon(p, GW_PHASE_DAEMON, "tayga", argv, NULL, NULL);
	gw_step_set(s, p->arena, "link", TUN);
	gw_plan_daemon_reads(p, s, text);
	if (ipv6 != NULL)
		gw_plan_add(p, GW_PHASE_ROUTE, &gw_kind_route, 2, "dst",
		    gw_plan_text(p, "%s/128", ipv6), "table", "main", "dev",
		    TUN);
}

static void
add_link(struct gw_plan *p)
{
	const struct gw_nat64 *n = &p->conf->nat64;
	unsigned mtu = p->facts->uplink_mtu;

	/* What the uplink cannot carry need not be turned into IPv4 first. */
	if (mtu == 0 || mtu > MTU)
		mtu = MTU;
	if (mtu < MTU_MIN)
		mtu = MTU_MIN;
	gw_plan_module(p, "tun");
	gw_plan_add(p, GW_PHASE_LINK, &gw_kind_link, 1, "name", TUN, "kind",
	    "tun", "mtu", gw_plan_text(p, "%u", mtu));
	gw_plan_add(p, GW_PHASE_ROUTE, &gw_kind_route, 2, "dst",
	    gw_plan_net(p, &n->pool), "table", "main", "dev", TUN);
	gw_plan_add(p, GW_PHASE_ROUTE, &gw_kind_route, 2, "dst",
	    gw_plan_net(p, &n->prefix), "table", "main", "dev", TUN);
	gw_plan_add(p, GW_PHASE_ADDRESS, &gw_kind_address, 2, "dev", n->link,
	    "address", gw_plan_net(p, &n->lan));
}

static void
add_radvd(struct gw_plan *p)
{
	const struct gw_nat64 *n = &p->conf->nat64;
	const char *path = gw_plan_run(p, "radvd/radvd.conf");
	const char *pid = gw_plan_run(p, "radvd/pid");
	struct gw_net lan = gw_net_base(&n->lan);
	const char *argv[] = { "radvd", "--nodaemon", "--username", USER,
		"--logmethod", "stderr", "--config", path, "--pidfile", pid,
		NULL };
	const char *resolver = n->resolve ? gw_plan_text(p, "\tRDNSS %s { };\n",
						gw_plan_addr(p, &n->lan.addr))
					  : "";
	const char *text = gw_plan_text(p,
	    "interface %s {\n"
	    "\tAdvSendAdvert on;\n"
	    "\tMinRtrAdvInterval 30;\n"
	    "\tMaxRtrAdvInterval 100;\n"
	    "\tprefix %s { };\n"
	    "%s"
	    "};\n",
	    n->link, gw_plan_net(p, &lan), resolver);

	/* Its advertisements come back to us: while we do not forward, before
	 * all is up and after it went down, the link would give itself another
	 * address by them. */
	gw_plan_sysctl(p, GW_PHASE_GUARD,
	    gw_plan_text(p, "net/ipv6/conf/%s/accept_ra", n->link), "0");
	gw_plan_file(p, path, 0644, text);
	gw_plan_daemon_reads(p,
	    gw_plan_daemon(p, GW_PHASE_DAEMON, "radvd", argv, NULL, pid), text);
}

/* How the network's own IPv6 leaves, as for tunnels' clients. */
static void
add_ipv6_rules(struct gw_plan *p)
{
	const struct gw_nat64 *n = &p->conf->nat64;
	struct gw_net lan = gw_net_base(&n->lan);

	if (p->conf->ipv6 == GW_LEAVE_NAT)
		gw_rule(p->rules, GW_CHAIN_SRCNAT, GW_RULE_LAST,
		    "ip6 saddr %s oifname %s masquerade", gw_plan_net(p, &lan),
		    gw_plan_ways_out(p, AF_INET6));
	else if (p->conf->ipv6 == GW_LEAVE_REFUSE)
		gw_rule(p->rules, GW_CHAIN_FORWARD, GW_RULE_REFUSE,
		    "iifname \"%s\" meta nfproto ipv6 oifname != \"" TUN
		    "\" reject with icmpv6 admin-prohibited",
		    n->link);
}

static void
add_rules(struct gw_plan *p)
{
	const struct gw_nat64 *n = &p->conf->nat64;

	for (int i = 0; i < 2; i++)
		gw_rule(p->rules, GW_CHAIN_FORWARD, GW_RULE_FIRST,
		    "%s \"" TUN "\" tcp flags syn / syn,rst "
		    "tcp option maxseg size set rt mtu",
		    i == 0 ? "iifname" : "oifname");
	if (p->conf->ipv4 == GW_LEAVE_NAT)
		gw_rule(p->rules, GW_CHAIN_SRCNAT, GW_RULE_LAST,
		    "ip saddr %s oifname %s masquerade",
		    gw_plan_net(p, &n->pool), gw_plan_ways_out(p, AF_INET));
	add_ipv6_rules(p);
	gw_rules_open(p->rules, GW_CHAIN_FORWARD, "iifname \"%s\"", n->link);
	gw_rules_open(p->rules, GW_CHAIN_FORWARD, "iifname \"" TUN "\"");
	if (n->resolve) {
		gw_rules_open(p->rules, GW_CHAIN_INPUT,
		    "iifname \"%s\" udp dport 53", n->link);
		gw_rules_open(p->rules, GW_CHAIN_INPUT,
		    "iifname \"%s\" tcp dport 53", n->link);
	}
}

static void
add_notes(struct gw_plan *p)
{
	const struct gw_nat64 *n = &p->conf->nat64;

	if (is_well_known(&n->prefix))
		gw_plan_note(p,
		    "nat64: 64:ff9b::/96 reaches public addresses alone; to "
		    "reach private ones as well, take a /96 of your own "
		    "network");
	if (!p->facts->ipv6_default)
		gw_plan_note(p,
		    "nat64: there is no way out by IPv6; machines on %s reach "
		    "what has an IPv4 address, through tayga",
		    n->link);
}

void
gw_nat64_plan(struct gw_plan *p)
{
	const struct gw_nat64 *n = &p->conf->nat64;

	if (!n->present)
		return;
	add_link(p);
	add_tayga(p);
	if (n->advertise)
		add_radvd(p);
	add_rules(p);
	add_notes(p);
	gw_plan_forwarding(p, AF_INET);
	gw_plan_forwarding(p, AF_INET6);
}
