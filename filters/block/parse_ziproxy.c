/*
 * Ziproxy's lists: whole URLs with '*'. Ziproxy skips in silence what does not
 * begin with "http://"; here such lines are reported, and "https://" is read.
 *
 * Host and path are matched apart, a pattern without a port is for any:
 *     http://a.example/b*.gif   |http://a.example/b*.gif| and, for other ports,
 *                               ^http://a\.example:\d+/b.*\.gif$
 * Any path is "|http://a.example^" alone; "*." and a name have to=name, so that
 * the star stays in the host; other stars in a host make an expression.
 */
#include "filters/block/parse.h"

#include <stdio.h>

#include "filters/block/regex.h"

struct url {
	enum { HTTP, HTTPS } scheme;
	struct pd_str host; /* lower case, may hold '*'; brackets taken off */
	struct pd_str path; /* with '*'; at least "/" */
	uint16_t port;      /* 0: any */
	bool address;       /* host is an address literal */
};

struct text {
	char p[PD_REGEX_LEN_MAX];
	size_t n;
	bool full;
};

/* ---- reading a line ---------------------------------------------------- */

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
read_host(struct pd_str host, char buf[PD_HOST_TEXT], struct url *u)
{
	enum pd_host_form form;

	if (host.n == 0)
		return "no host";
	if (memchr(host.p, '*', host.n) == NULL) {
		form = pd_host_normal(host, buf, &u->host);
		u->address = form == PD_HOST_FORM_ADDRESS;
		return form == PD_HOST_FORM_BAD ? "no host name" : NULL;
	}
	if (host.n >= PD_HOST_TEXT)
		return "host too long";
	for (size_t i = 0; i < host.n; i++) {
		buf[i] = pd_lower(host.p[i]);
		if (!is_glob_byte(buf[i]))
			return "no host name";
	}
	u->host = pd_str_of(buf, host.n);
	u->address = false;
	return NULL;
}

/* What is wrong with the line, or NULL and all of u. */
static const char *
read_url(struct pd_str line, char buf[PD_HOST_TEXT], struct url *u)
{
	struct pd_str rest, host, path;

	if (pd_str_casestarts(line, PD_STR("http://")))
		u->scheme = HTTP;
	else if (pd_str_casestarts(line, PD_STR("https://")))
		u->scheme = HTTPS;
	else
		return "does not begin with http:// or https://";
	rest = pd_str_of(line.p + (u->scheme == HTTP ? 7 : 8),
	    line.n - (u->scheme == HTTP ? 7 : 8));
	path = rest;
	host = pd_str_split(&path, '/');
	u->path = path.p == NULL ? PD_STR("/")
				 : pd_str_of(host.p + host.n, rest.n - host.n);
	for (size_t i = 0; i < rest.n; i++) {
		if ((unsigned char)rest.p[i] <= ' ' || rest.p[i] == 0x7f)
			return "a blank inside";
		if (rest.p[i] == '#')
			return "a fragment, which no request has";
	}
	if (host.n == 0 || memchr(host.p, '@', host.n) != NULL ||
	    take_port(&host, &u->port) < 0)
		return "no host or port";
	return read_host(host, buf, u);
}

/* ---- writing rules ----------------------------------------------------- */

/* Not cleared: it is large. */
static void
begin(struct text *t)
{
	t->n = 0;
	t->full = false;
}

static void
add(struct text *t, struct pd_str s)
{
	if (s.n > sizeof(t->p) - t->n) {
		t->full = true;
		return;
	}
	if (s.n > 0)
		memcpy(t->p + t->n, s.p, s.n);
	t->n += s.n;
}

/* As an expression: '*' becomes star, all else is itself. */
static void
add_quoted(struct text *t, struct pd_str s, struct pd_str star)
{
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '*') {
			/* "**" says no more than "*". */
			if (i == 0 || s.p[i - 1] != '*')
				add(t, star);
			continue;
		}
		if (memchr("\\^$.|?+()[]{}", s.p[i], 13) != NULL)
			add(t, PD_STR("\\"));
		add(t, pd_str_of(s.p + i, 1));
	}
}

static bool
has_star(struct pd_str s)
{
	return s.n > 0 && memchr(s.p, '*', s.n) != NULL;
}

/* Whether the path is any: a slash and a star. */
static bool
is_any(struct pd_str path)
{
	for (size_t i = 1; i < path.n; i++) {
		if (path.p[i] != '*')
			return false;
	}
	return path.n > 1;
}

/* The name of "*.name"; empty when the host is no such thing. */
static struct pd_str
below_of(struct pd_str host)
{
	struct pd_str name;

	if (!pd_str_starts(host, PD_STR("*.")))
		return PD_STR("");
	name = pd_str_of(host.p + 2, host.n - 2);
	return has_star(name) || pd_str_starts(name, PD_STR(".")) ? PD_STR("")
								  : name;
}

