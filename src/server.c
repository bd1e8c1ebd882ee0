#include "server.h"

#include <errno.h>
#include <event2/event.h>
#include <grp.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/notify.h"
#include "listen.h"
#include "seat.h"
#include "updater.h"

#define WORKERS_MAX PD_LISTEN_WORKERS_MAX

struct server {
	const struct pd_server_params *params;
	struct pd_setup *setup;
	struct pd_access_log *log;
	struct event_base *base;
	struct event *signals[6], *drain_tick, *save_tick;
	struct pd_updater *updater;
	struct pd_seat *seats[WORKERS_MAX];
	unsigned nseats;
	const struct pd_stats *stats[WORKERS_MAX];
	struct pd_listen listen;
	char *pid_file; /* written, and to be removed */
	char via[32];
	bool draining;
	bool unsaved; /* hits could not be written; that was told */
	struct timespec drain_until;
};

/* ---- reports ----------------------------------------------------------- */

static void
report_line(void *arg, bool error, const char *text)
{
	(void)arg;
	pd_log(error ? PD_LOG_ERROR : PD_LOG_WARN, 0, "%s", text);
}

static const struct pd_conf_report report = { .line = report_line };

/* ---- draining ---------------------------------------------------------- */

static void
on_drain_tick(evutil_socket_t fd, short what, void *arg)
{
	struct server *sv = arg;
	struct timespec now;
	bool quiet = true;

	(void)fd;
	(void)what;
	clock_gettime(CLOCK_MONOTONIC, &now);
	for (unsigned i = 0; i < sv->nseats; i++)
		quiet = pd_seat_quiet(sv->seats[i]) && quiet;
	if (quiet || now.tv_sec > sv->drain_until.tv_sec)
		event_base_loopbreak(sv->base);
}

static void
drain(struct server *sv)
{
	struct timeval tick = { 0, 50000 };

	sv->draining = true;
	pd_notify("STOPPING=1");
	pd_log(
	    PD_LOG_INFO, 0, "server: draining; a second signal ends at once");
	clock_gettime(CLOCK_MONOTONIC, &sv->drain_until);
	sv->drain_until.tv_sec += sv->setup->conf->drain_timeout_ms / 1000;
	for (unsigned i = 0; i < sv->nseats; i++)
		pd_seat_drain(sv->seats[i]);
	sv->drain_tick = event_new(sv->base, -1, EV_PERSIST, on_drain_tick, sv);
	event_add(sv->drain_tick, &tick);
}

/* ---- hits -------------------------------------------------------------- */

/* Of the set in force; a set that is dropped saves its own. */
static void
save_hits(struct server *sv)
{
	int rc = pd_hits_save(pd_block_hits(sv->setup->rules));

	/* The directory may be made later, by who fetches lists. */
	if (rc < 0 && errno != ENOENT && !sv->unsaved)
		pd_log(PD_LOG_WARN, 0,
		    "server: hits of rules cannot be written: %s; see "
		    "lists.directory",
		    strerror(errno));
	sv->unsaved = rc < 0;
}

static void
on_save_tick(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	save_hits(arg);
}

static void
start_saving(struct server *sv)
{
	const struct timeval tick = { PD_HITS_SAVE_S, 0 };

	sv->save_tick = event_new(sv->base, -1, EV_PERSIST, on_save_tick, sv);
	event_add(sv->save_tick, &tick);
}

/* ---- configuration ----------------------------------------------------- */

/* before: the one in force, or NULL. */
static struct pd_setup *
load_setup(const struct pd_server_params *p, const struct pd_setup *before)
{
	struct pd_conf *conf = pd_conf_load(
	    p->conf_path, p->overrides, p->noverrides, p->ziproxy, &report);

	return conf != NULL
		   ? pd_setup_create(conf, PD_SETUP_RUN, before, &report)
		   : NULL;
}

/* 0 with *out (NULL: off), or -1 after an error was logged. */
static int
open_access_log(const struct pd_conf *conf, struct pd_access_log **out)
{
	enum pd_conf_log_format format = conf->access_log_format;

	*out = NULL;
	if (conf->access_log == NULL)
		return 0;
	if (format == PD_LOG_FORMAT_AUTO)
		format =
		    conf->ziproxy ? PD_LOG_FORMAT_ZIPROXY : PD_LOG_FORMAT_JSON;
	*out = pd_access_log_open(conf->access_log, format);
	if (*out != NULL)
		return 0;
	pd_log(PD_LOG_ERROR, 0,
	    "AccessLog: %s: %s; make the folder and let pared write there",
	    conf->access_log, strerror(errno));
	return -1;
}

