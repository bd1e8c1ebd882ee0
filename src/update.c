/*
 * One run of an update: list after list is fetched, judged and put in its
 * place. What fails leaves that list as it was and goes on with the next.
 */
#include "update_part.h"

#include <errno.h>
#include <event2/buffer.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/worker.h"
#include "filters/block/source.h"
#include "update_store.h"

/* A list may say that it need not be asked for, but not for ever. */
#define EXPIRES_MAX_S (30 * 24 * 3600)
#define NAME_LEN_MAX  100

/* ---- names and places -------------------------------------------------- */

static const char *
file_of(const struct pd_conf_source *source)
{
	if (strncmp(source->url, "file:", 5) == 0)
		return source->url + 5;
	return strchr(source->url, ':') == NULL ? source->url : NULL;
}

bool
pd_update_name_ok(const char *name)
{
	size_t n = strlen(name);

	if (n == 0 || n > NAME_LEN_MAX || *name == '.')
		return false;
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)name[i];

		if (c <= ' ' || c == '/' || c == 0x7f)
			return false;
	}
	return true;
}

static const char *
name_file(struct pd_arena *arena, const struct pd_conf_source *source,
    const char *ending)
{
	return pd_arena_printf(arena, "%s.%s", source->name, ending).p;
}

char *
pd_update_path(const struct pd_conf *conf, const struct pd_conf_source *source)
{
	const char *file = file_of(source);
	char *path;

	if (file != NULL)
		return pd_xstrdup(file);
	if (conf->lists_directory == NULL || !pd_update_name_ok(source->name) ||
	    asprintf(&path, "%s/%s.list", conf->lists_directory, source->name) <
		0)
		return NULL;
	if (access(path, F_OK) == 0)
		return path;
	free(path);
	return NULL;
}

static int
read_meta(int dir, const struct pd_conf_source *source, struct pd_arena *arena,
    struct pd_update_meta *out)
{
	struct evbuffer *text = evbuffer_new();
	int rc = -1;

	if (text == NULL)
		abort();
	if (pd_update_store_read(dir, name_file(arena, source, "meta"),
		PD_UPDATE_META_MAX, text) == 0) {
		size_t n = evbuffer_get_length(text);
		const char *p = (const char *)evbuffer_pullup(text, -1);

		/* Its strings must outlive the buffer: they are copied. */
		rc = pd_update_meta_parse(pd_str_of(p, n), arena, out);
	}
	evbuffer_free(text);
	return rc;
}

/* Of another address it says nothing. */
static int
read_meta_of(int dir, const struct pd_conf_source *source,
    struct pd_arena *arena, struct pd_update_meta *out)
{
	if (read_meta(dir, source, arena, out) == 0 &&
	    pd_str_eq(out->url, pd_str_z(source->url)))
		return 0;
	*out = (struct pd_update_meta){ 0 };
	return -1;
}

int
pd_update_meta(const struct pd_conf *conf, const struct pd_conf_source *source,
    struct pd_arena *arena, struct pd_update_meta *out)
{
	int dir = -1, rc;

