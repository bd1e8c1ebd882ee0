/*
 * The rule file: how compile lays it out and set and match read it.
 *
 * A header, then sections of 32-bit words, records and bytes; offsets only,
 * nothing to mend after mapping. Numbers stand in the machine's byte order:
 * the file is a cache of the lists, made where it is used. What is hot (tables,
 * postings, rules) stands apart from what is read to explain only.
 *
 * Private to compile*.c, set*.c and match*.c.
 */
#ifndef PD_BLOCK_FILE_H
#define PD_BLOCK_FILE_H

#include "filters/block/host.h"
#include "filters/block/set.h"

#define PD_FILE_MAGIC    "pdrules\n"
#define PD_FILE_COSMETIC "pdcosmt\n"
#define PD_FILE_VERSION  1u
#define PD_FILE_ORDER    0x01020304u

/* What a rule is asked for: each class has its own indexes, so that a request
 * that nothing blocks never touches exceptions or modifiers. */
enum pd_file_class {
	PD_CLASS_BLOCK,
	PD_CLASS_ALLOW,
	PD_CLASS_REDIRECT, /* and exceptions to it; so the next three */
	PD_CLASS_URL,      /* urlskip, uritransform */
	PD_CLASS_PARAM,    /* removeparam: only where there is a query */
	PD_CLASS_ANSWER,
	PD_CLASS_LATER, /* blocks, under a condition that is not known yet */
	PD_CLASS_ZIPROXY,
	PD_CLASS_ORDERED,
	PD_CLASS_PAGE, /* exceptions for a filter of pages */
	PD_CLASSES,
};

/* In TOKEN_MAP; the last ones share a bit. */
static inline uint8_t
pd_class_bit(unsigned class_)
{
	return (uint8_t)(1u << (class_ < 7 ? class_ : 7));
}

/* X(id, "name", size of a record) */
#define PD_FILE_SECTIONS(X)                                             \
	X(TEXT, "text", 1)                                              \
	X(LISTS, "lists", sizeof(struct pd_file_list))                  \
	X(FILES, "files", sizeof(struct pd_file_file))                  \
	X(RULES, "rules", sizeof(struct pd_file_rule))                  \
	X(EXTRAS, "options", sizeof(struct pd_file_extra))              \
	X(REGEXES, "regexes", sizeof(struct pd_file_regex))             \
	X(SETS, "domain-sets", sizeof(uint32_t))                        \
	X(HOSTS, "hosts", 1)                                            \
	X(GROUPS, "host-groups", sizeof(uint32_t))                      \
	X(GROUP_CLASSES, "host-group-classes", sizeof(uint16_t))        \
	X(GROUP_POSTS, "host-postings", sizeof(struct pd_file_post))    \
	X(DOMAINS, "domains", 1)                                        \
	X(SOURCES, "sources", sizeof(uint32_t))                         \
	X(SOURCE_CLASSES, "source-classes", sizeof(uint16_t))           \
	X(SOURCE_POSTS, "source-postings", sizeof(struct pd_file_post)) \
	X(SUFFIXES, "public-suffixes", 1)                               \
	X(TOKENS, "tokens", sizeof(uint32_t))                           \
	X(TOKEN_MAP, "token-map", 1)                                    \
	X(ALWAYS, "always", sizeof(struct pd_file_post))                \
	X(COLD, "hosts-folded", 1)                                      \
	X(FOLDS, "rules-folded", sizeof(struct pd_file_fold))           \
	X(COSMETICS, "cosmetics", sizeof(struct pd_file_cosmetic))

enum pd_file_section_id {
#define X(id, name, size) PD_SECTION_##id,
	PD_FILE_SECTIONS(X)
#undef X
	    PD_SECTIONS,
};

struct pd_file_section {
	uint32_t at; /* bytes from the start of the file; a multiple of 16 */
	uint32_t n;  /* bytes */
};

/* Postings of one class in TOKENS and ALWAYS: see struct pd_file_tokens. */
struct pd_file_class_at {
	uint32_t tokens; /* words from the start of TOKENS */
	uint32_t always; /* the first in ALWAYS */
	uint32_t nalways;
	uint32_t rules; /* of this class at all */
	uint32_t types; /* that any of them is for */
};

struct pd_file_head {
	char magic[8];
	uint32_t version, order;
	uint64_t bytes;    /* of the whole file */
	uint64_t checksum; /* XXH3-64 of all that follows it */
	uint64_t key;
	int64_t built;
	struct pd_host_key host_key;
	uint64_t token_key;
	uint32_t flags, nrules;
	struct pd_file_section sections[PD_SECTIONS];
	struct pd_file_class_at classes[PD_CLASSES];
};

