#include "http/http.h"

#include <setjmp.h>
#include <stdarg.h>

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
test_walk(void **state)
{
	static const struct {
		const char *in, *out; /* elements, each in brackets */
	} rows[] = {
		{ "", "" },
		{ " , ,\t,,", "" },
		{ "a", "[a]" },
		{ " a , b,c ", "[a][b][c]" },
		{ "a b,\tc", "[a b][c]" },
		{ "a=\"x, y\", b", "[a=\"x, y\"][b]" },
		{ "\"a\\\", b\", c", "[\"a\\\", b\"][c]" },
		{ "a=\"\\\\\", b", "[a=\"\\\\\"][b]" },
		{ "\"\", b", "[\"\"][b]" },
		/* Never closed: to the end, as one. */
		{ "a, \"b, c", "[a][\"b, c]" },
		{ "\"a, b\\", "[\"a, b\\]" },
		{ "\"a, b\\\"", "[\"a, b\\\"]" },
		{ "\"", "[\"]" },
		/* A backslash outside quotes is nothing special. */
		{ "a\\, b", "[a\\][b]" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct pd_str rest = pd_str_z(rows[i].in), item;
		struct pd_str got = PD_STR("");

		while (pd_list_next(&rest, &item))
			got = pd_arena_printf(*state, "%.*s[%.*s]",
			    PD_STR_ARG(got), PD_STR_ARG(item));
		if (!pd_str_eq(got, pd_str_z(rows[i].out)))
			fail_msg("%s: %.*s", rows[i].in, PD_STR_ARG(got));
		assert_int_equal(item.n, 0);
		assert_false(pd_list_next(&rest, &item));
	}
}

static struct pd_fields
one(struct pd_arena *arena, enum pd_field_id id, const char *value)
{
	struct pd_fields fs = { 0 };

	/* Neighbours that must not be read. */
	pd_fields_add(&fs, arena, PD_STR("X-Other"), PD_STR("close, gzip"));
	if (value != NULL)
		pd_fields_add_id(&fs, arena, id, pd_str_z(value));
	pd_fields_add_id(&fs, arena, PD_FIELD_VARY, PD_STR("close, gzip"));
	return fs;
}

static void
test_token(void **state)
{
	struct pd_fields fs = one(*state, PD_FIELD_CONNECTION, "Keep-Alive, X");

	assert_false(
	    pd_fields_have_token(&fs, PD_FIELD_CONNECTION, PD_STR("close")));
	assert_true(pd_fields_have_token(
	    &fs, PD_FIELD_CONNECTION, PD_STR("keep-alive")));
	assert_true(
	    pd_fields_have_token(&fs, PD_FIELD_CONNECTION, PD_STR("x")));
	pd_fields_add_id(
	    &fs, *state, PD_FIELD_CONNECTION, PD_STR("a;b=\",\";c , CLOSE;q"));
	assert_true(
	    pd_fields_have_token(&fs, PD_FIELD_CONNECTION, PD_STR("close")));
	assert_false(
	    pd_fields_have_token(&fs, PD_FIELD_CONNECTION, PD_STR("b")));
	assert_false(
	    pd_fields_have_token(&fs, PD_FIELD_CONNECTION, PD_STR("clos")));
	assert_false(pd_fields_have_token(&fs, PD_FIELD_TE, PD_STR("close")));
}

static void
test_cache_control(void **state)
{
	struct pd_fields fs = one(*state, PD_FIELD_CACHE_CONTROL,
	    "Public, MAX-AGE=0, private=\"no-store, x\"");
	struct pd_str no_transform = PD_STR("no-transform");

	assert_true(pd_cache_control_has(&fs, PD_STR("max-age")));
	assert_true(pd_cache_control_has(&fs, PD_STR("private")));
	assert_false(pd_cache_control_has(&fs, PD_STR("no-store")));
	assert_false(pd_cache_control_has(&fs, no_transform));
	pd_fields_add_id(
	    &fs, *state, PD_FIELD_CACHE_CONTROL, PD_STR(" No-Transform"));
	assert_true(pd_cache_control_has(&fs, no_transform));
	fs = one(*state, PD_FIELD_CACHE_CONTROL, NULL);
	assert_false(pd_cache_control_has(&fs, no_transform));
}

static void
test_weight(void **state)
{
	static const struct {
		const char *in, *token;
		int weight;
	} rows[] = {
		{ NULL, "gzip", -1 },
		{ "", "gzip", -1 },
		{ "gzip", "gzip", 1000 },
		{ "GZip", "gzip", 1000 },
		{ "br, gzip", "gzip", 1000 },
		{ "gzipped", "gzip", -1 },
		{ "br", "gzip", -1 },
		{ "gzip;q=0", "gzip", 0 },
		{ "gzip;q=0.", "gzip", 0 },
		{ "gzip;q=0.000", "gzip", 0 },
		{ "gzip;q=0.001", "gzip", 1 },
		{ "gzip;q=0.5", "gzip", 500 },
		{ "gzip ; Q=0.85", "gzip", 850 },
		{ "gzip;q=0.999", "gzip", 999 },
		{ "gzip;q=1", "gzip", 1000 },
		{ "gzip;q=1.", "gzip", 1000 },
		{ "gzip;q=1.000", "gzip", 1000 },
		{ "gzip;q=.2", "gzip", 200 },
		{ "gzip;q=0.33333333333333333333", "gzip", 333 },
		{ "gzip;q=1.001", "gzip", 0 },
		{ "gzip;q=2", "gzip", 0 },
		{ "gzip;q=", "gzip", 0 },
		{ "gzip;q", "gzip", 0 },
		{ "gzip;q =1", "gzip", 0 },
		{ "gzip;q= 1", "gzip", 0 },
		{ "gzip;q=-1", "gzip", 0 },
		{ "gzip;q=1x", "gzip", 0 },
		{ "gzip;q=0.5x", "gzip", 0 },
		{ "gzip;q=.", "gzip", 0 },
		{ "gzip;q=\"1\"", "gzip", 0 },
		{ "gzip;q=10", "gzip", 0 },
		{ "*", "gzip", 1000 },
		{ "*;q=0.1", "gzip", 100 },
		{ "*;q=0", "gzip", 0 },
		{ "gzip;q=0, *", "gzip", 0 },
		{ "*;q=0, gzip", "gzip", 1000 },
		{ "gzip;q=0.3, gzip", "gzip", 300 },
		{ "gzip, gzip;q=0", "gzip", 0 },
		{ "\"gzip\"", "gzip", -1 },
		{ "br;x=\";q=0\";q=0.7", "br", 700 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct pd_fields fs =
		    one(*state, PD_FIELD_ACCEPT_ENCODING, rows[i].in);
		int got = pd_list_weight(
		    &fs, PD_FIELD_ACCEPT_ENCODING, pd_str_z(rows[i].token));

		if (got != rows[i].weight)
			fail_msg("%s: %d", rows[i].in, got);
	}
}

#define CHROME \
	"image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8"
#define JAVA "text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2"

static void
test_accept(void **state)
{
	static const struct {
		const char *in, *type;
		int weight;
		bool named;
	} rows[] = {
		{ NULL, "image/webp", 1000, false },
		{ "", "image/webp", 1000, false },
		{ " , ", "image/webp", 1000, false },
		{ CHROME, "image/webp", 1000, true },
		{ CHROME, "image/avif", 1000, true },
		{ CHROME, "image/jxl", 1000, false },
		{ CHROME, "text/html", 800, false },
		{ JAVA, "image/webp", 200, false },
		{ JAVA, "image/gif", 1000, true },
		{ "*/*", "image/webp", 1000, false },
		{ "image/png", "image/webp", 0, false },
		{ "IMAGE/WebP", "image/webp", 1000, true },
		{ "image/webp", "Image/WEBP; x=y", 1000, true },
		{ "image/*;q=0.5, */*;q=0.1", "image/webp", 500, false },
		{ "*/*, image/*;q=0.5", "image/webp", 500, false },
		{ "*/*, image/*, image/webp;q=0", "image/webp", 0, true },
		{ "image/webp;q=0.2, image/*", "image/webp", 200, true },
		{ "image/webp;q=x, image/*", "image/webp", 0, true },
		{ "Image/*", "image/webp", 1000, false },
		{ "imag/*", "image/webp", 0, false },
		{ "image*", "image/webp", 0, false },
		{ "image/w*", "image/webp", 0, false },
		{ "*/webp", "image/webp", 0, false },
		{ "image/", "image/webp", 0, false },
		{ "/*", "image/webp", 0, false },
		{ "image/webp;v=2", "image/webp", 0, false },
		{ "image/webp;v=2;q=1, */*;q=0.3", "image/webp", 300, false },
		{ "image/webp;q=0.4;ext=1", "image/webp", 400, true },
		{ "text/x;a=\",image/webp\", */*;q=0", "image/webp", 0, false },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct pd_fields fs = one(*state, PD_FIELD_ACCEPT, rows[i].in);
		bool named = !rows[i].named;
		int got = pd_accept_weight(&fs, pd_str_z(rows[i].type), &named);

		if (got != rows[i].weight || named != rows[i].named)
			fail_msg("%s: %s: %d %d", rows[i].in, rows[i].type, got,
			    named);
		assert_int_equal(
		    pd_accept_weight(&fs, pd_str_z(rows[i].type), NULL), got);
	}
}

/* Several lines are one list. */
static void
test_accept_lines(void **state)
{
	struct pd_fields fs = one(*state, PD_FIELD_ACCEPT, "image/png");
	bool named;

	pd_fields_add_id(
	    &fs, *state, PD_FIELD_ACCEPT, PD_STR("image/webp;q=0.6"));
	assert_int_equal(
	    pd_accept_weight(&fs, PD_STR("image/webp"), &named), 600);
	assert_true(named);
}

static void
test_media_type(void **state)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
		{ "Text/HTML; charset=x", "text/html" },
		{ "text/html", "text/html" },
		{ " image/svg+xml ;", "image/svg+xml" },
		{ "text/html;charset=\"a;b\"", "text/html" },
		{ "", "" },
		{ "text", "" },
		{ "text/", "" },
		{ "/html", "" },
		{ "text/html, text/html", "" },
		{ "text /html", "" },
		{ "text/html/x", "" },
		{ "; charset=x", "" },
		{ "image/*", "image/*" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct pd_str got = pd_media_type(pd_str_z(rows[i].in), *state);

		if (!pd_str_eq(got, pd_str_z(rows[i].out)))
			fail_msg("%s: %.*s", rows[i].in, PD_STR_ARG(got));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_walk),
		cmocka_unit_test(test_token),
		cmocka_unit_test(test_cache_control),
		cmocka_unit_test(test_weight),
		cmocka_unit_test(test_accept),
		cmocka_unit_test(test_accept_lines),
		cmocka_unit_test(test_media_type),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
