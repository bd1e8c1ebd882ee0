/*
 * What fetch.c and fetch_read.c share, and nobody else includes.
 */
#ifndef PD_FETCH_PART_H
#define PD_FETCH_PART_H

#include <event2/event_struct.h>

#include "base/timers.h"
#include "fetch.h"
#include "http/h1.h"

struct pd_dial;
struct pd_dialer;
struct pd_resolver;
struct pd_sock;
struct pd_tls_context;
struct pd_unpack;

enum pd_fetch_state {
	PD_FETCH_BEGIN, /* the hop's first step is yet to come */
	PD_FETCH_DIAL,
	PD_FETCH_CONNECT, /* the parent's answer to CONNECT is awaited */
	PD_FETCH_HEADER,
	PD_FETCH_CONTENT,
};

struct pd_fetch {
	struct pd_worker *worker;
	const struct pd_conf *conf;
	const char *ca_file;
	struct pd_arena *arena;
	struct pd_resolver *resolver;
	struct pd_dialer *dialer;
	struct pd_tls_context *tls;
	struct pd_str etag, last_modified;
	size_t content_max;
	void (*progress)(void *arg, size_t got, size_t total);
	void (*done)(void *arg, const struct pd_fetch_result *result);
	void *arg;

	/* Of the hop under way. */
	enum pd_fetch_state state;
	struct event begin_ev;
	struct pd_timer deadline, stall;
	uint64_t moved; /* at the stall timer's last look */
	struct pd_str address;
	struct pd_url url;
	struct pd_authority parent;
	struct pd_dial *dial;
	struct pd_sock *sock;
	struct pd_h1_scan scan;
	struct pd_h1_body body;
	struct pd_response res;
	unsigned hops, informs;

	/* The content: as it came, and without its coding. */
	struct evbuffer *raw, *content;
	struct pd_unpack *unpack;
	size_t got; /* bytes of it as they came */
	char error[PD_FETCH_TEXT];
};

/* fetch.c. The fetch is gone after the first three. */
void pd_fetch_fail(struct pd_fetch *f, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* The same: "host: what". */
void pd_fetch_fail_host(struct pd_fetch *f, const char *what);
/* What is in f->res and f->content is the result. */
void pd_fetch_finish(struct pd_fetch *f);
/* On to another address: a hop from its first step. */
void pd_fetch_go(struct pd_fetch *f, struct pd_str address);
/* The connection leads to the origin: secure it, and ask. */
void pd_fetch_start_tls(struct pd_fetch *f);
/* More may come, as much as there is room for. */
void pd_fetch_want(struct pd_fetch *f);

/* fetch_read.c. Takes what came; closed: nothing more will, by its own end or,
 * with why, because it broke. The fetch may be gone afterwards. */
void pd_fetch_read(struct pd_fetch *f, bool closed, const char *why);

#endif
