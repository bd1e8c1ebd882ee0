/* Which addresses a client gets. */
#include <stdio.h>

#include "client.h"

/* Candidates that are looked at before a network counts as full: more than a
 * store of files should ever hold. */
#define TRIES_MAX 131072

struct place {
	const struct gw_config *conf;
	const struct gw_clients *clients;
	const struct gw_tunnel *tunnel;
	const char *name; /* of the client, whose own addresses are free */
};

const struct gw_nets *
gw_client_nets(const struct gw_tunnel *t)
{
	return t->type == GW_IKEV2 ? &t->pool : &t->address;
}

static unsigned
bits_of(const struct pd_addr *a)
{
	return a->family == AF_INET ? 32 : 128;
}

/* The next address; false after the last there is. */
static bool
advance(struct pd_addr *a)
{
	for (size_t i = bits_of(a) / 8; i-- > 0;) {
		if (++a->ip[i] != 0)
			return true;
	}
	return false;
}

/* The first of an IPv4 or IPv6 network, the last of an IPv4 network: not a
 * host's. Networks of one or two addresses have neither (RFC 3021, 6164). */
static bool
is_edge(const struct gw_net *net, const struct pd_addr *a)
{
	struct gw_net base = gw_net_base(net);
	struct pd_addr next = *a;

	if (net->len + 1 >= bits_of(a))
		return false;
	if (pd_addr_equal(&base.addr, a))
		return true;
	return a->family == AF_INET &&
	       (!advance(&next) || !gw_net_holds(net, &next));
}

static bool
is_ours(const struct gw_config *c, const struct pd_addr *a)
{
	for (size_t i = 0; i < c->ntunnels; i++) {
		const struct gw_nets *nets = &c->tunnels[i].address;

		for (size_t j = 0; j < nets->n; j++) {
			if (pd_addr_equal(&nets->v[j].addr, a))
				return true;
		}
	}
	return false;
}

/* What the section's own far end holds. Everything (a length of 0) is no
 * claim on one address. */
static bool
is_far_ends(const struct gw_tunnel *t, const struct pd_addr *a)
{
	for (size_t i = 0; i < t->allowed.n; i++) {
		if (t->allowed.v[i].len > 0 &&
		    gw_net_holds(&t->allowed.v[i], a))
			return true;
	}
	return false;
}

static const struct gw_client *
holder(const struct place *p, const struct pd_addr *a)
{
	for (size_t i = 0; i < p->clients->n; i++) {
		const struct gw_client *cl = &p->clients->v[i];

		if (pd_str_caseeq(pd_str_z(cl->name), pd_str_z(p->name)))
			continue;
		for (size_t j = 0; j < cl->address.n; j++) {
			if (pd_addr_equal(&cl->address.v[j].first, a))
				return cl;
		}
	}
	return NULL;
}

static bool
is_free(const struct place *p, const struct pd_addr *a)
{
	return !is_ours(p->conf, a) && !is_far_ends(p->tunnel, a) &&
	       holder(p, a) == NULL;
}

static bool
find_in_net(
    const struct place *p, const struct gw_net *net, struct pd_addr *out)
{
	*out = gw_net_base(net).addr;
	for (unsigned i = 0; i < TRIES_MAX && gw_net_holds(net, out); i++) {
		if (!is_edge(net, out) && is_free(p, out))
			return true;
		if (!advance(out))
			break;
	}
	return false;
}

static bool
find_in_range(
    const struct place *p, const struct pd_prefix *range, struct pd_addr *out)
{
	*out = range->first;
	for (;;) {
		if (is_free(p, out))
			return true;
		if (pd_addr_equal(out, &range->last) || !advance(out))
			return false;
	}
}

/* One of a family, from the first of the tunnel's networks that has room.
 * 0: found, or the tunnel has no network of the family. */
