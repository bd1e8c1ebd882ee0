#include "lock.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/str.h"

#define AGAIN_MS 50 /* between two tries for a lock */

/* Its name in the namespace; the first byte of an abstract one is NUL. */
static const char space_name[] = "\0pared-gateway";

#define SPACE_LEN (sizeof(space_name) - 1)

/* One socket of those in the namespace: *arg is made false when it has the
 * name and is another user's. */
static int
on_socket(struct nl_msg *msg, void *arg)
{
	struct nlattr *name, *owner;
	bool *trusted = arg;

	name = nlmsg_find_attr(
	    nlmsg_hdr(msg), sizeof(struct unix_diag_msg), UNIX_DIAG_NAME);
	owner = nlmsg_find_attr(
	    nlmsg_hdr(msg), sizeof(struct unix_diag_msg), UNIX_DIAG_UID);
	if (name != NULL && owner != NULL && nla_len(name) == SPACE_LEN &&
	    memcmp(nla_data(name), space_name, SPACE_LEN) == 0 &&
	    nla_get_u32(owner) != geteuid())
		*trusted = false;
	return NL_OK;
}

/*
 * Whether who has the name may be a gateway. Anybody can take it, but shall
 * keep no gateway from its work; the kernel knows whose it is (Linux 5.3).
 */
static bool
is_trusted(void)
{
	struct unix_diag_req req = { .sdiag_family = AF_UNIX,
		.udiag_states = UINT32_MAX,
		.udiag_show = UDIAG_SHOW_NAME | UDIAG_SHOW_UID };
	struct nl_sock *sock = nl_socket_alloc();
	bool trusted = true;

	if (sock != NULL && nl_connect(sock, NETLINK_SOCK_DIAG) == 0 &&
	    nl_socket_modify_cb(
		sock, NL_CB_VALID, NL_CB_CUSTOM, on_socket, &trusted) == 0 &&
	    nl_send_simple(
		sock, SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, &req, sizeof(req)) >= 0)
		(void)nl_recvmsgs_default(sock);
	nl_socket_free(sock);
	return trusted;
}

/* A descriptor that keeps the name, or would, had not somebody of no matter
 * taken it; -1 with errno. */
static int
take_space(void)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	memcpy(sa.sun_path, space_name, SPACE_LEN);
	if (bind(fd, (struct sockaddr *)&sa,
		(socklen_t)(offsetof(struct sockaddr_un, sun_path) +
			    SPACE_LEN)) == 0)
		return fd;
	if (errno == EADDRINUSE) {
		if (!is_trusted())
			return fd;
		errno = EADDRINUSE;
	}
	close(fd);
	return -1;
}

/*
 * The lock file may be removed with its directory by `down` between our open
 * and our lock: what is locked must be what has the name.
 */
static int
take_file(const char *path)
{
	struct stat held, named;
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return -1;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0 || fstat(fd, &held) < 0) {
		close(fd);
		return -1;
	}
	if (stat(path, &named) == 0 && held.st_ino == named.st_ino &&
	    held.st_dev == named.st_dev)
		return fd;
	close(fd);
	errno = EWOULDBLOCK;
	return -1;
}

/* "4711 run". */
static struct gw_holder
holder_of(const char *path)
{
	struct gw_holder holder = { 0 };
	char *text = gw_read_file(path);
	struct pd_str rest = pd_str_z(text != NULL ? text : "");
	struct pd_str word = pd_str_split(&rest, ' ');
	int64_t pid;

	if (pd_str_u63(word, &pid) == 0) {
		holder.pid = (pid_t)pid;
		holder.serves = pd_str_eq(rest, PD_STR("run\n"));
	}
	free(text);
	return holder;
}

static int
sign(struct gw_lock *l, const char *as)
{
	char text[32];

	snprintf(text, sizeof(text), "%d %s\n", (int)getpid(), as);
	return ftruncate(l->file, 0) < 0 ||
		       pwrite(l->file, text, strlen(text), 0) < 0
		   ? -1
		   : 0;
}

