/*
 * Lines of ours in a file of somebody else's, between two lines that say so:
 *
 *     # pared-gateway home begin
 *     kim pptpd secret 10.0.0.7
 *     # pared-gateway home end
 *
 * Arguments:
 *   path  (key)
 *   tag   (key, optional) where one file has several blocks
 * and the lines as the step's text. Written down as well:
 *   was   "absent" or "there": whether the file goes with the block
 *   was.newline "no": the file's last line did not end with one
 *
 * The file keeps its owner and its mode. The last program to write it wins, as
 * with every file that nobody locks: it is renamed into its place within
 * microseconds of being read. What is reached by a symbolic link is not ours to
 * replace, and is refused.
 */
#include "system.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/arena.h"

struct parts {
	char *text;           /* the whole file; to be freed */
	size_t before, after; /* the block is [before, after); equal: none */
	struct stat st;       /* st_nlink 0: there is no file */
};

static char *
marker(const struct gw_system *sys, const struct gw_step *s, const char *end)
{
	const char *tag = gw_step_get(s, "tag");
	char *line;

	if (asprintf(&line, "# pared-gateway %s%s%s %s\n", sys->name,
		tag != NULL ? "/" : "", tag != NULL ? tag : "", end) < 0)
		abort();
	return line;
}

/* The block as it stands in the file. */
static char *
render(const struct gw_system *sys, const struct gw_step *s)
{
	const char *text = s->text != NULL ? s->text : "";
	size_t n = strlen(text);
	char *begin = marker(sys, s, "begin"), *end = marker(sys, s, "end");
	char *block;

	if (asprintf(&block, "%s%s%s%s", begin, text,
		n > 0 && text[n - 1] != '\n' ? "\n" : "", end) < 0)
		abort();
	free(begin);
	free(end);
	return block;
}

/* Where a line stands as a whole line; NULL: nowhere. */
static char *
find_line(char *text, const char *line)
{
	for (char *at = text; (at = strstr(at, line)) != NULL; at++) {
		if (at == text || at[-1] == '\n')
			return at;
	}
	return NULL;
}

static void
find_block(
    const struct gw_system *sys, const struct gw_step *s, struct parts *f)
{
	char *begin = marker(sys, s, "begin"), *end = marker(sys, s, "end");
	char *from = find_line(f->text, begin);
	char *to = from != NULL ? find_line(from, end) : NULL, *next;

	/* One that somebody cut the end of is no block of ours any more. */
	while (to != NULL && (next = find_line(from + 1, begin)) != NULL &&
	       next < to)
		from = next;
	f->before = f->after = strlen(f->text);
	if (to != NULL) {
		f->before = (size_t)(from - f->text);
		f->after = (size_t)(to - f->text) + strlen(end);
	}
	free(begin);
	free(end);
}

/* 0, or -1 after gw_fail(), with errno. */
static int
take(struct gw_system *sys, const struct gw_step *s, struct parts *f)
{
	const char *path = gw_step_need(s, "path");
	int saved;

	*f = (struct parts){ 0 };
	if (lstat(path, &f->st) < 0) {
		f->st.st_nlink = 0;
		f->text = pd_xstrdup("");
		if (errno == ENOENT || errno == ENOTDIR)
			return 0;
	} else if (!S_ISREG(f->st.st_mode)) {
		gw_fail(sys,
		    "%s is not a plain file, and is not replaced; see where "
		    "it leads",
		    path);
		errno = ELOOP;
		return -1;
	} else if ((f->text = gw_read_file(path)) != NULL) {
		find_block(sys, s, f);
		return 0;
	}
	saved = errno;
	gw_fail(sys, "%s: %s", path, strerror(saved));
	errno = saved;
	return -1;
}

/* The file anew: owner, group and mode are what they were. */
static int
put(struct gw_system *sys, const char *path, const struct stat *st,
    const char *text)
{
	struct stat like = *st;

	if (like.st_nlink == 0)
		like.st_mode = 0600;
	return gw_replace_file(path, text, &like) < 0
		   ? gw_fail(sys, "%s: %s", path, strerror(errno))
		   : 0;
}

static void
describe(const struct gw_step *s, FILE *out)
{
	size_t lines = 0;

	for (const char *at = s->text; at != NULL && *at != '\0'; at++)
		lines += *at == '\n';
	fprintf(out, "write a block into %s", gw_step_need(s, "path"));
	if (s->text != NULL)
		fprintf(out, " (%zu line%s)", lines, lines == 1 ? "" : "s");
}

static enum gw_state
probe(struct gw_system *sys, const struct gw_step *s)
{
	enum gw_state state = GW_DRIFTED;
	struct parts f;
	char *block;

	if (take(sys, s, &f) < 0) {
		state = errno == EACCES  ? GW_UNSEEN
			: errno == ELOOP ? GW_FOREIGN
					 : GW_DRIFTED;
		free(f.text);
		return state;
	}
	block = render(sys, s);
	if (f.before == f.after)
		state = GW_MISSING;
	else if (strlen(block) == f.after - f.before &&
		 memcmp(block, f.text + f.before, f.after - f.before) == 0)
		state = GW_AS_PLANNED;
	free(block);
	free(f.text);
	return state;
}

static int
remember(struct gw_system *sys, struct gw_step *s)
{
	struct parts f;
	int rc = take(sys, s, &f);
	size_t n = rc == 0 ? strlen(f.text) : 0;

	if (rc == 0)
		gw_step_set(s, sys->arena, "was",
		    f.st.st_nlink == 0 ? "absent" : "there");
	if (n > 0 && f.text[n - 1] != '\n')
		gw_step_set(s, sys->arena, "was.newline", "no");
	free(f.text);
	return rc;
}

static int
make(struct gw_system *sys, const struct gw_step *s)
{
	struct parts f;
	char *block, *text;
	int rc = take(sys, s, &f);

	if (rc == 0) {
		bool cut = f.before == f.after && f.before > 0 &&
			   f.text[f.before - 1] != '\n';

		block = render(sys, s);
		if (asprintf(&text, "%.*s%s%s%s", (int)f.before, f.text,
			cut ? "\n" : "", block, f.text + f.after) < 0)
			abort();
		rc = put(sys, gw_step_need(s, "path"), &f.st, text);
		free(text);
		free(block);
	}
	free(f.text);
	return rc;
}

static int
undo(struct gw_system *sys, const struct gw_step *s)
{
	const char *path = gw_step_need(s, "path");
	struct parts f;
	char *text;
	int rc = take(sys, s, &f);

	if (rc < 0 || f.before == f.after) {
		free(f.text);
		/* What is no plain file any more is not ours any more. */
		return rc < 0 && errno != ELOOP ? -1 : 0;
	}
	if (f.text[f.after] == '\0' && f.before > 0 &&
	    strcmp(gw_step_need(s, "was.newline"), "no") == 0)
		f.before--;
	if (asprintf(&text, "%.*s%s", (int)f.before, f.text, f.text + f.after) <
	    0)
		abort();
	if (text[0] != '\0' || strcmp(gw_step_need(s, "was"), "absent") != 0)
		rc = put(sys, path, &f.st, text);
	else if (gw_remove_file(path) < 0)
		rc = gw_fail(sys, "%s: %s", path, strerror(errno));
	free(text);
	free(f.text);
	return rc;
}

const struct gw_kind gw_kind_block = {
	.name = "block",
	.outlives = true,
	.describe = describe,
	.probe = probe,
	.remember = remember,
	.make = make,
	.undo = undo,
};
