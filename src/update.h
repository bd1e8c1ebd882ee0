/*
 * Block lists kept fresh: what `pared lists update` does, and the daemon by it.
 *
 * Each list that comes from http(s): is brought into lists.directory as
 * NAME.list beside NAME.meta (update_meta.h). A download replaces the copy when
 * it is a list, has rules, and not less than half of what was there, or force;
 * written to another name, synced, renamed; the one before stays as
 * NAME.list.old. What it includes ("!#include") is fetched with it and stands
 * in the copy. A list from file: stays where it is and is only looked at.
 * Rules are counted with those for pages (cosmetic ones).
 * Thread: any that may wait; it runs a worker of its own on that thread.
 */
#ifndef PD_UPDATE_H
#define PD_UPDATE_H

#include "base/conf.h"
#include "update_meta.h"

enum pd_update_outcome {
	PD_UPDATE_NEW,      /* another list is in place */
	PD_UPDATE_SAME,     /* 304, or the same bytes */
	PD_UPDATE_NOT_DUE,  /* its Expires has not passed; no force */
	PD_UPDATE_SHRUNK,   /* refused: less than half of the rules */
	PD_UPDATE_NOT_LIST, /* refused: an error page, empty, packed */
	PD_UPDATE_FAILED,   /* no answer, an error status, cannot be written */
};

struct pd_update_report {
	void *arg;
	/* At a terminal: a bar. done of total bytes (0: not known). */
	void (*progress)(
	    void *arg, const char *list, size_t done, size_t total);
	/* text: for refused and failed ones a sentence, for NOT_DUE the seconds
	 * that are left, else empty. */
	void (*outcome)(void *arg, const char *list,
	    enum pd_update_outcome outcome, const char *text,
	    uint32_t rules_before, uint32_t rules_now);
};

struct pd_update_params {
	const struct pd_conf *conf;
	char *const *only; /* names of lists; n 0: all that are enabled */
	size_t nonly;
	bool force;          /* not due, shrunk: all the same */
	const char *ca_file; /* NULL: the system's */
};

/* How many failed or were refused; -1: the directory cannot be used, told as
 * an outcome of list "". *changed: how many are new. */
int pd_update_run(const struct pd_update_params *params,
    const struct pd_update_report *report, size_t *changed);

/* Whether a source's name can be the name of a file. Pure. */
bool pd_update_name_ok(const char *name);

/* What is known of a source's copy or file; -1 when nothing is. */
int
pd_update_meta(const struct pd_conf *conf, const struct pd_conf_source *source,
    struct pd_arena *arena, struct pd_update_meta *out);

/* The file that a source is read from: its own for file:, else the copy in
 * lists.directory. malloc()ed; NULL when that is not there yet. */
char *
pd_update_path(const struct pd_conf *conf, const struct pd_conf_source *source);

#endif
