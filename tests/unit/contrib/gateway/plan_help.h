/* For tests of plans: a configuration's rules, steps and notes. */
#ifndef PLAN_HELP_H
#define PLAN_HELP_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "plan.h"

struct plan_help {
	struct gw_config *conf;
	struct gw_clients clients;
	struct gw_facts facts;
	struct gw_plan *plan;
	const char *rules; /* "" when there is no table */
	char *notes;       /* all of them, a line each */
};

/* Shown by a test that fails. */
static char plan_help_why[512];

static void
plan_help_report(void *arg, bool error, const char *text)
{
	(void)arg;
	if (error)
		snprintf(plan_help_why, sizeof(plan_help_why), "%s", text);
}

static inline void
plan_help_free(struct plan_help *h)
{
	gw_plan_destroy(h->plan);
	gw_config_free(h->conf);
	free(h->notes);
	*h = (struct plan_help){ 0 };
}

/* Facts are taken as they are. False: the configuration is wrong. */
static inline bool
plan_help_make(struct plan_help *h, const char *text)
{
	const struct pd_conf_report report = { plan_help_report, NULL };
	size_t len;
	FILE *notes;

	h->conf = gw_config_parse("test.conf", text, &report);
	if (h->conf == NULL)
		return false;
	h->plan = gw_plan_create(h->conf, &h->clients, &h->facts);
	h->rules = "";
	for (size_t i = 0; i < h->plan->n; i++) {
		if (h->plan->v[i]->kind == &gw_kind_nft)
			h->rules = h->plan->v[i]->text;
	}
	notes = open_memstream(&h->notes, &len);
	assert_non_null(notes);
	for (size_t i = 0; i < h->plan->notes.n; i++)
		fprintf(notes, "%s\n", h->plan->notes.v[i]);
	fclose(notes);
	return true;
}

static inline bool
plan_help_has(const struct plan_help *h, const char *rule)
{
	return strstr(h->rules, rule) != NULL;
}

/* A step of the kind whose argument has that value. */
static inline const struct gw_step *
plan_help_step(const struct plan_help *h, const struct gw_kind *kind,
    const char *name, const char *value)
{
	for (size_t i = 0; i < h->plan->n; i++) {
		const struct gw_step *s = h->plan->v[i];

		if (s->kind == kind &&
		    strcmp(gw_step_need(s, name), value) == 0)
			return s;
	}
	return NULL;
}

#endif
