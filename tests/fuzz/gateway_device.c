/*
 * Bytes as a WireGuard device: up to the first NUL as peers of a plan, behind
 * it as what wireguard-go answers. Peers are written as they were read, and
 * sending the difference leaves none.
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tunnel/device.h"

static char *
written(const struct gw_device *d)
{
	char *text;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	for (size_t i = 0; i < d->n; i++)
		gw_peer_write(&d->v[i], f);
	fclose(f);
	return text;
}

static void
check_text(const struct gw_device *d)
{
	char *text = written(d), *again;
	struct gw_device back = { .set = 0 };
	unsigned line;

	assert(gw_device_read(&back, text, &line) == 0);
	assert(back.n == d->n);
	again = written(&back);
	assert(strcmp(text, again) == 0);
	gw_device_finish(&back);
	free(text);
	free(again);
}

static void
check_difference(const struct gw_device *want, const struct gw_device *have)
{
	struct gw_device change;
	bool any = gw_device_difference(want, have, 1000, &change);
	char *text = gw_device_socket_text(&change);

	assert(any == (change.set != 0 || change.n > 0));
	assert(strncmp(text, "set=1\n", 6) == 0);
	/* One empty line, and it is the last: nothing inside ends it. */
	assert(strstr(text, "\n\n") + 2 == text + strlen(text));
	assert(any == (strlen(text) > 7));
	free(text);
	gw_device_finish(&change);
	assert(!gw_device_difference(have, have, 1000, &change));
	gw_device_finish(&change);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct gw_device want = { .set = 0 }, have = { .set = 0 };
	char *text = malloc(size + 1);
	size_t n;
	unsigned line;
	int r;

	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	n = strlen(text);
	r = gw_device_read(&want, text, &line);
	if (r == 0)
		check_text(&want);
	if (n < size &&
	    gw_device_socket_read(
		&have, pd_str_of(text + n + 1, size - n - 1)) == 0 &&
	    r == 0)
		check_difference(&want, &have);
	gw_device_finish(&want);
	gw_device_finish(&have);
	free(text);
	return 0;
}
