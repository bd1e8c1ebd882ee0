/*
 * NETLINK_ROUTE: requests built attribute by attribute, sent, and their answer
 * awaited. libnl-3 does the sockets and the attributes; libnl-route-3's
 * objects are not used, because what makes an object ours is what they lack:
 * the protocol of neighbours and addresses, exclusive creation of each kind,
 * and the kernel's own errno (libnl's codes make one of ENOENT and ESRCH).
 *
 * Thread: main.
 */
#ifndef GW_NETLINK_H
#define GW_NETLINK_H

#include <linux/netlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>

#include "config.h"
#include "system.h"

/*
 * A request: type (RTM_NEWROUTE), flags beside NLM_F_REQUEST, and the family's
 * own header (struct rtmsg, ...), copied. Never NULL; there is room for 4 KiB
 * of attributes, more than our checked words can fill.
 */
struct nl_msg *
gw_nl_request(int type, int flags, const void *header, size_t len);
/* An address as the kernel wants it: 4 or 16 bytes. */
void gw_nl_put_addr(struct nl_msg *m, int attr, const struct pd_addr *a);

/*
 * Sends (takes m) and waits for the kernel's verdict: 0, or its errno, negated:
 * -EEXIST, -ENOENT, -ESRCH, -ENODEV, ... ; -EIO when the socket itself fails.
 */
int gw_nl_talk(struct gw_system *sys, struct nl_msg *m);
/* The kernel's words on what gw_nl_talk() or gw_nl_dump() returned last. */
const char *gw_nl_why(int err);

/*
 * Asks (takes m) and calls each for every message of the answer until it
 * returns other than 0, which is returned then. The answer is read whole
 * first, anew if a change tore it (-EAGAIN when each time one did), so each may
 * send requests itself. The kernel is told to check strictly, thus a dump's
 * header filters: a table, a protocol, a link. Else 0 or the errno, negated.
 */
typedef int
gw_nl_each(struct gw_system *sys, const struct nlmsghdr *h, void *arg);
int gw_nl_dump(
    struct gw_system *sys, struct nl_msg *m, gw_nl_each *each, void *arg);
/* The same of another family's socket (netfilter's), sys being what each is
 * given. */
int gw_nl_dump_on(struct gw_system *sys, struct nl_sock *sock, struct nl_msg *m,
    gw_nl_each *each, void *arg);

/* What a kind's sweep hands to the each of its dumps. */
struct gw_sweep {
	FILE *out;
	int failed; /* -1: one could not be undone; the others are */
};
/*
 * Dumps the objects of a type (RTM_GETROUTE), IPv4's and then IPv6's, and calls
 * one, whose arg is a struct gw_sweep, for each. head: len bytes, the first of
 * which is the family. 0, or -1 after gw_fail(), or as one left w.failed.
 */
int gw_nl_sweep(struct gw_system *sys, int type, void *head, size_t len,
    gw_nl_each *one, FILE *out);

/* The attributes behind a header of len bytes: tb[0..max]. */
void
gw_nl_attrs(const struct nlmsghdr *h, size_t len, struct nlattr **tb, int max);
/* A number of the kernel's, or 0 (an address: family 0) when a is NULL. */
uint32_t gw_nl_u32(const struct nlattr *a);
uint8_t gw_nl_u8(const struct nlattr *a);
struct pd_addr gw_nl_addr(const struct nlattr *a, int family);

/* Arguments of steps that several kinds have. */
/* "inet6" or "inet"; without that, what the address in word is; else AF_INET.
 */
int gw_step_family(const struct gw_step *s, const char *word);
/* "main", "local", "default", or a number; 0: none of these. */
uint32_t gw_step_table(const struct gw_step *s);
/* An address, "10.0.0.1" or "10.0.0.0/8"; one without length is of one machine
 * alone. 0, or -1 after gw_fail(). */
int gw_step_net(struct gw_system *sys, const struct gw_step *s,
    const char *name, struct gw_net *out);

#endif
