/*
 * The portal's pages, made from numbers and addresses.
 * Thread: worker.
 */
#ifndef PD_PORTAL_PAGES_H
#define PD_PORTAL_PAGES_H

#include "base/stats.h"
#include "portal.h"

/* How devices reach the proxy: "192.0.2.1:8080", and its parts. */
struct pd_pages_way {
	struct pd_str proxy, host; /* host: without brackets */
	uint16_t port;
	struct pd_str pac_url;
};

/*
 * A template's text with each @NAME@ replaced by HTML; it holds no other '@'.
 * What has no value becomes nothing.
 */
struct pd_pages_value {
	struct pd_str name, html;
};
struct pd_str
pd_pages_fill(struct pd_str template, const struct pd_pages_value *values,
    size_t nvalues, struct pd_arena *arena);

/* "12,345". */
struct pd_str pd_pages_count(int64_t n, struct pd_arena *arena);

/* The start page, HTML. */
struct pd_str pd_pages_start(const struct pd_portal_params *params,
    const struct pd_pages_way *way, struct pd_arena *arena);
/* Its style sheet. */
struct pd_str pd_pages_style(struct pd_arena *arena);
/* All counters in the Prometheus text format 0.0.4. */
struct pd_str
pd_pages_metrics(const struct pd_portal_params *params, struct pd_arena *arena);

#endif
