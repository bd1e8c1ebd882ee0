/*
 * Privoxy's action files: sections "{+block{reason} -filter ...}" and, below
 * each, the patterns it is for. Only block is acted on: a pattern of a section
 * that says nothing of it has no effect here.
 *
 * A later section wins over an earlier one, for both ways: the rules are
 * ordered, and -block is an exception.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "filters/block/parse.h"
#include "filters/block/privoxy_host.h"
#include "filters/block/regex.h"

#define HOST_REGEX  PD_STR("PCRE-HOST-PATTERN:")
#define ALIASES_MAX 1000
#define PORTS_TEXT  128 /* bytes of "80,8000-9000" */
#define PORT_MAX    65535

/* What a section, an alias or an action says of block. */
enum says { SAYS_NOTHING, SAYS_BLOCK, SAYS_PASS };

struct alias {
	struct pd_str name;
	enum says says;
	struct alias *next;
};

struct actions {
	struct pd_lines *l;
	const struct pd_parse_params *params;
	const struct pd_rule_sink *sink;
	struct pd_arena *arena; /* of the aliases */
	struct alias *aliases;
	unsigned naliases;
	char *joined; /* a line that goes on behind a backslash */
	size_t joined_n, joined_cap;
	enum {
		AT_PATTERNS,
		AT_ALIASES,
		AT_SETTINGS, /* and other "{{...}}" that is only skipped */
	} at;
	enum says says;
	bool begun; /* a section has begun */
};

/* ---- lines ------------------------------------------------------------- */

static void
join(struct actions *a, struct pd_str s)
{
	if (a->joined_cap - a->joined_n < s.n) {
		a->joined_cap = (a->joined_n + s.n) * 2;
		a->joined = pd_xrealloc(a->joined, a->joined_cap);
	}
	if (s.n > 0)
		memcpy(a->joined + a->joined_n, s.p, s.n);
	a->joined_n += s.n;
}

/* Copies up to a comment; "\#" is a '#'. Whether the line goes on. */
static bool
join_line(struct actions *a, struct pd_str s)
{
	size_t from = 0;

	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '#') {
			join(a, pd_str_of(s.p + from, i - from));
			return false;
		}
		if (s.p[i] != '\\')
			continue;
		if (i + 1 == s.n) {
			join(a, pd_str_of(s.p + from, i - from));
			return true;
		}
		if (s.p[i + 1] == '#') {
			join(a, pd_str_of(s.p + from, i - from));
			from = i + 1;
		}
		i++;
	}
	join(a, pd_str_of(s.p + from, s.n - from));
	return false;
}

/* The next line that says something; the whole of it, when it goes on. */
static bool
next_line(struct actions *a, struct pd_str *out)
{
	struct pd_str line;
	bool more;

	while (pd_lines_next(a->l, &line)) {
		line = pd_str_trim(line);
		if (line.n == 0 || line.p[0] == '#')
			continue;
		if (memchr(line.p, '#', line.n) == NULL &&
		    line.p[line.n - 1] != '\\') {
			*out = line;
			return true;
		}
		a->joined_n = 0;
		more = join_line(a, line);
		while (more && a->joined_n < PD_LINE_LEN_MAX &&
		       pd_lines_next(a->l, &line))
			more = join_line(a, pd_str_trim(line));
		*out = pd_str_trim(pd_str_of(a->joined, a->joined_n));
		if (out->n > 0)
			return true;
	}
	return false;
}

static int
leave(struct actions *a, enum pd_rule_skip skip, struct pd_str what,
    struct pd_str text, const char *why)
{
	struct pd_parse_wrong wrong = {
		.skip = skip,
		.what = what,
		.text = text,
		.why = why,
	};

	return pd_parse_leave(a->l, a->sink, &wrong);
}

