/*
 * Nothing of a file is believed: each number that leads somewhere is held
 * against the section it leads into, once, when the file is opened.
 */
#include "filters/block/set_view.h"

static const char damaged[] = "the rule file is damaged";

/* Where a section is; its length in records. NULL: it is not inside. */
static const void *
section(const struct pd_set *s, enum pd_file_section_id id, uint32_t *n)
{
	const struct pd_file_section *at = &s->head->sections[id];
	uint32_t size = pd_file_section_sizes[id];

	*n = 0;
	if (at->at % 16 != 0 || at->at < sizeof(*s->head) || at->at > s->n ||
	    at->n > s->n - at->at || at->n % size != 0)
		return NULL;
	*n = at->n / size;
	return s->bytes + at->at;
}

/* first[0] .. first[n]: never falls, from 0 to most. */
static bool
rises(const uint32_t *first, size_t n, uint32_t most)
{
	uint32_t bad = first[0] != 0 || first[n] != most;

	for (size_t i = 0; i < n; i++)
		bad |= first[i + 1] < first[i];
	return bad == 0;
}

static bool
check_table(const struct pd_set *s, enum pd_file_section_id id,
    struct pd_view_table *out)
{
	uint32_t bytes, n, bits;
	const uint32_t *p = section(s, id, &bytes);
	size_t nbuckets;

	*out = (struct pd_view_table){ .first = NULL };
	if (p == NULL || bytes < PD_TABLE_HEAD * sizeof(uint32_t))
		return false;
	bits = p[0];
	n = p[1];
	if (bits == 0 || bits > PD_TABLE_BITS_MAX || n > PD_SET_BYTES_MAX / 9 ||
	    p[2] > PD_HOST_LABELS_MAX + 1)
		return false;
	nbuckets = (size_t)1 << bits;
	if (bytes !=
	    (PD_TABLE_HEAD + nbuckets + 1 + 2 * (size_t)n) * sizeof(uint32_t) +
		n + PD_TABLE_PAD)
		return false;
	*out = (struct pd_view_table){
		.first = p + PD_TABLE_HEAD,
		.infos = p + PD_TABLE_HEAD + nbuckets + 1,
		.prints = p + PD_TABLE_HEAD + nbuckets + 1 + n,
		.tags = (const uint8_t *)(p + PD_TABLE_HEAD + nbuckets + 1 +
					  2 * (size_t)n),
		.bits = bits,
		.n = n,
		.labels = p[2],
	};
	return rises(out->first, nbuckets, n);
}

static bool
text_ok(const struct pd_set *s, uint32_t at, uint32_t n)
{
	return n <= s->text_n && at <= s->text_n - n;
}

static bool
posts_ok(const struct pd_set *s, const struct pd_file_post *v, size_t n)
{
	uint32_t bad = 0;

	for (size_t i = 0; i < n; i++)
		bad |= (v[i].rule & PD_POST_RULE_MASK) >= s->nrules;
	return bad == 0;
}

/* Postings of groups and sources name a class as well. */
static bool
classes_ok(const struct pd_file_post *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if ((v[i].rule >> PD_POST_CLASS_SHIFT & PD_POST_CLASS_MASK) >=
		    PD_CLASSES)
			return false;
	}
	return true;
}

/* The host of a page is no place in a URL. */
static bool
searched_ok(const struct pd_file_post *v, size_t n)
{
	uint32_t all = PD_POST_SEARCH;

	for (size_t i = 0; i < n; i++)
		all &= v[i].rule;
	return all != 0;
}

static bool
check_tokens(struct pd_set *s, unsigned class_)
{
	const struct pd_file_class_at *at = &s->head->classes[class_];
	struct pd_view_tokens *out = &s->classes[class_];
	const uint32_t *p;
	size_t left, nbuckets;
	uint32_t bits, n;

	if (at->tokens > s->ntokens_words ||
	    s->ntokens_words - at->tokens < PD_TOKENS_HEAD)
		return false;
	p = s->tokens_words + at->tokens;
	left = s->ntokens_words - at->tokens - PD_TOKENS_HEAD;
	bits = p[0];
	n = p[1];
	if (bits == 0 || bits > PD_TOKENS_BITS_MAX || n > left / 2)
		return false;
	nbuckets = (size_t)1 << bits;
	if (left - 2 * (size_t)n < nbuckets + 1)
		return false;
	if (at->nalways > s->nalways || at->always > s->nalways - at->nalways)
		return false;
	*out = (struct pd_view_tokens){
		.posts = (const void *)(p + PD_TOKENS_HEAD),
		.first = p + PD_TOKENS_HEAD + 2 * (size_t)n,
		.shift = 32 - bits,
		.n = n,
		.always = s->always + at->always,
		.nalways = at->nalways,
		.rules = at->rules,
		.types = at->types,
	};
	return rises(out->first, nbuckets, n) && posts_ok(s, out->posts, n);
}

