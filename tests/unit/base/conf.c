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

static void
on_line(void *arg, bool error, const char *text)
{
	struct told *t = arg;
	size_t n = strlen(text);

	t->all = realloc(t->all, t->len + n + 2);
	memcpy(t->all + t->len, text, n);
	t->len += n;
	t->all[t->len++] = '\n';
	t->all[t->len] = '\0';
	if (error)
		t->errors++;
	else
		t->notes++;
}

static struct told told;

static struct pd_conf *
parse_with(const char *text, const char *const *overrides, size_t noverrides,
    bool ziproxy)
{
	struct pd_conf_report report = { on_line, &told };
	struct pd_conf_parse_params params = { .path = "x.conf",
		.text = text,
		.overrides = overrides,
		.noverrides = noverrides,
		.ziproxy = ziproxy,
		.report = &report };

	free(told.all);
	told = (struct told){ NULL, 0, 0, 0 };
	return pd_conf_parse(&params);
}

static struct pd_conf *
parse(const char *text)
{
	return parse_with(text, NULL, 0, false);
}

static void
expect_ok(struct pd_conf *c)
{
	if (c == NULL)
		fail_msg("refused: %s", told.all != NULL ? told.all : "");
}

/* The text is refused with exactly these lines. */
static void
expect_errors(const char *text, const char *lines)
{
	struct pd_conf *c = parse(text);

	assert_null(c);
	assert_non_null(told.all);
	assert_string_equal(told.all, lines);
}

/* The text is refused, and this is among what is said. */
static void
expect_error(const char *text, const char *part)
{
	struct pd_conf *c = parse(text);

	if (c != NULL)
		fail_msg("accepted: %s", text);
	assert_true(told.errors > 0);
	if (strstr(told.all, part) == NULL)
		fail_msg("no \"%s\" in: %s", part, told.all);
}

static int
clean(void **state)
{
	(void)state;
	free(told.all);
	told = (struct told){ NULL, 0, 0, 0 };
	return 0;
}

static void
test_defaults(void **state)
{
	struct pd_conf *c = pd_conf_load(NULL, NULL, 0, false, NULL);
	struct pd_addr a;

	(void)state;
	assert_non_null(c);
	assert_null(c->path);
	assert_false(c->ziproxy);
	assert_int_equal(c->port, 8080);
	assert_int_equal(c->address.n, 0);
	assert_false(c->only_from_set);
	assert_int_equal(c->header_max, 65536);
	assert_int_equal(c->request_line_max, 32768);
	assert_int_equal(c->fields_max, 128);
	assert_int_equal(c->header_timeout_ms, 10000);
	assert_int_equal(c->conn_timeout_ms, 90000);
	assert_int_equal(c->tunnel_timeout_ms, 600000);
	assert_int_equal(c->image_deadline_ms, 600);
	assert_int_equal(c->image_level, PD_CONF_LEVEL_FINE);
	assert_true(c->process_webp && c->process_avif);
	assert_int_equal(c->max_size, 12582912);
	assert_int_equal(c->image_memory_max, 536870912);
	assert_int_equal(c->gunzip_ratio_max, 2000);
	assert_int_equal(c->tos, -1);
	assert_int_equal(c->connect_ports.n, 3);
	assert_int_equal(c->connect_ports.v[2].lo, 1024);
	assert_int_equal(c->connect_ports.v[2].hi, 65535);
	assert_false(c->image_quality_set);
	assert_int_equal(c->access_log_format, PD_LOG_FORMAT_JSON);
	assert_int_equal(c->log_level, PD_LOG_INFO);
	assert_null(c->access_log);
	assert_int_equal(pd_addr_parse(PD_STR("192.168.3.4"), &a), 0);
	assert_true(pd_prefixes_hold(&c->only_from, &a));
	assert_int_equal(pd_addr_parse(PD_STR("fd12::1"), &a), 0);
	assert_true(pd_prefixes_hold(&c->only_from, &a));
	assert_int_equal(pd_addr_parse(PD_STR("203.0.113.9"), &a), 0);
	assert_false(pd_prefixes_hold(&c->only_from, &a));
	pd_conf_unref(pd_conf_ref(c));
	pd_conf_unref(c);
}

