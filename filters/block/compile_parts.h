/*
 * What the parts of the compiler share. In the order of its work:
 * compile.c takes rules in, compile_draft.c copies and names them,
 * compile_fold.c takes away what says nothing new, compile_key.c looks for what
 * each is found by, compile_suffix.c reads the public suffixes,
 * compile_index.c builds the tables and compile_write.c the file.
 *
 * Not for others: compile.h is the door.
 */
#ifndef PD_COMPILE_PARTS_H
#define PD_COMPILE_PARTS_H

#include "base/arena.h"
#include "filters/block/file.h"

/* An array that grows. */
struct pd_grow {
	unsigned char *p;
	size_t n, cap; /* bytes */
};

/* n bytes more, not cleared; where they stand moves with the next call. */
void *pd_grow_add(struct pd_grow *g, size_t n);
static inline void
pd_grow_word(struct pd_grow *g, uint32_t word)
{
	memcpy(pd_grow_add(g, sizeof(word)), &word, sizeof(word));
}
void pd_grow_free(struct pd_grow *g);

/* A rule with a pattern or options of its own, copied. */
struct pd_draft {
	struct pd_rule rule;
	uint64_t same; /* equal for rules that say the same */
	uint64_t bad;  /* the same as badfilter sees it: without case */
	uint8_t file, list;
	uint8_t class_;
	bool dropped;    /* badfilter, or says the same as another */
	bool covered;    /* a wider plain rule is there: to explain only */
	uint32_t number; /* in the file */
};

/* A host and nothing else. */
struct pd_plain {
	uint64_t hash;
	uint32_t name; /* in names */
	uint32_t line;
	uint8_t name_n, labels, file;
	uint8_t flags;
};
#define PD_PLAIN_SUBDOMAINS 0x01u
#define PD_PLAIN_ADDRESS    0x02u
#define PD_PLAIN_ALL_TYPES  0x04u
#define PD_PLAIN_DROPPED    0x08u
#define PD_PLAIN_FOLDED     0x10u

/* What a file of a list is like. */
struct pd_compile_file {
	uint32_t name, name_n; /* in text */
	uint8_t list;
	bool form_known; /* adblock and types are those of its first host */
	bool adblock;
	uint16_t types;
};

struct pd_compiler {
	struct pd_compile_options options;
	char *suffixes;
	struct pd_host_key host_key;
	uint64_t token_key;
	struct pd_arena *arena; /* what drafts hold */
	struct pd_grow names;   /* of plain hosts */
	struct pd_grow text; /* the TEXT section, begun with names of lists */
	struct pd_plain *plains;
	size_t nplains, plains_cap;
	struct pd_draft *drafts;
	size_t ndrafts, drafts_cap;
	/* uint64_t: what badfilters name; hosts of plain rules apart. */
	struct pd_grow bad, bad_plain;
	struct pd_grow cosmetics, cosmetic_text;
	uint64_t *cosmetic_seen; /* hashes, open addressing */
	size_t ncosmetic_seen, cosmetic_seen_cap;
	struct pd_file_list lists[PD_COMPILE_LISTS_MAX];
	size_t nlists;
	struct pd_compile_file files[PD_COMPILE_FILES_MAX];
	size_t nfiles;
	uint8_t file; /* that rules come from now */
	struct pd_rule_sink sink;
};

/* A text into the TEXT section; where it is. */
uint32_t pd_compile_text(struct pd_grow *text, struct pd_str s);
static inline struct pd_str
pd_compile_name(const struct pd_compiler *c, const struct pd_plain *p)
{
	return pd_str_of((const char *)c->names.p + p->name, p->name_n);
}
static inline struct pd_file_list *
pd_compile_list_of(struct pd_compiler *c, uint8_t file)
{
	return &c->lists[c->files[file].list];
}

/* compile_draft.c */

/* A host, that it is blocked, and nothing else. */
bool pd_draft_is_plain(const struct pd_rule *r);
/* Copies, normalises and names it; false when it can never match. */
bool pd_draft_make(
    struct pd_compiler *c, const struct pd_rule *r, struct pd_draft *out);
/* One number for a plain rule and those that are the same. */
uint64_t pd_draft_plain_key(const struct pd_compiler *c, uint64_t host_hash,
    uint8_t flags, uint8_t list);

/* compile_fold.c: marks what is dropped, folded and covered; counts it. */
struct pd_compile_fold {
	uint32_t draft; /* that stays */
	uint32_t other; /* that says the same */
};
/* folds: struct pd_compile_fold, by draft. */
void pd_compile_fold(struct pd_compiler *c, struct pd_grow *folds);

/* compile_token.c: the tokens of a pattern, bounded on both sides. */
struct pd_token {
	uint32_t hash;
	uint32_t place; /* PD_POST_FLOATS: not at a fixed place */
	uint8_t before, behind;
	struct pd_str text; /* lower case */
};
#define PD_TOKENS_OF_RULE 64
struct pd_tokens {
	struct pd_token v[PD_TOKENS_OF_RULE];
	size_t n;
	size_t nparameter; /* the last of them are of a parameter's name */
};
/* Room for all the tokens of a pattern. */
#define PD_KEY_BUFFER (3 * PD_SET_PATTERN_MAX)
void pd_tokens_of_rule(const struct pd_compiler *c, const struct pd_rule *r,
    char *buf, struct pd_tokens *out);
