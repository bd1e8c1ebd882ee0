/*
 * Tunnels of type "pptp": for a device that speaks nothing else. Who records
 * the traffic can read it later (MS-CHAPv2 falls to one DES key, 2^56 trials),
 * so the configuration has to say i-know-it-is-broken, and every command that
 * plans says it again.
 *
 * pptpd takes the connections and starts a pppd for each. All that they read
 * is below RUN-DIR but the passwords: pppd knows one file for these, in which
 * our clients stand as a marked block.
 */
#include "tunnel/pptp.h"

#include <string.h>
#include <unistd.h>

#include "plan.h"
#include "tunnel/mschap.h"

#define SECRETS "/etc/ppp/chap-secrets"
#define MTU     1400 /* bytes; GRE, PPP and MPPE around them fit into 1500 */
/* pppd tells a client of two resolvers at most (RFC 1877). */
#define DNS_MAX 2

/* What pppd calls us: no password that stands there for another server of this
 * machine opens ours, and none of ours opens that. */
static const char *
server_name(struct gw_plan *p)
{
	return gw_plan_text(p, "pared-gateway-%s", p->conf->name);
}

static const char *
unusable(const struct gw_client *c)
{
	if (c->address.n != 1 || c->address.v[0].first.family != AF_INET)
		return "it needs an address of the pool; add it anew";
	/* pppd takes the name of a file for it, whatever the quotes. */
	if (c->password != NULL && strncmp(c->password, "@/", 2) == 0)
		return "its password begins with @/, which pppd takes for the "
		       "name of a file";
	return gw_mschap_unusable(c->password);
}

static const char *
secrets(struct gw_plan *p, const struct gw_tunnel *t)
{
	const struct gw_client *c = NULL;
	const char *text = "", *why;
	char address[PD_ADDR_TEXT];

	while ((c = gw_clients_next(p->clients, t, c)) != NULL) {
		why = unusable(c);
		if (why != NULL) {
			gw_plan_note(
			    p, "client %s cannot come in: %s", c->name, why);
			continue;
		}
		text = gw_plan_text(p, "%s%s %s %s %s\n", text,
		    gw_plan_quote(p, c->name), gw_plan_quote(p, server_name(p)),
		    gw_plan_quote(p, c->password),
		    pd_addr_text(&c->address.v[0].first, address));
	}
	return text;
}

static void
plan_secrets(struct gw_plan *p, const struct gw_tunnel *t)
{
	struct gw_step *s =
	    gw_plan_add(p, GW_PHASE_FILE, &gw_kind_block, 1, "path", SECRETS);

	s->text = secrets(p, t);
	s->secret = true;
}

static const char *
dns_lines(struct gw_plan *p, const struct gw_tunnel *t)
{
	const char *text = "";
	char address[PD_ADDR_TEXT];
	struct pd_addr a;
	unsigned n = 0;

	if (t->dns_self && t->address.n > 0) {
		text = gw_plan_text(p, "ms-dns %s\n",
		    pd_addr_text(&t->address.v[0].addr, address));
		n++;
	}
	for (size_t i = 0; i < t->dns.n && n < DNS_MAX; i++) {
		if (pd_addr_parse(pd_str_z(t->dns.v[i]), &a) < 0 ||
		    a.family != AF_INET)
			continue;
		text = gw_plan_text(
		    p, "%sms-dns %s\n", text, pd_addr_text(&a, address));
		n++;
	}
	return text;
}

/*
 * MS-CHAPv2 and MPPE with 128 bits or nothing, and no compression beside MPPE,
 * which stands in the compressors' place. The far end's address is the one that
 * stands beside its password. What pppd has to say goes to syslog alone: a
 * logfile would grow for as long as the gateway is up.
 */
static const char *
options(struct gw_plan *p, const struct gw_tunnel *t)
{
	char local[PD_ADDR_TEXT];
	int mtu = t->mtu > 0 ? (int)t->mtu : MTU;

	return gw_plan_text(p,
	    "name %s\n"
	    "auth\n"
	    "refuse-pap\n"
	    "refuse-chap\n"
	    "refuse-mschap\n"
	    "refuse-eap\n"
	    "require-mschap-v2\n"
	    "require-mppe-128\n"
	    "nobsdcomp\n"
	    "nodeflate\n"
	    "novj\n"
	    "noipv6\n"
	    "noproxyarp\n"
	    "nodefaultroute\n"
	    "lcp-echo-interval 30\n"
	    "lcp-echo-failure 4\n"
	    "mtu %d\n"
	    "mru %d\n"
	    "%s"
	    "%s:\n",
	    server_name(p), mtu, mtu, dns_lines(p, t),
	    pd_addr_text(&t->address.v[0].addr, local));
}

