#include "net/dial.h"

#include <errno.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/queue.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/conf.h"
#include "base/timers.h"
#include "net/reach.h"
#include "net/resolve.h"

#define RESOLUTION_DELAY_MS 50  /* RFC 8305, 3 */
#define ATTEMPT_DELAY_MS    250 /* RFC 8305, 5 */

/* One connect(2) under way; fd -1: unused. */
struct attempt {
	struct event ev;
	struct pd_dial *dial;
	struct pd_addr addr;
	int fd;
};

/* The addresses of one family, as far as they are known. */
struct family {
	bool pending; /* the resolver still owes them */
	enum pd_resolve_status status;
	size_t n, next; /* next: the first not yet tried */
	struct pd_addr *v;
	struct pd_addr literal; /* what v points to without resolution */
};

enum { V6, V4 };

/* What the one event of a dial is waiting for. */
enum step {
	STEP_NONE,
	STEP_AAAA,    /* the resolution delay */
	STEP_ATTEMPT, /* the connection attempt delay */
	STEP_TELL,    /* the outcome is known, done is yet to be called */
};

struct pd_dial {
	LIST_ENTRY(pd_dial) link;
	struct pd_dialer *dialer;
	const struct pd_conf *conf;
	uint16_t port;
	bool trusted;
	bool starting;  /* inside pd_dial_start(): done must wait */
	bool aaaa_late; /* the resolution delay is over */
	bool forbidden; /* an address was */
	bool tried;     /* another was dialled */
	uint8_t last;   /* V4 or V6: whose turn it was */
	enum step step;
	struct event step_ev;
	struct pd_timer deadline;
	struct pd_resolve_job *job;
	struct family families[2];
	struct pd_addr peer;    /* dialled last, or forbidden */
	int failure;            /* errno of an attempt, 0: none was made */
	enum pd_dial_error err; /* the outcome, for STEP_TELL */
	int fd;                 /* and its socket, or -1 */
	unsigned nopen;
	struct attempt attempts[PD_DIAL_ATTEMPTS_MAX];
	void (*done)(void *arg, enum pd_dial_error err, int fd,
	    const struct pd_addr *peer);
	void *arg;
};

struct pd_dialer {
	struct event_base *base;
	struct pd_resolver *resolver;
	struct pd_timers *timers, *own_timers;
	const struct pd_addr *own;
	size_t nown;
	size_t bind_turn; /* in conf->bind_outgoing */
	LIST_HEAD(, pd_dial) dials;
};

struct pd_dialer *
pd_dialer_create(const struct pd_dialer_params *params)
{
	struct pd_dialer *d = pd_xalloc(sizeof(*d));

	d->base = params->base;
	d->resolver = params->resolver;
	d->timers = params->timers;
	if (d->timers == NULL)
		d->timers = d->own_timers = pd_timers_create(d->base);
	d->own = params->own;
	d->nown = params->nown;
	LIST_INIT(&d->dials);
	return d;
}

void
pd_dialer_destroy(struct pd_dialer *d)
{
	struct pd_dial *dial;

	if (d == NULL)
		return;
	while ((dial = LIST_FIRST(&d->dials)) != NULL)
		pd_dial_cancel(dial);
	pd_timers_destroy(d->own_timers);
	free(d);
}

bool
pd_dialer_is_idle(const struct pd_dialer *d)
{
	return LIST_EMPTY(&d->dials);
}

/* ---- policy ---- */

static bool
may_dial(struct pd_dial *dial, const struct pd_addr *a)
{
	char text[PD_ADDR_TEXT];
	const char *why;

	if (pd_reach_is_own(dial->dialer->own, dial->dialer->nown, a))
		why = "is a listener of this proxy";
	else if (!dial->trusted && !pd_reach_allowed(dial->conf, a))
		why = pd_addr_kind_name(pd_addr_kind(a));
	else
		return true;
	dial->forbidden = true;
	if (!dial->tried)
		dial->peer = *a;
	pd_log_peer(PD_LOG_INFO, 0, "dial: refused %s: %s",
	    pd_addr_text_port(a, text), why);
	return false;
}

/* ---- the outcome ---- */

static void
close_attempt(struct attempt *at)
{
	event_del(&at->ev);
	close(at->fd);
	at->fd = -1;
	at->dial->nopen--;
}

