/*
 * A value below /proc/sys.
 *
 *   key      key; with '/' between its parts, as a link's name has dots:
 *            "net/ipv6/conf/eth0.1/accept_ra"
 *   value
 *   was      remembered: what it was
 *
 * What has the value already is as planned, and nobody's to take back. What
 * somebody set to a third value meanwhile stays as he wants it.
 */
#include "kind/sysctl.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define PATH_LEN 512

static int
open_key(const char *key, int flags)
{
	char path[PATH_LEN];

	if (strstr(key, "..") != NULL ||
	    snprintf(path, sizeof(path), "/proc/sys/%s", key) >=
		(int)sizeof(path)) {
		errno = ENOENT;
		return -1;
	}
	return open(path, flags | O_CLOEXEC);
}

int
gw_sysctl_read(const char *key, char value[GW_SYSCTL_MAX])
{
	int fd = open_key(key, O_RDONLY);
	ssize_t n;
	int saved;

	if (fd < 0)
		return -1;
	n = read(fd, value, GW_SYSCTL_MAX - 1);
	saved = errno;
	close(fd);
	errno = saved;
	if (n < 0)
		return -1;
	while (n > 0 && value[n - 1] == '\n')
		n--;
	value[n] = '\0';
	return 0;
}

int
gw_sysctl_write(const char *key, const char *value)
{
	int fd = open_key(key, O_WRONLY), saved;
	ssize_t n;

	if (fd < 0)
		return -1;
	n = write(fd, value, strlen(value));
	saved = errno;
	close(fd);
	errno = saved;
	return n < 0 ? -1 : 0;
}

static void
describe(const struct gw_step *s, FILE *out)
{
	fprintf(out, "sysctl %s=%s", gw_step_need(s, "key"),
	    gw_step_need(s, "value"));
}

static enum gw_state
probe(struct gw_system *sys, const struct gw_step *s)
{
	char value[GW_SYSCTL_MAX];

	(void)sys;
	if (gw_sysctl_read(gw_step_need(s, "key"), value) < 0)
		return errno == EACCES || errno == EPERM ? GW_UNSEEN
							 : GW_MISSING;
	return strcmp(value, gw_step_need(s, "value")) == 0 ? GW_AS_PLANNED
							    : GW_DRIFTED;
}

/* "net/ipv6/conf/eth0/accept_ra" to ".../forwarding"; false: another key. */
static bool
forwarding_of(const char *key, char out[PATH_LEN])
{
	static const char tail[] = "/accept_ra";
	size_t n = strlen(key), t = sizeof(tail) - 1;

	return n > t && strcmp(key + n - t, tail) == 0 &&
	       snprintf(out, PATH_LEN, "%.*s/forwarding", (int)(n - t), key) <
		   PATH_LEN;
}

static int
remember(struct gw_system *sys, struct gw_step *s)
{
	const char *key = gw_step_need(s, "key");
	char value[GW_SYSCTL_MAX], other[PATH_LEN];

	if (gw_sysctl_read(key, value) < 0)
		return gw_fail(sys, "%s: %s", key, strerror(errno));
	gw_step_set(s, sys->arena, "was", value);
	if (gw_forwarding_is(key))
		gw_forwarding_remember(sys, s);
	else if (forwarding_of(key, other) && gw_sysctl_read(other, value) == 0)
		gw_step_set(s, sys->arena, "was.forwarding", value);
	return 0;
}

static int
make(struct gw_system *sys, const struct gw_step *s)
{
	const char *key = gw_step_need(s, "key");

	if (gw_sysctl_write(key, gw_step_need(s, "value")) == 0)
		return 0;
	return gw_fail(sys, "%s: %s", key, strerror(errno));
}

/*
 * A link that forwards hears no router unless accept_ra is 2. If it forwards
 * on, though it did not before us, its default route would run out.
 */
static bool
is_needed_still(const struct gw_step *s)
{
	const char *was = gw_step_get(s, "was.forwarding");
	char other[PATH_LEN], value[GW_SYSCTL_MAX];

	if (was == NULL || !forwarding_of(gw_step_need(s, "key"), other) ||
	    gw_sysctl_read(other, value) < 0)
		return false;
	return strcmp(value, "0") != 0 && strcmp(value, was) != 0;
}

static int
undo(struct gw_system *sys, const struct gw_step *s)
{
	const char *key = gw_step_need(s, "key");
	const char *was = gw_step_get(s, "was");
	char value[GW_SYSCTL_MAX];

	if (was == NULL || strcmp(was, gw_step_need(s, "value")) == 0)
		return 0;
	if (gw_forwarding_is(key))
		return gw_forwarding_undo(sys, s);
	if (gw_sysctl_read(key, value) < 0 ||
	    strcmp(value, gw_step_need(s, "value")) != 0)
		return 0;
	if (is_needed_still(s)) {
		fprintf(stderr,
		    "pared-gateway: %s stays %s, as the link forwards still\n",
		    key, value);
		return 0;
	}
	if (gw_sysctl_write(key, was) < 0)
		return gw_fail(sys, "%s: %s", key, strerror(errno));
	return 0;
}

const struct gw_kind gw_kind_sysctl = {
	.name = "sysctl",
	.describe = describe,
	.probe = probe,
	.remember = remember,
	.make = make,
	.undo = undo,
};
