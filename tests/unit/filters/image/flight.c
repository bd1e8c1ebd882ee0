#include "filters/image/flight.h"

#include <event2/event.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/ipc.h"
#include "base/stats.h"
#include "base/worker.h"

#define WORKERS 3
#define LEN     4000
#define LATE_MS 10000

/* A worker with its codecs. */
struct desk {
	struct pd_worker *worker;
	struct pd_ask_pool *pool;
};

/* One client. */
struct client {
	struct desk *desk;
	unsigned picture; /* which bytes it has */
	uint8_t quality;
	uint32_t timeout_ms;
	bool forged; /* its key has the hash of picture 0 */
	struct pd_flight *flight;
	bool led, failed;
	_Atomic unsigned told;
	enum pd_ask_end end;
	struct pd_flight_bytes *bytes;
};

static struct desk desks[WORKERS];

/* --- On a worker -----------------------------------------------------------
 */

struct call {
	void (*fn)(struct client *c);
	struct client *client;
	pthread_mutex_t lock;
	pthread_cond_t over;
	bool done;
};

static void
run_call(void *arg)
{
	struct call *call = arg;

	call->fn(call->client);
	pthread_mutex_lock(&call->lock);
	call->done = true;
	pthread_cond_signal(&call->over);
	pthread_mutex_unlock(&call->lock);
}

/* Runs fn on the client's worker and waits for its end. */
static void
on_worker(struct client *c, void (*fn)(struct client *c))
{
	struct call call = { .fn = fn, .client = c };

	pthread_mutex_init(&call.lock, NULL);
	pthread_cond_init(&call.over, NULL);
	pd_worker_post(c->desk->worker, run_call, &call);
	pthread_mutex_lock(&call.lock);
	while (!call.done)
		pthread_cond_wait(&call.over, &call.lock);
	pthread_mutex_unlock(&call.lock);
	pthread_cond_destroy(&call.over);
	pthread_mutex_destroy(&call.lock);
}

static void
on_done(void *arg, const struct pd_flight_end *end)
{
	struct client *c = arg;

	c->flight = NULL;
	c->end = end->end;
	c->bytes = end->bytes;
	atomic_fetch_add(&c->told, 1);
}

static struct pd_image_info
picture_info(void)
{
	return (struct pd_image_info){
		.format = PD_IMAGE_JPEG,
		.width = 40,
		.height = 30,
		.orientation = 1,
		.frames = 1,
	};
}

static struct pd_job_settings
settings(uint8_t quality)
{
	return (struct pd_job_settings){
		.outputs = PD_JOB_WEBP_LOSSY,
		.quality_jpeg = 70,
		.quality_webp = quality,
		.to_width = 40,
		.to_height = 30,
		.out_max = LEN / 2,
		.lossy_max = LEN / 2,
	};
}

static int
picture(unsigned which)
{
	uint8_t p[LEN];
	int fd = pd_ipc_memory("test", LEN);

	memset(p, (int)which, sizeof(p));
	assert_true(fd >= 0 && pwrite(fd, p, LEN, 0) == LEN);
	assert_int_equal(pd_ipc_seal(fd), 0);
	return fd;
}

static void
start(struct client *c)
{
	struct pd_image_info info = picture_info();
	struct pd_plan plan = { .set = settings(c->quality), .cost_ms = 1 };
	int fd = picture(c->picture);
	struct pd_flight_bytes *body = pd_flight_bytes_map(fd, LEN);
	struct pd_flight_key key = pd_flight_key(body, &info, &plan.set);
	const struct pd_ask_params params = {
		.pool = c->desk->pool,
		.fd = fd,
		.len = LEN,
		.info = &info,
		.plan = &plan,
		.timeout_ms = c->timeout_ms,
	};

	if (c->forged) {
		int other = picture(0);
		struct pd_flight_bytes *b = pd_flight_bytes_map(other, LEN);

		close(other);
		memcpy(key.hash, pd_flight_key(b, &info, &plan.set).hash,
		    sizeof(key.hash));
		pd_flight_bytes_unref(b);
	}
	c->flight =
	    pd_flight_join(c->desk->pool, &key, c->timeout_ms, on_done, c);
	if (c->flight != NULL)
		close(fd);
	else
		c->flight = pd_flight_lead(&params, &key, on_done, c);
	c->failed = c->flight == NULL;
	c->led = !c->failed && pd_flight_leads(c->flight);
	pd_flight_bytes_unref(body);
}

