/*
 * Texts of a gateway's configuration for tests: what was reported of them.
 */
#ifndef PD_TEST_GATEWAY_CONF_H
#define PD_TEST_GATEWAY_CONF_H

/* cmocka wants these before its own header. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "config.h"

#define GW "gateway g { }\n"

/* What the last one reported, a line each; notes behind "note: ". */
static char told[64 * 1024];

static void
on_line(void *arg, bool error, const char *text)
{
	size_t n = strlen(told);

	(void)arg;
	snprintf(
	    told + n, sizeof(told) - n, "%s%s\n", error ? "" : "note: ", text);
}

static const struct pd_conf_report report = { .line = on_line };

static struct gw_config *
parse(const char *text)
{
	told[0] = '\0';
	return gw_config_parse("x.conf", text, &report);
}

/* A text that is refused, with exactly these lines. */
struct wrong {
	const char *text, *told;
};

static inline void
expect_wrong(const struct wrong *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct gw_config *c = parse(v[i].text);

		if (c != NULL)
			fail_msg("taken: %s", v[i].text);
		assert_string_equal(told, v[i].told);
	}
}

#endif
