/*
 * pared-gateway try and keep: up, and back again unless somebody confirms.
 *
 * Who tries rules over the connection that the rules may cut has nobody left to
 * undo them. So a guard of its own session starts before anything is done, and
 * goes back at the deadline, whatever becomes of the terminal and of us. A file
 * in the run directory is the trial: who removes it first has decided. The
 * guard removes it at the deadline, `keep` before. A later trial's file has the
 * same name and is another file.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "apply.h"
#include "base/arena.h"
#include "base/clock.h"
#include "cmd.h"

#define LEAST_S 5
#define MOST_S  86400
#define LOOK_MS 100    /* between two looks at the file */
#define TAKE_MS 600000 /* that the guard waits for the locks */
#define KEPT    0      /* the guard's exit status */
#define WENT    1
#define STUCK   2
#define SERVED  3

static const char try_usage[] =
    "usage: pared-gateway try SECONDS [-c FILE]\n"
    "\n"
    "`up`, and after so many seconds (5 to 86400) back to what was in force\n"
    "before, unless you type \"keep\", or say so from another shell:\n"
    "\n"
    "  pared-gateway keep -c FILE\n"
    "\n"
    "It goes back even when this terminal dies meanwhile. Ctrl-C goes back at\n"
    "once.\n";

static const char keep_usage[] = "usage: pared-gateway keep [-c FILE]\n"
				 "\n"
				 "Confirms what `try` did: it stays.\n";

static char *
trial_file(const struct gw_system *sys)
{
	return gw_system_path(sys, "try");
}

static int64_t
clock_ms(void)
{
	return (int64_t)pd_clock_ms(CLOCK_MONOTONIC);
}

/* ---- the guard ---------------------------------------------------------- */

struct guard {
	const struct gw_config *conf;
	char *file;
	int trial;    /* the same, open: our trial, whoever has the name */
	int parent;   /* a pidfd */
	char *before; /* what was in force; NULL: nothing */
	int64_t ms;
};

static bool
is_undecided(const struct guard *g)
{
	struct stat st;

	return fstat(g->trial, &st) == 0 && st.st_nlink > 0;
}

/* Whether it was us. The guard asks while somebody has the locks, without which
 * nobody begins another trial: so what has the name is ours. */
static bool
decide(const struct guard *g)
{
	return is_undecided(g) && unlink(g->file) == 0;
}

/*
 * Until the deadline, or the file is gone. USR2: all is up, and the time counts
 * from here. USR1: back at once.
 */
static void
wait_for_end(const struct guard *g)
{
	struct timespec look = { .tv_nsec = LOOK_MS * 1000000L };
	int64_t end = clock_ms() + g->ms;
	sigset_t wake;
	int got;

	sigemptyset(&wake);
	sigaddset(&wake, SIGUSR1);
	sigaddset(&wake, SIGUSR2);
	while (clock_ms() < end && is_undecided(g)) {
		got = sigtimedwait(&wake, NULL, &look);
		if (got == SIGUSR1)
			return;
		if (got == SIGUSR2)
			end = clock_ms() + g->ms;
	}
}

static int
go_back(const struct guard *g)
{
	struct timespec look = { .tv_nsec = LOOK_MS * 1000000L };
	struct gw_begin how = { .quiet = true };
	int64_t end = clock_ms() + TAKE_MS;
	struct gw_engine e;
	int rc;

	/* A Ctrl-Z in the middle of `up` holds them for ever. */
	(void)pidfd_send_signal(g->parent, SIGCONT, NULL, 0);
	/* Who starts the service meanwhile has decided. */
	while ((rc = gw_engine_begin_with(&e, g->conf, &how)) < 0 &&
	       !how.holder.serves && is_undecided(g) && clock_ms() < end)
		nanosleep(&look, NULL);
	if (rc < 0) {
		if (!decide(g))
			return KEPT;
		if (how.holder.serves)
			return SERVED;
		fprintf(stderr, "pared-gateway: %s\n", how.why);
		return STUCK;
	}
	if (!decide(g)) {
		gw_engine_end(&e);
		return KEPT;
	}
	rc = gw_apply_text(&e, g->before);
	gw_engine_end(&e);
	return rc < 0 ? STUCK : WENT;
}

