/*
 * What the kinds qdisc, class and filter share: traffic control's messages, and
 * its numbers as tc(8) writes them.
 *
 * Thread: main.
 */
#ifndef GW_TC_H
#define GW_TC_H

#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>

#include "netlink.h"

/* The handle of every queue that we put at a link's root. */
#define GW_TC_ROOT TC_H_MAKE(GW_QDISC_MAJOR << 16, 0)

/* "7077:10" (both hexadecimal, a missing minor is 0), "root". 0: not a
 * handle. */
uint32_t gw_tc_handle(const char *text);

/* One object as the kernel tells it; borrowed for the call. */
struct gw_tc_seen {
	const struct tcmsg *tcm;
	const char *kind;       /* "htb", "u32" */
	struct nlattr *options; /* TCA_OPTIONS; NULL: none */
};

/*
 * Each object of a type (RTM_GETQDISC ...) on the link tcm->tcm_ifindex; of
 * queues, on all links. Needs no privilege. 0 or -1 after gw_fail().
 */
int gw_tc_each(struct gw_system *sys, int type, const struct tcmsg *tcm,
    void (*see)(void *arg, const struct gw_tc_seen *seen), void *arg);

/* A request for gw_nl_talk(); flags beside NLM_F_REQUEST, kind: NULL: none. */
struct nl_msg *
gw_tc_request(int type, int flags, const struct tcmsg *tcm, const char *kind);
/* gw_fail() with what gw_nl_talk() returned; -1. */
int gw_tc_fail(struct gw_system *sys, const struct gw_step *s, int err);

/* Of the step's "dev"; -1 after gw_fail() when there is none. */
int gw_tc_link(struct gw_system *sys, const struct gw_step *s);
/* Whether the queue at the link's root is ours. -1 after gw_fail(). */
int gw_tc_is_ours(struct gw_system *sys, int link);

#endif
