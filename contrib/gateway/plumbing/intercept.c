/*
 * Web connections of tunnels' clients are led into pared, whether or not a
 * device knows of a proxy.
 *
 * redirect: the connection's destination becomes this machine and pared's
 * TransparentPort; pared asks conntrack what it was (SO_ORIGINAL_DST).
 * tproxy: the packet is left as it is and given to pared's socket; a mark and
 * a routing rule make the kernel take it for its own. Conntrack has no part in
 * it, and the mark's other bits are left to whom they belong.
 *
 * What is addressed to this machine is never led away: the proxy's explicit
 * port, its setup pages, forwarded ports. Connections that pared opens itself
 * leave by the output hook and are not seen here: no loop.
 *
 * QUIC would go around all this; it is rejected, and browsers, who try TCP
 * beside it, go on with that within 20 ms.
 */
#include "plan.h"

static const char *
port_set(struct gw_plan *p)
{
	const struct pd_port_ranges *ports = &p->conf->intercept_ports;
	const char *list = "";

	for (size_t i = 0; i < ports->n; i++) {
		const struct pd_port_range *r = &ports->v[i];

		list = gw_plan_text(
		    p, "%s%s%u", list, i > 0 ? ", " : "", (unsigned)r->lo);
		if (r->hi > r->lo)
			list = gw_plan_text(p, "%s-%u", list, (unsigned)r->hi);
	}
	return list;
}

static bool
has_port(const struct pd_port_ranges *ports, unsigned port)
{
	for (size_t i = 0; i < ports->n; i++) {
		if (ports->v[i].lo <= port && port <= ports->v[i].hi)
			return true;
	}
	return false;
}

/*
 * Where the connection goes. "redirect" takes an address of the link that the
 * packet came by, and drops the packet where that link has none, as charon's
 * ipsec0: IKEv2 names the tunnel's own address.
 */
static const char *
redirect_to(struct gw_plan *p, const struct gw_tunnel *t, int family)
{
	unsigned port = (unsigned)p->conf->intercept_port;

	for (size_t i = 0; t->type == GW_IKEV2 && i < t->address.n; i++) {
		const struct pd_addr *a = &t->address.v[i].addr;

		if (a->family == family)
			return gw_plan_text(p,
			    family == AF_INET6 ? "dnat ip6 to [%s]:%u"
					       : "dnat ip to %s:%u",
			    gw_plan_addr(p, a), port);
	}
	return gw_plan_text(p, "redirect to :%u", port);
}

static void
redirect(
    struct gw_plan *p, const struct gw_tunnel *t, const char *from, int family)
{
	gw_rule(p->rules, GW_CHAIN_DSTNAT, GW_RULE_LAST,
	    "%s fib daddr type != local tcp dport { %s } %s", from, port_set(p),
	    redirect_to(p, t, family));
	gw_rules_open(p->rules, GW_CHAIN_INPUT, "%s tcp dport %u", from,
	    (unsigned)p->conf->intercept_port);
}

/*
 * To any address of this machine: pared listens on all (TransparentAddress).
 * Later packets of a connection find its socket by the same rule, which looks
 * for an established one first. Without a socket, as while pared does not run,
 * "tproxy" ends its rule and the packet would go out past the proxy: it is
 * refused, as what is redirected is.
 */
static void
tproxy(struct gw_plan *p, const char *from, int family)
{
	gw_rule(p->rules, GW_CHAIN_DIVERT, GW_RULE_RULE,
	    "%s fib daddr type != local tcp dport { %s } tproxy %s to :%u "
	    "meta mark set meta mark & 0x%08x | 0x%08x accept",
	    from, port_set(p), family == AF_INET6 ? "ip6" : "ip",
	    (unsigned)p->conf->intercept_port, ~GW_MARK_MASK, GW_MARK);
	gw_rule(p->rules, GW_CHAIN_DIVERT, GW_RULE_LAST,
	    "%s fib daddr type != local tcp dport { %s } reject with tcp reset",
	    from, port_set(p));
	gw_rules_open(p->rules, GW_CHAIN_INPUT,
	    "%s meta mark & 0x%08x == 0x%08x", from, GW_MARK_MASK, GW_MARK);
}