/* Nothing of the terminal is left to it: its messages go into a log. */
static void
detach(const struct guard *g)
{
	char *log;
	int fd;

	(void)setsid();
	if (asprintf(&log, "%s.log", g->file) < 0)
		abort();
	fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (fd >= 0)
		(void)dup2(fd, STDIN_FILENO);
	fd = open(log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd >= 0) {
		(void)dup2(fd, STDOUT_FILENO);
		(void)dup2(fd, STDERR_FILENO);
	}
	free(log);
}

/* HUP, INT and TERM are held back since before the fork, and stay so: whoever
 * wants this to end confirms. */
static _Noreturn void
guard(const struct guard *g)
{
	detach(g);
	wait_for_end(g);
	_exit(go_back(g));
}

/* ---- who is in front of the terminal ------------------------------------ */

/* A word on standard input. 1: "keep"; 0: another; -1: no more will come. */
static int
read_word(void)
{
	char buf[64];
	ssize_t n = read(STDIN_FILENO, buf, sizeof(buf) - 1);

	if (n <= 0)
		return -1;
	buf[n] = '\0';
	buf[strcspn(buf, "\r\n")] = '\0';
	if (strcmp(buf, "keep") == 0)
		return 1;
	fputs("type keep, or Ctrl-C to go back\n", stderr);
	return 0;
}

static volatile sig_atomic_t stopped;

static void
on_stop(int signo)
{
	(void)signo;
	stopped = 1;
}

/* The guard's exit status. */
static int
attend(pid_t pid, const struct guard *g)
{
	struct pollfd fds[2] = {
		{ .fd = pidfd_open(pid, 0), .events = POLLIN },
		{ .fd = STDIN_FILENO, .events = POLLIN },
	};
	struct sigaction stop = { .sa_handler = on_stop };
	int status;

	sigaction(SIGINT, &stop, NULL);
	sigaction(SIGTERM, &stop, NULL);
	while (fds[0].fd >= 0 && fds[0].revents == 0) {
		if (poll(fds, 2, 1000) < 0 && errno != EINTR)
			break;
		if (stopped) {
			(void)kill(pid, SIGUSR1);
			fds[1].fd = -1;
			stopped = 0;
		}
		if (fds[1].fd >= 0 && fds[1].revents != 0) {
			int word = read_word();

			if (word == 1)
				(void)decide(g);
			/* No confirmation, and no reason to go back. */
			if (word < 0)
				fds[1].fd = -1;
		}
	}
	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return STUCK;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : STUCK;
}

static int
tell_end(int how, const struct gw_config *c)
{
	switch (how) {
	case KEPT:
		if (gw_is_up(c)) {
			puts("kept");
			return GW_OK;
		}
		fputs("pared-gateway: somebody took it down\n", stderr);
		return GW_FAIL;
	case WENT:
		fputs("pared-gateway: went back to what was before\n", stderr);
		return GW_FAIL;
	case SERVED:
		fputs("pared-gateway: the service has it by now, so nothing "
		      "goes back\n",
		    stderr);
		return GW_FAIL;
	default:
		fprintf(stderr,
		    "pared-gateway: could not go back; see %s/gateway-%s/"
		    "try.log, and: pared-gateway down\n",
		    c->run_dir, c->name);
		return GW_FAIL;
	}
}

