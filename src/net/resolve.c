#include "net/resolve.h"

#include <errno.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/queue.h>
#include <unbound-event.h>
#include <unbound.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/conf.h"
#include "net/dnswire.h"
#include "net/sysnames.h"

#define HOSTS_PATH      "/etc/hosts"
#define RESOLVCONF_PATH "/etc/resolv.conf"

/* RFC 1035 and 3596 numbers, as libunbound takes them. */
enum { TYPE_A = 1, TYPE_AAAA = 28, CLASS_IN = 1, RCODE_NXDOMAIN = 3 };

enum query_state {
	QUERY_IDLE,
	QUERY_ASKED, /* libunbound will call back, perhaps at once */
	QUERY_ANSWERED,
	QUERY_TOLD, /* done was called */
};

/* One family's half of a job. */
struct query {
	struct pd_resolve_job *job;
	int family;
	int async_id; /* libunbound's, while ASKED */
	enum query_state state;
	enum pd_resolve_status status;
	size_t n;
	struct pd_addr addrs[PD_RESOLVE_MAX];
};

/*
 * The answers are handed out by an event of our own: libunbound calls back
 * inside ub_resolve_event() when it knows the answer, and its buffers must not
 * be used by a second question from within a callback.
 */
struct pd_resolve_job {
	LIST_ENTRY(pd_resolve_job) link;
	struct pd_resolver *resolver;
	struct query queries[2];
	struct query *first; /* whose answer came first */
	struct event tell, deadline;
	bool telling; /* done is on the stack: do not free */
	bool cancelled;
	size_t name_len;
	uint8_t name[PD_DNSWIRE_NAME_MAX]; /* as labels */
	void (*done)(void *arg, int family, enum pd_resolve_status status,
	    const struct pd_addr *addrs, size_t n);
	void *arg;
};

struct pd_resolver {
	struct event_base *base;
	struct ub_ctx *ub;
	struct pd_sysnames *sysnames;
	LIST_HEAD(, pd_resolve_job) jobs;
};

/*
 * Small: one for each worker, on machines with 512 MB. libunbound keeps a table
 * of the ports that it may use, four bytes each and several times over; 16,384
 * leave 14 bits beside the 16 of the identifier.
 */
static const char *const options[][2] = {
	{ "module-config:", "iterator" }, /* no trust anchor, no validator */
	{ "msg-cache-size:", "1m" },
	{ "rrset-cache-size:", "2m" },
	{ "msg-cache-slabs:", "1" },
	{ "rrset-cache-slabs:", "1" },
	{ "infra-cache-slabs:", "1" },
	{ "infra-cache-numhosts:", "64" },
	/* A server that was away is tried again soon: it is the only one. */
	{ "infra-host-ttl:", "30" },
	{ "infra-keep-probing:", "yes" },
	/* Asked again not before this, ms. From its own 50, four retries of a
	 * server that was near are over in 1.5 s: too few where a full link
	 * puts a second in between. */
	{ "infra-cache-min-rtt:", "200" },
	{ "cache-max-negative-ttl:", "60" },
	{ "cache-max-ttl:", "86400" },
	{ "so-reuseport:", "no" },
	/* Sockets at once; a silent name holds one for many seconds. */
	{ "outgoing-range:", "256" },
	{ "outgoing-num-tcp:", "8" },
	{ "num-queries-per-thread:", "512" },
	{ "outbound-msg-retry:", "4" },
	{ "outgoing-port-avoid:", "0-49151" },
	{ "do-not-query-localhost:", "no" },
	{ "unblock-lan-zones:", "yes" },
	{ "insecure-lan-zones:", "yes" },
	{ "qname-minimisation:", "no" }, /* everything goes to a forwarder */
	{ "aggressive-nsec:", "no" },
	{ "edns-buffer-size:", "1232" },
	{ "use-syslog:", "no" },
};

static bool
have_ipv6(void)
{
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return false;
	close(fd);
	return true;
}

static int
set_servers(struct ub_ctx *ub, const struct pd_conf *conf)
{
	char found[PD_SYSNAMES_SERVERS_MAX][PD_SYSNAMES_SERVER_LEN];
	size_t n;

	for (size_t i = 0; i < conf->nameservers.n; i++) {
		if (ub_ctx_set_fwd(ub, conf->nameservers.v[i]) != 0) {
			pd_log(PD_LOG_ERROR, 0,
			    "resolve: not a name server address: %s",
			    conf->nameservers.v[i]);
			return -1;
		}
	}
	if (conf->nameservers.n > 0)
		return 0;
	n = pd_sysnames_servers(RESOLVCONF_PATH, found);
	for (size_t i = 0; i < n; i++) {
		if (ub_ctx_set_fwd(ub, found[i]) != 0)
			return -1;
	}
	return 0;
}

