#include "engine.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "netns.h"

/* ---- one step ----------------------------------------------------------- */

static void
describe(struct gw_engine *e, const char *what, const struct gw_step *s)
{
	if (e->tell == NULL)
		return;
	fputs(what, e->tell);
	s->kind->describe(s, e->tell);
	putc('\n', e->tell);
	fflush(e->tell);
}

static void
complain(struct gw_engine *e, const char *what, const struct gw_step *s)
{
	char *text = gw_step_text(s);

	fprintf(stderr, "pared-gateway: %s: %s: %s\n", what, text, e->sys.why);
	free(text);
}

static bool
is_was(const struct gw_arg *a)
{
	return strncmp(a->name, "was", 3) == 0;
}

/*
 * The step as it is to be written down: with what the time before was like.
 * Where the same object was made before, the time before is the one of then.
 */
static struct gw_step *
remembered(
    struct gw_engine *e, const struct gw_step *s, const struct gw_step *before)
{
	struct pd_arena *arena = e->sys.arena;
	struct gw_step now = { .kind = s->kind, .text = s->text };
	struct gw_step *out = pd_arena_zalloc(arena, sizeof(*out));

	now.args = pd_arena_zalloc(arena, GW_ARGS_MAX * sizeof(*now.args));
	now.nkeys = s->nkeys;
	now.nargs = s->nargs;
	memcpy(now.args, s->args, s->nargs * sizeof(*now.args));
	if (s->kind->remember != NULL && s->kind->remember(&e->sys, &now) < 0)
		return NULL;
	*out = now;
	out->text = NULL;
	if (before == NULL)
		return out;
	out->args = pd_arena_zalloc(arena, GW_ARGS_MAX * sizeof(*out->args));
	out->nargs = 0;
	for (size_t i = 0; i < now.nargs; i++) {
		if (!is_was(&now.args[i]))
			out->args[out->nargs++] = now.args[i];
	}
	for (size_t i = 0; i < before->nargs; i++) {
		if (is_was(&before->args[i]))
			gw_step_set(out, arena, before->args[i].name,
			    before->args[i].value);
	}
	return out;
}

static bool
equal(const struct gw_step *a, const struct gw_step *b)
{
	if (!gw_step_same(a, b) || a->nargs != b->nargs)
		return false;
	for (size_t i = 0; i < a->nargs; i++) {
		if (strcmp(a->args[i].name, b->args[i].name) != 0 ||
		    strcmp(a->args[i].value, b->args[i].value) != 0)
			return false;
	}
	return true;
}

/* What has drifted is mended without a word in the journal when the journal
 * says the same already. */
static int
write_line(
    struct gw_engine *e, const struct gw_step *before, const struct gw_step *s)
{
	const struct gw_step *line = remembered(e, s, before);

	if (line == NULL)
		return -1;
	if (before != NULL && equal(before, line))
		return 0;
	gw_fault("write");
	if (gw_journal_write(&e->journal, line) < 0)
		return gw_fail(
		    &e->sys, "%s: %s", e->journal.path, strerror(errno));
	return 0;
}

/* In memory of its own: `run` mends for months. The journal keeps a copy. */
static int
write_down(struct gw_engine *e, const struct gw_step *s)
{
	struct pd_arena *kept = e->sys.arena;
	int rc;

	e->sys.arena = pd_arena_create();
	rc = write_line(e, gw_journal_find(&e->journal, s), s);
	pd_arena_destroy(e->sys.arena);
	e->sys.arena = kept;
	return rc;
}

static int
converge(struct gw_engine *e, const struct gw_step *s)
{
	enum gw_state state;

	e->sys.why[0] = '\0';
	state = s->kind->probe(&e->sys, s);
	if (state == GW_AS_PLANNED && gw_step_is_marked(s) &&
	    gw_journal_find(&e->journal, s) == NULL)
		e->lost++;
	if (state == GW_AS_PLANNED ||
	    (e->skip != NULL && e->skip(e->arg, s, state))) {
		e->unchanged++;
		return 0;
	}
	if (state == GW_FOREIGN)
		return gw_fail(&e->sys,
		    "this is somebody else's, and is not touched; remove it, "
		    "or choose another name");
	if (state == GW_UNSEEN && e->sys.why[0] == '\0')
		return gw_fail(&e->sys, "may not be looked at; be root");
	if (state == GW_UNSEEN)
		return -1;
	if (write_down(e, s) < 0)
		return -1;
	gw_fault("make");
	if (s->kind->make(&e->sys, s) < 0)
		return -1;
	gw_fault("made");
	e->changed++;
	describe(e, "", s);
	return 0;
}

