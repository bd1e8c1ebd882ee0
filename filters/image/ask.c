#include "filters/image/ask.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/helper.h"
#include "base/ipc.h"
#include "base/log.h"
#include "filters/image/budget.h"
#include "filters/image/job.h"

/* The codec gives up this much before it would be killed, a share of the whole
 * time: killing costs a process. */
#define MARGIN 8

struct pd_ask_pool {
	struct pd_helper_pool *helpers;
	struct pd_budget budget;
	struct event_base *base;
	struct pd_worker *worker;
};

struct pd_ask {
	struct pd_ask_pool *pool;
	struct pd_helper_job *job;
	struct pd_budget_item cost;
	struct pd_job_ask ask;
	int room; /* where the result will be */
	uint64_t id;
	void (*done)(
	    void *arg, enum pd_ask_end end, const struct pd_ask_result *result);
	void *arg;
};

static uint64_t
now_us(void)
{
	return pd_clock_ns(CLOCK_MONOTONIC) / 1000;
}

static void
free_ask(struct pd_ask *a, enum pd_budget_end how)
{
	pd_budget_remove(&a->pool->budget, &a->cost, how, now_us());
	close(a->room);
	free(a);
}

/* --- The answer ------------------------------------------------------------
 */

/*
 * Maps the result, once nobody can write there any more, and believes only
 * what its bytes say. NULL: the codec lied.
 */
static uint8_t *
take_result(struct pd_ask *a, const struct pd_job_answer *answer)
{
	uint8_t *p;

	/* Fails while a writable mapping is left over there. */
	if (pd_ipc_seal(a->room) != 0)
		return NULL;
	p = pd_ipc_map(a->room, answer->out_len);
	if (p == NULL)
		return NULL;
	if (pd_job_result_ok(answer, p, answer->out_len))
		return p;
	munmap(p, answer->out_len);
	return NULL;
}

/* Whether the answer holds together. */
static bool
makes_sense(
    struct pd_ask *a, const struct pd_job_answer *answer, const int *fds)
{
	bool sent_fds = false;

	for (size_t i = 0; i < PD_IPC_FDS; i++) {
		if (fds[i] < 0)
			continue;
		sent_fds = true;
		close(fds[i]);
	}
	return !sent_fds && pd_job_answer_ok(&a->ask, answer);
}

static enum pd_ask_end
judge(struct pd_ask *a, const struct pd_job_answer *answer,
    struct pd_ask_result *result)
{
	result->p = take_result(a, answer);
	if (result->p == NULL) {
		pd_log_peer(PD_LOG_WARN, a->id,
		    "ask: the codec's result is not what it said");
		return PD_ASK_FAILED;
	}
	result->n = answer->out_len;
	result->format = (enum pd_image_format)answer->format;
	result->output = (enum pd_job_output)answer->output;
	result->width = answer->width;
	result->height = answer->height;
	result->frames = answer->frames;
	result->cpu_us = answer->cpu_us;
	result->decode_us = answer->decode_us;
	result->encode_us = answer->encode_us;
	return PD_ASK_SMALLER;
}

/* What an answer that holds together comes to, and what it tells of the pace.
 * What is broken or not for us was given up halfway, which tells nothing. */
static enum pd_ask_end
weigh(struct pd_ask *a, const struct pd_job_answer *answer,
    struct pd_ask_result *result, enum pd_budget_end *how)
{
	pd_log(PD_LOG_DEBUG, a->id, "ask: %s, %u of %u bytes, %u us",
	    pd_job_status_name(answer->status), answer->out_len, a->ask.in_len,
	    answer->cpu_us);
	switch (answer->status) {
	case PD_JOB_DONE:
		*how = PD_BUDGET_DONE;
		return judge(a, answer, result);
	case PD_JOB_LARGER:
		*how = PD_BUDGET_DONE;
		return PD_ASK_NOTHING;
	case PD_JOB_LATE:
		*how = PD_BUDGET_LATE;
		return PD_ASK_LATE;
	case PD_JOB_MEMORY:
		return PD_ASK_FAILED;
	default:
		return PD_ASK_NOTHING;
	}
}

