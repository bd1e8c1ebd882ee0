#include "setup.h"

#include "cmd.h"

static int
complete(struct gw_setup *s)
{
	if (s->conf == NULL)
		return -1;
	if (gw_clients_load(s->conf, &s->clients, &gw_cmd_report) < 0) {
		gw_setup_finish(s);
		return -1;
	}
	gw_facts_read(&s->facts, s->conf->uplink);
	s->plan = gw_plan_create(s->conf, &s->clients, &s->facts);
	return 0;
}

int
gw_setup_read(struct gw_setup *s, const char *path)
{
	*s = (struct gw_setup){ 0 };
	s->conf = gw_config_load(path, &gw_cmd_report);
	return complete(s);
}

int
gw_setup_parse(struct gw_setup *s, const char *path, const char *text)
{
	*s = (struct gw_setup){ 0 };
	s->conf = gw_config_parse(path, text, &gw_cmd_report);
	return complete(s);
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
