/*
 * A configuration with all that is needed to do something by it: its clients,
 * the facts of the machine, the plan.
 *
 * Thread: main.
 */
#ifndef GW_SETUP_H
#define GW_SETUP_H

#include "plan.h"

struct gw_setup {
	struct gw_config *conf;
	struct gw_clients clients;
	struct gw_facts facts;
	struct gw_plan *plan;
};

/* Reads the file. 0, or -1 when something was wrong, which is told. */
int gw_setup_read(struct gw_setup *s, const char *path);
/* The same of text; path is the name in reports. report: NULL, for what was
 * told before. */
int gw_setup_parse(struct gw_setup *s, const char *path, const char *text,
    const struct pd_conf_report *report);
/* to becomes what from was, and from is empty: a plan points into its setup. */
void gw_setup_move(struct gw_setup *to, struct gw_setup *from);
void gw_setup_finish(struct gw_setup *s);

#endif
