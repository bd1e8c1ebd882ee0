/*
 * What becomes of the packets of tunnels' clients: how they leave by the
 * uplink, family by family, what they may not do, and that none leaves
 * uncovered.
 *
 * Our chains accept what they do not name, so that a packet which may pass
 * needs no rule here, but for address translation. Three things are forbidden:
 *
 *   a family that is refused, in chain guard, before anything else sees it: the
 *   client is told, and takes the other family at once instead of waiting for a
 *   time-out;
 *
 *   a source address of an IKEv2 pool that did not come through the tunnel;
 *
 *   client to client: a phone has no business with another one. What is a
 *   network rather than a device is not meant: a tunnel with a `peer`, or SIT,
 *   is reached from everywhere. What a port was forwarded for (ct status dnat)
 *   passes.
 *
 * Services of this machine are as open to clients as to anybody else: that is
 * the business of its own packet filter.
 */
#include "plan.h"

#include <string.h>

#define IKEV2_MTU 1400 /* bytes; charon's own guess for its TUN device */

static const int families[] = { AF_INET, AF_INET6 };

#define NFAMILIES (sizeof(families) / sizeof(families[0]))

static int
leave_of(const struct gw_plan *p, int family)
{
	return family == AF_INET6 ? p->conf->ipv6 : p->conf->ipv4;
}

bool
gw_plan_way_in(const struct gw_plan *p, const struct gw_tunnel *t)
{
	for (size_t i = 0; i < p->conf->nreturns; i++) {
		if (p->conf->returns[i].tunnel == t)
			return false;
	}
	for (size_t i = 0; i < p->conf->nuplinks; i++) {
		const char *link =
		    gw_config_link(p->conf, p->conf->uplinks[i].link);

		if (t->link != NULL && strcmp(link, t->link) == 0)
			return false;
	}
	return !t->default_route && !t->six_to_four;
}

/* Its far ends are devices, each for itself. */
static bool
is_for_clients(const struct gw_plan *p, const struct gw_tunnel *t)
{
	return gw_plan_way_in(p, t) && t->peer == NULL && t->type != GW_SIT;
}

/*
 * Of packets of clients on their way out. IKEv2 without a link of its own: a
 * packet to another client leaves by the uplink as well, but inside ESP.
 */
static const char *
leaving(struct gw_plan *p, const struct gw_tunnel *t, int family)
{
	const char *from = gw_rules_from(p->arena, t, family);
	const char *to = gw_rules_to(p->arena, t, family);
	const char *pool;

	if (from == NULL)
		return NULL;
	pool = t->type == GW_IKEV2 ? strstr(to, "daddr ") : NULL;
	if (pool != NULL)
		from = gw_plan_text(p, "%s %s daddr != %s", from,
		    family == AF_INET6 ? "ip6" : "ip", pool + strlen("daddr "));
	return gw_plan_text(
	    p, "%s oifname %s", from, gw_plan_ways_out(p, family));
}

/*
 * TCP is told by a reset, because ICMP is measured out: the kernel sends a
 * client one a second. Of 20 connections in a row, IPv6 refused by ICMPv6, each
 * took 1.02 s to fail; with a reset, none took 5 ms.
 */
static void
refuse(struct gw_plan *p, const char *from, int family)
{
	const char *ours = family == AF_INET6 ? "local, anycast, multicast"
					      : "local, broadcast, multicast";
	const char *icmp = family == AF_INET6 ? "icmpv6" : "icmp";

	gw_rule(p->rules, GW_CHAIN_GUARD, GW_RULE_REFUSE,
	    "%s fib daddr type != { %s } meta l4proto tcp reject with tcp "
	    "reset",
	    from, ours);
	gw_rule(p->rules, GW_CHAIN_GUARD, GW_RULE_REFUSE,
	    "%s fib daddr type != { %s } reject with %s type "
	    "admin-prohibited",
	    from, ours, icmp);
}

/* A tunnel of one family alone may be sent the other one, and nothing of it
 * shall pass either. PPTP and IKEv2 agree on addresses first. */
static const char *
all_from(struct gw_plan *p, const struct gw_tunnel *t, int family)
{
	if (t->type == GW_WIREGUARD || t->type == GW_SIT)
		return gw_plan_text(p, "meta nfproto %s iifname \"%s\"",
		    family == AF_INET6 ? "ipv6" : "ipv4", t->link);
	return gw_rules_from(p->arena, t, family);
}

/* We answer neighbour solicitations on the uplink for each client (RFC 4389).
 */
