/*
 * The engine over kinds of three sorts that live in memory: things that are
 * made (route), settings that have a value before us (neighbour), and texts
 * (rule). They take the place of the kinds of those names, so that the journal
 * knows them. The memory is shared with children that are killed on the way.
 */
#include "engine.h"

#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/arena.h"

#define ROOM 16

struct thing {
	char name[16], value[16];
	bool ours;
};

static struct world {
	struct thing things[ROOM], texts[ROOM], settings[ROOM];
	unsigned writes; /* every change of anything */
	char refuse[16]; /* the thing that cannot be made */
	char stuck[16];  /* the thing that cannot be undone */
} * world, first;

static unsigned die_at, calls; /* of gw_fault() */
static int raise_at;           /* a signal that comes at the call before */
static char dir[64];

void
gw_fault(const char *where)
{
	(void)where;
	if (++calls == die_at)
		(void)kill(getpid(), SIGKILL);
	if (raise_at != 0 && calls == 2)
		(void)raise(raise_at);
}

/* ---- the kinds ---------------------------------------------------------- */

static struct thing *
find(struct thing *v, const char *name)
{
	for (size_t i = 0; i < ROOM; i++) {
		if (strcmp(v[i].name, name) == 0)
			return &v[i];
	}
	return NULL;
}

static void
put(struct thing *t, const char *name, const char *value, bool ours)
{
	snprintf(t->name, sizeof(t->name), "%s", name);
	snprintf(t->value, sizeof(t->value), "%s", value);
	t->ours = ours;
	world->writes++;
}

static const char *
key(const struct gw_step *s)
{
	return gw_step_need(s, "name");
}

static void
describe(const struct gw_step *s, FILE *out)
{
	fprintf(
	    out, "%s %s %s", s->kind->name, key(s), gw_step_need(s, "value"));
}

static enum gw_state
probe_in(struct thing *v, const char *name, const char *value)
{
	struct thing *t = find(v, name);

	if (t == NULL)
		return GW_MISSING;
	if (!t->ours)
		return GW_FOREIGN;
	return strcmp(t->value, value) == 0 ? GW_AS_PLANNED : GW_DRIFTED;
}

/* Half of it, then the rest: it may be interrupted between. */
static int
make_in(
    struct gw_system *sys, struct thing *v, const char *name, const char *value)
{
	struct thing *t = find(v, name);

	if (strcmp(name, world->refuse) == 0)
		return gw_fail(sys, "refused");
	put(t != NULL ? t : find(v, ""), name, "half", true);
	gw_fault("within");
	put(find(v, name), name, value, true);
	return 0;
}

static int
undo_in(struct gw_system *sys, struct thing *v, const char *name)
{
	struct thing *t = find(v, name);

	if (strcmp(name, world->stuck) == 0)
		return gw_fail(sys, "stuck");
	if (t != NULL && t->ours)
		put(t, "", "", false);
	return 0;
}

static enum gw_state
thing_probe(struct gw_system *sys, const struct gw_step *s)
{
	(void)sys;
	return probe_in(world->things, key(s), gw_step_need(s, "value"));
}

static int
thing_make(struct gw_system *sys, const struct gw_step *s)
{
	return make_in(sys, world->things, key(s), gw_step_need(s, "value"));
}

static int
thing_undo(struct gw_system *sys, const struct gw_step *s)
{
	return undo_in(sys, world->things, key(s));
}

static enum gw_state
text_probe(struct gw_system *sys, const struct gw_step *s)
{
	(void)sys;
	return probe_in(world->texts, key(s), s->text);
}

static int
text_make(struct gw_system *sys, const struct gw_step *s)
{
	return make_in(sys, world->texts, key(s), s->text);
}

static int
text_undo(struct gw_system *sys, const struct gw_step *s)
{
	assert_null(s->text);
	return undo_in(sys, world->texts, key(s));
}

static enum gw_state
setting_probe(struct gw_system *sys, const struct gw_step *s)
{
	struct thing *t = find(world->settings, key(s));

	(void)sys;
	if (t == NULL)
		return GW_MISSING;
	return strcmp(t->value, gw_step_need(s, "value")) == 0 ? GW_AS_PLANNED
							       : GW_DRIFTED;
}

