#include "filters/block/source_header.h"

#define HEADER_LINES  200 /* that are looked through */
#define EXPIRES_MAX_S (366u * 24 * 3600)

/* Printable, and cut between characters. */
static void
set_title(char title[PD_SOURCE_TITLE], struct pd_str s)
{
	size_t n = s.n < PD_SOURCE_TITLE - 1 ? s.n : PD_SOURCE_TITLE - 1;

	while (n < s.n && n > 0 && ((unsigned char)s.p[n] & 0xc0) == 0x80)
		n--;
	for (size_t i = 0; i < n; i++)
		title[i] = (unsigned char)s.p[i] < ' ' || s.p[i] == 0x7f
			       ? '?'
			       : s.p[i];
	title[n] = '\0';
}

/* "4 days (update frequency)", "12 hours", "5d", "2"; 0: neither. */
static uint32_t
parse_expires(struct pd_str s)
{
	static const struct {
		const char *unit;
		uint32_t seconds;
	} units[] = { { "month", 30 * 86400 }, { "minute", 60 },
		{ "hour", 3600 }, { "day", 86400 }, { "week", 604800 },
		{ "m", 60 }, { "h", 3600 }, { "d", 86400 }, { "w", 604800 },
		{ "(", 86400 }, { "", 86400 } };
	uint64_t number = 0;
	size_t n = 0;

	while (n < s.n && n < 6 && s.p[n] >= '0' && s.p[n] <= '9')
		number = number * 10 + (uint64_t)(s.p[n++] - '0');
	if (n == 0 || number == 0)
		return 0;
	s = pd_str_trim(pd_str_of(s.p + n, s.n - n));
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (!pd_str_casestarts(s, pd_str_z(units[i].unit)))
			continue;
		/* The last unit is none at all. */
		if (units[i].unit[0] == '\0' && s.n > 0)
			break;
		number *= units[i].seconds;
		return number < EXPIRES_MAX_S ? (uint32_t)number
					      : EXPIRES_MAX_S;
	}
	return 0;
}

void
pd_source_header(
    struct pd_str head, char title[PD_SOURCE_TITLE], uint32_t *expires_s)
{
	title[0] = '\0';
	*expires_s = 0;
	for (unsigned i = 0; i < HEADER_LINES && head.p != NULL; i++) {
		struct pd_str value = pd_str_split(&head, '\n'), key;

		value = pd_str_trim(value);
		if (value.n > 0 && value.p[value.n - 1] == '\r')
			value.n--;
		if (value.n < 2 || (value.p[0] != '!' && value.p[0] != '#'))
			continue;
		value = pd_str_of(value.p + 1, value.n - 1);
		key = pd_str_trim(pd_str_split(&value, ':'));
		value = pd_str_trim(value);
		if (pd_str_caseeq(key, PD_STR("Title")) && title[0] == '\0')
			set_title(title, value);
		else if (pd_str_caseeq(key, PD_STR("Expires")) &&
			 *expires_s == 0)
			*expires_s = parse_expires(value);
	}
}
