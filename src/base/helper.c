#include "base/helper.h"

#include <assert.h>
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/ipc.h"
#include "base/log.h"
#include "base/stats.h"

/*
 * A child is in one of two lists: live (idle when it has no job), or dying:
 * killed, its socket closed, not yet waited for. A job is in one of three
 * places: the queue, a child, or the settled list, from which its result is
 * given out of the loop, so that submit never calls back.
 */

#define SOCKET_FD     3
#define QUICK_DEATHS  2   /* this many at once, then the pool waits */
#define BACKOFF_MS    100 /* at first; doubled up to the most */
#define BACKOFF_MAX   10000
#define REAP_FIRST_MS 2 /* a killed process is gone within this, mostly */
#define REAP_MOST_MS  200

struct pd_helper_job {
	TAILQ_ENTRY(pd_helper_job) link; /* queue or settled */
	struct pd_helper_pool *pool;
	struct child *child; /* that works on it */
	struct event *deadline;
	bool settled;
	enum pd_helper_result result; /* when settled */
	void (*done)(void *arg, enum pd_helper_result result,
	    const void *answer, const int *fds);
	void *arg;
	int fds[PD_IPC_FDS];
	size_t nfds;
	unsigned char ask[];
};

TAILQ_HEAD(jobs, pd_helper_job);

struct child {
	TAILQ_ENTRY(child) link;
	struct pd_helper_pool *pool;
	pid_t pid;
	int sock;
	struct event *readable;
	struct pd_helper_job *job;
	bool proved; /* finished a job: its death is not a quick one */
};

TAILQ_HEAD(children, child);

struct pd_helper_pool {
	struct event_base *base;
	struct pd_stats *stats;
	char *path;
	char **argv;
	unsigned processes, nlive;
	size_t queue_max, nqueued;
	size_t ask_len, answer_len;

	struct children live, dying;
	struct jobs queue, settled;
	size_t nrunning, nsettled;
	struct event *settle, *reap;
	unsigned reap_ms;

	unsigned quick_deaths; /* in a row */
	uint64_t not_before_ms;
	bool closing;
};

static void dispatch(struct pd_helper_pool *p);

static struct timeval
ms(uint64_t n)
{
	return (struct timeval){
		.tv_sec = (time_t)(n / 1000),
		.tv_usec = (suseconds_t)(n % 1000) * 1000,
	};
}

static void
close_fds(struct pd_helper_job *job)
{
	for (size_t i = 0; i < job->nfds; i++)
		close(job->fds[i]);
	job->nfds = 0;
}

static void
free_job(struct pd_helper_job *job)
{
	close_fds(job);
	event_free(job->deadline);
	free(job);
}

/* Takes a job from wherever it is; nothing is told to anybody. */
static void
detach_job(struct pd_helper_job *job)
{
	struct pd_helper_pool *p = job->pool;

	if (job->settled) {
		TAILQ_REMOVE(&p->settled, job, link);
		p->nsettled--;
		job->settled = false;
	} else if (job->child != NULL) {
		job->child->job = NULL;
		job->child = NULL;
		p->nrunning--;
	} else {
		TAILQ_REMOVE(&p->queue, job, link);
		p->nqueued--;
	}
}

/* The job's end, told from the loop a moment later. */
static void
settle_job(struct pd_helper_job *job, enum pd_helper_result result)
{
	struct pd_helper_pool *p = job->pool;

	event_del(job->deadline);
	close_fds(job);
	job->settled = true;
	job->result = result;
	TAILQ_INSERT_TAIL(&p->settled, job, link);
	p->nsettled++;
	event_active(p->settle, EV_TIMEOUT, 0);
}

static void
on_settle(evutil_socket_t fd, short what, void *arg)
{
	struct pd_helper_pool *p = arg;
	struct pd_helper_job *job = TAILQ_FIRST(&p->settled);
	enum pd_helper_result result;
	void (*done)(void *, enum pd_helper_result, const void *, const int *);
	void *done_arg;

	(void)fd;
	(void)what;
	if (job == NULL)
		return;
	/* One at a time: the callback may destroy the pool. */
	if (TAILQ_NEXT(job, link) != NULL)
		event_active(p->settle, EV_TIMEOUT, 0);
	detach_job(job);
	result = job->result;
	done = job->done;
	done_arg = job->arg;
	free_job(job);
	done(done_arg, result, NULL, NULL);
}

