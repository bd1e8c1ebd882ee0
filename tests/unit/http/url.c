#include "http/url.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static int
setup(void **state)
{
	*state = pd_arena_create();
	return 0;
}

static int
teardown(void **state)
{
	pd_arena_destroy(*state);
	pd_arena_thread_end();
	return 0;
}

static void
assert_str(struct pd_str got, const char *want)
{
	if (pd_str_eq(got, pd_str_z(want)))
		return;
	fail_msg("got \"%.*s\", want \"%s\"", PD_STR_ARG(got), want);
}

static void
test_accepted(void **state)
{
	static const struct {
		const char *in, *host, *path;
		enum pd_scheme scheme;
		uint16_t port;
		bool port_given;
	} rows[] = {
		{ "http://example.org/", "example.org", "/", PD_SCHEME_HTTP, 80,
		    false },
		{ "http://example.org", "example.org", "/", PD_SCHEME_HTTP, 80,
		    false },
		{ "HTTPS://Example.ORG/A/B?C=%7e", "example.org", "/A/B?C=%7e",
		    PD_SCHEME_HTTPS, 443, false },
		{ "hTTp://h:8080/x", "h", "/x", PD_SCHEME_HTTP, 8080, true },
		{ "http://h:/x", "h", "/x", PD_SCHEME_HTTP, 80, false },
		{ "https://h:/x", "h", "/x", PD_SCHEME_HTTPS, 443, false },
		{ "http://h:80/x", "h", "/x", PD_SCHEME_HTTP, 80, true },
		{ "http://h:65535/", "h", "/", PD_SCHEME_HTTP, 65535, true },
		{ "http://h:00080/", "h", "/", PD_SCHEME_HTTP, 80, true },
		{ "http://h?a=b/c", "h", "/?a=b/c", PD_SCHEME_HTTP, 80, false },
		{ "http://h?", "h", "/?", PD_SCHEME_HTTP, 80, false },
		{ "http://h:81?a@b", "h", "/?a@b", PD_SCHEME_HTTP, 81, true },
		{ "http://h.example./", "h.example", "/", PD_SCHEME_HTTP, 80,
		    false },
		{ "http://a_b.Ex-ample.org/", "a_b.ex-ample.org", "/",
		    PD_SCHEME_HTTP, 80, false },
		{ "http://~u/", "~u", "/", PD_SCHEME_HTTP, 80, false },
		{ "http://1password.com/", "1password.com", "/", PD_SCHEME_HTTP,
		    80, false },
		{ "http://1.2.3.4.in-addr.arpa/", "1.2.3.4.in-addr.arpa", "/",
		    PD_SCHEME_HTTP, 80, false },
		{ "http://1.2.3.0xg/", "1.2.3.0xg", "/", PD_SCHEME_HTTP, 80,
		    false },
		{ "http://0xcafe.x0/", "0xcafe.x0", "/", PD_SCHEME_HTTP, 80,
		    false },
		/* Never rewritten, whatever the path looks like. */
		{ "http://h//a/../b/./c;d=e%2F%00|{}[]\"<>^`\\?x?y%zz", "h",
		    "//a/../b/./c;d=e%2F%00|{}[]\"<>^`\\?x?y%zz",
		    PD_SCHEME_HTTP, 80, false },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct pd_url url;
		enum pd_url_error err =
		    pd_url_parse(pd_str_z(rows[i].in), *state, &url);

		if (err != PD_URL_OK)
			fail_msg("%s: %s", rows[i].in, pd_url_strerror(err));
		assert_str(url.authority.host, rows[i].host);
		assert_str(url.path, rows[i].path);
		assert_int_equal(url.scheme, rows[i].scheme);
		assert_int_equal(url.authority.port, rows[i].port);
		assert_int_equal(url.authority.port_given, rows[i].port_given);
		assert_int_equal(url.authority.kind, PD_HOST_NAME);
		assert_int_equal(url.authority.addr.family, 0);
	}
}

