/*
 * The way of one request. Its steps stand in the table below, in order; each is
 * one function that returns NEXT, WAIT (an event calls the same step again) or
 * STOP (the exchange is over, or another has it now).
 *
 * An example: a page's picture. pd_exchange_begin() is handed the request;
 * check() finds that the client may, that no list names it, and lets it pass.
 * connect() takes a kept connection to the host; send() writes the request
 * afresh, without the fields of the client's hop; await() waits for the header
 * section of the answer. choose() asks the filters: the image filter wants it,
 * and because it needs the whole picture the header waits. relay() carries the
 * content from the origin through the chain; the codec's answer wakes it; the
 * header leaves, smaller, then the content. finish() writes the log line, gives
 * the connection back to the pool and frees what is left.
 *
 * Anything that fails before the answer's header has left becomes an answer of
 * our own (reply_*), afterwards an abort: what is cut short never looks whole.
 */
#include "exchange.h"

#include <assert.h>
#include <errno.h>
#include <event2/buffer.h>
#include <stdlib.h>
#include <time.h>

#include "base/helper.h"
#include "base/stats.h"
#include "base/worker.h"
#include "filters/chain.h"
#include "forward.h"
#include "net/sock.h"
#include "net/upstream.h"
#include "portal.h"
#include "reply.h"

/* 1xx responses to one request; more is a flood. */
#define INFORMS_MAX 32

/* Bytes of a refused request's content that are read off to no end. */
#define DISCARD_MAX 65536

enum flow { NEXT, WAIT, STOP };

struct exchange {
	struct pd_message msg; /* what filters see */
	struct pd_exchange_context *ctx;
	struct pd_setup *setup;
	struct pd_arena *arena;
	struct pd_wire *wire; /* NULL once it is dead */
	struct pd_request *req;
	struct pd_response res;
	size_t step;

	struct pd_auth_job *auth;
	struct pd_upstream *up;
	struct pd_chain *chain;
	struct evbuffer *upload; /* request content on its way */
	struct evbuffer *raw;    /* response content before the chain */
	struct evbuffer *ready;  /* and behind it */
	const struct pd_fields *trailers; /* set when raw is the last of it */

	struct pd_verdict verdict;
	const char *verdict_name;
	struct pd_str user;
	struct timespec start, started; /* wall clock; monotonic */
	struct pd_addr client;
	struct pd_authority parent;
	const char *error;
	uint64_t bytes_in, bytes_out;
	unsigned informs;
	bool probe;      /* a connectivity check: untouched */
	bool tunnel;     /* CONNECT: becomes one when connected */
	bool upload_done;
	bool retried;
};

static void run(struct exchange *ex);

static struct pd_stats *
stats(const struct exchange *ex)
{
	return pd_worker_stats(ex->ctx->worker);
}

static struct evbuffer *
new_buffer(void)
{
	struct evbuffer *b = evbuffer_new();

	if (b == NULL)
		abort();
	return b;
}

/* ---- finish ------------------------------------------------------------ */

static void
write_log(struct exchange *ex)
{
	struct timespec now;
	struct pd_access_record r = {
		.start_us = (int64_t)ex->start.tv_sec * 1000000 +
		    ex->start.tv_nsec / 1000,
		.client = ex->client,
		.user = ex->user,
		.flags = ex->msg.access_flags,
		.bytes_in = (int64_t)ex->bytes_in,
		.bytes_out = (int64_t)ex->bytes_out,
		.status = ex->res.status,
		.verdict = ex->verdict_name,
		.list = ex->verdict.list,
		.rule = ex->verdict.rule,
		.error = ex->error,
	};

	if (ex->ctx->log == NULL)
		return;
	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	r.took_ms = (now.tv_sec - ex->started.tv_sec) * 1000 +
	    (now.tv_nsec - ex->started.tv_nsec) / 1000000;
	if (ex->req != NULL) {
		r.method = ex->req->method_name;
		r.url = ex->req->target;
	}
	if (ex->chain != NULL)
		r.filters = pd_chain_names(ex->chain);
	r.type = pd_fields_value(&ex->res.fields, PD_FIELD_CONTENT_TYPE);
	pd_access_log_add(ex->ctx->log, &r);
}

