#include "kind/tc.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

uint32_t
gw_tc_handle(const char *text)
{
	unsigned long major, minor = 0;
	char *end;

	if (strcmp(text, "root") == 0)
		return TC_H_ROOT;
	major = strtoul(text, &end, 16);
	if (*end++ != ':')
		return 0;
	if (*end != '\0')
		minor = strtoul(end, &end, 16);
	if (*end != '\0' || major > UINT16_MAX || minor > UINT16_MAX)
		return 0;
	return TC_H_MAKE((uint32_t)major << 16, (uint32_t)minor);
}

struct each {
	void (*see)(void *arg, const struct gw_tc_seen *seen);
	void *arg;
};

static int
on_message(struct gw_system *sys, const struct nlmsghdr *h, void *arg)
{
	const struct each *each = arg;
	struct nlattr *tb[TCA_MAX + 1];
	struct gw_tc_seen seen;

	(void)sys;
	gw_nl_attrs(h, sizeof(struct tcmsg), tb, TCA_MAX);
	seen.tcm = nlmsg_data(h);
	seen.kind = tb[TCA_KIND] != NULL ? nla_get_string(tb[TCA_KIND]) : "";
	seen.options = tb[TCA_OPTIONS];
	each->see(each->arg, &seen);
	return 0;
}

int
gw_tc_each(struct gw_system *sys, int type, const struct tcmsg *tcm,
    void (*see)(void *arg, const struct gw_tc_seen *seen), void *arg)
{
	struct each each = { see, arg };
	int err = gw_nl_dump(
	    sys, gw_tc_request(type, NLM_F_DUMP, tcm, NULL), on_message, &each);

	return err < 0
		   ? gw_fail(sys, "queues cannot be listed: %s", gw_nl_why(err))
		   : 0;
}

struct nl_msg *
gw_tc_request(int type, int flags, const struct tcmsg *tcm, const char *kind)
{
	struct nl_msg *m = gw_nl_request(type, flags, tcm, sizeof(*tcm));

	if (kind != NULL)
		nla_put_string(m, TCA_KIND, kind);
	return m;
}

int
gw_tc_fail(struct gw_system *sys, const struct gw_step *s, int err)
{
	const char *dev = gw_step_need(s, "dev");

	/* So it answers for a kind that it does not know, too. */
	if (err == -ENOENT)
		return gw_fail(sys,
		    "%s: the queue is gone, or the kernel lacks sch_htb or "
		    "cls_u32",
		    dev);
	return gw_fail(sys, "%s: %s", dev, gw_nl_why(err));
}

int
gw_tc_link(struct gw_system *sys, const struct gw_step *s)
{
	const char *dev = gw_step_need(s, "dev");
	int link = gw_system_link(sys, dev);

	return link != 0 ? link : gw_fail(sys, "there is no link %s", dev);
}

struct root {
	int link;
	uint32_t handle;
};

static void
see_root(void *arg, const struct gw_tc_seen *seen)
{
	struct root *r = arg;

	if (seen->tcm->tcm_ifindex == r->link &&
	    seen->tcm->tcm_parent == TC_H_ROOT)
		r->handle = seen->tcm->tcm_handle;
}

int
gw_tc_is_ours(struct gw_system *sys, int link)
{
	struct root r = { .link = link };
	struct tcmsg tcm = { .tcm_family = AF_UNSPEC, .tcm_ifindex = link };

	if (gw_tc_each(sys, RTM_GETQDISC, &tcm, see_root, &r) != 0)
		return -1;
	return r.handle == GW_TC_ROOT;
}
