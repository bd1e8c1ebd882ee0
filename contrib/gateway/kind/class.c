/*
 * A class of an HTB queue: what it is sure of, and what it may borrow.
 *
 *   dev, classid   keys; "7077:10"
 *   parent         "7077:", or the class whose rate it shares
 *   rate, ceil     bit/s, decimal
 *   prio           who may borrow first, 0 to 7
 *
 * Ours by its queue, which has our handle: a class has no mark of its own, and
 * goes with the queue at the latest.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kind/tc.h"

struct wanted {
	uint32_t classid, parent;
	uint64_t rate, ceil; /* byte/s */
	uint32_t prio;
};

static struct wanted
wanted(const struct gw_step *s)
{
	return (struct wanted){
		.classid = gw_tc_handle(gw_step_need(s, "classid")),
		.parent = gw_tc_handle(gw_step_need(s, "parent")),
		.rate = strtoull(gw_step_need(s, "rate"), NULL, 10) / 8,
		.ceil = strtoull(gw_step_need(s, "ceil"), NULL, 10) / 8,
		.prio = (uint32_t)strtoul(gw_step_need(s, "prio"), NULL, 10),
	};
}

/* As a person writes it: "8mbit". */
static void
print_rate(FILE *out, const char *word, const char *value)
{
	static const char *const units[] = { "bit", "kbit", "mbit", "gbit" };
	uint64_t rate = strtoull(value, NULL, 10);
	size_t u = 0;

	while (u < 3 && rate > 0 && rate % 1000 == 0) {
		rate /= 1000;
		u++;
	}
	fprintf(out, " %s %" PRIu64 "%s", word, rate, units[u]);
}

static void
describe(const struct gw_step *s, FILE *out)
{
	fprintf(out, "tc class add dev %s parent %s classid %s htb",
	    gw_step_need(s, "dev"), gw_step_need(s, "parent"),
	    gw_step_need(s, "classid"));
	print_rate(out, "rate", gw_step_need(s, "rate"));
	print_rate(out, "ceil", gw_step_need(s, "ceil"));
	fprintf(out, " prio %s", gw_step_need(s, "prio"));
}

struct look {
	uint32_t classid;
	bool found;
	struct wanted is;
};

static void
see(void *arg, const struct gw_tc_seen *seen)
{
	const struct tc_htb_opt *opt;
	struct look *l = arg;
	struct nlattr *at[TCA_HTB_MAX + 1];

	if (seen->tcm->tcm_handle != l->classid || seen->options == NULL ||
	    strcmp(seen->kind, "htb") != 0 ||
	    nla_parse_nested(at, TCA_HTB_MAX, seen->options, NULL) < 0 ||
	    at[TCA_HTB_PARMS] == NULL ||
	    nla_len(at[TCA_HTB_PARMS]) < (int)sizeof(struct tc_htb_opt))
		return;
	opt = nla_data(at[TCA_HTB_PARMS]);
	l->found = true;
	l->is = (struct wanted){
		.classid = l->classid,
		.parent = seen->tcm->tcm_parent,
		.rate = at[TCA_HTB_RATE64] != NULL
			    ? nla_get_u64(at[TCA_HTB_RATE64])
			    : opt->rate.rate,
		.ceil = at[TCA_HTB_CEIL64] != NULL
			    ? nla_get_u64(at[TCA_HTB_CEIL64])
			    : opt->ceil.rate,
		.prio = opt->prio,
	};
}

static enum gw_state
probe_on(struct gw_system *sys, const struct gw_step *s, int link)
{
	struct wanted w = wanted(s);
	struct look l = { .classid = w.classid };
	struct tcmsg tcm = { .tcm_family = AF_UNSPEC, .tcm_ifindex = link };
	int ours;

	if (link == 0)
		return GW_MISSING;
	ours = gw_tc_is_ours(sys, link);
	if (ours < 0 || gw_tc_each(sys, RTM_GETTCLASS, &tcm, see, &l) != 0)
		return GW_UNSEEN;
	/* Without our queue a class of that number would be a stranger's. */
	if (ours == 0 || !l.found)
		return GW_MISSING;
	/* A class right below the queue says "root" for its parent. */
	if (l.is.parent == TC_H_ROOT)
		l.is.parent = GW_TC_ROOT;
	return l.is.parent == w.parent && l.is.rate == w.rate &&
		       l.is.ceil == w.ceil && l.is.prio == w.prio
		   ? GW_AS_PLANNED
		   : GW_DRIFTED;
}