static void
test_values(void **state)
{
	struct pd_conf *c =
	    parse("# comment\n"
		  "port = 3128 // another\n"
		  "ADDRESS = '127.0.0.2' /* and\n another */\n"
		  "OnlyFrom = {\"10.0.0.1-10.0.0.9\",\n"
		  "  # inside\n"
		  "  \"fd00::/8\",}\n"
		  "Gzip = OFF ConvertToGrayscale = t\n"
		  "ConnTimeout = 08\n"
		  "HeaderTimeout = \"1500 ms\"\n"
		  "TunnelTimeout = \"2h\"\n"
		  "MaxSize = 2m\n"
		  "RestrictOutPortHTTP = {80, \"8000-8999\"}\n"
		  "RestrictOutPortCONNECT = {}\n"
		  "ImageQuality = {0,25,25,100}\n"
		  "LogLevel = debug\n"
		  "PIDFile = \"/run/a \\\"b\\\" \\\\c ${HOME}\"\n"
		  "PortalNames += \"a.example\"\n"
		  "PortalNames += \"b.example\"\n"
		  "Nameservers = {\"::1\", \"127.0.0.1@5353\"}\n"
		  "TOSMarking = true TOSFlagsDefault = 16\n");

	(void)state;
	expect_ok(c);
	assert_false(c->ziproxy);
	assert_int_equal(c->port, 3128);
	assert_int_equal(c->address.n, 1);
	assert_string_equal(c->address.v[0], "127.0.0.2");
	assert_true(c->only_from_set);
	assert_int_equal(c->only_from.n, 2);
	assert_false(c->encode_text);
	assert_true(c->convert_to_grayscale);
	assert_int_equal(c->conn_timeout_ms, 8000);
	assert_int_equal(c->header_timeout_ms, 1500);
	assert_int_equal(c->tunnel_timeout_ms, 7200000);
	assert_int_equal(c->max_size, 2097152);
	assert_int_equal(c->http_ports.n, 2);
	assert_int_equal(c->http_ports.v[1].hi, 8999);
	assert_int_equal(c->connect_ports.n, 0);
	assert_true(c->image_quality_set);
	assert_int_equal(c->image_quality[3], 100);
	assert_int_equal(c->log_level, PD_LOG_DEBUG);
	/* Quotes and backslashes as escaped; no variable. */
	assert_string_equal(c->pid_file, "/run/a \"b\" \\c ${HOME}");
	assert_int_equal(c->portal_names.n, 2);
	assert_string_equal(c->portal_names.v[1], "b.example");
	assert_int_equal(c->nameservers.n, 2);
	assert_int_equal(c->tos, 16);
	assert_int_equal(told.errors + told.notes, 0);
	pd_conf_unref(c);
}

static void
test_every_error_is_told(void **state)
{
	(void)state;
	expect_errors("Prot = 8080\n"
		      "\n"
		      "MaxSize = \"much\"\n"
		      "NextPort = 70000\n"
		      "Gzip = maybe\n"
		      "Address = {\"127.0.0.1\", \"localhost\"}\n"
		      "AccessLogFormat = xml\n"
		      "Workers = {1, 2}\n"
		      "quxquux = 1\n",
	    "x.conf:1: unknown name \"Prot\"; did you mean Port?\n"
	    "x.conf:9: unknown name \"quxquux\"; see pared.conf(5) for those "
	    "that there are\n"
	    "x.conf:6: Address: \"localhost\" cannot be; give an address like "
	    "192.0.2.1 or 2001:db8::1, without a port or brackets\n"
	    "x.conf:8: Workers: 2 values; give one\n"
	    "x.conf:7: AccessLogFormat: \"xml\" cannot be; give one of: auto "
	    "ziproxy json squid clf\n"
	    "x.conf:4: NextPort: \"70000\" cannot be; give a number from 1 to "
	    "65535\n"
	    "x.conf:5: Gzip: \"maybe\" cannot be; give true or false\n"
	    "x.conf:3: MaxSize: \"much\" cannot be; give a number from 0 to "
	    "\"1G\" bytes\n");
}

