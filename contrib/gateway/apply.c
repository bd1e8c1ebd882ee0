#include "apply.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "cmd.h"
#include "setup.h"

#define APPLY_MS 10000 /* that another run of the program may take */

static char *
path_of(const struct gw_engine *e)
{
	return gw_system_path(&e->sys, "applied.conf");
}

char *
gw_applied(struct gw_engine *e)
{
	char *path = path_of(e);
	char *text = e->journal.n > 0 ? gw_read_file(path) : NULL;

	free(path);
	return text;
}

/* As it is copied: NULL when the file cannot be read any more. */
static char *
copy_of(const char *path)
{
	char *text = gw_read_file(path), *copy;

	if (text == NULL)
		return NULL;
	if (asprintf(&copy, "# %s\n%s", path, text) < 0)
		abort();
	for (char *at = copy; at < copy + strlen(path) + 2; at++) {
		if (iscntrl((unsigned char)*at))
			*at = '?';
	}
	free(text);
	return copy;
}

static void
save(struct gw_engine *e, const char *text)
{
	char *path = path_of(e);

	if (text == NULL || gw_write_file(path, text, 0600) < 0) {
		fprintf(stderr,
		    "warning: %s: %s; a later trial cannot come back to "
		    "this\n",
		    path,
		    text == NULL ? "the configuration's file is gone"
				 : strerror(errno));
		/* Nor to what is not in force any more. */
		(void)gw_remove_file(path);
	}
	free(path);
}

int
gw_apply(struct gw_engine *e, const struct gw_plan *p)
{
	char *before = gw_applied(e);
	char *now = copy_of(p->conf->path);
	int rc = gw_engine_up(e, p);

	if (rc == 0) {
		if (before == NULL || now == NULL || strcmp(before, now) != 0)
			save(e, now);
		/* Of no consequence to the gateway itself. */
		if (!p->clients->unread)
			(void)gw_clients_publish(p->conf, p->clients);
	} else if (before != NULL &&
		   (now == NULL || strcmp(before, now) != 0)) {
		fputs(
		    "pared-gateway: going back to what was in force\n", stderr);
		(void)gw_apply_text(e, before);
	}
	free(now);
	free(before);
	return rc;
}

int
gw_apply_text(struct gw_engine *e, const char *text)
{
	struct gw_setup s;
	sigset_t ends = e->ends;
	char *path;
	int rc;

	if (text == NULL)
		return gw_engine_down(e);
	path = path_of(e);
	rc = gw_setup_parse(&s, path, text);
	if (rc == 0) {
		/* The way back is gone to its end. */
		sigemptyset(&e->ends);
		rc = gw_engine_up(e, s.plan);
		e->ends = ends;
		if (rc == 0)
			save(e, text);
		gw_setup_finish(&s);
	}
	free(path);
	return rc;
}

/* Whether there is anything to apply to. */
static bool
is_up(const struct gw_config *c)
{
	struct gw_engine e;
	bool up;

	gw_engine_look(&e, c);
	up = e.journal.n > 0;
	gw_engine_end(&e);
	return up;
}

int
gw_apply_clients(const struct gw_config *c)
{
	struct gw_begin how = { .wait_ms = APPLY_MS, .quiet = true };
	struct gw_engine e;
	struct gw_setup s;
	int rc;

	if (!is_up(c))
		return 0;
	if (gw_engine_begin_with(&e, c, &how) < 0) {
		if (how.holder.serves && kill(how.holder.pid, SIGHUP) == 0)
			return 0;
		fprintf(stderr, "pared-gateway: %s\n", how.why);
		return -1;
	}
	rc = gw_setup_read(&s, c->path);
	if (rc == 0) {
		rc = gw_apply(&e, s.plan);
		gw_setup_finish(&s);
	}
	gw_engine_end(&e);
	return rc;
}
