/*
 * What a client says first on a connection that does not tell by its port what
 * is spoken on it; and of TLS, which name it asks for (RFC 8446, 4.1.2; RFC
 * 6066, 3).
 *
 * Pure: looks at bytes and takes none of them. Nothing is believed: the name is
 * what the client says, and with Encrypted ClientHello it is the outer one.
 * Thread: any.
 */
#ifndef PD_HELLO_H
#define PD_HELLO_H

#include "base/str.h"

/* Records and all. The largest part that browsers send is a post-quantum key
 * share of 1,216 bytes (X25519MLKEM768). */
#define PD_HELLO_MAX      16384
#define PD_HELLO_NAME_MAX 255

enum pd_hello_kind {
	PD_HELLO_UNSURE, /* too short to tell */
	PD_HELLO_HTTP,   /* begins like an HTTP/1 request line */
	PD_HELLO_TLS,    /* begins like a handshake, or an alert before it */
	PD_HELLO_OTHER,
};

/* What the first bytes of a connection look like. */
enum pd_hello_kind pd_hello_kind(struct pd_str first);
/* Whether the first byte, if there is one, is that of such a record. */
bool pd_hello_may_be_tls(struct pd_str first);

struct pd_hello {
	size_t name_len; /* 0: no name was sent */
	/* As sent: any bytes, for the reader to check. */
	char name[PD_HELLO_NAME_MAX];
	uint16_t version; /* the highest that is offered: 0x0304 is TLS 1.3 */
	bool h2, http1;   /* offered by ALPN (RFC 7301) */
};

enum pd_hello_result {
	PD_HELLO_MORE, /* well so far, not whole yet */
	PD_HELLO_DONE, /* *out is filled */
	PD_HELLO_BAD,  /* no ClientHello, or one that no server would take */
};

/*
 * Reads the ClientHello with which bytes begin, through as many records as it
 * was cut into. MORE only below PD_HELLO_MAX bytes. What follows it is not
 * looked at.
 */
enum pd_hello_result pd_hello_read(struct pd_str bytes, struct pd_hello *out);

#endif
