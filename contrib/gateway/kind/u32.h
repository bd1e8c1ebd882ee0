/*
 * What a packet must look like, as words of the kernel's filter u32: 32 bits of
 * the packet, counted from its IP header, under a mask. Pure.
 *
 * Ports are read where they are when nothing stands between the IP header and
 * theirs. An IPv4 packet with options, or a later fragment, has something else
 * there: it is not matched, as the words say so. In IPv6 the next header is
 * compared, so packets with extension headers, fragments among them, are not
 * matched either. Such packets fall to the class by default.
 * Thread: any.
 */
#ifndef GW_U32_H
#define GW_U32_H

#include <linux/pkt_cls.h>

#include "step.h"

#define GW_U32_KEYS 16 /* of two IPv6 addresses, protocol and ports: 10 */

struct gw_u32 {
	struct tc_u32_key keys[GW_U32_KEYS]; /* network byte order */
	unsigned n;                          /* at least 1 */
};

/*
 * The words for a filter step's arguments: protocol "ip" or "ipv6"; l4, a
 * number; src, dst, with prefix length; sport, dport: "53/ffff", value and
 * hexadecimal mask. 0, or -1 when one of them cannot be read.
 */
int gw_u32_of_step(const struct gw_step *s, struct gw_u32 *out);
bool gw_u32_equal(const struct gw_u32 *a, const struct gw_u32 *b);

struct gw_u32_port {
	uint16_t value, mask;
};
/* Of 16 bits, a range needs at most two values for each bit but the last. */
#define GW_U32_PORTS 30
/* The fewest values under masks that are lo to hi, both included, and nothing
 * else. Returns how many. */
size_t
gw_u32_range(uint16_t lo, uint16_t hi, struct gw_u32_port out[GW_U32_PORTS]);

#endif
