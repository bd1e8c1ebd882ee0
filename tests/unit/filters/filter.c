/* What a change of the content changes in the header. */
#include "filters/filter.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "filters/chain.h"

static struct pd_response response;
static struct pd_message msg;

static int
begin(void **state)
{
	(void)state;
	memset(&response, 0, sizeof(response));
	memset(&msg, 0, sizeof(msg));
	msg.response = &response;
	msg.arena = pd_arena_create();
	return 0;
}

static int
finish(void **state)
{
	(void)state;
	pd_arena_destroy(msg.arena);
	return 0;
}

static void
add(const char *name, const char *value)
{
	pd_fields_add(
	    &response.fields, msg.arena, pd_str_z(name), pd_str_z(value));
}

/* All values of a name, with "|" between. */
static const char *
values(const char *name)
{
	struct pd_str s = PD_STR("");

	PD_FIELDS_EACH (f, &response.fields) {
		if (pd_str_caseeq(f->name, pd_str_z(name)))
			s = pd_arena_printf(msg.arena, "%.*s%s%.*s",
			    PD_STR_ARG(s), s.n ? "|" : "",
			    PD_STR_ARG(f->value));
	}
	return pd_arena_str(msg.arena, s).p;
}

static void
stale_fields_go(void **state)
{
	static const char *stale[] = { "Content-MD5", "Digest",
		"content-digest", "Repr-Digest", "Accept-Ranges" };

	(void)state;
	for (size_t i = 0; i < 5; i++) {
		add(stale[i], "x");
		add("X-Keep", "y");
		add(stale[i], "z");
	}
	add("Last-Modified", "Sat, 21 Nov 2026 10:00:00 GMT");
	pd_filter_body_changed(&msg, -1);
	for (size_t i = 0; i < 5; i++)
		assert_string_equal(values(stale[i]), "");
	assert_string_equal(values("x-keep"), "y|y|y|y|y");
	assert_string_equal(
	    values("last-modified"), "Sat, 21 Nov 2026 10:00:00 GMT");
}

static void
etags_are_weakened(void **state)
{
	(void)state;
	add("ETag", "\"a\"");
	add("etag", "W/\"b\"");
	add("ETAG", "bare");
	add("ETag", "");
	pd_filter_body_changed(&msg, -1);
	assert_string_equal(values("etag"), "W/\"a\"|W/\"b\"|bare|");
	pd_filter_body_changed(&msg, -1);
	assert_string_equal(values("etag"), "W/\"a\"|W/\"b\"|bare|");
}

static void
length_is_told(void **state)
{
	(void)state;
	add("Content-Length", "10");
	response.body = PD_BODY_LENGTH;
	response.content_length = 10;
	pd_filter_body_changed(&msg, 7);
	assert_string_equal(values("content-length"), "7");
	assert_int_equal(response.body, PD_BODY_LENGTH);
	assert_int_equal(response.content_length, 7);
	pd_filter_body_changed(&msg, 0);
	assert_string_equal(values("content-length"), "0");
	pd_filter_body_changed(&msg, -1);
	assert_string_equal(values("content-length"), "");
	assert_int_equal(response.body, PD_BODY_CHUNKED);
}

static void
vary_is_kept(void **state)
{
	struct pd_str name = PD_STR("Accept-Encoding");

	(void)state;
	pd_filter_vary(&msg, name);
	assert_string_equal(values("vary"), "Accept-Encoding");
	pd_filter_vary(&msg, name);
	assert_string_equal(values("vary"), "Accept-Encoding");
	pd_filter_vary(&msg, PD_STR("Accept"));
	assert_string_equal(values("vary"), "Accept-Encoding, Accept");
}

static void
vary_joins_what_stands(void **state)
{
	(void)state;
	add("Vary", "");
	pd_filter_vary(&msg, PD_STR("Accept"));
	assert_string_equal(values("vary"), "Accept");
	add("vary", "Origin, accept-ENCODING");
	pd_filter_vary(&msg, PD_STR("Accept-Encoding"));
	assert_string_equal(values("vary"), "Accept|Origin, accept-ENCODING");
	pd_filter_vary(&msg, PD_STR("DPR"));
	assert_string_equal(
	    values("vary"), "Accept, DPR|Origin, accept-ENCODING");
}

static void
vary_on_all_stays(void **state)
{
	(void)state;
	add("Vary", "Origin");
	add("Vary", " * ");
	response.fields.v[1].value = PD_STR("*");
	pd_filter_vary(&msg, PD_STR("Accept"));
	assert_string_equal(values("vary"), "Origin|*");
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, begin, finish)
		T(stale_fields_go),
		T(etags_are_weakened),
		T(length_is_told),
		T(vary_is_kept),
		T(vary_joins_what_stands),
		T(vary_on_all_stays),
#undef T
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
