#include "portal.h"

#include <limits.h>
#include <unistd.h>

#include "pac/pac.h"
#include "portal/explain.h"
#include "portal/pages.h"

/* Everything is shown by this page and its style sheet; nothing runs, and
 * forms go nowhere else. */
#define PORTAL_POLICY                                             \
	"default-src 'none'; style-src 'self'; base-uri 'none'; " \
	"form-action 'self'; frame-ancestors 'none'"

struct exchange {
	const struct pd_portal_params *params;
	struct pd_arena *arena;
	struct pd_reply *out;
};

struct route {
	const char *path;
	void (*answer)(const struct exchange *ex);
	bool form; /* takes POST, and nothing else */
};

static bool
in_portal_names(const struct pd_conf *conf, struct pd_str host)
{
	for (size_t i = 0; i < conf->portal_names.n; i++) {
		if (pd_str_caseeq(host, pd_str_z(conf->portal_names.v[i])))
			return true;
	}
	return false;
}

/* The name of the machine, also as multicast DNS gives it. */
static bool
is_machine(struct pd_str host)
{
	char buf[HOST_NAME_MAX + 1];
	struct pd_str name, first;

	if (gethostname(buf, sizeof(buf)) < 0)
		return false;
	buf[sizeof(buf) - 1] = '\0';
	name = pd_str_z(buf);
	if (name.n == 0)
		return false;
	if (pd_str_caseeq(host, name))
		return true;
	first = pd_str_split(&name, '.');
	return pd_str_caseends(host, PD_STR(".local")) &&
	       pd_str_caseeq(pd_str_of(host.p, host.n - 6), first);
}

bool
pd_portal_is_host(const struct pd_conf *conf, const struct pd_authority *host,
    bool origin_form)
{
	/* HTTP/1.0 without Host: no browser, so no rebinding. */
	if (host->host.n == 0)
		return origin_form;
	if (pd_str_caseeq(host->host, PD_STR(PD_PORTAL_NAME)) ||
	    in_portal_names(conf, host->host))
		return true;
	if (!origin_form)
		return false;
	return host->kind != PD_HOST_NAME ||
	       pd_str_caseeq(host->host, PD_STR("localhost")) ||
	       is_machine(host->host);
}

/*
 * Whether devices can be told the host by which this client came: not through
 * the proxy, and not the name that exists behind the proxy only.
 */
static bool
is_reachable_host(const struct pd_portal_params *params)
{
	const struct pd_authority *a = &params->request->url.authority;

	if (params->through_proxy || a->host.n == 0 ||
	    !pd_portal_is_host(params->conf, a, true) ||
	    pd_str_caseeq(a->host, PD_STR(PD_PORTAL_NAME)))
		return false;
	return a->kind == PD_HOST_NAME ||
	       pd_addr_kind(&a->addr) != PD_ADDR_UNSPECIFIED;
}

static void
find_way(const struct pd_portal_params *params, struct pd_arena *arena,
    struct pd_pages_way *way)
{
	const struct pd_authority *a = &params->request->url.authority;
	struct pd_addr local = pd_addr_unwrap(params->local);
	char text[PD_ADDR_TEXT];

	if (is_reachable_host(params) && a->kind == PD_HOST_NAME) {
		way->port = a->port;
		way->host = a->host;
		way->proxy = pd_arena_printf(
		    arena, "%.*s:%u", PD_STR_ARG(a->host), a->port);
	} else {
		if (is_reachable_host(params)) {
			local = a->addr;
			local.port = a->port;
		}
		way->port = local.port;
		way->host =
		    pd_arena_printf(arena, "%s", pd_addr_text(&local, text));
		way->proxy = pd_arena_printf(
		    arena, "%s", pd_addr_text_port(&local, text));
	}
	way->pac_url = pd_arena_printf(
	    arena, "http://%.*s/proxy.pac", PD_STR_ARG(way->proxy));
}

static void
add(const struct exchange *ex, const char *name, struct pd_str value)
{
	pd_fields_add(
	    &ex->out->response.fields, ex->arena, pd_str_z(name), value);
}