static int
setting_remember(struct gw_system *sys, struct gw_step *s)
{
	gw_step_set(s, sys->arena, "was", find(world->settings, key(s))->value);
	return 0;
}

static int
setting_make(struct gw_system *sys, const struct gw_step *s)
{
	struct thing *t = find(world->settings, key(s));

	if (t == NULL)
		return gw_fail(sys, "no such setting");
	put(t, key(s), gw_step_need(s, "value"), false);
	return 0;
}

static int
setting_undo(struct gw_system *sys, const struct gw_step *s)
{
	struct thing *t = find(world->settings, key(s));

	(void)sys;
	if (t != NULL && strcmp(t->value, gw_step_need(s, "value")) == 0)
		put(t, key(s), gw_step_need(s, "was"), false);
	return 0;
}

const struct gw_kind gw_kind_route = {
	.name = "route",
	.describe = describe,
	.probe = thing_probe,
	.make = thing_make,
	.undo = thing_undo,
};
const struct gw_kind gw_kind_rule = {
	.name = "rule",
	.describe = describe,
	.probe = text_probe,
	.make = text_make,
	.undo = text_undo,
};
const struct gw_kind gw_kind_neighbour = {
	.name = "neighbour",
	.describe = describe,
	.probe = setting_probe,
	.remember = setting_remember,
	.make = setting_make,
	.undo = setting_undo,
};

/* ---- plans -------------------------------------------------------------- */

static struct gw_config conf = {
	.name = "test", .run_dir = dir, .state_dir = dir
};

static struct gw_plan *
plan(void)
{
	struct gw_plan *p = pd_xalloc(sizeof(*p));

	p->arena = pd_arena_create();
	p->conf = &conf;
	return p;
}

static struct gw_step *
add(struct gw_plan *p, const struct gw_kind *kind, const char *name,
    const char *value)
{
	return gw_plan_add(
	    p, GW_PHASE_ROUTE, kind, 1, "name", name, "value", value);
}

static void
add_text(struct gw_plan *p, const char *name, const char *text)
{
	add(p, &gw_kind_rule, name, NULL)->text = text;
}

static struct gw_plan *
plan_a(void)
{
	struct gw_plan *p = plan();

	add(p, &gw_kind_neighbour, "redirects", "no");
	add(p, &gw_kind_route, "link", "a");
	add(p, &gw_kind_route, "address", "10.0.0.1");
	add_text(p, "table", "accept");
	add(p, &gw_kind_neighbour, "mtu", "1500");
	add(p, &gw_kind_neighbour, "forward", "1");
	return p;
}

/* Something less, something more (before what stays), something otherwise. */
static struct gw_plan *
plan_b(void)
{
	struct gw_plan *p = plan();

	add(p, &gw_kind_neighbour, "redirects", "never");
	add(p, &gw_kind_route, "tunnel", "b");
	add(p, &gw_kind_route, "address", "10.0.0.2");
	add_text(p, "table", "drop");
	add(p, &gw_kind_neighbour, "forward", "1");
	return p;
}

static const struct {
	const char *name, *value;
} at_first[] = { { "redirects", "yes" }, { "mtu", "1500" },
	{ "forward", "0" } };

static int
up(struct gw_plan *p, size_t *changed)
{
	struct gw_begin how = { .wait_ms = 5000 };
	struct gw_engine e;
	int rc = gw_engine_begin_with(&e, &conf, &how);

	assert_int_equal(rc, 0);
	rc = gw_engine_up(&e, p);
	if (changed != NULL)
		*changed = e.changed;
	gw_engine_end(&e);
	return rc;
}

static int
down(void)
{
	struct gw_begin how = { .wait_ms = 5000 };
	struct gw_engine e;
	int rc = gw_engine_begin_with(&e, &conf, &how);

	assert_int_equal(rc, 0);
	rc = gw_engine_down(&e);
	gw_engine_end(&e);
	return rc;
}

static void
finish(struct gw_plan *p)
{
	gw_plan_destroy(p);
}

