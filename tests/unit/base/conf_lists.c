/* Sections of a configuration: lists, its sources and policies, sites; and the
 * files that it includes. */
#include "base/conf.h"

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

#include "base/conf_row.h"

/* What a load reported. */
struct told {
	char *all;
	size_t len;
	unsigned errors, notes;
};

static struct told told;

static void
on_line(void *arg, bool error, const char *text)
{
	struct told *t = arg;
	size_t n = strlen(text);

	t->all = realloc(t->all, t->len + n + 2);
	memcpy(t->all + t->len, text, n);
	t->len += n + 1;
	t->all[t->len - 1] = '\n';
	t->all[t->len] = '\0';
	t->errors += error;
	t->notes += !error;
}

static int
clean(void **state)
{
	(void)state;
	free(told.all);
	told = (struct told){ NULL, 0, 0, 0 };
	return 0;
}

static struct pd_conf *
parse(const char *text)
{
	struct pd_conf_report report = { on_line, &told };
	struct pd_conf_parse_params params = {
		.path = "x.conf", .text = text, .report = &report
	};

	clean(NULL);
	return pd_conf_parse(&params);
}

static struct pd_conf *
parse_ok(const char *text)
{
	struct pd_conf *c = parse(text);

	if (c == NULL)
		fail_msg("refused: %s", told.all != NULL ? told.all : "");
	return c;
}

/* The text is refused with exactly these lines. */
static void
expect_errors(const char *text, const char *lines)
{
	assert_null(parse(text));
	assert_string_equal(told.all, lines);
}

/* The text is refused with one line, and this is in it. */
static void
expect_error(const char *text, const char *part)
{
	struct pd_conf *c = parse(text);

	if (c != NULL)
		fail_msg("accepted: %s", text);
	if (told.errors != 1 || strstr(told.all, part) == NULL)
		fail_msg("not just \"%s\" in: %s", part, told.all);
}

static void
test_defaults(void **state)
{
	struct pd_conf *c = parse_ok("Port = 80");

	(void)state;
	assert_string_equal(c->lists_directory, "/var/lib/pared/lists");
	assert_int_equal(c->lists_update_ms, 24 * 3600 * 1000);
	assert_int_equal(c->lists_define.n, 0);
	assert_false(c->strict_document);
	assert_string_equal(
	    c->suffixes, "/usr/share/publicsuffix/public_suffix_list.dat");
	assert_int_equal(c->nsources + c->npolicies + c->nsites, 0);
	pd_conf_unref(c);
}

static void
test_lists(void **state)
{
	struct pd_conf *c = parse_ok(
	    "lists {\n"
	    "  directory = \"/srv/lists\"  # there\n"
	    "  UPDATE = 6h\n"
	    "  define = {\"ext_ublock\", 'env_chromium'}\n"
	    "  strict-document = yes\n"
	    "  suffixes = \"/a/b.dat\"\n"
	    "  source easy { url = \"https://e.org/l?a=1&b=2#x\" }\n"
	    "  source 'other' { url = /c.txt enabled = no subdomains = yes }\n"
	    "  source third {\n"
	    "    url = \"file:/d.txt\" /* two\n"
	    "      lines */ default = false\n"
	    "  }\n"
	    "}\n");

	(void)state;
	assert_int_equal(told.notes, 0);
	assert_string_equal(c->lists_directory, "/srv/lists");
	assert_int_equal(c->lists_update_ms, 6 * 3600 * 1000);
	assert_int_equal(c->lists_define.n, 2);
	assert_string_equal(c->lists_define.v[1], "env_chromium");
	assert_true(c->strict_document);
	assert_string_equal(c->suffixes, "/a/b.dat");
	assert_int_equal(c->nsources, 3);
	assert_string_equal(c->sources[0].name, "easy");
	assert_string_equal(c->sources[0].url, "https://e.org/l?a=1&b=2#x");
	assert_false(c->sources[0].off);
	assert_false(c->sources[0].only_named);
	assert_false(c->sources[0].subdomains);
	assert_string_equal(c->sources[1].name, "other");
	assert_string_equal(c->sources[1].url, "/c.txt");
	assert_true(c->sources[1].off);
	assert_true(c->sources[1].subdomains);
	assert_true(c->sources[2].only_named);
	pd_conf_unref(c);

	/* A second one adds to the first. */
	c = parse_ok("lists { source a { url = /a } update = weekly }\n"
		     "lists { source b { url = /b } directory = \"\" }\n");
	assert_int_equal(c->nsources, 2);
	assert_int_equal(c->lists_update_ms, 7 * 24 * 3600 * 1000);
	assert_null(c->lists_directory);
	pd_conf_unref(c);
	c = parse_ok("lists { update = off }");
	assert_int_equal(c->lists_update_ms, 0);
	pd_conf_unref(c);
	c = parse_ok("lists { update = Hourly }");
	assert_int_equal(c->lists_update_ms, 3600 * 1000);
	pd_conf_unref(c);
}

