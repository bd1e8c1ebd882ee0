/* The section lists { } with its sources and policies. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/conf_load.h"
#include "base/window.h"

static bool
is_web(const char *url)
{
	struct pd_str s = pd_str_z(url);

	return pd_str_casestarts(s, PD_STR("https://")) ||
	       pd_str_casestarts(s, PD_STR("http://"));
}

/* The path of a source on this machine; NULL when it is none. */
static const char *
path_of(const char *url)
{
	if (strncmp(url, "file:", 5) == 0)
		return url + 5;
	return strchr(url, ':') == NULL ? url : NULL;
}

static void
check_source(struct pd_conf_load *l, struct pd_conf_place at,
    const struct pd_conf_source *s)
{
	const char *path = path_of(s->url);
	bool web = is_web(s->url), clean = true;

	if (web) {
		const char *host = strstr(s->url, "://") + 3;

		for (const char *p = s->url; *p != '\0'; p++)
			clean = clean && *p > ' ' && *p < 0x7f;
		if (!clean || strcspn(host, "/?#") == 0)
			pd_conf_say(l, at, true,
			    "source %s: \"%.200s\" is no URL; write it as a "
			    "browser shows it, host first, blanks as %%20",
			    s->name, s->url);
		return;
	}
	/* Whether the file is there is seen when it is read: without it the
	 * rules of before may do. */
	if (path == NULL || path[0] == '\0')
		pd_conf_say(l, at, true,
		    "source %s: \"%.200s\" cannot be fetched; give "
		    "\"https://host/path\", or \"file:/path\" for a file of "
		    "this machine",
		    s->name, s->url);
}

static void
take_source(struct pd_conf_load *l, const struct pd_conf_statement *st,
    struct pd_conf_place at)
{
	struct pd_conf *c = &l->d->conf;
	const char *fault = pd_conf_name_fault(st->title);
	struct pd_conf_source *s;
	struct pd_conf_group g;

	if (fault != NULL) {
		pd_conf_say(l, at, true, "a source: %s", fault);
		return;
	}
	if (!pd_conf_place_add(l, &l->sources, at, "source", st->title,
		c->sources, sizeof(*c->sources)))
		return;
	c->sources = pd_xrealloc(c->sources, (c->nsources + 1) * sizeof(*s));
	s = &c->sources[c->nsources++];
	*s = (struct pd_conf_source){ .name = pd_xstrdup(st->title) };
	pd_conf_group_init(&g, &pd_conf_source);
	if (!pd_conf_section_read(l, &g, st, at, s)) {
		/* Told. */
	} else if (s->url == NULL) {
		if (!g.bad[0])
			pd_conf_say(l, at, true,
			    "source %s: its url is empty; give "
			    "\"https://host/path\" or \"file:/path\"",
			    s->name);
	} else {
		check_source(l, pd_conf_group_place(&g, "url"), s);
	}
	pd_conf_group_finish(&g);
}

static void
check_windows(struct pd_conf_load *l, struct pd_conf_place at,
    const struct pd_conf_policy *p)
{
	struct pd_window window;

	for (size_t i = 0; i < p->schedule.n; i++) {
		const char *why =
		    pd_window_parse(pd_str_z(p->schedule.v[i]), &window);

		if (why != NULL)
			pd_conf_say(l, at, true,
			    "policy %s: schedule: \"%.64s\" cannot be; %s",
			    p->name, p->schedule.v[i], why);
	}
}

static void
take_policy(struct pd_conf_load *l, const struct pd_conf_statement *st,
    struct pd_conf_place at)
{
	struct pd_conf *c = &l->d->conf;
	const char *fault = pd_conf_name_fault(st->title);
	struct pd_conf_policy *p;
	struct pd_conf_group g;

	if (fault != NULL) {
		pd_conf_say(l, at, true, "a policy: %s", fault);
		return;
	}
	if (!pd_conf_place_add(l, &l->policies, at, "policy", st->title,
		c->policies, sizeof(*c->policies)))
		return;
	c->policies = pd_xrealloc(c->policies, (c->npolicies + 1) * sizeof(*p));
	p = &c->policies[c->npolicies++];
	*p = (struct pd_conf_policy){ .name = pd_xstrdup(st->title) };
	pd_conf_group_init(&g, &pd_conf_policy);
	if (pd_conf_section_read(l, &g, st, at, p) && p->clients.n == 0 &&
	    !g.bad[0])
		pd_conf_say(l, pd_conf_group_place(&g, "clients"), true,
		    "policy %s is for nobody; name addresses, or remove it",
		    p->name);
	check_windows(l, pd_conf_group_place(&g, "schedule"), p);
	/* The lists that it names may stand further down. */
	l->policy_lists = pd_xrealloc(
	    l->policy_lists, c->npolicies * sizeof(*l->policy_lists));
	l->policy_lists[c->npolicies - 1] = pd_conf_group_place(&g, "lists");
	pd_conf_group_finish(&g);
}

/* The parts of one lists { }. There may be several: a file may include one and
 * add to it. */
void
pd_conf_take_lists(struct pd_conf_load *l, const struct pd_conf_statement *st,
    struct pd_conf_place at)
{
	struct pd_conf_scan scan;