/* Frees all but the socket in dial->fd. */
static void
dial_free(struct pd_dial *dial)
{
	LIST_REMOVE(dial, link);
	pd_timer_clear(&dial->deadline);
	event_del(&dial->step_ev);
	pd_resolve_cancel(dial->job);
	for (int i = 0; i < PD_DIAL_ATTEMPTS_MAX; i++) {
		if (dial->attempts[i].fd >= 0)
			close_attempt(&dial->attempts[i]);
	}
	for (int i = V6; i <= V4; i++) {
		if (dial->families[i].v != &dial->families[i].literal)
			free(dial->families[i].v);
	}
	free(dial);
}

static void
tell(struct pd_dial *dial)
{
	void (*done)(void *arg, enum pd_dial_error err, int fd,
	    const struct pd_addr *peer) = dial->done;
	void *arg = dial->arg;
	enum pd_dial_error err = dial->err;
	struct pd_addr peer = dial->peer;
	int fd = dial->fd, failure = dial->failure;

	dial_free(dial);
	errno = failure;
	done(arg, err, fd, &peer);
}

/* The dial may be gone on return, except inside pd_dial_start(). */
static void
conclude(struct pd_dial *dial, enum pd_dial_error err, int fd)
{
	dial->err = err;
	dial->fd = fd;
	if (!dial->starting) {
		tell(dial);
		return;
	}
	pd_timer_clear(&dial->deadline);
	dial->step = STEP_TELL;
	event_active(&dial->step_ev, EV_TIMEOUT, 0);
}

/* Nothing is left to try and nothing more will come. */
static enum pd_dial_error
sum_up(const struct pd_dial *dial)
{
	const struct family *f = dial->families;

	if (dial->failure == ETIMEDOUT)
		return PD_DIAL_TIMEOUT;
	if (dial->failure != 0)
		return PD_DIAL_REFUSED;
	if (dial->forbidden)
		return PD_DIAL_FORBIDDEN;
	if (f[V6].status == PD_RESOLVE_FAILED ||
	    f[V4].status == PD_RESOLVE_FAILED)
		return PD_DIAL_DNS;
	if (f[V6].status == PD_RESOLVE_TIMEOUT ||
	    f[V4].status == PD_RESOLVE_TIMEOUT)
		return PD_DIAL_TIMEOUT;
	return PD_DIAL_NO_NAME;
}

static void
on_deadline(struct pd_timer *t, void *arg)
{
	struct pd_dial *dial = arg;

	(void)t;
	conclude(dial, PD_DIAL_TIMEOUT, -1);
}

/* ---- attempts ---- */

/* A failure of this host's own says less than an answer from afar. */
static void
note_failure(struct pd_dial *dial, int failure)
{
	if (dial->failure == 0 ||
	    (failure != ENETUNREACH && failure != EADDRNOTAVAIL &&
		failure != EAFNOSUPPORT))
		dial->failure = failure;
}

/* BindOutgoing: the next of its addresses that is of fd's family. */
static int
bind_source(struct pd_dial *dial, int fd, uint16_t family)
{
	const struct pd_prefixes *set = &dial->conf->bind_outgoing;
	struct pd_dialer *d = dial->dialer;
	struct sockaddr_storage ss;
	int one = 1;

	for (size_t i = 0; i < set->n; i++) {
		size_t at = (d->bind_turn + i) % set->n;
		struct pd_addr a = set->v[at].first;

		if (a.family != family)
			continue;
		d->bind_turn = at + 1;
		a.port = 0;
		/* The port is chosen at connect(2), by the whole four-tuple:
		 * 28,000 ports for each destination, not for all of them. */
		setsockopt(
		    fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof(one));
		if (bind(fd, (struct sockaddr *)&ss,
			pd_addr_to_sockaddr(&a, &ss)) != 0) {
			pd_log_peer(PD_LOG_WARN, 0,
			    "dial: BindOutgoing: cannot bind: %s",
			    strerror(errno));
			return -1;
		}
		return 0;
	}
	return 0;
}

static int
open_socket(struct pd_dial *dial, uint16_t family)
{
	int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int one = 1;

	if (fd < 0)
		return -1;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (dial->conf->bind_outgoing.n > 0 &&
	    bind_source(dial, fd, family) != 0) {
		int keep = errno;

		close(fd);
		errno = keep;
		return -1;
	}
	return fd;
}