static void
on_done(
    void *arg, enum pd_helper_result helper, const void *answer, const int *fds)
{
	struct pd_ask *a = arg;
	void (*done)(void *, enum pd_ask_end, const struct pd_ask_result *);
	struct pd_ask_result result = { .p = NULL };
	enum pd_ask_end end = PD_ASK_FAILED;
	enum pd_budget_end how = PD_BUDGET_OTHER;
	void *done_arg;

	a->job = NULL;
	switch (helper) {
	case PD_HELPER_DONE:
		if (makes_sense(a, answer, fds))
			end = weigh(a, answer, &result, &how);
		else
			pd_log_peer(PD_LOG_WARN, a->id,
			    "ask: the codec's answer makes no sense");
		break;
	case PD_HELPER_BUSY:
		end = PD_ASK_BUSY;
		break;
	case PD_HELPER_LATE:
		end = PD_ASK_LATE;
		how = PD_BUDGET_LATE;
		break;
	case PD_HELPER_BROKEN:
		break;
	}
	done = a->done;
	done_arg = a->arg;
	free_ask(a, how);
	done(done_arg, end, end == PD_ASK_SMALLER ? &result : NULL);
}

/* --- The question ----------------------------------------------------------
 */

static struct pd_job_ask
question(const struct pd_ask_params *params)
{
	const struct pd_image_info *info = params->info;

	return (struct pd_job_ask){
		.magic = PD_JOB_ASK,
		.in_len = (uint32_t)params->len,
		.width = info->width,
		.height = info->height,
		.frames = info->animated ? info->frames : 1,
		.source = (uint8_t)info->format,
		.orientation = info->orientation,
		.set = params->plan->set,
		.until_ms = pd_job_now_ms() + params->timeout_ms -
			    params->timeout_ms / MARGIN,
	};
}

struct pd_ask *
pd_ask_start(const struct pd_ask_params *params,
    void (*done)(
	void *arg, enum pd_ask_end end, const struct pd_ask_result *result),
    void *arg)
{
	struct pd_ask_pool *pool = params->pool;
	struct pd_ask *a = pd_xalloc(sizeof(*a));
	int fds[PD_JOB_FDS], saved;

	a->pool = pool;
	a->ask = question(params);
	a->id = params->id;
	a->done = done;
	a->arg = arg;
	errno = EINVAL;
	if (!pd_job_ask_ok(&a->ask))
		goto fail;
	a->room = pd_ipc_memory("pared-result", a->ask.set.out_max);
	if (a->room < 0)
		goto fail;
	fds[PD_JOB_FD_IN] = params->fd;
	fds[PD_JOB_FD_OUT] = fcntl(a->room, F_DUPFD_CLOEXEC, 0);
	if (fds[PD_JOB_FD_OUT] < 0)
		goto close_room;
	pd_budget_add(&pool->budget, &a->cost, params->plan->cost_ms, now_us());
	a->job = pd_helper_submit(pool->helpers, &a->ask, fds, PD_JOB_FDS,
	    params->timeout_ms, on_done, a);
	return a;

close_room:
	saved = errno;
	close(a->room);
	errno = saved;
fail:
	saved = errno;
	close(params->fd);
	free(a);
	errno = saved;
	return NULL;
}

void
pd_ask_cancel(struct pd_ask *a)
{
	pd_helper_cancel(a->job);
	free_ask(a, PD_BUDGET_OTHER);
}

/* --- The pool --------------------------------------------------------------
 */

struct pd_ask_pool *
pd_ask_pool_create(const struct pd_ask_pool_params *params)
{
	struct pd_ask_pool *p = pd_xalloc(sizeof(*p));
	char memory[24];
	const char *argv[] = { "pared-codec", memory, NULL };
	const struct pd_helper_params helpers = {
		.base = params->base,
		.stats = params->stats,
		.path = params->path,
		.argv = params->argv != NULL ? params->argv : argv,
		.processes = params->processes,
		.queue_max = params->queue_max,
		.ask_len = sizeof(struct pd_job_ask),
		.answer_len = sizeof(struct pd_job_answer),
	};

	snprintf(memory, sizeof(memory), "%zu", params->memory_max);
	p->base = params->base;
	p->worker = params->worker;
	pd_budget_init(&p->budget, params->processes);
	p->helpers = pd_helper_pool_create(&helpers);
	return p;
}

void
pd_ask_pool_destroy(struct pd_ask_pool *p)
{
	if (p == NULL)
		return;
	pd_helper_pool_destroy(p->helpers);
	free(p);
}

uint32_t
pd_ask_pool_wait_ms(const struct pd_ask_pool *p)
{
	return pd_budget_wait_ms(&p->budget, now_us());
}

uint32_t
pd_ask_pool_pace(const struct pd_ask_pool *p)
{
	return pd_budget_pace(&p->budget);
}

size_t
pd_ask_pool_load(const struct pd_ask_pool *p)
{
	return pd_helper_pool_load(p->helpers);
}

struct event_base *
pd_ask_pool_base(const struct pd_ask_pool *p)
{
	return p->base;
}

struct pd_worker *
pd_ask_pool_worker(const struct pd_ask_pool *p)
{
	return p->worker;
}
