/*
 * Tunnels of type "ikev2": what iOS, macOS, Windows and Android speak without
 * an app. strongSwan's charon does the talking; the gateway gives it files
 * below RUN-DIR/ikev2 and nothing of the distribution's own.
 *
 * ESP is the kernel's where it has it, else charon's (kernel-libipsec), which
 * passes clients' packets through a TUN device ipsec0. Either way there is no
 * link that is the tunnel's: rules know clients by the pool's addresses, and
 * the tunnel's own address is put on lo.
 */
#include "tunnel/ikev2.h"

#include "authority.h"

#define CHARON "/usr/lib/ipsec/charon"
/* A server's certificate and what its issuer put behind it in the file. */
#define CHAIN_MAX 3

static void
plan_modules(struct gw_plan *p)
{
	static const char *const esp[] = { "esp4", "esp6", "xfrm_user" };

	for (size_t i = 0; p->facts->kernel_esp && i < 3; i++)
		gw_plan_module(p, esp[i]);
	if (!p->facts->kernel_esp)
		gw_plan_module(p, "tun");
}

static void
plan_copy(struct gw_plan *p, const char *path, const char *from,
    const char *mode, const char *part)
{
	gw_plan_add(p, GW_PHASE_FILE, &gw_kind_copy, 1, "path", path, "from",
	    from, "mode", mode, "part", part);
}

/*
 * Where swanctl looks for credentials it takes all that it finds, but of each
 * file the first certificate only.
 */
static void
plan_server(struct gw_plan *p, const struct gw_tunnel *t, const char *authority)
{
	const char *name = gw_ikev2_name(p, t);
	const char *cert = t->certificate, *key = t->certificate_key;

	if (cert == NULL)
		cert = gw_plan_text(p, "%s/%s.crt", authority, t->name);
	if (key == NULL)
		key = gw_plan_text(p, "%s/%s.key", authority, t->name);
	plan_copy(
	    p, gw_plan_run(p, "ikev2/x509/%s.pem", name), cert, "0644", "0");
	for (int i = 1; t->certificate != NULL && i < CHAIN_MAX; i++)
		plan_copy(p, gw_plan_run(p, "ikev2/x509ca/%s+%d.pem", name, i),
		    cert, "0644", gw_plan_text(p, "%d", i));
	plan_copy(
	    p, gw_plan_run(p, "ikev2/private/%s.pem", name), key, "0600", NULL);
}

/* Nobody could come in any more, and all at once. */
static void
note_end(struct gw_plan *p, const struct gw_tunnel *t, const char *path,
    int soon, const char *remedy)
{
	int days = gw_authority_days_left(path);

	if (days < 0)
		gw_plan_note(
		    p, "tunnel %s: %s has ended; %s", t->title, path, remedy);
	else if (days < soon)
		gw_plan_note(p, "tunnel %s: %s ends in %d days; %s", t->title,
		    path, days, remedy);
}

static void
note_ends(struct gw_plan *p, const struct gw_tunnel *t, const char *authority)
{
	if (t->certificate != NULL)
		note_end(p, t, t->certificate, GW_AUTHORITY_BROUGHT_WARN_DAYS,
		    "renew it, and then: pared-gateway up");
	if (t->certificate == NULL || t->auth == GW_AUTH_CERTIFICATE)
		note_end(p, t, gw_plan_text(p, "%s/ca.crt", authority),
		    GW_AUTHORITY_WARN_DAYS,
		    t->auth == GW_AUTH_CERTIFICATE
			? "move its folder away for a new one, and client add "
			  "each client --again"
			: "move its folder away for a new one, and give each "
			  "client what client show then prints");
}

/* Certificates: the server's, and what clients' are known by. */
static void
plan_credentials(struct gw_plan *p, const struct gw_tunnel *t)
{
	const char *authority = gw_plan_state(p, "authority");
	bool needed = t->certificate == NULL || t->auth == GW_AUTH_CERTIFICATE;

	note_ends(p, t, authority);
	if (needed) {
		gw_plan_add(p, GW_PHASE_FILE, &gw_kind_authority, 2, "dir",
		    authority, "server", t->certificate == NULL ? t->name : "");
		plan_copy(p, gw_plan_run(p, "ikev2/x509ca/authority.pem"),
		    gw_plan_text(p, "%s/ca.crt", authority), "0644", NULL);
		plan_copy(p, gw_plan_run(p, "ikev2/x509crl/authority.pem"),
		    gw_plan_text(p, "%s/ca.crl", authority), "0644", NULL);
	}
	plan_server(p, t, authority);
}

