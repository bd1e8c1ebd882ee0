#include "reply.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/embed.h"
#include "portal/form.h"

#define DETAIL_MAX 500  /* bytes of a URL that a page shows */
#define LINK_MAX   1500 /* bytes of a URL that a page asks the portal about */
#define CUSTOM_MAX (64 * 1024)
#define WHY_MAX    300

PD_EMBED(reply_style, "src/portal/page.css");

/*
 * The style stands in the page, since an error may be all that gets through.
 * Nothing else may load or run, whatever slipped past the escaping. The hash
 * is of src/portal/page.css; tests/unit/reply.c tells the new one.
 */
#define PAGE_POLICY                                                 \
	"default-src 'none'; base-uri 'none'; form-action 'none'; " \
	"style-src 'sha256-jNNl79JvRjj62GwZI8px2jEAzriiyWgedx5MqBRJS9w='"

/*
 * On plain http a frame looks like a page (PD_CONTENT_PAGE): the block page
 * shows itself where it is one, and leaves a frame empty.
 */
#define FRAME_SCRIPT "if(top!==self)document.documentElement.hidden=true"
#define FRAME_POLICY    \
	PAGE_POLICY     \
	"; script-src " \
	"'sha256-IC8u+YCFiQlNzLo9a6dhN/hUzdtZGgqAKJ7MjxUTevs='"

/* A transparent pixel: 43 bytes, the smallest that every decoder takes. */
static const char pixel[] = "GIF89a\1\0\1\0\x80\0\0\0\0\0\0\0\0!\xf9\4\1\0\0\0"
			    "\0,\0\0\0\0\1\0\1\0\0\2\2D\1\0;";
_Static_assert(sizeof(pixel) - 1 == 43, "the pixel is 43 bytes");

static void
add(struct pd_reply *r, struct pd_arena *arena, const char *name,
    struct pd_str value)
{
	pd_fields_add(&r->response.fields, arena, pd_str_z(name), value);
}

/* Status, type and length; no content and no type for 204. */
static void
begin(struct pd_reply *r, int status, const char *type, struct pd_str content,
    struct pd_arena *arena)
{
	*r = (struct pd_reply) {
		.response = {
			.status = status,
			.reason = pd_str_z(pd_status_reason(status)),
			.minor = 1,
			.body = PD_BODY_LENGTH,
			.content_length = (int64_t)content.n,
		},
		.content = content,
	};
	if (status == 204) {
		r->response.body = PD_BODY_NONE;
		return;
	}
	pd_fields_add_id(&r->response.fields, arena, PD_FIELD_CONTENT_LENGTH,
	    pd_arena_printf(arena, "%zu", content.n));
	if (type == NULL)
		return;
	pd_fields_add_id(
	    &r->response.fields, arena, PD_FIELD_CONTENT_TYPE, pd_str_z(type));
	add(r, arena, "X-Content-Type-Options", PD_STR("nosniff"));
}

static void
no_store(struct pd_reply *r, struct pd_arena *arena)
{
	pd_fields_add_id(&r->response.fields, arena, PD_FIELD_CACHE_CONTROL,
	    PD_STR("no-store"));
}

void
pd_reply_plain(int status, const char *type, struct pd_str content,
    struct pd_arena *arena, struct pd_reply *out)
{
	begin(out, status, type, content, arena);
}

struct pd_str
pd_reply_escape(struct pd_str s, struct pd_arena *arena)
{
	/* The longest entity is "&quot;". */
	char *p = pd_arena_alloc(arena, s.n * 6 + 1), *at = p;

	for (size_t i = 0; i < s.n; i++) {
		const char *entity = s.p[i] == '&'    ? "&amp;"
				     : s.p[i] == '<'  ? "&lt;"
				     : s.p[i] == '>'  ? "&gt;"
				     : s.p[i] == '"'  ? "&quot;"
				     : s.p[i] == '\'' ? "&#39;"
						      : NULL;

		if (entity != NULL)
			at = stpcpy(at, entity);
		else
			*at++ = s.p[i];
	}
	return pd_str_of(p, (size_t)(at - p));
}

