/*
 * Part of the check step, before the verdict: what is asked for, and by which
 * page. The signs in the order of their worth: Sec-Fetch-* (no script can forge
 * it, but browsers send it to https and localhost only), Accept, the name's
 * extension, method and Origin. Where signs leave several types open all of
 * them are given.
 */
#include "filters/block/infer.h"

#include "filters/block/host.h"
#include "filters/block/infer_words.h"

/* Elements of Accept that are looked at; browsers send at most ten. */
#define ACCEPT_MAX 16
/* Elements of Upgrade that are looked at. */
#define UPGRADE_MAX 4

_Static_assert(
    sizeof(((struct pd_inferred *)NULL)->buf) >= PD_HOST_TEXT, "a host fits");

/* The fields that tell anything, of each the first. */
struct signs {
	struct pd_str dest, mode, site; /* Sec-Fetch-* */
	struct pd_str accept, origin, referer, content_type;
	bool fetched; /* X-Requested-With of a script library */
	bool program; /* User-Agent says that it is no browser */
	bool websocket;
	bool range;
};

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_alnum(char c)
{
	c = pd_lower(c);
	return (c >= 'a' && c <= 'z') || is_digit(c);
}

/* "vast" as a word of its own, digits after it: "output=xml_vast4". */
static bool
names_vast(struct pd_str s)
{
	for (size_t i = 0; i + 4 <= s.n; i++) {
		size_t end = i + 4;

		if (!pd_str_caseeq(pd_str_of(s.p + i, 4), PD_STR("vast")) ||
		    (i > 0 && is_alnum(s.p[i - 1])))
			continue;
		while (end < s.n && is_digit(s.p[end]))
			end++;
		if (end == s.n || !is_alnum(s.p[end]))
			return true;
	}
	return false;
}

static struct pd_str
extension(struct pd_str path)
{
	const char *dot, *slash;

	path = pd_str_split(&path, '?');
	if (path.n == 0)
		return path;
	dot = memrchr(path.p, '.', path.n);
	slash = memrchr(path.p, '/', path.n);
	if (dot == NULL || (slash != NULL && dot < slash))
		return (struct pd_str){ NULL, 0 };
	return pd_str_of(dot + 1, path.n - (size_t)(dot + 1 - path.p));
}

/* ---- the fields --------------------------------------------------------- */

static void
first(struct pd_str *to, struct pd_str value)
{
	if (to->p == NULL)
		*to = value;
}

static bool
names_websocket(struct pd_str upgrade)
{
	struct pd_str protocol;

	for (int i = 0; i < UPGRADE_MAX; i++) {
		if (!pd_list_next(&upgrade, &protocol))
			return false;
		if (pd_str_caseeq(protocol, PD_STR("websocket")))
			return true;
	}
	return false;
}

/* Those that nothing else in the proxy asks for. */
static void
read_by_name(const struct pd_field *f, struct signs *s)
{
	if (pd_str_caseeq(f->name, PD_STR("sec-fetch-mode")))
		first(&s->mode, f->value);
	/* Android's web views put the name of their app there. */
	else if (pd_str_caseeq(f->name, PD_STR("x-requested-with")))
		s->fetched = pd_str_caseeq(f->value, PD_STR("xmlhttprequest"));
}