/* The guard is there before the first step is done. */
static pid_t
start_guard(struct gw_engine *e, struct guard *g)
{
	sigset_t calls, before;
	pid_t pid;

	g->trial = open(g->file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	g->parent = pidfd_open(getpid(), 0);
	if (g->trial < 0 || g->parent < 0) {
		fprintf(stderr, "pared-gateway: %s: %s\n", g->file,
		    errno == EEXIST ? "a trial is under way already"
				    : strerror(errno));
		if (g->trial >= 0)
			(void)unlink(g->file);
		return -1;
	}
	/* Not one of them may come before the guard waits for it. */
	sigemptyset(&calls);
	sigaddset(&calls, SIGUSR1);
	sigaddset(&calls, SIGUSR2);
	sigprocmask(SIG_BLOCK, &calls, &before);
	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		/* The locks are the parent's alone. */
		gw_lock_drop(&e->lock);
		guard(g);
	}
	sigprocmask(SIG_SETMASK, &before, NULL);
	if (pid < 0)
		(void)unlink(g->file);
	return pid;
}

static int
hold_trial(struct gw_engine *e, const struct gw_plan *p, int64_t seconds)
{
	struct guard g = {
		.conf = p->conf,
		.file = trial_file(&e->sys),
		.trial = -1,
		.parent = -1,
		.before = gw_applied(e),
		.ms = seconds * 1000,
	};
	bool was_up = e->journal.n > 0;
	pid_t pid = -1;
	int rc = GW_FAIL;

	if (was_up && g.before == NULL)
		fputs("pared-gateway: what is in force is not known, so there "
		      "is no way back; first: pared-gateway up\n",
		    stderr);
	else
		pid = start_guard(e, &g);
	if (pid > 0 && gw_apply(e, p) < 0) {
		(void)unlink(g.file);
		(void)waitpid(pid, NULL, 0);
		pid = -1;
	}
	/* The guard must be able to take the locks. */
	gw_engine_end(e);
	if (pid > 0) {
		(void)kill(pid, SIGUSR2);
		printf("up, for %lld seconds. Does all still work? Then type: "
		       "keep\n",
		    (long long)seconds);
		fflush(stdout);
		rc = tell_end(attend(pid, &g), p->conf);
	}
	if (g.trial >= 0)
		close(g.trial);
	if (g.parent >= 0)
		close(g.parent);
	free(g.before);
	free(g.file);
	return rc;
}

int
gw_cmd_try(const struct gw_plan *p, int argc, char **argv)
{
	const struct pd_cmd_option options[] = { { 0 } };
	struct pd_cmd_line line = { "try", try_usage, options, .most = 1 };
	int rc = pd_cmd_parse(&line, argc, argv);
	struct gw_engine e;
	int64_t seconds;

	if (rc != PD_CMD_GO)
		return rc;
	if (line.nwords == 0 ||
	    pd_str_u63(pd_str_z(line.words[0]), &seconds) < 0 ||
	    seconds < LEAST_S || seconds > MOST_S)
		return pd_cmd_wrong(
		    &line, "for how many seconds? %d to %d", LEAST_S, MOST_S);
	if (p == NULL)
		return rc;
	gw_cmd_notes(p);
	if (gw_engine_begin(&e, p->conf) < 0)
		return GW_FAIL;
	return pd_cmd_end(hold_trial(&e, p, seconds));
}

int
gw_cmd_keep(const struct gw_plan *p, int argc, char **argv)
{
	const struct pd_cmd_option options[] = { { 0 } };
	struct pd_cmd_line line = { "keep", keep_usage, options, .most = 0 };
	int rc = pd_cmd_parse(&line, argc, argv);
	struct gw_system sys;
	char *file;

	if (rc != PD_CMD_GO || p == NULL)
		return rc;
	gw_system_of(&sys, p->conf);
	file = trial_file(&sys);
	rc = unlink(file) < 0 ? GW_FAIL : GW_OK;
	if (rc == GW_OK)
		puts("kept");
	else
		fprintf(stderr, "pared-gateway: %s\n",
		    errno == ENOENT   ? "no trial is under way"
		    : errno == EACCES ? "not permitted; be root"
				      : strerror(errno));
	gw_system_finish(&sys);
	free(file);
	return pd_cmd_end(rc);
}
