#include "filters/block/parse.h"

#include "fixture.h"

static const struct pd_host_key key = { 3, 4 };

static enum pd_parse_format
format_of(const char *text)
{
	return pd_parse_format(pd_str_z(text), true);
}

static void
format_is_told_by_contents(void **state)
{
	(void)state;
	assert_int_equal(format_of(""), PD_PARSE_EMPTY);
	assert_int_equal(format_of("# a\n\n! b\n"), PD_PARSE_EMPTY);
	assert_int_equal(format_of("# t\n0.0.0.0 a.example\n"), PD_PARSE_HOSTS);
	assert_int_equal(
	    format_of("127.0.0.1\ta.example # x\r\n"), PD_PARSE_HOSTS);
	assert_int_equal(format_of("::1 localhost\nfe80::1%lo0 localhost\n"),
	    PD_PARSE_HOSTS);
	assert_int_equal(format_of("a.example\n*.b.example\n.c.example\n"),
	    PD_PARSE_DOMAINS);
	assert_int_equal(
	    format_of("a.example # why\nb.example"), PD_PARSE_DOMAINS);
	assert_int_equal(format_of("[Adblock Plus 2.0]\na.example\nb.org\n"),
	    PD_PARSE_ADBLOCK);
	assert_int_equal(format_of("! Title\n||a.example^\n@@||b.example^\n"),
	    PD_PARSE_ADBLOCK);
	assert_int_equal(
	    format_of("\n<!DOCTYPE html>\n<title>404\n"), PD_PARSE_HTML);
	assert_int_equal(format_of("http://a.example/*\n"), PD_PARSE_URLS);
	assert_int_equal(
	    format_of("address=/a.example/0.0.0.0\n"), PD_PARSE_DNSMASQ);
	assert_int_equal(
	    format_of("{ +block{ads} }\n.a.example\n{x}\n"), PD_PARSE_PRIVOXY);
	assert_int_equal(
	    format_of("$TTL 60\na.example CNAME .\n"), PD_PARSE_RPZ);
	assert_int_equal(format_of("\x1f\x8b\x08"), PD_PARSE_PACKED);
	assert_int_equal(
	    pd_parse_format(PD_STR("a\0.example"), true), PD_PARSE_BINARY);
	assert_int_equal(format_of("Some text\nthat says.\nnothing here\n"),
	    PD_PARSE_UNKNOWN);
}

static void
a_cut_last_line_has_no_vote(void **state)
{
	struct pd_str head = PD_STR("||x.example^\na.exam");

	(void)state;
	assert_int_equal(pd_parse_format(head, false), PD_PARSE_ADBLOCK);
	assert_int_equal(pd_parse_format(head, true), PD_PARSE_DOMAINS);
	/* Unless it is all there is. */
	assert_int_equal(
	    pd_parse_format(PD_STR("a.example"), false), PD_PARSE_DOMAINS);
}

static void
what_is_not_read_says_what_it_is(void **state)
{
	(void)state;
	assert_null(pd_parse_refusal(PD_PARSE_HOSTS));
	assert_null(pd_parse_refusal(PD_PARSE_DOMAINS));
	assert_null(pd_parse_refusal(PD_PARSE_EMPTY));
	for (int f = PD_PARSE_ADBLOCK; f <= PD_PARSE_UNKNOWN; f++)
		assert_non_null(pd_parse_refusal((enum pd_parse_format)f));
}

struct parsed {
	struct pd_set *set;
	struct report report;
	uint32_t wrong;
};

static void
parse(struct parsed *p, struct pd_str text,
    int (*parser)(struct pd_lines *, struct pd_set *, uint8_t))
{
	struct pd_lines l;

	pd_lines_memory(&l, text, "list", report_begin(&p->report));
	p->set = pd_set_create(&key);
	assert_int_equal(parser(&l, p->set, 0), 0);
	p->wrong = l.wrong;
	assert_int_equal(pd_lines_finish(&l), 0);
	pd_set_freeze(p->set);
}

/* The line that blocks the host, 0 for none. */
static uint32_t
line_of(const struct parsed *p, const char *host, bool address)
{
	struct pd_set_hit hit;

	return pd_set_find(p->set, pd_str_z(host), address, &hit) ? hit.line
								  : 0;
}

