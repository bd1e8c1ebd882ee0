/*
 * The first step: may the client, is it for us, is it a connectivity check, is
 * it blocked. All of it before any connection is made.
 */
#include "exchange_steps.h"

#include "access.h"
#include "forward.h"
#include "portal.h"

static enum pd_step
answer_portal(struct pd_exchange *ex)
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
	pd_stats_add(pd_exchange_stats(ex), PD_STAT_PORTAL, 1);
	pd_portal_answer(&params, ex->arena, &reply);
	return pd_exchange_reply(ex, &reply);
}

static enum pd_step
reply_auth(struct pd_exchange *ex)
{
	struct pd_reply reply;

	ex->verdict_name = "auth";
	pd_stats_add(pd_exchange_stats(ex), PD_STAT_DENIED, 1);
	pd_reply_auth(ex->setup->conf, ex->req, ex->arena, &reply);
	return pd_exchange_reply(ex, &reply);
}

/* A right password is remembered now: the step asks again and is told. */
static void
on_auth(void *arg, enum pd_auth_result result)
{
	struct pd_exchange *ex = arg;

	ex->auth = NULL;
	if (result == PD_AUTH_OK)
		pd_exchange_run(ex);
	else
		reply_auth(ex);
}

static enum pd_step
check_user(struct pd_exchange *ex)
{
	switch (pd_auth_check(ex->setup->users, ex->req, &ex->client, ex->arena,
	    &ex->user, ex->ctx->worker, &ex->auth, on_auth, ex)) {
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

static enum pd_step
check_lists(struct pd_exchange *ex)
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
	pd_stats_add(pd_exchange_stats(ex), PD_STAT_BLOCKED, 1);
	pd_reply_blocked(
	    ex->setup->conf, ex->req, kind, &ex->verdict, ex->arena, &reply);
	return pd_exchange_reply(ex, &reply);
}

/* RFC 9110, 15.5.6: 405 comes with what is allowed. */
static enum pd_step
refuse_trace(struct pd_exchange *ex)
{
	struct pd_reply reply;
	struct pd_reply_why why = { .status = 405,
		.what = "TRACE is not passed on.",
		.detail = ex->req->target };

	pd_reply_error(ex->setup->conf, ex->req, &why, ex->arena, &reply);
	pd_fields_add(&reply.response.fields, ex->arena, PD_STR("Allow"),
	    PD_STR("GET, HEAD, POST, PUT, DELETE, PATCH, OPTIONS, CONNECT"));
	return pd_exchange_reply(ex, &reply);
}

/* What may be asked of a proxy at all, whoever asks. */
static enum pd_step
check_form(struct pd_exchange *ex)
{
	struct pd_request *req = ex->req;

	if (req->method == PD_METHOD_TRACE)
		return refuse_trace(ex);
	if (req->form == PD_FORM_ABSOLUTE && req->url.scheme != PD_SCHEME_HTTP)
		return pd_exchange_reply_error(ex, 501,
		    "https: addresses are not fetched in the clear.",
		    "Ask for a tunnel by CONNECT, as browsers do.");
	if (pd_forward_loops(&req->fields, ex->ctx->via))
		return pd_exchange_reply_error(ex, 508,
		    "The request has come through this proxy before.",
		    "A proxy's parent must not lead back to itself.");
	return NEXT;
}

/* Where a client that is known may go. */
static enum pd_step
check_port(struct pd_exchange *ex)
{
	const struct pd_conf *conf = ex->setup->conf;

	if (ex->tunnel && !conf->connect_allowed)
		return pd_exchange_deny(ex, "CONNECT is switched off here.",
		    "The configuration can allow it: AllowMethodCONNECT.");
	if (!pd_access_port(conf, ex->tunnel, ex->req->url.authority.port))
		return pd_exchange_deny(ex, "This port is not reachable here.",
		    "The configuration says which are: RestrictOutPortHTTP, "
		    "RestrictOutPortCONNECT.");
	return NEXT;
}

/* OPTIONS that says that it goes no further. */
static bool
ends_here(struct pd_exchange *ex)
{
	struct pd_request *req = ex->req;

	if (req->method != PD_METHOD_OPTIONS || ex->counted)
		return false;
	ex->counted = true;
	return !pd_forward_count_down(&req->fields, ex->arena);
}

enum pd_step
pd_exchange_check(struct pd_exchange *ex)
{
	struct pd_request *req = ex->req;
	struct pd_reply reply;
	enum pd_step flow;

	if (req->form == PD_FORM_ORIGIN ||
	    (req->form == PD_FORM_ABSOLUTE &&
		pd_portal_is_host(ex->setup->conf, &req->url.authority, false)))
		return answer_portal(ex);
	if (req->form == PD_FORM_ASTERISK || ends_here(ex)) {
		pd_reply_plain(200, NULL, PD_STR(""), ex->arena, &reply);
		return pd_exchange_reply(ex, &reply);
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
		pd_stats_add(pd_exchange_stats(ex), PD_STAT_PROBES, 1);
		return check_port(ex);
	}
	flow = check_user(ex);
	if (flow == NEXT)
		flow = check_port(ex);
	return flow == NEXT ? check_lists(ex) : flow;
}