/* ---- undoing ------------------------------------------------------------ */

/*
 * Undoes those steps of the journal from `first` on that are not wanted (wanted
 * NULL: none is), last first, and forgets them. What cannot be undone stays
 * written down, and is told.
 */
static int
undo_from(struct gw_engine *e, size_t first, const bool *wanted)
{
	struct gw_journal *j = &e->journal;
	bool *keep = pd_xalloc((j->n + 1) * sizeof(*keep));
	int rc = 0;

	for (size_t i = j->n; i-- > 0;) {
		const struct gw_step *s = j->v[i];

		keep[i] = i < first || (wanted != NULL && wanted[i]);
		if (keep[i])
			continue;
		gw_fault("undo");
		if (s->kind->undo(&e->sys, s) < 0) {
			complain(e, "cannot undo", s);
			keep[i] = true;
			rc = -1;
			continue;
		}
		gw_fault("undone");
		e->changed++;
		describe(e, "undo: ", s);
	}
	gw_fault("forget");
	if (gw_journal_keep(j, keep) < 0) {
		fprintf(stderr, "pared-gateway: %s: %s\n", j->path,
		    strerror(errno));
		rc = -1;
	}
	free(keep);
	return rc;
}

static const struct gw_step *
planned(const struct gw_plan *p, const struct gw_step *s)
{
	for (size_t i = 0; i < p->n; i++) {
		if (gw_step_same(p->v[i], s))
			return p->v[i];
	}
	return NULL;
}

/* What an earlier plan made and this one does not want. */
static int
undo_obsolete(struct gw_engine *e, const struct gw_plan *p)
{
	struct gw_journal *j = &e->journal;
	bool *wanted = pd_xalloc((j->n + 1) * sizeof(*wanted));
	bool all = true;
	int rc = 0;

	for (size_t i = 0; i < j->n; i++) {
		wanted[i] = planned(p, j->v[i]) != NULL;
		all = all && wanted[i];
	}
	if (!all)
		rc = undo_from(e, 0, wanted);
	free(wanted);
	return rc < 0
		   ? gw_fail(&e->sys, "what an earlier plan made is in the way")
		   : 0;
}

/* ---- up ----------------------------------------------------------------- */

static bool
interrupted(struct gw_engine *e)
{
	sigset_t pending;

	sigpending(&pending);
	for (int s = 1; s < NSIG; s++) {
		if (sigismember(&e->ends, s) == 1 &&
		    sigismember(&pending, s) == 1)
			return true;
	}
	return false;
}

bool
gw_engine_needs_uplink(const struct gw_step *s)
{
	if (s->text != NULL && strstr(s->text, GW_NO_UPLINK) != NULL)
		return true;
	for (size_t i = 0; i < s->nargs; i++) {
		if (strstr(s->args[i].value, GW_NO_UPLINK) != NULL)
			return true;
	}
	return false;
}

/*
 * The journal in the plan's order, each object once: it is undone from its end,
 * and what was added to a gateway that was up stands there, not where it was
 * made first.
 */
static int
arrange(struct gw_engine *e, const struct gw_plan *p)
{
	struct gw_journal *j = &e->journal;
	struct gw_step **v = pd_xalloc((j->n + 1) * sizeof(struct gw_step *));
	size_t n = 0;
	int rc;

	for (size_t i = 0; i < p->n; i++) {
		struct gw_step *s = gw_journal_find(j, p->v[i]);

		if (s != NULL)
			v[n++] = s;
	}
	gw_fault("forget");
	rc = gw_journal_arrange(j, v, n);
	free(v);
	return rc < 0 ? gw_fail(&e->sys, "%s: %s", j->path, strerror(errno))
		      : 0;
}

/* What was there before and was changed in place stays: the earlier plan, which
 * may come back, has the means to change it again. */
static int
roll_back(struct gw_engine *e, size_t first)
{
	struct gw_journal *j = &e->journal;
	bool *stays = pd_xalloc((j->n + 1) * sizeof(*stays));
	bool any = false;

	for (size_t i = first; i < j->n; i++) {
		for (size_t k = 0; k < first && !stays[i]; k++)
			stays[i] = gw_step_same(j->v[k], j->v[i]);
		any = any || !stays[i];
	}
	if (any) {
		fputs("pared-gateway: undoing what was done\n", stderr);
		(void)undo_from(e, first, stays);
	}
	free(stays);
	return -1;
}