void
gw_lock_serve(struct gw_lock *l)
{
	(void)sign(l, "run");
}

/* 0, 1: somebody has it, or -1 with errno. */
static int
try(struct gw_lock *l, const char *path)
{
	struct stat st;

	if (l->file < 0) {
		l->file = take_file(path);
		if (l->file < 0)
			return errno == EWOULDBLOCK ? 1 : -1;
		if (sign(l, "work") < 0)
			return -1;
	}
	l->space = take_space();
	if (l->space < 0)
		return errno == EADDRINUSE ? 1 : -1;
	if (fstat(l->file, &st) == 0 && st.st_nlink > 0)
		return 0;
	/* Whoever had the namespace went `down`, and our file with the
	 * directory. */
	gw_lock_drop(l);
	return 1;
}

static int
make_run_dir(const char *dir)
{
	if (gw_mkdirs(dir, 0755) == 0 &&
	    (mkdir(dir, 0700) == 0 || errno == EEXIST))
		return 0;
	return -1;
}

/* What is written down in it is undone as root: nobody else may write there. */
static bool
is_private(const char *dir)
{
	struct stat st;

	/* An ordinary user is told to be root. */
	return geteuid() != 0 || lstat(dir, &st) < 0 ||
	       (S_ISDIR(st.st_mode) && st.st_uid == 0 &&
		   (st.st_mode & 022) == 0);
}

/* The run directory goes with `down`, and may do so while we wait. */
static int
try_until(
    struct gw_lock *l, struct gw_system *sys, const char *path, int wait_ms)
{
	struct timespec pause = { .tv_nsec = AGAIN_MS * 1000000L };
	int rc;

	for (;;) {
		rc = make_run_dir(sys->run_dir);
		if (rc == 0 && !is_private(sys->run_dir))
			return gw_fail(sys,
			    "%s is no directory of root's alone, so what is "
			    "written in it is not believed; remove it",
			    sys->run_dir);
		if (rc == 0)
			rc = try(l, path);
		if (rc < 0 && errno != ENOENT)
			return gw_fail(sys, "%s: %s%s", path, strerror(errno),
			    errno == EACCES || errno == EPERM ? "; be root"
							      : "");
		if (rc == 0 || wait_ms <= 0)
			return rc == 0 ? 0 : 1;
		nanosleep(&pause, NULL);
		wait_ms -= AGAIN_MS;
	}
}

int
gw_lock_take(struct gw_lock *l, struct gw_system *sys, int wait_ms,
    struct gw_holder *holder)
{
	char *path;
	int rc;

	*l = (struct gw_lock){ .file = -1, .space = -1 };
	*holder = (struct gw_holder){ 0 };
	path = gw_system_path(sys, "lock");
	rc = try_until(l, sys, path, wait_ms);
	if (rc > 0 && l->file < 0) {
		*holder = holder_of(path);
		gw_fail(sys,
		    holder->serves
			? "the service (process %d) has this gateway; it "
			  "reads its file again at a HUP, and ends at a TERM"
			: "another pared-gateway (process %d) is at work",
		    (int)holder->pid);
	} else if (rc > 0) {
		gw_fail(sys,
		    "a pared-gateway of another name is at work in this "
		    "network namespace");
	}
	free(path);
	if (rc == 0)
		return 0;
	gw_lock_drop(l);
	return -1;
}

void
gw_lock_drop(struct gw_lock *l)
{
	if (l->space >= 0)
		close(l->space);
	if (l->file >= 0)
		close(l->file);
	l->file = l->space = -1;
}

/* ---- which namespace ---------------------------------------------------- */

/* "4:4026531840": device and number of a network namespace's file; "" when it
 * cannot be told. */
static void
namespace_of(int dirfd, const char *path, char text[static 64])
{
	struct stat st;

	text[0] = '\0';
	if (fstatat(dirfd, path, &st, 0) == 0)
		snprintf(text, 64, "%ju:%ju", (uintmax_t)st.st_dev,
		    (uintmax_t)st.st_ino);
}

