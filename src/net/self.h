/*
 * What is this machine's own: its addresses, and which connections are between
 * this process and itself. All asked of the kernel each time, because addresses
 * come and go; nothing is sent.
 * Thread: any.
 */
#ifndef PD_SELF_H
#define PD_SELF_H

#include "base/addr.h"

/* The source address of what this machine sends to a; family 0 when it can send
 * nothing there. */
struct pd_addr pd_self_source(const struct pd_addr *a);

/* Whether a is an address of this machine now; of 0.0.0.0 and :: whether it has
 * the family at all. */
bool pd_self_has(const struct pd_addr *a);

/*
 * Whether a connection whose far end is a, and that was going to `to`, comes
 * from this very process. Looks at each descriptor, about a microsecond for
 * one; but only if a is an address of this machine.
 */
bool pd_self_dialled(const struct pd_addr *a, const struct pd_addr *to);

#endif
