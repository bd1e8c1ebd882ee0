/*
 * What two sections cannot both have: a link, a port, an address, a default,
 * more of a rate than there is.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "config_draft.h"

static bool
overlap(const struct gw_net *a, const struct gw_net *b)
{
	return a->len <= b->len ? gw_net_holds(a, &b->addr)
				: gw_net_holds(b, &a->addr);
}

/* Addresses that are one section's, for comparing. */
struct claim {
	const struct gw_part *part;
	const char *option;
	struct pd_prefix range;
	char text[2 * PD_ADDR_TEXT];
};

struct claims {
	struct claim *v;
	size_t n;
};

static struct claim *
claim(struct claims *claims, const struct gw_part *part, const char *option)
{
	claims->v =
	    pd_xrealloc(claims->v, (claims->n + 1) * sizeof(*claims->v));
	claims->v[claims->n] = (struct claim){ .part = part, .option = option };
	return &claims->v[claims->n++];
}

static void
claim_net(struct claims *claims, const struct gw_part *part, const char *option,
    const struct gw_net *net)
{
	struct gw_net base = gw_net_base(net);
	unsigned bits = net->addr.family == AF_INET ? 32 : 128;
	struct claim *c;

	if (net->addr.family == 0)
		return; /* told to be wrong */
	c = claim(claims, part, option);
	c->range.first = c->range.last = base.addr;
	for (unsigned i = net->len; i < bits; i++)
		c->range.last.ip[i / 8] |= (uint8_t)(0x80 >> i % 8);
	gw_net_text(net, c->text);
}

static void
claim_range(struct claims *claims, const struct gw_part *part,
    const char *option, const struct pd_prefix *range)
{
	char first[PD_ADDR_TEXT], last[PD_ADDR_TEXT];
	struct claim *c;

	if (range->first.family == 0)
		return;
	c = claim(claims, part, option);
	c->range = *range;
	snprintf(c->text, sizeof(c->text), "%s-%s",
	    pd_addr_text(&range->first, first),
	    pd_addr_text(&range->last, last));
}

static bool
claims_overlap(const struct claim *a, const struct claim *b)
{
	const struct pd_prefix *x = &a->range, *y = &b->range;

	return x->first.family == y->first.family &&
	       memcmp(x->first.ip, y->last.ip, sizeof(x->first.ip)) <= 0 &&
	       memcmp(y->first.ip, x->last.ip, sizeof(x->first.ip)) <= 0;
}

static void
claim_all(struct claims *claims, const struct gw_part *part, const char *option,
    const struct gw_nets *nets)
{
	for (size_t i = 0; i < nets->n; i++)
		claim_net(claims, part, option, &nets->v[i]);
}

static void
claim_tunnel(struct claims *claims, const struct gw_part *part,
    const struct gw_tunnel *t)
{
	claim_all(claims, part, "address", &t->address);
	claim_all(claims, part, "pool", &t->pool);
	claim_range(claims, part, "pool", &t->pool_range);
}

static void
clash_networks(struct gw_draft *d)
{
	struct claims claims = { NULL, 0 };

	for (size_t i = 0; i < d->nparts; i++) {
		const struct gw_part *part = &d->parts[i];

		if (part->bad)
			continue;
		if (part->kind == GW_SECTION_TUNNEL)
			claim_tunnel(&claims, part, &d->c->tunnels[part->i]);
		if (part->kind == GW_SECTION_NAT64) {
			claim_net(&claims, part, "prefix", &d->c->nat64.prefix);
			claim_net(&claims, part, "pool", &d->c->nat64.pool);
			claim_net(&claims, part, "lan", &d->c->nat64.lan);
		}
	}
	for (size_t i = 0; i < claims.n; i++) {
		for (size_t j = 0; j < i; j++) {
			const struct claim *a = &claims.v[j];
			const struct claim *b = &claims.v[i];
			if ((a->part == b->part &&
				b->part->kind == GW_SECTION_TUNNEL) ||
			    !claims_overlap(a, b))
				continue;
			gw_draft_say(d, b->part, b->option,
			    "%s overlaps with %s, %s in line %u; give each a "
			    "network of its own",
			    b->text, a->text, a->option, a->part->at.line);
			break;
		}
	}
	free(claims.v);
}

