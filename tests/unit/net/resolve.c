/*
 * Names to addresses, against a name server that misbehaves.
 */
#include "net/resolve.h"

#include <event2/event.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/conf.h"
#include "tests/support/fakedns.h"

static const struct fakedns_rule rules[] = {
	{ "both.example", 0, FAKEDNS_A, "192.0.2.1", 0 },
	{ "both.example", 0, FAKEDNS_A, "192.0.2.2", 0 },
	{ "both.example", 0, FAKEDNS_AAAA, "2001:db8::1", 0 },
	{ "four.example", 0, FAKEDNS_A, "192.0.2.4", 0 },
	{ "six.example", 0, FAKEDNS_AAAA, "2001:db8::6", 0 },
	{ "name.test", 0, FAKEDNS_A, "192.0.2.5", 0 },
	{ "router.home.arpa", 0, FAKEDNS_A, "192.0.2.8", 0 },
	{ "under_score.example", 0, FAKEDNS_A, "192.0.2.7", 0 },
	{ "alias.example", 0, FAKEDNS_CNAME, "alias2.example", 0 },
	{ "alias2.example", 0, FAKEDNS_CNAME, "both.example", 0 },
	{ "loop.example", 0, FAKEDNS_CNAME, "loop.example", 0 },
	{ "servfail.example", 0, FAKEDNS_RCODE, NULL, 2 },
	{ "refused.example", 0, FAKEDNS_RCODE, NULL, 5 },
	{ "half.example", 28, FAKEDNS_RCODE, NULL, 2 },
	{ "half.example", 0, FAKEDNS_A, "192.0.2.6", 0 },
	{ "silent.example", 0, FAKEDNS_SILENT, NULL, 0 },
	{ "silent6.example", 28, FAKEDNS_SILENT, NULL, 0 },
	{ "silent6.example", 0, FAKEDNS_A, "192.0.2.9", 0 },
	{ "slow6.example", 28, FAKEDNS_DELAY, NULL, 100 },
	{ "slow6.example", 0, FAKEDNS_A, "192.0.2.10", 0 },
	{ "slow6.example", 0, FAKEDNS_AAAA, "2001:db8::10", 0 },
	{ "long.example", 0, FAKEDNS_TRUNCATE, NULL, 0 },
	{ "long.example", 0, FAKEDNS_A, "192.0.2.11", 0 },
	{ "garbage.example", 0, FAKEDNS_GARBAGE, NULL, 0 },
	{ "evil.example", 0, FAKEDNS_EVIL, NULL, 0 },
	{ 0 },
};

/* What came of one question. */
struct outcome {
	unsigned ncalls;
	int order[2];                     /* families */
	enum pd_resolve_status status[2]; /* of AAAA, of A */
	size_t n[2];
	struct pd_addr addrs[2][PD_RESOLVE_MAX];
	struct pd_resolve_job *cancel; /* inside the first call */
	struct pd_resolver *destroy;   /* the same */
};

static struct {
	struct event_base *base;
	struct fakedns *dns;
	struct pd_resolver *resolver;
	unsigned waiting; /* calls of on_done yet to come */
} t;

static int
setup(void **state)
{
	static char server[32];
	static char *servers[] = { server };
	struct pd_conf conf = { .nameservers = { servers, 1 } };

	(void)state;
	t.base = event_base_new();
	t.dns = fakedns_create(t.base, rules);
	snprintf(server, sizeof(server), "127.0.0.1@%u", fakedns_port(t.dns));
	t.resolver = pd_resolver_create(t.base, &conf);
	return t.resolver == NULL ? -1 : 0;
}

static int
teardown(void **state)
{
	(void)state;
	pd_resolver_destroy(t.resolver);
	fakedns_destroy(t.dns);
	event_base_free(t.base);
	return 0;
}

static void
on_done(void *arg, int family, enum pd_resolve_status status,
    const struct pd_addr *addrs, size_t n)
{
	struct outcome *o = arg;
	int at = family == AF_INET ? 1 : 0;

	assert_true(o->ncalls < 2);
	o->order[o->ncalls++] = family;
	o->status[at] = status;
	o->n[at] = n;
	memcpy(o->addrs[at], addrs, n * sizeof(*addrs));
	for (size_t i = 0; i < n; i++)
		assert_int_equal(addrs[i].family, family);
	if (o->cancel != NULL)
		pd_resolve_cancel(o->cancel);
	if (o->destroy != NULL) {
		pd_resolver_destroy(o->destroy);
		t.resolver = NULL;
	}
	if (--t.waiting == 0)
		event_base_loopbreak(t.base);
}

static struct outcome
resolve(const char *host, uint32_t timeout_ms)
{
	struct outcome o = { 0 };

	t.waiting = 2;
	pd_resolve_start(t.resolver, pd_str_z(host), timeout_ms, on_done, &o);
	assert_int_equal(o.ncalls, 0); /* never from inside */
	event_base_dispatch(t.base);
	assert_int_equal(o.ncalls, 2);
	assert_int_not_equal(o.order[0], o.order[1]);
	return o;
}

