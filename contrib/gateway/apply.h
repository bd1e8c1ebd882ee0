/*
 * Bringing a plan up with the means to come back to the one before: a copy of
 * the configuration that is in force, in RUN-DIR/applied.conf, with the files
 * that it includes. Its first line is a comment with the path that it came
 * from.
 *
 * Thread: main.
 */
#ifndef GW_APPLY_H
#define GW_APPLY_H

#include "engine.h"

/*
 * gw_engine_up(), then the copy. On failure, what was in force before is
 * brought back. 0 or -1, told.
 */
int gw_apply(struct gw_engine *e, const struct gw_plan *p);

/* Whether anything is in force, or what is cannot be read. */
bool gw_is_up(const struct gw_config *c);

/* At which `run` reads the clients anew, and not its file. */
#define GW_CLIENTS_SIGNAL SIGUSR1

/* The configuration in force, NULL when the gateway is not up; to be freed. */
char *gw_applied(struct gw_engine *e);

/* Brings that of text up, or the gateway down for NULL. 0 or -1, told. */
int gw_apply_text(struct gw_engine *e, const char *text);

#endif
