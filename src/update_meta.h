/*
 * What is remembered of a list beside its copy: NAME.meta, one flat JSON object
 * of strings and whole numbers.
 *
 * Whatever the file holds, the worst that follows is one download more.
 * Thread: any.
 */
#ifndef PD_UPDATE_META_H
#define PD_UPDATE_META_H

#include <stdio.h>

#include "base/str.h"

#define PD_UPDATE_META_MAX 16384 /* bytes of the file */

struct pd_arena;

/* Times are seconds since 1970, 0 for none. */
struct pd_update_meta {
	struct pd_str url, etag, last_modified;
	int64_t checked; /* last seen to be so */
	int64_t changed; /* of file: the file's own time */
	int64_t expires; /* not asked again before */
	int64_t rules, bytes;
};

/* 0, or -1 when it is anything else. Strings are in the arena. */
int pd_update_meta_parse(
    struct pd_str text, struct pd_arena *arena, struct pd_update_meta *out);
void pd_update_meta_write(FILE *f, const struct pd_update_meta *m);

#endif
