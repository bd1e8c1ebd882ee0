/*
 * From a question to the request that a browser would send, and what is found
 * for it; why_words.c says it in words.
 */
#include "why.h"

#include <stdlib.h>

#include "base/arena.h"
#include "filters/block/policy.h"
#include "why_part.h"

/* ---- the question ------------------------------------------------------ */

static void
add(struct pd_request *req, struct pd_arena *arena, const char *name,
    struct pd_str value)
{
	pd_fields_add(&req->fields, arena, pd_str_z(name), value);
}

/*
 * The header that a browser sends for each type (Fetch Standard, 3.2.7): from
 * it infer.c reads the type, and the page, as it does for every request.
 */
static void
dress(struct pd_request *req, struct pd_arena *arena, uint16_t type,
    struct pd_str source)
{
	static const struct {
		uint16_t type;
		const char *dest, *mode, *accept;
	} rows[] = {
		{ PD_TYPE_DOCUMENT, "document", "navigate", "text/html" },
		{ PD_TYPE_SUBDOCUMENT, "iframe", "navigate", "text/html" },
		{ PD_TYPE_SCRIPT, "script", "no-cors", "*/*" },
		{ PD_TYPE_STYLESHEET, "style", "no-cors",
		    "text/css,*/*;q=0.1" },
		{ PD_TYPE_IMAGE, "image", "no-cors", "image/*,*/*;q=0.8" },
		{ PD_TYPE_FONT, "font", "cors", "*/*" },
		{ PD_TYPE_MEDIA, "video", "no-cors", "*/*" },
		{ PD_TYPE_OBJECT, "object", "navigate", "*/*" },
		{ PD_TYPE_XHR, "empty", "cors", "*/*" },
		{ PD_TYPE_WEBSOCKET, "empty", "websocket", NULL },
		{ PD_TYPE_PING, "empty", "no-cors", "*/*" },
		{ PD_TYPE_CSP_REPORT, "report", "no-cors", "*/*" },
		{ PD_TYPE_OTHER, "manifest", "cors", "*/*" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].type != type)
			continue;
		add(req, arena, "Sec-Fetch-Dest", pd_str_z(rows[i].dest));
		add(req, arena, "Sec-Fetch-Mode", pd_str_z(rows[i].mode));
		if (rows[i].accept != NULL)
			add(req, arena, "Accept", pd_str_z(rows[i].accept));
	}
	if (type == PD_TYPE_PING || type == PD_TYPE_CSP_REPORT) {
		req->method = PD_METHOD_POST;
		req->method_name = PD_STR("POST");
	} else if (type == PD_TYPE_WEBSOCKET) {
		add(req, arena, "Upgrade", PD_STR("websocket"));
		req->upgrade = true;
	}
	if (source.n > 0)
		add(req, arena, "Referer", source);
	else if (type == PD_TYPE_DOCUMENT)
		add(req, arena, "Sec-Fetch-Site", PD_STR("none"));
}

/* What the URL's extension tells; where it tells nothing, a page. */
static uint16_t
guess_type(const struct pd_request *like, struct pd_arena *arena)
{
	struct pd_request req = *like;
	struct pd_inferred in;

	req.fields = (struct pd_fields){ 0 };
	add(&req, arena, "Accept", PD_STR("*/*"));
	add(&req, arena, "Referer", PD_STR("http://page.invalid/"));
	pd_infer(&req, &in);
	/* One bit: it was sure. */
	return in.types != 0 && (in.types & (in.types - 1)) == 0
		   ? in.types
		   : PD_TYPE_DOCUMENT;
}

static bool
has_scheme(struct pd_str s)
{
	const char *mark = memmem(s.p, s.n, "://", 3);

	for (const char *p = s.p; mark != NULL && p < mark; p++) {
		if (strchr("/?.@", *p) != NULL)
			return false;
	}
	return mark != NULL;
}

static bool
is_websocket(struct pd_str s)
{
	return pd_str_casestarts(s, PD_STR("ws://")) ||
	       pd_str_casestarts(s, PD_STR("wss://"));
}

