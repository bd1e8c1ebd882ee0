/*
 * Words of the configuration: what an address, a port, a rate and a name may
 * be. Nothing passes that would mean something else in a rule, a path or
 * another program's file.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"

/* Host names (RFC 1035, 2.3.4), without the last dot. */
#define HOST_LEN_MAX  253
#define LABEL_LEN_MAX 63

#define KEY_LEN 44 /* letters of base64 that are 32 bytes */

/* No link is slower or faster than these, bit/s. */
#define RATE_MIN UINT64_C(8000)
#define RATE_MAX UINT64_C(1000000000000)

static unsigned
bits_of(uint16_t family)
{
	return family == AF_INET ? 32 : 128;
}

/* An IPv4 address written as ::ffff:192.0.2.1 would be IPv6 to one reader and
 * IPv4 to another. */
static bool
is_mapped(const struct pd_addr *a)
{
	static const uint8_t head[12] = { [10] = 0xff, [11] = 0xff };

	return a->family == AF_INET6 && memcmp(a->ip, head, sizeof(head)) == 0;
}

int
gw_addr_parse(struct pd_str s, struct pd_addr *out)
{
	struct pd_addr a;

	if (pd_addr_parse(s, &a) < 0 || is_mapped(&a))
		return -1;
	*out = a;
	return 0;
}

/* Digits as people write them: none in front that mean nothing. */
static int
parse_number(struct pd_str s, int64_t most, int64_t *out)
{
	if ((s.n > 1 && s.p[0] == '0') || pd_str_u63(s, out) < 0)
		return -1;
	return *out <= most ? 0 : -1;
}

int
gw_net_parse(struct pd_str s, struct gw_net *out)
{
	struct pd_str rest = s, ip = pd_str_split(&rest, '/');
	struct gw_net net;
	int64_t len;

	if (gw_addr_parse(ip, &net.addr) < 0)
		return -1;
	len = bits_of(net.addr.family);
	if (rest.p != NULL && parse_number(rest, len, &len) < 0)
		return -1;
	net.len = (unsigned)len;
	*out = net;
	return 0;
}

static int
parse_port(struct pd_str s, uint16_t *out)
{
	int64_t n;

	if (parse_number(s, 65535, &n) < 0 || n < 1)
		return -1;
	*out = (uint16_t)n;
	return 0;
}

/* "80", "5000-5010" */
static int
parse_ports(struct pd_str s, uint16_t *lo, uint16_t *hi)
{
	struct pd_str rest = s, low = pd_str_split(&rest, '-');

	if (parse_port(low, lo) < 0)
		return -1;
	*hi = *lo;
	if (rest.p != NULL && parse_port(rest, hi) < 0)
		return -1;
	return *lo <= *hi ? 0 : -1;
}

int
gw_addr_port_parse(struct pd_str s, struct pd_addr *out)
{
	struct pd_str ip, port;
	struct pd_addr a;

	if (s.n > 0 && s.p[0] == '[') {
		port = pd_str_of(s.p + 1, s.n - 1);
		ip = pd_str_split(&port, ']');
		if (port.n == 0 || port.p[0] != ':')
			return -1;
		port = pd_str_of(port.p + 1, port.n - 1);
	} else {
		/* Two colons and more are an IPv6 address's own. */
		port = s;
		ip = pd_str_split(&port, ':');
		if (port.p != NULL && memchr(port.p, ':', port.n) != NULL) {
			ip = s;
			port = pd_str_z(NULL);
		}
	}
	if (gw_addr_parse(ip, &a) < 0)
		return -1;
	if ((s.p[0] == '[') != (a.family == AF_INET6 && port.p != NULL))
		return -1;
	if (port.p != NULL && parse_port(port, &a.port) < 0)
		return -1;
	*out = a;
	return 0;
}

int
gw_port_parse(struct pd_str s, struct gw_port *out)
{
	struct pd_str rest = s, protocol = pd_str_split(&rest, ' ');
	struct gw_port p;

	if (pd_str_eq(protocol, PD_STR("tcp")))
		p.protocol = IPPROTO_TCP;
	else if (pd_str_eq(protocol, PD_STR("udp")))
		p.protocol = IPPROTO_UDP;
	else
		return -1;
	if (rest.p == NULL || parse_ports(rest, &p.lo, &p.hi) < 0)
		return -1;
	*out = p;
	return 0;
}

