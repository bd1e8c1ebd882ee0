#include "system.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "config.h"

/* Bytes that gw_read_file() takes: more than a plan of 80000 clients, whose
 * secrets are one file (720 bytes each), or its journal has. */
#define FILE_MAX ((size_t)64 << 20)

void
gw_system_init(struct gw_system *sys, const char *name, const char *run_dir,
    const char *state_dir)
{
	*sys = (struct gw_system){
		.name = pd_xstrdup(name),
		.run_dir = pd_xstrdup(run_dir),
		.state_dir = pd_xstrdup(state_dir),
		.arena = pd_arena_create(),
	};
}

void
gw_system_of(struct gw_system *sys, const struct gw_config *c)
{
	char *run_dir, *state_dir;

	if (asprintf(&run_dir, "%s/gateway-%s", c->run_dir, c->name) < 0 ||
	    asprintf(&state_dir, "%s/%s", c->state_dir, c->name) < 0)
		abort();
	gw_system_init(sys, c->name, run_dir, state_dir);
	free(run_dir);
	free(state_dir);
}

void
gw_system_finish(struct gw_system *sys)
{
	nl_socket_free(sys->route);
	pd_arena_destroy(sys->arena);
	free((char *)sys->name);
	free((char *)sys->run_dir);
	free((char *)sys->state_dir);
	*sys = (struct gw_system){ 0 };
}

const char *
gw_system_tag(const struct gw_system *sys, char buf[static GW_TAG])
{
	snprintf(buf, GW_TAG, "gateway:%s", sys->name);
	return buf;
}

char *
gw_system_path(const struct gw_system *sys, const char *fmt, ...)
{
	char *name, *path;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&name, fmt, ap) < 0)
		abort();
	va_end(ap);
	if (asprintf(&path, "%s/%s", sys->run_dir, name) < 0)
		abort();
	free(name);
	return path;
}

int
gw_fail(struct gw_system *sys, const char *fmt, ...)
{
	char why[GW_WHY];
	va_list ap;

	/* Beside, as what was said before may be among the arguments. */
	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	memcpy(sys->why, why, sizeof(why));
	return -1;
}

struct nl_sock *
gw_system_route(struct gw_system *sys)
{
	struct nl_sock *sock;
	int rc;

	if (sys->route != NULL)
		return sys->route;
	sock = nl_socket_alloc();
	rc = sock != NULL ? nl_connect(sock, NETLINK_ROUTE) : -NLE_NOMEM;
	if (rc < 0) {
		gw_fail(sys, "netlink: %s", nl_geterror(rc));
		nl_socket_free(sock);
		return NULL;
	}
	sys->route = sock;
	return sock;
}

int
gw_system_link(struct gw_system *sys, const char *name)
{
	(void)sys;
	return (int)if_nametoindex(name);
}

mode_t
gw_step_mode(const struct gw_step *s)
{
	return (mode_t)strtoul(gw_step_need(s, "mode"), NULL, 8) & 07777;
}

int
gw_mkdirs(const char *path, mode_t mode)
{
	char *copy = pd_xstrdup(path);
	char *last = strrchr(copy, '/');
	int rc = 0;

	for (char *at = copy + 1; last != NULL && at <= last && rc == 0; at++) {
		if (*at != '/')
			continue;
		*at = '\0';
		rc = mkdir(copy, at == last ? mode : 0755);
		if (rc < 0 && errno == EEXIST)
			rc = 0;
		*at = '/';
	}
	free(copy);
	return rc;
}

int
gw_sync_directory(const char *path)
{
	char *copy = pd_xstrdup(path);
	int fd, rc;

	*strrchr(copy, '/') = '\0';
	fd = open(
	    copy[0] != '\0' ? copy : "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	free(copy);
	if (fd < 0)
		return -1;
	rc = fsync(fd);
	close(fd);
	return rc;
}

/* A fixed name: what a crash left behind is found again. */
static char *
name_beside(const char *path)
{
	char *name;

	if (asprintf(&name, "%s.pared-new", path) < 0)
		abort();
	return name;
}

int
gw_replace_file(const char *path, const char *text, const struct stat *like)
{
	char *beside = name_beside(path);
	int fd, saved, rc = -1;

	(void)unlink(beside);
	fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd >= 0 &&
	    (like->st_nlink == 0 ||
		fchown(fd, like->st_uid, like->st_gid) == 0) &&
	    fchmod(fd, like->st_mode & 07777) == 0 &&
	    pd_io_write(fd, text, strlen(text)) == 0 && fsync(fd) == 0 &&
	    rename(beside, path) == 0)
		rc = gw_sync_directory(path);
	saved = errno;
	if (fd >= 0 && rc < 0)
		(void)unlink(beside);
	if (fd >= 0)
		close(fd);
	free(beside);
	errno = saved;
	return rc;
}

int
gw_write_file(const char *path, const char *text, mode_t mode)
{
	struct stat like = { .st_mode = mode };

	return gw_replace_file(path, text, &like);
}

int
gw_remove_file(const char *path)
{
	char *beside = name_beside(path);

	(void)unlink(beside);
	free(beside);
	if (unlink(path) == 0)
		return gw_sync_directory(path);
	return errno == ENOENT || errno == ENOTDIR ? 0 : -1;
}

/* Of files in /proc the size is not known before they were read. */
static char *
read_all(int fd)
{
	size_t cap = 4096, n = 0;
	char *text = pd_xalloc(cap);
	ssize_t got;

	while ((got = read(fd, text + n, cap - n - 1)) > 0) {
		n += (size_t)got;
		if (n > FILE_MAX) {
			errno = EFBIG;
			break;
		}
		if (n == cap - 1) {
			cap *= 2;
			text = pd_xrealloc(text, cap);
		}
	}
	if (got == 0 && memchr(text, '\0', n) != NULL)
		errno = EILSEQ;
	else if (got == 0) {
		text[n] = '\0';
		return text;
	}
	free(text);
	return NULL;
}

char *
gw_read_file(const char *path)
{
	/* A FIFO that stands there is no text to wait for. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	char *text = NULL;
	struct stat st;
	int saved;

	if (fd < 0)
		return NULL;
	if (fstat(fd, &st) == 0 && S_ISFIFO(st.st_mode))
		errno = ESPIPE;
	else
		text = read_all(fd);
	saved = errno;
	close(fd);
	errno = saved;
	return text;
}

uint64_t
gw_hash(uint64_t h, const char *text)
{
	for (; *text != '\0'; text++)
		h = (h ^ (unsigned char)*text) * 0x100000001b3u;
	/* As if a byte 255 ended it: "ab" "c" is not "a" "bc". */
	return (h ^ 0xff) * 0x100000001b3u;
}