/* What bears the mark is local, whatever its destination. Only for a family
 * that comes by a tunnel: where IPv6 is off, lo takes no route of it. */
static void
plan_route(struct gw_plan *p, const bool families[2])
{
	static const struct {
		const char *family, *all;
	} names[] = { { "inet", "0.0.0.0/0" }, { "inet6", "::/0" } };
	const char *table = gw_plan_text(p, "%u", p->next_table++);
	const char *priority = gw_plan_text(p, "%u", p->next_priority++);
	const char *mark =
	    gw_plan_text(p, "0x%08x/0x%08x", GW_MARK, GW_MARK_MASK);

	for (size_t i = 0; i < 2; i++) {
		if (!families[i])
			continue;
		gw_plan_add(p, GW_PHASE_ROUTE, &gw_kind_route, 2, "dst",
		    names[i].all, "table", table, "dev", "lo", "type", "local");
		gw_plan_add(p, GW_PHASE_ROUTE, &gw_kind_rule, 2, "family",
		    names[i].family, "priority", priority, "fwmark", mark,
		    "table", table);
	}
}

static bool
is_let_in(const struct pd_addr *a)
{
	enum pd_addr_kind kind = pd_addr_kind(a);

	return kind == PD_ADDR_PRIVATE || kind == PD_ADDR_LOOPBACK;
}

/* pared's OnlyFrom has loopback and the private ranges, unless it is set. */
static void
note_clients(struct gw_plan *p, const struct gw_tunnel *t)
{
	const struct gw_nets *nets =
	    t->type == GW_IKEV2 ? &t->pool : &t->address;

	for (size_t i = 0; i < nets->n; i++) {
		struct gw_net base = gw_net_base(&nets->v[i]);

		if (!is_let_in(&base.addr))
			gw_plan_note(p,
			    "tunnel %s: pared refuses clients that are not of "
			    "a private network; add %s to its OnlyFrom",
			    t->title, gw_plan_net(p, &base));
	}
	if (t->type == GW_PPTP && t->pool_range.first.family != 0 &&
	    !is_let_in(&t->pool_range.first))
		gw_plan_note(p,
		    "tunnel %s: pared refuses clients that are not of a "
		    "private network; add its pool to OnlyFrom",
		    t->title);
}

/* False: the tunnel has no clients of that family. */
static bool
plan_family(struct gw_plan *p, const struct gw_tunnel *t, int family)
{
	const char *from = gw_rules_from(p->arena, t, family);

	if (from == NULL)
		return false;
	if (p->conf->intercept == GW_INTERCEPT_TPROXY)
		tproxy(p, from, family);
	else
		redirect(p, t, from, family);
	if (p->conf->block_quic && has_port(&p->conf->intercept_ports, 443))
		gw_rule(p->rules, GW_CHAIN_FORWARD, GW_RULE_REFUSE,
		    "%s udp dport 443 reject", from);
	return true;
}

void
gw_intercept_plan(struct gw_plan *p)
{
	bool families[2] = { false, false };

	if (p->conf->intercept == GW_INTERCEPT_NO)
		return;
	for (size_t i = 0; i < p->conf->ntunnels; i++) {
		const struct gw_tunnel *t = &p->conf->tunnels[i];

		if (!gw_plan_way_in(p, t))
			continue;
		families[0] |= plan_family(p, t, AF_INET);
		families[1] |= plan_family(p, t, AF_INET6);
		note_clients(p, t);
	}
	if (!families[0] && !families[1])
		return;
	if (p->conf->intercept == GW_INTERCEPT_TPROXY)
		plan_route(p, families);
	/* Dialled from outside it has no original destination to tell. What
	 * is led there still has its own port at this place. */
	gw_rule(p->rules, GW_CHAIN_GUARD, GW_RULE_REFUSE,
	    "iifname != \"lo\" fib daddr type local tcp dport %u reject with "
	    "tcp reset",
	    (unsigned)p->conf->intercept_port);
}
