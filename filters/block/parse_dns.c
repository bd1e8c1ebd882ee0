/*
 * What name servers are given to block: lines of dnsmasq's and unbound's
 * configuration, and response policy zones (RPZ). Each line tells what it is,
 * so that files may be joined.
 *
 * What such a line says of a name it says of all that is below it, except a
 * policy zone's "name CNAME .", which has "*.name" for that.
 */
#include "filters/block/parse.h"

#define PENDING_TEXT 512

struct dns {
	struct pd_lines *l;
	const struct pd_rule_sink *sink;
	struct pd_str line;
	/*
	 * unbound's 'local-zone: "name" redirect' answers with the local-data
	 * that follows: whether it blocks is known one line later.
	 */
	bool pending;
	uint32_t pending_line;
	char text[PENDING_TEXT];
	size_t text_n;
	/* The redirected zone, also while its further data are read. */
	char zone[PD_HOST_TEXT];
	size_t zone_n;
	bool zone_put; /* its rule was made, or is known not to be one */
	/* Of a policy zone. */
	char origin[PD_HOST_TEXT];
	size_t origin_n;
	bool group; /* inside "( ... )" of a SOA */
};

static int
leave(
    struct dns *d, enum pd_rule_skip skip, struct pd_str what, const char *why)
{
	struct pd_parse_wrong wrong = {
		.skip = skip,
		.what = what,
		.text = d->line,
		.why = why,
	};

	return pd_parse_leave(d->l, d->sink, &wrong);
}

/* Nothing is wrong with it; it blocks nothing here. */
static int
pass_over(struct dns *d, struct pd_str what)
{
	return d->sink->skip(
	    d->sink->arg, PD_SKIP_NO_EFFECT, what, d->line, d->l->line);
}

static int
put(struct dns *d, struct pd_str name, bool below, bool exception)
{
	char buf[PD_HOST_TEXT];
	struct pd_parse_host h = {
		.text = d->line,
		.line = d->l->line,
		.below = below,
		.exception = exception,
	};

	if (pd_str_starts(name, PD_STR("*."))) {
		name = pd_str_of(name.p + 2, name.n - 2);
		h.below = true;
	} else if (name.n > 1 && name.p[0] == '.') {
		name = pd_str_of(name.p + 1, name.n - 1);
	}
	h.form = pd_host_normal(name, buf, &h.host);
	if (h.form == PD_HOST_FORM_BAD)
		return leave(d, PD_SKIP_HOST, name, "no host name");
	return pd_parse_put_host(d->sink, &h);
}

/* An address that leads nowhere: 0.0.0.0, 127.0.0.1, :: and such. */
static bool
leads_nowhere(struct pd_str s)
{
	struct pd_addr addr;
	enum pd_addr_kind kind;

	if (pd_addr_parse_lax(s, &addr) < 0 && pd_addr_parse(s, &addr) < 0)
		return false;
	kind = pd_addr_kind(&addr);
	return kind == PD_ADDR_UNSPECIFIED || kind == PD_ADDR_LOOPBACK;
}

/* ---- dnsmasq ----------------------------------------------------------- */

static bool
is_dnsmasq(struct pd_str line)
{
	return pd_str_casestarts(line, PD_STR("address=/")) ||
	       pd_str_casestarts(line, PD_STR("server=/")) ||
	       pd_str_casestarts(line, PD_STR("local=/"));
}