static int
open_log(const struct pd_conf *conf)
{
	const char *path =
	    conf->debug_log != NULL ? conf->debug_log : conf->error_log;

	if (pd_log_open(path) < 0) {
		pd_log(
		    PD_LOG_ERROR, 0, "ErrorLog: %s: %s", path, strerror(errno));
		return -1;
	}
	pd_log_set_level(
	    conf->debug_log != NULL ? PD_LOG_DEBUG : conf->log_level);
	return 0;
}

static void
change_all(struct server *sv, struct pd_setup *setup)
{
	for (unsigned i = 0; i < sv->nseats; i++)
		pd_seat_change(sv->seats[i], setup, sv->log);
}

static void reload(struct server *sv);

static void
on_lists_changed(void *arg)
{
	struct server *sv = arg;

	if (!sv->draining)
		reload(sv);
}

/* As the configuration now in force says. */
static void
start_updater(struct server *sv)
{
	pd_updater_destroy(sv->updater);
	sv->updater =
	    pd_updater_create(sv->base, sv->setup->conf, on_lists_changed, sv);
}

static void
reload(struct server *sv)
{
	struct pd_setup *setup = load_setup(sv->params, sv->setup);
	struct pd_access_log *log = NULL;

	pd_notify_reloading();
	save_hits(sv);
	if (setup == NULL || open_access_log(setup->conf, &log) < 0 ||
	    open_log(setup->conf) < 0) {
		pd_access_log_unref(log);
		pd_setup_unref(setup);
		pd_log(PD_LOG_ERROR, 0,
		    "server: reload failed; the old configuration stays");
		pd_notify("READY=1");
		return;
	}
	pd_conf_frozen_diff(sv->setup->conf, setup->conf, &report);
	pd_setup_unref(sv->setup);
	sv->setup = setup;
	pd_access_log_unref(sv->log);
	sv->log = log;
	change_all(sv, sv->setup);
	start_updater(sv);
	pd_log(PD_LOG_INFO, 0, "server: reloaded, %zu rules",
	    pd_block_rules(setup->rules));
	pd_notify("READY=1");
}

static void
reopen(struct server *sv)
{
	struct pd_access_log *log;

	open_log(sv->setup->conf);
	if (open_access_log(sv->setup->conf, &log) < 0)
		return;
	pd_access_log_unref(sv->log);
	sv->log = log;
	change_all(sv, NULL);
}

static void
on_signal(evutil_socket_t signo, short what, void *arg)
{
	struct server *sv = arg;

	(void)what;
	switch (signo) {
	case SIGHUP:
		if (!sv->draining)
			reload(sv);
		break;
	case SIGUSR1:
		reopen(sv);
		break;
	default:
		if (sv->draining)
			event_base_loopbreak(sv->base);
		else
			drain(sv);
		break;
	}
}

/* ---- start ------------------------------------------------------------- */

static unsigned
count_workers(const struct pd_conf *conf)
{
	cpu_set_t set;
	int64_t n = conf->workers;

	if (n == 0 && sched_getaffinity(0, sizeof(set), &set) == 0)
		n = CPU_COUNT(&set);
	return n < 1 ? 1 : n > WORKERS_MAX ? WORKERS_MAX : (unsigned)n;
}

static int
drop_privileges(const struct pd_conf *conf)
{
	struct passwd *pw = NULL;
	struct group *gr = NULL;

	if (conf->run_as_user == NULL && conf->run_as_group == NULL)
		return 0;
	if (conf->run_as_user != NULL)
		pw = getpwnam(conf->run_as_user);
	if (conf->run_as_group != NULL)
		gr = getgrnam(conf->run_as_group);
	if ((conf->run_as_user != NULL && pw == NULL) ||
	    (conf->run_as_group != NULL && gr == NULL)) {
		pd_log(PD_LOG_ERROR, 0,
		    "RunAsUser, RunAsGroup: no such user or group");
		return -1;
	}
	if (setgroups(0, NULL) < 0 ||
	    setgid(gr != NULL ? gr->gr_gid : pw->pw_gid) < 0 ||
	    (pw != NULL && setuid(pw->pw_uid) < 0)) {
		pd_log(PD_LOG_ERROR, 0,
		    "RunAsUser: %s; start as root, or leave it out",
		    strerror(errno));
		return -1;
	}
	return 0;
}

static void
raise_limits(void)
{
	struct rlimit rl;

	if (getrlimit(RLIMIT_NOFILE, &rl) == 0) {
		rl.rlim_cur = rl.rlim_max;
		setrlimit(RLIMIT_NOFILE, &rl);
	}
	signal(SIGPIPE, SIG_IGN);
}