static void
hosts_file(void **state)
{
	struct parsed p;

	(void)state;
	parse(&p,
	    PD_STR("\xef\xbb\xbf# title\r\n"
		   "127.0.0.1 localhost localhost.localdomain\r\n"
		   "::1 ip6-localhost ip6-loopback\r\n"
		   "fe80::1%lo0 localhost\r\n"
		   "255.255.255.255 broadcasthost\r\n"
		   "0.0.0.0 0.0.0.0\r\n"
		   "0.0.0.0 Ads.Example.org tracker.example\r\n"
		   "\t127.0.0.1\t \tb.example# comment\r\n"
		   ":: c.example.\r\n"
		   "0 d.example\r\n"
		   "0.0.0.0 10.1.2.3"),
	    pd_parse_hosts);
	assert_int_equal(p.wrong, 0);
	assert_int_equal(pd_set_count(p.set), 6);
	assert_int_equal(line_of(&p, "ads.example.org", false), 7);
	assert_int_equal(line_of(&p, "tracker.example", false), 7);
	assert_int_equal(line_of(&p, "b.example", false), 8);
	assert_int_equal(line_of(&p, "c.example", false), 9);
	assert_int_equal(line_of(&p, "d.example", false), 10);
	assert_int_equal(line_of(&p, "10.1.2.3", true), 11);
	assert_int_equal(line_of(&p, "localhost", false), 0);
	/* Exactly that host. */
	assert_int_equal(line_of(&p, "x.b.example", false), 0);
	pd_set_destroy(p.set);
}

static void
hosts_file_with_wrong_lines(void **state)
{
	struct parsed p;

	(void)state;
	parse(&p,
	    PD_STR("0.0.0.0\n"
		   "a.example\n"
		   "0.0.0.0 -/-.example good.example\n"
		   "192.168.1.7 nas.example\n"
		   "0.0.0.0 last.example\n"),
	    pd_parse_hosts);
	assert_int_equal(p.wrong, 4);
	assert_int_equal(p.report.errors, 0);
	assert_told(&p.report, "list:1: an address and no name");
	assert_told(&p.report, "list:2: \"a.example\" is no address");
	assert_told(&p.report, "list:3: \"-/-.example\" is no host name");
	assert_told(&p.report, "list:4: \"nas.example\" is given a real");
	assert_int_equal(line_of(&p, "good.example", false), 3);
	assert_int_equal(line_of(&p, "last.example", false), 5);
	assert_int_equal(line_of(&p, "nas.example", false), 0);
	pd_set_destroy(p.set);
}

static void
domain_list(void **state)
{
	struct parsed p;

	(void)state;
	parse(&p,
	    PD_STR("# title\n"
		   "! title\n"
		   "Ads.example\n"
		   "*.b.example # comment\n"
		   ".c.example\n"
		   "*.zip\n"
		   "com\n"
		   "a b\n"
		   "d*.example\n"
		   "192.0.2.9\n"
		   "https://e.example/\n"),
	    pd_parse_domains);
	assert_int_equal(p.wrong, 4);
	assert_told(&p.report, "list:7: \"com\": a single label");
	assert_told(&p.report, "list:8: \"a b\": more than one word");
	assert_int_equal(line_of(&p, "ads.example", false), 3);
	assert_int_equal(line_of(&p, "x.y.ads.example", false), 3);
	assert_int_equal(line_of(&p, "b.example", false), 4);
	assert_int_equal(line_of(&p, "x.b.example", false), 4);
	assert_int_equal(line_of(&p, "x.c.example", false), 5);
	assert_int_equal(line_of(&p, "any.zip", false), 6);
	assert_int_equal(line_of(&p, "example.com", false), 0);
	assert_int_equal(line_of(&p, "192.0.2.9", true), 10);
	pd_set_destroy(p.set);
}

static void
ten_wrong_lines_are_told_then_counted(void **state)
{
	struct parsed p;

	(void)state;
	parse(&p, PD_STR("?\n?\n?\n?\n?\n?\n?\n?\n?\n?\n?\n?\n?\nok.example\n"),
	    pd_parse_domains);
	assert_int_equal(p.wrong, 13);
	assert_int_equal(p.report.lines, 11);
	assert_told(&p.report, "list:10:");
	assert_null(strstr(p.report.text, "list:11:"));
	assert_told(&p.report, "list: 3 more lines are wrong");
	assert_int_equal(line_of(&p, "ok.example", false), 14);
	pd_set_destroy(p.set);
}

