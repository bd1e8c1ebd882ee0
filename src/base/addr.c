#include "base/addr.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

/* How far from public a kind is: of two, the one further away counts. */
static const uint8_t distance[] = {
	[PD_ADDR_PUBLIC] = 0,
	[PD_ADDR_RESERVED] = 1,
	[PD_ADDR_MULTICAST] = 2,
	[PD_ADDR_PRIVATE] = 3,
	[PD_ADDR_LINK_LOCAL] = 4,
	[PD_ADDR_UNSPECIFIED] = 5,
	[PD_ADDR_LOOPBACK] = 6,
};

/* One row of a special-purpose registry; the first row that holds wins. */
struct special {
	uint8_t ip[16];
	uint8_t bits;
	uint8_t kind; /* enum pd_addr_kind */
};

/* IANA IPv4 Special-Purpose Address Registry, and what clouds add to it. */
static const struct special special4[] = {
	{ { 0 }, 8, PD_ADDR_UNSPECIFIED }, { { 10 }, 8, PD_ADDR_PRIVATE },
	{ { 100, 64 }, 10, PD_ADDR_PRIVATE }, /* RFC 6598, shared (CGNAT) */
	{ { 127 }, 8, PD_ADDR_LOOPBACK },
	/* Azure's host agent: a public address that only the own machine's
	 * hypervisor answers, with the machine's secrets. */
	{ { 168, 63, 129, 16 }, 32, PD_ADDR_LINK_LOCAL },
	{ { 169, 254 }, 16, PD_ADDR_LINK_LOCAL },
	{ { 172, 16 }, 12, PD_ADDR_PRIVATE },
	{ { 192, 0, 0 }, 24, PD_ADDR_RESERVED },   /* RFC 6890 */
	{ { 192, 0, 2 }, 24, PD_ADDR_RESERVED },   /* documentation */
	{ { 192, 88, 99 }, 24, PD_ADDR_RESERVED }, /* 6to4 relays, RFC 7526 */
	{ { 192, 168 }, 16, PD_ADDR_PRIVATE },
	{ { 198, 18 }, 15, PD_ADDR_RESERVED },      /* benchmarking */
	{ { 198, 51, 100 }, 24, PD_ADDR_RESERVED }, /* documentation */
	{ { 203, 0, 113 }, 24, PD_ADDR_RESERVED },  /* documentation */
	{ { 224 }, 4, PD_ADDR_MULTICAST },
	{ { 240 }, 4, PD_ADDR_RESERVED }, /* with limited broadcast */
};

/*
 * IANA IPv6 Special-Purpose Address Registry. Rows that carry IPv4 stand as
 * public here: what they carry decides. The last row holds everything; before
 * it, global unicast (2000::/3) is let through, for nothing else is assigned.
 */
static const struct special special6[] = {
	{ { 0 }, 128, PD_ADDR_UNSPECIFIED },
	{ { [15] = 1 }, 128, PD_ADDR_LOOPBACK },
	{ { [10] = 0xff, 0xff }, 96, PD_ADDR_PUBLIC },             /* mapped */
	{ { 0x00, 0x64, 0xff, 0x9b }, 96, PD_ADDR_PUBLIC },        /* NAT64 */
	{ { 0x00, 0x64, 0xff, 0x9b, 0, 1 }, 48, PD_ADDR_PRIVATE }, /* local */
	{ { 0x20, 0x01 }, 32, PD_ADDR_PUBLIC },                    /* Teredo */
	/* RFC 2928: protocol assignments, benchmarking (2001:2::/48), ORCHID
	 * (2001:10::/28, 2001:20::/28), drones (2001:30::/28): no hosts. */
	{ { 0x20, 0x01 }, 23, PD_ADDR_RESERVED },
	{ { 0x20, 0x01, 0x0d, 0xb8 }, 32, PD_ADDR_RESERVED }, /* examples */
	{ { 0x20, 0x02 }, 16, PD_ADDR_PUBLIC },               /* 6to4 */
	{ { 0x3f, 0xff }, 20, PD_ADDR_RESERVED },             /* RFC 9637 */
	{ { 0x20 }, 3, PD_ADDR_PUBLIC },                      /* unicast */
	{ { 0xfc }, 7, PD_ADDR_PRIVATE },                     /* ULA */
	{ { 0xfe, 0x80 }, 10, PD_ADDR_LINK_LOCAL },
	{ { 0xfe, 0xc0 }, 10, PD_ADDR_PRIVATE }, /* site-local, RFC 3879 */
	{ { 0xff }, 8, PD_ADDR_MULTICAST },
	{ { 0 }, 0, PD_ADDR_RESERVED }, /* 100::/64, 5f00::/16, the rest */
};

