/*
 * HTTP messages, apart from how a version writes them (RFC 9110).
 *
 * Slices and arrays live in the exchange's arena. Field order and case are
 * kept. h1 and h2 both build these and write them.
 * Thread: any.
 */
#ifndef PD_HTTP_H
#define PD_HTTP_H

#include "http/url.h"

enum pd_method {
	PD_METHOD_OTHER,
	PD_METHOD_GET,
	PD_METHOD_HEAD,
	PD_METHOD_POST,
	PD_METHOD_PUT,
	PD_METHOD_DELETE,
	PD_METHOD_CONNECT,
	PD_METHOD_OPTIONS,
	PD_METHOD_TRACE,
	PD_METHOD_PATCH,
};

/* Fields the proxy itself looks at: X(id, "name", "Usual-Capitals"). Order is
 * of no matter; a field added here needs its place in fields.c as well. */
#define PD_FIELDS(X)                                                         \
	X(ACCEPT, "accept", "Accept")                                        \
	X(ACCEPT_ENCODING, "accept-encoding", "Accept-Encoding")             \
	X(ACCEPT_RANGES, "accept-ranges", "Accept-Ranges")                   \
	X(AGE, "age", "Age")                                                 \
	X(ALT_SVC, "alt-svc", "Alt-Svc")                                     \
	X(AUTHORIZATION, "authorization", "Authorization")                   \
	X(CACHE_CONTROL, "cache-control", "Cache-Control")                   \
	X(CONNECTION, "connection", "Connection")                            \
	X(CONTENT_DIGEST, "content-digest", "Content-Digest")                \
	X(CONTENT_DISPOSITION, "content-disposition", "Content-Disposition") \
	X(CONTENT_ENCODING, "content-encoding", "Content-Encoding")          \
	X(CONTENT_LENGTH, "content-length", "Content-Length")                \
	X(CONTENT_MD5, "content-md5", "Content-MD5")                         \
	X(CONTENT_RANGE, "content-range", "Content-Range")                   \
	X(CONTENT_TYPE, "content-type", "Content-Type")                      \
	X(COOKIE, "cookie", "Cookie")                                        \
	X(DATE, "date", "Date")                                              \
	X(DIGEST, "digest", "Digest")                                        \
	X(DPR, "dpr", "DPR")                                                 \
	X(ETAG, "etag", "ETag")                                              \
	X(EXPECT, "expect", "Expect")                                        \
	X(FORWARDED, "forwarded", "Forwarded")                               \
	X(HOST, "host", "Host")                                              \
	X(HTTP2_SETTINGS, "http2-settings", "HTTP2-Settings")                \
	X(IF_MATCH, "if-match", "If-Match")                                  \
	X(IF_NONE_MATCH, "if-none-match", "If-None-Match")                   \
	X(IF_RANGE, "if-range", "If-Range")                                  \
	X(KEEP_ALIVE, "keep-alive", "Keep-Alive")                            \
	X(LAST_MODIFIED, "last-modified", "Last-Modified")                   \
	X(LOCATION, "location", "Location")                                  \
	X(MAX_FORWARDS, "max-forwards", "Max-Forwards")                      \
	X(ORIGIN, "origin", "Origin")                                        \
	X(PRAGMA, "pragma", "Pragma")                                        \
	X(PROXY_AUTHENTICATE, "proxy-authenticate", "Proxy-Authenticate")    \
	X(PROXY_AUTHENTICATION_INFO, "proxy-authentication-info",            \
	    "Proxy-Authentication-Info")                                     \
	X(PROXY_AUTHORIZATION, "proxy-authorization", "Proxy-Authorization") \
	X(PROXY_CONNECTION, "proxy-connection", "Proxy-Connection")          \
	X(RANGE, "range", "Range")                                           \
	X(REFERER, "referer", "Referer")                                     \
	X(REPR_DIGEST, "repr-digest", "Repr-Digest")                         \
	X(SAVE_DATA, "save-data", "Save-Data")                               \
	X(SEC_FETCH_DEST, "sec-fetch-dest", "Sec-Fetch-Dest")                \
	X(SEC_FETCH_SITE, "sec-fetch-site", "Sec-Fetch-Site")                \
	X(SERVER, "server", "Server")                                        \
	X(SET_COOKIE, "set-cookie", "Set-Cookie")                            \
	X(TE, "te", "TE")                                                    \
	X(TRAILER, "trailer", "Trailer")                                     \
	X(TRANSFER_ENCODING, "transfer-encoding", "Transfer-Encoding")       \
	X(UPGRADE, "upgrade", "Upgrade")                                     \
	X(USER_AGENT, "user-agent", "User-Agent")                            \
	X(VARY, "vary", "Vary")                                              \
	X(VIA, "via", "Via")                                                 \
	X(WANT_DIGEST, "want-digest", "Want-Digest")                         \
	X(WARNING, "warning", "Warning")                                     \
	X(X_FORWARDED_FOR, "x-forwarded-for", "X-Forwarded-For")

