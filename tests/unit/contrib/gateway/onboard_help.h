/* A client whose settings are shown. */
#ifndef ONBOARD_HELP_H
#define ONBOARD_HELP_H

#include <stdio.h>
#include <stdlib.h>

#include "onboard/onboard.h"

#define ONBOARD_KEY    "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define ONBOARD_SERVER "AgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

/* What a form's writer writes; the caller frees it. */
static inline char *
onboard_text(const struct gw_onboard *o,
    void (*write)(const struct gw_onboard *o, FILE *out))
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	if (f == NULL)
		abort();
	write(o, f);
	if (fclose(f) != 0)
		abort();
	return text;
}

static inline struct gw_config *
onboard_config(const char *text)
{
	struct gw_config *c = gw_config_parse("test.conf", text, NULL);

	if (c == NULL)
		abort();
	return c;
}

/* One address more. */
static inline void
onboard_address(struct gw_client *cl, const char *text)
{
	struct pd_addr a;

	if (gw_addr_parse(pd_str_z(text), &a) < 0)
		abort();
	gw_client_add_address(cl, &a);
}

#endif
