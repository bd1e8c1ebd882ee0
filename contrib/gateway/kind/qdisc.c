/*
 * A queueing discipline, at a link's root or as a leaf of a class.
 *
 *   dev, parent   keys; parent: "root", or the class whose leaf it is
 *   handle        "7077:"; of the root this number is our mark
 *   kind          "htb", "fq_codel"
 *   default       of htb: the class of what no filter names, "10"
 *   else          taken when the kernel has no such kind: "pfifo", which
 *                 every kernel with queueing has
 *
 * A link is born with a queue that the kernel chose (noqueue, fq_codel,
 * pfifo_fast, mq): its handle is 0, and it comes back by itself once ours is
 * deleted. A root queue with another handle was put there by somebody who
 * meant it: that one is foreign. A leaf goes with its class.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kind/tc.h"

static void
describe(const struct gw_step *s, FILE *out)
{
	const char *parent = gw_step_need(s, "parent");

	fprintf(out, "tc qdisc add dev %s %s%s handle %s %s",
	    gw_step_need(s, "dev"),
	    strcmp(parent, "root") == 0 ? "" : "parent ", parent,
	    gw_step_need(s, "handle"), gw_step_need(s, "kind"));
	if (gw_step_get(s, "default") != NULL)
		fprintf(out, " default %s", gw_step_get(s, "default"));
	if (gw_step_get(s, "else") != NULL)
		fprintf(out, " (or %s)", gw_step_get(s, "else"));
}

struct look {
	int link;
	uint32_t parent;
	/* Found: */
	uint32_t handle;
	char kind[32];
	uint32_t fallback; /* htb: default */
};

static void
see(void *arg, const struct gw_tc_seen *seen)
{
	struct look *l = arg;
	struct nlattr *init;

	if (seen->tcm->tcm_ifindex != l->link ||
	    seen->tcm->tcm_parent != l->parent)
		return;
	l->handle = seen->tcm->tcm_handle;
	snprintf(l->kind, sizeof(l->kind), "%s", seen->kind);
	if (strcmp(seen->kind, "htb") != 0 || seen->options == NULL)
		return;
	init = nla_find(
	    nla_data(seen->options), nla_len(seen->options), TCA_HTB_INIT);
	if (init != NULL && nla_len(init) >= (int)sizeof(struct tc_htb_glob)) {
		const struct tc_htb_glob *glob = nla_data(init);

		l->fallback = glob->defcls;
	}
}

/* What is there now; 0, or -1 after gw_fail(). link 0: the link is gone. */
static int
look(struct gw_system *sys, const struct gw_step *s, struct look *l)
{
	struct tcmsg tcm = { .tcm_family = AF_UNSPEC };

	*l = (struct look){ .link = gw_system_link(sys, gw_step_need(s, "dev")),
		.parent = gw_tc_handle(gw_step_need(s, "parent")) };
	if (l->link == 0)
		return 0;
	tcm.tcm_ifindex = l->link;
	return gw_tc_each(sys, RTM_GETQDISC, &tcm, see, l);
}

static uint32_t
fallback_of(const struct gw_step *s)
{
	return (uint32_t)strtoul(gw_step_need(s, "default"), NULL, 16);
}

static enum gw_state
judge(const struct gw_step *s, const struct look *l)
{
	const char *other = gw_step_get(s, "else");

	if (l->link == 0 || l->handle == 0)
		return GW_MISSING;
	if (l->handle != gw_tc_handle(gw_step_need(s, "handle")))
		return GW_FOREIGN;
	if (other != NULL && strcmp(l->kind, other) == 0)
		return GW_AS_PLANNED;
	return strcmp(l->kind, gw_step_need(s, "kind")) == 0 &&
		       l->fallback == fallback_of(s)
		   ? GW_AS_PLANNED
		   : GW_DRIFTED;
}

static enum gw_state
probe(struct gw_system *sys, const struct gw_step *s)
{
	struct look l;

	if (look(sys, s, &l) != 0)
		return GW_UNSEEN;
	return judge(s, &l);
}

static int
discard(struct gw_system *sys, int link, uint32_t parent, uint32_t handle)
{
	struct tcmsg tcm = { .tcm_family = AF_UNSPEC,
		.tcm_ifindex = link,
		.tcm_parent = parent,
		.tcm_handle = handle };
	int err = gw_nl_talk(sys, gw_tc_request(RTM_DELQDISC, 0, &tcm, NULL));
	struct look l = { .link = link, .parent = parent };

	/* Gone meanwhile: the queue, its link, or what it was a leaf of. The
	 * last is told by an error that has other reasons, too. */
	if (err == -ENOENT || err == -ENODEV)
		return 0;
	if (err != -EINVAL)
		return err;
	tcm = (struct tcmsg){ .tcm_family = AF_UNSPEC, .tcm_ifindex = link };
	return gw_tc_each(sys, RTM_GETQDISC, &tcm, see, &l) == 0 &&
		       l.handle != handle
		   ? 0
		   : err;
}