/* No other site may use what stands here. */
static void
guard(const struct exchange *ex, struct pd_str cache_control)
{
	pd_fields_add_id(&ex->out->response.fields, ex->arena,
	    PD_FIELD_CACHE_CONTROL, cache_control);
	add(ex, "Cross-Origin-Resource-Policy", PD_STR("same-origin"));
}

/*
 * Of one's own origin a page may know: a form that comes without it brings
 * "Origin: null" (Fetch Standard, 3.2), as a foreign one may.
 */
static void
answer_html(const struct exchange *ex, int status, struct pd_str html)
{
	pd_reply_plain(
	    status, "text/html; charset=utf-8", html, ex->arena, ex->out);
	add(ex, "Content-Security-Policy", PD_STR(PORTAL_POLICY));
	add(ex, "X-Frame-Options", PD_STR("DENY"));
	add(ex, "Referrer-Policy", PD_STR("same-origin"));
	guard(ex, PD_STR("no-store"));
}

static void
answer_start(const struct exchange *ex)
{
	struct pd_pages_way way;

	find_way(ex->params, ex->arena, &way);
	answer_html(ex, 200, pd_pages_start(ex->params, &way, ex->arena));
}

static void
answer_why_json(const struct exchange *ex)
{
	int status;
	struct pd_str json =
	    pd_explain_page(ex->params, true, ex->arena, &status);

	pd_reply_plain(status, "application/json", json, ex->arena, ex->out);
	guard(ex, PD_STR("no-store"));
}

static void
answer_why(const struct exchange *ex)
{
	const struct pd_fields *fields = &ex->params->request->fields;
	bool named;
	int status;

	if (pd_accept_weight(fields, PD_STR("application/json"), &named) > 0 &&
	    named && pd_fields_find(fields, PD_FIELD_ACCEPT) != NULL) {
		answer_why_json(ex);
	} else {
		struct pd_str html =
		    pd_explain_page(ex->params, false, ex->arena, &status);

		answer_html(ex, status, html);
	}
	add(ex, "Vary", PD_STR("Accept"));
}

static void
answer_style(const struct exchange *ex)
{
	pd_reply_plain(200, "text/css; charset=utf-8",
	    pd_pages_style(ex->arena), ex->arena, ex->out);
	guard(ex, PD_STR("max-age=300"));
}

struct hosts {
	struct pd_str *v;
	size_t n;
};

static void
count_host(void *arg, struct pd_str host)
{
	struct hosts *hosts = arg;

	(void)host;
	hosts->n++;
}

static void
take_host(void *arg, struct pd_str host)
{
	struct hosts *hosts = arg;

	hosts->v[hosts->n++] = host;
}

/* Always 200 with a length: a PAC fetcher takes nothing else. */
static void
answer_pac(const struct exchange *ex)
{
	const struct pd_probe_set *probes = ex->params->probes;
	struct hosts hosts = { .n = 0 };
	struct pd_pac_params pac = { .portal = PD_STR(PD_PORTAL_NAME) };
	struct pd_pages_way way;

	if (probes != NULL) {
		pd_probe_hosts(probes, count_host, &hosts);
		hosts.v = pd_arena_alloc(ex->arena, hosts.n * sizeof(*hosts.v));
		hosts.n = 0;
		pd_probe_hosts(probes, take_host, &hosts);
	}
	find_way(ex->params, ex->arena, &way);
	pac.proxy = way.proxy;
	pac.direct = hosts.v;
	pac.ndirect = hosts.n;
	pd_reply_plain(200, "application/x-ns-proxy-autoconfig",
	    pd_pac_write(&pac, ex->arena), ex->arena, ex->out);
	guard(ex, PD_STR("max-age=300"));
}

static void
answer_health(const struct exchange *ex)
{
	bool draining = ex->params->draining;

	pd_reply_plain(draining ? 503 : 200, "text/plain; charset=utf-8",
	    draining ? PD_STR("draining\n") : PD_STR("ok\n"), ex->arena,
	    ex->out);
	guard(ex, PD_STR("no-store"));
}

