#include "base/access_log.h"

/* cmocka wants these before its own header. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/arena.h"

static char file[] = "/tmp/pared-log-XXXXXX";

/* Ziproxy's own example of a line is of this exchange. */
static struct pd_access_record
example(void)
{
	struct pd_access_record r = {
		.start_us = INT64_C(1795288702090123),
		.took_ms = 196,
		.bytes_in = 731622,
		.bytes_out = 36288,
		.method = PD_STR("GET"),
		.url = PD_STR("http://example.org/p.png"),
		.status = 200,
		.type = PD_STR("image/webp"),
		.verdict = "pass",
		.filters = "image",
	};

	assert_int_equal(pd_addr_parse(PD_STR("127.0.0.1"), &r.client), 0);
	return r;
}

/* What one record comes to in a format; the caller frees it. */
static char *
written(enum pd_conf_log_format format, const struct pd_access_record *r)
{
	struct pd_access_log *l;
	struct pd_access_log_writer *w;
	char *text = calloc(1, 200000);
	FILE *f;

	assert_int_equal(truncate(file, 0), 0);
	l = pd_access_log_open(file, format);
	assert_non_null(l);
	w = pd_access_log_writer_create(l);
	pd_access_log_unref(l);
	pd_access_log_add(w, r);
	pd_access_log_writer_destroy(w);
	f = fopen(file, "r");
	assert_non_null(f);
	assert_true(fread(text, 1, 199999, f) > 0);
	fclose(f);
	return text;
}

static void
expect(enum pd_conf_log_format format, const struct pd_access_record *r,
    const char *line)
{
	char *text = written(format, r);

	assert_string_equal(text, line);
	free(text);
}

static void
test_ziproxy(void **state)
{
	struct pd_access_record r = example();

	(void)state;
	expect(PD_LOG_FORMAT_ZIPROXY, &r,
	    "1795288702.286    196       127.0.0.1  P 731622  36288 GET "
	    "http://example.org/p.png\n");
	r.flags = PD_ACCESS_REPLACED;
	r.user = PD_STR("ann");
	r.bytes_in = 0;
	r.bytes_out = 43;
	expect(PD_LOG_FORMAT_ZIPROXY, &r,
	    "1795288702.286    196   ann@127.0.0.1 PR      0     43 GET "
	    "http://example.org/p.png\n");
	/* Fields that are too narrow grow. */
	r.flags = 0x1ff;
	r.user = PD_STR("a long name");
	r.bytes_in = INT64_C(12345678901);
	r.took_ms = 12345678;
	expect(PD_LOG_FORMAT_ZIPROXY, &r,
	    "1795301047.768 12345678 a%20long%20name@127.0.0.1 TSBKGZNWR "
	    "12345678901     43 GET http://example.org/p.png\n");
	/* Nothing is known. */
	r = (struct pd_access_record){ .start_us = 5000 };
	expect(PD_LOG_FORMAT_ZIPROXY, &r,
	    "0.005      0               ?  P      0      0 ? ?\n");
}

/* What the configuration calls a client stands for who nobody logged in as. */
static void
test_device(void **state)
{
	struct pd_access_record r = example();
	char *text;

	(void)state;
	r.device = PD_STR("phone");
	r.flags = PD_ACCESS_TRANSPARENT;
	expect(PD_LOG_FORMAT_ZIPROXY, &r,
	    "1795288702.286    196 phone@127.0.0.1  T 731622  36288 GET "
	    "http://example.org/p.png\n");
	text = written(PD_LOG_FORMAT_CLF, &r);
	assert_non_null(strstr(text, "127.0.0.1 - phone ["));
	free(text);
	text = written(PD_LOG_FORMAT_SQUID, &r);
	assert_non_null(strstr(text, "/p.png phone HIER_DIRECT"));
	free(text);
	text = written(PD_LOG_FORMAT_JSON, &r);
	assert_non_null(
	    strstr(text, "\"127.0.0.1\",\"device\":\"phone\",\"flags\":\"T\""));
	free(text);
	r.user = PD_STR("ann");
	text = written(PD_LOG_FORMAT_CLF, &r);
	assert_non_null(strstr(text, "127.0.0.1 - ann ["));
	free(text);
	text = written(PD_LOG_FORMAT_JSON, &r);
	assert_non_null(strstr(text, "\"user\":\"ann\",\"device\":\"phone\""));
	free(text);
}

static void
test_other_formats(void **state)
{
	struct pd_access_record r = example();

	(void)state;
	expect(PD_LOG_FORMAT_SQUID, &r,
	    "1795288702.286    196 127.0.0.1 TCP_MISS/200 36288 GET "
	    "http://example.org/p.png - HIER_DIRECT/- image/webp\n");
	expect(PD_LOG_FORMAT_CLF, &r,
	    "127.0.0.1 - - [21/Nov/2026:19:18:22 +0000] \"GET "
	    "http://example.org/p.png HTTP/1.1\" 200 36288\n");
	expect(PD_LOG_FORMAT_JSON, &r,
	    "{\"time\":1795288702.090,\"ms\":196,\"client\":\"127.0.0.1\","
	    "\"flags\":\"P\",\"in\":731622,\"out\":36288,\"method\":\"GET\","
	    "\"url\":\"http://example.org/p.png\",\"status\":200,"
	    "\"type\":\"image/webp\",\"verdict\":\"pass\","
	    "\"filters\":\"image\"}\n");
	r.flags = PD_ACCESS_REPLACED;
	r.verdict = "block";
	r.list = PD_STR("easylist");
	r.rule = PD_STR("||ads.example^");
	r.types = PD_STR("script|other");
	r.page = PD_STR("news.example");
	r.bytes_in = 0;
	r.user = PD_STR("a\"b");
	expect(PD_LOG_FORMAT_SQUID, &r,
	    "1795288702.286    196 127.0.0.1 TCP_DENIED/200 36288 GET "
	    "http://example.org/p.png a\"b HIER_NONE/- image/webp\n");
	expect(PD_LOG_FORMAT_CLF, &r,
	    "127.0.0.1 - a%22b [21/Nov/2026:19:18:22 +0000] \"GET "
	    "http://example.org/p.png HTTP/1.1\" 200 36288\n");
	expect(PD_LOG_FORMAT_JSON, &r,
	    "{\"time\":1795288702.090,\"ms\":196,\"client\":\"127.0.0.1\","
	    "\"user\":\"a\\\"b\",\"flags\":\"PR\",\"in\":0,\"out\":36288,"
	    "\"method\":\"GET\",\"url\":\"http://example.org/p.png\","
	    "\"status\":200,\"type\":\"image/webp\",\"verdict\":\"block\","
	    "\"list\":\"easylist\",\"rule\":\"||ads.example^\","
	    "\"for\":\"script|other\",\"page\":\"news.example\","
	    "\"filters\":\"image\"}\n");
}