/* "address=/a.example/b.example/0.0.0.0", "local=/a.example/". */
static int
read_dnsmasq(struct dns *d)
{
	const char *equals = memchr(d->line.p, '=', d->line.n);
	const char *slash = memrchr(d->line.p, '/', d->line.n);
	bool address = pd_lower(d->line.p[0]) == 'a', exception = false;
	struct pd_str names, value;

	value = pd_str_trim(
	    pd_str_of(slash + 1, d->line.n - (size_t)(slash + 1 - d->line.p)));
	if (slash == equals + 1)
		return leave(
		    d, PD_SKIP_SYNTAX, PD_STR(""), "no \"/\" behind the name");
	names = pd_str_of(equals + 2, (size_t)(slash - (equals + 2)));
	if (address) {
		if (value.n > 0 && !pd_str_eq(value, PD_STR("#")) &&
		    !leads_nowhere(value))
			return pass_over(d, PD_STR("address"));
	} else if (value.n > 0) {
		/* "#": this name is asked for as any other is. */
		exception = pd_str_eq(value, PD_STR("#"));
		if (!exception)
			return pass_over(d, PD_STR("server"));
	}
	while (names.p != NULL) {
		struct pd_str name = pd_str_split(&names, '/');

		if (put(d, name, true, exception) < 0)
			return -1;
	}
	return 0;
}

/* ---- unbound ----------------------------------------------------------- */

/* A word that may stand in quotes of either kind, taken off. */
static struct pd_str
take_quoted(struct pd_str *rest)
{
	const char *end;
	char quote;
	struct pd_str word;

	*rest = pd_str_trim(*rest);
	if (rest->n == 0 || (rest->p[0] != '"' && rest->p[0] != '\''))
		return pd_lines_word(rest);
	quote = rest->p[0];
	end = memchr(rest->p + 1, quote, rest->n - 1);
	if (end == NULL)
		return pd_lines_word(rest);
	word = pd_str_of(rest->p + 1, (size_t)(end - rest->p) - 1);
	*rest = pd_str_of(end + 1, rest->n - (size_t)(end + 1 - rest->p));
	return word;
}

static bool
is_zone(const struct dns *d, struct pd_str name)
{
	char buf[PD_HOST_TEXT];
	struct pd_str host;

	return d->zone_n > 0 &&
	       pd_host_normal(name, buf, &host) != PD_HOST_FORM_BAD &&
	       pd_str_eq(host, pd_str_of(d->zone, d->zone_n));
}

/* A redirected zone without data of its own answers with nothing: blocked. */
static int
settle(struct dns *d)
{
	struct pd_parse_host h = {
		.text = pd_str_of(d->text, d->text_n),
		.host = pd_str_of(d->zone, d->zone_n),
		.line = d->pending_line,
		.form = PD_HOST_FORM_NAME,
		.below = true,
	};

	if (!d->pending)
		return 0;
	d->pending = false;
	d->zone_put = true;
	return pd_parse_put_host(d->sink, &h);
}

static int
redirect_zone(struct dns *d, struct pd_str name)
{
	char buf[PD_HOST_TEXT];
	struct pd_str host;
	enum pd_host_form form = pd_host_normal(name, buf, &host);

	if (form != PD_HOST_FORM_NAME || d->line.n > sizeof(d->text))
		return put(d, name, true, false);
	memcpy(d->zone, host.p, host.n);
	d->zone_n = host.n;
	d->zone_put = false;
	memcpy(d->text, d->line.p, d->line.n);
	d->text_n = d->line.n;
	d->pending_line = d->l->line;
	d->pending = true;
	return 0;
}

static int
read_zone(struct dns *d, struct pd_str rest)
{
	static const struct pd_str blocking[] = { PD_STR("deny"),
		PD_STR("refuse"), PD_STR("static"), PD_STR("always_refuse"),
		PD_STR("always_nxdomain"), PD_STR("always_nodata"),
		PD_STR("always_deny"), PD_STR("always_null"),
		PD_STR("inform_deny") };
	static const struct pd_str passing[] = { PD_STR("transparent"),
		PD_STR("always_transparent"), PD_STR("typetransparent") };
	struct pd_str name = take_quoted(&rest), type = take_quoted(&rest);

	if (name.n == 0 || type.n == 0)
		return leave(d, PD_SKIP_SYNTAX, PD_STR(""), "no name and type");
	if (pd_str_eq(type, PD_STR("redirect")) ||
	    pd_str_eq(type, PD_STR("inform_redirect")))
		return redirect_zone(d, name);
	for (size_t i = 0; i < sizeof(blocking) / sizeof(blocking[0]); i++) {
		if (pd_str_eq(type, blocking[i]))
			return put(d, name, true, false);
	}
	for (size_t i = 0; i < sizeof(passing) / sizeof(passing[0]); i++) {
		if (pd_str_eq(type, passing[i]))
			return put(d, name, true, true);
	}
	return pass_over(d, type);
}

