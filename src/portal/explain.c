#include "portal/explain.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/embed.h"
#include "base/log.h"
#include "filters/block/host.h"
#include "filters/block/match.h"
#include "filters/block/policy.h"
#include "portal/form.h"
#include "portal/list_page.h"
#include "portal/pages.h"
#include "portal/token.h"
#include "why.h"

PD_EMBED(explain_page, "src/portal/why.html");

struct page {
	const struct pd_portal_params *params;
	struct pd_arena *arena;
	struct pd_str url, type, source; /* as they were asked */
	const char *wrong;               /* NULL: why is filled */
	struct pd_why why;
};

/* Escaped for HTML and written. */
static void
put(FILE *f, const struct page *page, struct pd_str s)
{
	s = pd_reply_escape(s, page->arena);
	fwrite(s.p, 1, s.n, f);
}

/* ---- the answer -------------------------------------------------------- */

static void
put_rule(FILE *f, const struct page *page, const struct pd_match_found *found,
    bool tunnel)
{
	const char *role = pd_match_role_name(found->role);

	fprintf(f, "<tr class=\"%s\"><td class=\"role\">%s%s%s</td><td>",
	    found->role == PD_ROLE_WINNER ? "winner" : "other", role,
	    found->exception ? ", exception" : "",
	    tunnel ? ", of the tunnel" : "");
	put(f, page, pd_block_place(&found->rule, page->arena));
	fputs("</td><td><code>", f);
	put(f, page, found->rule.text);
	fputs("</code></td></tr>\n", f);
}

static void
put_rules(FILE *f, const struct page *page)
{
	const struct pd_why *w = &page->why;

	if (w->nrules + w->ntunnel_rules == 0)
		return;
	fputs("<h2>Rules that match</h2>\n<table>\n", f);
	for (size_t i = 0; i < w->nrules; i++)
		put_rule(f, page, &w->rules[i], false);
	for (size_t i = 0; i < w->ntunnel_rules; i++)
		put_rule(f, page, &w->tunnel_rules[i], true);
	fputs("</table>\n", f);
	if (w->nmore > 0)
		fprintf(f, "<p class=\"dim\">And %zu more.</p>\n", w->nmore);
}

static void
put_hidden(
    FILE *f, const struct page *page, const char *name, struct pd_str value)
{
	fprintf(f, "<input type=\"hidden\" name=\"%s\" value=\"", name);
	put(f, page, value);
	fputs("\">", f);
}

static void
begin_form(FILE *f, const struct page *page, struct pd_str host)
{
	char token[PD_TOKEN_TEXT];

	pd_token_make(page->params->client, token);
	fputs("<form class=\"row\" method=\"post\" action=\"/allow\">", f);
	put_hidden(f, page, "host", host);
	put_hidden(f, page, "url", page->url);
	put_hidden(f, page, "token", pd_str_z(token));
}

/* Of the operator, by the device's policy. */
static bool
is_permitted(const struct pd_portal_params *params)
{
	const struct pd_policies *p = pd_block_policies(params->rules);

	return p != NULL && pd_policies_may_allow(p, params->client);
}

/* URLDeny is the operator's word: nobody lifts it here. */
static bool
may_be_allowed(const struct page *page)
{
	const struct pd_why *w = &page->why;

	return is_permitted(page->params) &&
	       (w->verdict.kind == PD_VERDICT_BLOCK ||
		   (w->https && w->tunnel.kind == PD_VERDICT_BLOCK));
}

static void
put_allow(FILE *f, const struct page *page)
{
	static const struct {
		int minutes;
		const char *text;
	} times[] = {
		{ 10, "10 minutes" },
		{ 60, "1 hour" },
		{ 1440, "1 day" },
	};

	fputs("<p>Let <b>", f);
	put(f, page, page->why.host);
	fputs("</b> pass on this device for</p>\n", f);
	begin_form(f, page, page->why.host);
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++)
		fprintf(f, "<button name=\"minutes\" value=\"%d\">%s</button> ",
		    times[i].minutes, times[i].text);
	fputs("</form>\n", f);
}