/* Each mistake is told, with its line, and spoils nothing beside it. */
static void
test_every_error_is_told(void **state)
{
	(void)state;
	expect_errors("\nlists {\n"
		      "  surce x { url = \"/a\" }\n"
		      "  source y {\n"
		      "    ulr = \"/a\"\n"
		      "    enabled = perhaps\n"
		      "  }\n"
		      "  updat = daily\n"
		      "  source z { url = https://e.org/l }\n"
		      "  source v { url = \"/v }\n"
		      "  policy p { clients = 10.0.0.1 lists = w }\n"
		      "}\n"
		      "Prot = 1\n",
	    "x.conf:3: unknown name \"surce\"; did you mean source?\n"
	    "x.conf:5: unknown name \"ulr\"; did you mean url?\n"
	    "x.conf:6: source y: enabled: \"perhaps\" cannot be; give true or "
	    "false\n"
	    "x.conf:8: unknown name \"updat\"; did you mean update?\n"
	    "x.conf:9: a URL needs quotes, for // begins a comment; put it in "
	    "\"...\"\n"
	    "x.conf:10: the string is not closed on its line; end it with the "
	    "quote it began with\n"
	    "x.conf:13: unknown name \"Prot\"; did you mean Port?\n"
	    "x.conf:11: policy p: there is no source \"w\"; did you mean y?\n");
}

static void
test_section_syntax(void **state)
{
	(void)state;
	expect_error("lists {\n source a { url = /a }\nPort = 1\n",
	    "x.conf:1: the section is not closed");
	expect_error("lits { }", "x.conf:1: unknown name \"lits\"; did you "
				 "mean lists?");
	expect_error("lists easy { }", "lists has no name");
	expect_error("lists { source = /a }", "a source has braces");
	expect_error("lists {\nupdate { daily } }",
	    "x.conf:2: = is missing; write update = VALUE");
	expect_error("lists { include(\"a\") }", "include stands outside");
	expect_error("Port { 80 }", "= is missing; write Port = VALUE");
	expect_error("lists { source a { url = /a source b { url = /b } } }",
	    "unknown name \"source\"");
	expect_error("lists { { { { { { { { { { { {", "too deeply");
	expect_error("include \"a\"", "= is missing");
	expect_error("include(a)", "include(\"FILE\")");
	expect_error("include(\"a\"", "include(\"FILE\")");
}

static void
test_sources(void **state)
{
	(void)state;
	expect_error("lists { source { url = /a } }",
	    "x.conf:1: a source: it has no name");
	expect_error("lists { source \"\" { url = /a } }", "has no name");
	expect_error("lists { source \"a b\" { url = /a } }", "has spaces");
	expect_error("lists { source \"../x\" { url = /a } }", "with a dot");
	expect_error("lists { source \"a/x\" { url = /a } }", "no file");
	expect_error("lists { source \"\xc3\xa4\" { url = /a } }", "no file");
	expect_error("lists { source "
		     "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz"
		     "abcdefghijklm { url = /a } }",
	    "too long");
	expect_error("lists {\n source a { url = /a }\n"
		     " source A { url = /b } }",
	    "x.conf:3: source A stands in x.conf:2 already");
	expect_error("lists { source a { url = \"gopher://a/\" } }",
	    "\"gopher://a/\" cannot be fetched; give \"https://host/path\"");
	expect_error("lists { source a { url = \"\" } }", "url is empty");
	expect_error("lists { source a { url = \"file:\" } }", "be fetched");
	expect_error("lists { source a { url = \"https:///x\" } }", "no URL");
	expect_error(
	    "lists { source a { url = \"https://e.org/a b\" } }", "no URL");
	expect_error("lists {\n source a { enabled = no } }",
	    "x.conf:2: source a: url is missing; write url = \"https://");
	expect_error("lists { source a { url = {\"/a\",\"/b\"} } }",
	    "source a: url: 2 values; give one");
	expect_error("lists { source a { url = \"https://e.org/\" } \n"
		     "directory = \"\" }",
	    "x.conf:2: source a is downloaded, and there is no directory");
	expect_error("lists { update = 1 }", "off, hourly, daily");
	expect_error("lists { update = 721h }", "off, hourly, daily");
	expect_error("lists { update = monthly }", "off, hourly, daily");
}

