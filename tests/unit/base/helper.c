#include "base/helper.h"

#include <dirent.h>
#include <event2/event.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/ipc.h"
#include "base/stats.h"
#include "filters/image/job.h"

static struct event_base *base;
static struct pd_stats stats;
static struct pd_helper_pool *pool;

struct outcome {
	unsigned calls;
	enum pd_helper_result result;
	struct pd_job_answer answer;
};

static uint64_t
now_ms(void)
{
	return pd_job_now_ms();
}

static void
on_done(
    void *arg, enum pd_helper_result result, const void *answer, const int *fds)
{
	struct outcome *o = arg;

	o->calls++;
	o->result = result;
	if (result == PD_HELPER_DONE) {
		memcpy(&o->answer, answer, sizeof(o->answer));
		for (size_t i = 0; i < PD_IPC_FDS; i++)
			if (fds[i] >= 0)
				close(fds[i]);
	} else {
		assert_null(answer);
	}
	event_base_loopbreak(base);
}

static void
start_pool(const char *mode, unsigned processes, unsigned queue_max)
{
	const char *argv[] = { "fake", mode, NULL };
	const struct pd_helper_params params = {
		.base = base,
		.stats = &stats,
		.path = strcmp(mode, "missing") == 0 ? "/nonexistent"
						     : PD_TEST_FAKE_CODEC,
		.argv = argv,
		.processes = processes,
		.queue_max = queue_max,
		.ask_len = sizeof(struct pd_job_ask),
		.answer_len = sizeof(struct pd_job_answer),
	};

	memset(&stats, 0, sizeof(stats));
	pool = pd_helper_pool_create(&params);
}

static struct pd_helper_job *
submit(struct outcome *o, uint32_t deadline_ms)
{
	struct pd_job_ask ask = { .magic = PD_JOB_ASK,
		.in_len = 1000,
		.set.out_max = 900,
		.set.to_width = 10,
		.set.to_height = 10,
		.width = 10,
		.height = 10 };
	int fds[2] = { pd_ipc_memory("in", 1000), pd_ipc_memory("out", 900) };
	struct pd_helper_job *job;

	memset(o, 0, sizeof(*o));
	job = pd_helper_submit(pool, &ask, fds, 2, deadline_ms, on_done, o);
	assert_int_equal(o->calls, 0);
	return job;
}

static void
wait_for(const struct outcome *o)
{
	uint64_t until = now_ms() + 10000;

	while (o->calls == 0 && now_ms() < until)
		event_base_loop(base, EVLOOP_ONCE);
	assert_int_equal(o->calls, 1);
}

static void
turn_loop(unsigned ms)
{
	struct timeval tv = { ms / 1000, (ms % 1000) * 1000 };

	event_base_loopexit(base, &tv);
	event_base_dispatch(base);
}

static enum pd_helper_result
one_job(uint32_t deadline_ms)
{
	struct outcome o;

	submit(&o, deadline_ms);
	wait_for(&o);
	return o.result;
}

/* Children of this process, zombies too. */
static unsigned
children(void)
{
	char path[64], line[4096];
	unsigned n = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", getpid(),
	    getpid());
	f = fopen(path, "r");
	assert_non_null(f);
	if (fgets(line, sizeof(line), f) != NULL)
		for (char *p = line; *p != '\0'; p++)
			n += *p == ' ';
	fclose(f);
	return n;
}

/* So many, after a moment: on a busy machine ending takes its time. */
static void
assert_children(unsigned n)
{
	uint64_t until = now_ms() + 5000;

	while (children() != n && now_ms() < until)
		turn_loop(5);
	assert_int_equal(children(), n);
}

static unsigned
open_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	unsigned n = 0;

	while (readdir(d) != NULL)
		n++;
	closedir(d);
	return n;
}

static int
setup(void **state)
{
	(void)state;
	base = event_base_new();
	return base != NULL ? 0 : -1;
}

