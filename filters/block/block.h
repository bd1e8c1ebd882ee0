/*
 * The verdict on a request, given before any connection is made, and what its
 * response gets: the door to everything behind filters/block/.
 *
 * Lists are compiled to one file (compile.h) that is read (set.h) and asked
 * (match.h); above them stand policies (policy.h), sites that are switched off,
 * and what a person let through for a while (allow.h).
 * Thread: a set is built by main, immutable, counted; judging: any, each
 * thread with its own scratch.
 */
#ifndef PD_BLOCK_H
#define PD_BLOCK_H

#include "base/conf.h"
#include "filters/block/allow.h"
#include "filters/block/hits.h"
#include "filters/block/infer.h"
#include "filters/block/resource.h"

struct pd_policies;

enum pd_verdict_kind {
	PD_VERDICT_PASS,
	PD_VERDICT_BLOCK, /* a stand-in of the content kind, 403 for CONNECT */
	PD_VERDICT_DENY,  /* Ziproxy's URLDeny: 403 */
	PD_VERDICT_REPLACE,  /* Ziproxy's URLReplaceData: a 1x1 GIF */
	PD_VERDICT_REDIRECT, /* 307 to location: parameters removed, skipped */
	PD_VERDICT_REWRITE,  /* ask for location instead; same authority */
};

struct pd_verdict {
	enum pd_verdict_kind kind;
	bool untouched;       /* URLNoProcessing: no filter; only with PASS */
	bool replace_by_type; /* URLReplaceDataCT: replace when the response's
				 type is listed; only with PASS */
	bool allowed; /* a rule would block; an exception or a person let it by
		       */
	/* Which rule said so; strings live in the query's arena or as long as
	 * the set. rule.text is empty for PASS that no rule decided. */
	struct pd_match_rule rule;
	const struct pd_resource *resource; /* of BLOCK; NULL: by kind */
	struct pd_str location;             /* of REDIRECT and REWRITE */
};

struct pd_block_query {
	const struct pd_request *request;   /* for CONNECT only its authority */
	const struct pd_inferred *inferred; /* of the request */
	const struct pd_addr *client;       /* NULL: nobody in particular */
	struct pd_scratch *scratch;
	struct pd_arena *arena; /* for what the verdict holds */
	int64_t now_s;          /* wall clock */
	bool uncounted;         /* a person asks why: no hit of a rule */
	/* The address that was connected to, in pd_block_connected(). */
	const struct pd_addr *address;
};

struct pd_block_set;

/*
 * Makes the set that the configuration names: opens the rule file in
 * lists.directory when it was made of the same lists, else compiles them and
 * puts it there (in memory when that cannot be). Lines that are wrong are
 * counted and reported; a list that cannot be read is reported as an error, and
 * fatal unless the rule file of before can stand in. before: the set that was
 * in force, whose hits are counted on; NULL at the start. Returns it with one
 * reference, or NULL.
 */
struct pd_block_set *pd_block_load(const struct pd_conf *conf,
    const struct pd_block_set *before, const struct pd_conf_report *report);
/* The same for commands that only tell: no file is made or changed, whoever
 * runs them, and there are no hits. */
struct pd_block_set *
pd_block_look(const struct pd_conf *conf, const struct pd_conf_report *report);
struct pd_block_set *pd_block_ref(struct pd_block_set *s);
void pd_block_unref(struct pd_block_set *s); /* NULL is fine */

/* No lock but allow's; s may be NULL: everything passes. */
void pd_block_judge(const struct pd_block_set *s,
    const struct pd_block_query *q, struct pd_verdict *out);
/* Once more when the upstream's address is known: ipaddress=. Only worth
 * asking when a rule asks for it. */
bool pd_block_asks_address(const struct pd_block_set *s);
void pd_block_connected(const struct pd_block_set *s,
    const struct pd_block_query *q, struct pd_verdict *out);
/*
 * Once more when the response's header is there: header=, and edits its fields
 * as csp, permissions and removeheader say.
 */
void
pd_block_answer(const struct pd_block_set *s, const struct pd_block_query *q,
    struct pd_fields *fields, struct pd_verdict *out);

/* What is behind it, for `why` and the portal; each may be NULL. */
const struct pd_set *pd_block_compiled(const struct pd_block_set *s);
struct pd_allow *pd_block_allow(const struct pd_block_set *s);
struct pd_hits *pd_block_hits(const struct pd_block_set *s);
const struct pd_policies *pd_block_policies(const struct pd_block_set *s);
/* Fills m for the request of q, as pd_block_judge() asks. */
void pd_block_match_query(const struct pd_block_set *s,
    const struct pd_block_query *q, struct pd_match_query *m);

/* Rules in the set, for the log and the metrics. */
size_t pd_block_rules(const struct pd_block_set *s);

/* Where a rule stands, for people: "list:line", or "list (file:line)" of a
 * file that the list includes; in the arena. */
struct pd_str
pd_block_place(const struct pd_match_rule *rule, struct pd_arena *arena);

/* Whether the media type (lower case) is in URLReplaceDataCTList. */
bool pd_block_replace_type(const struct pd_conf *conf, struct pd_str type);

/*
 * Connectivity checks (conf/probes.list): "host/path" lines, http only. Built
 * in when conf->probes is NULL. host: of struct pd_authority; path: with its
 * query.
 */
struct pd_probe_set;
struct pd_probe_set *
pd_probe_load(const struct pd_conf *conf, const struct pd_conf_report *report);
void pd_probe_destroy(struct pd_probe_set *s);
bool pd_probe_match(
    const struct pd_probe_set *s, struct pd_str host, struct pd_str path);
/* The hosts, for the PAC: calls each once. Not those that the list marks
 * "shared": they serve other things too. */
void pd_probe_hosts(const struct pd_probe_set *s,
    void (*each)(void *arg, struct pd_str host), void *arg);

#endif
