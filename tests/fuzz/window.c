/*
 * Bytes as hours of the week: what is taken has a minute, and says of each
 * minute what a search through the days says.
 */
#include <assert.h>
#include <stdlib.h>

#include "base/window.h"

#define DAY_MINUTES 1440
#define WEEK        (7 * DAY_MINUTES)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool week[WEEK];
	struct pd_window w;
	unsigned any = 0;

	if (pd_window_parse(pd_str_of((const char *)data, size), &w) != NULL)
		return 0;
	assert(w.days != 0 && w.days < 0x80);
	assert(w.from < DAY_MINUTES && w.until <= DAY_MINUTES);
	memset(week, 0, sizeof(week));
	for (int day = 0; day < 7; day++) {
		int end = w.until <= w.from ? w.until + DAY_MINUTES : w.until;

		for (int m = w.from; (w.days >> day & 1) != 0 && m < end; m++)
			week[(day * DAY_MINUTES + m) % WEEK] = true;
	}
	for (int m = 0; m < WEEK; m++) {
		assert(week[m] ==
		       pd_window_has(&w, m / DAY_MINUTES, m % DAY_MINUTES));
		any += week[m];
	}
	assert(any > 0);
	return 0;
}
