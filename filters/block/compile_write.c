/*
 * The file itself: every rule that is left gets its record and its place in
 * the indexes, then all sections go one behind the other.
 */
#include <stdlib.h>
#include <time.h>

#include "filters/block/compile_record.h"

#define SECTION_ALIGN 16u

struct writer {
	struct pd_compiler *c;
	struct pd_file_head head;
	struct pd_grow sections[PD_SECTIONS];
	struct pd_records records;
	struct pd_key_counts counts;
	/* struct pd_index_post */
	struct pd_grow tokens, hosts, cold, sources, always;
	/* struct pd_table_entry */
	struct pd_grow host_entries, cold_entries;
	uint32_t nrules;
};

static void
add_post(struct pd_grow *posts, uint64_t where, unsigned labels, uint8_t class_,
    struct pd_file_post post)
{
	struct pd_index_post p = {
		.where = where,
		.class_ = class_,
		.labels = (uint8_t)labels,
		.post = post,
	};

	memcpy(pd_grow_add(posts, sizeof(p)), &p, sizeof(p));
}

/* What every posting of a rule says of it. */
static struct pd_file_post
post_of(const struct pd_draft *d)
{
	const struct pd_rule *r = &d->rule;
	struct pd_file_post post = {
		.rule = d->number,
		.what = r->types,
	};
	bool named = false, regex = false;

	for (size_t i = 0; i < r->from.n; i++) {
		named |= !r->from.v[i].negated;
		regex |= !r->from.v[i].negated && r->from.v[i].regex;
	}
	if (named && !regex)
		post.rule |= PD_POST_SOURCE;
	if ((r->party & PD_PARTY_FIRST) != 0)
		post.what |= PD_POST_FIRST;
	if ((r->party & PD_PARTY_THIRD) != 0)
		post.what |= PD_POST_THIRD;
	if (r->party == PD_PARTY_BOTH)
		post.what |= PD_POST_ANY;
	return post;
}

static void
index_hosts(struct writer *w, struct pd_grow *posts, struct pd_str host,
    uint8_t class_, struct pd_file_post post)
{
	unsigned labels;
	uint64_t hash = pd_host_hash(
	    &w->c->host_key, host, pd_host_is_address(host), &labels);

	add_post(posts, hash, labels, class_, post);
}

static void
index_rule(struct writer *w, const struct pd_draft *d, const struct pd_key *key,
    uint8_t class_)
{
	struct pd_file_post post = post_of(d);
	const struct pd_rule *r = &d->rule;

	switch (key->kind) {
	case PD_KEY_HOST:
		if (r->shape == PD_RULE_ACTION_FILE)
			post.rule |= PD_POST_SEARCH;
		index_hosts(w, d->covered ? &w->cold : &w->hosts, key->host,
		    class_, post);
		break;
	case PD_KEY_TOKEN:
		post.rule |= (uint32_t)key->before << PD_POST_BEFORE_SHIFT |
			     (uint32_t)key->behind << PD_POST_BEHIND_SHIFT;
		post.what |= key->place << PD_POST_PLACE_SHIFT;
		add_post(&w->tokens, key->token, 0, class_, post);
		break;
	case PD_KEY_SOURCES:
		post.rule |= PD_POST_SEARCH;
		for (size_t i = 0; i < r->from.n; i++) {
			if (!r->from.v[i].negated)
				add_post(&w->sources,
				    pd_record_domain(
					&w->records, &r->from.v[i]),
				    0, class_, post);
		}
		break;
	case PD_KEY_TO:
		post.rule |= PD_POST_SEARCH;
		for (size_t i = 0; i < r->to.n; i++) {
			if (!r->to.v[i].negated)
				index_hosts(w, &w->hosts, r->to.v[i].name,
				    class_, post);
		}
		break;
	case PD_KEY_ALWAYS:
		add_post(&w->always, 0, 0, class_, post);
		break;
	}
}