/* The next word; there is one blank between two. */
static struct pd_str
next(struct pd_str *rest)
{
	return pd_str_split(rest, ' ');
}

/* What the match is about before its addresses: "ip6 udp". Returns the first
 * word that says neither; empty with p NULL: there is none. */
static struct pd_str
parse_head(struct pd_str *rest, struct gw_match *m)
{
	static const struct {
		const char *word;
		uint16_t family;
		uint8_t protocol;
	} words[] = {
		{ "tcp", 0, IPPROTO_TCP },
		{ "udp", 0, IPPROTO_UDP },
		{ "icmp", AF_INET, IPPROTO_ICMP },
		{ "icmpv6", AF_INET6, IPPROTO_ICMPV6 },
	};
	struct pd_str word = next(rest);

	if (pd_str_eq(word, PD_STR("ip")) || pd_str_eq(word, PD_STR("ip6"))) {
		m->family = word.n == 2 ? AF_INET : AF_INET6;
		word = next(rest);
	}
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (!pd_str_eq(word, pd_str_z(words[i].word)))
			continue;
		/* "ip6 icmp" stays a word that is not understood. */
		if (m->family != 0 && words[i].family != 0 &&
		    m->family != words[i].family)
			break;
		if (words[i].family != 0)
			m->family = words[i].family;
		m->protocol = words[i].protocol;
		return next(rest);
	}
	return word;
}

static int
parse_side(
    struct pd_str value, struct gw_match *m, bool *has, struct gw_net *side)
{
	struct gw_net net;

	if (*has || gw_net_parse(value, &net) < 0)
		return -1;
	if (m->family != 0 && m->family != net.addr.family)
		return -1;
	m->family = net.addr.family;
	*has = true;
	*side = gw_net_base(&net);
	return 0;
}

static int
parse_pair(struct pd_str word, struct pd_str value, struct gw_match *m)
{
	bool ports = m->protocol == IPPROTO_TCP || m->protocol == IPPROTO_UDP;

	if (pd_str_eq(word, PD_STR("saddr")))
		return parse_side(value, m, &m->has_source, &m->source);
	if (pd_str_eq(word, PD_STR("daddr")))
		return parse_side(
		    value, m, &m->has_destination, &m->destination);
	if (pd_str_eq(word, PD_STR("sport")) && ports && m->sport_lo == 0)
		return parse_ports(value, &m->sport_lo, &m->sport_hi);
	if (pd_str_eq(word, PD_STR("dport")) && ports && m->dport_lo == 0)
		return parse_ports(value, &m->dport_lo, &m->dport_hi);
	return -1;
}

int
gw_match_parse(struct pd_str s, struct gw_match *out)
{
	struct gw_match m = { 0 };
	struct pd_str rest = s, word;

	if (s.n == 0)
		return -1;
	word = parse_head(&rest, &m);
	while (word.p != NULL) {
		if (rest.p == NULL || parse_pair(word, next(&rest), &m) < 0)
			return -1;
		word = rest.p != NULL ? next(&rest) : pd_str_z(NULL);
	}
	*out = m;
	return 0;
}

int
gw_rate_parse(struct pd_str s, uint64_t *out)
{
	static const struct {
		const char *unit;
		uint64_t factor;
	} units[] = {
		{ "bit", 1 },
		{ "kbit", 1000 },
		{ "mbit", UINT64_C(1000000) },
		{ "gbit", UINT64_C(1000000000) },
	};
	size_t digits = 0;
	int64_t n;

	while (digits < s.n && s.p[digits] >= '0' && s.p[digits] <= '9')
		digits++;
	if (parse_number(pd_str_of(s.p, digits), (int64_t)RATE_MAX, &n) < 0)
		return -1;
	s = pd_str_of(s.p + digits, s.n - digits);
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		uint64_t f = units[i].factor;

		if (!pd_str_eq(s, pd_str_z(units[i].unit)))
			continue;
		if ((uint64_t)n > RATE_MAX / f || (uint64_t)n * f < RATE_MIN)
			return -1;
		*out = (uint64_t)n * f;
		return 0;
	}
	return -1;
}

