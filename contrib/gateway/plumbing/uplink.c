/*
 * Ways out that the source address chooses, and the way out through a tunnel.
 *
 *   uplink         packets from a prefix take its own default route: a provider
 *                  drops what bears another's addresses. With a 6in4 tunnel for
 *                  its link this is policy routing into 6to4 or 6in4.
 *   return         answers of one address go back through the tunnel that the
 *                  questions came by, whatever the machine's own way out is.
 *   default-route  of a tunnel: all that has no nearer way goes in.
 */
#include "plan.h"

/* Before any default route of others: routers' adverts give 1024, networkd and
 * NetworkManager 100 and more. */
#define TUNNEL_METRIC "64"

static const char *
family_name(int family)
{
	return family == AF_INET6 ? "inet6" : "inet";
}

/* The next rule's place. */
static const char *
priority(struct gw_plan *p)
{
	return gw_plan_text(p, "%u", p->next_priority++);
}

static const char *
table(struct gw_plan *p)
{
	return gw_plan_text(p, "%u", p->next_table++);
}

/*
 * The gateway's own network stands in the table as well: it is there to be
 * reached through even while the link has no address of the prefix.
 */
static void
add_default(struct gw_plan *p, const struct gw_uplink *u, const char *link,
    const char *t)
{
	const struct pd_addr *gw = &u->gateway;
	bool near;

	if (gw->family == 0) {
		gw_plan_add(p, GW_PHASE_ROUTE, &gw_kind_route, 3, "family",
		    family_name(u->prefix.addr.family), "dst", "default",
		    "table", t, "dev", link);
		return;
	}
	near = gw_net_holds(&u->prefix, gw);
	if (near)
		gw_plan_add(p, GW_PHASE_ROUTE, &gw_kind_route, 2, "dst",
		    gw_plan_net(p, &u->prefix), "table", t, "dev", link);
	gw_plan_add(p, GW_PHASE_ROUTE, &gw_kind_route, 3, "family",
	    family_name(gw->family), "dst", "default", "table", t, "dev", link,
	    "via", gw_plan_addr(p, gw), "onlink", near ? NULL : "1");
}

/*
 * Two rules: what has a nearer way in the main table (containers, tunnels, the
 * network next door) takes that, and only then the prefix's default counts.
 */
static void
plan_uplink(struct gw_plan *p, const struct gw_uplink *u)
{
	const char *link = gw_config_link(p->conf, u->link), *t = table(p);
	const char *family = family_name(u->prefix.addr.family);
	const char *prefix = gw_plan_net(p, &u->prefix);

	add_default(p, u, link, t);
	gw_plan_add(p, GW_PHASE_ROUTE, &gw_kind_rule, 2, "family", family,
	    "priority", priority(p), "from", prefix, "table", "main",
	    "suppress", "0");
	gw_plan_add(p, GW_PHASE_ROUTE, &gw_kind_rule, 2, "family", family,
	    "priority", priority(p), "from", prefix, "table", t);
}

/*
 * No nearer way here: a visitor may well live in a network that the node has a
 * way to, and would get the answer from an address that he never dialled.
 */
static void
plan_return(struct gw_plan *p, const struct gw_return *r)
{
	const char *family = family_name(r->address.family), *t = table(p);

	if (r->tunnel == NULL || r->tunnel->link == NULL)
		return;
	gw_plan_add(p, GW_PHASE_ROUTE, &gw_kind_route, 3, "family", family,
	    "dst", "default", "table", t, "dev", r->tunnel->link);
	gw_plan_add(p, GW_PHASE_ROUTE, &gw_kind_rule, 2, "family", family,
	    "priority", priority(p), "from", gw_plan_addr(p, &r->address),
	    "table", t);
}

void
gw_uplink_plan(struct gw_plan *p)
{
	for (size_t i = 0; i < p->conf->nuplinks; i++)
		plan_uplink(p, &p->conf->uplinks[i]);
	for (size_t i = 0; i < p->conf->nreturns; i++)
		plan_return(p, &p->conf->returns[i]);
}

/* ---- default-route ------------------------------------------------------ */

/*
 * A peer's outer packets are of the same family as those inside, and would go
 * into the tunnel themselves. So they bear a mark, and what bears it looks in
 * the main table as ever. The outer packets that come in are marked too, by
 * their port, for where the kernel asks for the way back (rp_filter = 1).
 */
static void
plan_marked(
    struct gw_plan *p, const struct gw_tunnel *t, int family, const char *mark)
{
	const char *name = family_name(family), *tab = table(p);

	gw_plan_add(p, GW_PHASE_ROUTE, &gw_kind_route, 3, "family", name, "dst",
	    "default", "table", tab, "dev", t->link);
	gw_plan_add(p, GW_PHASE_ROUTE, &gw_kind_rule, 2, "family", name,
	    "priority", priority(p), "table", "main", "suppress", "0");
	gw_plan_add(p, GW_PHASE_ROUTE, &gw_kind_rule, 2, "family", name,
	    "priority", priority(p), "fwmark", mark, "not", "1", "table", tab);
	if (family == AF_INET)
		gw_plan_sysctl(
		    p, GW_PHASE_GUARD, "net/ipv4/conf/all/src_valid_mark", "1");
	gw_rule(p->rules, GW_CHAIN_DIVERT, GW_RULE_FIRST,
	    "meta nfproto %s iifname != \"%s\" udp dport %u meta mark set "
	    "meta mark | 0x%08x",
	    family == AF_INET6 ? "ipv6" : "ipv4", t->link, (unsigned)t->listen,
	    GW_OUTER);
}

static bool
takes_all(const struct gw_tunnel *t, int family)
{
	for (size_t i = 0; i < t->allowed.n; i++) {
		if (t->allowed.v[i].len == 0 &&
		    t->allowed.v[i].addr.family == family)
			return true;
	}
	return false;
}

const char *
gw_default_route_plan(struct gw_plan *p, const struct gw_tunnel *t)
{
	const char *mark;

	if (t->type != GW_WIREGUARD) {
		/* The outer packets are IPv4: they cannot come back in. */
		gw_plan_add(p, GW_PHASE_ROUTE, &gw_kind_route, 3, "family",
		    "inet6", "dst", "default", "table", "main", "dev", t->link,
		    "metric", TUNNEL_METRIC);
		return NULL;
	}
	mark = gw_plan_text(p, "0x%08x/0x%08x", GW_OUTER, GW_OUTER);
	if (takes_all(t, AF_INET))
		plan_marked(p, t, AF_INET, mark);
	if (takes_all(t, AF_INET6))
		plan_marked(p, t, AF_INET6, mark);
	return gw_plan_text(p, "0x%08x", GW_OUTER);
}
