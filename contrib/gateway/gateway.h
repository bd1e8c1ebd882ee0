/*
 * Names and numbers by which everything of the gateway is known again, in the
 * kernel and on disk: what bears one of these marks is ours, and `down` may
 * remove it; what bears none is somebody else's and is never touched.
 *
 * Thread: main; the program has no other.
 */
#ifndef GW_GATEWAY_H
#define GW_GATEWAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GW_OK    0 /* exit status: done, or all as planned */
#define GW_FAIL  1 /* failed, or drifted */
#define GW_USAGE 2 /* used wrongly */

/* Of routes, rules and proxied neighbours: who made them (rt_protos). Nobody
 * known to iproute2 or systemd uses this number. */
#define GW_PROTOCOL 119
/* Of rules; tailscale's are 52xx. */
#define GW_PRIORITY_MIN 5300
#define GW_PRIORITY_MAX 5399
/* Routing tables: 11900 to 11999. */
#define GW_TABLE_MIN 11900
#define GW_TABLE_MAX 11999
/* Of packets on their way to a transparent socket; only these bits. */
#define GW_MARK      0x07700000u
#define GW_MARK_MASK 0x07f00000u
/* Of connections that came by an uplink: a number from 1 to GW_UPLINK_MARKS in
 * bits that GW_MARK has all set. */
#define GW_UPLINK_MARK_1    0x01000000u
#define GW_UPLINK_MARK_MASK 0x07000000u
#define GW_UPLINK_MARKS     6
/* Of packets that other people's chains shall let pass: this bit, set by our
 * rules, is all that an accept put there has to look for. */
#define GW_OPEN 0x08000000u
/* Of a WireGuard tunnel's own (outer) packets, where the default route leads
 * into it: they take the way that was there without it. */
#define GW_OUTER 0x00800000u
/* Of the queueing disciplines that we put at a link's root: "7077:". */
#define GW_QDISC_MAJOR 0x7077u

/* Links: alias "gateway:NAME"; nft: table inet "gateway-NAME"; rules in other
 * people's chains: comment "gateway:NAME". */
#define GW_NAME_MAX  24 /* bytes of a gateway's name */
#define GW_LINK_MAX  15 /* bytes of a link's name (IFNAMSIZ - 1) */
#define GW_TITLE_MAX 32 /* bytes of a section's or client's name */

#endif
