/*
 * The verdict: what the client's lists say of the request, unless the site is
 * switched off or a person let it through. `check` in exchange_check.c asks
 * before any connection is made; `send` and `choose` ask again when the
 * address, and the response's header, are there.
 */
#include "filters/block/block_part.h"

#include <stdio.h>

#include "base/arena.h"
#include "base/log.h"
#include "filters/block/lines.h"

/* ---- the question ------------------------------------------------------ */

/* Whether it is a part of it, not a copy in another form. */
static bool
is_within(struct pd_str part, struct pd_str whole)
{
	uintptr_t at = (uintptr_t)part.p, start = (uintptr_t)whole.p;

	return at >= start && at + part.n <= start + whole.n;
}

/* The target URI as it came, if it is in its usual form. */
static bool
use_target(const struct pd_request *req, struct pd_match_query *m)
{
	const struct pd_authority *a = &req->url.authority;
	uint16_t usual = req->url.scheme == PD_SCHEME_HTTP ? 80 : 443;

	if (req->form != PD_FORM_ABSOLUTE || a->lax ||
	    (a->port_given && a->port == usual) ||
	    !pd_str_starts(req->target, PD_STR("http")) ||
	    !is_within(a->host, req->target) ||
	    !is_within(req->url.path, req->target))
		return false;
	m->url = req->target;
	m->host_at = (size_t)(a->host.p - req->target.p);
	m->host_n = a->host.n;
	return true;
}

/* A page asks for ws://, and rules say so (RFC 6455, 3); the request for it
 * says http://. */
static bool
is_websocket(const struct pd_match_query *m)
{
	return m->types == PD_TYPE_WEBSOCKET;
}

/* Written anew; of CONNECT, what is known of it. */
static void
write_url(const struct pd_request *req, struct pd_arena *arena,
    struct pd_match_query *m)
{
	static const char *const schemes[2][2] = { { "https", "http" },
		{ "wss", "ws" } };
	const struct pd_authority *a = &req->url.authority;
	bool tunnel = req->method == PD_METHOD_CONNECT;
	bool http = tunnel ? a->port == 80 : req->url.scheme == PD_SCHEME_HTTP;
	const char *scheme = schemes[is_websocket(m)][http];
	bool bracket = a->kind == PD_HOST_IPV6;
	char port[8] = "";

	if (a->port != 0 && a->port != (http ? 80 : 443))
		snprintf(port, sizeof(port), ":%u", a->port);
	m->host_at = strlen(scheme) + 3 + bracket;
	m->host_n = a->host.n;
	m->url = pd_arena_printf(arena, "%s://%s%.*s%s%s%.*s", scheme,
	    bracket ? "[" : "", PD_STR_ARG(a->host), bracket ? "]" : "", port,
	    PD_STR_ARG(tunnel ? PD_STR("/") : req->url.path));
}

void
pd_block_match_query(const struct pd_block_set *s,
    const struct pd_block_query *q, struct pd_match_query *m)
{
	struct pd_str policy;

	*m = (struct pd_match_query){
		.source = q->inferred->source,
		.party = q->inferred->party,
		.types = q->inferred->types,
		.method = q->request->method,
		.host_only = q->request->method == PD_METHOD_CONNECT,
		.lists = pd_policies_lists(
		    s->policies, q->client, q->now_s, &policy),
	};
	if (is_websocket(m) || !use_target(q->request, m))
		write_url(q->request, q->arena, m);
}

static struct pd_str
host_of(const struct pd_match_query *m)
{
	return pd_str_of(m->url.p + m->host_at, m->host_n);
}

/* ---- the verdict ------------------------------------------------------- */

static void
decided_by(const struct pd_block_set *s, const struct pd_block_query *q,
    const struct pd_match_rule *rule, struct pd_verdict *out)
{
	out->rule = *rule;
	/* It may stand in the scratch. */
	out->rule.text = pd_arena_str(q->arena, rule->text);
	if (!q->uncounted)
		pd_hits_add(s->hits, rule->id, q->now_s);
}

/* A rule would block it; may it pass all the same? */
static bool
is_let_through(const struct pd_block_set *s, const struct pd_block_query *q,
    const struct pd_match_query *m)
{
	struct pd_str host = host_of(m);
	struct pd_str page = m->source.n > 0 ? m->source : host;

	return pd_policies_site_off(s->policies, page) ||
	       pd_allow_find(s->allow, q->client, host, page, q->now_s, NULL);
}

static void
give_decision(const struct pd_block_set *s, const struct pd_block_query *q,
    const struct pd_match_query *m, const struct pd_match *match,
    struct pd_verdict *out)
{
	static const enum pd_verdict_kind kinds[] = {
		[PD_MATCH_NONE] = PD_VERDICT_PASS,
		[PD_MATCH_ALLOW] = PD_VERDICT_PASS,
		[PD_MATCH_BLOCK] = PD_VERDICT_BLOCK,
		[PD_MATCH_DENY] = PD_VERDICT_DENY,
		[PD_MATCH_REPLACE] = PD_VERDICT_REPLACE,
	};

