#include "cmd/lists_names.h"

#include <stdlib.h>

#include "base/arena.h"
#include "filters/block/host.h"

/*
 * What rules say of a name: bits. Of each there is a twin, shifted by
 * TAKEN_SHIFT, for the badfilter that takes it away. An exception for one name
 * alone is taken for all below it: doubt errs towards passing.
 */
#define BLOCKS      0x01u
#define ALONE       0x02u /* blocks, without what is below it */
#define PASSES      0x04u
#define MUST        0x08u /* BLOCKS and important */
#define MUST_ALONE  0x10u
#define MUST_PASS   0x20u
#define BITS        0x3fu
#define INHERITED   (BLOCKS | PASSES | MUST | MUST_PASS)
#define TAKEN_SHIFT 8u

/* Between the labels of a key: less than any letter of a name, so that a name
 * stands right before all that is below it. */
#define SEPARATOR '\001'

struct name {
	const char *key; /* labels from the last to the first, and a NUL */
	uint32_t n, bits;
};

struct pd_names {
	struct pd_arena *arena;
	struct name *v;
	size_t n, cap;
	struct pd_rule_sink sink;
	uint64_t left[PD_NAMES_LEFT_KINDS];
};

const char *
pd_names_left_sentence(enum pd_names_left why)
{
	static const char *const sentences[] = {
#define L(name, sentence) sentence,
		PD_NAMES_LEFTS(L)
#undef L
	};

	return sentences[why];
}

/* "ads.example.org" and "org\1example\1ads": each is made of the other. */
static void
turn(char *to, char to_separator, struct pd_str from, char from_separator)
{
	size_t end = from.n;

	while (end > 0) {
		size_t at = end;

		while (at > 0 && from.p[at - 1] != from_separator)
			at--;
		memcpy(to, from.p + at, end - at);
		to += end - at;
		if (at > 0)
			*to++ = to_separator;
		end = at > 0 ? at - 1 : 0;
	}
	*to = '\0';
}

static void
add(struct pd_names *n, struct pd_str host, uint32_t bits)
{
	char *key = pd_arena_alloc(n->arena, host.n + 1);

	if (n->n == n->cap) {
		n->cap = n->cap > 0 ? 2 * n->cap : 1024;
		n->v = pd_xrealloc(n->v, n->cap * sizeof(*n->v));
	}
	turn(key, SEPARATOR, host, '.');
	n->v[n->n++] = (struct name){ key, (uint32_t)host.n, bits };
}

/* For everyone, and for every type that Adblock's syntax means by saying
 * nothing. */
static bool
is_unconditional(const struct pd_rule *r)
{
	return (r->types & PD_TYPE_DEFAULT) == PD_TYPE_DEFAULT &&
	       r->party == PD_PARTY_BOTH && !r->strict_first &&
	       !r->strict_third && r->methods == 0 && r->from.n == 0 &&
	       r->to.n == 0 && r->header.n == 0 && r->ip_address.n == 0 &&
	       r->top.n == 0 && r->value.n == 0;
}

static uint32_t
bits_of(const struct pd_rule *r)
{
	uint32_t bits;

	if (r->exception)
		bits = r->important ? MUST_PASS : PASSES;
	else if (r->exact)
		bits = r->important ? MUST_ALONE : ALONE;
	else
		bits = r->important ? MUST : BLOCKS;
	return r->badfilter ? bits << TAKEN_SHIFT : bits;
}

static int
on_rule(void *arg, const struct pd_rule *r)
{
	struct pd_names *n = arg;
	enum pd_names_left why;

	if (r->action != PD_RULE_BLOCK)
		why = PD_NAMES_LEFT_CHANGE;
	else if (r->shape == PD_RULE_HOST && pd_host_is_address(r->pattern))
		why = PD_NAMES_LEFT_ADDRESS;
	else if (r->shape == PD_RULE_HOST && is_unconditional(r)) {
		add(n, r->pattern, bits_of(r));
		return 0;
	} else if (r->exception)
		why = PD_NAMES_LEFT_EXCEPTION;
	else if (r->shape == PD_RULE_HOST)
		why = PD_NAMES_LEFT_CONDITION;
	else
		why = PD_NAMES_LEFT_PART;
	n->left[why]++;
	return 0;
}

