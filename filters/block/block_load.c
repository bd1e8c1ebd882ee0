/*
 * How the set comes to be: the rule file of before where it is still true, else
 * a new one, else what was made last.
 */
#include "filters/block/block_part.h"

#include <errno.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/arena.h"
#include "filters/block/build.h"
#include "filters/block/lines.h"

/* The rule file that was made last; NULL when there is none that is whole. */
static struct pd_set *
open_file(const char *path, const struct pd_conf_report *report)
{
	struct pd_set *set = NULL;
	const char *why;

	if (path == NULL || access(path, F_OK) != 0)
		return NULL;
	set = pd_set_open(path, &why);
	if (set == NULL)
		pd_lines_tell(report, false, "%s: %s", path, why);
	return set;
}

/* What was made before, though the lists are others now: better than none. */
static struct pd_set *
stand_in(const struct pd_conf *conf, struct pd_set *last,
    const struct pd_conf_report *report)
{
	char *old = pd_build_path(conf, PD_BUILD_RULES PD_BUILD_OLD);

	if (last == NULL)
		last = open_file(old, report);
	if (last != NULL)
		pd_lines_tell(report, true,
		    "lists: the rules that were made last stay in force; mend "
		    "what is told above");
	free(old);
	return last;
}

/* Into the directory, where the next start finds it, or into memory. */
static struct pd_set *
keep(const struct pd_conf *conf, const char *path, bool look,
    const struct pd_compiled *compiled, const struct pd_conf_report *report)
{
	struct pd_set *set;
	const char *why;

	if (!look && pd_build_save(conf, compiled) == 0)
		return open_file(path, report);
	if (!look && errno != ENOENT)
		pd_lines_tell(report, false,
		    "%s cannot be written: %s; the rules are kept in memory "
		    "and made again at each start",
		    path, strerror(errno));
	set = pd_set_copy(compiled->bytes, compiled->n, &why);
	if (set == NULL)
		pd_lines_tell(report, true, "lists: %s", why);
	return set;
}

/* path: of the rule file; NULL: nowhere. look: it is left as it is. */
static struct pd_set *
load_rules(const struct pd_conf *conf, const struct pd_build *build,
    const char *path, bool look, const struct pd_conf_report *report)
{
	struct pd_set *last = open_file(path, report), *set;
	struct pd_compiled compiled;

	if (last != NULL && pd_build_is_current(build, last))
		return last;
	if (pd_build_compile(build, &compiled, NULL, NULL, report) < 0)
		return stand_in(conf, last, report);
	set = keep(conf, path, look, &compiled, report);
	pd_compiled_free(&compiled);
	pd_set_unref(last);
	/* Making it takes several times its size, which malloc would keep. */
	malloc_trim(0);
	return set;
}

/* Those of the set in force go on counting: what they have that the file has
 * not yet would be lost. */
static struct pd_hits *
open_hits(const struct pd_conf *conf, const struct pd_block_set *before,
    const struct pd_conf_report *report)
{
	char *path = pd_build_path(conf, PD_BUILD_HITS);
	const char *why = NULL;
	struct pd_hits *hits;

	if (before != NULL && before->hits != NULL &&
	    pd_hits_is_of(before->hits, path))
		hits = pd_hits_ref(before->hits);
	else
		hits = pd_hits_open(path, &why);
	if (why != NULL)
		pd_lines_tell(report, false, "%s: %s", path, why);
	free(path);
	return hits;
}

static void
load_beside(struct pd_block_set *s, const struct pd_conf *conf,
    const struct pd_conf_report *report)
{
	size_t n = s->rules != NULL ? pd_set_lists(s->rules) : 0, wrong = 0;
	struct pd_str *names = pd_xalloc((n + 1) * sizeof(*names));
	char *allow = pd_build_path(conf, PD_BUILD_ALLOW);
	struct pd_compile_list list;

	for (size_t i = 0; i < n; i++) {
		pd_set_list(s->rules, i, &list);
		names[i] = list.name;
	}
	s->policies = pd_policies_create(conf, names, n);
	s->allow = pd_allow_open(allow, &wrong);
	if (wrong > 0)
		pd_lines_tell(
		    report, false, "%s: %zu lines are wrong", allow, wrong);
	free(names);
	free(allow);
}

static struct pd_block_set *
load(const struct pd_conf *conf, bool look, const struct pd_conf_report *report)
{
	struct pd_block_set *s = pd_xalloc(sizeof(*s));
	struct pd_build *build = pd_build_create(conf, report);
	char *path = pd_build_path(conf, PD_BUILD_RULES);
	bool fine = true;

	s->refs = 1;
	if (pd_build_lists(build) > 0) {
		s->rules = load_rules(conf, build, path, look, report);
		fine = s->rules != NULL;
	}
	pd_build_destroy(build);
	free(path);
	if (!fine) {
		free(s);
		return NULL;
	}
	load_beside(s, conf, report);
	return s;
}

struct pd_block_set *
pd_block_load(const struct pd_conf *conf, const struct pd_block_set *before,
    const struct pd_conf_report *report)
{
	struct pd_block_set *s = load(conf, false, report);

	if (s != NULL)
		s->hits = open_hits(conf, before, report);
	return s;
}

struct pd_block_set *
pd_block_look(const struct pd_conf *conf, const struct pd_conf_report *report)
{
	return load(conf, true, report);
}

struct pd_block_set *
pd_block_ref(struct pd_block_set *s)
{
	atomic_fetch_add_explicit(&s->refs, 1, memory_order_relaxed);
	return s;
}

void
pd_block_unref(struct pd_block_set *s)
{
	if (s == NULL ||
	    atomic_fetch_sub_explicit(&s->refs, 1, memory_order_acq_rel) != 1)
		return;
	pd_set_unref(s->rules);
	pd_policies_destroy(s->policies);
	pd_allow_close(s->allow);
	pd_hits_unref(s->hits);
	free(s);
}
