/*
 * A rule of policy routing, always of our protocol.
 *
 *   family     key; "inet", "inet6"
 *   priority   key; lower goes first
 *   from, to   networks
 *   fwmark     "VALUE/MASK", or a value for all 32 bits
 *   iif        link
 *   not        any value: for what does not match
 *   table      that is looked in: "main", or a number
 *   suppress   routes of that length or less do not count: "0" for "default
 *              routes"
 *
 * Rules of one priority may stand side by side, so another's at ours is no
 * obstacle; the very same one is, and NLM_F_EXCL does not see it, as its
 * protocol makes it another.
 */
#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "netlink.h"

struct rule {
	int family;
	uint32_t priority, table, mark, mask;
	struct gw_net from, to; /* len 0: any */
	char iif[GW_LINK_MAX + 1];
	bool inverted;
	uint32_t suppress; /* UINT32_MAX: none */
	uint8_t protocol, action;
};

static void
describe(const struct gw_step *s, FILE *out)
{
	static const struct {
		const char *name, *word;
	} words[] = {
		{ "from", "from" },
		{ "to", "to" },
		{ "fwmark", "fwmark" },
		{ "iif", "iif" },
		{ "table", "lookup" },
		{ "suppress", "suppress_prefixlength" },
		{ "priority", "priority" },
	};

	fprintf(out, "ip%s rule add%s",
	    gw_step_family(s, "from") == AF_INET6 ? " -6" : "",
	    gw_step_get(s, "not") != NULL ? " not" : "");
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (gw_step_get(s, words[i].name) != NULL)
			fprintf(out, " %s %s", words[i].word,
			    gw_step_get(s, words[i].name));
	}
	fprintf(out, " proto %d", GW_PROTOCOL);
}

static void
plan_mark(const struct gw_step *s, struct rule *r)
{
	const char *word = gw_step_get(s, "fwmark");
	char *end;

	if (word == NULL)
		return;
	r->mark = (uint32_t)strtoul(word, &end, 0);
	r->mask =
	    *end == '/' ? (uint32_t)strtoul(end + 1, NULL, 0) : UINT32_MAX;
}

static int
plan_rule(struct gw_system *sys, const struct gw_step *s, struct rule *r)
{
	*r = (struct rule){ .family = gw_step_family(s, "from"),
		.priority = gw_step_number(s, "priority", 0),
		.table = gw_step_table(s),
		.inverted = gw_step_get(s, "not") != NULL,
		.suppress = gw_step_number(s, "suppress", UINT32_MAX),
		.protocol = GW_PROTOCOL,
		.action = FR_ACT_TO_TBL };
	plan_mark(s, r);
	snprintf(r->iif, sizeof(r->iif), "%s", gw_step_need(s, "iif"));
	if ((gw_step_get(s, "from") != NULL &&
		gw_step_net(sys, s, "from", &r->from) < 0) ||
	    (gw_step_get(s, "to") != NULL &&
		gw_step_net(sys, s, "to", &r->to) < 0))
		return -1;
	if (r->from.len > 0)
		r->from = gw_net_base(&r->from);
	if (r->to.len > 0)
		r->to = gw_net_base(&r->to);
	return 0;
}

static void
read_rule(const struct nlmsghdr *h, struct rule *r)
{
	const struct fib_rule_hdr *head = nlmsg_data(h);
	struct nlattr *tb[FRA_MAX + 1];

	gw_nl_attrs(h, sizeof(*head), tb, FRA_MAX);
	*r = (struct rule){ .family = head->family,
		.priority = gw_nl_u32(tb[FRA_PRIORITY]),
		.table = tb[FRA_TABLE] != NULL ? gw_nl_u32(tb[FRA_TABLE])
					       : head->table,
		.mark = gw_nl_u32(tb[FRA_FWMARK]),
		.mask = gw_nl_u32(tb[FRA_FWMASK]),
		.from = { gw_nl_addr(tb[FRA_SRC], head->family),
		    head->src_len },
		.to = { gw_nl_addr(tb[FRA_DST], head->family), head->dst_len },
		.inverted = (head->flags & FIB_RULE_INVERT) != 0,
		.suppress = tb[FRA_SUPPRESS_PREFIXLEN] != NULL
				? gw_nl_u32(tb[FRA_SUPPRESS_PREFIXLEN])
				: UINT32_MAX,
		.protocol = gw_nl_u8(tb[FRA_PROTOCOL]),
		.action = head->action };
	if (tb[FRA_IIFNAME] != NULL)
		nla_strlcpy(r->iif, tb[FRA_IIFNAME], sizeof(r->iif));
}

static bool
same_net(const struct gw_net *a, const struct gw_net *b)
{
	return a->len == b->len && memcmp(a->addr.ip, b->addr.ip, 16) == 0;
}

static bool
same_rule(const struct rule *a, const struct rule *b)
{
	return a->action == b->action && a->table == b->table &&
	       a->mark == b->mark && a->mask == b->mask &&
	       a->inverted == b->inverted && a->suppress == b->suppress &&
	       same_net(&a->from, &b->from) && same_net(&a->to, &b->to) &&
	       strcmp(a->iif, b->iif) == 0;
}