	out->kind = kinds[match->kind];
	out->untouched = match->untouched;
	out->replace_by_type = match->replace_by_type && !m->host_only;
	out->allowed = match->kind == PD_MATCH_ALLOW;
	if (out->kind == PD_VERDICT_BLOCK && is_let_through(s, q, m)) {
		out->kind = PD_VERDICT_PASS;
		out->allowed = true;
		return;
	}
	if (match->rule.text.n > 0)
		decided_by(s, q, &match->rule, out);
	if (out->kind == PD_VERDICT_BLOCK && match->redirect.n > 0)
		out->resource = pd_resource_find(match->redirect);
}

/* Where scheme and authority end. */
static struct pd_str
origin_of(struct pd_str url)
{
	const char *slashes = memmem(url.p, url.n, "://", 3);
	size_t n = slashes != NULL ? (size_t)(slashes + 3 - url.p) : 0;

	while (n < url.n && url.p[n] != '/' && url.p[n] != '?')
		n++;
	return pd_str_of(url.p, n);
}

/* Rules that would go on changing what they made: "/a" to "/b" and back. */
#define REWRITES_MAX 4

/*
 * Where the address comes to rest, so that a page is sent there once and not
 * in a circle; or where it first leaves its origin, which is asked anew. False:
 * nothing changes it, or it does not come to rest.
 */
static bool
settle(const struct pd_block_set *s, const struct pd_block_query *q,
    const struct pd_match_query *first, struct pd_str *location,
    struct pd_match_rule *rule)
{
	struct pd_match_query m = *first;
	struct pd_match_rule by;
	char shown[PD_LINES_SHOWN];
	struct pd_str url, origin = origin_of(first->url);
	bool left = false;
	size_t n = 0;

	while (pd_match_rewrite(s->rules, q->scratch, &m, &url, &by)) {
		/* Both may stand in the scratch. */
		if (n == 0) {
			*rule = by;
			rule->text = pd_arena_str(q->arena, by.text);
		}
		if (n++ == REWRITES_MAX) {
			pd_log_peer(PD_LOG_WARN, 0,
			    "lists: %s, with others, changes an address "
			    "without end; it is left as it is",
			    pd_lines_show(rule->text, shown));
			return false;
		}
		url = pd_arena_str(q->arena, url);
		if (!left)
			*location = url;
		left = left || !pd_str_caseeq(origin_of(url), origin);
		if (pd_match_split(&m, url) < 0)
			break;
	}
	return n > 0;
}

/* A page's address is shown and copied: it is sent there. Anything else is
 * asked for as it should have been, which saves the way back. */
static void
rewrite(const struct pd_block_set *s, const struct pd_block_query *q,
    const struct pd_match_query *m, struct pd_verdict *out)
{
	struct pd_match_rule rule;
	struct pd_str url;
	bool page;

	if (m->host_only || is_websocket(m) || out->untouched ||
	    (m->method != PD_METHOD_GET && m->method != PD_METHOD_HEAD) ||
	    !settle(s, q, m, &url, &rule) || is_let_through(s, q, m))
		return;
	out->location = url;
	page = q->inferred->kind == PD_CONTENT_DOCUMENT ||
	       q->inferred->kind == PD_CONTENT_PAGE;
	out->kind = !page && pd_str_caseeq(origin_of(url), origin_of(m->url))
			? PD_VERDICT_REWRITE
			: PD_VERDICT_REDIRECT;
	decided_by(s, q, &rule, out);
}

static bool
is_asked(const struct pd_block_set *s, struct pd_verdict *out)
{
	*out = (struct pd_verdict){ .kind = PD_VERDICT_PASS };
	return s != NULL && s->rules != NULL;
}

void
pd_block_judge(const struct pd_block_set *s, const struct pd_block_query *q,
    struct pd_verdict *out)
{
	struct pd_match_query m;
	struct pd_match match;

	if (!is_asked(s, out))
		return;
	pd_block_match_query(s, q, &m);
	pd_match_request(s->rules, q->scratch, &m, &match);
	give_decision(s, q, &m, &match, out);
	if (out->kind == PD_VERDICT_PASS)
		rewrite(s, q, &m, out);
}

static void
judge_later(const struct pd_block_set *s, const struct pd_block_query *q,
    const struct pd_match_query *m, const struct pd_match_later *later,
    struct pd_verdict *out)
{
	struct pd_match match;

	pd_match_later(s->rules, q->scratch, m, later, &match);
	if (match.kind == PD_MATCH_BLOCK)
		give_decision(s, q, m, &match, out);
}

void
pd_block_connected(const struct pd_block_set *s, const struct pd_block_query *q,
    struct pd_verdict *out)
{
	struct pd_match_later later = { .address = q->address };
	struct pd_match_query m;

	if (!is_asked(s, out) ||
	    !pd_match_has_later(s->rules, q->inferred->types, false, true))
		return;
	pd_block_match_query(s, q, &m);
	judge_later(s, q, &m, &later, out);
}

bool
pd_block_asks_address(const struct pd_block_set *s)
{
	return s != NULL && s->rules != NULL &&
	       pd_match_has_later(s->rules, PD_TYPE_ALL, false, true);
}

