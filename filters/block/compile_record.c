#include "filters/block/compile_record.h"

#include <stdlib.h>

#include <xxhash.h>

#include "filters/block/regex.h"
#include "filters/block/value.h"

void
pd_records_init(struct pd_records *r, struct pd_compiler *c,
    struct pd_grow sections[PD_SECTIONS])
{
	*r = (struct pd_records){ .c = c, .sections = sections };
	/* Word 0 means none. */
	pd_grow_word(&sections[PD_SECTION_SETS], 0);
}

void
pd_records_finish(struct pd_records *r)
{
	free(r->domains.keys);
	free(r->domains.words);
	free(r->sets.keys);
	free(r->sets.words);
	pd_grow_free(&r->domain_entries);
}

/* The word of a key; *is_new when it was not there, and may be set. */
static uint32_t *
map_word(struct pd_word_map *m, uint64_t key, bool *is_new)
{
	size_t i;

	key += key == 0;
	if (m->n * 2 >= m->cap) {
		struct pd_word_map old = *m;

		m->cap = old.cap > 0 ? old.cap * 2 : 1024;
		m->keys = pd_xalloc(m->cap * sizeof(*m->keys));
		m->words = pd_xalloc(m->cap * sizeof(*m->words));
		for (size_t k = 0; k < old.cap; k++) {
			if (old.keys[k] == 0)
				continue;
			i = old.keys[k] & (m->cap - 1);
			while (m->keys[i] != 0)
				i = (i + 1) & (m->cap - 1);
			m->keys[i] = old.keys[k];
			m->words[i] = old.words[k];
		}
		free(old.keys);
		free(old.words);
	}
	i = key & (m->cap - 1);
	while (m->keys[i] != 0 && m->keys[i] != key)
		i = (i + 1) & (m->cap - 1);
	*is_new = m->keys[i] == 0;
	if (*is_new) {
		m->keys[i] = key;
		m->n++;
	}
	return &m->words[i];
}

uint32_t
pd_record_domain(struct pd_records *r, const struct pd_rule_domain *d)
{
	const struct pd_host_key *key = &r->c->host_key;
	struct pd_table_entry e = { .info = r->ndomains };
	unsigned labels;
	uint32_t *word;
	bool is_new;

	e.hash = d->entity ? pd_host_entity_hash(key, d->name, &labels)
			   : pd_host_hash(key, d->name,
				 pd_host_is_address(d->name), &labels);
	/* Entities have the public suffix besides. */
	e.labels = labels + (d->entity ? 1 : 0);
	word = map_word(&r->domains, e.hash, &is_new);
	if (!is_new)
		return *word;
	memcpy(pd_grow_add(&r->domain_entries, sizeof(e)), &e, sizeof(e));
	*word = r->ndomains;
	return r->ndomains++;
}

/* A text in the TEXT section: a part of the rule's if it stands there. */
static uint32_t
place(struct pd_records *r, const struct pd_draft *d, uint32_t text,
    struct pd_str s)
{
	struct pd_str whole = d->rule.text;
	const char *at;

	if (s.n == 0)
		return 0;
	if ((uintptr_t)s.p >= (uintptr_t)whole.p &&
	    (uintptr_t)s.p + s.n <= (uintptr_t)whole.p + whole.n)
		return text + (uint32_t)((uintptr_t)s.p - (uintptr_t)whole.p);
	at = memmem(whole.p, whole.n, s.p, s.n);
	if (at != NULL)
		return text + (uint32_t)(at - whole.p);
	return pd_compile_text(&r->c->text, s);
}

/* Number + 1. */
static uint32_t
add_regex(struct pd_records *r, uint32_t text, struct pd_str s, unsigned flags)
{
	struct pd_regex_bounds bounds;
	struct pd_file_regex regex;

	pd_regex_bounds(s, &bounds);
	regex = (struct pd_file_regex){
		.text = text,
		.n = (uint32_t)s.n,
		.flags = flags,
		.least = bounds.least,
		.run = bounds.run,
		.label_least = bounds.label_least,
		.label_most = bounds.label_most,
		.labels_least = bounds.labels_least,
		.labels_most = bounds.labels_most,
	};
	memcpy(pd_grow_add(&r->sections[PD_SECTION_REGEXES], sizeof(regex)),
	    &regex, sizeof(regex));
	return ++r->nregexes;
}