/* A mistake in one line spoils neither the lines after it nor, for libconfuse
 * has one scanner for all, the next file. */
static void
test_syntax_errors(void **state)
{
	struct pd_conf *c;

	(void)state;
	expect_errors("Port = \"8080\n"
		      "Gzip true\n"
		      "ImageQuality = {1, 2, 3\n"
		      "MaxSize = 1\n"
		      "Workers =\n"
		      "}\n"
		      "PIDFile = \"a\\n\"\n"
		      "ErrorLog = a*b\n"
		      "LosslessCompressCT = {\"a\" \"b\"}\n"
		      "Bogus = 2 /* open\n",
	    "x.conf:1: the string is not closed on its line; end it with the "
	    "quote it began with\n"
	    "x.conf:2: = is missing; write NAME = VALUE\n"
	    "x.conf:3: the list is not closed by }, or a comma is missing at "
	    "a line's end\n"
	    "x.conf:5: a value is missing; write NAME = VALUE\n"
	    "x.conf:6: this } closes nothing; remove it\n"
	    "x.conf:7: a backslash stands before \\, \" or ' only; write \\\\ "
	    "for a backslash\n"
	    "x.conf:8: the name of an option is expected here\n"
	    "x.conf:9: a comma is missing between two values\n"
	    "x.conf:10: the comment is not closed; end it with */\n"
	    "x.conf:10: unknown name \"Bogus\"; see pared.conf(5) for those "
	    "that there are\n");
	c = parse("Port = 81\nWorkers = 1\n");
	expect_ok(c);
	assert_int_equal(c->port, 81);
	pd_conf_unref(c);
}

static void
test_ranges(void **state)
{
	(void)state;
	expect_error("Port = 0", "from 1 to 65535");
	expect_error("Port = -1", "from 1 to 65535");
	expect_error("Port = 0x50", "cannot be");
	expect_error("Port = {}", "0 values; give one");
	expect_error("Port = 99999999999999999999", "cannot be");
	expect_error("MaxSize = 9223372036854775807G", "cannot be");
	expect_error("ConnTimeout = 10d", "cannot be");
	expect_error("ImageDeadline = 0", "from \"50ms\" to 60 seconds");
	expect_error("ImageLevel = fin", "one of: invisible fine thin off");
	expect_error("HeaderTimeout = 0", "from \"50ms\" to 3600 seconds");
	expect_error("ImageQuality = {30,25,25}", "3 values; give 4");
	expect_error("ImageQuality = {30,25,25,101}", "from 0 to 100");
	expect_error("RestrictOutPortHTTP = {\"90-80\"}", "give a port");
	expect_error("RestrictOutPortHTTP = {0}", "give a port");
	expect_error("OnlyFrom = \"10.0.0.0/33\"", "give an address");
	expect_error("BindOutgoing = \"10.0.0.0/8\"", "give an address");
	expect_error("Nameservers = \"1.1.1.1@0\"", "@port");
	expect_error("NextProxy = \"http://a:80\"", "host name or an address");
	expect_error("RedefineUserAgent = \"a\x01b\"", "control character");
	expect_error("AuthMode = 2", "from 0 to 1");
	expect_error("BufferLow = 64K", "not below BufferHigh");
	expect_error("MaxRequestLine = 128K", "above MaxHeaderSize");
	expect_error("AuthMode = 1", "AuthPasswdFile");
	expect_error("URLReplaceDataCT = \"/x\"", "URLReplaceDataCTList");
}

