/*
 * pared-gateway run: up, then watch over it, then down.
 *
 * One loop: signals, children (by pidfd, as those that a run before this one
 * started are nobody's children of ours), and the kernel's news. News are let
 * settle for a moment, as one command of an admin's brings dozens; then all
 * steps are probed, and what is not as planned is made again. Of some things
 * nobody tells (watch.h, and files), so all is looked at now and then in any
 * case: with 1,000 clients of WireGuard that takes 10 ms of a processor, half
 * of them nft's.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "apply.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/notify.h"
#include "child.h"
#include "cmd.h"
#include "mend.h"
#include "setup.h"
#include "watch.h"

#define SETTLE_MS 300  /* of quiet, after news */
#define LATEST_MS 2000 /* ... but no longer than this after the first */
#define CHILDREN  32   /* that are waited for */
#define LOCK_MS   10000
#define ALL       0     /* an identity(): of the plan as a whole */
#define LOOK_S    60    /* between two looks at all, unasked */
#define LOGS_MS   60000 /* between two looks at the children's logs */
#define LOOK_MOST 86400

static const char usage[] =
    "usage: pared-gateway run [-c FILE] [-v] [--look SECONDS]\n"
    "\n"
    "`up`, then stays: starts children again that end, makes again what "
    "others\n"
    "remove, follows the default route. HUP reads the file again (a broken "
    "one\n"
    "changes nothing), TERM and INT end with `down`.\n"
    "\n"
    "  -l, --look SECONDS  how often to look whether all is there, though the\n"
    "                      kernel told of no change (60)\n"
    "  -v, --verbose       a line for each step that is done\n";

struct run {
	const char *path;
	struct gw_setup setup;
	struct gw_engine engine;
	struct gw_watch *watch;
	struct gw_mends mends;
	int signals;            /* signalfd */
	int children[CHILDREN]; /* pidfds */
	size_t nchildren;
	int64_t now, first, last;  /* ms; of news, 0: none */
	int64_t alive, alive_each; /* ms; when WATCHDOG=1 is next due */
	int64_t look, look_each;   /* ms; when all is looked at next */
	int64_t logs;              /* ms; when logs are trimmed next */
	bool over;
};

static int64_t
clock_ms(void)
{
	return (int64_t)pd_clock_ms(CLOCK_MONOTONIC);
}

