/*
 * kind "copy": a file of ours with what stands in another's, made anew when
 * that changes (a certificate that somebody else renews).
 *
 *     path  below RUN-DIR (key)
 *     from  the other file
 *     mode  "0600", "0644"
 *     part  of a file of several certificates the n-th, from 0; a file that
 *           has not so many makes none. Absent: all of it
 */
#include "system.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"

static const char begin[] = "-----BEGIN CERTIFICATE-----";
static const char end[] = "-----END CERTIFICATE-----";

static void
describe(const struct gw_step *s, FILE *out)
{
	fprintf(out, "copy %s to %s (%s)", gw_step_need(s, "from"),
	    gw_step_need(s, "path"), gw_step_need(s, "mode"));
	if (gw_step_get(s, "part") != NULL)
		fprintf(
		    out, ", certificate %u", gw_step_number(s, "part", 0) + 1);
}

/* The n-th certificate alone, as text; "" when there are fewer. */
static char *
part_of(const char *text, uint32_t n)
{
	const char *at = text, *stop = NULL;
	char *one;

	for (uint32_t i = 0; i <= n && at != NULL; i++) {
		at = strstr(stop != NULL ? stop : text, begin);
		stop = at != NULL ? strstr(at, end) : NULL;
		if (stop == NULL)
			at = NULL;
		else
			stop += sizeof(end) - 1;
	}
	if (at == NULL)
		return pd_xstrdup("");
	if (asprintf(&one, "%.*s\n", (int)(stop - at), at) < 0)
		abort();
	return one;
}

/* What shall stand there. NULL with errno. The caller frees it. */
static char *
wanted(const struct gw_step *s)
{
	char *text = gw_read_file(gw_step_need(s, "from")), *one;

	if (text == NULL || gw_step_get(s, "part") == NULL)
		return text;
	one = part_of(text, gw_step_number(s, "part", 0));
	free(text);
	return one;
}

static enum gw_state
compare(const struct gw_step *s, const char *text)
{
	const char *path = gw_step_need(s, "path");
	char *there = gw_read_file(path);
	enum gw_state state = GW_DRIFTED;
	struct stat st;

	if (there == NULL && errno == ENOENT)
		state = text[0] == '\0' ? GW_AS_PLANNED : GW_MISSING;
	else if (there == NULL)
		state = errno == EACCES ? GW_UNSEEN : GW_DRIFTED;
	else if (strcmp(there, text) == 0 && stat(path, &st) == 0 &&
		 (st.st_mode & 07777) == gw_step_mode(s))
		state = GW_AS_PLANNED;
	free(there);
	return state;
}

/* The first certificate is what it is all about. */
static bool
lacks_first(const struct gw_step *s, const char *text)
{
	return text[0] == '\0' && gw_step_number(s, "part", 1) == 0;
}

static enum gw_state
probe(struct gw_system *sys, const struct gw_step *s)
{
	char *text = wanted(s);
	enum gw_state state;

	(void)sys;
	if (text == NULL)
		return errno == EACCES ? GW_UNSEEN : GW_MISSING;
	state = lacks_first(s, text) ? GW_MISSING : compare(s, text);
	free(text);
	return state;
}

static int
make(struct gw_system *sys, const struct gw_step *s)
{
	const char *path = gw_step_need(s, "path");
	char *text = wanted(s);
	int rc = 0;

	if (text == NULL)
		return gw_fail(
		    sys, "%s: %s", gw_step_need(s, "from"), strerror(errno));
	if (lacks_first(s, text)) {
		rc = gw_fail(
		    sys, "%s holds no certificate", gw_step_need(s, "from"));
	} else if (text[0] == '\0') {
		if (unlink(path) < 0 && errno != ENOENT)
			rc = gw_fail(sys, "%s: %s", path, strerror(errno));
	} else if (gw_mkdirs(path, 0700) < 0 ||
		   gw_write_file(path, text, gw_step_mode(s)) < 0) {
		rc = gw_fail(sys, "%s: %s", path, strerror(errno));
	}
	free(text);
	return rc;
}

/* The directory goes with the last file in it. */
static int
undo(struct gw_system *sys, const struct gw_step *s)
{
	const char *path = gw_step_need(s, "path");
	char *dir, *slash;

	if (gw_remove_file(path) < 0)
		return gw_fail(sys, "%s: %s", path, strerror(errno));
	dir = pd_xstrdup(path);
	while ((slash = strrchr(dir, '/')) != NULL &&
	       strlen(dir) > strlen(sys->run_dir)) {
		*slash = '\0';
		if (strlen(dir) <= strlen(sys->run_dir) || rmdir(dir) < 0)
			break;
	}
	free(dir);
	return 0;
}

const struct gw_kind gw_kind_copy = {
	.name = "copy",
	.outlives = true,
	.describe = describe,
	.probe = probe,
	.make = make,
	.undo = undo,
};