/* Sources a0, a1 ...; of them the last are not enabled. */
static char *
make_sources(unsigned n, unsigned off)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	fputs("lists {\n", f);
	for (unsigned i = 0; i < n; i++)
		fprintf(f, " source a%u { url = /a enabled = %s }\n", i,
		    i + off < n ? "yes" : "no");
	fputs("}\n", f);
	fclose(f);
	return text;
}

static void
test_too_many(void **state)
{
	char *text = make_sources(70, 6);
	char *more = NULL;
	struct pd_conf *c = parse_ok(text);

	(void)state;
	assert_int_equal(c->nsources, 70);
	pd_conf_unref(c);
	/* Ziproxy's lists count as well. */
	assert_true(asprintf(&more, "URLDeny = \"/d\"\n%s", text) > 0);
	expect_error(more, "x.conf:66: source a63 is one more than the 64");
	free(more);
	free(text);
	text = make_sources(66, 0);
	expect_error(text, "x.conf:66: source a64 is one more than the 64");
	free(text);
	text = make_sources(1026, 1026);
	assert_null(parse(text));
	assert_int_equal(told.errors, 2);
	assert_non_null(strstr(told.all, "more than 1024 of source"));
	free(text);
}

static void
test_policies(void **state)
{
	struct pd_conf *c = parse_ok(
	    "lists {\n"
	    "  policy kids {\n"
	    "    clients = {\"10.77.1.0/24\", \"10.77.0.7\", \"fd00::/8\"}\n"
	    "    lists = {\"Adult\", \"easylist\"}\n"
	    "    schedule = {\"mon-fri 20:00-07:00\", \"sat,sun\"}\n"
	    "  }\n"
	    "  policy free { clients = 10.1.1.1 lists = {} }\n"
	    "  source adult { url = /a default = false }\n"
	    "}\n"
	    "lists { source easylist { url = /e enabled = false } }\n");

	(void)state;
	assert_int_equal(c->npolicies, 2);
	assert_string_equal(c->policies[0].name, "kids");
	assert_int_equal(c->policies[0].clients.n, 3);
	assert_int_equal(c->policies[0].lists.n, 2);
	assert_int_equal(c->policies[0].schedule.n, 2);
	assert_int_equal(c->policies[1].lists.n, 0);
	assert_int_equal(c->policies[1].schedule.n, 0);
	assert_int_equal(told.notes, 1);
	assert_string_equal(told.all,
	    "x.conf:4: policy kids: source easylist is not enabled\n");
	pd_conf_unref(c);

#define P(rest) "lists { source adult { url = /a }\n policy p { " rest " } }"
	expect_error(P("clients = 10.0.0.1 lists = adlt"),
	    "x.conf:2: policy p: there is no source \"adlt\"; did you mean "
	    "adult?");
	expect_error(P("clients = 10.0.0.1 lists = xyzzy"),
	    "there is no source \"xyzzy\"; add one of that name");
	expect_error(P("lists = adult"), "policy p: clients is missing");
	expect_error(P("clients = {} lists = adult"), "policy p is for nobody");
	expect_error(P("clients = \"kids\" lists = adult"),
	    "x.conf:2: policy p: clients: \"kids\" cannot be; give an address");
	expect_error(P("clients = 10.0.0.0/33 lists = adult"), "cannot be");
	expect_error(P("clients = 10.0.0.1"), "policy p: lists is missing");
	expect_error(P("clients = 10.0.0.1 lists = adult schedule = \"mo\""),
	    "policy p: schedule: \"mo\" cannot be; days are sun mon");
	expect_error(
	    P("clients = 10.0.0.1 lists = adult schedule = \"25:00-26:00\""),
	    "hours are 00:00");
	expect_error(P("clients = 10.0.0.1 lists = adult client = 10.0.0.2"),
	    "unknown name \"client\"; did you mean clients?");
	expect_error("lists { policy { clients = 10.0.0.1 lists = {} } }",
	    "a policy: it has no name");
	expect_error("lists { policy p { clients = 10.0.0.1 lists = {} }\n"
		     "policy p { clients = 10.0.0.2 lists = {} } }",
	    "x.conf:2: policy p stands in x.conf:1 already");
#undef P
}

