/*
 * Certificates of the authority. What devices ask of them was taken from their
 * makers' pages: Apple takes no server certificate without its name among the
 * alternative ones and none that is valid for more than 825 days; macOS before
 * 10.14 wants the extended use "IKE intermediate" as well; Windows wants
 * serverAuth.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include "authority_cert.h"

#include "base/addr.h"
#include "base/arena.h"

/* Clocks of phones run late. */
#define EARLY_S 3600
/* RFC 5280, 4.1.2.2: at most 20 bytes, positive. */
#define SERIAL_BITS 159
/*
 * Of PKCS#12. 2048 is what openssl takes by default: the password that
 * `client add` makes has 80 bits of its own and needs no stretching.
 */
#define P12_ROUNDS 2048

EVP_PKEY *
gw_cert_key(void)
{
	return EVP_EC_gen("P-256");
}

static bool
is_address(const char *name)
{
	struct pd_addr a;

	return pd_addr_parse(pd_str_z(name), &a) == 0;
}

static bool
extend(X509 *cert, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509_EXTENSION *e;
	bool ok;

	X509V3_set_ctx_nodb(&ctx);
	X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
	e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	ok = e != NULL && X509_add_ext(cert, e, -1) == 1;
	X509_EXTENSION_free(e);
	return ok;
}

/* The name is a host's or an address (authority.c): no comma, no colon but an
 * address's, so that it cannot begin another value. */
static bool
extend_name(X509 *cert, X509 *issuer, const char *name)
{
	char value[512];

	snprintf(value, sizeof(value), "%s:%s", is_address(name) ? "IP" : "DNS",
	    name);
	return extend(cert, issuer, NID_subject_alt_name, value);
}

static bool
extend_for_use(X509 *cert, X509 *issuer, const struct gw_cert_params *p)
{
	if (!extend(cert, issuer, NID_subject_key_identifier, "hash") ||
	    !extend(cert, issuer, NID_authority_key_identifier, "keyid:always"))
		return false;
	if (p->use == GW_CERT_AUTHORITY)
		return extend(cert, issuer, NID_basic_constraints,
			   "critical,CA:TRUE,pathlen:0") &&
		       extend(cert, issuer, NID_key_usage,
			   "critical,keyCertSign,cRLSign");
	return extend(
		   cert, issuer, NID_basic_constraints, "critical,CA:FALSE") &&
	       extend(
		   cert, issuer, NID_key_usage, "critical,digitalSignature") &&
	       extend(cert, issuer, NID_ext_key_usage,
		   p->use == GW_CERT_SERVER ? "serverAuth,1.3.6.1.5.5.8.2.2"
					    : "clientAuth") &&
	       extend_name(cert, issuer, p->name);
}

static bool
set_serial(X509 *cert)
{
	BIGNUM *n = BN_new();
	bool ok =
	    n != NULL &&
	    BN_rand(n, SERIAL_BITS, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1 &&
	    BN_to_ASN1_INTEGER(n, X509_get_serialNumber(cert)) != NULL;

	BN_free(n);
	return ok;
}

static bool
set_times(X509 *cert, X509 *issuer, int days)
{
	time_t now = time(NULL);

	/* X509_time_adj_ex counts days apart, so that no time_t overflows. */
	if (X509_time_adj_ex(X509_getm_notBefore(cert), 0, -EARLY_S, &now) ==
		NULL ||
	    X509_time_adj_ex(X509_getm_notAfter(cert), days, -EARLY_S, &now) ==
		NULL)
		return false;
	return issuer == cert ||
	       ASN1_TIME_compare(
		   X509_get0_notAfter(cert), X509_get0_notAfter(issuer)) <= 0 ||
	       X509_set1_notAfter(cert, X509_get0_notAfter(issuer)) == 1;
}

static bool
set_names(X509 *cert, X509 *issuer, const char *name)
{
	X509_NAME *subject = X509_get_subject_name(cert);
	/* A common name has at most 64 signs (RFC 5280, A.1); who checks a host
	 * looks among the alternative names. */
	const char *common = strlen(name) <= ub_common_name ? name : "host";

	return X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
		   (const unsigned char *)common, -1, -1, 0) == 1 &&
	       X509_set_issuer_name(cert, X509_get_subject_name(issuer)) == 1;
}

