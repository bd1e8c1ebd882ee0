/*
 * The configuration's file to struct gw_config: sections by their tables, then
 * their words, then what they have to do with each other. Every mistake is
 * told, not only the first.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "config_draft.h"

/* Where a kind of sections is in struct gw_config, and how many there may be:
 * each is compared with the others, and has its rules in one table. */
struct kind {
	size_t array, count; /* offsets; of the only one: array alone */
	size_t size;         /* of one */
	size_t most;
};

#define MANY(array_, most_)                                          \
	{                                                            \
		.array = offsetof(struct gw_config, array_),         \
		.count = offsetof(struct gw_config, n##array_),      \
		.size = sizeof(*((struct gw_config *)NULL)->array_), \
		.most = (most_)                                      \
	}
#define ONE(member)                                                     \
	{                                                               \
		.array = offsetof(struct gw_config, member), .most = 1, \
	}

static const struct kind kinds[GW_NSECTIONS] = {
	[GW_SECTION_GATEWAY] = { .array = 0, .most = 1 },
	[GW_SECTION_TUNNEL] = MANY(tunnels, 64),
	[GW_SECTION_EDGE] = MANY(edges, 128),
	[GW_SECTION_RETURN] = MANY(returns, 32),
	[GW_SECTION_UPLINK] = MANY(uplinks, 32),
	[GW_SECTION_NAT64] = ONE(nat64),
	[GW_SECTION_RESOLVER] = ONE(resolver),
	[GW_SECTION_SHAPER] = MANY(shapers, 32),
	[GW_SECTION_CLASS] = MANY(classes, 256),
	[GW_SECTION_LIMIT] = MANY(limits, 64),
	[GW_SECTION_FORWARD] = MANY(forwards, 512),
};

/* What the only one of a kind begins with. */
struct only {
	bool present;
	unsigned line;
};

/* What each of many begins with. */
struct titled {
	char *title;
	unsigned line;
};
_Static_assert(
    offsetof(struct gw_tunnel, line) == offsetof(struct titled, line) &&
	offsetof(struct gw_forward, line) == offsetof(struct titled, line) &&
	offsetof(struct gw_nat64, line) == offsetof(struct only, line),
    "sections begin alike");

/* What stands so many bytes into a struct; its place has its alignment. */
static void *
at_offset(const void *base, size_t offset)
{
	return (char *)(uintptr_t)base + offset;
}

/* One more of a kind, at its end. Its title is taken. */
static void *
grow(struct gw_config *c, const struct kind *kind, char *title, unsigned line)
{
	size_t *n = at_offset(c, kind->count);
	void **v = at_offset(c, kind->array);
	struct titled *last;

	*v = pd_xrealloc(*v, (*n + 1) * kind->size);
	last = at_offset(*v, *n * kind->size);
	memset(last, 0, kind->size);
	last->title = title;
	last->line = line;
	++*n;
	return last;
}

static bool
title_ok(struct gw_draft *d, const struct pd_conf_section *section,
    const struct pd_conf_statement *st, struct pd_conf_place at, size_t most)
{
	if (section->example == NULL) {
		if (st->title == NULL)
			return true;
		pd_conf_say(&d->l, at, true,
		    "%s has no name, there is only one; write %s { ... }",
		    section->name, section->name);
		return false;
	}
	if (st->title == NULL) {
		pd_conf_say(&d->l, at, true,
		    "a %s has to have a name; write %s %s { ... }",
		    section->name, section->name, section->example);
		return false;
	}
	if (gw_is_name(st->title, most))
		return true;
	pd_conf_say(&d->l, at, true,
	    "%s \"%.64s\": that cannot be a name; use at most %zu letters, "
	    "digits, '-', '_' and '.', and begin with a letter or digit",
	    section->name, st->title, most);
	return false;
}

/* Whether there is room for one more of this kind, and none has its name. */
static bool
place_ok(struct gw_draft *d, enum gw_section s, const char *title,
    struct pd_conf_place at)
{
	const struct kind *kind = &kinds[s];
	struct pd_conf_places *places = &d->places[s];
	const void *names = &title;

	if (places->n > 0 && kind->most == 1) {
		pd_conf_say(&d->l, at, true,
		    "there is a %s in %.512s:%u already; keep one of them",
		    gw_sections[s].name,
		    places->v[0].file != NULL ? places->v[0].file : "",
		    places->v[0].line);
		return false;
	}
	if (places->n == kind->most) {
		pd_conf_say(&d->l, at, true,
		    "there are more than %zu of %s; remove some", kind->most,
		    gw_sections[s].name);
		return false;
	}
	if (kind->size > 0)
		names = *(void **)at_offset(d->c, kind->array);
	return pd_conf_place_add(&d->l, places, at, gw_sections[s].name,
	    title != NULL ? title : "", names, kind->size);
}

/* Where the section's options go. */
static void *
place_of(struct gw_draft *d, enum gw_section s,
    const struct pd_conf_statement *st, struct pd_conf_place at)
{
	const struct kind *kind = &kinds[s];
	struct only *only;

	if (kind->size > 0)
		return grow(d->c, kind, pd_xstrdup(st->title), at.line);
	if (s == GW_SECTION_GATEWAY) {
		d->c->name = pd_xstrdup(st->title);
		d->c->line = at.line;
		return d->c;
	}
	only = at_offset(d->c, kind->array);
	*only = (struct only){ .present = true, .line = at.line };
	return only;
}

static void
take_kind(struct gw_draft *d, enum gw_section s,
    const struct pd_conf_statement *st, struct pd_conf_place at)
{
	size_t most = s == GW_SECTION_GATEWAY ? GW_NAME_MAX : GW_TITLE_MAX;
	struct gw_part *part;
	void *base;

	if (!title_ok(d, &gw_sections[s], st, at, most) ||
	    !place_ok(d, s, st->title, at))
		return;
	base = place_of(d, s, st, at);
	d->parts = pd_xrealloc(d->parts, (d->nparts + 1) * sizeof(*part));
	part = &d->parts[d->nparts++];
	*part =
	    (struct gw_part){ .kind = s, .i = d->places[s].n - 1, .at = at };
	pd_conf_group_init(&part->g, &gw_sections[s]);
	part->bad = !pd_conf_section_read(&d->l, &part->g, st, at, base) ||
		    part->g.told;
}

static void
take(struct pd_conf_load *l, const struct pd_conf_statement *st,
    struct pd_conf_place at)
{
	for (int s = 0; s < GW_NSECTIONS; s++) {
		if (pd_str_caseeq(
			pd_str_z(st->name), pd_str_z(gw_sections[s].name))) {
			take_kind(l->arg, (enum gw_section)s, st, at);
			return;
		}
	}
	pd_conf_say_unknown(l, at, st->name, &gw_section_root);
}

static void
settle(struct pd_conf_load *l)
{
	struct gw_draft *d = l->arg;
	bool failed = l->failed;

	for (size_t i = 0; i < d->nparts; i++) {
		l->failed = false;
		gw_config_check(d, &d->parts[i]);
		d->parts[i].bad = d->parts[i].bad || l->failed;
		failed = failed || l->failed;
	}
	l->failed = failed;
	gw_config_cross(d);
	gw_config_clash(d);
}

static void
draft_finish(struct gw_draft *d)
{
	for (size_t i = 0; i < d->nparts; i++)
		pd_conf_group_finish(&d->parts[i].g);
	free(d->parts);
	for (int s = 0; s < GW_NSECTIONS; s++)
		free(d->places[s].v);
}

/* look: whether files are read that include() names. */
static struct gw_config *
parse(const char *path, const char *text, bool look,
    const struct pd_conf_report *report)
{
	const struct pd_conf_parse_params params = { .path = path,
		.text = text,
		.look = look,
		.manual = "gateway.conf(5)",
		.report = report };
	struct gw_draft d = { .c = pd_xalloc(sizeof(*d.c)),
		.l = { .params = &params, .take = take } };
	int ret;

	d.l.arg = &d;
	d.c->path = pd_xstrdup(path);
	ret = pd_conf_load_file(&d.l, &gw_section_root, settle);
	draft_finish(&d);
	if (ret == 0)
		return d.c;
	gw_config_free(d.c);
	return NULL;
}

struct gw_config *
gw_config_parse(
    const char *path, const char *text, const struct pd_conf_report *report)
{
	return parse(path, text, false, report);
}

/* Why a file cannot be read, and what to do. */
static const char *
unread(int error)
{
	switch (error) {
	case EILSEQ:
		return "it is not text, but UTF-16 or a program's own form; "
		       "save it as UTF-8";
	case EFBIG:
		return "it is larger than 1 MiB; name the right one with -c, "
		       "or take parts of it in by include(\"file\")";
	case EACCES:
		return "permission denied; run it as root, or chmod the file";
	case ENOENT:
		return "there is no such file; name it with -c";
	default:
		return strerror(error);
	}
}

struct gw_config *
gw_config_load(const char *path, const struct pd_conf_report *report)
{
	struct gw_config *c;
	char line[2 * PD_CONF_LINE];
	size_t len;
	char *text = pd_conf_read(path, &len);

	if (text != NULL) {
		c = parse(path, text, true, report);
		free(text);
		return c;
	}
	snprintf(line, sizeof(line), "%.512s: cannot be read: %s", path,
	    unread(errno));
	if (report != NULL && report->line != NULL)
		report->line(report->arg, true, line);
	return NULL;
}

static void
free_words(struct gw_config *c)
{
	for (size_t i = 0; i < c->ntunnels; i++) {
		struct gw_tunnel *t = &c->tunnels[i];

		free(t->address.v);
		pd_strings_free(&t->dns);
		free(t->allowed.v);
		free(t->pool.v);
		free(t->ndp_proxy.v);
	}
	for (size_t i = 0; i < c->nedges; i++)
		free(c->edges[i].ports.v);
	for (size_t i = 0; i < c->nclasses; i++)
		free(c->classes[i].match.v);
	for (size_t i = 0; i < c->nlimits; i++)
		free(c->limits[i].match.v);
}

void
gw_config_free(struct gw_config *c)
{
	if (c == NULL)
		return;
	free_words(c);
	for (int s = 0; s < GW_NSECTIONS; s++) {
		const struct kind *kind = &kinds[s];
		char *v = at_offset(c, kind->array);
		size_t n = 1;

		if (kind->size > 0) {
			v = *(void **)at_offset(c, kind->array);
			n = *(size_t *)at_offset(c, kind->count);
		}
		for (size_t i = 0; i < n; i++) {
			if (kind->size > 0)
				free(*(char **)at_offset(v, i * kind->size));
			pd_conf_section_clear(
			    &gw_sections[s], v + i * kind->size);
		}
		if (kind->size > 0)
			free(v);
	}
	free(c->name);
	free(c->path);
	free(c);
}

const struct gw_tunnel *
gw_config_tunnel(const struct gw_config *c, const char *title)
{
	for (size_t i = 0; i < c->ntunnels; i++) {
		if (pd_str_caseeq(
			pd_str_z(c->tunnels[i].title), pd_str_z(title)))
			return &c->tunnels[i];
	}
	return NULL;
}

const char *
gw_config_link(const struct gw_config *c, const char *word)
{
	const struct gw_tunnel *t = gw_config_tunnel(c, word);

	return t != NULL ? t->link : word;
}

const char *
gw_tunnel_type_name(int type)
{
	return gw_tunnel_types[type];
}
