/*
 * A slim edge: what is dialled at this machine's public address goes through a
 * tunnel to a node, which sees the visitor's own address and answers through
 * the tunnel again (its section return). The answers need no rule here: the
 * kernel knows the connections that it has led elsewhere.
 */
#include "door.h"
#include "plan.h"

/* What the node begins by itself leaves with the address by which it is
 * dialled, not with whichever is the uplink's first. */
static void
plan_own(struct gw_plan *p, const struct gw_edge *e)
{
	bool v4 = e->to.family == AF_INET;
	const char *from = gw_rules_from(p->arena, e->tunnel, e->to.family);
	char node[PD_ADDR_TEXT], address[PD_ADDR_TEXT];

	if (from == NULL || e->address.family == 0 ||
	    (v4 ? p->conf->ipv4 : p->conf->ipv6) != GW_LEAVE_NAT)
		return;
	gw_rule(p->rules, GW_CHAIN_SRCNAT, GW_RULE_RULE,
	    "%s %s saddr %s oifname %s snat %s to %s", from, v4 ? "ip" : "ip6",
	    pd_addr_text(&e->to, node), gw_plan_world(p, e->to.family),
	    v4 ? "ip" : "ip6", pd_addr_text(&e->address, address));
}

void
gw_edge_plan(struct gw_plan *p)
{
	static const uint8_t protocols[] = { IPPROTO_TCP, IPPROTO_UDP };

	for (size_t i = 0; i < p->conf->nedges; i++) {
		const struct gw_edge *e = &p->conf->edges[i];
		/* Without an address, any of ours, but on the uplink alone:
		 * what is dialled in the tunnel is not for the visitors'
		 * node. */
		struct gw_door door = {
			.link = e->address.family == 0
				    ? gw_plan_world(p, e->to.family)
				    : NULL,
			.address = e->address,
			.to = e->to,
		};

		for (size_t j = 0; j < sizeof(protocols); j++) {
			door.ports = gw_door_ports(
			    p->arena, e->ports.v, e->ports.n, protocols[j]);
			door.behind = door.ports;
			if (door.ports != NULL)
				gw_door_plan(p, &door);
		}
		plan_own(p, e);
	}
}
