#include "filters/block/compile.h"

#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

#include <xxhash.h>

#include "filters/block/compile_parts.h"

void *
pd_grow_add(struct pd_grow *g, size_t n)
{
	void *at;

	if (g->cap - g->n < n) {
		g->cap = g->cap > 0 ? g->cap * 2 : 4096;
		if (g->cap - g->n < n)
			g->cap = g->n + n;
		g->p = pd_xrealloc(g->p, g->cap);
	}
	at = g->p + g->n;
	g->n += n;
	return at;
}

void
pd_grow_free(struct pd_grow *g)
{
	free(g->p);
	*g = (struct pd_grow){ NULL, 0, 0 };
}

uint32_t
pd_compile_text(struct pd_grow *text, struct pd_str s)
{
	uint32_t at = (uint32_t)text->n;

	if (s.n > 0)
		memcpy(pd_grow_add(text, s.n), s.p, s.n);
	return at;
}

static bool
has_room(const struct pd_compiler *c)
{
	/* Texts and names are counted in 32 bits. */
	return c->nplains < PD_SET_HOSTS_MAX && c->ndrafts < PD_SET_RULES_MAX &&
	       c->names.n < PD_SET_BYTES_MAX &&
	       c->cosmetic_text.n < PD_SET_BYTES_MAX &&
	       pd_arena_used(c->arena) < PD_SET_BYTES_MAX;
}

/*
 * A host and nothing else needs no record if its text can be told from its
 * name: what the first one of a file looks like goes for all of it.
 */
static bool
take_plain(struct pd_compiler *c, const struct pd_rule *r)
{
	uint8_t file = c->file;
	struct pd_compile_file *f = &c->files[file];
	bool bars = pd_str_starts(r->text, PD_STR("||"));
	bool single = pd_host_is_address(r->pattern);
	uint16_t types = r->types;
	struct pd_plain *p;
	unsigned labels;
	uint64_t hash;

	if (c->options.strict_document && !r->explicit_types)
		types = PD_TYPE_ALL;
	if (!f->form_known) {
		f->form_known = true;
		f->adblock = bars;
		f->types = types;
	}
	if (f->adblock != bars || f->types != types)
		return false;
	if (bars && (r->exact || r->text.n != r->pattern.n + 3 ||
			r->text.p[r->text.n - 1] != '^' ||
			memcmp(r->text.p + 2, r->pattern.p, r->pattern.n) != 0))
		return false;
	hash = pd_host_hash(&c->host_key, r->pattern, single, &labels);
	if (labels == 0)
		return false;
	if (c->nplains == c->plains_cap) {
		c->plains_cap = c->plains_cap > 0 ? c->plains_cap * 2 : 1024;
		c->plains =
		    pd_xrealloc(c->plains, c->plains_cap * sizeof(*c->plains));
	}
	p = &c->plains[c->nplains++];
	*p = (struct pd_plain){
		.hash = hash,
		.name = pd_compile_text(&c->names, r->pattern),
		.name_n = (uint8_t)r->pattern.n,
		.labels = (uint8_t)labels,
		.file = file,
		.line = r->line <= PD_SET_LINE_MAX ? r->line : 0,
		.flags =
		    (uint8_t)((r->exact ? 0 : PD_PLAIN_SUBDOMAINS) |
			      (single ? PD_PLAIN_ADDRESS : 0) |
			      (types == PD_TYPE_ALL ? PD_PLAIN_ALL_TYPES : 0)),
	};
	return true;
}

static void
take_badfilter(struct pd_compiler *c, const struct pd_draft *d)
{
	const struct pd_rule *r = &d->rule;
	unsigned labels;
	uint64_t hash;

	memcpy(pd_grow_add(&c->bad, sizeof(d->bad)), &d->bad, sizeof(d->bad));
	if (!pd_draft_is_plain(r))
		return;
	hash = pd_host_hash(
	    &c->host_key, r->pattern, pd_host_is_address(r->pattern), &labels);
	hash ^= (uint64_t)r->exact << 1 | (r->types == PD_TYPE_ALL);
	memcpy(pd_grow_add(&c->bad_plain, sizeof(hash)), &hash, sizeof(hash));
}

