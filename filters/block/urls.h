/*
 * Ziproxy's lists: URL patterns whose host and path are matched apart.
 *
 * A pattern whose host is written out, or is "*." and a name, is found by a
 * hash; the others are tried one by one.
 * Thread: built by one thread, then immutable.
 */
#ifndef PD_BLOCK_URLS_H
#define PD_BLOCK_URLS_H

#include "filters/block/block.h"
#include "filters/block/host.h"

/* In the order in which they are asked. */
enum pd_urls_list {
	PD_URLS_NO_PROCESSING,
	PD_URLS_DENY,
	PD_URLS_REPLACE,
	PD_URLS_REPLACE_CT,
	PD_URLS_LISTS,
};

#define PD_URLS_MAX  (1u << 20)
#define PD_URLS_TEXT ((size_t)64 << 20) /* bytes of all patterns */

struct pd_urls;

struct pd_urls_rule {
	enum pd_urls_list list;
	uint32_t line;
	struct pd_str text; /* as it stands in the file */
	enum pd_scheme scheme;
	uint16_t port;      /* 0: any */
	struct pd_str host; /* lower case, may hold '*'; copied, as all */
	struct pd_str path; /* with '*'; at least "/" */
	bool address;       /* host is an address literal */
};

struct pd_urls *pd_urls_create(const struct pd_host_key *key);
void pd_urls_destroy(struct pd_urls *u); /* NULL is fine */
/* Before pd_urls_freeze(). -1: too many. */
int pd_urls_add(struct pd_urls *u, const struct pd_urls_rule *rule);
void pd_urls_freeze(struct pd_urls *u);

/* After it. */
struct pd_urls_hit {
	bool found;
	struct pd_str text; /* lives as long as u */
	uint32_t line;
};

/*
 * The first rule of each list that covers the query. For CONNECT that is one
 * with https:// whose path is "/" or "/" and a star: the whole host. host: the
 * usual form of the authority's.
 */
void pd_urls_match(const struct pd_urls *u, const struct pd_block_query *q,
    struct pd_str host, struct pd_urls_hit hits[PD_URLS_LISTS]);
size_t pd_urls_count(const struct pd_urls *u);
/* How many are tried one by one. */
size_t pd_urls_slow(const struct pd_urls *u);

#endif