static void
put_changes(FILE *f, const struct page *page)
{
	for (size_t i = 0; i < page->why.nchanges; i++) {
		const struct pd_why_change *c = &page->why.changes[i];

		fprintf(f, "<p>The answer is changed: %s <code>",
		    pd_rule_action_name(c->action));
		put(f, page, c->value);
		fputs("</code></p>\n", f);
	}
}

static void
put_answer(FILE *f, const struct page *page)
{
	const struct pd_why *w = &page->why;

	fprintf(f, "<section class=\"state%s\">\n<h1>",
	    pd_why_blocked(w) ? "" : " on");
	put(f, page, w->sentence);
	fputs("</h1>\n<p><code>", f);
	put(f, page, w->url);
	fputs("</code></p>\n", f);
	if (w->sent.n > 0) {
		fputs("<p>The device gets ", f);
		put(f, page, w->sent);
		fputs(".</p>\n", f);
	}
	put_changes(f, page);
	if (w->https)
		fprintf(f,
		    "<p>https is passed on unread, and judged by the name of "
		    "the host alone: the connection %s.</p>\n",
		    pd_why_refused(w) ? "is refused" : "passes");
	if (may_be_allowed(page))
		put_allow(f, page);
	fputs("</section>\n", f);
	put_rules(f, page);
}

/* ---- what is allowed now ----------------------------------------------- */

struct allowed {
	FILE *f;
	const struct page *page;
	size_t n;
};

/* Those of this device, and of all; another device's are its own matter. */
static void
put_allowed(
    void *arg, const struct pd_addr *client, struct pd_str host, int64_t until)
{
	struct allowed *a = arg;
	struct pd_addr own = pd_addr_unwrap(a->page->params->client), theirs;
	int64_t left = until - a->page->params->now_s;

	if (client != NULL) {
		theirs = pd_addr_unwrap(client);
		own.port = theirs.port = 0;
		own.scope = theirs.scope = 0;
		if (!pd_addr_equal(&own, &theirs))
			return;
	}
	if (a->n++ == 0)
		fputs("<h2>Allowed for now</h2>\n<table>\n", a->f);
	fputs("<tr><th>", a->f);
	put(a->f, a->page, host);
	fprintf(a->f, "</th><td>%" PRId64 " more minutes</td><td>",
	    (left + 59) / 60);
	if (client == NULL) {
		fputs("on every device", a->f);
	} else {
		begin_form(a->f, a->page, host);
		fputs("<button name=\"minutes\" value=\"0\">end</button>"
		      "</form>",
		    a->f);
	}
	fputs("</td></tr>\n", a->f);
}

/* ---- the page ---------------------------------------------------------- */

/* What was written, in the arena. */
static struct pd_str
written(FILE *f, char **text, size_t *n, struct pd_arena *arena)
{
	struct pd_str s;

	fclose(f);
	s = pd_arena_str(arena, pd_str_of(*text, *n));
	free(*text);
	return s;
}

static FILE *
open_text(char **text, size_t *n)
{
	FILE *f = open_memstream(text, n);

	if (f == NULL)
		abort();
	return f;
}

static struct pd_str
answer_html(const struct page *page)
{
	char *text;
	size_t n;
	FILE *f = open_text(&text, &n);

	if (page->wrong == NULL) {
		put_answer(f, page);
	} else if (page->url.n > 0) {
		fputs("<section class=\"state\">\n<h1>This is not understood."
		      "</h1>\n<p>",
		    f);
		put(f, page, pd_str_z(page->wrong));
		fputs("</p>\n</section>\n", f);
	}
	return written(f, &text, &n, page->arena);
}

