/*
 * A host as the lists write it, and the keyed hashes of its suffixes.
 *
 * The hash runs over the labels from the right, so that every suffix of a name
 * costs its last label only: one multiplication for up to 16 bytes, where
 * SipHash took five times the instructions. It is keyed, the key is drawn for
 * each rule file, and no hash is ever shown: neither a list nor a client can
 * aim at a bucket or a fingerprint.
 * Thread: any.
 */
#ifndef PD_BLOCK_HOST_H
#define PD_BLOCK_HOST_H

#include "base/str.h"

/* A name without its last dot (RFC 1035, 2.3.4), with room for a NUL. */
#define PD_HOST_TEXT 256

enum pd_host_form {
	PD_HOST_FORM_BAD,     /* no host name */
	PD_HOST_FORM_LABEL,   /* one label: "localhost", "zip" */
	PD_HOST_FORM_NAME,    /* two labels or more */
	PD_HOST_FORM_ADDRESS, /* an IPv4 or IPv6 literal, in its usual form */
};

/*
 * Brings a host of a list into the form of struct pd_authority's host: lower
 * case, Punycode, no last dot, no brackets. Underscores are taken, because
 * names in use have them. *out points into buf.
 */
enum pd_host_form
pd_host_normal(struct pd_str in, char buf[PD_HOST_TEXT], struct pd_str *out);

struct pd_host_key {
	uint64_t k0, k1;
};

/* From the system's random source. */
struct pd_host_key pd_host_key_random(void);

/*
 * Whether a host in the usual form is an address: those have no suffixes but
 * themselves. No top-level name is a number (RFC 3696, 2).
 */
bool pd_host_is_address(struct pd_str host);

#define PD_HOST_LABELS_MAX 128

struct pd_host_suffix {
	uint64_t hash;
	uint32_t at; /* where it begins in the host */
};

/*
 * The suffixes of a host by label, shortest first: "com", "example.com",
 * "www.example.com"; of an address (single) itself alone. At most max, which
 * is at most PD_HOST_LABELS_MAX. Returns how many; 0 for a host that is longer
 * than any can be.
 */
size_t pd_host_suffixes(const struct pd_host_key *key, struct pd_str host,
    bool single, size_t max, struct pd_host_suffix *out);

/*
 * The same over what stands before the last `drop` labels, under another
 * start: the names that "name.*" covers.
 */
size_t pd_host_entities(const struct pd_host_key *key, struct pd_str host,
    size_t drop, size_t max, struct pd_host_suffix *out);

/* The hash of the whole host, and how many labels it has. */
uint64_t pd_host_hash(const struct pd_host_key *key, struct pd_str host,
    bool single, unsigned *labels);
/* The same of the name before ".*". */
uint64_t pd_host_entity_hash(
    const struct pd_host_key *key, struct pd_str name, unsigned *labels);

/* The upper half of a product folded on the lower: every bit of x reaches
 * every bit of the result. */
static inline uint64_t
pd_host_fold(uint64_t x, uint64_t y)
{
#ifdef __SIZEOF_INT128__
	/* No variable for the product: -ftrivial-auto-var-init would put it
	 * into memory. */
	return __extension__(uint64_t)((unsigned __int128)x * y) ^
	       (uint64_t)(((unsigned __int128)x * y) >> 64);
#else
	uint64_t xl = (uint32_t)x, xh = x >> 32, yl = (uint32_t)y, yh = y >> 32;
	uint64_t low = xl * yl, a = xh * yl, b = xl * yh;
	uint64_t mid = (low >> 32) + (uint32_t)a + (uint32_t)b;

	return ((low & UINT32_MAX) | mid << 32) ^
	       (xh * yh + (a >> 32) + (b >> 32) + (mid >> 32));
#endif
}

#endif
