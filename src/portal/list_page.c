#include "portal/list_page.h"

#include <inttypes.h>

#include "filters/block/set.h"
#include "portal/pages.h"

struct today {
	uint32_t day;
	int64_t rules;
};

static void
count_today(void *arg, uint64_t id, const struct pd_hits_count *c)
{
	struct today *t = arg;

	(void)id;
	t->rules += c->day == t->day;
}

struct pd_str
pd_list_page_age(int64_t then_s, int64_t now_s, struct pd_arena *arena)
{
	static const struct {
		int64_t s;
		const char *unit;
	} units[] = {
		{ 86400, "day" },
		{ 3600, "hour" },
		{ 60, "minute" },
	};
	int64_t age = now_s - then_s;

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		int64_t n = age / units[i].s;

		if (n > 0)
			return pd_arena_printf(arena, "%" PRId64 " %s%s ago", n,
			    units[i].unit, n > 1 ? "s" : "");
	}
	return PD_STR("just now");
}

static struct pd_str
row(const struct pd_compile_list *l, struct pd_arena *arena)
{
	struct pd_str name = pd_reply_escape(l->name, arena);
	struct pd_str title = pd_reply_escape(l->title, arena);
	struct pd_str count = pd_pages_count(l->rules, arena);

	return pd_arena_printf(arena,
	    "<tr><th>%.*s</th><td>%.*s</td><td>%.*s</td></tr>\n",
	    PD_STR_ARG(name), PD_STR_ARG(count), PD_STR_ARG(title));
}

struct pd_str
pd_list_page_section(
    const struct pd_portal_params *params, struct pd_arena *arena)
{
	const struct pd_set *set = pd_block_compiled(params->rules);
	const struct pd_hits *hits = pd_block_hits(params->rules);
	struct today today = { .day = (uint32_t)(params->now_s / 86400) };
	struct pd_str rows[PD_COMPILE_LISTS_MAX], age, count;
	struct pd_compile_list l;
	size_t n = set != NULL ? pd_set_lists(set) : 0, len = 0;
	char *p, *at;

	if (n == 0)
		return PD_STR("");
	for (size_t i = 0; i < n && i < PD_COMPILE_LISTS_MAX; i++) {
		pd_set_list(set, i, &l);
		rows[i] = row(&l, arena);
		len += rows[i].n;
	}
	p = at = pd_arena_alloc(arena, len + 1);
	for (size_t i = 0; i < n && i < PD_COMPILE_LISTS_MAX; i++)
		at = mempcpy(at, rows[i].p, rows[i].n);
	if (hits != NULL)
		pd_hits_each(hits, count_today, &today);
	age = pd_list_page_age(pd_set_built(set), params->now_s, arena);
	count = pd_pages_count(today.rules, arena);
	return pd_arena_printf(arena,
	    "<h2>Block lists</h2>\n"
	    "<table>\n<tr><th>list</th><td>rules</td><td></td></tr>\n"
	    "%.*s</table>\n"
	    "<p class=\"dim\">Compiled %.*s. Rules that matched today: %.*s. "
	    "<a href=\"/why\">Why is an address blocked?</a></p>",
	    (int)(at - p), p, PD_STR_ARG(age), PD_STR_ARG(count));
}