/* As a browser sends what was pasted: ws as http, no fragment, bytes that may
 * not stand in a URL escaped, a host of another script in Punycode. */
static struct pd_str
clean_url(struct pd_str s, struct pd_arena *arena)
{
	struct pd_str rest = pd_str_trim(s), scheme, host;
	size_t i = 0;
	char *p, *at;

	rest = pd_str_split(&rest, '#');
	if (!has_scheme(rest))
		rest = pd_arena_printf(arena, "http://%.*s", PD_STR_ARG(rest));
	else if (is_websocket(rest))
		rest = pd_arena_printf(
		    arena, "http%.*s", (int)rest.n - 2, rest.p + 2);
	scheme = pd_str_split(&rest, ':');
	rest = pd_str_of(rest.p + 2, rest.n - 2);
	while (i < rest.n && strchr("/?:@", rest.p[i]) == NULL)
		i++;
	host = pd_str_of(rest.p, i);
	for (size_t k = 0; k < host.n; k++) {
		if ((unsigned char)host.p[k] >= 0x80) {
			host = pd_url_host_ascii(host, arena);
			break;
		}
	}
	p = pd_arena_alloc(arena, scheme.n + host.n + 3 * rest.n + 4);
	at = mempcpy(p, scheme.p, scheme.n);
	at = mempcpy(at, "://", 3);
	if (host.n > 0)
		at = mempcpy(at, host.p, host.n);
	for (; i < rest.n; i++) {
		char c = rest.p[i];

		if (c > ' ' && c <= '~')
			*at++ = c;
		else
			at = pd_percent(at, c);
	}
	return pd_str_of(p, (size_t)(at - p));
}

/* A bare host becomes a page of it. */
static struct pd_str
clean_source(struct pd_str s, struct pd_arena *arena)
{
	s = pd_str_trim(s);
	if (s.n == 0 || s.n > PD_WHY_URL_MAX)
		return PD_STR("");
	s = clean_url(s, arena);
	return memchr(s.p + 8, '/', s.n > 8 ? s.n - 8 : 0) != NULL
		   ? s
		   : pd_arena_printf(arena, "%.*s/", PD_STR_ARG(s));
}

static const char *
make_request(
    const struct pd_why_params *p, struct pd_request *req, struct pd_why *out)
{
	struct pd_str type_name = pd_str_trim(p->type), source;
	struct pd_url page;
	uint16_t type = 0;
	enum pd_url_error err;

	if (pd_str_trim(p->url).n == 0)
		return "there is no URL";
	if (p->url.n > PD_WHY_URL_MAX)
		return "the URL is too long";
	*req = (struct pd_request){
		.method = PD_METHOD_GET,
		.method_name = PD_STR("GET"),
		.form = PD_FORM_ABSOLUTE,
		.minor = 1,
		.target = clean_url(p->url, p->arena),
	};
	err = pd_url_parse(req->target, p->arena, &req->url);
	if (err != PD_URL_OK)
		return pd_url_strerror(err);
	if (type_name.n > 0) {
		type = pd_type_bit(type_name);
		if (type == 0)
			return "no such type; one of document, subdocument, "
			       "script, stylesheet, image, font, media, "
			       "object, xmlhttprequest, websocket, ping, "
			       "csp_report, other";
	} else {
		out->type_guessed = true;
		type = is_websocket(pd_str_trim(p->url))
			   ? PD_TYPE_WEBSOCKET
			   : guess_type(req, p->arena);
	}
	source = clean_source(p->source, p->arena);
	if (source.n > 0 && pd_url_parse(source, p->arena, &page) != PD_URL_OK)
		return "the page is no URL, nor a host";
	dress(req, p->arena, type, source);
	return NULL;
}

/* ---- the rules --------------------------------------------------------- */

struct gathering {
	struct pd_why *out;
	struct pd_arena *arena;
	size_t room;
	/* Of rules. */
	struct pd_match_found *v;
	size_t n, more;
};

