/*
 * Names for clients: unbound, on our addresses in the tunnels whose clients are
 * told to ask us (dns = "self"), and on the NAT64 network. It asks the
 * resolvers that the file names or, when it names none, the world itself, and
 * then checks signatures from the root down.
 *
 * Names that no client shall reach come from a file that `pared lists export`
 * wrote (kind "names" takes the names out of it); they get 0.0.0.0 and ::, at
 * which a browser gives up at once. This reaches what no proxy sees: apps with
 * pinned certificates, encrypted client hellos.
 *
 * A new list takes a new start of unbound (a tenth of a second, and 1.4 s for
 * 277,000 names): it reads its files again as a user who may not enter the run
 * directory, and would end.
 *
 * DNS64 would make addresses up for clients who have IPv4, and its module
 * stands in the way of all questions of a daemon: where there are both kinds of
 * clients, two daemons run.
 */
#include "plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

/* One daemon. */
struct asked {
	struct gw_plan *p;
	bool dns64;
	const char *name; /* and its directory's */
	FILE *out;
};

/* Digests of the root's keys of 2017 and 2024 (IANA, root-anchors.xml). They
 * are needed by who asks the world itself; the file that distributions ship is
 * in a package of its own, which may be missing. */
static const char anchors[] =
    "    trust-anchor: \". DS 20326 8 2 "
    "E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D\"\n"
    "    trust-anchor: \". DS 38696 8 2 "
    "683D2D0ACB8C9B712A1948B27F741219298D0A450D612C483AF444A4C0FB2B16\"\n";

/* What unbound would otherwise answer by itself, and reverse names with it:
 * "no such name" (RFC 6303, 6761). */
static const char *const private_names[] = {
	"test.",
	"internal.",
	"home.arpa.",
	"lan.",
	"home.",
	"corp.",
	"10.in-addr.arpa.",
	"168.192.in-addr.arpa.",
	"d.f.ip6.arpa.",
};

/* Addresses that no name of the world stands for: one that does is somebody's
 * way around a browser's same-origin rule (DNS rebinding). */
