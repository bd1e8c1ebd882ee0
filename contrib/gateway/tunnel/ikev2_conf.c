/*
 * What charon and swanctl are given to read.
 *
 * Both files are of one syntax, in which a double-quoted text takes '"' and '\'
 * after a '\'. Passwords are written as hexadecimal numbers, which swanctl
 * takes for any secret, so that none of their bytes can mean anything.
 */
#include "tunnel/ikev2.h"

#include <stdlib.h>
#include <string.h>

#include "tunnel/mschap.h"

/*
 * Strong ones that every system has. iOS and macOS offer AES-256 with SHA-256
 * and MODP-2048 unless a profile says more; Windows, whose own first offer is
 * MODP-1024, is told ECP-256 or MODP-2048 by the .ps1; Android 11 to 16 offer
 * AES-GCM or CBC with MODP-2048 and up, later also X25519.
 *
 * charon takes the first of its own that the other offers as well.
 */
static const char ike_proposals[] =
    "aes256gcm16-aes128gcm16-chacha20poly1305-prfsha384-prfsha256-"
    "x25519-ecp384-ecp256-modp3072-modp2048,"
    "aes256-aes128-sha384-sha256-"
    "x25519-ecp384-ecp256-modp3072-modp2048";
/* When a client renews the keys of its data, it may or may not bring a fresh
 * exchange along (iOS does only when its profile says so): both are taken. */
static const char esp_proposals[] =
    "aes256gcm16-aes128gcm16-chacha20poly1305-x25519-ecp384-ecp256-modp2048,"
    "aes256gcm16-aes128gcm16-chacha20poly1305,"
    "aes256-aes128-sha384-sha256-x25519-ecp384-ecp256-modp2048,"
    "aes256-aes128-sha384-sha256";

/* A text as both files take it, with its quotes. */
static const char *
quote(struct gw_plan *p, const char *text)
{
	char *out = pd_arena_alloc(p->arena, 2 * strlen(text) + 3), *at = out;

	*at++ = '"';
	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\')
			*at++ = '\\';
		*at++ = *text;
	}
	*at++ = '"';
	*at = '\0';
	return out;
}

/* Any bytes as a secret. */
static const char *
hex(struct gw_plan *p, const char *text)
{
	static const char digits[] = "0123456789abcdef";
	char *out = pd_arena_alloc(p->arena, 2 * strlen(text) + 3), *at = out;

	*at++ = '0';
	*at++ = 'x';
	for (; *text != '\0'; text++) {
		*at++ = digits[(unsigned char)*text >> 4];
		*at++ = digits[(unsigned char)*text & 15];
	}
	*at = '\0';
	return out;
}

/*
 * No rule 220 and no routes of charon's own: they outlive it when it is killed
 * (routes of kernel-libipsec go with its device, and it makes them anyway).
 * What it says goes to standard error and so to the log that the gateway keeps:
 * standard output, for which flush_line does nothing, would be 4 KiB late. It
 * is named one plugin after the other, so that what a distribution enables
 * beside is not loaded: bypass-lan, for one, would leave neighbours outside of
 * the tunnel.
 */
const char *
gw_ikev2_strongswan_conf(struct gw_plan *p)
{
	const char *esp = p->facts->kernel_esp
			      ? "kernel-netlink"
			      : "kernel-libipsec kernel-netlink";
	const char *socket =
	    gw_plan_text(p, "unix://%s", gw_plan_run(p, "ikev2/vici"));
	static const char tool[] =
	    "load = random openssl pem pkcs1 pkcs8 x509 pubkey";

	return gw_plan_text(p,
	    "charon {\n"
	    "    load = random nonce openssl pem pkcs1 pkcs8 x509 pubkey "
	    "revocation constraints hmac kdf %s socket-default eap-identity "
	    "eap-mschapv2 vici\n"
	    "    install_routes = no\n"
	    "    routing_table = 0\n"
	    "    install_virtual_ip = no\n"
	    "    plugins {\n"
	    "        vici {\n"
	    "            socket = %s\n"
	    "        }\n"
	    "    }\n"
	    "    filelog {\n"
	    "        stderr {\n"
	    "            default = 1\n"
	    "            enc = 0\n"
	    "            net = 0\n"
	    "            ike_name = yes\n"
	    "            time_format = %%F %%T\n"
	    "        }\n"
	    "    }\n"
	    "}\n"
	    "swanctl {\n"
	    "    %s\n"
	    "}\n",
	    esp, quote(p, socket), tool);
}

char *
gw_ikev2_connection(const char *title)
{
	char *name = pd_xstrdup(title);

	/* '+' stands in no title, so that no two become one. */
	for (char *at = strchr(name, '.'); at != NULL; at = strchr(at, '.'))
		*at = '+';
	return name;
}

const char *
gw_ikev2_name(struct gw_plan *p, const struct gw_tunnel *t)
{
	char *name = gw_ikev2_connection(t->title);
	const char *copy = pd_arena_strdup(p->arena, name);

	free(name);
	return copy;
}

