/*
 * An origin on loopback for tests of what pared fetches for itself: http and
 * https, answers by path, certificates made on the spot. It is the parent
 * proxy, too: CONNECT leads to itself.
 *
 * Runs in a thread of its own; one connection after the other.
 */
#ifndef PD_TEST_ORIGIN_H
#define PD_TEST_ORIGIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct origin;
struct ssl_ctx_st;

/* What it shows; all but SELF_SIGNED by the authority of origin_ca(). */
enum origin_cert {
	ORIGIN_CERT_GOOD, /* localhost, 127.0.0.1 */
	ORIGIN_CERT_OTHER_NAME,
	ORIGIN_CERT_EXPIRED,
	ORIGIN_CERT_SELF_SIGNED,
	ORIGIN_CERT_COMMON_NAME, /* localhost as common name alone */
	ORIGIN_CERTS,
};

enum origin_end {
	ORIGIN_END_CLOSE,     /* close_notify where there is TLS, then FIN */
	ORIGIN_END_NO_NOTIFY, /* FIN alone */
	ORIGIN_END_RESET,
	ORIGIN_END_HANG, /* neither, until the client goes */
};

struct origin *origin_create(void);
void origin_destroy(struct origin *o);
uint16_t origin_http(const struct origin *o);
uint16_t origin_https(const struct origin *o);
/* The file that holds its authority's certificate. */
const char *origin_ca(const struct origin *o);

/* OpenSSL's context that shows cert, for a peer of the test's own. */
struct ssl_ctx_st *origin_context(struct origin *o, enum origin_cert cert);

void origin_show(struct origin *o, enum origin_cert cert);
/*
 * Bytes, sent as they are, for a request of this target; replaces what was
 * there. piece: sent in pieces of that many bytes, 0: at once. Other targets
 * get a 404.
 */
struct origin_answer {
	const char *target;
	const char *bytes;
	size_t len; /* 0: strlen(bytes) */
	size_t piece;
	enum origin_end end;
};
void origin_answer(struct origin *o, const struct origin_answer *a);
/* The last request's header section; valid until the next call. */
const char *origin_asked(struct origin *o);
unsigned origin_requests(struct origin *o);
/* A 200 with Content-Length, for origin_answer(); malloc()ed. */
char *origin_ok(const char *fields, const char *content);

#endif
