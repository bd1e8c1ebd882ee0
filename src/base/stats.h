/*
 * Counters of one worker, summed over the workers when somebody asks.
 *
 * Each worker adds to its own; readers of other threads may see a sum that is
 * a moment old, never a torn number.
 */
#ifndef PD_STATS_H
#define PD_STATS_H

#include <stdint.h>

/* X(enum name, metric name without "pared_", help): docs and metrics come from
 * here. Names that end in _total are counters, others gauges. */
#define PD_STATS(X)                                                            \
	X(CLIENTS, "clients", "Client connections open now")                   \
	X(CLIENTS_TOTAL, "clients_total", "Client connections accepted")       \
	X(CLIENTS_REFUSED, "clients_refused_total",                            \
	    "Connections closed at once: not in OnlyFrom, or too many")        \
	X(EXCHANGES, "exchanges", "Exchanges under way")                       \
	X(EXCHANGES_TOTAL, "exchanges_total", "Exchanges finished")            \
	X(REQUESTS_BAD, "requests_bad_total", "Requests refused as malformed") \
	X(DENIED, "requests_denied_total",                                     \
	    "Requests refused by access rules or address policy")              \
	X(BLOCKED, "requests_blocked_total", "Requests blocked by a list")     \
	X(RULES_UNTRIED, "rules_untried_total",                                \
	    "Rules left untried at URLs made to exhaust the matcher")          \
	X(PROBES, "requests_probe_total",                                      \
	    "Connectivity checks passed untouched")                            \
	X(PORTAL, "requests_portal_total", "Requests answered by the portal")  \
	X(TUNNELS, "tunnels", "Tunnels open now")                              \
	X(TUNNELS_TOTAL, "tunnels_total", "Tunnels opened")                    \
	X(UPSTREAM_TOTAL, "upstream_connections_total",                        \
	    "Connections made to origins or the parent")                       \
	X(UPSTREAM_REUSED, "upstream_reused_total",                            \
	    "Requests sent on a pooled connection")                            \
	X(UPSTREAM_IDLE, "upstream_idle", "Pooled connections idle now")       \
	X(UPSTREAM_FAILED, "upstream_failed_total",                            \
	    "Requests answered 502 or 504")                                    \
	X(ABORTED, "exchanges_aborted_total",                                  \
	    "Exchanges cut short after their response had begun")              \
	X(BYTES_IN, "upstream_received_bytes_total",                           \
	    "Content and header bytes received from upstream")                 \
	X(BYTES_OUT, "client_sent_bytes_total", "Bytes sent to clients")       \
	X(BODY_IN, "filter_in_bytes_total", "Content bytes into filters")      \
	X(BODY_OUT, "filter_out_bytes_total", "Content bytes out of filters")  \
	X(FILTER_HELD, "filter_held_bytes",                                    \
	    "Content bytes that wait in filters now")                          \
	X(IMAGES, "images_total", "Images given to the codec")                 \
	X(IMAGES_SMALLER, "images_smaller_total", "Images sent smaller")       \
	X(IMAGES_FAILED, "images_failed_total",                                \
	    "Images sent as they came because the codec failed")               \
	X(IMAGES_LATE, "images_late_total",                                    \
	    "Images sent as they came because the codec took too long")        \
	X(IMAGES_STEPPED, "images_stepped_total",                              \
	    "Images made less small, or not at all, because of load")          \
	X(IMAGES_SHARED, "images_shared_total",                                \
	    "Images answered by what the codec did for another client")        \
	X(HELPERS_RESTARTED, "helpers_restarted_total",                        \
	    "Helper programs replaced after they died or overran")

enum pd_stat {
#define X(id, name, help) PD_STAT_##id,
	PD_STATS(X)
#undef X
	    PD_STAT_COUNT
};

struct pd_stats {
	_Atomic int64_t v[PD_STAT_COUNT];
};

/* Thread: the worker that owns s. */
static inline void
pd_stats_add(struct pd_stats *s, enum pd_stat id, int64_t n)
{
	/* One writer: a plain load and store, no locked instruction. */
	__atomic_store_n((int64_t *)&s->v[id],
	    __atomic_load_n((int64_t *)&s->v[id], __ATOMIC_RELAXED) + n,
	    __ATOMIC_RELAXED);
}

/* Thread: any. */
static inline int64_t
pd_stats_get(const struct pd_stats *s, enum pd_stat id)
{
	return __atomic_load_n((const int64_t *)&s->v[id], __ATOMIC_RELAXED);
}

const char *pd_stats_name(enum pd_stat id);
const char *pd_stats_help(enum pd_stat id);

#endif
