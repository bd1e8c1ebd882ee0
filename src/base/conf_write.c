/*
 * What is made from the option table for people: conf/pared.conf, the manual
 * page, and what becomes of a ziproxy.conf.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/conf_row.h"
#include "base/conf_scan.h"

#define COLUMNS 79

/* Words of s up to the column, each line after a prefix. */
static void
write_wrapped(FILE *out, const char *prefix, const char *s)
{
	size_t column = 0;

	while (*s != '\0') {
		size_t n = strcspn(s, " ");

		if (column > 0 && column + 1 + n > COLUMNS) {
			putc('\n', out);
			column = 0;
		}
		if (column == 0)
			column = (size_t)fprintf(out, "%s", prefix);
		else
			column += (size_t)fprintf(out, " ");
		fwrite(s, 1, n, out);
		column += n;
		s += n + strspn(s + n, " ");
	}
	putc('\n', out);
}

/* A line that becomes an option when its # is taken away. */
static void
write_option(FILE *out, const struct pd_conf_row *row, const char *indent,
    const char *value)
{
	bool plain = row->type == PD_CONF_BOOL ||
		     row->type == PD_CONF_BOOL_NOT || row->type == PD_CONF_INT;
	bool quote = value[0] != '{' && !(plain && value == row->def) &&
		     row->type != PD_CONF_INT;
	char *text;

	/* 64K stands without quotes in the table alone. */
	if (quote && value == row->def)
		quote = strspn(value, "0123456789") != strlen(value);
	if (asprintf(&text, "%s = %s%s%s", row->name, quote ? "\"" : "", value,
		quote ? "\"" : "") < 0)
		abort();
	/* Only lists are long, and only they may be wrapped. */
	if (strlen(text) < COLUMNS || value[0] != '{') {
		fprintf(out, "#%s%s\n", indent, text);
	} else {
		fprintf(out, "#%s = {\n", row->name);
		text[strlen(text) - 1] = '\0';
		write_wrapped(out, "#    ", strchr(text, '{') + 1);
		fputs("#}\n", out);
	}
	free(text);
}

/* 12582912 bytes as "12M": as set_number() would read it. */
static const char *
amount(const struct pd_conf_row *row, int64_t n, char buf[32])
{
	static const char suffixes[] = "\0KMG";
	unsigned s = 0;

	if (row->type == PD_CONF_TIME && n % 1000 == 0) {
		snprintf(buf, 32, "%" PRId64, n / 1000);
	} else if (row->type == PD_CONF_TIME) {
		snprintf(buf, 32, "0.%03" PRId64, n % 1000);
	} else {
		while (row->type == PD_CONF_BYTES && s < 3 && n > 0 &&
		       n % 1024 == 0) {
			n /= 1024;
			s++;
		}
		snprintf(buf, 32, "%" PRId64 "%.1s", n, suffixes + s);
	}
	return buf;
}

/* "From 1 to 65535." and the like, or nothing. */
static bool
range_of(const struct pd_conf_row *row, char *buf, size_t len)
{
	char least[32], most[32];

	/* The text of a period says more than two numbers. */
	if (row->most == 0 || row->type == PD_CONF_PERIOD)
		return false;
	snprintf(buf, len, "From %s to %s%s%s.", amount(row, row->least, least),
	    amount(row, row->most, most), row->unit != NULL ? " " : "",
	    row->unit != NULL ? row->unit : "");
	return true;
}

/* An example of a section, whose lines become one when their # go. */
static void
write_example(FILE *out, const struct pd_conf_section *section,
    const char *indent, const char *prefix, const char *inner)
{
	write_wrapped(out, prefix, section->text);
	for (size_t i = 0; i < section->nrows; i++) {
		const struct pd_conf_row *row = &section->rows[i];
		bool def = row->def != NULL && strcmp(row->def, "{}") != 0;
		char *text;

		if (asprintf(&text, "%s: %s%s%s%s", row->name, row->text,
			def ? " Default: " : "", def ? row->def : "",
			def ? "." : "") < 0)
			abort();
		write_wrapped(out, prefix, text);
		free(text);
	}
	if (strpbrk(section->example, ".*") != NULL)
		fprintf(out, "#%s%s \"%s\" {\n", indent, section->name,
		    section->example);
	else
		fprintf(out, "#%s%s %s {\n", indent, section->name,
		    section->example);
	for (size_t i = 0; i < section->nrows; i++) {
		const struct pd_conf_row *row = &section->rows[i];

		write_option(out, row, inner,
		    row->example != NULL ? row->example : row->def);
	}
	fprintf(out, "#%s}\n", indent);
}

