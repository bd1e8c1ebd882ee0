/*
 * The list syntaxes: which one a file is written in, and its lines to rules.
 *
 * Each parser reads all lines, reports the wrong ones and goes on.
 * Thread: main.
 */
#ifndef PD_BLOCK_PARSE_H
#define PD_BLOCK_PARSE_H

#include "filters/block/lines.h"
#include "filters/block/set.h"
#include "filters/block/urls.h"

enum pd_parse_format {
	PD_PARSE_EMPTY, /* nothing but comments */
	PD_PARSE_HOSTS,
	PD_PARSE_DOMAINS,
	/* Known, and not read. */
	PD_PARSE_ADBLOCK,
	PD_PARSE_HTML,
	PD_PARSE_URLS, /* Ziproxy's; has its own options */
	PD_PARSE_DNSMASQ,
	PD_PARSE_PRIVOXY,
	PD_PARSE_RPZ,
	PD_PARSE_PACKED, /* gzip, zstd, xz, zip */
	PD_PARSE_BINARY, /* NUL bytes, UTF-16 */
	PD_PARSE_UNKNOWN,
};

/* From the first bytes of a file, its byte order mark taken off. */
enum pd_parse_format pd_parse_format(struct pd_str head, bool whole);
/* What it is and what to do, for formats that are not read; else NULL. */
const char *pd_parse_refusal(enum pd_parse_format format);

/* "0.0.0.0 ads.example.org": blocks just that host. -1: the set is full. */
int pd_parse_hosts(struct pd_lines *l, struct pd_set *set, uint8_t list);
/* "ads.example.org", "*.example.org", ".example.org": it and what is below. */
int pd_parse_domains(struct pd_lines *l, struct pd_set *set, uint8_t list);
/* Ziproxy's "http://host/path" with '*'. -1: too many. */
int pd_parse_ziproxy(
    struct pd_lines *l, struct pd_urls *urls, enum pd_urls_list list);

#endif
