/*
 * Programs of others: children begin here (child.h), and nft, modprobe and
 * swanctl are run to their end. By an argument vector and in a clean
 * environment, so that neither a shell nor the caller's PATH, LD_* or locale
 * has a say.
 */
#include "system.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"

#define PATH          "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define TIMEOUT_MS    20000
#define OUTPUT_MAX    ((size_t)1 << 20)
#define COMPLAINT_MAX ((size_t)4096)
#define ENV_MAX       32

/* What a program writes into one of its pipes. */
struct sink {
	int fd;
	char *text;
	size_t len, cap, most;
	bool over; /* more than most came; the rest is dropped */
};

char *
gw_program(const char *name)
{
	struct pd_str rest = PD_STR(PATH);
	struct stat st;
	char *path;

	while (rest.n > 0) {
		struct pd_str dir = pd_str_split(&rest, ':');

		if (asprintf(&path, "%.*s/%s", PD_STR_ARG(dir), name) < 0)
			abort();
		if (access(path, X_OK) == 0 && stat(path, &st) == 0 &&
		    S_ISREG(st.st_mode))
			return path;
		free(path);
	}
	return NULL;
}

/* The input as a file: a program that ends without reading it is no SIGPIPE. */
static int
open_input(const char *input)
{
	int fd;

	if (input == NULL)
		return open("/dev/null", O_RDONLY | O_CLOEXEC);
	fd = memfd_create("input", MFD_CLOEXEC);
	if (fd >= 0 && (pd_io_write(fd, input, strlen(input)) < 0 ||
			   lseek(fd, 0, SEEK_SET) < 0)) {
		close(fd);
		return -1;
	}
	return fd;
}

int
gw_spawn(const struct gw_spawn *s, pid_t *pid)
{
	char *env[ENV_MAX] = { "PATH=" PATH, "LC_ALL=C" };
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t none, all;
	int rc = 0;

	for (size_t i = 0, n = 2; s->env != NULL && s->env[i] != NULL; i++) {
		if (n + 1 == ENV_MAX)
			return E2BIG;
		env[n++] = (char *)(uintptr_t)s->env[i];
	}
	sigemptyset(&none);
	sigfillset(&all);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSID |
					    POSIX_SPAWN_SETSIGMASK |
					    POSIX_SPAWN_SETSIGDEF);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setsigdefault(&attr, &all);
	posix_spawn_file_actions_init(&files);
	for (int i = 0; i < 3 && rc == 0; i++)
		rc = posix_spawn_file_actions_adddup2(&files, s->fds[i], i);
	if (rc == 0)
		rc = posix_spawn_file_actions_addclosefrom_np(&files, 3);
	if (rc == 0 && s->cwd != NULL)
		rc = posix_spawn_file_actions_addchdir_np(&files, s->cwd);
	if (rc == 0)
		rc = posix_spawn(pid, s->path, &files, &attr,
		    (char *const *)(uintptr_t)s->argv, env);
	posix_spawn_file_actions_destroy(&files);
	posix_spawnattr_destroy(&attr);
	return rc;
}

/* Takes what is there; closes at the end. */
static void
drain(struct sink *s)
{
	char buf[8192];

	while (s->fd >= 0) {
		ssize_t n = read(s->fd, buf, sizeof(buf));
		size_t take;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		if (n <= 0) {
			close(s->fd);
			s->fd = -1;
			return;
		}
		take = (size_t)n;
		if (take > s->most - s->len) {
			take = s->most - s->len;
			s->over = true;
		}
		if (s->len + take >= s->cap) {
			s->cap = 2 * (s->len + take + 1);
			s->text = pd_xrealloc(s->text, s->cap);
		}
		memcpy(s->text + s->len, buf, take);
		s->len += take;
	}
}

static char *
sink_text(struct sink *s)
{
	drain(s);
	if (s->fd >= 0)
		close(s->fd);
	s->text = pd_xrealloc(s->text, s->len + 1);
	s->text[s->len] = '\0';
	return s->text;
}

/*
 * Until the program has ended, which is not when its pipes are closed: a child
 * that it left behind may hold them for ever. False: not within the time.
 */