static void
answer_metrics(const struct exchange *ex)
{
	pd_reply_plain(200, "text/plain; version=0.0.4; charset=utf-8",
	    pd_pages_metrics(ex->params, ex->arena), ex->arena, ex->out);
	guard(ex, PD_STR("no-store"));
}

static void
refuse(const struct exchange *ex, int status, const char *what, const char *fix,
    struct pd_str detail)
{
	const struct pd_reply_why why = {
		.status = status,
		.what = what,
		.fix = fix,
		.detail = detail,
	};

	pd_reply_error(
	    ex->params->conf, ex->params->request, &why, ex->arena, ex->out);
}

/* Sent to the page that shows it: a reload asks nothing twice. */
static void
answer_allow(const struct exchange *ex)
{
	struct pd_explain_done done;

	pd_explain_allow(ex->params, ex->arena, &done);
	if (done.status != 303) {
		refuse(ex, done.status, done.what, done.fix, PD_STR(""));
		return;
	}
	pd_reply_plain(303, NULL, PD_STR(""), ex->arena, ex->out);
	add(ex, "Location", done.location);
	guard(ex, PD_STR("no-store"));
}

static const struct route routes[] = {
	{ .path = "/", .answer = answer_start },
	{ .path = "/style.css", .answer = answer_style },
	{ .path = "/why", .answer = answer_why },
	{ .path = "/why.json", .answer = answer_why_json },
	{ .path = "/allow", .answer = answer_allow, .form = true },
	{ .path = "/proxy.pac", .answer = answer_pac },
	{ .path = "/wpad.dat", .answer = answer_pac },
	{ .path = "/healthz", .answer = answer_health },
	{ .path = "/metrics", .answer = answer_metrics },
};

static const struct route *
find_route(struct pd_str path)
{
	path = pd_str_split(&path, '?');
	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
		if (pd_str_eq(path, pd_str_z(routes[i].path)))
			return &routes[i];
	}
	return NULL;
}

/*
 * A browser that looks for a proxy by itself asks http://wpad.<domain>/ for
 * wpad.dat: whoever answers to that name was put there by the network's owner,
 * and the script holds no secret.
 */
static bool
is_wpad(const struct pd_authority *a, const struct route *route)
{
	return route != NULL && strcmp(route->path, "/wpad.dat") == 0 &&
	       (pd_str_caseeq(a->host, PD_STR("wpad")) ||
		   pd_str_casestarts(a->host, PD_STR("wpad.")));
}

size_t
pd_portal_content_max(const struct pd_request *req)
{
	const struct route *route = find_route(req->url.path);

	return req->method == PD_METHOD_POST && req->body != PD_BODY_NONE &&
		       route != NULL && route->form
		   ? PD_PORTAL_CONTENT_MAX
		   : 0;
}

static bool
may_be_asked(const struct route *route, enum pd_method method)
{
	return route->form
		   ? method == PD_METHOD_POST
		   : method == PD_METHOD_GET || method == PD_METHOD_HEAD;
}

void
pd_portal_answer(const struct pd_portal_params *params, struct pd_arena *arena,
    struct pd_reply *out)
{
	const struct exchange ex = { params, arena, out };
	const struct pd_request *req = params->request;
	const struct pd_authority *a = &req->url.authority;
	const struct route *route = find_route(req->url.path);

	if (!pd_portal_is_host(params->conf, a, !params->through_proxy) &&
	    !is_wpad(a, route)) {
		refuse(&ex, 421, "This is the proxy pared; no site is here.",
		    "If the name stands for this machine, add it to "
		    "PortalNames.",
		    a->text);
	} else if (route == NULL) {
		refuse(&ex, 404, "The proxy pared has no such page.",
		    "Its start page is http://" PD_PORTAL_NAME "/",
		    req->url.path);
	} else if (!may_be_asked(route, req->method)) {
		refuse(&ex, 405,
		    route->form ? "Only a form is sent here."
				: "This page can only be read.",
		    NULL, req->url.path);
		add(&ex, "Allow",
		    route->form ? PD_STR("POST") : PD_STR("GET, HEAD"));
	} else {
		route->answer(&ex);
	}
}
