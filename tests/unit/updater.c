/*
 * The daemon's part: when a child is started, what it is told, and what its
 * end leads to. The child is a shell script.
 */
#include "updater.h"

#include <event2/event.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/conf.h"
#include "base/log.h"

static struct {
	struct event_base *base;
	struct pd_conf *conf;
	struct pd_updater *updater;
	char dir[64], script[96];
	unsigned changed;
	bool destroys; /* in changed() */
} t;

static void
on_changed(void *arg)
{
	assert_ptr_equal(arg, &t);
	t.changed++;
	if (t.destroys) {
		pd_updater_destroy(t.updater);
		t.updater = NULL;
	}
}

static void
run_ms(unsigned ms)
{
	struct timeval tv = { ms / 1000, ms % 1000 * 1000 };

	event_base_loopexit(t.base, &tv);
	event_base_loop(t.base, EVLOOP_NO_EXIT_ON_EMPTY);
}

/* The child: $D is the folder; how often it ran stands in $D/runs. */
static void
write_script(const char *body)
{
	FILE *f = fopen(t.script, "w");

	assert_non_null(f);
	fprintf(f, "#!/bin/sh\nD=%s\necho x >>$D/runs\n%s\n", t.dir, body);
	fclose(f);
	chmod(t.script, 0700);
}

static size_t
size_of(const char *name)
{
	char path[128];
	struct stat st;

	snprintf(path, sizeof(path), "%s/%s", t.dir, name);
	return stat(path, &st) == 0 ? (size_t)st.st_size : 0;
}

static size_t
runs(void)
{
	return size_of("runs") / 2;
}

/* Until the child has run n times and what the last said has arrived. */
static void
wait_runs(size_t n)
{
	for (int i = 0; i < 1000 && runs() < n; i++)
		run_ms(10);
	assert_int_equal(runs(), n);
}

static void
wait_changed(void)
{
	for (int i = 0; i < 1000 && t.changed == 0; i++)
		run_ms(10);
	assert_int_equal(t.changed, 1);
}

/* A note that says when the list was looked at, and until when it is good. */
static void
write_meta(int64_t checked, int64_t expires)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/easy.meta", t.dir);
	f = fopen(path, "w");
	fprintf(f, "{\"url\":\"%s\",\"checked\":%lld,\"expires\":%lld}",
	    t.conf->sources[0].url, (long long)checked, (long long)expires);
	fclose(f);
}

static void
start(void)
{
	t.updater = pd_updater_create(t.base, t.conf, on_changed, &t);
	assert_non_null(t.updater);
	pd_updater_set_program(t.updater, t.script);
}

static void
report_line(void *arg, bool error, const char *text)
{
	(void)arg;
	if (error)
		fail_msg("%s", text);
}

static int
setup(void **state)
{
	struct pd_conf_report report = { report_line, NULL };

	(void)state;
	memset(&t, 0, sizeof(t));
	snprintf(t.dir, sizeof(t.dir), "/tmp/pared-test-updater-XXXXXX");
	assert_non_null(mkdtemp(t.dir));
	snprintf(t.script, sizeof(t.script), "%s/child", t.dir);
	t.base = event_base_new();
	t.conf = pd_conf_load(NULL, NULL, 0, false, &report);
	t.conf->path = strdup("/etc/pared/some.conf");
	free(t.conf->lists_directory);
	t.conf->lists_directory = strdup(t.dir);
	t.conf->lists_update_ms = 2000;
	t.conf->sources = calloc(1, sizeof(*t.conf->sources));
	t.conf->nsources = 1;
	t.conf->sources[0].name = strdup("easy");
	t.conf->sources[0].url = strdup("https://lists.example/easy.txt");
	return 0;
}

static int
teardown(void **state)
{
	char command[128];

	(void)state;
	pd_updater_destroy(t.updater);
	pd_conf_unref(t.conf);
	event_base_free(t.base);
	/* No child is left, alive or not. */
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	snprintf(command, sizeof(command), "rm -rf %s", t.dir);
	return system(command); // NOLINT
}

/* A list that is not there yet is fetched at once; what came is told. */
static void
test_new_list(void **state)
{
	(void)state;
	write_script("echo \"$*\" >$D/args; echo '||a^' >$D/easy.list\n"
		     "echo easy: new; sleep 5 & exit 0");
	start();
	wait_changed();
	assert_int_equal(runs(), 1);
	/* "lists update --quiet -c /etc/pared/some.conf\n" */
	assert_int_equal(size_of("args"), 45);
}