static void __attribute__((format(printf, 1, 2))) say(const char *fmt, ...)
{
	va_list ap;

	fputs("pared-gateway: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	putc('\n', stderr);
}

/* ---- children ----------------------------------------------------------- */

static void
forget_children(struct run *r)
{
	while (r->nchildren > 0)
		close(r->children[--r->nchildren]);
}

static void
find_children(struct run *r)
{
	const struct gw_plan *p = r->setup.plan;

	forget_children(r);
	for (size_t i = 0; i < p->n && r->nchildren < CHILDREN; i++) {
		pid_t pid;
		int fd;

		if (p->v[i]->kind != &gw_kind_daemon)
			continue;
		pid = gw_child_find(
		    &r->engine.sys, gw_step_need(p->v[i], "name"), NULL);
		fd = pid > 0 ? pidfd_open(pid, 0) : -1;
		if (fd >= 0)
			r->children[r->nchildren++] = fd;
	}
}

static void
trim_logs(struct run *r)
{
	const struct gw_plan *p = r->setup.plan;

	for (size_t i = 0; i < p->n; i++) {
		if (p->v[i]->kind == &gw_kind_daemon)
			gw_child_trim(
			    &r->engine.sys, gw_step_need(p->v[i], "name"));
	}
}

/* What changed is looked at when it is quiet again. */
static void
on_news(struct run *r)
{
	r->last = r->now;
	if (r->first == 0)
		r->first = r->now;
}

/* ---- repairs ------------------------------------------------------------ */

static uint64_t
identity(const struct gw_step *s)
{
	uint64_t h = gw_hash(GW_HASH, s->kind->name);

	for (size_t i = 0; i < s->nkeys; i++)
		h = gw_hash(h, s->args[i].value);
	return h;
}

/* Asked by the engine for each step that is not as planned. What it can only
 * complain of is no repair, and is held back as one, lest it complains at all
 * news. */
static bool
is_held(void *arg, const struct gw_step *s, enum gw_state state)
{
	bool mendable = state != GW_FOREIGN && state != GW_UNSEEN, fight;
	struct run *r = arg;
	uint64_t what = identity(s);
	char *text;

	if (gw_mends_hold(&r->mends, what, r->now))
		return true;
	text = gw_step_text(s);
	fight = gw_mends_note(&r->mends, what, r->now);
	if (mendable)
		say("not as planned, is made again: %s", text);
	if (mendable && fight)
		say("again and again, and so less often from here: somebody "
		    "removes this, or it cannot stay: %s",
		    text);
	free(text);
	return false;
}

/*
 * A default route by another link, or by the same with another MTU, wants
 * another plan; none at all, patience. Whether there is another plan.
 */
static bool
follow_uplink(struct run *r)
{
	struct gw_setup *s = &r->setup;
	struct gw_facts facts = s->facts;

	if (gw_facts_follow(&facts, s->conf->uplink) < 0 ||
	    facts.uplink[0] == '\0' || gw_facts_equal(&facts, &s->facts))
		return false;
	if (strcmp(facts.uplink, s->facts.uplink) != 0)
		say("the default route leads by %s", facts.uplink);
	s->facts = facts;
	gw_plan_destroy(s->plan);
	s->plan = gw_plan_create(s->conf, &s->clients, &s->facts);
	return true;
}

/* anew: the plan is another one since the last time. */
static void
mend(struct run *r, bool anew)
{
	struct gw_engine *e = &r->engine;

	anew = follow_uplink(r) || anew;
	r->first = r->last = 0;
	r->look = r->now + r->look_each;
	/* What is to be otherwise is no fight, and not held back; what of it
	 * failed is looked at once more, and tried again from there. */
	e->skip = anew ? NULL : is_held;
	e->arg = r;
	e->go_on = true;
	if (gw_engine_up(e, r->setup.plan) < 0)
		(void)gw_mends_note(&r->mends, ALL, r->now);
	e->skip = NULL;
	e->go_on = false;
	find_children(r);
	if (anew)
		on_news(r);
}

/* ---- reload ------------------------------------------------------------- */

static void
reload(struct run *r)
{
	struct gw_setup s;

	pd_notify_reloading();
	r->engine.changed = 0;
	if (gw_setup_read(&s, r->path) < 0) {
		say("the file is wrong; what was in force stays");
	} else if (strcmp(s.conf->name, r->setup.conf->name) != 0) {
		say("the gateway's name was %s; another name wants a restart",
		    r->setup.conf->name);
		gw_setup_finish(&s);
	} else if (gw_cmd_notes(s.plan), gw_apply(&r->engine, s.plan) < 0) {
		gw_setup_finish(&s);
	} else {
		gw_setup_finish(&r->setup);
		gw_setup_move(&r->setup, &s);
		say("read again; %zu steps done", r->engine.changed);
	}
	find_children(r);
	/* What failed is not all that kernel news would tell of. */
	on_news(r);
	pd_notify("READY=1");
}

/* `client` changed them. The configuration stays the one that is in force: what
 * was written into its file since then waits for a reload. */
static void
take_clients(struct run *r)
{
	struct gw_setup *s = &r->setup;
	struct gw_clients clients;

	if (gw_clients_load(s->conf, &clients, &gw_cmd_report) < 0) {
		gw_clients_free(&clients);
		say("a client's file is wrong; those in force stay");
		return;
	}
	gw_plan_destroy(s->plan);
	gw_clients_free(&s->clients);
	s->clients = clients;
	s->plan = gw_plan_create(s->conf, &s->clients, &s->facts);
	r->engine.changed = 0;
	mend(r, true);
	say("clients read again; %zu steps done", r->engine.changed);
}

/* ---- the loop ----------------------------------------------------------- */

static void
on_signal(struct run *r)
{
	struct signalfd_siginfo info;

	while (read(r->signals, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGHUP)
			reload(r);
		else if (info.ssi_signo == GW_CLIENTS_SIGNAL)
			take_clients(r);
		else
			r->over = true;
	}
}

/* A child has ended. Its descriptor would go on saying so. */
static void
on_end(struct run *r, size_t i)
{
	close(r->children[i]);
	r->children[i] = r->children[--r->nchildren];
	on_news(r);
}

static void
sooner(int64_t *when, int64_t other)
{
	if (other >= 0 && (*when < 0 || other < *when))
		*when = other;
}

/* When something is to be done of itself; -1: never. */
static int64_t
settled(const struct run *r)
{
	if (r->first == 0)
		return -1;
	return r->first + LATEST_MS < r->last + SETTLE_MS ? r->first + LATEST_MS
							  : r->last + SETTLE_MS;
}

static int
wait_ms(const struct run *r)
{
	int64_t when = settled(r);

	sooner(&when, gw_mends_next(&r->mends, r->now));
	if (r->alive_each > 0)
		sooner(&when, r->alive);
	sooner(&when, r->look);
	sooner(&when, r->logs);
	return when > r->now ? (int)(when - r->now) : 0;
}

static void
turn(struct run *r)
{
	struct pollfd fds[1 + GW_WATCH_FDS + CHILDREN];
	bool held = gw_mends_next(&r->mends, r->now) >= 0;
	nfds_t n = 1 + GW_WATCH_FDS;

	fds[0] = (struct pollfd){ .fd = r->signals, .events = POLLIN };
	gw_watch_fds(r->watch, fds + 1);
	for (size_t i = 0; i < r->nchildren; i++)
		fds[n++] =
		    (struct pollfd){ .fd = r->children[i], .events = POLLIN };
	if (poll(fds, n, wait_ms(r)) < 0 && errno != EINTR)
		r->over = true;
	r->now = clock_ms();
	if (gw_watch_read(r->watch))
		on_news(r);
	for (size_t i = r->nchildren; i-- > 0;) {
		if (fds[1 + GW_WATCH_FDS + i].revents != 0)
			on_end(r, i);
	}
	/* What was held back has waited long enough. */
	if (held && gw_mends_next(&r->mends, r->now) < 0)
		on_news(r);
	if (fds[0].revents != 0)
		on_signal(r);
	if (r->alive_each > 0 && r->now >= r->alive) {
		pd_notify("WATCHDOG=1");
		r->alive = r->now + r->alive_each;
	}
	/* News put off the next look, but a log grows all the same. */
	if (r->now >= r->logs) {
		trim_logs(r);
		r->logs = r->now + LOGS_MS;
	}
	if (r->now >= r->look) {
		r->look = r->now + r->look_each;
		on_news(r);
	}
	if (!r->over && r->first != 0 && r->now >= settled(r))
		mend(r, false);
}

/* HUP is for the loop, and ends nothing. */
static int
open_signals(struct run *r)
{
	sigset_t all;

	sigemptyset(&all);
	sigaddset(&all, SIGINT);
	sigaddset(&all, SIGTERM);
	sigaddset(&all, SIGHUP);
	sigaddset(&all, GW_CLIENTS_SIGNAL);
	sigdelset(&r->engine.ends, SIGHUP);
	r->signals = signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK);
	return r->signals;
}

