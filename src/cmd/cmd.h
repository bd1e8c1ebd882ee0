/*
 * The subcommands: each takes the words from its own name on, as main() does,
 * and returns the exit status: 0 done, 1 failed, 2 used wrongly.
 *
 * Data goes to stdout, messages to stderr. main.c has the table.
 */
#ifndef PD_CMD_H
#define PD_CMD_H

#define PD_CMD_OK    0
#define PD_CMD_FAIL  1
#define PD_CMD_USAGE 2

/* Read when no file is named, if it is there. */
#define PD_CMD_CONF "/etc/pared/pared.conf"

int pd_cmd_check(int argc, char **argv);
int pd_cmd_passwd(int argc, char **argv);
int pd_cmd_run(int argc, char **argv);

#endif