static int
compare_words(const void *a, const void *b)
{
	uint32_t x, y;

	memcpy(&x, a, sizeof(x));
	memcpy(&y, b, sizeof(y));
	return x < y ? -1 : x > y;
}

/* The word in SETS where it begins. */
static uint32_t
add_set(struct pd_records *r, const struct pd_draft *d, uint32_t text,
    struct pd_rule_domains domains)
{
	struct pd_grow *sets = &r->sections[PD_SECTION_SETS];
	uint32_t head[PD_DOMSET_HEAD] = { 0, 0, 0, 0 };
	size_t start = sets->n, words = start / sizeof(uint32_t);
	uint32_t *word, *v;
	bool is_new;

	if (domains.n == 0)
		return 0;
	memcpy(pd_grow_add(sets, sizeof(head)), head, sizeof(head));
	/* Four parts: named, negated, regexes, negated regexes. */
	for (unsigned part = 0; part < PD_DOMSET_HEAD; part++) {
		for (size_t i = 0; i < domains.n; i++) {
			const struct pd_rule_domain *one = &domains.v[i];

			if (one->regex != (part >= 2) ||
			    one->negated != (part % 2 != 0))
				continue;
			head[part]++;
			pd_grow_word(sets,
			    one->regex
				? add_regex(r, place(r, d, text, one->name),
				      one->name, PD_REGEX_NOCASE) -
				      1
				: pd_record_domain(r, one));
		}
	}
	memcpy(sets->p + start, head, sizeof(head));
	v = (uint32_t *)(void *)(sets->p + start) + PD_DOMSET_HEAD;
	if (head[0] > 1)
		qsort(v, head[0], sizeof(*v), compare_words);
	if (head[1] > 1)
		qsort(v + head[0], head[1], sizeof(*v), compare_words);
	if (head[2] + head[3] > 0)
		return (uint32_t)words;
	word = map_word(&r->sets,
	    XXH3_64bits_withSeed(
		sets->p + start, sets->n - start, r->c->token_key),
	    &is_new);
	if (is_new)
		*word = (uint32_t)words;
	else
		sets->n = start;
	return *word;
}

/* "/re/" or "/re/i" of a condition or a parameter's name. */
static uint32_t
add_value_regex(struct pd_records *r, const struct pd_draft *d, uint32_t text,
    struct pd_str value)
{
	struct pd_str re, flags;

	if (!pd_value_regex(value, &re, &flags))
		return 0;
	return add_regex(r, place(r, d, text, re), re,
	    memchr(flags.p, 'i', flags.n) != NULL ? PD_REGEX_NOCASE : 0);
}

/* The regular expressions of urlskip's steps, one after another; the whole URL
 * is matched, so that what replaces it is the first group. */
static uint32_t
add_skip_regexes(struct pd_records *r, struct pd_str value)
{
	struct pd_str step, re, flags;
	uint32_t first = 0, number;

	while (pd_value_step(&value, &step)) {
		struct pd_grow whole = { NULL, 0, 0 };
		uint32_t at;

		if (!pd_value_regex(step, &re, &flags))
			continue;
		pd_compile_text(&whole, PD_STR("(?s)^.*?(?:"));
		pd_compile_text(&whole, re);
		pd_compile_text(&whole, PD_STR(").*$"));
		at = pd_compile_text(
		    &r->c->text, pd_str_of((char *)whole.p, whole.n));
		number = add_regex(r, at, pd_str_of((char *)whole.p, whole.n),
		    memchr(flags.p, 'i', flags.n) != NULL ? PD_REGEX_NOCASE
							  : 0);
		pd_grow_free(&whole);
		if (first == 0)
			first = number;
	}
	return first;
}

static uint32_t
add_action_regex(struct pd_records *r, const struct pd_draft *d, uint32_t text)
{
	struct pd_str value = d->rule.value, re, replacement, flags;

	switch (d->rule.action) {
	case PD_RULE_REMOVEPARAM:
		if (value.n > 0 && value.p[0] == '~')
			value = pd_str_of(value.p + 1, value.n - 1);
		return add_value_regex(r, d, text, value);
	case PD_RULE_URLSKIP:
		return add_skip_regexes(r, value);
	case PD_RULE_URITRANSFORM:
		if (!pd_value_transform(value, &re, &replacement, &flags))
			return 0;
		return add_regex(r, place(r, d, text, re), re,
		    memchr(flags.p, 'i', flags.n) != NULL ? PD_REGEX_NOCASE
							  : 0);
	default:
		return 0;
	}
}

