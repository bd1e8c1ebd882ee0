/*
 * A filter (u32) that leads packets to a class of our HTB queue.
 *
 *   dev, prio, protocol, number   keys; prio is its place in the order of
 *                                 filters, and holds one protocol ("ip",
 *                                 "ipv6"); number: among those, hexadecimal
 *   flowid                        the class: "7077:10"
 *   l4                            protocol number: 17
 *   src, dst                      "fd77::3/128"
 *   sport, dport                  "53/ffff": value and mask
 *
 * What is left out is any. What is not seen: u32.h.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <linux/if_ether.h>

#include "kind/tc.h"
#include "kind/u32.h"

static bool
is_ipv6(const struct gw_step *s)
{
	return strcmp(gw_step_need(s, "protocol"), "ipv6") == 0;
}

static void
print_port(FILE *out, const char *family, const char *word, const char *value)
{
	const char *slash = value != NULL ? strchr(value, '/') : NULL;

	if (slash != NULL)
		fprintf(out, " match %s %s %.*s 0x%s", family, word,
		    (int)(slash - value), value, slash + 1);
}

static void
describe(const struct gw_step *s, FILE *out)
{
	const char *family = is_ipv6(s) ? "ip6" : "ip";
	const char *l4 = gw_step_get(s, "l4");
	const char *src = gw_step_get(s, "src"), *dst = gw_step_get(s, "dst");
	const char *sport = gw_step_get(s, "sport");
	const char *dport = gw_step_get(s, "dport");
	bool ports = sport != NULL || dport != NULL;

	fprintf(out,
	    "tc filter add dev %s parent %x: protocol %s prio %s handle ::%s "
	    "u32",
	    gw_step_need(s, "dev"), GW_QDISC_MAJOR, gw_step_need(s, "protocol"),
	    gw_step_need(s, "prio"), gw_step_need(s, "number"));
	if (ports && !is_ipv6(s))
		fputs(" match ip ihl 5 0xf match u16 0 0x1fff at 6", out);
	if (l4 != NULL)
		fprintf(out, " match %s protocol %s 0xff", family, l4);
	if (src != NULL)
		fprintf(out, " match %s src %s", family, src);
	if (dst != NULL)
		fprintf(out, " match %s dst %s", family, dst);
	print_port(out, family, "sport", sport);
	print_port(out, family, "dport", dport);
	if (l4 == NULL && src == NULL && dst == NULL && !ports)
		fputs(" match u32 0 0", out);
	fprintf(out, " flowid %s", gw_step_need(s, "flowid"));
}

static uint32_t
number_of(const struct gw_step *s)
{
	return (uint32_t)strtoul(gw_step_need(s, "number"), NULL, 16);
}

/* Place and protocol, as the kernel packs them. */
static uint32_t
info_of(const struct gw_step *s)
{
	uint32_t prio = (uint32_t)strtoul(gw_step_need(s, "prio"), NULL, 10);

	return TC_H_MAKE(prio << 16, htons(is_ipv6(s) ? ETH_P_IPV6 : ETH_P_IP));
}

struct look {
	uint32_t info, number;
	/* Found: */
	uint32_t handle; /* with the number of its table; 0: none */
	uint32_t flowid;
	struct gw_u32 keys;
};

static void
see(void *arg, const struct gw_tc_seen *seen)
{
	struct look *l = arg;
	struct nlattr *at[TCA_U32_MAX + 1];
	const struct tc_u32_sel *sel;

	/* The tables come along as filters of number 0. */
	if (seen->tcm->tcm_info != l->info ||
	    TC_U32_NODE(seen->tcm->tcm_handle) != l->number ||
	    strcmp(seen->kind, "u32") != 0 || seen->options == NULL ||
	    nla_parse_nested(at, TCA_U32_MAX, seen->options, NULL) < 0)
		return;
	l->handle = seen->tcm->tcm_handle;
	if (at[TCA_U32_CLASSID] != NULL)
		l->flowid = nla_get_u32(at[TCA_U32_CLASSID]);
	if (at[TCA_U32_SEL] == NULL ||
	    nla_len(at[TCA_U32_SEL]) < (int)sizeof(*sel))
		return;
	sel = nla_data(at[TCA_U32_SEL]);
	if (sel->nkeys > GW_U32_KEYS ||
	    nla_len(at[TCA_U32_SEL]) <
		(int)(sizeof(*sel) + sel->nkeys * sizeof(sel->keys[0])))
		return;
	memcpy(l->keys.keys, sel->keys, sel->nkeys * sizeof(sel->keys[0]));
	l->keys.n = sel->nkeys;
}

/* What is there now; nothing when the root queue is not ours. 0 or -1 after
 * gw_fail(). */