static bool
sets_ok(const struct pd_set *s, uint32_t word)
{
	const uint32_t *v = s->sets + word;
	size_t left, names, regexes;

	if (word == 0)
		return true;
	if (word > s->nsets || s->nsets - word < PD_DOMSET_HEAD)
		return false;
	left = s->nsets - word - PD_DOMSET_HEAD;
	names = (size_t)v[0] + v[1];
	regexes = (size_t)v[2] + v[3];
	if (names > left || regexes > left - names)
		return false;
	for (size_t i = 0; i < regexes; i++) {
		if (v[PD_DOMSET_HEAD + names + i] >= s->nregexes)
			return false;
	}
	return true;
}

static bool
extra_ok(const struct pd_set *s, const struct pd_file_extra *e)
{
	return sets_ok(s, e->to) && text_ok(s, e->value, e->value_n) &&
	       text_ok(s, e->header, e->header_n) &&
	       text_ok(s, e->address, e->address_n) &&
	       text_ok(s, e->detail, e->detail_n) && e->regex <= s->nregexes &&
	       e->value_regex <= s->nregexes &&
	       e->header_regex <= s->nregexes &&
	       e->address_regex <= s->nregexes;
}

static bool
rule_ok(const struct pd_set *s, const struct pd_file_rule *r)
{
	uint32_t how = r->flags & PD_RF_HOW_MASK,
		 action = r->flags >> PD_RF_ACTION_SHIFT & PD_RF_ACTION_MASK;

	if (!text_ok(s, r->text, r->text_n) ||
	    !text_ok(s, r->pattern, r->pattern_n) || r->extra > s->nextras ||
	    r->pos >> PD_POS_FILE_SHIFT >= s->nfiles ||
	    (r->flags & ~PD_RF_FLAGS_ALL) != 0 || action >= PD_RULE_ACTIONS ||
	    how > PD_HOW_ACTION_FILE)
		return false;
	if (how == PD_HOW_REGEX &&
	    (r->extra == 0 || s->extras[r->extra - 1].regex == 0))
		return false;
	/* What acts by a value has one. */
	return r->domains == 0 || sets_ok(s, r->domains);
}

static bool
check_records(const struct pd_set *s)
{
	for (size_t i = 0; i < s->nregexes; i++) {
		if (!text_ok(s, s->regex_texts[i].text, s->regex_texts[i].n))
			return false;
	}
	for (size_t i = 0; i < s->nextras; i++) {
		if (!extra_ok(s, &s->extras[i]))
			return false;
	}
	for (size_t i = 0; i < s->nrules; i++) {
		if (!rule_ok(s, &s->rules[i]))
			return false;
	}
	for (size_t i = 0; i < s->nfolds; i++) {
		const struct pd_file_fold *f = &s->folds[i];

		if (f->rule >= s->nrules || !text_ok(s, f->text, f->text_n) ||
		    f->pos >> PD_POS_FILE_SHIFT >= s->nfiles ||
		    (i > 0 && f->rule < s->folds[i - 1].rule))
			return false;
	}
	return true;
}

static bool
check_lists(const struct pd_set *s)
{
	if (s->nlists > PD_COMPILE_LISTS_MAX ||
	    s->nfiles > PD_COMPILE_FILES_MAX)
		return false;
	for (size_t i = 0; i < s->nlists; i++) {
		const struct pd_file_list *l = &s->lists[i];

		if (!text_ok(s, l->name, l->name_n) ||
		    !text_ok(s, l->url, l->url_n) ||
		    !text_ok(s, l->title, l->title_n))
			return false;
	}
	for (size_t i = 0; i < s->nfiles; i++) {
		const struct pd_file_file *f = &s->files[i];

		if (!text_ok(s, f->name, f->name_n) || f->list >= s->nlists)
			return false;
	}
	return true;
}

/* A plain rule names a file, a group its postings. */
static bool
check_hosts(const struct pd_set *s, const struct pd_view_table *t)
{
	for (size_t i = 0; i < t->n; i++) {
		uint32_t file = t->infos[i] >> PD_HOST_FILE_SHIFT &
				PD_HOST_FILE_MASK,
			 group = t->infos[i] & PD_HOST_LINE_MASK;

		if (file == PD_HOST_FILE_GROUP ? group >= s->ngroups
					       : file >= s->nfiles)
			return false;
	}
	return true;
}

static bool
check_domains(const struct pd_set *s)
{
	for (size_t i = 0; i < s->domains.n; i++) {
		if (s->domains.infos[i] >= s->nsources)
			return false;
	}
	return true;
}