static int
add(struct gw_system *sys, const struct gw_step *s, const struct look *l,
    const char *kind)
{
	struct tcmsg tcm = { .tcm_family = AF_UNSPEC,
		.tcm_ifindex = l->link,
		.tcm_parent = l->parent,
		.tcm_handle = gw_tc_handle(gw_step_need(s, "handle")) };
	struct nl_msg *m =
	    gw_tc_request(RTM_NEWQDISC, NLM_F_CREATE | NLM_F_EXCL, &tcm, kind);

	if (strcmp(kind, "htb") == 0) {
		/* A class without a quantum of its own would get its rate
		 * divided by this; ours all have one. */
		struct tc_htb_glob glob = { .version = 3,
			.rate2quantum = 10,
			.defcls = fallback_of(s) };
		struct nlattr *options = nla_nest_start(m, TCA_OPTIONS);

		nla_put(m, TCA_HTB_INIT, sizeof(glob), &glob);
		nla_nest_end(m, options);
	}
	return gw_nl_talk(sys, m);
}

static int
make(struct gw_system *sys, const struct gw_step *s)
{
	const char *other = gw_step_get(s, "else");
	struct look l;
	int err;

	if (gw_tc_link(sys, s) < 0 || look(sys, s, &l) != 0)
		return -1;
	switch (judge(s, &l)) {
	case GW_FOREIGN:
		return gw_fail(sys,
		    "%s has a queue already, %s %x:, which is not ours; "
		    "remove it (tc qdisc del dev %s root) or shape another "
		    "link",
		    gw_step_need(s, "dev"), l.kind, l.handle >> 16,
		    gw_step_need(s, "dev"));
	case GW_AS_PLANNED:
		return 0;
	case GW_DRIFTED:
		/* htb's default class cannot be changed in place. Classes and
		 * filters go with it: they are steps after this one. */
		err = discard(sys, l.link, l.parent, l.handle);
		if (err < 0)
			return gw_tc_fail(sys, s, err);
		break;
	default:
		break;
	}
	err = add(sys, s, &l, gw_step_need(s, "kind"));
	if (err == -ENOENT && other != NULL)
		err = add(sys, s, &l, other);
	return err < 0 ? gw_tc_fail(sys, s, err) : 0;
}

static int
undo(struct gw_system *sys, const struct gw_step *s)
{
	struct look l;
	int err;

	if (look(sys, s, &l) != 0)
		return -1;
	if (l.link == 0 || l.handle != gw_tc_handle(gw_step_need(s, "handle")))
		return 0;
	err = discard(sys, l.link, l.parent, l.handle);
	return err < 0 ? gw_tc_fail(sys, s, err) : 0;
}

#define SWEEP_MAX 256 /* links of ours; more have no use */

struct ours {
	int links[SWEEP_MAX];
	size_t n;
};

static void
see_ours(void *arg, const struct gw_tc_seen *seen)
{
	struct ours *o = arg;

	if (seen->tcm->tcm_parent == TC_H_ROOT &&
	    seen->tcm->tcm_handle == GW_TC_ROOT && o->n < SWEEP_MAX)
		o->links[o->n++] = seen->tcm->tcm_ifindex;
}

/* The mark bears no gateway's name: there is one gateway to a network
 * namespace. */
static int
sweep(struct gw_system *sys, FILE *out)
{
	struct tcmsg tcm = { .tcm_family = AF_UNSPEC };
	struct ours o = { .n = 0 };
	int err;

	if (gw_tc_each(sys, RTM_GETQDISC, &tcm, see_ours, &o) != 0)
		return -1;
	for (size_t i = 0; i < o.n; i++) {
		err = discard(sys, o.links[i], TC_H_ROOT, GW_TC_ROOT);
		if (err < 0)
			return gw_fail(sys, "queue 7077: of link %d: %s",
			    o.links[i], gw_nl_why(err));
		fprintf(out, "queue 7077: of link %d\n", o.links[i]);
	}
	return 0;
}

const struct gw_kind gw_kind_qdisc = {
	.name = "qdisc",
	.describe = describe,
	.probe = probe,
	.make = make,
	.undo = undo,
	.sweep = sweep,
};
