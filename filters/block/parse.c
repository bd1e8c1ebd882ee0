#include "filters/block/parse.h"

/* Lines that say something; enough to tell, few enough to be quick. */
#define VOTES_MAX 500

struct votes {
	unsigned of[PD_PARSE_UNKNOWN + 1];
	unsigned patterns; /* of the lines of no known kind */
	unsigned total;
	unsigned cosmetic; /* "##.ad", which may be a comment, too */
	bool titled;       /* "! Title:": Adblock's, if nothing else fits */
};

static bool
contains(struct pd_str s, struct pd_str what)
{
	return s.n >= what.n && memmem(s.p, s.n, what.p, what.n) != NULL;
}

static bool
starts_with_any(struct pd_str s, const char *const *prefixes)
{
	for (; *prefixes != NULL; prefixes++) {
		if (pd_str_casestarts(s, pd_str_z(*prefixes)))
			return true;
	}
	return false;
}

/* Whether an option of Adblock's stands behind the last '$'. */
static bool
has_option(struct pd_str s)
{
	static const char *const options[] = { "third-party", "3p", "~third",
		"1p", "domain=", "from=", "image", "script", "~script", "xhr",
		"xmlhttprequest", "popup", "doc", "all", "important", "css",
		"stylesheet", "frame", "subdocument", "media", "font",
		"csp=", "redirect", "removeparam", "badfilter", "match-case",
		"ping", "websocket", "other", "denyallow=", "generichide",
		"ghide", NULL };
	const char *dollar = memrchr(s.p, '$', s.n);
	size_t at;

	if (dollar == NULL)
		return false;
	at = (size_t)(dollar - s.p) + 1;
	return starts_with_any(pd_str_of(s.p + at, s.n - at), options);
}

static bool
is_adblock(struct pd_str s)
{
	static const char *const starts[] = { "||", "@@", "|http", "[Adblock",
		"[uBlock", "[AdGuard", NULL };

	return starts_with_any(s, starts) || contains(s, PD_STR("##")) ||
	       contains(s, PD_STR("#@#")) || contains(s, PD_STR("^$")) ||
	       s.p[s.n - 1] == '^' || has_option(s);
}

static bool
is_hosts(struct pd_str s)
{
	struct pd_addr addr;
	struct pd_str word = pd_lines_word(&s);

	word = pd_str_split(&word, '%');
	/* "0 ads.example.org" is in use; "404 page not found" is not. */
	if (memchr(word.p, '.', word.n) == NULL &&
	    memchr(word.p, ':', word.n) == NULL &&
	    !pd_str_eq(word, PD_STR("0")))
		return false;
	return pd_str_trim(s).n > 0 && (pd_addr_parse_lax(word, &addr) == 0 ||
					   pd_addr_parse(word, &addr) == 0);
}

static bool
is_domain(struct pd_str s)
{
	char buf[PD_HOST_TEXT];
	struct pd_str word = pd_lines_word(&s), host;

	if (pd_str_trim(s).n > 0 && pd_str_trim(s).p[0] != '#')
		return false;
	if (pd_str_starts(word, PD_STR("*.")))
		return true;
	if (word.n > 1 && word.p[0] == '.')
		word = pd_str_of(word.p + 1, word.n - 1);
	return pd_host_normal(word, buf, &host) >= PD_HOST_FORM_NAME;
}

/* "name [ttl] [class] CNAME target", or a line of a zone's head. */
static bool
is_zone(struct pd_str s)
{
	static const char *const starts[] = { "$TTL", "$ORIGIN", "@ IN SOA",
		"@ SOA", "@\tIN\tSOA", NULL };
	struct pd_str word;

	if (starts_with_any(s, starts))
		return true;
	if (pd_lines_word(&s).n == 0)
		return false;
	for (unsigned i = 0; i < 3; i++) {
		word = pd_lines_word(&s);
		if (pd_str_caseeq(word, PD_STR("CNAME")))
			return true;
	}
	return false;
}