static int
take_rule(void *arg, const struct pd_rule *r)
{
	struct pd_compiler *c = arg;
	struct pd_file_list *list = pd_compile_list_of(c, c->file);
	struct pd_draft d;

	if (!has_room(c))
		return -1;
	list->rules++;
	if (!r->badfilter && pd_draft_is_plain(r) && take_plain(c, r))
		return 0;
	if (!pd_draft_make(c, r, &d)) {
		list->rules--;
		list->skipped[PD_SKIP_TOO_LONG]++;
		return 0;
	}
	if (r->badfilter) {
		take_badfilter(c, &d);
		return 0;
	}
	if (c->ndrafts == c->drafts_cap) {
		c->drafts_cap = c->drafts_cap > 0 ? c->drafts_cap * 2 : 1024;
		c->drafts =
		    pd_xrealloc(c->drafts, c->drafts_cap * sizeof(*c->drafts));
	}
	c->drafts[c->ndrafts++] = d;
	return 0;
}

/* Whether that text came before; if not, it has now. */
static bool
cosmetic_seen(struct pd_compiler *c, struct pd_str text)
{
	uint64_t hash = XXH3_64bits_withSeed(text.p, text.n, c->token_key);
	size_t i;

	hash += hash == 0;
	if (c->ncosmetic_seen * 2 >= c->cosmetic_seen_cap) {
		size_t cap =
		    c->cosmetic_seen_cap > 0 ? c->cosmetic_seen_cap * 2 : 4096;
		uint64_t *v = pd_xalloc(cap * sizeof(*v));

		for (size_t k = 0; k < c->cosmetic_seen_cap; k++) {
			uint64_t old = c->cosmetic_seen[k];

			if (old == 0)
				continue;
			for (i = old & (cap - 1); v[i] != 0;)
				i = (i + 1) & (cap - 1);
			v[i] = old;
		}
		free(c->cosmetic_seen);
		c->cosmetic_seen = v;
		c->cosmetic_seen_cap = cap;
	}
	for (i = hash & (c->cosmetic_seen_cap - 1); c->cosmetic_seen[i] != 0;
	     i = (i + 1) & (c->cosmetic_seen_cap - 1)) {
		if (c->cosmetic_seen[i] == hash)
			return true;
	}
	c->cosmetic_seen[i] = hash;
	c->ncosmetic_seen++;
	return false;
}

static int
take_cosmetic(void *arg, const struct pd_cosmetic *s)
{
	struct pd_compiler *c = arg;
	uint8_t file = c->file;
	struct pd_file_list *list = pd_compile_list_of(c, file);
	struct pd_file_cosmetic *out;

	if (!has_room(c))
		return -1;
	list->cosmetics++;
	if (cosmetic_seen(c, s->text))
		return 0;
	out = pd_grow_add(&c->cosmetics, sizeof(*out));
	*out = (struct pd_file_cosmetic){
		.text = pd_compile_text(&c->cosmetic_text, s->text),
		.text_n = (uint32_t)s->text.n,
		.hosts_n = (uint32_t)(s->hosts.n <= s->text.n ? s->hosts.n : 0),
		.body_n = (uint32_t)(s->body.n <= s->text.n ? s->body.n : 0),
		.kind = (uint32_t)s->kind |
			(s->exception ? PD_FILE_COSMETIC_EXCEPTION : 0),
		.pos = (uint32_t)file << PD_POS_FILE_SHIFT |
		       (s->line <= PD_SET_LINE_MAX ? s->line : 0),
	};
	return 0;
}

static int
take_skip(void *arg, enum pd_rule_skip why, struct pd_str what,
    struct pd_str text, uint32_t line)
{
	struct pd_compiler *c = arg;

	(void)what;
	(void)text;
	(void)line;
	pd_compile_list_of(c, c->file)->skipped[why]++;
	return 0;
}