static void
test_sites(void **state)
{
	struct pd_conf *c =
	    parse_ok("site \"*.Example.ORG\" { lists = \"off\" }\n"
		     "site b.example.org { lists = on }\n"
		     "site \"b\xc3\xbc"
		     "cher.example.\" { lists = off }\n"
		     "site 192.0.2.1 { lists = no }\n"
		     "site \"[2001:DB8:0::1]\" { lists = no }\n"
		     "site nas { lists = no }\n");

	(void)state;
	assert_int_equal(c->nsites, 6);
	assert_string_equal(c->sites[0].host, "192.0.2.1");
	assert_string_equal(c->sites[1].host, "2001:db8::1");
	assert_string_equal(c->sites[2].host, "b.example.org");
	assert_false(c->sites[2].lists_off);
	assert_string_equal(c->sites[3].host, "example.org");
	assert_true(c->sites[3].lists_off);
	assert_string_equal(c->sites[5].host, "xn--bcher-kva.example");
	pd_conf_unref(c);

	expect_error("site { lists = off }", "site \"\" is no host");
	expect_error("site \"https://e.org/\" { lists = off }", "is no host");
	expect_error("site \"e.org:80\" { lists = off }", "is no host");
	expect_error("site \"e..org\" { lists = off }", "is no host");
	expect_error("site \"a.*.org\" { lists = off }", "is no host");
	expect_error("site \"*\" { lists = off }", "is no host");
	expect_error("site \"1.2.3\" { lists = off }", "is no host");
	expect_error("site \"e.org\" { }",
	    "site e.org says nothing; write lists = \"off\" or images = ");
	expect_error("site \"e.org\" { lists = maybe }",
	    "site e.org: lists: \"maybe\" cannot be");
	expect_error("site \"e.org\" {\n image = off lists = off }",
	    "x.conf:2: unknown name \"image\"; did you mean images?");
	expect_error("site e.org { images = some }",
	    "site e.org: images: \"some\" cannot be; give one of: invisible "
	    "fine thin off");
	expect_error("site \"e.org\" { lists = off }\n"
		     "site \"*.E.org.\" { lists = on }",
	    "x.conf:2: site e.org stands in x.conf:1 already");
}

/* Each thing that a site may say is looked for by itself. */
static void
test_site_of(void **state)
{
	static const struct {
		const char *host;
		const char *lists, *images; /* the sites that say it */
	} cases[] = {
		{ "e.org", "e.org", "e.org" },
		{ "a.e.org", "e.org", "a.e.org" },
		{ "x.a.e.org", "e.org", "a.e.org" },
		{ "b.a.e.org", "b.a.e.org", "a.e.org" },
		{ "aa.e.org", "e.org", "e.org" },
		{ "ee.org", NULL, NULL },
		{ "org", NULL, NULL },
		{ "", NULL, NULL },
		{ "192.0.2.1", NULL, "192.0.2.1" },
		{ "1.192.0.2.2", NULL, NULL },
	};
	struct pd_conf *c = parse_ok("site e.org { lists = off images = off }\n"
				     "site \"*.a.e.org\" { images = thin }\n"
				     "site b.a.e.org { lists = on }\n"
				     "site 192.0.2.1 { images = fine }\n");

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *want[] = { cases[i].lists, cases[i].images };

		for (unsigned about = 0; about < 2; about++) {
			const struct pd_conf_site *s =
			    pd_conf_site_of(c, pd_str_z(cases[i].host), about);

			if (want[about] == NULL)
				assert_null(s);
			else
				assert_string_equal(s->host, want[about]);
		}
	}
	pd_conf_unref(c);
}

