/*
 * Why a request is blocked, changed or passed: everything that matches its URL,
 * what decides, and what would be sent. For `pared why` and the portal.
 *
 * The question is asked as a browser would ask it: a request is made up from
 * the URL, the type and the page, and judged as any other. Nothing is counted.
 * Thread: any, each with its own scratch.
 */
#ifndef PD_WHY_H
#define PD_WHY_H

#include <stdio.h>

#include "filters/block/block.h"

#define PD_WHY_RULES_MAX 500 /* rules that are kept; more are counted */
#define PD_WHY_URL_MAX   (8 * 1024)

struct pd_why_params {
	const struct pd_conf *conf;
	const struct pd_block_set *rules;
	const struct pd_probe_set *probes; /* NULL: none */
	struct pd_scratch *scratch;
	struct pd_arena *arena;       /* for what the answer holds */
	const struct pd_addr *client; /* NULL: nobody in particular */
	int64_t now_s;
	struct pd_str url;    /* without a scheme: http */
	struct pd_str type;   /* "script"; empty: as the URL looks */
	struct pd_str source; /* of the page: its URL or host; empty: none */
};

/* What is done to an answer that passes. */
struct pd_why_change {
	enum pd_rule_action action;
	struct pd_str value;
	struct pd_match_rule rule;
};

struct pd_why {
	/* The question as it was understood. */
	struct pd_str url, host;
	struct pd_inferred inferred;
	bool type_guessed;
	bool https; /* seen as a tunnel unless it is opened */

	struct pd_match_found *rules; /* winner first */
	size_t nrules, nmore;
	struct pd_verdict verdict;
	enum pd_content_kind kind;
	/* As CONNECT is judged: by the host alone. Of https, the tunnel. */
	struct pd_verdict tunnel;
	/* Of https: rules that match the tunnel and are not in rules with the
	 * same role; winner first. */
	struct pd_match_found *tunnel_rules;
	size_t ntunnel_rules;
	struct pd_why_change *changes;
	size_t nchanges;
	bool probe; /* a connectivity check: passes whatever is listed */

	/* What stands above the lists. */
	struct pd_str policy; /* whose lists are asked; empty: the usual */
	bool site_off;        /* lists are off for the page */
	int64_t until_s;      /* a person let it through until; 0: none did */

	struct pd_str sentence; /* the verdict */
	struct pd_str sent;     /* what the client gets; may be empty */
};

/* NULL: *out is filled; else what is wrong with the question (static). */
const char *pd_why_ask(const struct pd_why_params *p, struct pd_why *out);

/* Whether it does not reach the origin: blocked, denied, replaced; or its
 * tunnel is refused. */
bool pd_why_blocked(const struct pd_why *w);
bool pd_why_refused(const struct pd_why *w); /* the tunnel is */

/* "pass", "block", "deny", "replace", "redirect", "rewrite". */
const char *pd_why_verdict_name(enum pd_verdict_kind kind);
/* "script"; of several "script|other"; of all that may be "any". */
struct pd_str pd_why_types(uint16_t types, struct pd_arena *arena);

/* The answer as one JSON object, and a line feed. */
void pd_why_write_json(FILE *f, const struct pd_why *w, struct pd_arena *arena);

#endif
