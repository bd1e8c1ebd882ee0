/* The script is run by node, in the way of a browser. */
#include "pac/pac.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static struct pd_str
script(struct pd_arena *arena, const char *proxy)
{
	static const struct pd_str direct[] = { PD_STR("captive.apple.com"),
		PD_STR("detectportal.firefox.com"), PD_STR("bad\"host") };
	const struct pd_pac_params params = {
		.proxy = pd_str_z(proxy),
		.direct = direct,
		.ndirect = 3,
		.portal = PD_STR("pared.internal"),
	};

	return pd_pac_write(&params, arena);
}

/* What FindProxyForURL says of each host, a line each; free() it. */
static char *
run(struct pd_str pac, const char *const *hosts)
{
	char path[] = "/tmp/pared-pac-XXXXXX", command[256];
	char *out = calloc(1, 65536);
	int fd = mkstemp(path);
	FILE *f = fdopen(fd, "w");

	assert_non_null(f);
	fprintf(f, "%.*s;\n", PD_STR_ARG(pac));
	for (; *hosts != NULL; hosts++)
		fprintf(f,
		    "console.log(FindProxyForURL('http://%s/', '%s'));\n",
		    *hosts, *hosts);
	fclose(f);
	snprintf(command, sizeof(command), "node %s 2>&1", path);
	f = popen(command, "r");
	assert_non_null(f);
	assert_true(fread(out, 1, 65535, f) > 0);
	assert_int_equal(pclose(f), 0);
	unlink(path);
	return out;
}

static void
expect(struct pd_str pac, const char *const *hosts, const char *answer)
{
	char *out = run(pac, hosts), *at = out, *end;

	for (; *hosts != NULL; hosts++, at = end + 1) {
		end = strchr(at, '\n');
		assert_non_null(end);
		*end = '\0';
		if (strcmp(at, answer) != 0)
			fail_msg("%s: %s", *hosts, at);
	}
	free(out);
}

static void
hosts_that_go_direct(void **state)
{
	static const char *const hosts[] = { "captive.apple.com",
		"Captive.Apple.Com.", "detectportal.firefox.com", "localhost",
		"nas", "nas.local", "PRINTER.LOCAL.", "box.lan", "a.home.arpa",
		"x.internal", "10.0.0.1", "10.255.255.255", "172.16.0.1",
		"172.31.9.9", "192.168.0.1", "127.0.0.1", "169.254.169.254",
		"100.64.0.1", "100.127.9.9", "0.0.0.0", "::1", "[::1]",
		"fe80::1", "[FE80::1]", "febf::1", "fc00::1", "fd12:3456::1",
		"192.0.2.1", NULL };
	struct pd_arena *arena = pd_arena_create();

	(void)state;
	expect(script(arena, "192.0.2.1:8080"), hosts, "DIRECT");
	pd_arena_destroy(arena);
}

static void
hosts_that_go_to_the_proxy(void **state)
{
	static const char *const hosts[] = { "example.org", "www.example.org.",
		"apple.com", "x.captive.apple.com",
		"captive.apple.com.evil.org", "192.0.2.2", "172.15.0.1",
		"172.32.0.1", "11.0.0.1", "192.169.0.1", "169.253.0.1",
		"100.63.0.1", "100.128.0.1", "10.0.0.1.example.org",
		"10.example.org", "fc.example.org", "fe80.example.org",
		"local.example.org", "notlocal.org", "2001:db8::1",
		"[2001:db8::1]", "::2", "fec0::1", "constructor.org", ",.x",
		NULL };
	struct pd_arena *arena = pd_arena_create();

	(void)state;
	expect(script(arena, "192.0.2.1:8080"), hosts,
	    "PROXY 192.0.2.1:8080; DIRECT");
	pd_arena_destroy(arena);
}

static void
the_portal_always_goes_to_the_proxy(void **state)
{
	static const char *const hosts[] = { "pared.internal",
		"Pared.Internal.", NULL };
	struct pd_arena *arena = pd_arena_create();

	(void)state;
	expect(script(arena, "[fd00::1]:8080"), hosts, "PROXY [fd00::1]:8080");
	pd_arena_destroy(arena);
}

static void
the_proxys_own_host_goes_direct(void **state)
{
	static const char *const v6[] = { "2001:db8::5", "[2001:DB8::5]",
		NULL };
	static const char *const name[] = { "box.example.org", NULL };
	struct pd_arena *arena = pd_arena_create();

	(void)state;
	expect(script(arena, "[2001:db8::5]:8080"), v6, "DIRECT");
	expect(script(arena, "box.example.org:80"), name, "DIRECT");
	pd_arena_destroy(arena);
}

static void
small_plain_and_closed(void **state)
{
	struct pd_arena *arena = pd_arena_create();
	struct pd_str pac = script(arena, "192.0.2.1:8080");

	(void)state;
	assert_true(pac.n < 4096 - 1100); /* the built-in probes: 1.0 KB */
	for (size_t i = 0; i < pac.n; i++)
		assert_true(
		    pac.p[i] == '\n' || (pac.p[i] >= ' ' && pac.p[i] <= '~'));
	assert_null(memchr(pac.p, '@', pac.n));
	assert_null(memmem(pac.p, pac.n, "bad", 3));
	/* ES3: none of these. */
	assert_null(memmem(pac.p, pac.n, "=>", 2));
	assert_null(memmem(pac.p, pac.n, "let ", 4));
	assert_null(memmem(pac.p, pac.n, "dnsResolve", 10));
	assert_null(memmem(pac.p, pac.n, "isInNet", 7));
	pd_arena_destroy(arena);
}

static void
no_way_out_of_a_string(void **state)
{
	static const char *const hosts[] = { "example.org", NULL };
	struct pd_arena *arena = pd_arena_create();

	(void)state;
	expect(script(arena, "a\"; evil(); \":1"), hosts, "DIRECT");
	expect(script(arena, ""), hosts, "DIRECT");
	pd_arena_destroy(arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hosts_that_go_direct),
		cmocka_unit_test(hosts_that_go_to_the_proxy),
		cmocka_unit_test(the_portal_always_goes_to_the_proxy),
		cmocka_unit_test(the_proxys_own_host_goes_direct),
		cmocka_unit_test(small_plain_and_closed),
		cmocka_unit_test(no_way_out_of_a_string),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
