#include "filters/block/allow.h"

/* cmocka wants these before its own header. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/addr_help.h"

#define NOW INT64_C(1795392000)

static char dir[] = "/tmp/pared-allow-XXXXXX";
static char path[64];

/* client NULL: every device. */
static void
set(struct pd_allow *a, const char *client, const char *host, unsigned minutes)
{
	struct pd_addr who;

	if (client != NULL)
		who = addr_of(client);
	if (pd_allow_set(a, client != NULL ? &who : NULL, pd_str_z(host),
		minutes, NOW) < 0)
		fail_msg("%s: %s", host, strerror(errno));
}

static bool
finds(struct pd_allow *a, const char *client, const char *host,
    const char *page, int64_t now_s)
{
	struct pd_addr who;

	if (client != NULL)
		who = addr_of(client);
	who.port = 4711;
	return pd_allow_find(a, client != NULL ? &who : NULL, pd_str_z(host),
	    pd_str_z(page), now_s, NULL);
}

static void
write_file(const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static char *
read_file(void)
{
	static char text[4096];
	FILE *f = fopen(path, "r");
	size_t n;

	assert_non_null(f);
	n = fread(text, 1, sizeof(text) - 1, f);
	text[n] = '\0';
	fclose(f);
	return text;
}

/* What pd_allow_each() tells, a line each. */
static char each_text[1024];

static void
on_each(void *arg, const struct pd_addr *client, struct pd_str host,
    int64_t until_s)
{
	char text[PD_ADDR_TEXT];
	size_t n = strlen(each_text);

	assert_ptr_equal(arg, each_text);
	snprintf(each_text + n, sizeof(each_text) - n, "%s %.*s %d\n",
	    client != NULL ? pd_addr_text(client, text) : "*", PD_STR_ARG(host),
	    (int)(until_s - NOW));
}

static const char *
all_of(struct pd_allow *a, int64_t now_s)
{
	each_text[0] = '\0';
	pd_allow_each(a, now_s, on_each, each_text);
	return each_text;
}

static void
test_find(void **state)
{
	struct pd_allow *a = pd_allow_open(NULL, NULL);
	struct pd_addr who = addr_of("10.0.0.7");
	int64_t until = 0;

	(void)state;
	assert_false(finds(a, "10.0.0.7", "example.org", "", NOW));
	set(a, "10.0.0.7", "Example.ORG.", 10);
	set(a, NULL,
	    "b\xc3\xbc"
	    "cher.example",
	    1);
	/* The host, what is below it, and what its pages ask for. */
	assert_true(finds(a, "10.0.0.7", "example.org", "", NOW));
	assert_true(finds(a, "10.0.0.7", "www.example.org", "", NOW));
	assert_true(finds(a, "10.0.0.7", "ads.example", "example.org", NOW));
	assert_true(finds(a, "10.0.0.7", "ads.example", "a.example.org", NOW));
	assert_false(finds(a, "10.0.0.7", "xexample.org", "org", NOW));
	assert_false(finds(a, "10.0.0.7", "example.org.evil", "", NOW));
	/* That device alone, however its address comes. */
	assert_true(finds(a, "::ffff:10.0.0.7", "example.org", "", NOW));
	assert_false(finds(a, "10.0.0.8", "example.org", "", NOW));
	assert_false(finds(a, "::10.0.0.7", "example.org", "", NOW));
	assert_false(finds(a, NULL, "example.org", "", NOW));
	assert_true(finds(a, NULL, "xn--bcher-kva.example", "", NOW));
	assert_true(finds(a, "10.0.0.8", "xn--bcher-kva.example", "", NOW));
	/* To the second. */
	assert_true(finds(a, "10.0.0.7", "example.org", "", NOW + 599));
	assert_false(finds(a, "10.0.0.7", "example.org", "", NOW + 600));
	assert_false(finds(a, NULL, "xn--bcher-kva.example", "", NOW + 60));
	/* Of several that fit, the one that lasts. */
	set(a, NULL, "www.example.org", 20);
	assert_true(pd_allow_find(
	    a, &who, PD_STR("www.example.org"), PD_STR(""), NOW, &until));
	assert_int_equal(until, NOW + 1200);
	/* Again: from now on. */
	set(a, NULL, "www.example.org", 5);
	assert_true(pd_allow_find(
	    a, &who, PD_STR("www.example.org"), PD_STR(""), NOW, &until));
	assert_int_equal(until, NOW + 600);
	pd_allow_close(a);
	pd_allow_close(NULL);
}

static void
test_end(void **state)
{
	struct pd_allow *a = pd_allow_open(NULL, NULL);

	(void)state;
	set(a, "10.0.0.7", "a.example", 10);
	set(a, "10.0.0.8", "a.example", 9);
	set(a, NULL, "a.example", 8);
	set(a, "10.0.0.7", "b.example", 7);
	assert_string_equal(all_of(a, NOW), "10.0.0.7 b.example 420\n"
					    "* a.example 480\n"
					    "10.0.0.8 a.example 540\n"
					    "10.0.0.7 a.example 600\n");
	assert_string_equal(all_of(a, NOW + 540), "10.0.0.7 a.example 600\n");
	set(a, "::ffff:10.0.0.8", "a.example", 0);
	assert_string_equal(all_of(a, NOW), "10.0.0.7 b.example 420\n"
					    "* a.example 480\n"
					    "10.0.0.7 a.example 600\n");
	set(a, NULL, "a.example", 0);
	assert_string_equal(all_of(a, NOW), "10.0.0.7 b.example 420\n");
	set(a, NULL, "c.example", 0);
	pd_allow_close(a);
}

static void
test_refused(void **state)
{
	struct pd_allow *a = pd_allow_open(NULL, NULL);
	struct pd_addr none = { .family = 0 };

	(void)state;
	errno = 0;
	assert_int_equal(pd_allow_set(a, NULL, PD_STR("no host"), 1, NOW), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(pd_allow_set(a, NULL, PD_STR(""), 1, NOW), -1);
	/* All that ends so. */
	assert_int_equal(pd_allow_set(a, NULL, PD_STR("com"), 1, NOW), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(pd_allow_set(a, NULL, PD_STR("COM."), 1, NOW), -1);
	/* A line of the file, were it taken. */
	assert_int_equal(
	    pd_allow_set(a, NULL, PD_STR("a.example\n9 * b"), 1, NOW), -1);
	assert_int_equal(
	    pd_allow_set(a, &none, PD_STR("a.example"), 1, NOW), -1);
	assert_int_equal(pd_allow_set(a, NULL, PD_STR("a.example"),
			     PD_ALLOW_MINUTES_MAX + 1, NOW),
	    -1);
	assert_int_equal(pd_allow_set(a, NULL, PD_STR("a.example"),
			     PD_ALLOW_MINUTES_MAX, NOW),
	    0);
	assert_string_equal(all_of(a, NOW), "* a.example 604800\n");
	pd_allow_close(a);
}

static int
try(struct pd_allow *a, const char *client, const char *host, unsigned minutes)
{
	struct pd_addr who = addr_of(client);

	return pd_allow_set(a, &who, pd_str_z(host), minutes, NOW);
}

/* A client has so many, and loses of its own. */
static void
test_client_most(void **state)
{
	struct pd_allow *a = pd_allow_open(NULL, NULL);
	char host[32];

	(void)state;
	set(a, NULL, "admin.example", 1);
	set(a, "10.0.0.8", "other.example", 1);
	for (unsigned i = 0; i < PD_ALLOW_CLIENT_MAX + 2; i++) {
		snprintf(host, sizeof(host), "h%u.example", i);
		set(a, "10.0.0.7", host, 100 + i);
	}
	assert_true(finds(a, "10.0.0.7", "admin.example", "", NOW));
	assert_true(finds(a, "10.0.0.8", "other.example", "", NOW));
	assert_false(finds(a, "10.0.0.7", "h0.example", "", NOW));
	assert_false(finds(a, "10.0.0.7", "h1.example", "", NOW));
	assert_true(finds(a, "10.0.0.7", "h2.example", "", NOW));
	/* One that it has already takes no place. */
	set(a, "10.0.0.7", "h9.example", 1000);
	assert_true(finds(a, "10.0.0.7", "h2.example", "", NOW));
	pd_allow_close(a);
}

/* When all is taken by others a client is refused, and nobody else loses. */
static void
test_full(void **state)
{
	struct pd_allow *a;
	char host[32], client[32];
	unsigned i;

	(void)state;
	a = pd_allow_open(NULL, NULL);
	for (i = 0; i < PD_ALLOW_MAX - 2; i++) {
		snprintf(host, sizeof(host), "h%u.example", i);
		snprintf(client, sizeof(client), "10.0.1.%u",
		    i / PD_ALLOW_CLIENT_MAX);
		set(a, client, host, 200);
	}
	set(a, NULL, "admin.example", 1);
	set(a, "10.0.0.7", "mine.example", 2);
	errno = 0;
	assert_int_equal(try(a, "10.0.0.8", "x.example", 10), -1);
	assert_int_equal(errno, ENOBUFS);
	set(a, "10.0.0.7", "mine2.example", 2);
	assert_false(finds(a, "10.0.0.7", "mine.example", "", NOW));
	assert_true(finds(a, "10.0.0.7", "mine2.example", "", NOW));
	assert_true(finds(a, NULL, "admin.example", "", NOW));
	/* For every device there is always a place: the first to end of a
	 * client's. */
	set(a, NULL, "admin2.example", 3);
	assert_true(finds(a, NULL, "admin.example", "", NOW));
	assert_true(finds(a, NULL, "admin2.example", "", NOW));
	assert_false(finds(a, "10.0.0.7", "mine2.example", "", NOW));
	assert_true(finds(a, "10.0.1.0", "h0.example", "", NOW));
	assert_int_equal(try(a, "10.0.0.8", "x.example", 10), -1);
	pd_allow_close(a);
}

/* The same of a file: a refusal leaves it as it was. */
static void
test_full_file(void **state)
{
	struct pd_addr who = addr_of("10.0.0.7");
	FILE *f = fopen(path, "w");
	struct pd_allow *a;
	struct stat before, after;
	size_t wrong;

	(void)state;
	assert_non_null(f);
	for (unsigned i = 0; i < PD_ALLOW_MAX; i++)
		fprintf(f, "1795392%03u * h%u.example\n", i, i);
	fclose(f);
	assert_int_equal(stat(path, &before), 0);
	a = pd_allow_open(path, &wrong);
	assert_int_equal(wrong, 0);
	errno = 0;
	assert_int_equal(
	    pd_allow_set(a, &who, PD_STR("x.example"), 10, NOW - 1), -1);
	assert_int_equal(errno, ENOBUFS);
	assert_int_equal(stat(path, &after), 0);
	assert_true(before.st_ino == after.st_ino);
	assert_true(finds(a, NULL, "h1.example", "", NOW - 1));
	/* h0 is over at last. */
	set(a, "10.0.0.7", "x.example", 10);
	assert_true(finds(a, "10.0.0.7", "x.example", "", NOW));
	pd_allow_close(a);
	unlink(path);
}

/* For every device: above the most, the one that ends first goes. */
static void
test_most(void **state)
{
	struct pd_allow *a = pd_allow_open(NULL, NULL);
	char host[32];

	(void)state;
	for (unsigned i = 0; i < PD_ALLOW_MAX; i++) {
		snprintf(host, sizeof(host), "h%u.example", i);
		set(a, NULL, host, 2000 - i);
	}
	assert_true(finds(a, NULL, "h999.example", "", NOW));
	set(a, NULL, "one-more.example", 3000);
	assert_false(finds(a, NULL, "h999.example", "", NOW));
	assert_true(finds(a, NULL, "h998.example", "", NOW));
	assert_true(finds(a, NULL, "one-more.example", "", NOW));
	pd_allow_close(a);
}

static void
test_file(void **state)
{
	struct pd_allow *a, *b;
	struct stat st;
	size_t wrong;

	(void)state;
	unlink(path);
	a = pd_allow_open(path, &wrong);
	assert_int_equal(wrong, 0);
	set(a, "::ffff:10.0.0.7", "Example.org", 10);
	set(a, "2001:db8::1", "2001:DB8::2", 5);
	assert_non_null(strstr(read_file(), "\n1795392300 2001:db8::1 "
					    "2001:db8::2\n"
					    "1795392600 10.0.0.7 "
					    "example.org\n"));
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);

	/* Another process: what it changes is seen in a second, and it does
	 * not undo what this one wrote. */
	b = pd_allow_open(path, &wrong);
	assert_true(finds(b, "10.0.0.7", "example.org", "", NOW));
	assert_true(finds(b, "2001:db8::1", "2001:db8::2", "", NOW));
	set(a, NULL, "a.example", 5);
	set(b, NULL, "b.example", 5);
	assert_true(finds(b, NULL, "a.example", "", NOW + 1));
	assert_true(finds(a, NULL, "b.example", "", NOW + 1));
	set(b, NULL, "a.example", 0);
	/* Within the same second it may not look. */
	assert_true(finds(a, NULL, "a.example", "", NOW + 1));
	assert_false(finds(a, NULL, "a.example", "", NOW + 2));
	assert_true(finds(a, NULL, "b.example", "", NOW + 2));
	/* The clock goes back, too. */
	set(b, NULL, "c.example", 1);
	assert_true(finds(a, NULL, "c.example", "", NOW));
	/* A file that goes takes all with it. */
	assert_int_equal(unlink(path), 0);
	assert_false(finds(a, NULL, "b.example", "", NOW + 3));
	pd_allow_close(a);
	pd_allow_close(b);
}

static void
test_wrong_lines(void **state)
{
	struct pd_allow *a;
	size_t wrong;

	(void)state;
	write_file("# comment\n"
		   "\n"
		   "1795392060 * a.example\n"
		   "1795392060 10.0.0.7 b.example\r\n"
		   "1795392060 10.0.0.7/8 c.example\n"
		   "-5 * d.example\n"
		   "x * e.example\n"
		   "1795392060 *\n"
		   "1795392060\n"
		   "1795392060 * f g\n"
		   "99999999999999999999 * h.example\n"
		   "1795392060 * com\n"
		   "1795392000 * over.example\n"
		   "1795392060 * last.example");
	a = pd_allow_open(path, &wrong);
	assert_int_equal(wrong, 8);
	assert_string_equal(all_of(a, NOW), "* a.example 60\n"
					    "10.0.0.7 b.example 60\n"
					    "* last.example 60\n");
	/* What was wrong goes when it is written anew, and what is over. */
	set(a, NULL, "z.example", 1);
	assert_null(strstr(read_file(), "over.example"));
	assert_null(strstr(read_file(), "99999"));
	pd_allow_close(a);
	a = pd_allow_open(path, &wrong);
	assert_int_equal(wrong, 0);
	pd_allow_close(a);
}

/* What cannot be written changes nothing. */
static void
test_no_file(void **state)
{
	char other[96];
	struct pd_allow *a;
	size_t wrong;
	int fd;

	(void)state;
	snprintf(other, sizeof(other), "%s/none/allow", dir);
	a = pd_allow_open(other, &wrong);
	assert_int_equal(wrong, 0);
	assert_false(finds(a, NULL, "a.example", "", NOW));
	errno = 0;
	assert_int_equal(
	    pd_allow_set(a, NULL, PD_STR("a.example"), 1, NOW), -1);
	assert_int_equal(errno, ENOENT);
	assert_false(finds(a, NULL, "a.example", "", NOW));
	pd_allow_close(a);

	/* A directory where the file should be. */
	unlink(path);
	assert_int_equal(mkdir(path, 0700), 0);
	a = pd_allow_open(path, &wrong);
	assert_int_equal(
	    pd_allow_set(a, NULL, PD_STR("a.example"), 1, NOW), -1);
	assert_false(finds(a, NULL, "a.example", "", NOW));
	pd_allow_close(a);
	assert_int_equal(rmdir(path), 0);

	/* Somebody holds the lock and does not let go. */
	a = pd_allow_open(path, &wrong);
	set(a, NULL, "a.example", 1);
	snprintf(other, sizeof(other), "%s.lock", path);
	fd = open(other, O_RDWR);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	assert_int_equal(
	    pd_allow_set(a, NULL, PD_STR("b.example"), 1, NOW), -1);
	close(fd);
	assert_string_equal(all_of(a, NOW), "* a.example 60\n");
	pd_allow_close(a);
}

#define THREADS 4
#define ROUNDS  20

static void *
change_often(void *arg)
{
	struct pd_allow *a = pd_allow_open(path, NULL);
	const char *name = arg;
	char host[32];

	for (unsigned i = 0; i < ROUNDS; i++) {
		snprintf(host, sizeof(host), "%s%u.example", name, i);
		/* Under a load the lock may be another's for too long. */
		while (pd_allow_set(a, NULL, pd_str_z(host), 10, NOW) < 0)
			;
		pd_allow_find(
		    a, NULL, pd_str_z(host), PD_STR(""), NOW + i, NULL);
	}
	pd_allow_close(a);
	return NULL;
}

static void
count(void *arg, const struct pd_addr *client, struct pd_str host,
    int64_t until_s)
{
	(void)client;
	(void)host;
	(void)until_s;
	++*(unsigned *)arg;
}

/* As of several processes at once: no change is lost. */
static void
test_concurrent(void **state)
{
	static char names[THREADS][2] = { "a", "b", "c", "d" };
	pthread_t threads[THREADS];
	struct pd_allow *a;
	unsigned n = 0;

	(void)state;
	unlink(path);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(
		    pthread_create(&threads[i], NULL, change_often, names[i]),
		    0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	a = pd_allow_open(path, NULL);
	pd_allow_each(a, NOW, count, &n);
	assert_int_equal(n, THREADS * ROUNDS);
	pd_allow_close(a);
}

static void *
ask_often(void *arg)
{
	struct pd_allow *a = arg;

	for (int64_t i = 0; i < 2000; i++)
		pd_allow_find(a, NULL, PD_STR("x.example"), PD_STR(""),
		    NOW + i / 100, NULL);
	return NULL;
}

/* Workers that ask while somebody changes. */
static void
test_shared(void **state)
{
	struct pd_allow *a = pd_allow_open(path, NULL);
	pthread_t threads[2];

	(void)state;
	for (int i = 0; i < 2; i++)
		assert_int_equal(
		    pthread_create(&threads[i], NULL, ask_often, a), 0);
	for (unsigned i = 0; i < 20; i++)
		set(a, NULL, "x.example", i % 2 * 10);
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	assert_true(finds(a, NULL, "x.example", "", NOW));
	pd_allow_close(a);
}

static int
make_dir(void **state)
{
	(void)state;
	if (mkdtemp(dir) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/allow", dir);
	return 0;
}

static int
remove_dir(void **state)
{
	char other[96];

	(void)state;
	unlink(path);
	snprintf(other, sizeof(other), "%s.lock", path);
	unlink(other);
	return rmdir(dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_end),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_client_most),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_full_file),
		cmocka_unit_test(test_most),
		cmocka_unit_test(test_file),
		cmocka_unit_test(test_wrong_lines),
		cmocka_unit_test(test_no_file),
		cmocka_unit_test(test_concurrent),
		cmocka_unit_test(test_shared),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
