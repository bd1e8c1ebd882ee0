#include "filters/image/ask.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/helper.h"
#include "base/ipc.h"
#include "base/log.h"
#include "filters/image/job.h"

/* The codec gives up this much before it would be killed, a share of the whole
 * time: killing costs a process. */
#define MARGIN 8

struct pd_ask {
	struct pd_helper_job *job;
	struct pd_job_ask ask;
	int room; /* where the result will be */
	uint64_t id;
	void (*done)(
	    void *arg, enum pd_ask_end end, const struct pd_ask_result *result);
	void *arg;
};

static void
free_ask(struct pd_ask *a)
{
	close(a->room);
	free(a);
}

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

static enum pd_ask_end
judge(struct pd_ask *a, const struct pd_job_answer *answer, const int *fds,
    struct pd_ask_result *result)
{
	bool sent_fds = fds[0] >= 0 || fds[1] >= 0;

	for (size_t i = 0; i < PD_IPC_FDS; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	if (sent_fds || !pd_job_answer_ok(&a->ask, answer)) {
		pd_log_peer(PD_LOG_WARN, a->id,
		    "ask: the codec's answer makes no sense");
		return PD_ASK_FAILED;
	}
	pd_log(PD_LOG_DEBUG, a->id, "ask: %s, %u of %u bytes, %u us",
	    pd_job_status_name(answer->status), answer->out_len, a->ask.in_len,
	    answer->cpu_us);
	switch (answer->status) {
	case PD_JOB_DONE:
		break;
	case PD_JOB_LATE:
	case PD_JOB_MEMORY:
		return PD_ASK_FAILED;
	default:
		return PD_ASK_NOTHING;
	}
	result->p = take_result(a, answer);
	if (result->p == NULL) {
		pd_log_peer(PD_LOG_WARN, a->id,
		    "ask: the codec's result is not what it said");
		return PD_ASK_FAILED;
	}
	result->n = answer->out_len;
	result->format = (enum pd_image_format)answer->format;
	result->width = answer->width;
	result->height = answer->height;
	result->cpu_us = answer->cpu_us;
	return PD_ASK_SMALLER;
}

static void
on_done(
    void *arg, enum pd_helper_result how, const void *answer, const int *fds)
{
	struct pd_ask *a = arg;
	void (*done)(void *, enum pd_ask_end, const struct pd_ask_result *);
	struct pd_ask_result result = { .p = NULL };
	enum pd_ask_end end = PD_ASK_FAILED;
	void *done_arg;

	a->job = NULL;
	if (how == PD_HELPER_DONE)
		end = judge(a, answer, fds, &result);
	else if (how == PD_HELPER_BUSY)
		end = PD_ASK_BUSY;
	done = a->done;
	done_arg = a->arg;
	free_ask(a);
	done(done_arg, end, end == PD_ASK_SMALLER ? &result : NULL);
}

struct pd_ask *
pd_ask_start(const struct pd_ask_params *params,
    void (*done)(
	void *arg, enum pd_ask_end end, const struct pd_ask_result *result),
    void *arg)
{
	const struct pd_plan *plan = params->plan;
	struct pd_ask *a = pd_xalloc(sizeof(*a));
	int fds[PD_JOB_FDS], saved;

	a->room = pd_ipc_memory("pared-result", plan->out_max);
	if (a->room < 0)
		goto fail;
	fds[PD_JOB_FD_IN] = params->fd;
	fds[PD_JOB_FD_OUT] = fcntl(a->room, F_DUPFD_CLOEXEC, 0);
	if (fds[PD_JOB_FD_OUT] < 0)
		goto close_room;
	a->id = params->id;
	a->done = done;
	a->arg = arg;
	a->ask = (struct pd_job_ask){
		.magic = PD_JOB_ASK,
		.in_len = (uint32_t)params->len,
		.out_max = plan->out_max,
		.lossy_max = plan->lossy_max,
		.width = params->info->width,
		.height = params->info->height,
		.source = (uint8_t)params->info->format,
		.outputs = plan->outputs,
		.flags = plan->flags,
		.orientation = params->info->orientation,
		.quality_jpeg = plan->quality_jpeg,
		.quality_webp = plan->quality_webp,
		.until_ms = pd_job_now_ms() + params->timeout_ms -
			    params->timeout_ms / MARGIN,
	};
	a->job = pd_helper_submit(params->pool, &a->ask, fds, PD_JOB_FDS,
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
	free_ask(a);
}

struct pd_helper_pool *
pd_ask_pool_create(struct event_base *base, struct pd_stats *stats,
    const char *path, unsigned processes, unsigned queue_max, size_t memory_max)
{
	char memory[24];
	const char *argv[] = { "pared-codec", memory, NULL };
	const struct pd_helper_params params = {
		.base = base,
		.stats = stats,
		.path = path,
		.argv = argv,
		.processes = processes,
		.queue_max = queue_max,
		.ask_len = sizeof(struct pd_job_ask),
		.answer_len = sizeof(struct pd_job_answer),
	};

	snprintf(memory, sizeof(memory), "%zu", memory_max);
	return pd_helper_pool_create(&params);
}
