/*
 * What the parts of the parser for Adblock's syntax share: parse_adblock.c
 * tells lines apart and gives the sink what the others make of them.
 *
 *     @@||ads.example^banner$script,third-party,domain=a.org|~b.a.org
 *
 * is an exception, a pattern with its anchor, and options.
 *
 * Not for others: parse.h is the door.
 * Thread: one at a time.
 */
#ifndef PD_ADBLOCK_H
#define PD_ADBLOCK_H

#include "filters/block/parse.h"

#define PD_ADBLOCK_LINE_MAX    (64 * 1024)
#define PD_ADBLOCK_PATTERN_MAX 4096
#define PD_ADBLOCK_DOMAINS_MAX 8192 /* of domain=, of to= with denyallow= */

/* Above PD_TYPE_*: what browsers know and a proxy never sees. */
#define PD_ADBLOCK_TYPE_POPUP  0x10000u
#define PD_ADBLOCK_TYPE_WEBRTC 0x20000u

struct pd_adblock_domains {
	struct pd_rule_domain *v;
	size_t n, size;
};

struct pd_adblock {
	const struct pd_rule_sink *sink;
	struct pd_rule rule; /* that is being read */
	/* Of its options, until they are settled. */
	uint32_t types, not_types;
	bool acts;      /* has an option that is an action */
	uint32_t extra; /* 1 << action: rules beside it, one for each */
	bool inline_script, inline_font;
	struct pd_adblock_domains from, to;
	/* Why it is none. */
	enum pd_rule_skip why;
	struct pd_str what;
	/* Memory for names and values that are not as they stand in the line;
	 * begun anew with each line. */
	char *text;
	size_t text_n, text_size;
};

/* Notes why the line makes no rule; -1, for `return`. */
int pd_adblock_refuse(
    struct pd_adblock *a, enum pd_rule_skip why, struct pd_str what);
/* n bytes that live as long as the line; NULL: it has had enough. */
char *pd_adblock_text(struct pd_adblock *a, size_t n);

/* adblock_cosmetic.c */

/* Takes a line apart at its mark ("##", "#@?#", "$$" ...); text and line are
 * not touched. False: it is none, then it is a rule for the network. */
bool pd_adblock_cosmetic(struct pd_str line, struct pd_cosmetic *c);

/* adblock_pattern.c: from the text to the rule's shape, pattern and anchors.
 * After the options, since match-case is one of them. */
int pd_adblock_pattern(struct pd_adblock *a, struct pd_str pattern);
/* Whether a rule on this pattern alone would match everything. */
bool pd_adblock_pattern_wide(const struct pd_rule *r);

/* adblock_options.c */

/* Cuts the options off; *options is empty when there are none. */
struct pd_str
pd_adblock_options_split(struct pd_str body, struct pd_str *options);
/* Reads them into the rule; what it says beside it stays in a. */
int pd_adblock_options(struct pd_adblock *a, struct pd_str options);

/* adblock_value.c: the values of options. name: the option's, for a->what. */

/* "a.org|~b.a.org|c.*|/re/" to the end of d. denied: of denyallow. */
int pd_adblock_value_domains(struct pd_adblock *a, struct pd_adblock_domains *d,
    struct pd_str name, struct pd_str value, bool denied);
int pd_adblock_value_methods(
    struct pd_adblock *a, struct pd_str name, struct pd_str value);
/* Checks what an action's option says, and sets rule.value. */
int pd_adblock_value_action(
    struct pd_adblock *a, struct pd_str name, struct pd_str value);
int pd_adblock_value_header(
    struct pd_adblock *a, struct pd_str name, struct pd_str value);
int pd_adblock_value_address(
    struct pd_adblock *a, struct pd_str name, struct pd_str value);
/* "/re/" with flags behind it: what stands between. */
bool pd_adblock_value_regex(
    struct pd_str value, struct pd_str *re, struct pd_str *flags);
/* uritransform's regular expression may be empty: then it is the pattern. */
int pd_adblock_value_transform(struct pd_adblock *a);

#endif
