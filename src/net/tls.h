/*
 * TLS towards origins: contexts, verification, and the handshake's result.
 *
 * Bytes are moved by sock.h, which calls this; nothing else names OpenSSL.
 * TLS 1.2 and 1.3; the system's authorities; the name or address is verified
 * (RFC 9525) and sent as SNI (RFC 6066, 3).
 * Thread: a context any, counted by its owner; a session its worker.
 */
#ifndef PD_TLS_H
#define PD_TLS_H

#include "base/addr.h"
#include "base/str.h"

struct pd_tls_context;
struct pd_tls;

/* ca_file NULL: the system's. NULL with a sentence in *why (static). */
struct pd_tls_context *
pd_tls_context_create(const char *ca_file, const char **why);
void pd_tls_context_destroy(struct pd_tls_context *c); /* NULL is fine */

/*
 * A client session that verifies host (a name or an address literal, without
 * brackets). fd is borrowed and must outlive it; c need not. Sends nothing
 * yet. NULL: out of memory or not a host.
 */
struct pd_tls *
pd_tls_client_create(struct pd_tls_context *c, struct pd_str host, int fd);
/* Sends nothing and leaves the socket open. NULL is fine. */
void pd_tls_destroy(struct pd_tls *t);

enum pd_tls_result {
	PD_TLS_DONE, /* n bytes moved, or the handshake is over */
	PD_TLS_READ, /* call again when the socket can be read */
	PD_TLS_WRITE,
	PD_TLS_END,  /* close_notify came */
	PD_TLS_FAIL, /* pd_tls_error() says why */
};
enum pd_tls_result pd_tls_handshake(struct pd_tls *t);
/* n is at least 1. An end without close_notify is a FAIL: somebody else may
 * have cut the connection (RFC 8446, 6.1). */
enum pd_tls_result
pd_tls_read(struct pd_tls *t, void *p, size_t n, size_t *got);
/* After READ or WRITE the same bytes must be given again, more may follow
 * them, and they may have moved. */
enum pd_tls_result
pd_tls_write(struct pd_tls *t, const void *p, size_t n, size_t *put);
/* Sends close_notify; reading goes on. */
enum pd_tls_result pd_tls_shutdown(struct pd_tls *t);
/* Bytes that were received and deciphered: the socket will not tell of them. */
size_t pd_tls_pending(const struct pd_tls *t);
/* "certificate has expired", "hostname mismatch" ...: for people; in t. */
const char *pd_tls_error(const struct pd_tls *t);

#endif
