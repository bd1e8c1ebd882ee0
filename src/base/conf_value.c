/*
 * The values of options: from the words of the file to struct pd_conf, and back
 * to words.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/conf_row.h"

#define WORD_MAX 4096 /* bytes of one value */

static const char *const format_names[] = {
	[PD_LOG_FORMAT_AUTO] = "auto",
	[PD_LOG_FORMAT_ZIPROXY] = "ziproxy",
	[PD_LOG_FORMAT_JSON] = "json",
	[PD_LOG_FORMAT_SQUID] = "squid",
	[PD_LOG_FORMAT_CLF] = "clf",
};
static const char *const level_names[] = {
	[PD_LOG_ERROR] = "error",
	[PD_LOG_WARN] = "warn",
	[PD_LOG_INFO] = "info",
	[PD_LOG_DEBUG] = "debug",
};

#define NAMES(a) (a), sizeof(a) / sizeof((a)[0])

struct suffix {
	const char *name;
	int64_t factor;
};
static const struct suffix byte_suffixes[] = {
	{ "", 1 },
	{ "k", INT64_C(1) << 10 },
	{ "m", INT64_C(1) << 20 },
	{ "g", INT64_C(1) << 30 },
};
static const struct suffix time_suffixes[] = {
	{ "", 1000 },
	{ "ms", 1 },
	{ "s", 1000 },
	{ "m", 60 * 1000 },
	{ "h", 60 * 60 * 1000 },
};
static const struct suffix no_suffixes[] = { { "", 1 } };

void
pd_strings_add(struct pd_strings *list, char *s)
{
	list->v = pd_xrealloc(list->v, (list->n + 1) * sizeof(*list->v));
	list->v[list->n++] = s;
}

void
pd_strings_free(struct pd_strings *list)
{
	for (size_t i = 0; i < list->n; i++)
		free(list->v[i]);
	free(list->v);
	*list = (struct pd_strings){ NULL, 0 };
}

static int
wrong(char why[PD_CONF_LINE], const char *value, const char *fix)
{
	snprintf(why, PD_CONF_LINE, "\"%.200s\" cannot be; %s", value, fix);
	return -1;
}

static void
suffixes_of(const struct pd_conf_row *row, const struct suffix **v, size_t *n)
{
	if (row->type == PD_CONF_BYTES) {
		*v = byte_suffixes;
		*n = sizeof(byte_suffixes) / sizeof(byte_suffixes[0]);
	} else if (row->type == PD_CONF_TIME) {
		*v = time_suffixes;
		*n = sizeof(time_suffixes) / sizeof(time_suffixes[0]);
	} else {
		*v = no_suffixes;
		*n = 1;
	}
}

/* Writes an amount with the unit that a reader of the file expects. */
static void
format_number(const struct pd_conf_row *row, int64_t n, char *buf, size_t len)
{
	if (row->type == PD_CONF_TIME && n % 1000 != 0)
		snprintf(buf, len, "\"%" PRId64 "ms\"", n);
	else if (row->type == PD_CONF_TIME)
		snprintf(buf, len, "%" PRId64, n / 1000);
	else if (row->type == PD_CONF_BYTES && n > 0 &&
		 n % (INT64_C(1) << 30) == 0)
		snprintf(buf, len, "\"%" PRId64 "G\"", n >> 30);
	else if (row->type == PD_CONF_BYTES && n > 0 &&
		 n % (INT64_C(1) << 20) == 0)
		snprintf(buf, len, "\"%" PRId64 "M\"", n >> 20);
	else if (row->type == PD_CONF_BYTES && n > 0 && n % 1024 == 0)
		snprintf(buf, len, "\"%" PRId64 "K\"", n >> 10);
	else
		snprintf(buf, len, "%" PRId64, n);
}

static int
set_number(const struct pd_conf_row *row, const char *value, int64_t *out,
    char why[PD_CONF_LINE])
{
	size_t digits = strspn(value, "0123456789"), nsuffixes;
	const struct suffix *suffixes;
	char least[40], most[40], fix[160];
	int64_t n, factor = 0;

	suffixes_of(row, &suffixes, &nsuffixes);
	for (size_t i = 0; i < nsuffixes; i++) {
		if (pd_str_caseeq(
			pd_str_z(value + digits), pd_str_z(suffixes[i].name)))
			factor = suffixes[i].factor;
	}
	format_number(row, row->least, least, sizeof(least));
	format_number(row, row->most, most, sizeof(most));
	snprintf(fix, sizeof(fix), "give a number from %s to %s%s%s", least,
	    most, row->unit != NULL ? " " : "",
	    row->unit != NULL ? row->unit : "");
	if (factor == 0 || pd_str_u63(pd_str_of(value, digits), &n) < 0 ||
	    n > row->most / factor || n * factor < row->least)
		return wrong(why, value, fix);
	*out = n * factor;
	return 0;
}

