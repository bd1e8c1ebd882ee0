/*
 * Whether something of the kernel's network state changed, by anybody: links,
 * addresses, routes, rules, forwarding, queueing, packet filter. What it was is
 * not looked at: who wants to know probes. Of proxied neighbours, WireGuard's
 * peers and most sysctls the kernel tells nobody.
 *
 * Thread: main.
 */
#ifndef GW_WATCH_H
#define GW_WATCH_H

#include <stdbool.h>

struct pollfd;
struct gw_watch;

#define GW_WATCH_FDS 2

/* NULL with a reason in *why where the kernel tells nobody. */
struct gw_watch *gw_watch_open(const char **why);
void gw_watch_close(struct gw_watch *w);

/* What poll(2) is to wait for: GW_WATCH_FDS places, unused ones -1. */
void gw_watch_fds(const struct gw_watch *w, struct pollfd *fds);
/* Takes all that has come. Whether there was anything. */
bool gw_watch_read(struct gw_watch *w);

#endif