/* The wire is dead or dies here; everything goes. */
static enum flow
finish(struct exchange *ex)
{
	assert(ex->wire == NULL);
	write_log(ex);
	pd_stats_add(stats(ex), PD_STAT_EXCHANGES, -1);
	pd_stats_add(stats(ex), PD_STAT_EXCHANGES_TOTAL, 1);
	pd_stats_add(stats(ex), PD_STAT_BYTES_OUT, (int64_t)ex->bytes_out);
	if (ex->up != NULL) {
		pd_stats_add(stats(ex), PD_STAT_BYTES_IN,
		    (int64_t)pd_upstream_received(ex->up));
		pd_upstream_release(ex->up);
	}
	if (ex->auth != NULL)
		pd_auth_cancel(ex->auth);
	pd_chain_destroy(ex->chain);
	if (ex->upload != NULL)
		evbuffer_free(ex->upload);
	if (ex->raw != NULL)
		evbuffer_free(ex->raw);
	if (ex->ready != NULL)
		evbuffer_free(ex->ready);
	pd_setup_unref(ex->setup);
	pd_arena_destroy(ex->arena); /* ex lives in it */
	return STOP;
}

static void
drop_upstream(struct exchange *ex)
{
	pd_upstream_close(ex->up);
	ex->up = NULL;
}

/* The response has begun and cannot be completed. */
static enum flow
cut(struct exchange *ex, const char *why)
{
	pd_log_peer(PD_LOG_DEBUG, ex->msg.id, "exchange: cut short: %s", why);
	ex->error = why;
	ex->msg.access_flags |= PD_ACCESS_BROKEN;
	pd_stats_add(stats(ex), PD_STAT_ABORTED, 1);
	drop_upstream(ex);
	ex->bytes_out = ex->wire->sent;
	pd_wire_abort(ex->wire);
	ex->wire = NULL;
	return finish(ex);
}

/* ---- reply: an answer made here ---------------------------------------- */

/*
 * Content of a request that goes nowhere, as far as it has come: read off, so
 * that the connection can be kept after a blocked beacon.
 */
static void
discard_upload(struct exchange *ex)
{
	const struct pd_fields *trailers;
	struct pd_fault fault;
	struct evbuffer *b;

	if (ex->req == NULL || ex->req->body == PD_BODY_NONE ||
	    ex->upload_done)
		return;
	b = new_buffer();
	pd_wire_read(ex->wire, b, DISCARD_MAX, &trailers, &fault);
	evbuffer_free(b);
}

static enum flow
send_reply(struct exchange *ex, struct pd_reply *reply)
{
	struct pd_response *res = &reply->response;

	drop_upstream(ex);
	discard_upload(ex);
	pd_fields_add_id(&res->fields, ex->arena, PD_FIELD_DATE,
	    pd_http_date());
	/* RFC 9931: bytes sent in the hope of a tunnel are not a request. */
	if (ex->req != NULL && ex->req->method == PD_METHOD_CONNECT)
		res->close = true;
	if (ex->req != NULL && ex->req->method == PD_METHOD_HEAD) {
		res->content_length = (int64_t)reply->content.n;
		res->body = PD_BODY_NONE;
		reply->content.n = 0;
	} else if (res->status != 204 && res->status != 304) {
		res->body = PD_BODY_LENGTH;
		res->content_length = (int64_t)reply->content.n;
	}
	ex->res = *res;
	ex->msg.header_sent = true;
	pd_wire_respond(ex->wire, res);
	if (reply->content.n > 0) {
		struct evbuffer *b = new_buffer();

		evbuffer_add(b, reply->content.p, reply->content.n);
		pd_wire_send(ex->wire, b);
		evbuffer_free(b);
	}
	ex->bytes_out = ex->wire->sent;
	pd_wire_end(ex->wire, NULL);
	ex->wire = NULL;
	return finish(ex);
}