static size_t
ip_len(const struct pd_addr *a)
{
	return a->family == AF_INET ? 4 : 16;
}

static bool
same_bits(const uint8_t *a, const uint8_t *b, unsigned bits)
{
	unsigned rest = bits % 8;

	if (memcmp(a, b, bits / 8) != 0)
		return false;
	return rest == 0 || ((a[bits / 8] ^ b[bits / 8]) >> (8 - rest)) == 0;
}

static enum pd_addr_kind
kind_as_it_stands(const struct pd_addr *a)
{
	const struct special *row = special4;
	size_t n = sizeof(special4) / sizeof(special4[0]);

	if (a->family == AF_INET6) {
		row = special6;
		n = sizeof(special6) / sizeof(special6[0]);
	} else if (a->family != AF_INET) {
		return PD_ADDR_RESERVED;
	}
	for (size_t i = 0; i < n; i++) {
		if (same_bits(a->ip, row[i].ip, row[i].bits))
			return (enum pd_addr_kind)row[i].kind;
	}
	return PD_ADDR_PUBLIC;
}

static int
parse_ipv4(struct pd_str s, uint8_t out[4])
{
	size_t i = 0;

	for (int part = 0; part < 4; part++) {
		unsigned v = 0;
		size_t digits = 0;

		if (part > 0 && (i >= s.n || s.p[i++] != '.'))
			return -1;
		for (; i < s.n && s.p[i] >= '0' && s.p[i] <= '9'; i++) {
			v = v * 10 + (unsigned)(s.p[i] - '0');
			/* "010" is 8 to some and 10 to others. */
			if (++digits > 3 || (digits > 1 && v < 10))
				return -1;
		}
		if (digits == 0 || v > 255)
			return -1;
		out[part] = (uint8_t)v;
	}
	return i == s.n ? 0 : -1;
}

int
pd_addr_parse(struct pd_str s, struct pd_addr *out)
{
	struct pd_addr a = { .family = AF_INET };
	char text[INET6_ADDRSTRLEN];

	if (parse_ipv4(s, a.ip) == 0) {
		*out = a;
		return 0;
	}
	if (s.n == 0 || s.n >= sizeof(text) || memchr(s.p, '\0', s.n) != NULL)
		return -1;
	memcpy(text, s.p, s.n);
	text[s.n] = '\0';
	a = (struct pd_addr){ .family = AF_INET6 };
	if (inet_pton(AF_INET6, text, a.ip) != 1)
		return -1;
	*out = a;
	return 0;
}

/* One number of inet_aton(3), at most 2^32 - 1; "0x" alone is 0. */
static int
parse_lax_number(struct pd_str s, uint64_t *out)
{
	unsigned base = 10;
	uint64_t v = 0;
	size_t i = 0;

	if (s.n == 0)
		return -1;
	if (s.n > 1 && s.p[0] == '0') {
		base = pd_lower(s.p[1]) == 'x' ? 16 : 8;
		i = base == 16 ? 2 : 1;
	}
	for (; i < s.n; i++) {
		char c = pd_lower(s.p[i]);
		unsigned digit = 16;

		if (c >= '0' && c <= '9')
			digit = (unsigned)(c - '0');
		else if (c >= 'a' && c <= 'f')
			digit = (unsigned)(c - 'a') + 10;
		if (digit >= base)
			return -1;
		v = v * base + digit;
		if (v > UINT32_MAX)
			return -1;
	}
	*out = v;
	return 0;
}

int
pd_addr_parse_lax(struct pd_str s, struct pd_addr *out)
{
	struct pd_addr a = { .family = AF_INET };
	uint64_t parts[4], v = 0;
	unsigned n = 0;

	/* Browsers take "127.0.0.1." for an address too. */
	if (s.n > 0 && s.p[s.n - 1] == '.')
		s.n--;
	do {
		if (n == 4 ||
		    parse_lax_number(pd_str_split(&s, '.'), &parts[n]) != 0)
			return -1;
		n++;
	} while (s.p != NULL);
	for (unsigned i = 0; i + 1 < n; i++) {
		if (parts[i] > 255)
			return -1;
		v |= parts[i] << (24 - 8 * i);
	}
	/* The last part fills what is left. */
	if (parts[n - 1] >> (8 * (5 - n)) != 0)
		return -1;
	v |= parts[n - 1];
	for (unsigned i = 0; i < 4; i++)
		a.ip[i] = (uint8_t)(v >> (24 - 8 * i));
	*out = a;
	return 0;
}

