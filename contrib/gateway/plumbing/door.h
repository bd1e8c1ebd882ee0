/*
 * A door: a port that is dialled here and leads to another machine. What
 * forward and edge have in common.
 *
 * Thread: main.
 */
#ifndef GW_DOOR_H
#define GW_DOOR_H

#include "plan.h"

struct gw_door {
	const char *link;       /* it is dialled by these, as iifname takes
				   them; NULL: by any */
	struct pd_addr address; /* it is dialled there; family 0: any of ours */
	struct pd_addr to;      /* port 0: the one that was dialled */
	const char *ports;      /* as dialled: gw_door_ports() */
	const char *behind;     /* as they are at the other machine */
};

/* "tcp dport { 80, 443 }", of those that are of a protocol; NULL: none is. */
const char *gw_door_ports(struct pd_arena *arena, const struct gw_port *v,
    size_t n, uint8_t protocol);
/* Rules that lead there, from outside, and from this machine itself where the
 * address says that it is meant; forwarding, and what it has to let pass. */
void gw_door_plan(struct gw_plan *p, const struct gw_door *d);

#endif