static enum flow
reply_error(struct exchange *ex, int status, const char *what, const char *fix)
{
	struct pd_reply reply;
	struct pd_reply_why why = {
		.status = status,
		.what = what,
		.fix = fix,
		.detail = ex->req != NULL ? ex->req->target : PD_STR(""),
	};

	ex->error = what;
	pd_reply_error(ex->setup->conf, ex->req, &why, ex->arena, &reply);
	return send_reply(ex, &reply);
}

static enum flow
reply_denied(struct exchange *ex, const char *what, const char *fix)
{
	ex->verdict_name = "denied";
	pd_stats_add(stats(ex), PD_STAT_DENIED, 1);
	return reply_error(ex, 403, what, fix);
}

/* What went wrong behind us: the client is told which part of the way. */
static enum flow
reply_upstream(struct exchange *ex, int status, const char *what)
{
	pd_stats_add(stats(ex), PD_STAT_UPSTREAM_FAILED, 1);
	ex->msg.access_flags |=
	    status == 504 ? PD_ACCESS_TIMEOUT : PD_ACCESS_BROKEN;
	return reply_error(ex, status, what,
	    "Try again; if it stays so, the site or the way to it is down.");
}

/* Before the header has left: a reply; after it: an abort. */
static enum flow
fail(struct exchange *ex, int status, const char *what)
{
	if (ex->msg.header_sent)
		return cut(ex, what);
	if (status >= 500)
		return reply_upstream(ex, status, what);
	ex->msg.access_flags |= PD_ACCESS_BROKEN;
	return reply_error(ex, status, what, NULL);
}

/* ---- check: may it, is it ours, is it blocked -------------------------- */

static enum flow
answer_portal(struct exchange *ex)
{
	struct pd_reply reply;
	struct pd_portal_params params = {
		.conf = ex->setup->conf,
		.request = ex->req,
		.probes = ex->setup->probes,
		.client = ex->wire->client,
		.local = ex->wire->local,
		.through_proxy = ex->req->form == PD_FORM_ABSOLUTE,
		.draining = *ex->ctx->draining,
		.stats = ex->ctx->stats,
		.nstats = ex->ctx->nstats,
		.rules = pd_block_rules(ex->setup->rules),
	};

	ex->verdict_name = "portal";
	pd_stats_add(stats(ex), PD_STAT_PORTAL, 1);
	pd_portal_answer(&params, ex->arena, &reply);
	return send_reply(ex, &reply);
}

static enum flow
reply_auth(struct exchange *ex)
{
	struct pd_reply reply;

	ex->verdict_name = "auth";
	pd_stats_add(stats(ex), PD_STAT_DENIED, 1);
	pd_reply_auth(ex->setup->conf, ex->req, ex->arena, &reply);
	return send_reply(ex, &reply);
}

/* A right password is remembered now: the step asks again and is told. */
static void
on_auth(void *arg, enum pd_auth_result result)
{
	struct exchange *ex = arg;

	ex->auth = NULL;
	if (result == PD_AUTH_OK)
		run(ex);
	else
		reply_auth(ex);
}

static enum flow
check_user(struct exchange *ex)
{
	switch (pd_auth_check(ex->setup->users, ex->req, &ex->client,
	    ex->arena, &ex->user, ex->ctx->worker, &ex->auth, on_auth, ex)) {
	case PD_AUTH_OK:
		return NEXT;
	case PD_AUTH_WAIT:
		return WAIT;
	case PD_AUTH_MISSING:
	case PD_AUTH_WRONG:
		break;
	}
	return reply_auth(ex);
}

static enum flow
check_lists(struct exchange *ex)
{
	struct pd_reply reply;
	enum pd_content_kind kind = pd_block_kind(ex->req);
	struct pd_block_query q = {
		.method = ex->req->method,
		.url = &ex->req->url,
		.kind = kind,
		.source = pd_fields_value(&ex->req->fields, PD_FIELD_REFERER),
	};

	if (q.source.n == 0)
		q.source = pd_fields_value(&ex->req->fields, PD_FIELD_ORIGIN);
	pd_block_judge(ex->setup->rules, &q, &ex->verdict);
	if (ex->verdict.kind == PD_VERDICT_PASS) {
		if (ex->verdict.untouched)
			ex->msg.access_flags |= PD_ACCESS_NOT_PROCESSED;
		return NEXT;
	}
	ex->verdict_name =
	    ex->verdict.kind == PD_VERDICT_REPLACE ? "replace" : "block";
	ex->msg.access_flags |= PD_ACCESS_REPLACED;
	pd_stats_add(stats(ex), PD_STAT_BLOCKED, 1);
	pd_reply_blocked(ex->setup->conf, ex->req, kind, &ex->verdict,
	    ex->arena, &reply);
	return send_reply(ex, &reply);
}

