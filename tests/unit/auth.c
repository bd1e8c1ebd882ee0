#include "auth.h"

/* cmocka wants these before its own header. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <crypt.h>

#include "base/arena.h"
#include "base/worker.h"

/* Cheap on purpose: tests are not what makes guessing slow. */
#define SETTING "$5$rounds=1000$saltsalt$"

static char file[] = "/tmp/pared-users-XXXXXX";
static char lines[4096];
static unsigned errors, notes;

static void
on_line(void *arg, bool error, const char *text)
{
	(void)arg;
	strncat(lines, text, sizeof(lines) - strlen(lines) - 2);
	strcat(lines, "\n");
	if (error)
		errors++;
	else
		notes++;
}

static const struct pd_conf_report report = { on_line, NULL };

static struct pd_users *
load(const char *text)
{
	struct pd_conf conf = { .auth_mode = 1, .auth_passwd_file = file };
	FILE *f = fopen(file, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	assert_int_equal(chmod(file, 0600), 0);
	lines[0] = '\0';
	errors = notes = 0;
	return pd_users_load(&conf, &report);
}

static void
test_load(void **state)
{
	struct pd_conf none = { .auth_mode = 0 };
	struct pd_conf missing = { .auth_mode = 1,
		.auth_passwd_file = (char *)"/no/such" };
	struct pd_users *u = pd_users_load(&none, &report);

	(void)state;
	assert_non_null(u);
	pd_users_unref(pd_users_ref(u));
	pd_users_unref(u);
	lines[0] = '\0';
	errors = 0;
	assert_null(pd_users_load(&missing, &report));
	assert_int_equal(errors, 1);

	u = load("# users\n\nann:" SETTING "x\r\n");
	assert_non_null(u);
	assert_int_equal(errors + notes, 0);
	pd_users_unref(u);
	u = load("ann:pa:ss\nbob:$plain");
	assert_non_null(u);
	assert_int_equal(notes, 1); /* in clear */
	pd_users_unref(u);
	assert_null(load("ann\n:x\nbob:\n"));
	assert_int_equal(errors, 4); /* and no user is left */
	assert_null(load("ann:x\nbob:y\nann:z\n"));
	assert_non_null(strstr(lines, "ann stands twice"));
	/* htpasswd's own hashes are no passwords. */
	assert_null(load("ann:$apr1$T5sk7dNW$4/TxLzXDZiuZLmLPPvhlH.\n"
			 "bob:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=\n"));
	assert_int_equal(notes, 0);
	assert_non_null(strstr(lines, ":1: a hash that cannot be checked"));
	assert_non_null(strstr(lines, ":2: a hash that cannot be checked"));
	assert_null(load("# nobody\n"));
	assert_int_equal(errors, 1);
}

/* ---- Asking -------------------------------------------------------------- */

static struct {
	struct pd_arena *arena;
	struct pd_worker *worker;
	struct pd_addr client;
	struct pd_str user;
	struct pd_auth_job *job;
	_Atomic int done; /* results delivered */
	_Atomic int last;
} t;

static void
on_done(void *arg, enum pd_auth_result result)
{
	assert_ptr_equal(arg, &t);
	t.last = result;
	t.done++;
}

static const char *
encode(const char *plain)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t n = strlen(plain);
	struct pd_str s = pd_str_of(pd_arena_alloc(t.arena, n / 3 * 4 + 16), 0);
	char *out = (char *)s.p;

	strcpy(out, "Basic ");
	out += 6;
	for (size_t i = 0; i < n; i += 3) {
		uint32_t b = (uint32_t)(unsigned char)plain[i] << 16;

		b |= i + 1 < n ? (uint32_t)(unsigned char)plain[i + 1] << 8 : 0;
		b |= i + 2 < n ? (uint32_t)(unsigned char)plain[i + 2] : 0;
		*out++ = digits[b >> 18];
		*out++ = digits[b >> 12 & 63];
		*out++ = i + 1 < n ? digits[b >> 6 & 63] : '=';
		*out++ = i + 2 < n ? digits[b & 63] : '=';
	}
	*out = '\0';
	return s.p;
}

static enum pd_auth_result
ask_value(struct pd_users *u, const char *value)
{
	struct pd_request req = { .method = PD_METHOD_GET };

	if (value != NULL)
		pd_fields_add(&req.fields, t.arena,
		    PD_STR("Proxy-Authorization"), pd_str_z(value));
	return pd_auth_check(u, &req, &t.client, t.arena, &t.user, t.worker,
	    &t.job, on_done, &t);
}

static enum pd_auth_result
ask(struct pd_users *u, const char *plain)
{
	return ask_value(u, encode(plain));
}

static void
wait_done(int n)
{
	struct timespec ms = { 0, 1000000 };

	for (int i = 0; i < 20000 && t.done < n; i++)
		nanosleep(&ms, NULL);
	assert_int_equal(t.done, n);
}

