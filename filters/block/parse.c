#include "filters/block/parse.h"

/* Lines that say something; enough to tell, few enough to be quick. */
#define VOTES_MAX 500

struct votes {
	unsigned of[PD_PARSE_UNKNOWN + 1];
	unsigned total;
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

static bool
is_adblock(struct pd_str s)
{
	static const char *const starts[] = { "||", "@@", "|http", "[Adblock",
		"[uBlock", "[AdGuard", NULL };

	return starts_with_any(s, starts) || contains(s, PD_STR("##")) ||
	       contains(s, PD_STR("#@#")) || contains(s, PD_STR("^$")) ||
	       contains(s, PD_STR("$third-party")) || s.p[s.n - 1] == '^';
}

static bool
is_hosts(struct pd_str s)
{
	struct pd_addr addr;
	struct pd_str word = pd_lines_word(&s);

	word = pd_str_split(&word, '%');
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

/* Of one line that is neither empty nor a comment. */
static enum pd_parse_format
vote(struct pd_str s)
{
	static const char *const urls[] = { "http://", "https://", NULL };
	static const char *const dnsmasq[] = { "address=/", "server=/",
		"local=/", NULL };

	if (s.p[0] == '<')
		return PD_PARSE_HTML;
	if (is_adblock(s))
		return PD_PARSE_ADBLOCK;
	if (starts_with_any(s, urls))
		return PD_PARSE_URLS;
	if (starts_with_any(s, dnsmasq))
		return PD_PARSE_DNSMASQ;
	if (s.p[0] == '{')
		return PD_PARSE_PRIVOXY;
	if (contains(s, PD_STR(" CNAME ")) || contains(s, PD_STR("\tCNAME ")) ||
	    pd_str_casestarts(s, PD_STR("$TTL")))
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
		PD_STR("PK\x03\x04"), PD_STR("BZh") };

	for (size_t i = 0; i < sizeof(packed) / sizeof(packed[0]); i++) {
		if (pd_str_starts(head, packed[i]))
			return PD_PARSE_PACKED;
	}
	if (head.n > 0 && memchr(head.p, '\0', head.n) != NULL)
		return PD_PARSE_BINARY;
	return PD_PARSE_UNKNOWN;
}

static enum pd_parse_format
decide(const struct votes *v)
{
	enum pd_parse_format best = PD_PARSE_UNKNOWN;

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
		return PD_PARSE_UNKNOWN;
	return best;
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
		/* "##.ad" would be a rule, but "## Title" is more often meant.
		 */
		if (line.n == 0 || line.p[0] == '!' || line.p[0] == '#')
			continue;
		format = vote(line);
		/* These two stand at the very beginning and settle it. */
		if (v.total == 0 &&
		    (format == PD_PARSE_HTML ||
			(format == PD_PARSE_ADBLOCK && line.p[0] == '[')))
			return format;
		v.of[format]++;
		v.total++;
	}
	return v.total > 0 ? decide(&v) : PD_PARSE_EMPTY;
}

const char *
pd_parse_refusal(enum pd_parse_format format)
{
	switch (format) {
	case PD_PARSE_EMPTY:
	case PD_PARSE_HOSTS:
	case PD_PARSE_DOMAINS:
		return NULL;
	case PD_PARSE_ADBLOCK:
		return "this is an Adblock list, which is not read yet; use "
		       "the same list as hosts or domains";
	case PD_PARSE_HTML:
		return "this is an HTML page and no list: an error page of the "
		       "server, or the page about the list; fetch it again";
	case PD_PARSE_URLS:
		return "this is a list of URLs: name it with URLDeny or "
		       "URLReplaceData";
	case PD_PARSE_DNSMASQ:
		return "this is a dnsmasq configuration, which is not read; "
		       "use the same list as hosts or domains";
	case PD_PARSE_PRIVOXY:
		return "this is a Privoxy actions file, which is not read yet";
	case PD_PARSE_RPZ:
		return "this is a response policy zone, which is not read; "
		       "use the same list as hosts or domains";
	case PD_PARSE_PACKED:
		return "this file is compressed; unpack it";
	case PD_PARSE_BINARY:
		return "this is no text in ASCII or UTF-8";
	case PD_PARSE_UNKNOWN:
		break;
	}
	return "the lines are neither \"0.0.0.0 host\" nor \"host\"";
}