/* What may be asked of a proxy at all, whoever asks. */
static enum flow
check_form(struct exchange *ex)
{
	struct pd_request *req = ex->req;
	const struct pd_conf *conf = ex->setup->conf;
	bool connect = req->method == PD_METHOD_CONNECT;

	if (req->method == PD_METHOD_TRACE)
		return reply_error(ex, 405, "TRACE is not passed on.", NULL);
	if (!connect && req->url.scheme != PD_SCHEME_HTTP)
		return reply_error(ex, 501,
		    "https: addresses are not fetched in the clear.",
		    "Ask for a tunnel by CONNECT, as browsers do.");
	if (connect && !conf->connect_allowed)
		return reply_denied(ex, "CONNECT is switched off here.", NULL);
	if (!pd_access_port(conf, connect, req->url.authority.port))
		return reply_denied(ex, "This port is not reachable here.",
		    "The configuration says which are: RestrictOutPortHTTP, "
		    "RestrictOutPortCONNECT.");
	if (pd_forward_loops(&req->fields, ex->ctx->via))
		return reply_error(ex, 508,
		    "The request has come through this proxy before.",
		    "A proxy's parent must not lead back to itself.");
	return NEXT;
}

static enum flow
check(struct exchange *ex)
{
	struct pd_request *req = ex->req;
	struct pd_reply reply;
	enum flow flow;

	if (req->form == PD_FORM_ORIGIN ||
	    (req->form == PD_FORM_ABSOLUTE &&
	        pd_portal_is_host(ex->setup->conf, &req->url.authority,
	            false)))
		return answer_portal(ex);
	if (req->form == PD_FORM_ASTERISK ||
	    (req->method == PD_METHOD_OPTIONS &&
	        !pd_forward_count_down(&req->fields, ex->arena))) {
		pd_reply_plain(200, NULL, PD_STR(""), ex->arena, &reply);
		return send_reply(ex, &reply);
	}
	flow = check_form(ex);
	if (flow != NEXT)
		return flow;
	ex->probe = req->form == PD_FORM_ABSOLUTE &&
	    pd_probe_match(ex->setup->probes, req->url.authority.host,
	        req->url.path);
	if (ex->probe) {
		ex->verdict_name = "probe";
		ex->msg.access_flags |= PD_ACCESS_NOT_PROCESSED;
		pd_stats_add(stats(ex), PD_STAT_PROBES, 1);
		return NEXT;
	}
	flow = check_user(ex);
	return flow == NEXT ? check_lists(ex) : flow;
}

/* ---- connect ----------------------------------------------------------- */

static void on_connected(void *arg);
static void on_readable(void *arg);
static void on_drained(void *arg);
static void on_upstream_failed(void *arg, enum pd_upstream_error err,
    const char *what);

static const struct pd_upstream_events upstream_events = {
	.connected = on_connected,
	.readable = on_readable,
	.drained = on_drained,
	.failed = on_upstream_failed,
};

/* The next hop: the parent, or the origin itself. */
static enum flow
open_upstream(struct exchange *ex)
{
	struct pd_conf *conf = ex->setup->conf;
	struct pd_upstream_params params = {
		.conf = conf,
		.where = &ex->req->url.authority,
		/* A kept connection may die under a request that must not be
		 * sent twice; a tunnel wants one of its own. */
		.fresh = ex->tunnel || ex->retried ||
		    !pd_method_idempotent(ex->req->method),
		.events = &upstream_events,
		.arg = ex,
		.arena = ex->arena,
	};

	if (conf->next_proxy != NULL) {
		if (pd_authority_parse(pd_str_z(conf->next_proxy),
		        (uint16_t)conf->next_port, ex->arena,
		        &ex->parent) != PD_URL_OK)
			return fail(ex, 502, "NextProxy is no host name.");
		params.where = &ex->parent;
		params.trusted = true;
	}
	ex->up = pd_upstream_open(ex->ctx->upstreams, &params);
	return WAIT;
}

