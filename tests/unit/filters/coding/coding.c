#include "filters/coding/coding.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/conf.h"

static struct pd_conf conf;
static struct pd_request request;
static struct pd_response response;
static struct pd_message msg;

static int
begin(void **state)
{
	static char *types[] = { "text/*", "application/json",
		"application/*+xml", "font/ttf" };

	(void)state;
	memset(&conf, 0, sizeof(conf));
	memset(&request, 0, sizeof(request));
	memset(&response, 0, sizeof(response));
	conf.compress_types.v = types;
	conf.compress_types.n = 4;
	conf.encode_text = conf.override_accept_encoding = true;
	response.body = PD_BODY_CHUNKED;
	msg = (struct pd_message){ .conf = &conf,
		.request = &request,
		.response = &response,
		.arena = pd_arena_create() };
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
ask(const char *value)
{
	request.fields = (struct pd_fields){ 0 };
	if (value != NULL)
		pd_fields_add(&request.fields, msg.arena,
		    PD_STR("Accept-Encoding"), pd_str_z(value));
}

static void
answer(const char *type, const char *coding)
{
	response.fields = (struct pd_fields){ 0 };
	if (type != NULL)
		pd_fields_add(&response.fields, msg.arena,
		    PD_STR("Content-Type"), pd_str_z(type));
	if (coding != NULL)
		pd_fields_add(&response.fields, msg.arena,
		    PD_STR("Content-Encoding"), pd_str_z(coding));
}

static void
reads_layers(void **state)
{
	struct pd_codings c;

	(void)state;
	answer(NULL, NULL);
	c = pd_coding_read(&response.fields);
	assert_true(c.known && c.n == 0);
	answer(NULL, " identity , ,GZip");
	pd_fields_add(&response.fields, msg.arena, PD_STR("content-encoding"),
	    PD_STR("x-gzip,br"));
	c = pd_coding_read(&response.fields);
	assert_true(c.known && c.n == 3);
	assert_int_equal(c.v[0], PD_CODING_GZIP);
	assert_int_equal(c.v[1], PD_CODING_GZIP);
	assert_int_equal(c.v[2], PD_CODING_BR);
	answer(NULL, "gzip,gzip,gzip,gzip");
	assert_false(pd_coding_read(&response.fields).known);
	answer(NULL, "gzip, dcb");
	assert_false(pd_coding_read(&response.fields).known);
	answer(NULL, "none");
	assert_false(pd_coding_read(&response.fields).known);
}

static void
knows_what_is_accepted(void **state)
{
	static const struct {
		const char *field;
		bool gzip, br;
	} cases[] = {
		{ NULL, true, true },
		{ "", false, false },
		{ "gzip", true, false },
		{ "x-gzip;q=0.001", true, false },
		{ "x-gzip, gzip;q=0", false, false },
		{ "*", true, true },
		{ "*;q=0, br", false, true },
		{ "br;q=0, *;q=0.1", true, false },
		{ "gzip;q=0.000, br;q=1.000", false, true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ask(cases[i].field);
		assert_int_equal(
		    pd_coding_accepted(&request.fields, PD_CODING_GZIP),
		    cases[i].gzip);
		assert_int_equal(
		    pd_coding_accepted(&request.fields, PD_CODING_BR),
		    cases[i].br);
	}
}

static void
knows_what_compresses(void **state)
{
	(void)state;
	assert_true(pd_coding_compressible(&conf, PD_STR("text/x-anything")));
	assert_true(pd_coding_compressible(&conf, PD_STR("application/json")));
	assert_true(
	    pd_coding_compressible(&conf, PD_STR("application/rss+xml")));
	assert_false(pd_coding_compressible(&conf, PD_STR("")));
	assert_false(pd_coding_compressible(&conf, PD_STR("application/jso")));
	assert_false(pd_coding_compressible(&conf, PD_STR("font/x-ttf")));
	conf.compress_types_xst = true;
	assert_true(pd_coding_compressible(&conf, PD_STR("font/x-ttf")));
	assert_true(
	    pd_coding_compressible(&conf, PD_STR("application/x-json")));
	assert_false(pd_coding_compressible(&conf, PD_STR("image/x-ttf")));
	assert_false(pd_coding_compressible(&conf, PD_STR("font/x-")));
	conf.compress_types.n = 0;
	assert_false(pd_coding_compressible(&conf, PD_STR("text/html")));
}

static bool
unwanted(const char *accept, const char *type, const char *coding)
{
	struct pd_codings c;

	ask(accept);
	answer(type, coding);
	c = pd_coding_read(&response.fields);
	return pd_coding_unwanted(&msg, &c, true);
}

static void
knows_what_must_come_off(void **state)
{
	(void)state;
	assert_true(unwanted("identity", "text/html", "gzip"));
	assert_true(unwanted("identity", "application/pdf", "gzip"));
	assert_true(unwanted("gzip", "text/html", "gzip, br"));
	assert_false(unwanted("gzip", "text/html", "gzip"));
	assert_false(unwanted("gzip, br", "image/png", "gzip"));
	/* The file is the gzip. */
	assert_false(unwanted("identity", "application/x-tar", "gzip"));
	assert_false(unwanted("", "application/gzip", "x-gzip"));
	assert_true(unwanted("identity", "application/x-tar", "br"));
	/* We asked for it, the client did not. */
	assert_true(unwanted(NULL, "text/html", "gzip"));
	assert_false(unwanted(NULL, "application/pdf", "gzip"));
	conf.override_accept_encoding = false;
	assert_false(unwanted(NULL, "text/html", "gzip"));
}

static void
knows_what_gains(void **state)
{
	struct pd_codings gzip = { { PD_CODING_GZIP }, 1, true };

	(void)state;
	assert_true(unwanted("gzip, br", "text/html", "gzip"));
	assert_true(unwanted("gzip, br", "text/html", "deflate"));
	assert_false(unwanted("gzip, zstd", "text/html", "gzip"));
	assert_false(unwanted("gzip, br", "text/html", "br"));
	assert_false(unwanted("gzip, br", "text/html", "gzip, gzip"));
	assert_false(unwanted("gzip, br", "text/event-stream", "gzip"));
	ask("gzip, br");
	answer("text/html", "gzip");
	assert_false(pd_coding_unwanted(&msg, &gzip, false));
	response.body = PD_BODY_LENGTH;
	response.content_length = PD_CODING_RECODE_MIN;
	assert_true(pd_coding_unwanted(&msg, &gzip, true));
	response.content_length--;
	assert_false(pd_coding_unwanted(&msg, &gzip, true));
	response.body = PD_BODY_CLOSE;
	conf.encode_text = false;
	assert_false(pd_coding_unwanted(&msg, &gzip, true));
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, begin, finish)
		T(reads_layers),
		T(knows_what_is_accepted),
		T(knows_what_compresses),
		T(knows_what_must_come_off),
		T(knows_what_gains),
#undef T
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
