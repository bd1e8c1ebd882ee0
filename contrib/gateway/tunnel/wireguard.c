/*
 * WireGuard tunnels: key, link, peers, addresses, and routes to what a peer
 * holds beyond the network of our own address.
 *
 * A tunnel has clients of the store, or the one far end that its section
 * names (peer), or both.
 */
#include "tunnel/wireguard.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "plan.h"
#include "tunnel/device.h"

/* Outer packets over IPv6: 40 of IP, 8 of UDP, 32 of WireGuard. */
#define OVERHEAD 80
#define MTU_MAX  1420
/* What IPv6 needs on any link (RFC 8200, 5). */
#define MTU_MIN 1280

unsigned
gw_wireguard_mtu(const struct gw_tunnel *t, unsigned uplink_mtu)
{
	if (t->mtu > 0)
		return (unsigned)t->mtu;
	if (uplink_mtu == 0 || uplink_mtu >= MTU_MAX + OVERHEAD)
		return MTU_MAX;
	return uplink_mtu < MTU_MIN + OVERHEAD ? MTU_MIN
					       : uplink_mtu - OVERHEAD;
}

char *
gw_wireguard_key_path(const struct gw_config *c, const struct gw_tunnel *t)
{
	char *path;

	if (t->key != NULL)
		return pd_xstrdup(t->key);
	if (asprintf(&path, "%s/%s/%s.key", c->state_dir, c->name, t->title) <
	    0)
		abort();
	return path;
}

/* The first 16 digits of SHA-256. Keys in the text have 256 bits each: nobody
 * guesses them by it. */
static const char *
hash(struct gw_plan *p, const char *text)
{
	unsigned char md[EVP_MAX_MD_SIZE];
	char hex[17];
	unsigned len;

	if (EVP_Digest(text, strlen(text), md, &len, EVP_sha256(), NULL) != 1)
		abort();
	for (int i = 0; i < 8; i++)
		snprintf(hex + 2 * i, 3, "%02x", md[i]);
	return pd_arena_strdup(p->arena, hex);
}

/* The section's own far end. */
static void
write_far_end(const struct gw_tunnel *t, FILE *f)
{
	fprintf(f, "peer %s", t->peer);
	for (size_t i = 0; i < t->allowed.n; i++) {
		struct gw_net base = gw_net_base(&t->allowed.v[i]);
		char net[GW_NET_TEXT];

		fprintf(f, "%s%s", i == 0 ? " allowed " : ",",
		    gw_net_text(&base, net));
	}
	if (t->endpoint != NULL)
		fprintf(f, " endpoint %s", t->endpoint);
	if (t->keepalive > 0)
		fprintf(f, " keepalive %u", (unsigned)t->keepalive);
	if (t->preshared != NULL)
		fprintf(f, " psk-file %s", t->preshared);
	fputc('\n', f);
}

static bool
is_taken(const struct gw_peer *p, const struct gw_peer *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (memcmp(v[i].key, p->key, GW_KEY_LEN) == 0)
			return true;
		for (size_t a = 0; a < p->allowed.n; a++) {
			for (size_t b = 0; b < v[i].allowed.n; b++) {
				if (pd_addr_equal(&p->allowed.v[a].addr,
					&v[i].allowed.v[b].addr))
					return true;
			}
		}
	}
	return false;
}

static void
add_client(struct gw_plan *p, struct gw_device *d, const struct gw_client *cl)
{
	struct gw_peer *peer = gw_device_add(d);

	peer->name = pd_xstrdup(cl->name);
	for (size_t i = 0; i < cl->address.n; i++) {
		const struct pd_addr *a = &cl->address.v[i].first;
		struct gw_net net = { *a, a->family == AF_INET ? 32 : 128 };

		gw_peer_allow(peer, &net);
	}
	if (cl->public_key == NULL ||
	    gw_key_parse(cl->public_key, peer->key) < 0 ||
	    (cl->preshared_key != NULL &&
		gw_key_parse(cl->preshared_key, peer->preshared) < 0))
		gw_plan_note(p,
		    "client %s is left out: it has no good key; make it anew "
		    "with client add %s --again",
		    cl->name, cl->name);
	else if (is_taken(peer, d->v, d->n - 1))
		gw_plan_note(p,
		    "client %s is left out: its key or address is another "
		    "client's; make it anew with client add %s --again",
		    cl->name, cl->name);
	else
		return;
	free(peer->name);
	free(peer->allowed.v);
	memset(peer, 0, sizeof(*peer));
	d->n--;
}

