/*
 * The authority's files. What is on disk is always whole: each file is written
 * beside and renamed, keys before their certificates, so that after a crash
 * prepare() finds a certificate missing and makes it, and never one without its
 * key.
 */
#include "authority.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/crypto.h>

#include "authority_cert.h"
#include "config.h"
#include "system.h"

/* The authority, read. */
struct authority {
	EVP_PKEY *key;
	X509 *cert;
};

static char *__attribute__((format(printf, 1, 2))) path_of(const char *fmt, ...)
{
	char *path;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&path, fmt, ap) < 0)
		abort();
	va_end(ap);
	return path;
}

/* A key's text does not stay in freed memory. */
static void
wipe(char *text)
{
	if (text != NULL)
		OPENSSL_cleanse(text, strlen(text));
	free(text);
}

/* Takes path and text; text NULL: libcrypto failed to make it. */
static int
write_taken(struct gw_system *sys, char *path, char *text, mode_t mode)
{
	int rc = 0;

	if (text == NULL)
		rc = gw_fail(sys, "%s: %s", path, gw_cert_why());
	else if (gw_mkdirs(path, 0700) < 0 ||
		 gw_write_file(path, text, mode) < 0)
		rc = gw_fail(sys, "%s: %s", path, strerror(errno));
	wipe(text);
	free(path);
	return rc;
}

/* NULL when there is none, or it is none. Takes path. */
static X509 *
read_cert(char *path)
{
	char *pem = gw_read_file(path);
	X509 *cert = pem != NULL ? gw_cert_read(pem, 0) : NULL;

	free(pem);
	free(path);
	return cert;
}

static EVP_PKEY *
read_key(char *path)
{
	char *pem = gw_read_file(path);
	EVP_PKEY *key = pem != NULL ? gw_cert_read_key(pem) : NULL;

	wipe(pem);
	free(path);
	return key;
}

static void
authority_free(struct authority *a)
{
	EVP_PKEY_free(a->key);
	X509_free(a->cert);
	*a = (struct authority){ 0 };
}

/*
 * A pair that is there but of no use is never replaced: every client knows it,
 * and a disk's fault must not lock them all out.
 */
static int
authority_read(struct gw_system *sys, const char *dir, struct authority *a)
{
	a->key = read_key(path_of("%s/ca.key", dir));
	a->cert = read_cert(path_of("%s/ca.crt", dir));
	if (a->key == NULL || a->cert == NULL) {
		authority_free(a);
		return gw_fail(sys,
		    "%s: ca.key or ca.crt cannot be read; bring both back from "
		    "a copy, or move the directory away: then every client "
		    "needs a new profile",
		    dir);
	}
	if (X509_check_private_key(a->cert, a->key) == 1)
		return 0;
	authority_free(a);
	(void)gw_cert_why();
	return gw_fail(sys, "%s: ca.key is not the key of ca.crt", dir);
}

static bool
is_there(char *path)
{
	char *text = gw_read_file(path);
	bool there = text != NULL || errno != ENOENT;

	wipe(text);
	free(path);
	return there;
}

static int
authority_make(struct gw_system *sys, const char *dir)
{
	char name[64];
	struct authority a = { .key = gw_cert_key() };
	int rc;

	snprintf(name, sizeof(name), "pared gateway %s", sys->name);
	if (a.key == NULL)
		return gw_fail(sys, "a key: %s", gw_cert_why());
	a.cert = gw_cert_make(&(struct gw_cert_params){
	    .use = GW_CERT_AUTHORITY,
	    .name = name,
	    .key = a.key,
	    .days = GW_AUTHORITY_DAYS,
	});
	if (a.cert == NULL)
		rc = gw_fail(sys, "the authority: %s", gw_cert_why());
	else
		rc = write_taken(sys, path_of("%s/ca.key", dir),
		    gw_cert_key_pem(a.key), 0600);
	if (rc == 0)
		rc = write_taken(
		    sys, path_of("%s/ca.crt", dir), gw_cert_pem(a.cert), 0644);
	authority_free(&a);
	return rc;
}

/* ---- what was revoked ---- */

/*
 * Lines of "SERIAL TIME CLIENT" that the list is made from. v points into text,
 * whose blanks become its ends. -1: the file is not of that form.
 */