struct search {
	struct rule wanted, ours;
	bool has_same, has_ours, has_foreign;
};

static int
compare(struct gw_system *sys, const struct nlmsghdr *h, void *arg)
{
	struct search *f = arg;
	struct rule r;

	(void)sys;
	read_rule(h, &r);
	if (r.priority != f->wanted.priority)
		return 0;
	if (r.protocol == GW_PROTOCOL && same_rule(&r, &f->wanted)) {
		f->has_same = true;
	} else if (r.protocol == GW_PROTOCOL) {
		f->has_ours = true;
		f->ours = r;
	} else if (same_rule(&r, &f->wanted)) {
		f->has_foreign = true;
	}
	return 0;
}

static int
look(struct gw_system *sys, const struct gw_step *s, struct search *f)
{
	struct fib_rule_hdr head = { 0 };
	int err;

	*f = (struct search){ 0 };
	if (plan_rule(sys, s, &f->wanted) < 0)
		return -1;
	head.family = (uint8_t)f->wanted.family;
	err = gw_nl_dump(sys,
	    gw_nl_request(RTM_GETRULE, NLM_F_DUMP, &head, sizeof(head)),
	    compare, f);
	return err < 0 ? gw_fail(sys, "rules: %s", gw_nl_why(err)) : 0;
}

static enum gw_state
probe(struct gw_system *sys, const struct gw_step *s)
{
	struct search f;

	if (look(sys, s, &f) < 0)
		return GW_UNSEEN;
	if (f.has_ours)
		return GW_DRIFTED;
	if (f.has_same)
		return GW_AS_PLANNED;
	return f.has_foreign ? GW_FOREIGN : GW_MISSING;
}

static struct nl_msg *
request(int type, int flags, const struct rule *r)
{
	struct fib_rule_hdr head = { .family = (uint8_t)r->family,
		.src_len = (uint8_t)r->from.len,
		.dst_len = (uint8_t)r->to.len,
		.action = r->action,
		.flags = r->inverted ? FIB_RULE_INVERT : 0 };
	struct nl_msg *m = gw_nl_request(type, flags, &head, sizeof(head));

	nla_put_u32(m, FRA_PRIORITY, r->priority);
	nla_put_u32(m, FRA_TABLE, r->table);
	nla_put_u8(m, FRA_PROTOCOL, GW_PROTOCOL);
	if (r->from.len > 0)
		gw_nl_put_addr(m, FRA_SRC, &r->from.addr);
	if (r->to.len > 0)
		gw_nl_put_addr(m, FRA_DST, &r->to.addr);
	if (r->mask != 0) {
		nla_put_u32(m, FRA_FWMARK, r->mark);
		nla_put_u32(m, FRA_FWMASK, r->mask);
	}
	if (r->iif[0] != '\0')
		nla_put_string(m, FRA_IIFNAME, r->iif);
	if (r->suppress != UINT32_MAX)
		nla_put_u32(m, FRA_SUPPRESS_PREFIXLEN, r->suppress);
	return m;
}

static int
remove_rule(struct gw_system *sys, const struct rule *r)
{
	int err = gw_nl_talk(sys, request(RTM_DELRULE, 0, r));

	if (err == 0 || err == -ENOENT || err == -ESRCH)
		return 0;
	return gw_fail(sys, "removing a rule of priority %u: %s", r->priority,
	    gw_nl_why(err));
}

static int
make(struct gw_system *sys, const struct gw_step *s)
{
	struct search f;
	int err;

	if (look(sys, s, &f) < 0)
		return -1;
	while (f.has_ours) {
		if (remove_rule(sys, &f.ours) < 0 || look(sys, s, &f) < 0)
			return -1;
	}
	if (f.has_same)
		return 0;
	if (f.has_foreign)
		return gw_fail(sys,
		    "rule of priority %u: somebody else's is there, the same",
		    f.wanted.priority);
	err = gw_nl_talk(
	    sys, request(RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL, &f.wanted));
	return err == 0 ? 0
			: gw_fail(sys, "rule of priority %u: %s",
			      f.wanted.priority, gw_nl_why(err));
}

static int
undo(struct gw_system *sys, const struct gw_step *s)
{
	struct search f;

	if (look(sys, s, &f) < 0)
		return -1;
	return f.has_same ? remove_rule(sys, &f.wanted) : 0;
}

static int
sweep_one(struct gw_system *sys, const struct nlmsghdr *h, void *arg)
{
	struct gw_sweep *w = arg;
	struct rule r;

	read_rule(h, &r);
	if (r.protocol != GW_PROTOCOL)
		return 0;
	if (remove_rule(sys, &r) < 0)
		w->failed = -1;
	else
		fprintf(w->out, "rule %u%s\n", r.priority,
		    r.family == AF_INET6 ? " of IPv6" : "");
	return 0;
}

static int
sweep(struct gw_system *sys, FILE *out)
{
	struct fib_rule_hdr head = { 0 };

	return gw_nl_sweep(
	    sys, RTM_GETRULE, &head, sizeof(head), sweep_one, out);
}

const struct gw_kind gw_kind_rule = {
	.name = "rule",
	.describe = describe,
	.probe = probe,
	.make = make,
	.undo = undo,
	.sweep = sweep,
};
