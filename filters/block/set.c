#include "filters/block/set.h"

#include <assert.h>
#include <stdlib.h>

#include "base/arena.h"

/*
 * After freezing: bucket b's entries are first[b] .. first[b + 1] - 1 of two
 * arrays. Fingerprints stand apart from the rest, so that a miss, the usual
 * case, reads one or two cache lines.
 */
#define PRINT_LEN     5 /* bytes of a fingerprint */
#define BUCKET_TARGET 8
#define GROW_FIRST    1024

#define INFO_SUBDOMAINS (1u << 31)
#define INFO_LIST_SHIFT 24

struct pd_set {
	struct pd_host_key key;
	unsigned labels_max; /* of any host; longer suffixes cannot match */
	uint32_t n;
	/* While it is built. */
	uint32_t cap;
	uint64_t *hashes;
	uint32_t *infos; /* then stays, in the order of the buckets */
	/* Then. */
	unsigned bucket_bits;
	uint32_t *first;
	unsigned char *prints;
};

struct pd_set *
pd_set_create(const struct pd_host_key *key)
{
	struct pd_set *s = pd_xalloc(sizeof(*s));

	s->key = *key;
	return s;
}

void
pd_set_destroy(struct pd_set *s)
{
	if (s == NULL)
		return;
	free(s->hashes);
	free(s->infos);
	free(s->first);
	free(s->prints);
	free(s);
}

int
pd_set_add(struct pd_set *s, const struct pd_set_entry *e)
{
	unsigned labels;
	uint32_t line = e->line <= PD_SET_LINE_MAX ? e->line : 0;

	assert(s->first == NULL && e->list < PD_SET_LISTS_MAX);
	if (s->n >= PD_SET_HOSTS_MAX)
		return -1;
	if (s->n == s->cap) {
		s->cap = s->cap > 0 ? s->cap * 2 : GROW_FIRST;
		s->hashes = pd_xrealloc(s->hashes, s->cap * sizeof(*s->hashes));
		s->infos = pd_xrealloc(s->infos, s->cap * sizeof(*s->infos));
	}
	s->hashes[s->n] = pd_host_hash(&s->key, e->host, e->address, &labels);
	s->infos[s->n] = (e->subdomains && !e->address ? INFO_SUBDOMAINS : 0) |
			 (uint32_t)e->list << INFO_LIST_SHIFT | line;
	s->n++;
	if (labels > s->labels_max)
		s->labels_max = labels;
	return 0;
}

static uint32_t
bucket_of(const struct pd_set *s, uint64_t hash)
{
	return s->bucket_bits > 0 ? (uint32_t)(hash >> (64 - s->bucket_bits))
				  : 0;
}

static void
print_write(unsigned char *at, uint64_t hash)
{
	for (int i = 0; i < PRINT_LEN; i++)
		at[i] = (unsigned char)(hash >> (8 * i));
}

/* Sorts hosts into buckets by counting, in the order they were added. */
static void
distribute(struct pd_set *s, uint32_t *infos)
{
	size_t nbuckets = (size_t)1 << s->bucket_bits;

	for (uint32_t i = 0; i < s->n; i++)
		s->first[bucket_of(s, s->hashes[i]) + 1]++;
	for (size_t b = 1; b <= nbuckets; b++)
		s->first[b] += s->first[b - 1];
	/* first[b] runs on to the start of b + 1; the caller's pass mends it.
	 */
	for (uint32_t i = 0; i < s->n; i++) {
		uint32_t at = s->first[bucket_of(s, s->hashes[i])]++;

		print_write(s->prints + (size_t)at * PRINT_LEN, s->hashes[i]);
		infos[at] = s->infos[i];
	}
	memmove(s->first + 1, s->first, nbuckets * sizeof(*s->first));
	s->first[0] = 0;
}