static bool
is_alnum(char c)
{
	c = pd_lower(c);
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool
gw_is_name(const char *s, size_t max)
{
	size_t n = strlen(s);

	if (n == 0 || n > max || !is_alnum(s[0]))
		return false;
	for (size_t i = 0; i < n; i++) {
		if (!is_alnum(s[i]) && strchr("-_.", s[i]) == NULL)
			return false;
	}
	return true;
}

bool
gw_is_link(const char *s)
{
	/* net.ipv4.conf has folders of these names that are no links. */
	return gw_is_name(s, GW_LINK_MAX) && strcmp(s, "all") != 0 &&
	       strcmp(s, "default") != 0;
}

static bool
is_label(struct pd_str s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (!is_alnum(s.p[i]) && s.p[i] != '-')
			return false;
	}
	return s.n > 0 && s.n <= LABEL_LEN_MAX && s.p[0] != '-' &&
	       s.p[s.n - 1] != '-';
}

bool
gw_is_host(const char *s)
{
	struct pd_str rest = pd_str_z(s), label;
	struct pd_addr addr;
	int64_t number;

	if (gw_addr_parse(rest, &addr) == 0)
		return true;
	if (rest.n > HOST_LEN_MAX)
		return false;
	do {
		label = pd_str_split(&rest, '.');
		if (!is_label(label))
			return false;
	} while (rest.p != NULL);
	/* A name whose last label is a number would be an address. */
	return pd_str_u63(label, &number) < 0;
}

bool
gw_is_endpoint(const char *s)
{
	struct pd_addr addr;
	const char *colon = strrchr(s, ':');
	char host[HOST_LEN_MAX + 1];
	uint16_t port;

	if (gw_addr_port_parse(pd_str_z(s), &addr) == 0)
		return addr.port != 0;
	if (colon == NULL || colon != strchr(s, ':') ||
	    (size_t)(colon - s) >= sizeof(host))
		return false;
	memcpy(host, s, (size_t)(colon - s));
	host[colon - s] = '\0';
	return gw_is_host(host) && parse_port(pd_str_z(colon + 1), &port) == 0;
}

static int
base64_digit(char c)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz"
				     "0123456789+/";
	const char *at = c != '\0' ? strchr(digits, c) : NULL;

	return at != NULL ? (int)(at - digits) : -1;
}

bool
gw_is_key(const char *s)
{
	if (strlen(s) != KEY_LEN || s[KEY_LEN - 1] != '=')
		return false;
	for (size_t i = 0; i < KEY_LEN - 1; i++) {
		if (base64_digit(s[i]) < 0)
			return false;
	}
	/* A key of zeroes is what a mistake looks like. */
	if (strspn(s, "A") == KEY_LEN - 1)
		return false;
	/* 43 letters are 258 bits; the last two have to be 0, or one key could
	 * be written in four ways. */
	return (base64_digit(s[KEY_LEN - 2]) & 3) == 0;
}

const char *
gw_net_text(const struct gw_net *n, char buf[GW_NET_TEXT])
{
	char text[PD_ADDR_TEXT];

	snprintf(buf, GW_NET_TEXT, "%.*s/%u", PD_ADDR_TEXT - 1,
	    pd_addr_text(&n->addr, text), n->len <= 128 ? n->len : 128);
	return buf;
}

struct gw_net
gw_net_base(const struct gw_net *n)
{
	struct gw_net base = *n;

	for (unsigned i = 0; i < bits_of(n->addr.family) / 8; i++) {
		unsigned keep = n->len > 8 * i ? n->len - 8 * i : 0;

		if (keep < 8)
			base.addr.ip[i] &= (uint8_t)(0xff00 >> keep);
	}
	return base;
}

bool
gw_net_holds(const struct gw_net *n, const struct pd_addr *a)
{
	struct gw_net theirs = { .addr = *a, .len = n->len };
	struct gw_net x, y;

	if (n->addr.family != a->family)
		return false;
	x = gw_net_base(n);
	y = gw_net_base(&theirs);
	return memcmp(x.addr.ip, y.addr.ip, bits_of(a->family) / 8) == 0;
}

bool
gw_nets_hold(const struct gw_nets *nets, const struct pd_addr *a)
{
	for (size_t i = 0; i < nets->n; i++) {
		if (gw_net_holds(&nets->v[i], a))
			return true;
	}
	return false;
}
