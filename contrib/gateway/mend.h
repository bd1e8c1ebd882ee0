/*
 * How often something was mended: at once the first time, then after a while
 * that doubles, so that two programs that want different things do not keep
 * a machine busy. That they fight is told once.
 *
 * Thread: main.
 */
#ifndef GW_MEND_H
#define GW_MEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GW_MEND_FIGHT 5     /* repairs ... */
#define GW_MEND_SPAN  60000 /* ... within so many ms are a fight */
#define GW_MEND_FIRST 500   /* ms until the second repair */
#define GW_MEND_MOST  60000 /* ms between repairs, at the most */

/* Of one object. All zero to begin with. */
struct gw_mend {
	uint64_t what;             /* a hash of what it is */
	int64_t at[GW_MEND_FIGHT]; /* the last repairs, a ring; ms */
	unsigned n;                /* repairs, since it last was quiet */
	int64_t wait, until;       /* ms */
	bool told;
};

struct gw_mends {
	struct gw_mend *v;
	size_t n;
};

/* Whether it is too early to mend what again. */
bool gw_mends_hold(const struct gw_mends *m, uint64_t what, int64_t now);
/* It is being mended. Whether that is a fight, and is to be told. */
bool gw_mends_note(struct gw_mends *m, uint64_t what, int64_t now);
/* When the first that is held may be mended; -1: none is held. */
int64_t gw_mends_next(const struct gw_mends *m, int64_t now);
void gw_mends_finish(struct gw_mends *m);

#endif
