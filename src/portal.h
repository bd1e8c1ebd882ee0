/*
 * What pared itself serves, on its own port and as http://pared.internal/:
 * start page, /proxy.pac, /wpad.dat, /healthz, /metrics.
 * Thread: worker.
 */
#ifndef PD_PORTAL_H
#define PD_PORTAL_H

#include "reply.h"

struct pd_stats;

struct pd_portal_params {
	const struct pd_conf *conf;
	const struct pd_request *request;
	const struct pd_probe_set *probes;
	const struct pd_addr *client; /* who asks */
	const struct pd_addr *local;  /* the address and port it reached */
	bool through_proxy; /* absolute-form for pared.internal, not origin-form
			     */
	bool draining;      /* /healthz answers 503 */
	/* Of all workers, for /metrics. */
	const struct pd_stats *const *stats;
	size_t nstats;
	size_t rules; /* in the block set */
};

/*
 * Whether a host is the portal's: pared.internal, localhost, an address
 * literal, this machine's name, PortalNames. Anything else in Host is refused
 * with 421 (DNS rebinding). For absolute-form only pared.internal and
 * PortalNames count.
 */
bool pd_portal_is_host(const struct pd_conf *conf,
    const struct pd_authority *host, bool origin_form);

/* GET and HEAD; 404, 405, 421 otherwise. */
void pd_portal_answer(const struct pd_portal_params *params,
    struct pd_arena *arena, struct pd_reply *out);

#endif
