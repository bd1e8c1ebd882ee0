/*
 * Keys, certificates and lists of revoked ones as libcrypto makes them: ECDSA
 * P-256 with SHA-256, X.509 version 3 (RFC 5280). What lies where on disk is
 * authority.c's.
 *
 * What is returned is the caller's to free by libcrypto's own function; NULL
 * means that libcrypto refused (gw_cert_why() says what).
 * Thread: main.
 */
#ifndef GW_AUTHORITY_CERT_H
#define GW_AUTHORITY_CERT_H

#include <openssl/evp.h>
#include <openssl/pkcs12.h>
#include <openssl/x509.h>

enum gw_cert_use {
	GW_CERT_AUTHORITY, /* signs certificates and lists, nothing below it */
	GW_CERT_SERVER,
	GW_CERT_CLIENT,
};

struct gw_cert_params {
	enum gw_cert_use use;
	const char *name; /* common name; server and client: of the alternative
			     name too, a host name or an address */
	EVP_PKEY *key;    /* whose certificate it is */
	X509 *issuer;     /* NULL: itself */
	EVP_PKEY *issuer_key;
	int days; /* valid for; never beyond the issuer's end */
};

EVP_PKEY *gw_cert_key(void);
X509 *gw_cert_make(const struct gw_cert_params *params);
/* Whole days until it ends; below 0: it has. */
int gw_cert_days_left(const X509 *cert);
/* Whether its alternative names hold the host name or address. */
bool gw_cert_is_for(X509 *cert, const char *name);

/* One line of the index of what was revoked. */
struct gw_revoked {
	const char *serial; /* hexadecimal */
	time_t when;
};
X509_CRL *gw_cert_list(
    X509 *issuer, EVP_PKEY *issuer_key, const struct gw_revoked *v, size_t n);

/* Certificate, key and the authority's certificate in one, by triple DES. */
PKCS12 *gw_cert_pack(const char *name, const char *password, EVP_PKEY *key,
    X509 *cert, X509 *issuer);

/* PEM; "" is never returned. The caller frees it. */
char *gw_cert_pem(X509 *cert);
char *gw_cert_key_pem(EVP_PKEY *key);
char *gw_cert_list_pem(X509_CRL *list);
/* The n-th certificate in a text of several, from 0; NULL: there is none. */
X509 *gw_cert_read(const char *pem, size_t n);
EVP_PKEY *gw_cert_read_key(const char *pem);

/* libcrypto's last word, and forgets it. */
const char *gw_cert_why(void);

#endif