/* Two peers may have networks of which one is in the other, the longer goes
 * first; the same one they cannot have. */
static void
clash_allowed(
    struct gw_draft *d, const struct gw_part *part, const struct gw_tunnel *t)
{
	for (const struct gw_tunnel *o = d->c->tunnels; o < t; o++) {
		const struct gw_nets *other = &o->allowed;

		for (size_t j = 0; j < t->allowed.n * other->n; j++) {
			const struct gw_net *a = &other->v[j % other->n];
			const struct gw_net *b = &t->allowed.v[j / other->n];
			char text[GW_NET_TEXT];

			if (b->len == 0 || a->len != b->len || !overlap(a, b))
				continue;
			gw_draft_say(d, part, "allowed",
			    "%s is behind tunnel %s already (line %u); keep "
			    "one of them",
			    gw_net_text(b, text), o->title, o->line);
		}
	}
}

/* Its UDP ports; 0: none. */
static const uint16_t *
udp_ports(const struct gw_tunnel *t, uint16_t ports[3])
{
	ports[0] = ports[1] = ports[2] = 0;
	if (t->type == GW_WIREGUARD)
		ports[0] = (uint16_t)t->listen;
	if (t->type == GW_IKEV2) {
		ports[0] = 500;
		ports[1] = 4500;
	}
	return ports;
}

static void
clash_listen(struct gw_draft *d, const struct gw_part *part,
    const struct gw_tunnel *a, const struct gw_tunnel *b)
{
	uint16_t ours[3], theirs[3];

	/* One daemon serves all tunnels of IKEv2. */
	if (a->type == GW_IKEV2 && b->type == GW_IKEV2)
		return;
	udp_ports(a, theirs);
	udp_ports(b, ours);
	for (size_t i = 0; ours[i] != 0; i++) {
		for (size_t j = 0; theirs[j] != 0; j++) {
			if (ours[i] != theirs[j])
				continue;
			gw_draft_say(d, part,
			    b->type == GW_WIREGUARD ? "listen" : NULL,
			    "UDP port %u is tunnel %s's already (line %u); "
			    "write another listen for one of them",
			    ours[i], a->title, a->line);
		}
	}
}

/* WireGuard listens on every address, the resolver on some of them. */
static void
clash_resolver(
    struct gw_draft *d, const struct gw_part *part, const struct gw_tunnel *t)
{
	const struct gw_config *c = d->c;
	bool resolves = c->nat64.present && c->nat64.resolve;

	for (size_t i = 0; i < c->ntunnels; i++)
		resolves = resolves || c->tunnels[i].dns_self;
	if (resolves && t->type == GW_WIREGUARD && t->listen == 53)
		gw_draft_say(d, part, "listen",
		    "UDP port 53 is the resolver's; write another listen, or "
		    "resolvers of others as dns");
}