/* --- Death ---------------------------------------------------------------- */

static void
on_reap(evutil_socket_t fd, short what, void *arg)
{
	struct pd_helper_pool *p = arg;
	struct child *c, *next;
	struct timeval tv;

	(void)fd;
	(void)what;
	for (c = TAILQ_FIRST(&p->dying); c != NULL; c = next) {
		next = TAILQ_NEXT(c, link);
		if (waitpid(c->pid, NULL, WNOHANG) == 0)
			continue;
		TAILQ_REMOVE(&p->dying, c, link);
		free(c);
	}
	if (TAILQ_EMPTY(&p->dying))
		return;
	p->reap_ms =
	    p->reap_ms * 2 < REAP_MOST_MS ? p->reap_ms * 2 : REAP_MOST_MS;
	tv = ms(p->reap_ms);
	event_add(p->reap, &tv);
}

/* Kills a child, whatever it does; it is waited for later. */
static void
retire(struct child *c)
{
	struct pd_helper_pool *p = c->pool;
	struct timeval tv = ms(REAP_FIRST_MS);

	assert(c->job == NULL);
	event_free(c->readable);
	close(c->sock);
	/* Safe by number: a child that was not waited for keeps its pid. */
	kill(c->pid, SIGKILL);
	TAILQ_REMOVE(&p->live, c, link);
	p->nlive--;
	TAILQ_INSERT_TAIL(&p->dying, c, link);
	p->reap_ms = REAP_FIRST_MS;
	event_add(p->reap, &tv);
	if (p->stats != NULL && !p->closing)
		pd_stats_add(p->stats, PD_STAT_HELPERS_RESTARTED, 1);
}

static void
note_quick_death(struct pd_helper_pool *p)
{
	uint64_t wait = BACKOFF_MS;

	if (++p->quick_deaths <= QUICK_DEATHS)
		return;
	for (unsigned n = p->quick_deaths - QUICK_DEATHS;
	     n > 1 && wait < BACKOFF_MAX; n--)
		wait *= 2;
	if (wait > BACKOFF_MAX)
		wait = BACKOFF_MAX;
	p->not_before_ms = pd_clock_ms(CLOCK_MONOTONIC) + wait;
	pd_log_peer(PD_LOG_WARN, 0,
	    "helper: %s: died %u times in a row, "
	    "waiting %u ms",
	    p->path, p->quick_deaths, (unsigned)wait);
}

/* A child died by itself or broke the protocol. */
static void
child_broke(struct child *c, const char *why)
{
	struct pd_helper_pool *p = c->pool;
	struct pd_helper_job *job = c->job;

	pd_log_peer(PD_LOG_WARN, 0, "helper: %s: %s%s", p->path, why,
	    job != NULL ? ", its job is lost" : "");
	if (job != NULL) {
		detach_job(job);
		settle_job(job, PD_HELPER_BROKEN);
	}
	if (!c->proved)
		note_quick_death(p);
	retire(c);
	dispatch(p);
}

static void
on_deadline(evutil_socket_t fd, short what, void *arg)
{
	struct pd_helper_job *job = arg;
	struct pd_helper_pool *p = job->pool;
	struct child *c = job->child;

	(void)fd;
	(void)what;
	detach_job(job);
	settle_job(job, PD_HELPER_LATE);
	if (c != NULL) {
		retire(c);
		dispatch(p);
	}
}

/* --- Answers ---------------------------------------------------------------
 */

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct child *c = arg;
	struct pd_helper_pool *p = c->pool;
	struct pd_helper_job *job = c->job;
	_Alignas(max_align_t) unsigned char answer[PD_HELPER_MESSAGE_MAX];
	int fds[PD_IPC_FDS];
	void (*done)(void *, enum pd_helper_result, const void *, const int *);
	void *done_arg;
	int got;

	(void)what;
	got = pd_ipc_recv((int)fd, answer, p->answer_len, fds);
	if (got < 0 && errno == EAGAIN)
		return;
	if (got <= 0) {
		child_broke(c, got == 0 ? "gone" : "sent what is no answer");
		return;
	}
	if (job == NULL) {
		for (size_t i = 0; i < PD_IPC_FDS; i++)
			if (fds[i] >= 0)
				close(fds[i]);
		child_broke(c, "answered without a question");
		return;
	}
	c->proved = true;
	p->quick_deaths = 0;
	done = job->done;
	done_arg = job->arg;
	detach_job(job);
	free_job(job);
	dispatch(p);
	done(done_arg, PD_HELPER_DONE, answer, fds);
}

