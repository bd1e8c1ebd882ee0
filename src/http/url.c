/* See url.h. */
#include "http/url.h"

#include <idn2.h>

#define HOST_MAX     253 /* RFC 1035, 2.3.4, without the last dot */
#define LABEL_MAX    63
#define PORT_LEN_MAX 5

/* Longer than any name whose Punycode could fit in HOST_MAX. */
#define UNICODE_NAME_MAX 1024

#define HTTP_PORT  80
#define HTTPS_PORT 443

/* Every byte of a word. */
#define EACH(byte) (UINT64_C(0x0101010101010101) * (byte))

/*
 * Whether all bytes are printable ASCII and none is "#": eight at a time, for
 * this reads every byte of every target. The top bit of a byte in bad tells:
 * less than 0x21 or 0xff (the subtraction), 0x7f to 0xfe (the addition), "#"
 * (the xor gives 0, which borrows). A borrow or carry out of a byte comes only
 * from one that is bad itself.
 */
static bool
plain(struct pd_str s)
{
	uint64_t bad = 0, w, hash;
	size_t i = 0;

	for (; i + sizeof(w) <= s.n; i += sizeof(w)) {
		memcpy(&w, s.p + i, sizeof(w));
		hash = w ^ EACH('#');
		bad |= (w - EACH(0x21)) | (w + EACH(1)) |
		       ((hash - EACH(1)) & ~hash);
	}
	if (bad & EACH(0x80))
		return false;
	for (; i < s.n; i++) {
		if (s.p[i] < 0x21 || s.p[i] > 0x7e || s.p[i] == '#')
			return false;
	}
	return true;
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_hex(char c)
{
	return is_digit(c) || (pd_lower(c) >= 'a' && pd_lower(c) <= 'f');
}

static bool
is_alpha(char c)
{
	return pd_lower(c) >= 'a' && pd_lower(c) <= 'z';
}

/*
 * Letters, digits, '.', '-', '_' and '~'. RFC 3986 has percent-encoding and
 * sub-delims as well; no name that resolves needs them, and parsers disagree
 * about what they mean. '_' is in use.
 */
static bool
is_name_byte(char c)
{
	return is_alpha(c) || is_digit(c) || c == '-' || c == '.' || c == '_' ||
	       c == '~';
}

/* Bytes and lengths of the labels; last becomes the last label. */
static bool
labels_ok(struct pd_str name, struct pd_str *last, bool *upper)
{
	size_t start = 0;

	*upper = false;
	if (name.n == 0 || name.n > HOST_MAX)
		return false;
	for (size_t i = 0; i < name.n; i++) {
		char c = name.p[i];

		if (!is_name_byte(c))
			return false;
		*upper |= c >= 'A' && c <= 'Z';
		if (c != '.')
			continue;
		if (i == start || i - start > LABEL_MAX)
			return false;
		start = i + 1;
	}
	*last = pd_str_of(name.p + start, name.n - start);
	return last->n > 0 && last->n <= LABEL_MAX;
}

/* The URL Standard's "ends in a number": then it must be an address, for
 * browsers and inet_aton(3) take it for one. */
static bool
is_number(struct pd_str label)
{
	bool (*is)(char c) = is_digit;
	size_t i = 0;

	if (!is_digit(label.p[0]))
		return false;
	if (pd_str_casestarts(label, PD_STR("0x"))) {
		is = is_hex;
		i = 2;
	}
	for (; i < label.n; i++) {
		if (!is(label.p[i]))
			return false;
	}
	return true;
}

static struct pd_str
lower_copy(struct pd_str s, struct pd_arena *arena)
{
	char *p = pd_arena_alloc(arena, s.n);

	for (size_t i = 0; i < s.n; i++)
		p[i] = pd_lower(s.p[i]);
	return pd_str_of(p, s.n);
}

/* s when it is written as the address is usually, else a copy that is. */
static struct pd_str
usual_spelling(
    struct pd_str s, const struct pd_addr *addr, struct pd_arena *arena)
{
	char text[PD_ADDR_TEXT];
	struct pd_str usual = pd_str_z(pd_addr_text(addr, text));

	return pd_str_eq(s, usual) ? s : pd_arena_str(arena, usual);
}

/* A name or an IPv4 address in any spelling. */
static bool
host_parse(struct pd_str s, struct pd_arena *arena, struct pd_authority *out)
{
	struct pd_str name = s, last;
	bool upper;

	if (name.n > 0 && name.p[name.n - 1] == '.')
		name.n--;
	if (!labels_ok(name, &last, &upper))
		return false;
	if (is_number(last)) {
		/* With a last dot it is an address for some, no name for
		 * others. */
		out->lax = name.n != s.n || pd_addr_parse(name, &out->addr) < 0;
		if (out->lax && pd_addr_parse_lax(name, &out->addr) < 0)
			return false;
		out->kind = PD_HOST_IPV4;
		out->host = usual_spelling(name, &out->addr, arena);
		return true;
	}
	out->kind = PD_HOST_NAME;
	out->host = upper ? lower_copy(name, arena) : name;
	return true;
}

/* What stands between the brackets. */
static bool
literal_parse(struct pd_str s, struct pd_arena *arena, struct pd_authority *out)
{
	/* A zone ("%eth0") names an interface of this machine; IPvFuture has
	 * no meaning yet. */
	if (s.n == 0 || memchr(s.p, '%', s.n) != NULL ||
	    pd_addr_parse(s, &out->addr) < 0 || out->addr.family != AF_INET6)
		return false;
	out->kind = PD_HOST_IPV6;
	out->host = usual_spelling(s, &out->addr, arena);
	return true;
}

/* rest: "", ":" or ":" digits. */
static bool
port_parse(struct pd_str rest, uint16_t default_port, struct pd_authority *out)
{
	unsigned port = 0;

	out->port = default_port;
	if (rest.n == 0)
		return true;
	if (rest.p[0] != ':' || rest.n > 1 + PORT_LEN_MAX)
		return false;
	if (rest.n == 1)
		return default_port != 0; /* RFC 3986, 3.2.3 */
	for (size_t i = 1; i < rest.n; i++) {
		if (!is_digit(rest.p[i]))
			return false;
		port = port * 10 + (unsigned)(rest.p[i] - '0');
	}
	if (port == 0 || port > UINT16_MAX)
		return false;
	out->port = (uint16_t)port;
	out->port_given = true;
	return true;
}

/* Splits an authority at its port; false when a bracket stays open. */
static bool
split_port(struct pd_str s, struct pd_str *host, struct pd_str *port)
{
	char end = s.p[0] == '[' ? ']' : ':';
	const char *at = memchr(s.p, end, s.n);
	size_t n = s.n;

	if (end == ']') {
		if (at == NULL)
			return false;
		n = (size_t)(at + 1 - s.p);
	} else if (at != NULL) {
		n = (size_t)(at - s.p);
	}
	*host = pd_str_of(s.p, n);
	*port = pd_str_of(s.p + n, s.n - n);
	return true;
}

enum pd_url_error
pd_authority_parse(struct pd_str s, uint16_t default_port,
    struct pd_arena *arena, struct pd_authority *out)
{
	struct pd_str host, port;
	bool ok;

	*out = (struct pd_authority){ .text = s };
	if (s.n == 0)
		return PD_URL_HOST;
	if (memchr(s.p, '@', s.n) != NULL)
		return PD_URL_USERINFO;
	if (!split_port(s, &host, &port))
		return PD_URL_HOST;
	if (host.n > 0 && host.p[0] == '[')
		ok = literal_parse(
		    pd_str_of(host.p + 1, host.n - 2), arena, out);
	else
		ok = host_parse(host, arena, out);
	if (!ok)
		return PD_URL_HOST;
	if (!port_parse(port, default_port, out))
		return PD_URL_PORT;
	if (out->kind != PD_HOST_NAME)
		out->addr.port = out->port;
	return PD_URL_OK;
}

static bool
is_scheme_byte(char c)
{
	return is_alpha(c) || is_digit(c) || c == '+' || c == '-' || c == '.';
}

/* Takes "http://" or "https://" off the front. */
static enum pd_url_error
scheme_parse(struct pd_str *s, enum pd_scheme *out)
{
	size_t n = 0;

	*out = PD_SCHEME_HTTP;
	if (pd_str_casestarts(*s, PD_STR("http://"))) {
		n = sizeof("http://") - 1;
	} else if (pd_str_casestarts(*s, PD_STR("https://"))) {
		n = sizeof("https://") - 1;
		*out = PD_SCHEME_HTTPS;
	}
	if (n > 0) {
		*s = pd_str_of(s->p + n, s->n - n);
		return PD_URL_OK;
	}
	/* RFC 3986, 3.1: is it another scheme, or no URL at all? "http:" with
	 * less than two slashes is none. */
	if (s->n > 0 && is_alpha(s->p[0])) {
		while (n < s->n && is_scheme_byte(s->p[n]))
			n++;
	}
	if (n == 0 || n == s->n || s->p[n] != ':' ||
	    pd_str_caseeq(pd_str_of(s->p, n), PD_STR("http")) ||
	    pd_str_caseeq(pd_str_of(s->p, n), PD_STR("https")))
		return PD_URL_MALFORMED;
	return PD_URL_SCHEME;
}

enum pd_url_error
pd_url_parse(struct pd_str s, struct pd_arena *arena, struct pd_url *out)
{
	enum pd_url_error err;
	size_t n = 0;
	char *p;

	*out = (struct pd_url){ 0 };
	if (!plain(s))
		return PD_URL_MALFORMED;
	err = scheme_parse(&s, &out->scheme);
	if (err != PD_URL_OK)
		return err;
	while (n < s.n && s.p[n] != '/' && s.p[n] != '?')
		n++;
	err = pd_authority_parse(pd_str_of(s.p, n),
	    out->scheme == PD_SCHEME_HTTPS ? HTTPS_PORT : HTTP_PORT, arena,
	    &out->authority);
	if (err != PD_URL_OK)
		return err;
	s = pd_str_of(s.p + n, s.n - n);
	if (s.n == 0) {
		out->path = PD_STR("/");
	} else if (s.p[0] == '/') {
		out->path = s;
	} else {
		p = pd_arena_alloc(arena, s.n + 1);
		p[0] = '/';
		memcpy(p + 1, s.p, s.n);
		out->path = pd_str_of(p, s.n + 1);
	}
	return PD_URL_OK;
}

bool
pd_authority_same(const struct pd_authority *a, const struct pd_authority *b)
{
	/* Addresses are in their usual spelling, so that the text tells. */
	return a->kind == b->kind && a->port == b->port &&
	       pd_str_eq(a->host, b->host);
}

bool
pd_url_path_ok(struct pd_str s)
{
	return s.n > 0 && s.p[0] == '/' && plain(s);
}

const char *
pd_url_strerror(enum pd_url_error err)
{
	switch (err) {
	case PD_URL_OK:
		return "no error";
	case PD_URL_MALFORMED:
		return "not a URL";
	case PD_URL_SCHEME:
		return "neither http nor https";
	case PD_URL_USERINFO:
		return "user name or password in the URL";
	case PD_URL_HOST:
		return "host is not a name or an address";
	case PD_URL_PORT:
		return "port is not a number from 1 to 65535";
	}
	return "unknown error";
}

static bool
is_ascii(struct pd_str s)
{
	for (size_t i = 0; i < s.n; i++) {
		if ((unsigned char)s.p[i] > 0x7f)
			return false;
	}
	return true;
}

struct pd_str
pd_url_host_ascii(struct pd_str name, struct pd_arena *arena)
{
	struct pd_authority host = { 0 };
	struct pd_str z, ascii;
	uint8_t *puny;

	if (name.n > UNICODE_NAME_MAX)
		return pd_str_of(NULL, 0);
	if (is_ascii(name))
		return host_parse(name, arena, &host) ? host.host
						      : pd_str_of(NULL, 0);
	/* idn2 reads up to a NUL: what stands behind it would be lost. */
	if (memchr(name.p, '\0', name.n) != NULL)
		return pd_str_of(NULL, 0);
	z = pd_arena_str(arena, name);
	if (idn2_lookup_u8((const uint8_t *)z.p, &puny,
		IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL) != IDN2_OK)
		return pd_str_of(NULL, 0);
	ascii = pd_arena_str(arena, pd_str_z((const char *)puny));
	idn2_free(puny);
	return host_parse(ascii, arena, &host) ? host.host : pd_str_of(NULL, 0);
}
