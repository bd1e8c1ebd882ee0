#include "netlink.h"
#include "plan.h"

#include <errno.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "kind/sysctl.h"

#define PATH_LEN 256

/* Default routes of one family. */
struct defaults {
	struct gw_facts *facts;
	struct gw_ways *ways;
	uint32_t metrics[GW_WAYS_MAX]; /* of each way */
};

/* Calls each for every link that a route leads by. */
typedef void each_hop(struct defaults *d, int link, uint32_t metric);

struct nexthop {
	struct defaults *d;
	each_hop *each;
	uint32_t metric;
	bool grouped; /* a group's member: there are no groups of groups */
};

static int
read_nexthop(struct gw_system *sys, const struct nlmsghdr *h, void *arg);

/* A nexthop object (`ip nexthop`). Routes tell its links themselves only where
 * net.ipv4.nexthop_compat_mode is on. One that is gone takes its routes along,
 * of which there will be news. */
static int
each_nexthop(struct gw_system *sys, uint32_t id, struct nexthop *n)
{
	struct nhmsg head = { .nh_family = AF_UNSPEC };
	struct nl_msg *m =
	    gw_nl_request(RTM_GETNEXTHOP, 0, &head, sizeof(head));
	int err;

	nla_put_u32(m, NHA_ID, id);
	err = gw_nl_dump(sys, m, read_nexthop, n);
	return err == -ENOENT ? 0 : err;
}

static int
read_nexthop(struct gw_system *sys, const struct nlmsghdr *h, void *arg)
{
	struct nlattr *tb[NHA_MAX + 1];
	struct nexthop *n = arg;
	int err = 0;

	gw_nl_attrs(h, sizeof(struct nhmsg), tb, NHA_MAX);
	if (tb[NHA_OIF] != NULL)
		n->each(n->d, (int)gw_nl_u32(tb[NHA_OIF]), n->metric);
	if (tb[NHA_GROUP] != NULL && !n->grouped) {
		const struct nexthop_grp *group = nla_data(tb[NHA_GROUP]);
		size_t left = (size_t)nla_len(tb[NHA_GROUP]);

		n->grouped = true;
		for (; left >= sizeof(*group) && err == 0;
		     left -= sizeof(*group))
			err = each_nexthop(sys, (group++)->id, n);
	}
	return err;
}

/* A route with several next hops has its links a level deeper. 0, or an errno,
 * negated. */
static int
each_link(struct gw_system *sys, struct nlattr *const *tb, struct defaults *d,
    each_hop *each)
{
	uint32_t metric = gw_nl_u32(tb[RTA_PRIORITY]);
	struct rtnexthop *hop;
	int left;

	if (tb[RTA_OIF] != NULL) {
		each(d, (int)gw_nl_u32(tb[RTA_OIF]), metric);
	} else if (tb[RTA_MULTIPATH] != NULL) {
		hop = nla_data(tb[RTA_MULTIPATH]);
		left = nla_len(tb[RTA_MULTIPATH]);
		while (RTNH_OK(hop, left)) {
			each(d, hop->rtnh_ifindex, metric);
			left -= (int)RTNH_ALIGN(hop->rtnh_len);
			hop = (void *)((char *)hop + RTNH_ALIGN(hop->rtnh_len));
		}
	} else if (tb[RTA_NH_ID] != NULL) {
		struct nexthop n = { .d = d, .each = each, .metric = metric };

		return each_nexthop(sys, gw_nl_u32(tb[RTA_NH_ID]), &n);
	}
	return 0;
}

/*
 * accept_ra tells whose the route is: at 0 somebody else than the kernel
 * (networkd, NetworkManager) hears the routers, and keeps his routes whatever
 * forwarding does; at 2 the kernel does so too.
 */