static void
test_devices(void **state)
{
	struct pd_conf *c = parse_ok(
	    "device \"phone\" { address = \"10.77.0.7\"  level = \"thin\" }\n"
	    "device tv { address = {\"10.77.0.8\", \"fd77::/64\"}\n"
	    "  max-width = 1920 }\n"
	    "device off { address = 10.77.0.9 level = OFF max-width = 0 }\n"
	    "device named { address = 10.77.0.0/24 }\n");
	struct pd_addr addr;

	(void)state;
	assert_int_equal(c->ndevices, 4);
	assert_string_equal(c->devices[0].name, "phone");
	assert_int_equal(c->devices[0].level, PD_CONF_LEVEL_THIN);
	assert_int_equal(c->devices[0].max_width, 0);
	assert_int_equal(c->devices[1].level, PD_CONF_LEVEL_UNSET);
	assert_int_equal(c->devices[1].max_width, 1920);
	assert_int_equal(pd_addr_parse(PD_STR("fd77::7"), &addr), 0);
	assert_true(pd_prefixes_hold(&c->devices[1].clients, &addr));
	assert_false(pd_prefixes_hold(&c->devices[0].clients, &addr));
	assert_int_equal(c->devices[2].level, PD_CONF_LEVEL_OFF);
	/* The first that names it; the last is there for its name alone. */
	assert_int_equal(pd_addr_parse(PD_STR("10.77.0.9"), &addr), 0);
	assert_ptr_equal(pd_conf_device_of(c, &addr), &c->devices[2]);
	assert_int_equal(pd_addr_parse(PD_STR("10.77.0.10"), &addr), 0);
	assert_ptr_equal(pd_conf_device_of(c, &addr), &c->devices[3]);
	assert_int_equal(pd_addr_parse(PD_STR("10.77.1.1"), &addr), 0);
	assert_null(pd_conf_device_of(c, &addr));
	pd_conf_unref(c);

	expect_error("device { address = 10.0.0.1 level = off }",
	    "a device: it has no name");
	expect_error("device p { level = off }",
	    "device p: address is missing; write address = {");
	expect_error(
	    "device p { address = {} level = off }", "device p has no address");
	expect_error("device p { address = nobody level = off }",
	    "device p: address: \"nobody\" cannot be");
	expect_error("device p { address = 10.0.0.1 level = low }",
	    "device p: level: \"low\" cannot be; give one of: invisible");
	expect_error("device p { address = 10.0.0.1\n max-width = 319 }",
	    "x.conf:2: device p: max-width: \"319\" cannot be; give 0, or a "
	    "number from 320 to 16383");
	expect_error("device p { address = 10.0.0.1 max-width = 16384 }",
	    "device p: max-width: \"16384\" cannot be");
	expect_error("device p { address = 10.0.0.1 width = 1 }",
	    "unknown name \"width\"");
	expect_error("device p { address = 10.0.0.1 level = off }\n"
		     "device P { address = 10.0.0.2 level = off }",
	    "x.conf:2: device P stands in x.conf:1 already");
}

/* Files that pd_conf_load() is given. */
static char dir[] = "/tmp/pared-conf-XXXXXX";