/* ---- actions and aliases ----------------------------------------------- */

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* The next action of *rest: name and "{parameter}", which may hold blanks. */
static struct pd_str
take_action(struct pd_str *rest)
{
	struct pd_str s = pd_str_trim(*rest);
	size_t n = 0;

	while (n < s.n && !is_blank(s.p[n]) && s.p[n] != '{')
		n++;
	if (n < s.n && s.p[n] == '{') {
		/* Ends at the first brace with nothing but a blank behind it:
		 * parameters are expressions, and have braces too. */
		while (n < s.n && !(s.p[n] == '}' &&
				      (n + 1 == s.n || is_blank(s.p[n + 1]))))
			n++;
		n += n < s.n;
	}
	*rest = pd_str_of(s.p + n, s.n - n);
	return pd_str_of(s.p, n);
}

static const struct alias *
find_alias(const struct actions *a, struct pd_str name)
{
	for (const struct alias *i = a->aliases; i != NULL; i = i->next) {
		if (pd_str_caseeq(i->name, name))
			return i;
	}
	return NULL;
}

/* Of several the last one counts. */
static enum says
read_actions(const struct actions *a, struct pd_str s)
{
	enum says says = SAYS_NOTHING;

	for (;;) {
		struct pd_str action = take_action(&s), name = action;
		const struct alias *alias;

		if (action.n == 0)
			return says;
		alias = find_alias(a, action);
		name = pd_str_split(&name, '{');
		if (alias != NULL)
			says = alias->says != SAYS_NOTHING ? alias->says : says;
		else if (pd_str_caseeq(name, PD_STR("+block")))
			says = SAYS_BLOCK;
		else if (pd_str_caseeq(name, PD_STR("-block")))
			says = SAYS_PASS;
	}
}

/* "name = actions" */
static int
define_alias(struct actions *a, struct pd_str line)
{
	struct pd_str actions = line, name;
	struct alias *alias;

	name = pd_str_trim(pd_str_split(&actions, '='));
	if (actions.p == NULL || name.n == 0)
		return leave(a, PD_SKIP_SYNTAX, PD_STR(""), line,
		    "no alias \"name = actions\"");
	if (a->naliases >= ALIASES_MAX)
		return leave(a, PD_SKIP_TOO_LONG, PD_STR(""), line,
		    "one alias too many");
	alias = pd_arena_zalloc(a->arena, sizeof(*alias));
	alias->name = pd_arena_str(a->arena, name);
	alias->says = read_actions(a, actions);
	/* The one defined last is found first, as Privoxy does it. */
	alias->next = a->aliases;
	a->aliases = alias;
	a->naliases++;
	return 0;
}

static int
begin_section(struct actions *a, struct pd_str line)
{
	a->begun = true;
	if (pd_str_starts(line, PD_STR("{{"))) {
		a->at = pd_str_casestarts(line, PD_STR("{{alias}}"))
			    ? AT_ALIASES
			    : AT_SETTINGS;
		return 0;
	}
	a->at = AT_PATTERNS;
	a->says = SAYS_NOTHING;
	if (line.p[line.n - 1] != '}' || line.n < 2)
		return leave(a, PD_SKIP_SYNTAX, PD_STR(""), line,
		    "actions without \"}\" at the end; patterns below them "
		    "have none");
	a->says = read_actions(a, pd_str_of(line.p + 1, line.n - 2));
	return 0;
}

/* ---- patterns ---------------------------------------------------------- */

struct pattern {
	struct pd_str host, port, path;
	char host_text[PD_HOST_TEXT], port_text[PORTS_TEXT];
};

static bool
is_host_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
	       c == '_' || c == '.' || c == '*' || c == '?' ||
	       (unsigned char)c >= 0x80;
}

/* Checks "[a-z0-9]" at s[*at] and leaves *at on its end. */
static bool
check_class(struct pd_str s, size_t *at)
{
	size_t from = ++*at;

	while (*at < s.n && s.p[*at] != ']') {
		if (!is_host_byte(s.p[*at]) || s.p[*at] == '.')
			return false;
		++*at;
	}
	return *at<s.n && * at> from;
}

