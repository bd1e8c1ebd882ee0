/*
 * A link of our own.
 *
 *   name     key; at most 15 bytes
 *   kind     wireguard, sit, tun
 *   mtu      bytes; absent: the kernel's choice
 *   local    sit: our IPv4 address; absent: any
 *   remote   sit: the far end's
 *   ttl      sit: of outer packets; absent: as the inner
 *
 * make() leaves it up and marked by its alias, "gateway:NAME". The kernel takes
 * no alias at creation, so a link is born in a group of ours and leaves it as
 * it is given the alias, in one message: at no moment of a crash is it
 * unmarked. A TUN link gets its alias before it is made to stay, and vanishes
 * with us until then.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/if_tun.h>
#include <linux/if_tunnel.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "netlink.h"
#include "tunnel/wireguard_go.h"

#define ALIAS_MAX 256
/* Of links that are not marked yet. */
#define BIRTH_GROUP 0x70770077u

/* What the kernel says of a link. */
struct seen {
	int index; /* 0: no such link */
	char name[GW_LINK_MAX + 1], kind[24], alias[ALIAS_MAX];
	uint32_t mtu, group, flags;
	struct pd_addr local, remote;
	uint8_t ttl;
};

static void
describe(const struct gw_step *s, FILE *out)
{
	static const char *const words[] = { "local", "remote", "ttl" };

	fprintf(out, "ip link add %s", gw_step_need(s, "name"));
	if (gw_step_get(s, "mtu") != NULL)
		fprintf(out, " mtu %s", gw_step_get(s, "mtu"));
	fprintf(out, " type %s", gw_step_need(s, "kind"));
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (gw_step_get(s, words[i]) != NULL)
			fprintf(
			    out, " %s %s", words[i], gw_step_get(s, words[i]));
	}
	fprintf(out, " up");
}

static void
read_kind(struct seen *l, struct nlattr *info)
{
	struct nlattr *tb[IFLA_INFO_MAX + 1], *data[IFLA_IPTUN_MAX + 1];

	if (nla_parse_nested(tb, IFLA_INFO_MAX, info, NULL) < 0 ||
	    tb[IFLA_INFO_KIND] == NULL)
		return;
	nla_strlcpy(l->kind, tb[IFLA_INFO_KIND], sizeof(l->kind));
	if (strcmp(l->kind, "sit") != 0 || tb[IFLA_INFO_DATA] == NULL ||
	    nla_parse_nested(data, IFLA_IPTUN_MAX, tb[IFLA_INFO_DATA], NULL) <
		0)
		return;
	l->local = gw_nl_addr(data[IFLA_IPTUN_LOCAL], AF_INET);
	l->remote = gw_nl_addr(data[IFLA_IPTUN_REMOTE], AF_INET);
	l->ttl = gw_nl_u8(data[IFLA_IPTUN_TTL]);
}

static int
read_link(struct gw_system *sys, const struct nlmsghdr *h, void *arg)
{
	const struct ifinfomsg *info = nlmsg_data(h);
	struct nlattr *tb[IFLA_MAX + 1];
	struct seen *l = arg;

	(void)sys;
	gw_nl_attrs(h, sizeof(*info), tb, IFLA_MAX);
	*l =
	    (struct seen){ .index = info->ifi_index, .flags = info->ifi_flags };
	l->mtu = gw_nl_u32(tb[IFLA_MTU]);
	l->group = gw_nl_u32(tb[IFLA_GROUP]);
	if (tb[IFLA_IFNAME] != NULL)
		nla_strlcpy(l->name, tb[IFLA_IFNAME], sizeof(l->name));
	if (tb[IFLA_IFALIAS] != NULL)
		nla_strlcpy(l->alias, tb[IFLA_IFALIAS], sizeof(l->alias));
	if (tb[IFLA_LINKINFO] != NULL)
		read_kind(l, tb[IFLA_LINKINFO]);
	return 0;
}

/* 0 with index 0 when there is none; -1 after gw_fail(). */
static int
look(struct gw_system *sys, const char *name, struct seen *l)
{
	struct ifinfomsg info = { .ifi_family = AF_UNSPEC };
	struct nl_msg *m = gw_nl_request(RTM_GETLINK, 0, &info, sizeof(info));
	int err;

	*l = (struct seen){ 0 };
	nla_put_string(m, IFLA_IFNAME, name);
	err = gw_nl_dump(sys, m, read_link, l);
	if (err < 0 && err != -ENODEV)
		return gw_fail(sys, "link %s: %s", name, gw_nl_why(err));
	return 0;
}

/* An alias is anybody's to give; a card or a bridge is never ours. */
static bool
is_our_kind(const struct seen *l)
{
	static const char *const kinds[] = { "wireguard", "sit", "tun" };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(l->kind, kinds[i]) == 0)
			return true;
	}
	return false;
}

