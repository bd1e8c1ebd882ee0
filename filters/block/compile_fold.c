/*
 * What is taken away before the file is made: rules that a badfilter names,
 * rules that say the same as one before, hosts that a wider rule covers.
 */
#include <stdlib.h>

#include "filters/block/compile_parts.h"

/* From a 64-bit hash to a number; open addressing, at most half full. */
struct map {
	uint64_t *keys;
	uint32_t *values; /* number + 1; 0: free */
	size_t mask;
};

static struct map
map_create(size_t n)
{
	size_t cap = 16;

	while (cap < n * 2)
		cap *= 2;
	return (struct map){
		.keys = pd_xalloc(cap * sizeof(uint64_t)),
		.values = pd_xalloc(cap * sizeof(uint32_t)),
		.mask = cap - 1,
	};
}

static void
map_free(struct map *m)
{
	free(m->keys);
	free(m->values);
}

/* The number that is there, or it becomes value and UINT32_MAX is returned. */
static uint32_t
map_put(struct map *m, uint64_t key, uint32_t value)
{
	size_t i = (key ^ key >> 32) & m->mask;

	for (; m->values[i] != 0; i = (i + 1) & m->mask) {
		if (m->keys[i] == key)
			return m->values[i] - 1;
	}
	m->keys[i] = key;
	m->values[i] = value + 1;
	return UINT32_MAX;
}

static bool
map_has(const struct map *m, uint64_t key)
{
	size_t i = (key ^ key >> 32) & m->mask;

	for (; m->values[i] != 0; i = (i + 1) & m->mask) {
		if (m->keys[i] == key)
			return true;
	}
	return false;
}

static struct map
map_of(const struct pd_grow *keys)
{
	size_t n = keys->n / sizeof(uint64_t);
	struct map m = map_create(n);
	uint64_t key;

	for (size_t i = 0; i < n; i++) {
		memcpy(&key, keys->p + i * sizeof(key), sizeof(key));
		map_put(&m, key, 0);
	}
	return m;
}

static void
drop_bad(struct pd_compiler *c)
{
	struct map bad = map_of(&c->bad), plain = map_of(&c->bad_plain);

	for (size_t i = 0; c->bad.n > 0 && i < c->ndrafts; i++) {
		struct pd_draft *d = &c->drafts[i];

		if (!map_has(&bad, d->bad))
			continue;
		d->dropped = true;
		pd_compile_list_of(c, d->file)->badfiltered++;
	}
	for (size_t i = 0; c->bad_plain.n > 0 && i < c->nplains; i++) {
		struct pd_plain *p = &c->plains[i];
		uint64_t how = (uint64_t)((p->flags & PD_PLAIN_SUBDOMAINS) == 0)
				   << 1 |
			       ((p->flags & PD_PLAIN_ALL_TYPES) != 0 &&
				   !c->options.strict_document);

		if (!map_has(&plain, p->hash ^ how))
			continue;
		p->flags |= PD_PLAIN_DROPPED;
		pd_compile_list_of(c, p->file)->badfiltered++;
	}
	map_free(&bad);
	map_free(&plain);
}

static void
fold_drafts(struct pd_compiler *c, struct pd_grow *folds)
{
	struct map seen = map_create(c->ndrafts);

	for (size_t i = 0; i < c->ndrafts; i++) {
		struct pd_draft *d = &c->drafts[i];
		struct pd_compile_fold fold = { .other = (uint32_t)i };

		if (d->dropped)
			continue;
		fold.draft = map_put(&seen, d->same, (uint32_t)i);
		if (fold.draft == UINT32_MAX)
			continue;
		d->dropped = true;
		pd_compile_list_of(c, d->file)->folded_same++;
		memcpy(pd_grow_add(folds, sizeof(fold)), &fold, sizeof(fold));
	}
	map_free(&seen);
}

static void
fold_plain(struct pd_compiler *c, struct pd_plain *p, bool same)
{
	struct pd_file_list *l = pd_compile_list_of(c, p->file);

	p->flags |= PD_PLAIN_FOLDED;
	if (same)
		l->folded_same++;
	else
		l->folded_covered++;
}

static void
fold_same_plains(struct pd_compiler *c, struct map *seen)
{
	for (size_t i = 0; i < c->nplains; i++) {
		struct pd_plain *p = &c->plains[i];

		if ((p->flags & PD_PLAIN_DROPPED) == 0 &&
		    map_put(seen,
			pd_draft_plain_key(
			    c, p->hash, p->flags, c->files[p->file].list),
			(uint32_t)i) != UINT32_MAX)
			fold_plain(c, p, true);
	}
}

struct host {
	struct pd_str name;
	bool address;
	bool all_types; /* the wider rule has to be for all, too */
	bool exact;
	uint8_t list;
};

/* Whether there is a plain rule for one of the hosts above it, or for the host
 * itself (self) besides the very same. */
static bool
is_covered(const struct pd_compiler *c, const struct map *seen,
    const struct host *h, bool self)
{
	struct pd_host_suffix all[PD_HOST_LABELS_MAX];
	size_t n = pd_host_suffixes(
	    &c->host_key, h->name, h->address, PD_HOST_LABELS_MAX, all);

	for (size_t i = 0; i < n; i++) {
		uint64_t wide = pd_draft_plain_key(c, all[i].hash,
			     PD_PLAIN_SUBDOMAINS | PD_PLAIN_ALL_TYPES, h->list),
			 usual = pd_draft_plain_key(
			     c, all[i].hash, PD_PLAIN_SUBDOMAINS, h->list);
		bool same = i + 1 == n && !self;

		if (h->all_types) {
			if (!same && map_has(seen, wide))
				return true;
		} else if ((!same && map_has(seen, usual)) ||
			   map_has(seen, wide)) {
			return true;
		}
	}
	return false;
}

static void
fold_covered(struct pd_compiler *c, const struct map *seen)
{
	for (size_t i = 0; i < c->nplains; i++) {
		struct pd_plain *p = &c->plains[i];
		struct host h = {
			.name = pd_compile_name(c, p),
			.address = (p->flags & PD_PLAIN_ADDRESS) != 0,
			.all_types = (p->flags & PD_PLAIN_ALL_TYPES) != 0,
			.exact = (p->flags & PD_PLAIN_SUBDOMAINS) == 0,
			.list = c->files[p->file].list,
		};

		if ((p->flags & (PD_PLAIN_DROPPED | PD_PLAIN_FOLDED)) == 0 &&
		    is_covered(c, seen, &h, h.exact))
			fold_plain(c, p, false);
	}
	for (size_t i = 0; i < c->ndrafts; i++) {
		struct pd_draft *d = &c->drafts[i];
		const struct pd_rule *r = &d->rule;
		struct host h = {
			.name = r->pattern,
			.address = pd_host_is_address(r->pattern),
			.all_types = (r->types & PD_TYPE_DOCUMENT) != 0,
			.list = d->list,
		};

		if (d->dropped || d->class_ != PD_CLASS_BLOCK ||
		    r->shape != PD_RULE_HOST || r->important ||
		    r->value.n > 0 || r->pattern.n >= PD_HOST_TEXT ||
		    !is_covered(c, seen, &h, true))
			continue;
		d->covered = true;
		pd_compile_list_of(c, d->file)->folded_covered++;
	}
}

void
pd_compile_fold(struct pd_compiler *c, struct pd_grow *folds)
{
	struct map seen = map_create(c->nplains);

	drop_bad(c);
	fold_drafts(c, folds);
	fold_same_plains(c, &seen);
	fold_covered(c, &seen);
	map_free(&seen);
}
