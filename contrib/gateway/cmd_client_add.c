/*
 * pared-gateway client add.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "apply.h"
#include "authority.h"
#include "base/arena.h"
#include "cmd_client.h"
#include "tunnel/key.h"
#include "tunnel/mschap.h"

#define PASSWORD_MIN 8 /* bytes of one that is given */

static const char usage[] =
    "usage: pared-gateway client add NAME [-c FILE] [OPTION...] [FORM]\n"
    "\n"
    "Adds a device and shows what it is given; the gateway takes it at once "
    "if\n"
    "it is up. Private keys are shown this once and not kept.\n"
    "\n"
    "  --tunnel TUNNEL   which, where there are several\n"
    "  --address A       this one instead of the next that is free; again for\n"
    "                    the other family\n"
    "  --public-key KEY  WireGuard: the device has made its own key\n"
    "  --psk             WireGuard: a preshared key as well\n"
    "  --password-stdin  IKEv2, PPTP: the password is read, not made\n"
    "  --keep            keeps the private key, for client show\n"
    "  --again           of a client that is there: a new key or password\n"
    "\n" GW_FORM_USAGE;

struct asked {
	const char *tunnel, *public_key;
	struct pd_cmd_values addresses;
	bool psk, password_stdin, keep, again;
	bool forms[GW_NFORMS];
	enum gw_form form;
};

/* What is made beside the client's file; wiped and freed at the end. */
struct made {
	struct gw_client client;
	struct gw_fresh fresh;
	char private_key[GW_KEY_TEXT];
	char *password; /* of a certificate */
};

static int error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