/* Lines longer than the limit, than the buffer, and one at its very end. */
static void
long_lines_are_left_out(void **state)
{
	size_t lens[] = { PD_LINE_LEN_MAX + 1, PD_LINES_BUFFER + 10,
		3 * PD_LINES_BUFFER };
	char *text = malloc(300000), *path;
	size_t n = 0;
	struct report report;
	struct pd_lines l;
	struct pd_str line;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		memset(text + n, 'a', lens[i]);
		n += lens[i];
		n += (size_t)sprintf(text + n, "\nshort%zu\r\n", i);
	}
	memset(text + n, 'b', PD_LINE_LEN_MAX);
	n += PD_LINE_LEN_MAX;
	path = file_of(pd_str_of(text, n));
	assert_int_equal(pd_lines_open(&l, path, report_begin(&report)), 0);
	for (unsigned i = 0; i < 3; i++) {
		assert_true(pd_lines_next(&l, &line));
		assert_int_equal(line.n, 6);
		assert_int_equal(line.p[5], '0' + (int)i);
		assert_int_equal(l.line, 2 * i + 2);
		assert_int_equal(l.wrong, i + 1);
	}
	assert_true(pd_lines_next(&l, &line));
	assert_int_equal(line.n, PD_LINE_LEN_MAX);
	assert_int_equal(l.line, 7);
	assert_false(pd_lines_next(&l, &line));
	assert_false(pd_lines_next(&l, &line));
	assert_int_equal(pd_lines_finish(&l), 0);
	file_end(path);
	free(text);
}

/* Each line whole, wherever the buffer's end falls. */
static void
lines_across_buffers(void **state)
{
	enum { N = 20000 };
	char *text = malloc(N * 16), *path, want[16];
	size_t n = 0;
	struct report report;
	struct pd_lines l;
	struct pd_str line;
	bool whole;

	(void)state;
	for (unsigned i = 0; i < N; i++)
		n += (size_t)sprintf(text + n, "%u.x\n", i * 7919);
	path = file_of(pd_str_of(text, n));
	assert_int_equal(pd_lines_open(&l, path, report_begin(&report)), 0);
	assert_int_equal(pd_lines_head(&l, &whole).n, PD_LINES_BUFFER);
	assert_false(whole);
	for (unsigned i = 0; i < N; i++) {
		assert_true(pd_lines_next(&l, &line));
		snprintf(want, sizeof(want), "%u.x", i * 7919);
		assert_int_equal(line.n, strlen(want));
		assert_memory_equal(line.p, want, line.n);
		assert_int_equal(l.line, i + 1);
	}
	assert_false(pd_lines_next(&l, &line));
	assert_int_equal(pd_lines_finish(&l), 0);
	assert_int_equal(report.lines, 0);
	file_end(path);
	free(text);
}

static void
what_is_no_file_is_an_error(void **state)
{
	struct report report;
	struct pd_lines l;

	(void)state;
	assert_int_equal(
	    pd_lines_open(&l, "/nonexistent/x", report_begin(&report)), -1);
	assert_int_equal(report.errors, 1);
	assert_told(&report, "/nonexistent/x: No such file");
	assert_int_equal(pd_lines_open(&l, "/tmp", report_begin(&report)), -1);
	assert_told(&report, "/tmp: not a file");
	assert_int_equal(pd_lines_open(&l, "/dev/zero", NULL), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(format_is_told_by_contents),
		cmocka_unit_test(a_cut_last_line_has_no_vote),
		cmocka_unit_test(what_is_not_read_says_what_it_is),
		cmocka_unit_test(hosts_file),
		cmocka_unit_test(hosts_file_with_wrong_lines),
		cmocka_unit_test(domain_list),
		cmocka_unit_test(ten_wrong_lines_are_told_then_counted),
		cmocka_unit_test(long_lines_are_left_out),
		cmocka_unit_test(lines_across_buffers),
		cmocka_unit_test(what_is_no_file_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