static int
look(struct gw_system *sys, const struct gw_step *s, int link, struct look *l)
{
	struct tcmsg tcm = { .tcm_family = AF_UNSPEC,
		.tcm_ifindex = link,
		.tcm_parent = GW_TC_ROOT };
	int ours;

	*l = (struct look){ .info = info_of(s), .number = number_of(s) };
	if (link == 0)
		return 0;
	ours = gw_tc_is_ours(sys, link);
	if (ours <= 0)
		return ours;
	return gw_tc_each(sys, RTM_GETTFILTER, &tcm, see, l);
}

static enum gw_state
judge(const struct gw_step *s, const struct look *l)
{
	struct gw_u32 keys;

	if (l->handle == 0)
		return GW_MISSING;
	return gw_u32_of_step(s, &keys) == 0 && gw_u32_equal(&keys, &l->keys) &&
		       l->flowid == gw_tc_handle(gw_step_need(s, "flowid"))
		   ? GW_AS_PLANNED
		   : GW_DRIFTED;
}

static enum gw_state
probe(struct gw_system *sys, const struct gw_step *s)
{
	struct look l;

	if (look(sys, s, gw_system_link(sys, gw_step_need(s, "dev")), &l) != 0)
		return GW_UNSEEN;
	return judge(s, &l);
}

static int
discard(struct gw_system *sys, int link, const struct look *l)
{
	struct tcmsg tcm = { .tcm_family = AF_UNSPEC,
		.tcm_ifindex = link,
		.tcm_parent = GW_TC_ROOT,
		.tcm_handle = l->handle,
		.tcm_info = l->info };
	int err =
	    gw_nl_talk(sys, gw_tc_request(RTM_DELTFILTER, 0, &tcm, "u32"));

	return err == -ENOENT || err == -ENODEV ? 0 : err;
}

static int
add(struct gw_system *sys, const struct gw_step *s, int link,
    const struct gw_u32 *keys)
{
	struct tcmsg tcm = { .tcm_family = AF_UNSPEC,
		.tcm_ifindex = link,
		.tcm_parent = GW_TC_ROOT,
		.tcm_handle = number_of(s),
		.tcm_info = info_of(s) };
	const struct tc_u32_sel sel = { .flags = TC_U32_TERMINAL,
		.nkeys = (unsigned char)keys->n };
	size_t keys_len = keys->n * sizeof(keys->keys[0]);
	struct nl_msg *m = gw_tc_request(
	    RTM_NEWTFILTER, NLM_F_CREATE | NLM_F_EXCL, &tcm, "u32");
	struct nlattr *options = nla_nest_start(m, TCA_OPTIONS), *room;

	nla_put_u32(
	    m, TCA_U32_CLASSID, gw_tc_handle(gw_step_need(s, "flowid")));
	/* Keys follow in the same attribute. */
	room = nla_reserve(m, TCA_U32_SEL, (int)(sizeof(sel) + keys_len));
	memcpy(nla_data(room), &sel, sizeof(sel));
	memcpy((char *)nla_data(room) + sizeof(sel), keys->keys, keys_len);
	nla_nest_end(m, options);
	return gw_nl_talk(sys, m);
}

static int
make(struct gw_system *sys, const struct gw_step *s)
{
	int link = gw_tc_link(sys, s), err = 0;
	struct gw_u32 keys;
	struct look l;

	if (link < 0)
		return -1;
	if (gw_u32_of_step(s, &keys) != 0)
		return gw_fail(sys, "a filter on %s matches nothing known",
		    gw_step_need(s, "dev"));
	if (look(sys, s, link, &l) != 0)
		return -1;
	switch (judge(s, &l)) {
	case GW_AS_PLANNED:
		return 0;
	case GW_DRIFTED: /* what u32 compares cannot be changed in place */
		err = discard(sys, link, &l);
		break;
	default:
		break;
	}
	if (err == 0)
		err = add(sys, s, link, &keys);
	return err < 0 ? gw_tc_fail(sys, s, err) : 0;
}

static int
undo(struct gw_system *sys, const struct gw_step *s)
{
	int link = gw_system_link(sys, gw_step_need(s, "dev"));
	struct look l;
	int err;

	if (look(sys, s, link, &l) != 0)
		return -1;
	if (l.handle == 0)
		return 0;
	err = discard(sys, link, &l);
	return err < 0 ? gw_tc_fail(sys, s, err) : 0;
}

/* Nothing left to do: filters go with the queue that bears our mark. */
static int
sweep(struct gw_system *sys, FILE *out)
{
	(void)sys;
	(void)out;
	return 0;
}

const struct gw_kind gw_kind_filter = {
	.name = "filter",
	.describe = describe,
	.probe = probe,
	.make = make,
	.undo = undo,
	.sweep = sweep,
};