static int
serve(struct run *r)
{
	struct gw_engine *e = &r->engine;
	const char *why = "";
	int rc;

	r->watch = gw_watch_open(&why);
	if (r->watch == NULL || open_signals(r) < 0) {
		say("cannot watch the kernel: %s",
		    r->watch == NULL ? why : strerror(errno));
		return GW_FAIL;
	}
	gw_lock_serve(&e->lock);
	if (gw_apply(e, r->setup.plan) < 0)
		return GW_FAIL;
	say("gateway %s is up: %zu steps done, %zu as they were",
	    r->setup.conf->name, e->changed, e->unchanged);
	pd_notify("READY=1");
	r->now = clock_ms();
	r->alive_each = pd_notify_watchdog_ms();
	/* What happened meanwhile is looked at once. */
	on_news(r);
	find_children(r);
	while (!r->over)
		turn(r);
	pd_notify("STOPPING=1");
	rc = gw_engine_down(e) < 0 ? GW_FAIL : GW_OK;
	if (rc == GW_OK)
		say("gateway %s is down", r->setup.conf->name);
	return rc;
}

int
gw_cmd_run(const char *path, int argc, char **argv)
{
	bool verbose = false;
	const char *look = NULL;
	const struct pd_cmd_option options[] = {
		{ "look", 'l', .value = &look },
		{ "verbose", 'v', .flag = &verbose },
		{ 0 },
	};
	struct pd_cmd_line line = { "run", usage, options, .most = 0 };
	int rc = pd_cmd_parse(&line, argc, argv);
	struct gw_begin how = { .wait_ms = LOCK_MS };
	struct run r = { .path = path, .signals = -1 };
	int64_t look_s = LOOK_S;
	sigset_t clients;

	if (rc == PD_CMD_GO && look != NULL &&
	    (pd_str_u63(pd_str_z(look), &look_s) < 0 || look_s < 1 ||
		look_s > LOOK_MOST))
		rc = pd_cmd_wrong(&line, "--look wants 1 to %d", LOOK_MOST);
	if (rc != PD_CMD_GO || path == NULL)
		return rc;
	r.look_each = look_s * 1000;
	/* Until the end: it may come as long as the lock says that we serve. */
	sigemptyset(&clients);
	sigaddset(&clients, GW_CLIENTS_SIGNAL);
	sigprocmask(SIG_BLOCK, &clients, NULL);
	if (gw_setup_read(&r.setup, path) < 0)
		return GW_FAIL;
	gw_cmd_notes(r.setup.plan);
	rc = GW_FAIL;
	if (gw_engine_begin_with(&r.engine, r.setup.conf, &how) == 0) {
		r.engine.tell = verbose ? stdout : NULL;
		rc = serve(&r);
		forget_children(&r);
		gw_watch_close(r.watch);
		if (r.signals >= 0)
			close(r.signals);
		gw_engine_end(&r.engine);
	}
	gw_mends_finish(&r.mends);
	gw_setup_finish(&r.setup);
	return rc;
}