static struct pd_str
allowed_html(const struct page *page)
{
	struct pd_allow *allow = pd_block_allow(page->params->rules);
	char *text;
	size_t n;
	struct allowed a = { .f = open_text(&text, &n), .page = page };

	if (allow != NULL)
		pd_allow_each(allow, page->params->now_s, put_allowed, &a);
	if (a.n > 0)
		fputs("</table>\n", a.f);
	return written(a.f, &text, &n, page->arena);
}

static struct pd_str
types_html(const struct page *page)
{
	char *text;
	size_t n;
	FILE *f = open_text(&text, &n);

	fputs("<option value=\"\">as it looks</option>", f);
	for (unsigned bit = 1; bit & PD_TYPE_ALL; bit <<= 1) {
		const char *name = pd_type_name((uint16_t)bit);

		fprintf(f, "<option%s>%s</option>",
		    pd_str_eq(page->type, pd_str_z(name)) ? " selected" : "",
		    name);
	}
	return written(f, &text, &n, page->arena);
}

static struct pd_str
page_html(const struct page *page)
{
	struct pd_arena *arena = page->arena;
	const struct pd_pages_value values[] = {
		{ PD_STR("ANSWER"), answer_html(page) },
		{ PD_STR("URL"), pd_reply_escape(page->url, arena) },
		{ PD_STR("TYPES"), types_html(page) },
		{ PD_STR("SOURCE"), pd_reply_escape(page->source, arena) },
		{ PD_STR("ALLOWED"), allowed_html(page) },
		{ PD_STR("VERSION"), PD_STR(PARED_VERSION) },
	};

	return pd_pages_fill(PD_EMBEDDED(explain_page), values,
	    sizeof(values) / sizeof(values[0]), arena);
}

static struct pd_str
page_json(const struct page *page)
{
	char *text;
	size_t n;
	FILE *f = open_text(&text, &n);

	if (page->wrong == NULL)
		pd_why_write_json(f, &page->why, page->arena);
	else
		fprintf(f, "{\"error\": \"%s\"}\n", page->wrong);
	return written(f, &text, &n, page->arena);
}

static void
ask(struct page *page)
{
	const struct pd_portal_params *params = page->params;
	const struct pd_why_params q = {
		.conf = params->conf,
		.rules = params->rules,
		.probes = params->probes,
		.scratch = params->scratch,
		.arena = page->arena,
		.client = params->client,
		.now_s = params->now_s,
		.url = page->url,
		.type = page->type,
		.source = page->source,
	};

	page->wrong = pd_why_ask(&q, &page->why);
}

struct pd_str
pd_explain_page(const struct pd_portal_params *params, bool json,
    struct pd_arena *arena, int *status)
{
	/* The answer is too large for a worker's stack to be wasted on. */
	struct page *page = pd_arena_zalloc(arena, sizeof(*page));
	struct pd_str query = params->request->url.path;

	pd_str_split(&query, '?');
	page->params = params;
	page->arena = arena;
	pd_form_get(query, PD_STR("url"), arena, &page->url);
	pd_form_get(query, PD_STR("type"), arena, &page->type);
	pd_form_get(query, PD_STR("source"), arena, &page->source);
	ask(page);
	*status = page->wrong != NULL && (json || page->url.n > 0) ? 400 : 200;
	return json ? page_json(page) : page_html(page);
}

/* ---- writing ----------------------------------------------------------- */

static void
refuse(
    struct pd_explain_done *out, int status, const char *what, const char *fix)
{
	*out = (struct pd_explain_done){
		.status = status,
		.what = what,
		.fix = fix,
	};
}

static bool
read_minutes(struct pd_str form, struct pd_arena *arena, unsigned *minutes)
{
	struct pd_str text;
	int64_t n;

	if (!pd_form_get(form, PD_STR("minutes"), arena, &text) ||
	    pd_str_u63(text, &n) < 0 || n > PD_ALLOW_MINUTES_MAX)
		return false;
	*minutes = (unsigned)n;
	return true;
}

