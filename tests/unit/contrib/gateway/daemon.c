#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/arena.h"
#include "child.h"
#include "engine.h"

static char dir[] = "/tmp/pared-daemon-XXXXXX";
static struct gw_system sys;
static const struct gw_kind *const kind = &gw_kind_daemon;

void
gw_fault(const char *where)
{
	(void)where;
}

/* A shell of the test's own words, never of a file's. */
static struct gw_step *
daemon_step(const char *script, const char *ready)
{
	struct gw_step *s = pd_arena_zalloc(sys.arena, sizeof(*s));

	s->kind = kind;
	s->nkeys = 1;
	s->args = pd_arena_zalloc(sys.arena, GW_ARGS_MAX * sizeof(*s->args));
	gw_step_set(s, sys.arena, "name", "child");
	if (ready != NULL)
		gw_step_set(s, sys.arena, "ready",
		    pd_arena_printf(sys.arena, "%s/%s", dir, ready).p);
	gw_step_set(s, sys.arena, "env", "COLOUR=blue");
	gw_step_set(s, sys.arena, "cwd", dir);
	gw_step_set(s, sys.arena, "argv0", "sh");
	gw_step_set(s, sys.arena, "argv1", "-c");
	gw_step_set(s, sys.arena, "argv2", script);
	return s;
}

static char *
read_in(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return gw_read_file(path);
}

static void
remove_in(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	(void)unlink(path);
}

static pid_t
pid_of_child(void)
{
	return gw_child_find(&sys, "child", NULL);
}

static void
expect_gone(pid_t pid)
{
	assert_int_equal(kill(pid, 0), -1);
	assert_int_equal(pid_of_child(), 0);
}

static void
started_known_and_ended(void **state)
{
	struct gw_step *s = daemon_step("touch ready; exec sleep 60", "ready");
	struct gw_step *other = daemon_step("exec sleep 61", NULL);
	pid_t pid;

	(void)state;
	assert_int_equal(kind->probe(&sys, s), GW_MISSING);
	assert_int_equal(kind->make(&sys, s), 0);
	pid = pid_of_child();
	assert_true(pid > 0);
	assert_int_equal(getsid(pid), pid);
	assert_int_equal(kind->probe(&sys, s), GW_AS_PLANNED);
	/* Of other words: started anew. */
	assert_int_equal(kind->probe(&sys, other), GW_DRIFTED);
	assert_int_equal(kind->undo(&sys, s), 0);
	expect_gone(pid);
	/* It had no time to remove what said that it serves. */
	assert_null(read_in("ready"));
	assert_int_equal(kind->probe(&sys, s), GW_MISSING);
	assert_int_equal(kind->undo(&sys, s), 0);
	remove_in("ready");
}

static void
nothing_of_ours_is_inherited(void **state)
{
	struct gw_step *s = daemon_step(
	    "echo words; echo more >&2; pwd; env | sort; ls /proc/self/fd | "
	    "wc -l; touch ready; cat; exec sleep 60",
	    "ready");
	int leak = open("/dev/null", O_RDONLY);
	sigset_t held;
	char *log, *status, path[64];

	(void)state;
	sigemptyset(&held);
	sigaddset(&held, SIGTERM);
	sigprocmask(SIG_BLOCK, &held, NULL);
	assert_int_equal(setenv("SECRET", "x", 1), 0);
	assert_int_equal(kind->make(&sys, s), 0);
	log = read_in("child.log");
	assert_non_null(strstr(log, "words\nmore\n"));
	assert_non_null(strstr(log, dir));
	assert_non_null(strstr(log, "COLOUR=blue\n"));
	assert_non_null(strstr(log, "PARED_GATEWAY=test\n"));
	assert_null(strstr(log, "SECRET"));
	/* 0, 1, 2 and the directory that is being read. */
	assert_non_null(strstr(log, "\n4\n"));
	snprintf(path, sizeof(path), "/proc/%d/status", pid_of_child());
	status = gw_read_file(path);
	assert_non_null(strstr(status, "SigBlk:\t0000000000000000"));
	assert_int_equal(kind->undo(&sys, s), 0);
	sigprocmask(SIG_UNBLOCK, &held, NULL);
	free(status);
	free(log);
	close(leak);
	remove_in("ready");
}

/* As on a full disk: the child ends, though nothing says which it is. */
static void
what_cannot_be_noted_does_not_run(void **state)
{
	struct gw_step *s = daemon_step("exec sleep 60", NULL);
	char path[128];

	(void)state;
	snprintf(path, sizeof(path), "%s/child.pid.pared-new", dir);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(kind->make(&sys, s), -1);
	assert_non_null(strstr(sys.why, "child.pid"));
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(rmdir(path), 0);
}