static void
write_rules(struct writer *w)
{
	struct pd_compiler *c = w->c;
	struct pd_key key;

	for (size_t i = 0; i < c->ndrafts; i++) {
		if (!c->drafts[i].dropped)
			pd_key_count(c, &w->counts, &c->drafts[i]);
	}
	for (size_t i = 0; i < c->ndrafts; i++) {
		struct pd_draft *d = &c->drafts[i];

		if (d->dropped)
			continue;
		d->number = w->nrules++;
		pd_key_choose(c, &w->counts, d, &key);
		pd_record_rule(&w->records, d, &key);
		index_rule(w, d, &key, d->class_);
		w->head.classes[d->class_].rules++;
		w->head.classes[d->class_].types |= d->rule.types;
		/* redirect= blocks, and says what with. */
		if (d->class_ == PD_CLASS_BLOCK && d->rule.value.n > 0) {
			index_rule(w, d, &key, PD_CLASS_REDIRECT);
			w->head.classes[PD_CLASS_REDIRECT].rules++;
			w->head.classes[PD_CLASS_REDIRECT].types |=
			    d->rule.types;
		}
	}
}

static void
write_plains(struct writer *w)
{
	struct pd_compiler *c = w->c;

	for (size_t i = 0; i < c->nplains; i++) {
		const struct pd_plain *p = &c->plains[i];
		bool folded = (p->flags & PD_PLAIN_FOLDED) != 0;
		struct pd_table_entry e = {
			.hash = p->hash,
			.info =
			    (uint32_t)p->file << PD_HOST_FILE_SHIFT | p->line,
			.labels = p->labels,
		};

		if ((p->flags & PD_PLAIN_DROPPED) != 0)
			continue;
		if ((p->flags & PD_PLAIN_SUBDOMAINS) != 0)
			e.info |= PD_HOST_SUBDOMAINS;
		memcpy(pd_grow_add(folded ? &w->cold_entries : &w->host_entries,
			   sizeof(e)),
		    &e, sizeof(e));
		w->nrules += !folded;
	}
}

static void
add_classes(struct writer *w, const uint16_t *classes)
{
	memcpy(pd_grow_add(
		   &w->sections[PD_SECTION_SOURCE_CLASSES], sizeof(*classes)),
	    classes, sizeof(*classes));
}

/* The postings by domain of the page: SOURCES has where each one's begin. */
static void
write_sources(struct writer *w)
{
	struct pd_grow *first = &w->sections[PD_SECTION_SOURCES],
		       *section = &w->sections[PD_SECTION_SOURCE_POSTS],
		       none = { NULL, 0, 0 }, entries = none;
	struct pd_grow groups = none, classes = none;
	const struct pd_groups out = { &groups, &classes, section };
	const uint16_t nothing = 0;
	const struct pd_table_entry *e;
	const uint32_t *ends;
	uint32_t domain = 0, n = w->records.ndomains;

	pd_compile_groups(&w->sources, &entries, &out);
	e = (const void *)entries.p;
	ends = (const void *)groups.p;
	pd_grow_word(first, 0);
	for (size_t i = 0; i < entries.n / sizeof(*e); i++) {
		for (; domain < (uint32_t)e[i].hash; domain++) {
			pd_grow_word(first, ends[i]);
			add_classes(w, &nothing);
		}
		pd_grow_word(first, ends[i + 1]);
		add_classes(w, (const uint16_t *)(const void *)classes.p + i);
		domain++;
	}
	for (; domain < n; domain++) {
		pd_grow_word(first,
		    (uint32_t)(section->n / sizeof(struct pd_file_post)));
		add_classes(w, &nothing);
	}
	pd_grow_free(&entries);
	pd_grow_free(&groups);
	pd_grow_free(&classes);
}

