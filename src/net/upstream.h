/*
 * The next hop towards an origin: connections to it, their pool, and one
 * request and response on one of them.
 *
 * A struct pd_upstream is an exchange's hold on a connection, from open to
 * release. Idle connections wait in the worker's pool, by host and port, and by
 * address where that was given: what a client says of an address it was going
 * to never brings another's requests there, nor there those of another.
 * Whether bytes come from a new connection or a kept one is told, because a
 * kept one may have died in the pool (RFC 9112, 9.3.1).
 * Thread: worker.
 */
#ifndef PD_UPSTREAM_H
#define PD_UPSTREAM_H

#include "base/conf.h"
#include "http/wire.h"
#include "net/dial.h"

struct pd_sock;
struct pd_upstream;
struct pd_upstream_pool;
struct pd_worker;

enum pd_upstream_error {
	PD_UPSTREAM_CONNECT,   /* see pd_upstream_dial_error() */
	PD_UPSTREAM_CLOSED,    /* ended before a whole header section */
	PD_UPSTREAM_TIMEOUT,   /* no header section, or stalled */
	PD_UPSTREAM_MALFORMED, /* the response is not HTTP, or ambiguous */
};

/* What the exchange is told. Each is the caller's last act. */
struct pd_upstream_events {
	void (*connected)(void *arg);
	/* A read may bring something: header section or content. */
	void (*readable)(void *arg);
	/* There is room again after pd_upstream_room() was short. */
	void (*drained)(void *arg);
	/* The hold is still there and must be closed. what: static. */
	void (*failed)(void *arg, enum pd_upstream_error err, const char *what);
};

struct pd_upstream_params {
	struct pd_conf *conf;
	const struct pd_authority *where; /* copied */
	/* Dialled whatever the host's name comes to; NULL: as it says. Copied.
	 */
	const struct pd_addr *to;
	bool trusted; /* the parent: address policy does not apply */
	bool fresh;   /* none from the pool */
	const struct pd_upstream_events *events;
	void *arg;
	struct pd_arena *arena; /* for what is read; outlives the hold */
};

struct pd_upstream_pool *pd_upstream_pool_create(
    struct pd_worker *w, struct pd_dialer *dialer, const struct pd_conf *conf);
/* Closes idle connections; holds must be gone. */
void pd_upstream_pool_destroy(struct pd_upstream_pool *p);
/* After a reload: idle connections are closed, the new limits count, and later
 * connections are made by dialer. */
void pd_upstream_pool_renew(struct pd_upstream_pool *p,
    struct pd_dialer *dialer, const struct pd_conf *conf);

/*
 * Takes a kept connection, or begins to dial. pd_upstream_ready() tells which:
 * if it is not ready, connected() or failed() follows.
 */
struct pd_upstream *pd_upstream_open(
    struct pd_upstream_pool *p, const struct pd_upstream_params *params);
bool pd_upstream_ready(const struct pd_upstream *u);
/* On a kept connection of which nothing has been read yet. */
bool pd_upstream_stale(const struct pd_upstream *u);
enum pd_dial_error pd_upstream_dial_error(const struct pd_upstream *u);
int pd_upstream_dial_errno(const struct pd_upstream *u);

/* Writes the header section; the response to it is then awaited. */
void pd_upstream_request(struct pd_upstream *u, const struct pd_request *req,
    struct pd_str target, const char *connection);
/* Content of the request, framed as the request said. Takes all of it. */
void pd_upstream_send(struct pd_upstream *u, struct evbuffer *content);
void pd_upstream_end(struct pd_upstream *u, const struct pd_fields *trailers);
void pd_upstream_flush(struct pd_upstream *u);
size_t pd_upstream_room(const struct pd_upstream *u);

/*
 * The next header section, 1xx ones too. PD_READ_WHOLE: *res is filled.
 * PD_READ_BAD: malformed; after a close failed() tells instead.
 */
enum pd_read pd_upstream_read_header(
    struct pd_upstream *u, struct pd_response *res, struct pd_fault *fault);
/* Content, framing off, at most room bytes. */
enum pd_read pd_upstream_read(struct pd_upstream *u, struct evbuffer *out,
    size_t room, const struct pd_fields **trailers, struct pd_fault *fault);
/* How many bytes may wait unread in memory; 0 stops the origin. */
void pd_upstream_limit(struct pd_upstream *u, size_t n);
/* Nothing came or went for a while is an error only while this is on. */
void pd_upstream_expect(struct pd_upstream *u, bool on);
/* Bytes received for this exchange. */
uint64_t pd_upstream_received(const struct pd_upstream *u);

/* Who is at the other end; a system call. -1: no longer connected. */
int pd_upstream_address(const struct pd_upstream *u, struct pd_addr *out);
/* Over: back to the pool if both messages are whole, else closed. */
void pd_upstream_release(struct pd_upstream *u);
/* Closed at once. NULL is fine. */
void pd_upstream_close(struct pd_upstream *u);
/* Takes the connection for a tunnel; unread bytes are in its input. */
struct pd_sock *pd_upstream_take(struct pd_upstream *u);

#endif
