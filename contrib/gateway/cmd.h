/*
 * The commands. Each is given the words from its own name on, and returns the
 * exit status. main.c has the table and reads the configuration.
 *
 * A command is called twice: first without a plan, configuration or path, when
 * it looks at its words alone (pd_cmd_parse() of cmd/cmd.h) and returns
 * PD_CMD_GO if nothing is wrong with them. So a mistyped word is told before
 * the file is read, which may be broken or gone.
 *
 * Data goes to stdout, messages to stderr; --json for every reader.
 * Thread: main.
 */
#ifndef GW_CMD_H
#define GW_CMD_H

#include "cmd/cmd.h"
#include "plan.h"

/* Read when -c names no file. */
#define GW_CMD_CONF "/etc/pared/gateway.conf"
/* /etc/pared/NAME.conf is read when -c gives a bare name. */
#define GW_CMD_CONF_DIR "/etc/pared"
/* Where things are when only a gateway's name is given. */
#define GW_CMD_RUN_DIR   "/run/pared-gateway"
#define GW_CMD_STATE_DIR "/var/lib/pared-gateway"

int gw_cmd_check(const struct gw_plan *p, int argc, char **argv);
int gw_cmd_plan(const struct gw_plan *p, int argc, char **argv);
int gw_cmd_up(const struct gw_plan *p, int argc, char **argv);
int gw_cmd_try(const struct gw_plan *p, int argc, char **argv);
/* What `try` waits for. */
int gw_cmd_keep(const struct gw_plan *p, int argc, char **argv);
/* By --name it needs no file: then all is done without a plan. */
int gw_cmd_down(const struct gw_plan *p, int argc, char **argv);
int gw_cmd_status(const struct gw_plan *p, int argc, char **argv);
/* Plans anew at a reload, so it is given the file. */
int gw_cmd_run(const char *path, int argc, char **argv);
int gw_cmd_hook(const struct gw_plan *p, int argc, char **argv);

/*
 * What a client's coming or going changes is done (client add and revoke), by
 * the configuration that is in force: what was written into its file since then
 * waits for the next `up`. Nothing when the gateway is not up. 0 or -1, told.
 */
int gw_apply_clients(const struct gw_config *c);
/* Whether what is in force has a place for this client. */
bool gw_applied_serves(const struct gw_config *c, const char *client);

/* The plan's warnings on stderr. */
void gw_cmd_notes(const struct gw_plan *p);

/* Reports of the configuration: "error: ..." and "warning: ..." on stderr. */
extern const struct pd_conf_report gw_cmd_report;

#endif