static void
leave(struct client *c)
{
	if (c->flight != NULL)
		pd_flight_cancel(c->flight);
	c->flight = NULL;
}

static void
end_pool(struct client *c)
{
	pd_ask_pool_destroy(c->desk->pool);
	c->desk->pool = NULL;
}

static size_t load_seen;

static void
see_load(struct client *c)
{
	load_seen = pd_ask_pool_load(c->desk->pool);
}

/* --- Around a test ---------------------------------------------------------
 */

static void
open_desks(const char *mode)
{
	const char *argv[] = { "fake", mode, NULL };

	for (unsigned i = 0; i < WORKERS; i++) {
		struct pd_worker *w = pd_worker_create(i);

		assert_non_null(w);
		desks[i].worker = w;
		desks[i].pool = pd_ask_pool_create(&(struct pd_ask_pool_params){
		    .base = pd_worker_base(w),
		    .worker = w,
		    .stats = pd_worker_stats(w),
		    .path = PD_TEST_FAKE_CODEC,
		    .argv = argv,
		    .processes = 1,
		    .queue_max = 1000,
		});
		assert_int_equal(pd_worker_start(w), 0);
	}
}

static void
close_desks(void)
{
	for (unsigned i = 0; i < WORKERS; i++) {
		struct client c = { .desk = &desks[i] };

		on_worker(&c, end_pool);
	}
	for (unsigned i = 0; i < WORKERS; i++) {
		pd_worker_stop(desks[i].worker);
		pd_worker_destroy(desks[i].worker);
	}
}

static struct client
client(unsigned desk)
{
	return (struct client){
		.desk = &desks[desk], .quality = 72, .timeout_ms = LATE_MS
	};
}

static void
wait_told(struct client *c)
{
	for (unsigned i = 0; i < 2000 && atomic_load(&c->told) == 0; i++)
		usleep(5000);
	assert_int_equal(atomic_load(&c->told), 1);
}

static void
forget(struct client *c)
{
	pd_flight_bytes_unref(c->bytes);
	c->bytes = NULL;
}

/* --- Tests -----------------------------------------------------------------
 */

static void
same_bytes_and_wish_are_one(void **state)
{
	struct pd_image_info info = picture_info(), turned = info;
	struct pd_job_settings set = settings(72), other = settings(73);
	int fd = picture(1), fd2 = picture(1), fd3 = picture(2);
	struct pd_flight_bytes *a = pd_flight_bytes_map(fd, LEN);
	struct pd_flight_bytes *b = pd_flight_bytes_map(fd2, LEN);
	struct pd_flight_bytes *c = pd_flight_bytes_map(fd3, LEN);
	struct pd_flight_key key = pd_flight_key(a, &info, &set), same;

	(void)state;
	turned.orientation = 6;
	same = pd_flight_key(b, &info, &set);
	assert_memory_equal(key.hash, same.hash, sizeof(key.hash));
	same = pd_flight_key(c, &info, &set);
	assert_memory_not_equal(key.hash, same.hash, sizeof(key.hash));
	same = pd_flight_key(a, &info, &other);
	assert_memory_not_equal(key.hash, same.hash, sizeof(key.hash));
	same = pd_flight_key(a, &turned, &set);
	assert_memory_not_equal(key.hash, same.hash, sizeof(key.hash));
	assert_null(pd_flight_bytes_map(fd, LEN + 1));
	pd_flight_bytes_unref(a);
	pd_flight_bytes_unref(b);
	pd_flight_bytes_unref(c);
	pd_flight_bytes_unref(NULL);
	close(fd);
	close(fd2);
	close(fd3);
}

