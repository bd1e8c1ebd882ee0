/*
 * One question to the set: what the parts of the matcher share. In the order
 * of a request: match_url.c takes the URL apart, match_source.c the page's
 * host, match_find.c goes through the indexes, match_fit.c holds a rule against
 * the request, match.c decides; match_rewrite.c, match_answer.c and
 * match_explain.c ask for more.
 *
 * Not for others: match.h is the door.
 */
#ifndef PD_MATCH_ASK_H
#define PD_MATCH_ASK_H

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "filters/block/match.h"
#include "filters/block/set_view.h"

/* Bytes behind a URL that may be read; a block of the tokeniser. */
#define PD_ASK_PAD    64u
#define PD_ASK_TOKENS (PD_MATCH_URL_MAX / 2 + 1)
/* Hosts and groups that were found for one host; more are left out, which
 * takes a list with that many entries for one name. */
#define PD_ASK_HITS     64u
#define PD_ASK_IDS      64u
#define PD_ASK_SOURCES  8u
#define PD_ASK_REGEXES  8u
#define PD_ASK_SEARCHED 1024u
#define PD_ASK_FITS_MAX 1024 /* modifiers, and exceptions to them */

/* [at, at + n) of the URL; n of one longer than PD_TOKEN_MAX is wrong, and no
 * rule has such a one. */
struct pd_ask_token {
	uint32_t hash;
	uint16_t at;
	uint8_t n;
	uint8_t classes; /* pd_class_bit() of those that may know it */
};

/* What stands in HOSTS (or COLD) for a suffix of the host. */
struct pd_ask_hit {
	uint32_t info;
	uint32_t at; /* of the suffix in the host */
};

/* The host of a page: mostly the same as a moment ago. */
struct pd_ask_source {
	uint64_t serial;  /* of the set that it was looked up in; 0: unused */
	uint64_t site;    /* hash of the registrable domain, or of the host */
	uint32_t classes; /* of rules that name it, as bits */
	uint32_t site_labels; /* 0: has none, the host stands for it */
	uint32_t nids;
	uint32_t ids[PD_ASK_IDS]; /* in DOMAINS: the host's and its parents' */
	size_t host_n;
	char host[PD_HOST_TEXT];
};

/* With userinfo it is not the first thing behind "://". */
#define PD_ASK_NO_LABEL SIZE_MAX

struct pd_scratch {
	/* The URL that was taken apart last, for the set of that serial. */
	uint64_t serial;
	size_t url_n, host_at, host_n;
	bool cut, address;
	size_t label_n; /* of the host's first label, or PD_ASK_NO_LABEL */
	uint32_t nlabels;
	uint32_t ntokens; /* that some rule may know */
	uint32_t nsuffixes, nhits;
	uint32_t classes;      /* of the groups among the hits, as bits */
	uint8_t token_classes; /* of all tokens */
	uint32_t longest;      /* token, bytes */
	int32_t site_labels;   /* of the host; -1: not asked yet */
	/* Regular expressions that were held against this URL: number + 1,
	 * doubled, and the result. A blocked request asks for some twice. */
	uint32_t regex_known[PD_ASK_REGEXES];
	uint64_t overflows;
	/* Rules that were looked for in this URL: the walk's number and theirs.
	 * A token that is there a thousand times costs one search. */
	uint64_t searched[PD_ASK_SEARCHED];
	uint32_t walk;
	/* Of struct pd_ask_fits_list. */
	uint32_t fits[2][PD_ASK_FITS_MAX];
	struct pd_host_suffix suffixes[PD_HOST_LABELS_MAX];
	struct pd_ask_hit hits[PD_ASK_HITS];
	struct pd_ask_source sources[PD_ASK_SOURCES];
	bool to_known; /* the request's host in DOMAINS, when asked for */
	uint32_t nto, to[PD_ASK_IDS];
	struct pd_regex_thread *regexes;
	char shown[PD_HOST_TEXT + 8]; /* text of a plain rule */
	char lower[PD_MATCH_URL_MAX + PD_ASK_PAD];
	char original[PD_MATCH_URL_MAX + PD_ASK_PAD];
	struct pd_ask_token tokens[PD_ASK_TOKENS];
	/* Of pd_match_rewrite(). */
	char url[2][PD_MATCH_URL_MAX];
};