static void
keep_rule(struct pd_match_rule *rule, struct pd_arena *arena)
{
	rule->list = pd_arena_str(arena, rule->list);
	rule->file = pd_arena_str(arena, rule->file);
	rule->text = pd_arena_str(arena, rule->text);
}

static void
gather(void *arg, const struct pd_match_found *found)
{
	struct gathering *g = arg;

	if (g->n == PD_WHY_RULES_MAX) {
		g->more++;
		return;
	}
	if (g->n == g->room) {
		struct pd_match_found *more = pd_arena_alloc(
		    g->arena, (2 * g->room + 16) * sizeof(*more));

		if (g->n > 0)
			memcpy(more, g->v, g->n * sizeof(*more));
		g->v = more;
		g->room = 2 * g->room + 16;
	}
	g->v[g->n] = *found;
	keep_rule(&g->v[g->n++].rule, g->arena);
}

/* Winner, what takes effect, the rest; in each by list and line. */
static int
by_role(const void *left, const void *right)
{
	static const int order[] = {
		[PD_ROLE_WINNER] = 0,
		[PD_ROLE_CHANGES] = 1,
		[PD_ROLE_LOSES] = 2,
		[PD_ROLE_FOLDED] = 3,
		[PD_ROLE_OFF] = 4,
	};
	const struct pd_match_found *a = left, *b = right;

	if (order[a->role] != order[b->role])
		return order[a->role] - order[b->role];
	if (a->rule.list_number != b->rule.list_number)
		return a->rule.list_number - b->rule.list_number;
	return (a->rule.line > b->rule.line) - (a->rule.line < b->rule.line);
}

static void
gather_rules(const struct pd_set *set, struct pd_scratch *scratch,
    const struct pd_match_query *m, struct gathering *g)
{
	pd_match_explain(set, scratch, m, gather, g);
	if (g->n > 1)
		qsort(g->v, g->n, sizeof(*g->v), by_role);
}

static bool
gather_change(void *arg, enum pd_rule_action action, struct pd_str value,
    const struct pd_match_rule *rule)
{
	struct gathering *g = arg;
	struct pd_why_change *c;

	if (g->out->nchanges == g->room)
		return false;
	c = &g->out->changes[g->out->nchanges++];
	*c = (struct pd_why_change){
		.action = action,
		.value = pd_arena_str(g->arena, value),
		.rule = *rule,
	};
	keep_rule(&c->rule, g->arena);
	return true;
}

#define CHANGES_MAX 32

static void
look_up(const struct pd_why_params *p, const struct pd_block_query *q,
    struct pd_why *out)
{
	const struct pd_set *set = pd_block_compiled(p->rules);
	struct gathering g = { .out = out, .arena = p->arena };
	struct pd_match_query m;

	if (set == NULL)
		return;
	pd_block_match_query(p->rules, q, &m);
	gather_rules(set, p->scratch, &m, &g);
	out->rules = g.v;
	out->nrules = g.n;
	out->nmore = g.more;
	if (!pd_match_has_answer(set, PD_TYPE_ALL))
		return;
	out->changes =
	    pd_arena_alloc(p->arena, CHANGES_MAX * sizeof(*out->changes));
	g.room = CHANGES_MAX;
	pd_match_answer(set, p->scratch, &m, gather_change, &g);
}

/* What stands above the lists. */
static void
look_above(const struct pd_why_params *p, const struct pd_request *req,
    struct pd_why *out)
{
	const struct pd_policies *policies = pd_block_policies(p->rules);
	struct pd_allow *allow = pd_block_allow(p->rules);
	struct pd_str host = req->url.authority.host;
	struct pd_str page =
	    out->inferred.source.n > 0 ? out->inferred.source : host;

	out->probe = p->probes != NULL && req->url.scheme == PD_SCHEME_HTTP &&
		     pd_probe_match(p->probes, host, req->url.path);
	if (policies != NULL) {
		pd_policies_lists(policies, p->client, p->now_s, &out->policy);
		out->site_off = pd_policies_site_off(policies, page);
	}
	if (allow == NULL || !pd_allow_find(allow, p->client, host, page,
				 p->now_s, &out->until_s))
		out->until_s = 0;
}