struct pd_names *
pd_names_create(void)
{
	struct pd_names *n = pd_xalloc(sizeof(*n));

	n->arena = pd_arena_create();
	n->sink = (struct pd_rule_sink){ n, on_rule, pd_rule_pass_cosmetic,
		pd_rule_pass_skip };
	return n;
}

void
pd_names_destroy(struct pd_names *n)
{
	if (n == NULL)
		return;
	pd_arena_destroy(n->arena);
	free(n->v);
	free(n);
}

const struct pd_rule_sink *
pd_names_sink(struct pd_names *n)
{
	return &n->sink;
}

void
pd_names_let_pass(struct pd_names *n, struct pd_str host)
{
	add(n, host, MUST_PASS);
}

static int
compare(const void *left, const void *right)
{
	const struct name *a = left, *b = right;

	return strcmp(a->key, b->key);
}

/* Sorts, and makes one of those of one name. */
static void
unite(struct pd_names *n)
{
	size_t kept = 0;

	if (n->n > 0)
		qsort(n->v, n->n, sizeof(*n->v), compare);
	for (size_t i = 0; i < n->n; i++) {
		if (kept > 0 && strcmp(n->v[kept - 1].key, n->v[i].key) == 0)
			n->v[kept - 1].bits |= n->v[i].bits;
		else
			n->v[kept++] = n->v[i];
	}
	n->n = kept;
	for (size_t i = 0; i < n->n; i++)
		n->v[i].bits &= BITS & ~(n->v[i].bits >> TAKEN_SHIFT);
}

static bool
is_below(const struct name *name, const struct name *above)
{
	return name->n > above->n && name->key[above->n] == SEPARATOR &&
	       memcmp(name->key, above->key, above->n) == 0;
}

/* As a request is judged: what is important first, exceptions before it. */
static bool
blocks(uint32_t bits)
{
	if (bits & MUST_PASS)
		return false;
	if (bits & (MUST | MUST_ALONE))
		return true;
	return !(bits & PASSES) && (bits & (BLOCKS | ALONE)) != 0;
}

struct above {
	const struct name *name;
	uint32_t bits; /* for all below it */
};

/* own: what the name's own rules say; above: what those above it say. */
static void
tell(const struct name *name, uint32_t above,
    void (*each)(void *arg, const char *name, enum pd_name_is is), void *arg)
{
	char text[PD_HOST_TEXT];
	uint32_t below = (above | name->bits) & INHERITED;
	bool was = blocks(above), is = blocks(above | name->bits);

	turn(text, '.', pd_str_of(name->key, name->n), SEPARATOR);
	if (!was && blocks(below)) {
		each(arg, text, PD_NAME_BELOW);
		return;
	}
	if (was && blocks(below)) {
		if (name->bits & (BLOCKS | ALONE | MUST | MUST_ALONE))
			each(arg, text, PD_NAME_COVERED);
		return;
	}
	if (was)
		each(arg, text, PD_NAME_PASSES);
	if (is)
		each(arg, text, PD_NAME_ALONE);
}

void
pd_names_each(struct pd_names *n,
    void (*each)(void *arg, const char *name, enum pd_name_is is), void *arg)
{
	struct above above[PD_HOST_LABELS_MAX + 1];
	size_t depth = 0;

	unite(n);
	for (size_t i = 0; i < n->n; i++) {
		const struct name *name = &n->v[i];
		uint32_t bits;

		while (depth > 0 && !is_below(name, above[depth - 1].name))
			depth--;
		bits = depth > 0 ? above[depth - 1].bits : 0;
		tell(name, bits, each, arg);
		bits = (bits | name->bits) & INHERITED;
		if (bits != 0 && depth <= PD_HOST_LABELS_MAX)
			above[depth++] = (struct above){ name, bits };
	}
}

uint64_t
pd_names_left(const struct pd_names *n, enum pd_names_left why)
{
	return n->left[why];
}
