/* What kind of thing a request asks for, so that a stand-in fits. */
#include "filters/block/block.h"

struct word_kind {
	const char *word;
	enum pd_content_kind kind;
};

#define WORD_KINDS(table) (table), sizeof(table) / sizeof((table)[0])

/* Fetch Standard, 2.2.6 (destinations), in the words of Sec-Fetch-Dest. */
static const struct word_kind destinations[] = {
	{ "document", PD_CONTENT_DOCUMENT },
	{ "iframe", PD_CONTENT_FRAME },
	{ "frame", PD_CONTENT_FRAME },
	{ "fencedframe", PD_CONTENT_FRAME },
	{ "object", PD_CONTENT_FRAME },
	{ "embed", PD_CONTENT_FRAME },
	{ "script", PD_CONTENT_SCRIPT },
	{ "worker", PD_CONTENT_SCRIPT },
	{ "sharedworker", PD_CONTENT_SCRIPT },
	{ "serviceworker", PD_CONTENT_SCRIPT },
	{ "audioworklet", PD_CONTENT_SCRIPT },
	{ "paintworklet", PD_CONTENT_SCRIPT },
	{ "style", PD_CONTENT_STYLE },
	{ "image", PD_CONTENT_IMAGE },
	{ "font", PD_CONTENT_FONT },
	{ "audio", PD_CONTENT_MEDIA },
	{ "video", PD_CONTENT_MEDIA },
	{ "track", PD_CONTENT_MEDIA },
	{ "json", PD_CONTENT_JSON },
	{ "manifest", PD_CONTENT_JSON },
	{ "report", PD_CONTENT_OTHER },
	{ "webidentity", PD_CONTENT_OTHER },
	{ "xslt", PD_CONTENT_OTHER },
};

static const struct word_kind extensions[] = {
	{ "js", PD_CONTENT_SCRIPT },
	{ "mjs", PD_CONTENT_SCRIPT },
	{ "css", PD_CONTENT_STYLE },
	{ "png", PD_CONTENT_IMAGE },
	{ "gif", PD_CONTENT_IMAGE },
	{ "jpg", PD_CONTENT_IMAGE },
	{ "jpeg", PD_CONTENT_IMAGE },
	{ "webp", PD_CONTENT_IMAGE },
	{ "avif", PD_CONTENT_IMAGE },
	{ "svg", PD_CONTENT_IMAGE },
	{ "ico", PD_CONTENT_IMAGE },
	{ "bmp", PD_CONTENT_IMAGE },
	{ "apng", PD_CONTENT_IMAGE },
	{ "woff", PD_CONTENT_FONT },
	{ "woff2", PD_CONTENT_FONT },
	{ "ttf", PD_CONTENT_FONT },
	{ "otf", PD_CONTENT_FONT },
	{ "eot", PD_CONTENT_FONT },
	{ "mp4", PD_CONTENT_MEDIA },
	{ "m4v", PD_CONTENT_MEDIA },
	{ "webm", PD_CONTENT_MEDIA },
	{ "mp3", PD_CONTENT_MEDIA },
	{ "m4a", PD_CONTENT_MEDIA },
	{ "m4s", PD_CONTENT_MEDIA },
	{ "ogg", PD_CONTENT_MEDIA },
	{ "ts", PD_CONTENT_MEDIA },
	{ "m3u8", PD_CONTENT_MEDIA },
	{ "mpd", PD_CONTENT_MEDIA },
	{ "json", PD_CONTENT_JSON },
	{ "html", PD_CONTENT_DOCUMENT },
	{ "htm", PD_CONTENT_DOCUMENT },
	{ "xhtml", PD_CONTENT_DOCUMENT },
	{ "swf", PD_CONTENT_OTHER },
	{ "xml", PD_CONTENT_OTHER },
	{ "txt", PD_CONTENT_OTHER },
};

static bool
find_word(const struct word_kind *v, size_t n, struct pd_str word,
    enum pd_content_kind *kind)
{
	for (size_t i = 0; i < n; i++) {
		if (pd_str_caseeq(word, pd_str_z(v[i].word))) {
			*kind = v[i].kind;
			return true;
		}
	}
	return false;
}

