#include "updater.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/log.h"
#include "update.h"

/* After the start of the daemon, at most, when a list is not there yet. */
#define FIRST_MS 10000
/* After a child, at least; doubled while it fails, up to lists.update. */
#define RETRY_MS (10 * 60 * 1000)
/* Of what there is to wait: many machines must not ask at the same second. */
#define JITTER_PART 10
#define JITTER_MS   (60 * 60 * 1000)
/* A child that takes longer is ended. */
#define CHILD_MS  (4 * 60 * 60 * 1000)
#define LINE_LEN  512
#define WAIT_MOST ((int64_t)7 * 24 * 3600 * 1000)

extern char **environ;

/* What a list's file was when it was looked at last. */
struct seen {
	dev_t dev;
	ino_t ino;
	off_t size;
	struct timespec changed;
};

struct pd_updater {
	struct event_base *base;
	const struct pd_conf *conf;
	void (*changed)(void *arg);
	void *arg;
	const char *program;
	struct event *due, *output, *chld, *late;
	struct seen *seen; /* one for each source */
	unsigned failures; /* in a row */
	bool ran;          /* a child was, whatever came of it */
	pid_t child;       /* 0: none */
	int out_fd;        /* its stdout and stderr; -1: none, or ended */
	char line[LINE_LEN];
	size_t line_len;
};

/* ---- which lists, and when --------------------------------------------- */

static bool
is_remote(const struct pd_conf_source *source)
{
	return !source->off && strncmp(source->url, "file:", 5) != 0 &&
	       strchr(source->url, ':') != NULL;
}

static struct seen
look(const struct pd_conf *conf, const struct pd_conf_source *source)
{
	char *path = source->off ? NULL : pd_update_path(conf, source);
	struct seen seen = { 0 };
	struct stat st;

	if (path != NULL && stat(path, &st) == 0) {
		seen = (struct seen){ .dev = st.st_dev,
			.ino = st.st_ino,
			.size = st.st_size,
			.changed = st.st_mtim };
	}
	free(path);
	return seen;
}

/* Looks at all files; whether one is another than before. */
static bool
look_again(struct pd_updater *u)
{
	bool other = false;

	for (size_t i = 0; i < u->conf->nsources; i++) {
		struct seen now = look(u->conf, &u->conf->sources[i]);
		const struct seen *was = &u->seen[i];

		other = other || now.dev != was->dev || now.ino != was->ino ||
			now.size != was->size ||
			now.changed.tv_sec != was->changed.tv_sec ||
			now.changed.tv_nsec != was->changed.tv_nsec;
		u->seen[i] = now;
	}
	return other;
}

/* Milliseconds until the first list is due; 0: one is, or is not there. */
static int64_t
until_due(const struct pd_updater *u)
{
	const struct pd_conf *conf = u->conf;
	int64_t least = WAIT_MOST, now = time(NULL);
	struct pd_arena *arena = pd_arena_create();

	for (size_t i = 0; i < conf->nsources; i++) {
		struct pd_update_meta m;
		int64_t at, left;

		if (!is_remote(&conf->sources[i]))
			continue;
		if (pd_update_meta(conf, &conf->sources[i], arena, &m) < 0 ||
		    m.checked > now) {
			least = 0;
			break;
		}
		at = m.checked + conf->lists_update_ms / 1000;
		if (m.expires > at)
			at = m.expires;
		left = at > now ? (at - now) * 1000 : 0;
		if (left < least)
			least = left;
	}
	pd_arena_destroy(arena);
	return least;
}

static int64_t
random_below(int64_t n)
{
	uint64_t r;

	if (n <= 0 || getrandom(&r, sizeof(r), GRND_NONBLOCK) != sizeof(r))
		return 0;
	return (int64_t)(r % (uint64_t)n);
}

static void
set_due(struct pd_updater *u, int64_t ms)
{
	struct timeval tv;

	tv.tv_sec = (time_t)(ms / 1000);
	tv.tv_usec = (suseconds_t)(ms % 1000 * 1000);
	event_add(u->due, &tv);
}

static void
plan(struct pd_updater *u)
{
	int64_t every = u->conf->lists_update_ms, wait = until_due(u), jitter;

	jitter =
	    every / JITTER_PART < JITTER_MS ? every / JITTER_PART : JITTER_MS;
	if (u->ran) {
		unsigned n = u->failures < 16 ? u->failures : 15;
		int64_t retry = (int64_t)RETRY_MS << n;

		if (retry > every)
			retry = every;
		if (wait < retry)
			wait = retry;
	} else if (wait == 0 && jitter > FIRST_MS) {
		jitter = FIRST_MS;
	}
	set_due(u, wait + random_below(jitter));
}

/* ---- the child --------------------------------------------------------- */

static void
log_line(struct pd_updater *u)
{
	if (u->line_len > 0)
		pd_log(
		    PD_LOG_INFO, 0, "lists: %.*s", (int)u->line_len, u->line);
	u->line_len = 0;
}

static void
take_output(struct pd_updater *u, const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (p[i] == '\n')
			log_line(u);
		else if (u->line_len < sizeof(u->line))
			u->line[u->line_len++] =
			    (unsigned char)p[i] < ' ' ? '?' : p[i];
	}
}

static void
close_output(struct pd_updater *u)
{
	if (u->output != NULL)
		event_free(u->output);
	u->output = NULL;
	if (u->out_fd >= 0)
		close(u->out_fd);
	u->out_fd = -1;
}

static void
on_output(evutil_socket_t fd, short what, void *arg)
{
	struct pd_updater *u = arg;
	char buf[4096];
	ssize_t n;

	(void)what;
	while ((n = read(fd, buf, sizeof(buf))) > 0)
		take_output(u, buf, (size_t)n);
	if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
		log_line(u);
		close_output(u);
	}
}