static int
begin(void **state)
{
	(void)state;
	t.arena = pd_arena_create();
	t.worker = pd_worker_create(0);
	t.done = 0;
	t.job = NULL;
	assert_non_null(t.worker);
	assert_int_equal(pd_addr_parse(PD_STR("10.0.0.7"), &t.client), 0);
	return pd_worker_start(t.worker);
}

static int
end(void **state)
{
	(void)state;
	pd_worker_stop(t.worker);
	pd_worker_destroy(t.worker);
	pd_arena_destroy(t.arena);
	pd_arena_thread_end();
	return 0;
}

static void
test_plain(void **state)
{
	struct pd_users *u = load("ann:pa:ss\nbob:geheimnis\n");

	(void)state;
	assert_non_null(u);
	assert_int_equal(ask(u, "ann:pa:ss"), PD_AUTH_OK);
	assert_int_equal(t.user.n, 3);
	assert_memory_equal(t.user.p, "ann", 3);
	assert_int_equal(ask(u, "bob:geheimnis"), PD_AUTH_OK);
	assert_int_equal(ask(u, "ann:pa"), PD_AUTH_WRONG);
	assert_int_equal(t.user.n, 0);
	assert_int_equal(ask(u, "ann:"), PD_AUTH_WRONG);
	assert_int_equal(ask(u, "bob:pa:ss"), PD_AUTH_WRONG);
	assert_int_equal(ask(u, "eve:pa:ss"), PD_AUTH_WRONG);

	/* Not Basic, or not readable as it. */
	assert_int_equal(ask_value(u, NULL), PD_AUTH_MISSING);
	assert_int_equal(ask_value(u, ""), PD_AUTH_MISSING);
	assert_int_equal(ask_value(u, "Basic"), PD_AUTH_MISSING);
	assert_int_equal(ask_value(u, "Digest x=\"y\""), PD_AUTH_MISSING);
	assert_int_equal(ask_value(u, "Basic YW5uO!=="), PD_AUTH_MISSING);
	assert_int_equal(ask_value(u, "Basic YW5uO"), PD_AUTH_MISSING);
	assert_int_equal(ask(u, "noColon"), PD_AUTH_MISSING);
	assert_int_equal(ask(u, "ann:pa\x01ss"), PD_AUTH_MISSING);
	/* "ann:pa:ss" with NUL behind. */
	assert_int_equal(
	    ask_value(u, "Basic YW5uOnBhOnNzAA=="), PD_AUTH_MISSING);
	/* The scheme's case and missing padding are of no matter. */
	assert_int_equal(ask_value(u, "bAsIc  Ym9iOmdlaGVpbW5pcw"), PD_AUTH_OK);
	pd_users_unref(u);
}

static void
test_long_credentials(void **state)
{
	struct pd_users *u = load("ann:x\n");
	char *plain = malloc(4000);

	(void)state;
	memset(plain, 'a', 3999);
	plain[3999] = '\0';
	plain[1000] = ':';
	assert_int_equal(ask(u, plain), PD_AUTH_MISSING);
	plain[1024] = '\0';
	assert_int_equal(ask(u, plain), PD_AUTH_WRONG);
	free(plain);
	pd_users_unref(u);
}

static struct pd_users *
load_hashed(void)
{
	char text[512];

	snprintf(text, sizeof(text), "ann:%s\n", crypt("secret", SETTING));
	return load(text);
}

static void
test_hashed(void **state)
{
	struct pd_users *u = load_hashed();

	(void)state;
	assert_non_null(u);
	assert_int_equal(errors + notes, 0);
	assert_int_equal(ask(u, "ann:wrong"), PD_AUTH_WAIT);
	wait_done(1);
	assert_int_equal(t.last, PD_AUTH_WRONG);
	/* The same again costs nothing. */
	assert_int_equal(ask(u, "ann:wrong"), PD_AUTH_WRONG);
	/* Who does not exist takes as long. */
	assert_int_equal(ask(u, "eve:secret"), PD_AUTH_WAIT);
	wait_done(2);
	assert_int_equal(t.last, PD_AUTH_WRONG);
	/* Several that ask for the same are answered by one hash. */
	assert_int_equal(ask(u, "ann:secret"), PD_AUTH_WAIT);
	if (ask(u, "ann:secret") == PD_AUTH_WAIT)
		wait_done(4);
	else
		wait_done(3);
	assert_int_equal(t.last, PD_AUTH_OK);
	assert_int_equal(ask(u, "ann:secret"), PD_AUTH_OK);
	assert_int_equal(t.user.n, 3);
	assert_int_equal(ask(u, "ann:Secret"), PD_AUTH_WRONG);
	/* The hash itself is no password. */
	assert_int_equal(ask(u, "ann:" SETTING), PD_AUTH_WRONG);
	pd_users_unref(u);
}

