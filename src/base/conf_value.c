/*
 * The values of options, from the words of the file to struct pd_conf;
 * conf_text.c is the way back.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/conf_row.h"

#define WORD_MAX 4096 /* bytes of one value */

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

static int
set_number(const struct pd_conf_row *row, const char *value, int64_t *out,
    char why[PD_CONF_LINE])
{
	size_t digits = strspn(value, "0123456789"), nsuffixes;
	const struct suffix *suffixes;
	char least[40], most[40], fix[160];
	int64_t n, factor = 0;

	struct pd_str unit = pd_str_trim(pd_str_z(value + digits));

	suffixes_of(row, &suffixes, &nsuffixes);
	for (size_t i = 0; i < nsuffixes; i++) {
		if (pd_str_caseeq(unit, pd_str_z(suffixes[i].name)))
			factor = suffixes[i].factor;
	}
	pd_conf_number(row, row->least, least, sizeof(least));
	pd_conf_number(row, row->most, most, sizeof(most));
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
set_word(const struct pd_conf_row *row, const char *value, int *out,
    char why[PD_CONF_LINE])
{
	char fix[160] = "give one of:";
	const char *word;

	for (int i = 0; (word = pd_conf_word(row, i)) != NULL; i++) {
		size_t at = strlen(fix);

		if (pd_str_caseeq(pd_str_z(value), pd_str_z(word))) {
			*out = i;
			return 0;
		}
		snprintf(fix + at, sizeof(fix) - at, " %s", word);
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
set_period(const struct pd_conf_row *row, const char *value, int64_t *out,
    char why[PD_CONF_LINE])
{
	struct pd_conf_row time = *row;

	for (const struct pd_conf_period *p = pd_conf_periods; p->name != NULL;
	     p++) {
		if (pd_str_caseeq(pd_str_z(value), pd_str_z(p->name))) {
			*out = p->ms;
			return 0;
		}
	}
	time.type = PD_CONF_TIME;
	if (set_number(&time, value, out, why) == 0)
		return 0;
	return wrong(why, value,
	    "give off, hourly, daily, weekly, or a time like \"6h\" (at least "
	    "1m, at most 720h)");
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
set_one(void *base, const struct pd_conf_row *row, const char *value,
    char why[PD_CONF_LINE])
{
	void *at = (char *)base + row->offset;
	int i;

	switch (row->type) {
	case PD_CONF_BOOL:
		return set_bool(value, at, why);
	case PD_CONF_BOOL_NOT:
		if (set_bool(value, at, why) < 0)
			return -1;
		*(bool *)at = !*(bool *)at;
		return 0;
	case PD_CONF_PERIOD:
		return set_period(row, value, at, why);
	case PD_CONF_INT:
	case PD_CONF_BYTES:
	case PD_CONF_TIME:
		return set_number(row, value, at, why);
	case PD_CONF_FORMAT:
		if (set_word(row, value, &i, why) < 0)
			return -1;
		*(enum pd_conf_log_format *)at = (enum pd_conf_log_format)i;
		return 0;
	case PD_CONF_LEVEL:
		if (set_word(row, value, &i, why) < 0)
			return -1;
		*(enum pd_log_level *)at = (enum pd_log_level)i;
		return 0;
	case PD_CONF_CHOICE:
		return set_word(row, value, at, why);
	case PD_CONF_LOSS:
		if (set_word(row, value, &i, why) < 0)
			return -1;
		/* UNSET has no word. */
		*(enum pd_conf_level *)at = (enum pd_conf_level)(i + 1);
		return 0;
	default:
		return set_string(row, value, at, why);
	}
}

static int
add_one(void *base, const struct pd_conf_row *row, const char *value,
    char why[PD_CONF_LINE])
{
	void *at = (char *)base + row->offset;

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
pd_conf_set(void *base, const struct pd_conf_row *row,
    const char *const *values, size_t nvalues, char why[PD_CONF_LINE])
{
	struct pd_conf_draft *d = base;

	pd_conf_clear(base, row);
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
			if (add_one(base, row, values[i], why) < 0)
				return -1;
		}
		return 0;
	}
	if (nvalues != 1) {
		snprintf(why, PD_CONF_LINE, "%zu values; give one", nvalues);
		return -1;
	}
	return set_one(base, row, values[0], why);
}

void
pd_conf_clear(void *base, const struct pd_conf_row *row)
{
	void *at = (char *)base + row->offset;

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
	case PD_CONF_PERIOD:
		*(int64_t *)at = -1;
		return;
	case PD_CONF_CHOICE:
		*(int *)at = 0;
		return;
	case PD_CONF_LOSS:
		*(enum pd_conf_level *)at = PD_CONF_LEVEL_UNSET;
		return;
	default:
		return;
	}
}

void
pd_conf_section_clear(const struct pd_conf_section *section, void *base)
{
	for (size_t i = 0; i < section->nrows; i++) {
		if (section->rows[i].type != PD_CONF_HEADING)
			pd_conf_clear(base, &section->rows[i]);
	}
}