/* Runs the loop for a while, so that what should not come could come. */
static void
linger(unsigned ms)
{
	struct timeval tv = { .tv_usec = (suseconds_t)ms * 1000 };

	event_base_loopexit(t.base, &tv);
	event_base_dispatch(t.base);
}

static void
expect(const char *host, enum pd_resolve_status v6, size_t n6,
    enum pd_resolve_status v4, size_t n4)
{
	struct outcome o = resolve(host, 4000);

	if (o.status[0] != v6 || o.n[0] != n6 || o.status[1] != v4 ||
	    o.n[1] != n4)
		fail_msg("%s: AAAA %d (%zu), A %d (%zu)", host, o.status[0],
		    o.n[0], o.status[1], o.n[1]);
}

static void
answers_by_family(void **state)
{
	struct outcome o;
	char buf[PD_ADDR_TEXT];

	(void)state;
	expect("both.example", PD_RESOLVE_OK, 1, PD_RESOLVE_OK, 2);
	expect("four.example", PD_RESOLVE_NONE, 0, PD_RESOLVE_OK, 1);
	expect("six.example", PD_RESOLVE_OK, 1, PD_RESOLVE_NONE, 0);
	expect("FOUR.example.", PD_RESOLVE_NONE, 0, PD_RESOLVE_OK, 1);
	expect("under_score.example", PD_RESOLVE_NONE, 0, PD_RESOLVE_OK, 1);
	expect("nothing.example", PD_RESOLVE_NONE, 0, PD_RESOLVE_NONE, 0);
	expect("name.test", PD_RESOLVE_NONE, 0, PD_RESOLVE_OK, 1);
	expect("router.home.arpa", PD_RESOLVE_NONE, 0, PD_RESOLVE_OK, 1);
	expect("alias.example", PD_RESOLVE_OK, 1, PD_RESOLVE_OK, 2);
	o = resolve("six.example", 4000);
	assert_string_equal(
	    pd_addr_text_port(&o.addrs[0][0], buf), "[2001:db8::6]:0");
}

static void
the_second_answer_is_cached(void **state)
{
	(void)state;
	expect("both.example", PD_RESOLVE_OK, 1, PD_RESOLVE_OK, 2);
	expect("nothing.example", PD_RESOLVE_NONE, 0, PD_RESOLVE_NONE, 0);
	for (int i = 0; i < 3; i++) {
		/* libunbound calls back at once here: resolve() checks that
		 * it does not show. */
		expect("Both.example", PD_RESOLVE_OK, 1, PD_RESOLVE_OK, 2);
		expect(
		    "nothing.example", PD_RESOLVE_NONE, 0, PD_RESOLVE_NONE, 0);
	}
	assert_int_equal(fakedns_asked(t.dns, "both.example", 0), 2);
	assert_int_equal(fakedns_asked(t.dns, "nothing.example", 0), 2);
}

static void
works_without_servers(void **state)
{
	struct outcome o;

	(void)state;
	o = resolve("localhost", 4000);
	assert_int_equal(o.status[1], PD_RESOLVE_OK);
	assert_int_equal(o.addrs[1][0].ip[0], 127);
	expect("x.invalid", PD_RESOLVE_NONE, 0, PD_RESOLVE_NONE, 0);
	expect("x.onion", PD_RESOLVE_NONE, 0, PD_RESOLVE_NONE, 0);
	expect("", PD_RESOLVE_NONE, 0, PD_RESOLVE_NONE, 0);
	expect("a..example", PD_RESOLVE_NONE, 0, PD_RESOLVE_NONE, 0);
	expect("a\\.example", PD_RESOLVE_NONE, 0, PD_RESOLVE_NONE, 0);
	assert_int_equal(fakedns_asked(t.dns, NULL, 0), 0);
}

static void
failures_are_quick(void **state)
{
	struct timeval before, after;

	(void)state;
	event_base_gettimeofday_cached(t.base, &before);
	expect("servfail.example", PD_RESOLVE_FAILED, 0, PD_RESOLVE_FAILED, 0);
	expect("refused.example", PD_RESOLVE_FAILED, 0, PD_RESOLVE_FAILED, 0);
	expect("garbage.example", PD_RESOLVE_FAILED, 0, PD_RESOLVE_FAILED, 0);
	expect("loop.example", PD_RESOLVE_FAILED, 0, PD_RESOLVE_FAILED, 0);
	expect("half.example", PD_RESOLVE_FAILED, 0, PD_RESOLVE_OK, 1);
	event_base_gettimeofday_cached(t.base, &after);
	assert_true(after.tv_sec - before.tv_sec <= 1);
	assert_true(fakedns_asked(t.dns, "servfail.example", 0) < 12);
}

static void
another_names_record_is_not_taken(void **state)
{
	struct outcome o = resolve("evil.example", 4000);

	(void)state;
	assert_int_equal(o.n[0], 0);
	assert_int_equal(o.n[1], 0);
}