static void
read_signs(const struct pd_fields *fs, struct signs *s)
{
	*s = (struct signs){ 0 };
	PD_FIELDS_EACH (f, fs) {
		switch (f->id) {
		case PD_FIELD_SEC_FETCH_DEST:
			first(&s->dest, f->value);
			break;
		case PD_FIELD_SEC_FETCH_SITE:
			first(&s->site, f->value);
			break;
		case PD_FIELD_ACCEPT:
			first(&s->accept, f->value);
			break;
		case PD_FIELD_ORIGIN:
			first(&s->origin, f->value);
			break;
		case PD_FIELD_REFERER:
			first(&s->referer, f->value);
			break;
		case PD_FIELD_CONTENT_TYPE:
			first(&s->content_type, f->value);
			break;
		case PD_FIELD_USER_AGENT:
			s->program =
			    !pd_str_starts(f->value, PD_STR("Mozilla/"));
			break;
		case PD_FIELD_UPGRADE:
			s->websocket |= names_websocket(f->value);
			break;
		case PD_FIELD_RANGE:
			s->range = true;
			break;
		case PD_FIELD_OTHER:
			read_by_name(f, s);
			break;
		default:
			break;
		}
	}
	s->websocket |= pd_str_caseeq(s->mode, PD_STR("websocket"));
}

/* ---- the source --------------------------------------------------------- */

/* Without userinfo and port, and without the brackets of an IPv6 address. */
static struct pd_str
host_part(struct pd_str url)
{
	size_t n = 0;
	const char *at, *end;

	while (
	    n < url.n && url.p[n] != '/' && url.p[n] != '?' && url.p[n] != '#')
		n++;
	url.n = n;
	at = n > 0 ? memrchr(url.p, '@', n) : NULL;
	if (at != NULL)
		url = pd_str_of(at + 1, (size_t)(url.p + url.n - (at + 1)));
	if (url.n > 0 && url.p[0] == '[') {
		end = memchr(url.p, ']', url.n);
		return end == NULL
			   ? (struct pd_str){ NULL, 0 }
			   : pd_str_of(url.p + 1, (size_t)(end - url.p) - 1);
	}
	return pd_str_split(&url, ':');
}

/* A host as requests have them: what no name and no address holds is refused,
 * for rules are compared with it. */
static bool
is_host(struct pd_str s)
{
	struct pd_addr addr;

	if (s.n == 0 || s.n >= PD_HOST_TEXT || s.p[0] == '.' ||
	    s.p[s.n - 1] == '.')
		return false;
	if (memchr(s.p, ':', s.n) != NULL)
		return pd_addr_parse(s, &addr) == 0;
	for (size_t i = 0; i < s.n; i++) {
		if (!is_alnum(s.p[i]) && s.p[i] != '-' && s.p[i] != '.' &&
		    s.p[i] != '_' && s.p[i] != '~')
			return false;
		if (s.p[i] == '.' && s.p[i - 1] == '.')
			return false;
	}
	return true;
}

/*
 * The host of a Referer or Origin, as it stands where it is in lower case, else
 * in buf. Empty for what is no page on the web: "null", "about:client",
 * "android-app://...".
 */
static struct pd_str
page_host(struct pd_str url, char buf[PD_HOST_TEXT])
{
	struct pd_str none = { NULL, 0 }, host;
	size_t scheme = pd_str_casestarts(url, PD_STR("http://"))    ? 7
			: pd_str_casestarts(url, PD_STR("https://")) ? 8
								     : 0;
	bool lower = true;

	if (scheme == 0)
		return none;
	host = host_part(pd_str_of(url.p + scheme, url.n - scheme));
	if (host.n > 0 && host.p[host.n - 1] == '.')
		host.n--;
	if (!is_host(host))
		return none;
	for (size_t i = 0; i < host.n; i++)
		lower &= host.p[i] == pd_lower(host.p[i]);
	if (lower)
		return host;
	for (size_t i = 0; i < host.n; i++)
		buf[i] = pd_lower(host.p[i]);
	return pd_str_of(buf, host.n);
}

/*
 * Origin first: it is always the page's (Fetch Standard, 3.2). Referer is the
 * style sheet's for what a style sheet loads, and the module's for what a
 * module does. A redirect to another site makes Origin "null" and keeps the
 * Referer.
 *
 * A browser that tells neither is taken to be on another site: of recorded
 * requests to other sites 15 % are missed where that is left open; of those to
 * their own site 2 % are blocked where it is taken so, nearly all of them
 * within frames of advertisers. A program has no page: what it asks for may
 * well be its own.
 */
