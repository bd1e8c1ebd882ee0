#include "child.h"

#include <assert.h>
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/str.h"

#define READY_MS 10000 /* that a child may take to serve */
#define GRACE_MS 200   /* in which one that cannot begin has died */
#define TERM_MS  5000  /* that it may take to end by itself */
#define KILL_MS  2000  /* in which the kernel ends it */
#define LOOK_MS  20    /* between two looks */
#define TAIL     300   /* bytes of its log that are told */
#define ENV_MAX  16    /* words that a child's environment is given */
#define PACK     512   /* processes that are ended together */
#define ROUNDS   20    /* of packs */

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
 * 22); 0 when there is none, or one that ended and was not waited for yet.
 */
static uint64_t
began(pid_t pid)
{
	char path[64], *text, *at;
	uint64_t ticks = 0;

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
	if (p.pid > 0)
		(void)waitpid(p.pid, NULL, WNOHANG);
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

/*
 * What marks a process as a child's, and nobody else can say: anybody may claim
 * to be one of ours, and then not end for as long as `down` waits. To be freed.
 * NULL: there is no token, and so no child of this run directory.
 */
static char *
mark_of(const struct gw_system *sys, const char *name)
{
	char *path = gw_system_path(sys, "token");
	char *token = gw_read_file(path), *mark = NULL;

	if (token != NULL &&
	    asprintf(&mark, "PARED_GATEWAY_CHILD=%s %s", name, token) < 0)
		abort();
	free(token);
	free(path);
	return mark;
}

/*
 * Before the first child. Those that a lost run directory knew of are ended:
 * without its token nobody finds them later, and they have the ports of those
 * that are to come. 0, or -1 after gw_fail().
 */
static int
make_token(struct gw_system *sys)
{
	char *path = gw_system_path(sys, "token"), token[33];
	uint64_t random[2];
	int rc = 0;

	if (access(path, F_OK) < 0) {
		rc = gw_child_stop_all(sys, NULL);
		/* Of so few it gives all, or does not return. */
		(void)!getrandom(random, sizeof(random), 0);
		snprintf(token, sizeof(token), "%016jx%016jx",
		    (uintmax_t)random[0], (uintmax_t)random[1]);
		if (rc == 0 && gw_write_file(path, token, 0600) < 0)
			rc = gw_fail(sys, "%s: %s", path, strerror(errno));
	}
	free(path);
	return rc;
}

/* 0, or -1 after gw_fail(). */
static int
spawn(struct gw_system *sys, const struct gw_child *c, const char *log,
    pid_t *pid)
{
	const char *env[ENV_MAX + 3] = { NULL };
	struct gw_spawn s = { .path = c->argv[0],
		.argv = c->argv,
		.env = env,
		.cwd = c->cwd != NULL ? c->cwd : "/" };
	char *ours, *mark, *found = NULL;
	int rc, in, out;

	if (c->argv[0][0] != '/' &&
	    (s.path = found = gw_program(c->argv[0])) == NULL)
		return gw_fail(sys, "%s is not installed", c->argv[0]);
	if ((mark = mark_of(sys, c->name)) == NULL) {
		free(found);
		return gw_fail(sys, "the run directory's token is gone");
	}
	if (asprintf(&ours, "PARED_GATEWAY=%s", sys->name) < 0)
		abort();
	env[0] = ours;
	env[1] = mark;
	for (size_t i = 0; c->env != NULL && c->env[i] != NULL; i++) {
		assert(i < ENV_MAX);
		env[2 + i] = c->env[i];
	}
	in = open("/dev/null", O_RDONLY | O_CLOEXEC);
	out = open(
	    log, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
	s.fds[0] = in;
	s.fds[1] = s.fds[2] = out;
	rc = in < 0 || out < 0 ? errno : gw_spawn(&s, pid);
	if (rc != 0)
		rc = gw_fail(sys, "%s: %s", s.path, strerror(rc));
	if (in >= 0)
		close(in);
	if (out >= 0)
		close(out);
	free(found);
	free(ours);
	free(mark);
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

static int end_child(struct gw_system *sys, const char *name, struct process p);

int
gw_child_start(struct gw_system *sys, const struct gw_child *c)
{
	char *log, *old;
	struct process p = { 0 };
	int rc;

	if (make_token(sys) < 0)
		return -1;
	log = file_of(sys, c->name, "log");
	old = file_of(sys, c->name, "old.log");
	/* What one before it left behind says nothing; but for its last words.
	 */
	gw_child_unready(sys, c->ready);
	(void)rename(log, old);
	rc = spawn(sys, c, log, &p.pid);
	if (rc == 0) {
		p.since = began(p.pid);
		rc = note(sys, c->name, p, 0);
	}
	free(old);
	free(log);
	if (rc == 0)
		rc = wait_ready(sys, c, p);
	if (rc < 0 && p.pid != 0) {
		char why[GW_WHY];

		memcpy(why, sys->why, sizeof(why));
		/* Maybe it could not be noted, on a full disk; and for a
		 * moment after it was begun /proc shows no environment. */
		(void)end_child(sys, c->name, p);
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
 * Those that are to end together, each by a descriptor, so that no signal goes
 * to whoever is given the number next.
 */
struct pack {
	struct pollfd fds[PACK]; /* negative: it is gone */
	pid_t pids[PACK];
	size_t n;
};

/* Nor to whoever has been given the number by the time it is opened. */
static void
join(struct pack *k, struct process who)
{
	int fd;

	for (size_t i = 0; i < k->n; i++) {
		if (k->pids[i] == who.pid)
			return;
	}
	if (k->n == PACK || who.pid == 0 || who.since == 0)
		return;
	fd = pidfd_open(who.pid, 0);
	if (fd >= 0 && began(who.pid) == who.since) {
		k->fds[k->n] = (struct pollfd){ .fd = fd, .events = POLLIN };
		k->pids[k->n++] = who.pid;
	} else if (fd >= 0) {
		close(fd);
	}
}

/* All but ourselves that have the mark in their environment. */
static void
gather(struct pack *k, const char *mark)
{
	struct dirent *entry;
	DIR *d = opendir("/proc");
	char buf[16384];

	while (d != NULL && (entry = readdir(d)) != NULL) {
		pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);
		struct process p = { .pid = pid };

		if (pid <= 0 || pid == getpid())
			continue;
		p.since = began(pid);
		if (holds(environ_of(dirfd(d), entry->d_name, buf, sizeof(buf)),
			mark) &&
		    is_here(dirfd(d), entry->d_name))
			join(k, p);
	}
	if (d != NULL)
		closedir(d);
}

/* The first that is there after ms; 0: all are gone. */
static pid_t
await(struct pack *k, int ms)
{
	uint64_t at = pd_clock_ms(CLOCK_MONOTONIC), end = at + (unsigned)ms;
	pid_t left;

	do {
		int rc = poll(k->fds, k->n, at < end ? (int)(end - at) : 0);

		left = 0;
		for (size_t i = 0; i < k->n; i++) {
			struct pollfd *p = &k->fds[i];

			if (p->fd >= 0 && rc > 0 && p->revents != 0) {
				close(p->fd);
				p->fd = -1;
				(void)waitpid(k->pids[i], NULL, WNOHANG);
			}
			if (p->fd >= 0 && left == 0)
				left = k->pids[i];
		}
		at = pd_clock_ms(CLOCK_MONOTONIC);
	} while (left != 0 && at < end);
	return left;
}

static void
tell(const struct pack *k, int signo)
{
	for (size_t i = 0; i < k->n; i++) {
		if (k->fds[i].fd >= 0)
			(void)pidfd_send_signal(k->fds[i].fd, signo, NULL, 0);
	}
}

/* ms: that they have to end by themselves. */
static int
end_pack(struct gw_system *sys, struct pack *k, int ms)
{
	pid_t left;

	tell(k, SIGTERM);
	left = await(k, ms);
	if (left != 0) {
		tell(k, SIGKILL);
		left = await(k, KILL_MS);
	}
	for (size_t i = 0; i < k->n; i++) {
		if (k->fds[i].fd >= 0)
			close(k->fds[i].fd);
	}
	return left == 0 ? 0
			 : gw_fail(sys, "process %d does not end", (int)left);
}

/*
 * All that have the mark, and those of the pack. What these start while they
 * are told to end has no time of its own. out: a line for each; NULL: none.
 */
static int
end_all(struct gw_system *sys, struct pack *k, const char *mark, FILE *out)
{
	int ms = TERM_MS;

	for (int round = 0; round < ROUNDS; round++, ms = 0) {
		if (mark != NULL)
			gather(k, mark);
		if (k->n == 0)
			return 0;
		for (size_t i = 0; out != NULL && i < k->n; i++)
			fprintf(out, "kill %d\n", (int)k->pids[i]);
		if (end_pack(sys, k, ms) < 0)
			return -1;
		k->n = 0;
	}
	return gw_fail(sys, "processes of the gateway start faster than they "
			    "end");
}

/* p: it, where that is known; and what it started, or all when nothing was
 * noted. */
static int
end_child(struct gw_system *sys, const char *name, struct process p)
{
	char *path = file_of(sys, name, "pid"), *mark = mark_of(sys, name);
	struct pack k = { .n = 0 };
	int rc;

	join(&k, p);
	rc = end_all(sys, &k, mark, NULL);
	if (rc == 0)
		(void)unlink(path);
	free(mark);
	free(path);
	return rc;
}

int
gw_child_stop(struct gw_system *sys, const char *name)
{
	uint64_t mark;

	return end_child(sys, name, find(sys, name, &mark));
}

/* The run directory may be lost, and the token with it: whoever says that he is
 * ours is ended. If he will not hear, that costs all of them one TERM_MS. */
int
gw_child_stop_all(struct gw_system *sys, FILE *out)
{
	struct pack k = { .n = 0 };
	char mark[64];

	snprintf(mark, sizeof(mark), "PARED_GATEWAY=%s", sys->name);
	return end_all(sys, &k, mark, out);
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