static unsigned
pool_size(const struct gw_tunnel *t)
{
	uint32_t first, last;

	memcpy(&first, t->pool_range.first.ip, sizeof(first));
	memcpy(&last, t->pool_range.last.ip, sizeof(last));
	return ntohl(last) - ntohl(first) + 1;
}

/* pptpd's own words have no quotes: a line ends them. */
static const char *
server_conf(struct gw_plan *p, const struct gw_tunnel *t)
{
	char local[PD_ADDR_TEXT];
	const char *listen = t->local.family == 0
				 ? ""
				 : gw_plan_text(p, "listen %s\n",
				       pd_addr_text(&t->local, local));

	return gw_plan_text(p,
	    "option %s\n"
	    "pidfile %s\n"
	    "%s"
	    "delegate\n"
	    "connections %u\n",
	    gw_plan_run(p, "pptp/options"), gw_plan_run(p, "pptp/pptpd.pid"),
	    listen, pool_size(t));
}

/* This program; another one that links it (a test) names the installed one. */
static const char *
program(struct gw_plan *p)
{
	static const char deleted[] = " (deleted)";
	char path[4096];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);
	const char *name;

	path[n > 0 ? n : 0] = '\0';
	/* The kernel says so after the name of one that was replaced, as by an
	 * upgrade; the new one is at its place. */
	n -= (ssize_t)strlen(deleted);
	if (n > 0 && strcmp(path + n, deleted) == 0)
		path[n] = '\0';
	name = strrchr(path, '/');
	if (name == NULL ||
	    strncmp(name, "/pared-gateway", strlen("/pared-gateway")) != 0)
		return "pared-gateway";
	return pd_arena_strdup(p->arena, path);
}

/* As a shell's word: between apostrophes everything but one is itself. */
static const char *
shell_word(struct gw_plan *p, const char *word)
{
	const char *text = "'", *at;

	while ((at = strchr(word, '\'')) != NULL) {
		text = gw_plan_text(
		    p, "%s%.*s'\\''", text, (int)(at - word), word);
		word = at + 1;
	}
	return gw_plan_text(p, "%s%s'", text, word);
}

/*
 * run-parts, which calls what is in the directories, takes no name that holds a
 * dot. It reads the configuration that is in force: where the file was given
 * from means nothing to pppd.
 */
static void
plan_hook(struct gw_plan *p, const char *event, const char *word)
{
	char *name = pd_arena_strdup(p->arena, p->conf->name);

	for (char *dot = strchr(name, '.'); dot != NULL; dot = strchr(dot, '.'))
		*dot = '_';
	gw_plan_file(p,
	    gw_plan_text(p, "/etc/ppp/%s.d/pared-gateway-%s", event, name),
	    0755,
	    gw_plan_text(p,
		"#!/bin/sh\n# pared-gateway %s\nexec %s hook %s -c %s\n",
		p->conf->name, shell_word(p, program(p)), word,
		shell_word(p, gw_plan_run(p, "applied.conf"))));
}

static void
plan_tunnel(struct gw_plan *p, const struct gw_tunnel *t)
{
	static const char *const modules[] = { "ppp_generic", "ppp_async",
		"ppp_mppe" };
	const char *conf = gw_plan_run(p, "pptp/pptpd.conf");
	const char *conf_text = server_conf(p, t), *settings = options(p, t);
	const char *const argv[] = { "pptpd", "--fg", "--conf", conf, NULL };
	struct gw_step *s;

	gw_plan_note(p,
	    "tunnel %s: PPTP's encryption is broken: who records the traffic "
	    "can read it; use WireGuard or IKEv2 for every device that can",
	    t->title);
	for (size_t i = 0; i < 3; i++)
		gw_plan_module(p, modules[i]);
	gw_plan_file(p, conf, 0644, conf_text);
	gw_plan_file(p, gw_plan_run(p, "pptp/options"), 0644, settings);
	plan_secrets(p, t);
	plan_hook(p, "ip-up", "ppp-up");
	plan_hook(p, "ip-down", "ppp-down");
	s = gw_plan_daemon(p, GW_PHASE_DAEMON, "pptpd", argv, NULL,
	    gw_plan_run(p, "pptp/pptpd.pid"));
	gw_step_set(s, p->arena, "settings",
	    gw_plan_text(p, "%016jx",
		(uintmax_t)gw_hash(gw_hash(GW_HASH, conf_text), settings)));
}

void
gw_pptp_plan(struct gw_plan *p)
{
	for (size_t i = 0; i < p->conf->ntunnels; i++) {
		if (p->conf->tunnels[i].type == GW_PPTP)
			plan_tunnel(p, &p->conf->tunnels[i]);
	}
}