static void
plan_addresses(struct gw_plan *p, const struct gw_tunnel *t)
{
	char text[GW_NET_TEXT];

	for (size_t i = 0; i < t->address.n; i++)
		gw_plan_add(p, GW_PHASE_ADDRESS, &gw_kind_address, 2, "dev",
		    "lo", "address", gw_net_text(&t->address.v[i], text));
}

/*
 * To clients. IPsec takes a packet after its route was found, so there has to
 * be one: whichever, as the outer packet finds its own way; the uplink's also
 * where that is not the default route's. What is for a client who is not there
 * would leave by it as it is; that is dropped (the rule) instead.
 *
 * charon's own ESP makes a route for each client; for those who are not there,
 * the pool leads nowhere.
 */
static void
plan_routes(struct gw_plan *p, const struct gw_tunnel *t)
{
	char text[GW_NET_TEXT];

	for (size_t i = 0; i < t->pool.n; i++) {
		struct gw_net base = gw_net_base(&t->pool.v[i]);
		const char *pool = gw_net_text(&base, text);
		bool v6 = base.addr.family == AF_INET6;

		if (!p->facts->kernel_esp) {
			gw_plan_add(p, GW_PHASE_ROUTE, &gw_kind_route, 2, "dst",
			    pool, "table", "main", "type", "unreachable");
			continue;
		}
		gw_plan_add(p, GW_PHASE_ROUTE, &gw_kind_route, 2, "dst", pool,
		    "table", "main", "dev",
		    gw_plan_uplink(p, base.addr.family));
		gw_rule(p->rules, GW_CHAIN_FORWARD, GW_RULE_REFUSE,
		    "%s daddr %s rt ipsec missing drop", v6 ? "ip6" : "ip",
		    pool);
	}
}

static void
plan_tunnel(struct gw_plan *p, const struct gw_tunnel *t)
{
	plan_credentials(p, t);
	plan_addresses(p, t);
	plan_routes(p, t);
}

static const char *
sum(struct gw_plan *p, const char *text)
{
	return gw_plan_text(p, "%016jx", (uintmax_t)gw_hash(GW_HASH, text));
}

/* What it must have when it was loaded. Of very many tunnels the first do. */
static void
name_connections(struct gw_plan *p, struct gw_step *s)
{
	for (size_t i = 0, n = 0;
	     i < p->conf->ntunnels && s->nargs < GW_ARGS_MAX - 4; i++) {
		const struct gw_tunnel *t = &p->conf->tunnels[i];

		if (t->type == GW_IKEV2)
			gw_step_set(s, p->arena,
			    gw_plan_text(p, "conn%zu", n++),
			    gw_ikev2_name(p, t));
	}
}

/*
 * charon, and what it is told. The settings' hash makes it start anew with
 * others; connections and passwords are loaded into the running one.
 */
static void
plan_daemon(struct gw_plan *p)
{
	const char *settings = gw_plan_run(p, "ikev2/strongswan.conf");
	const char *settings_text = gw_ikev2_strongswan_conf(p);
	const char *conf = gw_ikev2_swanctl_conf(p);
	const char *clients = gw_ikev2_clients(p);
	const char *const argv[] = { CHARON, NULL };
	const char *dir = gw_plan_run(p, "ikev2");
	struct gw_step *s;

	gw_plan_file(p, settings, 0644, settings_text);
	gw_plan_file(p, gw_plan_run(p, "ikev2/swanctl.conf"), 0600, conf);
	gw_plan_file(p, gw_plan_run(p, "ikev2/clients"), 0600, clients);
	gw_plan_add(p, GW_PHASE_DAEMON, &gw_kind_ipsec, 1, "dir", dir);
	s = gw_plan_daemon(p, GW_PHASE_DAEMON, "charon", argv,
	    gw_plan_text(p, "STRONGSWAN_CONF=%s", settings),
	    gw_plan_text(p, "%s/vici", dir));
	gw_step_set(s, p->arena, "settings", sum(p, settings_text));
	s = gw_plan_add(p, GW_PHASE_DAEMON, &gw_kind_load, 1, "dir", dir,
	    "hash", sum(p, gw_plan_text(p, "%s%s", conf, clients)));
	name_connections(p, s);
}

void
gw_ikev2_plan(struct gw_plan *p)
{
	bool any = false;

	for (size_t i = 0; i < p->conf->ntunnels; i++) {
		const struct gw_tunnel *t = &p->conf->tunnels[i];

		if (t->type != GW_IKEV2)
			continue;
		plan_tunnel(p, t);
		any = true;
	}
	if (any) {
		plan_modules(p);
		plan_daemon(p);
	}
}
