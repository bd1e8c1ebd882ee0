/*
 * /why: why a URL is blocked or not, and letting its host pass for a while.
 * /allow: where its form goes.
 * Thread: worker.
 */
#ifndef PD_PORTAL_EXPLAIN_H
#define PD_PORTAL_EXPLAIN_H

#include "portal.h"

/* HTML, or JSON where json is set; *status: 200, or 400 for a question that
 * cannot be understood. The question stands in the request's query. */
struct pd_str pd_explain_page(const struct pd_portal_params *params, bool json,
    struct pd_arena *arena, int *status);

/*
 * What a form asks for: fields host, minutes (0: ends it), token, url (may be
 * absent). Does it; the status to answer with, 303 when it is done.
 */
struct pd_explain_done {
	int status;
	const char *what, *fix; /* of an error; static */
	struct pd_str location; /* of 303 */
};
void pd_explain_allow(const struct pd_portal_params *params,
    struct pd_arena *arena, struct pd_explain_done *out);

#endif