/* Whether the client says that it takes HTML; "anything" is no browser. */
static bool
takes_html(const struct pd_request *req)
{
	bool named;

	return req != NULL &&
	       pd_fields_find(&req->fields, PD_FIELD_ACCEPT) != NULL &&
	       pd_accept_weight(&req->fields, PD_STR("text/html"), &named) >
		   0 &&
	       named;
}

/* At most DETAIL_MAX bytes, and a sign where more was. */
static struct pd_str
shorten(struct pd_str s, struct pd_arena *arena)
{
	if (s.n <= DETAIL_MAX)
		return s;
	return pd_arena_printf(arena, "%.*s ...", DETAIL_MAX, s.p);
}

struct page {
	int status;
	const char *title;
	struct pd_str body; /* paragraphs of HTML */
	struct pd_str text; /* the same as text */
	bool hides;         /* in frames */
};

static void
html_page(const struct page *page, struct pd_arena *arena, struct pd_reply *out)
{
	struct pd_str style = PD_EMBEDDED(reply_style);

	begin(out, page->status, "text/html; charset=utf-8",
	    pd_arena_printf(arena,
		"<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">"
		"\n<meta name=\"viewport\" content=\"width=device-width\">\n"
		"<title>%s</title>\n<style>%.*s</style>\n%s<main>\n"
		"<h1>%s</h1>\n%.*s</main>\n</html>\n",
		page->title, PD_STR_ARG(style),
		page->hides ? "<script>" FRAME_SCRIPT "</script>\n" : "",
		page->title, PD_STR_ARG(page->body)),
	    arena);
	add(out, arena, "Content-Security-Policy",
	    page->hides ? PD_STR(FRAME_POLICY) : PD_STR(PAGE_POLICY));
	add(out, arena, "Referrer-Policy", PD_STR("no-referrer"));
	no_store(out, arena);
}

static void
write_page(const struct page *page, bool html, struct pd_arena *arena,
    struct pd_reply *out)
{
	if (html) {
		html_page(page, arena, out);
		return;
	}
	begin(out, page->status, "text/plain; charset=utf-8",
	    pd_arena_printf(
		arena, "%s\n%.*s", page->title, PD_STR_ARG(page->text)),
	    arena);
	no_store(out, arena);
}

/* The file of CustomErrorNNN, NULL where there is none. Ziproxy says 408 and
 * 503 for what is 504 and 502. */
static const char *
custom_path(const struct pd_conf *conf, int page)
{
	static const int pages[] = { 400, 403, 404, 407, 408, 503 };
	const size_t npages = sizeof(pages) / sizeof(pages[0]);

	page = page == 504 ? 408 : page == 502 ? 503 : page;
	for (size_t i = 0; conf != NULL && i < npages; i++) {
		if (pages[i] == page)
			return conf->custom_error[i];
	}
	return NULL;
}

/* Read each time: rare, small, and an edit shows at once. */
static bool
read_custom(const char *path, struct pd_arena *arena, struct pd_str *out)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;
	char *p;
	ssize_t n = -1;

	if (fd < 0)
		return false;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    st.st_size <= CUSTOM_MAX) {
		p = pd_arena_alloc(arena, CUSTOM_MAX);
		n = read(fd, p, CUSTOM_MAX);
		if (n >= 0)
			*out = pd_str_of(p, (size_t)n);
	}
	close(fd);
	return n >= 0;
}

static bool
custom_page(const struct pd_conf *conf, int status, int page,
    struct pd_arena *arena, struct pd_reply *out)
{
	const char *path = custom_path(conf, page != 0 ? page : status);
	struct pd_str content;

	if (path == NULL || !read_custom(path, arena, &content))
		return false;
	begin(out, status, "text/html", content, arena);
	no_store(out, arena);
	return true;
}

/* Causes come as they stand in a log: "no such host". Readers get a sentence.
 */