static void
plan_ndp_proxy(struct gw_plan *p, const struct gw_tunnel *t)
{
	const char *link = gw_plan_uplink(p, AF_INET6);
	const struct gw_client *c = NULL;

	if (t->type == GW_SIT)
		return; /* it names its addresses itself */
	while ((c = gw_clients_next(p->clients, t, c)) != NULL) {
		for (size_t i = 0; i < c->address.n; i++) {
			const struct pd_addr *a = &c->address.v[i].first;

			if (a->family != AF_INET6)
				continue;
			gw_plan_sysctl(p, GW_PHASE_ROUTE,
			    gw_plan_text(p, "net/ipv6/conf/%s/proxy_ndp", link),
			    "1");
			gw_plan_add(p, GW_PHASE_ROUTE, &gw_kind_neighbour, 2,
			    "dev", link, "address", gw_plan_addr(p, a));
		}
	}
	if (t->type == GW_IKEV2)
		gw_plan_note(p,
		    "tunnel %s: ndp-proxy does not answer for addresses of an "
		    "IKEv2 pool; write ipv6 = \"nat\", or have the pool "
		    "routed here and write \"routed\"",
		    t->title);
}

static void
plan_leave(struct gw_plan *p, const struct gw_tunnel *t, int family)
{
	const char *from = gw_rules_from(p->arena, t, family);
	int leave = leave_of(p, family);

	if (leave == GW_LEAVE_REFUSE) {
		from = all_from(p, t, family);
		if (from != NULL)
			refuse(p, from, family);
		return;
	}
	if (from == NULL)
		return;
	/* The kernel says "no route" itself, but at ICMP's pace. An uplink
	 * without IPv6 is the common case. */
	gw_rule(p->rules, GW_CHAIN_GUARD, GW_RULE_REFUSE,
	    "%s fib daddr type unreachable meta l4proto tcp reject with tcp "
	    "reset",
	    from);
	gw_plan_forwarding(p, family);
	gw_rules_open(p->rules, GW_CHAIN_FORWARD, "%s", leaving(p, t, family));
	if (leave == GW_LEAVE_NAT)
		gw_rule(p->rules, GW_CHAIN_SRCNAT, GW_RULE_LAST,
		    "%s masquerade", leaving(p, t, family));
	if (leave == GW_LEAVE_NDP_PROXY && family == AF_INET6)
		plan_ndp_proxy(p, t);
	/* A network with addresses of its own is there to be reached. */
	if (leave != GW_LEAVE_NAT && !is_for_clients(p, t))
		gw_rules_open(p->rules, GW_CHAIN_FORWARD, "%s",
		    gw_rules_to(p->arena, t, family));
}

/*
 * A packet longer than the tunnel's MTU, and the ICMP that would say so lost on
 * its way: pages that never load. So that no end sends one, both learn the
 * tunnel's size from the first packet of each connection. IKEv2 has no link
 * whose size the way back could be asked for: a size that fits is written in.
 */
static void
plan_mss(struct gw_plan *p, const struct gw_tunnel *t)
{
	static const char syn[] = "tcp flags syn / syn,rst tcp option maxseg";
	const char *const ways[] = { "iif", "oif" };
	int mtu = t->mtu > 0 ? (int)t->mtu : IKEV2_MTU;

	for (size_t i = 0; i < 2 && t->type != GW_IKEV2; i++)
		gw_rule(p->rules, GW_CHAIN_FORWARD, GW_RULE_FIRST,
		    "%sname \"%s\" %s size set rt mtu", ways[i], t->link, syn);
	for (size_t f = 0; f < NFAMILIES; f++) {
		int family = families[f];
		/* Less the headers of IP and TCP. */
		int size = mtu - (family == AF_INET6 ? 60 : 40);

		if (t->type != GW_IKEV2 ||
		    gw_rules_from(p->arena, t, family) == NULL)
			continue;
		gw_rule(p->rules, GW_CHAIN_FORWARD, GW_RULE_FIRST,
		    "%s %s size set %d", gw_rules_from(p->arena, t, family),
		    syn, size);
		gw_rule(p->rules, GW_CHAIN_FORWARD, GW_RULE_FIRST,
		    "%s %s size set %d", gw_rules_to(p->arena, t, family), syn,
		    size);
	}
}

/*
 * Rules know IKEv2's clients by their address alone; that it came by the tunnel
 * is made sure of once, here. With strongSwan's own ESP they come out of a TUN
 * device of this name.
 */
static void
plan_pool_guard(struct gw_plan *p, const struct gw_tunnel *t, int family)
{
	const char *from = gw_rules_from(p->arena, t, family);

	if (t->type != GW_IKEV2 || from == NULL)
		return;
	gw_rule(p->rules, GW_CHAIN_GUARD, GW_RULE_REFUSE,
	    "%s iifname != \"lo\" %s drop", from,
	    p->facts->kernel_esp ? "meta ipsec missing"
				 : "iifname != \"ipsec*\"");
}

/* Client to client, through a chain of its own: of n tunnels 2n rules, and not
 * n squared. */
