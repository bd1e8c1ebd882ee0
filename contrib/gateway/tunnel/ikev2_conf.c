/*
 * What charon and swanctl are given to read.
 *
 * Both files are of one syntax, in which a double-quoted text takes '"' and '\'
 * after a '\'. Passwords are written as hexadecimal numbers, which swanctl
 * takes for any secret, so that none of their bytes can mean anything.
 */
#include "tunnel/ikev2.h"

#include <inttypes.h>
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
 * tells who came in, and why somebody was refused. Of what cfg says of each
 * connection that it passes over (500 clients: 160 KB a login) only the owners
 * of certificates have need: there it says what is wrong with one.
 *
 * Its plugins are named one after the other, so that what a distribution
 * enables beside is not loaded: bypass-lan, for one, would leave neighbours
 * outside of the tunnel.
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

	bool certificates = false;

	for (size_t i = 0; i < p->conf->ntunnels; i++)
		certificates =
		    certificates ||
		    (p->conf->tunnels[i].type == GW_IKEV2 &&
			p->conf->tunnels[i].auth == GW_AUTH_CERTIFICATE);
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
	    "            cfg = %d\n"
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
	    esp, gw_plan_quote(p, socket), certificates, tool);
}

/* ---- names ---- */

char *
gw_ikev2_connection(const char *name)
{
	char *copy = pd_xstrdup(name);

	/* '+' stands in no name, so that no two become one. */
	for (char *at = strchr(copy, '.'); at != NULL; at = strchr(at, '.'))
		*at = '+';
	return copy;
}

static const char *
plain(struct gw_plan *p, const char *name)
{
	char *made = gw_ikev2_connection(name);
	const char *copy = pd_arena_strdup(p->arena, made);

	free(made);
	return copy;
}

const char *
gw_ikev2_name(struct gw_plan *p, const struct gw_tunnel *t)
{
	return plain(p, t->title);
}

/*
 * "kim@native@9c41d2e0", the last of when it was made and which addresses it
 * has: a client that was made anew is another connection, and who is there by
 * the old one is known by its name.
 */
static const char *
client_name(
    struct gw_plan *p, const struct gw_tunnel *t, const struct gw_client *c)
{
	uint64_t h = gw_hash(GW_HASH, c->created != NULL ? c->created : "");

	for (size_t i = 0; i < c->address_text.n; i++)
		h = gw_hash(h, c->address_text.v[i]);
	return gw_plan_text(p, "%s@%s@%08" PRIx32, plain(p, c->name),
	    gw_ikev2_name(p, t), (uint32_t)h);
}

/* A connection, and whom it is for. */
struct entry {
	const char *name, *remote;
};

/* The owner of a certificate calls himself by its subject, which Windows and
 * the app for Android do, or by his name alone. */
#define ENTRIES_MAX 2

static size_t
entries_of(struct gw_plan *p, const struct gw_tunnel *t,
    const struct gw_client *c, struct entry v[ENTRIES_MAX])
{
	v[0].name = client_name(p, t, c);
	if (t->auth == GW_AUTH_EAP) {
		v[0].remote = gw_plan_text(p, "eap_id = \"%s\"", c->name);
		return 1;
	}
	v[0].remote = gw_plan_text(p, "id = \"%s\"", c->name);
	v[1].name = gw_plan_text(p, "%s@subject", v[0].name);
	v[1].remote = gw_plan_text(p, "id = \"CN=%s\"", c->name);
	return 2;
}

/* ---- who can come in ---- */

static const char *
unusable(const struct gw_tunnel *t, const struct gw_client *c)
{
	if (c->address.n == 0)
		return "it has no address of the pool; see client add --again";
	if (t->auth == GW_AUTH_EAP)
		return gw_mschap_unusable(c->password);
	return c->certificate != NULL
		   ? NULL
		   : "it has no certificate; see client add --again";
}

/* As gw_clients_next(). */
static const struct gw_client *
next_usable(
    struct gw_plan *p, const struct gw_tunnel *t, const struct gw_client *c)
{
	do
		c = gw_clients_next(p->clients, t, c);
	while (c != NULL && unusable(t, c) != NULL);
	return c;
}

static void
note_unusable(struct gw_plan *p, const struct gw_tunnel *t)
{
	const struct gw_client *c = NULL;

	while ((c = gw_clients_next(p->clients, t, c)) != NULL) {
		if (unusable(t, c) != NULL)
			gw_plan_note(p, "client %s cannot come in: %s", c->name,
			    unusable(t, c));
	}
}

