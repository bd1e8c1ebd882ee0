#include "netlink.h"
#include "plan.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "kind/sysctl.h"

#define PATH_LEN 256

/* Default routes of one family, the best of them first in what is kept. */
struct defaults {
	struct gw_facts *facts;
	int link; /* of the best; 0: none */
	uint32_t metric;
};

/* A route with several next hops has its links a level deeper. */
static int
first_link(struct nlattr *const *tb)
{
	const struct rtnexthop *hop;

	if (tb[RTA_OIF] != NULL)
		return (int)gw_nl_u32(tb[RTA_OIF]);
	if (tb[RTA_MULTIPATH] == NULL ||
	    nla_len(tb[RTA_MULTIPATH]) < (int)sizeof(*hop))
		return 0;
	hop = nla_data(tb[RTA_MULTIPATH]);
	return hop->rtnh_ifindex;
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

static int
read_default(struct gw_system *sys, const struct nlmsghdr *h, void *arg)
{
	const struct rtmsg *head = nlmsg_data(h);
	struct nlattr *tb[RTA_MAX + 1];
	struct defaults *d = arg;
	char name[IF_NAMESIZE];
	uint32_t metric;
	int link;

	(void)sys;
	gw_nl_attrs(h, sizeof(*head), tb, RTA_MAX);
	link = first_link(tb);
	/* Ours is a tunnel's, and goes when the gateway does. */
	if (head->rtm_dst_len != 0 || head->rtm_type != RTN_UNICAST ||
	    head->rtm_protocol == GW_PROTOCOL || link == 0 ||
	    if_indextoname((unsigned)link, name) == NULL)
		return 0;
	/* The name goes into rules and paths, as one from the file does; but
	 * the kernel takes almost any: a"b;c. */
	if (!gw_is_link(name))
		return 0;
	metric = gw_nl_u32(tb[RTA_PRIORITY]);
	if (d->link == 0 || metric < d->metric) {
		d->link = link;
		d->metric = metric;
	}
	if (head->rtm_family == AF_INET6 && head->rtm_protocol == RTPROT_RA &&
	    accept_ra(name) > 0)
		add_advertised(d->facts, name);
	return 0;
}

static int
default_link(struct gw_system *sys, struct gw_facts *f, int family)
{
	struct rtmsg head = { .rtm_family = (uint8_t)family };
	struct defaults d = { .facts = f };
	struct nl_msg *m =
	    gw_nl_request(RTM_GETROUTE, NLM_F_DUMP, &head, sizeof(head));

	nla_put_u32(m, RTA_TABLE, RT_TABLE_MAIN);
	(void)gw_nl_dump(sys, m, read_default, &d);
	return d.link;
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

bool
gw_facts_equal(const struct gw_facts *a, const struct gw_facts *b)
{
	bool equal =
	    strcmp(a->uplink, b->uplink) == 0 && a->uplink_ra == b->uplink_ra &&
	    a->ipv6_default == b->ipv6_default &&
	    a->uplink_mtu == b->uplink_mtu && a->kernel_esp == b->kernel_esp &&
	    a->unbound_user == b->unbound_user &&
	    a->nadvertised == b->nadvertised;

	for (unsigned i = 0; equal && i < a->nadvertised; i++)
		equal = strcmp(a->advertised[i], b->advertised[i]) == 0;
	return equal;
}

void
gw_facts_read(struct gw_facts *f, const char *link)
{
	struct gw_system sys;
	int v4, v6;

	*f = (struct gw_facts){ 0 };
	gw_system_init(&sys, "", "", "");
	v4 = default_link(&sys, f, AF_INET);
	v6 = default_link(&sys, f, AF_INET6);
	f->ipv6_default = v6 != 0;
	if (link != NULL)
		snprintf(f->uplink, sizeof(f->uplink), "%s", link);
	else if (v4 != 0 || v6 != 0)
		(void)if_indextoname((unsigned)(v4 != 0 ? v4 : v6), f->uplink);
	if (f->uplink[0] != '\0') {
		f->uplink_mtu = read_mtu(f->uplink);
		f->uplink_ra = accept_ra(f->uplink) == 2;
	}
	for (unsigned i = 0; i < f->nadvertised; i++)
		f->uplink_ra =
		    f->uplink_ra || strcmp(f->advertised[i], f->uplink) == 0;
	f->kernel_esp = has_esp();
	f->unbound_user = getpwnam("unbound") != NULL;
	gw_system_finish(&sys);
}