/* Ziproxy's words (TRUE T Y YES, FALSE F N NO) and libconfuse's. */
static int
set_bool(const char *value, bool *out, char why[PD_CONF_LINE])
{
	static const char *const words[2][6] = {
		{ "false", "f", "no", "n", "off", "0" },
		{ "true", "t", "yes", "y", "on", "1" },
	};

	for (size_t i = 0; i < 12; i++) {
		if (pd_str_caseeq(
			pd_str_z(value), pd_str_z(words[i & 1][i / 2]))) {
			*out = (i & 1) != 0;
			return 0;
		}
	}
	return wrong(why, value, "give true or false");
}

static int
set_name(const char *value, const char *const *names, size_t nnames, int *out,
    char why[PD_CONF_LINE])
{
	char fix[160] = "give one of:";

	for (size_t i = 0; i < nnames; i++) {
		size_t at = strlen(fix);

		if (pd_str_caseeq(pd_str_z(value), pd_str_z(names[i]))) {
			*out = (int)i;
			return 0;
		}
		snprintf(fix + at, sizeof(fix) - at, " %s", names[i]);
	}
	return wrong(why, value, fix);
}

static void
prefixes_add(struct pd_prefixes *set, const struct pd_prefix *p)
{
	set->v = pd_xrealloc(set->v, (set->n + 1) * sizeof(*set->v));
	set->v[set->n++] = *p;
}

static int
add_prefix(const struct pd_conf_row *row, const char *value,
    struct pd_prefixes *set, char why[PD_CONF_LINE])
{
	bool single = row->type == PD_CONF_SINGLES;
	struct pd_prefix p;

	if (pd_prefix_parse(pd_str_z(value), &p) < 0 ||
	    (single && !pd_addr_equal(&p.first, &p.last)))
		return wrong(why, value,
		    single ? "give an address like 192.0.2.1 or 2001:db8::1"
			   : "give an address, a prefix like 10.0.0.0/8, or a "
			     "range like 10.0.0.1-10.0.0.9");
	prefixes_add(set, &p);
	return 0;
}

static int
add_port(const char *value, struct pd_port_ranges *set, char why[PD_CONF_LINE])
{
	struct pd_str rest = pd_str_z(value);
	struct pd_str low = pd_str_trim(pd_str_split(&rest, '-'));
	int64_t lo, hi;

	if (pd_str_u63(low, &lo) < 0)
		lo = 0;
	hi = lo;
	if (rest.p != NULL && pd_str_u63(pd_str_trim(rest), &hi) < 0)
		hi = 0;
	if (lo < 1 || hi < lo || hi > 65535)
		return wrong(why, value,
		    "give a port from 1 to 65535, or a range like "
		    "\"1024-65535\"");
	set->v = pd_xrealloc(set->v, (set->n + 1) * sizeof(*set->v));
	set->v[set->n++] = (struct pd_port_range){ (uint16_t)lo, (uint16_t)hi };
	return 0;
}

/* An address; a name server's may have "@port". */
static int
add_address(const struct pd_conf_row *row, const char *value,
    struct pd_strings *list, char why[PD_CONF_LINE])
{
	struct pd_str rest = pd_str_z(value), ip = rest;
	struct pd_addr addr;
	int64_t port = 53;

	if (row->type == PD_CONF_SERVERS) {
		ip = pd_str_split(&rest, '@');
		if (rest.p != NULL && pd_str_u63(rest, &port) < 0)
			port = 0;
	}
	if (pd_addr_parse(ip, &addr) < 0 || port < 1 || port > 65535)
		return wrong(why, value,
		    row->type == PD_CONF_SERVERS
			? "give an address, and \"@port\" if it is not 53"
			: "give an address like 192.0.2.1 or 2001:db8::1, "
			  "without a port or brackets");
	pd_strings_add(list, pd_xstrdup(value));
	return 0;
}

