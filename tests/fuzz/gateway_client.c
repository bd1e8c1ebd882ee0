/*
 * Bytes as a client's file. What is accepted keeps its promises, and is read
 * again as it was when it is written.
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"

static void
on_line(void *arg, bool error, const char *text)
{
	size_t *errors = arg;

	assert(strlen(text) > 0);
	*errors += error;
}

static char *
written(const struct gw_client *cl)
{
	char *text;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	gw_client_write(cl, f);
	fclose(f);
	return text;
}

static void
check(const struct gw_client *cl)
{
	char *text = written(cl), *again;
	struct gw_client back;
	size_t errors = 0;
	struct pd_conf_report report = { on_line, &errors };

	assert(gw_is_name(cl->tunnel, GW_TITLE_MAX));
	assert(cl->public_key == NULL || gw_is_key(cl->public_key));
	assert(cl->address.n == cl->address_text.n);
	assert(gw_client_parse("kim.conf", text, &report, &back) == 0);
	again = written(&back);
	assert(strcmp(text, again) == 0);
	gw_client_free(&back);
	free(text);
	free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t errors = 0;
	struct pd_conf_report report = { on_line, &errors };
	char *text = malloc(size + 1);
	struct gw_client cl;
	int r;

	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	r = gw_client_parse("kim.conf", text, &report, &cl);
	assert((r < 0) == (errors > 0));
	if (r == 0)
		check(&cl);
	gw_client_free(&cl);
	free(text);
	return 0;
}
