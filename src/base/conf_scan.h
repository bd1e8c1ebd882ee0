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

struct pd_conf_statement {
	char *name;  /* as written */
	char *text;  /* all of it, as libconfuse shall see it */
	size_t tail; /* offset in text where the name ends */
	unsigned line;
	bool section;
	bool append; /* += */
};

struct pd_conf_scan {
	struct pd_conf_statement *v;
	size_t n;
};

/*
 * text: NUL-terminated. What cannot be read is told through error (which may
 * be NULL) and left out. Aborts when there is no memory.
 */
void pd_conf_scan_init(struct pd_conf_scan *s, const char *text, bool ziproxy,
    void (*error)(void *arg, unsigned line, const char *what), void *arg);
void pd_conf_scan_finish(struct pd_conf_scan *s);

#endif