enum pd_field_id {
	PD_FIELD_OTHER,
#define X(id, name, usual) PD_FIELD_##id,
	PD_FIELDS(X)
#undef X
	    PD_FIELD_COUNT
};

struct pd_field {
	struct pd_str name, value; /* value: trimmed */
	enum pd_field_id id;
};

/* A header or trailer section: field lines in the order received. */
struct pd_fields {
	struct pd_field *v;
	uint32_t n, cap;
	uint64_t seen; /* a bit for each id present: a quick no */
};

/* for (each field f of struct pd_fields *fs); an empty section may have no
 * array. */
#define PD_FIELDS_EACH(f, fs)                                           \
	for (struct pd_field *f = (fs)->v,                              \
			     *f##_end_ = (fs)->n > 0 ? f + (fs)->n : f; \
	     f < f##_end_; f++)

/* How the end of content is found, once the version's framing is off. */
enum pd_body {
	PD_BODY_NONE,
	PD_BODY_LENGTH,  /* content_length bytes */
	PD_BODY_CHUNKED, /* until its end is told; the length is not known */
	PD_BODY_CLOSE,   /* until the connection ends; responses only */
};

enum pd_form {
	PD_FORM_ABSOLUTE,
	PD_FORM_ORIGIN,
	PD_FORM_AUTHORITY, /* CONNECT */
	PD_FORM_ASTERISK,  /* OPTIONS */
};

/* Why a message was refused. */
struct pd_fault {
	int status; /* what a client is told: 400, 414, 431, 501, 502... */
	const char *what; /* static; a noun phrase */
};

struct pd_request {
	enum pd_method method;
	struct pd_str method_name; /* as received; case matters */
	struct pd_str target;      /* as received */
	enum pd_form form;
	struct pd_url url; /* target URI; for CONNECT only its authority */
	uint8_t minor;     /* HTTP/1.minor: 0, or 1 for everything above */
	struct pd_fields fields;
	enum pd_body body;
	int64_t content_length; /* PD_BODY_LENGTH */
	bool close;             /* the client wants or needs it closed after */
	bool expect_continue;   /* Expect: 100-continue */
	bool upgrade;           /* Connection: upgrade, and Upgrade is there */
};

struct pd_response {
	int status;
	struct pd_str reason;
	uint8_t minor;
	struct pd_fields fields;
	enum pd_body body;
	int64_t content_length;
	bool close; /* the upstream connection ends after it */
};

/* The id of a field name, in any case; any bytes may stand in it. */
enum pd_field_id pd_field_id(struct pd_str name);
/* "content-type" for PD_FIELD_CONTENT_TYPE; NULL for OTHER. */
const char *pd_field_name(enum pd_field_id id);
/* Case matters: "get" is OTHER. */
enum pd_method pd_method_of(struct pd_str name);
/* Safe to send again on a new connection (RFC 9110, 9.2.2). */
bool pd_method_idempotent(enum pd_method m);
/* "Not Found" for 404; "" for an unknown status. */
const char *pd_status_reason(int status);

/* Names and values are borrowed: they must live as long as the arena. */
void pd_fields_add(struct pd_fields *fs, struct pd_arena *arena,
    struct pd_str name, struct pd_str value);
/* The same under the id's own name, in its usual capitals. */
void pd_fields_add_id(struct pd_fields *fs, struct pd_arena *arena,
    enum pd_field_id id, struct pd_str value);
/* Removes all with that id, then adds one. Not for OTHER, nor is remove(). */
void pd_fields_set(struct pd_fields *fs, struct pd_arena *arena,
    enum pd_field_id id, struct pd_str value);
void pd_fields_remove(struct pd_fields *fs, enum pd_field_id id);
/* Removes all of that name, ignoring case. */
void pd_fields_remove_name(struct pd_fields *fs, struct pd_str name);
/* The first with that id; NULL when there is none, and for OTHER. */
const struct pd_field *
pd_fields_find(const struct pd_fields *fs, enum pd_field_id id);
/* Its value; the empty slice with p NULL when there is none. */
struct pd_str pd_fields_value(const struct pd_fields *fs, enum pd_field_id id);

/*
 * Walks the elements of a comma-separated list in one value, quoted strings
 * and their escapes respected, empty elements left out, space around each
 * trimmed: true while there is one. A quote that is never closed reaches to
 * the end of the value, so that nothing behind it counts as an element.
 *     struct pd_str rest = value, item;
 *     while (pd_list_next(&rest, &item)) ...
 */
bool pd_list_next(struct pd_str *rest, struct pd_str *item);
/* Whether a field line with that id lists the token (parameters ignored). */
bool pd_fields_have_token(
    const struct pd_fields *fs, enum pd_field_id id, struct pd_str token);
/*
 * Removes what is of one hop only (RFC 9110, 7.6.1): the hop-by-hop fields,
 * Proxy-* of authentication, and what Connection names. Of the latter those
 * stay that frame, route or explain the message (Content-Length, Content-Type,
 * Content-Encoding, Content-Range, Host, Via, Max-Forwards, Cache-Control):
 * they must not be named there, and dropping them on a peer's word is how
 * hop-by-hop abuse works. Trailer stays: it is end to end since RFC 9110,
 * 6.6.2. The caller adds anew what its own hop says.
 */
void pd_fields_strip_hop(struct pd_fields *fs, struct pd_arena *arena);

/*
 * The weight (0..1000) that Accept-Encoding or the like gives a token: its own,
 * else that of "*", else -1 when neither is listed. What is listed twice has
 * its lowest weight, and a weight that cannot be read is 0: who is in doubt
 * gets what needs no permission. ".2" and more than three digits are read.
 */
int pd_list_weight(
    const struct pd_fields *fs, enum pd_field_id id, struct pd_str token);
/*
 * The weight (0..1000) that Accept gives a media type; specific names win
 * over "image/" + "*" and "*" + "/" + "*" (a lone "*" is the same). named
 * tells whether the type itself was listed; it may be NULL. 1000 when there is
 * no Accept or it lists nothing, 0 when no range covers the type. A range with
 * parameters other than the weight covers none of our types. Weights are read
 * as above.
 */
int
pd_accept_weight(const struct pd_fields *fs, struct pd_str type, bool *named);

/* "text/html" of "Text/HTML; charset=x": lower case, a slice of what was given
 * or a copy in the arena; empty when it is no type "/" subtype. */
struct pd_str pd_media_type(struct pd_str content_type, struct pd_arena *arena);
/* Whether a Cache-Control directive stands in the section (name only). */
bool pd_cache_control_has(const struct pd_fields *fs, struct pd_str directive);

/* RFC 9110, 5.6.2 and 5.5: a token; a field value free of CR, LF, NUL and
 * other controls. */
bool pd_is_token(struct pd_str s);
bool pd_is_field_value(struct pd_str s);

/* "Sat, 21 Nov 2026 10:00:00 GMT" of now, cached for the second; 29 bytes.
 * Thread: any, each has its own. */
struct pd_str pd_http_date(void);

#endif