static int
parse_revoked(char *text, struct gw_revoked *v, size_t max, size_t *n)
{
	char *line, *save = NULL, *when, *end;

	*n = 0;
	for (line = strtok_r(text, "\n", &save); line != NULL;
	     line = strtok_r(NULL, "\n", &save)) {
		when = strchr(line, ' ');
		if (when == NULL || *n == max ||
		    strspn(line, "0123456789ABCDEF") != (size_t)(when - line))
			return -1;
		*when++ = '\0';
		v[*n].serial = line;
		v[*n].when = (time_t)strtoll(when, &end, 10);
		if (end == when || *end != ' ')
			return -1;
		(*n)++;
	}
	return 0;
}

static int
write_list(struct gw_system *sys, const char *dir, const struct authority *a,
    const char *revoked)
{
	char *text = pd_xstrdup(revoked);
	/* A line has at least four bytes. */
	size_t max = strlen(text) / 4 + 1, n;
	struct gw_revoked *v = pd_xalloc(max * sizeof(*v));
	X509_CRL *list = NULL;
	int rc;

	if (parse_revoked(text, v, max, &n) < 0)
		rc =
		    gw_fail(sys, "%s/revoked: line %zu is damaged", dir, n + 1);
	else if ((list = gw_cert_list(a->cert, a->key, v, n)) == NULL)
		rc = gw_fail(sys, "%s/ca.crl: %s", dir, gw_cert_why());
	else
		rc = write_taken(sys, path_of("%s/ca.crl", dir),
		    gw_cert_list_pem(list), 0644);
	X509_CRL_free(list);
	free(v);
	free(text);
	return rc;
}

/* "" when there is none; NULL after gw_fail(). The caller frees it. */
static char *
read_revoked(struct gw_system *sys, const char *dir)
{
	char *path = path_of("%s/revoked", dir);
	char *text = gw_read_file(path);

	if (text == NULL && errno == ENOENT)
		text = pd_xstrdup("");
	else if (text == NULL)
		gw_fail(sys, "%s: %s", path, strerror(errno));
	free(path);
	return text;
}

static int
prepare_list(struct gw_system *sys, const char *dir, const struct authority *a)
{
	char *revoked;
	int rc;

	if (is_there(path_of("%s/ca.crl", dir)))
		return 0;
	revoked = read_revoked(sys, dir);
	rc = revoked != NULL ? write_list(sys, dir, a, revoked) : -1;
	free(revoked);
	return rc;
}

/* ---- the server's certificate ---- */

/* It ends with its authority at the latest: a new one would be no better. */
static bool
lasts(X509 *cert, X509 *authority)
{
	return gw_cert_days_left(cert) >= GW_AUTHORITY_RENEW_DAYS ||
	       ASN1_TIME_compare(X509_get0_notAfter(cert),
		   X509_get0_notAfter(authority)) == 0;
}

static bool
server_is_good(const char *dir, const char *server, X509 *authority)
{
	X509 *cert = read_cert(path_of("%s/%s.crt", dir, server));
	EVP_PKEY *key = read_key(path_of("%s/%s.key", dir, server));
	EVP_PKEY *by = X509_get0_pubkey(authority);
	bool good = cert != NULL && key != NULL &&
		    X509_check_private_key(cert, key) == 1 &&
		    gw_cert_is_for(cert, server) &&
		    X509_verify(cert, by) == 1 && lasts(cert, authority);

	if (!good)
		(void)gw_cert_why();
	X509_free(cert);
	EVP_PKEY_free(key);
	return good;
}

/* With a new key each time: there is nobody who would have to know the old. */
static int
server_make(struct gw_system *sys, const char *dir, const char *server,
    const struct authority *a)
{
	EVP_PKEY *key = gw_cert_key();
	X509 *cert = NULL;
	int rc;

	if (key != NULL)
		cert = gw_cert_make(&(struct gw_cert_params){
		    .use = GW_CERT_SERVER,
		    .name = server,
		    .key = key,
		    .issuer = a->cert,
		    .issuer_key = a->key,
		    .days = GW_AUTHORITY_SERVER_DAYS,
		});
	if (cert == NULL)
		rc = gw_fail(
		    sys, "a certificate for %s: %s", server, gw_cert_why());
	else
		rc = write_taken(sys, path_of("%s/%s.key", dir, server),
		    gw_cert_key_pem(key), 0600);
	if (rc == 0)
		rc = write_taken(sys, path_of("%s/%s.crt", dir, server),
		    gw_cert_pem(cert), 0644);
	X509_free(cert);
	EVP_PKEY_free(key);
	return rc;
}