static void
test_refused(void **state)
{
	static const struct {
		const char *in;
		enum pd_url_error err;
	} rows[] = {
		{ "", PD_URL_MALFORMED },
		{ "/", PD_URL_MALFORMED },
		{ "example.org/", PD_URL_MALFORMED },
		{ "//example.org/", PD_URL_MALFORMED },
		{ "http", PD_URL_MALFORMED },
		{ "http:", PD_URL_MALFORMED },
		{ "http:/h/", PD_URL_MALFORMED },
		{ "http:h", PD_URL_MALFORMED },
		{ "http:\\\\h\\", PD_URL_MALFORMED },
		{ "HTTP:/h/", PD_URL_MALFORMED },
		{ "://h/", PD_URL_MALFORMED },
		{ "1http://h/", PD_URL_MALFORMED },
		{ " http://h/", PD_URL_MALFORMED },
		{ "http://h/ ", PD_URL_MALFORMED },
		{ "http://h/a b", PD_URL_MALFORMED },
		{ "http://h/a\tb", PD_URL_MALFORMED },
		{ "http://h/a\r\nb", PD_URL_MALFORMED },
		{ "http://h/#", PD_URL_MALFORMED },
		{ "http://h#@evil/", PD_URL_MALFORMED },
		{ "http://h/long-enough-for-words#x", PD_URL_MALFORMED },
		{ "http://h/\xc3\xa9", PD_URL_MALFORMED },
		{ "http://h\xc3\xa9/", PD_URL_MALFORMED },
		{ "http://h/\x7f", PD_URL_MALFORMED },
		{ "ftp://h/", PD_URL_SCHEME },
		{ "ws://h/", PD_URL_SCHEME },
		{ "gopher://h/", PD_URL_SCHEME },
		{ "file:///etc/passwd", PD_URL_SCHEME },
		{ "httpx://h/", PD_URL_SCHEME },
		{ "view-source:http://h/", PD_URL_SCHEME },
		{ "h:80", PD_URL_SCHEME },
		{ "http://u@h/", PD_URL_USERINFO },
		{ "http://u:p@h/", PD_URL_USERINFO },
		{ "http://@h/", PD_URL_USERINFO },
		{ "http://h:80@evil/", PD_URL_USERINFO },
		{ "http://[::1]@evil/", PD_URL_USERINFO },
		{ "http://", PD_URL_HOST },
		{ "http:///", PD_URL_HOST },
		{ "http:///path", PD_URL_HOST },
		{ "http://?q", PD_URL_HOST },
		{ "http://:80/", PD_URL_HOST },
		{ "http://./", PD_URL_HOST },
		{ "http://../", PD_URL_HOST },
		{ "http://.h/", PD_URL_HOST },
		{ "http://h../", PD_URL_HOST },
		{ "http://a..b/", PD_URL_HOST },
		{ "http://a\\b/", PD_URL_HOST },
		{ "http://h\\@evil", PD_URL_USERINFO },
		{ "http://h\\.evil/", PD_URL_HOST },
		{ "http://h%2eevil/", PD_URL_HOST },
		{ "http://%68/", PD_URL_HOST },
		{ "http://h;x/", PD_URL_HOST },
		{ "http://h,x/", PD_URL_HOST },
		{ "http://h!$&'()*+=/", PD_URL_HOST },
		{ "http://h|x/", PD_URL_HOST },
		{ "http://h`x/", PD_URL_HOST },
		{ "http://*/", PD_URL_HOST },
		{ "http://::1/", PD_URL_HOST },
		{ "http://[/", PD_URL_HOST },
		{ "http://[]/", PD_URL_HOST },
		{ "http://[::1/", PD_URL_HOST },
		{ "http://::1]/", PD_URL_HOST },
		{ "http://h]/", PD_URL_HOST },
		{ "http://[h]/", PD_URL_HOST },
		{ "http://[127.0.0.1]/", PD_URL_HOST },
		{ "http://[::1%25eth0]/", PD_URL_HOST },
		{ "http://[::1%eth0]/", PD_URL_HOST },
		{ "http://[v1.x]/", PD_URL_HOST },
		{ "http://[1:2:3:4:5:6:7:8:9]/", PD_URL_HOST },
		{ "http://[::1]x/", PD_URL_PORT },
		{ "http://[::1]]/", PD_URL_PORT },
		{ "http://h:0/", PD_URL_PORT },
		{ "http://h:00000/", PD_URL_PORT },
		{ "http://h:65536/", PD_URL_PORT },
		{ "http://h:99999/", PD_URL_PORT },
		{ "http://h:000080/", PD_URL_PORT },
		{ "http://h:4294967376/", PD_URL_PORT },
		{ "http://h:+80/", PD_URL_PORT },
		{ "http://h:-80/", PD_URL_PORT },
		{ "http://h:8a/", PD_URL_PORT },
		{ "http://h:80:80/", PD_URL_PORT },
		{ "http://h::80/", PD_URL_PORT },
		{ "http://1:2:3/", PD_URL_PORT },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct pd_url url;
		enum pd_url_error err =
		    pd_url_parse(pd_str_z(rows[i].in), *state, &url);

		if (err != rows[i].err)
			fail_msg("%s: %s", rows[i].in, pd_url_strerror(err));
	}
}