/*
 * On loopback the handshake is over when connect(2) returns, though it says
 * EINPROGRESS; asking again spares registering the socket and a turn of the
 * event loop.
 */
static int
connect_now(int fd, const struct pd_addr *a)
{
	struct sockaddr_storage ss;
	socklen_t len = pd_addr_to_sockaddr(a, &ss);
	int err = connect(fd, (struct sockaddr *)&ss, len);

	if (err != 0 && errno == EINPROGRESS &&
	    pd_addr_kind(a) == PD_ADDR_LOOPBACK)
		err = connect(fd, (struct sockaddr *)&ss, len);
	if (err == 0 || errno == EISCONN)
		return 0;
	return errno == EALREADY || errno == EINTR ? EINPROGRESS : errno;
}

static void proceed(struct pd_dial *dial);

static void
on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct attempt *at = arg;
	struct pd_dial *dial = at->dial;
	int failure = 0;
	socklen_t len = sizeof(failure);

	(void)what;
	dial->peer = at->addr;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &failure, &len) != 0)
		failure = errno;
	if (failure == 0) {
		event_del(&at->ev);
		at->fd = -1;
		conclude(dial, PD_DIAL_OK, fd);
		return;
	}
	close_attempt(at);
	note_failure(dial, failure);
	/* The next one need not wait any longer. */
	if (dial->step == STEP_ATTEMPT) {
		event_del(&dial->step_ev);
		dial->step = STEP_NONE;
	}
	proceed(dial);
}

static struct attempt *
free_attempt(struct pd_dial *dial)
{
	for (int i = 0; i < PD_DIAL_ATTEMPTS_MAX; i++) {
		if (dial->attempts[i].fd < 0)
			return &dial->attempts[i];
	}
	return NULL;
}

/*
 * Dials one address. 0: connected, and concluded; EINPROGRESS; or what went
 * wrong.
 */
static int
attempt(struct pd_dial *dial, struct attempt *at, const struct pd_addr *a)
{
	int fd = open_socket(dial, a->family), err;

	dial->peer = *a;
	dial->tried = true;
	if (fd < 0)
		return errno;
	err = connect_now(fd, a);
	if (err == 0) {
		conclude(dial, PD_DIAL_OK, fd);
		return 0;
	}
	if (err != EINPROGRESS) {
		close(fd);
		return err;
	}
	at->fd = fd;
	at->dial = dial;
	at->addr = *a;
	dial->nopen++;
	event_assign(
	    &at->ev, dial->dialer->base, fd, EV_WRITE, on_writable, at);
	event_add(&at->ev, NULL);
	return EINPROGRESS;
}

/* The next address in turn, or NULL; what is forbidden is passed over. */
static const struct pd_addr *
next_address(struct pd_dial *dial)
{
	for (;;) {
		struct family *other = &dial->families[V4 + V6 - dial->last];
		struct family *f = other;

		if (other->next == other->n)
			f = &dial->families[dial->last];
		if (f->next == f->n)
			return NULL;
		dial->last = (uint8_t)(f - dial->families);
		if (may_dial(dial, &f->v[f->next++]))
			return &f->v[f->next - 1];
	}
}

static bool
anything_left(const struct pd_dial *dial)
{
	const struct family *f = dial->families;

	return f[V6].next < f[V6].n || f[V4].next < f[V4].n;
}

static void
wait_for(struct pd_dial *dial, enum step step, unsigned ms)
{
	struct timeval tv = { .tv_usec = (suseconds_t)ms * 1000 };

	dial->step = step;
	event_add(&dial->step_ev, &tv);
}

/* Does what can be done now. The dial may be gone on return. */
static void
proceed(struct pd_dial *dial)
{
	struct family *f = dial->families;
	const struct pd_addr *a;
	struct attempt *at;
	int err;

	if (dial->step == STEP_ATTEMPT)
		return;
	if (f[V6].pending && !dial->aaaa_late && f[V4].next < f[V4].n) {
		if (dial->step == STEP_NONE)
			wait_for(dial, STEP_AAAA, RESOLUTION_DELAY_MS);
		return;
	}
	while ((at = free_attempt(dial)) != NULL &&
	       (a = next_address(dial)) != NULL) {
		err = attempt(dial, at, a);
		if (err == 0)
			return;
		if (err == EINPROGRESS) {
			if (anything_left(dial) || f[V6].pending ||
			    f[V4].pending)
				wait_for(dial, STEP_ATTEMPT, ATTEMPT_DELAY_MS);
			return;
		}
		note_failure(dial, err);
	}
	if (dial->nopen == 0 && !f[V6].pending && !f[V4].pending)
		conclude(dial, sum_up(dial), -1);
}

