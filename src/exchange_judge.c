/*
 * What the lists say of a request: asked before any connection is made, again
 * when the origin's address is known, and when its response's header is there;
 * and what each verdict comes to.
 */
#include "exchange_steps.h"

#include "base/log.h"

static struct pd_block_query
query(struct pd_exchange *ex)
{
	if (ex->inferred == NULL) {
		ex->inferred = pd_arena_alloc(ex->arena, sizeof(*ex->inferred));
		pd_infer(ex->req, ex->inferred);
	}
	return (struct pd_block_query){
		.request = ex->req,
		.inferred = ex->inferred,
		.client = &ex->client,
		.scratch = ex->ctx->scratch,
		.arena = ex->arena,
		.now_s = ex->start.tv_sec,
	};
}

/* An answer made here, in place of the origin's. */
static enum pd_step
answer_blocked(struct pd_exchange *ex, enum pd_content_kind kind)
{
	struct pd_reply reply;

	ex->verdict_name =
	    ex->verdict.kind == PD_VERDICT_REPLACE ? "replace" : "block";
	ex->msg.access_flags |= PD_ACCESS_REPLACED;
	pd_stats_add(pd_exchange_stats(ex), PD_STAT_BLOCKED, 1);
	pd_reply_blocked(
	    ex->setup->conf, ex->req, kind, &ex->verdict, ex->arena, &reply);
	return pd_exchange_reply(ex, &reply);
}

/* RFC 9110, 15.4.8: the same method, this once. */
static enum pd_step
answer_redirect(struct pd_exchange *ex)
{
	struct pd_reply reply;

	ex->verdict_name = "redirect";
	pd_reply_plain(307, NULL, PD_STR(""), ex->arena, &reply);
	pd_fields_add(&reply.response.fields, ex->arena, PD_STR("Location"),
	    ex->verdict.location);
	pd_fields_add_id(&reply.response.fields, ex->arena,
	    PD_FIELD_CACHE_CONTROL, PD_STR("no-store"));
	return pd_exchange_reply(ex, &reply);
}

/* The origin is asked for the cleaned URL; what came stays in the log. */
static enum pd_step
rewrite(struct pd_exchange *ex)
{
	struct pd_url url;

	if (pd_url_parse(ex->verdict.location, ex->arena, &url) != PD_URL_OK)
		return NEXT;
	ex->verdict_name = "rewrite";
	ex->asked = ex->req->target;
	ex->req->target = ex->verdict.location;
	ex->req->url.path = url.path;
	return NEXT;
}

/* The matcher's limits were met: said, because a rule may have been missed. */
static void
tell_untried(struct pd_exchange *ex, uint64_t n)
{
	pd_stats_add(pd_exchange_stats(ex), PD_STAT_RULES_UNTRIED, (int64_t)n);
	pd_log_peer(PD_LOG_WARN, ex->msg.id,
	    "block: a URL of %zu bytes has too much in it that rules look for; "
	    "some were not tried",
	    ex->req->target.n);
}

enum pd_step
pd_exchange_judge(struct pd_exchange *ex)
{
	struct pd_block_query q = query(ex);
	uint64_t untried = pd_scratch_overflows(q.scratch);

	pd_block_judge(ex->setup->rules, &q, &ex->verdict);
	untried = pd_scratch_overflows(q.scratch) - untried;
	if (untried > 0)
		tell_untried(ex, untried);
	switch (ex->verdict.kind) {
	case PD_VERDICT_PASS:
		if (ex->verdict.untouched)
			ex->msg.access_flags |= PD_ACCESS_NOT_PROCESSED;
		if (ex->verdict.allowed)
			ex->verdict_name = "allow";
		return NEXT;
	case PD_VERDICT_REDIRECT:
		return answer_redirect(ex);
	case PD_VERDICT_REWRITE:
		return rewrite(ex);
	case PD_VERDICT_BLOCK:
	case PD_VERDICT_DENY:
	case PD_VERDICT_REPLACE:
		break;
	}
	return answer_blocked(ex, ex->inferred->kind);
}

/* The lists are not asked: a probe, URLNoProcessing. */
static bool
is_exempt(const struct pd_exchange *ex)
{
	return ex->probe || ex->verdict.untouched;
}

enum pd_step
pd_exchange_judge_address(struct pd_exchange *ex)
{
	struct pd_block_query q;
	struct pd_verdict verdict;
	struct pd_addr address;

	if (!pd_block_asks_address(ex->setup->rules) || is_exempt(ex) ||
	    ex->setup->conf->next_proxy != NULL ||
	    pd_upstream_address(ex->up, &address) < 0)
		return NEXT;
	q = query(ex);
	q.address = &address;
	pd_block_connected(ex->setup->rules, &q, &verdict);
	if (verdict.kind != PD_VERDICT_BLOCK)
		return NEXT;
	ex->verdict = verdict;
	return answer_blocked(ex, ex->inferred->kind);
}

/* URLReplaceDataCT: decided by the type that came. */
static bool
is_replaced_by_type(struct pd_exchange *ex)
{
	return ex->verdict.replace_by_type &&
	       pd_block_replace_type(ex->setup->conf,
		   pd_media_type(
		       pd_fields_value(&ex->res.fields, PD_FIELD_CONTENT_TYPE),
		       ex->arena));
}

enum pd_step
pd_exchange_judge_answer(struct pd_exchange *ex)
{
	struct pd_block_query q;
	struct pd_verdict verdict;

	if (is_replaced_by_type(ex)) {
		ex->verdict.kind = PD_VERDICT_REPLACE;
		return answer_blocked(ex, PD_CONTENT_IMAGE);
	}
	if (is_exempt(ex))
		return NEXT;
	q = query(ex);
	pd_block_answer(ex->setup->rules, &q, &ex->res.fields, &verdict);
	if (verdict.kind != PD_VERDICT_BLOCK)
		return NEXT;
	ex->verdict = verdict;
	return answer_blocked(ex, ex->inferred->kind);
}
