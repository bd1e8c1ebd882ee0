/*
 * The key, the port and the peers of a WireGuard link.
 *
 * Arguments: link (key); listen (key): UDP port; key: file of the private key;
 * fwmark, or none; peers: how many; hash: of the text, so that a plan shows
 * that something changed. Text: the peers (device.h), secret because preshared
 * keys are in it.
 *
 * What is sent is the difference to what is there, so a second `up` sends
 * nothing, and clients that stay do not notice that another came. A port that
 * is not wanted any more is given back before another is taken: two tunnels may
 * swap theirs.
 */
#include <errno.h>
#include <netdb.h>
#include <netlink/route/link.h>
#include <resolv.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "gateway.h"
#include "system.h"
#include "tunnel/device.h"

static void
describe(const struct gw_step *s, FILE *out)
{
	const char *mark = gw_step_get(s, "fwmark"), *n;

	fprintf(out, "wg set %s private-key %s listen-port %s",
	    gw_step_need(s, "link"), gw_step_need(s, "key"),
	    gw_step_need(s, "listen"));
	if (mark != NULL)
		fprintf(out, " fwmark %s", mark);
	n = gw_step_need(s, "peers");
	fprintf(out, ", %s peer%s (%s)", n, strcmp(n, "1") == 0 ? "" : "s",
	    gw_step_need(s, "hash"));
}

static int
read_preshared(struct gw_system *sys, struct gw_device *d)
{
	for (size_t i = 0; i < d->n; i++) {
		const char *path = d->v[i].preshared_file;

		if (path == NULL || gw_key_read(path, d->v[i].preshared) == 0)
			continue;
		if (errno == EILSEQ)
			return gw_fail(sys,
			    "%s is no preshared key; write what wg genpsk "
			    "prints into it",
			    path);
		return gw_fail(sys, "%s: %s", path, strerror(errno));
	}
	return 0;
}

/* What the step wants. 0, or -1 with errno after gw_fail(). */
static int
wanted(struct gw_system *sys, const struct gw_step *s, struct gw_device *out)
{
	const char *path = gw_step_need(s, "key");
	int saved;
	unsigned line;

	*out = (struct gw_device){ .set = 0 };
	out->listen = (uint16_t)strtoul(gw_step_need(s, "listen"), NULL, 10);
	out->mark = (uint32_t)strtoul(gw_step_need(s, "fwmark"), NULL, 0);
	if (gw_key_read(path, out->key) < 0) {
		saved = errno;
		gw_fail(sys, "%s: %s", path,
		    saved == EILSEQ ? "it is no WireGuard key"
				    : strerror(saved));
	} else if (gw_device_read(out, s->text != NULL ? s->text : "", &line) <
		   0) {
		saved = EINVAL;
		gw_fail(sys, "%s: line %u of its peers is wrong",
		    gw_step_need(s, "link"), line);
	} else if (read_preshared(sys, out) < 0) {
		saved = errno;
	} else {
		return 0;
	}
	gw_device_finish(out);
	errno = saved;
	return -1;
}

#define WAIT_S 2

/*
 * Two seconds for each server, once: `status` and `run` ask, too, and may do so
 * while the way to the name servers is what is down. Read anew each time, as
 * glibc looks no more after another resolv.conf once its settings were touched.
 */
static void
be_quick(void)
{
	if (res_init() == 0) {
		_res.retrans = WAIT_S;
		_res.retry = 1;
	}
}

/*
 * Servers that were silent are so for some seconds: the peers of many tunnels
 * shall not wait for them one after the other. That something is wrong with one
 * name is EAI_AGAIN as well, but comes at once.
 */
#define SILENT_MS 10000

static int
look_up(const char *host, struct addrinfo **list)
{
	static uint64_t silent_until_ms;
	const struct addrinfo hints = { .ai_socktype = SOCK_DGRAM,
		.ai_flags = AI_ADDRCONFIG };
	uint64_t start = pd_clock_ms(CLOCK_MONOTONIC), end;
	int err;

	if (start < silent_until_ms)
		return EAI_AGAIN;
	be_quick();
	err = getaddrinfo(host, NULL, &hints, list);
	end = pd_clock_ms(CLOCK_MONOTONIC);
	if (err == EAI_AGAIN && end - start >= WAIT_S * 1000)
		silent_until_ms = end + SILENT_MS;
	return err;
}

