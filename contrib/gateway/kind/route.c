/*
 * A route, always of our protocol.
 *
 *   family   "inet", "inet6"; needed when dst is "default" and there is no via
 *   dst      key; "10.0.0.0/8", an address, or "default"
 *   table    key; "main", or a number
 *   dev      link; absent: that of via
 *   via      next hop
 *   onlink   any value: via is on dev, whatever dev's networks are
 *   type     "unicast" (when absent), "local", "blackhole", "unreachable"
 *   metric   lower goes first; absent: the kernel's, 0 or 1024 for IPv6
 *
 * The kernel tells routes apart by destination, table and metric. What stands
 * at that place with another protocol is somebody else's.
 */
#include <errno.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>

#include "netlink.h"

#define IPV6_METRIC 1024 /* where none is given */

struct route {
	int family;
	struct gw_net dst; /* len 0: default */
	uint32_t table, metric;
	uint8_t type, protocol;
	bool onlink;
	int link; /* 0: none */
	struct pd_addr via;
};

static const char *const types[] = {
	[RTN_UNICAST] = "unicast",
	[RTN_LOCAL] = "local",
	[RTN_BLACKHOLE] = "blackhole",
	[RTN_UNREACHABLE] = "unreachable",
};

static uint8_t
type_of(const struct gw_step *s)
{
	const char *word = gw_step_get(s, "type");

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (word != NULL && types[i] != NULL &&
		    strcmp(types[i], word) == 0)
			return (uint8_t)i;
	}
	return RTN_UNICAST;
}

static int
family_of(const struct gw_step *s)
{
	if (strchr(gw_step_need(s, "via"), ':') != NULL)
		return AF_INET6;
	return gw_step_family(s, "dst");
}

static void
describe(const struct gw_step *s, FILE *out)
{
	static const char *const words[] = { "via", "dev", "metric" };
	const char *type = gw_step_get(s, "type");
	const char *table = gw_step_get(s, "table");

	fprintf(out, "ip%s route add %s%s%s",
	    family_of(s) == AF_INET6 ? " -6" : "", type != NULL ? type : "",
	    type != NULL ? " " : "", gw_step_need(s, "dst"));
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (gw_step_get(s, words[i]) != NULL)
			fprintf(
			    out, " %s %s", words[i], gw_step_get(s, words[i]));
	}
	if (gw_step_get(s, "onlink") != NULL)
		fputs(" onlink", out);
	if (table != NULL && strcmp(table, "main") != 0)
		fprintf(out, " table %s", table);
	fprintf(out, " proto %d", GW_PROTOCOL);
}

/* 0, or -1 after gw_fail(); a link that is not there gives link 0. */
static int
plan_route(struct gw_system *sys, const struct gw_step *s, struct route *r)
{
	*r = (struct route){ .family = family_of(s),
		.table = gw_step_table(s),
		.type = type_of(s),
		.protocol = GW_PROTOCOL,
		.onlink = gw_step_get(s, "onlink") != NULL };
	r->metric = gw_step_number(
	    s, "metric", r->family == AF_INET6 ? IPV6_METRIC : 0);
	r->dst.addr.family = (uint16_t)r->family;
	if (strcmp(gw_step_need(s, "dst"), "default") != 0 &&
	    gw_step_net(sys, s, "dst", &r->dst) < 0)
		return -1;
	r->dst = gw_net_base(&r->dst);
	if (gw_step_get(s, "via") != NULL &&
	    pd_addr_parse(pd_str_z(gw_step_get(s, "via")), &r->via) < 0)
		return gw_fail(
		    sys, "route via %s: no address", gw_step_get(s, "via"));
	if (gw_step_get(s, "dev") != NULL)
		r->link = gw_system_link(sys, gw_step_get(s, "dev"));
	return 0;
}

