/*
 * kind "load": connections, passwords and certificates that charon has read.
 *
 *     dir    RUN-DIR/ikev2 (key)
 *     hash   of the configuration
 *     conn0, conn1, ...  connections that it has
 *
 * make() notes in DIR/loaded what was loaded: a hash of the configuration and
 * of every credential. probe() compares, and asks charon whether it has the
 * connections at all: one that was started anew has none. Who is connected and
 * may not be any more is sent away.
 *
 * Undo has nothing to do: what was loaded ends with charon.
 */
#include "tunnel/ikev2.h"

#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"

/* Of all parts together; the addresses of 500 clients take 3 s where much else
 * runs. Well below what a supervisor waits for a sign of life. */
#define LOAD_MS 60000

static char *__attribute__((format(printf, 1, 2))) text_of(const char *fmt, ...)
{
	char *text;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		abort();
	va_end(ap);
	return text;
}

static void
describe(const struct gw_step *s, FILE *out)
{
	fprintf(
	    out, "SWANCTL_DIR=%s swanctl --load-all", gw_step_need(s, "dir"));
}

static int
visible(const struct dirent *d)
{
	return d->d_name[0] != '.';
}

/* Of names and contents, in order of names. -1 with errno. */
static int
hash_dir(const char *dir, uint64_t *h)
{
	struct dirent **v = NULL;
	int n = scandir(dir, &v, visible, alphasort), rc = 0;

	if (n < 0)
		return errno == ENOENT ? 0 : -1;
	for (int i = 0; i < n; i++) {
		char *path = text_of("%s/%s", dir, v[i]->d_name);
		char *text = rc == 0 ? gw_read_file(path) : NULL;

		if (text == NULL)
			rc = -1;
		else
			*h = gw_hash(gw_hash(*h, v[i]->d_name), text);
		free(text);
		free(path);
		free(v[i]);
	}
	free(v);
	return rc;
}

/* NULL with errno. The caller frees it. */
static char *
hash(const struct gw_step *s)
{
	static const char *const dirs[] = { "x509", "x509ca", "x509crl",
		"private" };
	uint64_t h = gw_hash(GW_HASH, gw_step_need(s, "hash"));
	int rc = 0;

	for (size_t i = 0; i < 4 && rc == 0; i++) {
		char *dir = text_of("%s/%s", gw_step_need(s, "dir"), dirs[i]);

		rc = hash_dir(dir, &h);
		free(dir);
	}
	return rc == 0 ? text_of("%016jx\n", (uintmax_t)h) : NULL;
}

static bool
has_connections(struct gw_system *sys, const struct gw_step *s)
{
	const char *names[GW_ARGS_MAX];
	size_t n = 0;

	for (size_t i = 0; i < s->nargs; i++) {
		if (strncmp(s->args[i].name, "conn", 4) == 0)
			names[n++] = s->args[i].value;
	}
	return gw_ikev2_has(sys, names, n);
}

static enum gw_state
probe(struct gw_system *sys, const struct gw_step *s)
{
	char *path = text_of("%s/loaded", gw_step_need(s, "dir"));
	char *noted = gw_read_file(path), *now = NULL;
	enum gw_state state;

	if (noted == NULL)
		state = errno == EACCES ? GW_UNSEEN : GW_MISSING;
	else if ((now = hash(s)) == NULL)
		state = errno == EACCES ? GW_UNSEEN : GW_DRIFTED;
	else if (!has_connections(sys, s))
		state = GW_MISSING;
	else
		state = strcmp(noted, now) == 0 ? GW_AS_PLANNED : GW_DRIFTED;
	free(noted);
	free(now);
	free(path);
	return state;
}

/* end: on CLOCK_MONOTONIC. */
static int
load(struct gw_system *sys, const char *dir, const char *what, int64_t end)
{
	int64_t left = end - (int64_t)pd_clock_ms(CLOCK_MONOTONIC);
	char *uri = text_of("unix://%s/vici", dir);
	char *conf = text_of("STRONGSWAN_CONF=%s/strongswan.conf", dir);
	char *where = text_of("SWANCTL_DIR=%s", dir);
	/* What is not in the files any more is forgotten as well; credentials
	 * alone have to be told so. */
	bool clear = strcmp(what, "--load-creds") == 0;
	const char *const argv[] = { "swanctl", what, "--uri", uri,
		clear ? "--clear" : NULL, "--noprompt", NULL };
	const char *const env[] = { conf, where, NULL };
	struct gw_run r = {
		.argv = argv,
		.env = env,
		.timeout_ms = left > 1 ? (int)left : 1,
	};
	int rc = gw_run_or_fail(sys, &r);

	free(r.output);
	free(r.complaints);
	free(uri);
	free(conf);
	free(where);
	return rc;
}

static int
make(struct gw_system *sys, const struct gw_step *s)
{
	int64_t end = (int64_t)pd_clock_ms(CLOCK_MONOTONIC) + LOAD_MS;
	const char *dir = gw_step_need(s, "dir");
	char *path, *now;
	int rc = 0;

	/*
	 * This also waits until charon listens. Addresses come last: charon
	 * does not part with one that somebody has, and who was sent away comes
	 * again while his connection is there.
	 */
	if (gw_ikev2_expel(sys) < 0 ||
	    load(sys, dir, "--load-creds", end) < 0 ||
	    load(sys, dir, "--load-conns", end) < 0 ||
	    gw_ikev2_expel(sys) < 0 || load(sys, dir, "--load-pools", end) < 0)
		return -1;
	path = text_of("%s/loaded", dir);
	now = hash(s);
	if (now == NULL || gw_write_file(path, now, 0600) < 0)
		rc = gw_fail(sys, "%s: %s", path, strerror(errno));
	free(now);
	free(path);
	return rc;
}

static int
undo(struct gw_system *sys, const struct gw_step *s)
{
	char *path = text_of("%s/loaded", gw_step_need(s, "dir"));

	(void)sys;
	(void)unlink(path);
	free(path);
	return 0;
}

const struct gw_kind gw_kind_load = {
	.name = "load",
	.describe = describe,
	.probe = probe,
	.make = make,
	.undo = undo,
};
