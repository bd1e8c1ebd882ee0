/*
 * In which network namespace a gateway is up: noted in RUN-DIR/netns, because
 * no process has to stay to hold anything.
 *
 * Thread: main.
 */
#ifndef GW_NETNS_H
#define GW_NETNS_H

#include "system.h"

/*
 * Whether this is the namespace in which the gateway is up, and no other
 * gateway is up here. 0, or -1 after gw_fail(). Told before anything is made:
 * gw_netns_mark() notes that it will be here.
 */
int gw_netns_check(struct gw_system *sys);
int gw_netns_mark(struct gw_system *sys);
/* The namespace in which the gateway was up is gone, and all in the kernel with
 * it: a container that kept /run and was started again, or a machine whose run
 * directory is on a disk. */
bool gw_netns_is_orphan(struct gw_system *sys);

#endif