static int
choose(const struct place *p, uint16_t family, struct gw_client *cl,
    char why[GW_CLIENT_WHY])
{
	const struct gw_nets *nets = gw_client_nets(p->tunnel);
	bool any = false;
	struct pd_addr a;

	for (size_t i = 0; i < nets->n; i++) {
		if (nets->v[i].addr.family != family)
			continue;
		any = true;
		if (find_in_net(p, &nets->v[i], &a)) {
			gw_client_add_address(cl, &a);
			return 0;
		}
	}
	if (!any)
		return 0;
	snprintf(why, GW_CLIENT_WHY,
	    "tunnel %s has no IPv%d address left; give it a larger network "
	    "with %s =, or revoke clients",
	    p->tunnel->title, family == AF_INET ? 4 : 6,
	    p->tunnel->type == GW_IKEV2 ? "pool" : "address");
	return -1;
}

/* An address that was asked for. */
static int
check(const struct place *p, const struct pd_addr *a, char why[GW_CLIENT_WHY])
{
	const struct gw_tunnel *t = p->tunnel;
	const struct gw_client *other = holder(p, a);
	const struct gw_nets *nets = gw_client_nets(t);
	const struct gw_net *in = NULL;
	char text[PD_ADDR_TEXT];

	for (size_t i = 0; i < nets->n && in == NULL; i++) {
		if (gw_net_holds(&nets->v[i], a))
			in = &nets->v[i];
	}
	pd_addr_text(a, text);
	if (other != NULL)
		snprintf(why, GW_CLIENT_WHY,
		    "%s is client %s's; choose another, or leave --address "
		    "out",
		    text, other->name);
	else if (is_ours(p->conf, a) || is_far_ends(t, a))
		snprintf(why, GW_CLIENT_WHY,
		    "%s is not a client's: tunnel %s has it itself, or its "
		    "peer has; choose another",
		    text, t->title);
	else if (t->type != GW_PPTP && (in == NULL || is_edge(in, a)))
		snprintf(why, GW_CLIENT_WHY,
		    "%s is no host's address in the networks of tunnel %s; "
		    "choose another, or leave --address out",
		    text, t->title);
	else if (t->type == GW_PPTP &&
		 !pd_prefixes_hold(
		     &(struct pd_prefixes){
			 (struct pd_prefix *)&t->pool_range, 1 },
		     a))
		snprintf(why, GW_CLIENT_WHY,
		    "%s is not in the pool of tunnel %s; choose another, or "
		    "leave --address out",
		    text, t->title);
	else
		return 0;
	return -1;
}

static int
check_all(
    const struct place *p, const struct gw_client *cl, char why[GW_CLIENT_WHY])
{
	for (size_t i = 0; i < cl->address.n; i++) {
		const struct pd_addr *a = &cl->address.v[i].first;

		if (check(p, a, why) < 0)
			return -1;
		for (size_t j = 0; j < i; j++) {
			if (!pd_addr_equal(a, &cl->address.v[j].first))
				continue;
			snprintf(why, GW_CLIENT_WHY,
			    "the same address is given twice; give it once");
			return -1;
		}
	}
	return 0;
}

static bool
has_family(const struct gw_client *cl, uint16_t family)
{
	for (size_t i = 0; i < cl->address.n; i++) {
		if (cl->address.v[i].first.family == family)
			return true;
	}
	return false;
}

int
gw_client_place(const struct gw_config *c, const struct gw_clients *clients,
    const struct gw_tunnel *t, struct gw_client *cl, char why[GW_CLIENT_WHY])
{
	const struct place p = { c, clients, t, cl->name };
	struct pd_addr a;

	if (check_all(&p, cl, why) < 0)
		return -1;
	if (t->type != GW_PPTP) {
		if (!has_family(cl, AF_INET) &&
		    choose(&p, AF_INET, cl, why) < 0)
			return -1;
		return has_family(cl, AF_INET6) ? 0
						: choose(&p, AF_INET6, cl, why);
	}
	if (cl->address.n > 0)
		return 0;
	if (find_in_range(&p, &t->pool_range, &a)) {
		gw_client_add_address(cl, &a);
		return 0;
	}
	snprintf(why, GW_CLIENT_WHY,
	    "the pool of tunnel %s has no address left; give it a larger one "
	    "with pool =, or revoke clients",
	    t->title);
	return -1;
}
