/*
 * The rule file as match*.c reads it: pointers into it that were checked.
 *
 * Private to set*.c and match*.c.
 */
#ifndef PD_BLOCK_SET_VIEW_H
#define PD_BLOCK_SET_VIEW_H

#include <stdatomic.h>

#include "filters/block/file.h"
#include "filters/block/regex.h"

struct pd_view_table {
	const uint32_t *first, *infos, *prints;
	const uint8_t *tags;
	uint32_t bits, n;
	uint32_t labels; /* of any; longer suffixes are not there */
};

struct pd_view_tokens {
	const struct pd_file_post *posts;
	const uint32_t *first;
	uint32_t shift; /* of a hash, to its bucket */
	uint32_t n;
	const struct pd_file_post *always;
	uint32_t nalways;
	uint32_t rules; /* of this class, however they are found */
	uint32_t types; /* that any of them is for */
};

struct pd_set {
	atomic_uint refs;
	uint64_t serial; /* no other set of this process has it */
	unsigned char *bytes;
	size_t n;
	const struct pd_file_head *head;
	const char *text;
	const struct pd_file_list *lists;
	const struct pd_file_file *files;
	const struct pd_file_rule *rules;
	const struct pd_file_extra *extras;
	const struct pd_file_regex *regex_texts;
	const uint32_t *sets, *groups, *sources;
	const struct pd_file_post *group_posts, *source_posts;
	const struct pd_file_fold *folds;
	const struct pd_file_cosmetic *cosmetics;
	uint32_t text_n, nlists, nfiles, nrules, nextras, nregexes, nsets,
	    ngroups, ngroup_posts, nsources, nsource_posts, nalways, nfolds,
	    ncosmetics;
	const struct pd_file_post *always;
	const uint32_t *tokens_words;
	uint32_t ntokens_words;
	const uint8_t *token_map;
	uint32_t ntoken_map; /* a power of two */
	const uint16_t *group_classes, *source_classes;
	uint32_t ngroup_classes, nsource_classes;
	struct pd_view_table hosts, cold, domains, suffixes;
	struct pd_view_tokens classes[PD_CLASSES];
	/* Beside the file: compiled at first use. */
	struct pd_regexes *regexes;
};

/* Fills the view over s->bytes and checks all of it. NULL: fine; else a
 * sentence. set_check.c. */
const char *pd_set_check(struct pd_set *s, const char *magic);

static inline struct pd_str
pd_set_text(const struct pd_set *s, uint32_t at, uint32_t n)
{
	return pd_str_of(s->text + at, n);
}

#endif
