#include "http/http.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
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

/* A section from "Name: value" lines, NULL at the end. */
static struct pd_fields
section(struct pd_arena *arena, const char *const *lines)
{
	struct pd_fields fs = { 0 };

	for (; *lines != NULL; lines++) {
		struct pd_str value = pd_str_z(*lines);
		struct pd_str name = pd_str_split(&value, ':');

		pd_fields_add(&fs, arena, name, pd_str_trim(value));
	}
	return fs;
}

#define SECTION(arena, ...) \
	section((arena), (const char *const[]){ __VA_ARGS__, NULL })

/* The names left, joined by spaces. */
static const char *
names(const struct pd_fields *fs, struct pd_arena *arena)
{
	struct pd_str text = PD_STR("");

	PD_FIELDS_EACH (f, fs)
		text = pd_arena_printf(arena, "%.*s%s%.*s", PD_STR_ARG(text),
		    text.n > 0 ? " " : "", PD_STR_ARG(f->name));
	return pd_arena_strdup(arena, text.n > 0 ? text.p : "");
}

static void
test_ids(void **state)
{
	char name[64];

	(void)state;
	assert_null(pd_field_name(PD_FIELD_OTHER));
	for (int i = 1; i < PD_FIELD_COUNT; i++) {
		enum pd_field_id id = (enum pd_field_id)i;
		const char *known = pd_field_name(id);
		size_t n = strlen(known);

		assert_int_equal(pd_field_id(pd_str_z(known)), id);
		for (size_t k = 0; k < n; k++)
			name[k] = (char)toupper((unsigned char)known[k]);
		assert_int_equal(pd_field_id(pd_str_of(name, n)), id);
		/* One byte off, at every place and by every byte. */
		for (size_t k = 0; k < n; k++) {
			memcpy(name, known, n);
			for (int c = 0; c < 256; c++) {
				enum pd_field_id got;

				name[k] = (char)c;
				got = pd_field_id(pd_str_of(name, n));
				if (tolower(c) == known[k])
					assert_int_equal(got, id);
				else
					assert_int_not_equal(got, id);
			}
		}
		/* Cut short or longer by one. */
		memcpy(name, known, n);
		name[n] = 'x';
		assert_int_not_equal(pd_field_id(pd_str_of(name, n + 1)), id);
		assert_int_not_equal(pd_field_id(pd_str_of(name, n - 1)), id);
	}
	assert_int_equal(pd_field_id(PD_STR("")), PD_FIELD_OTHER);
	assert_int_equal(pd_field_id(pd_str_of(NULL, 0)), PD_FIELD_OTHER);
	assert_int_equal(pd_field_id(PD_STR("x")), PD_FIELD_OTHER);
	assert_int_equal(pd_field_id(PD_STR("content\rtype")), PD_FIELD_OTHER);
	assert_int_equal(pd_field_id(PD_STR("content-md\x15")), PD_FIELD_OTHER);
	assert_int_equal(pd_field_id(PD_STR("a-name-much-longer-than-ours-is")),
	    PD_FIELD_OTHER);
}

/* Names are exactly as long as the buffer they stand in: no read past it. */
static void
test_ids_exact_memory(void **state)
{
	(void)state;
	for (size_t n = 1; n < 40; n++) {
		char *p = malloc(n);

		memset(p, 'a', n);
		assert_int_equal(pd_field_id(pd_str_of(p, n)), PD_FIELD_OTHER);
		free(p);
	}
}

static void
test_add_find_remove(void **state)
{
	struct pd_arena *arena = *state;
	struct pd_fields fs = SECTION(arena, "Host: a", "X-A: 1", "ACCEPT: b",
	    "accept: c", "x-a: 2", "X-B: 3");
	const struct pd_field *f = pd_fields_find(&fs, PD_FIELD_ACCEPT);

	assert_int_equal(fs.n, 6);
	assert_true(pd_str_eq(f->name, PD_STR("ACCEPT")));
	assert_true(pd_str_eq(f->value, PD_STR("b")));
	assert_null(pd_fields_find(&fs, PD_FIELD_VIA));
	assert_null(pd_fields_find(&fs, PD_FIELD_OTHER));
	assert_null(pd_fields_value(&fs, PD_FIELD_VIA).p);

	pd_fields_set(&fs, arena, PD_FIELD_ACCEPT, PD_STR("d"));
	assert_string_equal(names(&fs, arena), "Host X-A x-a X-B Accept");
	assert_true(
	    pd_str_eq(pd_fields_value(&fs, PD_FIELD_ACCEPT), PD_STR("d")));
	pd_fields_remove_name(&fs, PD_STR("X-a"));
	assert_string_equal(names(&fs, arena), "Host X-B Accept");
	pd_fields_remove_name(&fs, PD_STR("HOST"));
	assert_string_equal(names(&fs, arena), "X-B Accept");
	pd_fields_remove(&fs, PD_FIELD_HOST);
	pd_fields_remove_name(&fs, PD_STR("X-C"));
	assert_int_equal(fs.n, 2);
	pd_fields_remove(&fs, PD_FIELD_ACCEPT);
	pd_fields_remove_name(&fs, PD_STR("x-b"));
	assert_int_equal(fs.n, 0);
	assert_int_equal(fs.seen, 0);
	assert_null(pd_fields_find(&fs, PD_FIELD_ACCEPT));
	pd_fields_add_id(&fs, arena, PD_FIELD_ETAG, PD_STR("\"x\""));
	pd_fields_add_id(&fs, arena, PD_FIELD_TE, PD_STR("trailers"));
	pd_fields_add_id(&fs, arena, PD_FIELD_X_FORWARDED_FOR, PD_STR("h"));
	pd_fields_add_id(&fs, arena, PD_FIELD_CONTENT_MD5, PD_STR("m"));
	assert_string_equal(
	    names(&fs, arena), "ETag TE X-Forwarded-For Content-MD5");
}