/* ---- pools ---- */

/*
 * Each address is a pool, so that nobody else gets it; and not one but three,
 * named by numbers: a device may come anew while its old session still stands.
 * charon gives an address to nobody while a session that it is ending has it,
 * and ends one whose device does not answer in 165 s. It does not mind that
 * pools are of the same address; what is sent there takes the newest session.
 */
#define POOLS_PER_ADDRESS 3

/* "10+78+0+2", "fd78++2": '.' and ':' mean something in the file. */
static const char *
pool_name(struct gw_plan *p, const char *address)
{
	char *name = pd_arena_strdup(p->arena, address);

	for (char *at = name; *at != '\0'; at++) {
		if (*at == '.' || *at == ':')
			*at = '+';
	}
	return name;
}

static void
write_pool_names(struct gw_plan *p, const struct gw_client *c, FILE *out)
{
	for (size_t i = 0; i < c->address_text.n; i++) {
		const char *name = pool_name(p, c->address_text.v[i]);

		for (int k = 0; k < POOLS_PER_ADDRESS; k++)
			fprintf(out, "%s%s-%d", i + (size_t)k > 0 ? ", " : "",
			    name, k);
	}
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

static void
write_pools_of(
    struct gw_plan *p, const struct pd_addr *a, const char *dns, FILE *out)
{
	char text[PD_ADDR_TEXT];

	pd_addr_text(a, text);
	for (int k = 0; k < POOLS_PER_ADDRESS; k++) {
		fprintf(out,
		    "    %s-%d {\n"
		    "        addrs = %s/%d\n",
		    pool_name(p, text), k, text,
		    a->family == AF_INET6 ? 128 : 32);
		if (dns[0] != '\0')
			fprintf(out, "        dns = %s\n", dns);
		fputs("    }\n", out);
	}
}

static void
write_pools(struct gw_plan *p, const struct gw_tunnel *t, FILE *out)
{
	const char *dns = dns_of(p, t, AF_INET), *dns6 = dns_of(p, t, AF_INET6);
	const struct gw_client *c = NULL;

	while ((c = next_usable(p, t, c)) != NULL) {
		for (size_t i = 0; i < c->address.n; i++) {
			const struct pd_addr *a = &c->address.v[i].first;

			write_pools_of(
			    p, a, a->family == AF_INET6 ? dns6 : dns, out);
		}
	}
}

/* ---- connections ---- */

/*
 * What a tunnel's connections have in common.
 *
 * Keys are renewed by clients, never from here: Windows and iOS both drop
 * sessions over a renewal that they did not begin. A client that comes anew
 * while its old session still stands takes its place. One that is silent is
 * asked after a minute and forgotten after five unanswered repeats (165 s).
 */
static void
write_common(struct gw_plan *p, const struct gw_tunnel *t, FILE *out)
{
	const char *name = gw_ikev2_name(p, t);

	fprintf(out,
	    "all@%s {\n"
	    "    version = 2\n"
	    "    proposals = %s\n"
	    "    send_cert = always\n"
	    "    unique = replace\n"
	    "    fragmentation = yes\n"
	    "    mobike = yes\n"
	    "    dpd_delay = 60s\n"
	    "    rekey_time = 0s\n"
	    "    reauth_time = 0s\n"
	    "    local {\n"
	    "        auth = pubkey\n"
	    "        certs = %s\n"
	    "        id = %s\n"
	    "    }\n",
	    name, ike_proposals,
	    gw_plan_quote(p, gw_plan_run(p, "ikev2/x509/%s.pem", name)),
	    gw_plan_quote(p, t->name));
	if (t->auth == GW_AUTH_EAP)
		fputs("    remote {\n"
		      "        auth = eap-mschapv2\n"
		      "    }\n",
		    out);
	else
		fprintf(out,
		    "    remote {\n"
		    "        auth = pubkey\n"
		    "        cacerts = %s\n"
		    "        revocation = strict\n"
		    "    }\n",
		    gw_plan_quote(
			p, gw_plan_run(p, "ikev2/x509ca/authority.pem")));
	fprintf(out,
	    "    children {\n"
	    "        all {\n"
	    "            esp_proposals = %s\n"
	    "            local_ts = 0.0.0.0/0, ::/0\n"
	    "            priority = %d\n"
	    "            rekey_time = 0s\n"
	    "            dpd_action = clear\n"
	    "        }\n"
	    "    }\n"
	    "}\n",
	    esp_proposals, GW_IKEV2_PRIORITY);
}

/*
 * Those of clients, and before them one that devices begin with: it asks for
 * the name in EAP. It lets nobody in, for it wants a group that nobody is a
 * member of; so charon looks for the connection whose client it is. That goes
 * through them in order: with 500 clients the last one's login takes 44 ms, the
 * first one's 34. The owner of a certificate has his by what he calls himself.
 */
static void
write_connections(struct gw_plan *p, const struct gw_tunnel *t, FILE *out)
{
	const char *tunnel = gw_ikev2_name(p, t);
	const struct gw_client *c = NULL;
	struct entry entries[ENTRIES_MAX];

	fprintf(out,
	    "    %s : all@%s {\n"
	    "        remote {\n"
	    "            groups = nobody\n%s"
	    "        }\n"
	    "    }\n",
	    tunnel, tunnel,
	    t->auth == GW_AUTH_EAP ? "            eap_id = %any\n" : "");
	while ((c = next_usable(p, t, c)) != NULL) {
		size_t n = entries_of(p, t, c, entries);

		for (size_t i = 0; i < n; i++) {
			fprintf(out, "    %s : all@%s {\n        pools = ",
			    entries[i].name, tunnel);
			write_pool_names(p, c, out);
			fprintf(out,
			    "\n"
			    "        remote {\n"
			    "            %s\n"
			    "        }\n"
			    "    }\n",
			    entries[i].remote);
		}
	}
}

static void
write_secrets(struct gw_plan *p, const struct gw_tunnel *t, FILE *out)
{
	const struct gw_client *c = NULL;

	while (t->auth == GW_AUTH_EAP && (c = next_usable(p, t, c)) != NULL)
		fprintf(out,
		    "    eap-%s {\n"
		    "        id = \"%s\"\n"
		    "        secret = %s\n"
		    "    }\n",
		    plain(p, c->name), c->name, hex(p, c->password));
}

static void
write_clients(struct gw_plan *p, const struct gw_tunnel *t, FILE *out)
{
	const struct gw_client *c = NULL;
	struct entry entries[ENTRIES_MAX];

	while ((c = next_usable(p, t, c)) != NULL) {
		size_t n = entries_of(p, t, c, entries);

		for (size_t i = 0; i < n; i++)
			fprintf(out, "%s\n", entries[i].name);
	}
}

/* What a function writes of each tunnel, after before. */
static void
write_each(struct gw_plan *p, const char *before,
    void (*write)(struct gw_plan *p, const struct gw_tunnel *t, FILE *out),
    FILE *out)
{
	fputs(before, out);
	for (size_t i = 0; i < p->conf->ntunnels; i++) {
		if (p->conf->tunnels[i].type == GW_IKEV2)
			write(p, &p->conf->tunnels[i], out);
	}
}

static FILE *
open_text(char **text, size_t *len)
{
	FILE *out = open_memstream(text, len);

	if (out == NULL)
		abort();
	return out;
}

/* Into the plan's arena. */
static const char *
close_text(struct gw_plan *p, FILE *out, char **text)
{
	const char *copy;

	if (fclose(out) != 0)
		abort();
	copy = pd_arena_strdup(p->arena, *text);
	free(*text);
	return copy;
}

const char *
gw_ikev2_swanctl_conf(struct gw_plan *p)
{
	size_t len;
	char *text;
	FILE *out = open_text(&text, &len);

	for (size_t i = 0; i < p->conf->ntunnels; i++) {
		if (p->conf->tunnels[i].type == GW_IKEV2)
			note_unusable(p, &p->conf->tunnels[i]);
	}
	write_each(p, "", write_common, out);
	write_each(p, "connections {\n", write_connections, out);
	write_each(p, "}\npools {\n", write_pools, out);
	write_each(p, "}\nsecrets {\n", write_secrets, out);
	fputs("}\n", out);
	return close_text(p, out, &text);
}

const char *
gw_ikev2_clients(struct gw_plan *p)
{
	size_t len;
	char *text;
	FILE *out = open_text(&text, &len);

	write_each(p, "", write_clients, out);
	return close_text(p, out, &text);
}