X509 *
gw_cert_make(const struct gw_cert_params *p)
{
	X509 *cert = X509_new();
	X509 *issuer = p->issuer != NULL ? p->issuer : cert;
	EVP_PKEY *issuer_key = p->issuer != NULL ? p->issuer_key : p->key;

	if (cert != NULL && X509_set_version(cert, X509_VERSION_3) == 1 &&
	    set_serial(cert) && set_times(cert, issuer, p->days) &&
	    set_names(cert, issuer, p->name) &&
	    X509_set_pubkey(cert, p->key) == 1 &&
	    extend_for_use(cert, issuer, p) &&
	    X509_sign(cert, issuer_key, EVP_sha256()) > 0)
		return cert;
	X509_free(cert);
	return NULL;
}

int
gw_cert_days_left(const X509 *cert)
{
	int days, seconds;

	if (ASN1_TIME_diff(&days, &seconds, NULL, X509_get0_notAfter(cert)) !=
	    1)
		return -1;
	return seconds < 0 ? days - 1 : days;
}

bool
gw_cert_is_for(X509 *cert, const char *name)
{
	return is_address(name) ? X509_check_ip_asc(cert, name, 0) == 1
				: X509_check_host(cert, name, 0, 0, NULL) == 1;
}

static bool
revoke(X509_CRL *list, const struct gw_revoked *r)
{
	X509_REVOKED *entry = X509_REVOKED_new();
	ASN1_TIME *when = ASN1_TIME_set(NULL, r->when);
	ASN1_INTEGER *serial = NULL;
	BIGNUM *n = NULL;
	bool ok = entry != NULL && when != NULL &&
		  BN_hex2bn(&n, r->serial) > 0 &&
		  (serial = BN_to_ASN1_INTEGER(n, NULL)) != NULL &&
		  X509_REVOKED_set_serialNumber(entry, serial) == 1 &&
		  X509_REVOKED_set_revocationDate(entry, when) == 1 &&
		  X509_CRL_add0_revoked(list, entry) == 1;

	if (!ok)
		X509_REVOKED_free(entry);
	ASN1_TIME_free(when);
	ASN1_INTEGER_free(serial);
	BN_free(n);
	return ok;
}

/* RFC 5280, 5.2.3: grows with every list, by which charon knows the newer. */
static bool
number(X509_CRL *list)
{
	struct timespec now;
	ASN1_INTEGER *n = ASN1_INTEGER_new();
	bool ok;

	clock_gettime(CLOCK_REALTIME, &now);
	ok = n != NULL &&
	     ASN1_INTEGER_set_uint64(n, (uint64_t)now.tv_sec * 1000 +
					    (uint64_t)now.tv_nsec / 1000000) ==
		 1 &&
	     X509_CRL_add1_ext_i2d(list, NID_crl_number, n, 0, 0) == 1;
	ASN1_INTEGER_free(n);
	return ok;
}

/* RFC 5280, 5.2.1. charon finds the list of an authority by nothing else. */
static bool
name_key(X509_CRL *list, X509 *issuer)
{
	X509V3_CTX ctx;
	X509_EXTENSION *e;
	bool ok;

	X509V3_set_ctx_nodb(&ctx);
	X509V3_set_ctx(&ctx, issuer, NULL, NULL, list, 0);
	e = X509V3_EXT_conf_nid(
	    NULL, &ctx, NID_authority_key_identifier, "keyid:always");
	ok = e != NULL && X509_CRL_add_ext(list, e, -1) == 1;
	X509_EXTENSION_free(e);
	return ok;
}

