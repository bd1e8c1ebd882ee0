#include "apply.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "cmd.h"
#include "flat.h"
#include "setup.h"

#define APPLY_MS 10000 /* that another run of the program may take */
#define LOOK_MS  100   /* between two looks at what it does */

static int64_t
clock_ms(void)
{
	return (int64_t)pd_clock_ms(CLOCK_MONOTONIC);
}

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

/* As it is copied: NULL when a file of it cannot be read any more. */
static char *
copy_of(const char *path)
{
	char *text = gw_flat_read(path), *copy;

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

	if (e->lost > 0)
		fprintf(stderr,
		    "warning: %zu of the steps were done before, and nothing "
		    "of that is written down, so that down leaves them; see: "
		    "pared-gateway down --by-tag\n",
		    e->lost);
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
	rc = gw_setup_parse(&s, path, text, &gw_cmd_report);
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

bool
gw_is_up(const struct gw_config *c)
{
	struct gw_engine e;
	bool up;

	gw_engine_look(&e, c);
	/* What cannot be read was written. */
	up = e.journal.n > 0 || !e.known;
	gw_engine_end(&e);
	return up;
}

/* ---- clients ------------------------------------------------------------ */

/* What is in force, and the clients as they are: whoever asks has told what is
 * wrong with one of these. 0 or -1, told. */
static int
applied_setup(struct gw_engine *e, struct gw_setup *s)
{
	char *text = gw_applied(e), *path = path_of(e);
	int rc = -1;

	if (text == NULL)
		fprintf(stderr,
		    "pared-gateway: %s: what is in force is not known; first: "
		    "pared-gateway up\n",
		    path);
	else if ((rc = gw_setup_parse(s, path, text, NULL)) < 0)
		fprintf(stderr,
		    "pared-gateway: %s: this, or a client's file, cannot be "
		    "read; see: pared-gateway client list\n",
		    path);
	free(path);
	free(text);
	return rc;
}

bool
gw_applied_serves(const struct gw_config *c, const char *client)
{
	const struct gw_client *cl;
	struct gw_engine e;
	struct gw_setup s;
	bool served = false;

	gw_engine_look(&e, c);
	if (applied_setup(&e, &s) == 0) {
		cl = gw_clients_find(&s.clients, client);
		served = cl != NULL && !cl->unfit &&
			 gw_config_tunnel(s.conf, cl->tunnel) != NULL;
		gw_setup_finish(&s);
	}
	gw_engine_end(&e);
	return served;
}

/*
 * What lets a client in, and cuts it off. All else that a gateway does may be
 * wrong, and beyond mending, without a client being in or out by that. Of the
 * uplink none of these knows: it is the same while the default route is gone.
 */
static bool
lets_in(const struct gw_step *s)
{
	return (s->kind == &gw_kind_peers || s->kind == &gw_kind_block ||
		   s->kind == &gw_kind_file || s->kind == &gw_kind_load) &&
	       !gw_engine_needs_uplink(s);
}

/* NULL, or a step that lets clients in, and not as planned. */
static const struct gw_step *
first_unplanned(struct gw_engine *e, const struct gw_plan *p)
{
	for (size_t i = 0; i < p->n; i++) {
		if (lets_in(p->v[i]) &&
		    p->v[i]->kind->probe(&e->sys, p->v[i]) != GW_AS_PLANNED)
			return p->v[i];
	}
	return NULL;
}

/*
 * Calls the service, and waits until the clients that are let in are those of
 * the store. Whoever is told that a device is cut off shall not find it
 * connected.
 */
static int
call_service(struct gw_engine *e, const struct gw_setup *s, pid_t service)
{
	struct timespec look = { .tv_nsec = LOOK_MS * 1000000L };
	int64_t end = clock_ms() + APPLY_MS;
	const struct gw_step *left;
	char *text;

	if (kill(service, GW_CLIENTS_SIGNAL) < 0) {
		fprintf(stderr, "pared-gateway: the service (process %d): %s\n",
		    (int)service, strerror(errno));
		return -1;
	}
	while ((left = first_unplanned(e, s->plan)) != NULL) {
		if (clock_ms() >= end) {
			text = gw_step_text(left);
			fprintf(stderr,
			    "pared-gateway: the service (process %d) has not "
			    "done in %d s what it was called for: %s\n",
			    (int)service, APPLY_MS / 1000, text);
			free(text);
			return -1;
		}
		nanosleep(&look, NULL);
	}
	return 0;
}

static int
apply_by_service(const struct gw_config *c, pid_t service)
{
	struct gw_engine e;
	struct gw_setup s;
	int rc;

	gw_engine_look(&e, c);
	rc = applied_setup(&e, &s);
	if (rc == 0) {
		rc = call_service(&e, &s, service);
		gw_setup_finish(&s);
	}
	gw_engine_end(&e);
	return rc;
}

int
gw_apply_clients(const struct gw_config *c)
{
	struct gw_begin how = { .quiet = true };
	struct gw_engine e;
	struct gw_setup s;
	int64_t end;
	int rc;

	if (!gw_is_up(c))
		return 0;
	/* The service keeps the lock as long as it lives, and is called. */
	end = clock_ms() + APPLY_MS;
	do {
		rc = gw_engine_begin_with(&e, c, &how);
	} while (rc < 0 && !how.holder.serves && clock_ms() < end);
	if (rc < 0 && how.holder.serves)
		return apply_by_service(c, how.holder.pid);
	if (rc < 0) {
		fprintf(stderr, "pared-gateway: %s\n", how.why);
		return -1;
	}
	rc = applied_setup(&e, &s);
	if (rc == 0) {
		rc = s.plan->no_uplink ? -1 : gw_engine_up(&e, s.plan);
		/* A default route that is gone for a moment, or rules that
		 * cannot be made: no reason to leave a revoked client in. */
		if (rc < 0)
			rc = gw_engine_up_some(&e, s.plan, lets_in);
		gw_setup_finish(&s);
	}
	gw_engine_end(&e);
	return rc;
}