/* ---- the response ------------------------------------------------------ */

struct answer {
	const struct pd_block_set *set;
	const struct pd_block_query *q;
	struct pd_fields *fields;
};

/* "geolocation=()|camera=()": a list of one field. */
static struct pd_str
permissions(struct pd_arena *arena, struct pd_str value)
{
	struct pd_str out = { "", 0 };

	while (value.n > 0) {
		struct pd_str part = pd_str_split(&value, '|');

		out = pd_arena_printf(arena, "%.*s%s%.*s", PD_STR_ARG(out),
		    out.n > 0 ? ", " : "", PD_STR_ARG(pd_str_trim(part)));
	}
	return out;
}

static bool
edit(void *arg, enum pd_rule_action action, struct pd_str value,
    const struct pd_match_rule *rule)
{
	struct answer *a = arg;
	struct pd_arena *arena = a->q->arena;

	if (action == PD_RULE_CSP)
		pd_fields_add(a->fields, arena,
		    PD_STR("Content-Security-Policy"),
		    pd_arena_str(arena, value));
	else if (action == PD_RULE_PERMISSIONS)
		pd_fields_add(a->fields, arena, PD_STR("Permissions-Policy"),
		    permissions(arena, value));
	else if (action == PD_RULE_REMOVEHEADER)
		pd_fields_remove_name(a->fields, value);
	pd_hits_add(a->set->hits, rule->id, a->q->now_s);
	return true;
}

void
pd_block_answer(const struct pd_block_set *s, const struct pd_block_query *q,
    struct pd_fields *fields, struct pd_verdict *out)
{
	struct pd_match_later later = { .fields = fields };
	struct answer answer = { s, q, fields };
	struct pd_match_query m;
	bool judges, edits;

	if (!is_asked(s, out))
		return;
	judges = pd_match_has_later(s->rules, q->inferred->types, true, false);
	edits = pd_match_has_answer(s->rules, q->inferred->types);
	if (!judges && !edits)
		return;
	pd_block_match_query(s, q, &m);
	if (judges)
		judge_later(s, q, &m, &later, out);
	if (edits && out->kind == PD_VERDICT_PASS && !is_let_through(s, q, &m))
		pd_match_answer(s->rules, q->scratch, &m, edit, &answer);
}

/* ---- for people -------------------------------------------------------- */

const struct pd_set *
pd_block_compiled(const struct pd_block_set *s)
{
	return s != NULL ? s->rules : NULL;
}

struct pd_allow *
pd_block_allow(const struct pd_block_set *s)
{
	return s != NULL ? s->allow : NULL;
}

struct pd_hits *
pd_block_hits(const struct pd_block_set *s)
{
	return s != NULL ? s->hits : NULL;
}

const struct pd_policies *
pd_block_policies(const struct pd_block_set *s)
{
	return s != NULL ? s->policies : NULL;
}

size_t
pd_block_rules(const struct pd_block_set *s)
{
	return s != NULL && s->rules != NULL ? pd_set_rules(s->rules) : 0;
}

/* Whether the file says no more than the list does: "easylist.txt". */
static bool
is_list_file(const struct pd_match_rule *rule)
{
	struct pd_str file = rule->file;

	return file.n == 0 ||
	       (pd_str_starts(file, rule->list) &&
		   (file.n == rule->list.n || file.p[rule->list.n] == '.'));
}

struct pd_str
pd_block_place(const struct pd_match_rule *rule, struct pd_arena *arena)
{
	struct pd_str line = PD_STR("");

	if (rule->line > 0)
		line = pd_arena_printf(arena, ":%u", rule->line);
	if (is_list_file(rule))
		return pd_arena_printf(arena, "%.*s%.*s",
		    PD_STR_ARG(rule->list), PD_STR_ARG(line));
	return pd_arena_printf(arena, "%.*s (%.*s%.*s)", PD_STR_ARG(rule->list),
	    PD_STR_ARG(rule->file), PD_STR_ARG(line));
}

/* "image/x-gif" for a listed "image/gif". */
static bool
is_experimental_of(struct pd_str type, struct pd_str listed)
{
	struct pd_str type_sub = type, listed_sub = listed;
	struct pd_str type_main = pd_str_split(&type_sub, '/');
	struct pd_str listed_main = pd_str_split(&listed_sub, '/');

	return pd_str_casestarts(type_sub, PD_STR("x-")) &&
	       pd_str_glob(listed_main, type_main) &&
	       pd_str_glob(
		   listed_sub, pd_str_of(type_sub.p + 2, type_sub.n - 2));
}

bool
pd_block_replace_type(const struct pd_conf *conf, struct pd_str type)
{
	for (size_t i = 0; i < conf->replace_ct_types.n; i++) {
		struct pd_str listed = pd_str_z(conf->replace_ct_types.v[i]);

		if (pd_str_glob(listed, type) ||
		    (conf->replace_ct_types_xst &&
			is_experimental_of(type, listed)))
			return true;
	}
	return false;
}