static bool
listen_to(int pidfd, struct sink *out, struct sink *err, int timeout_ms)
{
	uint64_t end =
	    pd_clock_ms(CLOCK_MONOTONIC) + (uint64_t)(unsigned)timeout_ms;

	for (;;) {
		struct pollfd p[] = {
			{ .fd = pidfd, .events = POLLIN },
			{ .fd = out->fd, .events = POLLIN },
			{ .fd = err->fd, .events = POLLIN },
		};
		uint64_t at = pd_clock_ms(CLOCK_MONOTONIC);

		if (out->over || at >= end)
			return false;
		if (poll(p, 3, (int)(end - at)) < 0 && errno != EINTR)
			return false;
		drain(out);
		drain(err);
		if (p[0].revents != 0)
			return true;
	}
}

/* A last word of our own; what the program still has to say comes too late. */
static void
complain(struct sink *err, const char *what)
{
	size_t n = strlen(what);

	if (err->fd >= 0)
		close(err->fd);
	err->fd = -1;
	err->text = pd_xrealloc(err->text, err->len + n + 1);
	memcpy(err->text + err->len, what, n);
	err->len += n;
}

static void
watch(struct gw_run *r, pid_t pid, struct sink *out, struct sink *err)
{
	int pidfd = pidfd_open(pid, 0), wstatus = 0;
	bool ended =
	    pidfd >= 0 && listen_to(pidfd, out, err,
			      r->timeout_ms > 0 ? r->timeout_ms : TIMEOUT_MS);

	if (!ended)
		kill(-pid, SIGKILL);
	while (waitpid(pid, &wstatus, 0) < 0 && errno == EINTR)
		;
	if (pidfd >= 0)
		close(pidfd);
	if (!ended)
		complain(err,
		    out->over ? "it wrote too much" : "it did not end in time");
	r->status =
	    WIFEXITED(wstatus) ? WEXITSTATUS(wstatus) : 128 + WTERMSIG(wstatus);
}

/* 0, or an errno. */
static int
run(struct gw_run *r, const char *path, struct sink *out, struct sink *err)
{
	int in = open_input(r->input), o[2] = { -1, -1 }, e[2] = { -1, -1 };
	struct gw_spawn s = { .path = path, .argv = r->argv, .env = r->env };
	int rc = 0;
	pid_t pid;

	if (in < 0 || pipe2(o, O_CLOEXEC) < 0 || pipe2(e, O_CLOEXEC) < 0)
		rc = errno;
	s.fds[0] = in;
	s.fds[1] = o[1];
	s.fds[2] = e[1];
	if (rc == 0)
		rc = gw_spawn(&s, &pid);
	if (in >= 0)
		close(in);
	if (o[1] >= 0)
		close(o[1]);
	if (e[1] >= 0)
		close(e[1]);
	out->fd = o[0];
	err->fd = e[0];
	if (rc == 0) {
		fcntl(out->fd, F_SETFL, O_NONBLOCK);
		fcntl(err->fd, F_SETFL, O_NONBLOCK);
		watch(r, pid, out, err);
	}
	return rc;
}

int
gw_run(struct gw_run *r)
{
	struct sink out = { .fd = -1,
		.most = r->most > 0 ? r->most : OUTPUT_MAX };
	struct sink err = { .fd = -1, .most = COMPLAINT_MAX };
	char *path = strchr(r->argv[0], '/') != NULL ? pd_xstrdup(r->argv[0])
						     : gw_program(r->argv[0]);
	int rc = path == NULL ? ENOENT : run(r, path, &out, &err);

	free(path);
	if (rc != 0) {
		r->status = 127;
		complain(
		    &err, rc == ENOENT ? "it is not installed" : strerror(rc));
	}
	r->output = sink_text(&out);
	r->complaints = sink_text(&err);
	return r->status == 0 ? 0 : -1;
}

/* The program's own words, in one line. */
static void
flatten(char *text)
{
	size_t n = 0;

	for (const char *p = text; *p != '\0'; p++) {
		bool blank = (unsigned char)*p <= ' ' || *p == 0x7f;

		if (!blank)
			text[n++] = *p;
		else if (n > 0 && text[n - 1] != ' ')
			text[n++] = ' ';
	}
	while (n > 0 && text[n - 1] == ' ')
		n--;
	text[n] = '\0';
}

int
gw_run_or_fail(struct gw_system *sys, struct gw_run *r)
{
	if (gw_run(r) == 0)
		return 0;
	flatten(r->complaints);
	if (r->complaints[0] != '\0')
		return gw_fail(sys, "%s: %s", r->argv[0], r->complaints);
	return gw_fail(sys, "%s ended with status %d", r->argv[0], r->status);
}