static void
test_no_open_proxy(void **state)
{
	struct pd_conf *c;

	(void)state;
	expect_error("Address = \"0.0.0.0\"", "x.conf:1: Address 0.0.0.0 can");
	expect_error("Address = \"::\"", "OnlyFrom");
	expect_error("Address = {\"127.0.0.1\", \"198.51.100.7\"}", "OnlyFrom");
	expect_error("Address = \"::ffff:0.0.0.0\"", "OnlyFrom");
	expect_error("Address = \"0.0.0.0\"\nOnlyFrom = \"0.0.0.0/0\"",
	    "x.conf:2: with Address 0.0.0.0 this OnlyFrom is an open proxy");
	expect_error("Address = \"0.0.0.0\"\nOnlyFrom = {\"10.0.0.1\", "
		     "\"0.0.0.0-255.255.255.255\"}",
	    "open proxy");
	expect_error("OnlyFrom = {}", "nobody");
	c = parse("Address = \"0.0.0.0\"\nOnlyFrom = \"192.0.2.0/24\"");
	expect_ok(c);
	pd_conf_unref(c);
	c = parse("Address = {\"10.1.2.3\", \"fe80::1\"}");
	expect_ok(c);
	pd_conf_unref(c);
	c = parse("Address = \"::\"\nAuthMode = 1\nAuthPasswdFile = \"/x\"");
	expect_ok(c);
	pd_conf_unref(c);
}

static void
test_ziproxy_mode(void **state)
{
	struct pd_conf *c = parse("Port = 08\n"
				  "Address = \"127.0.0.1\"\n"
				  "OnlyFrom = \"127.0.0.1-127.0.0.9\"\n"
				  "Gzip = T\nProcessJPG = N\n"
				  "ErrorLog = \"C:\\new\\${HOME}\"\n"
				  "ConnTimeout = 0\n"
				  "MaxSize = 0\n");

	(void)state;
	expect_ok(c);
	assert_true(c->ziproxy);
	assert_int_equal(c->port, 8);
	assert_true(c->encode_text);
	assert_false(c->process_jpg);
	/* No escapes, no variables. */
	assert_string_equal(c->error_log, "C:\\new\\${HOME}");
	assert_int_equal(c->conn_timeout_ms, 0);
	assert_int_equal(c->max_size, INT64_C(1) << 30);
	assert_int_equal(c->access_log_format, PD_LOG_FORMAT_ZIPROXY);
	assert_int_equal(told.notes, 0);
	pd_conf_unref(c);

	/* Twice is an error for Ziproxy, a note for pared. */
	expect_errors("Address = \"::1\"\nport = 80\nPort = 81\n",
	    "x.conf:3: Port stands in line 2 already; keep one of them\n");
	c = parse("Workers = 1\nport = 80\nPort = 81\n");
	expect_ok(c);
	assert_int_equal(told.notes, 1);
	assert_int_equal(c->port, 81);
	pd_conf_unref(c);

	/* Old, obsolete and ignored names. */
	c = parse("Address = \"::1\"\nZiproxyTimeout = 7\nJP2Rate = 5\n"
		  "ProcessHTML = true\nCompressible = {\"msword\"}\n");
	expect_ok(c);
	assert_int_equal(told.notes, 4);
	assert_int_equal(c->conn_timeout_ms, 7000);
	assert_int_equal(c->compress_types.n, 3);
	assert_string_equal(c->compress_types.v[2], "application/msword");
	assert_non_null(strstr(told.all, "x.conf:4: ProcessHTML is ignored: "));
	pd_conf_unref(c);
	expect_error("Address = \"::1\"\nZiproxyTimeout = 7\nConnTimeout = 8\n",
	    "stands in line 2 already");

	/* One that pared had itself. */
	c = parse("Address = \"::1\"\nImageTimeout = 2\n");
	expect_ok(c);
	assert_false(c->ziproxy);
	assert_int_equal(c->image_deadline_ms, 2000);
	assert_non_null(strstr(told.all,
	    "x.conf:2: ImageTimeout is an old name; use ImageDeadline"));
	pd_conf_unref(c);

	/* Forced, with a name that Ziproxy does not know. */
	c = parse_with("Workers = 2", NULL, 0, true);
	expect_ok(c);
	assert_true(c->ziproxy);
	assert_non_null(strstr(told.all, "Address is not set"));
	pd_conf_unref(c);
}