struct pd_compiler *
pd_compiler_create(const struct pd_compile_options *o)
{
	struct pd_compiler *c = pd_xalloc(sizeof(*c));

	c->options = *o;
	if (o->suffixes != NULL)
		c->suffixes = pd_xstrdup(o->suffixes);
	c->options.suffixes = c->suffixes;
	if (o->seed != 0) {
		c->host_key.k0 = XXH3_64bits_withSeed("k0", 2, o->seed);
		c->host_key.k1 = XXH3_64bits_withSeed("k1", 2, o->seed);
		c->token_key = XXH3_64bits_withSeed("token", 5, o->seed);
	} else {
		c->host_key = pd_host_key_random();
		c->token_key = pd_host_key_random().k0;
	}
	c->arena = pd_arena_create();
	c->sink = (struct pd_rule_sink){
		.arg = c,
		.rule = take_rule,
		.cosmetic = take_cosmetic,
		.skip = take_skip,
	};
	return c;
}

void
pd_compiler_destroy(struct pd_compiler *c)
{
	if (c == NULL)
		return;
	pd_arena_destroy(c->arena);
	pd_grow_free(&c->names);
	pd_grow_free(&c->text);
	pd_grow_free(&c->bad);
	pd_grow_free(&c->bad_plain);
	pd_grow_free(&c->cosmetics);
	pd_grow_free(&c->cosmetic_text);
	free(c->cosmetic_seen);
	free(c->plains);
	free(c->drafts);
	free(c->suffixes);
	free(c);
}

int
pd_compiler_begin_list(
    struct pd_compiler *c, struct pd_str name, struct pd_str url)
{
	struct pd_file_list *l;

	if (c->nlists == PD_COMPILE_LISTS_MAX)
		return -1;
	l = &c->lists[c->nlists++];
	l->name = pd_compile_text(&c->text, name);
	l->name_n = (uint32_t)name.n;
	l->url = pd_compile_text(&c->text, url);
	l->url_n = (uint32_t)url.n;
	return 0;
}

int
pd_compiler_begin_file(struct pd_compiler *c, struct pd_str name)
{
	struct pd_compile_file *f;

	if (c->nlists == 0)
		return -1;
	for (size_t i = 0; i < c->nfiles; i++) {
		f = &c->files[i];
		if (f->list == c->nlists - 1 &&
		    pd_str_eq(pd_str_of((char *)c->text.p + f->name, f->name_n),
			name)) {
			c->file = (uint8_t)i;
			return 0;
		}
	}
	if (c->nfiles == PD_COMPILE_FILES_MAX)
		return -1;
	c->file = (uint8_t)c->nfiles;
	f = &c->files[c->nfiles++];
	*f = (struct pd_compile_file){
		.name = pd_compile_text(&c->text, name),
		.name_n = (uint32_t)name.n,
		.list = (uint8_t)(c->nlists - 1),
		.types = PD_TYPE_DEFAULT,
	};
	return 0;
}

const struct pd_rule_sink *
pd_compiler_sink(struct pd_compiler *c)
{
	return &c->sink;
}

void
pd_compiler_describe(
    struct pd_compiler *c, struct pd_str title, uint32_t expires_s)
{
	struct pd_file_list *l;

	if (c->nlists == 0)
		return;
	l = &c->lists[c->nlists - 1];
	l->title = pd_compile_text(&c->text, title);
	l->title_n = (uint32_t)title.n;
	l->expires_s = expires_s;
}

int
pd_compiler_finish(
    struct pd_compiler *c, struct pd_compiled *out, const char **why)
{
	struct pd_grow folds = { NULL, 0, 0 };
	int result;

	*out = (struct pd_compiled){ NULL, 0, NULL, 0, 0 };
	*why = NULL;
	pd_compile_fold(c, &folds);
	result = pd_compile_write(c, &folds, out, why);
	pd_grow_free(&folds);
	if (result < 0) {
		free(out->bytes);
		free(out->cosmetic);
		*out = (struct pd_compiled){ NULL, 0, NULL, 0, 0 };
	}
	return result;
}