static int
accept_ra(const char *link)
{
	char key[PATH_LEN], value[GW_SYSCTL_MAX];

	snprintf(key, sizeof(key), "net/ipv6/conf/%s/accept_ra", link);
	return gw_sysctl_read(key, value) == 0 ? (int)strtol(value, NULL, 10)
					       : 0;
}

static void
add_advertised(struct gw_facts *f, const char *link)
{
	for (unsigned i = 0; i < f->nadvertised; i++) {
		if (strcmp(f->advertised[i], link) == 0)
			return;
	}
	if (f->nadvertised < sizeof(f->advertised) / sizeof(f->advertised[0]))
		snprintf(f->advertised[f->nadvertised++],
		    sizeof(f->advertised[0]), "%s", link);
}

/* Each link once, the best first; among equals, the one that came first. */
static void
add_way(struct defaults *d, int link, uint32_t metric)
{
	struct gw_ways *w = d->ways;
	char name[IF_NAMESIZE];
	unsigned at;

	/* The name goes into rules and paths, as one from the file does; but
	 * the kernel takes almost any: a"b;c. */
	if (if_indextoname((unsigned)link, name) == NULL || !gw_is_link(name))
		return;
	for (unsigned i = 0; i < w->n; i++) {
		if (strcmp(w->link[i], name) == 0)
			return;
	}
	for (at = w->n; at > 0 && d->metrics[at - 1] > metric; at--)
		;
	if (at == GW_WAYS_MAX)
		return;
	if (w->n == GW_WAYS_MAX)
		w->n--;
	memmove(w->link[at + 1], w->link[at], (w->n - at) * sizeof(w->link[0]));
	memmove(&d->metrics[at + 1], &d->metrics[at],
	    (w->n - at) * sizeof(d->metrics[0]));
	snprintf(w->link[at], sizeof(w->link[at]), "%s", name);
	d->metrics[at] = metric;
	w->n++;
}

static void
add_ra(struct defaults *d, int link, uint32_t metric)
{
	char name[IF_NAMESIZE];

	(void)metric;
	if (if_indextoname((unsigned)link, name) != NULL && gw_is_link(name) &&
	    accept_ra(name) > 0)
		add_advertised(d->facts, name);
}

static int
read_default(struct gw_system *sys, const struct nlmsghdr *h, void *arg)
{
	const struct rtmsg *head = nlmsg_data(h);
	struct nlattr *tb[RTA_MAX + 1];
	struct defaults *d = arg;
	int err;

	gw_nl_attrs(h, sizeof(*head), tb, RTA_MAX);
	/* Ours is a tunnel's, and goes when the gateway does. */
	if (head->rtm_dst_len != 0 || head->rtm_type != RTN_UNICAST ||
	    head->rtm_protocol == GW_PROTOCOL)
		return 0;
	err = each_link(sys, tb, d, add_way);
	if (err == 0 && head->rtm_family == AF_INET6 &&
	    head->rtm_protocol == RTPROT_RA)
		err = each_link(sys, tb, d, add_ra);
	return err;
}

/* 0, or an errno, negated. */
static int
read_ways(
    struct gw_system *sys, struct gw_facts *f, int family, struct gw_ways *ways)
{
	struct rtmsg head = { .rtm_family = (uint8_t)family };
	struct defaults d = { .facts = f, .ways = ways };
	struct nl_msg *m =
	    gw_nl_request(RTM_GETROUTE, NLM_F_DUMP, &head, sizeof(head));
	int err;

	nla_put_u32(m, RTA_TABLE, RT_TABLE_MAIN);
	err = gw_nl_dump(sys, m, read_default, &d);
	/* A kernel without IPv6, or with nothing in that table. */
	return err == -EAFNOSUPPORT || err == -EOPNOTSUPP || err == -ENOENT
		   ? 0
		   : err;
}

static unsigned
read_mtu(const char *link)
{
	char path[PATH_LEN], *text;
	unsigned mtu = 0;

	snprintf(path, sizeof(path), "/sys/class/net/%s/mtu", link);
	text = gw_read_file(path);
	if (text != NULL)
		mtu = (unsigned)strtoul(text, NULL, 10);
	free(text);
	return mtu;
}

