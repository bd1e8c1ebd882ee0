#include "setup.h"

#include <errno.h>
#include <string.h>

#include "cmd.h"

static int
complete(struct gw_setup *s, const struct pd_conf_report *report)
{
	if (s->conf == NULL)
		return -1;
	if (gw_clients_load(s->conf, &s->clients, report) < 0) {
		gw_setup_finish(s);
		return -1;
	}
	/* A plan without what cannot be seen would be another one: with no
	 * IPv6, it refuses what it should hide behind an address. */
	if (gw_facts_read(&s->facts, s->conf->uplink) < 0) {
		fprintf(stderr, "error: the routes cannot be read: %s\n",
		    strerror(errno));
		gw_setup_finish(s);
		return -1;
	}
	s->plan = gw_plan_create(s->conf, &s->clients, &s->facts);
	return 0;
}

int
gw_setup_read(struct gw_setup *s, const char *path)
{
	*s = (struct gw_setup){ 0 };
	s->conf = gw_config_load(path, &gw_cmd_report);
	return complete(s, &gw_cmd_report);
}

int
gw_setup_parse(struct gw_setup *s, const char *path, const char *text,
    const struct pd_conf_report *report)
{
	*s = (struct gw_setup){ 0 };
	s->conf = gw_config_parse(path, text, report);
	return complete(s, report);
}

void
gw_setup_move(struct gw_setup *to, struct gw_setup *from)
{
	*to = *from;
	to->plan->clients = &to->clients;
	to->plan->facts = &to->facts;
	*from = (struct gw_setup){ 0 };
}

void
gw_setup_finish(struct gw_setup *s)
{
	gw_plan_destroy(s->plan);
	gw_clients_free(&s->clients);
	gw_config_free(s->conf);
	*s = (struct gw_setup){ 0 };
}