/* --- Birth -----------------------------------------------------------------
 */

/*
 * The program with socks[1] as descriptor 3 and nothing else above stderr, no
 * signal blocked or ignored, in a process group of its own: a ^C meant for
 * pared must not take the helpers of what is still being answered.
 */
static int
spawn(struct pd_helper_pool *p, int sock, pid_t *pid)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t none, all;
	int err;

	sigemptyset(&none);
	sigfillset(&all);
	if (posix_spawn_file_actions_init(&files) != 0)
		return ENOMEM;
	if (posix_spawnattr_init(&attr) != 0) {
		err = ENOMEM;
		goto free_files;
	}
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setsigdefault(&attr, &all);
	posix_spawnattr_setpgroup(&attr, 0);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK |
					    POSIX_SPAWN_SETSIGDEF |
					    POSIX_SPAWN_SETPGROUP);
	err = posix_spawn_file_actions_adddup2(&files, sock, SOCKET_FD);
	if (err == 0)
		err = posix_spawn_file_actions_addclosefrom_np(
		    &files, SOCKET_FD + 1);
	if (err == 0)
		err =
		    posix_spawn(pid, p->path, &files, &attr, p->argv, environ);
	posix_spawnattr_destroy(&attr);
free_files:
	posix_spawn_file_actions_destroy(&files);
	return err;
}

static struct child *
start(struct pd_helper_pool *p)
{
	struct child *c;
	int socks[2], err;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, socks) != 0) {
		err = errno;
		goto fail;
	}
	/* Only our end: the helper waits in its read. */
	fcntl(socks[0], F_SETFL, O_NONBLOCK);
	err = spawn(p, socks[1], &pid);
	close(socks[1]);
	if (err != 0)
		goto close_socket;
	c = pd_xalloc(sizeof(*c));
	c->pool = p;
	c->pid = pid;
	c->sock = socks[0];
	c->readable =
	    event_new(p->base, c->sock, EV_READ | EV_PERSIST, on_readable, c);
	if (c->readable == NULL || event_add(c->readable, NULL) != 0)
		abort();
	TAILQ_INSERT_TAIL(&p->live, c, link);
	p->nlive++;
	return c;

close_socket:
	close(socks[0]);
fail:
	pd_log_peer(PD_LOG_ERROR, 0, "helper: %s: %s", p->path, strerror(err));
	note_quick_death(p);
	return NULL;
}

static struct child *
idle_child(struct pd_helper_pool *p)
{
	struct child *c;

	TAILQ_FOREACH (c, &p->live, link)
		if (c->job == NULL)
			return c;
	if (p->nlive >= p->processes)
		return NULL;
	if (p->quick_deaths > QUICK_DEATHS &&
	    pd_clock_ms(CLOCK_MONOTONIC) < p->not_before_ms)
		return NULL;
	return start(p);
}

/* Gives waiting jobs to idle children; without any child they fail. */
static void
dispatch(struct pd_helper_pool *p)
{
	struct pd_helper_job *job;
	struct child *c;

	if (p->closing)
		return;
	while ((job = TAILQ_FIRST(&p->queue)) != NULL &&
	       (c = idle_child(p)) != NULL) {
		if (pd_ipc_send(c->sock, job->ask, p->ask_len, job->fds,
			job->nfds) != 0) {
			/* It died idle, which its socket has yet to tell; the
			 * job has not begun and goes to another. */
			if (!c->proved)
				note_quick_death(p);
			retire(c);
			continue;
		}
		detach_job(job);
		close_fds(job);
		job->child = c;
		c->job = job;
		p->nrunning++;
	}
	if (p->nlive > 0)
		return;
	while ((job = TAILQ_FIRST(&p->queue)) != NULL) {
		detach_job(job);
		settle_job(job, PD_HELPER_BUSY);
	}
}

/* --- The pool --------------------------------------------------------------
 */

