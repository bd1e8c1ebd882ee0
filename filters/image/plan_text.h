/*
 * A plan for a reader: what the header says, what the client takes, what is to
 * be tried with which settings, and why.
 * Thread: any.
 */
#ifndef PD_PLAN_TEXT_H
#define PD_PLAN_TEXT_H

#include <stdio.h>

#include "filters/image/plan.h"

/* What pd_plan_image() was given, and what it made of it. All borrowed. */
struct pd_plan_text {
	const struct pd_image_info *info;
	size_t len;
	const struct pd_plan_wish *wish;
	const struct pd_conf *conf;
	enum pd_plan_verdict verdict;
	const struct pd_plan *plan;
};

/* A line each, with its name before it. */
void pd_plan_text(FILE *f, const struct pd_plan_text *t);
/* Members of a JSON object, without its braces. */
void pd_plan_json(FILE *f, const struct pd_plan_text *t);

/* "fine"; "unset" for what is none. */
const char *pd_plan_level_name(enum pd_conf_level level);
/* "JPEG", "none". */
const char *pd_plan_format_name(enum pd_image_format format);

#endif