static bool
to_parent(const struct exchange *ex)
{
	return ex->setup->conf->next_proxy != NULL;
}

static enum flow
connect_(struct exchange *ex)
{
	if (ex->up == NULL) {
		enum flow flow = open_upstream(ex);

		if (flow != WAIT)
			return flow;
	}
	return pd_upstream_ready(ex->up) ? NEXT : WAIT;
}

/* ---- send -------------------------------------------------------------- */

static const struct pd_response established = {
	.status = 200,
	.reason = { "Connection established", 22 },
	.content_length = -1,
};

static void
on_tunnel_done(void *arg, enum pd_tunnel_end end, uint64_t to_client,
    uint64_t to_upstream)
{
	struct exchange *ex = arg;

	(void)to_upstream;
	ex->bytes_in = ex->bytes_out = to_client;
	if (end == PD_TUNNEL_TIMEOUT)
		ex->msg.access_flags |= PD_ACCESS_TIMEOUT;
	else if (end == PD_TUNNEL_BROKEN)
		ex->msg.access_flags |= PD_ACCESS_BROKEN;
	finish(ex);
}

/* Both connections leave the exchange, which waits for the tunnel's end. */
static enum flow
begin_tunnel(struct exchange *ex, const struct pd_response *res)
{
	struct pd_sock *client = pd_wire_take(ex->wire, res);
	struct pd_sock *upstream = pd_upstream_take(ex->up);
	struct pd_tunnel_params params = {
		.worker = ex->ctx->worker,
		.conf = ex->setup->conf,
		.list = &ex->ctx->tunnels,
		.client = client,
		.upstream = upstream,
		.done = on_tunnel_done,
		.arg = ex,
	};

	ex->up = NULL;
	ex->wire = NULL;
	ex->res.status = res->status;
	pd_tunnel_start(&params);
	return STOP;
}

/* Carries request content on. STOP: the exchange is over. */
static enum flow
pump_upload(struct exchange *ex)
{
	const struct pd_fields *trailers = NULL;
	struct pd_fault fault;
	size_t room;

	if (ex->upload == NULL)
		ex->upload = new_buffer();
	while (!ex->upload_done && (room = pd_upstream_room(ex->up)) > 0) {
		enum pd_read got = pd_wire_read(ex->wire, ex->upload, room,
		    &trailers, &fault);
		size_t n = evbuffer_get_length(ex->upload);

		if (got == PD_READ_BAD)
			return fail(ex, fault.status, fault.what);
		if (n > 0)
			pd_upstream_send(ex->up, ex->upload);
		if (got == PD_READ_WHOLE) {
			ex->upload_done = true;
			pd_upstream_end(ex->up, trailers);
			return NEXT;
		}
		if (n == 0)
			break;
	}
	pd_upstream_flush(ex->up);
	return NEXT;
}

static enum flow
send_(struct exchange *ex)
{
	struct pd_forward_params params = {
		.conf = ex->setup->conf,
		.arena = ex->arena,
		.via = ex->ctx->via,
		.to_parent = to_parent(ex),
		.untouched = ex->probe,
	};
	struct pd_forward out;

	if (ex->tunnel && !to_parent(ex))
		return begin_tunnel(ex, &established);
	pd_forward_request(ex->req, &params, &out);
	pd_upstream_request(ex->up, &out.request, out.target, out.connection);
	if (ex->req->body == PD_BODY_NONE) {
		ex->upload_done = true;
		pd_upstream_end(ex->up, NULL);
		return NEXT;
	}
	return pump_upload(ex);
}

/* ---- await: the header section of the answer --------------------------- */

