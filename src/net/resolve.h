/*
 * Names to addresses, in the order to try them.
 *
 * libunbound through its event interface, /etc/hosts first, nameservers of the
 * configuration or of /etc/resolv.conf. Address literals are not its matter.
 * An answer never comes from inside the call that asks.
 * Thread: worker, each has its own.
 */
#ifndef PD_RESOLVE_H
#define PD_RESOLVE_H

#include "base/addr.h"

struct event_base;
struct pd_conf;
struct pd_resolver;
struct pd_resolve_job;

#define PD_RESOLVE_MAX 16 /* addresses given at most, of one family */

enum pd_resolve_status {
	PD_RESOLVE_OK,
	PD_RESOLVE_NONE,   /* the name has no address (of this family) */
	PD_RESOLVE_FAILED, /* servers failed or answered nonsense */
	PD_RESOLVE_TIMEOUT,
};

/* NULL with errno when libunbound cannot start. */
struct pd_resolver *
pd_resolver_create(struct event_base *base, const struct pd_conf *conf);
/* Jobs under way are dropped without a callback. NULL is fine. */
void pd_resolver_destroy(struct pd_resolver *r);
/* No job is under way. */
bool pd_resolver_is_idle(const struct pd_resolver *r);

/*
 * Asks for AAAA and A at once. done is called twice, once for each family
 * (AF_INET6, AF_INET, in the order in which answers come), with n addresses
 * (port 0) that are the callback's only during the call; n is 0 unless OK.
 * After the second call the job is gone. Cancel inside the callback is fine.
 */
struct pd_resolve_job *
pd_resolve_start(struct pd_resolver *r, struct pd_str host, uint32_t timeout_ms,
    void (*done)(void *arg, int family, enum pd_resolve_status status,
	const struct pd_addr *addrs, size_t n),
    void *arg);
void pd_resolve_cancel(struct pd_resolve_job *job);

#endif
