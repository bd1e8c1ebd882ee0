/*
 * The first step: may the client, is it for us, is it a connectivity check, is
 * it blocked (exchange_judge.c). All of it before any connection is made.
 */
#include "exchange_steps.h"

#include "access.h"
#include "forward.h"
#include "portal.h"

/*
 * A form for the portal is read before it is answered: a few bytes, kept in
 * upload. WAIT: more of it will come.
 */
static enum pd_step
read_form(struct pd_exchange *ex, struct pd_str *content)
{
	static const struct pd_response go_on = {
		.status = 100,
		.reason = { "Continue", 8 },
	};
	size_t most = pd_portal_content_max(ex->req), n;
	const struct pd_fields *trailers;
	struct pd_fault fault;
	enum pd_read got;
	char *bytes;

	if (most == 0)
		return NEXT;
	if (ex->upload == NULL) {
		ex->upload = pd_exchange_buffer();
		if (ex->req->expect_continue)
			pd_wire_inform(ex->wire, &go_on);
	}
	n = evbuffer_get_length(ex->upload);
	got =
	    pd_wire_read(ex->wire, ex->upload, most + 1 - n, &trailers, &fault);
	if (got == PD_READ_BAD)
		return pd_exchange_fail(ex, fault.status, fault.what);
	n = evbuffer_get_length(ex->upload);
	/* Too much is answered at once. */
	if (got == PD_READ_MORE && n <= most)
		return WAIT;
	ex->upload_done = got == PD_READ_WHOLE;
	bytes = pd_arena_alloc(ex->arena, n + 1);
	evbuffer_remove(ex->upload, bytes, n);
	*content = pd_str_of(bytes, n);
	return NEXT;
}

static enum pd_step
answer_portal(struct pd_exchange *ex)
{
	struct pd_str content = PD_STR("");
	enum pd_step flow = read_form(ex, &content);
	struct pd_portal_params params;
	struct pd_reply reply;

	if (flow != NEXT)
		return flow;
	params = (struct pd_portal_params){
		.conf = ex->setup->conf,
		.request = ex->req,
		.probes = ex->setup->probes,
		.client = ex->wire->client,
		.local = pd_exchange_local(ex),
		.through_proxy = ex->req->form == PD_FORM_ABSOLUTE || ex->led,
		.draining = *ex->ctx->draining,
		.stats = ex->ctx->stats,
		.nstats = ex->ctx->nstats,
		.rules = ex->setup->rules,
		.scratch = ex->ctx->scratch,
		.now_s = ex->start.tv_sec,
		.content = content,
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
	if (ex->led)
		return pd_exchange_check_device(ex);
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

	/* Who knows of no proxy sends no CONNECT. */
	if (ex->tunnel && !ex->led && !conf->connect_allowed)
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
	enum pd_step flow = ex->led ? pd_exchange_check_led(ex) : NEXT;

	if (flow != NEXT)
		return flow;
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
		/* Who can log in may check before that. Who was led here never
		 * can, and its Host proves nothing: it would be served by any
		 * address, a tunnel by an upgrade. */
		flow = ex->led ? pd_exchange_check_device(ex) : NEXT;
		return flow == NEXT ? check_port(ex) : flow;
	}
	flow = check_user(ex);
	if (flow == NEXT)
		flow = check_port(ex);
	return flow == NEXT ? pd_exchange_judge(ex) : flow;
}
