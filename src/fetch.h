/*
 * One GET of ours, to the end: for block lists, and whatever else pared
 * downloads for itself. http and https with verification, redirections
 * (RFC 9110, 15.4) up to a limit and never from https to http, the parent proxy
 * of the configuration if it has one, codings taken off.
 *
 * Private addresses are refused as they are for exchanges (AllowPrivate). A
 * body that is cut short is an error, never content. Built of the same pieces
 * as exchanges: resolve, dial, sock, tls, h1.
 * Thread: worker.
 */
#ifndef PD_FETCH_H
#define PD_FETCH_H

#include "base/conf.h"

#define PD_FETCH_REDIRECTS_MAX 5
#define PD_FETCH_TEXT          256

struct pd_arena;
struct pd_url;
struct pd_worker;
struct evbuffer;
struct pd_fetch;

struct pd_fetch_params {
	const struct pd_conf *conf; /* way out, times, private addresses */
	const char *ca_file;        /* NULL: the system's */
	struct pd_str url;
	struct pd_str etag, last_modified; /* of what we have; may be empty */
	size_t content_max;                /* bytes, coded and decoded */
	uint32_t timeout_ms;               /* for all of it */
};

struct pd_fetch_result {
	int status;        /* 200, 304 ...; 0: no answer came */
	const char *error; /* NULL: fine; else a sentence, valid in the call */
	struct evbuffer *content; /* of 200; the receiver may drain it */
	struct pd_str etag, last_modified, type; /* valid in the call */
};

/*
 * The parameters are borrowed until the end but for the strings, which are
 * copied. done is called once, never from inside this call, and is the last
 * thing the fetch does; the fetch is gone then. progress may be NULL; total is
 * 0 when it is not known.
 */
struct pd_fetch *
pd_fetch_start(struct pd_worker *w, const struct pd_fetch_params *params,
    void (*progress)(void *arg, size_t got, size_t total),
    void (*done)(void *arg, const struct pd_fetch_result *result), void *arg);
void pd_fetch_cancel(struct pd_fetch *f); /* NULL is fine */

/*
 * Where a reference leads from base (RFC 3986, 5.2), without its fragment, for
 * pd_url_parse() to judge. Pure; from the arena.
 */
struct pd_str pd_fetch_resolve(
    const struct pd_url *base, struct pd_str ref, struct pd_arena *arena);

#endif