static void
test_overrides(void **state)
{
	static const char *const good[] = { "Port=81", "address=::1",
		"PIDFile=/run/a b\"c\\d", "RestrictOutPortHTTP={80, 81}",
		"OnlyFrom={\"10.0.0.0/8\"}", "PortalNames=" };
	static const char *const bad[] = { "Port", "=1", "Prt=1", "Port=x",
		"Port=1 Gzip=no", "Port={1", "lists{}" };
	struct pd_conf *c;

	(void)state;
	c = parse_with(
	    "Port = 80\nWorkers = 1\nPortalNames = a", good, 6, false);
	expect_ok(c);
	assert_int_equal(c->port, 81);
	assert_string_equal(c->address.v[0], "::1");
	assert_string_equal(c->pid_file, "/run/a b\"c\\d");
	assert_int_equal(c->http_ports.n, 2);
	assert_true(c->only_from_set);
	assert_int_equal(c->portal_names.n, 0);
	assert_int_equal(told.notes, 0);
	pd_conf_unref(c);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (parse_with(NULL, &bad[i], 1, false) != NULL)
			fail_msg("accepted %s", bad[i]);
		assert_int_equal(told.errors, 1);
		assert_int_equal(strncmp(told.all, "command line: ", 14), 0);
	}
}

static void
test_frozen(void **state)
{
	struct pd_conf_report report = { on_line, &told };
	struct pd_conf *a = parse("Port = 80\nWorkers = 1\nGzip = no");
	struct pd_conf *b = parse("Port = 81\nWorkers = 1\nGzip = yes\n"
				  "PIDFile = \"/p\"");

	(void)state;
	assert_int_equal(pd_conf_frozen_diff(a, a, &report), 0);
	assert_int_equal(told.notes, 0);
	assert_int_equal(pd_conf_frozen_diff(a, b, &report), 2);
	assert_string_equal(told.all,
	    "x.conf: Port is now 81; it stays 80 until a restart\n"
	    "x.conf: PIDFile is now \"/p\"; it stays unset until a restart\n");
	pd_conf_unref(a);
	pd_conf_unref(b);
}

static void
test_files_are_looked_for(void **state)
{
	static const char *const missing[] = { "URLDeny=/no/such/file",
		"CustomError400=/no/such/page" };
	struct pd_conf_report report = { on_line, &told };
	struct pd_conf *c;

	(void)state;
	clean(NULL);
	assert_null(pd_conf_load(NULL, missing, 2, false, &report));
	assert_string_equal(told.all,
	    "command line: URLDeny: /no/such/file cannot be read: No such file "
	    "or directory; make the file, or remove the option\n"
	    "command line: CustomError400: /no/such/page cannot be read: No "
	    "such file or directory; make the file, or remove the option\n");
	/* A page that is missing is no reason not to start. */
	c = pd_conf_load(NULL, missing + 1, 1, false, &report);
	assert_non_null(c);
	pd_conf_unref(c);
	clean(NULL);
	assert_null(pd_conf_load("/no/such.conf", NULL, 0, false, &report));
	assert_int_equal(told.errors, 1);
	clean(NULL);
	assert_null(pd_conf_load("/", NULL, 0, false, &report));
	assert_int_equal(told.errors, 1);
}

static char *
slurp(const char *path)
{
	size_t len;
	char *text = pd_conf_read(path, &len);

	if (text == NULL)
		fail_msg("cannot read %s", path);
	return text;
}

/* conf/pared.conf is what the table says, and its options, uncommented, are
 * the defaults; so no default is told wrongly. */