/* Without a worker there is nobody to share with. */
static void
alone_it_flies_too(void **state)
{
	struct event_base *base = event_base_new();
	const char *argv[] = { "fake", "slow20", NULL };
	struct desk desk = { .pool = pd_ask_pool_create(
				 &(struct pd_ask_pool_params){
				     .base = base,
				     .path = PD_TEST_FAKE_CODEC,
				     .argv = argv,
				     .processes = 1,
				     .queue_max = 4,
				 }) };
	struct client a = { .desk = &desk,
		.quality = 72,
		.timeout_ms = LATE_MS },
		      b = a, gone = a;

	(void)state;
	start(&a);
	start(&b);
	start(&gone);
	assert_true(a.led && b.led && gone.led);
	leave(&gone);
	while (a.told == 0 || b.told == 0)
		event_base_loop(base, EVLOOP_ONCE);
	assert_int_equal(a.end, PD_ASK_SMALLER);
	assert_true(a.bytes != NULL && b.bytes != NULL && a.bytes != b.bytes);
	assert_int_equal(gone.told, 0);
	forget(&a);
	forget(&b);
	pd_ask_pool_destroy(desk.pool);
	event_base_free(base);
}

static void
one_job_answers_all(void **state)
{
	struct client c[12];
	unsigned led = 0;

	(void)state;
	open_desks("slow150");
	for (unsigned i = 0; i < 12; i++) {
		c[i] = client(i % WORKERS);
		on_worker(&c[i], start);
	}
	for (unsigned i = 0; i < 12; i++) {
		wait_told(&c[i]);
		assert_int_equal(c[i].end, PD_ASK_SMALLER);
		assert_ptr_equal(c[i].bytes, c[0].bytes);
		led += c[i].led;
	}
	assert_int_equal(led, 1);
	assert_true(c[0].led);
	for (unsigned i = 0; i < 12; i++)
		forget(&c[i]);
	/* What is over is over: the next one begins anew. */
	c[0] = client(1);
	on_worker(&c[0], start);
	assert_true(c[0].led);
	wait_told(&c[0]);
	forget(&c[0]);
	close_desks();
}

static void
others_are_not_mixed_up(void **state)
{
	struct client c[4];

	(void)state;
	open_desks("slow100");
	for (unsigned i = 0; i < 4; i++)
		c[i] = client(i % WORKERS);
	c[1].picture = 1;
	c[2].quality = 55;
	c[3].picture = 3;
	c[3].forged = true;
	for (unsigned i = 0; i < 4; i++) {
		on_worker(&c[i], start);
		assert_true(c[i].led);
	}
	for (unsigned i = 0; i < 4; i++) {
		wait_told(&c[i]);
		forget(&c[i]);
	}
	close_desks();
}

static void
who_leaves_leaves_the_others(void **state)
{
	struct client c[3];

	(void)state;
	open_desks("slow120");
	for (unsigned i = 0; i < 3; i++) {
		c[i] = client(i);
		on_worker(&c[i], start);
	}
	on_worker(&c[0], leave);
	on_worker(&c[2], leave);
	wait_told(&c[1]);
	assert_int_equal(c[1].end, PD_ASK_SMALLER);
	assert_int_equal(c[0].told + c[2].told, 0);
	forget(&c[1]);
	close_desks();
}

/* From the worker that began it, or from another. */
static void
the_last_one_cancels(void **state)
{
	struct client a, b;

	(void)state;
	for (unsigned round = 0; round < 2; round++) {
		open_desks("hang");
		a = client(0);
		b = client(1);
		on_worker(&a, start);
		on_worker(&b, start);
		on_worker(round == 0 ? &b : &a, leave);
		on_worker(&a, see_load);
		assert_int_equal(load_seen, 1);
		on_worker(round == 0 ? &a : &b, leave);
		on_worker(&a, see_load);
		assert_int_equal(load_seen, 0);
		assert_int_equal(pd_stats_get(pd_worker_stats(desks[0].worker),
				     PD_STAT_HELPERS_RESTARTED),
		    1);
		assert_int_equal(a.told + b.told, 0);
		close_desks();
	}
}

static void
each_has_its_own_deadline(void **state)
{
	struct client a, b;

	(void)state;
	open_desks("slow200");
	a = client(0);
	b = client(1);
	b.timeout_ms = 50;
	on_worker(&a, start);
	on_worker(&b, start);
	assert_false(b.led);
	wait_told(&b);
	assert_int_equal(b.end, PD_ASK_LATE);
	assert_null(b.bytes);
	assert_int_equal(atomic_load(&a.told), 0);
	wait_told(&a);
	assert_int_equal(a.end, PD_ASK_SMALLER);
	forget(&a);
	close_desks();
}

