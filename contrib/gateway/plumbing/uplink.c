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

#include <string.h>

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

/* ---- the world ---------------------------------------------------------- */

/* NULL: the configuration names the uplink, or the family has no way out. */
static const struct gw_ways *
ways_of(const struct gw_plan *p, int family)
{
	const struct gw_ways *w =
	    family == AF_INET6 ? &p->facts->ways6 : &p->facts->ways4;

	return p->conf->uplink == NULL && w->n > 0 ? w : NULL;
}

const char *
gw_plan_uplink(const struct gw_plan *p, int family)
{
	const struct gw_ways *w = ways_of(p, family);

	return w != NULL ? w->link[0] : p->uplink;
}

/* A list of quoted names, and one more, once. */
static const char *
add_link(struct gw_plan *p, const char *list, const char *link)
{
	const char *word = gw_plan_text(p, "\"%s\"", link);

	if (list == NULL)
		return word;
	return strstr(list, word) != NULL
		   ? list
		   : gw_plan_text(p, "%s, %s", list, word);
}

static const char *
links(struct gw_plan *p, int family, bool tunnels)
{
	const struct gw_ways *w = ways_of(p, family);
	const struct gw_config *c = p->conf;
	const char *list = add_link(p, NULL, gw_plan_uplink(p, family));

	for (unsigned i = 0; w != NULL && i < w->n; i++)
		list = add_link(p, list, w->link[i]);
	for (size_t i = 0; i < c->nuplinks; i++) {
		if (c->uplinks[i].prefix.addr.family == family)
			list = add_link(
			    p, list, gw_config_link(c, c->uplinks[i].link));
	}
	for (size_t i = 0; tunnels && i < c->ntunnels; i++) {
		const struct gw_tunnel *t = &c->tunnels[i];

		if ((t->default_route || t->six_to_four) &&
		    (t->type != GW_SIT || family == AF_INET6))
			list = add_link(p, list, t->link);
	}
	return strchr(list, ',') == NULL ? list
					 : gw_plan_text(p, "{ %s }", list);
}

const char *
gw_plan_world(struct gw_plan *p, int family)
{
	return links(p, family, false);
}

const char *
gw_plan_ways_out(struct gw_plan *p, int family)
{
	return links(p, family, true);
}

/* ---- by source address -------------------------------------------------- */

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
		    "table", t, "dev", link, "via", gw_sit_relay(p, link));
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
 * What is handed on (forward, edge) is answered by the inner machine from an
 * address that is no uplink's. So its connection is marked by the link that it
 * came by, and the answers take that way. The questions bear the mark as well,
 * for where the kernel asks for the way back (rp_filter = 1).
 */
static void
plan_answers(struct gw_plan *p, const struct gw_uplink *u, const char *link,
    const char *t)
{
	const struct gw_config *c = p->conf;
	const char *family = family_name(u->prefix.addr.family), *mark;
	const char *ip = u->prefix.addr.family == AF_INET6 ? "ipv6" : "ipv4";
	unsigned n = 1;

	if (c->nforwards == 0 && c->nedges == 0)
		return;
	/* Both families of a link have one mark. */
	for (const struct gw_uplink *o = c->uplinks; o < u; o++) {
		if (strcmp(gw_config_link(c, o->link), link) == 0)
			break;
		n++;
	}
	if (n > GW_UPLINK_MARKS) {
		gw_plan_note(p,
		    "uplink %s: answers of forwarded ports do not find back by "
		    "it; that works for the first %d uplinks",
		    u->title, GW_UPLINK_MARKS);
		return;
	}
	mark = gw_plan_text(p, "0x%08x", n * GW_UPLINK_MARK_1);
	gw_rule(p->rules, GW_CHAIN_DIVERT, GW_RULE_FIRST,
	    "meta nfproto %s iifname \"%s\" meta mark set meta mark & 0x%08x | "
	    "%s",
	    ip, link, ~GW_UPLINK_MARK_MASK, mark);
	gw_rule(p->rules, GW_CHAIN_DIVERT, GW_RULE_FIRST,
	    "meta nfproto %s iifname \"%s\" ct state new ct mark set ct mark & "
	    "0x%08x | %s",
	    ip, link, ~GW_UPLINK_MARK_MASK, mark);
	gw_rule(p->rules, GW_CHAIN_DIVERT, GW_RULE_FIRST,
	    "meta nfproto %s ct direction reply ct status dnat ct mark & "
	    "0x%08x == %s meta mark set meta mark & 0x%08x | %s",
	    ip, GW_UPLINK_MARK_MASK, mark, ~GW_UPLINK_MARK_MASK, mark);
	mark = gw_plan_text(p, "%s/0x%08x", mark, GW_UPLINK_MARK_MASK);
	gw_plan_add(p, GW_PHASE_ROUTE, &gw_kind_rule, 2, "family", family,
	    "priority", priority(p), "fwmark", mark, "table", "main",
	    "suppress", "0");
	gw_plan_add(p, GW_PHASE_ROUTE, &gw_kind_rule, 2, "family", family,
	    "priority", priority(p), "fwmark", mark, "table", t);
	if (u->prefix.addr.family == AF_INET)
		gw_plan_sysctl(
		    p, GW_PHASE_GUARD, "net/ipv4/conf/all/src_valid_mark", "1");
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
	plan_answers(p, u, link, t);
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
		    "metric", TUNNEL_METRIC, "via", gw_sit_relay(p, t->link));
		return NULL;
	}
	mark = gw_plan_text(p, "0x%08x/0x%08x", GW_OUTER, GW_OUTER);
	if (takes_all(t, AF_INET))
		plan_marked(p, t, AF_INET, mark);
	if (takes_all(t, AF_INET6))
		plan_marked(p, t, AF_INET6, mark);
	return gw_plan_text(p, "0x%08x", GW_OUTER);
}