/* Of one line that is neither empty nor a comment. */
static enum pd_parse_format
vote(struct pd_str s)
{
	static const char *const urls[] = { "http://", "https://", NULL };
	static const char *const dnsmasq[] = { "address=/", "server=/",
		"local=/", NULL };
	static const char *const unbound[] = {
		"local-zone:", "local-data:", NULL
	};

	if (s.p[0] == '<')
		return PD_PARSE_HTML;
	if (starts_with_any(s, dnsmasq))
		return PD_PARSE_DNSMASQ;
	if (starts_with_any(s, unbound))
		return PD_PARSE_UNBOUND;
	if (s.p[0] == '{')
		return PD_PARSE_PRIVOXY;
	if (is_adblock(s))
		return PD_PARSE_ADBLOCK;
	if (starts_with_any(s, urls))
		return PD_PARSE_ZIPROXY;
	if (is_zone(s))
		return PD_PARSE_RPZ;
	if (is_hosts(s))
		return PD_PARSE_HOSTS;
	if (is_domain(s))
		return PD_PARSE_DOMAINS;
	return PD_PARSE_UNKNOWN;
}

/* What is clear before any line is looked at. */
static enum pd_parse_format
by_bytes(struct pd_str head)
{
	static const struct pd_str packed[] = { PD_STR("\x1f\x8b"),
		PD_STR("\x28\xb5\x2f\xfd"),
		PD_STR("\xfd"
		       "7zXZ"),
		PD_STR("PK\x03\x04"), PD_STR("BZh"), PD_STR("7z\xbc\xaf") };

	for (size_t i = 0; i < sizeof(packed) / sizeof(packed[0]); i++) {
		if (pd_str_starts(head, packed[i]))
			return PD_PARSE_PACKED;
	}
	if (head.n > 0 && memchr(head.p, '\0', head.n) != NULL)
		return PD_PARSE_BINARY;
	return PD_PARSE_UNKNOWN;
}

/* "/banner/ad.", "-ads-": Adblock's simplest pattern, no words of a text. */
static bool
is_pattern(struct pd_str s)
{
	bool mark = false;

	for (size_t i = 0; i < s.n; i++) {
		if ((unsigned char)s.p[i] <= ' ' ||
		    memchr("\"<>{}\\", s.p[i], 6) != NULL)
			return false;
		mark = mark || memchr("/-_.?=&*^", s.p[i], 9) != NULL;
	}
	return mark && s.n > 2;
}

static enum pd_parse_format
decide(const struct votes *v)
{
	enum pd_parse_format best = PD_PARSE_UNKNOWN;

	if (v->total == 0)
		return v->cosmetic > 0 ? PD_PARSE_ADBLOCK : PD_PARSE_EMPTY;
	/* Its patterns look like anything, but no other list has a "{". */
	if (v->of[PD_PARSE_PRIVOXY] > 0)
		return PD_PARSE_PRIVOXY;
	for (int f = PD_PARSE_HOSTS; f < PD_PARSE_UNKNOWN; f++) {
		/* Lines of no known kind never outvote a kind. */
		if (v->of[f] > 0 &&
		    (best == PD_PARSE_UNKNOWN || v->of[f] > v->of[best]))
			best = (enum pd_parse_format)f;
	}
	/* A few words of a text that happen to be host names are no list. */
	if ((best == PD_PARSE_DOMAINS || best == PD_PARSE_HOSTS) &&
	    v->of[PD_PARSE_UNKNOWN] > v->of[best])
		best = PD_PARSE_UNKNOWN;
	if (best == PD_PARSE_UNKNOWN &&
	    (v->titled || v->patterns == v->of[PD_PARSE_UNKNOWN]))
		best = PD_PARSE_ADBLOCK;
	return best;
}

/* Empty lines and comments have no vote; some of them tell all the same. */
static bool
is_comment(struct pd_str line, struct votes *v)
{
	static const char *const titles[] = { "! Title:", "!Title:", NULL };
	static const char *const cosmetics[] = { "##.", "##[", "#@#", "##+js(",
		NULL };

	if (line.n == 0 || line.p[0] == ';')
		return true;
	if (line.p[0] == '!' && starts_with_any(line, titles))
		v->titled = true;
	if (line.p[0] == '#' && starts_with_any(line, cosmetics))
		v->cosmetic++;
	return line.p[0] == '!' || line.p[0] == '#';
}

