/*
 * Answers made here: errors with a page that says why, the block page, and the
 * stand-ins for what was blocked.
 *
 * A reply is a struct pd_response and its content; who sends it is no matter.
 * Everything that came from a request is escaped before it stands in a page.
 * Thread: worker.
 */
#ifndef PD_REPLY_H
#define PD_REPLY_H

#include "filters/block/block.h"
#include "http/http.h"

/* An answer to HEAD is as one to GET: who sends it leaves the content out. */
struct pd_reply {
	struct pd_response
	    response;          /* complete but for Date, Via, Connection */
	struct pd_str content; /* static or in the arena */
};

/* What a page tells beside the status. */
struct pd_reply_why {
	int status;
	int page;         /* whose CustomErrorNNN stands for it; 0: its own */
	const char *what; /* "no such host", or a whole sentence */
	const char *fix;  /* what the reader may do, or NULL */
	struct pd_str detail; /* a URL, a host; escaped; may be empty */
};

/*
 * An error page: HTML where the request's Accept takes text/html, else plain
 * text; CustomErrorNNN where the configuration names a file that can be read.
 * req may be NULL (nothing was understood). Adds Cache-Control: no-store.
 */
void pd_reply_error(const struct pd_conf *conf, const struct pd_request *req,
    const struct pd_reply_why *why, struct pd_arena *arena,
    struct pd_reply *out);

/*
 * For BLOCK, DENY and REPLACE: the verdict's resource, else a stand-in of the
 * kind asked for (HTML page that names list, line and rule and leads to the
 * portal's page on it; 1x1 GIF; empty script, style, JSON, VAST, frame; 204 for
 * fonts, media and what has no kind), or 403 for CONNECT and URLDeny. Each
 * tells in X-Pared-Why "list:line: rule". Stand-ins may be read by any origin,
 * never with credentials.
 */
void pd_reply_blocked(const struct pd_conf *conf, const struct pd_request *req,
    enum pd_content_kind kind, const struct pd_verdict *verdict,
    struct pd_arena *arena, struct pd_reply *out);

/* 407 with the realm; req not NULL. */
void pd_reply_auth(const struct pd_conf *conf, const struct pd_request *req,
    struct pd_arena *arena, struct pd_reply *out);

/* 200 (or another status) with content of a type, NULL for none. */
void pd_reply_plain(int status, const char *type, struct pd_str content,
    struct pd_arena *arena, struct pd_reply *out);

/* & < > " ' as entities, in the arena. */
struct pd_str pd_reply_escape(struct pd_str s, struct pd_arena *arena);

#endif