/* Whether a line of a file has this word in it; *there: the file is. */
static bool
file_has(const char *path, const char *word, bool *there)
{
	char line[512];
	bool found = false;
	FILE *f = fopen(path, "re");

	*there = f != NULL;
	while (f != NULL && !found && fgets(line, sizeof(line), f) != NULL)
		found = strstr(line, word) != NULL;
	if (f != NULL)
		fclose(f);
	return found;
}

/*
 * Whether the kernel has ESP for IPv4, built in or as a module. A kernel whose
 * modules are elsewhere, as a container's, tells by its symbols: names are
 * shown to anybody, addresses are not. Asking it by a socket would load
 * modules.
 */
static bool
has_esp(void)
{
	char path[PATH_LEN];
	bool listed, built;
	struct utsname u;

	if (uname(&u) < 0)
		return false;
	snprintf(path, sizeof(path), "/lib/modules/%s/modules.dep", u.release);
	if (file_has(path, "/esp4.ko", &listed))
		return true;
	snprintf(
	    path, sizeof(path), "/lib/modules/%s/modules.builtin", u.release);
	if (file_has(path, "/esp4.ko", &built))
		return true;
	if (listed && built)
		return false;
	return file_has("/proc/kallsyms", " esp_input", &listed);
}

static bool
same_ways(const struct gw_ways *a, const struct gw_ways *b)
{
	bool same = a->n == b->n;

	for (unsigned i = 0; same && i < a->n; i++)
		same = strcmp(a->link[i], b->link[i]) == 0;
	return same;
}

bool
gw_facts_equal(const struct gw_facts *a, const struct gw_facts *b)
{
	bool equal =
	    strcmp(a->uplink, b->uplink) == 0 && a->uplink_ra == b->uplink_ra &&
	    a->ipv6_default == b->ipv6_default &&
	    a->uplink_mtu == b->uplink_mtu && a->kernel_esp == b->kernel_esp &&
	    a->unbound_user == b->unbound_user &&
	    same_ways(&a->ways4, &b->ways4) &&
	    same_ways(&a->ways6, &b->ways6) && a->nadvertised == b->nadvertised;

	for (unsigned i = 0; equal && i < a->nadvertised; i++)
		equal = strcmp(a->advertised[i], b->advertised[i]) == 0;
	return equal;
}

int
gw_facts_follow(struct gw_facts *f, const char *link)
{
	struct gw_facts now = { .kernel_esp = f->kernel_esp,
		.unbound_user = f->unbound_user };
	struct gw_system sys;
	int err;

	gw_system_init(&sys, "", "", "");
	err = read_ways(&sys, &now, AF_INET, &now.ways4);
	if (err == 0)
		err = read_ways(&sys, &now, AF_INET6, &now.ways6);
	gw_system_finish(&sys);
	if (err != 0) {
		errno = -err;
		return -1;
	}
	now.ipv6_default = now.ways6.n > 0;
	if (link == NULL)
		link = now.ways4.n > 0 ? now.ways4.link[0] : now.ways6.link[0];
	snprintf(now.uplink, sizeof(now.uplink), "%s", link);
	if (now.uplink[0] != '\0') {
		now.uplink_mtu = read_mtu(now.uplink);
		now.uplink_ra = accept_ra(now.uplink) == 2;
	}
	for (unsigned i = 0; i < now.nadvertised; i++)
		now.uplink_ra =
		    now.uplink_ra || strcmp(now.advertised[i], now.uplink) == 0;
	*f = now;
	return 0;
}

int
gw_facts_read(struct gw_facts *f, const char *link)
{
	*f = (struct gw_facts){ .kernel_esp = has_esp(),
		.unbound_user = getpwnam("unbound") != NULL };
	return gw_facts_follow(f, link);
}
