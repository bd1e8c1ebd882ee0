/*
 * A configuration file's text to statements, each in a form that libconfuse
 * reads without surprise.
 *
 * libconfuse stops at the first error, and a string or comment that is not
 * closed leaves its scanner in a state that spoils the next file. Here every
 * string is closed, comments are gone, `${` is no variable, and Ziproxy's
 * strings (which know no escapes) are escaped; so each statement can be parsed
 * by itself and every mistake is told, not only the first.
 * Thread: any.
 */
#ifndef PD_CONF_SCAN_H
#define PD_CONF_SCAN_H

#include <stdbool.h>
#include <stddef.h>

#define PD_CONF_DEPTH_MAX 8 /* sections in sections */

enum pd_conf_statement_kind {
	PD_CONF_OPTION,  /* name = value */
	PD_CONF_SECTION, /* name { ... }, name title { ... } */
	PD_CONF_INCLUDE, /* include("file") */
};

struct pd_conf_statement {
	enum pd_conf_statement_kind kind;
	char *name; /* as written */
	unsigned line;
	/* Of an option. */
	char *text;  /* all of it, as libconfuse shall see it */
	size_t tail; /* offset in text where the name ends */
	bool append; /* += */
	/* Of a section: what is between its braces, to be scanned in turn. */
	char *body;
	unsigned body_line;
	char *title; /* of a section, or the file to include; may be NULL */
};

struct pd_conf_scan {
	struct pd_conf_statement *v;
	size_t n;
};

struct pd_conf_scan_params {
	const char *text; /* NUL-terminated */
	unsigned line;    /* where the text begins; 0: at the first */
	bool ziproxy;
	/* What cannot be read is told here, and left out. May be NULL. */
	void (*error)(void *arg, unsigned line, const char *what);
	void *arg;
};

/* Aborts when there is no memory. */
void pd_conf_scan_init(
    struct pd_conf_scan *s, const struct pd_conf_scan_params *params);
void pd_conf_scan_finish(struct pd_conf_scan *s);

#endif
