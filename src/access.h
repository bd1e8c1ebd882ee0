/*
 * Who may use the proxy, and what they may ask it to reach.
 *
 * Where addresses may be dialled is dial.h's matter: it judges the address
 * that is really used. Passwords are auth.h's.
 * Thread: any.
 */
#ifndef PD_ACCESS_H
#define PD_ACCESS_H

#include "base/addr.h"
#include "base/conf.h"

/* OnlyFrom: whether a connection from this address is served at all. */
bool pd_access_client(const struct pd_conf *conf, const struct pd_addr *client);

/* RestrictOutPortHTTP and RestrictOutPortCONNECT. */
bool pd_access_port(const struct pd_conf *conf, bool connect, uint16_t port);

#endif