/* Every byte, at every place of a word, in path and host. */
static void
test_every_byte(void **state)
{
	char in[64];
	struct pd_url url;

	for (int c = 0; c < 256; c++) {
		bool printable = c > 0x20 && c < 0x7f && c != '#';
		bool alnum = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			     (c >= '0' && c <= '9');
		bool name = alnum || c == '-' || c == '_' || c == '~' ||
			    c == '.' || c == '/' || c == '?';

		for (size_t at = 10; at < 27; at++) {
			memcpy(in, "http://h.e/aaaaaaaaaaaaaaaaaa", 29);
			in[at] = (char)c;
			if (at > 10)
				assert_int_equal(pd_url_parse(pd_str_of(in, 29),
						     *state, &url) == PD_URL_OK,
				    printable);
			assert_int_equal(pd_url_path_ok(pd_str_of(in + 10, 19)),
			    at == 10 ? c == '/' : printable);
		}
		memcpy(in, "http://hoXst.example/", 21);
		in[9] = (char)c;
		assert_int_equal(
		    pd_url_parse(pd_str_of(in, 21), *state, &url) == PD_URL_OK,
		    name);
	}
	assert_false(pd_url_path_ok(pd_str_of(NULL, 0)));
	assert_false(pd_url_path_ok(PD_STR("*")));
	assert_true(pd_url_path_ok(PD_STR("/")));
}

static void
test_ipv4(void **state)
{
	static const struct {
		const char *in, *host; /* NULL: refused */
		bool lax;
	} rows[] = {
		{ "127.0.0.1", "127.0.0.1", false },
		{ "192.0.2.255", "192.0.2.255", false },
		{ "127.0.0.1.", "127.0.0.1", true },
		{ "127.1", "127.0.0.1", true },
		{ "127.0.1", "127.0.0.1", true },
		{ "2130706433", "127.0.0.1", true },
		{ "0x7f000001", "127.0.0.1", true },
		{ "0X7F.1", "127.0.0.1", true },
		{ "0x7f.0.0.0x1", "127.0.0.1", true },
		{ "0177.0.0.01", "127.0.0.1", true },
		{ "017700000001", "127.0.0.1", true },
		{ "0", "0.0.0.0", true },
		{ "0xA9FEA9FE", "169.254.169.254", true },
		{ "256.0.0.1", NULL, false },
		{ "1.2.3.4.5", NULL, false },
		{ "1.2.3.256", NULL, false },
		{ "4294967296", NULL, false },
		{ "08.0.0.1", NULL, false },
		{ "example.0", NULL, false },
		{ "example.123", NULL, false },
		{ "example.0x1", NULL, false },
		{ "example.0x", NULL, false },
		{ "1..2", NULL, false },
		{ "1.2.3.4..", NULL, false },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct pd_authority a;
		enum pd_url_error err =
		    pd_authority_parse(pd_str_z(rows[i].in), 80, *state, &a);

		if (rows[i].host == NULL) {
			if (err != PD_URL_HOST)
				fail_msg("%s is not refused", rows[i].in);
			continue;
		}
		assert_int_equal(err, PD_URL_OK);
		assert_str(a.host, rows[i].host);
		assert_str(a.text, rows[i].in);
		assert_int_equal(a.kind, PD_HOST_IPV4);
		assert_int_equal(a.lax, rows[i].lax);
		assert_int_equal(a.addr.family, AF_INET);
		assert_int_equal(a.addr.port, 80);
	}
}