static void
resolve(struct gw_peer *p, bool tell)
{
	uint16_t port = p->endpoint.port;
	struct addrinfo *list;
	int err = look_up(p->host, &list);

	if (err != 0) {
		if (tell)
			fprintf(stderr,
			    "warning: %s: %s; its peer cannot be called\n",
			    p->host, gai_strerror(err));
		return;
	}
	p->endpoint = pd_addr_from_sockaddr(list->ai_addr);
	p->endpoint.port = port;
	freeaddrinfo(list);
}

/* What there is to send. */
struct difference {
	struct gw_device change; /* the caller finishes it */
	bool any;                /* there is something */
	bool fresh;              /* nothing was set up before */
};

/* 0; or -1 with errno after gw_fail(). tell: of hosts that have no address. */
static int
compare(struct gw_system *sys, const struct gw_step *s, bool tell,
    struct difference *out)
{
	const char *link = gw_step_need(s, "link");
	struct gw_device want, have;
	int64_t now = (int64_t)time(NULL);

	if (wanted(sys, s, &want) < 0)
		return -1;
	if (gw_device_get(link, &have) < 0) {
		int saved = errno;

		gw_device_finish(&want);
		gw_fail(sys, "%s: its peers cannot be read: %s", link,
		    strerror(saved));
		errno = saved;
		return -1;
	}
	for (size_t i = 0; i < want.n; i++) {
		struct gw_peer *p = &want.v[i];

		if (p->host != NULL &&
		    gw_peer_is_lost(p, gw_device_find(&have, p->key), now))
			resolve(p, tell);
	}
	out->fresh = gw_key_is_zero(have.key);
	out->any = gw_device_difference(&want, &have, now, &out->change);
	gw_device_finish(&want);
	gw_device_finish(&have);
	return 0;
}

static enum gw_state
probe(struct gw_system *sys, const struct gw_step *s)
{
	struct difference d;

	if (compare(sys, s, false, &d) < 0)
		return errno == EPERM || errno == EACCES ? GW_UNSEEN
							 : GW_MISSING;
	gw_device_finish(&d.change);
	if (!d.any)
		return GW_AS_PLANNED;
	return d.fresh ? GW_MISSING : GW_DRIFTED;
}

static int
send_change(
    struct gw_system *sys, const char *link, const struct gw_device *change)
{
	if (gw_device_set(link, change) == 0)
		return 0;
	if (errno == EADDRINUSE)
		return gw_fail(sys,
		    "%s: UDP port %u is taken by another program; choose "
		    "another with listen =, or stop that one",
		    link, change->listen);
	return gw_fail(
	    sys, "%s: its peers cannot be set: %s", link, strerror(errno));
}

static int
make(struct gw_system *sys, const struct gw_step *s)
{
	struct difference d;
	int r = 0;

	if (compare(sys, s, true, &d) < 0)
		return -1;
	if (d.any)
		r = send_change(sys, gw_step_need(s, "link"), &d.change);
	gw_device_finish(&d.change);
	return r;
}

static bool
is_ours(struct gw_system *sys, const char *name)
{
	struct nl_sock *sk = gw_system_route(sys);
	struct rtnl_link *link = NULL;
	const char *alias;
	char tag[GW_TAG];
	bool ours;

	if (sk == NULL || rtnl_link_get_kernel(sk, 0, name, &link) < 0)
		return false;
	alias = rtnl_link_get_ifalias(link);
	ours = alias != NULL && strcmp(alias, gw_system_tag(sys, tag)) == 0;
	rtnl_link_put(link);
	return ours;
}

static int
undo(struct gw_system *sys, const struct gw_step *s)
{
	const char *link = gw_step_need(s, "link");
	struct gw_device have, change;
	struct gw_device want = { .set = 0 };
	int r = 0;

	if (!is_ours(sys, link))
		return 0;
	if (gw_device_get(link, &have) < 0)
		return errno == ENODEV
			   ? 0
			   : gw_fail(sys, "%s: %s", link, strerror(errno));
	/* want.listen is 0: a port that the kernel chooses. */
	if (gw_device_difference(&want, &have, 0, &change))
		r = send_change(sys, link, &change);
	gw_device_finish(&have);
	gw_device_finish(&change);
	return r;
}

const struct gw_kind gw_kind_peers = {
	.name = "peers",
	.describe = describe,
	.probe = probe,
	.make = make,
	.undo = undo,
};