static int
set_string(const struct pd_conf_row *row, const char *value, char **out,
    char why[PD_CONF_LINE])
{
	/* An empty string unsets: Ziproxy's files have them. */
	if (*value == '\0')
		return 0;
	if (row->type == PD_CONF_HOST && strpbrk(value, "/[]@ ") != NULL)
		return wrong(why, value,
		    "give a host name or an address alone; its port is "
		    "NextPort");
	*out = pd_xstrdup(value);
	return 0;
}

static int
set_qualities(const struct pd_conf_row *row, struct pd_conf *c,
    const char *const *values, size_t nvalues, char why[PD_CONF_LINE])
{
	if (nvalues != PD_CONF_IMAGE_CLASSES) {
		snprintf(why, PD_CONF_LINE,
		    "%zu values; give %d, like {30, 25, 25, 20}", nvalues,
		    PD_CONF_IMAGE_CLASSES);
		return -1;
	}
	for (size_t i = 0; i < nvalues; i++) {
		if (set_number(row, values[i], &c->image_quality[i], why) < 0)
			return -1;
	}
	c->image_quality_set = true;
	return 0;
}

static int
set_one(struct pd_conf_draft *d, const struct pd_conf_row *row,
    const char *value, char why[PD_CONF_LINE])
{
	void *at = (char *)d + row->offset;
	int i;

	switch (row->type) {
	case PD_CONF_BOOL:
		return set_bool(value, at, why);
	case PD_CONF_INT:
	case PD_CONF_BYTES:
	case PD_CONF_TIME:
		return set_number(row, value, at, why);
	case PD_CONF_FORMAT:
		if (set_name(value, NAMES(format_names), &i, why) < 0)
			return -1;
		*(enum pd_conf_log_format *)at = (enum pd_conf_log_format)i;
		return 0;
	case PD_CONF_LEVEL:
		if (set_name(value, NAMES(level_names), &i, why) < 0)
			return -1;
		*(enum pd_log_level *)at = (enum pd_log_level)i;
		return 0;
	default:
		return set_string(row, value, at, why);
	}
}

static int
add_one(struct pd_conf_draft *d, const struct pd_conf_row *row,
    const char *value, char why[PD_CONF_LINE])
{
	void *at = (char *)d + row->offset;

	switch (row->type) {
	case PD_CONF_PREFIXES:
	case PD_CONF_SINGLES:
		return add_prefix(row, value, at, why);
	case PD_CONF_PORTS:
		return add_port(value, at, why);
	case PD_CONF_ADDRESSES:
	case PD_CONF_SERVERS:
		return add_address(row, value, at, why);
	default:
		if (*value == '\0')
			return wrong(why, value, "give a word");
		pd_strings_add(at, pd_xstrdup(value));
		return 0;
	}
}

static bool
is_list(const struct pd_conf_row *row)
{
	switch (row->type) {
	case PD_CONF_STRINGS:
	case PD_CONF_ADDRESSES:
	case PD_CONF_SERVERS:
	case PD_CONF_PREFIXES:
	case PD_CONF_SINGLES:
	case PD_CONF_PORTS:
		return true;
	default:
		return false;
	}
}

int
pd_conf_set(struct pd_conf_draft *d, const struct pd_conf_row *row,
    const char *const *values, size_t nvalues, char why[PD_CONF_LINE])
{
	pd_conf_clear(d, row);
	/* What ends up in header fields, paths and logs has no controls. */
	for (size_t i = 0; i < nvalues; i++) {
		if (strlen(values[i]) > WORD_MAX)
			return wrong(why, values[i], "give a shorter value");
		for (const char *p = values[i]; *p != '\0'; p++) {
			if ((unsigned char)*p < ' ' || *p == 0x7f)
				return wrong(
				    why, "a control character", "remove it");
		}
	}
	if (row->type == PD_CONF_QUALITY)
		return set_qualities(row, &d->conf, values, nvalues, why);
	if (is_list(row)) {
		/* An empty string unsets a list as it unsets a string. */
		if (nvalues == 1 && *values[0] == '\0')
			return 0;
		for (size_t i = 0; i < nvalues; i++) {
			if (add_one(d, row, values[i], why) < 0)
				return -1;
		}
		return 0;
	}
	if (nvalues != 1) {
		snprintf(why, PD_CONF_LINE, "%zu values; give one", nvalues);
		return -1;
	}
	return set_one(d, row, values[0], why);
}