static void
find_source(const struct pd_request *req, const struct signs *s,
    struct pd_inferred *out)
{
	struct pd_str own = req->url.authority.host;
	struct pd_str source = page_host(s->origin, out->buf);

	if (source.n == 0)
		source = page_host(s->referer, out->buf);
	if (source.n == 0 &&
	    (pd_str_caseeq(s->site, PD_STR("none")) ||
		pd_str_caseeq(s->site, PD_STR("same-origin")) ||
		pd_str_caseeq(s->site, PD_STR("same-site"))))
		source = own;
	out->source = source;
	if (source.n > 0)
		out->party = PD_SOURCE_KNOWN;
	else if (pd_str_caseeq(s->site, PD_STR("cross-site")) ||
		 (!s->program && req->method != PD_METHOD_CONNECT))
		out->party = PD_SOURCE_THIRD;
	else
		out->party = PD_SOURCE_UNKNOWN;
}

/* One is the other or lies below it: "www.example.org" and "example.org". */
static bool
is_near(struct pd_str a, struct pd_str b)
{
	struct pd_str longer = a.n > b.n ? a : b, shorter = a.n > b.n ? b : a;
	size_t above = longer.n - shorter.n;

	if (shorter.n == 0 ||
	    !pd_str_eq(pd_str_of(longer.p + above, shorter.n), shorter))
		return false;
	return above == 0 || (longer.p[above - 1] == '.' &&
				 memchr(shorter.p, '.', shorter.n) != NULL);
}

/* ---- the type ----------------------------------------------------------- */

/*
 * A page of its own or one inside another? Browsers say neither on plain http.
 * Within a site navigation is the rule; from another site an ad's frame is, but
 * a link that was followed looks the same. Who types an address types no query:
 * without a Referer, a query is that of a link outside the web, or of a frame
 * that was told to hide its page.
 */
static struct pd_guess
guess_page(const struct pd_request *req, const struct signs *s)
{
	struct pd_guess own = { PD_CONTENT_DOCUMENT, PD_TYPE_DOCUMENT };
	struct pd_guess either = { PD_CONTENT_PAGE,
		PD_TYPE_DOCUMENT | PD_TYPE_SUBDOCUMENT };
	struct pd_str path = req->url.path, host;
	char buf[PD_HOST_TEXT];

	if (pd_str_caseeq(s->mode, PD_STR("nested-navigate")))
		return (
		    struct pd_guess){ PD_CONTENT_FRAME, PD_TYPE_SUBDOCUMENT };
	if (s->program || pd_str_caseeq(s->site, PD_STR("none")))
		return own;
	host = page_host(s->referer, buf);
	if (host.n == 0)
		return memchr(path.p, '?', path.n) != NULL ? either : own;
	return is_near(host, req->url.authority.host) ? own : either;
}