	*out = (struct pd_update_meta){ 0 };
	if (conf->lists_directory != NULL && pd_update_name_ok(source->name))
		dir = open(
		    conf->lists_directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return -1;
	rc = read_meta_of(dir, source, arena, out);
	close(dir);
	return rc;
}

static int
write_meta(struct pd_update_job *j, const struct pd_update_meta *m)
{
	char *text = NULL;
	size_t n = 0;
	FILE *f = open_memstream(&text, &n);
	int rc;

	if (f == NULL)
		abort();
	pd_update_meta_write(f, m);
	fclose(f);
	rc = pd_update_store_write(j->run->dir,
	    name_file(j->arena, j->source, "meta"), pd_str_of(text, n), false);
	free(text);
	return rc;
}

/* ---- outcomes ---------------------------------------------------------- */

static void
tell(struct pd_update_work *r, const char *list, enum pd_update_outcome outcome,
    const char *text, int64_t before, int64_t now)
{
	r->changed += outcome == PD_UPDATE_NEW;
	r->failed += outcome >= PD_UPDATE_SHRUNK;
	if (r->report != NULL && r->report->outcome != NULL)
		r->report->outcome(r->report->arg, list, outcome, text,
		    (uint32_t)before, (uint32_t)now);
}

static void
tell_job(struct pd_update_job *j, enum pd_update_outcome outcome, int64_t now)
{
	tell(j->run, j->source->name, outcome, j->why, j->meta.rules, now);
}

__attribute__((format(printf, 2, 3))) static void
fail(struct pd_update_job *j, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(j->why, sizeof(j->why), fmt, ap);
	va_end(ap);
	tell_job(j, PD_UPDATE_FAILED, 0);
}

/* ---- judging ----------------------------------------------------------- */

static struct pd_str
whole(struct evbuffer *b)
{
	size_t n = evbuffer_get_length(b);

	return n == 0 ? PD_STR("")
		      : pd_str_of((const char *)evbuffer_pullup(b, -1), n);
}

static int64_t
count(const struct pd_source_summary *s)
{
	return (int64_t)s->rules + s->cosmetics;
}

static int64_t
expires(const struct pd_update_work *r, int64_t lasts_s)
{
	if (lasts_s <= 0)
		return 0;
	return r->now + (lasts_s < EXPIRES_MAX_S ? lasts_s : EXPIRES_MAX_S);
}

/* What is there is what was fetched: it counts from now on again. */
static void
keep_same(struct pd_update_job *j)
{
	struct pd_update_meta m = j->meta;

	m.expires = expires(j->run, m.expires - m.checked);
	m.checked = j->run->now;
	if (write_meta(j, &m) < 0)
		fail(j, "cannot write: %s", strerror(errno));
	else
		tell_job(j, PD_UPDATE_SAME, m.rules);
}

static void
install(struct pd_update_job *j, const struct pd_source_summary *s, bool same)
{
	struct pd_update_work *r = j->run;
	struct pd_str text = whole(j->text);
	struct pd_update_meta m = {
		.url = pd_str_z(j->source->url),
		.checked = r->now,
		.changed = same ? j->meta.changed : r->now,
		.expires = expires(r, s->expires_s),
		.rules = count(s),
		.bytes = (int64_t)text.n,
	};

	/* Of a list with parts the first says nothing about the others. */
	if (j->includes == 0) {
		m.etag = j->etag;
		m.last_modified = j->last_modified;
	}
	if (!same &&
	    pd_update_store_write(r->dir,
		name_file(j->arena, j->source, "list"), text, true) < 0) {
		fail(j, "cannot write: %s", strerror(errno));
		return;
	}
	/* Without a note the list is there all the same, and fetched again. */
	if (write_meta(j, &m) < 0 && same) {
		fail(j, "cannot write: %s", strerror(errno));
		return;
	}
	tell_job(j, same ? PD_UPDATE_SAME : PD_UPDATE_NEW, m.rules);
}

static void
judge(struct pd_update_job *j)
{
	struct pd_source_summary old = { 0 }, now;
	struct pd_str text = whole(j->text), before = whole(j->old);
	const char *why = NULL;

	if (pd_source_summarise(text, &now, &why) < 0 || count(&now) == 0) {
		snprintf(j->why, sizeof(j->why), "%s",
		    why != NULL ? why : "there are no rules in it");
		tell_job(j, PD_UPDATE_NOT_LIST, 0);
		return;
	}
	if (before.n > 0 && pd_source_summarise(before, &old, &why) < 0)
		old = (struct pd_source_summary){ 0 };
	/* Counted afresh: what the note beside it says proves nothing. */
	j->meta.rules = count(&old);
	if (!j->moved && !j->run->params->force &&
	    count(&now) < (count(&old) + 1) / 2) {
		snprintf(
		    j->why, sizeof(j->why), "less than half of what is there");
		tell_job(j, PD_UPDATE_SHRUNK, count(&now));
		return;
	}
	install(j, &now, pd_str_eq(text, before));
}

/* ---- one list ---------------------------------------------------------- */

/* What is there, and what is remembered of it if that fits. */
static int
read_old(struct pd_update_job *j)
{
	const char *name = name_file(j->arena, j->source, "list");

	if (read_meta(j->run->dir, j->source, j->arena, &j->meta) < 0) {
		j->meta = (struct pd_update_meta){ 0 };
	} else if (!pd_str_eq(j->meta.url, pd_str_z(j->source->url))) {
		j->moved = j->meta.url.n > 0;
		j->meta = (struct pd_update_meta){ 0 };
	}
	if (pd_update_store_read(
		j->run->dir, name, PD_UPDATE_LIST_MAX, j->old) < 0) {
		evbuffer_drain(j->old, evbuffer_get_length(j->old));
		/* Something else has its name, or may not be read. */
		if (errno != ENOENT && errno != EFBIG)
			return -1;
	}
	if (j->meta.bytes != (int64_t)evbuffer_get_length(j->old)) {
		j->meta.etag = j->meta.last_modified = PD_STR("");
		j->meta.expires = 0;
	}
	return 0;
}

static void
update_remote(struct pd_update_job *j)
{
	struct pd_update_work *r = j->run;

	if (read_old(j) < 0) {
		fail(j, "cannot read the copy: %s", strerror(errno));
		return;
	}
	if (!r->params->force && j->meta.expires > r->now &&
	    j->meta.checked <= r->now) {
		snprintf(j->why, sizeof(j->why), "%" PRId64,
		    j->meta.expires - r->now);
		tell_job(j, PD_UPDATE_NOT_DUE, j->meta.rules);
		return;
	}
	switch (pd_update_get(j)) {
	case 304:
		keep_same(j);
		break;
	case 200:
		judge(j);
		break;
	default:
		tell_job(j, PD_UPDATE_FAILED, 0);
	}
}

/* A file of this machine: used where it is, and looked at here. */
static void
update_local(struct pd_update_job *j)
{
	struct pd_update_work *r = j->run;
	const char *path = file_of(j->source), *why = NULL;
	struct pd_source_summary now;
	struct pd_update_meta m = { .url = pd_str_z(j->source->url) };
	struct stat st;
	bool known = r->dir >= 0 &&
		     read_meta_of(r->dir, j->source, j->arena, &j->meta) == 0;

	if (stat(path, &st) < 0 || pd_update_store_read(AT_FDCWD, path,
				       PD_UPDATE_LIST_MAX, j->text) < 0) {
		fail(j, "%s: %s", path, strerror(errno));
		return;
	}
	m.checked = r->now;
	m.changed = st.st_mtime;
	m.bytes = (int64_t)evbuffer_get_length(j->text);
	known =
	    known && m.changed == j->meta.changed && m.bytes == j->meta.bytes;
	if (pd_source_summarise(whole(j->text), &now, &why) < 0) {
		snprintf(j->why, sizeof(j->why), "%s", why);
		tell_job(j, PD_UPDATE_NOT_LIST, 0);
		return;
	}
	m.rules = count(&now);
	if (r->dir >= 0 && write_meta(j, &m) < 0)
		fail(j, "cannot write: %s", strerror(errno));
	else
		tell_job(j,
		    known || r->dir < 0 ? PD_UPDATE_SAME : PD_UPDATE_NEW,
		    m.rules);
}

static void
update(struct pd_update_work *r, const struct pd_conf_source *source)
{
	struct pd_update_job j = { .run = r, .source = source };

	j.arena = pd_arena_create();
	j.old = evbuffer_new();
	j.text = evbuffer_new();
	j.content = evbuffer_new();
	if (j.old == NULL || j.text == NULL || j.content == NULL)
		abort();
	if (!pd_update_name_ok(source->name))
		fail(&j, "its name cannot be that of a file; give it another");
	else if (file_of(source) != NULL)
		update_local(&j);
	else if (r->dir < 0)
		fail(&j, "there is no folder for it; set lists.directory");
	else
		update_remote(&j);
	evbuffer_free(j.old);
	evbuffer_free(j.text);
	evbuffer_free(j.content);
	pd_arena_destroy(j.arena);
}

/* ---- all of them ------------------------------------------------------- */

static bool
is_meant(const struct pd_update_params *p, const struct pd_conf_source *source)
{
	if (p->nonly == 0)
		return !source->off;
	for (size_t i = 0; i < p->nonly; i++) {
		if (strcmp(p->only[i], source->name) == 0)
			return true;
	}
	return false;
}

/* 0, or -1 after it was told. */
static int
open_folder(struct pd_update_work *r)
{
	const char *path = r->params->conf->lists_directory;
	char why[PD_UPDATE_WHY_MAX];

	if (path == NULL)
		return 0;
	r->dir = pd_update_store_open(path);
	if (r->dir >= 0)
		return 0;
	if (errno == EWOULDBLOCK)
		snprintf(why, sizeof(why),
		    "%.400s: another update is under way", path);
	else
		snprintf(why, sizeof(why), "%.400s: %s", path, strerror(errno));
	tell(r, "", PD_UPDATE_FAILED, why, 0, 0);
	return -1;
}

/* An origin that goes while it is written to must not end the program. */
static void
hold_sigpipe(sigset_t *before)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, &set, before);
}

