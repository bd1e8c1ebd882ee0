/*
 * What update.c and update_get.c share, and nobody else includes.
 */
#ifndef PD_UPDATE_PART_H
#define PD_UPDATE_PART_H

#include <time.h>

#include "update.h"

struct evbuffer;
struct pd_worker;

/* Bytes of a list with all that it includes: a million hosts are 30 MB. */
#define PD_UPDATE_LIST_MAX ((size_t)64 << 20)
#define PD_UPDATE_WHY_MAX  512

struct pd_update_work {
	const struct pd_update_params *params;
	const struct pd_update_report *report;
	struct pd_worker *worker;
	int dir; /* -1: none is needed */
	size_t failed, changed;
	time_t now;
};

/* One list on its way. */
struct pd_update_job {
	struct pd_update_work *run;
	const struct pd_conf_source *source;
	struct pd_arena *arena;
	struct pd_update_meta meta; /* of what is there; zeroed: nothing is */
	bool moved; /* what is there came from another address */
	struct evbuffer *old, *text;
	unsigned includes;

	/* Of the fetch under way. */
	bool fetched;
	int status;
	struct pd_str etag, last_modified;
	struct evbuffer *content;

	char why[PD_UPDATE_WHY_MAX];
};

/*
 * Fetches the job's list. 200: j->text is it, with what it includes; 304: what
 * is there is it still; 0: j->why tells what was wrong.
 */
int pd_update_get(struct pd_update_job *j);

#endif