/* Where a print stands in [from, to), else to. */
static uint32_t
print_find(const struct pd_set *s, uint32_t from, uint32_t to,
    const unsigned char print[PRINT_LEN])
{
	const unsigned char *p = s->prints + (size_t)from * PRINT_LEN;

	while (from < to && memcmp(p, print, PRINT_LEN) != 0) {
		from++;
		p += PRINT_LEN;
	}
	return from;
}

/*
 * Leaves one of equal hosts. A bucket with many copies has few different
 * hosts, so that this is linear for any list.
 */
static void
remove_copies(struct pd_set *s)
{
	size_t nbuckets = (size_t)1 << s->bucket_bits;
	uint32_t out = 0, from = 0;

	for (size_t b = 0; b < nbuckets; b++) {
		uint32_t to = s->first[b + 1], start = out;

		for (; from < to; from++) {
			unsigned char *print =
			    s->prints + (size_t)from * PRINT_LEN;
			uint32_t at = print_find(s, start, out, print);

			if (at == out) {
				memmove(s->prints + (size_t)out * PRINT_LEN,
				    print, PRINT_LEN);
				s->infos[out++] = s->infos[from];
			} else if ((s->infos[from] & INFO_SUBDOMAINS) != 0 &&
				   (s->infos[at] & INFO_SUBDOMAINS) == 0) {
				s->infos[at] = s->infos[from];
			}
		}
		s->first[b + 1] = out;
	}
	s->n = out;
}

void
pd_set_freeze(struct pd_set *s)
{
	uint32_t *infos;

	assert(s->first == NULL);
	while (s->bucket_bits < 24 && (s->n >> s->bucket_bits) >= BUCKET_TARGET)
		s->bucket_bits++;
	s->first =
	    pd_xalloc((((size_t)1 << s->bucket_bits) + 1) * sizeof(*s->first));
	s->prints = pd_xalloc((size_t)s->n * PRINT_LEN);
	infos = pd_xalloc((size_t)s->n * sizeof(*infos));
	distribute(s, infos);
	free(s->hashes);
	free(s->infos);
	s->hashes = NULL;
	s->infos = infos;
	remove_copies(s);
	s->cap = s->n;
	s->prints = pd_xrealloc(s->prints, (size_t)s->n * PRINT_LEN);
	s->infos = pd_xrealloc(s->infos, (size_t)s->n * sizeof(*s->infos));
}

bool
pd_set_find(const struct pd_set *s, struct pd_str host, bool address,
    struct pd_set_hit *hit)
{
	struct pd_host_walk w;
	unsigned char print[PRINT_LEN];

	assert(s->first != NULL);
	if (s->n == 0)
		return false;
	pd_host_walk_start(&w, &s->key, host, address);
	while (w.labels < s->labels_max && pd_host_walk_next(&w)) {
		uint32_t b = bucket_of(s, w.hash), at, info;

		print_write(print, w.hash);
		at = print_find(s, s->first[b], s->first[b + 1], print);
		if (at == s->first[b + 1])
			continue;
		info = s->infos[at];
		if (!w.whole && (info & INFO_SUBDOMAINS) == 0)
			continue;
		*hit = (struct pd_set_hit){
			.suffix = w.suffix,
			.list = (uint8_t)(info >> INFO_LIST_SHIFT & 0x7f),
			.line = info & PD_SET_LINE_MAX,
		};
		return true;
	}
	return false;
}

size_t
pd_set_count(const struct pd_set *s)
{
	return s->n;
}

size_t
pd_set_size(const struct pd_set *s)
{
	size_t size = sizeof(*s) + (size_t)s->cap * sizeof(*s->infos);

	if (s->hashes != NULL)
		size += (size_t)s->cap * sizeof(*s->hashes);
	if (s->first != NULL) {
		size += (((size_t)1 << s->bucket_bits) + 1) * sizeof(*s->first);
		size += (size_t)s->n * PRINT_LEN;
	}
	return size;
}
