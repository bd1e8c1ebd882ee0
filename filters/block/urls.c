#include "filters/block/urls.h"

#include <assert.h>
#include <stdlib.h>

#define NONE UINT32_MAX

enum host_how {
	HOST_EXACT,
	HOST_BELOW, /* "*.example.org": what is below example.org */
	HOST_GLOB,
};

struct rule {
	uint64_t hash; /* of the host written out; GLOB: 0 */
	uint32_t next; /* in the chain of its slot, in the file's order */
	uint32_t text, text_len;
	uint32_t host, host_len; /* BELOW: without the "*." */
	uint32_t path, path_len;
	uint32_t line;
	uint16_t port;
	uint8_t list, scheme, how;
	bool address;
};

struct pd_urls {
	struct pd_host_key key;
	struct rule *v;
	uint32_t n, cap;
	char *pool; /* the texts; offsets, because it moves while it grows */
	size_t pool_len, pool_cap;
	/* After freezing. */
	uint32_t *slots; /* first rule of a chain, by hash */
	uint32_t mask;
	uint32_t globs; /* first of the chain of GLOB */
	uint32_t nglobs;
};

struct pd_urls *
pd_urls_create(const struct pd_host_key *key)
{
	struct pd_urls *u = pd_xalloc(sizeof(*u));

	u->key = *key;
	u->globs = NONE;
	return u;
}

void
pd_urls_destroy(struct pd_urls *u)
{
	if (u == NULL)
		return;
	free(u->v);
	free(u->pool);
	free(u->slots);
	free(u);
}

static uint32_t
keep(struct pd_urls *u, struct pd_str s)
{
	size_t at = u->pool_len;

	if (u->pool_cap - at < s.n) {
		u->pool_cap = (u->pool_cap + s.n) * 2;
		u->pool = pd_xrealloc(u->pool, u->pool_cap);
	}
	if (s.n > 0)
		memcpy(u->pool + at, s.p, s.n);
	u->pool_len += s.n;
	return (uint32_t)at;
}

static struct pd_str
kept(const struct pd_urls *u, uint32_t at, uint32_t len)
{
	return pd_str_of(u->pool + at, len);
}

static bool
has_star(struct pd_str s)
{
	return s.n > 0 && memchr(s.p, '*', s.n) != NULL;
}

/* Takes the "*." off a host of BELOW. */
static enum host_how
classify(struct pd_str *host)
{
	struct pd_str below;

	if (!has_star(*host))
		return HOST_EXACT;
	if (!pd_str_starts(*host, PD_STR("*.")))
		return HOST_GLOB;
	below = pd_str_of(host->p + 2, host->n - 2);
	if (below.n == 0 || has_star(below))
		return HOST_GLOB;
	*host = below;
	return HOST_BELOW;
}

int
pd_urls_add(struct pd_urls *u, const struct pd_urls_rule *rule)
{
	struct pd_str host = rule->host;
	struct rule *r;
	unsigned labels;

	assert(u->slots == NULL);
	if (u->n >= PD_URLS_MAX ||
	    u->pool_len + rule->text.n + host.n + rule->path.n > PD_URLS_TEXT)
		return -1;
	if (u->n == u->cap) {
		u->cap = u->cap > 0 ? u->cap * 2 : 64;
		u->v = pd_xrealloc(u->v, u->cap * sizeof(*u->v));
	}
	r = &u->v[u->n++];
	*r = (struct rule){
		.next = NONE,
		.line = rule->line,
		.port = rule->port,
		.list = (uint8_t)rule->list,
		.scheme = (uint8_t)rule->scheme,
		.how = (uint8_t)classify(&host),
		.address = rule->address,
	};
	if (r->how != HOST_GLOB)
		r->hash = pd_host_hash(&u->key, host, rule->address, &labels);
	r->text = keep(u, rule->text);
	r->text_len = (uint32_t)rule->text.n;
	r->host = keep(u, host);
	r->host_len = (uint32_t)host.n;
	r->path = keep(u, rule->path);
	r->path_len = (uint32_t)rule->path.n;
	return 0;
}

void
pd_urls_freeze(struct pd_urls *u)
{
	size_t nslots = 1;

	assert(u->slots == NULL);
	while (nslots < u->n)
		nslots *= 2;
	u->mask = (uint32_t)(nslots - 1);
	u->slots = pd_xalloc(nslots * sizeof(*u->slots));
	for (size_t i = 0; i < nslots; i++)
		u->slots[i] = NONE;
	/* From the back, so that a chain has the order of the file. */
	for (uint32_t i = u->n; i-- > 0;) {
		struct rule *r = &u->v[i];
		uint32_t *head = r->how == HOST_GLOB
				     ? &u->globs
				     : &u->slots[r->hash & u->mask];

		u->nglobs += r->how == HOST_GLOB;
		r->next = *head;
		*head = i;
	}
}

/* All but the host. */
static bool
covers(const struct pd_urls *u, const struct rule *r,
    const struct pd_block_query *q)
{
	struct pd_str path = kept(u, r->path, r->path_len);

	if (r->port != 0 && r->port != q->url->authority.port)
		return false;
	if (q->method == PD_METHOD_CONNECT)
		return r->scheme == PD_SCHEME_HTTPS &&
		       (pd_str_eq(path, PD_STR("/")) ||
			   pd_str_eq(path, PD_STR("/*")));
	return r->scheme == q->url->scheme && pd_str_glob(path, q->url->path);
}

static void
take(const struct pd_urls *u, const struct rule *r, struct pd_urls_hit *hits)
{
	struct pd_urls_hit *hit = &hits[r->list];

	/* Exact, below, glob: of several the one that came first in the file.
	 */
	if (hit->found && hit->line <= r->line)
		return;
	*hit = (struct pd_urls_hit){
		.found = true,
		.text = kept(u, r->text, r->text_len),
		.line = r->line,
	};
}

void
pd_urls_match(const struct pd_urls *u, const struct pd_block_query *q,
    struct pd_str host, struct pd_urls_hit hits[PD_URLS_LISTS])
{
	bool address = q->url->authority.kind != PD_HOST_NAME;
	struct pd_host_walk w;

	memset(hits, 0, PD_URLS_LISTS * sizeof(*hits));
	if (u->n == 0)
		return;
	pd_host_walk_start(&w, &u->key, host, address);
	while (pd_host_walk_next(&w)) {
		for (uint32_t i = u->slots[w.hash & u->mask]; i != NONE;
		     i = u->v[i].next) {
			const struct rule *r = &u->v[i];

			if (r->hash == w.hash && r->address == address &&
			    (r->how == HOST_EXACT) == w.whole &&
			    pd_str_eq(
				kept(u, r->host, r->host_len), w.suffix) &&
			    covers(u, r, q))
				take(u, r, hits);
		}
	}
	for (uint32_t i = u->globs; i != NONE; i = u->v[i].next) {
		const struct rule *r = &u->v[i];

		if (pd_str_glob(kept(u, r->host, r->host_len), host) &&
		    covers(u, r, q))
			take(u, r, hits);
	}
}

size_t
pd_urls_count(const struct pd_urls *u)
{
	return u->n;
}

size_t
pd_urls_slow(const struct pd_urls *u)
{
	return u->nglobs;
}
