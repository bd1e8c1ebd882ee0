/*
 * What the kinds sysctl and its special case, forwarding, share.
 *
 * Thread: main.
 */
#ifndef GW_KIND_SYSCTL_H
#define GW_KIND_SYSCTL_H

#include "system.h"

#define GW_SYSCTL_MAX 128 /* bytes of a value with its NUL */

/* key: "net/ipv6/conf/eth0.1/accept_ra". 0, or -1 with errno: ENOENT when there
 * is none, as when its link is gone. */
int gw_sysctl_read(const char *key, char value[GW_SYSCTL_MAX]);
int gw_sysctl_write(const char *key, const char *value);

/* "net/ipv4/ip_forward" and "net/ipv6/conf/all/forwarding": writing them
 * writes others as well (kind/forwarding.c). */
bool gw_forwarding_is(const char *key);
/* Which others, as arguments of the step. */
void gw_forwarding_remember(struct gw_system *sys, struct gw_step *s);
/* Back to what it was, the others too; or left on, and told, when somebody
 * else has come to need it. 0 or -1 after gw_fail(). */
int gw_forwarding_undo(struct gw_system *sys, const struct gw_step *s);

/*
 * Who besides us lets packets through here: names of bridges that container
 * and virtual machine programs make, and of nftables' chains at the hook
 * forward, separated by blanks. The caller frees it.
 */
char *gw_forwarders(struct gw_system *sys);

#endif
