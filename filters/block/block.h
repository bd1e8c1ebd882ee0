/*
 * The verdict on a request: a pure function of its URL, method, type and
 * source, given before any connection is made.
 *
 * What is behind it (hosts files, domain lists, Ziproxy's lists; further
 * syntaxes later) is nobody else's matter.
 * Thread: a set is built by main, immutable, counted; judging: any.
 */
#ifndef PD_BLOCK_H
#define PD_BLOCK_H

#include "base/conf.h"
#include "http/http.h"

struct pd_block_set;

/* What kind of thing was asked for, so that a stand-in fits. */
enum pd_content_kind {
	PD_CONTENT_OTHER, /* fetch, beacon, ping: an empty answer */
	PD_CONTENT_DOCUMENT,
	PD_CONTENT_FRAME,
	PD_CONTENT_IMAGE,
	PD_CONTENT_SCRIPT,
	PD_CONTENT_STYLE,
	PD_CONTENT_FONT,
	PD_CONTENT_MEDIA,
	PD_CONTENT_JSON,
	PD_CONTENT_VAST,
};

enum pd_verdict_kind {
	PD_VERDICT_PASS,
	PD_VERDICT_BLOCK, /* a stand-in of the content kind, 403 for CONNECT */
	PD_VERDICT_DENY,  /* Ziproxy's URLDeny: 403 */
	PD_VERDICT_REPLACE, /* Ziproxy's URLReplaceData: a 1x1 GIF */
};

struct pd_verdict {
	enum pd_verdict_kind kind;
	bool untouched;       /* URLNoProcessing: no filter; only with PASS */
	bool replace_by_type; /* URLReplaceDataCT: replace when the response's
				 type is listed; only with PASS */
	/*
	 * Which rule said so. They live as long as the set; the rule of a
	 * BLOCK is a part of the query's host and lives as long as the query's
	 * URL (names are not kept in memory).
	 */
	struct pd_str list, rule;
	uint32_t line; /* in the list's file; 0: none */
};

struct pd_block_query {
	enum pd_method method;
	const struct pd_url *url; /* for CONNECT only its authority */
	enum pd_content_kind kind;
	struct pd_str source; /* Referer or Origin; may be empty */
};

/*
 * Reads every list that the configuration names. Lines that are wrong are
 * reported with file and line and left out, the rest loads; a list that cannot
 * be read at all is an error. Returns the set with one reference, or NULL.
 */
struct pd_block_set *
pd_block_load(const struct pd_conf *conf, const struct pd_conf_report *report);
struct pd_block_set *pd_block_ref(struct pd_block_set *s);
void pd_block_unref(struct pd_block_set *s); /* NULL is fine */

/* No allocation, no lock. s may be NULL: everything passes. */
void pd_block_judge(const struct pd_block_set *s,
    const struct pd_block_query *q, struct pd_verdict *out);

/* Sec-Fetch-Dest, else Accept, else the path's extension. */
enum pd_content_kind pd_block_kind(const struct pd_request *req);
const char *pd_content_kind_name(enum pd_content_kind kind);

/* Rules in the set, for the log and the metrics. */
size_t pd_block_rules(const struct pd_block_set *s);

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
