#include "cmd/lists_tally.h"

#include <stdlib.h>
#include <sys/random.h>

#include "base/arena.h"
#include "filters/block/hits.h"

#define WHAT_LEN 40 /* bytes of a name that are kept */

/* A rule's text, by its id, and the lists that have it. */
struct slot {
	uint64_t id, lists;
};

struct what {
	enum pd_rule_skip why;
	char name[WHAT_LEN];
	size_t len;
	uint64_t n;
};

struct pd_tally {
	struct pd_tally_list *lists;
	size_t nlists, list;
	struct pd_rule_sink sink;
	struct slot *slots; /* open addressing; id 0: free */
	size_t nslots, used;
	uint64_t salt;
	uint64_t skipped[PD_RULE_SKIP_KINDS];
	struct what whats[PD_TALLY_WHATS];
	size_t nwhats;
};

#define SLOTS_FIRST 4096

uint64_t
pd_tally_id(const struct pd_rule *r)
{
	bool plain = r->shape == PD_RULE_HOST && !r->exception &&
		     !pd_str_starts(r->text, PD_STR("||"));

	return pd_rule_id(plain ? r->pattern : r->text);
}

/* An id is a hash that a list's author can aim; where it goes is drawn anew. */
static struct slot *
find(struct slot *slots, size_t nslots, uint64_t salt, uint64_t id)
{
	size_t i = (size_t)((id * salt) >> 24) & (nslots - 1);

	while (slots[i].id != 0 && slots[i].id != id)
		i = (i + 1) & (nslots - 1);
	return &slots[i];
}

static void
grow(struct pd_tally *t)
{
	size_t n = 2 * t->nslots;
	struct slot *slots = pd_xalloc(n * sizeof(*slots));

	for (size_t i = 0; i < t->nslots; i++) {
		if (t->slots[i].id != 0)
			*find(slots, n, t->salt, t->slots[i].id) = t->slots[i];
	}
	free(t->slots);
	t->slots = slots;
	t->nslots = n;
}

static int
on_rule(void *arg, const struct pd_rule *r)
{
	struct pd_tally *t = arg;
	uint64_t id = pd_tally_id(r);
	struct slot *slot;

	t->lists[t->list].rules++;
	/* It takes rules away and never decides. */
	if (r->badfilter)
		return 0;
	slot = find(t->slots, t->nslots, t->salt, id);
	if (slot->id == 0) {
		slot->id = id;
		t->used++;
	}
	slot->lists |= (uint64_t)1 << t->list;
	if (2 * t->used > t->nslots)
		grow(t);
	return 0;
}

static int
on_cosmetic(void *arg, const struct pd_cosmetic *c)
{
	struct pd_tally *t = arg;

	(void)c;
	t->lists[t->list].cosmetics++;
	return 0;
}

/* It is printed: a list must not talk to the terminal. */
static void
name_what(struct what *w, enum pd_rule_skip why, struct pd_str name)
{
	w->why = why;
	w->len = name.n < WHAT_LEN ? name.n : WHAT_LEN;
	for (size_t i = 0; i < w->len; i++)
		w->name[i] =
		    name.p[i] > ' ' && name.p[i] < 0x7f ? name.p[i] : '?';
}

static struct what *
find_what(struct pd_tally *t, const struct what *like)
{
	for (size_t i = 0; i < t->nwhats; i++) {
		struct what *w = &t->whats[i];

		if (w->why == like->why && w->len == like->len &&
		    memcmp(w->name, like->name, w->len) == 0)
			return w;
	}
	return NULL;
}

static int
on_skip(void *arg, enum pd_rule_skip why, struct pd_str what,
    struct pd_str text, uint32_t line)
{
	struct pd_tally *t = arg;
	struct what like = { 0 }, *w;

	(void)text;
	(void)line;
	t->skipped[why]++;
	if (what.n == 0)
		return 0;
	name_what(&like, why, what);
	w = find_what(t, &like);
	/* The last places are for the rest of each reason. */
	if (w == NULL && t->nwhats >= PD_TALLY_WHATS - PD_RULE_SKIP_KINDS) {
		name_what(&like, why, PD_STR("..."));
		w = find_what(t, &like);
	}
	if (w == NULL) {
		w = &t->whats[t->nwhats++];
		*w = like;
	}
	w->n++;
	return 0;
}

struct pd_tally *
pd_tally_create(size_t nlists)
{
	struct pd_tally *t = pd_xalloc(sizeof(*t));

	t->lists = pd_xalloc((nlists + 1) * sizeof(*t->lists));
	t->nlists = nlists;
	if (getrandom(&t->salt, sizeof(t->salt), 0) < 0)
		abort();
	t->salt |= 1;
	t->nslots = SLOTS_FIRST;
	t->slots = pd_xalloc(t->nslots * sizeof(*t->slots));
	t->sink = (struct pd_rule_sink){ t, on_rule, on_cosmetic, on_skip };
	return t;
}

void
pd_tally_destroy(struct pd_tally *t)
{
	if (t == NULL)
		return;
	free(t->slots);
	free(t->lists);
	free(t);
}

const struct pd_rule_sink *
pd_tally_sink(struct pd_tally *t, size_t list)
{
	t->list = list;
	return &t->sink;
}

void
pd_tally_count(struct pd_tally *t, const struct pd_hits *hits)
{
	struct pd_hits_count c;

	for (size_t i = 0; i < t->nslots; i++) {
		const struct slot *slot = &t->slots[i];
		bool hit;

		if (slot->id == 0)
			continue;
		hit = hits != NULL && pd_hits_get(hits, slot->id, &c);
		for (size_t k = 0; k < t->nlists; k++) {
			if (!(slot->lists >> k & 1))
				continue;
			t->lists[k].different++;
			if (!hit)
				continue;
			t->lists[k].hit_rules++;
			t->lists[k].hits += c.count;
			if (slot->lists == (uint64_t)1 << k)
				t->lists[k].only_hits += c.count;
		}
	}
}

void
pd_tally_get(const struct pd_tally *t, size_t list, struct pd_tally_list *out)
{
	*out = t->lists[list];
}

uint64_t
pd_tally_rules(const struct pd_tally *t)
{
	uint64_t n = 0;

	for (size_t i = 0; i < t->nlists; i++)
		n += t->lists[i].rules;
	return n;
}

uint64_t
pd_tally_cosmetics(const struct pd_tally *t)
{
	uint64_t n = 0;

	for (size_t i = 0; i < t->nlists; i++)
		n += t->lists[i].cosmetics;
	return n;
}

uint64_t
pd_tally_skipped(const struct pd_tally *t, enum pd_rule_skip why)
{
	return t->skipped[why];
}

static int
by_number(const void *left, const void *right)
{
	const struct what *a = left, *b = right;

	if (a->n != b->n)
		return a->n < b->n ? 1 : -1;
	return strncmp(a->name, b->name, WHAT_LEN);
}

void
pd_tally_whats(struct pd_tally *t, enum pd_rule_skip why,
    void (*each)(
	void *arg, enum pd_rule_skip why, struct pd_str what, uint64_t n),
    void *arg)
{
	qsort(t->whats, t->nwhats, sizeof(*t->whats), by_number);
	for (size_t i = 0; i < t->nwhats; i++) {
		const struct what *w = &t->whats[i];

		if (w->why == why)
			each(arg, why, pd_str_of(w->name, w->len), w->n);
	}
}