/* Lower case, in buf. NULL, or what is wrong. */
static const char *
read_host(struct pd_str s, bool v6, char buf[PD_HOST_TEXT], struct pd_str *out)
{
	if (s.n >= PD_HOST_TEXT)
		return "host too long";
	for (size_t i = 0; i < s.n; i++)
		buf[i] = pd_lower(s.p[i]);
	*out = s = pd_str_of(buf, s.n);
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '['
			? !check_class(s, &i)
			: !is_host_byte(s.p[i]) && !(v6 && s.p[i] == ':'))
			return "not a host pattern";
	}
	return NULL;
}

/* One end of a range, which may be left open. -1: it is no port. */
static int
read_port(struct pd_str s, int64_t open, int64_t *port)
{
	*port = open;
	if (s.n == 0)
		return 0;
	return pd_str_u63(s, port) < 0 || *port > PORT_MAX ? -1 : 0;
}

/* "80", "8000-9000,80", "1-"; *out in buf, with both ends. */
static bool
read_ports(struct pd_str s, char buf[PORTS_TEXT], struct pd_str *out)
{
	size_t n = 0;

	if (s.n == 0)
		return false;
	while (s.p != NULL) {
		struct pd_str hi = pd_str_split(&s, ','), lo;
		int64_t from, to;

		lo = pd_str_split(&hi, '-');
		if (hi.p == NULL)
			hi = lo;
		if (lo.n + hi.n == 0 || read_port(lo, 0, &from) < 0 ||
		    read_port(hi, PORT_MAX, &to) < 0 || to < from ||
		    PORTS_TEXT - n < sizeof(",65535-65535"))
			return false;
		n += (size_t)snprintf(buf + n, PORTS_TEXT - n,
		    from == to ? "%s%" PRId64 : "%s%" PRId64 "-%" PRId64,
		    n > 0 ? "," : "", from, to);
	}
	*out = pd_str_of(buf, n);
	return true;
}

/* host[:port][/path]; an IPv6 address stands in "<>", with brackets or not. */
static const char *
read_pattern(struct pd_str s, struct pattern *p)
{
	struct pd_str path = s, port, host = pd_str_split(&path, '/');
	const char *end = s.p[0] == '<' ? memchr(host.p, '>', host.n) : NULL;
	bool v6 = end != NULL;

	p->path = p->port = PD_STR("");
	/* "/" alone is any path. */
	if (path.p != NULL && path.n > 0)
		p->path = pd_str_of(path.p - 1, path.n + 1);
	port = host;
	if (v6) {
		port = pd_str_of(end + 1, host.n - (size_t)(end + 1 - host.p));
		host = pd_str_of(host.p + 1, (size_t)(end - host.p) - 1);
		if (port.n > 0 && port.p[0] != ':')
			return "not a host pattern";
		if (host.n > 2 && host.p[0] == '[' &&
		    host.p[host.n - 1] == ']' &&
		    memrchr(host.p, '[', host.n) == host.p)
			host = pd_str_of(host.p + 1, host.n - 2);
		(void)pd_str_split(&port, ':');
	} else {
		host = pd_str_split(&port, ':');
	}
	if (port.p != NULL) {
		if (!read_ports(port, p->port_text, &p->port))
			return "not a port";
	}
	return read_host(host, v6, p->host_text, &p->host);
}

/* Patterns on tags, which nothing here sets. */
static bool
is_other_kind(struct pd_str line, struct pd_str *kind)
{
	static const struct pd_str kinds[] = { PD_STR("TAG:"),
		PD_STR("CLIENT-TAG:"), PD_STR("NO-REQUEST-TAG:"),
		PD_STR("NO-RESPONSE-TAG:"), PD_STR("NO-CLIENT-TAG:") };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (pd_str_casestarts(line, kinds[i])) {
			*kind = kinds[i];
			return true;
		}
	}
	return false;
}