static bool
is_mapped(const struct pd_addr *a)
{
	static const uint8_t mapped[12] = { [10] = 0xff, 0xff };

	return a->family == AF_INET6 && memcmp(a->ip, mapped, 12) == 0;
}

/* The four bytes at from as an IPv4 address, port kept. */
static struct pd_addr
inner_at(const struct pd_addr *a, unsigned from, uint8_t mask)
{
	struct pd_addr v4 = { .family = AF_INET, .port = a->port };

	for (unsigned i = 0; i < 4; i++)
		v4.ip[i] = a->ip[from + i] ^ mask;
	return v4;
}

struct pd_addr
pd_addr_unmap(const struct pd_addr *a)
{
	return is_mapped(a) ? inner_at(a, 12, 0) : *a;
}

int
pd_prefix_parse(struct pd_str s, struct pd_prefix *out)
{
	struct pd_str rest = s;
	struct pd_str head = pd_str_split(&rest, '/');
	struct pd_prefix p;
	int64_t bits;

	if (rest.p == NULL) {
		head = pd_str_split(&s, '-');
		if (pd_addr_parse(pd_str_trim(head), &p.first) != 0)
			return -1;
		p.last = p.first;
		if (s.p != NULL && pd_addr_parse(pd_str_trim(s), &p.last) != 0)
			return -1;
	} else {
		if (pd_addr_parse(head, &p.first) != 0 ||
		    pd_str_u63(rest, &bits) != 0 || rest.n > 3 ||
		    bits > (int64_t)ip_len(&p.first) * 8)
			return -1;
		p.last = p.first;
		for (int64_t i = bits; i < (int64_t)ip_len(&p.first) * 8; i++) {
			uint8_t bit = (uint8_t)(0x80 >> (i % 8));

			p.first.ip[i / 8] &= (uint8_t)~bit;
			p.last.ip[i / 8] |= bit;
		}
	}
	/* Only when both ends are mapped: "::/0" stays IPv6. */
	if (is_mapped(&p.first) && is_mapped(&p.last)) {
		p.first = pd_addr_unmap(&p.first);
		p.last = pd_addr_unmap(&p.last);
	}
	if (p.first.family != p.last.family ||
	    memcmp(p.first.ip, p.last.ip, ip_len(&p.first)) > 0)
		return -1;
	*out = p;
	return 0;
}

static bool
hold_as_it_stands(const struct pd_prefixes *set, const struct pd_addr *a)
{
	for (size_t i = 0; i < set->n; i++) {
		const struct pd_prefix *p = &set->v[i];

		if (p->first.family == a->family &&
		    memcmp(a->ip, p->first.ip, ip_len(a)) >= 0 &&
		    memcmp(a->ip, p->last.ip, ip_len(a)) <= 0)
			return true;
	}
	return false;
}

bool
pd_prefixes_hold(const struct pd_prefixes *set, const struct pd_addr *a)
{
	struct pd_addr v4;

	if (a->family == 0)
		return false;
	if (hold_as_it_stands(set, a))
		return true;
	if (!is_mapped(a))
		return false;
	v4 = pd_addr_unmap(a);
	return hold_as_it_stands(set, &v4);
}

static bool
is_teredo(const struct pd_addr *a)
{
	return a->family == AF_INET6 && a->ip[0] == 0x20 && a->ip[1] == 1 &&
	       a->ip[2] == 0 && a->ip[3] == 0;
}

struct pd_addr
pd_addr_unwrap(const struct pd_addr *a)
{
	static const uint8_t nat64[12] = { 0, 0x64, 0xff, 0x9b };
	static const uint8_t zero[12];

	if (a->family != AF_INET6)
		return *a;
	if (is_mapped(a) || memcmp(a->ip, nat64, 12) == 0)
		return inner_at(a, 12, 0);
	/* Compatible, but :: and ::1 are themselves. */
	if (memcmp(a->ip, zero, 12) == 0)
		return memcmp(a->ip + 12, zero, 3) == 0 && a->ip[15] < 2
			   ? *a
			   : inner_at(a, 12, 0);
	if (memcmp(a->ip, nat64, 4) == 0 && a->ip[4] == 0 && a->ip[5] == 1)
		return inner_at(a, 12, 0);
	if (a->ip[0] == 0x20 && a->ip[1] == 2)
		return inner_at(a, 2, 0);
	if (is_teredo(a))
		return inner_at(a, 12, 0xff); /* the client's, RFC 4380, 4 */
	/* ISATAP, RFC 5214, 6.1: below any prefix. */
	if ((a->ip[8] & ~2) == 0 && a->ip[9] == 0 && a->ip[10] == 0x5e &&
	    a->ip[11] == 0xfe)
		return inner_at(a, 12, 0);
	return *a;
}