static bool
is_marked(const struct gw_system *sys, const struct seen *l)
{
	char tag[GW_TAG];

	return is_our_kind(l) &&
	       strcmp(l->alias, gw_system_tag(sys, tag)) == 0 &&
	       l->group != BIRTH_GROUP;
}

/* A crash may have come between the birth of a link and its mark. */
static bool
is_ours(struct gw_system *sys, const struct seen *l)
{
	return is_marked(sys, l) ||
	       (is_our_kind(l) && l->group == BIRTH_GROUP) ||
	       (strcmp(l->kind, "tun") == 0 &&
		   gw_wireguard_go_runs(sys, l->name));
}

static bool
same_addr(const struct gw_step *s, const char *name, const struct pd_addr *a)
{
	struct pd_addr planned = { 0 };

	if (gw_step_get(s, name) != NULL)
		(void)pd_addr_parse(pd_str_z(gw_step_get(s, name)), &planned);
	return memcmp(planned.ip, a->ip, 4) == 0;
}

/* wireguard-go's link is a TUN to the kernel. */
static bool
same_kind(const struct gw_step *s, const struct seen *l)
{
	const char *kind = gw_step_need(s, "kind");

	return strcmp(l->kind, kind) == 0 ||
	       (strcmp(l->kind, "tun") == 0 && strcmp(kind, "wireguard") == 0);
}

/* What cannot be changed without making the link anew. */
static bool
same_born(const struct gw_step *s, const struct seen *l)
{
	if (!same_kind(s, l))
		return false;
	return strcmp(l->kind, "sit") != 0 ||
	       (same_addr(s, "local", &l->local) &&
		   same_addr(s, "remote", &l->remote) &&
		   gw_step_number(s, "ttl", 0) == l->ttl);
}

static enum gw_state
probe(struct gw_system *sys, const struct gw_step *s)
{
	struct seen l;

	if (look(sys, gw_step_need(s, "name"), &l) < 0)
		return GW_UNSEEN;
	if (l.index == 0)
		return GW_MISSING;
	if (!is_ours(sys, &l))
		return GW_FOREIGN;
	return same_born(s, &l) && is_marked(sys, &l) &&
		       (l.flags & IFF_UP) != 0 &&
		       gw_step_number(s, "mtu", l.mtu) == l.mtu
		   ? GW_AS_PLANNED
		   : GW_DRIFTED;
}

static int
remove_link(struct gw_system *sys, const char *name, const struct seen *l)
{
	struct ifinfomsg info = { .ifi_index = l->index };
	int err;

	if (strcmp(l->kind, "tun") == 0 && gw_wireguard_go_stop(sys, name) < 0)
		return -1;
	err =
	    gw_nl_talk(sys, gw_nl_request(RTM_DELLINK, 0, &info, sizeof(info)));
	if (err < 0 && err != -ENODEV)
		return gw_fail(
		    sys, "link %s: removing: %s", name, gw_nl_why(err));
	return 0;
}

static int
undo(struct gw_system *sys, const struct gw_step *s)
{
	const char *name = gw_step_need(s, "name");
	struct seen l;

	/* It may have been started, and its link not marked yet. */
	if (strcmp(gw_step_need(s, "kind"), "wireguard") == 0 &&
	    gw_wireguard_go_stop(sys, name) < 0)
		return -1;
	if (look(sys, name, &l) < 0)
		return -1;
	return l.index != 0 && is_ours(sys, &l) ? remove_link(sys, name, &l)
						: 0;
}

static void
put_sit(struct nl_msg *m, const struct gw_step *s)
{
	static const struct {
		const char *name;
		int attr;
	} ends[] = {
		{ "local", IFLA_IPTUN_LOCAL },
		{ "remote", IFLA_IPTUN_REMOTE },
	};
	struct nlattr *data = nla_nest_start(m, IFLA_INFO_DATA);
	struct pd_addr a;

	for (size_t i = 0; i < 2; i++) {
		const char *word = gw_step_get(s, ends[i].name);

		if (word != NULL && pd_addr_parse(pd_str_z(word), &a) == 0)
			gw_nl_put_addr(m, ends[i].attr, &a);
	}
	nla_put_u8(m, IFLA_IPTUN_TTL, (uint8_t)gw_step_number(s, "ttl", 0));
	/* Path MTU discovery: ttl other than 0 needs it, and large packets are
	 * answered by the tunnel's end instead of lost. */
	nla_put_u8(m, IFLA_IPTUN_PMTUDISC, 1);
	nla_put_u8(m, IFLA_IPTUN_PROTO, IPPROTO_IPV6);
	nla_nest_end(m, data);
}