static uint32_t
add_pattern_regex(struct pd_records *r, const struct pd_draft *d, uint32_t text)
{
	const struct pd_rule *rule = &d->rule;

	if (rule->shape == PD_RULE_REGEX)
		return add_regex(r, place(r, d, text, rule->pattern),
		    rule->pattern, rule->match_case ? 0 : PD_REGEX_NOCASE);
	if (rule->shape == PD_RULE_ACTION_FILE && rule->path_regex.n > 0)
		return add_regex(r, place(r, d, text, rule->path_regex),
		    rule->path_regex, PD_REGEX_NOCASE | PD_REGEX_ANCHORED);
	return 0;
}

static struct pd_str
behind_colon(struct pd_str s)
{
	pd_str_split(&s, ':');
	return s.n > 0 ? s : PD_STR("");
}

/* What uritransform puts in place: "\/" is a '/' there. */
static struct pd_str
replacement_of(struct pd_records *r, struct pd_str value)
{
	struct pd_str re, to = PD_STR(""), flags;
	size_t n = 0;
	char *p;

	if (!pd_value_transform(value, &re, &to, &flags) ||
	    memchr(to.p, '\\', to.n) == NULL)
		return to;
	p = pd_arena_alloc(r->c->arena, to.n);
	for (size_t i = 0; i < to.n; i++) {
		if (to.p[i] == '\\' && i + 1 < to.n && to.p[i + 1] == '/')
			continue;
		p[n++] = to.p[i];
	}
	return pd_str_of(p, n);
}

/* Number + 1; 0: the rule has nothing of that. */
static uint32_t
add_extra(struct pd_records *r, const struct pd_draft *d, uint32_t text)
{
	const struct pd_rule *rule = &d->rule;
	struct pd_grow *extras = &r->sections[PD_SECTION_EXTRAS];
	struct pd_str detail = rule->action == PD_RULE_URITRANSFORM
				   ? replacement_of(r, rule->value)
				   : rule->port;
	struct pd_file_extra e = {
		.methods = rule->methods,
		.to = add_set(r, d, text, rule->to),
		.value = place(r, d, text, rule->value),
		.value_n = (uint32_t)rule->value.n,
		.header = place(r, d, text, rule->header),
		.header_n = (uint32_t)rule->header.n,
		.address = place(r, d, text, rule->ip_address),
		.address_n = (uint32_t)rule->ip_address.n,
		.detail = place(r, d, text, detail),
		.detail_n = (uint32_t)detail.n,
		.regex = add_pattern_regex(r, d, text),
		.value_regex = add_action_regex(r, d, text),
		.header_regex =
		    add_value_regex(r, d, text, behind_colon(rule->header)),
		.address_regex = add_value_regex(r, d, text, rule->ip_address),
	};
	const struct pd_file_extra none = { 0 };

	if (memcmp(&e, &none, sizeof(e)) == 0)
		return 0;
	memcpy(pd_grow_add(extras, sizeof(e)), &e, sizeof(e));
	return (uint32_t)(extras->n / sizeof(e));
}

static enum pd_file_match
how_of(const struct pd_draft *d, const struct pd_key *key)
{
	struct pd_str pattern = key->pattern;

	if (key->parameter)
		return PD_HOW_PLAIN;
	switch (d->rule.shape) {
	case PD_RULE_REGEX:
		return PD_HOW_REGEX;
	case PD_RULE_ACTION_FILE:
		return PD_HOW_ACTION_FILE;
	case PD_RULE_HOST:
	case PD_RULE_PATTERN:
		break;
	}
	if (pattern.n == 0)
		return PD_HOW_ANY;
	return memchr(pattern.p, '*', pattern.n) != NULL ||
		       memchr(pattern.p, '^', pattern.n) != NULL
		   ? PD_HOW_GLOB
		   : PD_HOW_PLAIN;
}

