/*
 * Which addresses may be connected to for somebody else: the policy, apart from
 * who applies it.
 *
 * Addresses are judged, never names: what a name leads to is known only when it
 * is dialled (net/dial.h), and a name is judged here only where a parent proxy
 * looks it up.
 *
 * Pure, but for own listeners: asks which addresses are this machine's now.
 * Thread: any.
 */
#ifndef PD_REACH_H
#define PD_REACH_H

#include "http/url.h"

struct pd_conf;

/* Whether a forwarded request may be sent to a: a public address, or one that
 * AllowPrivate names. */
bool pd_reach_allowed(const struct pd_conf *conf, const struct pd_addr *a);

/* Whether it may be sent to a parent proxy, which looks names up: an address is
 * judged as above, and so is this machine by its name. */
bool pd_reach_by_parent(
    const struct pd_conf *conf, const struct pd_authority *where);

/* Whether a leads to one of our own n listeners; wildcards among them mean
 * every address of this machine. */
bool
pd_reach_is_own(const struct pd_addr *own, size_t n, const struct pd_addr *a);

#endif