static struct pd_str
scheme_text(const struct url *u)
{
	return u->scheme == HTTP ? PD_STR("http://") : PD_STR("https://");
}

static uint16_t
own_port(const struct url *u)
{
	return u->scheme == HTTP ? 80 : 443;
}

/* Port 0 is left out, as is the scheme's own. */
static void
add_origin(struct text *t, const struct url *u)
{
	char digits[8];
	bool brackets = u->address && memchr(u->host.p, ':', u->host.n) != NULL;

	add(t, scheme_text(u));
	if (brackets)
		add(t, PD_STR("["));
	add(t, u->host);
	if (brackets)
		add(t, PD_STR("]"));
	if (u->port != 0 && u->port != own_port(u)) {
		snprintf(digits, sizeof(digits), ":%u", u->port);
		add(t, pd_str_z(digits));
	}
}

static int
put(const struct pd_rule_sink *sink, struct pd_rule *r, const struct text *t)
{
	if (t->full)
		return sink->skip(
		    sink->arg, PD_SKIP_TOO_LONG, PD_STR(""), r->text, r->line);
	r->pattern = pd_str_of(t->p, t->n);
	return sink->rule(sink->arg, r);
}

static int
put_pattern(const struct pd_rule_sink *sink, const struct pd_rule *model,
    const struct url *u)
{
	struct text t;
	struct pd_rule_domain below = { .name = below_of(u->host) };
	struct pd_rule r = *model;

	begin(&t);
	r.shape = PD_RULE_PATTERN;
	r.start_anchor = true;
	if (below.name.n > 0)
		r.to = (struct pd_rule_domains){ .v = &below, .n = 1 };
	add_origin(&t, u);
	if (is_any(u->path)) {
		/* ':' or '/' follows the host: any port, any path. */
		add(&t, u->port != 0 ? PD_STR("/") : PD_STR("^"));
	} else {
		add(&t, u->path);
		r.end_anchor = u->path.p[u->path.n - 1] != '*';
		while (!r.end_anchor && t.p[t.n - 1] == '*')
			t.n--;
	}
	return put(sink, &r, &t);
}

/* other: only where the URL says a port. */
static int
put_regex(const struct pd_rule_sink *sink, const struct pd_rule *model,
    const struct url *u, bool other)
{
	struct text t;
	struct pd_rule r = *model;
	char digits[8];

	begin(&t);
	r.shape = PD_RULE_REGEX;
	add(&t, PD_STR("^"));
	add(&t, scheme_text(u));
	if (u->address && memchr(u->host.p, ':', u->host.n) != NULL) {
		add(&t, PD_STR("\\["));
		add_quoted(&t, u->host, PD_STR(""));
		add(&t, PD_STR("\\]"));
	} else {
		add_quoted(&t, u->host, PD_STR("[^/:]*"));
	}
	if (u->port == 0) {
		add(&t, other ? PD_STR(":\\d+") : PD_STR("(?::\\d+)?"));
	} else if (u->port != own_port(u)) {
		snprintf(digits, sizeof(digits), ":%u", u->port);
		add(&t, pd_str_z(digits));
	}
	add_quoted(&t, u->path, PD_STR(".*"));
	add(&t, PD_STR("$"));
	return put(sink, &r, &t);
}

static int
put_url(const struct pd_rule_sink *sink, const struct pd_rule *model,
    const struct url *u)
{
	/* A star among the host's labels must not leave the host, and '^' is
	 * more than itself in a pattern. */
	if ((has_star(u->host) && below_of(u->host).n == 0) ||
	    memchr(u->path.p, '^', u->path.n) != NULL)
		return put_regex(sink, model, u, false);
	if (put_pattern(sink, model, u) < 0)
		return -1;
	if (u->port != 0 || is_any(u->path))
		return 0;
	return put_regex(sink, model, u, true);
}

int
pd_parse_ziproxy(struct pd_lines *l, const struct pd_parse_params *p,
    const struct pd_rule_sink *sink)
{
	char buf[PD_HOST_TEXT];
	struct pd_parse_wrong wrong = { .skip = PD_SKIP_SYNTAX };
	struct url u;
	struct pd_str line;
	struct pd_rule model = {
		.action = p->action,
		.types = PD_TYPE_ALL,
		.party = PD_PARTY_BOTH,
		.match_case = true,
		.explicit_types = true,
	};
	int result;

	while (pd_lines_next(l, &line)) {
		line = pd_str_trim(line);
		if (line.n == 0 || line.p[0] == '#')
			continue;
		wrong.text = line;
		wrong.why = read_url(line, buf, &u);
		model.text = line;
		model.line = l->line;
		result = wrong.why != NULL ? pd_parse_leave(l, sink, &wrong)
					   : put_url(sink, &model, &u);
		if (result < 0)
			return -1;
	}
	return 0;
}