/* ---- pools ---- */

/* The address before or after; false: there is none in its family. */
static bool
step_address(struct pd_addr *a, int by)
{
	size_t n = a->family == AF_INET6 ? 16 : 4;
	uint8_t carry = by > 0 ? 0 : 0xff;

	for (size_t i = n; i-- > 0;) {
		a->ip[i] = (uint8_t)(a->ip[i] + by);
		if (a->ip[i] != carry)
			return true;
	}
	return false;
}

static int
compare(const struct pd_addr *a, const struct pd_addr *b)
{
	return memcmp(a->ip, b->ip, sizeof(a->ip));
}

/* All of the network that can be a host's, but the IPv6 anycast address and
 * IPv4's first and last. */
static struct pd_prefix
hosts_of(const struct gw_net *pool)
{
	struct pd_prefix all = { .first = gw_net_base(pool).addr };
	unsigned bits = pool->addr.family == AF_INET6 ? 128 : 32;

	all.last = all.first;
	for (unsigned i = pool->len; i < bits; i++)
		all.last.ip[i / 8] |= (uint8_t)(0x80 >> i % 8);
	if (bits - pool->len >= 2) {
		step_address(&all.first, 1);
		if (bits == 32)
			step_address(&all.last, -1);
	}
	return all;
}

/* charon keeps at most 2^31 addresses in a pool and takes no range whose ends
 * differ in more than the last four bytes. */
static void
shorten(struct pd_prefix *range)
{
	struct pd_addr most = range->first;
	uint32_t low;

	if (most.family != AF_INET6)
		return;
	memcpy(&low, most.ip + 12, sizeof(low));
	low = ntohl(low);
	low = low > UINT32_MAX - 0x7ffffffe ? UINT32_MAX : low + 0x7ffffffe;
	low = htonl(low);
	memcpy(most.ip + 12, &low, sizeof(low));
	if (compare(&range->last, &most) > 0)
		range->last = most;
}

struct pools {
	struct gw_plan *p;
	const struct gw_tunnel *t;
	const char *text;  /* sections of the file */
	const char *names; /* "native+4+0, native+6+0" */
	const char *dns;   /* of the family, or "" */
	int family;
	unsigned count[2]; /* of IPv4, of IPv6 */
};

static void
add_range(struct pools *ps, struct pd_prefix range)
{
	char first[PD_ADDR_TEXT], last[PD_ADDR_TEXT];
	bool v6 = ps->family == AF_INET6;
	const char *name;

	if (compare(&range.first, &range.last) > 0)
		return;
	shorten(&range);
	name = gw_plan_text(ps->p, "%s+%c+%u", gw_ikev2_name(ps->p, ps->t),
	    v6 ? '6' : '4', ps->count[v6]++);
	ps->names = ps->names[0] == '\0'
			? name
			: gw_plan_text(ps->p, "%s, %s", ps->names, name);
	ps->text = gw_plan_text(ps->p,
	    "%s    %s {\n        addrs = %s-%s\n%s%s%s    }\n", ps->text, name,
	    pd_addr_text(&range.first, first), pd_addr_text(&range.last, last),
	    ps->dns[0] != '\0' ? "        dns = " : "", ps->dns,
	    ps->dns[0] != '\0' ? "\n" : "");
}

/* The lowest address of ours at or above one, within the range. */
static const struct pd_addr *
next_ours(const struct gw_tunnel *t, const struct pd_prefix *range)
{
	const struct pd_addr *best = NULL;

	for (size_t i = 0; i < t->address.n; i++) {
		const struct pd_addr *a = &t->address.v[i].addr;

		if (a->family != range->first.family ||
		    compare(a, &range->first) < 0 ||
		    compare(a, &range->last) > 0)
			continue;
		if (best == NULL || compare(a, best) < 0)
			best = a;
	}
	return best;
}

/* A pool holds none of our own addresses: the network becomes what lies between
 * them. */
static void
add_pool(struct pools *ps, const struct gw_net *pool)
{
	struct pd_prefix rest = hosts_of(pool), piece;
	const struct pd_addr *ours;

	ps->family = pool->addr.family;
	while ((ours = next_ours(ps->t, &rest)) != NULL) {
		piece = rest;
		piece.last = *ours;
		if (compare(&piece.first, ours) < 0) {
			step_address(&piece.last, -1);
			add_range(ps, piece);
		}
		rest.first = *ours;
		if (!step_address(&rest.first, 1))
			return;
	}
	add_range(ps, rest);
}

/* Resolvers of a family: what the file names, and ourselves. */
static const char *
dns_of(struct gw_plan *p, const struct gw_tunnel *t, int family)
{
	const char *list = "";
	char text[PD_ADDR_TEXT];
	struct pd_addr a;

	for (size_t i = 0; t->dns_self && i < t->address.n; i++) {
		if (t->address.v[i].addr.family != family)
			continue;
		list =
		    gw_plan_text(p, "%s%s%s", list, list[0] != '\0' ? ", " : "",
			pd_addr_text(&t->address.v[i].addr, text));
	}
	for (size_t i = 0; i < t->dns.n; i++) {
		if (pd_addr_parse(pd_str_z(t->dns.v[i]), &a) < 0 ||
		    a.family != family)
			continue;
		list = gw_plan_text(p, "%s%s%s", list,
		    list[0] != '\0' ? ", " : "", pd_addr_text(&a, text));
	}
	return list;
}