static void
write_always(struct writer *w)
{
	const struct pd_index_post *v = (const void *)w->always.p;
	struct pd_grow *section = &w->sections[PD_SECTION_ALWAYS];

	for (uint8_t class_ = 0; class_ < PD_CLASSES; class_++) {
		struct pd_file_class_at *at = &w->head.classes[class_];

		at->always =
		    (uint32_t)(section->n / sizeof(struct pd_file_post));
		for (size_t i = 0; i < w->always.n / sizeof(*v); i++) {
			if (v[i].class_ != class_)
				continue;
			memcpy(pd_grow_add(section, sizeof(v[i].post)),
			    &v[i].post, sizeof(v[i].post));
			at->nalways++;
		}
	}
}

static void
write_table(
    struct writer *w, enum pd_file_section_id id, const struct pd_grow *entries)
{
	pd_compile_table((const void *)entries->p,
	    entries->n / sizeof(struct pd_table_entry), &w->sections[id]);
}

static void
write_folds(struct writer *w, const struct pd_grow *folds)
{
	const struct pd_compile_fold *v = (const void *)folds->p;
	struct pd_compiler *c = w->c;

	for (size_t i = 0; i < folds->n / sizeof(*v); i++) {
		const struct pd_draft *d = &c->drafts[v[i].draft],
				      *other = &c->drafts[v[i].other];
		struct pd_file_fold f = {
			.rule = d->number,
			.pos = (uint32_t)other->file << PD_POS_FILE_SHIFT |
			       other->rule.line,
		};

		if (!pd_str_eq(d->rule.text, other->rule.text)) {
			f.text = pd_compile_text(&c->text, other->rule.text);
			f.text_n = (uint32_t)other->rule.text.n;
		}
		memcpy(pd_grow_add(&w->sections[PD_SECTION_FOLDS], sizeof(f)),
		    &f, sizeof(f));
	}
}

static int
compare_folds(const void *a, const void *b)
{
	const struct pd_compile_fold *x = a, *y = b;

	if (x->draft != y->draft)
		return x->draft < y->draft ? -1 : 1;
	return x->other < y->other ? -1 : x->other > y->other;
}

static void
write_lists(const struct pd_compiler *c, struct pd_grow *sections)
{
	for (size_t i = 0; i < c->nlists; i++)
		memcpy(pd_grow_add(
			   &sections[PD_SECTION_LISTS], sizeof(c->lists[i])),
		    &c->lists[i], sizeof(c->lists[i]));
	for (size_t i = 0; i < c->nfiles; i++) {
		const struct pd_compile_file *in = &c->files[i];
		struct pd_file_file f = {
			.name = in->name,
			.name_n = in->name_n,
			.list = in->list,
			.types = in->types,
			.adblock = in->adblock,
		};

		memcpy(pd_grow_add(&sections[PD_SECTION_FILES], sizeof(f)), &f,
		    sizeof(f));
	}
}

unsigned char *
pd_compile_container(
    struct pd_file_head *head, struct pd_grow sections[PD_SECTIONS], size_t *n)
{
	size_t at = sizeof(*head);
	unsigned char *bytes;

	memset(pd_grow_add(&sections[PD_SECTION_TEXT], PD_TEXT_PAD), 0,
	    PD_TEXT_PAD);
	for (size_t i = 0; i < PD_SECTIONS; i++) {
		at = (at + SECTION_ALIGN - 1) & ~(size_t)(SECTION_ALIGN - 1);
		if (at > PD_SET_BYTES_MAX ||
		    sections[i].n > PD_SET_BYTES_MAX - at)
			return NULL;
		head->sections[i] = (struct pd_file_section){
			(uint32_t)at,
			(uint32_t)sections[i].n,
		};
		at += sections[i].n;
	}
	bytes = pd_xalloc(at);
	head->bytes = at;
	head->version = PD_FILE_VERSION;
	head->order = PD_FILE_ORDER;
	memcpy(bytes, head, sizeof(*head));
	for (size_t i = 0; i < PD_SECTIONS; i++) {
		if (sections[i].n > 0)
			memcpy(bytes + head->sections[i].at, sections[i].p,
			    sections[i].n);
	}
	head->checksum = pd_file_checksum(bytes, at);
	memcpy(bytes, head, sizeof(*head));
	*n = at;
	return bytes;
}