static void
death_at_once_is_told(void **state)
{
	struct gw_step *s = daemon_step("echo no such option; exit 3", "ready");

	(void)state;
	assert_int_equal(kind->make(&sys, s), -1);
	assert_non_null(
	    strstr(sys.why, "child has ended at once: no such option"));
	s = daemon_step("echo otherwise >&2; exit 3", NULL);
	assert_int_equal(kind->make(&sys, s), -1);
	assert_non_null(strstr(sys.why, "otherwise"));
	assert_int_equal(pid_of_child(), 0);
}

static void
what_is_not_installed_is_told(void **state)
{
	struct gw_step *s = daemon_step("", NULL);

	(void)state;
	gw_step_set(s, sys.arena, "argv0", "no-such-program-77");
	assert_int_equal(kind->make(&sys, s), -1);
	assert_string_equal(sys.why, "no-such-program-77 is not installed");
}

/* Another process has the number by now: it is not touched. */
static void
a_stranger_is_not_taken_for_it(void **state)
{
	struct gw_step *s = daemon_step("exec sleep 60", NULL);
	pid_t stranger = fork();
	char path[64], line[64];
	int status;

	(void)state;
	if (stranger == 0) {
		pause();
		_exit(0);
	}
	snprintf(path, sizeof(path), "%s/child.pid", dir);
	snprintf(line, sizeof(line), "%d 1 0\n", (int)stranger);
	assert_int_equal(gw_write_file(path, line, 0600), 0);
	assert_int_equal(kind->probe(&sys, s), GW_MISSING);
	assert_int_equal(kind->undo(&sys, s), 0);
	assert_int_equal(waitpid(stranger, &status, WNOHANG), 0);
	assert_int_equal(kill(stranger, SIGKILL), 0);
	waitpid(stranger, &status, 0);
}

/* It had ended when it was noted: its number may be anybody's. */
static void
the_dead_are_nobody(void **state)
{
	struct gw_step *s = daemon_step("exec sleep 60", NULL);
	pid_t dead = fork();
	char path[64], line[32];

	(void)state;
	if (dead == 0)
		_exit(0);
	assert_int_equal(waitpid(dead, NULL, 0), dead);
	snprintf(path, sizeof(path), "%s/child.pid", dir);
	snprintf(line, sizeof(line), "%d 0 0\n", (int)dead);
	assert_int_equal(gw_write_file(path, line, 0600), 0);
	assert_int_equal(kind->probe(&sys, s), GW_MISSING);
	remove_in("child.pid");
}

/* As after a crash between the start and the note of it. */
static void
found_without_its_note(void **state)
{
	struct gw_step *s = daemon_step("sleep 60 & exec sleep 60", NULL);
	pid_t pid;

	(void)state;
	assert_int_equal(kind->make(&sys, s), 0);
	pid = pid_of_child();
	remove_in("child.pid");
	assert_int_equal(kind->undo(&sys, s), 0);
	expect_gone(pid);
}

static void
its_own_children_go_with_it(void **state)
{
	struct gw_step *s = daemon_step(
	    "setsid sh -c 'echo $$ > inner; exec sleep 60' & "
	    "while [ ! -s inner ]; do sleep 0.01; done; touch ready; wait",
	    "ready");
	char *text;
	pid_t inner;

	(void)state;
	assert_int_equal(kind->make(&sys, s), 0);
	text = read_in("inner");
	inner = (pid_t)atoi(text);
	assert_true(inner > 0);
	assert_int_equal(kill(inner, 0), 0);
	assert_int_equal(kind->undo(&sys, s), 0);
	/* Nobody's child here: gone, or waiting for init to take note. */
	assert_int_equal(gw_child_find(&sys, "child", NULL), 0);
	free(text);
	remove_in("inner");
	remove_in("ready");
}

static void
swept_by_its_environment(void **state)
{
	struct gw_step *s = daemon_step("exec sleep 60", NULL);
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	pid_t pid;

	(void)state;
	assert_int_equal(kind->make(&sys, s), 0);
	pid = pid_of_child();
	assert_int_equal(kind->sweep(&sys, out), 0);
	fclose(out);
	assert_non_null(strstr(text, "kill "));
	expect_gone(pid);
	free(text);
}

/* Anybody can say that he is one of ours, and then not hear: he is not waited
 * for. */