static enum flow
got_switch(struct exchange *ex)
{
	if (!ex->req->upgrade || !pd_forward_upgraded(ex->req, &ex->res))
		return fail(ex, 502,
		    "The origin switched protocols unasked.");
	pd_forward_response(&ex->res, ex->arena, ex->ctx->via, true);
	return begin_tunnel(ex, &ex->res);
}

/* The parent's answer to CONNECT. */
static enum flow
got_parent(struct exchange *ex)
{
	if (ex->res.status >= 200 && ex->res.status < 300)
		return begin_tunnel(ex, &established);
	ex->res.status = 0;
	return fail(ex, 502, "The parent proxy refused the tunnel.");
}

static enum flow
await(struct exchange *ex)
{
	struct pd_fault fault;

	for (;;) {
		switch (pd_upstream_read_header(ex->up, &ex->res, &fault)) {
		case PD_READ_MORE:
			return WAIT;
		case PD_READ_BAD:
			ex->res = (struct pd_response) { 0 };
			return fail(ex, 502, fault.what);
		case PD_READ_WHOLE:
			break;
		}
		if (ex->res.status == 101)
			return got_switch(ex);
		if (ex->tunnel && ex->res.status >= 200)
			return got_parent(ex);
		if (ex->res.status >= 200)
			return NEXT;
		if (++ex->informs > INFORMS_MAX)
			return fail(ex, 502, "The origin sent too many 1xx.");
		pd_forward_response(&ex->res, ex->arena, ex->ctx->via, false);
		if (!ex->tunnel)
			pd_wire_inform(ex->wire, &ex->res);
	}
}

/* ---- choose: what is done to the answer -------------------------------- */

static void on_wake(void *arg);

/* URLReplaceDataCT: decided by the type that came. */
static bool
replaced_by_type(struct exchange *ex)
{
	return ex->verdict.replace_by_type &&
	    pd_block_replace_type(ex->setup->conf,
	        pd_media_type(pd_fields_value(&ex->res.fields,
	                          PD_FIELD_CONTENT_TYPE),
	            ex->arena));
}

static enum flow
replace(struct exchange *ex)
{
	struct pd_reply reply;

	ex->verdict.kind = PD_VERDICT_REPLACE;
	ex->verdict_name = "replace";
	ex->msg.access_flags |= PD_ACCESS_REPLACED;
	pd_stats_add(stats(ex), PD_STAT_BLOCKED, 1);
	pd_reply_blocked(ex->setup->conf, ex->req, PD_CONTENT_IMAGE,
	    &ex->verdict, ex->arena, &reply);
	return send_reply(ex, &reply);
}

static enum flow
choose(struct exchange *ex)
{
	struct pd_chain_params params = {
		.msg = &ex->msg,
		.base = pd_worker_base(ex->ctx->worker),
		.wake = on_wake,
		.arg = ex,
	};

	if (ex->res.status == 407)
		return fail(ex, 502,
		    "The next hop asks for a password of its own.");
	if (replaced_by_type(ex))
		return replace(ex);
	pd_forward_response(&ex->res, ex->arena, ex->ctx->via, false);
	ex->ready = new_buffer();
	if (ex->res.body == PD_BODY_NONE || ex->probe ||
	    ex->verdict.untouched)
		return NEXT;
	ex->chain = pd_chain_create(&params);
	if (ex->chain != NULL)
		ex->raw = new_buffer();
	return NEXT;
}

/* ---- relay: origin to chain to client ---------------------------------- */

static void
send_header(struct exchange *ex)
{
	if (ex->msg.header_sent)
		return;
	ex->msg.header_sent = true;
	pd_wire_respond(ex->wire, &ex->res);
}

static enum flow
end_response(struct exchange *ex)
{
	bool same = ex->chain == NULL;

	send_header(ex);
	ex->bytes_out = ex->wire->sent;
	/* A digest in a trailer is of content that the filters changed. */
	pd_wire_end(ex->wire, same ? ex->trailers : NULL);
	ex->wire = NULL;
	return finish(ex);
}