static void
write_default_sections(FILE *out)
{
	const char *in = "    ", *prefix = "    # ", *twice = "        ";

	fputs("\n\n### Block lists\n\n", out);
	write_wrapped(out, "# ", pd_conf_lists.text);
	fputs("lists {\n", out);
	for (size_t i = 0; i < pd_conf_lists.nrows; i++) {
		const struct pd_conf_row *row = &pd_conf_lists.rows[i];

		write_wrapped(out, prefix, row->text);
		write_option(out, row, in, row->def);
		putc('\n', out);
	}
	write_example(out, &pd_conf_source, in, prefix, twice);
	putc('\n', out);
	write_example(out, &pd_conf_policy, in, prefix, twice);
	fputs("}\n\n", out);
	write_example(out, &pd_conf_site, "", "# ", in);
	putc('\n', out);
	write_example(out, &pd_conf_device, "", "# ", in);
}

void
pd_conf_write_defaults(FILE *out)
{
	fputs("# pared.conf: every option, at its default; pared.conf(5) "
	      "tells more.\n"
	      "#\n"
	      "# To change one, take away the # before its name. Sizes may "
	      "end in K, M or G,\n"
	      "# times (in seconds) in ms, s, m or h; then they stand in "
	      "quotes. Paths,\n"
	      "# names and addresses stand in quotes always.\n"
	      "# A list is {\"a\", \"b\"}; += adds to a list's default.\n",
	    out);
	for (size_t i = 0; i < pd_conf_nrows; i++) {
		const struct pd_conf_row *row = &pd_conf_rows[i];
		char range[160];

		if (row->type == PD_CONF_HEADING) {
			fprintf(out, "\n\n### %s\n", row->name);
			continue;
		}
		if (row->text == NULL)
			continue;
		putc('\n', out);
		write_wrapped(out, "# ", row->text);
		if (range_of(row, range, sizeof(range)))
			write_wrapped(out, "# ", range);
		if (row->frozen)
			fputs("# A change asks for a restart.\n", out);
		if (row->def == NULL)
			fputs("# Unset; for example:\n", out);
		write_option(
		    out, row, "", row->def != NULL ? row->def : row->example);
	}
	write_default_sections(out);
}

/* One word; what roff would take for its own is escaped. Returns columns. */
static size_t
write_roff_word(FILE *out, const char *s, size_t n, bool begins)
{
	size_t columns = n;

	if (begins && (*s == '.' || *s == '\''))
		columns += (size_t)fprintf(out, "\\&");
	for (size_t i = 0; i < n; i++) {
		if (s[i] == '\\')
			columns += (size_t)fprintf(out, "\\e") - 1;
		else if (s[i] == '"')
			columns += (size_t)fprintf(out, "\\(dq") - 1;
		else
			putc(s[i], out);
	}
	return columns;
}

/* Text of the manual page: every sentence begins a line. */
static void
write_roff(FILE *out, const char *s)
{
	size_t column = 0;

	while (*s != '\0') {
		size_t n = strcspn(s, " ");
		bool stop = n > 0 && strchr(".?", s[n - 1]) != NULL;

		if (column > 0 && column + 1 + n > 72) {
			putc('\n', out);
			column = 0;
		} else if (column > 0) {
			putc(' ', out);
			column++;
		}
		column += write_roff_word(out, s, n, column == 0);
		s += n + strspn(s + n, " ");
		if (stop && *s != '\0') {
			putc('\n', out);
			column = 0;
		}
	}
	putc('\n', out);
}

static void
write_manual_option(FILE *out, const struct pd_conf_row *row)
{
	char range[160], *text;

	fprintf(out, ".It Ic %s\n", row->name);
	write_roff(out, row->text);
	if (range_of(row, range, sizeof(range)))
		write_roff(out, range);
	if (row->needed)
		fputs("Has to be given.\n", out);
	else if (row->def == NULL)
		fputs("Unset by default.\n", out);
	else if (strcmp(row->def, "{}") == 0)
		fputs("Empty by default.\n", out);
	else if (asprintf(&text, "Default: %s.", row->def) >= 0) {
		write_roff(out, text);
		free(text);
	}
	if (row->frozen)
		fputs("A change asks for a restart.\n", out);
}