struct pd_ask {
	const struct pd_set *set;
	struct pd_scratch *s;
	const struct pd_match_query *q;
	const struct pd_match_later *later; /* NULL: not known yet */
	const struct pd_ask_source *source; /* NULL: unknown */
	uint32_t types;
	uint32_t party;    /* PD_POST_FIRST, THIRD or ANY */
	uint32_t reject;   /* PD_POST_SOURCE when no domain= can fit */
	uint32_t host_end; /* in the URL */
	uint32_t left;     /* rules that may be looked for yet */
	uint32_t visits;   /* postings that may be looked at yet */
	bool all_lists;
	bool only_hosts; /* q->host_only, and the class heeds it */
};

/* Postings that are looked at for one request, a few instructions each: the
 * longest URL of tokens with a hundred postings has less. */
#define PD_ASK_VISITS_MAX (1u << 20)

/* match_url.c: fills the scratch, unless that URL is there already. */
void pd_ask_url(const struct pd_set *set, struct pd_scratch *s,
    const struct pd_match_query *q);
/* What a table has for the host's suffixes, from the shortest. */
uint32_t pd_ask_hits(const struct pd_view_table *t, const struct pd_scratch *s,
    struct pd_ask_hit hits[PD_ASK_HITS]);

/* Bytes at the start that are letters, digits, '-' or '.': all of them, or as
 * many as were quick to tell. */
size_t pd_ask_name_span(const char *p, size_t n);

/* A bit for each of 16 tags that is this one. */
static inline uint32_t
pd_ask_equal_tags(const uint8_t *tags, uint8_t tag)
{
#if defined(__SSE2__)
	return (uint32_t)_mm_movemask_epi8(
	    _mm_cmpeq_epi8(_mm_loadu_si128((const __m128i *)(const void *)tags),
		_mm_set1_epi8((char)tag)));
#else
	uint32_t mask = 0;

	for (unsigned i = 0; i < 16; i++)
		mask |= (uint32_t)(tags[i] == tag) << i;
	return mask;
#endif
}

/* match_source.c */
const struct pd_ask_source *pd_ask_source(
    const struct pd_set *set, struct pd_scratch *s, struct pd_str host);
/* Labels of the registrable domain; 0: the host has none. */
uint32_t pd_ask_site_labels(const struct pd_set *set,
    const struct pd_host_suffix *v, size_t n, bool address, size_t labels);
/* Numbers in DOMAINS of the host and what is above it, entities as well. */
uint32_t
pd_ask_domains(const struct pd_set *set, struct pd_str host, bool address,
    uint32_t ids[PD_ASK_IDS], uint64_t *site, uint32_t *site_labels);

/* match_find.c */

void pd_ask_begin(struct pd_ask *a, const struct pd_set *set,
    struct pd_scratch *s, const struct pd_match_query *q);
/* True stops the search. */
typedef bool pd_ask_fit(void *arg, uint32_t rule);
/* Calls fit for each rule of the class that fits, some perhaps twice. True:
 * stopped. */
bool pd_ask_each(
    struct pd_ask *a, enum pd_file_class class_, pd_ask_fit *fit, void *arg);
/* Whether it would look at any rule at all. */
static inline bool
pd_ask_may(const struct pd_ask *a, enum pd_file_class class_)
{
	const struct pd_view_tokens *t = &a->set->classes[class_];
	uint32_t classes = a->s->classes;

	if (a->source != NULL)
		classes |= a->source->classes;
	return (t->types & a->types) != 0 &&
	       ((classes >> class_ & 1) != 0 || t->nalways > 0 ||
		   (a->s->token_classes & pd_class_bit(class_)) != 0);
}
/* The same over postings of hosts alone. */
bool pd_ask_groups(struct pd_ask *a, enum pd_file_class class_,
    const struct pd_ask_hit *hits, size_t nhits, pd_ask_fit *fit, void *arg);
