/*
 * The journal: every step that was begun, written down and synced before it is
 * done, so that it can be undone after a crash at any moment.
 *
 * RUN-DIR/journal, on a tmpfs: it dies with the kernel's state that it speaks
 * of. A line is one flat JSON object: {"kind":"route","#":"2","dev":"wg-a",...,
 * "was":"0"}; "#" is the number of keys. A last line without its newline was
 * never acted on, and is dropped.
 *
 * A step that is changed in place stands in it twice until the change is done:
 * as it was made, and as it is to be. Both are undone after a crash, the later
 * first; the one that the machine does not show leaves things alone.
 * Thread: main.
 */
#ifndef GW_JOURNAL_H
#define GW_JOURNAL_H

#include "base/str.h"
#include "step.h"

struct gw_journal {
	char *path;
	int fd;    /* for appending; -1: none yet */
	bool torn; /* the file ends within a line */
	struct pd_arena *arena;
	struct gw_step **v; /* in the order they were begun */
	size_t n, cap;
};

/*
 * Reads what is there (nothing: empty). 0, or -1 with errno: EILSEQ when lines
 * are not of this version, with the first one's number in *line (0: it is no
 * text at all); the others were read. EFBIG: more than a gw_read_file() takes,
 * and nothing was read.
 */
int gw_journal_open(struct gw_journal *j, const char *run_dir, unsigned *line);
void gw_journal_close(struct gw_journal *j);
/* Its lines, of a text; as gw_journal_open() does. */
int gw_journal_read(struct gw_journal *j, struct pd_str text, unsigned *line);

/* What was written down of the same object, the last of it; or NULL. */
struct gw_step *
gw_journal_find(const struct gw_journal *j, const struct gw_step *s);
/* Writes the step down; on disk when it returns. 0 or -1 with errno. */
int gw_journal_write(struct gw_journal *j, const struct gw_step *s);
/* Takes steps that were undone out: the file is written anew, beside, and
 * renamed. keep[i]: whether v[i] stays. 0 or -1 with errno. Those that stay are
 * in other places of memory then. */
int gw_journal_keep(struct gw_journal *j, const bool *keep);
/* The same: the n steps of v stay, in that order, each of them out of j->v. */
int gw_journal_arrange(struct gw_journal *j, struct gw_step **v, size_t n);
/* Nothing is left to undo: the file goes. */
int gw_journal_remove(struct gw_journal *j);

#endif