static struct pd_str
sentence(const char *what, struct pd_arena *arena)
{
	struct pd_str s = pd_str_z(what);
	char first;

	if (s.n == 0 || s.p[s.n - 1] == '.')
		return s;
	first = s.p[0] >= 'a' && s.p[0] <= 'z' ? (char)(s.p[0] - 32) : s.p[0];
	return pd_arena_printf(arena, "%c%s.", first, what + 1);
}

void
pd_reply_error(const struct pd_conf *conf, const struct pd_request *req,
    const struct pd_reply_why *why, struct pd_arena *arena,
    struct pd_reply *out)
{
	struct pd_str title = pd_arena_printf(
	    arena, "%d %s", why->status, pd_status_reason(why->status));
	struct pd_str what = sentence(why->what, arena), html_what;
	struct pd_str fix = pd_str_z(why->fix);
	struct pd_str detail = shorten(why->detail, arena), shown, html_fix;
	struct page page = { .status = why->status, .title = title.p };

	if (custom_page(conf, why->status, why->page, arena, out))
		return;
	shown = pd_reply_escape(detail, arena);
	html_fix = pd_reply_escape(fix, arena);
	html_what = pd_reply_escape(what, arena);
	page.body = pd_arena_printf(arena,
	    "<p>%.*s</p>\n%s%.*s%s%s%.*s%s<p class=\"dim\">This answer was made"
	    " by the proxy pared, not by the site.</p>\n",
	    PD_STR_ARG(html_what), fix.n > 0 ? "<p>" : "", PD_STR_ARG(html_fix),
	    fix.n > 0 ? "</p>\n" : "", detail.n > 0 ? "<p><code>" : "",
	    PD_STR_ARG(shown), detail.n > 0 ? "</code></p>\n" : "");
	page.text = pd_arena_printf(arena,
	    "%.*s\n%s%s%.*s%s(from the proxy pared)\n", PD_STR_ARG(what),
	    why->fix != NULL ? why->fix : "", why->fix != NULL ? "\n" : "",
	    PD_STR_ARG(detail), detail.n > 0 ? "\n" : "");
	write_page(&page, takes_html(req), arena, out);
}

void
pd_reply_auth(const struct pd_conf *conf, const struct pd_request *req,
    struct pd_arena *arena, struct pd_reply *out)
{
	const struct pd_reply_why why = {
		.status = 407,
		.what = "This proxy asks for a user name and a password.",
		.fix = "Enter them in the proxy settings of the device.",
	};

	pd_reply_error(conf, req, &why, arena, out);
	pd_fields_add_id(&out->response.fields, arena,
	    PD_FIELD_PROXY_AUTHENTICATE,
	    PD_STR("Basic realm=\"pared\", charset=\"UTF-8\""));
}

/* One line that may stand in a field: printable ASCII, short. */
static struct pd_str
why_line(const struct pd_verdict *v, struct pd_arena *arena)
{
	const struct pd_match_rule *r = &v->rule;
	struct pd_str s = pd_arena_printf(arena, "%.*s: %.*s",
	    PD_STR_ARG(pd_block_place(r, arena)), PD_STR_ARG(r->text));
	char *p = pd_arena_alloc(arena, WHY_MAX);

	s.n = s.n < WHY_MAX ? s.n : WHY_MAX;
	for (size_t i = 0; i < s.n; i++)
		p[i] = s.p[i] >= ' ' && s.p[i] <= '~' ? s.p[i] : '?';
	return pd_str_trim(pd_str_of(p, s.n));
}

/* The portal's page on it: every rule that fits, and a form that lets the host
 * pass. What is asked for by CONNECT is listed under https. */
static struct pd_str
why_link(const struct pd_request *req, struct pd_arena *arena)
{
	bool tunnel = req->method == PD_METHOD_CONNECT;
	struct pd_str path = tunnel ? PD_STR("/") : req->url.path;
	struct pd_str url = pd_arena_printf(arena, "%s://%.*s%.*s",
	    tunnel || req->url.scheme == PD_SCHEME_HTTPS ? "https" : "http",
	    PD_STR_ARG(req->url.authority.text), PD_STR_ARG(path));

	url.n = url.n < LINK_MAX ? url.n : LINK_MAX;
	url = pd_form_escape(url, arena);
	return pd_arena_printf(
	    arena, "http://pared.internal/why?url=%.*s", PD_STR_ARG(url));
}