static void
release_sigpipe(const sigset_t *before)
{
	const struct timespec now = { 0 };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGPIPE);
	if (!sigismember(before, SIGPIPE)) {
		while (sigtimedwait(&set, NULL, &now) == SIGPIPE)
			;
	}
	pthread_sigmask(SIG_SETMASK, before, NULL);
}

int
pd_update_run(const struct pd_update_params *params,
    const struct pd_update_report *report, size_t *changed)
{
	struct pd_update_work r = {
		.params = params, .report = report, .dir = -1
	};
	const struct pd_conf *conf = params->conf;
	sigset_t before;

	*changed = 0;
	r.now = time(NULL);
	if (open_folder(&r) < 0)
		return -1;
	r.worker = pd_worker_create(0);
	if (r.worker == NULL) {
		tell(&r, "", PD_UPDATE_FAILED, strerror(errno), 0, 0);
		if (r.dir >= 0)
			close(r.dir);
		return -1;
	}
	hold_sigpipe(&before);
	for (size_t i = 0; i < conf->nsources; i++) {
		if (is_meant(params, &conf->sources[i]))
			update(&r, &conf->sources[i]);
	}
	pd_worker_destroy(r.worker);
	release_sigpipe(&before);
	if (r.dir >= 0)
		close(r.dir);
	*changed = r.changed;
	return (int)r.failed;
}