/* A plain rule on the host that fits; NULL: none. */
const struct pd_ask_hit *pd_ask_plain(const struct pd_ask *a);
/* Whether a hit is a plain rule that fits. */
bool pd_ask_plain_fits(
    const struct pd_ask *a, const struct pd_ask_hit *hit, bool lists);

/* match_modifier.c: rules that change something, and exceptions to them. */

struct pd_ask_fits_list {
	const struct pd_set *set;
	struct pd_scratch *s;
	uint32_t *rules, *exceptions; /* PD_ASK_FITS_MAX each; more are counted
					 as overflows */
	size_t nrules, nexceptions;
};

/* Empty, its arrays in the scratch: one at a time. */
static inline struct pd_ask_fits_list
pd_ask_fits_begin(const struct pd_set *set, struct pd_scratch *s)
{
	return (struct pd_ask_fits_list){ .set = set,
		.s = s,
		.rules = s->fits[0],
		.exceptions = s->fits[1] };
}

/* A pd_ask_fit; arg: struct pd_ask_fits_list. */
bool pd_ask_take(void *arg, uint32_t rule);
/* An exception is for all of its action, or for the same value. */
bool pd_ask_excepted(const struct pd_ask_fits_list *f, uint32_t rule);

/* match_rewrite.c */
#define PD_ASK_CHANGES_MAX 128 /* that are told; all are done */
struct pd_ask_changes {
	uint32_t rules[PD_ASK_CHANGES_MAX];
	size_t n;
};
/* pd_match_rewrite(), and which rules did it. */
bool pd_ask_rewrite(
    struct pd_ask *a, struct pd_str *url, struct pd_ask_changes *changes);

/* match_fit.c */

#define PD_ASK_SEARCH UINT32_MAX
/* Whether the rule fits, its pattern beginning at `at` of the URL, or
 * PD_ASK_SEARCH: anywhere its anchors allow. */
bool pd_ask_fits(struct pd_ask *a, const struct pd_file_rule *r, uint32_t at);
bool pd_ask_regex(struct pd_ask *a, uint32_t number, struct pd_str subject);
/* Whether its pattern may begin at `at`, by its first two bytes. Turns most
 * candidates down without a look at the text. */
static inline bool
pd_ask_may_begin(
    const struct pd_ask *a, const struct pd_file_rule *r, size_t at)
{
	uint16_t head;

	memcpy(&head, a->s->lower + at, sizeof(head));
	return r->head == 0 || r->head == head;
}
/* A pattern with '*' and '^' at `at` of a URL of n bytes, or anywhere behind.
 */
#define PD_GLOB_TO_END 1u
#define PD_GLOB_FLOATS 2u
bool pd_ask_glob(
    const char *url, size_t n, size_t at, struct pd_str pattern, unsigned how);

/* match_action.c: Privoxy's host part, which globs labels, and its ports. */
bool pd_ask_host_glob(struct pd_str pattern, struct pd_str host);
bool pd_ask_port(struct pd_str ports, unsigned port);

/* match_later.c */
bool pd_ask_later(struct pd_ask *a, const struct pd_file_extra *e);

/* match.c: what is shown of a rule. */
void pd_ask_show_rule(
    const struct pd_ask *a, uint32_t rule, struct pd_match_rule *out);
void pd_ask_show_plain(const struct pd_ask *a, const struct pd_ask_hit *hit,
    struct pd_match_rule *out);
void pd_ask_show_at(
    const struct pd_set *set, uint32_t pos, struct pd_match_rule *out);

static inline struct pd_str
pd_ask_value(const struct pd_set *set, const struct pd_file_rule *r)
{
	const struct pd_file_extra *e;

	if (r->extra == 0)
		return PD_STR("");
	e = &set->extras[r->extra - 1];
	return pd_set_text(set, e->value, e->value_n);
}

static inline enum pd_rule_action
pd_ask_action(const struct pd_file_rule *r)
{
	return (enum pd_rule_action)(
	    r->flags >> PD_RF_ACTION_SHIFT & PD_RF_ACTION_MASK);
}

static inline struct pd_str
pd_ask_host(const struct pd_ask *a)
{
	return pd_str_of(a->s->lower + a->s->host_at, a->s->host_n);
}

#endif