static enum gw_state
probe(struct gw_system *sys, const struct gw_step *s)
{
	return probe_on(sys, s, gw_system_link(sys, gw_step_need(s, "dev")));
}

#define PACKET  1600 /* bytes: the largest of Ethernet, as tc has it */
#define TICK_NS 64   /* of the kernel's bucket times (PSCHED_SHIFT) */

/*
 * How long the bucket's bytes take at that rate, which is how the kernel wants
 * to be told of a bucket. tc gives one packet where timers are exact.
 */
static uint32_t
bucket(uint64_t rate)
{
	uint64_t ticks = (uint64_t)PACKET * 1000000000 / rate / TICK_NS;

	return ticks > UINT32_MAX ? UINT32_MAX : (uint32_t)ticks;
}

/*
 * How much a class sends in one turn while it borrows. By default a tenth of
 * its rate, for which the kernel complains in its log below 80 kbit/s and above
 * 16 Mbit/s.
 */
static uint32_t
quantum(uint64_t rate)
{
	uint64_t bytes = rate / 10;

	return bytes < PACKET  ? PACKET
	       : bytes > 60000 ? 60000
			       : (uint32_t)bytes;
}

static struct tc_ratespec
rate_of(uint64_t bytes)
{
	/* The kernel asks for a table of times where it is not told what a
	 * packet costs on the link. */
	return (struct tc_ratespec){
		.linklayer = TC_LINKLAYER_ETHERNET,
		.rate = bytes > UINT32_MAX ? UINT32_MAX : (uint32_t)bytes,
	};
}

static struct nl_msg *
message(const struct wanted *w, int link)
{
	struct tcmsg tcm = { .tcm_family = AF_UNSPEC,
		.tcm_ifindex = link,
		.tcm_parent = w->parent,
		.tcm_handle = w->classid };
	struct tc_htb_opt opt = {
		.rate = rate_of(w->rate),
		.ceil = rate_of(w->ceil),
		.buffer = bucket(w->rate),
		.cbuffer = bucket(w->ceil),
		.quantum = quantum(w->rate),
		.prio = w->prio,
	};
	/* Without EXCL: changes the one that is there. */
	struct nl_msg *m =
	    gw_tc_request(RTM_NEWTCLASS, NLM_F_CREATE, &tcm, "htb");
	struct nlattr *options = nla_nest_start(m, TCA_OPTIONS);

	nla_put(m, TCA_HTB_PARMS, sizeof(opt), &opt);
	if (w->rate > UINT32_MAX)
		nla_put_u64(m, TCA_HTB_RATE64, w->rate);
	if (w->ceil > UINT32_MAX)
		nla_put_u64(m, TCA_HTB_CEIL64, w->ceil);
	nla_nest_end(m, options);
	return m;
}

static int
make(struct gw_system *sys, const struct gw_step *s)
{
	int link = gw_tc_link(sys, s), err;
	struct wanted w = wanted(s);

	if (link < 0)
		return -1;
	if (w.rate == 0 || w.ceil == 0)
		return gw_fail(sys, "class %s of %s has no rate",
		    gw_step_need(s, "classid"), gw_step_need(s, "dev"));
	err = gw_nl_talk(sys, message(&w, link));
	return err < 0 ? gw_tc_fail(sys, s, err) : 0;
}

static int
undo(struct gw_system *sys, const struct gw_step *s)
{
	int link = gw_system_link(sys, gw_step_need(s, "dev"));
	struct tcmsg tcm = { .tcm_family = AF_UNSPEC,
		.tcm_ifindex = link,
		.tcm_handle = gw_tc_handle(gw_step_need(s, "classid")) };
	enum gw_state state = probe_on(sys, s, link);
	int err;

	if (state == GW_UNSEEN)
		return -1;
	if (state == GW_MISSING)
		return 0;
	err = gw_nl_talk(sys, gw_tc_request(RTM_DELTCLASS, 0, &tcm, NULL));
	/* Busy: somebody hung a filter or a class of his own on it. It goes
	 * with the queue. */
	if (err == 0 || err == -ENOENT || err == -EBUSY)
		return 0;
	return gw_tc_fail(sys, s, err);
}

/* Nothing left to do: classes go with the queue that bears our mark. */
static int
sweep(struct gw_system *sys, FILE *out)
{
	(void)sys;
	(void)out;
	return 0;
}

const struct gw_kind gw_kind_class = {
	.name = "class",
	.describe = describe,
	.probe = probe,
	.make = make,
	.undo = undo,
	.sweep = sweep,
};
