/*
 * The values of options as they would stand in the file; conf_value.c reads
 * them.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/conf_row.h"

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

/* UNSET has no word. */
static const char *const loss_names[] = {
	[PD_CONF_LEVEL_INVISIBLE - 1] = "invisible",
	[PD_CONF_LEVEL_FINE - 1] = "fine",
	[PD_CONF_LEVEL_THIN - 1] = "thin",
	[PD_CONF_LEVEL_OFF - 1] = "off",
};

#define COUNT(a) (int)(sizeof(a) / sizeof((a)[0]))

const char *
pd_conf_word(const struct pd_conf_row *row, int i)
{
	enum pd_conf_type type = row->type;

	if (type == PD_CONF_FORMAT)
		return i < COUNT(format_names) ? format_names[i] : NULL;
	if (type == PD_CONF_LEVEL)
		return i < COUNT(level_names) ? level_names[i] : NULL;
	if (type == PD_CONF_LOSS)
		return i < COUNT(loss_names) ? loss_names[i] : NULL;
	if (type == PD_CONF_CHOICE)
		return row->words[i];
	return NULL;
}

const struct pd_conf_period pd_conf_periods[] = {
	{ "off", 0 },
	{ "hourly", INT64_C(3600) * 1000 },
	{ "daily", INT64_C(24) * 3600 * 1000 },
	{ "weekly", INT64_C(7) * 24 * 3600 * 1000 },
	{ NULL, 0 },
};

void
pd_conf_number(const struct pd_conf_row *row, int64_t n, char *buf, size_t len)
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

static void
write_period(FILE *f, const struct pd_conf_row *row, int64_t ms)
{
	struct pd_conf_row time = *row;
	char number[40];

	for (const struct pd_conf_period *p = pd_conf_periods; p->name != NULL;
	     p++) {
		if (p->ms == ms) {
			fputs(p->name, f);
			return;
		}
	}
	time.type = PD_CONF_TIME;
	pd_conf_number(&time, ms, number, sizeof(number));
	fputs(number, f);
}

char *
pd_conf_text(const void *base, const struct pd_conf_row *row)
{
	const void *at = (const char *)base + row->offset;
	const struct pd_conf *c = base;
	char *text = NULL, number[40];
	size_t len;
	int i;
	FILE *f = open_memstream(&text, &len);

	if (f == NULL)
		abort();
	switch (row->type) {
	case PD_CONF_BOOL:
	case PD_CONF_BOOL_NOT:
		fputs(*(const bool *)at == (row->type == PD_CONF_BOOL)
			  ? "true"
			  : "false",
		    f);
		break;
	case PD_CONF_PERIOD:
		write_period(f, row, *(const int64_t *)at);
		break;
	case PD_CONF_INT:
	case PD_CONF_BYTES:
	case PD_CONF_TIME:
		pd_conf_number(
		    row, *(const int64_t *)at, number, sizeof(number));
		fputs(number, f);
		break;
	case PD_CONF_FORMAT:
		fputs(format_names[*(const enum pd_conf_log_format *)at], f);
		break;
	case PD_CONF_LEVEL:
		fputs(level_names[*(const enum pd_log_level *)at], f);
		break;
	case PD_CONF_CHOICE:
		fputs(row->words[*(const int *)at], f);
		break;
	case PD_CONF_LOSS:
		i = *(const enum pd_conf_level *)at - 1;
		fputs(i >= 0 ? loss_names[i] : "unset", f);
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
