/*
 * kind "names": the list of names for unbound, made from the user's.
 *
 *     path   in RUN-DIR (key)
 *     from   the user's file
 *     stamp  of that file when the plan was made; it is the first line of ours,
 *            so that a probe need not read a list of 277,000 names twice
 */
#include "kind/names.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "system.h"

#define NAME_MAX_LEN  253
#define LABEL_MAX_LEN 63

/* The kinds of lines: what stands before the name and behind it. */
static const struct {
	const char *before, *behind;
} forms[] = {
	{ "local-zone: \"", "\" always_null" },
	{ "local-zone: \"", "\" transparent" },
	{ "local-data: \"", " A 0.0.0.0\"" },
	{ "local-data: \"", " AAAA ::\"" },
};

/* One that unbound takes: it ends when it is told of another. */
static bool
is_name(const char *s, size_t n)
{
	static const char chars[] = "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
	size_t label = 0;

	if (n == 0 || n > NAME_MAX_LEN)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (s[i] == '.' && label == 0)
			return false;
		label = s[i] == '.' ? 0 : label + 1;
		if (label > LABEL_MAX_LEN ||
		    (s[i] != '.' &&
			memchr(chars, s[i], sizeof(chars) - 1) == NULL))
			return false;
	}
	return true;
}

static bool
take(FILE *out, const char *line, size_t n)
{
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		size_t before = strlen(forms[i].before);
		size_t behind = strlen(forms[i].behind);

		if (n <= before + behind ||
		    memcmp(line, forms[i].before, before) != 0 ||
		    memcmp(line + n - behind, forms[i].behind, behind) != 0 ||
		    !is_name(line + before, n - before - behind))
			continue;
		fprintf(out, "%.*s\n", (int)n, line);
		return true;
	}
	return false;
}

void
gw_names_write(FILE *out, const char *text, struct gw_names_left *left)
{
	size_t number = 0, n;

	*left = (struct gw_names_left){ 0 };
	for (; *text != '\0'; text += n + (text[n] != '\0')) {
		n = strcspn(text, "\n");
		number++;
		if (n == 0 || text[0] == '#' || take(out, text, n))
			continue;
		if (left->n++ == 0)
			left->line = number;
	}
}

static void
describe(const struct gw_step *s, FILE *out)
{
	fprintf(out, "write %s: the names in %s", gw_step_need(s, "path"),
	    gw_step_need(s, "from"));
}

static enum gw_state
probe(struct gw_system *sys, const struct gw_step *s)
{
	const char *path = gw_step_need(s, "path");
	const char *stamp = gw_step_need(s, "stamp");
	FILE *file = fopen(path, "re");
	enum gw_state state = GW_DRIFTED;
	char line[128];

	(void)sys;
	if (file == NULL)
		return errno == EACCES ? GW_UNSEEN : GW_MISSING;
	if (fgets(line, sizeof(line), file) != NULL &&
	    strncmp(line, "# ", 2) == 0 &&
	    strncmp(line + 2, stamp, strlen(stamp)) == 0 &&
	    strcmp(line + 2 + strlen(stamp), "\n") == 0)
		state = GW_AS_PLANNED;
	fclose(file);
	return state;
}

static int
make(struct gw_system *sys, const struct gw_step *s)
{
	const char *path = gw_step_need(s, "path");
	const char *from = gw_step_need(s, "from");
	char *theirs = gw_read_file(from), *ours = NULL;
	struct gw_names_left left;
	size_t len;
	FILE *out;
	int rc = 0;

	if (theirs == NULL)
		return gw_fail(sys, "%s: %s", from, strerror(errno));
	out = open_memstream(&ours, &len);
	if (out == NULL)
		abort();
	fprintf(out, "# %s\n", gw_step_need(s, "stamp"));
	gw_names_write(out, theirs, &left);
	if (fclose(out) != 0)
		abort();
	if (gw_mkdirs(path, 0755) < 0 || gw_write_file(path, ours, 0644) < 0)
		rc = gw_fail(sys, "%s: %s", path, strerror(errno));
	free(ours);
	free(theirs);
	return rc;
}

static int
undo(struct gw_system *sys, const struct gw_step *s)
{
	const char *path = gw_step_need(s, "path");

	if (gw_remove_file(path) < 0)
		return gw_fail(sys, "%s: %s", path, strerror(errno));
	return 0;
}

const struct gw_kind gw_kind_names = {
	.name = "names",
	.outlives = true,
	.describe = describe,
	.probe = probe,
	.make = make,
	.undo = undo,
};