/* NULL, or the step at which it ended: e->sys.why says why. */
static const struct gw_step *
converge_all(struct gw_engine *e, const struct gw_plan *p)
{
	for (size_t i = 0; i < p->n; i++) {
		if (interrupted(e)) {
			gw_fail(&e->sys, "interrupted");
			return p->v[i];
		}
		if (converge(e, p->v[i]) == 0)
			continue;
		if (!e->go_on)
			return p->v[i];
		complain(e, "cannot", p->v[i]);
	}
	return NULL;
}

int
gw_engine_up(struct gw_engine *e, const struct gw_plan *p)
{
	const struct gw_step *failed = NULL;
	size_t first;

	e->unchanged = e->lost = 0;
	for (size_t i = 0; p->no_uplink && i < p->n; i++) {
		if (!gw_engine_needs_uplink(p->v[i]))
			continue;
		gw_fail(&e->sys,
		    "there is no default route, so no uplink; name it: uplink "
		    "= \"eth0\" in section gateway");
		complain(e, "cannot", p->v[i]);
		return -1;
	}
	if (gw_netns_mark(&e->sys) < 0 || undo_obsolete(e, p) < 0) {
		fprintf(stderr, "pared-gateway: %s\n", e->sys.why);
		return -1;
	}
	first = e->journal.n;
	failed = converge_all(e, p);
	if (failed != NULL) {
		e->failed = true;
		complain(e, "cannot", failed);
		return roll_back(e, first);
	}
	if (arrange(e, p) < 0) {
		fprintf(stderr, "pared-gateway: %s\n", e->sys.why);
		return -1;
	}
	return 0;
}

int
gw_engine_up_some(struct gw_engine *e, const struct gw_plan *p,
    bool (*which)(const struct gw_step *s))
{
	int rc = 0;

	for (size_t i = 0; i < p->n; i++) {
		if (!which(p->v[i]) || converge(e, p->v[i]) == 0)
			continue;
		complain(e, "cannot", p->v[i]);
		rc = -1;
	}
	return rc;
}

int
gw_engine_down(struct gw_engine *e)
{
	return undo_from(e, 0, NULL);
}

/* Without marks, but known again by their bytes: files and blocks in files. */
static int
sweep_planned(struct gw_engine *e, const struct gw_step *s, FILE *out)
{
	struct gw_step *made = remembered(e, s, s);

	if (made == NULL || s->kind->undo(&e->sys, made) < 0) {
		complain(e, "cannot undo", s);
		return -1;
	}
	s->kind->describe(s, out);
	fputs(": undone\n", out);
	return 0;
}

static int
sweep_unmarked(struct gw_engine *e, const struct gw_plan *p, FILE *out)
{
	int rc = 0;

	for (size_t i = p->n; i-- > 0;) {
		const struct gw_step *s = p->v[i];

		if (s->kind->sweep != NULL ||
		    s->kind->probe(&e->sys, s) != GW_AS_PLANNED)
			continue;
		if (s->kind == &gw_kind_file || s->kind == &gw_kind_block) {
			rc = sweep_planned(e, s, out) < 0 ? -1 : rc;
		} else if (s->kind == &gw_kind_sysctl) {
			fputs("left as it is, for it bears no mark: ", out);
			s->kind->describe(s, out);
			putc('\n', out);
		}
	}
	return rc;
}

static int
sweep(struct gw_engine *e, const struct gw_plan *p, FILE *out)
{
	int rc = 0;

	for (size_t i = 0; i < gw_nkinds; i++) {
		if (gw_kinds[i]->sweep == NULL ||
		    gw_kinds[i]->sweep(&e->sys, out) == 0)
			continue;
		fprintf(stderr, "pared-gateway: %s: %s\n", gw_kinds[i]->name,
		    e->sys.why);
		rc = -1;
	}
	if (p != NULL && sweep_unmarked(e, p, out) < 0)
		rc = -1;
	return rc;
}

int
gw_engine_sweep(struct gw_engine *e, const struct gw_plan *p)
{
	char *found = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&found, &len);
	int rc;

	if (out == NULL)
		abort();
	rc = sweep(e, p, out);
	if (fclose(out) != 0)
		abort();
	fputs(found, stdout);
	if (len == 0 && rc == 0)
		printf("nothing bears a mark of gateway %s\n", e->sys.name);
	free(found);
	e->failed = rc < 0;
	return rc;
}

void
gw_engine_probe(
    struct gw_engine *e, const struct gw_plan *p, enum gw_state *state)
{
	for (size_t i = 0; i < p->n; i++)
		state[i] = p->v[i]->kind->probe(&e->sys, p->v[i]);
}