static void
read_route(const struct nlmsghdr *h, struct route *r)
{
	const struct rtmsg *head = nlmsg_data(h);
	struct nlattr *tb[RTA_MAX + 1];

	gw_nl_attrs(h, sizeof(*head), tb, RTA_MAX);
	*r = (struct route){ .family = head->rtm_family,
		.table = tb[RTA_TABLE] != NULL ? gw_nl_u32(tb[RTA_TABLE])
					       : head->rtm_table,
		.metric = gw_nl_u32(tb[RTA_PRIORITY]),
		.type = head->rtm_type,
		.protocol = head->rtm_protocol,
		.onlink = (head->rtm_flags & RTNH_F_ONLINK) != 0,
		.link = (int)gw_nl_u32(tb[RTA_OIF]),
		.via = gw_nl_addr(tb[RTA_GATEWAY], head->rtm_family) };
	r->dst.addr = gw_nl_addr(tb[RTA_DST], r->family);
	r->dst.addr.family = (uint16_t)r->family;
	r->dst.len = head->rtm_dst_len;
}

static bool
same_place(const struct route *a, const struct route *b)
{
	return a->family == b->family && a->table == b->table &&
	       a->metric == b->metric && a->dst.len == b->dst.len &&
	       memcmp(a->dst.addr.ip, b->dst.addr.ip, 16) == 0;
}

/*
 * Whether what is there (a) is what was wanted (b). A link that was not named
 * is any; IPv6 puts routes without a link (unreachable, local) on lo.
 */
static bool
same_way(const struct route *a, const struct route *b)
{
	return a->type == b->type && pd_addr_equal(&a->via, &b->via) &&
	       (b->link == 0 || a->link == b->link);
}

struct search {
	struct route wanted;
	enum gw_state state;
};

static int
compare(struct gw_system *sys, const struct nlmsghdr *h, void *arg)
{
	struct search *f = arg;
	struct route r;

	(void)sys;
	read_route(h, &r);
	if (!same_place(&r, &f->wanted))
		return 0;
	if (r.protocol == GW_PROTOCOL) {
		f->state =
		    same_way(&r, &f->wanted) ? GW_AS_PLANNED : GW_DRIFTED;
		return 1;
	}
	f->state = GW_FOREIGN;
	return 0;
}

/* protocol: whose routes; 0: everybody's. 0, or an errno, negated. */
static int
search(struct gw_system *sys, struct search *f, uint8_t protocol)
{
	struct rtmsg head = { .rtm_family = (uint8_t)f->wanted.family,
		.rtm_protocol = protocol };
	struct nl_msg *m =
	    gw_nl_request(RTM_GETROUTE, NLM_F_DUMP, &head, sizeof(head));
	int err;

	nla_put_u32(m, RTA_TABLE, f->wanted.table);
	err = gw_nl_dump(sys, m, compare, f);
	/* IPv4 says so of a table without routes. */
	return err > 0 || err == -ENOENT ? 0 : err;
}

/*
 * Ours are a handful, whatever else the table holds. Whether somebody else's
 * stands there is looked for only while ours does not: of all of the internet's
 * routes every dump is torn, and then making ours will tell.
 */
static enum gw_state
probe(struct gw_system *sys, const struct gw_step *s)
{
	struct search f = { .state = GW_MISSING };
	int err;

	if (plan_route(sys, s, &f.wanted) < 0)
		return GW_UNSEEN;
	err = search(sys, &f, GW_PROTOCOL);
	if (err == 0 && f.state == GW_MISSING)
		err = search(sys, &f, 0);
	if (err < 0 && err != -EAGAIN) {
		gw_fail(sys, "routes: %s", gw_nl_why(err));
		return GW_UNSEEN;
	}
	/* A link that comes later has another number. */
	if (f.state == GW_AS_PLANNED && gw_step_get(s, "dev") != NULL &&
	    f.wanted.link == 0)
		return GW_DRIFTED;
	return f.state;
}

