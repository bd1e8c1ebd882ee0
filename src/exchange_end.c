/*
 * The ways in which an exchange ends: with an answer of our own, cut short, or
 * as it should; and what is written and freed then.
 */
#include "exchange_steps.h"

#include <assert.h>
#include <stdlib.h>

#include "base/log.h"
#include "why.h"

/* Bytes of a refused request's content that are read off to no end. */
#define DISCARD_MAX 65536

struct evbuffer *
pd_exchange_buffer(void)
{
	struct evbuffer *b = evbuffer_new();

	if (b == NULL)
		abort();
	return b;
}

static void
write_log(struct pd_exchange *ex)
{
	const struct pd_conf_device *device =
	    pd_conf_device_of(ex->setup->conf, &ex->client);
	struct timespec now;
	struct pd_access_record r = {
		.start_us = (int64_t)ex->start.tv_sec * 1000000 +
			    ex->start.tv_nsec / 1000,
		.client = ex->client,
		.user = ex->user,
		.device = pd_str_z(device != NULL ? device->name : NULL),
		.flags = ex->msg.access_flags,
		.bytes_in = (int64_t)ex->bytes_in,
		.bytes_out = (int64_t)ex->bytes_out,
		.status = ex->res.status,
		.verdict = ex->verdict_name,
		.list = ex->verdict.rule.list,
		.rule = ex->verdict.rule.text,
		.error = ex->error,
	};

	if (ex->ctx->log == NULL)
		return;
	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	r.took_ms = (now.tv_sec - ex->started.tv_sec) * 1000 +
		    (now.tv_nsec - ex->started.tv_nsec) / 1000000;
	if (ex->req != NULL) {
		r.method = ex->req->method_name;
		r.url = ex->asked.n > 0 ? ex->asked : ex->req->target;
	}
	if (ex->inferred != NULL) {
		r.types = pd_why_types(ex->inferred->types, ex->arena);
		r.page = ex->inferred->party == PD_SOURCE_THIRD
			     ? PD_STR("*")
			     : ex->inferred->source;
	}
	if (ex->chain != NULL)
		r.filters = pd_chain_names(ex->chain);
	r.type = pd_fields_value(&ex->res.fields, PD_FIELD_CONTENT_TYPE);
	pd_access_log_add(ex->ctx->log, &r);
}

enum pd_step
pd_exchange_finish(struct pd_exchange *ex)
{
	assert(ex->wire == NULL);
	write_log(ex);
	pd_stats_add(pd_exchange_stats(ex), PD_STAT_EXCHANGES, -1);
	pd_stats_add(pd_exchange_stats(ex), PD_STAT_EXCHANGES_TOTAL, 1);
	pd_stats_add(
	    pd_exchange_stats(ex), PD_STAT_BYTES_OUT, (int64_t)ex->bytes_out);
	if (ex->up != NULL) {
		pd_stats_add(pd_exchange_stats(ex), PD_STAT_BYTES_IN,
		    (int64_t)pd_upstream_received(ex->up));
		pd_upstream_release(ex->up);
	}
	if (ex->auth != NULL)
		pd_auth_cancel(ex->auth);
	pd_resolve_cancel(ex->verifying);
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

void
pd_exchange_drop_upstream(struct pd_exchange *ex)
{
	pd_upstream_close(ex->up);
	ex->up = NULL;
}

/* The response has begun and cannot be completed. */
static enum pd_step
cut(struct pd_exchange *ex, const char *why)
{
	pd_log_peer(PD_LOG_DEBUG, ex->msg.id, "exchange: cut short: %s", why);
	ex->error = why;
	ex->msg.access_flags |= PD_ACCESS_BROKEN;
	pd_stats_add(pd_exchange_stats(ex), PD_STAT_ABORTED, 1);
	pd_exchange_drop_upstream(ex);
	ex->bytes_out = ex->wire->sent;
	pd_wire_abort(ex->wire);
	ex->wire = NULL;
	return pd_exchange_finish(ex);
}

/* ---- reply: an answer made here ---------------------------------------- */

static bool
unknown_host(const struct pd_exchange *ex)
{
	return ex->up != NULL &&
	       pd_upstream_dial_error(ex->up) == PD_DIAL_NO_NAME;
}

/*
 * Content of a request that goes nowhere, as far as it has come: read off, so
 * that the connection can be kept after a blocked beacon.
 */
static void
discard_upload(struct pd_exchange *ex)
{
	const struct pd_fields *trailers;
	struct pd_fault fault;
	struct evbuffer *b;

	if (ex->req == NULL || ex->req->body == PD_BODY_NONE || ex->upload_done)
		return;
	b = pd_exchange_buffer();
	pd_wire_read(ex->wire, b, DISCARD_MAX, &trailers, &fault);
	evbuffer_free(b);
}

enum pd_step
pd_exchange_reply(struct pd_exchange *ex, struct pd_reply *reply)
{
	struct pd_response *res = &reply->response;

	pd_exchange_drop_upstream(ex);
	if (ex->unread)
		return pd_exchange_cut_off(ex, res->status);
	discard_upload(ex);
	pd_fields_add_id(
	    &res->fields, ex->arena, PD_FIELD_DATE, pd_http_date());
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
		struct evbuffer *b = pd_exchange_buffer();

		evbuffer_add(b, reply->content.p, reply->content.n);
		pd_wire_send(ex->wire, b);
		evbuffer_free(b);
	}
	ex->bytes_out = ex->wire->sent;
	pd_wire_end(ex->wire, NULL);
	ex->wire = NULL;
	return pd_exchange_finish(ex);
}

enum pd_step
pd_exchange_reply_error(
    struct pd_exchange *ex, int status, const char *what, const char *fix)
{
	struct pd_reply reply;
	struct pd_reply_why why = {
		.status = status,
		.page = unknown_host(ex) ? 404 : 0,
		.what = what,
		.fix = fix,
		.detail = ex->req != NULL ? ex->req->target : PD_STR(""),
	};

	ex->error = what;
	pd_reply_error(ex->setup->conf, ex->req, &why, ex->arena, &reply);
	return pd_exchange_reply(ex, &reply);
}

enum pd_step
pd_exchange_deny(struct pd_exchange *ex, const char *what, const char *fix)
{
	ex->verdict_name = "denied";
	pd_stats_add(pd_exchange_stats(ex), PD_STAT_DENIED, 1);
	return pd_exchange_reply_error(ex, 403, what, fix);
}

/* What went wrong behind us: the client is told which part of the way. */
static enum pd_step
reply_upstream(struct pd_exchange *ex, int status, const char *what)
{
	pd_stats_add(pd_exchange_stats(ex), PD_STAT_UPSTREAM_FAILED, 1);
	ex->msg.access_flags |=
	    status == 504 ? PD_ACCESS_TIMEOUT : PD_ACCESS_BROKEN;
	return pd_exchange_reply_error(ex, status, what,
	    unknown_host(ex)
		? "Check how it is spelt; or it is no longer in use."
		: "Try again; if it stays so, the site or the way to it is "
		  "down.");
}

enum pd_step
pd_exchange_fail(struct pd_exchange *ex, int status, const char *what)
{
	if (ex->msg.header_sent)
		return cut(ex, what);
	if (status >= 500)
		return reply_upstream(ex, status, what);
	ex->msg.access_flags |= PD_ACCESS_BROKEN;
	return pd_exchange_reply_error(ex, status, what, NULL);
}