int
gw_authority_prepare(struct gw_system *sys, const char *dir, const char *server)
{
	struct authority a = { 0 };
	int rc = 0;

	if (server != NULL && !gw_is_host(server))
		return gw_fail(
		    sys, "%s is no host name and no address", server);
	/* Its files would be the authority's own. */
	if (server != NULL && strcmp(server, "ca") == 0)
		return gw_fail(sys,
		    "a server cannot be called ca; give the tunnel another "
		    "name =");
	/* The certificate comes after the key, and the list after both: without
	 * either nobody has seen the key, and a new one is as good. */
	if (!is_there(path_of("%s/ca.crt", dir)) &&
	    !is_there(path_of("%s/ca.crl", dir)))
		rc = authority_make(sys, dir);
	if (rc == 0)
		rc = authority_read(sys, dir, &a);
	/* One that has ended is no reason for other tunnels to stay down. */
	if (rc == 0)
		rc = prepare_list(sys, dir, &a);
	if (rc == 0 && server != NULL && !server_is_good(dir, server, a.cert))
		rc = server_make(sys, dir, server, &a);
	authority_free(&a);
	return rc;
}

int
gw_authority_days_left(const char *path)
{
	X509 *cert = read_cert(pd_xstrdup(path));
	int days = cert != NULL ? gw_cert_days_left(cert) : INT_MAX;

	X509_free(cert);
	return days;
}

enum gw_state
gw_authority_state(const char *dir, const char *server)
{
	char *key = path_of("%s/ca.key", dir);
	char *text = gw_read_file(key);
	int error = errno;
	bool readable = text != NULL;
	enum gw_state state = GW_AS_PLANNED;
	X509 *cert = NULL;

	wipe(text);
	free(key);
	if (!readable)
		return error == EACCES ? GW_UNSEEN : GW_MISSING;
	cert = read_cert(path_of("%s/ca.crt", dir));
	if (cert == NULL || !is_there(path_of("%s/ca.crl", dir)))
		state = GW_MISSING;
	else if (server != NULL && !server_is_good(dir, server, cert))
		state = is_there(path_of("%s/%s.crt", dir, server))
			    ? GW_DRIFTED
			    : GW_MISSING;
	X509_free(cert);
	return state;
}

/* ---- clients ---- */

/* After those that the client had. Takes pem. */
static int
append_cert(
    struct gw_system *sys, const char *dir, const char *client, char *pem)
{
	char *path = path_of("%s/clients/%s.crt", dir, client);
	char *before = gw_read_file(path), *text = NULL;

	if (pem != NULL)
		text = path_of("%s%s", before != NULL ? before : "", pem);
	free(before);
	free(pem);
	return write_taken(sys, path, text, 0644);
}

static X509 *
issue(struct gw_system *sys, const char *dir, const char *client,
    const struct authority *a, EVP_PKEY *key)
{
	X509 *cert = gw_cert_make(&(struct gw_cert_params){
	    .use = GW_CERT_CLIENT,
	    .name = client,
	    .key = key,
	    .issuer = a->cert,
	    .issuer_key = a->key,
	    .days = GW_AUTHORITY_DAYS,
	});

	if (cert == NULL) {
		gw_fail(sys, "a certificate for client %s: %s", client,
		    gw_cert_why());
	} else if (append_cert(sys, dir, client, gw_cert_pem(cert)) < 0) {
		X509_free(cert);
		cert = NULL;
	}
	return cert;
}

/* libcrypto counts its bytes in an int. */
static int
bytes_of(struct gw_system *sys, PKCS12 *pack, unsigned char **p12, size_t *len)
{
	unsigned char *der = NULL;
	int n = pack != NULL ? i2d_PKCS12(pack, &der) : -1;

	if (n <= 0)
		return gw_fail(sys, "PKCS#12: %s", gw_cert_why());
	*len = (size_t)n;
	*p12 = pd_xalloc(*len);
	memcpy(*p12, der, *len);
	OPENSSL_clear_free(der, *len);
	return 0;
}