static const char manual_head[] =
    ".\\\" Made from the option table by pared check --manual; do not edit.\n"
    ".Dd November 21, 2026\n"
    ".Dt PARED.CONF 5\n"
    ".Os\n"
    ".Sh NAME\n"
    ".Nm pared.conf\n"
    ".Nd configuration of the pared proxy\n"
    ".Sh DESCRIPTION\n"
    "The file holds options, written\n"
    ".Ql Name = value ,\n"
    "and the sections\n"
    ".Ic lists ,\n"
    ".Ic site\n"
    "and\n"
    ".Ic device .\n"
    "The case of names is of no matter.\n"
    ".Ql include(\\(dqfile\\(dq)\n"
    "stands for all that is in another file; its path begins where this one "
    "is.\n"
    "Comments begin with # or // and end with the line, or stand between\n"
    "/* and */.\n"
    ".Pp\n"
    "Strings stand in quotes; inside, \\e\\e and \\e\\(dq stand for \\e and "
    "\\(dq.\n"
    "A list is\n"
    ".Ql {\\(dqa\\(dq, \\(dqb\\(dq} ;\n"
    "one value alone may stand without braces, and += in place of = adds to\n"
    "the default.\n"
    "Sizes are in bytes and may end in K, M or G.\n"
    "Times are in seconds and may end in ms, s, m or h.\n"
    "Yes is true, yes, on, t, y or 1; no is false, no, off, f, n or 0.\n"
    ".Pp\n"
    "Whatever is wrong is reported with its line, and nothing of the file is\n"
    "used; at a reload, the configuration before it stays.\n"
    ".Sh OPTIONS\n";

static const char manual_ziproxy[] =
    ".Sh ZIPROXY\n"
    "A file that holds only names of Ziproxy's and no section is read as\n"
    "Ziproxy reads it: strings have no escapes, and an option may stand once\n"
    "only.\n"
    "The access log then has Ziproxy's format, unless\n"
    ".Ic AccessLogFormat\n"
    "says otherwise.\n"
    ".Ql pared check -c FILE\n"
    "shows what is kept.\n"
    "What differs, or has no effect:\n"
    ".Bl -tag -width Ds\n";

static const char manual_example[] =
    ".Pp\n"
    "Together:\n"
    ".Bd -literal -offset indent\n"
    "include(\\(dqlists.conf\\(dq)\n"
    "lists {\n"
    "    update = \\(dqweekly\\(dq\n"
    "    source mine { url = \\(dq/etc/pared/mine.txt\\(dq }\n"
    "    source adult {\n"
    "        url = \\(dqhttps://nsfw.oisd.nl/\\(dq\n"
    "        default = false\n"
    "    }\n"
    "    policy kids {\n"
    "        clients = \\(dq10.77.1.0/24\\(dq\n"
    "        lists = {\\(dqadult\\(dq, \\(dqeasylist\\(dq}\n"
    "        schedule = \\(dqmon-fri 20:00-07:00\\(dq\n"
    "    }\n"
    "}\n"
    "site \\(dq*.example.org\\(dq { lists = \\(dqoff\\(dq }\n"
    "device phone { address = \\(dq10.77.0.7\\(dq level = \\(dqthin\\(dq }\n"
    ".Ed\n";

static const char manual_tail[] = ".El\n"
				  ".Sh SEE ALSO\n"
				  ".Xr pared 1\n";

void
pd_conf_write_manual_section(FILE *out, const struct pd_conf_section *section)
{
	fprintf(out, ".Ss %s\n", section->name);
	if (section->example != NULL)
		fprintf(out, "Written\n.Ql %s %s { ... } .\n", section->name,
		    section == &pd_conf_site ? "\\(dqHOST\\(dq" : "NAME");
	write_roff(out, section->text);
	fputs(".Bl -tag -width Ds\n", out);
	for (size_t i = 0; i < section->nrows; i++)
		write_manual_option(out, &section->rows[i]);
	fputs(".El\n", out);
}

