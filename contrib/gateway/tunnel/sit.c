/*
 * 6in4: IPv6 in IPv4 packets (RFC 4213, protocol 41), to one far end.
 *
 * Both halves are here. The server holds an IPv6 network on its uplink and
 * gives addresses out of it to machines that have IPv4 alone; on the uplink it
 * answers for them (NDP proxy), since its neighbours take them for neighbours.
 * The client sends all that has no nearer way into the tunnel (default-route).
 * There is no secret in it: who can forge the far end's IPv4 address is in.
 */
#include "plan.h"

/* The outer header. */
#define OVERHEAD 20
#define MTU_MAX  1480
/* What IPv6 needs on any link (RFC 8200, 5). */
#define MTU_MIN 1280
/* Of outer packets; 0 would copy the inner one, and traceroute would die on
 * its way to the far end. */
#define TTL "64"

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
	for (size_t i = 0; i < t->ndp_proxy.n; i++) {
		const struct pd_addr *a = &t->ndp_proxy.v[i].first;
		const char *text = gw_plan_addr(p, a);

		gw_plan_sysctl(p, GW_PHASE_ROUTE,
		    gw_plan_text(p, "net/ipv6/conf/%s/proxy_ndp", p->uplink),
		    "1");
		if (!gw_nets_hold(&t->address, a))
			gw_plan_add(p, GW_PHASE_ROUTE, &gw_kind_route, 2, "dst",
			    gw_plan_text(p, "%s/128", text), "table", "main",
			    "dev", t->link);
		gw_plan_add(p, GW_PHASE_ROUTE, &gw_kind_neighbour, 2, "dev",
		    p->uplink, "address", text);
	}
}

static void
plan_tunnel(struct gw_plan *p, const struct gw_tunnel *t)
{
	gw_plan_module(p, "sit");
	gw_plan_add(p, GW_PHASE_LINK, &gw_kind_link, 1, "name", t->link, "kind",
	    "sit", "mtu", gw_plan_text(p, "%u", mtu_of(p, t)), "local",
	    t->local.family != 0 ? gw_plan_addr(p, &t->local) : NULL, "remote",
	    gw_plan_addr(p, &t->remote), "ttl", TTL);
	for (size_t i = 0; i < t->address.n; i++)
		gw_plan_add(p, GW_PHASE_ADDRESS, &gw_kind_address, 2, "dev",
		    t->link, "address", gw_plan_net(p, &t->address.v[i]),
		    "nodad", "1");
	answer_for(p, t);
	if (t->default_route)
		gw_default_route_plan(p, t);
	else
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