#define PD_HEAD_IMPORTANT 0x1u /* some rule that blocks is important */
#define PD_HEAD_HEADERS   0x2u /* some rule wants the response's fields */
#define PD_HEAD_ADDRESSES 0x4u /* some rule wants the upstream's address */
#define PD_HEAD_ALL       0x7u

/*
 * A table of hosts by the hash of host.h, in a section of words:
 * bits, n, labels (the most of any), 0; first[2^bits + 1]; infos[n]; prints[n];
 * then n bytes of tags and 16 of nothing, for loads of 16 tags at once.
 * Bucket b's hosts are first[b] .. first[b + 1] - 1. A host is found by 40 bits
 * besides those that choose the bucket; 9.5 bytes each.
 */
#define PD_TABLE_HEAD     4u /* words */
#define PD_TABLE_BITS_MAX 24u
#define PD_TABLE_PAD      16u /* bytes behind the tags */
#define PD_TABLE_BUCKET   8u  /* hosts on average */

static inline uint32_t
pd_table_bucket(uint64_t hash, uint32_t bits)
{
	return (uint32_t)(hash >> (64 - bits));
}

static inline uint8_t
pd_table_tag(uint64_t hash)
{
	return (uint8_t)(hash >> 32);
}

static inline uint32_t
pd_table_print(uint64_t hash)
{
	return (uint32_t)hash;
}

/* Infos of HOSTS and COLD: a plain rule's place, or a group of postings. */
#define PD_HOST_SUBDOMAINS 0x80000000u
#define PD_HOST_FILE_SHIFT 24u
#define PD_HOST_FILE_MASK  0x7fu
#define PD_HOST_FILE_GROUP 127u
#define PD_HOST_LINE_MASK  0x00ffffffu

/* Infos of SUFFIXES. */
#define PD_SUFFIX_RULE      0x1u /* is a public suffix */
#define PD_SUFFIX_WILDCARD  0x2u /* each label below makes one */
#define PD_SUFFIX_EXCEPTION 0x4u /* is none, although a wildcard says so */
#define PD_SUFFIX_INNER     0x8u /* something longer ends like this */

/*
 * Where a candidate stands in an index. Most are turned down by these 8 bytes.
 */
struct pd_file_post {
	uint32_t rule; /* PD_POST_* */
	uint32_t what;
};

#define PD_POST_RULE_MASK 0x003fffffu
/* Has domain= that names some, and no regular expression there: nothing for a
 * page that no rule names. */
#define PD_POST_SOURCE 0x00400000u
/* In token indexes: what the bytes before and behind the token are like
 * (pd_byte_class), 0 for any. */
#define PD_POST_BEFORE_SHIFT 23u
#define PD_POST_BEHIND_SHIFT 27u
#define PD_POST_SIDE_MASK    0xfu
/* In host groups and sources: the class, and whether the pattern has to be
 * searched for (else it follows the host). */
#define PD_POST_CLASS_SHIFT 23u
#define PD_POST_CLASS_MASK  0xfu
#define PD_POST_SEARCH      0x08000000u
/* In what: 13 bits of types, three of parties, 16 of the token's place in the
 * pattern. */
#define PD_POST_PARTY_SHIFT 13u
#define PD_POST_FIRST       (1u << 13)
#define PD_POST_THIRD       (1u << 14)
#define PD_POST_ANY         (1u << 15) /* needs no party */
#define PD_POST_PLACE_SHIFT 16u
#define PD_POST_FLOATS      0xffffu /* place: behind a '*' or in a regex */

/*
 * A token index of one class, in words: bits, nposts; then the postings (two
 * words each), and first[2^bits + 1]. TOKEN_MAP stands before all of them: a
 * byte for the low bits of a hash, with the classes that may know it.
 */
#define PD_TOKENS_HEAD     2u
#define PD_TOKENS_BITS_MAX 22u
#define PD_TOKEN_MAX       255u /* bytes; longer ones lead to no rule */
#define PD_TOKEN_MAP_MIN   ((size_t)1 << 8)
#define PD_TOKEN_MAP_MAX   ((size_t)1 << 24)

/*
 * A token is a run of [0-9a-z]: its first eight bytes and its length. word:
 * those bytes, the first one lowest, moved to the top when there are fewer; so
 * the length is free to stand at the bottom.
 */
static inline uint32_t
pd_token_hash(uint64_t key, uint64_t word, size_t n)
{
	return (uint32_t)(pd_host_fold(word ^ n, key) >> 32);
}

/* How a rule's pattern is compared. */
enum pd_file_match {
	PD_HOW_ANY,   /* nothing to compare */
	PD_HOW_PLAIN, /* bytes only */
	PD_HOW_GLOB,  /* with '*' or '^' */
	PD_HOW_REGEX,
	PD_HOW_ACTION_FILE, /* host glob, port and path of struct pd_file_extra
			     */
};