/* What the types in Accept, one at a time, are asked by. */
static bool
guess_by_type(struct pd_str type, struct pd_guess *out)
{
	if (pd_str_casestarts(type, PD_STR("image/")))
		*out = (struct pd_guess){ PD_CONTENT_IMAGE, PD_TYPE_IMAGE };
	else if (pd_str_caseeq(type, PD_STR("text/css")))
		*out =
		    (struct pd_guess){ PD_CONTENT_STYLE, PD_TYPE_STYLESHEET };
	else if (pd_str_casestarts(type, PD_STR("font/")) ||
		 pd_str_casestarts(type, PD_STR("application/font")) ||
		 pd_str_casestarts(type, PD_STR("application/x-font")))
		*out = (struct pd_guess){ PD_CONTENT_FONT, PD_TYPE_FONT };
	else if (pd_str_casestarts(type, PD_STR("video/")) ||
		 pd_str_casestarts(type, PD_STR("audio/")))
		*out = (struct pd_guess){ PD_CONTENT_MEDIA, PD_TYPE_MEDIA };
	/* Script elements ask for anything today; libraries that fetch a
	 * script and the browsers of old name it. */
	else if (pd_str_caseeq(type, PD_STR("text/javascript")) ||
		 pd_str_caseeq(type, PD_STR("application/javascript")))
		*out = (struct pd_guess){ PD_CONTENT_SCRIPT,
			PD_TYPE_SCRIPT | PD_TYPE_XHR };
	else if (pd_str_caseeq(type, PD_STR("application/json")))
		*out = (struct pd_guess){ PD_CONTENT_JSON, PD_TYPE_XHR };
	else if (pd_str_caseeq(type, PD_STR("text/event-stream")) ||
		 pd_str_caseeq(type, PD_STR("text/plain")) ||
		 pd_str_caseeq(type, PD_STR("text/xml")))
		*out = (struct pd_guess){ PD_CONTENT_OTHER, PD_TYPE_XHR };
	else
		return false;
	return true;
}

static bool
is_html(struct pd_str type)
{
	return pd_str_caseeq(type, PD_STR("text/html")) ||
	       pd_str_caseeq(type, PD_STR("application/xhtml+xml"));
}

/* The first type tells, but HTML need not be first: old WebKit began with
 * application/xml. */
static bool
guess_by_accept(
    const struct pd_request *req, const struct signs *s, struct pd_guess *out)
{
	struct pd_str rest = s->accept, item, type;

	for (int i = 0; i < ACCEPT_MAX && pd_list_next(&rest, &item); i++) {
		type = pd_str_trim(pd_str_split(&item, ';'));
		if (is_html(type)) {
			*out = guess_page(req, s);
			return true;
		}
		if (i == 0 && guess_by_type(type, out))
			return true;
	}
	return false;
}

/* POST by something that waits for no answer says so in its content's type. */
static struct pd_guess
guess_by_method(const struct pd_request *req, const struct signs *s)
{
	struct pd_str type = s->content_type;

	type = pd_str_trim(pd_str_split(&type, ';'));
	if (req->method == PD_METHOD_POST) {
		if (pd_str_caseeq(type, PD_STR("text/ping")))
			return (
			    struct pd_guess){ PD_CONTENT_OTHER, PD_TYPE_PING };
		if (pd_str_caseeq(type, PD_STR("application/csp-report")) ||
		    pd_str_caseeq(type, PD_STR("application/reports+json")))
			return (struct pd_guess){ PD_CONTENT_OTHER,
				PD_TYPE_CSP_REPORT };
	}
	return (struct pd_guess){ PD_CONTENT_OTHER, PD_TYPE_XHR };
}

/* By what the path ends in. */
static bool
guess_by_name(struct pd_str path, struct pd_guess *out)
{
	struct pd_str ext = extension(path);
	bool found = ext.n > 0 && pd_infer_extension(ext, out);

	if (!names_vast(path))
		return found;
	if (!found)
		out->types = PD_TYPE_XHR;
	out->kind = PD_CONTENT_VAST;
	return true;
}

/* A script that fetches from another site sends Origin (Fetch Standard, 3.2):
 * without it an element of the page asks, for "data.json?callback=f" too. */
static bool
is_element(const struct pd_request *req, const struct signs *s)
{
	char buf[PD_HOST_TEXT];
	struct pd_str page = page_host(s->referer, buf);

	return req->method == PD_METHOD_GET && s->origin.p == NULL &&
	       page.n > 0 && !pd_str_eq(page, req->url.authority.host);
}

