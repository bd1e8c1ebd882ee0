/*
 * The lines of a list, one at a time, and what is wrong with them.
 *
 * Reads in pieces: a list of any size takes one buffer, which grows for long
 * lines. A line that is too long is reported and left out. With directives set
 * ("!#if" and what belongs to it) only the lines that are on are given out.
 * Thread: any, one at a time.
 */
#ifndef PD_BLOCK_LINES_H
#define PD_BLOCK_LINES_H

#include "base/conf.h"

#define PD_LINES_BUFFER    (64 * 1024)
#define PD_LINE_LEN_MAX    (1024 * 1024)
#define PD_LINES_FILE_MAX  ((int64_t)256 << 20) /* bytes of a list */
#define PD_LINES_WRONG_MAX 10                   /* told one by one, of a list */
#define PD_LINES_IF_MAX    32                   /* "!#if" in one another */

/* What "!#" lines mean; other lines never do. */
struct pd_lines_directives {
	char *const *symbols; /* true in "!#if"; all others are false */
	size_t nsymbols;
	void *arg;
	/* "!#include NAME"; name is trimmed and as the list has it. */
	void (*include)(void *arg, struct pd_str name, uint32_t line);
};

struct pd_lines {
	const char *name; /* the file, for reports */
	const struct pd_conf_report *report;
	uint32_t line; /* number of the line given last, from 1 */
	uint32_t wrong;
	/* Private. */
	int fd; /* -1: all is in data */
	char *buf;
	const char *data;
	size_t at, len, cap;
	bool eof, failed;
	const struct pd_lines_directives *directives;
	/* "!#if": how many are open, and by bit those that are off now and
	 * those that have had their "!#else". */
	unsigned depth;
	uint64_t off, other;
};

/*
 * Opens a regular file of at most PD_LINES_FILE_MAX bytes; name is borrowed
 * until the end. 0, or -1 after an error was reported.
 */
int pd_lines_open(
    struct pd_lines *l, const char *name, const struct pd_conf_report *report);
/* The same with a file that is open already; takes fd, also when it fails.
 * fatal: what is wrong is an error, else a warning. */
int pd_lines_take(struct pd_lines *l, int fd, const char *name, bool fatal,
    const struct pd_conf_report *report);
/* The same over memory, borrowed until the end. */
void pd_lines_memory(struct pd_lines *l, struct pd_str text, const char *name,
    const struct pd_conf_report *report);
/* Before the first pd_lines_next(); d is borrowed until the end. */
void pd_lines_direct(struct pd_lines *l, const struct pd_lines_directives *d);

/* The first bytes, up to PD_LINES_BUFFER, left where they are; whole: there
 * are no more. Only before the first pd_lines_next(). */
struct pd_str pd_lines_head(struct pd_lines *l, bool *whole);

/* Without its line end and a byte order mark; valid until the next call. */
bool pd_lines_next(struct pd_lines *l, struct pd_str *line);

/* Whether a line is "!#include NAME", as directives are read: there may be
 * blanks behind "!#". name: trimmed, as the list has it; may be empty. */
bool pd_lines_include(struct pd_str line, struct pd_str *name);

/* Reports the line given last: what is wrong, and what was done. */
void pd_lines_wrong(struct pd_lines *l, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Reports how many more were wrong; closes. -1 when reading failed. */
int pd_lines_finish(struct pd_lines *l);

/* One line of the report, error or warning; report may be NULL. */
void pd_lines_tell(const struct pd_conf_report *report, bool error,
    const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* The next word of *rest, between blanks; empty at the end. */
struct pd_str pd_lines_word(struct pd_str *rest);
/* For reports: at most 60 printable bytes of s, in buf. */
#define PD_LINES_SHOWN 64
const char *pd_lines_show(struct pd_str s, char buf[PD_LINES_SHOWN]);

#endif
