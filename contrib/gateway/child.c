#include "child.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/str.h"

#define READY_MS 10000 /* that a child may take to serve */
#define GRACE_MS 200   /* in which one that cannot begin has died */
#define TERM_MS  5000  /* that it may take to end by itself */
#define KILL_MS  2000  /* in which the kernel ends it */
#define LOOK_MS  20    /* between two looks */
#define TAIL     300   /* bytes of its log that are told */

/* Of a log, which is on a tmpfs: bytes that it may have, and that stay. */
#define LOG_MAX  (1 << 20)
#define LOG_KEPT (64 << 10)

static char *
file_of(const struct gw_system *sys, const char *name, const char *suffix)
{
	return gw_system_path(sys, "%s.%s", name, suffix);
}

static void
pause_ms(int ms)
{
	struct timespec t = { .tv_sec = ms / 1000,
		.tv_nsec = ms % 1000 * 1000000L };

	nanosleep(&t, NULL);
}

/* ---- who is who --------------------------------------------------------- */

/* A number alone may be somebody else's tomorrow. */
struct process {
	pid_t pid;      /* 0: none */
	uint64_t since; /* began() */
};

/*
 * When a process began, in clock ticks since the boot (proc(5), stat, field
 * 22); 0 when there is none, or only what its parent has not yet taken note of.
 */
static uint64_t
began(pid_t pid)
{
	char path[64], *text, *at;
	uint64_t ticks = 0;

	/* Ours are taken note of here. */
	(void)waitpid(pid, NULL, WNOHANG);
	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	text = gw_read_file(path);
	/* Its name, in parentheses, may hold blanks and parentheses. */
	at = text != NULL ? strrchr(text, ')') : NULL;
	if (at != NULL && at[1] == ' ' && strchr("ZXx", at[2]) == NULL) {
		for (int field = 2; field < 22 && at != NULL; field++)
			at = strchr(at + 1, ' ');
		ticks = at != NULL ? strtoull(at + 1, NULL, 10) : 0;
	}
	free(text);
	return ticks;
}

/* "4711 123456 89abcdef\n": number, begin, mark. One that had ended before it
 * could be noted began at 0, and is none. */
static struct process
find(const struct gw_system *sys, const char *name, uint64_t *mark)
{
	char *path = file_of(sys, name, "pid");
	char *text = gw_read_file(path), *at = text;
	struct process p = { 0 };

	*mark = 0;
	if (text != NULL) {
		p.pid = (pid_t)strtol(at, &at, 10);
		p.since = strtoull(at, &at, 10);
		*mark = strtoull(at, &at, 16);
	}
	if (p.pid <= 0 || p.since == 0 || began(p.pid) != p.since)
		p.pid = 0;
	free(text);
	free(path);
	return p;
}

pid_t
gw_child_find(struct gw_system *sys, const char *name, uint64_t *mark)
{
	uint64_t unused;

	return find(sys, name, mark != NULL ? mark : &unused).pid;
}

static int
note(struct gw_system *sys, const char *name, struct process p, uint64_t mark)
{
	char *path = file_of(sys, name, "pid"), line[80];
	int rc;

	snprintf(line, sizeof(line), "%d %ju %jx\n", (int)p.pid,
	    (uintmax_t)p.since, (uintmax_t)mark);
	rc = gw_write_file(path, line, 0600);
	if (rc < 0)
		gw_fail(sys, "%s: %s", path, strerror(errno));
	free(path);
	return rc;
}

int
gw_child_mark(struct gw_system *sys, const char *name, uint64_t mark)
{
	uint64_t before;
	struct process p = find(sys, name, &before);

	if (p.pid == 0)
		return gw_fail(sys, "%s has ended", name);
	return note(sys, name, p, mark);
}

/* ---- starting ----------------------------------------------------------- */

/* What is added to its environment; NULL-terminated, with its texts to be
 * freed. */
static char **
environment(const struct gw_system *sys, const struct gw_child *c)
{
	size_t n = 0, at = 0;
	char **env;

	while (c->env != NULL && c->env[n] != NULL)
		n++;
	env = pd_xalloc((n + 6) * sizeof(char *));
	env[at++] = pd_xstrdup("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/"
			       "usr/bin:/sbin:/bin");
	env[at++] = pd_xstrdup("LC_ALL=C");
	if (asprintf(&env[at++], "PARED_GATEWAY=%s", sys->name) < 0 ||
	    asprintf(&env[at++], "PARED_GATEWAY_CHILD=%s", c->name) < 0)
		abort();
	for (size_t i = 0; i < n; i++)
		env[at++] = pd_xstrdup(c->env[i]);
	return env;
}

