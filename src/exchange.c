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
 * our own (exchange_end.c), afterwards an abort: what is cut short never looks
 * whole.
 */
#include "exchange_steps.h"

#include "base/log.h"
#include "filters/describe.h"
#include "forward.h"
#include "net/reach.h"
#include "net/sock.h"

/* 1xx responses to one request; more is a flood. */
#define INFORMS_MAX 32

/* ---- connect ----------------------------------------------------------- */

static void on_connected(void *arg);
static void on_readable(void *arg);
static void on_drained(void *arg);
static void
on_upstream_failed(void *arg, enum pd_upstream_error err, const char *what);

static const struct pd_upstream_events upstream_events = {
	.connected = on_connected,
	.readable = on_readable,
	.drained = on_drained,
	.failed = on_upstream_failed,
};

static enum pd_step
deny_private(struct pd_exchange *ex)
{
	return pd_exchange_deny(ex,
	    "This address is private and not reachable through the proxy.",
	    "The configuration can allow it: AllowPrivate.");
}

/* The parent looks names up, so what they come to is its matter; what was led
 * here has an address already. */
static bool
allowed_by_parent(const struct pd_exchange *ex)
{
	const struct pd_conf *conf = ex->setup->conf;

	return ex->led ? pd_reach_allowed(conf, &ex->wanted)
		       : pd_reach_by_parent(conf, &ex->req->url.authority);
}

/* The next hop: the parent, or the origin itself. */
static enum pd_step
open_upstream(struct pd_exchange *ex)
{
	struct pd_conf *conf = ex->setup->conf;
	struct pd_upstream_params params = {
		.conf = conf,
		.where = &ex->req->url.authority,
		.to = ex->led ? &ex->wanted : NULL,
		/* A kept connection may die under a request that must not be
		 * sent twice; a tunnel wants one of its own. */
		.fresh = ex->tunnel || ex->retried ||
			 !pd_method_idempotent(ex->req->method),
		.events = &upstream_events,
		.arg = ex,
		.arena = ex->arena,
	};

	if (conf->next_proxy != NULL) {
		if (!allowed_by_parent(ex))
			return deny_private(ex);
		if (pd_authority_parse(pd_str_z(conf->next_proxy),
			(uint16_t)conf->next_port, ex->arena,
			&ex->parent) != PD_URL_OK)
			return pd_exchange_fail(
			    ex, 502, "NextProxy is no host name");
		params.where = &ex->parent;
		params.to = NULL;
		params.trusted = true;
	}
	ex->up = pd_upstream_open(ex->ctx->upstreams, &params);
	return WAIT;
}

static bool
to_parent(const struct pd_exchange *ex)
{
	return ex->setup->conf->next_proxy != NULL;
}