/* The child is gone. */
static void
conclude(struct pd_updater *u, int status)
{
	bool failed = !WIFEXITED(status) || WEXITSTATUS(status) != 0;

	u->child = 0;
	event_del(u->late);
	if (u->out_fd >= 0) /* what it said last */
		on_output(u->out_fd, 0, u);
	log_line(u);
	close_output(u);
	if (WIFSIGNALED(status))
		pd_log(PD_LOG_WARN, 0, "lists: the update was ended by %s",
		    strsignal(WTERMSIG(status)));
	else if (failed)
		pd_log(PD_LOG_WARN, 0,
		    "lists: the update failed in part (status %d)",
		    WEXITSTATUS(status));
	u->failures = failed ? u->failures + 1 : 0;
	plan(u);
	/* Last: it may destroy us. */
	if (look_again(u))
		u->changed(u->arg);
}

static void
on_child(evutil_socket_t signo, short what, void *arg)
{
	struct pd_updater *u = arg;
	int status;

	(void)signo;
	(void)what;
	/* Only ours: others have children, too. */
	if (u->child > 0 && waitpid(u->child, &status, WNOHANG) == u->child)
		conclude(u, status);
}

static void
on_late(evutil_socket_t fd, short what, void *arg)
{
	struct pd_updater *u = arg;

	(void)fd;
	(void)what;
	pd_log(PD_LOG_WARN, 0, "lists: the update takes too long and is ended");
	kill(u->child, SIGKILL);
}

/* 0 or an error number. */
static int
spawn_child(struct pd_updater *u, int out)
{
	char *argv[] = { (char *)(uintptr_t) "pared",
		(char *)(uintptr_t) "lists", (char *)(uintptr_t) "update",
		(char *)(uintptr_t) "--quiet", NULL, NULL, NULL };
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t none, all;
	int err;

	if (u->conf->path != NULL) {
		argv[4] = (char *)(uintptr_t) "-c";
		argv[5] = u->conf->path;
	}
	if (posix_spawn_file_actions_init(&files) != 0)
		return ENOMEM;
	if (posix_spawnattr_init(&attr) != 0) {
		posix_spawn_file_actions_destroy(&files);
		return ENOMEM;
	}
	sigemptyset(&none);
	sigfillset(&all);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setsigdefault(&attr, &all);
	posix_spawnattr_setflags(
	    &attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	err = posix_spawn_file_actions_addopen(
	    &files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	if (err == 0)
		err = posix_spawn_file_actions_adddup2(
		    &files, out, STDOUT_FILENO);
	if (err == 0)
		err = posix_spawn_file_actions_adddup2(
		    &files, out, STDERR_FILENO);
	if (err == 0)
		err = posix_spawn(
		    &u->child, u->program, &files, &attr, argv, environ);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&files);
	return err;
}

static void
on_due(evutil_socket_t fd, short what, void *arg)
{
	struct pd_updater *u = arg;
	struct timeval late = { CHILD_MS / 1000, 0 };
	int pipes[2], err;

	(void)fd;
	(void)what;
	u->ran = true;
	if (pipe2(pipes, O_CLOEXEC | O_NONBLOCK) < 0) {
		err = errno;
		goto fail;
	}
	/* The child's end blocks, as programs expect. */
	fcntl(pipes[1], F_SETFL, 0);
	err = spawn_child(u, pipes[1]);
	close(pipes[1]);
	if (err != 0) {
		close(pipes[0]);
		u->child = 0;
		goto fail;
	}
	u->out_fd = pipes[0];
	u->output =
	    event_new(u->base, u->out_fd, EV_READ | EV_PERSIST, on_output, u);
	if (u->output != NULL)
		event_add(u->output, NULL);
	event_add(u->late, &late);
	return;
fail:
	pd_log(PD_LOG_WARN, 0, "lists: cannot start the update: %s",
	    strerror(err));
	u->failures++;
	plan(u);
}

/* ---- life -------------------------------------------------------------- */

struct pd_updater *
pd_updater_create(struct event_base *base, const struct pd_conf *conf,
    void (*changed)(void *arg), void *arg)
{
	struct pd_updater *u;
	bool any = false;

	for (size_t i = 0; i < conf->nsources; i++)
		any = any || is_remote(&conf->sources[i]);
	if (!any || conf->lists_update_ms <= 0 || conf->lists_directory == NULL)
		return NULL;
	u = pd_xalloc(sizeof(*u));
	u->base = base;
	u->conf = conf;
	u->changed = changed;
	u->arg = arg;
	u->program = "/proc/self/exe";
	u->out_fd = -1;
	u->seen = pd_xalloc(conf->nsources * sizeof(*u->seen));
	look_again(u);
	u->due = event_new(base, -1, 0, on_due, u);
	u->late = event_new(base, -1, 0, on_late, u);
	u->chld = evsignal_new(base, SIGCHLD, on_child, u);
	if (u->due == NULL || u->late == NULL || u->chld == NULL)
		abort();
	event_add(u->chld, NULL);
	plan(u);
	return u;
}

void
pd_updater_destroy(struct pd_updater *u)
{
	if (u == NULL)
		return;
	if (u->child > 0) {
		kill(u->child, SIGKILL);
		while (waitpid(u->child, NULL, 0) < 0 && errno == EINTR)
			;
	}
	close_output(u);
	event_free(u->due);
	event_free(u->late);
	event_free(u->chld);
	free(u->seen);
	free(u);
}

void
pd_updater_set_program(struct pd_updater *u, const char *path)
{
	u->program = path;
}
