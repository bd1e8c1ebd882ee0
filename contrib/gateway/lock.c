#include "lock.h"

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
/*
 * A child that was forked and has not come to its exec yet has the locks, too,
 * and keeps them for that moment when its parent is killed: of 147 `down` that
 * were killed at random, one was in the way of the next.
 */
#define LEAST_MS 500

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
	rc = try_until(l, sys, path, wait_ms > LEAST_MS ? wait_ms : LEAST_MS);
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