enum pd_parse_format
pd_parse_format(struct pd_str head, bool whole)
{
	enum pd_parse_format format = by_bytes(head);
	struct votes v = { .total = 0 };

	if (format != PD_PARSE_UNKNOWN)
		return format;
	while (head.n > 0 && v.total < VOTES_MAX) {
		struct pd_str line = pd_str_split(&head, '\n');

		/* The last line may have been cut. */
		if (head.p == NULL && !whole && v.total > 0)
			break;
		if (line.n > 0 && line.p[line.n - 1] == '\r')
			line.n--;
		line = pd_str_trim(line);
		if (is_comment(line, &v))
			continue;
		format = vote(line);
		/* These two stand at the very beginning and settle it. */
		if (v.total == 0 &&
		    (format == PD_PARSE_HTML ||
			(format == PD_PARSE_ADBLOCK && line.p[0] == '[')))
			return format;
		v.patterns += format == PD_PARSE_UNKNOWN && is_pattern(line);
		v.of[format]++;
		v.total++;
	}
	return decide(&v);
}

const char *
pd_parse_format_name(enum pd_parse_format format)
{
	static const char *const names[] = {
		[PD_PARSE_EMPTY] = "empty",
		[PD_PARSE_HOSTS] = "hosts",
		[PD_PARSE_DOMAINS] = "domains",
		[PD_PARSE_ADBLOCK] = "adblock",
		[PD_PARSE_ZIPROXY] = "ziproxy",
		[PD_PARSE_PRIVOXY] = "privoxy",
		[PD_PARSE_DNSMASQ] = "dnsmasq",
		[PD_PARSE_UNBOUND] = "unbound",
		[PD_PARSE_RPZ] = "rpz",
		[PD_PARSE_HTML] = "html",
		[PD_PARSE_PACKED] = "packed",
		[PD_PARSE_BINARY] = "binary",
		[PD_PARSE_UNKNOWN] = "unknown",
	};

	return names[format];
}

const char *
pd_parse_refusal(enum pd_parse_format format)
{
	switch (format) {
	case PD_PARSE_HTML:
		return "this is an HTML page and no list: an error page of the "
		       "server, or the page about the list; fetch it again";
	case PD_PARSE_PACKED:
		return "this file is compressed; unpack it";
	case PD_PARSE_BINARY:
		return "this is no text in ASCII or UTF-8";
	case PD_PARSE_UNKNOWN:
		return "this is no list: the lines are neither Adblock rules "
		       "nor \"0.0.0.0 host\", \"host\", URLs, an actions file "
		       "or a name server's rules";
	default:
		return NULL;
	}
}

pd_parse_fn *
pd_parse_of(enum pd_parse_format format)
{
	switch (format) {
	case PD_PARSE_HOSTS:
		return pd_parse_hosts;
	case PD_PARSE_DOMAINS:
		return pd_parse_domains;
	case PD_PARSE_ADBLOCK:
		return pd_parse_adblock;
	case PD_PARSE_ZIPROXY:
		return pd_parse_ziproxy;
	case PD_PARSE_PRIVOXY:
		return pd_parse_privoxy;
	case PD_PARSE_DNSMASQ:
	case PD_PARSE_UNBOUND:
	case PD_PARSE_RPZ:
		return pd_parse_dns;
	default:
		return NULL;
	}
}

int
pd_parse_leave(struct pd_lines *l, const struct pd_rule_sink *sink,
    const struct pd_parse_wrong *wrong)
{
	char shown[PD_LINES_SHOWN];

	pd_lines_wrong(l, "\"%s\": %s; left out",
	    pd_lines_show(wrong->text, shown), wrong->why);
	return sink->skip(
	    sink->arg, wrong->skip, wrong->what, wrong->text, l->line);
}

int
pd_parse_put_host(
    const struct pd_rule_sink *sink, const struct pd_parse_host *h)
{
	struct pd_rule r = {
		.action = PD_RULE_BLOCK,
		.shape = PD_RULE_HOST,
		.text = h->text,
		.line = h->line,
		.pattern = h->host,
		.exception = h->exception,
		.exact = !h->below || h->form == PD_HOST_FORM_ADDRESS,
		.types = PD_TYPE_ALL,
		.party = PD_PARTY_BOTH,
	};

	return sink->rule(sink->arg, &r);
}