static void
test_default_file(void **state)
{
	char *file = slurp(PARED_SOURCE "/conf/pared.conf"), *made = NULL;
	struct pd_conf *c, *def = pd_conf_load(NULL, NULL, 0, false, NULL);
	size_t len, options = 0;
	FILE *f = open_memstream(&made, &len);

	(void)state;
	pd_conf_write_defaults(f);
	fclose(f);
	assert_string_equal(file, made);
	c = parse(file);
	expect_ok(c);
	assert_false(c->ziproxy);
	assert_int_equal(told.errors + told.notes, 0);
	pd_conf_unref(c);

	/* "#Name" and what goes on a list; prose is "# ". */
	for (char *p = made; p != NULL; p = strchr(p, '\n')) {
		p += *p == '\n';
		if (p[0] != '#' || p[1] == '#' || p[1] == '\0' || p[1] == '\n')
			continue;
		if (p[1] != ' ' || strncmp(p, "#    ", 5) == 0) {
			p[0] = ' ';
			options += p[1] != ' ' && p[1] != '}';
		}
	}
	c = parse(made);
	expect_ok(c);
	assert_true(options > 60);
	for (size_t i = 0; i < pd_conf_nrows; i++) {
		const struct pd_conf_row *row = &pd_conf_rows[i];
		char *a, *b;

		if (row->type == PD_CONF_HEADING || row->text == NULL ||
		    row->def == NULL)
			continue;
		a = pd_conf_text(def, row);
		b = pd_conf_text(c, row);
		assert_string_equal(a, b);
		free(a);
		free(b);
	}
	/* The examples of sections came to life as well. */
	assert_int_equal(c->nsources, 1);
	assert_int_equal(c->npolicies, 1);
	assert_int_equal(c->nsites, 1);
	assert_int_equal(c->ndevices, 1);
	for (size_t i = 0; i < pd_conf_lists.nrows; i++) {
		char *a = pd_conf_text(def, &pd_conf_lists.rows[i]);
		char *b = pd_conf_text(c, &pd_conf_lists.rows[i]);

		assert_string_equal(a, b);
		free(a);
		free(b);
	}
	pd_conf_unref(c);
	pd_conf_unref(def);
	free(file);
	free(made);
}

static void
test_manual(void **state)
{
	char *file = slurp(PARED_SOURCE "/conf/man/pared.conf.5"), *made = NULL;
	size_t len;
	FILE *f = open_memstream(&made, &len);

	(void)state;
	pd_conf_write_manual(f);
	fclose(f);
	assert_string_equal(file, made);
	free(file);
	free(made);
}

/* Each option that Ziproxy documents, set: it must load. */
static void
test_ziproxy_whole(void **state)
{
	static const char path[] =
	    PARED_SOURCE "/tests/unit/base/ziproxy-all.conf";
	char *file = slurp(path), *table = NULL;
	struct pd_conf *c = parse(file);
	size_t len;
	FILE *f;

	(void)state;
	expect_ok(c);
	assert_true(c->ziproxy);
	assert_int_equal(c->max_size, 1048576);
	assert_int_equal(c->tos, -1);
	assert_int_equal(c->bind_outgoing.n, 3);
	assert_int_equal(c->connect_ports.n, 1);
	assert_int_equal(c->http_ports.n, 2);
	assert_int_equal(c->image_quality[0], 30);
	assert_string_equal(
	    c->custom_error[5], "/usr/share/ziproxy/error/503.html");
	assert_int_equal(c->access_log_format, PD_LOG_FORMAT_ZIPROXY);
	pd_conf_unref(c);
	free(file);

	f = open_memstream(&table, &len);
	assert_int_equal(pd_conf_write_ziproxy_table(path, f, false), 0);
	fclose(f);
	assert_null(strstr(table, "unknown"));
	assert_non_null(
	    strstr(table, "  Port                         honoured"));
	assert_non_null(
	    strstr(table, "  NextProxy                    differently"));
	assert_non_null(
	    strstr(table, "  ProcessJP2                   no effect"));
	free(table);
	f = open_memstream(&table, &len);
	assert_int_equal(pd_conf_write_ziproxy_table("/no/such", f, true), -1);
	fclose(f);
	free(table);
}

