/*
 * Names that name other sections, and what those have to be for it. What two
 * sections cannot both have is config_clash.c's.
 */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "config_draft.h"

/* "; did you mean shop?", or what there is to write. */
static void
say_no_such(struct gw_draft *d, const struct gw_part *part, const char *option,
    const char *word, const char *kind, const char *near)
{
	if (near != NULL)
		gw_draft_say(d, part, option,
		    "there is no %s %.64s; did you mean %s?", kind, word, near);
	else
		gw_draft_say(d, part, option,
		    "there is no %s %.64s; write %s %.64s { ... }, or the name "
		    "of one that there is",
		    kind, word, kind, word);
}

static const struct gw_tunnel *
find_tunnel(struct gw_draft *d, const struct gw_part *part, const char *title)
{
	const struct gw_tunnel *t;
	struct pd_str_near near;

	if (title == NULL)
		return NULL;
	t = gw_config_tunnel(d->c, title);
	if (t != NULL)
		return t;
	near = pd_str_near(title);
	for (size_t i = 0; i < d->c->ntunnels; i++)
		pd_str_near_try(&near, d->c->tunnels[i].title);
	say_no_such(d, part, "via", title, "tunnel", near.name);
	return NULL;
}

static const struct gw_shaper *
find_shaper(struct gw_draft *d, const struct gw_part *part, const char *title)
{
	struct pd_str_near near;

	if (title == NULL)
		return NULL;
	near = pd_str_near(title);
	for (size_t i = 0; i < d->c->nshapers; i++) {
		const struct gw_shaper *s = &d->c->shapers[i];

		if (pd_str_caseeq(pd_str_z(s->title), pd_str_z(title)))
			return s;
		pd_str_near_try(&near, s->title);
	}
	say_no_such(d, part, "shaper", title, "shaper", near.name);
	return NULL;
}

/* Of a tunnel that was told to be wrong, nothing follows. */
static bool
is_sound(const struct gw_draft *d, const struct gw_tunnel *t)
{
	return gw_draft_part(
		   d, GW_SECTION_TUNNEL, (size_t)(t - d->c->tunnels)) != NULL;
}

/* Whether packets to the address find their way through the tunnel. */
static bool
leads_to(const struct gw_tunnel *t, const struct pd_addr *a)
{
	const struct pd_prefixes range = { (struct pd_prefix *)&t->pool_range,
		1 };

	switch (t->type) {
	case GW_WIREGUARD:
		return gw_nets_hold(
		    t->peer != NULL ? &t->allowed : &t->address, a);
	case GW_IKEV2:
		return gw_nets_hold(&t->pool, a);
	case GW_PPTP:
		return pd_prefixes_hold(&range, a);
	default:
		return a->family == AF_INET6;
	}
}

static void
cross_edge(struct gw_draft *d, const struct gw_part *part)
{
	struct gw_edge *e = &d->c->edges[part->i];

	e->tunnel = find_tunnel(d, part, e->via);
	if (e->tunnel == NULL || e->to.family == 0 || !is_sound(d, e->tunnel))
		return;
	if (!leads_to(e->tunnel, &e->to))
		gw_draft_say(d, part, "to",
		    "%.64s is not behind tunnel %s; add it to the tunnel's %s, "
		    "or write an address that is",
		    e->to_text, e->tunnel->title,
		    e->tunnel->type == GW_WIREGUARD
			? e->tunnel->peer != NULL ? "allowed" : "address"
			: "pool");
}

static void
cross_return(struct gw_draft *d, const struct gw_part *part)
{
	struct gw_return *r = &d->c->returns[part->i];
	bool own = false;

	r->tunnel = find_tunnel(d, part, r->via);
	if (r->tunnel == NULL || r->address.family == 0 ||
	    !is_sound(d, r->tunnel))
		return;
	if (r->tunnel->type != GW_WIREGUARD && r->tunnel->type != GW_SIT) {
		gw_draft_say(d, part, "via",
		    "tunnel %s is of type %s, which has no link that a route "
		    "could name; use wireguard or sit",
		    r->tunnel->title, gw_tunnel_type_name(r->tunnel->type));
		return;
	}
	for (size_t i = 0; i < r->tunnel->address.n; i++)
		own = own ||
		      pd_addr_equal(&r->tunnel->address.v[i].addr, &r->address);
	if (!own)
		gw_draft_say(d, part, "address",
		    "%.64s is none of tunnel %s's addresses; write the one "
		    "that is this machine's there",
		    r->address_text, r->tunnel->title);
}

/* A link may have any name; one that is nearly a tunnel's is worth a word. */
static void
note_link(struct gw_draft *d, const struct gw_part *part, const char *word)
{
	struct pd_str_near near = pd_str_near(word);

	for (size_t i = 0; i < d->c->ntunnels; i++) {
		const struct gw_tunnel *t = &d->c->tunnels[i];

		if (t->link != NULL && strcmp(t->link, word) == 0)
			return;
		pd_str_near_try(&near, t->title);
	}
	if (near.name != NULL)
		pd_conf_say(&d->l, pd_conf_group_place(&part->g, "link"), false,
		    "%slink: %.64s is taken for a link, there is no such "
		    "tunnel; did you mean %s?",
		    part->g.what, word, near.name);
}

