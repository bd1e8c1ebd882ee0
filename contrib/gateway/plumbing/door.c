#include "door.h"

#include "base/arena.h"

const char *
gw_door_ports(
    struct pd_arena *arena, const struct gw_port *v, size_t n, uint8_t protocol)
{
	const char *name = protocol == IPPROTO_TCP ? "tcp" : "udp";
	const char *list = NULL;
	size_t found = 0;

	for (size_t i = 0; i < n; i++) {
		const char *one;

		if (v[i].protocol != protocol)
			continue;
		one = v[i].lo == v[i].hi
			  ? pd_arena_printf(arena, "%u", v[i].lo).p
			  : pd_arena_printf(arena, "%u-%u", v[i].lo, v[i].hi).p;
		list = list == NULL
			   ? one
			   : pd_arena_printf(arena, "%s, %s", list, one).p;
		found++;
	}
	if (found == 0)
		return NULL;
	return pd_arena_printf(
	    arena, found == 1 ? "%s dport %s" : "%s dport { %s }", name, list)
	    .p;
}

/*
 * From the machine itself packets take the hook output, and go out by another
 * link than the one they were first routed to: the kernel routes them again
 * after the DNAT. Loopback addresses stay: with them as source nothing would
 * leave (route_localnet).
 */
static void
plan_output(
    struct gw_plan *p, const struct gw_door *d, const char *ip, const char *to)
{
	char text[PD_ADDR_TEXT];

	if (d->address.family != 0)
		gw_rule(p->rules, GW_CHAIN_OUTPUT, GW_RULE_RULE,
		    "%s daddr %s %s dnat %s to %s", ip,
		    pd_addr_text(&d->address, text), d->ports, ip, to);
	else if (d->link == NULL)
		gw_rule(p->rules, GW_CHAIN_OUTPUT, GW_RULE_RULE,
		    "%s daddr != %s fib daddr type local %s dnat %s to %s", ip,
		    d->to.family == AF_INET ? "127.0.0.0/8" : "::1", d->ports,
		    ip, to);
}

void
gw_door_plan(struct gw_plan *p, const struct gw_door *d)
{
	bool v4 = d->to.family == AF_INET;
	const char *ip = v4 ? "ip" : "ip6", *to, *link = "", *dialled;
	char text[PD_ADDR_TEXT];

	to = gw_plan_text(p, "%s",
	    d->to.port != 0 ? pd_addr_text_port(&d->to, text)
			    : pd_addr_text(&d->to, text));
	dialled = v4 ? "meta nfproto ipv4 fib daddr type local"
		     : "meta nfproto ipv6 fib daddr type local";
	if (d->address.family != 0)
		dialled = gw_plan_text(
		    p, "%s daddr %s", ip, pd_addr_text(&d->address, text));
	if (d->link != NULL)
		link = gw_plan_text(p, "iifname %s ", d->link);
	/* Ahead of interception, which leaves alone whatever is dialled at
	 * this machine, and would leave this alone, too. */
	gw_rule(p->rules, GW_CHAIN_DSTNAT, GW_RULE_FIRST,
	    "%s%s %s dnat %s to %s", link, dialled, d->ports, ip, to);
	plan_output(p, d, ip, to);
	gw_rules_open(p->rules, GW_CHAIN_FORWARD,
	    "ct status dnat %s daddr %s %s", ip, pd_addr_text(&d->to, text),
	    d->behind);
	gw_plan_forwarding(p, d->to.family);
}