/* Decides by the name alone, as for CONNECT. */
static bool
is_host_only(const struct pd_rule *r)
{
	bool bare = r->shape == PD_RULE_HOST ||
		    (r->shape == PD_RULE_ACTION_FILE && r->path_regex.n == 0);

	return bare && r->action == PD_RULE_BLOCK &&
	       (r->types & PD_TYPE_DEFAULT) == PD_TYPE_DEFAULT &&
	       r->party == PD_PARTY_BOTH && !r->strict_first &&
	       !r->strict_third && r->methods == 0 && r->from.n == 0 &&
	       r->to.n == 0 && r->header.n == 0 && r->ip_address.n == 0 &&
	       r->top.n == 0;
}

static uint16_t
head_of(const struct pd_draft *d, const struct pd_key *key)
{
	struct pd_str p = key->pattern;
	uint16_t head = 0;

	if (p.n < 2 || d->rule.match_case || key->parameter ||
	    memchr("*^", p.p[0], 2) != NULL || memchr("*^", p.p[1], 2) != NULL)
		return 0;
	if (d->rule.shape != PD_RULE_HOST && d->rule.shape != PD_RULE_PATTERN)
		return 0;
	memcpy(&head, p.p, sizeof(head));
	return head;
}

static uint32_t
flags_of(const struct pd_draft *d, const struct pd_key *key)
{
	const struct pd_rule *r = &d->rule;
	bool by_host = key->kind == PD_KEY_HOST;
	uint32_t flags = (uint32_t)how_of(d, key) | (uint32_t)r->action
							<< PD_RF_ACTION_SHIFT;

	flags |= r->exception ? PD_RF_EXCEPTION : 0;
	flags |= r->important ? PD_RF_IMPORTANT : 0;
	flags |= r->start_anchor && !by_host ? PD_RF_START : 0;
	flags |= (r->host_anchor || r->shape == PD_RULE_HOST) && !by_host
		     ? PD_RF_HOST
		     : 0;
	flags |= r->end_anchor ? PD_RF_END : 0;
	flags |= r->match_case || key->parameter ? PD_RF_CASE : 0;
	flags |= r->strict_first ? PD_RF_STRICT_FIRST : 0;
	flags |= r->strict_third ? PD_RF_STRICT_THIRD : 0;
	flags |= by_host && key->exact ? PD_RF_EXACT : 0;
	flags |= is_host_only(r) ? PD_RF_HOST_ONLY : 0;
	flags |= r->header.n > 0 || r->ip_address.n > 0 ? PD_RF_LATER : 0;
	flags |= r->top.n > 0 ? PD_RF_NEVER : 0;
	return flags;
}

void
pd_record_rule(
    struct pd_records *r, const struct pd_draft *d, const struct pd_key *key)
{
	const struct pd_rule *rule = &d->rule;
	uint32_t text = pd_compile_text(&r->c->text, rule->text);
	struct pd_str pattern = key->pattern;
	struct pd_file_rule record;

	if (rule->shape == PD_RULE_REGEX)
		pattern = PD_STR("");
	/* The host part of an action file is compared even when it was what
	 * the rule was found by. */
	if (rule->shape == PD_RULE_ACTION_FILE)
		pattern = rule->pattern;
	record = (struct pd_file_rule){
		.text = text,
		.text_n = (uint32_t)rule->text.n,
		.pattern = place(r, d, text, pattern),
		.pattern_n = (uint16_t)pattern.n,
		.head = head_of(d, key),
		.domains = add_set(r, d, text, rule->from),
		.extra = add_extra(r, d, text),
		.flags = flags_of(d, key),
		.pos = (uint32_t)d->file << PD_POS_FILE_SHIFT | rule->line,
	};
	if (rule->important && d->class_ == PD_CLASS_BLOCK)
		r->head_flags |= PD_HEAD_IMPORTANT;
	if (rule->header.n > 0)
		r->head_flags |= PD_HEAD_HEADERS;
	if (rule->ip_address.n > 0)
		r->head_flags |= PD_HEAD_ADDRESSES;
	memcpy(pd_grow_add(&r->sections[PD_SECTION_RULES], sizeof(record)),
	    &record, sizeof(record));
}