/* Takes content from the origin: straight, or into the chain. */
static enum flow
take_content(struct exchange *ex, struct evbuffer *to, size_t room)
{
	struct pd_fault fault;
	size_t before = evbuffer_get_length(to);
	enum pd_read got;

	if (ex->trailers != NULL)
		return NEXT;
	got = pd_upstream_read(ex->up, to, room, &ex->trailers, &fault);
	ex->bytes_in += evbuffer_get_length(to) - before;
	return got == PD_READ_BAD ? fail(ex, 502, fault.what) : NEXT;
}

/* One turn through the chain. WAIT: nothing more can be done now. */
static enum flow
turn_chain(struct exchange *ex, size_t room)
{
	size_t high = (size_t)ex->setup->conf->buffer_high;
	size_t held = evbuffer_get_length(ex->raw), before;
	enum pd_flow flow;

	if (take_content(ex, ex->raw, held < high ? high - held : 0) == STOP)
		return STOP;
	before = evbuffer_get_length(ex->raw);
	flow = pd_chain_run(ex->chain, ex->raw, ex->ready, room,
	    ex->trailers != NULL);
	if (flow == PD_FLOW_FAIL)
		return fail(ex, 502, "The content could not be decoded.");
	if (pd_chain_header_ready(ex->chain))
		send_header(ex);
	if (evbuffer_get_length(ex->ready) > 0)
		pd_wire_send(ex->wire, ex->ready);
	else if (flow != PD_FLOW_END &&
	    evbuffer_get_length(ex->raw) == before)
		return WAIT;
	return flow == PD_FLOW_END ? end_response(ex) : NEXT;
}

static enum flow
turn_straight(struct exchange *ex, size_t room)
{
	if (take_content(ex, ex->ready, room) == STOP)
		return STOP;
	send_header(ex);
	if (evbuffer_get_length(ex->ready) > 0)
		pd_wire_send(ex->wire, ex->ready);
	else if (ex->trailers == NULL)
		return WAIT;
	return ex->trailers != NULL ? end_response(ex) : NEXT;
}

static enum flow
relay(struct exchange *ex)
{
	enum flow flow = NEXT;
	size_t room = pd_wire_room(ex->wire);

	while (flow == NEXT && room > 0) {
		flow = ex->chain != NULL ? turn_chain(ex, room) :
		                           turn_straight(ex, room);
		if (flow == STOP)
			return STOP;
		room = pd_wire_room(ex->wire);
		if (flow == WAIT || room == 0) {
			pd_wire_flush(ex->wire);
			room = pd_wire_room(ex->wire);
		}
	}
	/* What waits for the client and what waits for us share one limit. */
	pd_upstream_limit(ex->up, room);
	pd_upstream_expect(ex->up, room > 0);
	return WAIT;
}

/* ---- the table, and what moves an exchange along it -------------------- */

static enum flow (*const steps[])(struct exchange *ex) = {
	check,
	connect_,
	send_,
	await,
	choose,
	relay,
};

enum { STEP_CONNECT = 1, STEP_SEND = 2, STEP_AWAIT = 3, STEP_RELAY = 5 };

static void
run(struct exchange *ex)
{
	enum flow flow;

	do {
		flow = steps[ex->step](ex);
		if (flow == NEXT)
			ex->step++;
	} while (flow == NEXT);
}

static void
on_connected(void *arg)
{
	run(arg);
}

static void
on_readable(void *arg)
{
	struct exchange *ex = arg;

	if (ex->step >= STEP_AWAIT)
		run(ex);
}

static void
on_wake(void *arg)
{
	run(arg);
}

/* The upstream takes more of the upload. */
static void
on_drained(void *arg)
{
	struct exchange *ex = arg;

	if (ex->step > STEP_SEND && !ex->upload_done)
		pump_upload(ex);
}

/*
 * A kept connection that died unused is the pool's misfortune, not the
 * origin's: once, and only if nothing of the request is lost, on a new one.
 */
static bool
may_retry(const struct exchange *ex, enum pd_upstream_error err)
{
	return err == PD_UPSTREAM_CLOSED && pd_upstream_stale(ex->up) &&
	    !ex->retried && ex->req->body == PD_BODY_NONE &&
	    ex->informs == 0;
}