void
pd_conf_clear(struct pd_conf_draft *d, const struct pd_conf_row *row)
{
	void *at = (char *)d + row->offset;

	switch (row->type) {
	case PD_CONF_STRING:
	case PD_CONF_HOST:
	case PD_CONF_PATH:
	case PD_CONF_INPUT:
	case PD_CONF_PAGE:
		free(*(char **)at);
		*(char **)at = NULL;
		return;
	case PD_CONF_STRINGS:
	case PD_CONF_ADDRESSES:
	case PD_CONF_SERVERS:
		pd_strings_free(at);
		return;
	case PD_CONF_PREFIXES:
	case PD_CONF_SINGLES:
		free(((struct pd_prefixes *)at)->v);
		*(struct pd_prefixes *)at = (struct pd_prefixes){ NULL, 0 };
		return;
	case PD_CONF_PORTS:
		free(((struct pd_port_ranges *)at)->v);
		*(struct pd_port_ranges *)at =
		    (struct pd_port_ranges){ NULL, 0 };
		return;
	case PD_CONF_INT:
	case PD_CONF_BYTES:
	case PD_CONF_TIME:
		*(int64_t *)at = -1;
		return;
	default:
		return;
	}
}

static void
write_quoted(FILE *f, const char *s)
{
	putc('"', f);
	for (; *s != '\0'; s++) {
		if (*s == '"' || *s == '\\')
			putc('\\', f);
		putc(*s, f);
	}
	putc('"', f);
}

static void
write_prefix(FILE *f, const struct pd_prefix *p)
{
	char first[PD_ADDR_TEXT], last[PD_ADDR_TEXT];

	pd_addr_text(&p->first, first);
	pd_addr_text(&p->last, last);
	if (strcmp(first, last) == 0)
		fprintf(f, "\"%s\"", first);
	else
		fprintf(f, "\"%s-%s\"", first, last);
}

static void
write_list(FILE *f, const void *at, const struct pd_conf_row *row)
{
	size_t n = row->type == PD_CONF_QUALITY
		       ? PD_CONF_IMAGE_CLASSES
		       : ((const struct pd_strings *)at)->n;

	/* The three kinds of list have n at the same place. */
	_Static_assert(
	    offsetof(struct pd_strings, n) == offsetof(struct pd_prefixes, n) &&
		offsetof(struct pd_strings, n) ==
		    offsetof(struct pd_port_ranges, n),
	    "lists differ");
	putc('{', f);
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			fputs(", ", f);
		if (row->type == PD_CONF_QUALITY) {
			fprintf(f, "%" PRId64, ((const int64_t *)at)[i]);
		} else if (row->type == PD_CONF_PORTS) {
			struct pd_port_range r =
			    ((const struct pd_port_ranges *)at)->v[i];

			if (r.lo == r.hi)
				fprintf(f, "%u", r.lo);
			else
				fprintf(f, "\"%u-%u\"", r.lo, r.hi);
		} else if (row->type == PD_CONF_PREFIXES ||
			   row->type == PD_CONF_SINGLES) {
			write_prefix(
			    f, &((const struct pd_prefixes *)at)->v[i]);
		} else {
			write_quoted(f, ((const struct pd_strings *)at)->v[i]);
		}
	}
	putc('}', f);
}

char *
pd_conf_text(const struct pd_conf *c, const struct pd_conf_row *row)
{
	const void *at = (const char *)c + row->offset;
	char *text = NULL, number[40];
	size_t len;
	FILE *f = open_memstream(&text, &len);

	if (f == NULL)
		abort();
	switch (row->type) {
	case PD_CONF_BOOL:
		fputs(*(const bool *)at ? "true" : "false", f);
		break;
	case PD_CONF_INT:
	case PD_CONF_BYTES:
	case PD_CONF_TIME:
		format_number(
		    row, *(const int64_t *)at, number, sizeof(number));
		fputs(number, f);
		break;
	case PD_CONF_FORMAT:
		fputs(format_names[*(const enum pd_conf_log_format *)at], f);
		break;
	case PD_CONF_LEVEL:
		fputs(level_names[*(const enum pd_log_level *)at], f);
		break;
	case PD_CONF_STRING:
	case PD_CONF_HOST:
	case PD_CONF_PATH:
	case PD_CONF_INPUT:
	case PD_CONF_PAGE:
		if (*(char *const *)at != NULL)
			write_quoted(f, *(char *const *)at);
		else
			fputs("unset", f);
		break;
	default:
		if (row->type == PD_CONF_QUALITY && !c->image_quality_set)
			fputs("unset", f);
		else
			write_list(f, at, row);
		break;
	}
	fclose(f);
	return text;
}