static void
who_only_says_so_is_left_alone(void **state)
{
	struct gw_step *s = daemon_step("exec sleep 60", NULL);
	const char *const argv[] = { "sh", "-c", "trap '' TERM; exec sleep 60",
		NULL };
	const char *const env[] = { "PARED_GATEWAY=test",
		"PARED_GATEWAY_CHILD=child", NULL };
	struct gw_spawn liar = {
		.path = "/bin/sh", .argv = argv, .env = env, .fds = { 0, 1, 2 }
	};
	pid_t pid;

	(void)state;
	assert_int_equal(gw_spawn(&liar, &pid), 0);
	assert_int_equal(kind->make(&sys, s), 0);
	assert_int_equal(kind->undo(&sys, s), 0);
	assert_int_equal(waitpid(pid, NULL, WNOHANG), 0);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

/* The run directory was removed: nothing there says which process it is. */
static void
lost_with_the_run_directory(void **state)
{
	struct gw_step *s = daemon_step("exec sleep 60", NULL);
	pid_t lost;

	(void)state;
	assert_int_equal(kind->make(&sys, s), 0);
	lost = pid_of_child();
	assert_true(lost > 0);
	remove_in("child.pid");
	remove_in("token");
	assert_int_equal(kind->make(&sys, s), 0);
	assert_int_equal(kill(lost, 0), -1);
	assert_true(pid_of_child() > 0);
	assert_int_equal(kind->undo(&sys, s), 0);
}

static void
died_is_missing(void **state)
{
	struct gw_step *s =
	    daemon_step("echo last words; touch ready; exec sleep 60", "ready");
	struct timespec moment = { .tv_nsec = 10000000 };
	char *text;

	(void)state;
	assert_int_equal(kind->make(&sys, s), 0);
	assert_int_equal(kill(pid_of_child(), SIGKILL), 0);
	while (pid_of_child() != 0)
		nanosleep(&moment, NULL);
	assert_int_equal(kind->probe(&sys, s), GW_MISSING);
	assert_int_equal(kind->make(&sys, s), 0);
	/* What the dead one had said. */
	text = read_in("child.old.log");
	assert_string_equal(text, "last words\n");
	free(text);
	assert_int_equal(kind->undo(&sys, s), 0);
	remove_in("ready");
}

/*
 * Only those that were noted are: a process that somebody else here waits for
 * (the guard of `try`) keeps its status.
 */
static void
no_other_child_is_taken_note_of(void **state)
{
	struct gw_step *s = daemon_step("exec sleep 60", NULL);
	siginfo_t ended;
	pid_t pid = fork();
	int status;

	(void)state;
	if (pid == 0)
		_exit(7);
	assert_int_equal(
	    waitid(P_PID, (id_t)pid, &ended, WEXITED | WNOWAIT), 0);
	assert_int_equal(kind->make(&sys, s), 0);
	assert_int_equal(kind->undo(&sys, s), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(WEXITSTATUS(status), 7);
}

/* A log that grew is begun anew under the child, and its end is kept. */
static void
a_long_log_is_trimmed(void **state)
{
	struct gw_step *s = daemon_step(
	    "head -c 1200000 /dev/zero | tr '\\0' x; echo end; touch ready; "
	    "while ! test -e go; do sleep 0.01; done; echo after; touch done; "
	    "exec sleep 60",
	    "ready");
	const struct timespec moment = { .tv_nsec = 10 * 1000 * 1000 };
	char *text, path[128];
	size_t n;

	(void)state;
	assert_int_equal(kind->make(&sys, s), 0);
	gw_child_trim(&sys, "child");
	text = read_in("child.old.log");
	assert_non_null(text);
	n = strlen(text);
	assert_int_equal(n, 65536);
	assert_string_equal(text + n - 5, "xend\n");
	free(text);
	snprintf(path, sizeof(path), "%s/go", dir);
	close(open(path, O_CREAT | O_WRONLY, 0600));
	while ((text = read_in("done")) == NULL)
		nanosleep(&moment, NULL);
	free(text);
	/* Short now: stays as it is. */
	gw_child_trim(&sys, "child");
	text = read_in("child.log");
	assert_string_equal(text, "after\n");
	free(text);
	assert_int_equal(kind->undo(&sys, s), 0);
	remove_in("child.old.log");
	remove_in("ready");
	remove_in("done");
	remove_in("go");
}

static int
set_up(void **state)
{
	(void)state;
	if (mkdtemp(dir) == NULL)
		return -1;
	gw_system_init(&sys, "test", dir, dir);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	remove_in("child.log");
	remove_in("child.old.log");
	remove_in("child.pid");
	remove_in("token");
	gw_system_finish(&sys);
	return rmdir(dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(started_known_and_ended),
		cmocka_unit_test(nothing_of_ours_is_inherited),
		cmocka_unit_test(what_cannot_be_noted_does_not_run),
		cmocka_unit_test(death_at_once_is_told),
		cmocka_unit_test(what_is_not_installed_is_told),
		cmocka_unit_test(a_stranger_is_not_taken_for_it),
		cmocka_unit_test(the_dead_are_nobody),
		cmocka_unit_test(found_without_its_note),
		cmocka_unit_test(its_own_children_go_with_it),
		cmocka_unit_test(swept_by_its_environment),
		cmocka_unit_test(who_only_says_so_is_left_alone),
		cmocka_unit_test(lost_with_the_run_directory),
		cmocka_unit_test(died_is_missing),
		cmocka_unit_test(no_other_child_is_taken_note_of),
		cmocka_unit_test(a_long_log_is_trimmed),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
