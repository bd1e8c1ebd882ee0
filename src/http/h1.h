/*
 * HTTP/1.1 on the wire (RFC 9112), either role: bytes to messages and back.
 *
 * Requests are read strictly: whatever two parsers could take differently is
 * refused. Responses are read tolerantly (bare LF, no reason phrase, folded
 * lines), but a length that is ambiguous is refused too. Messages are written
 * afresh from their parts: no byte of a received header section or chunk line
 * is ever passed on.
 *
 * Opens no socket and keeps no time. Thread: any, one at a time a reader.
 */
#ifndef PD_H1_H
#define PD_H1_H

#include "http/http.h"

struct evbuffer;

struct pd_h1_limits {
	size_t line_max;     /* request line, bytes without its end */
	size_t header_max;   /* a whole section, bytes */
	uint32_t fields_max; /* field lines in one section */
};

enum pd_h1_result {
	PD_H1_MORE, /* needs more input (or room) */
	PD_H1_DONE,
	PD_H1_BAD, /* malformed or over a limit: see the error */
};

/* Where the search for a section's end has come to; zeroed to begin. */
struct pd_h1_scan {
	size_t seen;    /* bytes looked at */
	unsigned blank; /* empty lines before the request, left out */
	bool line_seen; /* the first line was whole, and well-formed */
};

/*
 * Takes a request's header section off in, once it is whole. DONE: *out is
 * filled, in the arena, and the scan is zeroed for the next. Leaves in as it
 * is otherwise. Malformed input is told as early as it can be seen.
 */
enum pd_h1_result pd_h1_read_request(struct evbuffer *in,
    struct pd_h1_scan *scan, const struct pd_h1_limits *limits,
    struct pd_arena *arena, struct pd_request *out, struct pd_fault *err);

/*
 * The same for a response. request_method decides whether it has content
 * (RFC 9112, 6.3). The error's status is always 502.
 */
enum pd_h1_result
pd_h1_read_response(struct evbuffer *in, struct pd_h1_scan *scan,
    const struct pd_h1_limits *limits, enum pd_method request_method,
    struct pd_arena *arena, struct pd_response *out, struct pd_fault *err);

/* Where in a message's content the reader stands. */
enum pd_h1_state {
	PD_H1_DATA, /* also the whole of what is not chunked */
	PD_H1_CHUNK_SIZE,
	PD_H1_CHUNK_END, /* the line end after a chunk's data */
	PD_H1_TRAILER,
	PD_H1_END,
};

struct pd_h1_body {
	enum pd_body kind;
	enum pd_h1_state state;
	bool strict;       /* a request: CRLF only */
	int64_t left;      /* bytes of the chunk, or of the content */
	size_t extensions; /* bytes of chunk extensions so far */
	struct pd_h1_scan scan;
	struct pd_fields trailers; /* at the end; framing fields left out */
};

void pd_h1_body_init(struct pd_h1_body *b, enum pd_body kind,
    int64_t content_length, bool strict);

/*
 * Moves content from in to out, at most room bytes, framing off. DONE: the
 * content is whole and in stands at what follows it.
 */
enum pd_h1_result pd_h1_body_read(struct pd_h1_body *b, struct evbuffer *in,
    struct evbuffer *out, size_t room, const struct pd_h1_limits *limits,
    struct pd_arena *arena, struct pd_fault *err);

/* Whether content that ends here, with the connection, is whole. */
bool pd_h1_body_whole_at_eof(const struct pd_h1_body *b);

/*
 * Header sections, to out. A request is written with `target` and a Host field
 * of its own (req's is left out), `connection` in a Connection field (NULL:
 * none), and the framing that req->body says; a response likewise. Other
 * fields go out as they stand, but for Content-Length, Transfer-Encoding,
 * Connection and Host, which are this function's.
 */
void pd_h1_write_request(struct evbuffer *out, const struct pd_request *req,
    struct pd_str target, const char *connection);
/* length: of PD_BODY_NONE to HEAD or 304, kept if the field stands. */
void pd_h1_write_response(struct evbuffer *out, const struct pd_response *res,
    const char *connection);

/* One chunk of all that content holds (nothing for an empty one). */
void pd_h1_write_chunk(struct evbuffer *out, struct evbuffer *content);
/* The last chunk and the trailer section (NULL: none). */
void pd_h1_write_last(struct evbuffer *out, const struct pd_fields *trailers);

#endif
