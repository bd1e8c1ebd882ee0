#include "filters/block/hits.h"

/* cmocka wants these before its own header. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define DAY 86400

static char dir[] = "/tmp/pared-hits-XXXXXX";
static char path[64];

static uint32_t
count_of(const struct pd_hits *h, uint64_t id)
{
	struct pd_hits_count c;

	return pd_hits_get(h, id, &c) ? c.count : 0;
}

static void
sum_up(void *arg, uint64_t id, const struct pd_hits_count *c)
{
	uint64_t *sum = arg;

	assert_true(id != 0 && c->count > 0);
	sum[0] += c->count;
	sum[1]++;
}

static void
test_counts(void **state)
{
	struct pd_hits_count c;
	uint64_t sum[2] = { 0, 0 };
	const char *why;
	struct pd_hits *h = pd_hits_open(path, &why), *r;

	(void)state;
	assert_null(why);
	assert_true(llabs(pd_hits_since(h) - (int64_t)time(NULL)) < 60);
	pd_hits_add(h, 5, 3 * DAY - 1);
	pd_hits_add(h, 5, 3 * DAY);
	/* A hash may be 0. */
	pd_hits_add(h, 0, DAY);
	pd_hits_add(NULL, 5, DAY);
	assert_false(pd_hits_get(h, 6, &c));
	assert_int_equal(c.count, 0);
	assert_true(pd_hits_get(h, 5, &c));
	assert_int_equal(c.count, 2);
	assert_int_equal(c.day, 3);
	assert_int_equal(count_of(h, 0), 1);
	pd_hits_unref(h);

	/* It outlives who made it, and may be read meanwhile, as of the last
	 * time it was saved. */
	h = pd_hits_open(path, &why);
	assert_null(why);
	pd_hits_add(h, 5, 4 * DAY);
	r = pd_hits_open_read(path, &why);
	assert_int_equal(count_of(r, 5), 2);
	pd_hits_unref(r);
	assert_int_equal(pd_hits_save(h), 0);
	r = pd_hits_open_read(path, &why);
	assert_non_null(r);
	assert_true(pd_hits_get(r, 5, &c));
	assert_int_equal(c.count, 3);
	assert_int_equal(c.day, 4);
	assert_int_equal(pd_hits_since(r), pd_hits_since(h));
	pd_hits_each(r, sum_up, sum);
	assert_int_equal(sum[0], 4);
	assert_int_equal(sum[1], 2);
	assert_int_equal(pd_hits_lost(r), 0);
	pd_hits_unref(r);
	pd_hits_unref(h);
	pd_hits_unref(NULL);
}

/* A table that is full loses further rules, and counts how often. */
static void
test_full(void **state)
{
	uint64_t sum[2] = { 0, 0 };
	const char *why;
	struct pd_hits *h;
	uint64_t used, lost;

	(void)state;
	unlink(path);
	h = pd_hits_open(path, &why);
	assert_null(why);
	for (uint64_t i = 1; i <= 2 * PD_HITS_SLOTS; i++)
		pd_hits_add(h, i * UINT64_C(0x2545f4914f6cdd1d), DAY);
	pd_hits_each(h, sum_up, sum);
	assert_true(sum[1] <= PD_HITS_SLOTS);
	assert_true(sum[1] > PD_HITS_SLOTS * 9 / 10);
	assert_int_equal(sum[0] + pd_hits_lost(h), 2 * PD_HITS_SLOTS);
	used = sum[1];
	lost = pd_hits_lost(h);
	pd_hits_unref(h);

	/* All of it comes back, whatever the order. */
	h = pd_hits_open(path, &why);
	assert_null(why);
	sum[0] = sum[1] = 0;
	pd_hits_each(h, sum_up, sum);
	assert_true(sum[1] > used * 99 / 100 && sum[1] <= used);
	assert_int_equal(pd_hits_lost(h), lost + used - sum[1]);
	pd_hits_unref(h);
}

static void
poke(off_t at, const void *bytes, size_t n)
{
	int fd = open(path, O_RDWR);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, bytes, n, at), n);
	close(fd);
}

/* At its most a count stays. */
static void
test_most(void **state)
{
	uint32_t most = UINT32_MAX - 1;
	const char *why;
	struct pd_hits *h;

	(void)state;
	unlink(path);
	h = pd_hits_open(path, &why);
	pd_hits_add(h, 7, DAY);
	pd_hits_unref(h);
	/* Behind the header and the id. */
	poke(64 + 8, &most, sizeof(most));
	h = pd_hits_open(path, &why);
	assert_null(why);
	for (int i = 0; i < 3; i++)
		pd_hits_add(h, 7, DAY);
	assert_true(count_of(h, 7) == UINT32_MAX);
	pd_hits_unref(h);
}

static void
expect_new(const char *what)
{
	const char *why = NULL;
	struct pd_hits *h = pd_hits_open_read(path, &why);

	if (h != NULL || why == NULL)
		fail_msg("read although: %s", what);
	h = pd_hits_open(path, &why);
	if (why == NULL || count_of(h, 7) != 0)
		fail_msg("not begun anew although: %s", what);
	pd_hits_add(h, 7, DAY);
	pd_hits_unref(h);
	h = pd_hits_open(path, &why);
	assert_null(why);
	assert_int_equal(count_of(h, 7), 1);
	pd_hits_unref(h);
}

