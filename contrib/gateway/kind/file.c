/*
 * A file that is ours as a whole. Arguments:
 *   path  (key)
 *   mode  "0600"
 * and its bytes as the step's text. Outside of our own directories that has a
 * line "# pared-gateway NAME": a file without it is somebody else's. Written
 * down as well:
 *   sum       of the text, by which a file outside of our own directories is
 *             known to be the one that was made
 *   was.dirs  how many directories above it were missing
 */
#include "system.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"

static void
describe(const struct gw_step *s, FILE *out)
{
	fprintf(out, "write %s (%s", gw_step_need(s, "path"),
	    gw_step_need(s, "mode"));
	if (s->text != NULL)
		fprintf(out, ", %zu bytes", strlen(s->text));
	putc(')', out);
}

static bool
is_below(const char *path, const char *dir)
{
	size_t n = strlen(dir);

	return strncmp(path, dir, n) == 0 && path[n] == '/';
}

static bool
is_in_ours(const struct gw_system *sys, const char *path)
{
	return is_below(path, sys->run_dir) || is_below(path, sys->state_dir);
}

static bool
has_mark(const struct gw_system *sys, const char *text)
{
	char line[GW_NAME_MAX + 32];

	snprintf(line, sizeof(line), "\n# pared-gateway %s\n", sys->name);
	return strstr(text, line) != NULL;
}

static enum gw_state
probe(struct gw_system *sys, const struct gw_step *s)
{
	const char *path = gw_step_need(s, "path");
	enum gw_state state = GW_DRIFTED;
	struct stat st;
	char *text;

	if (lstat(path, &st) < 0)
		return errno == EACCES ? GW_UNSEEN : GW_MISSING;
	if (!S_ISREG(st.st_mode))
		return GW_FOREIGN;
	text = gw_read_file(path);
	if (text == NULL && errno == EACCES)
		return GW_UNSEEN;
	if (!is_in_ours(sys, path) && (text == NULL || !has_mark(sys, text)))
		state = GW_FOREIGN;
	else if (text != NULL && s->text != NULL &&
		 strcmp(text, s->text) == 0 &&
		 (st.st_mode & 07777) == gw_step_mode(s))
		state = GW_AS_PLANNED;
	free(text);
	return state;
}

static int
missing_dirs(const char *path)
{
	char *copy = pd_xstrdup(path);
	int n = 0;

	for (char *end = strrchr(copy, '/'); end != NULL && end != copy;
	     end = strrchr(copy, '/')) {
		*end = '\0';
		if (access(copy, F_OK) == 0)
			break;
		n++;
	}
	free(copy);
	return n;
}

static void
sum_text(const char *text, char sum[static 17])
{
	snprintf(sum, 17, "%016jx", (uintmax_t)gw_hash(GW_HASH, text));
}

static int
remember(struct gw_system *sys, struct gw_step *s)
{
	char sum[17], dirs[16];

	sum_text(s->text != NULL ? s->text : "", sum);
	snprintf(
	    dirs, sizeof(dirs), "%d", missing_dirs(gw_step_need(s, "path")));
	gw_step_set(s, sys->arena, "sum", sum);
	gw_step_set(s, sys->arena, "was.dirs", dirs);
	return 0;
}

static int
make(struct gw_system *sys, const struct gw_step *s)
{
	const char *path = gw_step_need(s, "path");
	mode_t mode = gw_step_mode(s);

	/* What only its owner reads stands in directories of that sort. */
	if (gw_mkdirs(path, (mode & 077) == 0 ? 0700 : 0755) < 0 ||
	    gw_write_file(path, s->text != NULL ? s->text : "", mode) < 0)
		return gw_fail(sys, "%s: %s", path, strerror(errno));
	return 0;
}

static bool
is_as_made(struct gw_system *sys, const struct gw_step *s)
{
	const char *path = gw_step_need(s, "path");
	char *text, sum[17];
	bool same;

	if (is_in_ours(sys, path))
		return true;
	text = gw_read_file(path);
	/* Not there: what a crash may have left beside it is. */
	if (text == NULL)
		return errno == ENOENT;
	sum_text(text, sum);
	same = strcmp(sum, gw_step_need(s, "sum")) == 0;
	free(text);
	return same;
}

/* The directories that were made for it, from below, while they are empty. */
static void
remove_dirs(const char *path, uint32_t n)
{
	char *copy = pd_xstrdup(path);
	char *end;

	for (; n > 0 && (end = strrchr(copy, '/')) != NULL && end != copy;
	     n--) {
		*end = '\0';
		if (rmdir(copy) < 0)
			break;
	}
	free(copy);
}

static int
undo(struct gw_system *sys, const struct gw_step *s)
{
	const char *path = gw_step_need(s, "path");

	if (is_as_made(sys, s) && gw_remove_file(path) < 0)
		return gw_fail(sys, "%s: %s", path, strerror(errno));
	remove_dirs(path, gw_step_number(s, "was.dirs", 0));
	return 0;
}

const struct gw_kind gw_kind_file = {
	.name = "file",
	.outlives = true,
	.describe = describe,
	.probe = probe,
	.remember = remember,
	.make = make,
	.undo = undo,
};
