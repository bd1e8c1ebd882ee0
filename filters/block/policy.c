#include "filters/block/policy.h"

#include <stdlib.h>
#include <time.h>

#include "base/arena.h"
#include "base/window.h"

#define LISTS_MAX 64 /* bits of a mask */

struct policy {
	struct pd_str name;
	struct pd_prefixes clients; /* the configuration's */
	struct pd_window *windows;
	size_t nwindows; /* 0: always */
	uint64_t lists;
	bool no_allow;
};

struct pd_policies {
	struct pd_conf *conf; /* whose strings are borrowed */
	uint64_t usual;       /* of who has no policy */
	struct policy *v;
	size_t n;
};

static bool
names(const struct pd_strings *list, struct pd_str name)
{
	for (size_t i = 0; i < list->n; i++) {
		if (pd_str_caseeq(pd_str_z(list->v[i]), name))
			return true;
	}
	return false;
}

/* NULL: a list that no source made. */
static const struct pd_conf_source *
source_of(const struct pd_conf *conf, struct pd_str name)
{
	for (size_t i = 0; i < conf->nsources; i++) {
		if (pd_str_caseeq(pd_str_z(conf->sources[i].name), name))
			return &conf->sources[i];
	}
	return NULL;
}

/* The configuration was checked: a window that is wrong is not there. */
static void
read_windows(struct policy *p, const struct pd_strings *schedule)
{
	if (schedule->n == 0)
		return;
	p->windows = pd_xalloc(schedule->n * sizeof(*p->windows));
	for (size_t i = 0; i < schedule->n; i++) {
		if (pd_window_parse(pd_str_z(schedule->v[i]),
			&p->windows[p->nwindows]) == NULL)
			p->nwindows++;
	}
}

struct pd_policies *
pd_policies_create(
    const struct pd_conf *conf, const struct pd_str *list_names, size_t n)
{
	struct pd_policies *p = pd_xalloc(sizeof(*p));

	/* Counting references is no change that anybody sees. */
	p->conf = pd_conf_ref((struct pd_conf *)conf);
	p->n = conf->npolicies;
	p->v = pd_xalloc((p->n + 1) * sizeof(*p->v));
	for (size_t i = 0; i < p->n; i++) {
		p->v[i].name = pd_str_z(conf->policies[i].name);
		p->v[i].no_allow = conf->policies[i].no_allow;
		p->v[i].clients = conf->policies[i].clients;
		read_windows(&p->v[i], &conf->policies[i].schedule);
	}
	for (size_t list = 0; list < n && list < LISTS_MAX; list++) {
		const struct pd_conf_source *source =
		    source_of(conf, list_names[list]);
		uint64_t bit = UINT64_C(1) << list;

		if (source == NULL || !source->only_named)
			p->usual |= bit;
		for (size_t i = 0; i < p->n; i++) {
			if (source == NULL ||
			    names(&conf->policies[i].lists, list_names[list]))
				p->v[i].lists |= bit;
		}
	}
	/* localtime_r() need not look what TZ is. */
	tzset();
	return p;
}

void
pd_policies_destroy(struct pd_policies *p)
{
	if (p == NULL)
		return;
	for (size_t i = 0; i < p->n; i++)
		free(p->v[i].windows);
	free(p->v);
	pd_conf_unref(p->conf);
	free(p);
}

/* Whether of the enabled lists some are in and some are not. policy NULL: what
 * holds for those without one. */
static bool
tells_apart(const struct pd_conf *conf, const struct pd_conf_policy *policy)
{
	bool in = false, out = false;

	for (size_t i = 0; i < conf->nsources; i++) {
		const struct pd_conf_source *s = &conf->sources[i];
		bool has = policy != NULL
			       ? names(&policy->lists, pd_str_z(s->name))
			       : !s->only_named;

		if (s->off)
			continue;
		in = in || has;
		out = out || !has;
	}
	return in && out;
}

bool
pd_policies_tell_apart(const struct pd_conf *conf)
{
	if (tells_apart(conf, NULL))
		return true;
	for (size_t i = 0; i < conf->npolicies; i++) {
		if (tells_apart(conf, &conf->policies[i]))
			return true;
	}
	return false;
}

/*
 * Day and minute here. Kept for each thread: asking costs a lock that all
 * threads share, and the answer changes with the minute (time zones are whole
 * minutes apart).
 */
static void
local_time(int64_t now_s, int *wday, int *minute)
{
	static _Thread_local struct {
		int64_t at; /* minutes since 1970, plus one; 0: empty */
		int wday, minute;
	} last;
	int64_t at = now_s / 60 + 1;
	time_t t = (time_t)now_s;
	struct tm tm;

	if (last.at != at) {
		if (localtime_r(&t, &tm) == NULL)
			memset(&tm, 0, sizeof(tm));
		last.at = at;
		last.wday = tm.tm_wday;
		last.minute = tm.tm_hour * 60 + tm.tm_min;
	}
	*wday = last.wday;
	*minute = last.minute;
}

static bool
is_on(const struct policy *p, int64_t now_s)
{
	int wday, minute;

	if (p->nwindows == 0)
		return true;
	local_time(now_s, &wday, &minute);
	for (size_t i = 0; i < p->nwindows; i++) {
		if (pd_window_has(&p->windows[i], wday, minute))
			return true;
	}
	return false;
}

uint64_t
pd_policies_lists(const struct pd_policies *p, const struct pd_addr *client,
    int64_t now_s, struct pd_str *name)
{
	*name = PD_STR("");
	for (size_t i = 0; i < p->n && client != NULL; i++) {
		if (pd_prefixes_hold(&p->v[i].clients, client) &&
		    is_on(&p->v[i], now_s)) {
			*name = p->v[i].name;
			return p->v[i].lists;
		}
	}
	return p->usual;
}

bool
pd_policies_may_allow(const struct pd_policies *p, const struct pd_addr *client)
{
	for (size_t i = 0; i < p->n; i++) {
		if (p->v[i].no_allow &&
		    pd_prefixes_hold(&p->v[i].clients, client))
			return false;
	}
	return true;
}

bool
pd_policies_site_off(const struct pd_policies *p, struct pd_str page)
{
	const struct pd_conf_site *found =
	    pd_conf_site_of(p->conf, page, PD_CONF_SITE_LISTS);

	return found != NULL && found->lists_off;
}