static int
teardown(void **state)
{
	(void)state;
	pd_helper_pool_destroy(pool);
	pool = NULL;
	event_base_free(base);
	/* No zombie is left behind. */
	return waitpid(-1, NULL, WNOHANG) == -1 ? 0 : -1;
}

static void
jobs_are_done_by_one_process(void **state)
{
	struct outcome o[20];
	unsigned fds;

	(void)state;
	start_pool("good", 1, 50);
	assert_int_equal(one_job(5000), PD_HELPER_DONE);
	fds = open_fds();
	for (unsigned i = 0; i < 20; i++)
		submit(&o[i], 5000);
	assert_int_equal(pd_helper_pool_load(pool), 20);
	for (unsigned i = 0; i < 20; i++) {
		wait_for(&o[i]);
		assert_int_equal(o[i].result, PD_HELPER_DONE);
		assert_int_equal(o[i].answer.width, 10);
	}
	assert_int_equal(pd_helper_pool_load(pool), 0);
	assert_int_equal(children(), 1);
	assert_int_equal(open_fds(), fds);
	assert_int_equal(pd_stats_get(&stats, PD_STAT_HELPERS_RESTARTED), 0);
}

static void
a_death_costs_one_job(void **state)
{
	(void)state;
	start_pool("die", 1, 5);
	assert_int_equal(one_job(5000), PD_HELPER_BROKEN);
	assert_int_equal(one_job(5000), PD_HELPER_BROKEN);
	assert_int_equal(pd_stats_get(&stats, PD_STAT_HELPERS_RESTARTED), 2);
	assert_children(0);
}

static void
quick_deaths_make_the_pool_wait(void **state)
{
	struct outcome o[3];
	uint64_t began;
	unsigned busy = 0;

	(void)state;
	start_pool("die", 1, 5);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(one_job(5000), PD_HELPER_BROKEN);
	/* Waiting now: jobs fail at once, and waiting ones with them. */
	for (unsigned i = 0; i < 3; i++)
		submit(&o[i], 5000);
	for (unsigned i = 0; i < 3; i++) {
		wait_for(&o[i]);
		busy += o[i].result == PD_HELPER_BUSY;
	}
	assert_int_equal(busy, 3);
	/* And it tries again after a while. */
	began = now_ms();
	while (one_job(5000) == PD_HELPER_BUSY) {
		assert_true(now_ms() - began < 2000);
		turn_loop(10);
	}
	assert_true(now_ms() - began >= 30);
}

static void
a_helper_that_never_starts(void **state)
{
	(void)state;
	start_pool("missing", 2, 5);
	for (unsigned i = 0; i < 5; i++)
		assert_int_equal(one_job(1000), PD_HELPER_BUSY);
	pd_helper_pool_destroy(pool);
	start_pool("stillborn", 1, 5);
	for (unsigned i = 0; i < 5; i++)
		assert_int_not_equal(one_job(1000), PD_HELPER_DONE);
}

static void
a_late_helper_is_replaced(void **state)
{
	uint64_t began = now_ms();
	struct outcome first, second;

	(void)state;
	start_pool("hang", 1, 5);
	submit(&first, 100);
	submit(&second, 150);
	wait_for(&first);
	assert_int_equal(first.result, PD_HELPER_LATE);
	/* The loop's clock is a coarse one. */
	assert_true(now_ms() - began >= 90);
	wait_for(&second);
	assert_int_equal(second.result, PD_HELPER_LATE);
	assert_true(now_ms() - began < 1000);
	assert_children(0);
	assert_int_equal(pd_stats_get(&stats, PD_STAT_HELPERS_RESTARTED), 2);
}

static void
a_waiting_job_is_late_too(void **state)
{
	/* The pool ends after the test, and tells the first of it. */
	static struct outcome first, second;

	(void)state;
	start_pool("hang", 1, 5);
	submit(&first, 5000);
	submit(&second, 50);
	wait_for(&second);
	assert_int_equal(second.result, PD_HELPER_LATE);
	assert_int_equal(first.calls, 0);
	assert_int_equal(children(), 1);
}

