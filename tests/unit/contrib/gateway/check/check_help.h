/* For tests of what `check` finds. */
#ifndef CHECK_HELP_H
#define CHECK_HELP_H

#include "../plan_help.h"

#include "check/check.h"

static struct plan_help h;
static struct gw_system sys;
static struct gw_check check;

static inline void
check_help_make(const char *text)
{
	if (!plan_help_make(&h, text))
		fail_msg("%s in: %s", plan_help_why, text);
	gw_system_init(&sys, "home", "/nonexistent/run", "/nonexistent/state");
	check = (struct gw_check){ .plan = h.plan, .sys = &sys };
}

static inline const struct gw_finding *
check_help_find(const char *what)
{
	for (size_t i = 0; i < check.n; i++) {
		if (strstr(check.v[i].what, what) != NULL)
			return &check.v[i];
	}
	return NULL;
}

static inline int
check_help_finish(void **state)
{
	(void)state;
	for (size_t i = 0; i < check.n; i++) {
		free(check.v[i].what);
		free(check.v[i].remedy);
	}
	free(check.v);
	check = (struct gw_check){ 0 };
	plan_help_free(&h);
	gw_system_finish(&sys);
	return 0;
}

#endif