static int
error(const char *fmt, ...)
{
	va_list ap;

	fputs("error: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	return -1;
}

/* ---- passwords ---------------------------------------------------------- */

/* 16 letters of 32, 80 bits, in fours; none that is taken for another. */
static char *
make_password(void)
{
	static const char letters[] = "abcdefghijkmnpqrstuvwxyz23456789";
	unsigned char bytes[16];
	char *password = pd_xalloc(20), *p = password;

	_Static_assert(sizeof(letters) == 33, "five bits each");
	if (RAND_bytes(bytes, sizeof(bytes)) != 1)
		abort();
	for (size_t i = 0; i < sizeof(bytes); i++) {
		if (i > 0 && i % 4 == 0)
			*p++ = '-';
		*p++ = letters[bytes[i] & 31];
	}
	OPENSSL_cleanse(bytes, sizeof(bytes));
	return password;
}

/* One line of standard input; NULL after it was told what is wrong. */
static char *
read_password(void)
{
	char line[GW_PASSWORD_MAX + 3], *password = NULL;
	size_t n;

	if (fgets(line, sizeof(line), stdin) == NULL)
		line[0] = '\0';
	n = strcspn(line, "\r\n");
	line[n] = '\0';
	if (n < PASSWORD_MIN || gw_mschap_unusable(line) != NULL)
		error("a password has %d to %d printable ASCII characters",
		    PASSWORD_MIN, GW_PASSWORD_MAX);
	else
		password = pd_xstrdup(line);
	OPENSSL_cleanse(line, sizeof(line));
	return password;
}

/* ---- what a client of each type has ------------------------------------- */

static char *
key_text(const uint8_t key[GW_KEY_LEN])
{
	char text[GW_KEY_TEXT], *copy;

	copy = pd_xstrdup(gw_key_text(key, text));
	OPENSSL_cleanse(text, sizeof(text));
	return copy;
}

static int
make_keys(const struct asked *a, const struct gw_client *old, struct made *m)
{
	uint8_t key[GW_KEY_LEN], pub[GW_KEY_LEN], psk[GW_KEY_LEN];
	int r = 0;

	if (a->psk || (old != NULL && old->preshared_key != NULL)) {
		r = gw_key_preshared(psk);
		m->client.preshared_key = key_text(psk);
	}
	if (a->public_key != NULL) {
		m->client.public_key = pd_xstrdup(a->public_key);
	} else if (r == 0) {
		r = gw_key_generate(key) < 0 ? -1 : gw_key_public(key, pub);
		m->client.public_key = key_text(pub);
		gw_key_text(key, m->private_key);
		m->fresh.private_key = m->private_key;
		if (a->keep)
			m->client.private_key = pd_xstrdup(m->private_key);
	}
	OPENSSL_cleanse(key, sizeof(key));
	OPENSSL_cleanse(psk, sizeof(psk));
	return r < 0 ? error("no random numbers for a key") : 0;
}

/* A certificate of the authority's, and its key under a password. */
static int
make_certificate(struct gw_system *sys, const struct asked *a, struct made *m)
{
	struct gw_client *cl = &m->client;
	char *dir = gw_store_authority(sys);
	int r;

	m->password = make_password();
	m->fresh.p12_password = m->password;
	/* One that a lost device has is of no use from here on. */
	r = gw_authority_prepare(sys, dir, NULL);
	if (r == 0)
		r = gw_authority_revoke(sys, dir, cl->name);
	if (r == 0)
		r = gw_authority_issue(sys, dir, cl->name, m->password,
		    &m->fresh.p12, &m->fresh.p12_len);
	if (r < 0)
		error("%s", sys->why);
	if (asprintf(&cl->certificate, "%s.crt", cl->name) < 0)
		abort();
	if (a->keep)
		cl->password = pd_xstrdup(m->password);
	free(dir);
	return r;
}

/* What a device knows the gateway by. Where it cannot be shown, that is better
 * told before there is a client. */
static int
look_at_ours(
    const struct gw_config *c, struct gw_system *sys, const struct gw_tunnel *t)
{
	char public[GW_KEY_TEXT], *dir;
	int r;

	if (t->type == GW_WIREGUARD)
		return gw_store_key(c, sys, t, public);
	if (t->type != GW_IKEV2 || t->certificate != NULL)
		return 0;
	dir = gw_store_authority(sys);
	r = gw_authority_prepare(sys, dir, NULL);
	free(dir);
	return r < 0 ? error("%s", sys->why) : 0;
}

static int
make_secrets(struct gw_system *sys, const struct gw_client *old,
    const struct asked *a, struct made *m, const struct gw_tunnel *t)
{
	if (t->type == GW_WIREGUARD)
		return make_keys(a, old, m);
	if (t->type == GW_IKEV2 && t->auth == GW_AUTH_CERTIFICATE)
		return make_certificate(sys, a, m);
	m->client.password =
	    a->password_stdin ? read_password() : make_password();
	return m->client.password != NULL ? 0 : -1;
}

static void
made_finish(struct made *m)
{
	if (m->fresh.p12 != NULL)
		OPENSSL_cleanse(m->fresh.p12, m->fresh.p12_len);
	free(m->fresh.p12);
	if (m->password != NULL)
		OPENSSL_cleanse(m->password, strlen(m->password));
	free(m->password);
	gw_client_free(&m->client);
	OPENSSL_cleanse(m, sizeof(*m));
}

/* ---- what was asked for ------------------------------------------------- */

/* A WireGuard tunnel to one far end may have clients, too, but none is meant
 * where another tunnel is for clients alone. */
static bool
takes_clients(const struct gw_tunnel *t)
{
	return t->type != GW_SIT &&
	       (t->type != GW_WIREGUARD || t->peer == NULL);
}

static const struct gw_tunnel *
only_tunnel(const struct gw_config *c)
{
	const struct gw_tunnel *found = NULL;

	for (size_t i = 0; i < c->ntunnels; i++) {
		if (!takes_clients(&c->tunnels[i]))
			continue;
		if (found != NULL) {
			error("there are tunnels %s and %s; say which with "
			      "--tunnel",
			    found->title, c->tunnels[i].title);
			return NULL;
		}
		found = &c->tunnels[i];
	}
	if (found == NULL)
		error("no tunnel of the configuration takes clients; add one "
		      "of type wireguard or ikev2");
	return found;
}

static const struct gw_tunnel *
tunnel_of(const struct gw_config *c, const struct asked *a)
{
	struct pd_str_near near;
	const struct gw_tunnel *t;

	if (a->tunnel == NULL)
		return only_tunnel(c);
	t = gw_config_tunnel(c, a->tunnel);
	if (t == NULL) {
		near = pd_str_near(a->tunnel);
		for (size_t i = 0; i < c->ntunnels; i++)
			pd_str_near_try(&near, c->tunnels[i].title);
		fprintf(
		    stderr, "error: there is no tunnel \"%.64s\"", a->tunnel);
		pd_cmd_suggest(&near);
	} else if (t->type == GW_SIT) {
		error("tunnel %s leads to one far end; it has no clients",
		    t->title);
		t = NULL;
	}
	return t;
}

/* Options that are of no use to this tunnel are mistakes. */
static bool
options_fit(const struct gw_tunnel *t, const struct asked *a)
{
	bool wireguard = t->type == GW_WIREGUARD;
	bool certificate =
	    t->type == GW_IKEV2 && t->auth == GW_AUTH_CERTIFICATE;
	const char *wrong = NULL;

	if (!wireguard && a->public_key != NULL)
		wrong = "--public-key";
	else if (!wireguard && a->psk)
		wrong = "--psk";
	else if ((wireguard || certificate) && a->password_stdin)
		wrong = "--password-stdin";
	if (wrong != NULL)
		error("%s is of no use to tunnel %s, which is of type %s%s",
		    wrong, t->title, gw_tunnel_type_name(t->type),
		    certificate ? " with certificates" : "");
	else if (a->public_key != NULL &&
		 (a->form == GW_FORM_QR || a->form == GW_FORM_SVG))
		error("a code without the private key is of no use; leave out "
		      "--public-key, or write --conf in its place");
	else if (a->public_key != NULL && !gw_is_key(a->public_key))
		error("\"%.64s\" is no WireGuard key: 44 letters of base64, as "
		      "wg pubkey prints them",
		    a->public_key);
	else if (certificate && a->form == GW_FORM_USUAL)
		error("a certificate is handed over in a file; add "
		      "--mobileconfig, --sswan, --ps1 or --p12, and > FILE");
	else
		return true;
	return false;
}

static int
take_addresses(
    const struct asked *a, const struct gw_client *old, struct gw_client *cl)
{
	for (size_t i = 0; i < a->addresses.n; i++) {
		struct pd_addr addr;

		if (gw_addr_parse(pd_str_z(a->addresses.v[i]), &addr) < 0)
			return error("\"%.64s\" is no address, such as "
				     "10.77.0.2 or fd77::2",
			    a->addresses.v[i]);
		gw_client_add_address(cl, &addr);
	}
	for (size_t i = 0;
	     a->addresses.n == 0 && old != NULL && !old->unfit &&
	     pd_str_caseeq(pd_str_z(old->tunnel), pd_str_z(cl->tunnel)) &&
	     i < old->address.n;
	     i++)
		gw_client_add_address(cl, &old->address.v[i].first);
	return 0;
}

static const struct gw_client *
has_key(const struct gw_clients *clients, const struct gw_client *cl)
{
	for (size_t i = 0; i < clients->n; i++) {
		const struct gw_client *other = &clients->v[i];

		if (cl->public_key != NULL && other->public_key != NULL &&
		    strcmp(cl->public_key, other->public_key) == 0 &&
		    strcmp(cl->name, other->name) != 0)
			return other;
	}
	return NULL;
}

/* ---- doing it ----------------------------------------------------------- */

static int
keep_p12(const char *path, const unsigned char *bytes, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	FILE *f = fd >= 0 ? fdopen(fd, "w") : NULL;
	bool whole = f != NULL && fwrite(bytes, 1, len, f) == len;

	/* A full disk is told of as late as by the close. */
	if (f != NULL && fclose(f) != 0)
		whole = false;
	return whole ? 0 : error("%s: %s", path, strerror(errno));
}

static int
save(const struct gw_config *c, struct gw_system *sys, const struct asked *a,
    const struct made *m)
{
	const struct gw_client *cl = &m->client;
	char *path;
	int r = 0;

	if (gw_client_save(c, cl) < 0)
		return error("client %s cannot be written: %s", cl->name,
		    strerror(errno));
	if (asprintf(&path, "%s/clients/%s.p12", sys->state_dir, cl->name) < 0)
		abort();
	unlink(path);
	if (a->keep && m->fresh.p12 != NULL)
		r = keep_p12(path, m->fresh.p12, m->fresh.p12_len);
	free(path);
	return r;
}

static void
stamp(struct gw_client *cl)
{
	char text[32];
	time_t now = time(NULL);
	struct tm tm;

	gmtime_r(&now, &tm);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	cl->created = pd_xstrdup(text);
}

/* Who has a password or a key from here on comes in by no certificate. */
static int
drop_certificate(struct gw_system *sys, const struct gw_client *old,
    const struct gw_client *cl)
{
	char *dir;
	int r;

	if (old->certificate == NULL || cl->certificate != NULL)
		return 0;
	dir = gw_store_authority(sys);
	r = gw_authority_revoke(sys, dir, old->name);
	free(dir);
	return r < 0 ? error("%s", sys->why) : 0;
}

/* Under the store's lock: nobody else takes the address meanwhile. */
static int
prepare(const struct gw_config *c, struct gw_system *sys,
    const struct gw_clients *clients, const struct asked *a, struct made *m)
{
	const struct gw_tunnel *t = gw_config_tunnel(c, m->client.tunnel);
	const struct gw_client *old = gw_clients_find(clients, m->client.name);
	const struct gw_client *other;
	char why[GW_CLIENT_WHY];

	if (old != NULL && !a->again)
		return error("client %s is there already; --again makes a new "
			     "key or password for it",
		    old->name);
	if (old == NULL && a->again)
		return error("there is no client %s yet; leave --again out",
		    m->client.name);
	if (old != NULL) {
		free(m->client.name);
		m->client.name = pd_xstrdup(old->name);
	}
	if (take_addresses(a, old, &m->client) < 0)
		return -1;
	if (gw_client_place(c, clients, t, &m->client, why) < 0)
		return error("%s", why);
	if (look_at_ours(c, sys, t) < 0 || make_secrets(sys, old, a, m, t) < 0)
		return -1;
	other = has_key(clients, &m->client);
	if (other != NULL)
		return error(
		    "client %s has this key; each device needs its own",
		    other->name);
	if (old != NULL && drop_certificate(sys, old, &m->client) < 0)
		return -1;
	stamp(&m->client);
	return save(c, sys, a, m);
}

static void
tell(const struct gw_config *c, const struct gw_client *cl, bool applied)
{
	/* Which may have something to say of its own. */
	const char *when =
	    !gw_is_up(c) ? "the gateway is not up yet"
	    : !applied   ? "the gateway could not take it yet"
	    : gw_applied_serves(c, cl->name)
		? "may connect now"
		: "may connect when the file as it is now is in force: "
		  "pared-gateway up";

	fprintf(stderr, "client %s of tunnel %s", cl->name, cl->tunnel);
	for (size_t i = 0; i < cl->address_text.n; i++)
		fprintf(stderr, "%s%s", i == 0 ? ": " : ", ",
		    cl->address_text.v[i]);
	fprintf(stderr, "; %s\n", when);
}

static int
add(const struct gw_config *c, const char *name, const struct gw_tunnel *t,
    const struct asked *a)
{
	struct made m = { .client = { .name = pd_xstrdup(name),
			      .tunnel = pd_xstrdup(t->title) } };
	struct gw_clients clients;
	struct gw_system sys;
	int fd = gw_store_open(c, &clients, true), rc = GW_FAIL;
	bool applied;

	gw_system_of(&sys, c);
	if (fd >= 0 && prepare(c, &sys, &clients, a, &m) == 0) {
		/* Who comes with the old password or key goes. */
		applied = gw_store_apply(
			      c, &sys, gw_clients_find(&clients, name)) == 0;
		tell(c, &m.client, applied);
		rc = gw_form_show(c, &sys, &m.client, a->form, &m.fresh);
		if (!applied)
			rc = GW_FAIL;
	}
	gw_clients_free(&clients);
	if (fd >= 0)
		close(fd);
	gw_system_finish(&sys);
	made_finish(&m);
	return rc;
}

int
gw_cmd_client_add(const struct gw_config *c, int argc, char **argv)
{
	struct asked a = { .form = GW_FORM_USUAL };
	const struct pd_cmd_option options[] = {
		{ "tunnel", 't', .value = &a.tunnel },
		{ "address", 'a', .values = &a.addresses },
		{ "public-key", .value = &a.public_key },
		{ "psk", .flag = &a.psk },
		{ "password-stdin", .flag = &a.password_stdin },
		{ "keep", .flag = &a.keep },
		{ "again", .flag = &a.again },
		GW_FORM_OPTIONS(a.forms),
		{ 0 },
	};
	struct pd_cmd_line line = { "client add", usage, options, .most = 1 };
	const struct gw_tunnel *t = NULL;
	int rc = pd_cmd_parse(&line, argc, argv);

	if (rc == PD_CMD_GO && line.nwords == 0)
		rc = pd_cmd_wrong(&line, "it wants a name for the client");
	else if (rc == PD_CMD_GO && !gw_is_name(line.words[0], GW_TITLE_MAX)) {
		error("\"%.64s\" cannot be a name; use at most %d letters, "
		      "digits, '-', '_' and '.', and begin with a letter or "
		      "digit",
		    line.words[0], GW_TITLE_MAX);
		rc = GW_USAGE;
	}
	if (rc == PD_CMD_GO)
		rc = gw_form_of(&line, a.forms, &a.form);
	if (rc == PD_CMD_GO && c != NULL) {
		t = tunnel_of(c, &a);
		rc = t != NULL && options_fit(t, &a) &&
			     gw_form_fits(c, t, a.form)
			 ? add(c, line.words[0], t, &a)
			 : GW_FAIL;
		if (rc == GW_OK && (rc = pd_cmd_end(rc)) != GW_OK)
			fprintf(stderr,
			    "error: client %s is there, but what it is given "
			    "did not get out; make it anew: client add %s "
			    "--again\n",
			    line.words[0], line.words[0]);
	}
	pd_cmd_values_free(&a.addresses);
	return rc;
}