static void
test_ipv6(void **state)
{
	struct pd_authority a;

	assert_int_equal(
	    pd_authority_parse(PD_STR("[::1]"), 443, *state, &a), PD_URL_OK);
	assert_int_equal(a.kind, PD_HOST_IPV6);
	assert_str(a.host, "::1");
	assert_str(a.text, "[::1]");
	assert_int_equal(a.port, 443);
	assert_int_equal(a.addr.port, 443);
	assert_int_equal(a.addr.family, AF_INET6);
	assert_int_equal(a.addr.ip[15], 1);
	assert_false(a.port_given);

	assert_int_equal(pd_authority_parse(
			     PD_STR("[2001:DB8:0:0::1]:8080"), 80, *state, &a),
	    PD_URL_OK);
	assert_str(a.host, "2001:db8::1");
	assert_int_equal(a.port, 8080);
	assert_true(a.port_given);

	assert_int_equal(
	    pd_authority_parse(PD_STR("[::ffff:7f00:1]:"), 80, *state, &a),
	    PD_URL_OK);
	assert_str(a.host, "::ffff:127.0.0.1");
	assert_int_equal(
	    pd_authority_parse(PD_STR("[::1]:"), 0, *state, &a), PD_URL_PORT);
}

static void
test_lengths(void **state)
{
	char name[300], url[400];
	struct pd_authority a;
	struct pd_url u;

	/* Four labels: 63 + 63 + 63 + 61, with three dots: 253. */
	memset(name, 'a', sizeof(name));
	name[63] = name[127] = name[191] = '.';
	assert_int_equal(
	    pd_authority_parse(pd_str_of(name, 253), 80, *state, &a),
	    PD_URL_OK);
	assert_int_equal(
	    pd_authority_parse(pd_str_of(name, 254), 80, *state, &a),
	    PD_URL_HOST);
	name[253] = '.';
	assert_int_equal(
	    pd_authority_parse(pd_str_of(name, 254), 80, *state, &a),
	    PD_URL_OK);
	assert_int_equal(a.host.n, 253);
	assert_int_equal(
	    pd_authority_parse(pd_str_of(name, 63), 80, *state, &a), PD_URL_OK);
	name[63] = 'a';
	assert_int_equal(
	    pd_authority_parse(pd_str_of(name, 64), 80, *state, &a),
	    PD_URL_HOST);
	assert_int_equal(
	    pd_authority_parse(pd_str_of(name, 70), 80, *state, &a),
	    PD_URL_HOST);

	/* 64 bytes are too many in any label, not only in the last. */
	memset(name, 'a', sizeof(name));
	name[64] = '.';
	assert_int_equal(
	    pd_authority_parse(pd_str_of(name, 70), 80, *state, &a),
	    PD_URL_HOST);

	/* A slice is not read past its end. */
	snprintf(url, sizeof(url), "http://host:8080/path");
	assert_int_equal(
	    pd_url_parse(pd_str_of(url, 13), *state, &u), PD_URL_OK);
	assert_int_equal(u.authority.port, 8);
	assert_str(u.path, "/");
}

static void
test_connect(void **state)
{
	struct pd_authority a;

	assert_int_equal(
	    pd_authority_parse(PD_STR("h:443"), 0, *state, &a), PD_URL_OK);
	assert_int_equal(a.port, 443);
	assert_true(a.port_given);
	assert_int_equal(
	    pd_authority_parse(PD_STR("h"), 0, *state, &a), PD_URL_OK);
	assert_int_equal(a.port, 0);
	assert_false(a.port_given);
	assert_int_equal(
	    pd_authority_parse(PD_STR("h:"), 0, *state, &a), PD_URL_PORT);
	assert_int_equal(
	    pd_authority_parse(PD_STR(""), 0, *state, &a), PD_URL_HOST);
	assert_int_equal(
	    pd_authority_parse(PD_STR("h:443/"), 0, *state, &a), PD_URL_PORT);
	assert_int_equal(
	    pd_authority_parse(PD_STR("h/"), 0, *state, &a), PD_URL_HOST);
	assert_int_equal(
	    pd_authority_parse(PD_STR("http://h"), 0, *state, &a), PD_URL_PORT);
	assert_int_equal(
	    pd_authority_parse(pd_str_of("h\0x", 3), 0, *state, &a),
	    PD_URL_HOST);
}

static bool
same(const char *a, const char *b, struct pd_arena *arena)
{
	struct pd_authority x, y;

	assert_int_equal(
	    pd_authority_parse(pd_str_z(a), 80, arena, &x), PD_URL_OK);
	assert_int_equal(
	    pd_authority_parse(pd_str_z(b), 80, arena, &y), PD_URL_OK);
	assert_int_equal(pd_authority_same(&x, &y), pd_authority_same(&y, &x));
	return pd_authority_same(&x, &y);
}