/* Skips a TTL and a class. */
static struct pd_str
take_type(struct pd_str *rest)
{
	struct pd_str word = pd_lines_word(rest);
	int64_t ttl;

	if (pd_str_u63(word, &ttl) == 0)
		word = pd_lines_word(rest);
	if (pd_str_caseeq(word, PD_STR("IN")))
		word = pd_lines_word(rest);
	if (pd_str_u63(word, &ttl) == 0)
		word = pd_lines_word(rest);
	return word;
}

static bool
is_address_type(struct pd_str type)
{
	return pd_str_caseeq(type, PD_STR("A")) ||
	       pd_str_caseeq(type, PD_STR("AAAA"));
}

/* local-data: "name A 0.0.0.0" */
static int
read_data(struct dns *d, struct pd_str rest)
{
	struct pd_str data = take_quoted(&rest), name, type;
	bool zone, nowhere;

	name = pd_lines_word(&data);
	type = take_type(&data);
	zone = is_zone(d, name);
	nowhere = is_address_type(type) && leads_nowhere(pd_lines_word(&data));
	if (zone && d->pending) {
		if (nowhere)
			return settle(d);
		d->pending = false;
		d->zone_put = true;
		return pass_over(d, PD_STR("redirect"));
	}
	if (settle(d) < 0)
		return -1;
	/* The second of a pair: A and AAAA. */
	if (zone && d->zone_put)
		return 0;
	return nowhere ? put(d, name, false, false) : pass_over(d, type);
}

static bool
is_unbound(struct pd_str line)
{
	const char *colon = memchr(line.p, ':', line.n);

	/* "server:", "local-zone:", "do-ip6:"; no name has such a colon. */
	for (size_t i = 0; colon != NULL && line.p + i < colon; i++) {
		if (!(pd_lower(line.p[i]) >= 'a' &&
			pd_lower(line.p[i]) <= 'z') &&
		    line.p[i] != '-' && (line.p[i] < '0' || line.p[i] > '9'))
			return false;
	}
	return colon != NULL && colon > line.p;
}

static int
read_unbound(struct dns *d)
{
	struct pd_str rest = d->line, key = pd_str_split(&rest, ':');

	if (pd_str_caseeq(key, PD_STR("local-data")))
		return read_data(d, rest);
	if (settle(d) < 0)
		return -1;
	if (pd_str_caseeq(key, PD_STR("local-zone")))
		return read_zone(d, rest);
	/* The head of a clause, or a setting. */
	return pd_str_caseeq(key, PD_STR("server")) ? 0 : pass_over(d, key);
}

/* ---- policy zones ------------------------------------------------------ */

/* Without the zone's own name at its end, when it is written in full. */
static struct pd_str
take_origin_off(const struct dns *d, struct pd_str name)
{
	struct pd_str origin = pd_str_of(d->origin, d->origin_n);

	if (name.n < 2 || name.p[name.n - 1] != '.')
		return name;
	name.n--;
	if (origin.n > 0 && name.n > origin.n + 1 &&
	    pd_str_caseends(name, origin) &&
	    name.p[name.n - origin.n - 1] == '.')
		name.n -= origin.n + 1;
	return name;
}

static void
set_origin(struct dns *d, struct pd_str rest)
{
	struct pd_str word = pd_lines_word(&rest), host;

	if (pd_host_normal(word, d->origin, &host) >= PD_HOST_FORM_LABEL)
		d->origin_n = host.n;
	else
		d->origin_n = 0;
}