/* All but what it matches. */
static struct pd_rule
rule_of(const struct actions *a, struct pd_str text)
{
	return (struct pd_rule){
		.action = a->params->action,
		.text = text,
		.line = a->l->line,
		.exception = a->says == SAYS_PASS,
		.ordered = true,
		.explicit_types = true,
		.types = PD_TYPE_ALL,
		.party = PD_PARTY_BOTH,
	};
}

static int
put_pattern(struct actions *a, struct pd_str line)
{
	char why_buf[128];
	struct pattern p;
	const char *why = read_pattern(line, &p);
	struct pd_rule r = rule_of(a, line);

	if (why != NULL)
		return leave(a, PD_SKIP_PATTERN, PD_STR(""), line, why);
	why = pd_regex_check(
	    p.path, PD_REGEX_NOCASE | PD_REGEX_ANCHORED, why_buf);
	if (why != NULL)
		return leave(a, PD_SKIP_REGEX, pd_str_z(why), line, why);
	r.shape = PD_RULE_ACTION_FILE;
	r.pattern = p.host;
	r.port = p.port;
	r.path_regex = p.path;
	return a->sink->rule(a->sink->arg, &r);
}

/* "PCRE-HOST-PATTERN:host[/path]", both of them expressions. */
static int
put_host_regex(struct actions *a, struct pd_str line)
{
	char text[PD_REGEX_LEN_MAX], why_buf[128];
	struct pd_str s =
	    pd_str_of(line.p + HOST_REGEX.n, line.n - HOST_REGEX.n);
	struct pd_rule r = rule_of(a, line);
	const char *why;

	r.shape = PD_RULE_REGEX;
	r.pattern = pd_privoxy_host_regex(s, text);
	if (r.pattern.n == 0)
		return leave(a, PD_SKIP_OPTION_UNSUPPORTED, HOST_REGEX, line,
		    "this expression is not taken apart into host and path");
	why = pd_regex_check(r.pattern, PD_REGEX_NOCASE, why_buf);
	if (why != NULL)
		return leave(a, PD_SKIP_REGEX, pd_str_z(why), line, why);
	return a->sink->rule(a->sink->arg, &r);
}

static int
read_pattern_line(struct actions *a, struct pd_str line)
{
	struct pd_str kind;

	if (!a->begun)
		return leave(a, PD_SKIP_SYNTAX, PD_STR(""), line,
		    "a pattern before any actions");
	if (a->says == SAYS_NOTHING)
		return a->sink->skip(a->sink->arg, PD_SKIP_NO_EFFECT,
		    PD_STR(""), line, a->l->line);
	if (is_other_kind(line, &kind))
		return leave(a, PD_SKIP_OPTION_UNSUPPORTED, kind, line,
		    "patterns of this kind are not applied");
	if (pd_str_casestarts(line, HOST_REGEX))
		return put_host_regex(a, line);
	return put_pattern(a, line);
}

/* ------------------------------------------------------------------------ */

static int
read_line(struct actions *a, struct pd_str line)
{
	if (line.p[0] == '{')
		return begin_section(a, line);
	switch (a->at) {
	case AT_ALIASES:
		return define_alias(a, line);
	case AT_SETTINGS:
		return 0;
	case AT_PATTERNS:
		break;
	}
	return read_pattern_line(a, line);
}

int
pd_parse_privoxy(struct pd_lines *l, const struct pd_parse_params *p,
    const struct pd_rule_sink *sink)
{
	struct actions a = {
		.l = l,
		.params = p,
		.sink = sink,
		.arena = pd_arena_create(),
	};
	struct pd_str line;
	int result = 0;

	while (result == 0 && next_line(&a, &line))
		result = read_line(&a, line);
	free(a.joined);
	pd_arena_destroy(a.arena);
	return result;
}
