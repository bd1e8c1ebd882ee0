/*
 * What stands around every change: the locks, the journal, the signals that
 * have to wait; and at the end a run directory that goes when nothing is up.
 */
#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "engine.h"
#include "netns.h"

/* What whoever started us ignores (nohup) is no reason to give up, either. */
static void
heed(sigset_t *set, int signo)
{
	struct sigaction old;

	if (sigaction(signo, NULL, &old) == 0 && old.sa_handler != SIG_IGN)
		sigaddset(set, signo);
}

static void
hold_signals(struct gw_engine *e)
{
	sigset_t all;

	sigemptyset(&all);
	sigaddset(&all, SIGINT);
	sigaddset(&all, SIGTERM);
	sigaddset(&all, SIGHUP);
	sigemptyset(&e->ends);
	heed(&e->ends, SIGINT);
	heed(&e->ends, SIGTERM);
	heed(&e->ends, SIGHUP);
	sigprocmask(SIG_BLOCK, &all, &e->before);
}

/* any: of a journal of another version, or an endless one, what can be read
 * will do. */
static int
open_journal(struct gw_engine *e, bool any)
{
	unsigned line;

	e->known = gw_journal_open(&e->journal, e->sys.run_dir, &line) == 0 ||
		   (any && (errno == EILSEQ || errno == EFBIG));
	if (e->known)
		return 0;
	e->hidden = errno == EACCES;
	if (errno == EILSEQ)
		return gw_fail(&e->sys,
		    "%s:%u: this is no journal of this version; remove what "
		    "was made with: pared-gateway down --by-tag",
		    e->journal.path, line);
	return gw_fail(&e->sys, "%s: %s", e->journal.path, strerror(errno));
}

/* What was made in a namespace that is gone went with it, and what has its name
 * here is somebody else's. */
static int
forget_orphans(struct gw_engine *e)
{
	struct gw_journal *j = &e->journal;
	bool *keep;
	int rc;

	if (!gw_netns_is_orphan(&e->sys))
		return 0;
	keep = pd_xalloc((j->n + 1) * sizeof(*keep));
	for (size_t i = 0; i < j->n; i++)
		keep[i] = j->v[i]->kind->outlives;
	rc = gw_journal_keep(j, keep);
	free(keep);
	return rc < 0 ? gw_fail(&e->sys, "%s: %s", j->path, strerror(errno))
		      : 0;
}

int
gw_engine_begin_with(
    struct gw_engine *e, const struct gw_config *c, struct gw_begin *how)
{
	*e = (struct gw_engine){ .journal = { .fd = -1 }, .lock = { -1, -1 } };
	gw_system_of(&e->sys, c);
	hold_signals(e);
	if (gw_lock_take(&e->lock, &e->sys, how->wait_ms, &how->holder) == 0 &&
	    open_journal(e, how->salvage) == 0 &&
	    gw_netns_check(&e->sys) == 0 && forget_orphans(e) == 0)
		return 0;
	/* What is not ours to change is not ours to tidy up. */
	e->known = false;
	memcpy(how->why, e->sys.why, sizeof(how->why));
	if (!how->quiet)
		fprintf(stderr, "pared-gateway: %s\n", how->why);
	gw_engine_end(e);
	return -1;
}

int
gw_engine_begin(struct gw_engine *e, const struct gw_config *c)
{
	struct gw_begin how = { 0 };

	return gw_engine_begin_with(e, c, &how);
}

void
gw_engine_look(struct gw_engine *e, const struct gw_config *c)
{
	*e = (struct gw_engine){ .lock = { -1, -1 } };
	gw_system_of(&e->sys, c);
	sigprocmask(SIG_BLOCK, NULL, &e->before);
	(void)open_journal(e, false);
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	(void)remove(path);
	return 0;
}

/*
 * Nothing is up: what was noted for those who come later goes. all: the run
 * directory as a whole; after a failure the logs of children stay, which say
 * why.
 */
static void
tidy(struct gw_engine *e, bool all)
{
	static const char *const notes[] = { "journal", "netns", "applied.conf",
		"try", "token", "lock" };

	if (all) {
		(void)nftw(e->sys.run_dir, remove_one, 16,
		    FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
		return;
	}
	for (size_t i = 0; i < sizeof(notes) / sizeof(*notes); i++) {
		char *path = gw_system_path(&e->sys, "%s", notes[i]);

		(void)gw_remove_file(path);
		free(path);
	}
	(void)rmdir(e->sys.run_dir);
}

void
gw_engine_end(struct gw_engine *e)
{
	if (e->lock.space >= 0 && e->known && e->journal.n == 0)
		tidy(e, !e->failed);
	if (e->journal.arena != NULL)
		gw_journal_close(&e->journal);
	gw_lock_drop(&e->lock);
	gw_system_finish(&e->sys);
	sigprocmask(SIG_SETMASK, &e->before, NULL);
}