/* Every byte, in every text: one line, of printable bytes or UTF-8. */
static void
test_hostile_bytes(void **state)
{
	char all[256];
	struct pd_access_record r = example();

	(void)state;
	for (int i = 0; i < 256; i++)
		all[i] = (char)i;
	r.url = r.method = r.user = r.type = r.list = r.rule =
	    pd_str_of(all, sizeof(all));
	for (int format = PD_LOG_FORMAT_ZIPROXY; format <= PD_LOG_FORMAT_CLF;
	     format++) {
		char *text = written((enum pd_conf_log_format)format, &r);
		size_t n = strlen(text);

		assert_int_equal(text[n - 1], '\n');
		for (size_t i = 0; i + 1 < n; i++) {
			unsigned char c = (unsigned char)text[i];

			if (c < ' ' || c >= 0x7f)
				fail_msg("format %d: byte %u", format, c);
		}
		free(text);
	}
}

static void
test_json_utf8(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{ "gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f" },
		{ "\xe2\x82\xac\xf0\x9f\x90\x8c",
		    "\xe2\x82\xac\xf0\x9f\x90\x8c" },
		{ "\xc0\xaf", "\\u00c0\\u00af" },            /* overlong */
		{ "\xed\xa0\x80", "\\u00ed\\u00a0\\u0080" }, /* surrogate */
		{ "\xf4\x90\x80\x80", "\\u00f4\\u0090\\u0080\\u0080" },
		{ "\xe2\x82", "\\u00e2\\u0082" }, /* cut short */
		{ "\xc2\x9b", "\\u00c2\\u009b" }, /* CSI, a control */
		{ "\\\"\t", "\\\\\\\"\\u0009" },
	};
	struct pd_access_record r = example();

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *text, want[64];

		r.url = pd_str_z(cases[i].in);
		snprintf(want, sizeof(want), "\"url\":\"%s\",", cases[i].out);
		text = written(PD_LOG_FORMAT_JSON, &r);
		if (strstr(text, want) == NULL)
			fail_msg("no %s in %s", want, text);
		free(text);
	}
}

/* A long URL is cut, and many lines stay whole over several writes. */
static void
test_long_and_many(void **state)
{
	static char url[100000];
	struct pd_access_record r = example();
	struct pd_access_log_writer *w;
	struct pd_access_log *l;
	char *text, line[200000];
	int nlines = 0;
	FILE *f;

	(void)state;
	memset(url, 1, sizeof(url));
	r.url = pd_str_of(url, sizeof(url));
	text = written(PD_LOG_FORMAT_JSON, &r);
	assert_true(strlen(text) < 110000);
	assert_int_equal(text[strlen(text) - 2], '}');
	free(text);

	assert_int_equal(truncate(file, 0), 0);
	r = example();
	l = pd_access_log_open(file, PD_LOG_FORMAT_ZIPROXY);
	w = pd_access_log_writer_create(l);
	for (int i = 0; i < 5000; i++)
		pd_access_log_add(w, &r);
	pd_access_log_flush(w);
	pd_access_log_flush(w);
	pd_access_log_writer_destroy(w);
	pd_access_log_unref(l);
	f = fopen(file, "r");
	while (fgets(line, sizeof(line), f) != NULL) {
		assert_int_equal(strlen(line), 84);
		nlines++;
	}
	fclose(f);
	assert_int_equal(nlines, 5000);
}

static void
test_open(void **state)
{
	(void)state;
	assert_null(pd_access_log_open("/no/such/log", PD_LOG_FORMAT_JSON));
	pd_access_log_unref(NULL);
	pd_access_log_writer_destroy(NULL);
	/* What is full must not stop anybody. */
	if (access("/dev/full", W_OK) == 0) {
		struct pd_access_record r = example();
		struct pd_access_log *l =
		    pd_access_log_open("/dev/full", PD_LOG_FORMAT_JSON);
		struct pd_access_log_writer *w = pd_access_log_writer_create(l);

		for (int i = 0; i < 1000; i++)
			pd_access_log_add(w, &r);
		pd_access_log_writer_destroy(w);
		pd_access_log_unref(l);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ziproxy),
		cmocka_unit_test(test_device),
		cmocka_unit_test(test_other_formats),
		cmocka_unit_test(test_hostile_bytes),
		cmocka_unit_test(test_json_utf8),
		cmocka_unit_test(test_long_and_many),
		cmocka_unit_test(test_open),
	};
	int fd = mkstemp(file), rc;

	if (fd < 0)
		return 1;
	close(fd);
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(file);
	return rc;
}