/* Whether one of the files that suffix names in the directory's folders (or
 * the directory's own files, for "") is the namespace. */
static bool
found_in(const char *dir, const char *suffix, const char *space)
{
	DIR *d = opendir(dir);
	struct dirent *entry;
	char text[64], path[NAME_MAX + 16];
	bool found = false;

	while (d != NULL && !found && (entry = readdir(d)) != NULL) {
		snprintf(path, sizeof(path), "%s%s", entry->d_name, suffix);
		namespace_of(dirfd(d), path, text);
		found = strcmp(text, space) == 0;
	}
	if (d != NULL)
		closedir(d);
	return found;
}

/* By a process in it, or by a name that `ip netns` gave it. */
static bool
lives(const char *space)
{
	return found_in("/proc", "/ns/net", space) ||
	       found_in("/run/netns", "", space);
}

/* The namespace that a gateway noted, or NULL; to be freed. */
static char *
marked(const char *run_dir)
{
	char *path, *text;

	if (asprintf(&path, "%s/netns", run_dir) < 0)
		abort();
	text = gw_read_file(path);
	free(path);
	if (text != NULL)
		text[strcspn(text, "\n")] = '\0';
	return text;
}

/* Another gateway that is up here, by its name; to be freed. */
static char *
rival(const struct gw_system *sys, const char *here)
{
	static const char prefix[] = "gateway-";
	char *parent = pd_xstrdup(sys->run_dir), *found = NULL;
	struct dirent *entry;
	DIR *d;

	*strrchr(parent, '/') = '\0';
	d = opendir(parent);
	while (d != NULL && found == NULL && (entry = readdir(d)) != NULL) {
		const char *name = entry->d_name + sizeof(prefix) - 1;
		char *dir, *space;

		if (strncmp(entry->d_name, prefix, sizeof(prefix) - 1) != 0 ||
		    strcmp(name, sys->name) == 0)
			continue;
		if (asprintf(&dir, "%s/%s", parent, entry->d_name) < 0)
			abort();
		space = marked(dir);
		if (space != NULL && strcmp(space, here) == 0)
			found = pd_xstrdup(name);
		free(space);
		free(dir);
	}
	if (d != NULL)
		closedir(d);
	free(parent);
	return found;
}

int
gw_lock_check(struct gw_system *sys)
{
	char here[64];
	char *there = marked(sys->run_dir), *other;
	int rc = 0;

	namespace_of(AT_FDCWD, "/proc/self/ns/net", here);
	other = rival(sys, here);
	if (there != NULL && strcmp(there, here) != 0 && lives(there))
		rc = gw_fail(sys,
		    "gateway %s is up in another network namespace (%s); go "
		    "there (ip netns exec, nsenter)",
		    sys->name, there);
	else if (other != NULL)
		rc = gw_fail(sys,
		    "gateway %s is up in this network namespace; first: "
		    "pared-gateway down --name %s",
		    other, other);
	free(other);
	free(there);
	return rc;
}

bool
gw_lock_is_orphan(struct gw_system *sys)
{
	char here[64], *there = marked(sys->run_dir);
	bool gone;

	namespace_of(AT_FDCWD, "/proc/self/ns/net", here);
	gone = there != NULL && strcmp(there, here) != 0 && !lives(there);
	free(there);
	return gone;
}

int
gw_lock_mark(struct gw_system *sys)
{
	char here[64], line[66], *path, *there = marked(sys->run_dir);
	bool same;
	int rc;

	namespace_of(AT_FDCWD, "/proc/self/ns/net", here);
	same = there != NULL && strcmp(there, here) == 0;
	free(there);
	if (same)
		return 0;
	snprintf(line, sizeof(line), "%s\n", here);
	path = gw_system_path(sys, "netns");
	rc = gw_write_file(path, line, 0600);
	if (rc < 0)
		gw_fail(sys, "%s: %s", path, strerror(errno));
	free(path);
	return rc;
}