/* Neither destination nor Accept told. */
static struct pd_guess
guess_by_url(const struct pd_request *req, const struct signs *s)
{
	struct pd_guess guess;

	if (guess_by_name(req->url.path, &guess)) {
		if (guess.types == PD_TYPE_XHR && is_element(req, s)) {
			guess.types |= PD_TYPE_SCRIPT;
			if (guess.kind != PD_CONTENT_VAST)
				guess.kind = PD_CONTENT_SCRIPT;
		}
		return guess;
	}
	if (req->method != PD_METHOD_GET || s->origin.p != NULL)
		return guess_by_method(req, s);
	/* A player asks for media with a range and takes anything. */
	if (s->range)
		return (struct pd_guess){ PD_CONTENT_MEDIA, PD_TYPE_MEDIA };
	/* A script element sends Accept for anything and a Referer, and no
	 * more; so does what a script fetches from its own site. */
	if (s->referer.p != NULL)
		return (struct pd_guess){ PD_CONTENT_SCRIPT,
			PD_TYPE_SCRIPT | PD_TYPE_XHR };
	return (struct pd_guess){ PD_CONTENT_OTHER,
		PD_TYPE_SCRIPT | PD_TYPE_XHR | PD_TYPE_OTHER };
}

/* A script asks; what it may take tells what answer fits. */
static struct pd_guess
guess_fetch(const struct pd_request *req, const struct signs *s)
{
	struct pd_guess guess = { PD_CONTENT_OTHER, PD_TYPE_XHR };

	if (!guess_by_accept(req, s, &guess))
		(void)guess_by_name(req->url.path, &guess);
	if (guess.kind == PD_CONTENT_DOCUMENT || guess.kind == PD_CONTENT_PAGE)
		guess.kind = PD_CONTENT_FRAME;
	guess.types = guess_by_method(req, s).types;
	/* Beacons; a fetch that may not read its answer looks the same. */
	if (req->method == PD_METHOD_POST &&
	    pd_str_caseeq(s->mode, PD_STR("no-cors")))
		guess.types = PD_TYPE_PING;
	return guess;
}

static struct pd_guess
guess_any(const struct pd_request *req, const struct signs *s)
{
	struct pd_guess guess;

	if (s->websocket)
		return (struct pd_guess){ PD_CONTENT_OTHER, PD_TYPE_WEBSOCKET };
	if (req->method == PD_METHOD_CONNECT)
		return (struct pd_guess){ PD_CONTENT_OTHER, PD_TYPE_OTHER };
	if (req->method == PD_METHOD_OPTIONS)
		return (struct pd_guess){ PD_CONTENT_OTHER, PD_TYPE_XHR };
	if (pd_infer_destination(s->dest, &guess))
		return guess;
	if (s->fetched || pd_str_caseeq(s->dest, PD_STR("empty")))
		return guess_fetch(req, s);
	if (guess_by_accept(req, s, &guess))
		return guess;
	return guess_by_url(req, s);
}

void
pd_infer(const struct pd_request *req, struct pd_inferred *out)
{
	struct signs s;
	struct pd_guess guess;

	read_signs(&req->fields, &s);
	guess = guess_any(req, &s);
	out->kind = guess.kind;
	out->types = guess.types;
	if (guess.types == PD_TYPE_DOCUMENT) {
		out->source = req->url.authority.host;
		out->party = PD_SOURCE_KNOWN;
	} else {
		find_source(req, &s, out);
	}
}

const char *
pd_content_kind_name(enum pd_content_kind kind)
{
	static const char *const names[] = {
		[PD_CONTENT_OTHER] = "other",
		[PD_CONTENT_DOCUMENT] = "document",
		[PD_CONTENT_PAGE] = "page",
		[PD_CONTENT_FRAME] = "frame",
		[PD_CONTENT_IMAGE] = "image",
		[PD_CONTENT_SCRIPT] = "script",
		[PD_CONTENT_STYLE] = "style",
		[PD_CONTENT_FONT] = "font",
		[PD_CONTENT_MEDIA] = "media",
		[PD_CONTENT_JSON] = "json",
		[PD_CONTENT_VAST] = "vast",
	};

	return names[kind];
}
