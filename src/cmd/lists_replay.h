/*
 * Lines of an access log (base/access_log.h, JSON), judged once more by a block
 * set, and what differs from what was done, gathered by rule.
 * Thread: any, one at a time.
 */
#ifndef PD_REPLAY_H
#define PD_REPLAY_H

#include "filters/block/block.h"

#define PD_REPLAY_GROUPS 1000 /* rules that are told apart, each way */

enum pd_replay_change {
	PD_REPLAY_BLOCKED, /* passed then, is blocked now */
	PD_REPLAY_PASSED,  /* the other way round */
	PD_REPLAY_CHANGES,
};

struct pd_replay_sums {
	uint64_t requests, was_blocked, now_blocked;
	uint64_t changed[PD_REPLAY_CHANGES];
	uint64_t other;     /* the portal's, probes, refused ones */
	uint64_t malformed; /* no line of such a log */
};

/* By one rule: the one that blocks now, or blocked then. */
struct pd_replay_group {
	struct pd_str
	    rule;          /* "easylist:12 ||example.org^"; "..." is the rest */
	struct pd_str url; /* of the first */
	uint64_t n;
};

struct pd_replay;
/* set is borrowed until the end. */
struct pd_replay *
pd_replay_create(const struct pd_block_set *set, int64_t now_s);
void pd_replay_destroy(struct pd_replay *r); /* NULL is fine */

/* Without its line feed. */
void pd_replay_line(struct pd_replay *r, struct pd_str line);

const struct pd_replay_sums *pd_replay_sums(const struct pd_replay *r);
/* The most first; valid until the next line. */
const struct pd_replay_group *
pd_replay_groups(struct pd_replay *r, enum pd_replay_change change, size_t *n);
/* How many each list blocks now. */
size_t pd_replay_lists(const struct pd_replay *r);
uint64_t
pd_replay_list(const struct pd_replay *r, size_t list, struct pd_str *name);

#endif
