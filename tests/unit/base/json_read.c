#include "base/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/arena.h"

struct seen {
	char text[512];
	size_t n;
	int stop_after; /* 0: never */
};

static int
on_member(
    void *arg, struct pd_str name, enum pd_json_kind kind, struct pd_str value)
{
	struct seen *s = arg;

	s->n += (size_t)snprintf(s->text + s->n, sizeof(s->text) - s->n,
	    "%.*s%c%.*s;", PD_STR_ARG(name), "s#w"[kind], PD_STR_ARG(value));
	return s->stop_after > 0 && --s->stop_after == 0;
}

/* What was read, or "-" when it was refused. */
static const char *
read_object(const char *text, size_t n)
{
	static struct seen s;
	struct pd_arena *arena = pd_arena_create();
	/* Of its own, so that a read beyond it is seen. */
	char *copy = malloc(n + 1);
	int rc;

	memcpy(copy, text, n);
	s = (struct seen){ .n = 0 };
	rc = pd_json_read(
	    pd_str_of(n > 0 ? copy : NULL, n), arena, on_member, &s);
	free(copy);
	pd_arena_destroy(arena);
	return rc == 0 ? s.text : "-";
}

static void
expect(const char *text, const char *want)
{
	const char *got = read_object(text, strlen(text));

	if (strcmp(got, want) != 0)
		fail_msg("%s: got %s, not %s", text, got, want);
}

static void
flat_objects(void **state)
{
	(void)state;
	expect("{}", "");
	expect(" { } \r\n", "");
	expect("{\"a\":\"b\"}", "asb;");
	expect("{ \"a\" : 1 , \"b\" : true }", "a#1;bwtrue;");
	expect("{\"time\":1795288702.090,\"ms\":-0,\"x\":1e+3,\"n\":null}",
	    "time#1795288702.090;ms#-0;x#1e+3;nwnull;");
	expect("{\"a\":\"\",\"\":\"b\"}", "as;sb;");
	expect("{\"a\":1,\"a\":2}", "a#1;a#2;");
}

static void
escapes(void **state)
{
	(void)state;
	expect("{\"a\":\"\\\"\\\\\\/\"}", "as\"\\/;");
	expect("{\"a\":\"x\\n\\t\\b\\f\\ry\"}", "asx\n\t\b\f\ry;");
	expect("{\"\\u0041\":\"\\u00e9\\u20AC\"}", "As\xc3\xa9\xe2\x82\xac;");
	expect("{\"a\":\"\\ud83d\\ude00\"}", "as\xf0\x9f\x98\x80;");
	expect("{\"a\":\"h\xc3\xa9\"}", "ash\xc3\xa9;");
}

static void
what_is_no_flat_object(void **state)
{
	static const char *const bad[] = { "", " ", "{", "}", "[]", "1",
		"\"a\"", "{\"a\"}", "{\"a\":}", "{\"a\":1", "{\"a\":1,}", "{,}",
		"{a:1}", "{\"a\":1}x", "{\"a\":1}{}", "{\"a\":{}}",
		"{\"a\":[1]}", "{\"a\":tru}", "{\"a\":truex}", "{\"a\":01}",
		"{\"a\":+1}", "{\"a\":.5}", "{\"a\":1.}", "{\"a\":1e}",
		"{\"a\":-}", "{\"a\":0x1}", "{\"a\":\"}", "{\"a\":\"\\\"}",
		"{\"a\":\"\\x\"}", "{\"a\":\"\\u12\"}", "{\"a\":\"\\u12g4\"}",
		"{\"a\":\"\\ud83d\"}", "{\"a\":\"\\ud83d\\u0041\"}",
		"{\"a\":\"\\ude00\"}", "{\"a\":\"x\ny\"}", "{\"a\":\"\\",
		"{\"a\" \"b\"}", "{\"a\":1 \"b\":2}" };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		expect(bad[i], "-");
	assert_string_equal(read_object("{\"a\":\"\\\0\"}", 9), "-");
}

static void
a_receiver_can_stop(void **state)
{
	struct seen s = { .stop_after = 1 };
	struct pd_arena *arena = pd_arena_create();

	(void)state;
	assert_int_equal(
	    pd_json_read(PD_STR("{\"a\":1,\"b\":2}"), arena, on_member, &s),
	    -1);
	assert_string_equal(s.text, "a#1;");
	pd_arena_destroy(arena);
}

/* What is written is read as it was, but for bytes that are no UTF-8. */
static void
written_and_read(void **state)
{
	char *text, name[] = "a\"\\\n\x01\xc3\xa9\x7f z", want[64];
	size_t n;
	FILE *f = open_memstream(&text, &n);

	(void)state;
	fputs("{\"v\":", f);
	pd_json_write(f, pd_str_z(name));
	fputs("}", f);
	fclose(f);
	snprintf(want, sizeof(want), "vs%s;", name);
	assert_string_equal(read_object(text, n), want);
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(flat_objects),
		cmocka_unit_test(escapes),
		cmocka_unit_test(what_is_no_flat_object),
		cmocka_unit_test(a_receiver_can_stop),
		cmocka_unit_test(written_and_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
