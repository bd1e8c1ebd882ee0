#include "base/worker.h"

#include <event2/event.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>

#include <cmocka.h>

#define POSTS   2000
#define POSTERS 3

static struct pd_worker *worker;
static pthread_t ran_on;
static _Atomic unsigned ran;
static unsigned last[POSTERS];

struct job {
	unsigned poster, n;
};

static struct job jobs[POSTERS][POSTS];

static void
in_order(void *arg)
{
	const struct job *j = arg;

	ran_on = pthread_self();
	if (j->n == last[j->poster])
		last[j->poster]++;
	atomic_fetch_add(&ran, 1);
}

static void *
post_many(void *arg)
{
	struct job *mine = arg;

	for (unsigned i = 0; i < POSTS; i++)
		pd_worker_post(worker, in_order, &mine[i]);
	return NULL;
}

static int
setup(void **state)
{
	(void)state;
	atomic_store(&ran, 0);
	for (unsigned p = 0; p < POSTERS; p++) {
		last[p] = 0;
		for (unsigned i = 0; i < POSTS; i++)
			jobs[p][i] = (struct job){ p, i };
	}
	worker = pd_worker_create(3);
	assert_non_null(worker);
	assert_int_equal(pd_worker_index(worker), 3);
	assert_non_null(pd_worker_base(worker));
	assert_non_null(pd_worker_timers(worker));
	assert_non_null(pd_worker_stats(worker));
	return 0;
}

static void
test_posts(void **state)
{
	pthread_t threads[POSTERS];

	(void)state;
	assert_int_equal(pd_worker_start(worker), 0);
	for (size_t i = 0; i < POSTERS; i++)
		pthread_create(&threads[i], NULL, post_many, jobs[i]);
	for (size_t i = 0; i < POSTERS; i++)
		pthread_join(threads[i], NULL);
	pd_worker_stop(worker);
	pd_worker_destroy(worker);
	assert_int_equal(ran, POSTS * POSTERS);
	for (size_t i = 0; i < POSTERS; i++)
		assert_int_equal(last[i], POSTS);
	assert_false(pthread_equal(ran_on, pthread_self()));
}

static void
post_again(void *arg)
{
	unsigned *left = arg;

	atomic_fetch_add(&ran, 1);
	if (--*left > 0)
		pd_worker_post(worker, post_again, left);
}

/* Work posted before the start and by work itself; after the stop as well. */
static void
test_nested(void **state)
{
	unsigned left = 50;

	(void)state;
	pd_worker_post(worker, post_again, &left);
	assert_int_equal(ran, 0);
	assert_int_equal(pd_worker_start(worker), 0);
	pd_worker_stop(worker);
	pd_worker_destroy(worker);
	assert_int_equal(ran, 50);
}

/* Never started: what was posted is not lost, and nothing leaks. */
static void
test_not_started(void **state)
{
	unsigned left = 3;

	(void)state;
	pd_worker_post(worker, post_again, &left);
	pd_worker_destroy(worker);
	assert_int_equal(ran, 3);
	pd_worker_destroy(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_posts, setup),
		cmocka_unit_test_setup(test_nested, setup),
		cmocka_unit_test_setup(test_not_started, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