#define PD_RF_HOW_MASK     0x0000000fu
#define PD_RF_ACTION_SHIFT 4u
#define PD_RF_ACTION_MASK  0x1fu
#define PD_RF_EXCEPTION    0x00000200u
#define PD_RF_IMPORTANT    0x00000400u
#define PD_RF_START        0x00000800u
#define PD_RF_HOST         0x00001000u
#define PD_RF_END          0x00002000u
#define PD_RF_CASE         0x00004000u
#define PD_RF_STRICT_FIRST 0x00008000u
#define PD_RF_STRICT_THIRD 0x00010000u
#define PD_RF_EXACT        0x00020000u /* by host: not what is below it */
#define PD_RF_HOST_ONLY    0x00040000u /* a host and no options */
#define PD_RF_LATER        0x00080000u /* has header or address */
#define PD_RF_NEVER        0x00100000u /* has a condition nobody can judge */
#define PD_RF_FLAGS_ALL    0x001fffffu
/* Any of these, or domains or an extra, is looked at after the pattern. */
#define PD_RF_SLOW \
	(PD_RF_STRICT_FIRST | PD_RF_STRICT_THIRD | PD_RF_LATER | PD_RF_NEVER)

#define PD_POS_FILE_SHIFT 24u

struct pd_file_rule {
	uint32_t text, text_n; /* in TEXT, as all of these */
	uint32_t pattern;
	uint16_t pattern_n;
	/* The first two bytes of the pattern as they stand in memory, when a
	 * URL in lower case must have them where it begins; 0: not known. */
	uint16_t head;
	uint32_t domains; /* word in SETS; 0: none */
	uint32_t extra;   /* number + 1; 0: none */
	uint32_t flags;   /* PD_RF_* */
	uint32_t pos;     /* file << 24 | line */
};

struct pd_file_extra {
	uint32_t methods;
	uint32_t to; /* word in SETS; 0: none */
	uint32_t value, value_n;
	uint32_t header, header_n;
	uint32_t address, address_n;
	uint32_t detail, detail_n; /* ports of ACTION_FILE; what uritransform
				      puts in place */
	/* Numbers + 1; 0: none. */
	uint32_t regex; /* of the pattern, or the path of ACTION_FILE */
	uint32_t value_regex;
	uint32_t header_regex;
	uint32_t address_regex;
};

struct pd_file_regex {
	uint32_t text, n;
	uint32_t flags; /* of regex.h */
	/* What every text that matches has: see compile_regex.c. */
	uint16_t least, run;
	uint8_t label_least, label_most;
	uint8_t labels_least, labels_most;
};

/*
 * In SETS, one after another: npositive, nnegative, nregex, nregex_negative,
 * then the numbers of domains (sorted) and of regexes. Word 0 is unused.
 */
#define PD_DOMSET_HEAD 4u

struct pd_file_list {
	uint32_t name, name_n, url, url_n, title, title_n;
	uint32_t expires_s, rules, cosmetics;
	uint32_t folded_same, folded_covered, badfiltered;
	uint32_t skipped[PD_RULE_SKIP_KINDS];
};

struct pd_file_file {
	uint32_t name, name_n;
	uint16_t list;
	uint16_t types;   /* of its plain host rules */
	uint32_t adblock; /* 1: they are written "||name^", else the name */
};

/* A rule that says the same as another; by rule. text_n 0: in its words. */
struct pd_file_fold {
	uint32_t rule, pos;
	uint32_t text, text_n;
};

struct pd_file_cosmetic {
	uint32_t text, text_n;
	uint32_t hosts_n, body_n; /* from its start, to its end */
	uint32_t kind;            /* | PD_COSMETIC_EXCEPTION */
	uint32_t pos;
};
#define PD_FILE_COSMETIC_EXCEPTION 0x100u

/* Bytes behind the last text, so that it may be read by words. */
#define PD_TEXT_PAD 16u

/* XXH3-64 of what the head's checksum covers; n is at least the head. */
uint64_t pd_file_checksum(const unsigned char *bytes, size_t n);
extern const char *const pd_file_section_names[PD_SECTIONS];
extern const uint32_t pd_file_section_sizes[PD_SECTIONS];

/*
 * What a byte of a URL beside a token is like: the usual ones have a class of 1
 * to 14, others 0, which in a posting is any. The NUL behind a URL is its end.
 */
#define PD_BYTE_END 15u
extern const uint8_t pd_byte_class[256];
/* What Adblock's '^' does not stand for: [A-Za-z0-9_.%-]. */
extern const uint8_t pd_byte_joins[256];

#endif