	if (st->title != NULL)
		pd_conf_say(l, at, true,
		    "lists has no name; write lists { source %.64s { ... } }",
		    st->title);
	pd_conf_scan_body(l, st, &scan);
	for (size_t i = 0; i < scan.n; i++) {
		const struct pd_conf_statement *part = &scan.v[i];
		struct pd_str name = pd_str_z(part->name);
		struct pd_conf_place here = { .file = at.file,
			.line = part->line };
		bool source = pd_str_caseeq(name, PD_STR("source"));
		bool policy = pd_str_caseeq(name, PD_STR("policy"));

		if (part->kind == PD_CONF_SECTION && source)
			take_source(l, part, here);
		else if (part->kind == PD_CONF_SECTION && policy)
			take_policy(l, part, here);
		else if (source || policy)
			pd_conf_say(l, here, true,
			    "a %s has braces; write %s NAME { ... }",
			    part->name, part->name);
		else if (part->kind == PD_CONF_INCLUDE)
			pd_conf_say(l, here, true,
			    "include stands outside of lists { }; move it");
		else if (part->kind == PD_CONF_SECTION &&
			 pd_conf_section_find(&pd_conf_lists, part->name))
			pd_conf_say(l, here, true,
			    "= is missing; write %s = VALUE", part->name);
		else if (part->kind == PD_CONF_SECTION)
			pd_conf_say_unknown(
			    l, here, part->name, &pd_conf_lists);
		else
			pd_conf_group_take(l, &l->lists, part, here);
	}
	pd_conf_scan_finish(&scan);
}

static const struct pd_conf_source *
source_named(const struct pd_conf *c, const char *name)
{
	for (size_t i = 0; i < c->nsources; i++) {
		if (pd_str_caseeq(pd_str_z(c->sources[i].name), pd_str_z(name)))
			return &c->sources[i];
	}
	return NULL;
}

static void
say_no_source(struct pd_conf_load *l, struct pd_conf_place at,
    const struct pd_conf_policy *p, const char *name)
{
	const struct pd_conf *c = &l->d->conf;
	struct pd_str_near near = pd_str_near(name);

	for (size_t i = 0; i < c->nsources; i++)
		pd_str_near_try(&near, c->sources[i].name);
	pd_conf_say(l, at, true,
	    "policy %s: there is no source \"%.64s\"; %s%s%s", p->name, name,
	    near.name != NULL ? "did you mean " : "add one of that name",
	    near.name != NULL ? near.name : "", near.name != NULL ? "?" : "");
}

static void
check_policies(struct pd_conf_load *l)
{
	const struct pd_conf *c = &l->d->conf;

	for (size_t i = 0; i < c->npolicies; i++) {
		const struct pd_conf_policy *p = &c->policies[i];
		struct pd_conf_place at = l->policy_lists[i];

		for (size_t j = 0; j < p->lists.n; j++) {
			const struct pd_conf_source *s =
			    source_named(c, p->lists.v[j]);

			if (s == NULL)
				say_no_source(l, at, p, p->lists.v[j]);
			else if (s->off)
				pd_conf_say(l, at, false,
				    "policy %s: source %s is not enabled",
				    p->name, s->name);
		}
	}
}

/*
 * Where downloads go. pared makes the directory itself, inside one that is
 * there; who downloads nothing need not have any.
 */
static void
check_directory(struct pd_conf_load *l)
{
	const struct pd_conf *c = &l->d->conf;
	struct pd_conf_place at = pd_conf_group_place(&l->lists, "directory");
	const struct pd_conf_source *web = NULL;
	char *parent, *slash;
	struct stat st;

	for (size_t i = 0; i < c->nsources && web == NULL; i++) {
		if (!c->sources[i].off && c->sources[i].url != NULL &&
		    is_web(c->sources[i].url))
			web = &c->sources[i];
	}
	if (web == NULL)
		return;
	if (c->lists_directory == NULL) {
		pd_conf_say(l, at, true,
		    "source %s is downloaded, and there is no directory for "
		    "it; name one: directory = \"/path\"",
		    web->name);
		return;
	}
	if (!l->params->look)
		return;
	parent = pd_xstrdup(c->lists_directory);
	slash = strrchr(parent, '/');
	if (stat(parent, &st) < 0 && slash != NULL && slash > parent) {
		*slash = '\0';
		if (stat(parent, &st) < 0)
			pd_conf_say(l, at, true,
			    "lists: directory: %.400s: %s; make it, or name "
			    "another: directory = \"/path\"",
			    parent, strerror(errno));
	} else if (stat(parent, &st) == 0 && !S_ISDIR(st.st_mode)) {
		pd_conf_say(l, at, true,
		    "lists: directory: %.400s is no directory; name another",
		    parent);
	}
	free(parent);
}

/* One that is named must be there; that the usual one is not is worth a note
 * for those who have lists. */
static void
check_suffixes(struct pd_conf_load *l, size_t nlists)
{
	const struct pd_conf *c = &l->d->conf;
	struct pd_conf_place at = pd_conf_group_place(&l->lists, "suffixes");

	if (!l->params->look || c->suffixes == NULL ||
	    access(c->suffixes, R_OK) == 0 || (at.line == 0 && nlists == 0))
		return;
	pd_conf_say(l, at, at.line > 0,
	    "lists: suffixes: %.400s cannot be read: %s; install the package "
	    "publicsuffix, or name another file",
	    c->suffixes, strerror(errno));
}

void
pd_conf_settle_lists(struct pd_conf_load *l)
{
	const struct pd_conf *c = &l->d->conf;
	const char *const ziproxy[] = { c->url_no_processing,
		c->url_replace_data, c->url_replace_data_ct, c->url_deny };
	size_t n = 0;

	for (size_t i = 0; i < sizeof(ziproxy) / sizeof(ziproxy[0]); i++)
		n += ziproxy[i] != NULL;
	for (size_t i = 0; i < c->nsources; i++) {
		if (c->sources[i].off)
			continue;
		if (n == PD_CONF_LISTS_MAX)
			pd_conf_say(l, l->sources.v[i], true,
			    "source %s is one more than the %d lists that "
			    "there may be; set enabled = false for some",
			    c->sources[i].name, PD_CONF_LISTS_MAX);
		n++;
	}
	check_policies(l);
	check_directory(l);
	check_suffixes(l, n);
}
