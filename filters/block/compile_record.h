/*
 * Records of the file while they are made: rules, their options, regular
 * expressions and domain sets. Between compile_write.c and compile_record.c.
 */
#ifndef PD_COMPILE_RECORD_H
#define PD_COMPILE_RECORD_H

#include "filters/block/compile_parts.h"

/* From a hash to a word; grows. */
struct pd_word_map {
	uint64_t *keys; /* 0: free */
	uint32_t *words;
	size_t n, cap;
};

struct pd_records {
	struct pd_compiler *c;
	struct pd_grow *sections;      /* PD_SECTIONS of them */
	struct pd_word_map domains;    /* from a domain's hash to its number */
	struct pd_word_map sets;       /* from the hash of a set to its word */
	struct pd_grow domain_entries; /* for the table */
	uint32_t ndomains, nregexes;
	uint32_t head_flags;
};

void pd_records_init(struct pd_records *r, struct pd_compiler *c,
    struct pd_grow sections[PD_SECTIONS]);
void pd_records_finish(struct pd_records *r);

/* The number of a domain as domain= has it. */
uint32_t pd_record_domain(struct pd_records *r, const struct pd_rule_domain *d);
/* Writes the record of d, as key looks for it, and what it refers to. */
void pd_record_rule(
    struct pd_records *r, const struct pd_draft *d, const struct pd_key *key);

#endif