static bool
check_cosmetics(const struct pd_set *s)
{
	for (size_t i = 0; i < s->ncosmetics; i++) {
		const struct pd_file_cosmetic *c = &s->cosmetics[i];

		if (!text_ok(s, c->text, c->text_n) || c->hosts_n > c->text_n ||
		    c->body_n > c->text_n ||
		    (c->kind & ~PD_FILE_COSMETIC_EXCEPTION) >=
			PD_COSMETIC_KINDS ||
		    c->pos >> PD_POS_FILE_SHIFT >= PD_COMPILE_FILES_MAX)
			return false;
	}
	return true;
}

static const char *
check_head(const struct pd_set *s, const char *magic)
{
	const struct pd_file_head *h = s->head;

	if (s->n < sizeof(*h) || memcmp(h->magic, magic, sizeof(h->magic)) != 0)
		return "it is no rule file";
	if (h->order != PD_FILE_ORDER)
		return "the rule file was made on another kind of machine";
	if (h->version != PD_FILE_VERSION)
		return "the rule file was made by another version";
	if (h->bytes != s->n)
		return "the rule file is cut short";
	if (pd_file_checksum(s->bytes, s->n) != h->checksum)
		return damaged;
	return NULL;
}

/* All that is a plain array of records. */
static bool
find_sections(struct pd_set *s)
{
	uint32_t groups = 0, sources = 0;
	bool ok = true;

#define FIND(id, pointer, count) \
	ok &= (s->pointer = section(s, PD_SECTION_##id, &(count))) != NULL
	FIND(TEXT, text, s->text_n);
	FIND(LISTS, lists, s->nlists);
	FIND(FILES, files, s->nfiles);
	FIND(RULES, rules, s->nrules);
	FIND(EXTRAS, extras, s->nextras);
	FIND(REGEXES, regex_texts, s->nregexes);
	FIND(SETS, sets, s->nsets);
	FIND(GROUPS, groups, groups);
	FIND(GROUP_POSTS, group_posts, s->ngroup_posts);
	FIND(SOURCES, sources, sources);
	FIND(SOURCE_POSTS, source_posts, s->nsource_posts);
	FIND(GROUP_CLASSES, group_classes, s->ngroup_classes);
	FIND(SOURCE_CLASSES, source_classes, s->nsource_classes);
	FIND(TOKENS, tokens_words, s->ntokens_words);
	FIND(TOKEN_MAP, token_map, s->ntoken_map);
	FIND(ALWAYS, always, s->nalways);
	FIND(FOLDS, folds, s->nfolds);
	FIND(COSMETICS, cosmetics, s->ncosmetics);
#undef FIND
	if (!ok || s->text_n < PD_TEXT_PAD)
		return false;
	s->text_n -= PD_TEXT_PAD;
	s->ngroups = groups > 0 ? groups - 1 : 0;
	s->nsources = sources > 0 ? sources - 1 : 0;
	return true;
}

const char *
pd_set_check(struct pd_set *s, const char *magic)
{
	const char *why = check_head(s, magic);

	if (why != NULL)
		return why;
	if (!find_sections(s))
		return damaged;
	if (memcmp(magic, PD_FILE_COSMETIC, sizeof(s->head->magic)) == 0)
		return check_cosmetics(s) ? NULL : damaged;
	if (s->nrules > PD_SET_RULES_MAX ||
	    s->head->sections[PD_SECTION_GROUPS].n < sizeof(uint32_t) ||
	    s->head->sections[PD_SECTION_SOURCES].n < sizeof(uint32_t) ||
	    s->ngroup_classes != s->ngroups ||
	    s->nsource_classes != s->nsources ||
	    s->ntoken_map < PD_TOKEN_MAP_MIN ||
	    (s->ntoken_map & (s->ntoken_map - 1)) != 0 || !check_lists(s) ||
	    !check_records(s) ||
	    !rises(s->groups, s->ngroups, s->ngroup_posts) ||
	    !rises(s->sources, s->nsources, s->nsource_posts) ||
	    !posts_ok(s, s->group_posts, s->ngroup_posts) ||
	    !classes_ok(s->group_posts, s->ngroup_posts) ||
	    !posts_ok(s, s->source_posts, s->nsource_posts) ||
	    !classes_ok(s->source_posts, s->nsource_posts) ||
	    !searched_ok(s->source_posts, s->nsource_posts) ||
	    !posts_ok(s, s->always, s->nalways))
		return damaged;
	if (!check_table(s, PD_SECTION_HOSTS, &s->hosts) ||
	    !check_table(s, PD_SECTION_COLD, &s->cold) ||
	    !check_table(s, PD_SECTION_DOMAINS, &s->domains) ||
	    !check_table(s, PD_SECTION_SUFFIXES, &s->suffixes) ||
	    !check_hosts(s, &s->hosts) || !check_hosts(s, &s->cold) ||
	    !check_domains(s))
		return damaged;
	for (unsigned i = 0; i < PD_CLASSES; i++) {
		if (!check_tokens(s, i))
			return damaged;
	}
	return NULL;
}