/* A name that others' sites are below: as wide as "com". */
static bool
is_suffix(const struct pd_portal_params *params, struct pd_str host)
{
	const struct pd_set *set = pd_block_compiled(params->rules);
	char buf[PD_HOST_TEXT];
	struct pd_str name;

	return set != NULL &&
	       pd_host_normal(host, buf, &name) != PD_HOST_FORM_BAD &&
	       pd_match_is_suffix(set, name);
}

static void
refuse_failed(int err, struct pd_explain_done *out)
{
	if (err == EINVAL)
		refuse(out, 400, "This is no host name.", NULL);
	else if (err == ENOBUFS)
		refuse(out, 503, "Too much is let through already.",
		    "Whoever runs the proxy can see and end it: pared allow "
		    "--list.");
	else
		refuse(out, 500, "It cannot be written down.",
		    "Whoever runs the proxy: lists.directory must be writable "
		    "for it.");
}

static void
allow(const struct pd_portal_params *params, struct pd_str host,
    unsigned minutes, struct pd_str url, struct pd_arena *arena,
    struct pd_explain_done *out)
{
	struct pd_allow *list = pd_block_allow(params->rules);
	char text[PD_ADDR_TEXT];

	if (list == NULL) {
		refuse(out, 404, "There are no block lists here.", NULL);
		return;
	}
	if (!is_permitted(params)) {
		refuse(out, 403, "This device may not let anything through.",
		    "Whoever runs the proxy can: pared allow, or the policy's "
		    "allow.");
		return;
	}
	if (minutes > 0 && is_suffix(params, host)) {
		refuse(out, 400, "This is no site: others' sites are below it.",
		    NULL);
		return;
	}
	if (pd_allow_set(list, params->client, host, minutes, params->now_s) <
	    0) {
		refuse_failed(errno, out);
		return;
	}
	if (minutes > 0)
		pd_log_peer(PD_LOG_INFO, 0,
		    "portal: %s lets %.*s pass for %u minutes",
		    pd_addr_text(params->client, text), PD_STR_ARG(host),
		    minutes);
	else
		pd_log_peer(PD_LOG_INFO, 0,
		    "portal: %s lets %.*s pass no longer",
		    pd_addr_text(params->client, text), PD_STR_ARG(host));
	url = pd_form_escape(url, arena);
	*out = (struct pd_explain_done){
		.status = 303,
		.location = url.n > 0 ? pd_arena_printf(arena, "/why?url=%.*s",
					    PD_STR_ARG(url))
				      : PD_STR("/why"),
	};
}

void
pd_explain_allow(const struct pd_portal_params *params, struct pd_arena *arena,
    struct pd_explain_done *out)
{
	const struct pd_request *req = params->request;
	struct pd_str form = params->content, token, host, url;
	unsigned minutes;

	if (form.n > PD_PORTAL_CONTENT_MAX) {
		refuse(
		    out, 413, "This is more than a form of ours says.", NULL);
		return;
	}
	if (!pd_str_eq(pd_media_type(
			   pd_fields_value(&req->fields, PD_FIELD_CONTENT_TYPE),
			   arena),
		PD_STR("application/x-www-form-urlencoded"))) {
		refuse(out, 415, "Only a form is understood here.", NULL);
		return;
	}
	pd_form_get(form, PD_STR("token"), arena, &token);
	pd_form_get(form, PD_STR("host"), arena, &host);
	pd_form_get(form, PD_STR("url"), arena, &url);
	if (!pd_token_same_origin(req, arena) ||
	    !pd_token_ok(params->client, token))
		refuse(out, 403, "This form is not of the page shown here.",
		    "Open http://pared.internal/why again, and send it from "
		    "there.");
	else if (!read_minutes(form, arena, &minutes))
		refuse(out, 400, "How many minutes is not understood.", NULL);
	else
		allow(params, host, minutes, url, arena, out);
}
