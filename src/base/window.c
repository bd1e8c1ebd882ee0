#include "base/window.h"

#define DAYS        7
#define ALL_DAYS    0x7f
#define DAY_MINUTES (24 * 60)

static const char days_wrong[] =
    "days are sun mon tue wed thu fri sat, as in \"mon-fri\" or \"sat,sun\"";
static const char hours_wrong[] =
    "hours are 00:00 to 24:00, as in \"08:00-16:30\" or \"22:00-06:00\"";

/* 0 to 6, or -1. */
static int
day_of(struct pd_str s)
{
	static const char names[DAYS][4] = { "sun", "mon", "tue", "wed", "thu",
		"fri", "sat" };

	for (int i = 0; i < DAYS; i++) {
		if (pd_str_caseeq(s, pd_str_z(names[i])))
			return i;
	}
	return -1;
}

/* "mon-fri", "sat", and with commas between; "fri-mon" goes over Sunday. */
static int
parse_days(struct pd_str s, uint8_t *days)
{
	*days = 0;
	do {
		struct pd_str last = pd_str_trim(pd_str_split(&s, ','));
		struct pd_str first = pd_str_trim(pd_str_split(&last, '-'));
		int from = day_of(first), to = from;

		if (last.p != NULL)
			to = day_of(pd_str_trim(last));
		if (from < 0 || to < 0)
			return -1;
		for (int d = from;; d = (d + 1) % DAYS) {
			*days |= (uint8_t)(1u << d);
			if (d == to)
				break;
		}
	} while (s.p != NULL);
	return 0;
}

/* "8:00", "08:00": minutes of the day, or -1. */
static int
parse_time(struct pd_str s)
{
	struct pd_str minutes = pd_str_trim(s);
	struct pd_str hours = pd_str_split(&minutes, ':');
	int64_t h, m;

	if (hours.n > 2 || minutes.n != 2 || pd_str_u63(hours, &h) < 0 ||
	    pd_str_u63(minutes, &m) < 0 || m > 59 || h * 60 + m > DAY_MINUTES)
		return -1;
	return (int)(h * 60 + m);
}

const char *
pd_window_parse(struct pd_str s, struct pd_window *out)
{
	struct pd_window w = { .days = ALL_DAYS };
	struct pd_str days, first;
	size_t n = 0;
	int from, until;

	s = pd_str_trim(s);
	while (n < s.n && (s.p[n] < '0' || s.p[n] > '9'))
		n++;
	days = pd_str_trim(pd_str_of(s.p, n));
	s = pd_str_of(s.p + n, s.n - n);
	if ((days.n > 0 || s.n == 0) && parse_days(days, &w.days) < 0)
		return days_wrong;
	if (s.n > 0) {
		first = pd_str_split(&s, '-');
		from = parse_time(first);
		until = parse_time(s);
		if (from < 0 || until < 0 || from == DAY_MINUTES)
			return hours_wrong;
		w.from = (uint16_t)from;
		w.until = (uint16_t)until;
	}
	*out = w;
	return NULL;
}

bool
pd_window_has(const struct pd_window *w, int wday, int minute)
{
	bool today = (w->days >> wday & 1) != 0;
	bool yesterday = (w->days >> (wday + DAYS - 1) % DAYS & 1) != 0;

	if (w->from < w->until)
		return today && minute >= w->from && minute < w->until;
	return (today && minute >= w->from) || (yesterday && minute < w->until);
}