/* Triggers that look at answers and at who asks, not at names. */
static bool
is_other_trigger(struct pd_str name)
{
	static const struct pd_str ends[] = { PD_STR(".rpz-ip"),
		PD_STR(".rpz-nsip"), PD_STR(".rpz-nsdname"),
		PD_STR(".rpz-client-ip") };

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		if (pd_str_caseends(name, ends[i]))
			return true;
	}
	return false;
}

static int
put_policy(
    struct dns *d, struct pd_str name, struct pd_str type, struct pd_str target)
{
	static const struct pd_str blocking[] = { PD_STR("."), PD_STR("*."),
		PD_STR("rpz-drop."), PD_STR("rpz-drop") };

	name = take_origin_off(d, name);
	if (is_other_trigger(name))
		return pass_over(d, PD_STR("rpz-ip"));
	if (is_address_type(type))
		return leads_nowhere(target) ? put(d, name, false, false)
					     : pass_over(d, PD_STR("address"));
	for (size_t i = 0; i < sizeof(blocking) / sizeof(blocking[0]); i++) {
		if (pd_str_caseeq(target, blocking[i]))
			return put(d, name, false, false);
	}
	if (pd_str_caseeq(target, PD_STR("rpz-passthru.")) ||
	    pd_str_caseeq(target, PD_STR("rpz-passthru")))
		return put(d, name, false, true);
	return pass_over(d, PD_STR("CNAME"));
}

/* name [ttl] [class] type data */
static int
read_policy(struct dns *d)
{
	struct pd_str rest = d->line, name = pd_lines_word(&rest), type;

	if (pd_str_caseeq(name, PD_STR("$ORIGIN"))) {
		set_origin(d, rest);
		return 0;
	}
	if (name.p[0] == '$')
		return pd_str_caseeq(name, PD_STR("$TTL"))
			   ? 0
			   : leave(d, PD_SKIP_SYNTAX, name,
				 "directives other than $TTL and $ORIGIN are "
				 "not followed");
	type = take_type(&rest);
	if (pd_str_caseeq(type, PD_STR("SOA"))) {
		d->group = memchr(d->line.p, '(', d->line.n) != NULL &&
			   memchr(d->line.p, ')', d->line.n) == NULL;
		return 0;
	}
	if (pd_str_caseeq(type, PD_STR("NS")) ||
	    pd_str_caseeq(name, PD_STR("NS")) ||
	    pd_str_caseeq(name, PD_STR("IN")) ||
	    pd_str_caseeq(type, PD_STR("TXT")))
		return 0;
	if (pd_str_caseeq(type, PD_STR("CNAME")) || is_address_type(type))
		return put_policy(d, name, type, pd_lines_word(&rest));
	return leave(d, PD_SKIP_SYNTAX, type,
	    "neither a line of dnsmasq nor of unbound nor of a policy zone");
}

/* ------------------------------------------------------------------------ */

/* Without a comment: '#' at the start or after a blank, ';' anywhere. */
static struct pd_str
without_comment(struct pd_str s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == ';' ||
		    (s.p[i] == '#' &&
			(i == 0 || s.p[i - 1] == ' ' || s.p[i - 1] == '\t')))
			return pd_str_of(s.p, i);
	}
	return s;
}

static int
read_line(struct dns *d)
{
	if (d->group) {
		d->group = memchr(d->line.p, ')', d->line.n) == NULL;
		return 0;
	}
	if (is_dnsmasq(d->line))
		return settle(d) < 0 ? -1 : read_dnsmasq(d);
	if (is_unbound(d->line))
		return read_unbound(d);
	return settle(d) < 0 ? -1 : read_policy(d);
}

int
pd_parse_dns(struct pd_lines *l, const struct pd_parse_params *p,
    const struct pd_rule_sink *sink)
{
	struct dns d = { .l = l, .sink = sink };

	(void)p;
	while (pd_lines_next(l, &d.line)) {
		d.line = pd_str_trim(without_comment(d.line));
		if (d.line.n > 0 && read_line(&d) < 0)
			return -1;
	}
	return settle(&d);
}
