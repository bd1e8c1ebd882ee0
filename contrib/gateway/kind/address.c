/*
 * An address on a link.
 *
 *   dev       key
 *   address   key; "10.77.0.1/24", "fd77::1/64"
 *   nodad     any value: IPv6 without asking whether others have it, which on
 *             a link of our own nobody can, and which would keep servers from
 *             binding it for a second
 *
 * Addresses have a protocol number since Linux 5.18, and ours bear it. One that
 * is there already is as planned and nobody's to remove: the number tells.
 */
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/utsname.h>

#include "netlink.h"

static void
describe(const struct gw_step *s, FILE *out)
{
	fprintf(out, "ip address add %s dev %s%s", gw_step_need(s, "address"),
	    gw_step_need(s, "dev"),
	    gw_step_get(s, "nodad") != NULL ? " nodad" : "");
}

/* One that a dump names. */
struct seen {
	struct ifaddrmsg head;
	struct gw_net net;
	uint8_t protocol; /* 0: of nobody, or an older kernel */
};

static void
read_address(const struct nlmsghdr *h, struct seen *a)
{
	struct nlattr *tb[IFA_PROTO + 1];

	a->head = *(const struct ifaddrmsg *)nlmsg_data(h);
	gw_nl_attrs(h, sizeof(a->head), tb, IFA_PROTO);
	/* Of a point-to-point link IFA_ADDRESS is the far end. */
	a->net.addr =
	    gw_nl_addr(tb[IFA_LOCAL] != NULL ? tb[IFA_LOCAL] : tb[IFA_ADDRESS],
		a->head.ifa_family);
	a->net.len = a->head.ifa_prefixlen;
	a->protocol = gw_nl_u8(tb[IFA_PROTO]);
}

struct wanted {
	int link;
	struct gw_net net;
	bool there;
	uint8_t protocol;
};

static int
compare(struct gw_system *sys, const struct nlmsghdr *h, void *arg)
{
	struct wanted *w = arg;
	struct seen a;

	(void)sys;
	read_address(h, &a);
	if (a.head.ifa_index != (unsigned)w->link || a.net.len != w->net.len ||
	    !pd_addr_equal(&a.net.addr, &w->net.addr))
		return 0;
	w->there = true;
	w->protocol = a.protocol;
	return 1;
}

/* 0, with there unset when link or address are not; -1 after gw_fail(). */
static int
look(struct gw_system *sys, const struct gw_step *s, struct wanted *w)
{
	struct ifaddrmsg head = { 0 };
	int err;

	*w = (struct wanted){ 0 };
	if (gw_step_net(sys, s, "address", &w->net) < 0)
		return -1;
	w->link = gw_system_link(sys, gw_step_need(s, "dev"));
	if (w->link == 0)
		return 0;
	head.ifa_family = (uint8_t)w->net.addr.family;
	head.ifa_index = (unsigned)w->link;
	err = gw_nl_dump(sys,
	    gw_nl_request(RTM_GETADDR, NLM_F_DUMP, &head, sizeof(head)),
	    compare, w);
	return err < 0 && err != -ENODEV
		   ? gw_fail(sys, "addresses: %s", gw_nl_why(err))
		   : 0;
}

static enum gw_state
probe(struct gw_system *sys, const struct gw_step *s)
{
	struct wanted w;

	if (look(sys, s, &w) < 0)
		return GW_UNSEEN;
	return w.there ? GW_AS_PLANNED : GW_MISSING;
}

static struct nl_msg *
request(int type, int flags, unsigned link, const struct gw_net *net,
    uint32_t ifa_flags)
{
	struct ifaddrmsg head = { .ifa_family = (uint8_t)net->addr.family,
		.ifa_prefixlen = (uint8_t)net->len,
		.ifa_index = link };
	struct nl_msg *m = gw_nl_request(type, flags, &head, sizeof(head));

	gw_nl_put_addr(m, IFA_LOCAL, &net->addr);
	gw_nl_put_addr(m, IFA_ADDRESS, &net->addr);
	if (type == RTM_NEWADDR) {
		nla_put_u8(m, IFA_PROTO, GW_PROTOCOL);
		nla_put_u32(m, IFA_FLAGS, ifa_flags);
	}
	return m;
}

static int
make(struct gw_system *sys, const struct gw_step *s)
{
	uint32_t flags = gw_step_get(s, "nodad") != NULL ? IFA_F_NODAD : 0;
	struct wanted w;
	int err;

	if (look(sys, s, &w) < 0)
		return -1;
	if (w.there)
		return 0;
	if (w.link == 0)
		return gw_fail(
		    sys, "there is no link %s", gw_step_need(s, "dev"));
	if (w.net.addr.family == AF_INET)
		flags = 0;
	err = gw_nl_talk(sys, request(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL,
				  (unsigned)w.link, &w.net, flags));
	if (err == -EACCES || err == -EOPNOTSUPP)
		return gw_fail(sys,
		    "%s: IPv6 is off on %s (net/ipv6/conf/%s/disable_ipv6)",
		    gw_step_need(s, "address"), gw_step_need(s, "dev"),
		    gw_step_need(s, "dev"));
	return err == 0
		   ? 0
		   : gw_fail(sys, "%s on %s: %s", gw_step_need(s, "address"),
			 gw_step_need(s, "dev"), gw_nl_why(err));
}

static int
remove_address(struct gw_system *sys, unsigned link, const struct gw_net *net)
{
	char text[GW_NET_TEXT];
	int err = gw_nl_talk(sys, request(RTM_DELADDR, 0, link, net, 0));

	if (err == 0 || err == -EADDRNOTAVAIL || err == -ENODEV)
		return 0;
	return gw_fail(
	    sys, "removing %s: %s", gw_net_text(net, text), gw_nl_why(err));
}

/* Older kernels show none of any address: there the journal's word counts. */
static bool
is_ours(const struct wanted *w)
{
	unsigned long major, minor;
	struct utsname u;
	char *end;

	if (w->protocol != 0 || uname(&u) < 0)
		return w->protocol == GW_PROTOCOL;
	major = strtoul(u.release, &end, 10);
	minor = *end == '.' ? strtoul(end + 1, NULL, 10) : 0;
	return major < 5 || (major == 5 && minor < 18);
}

static int
undo(struct gw_system *sys, const struct gw_step *s)
{
	struct wanted w;

	if (look(sys, s, &w) < 0)
		return -1;
	if (!w.there || !is_ours(&w))
		return 0;
	return remove_address(sys, (unsigned)w.link, &w.net);
}

static int
sweep_one(struct gw_system *sys, const struct nlmsghdr *h, void *arg)
{
	char text[GW_NET_TEXT], link[IF_NAMESIZE];
	struct gw_sweep *w = arg;
	struct seen a;

	read_address(h, &a);
	if (a.protocol != GW_PROTOCOL)
		return 0;
	if (if_indextoname(a.head.ifa_index, link) == NULL)
		return 0;
	if (remove_address(sys, a.head.ifa_index, &a.net) < 0)
		w->failed = -1;
	else
		fprintf(w->out, "address %s on %s\n", gw_net_text(&a.net, text),
		    link);
	return 0;
}

static int
sweep(struct gw_system *sys, FILE *out)
{
	struct ifaddrmsg head = { 0 };

	return gw_nl_sweep(
	    sys, RTM_GETADDR, &head, sizeof(head), sweep_one, out);
}

const struct gw_kind gw_kind_address = {
	.name = "address",
	.describe = describe,
	.probe = probe,
	.make = make,
	.undo = undo,
	.sweep = sweep,
};
