#include "filters/block/parse.h"

/*
 * Ziproxy skips in silence what does not begin with "http://"; here such lines
 * are reported, and "https://" is read.
 */

static bool
is_glob_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
	       c == '_' || c == '.' || c == '*';
}

/* Takes ":port" off the authority. -1: it is no port. */
static int
take_port(struct pd_str *authority, uint16_t *port)
{
	const char *bracket = memrchr(authority->p, ']', authority->n);
	const char *colon = memrchr(authority->p, ':', authority->n);
	struct pd_str digits;
	int64_t number;

	*port = 0;
	if (colon == NULL || (bracket != NULL && colon < bracket))
		return 0;
	digits = pd_str_of(
	    colon + 1, authority->n - (size_t)(colon + 1 - authority->p));
	authority->n = (size_t)(colon - authority->p);
	if (pd_str_eq(digits, PD_STR("*")))
		return 0;
	if (pd_str_u63(digits, &number) < 0 || number < 1 || number > 65535)
		return -1;
	*port = (uint16_t)number;
	return 0;
}

static const char *
read_host(struct pd_str host, char buf[PD_HOST_TEXT], struct pd_urls_rule *r)
{
	enum pd_host_form form;

	if (host.n == 0)
		return "no host";
	if (memchr(host.p, '*', host.n) == NULL) {
		form = pd_host_normal(host, buf, &r->host);
		r->address = form == PD_HOST_FORM_ADDRESS;
		return form == PD_HOST_FORM_BAD ? "no host name" : NULL;
	}
	if (host.n >= PD_HOST_TEXT)
		return "host too long";
	for (size_t i = 0; i < host.n; i++) {
		buf[i] = pd_lower(host.p[i]);
		if (!is_glob_byte(buf[i]))
			return "no host name";
	}
	r->host = pd_str_of(buf, host.n);
	r->address = false;
	return NULL;
}

/* What is wrong with the line, or NULL and all of r but line and list. */
static const char *
read_pattern(struct pd_str line, char buf[PD_HOST_TEXT], struct pd_urls_rule *r)
{
	struct pd_str rest, host, path;

	r->text = line;
	if (pd_str_casestarts(line, PD_STR("http://")))
		r->scheme = PD_SCHEME_HTTP;
	else if (pd_str_casestarts(line, PD_STR("https://")))
		r->scheme = PD_SCHEME_HTTPS;
	else
		return "does not begin with http:// or https://";
	rest = pd_str_of(line.p + (r->scheme == PD_SCHEME_HTTP ? 7 : 8),
	    line.n - (r->scheme == PD_SCHEME_HTTP ? 7 : 8));
	path = rest;
	host = pd_str_split(&path, '/');
	r->path = path.p == NULL ? PD_STR("/")
				 : pd_str_of(host.p + host.n, rest.n - host.n);
	for (size_t i = 0; i < rest.n; i++) {
		if ((unsigned char)rest.p[i] <= ' ' || rest.p[i] == 0x7f)
			return "a blank inside";
		if (rest.p[i] == '#')
			return "a fragment, which no request has";
	}
	if (host.n == 0 || memchr(host.p, '@', host.n) != NULL ||
	    take_port(&host, &r->port) < 0)
		return "no host or port";
	return read_host(host, buf, r);
}

int
pd_parse_ziproxy(
    struct pd_lines *l, struct pd_urls *urls, enum pd_urls_list list)
{
	char buf[PD_HOST_TEXT], shown[PD_LINES_SHOWN];
	struct pd_urls_rule r = { .list = list };
	struct pd_str line;
	const char *wrong;

	while (pd_lines_next(l, &line)) {
		line = pd_str_trim(line);
		if (line.n == 0 || line.p[0] == '#')
			continue;
		wrong = read_pattern(line, buf, &r);
		r.line = l->line;
		if (wrong != NULL)
			pd_lines_wrong(l, "\"%s\": %s; left out",
			    pd_lines_show(line, shown), wrong);
		else if (pd_urls_add(urls, &r) < 0)
			return -1;
	}
	return 0;
}