static int
set_actions(
    posix_spawn_file_actions_t *fa, const struct gw_child *c, const char *log)
{
	int rc = posix_spawn_file_actions_addopen(
	    fa, STDIN_FILENO, "/dev/null", O_RDONLY, 0);

	if (rc == 0)
		rc = posix_spawn_file_actions_addopen(fa, STDOUT_FILENO, log,
		    O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0600);
	if (rc == 0)
		rc = posix_spawn_file_actions_adddup2(
		    fa, STDOUT_FILENO, STDERR_FILENO);
	if (rc == 0)
		rc = posix_spawn_file_actions_addchdir_np(
		    fa, c->cwd != NULL ? c->cwd : "/");
	if (rc == 0)
		rc = posix_spawn_file_actions_addclosefrom_np(
		    fa, STDERR_FILENO + 1);
	return rc;
}

/* A session of its own, and the signals as they are by default. */
static int
spawn(const struct gw_child *c, const char *program, char **env,
    const char *log, pid_t *pid)
{
	posix_spawn_file_actions_t fa;
	posix_spawnattr_t attr;
	sigset_t none, all;
	int rc;

	sigemptyset(&none);
	sigfillset(&all);
	posix_spawn_file_actions_init(&fa);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setsigdefault(&attr, &all);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSID |
					    POSIX_SPAWN_SETSIGMASK |
					    POSIX_SPAWN_SETSIGDEF);
	rc = set_actions(&fa, c, log);
	if (rc == 0)
		rc = posix_spawn(
		    pid, program, &fa, &attr, (char *const *)c->argv, env);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&fa);
	return rc;
}

/* What it complained of last, on one line. */
static void
tell_end(struct gw_system *sys, const char *name, const char *what)
{
	char *path = file_of(sys, name, "log");
	char *text = gw_read_file(path);
	size_t n = text != NULL ? strlen(text) : 0;
	char *tail;

	while (n > 0 && isspace((unsigned char)text[n - 1]))
		text[--n] = '\0';
	tail = n > TAIL ? text + n - TAIL : text;
	for (size_t i = 0; i < n; i++) {
		if (iscntrl((unsigned char)text[i]))
			text[i] = text[i] == '\n' ? '|' : ' ';
	}
	gw_fail(sys, "%s %s%s%s (%s)", name, what, n > 0 ? ": " : "",
	    n > 0 ? tail : "", path);
	free(text);
	free(path);
}

static int
wait_ready(struct gw_system *sys, const struct gw_child *c, struct process p)
{
	int most = c->ready != NULL ? READY_MS : GRACE_MS;

	for (int waited = 0; waited < most; waited += LOOK_MS) {
		pause_ms(LOOK_MS);
		if (p.since == 0 || began(p.pid) != p.since) {
			tell_end(sys, c->name, "has ended at once");
			return -1;
		}
		if (c->ready != NULL && access(c->ready, F_OK) == 0)
			return 0;
	}
	if (c->ready == NULL)
		return 0;
	tell_end(sys, c->name, "is not ready after ten seconds");
	return -1;
}

void
gw_child_unready(const struct gw_system *sys, const char *ready)
{
	struct stat st;
	size_t n = strlen(sys->run_dir);

	if (ready == NULL || lstat(ready, &st) < 0)
		return;
	if (S_ISSOCK(st.st_mode) ||
	    (S_ISREG(st.st_mode) && strncmp(ready, sys->run_dir, n) == 0 &&
		ready[n] == '/'))
		(void)unlink(ready);
}

static int end_process(struct gw_system *sys, struct process p);

int
gw_child_start(struct gw_system *sys, const struct gw_child *c)
{
	char *program = c->argv[0][0] == '/' ? pd_xstrdup(c->argv[0])
					     : gw_program(c->argv[0]);
	char *log = file_of(sys, c->name, "log");
	char **env = environment(sys, c);
	struct process p = { 0 };
	int rc;

	/* What one before it left behind says nothing. */
	gw_child_unready(sys, c->ready);
	if (program == NULL)
		rc = gw_fail(sys, "%s is not installed", c->argv[0]);
	else if ((rc = spawn(c, program, env, log, &p.pid)) != 0)
		rc = gw_fail(sys, "%s: %s", program, strerror(rc));
	if (rc == 0) {
		p.since = began(p.pid);
		rc = note(sys, c->name, p, 0);
	}
	for (char **e = env; *e != NULL; e++)
		free(*e);
	free(env);
	free(log);
	free(program);
	if (rc == 0)
		rc = wait_ready(sys, c, p);
	if (rc < 0 && p.pid != 0) {
		char why[GW_WHY];

		memcpy(why, sys->why, sizeof(why));
		/* Maybe it could not be noted, on a full disk; and for a
		 * moment after it was begun /proc shows no environment. */
		(void)end_process(sys, p);
		(void)gw_child_stop(sys, c->name);
		memcpy(sys->why, why, sizeof(why));
	}
	return rc;
}

/* ---- ending ------------------------------------------------------------- */

/* Whether an environment, as /proc shows it, holds all of "NAME=VALUE". */
static bool
holds(struct pd_str all, const char *assignment)
{
	while (all.n > 0) {
		struct pd_str one = pd_str_split(&all, '\0');

		if (pd_str_eq(one, pd_str_z(assignment)))
			return true;
	}
	return false;
}