/* On the worker, whose the jobs are. */
static void
ask_and_cancel(void *arg)
{
	struct pd_users *u = arg;

	for (int i = 0; i < 8; i++) {
		char plain[32];

		snprintf(plain, sizeof(plain), "eve%d:x", i);
		if (ask(u, plain) == PD_AUTH_WAIT)
			pd_auth_cancel(t.job);
	}
	pd_auth_cancel(NULL);
	/* The last reference goes while a hash may be under way. */
	pd_users_unref(u);
	t.last = -1;
}

static void
test_cancel(void **state)
{
	struct timespec ms = { 0, 1000000 };

	(void)state;
	t.last = 0;
	pd_worker_post(t.worker, ask_and_cancel, load_hashed());
	for (int i = 0; i < 20000 && t.last != -1; i++)
		nanosleep(&ms, NULL);
	assert_int_equal(t.last, -1);
	assert_int_equal(t.done, 0);
}

static void
test_queue_is_bounded(void **state)
{
	struct pd_users *u = load_hashed();
	int waiting = 0, wrong = 0;

	(void)state;
	for (int i = 0; i < 200; i++) {
		char plain[32];

		t.client.ip[3] = (uint8_t)i;
		snprintf(plain, sizeof(plain), "eve%d:x", i);
		if (ask(u, plain) == PD_AUTH_WAIT)
			waiting++;
		else
			wrong++;
	}
	assert_true(waiting >= 16);
	assert_true(wrong > 0);
	wait_done(waiting);
	pd_users_unref(u);
}

static void
test_failures_are_limited(void **state)
{
	struct pd_users *u = load("ann:right\nbob:other\n");
	struct pd_addr first;
	char plain[32];

	(void)state;
	/* The same wrong password counts once: a phone repeats it all day. */
	for (int i = 0; i < 3 * PD_AUTH_FAILURES_MAX; i++)
		assert_int_equal(ask(u, "bob:old"), PD_AUTH_WRONG);
	assert_int_equal(ask(u, "ann:right"), PD_AUTH_OK);
	for (int i = 1; i < PD_AUTH_FAILURES_MAX; i++) {
		snprintf(plain, sizeof(plain), "bob:guess%d", i);
		assert_int_equal(ask(u, plain), PD_AUTH_WRONG);
	}
	/* Even the right one, now; but who was right before stays. */
	assert_int_equal(ask(u, "bob:other"), PD_AUTH_WRONG);
	assert_int_equal(ask(u, "ann:right"), PD_AUTH_OK);
	assert_int_equal(ask(u, "ann:wrong"), PD_AUTH_WRONG);
	/* Others are not made to suffer. */
	first = t.client;
	t.client.ip[3]++;
	assert_int_equal(ask(u, "bob:other"), PD_AUTH_OK);
	/* Nor can it be shaken off by a port or another spelling. */
	t.client = first;
	t.client.port = 99;
	assert_int_equal(ask(u, "bob:other"), PD_AUTH_WRONG);
	assert_int_equal(
	    pd_addr_parse(PD_STR("::ffff:10.0.0.7"), &t.client), 0);
	assert_int_equal(ask(u, "bob:other"), PD_AUTH_WRONG);
	/* An IPv6 client is its /64. */
	assert_int_equal(pd_addr_parse(PD_STR("fd00::1"), &t.client), 0);
	for (int i = 0; i < PD_AUTH_FAILURES_MAX; i++) {
		t.client.ip[15]++;
		snprintf(plain, sizeof(plain), "bob:guess%d", i);
		assert_int_equal(ask(u, plain), PD_AUTH_WRONG);
	}
	assert_int_equal(ask(u, "bob:other"), PD_AUTH_WRONG);
	pd_users_unref(u);
}

static void
test_off(void **state)
{
	struct pd_conf none = { .auth_mode = 0 };
	struct pd_users *u = pd_users_load(&none, NULL);

	(void)state;
	assert_int_equal(ask_value(u, NULL), PD_AUTH_OK);
	assert_int_equal(t.user.n, 0);
	assert_int_equal(ask(u, "any:thing"), PD_AUTH_OK);
	assert_int_equal(t.user.n, 0);
	pd_users_unref(u);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_load),
		cmocka_unit_test_setup_teardown(test_off, begin, end),
		cmocka_unit_test_setup_teardown(test_plain, begin, end),
		cmocka_unit_test_setup_teardown(
		    test_long_credentials, begin, end),
		cmocka_unit_test_setup_teardown(test_hashed, begin, end),
		cmocka_unit_test_setup_teardown(test_cancel, begin, end),
		cmocka_unit_test_setup_teardown(
		    test_queue_is_bounded, begin, end),
		cmocka_unit_test_setup_teardown(
		    test_failures_are_limited, begin, end),
	};
	int fd = mkstemp(file), rc;

	if (fd < 0)
		return 1;
	close(fd);
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(file);
	return rc;
}
