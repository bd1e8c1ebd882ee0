/*
 * The sections of a configuration: lists { } with its sources and policies, and
 * site { }. Each is read as a file of its own, by its own table.
 */
#include <errno.h>
#include <idn2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/conf_load.h"
#include "base/window.h"

#define NAME_LEN_MAX 64   /* bytes of a source's or policy's name */
#define SECTIONS_MAX 1024 /* of one kind; each is compared with the others */

/* Host names (RFC 1035, 2.3.4), without the last dot. */
#define HOST_LEN_MAX  253
#define LABEL_LEN_MAX 63

/*
 * The options of one section, into base. What cannot stand in it is told.
 * Returns false when something that it needs is missing.
 */
static bool
read_section(struct pd_conf_load *l, struct pd_conf_group *g,
    const struct pd_conf_statement *st, struct pd_conf_place at, void *base)
{
	const struct pd_conf_section *section = g->section;
	struct pd_conf_scan scan;
	bool before = l->failed, whole = true;

	l->failed = false;
	snprintf(g->what, sizeof(g->what), "%s %.64s: ", section->name,
	    st->title != NULL ? st->title : "");
	pd_conf_scan_body(l, st, &scan);
	for (size_t i = 0; i < scan.n; i++) {
		struct pd_conf_place here = { .file = at.file,
			.line = scan.v[i].line };

		if (scan.v[i].kind == PD_CONF_OPTION)
			pd_conf_group_take(l, g, &scan.v[i], here);
		else
			pd_conf_say_unknown(l, here, scan.v[i].name, section);
	}
	pd_conf_scan_finish(&scan);
	pd_conf_group_set(l, g, base);
	for (size_t i = 0; i < section->nrows; i++) {
		const struct pd_conf_row *row = &section->rows[i];

		if (!row->needed || g->places[i].line > 0)
			continue;
		whole = false;
		/* What is missing may be what was just told. */
		if (l->failed)
			continue;
		pd_conf_say(l, at, true, "%s%s is missing; write %s = %s%s%s",
		    g->what, row->name, row->name,
		    row->example[0] == '{' ? "" : "\"", row->example,
		    row->example[0] == '{' ? "" : "\"");
	}
	l->failed = l->failed || before;
	return whole;
}

/* Names become names of files, and words in logs and commands. */
static const char *
name_fault(const char *name)
{
	if (name == NULL || name[0] == '\0')
		return "it has no name; write one before the {";
	if (strlen(name) > NAME_LEN_MAX)
		return "its name is too long; 64 letters are enough";
	if (name[0] == '.')
		return "its name begins with a dot; begin with a letter";
	for (const char *p = name; *p != '\0'; p++) {
		if (*p == ' ' || *p == '\t')
			return "its name has spaces; write it with - or _";
		if (*p < ' ' || *p > '~' || *p == '/')
			return "its name has characters that no file should "
			       "have; use letters, digits, - and _";
	}
	return NULL;
}

/*
 * One more of a kind: checks how many there are and that the name is new, and
 * remembers the place. names: those before, stride bytes apart.
 */