static void
a_failure_is_everybodys(void **state)
{
	static const struct {
		const char *mode;
		enum pd_ask_end end;
	} cases[] = { { "die", PD_ASK_FAILED }, { "lie", PD_ASK_FAILED },
		{ "nothing", PD_ASK_NOTHING } };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct client a, b;

		open_desks(cases[i].mode);
		a = client(0);
		b = client(1);
		on_worker(&a, start);
		on_worker(&b, start);
		wait_told(&a);
		wait_told(&b);
		assert_int_equal(a.end, cases[i].end);
		assert_int_equal(b.end, cases[i].end);
		assert_true(a.bytes == NULL && b.bytes == NULL);
		close_desks();
	}
}

/* The worker that asked ends before the others. */
static void
the_others_outlive_a_worker(void **state)
{
	struct client a, b;

	(void)state;
	open_desks("hang");
	a = client(0);
	b = client(1);
	on_worker(&a, start);
	on_worker(&b, start);
	on_worker(&a, leave);
	close_desks();
	assert_int_equal(b.told, 1);
	assert_int_equal(b.end, PD_ASK_FAILED);
	assert_int_equal(a.told, 0);
}

/* What the codec would not understand is not asked. */
static void
what_cannot_be_asked_is_told(void **state)
{
	struct client a;

	(void)state;
	open_desks("good");
	a = client(0);
	a.quality = 101;
	on_worker(&a, start);
	assert_true(a.failed);
	close_desks();
}

/* --- All at once -----------------------------------------------------------
 */

#define CROWD 40

struct crowd {
	struct client clients[CROWD];
	unsigned seed, left;
	_Atomic bool over;
	struct event *turn;
};

static struct crowd crowds[WORKERS];

/* Every turn some come and some leave, and nobody is told twice or after. */
static void
take_turn(evutil_socket_t fd, short what, void *arg)
{
	struct crowd *crowd = arg;
	struct timeval soon = { 0, 300 };

	(void)fd;
	(void)what;
	for (unsigned i = 0; i < 8; i++) {
		unsigned n =
		    (crowd->seed = crowd->seed * 1103515245 + 12345) >> 8;
		struct client *c = &crowd->clients[n % CROWD];

		if (c->flight != NULL) {
			leave(c);
		} else {
			if (c->told > 1 || (c->told == 1 && c->failed))
				abort();
			forget(c);
			c->told = 0;
			c->picture = n / CROWD % 3;
			start(c);
		}
	}
	if (--crowd->left > 0) {
		event_add(crowd->turn, &soon);
		return;
	}
	for (unsigned i = 0; i < CROWD; i++) {
		leave(&crowd->clients[i]);
		forget(&crowd->clients[i]);
	}
	event_free(crowd->turn);
	atomic_store(&crowd->over, true);
}

static void
begin_crowd(struct client *c)
{
	struct crowd *crowd = &crowds[c->desk - desks];

	crowd->turn =
	    evtimer_new(pd_worker_base(c->desk->worker), take_turn, crowd);
	event_active(crowd->turn, 0, 0);
}

static void
crowds_come_and_go(void **state)
{
	(void)state;
	open_desks("slow1");
	for (unsigned i = 0; i < WORKERS; i++) {
		struct client c = client(i);

		memset(&crowds[i], 0, sizeof(crowds[i]));
		crowds[i].seed = i + 1;
		crowds[i].left = 100;
		for (unsigned k = 0; k < CROWD; k++)
			crowds[i].clients[k] = client(i);
		on_worker(&c, begin_crowd);
	}
	for (unsigned i = 0; i < WORKERS; i++)
		while (!atomic_load(&crowds[i].over))
			usleep(2000);
	close_desks();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(same_bytes_and_wish_are_one),
		cmocka_unit_test(alone_it_flies_too),
		cmocka_unit_test(one_job_answers_all),
		cmocka_unit_test(others_are_not_mixed_up),
		cmocka_unit_test(who_leaves_leaves_the_others),
		cmocka_unit_test(the_last_one_cancels),
		cmocka_unit_test(each_has_its_own_deadline),
		cmocka_unit_test(a_failure_is_everybodys),
		cmocka_unit_test(the_others_outlive_a_worker),
		cmocka_unit_test(what_cannot_be_asked_is_told),
		cmocka_unit_test(crowds_come_and_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