struct pd_helper_pool *
pd_helper_pool_create(const struct pd_helper_params *params)
{
	struct pd_helper_pool *p = pd_xalloc(sizeof(*p));
	size_t argc = 0;

	assert(params->processes > 0);
	assert(params->answer_len > 0 &&
	       params->answer_len <= PD_HELPER_MESSAGE_MAX);
	assert(params->ask_len > 0 && params->ask_len <= PD_HELPER_MESSAGE_MAX);
	p->base = params->base;
	p->stats = params->stats;
	p->path = pd_xstrdup(params->path);
	while (params->argv[argc] != NULL)
		argc++;
	p->argv = pd_xalloc((argc + 1) * sizeof(*p->argv));
	for (size_t i = 0; i < argc; i++)
		p->argv[i] = pd_xstrdup(params->argv[i]);
	p->processes = params->processes;
	p->queue_max = params->queue_max;
	p->ask_len = params->ask_len;
	p->answer_len = params->answer_len;
	TAILQ_INIT(&p->live);
	TAILQ_INIT(&p->dying);
	TAILQ_INIT(&p->queue);
	TAILQ_INIT(&p->settled);
	p->settle = event_new(p->base, -1, 0, on_settle, p);
	p->reap = event_new(p->base, -1, 0, on_reap, p);
	if (p->settle == NULL || p->reap == NULL)
		abort();
	return p;
}

static void
fail_now(struct pd_helper_job *job)
{
	void (*done)(void *, enum pd_helper_result, const void *, const int *);
	void *arg = job->arg;

	done = job->done;
	detach_job(job);
	free_job(job);
	done(arg, PD_HELPER_BROKEN, NULL, NULL);
}

void
pd_helper_pool_destroy(struct pd_helper_pool *p)
{
	struct pd_helper_job *job;
	struct child *c;

	if (p == NULL)
		return;
	p->closing = true;
	while ((c = TAILQ_FIRST(&p->live)) != NULL) {
		job = c->job;
		if (job != NULL) {
			/* Out of the child first: it is killed before the
			 * callback may look at anything. */
			detach_job(job);
			TAILQ_INSERT_TAIL(&p->queue, job, link);
			p->nqueued++;
		}
		retire(c);
	}
	while ((job = TAILQ_FIRST(&p->queue)) != NULL)
		fail_now(job);
	while ((job = TAILQ_FIRST(&p->settled)) != NULL)
		fail_now(job);
	while ((c = TAILQ_FIRST(&p->dying)) != NULL) {
		/* Killed already: this waits for the kernel only. */
		while (waitpid(c->pid, NULL, 0) < 0 && errno == EINTR)
			continue;
		TAILQ_REMOVE(&p->dying, c, link);
		free(c);
	}
	event_free(p->settle);
	event_free(p->reap);
	for (char **a = p->argv; *a != NULL; a++)
		free(*a);
	free(p->argv);
	free(p->path);
	free(p);
}

struct pd_helper_job *
pd_helper_submit(struct pd_helper_pool *p, const void *ask, const int *fds,
    size_t nfds, uint32_t deadline_ms,
    void (*done)(void *arg, enum pd_helper_result result, const void *answer,
	const int *fds),
    void *arg)
{
	struct pd_helper_job *job = pd_xalloc(sizeof(*job) + p->ask_len);
	struct timeval tv = ms(deadline_ms);

	assert(nfds <= PD_IPC_FDS);
	assert(!p->closing);
	job->pool = p;
	job->done = done;
	job->arg = arg;
	memcpy(job->ask, ask, p->ask_len);
	for (size_t i = 0; i < nfds; i++)
		job->fds[i] = fds[i];
	job->nfds = nfds;
	job->deadline = event_new(p->base, -1, 0, on_deadline, job);
	if (job->deadline == NULL || event_add(job->deadline, &tv) != 0)
		abort();
	TAILQ_INSERT_TAIL(&p->queue, job, link);
	p->nqueued++;
	dispatch(p);
	if (!job->settled && job->child == NULL && p->nqueued > p->queue_max) {
		detach_job(job);
		settle_job(job, PD_HELPER_BUSY);
	}
	return job;
}

void
pd_helper_cancel(struct pd_helper_job *job)
{
	struct pd_helper_pool *p = job->pool;
	struct child *c = job->child;

	detach_job(job);
	free_job(job);
	if (c != NULL) {
		retire(c);
		dispatch(p);
	}
}

size_t
pd_helper_pool_load(const struct pd_helper_pool *p)
{
	return p->nqueued + p->nrunning;
}