static void
test_damage(void **state)
{
	static const char zeros[16] = { 0 };
	struct pd_hits *h;
	const char *why;

	(void)state;
	unlink(path);
	assert_null(pd_hits_open_read(path, &why));
	assert_non_null(why);
	h = pd_hits_open(path, &why);
	pd_hits_add(h, 7, DAY);
	pd_hits_unref(h);
	/* Magic, version, byte order, slots, since. */
	poke(0, "X", 1);
	expect_new("magic");
	poke(8, "X", 1);
	expect_new("version");
	poke(12, "X", 1);
	expect_new("order");
	poke(16, "X", 1);
	expect_new("slots");
	poke(24, zeros, 8);
	expect_new("since");
	poke(24 + 40 + 15, "X", 2);
	expect_new("long");
	assert_int_equal(truncate(path, 70), 0);
	expect_new("short");
	assert_int_equal(truncate(path, 0), 0);
	expect_new("empty");
}

/* Whoever cuts or removes the file does not reach who counts, and it is whole
 * again when that is saved. */
static void
test_cut_meanwhile(void **state)
{
	struct pd_hits *h;
	const char *why;

	(void)state;
	unlink(path);
	h = pd_hits_open(path, &why);
	pd_hits_add(h, 7, DAY);
	assert_int_equal(pd_hits_save(h), 0);
	assert_int_equal(truncate(path, 0), 0);
	pd_hits_add(h, 7, DAY);
	assert_int_equal(count_of(h, 7), 2);
	assert_int_equal(pd_hits_save(h), 0);
	unlink(path);
	pd_hits_add(h, 7, DAY);
	/* A reload goes on with it. */
	assert_true(pd_hits_is_of(h, path));
	assert_false(pd_hits_is_of(h, dir));
	assert_false(pd_hits_is_of(h, NULL));
	pd_hits_ref(h);
	pd_hits_unref(h);
	assert_int_equal(access(path, F_OK), -1);
	pd_hits_unref(h);
	h = pd_hits_open(path, &why);
	assert_null(why);
	assert_int_equal(count_of(h, 7), 3);
	/* Nothing new: nothing is written. */
	unlink(path);
	assert_int_equal(pd_hits_save(h), 0);
	pd_hits_unref(h);
	assert_int_equal(access(path, F_OK), -1);
}

/* What cannot be a file is memory, and is left alone. */
static void
test_no_file(void **state)
{
	char other[80];
	struct stat st;
	const char *why;
	struct pd_hits *h;

	(void)state;
	snprintf(other, sizeof(other), "%s/none/hits", dir);
	h = pd_hits_open(other, &why);
	assert_null(why);
	pd_hits_add(h, 7, DAY);
	assert_int_equal(count_of(h, 7), 1);
	assert_int_equal(pd_hits_save(h), -1);
	*strrchr(other, '/') = '\0';
	assert_int_equal(mkdir(other, 0700), 0);
	assert_int_equal(pd_hits_save(h), 0);
	pd_hits_unref(h);
	snprintf(other, sizeof(other), "%s/none/hits", dir);
	assert_int_equal(unlink(other), 0);
	*strrchr(other, '/') = '\0';
	assert_int_equal(rmdir(other), 0);
	h = pd_hits_open(dir, &why);
	assert_non_null(why);
	pd_hits_add(h, 7, DAY);
	assert_int_equal(count_of(h, 7), 1);
	pd_hits_unref(h);
	snprintf(other, sizeof(other), "%s/pipe", dir);
	assert_int_equal(mkfifo(other, 0600), 0);
	h = pd_hits_open(other, &why);
	assert_non_null(why);
	pd_hits_unref(h);
	assert_int_equal(stat(other, &st), 0);
	assert_true(S_ISFIFO(st.st_mode));
	unlink(other);
}

#define THREADS 4
#define ROUNDS  20000
#define IDS     300

static void *
add_many(void *arg)
{
	struct pd_hits *h = arg;

	for (unsigned i = 0; i < ROUNDS; i++)
		pd_hits_add(h, (i % IDS + 1) * UINT64_C(0x9e3779b97f4a7c15),
		    DAY + i % 2 * DAY);
	return NULL;
}

/* Nothing is lost, no rule gets two slots, and what is saved meanwhile is a
 * file like any other. */
static void
test_concurrent(void **state)
{
	uint64_t sum[2] = { 0, 0 };
	pthread_t threads[THREADS];
	struct pd_hits *h, *r;
	const char *why;

	(void)state;
	unlink(path);
	h = pd_hits_open(path, &why);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(
		    pthread_create(&threads[i], NULL, add_many, h), 0);
	for (int i = 0; i < 5; i++) {
		assert_int_equal(pd_hits_save(h), 0);
		r = pd_hits_open_read(path, &why);
		assert_non_null(r);
		pd_hits_unref(r);
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	pd_hits_unref(h);
	h = pd_hits_open(path, &why);
	pd_hits_each(h, sum_up, sum);
	assert_int_equal(sum[0], THREADS * ROUNDS);
	assert_int_equal(sum[1], IDS);
	assert_int_equal(pd_hits_lost(h), 0);
	pd_hits_unref(h);
}

static int
make_dir(void **state)
{
	(void)state;
	if (mkdtemp(dir) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/hits", dir);
	return 0;
}

static int
remove_dir(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_counts),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_most),
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_cut_meanwhile),
		cmocka_unit_test(test_no_file),
		cmocka_unit_test(test_concurrent),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