/* The link of an option that may name a tunnel, which has to have just one.
 * (A limit's may be any: rules know clients by other means, too.) */
static void
cross_link(struct gw_draft *d, const struct gw_part *part, const char *word)
{
	const struct gw_tunnel *t =
	    word != NULL ? gw_config_tunnel(d->c, word) : NULL;

	if (t == NULL && word != NULL)
		note_link(d, part, word);
	if (t == NULL || part->kind == GW_SECTION_LIMIT ||
	    t->type == GW_WIREGUARD || t->type == GW_SIT)
		return;
	gw_draft_say(d, part, "link",
	    "tunnel %s is of type %s, which has no link of its own; name the "
	    "uplink, or another link",
	    t->title, gw_tunnel_type_name(t->type));
}

static void
cross_tunnel(struct gw_draft *d, const struct gw_part *part)
{
	const struct gw_tunnel *t = &d->c->tunnels[part->i];
	bool all = false;

	if (t->dns_self && !d->c->resolver.present)
		gw_draft_say(d, part, "dns",
		    "self is the section resolver's, and there is none; write "
		    "resolver { forward = {\"9.9.9.9\"} }, or a resolver's "
		    "address here");
	if (t->ndp_proxy.n > 0 && d->c->ipv6 != GW_LEAVE_NDP_PROXY)
		gw_draft_say(d, part, "ndp-proxy",
		    "the gateway does not let these addresses out; write ipv6 "
		    "= \"ndp-proxy\" there");
	if (part->bad)
		return;
	for (size_t i = 0; i < t->allowed.n; i++)
		all = all || t->allowed.v[i].len == 0;
	if (t->type == GW_WIREGUARD && t->default_route && t->peer != NULL &&
	    t->allowed.n > 0 && !all)
		gw_draft_say(d, part, "default-route",
		    "the peer may not have all that has no nearer way; write "
		    "allowed = {\"0.0.0.0/0\", \"::/0\"}");
}

static void
cross_class(struct gw_draft *d, const struct gw_part *part)
{
	struct gw_class *k = &d->c->classes[part->i];
	const struct gw_shaper *s = find_shaper(d, part, k->shaper_text);

	k->shaper = s;
	if (s == NULL || s->rate == 0)
		return;
	if (k->rate > s->rate)
		gw_draft_say(d, part, "rate",
		    "%s is more than the %s of shaper %s; write less",
		    k->rate_text, s->rate_text, s->title);
	if (k->ceil_text == NULL)
		k->ceil = s->rate;
	else if (k->ceil > s->rate)
		gw_draft_say(d, part, "ceil",
		    "%s is more than the %s of shaper %s; write less, or "
		    "leave it out",
		    k->ceil_text, s->rate_text, s->title);
}

static void
cross_gateway(struct gw_draft *d, const struct gw_part *part)
{
	const struct gw_config *c = d->c;

	if (c->wpad && !c->resolver.present)
		gw_draft_say(d, part, "wpad",
		    "only the section resolver can answer, and there is none; "
		    "write resolver { forward = {\"9.9.9.9\"} }");
	if (c->intercept != GW_INTERCEPT_NO && c->ntunnels == 0)
		gw_draft_say(d, part, "intercept",
		    "there is no tunnel whose clients' connections could be "
		    "led to pared; write tunnel phones { ... }, or intercept = "
		    "\"no\"");
}

void
gw_config_cross(struct gw_draft *d)
{
	const struct pd_conf_place file = { .line = 0 };

	if (d->places[GW_SECTION_GATEWAY].n == 0 && !d->l.failed)
		pd_conf_say(&d->l, file, true,
		    "there is no section gateway; begin with gateway home { "
		    "}");
	for (size_t i = 0; i < d->nparts; i++) {
		const struct gw_part *part = &d->parts[i];

		if (part->kind == GW_SECTION_GATEWAY)
			cross_gateway(d, part);
		else if (part->kind == GW_SECTION_TUNNEL)
			cross_tunnel(d, part);
		else if (part->kind == GW_SECTION_EDGE)
			cross_edge(d, part);
		else if (part->kind == GW_SECTION_RETURN)
			cross_return(d, part);
		else if (part->kind == GW_SECTION_CLASS)
			cross_class(d, part);
		else if (part->kind == GW_SECTION_SHAPER)
			cross_link(d, part, d->c->shapers[part->i].link);
		else if (part->kind == GW_SECTION_LIMIT)
			cross_link(d, part, d->c->limits[part->i].link);
		else if (part->kind == GW_SECTION_UPLINK)
			cross_link(d, part, d->c->uplinks[part->i].link);
	}
}
