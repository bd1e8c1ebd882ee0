#include "http/http.h"

#include <setjmp.h>
#include <stdarg.h>
#include <time.h>

#include <cmocka.h>

static void
test_methods(void **state)
{
	(void)state;
	assert_int_equal(pd_method_of(PD_STR("GET")), PD_METHOD_GET);
	assert_int_equal(pd_method_of(PD_STR("HEAD")), PD_METHOD_HEAD);
	assert_int_equal(pd_method_of(PD_STR("POST")), PD_METHOD_POST);
	assert_int_equal(pd_method_of(PD_STR("PUT")), PD_METHOD_PUT);
	assert_int_equal(pd_method_of(PD_STR("DELETE")), PD_METHOD_DELETE);
	assert_int_equal(pd_method_of(PD_STR("CONNECT")), PD_METHOD_CONNECT);
	assert_int_equal(pd_method_of(PD_STR("OPTIONS")), PD_METHOD_OPTIONS);
	assert_int_equal(pd_method_of(PD_STR("TRACE")), PD_METHOD_TRACE);
	assert_int_equal(pd_method_of(PD_STR("PATCH")), PD_METHOD_PATCH);
	assert_int_equal(pd_method_of(PD_STR("get")), PD_METHOD_OTHER);
	assert_int_equal(pd_method_of(PD_STR("GE")), PD_METHOD_OTHER);
	assert_int_equal(pd_method_of(PD_STR("GETS")), PD_METHOD_OTHER);
	assert_int_equal(pd_method_of(PD_STR("")), PD_METHOD_OTHER);

	assert_true(pd_method_idempotent(PD_METHOD_GET));
	assert_true(pd_method_idempotent(PD_METHOD_PUT));
	assert_true(pd_method_idempotent(PD_METHOD_DELETE));
	assert_false(pd_method_idempotent(PD_METHOD_POST));
	assert_false(pd_method_idempotent(PD_METHOD_PATCH));
	assert_false(pd_method_idempotent(PD_METHOD_CONNECT));
	assert_false(pd_method_idempotent(PD_METHOD_OTHER));
}

static void
test_reasons(void **state)
{
	(void)state;
	assert_string_equal(pd_status_reason(100), "Continue");
	assert_string_equal(pd_status_reason(200), "OK");
	assert_string_equal(pd_status_reason(206), "Partial Content");
	assert_string_equal(pd_status_reason(304), "Not Modified");
	assert_string_equal(pd_status_reason(404), "Not Found");
	assert_string_equal(
	    pd_status_reason(451), "Unavailable For Legal Reasons");
	assert_string_equal(pd_status_reason(502), "Bad Gateway");
	assert_string_equal(
	    pd_status_reason(511), "Network Authentication Required");
	assert_string_equal(pd_status_reason(306), "");
	assert_string_equal(pd_status_reason(299), "");
	for (int status = -1000; status < 2000; status++)
		assert_non_null(pd_status_reason(status));
	assert_string_equal(pd_status_reason(99), "");
	assert_string_equal(pd_status_reason(600), "");
}

static void
test_bytes(void **state)
{
	static const char tchars[] = "!#$%&'*+-.^_`|~0123456789"
				     "abcdefghijklmnopqrstuvwxyz"
				     "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

	(void)state;
	for (int c = 0; c < 256; c++) {
		char text[3] = { 'a', (char)c, 'z' };
		bool token = c != 0 && strchr(tchars, c) != NULL;
		bool value = c == '\t' || (c >= 0x20 && c != 0x7f);

		assert_int_equal(pd_is_token(pd_str_of(text, 3)), token);
		assert_int_equal(pd_is_token(pd_str_of(text + 1, 1)), token);
		assert_int_equal(pd_is_field_value(pd_str_of(text, 3)), value);
	}
	assert_false(pd_is_token(PD_STR("")));
	assert_true(pd_is_field_value(PD_STR("")));
}

static void
test_date(void **state)
{
	static const char days[] = "SunMonTueWedThuFriSat";
	struct pd_str date = pd_http_date(), again;
	char z[64];
	struct tm tm = { 0 };
	time_t now = time(NULL), read;

	(void)state;
	assert_int_equal(date.n, 29);
	memcpy(z, date.p, date.n);
	z[date.n] = '\0';
	assert_ptr_equal(strptime(z, "%a, %d %b %Y %H:%M:%S GMT", &tm), z + 29);
	read = timegm(&tm);
	/* The coarse clock may stand a tick behind time(2). */
	assert_in_range(read, now - 2, now + 1);
	/* strptime does not check the day of the week against the date. */
	gmtime_r(&read, &tm);
	assert_memory_equal(z, &days[tm.tm_wday * 3], 3);
	again = pd_http_date();
	assert_ptr_equal(again.p, date.p);

	/* The next second has another text. */
	for (int tries = 0; tries < 150; tries++) {
		nanosleep(&(struct timespec){ .tv_nsec = 20000000 }, NULL);
		if (memcmp(pd_http_date().p, z, 29) != 0)
			return;
	}
	fail_msg("still %s", z);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_methods),
		cmocka_unit_test(test_reasons),
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_date),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