/* A process's environment; more than that, ours do not have. */
static struct pd_str
environ_of(int proc, const char *pid, char *buf, size_t len)
{
	char path[64];
	ssize_t n = 0;
	int fd;

	snprintf(path, sizeof(path), "%.20s/environ", pid);
	fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		n = read(fd, buf, len);
		close(fd);
	}
	return pd_str_of(buf, n > 0 ? (size_t)n : 0);
}

/* The same network namespace: a container's gateway may have our name. */
static bool
is_here(int proc, const char *pid)
{
	struct stat here, there;
	char path[64];

	snprintf(path, sizeof(path), "%.20s/ns/net", pid);
	return stat("/proc/self/ns/net", &here) == 0 &&
	       fstatat(proc, path, &there, 0) == 0 &&
	       here.st_dev == there.st_dev && here.st_ino == there.st_ino;
}

/*
 * A process that is ours by its environment, other than this one; name NULL:
 * of any child. Pid 0: none.
 */
static struct process
next_by_mark(const struct gw_system *sys, const char *name, pid_t after)
{
	char ours[64], child[GW_TITLE_MAX + 64], buf[16384];
	struct dirent *entry;
	DIR *d = opendir("/proc");
	struct process found = { 0 };

	snprintf(ours, sizeof(ours), "PARED_GATEWAY=%s", sys->name);
	snprintf(child, sizeof(child), "PARED_GATEWAY_CHILD=%s",
	    name != NULL ? name : "");
	while (d != NULL && (entry = readdir(d)) != NULL) {
		pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);
		struct process p = { .pid = pid };
		struct pd_str env;

		if (pid <= after || pid == getpid() ||
		    (found.pid != 0 && pid > found.pid))
			continue;
		p.since = began(pid);
		env = environ_of(dirfd(d), entry->d_name, buf, sizeof(buf));
		if (holds(env, ours) && (name == NULL || holds(env, child)) &&
		    is_here(dirfd(d), entry->d_name) && p.since != 0)
			found = p;
	}
	if (d != NULL)
		closedir(d);
	return found;
}

/*
 * By a descriptor, so that no signal goes to whoever is given the number next;
 * nor to whoever has been given it by the time it is opened.
 */
static int
end_process(struct gw_system *sys, struct process who)
{
	struct pollfd p = { .fd = pidfd_open(who.pid, 0), .events = POLLIN };
	int signals[] = { SIGTERM, SIGKILL }, ms[] = { TERM_MS, KILL_MS };
	int gone = 0;

	if (p.fd < 0)
		return errno == ESRCH ? 0
				      : gw_fail(sys, "process %d: %s",
					    (int)who.pid, strerror(errno));
	if (who.since == 0 || began(who.pid) != who.since) {
		close(p.fd);
		return 0;
	}
	for (int i = 0; i < 2 && gone == 0; i++) {
		(void)pidfd_send_signal(p.fd, signals[i], NULL, 0);
		do {
			gone = poll(&p, 1, ms[i]);
		} while (gone < 0 && errno == EINTR);
	}
	close(p.fd);
	(void)waitpid(who.pid, NULL, WNOHANG);
	return gone > 0 ? 0
			: gw_fail(sys, "process %d does not end", (int)who.pid);
}

int
gw_child_stop(struct gw_system *sys, const char *name)
{
	char *path = file_of(sys, name, "pid");
	uint64_t mark;
	struct process p = find(sys, name, &mark);
	int rc = p.pid != 0 ? end_process(sys, p) : 0;

	/* Those that it started, or all when nothing was noted. */
	for (p.pid = 0; (p = next_by_mark(sys, name, p.pid)).pid != 0;) {
		if (end_process(sys, p) < 0)
			rc = -1;
	}
	if (rc == 0)
		(void)unlink(path);
	free(path);
	return rc;
}

int
gw_child_stop_all(struct gw_system *sys, FILE *out)
{
	struct process p = { 0 };
	int rc = 0;

	while ((p = next_by_mark(sys, NULL, p.pid)).pid != 0) {
		fprintf(out, "kill %d\n", (int)p.pid);
		if (end_process(sys, p) < 0)
			rc = -1;
	}
	return rc;
}

/*
 * charon writes a line for whoever knocks, and a stranger may knock all day.
 * The file stays, because the child has it open; it appends, so that what it
 * writes next is at the beginning again.
 */
void
gw_child_trim(struct gw_system *sys, const char *name)
{
	char *path = file_of(sys, name, "log");
	char *old = file_of(sys, name, "old.log"), *tail;
	int fd = open(path, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd >= 0 && fstat(fd, &st) == 0 && st.st_size > LOG_MAX) {
		tail = pd_xalloc(LOG_KEPT + 1); /* zeros */
		if (pread(fd, tail, LOG_KEPT, st.st_size - LOG_KEPT) > 0)
			(void)gw_write_file(old, tail, 0600);
		(void)!ftruncate(fd, 0);
		free(tail);
	}
	if (fd >= 0)
		close(fd);
	free(old);
	free(path);
}