uint32_t pd_token_of(uint64_t key, struct pd_str token);
/* How often of 1,000 requests have it; 0: not among the usual ones. */
unsigned pd_token_usual(struct pd_str token);

/* compile_key.c */

enum pd_key_kind {
	PD_KEY_HOST, /* "||host" and what follows it */
	PD_KEY_TOKEN,
	PD_KEY_SOURCES, /* each of domain= */
	PD_KEY_TO,      /* each of to= */
	PD_KEY_ALWAYS,
};

struct pd_key {
	enum pd_key_kind kind;
	struct pd_str host;     /* HOST: the name */
	struct pd_str pattern;  /* what is left to compare */
	uint32_t token;         /* hash */
	uint32_t place;         /* of the token in pattern, or PD_POST_FLOATS */
	uint8_t before, behind; /* pd_byte_class, 0 for any */
	bool exact;
	bool parameter; /* pattern is the name that removeparam= says */
};

/* How often tokens and hosts stand in the rules: counted before chosen. */
struct pd_key_counts {
	uint16_t *tokens; /* by hash */
	uint16_t *hosts;
	/* For the tokens of the rule at hand. */
	struct pd_tokens *of_rule;
	char *buf;
};
void pd_key_counts_init(struct pd_key_counts *k);
void pd_key_counts_finish(struct pd_key_counts *k);
void pd_key_count(const struct pd_compiler *c, struct pd_key_counts *k,
    const struct pd_draft *d);
void pd_key_choose(const struct pd_compiler *c, struct pd_key_counts *k,
    const struct pd_draft *d, struct pd_key *out);

/* compile_regex.c: a regular expression from outside. */

enum pd_atom_kind {
	PD_ATOM_BYTE,    /* c itself */
	PD_ATOM_ONE,     /* one byte of some kind */
	PD_ATOM_CLASS,   /* one of "[...]" */
	PD_ATOM_GROUP,   /* "(...)", whatever is in it */
	PD_ATOM_EDGE,    /* '^' or '$' */
	PD_ATOM_PLACE,   /* "\b": nothing that has a length */
	PD_ATOM_STRANGE, /* anything else: no conclusions then */
};
struct pd_atom {
	enum pd_atom_kind kind;
	char c;
	size_t at, n;         /* in the expression, without its quantifier */
	uint32_t least, most; /* how often; most UINT32_MAX: no limit */
};
/* The next one at *at, which moves behind it. */
bool pd_atom_next(struct pd_str p, size_t *at, struct pd_atom *a);
/* Whether none is strange: no '|' outside of groups, for one. */
bool pd_atoms_plain(struct pd_str p);

struct pd_regex_bounds {
	uint16_t least; /* bytes of a text that matches */
	uint16_t run;   /* of letters and digits without another between */
	/* Bytes of the first label of the host, and its labels, if the text is
	 * a URL without userinfo. UINT8_MAX: no limit. */
	uint8_t label_least, label_most;
	uint8_t labels_least, labels_most;
};
void pd_regex_bounds(struct pd_str p, struct pd_regex_bounds *out);

/* compile_suffix.c: hashes and PD_SUFFIX_* for the table. */
struct pd_table_entry {
	uint64_t hash;
	uint32_t info;
	uint32_t labels;
};
/* 0, or -1 with a sentence. entries: struct pd_table_entry. */
int pd_compile_suffixes(
    const struct pd_compiler *c, struct pd_grow *entries, const char **why);

/* compile_index.c */

/* A table (file.h) of the entries. */
void
pd_compile_table(const struct pd_table_entry *v, size_t n, struct pd_grow *out);

/* What stands in indexes, before they are laid out. */
struct pd_index_post {
	uint64_t where; /* token's hash, host's hash, or a domain's number */
	uint8_t class_, labels;
	struct pd_file_post post;
};
/* Tokens of all classes to the sections TOKENS and TOKEN_MAP; sorts posts. */
void pd_compile_tokens(struct pd_grow *posts, struct pd_grow *section,
    struct pd_grow *map, struct pd_file_class_at classes[PD_CLASSES]);
/* Postings by host: infos for a host table, and what goes to GROUPS,
 * GROUP_CLASSES and GROUP_POSTS. */
struct pd_groups {
	struct pd_grow *first, *classes, *posts;
};
void pd_compile_groups(struct pd_grow *posts, struct pd_grow *entries,
    const struct pd_groups *out);

/* compile_write.c */
int pd_compile_write(struct pd_compiler *c, const struct pd_grow *folds,
    struct pd_compiled *out, const char **why);
/* A container of sections; sets checksum and sizes. NULL: too large. */
unsigned char *pd_compile_container(
    struct pd_file_head *head, struct pd_grow sections[PD_SECTIONS], size_t *n);

#endif
