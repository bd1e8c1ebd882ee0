/*
 * IP addresses, prefixes and what kind of place an address is.
 *
 * IPv4 that hides in IPv6 (mapped, compatible, NAT64, 6to4, ISATAP, Teredo) is
 * unwrapped before it is judged, so that no spelling passes where another
 * would not.
 * Thread: any.
 */
#ifndef PD_ADDR_H
#define PD_ADDR_H

#include <netinet/in.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/str.h"

/* One address with its port; family 0 means none. */
struct pd_addr {
	uint16_t family; /* AF_INET, AF_INET6, or 0 */
	uint16_t port;   /* host byte order */
	uint32_t scope;  /* IPv6 zone; 0 for none */
	uint8_t ip[16];  /* network byte order; IPv4 in the first four */
};

/* Addresses from first to last, both included, of one family. */
struct pd_prefix {
	struct pd_addr first, last;
};

struct pd_prefixes {
	struct pd_prefix *v;
	size_t n;
};

enum pd_addr_kind {
	PD_ADDR_PUBLIC,
	PD_ADDR_UNSPECIFIED, /* 0.0.0.0/8, :: */
	PD_ADDR_LOOPBACK,
	PD_ADDR_LINK_LOCAL, /* 169.254/16 (cloud metadata), fe80::/10 */
	PD_ADDR_PRIVATE,    /* RFC 1918, CGNAT, ULA, site-local */
	PD_ADDR_MULTICAST,
	PD_ADDR_RESERVED, /* documentation, benchmarking, broadcast, discard */
};

/*
 * Reads an IPv4 or IPv6 literal (no brackets, no port, no zone). Strict: four
 * decimal parts without leading zeros, or RFC 4291 text. 0 or -1.
 */
int pd_addr_parse(struct pd_str s, struct pd_addr *out);

/*
 * Reads what inet_aton(3) and browsers take for IPv4 as well: hexadecimal,
 * octal, fewer than four parts, one dot at the end. 0 or -1.
 */
int pd_addr_parse_lax(struct pd_str s, struct pd_addr *out);

/*
 * "127.0.0.1", "127.0.0.0/8", "10.0.0.1-10.0.0.9", "::1/128". Bits behind the
 * prefix are cleared; a prefix of mapped addresses becomes IPv4. 0 or -1.
 */
int pd_prefix_parse(struct pd_str s, struct pd_prefix *out);

/*
 * Whether one of the prefixes holds a. A mapped IPv4 address is looked for
 * among the IPv4 prefixes as well. Other wrappings stay closed: anybody may
 * give himself an ISATAP address with 10.0.0.1 inside, and a list of clients
 * must not take him for that one.
 */
bool pd_prefixes_hold(const struct pd_prefixes *set, const struct pd_addr *a);

/* A mapped address as the IPv4 address that it is on the wire, else a itself
 * (port kept). */
struct pd_addr pd_addr_unmap(const struct pd_addr *a);

/*
 * The IPv4 address inside an IPv6 one, if there is one, else a itself (port
 * kept). Of Teredo's two, the client's.
 */
struct pd_addr pd_addr_unwrap(const struct pd_addr *a);

/*
 * What the IANA special-purpose registries say of a and of the IPv4 addresses
 * inside it; of these, the least public. Outside 2000::/3 nothing is public but
 * mapped and NAT64 addresses of public ones.
 */
enum pd_addr_kind pd_addr_kind(const struct pd_addr *a);
const char *pd_addr_kind_name(enum pd_addr_kind kind);

/* Same address, port and zone. */
bool pd_addr_equal(const struct pd_addr *a, const struct pd_addr *b);

/* 0 when a is none. */
socklen_t
pd_addr_to_sockaddr(const struct pd_addr *a, struct sockaddr_storage *out);
/* A mapped address becomes IPv4; family 0 when the socket address is of another
 * family. */
struct pd_addr pd_addr_from_sockaddr(const struct sockaddr *sa);

#define PD_ADDR_TEXT 64
/* "192.0.2.1" or "2001:db8::1", "-" for none; returns buf. */
const char *pd_addr_text(const struct pd_addr *a, char buf[PD_ADDR_TEXT]);
/* "192.0.2.1:80" or "[2001:db8::1]:80"; returns buf. */
const char *pd_addr_text_port(const struct pd_addr *a, char buf[PD_ADDR_TEXT]);

#endif