static struct pools
pools_of(struct gw_plan *p, const struct gw_tunnel *t)
{
	struct pools ps = { .p = p, .t = t, .text = "", .names = "" };

	for (size_t i = 0; i < t->pool.n; i++) {
		ps.dns = dns_of(p, t, t->pool.v[i].addr.family);
		add_pool(&ps, &t->pool.v[i]);
	}
	return ps;
}

/* ---- connections ---- */

/*
 * Keys are renewed by clients, never from here: Windows and iOS both drop
 * sessions over a renewal that they did not begin. A client that comes anew
 * while its old session still stands takes its place. One that is silent is
 * asked after a minute and forgotten after five unanswered repeats (165 s).
 */
static const char *
connection(struct gw_plan *p, const struct gw_tunnel *t, const char *pools)
{
	const char *remote =
	    t->auth == GW_AUTH_EAP
		? "            auth = eap-mschapv2\n"
		  "            eap_id = %any\n"
		: gw_plan_text(p,
		      "            auth = pubkey\n"
		      "            cacerts = %s\n"
		      "            revocation = strict\n",
		      quote(p, gw_plan_run(p, "ikev2/x509ca/authority.pem")));
	const char *name = gw_ikev2_name(p, t);

	return gw_plan_text(p,
	    "    %s {\n"
	    "        version = 2\n"
	    "        proposals = %s\n"
	    "        pools = %s\n"
	    "        send_cert = always\n"
	    "        unique = replace\n"
	    "        fragmentation = yes\n"
	    "        mobike = yes\n"
	    "        dpd_delay = 60s\n"
	    "        rekey_time = 0s\n"
	    "        reauth_time = 0s\n"
	    "        local {\n"
	    "            auth = pubkey\n"
	    "            certs = %s\n"
	    "            id = %s\n"
	    "        }\n"
	    "        remote {\n%s        }\n"
	    "        children {\n"
	    "            all {\n"
	    "                esp_proposals = %s\n"
	    "                local_ts = 0.0.0.0/0, ::/0\n"
	    "                priority = %d\n"
	    "                rekey_time = 0s\n"
	    "                dpd_action = clear\n"
	    "            }\n"
	    "        }\n"
	    "    }\n",
	    name, ike_proposals, pools,
	    quote(p, gw_plan_run(p, "ikev2/x509/%s.pem", name)),
	    quote(p, t->name), remote, esp_proposals, GW_IKEV2_PRIORITY);
}

static const char *
secrets(struct gw_plan *p, const struct gw_tunnel *t, size_t *n)
{
	const struct gw_client *c = NULL;
	const char *text = "", *why;

	while ((c = gw_clients_next(p->clients, t, c)) != NULL) {
		why = gw_mschap_unusable(c->password);
		if (why != NULL) {
			gw_plan_note(
			    p, "client %s cannot come in: %s", c->name, why);
			continue;
		}
		text = gw_plan_text(p,
		    "%s    eap-%zu {\n"
		    "        id = %s\n"
		    "        secret = %s\n"
		    "    }\n",
		    text, (*n)++, quote(p, c->name), hex(p, c->password));
	}
	return text;
}

const char *
gw_ikev2_swanctl_conf(struct gw_plan *p)
{
	const char *all = "", *pools = "", *known = "";
	size_t nsecrets = 0;

	for (size_t i = 0; i < p->conf->ntunnels; i++) {
		const struct gw_tunnel *t = &p->conf->tunnels[i];
		struct pools ps;

		if (t->type != GW_IKEV2)
			continue;
		ps = pools_of(p, t);
		all = gw_plan_text(p, "%s%s", all, connection(p, t, ps.names));
		pools = gw_plan_text(p, "%s%s", pools, ps.text);
		if (t->auth == GW_AUTH_EAP)
			known = gw_plan_text(
			    p, "%s%s", known, secrets(p, t, &nsecrets));
	}
	return gw_plan_text(p,
	    "connections {\n%s}\npools {\n%s}\nsecrets {\n%s}\n", all, pools,
	    known);
}

const char *
gw_ikev2_clients(struct gw_plan *p)
{
	const char *text = "";

	for (size_t i = 0; i < p->conf->ntunnels; i++) {
		const struct gw_tunnel *t = &p->conf->tunnels[i];
		const struct gw_client *c = NULL;

		if (t->type != GW_IKEV2)
			continue;
		while ((c = gw_clients_next(p->clients, t, c)) != NULL)
			text = gw_plan_text(
			    p, "%s%s %s\n", text, gw_ikev2_name(p, t), c->name);
	}
	return text;
}