static void
clash_tunnel(struct gw_draft *d, const struct gw_part *part)
{
	const struct gw_tunnel *b = &d->c->tunnels[part->i];

	if (d->c->uplink != NULL && b->link != NULL &&
	    strcmp(b->link, d->c->uplink) == 0)
		gw_draft_say(d, part, "link",
		    "%s is the uplink; write another name", b->link);
	for (const struct gw_tunnel *a = d->c->tunnels; a < b; a++) {
		if (gw_draft_part(d, GW_SECTION_TUNNEL,
			(size_t)(a - d->c->tunnels)) == NULL)
			continue;
		if (a->type == GW_PPTP && b->type == GW_PPTP)
			gw_draft_say(d, part, NULL,
			    "tunnel %s is of type pptp already (line %u), and "
			    "there can be only one; add the clients there",
			    a->title, a->line);
		else if (a->link != NULL && b->link != NULL &&
			 strcmp(a->link, b->link) == 0)
			gw_draft_say(d, part, "link",
			    "%s is tunnel %s's already (line %u); write "
			    "another name, of at most %d letters",
			    b->link, a->title, a->line, GW_LINK_MAX);
		/* The kernel tells them apart by nothing else. */
		if (a->type == GW_SIT && b->type == GW_SIT &&
		    pd_addr_equal(&a->local, &b->local) &&
		    pd_addr_equal(&a->remote, &b->remote))
			gw_draft_say(d, part, "remote",
			    "tunnel %s has the same local and remote (line "
			    "%u); keep one of them",
			    a->title, a->line);
		if (a->default_route && b->default_route)
			gw_draft_say(d, part, "default-route",
			    "tunnel %s has it already (line %u); what has no "
			    "nearer way can go one way only",
			    a->title, a->line);
		clash_listen(d, part, a, b);
	}
	clash_allowed(d, part, b);
	clash_resolver(d, part, b);
}

/* A port that the world dials here, and who has it. */
struct door {
	const struct gw_part *part;
	const char *option, *title;
	struct gw_port port;
	struct pd_addr address; /* family 0: any of ours, of this family: */
	uint16_t family;
};

struct doors {
	struct door *v;
	size_t n;
};

static void
door(struct doors *doors, const struct door *one)
{
	if (one->part == NULL)
		return;
	doors->v = pd_xrealloc(doors->v, (doors->n + 1) * sizeof(*doors->v));
	doors->v[doors->n++] = *one;
}

static bool
same_door(const struct door *a, const struct door *b)
{
	if (a->port.protocol != b->port.protocol || a->port.hi < b->port.lo ||
	    b->port.hi < a->port.lo)
		return false;
	if (a->family != 0 && b->family != 0 && a->family != b->family)
		return false;
	return a->address.family == 0 || b->address.family == 0 ||
	       pd_addr_equal(&a->address, &b->address);
}

/* Tunnels listen on every address and both families. */
static void
doors_of_tunnels(struct gw_draft *d, struct doors *doors)
{
	for (size_t i = 0; i < d->c->ntunnels; i++) {
		const struct gw_tunnel *t = &d->c->tunnels[i];
		struct door one = { .part =
					gw_draft_part(d, GW_SECTION_TUNNEL, i),
			.title = t->title,
			.port = { .protocol = IPPROTO_UDP } };
		uint16_t ports[3];

		udp_ports(t, ports);
		for (size_t j = 0; ports[j] != 0; j++) {
			one.port.lo = one.port.hi = ports[j];
			door(doors, &one);
		}
		if (t->type == GW_PPTP) {
			one.port = (struct gw_port){ IPPROTO_TCP, 1723, 1723 };
			one.address = t->local;
			door(doors, &one);
		}
	}
}

static void
doors_of_edges(struct gw_draft *d, struct doors *doors)
{
	for (size_t i = 0; i < d->c->nedges; i++) {
		const struct gw_edge *e = &d->c->edges[i];
		struct door one = { gw_draft_part(d, GW_SECTION_EDGE, i),
			"ports", e->title, { 0 }, e->address, e->to.family };

		for (size_t j = 0; j < e->ports.n; j++) {
			one.port = e->ports.v[j];
			door(doors, &one);
		}
	}
	for (size_t i = 0; i < d->c->nforwards; i++) {
		const struct gw_forward *f = &d->c->forwards[i];
		struct door one = { gw_draft_part(d, GW_SECTION_FORWARD, i),
			"port", f->title, f->port, f->address, f->to.family };

		if (f->port.lo != 0)
			door(doors, &one);
	}
}