static int
configure(struct ub_ctx *ub, const struct pd_conf *conf)
{
	/* It would write to stderr what a name server can cause. */
	ub_ctx_debugout(ub, NULL);
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		if (ub_ctx_set_option(ub, options[i][0], options[i][1]) != 0) {
			pd_log(PD_LOG_ERROR, 0,
			    "resolve: libunbound refuses %s %s", options[i][0],
			    options[i][1]);
			return -1;
		}
	}
	if (!have_ipv6() && ub_ctx_set_option(ub, "do-ip6:", "no") != 0)
		return -1;
	if (set_servers(ub, conf) != 0)
		return -1;
	/* libunbound denies these unasked, but where they are used a server on
	 * the spot answers for them (RFC 6761, 6.2; RFC 8375). Must come last:
	 * from here on options are frozen. */
	if (ub_ctx_zone_add(ub, "test.", "transparent") != 0 ||
	    ub_ctx_zone_add(ub, "home.arpa.", "transparent") != 0)
		return -1;
	return 0;
}

/* Making a context, closing its options and deleting it touches what libunbound
 * shares between all of them (its random state, its listeners' locks), and a
 * reload has every worker do so at once. */
static pthread_mutex_t contexts = PTHREAD_MUTEX_INITIALIZER;

/* NULL with errno. */
static struct ub_ctx *
create_context(struct event_base *base, const struct pd_conf *conf)
{
	struct ub_ctx *ub;

	pthread_mutex_lock(&contexts);
	ub = ub_ctx_create_event(base);
	errno = ENOMEM;
	if (ub != NULL && configure(ub, conf) != 0) {
		ub_ctx_delete(ub);
		ub = NULL;
		errno = EINVAL;
	}
	pthread_mutex_unlock(&contexts);
	return ub;
}

static void
delete_context(struct ub_ctx *ub)
{
	pthread_mutex_lock(&contexts);
	ub_ctx_delete(ub);
	pthread_mutex_unlock(&contexts);
}

struct pd_resolver *
pd_resolver_create(struct event_base *base, const struct pd_conf *conf)
{
	struct pd_resolver *r = pd_xalloc(sizeof(*r));

	r->base = base;
	LIST_INIT(&r->jobs);
	r->ub = create_context(base, conf);
	if (r->ub == NULL) {
		free(r);
		return NULL;
	}
	r->sysnames = pd_sysnames_create(HOSTS_PATH);
	return r;
}

void
pd_resolver_destroy(struct pd_resolver *r)
{
	struct pd_resolve_job *job;

	if (r == NULL)
		return;
	while ((job = LIST_FIRST(&r->jobs)) != NULL)
		pd_resolve_cancel(job);
	delete_context(r->ub);
	pd_sysnames_destroy(r->sysnames);
	free(r);
}

bool
pd_resolver_is_idle(const struct pd_resolver *r)
{
	return LIST_EMPTY(&r->jobs);
}

static void
answered(struct query *q, enum pd_resolve_status status, size_t n)
{
	struct pd_resolve_job *job = q->job;

	q->state = QUERY_ANSWERED;
	q->status = status;
	q->n = n;
	if (job->first == NULL)
		job->first = q;
	event_active(&job->tell, EV_TIMEOUT, 0);
}

/* Takes the job out of everything that could call it; frees nothing. */
static void
detach(struct pd_resolve_job *job)
{
	LIST_REMOVE(job, link);
	event_del(&job->tell);
	event_del(&job->deadline);
	for (int i = 0; i < 2; i++) {
		if (job->queries[i].state == QUERY_ASKED)
			ub_cancel(job->resolver->ub, job->queries[i].async_id);
	}
}

static struct query *
next_to_tell(struct pd_resolve_job *job)
{
	if (job->first != NULL && job->first->state == QUERY_ANSWERED)
		return job->first;
	for (int i = 0; i < 2; i++) {
		if (job->queries[i].state == QUERY_ANSWERED)
			return &job->queries[i];
	}
	return NULL;
}

