/*
 * A neighbour that we answer for (NDP proxy; ARP for IPv4), of our protocol.
 *
 *   dev       key; the link on which we are asked
 *   address   key
 *
 * The kernel answers only where proxy_ndp of the link is on. It adds over an
 * entry that is there, whatever NLM_F_EXCL says, and its protocol would become
 * ours: so it is looked for first.
 */
#include <errno.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>

#include "netlink.h"

struct neighbour {
	int link;
	struct pd_addr address;
	uint8_t protocol;
};

static void
describe(const struct gw_step *s, FILE *out)
{
	fprintf(out, "ip neighbour add proxy %s dev %s protocol %d",
	    gw_step_need(s, "address"), gw_step_need(s, "dev"), GW_PROTOCOL);
}

static void
read_neighbour(const struct nlmsghdr *h, struct neighbour *n)
{
	const struct ndmsg *head = nlmsg_data(h);
	struct nlattr *tb[NDA_MAX + 1];

	gw_nl_attrs(h, sizeof(*head), tb, NDA_MAX);
	n->link = head->ndm_ifindex;
	n->address = gw_nl_addr(tb[NDA_DST], head->ndm_family);
	n->protocol = gw_nl_u8(tb[NDA_PROTOCOL]);
}

struct search {
	struct neighbour wanted;
	enum gw_state state;
};

static int
compare(struct gw_system *sys, const struct nlmsghdr *h, void *arg)
{
	struct search *f = arg;
	struct neighbour n;

	(void)sys;
	read_neighbour(h, &n);
	if (n.link != f->wanted.link ||
	    !pd_addr_equal(&n.address, &f->wanted.address))
		return 0;
	f->state = n.protocol == GW_PROTOCOL ? GW_AS_PLANNED : GW_FOREIGN;
	return 1;
}

static int
dump(struct gw_system *sys, int family, gw_nl_each *each, void *arg)
{
	struct ndmsg head = { .ndm_family = (uint8_t)family,
		.ndm_flags = NTF_PROXY };
	int err = gw_nl_dump(sys,
	    gw_nl_request(RTM_GETNEIGH, NLM_F_DUMP, &head, sizeof(head)), each,
	    arg);

	return err < 0 ? gw_fail(sys, "neighbours: %s", gw_nl_why(err)) : 0;
}

static int
look(struct gw_system *sys, const struct gw_step *s, struct search *f)
{
	const char *word = gw_step_need(s, "address");

	*f = (struct search){ .state = GW_MISSING };
	if (pd_addr_parse(pd_str_z(word), &f->wanted.address) < 0)
		return gw_fail(sys, "neighbour '%s': no address", word);
	f->wanted.link = gw_system_link(sys, gw_step_need(s, "dev"));
	return f->wanted.link == 0
		   ? 0
		   : dump(sys, f->wanted.address.family, compare, f);
}

static enum gw_state
probe(struct gw_system *sys, const struct gw_step *s)
{
	struct search f;

	return look(sys, s, &f) < 0 ? GW_UNSEEN : f.state;
}

static struct nl_msg *
request(int type, int flags, const struct neighbour *n)
{
	struct ndmsg head = { .ndm_family = (uint8_t)n->address.family,
		.ndm_ifindex = n->link,
		.ndm_flags = NTF_PROXY,
		.ndm_state = NUD_PERMANENT };
	struct nl_msg *m = gw_nl_request(type, flags, &head, sizeof(head));

	gw_nl_put_addr(m, NDA_DST, &n->address);
	if (type == RTM_NEWNEIGH)
		nla_put_u8(m, NDA_PROTOCOL, GW_PROTOCOL);
	return m;
}

static int
make(struct gw_system *sys, const struct gw_step *s)
{
	const char *dev = gw_step_need(s, "dev");
	struct search f;
	int err;

	if (look(sys, s, &f) < 0)
		return -1;
	if (f.wanted.link == 0)
		return gw_fail(sys, "there is no link %s", dev);
	if (f.state == GW_AS_PLANNED)
		return 0;
	if (f.state == GW_FOREIGN)
		return gw_fail(sys, "%s is answered for on %s already",
		    gw_step_need(s, "address"), dev);
	err = gw_nl_talk(
	    sys, request(RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_EXCL, &f.wanted));
	return err == 0 ? 0
			: gw_fail(sys, "neighbour %s on %s: %s",
			      gw_step_need(s, "address"), dev, gw_nl_why(err));
}

static int
remove_neighbour(struct gw_system *sys, const struct neighbour *n)
{
	char text[PD_ADDR_TEXT];
	int err = gw_nl_talk(sys, request(RTM_DELNEIGH, 0, n));

	if (err == 0 || err == -ENOENT || err == -ENODEV)
		return 0;
	return gw_fail(sys, "removing neighbour %s: %s",
	    pd_addr_text(&n->address, text), gw_nl_why(err));
}

static int
undo(struct gw_system *sys, const struct gw_step *s)
{
	struct search f;

	if (look(sys, s, &f) < 0)
		return -1;
	return f.state == GW_AS_PLANNED ? remove_neighbour(sys, &f.wanted) : 0;
}

static int
sweep_one(struct gw_system *sys, const struct nlmsghdr *h, void *arg)
{
	char text[PD_ADDR_TEXT];
	struct gw_sweep *w = arg;
	struct neighbour n;

	read_neighbour(h, &n);
	if (n.protocol != GW_PROTOCOL)
		return 0;
	if (remove_neighbour(sys, &n) < 0)
		w->failed = -1;
	else
		fprintf(
		    w->out, "neighbour %s\n", pd_addr_text(&n.address, text));
	return 0;
}

static int
sweep(struct gw_system *sys, FILE *out)
{
	struct gw_sweep w = { .out = out };

	if (dump(sys, AF_INET, sweep_one, &w) < 0 ||
	    dump(sys, AF_INET6, sweep_one, &w) < 0)
		return -1;
	return w.failed;
}

const struct gw_kind gw_kind_neighbour = {
	.name = "neighbour",
	.describe = describe,
	.probe = probe,
	.make = make,
	.undo = undo,
	.sweep = sweep,
};