static void
clash_doors(struct gw_draft *d)
{
	struct doors doors = { NULL, 0 };

	doors_of_tunnels(d, &doors);
	doors_of_edges(d, &doors);
	for (size_t i = 0; i < doors.n; i++) {
		const struct door *b = &doors.v[i];

		for (size_t j = 0; j < i && b->option != NULL; j++) {
			const struct door *a = &doors.v[j];

			if (!same_door(a, b))
				continue;
			gw_draft_say(d, b->part, b->option,
			    "%s port %u is %s %s's already (line %u); write "
			    "another",
			    b->port.protocol == IPPROTO_TCP ? "TCP" : "UDP",
			    a->port.lo > b->port.lo ? a->port.lo : b->port.lo,
			    a->part->g.section->name, a->title,
			    a->part->at.line);
			break;
		}
	}
	free(doors.v);
}

static void
clash_uplink(struct gw_draft *d, const struct gw_part *part)
{
	const struct gw_uplink *b = &d->c->uplinks[part->i];

	for (const struct gw_uplink *a = d->c->uplinks; a < b; a++) {
		if (a->prefix.addr.family == 0 ||
		    a->prefix.addr.family != b->prefix.addr.family ||
		    !overlap(&a->prefix, &b->prefix))
			continue;
		gw_draft_say(d, part, "prefix",
		    "%s overlaps with %s of uplink %s (line %u); the source "
		    "address has to say which way to go",
		    b->prefix_text, a->prefix_text, a->title, a->line);
	}
}

static void
clash_shaper(struct gw_draft *d, const struct gw_part *part)
{
	const struct gw_shaper *b = &d->c->shapers[part->i];
	const char *ours, *theirs;
	uint64_t sum = 0;

	for (const struct gw_shaper *a = d->c->shapers; a < b; a++) {
		if (a->link == NULL || b->link == NULL)
			continue;
		theirs = gw_config_link(d->c, a->link);
		ours = gw_config_link(d->c, b->link);
		if (ours != NULL && theirs != NULL && strcmp(ours, theirs) == 0)
			gw_draft_say(d, part, "link",
			    "%s is shaper %s's already (line %u); make classes "
			    "of that one",
			    b->link, a->title, a->line);
	}
	for (size_t i = 0; i < d->c->nclasses; i++) {
		/* More than all was told by itself. */
		if (d->c->classes[i].shaper == b &&
		    d->c->classes[i].rate <= b->rate)
			sum += d->c->classes[i].rate;
	}
	if (b->rate > 0 && sum > b->rate)
		gw_draft_say(d, part, "rate",
		    "its classes' rates are %llu kbit together, more than %s; "
		    "write less for some of them, they may still take more by "
		    "ceil",
		    (unsigned long long)sum / 1000, b->rate_text);
}

static void
clash_class(struct gw_draft *d, const struct gw_part *part)
{
	const struct gw_class *b = &d->c->classes[part->i];

	for (const struct gw_class *a = d->c->classes; a < b; a++) {
		if (!a->fallback || !b->fallback || b->shaper == NULL ||
		    a->shaper != b->shaper)
			continue;
		gw_draft_say(d, part, "default",
		    "class %s is shaper %s's default already (line %u); keep "
		    "one of them",
		    a->title, b->shaper->title, a->line);
		return;
	}
}

void
gw_config_clash(struct gw_draft *d)
{
	for (size_t i = 0; i < d->nparts; i++) {
		const struct gw_part *part = &d->parts[i];

		if (part->bad)
			continue;
		if (part->kind == GW_SECTION_TUNNEL)
			clash_tunnel(d, part);
		else if (part->kind == GW_SECTION_UPLINK)
			clash_uplink(d, part);
		else if (part->kind == GW_SECTION_SHAPER)
			clash_shaper(d, part);
		else if (part->kind == GW_SECTION_CLASS)
			clash_class(d, part);
	}
	clash_networks(d);
	clash_doors(d);
}