/* The world as text: what is there, in no matter what place of the table. */
static char *
show(const struct world *w)
{
	static const char *const names[] = { "redirects", "mtu", "forward",
		"link", "address", "tunnel", "table", "late" };
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		const struct thing *in[3] = { w->settings, w->things,
			w->texts };

		for (size_t k = 0; k < 3; k++) {
			const struct thing *t =
			    find((struct thing *)in[k], names[i]);

			if (t != NULL)
				fprintf(f, "%s=%s ", t->name, t->value);
		}
	}
	fclose(f);
	return text;
}

static void
expect(const char *want)
{
	char *got = show(world);

	assert_string_equal(got, want);
	free(got);
}

static void
expect_first(void)
{
	char path[128];
	struct stat st;

	expect("redirects=yes mtu=1500 forward=0 ");
	/* And nothing is left of the run directory. */
	snprintf(path, sizeof(path), "%s/gateway-test", dir);
	assert_int_equal(stat(path, &st), -1);
}

static int
reset(void **state)
{
	(void)state;
	*world = first;
	die_at = calls = 0;
	raise_at = 0;
	return 0;
}

/* ---- tests -------------------------------------------------------------- */

static void
up_then_silent_then_down(void **state)
{
	struct gw_plan *p = plan_a();
	unsigned writes;
	size_t changed;

	(void)state;
	assert_int_equal(up(p, &changed), 0);
	assert_int_equal(changed, 5);
	expect("redirects=no mtu=1500 forward=1 link=a address=10.0.0.1 "
	       "table=accept ");
	writes = world->writes;
	calls = 0;
	assert_int_equal(up(p, &changed), 0);
	assert_int_equal(changed, 0);
	assert_int_equal(world->writes, writes);
	assert_int_equal(down(), 0);
	expect_first();
	assert_int_equal(down(), 0);
	finish(p);
}

/* mtu was 1500 already: somebody else's, and not given back. */
static void
what_was_there_is_not_undone(void **state)
{
	struct gw_plan *p = plan_a();

	(void)state;
	assert_int_equal(up(p, NULL), 0);
	put(find(world->settings, "mtu"), "mtu", "1400", false);
	assert_int_equal(down(), 0);
	expect("redirects=yes mtu=1400 forward=0 ");
	finish(p);
}

static void
what_others_changed_is_left(void **state)
{
	struct gw_plan *p = plan_a();

	(void)state;
	assert_int_equal(up(p, NULL), 0);
	put(find(world->settings, "redirects"), "redirects", "maybe", false);
	put(find(world->things, "address"), "address", "10.9.9.9", false);
	assert_int_equal(down(), 0);
	expect("redirects=maybe mtu=1500 forward=0 address=10.9.9.9 ");
	finish(p);
}

static void
another_plan_takes_its_place(void **state)
{
	struct gw_plan *a = plan_a(), *b = plan_b();
	unsigned writes;

	(void)state;
	assert_int_equal(up(a, NULL), 0);
	assert_int_equal(up(b, NULL), 0);
	expect("redirects=never mtu=1500 forward=1 address=10.0.0.2 tunnel=b "
	       "table=drop ");
	writes = world->writes;
	assert_int_equal(up(b, NULL), 0);
	assert_int_equal(world->writes, writes);
	assert_int_equal(down(), 0);
	expect_first();
	finish(a);
	finish(b);
}

/* Also after a change: forwarding, the plan's last, is what goes first. */
static void
undone_from_the_plan_s_end(void **state)
{
	struct gw_plan *a = plan_a(), *b = plan_b();
	char *text = NULL;
	size_t len = 0;
	struct gw_engine e;

	(void)state;
	assert_int_equal(up(a, NULL), 0);
	assert_int_equal(up(b, NULL), 0);
	assert_int_equal(gw_engine_begin(&e, &conf), 0);
	e.tell = open_memstream(&text, &len);
	assert_int_equal(gw_engine_down(&e), 0);
	fclose(e.tell);
	gw_engine_end(&e);
	assert_string_equal(text, "undo: neighbour forward 1\n"
				  "undo: rule table \n"
				  "undo: route address 10.0.0.2\n"
				  "undo: route tunnel b\n"
				  "undo: neighbour redirects never\n");
	free(text);
	finish(a);
	finish(b);
}

