/*
 * A verdict in words: one sentence that says what is done and who decided it,
 * and one of what the client gets.
 */
#include <time.h>

#include "base/arena.h"
#include "why_part.h"

/* "14:30", with the day where it is not today's. */
static struct pd_str
clock_text(int64_t when_s, int64_t now_s, struct pd_arena *arena)
{
	time_t when = (time_t)when_s;
	char text[40];
	struct tm tm;

	localtime_r(&when, &tm);
	strftime(text, sizeof(text),
	    when_s - now_s < 18 * 3600 ? "%H:%M" : "%Y-%m-%d %H:%M", &tm);
	return pd_arena_printf(arena, "%s", text);
}

/* A page whose host is listed passes, to the wonder of who listed it. */
static struct pd_str
say_unlisted(const struct pd_why *w, const struct pd_why_params *p)
{
	struct pd_str s = w->nrules == 0
			      ? PD_STR("Passes: no rule matches.")
			      : PD_STR("Passes: none of the rules that match "
				       "blocks it.");

	if (w->tunnel.kind != PD_VERDICT_BLOCK ||
	    (w->inferred.types & PD_TYPE_DOCUMENT) == 0)
		return s;
	return pd_arena_printf(p->arena,
	    "%.*s %.*s %.*s blocks what pages load from it, not the page "
	    "itself; strict-document changes that.",
	    PD_STR_ARG(s),
	    PD_STR_ARG(pd_block_place(&w->tunnel.rule, p->arena)),
	    PD_STR_ARG(w->tunnel.rule.text));
}

static struct pd_str
say_pass(const struct pd_why *w, const struct pd_why_params *p)
{
	struct pd_str place = pd_block_place(&w->verdict.rule, p->arena);

	if (w->verdict.untouched)
		return pd_arena_printf(p->arena,
		    "Passes untouched: %.*s says so, and nothing in it is "
		    "changed.",
		    PD_STR_ARG(place));
	if (!w->verdict.allowed)
		return say_unlisted(w, p);
	if (w->site_off)
		return PD_STR("Passes: the lists are off for this site, or it "
			      "would be blocked.");
	if (w->until_s != 0)
		return pd_arena_printf(p->arena,
		    "Passes until %.*s: a person let it through, or it would "
		    "be blocked.",
		    PD_STR_ARG(clock_text(w->until_s, p->now_s, p->arena)));
	return pd_arena_printf(
	    p->arena, "Passes: the exception %.*s wins.", PD_STR_ARG(place));
}

static struct pd_str
say_verdict(const struct pd_why *w, const struct pd_why_params *p)
{
	struct pd_str place = pd_block_place(&w->verdict.rule, p->arena);

	if (w->probe)
		return PD_STR("Passes: it is a connectivity check, which no "
			      "list may touch.");
	if (pd_why_refused(w))
		return pd_arena_printf(p->arena,
		    "The tunnel to %.*s is refused by %.*s %.*s.",
		    PD_STR_ARG(w->host),
		    PD_STR_ARG(pd_block_place(&w->tunnel.rule, p->arena)),
		    PD_STR_ARG(w->tunnel.rule.text));
	switch (w->verdict.kind) {
	case PD_VERDICT_PASS:
		break;
	case PD_VERDICT_BLOCK:
		return pd_arena_printf(
		    p->arena, "Blocked by %.*s.", PD_STR_ARG(place));
	case PD_VERDICT_DENY:
		return pd_arena_printf(
		    p->arena, "Denied by %.*s.", PD_STR_ARG(place));
	case PD_VERDICT_REPLACE:
		return pd_arena_printf(
		    p->arena, "Replaced by %.*s.", PD_STR_ARG(place));
	case PD_VERDICT_REDIRECT:
		return pd_arena_printf(p->arena,
		    "Sent to another address by %.*s.", PD_STR_ARG(place));
	case PD_VERDICT_REWRITE:
		return pd_arena_printf(p->arena,
		    "Passes with another address, by %.*s.", PD_STR_ARG(place));
	}
	return say_pass(w, p);
}

/* What the client gets instead, in words; as reply.c answers. */
static struct pd_str
say_sent(const struct pd_why *w, struct pd_arena *arena)
{
	static const char *const stand_ins[] = {
		[PD_CONTENT_OTHER] = "nothing, with status 204",
		[PD_CONTENT_DOCUMENT] = "a page that says why, with status 403",
		[PD_CONTENT_PAGE] = ("a page that says why, with status 403; "
				     "nothing in a frame"),
		[PD_CONTENT_FRAME] = "an empty frame",
		[PD_CONTENT_IMAGE] = "a picture of one clear pixel",
		[PD_CONTENT_SCRIPT] = "an empty script",
		[PD_CONTENT_STYLE] = "an empty style sheet",
		[PD_CONTENT_FONT] = "nothing, with status 204",
		[PD_CONTENT_MEDIA] = "nothing, with status 204",
		[PD_CONTENT_JSON] = "an empty JSON object",
		[PD_CONTENT_VAST] = "a VAST answer without an advertisement",
	};
	const struct pd_verdict *v = &w->verdict;

	if (w->probe)
		return PD_STR("");
	if (pd_why_refused(w))
		return PD_STR("status 403 for the tunnel, which browsers show "
			      "as a failed connection");
	switch (v->kind) {
	case PD_VERDICT_PASS:
		if (v->replace_by_type)
			return PD_STR("a picture of one clear pixel, if the "
				      "answer's type is in "
				      "URLReplaceDataCTList");
		return PD_STR("");
	case PD_VERDICT_BLOCK:
		if (v->resource != NULL)
			return pd_arena_printf(arena,
			    "%s (%s, %zu bytes), which the rule names",
			    v->resource->name, v->resource->type,
			    v->resource->content.n);
		return pd_str_z(stand_ins[w->kind]);
	case PD_VERDICT_DENY:
		return PD_STR("a page that says why, with status 403");
	case PD_VERDICT_REPLACE:
		return PD_STR("a picture of one clear pixel");
	case PD_VERDICT_REDIRECT:
		return pd_arena_printf(arena, "a redirection (307) to %.*s",
		    PD_STR_ARG(v->location));
	case PD_VERDICT_REWRITE:
		return pd_arena_printf(
		    arena, "the answer of %.*s", PD_STR_ARG(v->location));
	}
	return PD_STR("");
}

void
pd_why_put_words(const struct pd_why_params *p, struct pd_why *out)
{
	out->sentence = say_verdict(out, p);
	out->sent = say_sent(out, p->arena);
}