/* Each of Ziproxy's names is either a row of the table or has no effect. */
static void
test_tables_agree(void **state)
{
	(void)state;
	for (size_t i = 0; i < pd_conf_nziproxy_rows; i++) {
		const struct pd_conf_ziproxy_row *z = &pd_conf_ziproxy_rows[i];
		bool row = pd_conf_row_find(z->name) != NULL;

		assert_true(row == (z->fate == PD_CONF_SAME ||
				       z->fate == PD_CONF_DIFFERENT));
		assert_true((z->why == NULL) == (z->fate == PD_CONF_SAME));
		if (z->fate == PD_CONF_RENAMED)
			assert_non_null(pd_conf_row_find(z->why));
	}
	for (size_t i = 0; i < pd_conf_nrows; i++) {
		const struct pd_conf_row *row = &pd_conf_rows[i];

		if (row->type != PD_CONF_HEADING && row->text != NULL &&
		    row->def == NULL)
			assert_non_null(row->example);
	}
}

static void
test_transparent(void **state)
{
	struct pd_conf *c = parse("Port = 8080\nTransparentPort = 3129\n"
				  "TransparentMode = \"tproxy\"\n"
				  "TransparentAddress = \"10.77.0.1\"\n");

	(void)state;
	expect_ok(c);
	assert_int_equal(c->transparent_port, 3129);
	assert_int_equal(c->transparent_mode, PD_CONF_TPROXY);
	assert_int_equal(c->transparent_address.n, 1);
	assert_int_equal(told.notes, 0);
	pd_conf_unref(c);
	c = parse("");
	expect_ok(c);
	assert_int_equal(c->transparent_port, 0);
	assert_int_equal(c->transparent_mode, PD_CONF_REDIRECT);
	assert_int_equal(c->transparent_address.n, 2);
	pd_conf_unref(c);
	expect_error("Port = 3129\nTransparentPort = 3129\n",
	    "x.conf:2: TransparentPort is Port");
	expect_error("TransparentPort = 3129\nTransparentAddress = {}\n",
	    "TransparentAddress is empty");
	expect_error("TransparentMode = \"bridge\"\n",
	    "\"bridge\" cannot be; give one of: redirect tproxy");
	clean(state);

	/* Nobody can be asked for a password there. */
	c = parse("TransparentPort = 3129\nAuthMode = 1\n"
		  "AuthPasswdFile = \"/etc/passwd\"\n");
	expect_ok(c);
	assert_int_equal(told.notes, 1);
	assert_non_null(strstr(told.all, "nobody is served"));
	pd_conf_unref(c);
	clean(state);
	c = parse("TransparentPort = 3129\nAuthMode = 1\n"
		  "AuthPasswdFile = \"/etc/passwd\"\n"
		  "device phone { address = \"10.77.0.7\" }\n");
	expect_ok(c);
	assert_int_equal(told.notes, 0);
	pd_conf_unref(c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_defaults, clean),
		cmocka_unit_test_teardown(test_values, clean),
		cmocka_unit_test_teardown(test_every_error_is_told, clean),
		cmocka_unit_test_teardown(test_syntax_errors, clean),
		cmocka_unit_test_teardown(test_ranges, clean),
		cmocka_unit_test_teardown(test_no_open_proxy, clean),
		cmocka_unit_test_teardown(test_transparent, clean),
		cmocka_unit_test_teardown(test_ziproxy_mode, clean),
		cmocka_unit_test_teardown(test_overrides, clean),
		cmocka_unit_test_teardown(test_frozen, clean),
		cmocka_unit_test_teardown(test_files_are_looked_for, clean),
		cmocka_unit_test_teardown(test_default_file, clean),
		cmocka_unit_test_teardown(test_manual, clean),
		cmocka_unit_test_teardown(test_ziproxy_whole, clean),
		cmocka_unit_test_teardown(test_tables_agree, clean),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
