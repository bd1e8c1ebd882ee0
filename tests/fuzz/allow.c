/*
 * Bytes as the file of what is let through. Whatever stands in it, entries are
 * hosts in their one form, in the order in which they end, and not too many;
 * and each is found again.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "filters/block/allow.h"
#include "filters/block/host.h"

#define NOW INT64_C(1795392000)

struct seen {
	struct pd_allow *allow;
	int64_t last;
	size_t n;
};

static void
on_each(void *arg, const struct pd_addr *client, struct pd_str host,
    int64_t until_s)
{
	struct seen *s = arg;
	char buf[PD_HOST_TEXT];
	struct pd_str normal;
	int64_t until;

	assert(pd_host_normal(host, buf, &normal) != PD_HOST_FORM_BAD);
	assert(pd_str_eq(host, normal));
	assert(until_s > NOW && until_s >= s->last);
	assert(pd_allow_find(s->allow, client, host, PD_STR(""), NOW, &until));
	assert(until >= until_s);
	s->last = until_s;
	s->n++;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int fd = -1;
	static char path[64];
	struct seen s = { .last = 0 };
	size_t wrong;

	if (fd < 0) {
		fd = memfd_create("allow", MFD_CLOEXEC);
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	}
	if (ftruncate(fd, 0) < 0 || pwrite(fd, data, size, 0) != (ssize_t)size)
		abort();
	s.allow = pd_allow_open(path, &wrong);
	pd_allow_each(s.allow, NOW, on_each, &s);
	assert(s.n <= PD_ALLOW_MAX);
	pd_allow_close(s.allow);
	return 0;
}
