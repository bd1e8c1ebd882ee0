/*
 * Links and addresses: the uplink, what it is, and who has our networks.
 */
#include <ifaddrs.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include "check/check.h"
#include "kind/sysctl.h"

#define IPV6_MTU_MIN 1280 /* RFC 8200, 5 */

/* What a tunnel takes from each packet, bytes; WireGuard over IPv6. */
#define WIREGUARD_COST 80
#define SIT_COST       20

static void
check_uplink(struct gw_check *c)
{
	const struct gw_plan *p = c->plan;

	if (p->no_uplink) {
		gw_find(c, GW_ERROR,
		    "there is no default route, so it is not "
		    "known by which link clients leave");
		gw_remedy(c, "uplink = \"LINK\" in section gateway");
	} else if (if_nametoindex(p->uplink) == 0) {
		gw_find(
		    c, GW_ERROR, "there is no link %s, the uplink", p->uplink);
		gw_remedy(c, "see them by: ip -br link");
	}
	if (p->facts->uplink_ra)
		gw_find(c, GW_NOTE,
		    "the IPv6 default route came by router advertisement: "
		    "accept_ra of %s becomes 2 while the gateway is up, or "
		    "forwarding would delete the route",
		    p->uplink);
}

static void
check_mtu(struct gw_check *c, const struct gw_tunnel *t)
{
	int64_t cost = t->type == GW_SIT ? SIT_COST : WIREGUARD_COST;
	int64_t uplink = c->plan->facts->uplink_mtu, most = uplink - cost;

	if (uplink == 0 || (t->type != GW_WIREGUARD && t->type != GW_SIT))
		return;
	if (t->mtu > most) {
		gw_find(c, GW_WARN,
		    "tunnel %s: packets of %lld bytes do not fit through %s, "
		    "whose MTU is %lld, and are sent in pieces or lost",
		    t->title, (long long)t->mtu, c->plan->uplink,
		    (long long)uplink);
		gw_remedy(c, "mtu = %lld, or leave it out", (long long)most);
	} else if (most < IPV6_MTU_MIN) {
		gw_find(c, GW_WARN,
		    "tunnel %s: through %s with an MTU of %lld no tunnel is "
		    "wide enough for IPv6 (%d bytes)",
		    t->title, c->plan->uplink, (long long)uplink, IPV6_MTU_MIN);
		gw_remedy(c, "a larger MTU on %s, or ipv6 = \"refuse\"",
		    c->plan->uplink);
	}
}

static unsigned
bits_of(const struct pd_addr *mask)
{
	unsigned n = 0;

	for (size_t i = 0; i < (mask->family == AF_INET6 ? 16 : 4); i++)
		n += (unsigned)__builtin_popcount(mask->ip[i]);
	return n;
}

static bool
read_net(const struct ifaddrs *a, struct gw_net *net)
{
	struct pd_addr mask;

	if (a->ifa_addr == NULL || a->ifa_netmask == NULL ||
	    (a->ifa_flags & IFF_LOOPBACK) != 0)
		return false;
	net->addr = pd_addr_from_sockaddr(a->ifa_addr);
	mask = pd_addr_from_sockaddr(a->ifa_netmask);
	net->len = bits_of(&mask);
	return net->addr.family != 0 &&
	       pd_addr_kind(&net->addr) != PD_ADDR_LINK_LOCAL;
}

/*
 * IPv6 addresses out of the uplink's own network are what NDP proxy is for; a
 * longer prefix goes first, and nobody is lost.
 */
static bool
is_wanted(const struct gw_check *c, const struct gw_tunnel *t,
    const struct gw_net *ours, const struct gw_net *theirs)
{
	return ours->addr.family == AF_INET6 && ours->len > theirs->len &&
	       (t->type == GW_SIT || c->plan->conf->ipv6 == GW_LEAVE_NDP_PROXY);
}

static void
check_net(struct gw_check *c, const struct gw_tunnel *t,
    const struct gw_net *ours, const struct ifaddrs *list)
{
	struct gw_net base = gw_net_base(ours), net;
	char a[GW_NET_TEXT], b[GW_NET_TEXT];

	for (const struct ifaddrs *i = list; i != NULL; i = i->ifa_next) {
		if ((t->link != NULL && strcmp(i->ifa_name, t->link) == 0) ||
		    !read_net(i, &net) || net.addr.family != base.addr.family ||
		    !(gw_net_holds(&base, &net.addr) ||
			gw_net_holds(&net, &base.addr)) ||
		    is_wanted(c, t, &base, &net))
			continue;
		net = gw_net_base(&net);
		gw_find(c, GW_ERROR,
		    "tunnel %s: its network %s overlaps %s of link %s",
		    t->title, gw_net_text(&base, a), gw_net_text(&net, b),
		    i->ifa_name);
		gw_remedy(c, "another network for the tunnel; somewhere in "
			     "10.0.0.0/8 or fd00::/8 there is room");
		return;
	}
}

/* A link that is yet to be made takes after conf/default. */
static void
check_ipv6(struct gw_check *c, const struct gw_tunnel *t)
{
	char key[64 + GW_LINK_MAX], value[GW_SYSCTL_MAX];
	bool any = false;

	for (size_t i = 0; i < t->address.n; i++)
		any = any || t->address.v[i].addr.family == AF_INET6;
	if (!any || t->link == NULL)
		return;
	snprintf(key, sizeof(key), "net/ipv6/conf/%s/disable_ipv6",
	    if_nametoindex(t->link) != 0 ? t->link : "default");
	if (gw_sysctl_read(key, value) == 0 && strcmp(value, "0") == 0)
		return;
	gw_find(c, GW_ERROR,
	    "tunnel %s has an IPv6 address, but this machine has IPv6 off",
	    t->title);
	gw_remedy(c, "sysctl %s=0, or leave the address out", key);
}

/* Addresses that nobody outside knows a way to. */
static void
check_routed(
    struct gw_check *c, const struct gw_tunnel *t, const struct gw_net *net)
{
	struct gw_net base = gw_net_base(net);
	char text[GW_NET_TEXT];

	if (base.addr.family != AF_INET6 ||
	    (c->plan->conf->ipv6 != GW_LEAVE_ROUTED &&
		c->plan->conf->ipv6 != GW_LEAVE_NDP_PROXY) ||
	    pd_addr_kind(&base.addr) != PD_ADDR_PRIVATE)
		return;
	gw_find(c, GW_WARN,
	    "tunnel %s: answers to %s, a private network, do not come back "
	    "from the internet",
	    t->title, gw_net_text(&base, text));
	gw_remedy(c, "ipv6 = \"nat\", or a prefix that your provider routes "
		     "here");
}

void
gw_check_net(struct gw_check *c)
{
	struct ifaddrs *list = NULL;

	check_uplink(c);
	if (getifaddrs(&list) < 0)
		list = NULL;
	for (size_t i = 0; i < c->plan->conf->ntunnels; i++) {
		const struct gw_tunnel *t = &c->plan->conf->tunnels[i];
		const struct gw_nets *nets =
		    t->type == GW_IKEV2 ? &t->pool : &t->address;

		check_mtu(c, t);
		check_ipv6(c, t);
		for (size_t n = 0; n < nets->n; n++) {
			check_net(c, t, &nets->v[n], list);
			if (gw_plan_way_in(c->plan, t))
				check_routed(c, t, &nets->v[n]);
		}
	}
	freeifaddrs(list);
}