static void
drift_is_mended(void **state)
{
	struct gw_plan *p = plan_a();
	size_t changed;

	(void)state;
	assert_int_equal(up(p, NULL), 0);
	put(find(world->things, "link"), "", "", false);
	put(find(world->settings, "forward"), "forward", "0", false);
	assert_int_equal(up(p, &changed), 0);
	assert_int_equal(changed, 2);
	assert_int_equal(down(), 0);
	expect_first();
	finish(p);
}

static void
failure_is_undone(void **state)
{
	struct gw_plan *p = plan_a();

	(void)state;
	strcpy(world->refuse, "table");
	assert_int_equal(up(p, NULL), -1);
	expect_first();
	finish(p);
}

/* What an earlier plan made stays, whatever becomes of this one. */
static void
failure_spares_what_was_up(void **state)
{
	struct gw_plan *p = plan_a(), *more = plan_a();

	(void)state;
	assert_int_equal(up(p, NULL), 0);
	add(more, &gw_kind_route, "tunnel", "b");
	add(more, &gw_kind_route, "late", "c");
	strcpy(world->refuse, "late");
	assert_int_equal(up(more, NULL), -1);
	expect("redirects=no mtu=1500 forward=1 link=a address=10.0.0.1 "
	       "table=accept ");
	assert_int_equal(down(), 0);
	expect_first();
	finish(p);
	finish(more);
}

/* What was changed in place waits for the plan of before to come back. */
static void
failure_spares_what_was_changed(void **state)
{
	struct gw_plan *p = plan_a(), *b = plan_b();

	(void)state;
	assert_int_equal(up(p, NULL), 0);
	add(b, &gw_kind_route, "late", "c");
	strcpy(world->refuse, "late");
	assert_int_equal(up(b, NULL), -1);
	expect("redirects=never mtu=1500 forward=1 address=10.0.0.2 "
	       "table=drop ");
	assert_int_equal(up(p, NULL), 0);
	expect("redirects=no mtu=1500 forward=1 link=a address=10.0.0.1 "
	       "table=accept ");
	assert_int_equal(down(), 0);
	expect_first();
	finish(p);
	finish(b);
}

/* It says what is to be undone, to whoever can read it. */
static void
unreadable_journal_is_kept(void **state)
{
	struct gw_begin how = { .wait_ms = 5000, .quiet = true };
	struct gw_engine e;
	char path[128];

	(void)state;
	snprintf(path, sizeof(path), "%s/gateway-test", dir);
	assert_int_equal(mkdir(path, 0700), 0);
	strcat(path, "/journal");
	assert_int_equal(gw_write_file(path, "nonsense\n", 0600), 0);
	assert_int_equal(gw_engine_begin_with(&e, &conf, &how), -1);
	assert_non_null(strstr(how.why, "--by-tag"));
	assert_int_equal(access(path, F_OK), 0);
	how.salvage = true;
	assert_int_equal(gw_engine_begin_with(&e, &conf, &how), 0);
	gw_engine_end(&e);
	expect_first();
}

/* Longer than anything is read: by marks it can be taken down all the same. */
static void
endless_journal_stops_no_sweep(void **state)
{
	struct gw_begin how = { .quiet = true };
	struct gw_engine e;
	char path[128];
	int fd;

	(void)state;
	snprintf(path, sizeof(path), "%s/gateway-test", dir);
	assert_int_equal(mkdir(path, 0700), 0);
	strcat(path, "/journal");
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(ftruncate(fd, (off_t)65 << 20), 0);
	close(fd);
	assert_int_equal(gw_engine_begin_with(&e, &conf, &how), -1);
	assert_non_null(strstr(how.why, "too large"));
	how.salvage = true;
	assert_int_equal(gw_engine_begin_with(&e, &conf, &how), 0);
	gw_engine_end(&e);
	expect_first();
}

/*
 * Somebody who goes as soon as he was found in the way is waited for: a child
 * of a killed one, which had not come to its exec yet.
 */
