/*
 * IKEv2 by strongSwan's charon: what is said to it, and what it says of who is
 * there. (Its steps: gw_ikev2_plan() in plan.h.)
 *
 * One charon serves all tunnels of this type. Each client is a connection of
 * its own, "CLIENT@TUNNEL@GENERATION", with an address that is no other's. It
 * leaves no mark on the machine but policies and associations of IPsec
 * (kind/ipsec.c): it is told to make neither rules nor routes.
 * Thread: main.
 */
#ifndef GW_IKEV2_H
#define GW_IKEV2_H

#include "plan.h"
#include "system.h"
#include "tunnel/session.h"

/* Of every policy that charon installs for us. strongSwan computes priorities
 * of six digits; nobody sets this one. By it they are known as ours after
 * charon was killed. */
#define GW_IKEV2_PRIORITY 11977

/* Texts of files below RUN-DIR/ikev2; in the plan's arena. */
const char *gw_ikev2_strongswan_conf(struct gw_plan *p);
const char *gw_ikev2_swanctl_conf(struct gw_plan *p);
/* Connections of clients, a line each: who may be there. */
const char *gw_ikev2_clients(struct gw_plan *p);
/* A tunnel's or client's name as it stands in those of connections, where '.'
 * would divide it. The caller frees it. */
char *gw_ikev2_connection(const char *name);
/* The connection that devices of a tunnel begin with; in the plan's arena. */
const char *gw_ikev2_name(struct gw_plan *p, const struct gw_tunnel *t);

/* Ends sessions of connections that RUN-DIR/ikev2/clients does not name. Waits
 * for charon. 0 or -1 after gw_fail(). */
int gw_ikev2_expel(struct gw_system *sys);
/* Whether charon is there and has all these connections. */
bool
gw_ikev2_has(struct gw_system *sys, const char *const *connections, size_t n);

/* Adds what one message of charon's list says to *v, which the caller frees. 0,
 * or -1: it is no such message. */
int
gw_ikev2_take_sessions(struct pd_str message, struct gw_session **v, size_t *n);

/* For tunnel/status.h. */
void gw_ikev2_status(struct gw_system *sys, const struct gw_tunnel *t,
    const struct gw_clients *clients, FILE *out, bool json);

#endif