static enum pd_addr_kind
less_public(enum pd_addr_kind kind, const struct pd_addr *a)
{
	enum pd_addr_kind other = kind_as_it_stands(a);

	return distance[other] > distance[kind] ? other : kind;
}

/*
 * RFC 6052, 2.2: a NAT64 prefix may be shorter than /96, and then the IPv4
 * address stands further left, around byte 8, which is zero. The local-use
 * prefix 64:ff9b:1::/48 is private in every case, so that only its label
 * depends on which of them is meant; the /96 reading is taken.
 */
enum pd_addr_kind
pd_addr_kind(const struct pd_addr *a)
{
	enum pd_addr_kind kind = kind_as_it_stands(a);
	struct pd_addr inner = pd_addr_unwrap(a);

	if (inner.family != a->family)
		kind = less_public(kind, &inner);
	if (is_teredo(a)) {
		inner = inner_at(a, 4, 0); /* the server's */
		kind = less_public(kind, &inner);
	}
	return kind;
}

const char *
pd_addr_kind_name(enum pd_addr_kind kind)
{
	switch (kind) {
	case PD_ADDR_PUBLIC:
		return "public";
	case PD_ADDR_UNSPECIFIED:
		return "unspecified";
	case PD_ADDR_LOOPBACK:
		return "loopback";
	case PD_ADDR_LINK_LOCAL:
		return "link-local";
	case PD_ADDR_PRIVATE:
		return "private";
	case PD_ADDR_MULTICAST:
		return "multicast";
	case PD_ADDR_RESERVED:
		return "reserved";
	}
	abort();
}

bool
pd_addr_equal(const struct pd_addr *a, const struct pd_addr *b)
{
	return a->family == b->family && a->port == b->port &&
	       a->scope == b->scope &&
	       (a->family == 0 || memcmp(a->ip, b->ip, ip_len(a)) == 0);
}

socklen_t
pd_addr_to_sockaddr(const struct pd_addr *a, struct sockaddr_storage *out)
{
	struct sockaddr_in *sin = (struct sockaddr_in *)out;
	struct sockaddr_in6 *sin6 = (struct sockaddr_in6 *)out;

	memset(out, 0, sizeof(*out));
	if (a->family == AF_INET) {
		sin->sin_family = AF_INET;
		sin->sin_port = htons(a->port);
		memcpy(&sin->sin_addr, a->ip, 4);
		return sizeof(*sin);
	}
	if (a->family == AF_INET6) {
		sin6->sin6_family = AF_INET6;
		sin6->sin6_port = htons(a->port);
		sin6->sin6_scope_id = a->scope;
		memcpy(&sin6->sin6_addr, a->ip, 16);
		return sizeof(*sin6);
	}
	return 0;
}

struct pd_addr
pd_addr_from_sockaddr(const struct sockaddr *sa)
{
	struct pd_addr a = { 0 };
	struct sockaddr_in sin;
	struct sockaddr_in6 sin6;

	if (sa->sa_family == AF_INET) {
		memcpy(&sin, sa, sizeof(sin));
		a.family = AF_INET;
		a.port = ntohs(sin.sin_port);
		memcpy(a.ip, &sin.sin_addr, 4);
	} else if (sa->sa_family == AF_INET6) {
		memcpy(&sin6, sa, sizeof(sin6));
		a.family = AF_INET6;
		a.port = ntohs(sin6.sin6_port);
		a.scope = sin6.sin6_scope_id;
		memcpy(a.ip, &sin6.sin6_addr, 16);
	}
	return pd_addr_unmap(&a);
}

const char *
pd_addr_text(const struct pd_addr *a, char buf[PD_ADDR_TEXT])
{
	if (a->family == 0 ||
	    inet_ntop(a->family, a->ip, buf, PD_ADDR_TEXT) == NULL)
		strcpy(buf, "-");
	return buf;
}

const char *
pd_addr_text_port(const struct pd_addr *a, char buf[PD_ADDR_TEXT])
{
	char ip[PD_ADDR_TEXT];

	pd_addr_text(a, ip);
	if (a->family == AF_INET6)
		snprintf(buf, PD_ADDR_TEXT, "[%.46s]:%u", ip, a->port);
	else if (a->family == AF_INET)
		snprintf(buf, PD_ADDR_TEXT, "%.46s:%u", ip, a->port);
	else
		strcpy(buf, ip);
	return buf;
}