static const char *const private_nets[] = {
	"10.0.0.0/8",
	"172.16.0.0/12",
	"192.168.0.0/16",
	"169.254.0.0/16",
	"fd00::/8",
	"fe80::/10",
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static bool
asks(const struct asked *a, const struct gw_tunnel *t)
{
	return !a->dns64 && t->dns_self && t->address.n > 0;
}

/* ---- who may ask ---- */

static void
allow(const struct asked *a, const struct gw_net *net, const char *view)
{
	struct gw_net base = gw_net_base(net);
	char buf[GW_NET_TEXT];

	/* A peer that is the way to everywhere is not everybody's neighbour. */
	if (base.len == 0)
		return;
	gw_net_text(&base, buf);
	fprintf(a->out, "    access-control: %s allow\n", buf);
	fprintf(a->out, "    access-control-view: %s %s\n", buf, view);
}

/* A range of IPv4 addresses as networks, from its low end, each the largest
 * that begins there and does not go beyond the high end. */
static void
allow_range(
    const struct asked *a, const struct pd_prefix *range, const char *view)
{
	const uint8_t *f = range->first.ip, *l = range->last.ip;
	uint64_t at = (uint32_t)f[0] << 24 | f[1] << 16 | f[2] << 8 | f[3];
	uint64_t end = (uint32_t)l[0] << 24 | l[1] << 16 | l[2] << 8 | l[3];

	if (range->first.family != AF_INET)
		return;
	while (at <= end) {
		struct gw_net net = { .addr = { .family = AF_INET },
			.len = 32 };
		uint64_t size = 1;

		for (int i = 0; i < 4; i++)
			net.addr.ip[i] = (uint8_t)(at >> (24 - 8 * i));
		while (net.len > 1 && at % (2 * size) == 0 &&
		       at + 2 * size - 1 <= end) {
			size *= 2;
			net.len--;
		}
		allow(a, &net, view);
		at += size;
	}
}

static void
allow_all(const struct asked *a, const struct gw_nets *nets, const char *view)
{
	for (size_t i = 0; i < nets->n; i++)
		allow(a, &nets->v[i], view);
}

static void
listen_on(const struct asked *a, const struct pd_addr *addr)
{
	char buf[PD_ADDR_TEXT];

	fprintf(a->out, "    interface: %s\n", pd_addr_text(addr, buf));
}

static void
write_clients(const struct asked *a)
{
	const struct gw_config *conf = a->p->conf;

	if (a->dns64) {
		listen_on(a, &conf->nat64.lan.addr);
		allow(a, &conf->nat64.lan, "nat64");
	}
	for (size_t i = 0; i < conf->ntunnels; i++) {
		const struct gw_tunnel *t = &conf->tunnels[i];

		if (!asks(a, t))
			continue;
		for (size_t j = 0; j < t->address.n; j++)
			listen_on(a, &t->address.v[j].addr);
		allow_all(a, &t->address, t->title);
		allow_all(a, &t->allowed, t->title);
		allow_all(a, &t->pool, t->title);
		allow_range(a, &t->pool_range, t->title);
		for (size_t j = 0; j < t->ndp_proxy.n; j++)
			allow(a,
			    &(struct gw_net){
				.addr = t->ndp_proxy.v[j].first, .len = 128 },
			    t->title);
	}
}

/* ---- names of our own ---- */

static void
write_name(const struct asked *a, const char *name, const struct pd_addr *addr)
{
	char buf[PD_ADDR_TEXT];

	fprintf(a->out, "    local-data: \"%s 60 IN %s %s\"\n", name,
	    addr->family == AF_INET ? "A" : "AAAA", pd_addr_text(addr, buf));
}

/*
 * Each tunnel's clients get our address in their own tunnel. The names of
 * proxy discovery are those under the domains that machines without one
 * believe to be in; answering them sets the proxy of whoever asks.
 */
static void
write_view(
    const struct asked *a, const char *title, const struct gw_net *v, size_t n)
{
	static const char *const wpad[] = { "wpad.", "wpad.internal.",
		"wpad.lan.", "wpad.home.arpa." };
	bool has[2] = { false, false };

	fprintf(
	    a->out, "view:\n    name: \"%s\"\n    view-first: yes\n", title);
	for (size_t i = 0; i < n; i++) {
		const struct pd_addr *addr = &v[i].addr;
		bool *first = &has[addr->family == AF_INET6];

		if (*first)
			continue;
		*first = true;
		write_name(a, "pared.internal.", addr);
		for (size_t j = 0; a->p->conf->wpad && j < COUNT(wpad); j++)
			write_name(a, wpad[j], addr);
	}
}

static void
write_views(const struct asked *a)
{
	const struct gw_config *conf = a->p->conf;

	if (a->dns64)
		write_view(a, "nat64", &conf->nat64.lan, 1);
	for (size_t i = 0; i < conf->ntunnels; i++) {
		const struct gw_tunnel *t = &conf->tunnels[i];

		if (asks(a, t))
			write_view(a, t->title, t->address.v, t->address.n);
	}
}

/* ---- whom it asks, and what it makes of the answers ---- */

static bool
is_loopback(const char *server)
{
	struct pd_str rest = pd_str_z(server);
	struct pd_addr addr;

	return pd_addr_parse(pd_str_split(&rest, '@'), &addr) == 0 &&
	       pd_addr_kind(&addr) == PD_ADDR_LOOPBACK;
}

static void
write_privacy(const struct asked *a)
{
	const struct gw_resolver *r = &a->p->conf->resolver;

	for (size_t i = 0; !r->private_names && i < COUNT(private_nets); i++)
		fprintf(a->out, "    private-address: %s\n", private_nets[i]);
	for (size_t i = 0; r->private_names && i < COUNT(private_names); i++)
		fprintf(a->out,
		    "    local-zone: \"%s\" nodefault\n"
		    "    domain-insecure: \"%s\"\n",
		    private_names[i], private_names[i]);
}

/*
 * Signatures are checked by who asks the world itself. A resolver that is
 * asked instead has done so, or cannot be asked for what it takes, as those of
 * companies and hotels.
 */
static void
write_modules(const struct asked *a)
{
	const struct gw_config *conf = a->p->conf;
	bool validates = conf->resolver.forward.n == 0;
	char buf[GW_NET_TEXT];

	fprintf(a->out, "    module-config: \"%s%siterator\"\n",
	    a->dns64 ? "dns64 " : "", validates ? "validator " : "");
	if (validates)
		fputs(anchors, a->out);
	if (!a->dns64)
		return;
	fprintf(a->out, "    dns64-prefix: %s\n",
	    gw_net_text(&conf->nat64.prefix, buf));
	/* Without a way out by IPv6 only what is translated is reached. */
	if (!a->p->facts->ipv6_default)
		fputs("    dns64-ignore-aaaa: \".\"\n", a->out);
}

static void
write_servers(const struct asked *a)
{
	const struct pd_strings *forward = &a->p->conf->resolver.forward;

	if (forward->n == 0)
		return;
	fputs("forward-zone:\n    name: \".\"\n", a->out);
	for (size_t i = 0; i < forward->n; i++)
		fprintf(a->out, "    forward-addr: %s\n", forward->v[i]);
}

static bool
asks_loopback(const struct asked *a)
{
	const struct pd_strings *forward = &a->p->conf->resolver.forward;

	for (size_t i = 0; i < forward->n; i++) {
		if (is_loopback(forward->v[i]))
			return true;
	}
	return false;
}

/* ---- the whole ---- */

static void
write_server(const struct asked *a, const char *names)
{
	const struct gw_facts *facts = a->p->facts;

	fprintf(a->out,
	    "server:\n"
	    "    directory: \"%s\"\n"
	    "    chroot: \"\"\n"
	    "    username: \"%s\"\n"
	    "    pidfile: \"\"\n"
	    "    use-syslog: no\n"
	    "    logfile: \"\"\n"
	    /* Links may come later than their addresses are asked for. */
	    "    ip-freebind: yes\n"
	    "    hide-identity: yes\n"
	    "    hide-version: yes\n"
	    "    harden-glue: yes\n"
	    "    harden-dnssec-stripped: yes\n"
	    "    harden-below-nxdomain: yes\n"
	    "    qname-minimisation: yes\n"
	    "    minimal-responses: yes\n"
	    "    unwanted-reply-threshold: 10000000\n"
	    "    prefetch: yes\n"
	    "    do-not-query-localhost: %s\n"
	    "%s",
	    gw_plan_run(a->p, "%s", a->name),
	    facts->unbound_user ? "unbound" : "nobody",
	    asks_loopback(a) ? "no" : "yes",
	    facts->ipv6_default ? "" : "    prefer-ip4: yes\n");
	write_clients(a);
	write_privacy(a);
	write_modules(a);
	if (names != NULL)
		fprintf(a->out, "    include: \"%s\"\n", names);
	fprintf(a->out,
	    "remote-control:\n"
	    "    control-enable: yes\n"
	    "    control-interface: \"%s\"\n",
	    gw_plan_run(a->p, "%s/control", a->name));
	write_views(a);
	write_servers(a);
}

/* names: the list's, NULL: none. stamp: another one means another list, with
 * which unbound has to start anew. */
static void
add_daemon(struct gw_plan *p, bool dns64, const char *names, const char *stamp)
{
	const char *name = dns64 ? "unbound64" : "unbound";
	const char *path = gw_plan_run(p, "%s/unbound.conf", name);
	const char *argv[] = { "unbound", "-d", "-p", "-c", path, NULL };
	struct asked a = { .p = p, .dns64 = dns64, .name = name };
	char *text = NULL;
	size_t n = 0;

	a.out = open_memstream(&text, &n);
	if (a.out == NULL)
		abort();
	write_server(&a, names);
	if (fclose(a.out) != 0)
		abort();
	gw_plan_file(p, path, 0644, text);
	gw_plan_daemon_reads(p,
	    gw_plan_daemon(p, GW_PHASE_DAEMON, name, argv, NULL,
		gw_plan_run(p, "%s/control", name)),
	    gw_plan_text(p, "%s%s", text, stamp));
	free(text);
}

/*
 * The file's size and age. This is all that a plan looks at on disk, and needs
 * no privilege: a list that is not there yet must not keep names from
 * resolving, and unbound would not start with it.
 */
static const char *
stamp_of(struct gw_plan *p, const char *blocklist)
{
	struct stat st;

	if (blocklist == NULL)
		return NULL;
	if (stat(blocklist, &st) != 0) {
		gw_plan_note(p,
		    "resolver: %s is not there: no name is blocked; make it "
		    "with pared lists export --output %s",
		    blocklist, blocklist);
		return NULL;
	}
	return gw_plan_text(p, "%jd %jd.%09ld", (intmax_t)st.st_size,
	    (intmax_t)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
}

void
gw_resolver_plan(struct gw_plan *p)
{
	const struct gw_config *conf = p->conf;
	bool dns64 = conf->nat64.present && conf->nat64.resolve;
	struct asked plain = { .p = p };
	const char *stamp, *names = NULL;
	bool any = false;

	for (size_t i = 0; i < conf->ntunnels; i++)
		any = any || asks(&plain, &conf->tunnels[i]);
	if (!any && !dns64) {
		if (conf->resolver.present)
			gw_plan_note(p,
			    "resolver: nobody asks it; write dns = {\"self\"} "
			    "in the tunnel whose clients shall");
		return;
	}
	stamp = stamp_of(p, conf->resolver.blocklist);
	if (stamp != NULL) {
		names = gw_plan_run(p, "blocked.conf");
		gw_plan_add(p, GW_PHASE_FILE, &gw_kind_names, 1, "path", names,
		    "from", conf->resolver.blocklist, "stamp", stamp);
	}
	for (int i = 0; i < 2; i++) {
		if (i == 0 ? any : dns64)
			add_daemon(
			    p, i == 1, names, stamp != NULL ? stamp : "");
	}
}