static void
plan_apart(struct gw_plan *p)
{
	const char *chain = "chain between {\n";
	bool any = false;

	for (size_t i = 0; i < p->conf->ntunnels; i++) {
		const struct gw_tunnel *t = &p->conf->tunnels[i];

		for (size_t f = 0; f < NFAMILIES; f++) {
			int family = families[f];
			const char *from = gw_rules_from(p->arena, t, family);

			if (from == NULL || !is_for_clients(p, t))
				continue;
			any = true;
			gw_rule(p->rules, GW_CHAIN_FORWARD, GW_RULE_REFUSE,
			    "%s ct state new ct status & dnat == 0 "
			    "jump "
			    "between",
			    from);
			chain = gw_plan_text(p,
			    "%s\t\t%s reject with icmpx type "
			    "admin-prohibited\n",
			    chain, gw_rules_to(p->arena, t, family));
		}
	}
	if (any)
		gw_rule(p->rules, GW_CHAIN_SETS, GW_RULE_RULE, "%s\t}", chain);
}

/* What others' input chains must let in: the tunnel itself, and what its
 * clients ask of us. */
static void
open_input(struct gw_plan *p, const struct gw_tunnel *t)
{
	switch (t->type) {
	case GW_WIREGUARD:
		gw_rules_open(p->rules, GW_CHAIN_INPUT, "udp dport %u",
		    (unsigned)t->listen);
		break;
	case GW_IKEV2:
		gw_rules_open(
		    p->rules, GW_CHAIN_INPUT, "udp dport { 500, 4500 }");
		gw_rules_open(p->rules, GW_CHAIN_INPUT, "meta l4proto 50");
		break;
	case GW_PPTP:
		gw_rules_open(p->rules, GW_CHAIN_INPUT, "tcp dport 1723");
		gw_rules_open(p->rules, GW_CHAIN_INPUT, "meta l4proto 47");
		break;
	case GW_SIT:
		gw_rules_open(p->rules, GW_CHAIN_INPUT,
		    "ip %s %s meta l4proto 41",
		    t->six_to_four ? "daddr" : "saddr",
		    gw_plan_addr(p, t->six_to_four ? &t->local : &t->remote));
		break;
	}
	for (size_t f = 0; f < NFAMILIES; f++) {
		int family = families[f];
		const char *from = gw_rules_from(p->arena, t, family);

		if (from == NULL || !gw_plan_way_in(p, t))
			continue;
		if (t->dns_self)
			gw_rules_open(p->rules, GW_CHAIN_INPUT,
			    "%s meta l4proto { tcp, udp } th dport 53", from);
		if (p->conf->proxy > 0)
			gw_rules_open(p->rules, GW_CHAIN_INPUT,
			    "%s tcp dport %u", from, (unsigned)p->conf->proxy);
	}
}

/* What an admin should know of IPv6 before a client finds out. */
static void
note_ipv6(struct gw_plan *p, const struct gw_tunnel *t)
{
	if (is_for_clients(p, t) &&
	    gw_rules_from(p->arena, t, AF_INET6) == NULL) {
		if (t->type == GW_WIREGUARD)
			gw_plan_note(p,
			    "tunnel %s has no IPv6 address: what clients send "
			    "by IPv6 is lost without a word; add one, such as "
			    "fd77::1/64, also with ipv6 = \"refuse\"",
			    t->title);
		else
			gw_plan_note(p,
			    "tunnel %s carries no IPv6: a client whose own "
			    "network has it goes around the tunnel with it%s",
			    t->title,
			    t->type == GW_IKEV2
				? "; add an IPv6 network to pool, also with "
				  "ipv6 = \"refuse\""
				: "");
	}
}

static void
note_uplink(struct gw_plan *p)
{
	if (p->conf->ipv6 == GW_LEAVE_REFUSE || p->facts->ipv6_default)
		return;
	for (size_t i = 0; i < p->conf->ntunnels; i++) {
		const struct gw_tunnel *t = &p->conf->tunnels[i];

		if (t->default_route)
			return;
		if (!gw_plan_way_in(p, t) ||
		    gw_rules_from(p->arena, t, AF_INET6) == NULL)
			continue;
		gw_plan_note(p,
		    "there is no IPv6 default route: %s of tunnel %s %s",
		    is_for_clients(p, t) ? "clients" : "what comes", t->title,
		    is_for_clients(p, t) ? "are told so at once, and take IPv4"
					 : "by IPv6 gets no further");
		return;
	}
}

void
gw_nat_plan(struct gw_plan *p)
{
	for (size_t i = 0; i < p->conf->ntunnels; i++) {
		const struct gw_tunnel *t = &p->conf->tunnels[i];

		plan_mss(p, t);
		open_input(p, t);
		if (!gw_plan_way_in(p, t))
			continue;
		for (size_t f = 0; f < NFAMILIES; f++) {
			int family = families[f];
			plan_pool_guard(p, t, family);
			plan_leave(p, t, family);
		}
		note_ipv6(p, t);
	}
	plan_apart(p);
	note_uplink(p);
}
