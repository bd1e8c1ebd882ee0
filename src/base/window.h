/*
 * Hours of the week: "mon-fri 08:00-16:30", "sat,sun", "22:00-06:00".
 *
 * Hours past midnight belong to the day on which they began.
 * Thread: any; pure.
 */
#ifndef PD_WINDOW_H
#define PD_WINDOW_H

#include "base/str.h"

struct pd_window {
	uint8_t days;         /* 1 << 0 is Sunday, as tm_wday; never 0 */
	uint16_t from, until; /* minutes of the day, to 1439 and 1440; until <=
				 from: of the next day */
};

/* NULL: fine, *out is filled; else what is wrong and the fix, static. */
const char *pd_window_parse(struct pd_str s, struct pd_window *out);

/* wday: as tm_wday; minute: of the day, to 1439. */
bool pd_window_has(const struct pd_window *w, int wday, int minute);

#endif