/* A name for Via that tells nobody who or what we are. */
static void
make_pseudonym(struct server *sv)
{
	uint32_t r[2] = { 0 };

	if (getrandom(r, sizeof(r), 0) != sizeof(r))
		r[0] = (uint32_t)getpid();
	snprintf(sv->via, sizeof(sv->via), "1.1 %08x%04x", r[0], r[1] & 0xffff);
}

static void
write_pid(struct server *sv)
{
	const struct pd_conf *conf = sv->setup->conf;
	FILE *f;

	if (conf->pid_file == NULL)
		return;
	f = fopen(conf->pid_file, "we");
	if (f == NULL || fprintf(f, "%ld\n", (long)getpid()) < 0)
		pd_log(PD_LOG_WARN, 0, "PIDFile: %s: %s", conf->pid_file,
		    strerror(errno));
	if (f != NULL) {
		sv->pid_file = pd_xstrdup(conf->pid_file);
		fclose(f);
	}
}

static void
catch_signals(struct server *sv)
{
	static const int numbers[] = { SIGHUP, SIGUSR1, SIGTERM, SIGINT };

	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
		sv->signals[i] =
		    evsignal_new(sv->base, numbers[i], on_signal, sv);
		event_add(sv->signals[i], NULL);
	}
}

static int
start_seats(struct server *sv)
{
	for (unsigned i = 0; i < sv->nseats; i++) {
		struct pd_seat_params params = {
			.index = i,
			.setup = sv->setup,
			.log = sv->log,
			.via = pd_str_z(sv->via),
			.own = sv->listen.own,
			.kinds = sv->listen.kinds,
			.fds = sv->listen.fds[i],
			.nown = sv->listen.n,
			.stats = sv->stats,
			.nstats = sv->nseats,
		};

		sv->seats[i] = pd_seat_create(&params);
		for (size_t k = 0; k < sv->listen.n; k++)
			sv->listen.fds[i][k] = -1;
		if (sv->seats[i] == NULL)
			goto fail;
	}
	for (unsigned i = 0; i < sv->nseats; i++) {
		if (pd_seat_start(sv->seats[i]) < 0)
			goto fail;
	}
	return 0;
fail:
	pd_log(PD_LOG_ERROR, 0, "server: worker: %s", strerror(errno));
	return -1;
}

static int
start(struct server *sv)
{
	struct pd_conf *conf;

	sv->setup = load_setup(sv->params, NULL);
	if (sv->setup == NULL)
		return -1;
	conf = sv->setup->conf;
	sv->nseats = count_workers(conf);
	make_pseudonym(sv);
	if (pd_listen_open(&sv->listen, conf, sv->nseats) < 0)
		return -1;
	write_pid(sv);
	if (drop_privileges(conf) < 0 || open_log(conf) < 0 ||
	    open_access_log(conf, &sv->log) < 0)
		return -1;
	sv->base = event_base_new();
	if (sv->base == NULL)
		return -1;
	catch_signals(sv);
	if (start_seats(sv) < 0)
		return -1;
	start_updater(sv);
	start_saving(sv);
	return 0;
}

static void
stop(struct server *sv)
{
	for (unsigned i = 0; i < sv->nseats; i++)
		pd_seat_destroy(sv->seats[i]);
	pd_listen_close(&sv->listen);
	for (size_t i = 0; i < sizeof(sv->signals) / sizeof(*sv->signals);
	     i++) {
		if (sv->signals[i] != NULL)
			event_free(sv->signals[i]);
	}
	if (sv->drain_tick != NULL)
		event_free(sv->drain_tick);
	if (sv->save_tick != NULL)
		event_free(sv->save_tick);
	pd_updater_destroy(sv->updater);
	if (sv->base != NULL)
		event_base_free(sv->base);
	if (sv->pid_file != NULL)
		unlink(sv->pid_file);
	free(sv->pid_file);
	pd_access_log_unref(sv->log);
	pd_setup_unref(sv->setup);
	libevent_global_shutdown();
}

int
pd_server_run(const struct pd_server_params *params)
{
	struct server sv = { .params = params };

	pd_listen_init(&sv.listen);
	raise_limits();
	if (start(&sv) < 0) {
		stop(&sv);
		return 1;
	}
	pd_log(PD_LOG_INFO, 0, "server: ready, %u workers, %zu rules",
	    sv.nseats, pd_block_rules(sv.setup->rules));
	pd_notify("READY=1");
	event_base_dispatch(sv.base);
	pd_log(PD_LOG_INFO, 0, "server: ended");
	stop(&sv);
	return 0;
}
