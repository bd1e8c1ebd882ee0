/*
 * Connecting: the one place of the program that calls connect(2).
 *
 * The address policy (net/reach.h) judges the address that is dialled, after
 * resolution, so that no name and no spelling smuggles one. Happy Eyeballs
 * (RFC 8305): AAAA is waited for 50 ms, families take turns from IPv6 on,
 * attempts start 250 ms apart or at once when one fails.
 *
 * Of a name with allowed and forbidden addresses the allowed ones are dialled
 * and the others never: what matters is where the bytes go, and names with a
 * stray private address are common enough (split views, half-removed hosts)
 * that refusing them whole would break sites and protect nobody.
 * Thread: worker.
 */
#ifndef PD_DIAL_H
#define PD_DIAL_H

#include "http/url.h"

struct event_base;
struct pd_conf;
struct pd_dial;
struct pd_resolver;
struct pd_timers;

#define PD_DIAL_ATTEMPTS_MAX 8 /* open at once, of one dial */

enum pd_dial_error {
	PD_DIAL_OK,
	PD_DIAL_FORBIDDEN, /* policy: private, loopback, our own listener... */
	PD_DIAL_NO_NAME,   /* the name does not exist or has no address */
	PD_DIAL_DNS,       /* name servers failed */
	PD_DIAL_REFUSED,   /* every attempt failed; errno of the last */
	PD_DIAL_TIMEOUT,
};

struct pd_dialer;

struct pd_dialer_params {
	struct event_base *base;
	struct pd_resolver *resolver;
	struct pd_timers *timers; /* the worker's; NULL: own ones */
	/* Our own listening sockets' addresses, never dialled (wildcards mean
	 * every address of this machine). Borrowed. */
	const struct pd_addr *own;
	size_t nown;
};

struct pd_dialer *pd_dialer_create(const struct pd_dialer_params *params);
/* Dials under way are dropped without a callback. */
void pd_dialer_destroy(struct pd_dialer *d);
/* No dial is under way. */
bool pd_dialer_is_idle(const struct pd_dialer *d);

/*
 * Connects to where. trusted: the parent proxy, to which the policy does not
 * apply (own listeners are not dialled even so). done is called once, never
 * from inside this call: fd is a connected, non-blocking socket (TCP_NODELAY)
 * that the callback takes, or -1; peer is the address dialled last, for
 * FORBIDDEN the one refused (family 0: none); for REFUSED errno tells why.
 * conf is borrowed until then; where is copied.
 */
struct pd_dial *pd_dial_start(struct pd_dialer *d, const struct pd_conf *conf,
    const struct pd_authority *where, bool trusted,
    void (*done)(
	void *arg, enum pd_dial_error err, int fd, const struct pd_addr *peer),
    void *arg);
void pd_dial_cancel(struct pd_dial *dial);

const char *pd_dial_strerror(enum pd_dial_error err);

#endif