static void
write_all(struct writer *w, const struct pd_grow *folds)
{
	struct pd_grow *sections = w->sections;
	const struct pd_groups groups = {
		.first = &sections[PD_SECTION_GROUPS],
		.classes = &sections[PD_SECTION_GROUP_CLASSES],
		.posts = &sections[PD_SECTION_GROUP_POSTS],
	};

	write_rules(w);
	write_plains(w);
	write_folds(w, folds);
	pd_compile_groups(&w->hosts, &w->host_entries, &groups);
	pd_compile_groups(&w->cold, &w->cold_entries, &groups);
	write_table(w, PD_SECTION_HOSTS, &w->host_entries);
	write_table(w, PD_SECTION_COLD, &w->cold_entries);
	write_table(w, PD_SECTION_DOMAINS, &w->records.domain_entries);
	write_sources(w);
	write_always(w);
	pd_compile_tokens(&w->tokens, &sections[PD_SECTION_TOKENS],
	    &sections[PD_SECTION_TOKEN_MAP], w->head.classes);
	write_lists(w->c, sections);
}

static unsigned char *
write_cosmetic(struct pd_compiler *c, size_t *n)
{
	struct pd_file_head head = {
		.key = c->options.key,
		.built = (int64_t)time(NULL),
	};
	struct pd_grow sections[PD_SECTIONS] = { { NULL, 0, 0 } };
	unsigned char *bytes;

	memcpy(head.magic, PD_FILE_COSMETIC, sizeof(head.magic));
	sections[PD_SECTION_TEXT] = c->cosmetic_text;
	sections[PD_SECTION_COSMETICS] = c->cosmetics;
	bytes = pd_compile_container(&head, sections, n);
	/* It may have moved when its end was added. */
	c->cosmetic_text = sections[PD_SECTION_TEXT];
	return bytes;
}

int
pd_compile_write(struct pd_compiler *c, const struct pd_grow *folds,
    struct pd_compiled *out, const char **why)
{
	struct writer *w = pd_xalloc(sizeof(*w));
	struct pd_grow suffixes = { NULL, 0, 0 };
	int result = pd_compile_suffixes(c, &suffixes, why);

	w->c = c;
	memcpy(w->head.magic, PD_FILE_MAGIC, sizeof(w->head.magic));
	w->head.key = c->options.key;
	w->head.built = (int64_t)time(NULL);
	w->head.host_key = c->host_key;
	w->head.token_key = c->token_key;
	pd_key_counts_init(&w->counts);
	pd_records_init(&w->records, c, w->sections);
	if (folds->n > 0)
		qsort(folds->p, folds->n / sizeof(struct pd_compile_fold),
		    sizeof(struct pd_compile_fold), compare_folds);
	if (result == 0) {
		write_table(w, PD_SECTION_SUFFIXES, &suffixes);
		write_all(w, folds);
		w->head.nrules = w->nrules;
		w->head.flags = w->records.head_flags;
		w->sections[PD_SECTION_TEXT] = c->text;
		c->text = (struct pd_grow){ NULL, 0, 0 };
		out->bytes =
		    pd_compile_container(&w->head, w->sections, &out->n);
		out->cosmetic = write_cosmetic(c, &out->ncosmetic);
		out->always = w->head.classes[PD_CLASS_BLOCK].nalways;
		if (out->bytes == NULL || out->cosmetic == NULL) {
			*why = "there are more rules than a file may hold";
			result = -1;
		}
	}
	for (size_t i = 0; i < PD_SECTIONS; i++)
		pd_grow_free(&w->sections[i]);
	pd_grow_free(&w->tokens);
	pd_grow_free(&w->hosts);
	pd_grow_free(&w->cold);
	pd_grow_free(&w->sources);
	pd_grow_free(&w->always);
	pd_grow_free(&w->host_entries);
	pd_grow_free(&w->cold_entries);
	pd_records_finish(&w->records);
	pd_key_counts_finish(&w->counts);
	pd_grow_free(&suffixes);
	free(w);
	return result;
}
