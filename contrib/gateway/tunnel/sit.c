/*
 * 6in4: IPv6 in IPv4 packets (RFC 4213, protocol 41), to one far end; and 6to4
 * (RFC 3056), to all that have it.
 *
 * Both halves are here. The server holds an IPv6 network on its uplink and
 * gives addresses out of it to machines that have IPv4 alone; on the uplink it
 * answers for them (NDP proxy), since its neighbours take them for neighbours.
 * The client sends all that has no nearer way into the tunnel (default-route).
 * There is no secret in it: who can forge the far end's IPv4 address is in.
 *
 * In 6to4 the far end's IPv4 address stands in the destination, 2002:V4ADDR::,
 * and the kernel takes it from there; what comes from 2002:V4ADDR:: must have
 * come from that address, which it looks after, too. Where all else goes, a
 * relay has to be named. The kernel keeps one IPv4 route for all far ends
 * (tried with Linux 6.1): whom it meets behind another router or link than the
 * first one it does not reach.
 */
#include "plan.h"

#include <string.h>

/* The outer header. */
#define OVERHEAD 20
#define MTU_MAX  1480
/* What IPv6 needs on any link (RFC 8200, 5). */
#define MTU_MIN 1280
/* Of outer packets; 0 would copy the inner one, and traceroute would die on
 * its way to the far end. */
#define TTL "64"

#define ALL_6TO4 "2002::/16"
/* What was the anycast address of relays, 192.88.99.1 (RFC 3068). */
static const uint8_t anycast[] = { 192, 88, 99 };

static unsigned
mtu_of(const struct gw_plan *p, const struct gw_tunnel *t)
{
	unsigned outer = p->facts->uplink_mtu;

	if (t->mtu > 0)
		return (unsigned)t->mtu;
	if (outer == 0 || outer >= MTU_MAX + OVERHEAD)
		return MTU_MAX;
	return outer < MTU_MIN + OVERHEAD ? MTU_MIN : outer - OVERHEAD;
}

/* Those behind the tunnel, as neighbours on the uplink see them. */
static void
answer_for(struct gw_plan *p, const struct gw_tunnel *t)
{
	const char *link = gw_plan_uplink(p, AF_INET6);

	for (size_t i = 0; i < t->ndp_proxy.n; i++) {
		const struct pd_addr *a = &t->ndp_proxy.v[i].first;
		const char *text = gw_plan_addr(p, a);

		gw_plan_sysctl(p, GW_PHASE_ROUTE,
		    gw_plan_text(p, "net/ipv6/conf/%s/proxy_ndp", link), "1");
		if (!gw_nets_hold(&t->address, a))
			gw_plan_add(p, GW_PHASE_ROUTE, &gw_kind_route, 2, "dst",
			    gw_plan_text(p, "%s/128", text), "table", "main",
			    "dev", t->link);
		gw_plan_add(p, GW_PHASE_ROUTE, &gw_kind_neighbour, 2, "dev",
		    link, "address", text);
	}
}

/*
 * A router that takes packets from anybody and sends them on to anywhere is a
 * relay for the world (RFC 3964, 4.1): what comes in has to be for us, and
 * where there is no relay, from a 6to4 address.
 */
static void
guard_6to4(struct gw_plan *p, const struct gw_tunnel *t, const char *net)
{
	gw_rule(p->rules, GW_CHAIN_GUARD, GW_RULE_REFUSE,
	    "iifname \"%s\" ip6 daddr != %s drop", t->link, net);
	if (t->relay.family == 0)
		gw_rule(p->rules, GW_CHAIN_GUARD, GW_RULE_REFUSE,
		    "iifname \"%s\" ip6 saddr != " ALL_6TO4 " drop", t->link);
}

/* Of our own network what is on no link would go into the tunnel, come out of
 * it here, and so on until its hop limit is used up. */
static void
plan_6to4(struct gw_plan *p, const struct gw_tunnel *t)
{
	struct gw_net own = gw_net_6to4(&t->local);
	const char *net = gw_plan_net(p, &own);

	gw_plan_add(p, GW_PHASE_ROUTE, &gw_kind_route, 2, "dst", ALL_6TO4,
	    "table", "main", "dev", t->link);
	gw_plan_add(p, GW_PHASE_ROUTE, &gw_kind_route, 2, "dst", net, "table",
	    "main", "type", "unreachable");
	guard_6to4(p, t, net);
	if (pd_addr_kind(&t->local) == PD_ADDR_PRIVATE)
		gw_plan_note(p,
		    "tunnel %s: %s is a private address, and so %s leads to "
		    "nobody outside of that network; 6to4 needs a public one",
		    t->title, gw_plan_addr(p, &t->local), net);
	if (t->relay.family != 0 && memcmp(t->relay.ip, anycast, 3) == 0)
		gw_plan_note(p,
		    "tunnel %s: the relay 192.88.99.1 is nobody's any more "
		    "(RFC 7526); name one that you know, or have a 6in4 "
		    "tunnel from a broker",
		    t->title);
}

/* The kernel takes an IPv4 address for a gateway as ::V4ADDR. */
const char *
gw_sit_relay(struct gw_plan *p, const char *link)
{
	for (size_t i = 0; i < p->conf->ntunnels; i++) {
		const struct gw_tunnel *t = &p->conf->tunnels[i];

		if (t->type == GW_SIT && strcmp(t->link, link) == 0 &&
		    t->relay.family != 0)
			return gw_plan_text(
			    p, "::%s", gw_plan_addr(p, &t->relay));
	}
	return NULL;
}

static void
plan_tunnel(struct gw_plan *p, const struct gw_tunnel *t)
{
	gw_plan_module(p, "sit");
	gw_plan_add(p, GW_PHASE_LINK, &gw_kind_link, 1, "name", t->link, "kind",
	    "sit", "mtu", gw_plan_text(p, "%u", mtu_of(p, t)), "local",
	    gw_plan_addr(p, &t->local), "ttl", TTL, "remote",
	    t->six_to_four ? NULL : gw_plan_addr(p, &t->remote));
	for (size_t i = 0; i < t->address.n; i++)
		gw_plan_add(p, GW_PHASE_ADDRESS, &gw_kind_address, 2, "dev",
		    t->link, "address", gw_plan_net(p, &t->address.v[i]),
		    "nodad", "1");
	if (t->six_to_four)
		plan_6to4(p, t);
	else
		answer_for(p, t);
	if (t->default_route)
		gw_default_route_plan(p, t);
	else if (!t->six_to_four)
		gw_plan_forwarding(p, AF_INET6);
}

void
gw_sit_plan(struct gw_plan *p)
{
	for (size_t i = 0; i < p->conf->ntunnels; i++) {
		if (p->conf->tunnels[i].type == GW_SIT)
			plan_tunnel(p, &p->conf->tunnels[i]);
	}
}