static enum flow
fail_connect(struct exchange *ex, const char *what)
{
	switch (pd_upstream_dial_error(ex->up)) {
	case PD_DIAL_FORBIDDEN:
		return reply_denied(ex,
		    "This address is private and not reachable through the "
		    "proxy.",
		    "The configuration can allow it: AllowPrivate.");
	case PD_DIAL_TIMEOUT:
		return fail(ex, 504, what);
	case PD_DIAL_DNS:
	default:
		return fail(ex, 502, what);
	}
}

static void
on_upstream_failed(void *arg, enum pd_upstream_error err, const char *what)
{
	struct exchange *ex = arg;

	if (may_retry(ex, err)) {
		drop_upstream(ex);
		ex->retried = true;
		ex->step = STEP_CONNECT;
		run(ex);
	} else if (err == PD_UPSTREAM_CONNECT) {
		fail_connect(ex, what);
	} else {
		fail(ex, err == PD_UPSTREAM_TIMEOUT ? 504 : 502, what);
	}
}

static void
on_client_readable(void *arg)
{
	struct exchange *ex = arg;

	if (ex->step > STEP_SEND && !ex->upload_done)
		pump_upload(ex);
}

static void
on_client_drained(void *arg)
{
	struct exchange *ex = arg;

	if (ex->step == STEP_RELAY)
		run(ex);
}

static void
on_client_failed(void *arg, int status, const char *what)
{
	struct exchange *ex = arg;

	if (status != 0) {
		fail(ex, status, what);
		return;
	}
	ex->bytes_out = ex->wire->sent;
	ex->wire = NULL;
	ex->error = what;
	ex->msg.access_flags |= PD_ACCESS_BROKEN;
	drop_upstream(ex);
	finish(ex);
}

static const struct pd_wire_events wire_events = {
	.readable = on_client_readable,
	.drained = on_client_drained,
	.failed = on_client_failed,
};

static struct exchange *
create(struct pd_exchange_context *ctx, struct pd_wire *wire,
    struct pd_request *req, struct pd_arena *arena)
{
	struct exchange *ex = pd_arena_zalloc(arena, sizeof(*ex));

	/* Numbers of several workers do not meet. */
	ctx->next_id += ctx->nstats;
	ex->ctx = ctx;
	ex->setup = pd_setup_ref(ctx->setup);
	ex->arena = arena;
	ex->wire = wire;
	ex->req = req;
	ex->client = *wire->client;
	ex->verdict_name = "pass";
	ex->msg = (struct pd_message) {
		.id = ctx->next_id,
		.arena = arena,
		.conf = ex->setup->conf,
		.request = req,
		.response = &ex->res,
		.stats = pd_worker_stats(ctx->worker),
		.codecs = ctx->codecs,
	};
	clock_gettime(CLOCK_REALTIME, &ex->start);
	clock_gettime(CLOCK_MONOTONIC_COARSE, &ex->started);
	pd_wire_set_events(wire, &wire_events, ex);
	pd_stats_add(stats(ex), PD_STAT_EXCHANGES, 1);
	return ex;
}

void
pd_exchange_begin(struct pd_exchange_context *ctx, struct pd_wire *wire,
    struct pd_request *req, struct pd_arena *arena)
{
	struct exchange *ex = create(ctx, wire, req, arena);

	ex->tunnel = req->method == PD_METHOD_CONNECT;
	if (ex->tunnel)
		ex->msg.access_flags |= PD_ACCESS_CONNECT;
	run(ex);
}

void
pd_exchange_refuse(struct pd_exchange_context *ctx, struct pd_wire *wire,
    int status, const char *what, struct pd_arena *arena)
{
	struct exchange *ex = create(ctx, wire, NULL, arena);

	pd_log_peer(PD_LOG_DEBUG, ex->msg.id, "exchange: refused: %s", what);
	ex->verdict_name = "malformed";
	pd_stats_add(stats(ex), PD_STAT_REQUESTS_BAD, 1);
	reply_error(ex, status, what, NULL);
}