static void
who_goes_at_once_is_waited_for(void **state)
{
	int notify = inotify_init1(IN_CLOEXEC), ready[2];
	struct gw_begin how = { 0 };
	struct gw_engine e, other;
	char buf[4096], path[128];
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		if (gw_engine_begin(&other, &conf) < 0)
			_exit(1);
		snprintf(path, sizeof(path), "%s/gateway-test/lock", dir);
		inotify_add_watch(notify, path, IN_CLOSE_WRITE);
		(void)!write(ready[1], "", 1);
		/* That was the first try. */
		(void)!read(notify, buf, sizeof(buf));
		kill(getpid(), SIGKILL);
	}
	assert_int_equal(read(ready[0], buf, 1), 1);
	assert_int_equal(gw_engine_begin_with(&e, &conf, &how), 0);
	gw_engine_end(&e);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	close(ready[0]);
	close(ready[1]);
	close(notify);
	expect_first();
}

static void
foreign_is_refused(void **state)
{
	struct gw_plan *p = plan_a();

	(void)state;
	put(find(world->things, ""), "address", "10.0.0.1", false);
	assert_int_equal(up(p, NULL), -1);
	expect("redirects=yes mtu=1500 forward=0 address=10.0.0.1 ");
	finish(p);
}

struct asked {
	unsigned missing, foreign;
};

static bool
on_skip(void *arg, const struct gw_step *s, enum gw_state state)
{
	struct asked *asked = arg;

	(void)s;
	asked->missing += state == GW_MISSING;
	asked->foreign += state == GW_FOREIGN;
	return true;
}

/* Who is asked what to leave alone knows what can be mended, and what only
 * complained of. */
static void
skipping_knows_the_state(void **state)
{
	struct gw_plan *p = plan_a();
	struct asked asked = { 0 };
	struct gw_engine e;

	(void)state;
	put(find(world->things, ""), "address", "10.0.0.1", false);
	assert_int_equal(gw_engine_begin(&e, &conf), 0);
	e.skip = on_skip;
	e.arg = &asked;
	assert_int_equal(gw_engine_up(&e, p), 0);
	assert_int_equal(e.changed, 0);
	assert_true(asked.missing > 0);
	assert_int_equal(asked.foreign, 1);
	gw_engine_end(&e);
	finish(p);
}

static void
stuck_stays_written_down(void **state)
{
	struct gw_plan *p = plan_a();

	(void)state;
	assert_int_equal(up(p, NULL), 0);
	strcpy(world->stuck, "address");
	assert_int_equal(down(), -1);
	expect("redirects=yes mtu=1500 forward=0 address=10.0.0.1 ");
	world->stuck[0] = '\0';
	assert_int_equal(down(), 0);
	expect_first();
	finish(p);
}

static void
no_uplink_is_told(void **state)
{
	struct gw_plan *p = plan_a();

	(void)state;
	add(p, &gw_kind_route, "late", GW_NO_UPLINK);
	p->no_uplink = true;
	assert_int_equal(up(p, NULL), -1);
	expect_first();
	/* So may a link be called. */
	p->v[p->n - 1]->args[1].value = "uplink";
	assert_int_equal(up(p, NULL), 0);
	assert_int_equal(down(), 0);
	finish(p);
}

static bool
is_text(const struct gw_step *s)
{
	return s->kind == &gw_kind_rule || gw_engine_needs_uplink(s);
}

/* What else is otherwise, missing or not wanted stays as it is; what fails is
 * in nobody's way. */
static void
some_of_a_plan(void **state)
{
	struct gw_plan *a = plan_a(), *p = plan();
	struct gw_engine e;

	(void)state;
	assert_int_equal(up(a, NULL), 0);
	add(p, &gw_kind_route, "tunnel", "b");
	add(p, &gw_kind_route, "late", GW_NO_UPLINK);
	add(p, &gw_kind_route, "address", "10.0.0.2");
	add_text(p, "table", "drop");
	p->no_uplink = true;
	strcpy(world->refuse, "late");
	assert_int_equal(gw_engine_begin(&e, &conf), 0);
	assert_int_equal(gw_engine_up_some(&e, p, is_text), -1);
	gw_engine_end(&e);
	expect("redirects=no mtu=1500 forward=1 link=a address=10.0.0.1 "
	       "table=drop ");
	assert_int_equal(down(), 0);
	expect_first();
	finish(p);
	finish(a);
}