X509_CRL *
gw_cert_list(
    X509 *issuer, EVP_PKEY *issuer_key, const struct gw_revoked *v, size_t n)
{
	X509_CRL *list = X509_CRL_new();
	ASN1_TIME *now = X509_time_adj_ex(NULL, 0, -EARLY_S, NULL);
	bool ok =
	    list != NULL && now != NULL &&
	    X509_CRL_set_version(list, X509_CRL_VERSION_2) == 1 &&
	    X509_CRL_set_issuer_name(list, X509_get_subject_name(issuer)) ==
		1 &&
	    X509_CRL_set1_lastUpdate(list, now) == 1 &&
	    /* It is handed to charon as a file, and anew with every
	     * change: it need not age before the authority does. */
	    X509_CRL_set1_nextUpdate(list, X509_get0_notAfter(issuer)) == 1 &&
	    number(list) && name_key(list, issuer);

	for (size_t i = 0; ok && i < n; i++)
		ok = revoke(list, &v[i]);
	ok = ok && X509_CRL_sort(list) == 1 &&
	     X509_CRL_sign(list, issuer_key, EVP_sha256()) > 0;
	ASN1_TIME_free(now);
	if (ok)
		return list;
	X509_CRL_free(list);
	return NULL;
}

/*
 * Apple's devices take neither AES nor a MAC by SHA-256 here, which are
 * OpenSSL 3's defaults. Triple DES and SHA-1 for PKCS#12 stand in its default
 * provider; RC2, which OpenSSL 1 took for certificates, is in the legacy one.
 */
PKCS12 *
gw_cert_pack(const char *name, const char *password, EVP_PKEY *key, X509 *cert,
    X509 *issuer)
{
	const int cipher = NID_pbe_WithSHA1And3_Key_TripleDES_CBC;
	STACK_OF(X509) *chain = sk_X509_new_null();
	PKCS12 *p12 = NULL;

	if (chain != NULL && sk_X509_push(chain, issuer) > 0)
		p12 = PKCS12_create_ex(password, name, key, cert, chain, cipher,
		    cipher, P12_ROUNDS, -1, 0, NULL, NULL);
	sk_X509_free(chain); /* borrowed what it held */
	if (p12 != NULL && PKCS12_set_mac(p12, password, -1, NULL, 0,
			       P12_ROUNDS, EVP_sha1()) != 1) {
		PKCS12_free(p12);
		return NULL;
	}
	return p12;
}

/* The text in a memory BIO, which is freed; written: whether it is whole. */
static char *
text_of(BIO *bio, int written)
{
	char *data, *copy = NULL;
	long n = BIO_get_mem_data(bio, &data);

	if (written == 1 && n > 0) {
		copy = pd_xalloc((size_t)n + 1);
		memcpy(copy, data, (size_t)n);
	}
	BIO_free(bio);
	return copy;
}

static BIO *
memory(void)
{
	BIO *bio = BIO_new(BIO_s_mem());

	if (bio == NULL)
		abort();
	return bio;
}

char *
gw_cert_pem(X509 *cert)
{
	BIO *bio = memory();

	return text_of(bio, PEM_write_bio_X509(bio, cert));
}

char *
gw_cert_key_pem(EVP_PKEY *key)
{
	BIO *bio = memory();

	return text_of(
	    bio, PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL));
}

char *
gw_cert_list_pem(X509_CRL *list)
{
	BIO *bio = memory();

	return text_of(bio, PEM_write_bio_X509_CRL(bio, list));
}

X509 *
gw_cert_read(const char *pem, size_t n)
{
	BIO *bio = BIO_new_mem_buf(pem, -1);
	X509 *cert = NULL;

	for (size_t i = 0; bio != NULL && i <= n; i++) {
		X509_free(cert);
		cert = PEM_read_bio_X509(bio, NULL, NULL, NULL);
		if (cert == NULL)
			break;
	}
	BIO_free(bio);
	return cert;
}

EVP_PKEY *
gw_cert_read_key(const char *pem)
{
	BIO *bio = BIO_new_mem_buf(pem, -1);
	EVP_PKEY *key = NULL;

	if (bio != NULL)
		key = PEM_read_bio_PrivateKey(bio, NULL, NULL, (void *)"");
	BIO_free(bio);
	return key;
}

const char *
gw_cert_why(void)
{
	unsigned long e = ERR_peek_last_error();
	const char *why = e != 0 ? ERR_reason_error_string(e) : NULL;

	ERR_clear_error();
	return why != NULL ? why : "libcrypto failed";
}
