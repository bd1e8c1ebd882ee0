/*
 * The subcommands: each takes the words from its own name on, as main() does,
 * and returns the exit status: 0 done, 1 failed, 2 used wrongly.
 *
 * Data goes to stdout, messages to stderr. main.c has the table.
 */
#ifndef PD_CMD_H
#define PD_CMD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

struct pd_conf;

#define PD_CMD_OK    0
#define PD_CMD_FAIL  1
#define PD_CMD_USAGE 2
/* No exit status yet: the command line was understood. */
#define PD_CMD_GO (-1)

/* Read when no file is named, if it is there. */
#define PD_CMD_CONF "/etc/pared/pared.conf"

int pd_cmd_allow(int argc, char **argv);
int pd_cmd_check(int argc, char **argv);
int pd_cmd_compress(int argc, char **argv);
int pd_cmd_lists(int argc, char **argv);
int pd_cmd_match(int argc, char **argv);
int pd_cmd_passwd(int argc, char **argv);
int pd_cmd_run(int argc, char **argv);
int pd_cmd_why(int argc, char **argv);

/*
 * `pared lists update`, the words from "update" on; the lists only, their
 * compiling is the caller's. *conf: what was read, a reference for the caller,
 * NULL when nothing was done. *changed: how many lists are new.
 */
int pd_cmd_lists_update(
    int argc, char **argv, struct pd_conf **conf, size_t *changed);

/* ---- What they share ---------------------------------------------------- */

/* What messages begin with. */
extern const char *pd_cmd_program; /* "pared" */

/* Values of an option that may be given more than once. */
struct pd_cmd_values {
	const char **v; /* of argv */
	size_t n;
};
void pd_cmd_values_free(struct pd_cmd_values *values);

/* An option, and the one place where what it says goes. The last of a table
 * has no name. */
struct pd_cmd_option {
	const char *name; /* of "--name" */
	char letter;      /* '\0': none */
	bool *flag;
	const char **value; /* the last that was given */
	struct pd_cmd_values *values;
};

struct pd_cmd_line {
	const char *name; /* "lists compile" */
	const char *usage;
	const struct pd_cmd_option *options;
	size_t most; /* words beside the options, at the most */
	/* Of pd_cmd_parse(): those words. */
	char **words;
	size_t nwords;
};

/* PD_CMD_GO, or the exit status: it was -h, or was wrong and is told. */
int pd_cmd_parse(struct pd_cmd_line *line, int argc, char **argv);
/* "pared NAME: ...", and the usage. Returns PD_CMD_USAGE. */
int pd_cmd_wrong(const struct pd_cmd_line *line, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* Ends a line of stderr: "; did you mean "NAME"?", if there is a name. */
void pd_cmd_suggest(const struct pd_str_near *near);

/* The configuration's path: what was given, else PD_CMD_CONF if it is there,
 * else NULL. */
const char *pd_cmd_conf_path(const char *given);

/* Whether all that was printed has left; tells if not. An exit status. */
int pd_cmd_end(int rc);

#endif