static void
signal_undoes(void **state)
{
	struct gw_plan *p = plan_a();
	sigset_t pending;
	struct gw_engine e;
	struct timespec now = { 0 };

	(void)state;
	raise_at = SIGTERM;
	assert_int_equal(gw_engine_begin(&e, &conf), 0);
	calls = 0;
	assert_int_equal(gw_engine_up(&e, p), -1);
	expect("redirects=yes mtu=1500 forward=0 ");
	sigpending(&pending);
	assert_true(sigismember(&pending, SIGTERM));
	assert_int_equal(sigtimedwait(&pending, NULL, &now), SIGTERM);
	gw_engine_end(&e);
	finish(p);
}

static void
one_at_a_time(void **state)
{
	struct gw_begin how = { .quiet = true };
	struct gw_engine e, other;
	int status;
	pid_t pid;

	(void)state;
	assert_int_equal(gw_engine_begin(&e, &conf), 0);
	pid = fork();
	if (pid == 0) {
		bool told = gw_engine_begin_with(&other, &conf, &how) < 0 &&
			    how.holder.pid == getppid() && !how.holder.serves;
		struct gw_config rival = conf;

		/* Of another name, in the same namespace. */
		rival.name = "rival";
		told = told && gw_engine_begin_with(&other, &rival, &how) < 0;
		_exit(told ? 0 : 1);
	}
	waitpid(pid, &status, 0);
	gw_engine_end(&e);
	assert_int_equal(status, 0);
}

/* While it was waited for the namespace, `down` of another took it away. */
static void
a_lock_that_was_removed_is_taken_anew(void **state)
{
	struct gw_begin how = { .wait_ms = 5000, .quiet = true };
	struct gw_config rival = conf;
	struct gw_engine e;
	int news[2], status;
	char byte = 0, *path;
	pid_t pid;

	(void)state;
	rival.name = "rival";
	assert_int_equal(pipe(news), 0);
	pid = fork();
	if (pid == 0) {
		if (gw_engine_begin_with(&e, &rival, &how) < 0 ||
		    write(news[1], &byte, 1) != 1 ||
		    asprintf(&path, "%s/gateway-%s/lock", conf.run_dir,
			conf.name) < 0)
			_exit(1);
		while (unlink(path) < 0)
			usleep(1000);
		gw_engine_end(&e);
		_exit(0);
	}
	assert_int_equal(read(news[0], &byte, 1), 1);
	assert_int_equal(gw_engine_begin_with(&e, &conf, &how), 0);
	path = gw_system_path(&e.sys, "lock");
	assert_int_equal(access(path, F_OK), 0);
	free(path);
	gw_engine_end(&e);
	waitpid(pid, &status, 0);
	assert_int_equal(status, 0);
	close(news[0]);
	close(news[1]);
}

static void
rival_that_is_up_is_named(void **state)
{
	struct gw_begin how = { .wait_ms = 5000, .quiet = true };
	struct gw_config rival = conf;
	struct gw_plan *p = plan_a();
	struct gw_engine e;

	(void)state;
	assert_int_equal(up(p, NULL), 0);
	rival.name = "rival";
	assert_int_equal(gw_engine_begin_with(&e, &rival, &how), -1);
	assert_non_null(strstr(how.why, "down --name test"));
	assert_int_equal(down(), 0);
	assert_int_equal(gw_engine_begin_with(&e, &rival, &how), 0);
	gw_engine_end(&e);
	finish(p);
}

/* ---- crashes ------------------------------------------------------------ */

/* Runs what in a child that dies at the n-th place. Whether it got to its
 * end. */
static bool
dies_at(unsigned n, int (*what)(void))
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		calls = 0;
		die_at = n;
		_exit(what() < 0 ? 1 : 0);
	}
	waitpid(pid, &status, 0);
	assert_true(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
	return WIFEXITED(status);
}