static void
on_tell(evutil_socket_t fd, short what, void *arg)
{
	struct pd_resolve_job *job = arg;
	struct query *q;

	(void)fd;
	(void)what;
	job->telling = true;
	while (!job->cancelled && (q = next_to_tell(job)) != NULL) {
		q->state = QUERY_TOLD;
		job->done(job->arg, q->family, q->status, q->addrs, q->n);
	}
	job->telling = false;
	if (job->cancelled) {
		free(job);
	} else if (job->queries[0].state == QUERY_TOLD &&
		   job->queries[1].state == QUERY_TOLD) {
		detach(job);
		free(job);
	}
}

static void
on_deadline(evutil_socket_t fd, short what, void *arg)
{
	struct pd_resolve_job *job = arg;

	(void)fd;
	(void)what;
	for (int i = 0; i < 2; i++) {
		struct query *q = &job->queries[i];

		if (q->state != QUERY_ASKED)
			continue;
		ub_cancel(job->resolver->ub, q->async_id);
		answered(q, PD_RESOLVE_TIMEOUT, 0);
	}
}

static void
on_answer(void *arg, int rcode, void *packet, int packet_len, int sec,
    char *why_bogus, int was_ratelimited)
{
	struct query *q = arg;
	struct pd_resolve_job *job = q->job;
	enum pd_resolve_status status = PD_RESOLVE_FAILED;
	size_t n = 0;

	(void)sec;
	(void)why_bogus;
	(void)was_ratelimited;
	if (rcode == RCODE_NXDOMAIN)
		status = PD_RESOLVE_NONE;
	else if (rcode == 0 && packet != NULL && packet_len > 0)
		status = pd_dnswire_read(pd_str_of(packet, (size_t)packet_len),
		    pd_str_of((const char *)job->name, job->name_len),
		    q->family, q->addrs, &n);
	answered(q, status, n);
}

static void
ask(struct query *q, struct pd_str host)
{
	struct pd_resolver *r = q->job->resolver;
	char text[PD_DNSWIRE_NAME_MAX + 1];
	size_t n;

	if (q->job->name_len == 0) {
		answered(q, PD_RESOLVE_NONE, 0);
		return;
	}
	if (pd_sysnames_find(r->sysnames, host, q->family, q->addrs, &n)) {
		answered(q, n > 0 ? PD_RESOLVE_OK : PD_RESOLVE_NONE, n);
		return;
	}
	/* No longer than a name of labels, and no byte that needs a "\". */
	snprintf(text, sizeof(text), "%.*s", PD_STR_ARG(host));
	q->state = QUERY_ASKED;
	if (ub_resolve_event(r->ub, text,
		q->family == AF_INET ? TYPE_A : TYPE_AAAA, CLASS_IN, q,
		on_answer, &q->async_id) != 0 &&
	    q->state == QUERY_ASKED)
		answered(q, PD_RESOLVE_FAILED, 0);
}

struct pd_resolve_job *
pd_resolve_start(struct pd_resolver *r, struct pd_str host, uint32_t timeout_ms,
    void (*done)(void *arg, int family, enum pd_resolve_status status,
	const struct pd_addr *addrs, size_t n),
    void *arg)
{
	struct pd_resolve_job *job = pd_xalloc(sizeof(*job));
	struct timeval tv = { .tv_sec = timeout_ms / 1000,
		.tv_usec = (suseconds_t)(timeout_ms % 1000) * 1000 };

	job->resolver = r;
	job->done = done;
	job->arg = arg;
	job->name_len = pd_dnswire_name(host, job->name);
	event_assign(&job->tell, r->base, -1, 0, on_tell, job);
	event_assign(&job->deadline, r->base, -1, 0, on_deadline, job);
	LIST_INSERT_HEAD(&r->jobs, job, link);
	for (int i = 0; i < 2; i++) {
		job->queries[i].job = job;
		job->queries[i].family = i == 0 ? AF_INET6 : AF_INET;
		ask(&job->queries[i], host);
	}
	if (job->queries[0].state == QUERY_ASKED ||
	    job->queries[1].state == QUERY_ASKED)
		event_add(&job->deadline, &tv);
	return job;
}

void
pd_resolve_cancel(struct pd_resolve_job *job)
{
	if (job == NULL)
		return;
	detach(job);
	if (job->telling)
		job->cancelled = true;
	else
		free(job);
}