/* 403: what was asked for, which rule, how to get it all the same. */
static void
blocked_page(const struct pd_request *req, const struct pd_verdict *v,
    struct pd_arena *arena, struct pd_reply *out)
{
	struct pd_str host = req->url.authority.host;
	struct pd_str why = why_line(v, arena);
	struct pd_str shown = pd_reply_escape(why, arena);
	struct pd_str link = why_link(req, arena);
	struct page page = {
		.status = 403,
		.title = "Blocked by pared",
		.hides = true,
	};

	host = pd_reply_escape(shorten(host, arena), arena);
	if (req->url.authority.kind == PD_HOST_IPV6)
		host = pd_arena_printf(arena, "[%.*s]", PD_STR_ARG(host));
	page.body = pd_arena_printf(arena,
	    "<p><b>%.*s</b> is blocked by a rule of this proxy.</p>\n"
	    "<p class=\"dim\">List, line and rule:<br><code>%.*s</code></p>\n"
	    "<p>Is it needed after all? <a href=\"%.*s\">See why, and let it "
	    "pass for a while</a>.</p>\n",
	    PD_STR_ARG(host), PD_STR_ARG(shown), PD_STR_ARG(link));
	page.text = pd_arena_printf(arena,
	    "%.*s\n(list:line: rule; from the proxy pared)\n%.*s\n",
	    PD_STR_ARG(why), PD_STR_ARG(link));
	write_page(&page, takes_html(req), arena, out);
	add(out, arena, "X-Pared-Why", why);
}

/*
 * "bytes=0-1" of media: Apple's players ask so for the first bytes and take
 * only 206 for an answer (RFC 9110, 14.2). Everything but one plain range is
 * answered whole, as the RFC allows.
 */
static bool
read_range(const struct pd_request *req, size_t size, size_t *first, size_t *n)
{
	struct pd_str rest = pd_fields_value(&req->fields, PD_FIELD_RANGE);
	struct pd_str from;
	int64_t a, b = (int64_t)size - 1;

	if (req->method != PD_METHOD_GET ||
	    !pd_str_casestarts(rest, PD_STR("bytes=")))
		return false;
	rest = pd_str_of(rest.p + 6, rest.n - 6);
	from = pd_str_split(&rest, '-');
	if (rest.p == NULL || pd_str_u63(from, &a) < 0 ||
	    (rest.n > 0 && pd_str_u63(rest, &b) < 0))
		return false;
	if (b >= (int64_t)size)
		b = (int64_t)size - 1;
	if (a > b)
		return false;
	*first = (size_t)a;
	*n = (size_t)(b - a) + 1;
	return true;
}

static void
begin_media(struct pd_reply *r, const struct pd_request *req, const char *type,
    struct pd_str content, struct pd_arena *arena)
{
	size_t first, n;

	if (read_range(req, content.n, &first, &n)) {
		begin(r, 206, type, pd_str_of(content.p + first, n), arena);
		pd_fields_add_id(&r->response.fields, arena,
		    PD_FIELD_CONTENT_RANGE,
		    pd_arena_printf(arena, "bytes %zu-%zu/%zu", first,
			first + n - 1, content.n));
	} else {
		begin(r, 200, type, content, arena);
	}
	pd_fields_add_id(&r->response.fields, arena, PD_FIELD_ACCEPT_RANGES,
	    PD_STR("bytes"));
}

static bool
is_media(const char *type)
{
	return type != NULL && (strncmp(type, "video/", 6) == 0 ||
				   strncmp(type, "audio/", 6) == 0);
}

struct stand_in {
	int status;
	const char *type;
	struct pd_str content;
};

