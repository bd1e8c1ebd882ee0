/*
 * The contract of a filter: something that is done to the content of a
 * response while it passes.
 *
 * A filter sees a struct pd_message, never a socket. chain.h runs filters;
 * table.c says which there are and in what order they may stand.
 * Thread: worker.
 */
#ifndef PD_FILTER_H
#define PD_FILTER_H

#include <event2/buffer.h>
#include <stdbool.h>
#include <stddef.h>

#include "http/http.h"

struct pd_addr;
struct pd_ask_pool;
struct pd_conf;
struct pd_filter;
struct pd_stats;

/*
 * The part of an exchange that filters may see; the exchange embeds it. The
 * response header may be edited until it has left (header_sent).
 */
struct pd_message {
	uint64_t id; /* the exchange's number, for the log */
	struct pd_arena *arena;
	const struct pd_conf *conf;
	const struct pd_addr *client; /* NULL: not known */
	const struct pd_request *request;
	struct pd_str page; /* host of the page that asked; may be empty */
	struct pd_response *response;
	struct pd_stats *stats;
	struct pd_ask_pool *codecs; /* programs pared-codec; may be NULL */
	unsigned access_flags; /* enum pd_access_flag, what filters report */
	bool header_sent;
};

/* What run() did, and what it wants next. */
enum pd_flow {
	PD_FLOW_MORE, /* call again with more input, or more room */
	PD_FLOW_WAIT, /* work goes on elsewhere; pd_filter_wake() follows */
	PD_FLOW_END,  /* wrote its last byte */
	PD_FLOW_PASS, /* put back what it held; the rest goes by untouched */
	PD_FLOW_FAIL, /* the body itself is bad and cannot be completed */
};

struct pd_filter_type {
	const char *name;  /* in pared.conf, logs and counters */
	size_t state_size; /* zeroed bytes in the arena: pd_filter_state() */
	bool whole;        /* decides on the whole body; the header waits */

	/* Judges request and response header only; pure; must not block. */
	bool (*wants)(const struct pd_message *msg);

	/* Joins; may edit the response header. -1: stays out, edits nothing. */
	int (*begin)(struct pd_filter *f);

	/*
	 * Drains what it can from in and appends to out, about room bytes at
	 * most. last: nothing follows in. Called with an empty in only when
	 * last is set, after a wake, or when the call before filled its room;
	 * taking nothing and making nothing with last and room is a bug, and
	 * is asserted. What PASS puts back goes to the front of in.
	 */
	enum pd_flow (*run)(struct pd_filter *f, struct evbuffer *in,
	    struct evbuffer *out, size_t room, bool last);

	/* Always called once after begin, as soon as the filter has ended or
	 * passed; cancels work under way. */
	void (*finish)(struct pd_filter *f);
};

/* Of a filter inside its callbacks. */
void *pd_filter_state(struct pd_filter *f);
struct pd_message *pd_filter_message(struct pd_filter *f);
/* After WAIT: run() is called again soon, never from inside this call. */
void pd_filter_wake(struct pd_filter *f);
/* The same in ms milliseconds; a later call moves it. */
void pd_filter_wake_after(struct pd_filter *f, unsigned ms);

/*
 * The filter keeps n bytes of content in memory of its own now. False when all
 * filters of the worker together hold more than they should: who can pass,
 * passes.
 */
bool pd_filter_hold(struct pd_filter *f, size_t n);

/*
 * What changing content changes in the header: strong ETag becomes weak,
 * digests and Content-MD5 go, Accept-Ranges goes, Content-Length goes (the
 * length is unknown, or length when it is >= 0).
 */
void pd_filter_body_changed(struct pd_message *msg, int64_t length);
/* Adds a field name to Vary unless it is there or Vary is "*". */
void pd_filter_vary(struct pd_message *msg, struct pd_str name);

#endif