static int
up_a(void)
{
	struct gw_plan *p = plan_a();
	int rc = up(p, NULL);

	finish(p);
	return rc;
}

static int
up_b(void)
{
	struct gw_plan *p = plan_b();
	int rc = up(p, NULL);

	finish(p);
	return rc;
}

/*
 * Wherever it dies: down leaves nothing behind. And wherever it dies: up gets
 * to its end, and down after it leaves nothing behind, either.
 */
static unsigned
crash_matrix(int (*before)(void), int (*what)(void), const char *end)
{
	unsigned n;

	for (n = 1;; n++) {
		bool survived;

		for (int again = 0; again < 2; again++) {
			*world = first;
			if (before != NULL)
				assert_int_equal(before(), 0);
			survived = dies_at(n, what);
			calls = 0;
			if (again == 1) {
				assert_int_equal(up_b(), 0);
				expect(end);
			}
			assert_int_equal(down(), 0);
			expect_first();
		}
		if (survived)
			return n - 1;
	}
}

static const char b_is_up[] =
    "redirects=never mtu=1500 forward=1 address=10.0.0.2 tunnel=b table=drop ";

static void
crash_in_up(void **state)
{
	(void)state;
	assert_in_range(crash_matrix(NULL, up_a, b_is_up), 15, 40);
}

static void
crash_in_change(void **state)
{
	(void)state;
	assert_in_range(crash_matrix(up_a, up_b, b_is_up), 15, 40);
}

static void
crash_in_down(void **state)
{
	(void)state;
	assert_in_range(crash_matrix(up_a, down, b_is_up), 10, 40);
}

static int
set_up(void **state)
{
	(void)state;
	/* Where the machine allows it, by ourselves: a gateway of its own may
	 * be up there. */
	(void)unshare(CLONE_NEWUSER | CLONE_NEWNET);
	strcpy(dir, "/tmp/pared-engine-XXXXXX");
	world = mmap(NULL, sizeof(*world), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	for (size_t i = 0; i < sizeof(at_first) / sizeof(*at_first); i++)
		put(&world->settings[i], at_first[i].name, at_first[i].value,
		    false);
	first = *world;
	return mkdtemp(dir) != NULL ? 0 : -1;
}

static int
tear_down(void **state)
{
	(void)state;
	munmap(world, sizeof(*world));
	return rmdir(dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(up_then_silent_then_down, reset),
		cmocka_unit_test_setup(what_was_there_is_not_undone, reset),
		cmocka_unit_test_setup(what_others_changed_is_left, reset),
		cmocka_unit_test_setup(another_plan_takes_its_place, reset),
		cmocka_unit_test_setup(undone_from_the_plan_s_end, reset),
		cmocka_unit_test_setup(drift_is_mended, reset),
		cmocka_unit_test_setup(failure_is_undone, reset),
		cmocka_unit_test_setup(failure_spares_what_was_up, reset),
		cmocka_unit_test_setup(failure_spares_what_was_changed, reset),
		cmocka_unit_test_setup(unreadable_journal_is_kept, reset),
		cmocka_unit_test_setup(endless_journal_stops_no_sweep, reset),
		cmocka_unit_test_setup(who_goes_at_once_is_waited_for, reset),
		cmocka_unit_test_setup(foreign_is_refused, reset),
		cmocka_unit_test_setup(skipping_knows_the_state, reset),
		cmocka_unit_test_setup(stuck_stays_written_down, reset),
		cmocka_unit_test_setup(no_uplink_is_told, reset),
		cmocka_unit_test_setup(some_of_a_plan, reset),
		cmocka_unit_test_setup(signal_undoes, reset),
		cmocka_unit_test_setup(one_at_a_time, reset),
		cmocka_unit_test_setup(
		    a_lock_that_was_removed_is_taken_anew, reset),
		cmocka_unit_test_setup(rival_that_is_up_is_named, reset),
		cmocka_unit_test_setup(crash_in_up, reset),
		cmocka_unit_test_setup(crash_in_change, reset),
		cmocka_unit_test_setup(crash_in_down, reset),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