static void
test_growth(void **state)
{
	struct pd_arena *arena = *state;
	struct pd_fields fs = { 0 };

	for (int i = 0; i < 1000; i++) {
		struct pd_str v = pd_arena_printf(arena, "%d", i);

		pd_fields_add(
		    &fs, arena, i % 2 ? PD_STR("via") : PD_STR("x"), v);
	}
	assert_int_equal(fs.n, 1000);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(atoi(fs.v[i].value.p), i);
	pd_fields_remove(&fs, PD_FIELD_VIA);
	assert_int_equal(fs.n, 500);
	for (int i = 0; i < 500; i++)
		assert_int_equal(atoi(fs.v[i].value.p), 2 * i);
}

/* An empty section has no array. */
static void
test_empty(void **state)
{
	struct pd_fields fs = { 0 };

	pd_fields_remove(&fs, PD_FIELD_VIA);
	pd_fields_remove_name(&fs, PD_STR("x"));
	pd_fields_strip_hop(&fs, *state);
	assert_null(pd_fields_find(&fs, PD_FIELD_VIA));
	assert_int_equal(fs.n, 0);
}

static void
test_strip_hop(void **state)
{
	struct pd_arena *arena = *state;
	struct pd_fields fs = SECTION(arena, "Host: h", "Connection: close",
	    "Keep-Alive: 5", "Proxy-Connection: x", "TE: trailers",
	    "Transfer-Encoding: chunked", "Upgrade: websocket",
	    "Proxy-Authorization: Basic x", "Proxy-Authenticate: Basic",
	    "Proxy-Authentication-Info: x", "HTTP2-Settings: x", "Trailer: a",
	    "Close: kept", "Cookie: c", "connection: ");

	pd_fields_strip_hop(&fs, arena);
	assert_string_equal(names(&fs, arena), "Host Trailer Close Cookie");
	assert_null(pd_fields_find(&fs, PD_FIELD_CONNECTION));
	assert_non_null(pd_fields_find(&fs, PD_FIELD_COOKIE));
}

static void
test_strip_nominated(void **state)
{
	struct pd_arena *arena = *state;
	struct pd_fields fs = SECTION(arena, "X-Foo: 1", "X-Bar: 2",
	    "Connection: close, x-foo ,,\t Cookie", "x-FOO: 3", "Cookie: c",
	    "Connection: X-BAZ", "X-Baz: 4", "X-Ba: 5", "X-Bazz: 6");

	pd_fields_strip_hop(&fs, arena);
	assert_string_equal(names(&fs, arena), "X-Bar X-Ba X-Bazz");

	/* What frames and routes the message stays, whatever is said. */
	fs = SECTION(arena,
	    "Connection: Content-Length, Host, Transfer-Encoding, Via",
	    "Connection: Authorization, Cookie, Cache-Control, Content-Type",
	    "Connection: Content-Encoding, X-Forwarded-For, Range, Expect",
	    "Content-Length: 1", "Host: h", "Transfer-Encoding: chunked",
	    "Via: 1.1 x", "Authorization: a", "Cookie: c", "Cache-Control: n",
	    "Content-Type: t", "Content-Encoding: gzip", "X-Forwarded-For: a",
	    "Range: r", "Expect: e");
	pd_fields_strip_hop(&fs, arena);
	assert_string_equal(names(&fs, arena),
	    "Content-Length Host Via Cache-Control Content-Type "
	    "Content-Encoding");
}

static struct pd_fields
many_options(struct pd_arena *arena, int n)
{
	struct pd_fields fs = SECTION(arena, "Host: h", "X-Foo: 1", "O3: 2");
	struct pd_str list = PD_STR("close");

	for (int i = 0; i < n; i++)
		list = pd_arena_printf(arena, "%.*s, o%d", PD_STR_ARG(list), i);
	pd_fields_add(&fs, arena, PD_STR("Connection"), list);
	pd_fields_strip_hop(&fs, arena);
	return fs;
}

/* More options than are looked up: every field without an id goes. */
static void
test_strip_many(void **state)
{
	struct pd_fields fs = many_options(*state, 64);

	assert_string_equal(names(&fs, *state), "Host X-Foo");
	fs = many_options(*state, 65);
	assert_string_equal(names(&fs, *state), "Host");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ids),
		cmocka_unit_test(test_ids_exact_memory),
		cmocka_unit_test(test_add_find_remove),
		cmocka_unit_test(test_growth),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_strip_hop),
		cmocka_unit_test(test_strip_nominated),
		cmocka_unit_test(test_strip_many),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
