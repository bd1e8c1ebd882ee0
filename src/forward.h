/*
 * What a proxy changes in the header sections that it passes on (RFC
 * 9110, 7.6): hop-by-hop fields off, Via on, the target for the next hop.
 *
 * Pure: no connection, no time.
 * Thread: any.
 */
#ifndef PD_FORWARD_H
#define PD_FORWARD_H

#include "base/conf.h"
#include "http/http.h"

struct pd_forward_params {
	const struct pd_conf *conf;
	struct pd_arena *arena;
	struct pd_str via; /* "1.1 <pseudonym>" */
	bool to_parent;    /* a proxy: absolute-form, or CONNECT */
	bool untouched;    /* a connectivity check: nothing but the above */
};

/* A request as the next hop gets it. */
struct pd_forward {
	struct pd_request request;
	struct pd_str target;
	const char *connection; /* value of Connection, or NULL */
};

void pd_forward_request(const struct pd_request *req,
    const struct pd_forward_params *params, struct pd_forward *out);

/* A response as the client gets it; upgrade: a 101, which keeps Upgrade. */
void pd_forward_response(struct pd_response *res, struct pd_arena *arena,
    struct pd_str via, bool upgrade);

/* Takes out what means nothing to the client of an answer without TLS. */
void pd_forward_drop_void(struct pd_fields *fields);

/* Whether our own pseudonym stands in Via. */
bool pd_forward_loops(const struct pd_fields *fields, struct pd_str via);

/* Max-Forwards: false when it was 0 and the request ends here, else it is one
 * less (RFC 9110, 7.6.2). */
bool pd_forward_count_down(struct pd_fields *fields, struct pd_arena *arena);

/* Whether the 101 switches to a protocol that the request offered. */
bool pd_forward_upgraded(
    const struct pd_request *req, const struct pd_response *res);

#endif
