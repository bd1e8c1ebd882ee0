/*
 * Regular expressions: a byte of flags, then pattern, subject and replacement
 * with a NUL between. What the check takes must run, and soon end.
 */
#include <stdlib.h>
#include <time.h>

#include "base/log.h"
#include "filters/block/regex.h"

/* Far above the limits, for a slow machine with sanitizers. */
#define MATCH_MAX_S 5

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct pd_regex_thread *t;
	struct pd_str rest, pattern, subject;
	struct pd_regexes *r;
	char why[128], out[256];
	size_t n = sizeof(out);
	clock_t began;
	unsigned flags;
	const char *bad;

	if (size == 0)
		return 0;
	if (t == NULL) {
		t = pd_regex_thread_create();
		pd_log_set_level(PD_LOG_ERROR);
	}
	flags = data[0] & (PD_REGEX_NOCASE | PD_REGEX_ANCHORED);
	rest = pd_str_of((const char *)data + 1, size - 1);
	pattern = pd_str_split(&rest, '\0');
	subject = pd_str_split(&rest, '\0');
	bad = pd_regex_check(pattern, flags, why);
	r = pd_regexes_create(1);
	began = clock();
	for (int i = 0; i < PD_REGEX_STRIKES + 1; i++) {
		bool match = pd_regexes_match(r, t, 0, pattern, flags, subject);

		if (match && (bad != NULL || pd_regexes_off(r) > 0))
			abort();
	}
	if (pd_regexes_replace(r, t, 0, pattern, flags, subject, rest,
		(data[0] & 0x80) != 0, out, &n) == 0 &&
	    n > sizeof(out))
		abort();
	if (clock() - began > MATCH_MAX_S * CLOCKS_PER_SEC)
		abort();
	pd_regexes_destroy(r);
	return 0;
}