int
gw_authority_issue(struct gw_system *sys, const char *dir, const char *client,
    const char *password, unsigned char **p12, size_t *len)
{
	struct authority a = { 0 };
	EVP_PKEY *key;
	X509 *cert;
	PKCS12 *pack;
	int rc = -1;

	if (!gw_is_name(client, GW_TITLE_MAX))
		return gw_fail(sys, "%s is no client's name", client);
	if (gw_authority_prepare(sys, dir, NULL) < 0 ||
	    authority_read(sys, dir, &a) < 0)
		return -1;
	if (gw_cert_days_left(a.cert) < 0) {
		authority_free(&a);
		return gw_fail(sys,
		    "%s: the authority has ended; move the directory away for "
		    "a new one, and give every client a new profile",
		    dir);
	}
	key = gw_cert_key();
	cert = key != NULL ? issue(sys, dir, client, &a, key) : NULL;
	if (key == NULL)
		gw_fail(sys, "a key: %s", gw_cert_why());
	if (cert != NULL) {
		pack = gw_cert_pack(client, password, key, cert, a.cert);
		rc = bytes_of(sys, pack, p12, len);
		PKCS12_free(pack);
	}
	X509_free(cert);
	EVP_PKEY_free(key);
	authority_free(&a);
	return rc;
}

/* The lines of all certificates in pem, after what is there; NULL: a serial
 * could not be read. Takes text. */
static char *
add_revoked(char *text, const char *client, const char *pem)
{
	X509 *cert;
	BIGNUM *serial;
	char *hex, *longer;

	for (size_t i = 0;
	     text != NULL && (cert = gw_cert_read(pem, i)) != NULL; i++) {
		serial = ASN1_INTEGER_to_BN(X509_get0_serialNumber(cert), NULL);
		hex = serial != NULL ? BN_bn2hex(serial) : NULL;
		longer = hex == NULL ? NULL
				     : path_of("%s%s %lld %s\n", text, hex,
					   (long long)time(NULL), client);
		free(text);
		text = longer;
		OPENSSL_free(hex);
		BN_free(serial);
		X509_free(cert);
	}
	(void)gw_cert_why(); /* the end of the file is one */
	return text;
}

/*
 * In an order that a crash cannot turn: written down, then in the list, and
 * only then is the client's file gone. Twice in the list is no harm.
 */
static int
revoke(
    struct gw_system *sys, const char *dir, const char *client, const char *pem)
{
	struct authority a = { 0 };
	char *revoked = read_revoked(sys, dir), *path;
	int rc;

	if (revoked == NULL)
		return -1;
	revoked = add_revoked(revoked, client, pem);
	if (revoked == NULL)
		return gw_fail(sys, "%s: %s", client, gw_cert_why());
	rc = write_taken(
	    sys, path_of("%s/revoked", dir), pd_xstrdup(revoked), 0644);
	if (rc == 0)
		rc = authority_read(sys, dir, &a);
	if (rc == 0)
		rc = write_list(sys, dir, &a, revoked);
	if (rc == 0) {
		path = path_of("%s/clients/%s.crt", dir, client);
		if (remove(path) < 0)
			rc = gw_fail(sys, "%s: %s", path, strerror(errno));
		free(path);
	}
	authority_free(&a);
	free(revoked);
	return rc;
}

int
gw_authority_revoke(struct gw_system *sys, const char *dir, const char *client)
{
	char *path, *pem;
	int rc = 0;

	if (!gw_is_name(client, GW_TITLE_MAX))
		return gw_fail(sys, "%s is no client's name", client);
	path = path_of("%s/clients/%s.crt", dir, client);
	pem = gw_read_file(path);
	if (pem != NULL)
		rc = revoke(sys, dir, client, pem);
	else if (errno != ENOENT)
		rc = gw_fail(sys, "%s: %s", path, strerror(errno));
	free(pem);
	free(path);
	return rc;
}

int
gw_authority_der(const char *dir, unsigned char **der, size_t *len)
{
	X509 *cert = read_cert(path_of("%s/ca.crt", dir));
	unsigned char *made = NULL;
	int n = cert != NULL ? i2d_X509(cert, &made) : -1;

	X509_free(cert);
	if (n <= 0) {
		(void)gw_cert_why();
		return -1;
	}
	*len = (size_t)n;
	*der = pd_xalloc(*len);
	memcpy(*der, made, *len);
	OPENSSL_free(made);
	return 0;
}
