/*
 * What pared itself serves, on its own port and as http://pared.internal/:
 * start page, /why, /allow, /proxy.pac, /wpad.dat, /healthz, /metrics.
 * Thread: worker.
 */
#ifndef PD_PORTAL_H
#define PD_PORTAL_H

#include "reply.h"

/* The name that it has behind the proxy, whatever lists and name servers say.
 */
#define PD_PORTAL_NAME "pared.internal"

struct pd_stats;

struct pd_portal_params {
	const struct pd_conf *conf;
	const struct pd_request *request;
	const struct pd_probe_set *probes;
	const struct pd_addr *client; /* who asks */
	const struct pd_addr *local;  /* the address and port it reached */
	bool through_proxy;           /* in absolute-form, or led here */
	bool draining;                /* /healthz answers 503 */
	/* Of all workers, for /metrics. */
	const struct pd_stats *const *stats;
	size_t nstats;
	const struct pd_block_set *rules; /* NULL: none */
	struct pd_scratch *scratch;       /* the worker's */
	int64_t now_s;                    /* wall clock */
	/* Of the request, whole, or what came until it was too much. */
	struct pd_str content;
};

#define PD_PORTAL_CONTENT_MAX 4096

/*
 * How many bytes of content of a request are read before it is answered: 0, or
 * PD_PORTAL_CONTENT_MAX for a form. Who finds more gives what there is, and
 * the answer is 413.
 */
size_t pd_portal_content_max(const struct pd_request *req);

/*
 * Whether a host is the portal's: pared.internal, localhost, an address
 * literal, this machine's name, PortalNames. Anything else in Host is refused
 * with 421 (DNS rebinding). For absolute-form only pared.internal and
 * PortalNames count.
 */
bool pd_portal_is_host(const struct pd_conf *conf,
    const struct pd_authority *host, bool origin_form);

/* GET and HEAD, POST of a form; 404, 405, 421 otherwise. */
void pd_portal_answer(const struct pd_portal_params *params,
    struct pd_arena *arena, struct pd_reply *out);

#endif