void
pd_conf_write_manual(FILE *out)
{
	bool open = false;

	fputs(manual_head, out);
	for (size_t i = 0; i < pd_conf_nrows; i++) {
		const struct pd_conf_row *row = &pd_conf_rows[i];

		if (row->type == PD_CONF_HEADING) {
			fprintf(out, "%s.Ss %s\n.Bl -tag -width Ds\n",
			    open ? ".El\n" : "", row->name);
			open = true;
		} else if (row->text != NULL) {
			write_manual_option(out, row);
		}
	}
	fputs(".El\n.Sh SECTIONS\n", out);
	pd_conf_write_manual_section(out, &pd_conf_lists);
	pd_conf_write_manual_section(out, &pd_conf_source);
	pd_conf_write_manual_section(out, &pd_conf_policy);
	pd_conf_write_manual_section(out, &pd_conf_site);
	pd_conf_write_manual_section(out, &pd_conf_device);
	fputs(manual_example, out);
	fputs(manual_ziproxy, out);
	for (size_t i = 0; i < pd_conf_nziproxy_rows; i++) {
		const struct pd_conf_ziproxy_row *z = &pd_conf_ziproxy_rows[i];

		if (z->fate == PD_CONF_SAME)
			continue;
		fprintf(out, ".It Ic %s\n", z->name);
		/* Neighbours with one reason share it. */
		if (i + 1 < pd_conf_nziproxy_rows && z[1].why != NULL &&
		    z->fate == z[1].fate && strcmp(z->why, z[1].why) == 0)
			continue;
		if (z->fate == PD_CONF_NO_EFFECT)
			fputs("No effect:\n", out);
		if (z->fate == PD_CONF_RENAMED)
			fputs("The old name of\n.Ic ", out);
		write_roff(out, z->why);
	}
	fputs(manual_tail, out);
}

static void
write_fate(FILE *out, const struct pd_conf_statement *st, bool json, bool first)
{
	static const char *const words[][2] = {
		[PD_CONF_SAME] = { "honoured", "honoured" },
		[PD_CONF_DIFFERENT] = { "differently", "different" },
		[PD_CONF_NO_EFFECT] = { "no effect", "none" },
		[PD_CONF_RENAMED] = { "honoured", "honoured" },
	};
	const struct pd_conf_ziproxy_row *z = pd_conf_ziproxy_find(st->name);
	const char *fate = z != NULL ? words[z->fate][json] : "unknown";
	const char *name = z != NULL ? z->name : st->name;
	const char *why = z != NULL ? z->why : NULL;

	if (z == NULL && pd_conf_row_find(st->name) != NULL)
		fate = json ? "honoured" : words[PD_CONF_SAME][0];
	/* Names are letters, digits and _; reasons are ours: nothing to
	 * escape. */
	if (json)
		fprintf(out,
		    "%s\n  {\"line\": %u, \"name\": \"%s\", \"fate\": "
		    "\"%s\", \"why\": \"%s%s\"}",
		    first ? "" : ",", st->line, name, fate,
		    z != NULL && z->fate == PD_CONF_RENAMED ? "now " : "",
		    why != NULL ? why : "");
	else
		fprintf(out, "%5u  %-28s %-12s %s%s\n", st->line, name, fate,
		    z != NULL && z->fate == PD_CONF_RENAMED ? "now " : "",
		    why != NULL ? why : "");
}

int
pd_conf_write_ziproxy_table(const char *path, FILE *out, bool json)
{
	struct pd_conf_scan_params params = { .ziproxy = true };
	struct pd_conf_scan scan;
	size_t len;
	char *text = pd_conf_read(path, &len);

	if (text == NULL)
		return -1;
	params.text = text;
	pd_conf_scan_init(&scan, &params);
	free(text);
	if (json)
		putc('[', out);
	else
		fprintf(out, "%5s  %-28s %-12s %s\n", "LINE", "OPTION", "IS",
		    "HOW, OR WHY NOT");
	for (size_t i = 0; i < scan.n; i++)
		write_fate(out, &scan.v[i], json, i == 0);
	if (json)
		fputs(scan.n > 0 ? "\n]\n" : "]\n", out);
	pd_conf_scan_finish(&scan);
	return 0;
}
