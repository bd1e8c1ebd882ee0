/*
 * Ports handed to containers and machines behind this one: for the world, for
 * this machine, and (hairpin) for the container's own neighbours.
 */
#include "door.h"
#include "plan.h"

/* The neighbours' network: as configured, or what a bridge commonly has. */
static struct gw_net
neighbours(const struct gw_forward *f)
{
	struct gw_net net = f->hairpin_net;

	if (net.len == 0) {
		net.addr = f->to;
		net.addr.port = 0;
		net.len = f->to.family == AF_INET ? 24 : 64;
	}
	return gw_net_base(&net);
}

/*
 * A neighbour that dialled our address would get the answer from the
 * container's, straight over the bridge, and not know it: so the container
 * has to see us. Told by addresses, because where bridged packets pass the IP
 * hooks (br_netfilter) the link they came by says nothing. The container
 * reaches itself this way if its port of the bridge is in hairpin mode.
 */
static void
plan_hairpin(struct gw_plan *p, const struct gw_forward *f, const char *behind)
{
	const char *ip = f->to.family == AF_INET ? "ip" : "ip6";
	struct gw_net net = neighbours(f);
	char from[GW_NET_TEXT], to[PD_ADDR_TEXT];

	gw_rule(p->rules, GW_CHAIN_SRCNAT, GW_RULE_RULE,
	    "ct status dnat %s saddr %s %s daddr %s %s masquerade", ip,
	    gw_net_text(&net, from), ip, pd_addr_text(&f->to, to), behind);
}

/*
 * Forwarding lets in whatever knows the way, and a neighbour of the uplink can
 * name us as his way to the container. Behind NAT it is reached by what was
 * forwarded, and by nothing else.
 */
static void
plan_guard(struct gw_plan *p, const struct gw_forward *f)
{
	bool v4 = f->to.family == AF_INET;
	char to[GW_NET_TEXT];

	if ((v4 ? p->conf->ipv4 : p->conf->ipv6) != GW_LEAVE_NAT)
		return;
	if (f->hairpin_net.len > 0)
		gw_net_text(&f->hairpin_net, to);
	else
		pd_addr_text(&f->to, to);
	gw_rule(p->rules, GW_CHAIN_FORWARD, GW_RULE_REFUSE,
	    "iifname %s %s daddr %s ct state new ct status & dnat == 0 "
	    "drop",
	    gw_plan_world(p, f->to.family), v4 ? "ip" : "ip6", to);
}

void
gw_forward_plan(struct gw_plan *p)
{
	for (size_t i = 0; i < p->conf->nforwards; i++) {
		const struct gw_forward *f = &p->conf->forwards[i];
		struct gw_port there = f->port;
		struct gw_door door = { .address = f->address, .to = f->to };

		if (f->to.port != 0)
			there.lo = there.hi = f->to.port;
		door.ports =
		    gw_door_ports(p->arena, &f->port, 1, f->port.protocol);
		door.behind =
		    gw_door_ports(p->arena, &there, 1, there.protocol);
		gw_door_plan(p, &door);
		plan_guard(p, f);
		if (f->hairpin)
			plan_hairpin(p, f, door.behind);
	}
}
