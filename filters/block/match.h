/*
 * A request and the rules: what decides, what is changed, and why.
 *
 * A pure function of the set and the query; no allocation, no lock. What a
 * request needs of memory is in the scratch that each worker has: the URL in
 * lower case, the regular expressions' match data.
 * Thread: a set any, a scratch one.
 */
#ifndef PD_BLOCK_MATCH_H
#define PD_BLOCK_MATCH_H

#include "filters/block/set.h"
#include "http/http.h"

/* Of a longer URL the rest is not looked at. */
#define PD_MATCH_URL_MAX (16 * 1024)
/* Rules that are looked for in the whole of one URL; more are not, and counted.
 * The usual lists have a few hundred of that kind in all. */
#define PD_MATCH_SEARCHES_MAX 8192
#define PD_MATCH_LISTS_ALL    UINT64_MAX
/* Of a URL's scheme with its colon: longer ones have no host. */
#define PD_MATCH_SCHEME_MAX 32

struct pd_scratch;

struct pd_scratch *pd_scratch_create(void);
void pd_scratch_destroy(struct pd_scratch *s); /* NULL is fine */
/* How often candidates were left out because there were too many. */
uint64_t pd_scratch_overflows(const struct pd_scratch *s);

enum pd_source_party {
	PD_SOURCE_KNOWN,   /* by the source host, which is not empty */
	PD_SOURCE_THIRD,   /* source unknown, but another site */
	PD_SOURCE_UNKNOWN, /* rules with a party or a positive domain= fail */
};

struct pd_match_query {
	/*
	 * scheme://host[:port]/path?query as the client wrote it, and the host
	 * in it, from host_at (userinfo and port are not of it). The host is
	 * lower case, without a last dot, in Punycode; port only where it is
	 * not the scheme's.
	 */
	struct pd_str url;
	size_t host_at, host_n;
	struct pd_str source; /* host of the page; empty: see party */
	enum pd_source_party party;
	uint16_t types; /* PD_TYPE_*: what it may be */
	enum pd_method method;
	bool host_only; /* CONNECT, TLS names: only rules on the host alone */
	uint64_t lists; /* 1 << list: which apply */
};

/* Splits a URL as in query.url; keeps the text. -1: no scheme or host. */
int pd_match_split(struct pd_match_query *q, struct pd_str url);
/* The host of a URL ("https://www.example.org/page"), or empty. */
struct pd_str pd_match_host(struct pd_str url);

/* A rule as it can be shown. Lives as long as the set; text of a plain host
 * rule is written to the scratch and lives until the next call with it. */
struct pd_match_rule {
	struct pd_str list; /* its name */
	struct pd_str file; /* its file's name */
	struct pd_str text;
	uint32_t line; /* 0: unknown */
	uint8_t list_number;
	uint64_t id; /* of the text alone: for hits (hits.h) */
};

enum pd_match_kind {
	PD_MATCH_NONE,
	PD_MATCH_ALLOW, /* a rule would block, and an exception won */
	PD_MATCH_BLOCK,
	PD_MATCH_DENY,    /* Ziproxy's */
	PD_MATCH_REPLACE, /* Ziproxy's */
};

struct pd_match {
	enum pd_match_kind kind;
	bool untouched;            /* URLNoProcessing; with NONE */
	bool replace_by_type;      /* URLReplaceDataCT; with NONE and ALLOW */
	struct pd_match_rule rule; /* that decides; not of NONE */
	struct pd_str redirect;    /* of BLOCK: a resource's name, or empty */
	struct pd_match_rule redirect_rule; /* if redirect is not empty */
};

void pd_match_request(const struct pd_set *set, struct pd_scratch *scratch,
    const struct pd_match_query *q, struct pd_match *out);

/*
 * What is done to the URL of a request that passes: removeparam, urlskip,
 * uritransform. True: *url (in the scratch) is another URL than q->url.
 * Documents that are skipped leave for another host; the others stay.
 */
bool pd_match_rewrite(const struct pd_set *set, struct pd_scratch *scratch,
    const struct pd_match_query *q, struct pd_str *url,
    struct pd_match_rule *rule);

/*
 * What the response gets: calls each for every csp, permissions and
 * removeheader that applies, exceptions taken off, until it returns false.
 */
/* Whether there is any such rule for one of these PD_TYPE_*. */
bool pd_match_has_answer(const struct pd_set *set, uint16_t types);
void pd_match_answer(const struct pd_set *set, struct pd_scratch *scratch,
    const struct pd_match_query *q,
    bool (*each)(void *arg, enum pd_rule_action action, struct pd_str value,
	const struct pd_match_rule *rule),
    void *arg);

/*
 * The same decision as pd_match_request() with what is known later: rules with
 * header= when the response's fields are there, ipaddress= when the address is.
 * Only such rules block here; exceptions count as ever.
 */
struct pd_match_later {
	const struct pd_fields *fields; /* or NULL */
	const struct pd_addr *address;  /* or NULL */
};
/* Whether there is any such rule for one of these PD_TYPE_*. */
bool pd_match_has_later(
    const struct pd_set *set, uint16_t types, bool fields, bool address);
void pd_match_later(const struct pd_set *set, struct pd_scratch *scratch,
    const struct pd_match_query *q, const struct pd_match_later *later,
    struct pd_match *out);

/* Every rule that fits, in no order: for people. */
enum pd_match_role {
	PD_ROLE_WINNER,  /* decides */
	PD_ROLE_LOSES,   /* fits; another decides */
	PD_ROLE_CHANGES, /* redirect, removeparam, csp ... that takes effect */
	PD_ROLE_FOLDED,  /* says the same as one that fits, or less */
	PD_ROLE_OFF,     /* fits, but its list is off for this client */
};
struct pd_match_found {
	struct pd_match_rule rule;
	enum pd_rule_action action;
	enum pd_match_role role;
	bool exception, important;
};
const char *pd_match_role_name(enum pd_match_role role);
void pd_match_explain(const struct pd_set *set, struct pd_scratch *scratch,
    const struct pd_match_query *q,
    void (*each)(void *arg, const struct pd_match_found *found), void *arg);

/* Whether a host in its usual form is a public suffix, as the set knows them:
 * what is below it are other people's sites. */
bool pd_match_is_suffix(const struct pd_set *set, struct pd_str host);

#endif