static enum pd_step
connect_(struct pd_exchange *ex)
{
	if (ex->verifying != NULL)
		return WAIT;
	if (ex->up == NULL) {
		enum pd_step flow = open_upstream(ex);

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

/* Who did not ask for the tunnel is told nothing. */
static const struct pd_response *
opening(const struct pd_exchange *ex)
{
	return ex->unread ? NULL : &established;
}

static void
on_tunnel_done(
    void *arg, enum pd_tunnel_end end, uint64_t to_client, uint64_t to_upstream)
{
	struct pd_exchange *ex = arg;

	(void)to_upstream;
	ex->bytes_in = ex->bytes_out = to_client;
	if (end == PD_TUNNEL_TIMEOUT)
		ex->msg.access_flags |= PD_ACCESS_TIMEOUT;
	else if (end == PD_TUNNEL_BROKEN)
		ex->msg.access_flags |= PD_ACCESS_BROKEN;
	pd_exchange_finish(ex);
}

/* Both connections leave the exchange, which waits for the tunnel's end. res
 * NULL: it opens without a word. */
static enum pd_step
begin_tunnel(struct pd_exchange *ex, const struct pd_response *res)
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
	ex->res.status = res != NULL ? res->status : established.status;
	pd_tunnel_start(&params);
	return STOP;
}

static enum pd_step
send_(struct pd_exchange *ex)
{
	struct pd_forward_params params = {
		.conf = ex->setup->conf,
		.arena = ex->arena,
		.via = ex->ctx->via,
		.to_parent = to_parent(ex),
		.untouched = ex->probe,
	};
	struct pd_forward out;

	if (pd_exchange_judge_address(ex) == STOP)
		return STOP;
	if (ex->tunnel && !to_parent(ex))
		return begin_tunnel(ex, opening(ex));
	pd_forward_request(
	    to_parent(ex) ? pd_exchange_parent_request(ex) : ex->req, &params,
	    &out);
	pd_upstream_request(ex->up, &out.request, out.target, out.connection);
	if (ex->req->body == PD_BODY_NONE) {
		ex->upload_done = true;
		pd_upstream_end(ex->up, NULL);
		return NEXT;
	}
	return pd_exchange_upload(ex);
}

/* ---- await: the header section of the answer --------------------------- */

static enum pd_step
got_switch(struct pd_exchange *ex)
{
	if (!ex->req->upgrade || !pd_forward_upgraded(ex->req, &ex->res))
		return pd_exchange_fail(
		    ex, 502, "the origin switched protocols unasked");
	pd_forward_response(&ex->res, ex->arena, ex->ctx->via, true);
	return begin_tunnel(ex, &ex->res);
}

/* The parent's answer to CONNECT. */
static enum pd_step
got_parent(struct pd_exchange *ex)
{
	const char *what;

	if (ex->res.status >= 200 && ex->res.status < 300)
		return begin_tunnel(ex, opening(ex));
	what = pd_arena_printf(ex->arena,
	    "the parent proxy refused the tunnel: %d %s", ex->res.status,
	    pd_status_reason(ex->res.status))
		   .p;
	ex->res.status = 0;
	return pd_exchange_fail(ex, 502, what);
}

static enum pd_step
await(struct pd_exchange *ex)
{
	struct pd_fault fault;

	for (;;) {
		switch (pd_upstream_read_header(ex->up, &ex->res, &fault)) {
		case PD_READ_MORE:
			return WAIT;
		case PD_READ_BAD:
			ex->res = (struct pd_response){ 0 };
			return pd_exchange_fail(ex, 502, fault.what);
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
			return pd_exchange_fail(
			    ex, 502, "the origin sent too many 1xx");
		pd_forward_response(&ex->res, ex->arena, ex->ctx->via, false);
		if (!ex->tunnel)
			pd_wire_inform(ex->wire, &ex->res);
	}
}

/* ---- choose: what is done to the answer -------------------------------- */

static void on_wake(void *arg);

static enum pd_step
choose(struct pd_exchange *ex)
{
	struct pd_chain_params params = {
		.msg = &ex->msg,
		.base = pd_worker_base(ex->ctx->worker),
		.wake = on_wake,
		.arg = ex,
	};

	if (ex->res.status == 407)
		return pd_exchange_fail(
		    ex, 502, "the next hop asks for a password of its own");
	if (pd_exchange_judge_answer(ex) == STOP)
		return STOP;
	pd_forward_response(&ex->res, ex->arena, ex->ctx->via, false);
	ex->ready = pd_exchange_buffer();
	if (ex->probe || ex->verdict.untouched)
		return NEXT;
	pd_forward_drop_void(&ex->res.fields);
	if (ex->inferred != NULL)
		ex->msg.page = ex->inferred->source;
	if (ex->res.body == PD_BODY_NONE) {
		pd_describe(&ex->msg);
		return NEXT;
	}
	ex->chain = pd_chain_create(&params);
	if (ex->chain != NULL) {
		ex->raw = pd_exchange_buffer();
		/* Trailers may be of the content as it was: they are left out.
		 */
		pd_fields_remove(&ex->res.fields, PD_FIELD_TRAILER);
	}
	return NEXT;
}

/* ---- the table, and what moves an exchange along it -------------------- */

static enum pd_step (*const steps[])(struct pd_exchange *ex) = {
	pd_exchange_check,
	pd_exchange_verify,
	connect_,
	send_,
	await,
	choose,
	pd_exchange_relay,
};

enum {
	STEP_CHECK = 0,
	STEP_CONNECT = 2,
	STEP_SEND = 3,
	STEP_AWAIT = 4,
	STEP_RELAY = 6,
};

void
pd_exchange_run(struct pd_exchange *ex)
{
	enum pd_step flow;

	do {
		flow = steps[ex->step](ex);
		if (flow == NEXT)
			ex->step++;
	} while (flow == NEXT);
}

static void
on_connected(void *arg)
{
	pd_exchange_run(arg);
}

static void
on_readable(void *arg)
{
	struct pd_exchange *ex = arg;

	if (ex->step >= STEP_AWAIT)
		pd_exchange_run(ex);
}

static void
on_wake(void *arg)
{
	pd_exchange_run(arg);
}

/* The upstream takes more of the upload. */
static void
on_drained(void *arg)
{
	struct pd_exchange *ex = arg;

	if (ex->step > STEP_SEND && !ex->upload_done)
		pd_exchange_upload(ex);
}

/*
 * A kept connection that died unused is the pool's misfortune, not the
 * origin's: once, and only if nothing of the request is lost, on a new one.
 */
static bool
may_retry(const struct pd_exchange *ex, enum pd_upstream_error err)
{
	return err == PD_UPSTREAM_CLOSED && pd_upstream_stale(ex->up) &&
	       !ex->retried && ex->req->body == PD_BODY_NONE &&
	       ex->informs == 0;
}

static enum pd_step
fail_connect(struct pd_exchange *ex, const char *what)
{
	enum pd_dial_error err = pd_upstream_dial_error(ex->up);

	if (err == PD_DIAL_FORBIDDEN)
		return deny_private(ex);
	if (err == PD_DIAL_REFUSED) {
		const char *why =
		    strerrordesc_np(pd_upstream_dial_errno(ex->up));

		if (why != NULL)
			what =
			    pd_arena_printf(ex->arena, "%s: %s", what, why).p;
	}
	if (to_parent(ex))
		what = pd_arena_printf(ex->arena, "parent proxy: %s", what).p;
	return pd_exchange_fail(ex, err == PD_DIAL_TIMEOUT ? 504 : 502, what);
}

static void
on_upstream_failed(void *arg, enum pd_upstream_error err, const char *what)
{
	struct pd_exchange *ex = arg;

	if (may_retry(ex, err)) {
		pd_exchange_drop_upstream(ex);
		ex->retried = true;
		ex->step = STEP_CONNECT;
		pd_exchange_run(ex);
	} else if (err == PD_UPSTREAM_CONNECT) {
		fail_connect(ex, what);
	} else {
		pd_exchange_fail(
		    ex, err == PD_UPSTREAM_TIMEOUT ? 504 : 502, what);
	}
}

static void
on_client_readable(void *arg)
{
	struct pd_exchange *ex = arg;

	if (ex->step > STEP_SEND && !ex->upload_done)
		pd_exchange_upload(ex);
	else if (ex->step == STEP_CHECK && ex->upload != NULL)
		pd_exchange_run(ex); /* a form for the portal */
}

static void
on_client_drained(void *arg)
{
	struct pd_exchange *ex = arg;

	if (ex->step == STEP_RELAY)
		pd_exchange_run(ex);
}

static void
on_client_failed(void *arg, int status, const char *what)
{
	struct pd_exchange *ex = arg;

	if (status != 0) {
		pd_exchange_fail(ex, status, what);
		return;
	}
	ex->bytes_out = ex->wire->sent;
	ex->wire = NULL;
	ex->error = what;
	ex->msg.access_flags |= PD_ACCESS_BROKEN;
	pd_exchange_drop_upstream(ex);
	pd_exchange_finish(ex);
}

static const struct pd_wire_events wire_events = {
	.readable = on_client_readable,
	.drained = on_client_drained,
	.failed = on_client_failed,
};

static struct pd_exchange *
create(struct pd_exchange_context *ctx, struct pd_wire *wire,
    struct pd_request *req, struct pd_arena *arena)
{
	struct pd_exchange *ex = pd_arena_zalloc(arena, sizeof(*ex));

	/* Numbers of several workers do not meet. */
	ctx->next_id += ctx->nstats;
	ex->ctx = ctx;
	ex->setup = pd_setup_ref(ctx->setup);
	ex->arena = arena;
	ex->wire = wire;
	ex->req = req;
	ex->client = *wire->client;
	ex->led = wire->wanted != NULL;
	if (ex->led)
		ex->wanted = *wire->wanted;
	ex->unverified = ex->led;
	ex->verdict_name = "pass";
	ex->msg = (struct pd_message){
		.id = ctx->next_id,
		.arena = arena,
		.conf = ex->setup->conf,
		.client = &ex->client,
		.request = req,
		.response = &ex->res,
		.stats = pd_worker_stats(ctx->worker),
		.codecs = ctx->codecs,
	};
	if (ex->led)
		ex->msg.access_flags |= PD_ACCESS_TRANSPARENT;
	clock_gettime(CLOCK_REALTIME, &ex->start);
	clock_gettime(CLOCK_MONOTONIC_COARSE, &ex->started);
	pd_wire_set_events(wire, &wire_events, ex);
	pd_stats_add(pd_exchange_stats(ex), PD_STAT_EXCHANGES, 1);
	return ex;
}

void
pd_exchange_begin(struct pd_exchange_context *ctx, struct pd_wire *wire,
    struct pd_request *req, struct pd_arena *arena)
{
	struct pd_exchange *ex = create(ctx, wire, req, arena);

	ex->tunnel = req->method == PD_METHOD_CONNECT;
	if (ex->tunnel)
		ex->msg.access_flags |= PD_ACCESS_CONNECT;
	pd_exchange_run(ex);
}

void
pd_exchange_tunnel(struct pd_exchange_context *ctx, struct pd_wire *wire,
    const struct pd_hello *hello, const char *fault, struct pd_arena *arena)
{
	pd_exchange_led_tunnel(create(ctx, wire, NULL, arena), hello, fault);
}

void
pd_exchange_refuse(struct pd_exchange_context *ctx, struct pd_wire *wire,
    int status, const char *what, struct pd_arena *arena)
{
	struct pd_exchange *ex = create(ctx, wire, NULL, arena);

	pd_log_peer(PD_LOG_DEBUG, ex->msg.id, "exchange: refused: %s", what);
	ex->verdict_name = "malformed";
	pd_stats_add(pd_exchange_stats(ex), PD_STAT_REQUESTS_BAD, 1);
	pd_exchange_reply_error(ex, status, what, NULL);
}