/* 204 ends media and fonts quietly: an empty file would be "damaged". */
static const struct stand_in stand_ins[] = {
	[PD_CONTENT_OTHER] = { 204, NULL, { NULL, 0 } },
	[PD_CONTENT_DOCUMENT] = { 204, NULL, { NULL, 0 } }, /* gets a page */
	[PD_CONTENT_PAGE] = { 204, NULL, { NULL, 0 } },     /* and this */
	[PD_CONTENT_FRAME] = { 200, "text/html; charset=utf-8",
	    { "<!DOCTYPE html><title></title>", 30 } },
	[PD_CONTENT_IMAGE] = { 200, "image/gif", { pixel, 43 } },
	[PD_CONTENT_SCRIPT] = { 200, "text/javascript", { "", 0 } },
	[PD_CONTENT_STYLE] = { 200, "text/css", { "", 0 } },
	[PD_CONTENT_FONT] = { 204, NULL, { NULL, 0 } },
	[PD_CONTENT_MEDIA] = { 204, NULL, { NULL, 0 } },
	[PD_CONTENT_JSON] = { 200, "application/json", { "{}", 2 } },
	[PD_CONTENT_VAST] = { 200, "application/xml",
	    { "<VAST version=\"3.0\"></VAST>", 27 } },
};

/*
 * The resource that the rule names, else what fits the kind. A preflight is
 * asked for the permission alone.
 */
static struct stand_in
choose(const struct pd_request *req, enum pd_content_kind kind,
    const struct pd_verdict *v)
{
	if (req->method == PD_METHOD_OPTIONS)
		return stand_ins[PD_CONTENT_OTHER];
	if (v->kind == PD_VERDICT_REPLACE)
		return stand_ins[PD_CONTENT_IMAGE];
	if (v->kind == PD_VERDICT_BLOCK && v->resource != NULL)
		return (struct stand_in){ 200, v->resource->type,
			v->resource->content };
	return stand_ins[kind];
}

/*
 * What keeps a page working: readable from any origin, soon asked again. The
 * "*" stands for every origin and never for a request with credentials: an
 * answer to a preflight must not open the real host to those, should the
 * request that follows pass.
 */
static void
stand_in(const struct pd_request *req, enum pd_content_kind kind,
    const struct pd_verdict *v, struct pd_arena *arena, struct pd_reply *out)
{
	struct stand_in s = choose(req, kind, v);

	if (is_media(s.type))
		begin_media(out, req, s.type, s.content, arena);
	else
		begin(out, s.status, s.type, s.content, arena);
	add(out, arena, "Access-Control-Allow-Origin", PD_STR("*"));
	add(out, arena, "Cross-Origin-Resource-Policy", PD_STR("cross-origin"));
	if (req->method == PD_METHOD_OPTIONS) {
		add(out, arena, "Access-Control-Allow-Methods", PD_STR("*"));
		add(out, arena, "Access-Control-Allow-Headers", PD_STR("*"));
	}
	/* Saves the loops of ad code; short, so that allowing shows soon. */
	pd_fields_add_id(&out->response.fields, arena, PD_FIELD_CACHE_CONTROL,
	    PD_STR("private, max-age=60"));
	add(out, arena, "X-Pared-Why", why_line(v, arena));
}

/* A person gets the reason, unless the rule has a page of its own for it. */
static bool
gets_page(const struct pd_request *req, enum pd_content_kind kind,
    const struct pd_verdict *v)
{
	if (req->method == PD_METHOD_CONNECT || v->kind == PD_VERDICT_DENY)
		return true;
	if (v->kind != PD_VERDICT_BLOCK)
		return false;
	if (kind == PD_CONTENT_PAGE)
		return v->resource == NULL ||
		       !pd_str_starts(
			   pd_str_z(v->resource->type), PD_STR("text/html"));
	return kind == PD_CONTENT_DOCUMENT;
}

void
pd_reply_blocked(const struct pd_conf *conf, const struct pd_request *req,
    enum pd_content_kind kind, const struct pd_verdict *verdict,
    struct pd_arena *arena, struct pd_reply *out)
{
	if (!gets_page(req, kind, verdict)) {
		stand_in(req, kind, verdict, arena, out);
	} else if (custom_page(conf, 403, 0, arena, out)) {
		add(out, arena, "X-Pared-Why", why_line(verdict, arena));
	} else {
		blocked_page(req, verdict, arena, out);
	}
}