static void
a_truncated_answer_comes_by_tcp(void **state)
{
	(void)state;
	expect("long.example", PD_RESOLVE_NONE, 0, PD_RESOLVE_OK, 1);
	/* Two questions, each of them twice. */
	assert_int_equal(fakedns_asked(t.dns, "long.example", 0), 4);
}

static void
silence_times_out(void **state)
{
	struct outcome o;

	(void)state;
	o = resolve("silent.example", 300);
	assert_int_equal(o.status[0], PD_RESOLVE_TIMEOUT);
	assert_int_equal(o.status[1], PD_RESOLVE_TIMEOUT);
	o = resolve("silent6.example", 300);
	assert_int_equal(o.order[0], AF_INET);
	assert_int_equal(o.status[0], PD_RESOLVE_TIMEOUT);
	assert_int_equal(o.status[1], PD_RESOLVE_OK);
	/* One dead name does not make the server dead. */
	expect("four.example", PD_RESOLVE_NONE, 0, PD_RESOLVE_OK, 1);
	/* The late give-up of libunbound finds nobody. */
	linger(900);
}

static void
answers_come_as_they_come(void **state)
{
	struct outcome o = resolve("slow6.example", 4000);

	(void)state;
	assert_int_equal(o.order[0], AF_INET);
	assert_int_equal(o.status[0], PD_RESOLVE_OK);
	assert_int_equal(o.status[1], PD_RESOLVE_OK);
}

static void
cancel_at_any_moment(void **state)
{
	struct outcome o = { 0 };
	struct pd_resolve_job *job;

	(void)state;
	/* At once, asked and answered. */
	job = pd_resolve_start(
	    t.resolver, PD_STR("both.example"), 4000, on_done, &o);
	pd_resolve_cancel(job);
	job = pd_resolve_start(
	    t.resolver, PD_STR("localhost"), 4000, on_done, &o);
	pd_resolve_cancel(job);
	/* While a slow answer is on its way. */
	job = pd_resolve_start(
	    t.resolver, PD_STR("silent6.example"), 4000, on_done, &o);
	linger(1);
	pd_resolve_cancel(job);
	pd_resolve_cancel(NULL);
	linger(200);
	/* The answer for A may have come before the cancel, no more. */
	assert_true(o.ncalls < 2);

	/* Inside the first of two calls. */
	memset(&o, 0, sizeof(o));
	t.waiting = 1;
	o.cancel = pd_resolve_start(
	    t.resolver, PD_STR("both.example"), 4000, on_done, &o);
	event_base_dispatch(t.base);
	assert_int_equal(o.ncalls, 1);
	linger(50);
	assert_int_equal(o.ncalls, 1);
	expect("both.example", PD_RESOLVE_OK, 1, PD_RESOLVE_OK, 2);
}

static void
destroy_inside_a_callback(void **state)
{
	struct outcome o = { .destroy = t.resolver }, other = { 0 };

	(void)state;
	t.waiting = 1;
	pd_resolve_start(
	    t.resolver, PD_STR("silent.example"), 4000, on_done, &other);
	pd_resolve_start(t.resolver, PD_STR("both.example"), 4000, on_done, &o);
	event_base_dispatch(t.base);
	assert_int_equal(o.ncalls, 1);
	linger(50);
	assert_int_equal(o.ncalls, 1);
	assert_int_equal(other.ncalls, 0);
}

static void
many_at_once(void **state)
{
	static struct outcome o[300];
	const size_t n = sizeof(o) / sizeof(o[0]);

	(void)state;
	t.waiting = 2 * (unsigned)n;
	for (size_t i = 0; i < n; i++) {
		char host[32];

		snprintf(host, sizeof(host), "n%zu.example", i / 2);
		pd_resolve_start(
		    t.resolver, pd_str_z(host), 8000, on_done, &o[i]);
	}
	event_base_dispatch(t.base);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(o[i].ncalls, 2);
		assert_int_equal(o[i].status[0], PD_RESOLVE_NONE);
	}
}

static void
a_bad_server_address_is_refused(void **state)
{
	char *servers[] = { (char[]){ "not an address" } };
	struct pd_conf conf = { .nameservers = { servers, 1 } };

	(void)state;
	pd_log_open("/dev/null");
	assert_null(pd_resolver_create(t.base, &conf));
	pd_log_open(NULL);
	pd_resolver_destroy(NULL);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(answers_by_family),
		TEST(the_second_answer_is_cached),
		TEST(works_without_servers),
		TEST(failures_are_quick),
		TEST(another_names_record_is_not_taken),
		TEST(a_truncated_answer_comes_by_tcp),
		TEST(silence_times_out),
		TEST(answers_come_as_they_come),
		TEST(cancel_at_any_moment),
		TEST(destroy_inside_a_callback),
		TEST(many_at_once),
		TEST(a_bad_server_address_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