static bool
is_alnum(char c)
{
	c = pd_lower(c);
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
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
		while (end < s.n && s.p[end] >= '0' && s.p[end] <= '9')
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

/* The host of a Referer or Origin. */
static struct pd_str
host_of(struct pd_str url)
{
	struct pd_str scheme = pd_str_split(&url, ':'), host;

	(void)scheme;
	if (!pd_str_starts(url, PD_STR("//")))
		return PD_STR("");
	url = pd_str_of(url.p + 2, url.n - 2);
	host = pd_str_split(&url, '/');
	return pd_str_split(&host, ':');
}

/*
 * A page of its own or one inside another? Browsers say neither on plain http.
 * A typed or bookmarked address has no Referer; within a site navigation is
 * the rule; from another site an ad's frame is.
 */
static enum pd_content_kind
page_kind(const struct pd_request *req)
{
	struct pd_str referer = pd_fields_value(&req->fields, PD_FIELD_REFERER);

	if (referer.n == 0 ||
	    pd_str_caseeq(host_of(referer), req->url.authority.host))
		return PD_CONTENT_DOCUMENT;
	return PD_CONTENT_FRAME;
}

/* By the first type that Accept names. */
static bool
by_accept(const struct pd_request *req, enum pd_content_kind *kind)
{
	struct pd_str rest = pd_fields_value(&req->fields, PD_FIELD_ACCEPT);
	struct pd_str type;

	if (!pd_list_next(&rest, &type))
		return false;
	type = pd_str_trim(pd_str_split(&type, ';'));
	if (pd_str_caseeq(type, PD_STR("text/html")) ||
	    pd_str_caseeq(type, PD_STR("application/xhtml+xml")))
		*kind = page_kind(req);
	else if (pd_str_casestarts(type, PD_STR("image/")))
		*kind = PD_CONTENT_IMAGE;
	else if (pd_str_caseeq(type, PD_STR("text/css")))
		*kind = PD_CONTENT_STYLE;
	else if (pd_str_casestarts(type, PD_STR("font/")) ||
		 pd_str_casestarts(type, PD_STR("application/font")))
		*kind = PD_CONTENT_FONT;
	else if (pd_str_casestarts(type, PD_STR("video/")) ||
		 pd_str_casestarts(type, PD_STR("audio/")))
		*kind = PD_CONTENT_MEDIA;
	else if (pd_str_caseeq(type, PD_STR("application/json")))
		*kind = PD_CONTENT_JSON;
	else if (pd_str_caseeq(type, PD_STR("text/javascript")) ||
		 pd_str_caseeq(type, PD_STR("application/javascript")))
		*kind = PD_CONTENT_SCRIPT;
	else
		return false;
	return true;
}

/* Neither destination nor Accept told. */
static enum pd_content_kind
by_url(const struct pd_request *req, bool fetch)
{
	const struct pd_fields *fs = &req->fields;
	struct pd_str ext = extension(req->url.path);
	enum pd_content_kind kind;

	if (names_vast(req->url.path))
		return PD_CONTENT_VAST;
	if (ext.n > 0 && find_word(WORD_KINDS(extensions), ext, &kind))
		return kind;
	if (fetch || req->method != PD_METHOD_GET ||
	    pd_fields_find(fs, PD_FIELD_ORIGIN) != NULL)
		return PD_CONTENT_OTHER;
	/* A player asks for media with a range and takes anything. */
	if (pd_fields_find(fs, PD_FIELD_RANGE) != NULL)
		return PD_CONTENT_MEDIA;
	/* A script element sends Accept for anything and a Referer, and no
	 * more. */
	if (pd_fields_find(fs, PD_FIELD_REFERER) != NULL)
		return PD_CONTENT_SCRIPT;
	return PD_CONTENT_OTHER;
}

enum pd_content_kind
pd_block_kind(const struct pd_request *req)
{
	struct pd_str dest =
	    pd_fields_value(&req->fields, PD_FIELD_SEC_FETCH_DEST);
	bool fetch = pd_str_caseeq(dest, PD_STR("empty"));
	enum pd_content_kind kind;

	if (req->method == PD_METHOD_CONNECT ||
	    req->method == PD_METHOD_OPTIONS)
		return PD_CONTENT_OTHER;
	if (dest.n > 0 && find_word(WORD_KINDS(destinations), dest, &kind))
		return kind;
	if (by_accept(req, &kind))
		return kind;
	return by_url(req, fetch);
}

const char *
pd_content_kind_name(enum pd_content_kind kind)
{
	static const char *const names[] = {
		[PD_CONTENT_OTHER] = "other",
		[PD_CONTENT_DOCUMENT] = "document",
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
