/*
 * The list syntaxes: which one a file is written in, and its lines to rules.
 *
 * Each parser reads all lines, hands what it finds to the sink and goes on
 * after a wrong one. -1: the sink stopped it.
 * Thread: any.
 */
#ifndef PD_BLOCK_PARSE_H
#define PD_BLOCK_PARSE_H

#include "filters/block/host.h"
#include "filters/block/lines.h"
#include "filters/block/rule.h"

enum pd_parse_format {
	PD_PARSE_EMPTY, /* nothing but comments */
	PD_PARSE_HOSTS,
	PD_PARSE_DOMAINS,
	PD_PARSE_ADBLOCK,
	PD_PARSE_ZIPROXY,
	PD_PARSE_PRIVOXY,
	PD_PARSE_DNSMASQ, /* address=/name/, server=/name/, local=/name/ */
	PD_PARSE_UNBOUND, /* local-zone: "name" always_nxdomain ... */
	PD_PARSE_RPZ,     /* name CNAME . */
	/* Known, and not read. */
	PD_PARSE_HTML,
	PD_PARSE_PACKED, /* gzip, zstd, xz, zip */
	PD_PARSE_BINARY, /* NUL bytes, UTF-16 */
	PD_PARSE_UNKNOWN,
};

/* From the first bytes of a file, its byte order mark taken off. */
enum pd_parse_format pd_parse_format(struct pd_str head, bool whole);
const char *pd_parse_format_name(enum pd_parse_format format); /* "adblock" */
/* What it is and what to do, for formats that are not read; else NULL. */
const char *pd_parse_refusal(enum pd_parse_format format);

struct pd_parse_params {
	/* Ziproxy's: what the option does; else PD_RULE_BLOCK. */
	enum pd_rule_action action;
	bool subdomains; /* hosts: a line means what is below, too */
};

typedef int pd_parse_fn(struct pd_lines *l, const struct pd_parse_params *p,
    const struct pd_rule_sink *sink);

/* The parser of a format; NULL for those that are not read, and EMPTY. */
pd_parse_fn *pd_parse_of(enum pd_parse_format format);

/* Tells the line given last to the sink, and to the report as "why; left
 * out". text: the line or the part of it that makes no rule. */
struct pd_parse_wrong {
	enum pd_rule_skip skip;
	struct pd_str what, text;
	const char *why;
};
int pd_parse_leave(struct pd_lines *l, const struct pd_rule_sink *sink,
    const struct pd_parse_wrong *wrong);

/* A rule on a host and nothing else, of every type. below: and what is below
 * it; an address has nothing there. */
struct pd_parse_host {
	struct pd_str text, host;
	uint32_t line;
	enum pd_host_form form;
	bool below, exception;
};
int pd_parse_put_host(
    const struct pd_rule_sink *sink, const struct pd_parse_host *h);

pd_parse_fn pd_parse_adblock; /* parse_adblock.c */
pd_parse_fn pd_parse_hosts;   /* "0.0.0.0 ads.example.org" */
pd_parse_fn
    pd_parse_domains; /* "ads.example.org", "*.example.org": and below */
pd_parse_fn pd_parse_ziproxy; /* "http://host/path" with '*' */
pd_parse_fn pd_parse_privoxy; /* action files: +block, -block */
pd_parse_fn pd_parse_dns;     /* dnsmasq, unbound, RPZ: what each line is */

/* One rule of Adblock's syntax, for `pared why --rule` and tests. */
int pd_parse_adblock_line(
    struct pd_str line, uint32_t number, const struct pd_rule_sink *sink);

#endif