static bool
add_place(struct pd_conf_load *l, struct pd_conf_places *places,
    struct pd_conf_place at, const char *kind, const char *name,
    const void *names, size_t stride)
{
	if (places->n == SECTIONS_MAX) {
		pd_conf_say(l, at, true,
		    "there are more than %d of %s; remove some", SECTIONS_MAX,
		    kind);
		return false;
	}
	for (size_t i = 0; i < places->n; i++) {
		const char *other;

		memcpy(&other, (const char *)names + i * stride, sizeof(other));

		if (!pd_str_caseeq(pd_str_z(other), pd_str_z(name)))
			continue;
		pd_conf_say(l, at, true,
		    "%s %.64s stands in %.512s:%u already; keep one of them",
		    kind, name,
		    places->v[i].file != NULL ? places->v[i].file : "",
		    places->v[i].line);
		return false;
	}
	places->v =
	    pd_xrealloc(places->v, (places->n + 1) * sizeof(*places->v));
	places->v[places->n++] = at;
	return true;
}

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
	const char *fault = name_fault(st->title);
	struct pd_conf_source *s;
	struct pd_conf_group g;

	if (fault != NULL) {
		pd_conf_say(l, at, true, "a source: %s", fault);
		return;
	}
	if (!add_place(l, &l->sources, at, "source", st->title, c->sources,
		sizeof(*c->sources)))
		return;
	c->sources = pd_xrealloc(c->sources, (c->nsources + 1) * sizeof(*s));
	s = &c->sources[c->nsources++];
	*s = (struct pd_conf_source){ .name = pd_xstrdup(st->title) };
	pd_conf_group_init(&g, &pd_conf_source);
	if (!read_section(l, &g, st, at, s)) {
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
	const char *fault = name_fault(st->title);
	struct pd_conf_policy *p;
	struct pd_conf_group g;

	if (fault != NULL) {
		pd_conf_say(l, at, true, "a policy: %s", fault);
		return;
	}
	if (!add_place(l, &l->policies, at, "policy", st->title, c->policies,
		sizeof(*c->policies)))
		return;
	c->policies = pd_xrealloc(c->policies, (c->npolicies + 1) * sizeof(*p));
	p = &c->policies[c->npolicies++];
	*p = (struct pd_conf_policy){ .name = pd_xstrdup(st->title) };
	pd_conf_group_init(&g, &pd_conf_policy);
	if (read_section(l, &g, st, at, p) && p->clients.n == 0 && !g.bad[0])
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

static bool
is_label(struct pd_str s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = pd_lower(s.p[i]);

		if ((c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' &&
		    c != '_')
			return false;
	}
	return s.n > 0 && s.n <= LABEL_LEN_MAX;
}

/* A name of labels whose last is no number: that would be an address. */
static bool
is_host_name(struct pd_str s)
{
	struct pd_str label = { NULL, 0 };
	int64_t number;

	if (s.n > HOST_LEN_MAX)
		return false;
	do {
		label = pd_str_split(&s, '.');
		if (!is_label(label))
			return false;
	} while (s.p != NULL);
	return pd_str_u63(label, &number) < 0;
}

/*
 * "*.Example.org" as struct pd_conf_site has it; NULL when it is no host. (What
 * http/url.h does for requests is a floor above.)
 */
static char *
site_host(const char *title)
{
	struct pd_str s = pd_str_z(title);
	char text[PD_ADDR_TEXT], *ascii = NULL;
	struct pd_addr addr;
	uint8_t *puny;

	if (pd_str_starts(s, PD_STR("*.")))
		s = pd_str_of(s.p + 2, s.n - 2);
	else if (s.n > 2 && s.p[0] == '[' && s.p[s.n - 1] == ']')
		s = pd_str_of(s.p + 1, s.n - 2);
	if (pd_addr_parse(s, &addr) == 0)
		return pd_xstrdup(pd_addr_text(&addr, text));
	if (s.n > 1 && s.p[s.n - 1] == '.')
		s.n--;
	if (asprintf(&ascii, "%.*s", PD_STR_ARG(s)) < 0)
		abort();
	if (idn2_lookup_u8((const uint8_t *)ascii, &puny,
		IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL) == IDN2_OK) {
		free(ascii);
		ascii = pd_xstrdup((const char *)puny);
		idn2_free(puny);
	}
	for (char *p = ascii; *p != '\0'; p++)
		*p = pd_lower(*p);
	if (is_host_name(pd_str_z(ascii)))
		return ascii;
	free(ascii);
	return NULL;
}

static void
take_site(struct pd_conf_load *l, const struct pd_conf_statement *st,
    struct pd_conf_place at)
{
	struct pd_conf *c = &l->d->conf;
	struct pd_conf_site *s;
	struct pd_conf_group g;
	char *host;

	host = st->title != NULL ? site_host(st->title) : NULL;
	if (host == NULL) {
		pd_conf_say(l, at, true,
		    "site \"%.64s\" is no host; write site \"example.org\" { "
		    "... }, without scheme, port and path",
		    st->title != NULL ? st->title : "");
		return;
	}
	if (!add_place(
		l, &l->sites, at, "site", host, c->sites, sizeof(*c->sites))) {
		free(host);
		return;
	}
	c->sites = pd_xrealloc(c->sites, (c->nsites + 1) * sizeof(*s));
	s = &c->sites[c->nsites++];
	*s = (struct pd_conf_site){ .host = host };
	pd_conf_group_init(&g, &pd_conf_site);
	read_section(l, &g, st, at, s);
	pd_conf_group_finish(&g);
}

/* The parts of one lists { }. There may be several: a file may include one and
 * add to it. */
static void
take_lists(struct pd_conf_load *l, const struct pd_conf_statement *st,
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

void
pd_conf_take_section(struct pd_conf_load *l, const struct pd_conf_statement *st,
    struct pd_conf_place at)
{
	if (pd_str_caseeq(pd_str_z(st->name), PD_STR("lists")))
		take_lists(l, st, at);
	else if (pd_str_caseeq(pd_str_z(st->name), PD_STR("site")))
		take_site(l, st, at);
	else if (pd_conf_row_find(st->name) != NULL)
		pd_conf_say(
		    l, at, true, "= is missing; write %s = VALUE", st->name);
	else
		pd_conf_say_unknown(l, at, st->name, &pd_conf_file);
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

void
pd_conf_free_lists(struct pd_conf *c)
{
	for (size_t i = 0; i < c->nsources; i++) {
		pd_conf_section_clear(&pd_conf_source, &c->sources[i]);
		free(c->sources[i].name);
	}
	for (size_t i = 0; i < c->npolicies; i++) {
		pd_conf_section_clear(&pd_conf_policy, &c->policies[i]);
		free(c->policies[i].name);
	}
	for (size_t i = 0; i < c->nsites; i++)
		free(c->sites[i].host);
	free(c->sources);
	free(c->policies);
	free(c->sites);
	pd_conf_section_clear(&pd_conf_lists, c);
}
