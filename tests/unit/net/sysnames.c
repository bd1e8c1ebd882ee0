/*
 * /etc/hosts and /etc/resolv.conf, as they are found in the wild.
 */
#include "net/sysnames.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static char path[32];

static const char *
file_with(const char *text, size_t len)
{
	int fd;

	strcpy(path, "/tmp/sysnames-XXXXXX");
	fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, len), len);
	close(fd);
	return path;
}

static struct pd_sysnames *
hosts_with(const char *text, size_t len)
{
	struct pd_sysnames *s = pd_sysnames_create(file_with(text, len));

	unlink(path);
	return s;
}

/* "-": not known; else the addresses, with spaces between. */
static void
expect(const struct pd_sysnames *s, const char *host, int family,
    const char *meant)
{
	struct pd_addr out[PD_RESOLVE_MAX];
	char got[PD_RESOLVE_MAX * PD_ADDR_TEXT] = "", one[PD_ADDR_TEXT];
	size_t n;

	if (!pd_sysnames_find(s, pd_str_z(host), family, out, &n))
		strcpy(got, "-");
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			strcat(got, " ");
		strcat(got, pd_addr_text(&out[i], one));
	}
	assert_string_equal(got, meant);
}

static void
names_are_found(void **state)
{
	static const char text[] = "# comment\n"
				   "127.0.0.1\tlocalhost\n"
				   "::1 localhost ip6-localhost\n"
				   "\n"
				   "  192.0.2.1   Box box.Example.org. # x y\n"
				   "192.0.2.2 box\r\n"
				   "2001:db8::1 box\n"
				   "0.0.0.0 ads.example\n"
				   "0.0.0.0 ads.example track.example\n"
				   "not-an-address foo\n"
				   "192.0.2.3\n"
				   "fe80::1%lo0 zone\n"
				   "192.0.2.4 last";
	struct pd_sysnames *s = hosts_with(text, sizeof(text) - 1);

	(void)state;
	expect(s, "box", AF_INET, "192.0.2.1 192.0.2.2");
	expect(s, "BOX.", AF_INET6, "2001:db8::1");
	expect(s, "box.example.org", AF_INET, "192.0.2.1");
	expect(s, "box.example.org", AF_INET6, "");
	expect(s, "localhost", AF_INET, "127.0.0.1");
	expect(s, "localhost", AF_INET6, "::1");
	expect(s, "a.localhost", AF_INET6, "::1");
	expect(s, "localhost.example", AF_INET, "-");
	expect(s, "ads.example", AF_INET, "0.0.0.0 0.0.0.0");
	expect(s, "track.example", AF_INET, "0.0.0.0");
	expect(s, "last", AF_INET, "192.0.2.4");
	expect(s, "bo", AF_INET, "-");
	expect(s, "boxx", AF_INET, "-");
	expect(s, "x", AF_INET, "-");
	expect(s, "foo", AF_INET, "-");
	expect(s, "zone", AF_INET6, "-");
	expect(s, "192.0.2.3", AF_INET, "-");
	expect(s, "", AF_INET, "-");
	expect(s, ".", AF_INET, "-");
	pd_sysnames_destroy(s);
	pd_sysnames_destroy(NULL);
}

static void
localhost_needs_no_file(void **state)
{
	struct pd_sysnames *s = pd_sysnames_create("/nonexistent/hosts");

	(void)state;
	expect(s, "localhost", AF_INET, "127.0.0.1");
	expect(s, "LocalHost", AF_INET6, "::1");
	expect(s, "box", AF_INET, "-");
	pd_sysnames_destroy(s);
	s = hosts_with("", 0);
	expect(s, "localhost", AF_INET, "127.0.0.1");
	pd_sysnames_destroy(s);
	/* What the file says of it goes first. */
	s = hosts_with("127.0.0.9 localhost\n", 20);
	expect(s, "localhost", AF_INET, "127.0.0.9");
	expect(s, "localhost", AF_INET6, "");
	pd_sysnames_destroy(s);
}

static void
no_more_addresses_than_room(void **state)
{
	char text[2048];
	size_t n = 0;
	struct pd_sysnames *s;
	struct pd_addr out[PD_RESOLVE_MAX];

	(void)state;
	for (int i = 0; i < 40; i++)
		n += (size_t)snprintf(
		    text + n, sizeof(text) - n, "192.0.2.%d many\n", i);
	s = hosts_with(text, n);
	assert_true(pd_sysnames_find(s, PD_STR("many"), AF_INET, out, &n));
	assert_int_equal(n, PD_RESOLVE_MAX);
	assert_int_equal(out[0].ip[3], 0);
	assert_int_equal(out[15].ip[3], 15);
	pd_sysnames_destroy(s);
}

static void
odd_bytes_do_no_harm(void **state)
{
	static const char text[] = "192.0.2.1 a\0b\n\0\0\n192.0.2.2 . ..\n"
				   "192.0.2.3 \xff\xfe\n#\n\r\n192.0.2.4 ok";
	struct pd_sysnames *s = hosts_with(text, sizeof(text) - 1);

	(void)state;
	expect(s, "a", AF_INET, "-");
	expect(s, "ok", AF_INET, "192.0.2.4");
	pd_sysnames_destroy(s);
}

static void
many_lines(void **state)
{
	size_t room = 3 << 20, n = 0;
	char *text = malloc(room);
	struct pd_sysnames *s;

	(void)state;
	for (int i = 0; i < 100000; i++)
		n += (size_t)snprintf(text + n, room - n,
		    "0.0.0.0 ad%d.example\n", (i * 7919) % 100000);
	s = hosts_with(text, n);
	free(text);
	for (int i = 0; i < 100000; i += 997) {
		char name[32];

		snprintf(name, sizeof(name), "ad%d.example", i);
		expect(s, name, AF_INET, "0.0.0.0");
	}
	expect(s, "ad100000.example", AF_INET, "-");
	pd_sysnames_destroy(s);
}

static void
servers_of_resolv_conf(void **state)
{
	static const char text[] = "# x\n; y\nsearch a b\n"
				   "nameserver 192.0.2.1 # one\n"
				   "nameserver\t2001:db8::1;two\n"
				   "nameserver localhost\n"
				   "nameserverx 192.0.2.9\n"
				   "nameserver\n"
				   "nameserver fe80::1%eth0\n"
				   "nameserver 192.0.2.4\n";
	char out[PD_SYSNAMES_SERVERS_MAX][PD_SYSNAMES_SERVER_LEN];

	(void)state;
	assert_int_equal(
	    pd_sysnames_servers(file_with(text, sizeof(text) - 1), out), 3);
	unlink(path);
	assert_string_equal(out[0], "192.0.2.1");
	assert_string_equal(out[1], "2001:db8::1");
	assert_string_equal(out[2], "fe80::1%eth0");
	assert_int_equal(pd_sysnames_servers("/nonexistent", out), 1);
	assert_string_equal(out[0], "127.0.0.1");
	assert_int_equal(
	    pd_sysnames_servers(file_with("search a\n", 9), out), 1);
	unlink(path);
	assert_string_equal(out[0], "127.0.0.1");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_found),
		cmocka_unit_test(localhost_needs_no_file),
		cmocka_unit_test(no_more_addresses_than_room),
		cmocka_unit_test(odd_bytes_do_no_harm),
		cmocka_unit_test(many_lines),
		cmocka_unit_test(servers_of_resolv_conf),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
