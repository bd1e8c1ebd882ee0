/*
 * One list: from its file, whatever its syntax, to rules.
 *
 * Looks what the syntax is (parse.h), resolves "!#if" and "!#include", reads
 * the header ("! Title:", "! Expires:") and has the lines parsed.
 * Thread: any, one at a time.
 */
#ifndef PD_BLOCK_SOURCE_H
#define PD_BLOCK_SOURCE_H

#include "base/conf.h"
#include "filters/block/rule.h"

struct pd_compiler;

struct pd_source_params {
	struct pd_str name; /* of the list, for reports and policies */
	struct pd_str
	    file_name;     /* as rules are quoted; empty: the path's end */
	struct pd_str url; /* may be empty */
	const char *path;  /* the file to read */
	/* What the list's rules do: PD_RULE_BLOCK, or for Ziproxy's options
	 * what the option says; then the syntax is Ziproxy's. */
	enum pd_rule_action action;
	bool subdomains; /* lines of a hosts file mean what is below, too */
	/* A copy of what was fetched, with all that it included; a list of
	 * someone else's must not name files here, so nothing is followed. */
	bool remote;
	/* Symbols that are true in "!#if"; NULL and 0: ext_ublock, env_firefox,
	 * cap_html_filtering. */
	char *const *symbols;
	size_t nsymbols;
	/* Told of all that is found, before the compiler; NULL: nobody. */
	const struct pd_rule_sink *tap;
};

/* 0; -1 after an error was reported (cannot be read, not a list, too much). */
int pd_source_read(struct pd_compiler *c, const struct pd_source_params *p,
    const struct pd_conf_report *report);
/* The same over text in memory; includes are skipped and reported. */
int pd_source_read_text(struct pd_compiler *c, const struct pd_source_params *p,
    struct pd_str text, const struct pd_conf_report *report);

/*
 * Reads only: how many rules a text has, what it says of itself, and whether
 * it is a list at all (an error page is not). For downloads.
 */
struct pd_source_summary {
	const char *format; /* "adblock", "hosts" ..., static */
	uint32_t rules, cosmetics, skipped;
	uint32_t expires_s;
	char title[128];
};
int pd_source_summarise(
    struct pd_str text, struct pd_source_summary *out, const char **why);

#endif