static void
a_full_queue_is_busy(void **state)
{
	struct outcome o[5];

	(void)state;
	start_pool("hang", 1, 2);
	for (unsigned i = 0; i < 5; i++)
		submit(&o[i], 5000);
	wait_for(&o[3]);
	wait_for(&o[4]);
	assert_int_equal(o[3].result, PD_HELPER_BUSY);
	assert_int_equal(o[4].result, PD_HELPER_BUSY);
	assert_int_equal(o[0].calls + o[1].calls + o[2].calls, 0);
	/* What is under way fails before the pool is gone. */
	pd_helper_pool_destroy(pool);
	pool = NULL;
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(o[i].calls, 1);
		assert_int_equal(o[i].result, PD_HELPER_BROKEN);
	}
}

static void
cancelled_jobs_are_silent(void **state)
{
	struct outcome running, waiting, settled, last;
	struct pd_helper_job *r, *w, *s;

	(void)state;
	start_pool("slow", 1, 1);
	r = submit(&running, 5000);
	w = submit(&waiting, 5000);
	s = submit(&settled, 5000); /* busy, not yet told */
	pd_helper_cancel(s);
	pd_helper_cancel(w);
	submit(&last, 5000);
	pd_helper_cancel(r);
	wait_for(&last);
	assert_int_equal(last.result, PD_HELPER_DONE);
	turn_loop(50);
	assert_int_equal(running.calls + waiting.calls + settled.calls, 0);
	assert_int_equal(children(), 1);
}

static void
broken_protocol_is_a_death(void **state)
{
	(void)state;
	start_pool("short", 1, 5);
	assert_int_equal(one_job(5000), PD_HELPER_BROKEN);
	pd_helper_pool_destroy(pool);

	start_pool("twice", 1, 5);
	assert_int_equal(one_job(5000), PD_HELPER_DONE);
	assert_children(0);
	assert_int_equal(one_job(5000), PD_HELPER_DONE);
}

/* Ends after each answer: the next job finds the socket closed, or nearly. */
static void
an_idle_death_costs_nothing_known(void **state)
{
	(void)state;
	start_pool("once", 1, 5);
	for (unsigned i = 0; i < 10; i++) {
		assert_int_equal(one_job(5000), PD_HELPER_DONE);
		assert_children(0);
	}
}

static void
confined_helpers_die_of_what_they_may_not(void **state)
{
	(void)state;
	start_pool("file", 1, 5);
	assert_int_equal(one_job(5000), PD_HELPER_BROKEN);
	pd_helper_pool_destroy(pool);
	start_pool("socket", 1, 5);
	assert_int_equal(one_job(5000), PD_HELPER_BROKEN);
}

static struct outcome destroyer;

static void
destroy_inside(
    void *arg, enum pd_helper_result result, const void *answer, const int *fds)
{
	on_done(arg, result, answer, fds);
	pd_helper_pool_destroy(pool);
	pool = NULL;
}

static void
the_pool_may_go_inside_a_callback(void **state)
{
	struct pd_job_ask ask = { .in_len = 1000, .width = 1, .height = 1 };
	int fd = pd_ipc_memory("in", 900);

	(void)state;
	memset(&destroyer, 0, sizeof(destroyer));
	start_pool("good", 2, 5);
	pd_helper_submit(pool, &ask, &fd, 1, 5000, destroy_inside, &destroyer);
	wait_for(&destroyer);
	assert_null(pool);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(jobs_are_done_by_one_process),
		TEST(a_death_costs_one_job),
		TEST(quick_deaths_make_the_pool_wait),
		TEST(a_helper_that_never_starts),
		TEST(a_late_helper_is_replaced),
		TEST(a_waiting_job_is_late_too),
		TEST(a_full_queue_is_busy),
		TEST(cancelled_jobs_are_silent),
		TEST(broken_protocol_is_a_death),
		TEST(an_idle_death_costs_nothing_known),
		TEST(confined_helpers_die_of_what_they_may_not),
		TEST(the_pool_may_go_inside_a_callback),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
