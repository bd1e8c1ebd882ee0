#include "portal/pages.h"

#include <inttypes.h>

#include "base/embed.h"
#include "portal/list_page.h"

PD_EMBED(pages_start, "src/portal/index.html");
PD_EMBED(pages_common_css, "src/portal/page.css");
PD_EMBED(pages_portal_css, "src/portal/portal.css");

static int64_t
sum_of(const struct pd_portal_params *params, enum pd_stat id)
{
	int64_t sum = 0;

	for (size_t i = 0; i < params->nstats; i++)
		sum += pd_stats_get(params->stats[i], id);
	return sum;
}

static struct pd_str
find(struct pd_str name, const struct pd_pages_value *values, size_t nvalues)
{
	for (size_t i = 0; i < nvalues; i++) {
		if (pd_str_eq(name, values[i].name))
			return values[i].html;
	}
	return PD_STR("");
}

struct pd_str
pd_pages_fill(struct pd_str template, const struct pd_pages_value *values,
    size_t nvalues, struct pd_arena *arena)
{
	struct pd_str rest, part;
	size_t n = 0;
	char *p = NULL, *at = NULL;

	/* Once to measure, once to write. */
	for (int pass = 0; pass < 2; pass++) {
		bool name = false;

		if (pass == 1)
			p = at = pd_arena_alloc(arena, n);
		for (rest = template; rest.p != NULL; name = !name) {
			part = pd_str_split(&rest, '@');
			if (name)
				part = find(part, values, nvalues);
			if (pass == 0)
				n += part.n;
			else if (part.n > 0)
				at = mempcpy(at, part.p, part.n);
		}
	}
	return pd_str_of(p, n);
}

struct pd_str
pd_pages_count(int64_t n, struct pd_arena *arena)
{
	char digits[24], *p = pd_arena_alloc(arena, 32), *at = p;
	int len;

	if (n < 0)
		n = 0;
	len = snprintf(digits, sizeof(digits), "%" PRId64, n);
	for (int i = 0; i < len; i++) {
		if (i > 0 && (len - i) % 3 == 0)
			*at++ = ',';
		*at++ = digits[i];
	}
	return pd_str_of(p, (size_t)(at - p));
}

/* "1.4 MB". */
static struct pd_str
bytes_text(int64_t n, struct pd_arena *arena)
{
	static const char *const units[] = { "kB", "MB", "GB", "TB" };
	double v = (double)(n > 0 ? n : 0) / 1e3;
	size_t unit = 0;

	while (v >= 999.95 && unit < 3) {
		v /= 1e3;
		unit++;
	}
	return pd_arena_printf(
	    arena, "%.*f %s", v < 10 && v > 0 ? 1 : 0, v, units[unit]);
}

/* Where the visitor stands, and what to do next. */
static struct pd_str
state_text(bool through)
{
	if (through)
		return PD_STR(
		    "<section class=\"state on\">\n"
		    "<h1>&#10003; This device goes through pared.</h1>\n"
		    "<p>Nothing more to do. The addresses below are for "
		    "other devices.</p>\n</section>");
	return PD_STR(
	    "<section class=\"state\">\n"
	    "<h1>This page did not come through pared.</h1>\n"
	    "<p>You opened pared by its own address, so it cannot tell whether "
	    "this device uses it. To find out, open "
	    "<a href=\"http://pared.internal/\">http://pared.internal/</a>: "
	    "it shows a tick when the device is set up, and cannot be found "
	    "when it is not.</p>\n"
	    "<p><a href=\"#setup\">Set up this device</a></p>\n</section>");
}