/* -errno. */
static int
create(struct gw_system *sys, const struct gw_step *s)
{
	struct ifinfomsg info = { .ifi_family = AF_UNSPEC };
	struct nl_msg *m = gw_nl_request(
	    RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &info, sizeof(info));
	const char *kind = gw_step_need(s, "kind");
	struct nlattr *nest;

	nla_put_string(m, IFLA_IFNAME, gw_step_need(s, "name"));
	nla_put_u32(m, IFLA_GROUP, BIRTH_GROUP);
	if (gw_step_get(s, "mtu") != NULL)
		nla_put_u32(m, IFLA_MTU, gw_step_number(s, "mtu", 0));
	nest = nla_nest_start(m, IFLA_LINKINFO);
	nla_put_string(m, IFLA_INFO_KIND, kind);
	if (strcmp(kind, "sit") == 0)
		put_sit(m, s);
	nla_nest_end(m, nest);
	return gw_nl_talk(sys, m);
}

/* Mark, mtu, up: whatever of it is missing. */
static int
settle(struct gw_system *sys, const struct gw_step *s)
{
	struct ifinfomsg info = { .ifi_flags = IFF_UP, .ifi_change = IFF_UP };
	const char *name = gw_step_need(s, "name");
	char tag[GW_TAG];
	struct nl_msg *m;
	int err;

	info.ifi_index = gw_system_link(sys, name);
	m = gw_nl_request(RTM_NEWLINK, 0, &info, sizeof(info));
	nla_put_string(m, IFLA_IFALIAS, gw_system_tag(sys, tag));
	nla_put_u32(m, IFLA_GROUP, 0);
	if (gw_step_get(s, "mtu") != NULL)
		nla_put_u32(m, IFLA_MTU, gw_step_number(s, "mtu", 0));
	err = gw_nl_talk(sys, m);
	return err == 0 ? 0 : gw_fail(sys, "link %s: %s", name, gw_nl_why(err));
}

static int
make_tun(struct gw_system *sys, const struct gw_step *s)
{
	const char *name = gw_step_need(s, "name");
	struct ifreq r = { .ifr_flags = IFF_TUN | IFF_NO_PI | IFF_TUN_EXCL };
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC), result = -1;

	if (fd < 0)
		return gw_fail(sys,
		    "link %s: /dev/net/tun: %s; 'modprobe tun' helps where it "
		    "is a module",
		    name, strerror(errno));
	snprintf(r.ifr_name, sizeof(r.ifr_name), "%s", name);
	if (ioctl(fd, TUNSETIFF, &r) < 0)
		gw_fail(sys, "link %s: %s", name, strerror(errno));
	else if (settle(sys, s) == 0) {
		result = ioctl(fd, TUNSETPERSIST, 1);
		if (result < 0)
			gw_fail(sys, "link %s: making it stay: %s", name,
			    strerror(errno));
	}
	close(fd);
	return result;
}

static int
make_new(struct gw_system *sys, const struct gw_step *s)
{
	const char *name = gw_step_need(s, "name");
	const char *kind = gw_step_need(s, "kind");
	int err;

	if (strcmp(kind, "tun") == 0)
		return make_tun(sys, s);
	err = create(sys, s);
	if (err == -EOPNOTSUPP && strcmp(kind, "wireguard") == 0) {
		if (gw_wireguard_go(sys, name) < 0)
			return -1;
	} else if (err == -EOPNOTSUPP) {
		return gw_fail(sys,
		    "link %s: this kernel has no links of kind %s", name, kind);
	} else if (err < 0) {
		return gw_fail(sys, "link %s: %s", name, gw_nl_why(err));
	}
	return settle(sys, s);
}

static int
make(struct gw_system *sys, const struct gw_step *s)
{
	const char *name = gw_step_need(s, "name");
	struct seen l;

	if (look(sys, name, &l) < 0)
		return -1;
	if (l.index == 0)
		return make_new(sys, s);
	if (!is_ours(sys, &l))
		return gw_fail(sys,
		    "link %s is somebody else's; give the tunnel another "
		    "'link'",
		    name);
	if (same_born(s, &l))
		return settle(sys, s);
	if (remove_link(sys, name, &l) < 0)
		return -1;
	return make_new(sys, s);
}

static int
sweep_one(struct gw_system *sys, const struct nlmsghdr *h, void *arg)
{
	struct gw_sweep *w = arg;
	struct seen l;

	read_link(sys, h, &l);
	if (!is_ours(sys, &l))
		return 0;
	if (remove_link(sys, l.name, &l) < 0)
		w->failed = -1;
	else
		fprintf(w->out, "link %s\n", l.name);
	return 0;
}

static int
sweep(struct gw_system *sys, FILE *out)
{
	struct ifinfomsg info = { .ifi_family = AF_UNSPEC };
	struct gw_sweep w = { .out = out };
	int err = gw_nl_dump(sys,
	    gw_nl_request(RTM_GETLINK, NLM_F_DUMP, &info, sizeof(info)),
	    sweep_one, &w);

	if (err < 0)
		return gw_fail(sys, "links: %s", gw_nl_why(err));
	return w.failed;
}

const struct gw_kind gw_kind_link = {
	.name = "link",
	.describe = describe,
	.probe = probe,
	.make = make,
	.undo = undo,
	.sweep = sweep,
};