static struct nl_msg *
request(int type, int flags, const struct route *r)
{
	struct rtmsg head = { .rtm_family = (uint8_t)r->family,
		.rtm_dst_len = (uint8_t)r->dst.len,
		.rtm_protocol = GW_PROTOCOL,
		.rtm_scope = RT_SCOPE_NOWHERE,
		.rtm_flags = r->onlink ? RTNH_F_ONLINK : 0 };
	struct nl_msg *m;

	if (type == RTM_NEWROUTE) {
		head.rtm_type = r->type;
		head.rtm_scope = r->type == RTN_LOCAL ? RT_SCOPE_HOST
				 : r->via.family == 0 && r->type == RTN_UNICAST
				     ? RT_SCOPE_LINK
				     : RT_SCOPE_UNIVERSE;
	}
	m = gw_nl_request(type, flags, &head, sizeof(head));
	if (r->dst.len > 0)
		gw_nl_put_addr(m, RTA_DST, &r->dst.addr);
	nla_put_u32(m, RTA_TABLE, r->table);
	if (r->metric != 0)
		nla_put_u32(m, RTA_PRIORITY, r->metric);
	if (type == RTM_NEWROUTE && r->link != 0)
		nla_put_u32(m, RTA_OIF, (uint32_t)r->link);
	if (type == RTM_NEWROUTE && r->via.family != 0)
		gw_nl_put_addr(m, RTA_GATEWAY, &r->via);
	return m;
}

/* Where and of our protocol, and that alone: whatever way it goes. */
static int
remove_route(struct gw_system *sys, const struct route *r)
{
	int err = gw_nl_talk(sys, request(RTM_DELROUTE, 0, r));

	/* It went with its link or table. */
	if (err == 0 || err == -ESRCH || err == -ENOENT || err == -ENODEV)
		return 0;
	return gw_fail(sys, "removing a route: %s", gw_nl_why(err));
}

static int
explain(struct gw_system *sys, const struct gw_step *s, int err)
{
	const char *dst = gw_step_need(s, "dst");

	if (err == -EEXIST)
		return gw_fail(sys,
		    "route %s: somebody else's stands there, see 'ip%s route "
		    "show table %s'",
		    dst, family_of(s) == AF_INET6 ? " -6" : "",
		    gw_step_get(s, "table") != NULL ? gw_step_get(s, "table")
						    : "main");
	if (err == -ENETUNREACH || err == -EHOSTUNREACH)
		return gw_fail(sys,
		    "route %s: no link has a network with %s in it", dst,
		    gw_step_need(s, "via"));
	return gw_fail(sys, "route %s: %s", dst, gw_nl_why(err));
}

static int
make(struct gw_system *sys, const struct gw_step *s)
{
	struct route r;
	int err;

	if (plan_route(sys, s, &r) < 0)
		return -1;
	if (gw_step_get(s, "dev") != NULL && r.link == 0)
		return gw_fail(sys, "route %s: there is no link %s",
		    gw_step_need(s, "dst"), gw_step_get(s, "dev"));
	err = gw_nl_talk(
	    sys, request(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, &r));
	if (err == -EEXIST) {
		/* Ours, another way: it gives its place, if it is ours. */
		if (remove_route(sys, &r) < 0)
			return -1;
		err = gw_nl_talk(
		    sys, request(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, &r));
	}
	return err == 0 ? 0 : explain(sys, s, err);
}

static int
undo(struct gw_system *sys, const struct gw_step *s)
{
	struct route r;

	return plan_route(sys, s, &r) < 0 ? -1 : remove_route(sys, &r);
}

static int
sweep_one(struct gw_system *sys, const struct nlmsghdr *h, void *arg)
{
	char text[GW_NET_TEXT];
	struct gw_sweep *w = arg;
	struct route r;

	read_route(h, &r);
	if (r.protocol != GW_PROTOCOL)
		return 0;
	if (remove_route(sys, &r) < 0)
		w->failed = -1;
	else
		fprintf(w->out, "route %s table %u\n",
		    gw_net_text(&r.dst, text), r.table);
	return 0;
}

static int
sweep(struct gw_system *sys, FILE *out)
{
	struct rtmsg head = { .rtm_protocol = GW_PROTOCOL };

	return gw_nl_sweep(
	    sys, RTM_GETROUTE, &head, sizeof(head), sweep_one, out);
}

const struct gw_kind gw_kind_route = {
	.name = "route",
	.describe = describe,
	.probe = probe,
	.make = make,
	.undo = undo,
	.sweep = sweep,
};