struct pd_str
pd_pages_start(const struct pd_portal_params *params,
    const struct pd_pages_way *way, struct pd_arena *arena)
{
	int64_t saved =
	    sum_of(params, PD_STAT_BODY_IN) - sum_of(params, PD_STAT_BODY_OUT);
	const struct pd_pages_value values[] = {
		{ PD_STR("TITLE"), params->through_proxy
				       ? PD_STR("this device is set up")
				       : PD_STR("set up a device") },
		{ PD_STR("STATE"), state_text(params->through_proxy) },
		{ PD_STR("EXCHANGES"),
		    pd_pages_count(
			sum_of(params, PD_STAT_EXCHANGES_TOTAL), arena) },
		{ PD_STR("BLOCKED"),
		    pd_pages_count(sum_of(params, PD_STAT_BLOCKED), arena) },
		{ PD_STR("SAVED"), bytes_text(saved, arena) },
		{ PD_STR("RULES"),
		    pd_pages_count(
			(int64_t)pd_block_rules(params->rules), arena) },
		{ PD_STR("LISTS"), pd_list_page_section(params, arena) },
		{ PD_STR("PAC"), pd_reply_escape(way->pac_url, arena) },
		{ PD_STR("HOST"), pd_reply_escape(way->host, arena) },
		{ PD_STR("PORT"), pd_arena_printf(arena, "%u", way->port) },
		{ PD_STR("PROXY"), pd_reply_escape(way->proxy, arena) },
		{ PD_STR("VERSION"), PD_STR(PARED_VERSION) },
	};

	return pd_pages_fill(PD_EMBEDDED(pages_start), values,
	    sizeof(values) / sizeof(values[0]), arena);
}

struct pd_str
pd_pages_style(struct pd_arena *arena)
{
	struct pd_str common = PD_EMBEDDED(pages_common_css);
	struct pd_str portal = PD_EMBEDDED(pages_portal_css);

	return pd_arena_printf(
	    arena, "%.*s%.*s", PD_STR_ARG(common), PD_STR_ARG(portal));
}

/* A help text: backslash and line feed escaped, as the format asks. */
static struct pd_str
escape_help(const char *help, struct pd_arena *arena)
{
	size_t n = strlen(help);
	char *p = pd_arena_alloc(arena, 2 * n + 1), *at = p;

	for (size_t i = 0; i < n; i++) {
		if (help[i] == '\\' || help[i] == '\n')
			*at++ = '\\';
		*at++ = help[i] == '\n' ? 'n' : help[i];
	}
	return pd_str_of(p, (size_t)(at - p));
}

struct pd_str
pd_pages_metrics(const struct pd_portal_params *params, struct pd_arena *arena)
{
	/* A name and a help text are short; see PD_STATS. */
	const size_t line_max = 512;
	size_t cap = (PD_STAT_COUNT + 2) * line_max, n;
	char *p = pd_arena_alloc(arena, cap);

	n = (size_t)snprintf(p, cap,
	    "# HELP pared_build_info The version that runs\n"
	    "# TYPE pared_build_info gauge\n"
	    "pared_build_info{version=\"" PARED_VERSION "\"} 1\n"
	    "# HELP pared_block_rules Rules in the block set\n"
	    "# TYPE pared_block_rules gauge\n"
	    "pared_block_rules %zu\n",
	    pd_block_rules(params->rules));
	for (int i = 0; i < PD_STAT_COUNT; i++) {
		enum pd_stat id = (enum pd_stat)i;
		struct pd_str name = pd_str_z(pd_stats_name(id));
		struct pd_str help = escape_help(pd_stats_help(id), arena);
		bool counter = pd_str_caseends(name, PD_STR("_total"));
		int len = snprintf(p + n, cap - n,
		    "# HELP pared_%.*s %.*s\n# TYPE pared_%.*s %s\n"
		    "pared_%.*s %" PRId64 "\n",
		    PD_STR_ARG(name), PD_STR_ARG(help), PD_STR_ARG(name),
		    counter ? "counter" : "gauge", PD_STR_ARG(name),
		    sum_of(params, id));

		/* Whole metrics or none. */
		if (len < 0 || (size_t)len >= cap - n)
			break;
		n += (size_t)len;
	}
	return pd_str_of(p, n);
}
