/*
 * Very many hosts in little memory: which of them are blocked, by which list
 * and line.
 *
 * Names are not kept. A host is its keyed 64-bit hash (host.h): the upper bits
 * choose a bucket of eight on average, 40 more are kept beside the list and
 * line. That is 9.5 bytes a host. A host that is not listed is taken for one
 * that is once in 1.4e11 questions, whatever the size of the set, and
 * nobody can aim at it without the key.
 * Thread: built by one thread, then immutable.
 */
#ifndef PD_BLOCK_SET_H
#define PD_BLOCK_SET_H

#include "filters/block/host.h"

#define PD_SET_LISTS_MAX 127              /* 7 bits of an entry */
#define PD_SET_LINE_MAX  ((1u << 24) - 1) /* 24 bits; above: line unknown */
#define PD_SET_HOSTS_MAX (16u << 20)

struct pd_set;

struct pd_set_entry {
	struct pd_str host; /* of pd_host_normal() */
	bool address;       /* an address literal: has no subdomains */
	bool subdomains;    /* it and everything below it */
	uint8_t list;       /* < PD_SET_LISTS_MAX */
	uint32_t line;      /* 0: unknown */
};

struct pd_set *pd_set_create(const struct pd_host_key *key);
void pd_set_destroy(struct pd_set *s); /* NULL is fine */

/*
 * Before pd_set_freeze(). Of equal hosts the first stays, unless only a later
 * one has its subdomains. 0, or -1 when PD_SET_HOSTS_MAX is reached.
 */
int pd_set_add(struct pd_set *s, const struct pd_set_entry *e);
void pd_set_freeze(struct pd_set *s);

/* After it. */
struct pd_set_hit {
	struct pd_str suffix; /* of the host asked for */
	uint8_t list;
	uint32_t line; /* 0: unknown */
};

/* host: as in struct pd_authority. */
bool pd_set_find(const struct pd_set *s, struct pd_str host, bool address,
    struct pd_set_hit *hit);
size_t pd_set_count(const struct pd_set *s);
/* Bytes of memory behind it. */
size_t pd_set_size(const struct pd_set *s);

#endif
