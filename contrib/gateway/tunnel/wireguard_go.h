/*
 * WireGuard where the kernel has none: a child wireguard-go for each link,
 * which makes the link as it starts (over TUN) and takes it along as it ends.
 *
 * Thread: main.
 */
#ifndef GW_WIREGUARD_GO_H
#define GW_WIREGUARD_GO_H

#include <stdbool.h>

struct gw_system;

/*
 * Starts one, and returns when the link is there and can be set up
 * (device.h). One that runs for the link already is left alone. 0 or -1 after
 * gw_fail().
 */
int gw_wireguard_go(struct gw_system *sys, const char *link);
/*
 * Ends the one that was started so; link and socket are gone when it returns.
 * None runs: fine. 0 or -1 after gw_fail().
 */
int gw_wireguard_go_stop(struct gw_system *sys, const char *link);
/* Whether one that was started so runs for the link: it is ours then, marked
 * or not. */
bool gw_wireguard_go_runs(struct gw_system *sys, const char *link);

#endif