static bool
is_listed(const struct pd_why *w, const struct pd_match_found *found)
{
	for (size_t i = 0; i < w->nrules; i++) {
		const struct pd_match_found *other = &w->rules[i];

		if (other->role == found->role &&
		    other->rule.list_number == found->rule.list_number &&
		    other->rule.line == found->rule.line &&
		    pd_str_eq(other->rule.file, found->rule.file) &&
		    pd_str_eq(other->rule.text, found->rule.text))
			return true;
	}
	return false;
}

/* Of the tunnel, what the request's own rules do not show yet. */
static void
look_up_tunnel(const struct pd_why_params *p, const struct pd_block_query *q,
    struct pd_why *out)
{
	const struct pd_set *set = pd_block_compiled(p->rules);
	struct gathering g = { .out = out, .arena = p->arena };
	struct pd_match_query m;

	if (set == NULL)
		return;
	pd_block_match_query(p->rules, q, &m);
	gather_rules(set, p->scratch, &m, &g);
	out->tunnel_rules = g.v;
	for (size_t i = 0; i < g.n; i++) {
		if (!is_listed(out, &g.v[i]))
			g.v[out->ntunnel_rules++] = g.v[i];
	}
	out->nmore += g.more;
}

/* The same host as a tunnel to it shows: nothing but its name. */
static void
judge_tunnel(const struct pd_why_params *p, const struct pd_request *of,
    struct pd_why *out)
{
	struct pd_request req = {
		.method = PD_METHOD_CONNECT,
		.method_name = PD_STR("CONNECT"),
		.form = PD_FORM_AUTHORITY,
		.minor = 1,
		.target = of->url.authority.text,
		.url = { .scheme = PD_SCHEME_HTTPS,
		    .authority = of->url.authority },
	};
	struct pd_inferred inferred;
	const struct pd_block_query q = {
		.request = &req,
		.inferred = &inferred,
		.client = p->client,
		.scratch = p->scratch,
		.arena = p->arena,
		.now_s = p->now_s,
		.uncounted = true,
	};

	pd_infer(&req, &inferred);
	pd_block_judge(p->rules, &q, &out->tunnel);
	keep_rule(&out->tunnel.rule, p->arena);
	if (out->https)
		look_up_tunnel(p, &q, out);
}

/* ---- the verdict ------------------------------------------------------- */

static bool
is_stopped(const struct pd_verdict *v)
{
	return v->kind == PD_VERDICT_BLOCK || v->kind == PD_VERDICT_DENY ||
	       v->kind == PD_VERDICT_REPLACE;
}

bool
pd_why_refused(const struct pd_why *w)
{
	return w->https && is_stopped(&w->tunnel);
}

bool
pd_why_blocked(const struct pd_why *w)
{
	return !w->probe && (is_stopped(&w->verdict) || pd_why_refused(w));
}

const char *
pd_why_ask(const struct pd_why_params *p, struct pd_why *out)
{
	struct pd_request req;
	const char *wrong;
	const struct pd_block_query q = {
		.request = &req,
		.inferred = &out->inferred,
		.client = p->client,
		.scratch = p->scratch,
		.arena = p->arena,
		.now_s = p->now_s,
		.uncounted = true,
	};

	*out = (struct pd_why){ .kind = PD_CONTENT_OTHER };
	wrong = make_request(p, &req, out);
	if (wrong != NULL)
		return wrong;
	out->url = req.target;
	out->host = req.url.authority.host;
	out->https = req.url.scheme == PD_SCHEME_HTTPS;
	pd_infer(&req, &out->inferred);
	out->kind = out->inferred.kind;
	look_above(p, &req, out);
	look_up(p, &q, out);
	pd_block_judge(p->rules, &q, &out->verdict);
	keep_rule(&out->verdict.rule, p->arena);
	judge_tunnel(p, &req, out);
	if (pd_why_blocked(out) || out->verdict.untouched || out->probe)
		out->nchanges = 0;
	pd_why_put_words(p, out);
	return NULL;
}
