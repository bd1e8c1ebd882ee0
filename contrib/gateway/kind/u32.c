#include "kind/u32.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"

/* Bytes from the IP header's first. */
#define IPV4_LENGTH   0 /* version, length in words, ... */
#define IPV4_FRAGMENT 4 /* identification, flags, offset */
#define IPV4_PROTOCOL 8 /* time to live, protocol, checksum */
#define IPV4_SOURCE   12
#define IPV4_PORTS    20
#define IPV6_NEXT     4 /* length, next header, hop limit */
#define IPV6_SOURCE   8
#define IPV6_PORTS    40

/* value and mask in host byte order. Two words of one place become one, so
 * that both ports cost one comparison. */
static void
add(struct gw_u32 *u, int off, uint32_t value, uint32_t mask)
{
	for (unsigned i = 0; i < u->n; i++) {
		if (u->keys[i].off == off) {
			u->keys[i].val |= htonl(value & mask);
			u->keys[i].mask |= htonl(mask);
			return;
		}
	}
	u->keys[u->n++] = (struct tc_u32_key){
		.val = htonl(value & mask),
		.mask = htonl(mask),
		.off = off,
	};
}

/* text: "fd77::/64", NULL: any. */
static int
add_net(struct gw_u32 *u, int off, bool ipv6, const char *text)
{
	struct gw_net net;

	if (text == NULL)
		return 0;
	if (gw_net_parse(pd_str_z(text), &net) != 0 ||
	    net.addr.family != (ipv6 ? AF_INET6 : AF_INET))
		return -1;
	for (unsigned at = 0; at < net.len; at += 32) {
		unsigned bits = net.len - at; /* of this word and the next */
		uint32_t mask = bits < 32 ? ~(UINT32_MAX >> bits) : UINT32_MAX;
		uint32_t word;

		memcpy(&word, net.addr.ip + at / 8, sizeof(word));
		add(u, off + (int)at / 8, ntohl(word), mask);
	}
	return 0;
}

/* text: "53/ffff", NULL: any. shift: 16 for the port that stands first. */
static int
add_port(struct gw_u32 *u, int off, unsigned shift, const char *text)
{
	unsigned long value, mask;
	char *end;

	if (text == NULL)
		return 0;
	value = strtoul(text, &end, 10);
	if (*end != '/' || value > UINT16_MAX)
		return -1;
	mask = strtoul(end + 1, &end, 16);
	if (*end != '\0' || mask > UINT16_MAX)
		return -1;
	add(u, off, (uint32_t)value << shift, (uint32_t)mask << shift);
	return 0;
}

static int
add_protocol(struct gw_u32 *u, bool ipv6, const char *text)
{
	unsigned long number;
	char *end;

	if (text == NULL)
		return 0;
	number = strtoul(text, &end, 10);
	if (end == text || *end != '\0' || number > 255)
		return -1;
	if (ipv6)
		add(u, IPV6_NEXT, (uint32_t)number << 8, 0xff00);
	else
		add(u, IPV4_PROTOCOL, (uint32_t)number << 16, 0xff0000);
	return 0;
}

int
gw_u32_of_step(const struct gw_step *s, struct gw_u32 *out)
{
	bool ipv6 = strcmp(gw_step_need(s, "protocol"), "ipv6") == 0;
	const char *sport = gw_step_get(s, "sport");
	const char *dport = gw_step_get(s, "dport");
	int source = ipv6 ? IPV6_SOURCE : IPV4_SOURCE;
	int ports = ipv6 ? IPV6_PORTS : IPV4_PORTS;

	*out = (struct gw_u32){ .n = 0 };
	if ((sport != NULL || dport != NULL) && !ipv6) {
		add(out, IPV4_LENGTH, 5u << 24, 0x0f000000);
		add(out, IPV4_FRAGMENT, 0, 0x1fff);
	}
	if (add_protocol(out, ipv6, gw_step_get(s, "l4")) != 0 ||
	    add_net(out, source, ipv6, gw_step_get(s, "src")) != 0 ||
	    add_net(out, source + (ipv6 ? 16 : 4), ipv6,
		gw_step_get(s, "dst")) != 0 ||
	    add_port(out, ports, 16, sport) != 0 ||
	    add_port(out, ports, 0, dport) != 0)
		return -1;
	if (out->n == 0)
		add(out, 0, 0, 0); /* every packet of the family */
	return 0;
}

bool
gw_u32_equal(const struct gw_u32 *a, const struct gw_u32 *b)
{
	if (a->n != b->n)
		return false;
	for (unsigned i = 0; i < a->n; i++) {
		const struct tc_u32_key *x = &a->keys[i], *y = &b->keys[i];

		if (x->val != y->val || x->mask != y->mask ||
		    x->off != y->off || x->offmask != y->offmask)
			return false;
	}
	return true;
}

/*
 * From the low end, each time the largest block that begins there and does not
 * go beyond the high end: 5000 to 5010 are 5000/fff8 (to 5007), 5008/fffe,
 * 5010/ffff.
 */
size_t
gw_u32_range(uint16_t lo, uint16_t hi, struct gw_u32_port out[GW_U32_PORTS])
{
	uint32_t at = lo;
	size_t n = 0;

	while (at <= hi) {
		uint32_t size = at == 0 ? 0x10000 : at & -at;

		while (at + size - 1 > hi)
			size /= 2;
		out[n++] = (struct gw_u32_port){ (uint16_t)at,
			(uint16_t) ~(size - 1) };
		at += size;
	}
	return n;
}
