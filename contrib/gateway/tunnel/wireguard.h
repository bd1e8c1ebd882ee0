/*
 * What WireGuard tunnels are, for who hands their settings to clients.
 * (Their steps: gw_wireguard_plan() in plan.h.)
 *
 * Thread: main.
 */
#ifndef GW_WIREGUARD_H
#define GW_WIREGUARD_H

#include "client.h"
#include "system.h"

/* Bytes that fit into the tunnel. uplink_mtu 0: unknown. */
unsigned gw_wireguard_mtu(const struct gw_tunnel *t, unsigned uplink_mtu);
/* The file of our private key, given or our own. The caller frees it. */
char *
gw_wireguard_key_path(const struct gw_config *c, const struct gw_tunnel *t);

/* For tunnel/status.h. */
void gw_wireguard_status(struct gw_system *sys, const struct gw_tunnel *t,
    const struct gw_clients *clients, FILE *out, bool json);

#endif