static void
test_same(void **state)
{
	assert_true(same("h", "H", *state));
	assert_true(same("h.", "h", *state));
	assert_true(same("h:80", "h", *state));
	assert_true(same("h:0080", "h:", *state));
	assert_true(same("127.1", "127.0.0.1", *state));
	assert_true(same("[0:0::1]", "[::1]", *state));
	assert_false(same("h", "h:81", *state));
	assert_false(same("h", "g", *state));
	assert_false(same("h", "hh", *state));
	assert_false(same("127.0.0.1", "127.0.0.2", *state));
	assert_false(same("127.0.0.1", "[::ffff:127.0.0.1]", *state));
}

/* What is accepted, written again from its parts, reads as the same. */
static void
test_stable(void **state)
{
	static const char alphabet[] = "hHaA01x.:/?@[]%#-_~\\ :.";
	unsigned seed = 1;
	size_t accepted = 0;

	for (int round = 0; round < 200000; round++) {
		char in[40] = "http://";
		size_t n = 7;
		struct pd_url a, b;
		struct pd_arena *arena = pd_arena_create();
		struct pd_str again;

		while (n < sizeof(in) && rand_r(&seed) % 10 != 0)
			in[n++] = alphabet[(unsigned)rand_r(&seed) %
					   (sizeof(alphabet) - 1)];
		if (pd_url_parse(pd_str_of(in, n), arena, &a) == PD_URL_OK) {
			bool v6 = a.authority.kind == PD_HOST_IPV6;

			accepted++;
			again = pd_arena_printf(arena, "http://%s%.*s%s:%u%.*s",
			    v6 ? "[" : "", PD_STR_ARG(a.authority.host),
			    v6 ? "]" : "", a.authority.port,
			    PD_STR_ARG(a.path));
			assert_int_equal(
			    pd_url_parse(again, arena, &b), PD_URL_OK);
			assert_true(
			    pd_authority_same(&a.authority, &b.authority));
			assert_true(pd_str_eq(a.path, b.path));
			assert_false(b.authority.lax);
		}
		pd_arena_destroy(arena);
	}
	assert_in_range(accepted, 1000, 190000);
	(void)state;
}

static void
test_no_copy(void **state)
{
	struct pd_url url;
	struct pd_str in = PD_STR("http://www.example.org:8080/path?query");
	size_t used = pd_arena_used(*state);

	assert_int_equal(pd_url_parse(in, *state, &url), PD_URL_OK);
	assert_int_equal(pd_arena_used(*state), used);
	assert_ptr_equal(url.authority.host.p, in.p + 7);
}

static void
test_host_ascii(void **state)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
		{ "Example.ORG", "example.org" },
		{ "example.org.", "example.org" },
		{ "b\xc3\xbc"
		  "cher.example",
		    "xn--bcher-kva.example" },
		{ "B\xc3\x9c"
		  "CHER.example",
		    "xn--bcher-kva.example" },
		{ "bu\xcc\x88"
		  "cher.example",
		    "xn--bcher-kva.example" },
		{ "fa\xc3\x9f.de", "xn--fa-hia.de" },
		{ "\xe4\xbe\x8b\xe3\x80\x82\xe6\xb5\x8b", "xn--fsq.xn--0zw" },
		{ "\xef\xbc\x91\xef\xbc\x92\xef\xbc\x97.1", "127.0.0.1" },
		{ "under_score.example", "under_score.example" },
		{ "xn--bcher-kva.example", "xn--bcher-kva.example" },
		{ "127.1", "127.0.0.1" }, { "", "" }, { ".", "" },
		{ "a b", "" }, { "a/b", "" }, { "*.example", "" },
		{ "host:80", "" }, { "\xff\xfe", "" },
		{ "a\xe2\x80\x8b/b", "" },
		{ "\xe2\x84\x80.example", "" }, /* a/c by compatibility */
	};
	char long_name[2000];

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		assert_str(pd_url_host_ascii(pd_str_z(rows[i].in), *state),
		    rows[i].out);
	memset(long_name, 0xc3, sizeof(long_name));
	assert_int_equal(
	    pd_url_host_ascii(pd_str_of(long_name, sizeof(long_name)), *state)
		.n,
	    0);
	assert_int_equal(
	    pd_url_host_ascii(pd_str_of("b\xc3\xbc\0evil", 8), *state).n, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_accepted),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_every_byte),
		cmocka_unit_test(test_ipv4),
		cmocka_unit_test(test_ipv6),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_connect),
		cmocka_unit_test(test_same),
		cmocka_unit_test(test_stable),
		cmocka_unit_test(test_no_copy),
		cmocka_unit_test(test_host_ascii),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