/* The same file again: nobody is told. */
static void
test_same_list(void **state)
{
	(void)state;
	write_script("[ -e $D/easy.list ] || echo '||a^' >$D/easy.list");
	t.conf->lists_update_ms = 100;
	start();
	for (size_t n = 1; n <= 3; n++)
		wait_runs(n);
	run_ms(50);
	assert_int_equal(t.changed, 1);
}

/* changed() may end it, as a reload does. */
static void
test_destroyed(void **state)
{
	(void)state;
	t.destroys = true;
	write_script("date >$D/easy.list");
	start();
	wait_changed();
	assert_null(t.updater);
}

static void
test_not_due(void **state)
{
	time_t now = time(NULL);

	(void)state;
	write_script("");
	/* Long ago, but its Expires has not passed. */
	t.conf->lists_update_ms = 200;
	write_meta(now - 1000, now + 3600);
	start();
	run_ms(400);
	assert_int_equal(runs(), 0);
	pd_updater_destroy(t.updater);
	/* Expired, but lists.update asks for it seldom. */
	t.conf->lists_update_ms = 3600 * 1000;
	write_meta(now - 1000, now - 500);
	start();
	run_ms(400);
	assert_int_equal(runs(), 0);
	pd_updater_destroy(t.updater);
	/* Both have passed. */
	t.conf->lists_update_ms = 2000;
	start();
	wait_runs(1);
	pd_updater_destroy(t.updater);
	/* Of another address it says nothing. */
	write_meta(now, now + 3600);
	free(t.conf->sources[0].url);
	t.conf->sources[0].url = strdup("https://lists.example/other.txt");
	start();
	wait_runs(2);
}

/* What fails is tried again, though not at once. */
static void
test_failing(void **state)
{
	(void)state;
	write_script("exit 1");
	start();
	wait_runs(1);
	run_ms(500);
	assert_int_equal(runs(), 1);
	wait_runs(2);
	assert_int_equal(t.changed, 0);
}

static void
test_no_program(void **state)
{
	(void)state;
	t.conf->lists_update_ms = 100;
	start();
	pd_updater_set_program(t.updater, "/nowhere/pared");
	run_ms(300);
	assert_int_equal(t.changed, 0);
}

/* A child that hangs does not keep the daemon from ending. */
static void
test_child_hangs(void **state)
{
	char command[128];

	(void)state;
	write_script("trap '' TERM; sleep 60 >/dev/null 2>&1 </dev/null &\n"
		     "echo $! >$D/pid; wait; wait");
	start();
	for (int i = 0; i < 1000 && size_of("pid") == 0; i++)
		run_ms(10);
	pd_updater_destroy(t.updater);
	t.updater = NULL;
	snprintf(command, sizeof(command), "kill $(cat %s/pid)", t.dir);
	assert_int_equal(system(command), 0); // NOLINT
}

/* Much output, in odd lines, is taken and does not stop the child. */
static void
test_output(void **state)
{
	(void)state;
	pd_log_set_level(PD_LOG_ERROR);
	write_script("head -c 300000 /dev/zero | tr '\\0' 'a'\n"
		     "printf 'x\\001\\n\\n'; echo '||a^' >$D/easy.list");
	start();
	wait_changed();
	pd_log_set_level(PD_LOG_INFO);
}

/* When there is nothing to do there is no updater. */
static void
test_none(void **state)
{
	(void)state;
	t.conf->lists_update_ms = 0;
	assert_null(pd_updater_create(t.base, t.conf, on_changed, &t));
	t.conf->lists_update_ms = 200;
	t.conf->sources[0].off = true;
	assert_null(pd_updater_create(t.base, t.conf, on_changed, &t));
	t.conf->sources[0].off = false;
	free(t.conf->sources[0].url);
	t.conf->sources[0].url = strdup("file:/etc/hosts");
	assert_null(pd_updater_create(t.base, t.conf, on_changed, &t));
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_new_list),
		TEST(test_same_list),
		TEST(test_destroyed),
		TEST(test_not_due),
		TEST(test_failing),
		TEST(test_no_program),
		TEST(test_child_hangs),
		TEST(test_output),
		TEST(test_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
