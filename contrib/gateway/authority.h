/*
 * The authority for IKEv2: a certificate of our own, and those that it issues
 * to the server and to clients. ECDSA P-256, by libcrypto (authority_cert.h).
 *
 * Files below STATE-DIR/NAME/authority: ca.key (0600), ca.crt, ca.crl (the
 * list of what was revoked), SERVER.key, SERVER.crt, clients/NAME.crt (all
 * that were issued to the client, one after the other), revoked (a line for
 * each: serial, time, client). They stay when the gateway goes down: clients
 * have them.
 *
 * Thread: main.
 */
#ifndef GW_AUTHORITY_H
#define GW_AUTHORITY_H

#include <stddef.h>

#include "step.h"

/* Apple's devices take no server certificate that is valid for longer. */
#define GW_AUTHORITY_SERVER_DAYS 825
/* With fewer left, `up` makes a new one. */
#define GW_AUTHORITY_RENEW_DAYS 30
#define GW_AUTHORITY_DAYS       3652 /* ten years */
/* With fewer left of the authority's own, it is time to say so: a new one means
 * a new profile for every client. */
#define GW_AUTHORITY_WARN_DAYS 180
/* The same of a server's certificate that was brought: whoever renews it by a
 * program does so earlier. */
#define GW_AUTHORITY_BROUGHT_WARN_DAYS 14

/*
 * Makes what is missing: the authority and a server certificate for a host
 * name or address (NULL: the authority alone). A certificate that is for
 * another name, another authority's, or ends within GW_AUTHORITY_RENEW_DAYS
 * (and before its authority, whose end no other could outlast), is made anew;
 * the authority's own never is, because clients know it. 0 or -1 after
 * gw_fail().
 */
int gw_authority_prepare(
    struct gw_system *sys, const char *dir, const char *server);
/* Of a certificate's file; negative: it has ended. INT_MAX: there is none yet,
 * or this user may not read it. */
int gw_authority_days_left(const char *path);
/* Whether prepare() would do something. */
enum gw_state gw_authority_state(const char *dir, const char *server);
/*
 * A client's certificate and key as PKCS#12 bytes (legacy 3DES form, which is
 * what Apple's devices take), protected by password; the key is not kept. What
 * was issued to the client before stays valid. The caller frees *p12. 0 or -1
 * after gw_fail().
 */
int gw_authority_issue(struct gw_system *sys, const char *dir,
    const char *client, const char *password, unsigned char **p12, size_t *len);
/* The client's certificates count no more (a list that charon is given).
 * Nothing was issued: nothing to do. 0 or -1 after gw_fail(). */
int
gw_authority_revoke(struct gw_system *sys, const char *dir, const char *client);
/* ca.crt as DER; the caller frees it. 0 or -1. */
int gw_authority_der(const char *dir, unsigned char **der, size_t *len);

#endif