/* All peers as text, in the plan's arena. */
static const char *
peers_text(struct gw_plan *p, const struct gw_tunnel *t, size_t *n)
{
	struct gw_device d = { .set = 0 };
	const struct gw_client *cl = NULL;
	char *text, *kept;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	if (f == NULL)
		abort();
	if (t->peer != NULL)
		write_far_end(t, f);
	while ((cl = gw_clients_next(p->clients, t, cl)) != NULL)
		add_client(p, &d, cl);
	for (size_t i = 0; i < d.n; i++)
		gw_peer_write(&d.v[i], f);
	*n = d.n + (t->peer != NULL);
	gw_device_finish(&d);
	if (fclose(f) != 0)
		abort();
	kept = pd_arena_strdup(p->arena, text);
	free(text);
	return kept;
}

static void
add_peers(struct gw_plan *p, const struct gw_tunnel *t, const char *key,
    const char *mark)
{
	size_t n;
	const char *text = peers_text(p, t, &n);
	struct gw_step *s = gw_plan_add(p, GW_PHASE_PEER, &gw_kind_peers, 2,
	    "link", t->link, "listen",
	    gw_plan_text(p, "%u", (unsigned)t->listen), "key", key, "peers",
	    gw_plan_text(p, "%zu", n), "hash", hash(p, text), "fwmark", mark);

	s->text = text;
	s->secret = true;
}

static bool
is_within(const struct gw_tunnel *t, const struct gw_net *net)
{
	for (size_t i = 0; i < t->address.n; i++) {
		if (t->address.v[i].len <= net->len &&
		    gw_net_holds(&t->address.v[i], &net->addr))
			return true;
	}
	return false;
}

/* Everything (a length of 0) goes in only where default-route says so: the
 * node behind a slim edge takes packets from anywhere, and keeps its own way
 * out. */
static void
add_routes(struct gw_plan *p, const struct gw_tunnel *t)
{
	for (size_t i = 0; t->peer != NULL && i < t->allowed.n; i++) {
		struct gw_net base = gw_net_base(&t->allowed.v[i]);
		char net[GW_NET_TEXT];

		if (base.len == 0 || is_within(t, &base))
			continue;
		gw_plan_add(p, GW_PHASE_ROUTE, &gw_kind_route, 2, "dst",
		    gw_net_text(&base, net), "table", "main", "dev", t->link);
	}
}

static void
plan_tunnel(struct gw_plan *p, const struct gw_tunnel *t)
{
	char *path = gw_wireguard_key_path(p->conf, t);
	const char *key = pd_arena_strdup(p->arena, path);
	const char *mark = NULL;

	free(path);
	gw_plan_module(p, "wireguard");
	/* The kernel's WireGuard sets this for the whole machine as its link
	 * comes up (Linux 6.1, tried), and never back. As a step it is
	 * written down before, and restored. */
	gw_plan_sysctl(
	    p, GW_PHASE_GUARD, "net/ipv4/conf/all/send_redirects", "0");
	if (t->key == NULL)
		gw_plan_add(p, GW_PHASE_FILE, &gw_kind_key, 1, "path", key);
	gw_plan_add(p, GW_PHASE_LINK, &gw_kind_link, 1, "name", t->link, "kind",
	    "wireguard", "mtu",
	    gw_plan_text(p, "%u", gw_wireguard_mtu(t, p->facts->uplink_mtu)));
	if (t->default_route)
		mark = gw_default_route_plan(p, t);
	add_peers(p, t, key, mark);
	for (size_t i = 0; i < t->address.n; i++) {
		char net[GW_NET_TEXT];

		gw_plan_add(p, GW_PHASE_ADDRESS, &gw_kind_address, 2, "dev",
		    t->link, "address", gw_net_text(&t->address.v[i], net),
		    "nodad",
		    t->address.v[i].addr.family == AF_INET6 ? "1" : NULL);
	}
	add_routes(p, t);
}

void
gw_wireguard_plan(struct gw_plan *p)
{
	for (size_t i = 0; i < p->conf->ntunnels; i++) {
		if (p->conf->tunnels[i].type == GW_WIREGUARD)
			plan_tunnel(p, &p->conf->tunnels[i]);
	}
}