static void
on_step(evutil_socket_t fd, short what, void *arg)
{
	struct pd_dial *dial = arg;
	enum step step = dial->step;

	(void)fd;
	(void)what;
	dial->step = STEP_NONE;
	if (step == STEP_TELL) {
		tell(dial);
		return;
	}
	if (step == STEP_AAAA)
		dial->aaaa_late = true;
	proceed(dial);
}

static void
on_addresses(void *arg, int af, enum pd_resolve_status status,
    const struct pd_addr *addrs, size_t n)
{
	struct pd_dial *dial = arg;
	struct family *f = &dial->families[af == AF_INET ? V4 : V6];

	f->pending = false;
	f->status = status;
	f->n = n;
	if (n > 0)
		f->v = pd_xalloc(n * sizeof(*addrs));
	for (size_t i = 0; i < n; i++) {
		/* An AAAA record may hold a mapped address. */
		f->v[i] = pd_addr_unmap(&addrs[i]);
		f->v[i].port = dial->port;
	}
	if (!dial->families[V6].pending && !dial->families[V4].pending)
		dial->job = NULL; /* gone after its second answer */
	if (dial->step == STEP_AAAA && af == AF_INET6) {
		event_del(&dial->step_ev);
		dial->step = STEP_NONE;
	}
	proceed(dial);
}

/* ---- from outside ---- */

static void
set_literal(struct pd_dial *dial, const struct pd_addr *a)
{
	struct pd_addr plain = pd_addr_unmap(a);
	struct family *f = &dial->families[plain.family == AF_INET ? V4 : V6];

	plain.port = dial->port;
	f->literal = plain;
	f->v = &f->literal;
	f->n = 1;
}

struct pd_dial *
pd_dial_start(struct pd_dialer *d, const struct pd_conf *conf,
    const struct pd_authority *where, bool trusted,
    void (*done)(
	void *arg, enum pd_dial_error err, int fd, const struct pd_addr *peer),
    void *arg)
{
	struct pd_dial *dial = pd_xalloc(sizeof(*dial));

	dial->dialer = d;
	dial->conf = conf;
	dial->port = where->port;
	dial->trusted = trusted;
	dial->last = V4;
	dial->fd = -1;
	for (int i = 0; i < PD_DIAL_ATTEMPTS_MAX; i++)
		dial->attempts[i].fd = -1;
	dial->done = done;
	dial->arg = arg;
	event_assign(&dial->step_ev, d->base, -1, 0, on_step, dial);
	LIST_INSERT_HEAD(&d->dials, dial, link);
	pd_timer_set(d->timers, &dial->deadline,
	    (uint32_t)conf->connect_timeout_ms, on_deadline, dial);
	if (where->kind != PD_HOST_NAME) {
		set_literal(dial, &where->addr);
		dial->starting = true;
		proceed(dial);
		dial->starting = false;
		return dial;
	}
	dial->families[V6].pending = dial->families[V4].pending = true;
	dial->job = pd_resolve_start(d->resolver, where->host,
	    (uint32_t)conf->connect_timeout_ms, on_addresses, dial);
	return dial;
}

void
pd_dial_cancel(struct pd_dial *dial)
{
	if (dial == NULL)
		return;
	if (dial->step == STEP_TELL && dial->fd >= 0)
		close(dial->fd);
	dial_free(dial);
}

const char *
pd_dial_strerror(enum pd_dial_error err)
{
	switch (err) {
	case PD_DIAL_OK:
		return "connected";
	case PD_DIAL_FORBIDDEN:
		return "address not allowed";
	case PD_DIAL_NO_NAME:
		return "no such host";
	case PD_DIAL_DNS:
		return "name servers failed";
	case PD_DIAL_REFUSED:
		return "connection failed";
	case PD_DIAL_TIMEOUT:
		return "connection timed out";
	}
	abort();
}
