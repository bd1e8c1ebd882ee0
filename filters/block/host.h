/*
 * A host as the lists write it, and the keyed hashes of its suffixes.
 *
 * The hash is SipHash-1-3 over the labels from the right, so that every suffix
 * of a name costs its last label only. The key is drawn once for each set:
 * neither a list nor a client can aim at a bucket or a fingerprint.
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
 * Walks the suffixes of a host by label, shortest first:
 * "com", "example.com", "www.example.com".
 *     struct pd_host_walk w;
 *     pd_host_walk_start(&w, key, host, false);
 *     while (pd_host_walk_next(&w)) ...
 */
struct pd_host_walk {
	/* Of the present suffix. */
	struct pd_str suffix;
	uint64_t hash;
	unsigned labels;
	bool whole; /* it is the host itself */
	/* Private. */
	struct pd_str host;
	size_t left; /* bytes of host not walked yet */
	uint64_t v[4];
};

/* single: the host is an address and has no suffix but itself. */
void pd_host_walk_start(struct pd_host_walk *w, const struct pd_host_key *key,
    struct pd_str host, bool single);
bool pd_host_walk_next(struct pd_host_walk *w);

/* The hash of the whole host, and how many labels it has. */
uint64_t pd_host_hash(const struct pd_host_key *key, struct pd_str host,
    bool single, unsigned *labels);

#endif