static void
put(const char *name, const char *text)
{
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static struct pd_conf *
load(const char *text)
{
	struct pd_conf_report report = { on_line, &told };
	char path[64];

	clean(NULL);
	put("main.conf", text);
	snprintf(path, sizeof(path), "%s/main.conf", dir);
	return pd_conf_load(path, NULL, 0, false, &report);
}

static void
expect_refusal(const char *text, const char *part)
{
	struct pd_conf *c = load(text);

	if (c != NULL)
		fail_msg("accepted: %s", text);
	if (strstr(told.all, part) == NULL)
		fail_msg("no \"%s\" in: %s", part, told.all);
}

static void
test_include(void **state)
{
	struct pd_conf *c;
	char want[256];

	(void)state;
	put("a.conf", "Port = 81\n"
		      "lists { source a { url = /a enabled = no } }\n"
		      "include('b.conf')\n");
	put("b.conf", "Workers = 2\n");
	c = load("include(\"a.conf\")\n"
		 "lists { source b { url = /b enabled = no } }\n"
		 "ConnTimeout = 7\n");
	if (c == NULL)
		fail_msg("refused: %s", told.all);
	assert_int_equal(c->port, 81);
	assert_int_equal(c->workers, 2);
	assert_int_equal(c->conn_timeout_ms, 7000);
	assert_int_equal(c->nsources, 2);
	assert_false(c->ziproxy);
	pd_conf_unref(c);

	/* A mistake is told in the file where it stands. */
	put("b.conf", "\nWorkers = x\nPrt = 1\n");
	assert_null(load("include(\"a.conf\")\nGzip = perhaps\n"));
	snprintf(want, sizeof(want), "%s/b.conf:2: Workers: \"x\"", dir);
	assert_non_null(strstr(told.all, want));
	snprintf(want, sizeof(want), "%s/b.conf:3: unknown name \"Prt\"", dir);
	assert_non_null(strstr(told.all, want));
	snprintf(want, sizeof(want), "%s/main.conf:2: Gzip", dir);
	assert_non_null(strstr(told.all, want));
	snprintf(want, sizeof(want), "source a stands in %s/a.conf:2", dir);
	put("b.conf", "");
	expect_refusal(
	    "include(\"a.conf\")\nlists { source a { url = /a } }", want);

	expect_refusal("\ninclude(\"none.conf\")\n", "main.conf:2: ");
	expect_refusal("include(\"/no/such\")", "/no/such cannot be read");
	expect_refusal("include(\"main.conf\")", "include each other");
	put("a.conf", "include(\"main.conf\")\ninclude(\"main.conf\")\n");
	expect_refusal(
	    "include(\"a.conf\")\ninclude(\"a.conf\")\n", "include each other");
}

/* What is looked for when the file is for use. */
static void
test_files(void **state)
{
	struct pd_conf *c;
	char text[512];

	(void)state;
	expect_refusal("lists { suffixes = \"/no/such\" }",
	    "lists: suffixes: /no/such cannot be read");
	/* Nobody needs a directory that does not download. */
	snprintf(text, sizeof(text),
	    "lists { directory = \"/no/such/place\"\n"
	    "source a { url = \"%s/main.conf\" }\n"
	    "source b { url = \"https://e.org/\" enabled = false } }",
	    dir);
	c = load(text);
	if (c == NULL)
		fail_msg("refused: %s", told.all);
	pd_conf_unref(c);
	expect_refusal("lists {\n directory = \"/no/such/place\"\n"
		       "source b { url = \"https://e.org/\" } }",
	    "main.conf:2: lists: directory: /no/such: No such file");
	expect_refusal("lists {\n directory = \"/dev/null\"\n"
		       "source b { url = \"https://e.org/\" } }",
	    "/dev/null is no directory");
	/* One that can be made is made later. */
	snprintf(text, sizeof(text),
	    "lists { directory = \"%s/new\"\n"
	    "source b { url = \"https://e.org/\" } }",
	    dir);
	c = load(text);
	if (c == NULL)
		fail_msg("refused: %s", told.all);
	pd_conf_unref(c);
}

/* What is installed beside the example is right, and usable as it says. */
static void
test_list_of_lists(void **state)
{
	struct pd_conf_report report = { on_line, &told };
	size_t len, on = 0;
	char *text = pd_conf_read(PARED_SOURCE "/conf/lists.conf", &len);
	struct pd_conf_parse_params params = {
		.path = "lists.conf", .text = text, .report = &report
	};
	struct pd_conf *c;

	(void)state;
	assert_non_null(text);
	c = pd_conf_parse(&params);
	if (c == NULL)
		fail_msg("refused: %s", told.all);
	assert_int_equal(told.notes, 0);
	for (size_t i = 0; i < c->nsources; i++) {
		on += !c->sources[i].off;
		assert_int_equal(strncmp(c->sources[i].url, "https://", 8), 0);
	}
	assert_int_equal(on, 9);
	assert_true(c->nsources >= 20);
	pd_conf_unref(c);
	free(text);
}

static int
remove_files(void **state)
{
	static const char *const names[] = { "a.conf", "b.conf", "main.conf" };
	char path[64];

	clean(state);
	for (size_t i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		unlink(path);
	}
	return rmdir(dir);
}

static int
make_dir(void **state)
{
	(void)state;
	return mkdtemp(dir) != NULL ? 0 : -1;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_defaults, clean),
		cmocka_unit_test_teardown(test_lists, clean),
		cmocka_unit_test_teardown(test_every_error_is_told, clean),
		cmocka_unit_test_teardown(test_section_syntax, clean),
		cmocka_unit_test_teardown(test_sources, clean),
		cmocka_unit_test_teardown(test_too_many, clean),
		cmocka_unit_test_teardown(test_policies, clean),
		cmocka_unit_test_teardown(test_sites, clean),
		cmocka_unit_test_teardown(test_site_of, clean),
		cmocka_unit_test_teardown(test_devices, clean),
		cmocka_unit_test_teardown(test_include, clean),
		cmocka_unit_test_teardown(test_files, clean),
		cmocka_unit_test_teardown(test_list_of_lists, clean),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_files);
}
