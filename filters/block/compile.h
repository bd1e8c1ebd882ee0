/*
 * Rules to the flat rule file.
 *
 * Lists are given one after the other, each rule by the sink; finish() folds
 * duplicates and what a wider rule covers, takes badfilter's rules away, and
 * lays out the file (file.h). Memory: about three times the file.
 * Thread: any, one at a time.
 */
#ifndef PD_BLOCK_COMPILE_H
#define PD_BLOCK_COMPILE_H

#include "filters/block/rule.h"
#include "filters/block/source.h"

struct pd_compiler;

#define PD_COMPILE_FILES_MAX 126 /* lists and what they include */
#define PD_COMPILE_LISTS_MAX 64  /* bits of a policy's mask */

struct pd_compile_options {
	/* The public suffix list, or NULL: each last label is a suffix. */
	const char *suffixes;
	/* Lists are told apart by policies: the same rule in two stays two. */
	bool keep_duplicates;
	/* "||host^" without types blocks a page of its own as well. */
	bool strict_document;
	/* What the file was made of: compared at start (set.h). */
	uint64_t key;
	/* 0: drawn. Tests give one, for the same bytes each time. */
	uint64_t seed;
};

/* What became of a list; in the file as well (pd_set_list()). */
struct pd_compile_list {
	struct pd_str name; /* of the configuration or the file */
	struct pd_str url;  /* where it comes from, may be empty */
	struct pd_str title;
	uint32_t expires_s; /* "! Expires:", 0: does not say */
	uint32_t rules;     /* network rules read, all that follow included */
	uint32_t cosmetics;
	uint32_t folded_same, folded_covered, badfiltered;
	uint32_t skipped[PD_RULE_SKIP_KINDS];
};

struct pd_compiler *pd_compiler_create(const struct pd_compile_options *o);
void pd_compiler_destroy(struct pd_compiler *c); /* NULL is fine */

/* A list, and then each of its files (the list itself and its includes); a name
 * that the list has already goes on with that file. Names are copied. -1: too
 * many. */
int pd_compiler_begin_list(
    struct pd_compiler *c, struct pd_str name, struct pd_str url);
int pd_compiler_begin_file(struct pd_compiler *c, struct pd_str name);
/* The sink for the present file; -1 from it: PD_SET_*_MAX is reached. */
const struct pd_rule_sink *pd_compiler_sink(struct pd_compiler *c);
/* What the list's header said. */
void pd_compiler_describe(
    struct pd_compiler *c, struct pd_str title, uint32_t expires_s);

struct pd_compiled {
	unsigned char *bytes; /* the rule file; free() it */
	size_t n;
	unsigned char *cosmetic; /* the cosmetic file; free() it */
	size_t ncosmetic;
	size_t always; /* rules that are tried at each request: want < 64 */
};

/* 0, or -1 with a sentence in *why (static). */
int pd_compiler_finish(
    struct pd_compiler *c, struct pd_compiled *out, const char **why);

#endif
