/*
 * What a tunnel's far ends are about: who is there, since when, how much.
 *
 * Changes nothing. Lines of text begin with two blanks; json: one JSON object,
 * without a newline at its end.
 * Thread: main.
 */
#ifndef GW_TUNNEL_STATUS_H
#define GW_TUNNEL_STATUS_H

#include <stdio.h>

#include "client.h"
#include "system.h"

/* By the tunnel's type; {} and no line for one that has nothing to say. */
void gw_tunnel_status(struct gw_system *sys, const struct gw_tunnel *t,
    const struct gw_clients *clients, FILE *out, bool json);

#endif
