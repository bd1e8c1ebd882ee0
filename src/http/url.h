/*
 * Target URIs, for http and https (RFC 3986, RFC 9110 4.2, RFC 9112 3.2).
 *
 * Strict: what two parsers could read differently is refused. Nothing is
 * decoded or rewritten: path and query go out as they came.
 * Thread: any.
 */
#ifndef PD_URL_H
#define PD_URL_H

#include "base/addr.h"
#include "base/arena.h"

enum pd_scheme { PD_SCHEME_HTTP, PD_SCHEME_HTTPS };

enum pd_host_kind {
	PD_HOST_NAME,
	PD_HOST_IPV4, /* also the lax spellings of inet_aton: see lax */
	PD_HOST_IPV6,
};

/* An authority: host [":" port]. Slices point into what was parsed. */
struct pd_authority {
	struct pd_str text; /* as written */
	/* Lower case, no brackets, no last dot; an address in its one usual
	 * spelling. A slice of what was parsed, or a copy in the arena. */
	struct pd_str host;
	enum pd_host_kind kind;
	bool lax; /* IPv4 not in dotted decimal, or with a last dot */
	bool port_given;
	uint16_t port;       /* given, or the scheme's; 0: CONNECT without */
	struct pd_addr addr; /* of an address literal; port set */
};

struct pd_url {
	enum pd_scheme scheme;
	struct pd_authority authority;
	struct pd_str path; /* path and query as they came, or "/" */
};

enum pd_url_error {
	PD_URL_OK,
	PD_URL_MALFORMED, /* 400 */
	PD_URL_SCHEME,    /* neither http nor https */
	PD_URL_USERINFO,  /* "user@": refused, RFC 9110 4.2.4 */
	PD_URL_HOST,
	PD_URL_PORT,
};

/*
 * absolute-form. Fragments are refused, control bytes, spaces and bytes above
 * 0x7f too. "http://host?q" has the path "/?q".
 */
enum pd_url_error
pd_url_parse(struct pd_str s, struct pd_arena *arena, struct pd_url *out);

/*
 * host [":" port], for Host, CONNECT and NextProxy. default_port fills in for
 * a port that is absent or empty; with 0, "host" has port 0 and "host:" is
 * refused. A name is at most 253 bytes of letters, digits, ".", "-", "_" and
 * "~", in labels of 1 to 63; percent-encoding and sub-delims are refused,
 * which RFC 3986 would allow. If its last label is a number, decimal or
 * hexadecimal, it must be an IPv4 address, in any spelling that browsers take.
 * A port is 1 to 5 digits, leading zeros included.
 */
enum pd_url_error pd_authority_parse(struct pd_str s, uint16_t default_port,
    struct pd_arena *arena, struct pd_authority *out);

/* Same host (no case, no last dot, any spelling of an address) and port. */
bool
pd_authority_same(const struct pd_authority *a, const struct pd_authority *b);

/* Whether s may be an origin-form target: "/" and printable ASCII, no "#". */
bool pd_url_path_ok(struct pd_str s);

const char *pd_url_strerror(enum pd_url_error err);

/*
 * A host name in lower case and Punycode (UTS 46, non-transitional), without a
 * last dot, for lists and configuration (a name in a request must be ASCII
 * already). An IPv4 address comes out in dotted decimal. A slice of name or a
 * copy in the arena; empty when it is no host of a URL.
 */
struct pd_str pd_url_host_ascii(struct pd_str name, struct pd_arena *arena);

#endif
