/*
 * What the sections of a configuration have in common. Each is read as a file
 * of its own, by its own table.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/conf_load.h"

#define NAME_LEN_MAX 64   /* bytes of a source's, policy's or device's name */
#define SECTIONS_MAX 1024 /* of one kind; each is compared with the others */

bool
pd_conf_section_read(struct pd_conf_load *l, struct pd_conf_group *g,
    const struct pd_conf_statement *st, struct pd_conf_place at, void *base)
{
	const struct pd_conf_section *section = g->section;
	struct pd_conf_scan scan;
	bool before = l->failed, whole = true;

	l->failed = false;
	snprintf(g->what, sizeof(g->what), "%s%s%.64s: ", section->name,
	    st->title != NULL ? " " : "", st->title != NULL ? st->title : "");
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
	g->told = l->failed;
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

const char *
pd_conf_name_fault(const char *name)
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

bool
pd_conf_place_add(struct pd_conf_load *l, struct pd_conf_places *places,
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

void
pd_conf_take_section(struct pd_conf_load *l, const struct pd_conf_statement *st,
    struct pd_conf_place at)
{
	if (pd_str_caseeq(pd_str_z(st->name), PD_STR("lists")))
		pd_conf_take_lists(l, st, at);
	else if (pd_str_caseeq(pd_str_z(st->name), PD_STR("site")))
		pd_conf_take_site(l, st, at);
	else if (pd_str_caseeq(pd_str_z(st->name), PD_STR("device")))
		pd_conf_take_device(l, st, at);
	else if (pd_conf_row_find(st->name) != NULL)
		pd_conf_say(
		    l, at, true, "= is missing; write %s = VALUE", st->name);
	else
		pd_conf_say_unknown(l, at, st->name, &pd_conf_file);
}

void
pd_conf_free_sections(struct pd_conf *c)
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
	for (size_t i = 0; i < c->ndevices; i++) {
		pd_conf_section_clear(&pd_conf_device, &c->devices[i]);
		free(c->devices[i].name);
	}
	free(c->sources);
	free(c->policies);
	free(c->sites);
	free(c->devices);
	pd_conf_section_clear(&pd_conf_lists, c);
}
